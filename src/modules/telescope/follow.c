/* Captures that grow and are rotated: every packet once, whatever happens to their names, across restarts too.
 *
 * A capture is known by its first packet (time, lengths, octets): renaming, packing and copying leave that as it is,
 * and another capture has another. Of each it is kept, together with the state of the engine, how many packets were
 * taken; what is read from its beginning again (after a restart, under a new name, packed) passes over so many. A plain
 * file that only grew is gone on with where it was left. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "modules/telescope/report.h"
#include "modules/telescope/setup.h"

#define OPEN         8u /* readers kept, of the captures that grew last */
#define PIECE        (1u << 20)
#define MARK         64u
#define UNPACKED_MAX (UINT64_C(1) << 42)

struct reader {
    struct telescope_follow *f;
    struct hn_capture *capture;
    struct telescope_capture *at; /* NULL: no packet yet */
    char name[1024];
    uint64_t id, octets, seen; /* of the capture; of the file; packets */
    uint8_t head[MARK], tail[MARK];
    size_t n_head, n_tail;
    uint64_t turn;
    bool known; /* read to its end in an earlier run */
};

struct telescope_follow {
    struct telescope_followed files;
    struct reader readers[OPEN];
    struct reader *now; /* reading */
    struct hn_input in; /* what it reads */
    struct hn_work *w;
    struct telescope_engine *e;
    struct telescope_inputs *inputs;
    uint64_t turn;
    unsigned told;
    uint8_t piece[PIECE];
};

/* ---------------------------------------------------------------- captures */

static uint64_t mix64(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}

/* The same in every process, because it is kept. */
static uint64_t name_of(const struct hn_capture_record *r)
{
    uint64_t h = mix64(mix64(r->link, (uint64_t)r->time), (uint64_t)r->cap << 32 | r->wire);
    for (uint32_t i = 0; i < r->cap; i++)
        h = mix64(h, r->p[i]);
    return h;
}

/* Beyond their number the one that was not used for longest gives up its place. */
static struct telescope_capture *capture_of(struct telescope_followed *files, uint64_t id)
{
    struct telescope_capture *old = &files->list[0];
    for (uint32_t i = 0; i < files->n; i++) {
        struct telescope_capture *c = &files->list[i];
        if (c->id == id) {
            c->turn = ++files->turn;
            return c;
        }
        old = c->turn < old->turn ? c : old;
    }
    if (files->n < TELESCOPE_FOLLOWED)
        old = &files->list[files->n++];
    *old = (struct telescope_capture){.id = id, .turn = ++files->turn};
    return old;
}

static void each(void *arg, const struct hn_capture_record *r, size_t n)
{
    struct reader *d = arg;
    struct telescope_follow *f = d->f;
    uint64_t before = d->seen;
    if (!d->at) {
        d->id = name_of(r);
        d->at = capture_of(&f->files, d->id);
        d->known = d->at->octets && d->at->octets == f->in.size;
    } else if (d->at->id != d->id) { /* its place was given to another */
        d->at = capture_of(&f->files, d->id);
        d->at->packets = before;
    }
    uint64_t taken = d->at->packets;
    d->seen += n;
    if (d->seen <= taken || d->known)
        return;
    size_t skip = taken > before ? (size_t)(taken - before) : 0;
    telescope_engine_feed(f->e, r + skip, n - skip);
    d->at->packets = d->seen;
}

static void bad(void *arg, uint64_t offset, const char *why)
{
    struct reader *d = arg;
    d->f->inputs->damaged++;
    if (d->f->told++ < 32)
        hn_work_warn(d->f->w, "telescope.damaged", "name", d->name, "offset",
                     hn_arena_fmt(hn_work_arena(d->f->w), "%llu", (unsigned long long)offset).p, "why", why, NULL);
}

/* ---------------------------------------------------------------- readers */

static void reader_done(struct reader *d)
{
    hn_capture_free(d->capture);
    memset(d, 0, sizeof *d);
}

