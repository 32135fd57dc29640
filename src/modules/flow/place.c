/* Countries and networks of the addresses of flows, as columns like those that are stored: the network as the exporter
 * told it, else by the databases and lists of --geo, which are asked once for an address as long as it is remembered.
 */
#include "base/mem.h"
#include "base/str.h"
#include "modules/flow/query_in.h"

#define REMEMBERED ((size_t)1 << 18) /* addresses of a thread: 6 MiB */

struct known {
    uint8_t address[16];
    uint32_t network;
    char country[2];
    uint8_t family; /* 0: free */
};

struct flow_places {
    struct hn_geo geo;
    struct known *known[QUERY_THREADS];
    uint64_t damaged[QUERY_THREADS];
};

int flow_places_open(struct hn_work *w, struct flow_places **ret)
{
    size_t n;
    struct flow_places *p = HN_NEW(hn_work_arena(w), struct flow_places);
    *ret = p;
    if (!p)
        return hn_work_fail(w, "flow.memory", NULL);
    int code = hn_work_geo(w, "flow.geo", "flow.geo-line", &p->geo, &n);
    if (code)
        return code;
    if (!n && hn_work_given(w, "geo")) /* what could not be opened has been said */
        return hn_work_fail(w, "flow.needs-geo", NULL);
    for (size_t i = 0; i < QUERY_THREADS; i++)
        if (!(p->known[i] = hn_alloc_zero(REMEMBERED * sizeof *p->known[i])))
            return hn_work_fail(w, "flow.memory", NULL);
    return -1;
}

void flow_places_close(struct hn_work *w, struct flow_places *p)
{
    uint64_t damaged = 0;
    for (size_t i = 0; i < QUERY_THREADS; i++) {
        damaged += p->damaged[i];
        hn_free(p->known[i]);
    }
    if (damaged)
        hn_work_warn(w, "flow.geo-damaged", NULL);
}

/* The one place for an address: whoever comes to it later takes it. */
static struct known *place_for(struct known *list, const uint8_t *address, unsigned width)
{
    uint64_t a = 0, b = 0;
    memcpy(&a, address, width < 8 ? width : 8);
    if (width > 8)
        memcpy(&b, address + 8, 8);
    uint64_t mixed = (a ^ (b * UINT64_C(0x9e3779b97f4a7c15))) * UINT64_C(0xff51afd7ed558ccd);
    return &list[mixed >> 46];
}

static const struct known *ask(struct flow_places *p, unsigned thread, const uint8_t *address, unsigned width)
{
    struct known *k = place_for(p->known[thread], address, width);
    unsigned family = width == 4 ? 4 : 6;
    if (k->family == family && memcmp(k->address, address, width) == 0)
        return k;
    struct hn_ip ip = {.family = (uint8_t)family};
    struct hn_place where;
    memcpy(ip.b, address, width);
    p->damaged[thread] += !hn_place_of(&p->geo, &ip, &where);
    *k = (struct known){.network = where.asn, .family = (uint8_t)family};
    memcpy(k->address, address, width);
    memcpy(k->country, where.country, sizeof k->country);
    return k;
}

void flow_places_fill(struct flow_places *p, const struct query_worker *k, const struct hn_segment_block *b,
                      enum flow_place what, bool dst, uint32_t *values)
{
    enum hn_segment_column address = dst ? HN_SEGMENT_DST : HN_SEGMENT_SRC,
                           as = dst ? HN_SEGMENT_DST_AS : HN_SEGMENT_SRC_AS;
    unsigned w = b->width[address];
    for (uint32_t i = 0; i < b->n; i++) {
        values[i] = what == FLOW_NETWORK ? (uint32_t)query_get(k, b, as, i) : 0;
        if (!k->keep[i] || values[i])
            continue;
        const struct known *at = ask(p, k->index, (const uint8_t *)k->columns[address] + (size_t)i * w, w);
        if (what == FLOW_NETWORK)
            values[i] = at->network;
        else
            memcpy(&values[i], at->country, sizeof at->country);
    }
}
