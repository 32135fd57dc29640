#include "hn_test.h"

#include <fcntl.h>
#include <unistd.h>
#include <zstd.h>

#include "base/buf.h"
#include "format/packet/live.h"

/* ---------------------------------------------------------------- writing */

struct writer {
    struct hn_buf b;
    bool big;
};

static void put(struct writer *w, uint64_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        hn_buf_chr(&w->b, (char)(v >> 8 * (w->big ? n - 1 - i : i)));
}

static void pcap_head(struct writer *w, uint32_t magic, unsigned link)
{
    put(w, magic, 4);
    put(w, 2, 2);
    put(w, 4, 2);
    put(w, 0, 8);
    put(w, 65535, 4);
    put(w, link, 4);
}

/* A record of n octets, each with the value n. */
static void pcap_record(struct writer *w, uint32_t sec, uint32_t frac, unsigned n, unsigned wire)
{
    put(w, sec, 4);
    put(w, frac, 4);
    put(w, n, 4);
    put(w, wire, 4);
    for (unsigned i = 0; i < n; i++)
        put(w, n, 1);
}

static void section(struct writer *w)
{
    put(w, 0x0a0d0d0a, 4);
    put(w, 28, 4);
    put(w, 0x1a2b3c4d, 4);
    put(w, 1, 2);
    put(w, 0, 2);
    put(w, UINT64_MAX, 8);
    put(w, 28, 4);
}

static void interface(struct writer *w, unsigned link, int resol, int64_t offset)
{
    unsigned n = 20 + (resol >= 0 ? 8 + 12 + 4 : 0);
    put(w, 1, 4);
    put(w, n, 4);
    put(w, link, 2);
    put(w, 0, 2);
    put(w, 0, 4);
    if (resol >= 0) {
        put(w, 9, 2);
        put(w, 1, 2);
        put(w, (unsigned)resol, 1);
        put(w, 0, 3);
        put(w, 14, 2);
        put(w, 8, 2);
        put(w, (uint64_t)offset, 8);
        put(w, 0, 4);
    }
    put(w, n, 4);
}

static void enhanced(struct writer *w, unsigned number, uint64_t t, unsigned n)
{
    unsigned padded = (n + 3) / 4 * 4, len = 32 + padded;
    put(w, 6, 4);
    put(w, len, 4);
    put(w, number, 4);
    put(w, t >> 32, 4);
    put(w, t & UINT32_MAX, 4);
    put(w, n, 4);
    put(w, n + 1, 4);
    for (unsigned i = 0; i < padded; i++)
        put(w, n, 1);
    put(w, len, 4);
}

/* ---------------------------------------------------------------- reading */

struct seen {
    uint64_t n, octets, wrong, bad, bad_at, parts;
    hn_time first, last;
    unsigned link, interface;
    const char *why, *end;
    struct hn_capture_stats stats;
};

static void each(void *arg, const struct hn_capture_record *r, size_t n)
{
    struct seen *s = arg;
    for (size_t i = 0; i < n; i++) {
        for (uint32_t k = 0; k < r[i].cap; k++)
            s->wrong += r[i].p[k] != (uint8_t)r[i].cap;
        if (!s->n++)
            s->first = r[i].time;
        s->last = r[i].time;
        s->octets += r[i].cap;
        s->link = r[i].link;
        s->interface = r[i].interface;
    }
}

static void bad(void *arg, uint64_t offset, const char *why)
{
    struct seen *s = arg;
    if (!s->bad++) {
        s->bad_at = offset;
        s->why = why;
    }
}

/* Pieces are exact copies, so that a record which outlives its piece is seen by the sanitizer. */
static struct seen read_all(struct hn_str text, size_t step)
{
    struct seen s = {0};
    struct hn_capture_sink sink = {each, bad, &s};
    struct hn_capture *c = hn_capture_new(&sink, 1u << 26);
    const char *why = NULL;
    for (size_t i = 0; c && i < text.n && !why; i += step) {
        size_t n = text.n - i < step ? text.n - i : step;
        uint8_t *copy = hn_alloc(n);
        if (!copy)
            break;
        memcpy(copy, text.p + i, n);
        why = hn_capture_feed(c, hn_bytes_of(copy, n));
        hn_free(copy);
    }
    if (c) {
        s.end = hn_capture_end(c);
        s.stats = *hn_capture_stats(c);
    }
    hn_capture_free(c);
    return s;
}

static const size_t steps[] = {1u << 20, 4097, 100, 7, 1};
#define STEPS (sizeof(steps) / sizeof(steps[0]))

/* ---------------------------------------------------------------- pcap */

