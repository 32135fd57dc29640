/* Rows and helpers that several operations write. */
#include <math.h>
#include <stdio.h>

#include "core/ops_in.h"
#include "core/registry.h"
#include "core/render.h"

hn_time ops_arg_time(const struct hn_op_ctx *c, const char *name)
{
    hn_time t = 0;
    struct hn_str s = ops_arg(c, name);

    return s.n && hn_time_parse(s, &t) ? t : 0;
}

struct hn_page ops_page(const struct hn_op_ctx *c)
{
    return (struct hn_page){.limit = (unsigned)hn_jv_int(c->args, "limit", HN_PAGE_DEFAULT),
                            .cursor = ops_arg(c, "cursor"),
                            .sort = ops_arg(c, "sort")};
}

struct hn_str ops_account(const struct hn_op_ctx *c, struct hn_str who)
{
    return hn_str_eqc(who, "me") ? c->who->account : who;
}

struct hn_err ops_store(struct hn_op_ctx *c, struct hn_err e)
{
    if (!hn_ok(e))
        snprintf(c->diag.msg, sizeof c->diag.msg, "%s", hn_store_why(c->store));
    return e;
}

void ops_list_begin(struct hn_op_ctx *c)
{
    hn_jw_obj(c->w);
    hn_jw_key(c->w, "items");
    hn_jw_arr(c->w);
}

void ops_list_end(struct hn_op_ctx *c, const struct hn_listing *l)
{
    hn_jw_arr_end(c->w);
    if (l->next.n)
        hn_jw_kstr(c->w, "next", l->next);
    else
        ops_knull(c->w, "next");
    hn_jw_kint(c->w, "total", (int64_t)l->total);
    hn_jw_obj_end(c->w);
}

void ops_kopt(struct hn_jw *w, const char *key, struct hn_str s)
{
    if (s.n)
        hn_jw_kstr(w, key, s);
}

void ops_kopt_time(struct hn_jw *w, const char *key, hn_time t)
{
    if (t)
        hn_jw_ktime(w, key, t);
}

void ops_knull(struct hn_jw *w, const char *key)
{
    hn_jw_key(w, key);
    hn_jw_null(w);
}

void ops_kraw(struct hn_jw *w, const char *key, struct hn_str json, const char *dflt)
{
    hn_jw_key(w, key);
    hn_jw_raw(w, json.n ? json : hn_str_c(dflt));
}

void ops_names(struct hn_jw *w, const char *key, struct hn_str en, struct hn_str ja)
{
    hn_jw_key(w, key);
    hn_jw_obj(w);
    hn_jw_kstr(w, "en", en.n ? en : ja);
    hn_jw_kstr(w, "ja", ja.n ? ja : en);
    hn_jw_obj_end(w);
}

void ops_kround(struct hn_jw *w, const char *key, double v)
{
    hn_jw_knum(w, key, round(v * 10) / 10);
}

void ops_org_ref(struct hn_jw *w, struct hn_str id, struct hn_str en, struct hn_str ja)
{
    hn_jw_key(w, "org");
    hn_jw_obj(w);
    hn_jw_kstr(w, "id", id);
    ops_names(w, "name", en, ja);
    hn_jw_obj_end(w);
}

void ops_coverage_counts(struct hn_jw *w, const struct hn_store_coverage_counts *k)
{
    hn_jw_key(w, "coverage");
    hn_jw_obj(w);
    hn_jw_kint(w, "assets", (int64_t)k->assets);
    hn_jw_kint(w, "seen_7d", (int64_t)k->seen_7d);
    hn_jw_kint(w, "not_seen", (int64_t)k->not_seen);
    hn_jw_kint(w, "never", (int64_t)k->never);
    hn_jw_obj_end(w);
}

struct hn_err ops_trend(struct hn_op_ctx *c, struct hn_str org, struct hn_str asset, unsigned days)
{
    struct hn_store_trend *t;
    size_t n;

    OPS_STORE(hn_store_trend(c->store, c->who, org, asset, days, c->arena, &t, &n));
    hn_jw_key(c->w, "trend");
    hn_jw_arr(c->w);
    for (size_t i = 0; i < n; i++) {
        hn_jw_obj(c->w);
        hn_jw_ktime(c->w, "at", t[i].at);
        if (t[i].has_score)
            ops_kround(c->w, "score", t[i].score);
        else
            ops_knull(c->w, "score");
        hn_jw_kint(c->w, "open", (int64_t)t[i].open);
        hn_jw_kint(c->w, "overdue", (int64_t)t[i].overdue);
        hn_jw_obj_end(c->w);
    }
    hn_jw_arr_end(c->w);
    return HN_OK;
}

static const char *severity(int s)
{
    return hn_severity_name((enum hn_severity)(s < 0 ? 0 : s > 4 ? 4 : s));
}

