#include "core/policy.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fs.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/due.h"
#include "core/policy_keys.h"
#include "core/registry.h"
#include "core/text.h"
#include "format/yaml_tree.h"
#include "policy_data.h"

#define POLICY_MAX    ((size_t)1 << 20)
#define POLICY_MEMORY ((size_t)16 << 20)

struct constant {
    struct hn_str name; /* "weights.kev" */
    enum policy_form form;
    double value, unit, most;
    struct hn_str source;
    unsigned line;
    struct constant *next;
};

struct hn_policy {
    struct hn_arena arena;
    struct hn_str id, name, version, due_name;
    struct hn_map constants;       /* name → struct constant */
    struct constant *first, **end; /* in the order of the file */
    struct hn_str *never_mapped;
    size_t n_never_mapped;
    struct hn_due_table due; /* n_inputs == 0: by severity alone */
};

struct loader {
    struct hn_policy *p;
    struct hn_diag *reterr;
};

/* ---------------------------------------------------------------- reading */

static const struct policy_key *key_of(struct hn_str name)
{
    const struct policy_key *open = NULL;
    for (size_t i = 0; i < sizeof policy_keys / sizeof policy_keys[0]; i++) {
        const char *k = policy_keys[i].name;
        size_t n = strlen(k);
        if (hn_str_eqc(name, k))
            return &policy_keys[i];
        if (k[n - 1] == '*' && name.n >= n && memcmp(name.p, k, n - 1) == 0)
            open = &policy_keys[i];
    }
    return open;
}

