/* Link layers: from the frame to the IP packet. Layouts after the LINKTYPE_ registry of tcpdump.org, IEEE 802.1Q, RFC
 * 1661 (PPP), RFC 2516 (PPPoE), RFC 3032 (MPLS), IEEE 802.11, radiotap.org. */
#include "format/packet/decode.h"

#define ETHER_IP4   0x0800u
#define ETHER_IP6   0x86ddu
#define ETHER_TRUNK 0x6558u /* transparent Ethernet bridging */

/* Ethernet II      destination 6, source 6, type 2
 * IEEE 802.3       …, length 2 (at most 1500), LLC 3 (aa aa 03 = SNAP: organisation 3, type 2) */
enum hn_packet_verdict packet_ethernet(struct packet_at *at)
{
    const uint8_t *h = hn_cur_take(&at->c, 14).p;
    if (hn_cur_bad(&at->c))
        return packet_short(at, HN_PACKET_LINK_SHORT);
    return packet_ethertype(at, packet_be16(h + 12));
}

/* LLC (IEEE 802.2): only SNAP carries IP today; 06 06 03 is IP in old networks. */
static enum hn_packet_verdict llc(struct packet_at *at)
{
    const uint8_t *h = hn_cur_take(&at->c, 3).p;
    if (hn_cur_bad(&at->c))
        return packet_short(at, HN_PACKET_LINK_SHORT);
    if (h[0] == 6 && h[1] == 6)
        return packet_ip(at);
    if (h[0] != 0xaa || h[1] != 0xaa)
        return HN_PACKET_NOT_IP;
    h = hn_cur_take(&at->c, 5).p;
    if (hn_cur_bad(&at->c))
        return packet_short(at, HN_PACKET_LINK_SHORT);
    unsigned type = packet_be16(h + 3);
    return type <= 1500 ? HN_PACKET_NOT_IP : packet_ethertype(at, type);
}

/* 802.1Q and 802.1ad, any number of them:  tag control 2 (priority 3 bits, DEI, identifier 12 bits), type 2 */
static enum hn_packet_verdict vlan(struct packet_at *at)
{
    const uint8_t *h = hn_cur_take(&at->c, 4).p;
    if (hn_cur_bad(&at->c))
        return packet_short(at, HN_PACKET_LINK_SHORT);
    at->p->layers |= HN_LAYER_VLAN;
    at->p->vlan = packet_be16(h) & 0xfff;
    return packet_ethertype(at, packet_be16(h + 2));
}

/* Label stack: label 20 bits, class 3, bottom of stack 1, TTL 8. What follows is told by its first four bits (RFC
 * 4928); 0 is a control word before Ethernet (RFC 4448). */
enum hn_packet_verdict packet_mpls(struct packet_at *at)
{
    uint32_t label;
    at->p->layers |= HN_LAYER_MPLS;
    do {
        label = hn_cur_be32(&at->c);
        if (hn_cur_bad(&at->c))
            return packet_short(at, HN_PACKET_LINK_SHORT);
        if (++at->depth > PACKET_DEPTH_MAX)
            return HN_PACKET_TOO_DEEP;
    } while (!(label & 0x100));
    if (!hn_cur_left(&at->c))
        return packet_short(at, HN_PACKET_LINK_SHORT);
    unsigned first = at->c.base[at->c.off] >> 4;
    if (first == 4 || first == 6)
        return packet_ip(at);
    if (first != 0)
        return HN_PACKET_NOT_IP;
    hn_cur_skip(&at->c, 4);
    return packet_ethernet(at);
}

/* PPPoE session: version and type 1 (0x11), code 1 (0), session 2, length 2, PPP protocol 2 */
static enum hn_packet_verdict pppoe(struct packet_at *at)
{
    const uint8_t *h = hn_cur_take(&at->c, 6).p;
    if (hn_cur_bad(&at->c))
        return packet_short(at, HN_PACKET_LINK_SHORT);
    if (h[0] != 0x11 || h[1] != 0)
        return HN_PACKET_NOT_IP;
    return packet_ppp(at);
}

/* PPP protocol field: two octets, or one when it is odd (compressed, RFC 1661 clause 2). */
enum hn_packet_verdict packet_ppp(struct packet_at *at)
{
    unsigned proto = hn_cur_u8(&at->c);
    at->p->layers |= HN_LAYER_PPP;
    if (!(proto & 1))
        proto = proto << 8 | hn_cur_u8(&at->c);
    if (hn_cur_bad(&at->c))
        return packet_short(at, HN_PACKET_LINK_SHORT);
    switch (proto) {
    case 0x21:
    case 0x57:
        return packet_ip(at);
    case 0x281:
        return packet_mpls(at);
    default:
        return HN_PACKET_NOT_IP;
    }
}

