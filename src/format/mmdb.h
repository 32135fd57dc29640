/* MaxMind DB files, format version 2 (https://maxmind.github.io/MaxMind-DB/): from an address to a record.
 *
 *   search tree ─ 16 octets of zero ─ data section ─ "\xab\xcd\xefMaxMind.com" ─ metadata (one map)
 *
 * The file is hostile: nothing is overlaid, every walk is bounded by HN_MMDB_WORK values, a pointer to a pointer is
 * refused. Nothing is allocated; everything points into the file, which must live as long as the reader. */
#pragma once

#include "base/bytes.h"
#include "base/ip.h"

#define HN_MMDB_WORK 4096 /* values looked at for one answer */
#define HN_MMDB_NONE UINT32_MAX
#define HN_MMDB_BAD  (UINT32_MAX - 1)

struct hn_mmdb {
    struct hn_bytes tree, data;
    uint32_t nodes, start4; /* start4: record that stands for the IPv4 address space */
    unsigned record_bits;   /* 24, 28 or 32 */
    unsigned ip_version;    /* 4 or 6 */
    uint64_t built;         /* seconds since 1970, as the file says; 0: it does not */
    struct hn_bytes type;   /* "GeoLite2-Country": hostile */
};

/* NULL, or why this is no such database (a static text). */
const char *hn_mmdb_open(struct hn_mmdb *db, struct hn_bytes file);
/* Does the file end like such a database? */
bool hn_mmdb_is(struct hn_bytes file);
/* Where the address's record lies in the data section; HN_MMDB_NONE: it has none; HN_MMDB_BAD: the tree leads out of
 * the file. */
uint32_t hn_mmdb_find(const struct hn_mmdb *db, const struct hn_ip *ip);
/* The string or unsigned number at the end of a path of n keys through maps. False: not there, of another
 * type, or damaged. */
bool hn_mmdb_text(const struct hn_mmdb *db, uint32_t record, const char *const *path, size_t n, struct hn_bytes *ret);
bool hn_mmdb_number(const struct hn_mmdb *db, uint32_t record, const char *const *path, size_t n, uint64_t *ret);
