/* Taking the run of one asset: what `hinomi diagnose --json` prints, judged by the caller. Everything is checked here
 * again for shape and bounds; what it means was checked by the caller against the modules' declarations. */
#include <stdio.h>

#include "base/map.h"
#include "core/carry.h"
#include "core/ops_in.h"
#include "core/ops_network.h"
#include "core/ops_software_host.h"
#include "core/registry.h"
#include "core/render.h"
#include "core/store_role.h"

#define COVER_MAX    1024u
#define OBS_MAX      2000000u
#define FINDINGS_MAX 500000u
#define NAMES_MAX    256u

static const struct hn_jv *arr(const struct hn_jv *v, const char *key, size_t *ret_n)
{
    const struct hn_jv *a = hn_jv_get(v, key);

    *ret_n = a && a->kind == HN_JV_ARR ? a->n : 0;
    return *ret_n ? a->items : NULL;
}

struct hn_str ops_json_text(struct hn_arena *a, const struct hn_jv *v)
{
    HN_AUTO(hn_buf_done) struct hn_buf b = {0};
    struct hn_jw w;

    if (!v || v->kind == HN_JV_NULL)
        return (struct hn_str){NULL, 0};
    hn_buf_init(&b, 4 << 20);
    hn_jw_init(&w, &b);
    hn_jw_value(&w, v);
    if (b.bad) {
        a->failed = true;
        return (struct hn_str){NULL, 0};
    }
    return hn_arena_str(a, hn_buf_text(&b));
}

static struct hn_str json_of(struct hn_op_ctx *c, const struct hn_jv *v)
{
    return ops_json_text(c->arena, v);
}

static struct hn_err bad(struct hn_op_ctx *c, const char *what)
{
    snprintf(c->diag.msg, sizeof c->diag.msg, "run document: %s", what);
    return hn_op_fail(c, HN_E_INVALID, "error.run-document", HN_OP_END);
}

/* ---------------------------------------------------------------- identity */

static bool key_add(struct hn_store_identity *id, struct hn_store_key *keys, const char *type, struct hn_str value)
{
    if (value.n)
        keys[id->n_keys++] = (struct hn_store_key){hn_str_c(type), value};
    return true;
}

static struct hn_err identity_read(struct hn_op_ctx *c, const struct hn_jv *v, struct hn_store_identity *id)
{
    size_t n_names, n_keys;
    const struct hn_jv *names = arr(v, "names", &n_names), *k = arr(v, "keys", &n_keys);
    struct hn_str *list = hn_arena_alloc(c->arena, (NAMES_MAX + 1) * sizeof *list);
    struct hn_store_key *keys = hn_arena_alloc(c->arena, (NAMES_MAX + 3) * sizeof *keys);

    if (!list || !keys)
        return (struct hn_err){HN_E_NOMEM};
    *id = (struct hn_store_identity){.name = hn_jv_str(v, "name"),
                                     .os = hn_jv_str(v, "os"),
                                     .kind = hn_jv_str(v, "kind"),
                                     .names = list,
                                     .keys = keys};
    if (!id->name.n)
        id->name = hn_jv_str(v, "hostname");
    if (n_names > NAMES_MAX || n_keys > NAMES_MAX)
        return bad(c, "too many names");
    for (size_t i = 0; i < n_names; i++)
        if (names[i].kind == HN_JV_STR && names[i].s.n)
            list[id->n_names++] = names[i].s;
    if (!id->name.n && id->n_names)
        id->name = list[0];
    key_add(id, keys, "machine-id", hn_jv_str(v, "machine_id"));
    key_add(id, keys, "hw.id", hn_jv_str(v, "hardware_id"));
    for (size_t i = 0; i < n_keys; i++) {
        struct hn_str type = hn_jv_str(&k[i], "type"), value = hn_jv_str(&k[i], "value");
        if (type.n && value.n)
            keys[id->n_keys++] = (struct hn_store_key){type, value};
    }
    return HN_OK;
}

static struct hn_err resolve(struct hn_op_ctx *c)
{
    struct hn_store_identity id;
    struct hn_store_match m;
    struct hn_store_asset a;
    struct hn_store_cover *cover = NULL;
    size_t n = 0;
    struct hn_str org = ops_arg(c, "org");
    struct hn_jw *w = c->w;

