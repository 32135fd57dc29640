/* What would lower a score most: per cause, the points that the subtree's score would fall if it were gone.
 *
 *   score = Σ criticality · 100 · (1 − Q) / Σ criticality,  Q = Π (1 − share), the worst share per cause
 *   without cause c: Q / (1 − share_c) instead of Q on every host that has it */
#include <math.h>

#include "store/internal.h"

struct cause {
    double drop;
    uint32_t findings, assets;
    uint32_t stamp;    /* index + 1 of the asset that last showed it */
    uint32_t row;      /* the worst finding overall */
    float worst, here; /* largest share overall, and on the asset at hand */
};

struct best {
    struct hn_arena *a;
    struct cause *v; /* smallest drop first: a heap would not pay for ten */
    unsigned n, most;
};

static void offer(struct best *b, const struct cause *c)
{
    unsigned i;

    if (b->n == b->most && !(c->drop > b->v[0].drop))
        return;
    if (b->n < b->most) {
        i = b->n++;
    } else {
        memmove(b->v, b->v + 1, (b->n - 1) * sizeof *b->v);
        i = b->n - 1;
    }
    for (; i > 0 && b->v[i - 1].drop > c->drop; i--)
        b->v[i] = b->v[i - 1];
    b->v[i] = *c;
}

static void note_row(struct cause *c, uint32_t row, float share, uint32_t asset)
{
    c->findings++;
    if (share > c->worst || c->findings == 1) {
        c->worst = share;
        c->row = row;
    }
    if (c->stamp != asset + 1) {
        c->stamp = asset + 1;
        c->assets++;
        c->here = share;
    } else if (share > c->here) {
        c->here = share;
    }
}

/* Rows without a shared cause are settled at once; the others add to their cause's total. */
static void add_asset(const struct hn_store *s, uint32_t at, struct cause *causes, uint32_t *list, struct best *own)
{
    const struct store_asset *a = &s->assets[at];
    const struct store_rows *r = &a->rows;
    double gain = a->criticality * (100 - a->sums.score);
    uint32_t n = 0;

    for (uint32_t i = 0; i < r->n; i++) {
        if (STORE_STATUS(r->state[i]) == HN_F_CLOSED)
            continue;
        uint32_t c = r->cause[i];
        if (c) {
            if (causes[c].stamp != at + 1)
                list[n++] = c;
            note_row(&causes[c], r->id[i], r->share[i], at);
            continue;
        }
        double drop = gain * (double)r->share[i] / (1 - (double)r->share[i]);
        if (own->n == own->most && !(drop > own->v[0].drop))
            continue;
        struct cause one = {.drop = drop};
        note_row(&one, r->id[i], r->share[i], at);
        offer(own, &one);
    }
    for (uint32_t i = 0; i < n; i++) {
        struct cause *c = &causes[list[i]];
        c->drop += gain * (double)c->here / (1 - (double)c->here);
    }
}

static struct hn_err tell(struct hn_store *s, const struct cause *c, double weight, struct hn_arena *a,
                          struct hn_store_lower *ret)
{
    struct st q = st_open(s, "SELECT f.id, f.cause, f.fix_kind, t.fix_target, f.p, f.loss FROM finding f "
                             "JOIN finding_text t ON t.finding = f.n WHERE f.n = ?");

    st_int(&q, c->row);
    *ret = (struct hn_store_lower){.findings = c->findings, .assets = c->assets, .score_drop = c->drop / weight};
    if (st_row(&q)) {
        ret->finding = st_copy(&q, 0, a);
        ret->cause = st_text(&q, 1).n ? st_copy(&q, 1, a) : ret->finding;
        ret->fix_kind = hn_arena_str(a, store_word_text(s, st_get(&q, 2)));
        ret->fix_target = st_copy(&q, 3, a);
        ret->p = st_get_num(&q, 4);
        ret->loss = st_get_num(&q, 5);
    }
    HN_TRY(st_end(&q));
    return a->failed ? store_nomem(s) : HN_OK;
}

struct scope {
    const struct hn_principal *p;
    uint32_t top;
    const struct store_asset *only;
};

static bool counts(struct hn_store *s, const struct scope *c, const struct store_asset *a)
{
    if (!a->sums.has_score || (c->only && c->only != a))
        return false;
    if (c->top != STORE_NONE && !store_org_below(s, c->top, a->org))
        return false;
    return store_role(s, c->p, a->org) >= HN_ROLE_VIEWER;
}

static struct hn_err gather(struct hn_store *s, const struct scope *c, struct best *best, double *ret_weight)
{
    uint32_t most = 1;

