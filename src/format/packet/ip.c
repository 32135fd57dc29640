/* IPv4 (RFC 791) and IPv6 with its extension headers (RFC 8200). */
#include "format/packet/decode.h"

#define IP6_HEADERS_MAX 16

/*   0        4        8                16                      31
 *   ┌────────┬────────┬────────────────┬───────────────────────┐
 *   │version │ words  │ class, ECN     │ total length          │
 *   ├────────┴────────┴────────────────┼──┬──┬──┬──────────────┤
 *   │ identification                   │  │DF│MF│ offset / 8   │
 *   ├─────────────────┬────────────────┼──┴──┴──┴──────────────┤
 *   │ time to live    │ protocol       │ checksum              │
 *   ├─────────────────┴────────────────┴───────────────────────┤
 *   │ source, destination, options                             │
 * The checksum is not verified: captures of a sending machine hold it before the card filled it in. */

/* Ends the cursor where the IP packet ends (what follows is padding of the link). False when the frame holds less
 * than the header says and was not cut by the capture. */
static bool limit(struct packet_at *at, size_t n)
{
    size_t left = hn_cur_left(&at->c);
    if (n <= left) {
        at->c.len = at->c.off + n;
        at->cut = false; /* whole from here on */
        return true;
    }
    return at->cut;
}

static enum hn_packet_verdict ip4(struct packet_at *at)
{
    struct hn_packet *p = at->p;
    const uint8_t *h = hn_cur_take(&at->c, 20).p;
    if (hn_cur_bad(&at->c))
        return packet_short(at, HN_PACKET_IP_SHORT);
    size_t head = (h[0] & 15u) * 4u, total = packet_be16(h + 2);
    unsigned frag = packet_be16(h + 6);
    if (head < 20)
        return HN_PACKET_IP_SHORT;
    if (total == 0) /* left to the card to cut into segments: as long as the frame */
        total = hn_cur_left(&at->c) + 20;
    if (total < head)
        return HN_PACKET_IP_LENGTH;
    memcpy(p->src.b, h + 12, 4);
    memcpy(p->dst.b, h + 16, 4);
    p->src.family = p->dst.family = 4;
    p->ip_len = (uint16_t)(total > 0xffff ? 0xffff : total);
    p->tos = h[1];
    p->ip_id = packet_be16(h + 4);
    p->ttl = h[8];
    p->proto = h[9];
    p->df = frag & 0x4000;
    p->mf = frag & 0x2000;
    p->is_fragment = frag & 0x1fff;
    p->ip_options = head > 20;
    bool whole = limit(at, total - 20);
    hn_cur_skip(&at->c, head - 20);
    if (hn_cur_bad(&at->c))
        return packet_short(at, HN_PACKET_IP_SHORT);
    if ((frag & 0x1fffu) * 8u + total - head > 0xffff)
        return HN_PACKET_IP_FRAGMENT;
    enum hn_packet_verdict v = p->is_fragment ? HN_PACKET_OK : packet_transport(at, h[9]);
    return whole || v != HN_PACKET_OK ? v : HN_PACKET_IP_LENGTH;
}

/* One extension header that is passed over; false: proto is none of them. */
static bool ip6_passed(unsigned proto)
{
    return proto == 0 || proto == 43 || proto == 60 || proto == 51 || proto == 135 || proto == 139 || proto == 140;
}

/* The chain:  next header 1, length 1 (in units of 8 after the first 8; AH, RFC 4302: of 4 after the first 8), …
 * Fragment:   next header 1, 0, offset 13 bits, 0, more 1 bit, identification 4 */
