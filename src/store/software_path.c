/* What pulls a component in: a shortest way from the subject of each document. */
#include <stdlib.h>

#include "store/software_in.h"

/* Breadth first, upward from the component; next[i] is the step towards it. Cycles are walked once. */
static bool climb(const struct soft_edges *e, uint32_t from, struct hn_arena *a, uint32_t **ret, size_t *ret_n)
{
    uint32_t *queue = hn_arena_alloc(a, ((size_t)e->n + 1) * sizeof *queue);
    uint32_t *next = hn_arena_alloc(a, ((size_t)e->n + 1) * sizeof *next); /* + 1; 0 unseen */
    uint32_t head = 0, tail = 0, top = from;
    bool found = false;

    if (!queue || !next)
        return false;
    next[from] = from + 1;
    queue[tail++] = from;
    while (head < tail && !found) {
        uint32_t at = queue[head++];
        for (uint32_t k = e->at[at]; k < e->at[at + 1] && !found; k++) {
            uint32_t up = e->parent[k];
            found = up == STORE_NONE;
            top = at;
            if (!found && !next[up]) {
                next[up] = at + 1;
                queue[tail++] = up;
            }
        }
    }
    if (!found) /* nothing leads to the subject: the component alone */
        top = from;
    size_t n = 1;
    for (uint32_t at = top; at != from; at = next[at] - 1)
        n++;
    *ret = hn_arena_alloc(a, n * sizeof **ret);
    *ret_n = *ret ? n : 0;
    for (size_t i = 0; i < *ret_n; i++, top = next[top] - 1)
        (*ret)[i] = top;
    return *ret_n > 0;
}

static struct hn_err steps(struct hn_store *s, const struct soft_holder *h, const uint32_t *at, size_t n,
                           struct hn_arena *a, struct hn_store_path *ret)
{
    ret->steps = hn_arena_alloc(a, (n + 1) * sizeof *ret->steps);
    if (!ret->steps)
        return store_nomem(s);
    for (size_t i = 0; i < n; i++)
        if (at[i] < h->parts_n)
            HN_TRY(soft_component_fill(s, h->parts[at[i]], a, &ret->steps[ret->n++]));
    return HN_OK;
}

static struct hn_err path_of(struct hn_store *s, const struct soft_holder *h, uint32_t component, struct hn_arena *a,
                             struct hn_store_path *ret)
{
    const struct store_soft *m = s->soft;
    const struct soft_release *r = &m->releases[h->release];
    struct soft_edges e = {0};
    uint32_t place = 0, *at = NULL;
    size_t n = 0;
    bool sound = false;
    struct hn_str unused;
    struct st q = st_open(s, "SELECT p.edges, b.id FROM sbom_part p JOIN sbom b ON b.n = p.sbom WHERE b.n = ?");

    *ret = (struct hn_store_path){.product = hn_arena_str(a, m->products[r->product].id),
                                  .product_name = hn_arena_str(a, m->products[r->product].name),
                                  .version = hn_arena_str(a, r->version)};
    soft_org_names(s, m->products[r->product].org_n, a, &ret->org, &unused, &unused);
    st_int(&q, h->n);
    if (st_row(&q)) {
        sound = soft_unpack_edges(st_bytes(&q, 0), a, &e);
        ret->sbom = st_copy(&q, 1, a);
    }
    HN_TRY(st_end(&q));
    if (!sound || e.n != h->parts_n)
        return store_fail(s, HN_E_CORRUPT, "%s: the dependencies of a document are damaged", s->path);
    while (place < h->parts_n && h->parts[place] != component)
        place++;
    if (place == h->parts_n || !climb(&e, place, a, &at, &n))
        return store_nomem(s);
    ret->stated = e.at[at[0]] < e.at[at[0] + 1];
    return steps(s, h, at, n, a, ret);
}

static const struct store_soft *sorting;

static int by_product(const void *x, const void *y)
{
    const struct soft_release *a = &sorting->releases[sorting->holders[*(const uint32_t *)x].release];
    const struct soft_release *b = &sorting->releases[sorting->holders[*(const uint32_t *)y].release];
    int c = hn_str_cmp(sorting->products[a->product].name, sorting->products[b->product].name);

    return c ? c : a->n < b->n ? 1 : -(a->n > b->n);
}

struct hn_err hn_store_component_paths(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                       unsigned most, struct hn_arena *a, struct hn_store_path **ret, size_t *ret_n,
                                       uint64_t *ret_total)
{
    struct soft_scope k;
    uint64_t n;
    size_t all = 0, hits = 0, hosts = 0;
    uint32_t h;

    *ret = NULL;
    *ret_n = 0;
    *ret_total = 0;
    HN_TRY(soft_scope(s, p, HN_STR(""), 0, a, &k));
    if (!hn_str_u64(id, 10, &n) || n > k.m->comp_n || !n)
        return store_fail(s, HN_E_NOENT, "there is no such component");
    HN_TRY(soft_reverse(s));
    for (struct soft_each each = soft_holders_of(k.m, (uint32_t)n); soft_each_next(&each, &h);)
        all++;
    uint32_t *v = hn_arena_alloc(a, (all + 1) * sizeof *v);
    if (!v)
        return store_nomem(s);
    for (struct soft_each each = soft_holders_of(k.m, (uint32_t)n); soft_each_next(&each, &h);) {
        if (!k.holder[h])
            continue;
        if (k.m->holders[h].release == STORE_NONE)
            hosts++;
        else
            v[hits++] = h;
    }
    if (!hits && !hosts)
        return store_fail(s, HN_E_NOENT, "there is no such component");
    sorting = k.m;
    if (hits)
        qsort(v, hits, sizeof *v, by_product);
    *ret_total = hits;
    *ret = hn_arena_alloc(a, (hits + 1) * sizeof **ret);
    for (size_t i = 0; i < hits && i < most && *ret; i++)
        HN_TRY(path_of(s, &k.m->holders[v[i]], (uint32_t)n, a, &(*ret)[(*ret_n)++]));
    return a->failed ? store_nomem(s) : HN_OK;
}
