/* Products, releases, deployments, suppliers, bills of materials: the portfolio as operations. */
#include "core/ops_software.h"

#include <math.h>

/* ---------------------------------------------------------------- what the files share */

void ops_kcount(struct hn_jw *w, const char *key, uint64_t n)
{
    hn_jw_kint(w, key, (int64_t)n);
}

void ops_kp(struct hn_jw *w, const char *key, double p)
{
    hn_jw_knum(w, key, round(p * 1e4) / 1e4);
}

void ops_kp_any(struct hn_jw *w, double p, uint64_t vulnerabilities, uint64_t judged)
{
    if ((vulnerabilities || !judged) && p <= 0)
        ops_knull(w, "p_any");
    else
        ops_kp(w, "p_any", p);
}

void ops_kknown(struct hn_jw *w, const char *key, double v)
{
    if (v < 0)
        ops_knull(w, key);
    else
        hn_jw_knum(w, key, round(v * 1e5) / 1e5);
}

void ops_ktri(struct hn_jw *w, const char *key, int v)
{
    if (v < 0)
        ops_knull(w, key);
    else
        hn_jw_kbool(w, key, v > 0);
}

void ops_id_name(struct hn_jw *w, const char *key, struct hn_str id, struct hn_str name)
{
    if (!id.n) {
        ops_knull(w, key);
        return;
    }
    hn_jw_key(w, key);
    hn_jw_obj(w);
    hn_jw_kstr(w, "id", id);
    hn_jw_kstr(w, "name", name);
    hn_jw_obj_end(w);
}

struct hn_err ops_arg_json(struct hn_op_ctx *c, const char *name, struct hn_str *ret)
{
    HN_AUTO(hn_buf_done) struct hn_buf b = {0};
    const struct hn_jv *v = hn_jv_get(c->args, name);
    struct hn_jw w;

    *ret = (struct hn_str){"", 0};
    if (!v || v->kind == HN_JV_NULL)
        return HN_OK;
    hn_buf_init(&b, 1 << 20);
    hn_jw_init(&w, &b);
    hn_jw_value(&w, v);
    *ret = hn_arena_str(c->arena, hn_buf_text(&b));
    return b.bad || c->arena->failed ? (struct hn_err){HN_E_LIMIT} : HN_OK;
}

static bool csv(const struct hn_op_ctx *c)
{
    return hn_str_eqc(ops_arg(c, "format"), "csv");
}

/* ---------------------------------------------------------------- the head of the section */

static struct hn_err now(struct hn_op_ctx *c)
{
    struct hn_store_software_now n;
    struct hn_store_match_run *run;
    size_t runs;
    struct hn_jw *w = c->w;

    OPS_STORE(hn_store_software_now(c->store, c->who, ops_arg(c, "org"), ops_arg_time(c, "as_of"), c->arena, &n));
    OPS_STORE(hn_store_match_runs(c->store, c->who, 1, c->arena, &run, &runs));
    hn_jw_obj(w);
    ops_kcount(w, "products", n.products);
    ops_kcount(w, "releases", n.releases);
    ops_kcount(w, "without_sbom", n.without_sbom);
    ops_kcount(w, "sboms", n.sboms);
    ops_kcount(w, "hosts", n.hosts);
    ops_kcount(w, "components", n.components);
    ops_kcount(w, "judged", n.judged);
    ops_kcount(w, "unknown", n.unknown);
    ops_kcount(w, "unjudged", n.unjudged);
    ops_kcount(w, "vulnerabilities", n.vulnerabilities);
    ops_kcount(w, "kev", n.kev);
    ops_kcount(w, "answered", n.answered);
    ops_kcount(w, "kev_unknown", n.kev_unknown);
    ops_kcount(w, "epss_unknown", n.epss_unknown);
    ops_kp_any(w, n.p_any, n.vulnerabilities, n.judged);
    hn_jw_ktime(w, "matched_at", n.matched_at);
    hn_jw_ktime(w, "feed_at", n.feed_at);
    hn_jw_obj_end(w);
    return HN_OK;
}

/* ---------------------------------------------------------------- products */

