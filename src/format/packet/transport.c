/* TCP (RFC 9293), UDP (RFC 768), ICMP (RFC 792), ICMPv6 (RFC 4443), ports of SCTP, DCCP and UDP-Lite. */
#include "format/packet/decode.h"

static void rest_is_payload(struct packet_at *at)
{
    at->p->payload = hn_cur_take(&at->c, hn_cur_left(&at->c));
}

/*   source 16, destination 16 │ sequence 32 │ acknowledgement 32 │ words 4, 0 4, flags 8, window 16 │ checksum 16,
 *   urgent 16 │ options */
static enum hn_packet_verdict tcp(struct packet_at *at)
{
    struct hn_packet *p = at->p;
    const uint8_t *h = hn_cur_take(&at->c, 20).p;
    if (hn_cur_bad(&at->c))
        return packet_short(at, HN_PACKET_TRANSPORT_SHORT);
    p->sport = packet_be16(h);
    p->dport = packet_be16(h + 2);
    p->has_ports = true;
    p->tcp_seq = packet_be32(h + 4);
    p->tcp_ack = packet_be32(h + 8);
    p->tcp_doff = h[12] >> 4;
    p->tcp_flags = h[13];
    p->tcp_window = packet_be16(h + 14);
    if (p->tcp_doff < 5)
        return HN_PACKET_TCP_OFFSET;
    if (p->tcp_doff > 5) {
        p->options = hn_cur_take(&at->c, p->tcp_doff * 4u - 20u);
        if (hn_cur_bad(&at->c))
            return packet_short(at, HN_PACKET_TCP_OFFSET);
    }
    rest_is_payload(at);
    return HN_PACKET_OK;
}

/*   source 16, destination 16 │ length 16 (with these eight octets; 0 in a jumbogram), checksum 16 */
static enum hn_packet_verdict udp(struct packet_at *at)
{
    struct hn_packet *p = at->p;
    const uint8_t *h = hn_cur_take(&at->c, 8).p;
    if (hn_cur_bad(&at->c))
        return packet_short(at, HN_PACKET_TRANSPORT_SHORT);
    size_t n = packet_be16(h + 4);
    p->sport = packet_be16(h);
    p->dport = packet_be16(h + 2);
    p->has_ports = true;
    if (n && n < 8)
        return HN_PACKET_UDP_LENGTH;
    if (n > hn_cur_left(&at->c) + 8 && !at->cut && !p->mf)
        return HN_PACKET_UDP_LENGTH;
    enum hn_packet_verdict v;
    if (packet_tunnel_udp(at, &v))
        return v;
    rest_is_payload(at);
    if (n && n - 8 < p->payload.n)
        p->payload.n = n - 8;
    p->udp_len = (uint16_t)(n ? n - 8 : p->payload.n); /* 0: longer than can be said (RFC 2675 clause 4) */
    return HN_PACKET_OK;
}

/*   type 8, code 8, checksum 16 │ identifier 16, sequence 16 (of echoes) │ quoted packet (of errors) */
static enum hn_packet_verdict icmp(struct packet_at *at, bool six)
{
    struct hn_packet *p = at->p;
    const uint8_t *h = hn_cur_take(&at->c, 4).p;
    if (hn_cur_bad(&at->c))
        return packet_short(at, HN_PACKET_TRANSPORT_SHORT);
    p->icmp_type = h[0];
    p->icmp_code = h[1];
    bool error = six ? h[0] >= 1 && h[0] <= 4 : h[0] == 3 || h[0] == 4 || h[0] == 5 || h[0] == 11 || h[0] == 12;
    if (hn_cur_left(&at->c) < 4) {
        if (error)
            return packet_short(at, HN_PACKET_TRANSPORT_SHORT);
        return HN_PACKET_OK;
    }
    h = hn_cur_take(&at->c, 4).p;
    if (error) {
        packet_quote(at->c, &p->quote);
    } else {
        p->icmp_id = packet_be16(h);
        p->icmp_seq = packet_be16(h + 2);
    }
    rest_is_payload(at);
    return HN_PACKET_OK;
}

static enum hn_packet_verdict ports_only(struct packet_at *at, size_t head)
{
    const uint8_t *h = hn_cur_take(&at->c, head).p;
    if (hn_cur_bad(&at->c))
        return packet_short(at, HN_PACKET_TRANSPORT_SHORT);
    at->p->sport = packet_be16(h);
    at->p->dport = packet_be16(h + 2);
    at->p->has_ports = true;
    rest_is_payload(at);
    return HN_PACKET_OK;
}

enum hn_packet_verdict packet_transport(struct packet_at *at, unsigned proto)
{
    enum hn_packet_verdict v;
    if (proto == 6)
        return tcp(at);
    if (proto == 17)
        return udp(at);
    switch (proto) {
    case 1:
        return icmp(at, false);
    case 58:
        return icmp(at, true);
    case 33: /* DCCP */
    case 132:
        return ports_only(at, 12);
    case 136:
        return ports_only(at, 8);
    default:
        if (packet_tunnel(at, proto, &v))
            return v;
        rest_is_payload(at);
        return HN_PACKET_OK;
    }
}

/* ---------------------------------------------------------------- the whole */

const char *hn_packet_verdict_text(enum hn_packet_verdict v)
{
    static const char *const text[] = {
#define XX(name, malformed, text) text,
        HN_PACKET_MAP(XX)
#undef XX
    };
    return v < HN_PACKET_VERDICTS ? text[v] : "?";
}

bool hn_packet_verdict_malformed(enum hn_packet_verdict v)
{
    static const bool malformed[] = {
#define XX(name, malformed, text) malformed,
        HN_PACKET_MAP(XX)
#undef XX
    };
    return v < HN_PACKET_VERDICTS && malformed[v];
}

enum hn_packet_verdict hn_packet_decode(unsigned link, struct hn_bytes frame, uint32_t wire,
                                        const struct hn_packet_how *how, struct hn_packet *p)
{
    struct packet_at at = {.p = p, .how = how, .cut = frame.n < wire};
    memset(p, 0, sizeof(*p));
    p->wire = wire;
    hn_cur_init(&at.c, frame, 0);
    return packet_link(&at, link);
}
