#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/hash.h"

void hn_fd_cleanup(int *fd)
{
    if (*fd < 0)
        return;
    int keep = errno;
    close(*fd);
    *fd = -1;
    errno = keep;
}

int hn_open_in_root(int rootfd, const char *path, int flags)
{
    /* By number: Debian 12's libc has no wrapper. On a kernel before 5.6 this fails with ENOSYS, and there is no way
     * to do the same safely in steps, so that is what the caller gets. */
    struct open_how how = {
        .flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
        .mode = flags & O_CREAT ? 0600 : 0,
        .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
    };
    long fd;
    unsigned tries = 0;

    do /* EAGAIN: something was renamed meanwhile, and the kernel could not be sure */
        fd = syscall(SYS_openat2, rootfd, path, &how, sizeof how);
    while (fd < 0 && (errno == EINTR || (errno == EAGAIN && ++tries < 32)));
    /* The live collector's filter refuses openat2, whose flags it cannot see. Below the real root the plain call does
     * the same, since nothing leads outside of it. */
    struct stat at, top;
    if (fd < 0 && errno == ENOSYS && fstat(rootfd, &at) == 0 && stat("/", &top) == 0 && at.st_dev == top.st_dev &&
        at.st_ino == top.st_ino) {
        while (*path == '/')
            path++;
        fd = openat(rootfd, *path ? path : ".", flags | O_CLOEXEC, 0600);
    }
    return (int)fd;
}

struct hn_err hn_read_fd(int fd, struct hn_buf *b, struct hn_diag *reterr)
{
    struct stat st;
    size_t step = 65536;

    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 && (uint64_t)st.st_size < b->max - b->n)
        step = (size_t)st.st_size + 1; /* + 1: the end is then seen without growing */
    for (;;) {
        size_t left = b->max - b->n, want = step < left ? step : left;
        char beyond;
        ssize_t got;

        if (want && !hn_buf_room(b, want))
            return hn_fail(reterr, HN_E_NOMEM, "out of memory");
        do
            got = want ? read(fd, b->p + b->n, want) : read(fd, &beyond, 1);
        while (got < 0 && errno == EINTR);
        if (got < 0)
            return hn_fail_errno(reterr, "cannot read");
        if (got == 0)
            return HN_OK;
        if (!want) {
            b->bad = true;
            return hn_fail(reterr, HN_E_LIMIT, "longer than %zu bytes", b->max);
        }
        b->n += (size_t)got;
        if (step != 65536 && b->cap == b->n)
            step = 65536;
    }
}

struct hn_err hn_read_file(const char *path, struct hn_buf *b, struct hn_diag *reterr)
{
    HN_AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct hn_diag d = {""};

    if (fd < 0)
        return hn_fail_errno(reterr, "%s", path);
    struct hn_err e = hn_read_fd(fd, b, &d);
    return hn_ok(e) ? e : hn_fail(reterr, e.code, "%s: %s", path, d.msg);
}

struct hn_err hn_write_all(int fd, const void *p, size_t n)
{
    const char *at = p;

    while (n) {
        ssize_t done = write(fd, at, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return hn_fail_errno(NULL, "write");
        at += done;
        n -= (size_t)done;
    }
    return HN_OK;
}

static struct hn_err write_and_rename(int dirfd, int fd, const char *tmp, const char *name, struct hn_bytes content,
                                      mode_t mode, struct hn_diag *reterr)
{
    HN_AUTO_FD dir = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* dirfd may be O_PATH or AT_FDCWD */

    if (dir < 0)
        return hn_fail_errno(reterr, "%s: cannot open its folder", name);
    struct hn_err e = hn_write_all(fd, content.p, content.n);
    if (!hn_ok(e))
        return hn_fail(reterr, e.code, "%s: cannot write: %s", name, hn_err_text(e));
    if (fchmod(fd, mode) < 0 || fsync(fd) < 0) /* fchmod: the umask does not count */
        return hn_fail_errno(reterr, "%s: cannot write", name);
    if (renameat(dirfd, tmp, dirfd, name) < 0)
        return hn_fail_errno(reterr, "%s: cannot rename", name);
    if (fsync(dir) < 0)
        return hn_fail_errno(reterr, "%s: cannot flush its folder", name);
    return HN_OK;
}

struct hn_err hn_write_atomic(int dirfd, const char *name, struct hn_bytes content, mode_t mode, struct hn_diag *reterr)
{
    char id[HN_ID_TEXT], tmp[300];

    if (!*name || strchr(name, '/') || strlen(name) > 200)
        return hn_fail(reterr, HN_E_INVALID, "%.200s: not a plain file name", name);
    HN_TRY(hn_id_new(id));
    snprintf(tmp, sizeof tmp, ".%s.%s.tmp", name, id);
    HN_AUTO_FD fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return hn_fail_errno(reterr, "%s: cannot create", name);
    struct hn_err e = write_and_rename(dirfd, fd, tmp, name, content, mode, reterr);
    if (!hn_ok(e))
        unlinkat(dirfd, tmp, 0); /* already gone when only the last flush failed */
    return e;
}

struct hn_err hn_mkdirs(const char *path, mode_t mode, struct hn_diag *reterr)
{
    char part[4096];
    size_t n = strlen(path);
    struct stat st;

    if (n == 0 || n >= sizeof part)
        return hn_fail(reterr, HN_E_INVALID, "%.200s: not a usable path", path);
    memcpy(part, path, n + 1);
    for (size_t i = 1; i <= n; i++) {
        if (part[i] != '/' && part[i] != '\0')
            continue;
        char keep = part[i];
        part[i] = '\0';
        if (mkdir(part, mode) < 0) {
            /* An existing folder is fine even where mkdir says something else (read-only, no permission). */
            int err = errno;
            if (stat(part, &st) < 0 || !S_ISDIR(st.st_mode)) {
                errno = err == EEXIST ? ENOTDIR : err;
                return hn_fail_errno(reterr, "%s", part);
            }
        }
        part[i] = keep;
    }
    return HN_OK;
}
