/* What CycloneDX words mean in the common vocabulary. The words themselves are kept beside it. */
#include "base/str.h"
#include "format/sbom/cdx_in.h"

/* ---- kinds ---- */

enum hn_bom_type cdx_type_of(struct hn_str word)
{
    enum hn_bom_type t = hn_bom_type_of(word);
    return hn_str_eqc(word, hn_bom_type_word(t)) && t != HN_BOM_TYPE_SOURCE && t < HN_BOM_TYPE_SOURCE
               ? t
               : HN_BOM_TYPE_UNKNOWN;
}

static const char *const scopes[] = {"", "required", "optional", "excluded"};

enum hn_bom_scope cdx_scope_of(struct hn_str word)
{
    for (int i = HN_BOM_SCOPE_REQUIRED; i <= HN_BOM_SCOPE_EXCLUDED; i++)
        if (hn_str_eqc(word, scopes[i]))
            return (enum hn_bom_scope)i;
    return HN_BOM_SCOPE_NONE;
}

const char *cdx_scope_word(enum hn_bom_scope s)
{
    return scopes[s];
}

/* ---- VEX: vulnerabilities[].analysis ---- */

struct vex_word {
    const char *word;
    enum hn_bom_vex status;
};
/* The first of a status is the one that is written for it. */
static const struct vex_word states[] = {
    {"not_affected", HN_BOM_VEX_NOT_AFFECTED},    {"false_positive", HN_BOM_VEX_NOT_AFFECTED},
    {"exploitable", HN_BOM_VEX_AFFECTED},         {"resolved", HN_BOM_VEX_FIXED},
    {"resolved_with_pedigree", HN_BOM_VEX_FIXED}, {"in_triage", HN_BOM_VEX_INVESTIGATING},
};

struct why_word {
    const char *word;
    enum hn_bom_why why;
};
/* Nine words of CycloneDX against five of CISA: "needs a configuration, an environment" that is not there is out of the
 * adversary's hands; "needs a dependency" means that a component is missing. */
static const struct why_word whys[] = {
    {"code_not_present", HN_BOM_WHY_NO_CODE},
    {"code_not_reachable", HN_BOM_WHY_NOT_EXECUTED},
    {"requires_environment", HN_BOM_WHY_NOT_CONTROLLED},
    {"requires_configuration", HN_BOM_WHY_NOT_CONTROLLED},
    {"requires_dependency", HN_BOM_WHY_NO_COMPONENT},
    {"protected_by_mitigating_control", HN_BOM_WHY_MITIGATED},
    {"protected_by_compiler", HN_BOM_WHY_MITIGATED},
    {"protected_at_runtime", HN_BOM_WHY_MITIGATED},
    {"protected_at_perimeter", HN_BOM_WHY_MITIGATED},
};
#define COUNT(a) (sizeof(a) / sizeof *(a))

static void understand_vuln(struct hn_bom_vuln *v)
{
    for (size_t i = 0; i < COUNT(states); i++)
        if (hn_str_eqc(v->state, states[i].word))
            v->status = states[i].status;
    for (size_t i = 0; i < COUNT(whys); i++)
        if (hn_str_eqc(v->justification, whys[i].word))
            v->why = whys[i].why;
}

const char *cdx_state_word(enum hn_bom_vex status)
{
    for (size_t i = 0; i < COUNT(states); i++)
        if (states[i].status == status)
            return states[i].word;
    return NULL;
}

const char *cdx_justification_word(enum hn_bom_why why)
{
    for (size_t i = 0; i < COUNT(whys); i++)
        if (whys[i].why == why)
            return whys[i].word;
    return NULL;
}

/* ---- completeness ---- */

static enum hn_bom_aggregate aggregate_of(struct hn_str word)
{
    return hn_str_eqc(word, "complete")        ? HN_BOM_AGG_COMPLETE
           : hn_str_starts(word, "incomplete") ? HN_BOM_AGG_INCOMPLETE
           : hn_str_eqc(word, "unknown")       ? HN_BOM_AGG_UNKNOWN
           : hn_str_eqc(word, "not_specified") ? HN_BOM_AGG_NOT_SPECIFIED
                                               : HN_BOM_AGG_UNSAID;
}

static const char *const aggregates[] = {"not_specified", "complete", "incomplete", "unknown", "not_specified"};

const char *cdx_aggregate_word(enum hn_bom_aggregate a)
{
    return aggregates[a];
}

void cdx_understand(struct hn_bom *b)
{
    for (struct hn_bom_vuln *v = b->vulns; v; v = v->next)
        understand_vuln(v);
    for (struct hn_bom_composition *c = b->compositions; c; c = c->next)
        c->aggregate = aggregate_of(c->word);
    for (struct hn_bom_party *p = b->authors; p; p = p->next)
        p->person = true;
    if (b->timestamp_text.n && !hn_time_parse(b->timestamp_text, &b->timestamp))
        b->timestamp = 0;
}
