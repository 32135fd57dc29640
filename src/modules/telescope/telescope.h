/* telescope: what arrives at addresses where nobody lives.
 *
 *   records ─▶ observe (decode, classify, fingerprint) ─▶ sights ─▶ cells ─▶ fold ─▶ report
 *
 * A *sight* is one packet boiled down to 32 octets. A *cell* is one of TELESCOPE_CELLS shares of the state, chosen by
 * the /24 of the address that a sight is about; cells know nothing of each other, so threads share them out, two
 * instances merge cell by cell, and the result does not depend on how many threads worked. The state of one source is
 * one line of the processor's cache. Times are seconds since 1970. */
#pragma once

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/arena.h"
#include "base/ip.h"
#include "core/work.h"
#include "format/packet/capture.h"
#include "format/packet/packet.h"
#include "format/place.h"

#define TELESCOPE_CELLS 16
#define TELESCOPE_HOURS 1024 /* hours remembered, by hour modulo this */
#define TELESCOPE_PORTS (65536u * 2 + 512)
#define TELESCOPE_BLOCK 32768

/* ---------------------------------------------------------------- classes of packets */

/* name, what it is in a telescope */
#define TELESCOPE_CLASSES(XX)                                                                                          \
    XX(TCP_SYN, "tcp-syn", SCAN)                                                                                       \
    XX(TCP_SYNACK, "tcp-syn-ack", BACKSCATTER)                                                                         \
    XX(TCP_RST, "tcp-rst", BACKSCATTER)                                                                                \
    XX(TCP_RSTACK, "tcp-rst-ack", BACKSCATTER)                                                                         \
    XX(TCP_ACK, "tcp-ack", OTHER)                                                                                      \
    XX(TCP_FIN, "tcp-fin", SCAN)                                                                                       \
    XX(TCP_XMAS, "tcp-xmas", SCAN)                                                                                     \
    XX(TCP_NULL, "tcp-null", SCAN)                                                                                     \
    XX(TCP_OTHER, "tcp-other", OTHER)                                                                                  \
    XX(UDP, "udp", SCAN)                                                                                               \
    XX(UDP_REPLY, "udp-reply", REFLECTION)                                                                             \
    XX(ICMP_ECHO, "icmp-echo", SCAN)                                                                                   \
    XX(ICMP_ECHO_REPLY, "icmp-echo-reply", BACKSCATTER)                                                                \
    XX(ICMP_UNREACHABLE, "icmp-unreachable", BACKSCATTER)                                                              \
    XX(ICMP_EXCEEDED, "icmp-time-exceeded", BACKSCATTER)                                                               \
    XX(ICMP_QUENCH, "icmp-source-quench", BACKSCATTER)                                                                 \
    XX(ICMP_OTHER, "icmp-other", OTHER)                                                                                \
    XX(FRAGMENT, "fragment", OTHER)                                                                                    \
    XX(OTHER, "other", OTHER)

enum telescope_class {
#define XX(name, text, role) CLASS_##name,
    TELESCOPE_CLASSES(XX)
#undef XX
        CLASS_COUNT
};
enum telescope_role { ROLE_SCAN, ROLE_BACKSCATTER, ROLE_REFLECTION, ROLE_OTHER };
extern const char *const telescope_class_names[CLASS_COUNT];
extern const uint8_t telescope_class_roles[CLASS_COUNT];

/* ---------------------------------------------------------------- fingerprints */

/* name, text, is it proven by one packet (else by what the source does over several) */
#define TELESCOPE_FPS(XX)                                                                                              \
    XX(MIRAI, "mirai")                                                                                                 \
    XX(MIRAI_VARIANT, "mirai-variant")                                                                                 \
    XX(ZMAP, "zmap")                                                                                                   \
    XX(ZMAP4, "zmap4")                                                                                                 \
    XX(MASSCAN, "masscan")                                                                                             \
    XX(NMAP, "nmap")                                                                                                   \
    XX(HPING, "hping")                                                                                                 \
    XX(HAJIME, "hajime")

enum telescope_fp {
#define XX(name, text) FP_##name,
    TELESCOPE_FPS(XX)
#undef XX
        FP_COUNT,
    FP_NONE = 0xff
};
extern const char *const telescope_fp_names[FP_COUNT];

#define TELESCOPE_OSES(XX)                                                                                             \
    XX(NONE, "none")                                                                                                   \
    XX(LINUX, "linux")                                                                                                 \
    XX(WINDOWS, "windows")                                                                                             \
    XX(APPLE, "macos-ios")                                                                                             \
    XX(BSD, "bsd")                                                                                                     \
    XX(EMBEDDED, "embedded-linux")                                                                                     \
    XX(RAW, "raw-socket")                                                                                              \
    XX(OTHER, "other")
