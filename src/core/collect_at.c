/* Folders and files of what is looked at, by descriptor. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fs.h"
#include "core/collect_in.h"

bool hn_at_open(const struct hn_collect *c, const char *path, int flags, struct hn_at *ret)
{
    *ret = (struct hn_at){.fd = hn_open_in_root(c->root.fd, path, flags)};
    return ret->fd >= 0;
}

bool hn_at_open_in(const struct hn_collect *c, const struct hn_at *dir, const char *name, int flags, struct hn_at *ret)
{
    *ret = (struct hn_at){.fd = openat(dir->fd, name, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
    return ret->fd >= 0;
}

/* A list owns the descriptor that it was made of. */
void hn_at_close(struct hn_at *at)
{
    bool owned = at->list && dirfd(at->list) == at->fd;
    if (at->list)
        closedir(at->list);
    if (at->fd >= 0 && !owned)
        close(at->fd);
    *at = (struct hn_at){.fd = -1};
}

bool hn_at_stat(const struct hn_collect *c, const struct hn_at *at, struct stat *ret)
{
    return fstat(at->fd, ret) == 0;
}

bool hn_at_lstat(const struct hn_collect *c, const struct hn_at *dir, const char *name, struct stat *ret)
{
    return fstatat(dir->fd, name, ret, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) == 0;
}

bool hn_at_automounts(const struct hn_collect *c, const struct hn_at *dir, const char *name)
{
    struct statx st;
    return statx(dir->fd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_TYPE, &st) == 0 &&
           (st.stx_attributes & STATX_ATTR_AUTOMOUNT);
}

ssize_t hn_at_readlink(const struct hn_collect *c, const struct hn_at *dir, const char *name, char *out, size_t n)
{
    return readlinkat(dir->fd, name, out, n);
}

/* The name is reached through the open folder: there is no lgetxattrat(2) before Linux 6.13. */
ssize_t hn_at_xattr(const struct hn_collect *c, const struct hn_at *dir, const char *name, const char *attr,
                    uint8_t *out, size_t n)
{
    char via[64 + 256];
    if (strlen(name) > 255) {
        errno = ENODATA;
        return -1;
    }
    snprintf(via, sizeof via, "/proc/self/fd/%d/%s", dir->fd, name);
    return lgetxattr(via, attr, out, n);
}

ssize_t hn_at_read(const struct hn_collect *c, const struct hn_at *at, uint8_t *p, size_t n, uint64_t off)
{
    size_t got = 0;
    while (got < n) {
        ssize_t r = pread(at->fd, p + got, n - got, (off_t)(off + got));
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return got ? (ssize_t)got : -1;
        if (r == 0)
            break;
        got += (size_t)r;
    }
    return (ssize_t)got;
}

bool hn_at_rewind(const struct hn_collect *c, struct hn_at *dir)
{
    if (dir->list) {
        rewinddir(dir->list);
        return true;
    }
    dir->list = fdopendir(dir->fd);
    if (dir->list)
        return true;
    /* a descriptor that only stands for a place (O_PATH) cannot be listed */
    int own = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    dir->list = own >= 0 ? fdopendir(own) : NULL;
    if (!dir->list && own >= 0)
        close(own);
    return dir->list != NULL;
}

const char *hn_at_next(const struct hn_collect *c, struct hn_at *dir, unsigned char *ret_type)
{
    const struct dirent *e;
    if (!dir->list && !hn_at_rewind(c, dir))
        return NULL;
    while ((e = readdir(dir->list)))
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
            *ret_type = e->d_type;
            return e->d_name;
        }
    return NULL;
}
