/* Capturing by libpcap for a worker, which parses what comes and may hold no library that opens devices.
 *
 *   front ──fork──▶ pump ──pipe, pcapng──▶ worker
 *
 * The pump copies what libpcap gives, looks into nothing, and gives up the rights of root once the device is open. It
 * ends when the front says so or is gone (its end of a pipe is closed), when nobody reads, or when the device fails.
 * Octets leave as soon as there are no more of them: a watch is live. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "core/front_pcap.h"
#include "sandbox/role.h"

#define PIPE_BYTES  (1 << 20) /* the most that everybody may ask for */
#define OUT_FULL    ((size_t)1 << 20)
#define OUT_MAX     (2 * OUT_FULL) /* a packet fits behind one that is not full */
#define AT_ONCE     4096           /* packets, so that a flood does not keep the pump from hearing that it shall end */
#define TICK_MS     100
#define STATS_EVERY HN_SECOND
#define MILLISECOND (HN_SECOND / 1000)
#define LAST        (300 * MILLISECOND)  /* the kernel hands over a block that is not full after 100 ms, */
#define LAST_NFLOG  (1300 * MILLISECOND) /* packets of nflog, when they are few, after a second */
#define NFLOG       239
#define LAST_MOST   (2 * HN_SECOND) /* under a flood there is no last packet */

struct pump {
    const struct front_pcap *pcap;
    void *p;
    const char *device;
    int out, stop;
    bool gone; /* nobody reads */
    uint64_t per_second;
    struct hn_buf buf;
    struct pcap_counts before;
    uint64_t dropped, dropped_by_card;
    hn_time counted;
};

/* ---------------------------------------------------------------- pcapng (format/packet/pcapng.c), in our own order */

static void put16(struct pump *u, uint16_t v)
{
    hn_buf_add(&u->buf, &v, sizeof v);
}
static void put32(struct pump *u, uint32_t v)
{
    hn_buf_add(&u->buf, &v, sizeof v);
}
static void put64(struct pump *u, uint64_t v)
{
    hn_buf_add(&u->buf, &v, sizeof v);
}

static void put_section(struct pump *u)
{
    put32(u, 0x0a0d0d0a);
    put32(u, 28);
    put32(u, 0x1a2b3c4d);
    put16(u, 1);
    put16(u, 0);
    put64(u, UINT64_MAX);
    put32(u, 28);
}

/* Files number two link types otherwise than handles do: raw IP and ATM. */
static uint16_t link_of(int handle)
{
    return handle == 12 ? 101 : handle == 11 ? 100 : (uint16_t)handle;
}

static void put_interface(struct pump *u, bool nano)
{
    const uint8_t resolution[4] = {nano ? 9 : 6}; /* 10^-n s, and padding */
    put32(u, 1);
    put32(u, 32);
    put16(u, link_of(u->pcap->datalink(u->p)));
    put16(u, 0);
    put32(u, FRONT_SNAPLEN);
    put16(u, 9);
    put16(u, 1);
    hn_buf_add(&u->buf, resolution, sizeof resolution);
    put32(u, 0);
    put32(u, 32);
}

/* Nobody asks for the time of the count. */
static void put_counts(struct pump *u)
{
    put32(u, 5);
    put32(u, 52);
    put32(u, 0);
    put64(u, 0);
    put16(u, 5);
    put16(u, 8);
    put64(u, u->dropped_by_card);
    put16(u, 7);
    put16(u, 8);
    put64(u, u->dropped);
    put32(u, 0);
    put32(u, 52);
}

/* ---------------------------------------------------------------- copying */

static void flush(struct pump *u)
{
    u->gone = u->gone || u->buf.bad || !hn_ok(hn_write_all(u->out, u->buf.p, u->buf.n));
    hn_buf_clear(&u->buf);
}

static void on_packet(uint8_t *arg, const struct pcap_head *h, const uint8_t *octets)
{
    static const uint8_t padding[4];
    struct pump *u = (void *)arg;
    uint32_t cap = h->cap < FRONT_SNAPLEN ? h->cap : FRONT_SNAPLEN, pad = -cap & 3, len = 32 + cap + pad;
    uint64_t time = (uint64_t)h->time.tv_sec * u->per_second + (uint64_t)h->time.tv_usec;
    if (u->gone)
        return;
    const uint32_t head[] = {6, len, 0, (uint32_t)(time >> 32), (uint32_t)time, cap, h->wire};
    hn_buf_add(&u->buf, head, sizeof head);
    hn_buf_add(&u->buf, octets, cap);
    hn_buf_add(&u->buf, padding, pad);
    put32(u, len);
    if (u->buf.n >= OUT_FULL)
        flush(u);
}

