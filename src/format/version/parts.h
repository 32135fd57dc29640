/* What the version orders share: ASCII classes, and numbers of any length compared without converting them. */
#pragma once

#include "base/bytes.h"

static inline bool version_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}
static inline bool version_alpha(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
static inline uint8_t version_lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}
static inline int version_sign(int x)
{
    return (x > 0) - (x < 0);
}
static inline struct hn_bytes version_from(struct hn_bytes b, size_t at)
{
    return hn_bytes_of(b.p + at, b.n - at);
}
/* Length of the run of digits (of letters) at offset at. */
static inline size_t version_digits(struct hn_bytes b, size_t at)
{
    size_t n = 0;
    while (at + n < b.n && version_digit(b.p[at + n]))
        n++;
    return n;
}
static inline size_t version_letters(struct hn_bytes b, size_t at)
{
    size_t n = 0;
    while (at + n < b.n && version_alpha(b.p[at + n]))
        n++;
    return n;
}
static inline bool version_all_digits(struct hn_bytes b)
{
    return b.n && version_digits(b, 0) == b.n;
}
/* Takes the run of digits (of letters) at *at. */
static inline struct hn_bytes version_take_digits(struct hn_bytes b, size_t *at)
{
    struct hn_bytes r = hn_bytes_of(b.p + *at, version_digits(b, *at));
    *at += r.n;
    return r;
}
static inline struct hn_bytes version_take_letters(struct hn_bytes b, size_t *at)
{
    struct hn_bytes r = hn_bytes_of(b.p + *at, version_letters(b, *at));
    *at += r.n;
    return r;
}

/* Without "v" or "V" in front of a digit. */
static inline struct hn_bytes version_without_v(struct hn_bytes b)
{
    return b.n > 1 && version_lower(b.p[0]) == 'v' && version_digit(b.p[1]) ? version_from(b, 1) : b;
}

/* Two runs of digits by value; an empty one is zero. */
int version_number_cmp(struct hn_bytes a, struct hn_bytes b);
bool version_number_zero(struct hn_bytes b);
/* Bytewise, then by length; with fold, letters without case. */
int version_text_cmp(struct hn_bytes a, struct hn_bytes b, bool fold);
/* Position of word in a NULL-terminated list, without case, or -1. */
int version_word_index(struct hn_bytes word, const char *const *list);
