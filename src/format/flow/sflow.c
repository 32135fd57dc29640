/* sFlow version 5 (sflow.org, "sFlow Version 5", 2004): XDR, everything in units of four octets, big endian.
 *
 *   datagram: version 5 | address type 1 IPv4, 2 IPv6 | agent address | sub-agent | sequence | uptime ms | samples n
 *   sample:   enterprise << 12 | format, length, then by format:
 *     1 flow:     sequence, source id, rate, pool, drops, in, out, records n
 *     3 expanded: sequence, source type, source index, rate, pool, drops, in format, in, out format, out, records n
 *     2, 4 counters: passed over;  5 discarded packet: passed over
 *   record:   enterprise << 12 | format, length, then by format:
 *     1 raw header: protocol, frame length, stripped, header opaque<>   2 Ethernet   3 IPv4   4 IPv6
 *     1001 switch: source VLAN, priority, …   1003 gateway: next hop, AS, source AS, …
 *
 * A sample is one packet that stands for `rate` of them: a flow of one packet without duration. */
#include "format/flow/export_in.h"
#include "format/packet/packet.h"

#define SAMPLES_MAX  1024u
#define RECORDS_MAX  256u
#define VERSION      105u
#define HEADER_ETHER 1u
#define HEADER_IPV4  11u
#define HEADER_IPV6  12u

static struct hn_ip read_address(struct hn_cur *c)
{
    uint32_t type = hn_cur_be32(c);
    struct hn_bytes b = hn_cur_take(c, type == 1 ? 4 : type == 2 ? 16 : 0);
    if (hn_cur_bad(c) || !b.n)
        return (struct hn_ip){.family = 0};
    return type == 1 ? hn_ip4(b.p) : hn_ip6(b.p);
}

/* The packet's own first octets. Octets counted are the frame's, as the agent says. */
static void read_header(struct hn_cur *c, struct hn_flow *f)
{
    uint32_t protocol = hn_cur_be32(c), wire = hn_cur_be32(c), stripped = hn_cur_be32(c), n = hn_cur_be32(c);
    struct hn_bytes frame = hn_cur_take(c, n);
    struct hn_packet p;
    if (hn_cur_bad(c))
        return;
    f->packets = 1;
    f->bytes = wire;
    bool ether = protocol == HEADER_ETHER;
    if (!ether && protocol != HEADER_IPV4 && protocol != HEADER_IPV6)
        return;
    hn_packet_decode(ether ? HN_LINK_ETHERNET : HN_LINK_RAW, frame, wire > stripped ? wire - stripped : wire, NULL, &p);
    f->src = p.src;
    f->dst = p.dst;
    f->proto = p.proto;
    f->tos = p.tos;
    f->flags = p.tcp_flags;
    f->vlan = p.vlan ? p.vlan : f->vlan;
    f->sport = p.sport;
    f->dport = p.proto == 1 || p.proto == 58 ? (uint16_t)(p.icmp_type << 8 | p.icmp_code) : p.dport;
}

/* What agents without the header tell: length, protocol, addresses, ports, flags, tos or priority. */
static void read_ip(struct hn_cur *c, struct hn_flow *f, bool v6)
{
    uint32_t length = hn_cur_be32(c), proto = hn_cur_be32(c);
    struct hn_bytes src = hn_cur_take(c, v6 ? 16 : 4), dst = hn_cur_take(c, v6 ? 16 : 4);
    uint32_t sport = hn_cur_be32(c), dport = hn_cur_be32(c), flags = hn_cur_be32(c), tos = hn_cur_be32(c);
    if (hn_cur_bad(c) || f->src.family)
        return;
    f->src = v6 ? hn_ip6(src.p) : hn_ip4(src.p);
    f->dst = v6 ? hn_ip6(dst.p) : hn_ip4(dst.p);
    f->proto = (uint8_t)proto;
    f->sport = (uint16_t)sport;
    f->dport = (uint16_t)dport;
    f->flags = (uint8_t)flags;
    f->tos = (uint8_t)tos;
    f->packets = 1;
    f->bytes = f->bytes ? f->bytes : length;
}

