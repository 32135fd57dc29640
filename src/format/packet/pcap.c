/* pcap (draft-ietf-opsawg-pcap):
 *
 *   file    magic 4, major 2, minor 2, 0 4, 0 4, longest capture 4, link type 2 (upper half: length of the FCS) 4
 *   record  seconds 4, micro- or nanoseconds 4, octets here 4, octets on the wire 4, octets
 *
 * Magic a1b2c3d4 microseconds, a1b23c4d nanoseconds, a1b2cd34 an old variant with 8 more octets in each record header;
 * in the order of the machine that wrote it. Before version 2.3 the two lengths stood the other way round; in 2.3
 * either. */
#include "format/packet/capture_in.h"

#define HEAD       24
#define WIRE_MAX   (16u << 20) /* beyond this a length on the wire is not credible when searching */
#define CHAIN      3           /* records that must follow a place found by searching */
#define TIME_DRIFT (HN_DAY)    /* how far such a record may lie from the last good one */

size_t capture_pcap_header(struct hn_capture *c, struct hn_bytes b)
{
    if (b.n < HEAD) {
        c->want = HEAD;
        return 0;
    }
    uint32_t magic = capture_32(b.p, true);
    c->big = magic == 0xa1b2c3d4 || magic == 0xa1b23c4d || magic == 0xa1b2cd34;
    magic = capture_32(b.p, c->big);
    c->nano = magic == 0xa1b23c4d;
    c->modified = magic == 0xa1b2cd34;
    c->minor = capture_16(b.p + 4, c->big) == 2 ? capture_16(b.p + 6, c->big) : 4;
    c->snap = capture_32(b.p + 16, c->big);
    c->link = (uint16_t)capture_32(b.p + 20, c->big);
    return HEAD;
}

struct head {
    uint32_t sec, frac, cap, wire;
    size_t len; /* of the record header */
};

static struct head read_head(const struct hn_capture *c, const uint8_t *p)
{
    struct head h = {.sec = capture_32(p, c->big),
                     .frac = capture_32(p + 4, c->big),
                     .cap = capture_32(p + 8, c->big),
                     .wire = capture_32(p + 12, c->big),
                     .len = c->modified ? 24 : 16};
    if (c->minor < 3 || (c->minor == 3 && h.cap > h.wire)) {
        uint32_t cap = h.wire;
        h.wire = h.cap;
        h.cap = cap;
    }
    return h;
}

static hn_time head_time(const struct hn_capture *c, const struct head *h)
{
    return (hn_time)h->sec * HN_SECOND + (hn_time)h->frac * (c->nano ? 1 : 1000);
}

/* Could a record begin here? */
static bool credible(const struct hn_capture *c, const struct head *h)
{
    uint32_t most = c->snap && c->snap < HN_CAPTURE_PACKET_MAX ? c->snap : HN_CAPTURE_PACKET_MAX;
    if (h->cap == 0 || h->cap > most || h->cap > h->wire || h->wire > WIRE_MAX)
        return false;
    if (h->frac >= (c->nano ? 1000000000u : 1000000u))
        return false;
    hn_time t = head_time(c, h);
    return !c->last || (t > c->last - TIME_DRIFT && t < c->last + TIME_DRIFT);
}

/* A header that is odd, but might be meant (some writers are careless), is believed when the next one reads well, or
 * the file ends behind it. 1: not believed, 0: believed, -1: more octets are needed to tell. */
static int odd_and_alone(struct hn_capture *c, const struct head *h, struct hn_bytes b)
{
    if (h->frac < (c->nano ? 1000000000u : 1000000u) && h->cap <= h->wire)
        return 0;
    size_t next = h->len + h->cap;
    if (b.n < next + h->len) {
        c->want = next + h->len;
        return c->final ? b.n != next : -1;
    }
    struct head n = read_head(c, b.p + next);
    return !credible(c, &n);
}

static size_t careful(struct hn_capture *c, struct hn_bytes b)
{
    size_t len = c->modified ? 24 : 16;
    if (b.n < len) {
        c->want = len;
        return 0;
    }
    struct head h = read_head(c, b.p);
    if (__builtin_expect(h.cap > HN_CAPTURE_PACKET_MAX, 0)) {
        capture_damaged(c, c->at, "length of a record is not credible");
        return 0;
    }
    if (b.n - len < h.cap) {
        c->want = len + h.cap;
        return 0;
    }
    int odd = odd_and_alone(c, &h, b);
    if (__builtin_expect(odd != 0, 0)) {
        if (odd > 0)
            capture_damaged(c, c->at, "header of a record is not credible");
        return 0;
    }
    c->last = head_time(c, &h);
    struct hn_capture_record r = {
        .time = c->last, .p = b.p + len, .cap = h.cap, .wire = h.wire < h.cap ? h.cap : h.wire, .link = c->link};
    capture_emit(c, &r);
    return len + h.cap;
}

/* Records that leave no doubt, one after the other: nearly all of a file. Octets used; what comes then is for
 * careful(). */
static size_t plain(struct hn_capture *c, struct hn_bytes b)
{
    const bool big = c->big;
    const uint32_t frac_end = c->nano ? 1000000000u : 1000000u, unit = c->nano ? 1 : 1000;
    size_t off = 0;
    if (c->modified || c->minor < 4)
        return 0;
    while (b.n - off >= 16) {
        const uint8_t *p = b.p + off;
        uint32_t sec = capture_32(p, big), frac = capture_32(p + 4, big), cap = capture_32(p + 8, big),
                 wire = capture_32(p + 12, big);
        if (cap > HN_CAPTURE_PACKET_MAX || cap > wire || frac >= frac_end || cap > b.n - off - 16)
            break;
        c->last = (hn_time)sec * HN_SECOND + (hn_time)frac * unit;
        struct hn_capture_record *r = &c->batch[c->n++];
        *r = (struct hn_capture_record){.time = c->last, .p = p + 16, .cap = cap, .wire = wire, .link = c->link};
        off += 16 + cap;
        if (c->n == HN_CAPTURE_BATCH)
            hn_capture_flush(c);
    }
    return off;
}

size_t capture_pcap_step(struct hn_capture *c, struct hn_bytes b)
{
    size_t used = plain(c, b);
    return used ? used : careful(c, b);
}

/* 1: a chain of credible records begins here, 0: none, -1: more octets are needed to tell. */
static int chain(struct hn_capture *c, struct hn_bytes b)
{
    size_t off = 0, len = c->modified ? 24 : 16;
    for (unsigned i = 0; i < CHAIN; i++) {
        if (b.n - off == 0 && c->final)
            return i > 0; /* ends with the file */
        if (b.n - off < len) {
            c->want = off + len;
            return c->final ? 0 : -1;
        }
        struct head h = read_head(c, b.p + off);
        if (!credible(c, &h))
            return 0;
        if (b.n - off - len < h.cap) {
            c->want = off + len + h.cap;
            return c->final ? 0 : -1;
        }
        off += len + h.cap;
    }
    return 1;
}

size_t capture_pcap_search(struct hn_capture *c, struct hn_bytes b)
{
    for (size_t off = 0; off < b.n; off++) {
        int found = chain(c, hn_bytes_of(b.p + off, b.n - off));
        if (found > 0) {
            c->lost = false;
            c->stats.skipped += off;
            return off;
        }
        if (found < 0) { /* keep what is needed to tell */
            c->stats.skipped += off;
            return off;
        }
    }
    c->stats.skipped += b.n;
    return b.n;
}