enum telescope_os {
#define XX(name, text) OS_##name,
    TELESCOPE_OSES(XX)
#undef XX
        OS_COUNT
};
extern const char *const telescope_os_names[OS_COUNT];

/* ---------------------------------------------------------------- sights */

#define SIGHT_V6     1u  /* src and dst are numbers in the block's table of IPv6 addresses */
#define SIGHT_VICTIM 2u  /* only about src as a victim that somebody else told of */
#define SIGHT_WEAK   4u  /* fp (there is one) is a candidate: base rate or behaviour decides */
#define SIGHT_PLAIN  8u  /* SYN without options and with a window: might have been a candidate by chance */
#define SIGHT_1024   16u /* the same with window 1024 */

struct telescope_sight {
    uint32_t src, dst, time, seq, sig;
    uint16_t sport, dport;
    uint16_t eport; /* of its event: what answers comes to random ports, and is kept under the port it answers from */
    uint8_t class, fp, os, flags, proto;
};

struct telescope_v6 {
    uint8_t src[16], dst[16];
};

/* Fills class, fingerprint, signature and guess of the operating system. p has an IP packet. */
void telescope_classify(const struct hn_packet *p, struct telescope_sight *s);

/* ---------------------------------------------------------------- state of a cell */

#define TELESCOPE_V6 0xf0000000u /* keys from here on are numbers of IPv6 addresses */

#define SOURCE_V6      1u
#define SOURCE_MEMBER  2u
#define SOURCE_SCANNER 4u  /* known and benign */
#define SOURCE_PROVEN  8u  /* nmap: the same sequence number again */
#define SOURCE_ORDER   16u /* zmap: addresses in the order of its group */
#define SOURCE_HEAVY   32u
#define SOURCE_PAIRS   64u /* stands in the set of pairs */

#define TRAIT_SEQ   1u /* differed between two packets */
#define TRAIT_SPORT 2u
#define TRAIT_SIG   4u
#define TRAIT_TCP   16u /* scanned by this protocol */
#define TRAIT_UDP   32u
#define TRAIT_ICMP  64u

/* 64 octets: one cache line. */
struct telescope_source {
    uint32_t key; /* IPv4 address, or number of an IPv6 address in the cell | 0xf0000000 */
    uint32_t first, last, packets;
    uint64_t ports, dsts; /* bit = hash modulo 64: linear counting */
    uint64_t hours;       /* bit i: seen i hours before the hour of `last` */
    uint32_t seq, sig;    /* of the first packet that had one */
    uint32_t weak_n;      /* candidates of the kind `weak` */
    uint16_t syn_n;       /* SYNs, saturating */
    uint16_t sport;
    uint16_t port_major; /* port of the majority (Boyer and Moore), its lead in port_votes */
    uint8_t port_votes;
    uint8_t weak : 4, os : 4;              /* kind of its candidates; guess from its first SYN */
    uint8_t fps, fps_twice, traits, flags; /* fingerprints seen once, twice: bit = enum telescope_fp */
};

/* One source, port and class: Merit's event, and what came before it. Two to a cache line. */
struct telescope_event {
    uint32_t key;
    uint16_t port;
    uint16_t class : 5, events : 11; /* events saturates; class_events of the cell counts them all */
    uint32_t first, start, last;     /* of all, of the present event */
    uint32_t packets, now;           /* in all, in the present event */
    uint32_t dsts;                   /* bit = hash modulo 32 */
};
#define TELESCOPE_EVENTS_MOST 2047u

/* Somebody who answers strangers: the victim of an attack with forged sources. */
struct telescope_victim {
    uint32_t key, first, last, packets;
    uint32_t start, session; /* of the present attack: since, packets */
    uint32_t ring_at;        /* ten-second step of ring[0] */
    uint16_t ring[6];        /* the last 60 seconds */
    uint16_t ppm;            /* most in a minute of the present attack */
    uint16_t port, port_votes;
    uint8_t class, flags;
    uint64_t dsts, spare; /* to a whole cache line */
};
#define VICTIM_V6 1u

struct telescope_attack {
    uint32_t key, start, end, packets;
    uint16_t ppm, port;
    uint8_t class, flags;
    bool open;
    uint64_t dsts;
};

#define TELESCOPE_ATTACKS 4096u  /* of a cell, remembered */
#define TELESCOPE_ALERTS  65536u /* the same */