static void value_write(struct hn_jw *w, const struct hn_store_finding *f)
{
    hn_jw_obj(w);
    hn_jw_kstr(w, "id", f->id);
    hn_jw_kstr(w, "kind", f->kind);
    hn_jw_kstr(w, "module", f->module);
    hn_jw_kstr(w, "class", f->class_);
    hn_jw_kc(w, "severity", severity(f->severity));
    hn_jw_kint(w, "confidence", f->confidence);
    hn_jw_kstr(w, "subject", f->subject);
    hn_jw_kstr(w, "location", f->location);
    hn_jw_kstr(w, "cause", f->cause);
    hn_jw_ktime(w, "since", f->since);
    ops_kraw(w, "params", f->params, "{}");
    hn_jw_knum(w, "score", f->score);
    hn_jw_knum(w, "prior", f->prior);
    hn_jw_knum(w, "p", f->p);
    hn_jw_knum(w, "loss", f->loss);
    ops_kraw(w, "terms", f->terms, "[]");
    hn_jw_ktime(w, "due", f->due);
    hn_jw_kstr(w, "due_rule", f->due_rule);
    ops_kraw(w, "due_inputs", f->due_inputs, "[]");
    ops_kraw(w, "graph", f->graph, "{}");
    ops_kraw(w, "evidence", f->evidence, "[]");
    hn_jw_obj_end(w);
}

const struct hn_jv *ops_finding_value(struct hn_arena *a, const struct hn_store_finding *f)
{
    HN_AUTO(hn_buf_done) struct hn_buf b = {0};
    struct hn_jw w;

    hn_buf_init(&b, 4 << 20);
    hn_jw_init(&w, &b);
    value_write(&w, f);
    if (b.bad)
        return NULL;
    return hn_jv_parse(a, hn_str_bytes(hn_arena_str(a, hn_buf_text(&b))), NULL);
}

static void finding_texts(struct hn_jw *w, struct hn_arena *a, const struct hn_jv *v)
{
    struct hn_finding_texts en = hn_finding_texts_from_json(a, HN_EN, v);
    struct hn_finding_texts ja = hn_finding_texts_from_json(a, HN_JA, v);

    ops_names(w, "title", en.title, ja.title);
    ops_names(w, "sentence", en.sentence, ja.sentence);
}

static void action_ref(struct hn_jw *w, const struct hn_store_action_ref *r)
{
    hn_jw_key(w, "action");
    if (!r->id.n) {
        hn_jw_null(w);
        return;
    }
    hn_jw_obj(w);
    hn_jw_kstr(w, "id", r->id);
    hn_jw_kstr(w, "state", r->state);
    hn_jw_key(w, "owner");
    if (r->owner.n) {
        hn_jw_obj(w);
        hn_jw_kstr(w, "id", r->owner);
        hn_jw_kstr(w, "name", r->owner_name);
        hn_jw_obj_end(w);
    } else {
        hn_jw_null(w);
    }
    ops_kopt_time(w, "due", r->due);
    hn_jw_obj_end(w);
}

void ops_finding_members(struct hn_jw *w, struct hn_arena *a, const struct hn_store_finding *f, const struct hn_jv *v)
{
    hn_jw_kstr(w, "id", f->id);
    hn_jw_kstr(w, "kind", f->kind);
    hn_jw_kstr(w, "module", f->module);
    hn_jw_kstr(w, "class", f->class_);
    hn_jw_kc(w, "severity", severity(f->severity));
    hn_jw_kint(w, "confidence", f->confidence);
    hn_jw_kc(w, "status", hn_finding_status_name(f->status));
    hn_jw_key(w, "asset");
    hn_jw_obj(w);
    hn_jw_kstr(w, "id", f->asset);
    hn_jw_kstr(w, "name", f->asset_name);
    hn_jw_obj_end(w);
    ops_org_ref(w, f->org, f->org_name_en, f->org_name_ja);
    hn_jw_kstr(w, "subject", f->subject);
    hn_jw_kstr(w, "location", f->location);
    finding_texts(w, a, v);
    ops_kround(w, "score", f->score);
    hn_jw_ktime(w, "due", f->due);
    hn_jw_kstr(w, "due_rule", f->due_rule);
    hn_jw_kbool(w, "overdue", f->overdue);
    hn_jw_ktime(w, "first_seen", f->first_seen);
    hn_jw_ktime(w, "last_seen", f->last_seen);
    ops_kopt_time(w, "since", f->since);
    ops_kopt_time(w, "closed_at", f->closed_at);
    ops_kopt_time(w, "excepted_until", f->excepted_until);
    hn_jw_kint(w, "reopened", f->reopened);
    hn_jw_kstr(w, "fix_kind", f->fix_kind.n ? f->fix_kind : HN_STR("none"));
    hn_jw_kstr(w, "cause", f->cause);
    action_ref(w, &f->action);
}

struct hn_err ops_finding_row(struct hn_jw *w, struct hn_arena *a, const struct hn_store_finding *f)
{
    const struct hn_jv *v = ops_finding_value(a, f);

    if (!v)
        return (struct hn_err){HN_E_NOMEM};
    hn_jw_obj(w);
    ops_finding_members(w, a, f, v);
    hn_jw_obj_end(w);
    return HN_OK;
}

