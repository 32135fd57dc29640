/* The report as one JSON document (README.md describes its members). */
#include <math.h>

#include <stdio.h>

#include "base/json.h"
#include "modules/telescope/report.h"

static hn_time at(uint32_t seconds)
{
    return (hn_time)seconds * HN_SECOND;
}

static void key_ip(struct hn_jw *j, const char *key, const struct hn_ip *ip)
{
    char text[HN_IP_TEXT];
    hn_jw_kc(j, key, ip->family ? hn_ip_text(ip, text) : NULL);
}

static const char *proto_name(unsigned proto, char room[8])
{
    switch (proto) {
    case 6:
        return "tcp";
    case 17:
        return "udp";
    case 1:
        return "icmp";
    default:
        snprintf(room, 8, "ip-%u", proto & 255);
        return room;
    }
}

static size_t most(size_t n, size_t top)
{
    return top && top < n ? top : n;
}

/* ---------------------------------------------------------------- the telescope and its measures */

static double days_of(const struct telescope_engine *e)
{
    return e->last > e->first ? (e->last - e->first) / 86400.0 : 0;
}

/* NICTER's units: packets for each address, and how long an address waits for one. */
static void measures(struct hn_jw *j, uint64_t packets, double addresses, const struct telescope_engine *e)
{
    double days = days_of(e);
    hn_jw_knum(j, "packets_per_address", (double)packets / addresses);
    if (days > 0)
        hn_jw_knum(j, "packets_per_address_day", (double)packets / addresses / days);
    if (packets && e->last > e->first)
        hn_jw_knum(j, "seconds_between_packets", (e->last - e->first) * addresses / (double)packets);
}

static double size_of(const struct hn_prefix *p)
{
    double n = 1;
    for (unsigned i = p->bits; i < (p->ip.family == 4 ? 32u : 128u); i++)
        n *= 2;
    return n;
}

static void telescopes(struct hn_jw *j, const struct telescope_report *r)
{
    const struct hn_prefixes *ps = &r->e->how.telescopes;
    hn_jw_key(j, "telescope");
    hn_jw_obj(j);
    hn_jw_key(j, "prefixes");
    hn_jw_arr(j);
    for (size_t i = 0; i < ps->n; i++) {
        char text[HN_IP_TEXT + 8], ip[HN_IP_TEXT];
        snprintf(text, sizeof text, "%s/%u", hn_ip_text(&ps->list[i].ip, ip), ps->list[i].bits);
        uint64_t packets = i < 256 ? r->e->sum.telescope_packets[i] : 0;
        hn_jw_obj(j);
        hn_jw_kc(j, "prefix", text);
        hn_jw_kstr(j, "name", ps->list[i].name);
        hn_jw_knum(j, "addresses", size_of(&ps->list[i]));
        hn_jw_kint(j, "packets", (int64_t)packets);
        measures(j, packets, size_of(&ps->list[i]), r->e);
        hn_jw_obj_end(j);
    }
    hn_jw_arr_end(j);
    hn_jw_kint(j, "destinations_seen", (int64_t)telescope_hll_count(r->e->dsts, 12));
    hn_jw_key(j, "addresses");
    if (r->e->how.addresses)
        hn_jw_int(j, (int64_t)r->e->how.addresses);
    else
        hn_jw_null(j);
    if (r->e->how.addresses)
        measures(j, r->e->sum.packets, (double)r->e->how.addresses, r->e);
    hn_jw_obj_end(j);
}

/* ---------------------------------------------------------------- tables */

static void ports(struct hn_jw *j, const struct telescope_report *r, size_t top)
{
    char room[8];
    hn_jw_key(j, "ports");
    hn_jw_arr(j);
    for (size_t i = 0; i < most(r->n_ports, top); i++) {
        unsigned proto;
        uint16_t port;
        telescope_port_of(r->ports[i].index, &proto, &port);
        hn_jw_obj(j);
        hn_jw_kc(j, "proto", proto_name(proto, room));
        hn_jw_kint(j, proto == 1 ? "type" : "port", port);
        hn_jw_kint(j, "packets", (int64_t)r->ports[i].packets);
        if (!r->e->how.ports_only)
            hn_jw_kint(j, "sources", r->ports[i].sources);
        hn_jw_obj_end(j);
    }
    hn_jw_arr_end(j);
}

static void counted(struct hn_jw *j, const char *name, uint64_t packets, uint64_t sources)
{
    hn_jw_obj(j);
    hn_jw_kc(j, "name", name);
    hn_jw_kint(j, "packets", (int64_t)packets);
    hn_jw_kint(j, "sources", (int64_t)sources);
}

