/* pcapng (draft-ietf-opsawg-pcapng): sections of blocks.
 *
 *   block      type 4, total length 4, body, total length 4          (a multiple of four)
 *   section    0a0d0d0a │ byte order 1a2b3c4d, major 2, minor 2, section length 8, options
 *   interface  1 │ link type 2, 0 2, longest capture 4, options      (numbered from 0 within the section)
 *   packet     2 │ interface 2, drops 2, time 8, here 4, on the wire 4, octets      (obsolete)
 *   simple     3 │ on the wire 4, octets                             (interface 0, no time)
 *   enhanced   6 │ interface 4, time 8, here 4, on the wire 4, octets, options
 *   statistics 5 │ interface 4, time 8, options (5: lost by the interface, 7: lost by the system)
 *   option     code 2, length 2, value padded to 4                   (code 0 ends) */
#include "base/mem.h"
#include "format/packet/capture_in.h"

#define SECTION 0x0a0d0d0au
#define HEAD    12
/* Longer blocks that hold no packet are passed over by their first length alone, however the input is cut. */
#define CAPTURE_SKIP (64u << 10)

/* ---------------------------------------------------------------- time */

/* if_tsresol: 10^-n, or 2^-n with the highest bit. 0: finer than a 64-bit count a second can be. */
static uint64_t per_second(uint8_t resol)
{
    unsigned n = resol & 127;
    if (resol & 128)
        return n < 64 ? UINT64_C(1) << n : 0;
    uint64_t v = 1;
    if (n > 19)
        return 0;
    while (n--)
        v *= 10;
    return v;
}

static hn_time stamp(const struct capture_interface *f, uint32_t high, uint32_t low)
{
    uint64_t v = (uint64_t)high << 32 | low, sec, ns;
    if (f->per_sec == 1000000) { /* what nearly every file has */
        sec = v / 1000000;
        ns = v % 1000000 * 1000;
    } else if (f->per_sec == 0) {
        sec = ns = 0; /* less than a second in all */
    } else {
        sec = v / f->per_sec;
        ns = (uint64_t)((unsigned __int128)(v % f->per_sec) * 1000000000u / f->per_sec);
    }
    if (f->offset > INT64_C(9000000000) || f->offset < -INT64_C(9000000000) || sec > UINT64_C(9000000000))
        return 0; /* beyond what the time type holds */
    int64_t s = (int64_t)sec + f->offset;
    return s < 0 || s > INT64_C(9000000000) ? 0 : s * HN_SECOND + (int64_t)ns;
}

/* ---------------------------------------------------------------- blocks */

static void section(struct hn_capture *c, struct hn_cur *b)
{
    uint32_t order = hn_cur_be32(b);
    c->big = order == 0x1a2b3c4d; /* the step has checked that it is one of both */
    c->section = true;
    c->n_interfaces = 0;
}

static uint32_t u32(const struct hn_capture *c, struct hn_cur *b)
{
    return c->big ? hn_cur_be32(b) : hn_cur_le32(b);
}
static uint16_t u16(const struct hn_capture *c, struct hn_cur *b)
{
    return c->big ? hn_cur_be16(b) : hn_cur_le16(b);
}
static uint64_t u64(const struct hn_capture *c, struct hn_cur *b)
{
    return c->big ? hn_cur_be64(b) : hn_cur_le64(b);
}

/* The next option's value; false at the end. */
static bool option(const struct hn_capture *c, struct hn_cur *b, unsigned *ret_code, struct hn_cur *ret)
{
    if (hn_cur_left(b) < 4)
        return false;
    unsigned code = u16(c, b), n = u16(c, b);
    if (code == 0)
        return false;
    *ret_code = code;
    *ret = hn_cur_sub(b, n);
    hn_cur_skip(b, (4 - n % 4) % 4);
    return !hn_cur_bad(ret);
}

static void interface(struct hn_capture *c, struct hn_cur *b)
{
    if (c->n_interfaces == CAPTURE_INTERFACES_MAX) {
        capture_malformed(c, c->at, "too many interfaces");
        return;
    }
    if (!c->interfaces)
        c->interfaces = hn_alloc_zero(CAPTURE_INTERFACES_MAX * sizeof(*c->interfaces));
    if (!c->interfaces) {
        c->bad = "out of memory";
        return;
    }
    struct capture_interface f = {.tsresol = 6};
    f.link = u16(c, b);
    hn_cur_skip(b, 2);
    f.snap = u32(c, b);
    unsigned code;
    struct hn_cur v;
    if (hn_cur_bad(b)) {
        capture_malformed(c, c->at, "interface block cut short");
        return;
    }
    while (option(c, b, &code, &v)) {
        if (code == 9 && hn_cur_left(&v) == 1)
            f.tsresol = hn_cur_u8(&v);
        else if (code == 14 && hn_cur_left(&v) == 8)
            f.offset = (int64_t)u64(c, &v);
    }
    f.per_sec = per_second(f.tsresol);
    c->interfaces[c->n_interfaces++] = f;
}

/* Octets that are there, of the block's rest; the claim of the block must not reach beyond it. */
static void packet(struct hn_capture *c, struct hn_cur *b, size_t number, bool timed, uint32_t high, uint32_t low,
                   uint32_t cap, uint32_t wire)
{
    if (hn_cur_bad(b) || cap > hn_cur_left(b) || cap > HN_CAPTURE_PACKET_MAX) {
        capture_malformed(c, c->at, "packet block holds less than it says");
        return;
    }
    if (number >= c->n_interfaces) {
        capture_malformed(c, c->at, "packet of an interface that was not described");
        return;
    }
    const struct capture_interface *f = &c->interfaces[number];
    struct hn_capture_record r = {.time = timed ? stamp(f, high, low) : 0,
                                  .p = hn_cur_take(b, cap).p,
                                  .cap = cap,
                                  .wire = wire < cap ? cap : wire,
                                  .link = f->link,
                                  .interface = (uint16_t)number};
    capture_emit(c, &r);
}

