#include "base/map.h"

#include "base/hash.h"
#include "base/mem.h"

void hn_map_init(struct hn_map *m)
{
    *m = (struct hn_map){0};
}

void hn_map_done(struct hn_map *m)
{
    hn_free(m->slots);
    *m = (struct hn_map){0};
}

/* 0 marks an empty slot. */
uint64_t hn_map_hash(struct hn_bytes key)
{
    uint64_t h = hn_hash64(key);
    return h ? h : 1;
}

/* The slot of key, or the empty one where it belongs. cap > 0 and at least one slot is empty. */
static struct hn_map_slot *probe(const struct hn_map *m, struct hn_bytes key, uint64_t hash)
{
    size_t mask = m->cap - 1;

    for (size_t i = (size_t)hash & mask;; i = (i + 1) & mask) {
        struct hn_map_slot *s = &m->slots[i];
        if (s->hash == 0)
            return s;
        if (s->hash == hash && s->key.n == key.n && (key.n == 0 || memcmp(s->key.p, key.p, key.n) == 0))
            return s;
    }
}

static const struct hn_map_slot *lookup(const struct hn_map *m, struct hn_bytes key)
{
    if (m->cap == 0)
        return NULL;
    const struct hn_map_slot *s = probe(m, key, hn_map_hash(key));
    return s->hash ? s : NULL;
}

void *hn_map_find(const struct hn_map *m, struct hn_bytes key)
{
    const struct hn_map_slot *s = lookup(m, key);
    return s ? s->value : NULL;
}

void *hn_map_find_hashed(const struct hn_map *m, struct hn_bytes key, uint64_t hash)
{
    return m->cap ? probe(m, key, hash)->value : NULL;
}

bool hn_map_has(const struct hn_map *m, struct hn_bytes key)
{
    return lookup(m, key) != NULL;
}

static struct hn_err grow(struct hn_map *m)
{
    struct hn_map big = {.cap = m->cap ? m->cap * 2 : 16, .n = m->n};

    if (big.cap > SIZE_MAX / sizeof *big.slots)
        return (struct hn_err){HN_E_NOMEM};
    big.slots = hn_alloc_zero(big.cap * sizeof *big.slots);
    if (!big.slots)
        return (struct hn_err){HN_E_NOMEM};
    for (size_t i = 0; i < m->cap; i++) {
        if (m->slots[i].hash == 0)
            continue;
        size_t at = (size_t)m->slots[i].hash & (big.cap - 1);
        while (big.slots[at].hash) /* keys are known to differ */
            at = (at + 1) & (big.cap - 1);
        big.slots[at] = m->slots[i];
    }
    hn_free(m->slots);
    *m = big;
    return HN_OK;
}

struct hn_err hn_map_set(struct hn_map *m, struct hn_bytes key, void *value)
{
    if (m->n >= m->cap - m->cap / 4) /* at most three quarters full; also when cap is 0 */
        HN_TRY(grow(m));
    uint64_t hash = hn_map_hash(key);
    struct hn_map_slot *s = probe(m, key, hash);
    if (s->hash) { /* the first key stays: it outlives the table, the new one might be the caller's scratch */
        s->value = value;
        return HN_OK;
    }
    *s = (struct hn_map_slot){key, hash, value};
    m->n++;
    return HN_OK;
}

bool hn_map_next(const struct hn_map *m, size_t *i, struct hn_bytes *ret_key, void **ret_value)
{
    for (; *i < m->cap; (*i)++) {
        const struct hn_map_slot *s = &m->slots[*i];
        if (s->hash == 0)
            continue;
        if (ret_key)
            *ret_key = s->key;
        if (ret_value)
            *ret_value = s->value;
        (*i)++;
        return true;
    }
    return false;
}
