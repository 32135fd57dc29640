#include "format/flow/tls.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/cur.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

/* ---------------------------------------------------------------- values */

static const struct {
    const char *name;
    uint8_t at, size; /* in struct hn_flow_tls */
} prints[HN_TLS_PRINTS] = {[HN_TLS_JA3] = {"ja3", offsetof(struct hn_flow_tls, ja3), HN_TLS_MD5},
                           [HN_TLS_JA3S] = {"ja3s", offsetof(struct hn_flow_tls, ja3s), HN_TLS_MD5},
                           [HN_TLS_JA4] = {"ja4", offsetof(struct hn_flow_tls, ja4), HN_TLS_JA4N}};

const char *hn_tls_print_name(enum hn_tls_print p)
{
    return prints[p].name;
}

unsigned hn_tls_print_size(enum hn_tls_print p)
{
    return prints[p].size;
}

struct hn_bytes hn_tls_print_get(const struct hn_flow_tls *t, enum hn_tls_print p)
{
    static const uint8_t none[HN_TLS_JA4N];
    const uint8_t *at = (const uint8_t *)t + prints[p].at;
    return hn_bytes_of(at, memcmp(at, none, prints[p].size) == 0 ? 0 : prints[p].size);
}

void hn_tls_print_set(struct hn_flow_tls *t, enum hn_tls_print p, const uint8_t *octets)
{
    memcpy((uint8_t *)t + prints[p].at, octets, prints[p].size);
}

/* protocol, version, SNI, counts, ALPN; two halves of digests */
static bool is_ja4(const uint8_t t[HN_TLS_JA4N])
{
    bool ok = memchr("tqd", t[0], 3) && memchr("di", t[3], 2) && t[10] == '_' && t[23] == '_';
    for (unsigned i = 1; ok && i < HN_TLS_JA4N; i++) {
        bool count = i > 3 && i<8, digest = i> 10 && i != 23;
        ok = i == 10 || i == 23 || (count ? isdigit(t[i]) : digest ? isxdigit(t[i]) : isalnum(t[i])) != 0;
    }
    return ok;
}

bool hn_tls_print_parse(struct hn_flow_tls *t, enum hn_tls_print p, struct hn_str text)
{
    uint8_t v[HN_TLS_JA4N] = {0};
    if (p != HN_TLS_JA4) {
        if (text.n != 2 * HN_TLS_MD5 || !hn_unhex(text, v, HN_TLS_MD5))
            return false;
        hn_tls_print_set(t, p, v);
        return true;
    }
    if (text.n != HN_TLS_JA4N)
        return false;
    for (unsigned i = 0; i < HN_TLS_JA4N; i++) /* an ALPN keeps its capitals */
        v[i] = (uint8_t)(i == 8 || i == 9 ? text.p[i] : tolower((unsigned char)text.p[i]));
    if (!is_ja4(v))
        return false;
    hn_tls_print_set(t, p, v);
    return true;
}

const char *hn_tls_print_text(enum hn_tls_print p, const uint8_t *octets, char out[HN_TLS_TEXT])
{
    if (p != HN_TLS_JA4) {
        hn_hex(hn_bytes_of(octets, HN_TLS_MD5), out);
        return out;
    }
    memcpy(out, octets, HN_TLS_JA4N);
    out[HN_TLS_JA4N] = 0;
    return out;
}

/* ---------------------------------------------------------------- ClientHello (RFC 8446 clause 4.1.2, RFC 5246)
 *
 *   record:     22 | version 2 | length 2 | fragment of handshake messages
 *   message:    1 | length 3 | version 2 | random 32 | session id 1+n | ciphers 2+n | compressions 1+n
 *               | extensions 2+n, which may be missing
 *   extension:  type 2 | length 2 | …
 */

#define LIST_MAX  1024u
#define TYPE      22u
#define HELLO     1u
#define EXT_SNI   0u
#define EXT_ALPN  16u
#define EXT_SIGS  13u
#define EXT_GROUP 10u
#define EXT_POINT 11u
#define EXT_VERS  43u

struct numbers {
    uint16_t v[LIST_MAX];
    size_t n;
};

struct hello {
    uint16_t version, highest; /* as the message says; of supported_versions, 0: none */
    bool sni;
    struct hn_bytes alpn; /* the first */
    struct numbers ciphers, extensions, groups, points, signatures;
};

/* RFC 8701: 0x0a0a, 0x1a1a, … 0xfafa: sent to keep servers from choking on what they do not know. */
static bool is_grease(uint16_t v)
{
    return (v & 0x0f0f) == 0x0a0a && v >> 8 == (v & 0xff);
}

static void put(struct hn_cur *c, struct numbers *l, uint16_t v)
{
    if (is_grease(v))
        return;
    if (l->n == LIST_MAX)
        hn_cur_fail(c, "more values than any program has");
    else
        l->v[l->n++] = v;
}

