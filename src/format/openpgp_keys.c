/* RFC 4880 §4 (packets), §5.5.2 (keys), §6.2 (armor).
 *
 * A library checks every signature that a key has of itself while it reads it, and tells nobody how long that will
 * take: with RSA numbers of 16 384 bits, one takes 1.6 s, and a file of a megabyte has 500 of them. A useful exponent
 * is a small number, and the standards end DSA at 3 072 bits: within that, one takes milliseconds. */
#include "format/openpgp_keys.h"

#include <string.h>

#include "base/base64.h"
#include "base/cur.h"
#include "base/mem.h"
#include "base/str.h"

#define BEGIN    "-----BEGIN PGP PUBLIC KEY BLOCK-----"
#define FILE_MAX ((size_t)1 << 20)
#define KEYS_MAX 32u  /* of a file, subkeys counted */
#define SIGS_MAX 500u /* of a file */
#define WORK_MAX 100000u

enum { TAG_SIGNATURE = 2, TAG_KEY = 6, TAG_SECRET = 5, TAG_USER = 13, TAG_SUBKEY = 14, TAG_SECRET_SUBKEY = 7 };
enum { RSA = 1, RSA_SIGN = 3, DSA = 17, ECDSA = 19, EDDSA = 22, ED25519 = 27, ED448 = 28 };

/* ---------------------------------------------------------------- packets
 *
 *   old:  1 0 t t t t l l   length of 1, 2 or 4 bytes by l (3: to the end, which no key has)
 *   new:  1 1 t t t t t t   length of 1 byte to 191, of 2 to 8383, else 255 and 4 (224 to 254: in parts, likewise) */

static uint32_t new_length(struct hn_cur *c)
{
    uint32_t a = hn_cur_u8(c);
    if (a < 192)
        return a;
    if (a < 224)
        return ((a - 192) << 8) + hn_cur_u8(c) + 192;
    if (a == 255)
        return hn_cur_be32(c);
    hn_cur_fail(c, "a packet in parts");
    return 0;
}

static uint32_t old_length(struct hn_cur *c, unsigned kind)
{
    if (kind == 3)
        hn_cur_fail(c, "a packet without an end");
    return kind == 0 ? hn_cur_u8(c) : kind == 1 ? hn_cur_be16(c) : kind == 2 ? hn_cur_be32(c) : 0;
}

struct packet {
    unsigned tag;
    struct hn_bytes body;
};

static bool next_packet(struct hn_cur *c, struct packet *ret)
{
    if (!hn_cur_left(c) || !hn_cur_work(c))
        return false;
    unsigned head = hn_cur_u8(c);
    if (!(head & 0x80))
        hn_cur_fail(c, "no packet");
    ret->tag = head & 0x40 ? head & 0x3f : head >> 2 & 0x0f;
    uint32_t n = head & 0x40 ? new_length(c) : old_length(c, head & 3);
    ret->body = hn_cur_take(c, n);
    return !hn_cur_bad(c) && ret->body.n == n;
}

static void put_packet(struct hn_buf *out, const struct packet *p)
{
    uint32_t n = (uint32_t)p->body.n;
    const uint8_t head[6] = {(uint8_t)(0xc0 | p->tag), 255,       (uint8_t)(n >> 24), (uint8_t)(n >> 16),
                             (uint8_t)(n >> 8),        (uint8_t)n};
    hn_buf_add(out, head, sizeof head);
    hn_buf_add(out, p->body.p, n);
}

/* ---------------------------------------------------------------- keys
 *
 *   1 version   4 made at   1 algorithm   numbers: 2 length in bits, then so many bytes */

static bool number(struct hn_cur *c, unsigned most_bits)
{
    unsigned bits = hn_cur_be16(c);
    hn_cur_take(c, (bits + 7) / 8);
    return !hn_cur_bad(c) && bits <= most_bits;
}

