/* What a worker is handed: inputs, files of its module's folder, nameless files. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/work_in.h"
#include "format/report/report.h"

#define READ_STEP (1u << 20)

/* ---------------------------------------------------------------- inputs */

/* Takes all answers to one question; the front sends several when it may and can. */
static size_t ask_next(struct hn_work *w, const char *option, size_t most, struct work_ahead *ret)
{
    char name[WORK_TEXT_MAX];
    struct work_head h = {.n = (uint32_t)strlen(option), .size = most};
    uint8_t type;
    size_t n = 0;
    int fd = -1;
    bool more = work_ask(w, 'N', &h, option, -1, name, &fd) != ENODATA;
    while (more) {
        ret[n] = (struct work_ahead){h, fd, hn_alloc(h.n + 1)};
        if (!ret[n].name)
            _exit(3);
        memcpy(ret[n++].name, name, h.n);
        more = (h.flags & 2u) && n < most;
        if (more && (!hn_work_receive(WORK_FD, &type, &h, name, &fd) || type != 'N'))
            _exit(HN_WORK_ORPHANED);
    }
    return n;
}

/* The next answer about option. What came ahead for another option waits until that is asked for again. */
static bool take_next(struct hn_work *w, const char *option, struct work_ahead *ret)
{
    bool waits = w->ahead_at < w->n_ahead;
    if (waits && strcmp(option, w->ahead_option) != 0)
        return ask_next(w, option, 1, ret) > 0;
    if (!waits) {
        w->ahead_at = 0;
        w->n_ahead = ask_next(w, option, WORK_AHEAD, w->ahead);
        snprintf(w->ahead_option, sizeof w->ahead_option, "%s", option);
    }
    if (w->ahead_at == w->n_ahead)
        return false;
    *ret = w->ahead[w->ahead_at++];
    return true;
}

/* False: it could not be opened, which was said. */
static bool opened(struct hn_work *w, const struct work_ahead *a, struct hn_input *ret)
{
    struct hn_str shown =
        hn_arena_str(&w->arena, hn_str_from_hostile(&w->arena, hn_bytes_of(a->name, a->head.n), WORK_TEXT_MAX));
    hn_free(a->name);
    if (a->head.err || a->fd < 0) {
        w->unreadable++;
        hn_work_warn(w, "work.unreadable", "name", hn_arena_cstr(&w->arena, shown), "why", strerror(a->head.err), NULL);
        return false;
    }
    *ret = (struct hn_input){.name = shown,
                             .fd = a->fd,
                             .regular = a->head.flags & 1u,
                             .size = a->head.size,
                             .mtime = a->head.time,
                             .map = {NULL, 0}};
    return true;
}

static bool next(struct hn_work *w, const char *option, struct hn_input *ret)
{
    struct work_ahead a;
    while (take_next(w, option, &a))
        if (opened(w, &a, ret))
            return true;
    return false;
}

bool hn_work_next(struct hn_work *w, struct hn_input *ret)
{
    return next(w, "", ret);
}

/* ---------------------------------------------------------------- many small files */

/* One message of them. It goes when the last of its files and the worker have let go of it. */
struct work_batch {
    uint32_t left;   /* files not yet handed out */
    uint32_t living; /* handed out, plus one while more may be */
    size_t at, n;
    char bytes[WORK_BATCH];
};

static void let_go(struct work_batch *b)
{
    if (--b->living == 0)
        hn_free(b);
}

static void ask_batch(struct hn_work *w)
{
    struct work_head h = {.err = 0};
    if (!hn_work_send(WORK_FD, 'B', &h, "", -1))
        _exit(HN_WORK_ORPHANED);
    w->batch_asked = true;
}

void work_settle(struct hn_work *w)
{
    struct work_head h;
    uint8_t type;
    int fd = -1;
    struct work_batch *b = w->batch_asked ? hn_alloc(sizeof *b) : NULL;
    if (!w->batch_asked)
        return;
    if (!b)
        _exit(3);
    if (!hn_work_receive_batch(WORK_FD, &type, &h, b->bytes, &fd) || (type != 'N' && type != 'B'))
        _exit(HN_WORK_ORPHANED);
    w->batch_asked = false;
    if (type == 'B') {
        b->left = h.index;
        b->living = 1;
        b->at = 0;
        b->n = h.n;
        w->batch_next = b;
        return;
    }
    w->batch_end = h.err == ENODATA;
    w->alone_there = !w->batch_end;
    w->alone = (struct work_ahead){h, fd, w->batch_end ? NULL : hn_alloc(h.n + 1)};
    if (w->alone.name)
        memcpy(w->alone.name, b->bytes, h.n);
    else if (w->alone_there)
        _exit(3);
    hn_free(b);
}

