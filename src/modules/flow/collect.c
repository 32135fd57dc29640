/* hinomi flow import, flow collect: records from files or from exporters into the archive. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "modules/flow/flow_in.h"
#include "modules/flow/stream.h"

#define FLUSH_AFTER (5 * HN_SECOND)
#define ROTATE      (5 * HN_MINUTE)
#define STATE_EVERY HN_MINUTE
#define KEEP_EVERY  HN_HOUR
/* Routers send them every half hour, if nobody told them otherwise. */
#define TEMPLATES_EVERY (40 * HN_MINUTE)
#define BATCH           256u
#define DRAIN           (10 * HN_SECOND)
#define PACKET_MAX      9216u /* the largest datagram that exporters make: jumbo frames */
#define SOCKETS_MAX     8u
#define BUFFER_LEAST    (16 << 20) /* octets of the kernel's, which counts overhead: 150 000 flows */

/* ---------------------------------------------------------------- exporters, as they are told */

static void put_exporter(struct hn_jw *j, const struct hn_exporter *e)
{
    char t[HN_IP_TEXT];
    hn_jw_obj(j);
    hn_jw_kint(j, "number", e->number); /* what filters call it: exporter N */
    hn_jw_kc(j, "address", hn_ip_text(&e->address, t));
    hn_jw_kint(j, "domain", e->domain);
    hn_jw_kint(j, "version", e->version);
    hn_jw_kint(j, "packets", (int64_t)e->packets);
    hn_jw_kint(j, "flows", (int64_t)e->flows);
    hn_jw_kint(j, "lost", (int64_t)e->lost);
    hn_jw_kc(j, "lost_unit", hn_export_unit(e->version));
    hn_jw_kint(j, "sets_without_template", (int64_t)e->waiting_sets);
    hn_jw_kint(j, "sampling", e->sampling);
    hn_jw_obj_end(j);
}

static void put_exporters(struct hn_jw *j, const struct hn_export *x)
{
    const struct hn_exporter *e;
    hn_jw_key(j, "exporters");
    hn_jw_arr(j);
    for (size_t i = 0; (e = hn_export_at(x, i)); i++)
        put_exporter(j, e);
    hn_jw_arr_end(j);
}

/* ---------------------------------------------------------------- import */

static void archive_flow(void *arg, const struct hn_flow *f)
{
    struct flow_archive **a = arg;
    flow_archive_add(*a, f);
}

static void tell_imported(struct hn_work *w, struct flow_archive *a, const struct hn_export *x)
{
    uint64_t octets, flows = flow_archive_written(a, &octets);
    struct hn_arena *m = hn_work_arena(w);
    struct hn_buf b;
    struct hn_jw j;
    if (hn_work_form(w) != HN_FORM_JSON) {
        hn_work_say(w, "flow.imported", "flows", hn_arena_fmt(m, "%llu", (unsigned long long)flows).p, "each",
                    hn_arena_fmt(m, "%.1f", flows ? (double)octets / (double)flows : 0.0).p, NULL);
        return;
    }
    hn_buf_init(&b, 64u << 20);
    hn_jw_init(&j, &b);
    hn_jw_obj(&j);
    hn_jw_kc(&j, "schema", "hinomi-flow-import-1");
    hn_jw_kint(&j, "flows", (int64_t)flows);
    hn_jw_kint(&j, "octets", (int64_t)octets);
    put_exporters(&j, x);
    hn_jw_obj_end(&j);
    hn_buf_chr(&b, '\n');
    hn_work_write(w, hn_bytes_of(b.p, b.n));
    hn_buf_done(&b);
}

