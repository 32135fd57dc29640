/* Assets and what was observed of them. */
#include "core/ops_in.h"
#include "core/registry.h"

static void asset_members(struct hn_jw *w, const struct hn_store_asset *a)
{
    hn_jw_kstr(w, "id", a->id);
    hn_jw_kstr(w, "name", a->name);
    hn_jw_kstr(w, "kind", a->kind);
    ops_org_ref(w, a->org, a->org_name_en, a->org_name_ja);
    hn_jw_key(w, "names");
    hn_jw_arr(w);
    for (size_t i = 0; i < a->n_names; i++)
        hn_jw_str(w, a->names[i]);
    hn_jw_arr_end(w);
    ops_kopt(w, "os", a->os);
    if (a->has_score)
        ops_kround(w, "score", a->score);
    else
        ops_knull(w, "score"); /* not seen */
    hn_jw_kint(w, "open", (int64_t)a->counts.open);
    hn_jw_kint(w, "overdue", (int64_t)a->counts.overdue);
    hn_jw_kint(w, "due_week", (int64_t)a->counts.due_week);
    hn_jw_kint(w, "not_seen", (int64_t)a->counts.not_seen);
    hn_jw_kint(w, "excepted", (int64_t)a->counts.excepted);
    hn_jw_key(w, "worst");
    if (a->worst >= 0)
        hn_jw_c(w, hn_severity_name((enum hn_severity)a->worst));
    else
        hn_jw_null(w);
    hn_jw_ktime(w, "first_seen", a->first_seen);
    hn_jw_ktime(w, "last_run", a->last_run);
    hn_jw_key(w, "seen_by");
    hn_jw_arr(w);
    for (size_t i = 0; i < a->n_modules; i++)
        hn_jw_str(w, a->modules[i]);
    hn_jw_arr_end(w);
    hn_jw_knum(w, "criticality", a->criticality);
}

static struct hn_err list(struct hn_op_ctx *c)
{
    struct hn_store_asset *a;
    struct hn_listing l;
    struct hn_store_asset_query q = {.org = ops_arg(c, "org"),
                                     .q = ops_arg(c, "q"),
                                     .not_seen_days = (unsigned)hn_jv_int(c->args, "not_seen_days", 0),
                                     .page = ops_page(c)};

    if (hn_str_eqc(ops_arg(c, "format"), "csv"))
        return ops_csv(c, list);
    OPS_STORE(hn_store_assets(c->store, c->who, &q, c->arena, &a, &l));
    ops_list_begin(c);
    for (size_t i = 0; i < l.n; i++) {
        hn_jw_obj(c->w);
        asset_members(c->w, &a[i]);
        hn_jw_obj_end(c->w);
    }
    ops_list_end(c, &l);
    return HN_OK;
}

static struct hn_err coverage(struct hn_op_ctx *c, struct hn_str asset)
{
    struct hn_store_cover *k;
    size_t n;

    OPS_STORE(hn_store_coverage(c->store, c->who, asset, (struct hn_str){NULL, 0}, (struct hn_str){NULL, 0}, c->arena,
                                &k, &n));
    hn_jw_key(c->w, "coverage");
    hn_jw_arr(c->w);
    for (size_t i = 0; i < n; i++) {
        hn_jw_obj(c->w);
        ops_cover_members(c, &k[i]);
        hn_jw_obj_end(c->w);
    }
    hn_jw_arr_end(c->w);
    return HN_OK;
}

static struct hn_err kind_counts(struct hn_op_ctx *c, struct hn_str asset)
{
    struct hn_store_kind_count *k;
    size_t n;

    OPS_STORE(hn_store_obs_kinds(c->store, c->who, asset, c->arena, &k, &n));
    hn_jw_key(c->w, "kinds");
    hn_jw_arr(c->w);
    for (size_t i = 0; i < n; i++) {
        hn_jw_obj(c->w);
        hn_jw_kstr(c->w, "kind", k[i].kind);
        hn_jw_kint(c->w, "count", (int64_t)k[i].count);
        hn_jw_obj_end(c->w);
    }
    hn_jw_arr_end(c->w);
    return HN_OK;
}

static struct hn_err get(struct hn_op_ctx *c)
{
    struct hn_store_asset a;
    struct hn_jw *w = c->w;

