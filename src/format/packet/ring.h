/* Packets of an interface as the kernel lays them into memory that it shares with us (packet(7), TPACKET_V3): blocks,
 * which it fills and hands over, and which we give back. The socket is made elsewhere. */
#pragma once

#include "format/packet/capture.h"

struct hn_ring {
    int fd;
    uint8_t *map;
    size_t block, blocks; /* octets of one, how many */
    size_t at;            /* the next one */
    uint16_t link;
    bool one_way; /* loopback, where every packet passes twice: that which is sent is left out */
};

/* What packets of the interface that fd is bound to begin with: HN_LINK_ETHERNET or HN_LINK_RAW. */
uint16_t hn_ring_link(int fd);
/* fd: bound, with a ring of blocks × block octets; it stays the caller's. False: it cannot be mapped. */
bool hn_ring_init(struct hn_ring *r, int fd, size_t block, size_t blocks);
void hn_ring_done(struct hn_ring *r); /* also of one that is all zero */
/* The next block, if it is there: its packets in pieces of at most `most` records in room; what they point to is gone
 * after `each`. False: there is none. */
bool hn_ring_next(struct hn_ring *r, struct hn_capture_record *room, size_t most,
                  void (*each)(void *arg, const struct hn_capture_record *list, size_t n), void *arg);
/* What befell the interface since this was last asked, as errno has it (ENETDOWN); 0: nothing. Until it is asked,
 * poll() does not wait. */
int hn_ring_error(const struct hn_ring *r);
/* Packets that the kernel had no room for since this was last asked. */
uint64_t hn_ring_drops(const struct hn_ring *r);