/* libpcap counts in 32 bits. */
static void count(struct pump *u)
{
    struct pcap_counts now;
    u->counted = hn_monotonic();
    if (u->pcap->stats(u->p, &now) != 0) /* not every device counts */
        return;
    u->dropped += now.dropped - u->before.dropped;
    u->dropped_by_card += now.dropped_by_card - u->before.dropped_by_card;
    u->before = now;
    put_counts(u);
}

/* Packets that were there; below 0: the device has failed. libpcap 1.10 takes it for a failure of nflog that there is
 * nothing to be read yet. */
static int copy(struct pump *u)
{
    errno = 0;
    int n = u->pcap->dispatch(u->p, AT_ONCE, on_packet, (uint8_t *)u);
    if (n < 0 && errno == EAGAIN)
        n = 0;
    if (hn_monotonic() - u->counted >= STATS_EVERY)
        count(u);
    if (n < 0)
        dprintf(STDERR_FILENO, "hinomi: %s: %s\n", u->device, u->pcap->geterr(u->p));
    if (u->buf.n)
        flush(u);
    return n;
}

/* Devices that cannot be polled are asked every tick. True: the front wants no more. */
static bool wait_for(struct pump *u, int ms)
{
    struct pollfd fds[3] = {{.fd = u->stop, .events = POLLIN},
                            {.fd = u->out}, /* an error when nobody reads */
                            {.fd = u->pcap->selectable(u->p), .events = POLLIN}};
    (void)poll(fds, 3, ms);
    u->gone = u->gone || fds[1].revents;
    return fds[0].revents != 0;
}

static void pump(struct pump *u)
{
    int n = 0;
    while (!u->gone && n >= 0 && !wait_for(u, n ? 0 : TICK_MS))
        n = copy(u);
    const hn_time end = hn_monotonic(), last = u->pcap->datalink(u->p) == NFLOG ? LAST_NFLOG : LAST;
    while (!u->gone && n >= 0 && hn_monotonic() - end < (n ? LAST_MOST : last)) {
        n = copy(u);
        if (!n)
            (void)poll(NULL, 0, TICK_MS / 2);
    }
    count(u);
    flush(u);
}

/* ---------------------------------------------------------------- the process */

/* A namespace of users may know of none but root. */
static void give_up_rights(void)
{
    const char *user = hn_role_user();
    struct hn_err e = user ? hn_role_become(user, NULL) : HN_OK;
    (void)e;
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

_Noreturn static void child(struct pump *u)
{
    const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE}; /* a terminal tells all of us; the front decides */
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        signal(ignored[i], SIG_IGN);
    give_up_rights();
    bool nano = u->pcap->get_precision(u->p) == FRONT_PCAP_NANO;
    u->per_second = nano ? 1000000000 : 1000000;
    hn_buf_init(&u->buf, OUT_MAX);
    put_section(u);
    put_interface(u, nano);
    flush(u);
    pump(u);
    _exit(0);
}

static void close_pair(const int *pair)
{
    close(pair[0]);
    close(pair[1]);
}

/* The lock of the module's folder is the front's alone. */
static struct hn_err start(struct front_state *s, struct pump *u, int *ret_fd, struct hn_diag *reterr)
{
    int out[2], stop[2];
    if (pipe2(out, O_CLOEXEC) != 0)
        return hn_fail_errno(reterr, "pipe");
    if (pipe2(stop, O_CLOEXEC) != 0) {
        close_pair(out);
        return hn_fail_errno(reterr, "pipe");
    }
    (void)fcntl(out[1], F_SETPIPE_SZ, PIPE_BYTES); /* a smaller one does as well */
    (void)fcntl(out[0], F_SETFL, O_NONBLOCK);
    u->out = out[1];
    u->stop = stop[0];
    s->pump = fork();
    if (s->pump == 0) {
        close(out[0]);
        close(stop[1]);
        if (s->lock >= 0)
            close(s->lock);
        child(u);
    }
    close(out[1]);
    close(stop[0]);
    if (s->pump < 0) {
        close(out[0]);
        close(stop[1]);
        return hn_fail_errno(reterr, "%s", u->device);
    }
    s->pump_stop = stop[1];
    *ret_fd = out[0];
    return HN_OK;
}

struct hn_err front_pump_start(struct front_state *s, const char *device, const char *filter, int *ret_fd,
                               struct hn_diag *reterr)
{
    struct pump u = {.device = device};
    HN_TRY(front_pcap_load(&u.pcap, reterr));
    HN_TRY(front_pcap_open(device, filter, &u.p, reterr));
    struct hn_err e = start(s, &u, ret_fd, reterr);
    u.pcap->close(u.p); /* the pump has its own */
    return e;
}

void front_pump_stop(struct front_state *s)
{
    if (s->pump_stop >= 0)
        close(s->pump_stop);
    s->pump_stop = -1;
}

void front_pump_end(struct front_state *s)
{
    front_pump_stop(s);
    while (s->pump > 0 && waitpid(s->pump, NULL, 0) < 0 && errno == EINTR)
        ;
    s->pump = -1;
}
