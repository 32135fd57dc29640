/* A report as observations: what the store keeps, what is judged, what other capabilities join with. */
#include "base/str.h"
#include "modules/telescope/setup.h"

#define KEPT_PORTS     200u
#define KEPT_VICTIMS   500u
#define KEPT_CAMPAIGNS 50u
#define KEPT_PLACES    20u

static hn_time at(uint32_t seconds)
{
    return (hn_time)seconds * HN_SECOND;
}

static struct hn_str ip_text(struct hn_arena *a, const struct hn_ip *ip)
{
    char text[HN_IP_TEXT];
    return hn_arena_str(a, hn_str_c(hn_ip_text(ip, text)));
}

/* The largest countries and networks, as far as databases of places were given. */
static void places(struct hn_parse *p, struct hn_arena *a, const struct report_places *ps)
{
    struct hn_str lines[KEPT_PLACES];
    size_t n = 0;
    for (; n < ps->n_countries && n < KEPT_PLACES; n++) {
        const struct report_place *c = &ps->countries[n];
        lines[n] = hn_arena_fmt(a, "%s %llu %llu", c->where.country[0] ? c->where.country : "-",
                                (unsigned long long)c->sources, (unsigned long long)c->packets);
    }
    if (n)
        hn_obs_list(p, "countries", lines, n);
    n = 0;
    for (size_t i = 0; i < ps->n_networks && n < KEPT_PLACES; i++) {
        const struct report_place *net = &ps->networks[i];
        if (net->where.asn)
            lines[n++] = hn_arena_fmt(a, "%u %llu %llu %.*s", net->where.asn, (unsigned long long)net->sources,
                                      (unsigned long long)net->packets, HN_FMT(net->organisation));
    }
    if (n)
        hn_obs_list(p, "networks", lines, n);
}

static void summary(struct hn_parse *p, struct hn_arena *a, const struct telescope_report *r, struct hn_str name)
{
    uint64_t malformed = 0;
    for (unsigned i = 0; i < HN_PACKET_VERDICTS; i++)
        malformed += hn_packet_verdict_malformed((enum hn_packet_verdict)i) ? r->e->sum.verdicts[i] : 0;
    hn_obs_begin(p, "summary", name);
    hn_obs_time(p, "first", at(r->e->first));
    hn_obs_time(p, "last", at(r->e->last));
    hn_obs_int(p, "packets", (int64_t)r->e->sum.packets);
    hn_obs_int(p, "sources", (int64_t)r->sources);
    if (r->e->how.addresses)
        hn_obs_int(p, "addresses", (int64_t)r->e->how.addresses);
    hn_obs_int(p, "victims", (int64_t)r->n_victims);
    hn_obs_int(p, "malformed", (int64_t)malformed);
    places(p, a, &r->places);
    hn_obs_end(p);
}

static void member(struct hn_parse *p, struct hn_arena *a, const struct telescope_report *r,
                   const struct report_alert *it)
{
    const struct telescope_alert *al = it->a;
    struct hn_str lines[4], address = ip_text(a, &it->ip);
    bool sends = false;
    for (unsigned c = 0; c < CLASS_COUNT; c++)
        sends |= (al->classes >> c & 1) && telescope_class_roles[c] == ROLE_SCAN;
    for (unsigned i = 0; i < al->n_evidence; i++) {
        const struct telescope_evidence *v = &al->evidence[i];
        char time[HN_TIME_TEXT];
        lines[i] = hn_arena_fmt(a, "%s %s %u → %u.%u.%u.%u:%u", hn_time_text(at(v->time), time),
                                telescope_class_names[v->class], v->sport, v->dst >> 24, v->dst >> 16 & 255,
                                v->dst >> 8 & 255, v->dst & 255, v->dport);
    }
    hn_obs_begin(p, "member", address);
    hn_obs_str(p, "member", r->e->how.members.list[al->member].name);
    hn_obs_str(p, "address", address);
    hn_obs_bool(p, "sends", sends);
    hn_obs_bool(p, "open", al->last + r->e->how.member_quiet >= r->e->last);
    hn_obs_time(p, "first", at(al->first));
    hn_obs_time(p, "last", at(al->last));
    hn_obs_int(p, "packets", al->packets);
    hn_obs_int(p, "port", al->port_major);
    if (al->fps)
        hn_obs_str(p, "fingerprint", hn_str_c(telescope_fp_names[__builtin_ctz(al->fps)]));
    hn_obs_list(p, "evidence", lines, al->n_evidence);
    hn_obs_end(p);
}

static void victims(struct hn_parse *p, struct hn_arena *a, const struct telescope_report *r)
{
    for (size_t i = 0; i < r->n_victims && i < KEPT_VICTIMS; i++) {
        const struct report_victim *v = &r->victims[i];
        struct hn_str address = ip_text(a, &v->ip);
        const struct hn_prefix *m = hn_prefixes_find(&r->e->how.members, &v->ip);
        char time[HN_TIME_TEXT];
        hn_obs_begin(p, "victim", hn_arena_fmt(a, "%.*s %s", HN_FMT(address), hn_time_text(at(v->a.start), time)));
        hn_obs_str(p, "address", address);
        if (m)
            hn_obs_str(p, "member", m->name);
        hn_obs_time(p, "start", at(v->a.start));
        hn_obs_time(p, "end", at(v->a.end));
        hn_obs_bool(p, "open", v->a.open);
        hn_obs_int(p, "packets", v->a.packets);
        hn_obs_int(p, "ppm", v->a.ppm);
        hn_obs_int(p, "port", v->a.port);
        hn_obs_end(p);
    }
}

static const char *proto_name(unsigned proto)
{
    return proto == 6 ? "tcp" : proto == 17 ? "udp" : "icmp";
}

