/* Capture files, pcap and pcapng alike (the first octets choose): whatever comes, in pieces of any size, with or
 * without parts that are walked in between, the same records are handed out, each within its piece, and what is not
 * handed out is told. */
#include "base/mem.h"
#include "format/packet/capture.h"
#include "fuzz.h"

struct sums {
    uint64_t n, octets, sum, bad, places;
};

static void each(void *arg, const struct hn_capture_record *r, size_t n)
{
    struct sums *s = arg;
    for (size_t i = 0; i < n; i++) {
        FUZZ_CHECK(r[i].cap <= r[i].wire && r[i].cap <= HN_CAPTURE_PACKET_MAX, "%u of %u", r[i].cap, r[i].wire);
        FUZZ_CHECK(r[i].time >= 0, "time %lld", (long long)r[i].time);
        s->n++;
        s->octets += r[i].cap;
        s->sum = s->sum * 31 + (uint64_t)r[i].time + r[i].link * 7u + r[i].wire;
        for (uint32_t k = 0; k < r[i].cap; k++)
            s->sum = s->sum * 31 + r[i].p[k];
    }
}

static void bad(void *arg, uint64_t offset, const char *why)
{
    struct sums *s = arg;
    FUZZ_CHECK(why && *why, "no reason");
    s->bad++;
    s->places = s->places * 31 + offset;
}

/* parts: most octets of one; 0: none */
static struct sums read_pieces(struct hn_bytes b, size_t step, size_t parts)
{
    struct sums s = {0};
    struct hn_capture_sink sink = {each, bad, &s};
    struct hn_capture *c = hn_capture_new(&sink, 1u << 20);
    if (!c)
        return s;
    for (size_t i = 0; i < b.n;) {
        struct hn_bytes piece = fuzz_copy(b.p + i, b.n - i < step ? b.n - i : step), part;
        hn_capture_feed(c, piece);
        i += piece.n;
        fuzz_free(piece);
        while (parts && (part = hn_capture_part(c, b, parts, 0, INT64_MAX)).n) {
            FUZZ_CHECK(part.p + part.n == b.p + hn_capture_stats(c)->octets, "a part is not what came next");
            part = fuzz_copy(part.p, part.n);
            hn_capture_walk(c, part, each, &s);
            fuzz_free(part);
            i = (size_t)hn_capture_stats(c)->octets;
        }
    }
    hn_capture_end(c);
    const struct hn_capture_stats *st = hn_capture_stats(c);
    FUZZ_CHECK(st->packets == s.n, "%llu counted, %llu given", (unsigned long long)st->packets,
               (unsigned long long)s.n);
    FUZZ_CHECK(st->damaged == s.bad, "%llu places", (unsigned long long)st->damaged);
    FUZZ_CHECK(s.octets <= st->octets && st->skipped <= st->octets, "more than there is");
    hn_capture_free(c);
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hn_bytes b = hn_bytes_of(data, size);
    struct sums one = read_pieces(b, size ? size : 1, 0), some = read_pieces(b, 37, 0), many = read_pieces(b, 1, 0),
                parts = read_pieces(b, 37, 100);
    FUZZ_CHECK(one.n == some.n && one.sum == some.sum && one.places == some.places, "whole %llu, by 37 %llu",
               (unsigned long long)one.n, (unsigned long long)some.n);
    FUZZ_CHECK(one.n == many.n && one.sum == many.sum && one.places == many.places, "whole %llu, one by one %llu",
               (unsigned long long)one.n, (unsigned long long)many.n);
    FUZZ_CHECK(one.n == parts.n && one.sum == parts.sum && one.places == parts.places, "whole %llu, in parts %llu",
               (unsigned long long)one.n, (unsigned long long)parts.n);
    return 0;
}
