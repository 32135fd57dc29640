#include "base/mem.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* Relaxed loads and stores instead of an atomic increment: with several threads a count may be lost, which no test
 * depends on, and the common path stays free of locked instructions. */
static _Atomic unsigned long count;
static _Atomic unsigned long fail_at; /* absolute count, 0 = never */

#ifdef HN_TEST_HOOKS
#include <fcntl.h>
#include <unistd.h>

/* Test builds only, so that an environment variable cannot disturb the product. */
__attribute__((constructor)) static void fail_from_env(void)
{
    const char *s = getenv("HINOMI_FAIL_ALLOC");
    if (s)
        hn_alloc_fail_at(strtoul(s, NULL, 10));
}

/* Tells the torture runner that the failure was reached: it stops at the first run that leaves this file empty. */
static void fail_report(void)
{
    const char *path = getenv("HINOMI_FAIL_LOG");
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    if (fd < 0)
        return;
    (void)!write(fd, "x", 1);
    close(fd);
}
#else
static void fail_report(void)
{
}
#endif

static bool allowed(size_t size)
{
    unsigned long n = atomic_load_explicit(&count, memory_order_relaxed) + 1;

    atomic_store_explicit(&count, n, memory_order_relaxed);
    if (__builtin_expect(n != atomic_load_explicit(&fail_at, memory_order_relaxed), 1))
        return size <= PTRDIFF_MAX; /* more is a mistake of the caller's arithmetic, and no libc gives it */
    fail_report();
    return false;
}

void *hn_alloc(size_t n)
{
    return allowed(n) ? malloc(n ? n : 1) : NULL;
}

void *hn_alloc_zero(size_t n)
{
    return allowed(n) ? calloc(1, n ? n : 1) : NULL;
}

void *hn_realloc(void *p, size_t n)
{
    return allowed(n) ? realloc(p, n ? n : 1) : NULL;
}

#define FIRST_ROOM 16u

void *hn_more(void *list, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return list;
    size_t room = *cap ? 2 * *cap : FIRST_ROOM;
    void *more = room < SIZE_MAX / 2 / size ? hn_realloc(list, room * size) : NULL;
    *cap = more ? room : *cap;
    return more;
}

void hn_free(void *p)
{
    free(p);
}

unsigned long hn_alloc_fail_at(unsigned long n)
{
    unsigned long now = hn_alloc_count();

    atomic_store_explicit(&fail_at, n ? now + n : 0, memory_order_relaxed);
    return now;
}

unsigned long hn_alloc_count(void)
{
    return atomic_load_explicit(&count, memory_order_relaxed);
}
