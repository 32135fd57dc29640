/* What another policy would make of what is stored: every open finding ranked anew, beside its present place, so that a
 * change of constants can be judged before it is adopted. Changes nothing. */
#include <stdlib.h>

#include "core/ops_in.h"
#include "core/render.h"

#define RANK_MOST   100000u
#define RANK_MEMORY ((size_t)64 << 20)

struct ranked {
    const struct hn_store_finding *f;
    double score; /* under the other policy */
    struct hn_str due_rule;
    int64_t due_days;
    size_t rank, new_rank; /* 1 = first */
};

static int by_score(const void *x, const void *y)
{
    const struct ranked *a = x, *b = y;
    if (a->f->score != b->f->score)
        return a->f->score > b->f->score ? -1 : 1;
    return hn_str_cmp(a->f->id, b->f->id);
}

static int by_new_score(const void *x, const void *y)
{
    const struct ranked *a = x, *b = y;
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    return hn_str_cmp(a->f->id, b->f->id);
}

/* In an arena of its own for each finding: a hundred thousand of them would not fit into that of the request. */
static struct hn_err rank_one(struct hn_op_ctx *c, const struct hn_policy *p, struct ranked *r)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    HN_AUTO(hn_buf_done) struct hn_buf b;
    struct hn_jw w;

    hn_arena_init(&a, RANK_MEMORY);
    hn_buf_init(&b, RANK_MEMORY);
    hn_jw_init(&w, &b);
    const struct hn_jv *v = ops_finding_value(&a, r->f);
    if (!v)
        return (struct hn_err){HN_E_NOMEM};
    r->score = r->f->score;
    r->due_rule = r->f->due_rule;
    r->due_days = -1;
    if (!hn_rerank_json(&w, &a, v, p))
        return HN_OK; /* stored by a version that this one cannot read: it keeps its place */
    const struct hn_jv *new = hn_jv_parse(&a, hn_str_bytes(hn_buf_text(&b)), NULL);
    if (!new)
        return (struct hn_err){HN_E_NOMEM};
    r->score = hn_jv_num(new, "score", r->f->score);
    r->due_rule = hn_arena_str(c->arena, hn_jv_str(new, "due_rule"));
    r->due_days = hn_jv_int(new, "due_days", -1);
    return HN_OK;
}

static struct hn_err write_row(struct hn_op_ctx *c, const struct ranked *r)
{
    struct hn_jw *w = c->w;

    hn_jw_obj(w);
    hn_jw_kint(w, "rank", (int64_t)r->rank);
    hn_jw_kint(w, "new_rank", (int64_t)r->new_rank);
    ops_kround(w, "new_score", r->score);
    hn_jw_kstr(w, "new_due_rule", r->due_rule);
    hn_jw_key(w, "new_due_days");
    if (r->due_days < 0)
        hn_jw_null(w);
    else
        hn_jw_int(w, r->due_days);
    hn_jw_key(w, "finding");
    HN_TRY(ops_finding_row(w, c->arena, r->f));
    hn_jw_obj_end(w);
    return HN_OK;
}

static struct hn_err write_all(struct hn_op_ctx *c, const struct hn_policy *p, struct ranked *r, size_t n)
{
    size_t moved = 0, most = (size_t)hn_jv_int(c->args, "limit", 50);

    qsort(r, n, sizeof *r, by_score);
    for (size_t i = 0; i < n; i++)
        r[i].rank = i + 1;
    qsort(r, n, sizeof *r, by_new_score);
    for (size_t i = 0; i < n; i++) {
        r[i].new_rank = i + 1;
        moved += r[i].rank != r[i].new_rank;
    }
    hn_jw_obj(c->w);
    hn_jw_kstr(c->w, "policy", hn_policy_id(p));
    hn_jw_kint(c->w, "total", (int64_t)n);
    hn_jw_kint(c->w, "moved", (int64_t)moved);
    hn_jw_key(c->w, "items");
    hn_jw_arr(c->w);
    for (size_t i = 0; i < n && i < most; i++)
        HN_TRY(write_row(c, &r[i]));
    hn_jw_arr_end(c->w);
    hn_jw_kc(c->w, "next", NULL);
    hn_jw_obj_end(c->w);
    return HN_OK;
}

struct hn_err ops_findings_rank(struct hn_op_ctx *c)
{
    struct hn_store_finding_query q = {
        .org = ops_arg(c, "org"), .asset = ops_arg(c, "asset"), .status = HN_F_OPEN, .page.limit = RANK_MOST};
    struct hn_store_finding *f;
    struct hn_listing l;
    struct hn_policy *p = NULL;

    OPS_STORE(hn_store_findings(c->store, c->who, &q, c->arena, &f, &l));
    struct ranked *r = hn_arena_alloc(c->arena, (l.n + 1) * sizeof *r);
    if (!r)
        return (struct hn_err){HN_E_NOMEM};
    HN_TRY(hn_policy_parse(hn_str_bytes(ops_arg(c, "policy")), &p, &c->diag));
    struct hn_err e = HN_OK;
    for (size_t i = 0; i < l.n && hn_ok(e); i++) {
        r[i].f = &f[i];
        e = rank_one(c, p, &r[i]);
    }
    if (hn_ok(e))
        e = write_all(c, p, r, l.n);
    hn_policy_free(p);
    return e;
}
