/* `hinomi flow watch`: packets of an interface become flows of the archive, by a meter of our own, as if a router had
 * told them. What the kernel had no room for, and what the meter handed out early, is counted and told. */
#include <poll.h>

#include "base/mem.h"
#include "base/str.h"
#include "format/flow/meter.h"
#include "format/packet/live.h"
#include "modules/flow/flow_in.h"

#define TICK_MS     200
#define FLUSH_AFTER (5 * HN_SECOND)
#define ROTATE      300 /* seconds */
#define ACTIVE      300
#define IDLE        60
#define PRUNE_EVERY HN_MINUTE
#define KEEP_EVERY  HN_HOUR
#define RECORDS     256u

struct watch {
    struct hn_work *w;
    struct flow_archive *archive;
    struct hn_meter *meter;
    struct hn_live live;
    hn_time began, pruned, kept;
    bool ok;
    struct flow_meter_health health;
    struct hn_capture_record room[RECORDS];
};

static void on_flow(void *arg, const struct hn_flow *f)
{
    struct watch *p = arg;
    flow_archive_add(p->archive, f);
}

static void on_packets(void *arg, const struct hn_capture_record *r, size_t n)
{
    struct watch *p = arg;
    struct hn_packet packet;
    for (size_t i = 0; i < n; i++) {
        enum hn_packet_verdict v = hn_packet_decode(r[i].link, hn_bytes_of(r[i].p, r[i].cap), r[i].wire, NULL, &packet);
        p->health.malformed += hn_packet_verdict_malformed(v);
        hn_meter_packet(p->meter, r[i].time, &packet);
    }
    p->health.packets += n;
}

/* What the interface lost is told as soon as it is known, then every hour. */
static void housekeeping(struct watch *p, bool last)
{
    hn_time now = hn_monotonic();
    if (!last && now - p->pruned < PRUNE_EVERY)
        return;
    uint64_t lost = hn_live_drops(&p->live), early = hn_meter_evicted(p->meter) - p->health.early;
    p->health.dropped += lost;
    p->health.early += early;
    if (lost)
        hn_work_warn(p->w, "flow.ring-dropped", "n",
                     hn_arena_fmt(hn_work_arena(p->w), "%llu", (unsigned long long)lost).p, NULL);
    if (hn_work_switch(p->w, "store") && (last || lost || now - p->kept >= KEEP_EVERY)) {
        p->health.flows = flow_archive_written(p->archive, NULL);
        flow_keep_meter(p->w, &p->health, hn_now());
        p->kept = now;
    }
    flow_archive_prune(p->archive, hn_work_int(p->w, "keep-days", 0) * HN_DAY,
                       (uint64_t)hn_work_int(p->w, "keep-mib", 0) << 20);
    p->pruned = now;
}

/* Without packets the clock of the machine ends what is idle; with packets their own does, which comes with them. */
static void step(struct watch *p)
{
    struct pollfd fds[2] = {{.fd = p->live.fd, .events = POLLIN | POLLERR},
                            {.fd = hn_work_stop_fd(p->w), .events = POLLIN}};
    bool some = hn_live_next(&p->live);
    if (!some) {
        (void)poll(fds, 2, TICK_MS);
        some = hn_live_next(&p->live);
    }
    if (fds[0].revents & POLLERR && hn_live_error(&p->live))
        hn_work_warn(p->w, "flow.interface-down", "name", hn_arena_cstr(hn_work_arena(p->w), p->health.interface),
                     NULL);
    if (!some)
        hn_meter_clock(p->meter, hn_now() - HN_SECOND);
}