    HN_TRY(identity_read(c, hn_jv_get(c->args, "identity"), &id));
    if (org.n) { /* also for an asset that is known, which stays where it is */
        struct hn_store_org there;
        OPS_STORE(hn_store_org_get(c->store, c->who, org, c->arena, &there));
    }
    OPS_STORE(hn_store_asset_resolve(c->store, c->who, &id, org.n ? org : HN_STR(HN_STORE_ROOT),
                                     hn_jv_bool(c->args, "create", true), c->arena, &m));
    OPS_STORE(hn_store_asset_get(c->store, c->who, m.asset, c->arena, &a));
    if (hn_jv_bool(c->args, "looked", false))
        OPS_STORE(hn_store_coverage(c->store, c->who, m.asset, HN_STR(""), HN_STR(""), c->arena, &cover, &n));
    hn_jw_obj(w);
    hn_jw_kstr(w, "asset", m.asset);
    hn_jw_kbool(w, "created", m.created);
    hn_jw_kc(w, "clash", m.clash);
    ops_kopt(w, "clash_with", m.clash_with);
    hn_jw_kstr(w, "name", a.name);
    hn_jw_kstr(w, "org", a.org);
    hn_jw_knum(w, "criticality", a.criticality);
    hn_jw_key(w, "looked");
    hn_jw_arr(w);
    for (size_t i = 0; i < n; i++) {
        hn_jw_obj(w);
        hn_jw_kstr(w, "module", cover[i].module);
        hn_jw_kstr(w, "scope", cover[i].scope);
        hn_jw_kstr(w, "run", cover[i].run);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
    hn_jw_obj_end(w);
    return HN_OK;
}

/* ---------------------------------------------------------------- the document */

static int privilege_of(const struct hn_jv *v, int dflt)
{
    const struct hn_jv *p = hn_jv_get(v, "privilege");

    if (p && p->kind == HN_JV_STR)
        return hn_str_eqc(p->s, "root") ? HN_PRIVILEGE_ROOT : HN_PRIVILEGE_USER;
    return dflt;
}

static uint64_t count_of(const struct hn_jv *v, const char *list, const char *number)
{
    size_t n;

    arr(v, list, &n);
    int64_t said = hn_jv_int(v, number, (int64_t)n);
    return said < (int64_t)n ? n : (uint64_t)said;
}

/* Every one must be read: of those left out nothing would be known. */
static struct hn_err hidden_read(struct hn_op_ctx *c, const struct hn_jv *v, struct hn_store_run_cover *o)
{
    size_t n;
    const struct hn_jv *h = arr(v, "hidden", &n);
    struct hn_store_run_hidden *out = hn_arena_alloc(c->arena, (n + 1) * sizeof *out);

    if (!out)
        return (struct hn_err){HN_E_NOMEM};
    o->bounded = hn_jv_bool(v, "bounded", false);
    for (size_t i = 0; i < n; i++) {
        struct hn_str from = hn_jv_str(&h[i], "from");
        out[i] = (struct hn_store_run_hidden){.who = hn_jv_str(&h[i], "who"),
                                              .kind = hn_jv_str(&h[i], "kind"),
                                              .subject = hn_jv_str(&h[i], "subject"),
                                              .location = hn_jv_str(&h[i], "location")};
        if (!out[i].kind.n || (from.n && !hn_time_parse(from, &out[i].from)))
            return bad(c, "something hidden lacks its kind, or has a wrong time");
    }
    o->hidden = out;
    o->n_hidden = n;
    return HN_OK;
}

static struct hn_err cover_read(struct hn_op_ctx *c, const struct hn_jv *doc, struct hn_store_run *run)
{
    size_t n;
    const struct hn_jv *k = arr(doc, "coverage", &n);
    struct hn_str scope = hn_jv_str(doc, "scope");
    struct hn_store_run_cover *out = hn_arena_alloc(c->arena, (n + 1) * sizeof *out);

