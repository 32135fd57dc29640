/* Inside the capture reader. */
#pragma once

#include "base/buf.h"
#include "base/cur.h"
#include "format/packet/capture.h"
#include "format/unpack.h"

#define CAPTURE_BLOCK_MAX      (16u << 20) /* longest pcapng block that is taken as meant */
#define CAPTURE_INTERFACES_MAX 4096

struct capture_interface {
    uint16_t link;
    uint32_t snap;
    uint8_t tsresol;  /* if_tsresol as written */
    uint64_t per_sec; /* units a second; 0: finer than can be told */
    int64_t offset;   /* seconds to add */
    uint64_t dropped;
};

struct hn_capture {
    struct hn_capture_sink sink;
    struct hn_capture_stats stats;
    enum hn_capture_kind kind;
    const char *bad;
    struct hn_unpack *unpack;
    uint64_t max_unpacked;
    bool started;
    /* The stream: `at` is the offset of the next octet to be read. */
    uint64_t at, skip;   /* octets to pass over before the next record */
    uint64_t lost_at;    /* where damage began */
    bool lost, final;    /* searching; no more will come */
    size_t want;         /* octets that the next step needs to be there at once */
    struct hn_buf carry; /* what straddles pieces */
    /* pcap */
    bool big, nano, modified; /* byte order of the section or file; time stamps; longer record headers */
    unsigned minor;
    uint16_t link;
    uint32_t snap;
    hn_time last; /* time of the last good record; 0 none */
    /* pcapng */
    bool section; /* a section header was read */
    struct capture_interface *interfaces;
    size_t n_interfaces;
    struct hn_capture_record *batch;
    size_t n; /* of HN_CAPTURE_BATCH */
};

/* One step at b: octets used (0: c->want octets must be there, or, when c->final, this is the end). */
size_t capture_pcap_header(struct hn_capture *c, struct hn_bytes b);
size_t capture_pcap_step(struct hn_capture *c, struct hn_bytes b);
size_t capture_pcap_search(struct hn_capture *c, struct hn_bytes b);
size_t capture_pcapng_step(struct hn_capture *c, struct hn_bytes b);
size_t capture_pcapng_search(struct hn_capture *c, struct hn_bytes b);

void capture_emit(struct hn_capture *c, const struct hn_capture_record *r);
void capture_damaged(struct hn_capture *c, uint64_t offset, const char *why);   /* tells, and starts the search */
void capture_malformed(struct hn_capture *c, uint64_t offset, const char *why); /* tells; reading goes on */

static inline uint32_t capture_32(const uint8_t *p, bool big)
{
    uint32_t v = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    return big ? v : __builtin_bswap32(v);
}
static inline uint16_t capture_16(const uint8_t *p, bool big)
{
    return (uint16_t)(big ? (unsigned)p[0] << 8 | p[1] : (unsigned)p[1] << 8 | p[0]);
}
