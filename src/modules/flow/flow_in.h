/* Inside the module flow: from records to suspects.
 *
 *   inputs ─▶ records ─▶ stitch ─▶ pairs, fans, hosts ─▶ peel off the loud ─▶ score ─▶ suspects
 *
 * Everything but the reading is bounded state that grows with hosts and pairs, not with flows. */
#pragma once

#include "base/arena.h"
#include "core/text.h"
#include "core/work.h"
#include "format/flow/export.h"
#include "format/flow/flow.h"
#include "format/flow/log.h"

/* ---------------------------------------------------------------- state */

#define FLOW_TIMES 1024u /* begins of contacts kept per pair: the latest */
#define FLOW_SIZES 6u
#define FLOW_BINS  64u
#define FLOW_OPEN  2u

struct flow_size {
    uint64_t bytes;
    uint32_t n;
};

/* A connection as an exporter tells it, in pieces: one a minute, say, for as long as it lasts. */
struct flow_open {
    hn_time first, last;
    hn_time told; /* how long its first piece was */
    uint16_t sport;
};

/* What one host says to one service of another. */
struct flow_pair {
    struct hn_ip src, dst;
    uint16_t port;
    uint8_t proto;
    bool payload_only; /* octets are counted without headers */
    uint16_t apps;     /* bit per enum hn_flow_app */
    uint32_t next;     /* in the bucket */
    uint32_t n, failed, answered;
    hn_time first, last, end; /* begins of the first and last contact; end of the latest */
    hn_time longest;
    uint64_t packets, bytes, packets_back, bytes_back;
    struct flow_size sizes[FLOW_SIZES]; /* the commonest request sizes (Misra and Gries 1982) */
    uint64_t bins;                      /* one bit a time slice that had a contact, from `from` on */
    hn_time bin, from;                  /* length of a slice; doubles when 64 do not reach */
    hn_time *times;                     /* ring of FLOW_TIMES, or fewer while there are few */
    uint32_t *octets;                   /* of the request of each, at most UINT32_MAX */
    hn_time spoken;                     /* durations of all, added up */
    uint32_t n_times, cap_times;        /* n_times counts on beyond the ring */
    uint32_t pieces;                    /* records that only go on with a connection: no contacts */
    uint32_t long_names;                /* packets to port 53 of 125 octets or more */
    uint32_t listed, listed_flows;      /* a fingerprint on a list: which indicator, from 1; flows that had it */
    struct flow_open open[FLOW_OPEN];   /* the latest connections, to know their later pieces by */
};

/* One host, one port, many peers: what a scan looks like. Or one peer, many ports (port 0, dst set). */
struct flow_fan {
    struct hn_ip src, dst; /* dst.family 0: many peers on `port`; else many ports of `dst` */
    uint16_t port;
    uint8_t proto;
    uint32_t next;
    uint32_t n, failed;
    uint64_t seen[8]; /* linear counting of peers or ports, 512 bits (Whang 1990) */
    uint64_t inside;  /* … of peers inside, 64 bits */
    hn_time first, last;
};

struct flow_host {
    struct hn_ip ip;
    uint32_t next;
    uint32_t n_src, n_dst;
    uint32_t failing_pairs;  /* peers that never answer, asked again and again */
    uint32_t dns, dns_in;    /* queries sent; asked of it */
    uint32_t mail_in;        /* connections to its port 25 */
    uint32_t knocks;         /* places of ours that never answered it; a scan counts five */
    uint32_t commanded;      /* hosts of ours that it seems to command */
    uint64_t peers[16];      /* that answered: linear counting, 1024 bits */
    uint64_t high_peers[16]; /* … of those spoken to on high ports at both ends */
    uint64_t users[4];       /* hosts of ours that speak to it: linear counting, 256 bits */
    hn_time first, last;
    double acts, commands; /* scores: of the worst that it does to others; of the worst channel that it serves */
};

struct flow_names;