static void product_members(struct hn_jw *w, const struct hn_store_product *p)
{
    hn_jw_kstr(w, "id", p->id);
    hn_jw_kstr(w, "name", p->name);
    hn_jw_kstr(w, "supplier", p->supplier);
    ops_org_ref(w, p->org, p->org_name_en, p->org_name_ja);
    ops_id_name(w, "owner", p->owner, p->owner_name);
    hn_jw_kstr(w, "contract", p->contract);
    hn_jw_ktime(w, "contract_from", p->contract_from);
    hn_jw_ktime(w, "contract_until", p->contract_until);
    ops_kcount(w, "releases", p->releases);
    ops_kcount(w, "without_sbom", p->without_sbom);
    ops_kcount(w, "deployments", p->deployments);
    ops_kcount(w, "components", p->components);
    ops_kcount(w, "unknown", p->unknown);
    ops_kcount(w, "unjudged", p->unjudged);
    ops_kcount(w, "vulnerabilities", p->vulnerabilities);
    ops_kcount(w, "kev", p->kev);
    ops_kcount(w, "answered", p->answered);
    ops_kcount(w, "kev_unknown", p->kev_unknown);
    ops_kcount(w, "epss_unknown", p->epss_unknown);
    ops_kp_any(w, p->p_any, p->vulnerabilities, p->components > p->unknown + p->unjudged);
    hn_jw_ktime(w, "newest_sbom", p->newest_sbom);
    hn_jw_ktime(w, "created", p->created);
    hn_jw_ktime(w, "updated", p->updated);
}

static struct hn_err products(struct hn_op_ctx *c)
{
    struct hn_store_product *p;
    struct hn_listing l;
    struct hn_store_product_query q = {.org = ops_arg(c, "org"),
                                       .q = ops_arg(c, "q"),
                                       .supplier = ops_arg(c, "supplier"),
                                       .owner = ops_account(c, ops_arg(c, "owner")),
                                       .vulnerable = hn_jv_bool(c->args, "vulnerable", false),
                                       .unknown = hn_jv_bool(c->args, "unknown", false),
                                       .as_of = ops_arg_time(c, "as_of"),
                                       .page = ops_page(c)};

    if (csv(c))
        return ops_csv(c, products);
    OPS_STORE(hn_store_products(c->store, c->who, &q, c->arena, &p, &l));
    ops_list_begin(c);
    for (size_t i = 0; i < l.n; i++) {
        hn_jw_obj(c->w);
        product_members(c->w, &p[i]);
        hn_jw_obj_end(c->w);
    }
    ops_list_end(c, &l);
    return HN_OK;
}

static struct hn_err releases_write(struct hn_op_ctx *c, struct hn_str product)
{
    struct hn_store_release *r;
    struct hn_jw *w = c->w;
    size_t n;

    OPS_STORE(hn_store_releases(c->store, c->who, product, ops_arg_time(c, "as_of"), c->arena, &r, &n));
    hn_jw_key(w, "versions");
    hn_jw_arr(w);
    for (size_t i = 0; i < n; i++) {
        hn_jw_obj(w);
        hn_jw_kstr(w, "id", r[i].id);
        hn_jw_kstr(w, "version", r[i].version);
        ops_kopt(w, "sbom", r[i].sbom);
        hn_jw_ktime(w, "sbom_since", r[i].sbom_since);
        hn_jw_ktime(w, "created", r[i].created);
        ops_kcount(w, "components", r[i].components);
        ops_kcount(w, "unknown", r[i].unknown);
        ops_kcount(w, "deployments", r[i].deployments);
        ops_kcount(w, "vulnerabilities", r[i].vulnerabilities);
        ops_kcount(w, "kev", r[i].kev);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
    return HN_OK;
}

struct hn_err ops_product(struct hn_op_ctx *c, const char *arg, struct hn_str *ret)
{
    struct hn_str name = ops_arg(c, arg);
    struct hn_store_product *p;
    struct hn_store_product_query q = {.name = name, .page = {.limit = 2}};
    struct hn_listing l;

    *ret = name;
    if (!name.n || hn_id_is(name))
        return HN_OK;
    OPS_STORE(hn_store_products(c->store, c->who, &q, c->arena, &p, &l));
    if (l.n == 1) {
        *ret = p[0].id;
        return HN_OK;
    }
    return hn_op_fail(c, l.n ? HN_E_INVALID : HN_E_NOENT, l.n ? "error.product-several" : "error.product-none", "name",
                      hn_arena_cstr(c->arena, name), HN_OP_END);
}

static struct hn_err product_write(struct hn_op_ctx *c, struct hn_str id)
{
    struct hn_store_product p;
    struct hn_store_history *h;
    size_t n;

