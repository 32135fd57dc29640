#include "hn_test.h"

#include "base/buf.h"
#include "base/str.h"
#include "modules/telescope/report.h"

/* ---------------------------------------------------------------- frames */

struct stream {
    struct hn_capture_record *r;
    uint8_t (*frames)[60];
    size_t n, cap;
};

static void stream_init(struct stream *s, size_t cap)
{
    *s = (struct stream){.cap = cap, .r = hn_alloc_zero(cap * sizeof(*s->r)), .frames = hn_alloc_zero(cap * 60)};
    if (!s->r || !s->frames)
        s->cap = 0;
}

static void stream_done(struct stream *s)
{
    hn_free(s->r);
    hn_free(s->frames);
}

static void put(uint8_t *p, uint32_t v, unsigned n)
{
    while (n--)
        *p++ = (uint8_t)(v >> 8 * n);
}

struct tcp {
    uint32_t time, src, dst, seq;
    uint16_t sport, dport, window, id;
    uint8_t flags, ttl;
};

static void add(struct stream *s, const struct tcp *t)
{
    if (s->n == s->cap)
        return;
    uint8_t *f = s->frames[s->n], *ip = f + 14, *h = ip + 20;
    memcpy(f, "\2\0\0\0\0\1\2\0\0\0\0\2\10\0\105", 15);
    put(ip + 2, 40, 2);
    put(ip + 4, t->id, 2);
    ip[8] = t->ttl ? t->ttl : 50;
    ip[9] = 6;
    put(ip + 12, t->src, 4);
    put(ip + 16, t->dst, 4);
    put(h, t->sport, 2);
    put(h + 2, t->dport, 2);
    put(h + 4, t->seq, 4);
    h[12] = 0x50;
    h[13] = t->flags ? t->flags : 2;
    put(h + 14, t->window, 2);
    s->r[s->n++] = (struct hn_capture_record){
        .time = (hn_time)t->time * HN_SECOND, .p = f, .cap = 60, .wire = 60, .link = HN_LINK_ETHERNET};
}

#define T0   1700006400u /* on the hour */
#define DARK 0x0a420000u

static uint32_t seed;
static uint32_t rnd(void)
{
    seed = seed * 1664525 + 1013904223;
    return seed >> 8 ^ seed << 13;
}

/* A bit of everything over `seconds`, from 500 sources. */
static void mixture(struct stream *s, size_t n, uint32_t seconds)
{
    seed = 7;
    for (size_t i = 0; i < n; i++) {
        uint32_t k = rnd() % 500, dst = DARK | (rnd() & 0xffff);
        struct tcp t = {.time = T0 + (uint32_t)(i * seconds / n),
                        .src = 0x0b000000u + k * 7919 * 256 + k,
                        .dst = dst,
                        .seq = rnd(),
                        .sport = (uint16_t)(2000 + k),
                        .dport = (uint16_t)(k % 3 ? 23 : 8080),
                        .window = 1024,
                        .id = (uint16_t)rnd()};
        if (k % 5 == 0)
            t.seq = dst;
        if (k % 5 == 1)
            t.id = (uint16_t)((dst ^ t.dport ^ t.seq) & 0xffff);
        if (k % 5 == 2) {
            t.flags = 18;
            t.sport = 80;
            t.dport = (uint16_t)(1024 + rnd() % 64);
        }
        add(s, &t);
    }
}

/* ---------------------------------------------------------------- engines */

static struct telescope_engine *engine(const struct telescope_config *given, unsigned threads)
{
    struct telescope_config how;
    telescope_config_init(&how);
    if (given)
        how = *given;
    how.threads = threads;
    return telescope_engine_new(&how);
}

static struct hn_buf json_of(struct telescope_engine *e)
{
    struct hn_arena a;
    struct hn_buf out;
    struct telescope_inputs in = {.files = 1};
    hn_arena_init(&a, 64u << 20);
    hn_buf_init(&out, 64u << 20);
    struct telescope_report *r = e && telescope_majors(e) ? telescope_report_new(e, &a) : NULL;
    if (r)
        telescope_report_json(r, &in, 0, &out);
    telescope_report_done(r);
    hn_arena_done(&a);
    return out;
}

