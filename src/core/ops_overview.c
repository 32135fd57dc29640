/* What one sees first: status, Now, the event stream; and what the program says about itself. */
#include "core/ops_in.h"
#include "core/registry.h"
#include "core/render.h"
#include "core/store_role.h"

#define SUPERVISOR_LOST (2 * HN_MINUTE)

static bool watching(const struct hn_op_ctx *c)
{
    return c->role->watch_on && c->role->supervisor_seen && hn_monotonic() - c->role->supervisor_seen < SUPERVISOR_LOST;
}

static void banner(struct hn_op_ctx *c, const char *level, const char *key, const struct hn_param *params)
{
    hn_jw_obj(c->w);
    hn_jw_kc(c->w, "level", level);
    hn_jw_ktext(c->w, c->arena, "text", key, params);
    hn_jw_obj_end(c->w);
}

static void watch_write(struct hn_op_ctx *c)
{
    const struct hn_role_state *r = c->role;
    struct hn_jw *w = c->w;

    hn_jw_key(w, "watch");
    hn_jw_obj(w);
    hn_jw_kbool(w, "on", watching(c));
    hn_jw_ktime(w, "last_run", r->watch_last);
    hn_jw_ktime(w, "next_run", r->watch_next);
    hn_jw_key(w, "running");
    if (r->running.on) {
        hn_jw_obj(w);
        hn_jw_kc(w, "run", r->running.id);
        hn_jw_ktime(w, "started", r->running.started);
        hn_jw_kc(w, "module", r->running.module);
        hn_jw_kint(w, "percent", r->running.percent);
        hn_jw_obj_end(w);
    } else {
        hn_jw_null(w);
    }
    hn_jw_obj_end(w);
}

static struct hn_err status(struct hn_op_ctx *c)
{
    struct hn_store_info info;
    const struct hn_role_state *r = c->role;
    struct hn_jw *w = c->w;
    bool reduced = strcmp(r->sandbox, "reduced") == 0;

    OPS_STORE(hn_store_info(c->store, c->arena, &info));
    hn_jw_obj(w);
    hn_jw_kc(w, "version", HN_VERSION);
    hn_jw_ktime(w, "started", r->started);
    hn_jw_key(w, "sandbox");
    hn_jw_obj(w);
    hn_jw_kc(w, "landlock", r->sandbox);
    hn_jw_kbool(w, "seccomp", true); /* a role that cannot enter its filter ends; see sandbox/role.h */
    if (reduced)
        hn_jw_ktext(w, c->arena, "note", "status.sandbox-reduced", NULL);
    else
        ops_knull(w, "note");
    hn_jw_obj_end(w);
    hn_jw_key(w, "store");
    hn_jw_obj(w);
    hn_jw_kstr(w, "path", info.path);
    hn_jw_kint(w, "schema", info.schema);
    hn_jw_kint(w, "bytes", (int64_t)info.bytes);
    hn_jw_ktime(w, "last_backup", info.last_backup);
    hn_jw_kint(w, "assets", (int64_t)info.assets);
    hn_jw_kint(w, "findings", (int64_t)info.findings);
    hn_jw_kint(w, "observations", (int64_t)info.observations);
    hn_jw_kint(w, "runs", (int64_t)info.runs);
    hn_jw_kbool(w, "read_only", info.read_only);
    hn_jw_obj_end(w);
    watch_write(c);
    hn_jw_key(w, "banner");
    hn_jw_arr(w);
    if (reduced)
        banner(c, "warn", "status.sandbox-reduced", NULL);
    if (info.read_only)
        banner(c, "error", "status.read-only", NULL);
    if (!info.runs)
        banner(c, "info", "status.no-runs", NULL);
    hn_jw_arr_end(w);
    hn_jw_obj_end(w);
    return HN_OK;
}

