#include "format/packet/live.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/mem.h"

#define PIECE       ((size_t)1 << 20) /* as much as a pipe holds */
#define MILLISECOND (HN_SECOND / 1000)
#define RING_LAST   (300 * MILLISECOND)
#define STREAM_LAST (10 * HN_SECOND) /* without an octet, while it is not ended */
#define TICK_MS     50

static struct hn_live with_sink(int fd, const struct hn_live_sink *sink)
{
    return (struct hn_live){.fd = fd, .each = sink->each, .arg = sink->arg, .room = sink->room, .most = sink->most};
}

bool hn_live_ring(struct hn_live *l, int fd, size_t block, size_t blocks, const struct hn_live_sink *sink)
{
    *l = with_sink(fd, sink);
    return hn_ring_init(&l->ring, fd, block, blocks);
}

bool hn_live_stream(struct hn_live *l, int fd, const struct hn_live_sink *sink)
{
    struct hn_capture_sink to = {.each = sink->each, .arg = sink->arg};
    *l = with_sink(fd, sink);
    l->stream = hn_capture_new(&to, 0);
    l->piece = hn_alloc(PIECE);
    return l->stream && l->piece;
}

void hn_live_done(struct hn_live *l)
{
    hn_ring_done(&l->ring);
    hn_capture_free(l->stream);
    hn_free(l->piece);
    l->stream = NULL;
    l->piece = NULL;
}

static bool next_piece(struct hn_live *l)
{
    ssize_t n = l->ended ? 0 : read(l->fd, l->piece, PIECE);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    l->ended = n <= 0 || hn_capture_feed(l->stream, hn_bytes_of(l->piece, (size_t)n)) != NULL;
    return !l->ended;
}

bool hn_live_next(struct hn_live *l)
{
    return l->stream ? next_piece(l) : hn_ring_next(&l->ring, l->room, l->most, l->each, l->arg);
}

void hn_live_rest(struct hn_live *l)
{
    struct pollfd p = {.fd = l->fd, .events = POLLIN};
    hn_time end = hn_monotonic() + (l->stream ? STREAM_LAST : RING_LAST);
    while (!l->ended && hn_monotonic() < end) {
        if (!hn_live_next(l))
            (void)poll(&p, 1, TICK_MS);
        else if (l->stream)
            end = hn_monotonic() + STREAM_LAST;
    }
    /* under a flood the ring is full by now, and never empty */
    for (size_t i = 0; !l->stream && i < l->ring.blocks && hn_live_next(l); i++)
        ;
}

uint64_t hn_live_drops(struct hn_live *l)
{
    if (!l->stream)
        return l->ring.map ? hn_ring_drops(&l->ring) : 0;
    uint64_t all = hn_capture_stats(l->stream)->dropped, more = all - l->dropped;
    l->dropped = all;
    return more;
}

bool hn_live_error(const struct hn_live *l)
{
    return l->ring.map && hn_ring_error(&l->ring);
}