    OPS_STORE(hn_store_product_get(c->store, c->who, id, ops_arg_time(c, "as_of"), c->arena, &p));
    hn_jw_obj(c->w);
    product_members(c->w, &p);
    hn_jw_kstr(c->w, "note", p.note);
    ops_kraw(c->w, "obligations", p.obligations, "[]");
    hn_jw_kstr(c->w, "created_by", p.created_by);
    HN_TRY(releases_write(c, p.id));
    OPS_STORE(hn_store_product_history(c->store, c->who, p.id, c->arena, &h, &n));
    ops_history(c, h, n);
    hn_jw_obj_end(c->w);
    return HN_OK;
}

static struct hn_err product(struct hn_op_ctx *c)
{
    struct hn_str id;
    HN_TRY(ops_product(c, "id", &id));
    return product_write(c, id);
}

static struct hn_err product_put(struct hn_op_ctx *c)
{
    struct hn_str id;
    struct hn_store_product_in in = {.org = ops_arg(c, "org"),
                                     .name = ops_arg(c, "name"),
                                     .supplier = ops_arg(c, "supplier"),
                                     .owner = ops_account(c, ops_arg(c, "owner")),
                                     .contract = ops_arg(c, "contract"),
                                     .note = ops_arg(c, "note"),
                                     .contract_from = ops_arg_time(c, "contract_from"),
                                     .contract_until = ops_arg_time(c, "contract_until")};

    HN_TRY(ops_product(c, "id", &in.id));
    HN_TRY(ops_arg_json(c, "obligations", &in.obligations));
    OPS_STORE(hn_store_product_put(c->store, c->who, &in, c->arena, &id));
    return product_write(c, id);
}

static struct hn_err product_end(struct hn_op_ctx *c)
{
    struct hn_str id;
    HN_TRY(ops_product(c, "id", &id));
    OPS_STORE(hn_store_product_end(c->store, c->who, id));
    return ops_done(c);
}

static struct hn_err suppliers(struct hn_op_ctx *c)
{
    struct hn_store_supplier *v;
    struct hn_listing l;
    struct hn_store_supplier_query q = {.org = ops_arg(c, "org"), .q = ops_arg(c, "q"), .page = ops_page(c)};

    if (csv(c))
        return ops_csv(c, suppliers);
    OPS_STORE(hn_store_suppliers(c->store, c->who, &q, c->arena, &v, &l));
    ops_list_begin(c);
    for (size_t i = 0; i < l.n; i++) {
        hn_jw_obj(c->w);
        hn_jw_kstr(c->w, "name", v[i].name);
        ops_kcount(c->w, "products", v[i].products);
        ops_kcount(c->w, "releases", v[i].releases);
        ops_kcount(c->w, "without_sbom", v[i].without_sbom);
        ops_kcount(c->w, "deployments", v[i].deployments);
        ops_kcount(c->w, "components", v[i].components);
        ops_kcount(c->w, "unknown", v[i].unknown);
        ops_kcount(c->w, "vulnerabilities", v[i].vulnerabilities);
        ops_kcount(c->w, "kev", v[i].kev);
        ops_kcount(c->w, "kev_unknown", v[i].kev_unknown);
        ops_kp_any(c->w, v[i].p_any, v[i].vulnerabilities, v[i].components > v[i].unknown);
        hn_jw_ktime(c->w, "oldest_sbom", v[i].oldest_sbom);
        hn_jw_ktime(c->w, "contract_next", v[i].contract_next);
        hn_jw_obj_end(c->w);
    }
    ops_list_end(c, &l);
    return HN_OK;
}

/* ---------------------------------------------------------------- deployments */

static struct hn_err deployments(struct hn_op_ctx *c)
{
    struct hn_store_deployment *d;
    struct hn_listing l;
    struct hn_store_deployment_query q = {.org = ops_arg(c, "org"),
                                          .asset = ops_arg(c, "asset"),
                                          .q = ops_arg(c, "q"),
                                          .with_ended = hn_jv_bool(c->args, "ended", false),
                                          .page = ops_page(c)};

