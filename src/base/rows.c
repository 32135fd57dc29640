#include "base/rows.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"

#define NONE  UINT32_MAX
#define FIRST 256u

static size_t slot_of(const struct hn_rows *t, uint64_t hash)
{
    size_t mask = 2 * t->cap - 1, at = hash & mask;
    while (t->slots[at] != NONE && t->hashes[t->slots[at]] != hash)
        at = (at + 1) & mask;
    return at;
}

static bool grow(struct hn_rows *t)
{
    size_t cap = t->cap ? 2 * t->cap : FIRST;
    if (cap > t->max)
        return false;
    uint32_t *slots = hn_alloc(2 * cap * sizeof *slots);
    uint64_t *hashes = slots ? hn_realloc(t->hashes, cap * sizeof *hashes) : NULL;
    t->hashes = hashes ? hashes : t->hashes;
    uint8_t *rows = hashes ? hn_realloc(t->rows, cap * t->size) : NULL;
    if (!rows) {
        hn_free(slots);
        return false;
    }
    hn_free(t->slots);
    t->rows = rows;
    t->slots = slots;
    t->cap = cap;
    memset(slots, 0xff, 2 * cap * sizeof *slots);
    for (size_t i = 0; i < t->n; i++)
        slots[slot_of(t, hashes[i])] = (uint32_t)i;
    return true;
}

void *hn_rows_find(const struct hn_rows *t, uint64_t hash)
{
    size_t at = t->cap ? slot_of(t, hash) : 0;
    return t->rows && t->slots[at] != NONE ? t->rows + t->slots[at] * t->size : NULL;
}

void *hn_rows_row(struct hn_rows *t, uint64_t hash)
{
    void *r = hn_rows_find(t, hash);
    if (r || (t->n == t->cap && !grow(t)) || !t->rows)
        return r;
    t->slots[slot_of(t, hash)] = (uint32_t)t->n;
    t->hashes[t->n] = hash;
    r = t->rows + t->n++ * t->size;
    memset(r, 0, t->size);
    return r;
}

void hn_rows_free(struct hn_rows *t)
{
    hn_free(t->rows);
    hn_free(t->hashes);
    hn_free(t->slots);
}
