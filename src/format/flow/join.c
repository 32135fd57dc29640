#include "format/flow/join.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/rows.h"

struct hn_flow_joins {
    struct hn_rows uids; /* uint32_t: the set of a connection */
    struct hn_rows sets; /* struct hn_flow_tls, which many connections share */
    uint64_t forgotten;
};

struct hn_flow_joins *hn_flow_joins_new(void)
{
    struct hn_flow_joins *j = hn_alloc_zero(sizeof *j);
    if (j) {
        j->uids = (struct hn_rows){.size = sizeof(uint32_t), .max = HN_JOINS_MAX};
        j->sets = (struct hn_rows){.size = sizeof(struct hn_flow_tls), .max = HN_JOINS_MAX};
    }
    return j;
}

void hn_flow_joins_free(struct hn_flow_joins *j)
{
    if (!j)
        return;
    hn_rows_free(&j->uids);
    hn_rows_free(&j->sets);
    hn_free(j);
}

void hn_flow_joins_add(struct hn_flow_joins *j, struct hn_bytes uid, const struct hn_flow_tls *t)
{
    struct hn_flow_tls *set = hn_rows_row(&j->sets, hn_hash64(hn_bytes_of(t, sizeof *t)));
    uint32_t *of = set ? hn_rows_row(&j->uids, hn_hash64(uid)) : NULL;
    if (!of) {
        j->forgotten++;
        return;
    }
    *set = *t;
    *of = (uint32_t)(set - (struct hn_flow_tls *)(void *)j->sets.rows);
}

const struct hn_flow_tls *hn_flow_joins_find(const struct hn_flow_joins *j, struct hn_bytes uid)
{
    const uint32_t *of = hn_rows_find(&j->uids, hn_hash64(uid));
    return of ? (const struct hn_flow_tls *)(const void *)j->sets.rows + *of : NULL;
}

uint64_t hn_flow_joins_forgotten(const struct hn_flow_joins *j)
{
    return j->forgotten;
}
