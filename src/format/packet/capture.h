/* Capture files: pcap and pcapng, plain or packed with gzip, zstd, xz, LZ4 or bzip2, fed in pieces of any size.
 *
 *   feed ─▶ [unpack] ─▶ pcap │ pcapng ─▶ batches of records ─▶ each(arg, records, n)
 *
 * A record that lies wholly in a piece is handed out in place, so a mapped file is read without a copy; only what
 * straddles two pieces is put together in a buffer of our own. Damage is told with its offset and passed over: the
 * reader looks for the next place that reads as a record and is followed by another. Time and memory are linear in
 * the input and bounded by HN_CAPTURE_PACKET_MAX. */
#pragma once

#include "base/bytes.h"
#include "base/time.h"

#define HN_CAPTURE_PACKET_MAX (256u << 10) /* longest captured packet; libpcap's own limit */
#define HN_CAPTURE_BATCH      4096 /* most records handed out at once: so few that their octets are still near */

struct hn_capture_record {
    hn_time time;       /* 0: the file gives none (simple packet blocks) */
    const uint8_t *p;   /* until each() returns */
    uint32_t cap, wire; /* octets here, octets on the wire */
    uint16_t link;      /* LINKTYPE_… */
    uint16_t interface; /* number within the file; pcap: 0 */
};

struct hn_capture_stats {
    uint64_t packets, octets; /* octets: of the unpacked stream */
    uint64_t damaged;         /* places where reading broke off */
    uint64_t skipped;         /* octets passed over at those places */
    uint64_t dropped;         /* lost by the capturing system itself, as pcapng statistics tell */
    uint64_t other_blocks;    /* pcapng: blocks that hold no packet */
};

enum hn_capture_kind { HN_CAPTURE_UNKNOWN, HN_CAPTURE_PCAP, HN_CAPTURE_PCAPNG };

struct hn_capture;

struct hn_capture_sink {
    void (*each)(void *arg, const struct hn_capture_record *r, size_t n);
    /* Damage: offset in the unpacked stream and reason (a static text); may be NULL. */
    void (*bad)(void *arg, uint64_t offset, const char *why);
    void *arg;
};

/* Does b (the first 24 octets or more) begin like a capture, or like a packed file that may be one? */
bool hn_capture_begins(struct hn_bytes b);

/* max_unpacked: most octets that packed input may grow to. NULL: out of memory. */
struct hn_capture *hn_capture_new(const struct hn_capture_sink *sink, uint64_t max_unpacked);
void hn_capture_free(struct hn_capture *c); /* NULL is fine */
/* NULL, or why nothing can be read from this input (a static text: not a capture, out of memory, packed data damaged).
 * Sticky. */
const char *hn_capture_feed(struct hn_capture *c, struct hn_bytes b);
/* After the last piece: hands out what is left. NULL, or why the input does not end where it should. */
const char *hn_capture_end(struct hn_capture *c);
/* A mapped pcap file may be read by several threads, part by part. whole: the file from its first octet on, of which
 * what comes next was not fed yet. The part that comes next (at most about `most` octets of whole records that leave no
 * doubt, with times from `from` to before `to`) then counts as fed, up to hn_capture_stats()->octets, and is for the
 * caller to walk. Empty: what comes next is to be fed. */
struct hn_bytes hn_capture_part(struct hn_capture *c, struct hn_bytes whole, size_t most, hn_time from, hn_time to);
/* Hands out the records of a part. Others may take and walk parts meanwhile. */
void hn_capture_walk(const struct hn_capture *c, struct hn_bytes part,
                     void (*each)(void *arg, const struct hn_capture_record *r, size_t n), void *arg);
/* Hands out what has been read so far (live input that pauses). */
void hn_capture_flush(struct hn_capture *c);
const struct hn_capture_stats *hn_capture_stats(const struct hn_capture *c);
enum hn_capture_kind hn_capture_kind(const struct hn_capture *c);
