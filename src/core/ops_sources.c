/* Sources: what was seen, when, and what was not; and asking for a diagnosis. */
#include <stdio.h>

#include "core/ops_in.h"
#include "core/registry.h"
#include "core/store_role.h"

static void module_text(struct hn_op_ctx *c, struct hn_str module)
{
    struct hn_str key = hn_arena_fmt(c->arena, "%.*s.summary", HN_FMT(module));

    if (key.n && hn_text_find(HN_EN, key.p))
        hn_jw_ktext(c->w, c->arena, "text", key.p, NULL);
    else
        ops_names(c->w, "text", module, module);
}

static struct hn_err list(struct hn_op_ctx *c)
{
    struct hn_store_source *s;
    struct hn_jw *w = c->w;
    size_t n;

    OPS_STORE(hn_store_sources(c->store, c->who, ops_arg(c, "org"), c->arena, &s, &n));
    hn_jw_arr(w);
    for (size_t i = 0; i < n; i++) {
        hn_jw_obj(w);
        hn_jw_kstr(w, "module", s[i].module);
        module_text(c, s[i].module);
        hn_jw_kint(w, "assets", (int64_t)s[i].assets);
        hn_jw_ktime(w, "last_run", s[i].last_run);
        hn_jw_kint(w, "observations", (int64_t)s[i].observations);
        hn_jw_kint(w, "malformed", (int64_t)s[i].malformed);
        hn_jw_kint(w, "quarantined", (int64_t)s[i].quarantined);
        hn_jw_kint(w, "not_seen", (int64_t)s[i].not_seen);
        hn_jw_kint(w, "unwatched", (int64_t)s[i].unwatched);
        hn_jw_ktime(w, "oldest", s[i].oldest);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
    return HN_OK;
}

static struct hn_err get(struct hn_op_ctx *c)
{
    struct hn_store_cover *k;
    struct hn_jw *w = c->w;
    size_t n;

    OPS_STORE(hn_store_coverage(c->store, c->who, (struct hn_str){NULL, 0}, ops_arg(c, "module"), ops_arg(c, "org"),
                                c->arena, &k, &n));
    if (!n && !hn_module_find(ops_arg(c, "module")))
        return (struct hn_err){HN_E_NOENT};
    hn_jw_arr(w);
    for (size_t i = 0; i < n; i++) {
        hn_jw_obj(w);
        hn_jw_key(w, "asset");
        hn_jw_obj(w);
        hn_jw_kstr(w, "id", k[i].asset);
        hn_jw_kstr(w, "name", k[i].asset_name);
        hn_jw_obj_end(w);
        ops_cover_members(c, &k[i]);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
    return HN_OK;
}

/* The role cannot look at the system itself: a supervisor takes the job. */
static struct hn_err diagnose(struct hn_op_ctx *c)
{
    struct hn_job job = {.kind = HN_JOB_DIAGNOSE, .deep = hn_jv_bool(c->args, "deep", false)};

    if (!hn_store_visible(c->store, c->who, HN_STR(HN_STORE_ROOT), HN_ROLE_OPERATOR))
        return (struct hn_err){HN_E_PERM};
    if (!c->role->supervisor_seen || hn_monotonic() - c->role->supervisor_seen > 2 * HN_MINUTE)
        return hn_op_fail(c, HN_E_UNSUPPORTED, "error.no-supervisor", HN_OP_END);
    snprintf(job.by, sizeof job.by, "%.*s", HN_FMT(c->who->name));
    HN_TRY(hn_job_put(c->role, &job));
    OPS_STORE(hn_store_audit_put(c->store, c->who, HN_STR(HN_STORE_ROOT), "diagnose.requested", hn_str_c(job.id),
                                 job.deep ? HN_STR("deep") : HN_STR("")));
    hn_jw_obj(c->w);
    hn_jw_kc(c->w, "run", job.id);
    hn_jw_obj_end(c->w);
    return HN_OK;
}

static const struct hn_op_param list_params[] = {OPS_ORG, OPS_END};
static const struct hn_op_param get_params[] = {
    {"module", HN_IN_PATH, HN_PT_STR, true, NULL, "module", 0, 64}, OPS_ORG, OPS_END};
static const struct hn_op_param diagnose_params[] = {
    {"deep", HN_IN_BODY, HN_PT_BOOL, false, NULL, "walk the whole file system too", 0, 0}, OPS_END};

const struct hn_op hn_ops_sources[] = {
    {"sources.list", "GET", "sources", HN_NEED_VIEWER, 0, list_params, "sources",
     "Each module: what it saw, lost and could not see", list},
    {"sources.get", "GET", "sources/{module}", HN_NEED_VIEWER, 0, get_params, "source", "One module, per asset", get},
    {"diagnose.request", "POST", "diagnose", HN_NEED_OPERATOR, HN_OP_CHANGES, diagnose_params, "diagnose",
     "Asks for a diagnosis of this machine; progress arrives as run events", diagnose},
    {0}};