static bool good_key(struct hn_bytes body)
{
    struct hn_cur c;
    hn_cur_init(&c, body, 1);
    unsigned version = hn_cur_u8(&c);
    hn_cur_be32(&c);
    unsigned algorithm = hn_cur_u8(&c);
    if (hn_cur_bad(&c) || version != 4)
        return false;
    switch (algorithm) {
    case RSA:
    case RSA_SIGN:
        return number(&c, 16384) && number(&c, 64) && !hn_cur_left(&c);
    case DSA: /* p, q, g, y */
        return number(&c, 3072) && number(&c, 512) && number(&c, 3072) && number(&c, 3072) && !hn_cur_left(&c);
    case ECDSA:
    case EDDSA:
    case ED25519:
    case ED448:
        return body.n < 512; /* a curve by name, a point on it */
    default:
        return false;
    }
}

struct counts {
    size_t primaries, keys, signatures;
    bool primary, taking; /* of the primary key and of the packet that the next ones belong to */
};

static bool wanted(struct counts *n, const struct packet *p)
{
    switch (p->tag) {
    case TAG_KEY:
    case TAG_SECRET:
        n->taking = n->primary = p->tag == TAG_KEY && n->keys < KEYS_MAX && good_key(p->body);
        n->primaries += n->primary;
        n->keys += n->primary;
        return n->primary;
    case TAG_SUBKEY:
    case TAG_SECRET_SUBKEY:
        n->taking = n->primary && p->tag == TAG_SUBKEY && n->keys < KEYS_MAX && good_key(p->body);
        n->keys += n->taking;
        return n->taking;
    case TAG_USER:
        n->taking = n->primary;
        return n->primary;
    case TAG_SIGNATURE:
        return n->taking && n->signatures++ < SIGS_MAX;
    default: /* user attributes (pictures) and their signatures, trust, padding */
        n->taking = n->taking && p->tag != 17;
        return false;
    }
}

static size_t binary(struct hn_bytes file, struct hn_buf *out)
{
    struct hn_cur c;
    struct counts n = {0};
    struct packet p;
    hn_cur_init(&c, file, WORK_MAX);
    while (next_packet(&c, &p))
        if (wanted(&n, &p))
            put_packet(out, &p);
    return hn_cur_bad(&c) ? 0 : n.primaries;
}

/* ---------------------------------------------------------------- armor
 *
 *   BEGIN, lines "Name: value", an empty line, lines in base 64, "=" and a sum (which says nothing here), END */

static bool is_line(struct hn_str line, const char *begin)
{
    return hn_str_starts(hn_str_trim(line), begin);
}

static void take_block(struct hn_str *rest, struct hn_buf *text)
{
    struct hn_str line;
    bool head = true;
    while (hn_str_split(rest, '\n', &line) && !is_line(line, "-") && !is_line(line, "="))
        if (!head)
            hn_buf_str(text, hn_str_trim(line));
        else
            head = hn_str_trim(line).n > 0;
}

static size_t armored(struct hn_bytes file, struct hn_buf *out)
{
    HN_AUTO(hn_buf_done) struct hn_buf text = {0}, all = {0};
    struct hn_str rest = {(const char *)file.p, file.n}, line;
    uint8_t *room = hn_alloc(file.n + 3);
    hn_buf_init(&text, FILE_MAX + 3);
    hn_buf_init(&all, FILE_MAX);
    while (room && hn_str_split(&rest, '\n', &line)) {
        if (!is_line(line, BEGIN))
            continue;
        hn_buf_clear(&text);
        take_block(&rest, &text);
        hn_buf_add(&all, room, hn_base64_decode(hn_buf_text(&text), room, file.n));
    }
    hn_free(room);
    return all.bad ? 0 : binary(hn_bytes_of(all.p, all.n), out);
}

size_t hn_pgp_key_packets(struct hn_bytes file, struct hn_buf *out)
{
    if (!file.n || file.n > FILE_MAX)
        return 0;
    size_t n = file.p[0] & 0x80 ? binary(file, out) : armored(file, out);
    return out->bad ? 0 : n;
}