TEST(pcap_of_either_order_and_clock_in_pieces_of_any_size)
{
    for (unsigned k = 0; k < 4; k++)
        for (size_t i = 0; i < STEPS; i++) {
            struct writer w = {.big = k & 1};
            bool nano = k & 2;
            hn_buf_init(&w.b, 1u << 20);
            pcap_head(&w, nano ? 0xa1b23c4d : 0xa1b2c3d4, 1);
            for (unsigned r = 0; r < 300; r++)
                pcap_record(&w, 1000 + r, 5, r % 97, r % 97 + 1);
            struct seen s = read_all(hn_buf_text(&w.b), steps[i]);
            hn_buf_done(&w.b);
            CHECK_UINT(s.n, 300);
            CHECK_UINT(s.wrong + s.bad, 0);
            CHECK_INT(s.first, 1000 * HN_SECOND + (nano ? 5 : 5000));
            CHECK_INT(s.last, 1299 * HN_SECOND + (nano ? 5 : 5000));
            CHECK(s.end == NULL);
            CHECK_UINT(s.link, 1);
        }
}

TEST(a_damaged_record_costs_itself_and_is_told)
{
    for (size_t i = 0; i < STEPS; i++) {
        struct writer w = {.big = false};
        hn_buf_init(&w.b, 1u << 20);
        pcap_head(&w, 0xa1b2c3d4, 1);
        for (unsigned r = 0; r < 10; r++)
            pcap_record(&w, 1000 + r, 5, 60, 60);
        size_t at = w.b.n;
        pcap_record(&w, 1010, 5, 60, 60);
        CHECK(!w.b.bad);
        memset(w.b.p + at + 8, 0xff, 4); /* its length */
        for (unsigned r = 0; r < 10; r++)
            pcap_record(&w, 1011 + r, 5, 60, 60);
        struct seen s = read_all(hn_buf_text(&w.b), steps[i]);
        hn_buf_done(&w.b);
        CHECK_UINT(s.n, 20);
        CHECK_UINT(s.wrong, 0);
        CHECK_UINT(s.bad, 1);
        CHECK_UINT(s.bad_at, at);
        CHECK_UINT(s.stats.skipped, 76);
        CHECK(s.end == NULL);
    }
}

/* As a mapped file is read by several threads: a piece is fed, then parts are walked as far as that goes. */
static struct seen read_parts(struct hn_str text, size_t step, size_t most, hn_time to)
{
    struct seen s = {0};
    struct hn_capture_sink sink = {each, bad, &s};
    struct hn_capture *c = hn_capture_new(&sink, 1u << 26);
    const struct hn_bytes whole = hn_str_bytes(text);
    struct hn_bytes part;
    for (size_t off = 0, n; c && off < whole.n; off += n) {
        n = whole.n - off < step ? whole.n - off : step;
        hn_capture_feed(c, hn_bytes_of(whole.p + off, n));
        while ((part = hn_capture_part(c, whole, most, 0, to)).n) {
            off = hn_capture_stats(c)->octets - n;
            s.parts++;
            hn_capture_walk(c, part, each, &s);
        }
    }
    if (c) {
        s.end = hn_capture_end(c);
        s.stats = *hn_capture_stats(c);
    }
    hn_capture_free(c);
    return s;
}

TEST(parts_of_a_mapped_file_are_what_feeding_it_gives)
{
    struct writer w = {.big = true};
    hn_buf_init(&w.b, 1u << 20);
    pcap_head(&w, 0xa1b23c4d, 1);
    for (unsigned r = 0; r < 600; r++) {
        if (r == 225) /* no credible length: what follows is searched */
            for (unsigned i = 0; i < 16; i++)
                put(&w, 0xff, 1);
        pcap_record(&w, 1000 + r, 5, r % 97, r % 97 + 1);
    }
    w.b.n -= 3;
    const struct seen fed = read_all(hn_buf_text(&w.b), 1u << 20);
    CHECK_UINT(fed.n, 599);
    CHECK_UINT(fed.bad, 2); /* the damage, and the end */
    for (size_t i = 0; i < STEPS; i++)
        for (size_t k = 0; k < STEPS; k++)
            for (unsigned half = 0; half < 2; half++) {
                struct seen s = read_parts(hn_buf_text(&w.b), steps[i], steps[k], (half ? 1200 : 2000) * HN_SECOND);
                NOTE("pieces of %zu, parts of %zu, half %u", steps[i], steps[k], half);
                CHECK_UINT(s.n, fed.n);
                CHECK_UINT(s.octets, fed.octets);
                CHECK_UINT(s.wrong, 0);
                CHECK_INT(s.first, fed.first);
                CHECK_INT(s.last, fed.last);
                CHECK_UINT(s.bad, fed.bad);
                CHECK_UINT(s.bad_at, fed.bad_at);
                CHECK(memcmp(&s.stats, &fed.stats, sizeof s.stats) == 0);
                CHECK(s.end && strcmp(s.end, fed.end) == 0);
                CHECK_UINT(s.parts > 0, i > 0);
            }
    hn_buf_done(&w.b);
}

