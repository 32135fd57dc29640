#include "cli/watch_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/cur.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/collect.h"
#include "core/record.h"
#include "core/registry.h"

#define MEMORY       (64u << 20)
#define FOLDERS_MAX  200000u
#define DEVICES_MAX  64u
#define READ_SIZE    (64u << 10)
#define HANDLE_MAX   128u /* MAX_HANDLE_SZ */
#define DEPTH_MAX    32u
#define CLOCK_STEP   (20 * HN_SECOND / 1000) /* times of files are as coarse as the kernel's tick */
#define INOTIFY_WHAT (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ATTRIB | IN_ONLYDIR)
#define FANOTIFY_WHAT                                                                                                  \
    (FAN_CLOSE_WRITE | FAN_MOVED_TO | FAN_MOVED_FROM | FAN_CREATE | FAN_DELETE | FAN_ATTRIB | FAN_ONDIR |              \
     FAN_EVENT_ON_CHILD)

/* What somebody wants to know of a folder: one name in it, or those that match. */
struct interest {
    struct hn_str name;
    bool pattern;
    uint64_t modules;
    struct interest *next;
};

struct folder {
    struct hn_str path; /* as the run named it */
    struct interest *first, **last;
    struct folder *same; /* another name of the same folder */
    bool watched;        /* since before this set */
};

struct watch_files {
    struct hn_arena arena; /* of the present set */
    struct hn_map folders; /* path → folder */
    struct hn_map places;  /* fsid and handle, or inotify's number → folder */
    struct hn_map before;  /* places of the set before, which have been watched all along */
    char *root;            /* its real path, without a slash at the end: "" for / */
    int rootfd, fanotify, inotify;
    dev_t refused[DEVICES_MAX];
    size_t n_refused;
    uint64_t everyone; /* modules that watch anything */
    uint64_t late;     /* changed before they could be watched */
    hn_time since;
    bool *wanted; /* inotify numbers in use, by number */
    size_t n_wanted;
    struct watch_files_counts counts;
};

/* ---------------------------------------------------------------- life */

static char *real_root(int fd)
{
    char link[64], path[HN_REC_PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path);
    if (n < 0)
        return NULL;
    if (n == 1)
        n = 0;
    char *out = hn_alloc((size_t)n + 1);
    if (out) {
        memcpy(out, path, (size_t)n);
        out[n] = 0;
    }
    return out;
}

/* Marks an open folder. A file system without handles for its files refuses, and is not asked again. */
static bool mark(struct watch_files *w, int fd, dev_t dev)
{
    for (size_t i = 0; i < w->n_refused; i++)
        if (w->refused[i] == dev)
            return false;
    if (w->fanotify >= 0 && fanotify_mark(w->fanotify, FAN_MARK_ADD | FAN_MARK_ONLYDIR, FANOTIFY_WHAT, fd, ".") == 0)
        return true;
    if (w->n_refused < DEVICES_MAX && errno != ENOSPC && errno != ENOMEM)
        w->refused[w->n_refused++] = dev;
    return false;
}

struct watch_files *watch_files_new(const char *root, struct hn_diag *reterr)
{
    struct watch_files *w = hn_alloc_zero(sizeof *w);
    if (!w)
        return NULL;
    hn_arena_init(&w->arena, MEMORY);
    hn_map_init(&w->folders);
    hn_map_init(&w->places);
    hn_map_init(&w->before);
    w->rootfd = open(root ? root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    w->root = w->rootfd >= 0 ? real_root(w->rootfd) : NULL;
    w->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    w->fanotify = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK | FAN_REPORT_DFID_NAME, O_RDONLY);
    if (!w->root || w->inotify < 0) {
        struct hn_err e = hn_fail_errno(reterr, "cannot watch %s", root ? root : "/");
        watch_files_free(w);
        return (void)e, NULL;
    }
    return w;
}

