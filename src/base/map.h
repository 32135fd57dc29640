/* Hash table from borrowed strings to pointers; open addressing, keyed hash. Keys must outlive the table. */
#pragma once

#include "base/bytes.h"
#include "base/err.h"

struct hn_map_slot {
    struct hn_bytes key;
    uint64_t hash;
    void *value;
};

struct hn_map {
    struct hn_map_slot *slots; /* cap is a power of two, or 0 */
    size_t cap, n;
};

void hn_map_init(struct hn_map *m);
void hn_map_done(struct hn_map *m);
/* The value for key, or NULL. */
void *hn_map_find(const struct hn_map *m, struct hn_bytes key);
bool hn_map_has(const struct hn_map *m, struct hn_bytes key);
/* The same for a key that is looked up in several maps: it is hashed once. */
uint64_t hn_map_hash(struct hn_bytes key);
void *hn_map_find_hashed(const struct hn_map *m, struct hn_bytes key, uint64_t hash);
/* Sets or replaces. */
HN_MUST struct hn_err hn_map_set(struct hn_map *m, struct hn_bytes key, void *value);
/* Iterates: start with *i = 0; false at the end. Order is not defined. */
bool hn_map_next(const struct hn_map *m, size_t *i, struct hn_bytes *ret_key, void **ret_value);