/* Surges of the last day: an older one is history. */
static void surges(struct hn_parse *p, struct hn_arena *a, const struct telescope_report *r)
{
    for (size_t i = 0; i < r->e->n_surges; i++) {
        const struct telescope_surge *s = &r->e->surges[i];
        char time[HN_TIME_TEXT];
        if (s->hour + 24 < r->e->last / 3600)
            continue;
        hn_obs_begin(
            p, "surge",
            hn_arena_fmt(a, "%s:%u %s", proto_name(s->proto), s->port, hn_time_text((hn_time)s->hour * HN_HOUR, time)));
        hn_obs_str(p, "proto", hn_str_c(proto_name(s->proto)));
        hn_obs_int(p, "port", s->port);
        hn_obs_time(p, "hour", (hn_time)s->hour * HN_HOUR);
        hn_obs_bool(p, "new", s->new_port);
        hn_obs_int(p, "sources", s->sources);
        hn_obs_int(p, "expected", s->expected > 0 ? (int64_t)s->expected : 0);
        hn_obs_end(p);
    }
}

/* Ports and their share in thousandths; sources by hour of the last day. */
static void campaign_lists(struct hn_parse *p, struct hn_arena *a, const struct telescope_report *r,
                           const struct report_campaign *c)
{
    struct hn_str lines[REPORT_PORTS > 24 ? REPORT_PORTS : 24];
    size_t n = 0;
    for (size_t i = 0; i < REPORT_PORTS; i++) {
        if (c->ports[i].n)
            lines[n++] =
                hn_arena_fmt(a, "%u %u", c->ports[i].port, (unsigned)((uint64_t)c->ports[i].n * 1000 / c->ports_total));
    }
    hn_obs_list(p, "ports", lines, n);
    n = 0;
    for (unsigned h = 24; h-- > 0;) {
        char time[HN_TIME_TEXT];
        if (c->hours[h])
            lines[n++] = hn_arena_fmt(a, "%s %u", hn_time_text(at((r->e->last / 3600 - h) * 3600), time), c->hours[h]);
    }
    hn_obs_list(p, "hours", lines, n);
}

static void campaigns(struct hn_parse *p, struct hn_arena *a, const struct telescope_report *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n_campaigns && n < KEPT_CAMPAIGNS; i++) {
        const struct report_campaign *c = &r->campaigns[i];
        if (c->joined >= 0)
            continue;
        n++;
        hn_obs_begin(p, "campaign", hn_str_c(c->name));
        if (c->fp != FP_NONE)
            hn_obs_str(p, "fingerprint", hn_str_c(telescope_fp_names[c->fp]));
        hn_obs_int(p, "sources", (int64_t)c->sources);
        hn_obs_int(p, "packets", (int64_t)c->packets);
        hn_obs_time(p, "first", at(c->first));
        hn_obs_time(p, "last", at(c->last));
        hn_obs_int(p, "port", c->main_port);
        campaign_lists(p, a, r, c);
        hn_obs_end(p);
    }
}

/* The hours of its last day; and of how many sources that day is: all, when there is no other day, else those of its
 * busiest hour, which is less than the truth. */
static void port_day(struct hn_parse *p, struct hn_arena *a, const struct telescope_report *r, uint32_t index,
                     uint32_t sources)
{
    struct telescope_heat h[TELESCOPE_DAY_HOURS];
    struct hn_str lines[TELESCOPE_DAY_HOURS];
    size_t n = telescope_heat_of(r->e, index, h);
    uint32_t busiest = 0;
    for (size_t i = 0; i < n; i++) {
        char time[HN_TIME_TEXT];
        lines[i] =
            hn_arena_fmt(a, "%s %u %u", hn_time_text((hn_time)h[i].hour * HN_HOUR, time), h[i].packets, h[i].sources);
        busiest = h[i].sources > busiest ? h[i].sources : busiest;
    }
    hn_obs_int(p, "today", r->e->last - r->e->first <= 86400 ? sources : busiest);
    hn_obs_list(p, "hours", lines, n);
}

static void ports(struct hn_parse *p, struct hn_arena *a, const struct telescope_report *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n_ports && n < KEPT_PORTS; i++) {
        unsigned proto;
        uint16_t port;
        telescope_port_of(r->ports[i].index, &proto, &port);
        if (proto != 6 && proto != 17)
            continue;
        n++;
        hn_obs_begin(p, "port", hn_arena_fmt(a, "%s:%u", proto_name(proto), port));
        hn_obs_str(p, "proto", hn_str_c(proto_name(proto)));
        hn_obs_int(p, "port", port);
        hn_obs_int(p, "packets", (int64_t)r->ports[i].packets);
        hn_obs_int(p, "sources", r->ports[i].sources);
        port_day(p, a, r, r->ports[i].index, r->ports[i].sources);
        hn_obs_end(p);
    }
}

bool telescope_keep(struct hn_work *w, struct hn_arena *a, const struct telescope_report *r, struct hn_str name)
{
    struct hn_work_asset asset = {.name = name,
                                  .kind = HN_STR("telescope"),
                                  .key_type = HN_STR("telescope"),
                                  .key = name,
                                  .scope = hn_arena_fmt(a, "telescope:%.*s", HN_FMT(name))};
    struct hn_parse *p = hn_work_obs_begin(w, &asset, at(r->e->last));
    summary(p, a, r, name);
    for (size_t i = 0; i < r->n_alerts; i++)
        member(p, a, r, &r->alerts[i]);
    victims(p, a, r);
    surges(p, a, r);
    campaigns(p, a, r);
    ports(p, a, r);
    struct hn_err e = hn_work_obs_end(w, true);
    if (!hn_ok(e))
        hn_work_fail(w, "telescope.keep", "why", hn_err_text(e), NULL);
    return hn_ok(e);
}
