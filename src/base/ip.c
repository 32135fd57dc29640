#include "base/ip.h"

#include <arpa/inet.h>
#include <assert.h>

#include "base/str.h"

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF}; /* RFC 4291 §2.5.5.2 */

struct hn_ip hn_ip4(const uint8_t b[4])
{
    struct hn_ip ip = {.family = 4};

    memcpy(ip.b, b, 4);
    return ip;
}

static struct hn_ip ip6_as_is(const uint8_t b[16])
{
    struct hn_ip ip = {.family = 6};

    memcpy(ip.b, b, 16);
    return ip;
}

struct hn_ip hn_ip6(const uint8_t b[16])
{
    return memcmp(b, mapped, sizeof mapped) == 0 ? hn_ip4(b + 12) : ip6_as_is(b);
}

/* As written: an IPv4-mapped address stays IPv6. */
static bool parse_as_is(struct hn_str s, struct hn_ip *ret)
{
    char text[INET6_ADDRSTRLEN];
    uint8_t b[16];

    if (s.n == 0 || s.n >= sizeof text || memchr(s.p, 0, s.n))
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    if (inet_pton(AF_INET, text, b) == 1)
        *ret = hn_ip4(b);
    else if (inet_pton(AF_INET6, text, b) == 1)
        *ret = ip6_as_is(b);
    else
        return false;
    return true;
}

bool hn_ip_parse(struct hn_str s, struct hn_ip *ret)
{
    struct hn_ip ip;

    if (!parse_as_is(s, &ip))
        return false;
    *ret = ip.family == 6 ? hn_ip6(ip.b) : ip;
    return true;
}

static void clear_host_bits(struct hn_ip *ip, unsigned bits)
{
    for (unsigned i = 0; i < 16; i++) {
        unsigned keep = bits > 8 * i ? bits - 8 * i : 0;
        if (keep < 8)
            ip->b[i] &= (uint8_t)(0xFF00u >> keep);
    }
}

bool hn_ip_parse_prefix(struct hn_str s, struct hn_ip *ret, unsigned *ret_bits)
{
    ptrdiff_t slash = hn_str_chr(s, '/');
    struct hn_ip ip;
    uint64_t bits;

    if (!parse_as_is(slash < 0 ? s : hn_str_cut(s, 0, (size_t)slash), &ip))
        return false;
    uint64_t full = ip.family == 4 ? 32 : 128;
    if (slash < 0)
        bits = full;
    else if (!hn_str_u64(hn_str_cut(s, (size_t)slash + 1, s.n), 10, &bits) || bits > full)
        return false;
    if (ip.family == 6 && bits >= 96) {
        struct hn_ip narrow = hn_ip6(ip.b);
        if (narrow.family == 4)
            bits -= 96;
        ip = narrow;
    }
    clear_host_bits(&ip, (unsigned)bits);
    *ret = ip;
    *ret_bits = (unsigned)bits;
    return true;
}

const char *hn_ip_text(const struct hn_ip *ip, char out[HN_IP_TEXT])
{
    if (ip->family == 4)
        inet_ntop(AF_INET, ip->b, out, HN_IP_TEXT);
    else if (ip->family == 6)
        inet_ntop(AF_INET6, ip->b, out, HN_IP_TEXT);
    else
        memcpy(out, "-", 2);
    return out;
}

bool hn_ip_eq(const struct hn_ip *a, const struct hn_ip *b)
{
    size_t n = a->family == 4 ? 4 : a->family == 6 ? 16 : 0;
    return a->family == b->family && memcmp(a->b, b->b, n) == 0;
}

bool hn_ip_in(const struct hn_ip *ip, const struct hn_ip *net, unsigned bits)
{
    if (ip->family != net->family || ip->family == 0 || bits > (ip->family == 4 ? 32u : 128u))
        return false;
    if (memcmp(ip->b, net->b, bits / 8) != 0)
        return false;
    return bits % 8 == 0 || ((ip->b[bits / 8] ^ net->b[bits / 8]) & (uint8_t)(0xFF00u >> bits % 8)) == 0;
}

