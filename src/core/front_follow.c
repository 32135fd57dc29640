/* Files that grow, are rotated and appear while a verb serves (HN_OPT_FOLLOW): each is handed out when it is new and
 * whenever it has changed since. A file is known by device and number, so that a new name does not make a new file. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/str.h"
#include "core/front_in.h"

#define FILES_MAX 100000u
#define DEPTH_MAX 16u

struct followed {
    dev_t dev;
    ino_t ino;
    off_t size, now_size; /* when it was handed out (-1: not yet), when it was seen last */
    hn_time mtime, now;
    char *path;
    unsigned round; /* of the scan that saw it last */
    bool due;
};

struct front_follow {
    struct followed *list; /* by device and number while scanning, then those that are due first */
    size_t n, cap, known;  /* known: sorted part while scanning */
    size_t at, due;
    unsigned round;
    bool scanned;
};

static int by_file(const void *x, const void *y)
{
    const struct followed *a = x, *b = y;
    if (a->dev != b->dev)
        return a->dev < b->dev ? -1 : 1;
    return (a->ino > b->ino) - (a->ino < b->ino);
}

/* Those that are due first, the oldest of them first: rotated ones come before what was begun after them. */
static int by_turn(const void *x, const void *y)
{
    const struct followed *a = x, *b = y;
    if (a->due != b->due)
        return a->due ? -1 : 1;
    if (a->now != b->now)
        return a->now < b->now ? -1 : 1;
    return strcmp(a->path, b->path);
}

static hn_time mtime_of(const struct stat *st)
{
    return st->st_mtim.tv_sec * HN_SECOND + st->st_mtim.tv_nsec;
}

static char *copy(const char *path)
{
    size_t n = strlen(path) + 1;
    char *p = hn_alloc(n);
    return p ? memcpy(p, path, n) : NULL;
}

static void saw(struct front_follow *f, const char *path, const struct stat *st)
{
    struct followed key = {.dev = st->st_dev, .ino = st->st_ino};
    struct followed *e = f->known ? bsearch(&key, f->list, f->known, sizeof key, by_file) : NULL;
    if (!e) {
        if (f->n == f->cap) {
            size_t cap = f->cap ? f->cap * 2 : 64;
            struct followed *more = cap > FILES_MAX ? NULL : hn_realloc(f->list, cap * sizeof *more);
            if (!more)
                return; /* beyond FILES_MAX: taken up when others are gone */
            f->list = more;
            f->cap = cap;
        }
        e = &f->list[f->n];
        *e = key;
        e->size = -1;
        if (!(e->path = copy(path)))
            return;
        f->n++;
    } else if (strcmp(e->path, path) != 0) {
        char *name = copy(path);
        if (name) {
            hn_free(e->path);
            e->path = name;
        }
    }
    e->round = f->round;
    e->now = mtime_of(st);
    e->now_size = st->st_size;
    e->due = e->size != st->st_size || e->mtime != e->now;
}

/* Links are followed where they were named, and nowhere below. */
static void scan(struct front_follow *f, const char *path, unsigned depth)
{
    struct stat st;
    if ((depth ? lstat(path, &st) : stat(path, &st)) != 0)
        return;
    if (S_ISREG(st.st_mode))
        saw(f, path, &st);
    if (!S_ISDIR(st.st_mode) || depth > DEPTH_MAX)
        return;
    DIR *d = opendir(path);
    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        char below[PATH_MAX];
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (snprintf(below, sizeof below, "%s/%s", path, e->d_name) < (int)sizeof below)
            scan(f, below, depth + 1);
    }
    if (d)
        closedir(d);
}

static void scan_all(struct front_state *s, const char *option)
{
    struct front_follow *f = s->follow;
    size_t kept = 0;
    if (f->n)
        qsort(f->list, f->n, sizeof *f->list, by_file);
    f->known = f->n;
    f->round++;
    for (size_t i = 0; i < s->f->n_options; i++)
        if (s->f->options[i].o->type == HN_OPT_FOLLOW && strcmp(s->f->options[i].o->name, option) == 0)
            scan(f, s->f->options[i].value, 0);
    for (size_t i = 0; i < f->n; i++) { /* what is gone */
        if (f->list[i].round == f->round)
            f->list[kept++] = f->list[i];
        else
            hn_free(f->list[i].path);
    }
    f->n = kept;
    if (f->n)
        qsort(f->list, f->n, sizeof *f->list, by_turn);
    for (f->due = 0; f->due < f->n && f->list[f->due].due; f->due++)
        ;
    f->at = 0;
}

/* The file, if it is still the one that was seen; its size and time as they are now. */
static int open_one(struct followed *e, struct stat *st)
{
    int fd = open(e->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd >= 0 && (fstat(fd, st) != 0 || st->st_dev != e->dev || st->st_ino != e->ino || !S_ISREG(st->st_mode))) {
        close(fd);
        fd = -1;
        errno = ENOENT;
    }
    if (fd < 0)
        return -1;
    e->size = st->st_size;
    e->mtime = mtime_of(st);
    return fd;
}

bool front_follows(const struct front_state *s, const char *option)
{
    for (size_t i = 0; i < s->f->n_options; i++)
        if (s->f->options[i].o->type == HN_OPT_FOLLOW && strcmp(s->f->options[i].o->name, option) == 0)
            return true;
    return false;
}

int front_follow_next(struct front_state *s, const char *option, struct work_head *h, char *text)
{
    if (!s->follow)
        s->follow = hn_alloc_zero(sizeof *s->follow);
    *h = (struct work_head){.err = s->follow ? ENODATA : ENOMEM};
    if (!s->follow)
        return -1;
    struct front_follow *f = s->follow;
    if (f->at == f->due && !f->scanned)
        scan_all(s, option);
    f->scanned = true;
    while (f->at < f->due) {
        struct followed *e = &f->list[f->at++];
        struct stat st;
        int fd = open_one(e, &st);
        if (fd < 0 && errno == ENOENT)
            continue; /* rotated just now: the next scan finds it */
        int err = fd < 0 ? errno : 0;
        if (err) { /* told once, and again when it has changed */
            e->size = e->now_size;
            e->mtime = e->now;
        }
        *h = (struct work_head){.err = err, .n = (uint32_t)strnlen(e->path, WORK_TEXT_MAX)};
        memcpy(text, e->path, h->n);
        if (fd >= 0) {
            h->flags = 1;
            h->size = (uint64_t)st.st_size;
            h->time = e->mtime;
        }
        return fd;
    }
    f->scanned = false; /* this scan is through: the next question begins another */
    return -1;
}

void front_follow_done(struct front_state *s)
{
    struct front_follow *f = s->follow;
    for (size_t i = 0; f && i < f->n; i++)
        hn_free(f->list[i].path);
    if (f)
        hn_free(f->list);
    hn_free(f);
    s->follow = NULL;
}
