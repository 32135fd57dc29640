/* nfdump's files. Numbers are the writing machine's, which for all of today's is little endian.
 *
 *   layout 1: magic 0xa50c, version 1, flags u32, blocks u32, name 128 | statistics 136 | blocks …
 *             flags: 1 LZO, 8 bzip2, 16 LZ4
 *   layout 2: magic, version 2, program u32, created i64, packing u8 (0 none, 1 LZO, 2 bzip2, 3 LZ4, 4 ZSTD),
 *             encryption u8, appendix blocks u16, creator u32, appendix offset i64, block size u32, blocks u32
 *   block:    records u32, octets u32, type u16 (2 flow records of layout 1, 3 of layout 2), flags u16 (2: not packed)
 *   record:   type u16, octets u16, …   layout 1: 1 and 10 flows; layout 2: 11 flow */
#include "format/flow/nfdump.h"

#include <lz4.h>
#include <zstd.h>

#include "base/cur.h"
#include "base/mem.h"
#include "format/bzip2.h"
#include "format/flow/lzo.h"

#define MAGIC     0xa50cu
#define BLOCK_MAX (64u << 20)

enum packing { PLAIN, LZO, LZ4, ZSTD_PACKED, BZIP2, STRANGE };

struct reader {
    void (*flow)(void *arg, const struct hn_flow *f);
    void *arg;
    struct hn_nfdump_stats *stats;
    uint64_t left;   /* octets that may still be unpacked */
    const char *why; /* it goes no further */
};

bool hn_nfdump_begins(struct hn_bytes b)
{
    return b.n >= 40 && b.p[0] == (MAGIC & 0xffu) && b.p[1] == MAGIC >> 8 && (b.p[2] == 1 || b.p[2] == 2) &&
           b.p[3] == 0;
}