static bool next_of_batch(struct hn_work *w, struct hn_input *ret)
{
    struct work_batch *b = w->batch;
    struct work_file f;
    if (!b || !b->left || b->n - b->at < sizeof f)
        return false;
    memcpy(&f, b->bytes + b->at, sizeof f);
    b->at += sizeof f;
    if (f.n > b->n - b->at || f.size > b->n - b->at - f.n)
        return false;
    const char *name = b->bytes + b->at;
    *ret = (struct hn_input){.name = hn_str_from_hostile(&w->arena, hn_bytes_of(name, f.n), WORK_TEXT_MAX),
                             .fd = -1,
                             .regular = true,
                             .size = f.size,
                             .mtime = f.time,
                             .map = hn_bytes_of(name + f.n, (size_t)f.size),
                             .batch = b};
    b->at += f.n + (size_t)f.size;
    b->left--;
    b->living++;
    return true;
}

bool hn_work_next_whole(struct hn_work *w, struct hn_input *ret)
{
    for (;;) {
        if (next_of_batch(w, ret))
            return true;
        if (w->batch)
            let_go(w->batch);
        w->batch = NULL;
        if (!w->batch_asked && !w->batch_next && !w->alone_there && !w->batch_end)
            ask_batch(w);
        work_settle(w);
        w->batch = w->batch_next;
        w->batch_next = NULL;
        if (w->batch) {
            ask_batch(w); /* the front reads on while these are worked on */
            continue;
        }
        if (!w->alone_there)
            return false;
        w->alone_there = false;
        if (opened(w, &w->alone, ret))
            return true;
    }
}

bool hn_work_input(struct hn_work *w, const char *option, struct hn_input *ret)
{
    return next(w, option, ret);
}

/* Copying a small file costs less than the pages of a mapping. */
static bool copy_file(struct hn_input *in, size_t size)
{
    uint8_t *p = hn_alloc(size);
    size_t n = 0;
    for (ssize_t got = p ? 1 : -1; n < size && got > 0; n += got > 0 ? (size_t)got : 0)
        do
            got = pread(in->fd, p + n, size - n, (off_t)n);
        while (got < 0 && errno == EINTR);
    if (!n) {
        hn_free(p);
        return false;
    }
    in->map = hn_bytes_of(p, n);
    in->copied = true;
    return true;
}

static bool map_file(struct hn_input *in, size_t size)
{
    if (size <= WORK_SMALL)
        return copy_file(in, size);
    void *p = mmap(NULL, size, PROT_READ, MAP_PRIVATE, in->fd, 0);
    if (p == MAP_FAILED)
        return false;
    in->map = hn_bytes_of(p, size);
    return true;
}