static int import_all(struct hn_work *w, struct flow_archive *a, struct hn_export *x)
{
    struct flow_reader r = {.w = w,
                            .flow = archive_flow,
                            .arg = &a,
                            .exports = x,
                            .joins = hn_flow_joins_new(),
                            .map = hn_work_str(w, "map")};
    struct flow_inputs inputs = {.w = w};
    struct hn_input in;
    size_t good = 0, all = 0;
    flow_register_load(w, x);
    flow_archive_numbers(a, x);
    while (flow_inputs_next(&inputs, &in)) {
        struct flow_input_stats s;
        flow_read(&r, &in, &s);
        all++;
        good += s.why == NULL || s.flows > 0 || s.packets > 0;
        if (s.why)
            hn_work_warn(w, "flow.input.why", "name", hn_arena_cstr(hn_work_arena(w), in.name), "why", s.why, NULL);
        hn_work_done(&in);
    }
    flow_inputs_done(&inputs);
    hn_flow_joins_free(r.joins);
    if (!flow_archive_flush(a, 0))
        return hn_work_fail(w, "flow.not-written", NULL);
    tell_imported(w, a, x);
    return all && !good ? 3 : 0;
}

int flow_import(struct hn_work *w)
{
    struct flow_archive *a = flow_archive_new(w, 0);
    struct hn_export_sink sink = {archive_flow, &a};
    struct hn_export *x = hn_export_new(&sink);
    int rc = a && x ? import_all(w, a, x) : hn_work_fail(w, "flow.memory", NULL);
    hn_export_free(x);
    flow_archive_free(a);
    return rc;
}

/* ---------------------------------------------------------------- collect
 *
 * One thread a socket does nothing but take datagrams out of the kernel, many at a time, into a ring of octets; the
 * main thread decodes. When the ring is full the kernel's buffer takes the next ones, and says what it drops
 * (SO_MEMINFO): seconds of the highest load pass without loss, though packing them takes longer.
 *
 *   ring: … | struct slot, octets of the datagram, to a multiple of 8 | struct slot, … | LEAP: go on at the beginning
 */

#define RING ((uint64_t)1 << 30) /* octets of addresses, touched as they are needed */
#define LEAP UINT32_MAX

struct slot {
    uint32_t n;
    struct hn_ip from;
    uint16_t port;
    hn_time at;
};

struct collector {
    struct hn_work *w;
    struct flow_archive *archive;
    struct hn_export *exports;
    uint8_t *ring;
    _Atomic uint64_t head, tail; /* octets written, read, since the beginning */
    _Atomic bool stop;
    _Atomic unsigned receiving;                       /* threads */
    _Atomic uint64_t received, overrun, kernel_drops; /* drops: of all sockets */
    uint64_t drops_told;
    int sockets[SOCKETS_MAX];
    size_t n_sockets;
    pthread_mutex_t lock;   /* of head, between receiving threads */
    pthread_mutex_t decode; /* of exports and archive, between datagrams and connections */
    struct flow_streams *streams;
    _Atomic uint64_t messages; /* over connections */
    hn_time saved, kept;
};

struct receiver {
    struct collector *c;
    struct batch *batch;
    int fd;
    uint32_t dropped; /* the kernel's count for this socket, which goes round */
};

static struct hn_ip sender(const struct sockaddr_storage *s, uint16_t *ret_port)
{
    const struct sockaddr_in *four = (const struct sockaddr_in *)s;
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)s;
    *ret_port = ntohs(s->ss_family == AF_INET ? four->sin_port : six->sin6_port);
    return s->ss_family == AF_INET ? hn_ip4((const uint8_t *)&four->sin_addr) : hn_ip6(six->sin6_addr.s6_addr);
}

/* What the kernel threw away for want of room, also after the last datagram that got through. */
static void note_drops(struct receiver *r)
{
    uint32_t memory[SK_MEMINFO_VARS] = {0};
    socklen_t n = sizeof memory;
    if (getsockopt(r->fd, SOL_SOCKET, SO_MEMINFO, memory, &n) != 0)
        return;
    atomic_fetch_add(&r->c->kernel_drops, (uint64_t)(uint32_t)(memory[SK_MEMINFO_DROPS] - r->dropped));
    r->dropped = memory[SK_MEMINFO_DROPS];
}

static uint64_t slot_size(size_t n)
{
    return (sizeof(struct slot) + n + 7) & ~(uint64_t)7;
}

