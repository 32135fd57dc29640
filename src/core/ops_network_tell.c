/* After evidence arrived, hosts are told anew: those that differ, a moment at a time, so that nobody waits for ten
 * thousand of them. */
#include <stdio.h>

#include "base/mem.h"
#include "base/str.h"
#include "core/ops_in.h"
#include "core/ops_network.h"

#define ASSET_MEMORY ((size_t)512 << 20)
#define WORLD_MEMORY ((size_t)512 << 20)
#define TEXT_MAX     ((size_t)8 << 20)
#define FINDINGS     HN_PAGE_MOST
#define AT_ONCE      (HN_SECOND / 5)
#define A_MOMENT     (HN_SECOND / 20)

static const struct hn_principal *const sys = &hn_principal_system;

static struct hn_err rank_again(struct ops_net *n, const struct hn_store_finding *f, const struct hn_jv *evidence,
                                struct hn_store_run_finding *out, bool *ret_differs)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    struct hn_jw w;
    hn_buf_init(&b, TEXT_MAX);
    hn_jw_init(&w, &b);
    const struct hn_jv *v = ops_finding_value(n->arena, f);
    *ret_differs = v && hn_net_apply(&w, n->arena, v, evidence, n->policy);
    if (!*ret_differs)
        return v ? HN_OK : (struct hn_err){HN_E_NOMEM};
    v = hn_jv_parse(n->arena, hn_str_bytes(hn_arena_str(n->arena, hn_buf_text(&b))), NULL);
    if (!v)
        return (struct hn_err){HN_E_NOMEM};
    *out = (struct hn_store_run_finding){.id = f->id,
                                         .kind = f->kind,
                                         .scope = f->scope,
                                         .class_ = f->class_,
                                         .subject = f->subject,
                                         .location = f->location,
                                         .cause = f->cause,
                                         .fix_kind = f->fix_kind,
                                         .fix_target = f->fix_target,
                                         .fix_value = f->fix_value,
                                         .severity = f->severity,
                                         .confidence = f->confidence,
                                         .prior = hn_jv_num(v, "prior", f->prior),
                                         .p = hn_jv_num(v, "p", f->p),
                                         .loss = hn_jv_num(v, "loss", f->loss),
                                         .score = hn_jv_num(v, "score", f->score),
                                         .due_days = hn_jv_int(v, "due_days", -1),
                                         .due_rule = hn_jv_str(v, "due_rule"),
                                         .since = f->since,
                                         .params = f->params,
                                         .terms = ops_json_text(n->arena, hn_jv_get(v, "terms")),
                                         .graph = ops_json_text(n->arena, hn_jv_get(v, "graph")),
                                         .evidence = f->evidence,
                                         .due_inputs = ops_json_text(n->arena, hn_jv_get(v, "due_inputs")),
                                         .references = f->references};
    return HN_OK;
}

static struct hn_err retell(struct ops_net *n, struct hn_str asset, struct hn_str text, hn_time expires,
                            uint64_t *ret_changed)
{
    struct hn_store_finding_query q = {.asset = asset, .status = HN_F_ANY_STATUS, .page.limit = FINDINGS};
    const struct hn_jv *evidence = hn_jv_parse(n->arena, hn_str_bytes(text), NULL);
    struct hn_store_finding *f;
    struct hn_listing l;
    size_t count = 0;
    HN_TRY(hn_store_findings(n->store, sys, &q, n->arena, &f, &l));
    struct hn_store_run_finding *out = hn_arena_alloc(n->arena, (l.n + 1) * sizeof *out);
    if (!out || !evidence)
        return (struct hn_err){HN_E_NOMEM};
    for (size_t i = 0; i < l.n; i++) {
        bool differs = false;
        if (f[i].status != HN_F_CLOSED && hn_net_concerns(evidence, f[i].class_, f[i].terms, f[i].graph))
            HN_TRY(rank_again(n, &f[i], evidence, &out[count], &differs));
        count += differs;
    }
    return hn_store_findings_retell(n->store, asset, out, count, text, expires, ret_changed);
}

static struct hn_err refresh_one(struct ops_net *n, struct hn_str asset)
{
    struct hn_store_asset x;
    struct hn_str text, before;
    hn_time expires, expires_before;
    uint64_t changed;
    struct hn_err e = hn_store_asset_get(n->store, sys, asset, n->arena, &x);
    if (e.code == HN_E_NOENT)
        return HN_OK; /* gone meanwhile */
    HN_TRY(e);
    HN_TRY(ops_net_known(n, asset, x.org, &text, &expires));
    HN_TRY(hn_store_join_get(n->store, asset, n->arena, &before, &expires_before));
    /* What is still right writes nothing: when it would have grown old, it is looked at again. */
    if (expires_before > n->now ? hn_net_same(n->arena, before, text) : hn_str_eq(text, before) && !expires)
        return HN_OK;
    return retell(n, asset, text, expires, &changed);
}

