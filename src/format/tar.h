/* tar archives as a stream (POSIX.1-2017 pax, ustar; GNU tar's long names, sparse files and large numbers).
 *
 *   header, 512 bytes │ content, padded to 512 │ header │ … │ two blocks of zeros
 *   name 100 · mode 8 · uid 8 · gid 8 · size 12 · mtime 12 · checksum 8 · type 1 · link 100 · magic 8 · user, group 2 ×
 * 32 · device 2 × 8 · prefix 155 (ustar) or sparse map (GNU)
 *
 * Bytes are fed in pieces of any size; content is passed over, so that a caller who can seek need not bring it. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

#define HN_TAR_LONG_MAX   (1u << 20) /* a pax header, a long name */
#define HN_TAR_SPARSE_MAX 4096u      /* pieces of a sparse file */
#define HN_TAR_NAME_MAX   4096u
#define HN_TAR_CAPABILITY 32u

struct hn_tar_piece { /* of a sparse file: n bytes at `at` of the file are the next n of the content */
    uint64_t at, n;
};

struct hn_tar_entry {
    struct hn_bytes name, link; /* as they stand; valid during the call */
    char type;                  /* '0' file, '1' hard link, '2' symbolic link, '3' '4' devices, '5' folder, '6' fifo */
    uint32_t mode, uid, gid;
    uint64_t size;              /* of the file; of a sparse one with its holes */
    uint64_t content;           /* where the content begins, in bytes from the start of the stream */
    int64_t mtime;              /* seconds */
    struct hn_bytes capability; /* xattr security.capability */
    const struct hn_tar_piece *pieces;
    size_t n_pieces; /* 0: not sparse */
    uint64_t header; /* where its header lies */
};

struct hn_tar {
    void (*each)(void *arg, const struct hn_tar_entry *e);
    void *arg;
    const char *bad; /* why the stream is no archive any more (a literal), at bad_at */
    uint64_t at, bad_at;
    bool over;     /* the end mark was seen */
    uint64_t skip; /* content bytes that are passed over next */
    /* inside */
    uint8_t block[512];
    size_t have;
    int state;
    unsigned zeros;
    uint64_t gather; /* bytes of a special entry still to come, its padding included */
    uint64_t gather_size;
    struct hn_buf special, pax, long_name, long_link, name;
    char special_type;
    struct hn_tar_entry e;
    struct hn_tar_piece *pieces; /* HN_TAR_SPARSE_MAX */
    uint64_t packed;             /* bytes of content in the archive */
    bool sparse_map_first;       /* pax sparse 1.0: the content begins with its map */
    uint64_t real_size;
    bool has_real_size;
};

HN_MUST bool hn_tar_init(struct hn_tar *t, void (*each)(void *arg, const struct hn_tar_entry *e), void *arg);
void hn_tar_done(struct hn_tar *t);
/* False when the stream is bad or over: nothing more is wanted. */
bool hn_tar_feed(struct hn_tar *t, struct hn_bytes b);
/* The caller goes over n bytes (n <= t->skip) of the stream itself. */
void hn_tar_skip(struct hn_tar *t, uint64_t n);
/* At the end of the stream: NULL, or why it is not complete. An archive may end without its end mark. */
const char *hn_tar_end(struct hn_tar *t);
