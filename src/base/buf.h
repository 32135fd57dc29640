/* An owned, growable byte buffer with a compulsory maximum. Failure is sticky: append freely, look at `bad` once. */
#pragma once

#include "base/bytes.h"
#include "base/err.h"

struct hn_buf {
    char *p; /* not NUL-terminated; NULL while empty */
    size_t n, cap, max;
    bool bad; /* an append was refused: over max or out of memory */
};

void hn_buf_init(struct hn_buf *b, size_t max);
void hn_buf_done(struct hn_buf *b);
void hn_buf_clear(struct hn_buf *b); /* empty again, memory kept, bad cleared */
void hn_buf_add(struct hn_buf *b, const void *p, size_t n);
void hn_buf_str(struct hn_buf *b, struct hn_str s);
void hn_buf_c(struct hn_buf *b, const char *s);
void hn_buf_fmt(struct hn_buf *b, const char *fmt, ...) HN_PRINTF(2, 3);
bool hn_buf_grow(struct hn_buf *b, size_t n); /* the rare part of hn_buf_room() */
/* Room for n more bytes at b->p + b->n, or false (then bad). The caller adds to b->n what it used. */
static inline bool hn_buf_room(struct hn_buf *b, size_t n)
{
    return __builtin_expect(!b->bad && b->p && n <= b->cap - b->n, 1) || hn_buf_grow(b, n);
}
static inline void hn_buf_chr(struct hn_buf *b, char c)
{
    if (hn_buf_room(b, 1))
        b->p[b->n++] = c;
}
void hn_buf_drop(struct hn_buf *b, size_t n); /* the first n bytes */
static inline struct hn_str hn_buf_text(const struct hn_buf *b)
{
    return (struct hn_str){b->p ? b->p : "", b->n};
}
HN_MUST struct hn_err hn_buf_err(const struct hn_buf *b);
