/* Collecting: open, stat, read, hand on. Nothing here looks into what it reads. */
#include "core/collect.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/wire.h"

struct hn_collect {
    const struct hn_collect_options *o;
    const struct hn_collect_sink *sink;
    const struct hn_module *module;
    struct hn_arena arena; /* names and lists of the present module */
    uint8_t *chunk;
    int rootfd;
    bool stopped;
    unsigned denied; /* not-seen lines of this module, so that one unreadable tree does not flood */
};

bool hn_collect_live(const struct hn_collect *c)
{
    return c->o->live;
}

bool hn_collect_deep(const struct hn_collect *c)
{
    return c->o->deep;
}

bool hn_collect_root_user(const struct hn_collect *c)
{
    return geteuid() == 0;
}

int hn_collect_rootfd(const struct hn_collect *c)
{
    return c->rootfd;
}

bool hn_collect_skips(const struct hn_collect *c, const char *path)
{
    for (size_t i = 0; c->o->skip && c->o->skip[i]; i++)
        if (strcmp(c->o->skip[i], path) == 0)
            return true;
    return false;
}

/* Before path is looked at: what the supervisor will name if this process does not come back from it. */
static void note(struct hn_collect *c, const char *path)
{
    struct hn_progress *g = c->o->progress;
    if (!g)
        return;
    size_t n = strlen(path);
    if (n > HN_PROGRESS_PATH)
        n = HN_PROGRESS_PATH;
    memcpy(g->path, path, n);
    g->path_len = (uint32_t)n;
    g->steps++;
}

/* Paths of records are C strings here, so that one comparison serves files and what is made up of netlink answers. */
static void send(struct hn_collect *c, const struct hn_rec *r)
{
    if (c->stopped || (c->o->skip && hn_collect_skips(c, (const char *)r->path.p)))
        return;
    if (!c->sink->record(c->sink->arg, r))
        c->stopped = true;
    if (c->o->progress)
        c->o->progress->steps++;
}

#define DENIED_MAX 200u

void hn_collect_not_seen(struct hn_collect *c, const char *what, const char *why)
{
    struct hn_str w;
    if (c->stopped || ++c->denied > DENIED_MAX)
        return;
    if (c->denied == DENIED_MAX)
        what = "…";
    w = hn_str_from_hostile(&c->arena, hn_str_bytes(hn_str_c(what)), HN_REC_PATH_MAX);
    if (!c->sink->not_seen(c->sink->arg, w, hn_str_c(why)))
        c->stopped = true;
}

static void set_stat(struct hn_rec *r, const struct stat *st)
{
    r->has_stat = true;
    r->st.mode = st->st_mode;
    r->st.uid = st->st_uid;
    r->st.gid = st->st_gid;
    r->st.nlink = (uint32_t)st->st_nlink;
    r->st.size = (uint64_t)st->st_size;
    r->st.ino = st->st_ino;
    r->st.dev = st->st_dev;
    r->st.mtime = st->st_mtim.tv_sec * HN_SECOND + st->st_mtim.tv_nsec;
    r->st.ctime = st->st_ctim.tv_sec * HN_SECOND + st->st_ctim.tv_nsec;
}

static struct hn_rec rec_for(const char *tag, const char *path)
{
    return (struct hn_rec){.tag = hn_str_c(tag), .path = hn_str_bytes(hn_str_c(path))};
}

static void send_errno(struct hn_collect *c, const char *tag, const char *path, int err)
{
    struct hn_rec r = rec_for(tag, path);
    r.err = err;
    send(c, &r);
    if (err != ENOENT && err != ENOTDIR && err != ESRCH)
        hn_collect_not_seen(c, path, strerror(err));
}