static bool same(struct telescope_engine *a, struct telescope_engine *b)
{
    struct hn_buf x = json_of(a), y = json_of(b);
    bool eq = x.n && hn_str_eq(hn_buf_text(&x), hn_buf_text(&y));
    size_t at = 0;
    while (!eq && at < x.n && at < y.n && x.p[at] == y.p[at])
        at++;
    if (!eq)
        printf("# differ at %zu: %.*s | %.*s\n", at, (int)(x.n - at < 120 ? x.n - at : 120), x.p + at,
               (int)(y.n - at < 120 ? y.n - at : 120), y.p + at);
    hn_buf_done(&x);
    hn_buf_done(&y);
    return eq;
}

/* Do the same destinations stand out? */
static bool same_hot(const struct telescope_engine *a, const struct telescope_engine *b)
{
    bool eq = true;
    for (unsigned k = 0; k < TELESCOPE_CELLS; k++)
        eq &= memcmp(a->cells[k].hot_sets, b->cells[k].hot_sets, sizeof a->cells[k].hot_sets) == 0;
    return eq;
}

/* Is the place that gives way next one with the fewest packets of its set? */
static bool least_give_way(const struct telescope_engine *e)
{
    bool ok = true;
    for (unsigned i = 0; i < TELESCOPE_CELLS * TELESCOPE_HOT_SETS * 4; i++) {
        const struct telescope_cell *c = &e->cells[i / 4 / TELESCOPE_HOT_SETS];
        unsigned at = i / 4 % TELESCOPE_HOT_SETS;
        ok &= c->hot_sets[at].n[c->hot_least[at]] <= c->hot_sets[at].n[i % 4];
    }
    return ok;
}

static uint64_t tool(const struct telescope_engine *e, enum telescope_fp fp)
{
    struct hn_arena a;
    hn_arena_init(&a, 64u << 20);
    struct telescope_report *r = telescope_report_new(e, &a);
    uint64_t n = r ? r->tools[fp].packets : UINT64_MAX;
    telescope_report_done(r);
    hn_arena_done(&a);
    return n;
}

/* ---------------------------------------------------------------- tests */

TEST(threads_do_not_change_the_result)
{
    struct stream s;
    stream_init(&s, 20000);
    mixture(&s, 20000, 9000);
    struct telescope_engine *one = engine(NULL, 1), *three = engine(NULL, 3);
    CHECK(one && three);
    telescope_engine_feed(one, s.r, s.n);
    for (size_t i = 0; i < s.n; i += 777)
        telescope_engine_feed(three, s.r + i, s.n - i < 777 ? s.n - i : 777);
    bool eq = same(one, three);
    telescope_engine_free(one);
    telescope_engine_free(three);
    stream_done(&s);
    CHECK(eq);
}

/* As a file that is mapped; hours turn within it. */
static struct hn_buf file_of(const struct stream *s)
{
    struct hn_buf b;
    const uint32_t head[] = {0xa1b2c3d4, 4u << 16 | 2, 0, 0, 65535, HN_LINK_ETHERNET};
    hn_buf_init(&b, 16u << 20);
    hn_buf_add(&b, head, sizeof head);
    for (size_t i = 0; i < s->n; i++) {
        const uint32_t record[] = {(uint32_t)(s->r[i].time / HN_SECOND), 0, s->r[i].cap, s->r[i].wire};
        hn_buf_add(&b, record, sizeof record);
        hn_buf_add(&b, s->r[i].p, s->r[i].cap);
    }
    return b;
}

static void feed_it(void *arg, const struct hn_capture_record *r, size_t n)
{
    telescope_engine_begin(arg, r, n);
}

/* Octets that were fed, not counted in parts. */
static size_t count_file(struct telescope_engine *e, struct hn_bytes file)
{
    struct hn_capture_sink sink = {feed_it, NULL, e};
    struct hn_capture *c = hn_capture_new(&sink, 0);
    size_t fed = 0;
    for (size_t off = 0, n; c && off < file.n; fed += n) {
        n = file.n - off < 3000 ? file.n - off : 3000;
        hn_capture_feed(c, hn_bytes_of(file.p + off, n));
        off = telescope_count(e, c, file, off + n, 100000, false);
    }
    if (c)
        hn_capture_end(c);
    hn_capture_free(c);
    telescope_engine_settle(e);
    return fed;
}