struct flow_state {
    struct flow_names *names; /* what name servers were asked; NULL: nothing */
    struct flow_pair *pairs;
    struct flow_fan *fans;
    struct flow_host *hosts;
    uint32_t *pair_buckets, *fan_buckets, *host_buckets;
    size_t n_pairs, n_fans, n_hosts, cap_pairs, cap_fans, cap_hosts, n_buckets;
    uint64_t flows, without_time, sampled, begun, forgotten; /* forgotten: pairs dropped because memory ended */
    uint32_t sampling_most;
    hn_time first, last;
    hn_time now;    /* of this machine; 0: no flow is taken to lie ahead */
    hn_time so_far; /* like last, of flows that do not lie ahead, at most now; 0: there is none */
    uint64_t ahead; /* flows that begin later than clocks differ */
    struct flow_net {
        struct hn_ip net;
        unsigned bits;
    } internal[64]; /* named by the user, else learnt */
    size_t n_internal;
    struct flow_network {
        struct hn_ip net;  /* family 0: free */
        uint64_t users[4]; /* hosts of ours that asked it: linear counting */
    } * networks;          /* of peers outside: flow_networks_learn() */
    size_t n_networks, own_hosts;
    const struct flow_intel *intel; /* or NULL */
    uint64_t (*print_users)[4];     /* hosts of ours that have a listed fingerprint: linear counting, by indicator */
    const struct flow_opinions *opinions; /* or NULL */
    bool only_intel;                      /* nothing else is asked about */
    bool failed;
};

HN_MUST struct hn_err flow_state_init(struct flow_state *s);
void flow_state_done(struct flow_state *s);
void flow_state_add(struct flow_state *s, const struct hn_flow *f);
struct flow_host *flow_host_find(const struct flow_state *s, const struct hn_ip *ip);
struct flow_fan *flow_fan_find(const struct flow_state *s, const struct hn_ip *src, const struct hn_ip *dst,
                               uint16_t port, uint8_t proto);
/* The prefixes of --internal; s NULL: they are only looked at. False: one is none, or they are too many. */
bool flow_internal_take(struct hn_work *w, struct flow_state *s);
/* Is it one of those that are watched: within `internal`, which the user named or flow_own_learn() made? */
bool flow_is_own(const struct flow_state *s, const struct hn_ip *ip);
/* Without names from the user: private addresses, and the prefixes that most of the rest have in common. */
HN_MUST struct hn_err flow_own_learn(struct flow_state *s, struct hn_arena *a);
unsigned flow_distinct(const uint64_t *bits, unsigned words);
void flow_mark(uint64_t *bits, unsigned words, const void *what, size_t n);
void flow_bin(struct flow_pair *p, hn_time at); /* a contact, in the pair's slices of time */

/* ---------------------------------------------------------------- one-way records */

/* Exporters of one-way flows tell a conversation twice. The two are put together: what began first is the request. */
struct flow_stitch;
struct flow_stitch *flow_stitch_new(struct flow_state *to);
void flow_stitch_free(struct flow_stitch *t);
void flow_stitch_add(struct flow_stitch *t, const struct hn_flow *f);
void flow_stitch_end(struct flow_stitch *t);

/* ---------------------------------------------------------------- scoring */

/* Kinds of suspects; their numbers are part of the ids of alerts: new ones come last. name in answers, technique of
 * ATT&CK ("" where it depends), is it a channel (else an act) */
#define FLOW_KIND_MAP(XX)                                                                                              \
    XX(BEACON, "beacon", "", true)                                                                                     \
    XX(INTEL, "intel", "", true)                                                                                       \
    XX(DNS, "dns-tunnel", "T1071.004", true)                                                                           \
    XX(SCAN, "scan", "T1046", false)                                                                                   \
    XX(PORT_SCAN, "port-scan", "T1046", false)                                                                         \
    XX(LATERAL, "lateral", "T1021", false)                                                                             \
    XX(SPAM, "spam", "T1071.003", false)                                                                               \
    XX(FLOOD, "flood", "T1498", false)                                                                                 \
    XX(UPLOAD, "upload", "T1048", false)                                                                               \
    XX(MADE_UP, "made-up-names", "T1568.002", false)                                                                   \
    XX(FLUX, "fast-flux", "T1568.001", false)
enum flow_kind {
#define XX(name, text, technique, channel) FLOW_##name,
    FLOW_KIND_MAP(XX)
#undef XX
        FLOW_KINDS
};
const char *flow_kind_name(enum flow_kind k);
bool flow_kind_is_channel(enum flow_kind k);

#define FLOW_TERMS_MAX 16u
struct flow_term {
    const char *name;
    double weight, value;
};

/* The shape of contacts in time, from the begins that were kept. Intervals in nanoseconds. */
struct flow_rhythm {
    uint32_t contacts; /* begins closer than half a second are one */
    hn_time median;
    double dispersion; /* median absolute deviation / median; of sums of two or three where the rhythm is composed */
    double skew;       /* Bowley's, 0 symmetric … 1 */
    double steady;     /* 0 none … 1 like a clock */
    double local;      /* median of |ln(interval / the one before)|: steady between changes of the sleep */
    double multiples;  /* share of intervals at 1, 2, 3, 4 times the median: contacts that were missed */
    unsigned composed; /* 1, or how many intervals make the period */
};