static void tools(struct hn_jw *j, const struct telescope_report *r)
{
    hn_jw_key(j, "fingerprints");
    hn_jw_arr(j);
    for (unsigned i = 0; i < FP_COUNT; i++) {
        const struct telescope_tool *t = &r->tools[i];
        if (!t->packets)
            continue;
        counted(j, telescope_fp_names[i], t->packets, t->sources);
        hn_jw_kint(j, "sources_confirmed", (int64_t)t->confirmed);
        hn_jw_obj_end(j);
    }
    hn_jw_arr_end(j);
    hn_jw_key(j, "systems");
    hn_jw_arr(j);
    for (unsigned i = 1; i < OS_COUNT; i++)
        if (r->e->sum.os_packets[i]) {
            counted(j, telescope_os_names[i], r->e->sum.os_packets[i], r->os_sources[i]);
            hn_jw_obj_end(j);
        }
    hn_jw_arr_end(j);
    hn_jw_key(j, "classes");
    hn_jw_arr(j);
    for (unsigned i = 0; i < CLASS_COUNT; i++)
        if (r->e->sum.class_packets[i]) {
            static const char *const roles[] = {"scan", "backscatter", "reflection", "other"};
            hn_jw_obj(j);
            hn_jw_kc(j, "name", telescope_class_names[i]);
            hn_jw_kc(j, "role", roles[telescope_class_roles[i]]);
            hn_jw_kint(j, "packets", (int64_t)r->e->sum.class_packets[i]);
            hn_jw_kint(j, "events", (int64_t)r->class_events[i]);
            hn_jw_obj_end(j);
        }
    hn_jw_arr_end(j);
}

static const char *const judged_names[JUDGED_COUNT] = {"unknown", "investigation", "attack"};

static void where(struct hn_jw *j, const struct hn_place *p)
{
    hn_jw_kc(j, "country", p->country[0] ? p->country : NULL);
    hn_jw_key(j, "asn");
    if (p->asn)
        hn_jw_int(j, p->asn);
    else
        hn_jw_null(j);
}

static void where_is(struct hn_jw *j, const struct telescope_report *r, const struct hn_ip *ip)
{
    struct hn_place p;
    if (!r->e->how.geo)
        return;
    hn_place_of(r->e->how.geo, ip, &p);
    where(j, &p);
}

static void places(struct hn_jw *j, const struct telescope_report *r, size_t top)
{
    const struct report_places *ps = &r->places;
    hn_jw_key(j, "countries");
    hn_jw_arr(j);
    for (size_t i = 0; i < most(ps->n_countries, top); i++) {
        hn_jw_obj(j);
        hn_jw_kc(j, "country", ps->countries[i].where.country[0] ? ps->countries[i].where.country : NULL);
        hn_jw_kint(j, "sources", (int64_t)ps->countries[i].sources);
        hn_jw_kint(j, "packets", (int64_t)ps->countries[i].packets);
        hn_jw_obj_end(j);
    }
    hn_jw_arr_end(j);
    hn_jw_key(j, "networks");
    hn_jw_arr(j);
    for (size_t i = 0; i < most(ps->n_networks, top); i++) {
        hn_jw_obj(j);
        where(j, &ps->networks[i].where);
        hn_jw_kstr(j, "organisation", ps->networks[i].organisation);
        hn_jw_kint(j, "sources", (int64_t)ps->networks[i].sources);
        hn_jw_kint(j, "packets", (int64_t)ps->networks[i].packets);
        hn_jw_obj_end(j);
    }
    hn_jw_arr_end(j);
    hn_jw_kint(j, "sources_of_other_networks", (int64_t)ps->not_listed);
    hn_jw_kint(j, "sources_where_database_is_damaged", (int64_t)ps->damaged);
}