/* Is the file what this reader has read so far, and perhaps more? */
static bool goes_on(const struct reader *d, const struct hn_input *in)
{
    uint8_t b[MARK];
    return d->capture && in->size >= d->octets && hn_str_eq(in->name, hn_str_c(d->name)) &&
           pread(in->fd, b, d->n_head, 0) == (ssize_t)d->n_head && memcmp(b, d->head, d->n_head) == 0 &&
           pread(in->fd, b, d->n_tail, (off_t)(d->octets - d->n_tail)) == (ssize_t)d->n_tail &&
           memcmp(b, d->tail, d->n_tail) == 0;
}

/* The reader of a file: its own, or a new one in the place of the one that was idle for longest. NULL: no memory. */
static struct reader *reader_of(struct telescope_follow *f, const struct hn_input *in)
{
    struct reader *old = &f->readers[0];
    for (size_t i = 0; i < OPEN; i++) {
        struct reader *d = &f->readers[i];
        if (goes_on(d, in))
            return d;
        if (d->capture && hn_str_eq(in->name, hn_str_c(d->name))) {
            old = d;
            break;
        }
        old = d->turn < old->turn ? d : old;
    }
    reader_done(old);
    old->f = f;
    old->capture = hn_capture_new(&(struct hn_capture_sink){each, bad, old}, UNPACKED_MAX);
    size_t n = in->name.n < sizeof old->name - 1 ? in->name.n : sizeof old->name - 1;
    memcpy(old->name, in->name.p, n);
    return old->capture ? old : NULL;
}

static void mark(struct reader *d, const uint8_t *p, size_t n)
{
    if (!d->n_head) {
        d->n_head = n < MARK ? n : MARK;
        memcpy(d->head, p, d->n_head);
    }
    if (n >= MARK) { /* what straddles two pieces is not worth the trouble: fewer octets tell as well */
        memcpy(d->tail, p + n - MARK, MARK);
        d->n_tail = MARK;
    } else if (n) {
        memcpy(d->tail, p, n);
        d->n_tail = n;
    }
}

static void input_end(struct telescope_follow *f, bool whole)
{
    struct reader *d = f->now;
    if (d->at && d->at->id == d->id && whole)
        d->at->octets = d->octets;
    hn_work_done(&f->in);
    f->now = NULL;
}

static bool input_begin(struct telescope_follow *f)
{
    if (!hn_work_input(f->w, "follow", &f->in))
        return false;
    f->now = reader_of(f, &f->in);
    if (!f->now) {
        f->e->failed = true;
        hn_work_done(&f->in);
        return false;
    }
    f->now->turn = ++f->turn;
    f->now->known = false;
    if (lseek(f->in.fd, (off_t)f->now->octets, SEEK_SET) < 0)
        input_end(f, false);
    return true;
}

bool telescope_follow_next(struct telescope_follow *f, struct hn_work *w, struct telescope_engine *e,
                           struct telescope_inputs *in)
{
    f->w = w;
    f->e = e;
    f->inputs = in;
    if (!f->now)
        return input_begin(f);
    struct reader *d = f->now;
    ssize_t n = read(f->in.fd, f->piece, PIECE);
    if (n < 0 && errno == EINTR)
        return true;
    if (n <= 0 || d->known) {
        input_end(f, n == 0);
        return true;
    }
    d->octets += (uint64_t)n;
    in->octets += (uint64_t)n;
    mark(d, f->piece, (size_t)n);
    const char *why = hn_capture_feed(d->capture, hn_bytes_of(f->piece, (size_t)n));
    if (why) {
        in->unreadable++;
        hn_work_warn(w, "telescope.unreadable", "name", d->name, "why", why, NULL);
        input_end(f, false);
        reader_done(d);
    }
    return true;
}

/* ---------------------------------------------------------------- life */

struct telescope_follow *telescope_follow_new(void)
{
    return hn_alloc_zero(sizeof(struct telescope_follow));
}

void telescope_follow_free(struct telescope_follow *f)
{
    if (!f)
        return;
    if (f->now)
        hn_work_done(&f->in);
    for (size_t i = 0; i < OPEN; i++)
        reader_done(&f->readers[i]);
    hn_free(f);
}

void telescope_follow_keep(const struct telescope_follow *f, struct telescope_followed *to)
{
    if (f)
        *to = f->files;
}

bool telescope_follow_load(struct telescope_follow *f, const struct telescope_followed *from)
{
    if (from->n > TELESCOPE_FOLLOWED)
        return false;
    if (f)
        f->files = *from;
    return true;
}
