/* One finding: why it stands where it stands, link by link to the raw observation. */
#include <stdio.h>

#include "core/ops_in.h"
#include "core/registry.h"
#include "core/render.h"

struct detail {
    struct hn_op_ctx *c;
    const struct hn_store_finding *f;
    const struct hn_jv *v;
};

static void ktexts(struct detail *d, const char *key,
                   struct hn_str (*fn)(struct hn_arena *, enum hn_lang, const struct hn_jv *), const struct hn_jv *v)
{
    ops_names(d->c->w, key, fn(d->c->arena, HN_EN, v), fn(d->c->arena, HN_JA, v));
}

/* The stored observation that a reference {"kind","subject"} names; false when it is unknown or may not be seen. */
static bool obs_of(struct detail *d, const struct hn_jv *ref, struct hn_store_obs *ret)
{
    struct hn_str kind = hn_jv_str(ref, "kind"), subject = hn_jv_str(ref, "subject"), module = hn_jv_str(ref, "module");

    if (!kind.n)
        return false;
    if (hn_str_chr(kind, '.') < 0 && module.n)
        kind = hn_arena_fmt(d->c->arena, "%.*s.%.*s", HN_FMT(module), HN_FMT(kind));
    struct hn_str asset = hn_jv_str(ref, "asset"); /* what was seen elsewhere says where */
    return hn_ok(
        hn_store_obs_find(d->c->store, d->c->who, asset.n ? asset : d->f->asset, kind, subject, d->c->arena, ret));
}

/* "observation": {id, kind, subject, at} | null */
static void obs_ref(struct detail *d, const char *key, const struct hn_jv *ref)
{
    struct hn_jw *w = d->c->w;
    struct hn_store_obs o;

    hn_jw_key(w, key);
    if (!ref || ref->kind != HN_JV_OBJ || !obs_of(d, ref, &o)) {
        hn_jw_null(w);
        return;
    }
    hn_jw_obj(w);
    hn_jw_kstr(w, "id", o.id);
    ops_kkind(w, &o);
    hn_jw_kstr(w, "subject", o.subject);
    hn_jw_ktime(w, "at", o.at);
    hn_jw_obj_end(w);
}

static size_t array(const struct hn_jv *v, const char *key, const struct hn_jv **ret)
{
    const struct hn_jv *a = hn_jv_get(v, key);

    *ret = a && a->kind == HN_JV_ARR ? a->items : NULL;
    return *ret ? a->n : 0;
}