    if (!out)
        return (struct hn_err){HN_E_NOMEM};
    if (!n || n > COVER_MAX)
        return bad(c, "coverage is missing or too long");
    for (size_t i = 0; i < n; i++) {
        struct hn_store_run_cover *o = &out[i];
        o->module = hn_jv_str(&k[i], "module");
        if (!o->module.n || o->module.n > 64)
            return bad(c, "a coverage names no module");
        o->scope = hn_jv_str(&k[i], "scope");
        if (!o->scope.n)
            o->scope = scope.n ? scope : HN_STR("live");
        o->privilege = privilege_of(&k[i], privilege_of(doc, HN_PRIVILEGE_USER));
        o->kept = hn_jv_bool(&k[i], "kept", false);
        o->complete = hn_jv_bool(&k[i], "complete", false);
        o->judged = hn_jv_bool(&k[i], "judged", hn_jv_bool(doc, "judged", true));
        o->duration_ns = (int64_t)(hn_jv_num(&k[i], "duration_ms", 0) * 1e6);
        o->malformed_n = count_of(&k[i], "malformed", "malformed_n");
        o->quarantined_n = count_of(&k[i], "quarantined", "quarantined_n");
        o->not_seen_n = count_of(&k[i], "not_seen", "not_seen_n");
        o->malformed = json_of(c, hn_jv_get(&k[i], "malformed"));
        o->quarantined = json_of(c, hn_jv_get(&k[i], "quarantined"));
        o->not_seen = json_of(c, hn_jv_get(&k[i], "not_seen"));
        HN_TRY(hidden_read(c, &k[i], o));
    }
    run->cover = out;
    run->n_cover = n;
    return HN_OK;
}

static struct hn_err obs_read(struct hn_op_ctx *c, const struct hn_jv *doc, struct hn_store_run *run)
{
    size_t n;
    const struct hn_jv *o = arr(doc, "observations", &n);
    struct hn_store_run_obs *out = hn_arena_alloc(c->arena, (n + 1) * sizeof *out);

    if (!out)
        return (struct hn_err){HN_E_NOMEM};
    if (n > OBS_MAX)
        return bad(c, "too many observations");
    for (size_t i = 0; i < n; i++) {
        struct hn_str at = hn_jv_str(&o[i], "at");
        out[i] = (struct hn_store_run_obs){.module = hn_jv_str(&o[i], "module"),
                                           .kind = hn_jv_str(&o[i], "kind"),
                                           .subject = hn_jv_str(&o[i], "subject"),
                                           .scope = hn_jv_str(&o[i], "scope"),
                                           .fields = json_of(c, hn_jv_get(&o[i], "fields"))};
        if (at.n && !hn_time_parse(at, &out[i].at))
            return bad(c, "an observation has a wrong time");
        if (!out[i].module.n || !out[i].kind.n)
            return bad(c, "an observation lacks module or kind");
        if (!out[i].fields.n)
            out[i].fields = HN_STR("{}");
    }
    run->obs = out;
    run->n_obs = n;
    return HN_OK;
}

/* "CIS:5.2.4 DS-211" of the rule as a JSON list, when the document says nothing. */
static struct hn_str references_of(struct hn_op_ctx *c, struct hn_str kind)
{
    ptrdiff_t dot = hn_str_chr(kind, '.');
    const struct hn_module *m = dot > 0 ? hn_module_find(hn_str_cut(kind, 0, (size_t)dot)) : NULL;
    const struct hn_rule *r = m ? hn_rule_find(m, hn_str_cut(kind, (size_t)dot + 1, kind.n)) : NULL;
    HN_AUTO(hn_buf_done) struct hn_buf b = {0};
    struct hn_jw w;

    if (!r || !r->references)
        return (struct hn_str){NULL, 0};
    struct hn_str rest = hn_str_c(r->references), one;
    hn_buf_init(&b, 64 << 10);
    hn_jw_init(&w, &b);
    hn_jw_arr(&w);
    while (hn_str_word(&rest, &one))
        hn_jw_str(&w, one);
    hn_jw_arr_end(&w);
    return hn_arena_str(c->arena, hn_buf_text(&b));
}

static struct hn_err finding_read(struct hn_op_ctx *c, const struct hn_jv *v, struct hn_store_run_finding *f)
{
    const struct hn_jv *fix = hn_jv_get(v, "fix");
    enum hn_severity sev = HN_SEV_INFO;
    struct hn_str since = hn_jv_str(v, "since");

