#include <math.h>
#include <stdlib.h>

#include "base/str.h"
#include "core/registry.h"
#include "core/render_view.h"
#include "core/risk_score.h"

/* ---------------------------------------------------------------- names */

static const char *const fix_names[] = {
    [HN_FIX_NONE] = "none", [HN_FIX_UPGRADE] = "upgrade", [HN_FIX_SYSCTL] = "sysctl",
    [HN_FIX_MODE] = "mode", [HN_FIX_OWNER] = "owner",     [HN_FIX_UNIT_OFF] = "unit-off",
    [HN_FIX_SSHD] = "sshd", [HN_FIX_RESTART] = "restart", [HN_FIX_SETTING] = "setting",
};

const char *hn_fix_kind_name(enum hn_fix_kind k)
{
    return (size_t)k < sizeof fix_names / sizeof fix_names[0] ? fix_names[k] : "none";
}

bool hn_fix_kind_parse(struct hn_str s, enum hn_fix_kind *ret)
{
    for (size_t i = 0; i < sizeof fix_names / sizeof fix_names[0]; i++)
        if (hn_str_eqc(s, fix_names[i])) {
            *ret = (enum hn_fix_kind)i;
            return true;
        }
    return false;
}

const char *hn_ref_name(enum hn_ref r)
{
    static const char *const names[] = {"none", "path", "process", "package", "listener", "unit", "user"};
    return (size_t)r < sizeof names / sizeof names[0] ? names[r] : "none";
}

/* ---------------------------------------------------------------- writing */

static void write_obs(struct hn_jw *w, struct hn_arena *a, const struct hn_obs *o)
{
    if (!o) {
        hn_jw_null(w);
        return;
    }
    hn_jw_obj(w);
    hn_jw_kstr(w, "kind", hn_arena_fmt(a, "%s.%s", o->module->name, o->kind->name));
    hn_jw_kstr(w, "subject", o->subject);
    hn_jw_ktime(w, "at", o->at);
    hn_jw_obj_end(w);
}

static void write_params(struct hn_jw *w, const char *key, const struct hn_param *p)
{
    hn_jw_key(w, key);
    hn_jw_obj(w);
    for (; p; p = p->next)
        hn_jw_kstr(w, p->name, p->value);
    hn_jw_obj_end(w);
}

/* obs: the stored reference when the term comes from JSON. */
static void write_term(struct hn_jw *w, struct hn_arena *a, const struct hn_term *t, const struct hn_jv *obs)
{
    hn_jw_obj(w);
    hn_jw_kc(w, "name", t->name);
    hn_jw_knum(w, "weight", t->seen ? t->weight : 0);
    hn_jw_kc(w, "on", t->on_loss ? "loss" : "p");
    hn_jw_kbool(w, "seen", t->seen);
    write_params(w, "params", t->params);
    hn_jw_key(w, "obs");
    if (obs)
        hn_jw_value(w, obs);
    else
        write_obs(w, a, t->obs);
    hn_jw_obj_end(w);
}

static void write_score(struct hn_jw *w, const struct hn_finding *f, const struct hn_policy *policy)
{
    hn_jw_knum(w, "score", f->score);
    hn_jw_knum(w, "prior", f->prior);
    hn_jw_knum(w, "p", f->p);
    hn_jw_knum(w, "loss", f->loss);
    hn_jw_knum(w, "share", f->share);
    hn_jw_kstr(w, "policy", policy ? hn_policy_id(policy) : HN_STR(""));
    hn_jw_knum(w, "criticality", f->criticality);
    hn_jw_kc(w, "impact", f->impact);
}