enum hn_packet_verdict packet_ethertype(struct packet_at *at, unsigned type)
{
    if (__builtin_expect(type == ETHER_IP4 || type == ETHER_IP6, 1))
        return packet_ip(at);
    if (++at->depth > PACKET_DEPTH_MAX)
        return HN_PACKET_TOO_DEEP;
    switch (type) {
    case 0x8100:
    case 0x88a8:
    case 0x9100:
    case 0x9200:
    case 0x9300:
        return vlan(at);
    case 0x8847:
    case 0x8848:
        return packet_mpls(at);
    case 0x8864:
        return pppoe(at);
    case ETHER_TRUNK:
        return packet_ethernet(at);
    default:
        return type <= 1500 ? llc(at) : HN_PACKET_NOT_IP;
    }
}

/* Ports of a switch, between it and the processor behind it, carry a tag that says which port a frame belongs to.
 *   Broadcom     destination 6, source 6, tag 4, type 2;  "prepended": tag 4, then the frame
 *   Marvell DSA  destination 6, source 6, tag 4, type 2;  EDSA: type dada 2, 0 2 before the tag
 * A Marvell tag takes the place of the frame's own VLAN tag when bit 5 of its first octet is set; the identifier is its
 * last 12 bits (Linux, net/dsa/tag_dsa.c). */
static enum hn_packet_verdict marvell(struct packet_at *at, size_t tag_at)
{
    const uint8_t *h = hn_cur_take(&at->c, tag_at + 6).p;
    if (hn_cur_bad(&at->c))
        return packet_short(at, HN_PACKET_LINK_SHORT);
    if (h[tag_at] & 0x20) {
        at->p->layers |= HN_LAYER_VLAN;
        at->p->vlan = packet_be16(h + tag_at + 2) & 0xfff;
    }
    return packet_ethertype(at, packet_be16(h + tag_at + 4));
}

/* BSD loopback: address family 4, in the order of the machine that captured (LOOP: network order). Families of IPv6
 * differ between systems. */
static enum hn_packet_verdict loopback(struct packet_at *at)
{
    uint32_t family = hn_cur_be32(&at->c);
    if (hn_cur_bad(&at->c))
        return packet_short(at, HN_PACKET_LINK_SHORT);
    if (family > 0xffff)
        family = __builtin_bswap32(family);
    switch (family) {
    case 2:
    case 10:
    case 24:
    case 28:
    case 30:
        return packet_ip(at);
    default:
        return HN_PACKET_NOT_IP;
    }
}

/* `skip` octets, an Ethernet type of two at `type_at` within them. */
static enum hn_packet_verdict fixed(struct packet_at *at, size_t skip, size_t type_at)
{
    const uint8_t *h = hn_cur_take(&at->c, skip).p;
    if (hn_cur_bad(&at->c))
        return packet_short(at, HN_PACKET_LINK_SHORT);
    return packet_ethertype(at, packet_be16(h + type_at));
}

/* Cisco HDLC: address 1 (0f unicast, 8f broadcast), control 1, Ethernet type 2; ff 03 is PPP in HDLC framing. */
static enum hn_packet_verdict hdlc(struct packet_at *at)
{
    const uint8_t *h = hn_cur_take(&at->c, 2).p;
    if (hn_cur_bad(&at->c))
        return packet_short(at, HN_PACKET_LINK_SHORT);
    if (h[0] == 0xff && h[1] == 3)
        return packet_ppp(at);
    unsigned type = hn_cur_be16(&at->c);
    return hn_cur_bad(&at->c) ? packet_short(at, HN_PACKET_LINK_SHORT) : packet_ethertype(at, type);
}

/* PPP with or without its HDLC address and control octets ff 03. */
enum hn_packet_verdict packet_ppp_framed(struct packet_at *at)
{
    size_t left = hn_cur_left(&at->c);
    if (left >= 2 && at->c.base[at->c.off] == 0xff && at->c.base[at->c.off + 1] == 3)
        hn_cur_skip(&at->c, 2);
    return packet_ppp(at);
}

/* Frame relay (RFC 2427): address 2 to 4 (the last has its lowest bit set), control 03, then cc = IPv4, 8e = IPv6 or
 * 00 80 SNAP. */
static enum hn_packet_verdict frame_relay(struct packet_at *at)
{
    unsigned n = 0;
    while (n < 4 && !(hn_cur_u8(&at->c) & 1) && !hn_cur_bad(&at->c))
        n++;
    unsigned control = hn_cur_u8(&at->c), id = hn_cur_u8(&at->c);
    if (hn_cur_bad(&at->c))
        return packet_short(at, HN_PACKET_LINK_SHORT);
    if (control == 3 && id == 0)
        id = hn_cur_u8(&at->c);
    if (control != 3)
        return HN_PACKET_NOT_IP;
    if (id == 0xcc || id == 0x8e)
        return packet_ip(at);
    return id == 0x80 ? fixed(at, 5, 3) : HN_PACKET_NOT_IP;
}