/* A member's address that sends into the darkness. */
struct telescope_alert {
    uint32_t key, first, last, packets, episodes;
    uint32_t raised;       /* begin of the present episode */
    uint32_t told, closed; /* episodes whose begin, whose end was told, live */
    uint32_t member;       /* index in the list of members */
    uint32_t classes;      /* bit = class */
    uint16_t port_major, port_votes;
    uint8_t fps, flags, n_evidence;
    struct telescope_evidence {
        uint32_t time, dst;
        uint16_t sport, dport;
        uint8_t class, fp;
    } evidence[4];
};

/* Misra-Gries: destinations that stand out. What every packet looks at lies together, four places to a set. */
struct telescope_hot {
    uint32_t dst, first, last;
    uint16_t port;
    uint8_t class;
    uint64_t sources[4];
};
struct telescope_hot_set {        /* one cache line; of what came once, all is here */
    uint32_t tag[4], n[4];        /* hash of destination, class and port; packets, 0 unused */
    uint32_t first[4], source[4]; /* of the first packet */
};
#define TELESCOPE_HOT_SETS 64

/* The latest destinations of a source that might be ZMap (order.c). */
#define TELESCOPE_TRAIL  16
#define TELESCOPE_TRAILS 2048
struct telescope_trail {
    uint32_t key, last; /* 0 unused */
    uint16_t n, tries;
    uint32_t dst[TELESCOPE_TRAIL];
};

/* Entries lie one behind the other in the order in which they came; an index of four octets each finds them:
 *
 *   hash ─▶ buckets[hash * n_buckets / 2^32], the next one when that is full ─▶ entries[number]
 *
 * A bucket is one line of the cache. All of its tags are compared at once, because a walk from place to place ends
 * after a number of steps that the processor cannot foresee, and that costs more than the comparison. */
#define TELESCOPE_BUCKET 16u
struct telescope_bucket {
    uint8_t tag[TELESCOPE_BUCKET]; /* 0: free, and so are those behind it */
    uint16_t low[TELESCOPE_BUCKET];
    uint8_t high[TELESCOPE_BUCKET]; /* of the number */
};
#define TELESCOPE_ENTRIES 0xfffffeu /* most numbers of 24 bits */

struct telescope_memory {
    uint8_t *p, *from; /* p: from the first cache line on */
    size_t mapped;     /* octets from the kernel; 0: from the heap */
};

struct telescope_table {
    uint8_t *p;       /* entries */
    uint32_t room, n; /* entries */
    struct telescope_bucket *buckets;
    uint32_t n_buckets;
    struct telescope_memory entries, index;
};

struct telescope_hour {
    uint32_t hour; /* since 1970; 0 unused. Packets are counted in the first cell for all */
    uint32_t sources;
    uint64_t packets;
};

#define TELESCOPE_CAMPAIGNS 512
#define TELESCOPE_GROUPS    16384
/* Sources of one label and one main port. */
struct telescope_group {
    uint64_t label; /* fingerprint, or signature | GROUP_UNKNOWN */
    uint16_t port;
    uint8_t proto, used;
    uint32_t first, last;
    uint64_t sources, packets;
    uint8_t spread[64]; /* HyperLogLog of /24 */
    uint32_t day_hours; /* bit = hour of the day (UTC) that its sources were last active in */
    uint32_t hours[24]; /* sources in the hour at which the fold is made, the one before, … */
};
#define GROUP_UNKNOWN (UINT64_C(1) << 32)

struct telescope_tool {
    uint64_t packets, sources, confirmed;
};

/* Sums over sources. */
struct telescope_fold {
    struct telescope_tool many[FP_COUNT]; /* candidates that their source's behaviour proves */
    struct telescope_group *groups;       /* made when first needed */
    uint32_t groups_cap, n_groups;
    uint32_t hour;           /* of groups' hours, since 1970; 0: they are not counted */
    uint64_t groups_dropped; /* sources without a place */
    uint64_t scanners, investigators;
};

struct telescope_day {
    uint32_t day;                                             /* since 1970; 0 unused */
    uint32_t distinct[FP_COUNT + 1], returning[FP_COUNT + 1]; /* last: every source */
};
#define TELESCOPE_DAYS 64

