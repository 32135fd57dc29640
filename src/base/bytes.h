/* Borrowed slices. Neither owns anything; both live as long as what they point into.
 *
 *   hn_bytes   anything, unvalidated: what came from outside
 *   hn_str     valid UTF-8 without NUL inside; made by hn_str_from_utf8(), hn_str_from_hostile() or a literal
 *
 * C strings appear only at the edges to libc and libraries. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct hn_bytes {
    const uint8_t *p;
    size_t n;
};

struct hn_str {
    const char *p;
    size_t n;
};

/* A literal as a slice; usable in static initialisers as HN_STR_INIT. */
#define HN_STR_INIT(lit)                                                                                               \
    {                                                                                                                  \
        (lit), sizeof(lit) - 1                                                                                         \
    }
#define HN_STR(lit) ((struct hn_str){(lit), sizeof(lit) - 1})
/* For printf("%.*s", HN_FMT(s)). */
#define HN_FMT(s) (int)(s).n, (const char *)(s).p

static inline struct hn_bytes hn_bytes_of(const void *p, size_t n)
{
    return (struct hn_bytes){p, n};
}

static inline struct hn_bytes hn_str_bytes(struct hn_str s)
{
    return (struct hn_bytes){(const uint8_t *)s.p, s.n};
}

/* A trusted NUL-terminated string (from our own tables or a literal). NULL gives the empty slice. */
static inline struct hn_str hn_str_c(const char *s)
{
    return (struct hn_str){s, s ? strlen(s) : 0};
}
