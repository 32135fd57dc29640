/* Segments of flows, and the filters that ask them. */
#include "hn_test.h"

#include <limits.h>

#include "base/buf.h"
#include "base/str.h"
#include "format/flow/filter.h"
#include "format/flow/segment.h"

static struct hn_flow made(unsigned i, bool v6)
{
    struct hn_flow f = {.sport = (uint16_t)(1024 + i), .dport = (uint16_t)(i % 3 ? 443 : 53), .proto = i % 3 ? 6 : 17};
    f.src =
        v6 ? hn_ip6((uint8_t[16]){0x20, 1, 0xd, 0xb8, [15] = (uint8_t)i}) : hn_ip4((uint8_t[]){10, 0, 0, (uint8_t)i});
    f.dst = v6 ? hn_ip6((uint8_t[16]){0x20, 1, 0xd, 0xb8, [15] = 1}) : hn_ip4((uint8_t[]){192, 0, 2, 1});
    f.first = (1700000000 + i) * HN_SECOND;
    f.last = f.first + i * HN_SECOND / 10;
    f.packets = i;
    f.bytes = i == 7 ? UINT64_C(1) << 40 : i * 100;
    f.flags = i % 3 ? 0x12 : 0;
    f.known = HN_FLOW_TIMES;
    static const char *const ja3[10] = {
        "000102030405060708090a0b0c0d0e0f", "010102030405060708090a0b0c0d0e0f", NULL, NULL,
        "010102030405060708090a0b0c0d0e0f", "000102030405060708090a0b0c0d0e0f"};
    bool print = ja3[i % 10] && hn_tls_print_parse(&f.tls, HN_TLS_JA3, hn_str_c(ja3[i % 10]));
    bool other = i < 50 && hn_tls_print_parse(&f.tls, HN_TLS_JA4, HN_STR("t13d1516h2_8daaf6152771_e5627efa2ab1"));
    f.known |= print || other ? HN_FLOW_TLS : 0;
    f.exporter = i % 4;
    return f;
}

static void segment(struct hn_buf *b, unsigned n)
{
    hn_buf_init(b, 64u << 20);
    hn_segment_begin(b);
    struct hn_segment_writer *w = hn_segment_writer_new(b);
    for (unsigned i = 0; w && i < n; i++) {
        struct hn_flow f = made(i, i % 5 == 4);
        hn_segment_add(w, &f);
    }
    if (w)
        hn_segment_flush(w);
    hn_segment_writer_free(w);
}

static void *columns[HN_SEGMENT_COLUMNS];
static uint8_t room[HN_SEGMENT_FLOWS * 16], keep[HN_SEGMENT_FLOWS], scratch[256 * (HN_FLOW_FILTER_DEPTH + 2)];

static uint8_t values[HN_TLS_PRINTS][256 * HN_TLS_JA4N];
static const uint8_t *const prints[HN_TLS_PRINTS] = {values[0], values[1], values[2]};

static bool unpack(const struct hn_segment_block *b)
{
    for (unsigned p = 0; p < HN_TLS_PRINTS; p++)
        if (b->n_prints[p] > 256 || !hn_segment_prints(b, (enum hn_tls_print)p, values[p]))
            return false;
    for (unsigned c = 0; c < HN_SEGMENT_COLUMNS; c++) {
        columns[c] = columns[c] ? columns[c] : malloc(256 * 16);
        if (b->n > 256 || !columns[c] || !hn_segment_column(b, (enum hn_segment_column)c, columns[c], room))
            return false;
    }
    return true;
}

