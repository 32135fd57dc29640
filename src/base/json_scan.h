/* Searching JSON text for the few bytes that matter, sixteen (SSE2) or eight at a time. */
#pragma once

#include "base/bytes.h"

#if defined(__SSE2__) && !defined(HN_NO_SIMD)
#include <emmintrin.h>
#define HN_SCAN_BLOCK 16

static inline __m128i hn_scan_load(const uint8_t *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}
static inline __m128i hn_scan_is(__m128i v, char c)
{
    return _mm_cmpeq_epi8(v, _mm_set1_epi8(c));
}
#endif

static inline bool hn_scan_ws(uint8_t c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Offset of the first byte at or after off that is not white space. */
static inline size_t hn_scan_skip_ws(const uint8_t *p, size_t off, size_t len)
{
    /* Mostly none or one blank, else a line end with its indentation. */
    if (off == len || !hn_scan_ws(p[off]))
        return off;
    off++;
    if (off == len || !hn_scan_ws(p[off]))
        return off;
#ifdef HN_SCAN_BLOCK
    for (; len - off >= HN_SCAN_BLOCK; off += HN_SCAN_BLOCK) {
        __m128i v = hn_scan_load(p + off);
        __m128i ws = _mm_or_si128(_mm_or_si128(hn_scan_is(v, ' '), hn_scan_is(v, '\n')),
                                  _mm_or_si128(hn_scan_is(v, '\r'), hn_scan_is(v, '\t')));
        unsigned other = ~(unsigned)_mm_movemask_epi8(ws) & 0xFFFF;
        if (other)
            return off + (unsigned)__builtin_ctz(other);
    }
#endif
    while (off < len && hn_scan_ws(p[off]))
        off++;
    return off;
}

/* Offset of the first byte at or after off that a reader must look at: quote, backslash, control or beyond ASCII. */
static inline size_t hn_scan_plain(const uint8_t *p, size_t off, size_t len)
{
#ifdef HN_SCAN_BLOCK
    for (; len - off >= HN_SCAN_BLOCK; off += HN_SCAN_BLOCK) {
        __m128i v = hn_scan_load(p + off);
        /* As signed numbers, everything below 0x20 is a control character or beyond ASCII. */
        __m128i special =
            _mm_or_si128(_mm_cmplt_epi8(v, _mm_set1_epi8(0x20)), _mm_or_si128(hn_scan_is(v, '"'), hn_scan_is(v, '\\')));
        unsigned mask = (unsigned)_mm_movemask_epi8(special);
        if (mask)
            return off + (unsigned)__builtin_ctz(mask);
    }
#else
    for (; len - off >= 8; off += 8) {
        /* Eight bytes in one word. A borrow can only mark a byte above one that is marked rightly. */
        const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;
        uint64_t v, quote, slash;
        memcpy(&v, p + off, 8);
        quote = v ^ ones * '"';
        slash = v ^ ones * '\\';
        if ((v | (v - ones * 0x20) | (quote - ones) | (slash - ones)) & high)
            break;
    }
#endif
    while (off < len && p[off] >= 0x20 && p[off] < 0x80 && p[off] != '"' && p[off] != '\\')
        off++;
    return off;
}

/* Offset of the first byte at or after off that a writer escapes: quote, backslash, control or DEL. */
static inline size_t hn_scan_unescaped(const uint8_t *p, size_t off, size_t len)
{
#ifdef HN_SCAN_BLOCK
    for (; len - off >= HN_SCAN_BLOCK; off += HN_SCAN_BLOCK) {
        __m128i v = hn_scan_load(p + off);
        __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1F)), v); /* unsigned v <= 0x1F */
        __m128i special = _mm_or_si128(_mm_or_si128(control, hn_scan_is(v, 0x7F)),
                                       _mm_or_si128(hn_scan_is(v, '"'), hn_scan_is(v, '\\')));
        unsigned mask = (unsigned)_mm_movemask_epi8(special);
        if (mask)
            return off + (unsigned)__builtin_ctz(mask);
    }
#endif
    for (; len - off >= 8; off += 8) { /* the strings of most documents are shorter than a block */
        const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;
        uint64_t v, quote, slash, del;
        memcpy(&v, p + off, 8);
        quote = v ^ ones * '"';
        slash = v ^ ones * '\\';
        del = v ^ ones * 0x7F;
        if ((((v - ones * 0x20) & ~v) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash) | ((del - ones) & ~del)) &
            high)
            break;
    }
    while (off < len && p[off] >= 0x20 && p[off] != 0x7F && p[off] != '"' && p[off] != '\\')
        off++;
    return off;
}