static void terms(struct detail *d)
{
    struct hn_jw *w = d->c->w;
    const struct hn_jv *t;
    size_t n = array(d->v, "terms", &t);

    hn_jw_key(w, "terms");
    hn_jw_arr(w);
    for (size_t i = 0; i < n; i++) {
        hn_jw_obj(w);
        hn_jw_kstr(w, "name", hn_jv_str(&t[i], "name"));
        ktexts(d, "text", hn_term_text_from_json, &t[i]);
        hn_jw_knum(w, "weight", hn_jv_num(&t[i], "weight", 0));
        struct hn_str on = hn_jv_str(&t[i], "on");
        hn_jw_kstr(w, "on", on.n ? on : HN_STR("p"));
        hn_jw_kbool(w, "seen", hn_jv_bool(&t[i], "seen", true));
        obs_ref(d, "observation", hn_jv_get(&t[i], "obs"));
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
}

static void due_inputs(struct detail *d)
{
    struct hn_jw *w = d->c->w;
    const struct hn_jv *t;
    size_t n = array(d->v, "due_inputs", &t);

    hn_jw_key(w, "due_inputs");
    hn_jw_arr(w);
    for (size_t i = 0; i < n; i++) {
        hn_jw_obj(w);
        hn_jw_kstr(w, "name", hn_jv_str(&t[i], "name"));
        hn_jw_kstr(w, "value", hn_jv_str(&t[i], "value"));
        hn_jw_kstr(w, "taken", hn_jv_str(&t[i], "taken"));
        ktexts(d, "text", hn_due_input_text_from_json, &t[i]);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
    ops_names(w, "due_text", hn_due_rule_text(d->c->arena, HN_EN, d->f->due_rule),
              hn_due_rule_text(d->c->arena, HN_JA, d->f->due_rule));
}

static void graph(struct detail *d)
{
    struct hn_jw *w = d->c->w;
    const struct hn_jv *g = hn_jv_get(d->v, "graph"), *t;
    size_t n = array(g, "nodes", &t);

    hn_jw_key(w, "graph");
    hn_jw_obj(w);
    hn_jw_key(w, "nodes");
    hn_jw_arr(w);
    for (size_t i = 0; i < n; i++) {
        hn_jw_obj(w);
        hn_jw_kstr(w, "type", hn_jv_str(&t[i], "type"));
        ktexts(d, "label", hn_node_label_from_json, &t[i]);
        obs_ref(d, "observation", hn_jv_get(&t[i], "obs"));
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
    hn_jw_key(w, "edges");
    hn_jw_arr(w);
    n = array(g, "edges", &t);
    for (size_t i = 0; i < n; i++) {
        hn_jw_obj(w);
        hn_jw_kint(w, "from", hn_jv_int(&t[i], "from", 0));
        hn_jw_kint(w, "to", hn_jv_int(&t[i], "to", 0));
        hn_jw_kstr(w, "how", hn_jv_str(&t[i], "how"));
        ktexts(d, "text", hn_edge_text_from_json, &t[i]);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
    hn_jw_obj_end(w);
}

/* What was sent along is shown when the store no longer has (or never had) the observation itself. */
static void evidence(struct detail *d)
{
    struct hn_jw *w = d->c->w;
    const struct hn_jv *t;
    size_t n = array(d->v, "evidence", &t);
    struct hn_store_obs o;

    hn_jw_key(w, "evidence");
    hn_jw_arr(w);
    for (size_t i = 0; i < n; i++) {
        const struct hn_jv *ref = hn_jv_get(&t[i], "obs");
        if (!ref || ref->kind != HN_JV_OBJ)
            continue;
        hn_jw_obj(w);
        hn_jw_kstr(w, "role", hn_jv_str(&t[i], "role"));
        hn_jw_key(w, "observation");
        hn_jw_obj(w);
        if (obs_of(d, ref, &o)) {
            ops_obs_members(w, &o);
        } else {
            hn_jw_kstr(w, "kind", hn_jv_str(ref, "kind"));
            hn_jw_kstr(w, "subject", hn_jv_str(ref, "subject"));
        }
        hn_jw_obj_end(w);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
}

static void texts(struct detail *d)
{
    struct hn_finding_texts en = hn_finding_texts_from_json(d->c->arena, HN_EN, d->v);
    struct hn_finding_texts ja = hn_finding_texts_from_json(d->c->arena, HN_JA, d->v);

    ops_names(d->c->w, "why", en.why, ja.why);
    ops_names(d->c->w, "remedy", en.remedy, ja.remedy);
    ops_kraw(d->c->w, "references", d->f->references, "[]");
}

struct hn_err ops_finding_get(struct hn_op_ctx *c)
{
    struct hn_store_finding f;
    struct hn_store_history *h;
    size_t n;
    struct hn_jw *w = c->w;

    OPS_STORE(hn_store_finding_get(c->store, c->who, ops_arg(c, "id"), c->arena, &f));
    struct detail d = {c, &f, ops_finding_value(c->arena, &f)};
    if (!d.v)
        return (struct hn_err){HN_E_NOMEM};
    OPS_STORE(hn_store_finding_history(c->store, c->who, f.id, c->arena, &h, &n));
    hn_jw_obj(w);
    ops_finding_members(w, c->arena, &f, d.v);
    /* Only a deep pass has shown it so far: only a deep pass can verify that it is gone. */
    hn_jw_kbool(w, "deep_only", hn_str_ends(f.scope, "+deep"));
    texts(&d);
    terms(&d);
    hn_jw_knum(w, "prior", f.prior);
    hn_jw_knum(w, "p", f.p);
    hn_jw_knum(w, "loss", f.loss);
    due_inputs(&d);
    graph(&d);
    evidence(&d);
    ops_history(c, h, n);
    HN_TRY(ops_comments(c, "finding", f.id));
    HN_TRY(ops_fix_write(c, "fix", &f));
    hn_jw_kint(w, "other_assets", (int64_t)f.other_assets);
    ops_kopt(w, "last_run", f.last_run);
    ops_kopt(w, "closed_run", f.closed_run);
    hn_jw_obj_end(w);
    return HN_OK;
}