struct reach_row {
    uint8_t b[4], bits; /* the first bytes of the address, the rest is zero */
    enum hn_reach reach;
};

/* First match counts. Documentation prefixes (RFC 5737, RFC 3849) count as public: they stand for public addresses in
 * examples, and never occur elsewhere. */
static const struct reach_row reach4[] = {
    {{0, 0, 0, 0}, 32, HN_REACH_ANY},
    {{0, 0, 0, 0}, 8, HN_REACH_NONE}, /* "this network", RFC 6890 */
    {{127, 0, 0, 0}, 8, HN_REACH_LOOPBACK},
    {{169, 254, 0, 0}, 16, HN_REACH_LINK},
    {{10, 0, 0, 0}, 8, HN_REACH_PRIVATE},
    {{172, 16, 0, 0}, 12, HN_REACH_PRIVATE},
    {{192, 168, 0, 0}, 16, HN_REACH_PRIVATE},
    {{100, 64, 0, 0}, 10, HN_REACH_PRIVATE}, /* shared by carriers, RFC 6598 */
    {{192, 0, 0, 0}, 24, HN_REACH_PRIVATE},
    {{198, 18, 0, 0}, 15, HN_REACH_PRIVATE}, /* benchmarks, RFC 2544 */
    {{224, 0, 0, 0}, 24, HN_REACH_LINK},     /* RFC 5771 §4 */
    {{239, 0, 0, 0}, 8, HN_REACH_PRIVATE},   /* RFC 2365 */
    {{255, 255, 255, 255}, 32, HN_REACH_LINK},
    {{224, 0, 0, 0}, 4, HN_REACH_PUBLIC},
    {{240, 0, 0, 0}, 4, HN_REACH_NONE},
};

static const struct reach_row reach6[] = {
    {{0xFE, 0x80}, 10, HN_REACH_LINK},     {{0xFE, 0xC0}, 10, HN_REACH_PRIVATE}, /* site-local, deprecated by RFC 3879
                                                                                  */
    {{0xFC, 0x00}, 7, HN_REACH_PRIVATE},                                         /* RFC 4193 */
    {{0xFF, 0x01}, 16, HN_REACH_LOOPBACK},                                       /* multicast scopes, RFC 4291 §2.7 */
    {{0xFF, 0x02}, 16, HN_REACH_LINK},     {{0xFF, 0x05}, 16, HN_REACH_PRIVATE}, {{0xFF, 0x08}, 16, HN_REACH_PRIVATE},
};

static bool reach_find(const struct hn_ip *ip, const struct reach_row *rows, size_t n, enum hn_reach *ret)
{
    for (size_t i = 0; i < n; i++) {
        struct hn_ip net = {.family = ip->family};
        memcpy(net.b, rows[i].b, 4);
        if (hn_ip_in(ip, &net, rows[i].bits)) {
            *ret = rows[i].reach;
            return true;
        }
    }
    return false;
}

enum hn_reach hn_ip_reach(const struct hn_ip *ip)
{
    static const uint8_t zero[16];
    enum hn_reach r;

    if (ip->family == 4)
        return reach_find(ip, reach4, sizeof reach4 / sizeof reach4[0], &r) ? r : HN_REACH_PUBLIC;
    if (ip->family != 6)
        return HN_REACH_NONE;
    if (memcmp(ip->b, zero, 15) == 0 && ip->b[15] <= 1)
        return ip->b[15] ? HN_REACH_LOOPBACK : HN_REACH_ANY;
    return reach_find(ip, reach6, sizeof reach6 / sizeof reach6[0], &r) ? r : HN_REACH_PUBLIC;
}

const char *hn_reach_name(enum hn_reach r)
{
    static const char *const names[] = {"none", "loopback", "link-local", "private", "public", "everywhere"};

    assert((unsigned)r < sizeof names / sizeof names[0]);
    return names[r];
}
