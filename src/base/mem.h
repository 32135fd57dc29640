/* All allocation goes through these, so that a test can fail the N-th one (HINOMI_FAIL_ALLOC=N in test builds). */
#pragma once

#include <stddef.h>

void *hn_alloc(size_t n);      /* uninitialised; NULL when out of memory */
void *hn_alloc_zero(size_t n); /* zeroed */
void *hn_realloc(void *p, size_t n);
void hn_free(void *p);
/* Room for one more behind the n members of `size` octets of a list, as hn_arena_more() (arena.h); the list moves. */
void *hn_more(void *list, size_t n, size_t *cap, size_t size);

/* Fails allocation number n (1 = the next) from now on in this process once; 0 never. Gives the count so far. */
unsigned long hn_alloc_fail_at(unsigned long n);
unsigned long hn_alloc_count(void);

/* __attribute__((cleanup)) helper: HN_AUTO(hn_buf_done) struct hn_buf b; the function takes a pointer to the object. */
#define HN_AUTO(fn) __attribute__((cleanup(fn)))
