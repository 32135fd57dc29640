#include "core/password.h"

#include <stdio.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/hash.h"
#include "base/str.h"

enum { LOG_N = 15, R = 8, P = 1, SALT = 16, HASH = 32, MAX_MEM = 64 << 20 };

/* Checked against when there is no hash, so that unknown users cost the same time. Its password is unknown to
 * everybody: the hash was never one. */
static const char nobody[] = "scrypt$15$8$1$00000000000000000000000000000000$"
                             "0000000000000000000000000000000000000000000000000000000000000000";

static bool derive(struct hn_str password, const uint8_t *salt, uint8_t out[HASH])
{
    return EVP_PBE_scrypt(password.p ? password.p : "", password.n, salt, SALT, UINT64_C(1) << LOG_N, R, P, MAX_MEM,
                          out, HASH) == 1;
}

struct hn_err hn_password_hash(struct hn_str password, char out[HN_PASSWORD_TEXT])
{
    uint8_t salt[SALT], hash[HASH];
    char salt_hex[2 * SALT + 1], hash_hex[2 * HASH + 1];

    HN_TRY(hn_random(salt, sizeof salt));
    if (!derive(password, salt, hash))
        return (struct hn_err){HN_E_NOMEM};
    hn_hex(hn_bytes_of(salt, sizeof salt), salt_hex);
    hn_hex(hn_bytes_of(hash, sizeof hash), hash_hex);
    OPENSSL_cleanse(hash, sizeof hash);
    snprintf(out, HN_PASSWORD_TEXT, "scrypt$%d$%d$%d$%s$%s", LOG_N, R, P, salt_hex, hash_hex);
    return HN_OK;
}

/* Only our own parameters are accepted; a change of them needs a second branch here. */
static bool parse(struct hn_str stored, uint8_t salt[SALT], uint8_t hash[HASH])
{
    struct hn_str part;
    static const char *const fixed[] = {"scrypt", "15", "8", "1"};

    for (size_t i = 0; i < 4; i++)
        if (!hn_str_split(&stored, '$', &part) || !hn_str_eqc(part, fixed[i]))
            return false;
    return hn_str_split(&stored, '$', &part) && part.n == 2 * SALT && hn_unhex(part, salt, SALT) &&
           hn_str_split(&stored, '$', &part) && part.n == 2 * HASH && hn_unhex(part, hash, HASH) && stored.n == 0;
}

bool hn_password_check(struct hn_str password, struct hn_str stored)
{
    uint8_t salt[SALT], want[HASH], got[HASH];
    bool real = parse(stored, salt, want);

    if (!real && !parse(HN_STR(nobody), salt, want))
        return false;
    bool same = derive(password, salt, got) && CRYPTO_memcmp(want, got, HASH) == 0;
    OPENSSL_cleanse(got, sizeof got);
    return same && real;
}

struct hn_err hn_token_new(char out[HN_TOKEN_TEXT])
{
    uint8_t r[32];

    HN_TRY(hn_random(r, sizeof r));
    hn_hex(hn_bytes_of(r, sizeof r), out);
    return HN_OK;
}

void hn_token_hash(struct hn_str token, char out[HN_TOKEN_TEXT])
{
    uint8_t d[HN_SHA256_LEN];

    hn_sha256(hn_str_bytes(token), d);
    hn_hex(hn_bytes_of(d, sizeof d), out);
}

bool hn_equal_secret(struct hn_str a, struct hn_str b)
{
    return a.n == b.n && a.n > 0 && CRYPTO_memcmp(a.p, b.p, a.n) == 0;
}