struct telescope_cell {
    struct telescope_table sources, events, victims;
    uint32_t hour_from; /* second at which the hour of the latest sight began */
    struct telescope_salt {
        uint64_t a, b; /* b is odd */
    } salt;            /* of this process: who sends chooses addresses, and shall not choose places */
    struct telescope_v6_table {
        uint8_t (*addr)[16]; /* by number */
        uint32_t *slots, cap, n, room;
    } v6;
    uint64_t *pairs; /* (key, protocol, port) that only answers and odd packets reached */
    uint32_t pairs_n, pairs_cap;
    uint64_t pairs_dropped, v6_refused; /* beyond what is remembered */
    uint64_t class_events[CLASS_COUNT], os_sources[OS_COUNT];
    struct telescope_tool strong[FP_COUNT]; /* proven by single packets */
    uint64_t once[FP_COUNT];                /* sources with one SYN, which is a candidate */
    struct telescope_fold gone;             /* forgotten sources */
    struct telescope_hour hours[TELESCOPE_HOURS];
    struct telescope_day days[TELESCOPE_DAYS];
    struct telescope_hot_set hot_sets[TELESCOPE_HOT_SETS];
    struct telescope_hot hot[TELESCOPE_HOT_SETS][4];
    uint8_t hot_least[TELESCOPE_HOT_SETS]; /* the place of each set that gives way next */
    struct telescope_attack *attacks;
    size_t n_attacks, attacks_cap;
    uint64_t attacks_dropped;
    struct telescope_alert *alerts;
    size_t n_alerts, alerts_cap;
    struct telescope_trail *trails;      /* TELESCOPE_TRAILS, made when first needed */
    uint32_t asked_hour, asked;          /* questions about the order of addresses */
    uint64_t scanner_packets, forgotten; /* sources put out of memory */
    uint8_t seen[4096];                  /* HyperLogLog of every source */
    bool failed;                         /* out of memory: the rest is not counted here */
    char line[64];                       /* apart from the next cell's */
};

/* ---------------------------------------------------------------- engine */

struct telescope_port {
    uint64_t packets;
    uint32_t sources;                    /* distinct, or (after something was forgotten) at most this many */
    uint32_t hour_packets, hour_sources; /* of the present hour */
    uint32_t first;
};

struct telescope_config {
    struct hn_prefixes telescopes, members, scanners;
    struct hn_arena *arena; /* the telescopes of a state that is read or merged join these, in it; NULL: they do not */
    const struct hn_geo *geo; /* NULL: not asked for */
    uint64_t addresses;       /* in all telescopes; 0 unknown */
    uint32_t idle;            /* seconds after which an event is over */
    uint32_t member_quiet;    /* seconds after which an alert is closed */
    uint32_t attack_quiet;    /* seconds after which an attack is over */
    hn_time since, until;     /* 0: no limit */
    unsigned threads;
    bool ports_only;
    bool outer; /* never enter tunnels */
    uint64_t sources_max, events_max;
};

struct telescope_surge {
    uint32_t hour;
    uint16_t port;
    uint8_t proto;
    bool new_port;
    uint32_t sources, packets;
    double expected, z;
};
#define TELESCOPE_SURGES 256

struct telescope_heat { /* one port in one hour; heat.c */
    uint32_t hour, port, packets, sources;
};
#define TELESCOPE_HEAT      8192
#define TELESCOPE_DAY_HOURS 24u

struct telescope_baseline; /* surge.c */

/* What needs no source to be known. */
struct telescope_counts {
    uint64_t records, packets, octets, outside, out_of_time, not_ip;
    uint64_t verdicts[HN_PACKET_VERDICTS];
    uint64_t telescope_packets[256];
    uint64_t class_packets[CLASS_COUNT], os_packets[OS_COUNT];
    uint64_t plain, plain1024; /* SYNs that could have been a candidate by chance */
};

struct telescope_engine {
    struct telescope_config how;
    struct telescope_cell *cells; /* TELESCOPE_CELLS */
    struct telescope_port *ports; /* TELESCOPE_PORTS, for each thread */
    struct telescope_pool *pool;
    struct telescope_baseline *baseline;
    struct telescope_surge surges[TELESCOPE_SURGES];
    size_t n_surges;
    struct telescope_heat heat[TELESCOPE_HEAT];
    uint32_t n_heat;
    uint64_t surges_dropped, port_hours; /* port_hours: tests made, for the false alarms to be expected */
    struct telescope_counts sum;
    uint8_t dsts[4096];   /* HyperLogLog of destinations */
    uint32_t first, last; /* seconds */
    uint32_t hour;        /* present */
    uint32_t data_hours;  /* hours with packets */
    uint32_t alerts_left; /* of a state: about addresses that are no member's in the present list */
    uint8_t state[32];    /* digest of the state that it was read from */
    bool failed;
};

