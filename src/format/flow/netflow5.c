/* NetFlow v5 and v7 (Cisco, "NetFlow Export Datagram Format").
 *
 *   header, 24 octets                                  record, v5 48 octets, v7 52
 *    0 version  2 count  4 sysUptime ms                 0 srcaddr  4 dstaddr  8 nexthop
 *    8 unix_secs  12 unix_nsecs                        12 input  14 output  16 packets  20 octets
 *   16 flow_sequence (counts flows)                    24 first  28 last (sysUptime ms)
 *   20 engine type  21 engine id   (v7: reserved)      32 srcport  34 dstport  36 pad  37 tcp_flags
 *   22 sampling: 2 bits mode, 14 bits interval         38 protocol  39 tos  40 src_as  42 dst_as  44 masks, pad
 *                                                      v7: 36 flags1, 46 flags2, 48 router_sc
 *
 * Read by fixed offsets after one comparison of the length: this is the path of millions of records a second. */
#include "format/flow/export_in.h"

#define HEAD    24u
#define RECORD5 48u
#define RECORD7 52u

static uint16_t be16(const uint8_t *p)
{
    return (uint16_t)((unsigned)p[0] << 8 | p[1]);
}

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* unix_secs and unix_nsecs belong to sysUptime. */
static hn_time since_boot(const uint8_t *head, uint32_t ms)
{
    int64_t before = (int32_t)(be32(head + 4) - ms);
    return (hn_time)be32(head + 8) * HN_SECOND + be32(head + 12) % 1000000000u - before * (HN_SECOND / 1000);
}

static void read_record(struct export_one *e, const uint8_t *head, const uint8_t *r, uint32_t rate)
{
    struct hn_flow f = {.src = hn_ip4(r), .dst = hn_ip4(r + 4), .sampling = rate, .known = HN_FLOW_TIMES};
    f.in_if = be16(r + 12);
    f.out_if = be16(r + 14);
    f.packets = be32(r + 16);
    f.bytes = be32(r + 20);
    f.first = since_boot(head, be32(r + 24));
    f.last = since_boot(head, be32(r + 28));
    f.sport = be16(r + 32);
    f.dport = be16(r + 34);
    f.flags = r[37];
    f.proto = r[38];
    f.tos = r[39];
    f.src_as = be16(r + 40);
    f.dst_as = be16(r + 42);
    export_flow(e, &f);
}

void export_netflow5(struct hn_export *x, const struct hn_ip *from, hn_time received, struct hn_bytes b)
{
    bool seven = b.p[1] == 7;
    size_t size = seven ? RECORD7 : RECORD5;
    if (b.n < HEAD) {
        x->strange[HN_EXPORT_SHORT]++;
        return;
    }
    uint32_t count = be16(b.p + 2), sampling = seven ? 0 : be16(b.p + 22);
    struct export_one *e = export_find(x, from, seven ? 0 : be16(b.p + 20), b.p[1], received, b.n);
    if (!e)
        return;
    size_t there = (b.n - HEAD) / size;
    if (count > there)
        export_bad(e, HN_EXPORT_COUNT);
    else if (HEAD + count * size != b.n)
        export_bad(e, HN_EXPORT_LENGTH); /* more octets than records: the records are good */
    export_skew(e, received, be32(b.p + 8));
    export_sequence(e, be32(b.p + 16), count, true);
    if (sampling & 0x3fffu)
        e->default_rate = sampling & 0x3fffu;
    uint32_t rate = export_rate(e, false, 0);
    for (size_t i = 0; i < count && i < there; i++)
        read_record(e, b.p, b.p + HEAD + i * size, rate);
}