void watch_files_free(struct watch_files *w)
{
    if (!w)
        return;
    hn_fd_cleanup(&w->rootfd);
    hn_fd_cleanup(&w->inotify);
    hn_fd_cleanup(&w->fanotify);
    hn_map_done(&w->folders);
    hn_map_done(&w->places);
    hn_arena_done(&w->arena);
    hn_free(w->wanted);
    hn_free(w->root);
    hn_free(w);
}

void watch_files_fds(const struct watch_files *w, int ret[2])
{
    ret[0] = w->fanotify;
    ret[1] = w->inotify;
}

struct watch_files_counts watch_files_count(const struct watch_files *w)
{
    return w->counts;
}

/* ---------------------------------------------------------------- what is wanted */

static struct folder *folder_of(struct watch_files *w, struct hn_str path)
{
    struct folder *f = hn_map_find(&w->folders, hn_str_bytes(path));
    if (f || w->folders.n >= FOLDERS_MAX)
        return f;
    f = HN_NEW(&w->arena, struct folder);
    if (!f)
        return NULL;
    *f = (struct folder){.path = hn_arena_str(&w->arena, path)};
    f->last = &f->first;
    return f->path.p && hn_ok(hn_map_set(&w->folders, hn_str_bytes(f->path), f)) ? f : NULL;
}

static bool concerns(const struct interest *i, struct hn_str name)
{
    return i->pattern ? hn_glob_match(i->name, name, true) : hn_str_eq(i->name, name);
}

static void add_interest(struct watch_files *w, struct hn_str folder, struct hn_str name, bool pattern, uint64_t module)
{
    struct folder *f = folder_of(w, folder.n ? folder : HN_STR("/"));
    struct interest *i;
    if (!f) {
        w->counts.missed++;
        return;
    }
    for (i = f->first; i; i = i->next) {
        bool same = i->pattern == pattern && hn_str_eq(i->name, name);
        if (same || (!pattern && (i->modules & module) == module && concerns(i, name))) {
            i->modules |= same ? module : 0;
            return;
        }
    }
    i = HN_NEW(&w->arena, struct interest);
    if (!i)
        return;
    *i = (struct interest){.name = hn_arena_str(&w->arena, name), .pattern = pattern, .modules = module};
    *f->last = i;
    f->last = &i->next;
}

static void split_path(struct hn_str path, struct hn_str *folder, struct hn_str *name)
{
    size_t at = path.n;
    while (at && path.p[at - 1] != '/')
        at--;
    *name = hn_str_cut(path, at, path.n);
    while (at && path.p[at - 1] == '/')
        at--;
    *folder = hn_str_cut(path, 0, at);
}

/* Where the file behind a symbolic link lies, as the host names it; false: nowhere below the root. */
static bool behind(struct watch_files *w, const char *path, char out[HN_REC_PATH_MAX])
{
    char link[64];
    HN_AUTO_FD fd = hn_open_in_root(w->rootfd, path, O_PATH);
    if (fd < 0)
        return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, out, HN_REC_PATH_MAX - 1);
    size_t skip = strlen(w->root);
    if (n <= 0 || (size_t)n <= skip || memcmp(out, w->root, skip) != 0 || out[skip] != '/')
        return false;
    out[n] = 0;
    memmove(out, out + skip, (size_t)n - skip + 1);
    return strcmp(out, path) != 0 && !hn_collect_silent(out);
}

static void want_file(struct watch_files *w, struct hn_str path, uint64_t module)
{
    char text[HN_REC_PATH_MAX], real[HN_REC_PATH_MAX];
    struct hn_str folder, name;
    if (!path.n || path.n >= sizeof text || path.p[0] != '/')
        return;
    split_path(path, &folder, &name);
    add_interest(w, folder, name, false, module);
    memcpy(text, path.p, path.n);
    text[path.n] = 0;
    if (!behind(w, text, real))
        return;
    split_path(hn_str_c(real), &folder, &name);
    add_interest(w, folder, name, false, module);
}

