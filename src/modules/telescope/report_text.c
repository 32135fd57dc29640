/* The report for people: the sentence first, then short tables. */
#include <stdio.h>

#include "base/str.h"
#include "core/text.h"
#include "modules/telescope/report.h"

static struct hn_str number(struct hn_arena *a, uint64_t v)
{
    return hn_arena_fmt(a, "%llu", (unsigned long long)v);
}

static struct hn_str clock_text(struct hn_arena *a, uint32_t seconds)
{
    char text[HN_TIME_TEXT];
    return hn_arena_str(a, hn_str_c(seconds ? hn_time_text((hn_time)seconds * HN_SECOND, text) : "-"));
}

static struct hn_str ip_text(struct hn_arena *a, const struct hn_ip *ip)
{
    char text[HN_IP_TEXT];
    return hn_arena_str(a, hn_str_c(ip->family ? hn_ip_text(ip, text) : "-"));
}

static struct hn_str word(struct hn_work *w, const char *key)
{
    return hn_str_c(hn_text_find((enum hn_lang)hn_work_lang(w), key));
}

/* rows of n cells, the first of them the header; nothing when only the header is there. */
static void table(struct hn_work *w, const char *title, const struct hn_str *cells, size_t rows, size_t columns)
{
    if (rows < 2)
        return;
    hn_work_print(w, "\n");
    hn_work_say(w, title, NULL);
    hn_work_table(w, cells, rows, columns);
}

static struct hn_str *cells_new(struct hn_arena *a, size_t rows, size_t columns)
{
    return hn_arena_alloc(a, (rows + 1) * columns * sizeof(struct hn_str));
}

static size_t most(size_t n, size_t top)
{
    return top && top < n ? top : n;
}

/* Header cells from the catalogue; those of numbers begin with '>'. */
static void header(struct hn_work *w, struct hn_str *row, const char *const *keys, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool right = keys[i][0] == '>';
        struct hn_str text = word(w, keys[i] + right);
        row[i] = right ? hn_arena_fmt(hn_work_arena(w), ">%.*s", HN_FMT(text)) : text;
    }
}

static struct hn_str port_text(struct hn_arena *a, unsigned proto, unsigned port)
{
    return proto == 6    ? hn_arena_fmt(a, "%u/tcp", port)
           : proto == 17 ? hn_arena_fmt(a, "%u/udp", port)
           : proto == 1  ? hn_arena_fmt(a, "icmp %u", port)
                         : hn_arena_fmt(a, "ip %u", proto);
}

static void ports(const struct telescope_report *r, size_t top, struct hn_work *w)
{
    static const char *const keys[] = {"telescope.column.port", ">telescope.column.packets",
                                       ">telescope.column.sources"};
    struct hn_arena *a = hn_work_arena(w);
    size_t n = most(r->n_ports, top);
    struct hn_str *c = cells_new(a, n + 1, 3);
    if (!c)
        return;
    header(w, c, keys, 3);
    for (size_t i = 0; i < n; i++) {
        unsigned proto;
        uint16_t port;
        telescope_port_of(r->ports[i].index, &proto, &port);
        struct hn_str *row = c + (i + 1) * 3;
        row[0] = port_text(a, proto, port);
        row[1] = number(a, r->ports[i].packets);
        row[2] = r->e->how.ports_only ? HN_STR("-") : number(a, r->ports[i].sources);
    }
    table(w, "telescope.table.ports", c, n + 1, 3);
}

static void tools(const struct telescope_report *r, struct hn_work *w)
{
    static const char *const keys[] = {"telescope.column.fingerprint", ">telescope.column.packets",
                                       ">telescope.column.sources"};
    struct hn_arena *a = hn_work_arena(w);
    struct hn_str *c = cells_new(a, FP_COUNT + 1, 3);
    size_t rows = 1;
    if (!c)
        return;
    header(w, c, keys, 3);
    for (unsigned i = 0; i < FP_COUNT; i++) {
        if (!r->tools[i].packets)
            continue;
        struct hn_str *row = c + rows++ * 3;
        row[0] = hn_str_c(telescope_fp_names[i]);
        row[1] = number(a, r->tools[i].packets);
        row[2] = number(a, r->tools[i].sources);
    }
    table(w, "telescope.table.fingerprints", c, rows, 3);
}

static void campaigns(const struct telescope_report *r, size_t top, struct hn_work *w)
{
    static const char *const keys[] = {"telescope.column.campaign", ">telescope.column.sources",
                                       ">telescope.column.packets", "telescope.column.first", "telescope.column.last"};
    struct hn_arena *a = hn_work_arena(w);
    struct hn_str *c = cells_new(a, r->n_campaigns + 1, 5);
    size_t rows = 1;
    if (!c)
        return;
    header(w, c, keys, 5);
    for (size_t i = 0; i < r->n_campaigns && (!top || rows <= top); i++) {
        const struct report_campaign *g = &r->campaigns[i];
        if (g->joined >= 0)
            continue;
        struct hn_str *row = c + rows++ * 5;
        row[0] = hn_str_c(g->name);
        row[1] = number(a, g->sources);
        row[2] = number(a, g->packets);
        row[3] = clock_text(a, g->first);
        row[4] = clock_text(a, g->last);
    }
    table(w, "telescope.table.campaigns", c, rows, 5);
}