TEST(other_kinds_have_no_parts)
{
    struct writer w = {.big = false};
    hn_buf_init(&w.b, 1u << 20);
    section(&w);
    interface(&w, 1, -1, 0);
    for (unsigned r = 0; r < 300; r++)
        enhanced(&w, 0, 1000000 + r, 20);
    struct seen s = read_parts(hn_buf_text(&w.b), 100, 1000, INT64_MAX);
    hn_buf_done(&w.b);
    CHECK_UINT(s.n, 300);
    CHECK_UINT(s.parts, 0);
}

TEST(a_file_that_ends_within_a_record_gives_those_before_it)
{
    struct writer w = {.big = true};
    hn_buf_init(&w.b, 1u << 20);
    pcap_head(&w, 0xa1b2c3d4, 1);
    pcap_record(&w, 1, 0, 10, 10);
    size_t whole = w.b.n;
    pcap_record(&w, 2, 0, 10, 10);
    for (size_t n = 24; n <= w.b.n; n++) {
        struct seen s = read_all(hn_str_c(""), 1);
        s = read_all((struct hn_str){w.b.p, n}, 5);
        NOTE("%zu octets", n);
        CHECK_UINT(s.n, n < whole ? 0 : n < w.b.n ? 1 : 2);
        CHECK_UINT(s.end == NULL, n == 24 || n == whole || n == w.b.n);
    }
    hn_buf_done(&w.b);
}

/* ---------------------------------------------------------------- pcapng */

TEST(pcapng_sections_of_either_order_with_their_clocks)
{
    for (size_t i = 0; i < STEPS; i++) {
        struct writer w = {.big = false};
        hn_buf_init(&w.b, 1u << 20);
        section(&w);
        interface(&w, 1, -1, 0);
        interface(&w, 101, 9, 100); /* nanoseconds, 100 seconds on */
        enhanced(&w, 0, 7000001, 33);
        enhanced(&w, 1, 7000000001, 34);
        put(&w, 0x80000bad, 4); /* a block of no interest */
        put(&w, 16, 4);
        put(&w, 0, 4);
        put(&w, 16, 4);
        w.big = true;
        section(&w);
        interface(&w, 276, 0x80 | 10, 0); /* 1/1024 second */
        enhanced(&w, 0, 1024 * 5 + 512, 35);
        struct seen s = read_all(hn_buf_text(&w.b), steps[i]);
        hn_buf_done(&w.b);
        CHECK_UINT(s.n, 3);
        CHECK_UINT(s.wrong + s.bad, 0);
        CHECK_INT(s.first, 7 * HN_SECOND + 1000);
        CHECK_INT(s.last, 5 * HN_SECOND + HN_SECOND / 2);
        CHECK_UINT(s.link, 276);
        CHECK_UINT(s.stats.other_blocks, 1);
        CHECK(s.end == NULL);
    }
}

TEST(a_damaged_block_costs_itself_and_is_told)
{
    for (size_t i = 0; i < STEPS; i++) {
        struct writer w = {.big = false};
        hn_buf_init(&w.b, 1u << 20);
        section(&w);
        interface(&w, 1, -1, 0);
        enhanced(&w, 0, 1, 40);
        size_t at = w.b.n;
        enhanced(&w, 0, 2, 40);
        CHECK(!w.b.bad);
        w.b.p[at + 4] ^= 0x40; /* its length */
        for (unsigned r = 0; r < 5; r++)
            enhanced(&w, 0, 3 + r, 40);
        struct seen s = read_all(hn_buf_text(&w.b), steps[i]);
        hn_buf_done(&w.b);
        CHECK_UINT(s.n, 6);
        CHECK_UINT(s.wrong, 0);
        CHECK_UINT(s.bad, 1);
        CHECK_UINT(s.bad_at, at);
    }
}