static void want(struct watch_files *w, struct hn_str entry, uint64_t module)
{
    struct hn_str text = hn_str_cut(entry, 1, entry.n), folder, name;
    if (entry.n < 2)
        return;
    if (entry.p[0] == 'F') {
        want_file(w, text, module);
    } else if (entry.p[0] == 'L') {
        add_interest(w, text, HN_STR("*"), true, module);
    } else if (entry.p[0] == 'G') {
        split_path(text, &folder, &name);
        add_interest(w, folder, name, true, module);
    }
}

/* ---------------------------------------------------------------- watching it */

/* Changed while nobody watched: the folder itself, or one of its files that are known by name. */
static void look_back(struct watch_files *w, int fd, const struct stat *folder, const struct folder *f)
{
    bool all = folder->st_ctim.tv_sec * HN_SECOND + folder->st_ctim.tv_nsec >= w->since;
    for (const struct interest *i = f->first; i; i = i->next) {
        char name[256];
        struct stat st;
        if (all) {
            w->late |= i->modules;
            continue;
        }
        if (i->pattern || i->name.n >= sizeof name)
            continue;
        memcpy(name, i->name.p, i->name.n);
        name[i->name.n] = 0;
        if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            st.st_ctim.tv_sec * HN_SECOND + st.st_ctim.tv_nsec >= w->since)
            w->late |= i->modules;
    }
}

static void put_place(struct watch_files *w, struct folder *f, struct hn_bytes key)
{
    f->watched = hn_map_has(&w->before, key);
    struct hn_bytes own = hn_arena_bytes(&w->arena, key);
    f->same = hn_map_find(&w->places, key);
    if (!own.p || !hn_ok(hn_map_set(&w->places, own, f)))
        w->counts.missed++;
}

/* fsid (8 bytes), type of the handle (4), the handle: as fanotify names a folder. */
static bool place_fanotify(struct watch_files *w, struct folder *f, int fd)
{
    union {
        struct file_handle h;
        uint8_t room[sizeof(struct file_handle) + HANDLE_MAX];
    } u = {.h.handle_bytes = HANDLE_MAX};
    uint8_t key[12 + HANDLE_MAX];
    struct statfs fs;
    int mount;
    if (name_to_handle_at(fd, "", &u.h, &mount, AT_EMPTY_PATH) != 0 || fstatfs(fd, &fs) != 0)
        return false;
    memcpy(key, &fs.f_fsid, 8);
    memcpy(key + 8, &u.h.handle_type, 4);
    memcpy(key + 12, u.h.f_handle, u.h.handle_bytes);
    put_place(w, f, hn_bytes_of(key, 12 + u.h.handle_bytes));
    w->counts.fanotify++;
    return true;
}

static bool wanted_room(struct watch_files *w, size_t number)
{
    if (number < w->n_wanted)
        return true;
    size_t n = number * 2 + 1024;
    bool *p = hn_realloc(w->wanted, n * sizeof *p);
    if (!p)
        return false;
    memset(p + w->n_wanted, 0, (n - w->n_wanted) * sizeof *p);
    w->wanted = p;
    w->n_wanted = n;
    return true;
}

static bool place_inotify(struct watch_files *w, struct folder *f, int fd)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    int number = inotify_add_watch(w->inotify, link, INOTIFY_WHAT);
    if (number < 0 || !wanted_room(w, (size_t)number))
        return false;
    w->wanted[number] = true;
    put_place(w, f, hn_bytes_of(&number, sizeof number));
    w->counts.inotify++;
    return true;
}

/* A folder that is not there: its name in the nearest one that is. */
static void wait_for_folder(struct watch_files *w, const struct folder *f)
{
    struct hn_str folder, name;
    uint64_t modules = 0;
    for (const struct interest *i = f->first; i; i = i->next)
        modules |= i->modules;
    split_path(f->path, &folder, &name);
    if (name.n)
        add_interest(w, folder, name, false, modules);
}