static void countries(const struct telescope_report *r, size_t top, struct hn_work *w)
{
    static const char *const keys[] = {"telescope.column.country", ">telescope.column.sources",
                                       ">telescope.column.packets"};
    struct hn_arena *a = hn_work_arena(w);
    size_t n = most(r->places.n_countries, top);
    struct hn_str *c = cells_new(a, n + 1, 3);
    if (!c)
        return;
    header(w, c, keys, 3);
    for (size_t i = 0; i < n; i++) {
        const struct report_place *p = &r->places.countries[i];
        c[(i + 1) * 3] = p->where.country[0] ? hn_str_c(p->where.country) : word(w, "telescope.unknown");
        c[(i + 1) * 3 + 1] = number(a, p->sources);
        c[(i + 1) * 3 + 2] = number(a, p->packets);
    }
    table(w, "telescope.table.countries", c, n + 1, 3);
}

static void networks(const struct telescope_report *r, size_t top, struct hn_work *w)
{
    static const char *const keys[] = {"telescope.column.network", "telescope.column.organisation",
                                       ">telescope.column.sources", ">telescope.column.packets"};
    struct hn_arena *a = hn_work_arena(w);
    size_t n = most(r->places.n_networks, top);
    struct hn_str *c = cells_new(a, n + 1, 4);
    if (!c)
        return;
    header(w, c, keys, 4);
    for (size_t i = 0; i < n; i++) {
        const struct report_place *p = &r->places.networks[i];
        struct hn_str *row = c + (i + 1) * 4;
        row[0] = p->where.asn ? hn_arena_fmt(a, "AS%u", p->where.asn) : word(w, "telescope.unknown");
        row[1] = p->organisation;
        row[2] = number(a, p->sources);
        row[3] = number(a, p->packets);
    }
    table(w, "telescope.table.networks", c, n + 1, 4);
}

static void victims(const struct report_victim *list, size_t n, const char *title, struct hn_work *w)
{
    static const char *const keys[] = {"telescope.column.victim",   "telescope.column.first",
                                       ">telescope.column.seconds", ">telescope.column.packets",
                                       ">telescope.column.ppm",     ">telescope.column.port"};
    struct hn_arena *a = hn_work_arena(w);
    struct hn_str *c = cells_new(a, n + 1, 6);
    if (!c)
        return;
    header(w, c, keys, 6);
    for (size_t i = 0; i < n; i++) {
        const struct report_victim *v = &list[i];
        struct hn_str *row = c + (i + 1) * 6;
        row[0] = ip_text(a, &v->ip);
        row[1] = clock_text(a, v->a.start);
        row[2] = number(a, v->a.end - v->a.start);
        row[3] = number(a, v->a.packets);
        row[4] = number(a, v->a.ppm);
        row[5] = number(a, v->a.port);
    }
    table(w, title, c, n + 1, 6);
}

static void carpets(const struct telescope_report *r, size_t top, struct hn_work *w)
{
    static const char *const keys[] = {"telescope.column.network", ">telescope.column.addresses",
                                       ">telescope.column.packets", "telescope.column.first", "telescope.column.last"};
    struct hn_arena *a = hn_work_arena(w);
    size_t n = most(r->n_carpets, top);
    struct hn_str *c = cells_new(a, n + 1, 5);
    if (!c)
        return;
    header(w, c, keys, 5);
    for (size_t i = 0; i < n; i++) {
        struct hn_str *row = c + (i + 1) * 5;
        row[0] = hn_arena_fmt(a, "%.*s/24", HN_FMT(ip_text(a, &r->carpets[i].net)));
        row[1] = number(a, r->carpets[i].addresses);
        row[2] = number(a, r->carpets[i].packets);
        row[3] = clock_text(a, r->carpets[i].start);
        row[4] = clock_text(a, r->carpets[i].end);
    }
    table(w, "telescope.table.carpets", c, n + 1, 5);
}

/* The latest. */
static void surges(const struct telescope_report *r, size_t top, struct hn_work *w)
{
    static const char *const keys[] = {"telescope.column.hour", "telescope.column.port", ">telescope.column.sources",
                                       ">telescope.column.usual"};
    struct hn_arena *a = hn_work_arena(w);
    size_t n = most(r->e->n_surges, top);
    struct hn_str *c = cells_new(a, n + 1, 4);
    if (!c || !n)
        return;
    header(w, c, keys, 4);
    for (size_t i = 0; i < n; i++) {
        const struct telescope_surge *s = &r->e->surges[r->e->n_surges - 1 - i];
        struct hn_str *row = c + (i + 1) * 4;
        row[0] = clock_text(a, s->hour * 3600u);
        row[1] = port_text(a, s->proto, s->port);
        row[2] = number(a, s->sources);
        row[3] = hn_arena_fmt(a, "%.0f", s->expected < 0 ? 0 : s->expected);
    }
    table(w, "telescope.table.surges", c, n + 1, 4);
    hn_work_say(w, "telescope.surges.chance", "tests", number(a, r->e->port_hours).p, "expected",
                hn_arena_fmt(a, "%.2f", telescope_surges_by_chance(r->e)).p, NULL);
}

