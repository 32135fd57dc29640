/* Numbers of exporters: which one has which, kept apart from what is known of them, so that whoever writes flows of a
 * store (collector, import) says the same number for the same exporter, and an address can be asked for.
 *
 *   a line each: number, version, domain, address, separated by blanks; "1 9 256 192.0.2.1" */
#include "base/mem.h"
#include "base/str.h"
#include "format/flow/export_in.h"

#define KEY_BYTES EXPORT_KEY_BYTES

void export_key(uint8_t key[KEY_BYTES], const struct hn_ip *from, uint32_t domain, uint8_t version)
{
    key[0] = from->family;
    memcpy(key + 1, from->b, 16);
    key[17] = version;
    memcpy(key + 18, &domain, sizeof domain);
}

const struct hn_export_number *hn_export_numbers(const struct hn_export *x, size_t *ret_n)
{
    *ret_n = x->n_numbers;
    return x->numbers;
}

static bool put(struct hn_export *x, const struct hn_export_number *e)
{
    if (x->n_numbers == HN_EXPORTERS_MAX)
        return false;
    if (x->n_numbers == x->cap_numbers) {
        size_t cap = x->cap_numbers ? 2 * x->cap_numbers : 16;
        struct hn_export_number *more = hn_realloc(x->numbers, cap * sizeof *more);
        if (!more)
            return false;
        x->numbers = more;
        x->cap_numbers = cap;
    }
    uint8_t *key = hn_alloc(KEY_BYTES);
    if (key)
        export_key(key, &e->address, e->domain, e->version);
    if (!key || !hn_ok(hn_map_set(&x->by_number, hn_bytes_of(key, KEY_BYTES), (void *)(uintptr_t)e->number))) {
        hn_free(key);
        return false;
    }
    x->numbers[x->n_numbers++] = *e;
    x->highest = e->number > x->highest ? e->number : x->highest;
    return true;
}

uint32_t export_number(struct hn_export *x, const struct hn_ip *from, uint32_t domain, uint8_t version)
{
    uint8_t key[KEY_BYTES];
    export_key(key, from, domain, version);
    uint32_t number = (uint32_t)(uintptr_t)hn_map_find(&x->by_number, hn_bytes_of(key, KEY_BYTES));
    if (number || x->highest == UINT32_MAX)
        return number;
    struct hn_export_number e = {*from, domain, version, x->highest + 1};
    return put(x, &e) ? e.number : 0;
}

void export_numbers_free(struct hn_export *x)
{
    size_t i = 0;
    struct hn_bytes key;
    void *value;
    while (hn_map_next(&x->by_number, &i, &key, &value))
        hn_free((void *)(uintptr_t)key.p);
    hn_map_done(&x->by_number);
    hn_free(x->numbers);
}

void hn_export_numbers_save(const struct hn_export *x, struct hn_buf *out)
{
    char text[HN_IP_TEXT];
    for (size_t i = 0; i < x->n_numbers; i++) {
        const struct hn_export_number *e = &x->numbers[i];
        hn_buf_fmt(out, "%u %u %u %s\n", e->number, e->version, e->domain, hn_ip_text(&e->address, text));
    }
}

static bool field(struct hn_str *line, uint64_t most, uint64_t *ret)
{
    struct hn_str word;
    return hn_str_split(line, ' ', &word) && hn_str_u64(word, 10, ret) && *ret <= most;
}

static bool load_line(struct hn_export *x, struct hn_str line)
{
    uint64_t number, version, domain;
    struct hn_export_number e = {0};
    uint8_t key[KEY_BYTES];
    if (!field(&line, UINT32_MAX - 1, &number) || !field(&line, UINT8_MAX, &version) ||
        !field(&line, UINT32_MAX, &domain) || !hn_ip_parse(line, &e.address) || !number)
        return false;
    e.number = (uint32_t)number;
    e.version = (uint8_t)version;
    e.domain = (uint32_t)domain;
    export_key(key, &e.address, e.domain, e.version);
    return !hn_map_has(&x->by_number, hn_bytes_of(key, KEY_BYTES)) && put(x, &e);
}

bool hn_export_numbers_load(struct hn_export *x, struct hn_str text)
{
    struct hn_str line;
    bool ok = true;
    while (text.n && hn_str_split(&text, '\n', &line))
        ok = load_line(x, line) && ok; /* what can be understood is not given to another one */
    return ok;
}
