/* Fingerprints of TLS: known answers of the specifications, hellos in pieces, and hellos that are none. */
#include "format/flow/hello.h"

#include "base/buf.h"
#include "base/hash.h"
#include "base/str.h"
#include "hn_test.h"

static void put16(struct hn_buf *b, unsigned v)
{
    hn_buf_chr(b, (char)(v >> 8));
    hn_buf_chr(b, (char)v);
}

static void put_list(struct hn_buf *b, const uint16_t *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put16(b, v[i]);
}

struct shape {
    unsigned version;
    const uint16_t *ciphers, *extensions, *groups, *signatures, *versions;
    size_t n_ciphers, n_extensions, n_groups, n_signatures, n_versions;
    struct hn_bytes alpn;
    bool no_points, records_of_100;
};

static void put_extension(struct hn_buf *b, const struct shape *s, unsigned type)
{
    struct hn_buf e;
    hn_buf_init(&e, 4096);
    if (type == 10 || type == 13) {
        size_t n = type == 10 ? s->n_groups : s->n_signatures;
        put16(&e, (unsigned)(2 * n));
        put_list(&e, type == 10 ? s->groups : s->signatures, n);
    } else if (type == 11) {
        hn_buf_add(&e, "\1\0", 2);
    } else if (type == 16) {
        put16(&e, (unsigned)s->alpn.n + 1);
        hn_buf_chr(&e, (char)s->alpn.n);
        hn_buf_add(&e, s->alpn.p, s->alpn.n);
    } else if (type == 43) {
        hn_buf_chr(&e, (char)(2 * s->n_versions));
        put_list(&e, s->versions, s->n_versions);
    } else if (type == 0) {
        hn_buf_add(&e,
                   "\0\x0e\0\0\x0b"
                   "example.org",
                   16);
    }
    put16(b, type);
    put16(b, (unsigned)e.n);
    hn_buf_add(b, e.p, e.n);
    hn_buf_done(&e);
}

/* The bytes of a ClientHello of that shape, in one record or in records of 100 octets. */
static void put_hello(struct hn_buf *out, const struct shape *s)
{
    struct hn_buf m, x;
    hn_buf_init(&m, 65536);
    hn_buf_init(&x, 65536);
    for (size_t i = 0; i < s->n_extensions; i++)
        put_extension(&x, s, s->extensions[i]);
    put16(&m, s->version);
    for (unsigned i = 0; i < 32; i++)
        hn_buf_chr(&m, (char)i);
    hn_buf_add(&m, "\2ab", 3); /* session id */
    put16(&m, (unsigned)(2 * s->n_ciphers));
    put_list(&m, s->ciphers, s->n_ciphers);
    hn_buf_add(&m, "\1\0", 2);
    if (s->n_extensions) {
        put16(&m, (unsigned)x.n);
        hn_buf_add(&m, x.p, x.n);
    }
    struct hn_buf h;
    hn_buf_init(&h, 65536);
    hn_buf_add(&h, "\1\0", 2);
    put16(&h, (unsigned)m.n);
    hn_buf_add(&h, m.p, m.n);
    size_t most = s->records_of_100 ? 100 : 16000;
    for (size_t at = 0; at < h.n; at += most) {
        size_t n = h.n - at < most ? h.n - at : most;
        hn_buf_add(out, "\x16\3\1", 3);
        put16(out, (unsigned)n);
        hn_buf_add(out, h.p + at, n);
    }
    hn_buf_done(&h);
    hn_buf_done(&m);
    hn_buf_done(&x);
}

/* Of the example of technical_details/JA4.md, with GREASE added in every list. */
static const uint16_t ciphers[] = {0x2a2a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030,
                                   0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035};
static const uint16_t extensions[] = {0x8a8a, 0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d,
                                      0x0005, 0x0023, 0x0012, 0x002b, 0xff01, 0x000b, 0x000a, 0x0015};
static const uint16_t signatures[] = {0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601};
static const uint16_t groups[] = {0xfafa, 0x001d, 0x0017, 0x0018};
static const uint16_t versions[] = {0x7a7a, 0x0304, 0x0303};

static struct shape example(void)
{
    return (struct shape){.version = 0x0303,
                          .ciphers = ciphers,
                          .n_ciphers = 16,
                          .extensions = extensions,
                          .n_extensions = 17,
                          .groups = groups,
                          .n_groups = 4,
                          .signatures = signatures,
                          .n_signatures = 8,
                          .versions = versions,
                          .n_versions = 3,
                          .alpn = hn_bytes_of("h2", 2)};
}

static void read_one(const struct shape *s, struct hn_flow_tls *ret)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    hn_buf_init(&b, 65536);
    put_hello(&b, s);
    CHECK_INT(hn_tls_hello(hn_bytes_of(b.p, b.n), ret), HN_HELLO_READ);
    for (size_t n = 0; n < b.n; n++) { /* every beginning of it asks for more */
        struct hn_flow_tls none;
        CHECK_INT(hn_tls_hello(hn_bytes_of(b.p, n), &none), HN_HELLO_MORE);
    }
}

