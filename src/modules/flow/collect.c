/* hinomi flow import, flow collect: records from files or from exporters into the archive. */
#include <arpa/inet.h>
#include <errno.h>
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

#define FLUSH_AFTER (5 * HN_SECOND)
#define ROTATE      (5 * HN_MINUTE)
#define STATE_EVERY HN_MINUTE
#define STATE_FILE  "exporters"
#define STATE_MAX   (256u << 20)
#define BATCH       256u
#define PACKET_MAX  9216u /* the largest datagram that exporters make: jumbo frames */
#define SOCKETS_MAX 8u

/* ---------------------------------------------------------------- import */

static void archive_flow(void *arg, const struct hn_flow *f)
{
    struct flow_archive **a = arg;
    flow_archive_add(*a, f);
}

static int import_all(struct hn_work *w, struct flow_archive *a, struct hn_export *x)
{
    struct flow_reader r = {.w = w, .flow = archive_flow, .arg = &a, .exports = x, .map = hn_work_str(w, "map")};
    struct hn_input in;
    size_t good = 0, all = 0;
    while (hn_work_next(w, &in)) {
        struct flow_input_stats s;
        flow_read(&r, &in, &s);
        all++;
        good += s.why == NULL || s.flows > 0 || s.packets > 0;
        if (s.why)
            hn_work_warn(w, "flow.input.why", "name", hn_arena_cstr(hn_work_arena(w), in.name), "why", s.why, NULL);
        hn_work_done(&in);
    }
    if (!flow_archive_flush(a, 0))
        return hn_work_fail(w, "flow.not-written", NULL);
    uint64_t octets, flows = flow_archive_written(a, &octets);
    struct hn_arena *m = hn_work_arena(w);
    if (hn_work_form(w) == HN_FORM_JSON)
        hn_work_print(w, "{\"flows\":%llu,\"octets\":%llu}\n", (unsigned long long)flows, (unsigned long long)octets);
    else
        hn_work_say(w, "flow.imported", "flows", hn_arena_fmt(m, "%llu", (unsigned long long)flows).p, "each",
                    hn_arena_fmt(m, "%.1f", flows ? (double)octets / (double)flows : 0.0).p, NULL);
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
 * One thread a socket does nothing but take datagrams out of the kernel, many at a time, into a ring; the main thread
 * decodes. What the ring cannot take is counted, and so is what the kernel dropped before (SO_RXQ_OVFL). */

#define RING (1u << 17) /* datagrams: 1.1 GiB of addresses, touched as they are needed */

struct datagram {
    uint32_t n;
    struct hn_ip from;
    hn_time at;
    uint8_t b[PACKET_MAX];
};

struct collector {
    struct hn_work *w;
    struct flow_archive *archive;
    struct hn_export *exports;
    struct datagram *ring;
    _Atomic uint64_t head, tail; /* written, read */
    _Atomic bool stop;
    _Atomic uint64_t received, overrun, kernel_drops;
    int sockets[SOCKETS_MAX];
    size_t n_sockets;
    pthread_mutex_t lock; /* of head, between receiving threads */
    hn_time saved;
};

struct receiver {
    struct collector *c;
    int fd;
};

static struct hn_ip sender(const struct sockaddr_storage *s)
{
    if (s->ss_family == AF_INET)
        return hn_ip4((const uint8_t *)&((const struct sockaddr_in *)s)->sin_addr);
    return hn_ip6(((const struct sockaddr_in6 *)s)->sin6_addr.s6_addr);
}

static void note_drops(struct collector *c, struct msghdr *m)
{
    for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h; h = CMSG_NXTHDR(m, h)) {
        uint32_t drops;
        if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SO_RXQ_OVFL)
            continue;
        memcpy(&drops, CMSG_DATA(h), sizeof drops);
        atomic_store(&c->kernel_drops, drops);
    }
}