/* Addresses lie as numbers of the machine. */
static struct hn_ip read_ip4(struct hn_cur *c)
{
    uint32_t v = hn_cur_le32(c);
    return hn_ip4((uint8_t[]){(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v});
}

static struct hn_ip read_ip6(struct hn_cur *c)
{
    uint8_t b[16];
    for (unsigned half = 0; half < 2; half++) {
        uint64_t v = hn_cur_le64(c);
        for (unsigned i = 0; i < 8; i++)
            b[8 * half + i] = (uint8_t)(v >> (56 - 8 * i));
    }
    return hn_ip6(b);
}

static void give(struct reader *r, struct hn_flow *f, const struct hn_cur *c)
{
    if (hn_cur_bad(c)) {
        r->stats->bad++;
        return;
    }
    if (f->last < f->first)
        f->last = f->first;
    f->known |= HN_FLOW_TIMES;
    r->stats->flows++;
    r->flow(r->arg, f);
}

/* flags: 1 IPv6, 2 packets in 64 bits, 4 octets in 64 bits */
static void read_flow1(struct reader *r, struct hn_cur *c, unsigned type)
{
    struct hn_flow f = {.known = 0};
    unsigned flags = hn_cur_u8(c);
    hn_cur_skip(c, 3); /* rest of the flags or exporter; extension map */
    unsigned ms_first = hn_cur_le16(c), ms_last = hn_cur_le16(c);
    f.first = (hn_time)hn_cur_le32(c) * HN_SECOND + (hn_time)ms_first * 1000000;
    f.last = (hn_time)hn_cur_le32(c) * HN_SECOND + (hn_time)ms_last * 1000000;
    hn_cur_skip(c, 1);
    f.flags = hn_cur_u8(c);
    f.proto = hn_cur_u8(c);
    f.tos = hn_cur_u8(c);
    f.sport = hn_cur_le16(c);
    f.dport = hn_cur_le16(c);
    if (type == 10)
        hn_cur_skip(c, 4);
    f.src = flags & 1 ? read_ip6(c) : read_ip4(c);
    f.dst = flags & 1 ? read_ip6(c) : read_ip4(c);
    f.packets = flags & 2 ? hn_cur_le64(c) : hn_cur_le32(c);
    f.bytes = flags & 4 ? hn_cur_le64(c) : hn_cur_le32(c);
    give(r, &f, c);
}

/* Milliseconds since 1970; what no clock shows is unknown. */
static hn_time read_ms(struct hn_cur *c)
{
    uint64_t ms = hn_cur_le64(c);
    return ms < (uint64_t)INT64_MAX / 4000000 ? (hn_time)ms * 1000000 : 0;
}

static void read_generic(struct hn_cur *c, struct hn_flow *f)
{
    f->first = read_ms(c);
    f->last = read_ms(c);
    hn_cur_skip(c, 8); /* received */
    f->packets = hn_cur_le64(c);
    f->bytes = hn_cur_le64(c);
    f->sport = hn_cur_le16(c);
    f->dport = hn_cur_le16(c);
    f->proto = hn_cur_u8(c);
    f->flags = hn_cur_u8(c);
    hn_cur_skip(c, 1);
    f->tos = hn_cur_u8(c);
}

static void read_element(unsigned type, struct hn_cur *c, struct hn_flow *f)
{
    switch (type) {
    case 1:
        read_generic(c, f);
        break;
    case 2:
        f->src = read_ip4(c);
        f->dst = read_ip4(c);
        break;
    case 3:
        f->src = read_ip6(c);
        f->dst = read_ip6(c);
        break;
    case 4:
        f->in_if = hn_cur_le32(c);
        f->out_if = hn_cur_le32(c);
        break;
    case 5:
        hn_cur_skip(c, 8);
        f->packets_back = hn_cur_le64(c);
        f->bytes_back = hn_cur_le64(c);
        f->known |= HN_FLOW_BACK;
        break;
    case 6:
        f->vlan = (uint16_t)hn_cur_le32(c);
        break;
    case 7:
        f->src_as = hn_cur_le32(c);
        f->dst_as = hn_cur_le32(c);
        break;
    default:
        break;
    }
}

static void read_flow2(struct reader *r, struct hn_cur *c)
{
    struct hn_flow f = {.known = 0};
    unsigned n = hn_cur_le16(c);
    hn_cur_skip(c, 6); /* engine, exporter, flags, version */
    for (unsigned i = 0; i < n && hn_cur_work(c); i++) {
        unsigned type = hn_cur_le16(c), length = hn_cur_le16(c);
        if (length < 4) {
            hn_cur_fail(c, "element without length");
            break;
        }
        struct hn_cur e = hn_cur_sub(c, length - 4);
        read_element(type, &e, &f);
        if (hn_cur_bad(&e))
            hn_cur_fail(c, "element cut short");
    }
    give(r, &f, c);
}

static void read_records(struct reader *r, struct hn_bytes b)
{
    struct hn_cur c;
    hn_cur_init(&c, b, b.n + 1);
    while (hn_cur_left(&c) >= 4 && hn_cur_work(&c)) {
        unsigned type = hn_cur_le16(&c), length = hn_cur_le16(&c);
        if (length < 4 || length - 4u > hn_cur_left(&c)) {
            r->stats->bad++;
            return;
        }
        struct hn_cur rec = hn_cur_sub(&c, length - 4);
        if (type == 1 || type == 10)
            read_flow1(r, &rec, type);
        else if (type == 11)
            read_flow2(r, &rec);
        else
            r->stats->other++;
    }
}

/* Octets, or below 0: damaged. */
static ptrdiff_t unpack(struct hn_bytes b, enum packing p, uint8_t *room)
{
    if (p == LZO)
        return hn_lzo_unpack(b, room, BLOCK_MAX);
    if (p == BZIP2)
        return hn_bzip2_unpack(b, room, BLOCK_MAX);
    if (p == LZ4)
        return LZ4_decompress_safe((const char *)b.p, (char *)room, (int)b.n, (int)BLOCK_MAX);
    size_t got = ZSTD_decompress(room, BLOCK_MAX, b.p, b.n);
    return ZSTD_isError(got) ? -1 : (ptrdiff_t)got;
}

static void read_packed(struct reader *r, struct hn_bytes b, enum packing p, uint8_t *room)
{
    ptrdiff_t n = unpack(b, p, room);
    uint64_t done = n < 0 ? BLOCK_MAX : (uint64_t)n; /* how far a damaged one came is not known */
    r->stats->bad += n < 0;
    if (done > r->left)
        r->why = "decompresses to more than the limit";
    else if (n > 0)
        read_records(r, hn_bytes_of(room, (size_t)n));
    r->left -= done < r->left ? done : r->left;
}

static void read_blocks(struct reader *r, struct hn_cur *c, enum packing p, uint32_t blocks)
{
    if (p == BZIP2 && !hn_bzip2_load())
        p = STRANGE;
    uint8_t *room = p == PLAIN || p == STRANGE ? NULL : hn_alloc(BLOCK_MAX);
    for (uint32_t i = 0; i < blocks && !r->why && hn_cur_left(c) >= 12 && hn_cur_work(c); i++) {
        hn_cur_skip(c, 4);
        uint32_t n = hn_cur_le32(c);
        unsigned type = hn_cur_le16(c), flags = hn_cur_le16(c);
        if (n > hn_cur_left(c)) {
            r->stats->bad++; /* cut short: what is there of a plain block is good */
            n = (uint32_t)hn_cur_left(c);
        }
        struct hn_bytes b = hn_cur_take(c, n);
        r->stats->blocks++;
        if (type != 2 && type != 3)
            r->stats->other++;
        else if (p == PLAIN || (type == 3 && flags & 2u))
            read_records(r, b);
        else if (p == STRANGE || !room)
            r->stats->skipped++;
        else
            read_packed(r, b, p, room);
    }
    hn_free(room);
}

const char *hn_nfdump_read(struct hn_bytes b, uint64_t max_out, void (*flow)(void *arg, const struct hn_flow *f),
                           void *arg, struct hn_nfdump_stats *ret)
{
    struct reader r = {flow, arg, ret, max_out, NULL};
    struct hn_cur c;
    *ret = (struct hn_nfdump_stats){0};
    if (!hn_nfdump_begins(b))
        return "not a file of nfdump";
    hn_cur_init(&c, b, b.n + 1);
    hn_cur_skip(&c, 4);
    if (b.p[2] == 1) {
        uint32_t flags = hn_cur_le32(&c), blocks = hn_cur_le32(&c);
        enum packing p = flags & 16u ? LZ4 : flags & 8u ? BZIP2 : flags & 1u ? LZO : PLAIN;
        hn_cur_skip(&c, 128 + 136);
        read_blocks(&r, &c, p, blocks);
    } else {
        hn_cur_skip(&c, 12);
        unsigned packing = hn_cur_u8(&c), encrypted = hn_cur_u8(&c);
        hn_cur_skip(&c, 18);
        uint32_t blocks = hn_cur_le32(&c);
        static const enum packing packings[] = {PLAIN, LZO, BZIP2, LZ4, ZSTD_PACKED};
        enum packing p = packing < 5 ? packings[packing] : STRANGE;
        if (encrypted)
            return "the file is encrypted";
        read_blocks(&r, &c, p, blocks);
    }
    return r.why;
}
