/* Decompression of a stream in pieces: gzip (RFC 1952, zlib) and LZ4 frames (liblz4), as apt keeps its lists; Zstandard
 * (RFC 8878, libzstd), xz (liblzma) and bzip2 (bzip2.h), as captures and feeds are kept. The output goes to a sink in
 * pieces of at most 256 KiB, so that a 47 MB list never lies in memory as a whole. */
#pragma once

#include "base/bytes.h"
#include "base/err.h"

enum hn_pack { HN_PACK_PLAIN, HN_PACK_GZIP, HN_PACK_LZ4, HN_PACK_ZSTD, HN_PACK_XZ, HN_PACK_BZIP2 };

/* By the first octets of a stream: six of them are enough. */
enum hn_pack hn_pack_of(struct hn_bytes b);

struct hn_unpack;

/* max_out: most bytes of output, against bombs. NULL: out of memory. */
struct hn_unpack *hn_unpack_new(enum hn_pack kind, uint64_t max_out, void (*sink)(void *arg, struct hn_bytes b),
                                void *arg);
void hn_unpack_free(struct hn_unpack *u); /* NULL is fine */
/* NULL, or why the stream is malformed (a static text). Sticky. */
const char *hn_unpack_feed(struct hn_unpack *u, struct hn_bytes in);
/* NULL when the stream is complete, else why not. */
const char *hn_unpack_end(struct hn_unpack *u);
uint64_t hn_unpack_read(const struct hn_unpack *u); /* bytes taken in so far */