static void judgements(struct hn_jw *j, const struct telescope_report *r)
{
    hn_jw_key(j, "judgements");
    hn_jw_arr(j);
    for (unsigned i = 0; i < JUDGED_COUNT; i++) {
        counted(j, judged_names[i], r->judged_packets[i], r->judged_sources[i]);
        hn_jw_obj_end(j);
    }
    hn_jw_arr_end(j);
    hn_jw_key(j, "top_sources");
    hn_jw_arr(j);
    for (size_t i = 0; i < r->n_top_sources; i++) {
        const struct report_source *s = &r->top_sources[i];
        hn_jw_obj(j);
        key_ip(j, "address", &s->ip);
        where_is(j, r, &s->ip);
        hn_jw_kint(j, "packets", s->s->packets);
        hn_jw_ktime(j, "first", at(s->s->first));
        hn_jw_ktime(j, "last", at(s->s->last));
        hn_jw_kint(j, "ports_about", telescope_estimate(s->s->ports, 64));
        hn_jw_kint(j, "destinations_about", telescope_estimate(s->s->dsts, 64));
        hn_jw_kc(j, "fingerprint", s->fp == FP_NONE ? NULL : telescope_fp_names[s->fp]);
        hn_jw_kc(j, "judgement", judged_names[s->judged]);
        double rate = telescope_spoofed_rate(r->e, s->s->packets, s->s->first, s->s->last);
        if (rate > 0)
            hn_jw_knum(j, "internet_rate", rate);
        const struct hn_prefix *known = hn_prefixes_find(&r->e->how.scanners, &s->ip);
        if (known) {
            hn_jw_kstr(j, "known_as", known->name);
            hn_jw_kstr(j, "evidence", known->text);
        }
        hn_jw_obj_end(j);
    }
    hn_jw_arr_end(j);
}

/* ---------------------------------------------------------------- events, campaigns */

static void events(struct hn_jw *j, const struct telescope_report *r)
{
    hn_jw_key(j, "events");
    hn_jw_obj(j);
    hn_jw_kint(j, "idle_seconds", r->e->how.idle);
    uint64_t n = 0;
    for (unsigned i = 0; i < CLASS_COUNT; i++)
        n += r->class_events[i];
    hn_jw_kint(j, "total", (int64_t)n);
    hn_jw_kint(j, "open", (int64_t)r->events_open);
    hn_jw_key(j, "top");
    hn_jw_arr(j);
    for (size_t i = 0; i < r->n_top_events; i++) {
        const struct telescope_event *e = r->top_events[i].e;
        hn_jw_obj(j);
        key_ip(j, "source", &r->top_events[i].ip);
        hn_jw_kint(j, "port", e->port);
        hn_jw_kc(j, "class", telescope_class_names[e->class]);
        hn_jw_ktime(j, "first", at(e->first));
        hn_jw_ktime(j, "last", at(e->last));
        hn_jw_ktime(j, "start", at(e->start));
        hn_jw_kint(j, "packets", e->packets);
        hn_jw_kint(j, "packets_now", e->now);
        hn_jw_kint(j, "events", e->events);
        hn_jw_kint(j, "destinations_about", telescope_estimate(e->dsts, 32));
        hn_jw_obj_end(j);
    }
    hn_jw_arr_end(j);
    hn_jw_obj_end(j);
}

static void shares(struct hn_jw *j, const struct report_campaign *c)
{
    hn_jw_key(j, "ports");
    hn_jw_arr(j);
    for (size_t i = 0; i < REPORT_PORTS && c->ports[i].n; i++) {
        hn_jw_obj(j);
        hn_jw_kint(j, "port", c->ports[i].port);
        hn_jw_knum(j, "share", floor((double)c->ports[i].n * 1000 / (double)c->ports_total) / 1000);
        hn_jw_obj_end(j);
    }
    hn_jw_arr_end(j);
}

/* Of the last 24 hours those that it was seen in. */
static void campaign_day(struct hn_jw *j, const struct telescope_report *r, const struct report_campaign *c)
{
    hn_jw_key(j, "hours");
    hn_jw_arr(j);
    for (unsigned h = 24; h-- > 0;) {
        if (!c->hours[h])
            continue;
        hn_jw_obj(j);
        hn_jw_ktime(j, "hour", at((r->e->last / 3600 - h) * 3600));
        hn_jw_kint(j, "sources", c->hours[h]);
        hn_jw_obj_end(j);
    }
    hn_jw_arr_end(j);
}