static void read_numbers(struct hn_cur *c, size_t octets, struct numbers *l)
{
    struct hn_cur s = hn_cur_sub(c, octets);
    while (hn_cur_left(&s) >= 2)
        put(&s, l, hn_cur_be16(&s));
    if (hn_cur_bad(&s))
        hn_cur_fail(c, s.bad);
}

static void read_points(struct hn_cur *c, struct numbers *l)
{
    struct hn_cur s = hn_cur_sub(c, hn_cur_u8(c));
    while (hn_cur_left(&s))
        put(&s, l, hn_cur_u8(&s));
}

static void read_alpn(struct hn_cur *c, struct hello *h)
{
    struct hn_cur s = hn_cur_sub(c, hn_cur_be16(c));
    if (hn_cur_left(&s))
        h->alpn = hn_cur_take(&s, hn_cur_u8(&s));
}

static void read_versions(struct hn_cur *c, struct hello *h)
{
    struct hn_cur s = hn_cur_sub(c, hn_cur_u8(c));
    while (hn_cur_left(&s) >= 2) {
        uint16_t v = hn_cur_be16(&s);
        if (!is_grease(v) && v > h->highest)
            h->highest = v;
    }
}

static void read_extension(struct hn_cur *c, struct hello *h)
{
    uint16_t type = hn_cur_be16(c);
    struct hn_cur e = hn_cur_sub(c, hn_cur_be16(c));
    put(c, &h->extensions, type);
    h->sni = h->sni || type == EXT_SNI;
    if (type == EXT_GROUP && !h->groups.n)
        read_numbers(&e, hn_cur_be16(&e), &h->groups);
    else if (type == EXT_SIGS && !h->signatures.n)
        read_numbers(&e, hn_cur_be16(&e), &h->signatures);
    else if (type == EXT_POINT && !h->points.n)
        read_points(&e, &h->points);
    else if (type == EXT_ALPN && !h->alpn.n)
        read_alpn(&e, h);
    else if (type == EXT_VERS)
        read_versions(&e, h);
    if (hn_cur_bad(&e))
        hn_cur_fail(c, e.bad);
}

static bool read_hello(struct hn_bytes message, struct hello *h)
{
    struct hn_cur c;
    hn_cur_init(&c, message, HN_HELLO_MAX);
    h->version = hn_cur_be16(&c);
    hn_cur_skip(&c, 32);
    hn_cur_skip(&c, hn_cur_u8(&c));
    read_numbers(&c, hn_cur_be16(&c), &h->ciphers);
    hn_cur_skip(&c, hn_cur_u8(&c));
    if (hn_cur_left(&c)) {
        struct hn_cur all = hn_cur_sub(&c, hn_cur_be16(&c));
        while (hn_cur_left(&all) && hn_cur_work(&all))
            read_extension(&all, h);
        if (hn_cur_bad(&all))
            return false;
    }
    return !hn_cur_bad(&c);
}

/* ---------------------------------------------------------------- the fingerprints */

/* "4865-4866" as JA3 has them, "1301,1302" as JA4. */
static void add_numbers(struct hn_buf *b, const struct numbers *l, bool hex)
{
    for (size_t i = 0; i < l->n; i++)
        if (hex)
            hn_buf_fmt(b, i ? ",%04x" : "%04x", l->v[i]);
        else
            hn_buf_fmt(b, i ? "-%u" : "%u", l->v[i]);
}

static void make_ja3(const struct hello *h, struct hn_buf *b, struct hn_flow_tls *ret)
{
    const struct numbers *lists[] = {&h->ciphers, &h->extensions, &h->groups, &h->points};
    uint8_t digest[64];
    hn_buf_clear(b);
    hn_buf_fmt(b, "%u", h->version);
    for (size_t i = 0; i < 4; i++) {
        hn_buf_chr(b, ',');
        add_numbers(b, lists[i], false);
    }
    struct hn_digest *d = b->bad ? NULL : hn_digest_new(HN_MD5);
    if (!d)
        return;
    hn_digest_add(d, hn_bytes_of(b->p, b->n));
    hn_digest_end(d, digest);
    memcpy(ret->ja3, digest, HN_TLS_MD5);
}

static const char *version_text(uint16_t v)
{
    static const struct {
        uint16_t v;
        const char *text;
    } all[] = {{0x0304, "13"}, {0x0303, "12"}, {0x0302, "11"}, {0x0301, "10"}, {0x0300, "s3"},
               {0x0002, "s2"}, {0xfeff, "d1"}, {0xfefd, "d2"}, {0xfefc, "d3"}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].v == v)
            return all[i].text;
    return "00";
}

