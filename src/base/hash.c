/* The low-level calls of OpenSSL neither allocate nor fail, unlike the EVP ones: a digest that could silently be
 * missing is not something callers should have to think of. Nor do they load the providers, which would cost each
 * process that makes one digest 1 MiB and half a millisecond. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/hash.h"

#include <errno.h>
#include <openssl/md5.h>
#include <openssl/sha.h>
#include <sys/random.h>
#include <time.h>

#include "base/mem.h"
#include "base/time.h"

void hn_sha256(struct hn_bytes b, uint8_t out[HN_SHA256_LEN])
{
    SHA256_CTX ctx;

    SHA256_Init(&ctx);
    SHA256_Update(&ctx, b.p, b.n);
    SHA256_Final(out, &ctx);
}

void hn_hex(struct hn_bytes b, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < b.n; i++) {
        *out++ = digits[b.p[i] >> 4];
        *out++ = digits[b.p[i] & 15];
    }
    *out = '\0';
}

int hn_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hn_unhex(struct hn_str s, uint8_t *out, size_t out_len)
{
    if (s.n % 2 || s.n / 2 != out_len)
        return false;
    for (size_t i = 0; i < out_len; i++) {
        int high = hn_hex_digit(s.p[2 * i]), low = hn_hex_digit(s.p[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

struct hn_digest {
    enum hn_digest_kind kind;
    union {
        MD5_CTX md5;
        SHA_CTX sha1;
        SHA256_CTX sha256;
        SHA512_CTX sha512;
    } at;
};

struct hn_digest *hn_digest_new(enum hn_digest_kind kind)
{
    struct hn_digest *d = hn_alloc(sizeof *d);

    if (!d)
        return NULL;
    d->kind = kind;
    switch (kind) {
    case HN_MD5:
        MD5_Init(&d->at.md5);
        break;
    case HN_SHA1:
        SHA1_Init(&d->at.sha1);
        break;
    case HN_SHA256:
        SHA256_Init(&d->at.sha256);
        break;
    case HN_SHA512:
        SHA512_Init(&d->at.sha512);
        break;
    }
    return d;
}

void hn_digest_add(struct hn_digest *d, struct hn_bytes b)
{
    switch (d->kind) {
    case HN_MD5:
        MD5_Update(&d->at.md5, b.p, b.n);
        break;
    case HN_SHA1:
        SHA1_Update(&d->at.sha1, b.p, b.n);
        break;
    case HN_SHA256:
        SHA256_Update(&d->at.sha256, b.p, b.n);
        break;
    case HN_SHA512:
        SHA512_Update(&d->at.sha512, b.p, b.n);
        break;
    }
}

size_t hn_digest_end(struct hn_digest *d, uint8_t out[64])
{
    size_t n = 0;

    switch (d->kind) {
    case HN_MD5:
        MD5_Final(out, &d->at.md5);
        n = MD5_DIGEST_LENGTH;
        break;
    case HN_SHA1:
        SHA1_Final(out, &d->at.sha1);
        n = SHA_DIGEST_LENGTH;
        break;
    case HN_SHA256:
        SHA256_Final(out, &d->at.sha256);
        n = SHA256_DIGEST_LENGTH;
        break;
    case HN_SHA512:
        SHA512_Final(out, &d->at.sha512);
        n = SHA512_DIGEST_LENGTH;
        break;
    }
    hn_free(d);
    return n;
}

/* ---- table hash ---- */

static uint64_t key[5];

/* Before main, so that hn_hash64() has no first-time branch. Without randomness (a kernel that has none yet) the clock
 * and the address of the stack are better than a constant. */
__attribute__((constructor)) static void key_init(void)
{
    if (getrandom(key, sizeof key, GRND_NONBLOCK) == (ssize_t)sizeof key)
        return;
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    for (size_t i = 0; i < 5; i++)
        key[i] = ((uint64_t)ts.tv_nsec << 20 ^ (uintptr_t)&ts) * (UINT64_C(0x9E3779B97F4A7C15) + 2 * i);
}

static uint64_t load64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* Both halves of the 128-bit product, folded: every input bit reaches every output bit unless a factor is zero, which
 * takes knowing the key. */
static uint64_t fold(uint64_t a, uint64_t b)
{
    unsigned __int128 m = (unsigned __int128)a * b;
    return (uint64_t)m ^ (uint64_t)(m >> 64);
}

uint64_t hn_hash64(struct hn_bytes b)
{
    const uint8_t *p = b.p;
    size_t n = b.n;
    uint64_t h = key[0], x, y;

    for (; n > 16; n -= 16, p += 16)
        h = fold(load64(p) ^ key[1], load64(p + 8) ^ h);
    if (n >= 8) { /* two words that may overlap */
        x = load64(p);
        y = load64(p + (n - 8));
    } else if (n >= 4) {
        uint32_t first, last;
        memcpy(&first, p, 4);
        memcpy(&last, p + (n - 4), 4);
        x = first;
        y = last;
    } else {
        x = n ? (uint64_t)p[0] << 16 | (uint64_t)p[n / 2] << 8 | p[n - 1] : 0;
        y = 0;
    }
    h = fold(x ^ key[2], y ^ h);
    return fold(h ^ key[3], b.n ^ key[4]);
}

/* ---- randomness and ids ---- */

struct hn_err hn_random(void *out, size_t n)
{
    uint8_t *p = out;

    while (n) {
        ssize_t got = getrandom(p, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return (struct hn_err){HN_E_IO};
        p += got;
        n -= (size_t)got;
    }
    return HN_OK;
}

static const char id_digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; /* Crockford: no I, L, O, U */

/* 48 bits of milliseconds, then 80 random bits: 26 digits of 5 bits, the first of 3, most significant first. */
struct hn_err hn_id_new(char out[HN_ID_TEXT])
{
    uint8_t b[16];
    uint64_t ms = (uint64_t)(hn_now() / (HN_SECOND / 1000));
    unsigned __int128 v = 0;

    HN_TRY(hn_random(b + 6, 10));
    for (unsigned i = 0; i < 6; i++)
        b[i] = (uint8_t)(ms >> (40 - 8 * i));
    for (unsigned i = 0; i < 16; i++)
        v = v << 8 | b[i];
    for (unsigned i = 26; i-- > 0; v >>= 5)
        out[i] = id_digits[(unsigned)v & 31];
    out[26] = '\0';
    return HN_OK;
}

bool hn_id_is(struct hn_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!s.p[i] || !strchr(id_digits, s.p[i]))
            return false;
    return s.n + 1 == HN_ID_TEXT;
}
