/* The folder of a module, HINOMI_HOME/<module>, and the outputs that were named. Names come from a worker, which is not
 * trusted: they are checked, and opened below the folder only. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/str.h"
#include "core/front_in.h"
#include "core/registry.h"

#define NAME_MAX_BYTES 200u
#define TEMP_SUFFIX    ".new"
#define LIST_MAX       1000000u

/* ---------------------------------------------------------------- names */

static bool good_part(struct hn_str s)
{
    return hn_str_plain(s) && s.p[0] != '.';
}

/* Letters, digits, ".", "-", "_", at most one "/"; not the suffix of files that are being written, not the lock. */
static bool good_name(struct hn_str s)
{
    struct hn_str rest = s, a, b;
    if (s.n > NAME_MAX_BYTES || hn_str_ends(s, TEMP_SUFFIX) || hn_str_eqc(s, "lock"))
        return false;
    bool one = hn_str_split(&rest, '/', &a) && good_part(a);
    return one && (!hn_str_split(&rest, '/', &b) || (good_part(b) && !rest.p));
}

static int open_below(int folder, const char *name, int flags)
{
    return folder < 0 ? (errno = ENOENT, -1) : openat(folder, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/* ---------------------------------------------------------------- the folder */

static int folder_of(struct front_state *s, const char *module, bool make)
{
    if (!s->f->home)
        return -1;
    struct hn_str path = hn_arena_fmt(&s->arena, "%s/%s", s->f->home, module);
    if (make && !hn_ok(hn_mkdirs(path.p, 0700, NULL)))
        return -1;
    return open(path.p, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

struct hn_err front_folder_open(struct front_state *s, struct hn_diag *reterr)
{
    bool needs = s->f->verb->flags & (HN_VERB_FOLDER | HN_VERB_BESIDE);
    s->lock = -1;
    s->folder = folder_of(s, s->f->module->name, needs);
    if (!needs)
        return HN_OK;
    if (s->folder < 0)
        return hn_fail_errno(reterr, "the folder %s/%s", s->f->home ? s->f->home : "(no HINOMI_HOME)",
                             s->f->module->name);
    if (s->f->verb->flags & HN_VERB_BESIDE)
        return HN_OK;
    s->lock = open_below(s->folder, "lock", O_RDWR | O_CREAT);
    if (s->lock < 0)
        return hn_fail_errno(reterr, "%s/%s/lock", s->f->home, s->f->module->name);
    if (flock(s->lock, LOCK_EX | LOCK_NB) != 0)
        return hn_fail(reterr, HN_E_BUSY, "another hinomi %s is at work in %s/%s", s->f->module->name, s->f->home,
                       s->f->module->name);
    return HN_OK;
}

/* ---------------------------------------------------------------- listing */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void list_folder(struct front_state *s, int folder, const char *below, struct hn_str prefix, size_t *cap)
{
    int copy = open_below(folder, *below ? below : ".", O_RDONLY | O_DIRECTORY);
    DIR *d = copy >= 0 ? fdopendir(copy) : NULL;
    struct dirent *e;
    if (copy >= 0 && !d)
        close(copy);
    while (d && (e = readdir(d)) && s->n_names < LIST_MAX) {
        struct hn_str name = hn_arena_fmt(&s->arena, "%s%s%s", below, *below ? "/" : "", e->d_name);
        struct stat st;
        if (!good_name(name) || fstatat(folder, name.p, &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (S_ISDIR(st.st_mode) && !*below)
            list_folder(s, folder, name.p, prefix, cap);
        if (!S_ISREG(st.st_mode) || name.n < prefix.n || memcmp(name.p, prefix.p, prefix.n) != 0)
            continue;
        const char **more = hn_arena_more(&s->arena, s->names, s->n_names, cap, sizeof *more);
        if (!more)
            break;
        s->names = more;
        s->names[s->n_names++] = name.p;
    }
    if (d)
        closedir(d);
}

/* The i-th name; the folder is read when the first is asked for. */
static int list(struct front_state *s, int folder, struct hn_str prefix, struct work_head *h, char *text)
{
    uint32_t i = h->index;
    struct stat st;
    if (i == 0) {
        size_t cap = 0;
        s->n_names = 0;
        s->names = NULL;
        if (folder >= 0)
            list_folder(s, folder, "", prefix, &cap);
        if (s->n_names)
            qsort(s->names, s->n_names, sizeof *s->names, by_name);
    }
    if (i >= s->n_names)
        return ENODATA;
    bool there = fstatat(folder, s->names[i], &st, AT_SYMLINK_NOFOLLOW) == 0; /* gone since: length 0 */
    h->n = (uint32_t)strlen(s->names[i]);
    h->size = there ? (uint64_t)st.st_size : 0;
    h->time = there ? st.st_mtim.tv_sec * HN_SECOND + st.st_mtim.tv_nsec : 0;
    memcpy(text, s->names[i], h->n);
    return 0;
}

/* ---------------------------------------------------------------- files */

static int temp_file(struct front_state *s)
{
    int fd = s->folder >= 0 ? openat(s->folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) : -1;
    if (fd < 0)
        fd = open("/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return fd >= 0 ? fd : memfd_create("hinomi", MFD_CLOEXEC);
}

static int new_file(struct front_state *s, const char *name)
{
    char temp[NAME_MAX_BYTES + 8];
    char *slash = strchr(name, '/');
    snprintf(temp, sizeof temp, "%s" TEMP_SUFFIX, name);
    if (slash && s->folder >= 0) {
        char folder[NAME_MAX_BYTES + 1];
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - name), name);
        if (mkdirat(s->folder, folder, 0700) != 0 && errno != EEXIST)
            return -1;
    }
    return open_below(s->folder, temp, O_RDWR | O_CREAT | O_TRUNC);
}

static int append_file(struct front_state *s, const char *name)
{
    char *slash = strchr(name, '/');
    if (slash && s->folder >= 0) {
        char folder[NAME_MAX_BYTES + 1];
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - name), name);
        if (mkdirat(s->folder, folder, 0700) != 0 && errno != EEXIST)
            return -1;
    }
    return open_below(s->folder, name, O_RDWR | O_CREAT);
}

static void sync_folder(struct front_state *s, const char *name)
{
    const char *slash = strchr(name, '/');
    char folder[NAME_MAX_BYTES + 1];
    fsync(s->folder);
    if (!slash)
        return;
    snprintf(folder, sizeof folder, "%.*s", (int)(slash - name), name);
    HN_AUTO_FD fd = open_below(s->folder, folder, O_RDONLY | O_DIRECTORY);
    if (fd >= 0)
        fsync(fd);
}

static int commit_file(struct front_state *s, const char *name)
{
    char temp[NAME_MAX_BYTES + 8];
    snprintf(temp, sizeof temp, "%s" TEMP_SUFFIX, name);
    HN_AUTO_FD fd = open_below(s->folder, temp, O_RDWR);
    if (fd < 0 || fsync(fd) != 0 || renameat(s->folder, temp, s->folder, name) != 0)
        return errno;
    sync_folder(s, name);
    return 0;
}

static int remove_file(struct front_state *s, const char *name)
{
    if (s->folder < 0 || unlinkat(s->folder, name, 0) != 0)
        return s->folder < 0 ? ENOENT : errno;
    sync_folder(s, name);
    return 0;
}

/* ---------------------------------------------------------------- outputs */

static int output_open(struct front_state *s, struct hn_str option)
{
    for (size_t i = 0; i < s->n_outputs; i++) {
        struct front_output *o = &s->outputs[i];
        if (!hn_str_eqc(option, o->option))
            continue;
        int n = snprintf(o->temp, sizeof o->temp, "%s" TEMP_SUFFIX, o->path);
        if (n < 0 || (size_t)n >= sizeof o->temp)
            return errno = ENAMETOOLONG, -1;
        int fd = open(o->temp, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
        o->made = o->made || fd >= 0;
        return fd;
    }
    return errno = ENOENT, -1;
}

struct hn_err front_outputs_end(struct front_state *s, bool keep, struct hn_diag *reterr)
{
    struct hn_err e = HN_OK;
    for (size_t i = 0; i < s->n_outputs; i++) {
        struct front_output *o = &s->outputs[i];
        if (!o->made)
            continue;
        if (keep && hn_ok(e) && o->drawn)
            e = front_draw(s, o, reterr);
        HN_AUTO_FD fd = keep && hn_ok(e) ? open(o->temp, O_RDWR | O_CLOEXEC) : -1;
        if (fd >= 0 && fsync(fd) == 0 && rename(o->temp, o->path) == 0)
            continue;
        if (keep && hn_ok(e))
            e = hn_fail_errno(reterr, "cannot write %s", o->path);
        unlink(o->temp);
    }
    return e;
}

/* ---------------------------------------------------------------- requests */

/* "feed:index": the folder of another module, to read. */
static int other_folder(struct front_state *s, struct hn_str *name, bool *ret_other)
{
    ptrdiff_t colon = hn_str_chr(*name, ':');
    *ret_other = colon >= 0;
    if (colon < 0)
        return s->folder;
    const struct hn_module *m = hn_module_find(hn_str_cut(*name, 0, (size_t)colon));
    *name = hn_str_cut(*name, (size_t)colon + 1, name->n);
    return m ? folder_of(s, m->name, false) : -1;
}

int front_file(struct front_state *s, uint8_t type, struct work_head *h, char *text)
{
    struct hn_str name = {text, h->n};
    char cname[NAME_MAX_BYTES + 1];
    bool other;
    int fd = -1, folder = other_folder(s, &name, &other);
    uint32_t index = h->index;
    *h = (struct work_head){.index = index};
    if (type == 'T' || type == 'U') {
        fd = type == 'T' ? temp_file(s) : output_open(s, name);
        h->err = fd < 0 ? errno : 0;
        return fd;
    }
    if (type == 'L') {
        h->err = list(s, folder, name, h, text);
    } else if (!good_name(name) || (other && type != 'O')) {
        h->err = EINVAL;
    } else {
        memcpy(cname, name.p, name.n);
        cname[name.n] = 0;
        if (type == 'O')
            fd = open_below(folder, cname, O_RDONLY);
        else if (type == 'A')
            fd = append_file(s, cname);
        else if (type == 'W')
            fd = new_file(s, cname);
        if (type == 'C')
            h->err = commit_file(s, cname);
        else if (type == 'D')
            h->err = remove_file(s, cname);
        else
            h->err = fd < 0 ? errno : 0;
    }
    if (other && folder >= 0)
        close(folder);
    return fd;
}
