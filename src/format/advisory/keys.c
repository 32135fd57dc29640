/* Keys of the tables: the hash they are sorted by, and what of a CPE name is looked up. */
#include "base/hash.h"
#include "format/advisory/layout.h"

/* ---------------------------------------------------------------- hash
 *
 * SipHash-1-3 (Aumasson and Bernstein) under a key drawn for each index: who writes an advisory cannot make names
 * collide. */

struct sip {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotl(uint64_t v, unsigned n)
{
    return v << n | v >> (64 - n);
}

static inline void sip_round(struct sip *s)
{
    s->v0 += s->v1;
    s->v1 = rotl(s->v1, 13) ^ s->v0;
    s->v0 = rotl(s->v0, 32);
    s->v2 += s->v3;
    s->v3 = rotl(s->v3, 16) ^ s->v2;
    s->v0 += s->v3;
    s->v3 = rotl(s->v3, 21) ^ s->v0;
    s->v2 += s->v1;
    s->v1 = rotl(s->v1, 17) ^ s->v2;
    s->v2 = rotl(s->v2, 32);
}

static inline void sip_word(struct sip *s, uint64_t m)
{
    s->v3 ^= m;
    sip_round(s);
    s->v0 ^= m;
}

/* a, a separator that no text holds, b; the length of both closes it. */
struct feeder {
    struct sip s;
    uint64_t word;
    unsigned n;
    size_t len;
};

static inline void feed_byte(struct feeder *f, uint8_t c)
{
    f->word |= (uint64_t)c << 8 * f->n;
    f->len++;
    if (++f->n == 8) {
        sip_word(&f->s, f->word);
        f->word = f->n = 0;
    }
}

static void feed(struct feeder *f, struct hn_str s, bool fold)
{
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = (uint8_t)s.p[i];
        feed_byte(f, fold && c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    }
}

uint64_t hn_adv_hash(const uint64_t key[2], struct hn_str a, struct hn_str b, bool fold)
{
    struct feeder f = {{key[0] ^ UINT64_C(0x736f6d6570736575), key[1] ^ UINT64_C(0x646f72616e646f6d),
                        key[0] ^ UINT64_C(0x6c7967656e657261), key[1] ^ UINT64_C(0x7465646279746573)},
                       0,
                       0,
                       0};
    feed(&f, a, fold);
    feed_byte(&f, 0);
    feed(&f, b, fold);
    sip_word(&f.s, f.word | (uint64_t)f.len << 56);
    f.s.v2 ^= 0xff;
    for (unsigned i = 0; i < 3; i++)
        sip_round(&f.s);
    return (f.s.v0 ^ f.s.v1 ^ f.s.v2 ^ f.s.v3) >> 2;
}

/* ---------------------------------------------------------------- CPE */

/* The next part of a CPE name up to an unescaped colon, decoded: "\:" (2.3, NISTIR 7695 §6.2) and %3a (2.2, §6.1). */
static bool cpe_part(struct hn_str *rest, char *out, size_t room, struct hn_str *ret)
{
    size_t n = 0, i = 0;
    for (; i < rest->n && rest->p[i] != ':'; i++) {
        char c = rest->p[i];
        if (c == '\\' && i + 1 < rest->n) {
            c = rest->p[++i];
        } else if (c == '%' && i + 2 < rest->n && hn_hex_digit(rest->p[i + 1]) >= 0 &&
                   hn_hex_digit(rest->p[i + 2]) >= 0) {
            c = (char)(hn_hex_digit(rest->p[i + 1]) << 4 | hn_hex_digit(rest->p[i + 2]));
            i += 2;
        }
        if (n == room)
            return false;
        out[n++] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    *ret = (struct hn_str){out, n};
    *rest = hn_str_cut(*rest, i < rest->n ? i + 1 : i, rest->n);
    return true;
}

static bool cpe_says(struct hn_str part)
{
    return part.n && !hn_str_eqc(part, "*") && !hn_str_eqc(part, "-");
}

bool hn_adv_cpe_parts(struct hn_str cpe, struct hn_str *ret_vendor, struct hn_str *ret_product, char *out, size_t room)
{
    struct hn_str part, rest = hn_str_cut(cpe, hn_str_starts(cpe, "cpe:2.3:") ? 8 : 5, cpe.n);
    if (!hn_str_starts(cpe, "cpe:2.3:") && !hn_str_starts(cpe, "cpe:/"))
        return false;
    if (!cpe_part(&rest, out, room, &part) || !cpe_part(&rest, out, room, ret_vendor))
        return false;
    if (!cpe_part(&rest, out + ret_vendor->n, room - ret_vendor->n, ret_product))
        return false;
    return cpe_says(*ret_vendor) && cpe_says(*ret_product);
}