/* Into the ring; waits while it is full. The lock is held by the caller, and given up while waiting. */
static void ring_put(struct collector *c, const struct slot *s, const uint8_t *b)
{
    uint64_t size = slot_size(s->n), head = atomic_load(&c->head), at = head % RING,
             skip = RING - at < size ? RING - at : 0;
    while (head + skip + size - atomic_load(&c->tail) > RING) {
        atomic_fetch_add(&c->overrun, 1);
        pthread_mutex_unlock(&c->lock);
        usleep(1000);
        pthread_mutex_lock(&c->lock);
        head = atomic_load(&c->head); /* another thread may have been here */
        at = head % RING;
        skip = RING - at < size ? RING - at : 0;
    }
    if (skip) {
        uint32_t leap = LEAP;
        memcpy(c->ring + at, &leap, sizeof leap); /* sizes are multiples of 8: there is room */
        at = 0;
    }
    memcpy(c->ring + at, s, sizeof *s);
    memcpy(c->ring + at + sizeof *s, b, s->n);
    atomic_store(&c->head, head + skip + size);
}

struct batch {
    struct mmsghdr m[BATCH];
    struct iovec v[BATCH];
    struct sockaddr_storage from[BATCH];
    uint8_t b[BATCH][PACKET_MAX];
};

/* False: nothing was there. */
static bool receive_some(struct receiver *r, struct batch *t)
{
    struct collector *c = r->c;
    for (size_t i = 0; i < BATCH; i++) {
        t->v[i] = (struct iovec){t->b[i], sizeof t->b[i]};
        t->m[i].msg_hdr = (struct msghdr){
            .msg_name = &t->from[i], .msg_namelen = sizeof t->from[i], .msg_iov = &t->v[i], .msg_iovlen = 1};
    }
    int got = recvmmsg(r->fd, t->m, BATCH, MSG_DONTWAIT, NULL);
    if (got <= 0)
        return false;
    hn_time now = hn_now();
    pthread_mutex_lock(&c->lock);
    for (int i = 0; i < got; i++) {
        struct slot s = {.n = t->m[i].msg_len, .at = now};
        s.from = sender(&t->from[i], &s.port);
        ring_put(c, &s, t->b[i]);
    }
    pthread_mutex_unlock(&c->lock);
    atomic_fetch_add(&c->received, (uint64_t)got);
    return true;
}

static void *receive(void *arg)
{
    struct receiver *r = arg;
    struct pollfd p = {.fd = r->fd, .events = POLLIN};
    while (!atomic_load(&r->c->stop))
        if (poll(&p, 1, 100) <= 0 || !receive_some(r, r->batch))
            note_drops(r);
    /* What the kernel has taken in our name is not left behind, unless more comes than can ever be read. */
    hn_time end = hn_monotonic() + DRAIN;
    while (hn_monotonic() < end && receive_some(r, r->batch))
        ;
    note_drops(r);
    atomic_fetch_sub(&r->c->receiving, 1);
    return NULL;
}

static bool decode_some(struct collector *c)
{
    uint64_t tail = atomic_load(&c->tail), head = atomic_load(&c->head);
    if (tail == head)
        return false;
    pthread_mutex_lock(&c->decode);
    for (unsigned i = 0; i < BATCH && tail != head; i++) {
        struct slot s;
        uint8_t *at = c->ring + tail % RING;
        memcpy(&s.n, at, sizeof s.n);
        if (s.n == LEAP) {
            tail += RING - tail % RING;
            continue;
        }
        memcpy(&s, at, sizeof s);
        hn_export_packet(c->exports, &s.from, s.port, s.at, hn_bytes_of(at + sizeof s, s.n));
        tail += slot_size(s.n);
    }
    pthread_mutex_unlock(&c->decode);
    atomic_store(&c->tail, tail);
    return true;
}

/* In the thread of the connections. */
static void on_message(void *arg, const struct hn_ip *from, struct hn_bytes b)
{
    struct collector *c = arg;
    pthread_mutex_lock(&c->decode);
    hn_export_packet(c->exports, from, 0, hn_now(), b);
    pthread_mutex_unlock(&c->decode);
    atomic_fetch_add(&c->messages, 1);
}

static void *receive_streams(void *arg)
{
    struct collector *c = arg;
    while (!atomic_load(&c->stop) && flow_streams_poll(c->streams, 100))
        ;
    return NULL;
}

