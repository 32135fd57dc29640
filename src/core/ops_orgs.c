/* Organisations: the tree with its roll-up. */
#include "core/ops_in.h"

static void org_members(struct hn_jw *w, const struct hn_store_org *o)
{
    hn_jw_kstr(w, "id", o->id);
    hn_jw_key(w, "parent");
    if (o->parent.n)
        hn_jw_str(w, o->parent);
    else
        hn_jw_null(w);
    ops_names(w, "name", o->name_en, o->name_ja);
    hn_jw_kstr(w, "kind", o->kind);
    hn_jw_kint(w, "depth", o->depth);
    hn_jw_kint(w, "children", (int64_t)o->children);
    hn_jw_kint(w, "assets", (int64_t)o->assets);
    if (o->has_score)
        ops_kround(w, "score", o->score);
    else
        ops_knull(w, "score"); /* not seen */
    hn_jw_key(w, "worst_asset");
    if (o->worst.asset.n) {
        hn_jw_obj(w);
        hn_jw_kstr(w, "id", o->worst.asset);
        hn_jw_kstr(w, "name", o->worst.name);
        ops_kround(w, "score", o->worst.score);
        hn_jw_obj_end(w);
    } else {
        hn_jw_null(w);
    }
    hn_jw_kint(w, "open", (int64_t)o->counts.open);
    hn_jw_kint(w, "overdue", (int64_t)o->counts.overdue);
    hn_jw_kint(w, "due_week", (int64_t)o->counts.due_week);
    hn_jw_kint(w, "excepted", (int64_t)o->counts.excepted);
    hn_jw_kint(w, "not_seen", (int64_t)o->counts.not_seen);
    ops_coverage_counts(w, &o->coverage);
    if (o->has_delta_7d)
        ops_kround(w, "trend_7d", o->delta_7d);
}

static struct hn_err list(struct hn_op_ctx *c)
{
    struct hn_store_org *o;
    struct hn_listing l = {0};

    if (hn_str_eqc(ops_arg(c, "format"), "csv"))
        return ops_csv(c, list);
    OPS_STORE(hn_store_orgs(c->store, c->who, ops_arg(c, "root"), (unsigned)hn_jv_int(c->args, "depth", 0), c->arena,
                            &o, &l.n));
    l.total = l.n;
    ops_list_begin(c);
    for (size_t i = 0; i < l.n; i++) {
        hn_jw_obj(c->w);
        org_members(c->w, &o[i]);
        hn_jw_obj_end(c->w);
    }
    ops_list_end(c, &l);
    return HN_OK;
}

static struct hn_err worst(struct hn_op_ctx *c, struct hn_str org)
{
    struct hn_store_finding_query q = {.org = org, .status = HN_F_OPEN, .page = {.limit = 10}};
    struct hn_store_finding *f;
    struct hn_listing l;

    OPS_STORE(hn_store_findings(c->store, c->who, &q, c->arena, &f, &l));
    hn_jw_key(c->w, "worst");
    hn_jw_arr(c->w);
    for (size_t i = 0; i < l.n; i++)
        HN_TRY(ops_finding_row(c->w, c->arena, &f[i]));
    hn_jw_arr_end(c->w);
    return HN_OK;
}

static struct hn_err sources(struct hn_op_ctx *c, struct hn_str org)
{
    struct hn_store_source *s;
    struct hn_jw *w = c->w;
    size_t n;

