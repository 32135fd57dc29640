/* Checksums that outlive a run: a deep pass that was cut short goes on where it was, and one over an unchanged machine
 * reads next to nothing. One file in HINOMI_HOME, mapped by the collector as it is; each slot stands for itself:
 *
 *   u64 key (file system, path) │ u64 stamp (inode, size, mtime, ctime) │ i64 when read │ 16 bytes MD5 │ u64 check
 *
 * A slot that was being written when the machine stopped fails its check and counts as empty. Whoever changes a file
 * changes its ctime, which only a clock set back could forge; so every file is read again after HN_SUMS_AGE all the
 * same. */
#pragma once

#include "base/bytes.h"
#include "base/time.h"

#define HN_SUMS_SLOTS (1u << 19)
#define HN_SUMS_AGE   (7 * HN_DAY)

struct stat;

struct hn_sum {
    uint64_t key, stamp;
    int64_t at;
    uint8_t md5[16];
    uint64_t check;
};

struct hn_sums {
    struct hn_sum slot[HN_SUMS_SLOTS];
};

/* The file of a home, made when it is not there; -1: none can be had, and every file is read. */
int hn_sums_open(const char *home);
/* Read after not_before and unchanged since. */
bool hn_sums_find(const struct hn_sums *s, struct hn_bytes path, const struct stat *st, hn_time not_before,
                  struct hn_sum *ret);
void hn_sums_put(struct hn_sums *s, struct hn_bytes path, const struct stat *st, hn_time at, const uint8_t md5[16]);