TEST(what_a_packet_block_claims_beyond_itself_is_no_packet)
{
    struct writer w = {.big = false};
    hn_buf_init(&w.b, 1u << 20);
    section(&w);
    interface(&w, 1, -1, 0);
    size_t at = w.b.n;
    enhanced(&w, 0, 1, 40);
    CHECK(!w.b.bad);
    w.b.p[at + 20] = 41; /* octets here; three are padding, four the length */
    w.b.p[at + 21] = 1;
    enhanced(&w, 9, 1, 40); /* no such interface */
    enhanced(&w, 0, 1, 40);
    struct seen s = read_all(hn_buf_text(&w.b), 1u << 20);
    hn_buf_done(&w.b);
    CHECK_UINT(s.n, 1);
    CHECK_UINT(s.bad, 2);
    CHECK_UINT(s.wrong, 0);
}

/* ---------------------------------------------------------------- around */

TEST(packed_captures_are_read_on_the_fly)
{
    struct writer w = {.big = false};
    struct hn_buf out;
    hn_buf_init(&w.b, 1u << 20);
    hn_buf_init(&out, 1u << 20);
    pcap_head(&w, 0xa1b2c3d4, 1);
    for (unsigned r = 0; r < 500; r++)
        pcap_record(&w, r, 0, 200, 200);
    CHECK(hn_buf_room(&out, ZSTD_compressBound(w.b.n)));
    out.n = ZSTD_compress(out.p, out.cap, w.b.p, w.b.n, 3);
    for (size_t i = 0; i < STEPS; i++) {
        struct seen s = read_all(hn_buf_text(&out), steps[i]);
        CHECK_UINT(s.n, 500);
        CHECK(s.end == NULL);
        s = read_all((struct hn_str){out.p, out.n - 1}, steps[i]);
        CHECK(s.end != NULL);
    }
    hn_buf_done(&w.b);
    hn_buf_done(&out);
}

TEST(other_files_are_refused)
{
    struct seen s = read_all(HN_STR("#!/bin/sh\necho this is no capture\n"), 3);
    CHECK_UINT(s.n, 0);
    CHECK(s.end != NULL);
    s = read_all(HN_STR(""), 3);
    CHECK(s.end != NULL);
    s = read_all(HN_STR("\xd4\xc3"), 3);
    CHECK(s.end != NULL);
}

/* ---------------------------------------------------------------- live */

static void lost(struct writer *w, uint64_t n)
{
    put(w, 5, 4);
    put(w, 40, 4);
    put(w, 0, 4);
    put(w, 0, 8);
    put(w, 7, 2);
    put(w, 8, 2);
    put(w, n, 8);
    put(w, 0, 4);
    put(w, 40, 4);
}

static void send_to(int fd, struct writer *w)
{
    CHECK_INT(write(fd, w->b.p, w->b.n), (long)w->b.n);
    hn_buf_clear(&w->b);
}

TEST(a_stream_is_read_as_it_comes)
{
    struct writer w = {.big = false};
    struct seen s = {0};
    struct hn_live l;
    int fds[2];
    CHECK_INT(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
    CHECK(hn_live_stream(&l, fds[0], &(struct hn_live_sink){.each = each, .arg = &s}));
    CHECK(!hn_live_next(&l));
    hn_buf_init(&w.b, 1u << 16);
    section(&w);
    interface(&w, 1, 9, 0);
    enhanced(&w, 0, 5000000007, 60);
    lost(&w, 3);
    send_to(fds[1], &w);
    CHECK(hn_live_next(&l));
    CHECK_UINT(s.n, 1);
    CHECK(s.last == 5 * HN_SECOND + 7);
    CHECK_UINT(hn_live_drops(&l), 3);
    CHECK_UINT(hn_live_drops(&l), 0);
    CHECK(!hn_live_next(&l) && !l.ended);
    enhanced(&w, 0, 6000000000, 61);
    lost(&w, 10);
    send_to(fds[1], &w);
    close(fds[1]);
    hn_live_rest(&l);
    CHECK(l.ended && !hn_live_next(&l));
    CHECK_UINT(s.n, 2);
    CHECK_UINT(s.wrong, 0);
    CHECK_UINT(hn_live_drops(&l), 7);
    hn_live_done(&l);
    hn_live_done(&l);
    close(fds[0]);
    hn_buf_done(&w.b);
}

TEST(a_stream_that_is_no_capture_ends)
{
    struct seen s = {0};
    struct hn_live l;
    int fds[2];
    CHECK_INT(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
    CHECK(hn_live_stream(&l, fds[0], &(struct hn_live_sink){.each = each, .arg = &s}));
    CHECK_INT(write(fds[1], "no capture", 10), 10);
    CHECK(!hn_live_next(&l) && l.ended);
    hn_live_rest(&l); /* does not wait */
    CHECK_UINT(s.n, 0);
    hn_live_done(&l);
    close(fds[0]);
    close(fds[1]);
}