/* NULL: out of memory. how is copied; its lists must live as long as the engine. */
struct telescope_engine *telescope_engine_new(const struct telescope_config *how);
void telescope_engine_free(struct telescope_engine *e); /* NULL is fine */
void telescope_engine_feed(struct telescope_engine *e, const struct hn_capture_record *r, size_t n);
/* The same, but other threads go on with what needs no record any more: until it is settled (or more is begun, or it is
 * freed) the engine must be left alone. */
void telescope_engine_begin(struct telescope_engine *e, const struct hn_capture_record *r, size_t n);
void telescope_engine_settle(struct telescope_engine *e);
/* Counts ports by two threads, as far as that goes without doubt in what comes next of a mapped capture (count.c), at
 * most about `most` octets. whole: the file, of which the first `fed` octets were fed; how many were fed or counted is
 * returned. unmap: pages are given back when they were read. Nothing happens when more than ports is asked for. */
size_t telescope_count(struct telescope_engine *e, struct hn_capture *c, struct hn_bytes whole, size_t fed, size_t most,
                       bool unmap);
void telescope_give_back(struct hn_bytes mapped); /* its pages, of a file: it can still be read */
/* Adds what b has seen to a; b is spent. Both must have been made with the same lists of members and scanners. */
void telescope_engine_merge(struct telescope_engine *a, struct telescope_engine *b);
void telescope_config_init(struct telescope_config *how);
/* To a descriptor, with `note` (of the caller: how far the input was read). The engine stays as it is. */
bool telescope_state_save(struct telescope_engine *e, int fd, const void *note, size_t note_size);
/* Into a fresh engine; its lists hold from here on. False: not a state of this version, damaged, or out of memory; the
 * engine is then good for telescope_engine_free() only. */
bool telescope_state_load(struct telescope_engine *e, int fd, void *note, size_t note_size);

/* ---------------------------------------------------------------- inside */

struct telescope_batch {
    struct telescope_sight *list[TELESCOPE_CELLS];
    uint32_t n[TELESCOPE_CELLS], cap[TELESCOPE_CELLS];
    struct telescope_v6 *v6;
    uint32_t n_v6, cap_v6;
    struct telescope_counts sum;
    uint8_t dsts[4096];
    uint32_t first, last;
    bool failed;
};

/* Counts by thread 0 or 1, of a settled engine, whose hour these are of; afterwards, the sum of both. */
void telescope_engine_count(struct telescope_engine *e, unsigned thread, const struct hn_capture_record *r, size_t n);
void telescope_engine_counted(struct telescope_engine *e);
void telescope_observe(const struct telescope_config *how, const struct hn_capture_record *r, size_t n,
                       struct telescope_batch *b, struct telescope_port *ports);
void telescope_cell_take(struct telescope_cell *c, const struct telescope_config *how, const struct telescope_batch *b,
                         const struct telescope_sight *s, size_t n, struct telescope_port *ports);
void telescope_victim_take(struct telescope_cell *c, const struct telescope_config *how, uint32_t key, uint32_t hash,
                           const struct telescope_sight *s, bool v6);
void telescope_member_take(struct telescope_cell *c, const struct telescope_config *how, struct telescope_source *src,
                           const struct telescope_sight *s);
void telescope_trail_take(struct telescope_cell *c, const struct telescope_config *how, struct telescope_source *src,
                          const struct telescope_sight *s);
/* Are these destinations in the order of a scan by ZMap? addresses: of the telescope, 0 unknown (a /16 is assumed). */
bool telescope_order(const uint32_t dst[TELESCOPE_TRAIL], uint64_t addresses);
/* After the sets were read or merged. */
void telescope_hot_settle(struct telescope_cell *c);
void telescope_attack_close(struct telescope_cell *c, const struct telescope_victim *v, bool open);
bool telescope_attack_qualifies(const struct telescope_victim *v);
/* Room for entries of `size` octets. False: out of memory. */
bool telescope_table_init(struct telescope_table *t, size_t size);
void telescope_table_done(struct telescope_table *t);
bool telescope_cell_init(struct telescope_cell *c);
void telescope_cell_done(struct telescope_cell *c);
/* Forgets what has been quiet longest, until the cell is below its share of the limits. */
void telescope_cell_forget(struct telescope_cell *c, const struct telescope_config *how, uint32_t now);
/* Adds one source. accepted: bit = fingerprint whose single candidates are more than chance. False: out of memory. */
bool telescope_fold_source(struct telescope_fold *f, const struct telescope_source *s, unsigned accepted);
void telescope_fold_done(struct telescope_fold *f);
void telescope_fold_merge(struct telescope_fold *a, const struct telescope_fold *b);
/* get: made when it is not there and has a place near by. NULL: there is none. */
const struct telescope_group *telescope_group_find(const struct telescope_fold *f, uint64_t label, uint8_t proto,
                                                   uint16_t port);
