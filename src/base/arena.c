#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif

/* Under AddressSanitizer what is not handed out is poisoned, with a gap between neighbours, so that one byte too far is
 * seen here as it would be with malloc. */
#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(p, n)   ASAN_POISON_MEMORY_REGION(p, n)
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#define GAP            ((size_t)16)
#else
#define POISON(p, n)   ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#define GAP            ((size_t)0)
#endif

#define ALIGN       ((size_t)16)
#define FIRST_BLOCK ((size_t)4096)
#define MOST_BLOCK  ((size_t)1 << 20)

struct hn_arena_block {
    struct hn_arena_block *next;
    size_t size, off; /* of data */
    _Alignas(16) uint8_t data[];
};

void hn_arena_init(struct hn_arena *a, size_t cap)
{
    *a = (struct hn_arena){.cap = cap};
}

static void free_from(struct hn_arena_block *b)
{
    while (b) {
        struct hn_arena_block *next = b->next;
        UNPOISON(b->data, b->size);
        hn_free(b);
        b = next;
    }
}

void hn_arena_done(struct hn_arena *a)
{
    free_from(a->head);
    *a = (struct hn_arena){.cap = a->cap};
}

void hn_arena_clear(struct hn_arena *a)
{
    if (a->head) {
        free_from(a->head->next);
        a->head->next = NULL;
        a->head->off = 0;
        POISON(a->head->data, a->head->size);
    }
    a->used = 0;
    a->failed = false;
}

/* A block with room for n bytes. Blocks double; something large gets a block of its own behind the head, so that the
 * room left in the head is not lost. */
static struct hn_arena_block *block_add(struct hn_arena *a, size_t n)
{
    size_t size = a->head ? a->head->size : FIRST_BLOCK / 2;

    size = size < MOST_BLOCK ? size * 2 : MOST_BLOCK;
    if (size > a->cap + GAP) /* a small cap needs no large block */
        size = (a->cap + GAP + ALIGN - 1) & ~(ALIGN - 1);
    bool own = n > size / 2;
    if (own)
        size = n;
    struct hn_arena_block *b = hn_alloc(sizeof *b + size);
    if (!b)
        return NULL;
    *b = (struct hn_arena_block){.size = size};
    POISON(b->data, size);
    if (own && a->head) {
        b->next = a->head->next;
        a->head->next = b;
    } else {
        b->next = a->head;
        a->head = b;
    }
    return b;
}

void *hn_arena_alloc(struct hn_arena *a, size_t n)
{
    /* Rounded up before it is counted: many tiny pieces cannot take more memory than the cap says. */
    size_t take = n ? (n + ALIGN - 1) & ~(ALIGN - 1) : ALIGN;

    if (take < n || take > a->cap - a->used || take > PTRDIFF_MAX / 2) { /* far below where sums would wrap */
        a->failed = true;
        return NULL;
    }
    struct hn_arena_block *b = a->head;
    if (!b || take + GAP > b->size - b->off)
        b = block_add(a, take + GAP);
    if (!b) {
        a->failed = true;
        return NULL;
    }
    uint8_t *p = b->data + b->off;
    b->off += take + GAP;
    a->used += take;
    UNPOISON(p, n);
    memset(p, 0, n);
    return p;
}

#define FIRST_ROOM 16u

void *hn_arena_more(struct hn_arena *a, void *list, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return list;
    size_t room = *cap ? 2 * *cap : FIRST_ROOM;
    void *more = room < SIZE_MAX / 2 / size ? hn_arena_alloc(a, room * size) : NULL;
    if (!more)
        return NULL;
    if (n)
        memcpy(more, list, n * size);
    *cap = room;
    return more;
}

static char *copy(struct hn_arena *a, const void *p, size_t n)
{
    char *c = n < SIZE_MAX ? hn_arena_alloc(a, n + 1) : NULL;

    if (c && n)
        memcpy(c, p, n);
    return c;
}

struct hn_str hn_arena_str(struct hn_arena *a, struct hn_str s)
{
    char *c = copy(a, s.p, s.n);
    return c ? (struct hn_str){c, s.n} : HN_STR("");
}

struct hn_bytes hn_arena_bytes(struct hn_arena *a, struct hn_bytes b)
{
    char *c = copy(a, b.p, b.n);
    return c ? hn_bytes_of(c, b.n) : hn_bytes_of("", 0);
}

const char *hn_arena_cstr(struct hn_arena *a, struct hn_str s)
{
    return copy(a, s.p, s.n);
}

struct hn_str hn_arena_fmt(struct hn_arena *a, const char *fmt, ...)
{
    char small[512]; /* nearly all: laid out once, not measured first */
    va_list ap, again;

    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(small, sizeof small, fmt, ap);
    va_end(ap);
    char *c = n < 0 ? NULL : hn_arena_alloc(a, (size_t)n + 1);
    if (c && (size_t)n < sizeof small)
        memcpy(c, small, (size_t)n + 1);
    else if (c)
        vsnprintf(c, (size_t)n + 1, fmt, again);
    else
        a->failed = true;
    va_end(again);
    return c ? (struct hn_str){c, (size_t)n} : HN_STR("");
}