static void place(struct watch_files *w, struct folder *f)
{
    struct stat st;
    const char *path = hn_arena_cstr(&w->arena, f->path);
    HN_AUTO_FD fd = path ? hn_open_in_root(w->rootfd, path, O_RDONLY | O_DIRECTORY | O_NONBLOCK) : -1;
    if (fd < 0 || fstat(fd, &st) != 0) {
        w->counts.missed += fd >= 0 || (errno != ENOENT && errno != ENOTDIR);
        return;
    }
    bool watched = (mark(w, fd, st.st_dev) && place_fanotify(w, f, fd)) || place_inotify(w, f, fd);
    w->counts.missed += !watched;
    if (!f->watched)
        look_back(w, fd, &st, f);
}

static bool is_there(const struct watch_files *w, const struct folder *f, struct hn_arena *a)
{
    struct stat st;
    const char *path = hn_arena_cstr(a, f->path);
    HN_AUTO_FD fd = path ? hn_open_in_root(w->rootfd, path, O_PATH | O_DIRECTORY) : -1;
    return fd >= 0 && fstat(fd, &st) == 0;
}

/* Adds the folders to wait in for those that are missing; these may be missing themselves. The map must not grow while
 * it is gone through. */
static void climb(struct watch_files *w)
{
    for (unsigned round = 0; round < DEPTH_MAX; round++) {
        struct hn_bytes key;
        void *value;
        size_t n = 0, before = w->folders.n, i = 0;
        struct folder **missing = hn_arena_alloc(&w->arena, (before + 1) * sizeof *missing);
        while (missing && hn_map_next(&w->folders, &i, &key, &value))
            if (!is_there(w, value, &w->arena))
                missing[n++] = value;
        for (size_t k = 0; k < n; k++)
            wait_for_folder(w, missing[k]);
        if (!missing || w->folders.n == before)
            return;
    }
}

/* Begins a new set. Marks of folders that are in none any more stay; what they tell finds nobody. */
static void forget(struct watch_files *w)
{
    hn_map_done(&w->folders);
    hn_map_init(&w->folders);
    w->before = w->places;
    hn_map_init(&w->places);
    hn_arena_init(&w->arena, MEMORY);
    w->everyone = w->late = 0;
    w->counts = (struct watch_files_counts){0};
}

uint64_t watch_files_learn(struct watch_files *w, const struct hn_run *r)
{
    struct hn_bytes key;
    void *value;
    size_t i = 0, n_before = w->n_wanted;
    bool *before = w->wanted;
    struct hn_arena old = w->arena;
    forget(w);
    w->wanted = NULL;
    w->n_wanted = 0;
    w->since = r->collected_at - CLOCK_STEP;
    for (size_t k = 0; k < r->n_cover; k++) {
        const struct hn_run_cover *c = &r->cover[k];
        struct hn_str rest = {(const char *)c->inputs.p, c->inputs.n}, entry;
        w->everyone |= hn_module_bit(c->module);
        while (hn_str_split(&rest, 0, &entry))
            want(w, entry, hn_module_bit(c->module));
    }
    climb(w);
    while (hn_map_next(&w->folders, &i, &key, &value))
        place(w, value);
    for (size_t k = 0; k < n_before; k++)
        if (before[k] && (k >= w->n_wanted || !w->wanted[k]))
            inotify_rm_watch(w->inotify, (int)k);
    hn_free(before);
    hn_map_done(&w->before);
    hn_map_init(&w->before);
    hn_arena_done(&old);
    return w->late;
}

/* ---------------------------------------------------------------- what happened */

static uint64_t concerned(const struct watch_files *w, struct hn_bytes key, struct hn_str name)
{
    uint64_t modules = 0;
    for (const struct folder *f = hn_map_find(&w->places, key); f; f = f->same)
        for (const struct interest *i = f->first; i; i = i->next)
            if (!name.n || concerns(i, name)) {
                hn_log(HN_LOG_DEBUG, "changed: %.*s/%.*s", HN_FMT(f->path), HN_FMT(name));
                modules |= i->modules;
            }
    return modules;
}

