#include "format/packet/ring.h"

#include <linux/if_arp.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "format/packet/packet.h"

static unsigned hardware_of(int fd)
{
    struct sockaddr_ll a = {.sll_hatype = ARPHRD_ETHER};
    socklen_t n = sizeof a;
    (void)getsockname(fd, (struct sockaddr *)(void *)&a, &n);
    return a.sll_hatype;
}

/* Interfaces that carry bare IP packets; everything else looks like Ethernet. */
uint16_t hn_ring_link(int fd)
{
    unsigned h = hardware_of(fd);
    bool bare = h == ARPHRD_NONE || h == ARPHRD_TUNNEL || h == ARPHRD_TUNNEL6 || h == ARPHRD_SIT || h == ARPHRD_PPP ||
                h == ARPHRD_RAWIP;
    return bare ? HN_LINK_RAW : HN_LINK_ETHERNET;
}

bool hn_ring_init(struct hn_ring *r, int fd, size_t block, size_t blocks)
{
    void *map = mmap(NULL, block * blocks, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    *r = (struct hn_ring){.fd = fd,
                          .map = map == MAP_FAILED ? NULL : map,
                          .block = block,
                          .blocks = blocks,
                          .link = hn_ring_link(fd),
                          .one_way = hardware_of(fd) == ARPHRD_LOOPBACK};
    return r->map != NULL;
}

void hn_ring_done(struct hn_ring *r)
{
    if (r->map)
        munmap(r->map, r->block * r->blocks);
    r->map = NULL;
}

/* Where the packet came from stands behind its header. */
static bool is_sent(const struct tpacket3_hdr *h)
{
    struct sockaddr_ll a;
    memcpy(&a, (const uint8_t *)h + TPACKET_ALIGN(sizeof *h), sizeof a);
    return a.sll_pkttype == PACKET_OUTGOING;
}

static struct hn_capture_record record_of(const struct hn_ring *r, const struct tpacket3_hdr *h)
{
    return (struct hn_capture_record){.time = (hn_time)h->tp_sec * HN_SECOND + h->tp_nsec,
                                      .p = (const uint8_t *)h + h->tp_mac,
                                      .cap = h->tp_snaplen,
                                      .wire = h->tp_len < h->tp_snaplen ? h->tp_snaplen : h->tp_len,
                                      .link = r->link};
}

/* A chain of offsets, which the kernel wrote; walked within the block all the same. */
static void read_block(const struct hn_ring *r, const uint8_t *block, struct hn_capture_record *room, size_t most,
                       void (*each)(void *arg, const struct hn_capture_record *list, size_t n), void *arg)
{
    const size_t head = TPACKET_ALIGN(sizeof(struct tpacket3_hdr)) + sizeof(struct sockaddr_ll);
    const struct tpacket_block_desc *d = (const void *)block;
    size_t off = d->hdr.bh1.offset_to_first_pkt, n = 0;
    for (uint32_t i = 0; i < d->hdr.bh1.num_pkts; i++) {
        if (off > r->block - head || off % _Alignof(struct tpacket3_hdr))
            break;
        const struct tpacket3_hdr *h = (const void *)(block + off);
        if (h->tp_mac > r->block - off || h->tp_snaplen > r->block - off - h->tp_mac)
            break;
        if (!r->one_way || !is_sent(h))
            room[n++] = record_of(r, h);
        if (n == most) {
            each(arg, room, n);
            n = 0;
        }
        if (!h->tp_next_offset)
            break;
        off += h->tp_next_offset;
    }
    if (n)
        each(arg, room, n); /* before the block goes back */
}

bool hn_ring_next(struct hn_ring *r, struct hn_capture_record *room, size_t most,
                  void (*each)(void *arg, const struct hn_capture_record *list, size_t n), void *arg)
{
    uint8_t *block = r->map + r->at * r->block;
    struct tpacket_block_desc *d = (void *)block;
    if (!(__atomic_load_n(&d->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
        return false;
    read_block(r, block, room, most, each, arg);
    __atomic_store_n(&d->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
    r->at = r->at + 1 == r->blocks ? 0 : r->at + 1;
    return true;
}

int hn_ring_error(const struct hn_ring *r)
{
    int err = 0;
    socklen_t n = sizeof err;
    return getsockopt(r->fd, SOL_SOCKET, SO_ERROR, &err, &n) == 0 ? err : 0;
}

uint64_t hn_ring_drops(const struct hn_ring *r)
{
    struct tpacket_stats_v3 s = {0};
    socklen_t n = sizeof s;
    return getsockopt(r->fd, SOL_PACKET, PACKET_STATISTICS, &s, &n) == 0 ? s.tp_drops : 0; /* asking sets it to zero */
}