/* Room for up to BATCH datagrams in a row; fewer at the end of the ring. */
static size_t reserve(struct collector *c, uint64_t head)
{
    uint64_t used = head - atomic_load(&c->tail);
    size_t room = RING - (size_t)used, until_end = RING - (size_t)(head % RING);
    room = room < until_end ? room : until_end;
    return room < BATCH ? room : BATCH;
}

static void receive_some(struct receiver *r)
{
    struct collector *c = r->c;
    struct mmsghdr m[BATCH];
    struct iovec v[BATCH];
    struct sockaddr_storage from[BATCH];
    char control[BATCH][64];
    uint64_t head = atomic_load(&c->head);
    size_t n = reserve(c, head);
    if (!n) { /* decoding is behind: the kernel's buffer takes the next ones, and says what it drops */
        atomic_fetch_add(&c->overrun, 1);
        usleep(1000);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        struct datagram *d = &c->ring[(head + i) % RING];
        v[i] = (struct iovec){d->b, sizeof d->b};
        m[i].msg_hdr = (struct msghdr){.msg_name = &from[i],
                                       .msg_namelen = sizeof from[i],
                                       .msg_iov = &v[i],
                                       .msg_iovlen = 1,
                                       .msg_control = control[i],
                                       .msg_controllen = sizeof control[i]};
    }
    int got = recvmmsg(r->fd, m, (unsigned)n, MSG_WAITFORONE, NULL);
    hn_time now = hn_now();
    for (int i = 0; i < got; i++) {
        struct datagram *d = &c->ring[(head + (uint64_t)i) % RING];
        d->n = m[i].msg_len;
        d->from = sender(&from[i]);
        d->at = now;
    }
    if (got > 0) {
        note_drops(c, &m[got - 1].msg_hdr);
        atomic_fetch_add(&c->received, (uint64_t)got);
        atomic_store(&c->head, head + (uint64_t)got);
    }
}

static void *receive(void *arg)
{
    struct receiver *r = arg;
    struct pollfd p = {.fd = r->fd, .events = POLLIN};
    while (!atomic_load(&r->c->stop)) {
        if (poll(&p, 1, 100) <= 0)
            continue;
        pthread_mutex_lock(&r->c->lock);
        receive_some(r);
        pthread_mutex_unlock(&r->c->lock);
    }
    return NULL;
}

static bool decode_some(struct collector *c)
{
    uint64_t tail = atomic_load(&c->tail), head = atomic_load(&c->head);
    if (tail == head)
        return false;
    for (unsigned i = 0; i < BATCH && tail != head; i++, tail++) {
        struct datagram *d = &c->ring[tail % RING];
        hn_export_packet(c->exports, &d->from, d->at, hn_bytes_of(d->b, d->n));
    }
    atomic_store(&c->tail, tail);
    return true;
}

static void load_state(struct collector *c)
{
    struct hn_buf b;
    HN_AUTO_FD fd = hn_work_file_open(c->w, HN_STR(STATE_FILE));
    hn_buf_init(&b, STATE_MAX);
    if (fd >= 0 && hn_ok(hn_read_fd(fd, &b, NULL)) && !hn_export_load(c->exports, hn_bytes_of(b.p, b.n)))
        hn_work_warn(c->w, "flow.state-damaged", NULL);
    hn_buf_done(&b);
}

static void save_state(struct collector *c)
{
    struct hn_buf b;
    HN_AUTO_FD fd = hn_work_file_new(c->w, HN_STR(STATE_FILE));
    hn_buf_init(&b, STATE_MAX);
    hn_export_save(c->exports, &b);
    if (fd < 0 || b.bad || !hn_ok(hn_write_all(fd, b.p, b.n)) || !hn_ok(hn_work_file_commit(c->w, HN_STR(STATE_FILE))))
        hn_work_warn(c->w, "flow.not-written", NULL);
    hn_buf_done(&b);
    c->saved = hn_monotonic();
}