    OPS_STORE(hn_store_asset_get(c->store, c->who, ops_arg(c, "id"), c->arena, &a));
    hn_jw_obj(w);
    asset_members(w, &a);
    hn_jw_key(w, "identity");
    hn_jw_arr(w);
    for (size_t i = 0; i < a.n_keys; i++) {
        hn_jw_obj(w);
        hn_jw_kstr(w, "type", a.keys[i].type);
        hn_jw_kstr(w, "value", a.keys[i].value);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
    HN_TRY(ops_lower(c, "score_parts", (struct hn_str){NULL, 0}, a.id, 20));
    HN_TRY(ops_trend(c, (struct hn_str){NULL, 0}, a.id, 90));
    HN_TRY(coverage(c, a.id));
    HN_TRY(kind_counts(c, a.id));
    hn_jw_obj_end(w);
    return HN_OK;
}

static struct hn_err change(struct hn_op_ctx *c)
{
    OPS_STORE(hn_store_asset_change(c->store, c->who, ops_arg(c, "id"), hn_jv_num(c->args, "criticality", -1),
                                    ops_arg(c, "org"), ops_arg(c, "name")));
    return get(c);
}

static struct hn_err observations(struct hn_op_ctx *c)
{
    struct hn_store_obs *o;
    struct hn_listing l;
    struct hn_store_obs_query q = {
        .asset = ops_arg(c, "id"), .kind = ops_arg(c, "kind"), .q = ops_arg(c, "q"), .page = ops_page(c)};

    if (hn_str_eqc(ops_arg(c, "format"), "csv"))
        return ops_csv(c, observations);
    OPS_STORE(hn_store_observations(c->store, c->who, &q, c->arena, &o, &l));
    ops_list_begin(c);
    for (size_t i = 0; i < l.n; i++) {
        hn_jw_obj(c->w);
        ops_obs_members(c->w, &o[i]);
        hn_jw_obj_end(c->w);
    }
    ops_list_end(c, &l);
    return HN_OK;
}

static struct hn_err observation(struct hn_op_ctx *c)
{
    struct hn_store_obs o, *h;
    size_t n;
    struct hn_jw *w = c->w;

    OPS_STORE(hn_store_obs_get(c->store, c->who, ops_arg(c, "id"), c->arena, &o));
    OPS_STORE(hn_store_obs_history(c->store, c->who, o.id, 50, c->arena, &h, &n));
    hn_jw_obj(w);
    ops_obs_members(w, &o);
    hn_jw_key(w, "asset");
    hn_jw_obj(w);
    hn_jw_kstr(w, "id", o.asset);
    hn_jw_kstr(w, "name", o.asset_name);
    hn_jw_obj_end(w);
    hn_jw_kstr(w, "run", o.run);
    hn_jw_kstr(w, "origin", o.origin);
    hn_jw_key(w, "history");
    hn_jw_arr(w);
    for (size_t i = 0; i < n; i++) {
        hn_jw_obj(w);
        ops_obs_members(w, &h[i]);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
    hn_jw_obj_end(w);
    return HN_OK;
}

#define CSV                                                                                                            \
    {                                                                                                                  \
        "format", HN_IN_QUERY, HN_PT_STR, false, "json csv", "csv: all pages, at most 100 000 rows", 0, 0              \
    }
static const struct hn_op_param list_params[] = {
    OPS_ORG,
    OPS_Q,
    {"not_seen_days", HN_IN_QUERY, HN_PT_INT, false, NULL, "only assets without a run for that many days", 1, 36500},
    {"sort", HN_IN_QUERY, HN_PT_STR, false, "score -score name -name last_run -last_run open -open", "default: -score",
     0, 0},
    OPS_PAGE,
    CSV,
    OPS_END};
static const struct hn_op_param id_params[] = {OPS_PATH_ID, OPS_END};
static const struct hn_op_param change_params[] = {
    OPS_PATH_ID,
    {"criticality", HN_IN_BODY, HN_PT_NUM, false, NULL, "0.1 to 10; 1 = ordinary", 0, 0},
    {"org", HN_IN_BODY, HN_PT_STR, false, NULL, "organisation it belongs to", 0, 128},
    {"name", HN_IN_BODY, HN_PT_STR, false, NULL, "name", 0, 256},
    OPS_END};
static const struct hn_op_param obs_params[] = {
    OPS_PATH_ID, {"kind", HN_IN_QUERY, HN_PT_STR, false, NULL, "\"packages.package\" or \"packages\"", 0, 128},
    OPS_Q,       {"sort", HN_IN_QUERY, HN_PT_STR, false, "subject -subject at -at", "default: subject", 0, 0},
    OPS_PAGE,    CSV,
    OPS_END};

const struct hn_op hn_ops_assets[] = {
    {"assets.list", "GET", "assets", HN_NEED_VIEWER, HN_OP_BIG, list_params, "assets", "Assets", list},
    {"assets.get", "GET", "assets/{id}", HN_NEED_VIEWER, 0, id_params, "asset",
     "One asset: identity, parts of its score, coverage", get},
    {"assets.change", "PATCH", "assets/{id}", HN_NEED_OPERATOR, HN_OP_CHANGES, change_params, "asset",
     "Changes criticality, organisation or name", change},
    {"observations.list", "GET", "assets/{id}/observations", HN_NEED_VIEWER, HN_OP_BIG, obs_params, "observations",
     "What was observed of an asset", observations},
    {"observations.get", "GET", "observations/{id}", HN_NEED_VIEWER, 0, id_params, "observation",
     "One observation, and how it looked before", observation},
    {0}};