struct flow_suspect {
    enum flow_kind kind;
    const struct flow_pair *pair; /* of a channel, a flood, an upload; else NULL */
    const struct flow_fan *fan;   /* of a scan and its like */
    bool inward;                  /* the other side began */
    double logit, score;          /* score 0 … 1 */
    struct flow_rhythm rhythm;
    double same_size;
    struct flow_term terms[FLOW_TERMS_MAX];
    size_t n_terms;
    unsigned peers;
    unsigned more;                  /* of the same kind by the same host: other ports */
    unsigned pool;                  /* addresses of one network that take turns; 0: one peer */
    struct hn_str list, what;       /* of an indicator: which list, what it says */
    struct hn_str print;            /* of TLS, "ja4 t13…", that an indicator names; or empty */
    bool only_print;                /* … and the address is on no list */
    struct hn_str verdict, opinion; /* what somebody judged it to be, and why; or empty */
    double judged;                  /* part of the logit that comes of opinions */
};

/* Of a suspect: the host of ours, the other side (family 0: many), service. */
const struct hn_ip *flow_suspect_host(const struct flow_suspect *x);
const struct hn_ip *flow_suspect_peer(const struct flow_suspect *x);
unsigned flow_suspect_port(const struct flow_suspect *x);
const char *flow_technique(const struct flow_suspect *x);

/* Why a pair is no suspect, whatever its rhythm. name, text key "flow.peel.<name>" */
#define FLOW_PEEL_MAP(XX)                                                                                              \
    XX(KEPT, kept)                                                                                                     \
    XX(FEW, few)                                                                                                       \
    XX(ROLE, role)                                                                                                     \
    XX(SCAN, scan)                                                                                                     \
    XX(GUESSING, guessing)                                                                                             \
    XX(KNOCKING, knocking)                                                                                             \
    XX(FLOOD, flood)                                                                                                   \
    XX(PEER_TO_PEER, p2p)                                                                                              \
    XX(INSIDE, inside)
enum flow_peel {
#define XX(name, low) FLOW_PEEL_##name,
    FLOW_PEEL_MAP(XX)
#undef XX
        FLOW_PEELS
};

struct flow_verdicts {
    struct flow_suspect *list; /* worst first, in the arena */
    size_t n;
    uint64_t peeled[FLOW_PEELS]; /* pairs */
};

#define FLOW_ALERT 0.5

void flow_rhythm_of(const struct flow_pair *p, struct flow_rhythm *ret);

/* Who else uses a peer's network (/24, /48), after flow_own_learn(); what is learnt lives in the arena. */
HN_MUST struct hn_err flow_networks_learn(struct flow_state *s, struct hn_arena *a);
struct hn_ip flow_network_of(const struct hn_ip *ip);
unsigned flow_network_users(const struct flow_state *s, const struct hn_ip *ip);
/* Channels behind a network that many use, an address of it after the other: rhythm and size set, not weighed. */
size_t flow_pools(struct flow_state *s, struct hn_arena *a, struct flow_suspect **ret);

/* Adds a term; score_of turns the sum into 0 … 1. */
void flow_term(struct flow_suspect *x, const char *name, double weight, double value);
double flow_score_of(double logit);
static inline double flow_clamp(double v)
{
    return v < 0 ? 0 : v > 1 ? 1 : v;
}

/* What a pair is whatever its rhythm (peel.c). */
enum flow_peel flow_peel_of(const struct flow_state *s, const struct flow_pair *p, bool own_src, bool own_dst);
bool flow_is_group(const struct hn_ip *ip); /* multicast, broadcast */
bool flow_is_p2p(const struct flow_host *h);
bool flow_is_role(const struct flow_pair *p);
bool flow_is_scan(const struct flow_fan *f);
bool flow_common_port(uint16_t port);
bool flow_irc_port(uint16_t port);
bool flow_held_port(uint16_t port);
bool flow_mail_port(uint16_t port);
bool flow_admin_port(uint16_t port);
bool flow_never_answers(const struct flow_pair *p);
double flow_per_second(const struct flow_pair *p);

/* What hosts do to others: scans, floods, spam, … one suspect a host and kind, appended to list; notes it in
 * flow_host.acts. list NULL: only how many it may be. */