TEST(segments_give_back_what_they_took)
{
    struct hn_buf b;
    struct hn_segment_block k;
    size_t at = 0, n = 0, blocks = 0;
    segment(&b, 100);
    CHECK(!b.bad);
    while (hn_segment_next(hn_bytes_of(b.p, b.n), &at, true, &k)) {
        CHECK(unpack(&k));
        blocks++;
        for (uint32_t i = 0; i < k.n; i++, n++) {
            unsigned w = hn_segment_width(&k, HN_SEGMENT_SRC);
            unsigned which = ((uint8_t *)columns[HN_SEGMENT_SRC])[i * w + w - 1];
            struct hn_flow f = made(which, k.family == 6);
            uint64_t bytes = 0;
            memcpy(&bytes, (uint8_t *)columns[HN_SEGMENT_BYTES] + i * k.width[HN_SEGMENT_BYTES],
                   k.width[HN_SEGMENT_BYTES]);
            CHECK_UINT(bytes, f.bytes);
            uint32_t print = ((uint32_t *)columns[HN_SEGMENT_JA3])[i];
            struct hn_bytes want = hn_tls_print_get(&f.tls, HN_TLS_JA3);
            CHECK_INT(print != 0, want.n != 0);
            CHECK(!print || memcmp(prints[HN_TLS_JA3] + (print - 1) * HN_TLS_MD5, want.p, want.n) == 0);
            CHECK_INT(k.first_ms + ((uint32_t *)columns[HN_SEGMENT_FIRST])[i], f.first / 1000000);
            CHECK_UINT(((uint16_t *)columns[HN_SEGMENT_SPORT])[i], f.sport);
        }
    }
    CHECK_UINT(k.n_prints[HN_TLS_JA3S], 0);
    CHECK_UINT(n, 100);
    CHECK_UINT(blocks, 2);
    CHECK_UINT(at, b.n);
    hn_buf_done(&b);
}

/* Blocks of before there were fingerprints are those that have none: their header says nothing of them. */
TEST(segments_without_fingerprints)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    struct hn_segment_block k;
    size_t at = 0;
    hn_buf_init(&b, 1 << 20);
    hn_segment_begin(&b);
    struct hn_segment_writer *w = hn_segment_writer_new(&b);
    CHECK(w != NULL);
    for (unsigned i = 0; i < 2; i++) {
        struct hn_flow f = made(2 + 50 * i, false); /* the first has one: another block */
        hn_segment_add(w, &f);
        hn_segment_flush(w);
    }
    hn_segment_writer_free(w);
    CHECK(hn_segment_next(hn_bytes_of(b.p, b.n), &at, true, &k) && unpack(&k));
    CHECK_UINT(k.n_prints[HN_TLS_JA4], 1);
    CHECK_UINT(*(uint32_t *)columns[HN_SEGMENT_JA4], 1);
    CHECK_INT(b.p[at + 13], 0);
    size_t data = 0;
    CHECK(hn_segment_next(hn_bytes_of(b.p, b.n), &at, true, &k) && unpack(&k));
    for (unsigned c = 0; c < HN_SEGMENT_JA3; c++)
        data += k.data[c].n;
    CHECK_UINT(b.n - (size_t)((const char *)k.data[0].p - b.p), data);
    for (unsigned p = 0; p < HN_TLS_PRINTS; p++)
        CHECK_UINT(*(uint32_t *)columns[hn_segment_print_column((enum hn_tls_print)p)], 0);
}

TEST(segments_years_apart)
{
    struct hn_buf b;
    hn_buf_init(&b, 1 << 20);
    hn_segment_begin(&b);
    struct hn_segment_writer *w = hn_segment_writer_new(&b);
    CHECK(w != NULL);
    for (unsigned i = 0; i < 3; i++) {
        struct hn_flow f = made(1, false);
        f.first += (hn_time)i * 400 * HN_DAY;
        f.last = f.first + 90 * HN_DAY;
        hn_segment_add(w, &f);
    }
    hn_segment_flush(w);
    hn_segment_writer_free(w);
    struct hn_segment_block k;
    size_t at = 0, n = 0;
    while (hn_segment_next(hn_bytes_of(b.p, b.n), &at, true, &k)) {
        CHECK_INT(k.last_ms - k.first_ms, 90 * HN_DAY / 1000000);
        n += k.n;
    }
    CHECK_UINT(n, 3);
    hn_buf_done(&b);
}

