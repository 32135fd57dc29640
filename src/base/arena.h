/* An arena: memory for one unit of work (an input, a request), freed at once, with a hard cap. */
#pragma once

#include "base/bytes.h"

struct hn_arena_block;

struct hn_arena {
    struct hn_arena_block *head;
    size_t used, cap; /* bytes handed out, most that may be */
    bool failed;      /* an allocation was refused (cap or memory); sticky until clear */
};

void hn_arena_init(struct hn_arena *a, size_t cap);
void hn_arena_done(struct hn_arena *a);
void hn_arena_clear(struct hn_arena *a); /* everything handed out is gone; keeps one block */
/* 16-byte aligned, zeroed; NULL when over the cap or out of memory. */
void *hn_arena_alloc(struct hn_arena *a, size_t n);
/* Copies; always NUL-terminated one past the end. Empty on failure (a->failed is then set). */
struct hn_str hn_arena_str(struct hn_arena *a, struct hn_str s);
struct hn_bytes hn_arena_bytes(struct hn_arena *a, struct hn_bytes b);
struct hn_str hn_arena_fmt(struct hn_arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* NUL-terminated copy for a libc call; NULL on failure. */
const char *hn_arena_cstr(struct hn_arena *a, struct hn_str s);

/* Room for one more behind the n members of `size` octets of a list: the list itself while *cap has it, else a copy
 * with twice the room, by which the arena loses less than the list takes. NULL, and nothing is changed: out of memory.
 */
void *hn_arena_more(struct hn_arena *a, void *list, size_t n, size_t *cap, size_t size);

#define HN_NEW(a, type) ((type *)hn_arena_alloc((a), sizeof(type)))
