/* What every fuzz target shares: the entry point of libFuzzer, an exact-size copy, a check that ends the run.
 *
 * The copy has no byte to spare, so that a sanitizer sees one byte too far. A target holds no state between inputs. */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline struct hn_bytes fuzz_copy(const uint8_t *data, size_t size)
{
    uint8_t *p = malloc(size ? size : 1);

    if (!p)
        abort();
    if (size)
        memcpy(p, data, size);
    return (struct hn_bytes){p, size};
}

static inline void fuzz_free(struct hn_bytes b)
{
    free((void *)(uintptr_t)b.p);
}

/* Something that must hold for every input. */
#define FUZZ_CHECK(cond, ...)                                                                                          \
    do {                                                                                                               \
        if (!(cond)) {                                                                                                 \
            fprintf(stderr, "%s:%d: %s is false: ", __FILE__, __LINE__, #cond);                                        \
            fprintf(stderr, __VA_ARGS__);                                                                              \
            fputc('\n', stderr);                                                                                       \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)