static void housekeeping(struct collector *c)
{
    if (hn_monotonic() - c->saved < STATE_EVERY)
        return;
    save_state(c);
    flow_archive_prune(c->archive, hn_work_int(c->w, "keep-days", 0) * HN_DAY,
                       (uint64_t)hn_work_int(c->w, "keep-mib", 0) << 20);
}

static void put_exporter(struct hn_jw *j, const struct hn_exporter *e)
{
    char t[HN_IP_TEXT];
    hn_jw_obj(j);
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

static void answer(struct collector *c)
{
    struct hn_buf b;
    struct hn_jw j;
    const struct hn_exporter *e;
    hn_buf_init(&b, 64u << 20);
    hn_jw_init(&j, &b);
    hn_jw_obj(&j);
    hn_jw_kc(&j, "schema", "hinomi-flow-collect-1");
    hn_jw_kint(&j, "packets", (int64_t)atomic_load(&c->received));
    hn_jw_kint(&j, "flows", (int64_t)flow_archive_written(c->archive, NULL));
    hn_jw_kint(&j, "kernel_dropped_packets", (int64_t)atomic_load(&c->kernel_drops));
    hn_jw_kint(&j, "waits_for_decoding", (int64_t)atomic_load(&c->overrun));
    hn_jw_key(&j, "exporters");
    hn_jw_arr(&j);
    for (size_t i = 0; (e = hn_export_at(c->exports, i)); i++)
        put_exporter(&j, e);
    hn_jw_arr_end(&j);
    hn_jw_obj_end(&j);
    hn_buf_chr(&b, '\n');
    hn_work_write(c->w, hn_bytes_of(b.p, b.n));
    hn_buf_done(&b);
}

static int run(struct collector *c)
{
    pthread_t threads[SOCKETS_MAX];
    struct receiver receivers[SOCKETS_MAX];
    size_t started = 0;
    bool ok = true;
    for (; started < c->n_sockets; started++) {
        receivers[started] = (struct receiver){c, c->sockets[started]};
        if (pthread_create(&threads[started], NULL, receive, &receivers[started]) != 0)
            return hn_work_fail(c->w, "flow.memory", NULL);
    }
    while (ok && !hn_work_stop(c->w)) {
        if (!decode_some(c))
            usleep(2000);
        ok = flow_archive_flush(c->archive, FLUSH_AFTER);
        housekeeping(c);
    }
    atomic_store(&c->stop, true);
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    while (decode_some(c))
        ;
    ok = flow_archive_flush(c->archive, 0) && ok;
    save_state(c);
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

static int start(struct collector *c)
{
    struct hn_input in;
    while (c->n_sockets < SOCKETS_MAX && hn_work_input(c->w, "udp", &in))
        c->sockets[c->n_sockets++] = in.fd;
    if (!c->n_sockets)
        return hn_work_usage(c->w, "flow.no-socket", NULL);
    if (!take_sampling(c))
        return hn_work_usage(c->w, "flow.bad-sampling", NULL);
    load_state(c);
    c->saved = hn_monotonic();
    hn_work_warn(c->w, "flow.listening", NULL);
    return run(c);
}

int flow_collect(struct hn_work *w)
{
    static struct collector c;
    c.w = w;
    pthread_mutex_init(&c.lock, NULL);
    c.archive = flow_archive_new(w, hn_work_int(w, "rotate", ROTATE / HN_SECOND) * HN_SECOND);
    struct hn_export_sink sink = {archive_flow, &c.archive};
    c.exports = hn_export_new(&sink);
    c.ring = hn_alloc((size_t)RING * sizeof *c.ring);
    int rc = c.archive && c.exports && c.ring ? start(&c) : hn_work_fail(w, "flow.memory", NULL);
    hn_free(c.ring);
    hn_export_free(c.exports);
    flow_archive_free(c.archive);
    return rc;
}
