/* Passwords: scrypt (RFC 7914) with N = 2^15, r = 8, p = 1 and a salt of its own for each. About 33 MB and 80 ms each.
 * The text kept is "scrypt$15$8$1$<salt, 32 hex>$<hash, 64 hex>". */
#pragma once

#include "base/bytes.h"
#include "base/err.h"

#define HN_PASSWORD_TEXT  128
#define HN_PASSWORD_LEAST 10 /* characters (bytes) that a new password must have */
#define HN_PASSWORD_MOST  256

HN_MUST struct hn_err hn_password_hash(struct hn_str password, char out[HN_PASSWORD_TEXT]);
/* Takes the same time whether stored is a hash, empty or damaged; constant-time comparison. */
bool hn_password_check(struct hn_str password, struct hn_str stored);

/* Tokens: 256 random bits as 64 hex characters; kept only as the hex SHA-256 of that text. */
#define HN_TOKEN_TEXT 65
HN_MUST struct hn_err hn_token_new(char out[HN_TOKEN_TEXT]);
void hn_token_hash(struct hn_str token, char out[HN_TOKEN_TEXT]);
bool hn_equal_secret(struct hn_str a, struct hn_str b); /* time depends on the lengths only */