static void load_state(struct collector *c)
{
    struct hn_buf b;
    hn_buf_init(&b, FLOW_STATE_MAX);
    if (flow_file_read(c->w, FLOW_STATE_FILE, &b) && !hn_export_load(c->exports, hn_bytes_of(b.p, b.n)))
        hn_work_warn(c->w, "flow.state-damaged", NULL);
    hn_buf_done(&b);
}

static void save_state(struct collector *c)
{
    struct hn_buf b;
    hn_buf_init(&b, FLOW_STATE_MAX);
    hn_export_save(c->exports, &b);
    (void)flow_file_write(c->w, FLOW_STATE_FILE, &b);
    hn_buf_done(&b);
    c->saved = hn_monotonic();
}

/* The health of exporters, for the store. */
static void keep(struct collector *c, hn_time waited_since)
{
    hn_export_give_up(c->exports, waited_since);
    flow_keep_exporters(c->w, c->exports, hn_now());
    c->kept = hn_monotonic();
}

static void prune(struct collector *c)
{
    flow_archive_prune(c->archive, hn_work_int(c->w, "keep-days", 0) * HN_DAY,
                       (uint64_t)hn_work_int(c->w, "keep-mib", 0) << 20);
}

/* Told as soon as it is known; the count of all is part of the answer. */
static void told_drops(struct collector *c)
{
    uint64_t n = atomic_load(&c->kernel_drops), more = n - c->drops_told;
    if (more)
        hn_work_warn(c->w, "flow.kernel-dropped", "n",
                     hn_arena_fmt(hn_work_arena(c->w), "%llu", (unsigned long long)more).p, NULL);
    c->drops_told = n;
}

static void housekeeping(struct collector *c)
{
    if (hn_monotonic() - c->saved < STATE_EVERY)
        return;
    told_drops(c);
    if (hn_work_switch(c->w, "store") && hn_monotonic() - c->kept >= KEEP_EVERY)
        keep(c, hn_now() - TEMPLATES_EVERY);
    save_state(c);
    prune(c);
}

static void answer(struct collector *c)
{
    struct hn_buf b;
    struct hn_jw j;
    hn_buf_init(&b, 64u << 20);
    hn_jw_init(&j, &b);
    hn_jw_obj(&j);
    hn_jw_kc(&j, "schema", "hinomi-flow-collect-1");
    hn_jw_kint(&j, "packets", (int64_t)atomic_load(&c->received));
    uint64_t taken, strange, refused;
    flow_streams_counts(c->streams, &taken, &strange, &refused);
    hn_jw_kint(&j, "messages", (int64_t)atomic_load(&c->messages));
    hn_jw_kint(&j, "connections", (int64_t)taken);
    hn_jw_kint(&j, "connections_not_ipfix", (int64_t)strange);
    hn_jw_kint(&j, "connections_refused", (int64_t)refused);
    hn_jw_kint(&j, "flows", (int64_t)flow_archive_written(c->archive, NULL));
    hn_jw_kint(&j, "kernel_dropped_packets", (int64_t)atomic_load(&c->kernel_drops));
    hn_jw_kint(&j, "waits_for_decoding", (int64_t)atomic_load(&c->overrun));
    put_exporters(&j, c->exports);
    hn_jw_obj_end(&j);
    hn_buf_chr(&b, '\n');
    hn_work_write(c->w, hn_bytes_of(b.p, b.n));
    hn_buf_done(&b);
}

/* Receivers end when the kernel has nothing more; decoding goes on meanwhile, so that they never wait for room. */
static void join_all(struct collector *c, pthread_t *threads, struct receiver *receivers, size_t n)
{
    hn_time end = hn_monotonic() + DRAIN + HN_SECOND;
    while (hn_monotonic() < end && (decode_some(c) || atomic_load(&c->receiving)))
        ;
    for (size_t i = 0; i < n; i++) {
        pthread_join(threads[i], NULL);
        hn_free(receivers[i].batch);
    }
    while (decode_some(c))
        ;
}