    if (csv(c))
        return ops_csv(c, deployments);
    HN_TRY(ops_product(c, "product", &q.product));
    OPS_STORE(hn_store_deployments(c->store, c->who, &q, c->arena, &d, &l));
    ops_list_begin(c);
    for (size_t i = 0; i < l.n; i++) {
        hn_jw_obj(c->w);
        hn_jw_kstr(c->w, "id", d[i].id);
        ops_org_ref(c->w, d[i].org, d[i].org_name_en, d[i].org_name_ja);
        ops_id_name(c->w, "product", d[i].product, d[i].product_name);
        hn_jw_kstr(c->w, "version", d[i].version);
        ops_id_name(c->w, "asset", d[i].asset, d[i].asset_name);
        hn_jw_kstr(c->w, "service", d[i].service);
        ops_kraw(c->w, "customers", d[i].customers, "[]");
        ops_id_name(c->w, "owner", d[i].owner, d[i].owner_name);
        hn_jw_kstr(c->w, "note", d[i].note);
        hn_jw_kstr(c->w, "created_by", d[i].created_by);
        hn_jw_ktime(c->w, "since", d[i].since);
        hn_jw_ktime(c->w, "until", d[i].until);
        hn_jw_obj_end(c->w);
    }
    ops_list_end(c, &l);
    return HN_OK;
}

static struct hn_err created(struct hn_op_ctx *c, struct hn_str id)
{
    hn_jw_obj(c->w);
    hn_jw_kstr(c->w, "id", id);
    hn_jw_obj_end(c->w);
    return HN_OK;
}

static struct hn_err deployment_put(struct hn_op_ctx *c)
{
    struct hn_str id;
    struct hn_store_deployment_in in = {.version = ops_arg(c, "version"),
                                        .asset = ops_arg(c, "asset"),
                                        .owner = ops_account(c, ops_arg(c, "owner")),
                                        .service = ops_arg(c, "service"),
                                        .note = ops_arg(c, "note"),
                                        .org = ops_arg(c, "org"),
                                        .since = ops_arg_time(c, "since")};

    HN_TRY(ops_product(c, "product", &in.product));
    HN_TRY(ops_arg_json(c, "customers", &in.customers));
    OPS_STORE(hn_store_deployment_put(c->store, c->who, &in, c->arena, &id));
    return created(c, id);
}

static struct hn_err deployment_end(struct hn_op_ctx *c)
{
    OPS_STORE(hn_store_deployment_end(c->store, c->who, ops_arg(c, "id")));
    return ops_done(c);
}

/* ---------------------------------------------------------------- bills of materials */

static void sbom_members(struct hn_jw *w, const struct hn_store_sbom *b)
{
    hn_jw_kstr(w, "id", b->id);
    ops_id_name(w, "product", b->product, b->product_name);
    hn_jw_kstr(w, "version", b->version);
    ops_org_ref(w, b->org, b->org_name_en, b->org_name_ja);
    hn_jw_kstr(w, "family", b->family);
    hn_jw_kstr(w, "spec", b->spec);
    hn_jw_kstr(w, "subject", b->subject);
    hn_jw_kstr(w, "author", b->author);
    hn_jw_ktime(w, "made_at", b->made_at);
    hn_jw_ktime(w, "put_at", b->put_at);
    hn_jw_kstr(w, "put_by", b->put_by);
    hn_jw_ktime(w, "until", b->until);
    ops_kcount(w, "components", b->components);
    ops_kcount(w, "edges", b->edges);
    ops_kcount(w, "unknown", b->unknown);
    ops_kcount(w, "bytes", b->bytes);
    hn_jw_kstr(w, "sha256", b->sha256);
    ops_kraw(w, "quality", b->quality, "{}");
}

static struct hn_err sboms(struct hn_op_ctx *c)
{
    struct hn_store_sbom *b;
    struct hn_listing l;
    struct hn_store_sbom_query q = {
        .org = ops_arg(c, "org"), .q = ops_arg(c, "q"), .all = hn_jv_bool(c->args, "all", false), .page = ops_page(c)};

    if (csv(c))
        return ops_csv(c, sboms);
    HN_TRY(ops_product(c, "product", &q.product));
    OPS_STORE(hn_store_sboms(c->store, c->who, &q, c->arena, &b, &l));
    ops_list_begin(c);
    for (size_t i = 0; i < l.n; i++) {
        hn_jw_obj(c->w);
        sbom_members(c->w, &b[i]);
        hn_jw_obj_end(c->w);
    }
    ops_list_end(c, &l);
    return HN_OK;
}

static struct hn_err sbom(struct hn_op_ctx *c)
{
    struct hn_store_sbom b;