static void campaigns(struct hn_jw *j, const struct telescope_report *r, size_t top)
{
    size_t n = 0;
    hn_jw_key(j, "campaigns");
    hn_jw_arr(j);
    for (size_t i = 0; i < r->n_campaigns; i++) {
        const struct report_campaign *c = &r->campaigns[i];
        if (c->joined >= 0 || (top && n++ >= top))
            continue;
        hn_jw_obj(j);
        hn_jw_kc(j, "name", c->name);
        hn_jw_kc(j, "fingerprint", c->fp == FP_NONE ? NULL : telescope_fp_names[c->fp]);
        char room[8];
        hn_jw_kc(j, "proto", proto_name(c->proto, room));
        hn_jw_kint(j, "sources", (int64_t)c->sources);
        hn_jw_kint(j, "networks_about", (int64_t)c->networks);
        hn_jw_kint(j, "packets", (int64_t)c->packets);
        hn_jw_ktime(j, "first", at(c->first));
        hn_jw_ktime(j, "last", at(c->last));
        hn_jw_kc(j, "state", c->last + 6 * r->e->how.idle >= r->e->last ? "active" : "ended");
        shares(j, c);
        hn_jw_key(j, "hours_of_day");
        hn_jw_arr(j);
        for (unsigned h = 0; h < 24; h++)
            if (c->day_hours >> h & 1)
                hn_jw_int(j, h);
        hn_jw_arr_end(j);
        campaign_day(j, r, c);
        hn_jw_obj_end(j);
    }
    hn_jw_arr_end(j);
}

/* ---------------------------------------------------------------- attacks */

static void victim(struct hn_jw *j, const struct telescope_report *r, const struct report_victim *v, bool forged)
{
    hn_jw_obj(j);
    key_ip(j, "address", &v->ip);
    hn_jw_ktime(j, "start", at(v->a.start));
    hn_jw_ktime(j, "end", at(v->a.end));
    hn_jw_kint(j, "seconds", v->a.end - v->a.start);
    hn_jw_kc(j, "state", v->a.open ? "open" : "over");
    hn_jw_kint(j, "packets", v->a.packets);
    hn_jw_kint(j, "packets_per_minute_max", v->a.ppm);
    hn_jw_kc(j, "answer", telescope_class_names[v->a.class]);
    hn_jw_kint(j, "port", v->a.port);
    hn_jw_kint(j, "destinations_about", telescope_estimate(v->a.dsts, 64));
    double rate = forged ? telescope_spoofed_rate(r->e, v->a.packets, v->a.start, v->a.end) : 0;
    if (rate > 0)
        hn_jw_knum(j, "spoofed_rate", rate);
    hn_jw_obj_end(j);
}

static void victims(struct hn_jw *j, const struct telescope_report *r, size_t top)
{
    hn_jw_key(j, "victims");
    hn_jw_arr(j);
    for (size_t i = 0; i < most(r->n_victims, top); i++)
        victim(j, r, &r->victims[i], true);
    hn_jw_arr_end(j);
    hn_jw_key(j, "reflectors");
    hn_jw_arr(j);
    for (size_t i = 0; i < most(r->n_reflectors, top); i++)
        victim(j, r, &r->reflectors[i], false);
    hn_jw_arr_end(j);
    hn_jw_key(j, "carpets");
    hn_jw_arr(j);
    for (size_t i = 0; i < most(r->n_carpets, top); i++) {
        char ip[HN_IP_TEXT], text[HN_IP_TEXT + 4];
        snprintf(text, sizeof text, "%s/24", hn_ip_text(&r->carpets[i].net, ip));
        hn_jw_obj(j);
        hn_jw_kc(j, "network", text);
        hn_jw_kint(j, "addresses", r->carpets[i].addresses);
        hn_jw_kint(j, "packets", (int64_t)r->carpets[i].packets);
        hn_jw_ktime(j, "start", at(r->carpets[i].start));
        hn_jw_ktime(j, "end", at(r->carpets[i].end));
        hn_jw_obj_end(j);
    }
    hn_jw_arr_end(j);
}

static const char *flood_kind(const struct telescope_hot *h)
{
    switch (h->class) {
    case CLASS_TCP_SYN:
        return "syn-flood";
    case CLASS_TCP_SYNACK:
        return "syn-ack-reflection";
    case CLASS_UDP_REPLY:
        return "amplification";
    default:
        return "flood";
    }
}

static void floods(struct hn_jw *j, const struct telescope_report *r, size_t top)
{
    hn_jw_key(j, "floods");
    hn_jw_arr(j);
    for (size_t i = 0; i < most(r->n_floods, top); i++) {
        const struct report_flood *f = &r->floods[i];
        struct hn_ip ip = {.family = 4};
        for (unsigned k = 0; k < 4; k++)
            ip.b[k] = (uint8_t)(f->h.dst >> (24 - 8 * k));
        hn_jw_obj(j);
        hn_jw_kc(j, "kind", flood_kind(&f->h));
        hn_jw_kc(j, "class", telescope_class_names[f->h.class]);
        key_ip(j, "target", &ip);
        hn_jw_kint(j, "port", f->h.port);
        hn_jw_kint(j, "packets", (int64_t)f->packets);
        hn_jw_knum(j, "packets_per_second", f->rate);
        hn_jw_ktime(j, "first", at(f->h.first));
        hn_jw_ktime(j, "last", at(f->h.last));
        hn_jw_obj_end(j);
    }
    hn_jw_arr_end(j);
}

