/* /proc/PID/maps (proc(5)):
 *
 *   7f2c4c000000-7f2c4c026000 r-xp 00001000 fe:01 1835214      /usr/lib/x86_64-linux-gnu/libc.so.6 (deleted)
 *   from         to           perm offset   dev   inode        path to the end of the line; "\012" stands for a newline
 *
 * One observation per distinct file, with the processes that have it mapped. Only files with an inode count, and of
 * these only what can hold code: executable mappings, and shared objects mapped in any way. */
#include "base/str.h"
#include "modules/processes/processes.h"

#define ASK_MAX 64u

static const char deleted_mark[] = " (deleted)";

bool processes_undelete(struct hn_bytes *path)
{
    size_t n = sizeof(deleted_mark) - 1;
    if (path->n <= n || memcmp(path->p + path->n - n, deleted_mark, n) != 0)
        return false;
    path->n -= n;
    return true;
}

static bool starts(struct hn_bytes b, const char *prefix)
{
    size_t n = strlen(prefix);
    return b.n >= n && memcmp(b.p, prefix, n) == 0;
}

/* Memory that only looks like a file. */
static bool is_memory(struct hn_bytes path)
{
    static const char *const not_files[] = {
        "/memfd:", "/dev/zero", "/dev/shm/", "/SYSV",       "/[aio]", "/anon_hugepage", "/dev/dri/", "/dev/nvidia",
        "/i915",   "/drm",      "/dev/mem",  "anon_inode:", "/proc/", "/sys/",          "[",         "/dev/"};
    for (size_t i = 0; i < sizeof(not_files) / sizeof(not_files[0]); i++) {
        if (starts(path, not_files[i]))
            return true;
    }
    return false;
}

struct line {
    bool executable;
    uint64_t dev, inode;
    struct hn_bytes path; /* empty: anonymous */
};

/* The next blank-separated word. */
static struct hn_str word(struct hn_bytes *rest)
{
    size_t n = 0;
    while (rest->n && rest->p[0] == ' ') {
        rest->p++;
        rest->n--;
    }
    while (n < rest->n && rest->p[n] != ' ')
        n++;
    struct hn_str w = {(const char *)rest->p, n};
    rest->p += n;
    rest->n -= n;
    return w;
}

static bool read_line(struct hn_bytes text, struct line *l)
{
    struct hn_str range = word(&text), perm = word(&text), offset = word(&text), dev = word(&text), inode = word(&text);
    uint64_t major, minor, ino;
    struct hn_str first;
    if (!range.n || perm.n != 4 || !offset.n || !hn_str_split(&dev, ':', &first) || !hn_str_u64(first, 16, &major) ||
        !hn_str_u64(dev, 16, &minor) || !hn_str_u64(inode, 10, &ino))
        return false;
    *l = (struct line){.executable = perm.p[2] == 'x', .dev = major << 32 | minor, .inode = ino};
    while (text.n && text.p[0] == ' ') {
        text.p++;
        text.n--;
    }
    l->path = text;
    return true;
}

/* "\012" becomes a newline again. */
static struct hn_bytes unescape(struct hn_arena *a, struct hn_bytes path)
{
    if (!memmem(path.p, path.n, "\\012", 4))
        return path;
    struct hn_bytes copy = hn_arena_bytes(a, path);
    uint8_t *to = (uint8_t *)(uintptr_t)copy.p;
    size_t n = 0;
    for (size_t i = 0; i < copy.n; i++) {
        if (copy.n - i >= 4 && memcmp(copy.p + i, "\\012", 4) == 0) {
            to[n++] = '\n';
            i += 3;
        } else {
            to[n++] = copy.p[i];
        }
    }
    return hn_bytes_of(copy.p, n);
}

/* libfoo.so, libfoo.so.1.2 */
static bool is_library(struct hn_bytes path)
{
    const uint8_t *at = path.n ? memmem(path.p, path.n, ".so", 3) : NULL;
    while (at) {
        size_t after = path.n - (size_t)(at - path.p) - 3;
        if (!after || at[3] == '.')
            return memchr(at, '/', after + 3) == NULL;
        at = memmem(at + 3, after, ".so", 3);
    }
    return false;
}

/* A file may really be called "x (deleted)": then one of that name and inode is there. Nearly always it is not, and the
 * question costs one failing open. */
static void ask_name(struct processes_state *st, struct mapped *m, struct hn_bytes raw)
{
    struct hn_str name;
    if (++st->asked > ASK_MAX || !hn_str_from_utf8(raw, &name) ||
        strpbrk(hn_arena_cstr(hn_parse_arena(st->p), name), "*?[\\"))
        return;
    m->raw = hn_arena_bytes(hn_parse_arena(st->p), raw);
    hn_parse_want(st->p, "really", name);
}