static int run(struct collector *c)
{
    pthread_t threads[SOCKETS_MAX], stream;
    struct receiver receivers[SOCKETS_MAX];
    size_t started = 0;
    bool ok = true;
    for (; started < c->n_sockets; started++) {
        atomic_fetch_add(&c->receiving, 1);
        receivers[started] = (struct receiver){c, hn_alloc(sizeof(struct batch)), c->sockets[started], 0};
        if (!receivers[started].batch || pthread_create(&threads[started], NULL, receive, &receivers[started]) != 0)
            return hn_work_fail(c->w, "flow.memory", NULL);
    }
    if (pthread_create(&stream, NULL, receive_streams, c) != 0)
        return hn_work_fail(c->w, "flow.memory", NULL);
    while (ok && !hn_work_stop(c->w)) {
        if (!decode_some(c))
            usleep(2000);
        pthread_mutex_lock(&c->decode);
        ok = flow_archive_flush(c->archive, FLUSH_AFTER);
        housekeeping(c);
        pthread_mutex_unlock(&c->decode);
    }
    atomic_store(&c->stop, true);
    pthread_join(stream, NULL);
    join_all(c, threads, receivers, started);
    ok = flow_archive_flush(c->archive, 0) && ok;
    save_state(c);
    if (hn_work_switch(c->w, "store"))
        keep(c, INT64_MAX);
    told_drops(c);
    answer(c);
    return ok ? 0 : hn_work_fail(c->w, "flow.not-written", NULL);
}

static bool take_sampling(struct collector *c)
{
    const struct hn_str *list;
    size_t n = hn_work_strs(c->w, "sampling", &list);
    for (size_t i = 0; i < n; i++)
        if (!flow_sampling_given(c->exports, list[i]))
            return false;
    return true;
}

/* The kernel's usual buffer is full after two milliseconds of high load. */
static void check_room(struct collector *c)
{
    int size = 0;
    socklen_t n = sizeof size;
    for (size_t i = 0; i < c->n_sockets; i++)
        if (getsockopt(c->sockets[i], SOL_SOCKET, SO_RCVBUF, &size, &n) == 0 && size < BUFFER_LEAST) {
            hn_work_warn(c->w, "flow.small-buffer", "n", hn_arena_fmt(hn_work_arena(c->w), "%d", size / 1024).p, NULL);
            return;
        }
}

static int start(struct collector *c)
{
    struct hn_input in;
    while (c->n_sockets < SOCKETS_MAX && hn_work_input(c->w, "udp", &in))
        c->sockets[c->n_sockets++] = in.fd;
    size_t streams = 0;
    for (; hn_work_input(c->w, "tcp", &in) || hn_work_input(c->w, "sctp", &in); streams++)
        if (!flow_streams_listen(c->streams, in.fd))
            return hn_work_usage(c->w, "flow.no-socket", NULL);
    if (!c->n_sockets && !streams)
        return hn_work_usage(c->w, "flow.no-socket", NULL);
    if (!take_sampling(c))
        return hn_work_usage(c->w, "flow.bad-sampling", NULL);
    if (!flow_internal_take(c->w, NULL)) /* of what runs beside */
        return hn_work_usage(c->w, "flow.bad-prefix", NULL);
    check_room(c);
    flow_register_load(c->w, c->exports);
    flow_archive_numbers(c->archive, c->exports);
    load_state(c);
    prune(c); /* what grew too old while nobody collected */
    c->saved = hn_monotonic();
    hn_work_warn(c->w, "flow.listening", NULL);
    return run(c);
}

int flow_collect(struct hn_work *w)
{
    static struct collector c;
    c.w = w;
    pthread_mutex_init(&c.lock, NULL);
    pthread_mutex_init(&c.decode, NULL);
    c.streams = flow_streams_new(on_message, &c);
    c.archive = flow_archive_new(w, hn_work_int(w, "rotate", ROTATE / HN_SECOND) * HN_SECOND);
    struct hn_export_sink sink = {archive_flow, &c.archive};
    c.exports = hn_export_new(&sink);
    c.ring = hn_alloc(RING);
    int rc = c.archive && c.exports && c.ring && c.streams ? start(&c) : hn_work_fail(w, "flow.memory", NULL);
    flow_streams_free(c.streams);
    hn_free(c.ring);
    hn_export_free(c.exports);
    flow_archive_free(c.archive);
    return rc;
}
