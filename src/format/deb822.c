#include "format/deb822.h"

#include <strings.h>

bool hn_deb822_init(struct hn_deb822 *d, struct hn_arena *a, size_t cap,
                    void (*each)(void *, struct hn_bytes, uint64_t), void (*bad)(void *, uint64_t, const char *),
                    void *arg)
{
    *d = (struct hn_deb822){.cap = cap, .each = each, .bad = bad, .arg = arg};
    d->carry = hn_arena_alloc(a, cap);
    return d->carry != NULL;
}

void hn_deb822_restart(struct hn_deb822 *d, void *arg)
{
    d->n = 0;
    d->offset = 0;
    d->begin = 0;
    d->skipping = false;
    d->after_newline = false;
    d->arg = arg;
}

/* Offset just behind the first "\n\n" in b, or 0. */
static size_t paragraph_end(struct hn_bytes b)
{
    size_t off = 0;
    while (off < b.n) {
        const uint8_t *nl = memchr(b.p + off, '\n', b.n - off);
        if (!nl)
            return 0;
        off = (size_t)(nl - b.p) + 1;
        if (off < b.n && b.p[off] == '\n')
            return off + 1;
    }
    return 0;
}

static void carry_add(struct hn_deb822 *d, struct hn_bytes b, uint64_t at)
{
    if (d->skipping || !b.n)
        return;
    if (!d->n)
        d->begin = at;
    if (b.n > d->cap - d->n) {
        d->bad(d->arg, d->begin, "paragraph too long");
        d->skipping = true;
        d->n = 0;
        return;
    }
    memcpy(d->carry + d->n, b.p, b.n);
    d->n += b.n;
}

static void carry_emit(struct hn_deb822 *d)
{
    if (d->n && !d->skipping)
        d->each(d->arg, hn_bytes_of(d->carry, d->n), d->begin);
    d->n = 0;
    d->skipping = false;
}

/* Ends the paragraph carried over, if its end is in b. Gives how many bytes of b were used. */
static size_t finish_carry(struct hn_deb822 *d, struct hn_bytes b)
{
    size_t end = d->after_newline && b.p[0] == '\n' ? 1 : paragraph_end(b);
    carry_add(d, hn_bytes_of(b.p, end ? end : b.n), d->offset);
    if (end)
        carry_emit(d);
    return end ? end : b.n;
}

void hn_deb822_feed(struct hn_deb822 *d, struct hn_bytes b)
{
    size_t off = 0;
    if (!b.n)
        return;
    if (d->n || d->skipping)
        off = finish_carry(d, b);
    while (off < b.n) {
        if (b.p[off] == '\n') { /* further empty lines */
            off++;
            continue;
        }
        size_t end = paragraph_end(hn_bytes_of(b.p + off, b.n - off));
        if (!end) {
            carry_add(d, hn_bytes_of(b.p + off, b.n - off), d->offset + off);
            break;
        }
        if (end > d->cap)
            d->bad(d->arg, d->offset + off, "paragraph too long");
        else
            d->each(d->arg, hn_bytes_of(b.p + off, end), d->offset + off);
        off += end;
    }
    d->offset += b.n;
    d->after_newline = b.p[b.n - 1] == '\n';
}

void hn_deb822_end(struct hn_deb822 *d)
{
    carry_emit(d);
}

static bool blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct hn_bytes trim(struct hn_bytes b)
{
    while (b.n && blank(b.p[0])) {
        b.p++;
        b.n--;
    }
    while (b.n && blank(b.p[b.n - 1]))
        b.n--;
    return b;
}

/* Length of the line at b with its \n. */
static size_t line_len(struct hn_bytes b)
{
    const uint8_t *nl = memchr(b.p, '\n', b.n);
    return nl ? (size_t)(nl - b.p) + 1 : b.n;
}

bool hn_deb822_field(struct hn_bytes *rest, struct hn_bytes *name, struct hn_bytes *value, const char **bad)
{
    while (rest->n) {
        struct hn_bytes line = {rest->p, line_len(*rest)};
        rest->p += line.n;
        rest->n -= line.n;
        if (line.p[0] == '\n' || line.p[0] == '#')
            continue;
        const uint8_t *colon = memchr(line.p, ':', line.n);
        if (!colon || colon == line.p || line.p[0] == ' ' || line.p[0] == '\t') {
            *bad = "line is no field";
            continue;
        }
        *name = trim(hn_bytes_of(line.p, (size_t)(colon - line.p)));
        const uint8_t *from = colon + 1;
        while (rest->n && (rest->p[0] == ' ' || rest->p[0] == '\t')) {
            size_t n = line_len(*rest);
            rest->p += n;
            rest->n -= n;
        }
        *value = trim(hn_bytes_of(from, (size_t)(rest->p - from)));
        return true;
    }
    return false;
}

bool hn_deb822_is(struct hn_bytes name, const char *want)
{
    return strlen(want) == name.n && strncasecmp((const char *)name.p, want, name.n) == 0;
}

void hn_deb822_source(struct hn_bytes value, struct hn_bytes *name, struct hn_bytes *version)
{
    const uint8_t *open = memchr(value.p ? value.p : (const uint8_t *)"", '(', value.n);
    *version = (struct hn_bytes){0};
    if (!open) {
        *name = trim(value);
        return;
    }
    *name = trim(hn_bytes_of(value.p, (size_t)(open - value.p)));
    struct hn_bytes v = {open + 1, value.n - (size_t)(open + 1 - value.p)};
    const uint8_t *close = memchr(v.p, ')', v.n);
    if (close)
        v.n = (size_t)(close - v.p);
    *version = trim(v);
}
