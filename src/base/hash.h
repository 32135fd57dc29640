/* Digests (OpenSSL behind them) and the table hash (ours, keyed per process against crafted collisions). */
#pragma once

#include "base/bytes.h"
#include "base/err.h"

#define HN_SHA256_LEN 32
#define HN_HEX256_LEN 65 /* with the NUL */

void hn_sha256(struct hn_bytes b, uint8_t out[HN_SHA256_LEN]);
/* Lower-case hex, NUL-terminated; out has room for 2 n + 1. */
void hn_hex(struct hn_bytes b, char *out);
int hn_hex_digit(char c); /* 0 to 15; -1: none */
bool hn_unhex(struct hn_str s, uint8_t *out, size_t out_len);
/* Streaming. */
struct hn_digest;
enum hn_digest_kind { HN_MD5, HN_SHA1, HN_SHA256, HN_SHA512 };
struct hn_digest *hn_digest_new(enum hn_digest_kind kind); /* NULL: out of memory */
void hn_digest_add(struct hn_digest *d, struct hn_bytes b);
size_t hn_digest_end(struct hn_digest *d, uint8_t out[64]); /* frees d; gives the length */

uint64_t hn_hash64(struct hn_bytes b); /* keyed; differs between processes: never store it */
HN_MUST struct hn_err hn_random(void *out, size_t n);
/* 128 random bits as 26 characters of Crockford base 32, time-ordered: ids of assets, runs, actions. */
#define HN_ID_TEXT 27
HN_MUST struct hn_err hn_id_new(char out[HN_ID_TEXT]);
bool hn_id_is(struct hn_str s); /* has the form of one */
