/* What an engine has seen, summed up, ranked and named: made once, written as JSON or text. */
#pragma once

#include "modules/telescope/telescope.h"

#define REPORT_TOP       100
#define REPORT_CAMPAIGNS 64
#define REPORT_PORTS     32
#define REPORT_NETWORKS  1000

enum report_judgement { JUDGED_UNKNOWN, JUDGED_INVESTIGATION, JUDGED_ATTACK, JUDGED_COUNT };

struct report_source {
    struct hn_ip ip;
    const struct telescope_source *s;
    enum telescope_fp fp;
    enum report_judgement judged;
};

struct report_event {
    struct hn_ip ip;
    const struct telescope_event *e;
};

struct report_campaign {
    char name[40]; /* "mirai/23", "hn-1a2b3c4d/8080": the same for the same thing, whenever it is seen */
    enum telescope_fp fp;
    uint64_t label, sources, packets, networks;
    uint32_t first, last, day_hours;
    uint32_t hours[24]; /* sources in the last hour of the stream, the one before, … */
    uint8_t proto;
    int joined; /* index of the campaign that this one is a part of, or -1 */
    struct report_share {
        uint32_t n;
        uint16_t port;
    } ports[REPORT_PORTS];
    uint32_t ports_total;
    uint16_t main_port;
};

struct report_victim {
    struct hn_ip ip;
    struct telescope_attack a;
};

struct report_carpet {
    struct hn_ip net;
    uint32_t addresses, start, end;
    uint64_t packets;
};

struct report_alert {
    struct hn_ip ip;
    const struct telescope_alert *a;
};

struct report_flood {
    struct telescope_hot h;
    uint64_t packets;
    unsigned sources; /* of 256 bits */
    double rate;
};

struct report_port {
    uint32_t index;
    uint64_t packets;
    uint32_t sources;
};

/* geo.c: sources and packets by country and by network. */
struct report_places {
    struct report_place {
        struct hn_place where; /* of a network: its first source's */
        struct hn_str organisation;
        uint64_t sources, packets;
    } * countries, *networks;
    size_t n_countries, n_networks;
    uint64_t not_listed; /* sources of networks that have no place here */
    uint64_t damaged;    /* sources for which a database leads nowhere */
};
bool telescope_places_begin(struct report_places *ps, struct hn_arena *a); /* false: out of memory */
void telescope_places_add(struct report_places *ps, const struct hn_geo *geo, const struct hn_ip *ip, uint64_t packets);
void telescope_places_end(struct report_places *ps, struct hn_arena *a);

struct telescope_report {
    const struct telescope_engine *e;
    unsigned accepted;
    struct telescope_fold fold;
    struct telescope_tool tools[FP_COUNT];
    uint64_t sources, forgotten, pairs_dropped, v6_refused, scanner_packets;
    bool sources_exact;
    uint64_t class_events[CLASS_COUNT], os_sources[OS_COUNT];
    uint64_t events, events_open;
    uint64_t judged_sources[JUDGED_COUNT], judged_packets[JUDGED_COUNT];
    struct report_source top_sources[REPORT_TOP];
    struct report_event top_events[REPORT_TOP];
    size_t n_top_sources, n_top_events;
    struct report_campaign campaigns[REPORT_CAMPAIGNS];
    size_t n_campaigns;
    struct report_victim *victims, *reflectors;
    struct report_carpet *carpets;
    struct report_alert *alerts;
    struct report_flood *floods;
    struct report_port *ports;
    size_t n_victims, n_reflectors, n_carpets, n_alerts, n_floods, n_ports;
    uint64_t attacks_dropped;
    struct telescope_hour *hours;
    size_t n_hours;
    struct telescope_day *days;
    size_t n_days;
    struct report_places places; /* with how.geo */
};

/* From the arena, except the groups (telescope_report_done). NULL: out of memory. The engine stays as it is. */
struct telescope_report *telescope_report_new(const struct telescope_engine *e, struct hn_arena *a);
void telescope_report_done(struct telescope_report *r);
/* report_lists.c: what needs no look at every source. */
bool telescope_report_lists(struct telescope_report *r, struct hn_arena *a);
/* Packets a second of the whole Internet that the telescope's share stands for; 0: its size is not known. */
double telescope_spoofed_rate(const struct telescope_engine *e, uint64_t packets, uint32_t start, uint32_t end);

struct telescope_inputs {
    uint64_t files, unreadable, octets, damaged, skipped, dropped;
};
void telescope_report_json(const struct telescope_report *r, const struct telescope_inputs *in, size_t top,
                           struct hn_buf *out);
void telescope_report_text(const struct telescope_report *r, const struct telescope_inputs *in, size_t top,
                           struct hn_work *w);