TEST(two_threads_count_what_one_counts)
{
    struct stream s;
    stream_init(&s, 20000);
    mixture(&s, 20000, 9000);
    struct hn_buf file = file_of(&s);
    struct telescope_config how;
    telescope_config_init(&how);
    how.ports_only = true;
    struct telescope_engine *one = engine(&how, 1), *two = engine(&how, 2);
    CHECK(one && two && !file.bad);
    CHECK_UINT(count_file(one, hn_bytes_of(file.p, file.n)), file.n);
    CHECK(count_file(two, hn_bytes_of(file.p, file.n)) < 100000); /* of 1.4 million */
    CHECK_UINT(two->sum.packets, s.n);
    CHECK_UINT(two->sum.records, s.n);
    CHECK(same(one, two));
    CHECK(memcmp(one->cells[0].hours, two->cells[0].hours, sizeof one->cells[0].hours) == 0);
    CHECK_UINT(two->data_hours, one->data_hours);
    telescope_engine_free(one);
    telescope_engine_free(two);
    hn_buf_done(&file);
    stream_done(&s);
}

/* What is begun needs its records no longer when that comes back, whether it is settled then or not. */
TEST(records_may_go_once_their_block_is_begun)
{
    struct stream s;
    stream_init(&s, 20000);
    mixture(&s, 20000, 9000);
    struct telescope_engine *one = engine(NULL, 1), *two = engine(NULL, 2);
    CHECK(one && two);
    telescope_engine_feed(one, s.r, s.n);
    for (size_t i = 0, n; i < s.n; i += n) {
        n = s.n - i < 3000 ? s.n - i : 3000;
        telescope_engine_begin(two, s.r + i, n);
        memset(s.frames[i], 0xff, n * sizeof s.frames[i]);
        memset(s.r + i, 0xff, n * sizeof *s.r);
    }
    telescope_engine_settle(two);
    bool eq = same(one, two);
    telescope_engine_free(one);
    telescope_engine_free(two);
    stream_done(&s);
    CHECK(eq);
}

/* kind 0: by source, 1: in time, 2: every second packet. */
static void halves(unsigned kind)
{
    struct stream s, part[2];
    struct telescope_engine *whole = engine(NULL, 1), *half[2] = {engine(NULL, 2), engine(NULL, 1)};
    stream_init(&s, 20000);
    mixture(&s, 20000, kind ? 500 : 9000);
    for (unsigned i = 0; i < 2; i++)
        stream_init(&part[i], s.n);
    CHECK(s.n && part[0].cap && part[1].cap);
    for (size_t i = 0; i < s.n; i++) {
        unsigned to = kind == 0 ? s.frames[i][29] & 1 : kind == 1 ? i >= s.n / 2 : i & 1;
        struct stream *p = &part[to];
        p->r[p->n++] = s.r[i];
    }
    CHECK(whole && half[0] && half[1]);
    telescope_engine_feed(whole, s.r, s.n);
    for (unsigned i = 0; i < 2; i++)
        telescope_engine_feed(half[i], part[i].r, part[i].n);
    telescope_engine_merge(half[0], half[1]);
    bool eq = same(whole, half[0]);
    telescope_engine_free(whole);
    for (unsigned i = 0; i < 2; i++) {
        telescope_engine_free(half[i]);
        stream_done(&part[i]);
    }
    stream_done(&s);
    CHECK(eq);
}

TEST(halves_by_source_merge_to_the_whole)
{
    halves(0);
}

TEST(halves_in_time_merge_to_the_whole)
{
    halves(1);
}

TEST(what_came_to_both_of_two_merged_gives_way_last)
{
    struct stream s;
    stream_init(&s, 20000);
    mixture(&s, 20000, 9000);
    struct telescope_engine *all = engine(NULL, 1), *last = engine(NULL, 1);
    CHECK(all && last);
    telescope_engine_feed(all, s.r, s.n);
    for (unsigned i = 0; i < 2; i++)
        telescope_engine_feed(last, s.r + s.n - 500, 500);
    telescope_engine_merge(all, last);
    bool ok = least_give_way(all);
    telescope_engine_free(all);
    telescope_engine_free(last);
    stream_done(&s);
    CHECK(ok);
}

