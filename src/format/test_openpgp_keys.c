#include "hn_test.h"

#include "base/base64.h"
#include "format/openpgp_keys.h"

static void put(struct hn_buf *b, unsigned byte)
{
    hn_buf_chr(b, (char)byte);
}

static void put_bytes(struct hn_buf *b, size_t n)
{
    while (n--)
        put(b, 0xab);
}

static void put_number(struct hn_buf *b, unsigned bits)
{
    put(b, bits >> 8);
    put(b, bits & 255);
    put_bytes(b, (bits + 7) / 8);
}

/* New format, four bytes of length. */
static void put_packet(struct hn_buf *out, unsigned tag, const struct hn_buf *body)
{
    put(out, 0xc0 | tag);
    put(out, 255);
    for (unsigned i = 4; i-- > 0;)
        put(out, (unsigned)(body->n >> 8 * i) & 255);
    hn_buf_add(out, body->p, body->n);
}

static void put_text(struct hn_buf *out, unsigned tag, const char *text)
{
    HN_AUTO(hn_buf_done) struct hn_buf body = {0};
    hn_buf_init(&body, 1u << 20);
    hn_buf_c(&body, text);
    put_packet(out, tag, &body);
}

static void put_key(struct hn_buf *out, unsigned tag, unsigned version, unsigned algorithm, unsigned a, unsigned b)
{
    HN_AUTO(hn_buf_done) struct hn_buf body = {0};
    hn_buf_init(&body, 1u << 20);
    put(&body, version);
    put_bytes(&body, 4);
    put(&body, algorithm);
    put_number(&body, a);
    put_number(&body, b);
    for (unsigned i = 0; algorithm == 17 && i < 2; i++)
        put_number(&body, a);
    put_packet(out, tag, &body);
}

static size_t primaries(const struct hn_buf *file, struct hn_buf *out)
{
    hn_buf_clear(out);
    return hn_pgp_key_packets(hn_bytes_of(file->p, file->n), out);
}

#define BUFFERS()                                                                                                      \
    HN_AUTO(hn_buf_done) struct hn_buf in = {0}, out = {0};                                                            \
    hn_buf_init(&in, 4u << 20);                                                                                        \
    hn_buf_init(&out, 4u << 20)

TEST(what_is_good_passes_unchanged)
{
    BUFFERS();
    put_key(&in, 6, 4, 1, 4096, 17);
    put_text(&in, 13, "Maker");
    put_text(&in, 2, "a signature");
    put_key(&in, 14, 4, 17, 3072, 256);
    put_text(&in, 2, "of the subkey");
    CHECK_INT(primaries(&in, &out), 1);
    CHECK_BYTES(hn_bytes_of(out.p, out.n), hn_bytes_of(in.p, in.n));
}

TEST(what_costs_without_bound_is_left_out)
{
    static const struct {
        unsigned version, algorithm, a, b;
    } rows[] = {{4, 1, 16384, 16384}, {4, 1, 2048, 65},  {4, 1, 16392, 17}, {4, 17, 4096, 256},
                {4, 17, 2048, 1024},  {4, 16, 2048, 17}, {4, 2, 2048, 17},  {4, 18, 256, 17},
                {3, 1, 2048, 17},     {6, 1, 2048, 17},  {4, 99, 2048, 17}, {4, 19, 8192, 17}};
    BUFFERS();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        NOTE("row %zu", i);
        hn_buf_clear(&in);
        put_key(&in, 6, rows[i].version, rows[i].algorithm, rows[i].a, rows[i].b);
        put_text(&in, 13, "x");
        put_text(&in, 2, "x");
        CHECK_INT(primaries(&in, &out), 0);
        CHECK_INT(out.n, 0); /* nor what belongs to it */
    }
    hn_buf_clear(&in);
    put_key(&in, 6, 4, 1, 2048, 17);
    size_t end = in.n;
    put_key(&in, 14, 4, 1, 2048, 2048); /* a subkey, with what belongs to it */
    put_text(&in, 2, "x");
    put_text(&in, 17, "a picture");
    put_text(&in, 2, "of the picture");
    put_key(&in, 5, 4, 1, 2048, 17); /* a secret key */
    put_text(&in, 13, "x");
    put_text(&in, 2, "x");
    CHECK_INT(primaries(&in, &out), 1);
    CHECK_INT(out.n, end);
}

TEST(numbers_are_bounded)
{
    BUFFERS();
    for (unsigned i = 0; i < 100; i++)
        put_key(&in, 6, 4, 22, 256, 17);
    CHECK_INT(primaries(&in, &out), 32);
    hn_buf_clear(&in);
    put_key(&in, 6, 4, 22, 256, 17);
    size_t one = in.n;
    for (unsigned i = 0; i < 5000; i++)
        put_text(&in, 2, "x");
    CHECK_INT(primaries(&in, &out), 1);
    CHECK_INT(out.n, one + 500u * 7u);
}

TEST(framing_that_no_key_has_is_no_file_of_keys)
{
    static const uint8_t parts[] = {0xc6, 0xe1, 1, 2}, endless[] = {0x9b, 4, 0, 0, 0, 0, 22}, none[] = {0x80 | 0x40},
                         big[] = {0xc6, 255, 255, 255, 255, 255, 4}, old[] = {0x98, 7, 4, 0, 0, 0, 0, 22, 0};
    BUFFERS();
    CHECK_INT(hn_pgp_key_packets(hn_bytes_of(parts, sizeof parts), &out), 0);
    CHECK_INT(hn_pgp_key_packets(hn_bytes_of(endless, sizeof endless), &out), 0);
    CHECK_INT(hn_pgp_key_packets(hn_bytes_of(none, sizeof none), &out), 0);
    CHECK_INT(hn_pgp_key_packets(hn_bytes_of(big, sizeof big), &out), 0);
    CHECK_INT(hn_pgp_key_packets(hn_bytes_of("", 0), &out), 0);
    CHECK_INT(hn_pgp_key_packets(hn_bytes_of(old, sizeof old), &out), 1);
    put_key(&in, 6, 4, 1, 2048, 17);
    for (size_t n = 0; n < in.n; n++) {
        hn_buf_clear(&out);
        CHECK_INT(hn_pgp_key_packets(hn_bytes_of(in.p, n), &out), 0);
    }
}

TEST(armor_of_several_blocks)
{
    BUFFERS();
    HN_AUTO(hn_buf_done) struct hn_buf text = {0};
    char base64[2000];
    hn_buf_init(&text, 1u << 20);
    put_key(&in, 6, 4, 22, 256, 17);
    hn_base64_encode(hn_bytes_of(in.p, in.n), base64);
    for (unsigned i = 0; i < 3; i++)
        hn_buf_fmt(&text,
                   "words\r\n-----BEGIN PGP PUBLIC KEY BLOCK-----\r\nComment: x\r\n\r\n%.20s\r\n%s\r\n=abcd\r\n"
                   "-----END PGP PUBLIC KEY BLOCK-----\r\n",
                   base64, base64 + 20);
    CHECK_INT(primaries(&text, &out), 3);
    CHECK_INT(out.n, 3 * in.n);
    for (size_t n = 0; n < text.n; n++) {
        hn_buf_clear(&out);
        CHECK(hn_pgp_key_packets(hn_bytes_of(text.p, n), &out) <= 3);
    }
}
