/* Inside the reader of export packets: what the versions share. */
#pragma once

#include "base/cur.h"
#include "base/map.h"
#include "format/flow/export.h"

struct export_field {
    uint16_t id, length; /* length 65535: variable (IPFIX) */
    uint32_t pen;        /* private enterprise number; 0: IANA, or v9 */
};

struct export_template {
    uint16_t id;
    uint16_t n;      /* fields, scopes first */
    uint16_t scopes; /* >0, or options: an options template */
    bool options;
    bool variable;  /* some field has a variable length */
    uint32_t least; /* shortest record, octets */
    hn_time seen;
    struct export_field f[];
};

struct export_sampler {
    uint64_t id; /* selector id */
    uint32_t rate;
};

struct export_waiting {
    uint16_t id;
    uint32_t n; /* octets that follow */
    uint32_t time;
    uint32_t uptime;
    hn_time received;
};

/* How the sequence numbers of an exporter went, if they count as is supposed. */
struct export_run {
    bool has;
    uint32_t next;             /* expected */
    uint32_t gap_from, gap_to; /* the last gap: numbers that did not come in their turn */
    uint64_t fits;             /* packets that were the next ones */
    uint64_t lost, gaps, disordered, restarts;
};

/* One sender of an exporter (RFC 7011: transport session): several may share its address and domain, each with numbers
 * of its own. */
#define EXPORT_SESSIONS 4u
struct export_session {
    bool used, wanders;              /* wanders: has gone on from another port before */
    uint16_t port;                   /* of the sender; 0: not known */
    uint64_t turn;                   /* of the last packet, among those of the exporter */
    struct export_run run, flows_to; /* as the protocol has it; IPFIX of softflowd (netflow9.c) */
};

struct export_one {
    struct hn_exporter is; /* first: what people see */
    struct hn_export *x;
    struct export_template **templates; /* sorted by id */
    size_t n_templates, cap_templates;
    struct export_sampler samplers[HN_EXPORT_SAMPLERS_MAX];
    size_t n_samplers;
    uint32_t default_rate; /* of options without selector, of a v5 header; 0: none */
    struct export_session sessions[EXPORT_SESSIONS];
    struct export_run past; /* counts of sessions that gave way to others */
    bool has_boot;          /* systemInitTimeMilliseconds was told */
    uint64_t boot_ms;
    uint32_t override;     /* 0: none */
    struct hn_buf waiting; /* data sets without template: struct export_waiting and octets */
};

struct export_override {
    struct hn_ip net;
    unsigned bits;
    uint32_t rate;
};

struct hn_export {
    struct hn_export_sink sink;
    uint16_t port; /* that the packet at hand was sent from; 0: not known */
    struct export_one **all;
    size_t n, cap;
    struct hn_map by_key;
    struct hn_map by_number; /* numbers by the same keys */
    struct hn_export_number *numbers;
    size_t n_numbers, cap_numbers;
    uint32_t highest;
    size_t memory; /* of templates and waiting data */
    struct export_override overrides[64];
    size_t n_overrides;
    uint64_t strange[HN_EXPORT_BADS];
};

/* When a packet was made, as its header says: for times that count from boot. */
struct export_when {
    hn_time received;
    uint32_t seconds;   /* UNIX */
    uint32_t uptime_ms; /* v5, v7, v9 */
    bool has_uptime;
};

/* Address, domain and version in one: what exporters are found by. */
#define EXPORT_KEY_BYTES 22u
void export_key(uint8_t key[EXPORT_KEY_BYTES], const struct hn_ip *from, uint32_t domain, uint8_t version);
/* Its number, a new one if it has none; 0: over a limit, which must not cost its flows. */
uint32_t export_number(struct hn_export *x, const struct hn_ip *from, uint32_t domain, uint8_t version);
void export_numbers_free(struct hn_export *x);

/* NULL: over a limit (counted). domain and version as in struct hn_exporter. */
struct export_one *export_find(struct hn_export *x, const struct hn_ip *from, uint32_t domain, uint8_t version,
                               hn_time received, size_t octets);
void export_bad(struct export_one *e, enum hn_export_bad b);
/* n: what this packet advances the number by; known false: it cannot be told (data without template). */
void export_sequence(struct export_one *e, uint32_t sequence, uint32_t n, bool known);
/* The same of IPFIX, whose number may also be that behind its own flows, options not counted: what fits counts. */
void export_sequence_ipfix(struct export_one *e, uint32_t sequence, uint32_t n, uint32_t flows, bool known);
void export_flow(struct export_one *e, struct hn_flow *f);
uint32_t export_rate(const struct export_one *e, bool has_selector, uint64_t selector);
void export_sampler_set(struct export_one *e, bool has_selector, uint64_t selector, uint64_t rate);
void export_skew(struct export_one *e, hn_time received, uint32_t seconds);
/* Uptime in milliseconds of the header's clock, wrap-safe (49.7 days). */
hn_time export_uptime(const struct export_when *w, uint32_t ms);

struct export_template *export_template_find(struct export_one *e, uint16_t id);
/* Takes t (from hn_alloc). False: over a limit; t is freed. */
bool export_template_put(struct export_one *e, struct export_template *t, bool *ret_changed);
void export_template_drop(struct export_one *e, uint16_t id); /* 0: all; */
struct export_template *export_template_new(size_t fields);

/* Sets of v9 and IPFIX. */
struct export_sets {
    struct export_one *e;
    struct export_when when;
    bool ipfix;
    uint32_t records; /* data records, options too: what IPFIX sequence numbers count */
    uint32_t options; /* of these */
    bool unknown;     /* some data had no template */
};
void export_read_sets(struct export_sets *s, struct hn_cur *c);
/* The records of one data set by its template; also called when a template comes for data that waited. */
void export_read_data(struct export_sets *s, const struct export_template *t, struct hn_bytes b);
void export_waiting_release(struct export_sets *s, const struct export_template *t);

void export_netflow5(struct hn_export *x, const struct hn_ip *from, hn_time received, struct hn_bytes b);
void export_netflow9(struct hn_export *x, const struct hn_ip *from, hn_time received, struct hn_bytes b);
void export_ipfix(struct hn_export *x, const struct hn_ip *from, hn_time received, struct hn_bytes b);
void export_sflow(struct hn_export *x, const struct hn_ip *from, hn_time received, struct hn_bytes b);