size_t flow_acts(struct flow_state *s, struct flow_suspect *list);

/* Questions to name servers, where a log or a capture has them (names.c): names made up by the hundred, names whose
 * addresses are strewn over the world. Suspects in the arena; after flow_own_learn(). */
void flow_names_add(struct flow_state *s, const struct hn_flow_name *n);
void flow_names_free(struct flow_names *t);
uint64_t flow_names_forgotten(const struct flow_names *t); /* hosts and names beyond what is kept */
size_t flow_names_judge(struct flow_state *s, struct hn_arena *a, struct flow_suspect **ret);
/* The score of the names by which src came to dst; 0: none that is suspect. */
double flow_names_of(const struct flow_state *s, const struct flow_pair *p);

/* What the collector remembers of exporters, in the module's folder. */
#define FLOW_STATE_FILE "exporters"
#define FLOW_STATE_MAX  (256u << 20)
/* Files of the folder, whole. False: it is not there or cannot be read; it was not written (told). */
bool flow_file_read(struct hn_work *w, const char *name, struct hn_buf *ret);
bool flow_file_write(struct hn_work *w, const char *name, const struct hn_buf *b);
/* Gives x the numbers that exporters have in this store; before the first packet. */
void flow_register_load(struct hn_work *w, struct hn_export *x);
/* False (said): it cannot be written. */
bool flow_register_save(struct hn_work *w, const struct hn_export *x);

/* False: its packets came out of a file, and nobody knows who sent them. */
bool flow_exporter_known(const struct hn_exporter *e);

/* A service of ours that scanners reached within the last day: before the latest flow that our clock has seen the time
 * of. */
struct flow_scanned {
    struct hn_ip host, source; /* source: one of them */
    uint8_t proto;
    uint16_t port;
    uint32_t sources;
    hn_time last;
};
/* Those with most sources first, in the arena; how many. After flow_judge_all(), which learns whose hosts are ours. */
size_t flow_scanned_of(struct flow_state *s, struct hn_arena *a, struct flow_scanned **ret);
void flow_keep_scanned(struct hn_work *w, const struct flow_state *s, const struct hn_export *x,
                       const struct flow_scanned *list, size_t n, hn_time at);

HN_MUST struct hn_err flow_judge_all(struct flow_state *s, struct hn_arena *a, struct flow_verdicts *ret);

/* ---------------------------------------------------------------- inputs, answers */

struct flow_input_stats {
    const char *kind; /* "pcap", "exports", "nfdump", "zeek", … */
    uint64_t flows, names, prints, packets, malformed, other;
    const char *why; /* what ended or spoiled it, or NULL */
    uint64_t at;
};

struct flow_reader {
    struct hn_work *w;
    void (*flow)(void *arg, const struct hn_flow *f);
    void (*name)(void *arg, const struct hn_flow_name *n); /* or NULL: not asked for */
    void *arg;
    struct hn_export *exports;   /* over all inputs of a run */
    struct hn_flow_joins *joins; /* the same */
    struct hn_str map;
    bool as_exports; /* captures hold export packets */
};

/* Inputs in the order in which they are named, but for Zeek's conn.log, which comes after what other logs say of its
 * connections. Only plain files can wait. */
struct flow_inputs {
    struct hn_work *w;
    const char *option; /* NULL: positional */
    struct hn_input *waiting;
    size_t n, cap, given;
};
bool flow_inputs_next(struct flow_inputs *t, struct hn_input *ret);
void flow_inputs_done(struct flow_inputs *t);

/* Reads one input of any kind that is known, whole. */
void flow_read(struct flow_reader *r, struct hn_input *in, struct flow_input_stats *ret);

/* "192.0.2.0/24=1000": what one packet of these exporters stands for. False: not understood. */
bool flow_sampling_given(struct hn_export *x, struct hn_str text);

/* ---------------------------------------------------------------- what people say: alerts judged, indicators */

#define FLOW_ID          18u /* "1f00aa42-9bc0d4e1" and the NUL */
#define FLOW_INTEL_LISTS 256u
void flow_alert_id(const struct flow_suspect *x, char out[FLOW_ID]);
struct flow_opinions *flow_opinions_load(struct hn_work *w); /* in the worker's arena; NULL: out of memory */
void flow_opinions_apply(const struct flow_opinions *o, struct flow_suspect *x);
/* What a verdict on an alert itself adds to its log-odds; what is judged benign is no alert after it. */
double flow_verdict_weight(struct hn_str verdict, double unjudged);

