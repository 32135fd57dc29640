/* Collecting: open, stat, read, hand on. Nothing here looks into what it reads. */
#include "core/collect_in.h"
#include "core/sums.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"

bool hn_collect_live(const struct hn_collect *c)
{
    return c->o->live;
}

bool hn_collect_deep(const struct hn_collect *c)
{
    return c->o->deep;
}

bool hn_collect_inventory(const struct hn_collect *c)
{
    return c->o->inventory;
}

bool hn_collect_bare(const struct hn_collect *c)
{
    return c->o->bare;
}

bool hn_collect_hashes(const struct hn_collect *c)
{
    return c->o->hashes;
}

bool hn_collect_root_user(const struct hn_collect *c)
{
    return c->image || geteuid() == 0;
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

/* From offset `from` on, at most max bytes. A full chunk is sent with `more` only when another byte follows, which one
 * extra read of the next chunk would tell; the size from stat decides for plain files, and pseudo files (size 0) are
 * read to their end. */
static void send_content(struct hn_collect *c, const char *tag, const char *path, const struct hn_at *at,
                         const struct stat *st, uint64_t from, size_t max)
{
    struct hn_rec r = rec_for(tag, path);
    set_stat(&r, st);
    for (uint64_t off = from;;) {
        size_t left = max - (size_t)(off - from), want = left < HN_REC_CHUNK ? left : HN_REC_CHUNK;
        size_t there = (uint64_t)st->st_size > off ? (size_t)((uint64_t)st->st_size - off) : want; /* pseudo files: 0 */
        ssize_t n = want ? hn_at_read(c, at, c->chunk, there < want ? there : want, off) : 0;
        if (n < 0 && off == 0)
            n = collect_early_setting(c, path, want);
        if (n < 0 && off == from) {
            send_errno(c, tag, path, errno);
            return;
        }
        r.data = hn_bytes_of(c->chunk, n > 0 ? (size_t)n : 0);
        r.offset = off;
        off += r.data.n;
        bool full = r.data.n == want && want > 0, last = off - from >= max;
        bool end_known = st->st_size > 0 && off >= (uint64_t)st->st_size;
        r.more = full && !last && !end_known;
        r.truncated = last && (st->st_size == 0 || off < (uint64_t)st->st_size);
        send(c, &r);
        if (!r.more || c->stopped)
            return;
    }
}

/* Opens a plain file; anything else, and a failure, is told to the parser. */
static bool open_file(struct hn_collect *c, const char *tag, const char *path, struct hn_at *at, struct stat *st)
{
    if (c->stopped || hn_collect_skips(c, path))
        return false;
    note(c, path);
    hn_collect_input(c, 'F', path);
    if (!hn_at_open(c, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, at)) {
        send_errno(c, tag, path, errno);
        return false;
    }
    if (!hn_at_stat(c, at, st)) {
        send_errno(c, tag, path, errno);
    } else if (S_ISREG(st->st_mode)) {
        return true;
    } else { /* never block on a fifo or read a device */
        struct hn_rec r = rec_for(tag, path);
        set_stat(&r, st);
        r.err = S_ISDIR(st->st_mode) ? EISDIR : EINVAL;
        send(c, &r);
    }
    hn_at_close(at);
    return false;
}

/* True: told by the name of one that looks the same. The keys and names live as long as the module's arena. */
static bool told_before(struct hn_collect *c, const char *tag, const char *path, const struct stat *st)
{
    struct hn_rec r = rec_for(tag, path);
    set_stat(&r, st);
    const int64_t look[2] = {st->st_size, r.st.mtime};
    struct hn_bytes key = hn_bytes_of((const uint8_t *)look, sizeof look);
    const char *earlier = c->once && st->st_size ? hn_map_find(c->once, key) : NULL;
    if (earlier) {
        r.link = hn_str_bytes(hn_str_c(earlier));
        send(c, &r);
    } else if (c->once) {
        key = hn_arena_bytes(&c->arena, key);
        c->stopped = c->stopped || !key.n || !hn_ok(hn_map_set(c->once, key, (void *)(uintptr_t)path));
    }
    return earlier != NULL;
}

static void collect_part(struct hn_collect *c, const char *tag, const char *path, uint64_t from, size_t max)
{
    struct hn_at at;
    struct stat st;
    if (!open_file(c, tag, path, &at, &st))
        return;
    if (!told_before(c, tag, path, &st))
        send_content(c, tag, path, &at, &st, from, max);
    hn_at_close(&at);
}

void hn_collect_file(struct hn_collect *c, const char *tag, const char *path, size_t max)
{
    collect_part(c, tag, path, 0, max);
}

size_t hn_collect_digest(struct hn_collect *c, const struct hn_at *at, enum hn_digest_kind kind, uint8_t out[64])
{
    struct hn_digest *d = hn_digest_new(kind);
    ssize_t n = d ? 0 : -1;
    for (uint64_t off = 0; d && (n = hn_at_read(c, at, c->chunk, HN_REC_CHUNK, off)) > 0; off += (uint64_t)n) {
        hn_digest_add(d, hn_bytes_of(c->chunk, (size_t)n));
        if (c->o->progress)
            c->o->progress->steps++;
    }
    size_t len = d ? hn_digest_end(d, out) : 0;
    return n == 0 ? len : 0;
}

bool hn_collect_md5(struct hn_collect *c, const struct hn_at *dir, const char *name, const char *path,
                    const struct stat *st, uint8_t out[16], hn_time *ret_at, bool *ret_read)
{
    uint8_t sum[64];
    struct hn_sum old;
    struct hn_bytes key = hn_str_bytes(hn_str_c(path));
    struct hn_at at;
    hn_time now = hn_now();
    *ret_read = !hn_sums_find(c->o->sums, key, st, now - HN_SUMS_AGE, &old) || old.at > now;
    if (!*ret_read) {
        memcpy(out, old.md5, 16);
        *ret_at = old.at;
        return true;
    }
    if (!hn_at_open_in(c, dir, name, O_RDONLY, &at))
        return false;
    size_t n = hn_collect_digest(c, &at, HN_MD5, sum);
    hn_at_close(&at);
    if (n != 16)
        return false;
    memcpy(out, sum, 16);
    *ret_at = now;
    hn_sums_put(c->o->sums, key, st, now, out);
    return true;
}

static void collect_sha512(struct hn_collect *c, const char *tag, const char *path)
{
    struct hn_at at;
    struct stat st;
    uint8_t sum[64];
    if (!open_file(c, tag, path, &at, &st))
        return;
    struct hn_rec r = rec_for(tag, path);
    set_stat(&r, &st);
    r.data = hn_bytes_of(sum, hn_collect_digest(c, &at, HN_SHA512, sum));
    r.err = r.data.n ? 0 : EIO;
    send(c, &r);
    hn_at_close(&at);
}

/* Mode, owner, size and times of what path leads to; needs no right to read it. */
static void collect_target(struct hn_collect *c, const char *tag, const char *path)
{
    struct hn_at at;
    struct stat st;
    if (c->stopped || hn_collect_skips(c, path))
        return;
    note(c, path);
    hn_collect_input(c, 'F', path);
    if (!hn_at_open(c, path, O_PATH, &at)) {
        send_errno(c, tag, path, errno);
        return;
    }
    struct hn_rec r = rec_for(tag, path);
    if (hn_at_stat(c, &at, &st)) {
        set_stat(&r, &st);
        send(c, &r);
    } else {
        send_errno(c, tag, path, errno);
    }
    hn_at_close(&at);
}

/* Splits "/a/b/c" into the parent opened in the root and the last name, so that the last step is not followed. */
static bool open_parent(const struct hn_collect *c, const char *path, const char **ret_name, struct hn_at *ret)
{
    const char *slash = strrchr(path, '/');
    if (!slash || slash[1] == 0) {
        *ret_name = ".";
        return hn_at_open(c, path, O_PATH | O_DIRECTORY, ret);
    }
    *ret_name = slash + 1;
    char dir[HN_REC_PATH_MAX];
    size_t n = (size_t)(slash - path);
    if (n >= sizeof dir) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(dir, path, n);
    dir[n] = 0;
    return hn_at_open(c, n ? dir : "/", O_PATH | O_DIRECTORY, ret);
}

static void stat_at(struct hn_collect *c, const char *tag, const struct hn_at *dir, const char *name, const char *path)
{
    struct hn_rec r = rec_for(tag, path);
    struct stat st;
    char target[HN_REC_PATH_MAX];
    if (!hn_at_lstat(c, dir, name, &st)) {
        send_errno(c, tag, path, errno);
        return;
    }
    if (S_ISLNK(st.st_mode)) {
        ssize_t n = hn_at_readlink(c, dir, name, target, sizeof target);
        if (n < 0) {
            send_errno(c, tag, path, errno);
            return;
        }
        r.link = hn_bytes_of(target, (size_t)n);
    }
    set_stat(&r, &st);
    send(c, &r);
}

void hn_collect_stat(struct hn_collect *c, const char *tag, const char *path)
{
    const char *name;
    struct hn_at dir;
    if (c->stopped || hn_collect_skips(c, path))
        return;
    note(c, path);
    hn_collect_input(c, 'F', path);
    if (!open_parent(c, path, &name, &dir)) {
        send_errno(c, tag, path, errno);
        return;
    }
    stat_at(c, tag, &dir, name, path);
    hn_at_close(&dir);
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
    /* /proc links are read, never followed, so the plain call is enough; the root keeps it in */
    ssize_t n = hn_at_readlink(c, &c->root, rel, target, sizeof target);
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
static bool list_names(struct hn_collect *c, struct hn_at *dir, size_t max, struct names *out)
{
    const char *entry;
    unsigned char type;
    if (!hn_at_rewind(c, dir))
        return false;
    while (out->n < max && (entry = hn_at_next(c, dir, &type))) {
        const char **more = hn_arena_more(&c->arena, out->v, out->n, &out->cap, sizeof *more);
        if (!more)
            break;
        out->v = more;
        const char *name = hn_arena_cstr(&c->arena, hn_str_c(entry));
        if (!name)
            break;
        out->v[out->n++] = name;
    }
    if (out->n)
        qsort(out->v, out->n, sizeof *out->v, by_name);
    return true;
}

static void list_dir(struct hn_collect *c, const char *tag, const char *path, unsigned depth, size_t *left, dev_t dev)
{
    struct hn_at dir;
    struct stat st;
    struct names names = {0};
    note(c, path);
    hn_collect_listed(c, path);
    if (!hn_at_open(c, path, O_RDONLY | O_DIRECTORY, &dir)) {
        send_errno(c, tag, path, errno);
        return;
    }
    if (!hn_at_stat(c, &dir, &st) || !list_names(c, &dir, *left, &names)) {
        send_errno(c, tag, path, errno);
        names.n = 0;
    } else if (dev && st.st_dev != dev) {
        names.n = 0;
    }
    for (size_t i = 0; i < names.n && *left && !c->stopped; i++) {
        const char *sub = hn_arena_fmt(&c->arena, "%s/%s", strcmp(path, "/") == 0 ? "" : path, names.v[i]).p;
        struct stat est;
        (*left)--;
        if (!sub || hn_collect_skips(c, sub))
            continue;
        stat_at(c, tag, &dir, names.v[i], sub);
        if (depth > 1 && hn_at_lstat(c, &dir, names.v[i], &est) && S_ISDIR(est.st_mode))
            list_dir(c, tag, sub, depth - 1, left, st.st_dev);
    }
    hn_at_close(&dir);
}

void hn_collect_dir(struct hn_collect *c, const char *tag, const char *path, unsigned depth, size_t max_entries)
{
    if (!c->stopped)
        list_dir(c, tag, path, depth, &max_entries, 0);
}

static bool names_of(struct hn_collect *c, const char *dirname, struct names *out)
{
    struct hn_at dir;
    bool ok = hn_at_open(c, dirname, O_RDONLY | O_DIRECTORY, &dir);
    if (ok) {
        ok = list_names(c, &dir, 100000, out);
        hn_at_close(&dir);
    }
    if (!ok && errno != ENOENT && errno != ENOTDIR)
        hn_collect_not_seen(c, dirname, strerror(errno));
    return ok;
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
    if (dirname) {
        note(c, dirname);
        collect_input_listed(c, dirname, part);
    }
    struct names names = {0};
    if (!dirname || !names_of(c, dirname, &names))
        return;
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

void hn_collect_glob_once(struct hn_collect *c, const char *tag, const char *pattern, size_t max, size_t max_files)
{
    struct hn_map once;
    hn_map_init(&once);
    c->once = &once;
    hn_collect_glob(c, tag, pattern, max, max_files);
    c->once = NULL;
    hn_map_done(&once);
}

size_t hn_collect_want(struct hn_collect *c, const char *tag, const char *glob, size_t max, size_t max_files)
{
    size_t left = max_files;
    glob_step(c, tag, HN_STR(""), hn_str_c(glob), max, &left);
    return max_files - left;
}

void hn_collect_want_file(struct hn_collect *c, const struct hn_want *want)
{
    const char *path = (const char *)want->path.p;
    if (want->how == HN_WANT_PART)
        collect_part(c, want->tag, path, want->offset, want->max);
    else
        collect_sha512(c, want->tag, path);
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
    HN_AUTO_FD fd = c->o->transient && c->o->live ? hn_open_in_root(c->root.fd, path, O_RDONLY) : -1;
    struct hn_str s;
    if (fd < 0 || !hn_ok(hn_read_fd(fd, &b, NULL)) || !hn_str_from_utf8(hn_str_bytes(hn_buf_text(&b)), &s))
        return HN_STR("");
    return hn_arena_str(&c->arena, s);
}

void hn_collect_each_pid(struct hn_collect *c, void (*each)(struct hn_collect *c, int pid))
{
    struct names names = {0};
    struct hn_at dir;
    hn_collect_input(c, 'P', "");
    if (!hn_at_open(c, "/proc", O_RDONLY | O_DIRECTORY, &dir)) {
        hn_collect_not_seen(c, "/proc", strerror(errno));
        return;
    }
    list_names(c, &dir, PIDS_MAX, &names);
    hn_at_close(&dir);
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
    hn_collect_input(c, 'M', m->name);
    hn_arena_clear(&c->arena);
    if (!c->sink->module(c->sink->arg, m))
        return false;
    for (const struct hn_image_problem *p = c->image ? c->image->problems : NULL; p; p = p->next)
        hn_collect_not_seen(c, p->what.p, p->why.p);
    if (m->live_only && !c->o->live)
        hn_collect_not_seen(c, m->name, "a mounted root has no live facts");
    else if (m->collect) /* a module may only have verbs, or only judge */
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
    HN_AUTO_FD root = o->image ? -1 : open(o->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0 && !o->image)
        return hn_fail_errno(reterr, "cannot open the root %s", o->root);
    c.image = o->image;
    c.root = (struct hn_at){.fd = root, .node = o->image ? o->image->root : NULL};
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
