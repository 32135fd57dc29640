#include "format/rpm_header.h"

#define ENTRY       16u
#define ENTRIES_MAX 65535u
#define COUNT_MAX   (1u << 24)

enum { TYPE_INT32 = 4, TYPE_STRING = 6, TYPE_STRINGS = 8, TYPE_I18N = 9 };

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

bool hn_rpm_header_read(struct hn_bytes blob, struct hn_rpm_header *ret)
{
    struct hn_cur c;
    hn_cur_init(&c, blob, 1);
    uint32_t entries = hn_cur_be32(&c), data = hn_cur_be32(&c);
    if (hn_cur_bad(&c) || entries > ENTRIES_MAX)
        return false;
    ret->entries = hn_cur_take(&c, (size_t)entries * ENTRY);
    ret->data = hn_cur_take(&c, data);
    return !hn_cur_bad(&c);
}

/* From the entry's data to the end of all data; the types say where it really ends. */
static bool find(const struct hn_rpm_header *h, enum hn_rpm_tag tag, uint32_t *ret_type, struct hn_rpm_list *ret)
{
    for (size_t i = 0; i + ENTRY <= h->entries.n; i += ENTRY) {
        const uint8_t *e = h->entries.p + i;
        uint32_t offset = be32(e + 8), count = be32(e + 12);
        if (be32(e) != (uint32_t)tag || offset > h->data.n || count > COUNT_MAX)
            continue;
        *ret_type = be32(e + 4);
        *ret = (struct hn_rpm_list){{h->data.p + offset, h->data.n - offset}, count};
        return true;
    }
    return false;
}

bool hn_rpm_next_string(struct hn_rpm_list *l, struct hn_bytes *ret)
{
    const uint8_t *nul = l->left && l->rest.n ? memchr(l->rest.p, 0, l->rest.n) : NULL;
    if (!nul)
        return false;
    size_t n = (size_t)(nul - l->rest.p);
    *ret = hn_bytes_of(l->rest.p, n);
    l->rest = hn_bytes_of(nul + 1, l->rest.n - n - 1);
    l->left--;
    return true;
}

bool hn_rpm_next_number(struct hn_rpm_list *l, uint32_t *ret)
{
    if (!l->left || l->rest.n < 4)
        return false;
    *ret = be32(l->rest.p);
    l->rest = hn_bytes_of(l->rest.p + 4, l->rest.n - 4);
    l->left--;
    return true;
}

struct hn_rpm_list hn_rpm_strings(const struct hn_rpm_header *h, enum hn_rpm_tag tag)
{
    struct hn_rpm_list l;
    uint32_t type;
    bool fits = find(h, tag, &type, &l) && (type == TYPE_STRING || type == TYPE_STRINGS || type == TYPE_I18N);
    return fits ? l : (struct hn_rpm_list){0};
}

struct hn_rpm_list hn_rpm_numbers(const struct hn_rpm_header *h, enum hn_rpm_tag tag)
{
    struct hn_rpm_list l;
    uint32_t type;
    return find(h, tag, &type, &l) && type == TYPE_INT32 ? l : (struct hn_rpm_list){0};
}

struct hn_bytes hn_rpm_string(const struct hn_rpm_header *h, enum hn_rpm_tag tag)
{
    struct hn_rpm_list l = hn_rpm_strings(h, tag);
    struct hn_bytes b = {0};
    hn_rpm_next_string(&l, &b);
    return b;
}

bool hn_rpm_number(const struct hn_rpm_header *h, enum hn_rpm_tag tag, uint32_t *ret)
{
    struct hn_rpm_list l = hn_rpm_numbers(h, tag);
    return hn_rpm_next_number(&l, ret);
}