struct flow_intel *flow_intel_load(struct hn_work *w); /* NULL: out of memory */
void flow_intel_free(struct flow_intel *t);            /* what it holds; itself belongs to the arena */
size_t flow_intel_size(const struct flow_intel *t);
/* Is a fingerprint of the flow on a list? The number of the indicator, from 1; 0: none. */
uint32_t flow_intel_print(const struct flow_intel *t, const struct hn_flow_tls *tls);
size_t flow_intel_prints(const struct flow_intel *t); /* indicators of that sort */
/* What that indicator is: which list, what it says, "ja4 t13…". */
void flow_intel_print_of(const struct flow_intel *t, uint32_t number, struct hn_str *ret_list, struct hn_str *ret_what,
                         struct hn_str *ret_text);
/* Is the other side of the pair on a list? Which, and what the list says of it. */
bool flow_intel_match(const struct flow_intel *t, const struct flow_pair *p, bool inward, struct hn_str *ret_list,
                      struct hn_str *ret_what);

/* ---------------------------------------------------------------- what is kept, what was kept */

extern const struct hn_field flow_suspect_fields[]; /* module.c; ends with {0} */
void flow_keep_suspects(struct hn_work *w, const struct flow_verdicts *v, hn_time at);
/* With --known: what the store knows of a host's suspects (JSON) is told anew, the one with this id as judged. An exit
 * code. */
int flow_keep_known(struct hn_work *w, struct hn_str id, struct hn_str verdict, struct hn_str reason);
void flow_keep_exporters(struct hn_work *w, const struct hn_export *x, hn_time at);
/* What a meter over an interface saw, and what it did not. */
struct flow_meter_health {
    struct hn_str interface;
    uint64_t packets, flows, malformed;
    uint64_t dropped; /* packets that the kernel had no room for */
    uint64_t early;   /* flows handed out before their end, because there were too many at a time */
    hn_time first;
};
void flow_keep_meter(struct hn_work *w, const struct flow_meter_health *h, hn_time at);
const char *flow_protocol_name(uint8_t version); /* "netflow9" */
const char *flow_benign_if(struct hn_arena *a, enum hn_lang lang, const struct flow_suspect *s);
/* All flows of the archive that began in [since, until); until 0: no end. False: out of memory. */
bool flow_stored_read(struct hn_work *w, hn_time since, hn_time until, void (*flow)(void *, const struct hn_flow *),
                      void *arg);
/* Looks through the archive for what is on these lists; an exit code. */
int flow_replay_stored(struct hn_work *w, struct flow_intel *t);

/* ---------------------------------------------------------------- verbs */

int flow_intel_verb(struct hn_work *w);
int flow_judge_verb(struct hn_work *w);
int flow_replay(struct hn_work *w);
int flow_list(struct hn_work *w);
int flow_shape(struct hn_work *w);
int flow_timeline(struct hn_work *w);
int flow_top(struct hn_work *w);
int flow_pairs(struct hn_work *w);
int flow_import(struct hn_work *w);
int flow_collect(struct hn_work *w);
int flow_watch(struct hn_work *w);

/* ---------------------------------------------------------------- stored flows */

/* Writes segments into the module's folder: flows-<time>-<n>, a new file every `rotate`; a file that is being written
 * is one as well, complete up to its last block. */
struct flow_archive;
struct flow_archive *flow_archive_new(struct hn_work *w, hn_time rotate); /* NULL: out of memory */
/* Whose numbers its flows say: the register is written before them. */
void flow_archive_numbers(struct flow_archive *a, const struct hn_export *x);
void flow_archive_add(struct flow_archive *a, const struct hn_flow *f);
/* What waits is written and made durable when it has waited for `most`; 0: now. False: writing failed. */
bool flow_archive_flush(struct flow_archive *a, hn_time most);
uint64_t flow_archive_written(const struct flow_archive *a, uint64_t *ret_octets);
/* Removes the oldest files beyond age or size; 0: no limit. Gives how many. */
size_t flow_archive_prune(struct flow_archive *a, hn_time age, uint64_t octets);
void flow_archive_free(struct flow_archive *a);

/* "203.0.113.7 contacts 198.51.100.1 port 443 every 60 s …" in one language, from the terms, largest first. */
struct hn_str flow_sentence(struct hn_arena *a, enum hn_lang lang, const struct flow_suspect *s);
