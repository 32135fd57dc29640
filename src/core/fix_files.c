/* Files below the root, never outside it (openat2 RESOLVE_IN_ROOT), never through a final symbolic link. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/fix_in.h"

unsigned fix_die_at;

void fix_point(void)
{
    if (fix_die_at && --fix_die_at == 0)
        kill(getpid(), SIGKILL);
}

struct hn_err fix_root_open(const struct hn_fix_env *env, struct fix_root *ret, struct hn_diag *reterr)
{
    *ret = (struct fix_root){.live = !env->root, .commands = !env->root || env->bin, .bin = env->bin};
    ret->fd = open(env->root ? env->root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return ret->fd >= 0 ? HN_OK : hn_fail_errno(reterr, "%s", env->root ? env->root : "/");
}

bool fix_path_ok(struct hn_str path)
{
    struct hn_str part;
    if (path.n < 2 || path.n > 4000 || path.p[0] != '/')
        return false;
    for (size_t i = 0; i < path.n; i++)
        if ((unsigned char)path.p[i] < 0x20 || path.p[i] == 0x7f)
            return false;
    path = hn_str_cut(path, 1, path.n);
    while (hn_str_split(&path, '/', &part))
        if (!part.n || part.n > 255 || hn_str_eqc(part, ".") || hn_str_eqc(part, ".."))
            return false;
    return true;
}

int fix_parent(const struct fix_root *r, struct hn_str path, struct hn_arena *a, const char **ret_name)
{
    size_t slash = path.n;
    while (slash > 0 && path.p[slash - 1] != '/')
        slash--;
    const char *folder = hn_arena_cstr(a, slash > 1 ? hn_str_cut(path, 0, slash - 1) : HN_STR("/"));
    *ret_name = hn_arena_cstr(a, hn_str_cut(path, slash, path.n));
    if (!folder || !*ret_name) {
        errno = ENOMEM;
        return -1;
    }
    return hn_open_in_root(r->fd, folder, O_RDONLY | O_DIRECTORY);
}

struct hn_str fix_sha256(struct hn_arena *a, struct hn_bytes b)
{
    uint8_t sum[HN_SHA256_LEN];
    char hex[HN_HEX256_LEN];
    hn_sha256(b, sum);
    hn_hex(hn_bytes_of(sum, sizeof sum), hex);
    return hn_arena_str(a, hn_str_c(hex));
}

static struct hn_err look_at_link(int dir, const char *name, struct hn_str path, struct hn_arena *a,
                                  struct hn_fix_state_of *ret, struct hn_diag *reterr)
{
    char target[4096];
    ssize_t n = readlinkat(dir, name, target, sizeof target);
    struct hn_str s;
    if (n < 0)
        return hn_fail_errno(reterr, "%.*s", HN_FMT(path));
    if ((size_t)n == sizeof target || !hn_str_from_utf8(hn_bytes_of(target, (size_t)n), &s))
        return hn_fail(reterr, HN_E_STATE, "%.*s: its target is no text", HN_FMT(path));
    ret->link = hn_arena_str(a, s);
    ret->sha256 = fix_sha256(a, hn_str_bytes(s));
    return HN_OK;
}

struct hn_err fix_look(const struct fix_root *r, struct hn_str path, struct hn_arena *a, struct hn_fix_state_of *ret,
                       struct hn_buf *content, struct hn_diag *reterr)
{
    const char *name;
    struct stat st;
    *ret = (struct hn_fix_state_of){0};
    HN_AUTO_FD dir = fix_parent(r, path, a, &name);
    if (dir < 0 || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? HN_OK : hn_fail_errno(reterr, "%.*s", HN_FMT(path));
    *ret = (struct hn_fix_state_of){.exists = true,
                                    .mode = st.st_mode & 07777,
                                    .uid = st.st_uid,
                                    .gid = st.st_gid,
                                    .mtime = st.st_mtim.tv_sec * HN_SECOND + st.st_mtim.tv_nsec};
    if (S_ISLNK(st.st_mode))
        return look_at_link(dir, name, path, a, ret, reterr);
    if (!content)
        return HN_OK;
    if (!S_ISREG(st.st_mode))
        return hn_fail(reterr, HN_E_STATE, "%.*s is not a plain file", HN_FMT(path));
    if (st.st_nlink > 1)
        return hn_fail(reterr, HN_E_STATE, "%.*s has several names (hard links); change it by hand", HN_FMT(path));
    HN_AUTO_FD fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return hn_fail_errno(reterr, "%.*s", HN_FMT(path));
    HN_TRY(hn_read_fd(fd, content, reterr));
    ret->sha256 = fix_sha256(a, hn_str_bytes(hn_buf_text(content)));
    return a->failed ? hn_fail(reterr, HN_E_NOMEM, "%.*s", HN_FMT(path)) : HN_OK;
}

struct hn_err fix_read(const struct fix_root *r, struct hn_str path, struct hn_arena *a, struct hn_str *ret,
                       bool *ret_there, struct hn_diag *reterr)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    *ret = HN_STR("");
    const char *c = hn_arena_cstr(a, path);
    hn_buf_init(&b, FIX_FILE_MAX);
    HN_AUTO_FD fd = c ? hn_open_in_root(r->fd, c, O_RDONLY | O_NONBLOCK) : -1;
    *ret_there = fd >= 0;
    if (fd < 0)
        return errno == ENOENT ? HN_OK : hn_fail_errno(reterr, "%.*s", HN_FMT(path));
    HN_TRY(hn_read_fd(fd, &b, reterr));
    struct hn_str s;
    if (!hn_str_from_utf8(hn_str_bytes(hn_buf_text(&b)), &s))
        return hn_fail(reterr, HN_E_STATE, "%.*s is not a text; change it by hand", HN_FMT(path));
    *ret = hn_arena_str(a, s);
    return a->failed ? hn_fail(reterr, HN_E_NOMEM, "%.*s", HN_FMT(path)) : HN_OK;
}

/* ---------------------------------------------------------------- changing */