/* IEEE 802.11: frame control 2, duration 2, three addresses, sequence 2 [, fourth address when both DS bits are set]
 * [, QoS control 2 when the subtype has bit 3] [, HT control 4 when the order bit is set in a QoS frame], LLC. An
 * aggregate (A-MSDU) holds further frames: only its first is read. Access points pad to four octets when radiotap says.
 */
static enum hn_packet_verdict wireless(struct packet_at *at, bool padded)
{
    const uint8_t *h = hn_cur_take(&at->c, 24).p;
    if (hn_cur_bad(&at->c))
        return packet_short(at, HN_PACKET_LINK_SHORT);
    unsigned type = h[0] >> 2 & 3, subtype = h[0] >> 4, flags = h[1];
    if (type != 2 || subtype & 4)
        return HN_PACKET_LINK_HIDDEN; /* management, control, or data without data */
    if (flags & 0x40)
        return HN_PACKET_LINK_HIDDEN; /* protected */
    size_t more = (flags & 3) == 3 ? 6 : 0;
    hn_cur_skip(&at->c, more);
    if (subtype & 8) {
        const uint8_t *qos = hn_cur_take(&at->c, 2).p;
        if (hn_cur_bad(&at->c))
            return packet_short(at, HN_PACKET_LINK_SHORT);
        bool aggregate = qos[0] & 0x80;
        more += 2;
        if (flags & 0x80) {
            hn_cur_skip(&at->c, 4);
            more += 4;
        }
        if (aggregate) /* destination 6, source 6, length 2 */
            hn_cur_skip(&at->c, 14);
    }
    if (padded && (24 + more) % 4)
        hn_cur_skip(&at->c, 4 - (24 + more) % 4);
    return hn_cur_bad(&at->c) ? packet_short(at, HN_PACKET_LINK_SHORT) : llc(at);
}

/* radiotap: version 1, pad 1, length 2 (little-endian), present 4 (bit 31: another word follows) …; of its fields only
 * "flags" is of interest (bit 1 of present, after a TSFT of 8 aligned octets): 0x20 padded, 0x40 bad checksum. */
static enum hn_packet_verdict radiotap(struct packet_at *at)
{
    struct hn_cur head = at->c;
    hn_cur_skip(&head, 2);
    size_t n = hn_cur_le16(&head);
    uint32_t present = hn_cur_le32(&head), next = present;
    for (unsigned i = 0; next & 0x80000000u && i < 32; i++)
        next = hn_cur_le32(&head);
    if (hn_cur_bad(&head) || n < 8)
        return packet_short(at, HN_PACKET_LINK_SHORT);
    unsigned flags = 0;
    if (present & 2) {
        size_t from = head.off - at->c.off;
        if (present & 1)
            from = (from + 7) / 8 * 8 + 8;
        if (from < n) {
            head = at->c;
            hn_cur_skip(&head, from);
            flags = hn_cur_u8(&head);
        }
    }
    hn_cur_skip(&at->c, n);
    if (hn_cur_bad(&at->c))
        return packet_short(at, HN_PACKET_LINK_SHORT);
    return flags & 0x40 ? HN_PACKET_LINK_HIDDEN : wireless(at, flags & 0x20);
}

/* PPI: version 1, flags 1, length 2 (little-endian), link type 4 (little-endian), fields */
static enum hn_packet_verdict ppi(struct packet_at *at)
{
    struct hn_cur head = at->c;
    hn_cur_skip(&head, 2);
    size_t n = hn_cur_le16(&head);
    uint32_t link = hn_cur_le32(&head);
    if (hn_cur_bad(&head) || n < 8)
        return packet_short(at, HN_PACKET_LINK_SHORT);
    hn_cur_skip(&at->c, n);
    if (++at->depth > PACKET_DEPTH_MAX)
        return HN_PACKET_TOO_DEEP;
    return hn_cur_bad(&at->c) ? packet_short(at, HN_PACKET_LINK_SHORT) : packet_link(at, link);
}

/* PKTAP of macOS (all numbers little-endian): length of this header 4 (108, more in later systems), record 4 (1: a
 * packet follows), link type of the packet 4, name of the interface 24, … */
static enum hn_packet_verdict pktap(struct packet_at *at)
{
    struct hn_cur head = at->c;
    size_t n = hn_cur_le32(&head);
    uint32_t record = hn_cur_le32(&head), link = hn_cur_le32(&head);
    hn_cur_skip(&at->c, n);
    if (hn_cur_bad(&head) || hn_cur_bad(&at->c) || n < 108)
        return packet_short(at, HN_PACKET_LINK_SHORT);
    if (record != 1)
        return HN_PACKET_LINK_HIDDEN;
    if (++at->depth > PACKET_DEPTH_MAX)
        return HN_PACKET_TOO_DEEP;
    return packet_link(at, link);
}