TEST(segments_that_were_cut_or_changed)
{
    struct hn_buf b;
    struct hn_segment_block k;
    segment(&b, 20);
    for (size_t n = 0; n < b.n; n++) {
        uint8_t *exact = hn_alloc(n + 1);
        size_t at = 0, flows = 0;
        CHECK(exact != NULL);
        memcpy(exact, b.p, n);
        while (hn_segment_is(hn_bytes_of(exact, n)) && hn_segment_next(hn_bytes_of(exact, n), &at, true, &k))
            flows += k.n;
        CHECK(flows < 20 && at <= (n > 8 ? n : 8));
        hn_free(exact);
    }
    for (size_t i = 8; i < b.n; i += 7) { /* one bit: the sum sees it; without the sum nothing worse than a refusal */
        b.p[i] ^= 16;
        size_t at = 0, flows = 0;
        while (hn_segment_next(hn_bytes_of(b.p, b.n), &at, true, &k))
            flows += k.n;
        CHECK(flows < 20);
        for (at = 0; hn_segment_next(hn_bytes_of(b.p, b.n), &at, false, &k);)
            (void)unpack(&k);
        b.p[i] ^= 16;
    }
    hn_buf_done(&b);
}

static int count(const char *text)
{
    struct hn_buf b;
    struct hn_segment_block k;
    struct hn_arena a;
    const char *why;
    size_t at = 0;
    int n = 0;
    segment(&b, 100);
    hn_arena_init(&a, 1 << 20);
    struct hn_flow_filter *f = hn_flow_filter_parse(&a, hn_str_c(text), &why, &at);
    static const struct hn_export_number exporters[] = {{{.b = {192, 0, 2, 1}, .family = 4}, 0, 9, 1},
                                                        {{.b = {192, 0, 2, 1}, .family = 4}, 7, 9, 2},
                                                        {{.b = {0x20, 1, 13, 0xb8}, .family = 6}, 0, 10, 3}};
    if (!f)
        n = -1 - (int)at;
    else if (!hn_flow_filter_exporters(f, &a, exporters, 3))
        n = INT_MIN;
    for (at = 0; f && hn_segment_next(hn_bytes_of(b.p, b.n), &at, true, &k) && unpack(&k);) {
        hn_flow_filter_run(f, &k, (const void *const *)columns, prints, keep, scratch);
        for (uint32_t i = 0; i < k.n; i++)
            n += keep[i];
    }
    hn_arena_done(&a);
    hn_buf_done(&b);
    return n;
}