struct telescope_group *telescope_group_get(struct telescope_fold *f, uint64_t label, uint8_t proto, uint16_t port);
uint8_t telescope_proto(const struct telescope_source *s); /* that its main port is of */
uint64_t telescope_label(const struct telescope_source *s, unsigned accepted);
unsigned telescope_accepted(const struct telescope_engine *e);
/* hash: of the same key. find: NULL when it is not there. at: made (with packets 0) when it is not there; NULL: out of
 * memory, c->failed. What is made may move the others of its table. */
struct telescope_source *telescope_source_find(const struct telescope_cell *c, uint32_t key, uint32_t hash);
struct telescope_source *telescope_source_at(struct telescope_cell *c, uint32_t key, uint32_t hash, bool *ret_new);
struct telescope_event *telescope_event_find(const struct telescope_cell *c, uint32_t key, uint16_t port, uint8_t class,
                                             uint32_t hash);
struct telescope_event *telescope_event_at(struct telescope_cell *c, uint32_t key, uint16_t port, uint8_t class,
                                           uint32_t hash, bool *ret_new);
struct telescope_victim *telescope_victim_at(struct telescope_cell *c, uint32_t key, uint32_t hash, bool *ret_new);
/* Leaves out those that were last seen before `since`; their attacks are kept. */
void telescope_victims_forget(struct telescope_cell *c, uint32_t since);
/* Key of the same address in another cell; 0: cannot be kept there. */
uint32_t telescope_key_moved(struct telescope_cell *to, const struct telescope_cell *from, uint32_t key);
/* Key of a source that is no ordinary IPv4 address: its number in the table of IPv6 addresses; 0: cannot be kept. */
uint32_t telescope_key_other(struct telescope_cell *c, const struct telescope_batch *b,
                             const struct telescope_sight *s);
/* Is this the first packet of the source to this port, of whatever class? */
bool telescope_first_at_port(struct telescope_cell *c, struct telescope_source *src, const struct telescope_sight *s,
                             bool new_event);
void telescope_pairs_fetch(const struct telescope_cell *c, const struct telescope_sight *s);
void telescope_pairs_fetch_entry(const struct telescope_cell *c, const struct telescope_sight *s);
bool telescope_pairs_add(struct telescope_cell *c, uint64_t v);
void telescope_pairs_merge(struct telescope_cell *to, const struct telescope_cell *from);
void telescope_victims_merge(struct telescope_cell *to, const struct telescope_cell *from,
                             const struct telescope_config *how);
/* Of sources whose packets have no majority of one port, port_major becomes the one with most packets (the lowest of
 * several), whatever the order in which they came. Before a report. False: out of memory. */
bool telescope_majors(struct telescope_engine *e);
/* Adds the distinct sources of each port, counted anew. */
void telescope_port_sources(const struct telescope_cell *c, struct telescope_port *ports);
struct hn_ip telescope_key_ip(const struct telescope_cell *c, uint32_t key, bool v6);
/* Adds to an hour, unless it is older than what is remembered. */
void telescope_hour_add(struct telescope_cell *c, uint32_t hour, uint64_t packets, uint32_t sources);
void telescope_counts_add(struct telescope_counts *to, const struct telescope_counts *from);
void telescope_port_of(uint32_t index, unsigned *proto, uint16_t *port);
unsigned telescope_estimate(uint64_t bits, unsigned n);
uint64_t telescope_hll_count(const uint8_t *regs, unsigned log2_n);
void telescope_heat_add(struct telescope_engine *e, uint32_t hour, uint32_t port, uint32_t packets, uint32_t sources);
/* Both stand in the same hour (telescope_engine_hour). False: out of memory. */
bool telescope_heat_merge(struct telescope_engine *a, const struct telescope_engine *b);
/* The last day of one port (index), hours without a packet left out. */
size_t telescope_heat_of(const struct telescope_engine *e, uint32_t port,
                         struct telescope_heat ret[TELESCOPE_DAY_HOURS]);
