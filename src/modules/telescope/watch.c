/* `hinomi telescope watch`: a live interface through the kernel's packet ring (packet(7), TPACKET_V3), or captures that
 * grow (follow.c).
 *
 *   ring    blocks of HN_RING_BLOCK; the kernel fills one, hands it over, we walk its packets and give it back; or what
 *           libpcap captures, in a process of the front's (core/front_pump.c), as a stream
 *   alerts  a member's address is told on standard output as one line of JSON as soon as its block is read, once; when
 *           it has been quiet for long enough, its end is told
 *   state   every interval, soon after an alert, and at the end: the report to the store, the engine into the module's
 *           folder; a start takes it up again, so that a restart loses only what came since the last one */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "format/packet/live.h"
#include "modules/telescope/setup.h"

#define TICK_MS      500
#define TELL_WITHIN  HN_SECOND /* while there is more to read than can be read */
#define AFTER_ALERT  HN_SECOND /* until what was told is kept */
#define REPORT_ARENA ((size_t)256 << 20)

struct watch {
    struct hn_work *w;
    struct telescope_engine *e;
    struct telescope_inputs in;
    struct hn_str name, state;
    struct hn_live live;
    int fd; /* of the interface; -1: captures are followed */
    struct telescope_follow *follow;
    hn_time due; /* next report, by the monotonic clock */
    struct hn_capture_record batch[TELESCOPE_BLOCK];
    struct telescope_note note;
};

/* ---------------------------------------------------------------- ring */

static void each(void *arg, const struct hn_capture_record *r, size_t n)
{
    struct watch *p = arg;
    for (size_t i = 0; i < n; i++)
        p->in.octets += r[i].cap;
    telescope_engine_feed(p->e, r, n);
}

/* True when a block was there, or something of a capture. */
static bool next_block(struct watch *p)
{
    if (p->follow)
        return telescope_follow_next(p->follow, p->w, p->e, &p->in);
    return hn_live_next(&p->live);
}

static void count_drops(struct watch *p)
{
    uint64_t lost = p->follow ? 0 : hn_live_drops(&p->live);
    p->in.dropped += lost;
    if (lost)
        hn_work_warn(p->w, "telescope.ring-dropped", "n",
                     hn_arena_fmt(hn_work_arena(p->w), "%llu", (unsigned long long)lost).p, NULL);
}

/* ---------------------------------------------------------------- alerts */

static void tell(struct watch *p, const struct telescope_cell *c, const struct telescope_alert *a, bool open)
{
    struct hn_buf out;
    struct hn_jw j;
    char text[HN_IP_TEXT];
    struct hn_ip ip = telescope_key_ip(c, a->key, a->flags & SOURCE_V6);
    hn_buf_init(&out, 64u << 10);
    hn_jw_init(&j, &out);
    hn_jw_obj(&j);
    hn_jw_kc(&j, "alert", "member");
    hn_jw_kstr(&j, "member", p->e->how.members.list[a->member].name);
    hn_jw_kc(&j, "address", ip.family ? hn_ip_text(&ip, text) : NULL);
    hn_jw_kc(&j, "state", open ? "open" : "closed");
    hn_jw_ktime(&j, "raised", (hn_time)a->raised * HN_SECOND);
    hn_jw_ktime(&j, "last", (hn_time)a->last * HN_SECOND);
    hn_jw_kint(&j, "packets", a->packets);
    hn_jw_kint(&j, "episode", a->episodes);
    hn_jw_kint(&j, "port", a->port_major);
    hn_jw_kc(&j, "class", telescope_class_names[a->evidence[0].class]);
    hn_jw_kc(&j, "fingerprint", a->fps ? telescope_fp_names[__builtin_ctz(a->fps)] : NULL);
    hn_jw_obj_end(&j);
    hn_buf_chr(&out, '\n');
    hn_work_write(p->w, hn_str_bytes(hn_buf_text(&out)));
    hn_buf_done(&out);
}

/* True when a new one was told. */
static bool tell_cell(struct watch *p, struct telescope_cell *c, uint32_t now)
{
    bool fresh = false;
    for (size_t i = 0; i < c->n_alerts; i++) {
        struct telescope_alert *a = &c->alerts[i];
        if (a->told < a->episodes) {
            tell(p, c, a, true);
            a->told = a->episodes;
            a->closed = a->episodes - 1;
            fresh = true;
        }
        if (a->closed < a->episodes && now > a->last && now - a->last > p->e->how.member_quiet) {
            tell(p, c, a, false);
            a->closed = a->episodes;
        }
    }
    return fresh;
}

/* The clock goes on when no packet comes. */
static void tell_all(struct watch *p)
{
    hn_time now = hn_now() / HN_SECOND;
    uint32_t at = now > p->e->last && now < UINT32_MAX ? (uint32_t)now : p->e->last;
    bool fresh = false;
    for (unsigned k = 0; k < TELESCOPE_CELLS; k++)
        fresh |= tell_cell(p, &p->e->cells[k], at);
    hn_work_flush(p->w);
    if (fresh && p->due > hn_monotonic() + AFTER_ALERT)
        p->due = hn_monotonic() + AFTER_ALERT;
}

/* ---------------------------------------------------------------- state and report */