void ops_kkind(struct hn_jw *w, const struct hn_store_obs *o)
{
    char kind[256];

    if (hn_str_chr(o->kind, '.') >= 0) {
        hn_jw_kstr(w, "kind", o->kind);
        return;
    }
    snprintf(kind, sizeof kind, "%.*s.%.*s", HN_FMT(o->module), HN_FMT(o->kind));
    hn_jw_kstr(w, "kind", hn_str_c(kind));
}

void ops_obs_members(struct hn_jw *w, const struct hn_store_obs *o)
{
    hn_jw_kstr(w, "id", o->id);
    hn_jw_kstr(w, "module", o->module);
    ops_kkind(w, o);
    hn_jw_kstr(w, "subject", o->subject);
    hn_jw_ktime(w, "at", o->at);
    ops_kopt_time(w, "changed_at", o->changed_at);
    ops_kopt_time(w, "gone_at", o->gone_at);
    ops_kraw(w, "fields", o->fields, "{}");
}

struct hn_err ops_comments(struct hn_op_ctx *c, const char *on, struct hn_str id)
{
    struct hn_store_comment *k;
    size_t n;

    OPS_STORE(hn_store_comments(c->store, c->who, on, id, c->arena, &k, &n));
    hn_jw_key(c->w, "comments");
    hn_jw_arr(c->w);
    for (size_t i = 0; i < n; i++) {
        hn_jw_obj(c->w);
        hn_jw_kstr(c->w, "id", k[i].id);
        hn_jw_ktime(c->w, "at", k[i].at);
        hn_jw_kstr(c->w, "by", k[i].by_name.n ? k[i].by_name : k[i].by);
        hn_jw_kstr(c->w, "text", k[i].text);
        hn_jw_obj_end(c->w);
    }
    hn_jw_arr_end(c->w);
    return HN_OK;
}

void ops_history(struct hn_op_ctx *c, const struct hn_store_history *h, size_t n)
{
    hn_jw_key(c->w, "history");
    hn_jw_arr(c->w);
    for (size_t i = 0; i < n; i++) {
        hn_jw_obj(c->w);
        hn_jw_ktime(c->w, "at", h[i].at);
        hn_jw_kstr(c->w, "what", h[i].what);
        ops_kopt(c->w, "run", h[i].run);
        ops_kopt(c->w, "by", h[i].by);
        ops_kopt(c->w, "detail", h[i].detail);
        hn_jw_obj_end(c->w);
    }
    hn_jw_arr_end(c->w);
}

static void both_languages(struct hn_op_ctx *c, const char *key, struct hn_str phrase)
{
    HN_AUTO(hn_buf_done) struct hn_buf ja;
    hn_buf_init(&ja, 64u << 10);
    hn_reason_add(&ja, HN_JA, phrase);
    ops_names(c->w, key, phrase, hn_buf_text(&ja));
}

/* What was not seen or could not be read, as the run told it, with its words in both languages. */
static void notes(struct hn_op_ctx *c, const char *key, struct hn_str raw)
{
    const struct hn_jv *v = raw.n ? hn_jv_parse(c->arena, hn_str_bytes(raw), NULL) : NULL;
    struct hn_jw *w = c->w;

    hn_jw_key(w, key);
    hn_jw_arr(w);
    for (size_t i = 0; v && i < v->n; i++) {
        const struct hn_jv *note = &v->items[i];
        hn_jw_obj(w);
        for (size_t m = 0; note->kind == HN_JV_OBJ && m < note->n; m++) {
            hn_jw_key_str(w, note->keys[m]);
            hn_jw_value(w, &note->items[m]);
        }
        if (hn_jv_str(note, "what").p)
            both_languages(c, "what_text", hn_jv_str(note, "what"));
        if (hn_jv_str(note, "why").p)
            both_languages(c, "why_text", hn_jv_str(note, "why"));
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
}

void ops_cover_members(struct hn_op_ctx *c, const struct hn_store_cover *k)
{
    struct hn_jw *w = c->w;

    hn_jw_kstr(w, "module", k->module);
    hn_jw_kstr(w, "scope", k->scope);
    hn_jw_kc(w, "privilege", k->privilege >= HN_PRIVILEGE_ROOT ? "root" : "user");
    hn_jw_kbool(w, "complete", k->complete);
    hn_jw_ktime(w, "last_run", k->last_run);
    ops_kopt(w, "run", k->run);
    hn_jw_knum(w, "duration_ms", round((double)k->duration_ns / 1e3) / 1e3);
    hn_jw_kint(w, "observations", (int64_t)k->observations);
    hn_jw_kint(w, "malformed_n", (int64_t)k->malformed_n);
    hn_jw_kint(w, "quarantined_n", (int64_t)k->quarantined_n);
    hn_jw_kint(w, "not_seen_n", (int64_t)k->not_seen_n);
    notes(c, "malformed", k->malformed);
    notes(c, "quarantined", k->quarantined);
    notes(c, "not_seen", k->not_seen);
}

struct hn_err ops_done(struct hn_op_ctx *c)
{
    hn_jw_obj(c->w);
    hn_jw_kbool(c->w, "ok", true);
    hn_jw_obj_end(c->w);
    return HN_OK;
}