/* Reads up to n bytes, fewer only at the end of the file. */
static ssize_t read_chunk(int fd, uint8_t *p, size_t n)
{
    size_t got = 0;
    while (got < n) {
        ssize_t r = read(fd, p + got, n - got);
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

/* ---------------------------------------------------------------- what only an early reader gets */

struct hn_early {
    const char *path;
    char data[64];
    ssize_t n;
};

const struct hn_early *hn_collect_early(void)
{
    static struct hn_early list[] = {
        {.path = "/proc/sys/net/core/bpf_jit_harden"},
        {.path = "/proc/sys/net/core/bpf_jit_kallsyms"},
        {.path = "/proc/sys/net/core/bpf_jit_limit"},
        {.path = NULL},
    };
    for (struct hn_early *e = list; e->path; e++) {
        HN_AUTO_FD fd = open(e->path, O_RDONLY | O_CLOEXEC);
        e->n = fd >= 0 ? read(fd, e->data, sizeof e->data) : -1;
    }
    return list;
}

static ssize_t early_content(struct hn_collect *c, const char *path, size_t want)
{
    int err = errno;
    for (const struct hn_early *e = c->o->early; e && e->path; e++)
        if (err == EPERM && e->n >= 0 && (size_t)e->n <= want && strcmp(e->path, path) == 0) {
            memcpy(c->chunk, e->data, (size_t)e->n);
            return e->n;
        }
    errno = err;
    return -1;
}

/* A full chunk is sent with `more` only when another byte follows, which one extra read of the next chunk would tell;
 * the size from stat decides for plain files, and pseudo files (size 0) are read to their end. */
static void send_content(struct hn_collect *c, const char *tag, const char *path, int fd, const struct stat *st,
                         size_t max)
{
    struct hn_rec r = rec_for(tag, path);
    set_stat(&r, st);
    for (uint64_t off = 0;;) {
        size_t want = max - off < HN_REC_CHUNK ? (size_t)(max - off) : HN_REC_CHUNK;
        ssize_t n = want ? read_chunk(fd, c->chunk, want) : 0;
        if (n < 0 && off == 0)
            n = early_content(c, path, want);
        if (n < 0 && off == 0) {
            send_errno(c, tag, path, errno);
            return;
        }
        r.data = hn_bytes_of(c->chunk, n > 0 ? (size_t)n : 0);
        r.offset = off;
        off += r.data.n;
        bool full = r.data.n == want && want > 0;
        bool end_known = st->st_size > 0 && off >= (uint64_t)st->st_size;
        r.more = full && off < max && !end_known;
        r.truncated = off >= max && (st->st_size == 0 || off < (uint64_t)st->st_size);
        send(c, &r);
        if (!r.more || c->stopped)
            return;
    }
}

void hn_collect_file(struct hn_collect *c, const char *tag, const char *path, size_t max)
{
    if (c->stopped || hn_collect_skips(c, path))
        return;
    note(c, path);
    HN_AUTO_FD fd = hn_open_in_root(c->rootfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        send_errno(c, tag, path, errno);
        return;
    }
    struct stat st;
    if (fstat(fd, &st) != 0) {
        send_errno(c, tag, path, errno);
        return;
    }
    if (!S_ISREG(st.st_mode)) { /* never block on a fifo or read a device */
        struct hn_rec r = rec_for(tag, path);
        set_stat(&r, &st);
        r.err = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
        send(c, &r);
        return;
    }
    send_content(c, tag, path, fd, &st, max);
}

/* Mode, owner, size and times of what path leads to; needs no right to read it. */
static void collect_target(struct hn_collect *c, const char *tag, const char *path)
{
    struct stat st;
    if (c->stopped || hn_collect_skips(c, path))
        return;
    note(c, path);
    HN_AUTO_FD fd = hn_open_in_root(c->rootfd, path, O_PATH);
    if (fd < 0 || fstat(fd, &st) != 0) {
        send_errno(c, tag, path, errno);
        return;
    }
    struct hn_rec r = rec_for(tag, path);
    set_stat(&r, &st);
    send(c, &r);
}

/* Splits "/a/b/c" into the parent opened in the root and the last name, so that the last step is not followed. */
static int open_parent(const struct hn_collect *c, const char *path, const char **ret_name)
{
    const char *slash = strrchr(path, '/');
    if (!slash || slash[1] == 0) {
        *ret_name = ".";
        return hn_open_in_root(c->rootfd, path, O_PATH | O_DIRECTORY);
    }
    *ret_name = slash + 1;
    char dir[HN_REC_PATH_MAX];
    size_t n = (size_t)(slash - path);
    if (n >= sizeof dir) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(dir, path, n);
    dir[n] = 0;
    return hn_open_in_root(c->rootfd, n ? dir : "/", O_PATH | O_DIRECTORY);
}

static void stat_at(struct hn_collect *c, const char *tag, int dirfd, const char *name, const char *path,
                    bool link_only)
{
    struct hn_rec r = rec_for(tag, path);
    struct stat st;
    char target[HN_REC_PATH_MAX];
    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        send_errno(c, tag, path, errno);
        return;
    }
    if (S_ISLNK(st.st_mode)) {
        ssize_t n = readlinkat(dirfd, name, target, sizeof target);
        if (n < 0) {
            send_errno(c, tag, path, errno);
            return;
        }
        r.link = hn_bytes_of(target, (size_t)n);
    }
    if (!link_only)
        set_stat(&r, &st);
    send(c, &r);
}

void hn_collect_stat(struct hn_collect *c, const char *tag, const char *path)
{
    const char *name;
    if (c->stopped || hn_collect_skips(c, path))
        return;
    note(c, path);
    HN_AUTO_FD dir = open_parent(c, path, &name);
    if (dir < 0)
        send_errno(c, tag, path, errno);
    else
        stat_at(c, tag, dir, name, path, false);
}

void hn_collect_link(struct hn_collect *c, const char *tag, const char *path)
{
    char target[HN_REC_PATH_MAX];
    if (c->stopped)
        return;
    note(c, path);
    const char *rel = path;
    while (*rel == '/')
        rel++;
    /* /proc links are read, never followed, so the plain call is enough; c->rootfd keeps it in the root */
    ssize_t n = readlinkat(c->rootfd, rel, target, sizeof target);
    if (n < 0) {
        send_errno(c, tag, path, errno);
        return;
    }
    struct hn_rec r = rec_for(tag, path);
    r.link = hn_bytes_of(target, (size_t)n);
    send(c, &r);
}

void hn_collect_bytes(struct hn_collect *c, const char *tag, const char *path, struct hn_bytes data)
{
    struct hn_rec r = rec_for(tag, path);
    do {
        size_t n = data.n < HN_REC_CHUNK ? data.n : HN_REC_CHUNK;
        r.data = hn_bytes_of(data.p, n);
        r.more = n < data.n;
        send(c, &r);
        r.offset += n;
        data.p += n;
        data.n -= n;
    } while (data.n && !c->stopped);
}

/* ---------------------------------------------------------------- folders and globs */

struct names {
    const char **v;
    size_t n, cap;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted entries of an open folder, so that a run does not depend on the order on disk. */
static bool list_names(struct hn_arena *a, int dirfd, size_t max, struct names *out)
{
    int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    if (!d) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    struct dirent *e;
    while ((e = readdir(d)) && out->n < max) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (out->n == out->cap) {
            size_t cap = out->cap ? out->cap * 2 : 64;
            const char **v = hn_arena_alloc(a, cap * sizeof *v);
            if (!v)
                break;
            if (out->n)
                memcpy(v, out->v, out->n * sizeof *v);
            out->v = v;
            out->cap = cap;
        }
        const char *name = hn_arena_cstr(a, hn_str_c(e->d_name));
        if (!name)
            break;
        out->v[out->n++] = name;
    }
    closedir(d);
    if (out->n)
        qsort(out->v, out->n, sizeof *out->v, by_name);
    return true;
}

static void list_dir(struct hn_collect *c, const char *tag, const char *path, unsigned depth, size_t *left, dev_t dev)
{
    note(c, path);
    HN_AUTO_FD dir = hn_open_in_root(c->rootfd, path, O_RDONLY | O_DIRECTORY);
    struct stat st;
    struct names names = {0};
    if (dir < 0 || fstat(dir, &st) != 0 || !list_names(&c->arena, dir, *left, &names)) {
        send_errno(c, tag, path, errno);
        return;
    }
    if (dev && st.st_dev != dev)
        return;
    for (size_t i = 0; i < names.n && *left && !c->stopped; i++) {
        const char *sub = hn_arena_fmt(&c->arena, "%s/%s", strcmp(path, "/") == 0 ? "" : path, names.v[i]).p;
        struct stat est;
        (*left)--;
        if (!sub || hn_collect_skips(c, sub))
            continue;
        stat_at(c, tag, dir, names.v[i], sub, false);
        if (depth > 1 && fstatat(dir, names.v[i], &est, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(est.st_mode))
            list_dir(c, tag, sub, depth - 1, left, st.st_dev);
    }
}

void hn_collect_dir(struct hn_collect *c, const char *tag, const char *path, unsigned depth, size_t max_entries)
{
    if (!c->stopped)
        list_dir(c, tag, path, depth, &max_entries, 0);
}

/* One pattern component at a time: literal components are simply appended, so "/etc/x/…" opens nothing on the way. */
static void glob_step(struct hn_collect *c, const char *tag, struct hn_str done, struct hn_str rest, size_t max,
                      size_t *left)
{
    struct hn_str part;
    while (rest.n && rest.p[0] == '/')
        rest = hn_str_cut(rest, 1, rest.n);
    if (c->stopped || *left == 0)
        return;
    if (!rest.n) {
        const char *path = hn_arena_cstr(&c->arena, done);
        (*left)--;
        if (path && max)
            hn_collect_file(c, tag, path, max);
        else if (path)
            collect_target(c, tag, path);
        return;
    }
    ptrdiff_t slash = hn_str_chr(rest, '/');
    part = hn_str_cut(rest, 0, slash < 0 ? rest.n : (size_t)slash);
    rest = hn_str_cut(rest, part.n, rest.n);
    if (hn_str_chr(part, '*') < 0 && hn_str_chr(part, '?') < 0 && hn_str_chr(part, '[') < 0) {
        glob_step(c, tag, hn_arena_fmt(&c->arena, "%.*s/%.*s", HN_FMT(done), HN_FMT(part)), rest, max, left);
        return;
    }
    const char *dirname = done.n ? hn_arena_cstr(&c->arena, done) : "/";
    if (dirname)
        note(c, dirname);
    HN_AUTO_FD dir = dirname ? hn_open_in_root(c->rootfd, dirname, O_RDONLY | O_DIRECTORY) : -1;
    struct names names = {0};
    if (dir < 0 || !list_names(&c->arena, dir, 100000, &names)) {
        if (errno != ENOENT && errno != ENOTDIR && dirname)
            hn_collect_not_seen(c, dirname, strerror(errno));
        return;
    }
    for (size_t i = 0; i < names.n && *left; i++) {
        if (names.v[i][0] == '.' && part.p[0] != '.')
            continue;
        if (hn_glob_match(part, hn_str_c(names.v[i]), true))
            glob_step(c, tag, hn_arena_fmt(&c->arena, "%.*s/%s", HN_FMT(done), names.v[i]), rest, max, left);
    }
}

void hn_collect_glob(struct hn_collect *c, const char *tag, const char *pattern, size_t max, size_t max_files)
{
    glob_step(c, tag, HN_STR(""), hn_str_c(pattern), max, &max_files);
}

size_t hn_collect_want(struct hn_collect *c, const char *tag, const char *glob, size_t max, size_t max_files)
{
    size_t left = max_files;
    glob_step(c, tag, HN_STR(""), hn_str_c(glob), max, &left);
    return max_files - left;
}

static int by_pid(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

#define PIDS_MAX 200000u

/* Processes that exist only because somebody looks: found running in every diagnosis, gone afterwards. The watching
 * service itself is not among them. */
static bool only_looking(struct hn_collect *c, int pid, struct hn_str siblings)
{
    struct hn_str word;
    uint64_t v;
    if (pid == getpid() || pid == c->o->not_pid || (c->o->transient && pid == c->o->transient))
        return true;
    while (hn_str_word(&siblings, &word))
        if (hn_str_u64(hn_str_trim(word), 10, &v) && v == (uint64_t)pid)
            return true;
    return false;
}

/* Children of our parent, when all of them end with this run (proc(5), /proc/PID/task/TID/children). */
static struct hn_str transient_siblings(struct hn_collect *c)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    char path[64];
    hn_buf_init(&b, 4096);
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", c->o->transient, c->o->transient);
    HN_AUTO_FD fd = c->o->transient && c->o->live ? hn_open_in_root(c->rootfd, path, O_RDONLY) : -1;
    struct hn_str s;
    if (fd < 0 || !hn_ok(hn_read_fd(fd, &b, NULL)) || !hn_str_from_utf8(hn_str_bytes(hn_buf_text(&b)), &s))
        return HN_STR("");
    return hn_arena_str(&c->arena, s);
}

void hn_collect_each_pid(struct hn_collect *c, void (*each)(struct hn_collect *c, int pid))
{
    HN_AUTO_FD dir = hn_open_in_root(c->rootfd, "/proc", O_RDONLY | O_DIRECTORY);
    struct names names = {0};
    if (dir < 0 || !list_names(&c->arena, dir, PIDS_MAX, &names)) {
        hn_collect_not_seen(c, "/proc", strerror(errno));
        return;
    }
    int *pids = hn_arena_alloc(&c->arena, (names.n + 1) * sizeof *pids);
    size_t n = 0;
    for (size_t i = 0; pids && i < names.n; i++) {
        uint64_t v;
        if (hn_str_u64(hn_str_c(names.v[i]), 10, &v) && v <= INT32_MAX)
            pids[n++] = (int)v;
    }
    if (n)
        qsort(pids, n, sizeof *pids, by_pid);
    struct hn_str siblings = transient_siblings(c);
    for (size_t i = 0; i < n && !c->stopped; i++) {
        char path[32];
        if (only_looking(c, pids[i], siblings))
            continue;
        snprintf(path, sizeof path, "/proc/%d", pids[i]);
        note(c, path);
        if (!hn_collect_skips(c, path))
            each(c, pids[i]);
    }
}

/* ---------------------------------------------------------------- running */

static bool run_module(struct hn_collect *c, const struct hn_module *m)
{
    c->module = m;
    c->denied = 0;
    note(c, "");
    hn_arena_clear(&c->arena);
    if (!c->sink->module(c->sink->arg, m))
        return false;
    if (m->live_only && !c->o->live)
        hn_collect_not_seen(c, m->name, "a mounted root has no live facts");
    else
        m->collect(c);
    for (unsigned round = 0; !c->stopped; round++) {
        bool more = false;
        if (!c->sink->round(c->sink->arg, c, &more))
            return false;
        if (!more)
            return true;
        if (round + 1 == HN_WANT_ROUNDS)
            hn_collect_not_seen(c, m->name, "includes nested too deeply");
    }
    return false;
}

struct hn_err hn_collect_run(const struct hn_collect_options *o, const struct hn_collect_sink *sink,
                             struct hn_diag *reterr)
{
    struct hn_collect c = {.o = o, .sink = sink};
    HN_AUTO_FD root = open(o->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return hn_fail_errno(reterr, "cannot open the root %s", o->root);
    c.rootfd = root;
    c.chunk = hn_alloc(HN_REC_CHUNK);
    if (!c.chunk)
        return hn_fail(reterr, HN_E_NOMEM, "collector");
    if (o->progress)
        o->progress->state = HN_PROGRESS_WORKS;
    hn_arena_init(&c.arena, 64u << 20);
    struct hn_err e = HN_OK;
    for (size_t i = 0; i < o->modules_n && hn_ok(e); i++)
        if (!run_module(&c, o->modules[i]))
            e = hn_fail(reterr, HN_E_DIED, "the parser is gone");
    hn_arena_done(&c.arena);
    hn_free(c.chunk);
    return e;
}