static void enhanced(struct hn_capture *c, struct hn_cur *b)
{
    uint32_t number = u32(c, b), high = u32(c, b), low = u32(c, b), cap = u32(c, b), wire = u32(c, b);
    packet(c, b, number, true, high, low, cap, wire);
}

static void obsolete(struct hn_capture *c, struct hn_cur *b)
{
    uint16_t number = u16(c, b);
    hn_cur_skip(b, 2);
    uint32_t high = u32(c, b), low = u32(c, b), cap = u32(c, b), wire = u32(c, b);
    packet(c, b, number, true, high, low, cap, wire);
}

static void simple(struct hn_capture *c, struct hn_cur *b)
{
    uint32_t wire = u32(c, b), cap = wire;
    uint32_t snap = c->n_interfaces ? c->interfaces[0].snap : 0;
    if (snap && cap > snap)
        cap = snap;
    packet(c, b, 0, false, 0, 0, cap, wire);
}

/* The counters count from the start of the capture: the last of each interface stands. */
static void statistics(struct hn_capture *c, struct hn_cur *b)
{
    uint32_t number = u32(c, b);
    hn_cur_skip(b, 8);
    unsigned code;
    struct hn_cur v;
    uint64_t lost = 0;
    while (!hn_cur_bad(b) && option(c, b, &code, &v))
        if ((code == 5 || code == 7) && hn_cur_left(&v) == 8) {
            uint64_t n = u64(c, &v);
            lost = n > UINT64_MAX / 4 ? lost : lost + n;
        }
    c->stats.other_blocks++;
    if (number >= c->n_interfaces || lost < c->interfaces[number].dropped)
        return;
    c->stats.dropped += lost - c->interfaces[number].dropped;
    c->interfaces[number].dropped = lost;
}

static void block(struct hn_capture *c, uint32_t type, struct hn_cur *b)
{
    switch (type) {
    case SECTION:
        section(c, b);
        break;
    case 1:
        interface(c, b);
        break;
    case 2:
        obsolete(c, b);
        break;
    case 3:
        simple(c, b);
        break;
    case 5:
        statistics(c, b);
        break;
    case 6:
        enhanced(c, b);
        break;
    default:
        c->stats.other_blocks++;
        break;
    }
}

/* ---------------------------------------------------------------- steps */

struct head {
    uint32_t type, len;
    bool big;
};

/* Type and length at p (HEAD octets are there); false when they cannot be meant. A section header carries its own
 * order. */
static bool read_head(const struct hn_capture *c, const uint8_t *p, struct head *h)
{
    h->big = c->big;
    h->type = capture_32(p, h->big);
    if (capture_32(p, true) == SECTION) {
        uint32_t order = capture_32(p + 8, true);
        if (order != 0x1a2b3c4d && order != 0x4d3c2b1a)
            return false;
        h->big = order == 0x1a2b3c4d;
        h->type = SECTION;
    } else if (!c->section) {
        return false;
    }
    h->len = capture_32(p + 4, h->big);
    return h->len >= HEAD && h->len % 4 == 0;
}

static bool holds_packets(uint32_t type)
{
    return type == SECTION || (type >= 1 && type <= 6);
}

size_t capture_pcapng_step(struct hn_capture *c, struct hn_bytes b)
{
    struct head h;
    if (b.n < HEAD) {
        c->want = HEAD;
        return 0;
    }
    if (!read_head(c, b.p, &h) || (holds_packets(h.type) && h.len > CAPTURE_BLOCK_MAX)) {
        capture_damaged(c, c->at, "block does not begin as one");
        return 0;
    }
    if (!holds_packets(h.type) && h.len > CAPTURE_SKIP) { /* of no interest: need not be put together */
        size_t now = h.len < b.n ? h.len : b.n;
        c->stats.other_blocks++;
        c->skip = h.len - now;
        return now;
    }
    if (b.n < h.len) {
        c->want = h.len;
        return 0;
    }
    if (capture_32(b.p + h.len - 4, h.big) != h.len) {
        capture_damaged(c, c->at, "block does not end as it begins");
        return 0;
    }
    struct hn_cur body;
    hn_cur_init(&body, hn_bytes_of(b.p + 8, h.len - HEAD), 0);
    block(c, h.type, &body);
    return h.len;
}

/* A place is a block when type and length are credible and the length stands at its end again. */
size_t capture_pcapng_search(struct hn_capture *c, struct hn_bytes b)
{
    for (size_t off = 0; off < b.n; off++) {
        struct head h;
        if (b.n - off < HEAD) {
            c->want = HEAD;
            c->stats.skipped += c->final ? b.n : off;
            return c->final ? b.n : off;
        }
        if (!read_head(c, b.p + off, &h) || !holds_packets(h.type) || h.len > HN_CAPTURE_PACKET_MAX + 4096)
            continue;
        if (b.n - off < h.len) {
            if (c->final)
                continue;
            c->want = h.len;
            c->stats.skipped += off;
            return off;
        }
        if (capture_32(b.p + off + h.len - 4, h.big) != h.len)
            continue;
        c->lost = false;
        c->want = 0;
        c->stats.skipped += off;
        return off;
    }
    c->stats.skipped += b.n;
    return b.n;
}
