/* What this program met while looking: inputs that were malformed, and inputs that ended a parser and were set aside.
 * The core writes the observations from the coverage of the run; this module declares and judges them. */
#include "core/module.h"
#include "core/facts.h"

static const struct hn_field input_fields[] = {
    {"module", HN_T_STR, HN_REF_NONE, NULL, "module that read the input"},
    {"path", HN_T_STR, HN_REF_NONE, NULL, "the input"},
    {"why", HN_T_STR, HN_REF_NONE, NULL, "what was wrong with it"},
    {"offset", HN_T_INT, HN_REF_NONE, "bytes", "where"},
    {"quarantined", HN_T_BOOL, HN_REF_NONE, NULL, "it ended a parser and was left out"},
    {0}};

static const struct hn_kind kinds[] = {{"input", "module and path", input_fields}, {0}};

static const struct hn_rule rules[] = {{"input-quarantined", HN_SEV_HIGH, HN_CLASS_INTEGRITY, NULL},
                                       {"input-malformed", HN_SEV_LOW, HN_CLASS_INTEGRITY, NULL},
                                       {0}};

static void self_collect(struct hn_collect *c)
{
}

static void self_parse(struct hn_parse *p, const struct hn_rec *r)
{
}

static void self_judge(struct hn_judge *j)
{
    HN_FACTS_EACH(o, hn_judge_facts(j), "self.input") {
        bool quarantined = hn_obs_get_bool(o, "quarantined", false);
        struct hn_finding *f = hn_find(j, quarantined ? "input-quarantined" : "input-malformed", hn_obs_get(o, "path"),
                                       hn_obs_get(o, "module"));
        hn_find_param(f, "path", hn_obs_get(o, "path"));
        hn_find_param(f, "module", hn_obs_get(o, "module"));
        hn_find_param(f, "why", hn_obs_get(o, "why"));
        hn_find_evidence(f, o, "input");
    }
}

const struct hn_module hn_module_self = {
    .name = "self",
    .kinds = kinds,
    .rules = rules,
    .collect = self_collect,
    .parse = self_parse,
    .judge = self_judge,
};