/* Access control lists, labels, capabilities: as far as this file system and our rights allow. */
static void copy_xattrs(int from, int to)
{
    char names[4096], value[4096];
    ssize_t n = flistxattr(from, names, sizeof names);
    for (ssize_t i = 0; i < n; i += (ssize_t)strlen(names + i) + 1) {
        ssize_t len = fgetxattr(from, names + i, value, sizeof value);
        if (len >= 0 && fsetxattr(to, names + i, value, (size_t)len, 0) < 0)
            continue; /* not ours to carry over: the content and the mode are what was asked for */
    }
}

static struct hn_err fill(int fd, int dir, const char *name, struct hn_bytes content, const struct hn_fix_state_of *as,
                          struct hn_diag *reterr)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_nsec = UTIME_OMIT}};
    if (as->mtime) {
        times[1].tv_sec = as->mtime / HN_SECOND;
        times[1].tv_nsec = as->mtime % HN_SECOND;
    }
    HN_AUTO_FD old = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    HN_TRY(hn_write_all(fd, content.p, content.n));
    if (old >= 0)
        copy_xattrs(old, fd);
    if (fchown(fd, as->uid, as->gid) < 0 || fchmod(fd, as->mode) < 0 || futimens(fd, times) < 0 || fsync(fd) < 0)
        return hn_fail_errno(reterr, "%s", name);
    return HN_OK;
}

struct hn_err fix_replace(const struct fix_root *r, struct hn_str path, struct hn_bytes content,
                          const struct hn_fix_state_of *as, const char *tmp, struct hn_arena *a, struct hn_diag *reterr)
{
    const char *name;
    HN_AUTO_FD dir = fix_parent(r, path, a, &name);
    if (dir < 0)
        return hn_fail_errno(reterr, "%.*s", HN_FMT(path));
    unlinkat(dir, tmp, 0); /* of a former try that was killed */
    HN_AUTO_FD fd = openat(dir, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return hn_fail_errno(reterr, "%.*s", HN_FMT(path));
    fix_point();
    struct hn_err e = fill(fd, dir, name, content, as, reterr);
    fix_point();
    if (hn_ok(e) && (renameat(dir, tmp, dir, name) < 0 || fsync(dir) < 0))
        e = hn_fail_errno(reterr, "%.*s", HN_FMT(path));
    fix_point();
    if (!hn_ok(e))
        unlinkat(dir, tmp, 0);
    return e;
}

/* Owner first: the kernel takes setuid and setgid away when the owner changes. */
struct hn_err fix_set_meta(const struct fix_root *r, struct hn_str path, const struct hn_fix_state_of *as,
                           struct hn_arena *a, struct hn_diag *reterr)
{
    const char *name;
    char self[64];
    struct stat st;
    HN_AUTO_FD dir = fix_parent(r, path, a, &name);
    HN_AUTO_FD fd = dir < 0 ? -1 : openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return hn_fail_errno(reterr, "%.*s", HN_FMT(path));
    if (S_ISLNK(st.st_mode))
        return hn_fail(reterr, HN_E_STATE, "%.*s became a symbolic link", HN_FMT(path));
    if ((st.st_uid != as->uid || st.st_gid != as->gid) && fchownat(fd, "", as->uid, as->gid, AT_EMPTY_PATH) < 0)
        return hn_fail_errno(reterr, "%.*s: owner", HN_FMT(path));
    fix_point();
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    if (chmod(self, as->mode) < 0)
        return hn_fail_errno(reterr, "%.*s: mode", HN_FMT(path));
    return HN_OK;
}