/* A stream: read into memory that can be unmapped like a file. */
static bool read_stream(struct hn_input *in, size_t max)
{
    size_t cap = 0, n = 0;
    uint8_t *p = NULL;
    for (;;) {
        if (n == cap) {
            size_t more = cap ? cap * 2 : READ_STEP;
            void *q = cap ? mremap(p, cap, more, MREMAP_MAYMOVE)
                          : mmap(NULL, more, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            if (q == MAP_FAILED)
                break;
            p = q;
            cap = more;
        }
        ssize_t got = read(in->fd, p + n, cap - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            if (got < 0)
                break;
            if (n < cap && n) /* give the rest back; what is left has the length that hn_work_done() unmaps */
                p = mremap(p, cap, n, 0);
            if (!n)
                munmap(p, cap);
            in->map = n ? hn_bytes_of(p, n) : hn_bytes_of("", 0);
            return true;
        }
        n += (size_t)got;
        if (n > max) {
            errno = EFBIG;
            break;
        }
    }
    int err = errno;
    if (p)
        munmap(p, cap);
    errno = err;
    return false;
}

bool hn_work_map(struct hn_work *w, struct hn_input *in, size_t max)
{
    bool ok = true;
    if (in->map.p && in->size <= max)
        return true;
    if (in->regular && in->size > max) {
        errno = EFBIG;
        ok = false;
    } else if (in->regular && in->size) {
        ok = map_file(in, in->size);
    } else if (in->regular) {
        in->map = hn_bytes_of("", 0);
    } else {
        ok = read_stream(in, max);
    }
    if (!ok) {
        w->unreadable++;
        hn_work_warn(w, "work.unreadable", "name", hn_arena_cstr(&w->arena, in->name), "why", strerror(errno), NULL);
    }
    return ok;
}

void hn_work_done(struct hn_input *in)
{
    if (in->batch)
        let_go(in->batch);
    else if (in->copied)
        hn_free((void *)(uintptr_t)in->map.p);
    else if (in->map.n)
        munmap((void *)(uintptr_t)in->map.p, in->map.n);
    in->copied = false;
    in->batch = NULL;
    if (in->fd >= 0)
        close(in->fd);
    in->map = (struct hn_bytes){NULL, 0};
    in->fd = -1;
}

int hn_work_stop_fd(const struct hn_work *w)
{
    return WORK_STOP_FD;
}

bool hn_work_stop(struct hn_work *w)
{
    struct pollfd p = {.fd = WORK_STOP_FD, .events = POLLIN};
    return poll(&p, 1, 0) > 0;
}

/* ---------------------------------------------------------------- files */

static int ask_file(struct hn_work *w, uint8_t type, struct hn_str name)
{
    struct work_head h = {.n = (uint32_t)name.n};
    int fd = -1;
    int err = work_ask(w, type, &h, name.p, -1, NULL, &fd);
    errno = err ? err : errno;
    return err ? -1 : fd;
}

int hn_work_file_open(struct hn_work *w, struct hn_str name)
{
    return ask_file(w, 'O', name);
}

int hn_work_file_append(struct hn_work *w, struct hn_str name)
{
    return ask_file(w, 'A', name);
}

int hn_work_file_new(struct hn_work *w, struct hn_str name)
{
    return ask_file(w, 'W', name);
}

int hn_work_temp(struct hn_work *w)
{
    return ask_file(w, 'T', HN_STR(""));
}

int hn_work_output(struct hn_work *w, const char *option)
{
    return ask_file(w, 'U', hn_str_c(option));
}

bool hn_work_report(struct hn_work *w, const char *option, const struct hn_report *r)
{
    HN_AUTO_FD fd = hn_work_output(w, option);
    struct hn_buf page;
    if (fd < 0 || r->marks.bad)
        return false;
    if (hn_report_is_pdf(hn_work_str(w, option))) /* drawn by the front's role: fonts are files */
        return hn_ok(hn_write_all(fd, r->marks.p, r->marks.n));
    hn_buf_init(&page, r->marks.max);
    hn_report_html(r, &page);
    bool ok = !page.bad && hn_ok(hn_write_all(fd, page.p, page.n));
    hn_buf_done(&page);
    return ok;
}

static struct hn_err ask_done(struct hn_work *w, uint8_t type, struct hn_str name)
{
    struct work_head h = {.n = (uint32_t)name.n};
    int err = work_ask(w, type, &h, name.p, -1, NULL, NULL);
    return err ? (struct hn_err){hn_err_from_errno(err)} : HN_OK;
}

struct hn_err hn_work_file_commit(struct hn_work *w, struct hn_str name)
{
    return ask_done(w, 'C', name);
}

struct hn_err hn_work_file_remove(struct hn_work *w, struct hn_str name)
{
    return ask_done(w, 'D', name);
}

struct hn_err hn_work_file_list(struct hn_work *w, struct hn_str prefix, struct hn_file_entry **ret, size_t *ret_n)
{
    size_t cap = 64, n = 0;
    char name[WORK_TEXT_MAX];
    struct hn_file_entry *list = hn_arena_alloc(&w->arena, cap * sizeof *list);
    for (uint32_t i = 0; list; i++) {
        struct work_head h = {.n = (uint32_t)prefix.n, .index = i};
        int err = work_ask(w, 'L', &h, prefix.p, -1, name, NULL);
        if (err == ENODATA)
            break;
        if (err)
            return (struct hn_err){hn_err_from_errno(err)};
        if (n == cap) {
            struct hn_file_entry *more = hn_arena_alloc(&w->arena, 2 * cap * sizeof *more);
            if (more)
                memcpy(more, list, n * sizeof *list);
            list = more;
            cap *= 2;
        }
        struct hn_str own = hn_arena_str(&w->arena, (struct hn_str){name, h.n});
        if (list)
            list[n++] = (struct hn_file_entry){own, h.size, h.time};
    }
    *ret = list;
    *ret_n = n;
    return list && !w->arena.failed ? HN_OK : (struct hn_err){HN_E_NOMEM};
}
