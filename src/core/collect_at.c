/* Folders and files of what is looked at, by descriptor. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <stdalign.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "core/collect_in.h"

/* ---------------------------------------------------------------- of an image */

static bool node_open(struct hn_image_node *n, int flags, struct hn_at *ret)
{
    *ret = (struct hn_at){.fd = -1, .node = n, .list = n ? n->first : NULL};
    if (n && (flags & O_DIRECTORY) && !S_ISDIR(n->inode->mode))
        errno = ENOTDIR;
    else if (n && S_ISLNK(n->inode->mode) && !(flags & O_PATH))
        errno = ELOOP;
    else
        return n != NULL;
    ret->node = NULL;
    return false;
}

/* The last part of a name is not followed. */
static struct hn_image_node *child(const struct hn_collect *c, const struct hn_at *dir, const char *name)
{
    return hn_image_find(c->image, dir->node, hn_str_bytes(hn_str_c(name)), false);
}

static ssize_t node_link(const struct hn_image_node *n, char *out, size_t room)
{
    if (!n || !S_ISLNK(n->inode->mode)) {
        errno = n ? EINVAL : errno;
        return -1;
    }
    size_t len = n->inode->link.n < room ? n->inode->link.n : room;
    if (len)
        memcpy(out, n->inode->link.p, len);
    return (ssize_t)len;
}

static ssize_t node_capability(const struct hn_image_node *n, const char *attr, uint8_t *out, size_t room)
{
    struct hn_bytes v = n && strcmp(attr, "security.capability") == 0 ? n->inode->capability : (struct hn_bytes){0};
    if (!v.n || v.n > room) {
        errno = ENODATA;
        return -1;
    }
    memcpy(out, v.p, v.n);
    return (ssize_t)v.n;
}

/* Names lie in the index with a NUL behind them. */
static const char *node_next(const struct hn_collect *c, struct hn_at *dir, unsigned char *ret_type)
{
    struct hn_image_node *n = dir->list;
    while (n && n->gone)
        n = n->next;
    dir->list = n ? n->next : NULL;
    if (!n)
        return NULL;
    *ret_type = (unsigned char)IFTODT(n->inode->mode);
    return (const char *)n->name.p;
}

/* ---------------------------------------------------------------- listing a folder */

/* Entries as the kernel gives them (getdents64(2)): a DIR of libc costs three more calls a folder, which is half of
 * what a walk over folders without anything in them takes. */
struct listing {
    int fd; /* the folder's own, or one made because that only stands for a place (O_PATH) */
    size_t n, at;
    alignas(struct dirent64) char entries[32768];
};

static bool listing_fill(struct listing *l)
{
    ssize_t n = getdents64(l->fd, l->entries, sizeof l->entries);
    l->at = 0;
    l->n = n > 0 ? (size_t)n : 0;
    return n >= 0;
}

static void listing_free(struct hn_at *dir)
{
    struct listing *l = dir->list;
    if (l && l->fd != dir->fd)
        close(l->fd);
    hn_free(l);
    dir->list = NULL;
}

static bool listing_open(struct hn_at *dir)
{
    struct listing *l = hn_alloc(sizeof *l);
    if (!l) {
        errno = ENOMEM;
        return false;
    }
    l->fd = dir->fd;
    dir->list = l;
    if (listing_fill(l))
        return true;
    if (errno == EBADF) {
        l->fd = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (l->fd >= 0 && listing_fill(l))
            return true;
        if (l->fd < 0)
            l->fd = dir->fd;
    }
    int err = errno;
    listing_free(dir);
    errno = err;
    return false;
}

/* ---------------------------------------------------------------- by descriptor, or of an image */

bool hn_at_open(const struct hn_collect *c, const char *path, int flags, struct hn_at *ret)
{
    if (c->image)
        return node_open(hn_image_find(c->image, NULL, hn_str_bytes(hn_str_c(path)), !(flags & O_NOFOLLOW)), flags,
                         ret);
    if (c->o->live) { /* the real root: nothing leads out of it, so the plain call does the same */
        while (*path == '/')
            path++;
        *ret = (struct hn_at){.fd = openat(c->root.fd, *path ? path : ".", flags | O_CLOEXEC)};
        return ret->fd >= 0;
    }
    *ret = (struct hn_at){.fd = hn_open_in_root(c->root.fd, path, flags)};
    return ret->fd >= 0;
}

bool hn_at_open_in(const struct hn_collect *c, const struct hn_at *dir, const char *name, int flags, struct hn_at *ret)
{
    if (c->image)
        return node_open(child(c, dir, name), flags, ret);
    *ret = (struct hn_at){.fd = openat(dir->fd, name, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
    return ret->fd >= 0;
}

void hn_at_close(struct hn_at *at)
{
    if (!at->node) {
        listing_free(at);
        if (at->fd >= 0)
            close(at->fd);
    }
    *at = (struct hn_at){.fd = -1};
}

bool hn_at_stat(const struct hn_collect *c, const struct hn_at *at, struct stat *ret)
{
    if (c->image) {
        hn_image_stat(at->node, ret);
        return true;
    }
    return fstat(at->fd, ret) == 0;
}

bool hn_at_lstat(const struct hn_collect *c, const struct hn_at *dir, const char *name, struct stat *ret)
{
    if (c->image) {
        const struct hn_image_node *n = child(c, dir, name);
        if (n)
            hn_image_stat(n, ret);
        return n != NULL;
    }
    return fstatat(dir->fd, name, ret, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) == 0;
}

bool hn_at_automounts(const struct hn_collect *c, const struct hn_at *dir, const char *name)
{
    if (c->image)
        return false;
    struct statx st;
    return statx(dir->fd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_TYPE, &st) == 0 &&
           (st.stx_attributes & STATX_ATTR_AUTOMOUNT);
}

bool hn_at_crosses(const struct hn_collect *c, const struct hn_at *dir, const char *name, dev_t dev)
{
    struct statx st;
    if (c->image)
        return false;
    return statx(dir->fd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_TYPE, &st) != 0 ||
           (st.stx_attributes & STATX_ATTR_AUTOMOUNT) || makedev(st.stx_dev_major, st.stx_dev_minor) != dev;
}

ssize_t hn_at_readlink(const struct hn_collect *c, const struct hn_at *dir, const char *name, char *out, size_t n)
{
    if (c->image)
        return node_link(child(c, dir, name), out, n);
    return readlinkat(dir->fd, name, out, n);
}

/* The name is reached through the open folder: there is no lgetxattrat(2) before Linux 6.13. */
ssize_t hn_at_xattr(const struct hn_collect *c, const struct hn_at *dir, const char *name, const char *attr,
                    uint8_t *out, size_t n)
{
    if (c->image)
        return node_capability(child(c, dir, name), attr, out, n);
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
    if (c->image)
        return hn_image_read(at->node, p, n, off);
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
    struct listing *l = dir->list;
    if (c->image) {
        dir->list = dir->node->first;
        return true;
    }
    if (!l)
        return listing_open(dir);
    return lseek(l->fd, 0, SEEK_SET) == 0 && listing_fill(l);
}

const char *hn_at_next(const struct hn_collect *c, struct hn_at *dir, unsigned char *ret_type)
{
    if (c->image)
        return node_next(c, dir, ret_type);
    if (!dir->list && !listing_open(dir))
        return NULL;
    for (struct listing *l = dir->list;;) {
        if (l->at == l->n && (!listing_fill(l) || !l->n))
            return NULL;
        const struct dirent64 *e = (const void *)(l->entries + l->at);
        l->at += e->d_reclen;
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
            *ret_type = e->d_type;
            return e->d_name;
        }
    }
}
