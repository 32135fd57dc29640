/* Packets in packets: GRE (RFC 2784, 2890) and ERSPAN, IP in IP (RFC 2003), 6in4 (RFC 4213), MPLS in IP (RFC 4023),
 * EtherIP (RFC 3378), VXLAN (RFC 7348), GENEVE (RFC 8926), GTP-U (3GPP TS 29.281), Teredo (RFC 4380). */
#include "format/packet/decode.h"

static bool may_enter(struct packet_at *at)
{
    return !at->how || !at->how->stop || !at->how->stop(at->how->arg, &at->p->dst);
}

/* The inner packet is read into a packet of its own: when it holds no IP packet the outer one stands. */
static enum hn_packet_verdict enter(struct packet_at *at, unsigned layer,
                                    enum hn_packet_verdict (*inner)(struct packet_at *, unsigned), unsigned arg)
{
    struct hn_packet got = {.wire = at->p->wire, .layers = (uint8_t)(at->p->layers | layer), .vlan = at->p->vlan};
    struct packet_at in = *at;
    if (++in.depth > PACKET_DEPTH_MAX)
        return HN_PACKET_TOO_DEEP;
    in.p = &got;
    enum hn_packet_verdict v = inner(&in, arg);
    if (got.src.family)
        *at->p = got;
    else if (hn_packet_verdict_malformed(v))
        return HN_PACKET_TUNNEL;
    return v == HN_PACKET_NOT_IP ? HN_PACKET_OK : v;
}

static enum hn_packet_verdict inner_ip(struct packet_at *at, unsigned arg)
{
    return packet_ip(at);
}
static enum hn_packet_verdict inner_type(struct packet_at *at, unsigned type)
{
    return packet_ethertype(at, type);
}
static enum hn_packet_verdict inner_ethernet(struct packet_at *at, unsigned arg)
{
    return packet_ethernet(at);
}
static enum hn_packet_verdict inner_mpls(struct packet_at *at, unsigned arg)
{
    return packet_mpls(at);
}
static enum hn_packet_verdict inner_ppp(struct packet_at *at, unsigned arg)
{
    return packet_ppp_framed(at);
}

/* GRE: C R K S s bits, recursion 3, flags 5, version 3 │ type 2 │ [checksum 2, offset 2] [key 4] [sequence 4] [routes]
 * Version 1 (PPTP, RFC 2637): type 880b; key holds payload length and call; [sequence 4] [acknowledgement 4]; payload
 * is PPP, most often with its HDLC octets. ERSPAN: type 88be, with a sequence number 8 octets of header (type II),
 * without none; type III is 22eb, 12 octets. */
static enum hn_packet_verdict gre(struct packet_at *at)
{
    unsigned bits = hn_cur_be16(&at->c), type = hn_cur_be16(&at->c), version = bits & 7;
    size_t skip = (bits & 0xc000 ? 4u : 0u) + (bits & 0x2000 ? 4u : 0u) + (bits & 0x1000 ? 4u : 0u);
    if (version == 1 && bits & 0x80)
        skip += 4;
    hn_cur_skip(&at->c, skip);
    if (hn_cur_bad(&at->c))
        return packet_short(at, HN_PACKET_TUNNEL);
    if (version > 1 || bits & 0x4000) /* source routes are of the past (RFC 2784) */
        return HN_PACKET_OK;
    if (version == 1 && (type != 0x880b || !(bits & 0x2000)))
        return HN_PACKET_OK;
    if (version == 1)
        return hn_cur_left(&at->c) ? enter(at, HN_LAYER_GRE, inner_ppp, 0) : HN_PACKET_OK;
    if (type == 0x88be || type == 0x22eb) {
        hn_cur_skip(&at->c, type == 0x22eb ? 12 : bits & 0x1000 ? 8 : 0);
        return hn_cur_bad(&at->c) ? packet_short(at, HN_PACKET_TUNNEL) : enter(at, HN_LAYER_GRE, inner_ethernet, 0);
    }
    return enter(at, HN_LAYER_GRE, inner_type, type);
}

bool packet_tunnel(struct packet_at *at, unsigned proto, enum hn_packet_verdict *ret)
{
    if ((proto != 4 && proto != 41 && proto != 47 && proto != 97 && proto != 137) || at->p->mf || !may_enter(at))
        return false;
    switch (proto) {
    case 4:
    case 41:
        *ret = enter(at, HN_LAYER_IPIP, inner_ip, 0);
        break;
    case 47:
        *ret = gre(at);
        break;
    case 97: /* EtherIP: version 4 bits, 0 */
        hn_cur_skip(&at->c, 2);
        *ret = enter(at, HN_LAYER_GRE, inner_ethernet, 0);
        break;
    default:
        *ret = enter(at, HN_LAYER_MPLS, inner_mpls, 0);
        break;
    }
    return true;
}