    *f = (struct hn_store_run_finding){.id = hn_jv_str(v, "id"),
                                       .kind = hn_jv_str(v, "kind"),
                                       .scope = hn_jv_str(v, "scope"),
                                       .class_ = hn_jv_str(v, "class"),
                                       .subject = hn_jv_str(v, "subject"),
                                       .location = hn_jv_str(v, "location"),
                                       .cause = hn_jv_str(v, "cause"),
                                       .fix_kind = hn_jv_str(fix, "kind"),
                                       .fix_target = hn_jv_str(fix, "target"),
                                       .fix_value = hn_jv_str(fix, "value"),
                                       .confidence = (unsigned)hn_jv_int(v, "confidence", 100),
                                       .prior = hn_jv_num(v, "prior", 0),
                                       .p = hn_jv_num(v, "p", 0),
                                       .loss = hn_jv_num(v, "loss", 0),
                                       .score = hn_jv_num(v, "score", 0),
                                       .due_days = hn_jv_int(v, "due_days", -1),
                                       .due_rule = hn_jv_str(v, "due_rule"),
                                       .params = json_of(c, hn_jv_get(v, "params")),
                                       .terms = json_of(c, hn_jv_get(v, "terms")),
                                       .graph = json_of(c, hn_jv_get(v, "graph")),
                                       .evidence = json_of(c, hn_jv_get(v, "evidence")),
                                       .due_inputs = json_of(c, hn_jv_get(v, "due_inputs")),
                                       .references = json_of(c, hn_jv_get(v, "references"))};
    if (!f->id.n || f->id.n > 64 || hn_str_chr(f->kind, '.') <= 0)
        return bad(c, "a finding lacks id or kind");
    if (!hn_severity_parse(hn_jv_str(v, "severity"), &sev))
        return bad(c, "a finding lacks its severity");
    if (since.n && !hn_time_parse(since, &f->since))
        return bad(c, "a finding has a wrong time");
    if (!f->fix_kind.n)
        f->fix_kind = HN_STR("none");
    if (!f->references.n)
        f->references = references_of(c, f->kind);
    f->severity = (int)sev;
    return HN_OK;
}

/* ---------------------------------------------------------------- what a better run saw */

struct before {
    const struct hn_store_run *run;
    struct hn_map by_id; /* id → struct hn_store_finding */
    int privilege;       /* of the run that saw the finding at hand */
};

/* The evidence of the chain: modules whose raising terms are worth keeping. */
static const char *const chain_modules[] = {"processes", "sockets"};

static const struct hn_store_run_cover *cover_find(const struct hn_store_run *run, struct hn_str module)
{
    for (size_t i = 0; i < run->n_cover; i++)
        if (hn_str_eq(run->cover[i].module, module))
            return &run->cover[i];
    return NULL;
}

static bool blind(void *arg, struct hn_str module)
{
    const struct before *b = arg;
    const struct hn_store_run_cover *k = cover_find(b->run, module);
    return !k || k->privilege < b->privilege;
}

/* A run as root with all of them is blind to nothing, so nothing need be read. */
static bool may_be_blind(const struct hn_store_run *run)
{
    for (size_t i = 0; i < sizeof chain_modules / sizeof chain_modules[0]; i++) {
        const struct hn_store_run_cover *k = cover_find(run, hn_str_c(chain_modules[i]));
        if (!k || k->privilege < HN_PRIVILEGE_ROOT)
            return true;
    }
    return false;
}

static struct hn_err before_read(struct hn_op_ctx *c, const struct hn_store_run *run, struct before *b)
{
    struct hn_store_finding_query q = {.asset = run->asset, .status = HN_F_ANY_STATUS, .page.limit = HN_PAGE_MOST};
    struct hn_store_finding *f;
    struct hn_listing l;

