/* `hinomi telescope replay`: captures in, one report out. */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "modules/telescope/setup.h"

#define SLICE        (16u << 20) /* of a mapped file: read, then let go, so that it does not pile up in memory */
#define PIECE        (1u << 20)
#define COUNTED      (256u << 20) /* at once: then progress is told */
#define UNPACKED_MAX (UINT64_C(1) << 42)

struct replay {
    struct hn_work *w;
    struct telescope_engine *e;
    struct telescope_inputs in;
    uint64_t done, total;
    struct hn_str name; /* of the input at hand */
    unsigned told;
};

static void each(void *arg, const struct hn_capture_record *r, size_t n)
{
    struct replay *p = arg;
    telescope_engine_begin(p->e, r, n);
}

static void bad(void *arg, uint64_t offset, const char *why)
{
    struct replay *p = arg;
    char text[32];
    if (p->told++ >= 8) /* of one input; all are counted */
        return;
    snprintf(text, sizeof text, "%llu", (unsigned long long)offset);
    hn_work_warn(p->w, "telescope.damaged", "name", hn_arena_cstr(hn_work_arena(p->w), p->name), "offset", text, "why",
                 why, NULL);
}

/* Pages of a mapping may be given back; a small file lies in memory of our own, whose neighbours would go with it. Mere
 * counting is done by two threads where it can be; what is in between is fed. */
static const char *read_map(struct replay *p, struct hn_capture *c, const struct hn_input *in)
{
    const struct hn_bytes b = in->map;
    const bool counting = p->e->how.ports_only && p->e->how.threads > 1;
    const size_t most = counting ? PIECE : SLICE;
    const char *why = NULL;
    if (!in->copied)
        madvise((void *)(uintptr_t)b.p, b.n, MADV_SEQUENTIAL);
    for (size_t off = 0, n; off < b.n && !why;) {
        n = b.n - off < most ? b.n - off : most;
        why = hn_capture_feed(c, hn_bytes_of(b.p + off, n));
        if (!in->copied)
            telescope_give_back(hn_bytes_of(b.p + off, n));
        off += n;
        if (counting && !why)
            off = telescope_count(p->e, c, b, off, COUNTED, !in->copied);
        hn_work_progress(p->w, p->done + off, p->total, "bytes");
    }
    p->done += b.n;
    return why;
}

static const char *read_stream(struct replay *p, struct hn_capture *c, int fd)
{
    uint8_t *piece = hn_alloc(PIECE);
    const char *why = piece ? NULL : "out of memory";
    ssize_t n = 1;
    while (!why && n > 0) {
        n = read(fd, piece, PIECE);
        if (n < 0 && errno == EINTR)
            n = 1;
        else if (n < 0)
            why = strerror(errno);
        else if (n > 0)
            why = hn_capture_feed(c, hn_bytes_of(piece, (size_t)n));
        p->done += n > 0 ? (uint64_t)n : 0;
        hn_work_progress(p->w, p->done, p->total, "bytes");
    }
    hn_free(piece);
    return why;
}

/* One capture. What was read before it broke off stands, and that it broke off is told. */
static void one(struct replay *p, struct hn_input *in)
{
    struct hn_capture_sink sink = {each, bad, p};
    struct hn_capture *c = hn_capture_new(&sink, UNPACKED_MAX);
    const char *why = c ? NULL : "out of memory";
    p->name = in->name;
    p->told = 0;
    if (c && in->regular && in->size)
        why = hn_work_map(p->w, in, SIZE_MAX) ? read_map(p, c, in) : "cannot be mapped";
    else if (c)
        why = read_stream(p, c, in->fd);
    const char *end = c ? hn_capture_end(c) : NULL;
    why = why ? why : end;
    if (c) {
        const struct hn_capture_stats *s = hn_capture_stats(c);
        p->in.files += hn_capture_kind(c) != HN_CAPTURE_UNKNOWN;
        p->in.octets += s->octets;
        p->in.damaged += s->damaged;
        p->in.skipped += s->skipped;
        p->in.dropped += s->dropped;
    }
    if (why) {
        p->in.unreadable += !c || hn_capture_kind(c) == HN_CAPTURE_UNKNOWN;
        hn_work_warn(p->w, "telescope.unreadable", "name", hn_arena_cstr(hn_work_arena(p->w), in->name), "why", why,
                     NULL);
    }
    hn_capture_free(c);
}

int telescope_replay(struct hn_work *w)
{
    struct telescope_config how;
    struct replay p = {.w = w};
    struct hn_input in;
    int code = telescope_setup(w, &how);
    if (code)
        return code;
    if (how.ports_only && hn_work_given(w, "state"))
        return hn_work_usage(w, "telescope.state-of-ports", NULL);
    p.e = telescope_engine_new(&how);
    if (!p.e)
        return hn_work_fail(w, "telescope.memory", NULL);
    size_t n;
    p.total = hn_work_total(w, &n);
    while (hn_work_next(w, &in)) {
        one(&p, &in);
        hn_work_done(&in);
    }
    telescope_engine_settle(p.e);
    if (p.e->failed)
        code = hn_work_fail(w, "telescope.memory", NULL);
    else if (p.in.files == 0)
        code = hn_work_fail(w, "telescope.nothing", NULL);
    else
        code = telescope_answer(w, p.e, &p.in);
    telescope_engine_free(p.e);
    return code;
}
