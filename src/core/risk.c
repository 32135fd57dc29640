#include "core/risk.h"

#include <math.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/due.h"
#include "core/registry.h"
#include "core/risk_score.h"
#include "core/risk_terms.h"

#define SCRATCH ((size_t)64 << 20)
#define P_LEAST 1e-6
#define P_MOST  0.999

/* ---------------------------------------------------------------- one finding */

void risk_score(const struct hn_policy *policy, struct hn_finding *f)
{
    double logit = f->prior;
    double loss = f->criticality * hn_policy_impact(policy, strcmp(f->impact, "total") == 0);
    double loss_max = hn_policy_loss_max(policy);
    /* Added in the order of magnitude, so that the sum does not depend on the order of arrival. */
    for (const struct hn_term *t = f->terms; t; t = t->next) {
        if (!t->seen)
            continue;
        if (t->on_loss)
            loss *= exp(t->weight);
        else
            logit += t->weight;
    }
    double p = 1 / (1 + exp(-logit));
    f->p = p < P_LEAST ? P_LEAST : p > P_MOST ? P_MOST : p;
    f->loss = loss > loss_max ? loss_max : loss;
    f->score = 100 * (1 - exp(-hn_policy_kappa(policy) * f->p * f->loss));
    f->share = f->p * f->loss / loss_max;
}

static int term_cmp(const void *x, const void *y)
{
    const struct hn_term *a = *(const struct hn_term *const *)x, *b = *(const struct hn_term *const *)y;
    double wa = fabs(a->weight), wb = fabs(b->weight);
    if (a->seen != b->seen)
        return a->seen ? -1 : 1;
    if (wa != wb)
        return wa > wb ? -1 : 1;
    return strcmp(a->name, b->name);
}

bool risk_sort_terms(struct hn_term **list)
{
    struct hn_term *all[RISK_TERMS];
    size_t n = 0;
    for (struct hn_term *t = *list; t; t = t->next) {
        if (n == RISK_TERMS)
            return false;
        all[n++] = t;
    }
    /* cppcheck-suppress uninitvar ; the first n are set */
    qsort(all, n, sizeof(void *), term_cmp);
    *list = NULL;
    while (n) {
        all[n - 1]->next = *list;
        *list = all[--n];
    }
    return true;
}

/* What the table does not govern follows severity, unless the policy names the kind. */
void risk_due(const struct hn_policy *policy, struct hn_arena *a, const char *kind, struct hn_finding *f)
{
    const struct hn_due_table *table = hn_policy_due_table(policy);
    bool named;
    int64_t days = hn_policy_severity_days(policy, kind, f->severity, &named);
    f->n_due_inputs = 0;
    if (table && !named && f->rule->class == HN_CLASS_VULNERABILITY) {
        struct hn_due_result d;
        hn_due_decide(a, table, f->inputs, &d);
        f->due_days = d.days;
        f->due_rule = d.rule;
        f->n_due_inputs = d.n_inputs;
        memcpy(f->due_inputs, d.inputs, sizeof d.inputs);
        return;
    }
    f->due_days = days;
    f->due_rule =
        named ? hn_arena_fmt(a, "policy:%s", kind).p : hn_arena_fmt(a, "severity:%s", hn_severity_name(f->severity)).p;
}

/* Total or partial, from the judge's word, else by severity of what is no vulnerability; unknown counts as total. */
static const char *impact_of(const struct hn_finding *f)
{
    for (const struct hn_param *p = f->inputs; p; p = p->next)
        if (strcmp(p->name, "technical_impact") == 0 && !hn_str_eqc(p->value, "unknown"))
            return hn_str_eqc(p->value, "partial") ? "partial" : "total";
    return f->rule->class == HN_CLASS_VULNERABILITY || f->severity >= HN_SEV_HIGH ? "total" : "partial";
}

static bool rank_one(struct risk_run *r, struct hn_finding *f)
{
    struct hn_chain chain;
    const char *kind = hn_arena_fmt(r->arena, "%s.%s", f->module->name, f->rule->id).p;
    hn_arena_clear(r->scratch);
    hn_join_follow(r->join, r->scratch, f->about, &chain);
    f->prior = hn_policy_prior(r->in->policy, kind, f->rule->class, f->severity, -1);
    f->criticality = hn_policy_criticality(r->in->policy, r->in->criticality);
    risk_terms(r, f, &chain);
    f->impact = impact_of(f);
    risk_graph(r, f, &chain);
    if (!risk_sort_terms(&f->terms))
        r->failed = true;
    risk_score(r->in->policy, f);
    risk_due(r->in->policy, r->arena, kind, f);
    return !r->failed && !r->arena->failed;
}

struct hn_err hn_risk_rank(const struct hn_risk_in *in, struct hn_arena *a, struct hn_finding *list,
                           struct hn_diag *reterr)
{
    HN_AUTO(hn_arena_done) struct hn_arena scratch;
    struct risk_run r;
    hn_arena_init(&scratch, SCRATCH);
    risk_run_init(&r, in, a, &scratch);
    bool ok = !r.failed;
    for (struct hn_finding *f = list; f && ok; f = f->next)
        ok = rank_one(&r, f);
    hn_join_free(r.join);
    return ok ? HN_OK : hn_fail(reterr, HN_E_NOMEM, "ranking findings");
}