static void check(const struct hn_flow_tls *t, enum hn_tls_print p, const char *want)
{
    char text[HN_TLS_TEXT] = "";
    struct hn_bytes v = hn_tls_print_get(t, p);
    if (v.n)
        hn_tls_print_text(p, v.p, text);
    CHECK_STR(hn_str_c(text), hn_str_c(want));
}

TEST(ja4_of_the_specification)
{
    struct shape s = example();
    struct hn_flow_tls t;
    read_one(&s, &t);
    check(&t, HN_TLS_JA4, "t13d1516h2_8daaf6152771_e5627efa2ab1");
    check(&t, HN_TLS_JA3S, "");
    s.records_of_100 = true;
    read_one(&s, &t);
    check(&t, HN_TLS_JA4, "t13d1516h2_8daaf6152771_e5627efa2ab1");
    /* no signature algorithms: no underscore */
    s.n_signatures = 0;
    read_one(&s, &t);
    check(&t, HN_TLS_JA4, "t13d1516h2_8daaf6152771_6d807ffa2a79");
    /* without supported_versions the version of the message; without SNI "i"; without ALPN "00" */
    static const uint16_t few[] = {0x000d, 0x000a, 0x000b};
    s.extensions = few;
    s.n_extensions = 3;
    s.n_signatures = 8;
    read_one(&s, &t);
    CHECK(memcmp(t.ja4, "t12i150300_8daaf6152771_", 24) == 0);
    s.n_ciphers = s.n_extensions = 0;
    s.version = 0x0301;
    read_one(&s, &t);
    check(&t, HN_TLS_JA4, "t10i000000_000000000000_000000000000");
}

TEST(ja4_of_protocols_that_are_no_text)
{
    static const struct {
        const char *alpn;
        size_t n;
        const char *want;
    } rows[] = {{"\xab", 1, "ab"},
                {"\x20", 1, "20"},
                {"\xab\xcd", 2, "ad"},
                {"\x20\x61", 2, "21"},
                {"\x30\xab", 2, "3b"},
                {"\x61\x20", 2, "60"},
                {"01\xab\xcd", 4, "3d"},
                {"0\xab\xcd"
                 "1",
                 4, "01"},
                {"http/1.1", 8, "h1"},
                {"h", 1, "hh"},
                {"", 0, "00"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct shape s = example();
        s.alpn = hn_bytes_of(rows[i].alpn, rows[i].n);
        struct hn_flow_tls t;
        read_one(&s, &t);
        NOTE("%zu", i);
        CHECK(memcmp(t.ja4 + 8, rows[i].want, 2) == 0);
    }
}

TEST(ja3_of_the_specification)
{
    /* the two examples of salesforce/ja3 */
    static const uint16_t first[] = {47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4}, ext[] = {0, 10, 11},
                          curves[] = {23, 24, 25}, second[] = {4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99};
    struct shape s = {.version = 769,
                      .ciphers = first,
                      .n_ciphers = 12,
                      .extensions = ext,
                      .n_extensions = 3,
                      .groups = curves,
                      .n_groups = 3};
    struct hn_flow_tls t;
    read_one(&s, &t);
    check(&t, HN_TLS_JA3, "ada70206e40642a3e4461f35503241d5");
    s = (struct shape){.version = 769, .ciphers = second, .n_ciphers = 11};
    read_one(&s, &t);
    check(&t, HN_TLS_JA3, "de350869b8c85de67a350c8d186f11e6");
}

TEST(ja3_leaves_grease_out)
{
    struct shape s = example(), plain = s;
    plain.ciphers++;
    plain.n_ciphers--;
    plain.extensions++;
    plain.n_extensions--;
    plain.groups++;
    plain.n_groups--;
    struct hn_flow_tls with, without;
    read_one(&s, &with);
    read_one(&plain, &without);
    CHECK(memcmp(with.ja3, without.ja3, sizeof with.ja3) == 0);
    CHECK(memcmp(with.ja4, without.ja4, sizeof with.ja4) == 0);
}

TEST(what_is_no_hello)
{
    static const struct {
        const char *b;
        size_t n;
        enum hn_hello want;
    } rows[] = {{"GET / HTTP/1.1\r\n", 16, HN_HELLO_NONE},
                {"\x16\3\1\0\5\2\0\0\1\0", 10, HN_HELLO_NONE}, /* a ServerHello */
                {"\x17\3\3\0\5hello", 10, HN_HELLO_NONE},
                {"\x16\2\0\0\5\1\0\0\1\0", 10, HN_HELLO_NONE},
                {"\x16\3\1\0\0\x16\3\1\0\0", 10, HN_HELLO_NONE},
                {"\x16\3\1\0\4\1\0\0\0", 9, HN_HELLO_NONE}, /* empty */
                {"\x16\3\1\0\4\1\xff\xff\xff", 9, HN_HELLO_NONE},
                {"\x16\3\1\0\7\1\0\0\3\3\3\0", 12, HN_HELLO_NONE},
                {"", 0, HN_HELLO_MORE}};
    struct hn_flow_tls t;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        NOTE("%zu", i);
        CHECK_INT(hn_tls_hello(hn_bytes_of(rows[i].b, rows[i].n), &t), rows[i].want);
    }
    /* lists that are longer than their extension; more values than are kept */
    struct shape s = example();
    static uint16_t many[1100];
    for (size_t i = 0; i < 1100; i++)
        many[i] = (uint16_t)(i + 1);
    s.ciphers = many;
    s.n_ciphers = 1100;
    HN_AUTO(hn_buf_done) struct hn_buf b;
    hn_buf_init(&b, 65536);
    put_hello(&b, &s);
    CHECK_INT(hn_tls_hello(hn_bytes_of(b.p, b.n), &t), HN_HELLO_NONE);
}