/* ---------------------------------------------------------------- members */

static void evidence(struct hn_jw *j, const struct telescope_alert *a)
{
    hn_jw_key(j, "evidence");
    hn_jw_arr(j);
    for (unsigned i = 0; i < a->n_evidence; i++) {
        const struct telescope_evidence *v = &a->evidence[i];
        struct hn_ip dst = {.family = 4};
        for (unsigned k = 0; k < 4; k++)
            dst.b[k] = (uint8_t)(v->dst >> (24 - 8 * k));
        hn_jw_obj(j);
        hn_jw_ktime(j, "time", at(v->time));
        if (!(a->flags & SOURCE_V6))
            key_ip(j, "destination", &dst);
        hn_jw_kint(j, "source_port", v->sport);
        hn_jw_kint(j, "port", v->dport);
        hn_jw_kc(j, "class", telescope_class_names[v->class]);
        hn_jw_kc(j, "fingerprint", v->fp < FP_COUNT ? telescope_fp_names[v->fp] : NULL);
        hn_jw_obj_end(j);
    }
    hn_jw_arr_end(j);
}

static void members(struct hn_jw *j, const struct telescope_report *r)
{
    hn_jw_key(j, "members");
    hn_jw_arr(j);
    for (size_t i = 0; i < r->n_alerts; i++) {
        const struct telescope_alert *a = r->alerts[i].a;
        bool scans = false;
        for (unsigned c = 0; c < CLASS_COUNT; c++)
            scans |= (a->classes >> c & 1) && telescope_class_roles[c] == ROLE_SCAN;
        hn_jw_obj(j);
        hn_jw_kstr(j, "member", r->e->how.members.list[a->member].name);
        key_ip(j, "address", &r->alerts[i].ip);
        hn_jw_kc(j, "kind", scans ? "sends" : "answers");
        hn_jw_kc(j, "state", a->last + r->e->how.member_quiet >= r->e->last ? "open" : "closed");
        hn_jw_ktime(j, "first", at(a->first));
        hn_jw_ktime(j, "raised", at(a->raised));
        hn_jw_ktime(j, "last", at(a->last));
        hn_jw_kint(j, "packets", a->packets);
        hn_jw_kint(j, "episodes", a->episodes);
        hn_jw_kint(j, "port", a->port_major);
        hn_jw_kc(j, "fingerprint", a->fps ? telescope_fp_names[__builtin_ctz(a->fps)] : NULL);
        evidence(j, a);
        hn_jw_obj_end(j);
    }
    hn_jw_arr_end(j);
}

/* ---------------------------------------------------------------- time */

static void population(struct hn_jw *j, const struct telescope_report *r)
{
    hn_jw_key(j, "days");
    hn_jw_arr(j);
    for (size_t i = 0; i < r->n_days; i++) {
        const struct telescope_day *d = &r->days[i];
        hn_jw_obj(j);
        hn_jw_ktime(j, "day", (hn_time)d->day * HN_DAY);
        hn_jw_kint(j, "sources", d->distinct[FP_COUNT]);
        hn_jw_kint(j, "returning", d->returning[FP_COUNT]);
        hn_jw_key(j, "fingerprints");
        hn_jw_arr(j);
        for (unsigned f = 0; f < FP_COUNT; f++)
            if (d->distinct[f]) {
                hn_jw_obj(j);
                hn_jw_kc(j, "name", telescope_fp_names[f]);
                hn_jw_kint(j, "sources", d->distinct[f]);
                hn_jw_kint(j, "returning", d->returning[f]);
                hn_jw_obj_end(j);
            }
        hn_jw_arr_end(j);
        hn_jw_obj_end(j);
    }
    hn_jw_arr_end(j);
}

static void hours(struct hn_jw *j, const struct telescope_report *r)
{
    hn_jw_key(j, "hours");
    hn_jw_arr(j);
    for (size_t i = 0; i < r->n_hours; i++) {
        hn_jw_obj(j);
        hn_jw_ktime(j, "hour", (hn_time)r->hours[i].hour * HN_HOUR);
        hn_jw_kint(j, "packets", (int64_t)r->hours[i].packets);
        hn_jw_kint(j, "sources", r->hours[i].sources);
        hn_jw_obj_end(j);
    }
    hn_jw_arr_end(j);
}

