/* Files of nfdump's tools (nfcapd, nfpcapd): layout 1 (1.6) and layout 2 (1.7), plain or packed with LZO, LZ4,
 * ZSTD or bzip2, whole in memory (mapped). Without libbz2 (format/bzip2.h) blocks of the last are passed over and
 * counted. */
#pragma once

#include "format/flow/flow.h"

struct hn_nfdump_stats {
    uint64_t flows, blocks;
    uint64_t other;   /* records that are no flows: maps, exporters, samplers */
    uint64_t skipped; /* blocks in a packing that is not read */
    uint64_t bad;     /* blocks or records that do not fit */
};

bool hn_nfdump_begins(struct hn_bytes b);
/* NULL, or why it cannot be read, or no further (a static text). max_out: octets that are unpacked at most, against
 * bombs; flows of the blocks before have been given then. */
const char *hn_nfdump_read(struct hn_bytes b, uint64_t max_out, void (*flow)(void *arg, const struct hn_flow *f),
                           void *arg, struct hn_nfdump_stats *ret);
