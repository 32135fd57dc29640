#include "format/packet/capture_in.h"

#include "base/mem.h"

#define SEARCH_PIECE (64u << 10)

/* ---------------------------------------------------------------- out */

void hn_capture_flush(struct hn_capture *c)
{
    if (c->n)
        c->sink.each(c->sink.arg, c->batch, c->n);
    c->stats.packets += c->n;
    c->n = 0;
}

void capture_emit(struct hn_capture *c, const struct hn_capture_record *r)
{
    c->batch[c->n++] = *r;
    if (c->n == HN_CAPTURE_BATCH)
        hn_capture_flush(c);
}

void capture_malformed(struct hn_capture *c, uint64_t offset, const char *why)
{
    c->stats.damaged++;
    if (c->sink.bad)
        c->sink.bad(c->sink.arg, offset, why);
}

void capture_damaged(struct hn_capture *c, uint64_t offset, const char *why)
{
    capture_malformed(c, offset, why);
    c->lost = true;
    c->lost_at = offset;
    c->want = 0;
}

/* ---------------------------------------------------------------- steps */

static enum hn_capture_kind kind_of(struct hn_bytes b)
{
    static const uint32_t pcap[] = {0xa1b2c3d4, 0xa1b23c4d, 0xa1b2cd34};
    if (b.n < 4)
        return HN_CAPTURE_UNKNOWN;
    uint32_t magic = capture_32(b.p, true);
    for (size_t i = 0; i < sizeof(pcap) / sizeof(pcap[0]); i++)
        if (magic == pcap[i] || magic == __builtin_bswap32(pcap[i]))
            return HN_CAPTURE_PCAP;
    return magic == 0x0a0d0d0a ? HN_CAPTURE_PCAPNG : HN_CAPTURE_UNKNOWN;
}

static size_t begin(struct hn_capture *c, struct hn_bytes b)
{
    if (b.n < 4) {
        c->want = 4;
        return 0;
    }
    enum hn_capture_kind kind = kind_of(b);
    if (kind == HN_CAPTURE_UNKNOWN) {
        c->bad = "not a capture (pcap or pcapng)";
        return 0;
    }
    size_t used = kind == HN_CAPTURE_PCAP ? capture_pcap_header(c, b) : 0;
    if (used || kind == HN_CAPTURE_PCAPNG)
        c->kind = kind;
    return used;
}

/* One step of whatever comes next; octets used. */
static size_t step(struct hn_capture *c, struct hn_bytes b)
{
    if (c->kind == HN_CAPTURE_UNKNOWN)
        return begin(c, b);
    if (c->kind == HN_CAPTURE_PCAP)
        return c->lost ? capture_pcap_search(c, b) : capture_pcap_step(c, b);
    return c->lost ? capture_pcapng_search(c, b) : capture_pcapng_step(c, b);
}

/* Steps through b as far as it goes; octets used. Afterwards c->want is how much the rest needs (0: nothing is left).
 */
static size_t run(struct hn_capture *c, struct hn_bytes b)
{
    size_t off = 0;
    while (!c->bad) {
        if (c->skip) {
            size_t n = c->skip < b.n - off ? (size_t)c->skip : b.n - off;
            c->skip -= n;
            c->at += n;
            off += n;
        }
        enum hn_capture_kind kind = c->kind;
        bool lost = c->lost;
        c->want = 0;
        if (off == b.n)
            break;
        size_t used = step(c, hn_bytes_of(b.p + off, b.n - off));
        off += used;
        c->at += used;
        if (!used && c->kind == kind && c->lost == lost)
            break; /* neither moved nor changed its mind: more octets are needed */
    }
    return off;
}

/* The records of the batch may lie in the carry or in a piece: they go out before either goes away. */
static struct hn_bytes finish_carry(struct hn_capture *c, struct hn_bytes b)
{
    while (c->carry.n && b.n && !c->bad) {
        size_t need = c->want > c->carry.n ? c->want - c->carry.n : 1;
        if (c->lost && need < SEARCH_PIECE) /* or every octet searched would move the whole carry */
            need = SEARCH_PIECE;
        size_t n = need < b.n ? need : b.n;
        hn_buf_add(&c->carry, b.p, n);
        if (c->carry.bad) {
            c->bad = "out of memory";
            break;
        }
        b.p += n;
        b.n -= n;
        if (c->carry.n < c->want)
            break;
        size_t used = run(c, hn_bytes_of(c->carry.p, c->carry.n));
        hn_capture_flush(c);
        hn_buf_drop(&c->carry, used);
    }
    return b;
}

