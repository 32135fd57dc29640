#include "format/prefixes.h"

#include <stdlib.h>

#include "base/str.h"
#include "format/packet/packet.h"

#define PREFIXES_MOST 1000000u

bool hn_prefixes_add(struct hn_prefixes *ps, struct hn_arena *a, struct hn_str prefix, struct hn_str name,
                     struct hn_str text)
{
    struct hn_prefix p = {.name = name, .text = text, .parent = -1};
    if (!hn_ip_parse_prefix(hn_str_trim(prefix), &p.ip, &p.bits) || ps->n >= PREFIXES_MOST)
        return false;
    if ((ps->n & (ps->n - 1)) == 0) { /* full at every power of two */
        struct hn_prefix *list = hn_arena_alloc(a, (ps->n ? ps->n * 2 : 1) * sizeof(*list));
        if (!list)
            return false;
        if (ps->n)
            memcpy(list, ps->list, ps->n * sizeof(*list));
        ps->list = list;
    }
    ps->list[ps->n++] = p;
    return true;
}

static size_t separator(struct hn_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '\t' || s.p[i] == ',')
            return i;
    return s.n;
}

void hn_prefixes_parse(struct hn_prefixes *ps, struct hn_arena *a, struct hn_bytes text,
                       void (*bad)(void *arg, unsigned line, const char *why), void *arg)
{
    struct hn_bytes line;
    for (unsigned n = 1; hn_bytes_line(&text, &line); n++) {
        struct hn_str s = hn_str_trim(hn_str_from_hostile(a, line, 1024));
        if (!s.n || s.p[0] == '#')
            continue;
        size_t one = separator(s);
        struct hn_str prefix = hn_str_cut(s, 0, one), name = hn_str_cut(s, one < s.n ? one + 1 : s.n, s.n);
        size_t two = separator(name);
        struct hn_str rest = hn_str_trim(hn_str_cut(name, two < name.n ? two + 1 : name.n, name.n));
        name = hn_str_trim(hn_str_cut(name, 0, two));
        if (hn_prefixes_add(ps, a, prefix, name.n ? name : prefix, rest))
            ps->list[ps->n - 1].line = n;
        else
            bad(arg, n, a->failed ? "out of memory" : "is not a prefix");
    }
}

/* ---------------------------------------------------------------- search */

static int compare(const void *x, const void *y)
{
    const struct hn_prefix *a = x, *b = y;
    if (a->ip.family != b->ip.family)
        return a->ip.family < b->ip.family ? -1 : 1;
    int c = memcmp(a->ip.b, b->ip.b, 16);
    return c ? c : (a->bits > b->bits) - (a->bits < b->bits);
}

/* Host bits are cleared, so that neighbours in the order nest. */
static void clear_host(struct hn_prefix *p)
{
    unsigned most = p->ip.family == 4 ? 32 : 128;
    for (unsigned i = 0; i < most; i++)
        if (i >= p->bits)
            p->ip.b[i / 8] &= (uint8_t) ~(0x80u >> i % 8);
}

void hn_prefixes_sort(struct hn_prefixes *ps, struct hn_arena *a)
{
    ps->n4 = 0;
    for (size_t i = 0; i < ps->n; i++) {
        clear_host(&ps->list[i]);
        ps->n4 += ps->list[i].ip.family == 4;
    }
    if (ps->n)
        qsort(ps->list, ps->n, sizeof(*ps->list), compare);
    ps->first4 = hn_arena_alloc(a, (ps->n4 ? ps->n4 : 1) * sizeof(*ps->first4));
    for (size_t i = 0; i < ps->n; i++) {
        struct hn_prefix *p = &ps->list[i];
        int up = (int)i - 1;
        while (up >= 0 && !(ps->list[up].ip.family == p->ip.family && ps->list[up].bits <= p->bits &&
                            hn_ip_in(&p->ip, &ps->list[up].ip, ps->list[up].bits)))
            up = ps->list[up].parent;
        p->parent = up;
        if (i < ps->n4 && ps->first4)
            ps->first4[i] = hn_ip_v4(&p->ip);
    }
    if (!ps->first4)
        ps->n = ps->n4 = 0;
}

int hn_prefixes_find4(const struct hn_prefixes *ps, uint32_t addr)
{
    size_t low = 0, high = ps->n4;
    while (low < high) { /* first that begins beyond the address */
        size_t mid = low + (high - low) / 2;
        if (ps->first4[mid] <= addr)
            low = mid + 1;
        else
            high = mid;
    }
    for (int i = (int)low - 1; i >= 0; i = ps->list[i].parent) {
        unsigned bits = ps->list[i].bits;
        if (bits == 0 || (addr ^ ps->first4[i]) >> (32 - bits) == 0)
            return i;
    }
    return -1;
}

const struct hn_prefix *hn_prefixes_find(const struct hn_prefixes *ps, const struct hn_ip *ip)
{
    if (ip->family == 4) {
        int i = hn_prefixes_find4(ps, hn_ip_v4(ip));
        return i < 0 ? NULL : &ps->list[i];
    }
    size_t low = ps->n4, high = ps->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (memcmp(ps->list[mid].ip.b, ip->b, 16) <= 0)
            low = mid + 1;
        else
            high = mid;
    }
    for (int i = (int)low - 1; i >= (int)ps->n4; i = ps->list[i].parent)
        if (hn_ip_in(ip, &ps->list[i].ip, ps->list[i].bits))
            return &ps->list[i];
    return NULL;
}
