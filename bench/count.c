#include "count.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"

#define ROUNDS 15

/* The only frame that callgrind collects in; its name is known to bench/run. */
__attribute__((noinline)) void count_measured(const struct count_bench *b, void *ctx);

void count_measured(const struct count_bench *b, void *ctx)
{
    b->run(ctx);
    __asm__ volatile("" : : : "memory"); /* no tail call: the frame must stay */
}

/* The yardstick: dependent multiplications and loads from a table that fits the first cache, some milliseconds. Times
 * are shown as multiples of it, which says more than seconds on a machine that nobody knows. */
static void fixed_loop(void *ctx)
{
    static uint32_t table[1024];
    uint32_t x = 1;

    for (unsigned i = 0; i < 1000000; i++) {
        x = x * 1664525 + 1013904223;
        x ^= table[x >> 22];
        table[i & 1023] = x;
    }
    *(uint32_t *)ctx += x;
}

static double best_time(void (*run)(void *), void *ctx)
{
    hn_time best = INT64_MAX;

    for (unsigned i = 0; i < ROUNDS; i++) {
        hn_time start = hn_monotonic();
        run(ctx);
        hn_time spent = hn_monotonic() - start;
        if (spent < best)
            best = spent;
    }
    return (double)best / HN_SECOND;
}

static int run_one(const struct count_bench *b, int timed)
{
    void *ctx = b->setup();
    uint32_t sink = 0;

    if (!ctx) {
        fprintf(stderr, "%s: set-up failed\n", b->name);
        return 1;
    }
    if (timed)
        printf("%.9f %.9f\n", best_time(b->run, ctx), best_time(fixed_loop, &sink));
    else
        count_measured(b, ctx);
    if (b->done)
        b->done(ctx);
    return 0;
}

int count_main(int argc, char **argv, const struct count_bench *benches, size_t n)
{
    int timed = argc > 1 && strcmp(argv[1], "-t") == 0;

    for (size_t i = 0; i < n; i++) {
        if (argc < 2)
            puts(benches[i].name);
        else if (argc > 1 + timed && strcmp(argv[1 + timed], benches[i].name) == 0)
            return run_one(&benches[i], timed);
    }
    return argc < 2 ? 0 : 2;
}
