/* Files: bounded reads, reads confined to a root, atomic writes. */
#pragma once

#include <sys/stat.h>

#include "base/buf.h"

#define HN_AUTO_FD __attribute__((cleanup(hn_fd_cleanup))) int
/* The descriptor, which the caller owns from now on. */
static inline int hn_fd_take(int *fd)
{
    int own = *fd;
    *fd = -1;
    return own;
}
void hn_fd_cleanup(int *fd); /* closes when >= 0 and sets it to -1; keeps errno */

/* Opens path below rootfd so that neither symbolic links nor ".." lead outside it (openat2 RESOLVE_IN_ROOT). A leading
 * '/' is the root. Gives a descriptor or -1 with errno. O_CLOEXEC is added. */
int hn_open_in_root(int rootfd, const char *path, int flags);
/* Whole of fd appended to b (bounded by b->max; a longer file is HN_E_LIMIT). */
HN_MUST struct hn_err hn_read_fd(int fd, struct hn_buf *b, struct hn_diag *reterr);
HN_MUST struct hn_err hn_read_file(const char *path, struct hn_buf *b, struct hn_diag *reterr);
/* Retries short writes and EINTR. */
HN_MUST struct hn_err hn_write_all(int fd, const void *p, size_t n);
/* Through a temporary file in the same folder, fsync, rename, fsync of the folder: afterwards the old or the new
 * content is there, never a mixture. */
HN_MUST struct hn_err hn_write_atomic(int dirfd, const char *name, struct hn_bytes content, mode_t mode,
                                      struct hn_diag *reterr);
/* mkdir -p; existing folders are left as they are. */
HN_MUST struct hn_err hn_mkdirs(const char *path, mode_t mode, struct hn_diag *reterr);