TEST(filters)
{
    static const struct {
        const char *text;
        int want; /* −1 − place where it is not understood */
    } rows[] = {
        {"", 100},
        {"any", 100},
        {"ipv6", 20},
        {"not ipv6", 80},
        {"proto udp", 34},
        {"udp", 34},
        {"proto 6", 66},
        {"dst port 443", 66},
        {"port 53,443", 100},
        {"src port 1024-1033", 10},
        {"src port >= 1114", 10},
        {"src host 10.0.0.3", 1},
        {"host 192.0.2.1", 80},
        {"src net 10.0.0.0/29", 7},
        {"net 2001:db8::/32 and tcp", 13},
        {"dst 192.0.2.1 tcp", 53},
        {"bytes > 1g", 1},
        {"bytes > 9k", 10},
        {"packets 5", 1},
        {"duration >= 9s", 10},
        {"flags S", 66},
        {"flags SF", 0},
        {"(udp or bytes > 1g) and not ipv6", 28},
        {"not (udp or tcp)", 0},
        {"not not udp", 34},
        {"udp or", -7},
        {"dst port", -9},
        {"dst port x", -10},
        /* as nfdump's and tcpdump's users type them */
        {"host 10.0.0.3 or 10.0.0.4", 1},
        {"port 53 or 443", 100},
        {"dst port https or domain", 100},
        {"dst port 443 and not src port 1024-1033 || udp && ipv4", 87},
        {"src ip in [10.0.0.3 10.0.0.4, 10.0.0.16/30]", 4},
        {"dst port in [443, 8080] ipv6", 13},
        {"src port in [1024 1025 1200", -28},
        {"port in []", -11},
        {"net 10.0.0.0 255.255.255.248", 7},
        {"net 10.0.0.0 mask 255.255.255.248", 7},
        {"net 10 and net 192.0", 80},
        {"src net 10/8", 80},
        {"src net 10.0.0.0.0", -9},
        {"src or dst host 10.0.0.3", 1},
        {"src and dst port 53", 0},
        {"src and dst port > 50", 100},
        {"10.0.0.3", 1},
        {"not 10.0.0.3", 99},
        {"src != 10.0.0.3 and ip", 79},
        {"ip", 80},
        {"ip6 and not ip", 20},
        {"ip proto tcp", 53},
        {"ip src host 10.0.0.3", 1},
        {"ip 10.0.0.3", 1},
        {"not tcp dst port 443", 34},
        {"tcp and dst portrange 440-450", 66},
        {"udp port domain", 34},
        {"port != 443", 34},
        {"proto != tcp", 34},
        {"proto in [tcp udp]", 100},
        {"proto icmpv6 or icmp-type 8", 0},
        {"flags 18", 66},
        {"flags 2", 0},
        {"not flags 18 and not flags 0x10", 34},
        {"flags S and not flags AFRPU", 0},
        {"flags S and not flags FRPU", 66},
        {"tcp not flags != S", 66},
        {"pps > 0 and src host 10.0.0.0", 0},
        {"flags X", 0},
        {"flags \"S\"", 66},
        {"tcp[tcpflags] & tcp-syn != 0", 66},
        {"tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn", 0},
        {"tcp[13] == 18 and ip", 53},
        {"tcp[2:2] == 80", -5},
        {"bpp >= 0", 100},
        {"src packets 5", 1},
        {"out bytes 0", 100},
        {"multicast", 0},
        {"state S0 or state attempt", 0},
        {"geo US", -1},
        {"(udp", -5},
        {"udp )", -5},
        {"src net 10.0.0.0/33", -9},
        {"duration > 5y", -12},
        {"state nowhere", -7},
        {"ja3 000102030405060708090A0b0c0d0e0f", 20},
        {"ja3 010102030405060708090a0b0c0d0e0f and ipv4", 10},
        {"ja3s 000102030405060708090a0b0c0d0e0f", 0},
        {"not ja4 t13d1516h2_8daaf6152771_e5627efa2ab1", 50},
        {"ja3 0001", -5},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        NOTE("%s", rows[i].text);
        CHECK_INT(count(rows[i].text), rows[i].want);
    }
    char deep[401] = "";
    for (size_t i = 0; i < 100; i++)
        strcat(deep, "not ");
    CHECK(count(deep) < 0);
    strcpy(deep, "");
    for (size_t i = 0; i < 20; i++) /* each takes two rooms */
        strcat(deep, "udp or any (");
    strcat(deep, "udp))))))))))))))))))))");
    CHECK(count(deep) < 0);
    CHECK_INT(count(deep + 10 * strlen("udp or any (")), -1 - (int)(10 * strlen("udp or any (") + 3 + 10));
    deep[strlen(deep) - 10] = 0;
    CHECK(count(deep + 10 * strlen("udp or any (")) >= 34);
}

/* Exporters 1 and 2 have one address, 3 another; 0 are flows of files. */
TEST(filters_of_exporters)
{
    static const struct {
        const char *text;
        int want; /* −1 − place where it is not understood */
    } rows[] = {
        {"exporter 2", 25},
        {"exporter id 2 or sysid 3", 50},
        {"exporter ip 192.0.2.1", 50},
        {"router ip 192.0.2.1", 50},
        {"exporter 192.0.2.1 and not exporter 2", 25},
        {"router ip 2001:db8::", 25},
        {"exporter net 192.0.2.0/24", 50},
        {"exporter ip 192.0.2.0/24 or exporter net 2001:db8::/32", 75},
        {"exporter ip in [192.0.2.1 2001:db8::/32]", 75},
        {"exporter ip != 192.0.2.1", 50},
        {"not router ip 192.0.2.1", 50},
        {"router ip 198.51.100.1", 0},
        {"exporter ip", -12},
        {"router ip tcp", -11},
        {"router tcp", -8},
        {"ja4 t13d1516h2", -5},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        NOTE("%s", rows[i].text);
        CHECK_INT(count(rows[i].text), rows[i].want);
    }
}