    b->run = run;
    hn_map_init(&b->by_id);
    if (!may_be_blind(run))
        return HN_OK;
    OPS_STORE(hn_store_findings(c->store, c->who, &q, c->arena, &f, &l));
    for (size_t i = 0; i < l.n; i++)
        if (f[i].last_seen < run->collected_at)
            HN_TRY(hn_map_set(&b->by_id, hn_str_bytes(f[i].id), &f[i]));
    return HN_OK;
}

/* The finding as it is to be kept: v itself, or with the terms of the run before. */
static const struct hn_jv *with_carried(struct hn_op_ctx *c, const struct hn_jv *v, struct before *b)
{
    const struct hn_store_finding *old = hn_map_find(&b->by_id, hn_str_bytes(hn_jv_str(v, "id")));
    HN_AUTO(hn_buf_done) struct hn_buf out = {0};
    struct hn_jw w;

    if (!old || !old->terms.n || old->status == HN_F_CLOSED)
        return v;
    b->privilege = old->privilege;
    hn_buf_init(&out, 4 << 20);
    hn_jw_init(&w, &out);
    const struct hn_jv *terms = hn_jv_parse(c->arena, hn_str_bytes(old->terms), NULL);
    if (!terms || !hn_carry_json(&w, c->arena, v, terms, blind, b, c->role->policy))
        return v;
    const struct hn_jv *kept = hn_jv_parse(c->arena, hn_str_bytes(hn_arena_str(c->arena, hn_buf_text(&out))), NULL);
    return kept ? kept : v;
}

/* The finding as what is known of the network ranks it. */
static const struct hn_jv *with_network(struct hn_op_ctx *c, const struct hn_jv *v, const struct hn_jv *evidence)
{
    HN_AUTO(hn_buf_done) struct hn_buf out = {0};
    struct hn_jw w;

    hn_buf_init(&out, 8 << 20);
    hn_jw_init(&w, &out);
    if (!evidence || !hn_net_apply(&w, c->arena, v, evidence, c->role->policy))
        return v;
    const struct hn_jv *kept = hn_jv_parse(c->arena, hn_str_bytes(hn_arena_str(c->arena, hn_buf_text(&out))), NULL);
    return kept ? kept : v;
}

static struct hn_err findings_read(struct hn_op_ctx *c, const struct hn_jv *doc, const struct hn_jv *evidence,
                                   struct hn_store_run *run)
{
    size_t n;
    const struct hn_jv *v = arr(doc, "findings", &n);
    struct hn_store_run_finding *out = hn_arena_alloc(c->arena, (n + 1) * sizeof *out);

    if (!out)
        return (struct hn_err){HN_E_NOMEM};
    if (n > FINDINGS_MAX)
        return bad(c, "too many findings");
    struct before b;
    struct hn_err e = before_read(c, run, &b);
    for (size_t i = 0; i < n && hn_ok(e); i++)
        e = finding_read(c, with_network(c, with_carried(c, &v[i], &b), evidence), &out[i]);
    hn_map_done(&b.by_id);
    HN_TRY(e);
    run->findings = out;
    run->n_findings = n;
    return HN_OK;
}

static void result_write(struct hn_jw *w, struct hn_str run, const struct hn_store_run_result *r)
{
    hn_jw_obj(w);
    hn_jw_kstr(w, "run", run);
    hn_jw_kbool(w, "known", r->known);
    hn_jw_kbool(w, "late", r->late);
    hn_jw_ktime(w, "ordered_at", r->ordered_at);
    hn_jw_key(w, "observations");
    hn_jw_obj(w);
    hn_jw_kint(w, "new", (int64_t)r->obs_new);
    hn_jw_kint(w, "changed", (int64_t)r->obs_changed);
    hn_jw_kint(w, "gone", (int64_t)r->obs_gone);
    hn_jw_kint(w, "same", (int64_t)r->obs_same);
    hn_jw_obj_end(w);
    hn_jw_key(w, "findings");
    hn_jw_obj(w);
    hn_jw_kint(w, "appeared", (int64_t)r->appeared);
    hn_jw_kint(w, "changed", (int64_t)r->changed);
    hn_jw_kint(w, "reopened", (int64_t)r->reopened);
    hn_jw_kint(w, "closed", (int64_t)r->closed);
    hn_jw_kint(w, "not_seen", (int64_t)r->not_seen);
    hn_jw_kint(w, "same", (int64_t)r->same);
    hn_jw_obj_end(w);
    hn_jw_key(w, "actions");
    hn_jw_obj(w);
    hn_jw_kint(w, "verified", (int64_t)r->verified);
    hn_jw_kint(w, "not_fixed", (int64_t)r->not_fixed);
    hn_jw_obj_end(w);
    if (r->has_score)
        ops_kround(w, "score", r->score);
    hn_jw_obj_end(w);
}

/* Who may write this run may have what is known of the network joined with it; what that is, the system reads. */
static struct hn_err network_before(struct hn_op_ctx *c, struct ops_net *net, const struct hn_store_run *run,
                                    struct ops_net_told *ret)
{
    struct hn_store_asset x;