/* VXLAN: flags 1 (08: identifier is there), 0 3, identifier 3, 0 1, Ethernet frame. Linux also uses port 8472. */
static bool vxlan(struct packet_at *at, enum hn_packet_verdict *ret)
{
    const uint8_t *h = hn_cur_take(&at->c, 8).p;
    if (hn_cur_bad(&at->c) || h[0] != 8 || h[7] != 0)
        return false;
    *ret = enter(at, HN_LAYER_VXLAN, inner_ethernet, 0);
    return true;
}

/* GENEVE: version 2 bits, option words 6 bits, O C 2 bits, 0, type 2, identifier 3, 0 1, options, payload */
static bool geneve(struct packet_at *at, enum hn_packet_verdict *ret)
{
    const uint8_t *h = hn_cur_take(&at->c, 8).p;
    if (hn_cur_bad(&at->c) || h[0] >> 6 != 0 || h[7] != 0)
        return false;
    hn_cur_skip(&at->c, (h[0] & 63u) * 4u);
    if (hn_cur_bad(&at->c))
        return false;
    *ret = enter(at, HN_LAYER_VXLAN, inner_type, packet_be16(h + 2));
    return true;
}

/* GTP-U: version 3 bits (1), protocol 1, 0, E S N 3 bits │ type 1 (255: a packet) │ length 2 │ tunnel 4 │ [sequence 2,
 * N-PDU 1, next extension 1 when one of E S N is set; extensions: words 1, …, next 1] */
static bool gtp(struct packet_at *at, enum hn_packet_verdict *ret)
{
    const uint8_t *h = hn_cur_take(&at->c, 8).p;
    if (hn_cur_bad(&at->c) || (h[0] & 0xf0) != 0x30 || h[1] != 255)
        return false;
    if (h[0] & 7) {
        hn_cur_skip(&at->c, 3);
        unsigned next = hn_cur_u8(&at->c);
        for (unsigned i = 0; next && i < 8; i++) {
            size_t words = hn_cur_u8(&at->c);
            if (words == 0)
                return false;
            hn_cur_skip(&at->c, words * 4 - 2);
            next = hn_cur_u8(&at->c);
        }
    }
    if (!hn_cur_left(&at->c))
        return false;
    *ret = enter(at, HN_LAYER_GTP, inner_ip, 0);
    return true;
}

/* Teredo: [authentication: 0001, lengths of client and value 1 each, client, value, nonce 8, confirmation 1]
 * [origin: 0000, port 2, address 4, both inverted] IPv6 packet. It is one only if the packet is exactly as long as its
 * header says and either end has an address of Teredo's (2001::/32), or a client greets its server by link-local ones.
 */
static bool teredo_packet(struct hn_cur c, bool cut)
{
    static const uint8_t prefix[4] = {0x20, 0x01, 0, 0}, link_local[2] = {0xfe, 0x80};
    size_t left = hn_cur_left(&c);
    const uint8_t *h = hn_cur_take(&c, 40).p;
    if (hn_cur_bad(&c) || h[0] >> 4 != 6)
        return false;
    size_t n = packet_be16(h + 4) + 40u;
    if (cut ? n < left : n != left)
        return false;
    return memcmp(h + 8, prefix, 4) == 0 || memcmp(h + 24, prefix, 4) == 0 ||
           (memcmp(h + 8, link_local, 2) == 0 && h[6] == 58);
}

static bool teredo(struct packet_at *at, enum hn_packet_verdict *ret)
{
    const uint8_t *h = at->c.base + at->c.off;
    if (at->p->src.family != 4 || hn_cur_left(&at->c) < 8)
        return false;
    if (h[0] == 0 && h[1] == 1) {
        hn_cur_skip(&at->c, 13u + h[2] + h[3]);
        h = at->c.base + at->c.off;
    }
    if (hn_cur_bad(&at->c) || hn_cur_left(&at->c) < 8)
        return false;
    if (h[0] == 0 && h[1] == 0)
        hn_cur_skip(&at->c, 8);
    if (!teredo_packet(at->c, at->cut))
        return false;
    *ret = enter(at, HN_LAYER_IPIP, inner_ip, 0);
    return at->p->src.family == 6;
}

static bool is_teredo(const struct hn_packet *p)
{
    return p->dport == 3544 || p->sport == 3544;
}

/* The well-known port alone proves nothing: a header that does not fit leaves the UDP packet as it is. */
bool packet_tunnel_udp(struct packet_at *at, enum hn_packet_verdict *ret)
{
    struct hn_cur before = at->c;
    unsigned port = at->p->dport;
    bool known = port == 4789 || port == 8472 || port == 6081 || port == 2152;
    if ((!known && !is_teredo(at->p)) || at->p->mf || !may_enter(at))
        return false;
    if (!known) { /* a tunnel to one of these ports may come from any */
        if (teredo(at, ret))
            return true;
        at->c = before;
        return false;
    }
    bool in = port == 6081 ? geneve(at, ret) : port == 2152 ? gtp(at, ret) : vxlan(at, ret);
    if (in && at->p->layers & (HN_LAYER_VXLAN | HN_LAYER_GTP))
        return true;
    at->c = before;
    return false;
}