static struct telescope_engine *resume(struct watch *p, const struct telescope_config *how)
{
    struct telescope_engine *e = telescope_engine_new(how);
    int fd = hn_work_file_open(p->w, p->state);
    if (!e || fd < 0)
        return e;
    struct telescope_note *note = &p->note;
    bool ok = telescope_state_load(e, fd, note, sizeof *note);
    p->in = note->in;
    ok &= telescope_follow_load(p->follow, &note->files);
    close(fd);
    if (ok)
        return e;
    hn_work_warn(p->w, "telescope.state", "name", hn_arena_cstr(hn_work_arena(p->w), p->state), NULL);
    telescope_engine_free(e);
    p->in = (struct telescope_inputs){.files = 1};
    return telescope_engine_new(how);
}

static void save(struct watch *p)
{
    int fd = hn_work_file_new(p->w, p->state);
    p->note.in = p->in;
    telescope_follow_keep(p->follow, &p->note.files);
    bool ok = fd >= 0 && telescope_state_save(p->e, fd, &p->note, sizeof p->note);
    if (fd >= 0)
        close(fd);
    if (!ok || !hn_ok(hn_work_file_commit(p->w, p->state)))
        hn_work_warn(p->w, "telescope.save", NULL);
}

static void report(struct watch *p)
{
    struct hn_arena a;
    hn_arena_init(&a, REPORT_ARENA);
    count_drops(p);
    struct telescope_report *r = telescope_majors(p->e) ? telescope_report_new(p->e, &a) : NULL;
    if (r)
        telescope_keep(p->w, &a, r, p->name);
    telescope_report_done(r);
    hn_arena_done(&a);
    save(p);
}

/* The exit code. */
static int run(struct watch *p, hn_time every)
{
    p->due = hn_monotonic() + every;
    while (!p->live.ended && !hn_work_stop(p->w) && !p->e->failed) {
        struct pollfd fds[2] = {{.fd = p->fd, .events = POLLIN | POLLERR},
                                {.fd = hn_work_stop_fd(p->w), .events = POLLIN}};
        if (!next_block(p) && poll(fds, 2, TICK_MS) < 0 && errno != EINTR)
            break;
        if (fds[0].revents & POLLERR && hn_live_error(&p->live))
            hn_work_warn(p->w, "telescope.interface-down", NULL);
        const hn_time soon = hn_monotonic() + TELL_WITHIN, until = soon < p->due ? soon : p->due;
        while (hn_monotonic() < until && next_block(p))
            ;
        tell_all(p);
        if (hn_monotonic() >= p->due) {
            report(p);
            p->due = hn_monotonic() + every;
        }
    }
    bool broke = p->live.ended;
    if (!p->follow)
        hn_live_rest(&p->live); /* it would be lost; captures stay */
    tell_all(p);
    report(p);
    return broke ? hn_work_fail(p->w, "telescope.capture-ended", NULL) : 0;
}

/* The ring, or what captures to follow need; 0, or the exit code of what was wrong. */
static int open_source(struct watch *p, struct hn_input *in)
{
    if (hn_work_given(p->w, "follow") == hn_work_given(p->w, "interface"))
        return hn_work_usage(p->w, "telescope.interface", NULL);
    if (hn_work_given(p->w, "follow")) {
        if (hn_work_given(p->w, "bpf") || hn_work_given(p->w, "capture"))
            return hn_work_usage(p->w, "telescope.of-interface", NULL);
        p->follow = telescope_follow_new();
        return p->follow ? 0 : hn_work_fail(p->w, "telescope.memory", NULL);
    }
    if (!hn_work_input(p->w, "interface", in))
        return hn_work_fail(p->w, "telescope.ring", NULL);
    const struct hn_live_sink sink = {each, p, p->batch, TELESCOPE_BLOCK};
    p->fd = in->fd;
    return hn_work_live(p->w, in->fd, &sink, &p->live) ? 0 : hn_work_fail(p->w, "telescope.ring", NULL);
}

int telescope_watch(struct hn_work *w)
{
    struct telescope_config how;
    struct hn_input in = {.fd = -1};
    int code = telescope_setup(w, &how);
    struct watch *p = code ? NULL : hn_arena_alloc(hn_work_arena(w), sizeof *p);
    if (!p)
        return code ? code : hn_work_fail(w, "telescope.memory", NULL);
    memset(p, 0, sizeof *p);
    p->w = w;
    p->fd = -1;
    p->in.files = 1;
    p->name = hn_work_given(w, "keep") ? hn_work_str(w, "keep") : HN_STR("telescope");
    p->state = hn_arena_fmt(hn_work_arena(w), "%.*s.state", HN_FMT(p->name));
    code = open_source(p, &in);
    p->e = code ? NULL : resume(p, &how);
    if (p->e)
        code = run(p, (hn_time)hn_work_int(w, "every", 60) * HN_SECOND);
    if (!code && (!p->e || p->e->failed))
        code = hn_work_fail(w, "telescope.memory", NULL);
    telescope_engine_free(p->e);
    telescope_follow_free(p->follow);
    hn_live_done(&p->live);
    if (in.fd >= 0)
        hn_work_done(&in);
    return code;
}