/* ---------------------------------------------------------------- order */

static bool before(const struct hn_finding *a, const struct hn_finding *b)
{
    if (a->score != b->score)
        return a->score > b->score;
    if (a->severity != b->severity)
        return a->severity > b->severity;
    return strcmp(a->id, b->id) <= 0;
}

static struct hn_finding *merge(struct hn_finding *a, struct hn_finding *b)
{
    struct hn_finding *first = NULL, **end = &first;
    while (a && b) {
        struct hn_finding **take = before(a, b) ? &a : &b;
        *end = *take;
        *take = (*take)->next;
        end = &(*end)->next;
    }
    *end = a ? a : b;
    return first;
}

struct hn_finding *hn_risk_sort(struct hn_finding *list)
{
    struct hn_finding *runs[64] = {0}; /* runs[i] is sorted and holds 2^i findings */
    while (list) {
        struct hn_finding *one = list;
        size_t i = 0;
        list = list->next;
        one->next = NULL;
        for (; i < 63 && runs[i]; i++) {
            one = merge(runs[i], one);
            runs[i] = NULL;
        }
        runs[i] = one;
    }
    struct hn_finding *all = NULL;
    for (size_t i = 0; i < 64; i++)
        all = runs[i] ? merge(runs[i], all) : all;
    return all;
}

/* ---------------------------------------------------------------- hosts and organisations */

static double clean(double share)
{
    return !(share > 0) ? 0 : share > P_MOST ? P_MOST : share;
}

/* Sorting by cause keeps this free of tables and of allocation failure modes other than the arena's. */
struct keyed {
    struct hn_str cause;
    size_t index;
    double share;
};

static int by_cause(const void *x, const void *y)
{
    const struct keyed *a = x, *b = y;
    int c = hn_str_cmp(a->cause, b->cause);
    if (c || !a->cause.n)
        return c ? c : (a->index > b->index) - (a->index < b->index);
    if (a->share != b->share)
        return a->share > b->share ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

static int by_drop(const void *x, const void *y)
{
    const struct hn_score_cause *a = x, *b = y;
    if (a->share != b->share)
        return a->share > b->share ? -1 : 1;
    int c = hn_str_cmp(a->cause, b->cause);
    return c ? c : (a->worst > b->worst) - (a->worst < b->worst);
}

/* Causes with their worst share, unordered drops. out has room for n. */
static size_t collapse(struct keyed *k, size_t n, struct hn_score_cause *out)
{
    size_t causes = 0;
    qsort(k, n, sizeof *k, by_cause);
    for (size_t i = 0; i < n; i++) {
        struct hn_score_cause *last = causes ? &out[causes - 1] : NULL;
        if (last && k[i].cause.n && hn_str_eq(last->cause, k[i].cause))
            last->findings++;
        else
            out[causes++] = (struct hn_score_cause){k[i].cause, 1, k[i].index, k[i].share, 0};
    }
    qsort(out, causes, sizeof *out, by_drop);
    return causes;
}

static double left_over(const struct hn_score_cause *c, size_t n)
{
    double log_left = 0; /* Σ log(1 − share): exact enough for thousands of small shares */
    for (size_t i = 0; i < n; i++)
        log_left += log1p(-c[i].share);
    return exp(log_left);
}

const struct hn_score_cause *hn_score_causes(struct hn_arena *a, const struct hn_score_item *items, size_t n,
                                             size_t *ret_n)
{
    *ret_n = 0;
    if (!n || n > SIZE_MAX / 2 / sizeof(struct hn_score_cause))
        return NULL;
    struct keyed *k = hn_arena_alloc(a, n * sizeof *k);
    struct hn_score_cause *out = hn_arena_alloc(a, n * sizeof *out);
    if (!k || !out)
        return NULL;
    for (size_t i = 0; i < n; i++)
        k[i] = (struct keyed){items[i].cause, i, clean(items[i].share)};
    *ret_n = collapse(k, n, out);
    double left = left_over(out, *ret_n);
    for (size_t i = 0; i < *ret_n; i++)
        out[i].drop = 100 * (left / (1 - out[i].share) - left);
    return out;
}

double hn_score_host(const struct hn_score_item *items, size_t n)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    size_t causes;
    hn_arena_init(&a, SIZE_MAX / 4);
    const struct hn_score_cause *c = hn_score_causes(&a, items, n, &causes);
    return a.failed ? NAN : c ? 100 * (1 - left_over(c, causes)) : 0;
}

double hn_score_organisation(const struct hn_score_asset *assets, size_t n, size_t *ret_worst)
{
    double sum = 0, weights = 0;
    size_t worst = 0;
    for (size_t i = 0; i < n; i++) {
        double w = assets[i].criticality > 0 ? assets[i].criticality : 1;
        sum += w * assets[i].score;
        weights += w;
        if (assets[i].score > assets[worst].score)
            worst = i;
    }
    if (ret_worst)
        *ret_worst = worst;
    return weights > 0 ? sum / weights : NAN;
}