    OPS_STORE(hn_store_sbom_get(c->store, c->who, ops_arg(c, "id"), c->arena, &b));
    hn_jw_obj(c->w);
    sbom_members(c->w, &b);
    ops_kraw(c->w, "problems", b.problems, "[]");
    hn_jw_obj_end(c->w);
    return HN_OK;
}

/* As it came, byte for byte. A document that is not UTF-8 cannot be given through JSON; it never came in so either. */
static struct hn_err sbom_raw(struct hn_op_ctx *c)
{
    struct hn_bytes raw;

    OPS_STORE(hn_store_sbom_raw(c->store, c->who, ops_arg(c, "id"), c->arena, &raw));
    hn_buf_add(c->out, raw.p, raw.n);
    c->type = raw.n && raw.p[0] == '<'   ? "application/xml"
              : raw.n && raw.p[0] == '{' ? "application/json; charset=utf-8"
                                         : "text/plain; charset=utf-8";
    return hn_buf_err(c->out);
}

/* ---------------------------------------------------------------- the table */

static const struct hn_op_param now_params[] = {OPS_ORG, OPS_AS_OF, OPS_END};
static const struct hn_op_param product_list_params[] = {
    OPS_ORG,
    OPS_Q,
    OPS_QUERY("supplier", "exactly this supplier; - = none named"),
    OPS_QUERY("owner", "account id, or me"),
    {"vulnerable", HN_IN_QUERY, HN_PT_BOOL, false, NULL, "only with open vulnerabilities", 0, 0},
    {"unknown", HN_IN_QUERY, HN_PT_BOOL, false, NULL, "only with components or releases that cannot be judged", 0, 0},
    OPS_AS_OF,
    {"sort", HN_IN_QUERY, HN_PT_STR, false,
     "name -name supplier -supplier vulnerabilities -vulnerabilities p -p newest_sbom -newest_sbom components "
     "-components",
     "default: name", 0, 0},
    OPS_PAGE,
    OPS_CSV,
    OPS_END};
#define PRODUCT_PARAMS                                                                                                 \
    {"supplier", HN_IN_BODY, HN_PT_STR, false, NULL, "who makes it; - = nobody", 0, 1024},                             \
        {"org", HN_IN_BODY, HN_PT_STR, false, NULL, "organisation it belongs to", 0, 128},                             \
        {"owner", HN_IN_BODY, HN_PT_STR, false, NULL, "account id, or me; - = nobody", 0, 128},                        \
        {"contract", HN_IN_BODY, HN_PT_STR, false, NULL, "reference of the contract", 0, 4096},                        \
        {"contract_from", HN_IN_BODY, HN_PT_TIME, false, NULL, "contract begins", 0, 64},                              \
        {"contract_until", HN_IN_BODY, HN_PT_TIME, false, NULL, "contract ends", 0, 64},                               \
        {"obligations", HN_IN_BODY, HN_PT_ARR, false, NULL, "what the supplier owes, a list of texts", 0, 0},          \
    {                                                                                                                  \
        "note", HN_IN_BODY, HN_PT_STR, false, NULL, "note", 0, 16384                                                   \
    }
static const struct hn_op_param product_create_params[] = {
    {"name", HN_IN_BODY, HN_PT_STR, true, NULL, "name of the product", 0, 1024}, PRODUCT_PARAMS, OPS_END};
static const struct hn_op_param product_change_params[] = {
    OPS_PATH_ID, {"name", HN_IN_BODY, HN_PT_STR, false, NULL, "name of the product", 0, 1024}, PRODUCT_PARAMS, OPS_END};
static const struct hn_op_param id_params[] = {OPS_PATH_ID, OPS_END};
static const struct hn_op_param id_as_of_params[] = {OPS_PATH_ID, OPS_AS_OF, OPS_END};
static const struct hn_op_param supplier_params[] = {
    OPS_ORG,
    OPS_Q,
    {"sort", HN_IN_QUERY, HN_PT_STR, false,
     "name -name products -products components -components vulnerabilities -vulnerabilities p -p oldest_sbom "
     "-oldest_sbom contract_next -contract_next",
     "default: known exploited, then -p", 0, 0},
    OPS_PAGE,
    OPS_CSV,
    OPS_END};
static const struct hn_op_param deployment_list_params[] = {
    OPS_ORG,
    OPS_Q,
    OPS_QUERY("product", "product, by id or name"),
    OPS_QUERY("asset", "asset id"),
    {"ended", HN_IN_QUERY, HN_PT_BOOL, false, NULL, "also those that have ended", 0, 0},
    {"sort", HN_IN_QUERY, HN_PT_STR, false,
     "since -since product -product version -version service -service asset -asset", "default: -since", 0, 0},
    OPS_PAGE,
    OPS_CSV,
    OPS_END};
static const struct hn_op_param deployment_params[] = {
    {"product", HN_IN_BODY, HN_PT_STR, true, NULL, "product, by id or name", 0, 128},
    {"version", HN_IN_BODY, HN_PT_STR, true, NULL, "version that runs there", 0, 1024},
    {"asset", HN_IN_BODY, HN_PT_STR, false, NULL, "asset id", 0, 128},
    {"service", HN_IN_BODY, HN_PT_STR, false, NULL, "service it is part of", 0, 1024},
    {"customers", HN_IN_BODY, HN_PT_ARR, false, NULL, "who is to be told, a list of texts", 0, 0},
    {"owner", HN_IN_BODY, HN_PT_STR, false, NULL, "account id, or me", 0, 128},
    {"org", HN_IN_BODY, HN_PT_STR, false, NULL, "default: the asset's, else the product's", 0, 128},
    {"since", HN_IN_BODY, HN_PT_TIME, false, NULL, "default: now", 0, 64},
    {"note", HN_IN_BODY, HN_PT_STR, false, NULL, "note", 0, 16384},
    OPS_END};
static const struct hn_op_param sbom_list_params[] = {
    OPS_ORG,
    OPS_Q,
    OPS_QUERY("product", "product, by id or name"),
    {"all", HN_IN_QUERY, HN_PT_BOOL, false, NULL, "also those that a newer one replaced", 0, 0},
    {"sort", HN_IN_QUERY, HN_PT_STR, false, "put_at -put_at made_at -made_at components -components product -product",
     "default: -put_at", 0, 0},
    OPS_PAGE,
    OPS_CSV,
    OPS_END};

const struct hn_op hn_ops_software[] = {
    {"software.get", "GET", "software", HN_NEED_VIEWER, 0, now_params, "software_now",
     "Figures of the portfolio: products, components, what is known of them, what is not", now},
    {"products.list", "GET", "software/products", HN_NEED_VIEWER, HN_OP_BIG, product_list_params, "products",
     "Products with what is in them and what is wrong with it", products},
    {"products.create", "POST", "software/products", HN_NEED_OPERATOR, HN_OP_CHANGES, product_create_params, "product",
     "A new product", product_put},
    {"products.get", "GET", "software/products/{id}", HN_NEED_VIEWER, 0, id_as_of_params, "product",
     "One product with its versions and history", product},
    {"products.change", "PATCH", "software/products/{id}", HN_NEED_OPERATOR, HN_OP_CHANGES, product_change_params,
     "product", "Changes a product", product_put},
    {"products.end", "DELETE", "software/products/{id}", HN_NEED_OPERATOR, HN_OP_CHANGES, id_params, "done",
     "Takes a product out of the portfolio; its past stays", product_end},
    {"suppliers.list", "GET", "software/suppliers", HN_NEED_VIEWER, HN_OP_BIG, supplier_params, "suppliers",
     "Suppliers with what their products hold", suppliers},
    {"deployments.list", "GET", "software/deployments", HN_NEED_VIEWER, HN_OP_BIG, deployment_list_params,
     "deployments", "Which version runs where, for which service, and who is to be told", deployments},
    {"deployments.create", "POST", "software/deployments", HN_NEED_OPERATOR, HN_OP_CHANGES, deployment_params,
     "created", "A version runs somewhere", deployment_put},
    {"deployments.end", "DELETE", "software/deployments/{id}", HN_NEED_OPERATOR, HN_OP_CHANGES, id_params, "done",
     "It does not run there any more", deployment_end},
    {"sboms.list", "GET", "software/sboms", HN_NEED_VIEWER, HN_OP_BIG, sbom_list_params, "sboms",
     "Bills of materials and their quality", sboms},
    {"sboms.get", "GET", "software/sboms/{id}", HN_NEED_VIEWER, 0, id_params, "sbom",
     "One bill of materials, and what is wrong with it", sbom},
    {"sboms.document", "GET", "software/sboms/{id}/document", HN_NEED_VIEWER, HN_OP_BIG, id_params, NULL,
     "The document as it came", sbom_raw},
    {0}};
