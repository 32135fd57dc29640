/* Terms are made from positive evidence. What lowers a score (mapped-none, listens-none, listens-loopback,
 * runs-confined, firewall-blocked) asks for a module that saw everything; otherwise the term is listed as not seen. */
#include "core/risk_terms.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"

/* ---------------------------------------------------------------- the run */

static bool full(const struct hn_risk_in *in, const char *module)
{
    for (size_t i = 0; i < in->n_cover; i++)
        if (hn_str_eqc(in->cover[i].module, module))
            return in->cover[i].live && in->cover[i].root && in->cover[i].complete;
    return false;
}

/* A repository of backups that a restore test has proven, by the backup module's own word. */
static void look_at_backups(struct risk_run *r)
{
    if (!hn_facts_seen(r->in->facts, "backup"))
        return;
    const struct hn_obs *o = hn_facts_first(r->in->facts, "backup.proof");
    for (; o; o = hn_facts_next(o)) {
        bool proven = hn_obs_get_bool(o, "restorable", false);
        if (r->backup != RISK_YES || (proven && hn_str_cmp(o->subject, r->backup_obs->subject) < 0))
            r->backup_obs = o;
        if (proven)
            r->backup = RISK_YES;
    }
    if (r->backup != RISK_YES)
        r->backup = RISK_NO;
}

void risk_run_init(struct risk_run *r, const struct hn_risk_in *in, struct hn_arena *a, struct hn_arena *scratch)
{
    *r = (struct risk_run){.in = in, .arena = a, .scratch = scratch};
    r->processes_full = full(in, "processes");
    r->sockets_full = full(in, "sockets");
    r->packages_full = full(in, "packages");
    r->stray = risk_stray_listener(in->facts);
    look_at_backups(r);
    r->join = hn_join_new(in->facts, a);
    r->failed = !r->join;
    r->owners_readable = r->join && risk_owners_readable(r);
}

/* ---------------------------------------------------------------- adding */

struct hn_param *risk_param(struct risk_run *r, struct hn_param **list, const char *name, struct hn_str value)
{
    struct hn_param *p = HN_NEW(r->arena, struct hn_param);
    if (!p) {
        r->failed = true;
        return NULL;
    }
    *p = (struct hn_param){.name = name, .value = hn_arena_str(r->arena, value)};
    while (*list)
        list = &(*list)->next;
    return *list = p;
}

void risk_param_int(struct risk_run *r, struct hn_param **list, const char *name, int64_t v)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)v);
    risk_param(r, list, name, hn_str_c(text));
}

/* Of each group a finding has one term: the same evidence counts once, whoever reports it. */
static const char *const groups[][5] = {
    {"mapped-running", "mapped-none"},
    {"listens-everywhere", "listens-one-network", "listens-loopback", "listens-none"},
    {"firewall-open", "firewall-blocked"},
    {"runs-as-root", "runs-with-capabilities", "runs-confined"},
    {"scanned-now", "scanned-surge", "scanned-maybe"},
};

bool risk_same_group(const char *a, const char *b)
{
    if (strcmp(a, b) == 0)
        return true;
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++) {
        bool has_a = false, has_b = false;
        for (size_t i = 0; i < 5 && groups[g][i]; i++) {
            has_a = has_a || strcmp(groups[g][i], a) == 0;
            has_b = has_b || strcmp(groups[g][i], b) == 0;
        }
        if (has_a && has_b)
            return true;
    }
    return false;
}

/* weight counts only when seen. A term of the same group that is there already stays unless the new one weighs more. */
struct hn_term *risk_term_add(struct risk_run *r, struct hn_finding *f, const char *name, bool seen, double weight,
                              const struct hn_obs *obs)
{
    struct hn_term *t = NULL, **at = &f->terms;
    for (; *at; at = &(*at)->next) {
        if (!risk_same_group((*at)->name, name))
            continue;
        if (!seen || ((*at)->seen && (*at)->weight >= weight))
            return NULL;
        t = *at;
        break;
    }
    if (!t)
        *at = t = HN_NEW(r->arena, struct hn_term);
    if (!t) {
        r->failed = true;
        return NULL;
    }
    *t = (struct hn_term){.name = name, .seen = seen, .weight = seen ? weight : 0, .obs = obs, .next = t->next};
    return t;
}

static const struct hn_obs *main_obs(const struct hn_finding *f)
{
    return f->evidence ? f->evidence->obs : NULL;
}

/* What a finding is made of is in its prior already; as a term it would count twice. */
struct hn_term *risk_add(struct risk_run *r, struct hn_finding *f, const char *name, const struct hn_obs *obs)
{
    double weight;
    hn_policy_weight(r->in->policy, name, &weight);
    if (weight > 0 && obs && obs == main_obs(f))
        return NULL;
    return risk_term_add(r, f, name, true, weight, obs);
}

void risk_not_seen(struct risk_run *r, struct hn_finding *f, const char *name)
{
    risk_term_add(r, f, name, false, 0, NULL);
}

double risk_weight(const struct risk_run *r, const char *name)
{
    double weight;
    hn_policy_weight(r->in->policy, name, &weight);
    return weight;
}

/* ---------------------------------------------------------------- knowledge from outside, loss, age */

static struct hn_str own_param(const struct hn_finding *f, const char *name)
{
    for (const struct hn_param *p = f->params; p; p = p->next)
        if (strcmp(p->name, name) == 0)
            return p->value;
    return (struct hn_str){0};
}