    OPS_STORE(hn_store_sources(c->store, c->who, org, c->arena, &s, &n));
    hn_jw_key(w, "sources");
    hn_jw_arr(w);
    for (size_t i = 0; i < n; i++) {
        hn_jw_obj(w);
        hn_jw_kstr(w, "module", s[i].module);
        hn_jw_kint(w, "assets_seen", (int64_t)s[i].assets);
        hn_jw_ktime(w, "oldest", s[i].oldest);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
    hn_jw_key(w, "unwatched");
    hn_jw_arr(w);
    for (size_t i = 0; i < n; i++) {
        if (!s[i].unwatched)
            continue;
        hn_jw_obj(w);
        hn_jw_kstr(w, "module", s[i].module);
        hn_jw_kint(w, "assets", (int64_t)s[i].unwatched);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
    return HN_OK;
}

static struct hn_err write_one(struct hn_op_ctx *c, struct hn_str id)
{
    struct hn_store_org o, *path;
    size_t n;
    struct hn_jw *w = c->w;

    OPS_STORE(hn_store_org_get(c->store, c->who, id, c->arena, &o));
    OPS_STORE(hn_store_org_path(c->store, c->who, o.id, c->arena, &path, &n));
    hn_jw_obj(w);
    org_members(w, &o);
    hn_jw_key(w, "path");
    hn_jw_arr(w);
    for (size_t i = 0; i < n; i++) {
        hn_jw_obj(w);
        hn_jw_kstr(w, "id", path[i].id);
        ops_names(w, "name", path[i].name_en, path[i].name_ja);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
    HN_TRY(worst(c, o.id));
    HN_TRY(ops_trend(c, o.id, (struct hn_str){NULL, 0}, 90));
    HN_TRY(sources(c, o.id));
    hn_jw_obj_end(w);
    return HN_OK;
}

static struct hn_err get(struct hn_op_ctx *c)
{
    return write_one(c, ops_arg(c, "id"));
}

static struct hn_err create(struct hn_op_ctx *c)
{
    const struct hn_jv *name = hn_jv_get(c->args, "name");
    struct hn_str en = hn_jv_str(name, "en"), ja = hn_jv_str(name, "ja"), id;

    OPS_STORE(hn_store_org_put(c->store, c->who, ops_arg(c, "parent"), en.n ? en : ja, ja.n ? ja : en,
                               ops_arg(c, "kind"), c->arena, &id));
    return write_one(c, id);
}

static struct hn_err change(struct hn_op_ctx *c)
{
    const struct hn_jv *name = hn_jv_get(c->args, "name");

    OPS_STORE(hn_store_org_change(c->store, c->who, ops_arg(c, "id"), ops_arg(c, "parent"), hn_jv_str(name, "en"),
                                  hn_jv_str(name, "ja"), ops_arg(c, "kind")));
    return write_one(c, ops_arg(c, "id"));
}

static const struct hn_op_param list_params[] = {
    {"root", HN_IN_QUERY, HN_PT_STR, false, NULL, "top of the subtree; absent: everything visible", 0, 128},
    {"depth", HN_IN_QUERY, HN_PT_INT, false, NULL, "1: the top and its children; absent: all", 1, 64},
    {"format", HN_IN_QUERY, HN_PT_STR, false, "json csv", "csv", 0, 0},
    OPS_END};
static const struct hn_op_param id_params[] = {OPS_PATH_ID, OPS_END};
static const struct hn_op_param create_params[] = {
    {"parent", HN_IN_BODY, HN_PT_STR, true, NULL, "organisation above it", 0, 128},
    {"name", HN_IN_BODY, HN_PT_TEXT, true, NULL, "name in both languages, or one text for both", 0, 256},
    {"kind", HN_IN_BODY, HN_PT_STR, false, NULL, "ministry, bureau, firm, hospital, site …", 0, 64},
    OPS_END};
static const struct hn_op_param change_params[] = {
    OPS_PATH_ID,
    {"parent", HN_IN_BODY, HN_PT_STR, false, NULL, "moves the subtree there", 0, 128},
    {"name", HN_IN_BODY, HN_PT_TEXT, false, NULL, "name in both languages, or one text for both", 0, 256},
    {"kind", HN_IN_BODY, HN_PT_STR, false, NULL, "kind", 0, 64},
    OPS_END};

const struct hn_op hn_ops_orgs[] = {
    {"organisations.list", "GET", "organisations", HN_NEED_VIEWER, 0, list_params, "organisations",
     "The tree, in pre-order, with roll-up", list},
    {"organisations.get", "GET", "organisations/{id}", HN_NEED_VIEWER, 0, id_params, "organisation",
     "One organisation: path, worst findings, coverage", get},
    {"organisations.create", "POST", "organisations", HN_NEED_ADMIN, HN_OP_CHANGES, create_params, "organisation",
     "Adds an organisation (admin of the parent)", create},
    {"organisations.change", "PATCH", "organisations/{id}", HN_NEED_ADMIN, HN_OP_CHANGES, change_params, "organisation",
     "Renames or moves it (admin)", change},
    {0}};