/* struct inotify_event: number, mask, cookie, length of the name (with padding), name. */
static uint64_t from_inotify(const struct watch_files *w, struct hn_bytes b)
{
    struct hn_cur c;
    uint64_t modules = 0;
    hn_cur_init(&c, b, b.n);
    while (hn_cur_left(&c) && hn_cur_work(&c)) {
        struct inotify_event e = {0};
        struct hn_bytes head = hn_cur_take(&c, sizeof e);
        if (head.n)
            memcpy(&e, head.p, sizeof e);
        struct hn_bytes name = head.n ? hn_cur_take(&c, e.len) : (struct hn_bytes){0};
        if (hn_cur_bad(&c))
            break;
        if (e.mask & IN_Q_OVERFLOW)
            return w->everyone;
        struct hn_str text = {(const char *)name.p, name.n ? strnlen((const char *)name.p, name.n) : 0};
        if (!(e.mask & IN_IGNORED))
            modules |= concerned(w, hn_bytes_of(&e.wd, sizeof e.wd), text);
    }
    return modules;
}

/* fanotify_event_info_fid: type, pad, length; fsid; length of the handle, its type, its bytes; the name. */
static uint64_t from_info(const struct watch_files *w, struct hn_cur *c)
{
    uint8_t key[12 + HANDLE_MAX];
    struct fanotify_event_info_header h;
    struct hn_bytes head = hn_cur_take(c, sizeof h);
    if (!head.n)
        return 0;
    memcpy(&h, head.p, sizeof h);
    struct hn_cur in = hn_cur_sub(c, h.len > sizeof h ? h.len - sizeof h : 0);
    if (h.info_type != FAN_EVENT_INFO_TYPE_DFID_NAME)
        return 0;
    struct hn_bytes fsid = hn_cur_take(&in, 8), sizes = hn_cur_take(&in, 8);
    uint32_t n = HANDLE_MAX + 1;
    if (sizes.n)
        memcpy(&n, sizes.p, 4);
    struct hn_bytes handle = n <= HANDLE_MAX ? hn_cur_take(&in, n) : (struct hn_bytes){0};
    if (hn_cur_bad(&in) || !handle.n)
        return 0;
    memcpy(key, fsid.p, 8);
    memcpy(key + 8, sizes.p + 4, 4);
    memcpy(key + 12, handle.p, n);
    struct hn_bytes name = hn_cur_take(&in, hn_cur_left(&in));
    struct hn_str text = {(const char *)name.p, name.n ? strnlen((const char *)name.p, name.n) : 0};
    return concerned(w, hn_bytes_of(key, 12 + n), text);
}

static uint64_t from_fanotify(const struct watch_files *w, struct hn_bytes b)
{
    struct hn_cur c;
    uint64_t modules = 0;
    hn_cur_init(&c, b, b.n);
    while (hn_cur_left(&c) && hn_cur_work(&c)) {
        struct fanotify_event_metadata m;
        struct hn_bytes head = hn_cur_take(&c, sizeof m);
        if (!head.n)
            break;
        memcpy(&m, head.p, sizeof m);
        if (m.mask & FAN_Q_OVERFLOW)
            return w->everyone;
        struct hn_cur infos = hn_cur_sub(&c, m.event_len > sizeof m ? m.event_len - sizeof m : 0);
        while (hn_cur_left(&infos) && hn_cur_work(&infos))
            modules |= from_info(w, &infos);
        if (m.fd >= 0)
            close(m.fd);
    }
    return modules;
}

uint64_t watch_files_take(struct watch_files *w)
{
    _Alignas(8) uint8_t buf[READ_SIZE];
    uint64_t modules = 0;
    ssize_t n;
    while (w->fanotify >= 0 && (n = read(w->fanotify, buf, sizeof buf)) > 0)
        modules |= from_fanotify(w, hn_bytes_of(buf, (size_t)n));
    while ((n = read(w->inotify, buf, sizeof buf)) > 0)
        modules |= from_inotify(w, hn_bytes_of(buf, (size_t)n));
    return modules;
}