static void surges(struct hn_jw *j, const struct telescope_report *r)
{
    char room[8];
    hn_jw_key(j, "surges");
    hn_jw_obj(j);
    hn_jw_kint(j, "tested_port_hours", (int64_t)r->e->port_hours);
    hn_jw_knum(j, "false_alarms_expected", telescope_surges_by_chance(r->e));
    hn_jw_kint(j, "not_listed", (int64_t)r->e->surges_dropped);
    hn_jw_key(j, "list");
    hn_jw_arr(j);
    for (size_t i = 0; i < r->e->n_surges; i++) {
        const struct telescope_surge *s = &r->e->surges[i];
        hn_jw_obj(j);
        hn_jw_ktime(j, "hour", (hn_time)s->hour * HN_HOUR);
        hn_jw_kc(j, "proto", proto_name(s->proto, room));
        hn_jw_kint(j, "port", s->port);
        hn_jw_kbool(j, "new", s->new_port);
        hn_jw_kint(j, "sources", s->sources);
        hn_jw_kint(j, "packets", s->packets);
        hn_jw_knum(j, "sources_expected", s->expected < 0 ? 0 : s->expected);
        hn_jw_knum(j, "z", s->z);
        hn_jw_obj_end(j);
    }
    hn_jw_arr_end(j);
    hn_jw_obj_end(j);
}

/* ---------------------------------------------------------------- the whole */

static void head(struct hn_jw *j, const struct telescope_report *r, const struct telescope_inputs *in)
{
    const struct telescope_engine *e = r->e;
    hn_jw_kc(j, "schema", "hinomi/telescope/1");
    hn_jw_ktime(j, "first", at(e->first));
    hn_jw_ktime(j, "last", at(e->last));
    hn_jw_kint(j, "packets", (int64_t)e->sum.packets);
    hn_jw_kint(j, "octets", (int64_t)e->sum.octets);
    hn_jw_kint(j, "sources", (int64_t)r->sources);
    hn_jw_kbool(j, "sources_exact", r->sources_exact);
    hn_jw_key(j, "input");
    hn_jw_obj(j);
    hn_jw_kint(j, "files", (int64_t)in->files);
    hn_jw_kint(j, "unreadable", (int64_t)in->unreadable);
    hn_jw_kint(j, "records", (int64_t)e->sum.records);
    hn_jw_kint(j, "octets", (int64_t)in->octets);
    hn_jw_kint(j, "damaged", (int64_t)in->damaged);
    hn_jw_kint(j, "octets_skipped", (int64_t)in->skipped);
    hn_jw_kint(j, "dropped_by_capture", (int64_t)in->dropped);
    hn_jw_kint(j, "elsewhere", (int64_t)e->sum.outside);
    hn_jw_kint(j, "out_of_time", (int64_t)e->sum.out_of_time);
    hn_jw_kint(j, "not_ip", (int64_t)e->sum.not_ip);
    hn_jw_kint(j, "ipv6_sources_not_kept", (int64_t)r->v6_refused);
    hn_jw_kint(j, "sources_forgotten", (int64_t)r->forgotten);
    hn_jw_kbool(j, "port_sources_exact", r->forgotten == 0 && r->pairs_dropped == 0);
    hn_jw_obj_end(j);
    hn_jw_key(j, "malformed");
    hn_jw_obj(j);
    for (unsigned i = 0; i < HN_PACKET_VERDICTS; i++)
        if (e->sum.verdicts[i] && i != HN_PACKET_OK)
            hn_jw_kint(j, hn_packet_verdict_text((enum hn_packet_verdict)i), (int64_t)e->sum.verdicts[i]);
    hn_jw_obj_end(j);
}

void telescope_report_json(const struct telescope_report *r, const struct telescope_inputs *in, size_t top,
                           struct hn_buf *out)
{
    struct hn_jw j;
    hn_jw_init(&j, out);
    hn_jw_obj(&j);
    head(&j, r, in);
    telescopes(&j, r);
    ports(&j, r, top);
    if (!r->e->how.ports_only) {
        tools(&j, r);
        judgements(&j, r);
        if (r->e->how.geo)
            places(&j, r, top);
        events(&j, r);
        campaigns(&j, r, top);
        victims(&j, r, top);
        floods(&j, r, top);
        members(&j, r);
        hours(&j, r);
        population(&j, r);
        surges(&j, r);
    }
    hn_jw_obj_end(&j);
}
