/* Where sources are: from databases in MaxMind's format and from lists of our own. Asked once for each source, when a
 * report is made, so that packets do not wait for it. */
#include <stdlib.h>

#include "base/str.h"
#include "modules/telescope/report.h"

#define COUNTRIES     (26u * 26 + 1) /* the last: not known */
#define NETWORKS      (1u << 17)     /* places of the table; a quarter stays empty */
#define NETWORKS_MOST (NETWORKS / 4 * 3)
#define NAME_MOST     256u

/* ---------------------------------------------------------------- one address */

static bool letter(uint8_t c)
{
    return c >= 'A' && c <= 'Z';
}

static void set_country(struct telescope_place *p, struct hn_bytes code)
{
    if (p->country[0] || code.n != 2 || !letter(code.p[0]) || !letter(code.p[1]))
        return;
    p->country[0] = (char)code.p[0];
    p->country[1] = (char)code.p[1];
}

/* "AS64500 Example Net"; the name may be missing. */
static void set_network(struct telescope_place *p, struct hn_bytes text)
{
    uint64_t asn = 0;
    size_t i = 2;
    if (p->asn || text.n < 3 || text.p[0] != 'A' || text.p[1] != 'S')
        return;
    for (; i < text.n && text.p[i] >= '0' && text.p[i] <= '9' && asn <= UINT32_MAX; i++)
        asn = asn * 10 + (text.p[i] - (unsigned)'0');
    if (asn == 0 || asn > UINT32_MAX)
        return;
    p->asn = (uint32_t)asn;
    p->organisation = hn_bytes_of(text.p + i, text.n - i);
}

static const char *const countries[][2] = {{"country", "iso_code"}, {"registered_country", "iso_code"}};

static void ask(const struct hn_mmdb *db, uint32_t at, struct telescope_place *p)
{
    struct hn_bytes text;
    uint64_t asn = 0;
    for (unsigned i = 0; i < 2 && !p->country[0]; i++)
        if (hn_mmdb_text(db, at, countries[i], 2, &text))
            set_country(p, text);
    if (!p->country[0] && (hn_mmdb_text(db, at, (const char *const[]){"country_code"}, 1, &text) ||
                           hn_mmdb_text(db, at, (const char *const[]){"country"}, 1, &text)))
        set_country(p, text);
    if (p->asn)
        return;
    if (hn_mmdb_number(db, at, (const char *const[]){"autonomous_system_number"}, 1, &asn) && asn <= UINT32_MAX) {
        p->asn = (uint32_t)asn;
        if (hn_mmdb_text(db, at, (const char *const[]){"autonomous_system_organization"}, 1, &text))
            p->organisation = text;
    } else if (hn_mmdb_text(db, at, (const char *const[]){"asn"}, 1, &text)) {
        set_network(p, text);
        if (p->asn && hn_mmdb_text(db, at, (const char *const[]){"as_name"}, 1, &text))
            p->organisation = text;
    }
}

bool telescope_place_of(const struct telescope_geo *geo, const struct hn_ip *ip, struct telescope_place *ret)
{
    bool whole = true;
    *ret = (struct telescope_place){0};
    const struct telescope_prefix *own = telescope_prefixes_find(&geo->lists, ip);
    if (own) {
        set_country(ret, hn_str_bytes(own->name));
        set_network(ret, hn_str_bytes(own->text));
    }
    for (unsigned i = 0; i < geo->n_db && !(ret->country[0] && ret->asn); i++) {
        uint32_t at = hn_mmdb_find(&geo->db[i], ip);
        whole &= at != HN_MMDB_BAD;
        if (at != HN_MMDB_NONE && at != HN_MMDB_BAD)
            ask(&geo->db[i], at, ret);
    }
    return whole;
}

/* ---------------------------------------------------------------- all sources */

bool telescope_places_begin(struct report_places *ps, struct hn_arena *a)
{
    ps->countries = hn_arena_alloc(a, COUNTRIES * sizeof(*ps->countries));
    ps->networks = hn_arena_alloc(a, NETWORKS * sizeof(*ps->networks));
    return ps->countries && ps->networks;
}

static void add_to(struct report_place *to, const struct telescope_place *where, uint64_t packets)
{
    if (!to->sources)
        to->where = *where;
    to->sources++;
    to->packets += packets;
}

void telescope_places_add(struct report_places *ps, const struct telescope_geo *geo, const struct hn_ip *ip,
                          uint64_t packets)
{
    struct telescope_place p;
    ps->damaged += !telescope_place_of(geo, ip, &p);
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