    for (uint32_t i = 0; i < s->assets_n; i++)
        if (counts(s, c, &s->assets[i])) {
            HN_TRY(store_index_load(s, &s->assets[i]));
            most = s->assets[i].rows.n > most ? s->assets[i].rows.n : most;
        }
    struct cause *causes = hn_alloc_zero((s->causes.n + 1) * sizeof *causes);
    uint32_t *list = hn_alloc(most * sizeof *list);
    if (!causes || !list) {
        hn_free(causes);
        hn_free(list);
        return store_nomem(s);
    }
    *ret_weight = 0;
    for (uint32_t i = 0; i < s->assets_n; i++)
        if (counts(s, c, &s->assets[i])) {
            *ret_weight += s->assets[i].criticality;
            add_asset(s, i, causes, list, best);
        }
    for (uint32_t i = 1; i < s->causes.n; i++)
        if (causes[i].findings)
            offer(best, &causes[i]);
    hn_free(causes);
    hn_free(list);
    return HN_OK;
}

/* ---------------------------------------------------------------- the last answer, kept */

/* The same question comes with every view of Now; the answer holds until something changes. Only for whole subtrees:
 * they look the same to everybody who may ask. */
struct store_lower_kept {
    uint32_t top;
    unsigned most;
    uint64_t generation;
    struct hn_arena a;
    struct hn_store_lower *v;
    size_t n;
};

void store_lower_forget(struct hn_store *s)
{
    if (s->lower)
        hn_arena_done(&s->lower->a);
    hn_free(s->lower);
    s->lower = NULL;
}

static struct hn_err hand_out(struct hn_store *s, const struct hn_store_lower *v, size_t n, struct hn_arena *a,
                              struct hn_store_lower **ret, size_t *ret_n)
{
    struct hn_store_lower *out = hn_arena_alloc(a, (n + 1) * sizeof *out);

    for (size_t i = 0; out && i < n; i++) {
        out[i] = v[i];
        out[i].finding = hn_arena_str(a, v[i].finding);
        out[i].cause = hn_arena_str(a, v[i].cause);
        out[i].fix_kind = hn_arena_str(a, v[i].fix_kind);
        out[i].fix_target = hn_arena_str(a, v[i].fix_target);
    }
    if (a->failed)
        return store_nomem(s);
    *ret = out;
    *ret_n = n;
    return HN_OK;
}

/* Failing to keep it is no failure. */
static void keep(struct hn_store *s, uint32_t top, unsigned most, const struct hn_store_lower *v, size_t n)
{
    store_lower_forget(s);
    struct store_lower_kept *k = hn_alloc_zero(sizeof *k);
    if (!k)
        return;
    *k = (struct store_lower_kept){.top = top, .most = most, .generation = s->generation};
    hn_arena_init(&k->a, 16 << 20);
    s->lower = k;
    if (!hn_ok(hand_out(s, v, n, &k->a, &k->v, &k->n)))
        store_lower_forget(s);
}

struct hn_err hn_store_lower(struct hn_store *s, const struct hn_principal *p, struct hn_str org, struct hn_str asset,
                             unsigned most, struct hn_arena *a, struct hn_store_lower **ret, size_t *ret_n)
{
    struct best best = {.a = a, .most = most == 0 ? 10 : most > 1000 ? 1000 : most};
    struct scope c = {.p = p};
    struct store_asset *only = NULL;
    double weight = 0;

    store_ask(s, p);
    HN_TRY(store_sweep_due(s, hn_now()));
    HN_TRY(store_index_read(s));
    HN_TRY(store_subtree(s, p, org, &c.top));
    if (asset.n)
        HN_TRY(store_asset_need(s, p, asset, HN_ROLE_VIEWER, &only));
    c.only = only;
    if (c.top == STORE_NONE && store_role(s, p, 0) >= HN_ROLE_VIEWER)
        c.top = 0;
    const struct store_lower_kept *k = s->lower;
    if (k && !only && c.top != STORE_NONE && k->top == c.top && k->most == best.most && k->generation == s->generation)
        return hand_out(s, k->v, k->n, a, ret, ret_n);
    best.v = hn_arena_alloc(a, best.most * sizeof *best.v);
    struct hn_store_lower *out = hn_arena_alloc(a, best.most * sizeof *out);
    if (!best.v || !out)
        return store_nomem(s);
    HN_TRY(gather(s, &c, &best, &weight));
    for (unsigned i = 0; i < best.n; i++)
        HN_TRY(tell(s, &best.v[best.n - 1 - i], weight, a, &out[i]));
    if (!only && c.top != STORE_NONE)
        keep(s, c.top, best.most, out, best.n);
    *ret = out;
    *ret_n = best.n;
    return HN_OK;
}