static enum hn_packet_verdict ip6_chain(struct packet_at *at, unsigned proto)
{
    struct hn_packet *p = at->p;
    for (unsigned n = 0;; n++) {
        p->proto = (uint8_t)proto;
        if (proto != 44 && !ip6_passed(proto))
            return proto == 59 ? HN_PACKET_OK : packet_transport(at, proto); /* 59: nothing follows */
        if (n == IP6_HEADERS_MAX)
            return HN_PACKET_IP_EXTENSION;
        const uint8_t *h = hn_cur_take(&at->c, 8).p;
        if (hn_cur_bad(&at->c))
            return packet_short(at, HN_PACKET_IP_EXTENSION);
        p->ip_options = true;
        if (proto == 44) {
            p->is_fragment = packet_be16(h + 2) & 0xfff8;
            p->mf = h[3] & 1;
            p->ip_id = packet_be16(h + 6);
            if (p->is_fragment) {
                p->proto = h[0];
                return HN_PACKET_OK;
            }
        } else {
            size_t more = h[1] * 8u;
            if (proto == 51) /* (length + 2) words, of which two were taken */
                more = h[1] * 4u;
            hn_cur_skip(&at->c, more);
        }
        if (hn_cur_bad(&at->c))
            return packet_short(at, HN_PACKET_IP_EXTENSION);
        proto = h[0];
    }
}

/*   version 4 bits, class 8, flow label 20 │ payload length 16, next header 8, hop limit 8 │ source 128 │ destination
 * 128 */
static enum hn_packet_verdict ip6(struct packet_at *at)
{
    struct hn_packet *p = at->p;
    const uint8_t *h = hn_cur_take(&at->c, 40).p;
    if (hn_cur_bad(&at->c))
        return packet_short(at, HN_PACKET_IP_SHORT);
    size_t n = packet_be16(h + 4);
    if (n == 0) /* a jumbogram (RFC 2675), or left to the card */
        n = hn_cur_left(&at->c);
    memcpy(p->src.b, h + 8, 16);
    memcpy(p->dst.b, h + 24, 16);
    p->src.family = p->dst.family = 6;
    p->ip_len = (uint16_t)(n + 40 > 0xffff ? 0xffff : n + 40);
    p->tos = (uint8_t)(packet_be16(h) >> 4);
    p->ttl = h[7];
    p->df = p->mf = p->is_fragment = p->ip_options = false;
    p->ip_id = 0;
    bool whole = limit(at, n);
    enum hn_packet_verdict v = ip6_chain(at, h[6]);
    return whole || v != HN_PACKET_OK ? v : HN_PACKET_IP_LENGTH;
}

enum hn_packet_verdict packet_ip(struct packet_at *at)
{
    if (!hn_cur_left(&at->c))
        return packet_short(at, HN_PACKET_IP_SHORT);
    unsigned version = at->c.base[at->c.off] >> 4;
    if (__builtin_expect(version == 4, 1))
        return ip4(at);
    return version == 6 ? ip6(at) : HN_PACKET_IP_VERSION;
}

static void quote_ports(struct hn_cur *c, struct hn_packet_quote *q)
{
    if (q->proto != 6 && q->proto != 17 && q->proto != 132 && q->proto != 136)
        return;
    q->sport = hn_cur_be16(c);
    q->dport = hn_cur_be16(c);
    q->ports = !hn_cur_bad(c);
}

/* At least the IP header and eight octets (RFC 792; RFC 4443 clause 2.4 as much as fits). Extension headers inside are
 * not followed: then the protocol is that of the first of them. */
void packet_quote(struct hn_cur c, struct hn_packet_quote *q)
{
    if (!hn_cur_left(&c))
        return;
    unsigned version = c.base[c.off] >> 4;
    const uint8_t *h = hn_cur_take(&c, version == 6 ? 40 : 20).p;
    if (hn_cur_bad(&c) || (version != 4 && version != 6))
        return;
    bool first = true;
    if (version == 4) {
        size_t head = (h[0] & 15u) * 4u;
        if (head < 20)
            return;
        q->src = hn_ip4(h + 12);
        q->dst = hn_ip4(h + 16);
        q->proto = h[9];
        first = !(packet_be16(h + 6) & 0x1fff);
        hn_cur_skip(&c, head - 20);
    } else {
        memcpy(q->src.b, h + 8, 16);
        memcpy(q->dst.b, h + 24, 16);
        q->src.family = q->dst.family = 6;
        q->proto = h[6];
    }
    if (first && !hn_cur_bad(&c))
        quote_ports(&c, q);
}