static void write_due(struct hn_jw *w, const struct hn_finding *f)
{
    hn_jw_key(w, "due_days");
    if (f->due_days < 0)
        hn_jw_null(w);
    else
        hn_jw_int(w, f->due_days);
    hn_jw_kc(w, "due_rule", f->due_rule);
    hn_jw_key(w, "due_inputs");
    hn_jw_arr(w);
    for (size_t i = 0; i < f->n_due_inputs; i++) {
        hn_jw_obj(w);
        hn_jw_kc(w, "name", f->due_inputs[i].name);
        hn_jw_kc(w, "value", f->due_inputs[i].value);
        hn_jw_kc(w, "taken", f->due_inputs[i].taken);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
}

static void write_graph(struct hn_jw *w, struct hn_arena *a, const struct hn_finding *f)
{
    hn_jw_key(w, "graph");
    hn_jw_obj(w);
    hn_jw_key(w, "nodes");
    hn_jw_arr(w);
    for (size_t i = 0; i < f->n_nodes; i++) {
        hn_jw_obj(w);
        hn_jw_kc(w, "type", f->nodes[i].type);
        hn_jw_kstr(w, "label", f->nodes[i].label);
        hn_jw_key(w, "obs");
        write_obs(w, a, f->nodes[i].obs);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
    hn_jw_key(w, "edges");
    hn_jw_arr(w);
    for (size_t i = 0; i < f->n_edges; i++) {
        hn_jw_obj(w);
        hn_jw_kint(w, "from", f->edges[i].from);
        hn_jw_kint(w, "to", f->edges[i].to);
        hn_jw_kc(w, "how", f->edges[i].how);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
    hn_jw_obj_end(w);
}

static void write_about(struct hn_jw *w, const struct hn_about *b)
{
    hn_jw_key(w, "about");
    hn_jw_arr(w);
    for (; b; b = b->next) {
        hn_jw_obj(w);
        hn_jw_kc(w, "ref", hn_ref_name(b->ref));
        hn_jw_kstr(w, "value", b->value);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
}

static void write_evidence_and_fix(struct hn_jw *w, struct hn_arena *a, const struct hn_finding *f)
{
    hn_jw_key(w, "evidence");
    hn_jw_arr(w);
    for (const struct hn_evidence *e = f->evidence; e; e = e->next) {
        hn_jw_obj(w);
        hn_jw_kc(w, "role", e->role);
        hn_jw_key(w, "obs");
        write_obs(w, a, e->obs);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
    hn_jw_key(w, "fix");
    if (f->fix == HN_FIX_NONE) {
        hn_jw_null(w);
        return;
    }
    hn_jw_obj(w);
    hn_jw_kc(w, "kind", hn_fix_kind_name(f->fix));
    hn_jw_kstr(w, "target", f->fix_target);
    hn_jw_kstr(w, "value", f->fix_value);
    hn_jw_obj_end(w);
}

static void write_text(struct hn_jw *w, const char *key, struct hn_str en, struct hn_str ja)
{
    hn_jw_key(w, key);
    hn_jw_obj(w);
    hn_jw_kstr(w, "en", en);
    hn_jw_kstr(w, "ja", ja);
    hn_jw_obj_end(w);
}

static void write_texts(struct hn_jw *w, struct hn_arena *a, const struct hn_finding *f)
{
    struct hn_finding_texts en = hn_finding_texts(a, HN_EN, f), ja = hn_finding_texts(a, HN_JA, f);
    write_text(w, "title", en.title, ja.title);
    write_text(w, "sentence", en.sentence, ja.sentence);
    write_text(w, "why", en.why, ja.why);
    write_text(w, "remedy", en.remedy, ja.remedy);
}

void hn_finding_json_members(struct hn_jw *w, struct hn_arena *a, const struct hn_finding *f,
                             const struct hn_policy *policy, bool texts)
{
    hn_jw_kc(w, "id", f->id);
    hn_jw_kstr(w, "kind", hn_arena_fmt(a, "%s.%s", f->module->name, f->rule->id));
    hn_jw_kc(w, "module", f->module->name);
    hn_jw_kc(w, "class", hn_class_name(f->rule->class));
    hn_jw_kc(w, "severity", hn_severity_name(f->severity));
    hn_jw_kint(w, "confidence", f->confidence);
    hn_jw_kstr(w, "subject", f->subject);
    hn_jw_kstr(w, "location", f->location);
    hn_jw_kstr(w, "cause", f->cause);
    hn_jw_ktime(w, "since", f->since);
    write_params(w, "params", f->params);
    write_about(w, f->about);
    write_score(w, f, policy);
    hn_jw_key(w, "terms");
    hn_jw_arr(w);
    for (const struct hn_term *t = f->terms; t; t = t->next)
        write_term(w, a, t, NULL);
    hn_jw_arr_end(w);
    write_params(w, "inputs", f->inputs);
    write_due(w, f);
    write_graph(w, a, f);
    write_evidence_and_fix(w, a, f);
    if (texts)
        write_texts(w, a, f);
}

void hn_finding_json(struct hn_jw *w, struct hn_arena *a, const struct hn_finding *f, const struct hn_policy *policy,
                     bool texts)
{
    hn_jw_obj(w);
    hn_finding_json_members(w, a, f, policy, texts);
    hn_jw_obj_end(w);
}

/* ---------------------------------------------------------------- another policy */

static bool class_parse(struct hn_str s, enum hn_class *ret)
{
    for (enum hn_class c = HN_CLASS_VULNERABILITY; c <= HN_CLASS_HYGIENE; c++)
        if (hn_str_eqc(s, hn_class_name(c))) {
            *ret = c;
            return true;
        }
    return false;
}

static double param_num(const struct hn_param *p, const char *name, double dflt)
{
    for (; p; p = p->next) {
        char text[40] = {0}, *end;
        if (strcmp(p->name, name) != 0 || !p->value.n || p->value.n >= sizeof text)
            continue;
        memcpy(text, p->value.p, p->value.n);
        double v = strtod(text, &end);
        return *end || !isfinite(v) ? dflt : v;
    }
    return dflt;
}

static void reweigh(const struct hn_policy *policy, const struct hn_finding *f, struct hn_term *t)
{
    if (!t->seen)
        t->weight = 0;
    else if (t->on_loss)
        t->weight = hn_policy_loss_weight(policy, t->name);
    else if (strcmp(t->name, "fix-pending") == 0)
        t->weight = hn_policy_graded(policy, t->name, param_num(t->params, "days", 0));
    else if (strcmp(t->name, "epss") == 0)
        t->weight =
            hn_policy_prior(policy, "", f->rule->class, f->severity, param_num(t->params, "epss", 0)) - f->prior;
    else
        hn_policy_weight(policy, t->name, &t->weight);
}

/* The term's stored observation, found again after sorting by its name. */
static const struct hn_jv *stored_obs(const struct hn_jv *finding, const char *name)
{
    static const struct hn_jv none = {.kind = HN_JV_NULL};
    const struct hn_jv *terms = hn_jv_get(finding, "terms");
    for (size_t i = 0; terms && terms->kind == HN_JV_ARR && i < terms->n; i++)
        if (hn_str_eqc(hn_jv_str(&terms->items[i], "name"), name)) {
            const struct hn_jv *o = hn_jv_get(&terms->items[i], "obs");
            return o ? o : &none;
        }
    return &none;
}

static bool computed(struct hn_str key)
{
    static const char *const keys[] = {"score", "prior",  "p",           "loss",     "share",    "policy",
                                       "terms", "impact", "criticality", "due_days", "due_rule", "due_inputs"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (hn_str_eqc(key, keys[i]))
            return true;
    return false;
}

/* Criticality and technical impact. A store keeps only their product with the factors of the loss: then the factors are
 * divided out, and what remains counts as the criticality of a total impact. */
static void stakes(const struct hn_jv *finding, const struct hn_policy *policy, struct hn_finding *f)
{
    double loss = hn_jv_num(finding, "loss", 0);
    f->criticality = hn_policy_criticality(policy, hn_jv_num(finding, "criticality", 0));
    f->impact = hn_str_eqc(hn_jv_str(finding, "impact"), "partial") ? "partial" : "total";
    if (hn_jv_get(finding, "impact") || !(loss > 0))
        return;
    for (const struct hn_term *t = f->terms; t; t = t->next)
        if (t->seen && t->on_loss)
            loss /= exp(t->weight);
    f->criticality = isfinite(loss) ? loss : f->criticality;
}

/* "inputs", else what the due table that was in force asked for. */
static struct hn_param *inputs_from_json(struct hn_arena *a, const struct hn_jv *finding)
{
    const struct hn_jv *list = hn_jv_get(finding, "due_inputs");
    struct hn_param *first = render_params_from_json(a, hn_jv_get(finding, "inputs"));
    if (first || !list || list->kind != HN_JV_ARR)
        return first;
    for (size_t i = 0; i < list->n; i++) {
        const char *name = hn_arena_cstr(a, hn_jv_str(&list->items[i], "name"));
        struct hn_param *p = name ? HN_NEW(a, struct hn_param) : NULL;
        if (!p)
            continue;
        *p = (struct hn_param){name, hn_jv_str(&list->items[i], "value"), first};
        first = p;
    }
    return first;
}

bool hn_rerank_json(struct hn_jw *w, struct hn_arena *a, const struct hn_jv *finding, const struct hn_policy *policy)
{
    struct hn_rule rule = {.id = ""};
    struct hn_finding f = {.rule = &rule};
    struct hn_str kind = hn_jv_str(finding, "kind");
    const char *kind_c = hn_arena_cstr(a, kind);
    if (!kind.n || !kind_c || !hn_severity_parse(hn_jv_str(finding, "severity"), &f.severity) ||
        !class_parse(hn_jv_str(finding, "class"), &rule.class))
        return false;
    f.terms = render_terms_from_json(a, hn_jv_get(finding, "terms"));
    stakes(finding, policy, &f);
    f.prior = hn_policy_prior(policy, kind_c, rule.class, f.severity, -1);
    f.inputs = inputs_from_json(a, finding);
    for (struct hn_term *t = f.terms; t; t = t->next)
        reweigh(policy, &f, t);
    if (!risk_sort_terms(&f.terms))
        return false;
    risk_score(policy, &f);
    risk_due(policy, a, kind_c, &f);
    hn_jw_obj(w);
    for (size_t i = 0; i < finding->n; i++) {
        if (computed(finding->keys[i]))
            continue;
        hn_jw_key_str(w, finding->keys[i]);
        hn_jw_value(w, &finding->items[i]);
    }
    write_score(w, &f, policy);
    hn_jw_key(w, "terms");
    hn_jw_arr(w);
    for (const struct hn_term *t = f.terms; t; t = t->next)
        write_term(w, a, t, stored_obs(finding, t->name));
    hn_jw_arr_end(w);
    write_due(w, &f);
    hn_jw_obj_end(w);
    return true;
}
