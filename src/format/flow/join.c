#include "format/flow/join.h"

#include "base/hash.h"
#include "base/mem.h"

#define NONE UINT32_MAX

/* Rows found by a keyed hash of 64 bits, which stands for the key. */
struct table {
    uint64_t *hashes;
    uint32_t *slots; /* twice `cap` */
    size_t n, cap;
};

struct hn_flow_joins {
    struct table uids, sets;
    uint32_t *set_of; /* of a connection */
    struct hn_flow_tls *all;
    uint64_t forgotten;
};

static size_t slot_of(const struct table *t, uint64_t hash)
{
    size_t mask = 2 * t->cap - 1, at = hash & mask;
    while (t->slots[at] != NONE && t->hashes[t->slots[at]] != hash)
        at = (at + 1) & mask;
    return at;
}

/* rows: what stands beside the hashes, `size` octets each. */
static bool grow(struct table *t, void **rows, size_t size)
{
    size_t cap = t->cap ? 2 * t->cap : 1024;
    uint32_t *slots = cap > HN_JOINS_MAX ? NULL : hn_alloc(2 * cap * sizeof *slots);
    uint64_t *hashes = slots ? hn_realloc(t->hashes, cap * sizeof *hashes) : NULL;
    t->hashes = hashes ? hashes : t->hashes;
    void *more = hashes ? hn_realloc(*rows, cap * size) : NULL;
    if (!more) {
        hn_free(slots);
        return false;
    }
    *rows = more;
    hn_free(t->slots);
    t->slots = slots;
    t->cap = cap;
    memset(slots, 0xff, 2 * cap * sizeof *slots);
    for (size_t i = 0; i < t->n; i++)
        slots[slot_of(t, t->hashes[i])] = (uint32_t)i;
    return true;
}

static uint32_t find(const struct table *t, uint64_t hash)
{
    return t->cap ? t->slots[slot_of(t, hash)] : NONE;
}

/* A new row; there is room for it. */
static uint32_t put(struct table *t, uint64_t hash)
{
    t->slots[slot_of(t, hash)] = (uint32_t)t->n;
    t->hashes[t->n] = hash;
    return (uint32_t)t->n++;
}

struct hn_flow_joins *hn_flow_joins_new(void)
{
    return hn_alloc_zero(sizeof(struct hn_flow_joins));
}

void hn_flow_joins_free(struct hn_flow_joins *j)
{
    if (!j)
        return;
    hn_free(j->uids.hashes);
    hn_free(j->uids.slots);
    hn_free(j->sets.hashes);
    hn_free(j->sets.slots);
    hn_free(j->set_of);
    hn_free(j->all);
    hn_free(j);
}

/* The number of a set of fingerprints, which many connections share. */
static uint32_t set_of(struct hn_flow_joins *j, const struct hn_flow_tls *t)
{
    uint64_t hash = hn_hash64(hn_bytes_of(t, sizeof *t));
    uint32_t i = find(&j->sets, hash);
    void *rows = j->all;
    if (i != NONE || (j->sets.n == j->sets.cap && !grow(&j->sets, &rows, sizeof *t)))
        return i;
    j->all = rows;
    i = put(&j->sets, hash);
    j->all[i] = *t;
    return i;
}

void hn_flow_joins_add(struct hn_flow_joins *j, struct hn_bytes uid, const struct hn_flow_tls *t)
{
    uint64_t hash = hn_hash64(uid);
    uint32_t set = set_of(j, t), i = find(&j->uids, hash);
    void *rows = j->set_of;
    if (set == NONE || (i == NONE && j->uids.n == j->uids.cap && !grow(&j->uids, &rows, sizeof *j->set_of))) {
        j->forgotten++;
        return;
    }
    j->set_of = rows;
    i = i == NONE ? put(&j->uids, hash) : i;
    j->set_of[i] = set;
}

const struct hn_flow_tls *hn_flow_joins_find(const struct hn_flow_joins *j, struct hn_bytes uid)
{
    uint32_t i = find(&j->uids, hn_hash64(uid));
    return i == NONE ? NULL : &j->all[j->set_of[i]];
}

uint64_t hn_flow_joins_forgotten(const struct hn_flow_joins *j)
{
    return j->forgotten;
}
