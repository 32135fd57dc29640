/* Weak stand-ins until risk.c, policy.c and render.c are in the tree; whoever adds those deletes this file. */
#include "core/render.h"
#include "core/risk.h"

#define WEAK __attribute__((weak))

WEAK int64_t hn_policy_int(const struct hn_policy *p, const char *key, int64_t dflt)
{
    return dflt;
}
WEAK struct hn_err hn_policy_load(const char *path, struct hn_policy **ret, struct hn_diag *reterr)
{
    *ret = NULL;
    return HN_OK;
}
WEAK void hn_policy_free(struct hn_policy *p)
{
}
WEAK struct hn_err hn_risk_rank(const struct hn_risk_in *in, struct hn_arena *a, struct hn_finding *list,
                                struct hn_diag *reterr)
{
    return HN_OK;
}
WEAK struct hn_finding *hn_risk_sort(struct hn_finding *list)
{
    return list;
}
WEAK void hn_finding_json(struct hn_jw *w, struct hn_arena *a, const struct hn_finding *f,
                          const struct hn_policy *policy, bool texts)
{
    hn_jw_obj(w);
    hn_jw_kc(w, "id", f->id);
    hn_jw_obj_end(w);
}
