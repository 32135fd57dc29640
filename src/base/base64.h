/* Base 64 (RFC 4648, section 4). */
#pragma once

#include "base/bytes.h"

/* Decodes s, skipping white space; "=" may be missing. Gives the number of bytes written, or 0 when s is not base 64,
 * holds nothing, or needs more than max. */
size_t hn_base64_decode(struct hn_str s, uint8_t *out, size_t max);
/* Without padding and NUL-terminated; out has room for HN_BASE64_LEN(n). */
#define HN_BASE64_LEN(n) (((n) + 2) / 3 * 4 + 1)
void hn_base64_encode(struct hn_bytes b, char *out);