/* First and last character of the first protocol; where either is no letter or figure, those of its digits in hex. */
static void alpn_text(struct hn_bytes alpn, char out[3])
{
    static const char hex[] = "0123456789abcdef";
    out[0] = out[1] = '0';
    out[2] = 0;
    if (!alpn.n)
        return;
    uint8_t first = alpn.p[0], last = alpn.p[alpn.n - 1];
    bool plain = first < 0x80 && last < 0x80 && isalnum(first) && isalnum(last);
    out[0] = plain ? (char)first : hex[first >> 4];
    out[1] = plain ? (char)last : hex[last & 15];
}

static int by_value(const void *a, const void *b)
{
    uint16_t x = *(const uint16_t *)a, y = *(const uint16_t *)b;
    return x < y ? -1 : x > y;
}

/* The first twelve digits of SHA-256; zeros where there is nothing to digest. */
static void digest12(const struct hn_buf *b, bool empty, char out[13])
{
    uint8_t sum[HN_SHA256_LEN];
    memcpy(out, "000000000000", 13);
    if (empty)
        return;
    hn_sha256(hn_bytes_of(b->p, b->n), sum);
    hn_hex(hn_bytes_of(sum, 6), out);
}

/* Sorts the lists: JA3 comes first. */
static void make_ja4(struct hello *h, struct hn_buf *b, struct hn_flow_tls *ret)
{
    char alpn[3], ciphers[13], rest[13];
    size_t n_ciphers = h->ciphers.n < 99 ? h->ciphers.n : 99, n_ext = h->extensions.n < 99 ? h->extensions.n : 99,
           kept = 0;
    alpn_text(h->alpn, alpn);
    qsort(h->ciphers.v, h->ciphers.n, sizeof *h->ciphers.v, by_value);
    hn_buf_clear(b);
    add_numbers(b, &h->ciphers, true);
    digest12(b, !h->ciphers.n, ciphers);
    for (size_t i = 0; i < h->extensions.n; i++)
        if (h->extensions.v[i] != EXT_SNI && h->extensions.v[i] != EXT_ALPN)
            h->extensions.v[kept++] = h->extensions.v[i];
    h->extensions.n = kept;
    qsort(h->extensions.v, kept, sizeof *h->extensions.v, by_value);
    hn_buf_clear(b);
    add_numbers(b, &h->extensions, true);
    hn_buf_c(b, h->signatures.n ? "_" : "");
    add_numbers(b, &h->signatures, true);
    digest12(b, !kept, rest);
    hn_buf_clear(b);
    hn_buf_fmt(b, "t%s%c%02zu%02zu%s_%s_%s", version_text(h->highest ? h->highest : h->version), h->sni ? 'd' : 'i',
               n_ciphers, n_ext, alpn, ciphers, rest);
    if (!b->bad && b->n == HN_TLS_JA4N)
        memcpy(ret->ja4, b->p, HN_TLS_JA4N);
}

/* ---------------------------------------------------------------- records */

/* The fragments of handshake records one after the other, as far as they have come; false: something else comes first.
 */
static bool join_records(struct hn_bytes stream, struct hn_buf *out)
{
    struct hn_cur c;
    hn_cur_init(&c, stream, HN_HELLO_MAX);
    while (hn_cur_left(&c) >= 5) {
        uint8_t type = hn_cur_u8(&c);
        uint16_t version = hn_cur_be16(&c), n = hn_cur_be16(&c);
        if (type != TYPE || version >> 8 != 3 || !n || n > HN_HELLO_MAX)
            return out->n > 0;
        struct hn_bytes part = hn_cur_take(&c, n < hn_cur_left(&c) ? n : hn_cur_left(&c));
        hn_buf_add(out, part.p, part.n);
    }
    return !stream.n || stream.p[0] == TYPE;
}

enum hn_hello hn_tls_hello(struct hn_bytes stream, struct hn_flow_tls *ret)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    struct hello h = {.version = 0};
    hn_buf_init(&b, 4u * HN_HELLO_MAX);
    if (!join_records(stream, &b) || (b.n && b.p[0] != HELLO))
        return HN_HELLO_NONE;
    const uint8_t *p = (const uint8_t *)b.p;
    size_t n = b.n < 4 ? HN_HELLO_MAX : (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
    if (b.n < 4 || n > b.n - 4) {
        bool may = stream.n < HN_HELLO_MAX && (b.n < 4 || n < HN_HELLO_MAX);
        return may ? HN_HELLO_MORE : HN_HELLO_NONE;
    }
    *ret = (struct hn_flow_tls){{0}, {0}, {0}};
    if (!read_hello(hn_bytes_of(p + 4, n), &h))
        return HN_HELLO_NONE;
    HN_AUTO(hn_buf_done) struct hn_buf text;
    hn_buf_init(&text, 4u * HN_HELLO_MAX);
    make_ja3(&h, &text, ret);
    make_ja4(&h, &text, ret);
    return HN_HELLO_READ;
}