/* From the one at *at on, until all are or the time is over; what is written becomes lasting together. */
static struct hn_err some(struct ops_net *n, const struct hn_str *assets, size_t count, hn_time until, size_t *at)
{
    for (; *at < count && (!until || hn_monotonic() < until); ++*at) {
        HN_AUTO(hn_arena_done) struct hn_arena a;
        struct ops_net one = *n;
        hn_arena_init(&a, ASSET_MEMORY);
        one.arena = &a;
        HN_TRY(refresh_one(&one, assets[*at]));
    }
    return HN_OK;
}

static struct hn_err together(struct ops_net *n, const struct hn_str *assets, size_t count, hn_time until, size_t *at)
{
    HN_TRY(hn_store_together(n->store));
    return hn_store_together_end(n->store, some(n, assets, count, until, at));
}

/* ---------------------------------------------------------------- all of them */

struct ops_net_job {
    struct hn_arena arena;
    struct ops_net net;
    struct hn_str *assets;
    size_t n, at;
};

void ops_net_job_free(struct ops_net_job **job)
{
    if (*job)
        hn_arena_done(&(*job)->arena);
    hn_free(*job);
    *job = NULL;
}

/* Where the former was interrupted the new one begins, or the last would never be reached. */
static size_t begin_at(const struct ops_net_job *j, const struct ops_net_job *former)
{
    struct hn_str next = former && former->at < former->n ? former->assets[former->at] : HN_STR("");
    for (size_t i = 0; next.n && i < j->n; i++)
        if (hn_str_eq(j->assets[i], next))
            return i;
    return 0;
}

static struct hn_err prepare(struct ops_net_job *j, struct hn_store *s, const struct hn_policy *policy)
{
    struct hn_str *all;
    size_t n;
    j->net = (struct ops_net){.store = s, .policy = policy, .arena = &j->arena, .now = hn_now()};
    HN_TRY(ops_net_open(&j->net));
    HN_TRY(hn_store_assets_seen_by(s, sys, HN_STR("sockets"), &j->arena, &all, &n));
    j->assets = all;
    j->n = n;
    return HN_OK;
}

static void turn(struct ops_net_job *j, struct hn_arena *a, size_t at)
{
    struct hn_str *list = at ? hn_arena_alloc(a, j->n * sizeof *list) : NULL;
    if (!list)
        return;
    memcpy(list, j->assets + at, (j->n - at) * sizeof *list);
    memcpy(list + (j->n - at), j->assets, at * sizeof *list);
    j->assets = list;
}

static struct hn_err go_on(struct ops_net_job **job, const struct hn_policy *policy, hn_time slice)
{
    struct ops_net_job *j = *job;
    j->net.policy = policy;
    j->net.now = hn_now();
    struct hn_err e = together(&j->net, j->assets, j->n, hn_monotonic() + slice, &j->at);
    if (!hn_ok(e) || j->at >= j->n)
        ops_net_job_free(job);
    return e;
}

struct hn_err ops_net_begin(struct ops_net_job **job, struct hn_store *s, const struct hn_policy *policy)
{
    struct ops_net_job *j = hn_alloc_zero(sizeof *j);
    if (!j)
        return (struct hn_err){HN_E_NOMEM};
    hn_arena_init(&j->arena, WORLD_MEMORY);
    struct hn_err e = prepare(j, s, policy);
    if (!hn_ok(e)) {
        ops_net_job_free(&j);
        return e;
    }
    turn(j, &j->arena, begin_at(j, *job));
    ops_net_job_free(job);
    *job = j;
    return go_on(job, policy, AT_ONCE);
}

struct hn_err ops_net_go_on(struct ops_net_job **job, const struct hn_policy *policy)
{
    return *job ? go_on(job, policy, A_MOMENT) : HN_OK;
}

struct hn_err ops_net_sweep(struct hn_store *s, const struct hn_policy *policy)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    struct ops_net n = {.store = s, .policy = policy, .arena = &a, .now = hn_now()};
    struct hn_str *old;
    size_t count, at = 0;
    hn_arena_init(&a, ASSET_MEMORY);
    HN_TRY(hn_store_join_expired(s, n.now, &a, &old, &count));
    if (!count)
        return HN_OK;
    HN_TRY(ops_net_open(&n));
    return together(&n, old, count, hn_monotonic() + AT_ONCE, &at); /* the others the next time */
}