static bool has_term(const struct hn_finding *f, const char *name)
{
    for (const struct hn_term *t = f->terms; t; t = t->next)
        if (t->seen && strcmp(t->name, name) == 0)
            return true;
    return false;
}

static void vulnerability_terms(struct risk_run *r, struct hn_finding *f)
{
    static const char *const outside[] = {"kev", "exploit-public", "epss", "scanned-now", "detection", "mitigation"};
    if (f->rule->class != HN_CLASS_VULNERABILITY)
        return;
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++)
        if (!has_term(f, outside[i]))
            risk_not_seen(r, f, outside[i]);
    if (!f->since || f->since >= r->in->now)
        return;
    int64_t days = (r->in->now - f->since) / HN_DAY;
    double weight = hn_policy_graded(r->in->policy, "fix-pending", (double)days);
    struct hn_term *t = days > 0 ? risk_term_add(r, f, "fix-pending", true, weight, main_obs(f)) : NULL;
    if (t)
        risk_param_int(r, &t->params, "days", days);
}

/* EPSS takes the place of the prior; as a term it is the difference, so that the bars still add up. */
static void epss_term(struct risk_run *r, struct hn_finding *f)
{
    char text[32] = {0}, *end;
    struct hn_str s = own_param(f, "epss");
    if (!s.n || s.n >= sizeof text)
        return;
    memcpy(text, s.p, s.n);
    double epss = strtod(text, &end);
    if (*end || !(epss >= 0 && epss <= 1))
        return;
    double by_epss = hn_policy_prior(r->in->policy, "", f->rule->class, f->severity, epss);
    struct hn_term *t = risk_term_add(r, f, "epss", true, by_epss - f->prior, main_obs(f));
    if (t)
        risk_param(r, &t->params, "epss", s);
}

static void loss_terms(struct risk_run *r, struct hn_finding *f)
{
    if (f->rule->class == HN_CLASS_RESILIENCE || f->rule->class == HN_CLASS_HYGIENE)
        return;
    const char *name = r->backup == RISK_YES ? "backup-proven" : "backup-unproven";
    struct hn_term *t =
        risk_term_add(r, f, name, r->backup != RISK_UNKNOWN, hn_policy_loss_weight(r->in->policy, name), r->backup_obs);
    if (t)
        t->on_loss = true;
}

static void age_term(struct risk_run *r, struct hn_finding *f)
{
    const struct hn_obs *o = main_obs(f);
    if (!o || !o->at || o->at >= r->in->now)
        return;
    int64_t days = (r->in->now - o->at) / HN_DAY;
    struct hn_term *t = days >= hn_policy_old_days(r->in->policy) ? risk_add(r, f, "data-old", o) : NULL;
    if (t)
        risk_param_int(r, &t->params, "days", days);
}

/* ---------------------------------------------------------------- inputs of the due tables */

static void inputs(struct risk_run *r, struct hn_finding *f, const struct hn_chain *c)
{
    static const char *const yes[] = {[RISK_UNKNOWN] = "unknown", [RISK_NO] = "no", [RISK_YES] = "yes"};
    static const char *const given[] = {"automatable", "technical_impact"};
    enum risk_yes e = risk_exposed(r, f, c);
    bool kev = has_term(f, "kev"), poc = has_term(f, "exploit-public"), network = has_term(f, "listens-one-network");
    struct hn_str told = own_param(f, "kev"), told_exposed = own_param(f, "exposed");
    struct hn_str exploitation = own_param(f, "exploitation");
    risk_param(r, &f->inputs, "kev", kev ? HN_STR("yes") : told.n ? told : HN_STR("unknown"));
    if (e == RISK_UNKNOWN && told_exposed.n) /* the judge's own knowledge of this kind of problem */
        e = hn_str_eqc(told_exposed, "no") ? RISK_NO : hn_str_eqc(told_exposed, "yes") ? RISK_YES : e;
    risk_param(r, &f->inputs, "exposed", hn_str_c(yes[e]));
    for (size_t i = 0; i < sizeof given / sizeof given[0]; i++) {
        struct hn_str s = own_param(f, given[i]);
        risk_param(r, &f->inputs, given[i], s.n ? s : HN_STR("unknown"));
    }
    risk_param(r, &f->inputs, "exploitation",
               kev              ? HN_STR("active")
               : poc            ? HN_STR("public-poc")
               : exploitation.n ? exploitation
                                : HN_STR("unknown"));
    risk_param(r, &f->inputs, "system_exposure",
               e == RISK_YES  ? HN_STR("open")
               : e == RISK_NO ? HN_STR("small")
               : network      ? HN_STR("controlled")
                              : HN_STR("unknown"));
    risk_param(r, &f->inputs, "human_impact", hn_str_c(hn_policy_human_impact(r->in->policy, r->in->criticality)));
}

void risk_terms(struct risk_run *r, struct hn_finding *f, const struct hn_chain *c)
{
    f->terms = NULL;
    f->inputs = NULL;
    /* extra_terms hold the newest first; names decide, so the order does not matter */
    for (const struct hn_term *x = f->extra_terms; x; x = x->next) {
        struct hn_term *t = risk_term_add(r, f, x->name, true, risk_weight(r, x->name), x->obs);
        if (t)
            t->params = x->params;
    }
    if (risk_chain_applies(f, c))
        risk_chain_terms(r, f, c);
    epss_term(r, f);
    vulnerability_terms(r, f);
    loss_terms(r, f);
    age_term(r, f);
    inputs(r, f, c);
    r->failed = r->failed || c->failed || r->arena->failed || r->scratch->failed;
}