void telescope_surge_hour(struct telescope_engine *e, uint32_t hour); /* the present hour is over */
/* b's surges and what b knows of what is usual. both: hours that both have watched. */
void telescope_surges_merge(struct telescope_engine *a, struct telescope_engine *b, uint32_t both);
/* Does something with every cell, by all threads. */
void telescope_engine_each(struct telescope_engine *e, void (*job)(struct telescope_engine *, struct telescope_cell *));
/* Enters a later hour; nothing is observed at present. */
void telescope_engine_hour(struct telescope_engine *e, uint32_t hour);
/* Puts out of memory what is beyond the limits. */
void telescope_engine_forget(struct telescope_engine *e);
/* More packets by telescope (of the first 256 of the list). A telescope that e does not have joins it when it may
 * (telescope_config.arena); else what came to it is not told apart. */
void telescope_adopt(struct telescope_engine *e, const struct hn_prefixes *list, const uint64_t packets[256]);
uint64_t telescope_addresses(const struct hn_prefixes *telescopes); /* IPv4 ones; IPv6 has too many to be counted */
size_t telescope_baseline_size(void);
bool telescope_baseline_sound(const struct telescope_baseline *b); /* as read from a file */
/* How many surges the tests made so far are expected to tell by chance; measured, surge.c says how. */
double telescope_surges_by_chance(const struct telescope_engine *e);
uint32_t telescope_hash6(uint32_t salt, const uint8_t b[16]); /* salt 0: the same in every process */
/* Number of an IPv6 address in the cell, made when new; UINT32_MAX: none left. */
uint32_t telescope_v6_number(struct telescope_cell *c, const uint8_t b[16]);
void telescope_surge_free(struct telescope_baseline *b);
/* A program that spreads by itself, as against a tool that somebody runs. */
static inline bool telescope_is_bot(enum telescope_fp fp)
{
    return fp == FP_MIRAI || fp == FP_MIRAI_VARIANT || fp == FP_HAJIME;
}
/* The fingerprint that holds for the source, or FP_NONE. */
enum telescope_fp telescope_settled(const struct telescope_source *s, unsigned accepted);

/* Places of a table: cap need not be a power of two. */
static inline uint32_t telescope_place(uint32_t hash, uint32_t cap)
{
    return (uint32_t)((uint64_t)hash * cap >> 32);
}
static inline uint32_t telescope_mix(uint32_t x)
{
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= x >> 15;
    x *= 0x846ca68bu;
    return x ^ x >> 16;
}
/* 0 … 65535 TCP, 65536 … 131071 UDP, then 256 types of ICMP (both versions), then 256 other protocols. */
static inline uint32_t telescope_port_index(unsigned proto, uint16_t port)
{
    if (proto == 6)
        return port;
    if (proto == 17)
        return 65536u + port;
    if (proto == 1 || proto == 58)
        return 131072u + (port & 255u);
    return 131072u + 256u + (proto & 255u);
}
/* Of a pair of source and port (table.c). */
static inline uint32_t telescope_pair_port(uint64_t pair)
{
    return (uint32_t)(pair >> 1) & 0x3ffff;
}
/* Marks the source in one bit of 256. */
static inline void telescope_hot_mark(struct telescope_hot *h, uint32_t source)
{
    uint32_t bit = telescope_mix(source ^ 0xa5a5u) >> 24;
    h->sources[bit >> 6] |= UINT64_C(1) << (bit & 63);
}
/* The same in every process: for sketches and samples, not for places. */
static inline uint32_t telescope_source_mark(uint32_t key)
{
    return telescope_mix(key * 0x9e3779b1u);
}
static inline uint32_t telescope_event_mark(uint32_t key, uint16_t port, uint8_t class)
{
    return telescope_mix(key * 0x9e3779b1u ^ ((uint32_t) class << 16 | port) * 0x85ebca6bu);
}
/* For places; of sources and of victims. */
static inline uint32_t telescope_keyed(const struct telescope_salt *t, uint64_t v)
{
    __extension__ typedef unsigned __int128 wide;
    wide w = (wide)(v ^ t->a) *
             t->b; /* one multiplication: its upper half tells of what stands high, the lower of the rest */
    return (uint32_t)(w >> 64) ^ (uint32_t)w;
}
static inline uint32_t telescope_source_hash(const struct telescope_salt *t, uint32_t key)
{
    return telescope_keyed(t, (uint64_t)key << 32);
}
static inline uint32_t telescope_event_hash(const struct telescope_salt *t, uint32_t key, uint16_t port, uint8_t class)
{
    return telescope_keyed(t, (uint64_t)key << 32 | (uint32_t) class << 16 | port);
}
static inline void telescope_hll_add(uint8_t *regs, unsigned log2_n, uint32_t hash)
{
    uint32_t rest = hash << log2_n;
    uint8_t rank = (uint8_t)(rest ? __builtin_clz(rest) + 1 : 33 - (int)log2_n);
    uint8_t *r = &regs[hash >> (32 - log2_n)];
    if (*r < rank)
        *r = rank;
}

