/* Export packets of routers and probes: NetFlow v5, v7, v9 (RFC 3954), IPFIX (RFC 7011), sFlow v5. One object keeps
 * what a collector must remember between packets: templates, samplers, sequence numbers, and what went wrong, per
 * exporter.
 *
 *   packet, from whom, when ──▶ hn_export_packet() ──▶ sink.flow(record) …
 *
 * An exporter here is one observation domain (v9: source id; IPFIX: observation domain; v5: engine; sFlow: agent and
 * sub-agent) of one sending address. Data that come before their template wait for it, briefly; templates may change at
 * any time. Counters are given as exported; `sampling` says what one packet stands for, from options, from the record,
 * or from the operator's override, and is 0 where nobody said. Malformed packets are counted by reason and lose
 * nothing but themselves. Memory is bounded by the limits below, whoever sends. */
#pragma once

#include "base/buf.h"
#include "format/flow/flow.h"

#define HN_EXPORTERS_MAX        65536u
#define HN_EXPORT_TEMPLATES_MAX 1024u       /* of one exporter */
#define HN_EXPORT_FIELDS_MAX    1024u       /* of one template */
#define HN_EXPORT_SAMPLERS_MAX  64u         /* of one exporter */
#define HN_EXPORT_WAITING_MAX   (64u << 10) /* octets of data without template, of one exporter */
#define HN_EXPORT_MEMORY_MAX    (256u << 20)

/* name, text */
#define HN_EXPORT_BAD_MAP(XX)                                                                                          \
    XX(VERSION, "neither NetFlow v5, v7, v9 nor IPFIX nor sFlow v5")                                                   \
    XX(SHORT, "packet cut short")                                                                                      \
    XX(COUNT, "more records announced than there are")                                                                 \
    XX(LENGTH, "a length does not fit")                                                                                \
    XX(SET, "a set has an id that nothing may have")                                                                   \
    XX(TEMPLATE, "a template does not fit")                                                                            \
    XX(RECORD, "a record does not fit its template")                                                                   \
    XX(SAMPLE, "an sFlow sample does not fit")                                                                         \
    XX(LIMIT, "over a limit: too many exporters, templates or fields")

enum hn_export_bad {
#define XX(name, text) HN_EXPORT_##name,
    HN_EXPORT_BAD_MAP(XX)
#undef XX
        HN_EXPORT_BADS
};
const char *hn_export_bad_text(enum hn_export_bad b);

/* What is known of one exporter. Times are those of reception. */
struct hn_exporter {
    struct hn_ip address; /* of the sender; sFlow: the agent */
    uint32_t domain;
    uint8_t version; /* 5, 7, 9, 10; sFlow: 105 */
    uint32_t number; /* as in hn_flow.exporter; from 1, see hn_export_numbers_load(); 0: there is none left */
    hn_time first, last;
    uint64_t packets, octets;
    uint64_t flows;     /* records handed out */
    uint64_t options;   /* option records understood */
    uint64_t templates; /* received, also again */
    uint64_t changed;   /* templates that came with another meaning */
    uint64_t withdrawn;
    uint64_t lost;         /* by sequence numbers, in `unit` */
    uint64_t gaps;         /* how many times */
    uint64_t disordered;   /* packets that came late or twice */
    uint64_t restarts;     /* sequence or uptime began again */
    uint64_t waiting_sets; /* data sets that had to wait for their template */
    uint64_t unknown_sets; /* … and were given up */
    uint64_t counters;     /* sFlow counter samples: passed over */
    uint64_t drops;        /* sFlow: samples the agent itself lost */
    int64_t skew_ms;       /* export time minus reception, last; clocks that differ */
    uint32_t sampling;     /* that of the last record; 0 unknown */
    bool sampling_given;   /* by the operator */
    uint64_t bad[HN_EXPORT_BADS];
};
/* "flows" (v5, v7), "packets" (v9, sFlow), "records" (IPFIX): what the sequence number of a version counts. */
const char *hn_export_unit(uint8_t version);

struct hn_export_sink {
    void (*flow)(void *arg, const struct hn_flow *f);
    void *arg;
};

struct hn_export;
struct hn_export *hn_export_new(const struct hn_export_sink *sink); /* NULL: out of memory */
void hn_export_free(struct hn_export *x);
/* One datagram (over TCP and SCTP: one message). port: that it was sent from, 0: not known, or the same for all of the
 * exporter. received: 0 is not allowed. */
void hn_export_packet(struct hn_export *x, const struct hn_ip *from, uint16_t port, hn_time received,
                      struct hn_bytes b);
/* A datagram that is whole and looks like NetFlow v5, v7, v9, IPFIX or sFlow v5 in all that can be told without
 * templates: for captures that do not say which port a collector listens on. */
bool hn_export_begins(struct hn_bytes b);
/* Length of the IPFIX message that begins a stream (RFC 7011 clause 10.4), 0 when more is needed, SIZE_MAX when it is
 * none. */
size_t hn_export_message_length(struct hn_bytes b);
/* What one packet of this sender stands for, whatever it says itself. bits as in hn_ip_in(). */
bool hn_export_override(struct hn_export *x, const struct hn_ip *net, unsigned bits, uint32_t sampling);
/* By number, from 0; NULL at the end. */
const struct hn_exporter *hn_export_at(const struct hn_export *x, size_t i);
/* Data sets that came before then and still wait for their template are given up, and counted as unknown. */
void hn_export_give_up(struct hn_export *x, hn_time before);
/* Packets that belong to no exporter: another version, too short. */
uint64_t hn_export_strange(const struct hn_export *x, enum hn_export_bad b);

/* Every exporter that has a number: those seen and those that were loaded. */
struct hn_export_number {
    struct hn_ip address;
    uint32_t domain;
    uint8_t version;
    uint32_t number;
};
const struct hn_export_number *hn_export_numbers(const struct hn_export *x, size_t *ret_n);
/* As text, for another run over the same store. Load before the first packet and before hn_export_load(): exporters get
 * the numbers that they have there, new ones the next above the highest. False: some of it is damaged and left out. */
void hn_export_numbers_save(const struct hn_export *x, struct hn_buf *out);
bool hn_export_numbers_load(struct hn_export *x, struct hn_str text);

/* Templates, samplers and sequence numbers, so that they outlive a restart. Load gives false on a state that is
 * damaged or of another version; the object is then as new. */
void hn_export_save(const struct hn_export *x, struct hn_buf *out);
bool hn_export_load(struct hn_export *x, struct hn_bytes state);