static struct hn_err unknown_key(struct loader *l, const struct hn_yaml *y, struct hn_str name)
{
    const char *names[sizeof policy_keys / sizeof policy_keys[0]];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        names[i] = policy_keys[i].name;
    const char *near = hn_str_nearest(name, names, sizeof names / sizeof names[0]);
    return hn_fail(l->reterr, HN_E_INVALID, "line %u: \"%.*s\" is not known%s%s%s", y->line, HN_FMT(name),
                   near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
}

static bool number(struct hn_str s, double *ret)
{
    char text[64], *end;
    if (!s.n || s.n >= sizeof text)
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    if (strspn(text, "+-.0123456789eE") != s.n)
        return false;
    *ret = strtod(text, &end);
    return end == text + s.n && isfinite(*ret);
}

static struct hn_err member_number(struct loader *l, struct hn_yaml *map, const char *key, bool may_be_none,
                                   double *ret)
{
    struct hn_yaml *y = hn_yaml_get(map, key);
    if (!y)
        return hn_fail(l->reterr, HN_E_INVALID, "line %u: \"%s\" is missing", map->line, key);
    if (y->kind == HN_YAML_SCALAR && may_be_none && hn_str_eqc(y->s, "none")) {
        *ret = -1;
        return HN_OK;
    }
    if (y->kind != HN_YAML_SCALAR || y->quoted || !number(y->s, ret))
        return hn_fail(l->reterr, HN_E_INVALID, "line %u: \"%s\" must be a number", y->line, key);
    return HN_OK;
}

static struct hn_err check_range(struct loader *l, const struct policy_key *k, const struct constant *c)
{
    if (c->value < k->least || c->value > k->most)
        return hn_fail(l->reterr, HN_E_INVALID, "line %u: %.*s must be between %g and %g", c->line, HN_FMT(c->name),
                       k->least, k->most);
    if (k->form == POLICY_DAYS && c->value != floor(c->value))
        return hn_fail(l->reterr, HN_E_INVALID, "line %u: %.*s must be whole days", c->line, HN_FMT(c->name));
    if (k->form == POLICY_GRADED && (c->unit < 0.001 || c->most < 0 || c->most > k->most))
        return hn_fail(l->reterr, HN_E_INVALID, "line %u: %.*s: unit must be above 0, most between 0 and %g", c->line,
                       HN_FMT(c->name), k->most);
    return HN_OK;
}

static struct hn_err no_leftovers(struct loader *l, const struct hn_yaml *map)
{
    for (const struct hn_yaml *m = map->first; m; m = m->next)
        if (!m->used)
            return hn_fail(l->reterr, HN_E_INVALID, "line %u: \"%.*s\" is not known here", m->line, HN_FMT(m->key));
    return HN_OK;
}

/* Modules may have terms of their own; then the catalogue has a sentence for them. */
static bool is_term(struct loader *l, struct hn_str name)
{
    const char *key = hn_arena_fmt(&l->p->arena, "term.%.*s", HN_FMT(name)).p;
    return key && hn_text_find(HN_EN, key);
}

/* {value: …, source: "…"[, unit: …, most: …]} */
static struct hn_err read_constant(struct loader *l, struct hn_yaml *y, struct hn_str name)
{
    const struct policy_key *k = key_of(name);
    if (!k || (strcmp(k->name, "weights.*") == 0 && !is_term(l, y->key)))
        return unknown_key(l, y, name);
    struct constant *c = HN_NEW(&l->p->arena, struct constant);
    if (!c)
        return hn_fail(l->reterr, HN_E_NOMEM, "policy");
    c->name = name;
    c->form = k->form;
    c->line = y->line;
    HN_TRY(member_number(l, y, "value", k->form == POLICY_DAYS, &c->value));
    if (k->form == POLICY_GRADED) {
        HN_TRY(member_number(l, y, "unit", false, &c->unit));
        HN_TRY(member_number(l, y, "most", false, &c->most));
    }
    struct hn_yaml *source = hn_yaml_get(y, "source");
    if (!source || source->kind != HN_YAML_SCALAR || !source->s.n)
        return hn_fail(l->reterr, HN_E_INVALID, "line %u: %.*s needs a source (a published figure, or \"judgement\")",
                       y->line, HN_FMT(name));
    c->source = source->s;
    HN_TRY(no_leftovers(l, y));
    HN_TRY(check_range(l, k, c));
    *l->p->end = c;
    l->p->end = &c->next;
    return hn_map_set(&l->p->constants, hn_str_bytes(name), c);
}

/* Sections nest; what has a "value" is a constant. */
static struct hn_err read_section(struct loader *l, struct hn_yaml *y, struct hn_str name)
{
    if (y->kind != HN_YAML_MAP)
        return hn_fail(l->reterr, HN_E_INVALID, "line %u: \"%.*s\" must be a mapping", y->line, HN_FMT(name));
    if (hn_yaml_get(y, "value"))
        return read_constant(l, y, name);
    for (struct hn_yaml *m = y->first; m; m = m->next) {
        struct hn_str full = hn_arena_fmt(&l->p->arena, "%.*s.%.*s", HN_FMT(name), HN_FMT(m->key));
        if (l->p->arena.failed)
            return hn_fail(l->reterr, HN_E_NOMEM, "policy");
        if (m->kind != HN_YAML_MAP)
            return unknown_key(l, m, full);
        HN_TRY(read_section(l, m, full));
    }
    return HN_OK;
}

static struct hn_err read_word(struct loader *l, struct hn_yaml *doc, const char *key, struct hn_str *ret)
{
    struct hn_yaml *y = hn_yaml_get(doc, key);
    if (!y || y->kind != HN_YAML_SCALAR || !y->s.n || y->s.n > 64)
        return hn_fail(l->reterr, HN_E_INVALID, "\"%s\" is missing or too long", key);
    for (size_t i = 0; i < y->s.n; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/", y->s.p[i]))
            return hn_fail(l->reterr, HN_E_INVALID, "line %u: \"%s\" is made of letters, digits and -._/", y->line,
                           key);
    *ret = y->s;
    return HN_OK;
}

static struct hn_err read_globs(struct loader *l, struct hn_yaml *y)
{
    if (!y || y->kind != HN_YAML_SEQ)
        return hn_fail(l->reterr, HN_E_INVALID, "\"never_mapped\" must be a list");
    l->p->never_mapped = hn_arena_alloc(&l->p->arena, (y->n ? y->n : 1) * sizeof(struct hn_str));
    if (!l->p->never_mapped)
        return hn_fail(l->reterr, HN_E_NOMEM, "policy");
    for (const struct hn_yaml *m = y->first; m; m = m->next) {
        if (m->kind != HN_YAML_SCALAR || !m->s.n)
            return hn_fail(l->reterr, HN_E_INVALID, "line %u: a pattern is expected", m->line);
        l->p->never_mapped[l->p->n_never_mapped++] = m->s;
    }
    return HN_OK;
}

static const struct constant *find(const struct hn_policy *p, const char *name)
{
    return hn_map_find(&p->constants, hn_str_bytes(hn_str_c(name)));
}

/* Of a constant whose presence check_whole() has made sure of. */
static double must(const struct hn_policy *p, const char *name)
{
    const struct constant *c = find(p, name);
    return c ? c->value : 0;
}

static struct hn_err check_whole(struct loader *l)
{
    for (size_t i = 0; i < sizeof policy_keys / sizeof policy_keys[0]; i++)
        if (!strchr(policy_keys[i].name, '*') && !find(l->p, policy_keys[i].name))
            return hn_fail(l->reterr, HN_E_INVALID, "\"%s\" is missing", policy_keys[i].name);
    for (size_t i = 0; i < sizeof policy_orders / sizeof policy_orders[0]; i++) {
        const struct constant *low = find(l->p, policy_orders[i].low), *high = find(l->p, policy_orders[i].high);
        if (low->value > high->value)
            return hn_fail(l->reterr, HN_E_INVALID, "line %u: %s may not be above %s", low->line, policy_orders[i].low,
                           policy_orders[i].high);
    }
    return HN_OK;
}

/* Sums that the rule "seeing more of a danger never lowers" needs: code that runs, however confined, weighs no less
 * than code of which nothing is known; a listener that a firewall blocks no less than none. */
static struct hn_err check_sums(struct loader *l)
{
    double running =
        must(l->p, "weights.mapped-running") + must(l->p, "weights.listens-none") + must(l->p, "weights.runs-confined");
    double blocked = must(l->p, "weights.listens-one-network") + must(l->p, "weights.firewall-blocked");
    if (running < -1e-9)
        return hn_fail(l->reterr, HN_E_INVALID,
                       "mapped-running + listens-none + runs-confined is below 0, as if not seen");
    if (blocked < must(l->p, "weights.listens-none"))
        return hn_fail(l->reterr, HN_E_INVALID, "listens-one-network + firewall-blocked is below listens-none");
    return HN_OK;
}

static struct hn_err read_due_table(struct loader *l)
{
    struct hn_policy *p = l->p;
    struct hn_bytes text = hn_due_builtin(p->due_name);
    if (hn_str_eqc(p->due_name, "severity"))
        return HN_OK;
    if (!text.n)
        return hn_fail(l->reterr, HN_E_INVALID, "due_table: \"%.*s\" is not bod-26-04, ssvc-deployer or severity",
                       HN_FMT(p->due_name));
    return hn_due_parse(&p->arena, text, &p->due, l->reterr);
}

static struct hn_err read_all(struct loader *l, struct hn_bytes text)
{
    static const char *const sections[] = {"priors", "weights", "loss", "criticality", "scale", "due", "judge"};
    struct hn_policy *p = l->p;
    struct hn_yaml *doc = NULL;
    struct hn_str schema = {0};
    HN_TRY(hn_yaml_parse(&p->arena, text, &doc, l->reterr));
    if (doc->kind != HN_YAML_MAP)
        return hn_fail(l->reterr, HN_E_INVALID, "a policy is a mapping");
    HN_TRY(read_word(l, doc, "schema", &schema));
    if (!hn_str_eqc(schema, "hinomi-policy/1"))
        return hn_fail(l->reterr, HN_E_INVALID, "schema must be hinomi-policy/1");
    HN_TRY(read_word(l, doc, "name", &p->name));
    HN_TRY(read_word(l, doc, "version", &p->version));
    HN_TRY(read_word(l, doc, "due_table", &p->due_name));
    HN_TRY(read_globs(l, hn_yaml_get(doc, "never_mapped")));
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        struct hn_yaml *y = hn_yaml_get(doc, sections[i]);
        if (!y)
            return hn_fail(l->reterr, HN_E_INVALID, "\"%s\" is missing", sections[i]);
        HN_TRY(read_section(l, y, hn_str_c(sections[i])));
    }
    HN_TRY(no_leftovers(l, doc));
    p->id = hn_arena_fmt(&p->arena, "%.*s/%.*s", HN_FMT(p->name), HN_FMT(p->version));
    HN_TRY(check_whole(l));
    HN_TRY(check_sums(l));
    HN_TRY(read_due_table(l));
    return p->arena.failed ? hn_fail(l->reterr, HN_E_NOMEM, "policy") : HN_OK;
}

struct hn_err hn_policy_parse(struct hn_bytes yaml, struct hn_policy **ret, struct hn_diag *reterr)
{
    struct loader l = {.p = hn_alloc_zero(sizeof(struct hn_policy)), .reterr = reterr};
    if (!l.p)
        return hn_fail(reterr, HN_E_NOMEM, "policy");
    hn_arena_init(&l.p->arena, POLICY_MEMORY);
    hn_map_init(&l.p->constants);
    l.p->end = &l.p->first;
    struct hn_err e =
        yaml.n > POLICY_MAX ? hn_fail(reterr, HN_E_LIMIT, "a policy has at most 1 MiB") : read_all(&l, yaml);
    if (!hn_ok(e)) {
        hn_policy_free(l.p);
        return e;
    }
    *ret = l.p;
    return HN_OK;
}

struct hn_err hn_policy_load(const char *path, struct hn_policy **ret, struct hn_diag *reterr)
{
    if (!path)
        return hn_policy_parse(hn_bytes_of(hn_policy_data_default, hn_policy_data_default_n), ret, reterr);
    HN_AUTO(hn_buf_done) struct hn_buf b;
    hn_buf_init(&b, POLICY_MAX);
    HN_TRY(hn_read_file(path, &b, reterr));
    return hn_policy_parse(hn_bytes_of(b.p, b.n), ret, reterr);
}

void hn_policy_free(struct hn_policy *p)
{
    if (!p)
        return;
    hn_map_done(&p->constants);
    hn_arena_done(&p->arena);
    hn_free(p);
}

struct hn_bytes hn_due_builtin(struct hn_str name)
{
    if (hn_str_eqc(name, "bod-26-04"))
        return hn_bytes_of(hn_policy_data_bod_26_04, hn_policy_data_bod_26_04_n);
    if (hn_str_eqc(name, "ssvc-deployer"))
        return hn_bytes_of(hn_policy_data_ssvc_deployer, hn_policy_data_ssvc_deployer_n);
    return (struct hn_bytes){0};
}

/* ---------------------------------------------------------------- asking */

/* section + name; the default of a constant that must be there is never used. */
static const struct constant *find2(const struct hn_policy *p, const char *section, const char *name)
{
    char full[160];
    int n = snprintf(full, sizeof full, "%s.%s", section, name);
    return n > 0 && (size_t)n < sizeof full ? find(p, full) : NULL;
}

struct hn_str hn_policy_id(const struct hn_policy *p)
{
    return p->id;
}

int64_t hn_policy_int(const struct hn_policy *p, const char *key, int64_t dflt)
{
    const struct constant *c = p ? find2(p, "judge", key) : NULL;
    return c ? (int64_t)c->value : dflt;
}

bool hn_policy_weight(const struct hn_policy *p, const char *term, double *ret)
{
    const struct constant *c = find2(p, "weights", term);
    *ret = c ? c->value : 0;
    return c != NULL;
}

double hn_policy_graded(const struct hn_policy *p, const char *term, double x)
{
    const struct constant *c = find2(p, "weights", term);
    if (!c || c->form != POLICY_GRADED || !(x > 0))
        return 0;
    double w = c->value * log2(1 + x / c->unit);
    return w < c->most ? w : c->most;
}

static double logit(double p)
{
    return log(p / (1 - p));
}

double hn_policy_prior(const struct hn_policy *p, const char *kind, enum hn_class class, enum hn_severity severity,
                       double epss)
{
    if (epss >= 0) {
        double floor_p = must(p, "priors.epss.floor"), most = 0.999;
        double e = epss < floor_p ? floor_p : epss > most ? most : epss;
        double at = logit(e) + must(p, "priors.epss.shift"), least = logit(floor_p);
        return at < least ? least : at;
    }
    const struct constant *named = find2(p, "priors.kind", kind);
    if (named)
        return logit(named->value);
    const struct constant *s = find2(p, "priors.severity", hn_severity_name(severity));
    const struct constant *c = find2(p, "priors.class", hn_class_name(class));
    return logit(s ? s->value : 0.001) + (c ? c->value : 0);
}

double hn_policy_impact(const struct hn_policy *p, bool total)
{
    return must(p, total ? "loss.total" : "loss.partial");
}

double hn_policy_loss_weight(const struct hn_policy *p, const char *term)
{
    const struct constant *c = find2(p, "loss", term);
    return c ? c->value : 0;
}

double hn_policy_loss_max(const struct hn_policy *p)
{
    return must(p, "criticality.most") * must(p, "loss.total");
}

double hn_policy_kappa(const struct hn_policy *p)
{
    return -log(1 - must(p, "scale.worst-score") / 100) / (must(p, "scale.worst-p") * hn_policy_loss_max(p));
}

double hn_policy_criticality(const struct hn_policy *p, double asked)
{
    double least = must(p, "criticality.least"), most = must(p, "criticality.most");
    if (!(asked > 0))
        return must(p, "criticality.default");
    return asked < least ? least : asked > most ? most : asked;
}

const char *hn_policy_human_impact(const struct hn_policy *p, double criticality)
{
    if (!(criticality > 0))
        return "unknown";
    if (criticality >= must(p, "criticality.very-high"))
        return "very-high";
    if (criticality >= must(p, "criticality.high"))
        return "high";
    return criticality >= must(p, "criticality.medium") ? "medium" : "low";
}

bool hn_policy_never_mapped(const struct hn_policy *p, struct hn_str package)
{
    for (size_t i = 0; i < p->n_never_mapped; i++)
        if (hn_glob_match(p->never_mapped[i], package, false))
            return true;
    return false;
}

int64_t hn_policy_old_days(const struct hn_policy *p)
{
    return (int64_t)must(p, "scale.old-days");
}

const struct hn_due_table *hn_policy_due_table(const struct hn_policy *p)
{
    return p->due.n_inputs ? &p->due : NULL;
}

int64_t hn_policy_severity_days(const struct hn_policy *p, const char *kind, enum hn_severity s, bool *ret_named)
{
    const struct constant *c = find2(p, "due.kind", kind);
    *ret_named = c != NULL;
    if (!c)
        c = find2(p, "due.severity", hn_severity_name(s));
    return c ? (int64_t)c->value : -1;
}

/* ---------------------------------------------------------------- printing */

static void write_constant(struct hn_jw *w, const struct constant *c)
{
    hn_jw_key_str(w, c->name);
    hn_jw_obj(w);
    if (c->form == POLICY_DAYS && c->value < 0) {
        hn_jw_key(w, "value");
        hn_jw_null(w);
    } else {
        hn_jw_knum(w, "value", c->value);
    }
    if (c->form == POLICY_GRADED) {
        hn_jw_knum(w, "unit", c->unit);
        hn_jw_knum(w, "most", c->most);
    }
    hn_jw_kstr(w, "source", c->source);
    hn_jw_obj_end(w);
}

static void write_table(struct hn_jw *w, const struct hn_due_table *t)
{
    hn_jw_obj(w);
    hn_jw_kc(w, "name", t->name);
    hn_jw_kc(w, "version", t->version);
    hn_jw_kc(w, "source", t->source);
    hn_jw_key(w, "inputs");
    hn_jw_arr(w);
    for (size_t i = 0; i < t->n_inputs; i++) {
        hn_jw_obj(w);
        hn_jw_kc(w, "name", t->inputs[i].name);
        hn_jw_key(w, "values");
        hn_jw_arr(w);
        for (size_t v = 0; v < t->inputs[i].n; v++)
            hn_jw_c(w, t->inputs[i].values[v]);
        hn_jw_arr_end(w);
        hn_jw_kc(w, "unknown", t->inputs[i].values[t->inputs[i].cautious]);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
    hn_jw_key(w, "rows");
    hn_jw_arr(w);
    for (size_t at = 0; at < t->n_rows; at++) {
        const char *values[HN_DUE_INPUTS];
        size_t rest = at;
        for (size_t i = t->n_inputs; i-- > 0;) {
            size_t n = t->inputs[i].n ? t->inputs[i].n : 1;
            values[i] = t->inputs[i].values[rest % n];
            rest /= n;
        }
        const struct hn_due_outcome *o = &t->outcomes[t->rows[at].outcome];
        hn_jw_obj(w);
        hn_jw_kint(w, "row", t->rows[at].number);
        for (size_t i = 0; i < t->n_inputs; i++)
            hn_jw_kc(w, t->inputs[i].name, values[i]);
        hn_jw_kc(w, "outcome", o->name);
        hn_jw_key(w, "days");
        if (o->days < 0)
            hn_jw_null(w);
        else
            hn_jw_int(w, o->days);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
    hn_jw_obj_end(w);
}

void hn_policy_json(const struct hn_policy *p, struct hn_jw *w)
{
    hn_jw_obj(w);
    hn_jw_kc(w, "schema", "hinomi-policy/1");
    hn_jw_kstr(w, "name", p->name);
    hn_jw_kstr(w, "version", p->version);
    hn_jw_kstr(w, "id", p->id);
    hn_jw_kstr(w, "due_table", p->due_name);
    hn_jw_key(w, "constants");
    hn_jw_obj(w);
    for (const struct constant *c = p->first; c; c = c->next)
        write_constant(w, c);
    hn_jw_obj_end(w);
    hn_jw_key(w, "never_mapped");
    hn_jw_arr(w);
    for (size_t i = 0; i < p->n_never_mapped; i++)
        hn_jw_str(w, p->never_mapped[i]);
    hn_jw_arr_end(w);
    hn_jw_key(w, "derived");
    hn_jw_obj(w);
    hn_jw_knum(w, "kappa", hn_policy_kappa(p));
    hn_jw_knum(w, "loss_max", hn_policy_loss_max(p));
    hn_jw_obj_end(w);
    hn_jw_key(w, "table");
    if (p->due.n_inputs)
        write_table(w, &p->due);
    else
        hn_jw_null(w);
    hn_jw_obj_end(w);
}
