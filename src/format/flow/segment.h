/* Flow segments: records by columns, packed, in blocks that stand alone. A file is a magic and blocks, appended one by
 * one; what a crash left half written at the end is not a block and is cut off by the next writer.
 *
 *   file:    "HNFLOW1\n"  block block …
 *   block:   magic u32 | octets that follow u32 | CRC-32 of them u32 | family u8, 3 zero | flows u32
 *            | earliest begin ms i64 | latest end ms i64 | columns × {packing u8, width u8, 2 zero, packed octets u32}
 *            | columns' data, one after the other
 *            | prints, if the first of the zeros is 1: 3 × {as a column's} in the directory's form, 3 × {values u32,
 * octets u32}, then the columns' data and the packed values, one after the other packing: 0 all records have one value,
 * which is the data | 1 octet planes (all first octets, all second …) in ZSTD
 *
 * Little endian. A block holds records of one address family, so that addresses are 4 or 16 octets. Times are
 * milliseconds. Only the columns that a question needs are unpacked.
 *
 * Fingerprints of TLS are few in many flows: a block keeps each value once, and the columns JA3, JA3S and JA4 say which
 * one it is, from 1 on (0: none). Blocks written before there were any have none, and readers of that time pass over
 * them. */
#pragma once

#include "base/buf.h"
#include "format/flow/flow.h"

#define HN_SEGMENT_FLOWS (1u << 17) /* records of a block, at most */

/* name, octets of one value (0: an address) */
#define HN_SEGMENT_MAP(XX)                                                                                             \
    XX(FIRST, 4)    /* ms after the block's earliest begin */                                                          \
    XX(DURATION, 8) /* ms */                                                                                           \
    XX(SRC, 0)                                                                                                         \
    XX(DST, 0)                                                                                                         \
    XX(SPORT, 2)                                                                                                       \
    XX(DPORT, 2)                                                                                                       \
    XX(PROTO, 1)                                                                                                       \
    XX(FLAGS, 1)                                                                                                       \
    XX(FLAGS_BACK, 1)                                                                                                  \
    XX(STATE, 1)                                                                                                       \
    XX(APP, 1)                                                                                                         \
    XX(KNOWN, 1)                                                                                                       \
    XX(TOS, 1)                                                                                                         \
    XX(VLAN, 2)                                                                                                        \
    XX(PACKETS, 8)                                                                                                     \
    XX(BYTES, 8)                                                                                                       \
    XX(PACKETS_BACK, 8)                                                                                                \
    XX(BYTES_BACK, 8)                                                                                                  \
    XX(EXPORTER, 4)                                                                                                    \
    XX(IN_IF, 4)                                                                                                       \
    XX(OUT_IF, 4)                                                                                                      \
    XX(SRC_AS, 4)                                                                                                      \
    XX(DST_AS, 4)                                                                                                      \
    XX(SAMPLING, 4)                                                                                                    \
    XX(JA3, 4) /* these three: which value of the block */                                                             \
    XX(JA3S, 4)                                                                                                        \
    XX(JA4, 4)

enum hn_segment_column {
#define XX(name, width) HN_SEGMENT_##name,
    HN_SEGMENT_MAP(XX)
#undef XX
        HN_SEGMENT_COLUMNS
};

/* ---- writing ---- */

struct hn_segment_writer;
/* Blocks go to out as they fill: the caller writes and empties it. NULL: out of memory. */
struct hn_segment_writer *hn_segment_writer_new(struct hn_buf *out);
void hn_segment_writer_free(struct hn_segment_writer *w);
void hn_segment_begin(struct hn_buf *out); /* the magic of a new file */
void hn_segment_add(struct hn_segment_writer *w, const struct hn_flow *f);
void hn_segment_flush(struct hn_segment_writer *w); /* what waits becomes blocks */

/* ---- reading ---- */

struct hn_segment_block {
    uint8_t family;
    uint32_t n;
    int64_t first_ms, last_ms;
    struct hn_bytes data[HN_SEGMENT_COLUMNS];
    uint8_t packing[HN_SEGMENT_COLUMNS], width[HN_SEGMENT_COLUMNS];
    struct hn_bytes prints[HN_TLS_PRINTS]; /* packed values */
    uint32_t n_prints[HN_TLS_PRINTS];
};

bool hn_segment_is(struct hn_bytes file);
/* The next block; *at begins at 0. False at the end; *at is then where good blocks end. check: verify the sum. */
bool hn_segment_next(struct hn_bytes file, size_t *at, bool check, struct hn_segment_block *ret);
/* Unpacks a column of b: n values of 1, 2, 4, 8 (or, of addresses, 4 or 16) octets each into out. room: scratch of the
 * same size. False when it is damaged. */
bool hn_segment_column(const struct hn_segment_block *b, enum hn_segment_column c, void *out, void *room);
/* The values of a kind of fingerprint, hn_tls_print_size() octets each, n_prints of them; out: room for
 * HN_SEGMENT_FLOWS. False when they are damaged. */
bool hn_segment_prints(const struct hn_segment_block *b, enum hn_tls_print p, uint8_t *out);
/* The column that says which value a flow has. */
static inline enum hn_segment_column hn_segment_print_column(enum hn_tls_print p)
{
    return (enum hn_segment_column)(HN_SEGMENT_JA3 + p);
}
/* Octets of one value as unpacked. */
unsigned hn_segment_width(const struct hn_segment_block *b, enum hn_segment_column c);