TEST(a_restart_in_the_middle_loses_nothing)
{
    struct stream s;
    stream_init(&s, 20000);
    mixture(&s, 20000, 9000);
    struct telescope_engine *whole = engine(NULL, 1), *first = engine(NULL, 2), *second = engine(NULL, 1),
                            *third = engine(NULL, 1);
    FILE *f = tmpfile();
    uint64_t note = s.n / 3, back = 0;
    CHECK(whole && first && second && third && f);
    telescope_engine_feed(whole, s.r, s.n);
    telescope_engine_feed(first, s.r, note);
    CHECK(telescope_state_save(first, fileno(f), &note, sizeof note));
    telescope_engine_free(first);
    CHECK_INT(lseek(fileno(f), 0, SEEK_SET), 0);
    CHECK(telescope_state_load(second, fileno(f), &back, sizeof back));
    CHECK_UINT(back, note);
    telescope_engine_feed(second, s.r + back, s.n - back);
    CHECK(same(whole, second));
    CHECK(same_hot(whole, second));
    /* one octet changed: refused */
    CHECK_INT(pwrite(fileno(f), "x", 1, 5000), 1);
    CHECK_INT(lseek(fileno(f), 0, SEEK_SET), 0);
    CHECK(!telescope_state_load(third, fileno(f), &back, sizeof back));
    telescope_engine_free(whole);
    telescope_engine_free(second);
    telescope_engine_free(third);
    fclose(f);
    stream_done(&s);
}

static void no_complaint(void *arg, unsigned line, const char *why)
{
}

static void member_list(struct telescope_config *how, struct hn_arena *a, const char *text)
{
    telescope_config_init(how);
    hn_prefixes_parse(&how->members, a, hn_str_bytes(hn_str_c(text)), no_complaint, NULL);
    hn_prefixes_sort(&how->members, a);
}

/* The alert's number of its member is one of the old list. */
TEST(a_restart_with_another_list_of_members_goes_by_that)
{
    struct stream s;
    struct hn_arena a;
    struct telescope_config old, new;
    hn_arena_init(&a, 1u << 20);
    stream_init(&s, 2);
    add(&s, &(struct tcp){.time = T0, .src = 0xcb007105, .dst = DARK | 1, .sport = 4000, .dport = 23});
    add(&s, &(struct tcp){.time = T0, .src = 0xcb007285, .dst = DARK | 2, .sport = 4000, .dport = 23});
    member_list(&old, &a, "192.0.2.0/24,First\n198.51.100.0/24,Second\n203.0.113.0/24,City\n203.0.114.0/24,Gone\n");
    member_list(&new, &a, "203.0.113.0/24,City\n");
    struct telescope_engine *first = engine(&old, 1), *second = engine(&new, 1);
    FILE *f = tmpfile();
    uint64_t note = 0;
    CHECK(first && second && f);
    telescope_engine_feed(first, s.r, s.n);
    CHECK(telescope_state_save(first, fileno(f), &note, sizeof note));
    CHECK_INT(lseek(fileno(f), 0, SEEK_SET), 0);
    CHECK(telescope_state_load(second, fileno(f), &note, sizeof note));
    size_t alerts = 0;
    for (unsigned k = 0; k < TELESCOPE_CELLS; k++)
        for (size_t i = 0; i < second->cells[k].n_alerts; i++, alerts++)
            CHECK_UINT(second->cells[k].alerts[i].member, 0);
    CHECK_UINT(alerts, 1);
    telescope_engine_free(first);
    telescope_engine_free(second);
    fclose(f);
    stream_done(&s);
    hn_arena_done(&a);
}

TEST(a_single_candidate_is_chance_and_many_are_not)
{
    struct stream s;
    stream_init(&s, 70000);
    struct telescope_engine *flood = engine(NULL, 1), *scan = engine(NULL, 1), *worm = engine(NULL, 1);
    CHECK(flood && scan && worm);
    /* a flood with every identification once: one of them is ZMap's */
    for (uint32_t i = 0; i < 65536; i++)
        add(&s, &(struct tcp){.time = T0,
                              .src = 0x0b000000u + i * 97,
                              .dst = DARK,
                              .seq = i * 31,
                              .sport = 5,
                              .dport = 80,
                              .window = 512,
                              .id = (uint16_t)i});
    telescope_engine_feed(flood, s.r, s.n);
    CHECK_UINT(tool(flood, FP_ZMAP), 0);
    CHECK_UINT(tool(flood, FP_MASSCAN), 0);
    s.n = 0;
    for (uint32_t i = 0; i < 50; i++)
        add(&s, &(struct tcp){.time = T0,
                              .src = 0x0b010203u,
                              .dst = DARK + i * 13,
                              .seq = i * 7777,
                              .sport = 5,
                              .dport = 80,
                              .window = 1024,
                              .id = (uint16_t)((DARK + i * 13) ^ 80u ^ (i * 7777))});
    telescope_engine_feed(scan, s.r, s.n);
    CHECK_UINT(tool(scan, FP_MASSCAN), 50);
    s.n = 0;
    add(&s, &(struct tcp){.time = T0,
                          .src = 0x0b010203u,
                          .dst = DARK + 9,
                          .seq = DARK + 9,
                          .sport = 5000,
                          .dport = 23,
                          .window = 777,
                          .flags = 2 | 0x40}); /* with ECE set, as real ones have */
    add(&s, &(struct tcp){.time = T0,
                          .src = 0x0b010204u,
                          .dst = DARK + 9,
                          .seq = DARK + 9,
                          .sport = 5000,
                          .dport = 23,
                          .window = 777,
                          .flags = 18});
    telescope_engine_feed(worm, s.r, s.n);
    CHECK_UINT(tool(worm, FP_MIRAI), 1);
    telescope_engine_free(flood);
    telescope_engine_free(scan);
    telescope_engine_free(worm);
    stream_done(&s);
}