static void now_figures(struct hn_op_ctx *c, const struct hn_store_now *n)
{
    struct hn_jw *w = c->w;
    const struct hn_store_counts *k = &n->org.counts;

    hn_jw_key(w, "score");
    hn_jw_obj(w);
    if (n->org.has_score)
        ops_kround(w, "value", n->org.score);
    else
        ops_knull(w, "value");
    if (n->org.has_delta_7d)
        ops_kround(w, "delta_7d", n->org.delta_7d);
    hn_jw_key(w, "worst");
    if (n->org.worst.asset.n) {
        hn_jw_obj(w);
        hn_jw_kstr(w, "asset", n->org.worst.asset);
        hn_jw_kstr(w, "name", n->org.worst.name);
        ops_kround(w, "score", n->org.worst.score);
        hn_jw_obj_end(w);
    } else {
        hn_jw_null(w);
    }
    hn_jw_obj_end(w);
    ops_coverage_counts(w, &n->org.coverage);
    hn_jw_key(w, "quality");
    hn_jw_obj(w);
    hn_jw_kint(w, "not_seen", (int64_t)n->not_seen_findings);
    hn_jw_ktime(w, "oldest_run", n->oldest_run);
    hn_jw_obj_end(w);
    hn_jw_key(w, "counts");
    hn_jw_obj(w);
    hn_jw_kint(w, "overdue", (int64_t)k->overdue);
    hn_jw_kint(w, "due_week", (int64_t)k->due_week);
    hn_jw_kint(w, "open", (int64_t)k->open);
    hn_jw_kint(w, "new_today", (int64_t)k->new_today);
    hn_jw_kint(w, "verified_since_yesterday", (int64_t)k->verified_since_yesterday);
    hn_jw_kint(w, "excepted", (int64_t)k->excepted);
    hn_jw_kint(w, "not_seen", (int64_t)k->not_seen);
    hn_jw_obj_end(w);
}

struct hn_err ops_lower(struct hn_op_ctx *c, const char *key, struct hn_str org, struct hn_str asset, unsigned most)
{
    struct hn_store_lower *l;
    size_t n;
    struct hn_jw *w = c->w;

    OPS_STORE(hn_store_lower(c->store, c->who, org, asset, most, c->arena, &l, &n));
    hn_jw_key(w, key);
    hn_jw_arr(w);
    for (size_t i = 0; i < n; i++) {
        struct hn_store_finding f;
        OPS_STORE(hn_store_finding_get(c->store, c->who, l[i].finding, c->arena, &f));
        const struct hn_jv *v = ops_finding_value(c->arena, &f);
        if (!v)
            return (struct hn_err){HN_E_NOMEM};
        hn_jw_obj(w);
        hn_jw_kstr(w, "cause", l[i].cause);
        hn_jw_kstr(w, "finding", l[i].finding);
        ops_names(w, "title", hn_finding_texts_from_json(c->arena, HN_EN, v).title,
                  hn_finding_texts_from_json(c->arena, HN_JA, v).title);
        hn_jw_kstr(w, "fix_kind", l[i].fix_kind.n ? l[i].fix_kind : HN_STR("none"));
        hn_jw_kint(w, "findings", (int64_t)l[i].findings);
        hn_jw_kint(w, "assets", (int64_t)l[i].assets);
        hn_jw_knum(w, "score_drop", l[i].score_drop);
        hn_jw_knum(w, "p", l[i].p);
        hn_jw_knum(w, "loss", l[i].loss);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
    return HN_OK;
}

static struct hn_err now(struct hn_op_ctx *c)
{
    struct hn_store_now n;
    struct hn_store_finding *f;
    struct hn_listing l;
    struct hn_jw *w = c->w;

