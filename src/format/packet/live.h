/* Packets as they come: from the kernel's ring (ring.h), or as a capture that another process writes into a pipe. */
#pragma once

#include "format/packet/ring.h"

struct hn_live {
    int fd; /* to be polled; the caller's */
    struct hn_ring ring;
    struct hn_capture *stream; /* NULL: the ring */
    bool ended;                /* nothing comes any more, or nothing that can be read */
    void (*each)(void *arg, const struct hn_capture_record *list, size_t n);
    void *arg;
    struct hn_capture_record *room;
    size_t most;
    uint8_t *piece;   /* of the stream */
    uint64_t dropped; /* of the stream, told already */
};

/* room, most: as for hn_ring_next(); a stream hands out HN_CAPTURE_BATCH at most, from memory of its own. */
struct hn_live_sink {
    void (*each)(void *arg, const struct hn_capture_record *list, size_t n);
    void *arg;
    struct hn_capture_record *room;
    size_t most;
};

/* False: the ring cannot be mapped. */
bool hn_live_ring(struct hn_live *l, int fd, size_t block, size_t blocks, const struct hn_live_sink *sink);
/* fd does not block. False: out of memory. */
bool hn_live_stream(struct hn_live *l, int fd, const struct hn_live_sink *sink);
void hn_live_done(struct hn_live *l); /* also of one that is all zero */
/* Hands out what is there, a block or piece of it. False: there is nothing at present, or l->ended. */
bool hn_live_next(struct hn_live *l);
/* At the end, everything that had arrived by now: the kernel keeps a block that is not full for 100 ms; a stream is
 * ended by who writes it, who was told at the same time. */
void hn_live_rest(struct hn_live *l);
/* Packets that were lost before they came here, since this was last asked. */
uint64_t hn_live_drops(struct hn_live *l);
/* After POLLERR of the ring, as hn_ring_error(); a stream is told by who writes it. */
bool hn_live_error(const struct hn_live *l);