static void answer(struct watch *p)
{
    struct hn_buf b;
    struct hn_jw j;
    p->health.flows = flow_archive_written(p->archive, NULL);
    if (hn_work_form(p->w) != HN_FORM_JSON) {
        struct hn_arena *a = hn_work_arena(p->w);
        hn_work_say(p->w, "flow.watched", "packets", hn_arena_fmt(a, "%llu", (unsigned long long)p->health.packets).p,
                    "flows", hn_arena_fmt(a, "%llu", (unsigned long long)p->health.flows).p, "dropped",
                    hn_arena_fmt(a, "%llu", (unsigned long long)p->health.dropped).p, NULL);
        return;
    }
    hn_buf_init(&b, 64u << 10);
    hn_jw_init(&j, &b);
    hn_jw_obj(&j);
    hn_jw_kc(&j, "schema", "hinomi-flow-watch-1");
    hn_jw_kstr(&j, "interface", p->health.interface);
    hn_jw_kint(&j, "packets", (int64_t)p->health.packets);
    hn_jw_kint(&j, "flows", (int64_t)p->health.flows);
    hn_jw_kint(&j, "dropped_packets", (int64_t)p->health.dropped);
    hn_jw_kint(&j, "malformed", (int64_t)p->health.malformed);
    hn_jw_kint(&j, "flows_ended_early", (int64_t)p->health.early);
    hn_jw_obj_end(&j);
    hn_buf_chr(&b, '\n');
    hn_work_write(p->w, hn_bytes_of(b.p, b.n));
    hn_buf_done(&b);
}

static int run(struct watch *p)
{
    bool ok = true;
    hn_work_warn(p->w, "flow.listening", NULL);
    while (ok && !p->live.ended && !hn_work_stop(p->w)) {
        step(p);
        ok = flow_archive_flush(p->archive, FLUSH_AFTER);
        housekeeping(p, false);
    }
    bool broke = p->live.ended;
    if (ok)
        hn_live_rest(&p->live);
    hn_meter_flush(p->meter);
    ok = flow_archive_flush(p->archive, 0) && ok;
    housekeeping(p, true);
    answer(p);
    if (!ok)
        return hn_work_fail(p->w, "flow.not-written", NULL);
    return broke ? hn_work_fail(p->w, "flow.capture-ended", NULL) : 0;
}

static bool open_source(struct watch *p, struct hn_input *in)
{
    const struct hn_live_sink sink = {on_packets, p, p->room, RECORDS};
    return hn_work_input(p->w, "interface", in) && hn_work_live(p->w, in->fd, &sink, &p->live);
}

static int start(struct watch *p, struct hn_input *in)
{
    struct hn_meter_options o = {.idle = hn_work_int(p->w, "idle", IDLE) * HN_SECOND,
                                 .active = hn_work_int(p->w, "active", ACTIVE) * HN_SECOND};
    if (!hn_work_given(p->w, "interface"))
        return hn_work_usage(p->w, "flow.no-interface", NULL);
    if (!flow_internal_take(p->w, NULL)) /* of what runs beside */
        return hn_work_usage(p->w, "flow.bad-prefix", NULL);
    if (!open_source(p, in))
        return hn_work_fail(p->w, "flow.ring", NULL);
    p->archive = flow_archive_new(p->w, hn_work_int(p->w, "rotate", ROTATE) * HN_SECOND);
    p->meter = hn_meter_new(&o, on_flow, p);
    p->health.interface = hn_work_str(p->w, "interface");
    p->health.first = hn_now();
    return p->archive && p->meter ? run(p) : hn_work_fail(p->w, "flow.memory", NULL);
}

int flow_watch(struct hn_work *w)
{
    struct hn_input in = {.fd = -1};
    struct watch *p = hn_alloc_zero(sizeof *p);
    if (!p)
        return hn_work_fail(w, "flow.memory", NULL);
    p->w = w;
    p->kept = p->pruned = hn_monotonic();
    int rc = start(p, &in);
    hn_meter_free(p->meter);
    flow_archive_free(p->archive);
    hn_live_done(&p->live);
    if (in.fd >= 0)
        hn_work_done(&in);
    hn_free(p);
    return rc;
}