static void read_gateway(struct hn_cur *c, struct hn_flow *f)
{
    read_address(c);
    hn_cur_skip(c, 4); /* the router's own AS */
    f->src_as = hn_cur_be32(c);
    hn_cur_skip(c, 4); /* AS of the peer it came from */
    uint32_t segments = hn_cur_be32(c);
    for (uint32_t i = 0; i < segments && i < RECORDS_MAX && !hn_cur_bad(c); i++) {
        hn_cur_skip(c, 4);
        uint32_t n = hn_cur_be32(c);
        for (uint32_t k = 0; k < n && hn_cur_work(c); k++)
            f->dst_as = hn_cur_be32(c); /* the last of the path is where it ends */
    }
}

static bool read_flow_record(struct hn_cur *c, struct hn_flow *f)
{
    uint32_t format = hn_cur_be32(c), length = hn_cur_be32(c);
    struct hn_cur r = hn_cur_sub(c, length);
    switch (format) {
    case 1:
        read_header(&r, f);
        break;
    case 3:
    case 4:
        read_ip(&r, f, format == 4);
        break;
    case 1001:
        if (!f->vlan)
            f->vlan = (uint16_t)(hn_cur_be32(&r) & 0xfffu);
        break;
    case 1003:
        read_gateway(&r, f);
        break;
    default:
        break;
    }
    return !hn_cur_bad(c) && !(hn_cur_bad(&r) && (format == 1 || format == 3 || format == 4));
}

/* Interface numbers: the top two bits of the short form say what kind; 0 is a single interface, 1 a reason for a drop,
 * 2 several. 0x3fffffff is the device itself. */
static uint32_t interface(uint32_t format, uint32_t value)
{
    return format == 0 && value != 0x3fffffffu ? value : 0;
}

static bool read_sample(struct export_one *e, struct hn_cur *c, bool expanded, hn_time received)
{
    struct hn_flow f = {.first = received, .last = received, .known = HN_FLOW_TIMES};
    hn_cur_skip(c, expanded ? 12 : 8); /* sequence, source */
    uint32_t rate = hn_cur_be32(c);
    hn_cur_skip(c, 4); /* pool */
    uint32_t drops = hn_cur_be32(c);
    uint32_t in = hn_cur_be32(c), in2 = expanded ? hn_cur_be32(c) : 0;
    uint32_t out = hn_cur_be32(c), out2 = expanded ? hn_cur_be32(c) : 0;
    uint32_t n = hn_cur_be32(c);
    if (hn_cur_bad(c) || n > RECORDS_MAX)
        return false;
    f.in_if = expanded ? interface(in, in2) : interface(in >> 30, in & 0x3fffffffu);
    f.out_if = expanded ? interface(out, out2) : interface(out >> 30, out & 0x3fffffffu);
    bool ok = true;
    for (uint32_t i = 0; i < n && ok; i++)
        ok = read_flow_record(c, &f);
    e->is.drops += drops ? 1 : 0; /* the counter counts since boot: that it moves is what matters here */
    f.sampling = e->override ? e->override : rate;
    if (f.packets)
        export_flow(e, &f);
    return ok;
}

static bool read_any(struct export_one *e, struct hn_cur *c, hn_time received)
{
    uint32_t format = hn_cur_be32(c), length = hn_cur_be32(c);
    struct hn_cur s = hn_cur_sub(c, length);
    if (hn_cur_bad(c))
        return false;
    if (format == 1 || format == 3)
        return read_sample(e, &s, format == 3, received);
    if (format == 2 || format == 4)
        e->is.counters++;
    return true; /* others are passed over by their length */
}

void export_sflow(struct hn_export *x, const struct hn_ip *from, hn_time received, struct hn_bytes b)
{
    struct hn_cur c;
    hn_cur_init(&c, b, b.n + 1);
    hn_cur_skip(&c, 4);
    struct hn_ip agent = read_address(&c);
    uint32_t sub = hn_cur_be32(&c), sequence = hn_cur_be32(&c);
    hn_cur_skip(&c, 4);
    uint32_t n = hn_cur_be32(&c);
    if (hn_cur_bad(&c)) {
        x->strange[HN_EXPORT_SHORT]++;
        return;
    }
    struct export_one *e = export_find(x, agent.family ? &agent : from, sub, VERSION, received, b.n);
    if (!e)
        return;
    export_sequence(e, sequence, 1, true);
    if (n > SAMPLES_MAX) {
        export_bad(e, HN_EXPORT_COUNT);
        n = SAMPLES_MAX;
    }
    for (uint32_t i = 0; i < n && hn_cur_left(&c); i++)
        if (!read_any(e, &c, received)) {
            export_bad(e, HN_EXPORT_SAMPLE);
            if (hn_cur_bad(&c))
                return;
        }
}