TEST(a_campaign_counts_all_its_ports)
{
    const unsigned sources = 8, ports = 3000;
    struct stream s;
    stream_init(&s, (size_t)sources * ports * 2);
    seed = 3;
    for (unsigned i = 0; i < sources * ports * 2; i++) { /* every second packet to port 23, so that this is theirs */
        uint32_t dst = DARK | (rnd() & 0xffff);
        struct tcp t = {.time = T0 + i / 100, .src = 0x0b000000u + i % sources * 65536, .dst = dst, .seq = dst};
        t.dport = (uint16_t)(i / sources % 2 ? 23 : 10000 + i / sources / 2);
        t.sport = 4000;
        t.window = 700;
        add(&s, &t);
    }
    struct telescope_engine *e = engine(NULL, 2);
    CHECK(e && s.n == s.cap);
    telescope_engine_feed(e, s.r, s.n);
    struct hn_arena a;
    hn_arena_init(&a, 64u << 20);
    struct telescope_report *r = telescope_report_new(e, &a);
    CHECK(r);
    CHECK_UINT(r->n_campaigns, 1);
    CHECK_UINT(r->campaigns[0].ports_total, s.n);
    CHECK_UINT(r->campaigns[0].ports[0].port, 23);
    CHECK_UINT(r->campaigns[0].ports[0].n, s.n / 2);
    telescope_report_done(r);
    hn_arena_done(&a);
    telescope_engine_free(e);
    stream_done(&s);
}

/* What a telescope in 10.66.0.0/16 sees of a scan by ZMap over the whole Internet, by `threads` of its threads. The
 * numbers of addresses are those of a list that blocks nothing, or of ZMap's own: 10.66 is blocked there, so 11.66. */
static void zmap_scan(uint32_t dst[TELESCOPE_TRAIL], uint64_t g, unsigned threads, uint32_t net, uint32_t below)
{
    uint64_t x[2] = {123456789, 987654321};
    for (unsigned n = 0; n < TELESCOPE_TRAIL; n++) {
        uint64_t *y = &x[n * 7 / 3 % threads];
        do
            *y = (uint64_t)((__extension__(unsigned __int128) * y * g) % 4294967311u);
        while (*y > UINT32_MAX || ((uint32_t)(*y - 1) + below) >> 16 != net);
        dst[n] = (uint32_t)(*y - 1) + below;
    }
}

TEST(zmap_is_known_by_the_order_of_its_addresses)
{
    uint32_t dst[TELESCOPE_TRAIL];
    zmap_scan(dst, 3, 1, 0x0a42, 0);
    CHECK(telescope_order(dst, 65536));
    CHECK(telescope_order(dst, 0));
    zmap_scan(dst, 129140163, 1, 0x0a42, 0); /* another generator: 3 to a power that has no factor of p - 1 */
    CHECK(telescope_order(dst, 65536));
    zmap_scan(dst, 2187, 2, 0x0a42, 0);
    CHECK(telescope_order(dst, 65536));
    zmap_scan(dst, 177147, 1, 0x0b42, 0x02000000); /* 0/8 and 10/8 are not counted */
    CHECK(telescope_order(dst, 65536));
    seed = 3;
    for (unsigned round = 0; round < 20; round++) { /* at random, and one behind the other */
        for (unsigned i = 0; i < TELESCOPE_TRAIL; i++)
            dst[i] = DARK | (round ? telescope_mix(rnd()) & 0xffff : i * 7);
        CHECK(!telescope_order(dst, 65536));
    }
}

