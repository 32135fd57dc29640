/* The cursor that every binary parser reads through. Sticky error: after the first read beyond the end every read gives
 * 0 and nothing is left, so a parser is written straight down and asks hn_cur_bad() once per record. The one bounds
 * comparison of the code base is in hn_cur_need(). Integers are assembled from bytes; nothing is overlaid. */
#pragma once

#include "base/bytes.h"

struct hn_cur {
    const uint8_t *base;
    size_t len, off;
    uint64_t budget; /* units of work left; loops spend from it */
    const char *bad; /* why (a literal), or NULL */
    size_t bad_at;   /* offset of the first failure */
};

void hn_cur_init(struct hn_cur *c, struct hn_bytes b, uint64_t budget);

static inline size_t hn_cur_left(const struct hn_cur *c)
{
    return c->len - c->off;
}
static inline bool hn_cur_bad(const struct hn_cur *c)
{
    return c->bad != NULL;
}
/* Keeps the first reason; moves to the end. */
void hn_cur_fail(struct hn_cur *c, const char *why) __attribute__((cold));
/* False (and failed) unless n more bytes are there. */
static inline bool hn_cur_need(struct hn_cur *c, size_t n)
{
    if (__builtin_expect(n > c->len - c->off, 0)) {
        hn_cur_fail(c, "cut short");
        return false;
    }
    return true;
}
/* Spends one unit; false when the budget is used up or the cursor has failed. */
static inline bool hn_cur_work(struct hn_cur *c)
{
    if (__builtin_expect(c->budget == 0, 0)) {
        hn_cur_fail(c, "too much work");
        return false;
    }
    c->budget--;
    return !c->bad;
}

static inline uint8_t hn_cur_u8(struct hn_cur *c)
{
    return hn_cur_need(c, 1) ? c->base[c->off++] : 0;
}
static inline uint16_t hn_cur_be16(struct hn_cur *c)
{
    if (!hn_cur_need(c, 2))
        return 0;
    const uint8_t *p = c->base + c->off;
    c->off += 2;
    return (uint16_t)((unsigned)p[0] << 8 | p[1]);
}
static inline uint16_t hn_cur_le16(struct hn_cur *c)
{
    return __builtin_bswap16(hn_cur_be16(c));
}
static inline uint32_t hn_cur_be32(struct hn_cur *c)
{
    if (!hn_cur_need(c, 4))
        return 0;
    const uint8_t *p = c->base + c->off;
    c->off += 4;
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static inline uint32_t hn_cur_le32(struct hn_cur *c)
{
    return __builtin_bswap32(hn_cur_be32(c));
}
static inline uint64_t hn_cur_be64(struct hn_cur *c)
{
    if (!hn_cur_need(c, 8))
        return 0;
    uint64_t high = hn_cur_be32(c);
    return high << 32 | hn_cur_be32(c);
}
static inline uint64_t hn_cur_le64(struct hn_cur *c)
{
    return __builtin_bswap64(hn_cur_be64(c));
}
/* The next n bytes; empty on failure. */
static inline struct hn_bytes hn_cur_take(struct hn_cur *c, size_t n)
{
    if (n == 0 || !hn_cur_need(c, n))
        return (struct hn_bytes){c->base, 0};
    struct hn_bytes b = {c->base + c->off, n};
    c->off += n;
    return b;
}
static inline void hn_cur_skip(struct hn_cur *c, size_t n)
{
    if (hn_cur_need(c, n))
        c->off += n;
}
/* A child cursor over the next n bytes, so that a nested length cannot leave its parent. Shares no budget: the child
 * gets what is left of the parent's. Its offsets count from its own start. A failed parent gives a failed child. */
struct hn_cur hn_cur_sub(struct hn_cur *c, size_t n);
