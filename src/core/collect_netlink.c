/* Netlink dumps for collect functions: the request goes out, complete messages come back, nothing is looked into beyond
 * the header that says where a message ends and which one is the last. */
#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "core/collect.h"
#include "core/module.h"
#include "format/netlink.h"

#define DUMP_MAX  (64u << 20)
#define READ_SIZE (128u << 10)
#define FLUSH_AT  (512u << 10)
#define TIMEOUT_S 3

struct dump {
    struct hn_collect *c; /* NULL: everything stays in `out` */
    const char *tag, *path;
    struct hn_buf *out;
    size_t total;
    bool done;
    int err;
};

static void flush(struct dump *d)
{
    if (!d->c)
        return;
    if (d->out->n)
        hn_collect_bytes(d->c, d->tag, d->path, hn_bytes_of(d->out->p, d->out->n));
    hn_buf_clear(d->out);
}

/* Copies the messages of one datagram; the last one and errors are not data. */
static void take(struct dump *d, struct hn_bytes datagram)
{
    struct hn_cur c;
    struct hn_nl_msg m;
    hn_cur_init(&c, datagram, datagram.n / 16 + 1);
    while (!d->done && !d->err) {
        size_t from = c.off;
        if (!hn_nl_next(&c, &m))
            break;
        if (m.type == NLMSG_DONE) {
            d->done = true;
        } else if (m.type == NLMSG_ERROR) {
            int code = (int)hn_nl_take_u32(&m.body);
            d->err = -code;
            d->done = true;
        } else {
            hn_buf_add(d->out, datagram.p + from, c.off - from);
            d->total += c.off - from;
        }
    }
    if (hn_cur_bad(&c))
        d->err = EPROTO;
    if (d->total > DUMP_MAX || d->out->bad)
        d->err = EMSGSIZE;
    if (d->out->n > FLUSH_AT)
        flush(d);
}

static int run(struct dump *d, int protocol, struct hn_bytes request)
{
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    struct timeval wait = {.tv_sec = TIMEOUT_S};
    HN_AUTO_FD fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    if (fd < 0)
        return errno;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
    if (sendto(fd, request.p, request.n, 0, (const struct sockaddr *)&kernel, sizeof(kernel)) < 0)
        return errno;
    struct hn_buf in;
    hn_buf_init(&in, READ_SIZE);
    while (!d->done && !d->err) {
        hn_buf_clear(&in);
        ssize_t n = hn_buf_room(&in, READ_SIZE) ? recv(fd, in.p, READ_SIZE, MSG_TRUNC) : -1;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || (size_t)n > READ_SIZE)
            d->err = n < 0 ? errno : EMSGSIZE;
        else if (n == 0)
            d->done = true;
        else
            take(d, hn_bytes_of(in.p, (size_t)n));
    }
    flush(d);
    hn_buf_done(&in);
    return d->err;
}

int hn_collect_netlink(struct hn_collect *c, const char *tag, const char *path, int protocol, struct hn_bytes request)
{
    struct hn_buf out;
    struct dump d = {.c = c, .tag = tag, .path = path, .out = &out};
    char number[16];
    snprintf(number, sizeof number, "%d", protocol);
    hn_collect_input(c, 'N', number);
    hn_buf_init(&out, FLUSH_AT + READ_SIZE * 2);
    int err = run(&d, protocol, request);
    hn_buf_done(&out);
    return err;
}

int hn_collect_netlink_read(int protocol, struct hn_bytes request, struct hn_buf *ret)
{
    struct dump d = {.out = ret};
    return run(&d, protocol, request);
}