/* n answers of one host, one every `gap` seconds. */
static size_t victims_of(uint32_t n, uint32_t gap)
{
    struct stream s;
    struct hn_arena a;
    struct telescope_engine *e = engine(NULL, 1);
    if (!e)
        return SIZE_MAX;
    stream_init(&s, n);
    hn_arena_init(&a, 64u << 20);
    for (uint32_t i = 0; i < n; i++)
        add(&s, &(struct tcp){.time = T0 + i * gap,
                              .src = 0x0b010203u,
                              .dst = DARK + i,
                              .sport = 80,
                              .dport = (uint16_t)i,
                              .flags = 18});
    telescope_engine_feed(e, s.r, s.n);
    struct telescope_report *r = telescope_report_new(e, &a);
    size_t got = r ? r->n_victims : 99;
    telescope_report_done(r);
    telescope_engine_free(e);
    stream_done(&s);
    hn_arena_done(&a);
    return got;
}

TEST(a_victim_is_25_packets_in_60_seconds_and_30_a_minute)
{
    CHECK_UINT(victims_of(61, 2), 1); /* 30 a minute for two minutes */
    CHECK_UINT(victims_of(61, 3), 0); /* 20 a minute */
    CHECK_UINT(victims_of(30, 2), 0); /* 58 seconds */
    CHECK_UINT(victims_of(24, 2), 0);
}

static void no_bad(void *arg, unsigned line, const char *why)
{
    ++*(unsigned *)arg;
}

TEST(a_members_address_is_told_once_and_closed)
{
    struct telescope_config how;
    struct stream s;
    struct hn_arena a;
    unsigned wrong = 0;
    hn_arena_init(&a, 64u << 20);
    stream_init(&s, 100);
    telescope_config_init(&how);
    hn_prefixes_parse(&how.members, &a,
                      hn_str_bytes(HN_STR("# members\n203.0.113.0/24, City, soc@example.org\n"
                                          "203.0.113.128/25\tHospital\nnonsense, x\n")),
                      no_bad, &wrong);
    hn_prefixes_sort(&how.members, &a);
    CHECK_UINT(wrong, 1);
    struct telescope_engine *e = engine(&how, 1);
    CHECK(e != NULL);
    for (uint32_t i = 0; i < 10; i++)
        add(&s, &(struct tcp){
                    .time = T0 + i, .src = 0xcb007185u, .dst = DARK + i, .seq = DARK + i, .sport = 4000, .dport = 23});
    add(&s, &(struct tcp){.time = T0 + 90, .src = 0xcb007105u, .dst = DARK, .sport = 80, .dport = 999, .flags = 18});
    add(&s, &(struct tcp){.time = T0 + 9000, .src = 0x0b000001u, .dst = DARK, .dport = 5});
    telescope_engine_feed(e, s.r, s.n);
    struct hn_buf out = json_of(e);
    struct hn_str t = hn_buf_text(&out);
    CHECK(
        hn_str_find(
            t,
            HN_STR("\"member\":\"Hospital\",\"address\":\"203.0.113.133\",\"kind\":\"sends\",\"state\":\"closed\"")) >=
        0);
    CHECK(hn_str_find(t, HN_STR("\"member\":\"City\",\"address\":\"203.0.113.5\",\"kind\":\"answers\"")) >= 0);
    CHECK(hn_str_find(t, HN_STR("\"packets\":10,\"episodes\":1,\"port\":23,\"fingerprint\":\"mirai\"")) >= 0);
    hn_buf_done(&out);
    telescope_engine_free(e);
    stream_done(&s);
    hn_arena_done(&a);
}

TEST(events_end_after_their_idle_time)
{
    struct stream s;
    stream_init(&s, 10);
    struct telescope_engine *e = engine(NULL, 1);
    CHECK(e != NULL);
    static const uint32_t at[] = {0, 600, 1201, 1202};
    for (unsigned i = 0; i < 4; i++)
        add(&s, &(struct tcp){.time = T0 + at[i], .src = 0x0b000001u, .dst = DARK, .dport = 5});
    telescope_engine_feed(e, s.r, s.n);
    struct hn_buf out = json_of(e);
    CHECK(hn_str_find(hn_buf_text(&out), HN_STR("\"events\":{\"idle_seconds\":600,\"total\":2,\"open\":1")) >= 0);
    hn_buf_done(&out);
    telescope_engine_free(e);
    stream_done(&s);
}