TEST(values_as_people_write_them)
{
    struct hn_flow_tls t = {{0}, {0}, {0}};
    CHECK(hn_tls_print_parse(&t, HN_TLS_JA3, HN_STR("DE350869b8c85de67a350c8d186f11e6")));
    check(&t, HN_TLS_JA3, "de350869b8c85de67a350c8d186f11e6");
    CHECK(hn_tls_print_parse(&t, HN_TLS_JA4, HN_STR("q13D1516h2_8DAAF6152771_e5627efa2ab1")));
    check(&t, HN_TLS_JA4, "q13d1516h2_8daaf6152771_e5627efa2ab1");
    static const char *const bad[] = {"t13d1516h2_8daaf6152771_e5627efa2ab",  "x13d1516h2_8daaf6152771_e5627efa2ab1",
                                      "t13d1516h2-8daaf6152771_e5627efa2ab1", "t13d1516h2_8daaf615277g_e5627efa2ab1",
                                      "t13e1516h2_8daaf6152771_e5627efa2ab1", "",
                                      "de350869b8c85de67a350c8d186f11e6"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(!hn_tls_print_parse(&t, HN_TLS_JA4, hn_str_c(bad[i])));
    CHECK(!hn_tls_print_parse(&t, HN_TLS_JA3, HN_STR("de350869b8c85de67a350c8d186f11e")));
    CHECK(!hn_tls_print_parse(&t, HN_TLS_JA3, HN_STR("ge350869b8c85de67a350c8d186f11e6")));
}

/* ---------------------------------------------------------------- segments */

static bool feed(struct hn_hellos *t, struct hn_hello_of *h, const struct hn_buf *b, size_t from, size_t to,
                 struct hn_flow_tls *ret)
{
    return hn_hello_add(t, h, (uint32_t)(0xffffff00u + from), hn_bytes_of(b->p + from, to - from), ret);
}

static void release(struct hn_hellos **t)
{
    hn_hellos_free(*t);
}

TEST(hellos_in_segments_of_any_order)
{
    HN_AUTO(release) struct hn_hellos *t = hn_hellos_new();
    HN_AUTO(hn_buf_done) struct hn_buf b;
    struct hn_flow_tls tls;
    struct shape s = example();
    hn_buf_init(&b, 65536);
    put_hello(&b, &s);
    CHECK(t != NULL && b.n > 200); /* else memory ended */
    struct hn_hello_of h = {.base = 0};
    hn_hello_begins(&h, 0xfffffeffu); /* numbers go round within the hello */
    CHECK(!feed(t, &h, &b, 120, b.n, &tls));
    CHECK(!feed(t, &h, &b, 0, 50, &tls));
    CHECK(!feed(t, &h, &b, 0, 50, &tls)); /* once more */
    CHECK(feed(t, &h, &b, 40, 130, &tls));
    check(&tls, HN_TLS_JA4, "t13d1516h2_8daaf6152771_e5627efa2ab1");
    CHECK(h.ended && !feed(t, &h, &b, 0, b.n, &tls));

    h = (struct hn_hello_of){.base = 0}; /* without its SYN: the first octets must be a hello's */
    CHECK(!hn_hello_add(t, &h, 7, hn_bytes_of(b.p + 5, 60), &tls) && h.ended);
    h = (struct hn_hello_of){.base = 0};
    CHECK(hn_hello_add(t, &h, 7, hn_bytes_of(b.p, b.n), &tls));

    struct hn_hello_of first = {.base = 0}, other[600]; /* the pool is finite: the first gives way */
    CHECK(!feed(t, &first, &b, 0, 50, &tls) && first.waits);
    for (size_t i = 0; i < 600; i++) {
        other[i] = (struct hn_hello_of){.base = 0};
        CHECK(!feed(t, &other[i], &b, 0, 50, &tls));
    }
    CHECK(!feed(t, &first, &b, 50, b.n, &tls) && first.ended);
    CHECK(feed(t, &other[599], &b, 50, b.n, &tls));

    struct hn_hello_of holes = {.base = 0}; /* more holes than are kept */
    hn_hello_begins(&holes, 0xfffffeffu);
    for (size_t i = 1; i < 20; i += 2)
        CHECK(!feed(t, &holes, &b, 10 * i, 10 * i + 5, &tls));
    CHECK(holes.ended);
}