/* Bots by day, the latest last. */
static void bots(const struct telescope_report *r, size_t top, struct hn_work *w)
{
    static const char *const keys[] = {"telescope.column.day", "telescope.column.fingerprint",
                                       ">telescope.column.sources", ">telescope.column.returning"};
    struct hn_arena *a = hn_work_arena(w);
    size_t n = most(r->n_days, top), rows = 1;
    struct hn_str *c = cells_new(a, n * FP_COUNT + 1, 4);
    if (!c)
        return;
    header(w, c, keys, 4);
    for (size_t i = r->n_days - n; i < r->n_days; i++)
        for (unsigned f = 0; f < FP_COUNT; f++) {
            const struct telescope_day *d = &r->days[i];
            if (!d->distinct[f] || !telescope_is_bot((enum telescope_fp)f))
                continue;
            struct hn_str *row = c + rows++ * 4;
            row[0] = hn_arena_fmt(a, "%.10s", clock_text(a, d->day * 86400u).p);
            row[1] = hn_str_c(telescope_fp_names[f]);
            row[2] = number(a, d->distinct[f]);
            row[3] = number(a, d->returning[f]);
        }
    table(w, "telescope.table.bots", c, rows, 4);
    if (rows > 1)
        hn_work_say(w, "telescope.bots.addresses", NULL);
}

static void members(const struct telescope_report *r, struct hn_work *w)
{
    static const char *const keys[] = {"telescope.column.member",   "telescope.column.address",
                                       ">telescope.column.packets", ">telescope.column.port",
                                       "telescope.column.first",    "telescope.column.last"};
    struct hn_arena *a = hn_work_arena(w);
    struct hn_str *c = cells_new(a, r->n_alerts + 1, 6);
    if (!c)
        return;
    header(w, c, keys, 6);
    for (size_t i = 0; i < r->n_alerts; i++) {
        const struct telescope_alert *al = r->alerts[i].a;
        struct hn_str *row = c + (i + 1) * 6;
        row[0] = r->e->how.members.list[al->member].name;
        row[1] = ip_text(a, &r->alerts[i].ip);
        row[2] = number(a, al->packets);
        row[3] = number(a, al->port_major);
        row[4] = clock_text(a, al->first);
        row[5] = clock_text(a, al->last);
    }
    table(w, "telescope.table.members", c, r->n_alerts + 1, 6);
}

static void sentence(const struct telescope_report *r, const struct telescope_inputs *in, struct hn_work *w)
{
    struct hn_arena *a = hn_work_arena(w);
    const struct telescope_engine *e = r->e;
    hn_work_say(w, e->how.ports_only ? "telescope.sentence.ports" : "telescope.sentence", "packets",
                number(a, e->sum.packets).p, "sources", number(a, r->sources).p, "first", clock_text(a, e->first).p,
                "last", clock_text(a, e->last).p, NULL);
    if (e->how.addresses && e->sum.packets && e->last > e->first) {
        double wait = (e->last - e->first) * (double)e->how.addresses / (double)e->sum.packets;
        hn_work_say(w, "telescope.sentence.wait", "seconds", hn_arena_fmt(a, "%.1f", wait).p, "addresses",
                    number(a, e->how.addresses).p, NULL);
    }
    uint64_t malformed = 0;
    for (unsigned i = 0; i < HN_PACKET_VERDICTS; i++)
        malformed += hn_packet_verdict_malformed((enum hn_packet_verdict)i) ? e->sum.verdicts[i] : 0;
    if (malformed || in->damaged || in->unreadable || e->sum.outside) {
        hn_work_say(w, "telescope.sentence.left", "malformed", number(a, malformed).p, "damaged",
                    number(a, in->damaged).p, "unreadable", number(a, in->unreadable).p, "outside",
                    number(a, e->sum.outside).p, NULL);
    }
}

void telescope_report_text(const struct telescope_report *r, const struct telescope_inputs *in, size_t top,
                           struct hn_work *w)
{
    sentence(r, in, w);
    if (!r->e->how.ports_only) {
        members(r, w);
        victims(r->victims, most(r->n_victims, top), "telescope.table.victims", w);
        carpets(r, top, w);
        victims(r->reflectors, most(r->n_reflectors, top), "telescope.table.reflectors", w);
        surges(r, top, w);
        tools(r, w);
        bots(r, top, w);
        campaigns(r, top, w);
        if (r->e->how.geo) {
            countries(r, top, w);
            networks(r, top, w);
        }
    }
    ports(r, top, w);
}
