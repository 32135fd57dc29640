/* One UTF-8 sequence (Unicode 15, table 3-7); shared by the text functions and the JSON reader. */
#pragma once

#include "base/bytes.h"

/* Length of the well-formed sequence at p (1 to 4), or 0. left > 0 bytes may be looked at. */
static inline size_t hn_utf8_seq(const uint8_t *p, size_t left)
{
    uint8_t c = p[0];

    if (c < 0x80)
        return 1;
    if (c < 0xC2) /* a continuation byte, or an overlong form of ASCII */
        return 0;
    if (c < 0xE0)
        return left >= 2 && (p[1] & 0xC0) == 0x80 ? 2 : 0;
    if (c < 0xF0) {
        if (left < 3 || (p[1] & 0xC0) != 0x80 || (p[2] & 0xC0) != 0x80)
            return 0;
        if ((c == 0xE0 && p[1] < 0xA0) || (c == 0xED && p[1] > 0x9F)) /* overlong; surrogates */
            return 0;
        return 3;
    }
    if (c > 0xF4 || left < 4 || (p[1] & 0xC0) != 0x80 || (p[2] & 0xC0) != 0x80 || (p[3] & 0xC0) != 0x80)
        return 0;
    if ((c == 0xF0 && p[1] < 0x90) || (c == 0xF4 && p[1] > 0x8F)) /* overlong; above U+10FFFF */
        return 0;
    return 4;
}

/* Writes cp (a scalar value) to out; gives the length. */
static inline size_t hn_utf8_put(uint32_t cp, char out[4])
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (char)(0xC0 | cp >> 6);
        out[1] = (char)(0x80 | (cp & 0x3F));
        return 2;
    }
    if (cp < 0x10000) {
        out[0] = (char)(0xE0 | cp >> 12);
        out[1] = (char)(0x80 | (cp >> 6 & 0x3F));
        out[2] = (char)(0x80 | (cp & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | cp >> 18);
    out[1] = (char)(0x80 | (cp >> 12 & 0x3F));
    out[2] = (char)(0x80 | (cp >> 6 & 0x3F));
    out[3] = (char)(0x80 | (cp & 0x3F));
    return 4;
}

/* The character at p, which is known to be valid; its length in *ret_n. */
static inline uint32_t hn_utf8_get(const char *s, size_t *ret_n)
{
    const uint8_t *p = (const uint8_t *)s;

    if (p[0] < 0x80) {
        *ret_n = 1;
        return p[0];
    }
    if (p[0] < 0xE0) {
        *ret_n = 2;
        return (p[0] & 0x1Fu) << 6 | (p[1] & 0x3Fu);
    }
    if (p[0] < 0xF0) {
        *ret_n = 3;
        return (p[0] & 0xFu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu);
    }
    *ret_n = 4;
    return (p[0] & 7u) << 18 | (p[1] & 0x3Fu) << 12 | (p[2] & 0x3Fu) << 6 | (p[3] & 0x3Fu);
}
