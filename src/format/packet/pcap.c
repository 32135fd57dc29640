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

/* How records that leave no doubt are read. */
struct plainly {
    bool big;
    uint32_t frac_end, unit; /* of a second; nanoseconds in one */
    uint16_t link;
};

static struct plainly plainly(const struct hn_capture *c)
{
    return (struct plainly){c->big, c->nano ? 1000000000u : 1000000u, c->nano ? 1 : 1000, c->link};
}

/* One at the begin of b, which has room for its header. */
static inline bool plain_record(const struct plainly *how, const uint8_t *p, size_t n, struct hn_capture_record *r)
{
    uint32_t sec = capture_32(p, how->big), frac = capture_32(p + 4, how->big), cap = capture_32(p + 8, how->big),
             wire = capture_32(p + 12, how->big);
    *r = (struct hn_capture_record){.time = (hn_time)sec * HN_SECOND + (hn_time)frac * how->unit,
                                    .p = p + 16,
                                    .cap = cap,
                                    .wire = wire,
                                    .link = how->link};
    return cap <= HN_CAPTURE_PACKET_MAX && cap <= wire && frac < how->frac_end && cap <= n - 16;
}

/* Such records, one after the other: nearly all of a file. Octets used; what comes then is for careful(). */
static size_t plain(struct hn_capture *c, struct hn_bytes b)
{
    const struct plainly how = plainly(c);
    size_t off = 0;
    if (c->modified || c->minor < 4)
        return 0;
    while (b.n - off >= 16 && plain_record(&how, b.p + off, b.n - off, &c->batch[c->n])) {
        c->last = c->batch[c->n].time;
        off += 16 + c->batch[c->n].cap;
        if (++c->n == HN_CAPTURE_BATCH)
            hn_capture_flush(c);
    }
    return off;
}

/* ---------------------------------------------------------------- parts */

struct hn_bytes hn_capture_part(struct hn_capture *c, struct hn_bytes whole, size_t most, hn_time from, hn_time to)
{
    if (!c->started || c->unpack || c->kind != HN_CAPTURE_PCAP || c->bad || c->lost || c->skip || c->modified ||
        c->minor < 4 || c->at > whole.n)
        return (struct hn_bytes){0};
    const struct plainly how = plainly(c);
    struct hn_bytes b = hn_bytes_of(whole.p + c->at, whole.n - (size_t)c->at);
    struct hn_capture_record r;
    size_t off = 0;
    uint64_t n = 0;
    for (; off < most && b.n - off >= 16 && plain_record(&how, b.p + off, b.n - off, &r); off += 16 + r.cap, n++) {
        if (r.time < from || r.time >= to)
            break;
        c->last = r.time;
    }
    if (!n)
        return (struct hn_bytes){0};
    hn_buf_drop(&c->carry, c->carry.n); /* its octets are the first of the part */
    c->at += off;
    c->stats.octets = c->at;
    c->stats.packets += n;
    return hn_bytes_of(b.p, off);
}

#define WALKED 1024 /* records handed out at once */

void hn_capture_walk(const struct hn_capture *c, struct hn_bytes part,
                     void (*each)(void *arg, const struct hn_capture_record *r, size_t n), void *arg)
{
    const struct plainly how = plainly(c);
    struct hn_capture_record batch[WALKED];
    size_t n = 0;
    for (size_t off = 0; part.n - off >= 16 && plain_record(&how, part.p + off, part.n - off, &batch[n]);) {
        off += 16 + batch[n].cap;
        if (++n == WALKED) {
            each(arg, batch, n);
            n = 0;
        }
    }
    if (n)
        each(arg, batch, n);
}

/* ---------------------------------------------------------------- what is in doubt */

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