void processes_really(struct processes_state *st, const struct hn_rec *r)
{
    for (struct mapped *m = st->first; m && !r->err && r->has_stat; m = m->next) {
        if (!m->raw.n || m->raw.n != r->path.n || memcmp(m->raw.p, r->path.p, m->raw.n) != 0 || r->st.ino != m->inode)
            continue;
        m->deleted = false;
        m->path = processes_keep(st, hn_path_canonical(hn_parse_scratch(st->p), m->raw), PROCESSES_TEXT * 4);
    }
}

static struct mapped *mapped_of(struct processes_state *st, const struct line *l, struct hn_bytes path, bool deleted)
{
    struct hn_arena *a = hn_parse_arena(st->p);
    struct hn_str key = hn_arena_fmt(hn_parse_scratch(st->p), "%c%.*s", deleted ? 'd' : '-', HN_FMT(path));
    struct mapped *m = hn_map_find(&st->maps, hn_str_bytes(key));
    if (m)
        return m;
    m = HN_NEW(a, struct mapped);
    struct hn_str own = hn_arena_str(a, key);
    if (!m || a->failed || !hn_ok(hn_map_set(&st->maps, hn_str_bytes(own), m)))
        return NULL;
    m->path = hn_arena_str(a, hn_str_from_hostile(hn_parse_scratch(st->p), path, PROCESSES_TEXT * 4));
    m->deleted = deleted;
    m->dev = l->dev;
    m->inode = l->inode;
    if (deleted)
        ask_name(st, m, l->path);
    *st->last = m;
    st->last = &m->next;
    return m;
}

static void add_user(struct processes_state *st, struct mapped *m, const struct process *q)
{
    if (m->last == q)
        return;
    m->last = q;
    if (m->n >= PROCESSES_PER_MAP) {
        m->more++;
        return;
    }
    if (m->n == m->cap) {
        size_t cap = m->cap ? m->cap * 2 : 4;
        struct hn_str *users = hn_arena_alloc(hn_parse_arena(st->p), cap * sizeof(*users));
        if (!users)
            return;
        if (m->n)
            memcpy(users, m->users, m->n * sizeof(*users));
        m->users = users;
        m->cap = cap;
    }
    m->users[m->n++] = q->subject;
}

static void one_line(struct processes_state *st, struct process *q, struct hn_bytes text, uint64_t offset,
                     const struct hn_rec *r)
{
    struct line l;
    if (!read_line(text, &l)) {
        hn_parse_malformed(st->p, r->path, offset, "line of maps cannot be read");
        return;
    }
    if (!l.inode || !l.path.n || is_memory(l.path))
        return;
    struct hn_bytes path = unescape(hn_parse_scratch(st->p), l.path);
    bool deleted = processes_undelete(&path);
    if (path.p[0] != '/' || (!l.executable && !is_library(path)))
        return;
    path = hn_path_canonical(hn_parse_scratch(st->p), path);
    struct mapped *m = mapped_of(st, &l, path, deleted);
    if (!m)
        return;
    m->executable = m->executable || l.executable;
    add_user(st, m, q);
}

void processes_maps(struct processes_state *st, struct process *q, const struct hn_rec *r)
{
    struct hn_bytes rest = r->data, line, before = {0};
    while (hn_bytes_line(&rest, &line)) {
        /* the segments of one file follow each other: compare from the device on and skip what is known */
        size_t at = 0;
        for (int blanks = 0; at < line.n && blanks < 3; at++)
            blanks += line.p[at] == ' ';
        struct hn_bytes tail = {line.p + at, line.n - at};
        bool code = line.n > 20 && memchr(line.p, 'x', at) != NULL;
        if (!code && tail.n == before.n && tail.n && memcmp(tail.p, before.p, tail.n) == 0)
            continue;
        before = tail;
        one_line(st, q, line, (uint64_t)(line.p - r->data.p) + r->offset, r);
    }
}

void processes_emit_maps(struct processes_state *st)
{
    for (const struct mapped *m = st->first; m; m = m->next) {
        struct hn_str subject =
            m->deleted ? hn_arena_fmt(hn_parse_scratch(st->p), "%.*s%s", HN_FMT(m->path), deleted_mark) : m->path;
        hn_obs_begin(st->p, "mapped", subject);
        hn_obs_str(st->p, "path", m->path);
        hn_obs_bool(st->p, "deleted", m->deleted);
        hn_obs_bool(st->p, "executable", m->executable);
        hn_obs_int(st->p, "dev", (int64_t)(m->dev & INT64_MAX));
        hn_obs_int(st->p, "inode", (int64_t)(m->inode & INT64_MAX));
        hn_obs_list(st->p, "processes", m->users, m->n);
        hn_obs_int(st->p, "users", (int64_t)(m->n + m->more));
        hn_obs_end(st->p);
    }
}
