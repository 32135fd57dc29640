#include "sandbox/frame.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define HEAD 5u

static void put_head(uint8_t head[HEAD], uint8_t type, size_t n)
{
    head[0] = type;
    for (unsigned i = 0; i < 4; i++)
        head[1 + i] = (uint8_t)(n >> (8 * i));
}

static size_t head_len(const uint8_t *h)
{
    return (size_t)h[1] | (size_t)h[2] << 8 | (size_t)h[3] << 16 | (size_t)h[4] << 24;
}

struct hn_err hn_frame_write(int fd, uint8_t type, struct hn_bytes payload)
{
    uint8_t head[HEAD];
    if (payload.n > HN_FRAME_MAX)
        return (struct hn_err){HN_E_LIMIT};
    put_head(head, type, payload.n);
    struct iovec v[2] = {{head, HEAD}, {(void *)(uintptr_t)payload.p, payload.n}};
    struct msghdr m = {.msg_iov = v, .msg_iovlen = payload.n ? 2 : 1};
    size_t left = HEAD + payload.n;
    while (left) {
        ssize_t n = sendmsg(fd, &m, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return (struct hn_err){errno == EPIPE || errno == ECONNRESET ? HN_E_DIED : HN_E_IO};
        left -= (size_t)n;
        size_t done = (size_t)n;
        while (m.msg_iovlen && done >= m.msg_iov->iov_len) {
            done -= m.msg_iov->iov_len;
            m.msg_iov++;
            m.msg_iovlen--;
        }
        if (m.msg_iovlen) {
            m.msg_iov->iov_base = (char *)m.msg_iov->iov_base + done;
            m.msg_iov->iov_len -= done;
        }
    }
    return HN_OK;
}

static struct hn_err read_full(int fd, void *p, size_t n, bool at_start)
{
    size_t got = 0;
    while (got < n) {
        ssize_t r = read(fd, (char *)p + got, n - got);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return (struct hn_err){errno == ECONNRESET ? HN_E_DIED : HN_E_IO};
        if (r == 0)
            return (struct hn_err){at_start && got == 0 ? HN_E_NOENT : HN_E_DIED};
        got += (size_t)r;
    }
    return HN_OK;
}

struct hn_err hn_frame_read(int fd, struct hn_buf *b, uint8_t *ret_type)
{
    uint8_t head[HEAD];
    hn_buf_clear(b);
    HN_TRY(read_full(fd, head, HEAD, true));
    size_t n = head_len(head);
    if (n > HN_FRAME_MAX || n > b->max)
        return (struct hn_err){HN_E_LIMIT};
    if (n && !hn_buf_room(b, n))
        return (struct hn_err){HN_E_NOMEM};
    HN_TRY(read_full(fd, b->p, n, false));
    b->n = n;
    *ret_type = head[0];
    return HN_OK;
}

void hn_frame_in_init(struct hn_frame_in *in, size_t max)
{
    hn_buf_init(&in->buf, max);
    in->off = 0;
}

void hn_frame_in_done(struct hn_frame_in *in)
{
    hn_buf_done(&in->buf);
}

struct hn_err hn_frame_in_fill(struct hn_frame_in *in, int fd)
{
    hn_buf_drop(&in->buf, in->off);
    in->off = 0;
    size_t want = 256u << 10;
    if (in->buf.n >= HEAD) {
        size_t need = HEAD + head_len((const uint8_t *)in->buf.p);
        if (need > in->buf.n && need - in->buf.n > want)
            want = need - in->buf.n;
    }
    if (!hn_buf_room(&in->buf, want))
        return (struct hn_err){HN_E_LIMIT};
    ssize_t n = read(fd, in->buf.p + in->buf.n, want);
    if (n < 0)
        return (struct hn_err){errno == EAGAIN || errno == EINTR ? HN_E_BUSY : HN_E_DIED};
    if (n == 0)
        return (struct hn_err){HN_E_NOENT};
    in->buf.n += (size_t)n;
    return HN_OK;
}

bool hn_frame_in_next(struct hn_frame_in *in, uint8_t *ret_type, struct hn_bytes *ret_payload, struct hn_err *reterr)
{
    *reterr = HN_OK;
    size_t left = in->buf.n - in->off;
    if (left < HEAD)
        return false;
    const uint8_t *h = (const uint8_t *)in->buf.p + in->off;
    size_t n = head_len(h);
    if (n > HN_FRAME_MAX) {
        *reterr = (struct hn_err){HN_E_LIMIT};
        return false;
    }
    if (left - HEAD < n)
        return false;
    *ret_type = h[0];
    *ret_payload = hn_bytes_of(h + HEAD, n);
    in->off += HEAD + n;
    return true;
}

void hn_frame_add(struct hn_buf *out, uint8_t type, struct hn_bytes payload)
{
    uint8_t head[HEAD];
    put_head(head, type, payload.n);
    hn_buf_add(out, head, HEAD);
    if (payload.n)
        hn_buf_add(out, payload.p, payload.n);
}

size_t hn_frame_begin(struct hn_buf *out, uint8_t type)
{
    size_t at = out->n;
    hn_frame_add(out, type, (struct hn_bytes){0});
    return at;
}

void hn_frame_end(struct hn_buf *out, size_t begun)
{
    if (!out->bad)
        put_head((uint8_t *)out->p + begun, (uint8_t)out->p[begun], out->n - begun - HEAD);
}
