/* Connections of exporters: accepted, read, cut into messages. See stream.h. */
#include "modules/flow/stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

#define LISTENERS_MAX 8u
#define MESSAGE_MAX   65536u

struct stream {
    int fd;
    struct hn_ip from;
    size_t n;
    uint8_t b[MESSAGE_MAX]; /* what has come of the next message */
};

struct flow_streams {
    void (*message)(void *arg, const struct hn_ip *from, struct hn_bytes b);
    void *arg;
    int listeners[LISTENERS_MAX];
    size_t n_listeners, n;
    struct stream *list[FLOW_STREAMS_MAX];
    uint64_t taken, strange, refused;
};

struct flow_streams *flow_streams_new(void (*message)(void *arg, const struct hn_ip *from, struct hn_bytes b),
                                      void *arg)
{
    struct flow_streams *t = hn_alloc_zero(sizeof *t);
    if (t) {
        t->message = message;
        t->arg = arg;
    }
    return t;
}

static void drop(struct flow_streams *t, size_t i)
{
    close(t->list[i]->fd);
    hn_free(t->list[i]);
    t->list[i] = t->list[--t->n];
}

void flow_streams_free(struct flow_streams *t)
{
    if (!t)
        return;
    while (t->n)
        drop(t, t->n - 1);
    for (size_t i = 0; i < t->n_listeners; i++)
        close(t->listeners[i]);
    hn_free(t);
}

bool flow_streams_listen(struct flow_streams *t, int fd)
{
    if (t->n_listeners == LISTENERS_MAX) {
        close(fd);
        return false;
    }
    t->listeners[t->n_listeners++] = fd;
    return true;
}

void flow_streams_counts(const struct flow_streams *t, uint64_t *ret_taken, uint64_t *ret_strange,
                         uint64_t *ret_refused)
{
    *ret_taken = t->taken;
    *ret_strange = t->strange;
    *ret_refused = t->refused;
}

static void take(struct flow_streams *t, int listener)
{
    struct sockaddr_storage from = {.ss_family = 0};
    socklen_t n = sizeof from;
    int fd = accept4(listener, (struct sockaddr *)&from, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return; /* it went away again */
    struct stream *s = t->n < FLOW_STREAMS_MAX ? hn_alloc(sizeof *s) : NULL;
    if (!s) {
        t->refused++;
        close(fd);
        return;
    }
    s->fd = fd;
    s->n = 0;
    s->from = from.ss_family == AF_INET ? hn_ip4((const uint8_t *)&((const struct sockaddr_in *)&from)->sin_addr)
                                        : hn_ip6(((const struct sockaddr_in6 *)&from)->sin6_addr.s6_addr);
    t->list[t->n++] = s;
    t->taken++;
}

/* Whole messages are handed on. False: what comes is no IPFIX, and no boundary will be found again. */
static bool cut(struct flow_streams *t, struct stream *s)
{
    size_t at = 0, n;
    while ((n = hn_export_message_length(hn_bytes_of(s->b + at, s->n - at))) && n != SIZE_MAX && n <= s->n - at) {
        t->message(t->arg, &s->from, hn_bytes_of(s->b + at, n));
        at += n;
    }
    memmove(s->b, s->b + at, s->n - at);
    s->n -= at;
    return n != SIZE_MAX;
}

/* False: it has ended. */
static bool read_some(struct flow_streams *t, struct stream *s)
{
    ssize_t n = recv(s->fd, s->b + s->n, MESSAGE_MAX - s->n, 0);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    s->n += (size_t)n;
    bool good = cut(t, s);
    t->strange += !good || (!n && s->n); /* it ended within a message */
    return n > 0 && good;
}

bool flow_streams_poll(struct flow_streams *t, int ms)
{
    struct pollfd p[LISTENERS_MAX + FLOW_STREAMS_MAX];
    size_t old = t->n;
    if (!t->n_listeners)
        return false;
    for (size_t i = 0; i < t->n_listeners; i++)
        p[i] = (struct pollfd){.fd = t->listeners[i], .events = POLLIN};
    for (size_t i = 0; i < old; i++)
        p[t->n_listeners + i] = (struct pollfd){.fd = t->list[i]->fd, .events = POLLIN};
    if (poll(p, t->n_listeners + old, ms) <= 0)
        return true;
    for (size_t i = old; i--;) /* from the end: the last takes the place of one that is dropped */
        if (p[t->n_listeners + i].revents && !read_some(t, t->list[i]))
            drop(t, i);
    for (size_t i = 0; i < t->n_listeners; i++)
        if (p[i].revents)
            take(t, t->listeners[i]);
    return true;
}