    OPS_STORE(hn_store_asset_get(c->store, c->who, run->asset, c->arena, &x));
    OPS_STORE(ops_net_of_run(net, run, x.org, ret));
    return HN_OK;
}

static struct hn_err network_after(struct hn_op_ctx *c, struct ops_net *net, const struct hn_store_run *run,
                                   const struct ops_net_told *told)
{
    OPS_STORE(ops_net_remember(net, run->asset, told));
    if (ops_net_is_evidence(run))
        OPS_STORE(ops_net_begin(&c->role->net_job, c->store, c->role->policy));
    return HN_OK;
}

static struct hn_err put(struct hn_op_ctx *c)
{
    const struct hn_jv *doc = hn_jv_get(c->args, "document"), *who = hn_jv_get(c->args, "identity");
    struct hn_str origin = ops_arg(c, "origin");
    struct hn_store_run run = {.asset = ops_arg(c, "asset"), .origin = origin.n ? origin : HN_STR("local")};
    struct hn_store_run_result r;

    run.id = hn_jv_str(doc, "run_id");
    if (!run.id.n || run.id.n > 64)
        return bad(c, "run_id is missing");
    if (!hn_time_parse(hn_jv_str(doc, "collected_at"), &run.collected_at))
        return bad(c, "collected_at is missing or wrong");
    run.background = hn_jv_bool(doc, "background", false);
    HN_TRY(identity_read(c, who ? who : hn_jv_get(doc, "asset"), &run.who));
    HN_TRY(cover_read(c, doc, &run));
    HN_TRY(obs_read(c, doc, &run));
    struct ops_net net = {.store = c->store, .policy = c->role->policy, .arena = c->arena, .now = c->now};
    struct ops_net_told told;
    HN_TRY(network_before(c, &net, &run, &told));
    HN_TRY(findings_read(c, doc, told.evidence, &run));
    run.note = json_of(c, hn_jv_get(c->args, "note"));
    if (c->arena->failed)
        return (struct hn_err){HN_E_NOMEM};
    OPS_STORE(hn_store_run_put(c->store, c->who, &run, &r));
    if (!r.known && !r.late) {
        HN_TRY(ops_host_components(c, &run));
        HN_TRY(network_after(c, &net, &run, &told));
    }
    if (hn_str_eqc(run.origin, "local") && !r.known)
        c->role->watch_last = c->now;
    result_write(c->w, run.id, &r);
    return HN_OK;
}

static const struct hn_op_param resolve_params[] = {
    {"identity", HN_IN_BODY, HN_PT_OBJ, true, NULL,
     "{name, os, kind, names, machine_id, hardware_id, keys: [{type, value}]}", 0, 0},
    {"org", HN_IN_BODY, HN_PT_STR, false, NULL, "where a new asset is placed (default: root)", 0, 128},
    {"create", HN_IN_BODY, HN_PT_BOOL, false, NULL, "default true", 0, 0},
    {"looked", HN_IN_BODY, HN_PT_BOOL, false, NULL, "also say by which run each module was last looked at", 0, 0},
    OPS_END};
static const struct hn_op_param put_params[] = {
    {"asset", HN_IN_BODY, HN_PT_STR, true, NULL, "from assets.resolve", 0, 128},
    {"document", HN_IN_BODY, HN_PT_OBJ, true, NULL, "what diagnose --json prints, judged", 0, 0},
    {"identity", HN_IN_BODY, HN_PT_OBJ, false, NULL, "as for assets.resolve; default: document.asset", 0, 0},
    {"origin", HN_IN_BODY, HN_PT_STR, false, NULL, "default: local", 0, 256},
    {"note", HN_IN_BODY, HN_PT_OBJ, false, NULL, "anything else to keep", 0, 0},
    OPS_END};

const struct hn_op hn_ops_run[] = {
    {"assets.resolve", NULL, NULL, HN_NEED_LOCAL, HN_OP_CHANGES, resolve_params, NULL,
     "Finds the asset again by what it says it is, or makes it", resolve},
    {"runs.put", NULL, NULL, HN_NEED_LOCAL, HN_OP_CHANGES, put_params, "run_result", "Takes the run of one asset", put},
    {0}};