static void take(struct hn_capture *c, struct hn_bytes b)
{
    c->stats.octets += b.n;
    b = finish_carry(c, b);
    if (c->bad || !b.n)
        return;
    size_t used = run(c, b);
    hn_capture_flush(c);
    if (!c->bad && used < b.n) {
        hn_buf_add(&c->carry, b.p + used, b.n - used);
        if (c->carry.bad)
            c->bad = "out of memory";
    }
}

/* ---------------------------------------------------------------- in */

bool hn_capture_begins(struct hn_bytes b)
{
    return kind_of(b) != HN_CAPTURE_UNKNOWN || hn_pack_of(b) != HN_PACK_PLAIN;
}

static void unpacked(void *arg, struct hn_bytes b)
{
    take(arg, b);
}

struct hn_capture *hn_capture_new(const struct hn_capture_sink *sink, uint64_t max_unpacked)
{
    struct hn_capture *c = hn_alloc_zero(sizeof(*c));
    if (!c)
        return NULL;
    c->sink = *sink;
    c->max_unpacked = max_unpacked;
    c->batch = hn_alloc(HN_CAPTURE_BATCH * sizeof(*c->batch));
    if (!c->batch) {
        hn_free(c);
        return NULL;
    }
    hn_buf_init(&c->carry, CAPTURE_BLOCK_MAX + (1u << 20));
    return c;
}

void hn_capture_free(struct hn_capture *c)
{
    if (!c)
        return;
    hn_unpack_free(c->unpack);
    hn_buf_done(&c->carry);
    hn_free(c->interfaces);
    hn_free(c->batch);
    hn_free(c);
}

/* The first six octets tell whether it is packed; they may come one by one. */
static struct hn_bytes start(struct hn_capture *c, struct hn_bytes b, bool last)
{
    enum hn_pack kind = HN_PACK_PLAIN;
    if (c->carry.n) {
        hn_buf_add(&c->carry, b.p, b.n);
        b = hn_bytes_of(c->carry.p, c->carry.n);
    }
    if (b.n < 6 && !last) {
        if (!c->carry.n)
            hn_buf_add(&c->carry, b.p, b.n);
        return (struct hn_bytes){0};
    }
    c->started = true;
    kind = hn_pack_of(b);
    if (kind != HN_PACK_PLAIN) {
        c->unpack = hn_unpack_new(kind, c->max_unpacked, unpacked, c);
        if (!c->unpack)
            c->bad = "out of memory";
    }
    return b;
}

static void put(struct hn_capture *c, struct hn_bytes b)
{
    const char *why = c->unpack ? hn_unpack_feed(c->unpack, b) : NULL;
    if (!c->unpack)
        take(c, b);
    if (why && !c->bad)
        c->bad = why;
}

static void begin_with(struct hn_capture *c, struct hn_bytes b, bool last)
{
    b = start(c, b, last);
    if (!c->started || c->bad)
        return;
    struct hn_buf head = c->carry; /* b may lie in it, and the carry is needed anew */
    hn_buf_init(&c->carry, CAPTURE_BLOCK_MAX + (1u << 20));
    put(c, b);
    hn_buf_done(&head);
}

const char *hn_capture_feed(struct hn_capture *c, struct hn_bytes b)
{
    if (c->bad || !b.n)
        return c->bad;
    if (c->started)
        put(c, b);
    else
        begin_with(c, b, false);
    return c->bad;
}

const char *hn_capture_end(struct hn_capture *c)
{
    const char *why = NULL;
    if (!c->bad && !c->started)
        begin_with(c, (struct hn_bytes){0}, true);
    if (!c->bad && c->unpack)
        why = hn_unpack_end(c->unpack);
    c->final = true;
    if (c->bad || why) /* what was read so far stands */
        return c->bad ? c->bad : why;
    if (c->carry.n) {
        size_t used = run(c, hn_bytes_of(c->carry.p, c->carry.n));
        hn_capture_flush(c);
        if (used < c->carry.n && !c->bad) {
            capture_malformed(c, c->at, "the file ends within a record");
            c->stats.skipped += c->carry.n - used;
            why = "the file ends within a record";
        }
    } else if (c->skip) {
        why = "the file ends within a block";
    }
    if (c->kind == HN_CAPTURE_UNKNOWN && !c->bad)
        c->bad = "not a capture (pcap or pcapng)";
    return c->bad ? c->bad : why;
}

const struct hn_capture_stats *hn_capture_stats(const struct hn_capture *c)
{
    return &c->stats;
}

enum hn_capture_kind hn_capture_kind(const struct hn_capture *c)
{
    return c->kind;
}
