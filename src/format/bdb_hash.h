/* Reads the pairs of a Berkeley DB hash database (versions 7–10 of the format, either byte order) that lies in memory
 * in pieces: hash pages and the overflow pages of long values, nothing else. For databases of others that are looked at
 * and never trusted: every page is visited at most once, every length is bounded.
 *
 * The layout is that of dbinc/db_page.h in Berkeley DB 4 and 5:
 *
 *   page 0      lsn 8 │ pgno 4 │ magic 4 = 0x061561 │ version 4 │ page size 4 │ encryption 1 │ type 1 = 8 │ … │ last
 * page 4 @32 any page    lsn 8 │ pgno 4 │ previous 4 │ next 4 │ entries 2 │ free from 2 │ level 1 │ type 1 │ … hash
 * page   … │ u16 where[entries] @26 │ free │ items, the first at the end of the page: key, value, key, value, … item
 * type 1 │ bytes up to the item before;  or  type 1 = 3 │ 3 │ first overflow page 4 │ length 4 overflow    "free from"
 * = bytes on this page, which begin @26; next 4 @16 */
#pragma once

#include "base/buf.h"

struct hn_bdb_hash {
    /* Bytes [at, at + n) of the file, which never cross a multiple of 1 MiB; empty when they are not there. */
    struct hn_bytes (*read)(void *arg, uint64_t at, size_t n);
    void *arg;
    uint64_t size;
    uint32_t page_size, pages, budget; /* budget: pages that may still be visited */
    bool big;                          /* written by a big-endian machine */
    const char *bad;                   /* why something was left out, or NULL */
};

#define HN_BDB_VALUE_MAX (64u << 20)

/* False when it is no such database (bad says why). */
bool hn_bdb_hash_open(struct hn_bdb_hash *db, struct hn_bytes (*read)(void *, uint64_t, size_t), void *arg,
                      uint64_t size);
/* Calls each for every pair, in no order; both live until each returns. Duplicates of one key (no rpm database has
 * them) are left out. Sets db->bad on damage; what is whole was handed out. */
void hn_bdb_hash_each(struct hn_bdb_hash *db, void (*each)(void *arg, struct hn_bytes key, struct hn_bytes value),
                      void *arg);
