/* The cursor that every binary parser reads through. Sticky error: after the first read beyond the end every read gives
 * 0, so a parser is written straight down and asks hn_cur_bad() once per record. The one bounds comparison of the code
 * base is in hn_cur_need(). Integers are assembled from bytes; nothing is overlaid. */
#pragma once

#include "base/bytes.h"

struct hn_cur {
    const uint8_t *base;
    size_t len, off;
    uint64_t budget;  /* units of work left; loops spend from it */
    const char *bad;  /* why, or NULL */
    size_t bad_at;    /* offset of the first failure */
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
void hn_cur_fail(struct hn_cur *c, const char *why);
/* False (and failed) unless n more bytes are there. */
bool hn_cur_need(struct hn_cur *c, size_t n);
/* Spends one unit; false when the budget is used up. */
bool hn_cur_work(struct hn_cur *c);

uint8_t hn_cur_u8(struct hn_cur *c);
uint16_t hn_cur_be16(struct hn_cur *c);
uint32_t hn_cur_be32(struct hn_cur *c);
uint64_t hn_cur_be64(struct hn_cur *c);
uint16_t hn_cur_le16(struct hn_cur *c);
uint32_t hn_cur_le32(struct hn_cur *c);
uint64_t hn_cur_le64(struct hn_cur *c);
struct hn_bytes hn_cur_take(struct hn_cur *c, size_t n); /* empty on failure */
void hn_cur_skip(struct hn_cur *c, size_t n);
/* A child cursor over the next n bytes, so that a nested length cannot leave its parent. Shares no budget: the child
 * gets what is left of the parent's. */
struct hn_cur hn_cur_sub(struct hn_cur *c, size_t n);