    OPS_STORE(hn_store_now(c->store, c->who, ops_arg(c, "org"), c->arena, &n));
    struct hn_store_finding_query q = {.org = n.org.id, .status = HN_F_OPEN, .page = {.limit = 20}};
    OPS_STORE(hn_store_findings(c->store, c->who, &q, c->arena, &f, &l));
    hn_jw_obj(w);
    ops_org_ref(w, n.org.id, n.org.name_en, n.org.name_ja);
    now_figures(c, &n);
    HN_TRY(ops_trend(c, n.org.id, (struct hn_str){NULL, 0}, 90));
    hn_jw_key(w, "first");
    hn_jw_arr(w);
    for (size_t i = 0; i < l.n; i++)
        HN_TRY(ops_finding_row(w, c->arena, &f[i]));
    hn_jw_arr_end(w);
    HN_TRY(ops_lower(c, "lower", n.org.id, (struct hn_str){NULL, 0}, 10));
    hn_jw_key(w, "formula");
    hn_jw_obj(w);
    hn_jw_ktext(w, c->arena, "text", "formula.organisation", NULL);
    hn_jw_kstr(w, "policy", hn_policy_id(c->role->policy));
    hn_jw_knum(w, "kappa", hn_policy_kappa(c->role->policy));
    hn_jw_knum(w, "loss_max", hn_policy_loss_max(c->role->policy));
    hn_jw_obj_end(w);
    hn_jw_obj_end(w);
    return HN_OK;
}

/* Over HTTP this is a stream; httpd calls it again whenever the log grew. */
static struct hn_err events(struct hn_op_ctx *c)
{
    struct hn_store_event *e;
    size_t n;
    int64_t last;
    bool gap;

