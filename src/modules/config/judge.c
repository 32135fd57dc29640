/* Every rule against the facts: a finding for each that fails, an evaluation for each, and how many were evaluated. */
#include "base/str.h"
#include "modules/config/config.h"
#include "modules/config/rules.h"

/* "{path}" in a fix stands for the file of the first evidence, "{subject}" for its subject (a sysctl). */
static struct hn_str filled(struct hn_judge *j, const char *pattern, const struct config_result *r)
{
    struct hn_str p = hn_str_c(pattern), mark = HN_STR("{path}");
    ptrdiff_t at = hn_str_find(p, mark);
    bool subject = hn_str_eqc(p, "{subject}");
    if (at < 0 && !subject)
        return p;
    if (r->n_evidence == 0)
        return HN_STR("");
    struct hn_str path = subject ? r->evidence[0]->subject : hn_obs_get(r->evidence[0], "path");
    if (!path.n || subject)
        return path;
    return hn_arena_fmt(hn_judge_arena(j), "%.*s%.*s%.*s", (int)at, p.p, HN_FMT(path),
                        HN_FMT(hn_str_cut(p, (size_t)at + mark.n, p.n)));
}

static void set_fix(struct hn_judge *j, struct hn_finding *f, const struct config_rule *rule,
                    const struct config_result *r)
{
    if (rule->fix == HN_FIX_NONE)
        return;
    struct hn_str target = filled(j, rule->fix_target, r);
    if (target.n)
        hn_find_fix(f, rule->fix, target, hn_str_c(rule->fix_value));
}

/* Listeners, units and packages among the evidence let the core join processes and reach. */
static void set_about(struct hn_finding *f, const struct hn_obs *o)
{
    for (size_t i = 0; o->kind->fields[i].name; i++) {
        const struct hn_field *d = &o->kind->fields[i];
        if (d->type == HN_T_STR && o->v[i].set &&
            (d->ref == HN_REF_LISTENER || d->ref == HN_REF_UNIT || d->ref == HN_REF_PACKAGE))
            hn_find_about(f, d->ref, o->v[i].s);
    }
}

/* Something that is missing cannot be shown; what was looked at can. */
static const struct hn_obs *looked_at(const struct hn_facts *facts, const struct config_node *n)
{
    const struct hn_obs *o = NULL;
    while (n->kids)
        n = n->kids[0];
    if (strcmp(n->kind, "config.setting") == 0)
        o = hn_facts_find(facts, "config.source", hn_str_c(n->where[0].values[0]));
    else if (strcmp(n->kind, "config.pam") == 0)
        o = hn_facts_find(facts, "config.source", HN_STR("pam"));
    else if (strncmp(n->kind, "packages.", 9) == 0)
        o = hn_facts_first(facts, "packages.summary");
    return o ? o : hn_facts_first(facts, "config.system");
}

static void report(struct hn_judge *j, const struct config_rule *rule, const struct config_result *r)
{
    struct hn_str subject = config_rule_subject(rule, hn_judge_arena(j));
    struct hn_finding *f = hn_find(j, rule->id, subject, HN_STR(""));
    if (rule->cause)
        hn_find_cause(f, hn_str_c(rule->cause));
    hn_find_param(f, "subject", subject);
    hn_find_param(f, "actual", r->actual.n ? r->actual : HN_STR("-"));
    hn_find_param(f, "seen", r->seen.n ? r->seen : subject);
    for (size_t i = 0; i < r->n_evidence; i++) {
        hn_find_evidence(f, r->evidence[i], "setting");
        set_about(f, r->evidence[i]);
    }
    if (r->n_evidence == 0)
        hn_find_evidence(f, looked_at(hn_judge_facts(j), rule->check), "looked-at");
    set_fix(j, f, rule, r);
}

static void record(struct hn_judge *j, const struct config_rule *rule, const struct config_result *r)
{
    hn_judge_obs_begin(j, "evaluation", hn_str_c(rule->id));
    hn_judge_obs_str(j, "rule", hn_str_c(rule->id));
    hn_judge_obs_str(j, "result", hn_str_c(config_verdict_name(r->verdict)));
    if (r->why) {
        hn_judge_obs_str(j, "why", hn_str_c(r->why));
        hn_judge_obs_str(j, "what", r->what);
    }
    if (r->seen.n)
        hn_judge_obs_str(j, "seen", r->seen);
    hn_judge_obs_end(j);
}

/* "0 evaluated" is never fine: when more could not be judged than could, that is a problem of its own. */
static void report_blindness(struct hn_judge *j, int64_t evaluated, int64_t unknown)
{
    if (unknown <= evaluated)
        return;
    struct hn_finding *f = hn_find(j, "rules-not-evaluated", HN_STR("rules"), HN_STR(""));
    hn_find_param_int(f, "evaluated", evaluated);
    hn_find_param_int(f, "unknown", unknown);
    hn_find_evidence(f, hn_facts_first(hn_judge_facts(j), "config.summary"), "looked-at");
}

void config_judge(struct hn_judge *j)
{
    const struct hn_facts *facts = hn_judge_facts(j);
    int64_t n[4] = {0};
    if (!hn_facts_seen(facts, "config"))
        return;
    for (size_t i = 0; i < config_rule_table_n; i++) {
        struct config_result r;
        config_evaluate(&config_rule_table[i], facts, hn_judge_arena(j), &r);
        n[r.verdict]++;
        if (r.verdict == CONFIG_FAIL)
            report(j, &config_rule_table[i], &r);
        record(j, &config_rule_table[i], &r);
    }
    hn_judge_obs_begin(j, "summary", HN_STR("rules"));
    hn_judge_obs_int(j, "selected", (int64_t)config_rule_table_n);
    hn_judge_obs_int(j, "evaluated", n[CONFIG_PASS] + n[CONFIG_FAIL]);
    hn_judge_obs_int(j, "passed", n[CONFIG_PASS]);
    hn_judge_obs_int(j, "failed", n[CONFIG_FAIL]);
    hn_judge_obs_int(j, "not_applicable", n[CONFIG_NOT_APPLICABLE]);
    hn_judge_obs_int(j, "unknown", n[CONFIG_NOT_KNOWN]);
    hn_judge_obs_end(j);
    report_blindness(j, n[CONFIG_PASS] + n[CONFIG_FAIL], n[CONFIG_NOT_KNOWN]);
}
