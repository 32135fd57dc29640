/* Inside the packet decoder: what the layers share. */
#pragma once

#include "base/cur.h"
#include "format/packet/packet.h"

#define PACKET_DEPTH_MAX 12 /* tags, labels and tunnels of one frame */

struct packet_at {
    struct hn_cur c; /* at the layer to be read, ending where that layer ends */
    struct hn_packet *p;
    const struct hn_packet_how *how;
    unsigned depth;
    bool cut; /* fewer octets were captured than were on the wire */
};

/* A failed read: the capture's doing, or the packet's. */
static inline enum hn_packet_verdict packet_short(const struct packet_at *at, enum hn_packet_verdict otherwise)
{
    return at->cut ? HN_PACKET_CUT : otherwise;
}

static inline uint16_t packet_be16(const uint8_t *b)
{
    return (uint16_t)((unsigned)b[0] << 8 | b[1]);
}
static inline uint32_t packet_be32(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

enum hn_packet_verdict packet_link(struct packet_at *at, unsigned link);       /* link.c */
enum hn_packet_verdict packet_ethernet(struct packet_at *at);                  /* link.c */
enum hn_packet_verdict packet_ethertype(struct packet_at *at, unsigned type);  /* link.c */
enum hn_packet_verdict packet_ppp(struct packet_at *at);                       /* link.c */
enum hn_packet_verdict packet_ppp_framed(struct packet_at *at);                /* link.c */
enum hn_packet_verdict packet_mpls(struct packet_at *at);                      /* link.c */
enum hn_packet_verdict packet_ip(struct packet_at *at);                        /* ip.c */
enum hn_packet_verdict packet_transport(struct packet_at *at, unsigned proto); /* transport.c */
/* Enters the tunnel that proto is, if it is one and may be entered; false: it is none. tunnel.c */
bool packet_tunnel(struct packet_at *at, unsigned proto, enum hn_packet_verdict *ret);
bool packet_tunnel_udp(struct packet_at *at, enum hn_packet_verdict *ret);
void packet_quote(struct hn_cur c, struct hn_packet_quote *q); /* ip.c */