    OPS_STORE(hn_store_events(c->store, c->who, hn_jv_int(c->args, "after", -1), 256, c->arena, &e, &n, &last, &gap));
    hn_jw_obj(c->w);
    hn_jw_key(c->w, "items");
    hn_jw_arr(c->w);
    for (size_t i = 0; i < n; i++) {
        hn_jw_obj(c->w);
        hn_jw_kint(c->w, "seq", e[i].id);
        hn_jw_kstr(c->w, "event", e[i].kind);
        hn_jw_kstr(c->w, "id", e[i].object);
        hn_jw_kstr(c->w, "org", e[i].org);
        hn_jw_kstr(c->w, "what", e[i].what);
        hn_jw_ktime(c->w, "at", e[i].at);
        hn_jw_obj_end(c->w);
    }
    hn_jw_arr_end(c->w);
    hn_jw_kint(c->w, "last", last);
    hn_jw_kbool(c->w, "gap", gap);
    hn_jw_obj_end(c->w);
    return HN_OK;
}

static struct hn_err openapi(struct hn_op_ctx *c)
{
    hn_openapi_write(c->w);
    return HN_OK;
}

static const char *type_name(enum hn_type t)
{
    static const char *const names[] = {"string", "integer", "boolean", "time", "list"};
    return names[t];
}

static void kind_write(struct hn_jw *w, const struct hn_module *m, const struct hn_kind *k, struct hn_arena *a)
{
    hn_jw_obj(w);
    hn_jw_kstr(w, "kind", hn_arena_fmt(a, "%s.%s", m->name, k->name));
    hn_jw_kc(w, "module", m->name);
    hn_jw_kc(w, "subject", k->subject);
    hn_jw_key(w, "fields");
    hn_jw_arr(w);
    for (const struct hn_field *f = k->fields; f && f->name; f++) {
        hn_jw_obj(w);
        hn_jw_kc(w, "name", f->name);
        hn_jw_kc(w, "type", type_name(f->type));
        if (f->ref != HN_REF_NONE)
            hn_jw_kc(w, "ref", hn_ref_name(f->ref));
        if (f->unit)
            hn_jw_kc(w, "unit", f->unit);
        hn_jw_kc(w, "meaning", f->meaning ? f->meaning : "");
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
    hn_jw_obj_end(w);
}

static struct hn_err kinds(struct hn_op_ctx *c)
{
    hn_jw_arr(c->w);
    for (size_t i = 0; i < hn_modules_n; i++)
        for (const struct hn_kind *k = hn_modules[i]->kinds; k && k->name; k++)
            kind_write(c->w, hn_modules[i], k, c->arena);
    hn_jw_arr_end(c->w);
    return HN_OK;
}

static struct hn_err rules(struct hn_op_ctx *c)
{
    struct hn_jw *w = c->w;

    hn_jw_arr(w);
    for (size_t i = 0; i < hn_modules_n; i++)
        for (const struct hn_rule *r = hn_modules[i]->rules; r && r->id; r++) {
            struct hn_str kind = hn_arena_fmt(c->arena, "%s.%s", hn_modules[i]->name, r->id);
            struct hn_str key = hn_arena_fmt(c->arena, "%.*s.title", HN_FMT(kind));
            struct hn_str rest = hn_str_c(r->references), ref;
            hn_jw_obj(w);
            hn_jw_kstr(w, "kind", kind);
            hn_jw_kc(w, "module", hn_modules[i]->name);
            hn_jw_kc(w, "severity", hn_severity_name(r->severity));
            hn_jw_kc(w, "class", hn_class_name(r->class));
            hn_jw_key(w, "references");
            hn_jw_arr(w);
            while (hn_str_word(&rest, &ref))
                hn_jw_str(w, ref);
            hn_jw_arr_end(w);
            hn_jw_key(w, "title");
            hn_jw_obj(w);
            for (int lang = 0; lang < HN_LANGS; lang++) {
                const char *t = hn_text_find((enum hn_lang)lang, key.p);
                hn_jw_kc(w, lang == HN_JA ? "ja" : "en", t ? t : key.p);
            }
            hn_jw_obj_end(w);
            hn_jw_obj_end(w);
        }
    hn_jw_arr_end(w);
    return HN_OK;
}

static struct hn_err text(struct hn_op_ctx *c)
{
    enum hn_lang lang = hn_str_eqc(ops_arg(c, "lang"), "ja") ? HN_JA : HN_EN;
    const char *key;

    hn_jw_obj(c->w);
    for (size_t i = 0; (key = hn_text_key(i)); i++)
        hn_jw_kc(c->w, key, hn_text_find(lang, key));
    hn_jw_obj_end(c->w);
    return HN_OK;
}

static struct hn_err policy(struct hn_op_ctx *c)
{
    hn_policy_json(c->role->policy, c->w);
    return HN_OK;
}

static const struct hn_op_param org_params[] = {OPS_ORG, OPS_END};
static const struct hn_op_param event_params[] = {{"after", HN_IN_QUERY, HN_PT_INT, false, NULL,
                                                   "last event seen (as Last-Event-ID); absent: only what comes", -1,
                                                   INT64_MAX},
                                                  OPS_END};
static const struct hn_op_param text_params[] = {{"lang", HN_IN_PATH, HN_PT_STR, true, "en ja", "language", 0, 0},
                                                 OPS_END};

const struct hn_op hn_ops_overview[] = {
    {"status.get", "GET", "status", HN_NEED_SESSION, 0, NULL, "status",
     "Version, sandbox, store, watch, and what everybody should know", status},
    {"now.get", "GET", "now", HN_NEED_VIEWER, 0, org_params, "now", "What to do first, and why", now},
    {"events.get", "GET", "events", HN_NEED_SESSION, HN_OP_STREAM, event_params, "events",
     "Server-sent events: event finding|action|run|org|status", events},
    {"kinds.list", "GET", "kinds", HN_NEED_SESSION, 0, NULL, "kinds", "Declared kinds of observation", kinds},
    {"rules.list", "GET", "rules", HN_NEED_SESSION, 0, NULL, "rules", "Declared kinds of finding", rules},
    {"text.get", "GET", "text/{lang}", HN_NEED_NONE, 0, text_params, "text_catalogue", "Catalogue of texts", text},
    {"policy.get", "GET", "policy", HN_NEED_SESSION, 0, NULL, "policy", "The risk policy in force", policy},
    {"openapi.get", "GET", "openapi.json", HN_NEED_NONE, 0, NULL, "openapi", "This description", openapi},
    {0}};
