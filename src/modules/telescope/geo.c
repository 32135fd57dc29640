/* Where sources are: from databases in MaxMind's format and from lists of our own. Asked once for each source, when a
 * report is made, so that packets do not wait for it. */
#include <stdlib.h>

#include "base/str.h"
#include "modules/telescope/report.h"

#define COUNTRIES     (26u * 26 + 1) /* the last: not known */
#define NETWORKS      (1u << 17)     /* places of the table; a quarter stays empty */
#define NETWORKS_MOST (NETWORKS / 4 * 3)
#define NAME_MOST     256u

/* ---------------------------------------------------------------- all sources */

bool telescope_places_begin(struct report_places *ps, struct hn_arena *a)
{
    ps->countries = hn_arena_alloc(a, COUNTRIES * sizeof(*ps->countries));
    ps->networks = hn_arena_alloc(a, NETWORKS * sizeof(*ps->networks));
    return ps->countries && ps->networks;
}

static void add_to(struct report_place *to, const struct hn_place *where, uint64_t packets)
{
    if (!to->sources)
        to->where = *where;
    to->sources++;
    to->packets += packets;
}

void telescope_places_add(struct report_places *ps, const struct hn_geo *geo, const struct hn_ip *ip, uint64_t packets)
{
    struct hn_place p;
    ps->damaged += !hn_place_of(geo, ip, &p);
    unsigned country =
        p.country[0] ? (unsigned)(p.country[0] - 'A') * 26 + (unsigned)(p.country[1] - 'A') : COUNTRIES - 1;
    add_to(&ps->countries[country], &p, packets);
    uint32_t i = telescope_mix(p.asn) % NETWORKS;
    while (ps->networks[i].sources && ps->networks[i].where.asn != p.asn)
        i = i + 1 == NETWORKS ? 0 : i + 1;
    if (!ps->networks[i].sources && ps->n_networks == NETWORKS_MOST) {
        ps->not_listed++;
        return;
    }
    ps->n_networks += !ps->networks[i].sources;
    add_to(&ps->networks[i], &p, packets);
}

static int by_sources(const void *x, const void *y)
{
    const struct report_place *a = x, *b = y;
    if (a->sources != b->sources)
        return a->sources > b->sources ? -1 : 1;
    if (a->packets != b->packets)
        return a->packets > b->packets ? -1 : 1;
    int c = memcmp(a->where.country, b->where.country, sizeof a->where.country);
    return c ? c : (a->where.asn > b->where.asn) - (a->where.asn < b->where.asn);
}

static size_t ranked(struct report_place *list, size_t n)
{
    size_t used = 0;
    for (size_t i = 0; i < n; i++)
        if (list[i].sources)
            list[used++] = list[i];
    qsort(list, used, sizeof(*list), by_sources);
    return used;
}

void telescope_places_end(struct report_places *ps, struct hn_arena *a)
{
    ps->n_countries = ranked(ps->countries, COUNTRIES);
    ps->n_networks = ranked(ps->networks, NETWORKS);
    for (size_t i = REPORT_NETWORKS; i < ps->n_networks; i++)
        ps->not_listed += ps->networks[i].sources;
    ps->n_networks = ps->n_networks < REPORT_NETWORKS ? ps->n_networks : REPORT_NETWORKS;
    for (size_t i = 0; i < ps->n_networks; i++)
        ps->networks[i].organisation =
            hn_str_trim(hn_str_from_hostile(a, ps->networks[i].where.organisation, NAME_MOST));
}
