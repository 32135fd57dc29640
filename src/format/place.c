#include "format/place.h"

#include "base/str.h"

/* Lists are written by hand: "jp", "as64500". 0: no letter. */
static char capital(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (char)c : c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : 0;
}

static void set_country(struct hn_place *p, struct hn_bytes code)
{
    if (p->country[0] || code.n != 2 || !capital(code.p[0]) || !capital(code.p[1]))
        return;
    p->country[0] = capital(code.p[0]);
    p->country[1] = capital(code.p[1]);
}

/* "AS64500 Example Net"; the name may be missing. */
static void set_network(struct hn_place *p, struct hn_bytes text)
{
    uint64_t asn = 0;
    size_t i = 2;
    if (p->asn || text.n < 3 || capital(text.p[0]) != 'A' || capital(text.p[1]) != 'S')
        return;
    for (; i < text.n && text.p[i] >= '0' && text.p[i] <= '9' && asn <= UINT32_MAX; i++)
        asn = asn * 10 + (text.p[i] - (unsigned)'0');
    if (asn == 0 || asn > UINT32_MAX)
        return;
    p->asn = (uint32_t)asn;
    p->organisation = hn_bytes_of(text.p + i, text.n - i);
}

static const char *const countries[][2] = {{"country", "iso_code"}, {"registered_country", "iso_code"}};

static void ask(const struct hn_mmdb *db, uint32_t at, struct hn_place *p)
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

bool hn_place_of(const struct hn_geo *geo, const struct hn_ip *ip, struct hn_place *ret)
{
    bool whole = true;
    *ret = (struct hn_place){0};
    const struct hn_prefix *own = hn_prefixes_find(&geo->lists, ip);
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

/* What stands in a column and cannot be meant: NULL, or why. Without a country its name is the prefix itself. */
static const char *wrong_place(const struct hn_prefix *p)
{
    struct hn_place place = {0};
    struct hn_ip ip;
    unsigned bits;
    set_country(&place, hn_str_bytes(p->name));
    set_network(&place, hn_str_bytes(p->text));
    if (!place.country[0] && !hn_str_eqc(p->name, "-") && !hn_ip_parse_prefix(p->name, &ip, &bits))
        return "the country is not two letters";
    return p->text.n && !place.asn && !hn_str_eqc(p->text, "-") ? "the network is not AS and a number" : NULL;
}

const char *hn_geo_add(struct hn_geo *geo, struct hn_arena *a, struct hn_bytes file,
                       void (*bad)(void *arg, unsigned line, const char *why), void *arg)
{
    if (hn_mmdb_is(file))
        return geo->n_db == HN_GEO_MOST ? "too many databases" : hn_mmdb_open(&geo->db[geo->n_db++], file);
    size_t before = geo->lists.n;
    hn_prefixes_parse(&geo->lists, a, hn_arena_bytes(a, file), bad, arg);
    for (size_t i = before; i < geo->lists.n; i++) {
        const char *why = wrong_place(&geo->lists.list[i]);
        if (why)
            bad(arg, geo->lists.list[i].line, why);
    }
    return geo->lists.n ? NULL : "neither a MaxMind database nor a list of prefixes";
}