/* NFLOG: family 1, version 1, resource 2, then fields: length 2, type 2 (both in the order of the machine; taken as
 * little-endian), value padded to 4. Type 9 is the packet. */
static enum hn_packet_verdict nflog(struct packet_at *at)
{
    hn_cur_skip(&at->c, 4);
    for (unsigned i = 0; i < 32; i++) {
        unsigned n = hn_cur_le16(&at->c), type = hn_cur_le16(&at->c);
        if (hn_cur_bad(&at->c) || n < 4)
            return packet_short(at, HN_PACKET_LINK_SHORT);
        if (type == 9)
            return packet_ip(at);
        hn_cur_skip(&at->c, (n - 4u + 3u) & ~3u);
    }
    return HN_PACKET_NOT_IP;
}

/* A header whose first (PFLOG) or two octets (Prism, AVS: big-endian length at 4) tell its length. */
static enum hn_packet_verdict monitor(struct packet_at *at, unsigned link)
{
    struct hn_cur head = at->c;
    size_t n;
    if (link == 117) {
        n = (hn_cur_u8(&head) + 3u) & ~3u;
    } else {
        uint32_t magic = hn_cur_be32(&head);
        n = hn_cur_be32(&head);
        if (link == 119 && (magic & 0xfffff000u) != 0x80211000u)
            n = 144; /* Prism proper has a fixed length */
    }
    hn_cur_skip(&at->c, n);
    if (hn_cur_bad(&head) || hn_cur_bad(&at->c) || n < 4)
        return packet_short(at, HN_PACKET_LINK_SHORT);
    return link == 117 ? packet_ip(at) : wireless(at, false);
}

static enum hn_packet_verdict after(struct packet_at *at, size_t skip,
                                    enum hn_packet_verdict (*next)(struct packet_at *))
{
    hn_cur_skip(&at->c, skip);
    return hn_cur_bad(&at->c) ? packet_short(at, HN_PACKET_LINK_SHORT) : next(at);
}

enum hn_packet_verdict packet_link(struct packet_at *at, unsigned link)
{
    switch (link) {
    case HN_LINK_ETHERNET:
        return packet_ethernet(at);
    case HN_LINK_NULL:
    case 108: /* LOOP */
        return loopback(at);
    case HN_LINK_RAW:
    case 12: /* RAW as BSD numbers it */
    case 14: /* the same of OpenBSD */
    case 228:
    case 229:
        return packet_ip(at);
    case 6: /* token ring: access 1, frame control 1, addresses 12 */
        return after(at, 14, llc);
    case 10: /* FDDI: frame control 1, addresses 12 */
        return after(at, 13, llc);
    case 9: /* PPP */
    case 50:
        return packet_ppp_framed(at);
    case 204: /* PPP and Cisco HDLC after an octet of direction */
        return after(at, 1, packet_ppp_framed);
    case 51:
        return pppoe(at);
    case 104:
        return hdlc(at);
    case 205:
        return after(at, 1, hdlc);
    case 107:
        return frame_relay(at);
    case 109: /* OpenBSD enc: family 4, parameters 8 */
        return after(at, 12, packet_ip);
    case 113: /* Linux cooked: kind 2, hardware 2, length 2, address 8, type 2 */
        return fixed(at, 16, 14);
    case 276: /* Linux cooked, second form: type 2, … 18 */
        return fixed(at, 20, 0);
    case 138: /* IP over IEEE 1394: identifiers 16, type 2 */
        return fixed(at, 18, 16);
    case 122: /* IP over fibre channel: addresses 16 */
        return after(at, 16, llc);
    case 105:
        return wireless(at, false);
    case 127:
        return radiotap(at);
    case 117: /* PFLOG */
    case 119: /* Prism */
    case 163: /* AVS */
        return monitor(at, link);
    case 192:
        return ppi(at);
    case 239:
        return nflog(at);
    case 100: /* ATM as RFC 2684 has it: LLC */
        return llc(at);
    case 219:
        return packet_mpls(at);
    case 240: /* netANALYZER: 4, then the frame */
    case 282: /* Broadcom's tag before the frame */
        return after(at, 4, packet_ethernet);
    case 258:
        return pktap(at);
    case 281: /* Broadcom's tag within */
        return fixed(at, 18, 16);
    case 284:
        return marvell(at, 12);
    case 285:
        return marvell(at, 16);
    default:
        return HN_PACKET_LINK_UNKNOWN;
    }
}
