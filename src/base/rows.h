/* Rows of one size, found by a keyed hash of 64 bits, which stands for their key. They stay in the order of arrival;
 * pointers to them hold until the next hn_rows_row(). */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Begin: {.size = octets of a row, .max = most rows, a power of two}. */
struct hn_rows {
    size_t size, max, n, cap;
    uint8_t *rows;
    uint64_t *hashes;
    uint32_t *slots; /* twice `cap` */
};

void *hn_rows_find(const struct hn_rows *t, uint64_t hash); /* NULL: none */
/* The row, zeroed if it is new; NULL: no room. */
void *hn_rows_row(struct hn_rows *t, uint64_t hash);
void hn_rows_free(struct hn_rows *t);