static inline struct telescope_source *telescope_sources(const struct telescope_table *t)
{
    return (struct telescope_source *)(void *)t->p;
}
static inline struct telescope_event *telescope_events(const struct telescope_table *t)
{
    return (struct telescope_event *)(void *)t->p;
}
static inline struct telescope_victim *telescope_victims(const struct telescope_table *t)
{
    return (struct telescope_victim *)(void *)t->p;
}

/* Which of a bucket's places have this tag? Bit = place. */
static inline unsigned telescope_tags(const struct telescope_bucket *b, uint8_t tag)
{
#ifdef __SSE2__
    __m128i tags = _mm_load_si128((const __m128i *)(const void *)b->tag);
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(tags, _mm_set1_epi8((char)tag)));
#else
    unsigned found = 0;
    for (unsigned i = 0; i < TELESCOPE_BUCKET; i++)
        found |= (unsigned)(b->tag[i] == tag) << i;
    return found;
#endif
}
static inline uint8_t telescope_tag(uint32_t hash)
{
    return (uint8_t)(hash | 128u); /* never 0 */
}
static inline bool telescope_full(const struct telescope_bucket *b)
{
    return b->tag[TELESCOPE_BUCKET - 1] != 0;
}
static inline uint32_t telescope_number(const struct telescope_bucket *b, unsigned place)
{
    return (uint32_t)b->high[place] << 16 | b->low[place];
}
static inline struct telescope_bucket *telescope_bucket_of(const struct telescope_table *t, uint32_t hash)
{
    return &t->buckets[telescope_place(hash, t->n_buckets)];
}
static inline struct telescope_bucket *telescope_bucket_next(const struct telescope_table *t,
                                                             const struct telescope_bucket *b)
{
    size_t next = (size_t)(b - t->buckets) + 1;
    return &t->buckets[next == t->n_buckets ? 0 : next];
}

/* Number + 1 of an entry whose tag fits, which is nearly always the one; 0: there is none. Whether there is one cannot
 * be foreseen, so no branch asks for it. */
static inline uint32_t telescope_guess(const struct telescope_table *t, uint32_t hash)
{
    const struct telescope_bucket *b = telescope_bucket_of(t, hash);
    unsigned found = telescope_tags(b, telescope_tag(hash));
    while (__builtin_expect(!found & telescope_full(b), 0)) {
        b = telescope_bucket_next(t, b);
        found = telescope_tags(b, telescope_tag(hash));
    }
    uint32_t number = telescope_number(b, (unsigned)__builtin_ctz(found | 1u << (TELESCOPE_BUCKET - 1))) + 1;
    return number & (uint32_t) - (int32_t)(found != 0);
}
static inline bool telescope_event_is(const struct telescope_event *e, uint32_t key, uint16_t port, uint8_t class)
{
    return e->key == key && e->port == port && e->class == class;
}

/* ---------------------------------------------------------------- verbs */

int telescope_replay(struct hn_work *w);
int telescope_watch(struct hn_work *w);
int telescope_merge(struct hn_work *w);

/* ---------------------------------------------------------------- captures that grow (follow.c) */

#define TELESCOPE_FOLLOWED 16384u
/* How far captures have been read, kept with the state: by their first packet, since names and places change. */
struct telescope_followed {
    uint32_t n, turn;
    struct telescope_capture {
        uint64_t id, packets; /* hash of the first packet; packets taken */
        uint64_t octets;      /* length of the file when all of it was read; 0: not yet */
        uint32_t turn, spare; /* of the last use */
    } list[TELESCOPE_FOLLOWED];
};

struct telescope_inputs;
struct telescope_follow;
struct telescope_follow *telescope_follow_new(void);
void telescope_follow_free(struct telescope_follow *f); /* NULL is fine */
/* A piece of a capture into the engine; false: there is nothing at present. */
bool telescope_follow_next(struct telescope_follow *f, struct hn_work *w, struct telescope_engine *e,
                           struct telescope_inputs *in);
/* NULL f: nothing is kept, whatever was kept is good. */
void telescope_follow_keep(const struct telescope_follow *f, struct telescope_followed *to);
bool telescope_follow_load(struct telescope_follow *f, const struct telescope_followed *from);
