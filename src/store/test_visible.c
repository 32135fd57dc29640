/* Who sees what: every operation on random trees and principals against a slow second implementation. No leak, no
 * omission. */
#include "base/str.h"
#include "store/software.h"
#include "test_store.h"

#define ORGS       24
#define ASSETS     30
#define PRINCIPALS 16
#define PRODUCTS   24
#define S_BYTES(t) hn_str_bytes(S(t))

static struct hn_store *s;
static unsigned seed = 11;

/* The second implementation: a table of parents, and a walk upward for every question. */
static struct hn_str org[ORGS];
static int parent[ORGS];
static struct {
    struct hn_str id, finding[2], action, fix, baseline, run, obs;
    int org;
} asset[ASSETS];
static struct {
    struct hn_principal p;
    struct hn_grant grant[3];
    int at[3];
} who[PRINCIPALS];

static enum hn_role model_role(int w, int o)
{
    enum hn_role best = HN_ROLE_NONE;

    for (; o >= 0; o = parent[o])
        for (size_t i = 0; i < who[w].p.n_grants; i++)
            if (who[w].at[i] == o && who[w].grant[i].role > best)
                best = who[w].grant[i].role;
    return best;
}

static unsigned rnd(unsigned n)
{
    return (unsigned)rand_r(&seed) % n;
}

static void build_tree(void)
{
    org[0] = S("root");
    parent[0] = -1;
    for (int i = 1; i < ORGS; i++) {
        parent[i] = (int)rnd((unsigned)i);
        struct hn_str name = hn_arena_fmt(&mem, "org %d", i);
        CHECK_OK(hn_store_org_put(s, SYS, org[parent[i]], name, name, S("office"), &mem, &org[i]));
    }
    for (int w = 0; w < PRINCIPALS; w++) {
        who[w].p = (struct hn_principal){
            .name = hn_arena_fmt(&mem, "p%d", w), .n_grants = (size_t)(w % 4), .grants = who[w].grant};
        for (size_t i = 0; i < who[w].p.n_grants; i++) {
            who[w].at[i] = (int)rnd(ORGS);
            who[w].grant[i] = (struct hn_grant){org[who[w].at[i]], (enum hn_role)(1 + rnd(4))};
        }
    }
}

static void build_assets(void)
{
    for (int i = 0; i < ASSETS; i++) {
        char name[16], id[16];
        struct hn_store_obs o;
        snprintf(name, sizeof name, "a%d", i);
        snprintf(id, sizeof id, "run-%d", i);
        asset[i].org = (int)rnd(ORGS);
        asset[i].id = asset_of(s, name, org[asset[i].org]);
        asset[i].run = copy(id);
        CHECK_OK(put_run(s, SYS, asset[i].id, &(struct spec){.id = id, .show = "AB", .obs = "A", .at = HN_DAY}, NULL));
        asset[i].finding[0] = finding_id(asset[i].id, 'A');
        asset[i].finding[1] = finding_id(asset[i].id, 'B');
        CHECK_OK(hn_store_action_put(s, SYS, asset[i].finding[0], S(""), 0, S(""), &mem, &asset[i].action));
        CHECK_OK(hn_store_fix_request(s, SYS, asset[i].finding[0], &mem, &asset[i].fix));
        CHECK_OK(hn_store_baseline_put(s, SYS, asset[i].finding[1], S(""), S(""), S("why"), S(""), hn_now() + HN_DAY,
                                       &mem, &asset[i].baseline));
        CHECK_OK(hn_store_obs_find(s, SYS, asset[i].id, S("m.thing"), S("thing A"), &mem, &o));
        asset[i].obs = o.id;
    }
}

/* Software: each product with one document, a deployment on some asset, a statement; what its component holds matches.
 */
static struct {
    struct hn_str id, sbom, deployment, vex, component;
    int org, deployment_org;
} product[PRODUCTS];

static void build_product(int i)
{
    struct hn_store_component_in c = {.ecosystem = S("npm"), .version = S("1")};
    struct hn_store_edge e = {HN_STORE_SUBJECT, 0};
    struct hn_store_product_in in = {.name = hn_arena_fmt(&mem, "product %d", i)};
    struct hn_store_sbom_in b = {.version = S("1"), .n_components = 1, .components = &c, .n_edges = 1, .edges = &e};
    struct hn_store_sbom_result r = {.id = S("")};
    struct hn_store_deployment_in d = {.version = S("1"), .service = S("service")};
    struct hn_store_vex_in v = {.vuln = S("CVE-1"), .status = HN_VEX_UNDER_INVESTIGATION};

    product[i].org = (int)rnd(ORGS);
    product[i].deployment_org = (int)rnd(ORGS);
    in.org = org[product[i].org];
    CHECK_OK(hn_store_product_put(s, SYS, &in, &mem, &product[i].id));
    c.name = hn_arena_fmt(&mem, "part-%d", i);
    b.product = d.product = v.product = product[i].id;
    b.raw = S_BYTES("{}");
    b.sha256[0] = (uint8_t)i;
    CHECK_OK(hn_store_sbom_put(s, SYS, &b, &mem, &r));
    product[i].sbom = r.id;
    d.org = org[product[i].deployment_org];
    CHECK_OK(hn_store_deployment_put(s, SYS, &d, &mem, &product[i].deployment));
    CHECK_OK(hn_store_vex_put(s, SYS, &v, &mem, &product[i].vex));
}

static void build_software(void)
{
    struct hn_store_advisory adv = {.id = S("CVE-1"), .severity = 3, .epss = -1, .kev = -1, .automatable = -1};
    struct hn_store_match_in m[PRODUCTS] = {0};
    struct hn_store_match_run_in in = {.feed_at = hn_now(), .n_advisories = 1, .advisories = &adv, .matches = m};
    struct hn_store_match_result r;
    struct hn_store_component_row *rows;

    for (int i = 0; i < PRODUCTS; i++)
        build_product(i);
    CHECK_OK(hn_store_component_rows(s, SYS, 0, 1000, &mem, &rows, &in.n_matches));
    CHECK_UINT(in.n_matches, PRODUCTS);
    for (int i = 0; i < PRODUCTS; i++) {
        m[i].component = rows[i].n;
        product[i].component = hn_arena_fmt(&mem, "%llu", (unsigned long long)rows[i].n);
    }
    CHECK_OK(hn_store_matches_put(s, SYS, &in, &r));
}

static void build(void)
{
    make_home();
    s = open_store();
    CHECK(s != NULL);
    CHECK_OK(hn_store_batch_begin(s));
    build_tree();
    build_assets();
    build_software();
    CHECK_OK(hn_store_batch_end(s, true));
}

/* ---------------------------------------------------------------- one object */

#define NEEDS(name, role)                                                                                              \
    {                                                                                                                  \
        name, HN_ROLE_##role                                                                                           \
    }
static const struct {
    const char *name;
    enum hn_role role;
} ops[] = {
    NEEDS("asset_get", VIEWER),        NEEDS("finding_get", VIEWER),    NEEDS("finding_history", VIEWER),
    NEEDS("finding_comments", VIEWER), NEEDS("action_get", VIEWER),     NEEDS("action_history", VIEWER),
    NEEDS("action_comments", VIEWER),  NEEDS("fix_get", VIEWER),        NEEDS("observations", VIEWER),
    NEEDS("obs_get", VIEWER),          NEEDS("obs_find", VIEWER),       NEEDS("obs_history", VIEWER),
    NEEDS("obs_kinds", VIEWER),        NEEDS("runs", VIEWER),           NEEDS("run_get", VIEWER),
    NEEDS("coverage", VIEWER),         NEEDS("trend", VIEWER),          NEEDS("lower", VIEWER),
    NEEDS("findings_of", VIEWER),      NEEDS("asset_change", OPERATOR), NEEDS("comment_finding", OPERATOR),
    NEEDS("comment_action", OPERATOR), NEEDS("action_put", OPERATOR),   NEEDS("action_move", OPERATOR),
    NEEDS("fix_request", OPERATOR),    NEEDS("run_put", OPERATOR),      NEEDS("action_except", APPROVER),
    NEEDS("fix_approve", APPROVER),    NEEDS("fix_set", APPROVER),      NEEDS("baseline_put", APPROVER),
    NEEDS("baseline_end", APPROVER),
};

static struct hn_err read_op(const char *op, const struct hn_principal *p, int i)
{
    union {
        struct hn_store_asset asset;
        struct hn_store_finding finding;
        struct hn_store_action action;
        struct hn_store_fix fix;
        struct hn_store_obs obs;
        struct hn_store_run_row run;
    } u;
    void *v;
    size_t n;
    struct hn_listing l;
#define IS(name) (strcmp(op, name) == 0)
    if (IS("asset_get"))
        return hn_store_asset_get(s, p, asset[i].id, &mem, &u.asset);
    if (IS("finding_get"))
        return hn_store_finding_get(s, p, asset[i].finding[0], &mem, &u.finding);
    if (IS("finding_history"))
        return hn_store_finding_history(s, p, asset[i].finding[0], &mem, (struct hn_store_history **)&v, &n);
    if (IS("finding_comments"))
        return hn_store_comments(s, p, "finding", asset[i].finding[0], &mem, (struct hn_store_comment **)&v, &n);
    if (IS("action_get"))
        return hn_store_action_get(s, p, asset[i].action, &mem, &u.action);
    if (IS("action_history"))
        return hn_store_action_history(s, p, asset[i].action, &mem, (struct hn_store_history **)&v, &n);
    if (IS("action_comments"))
        return hn_store_comments(s, p, "action", asset[i].action, &mem, (struct hn_store_comment **)&v, &n);
    if (IS("fix_get"))
        return hn_store_fix_get(s, p, asset[i].fix, &mem, &u.fix);
    if (IS("observations"))
        return hn_store_observations(s, p, &(struct hn_store_obs_query){.asset = asset[i].id}, &mem,
                                     (struct hn_store_obs **)&v, &l);
    if (IS("obs_get"))
        return hn_store_obs_get(s, p, asset[i].obs, &mem, &u.obs);
    if (IS("obs_find"))
        return hn_store_obs_find(s, p, asset[i].id, S("m.thing"), S("thing A"), &mem, &u.obs);
    if (IS("obs_history"))
        return hn_store_obs_history(s, p, asset[i].obs, 9, &mem, (struct hn_store_obs **)&v, &n);
    if (IS("obs_kinds"))
        return hn_store_obs_kinds(s, p, asset[i].id, &mem, (struct hn_store_kind_count **)&v, &n);
    if (IS("runs"))
        return hn_store_runs(s, p, asset[i].id, 9, &mem, (struct hn_store_run_row **)&v, &n);
    if (IS("run_get"))
        return hn_store_run_get(s, p, asset[i].run, &mem, &u.run);
    if (IS("coverage"))
        return hn_store_coverage(s, p, asset[i].id, S(""), S(""), &mem, (struct hn_store_cover **)&v, &n);
    if (IS("trend"))
        return hn_store_trend(s, p, S(""), asset[i].id, 9, &mem, (struct hn_store_trend **)&v, &n);
    if (IS("lower"))
        return hn_store_lower(s, p, S(""), asset[i].id, 9, &mem, (struct hn_store_lower **)&v, &n);
    return hn_store_findings(s, p, &(struct hn_store_finding_query){.asset = asset[i].id}, &mem,
                             (struct hn_store_finding **)&v, &l);
}

static struct hn_err write_op(const char *op, const struct hn_principal *p, int i)
{
    struct hn_store_comment c;
    struct hn_str id;
    char run[32];

    if (IS("asset_change"))
        return hn_store_asset_change(s, p, asset[i].id, 0.5 + rnd(4) / 2.0, S(""), S(""));
    if (IS("comment_finding"))
        return hn_store_comment_put(s, p, "finding", asset[i].finding[0], S("x"), &mem, &c);
    if (IS("comment_action"))
        return hn_store_comment_put(s, p, "action", asset[i].action, S("x"), &mem, &c);
    if (IS("action_put"))
        return hn_store_action_put(s, p, asset[i].finding[0], S(""), 0, S(""), &mem, &id);
    if (IS("action_move"))
        return hn_store_action_move(s, p, asset[i].action, &(struct hn_store_transition){.to = HN_ACTION_VERIFIED});
    if (IS("fix_request"))
        return hn_store_fix_request(s, p, asset[i].finding[0], &mem, &id);
    if (IS("action_except"))
        return hn_store_action_move(
            s, p, asset[i].action,
            &(struct hn_store_transition){.to = HN_ACTION_EXCEPTED, .until = 1, .reason = S("r")});
    if (IS("fix_approve"))
        return hn_store_fix_approve(s, p, asset[i].fix);
    if (IS("fix_set"))
        return hn_store_fix_set(s, p, asset[i].fix, HN_FIX_STATE_UNDONE, S(""));
    if (IS("baseline_put"))
        return hn_store_baseline_put(s, p, S(""), S("m.other"), asset[i].id, S("r"), S(""), hn_now() + HN_DAY, &mem,
                                     &id);
    if (IS("baseline_end"))
        return hn_store_baseline_end(s, p, asset[i].baseline);
    snprintf(run, sizeof run, "r-%u", rnd(1u << 30));
    return put_run(s, p, asset[i].id, &(struct spec){.id = run, .show = "AB", .obs = "A", .at = HN_DAY - 1}, NULL);
}

static void try_one(int w, int i, size_t k)
{
    enum hn_role has = model_role(w, asset[i].org);
    struct hn_err e =
        ops[k].role == HN_ROLE_VIEWER ? read_op(ops[k].name, &who[w].p, i) : write_op(ops[k].name, &who[w].p, i);

    NOTE("%s by %d (role %s) on asset %d", ops[k].name, w, hn_role_name(has), i);
    if (has == HN_ROLE_NONE)
        CHECK_ERR(e, NOENT);
    else if (has < ops[k].role)
        CHECK_ERR(e, PERM);
    else
        CHECK(e.code == HN_E_OK || e.code == HN_E_STATE || e.code == HN_E_EXISTS || e.code == HN_E_INVALID);
}

TEST_LONG(no_operation_on_an_object_leaks_or_omits, 60)
{
    build();
    STOP_IF_FAILED();
    CHECK_OK(hn_store_batch_begin(s));
    for (int round = 0; round < 4000; round++) {
        try_one((int)rnd(PRINCIPALS), (int)rnd(ASSETS), rnd(sizeof ops / sizeof *ops));
        STOP_IF_FAILED();
    }
    CHECK_OK(hn_store_batch_end(s, true));
    CHECK_UINT(problems(s), 0);
    hn_store_close(s);
}

static const struct {
    const char *name;
    enum hn_role role;
} software_ops[] = {
    NEEDS("product_get", VIEWER),     NEEDS("product_history", VIEWER),  NEEDS("releases", VIEWER),
    NEEDS("sbom_get", VIEWER),        NEEDS("sbom_raw", VIEWER),         NEEDS("component_get", VIEWER),
    NEEDS("component_paths", VIEWER), NEEDS("vex_get", VIEWER),          NEEDS("product_put", OPERATOR),
    NEEDS("sbom_put", OPERATOR),      NEEDS("deployment_end", OPERATOR), NEEDS("vex_put", OPERATOR),
    NEEDS("vex_answer", APPROVER),
};

static struct hn_err software_read(const char *op, const struct hn_principal *p, int i)
{
    union {
        struct hn_store_product product;
        struct hn_store_sbom sbom;
        struct hn_store_component component;
        struct hn_store_vex vex;
        struct hn_bytes raw;
    } u;
    void *v;
    size_t n;
    uint64_t total;

    if (IS("product_get"))
        return hn_store_product_get(s, p, product[i].id, 0, &mem, &u.product);
    if (IS("product_history"))
        return hn_store_product_history(s, p, product[i].id, &mem, (struct hn_store_history **)&v, &n);
    if (IS("releases"))
        return hn_store_releases(s, p, product[i].id, 0, &mem, (struct hn_store_release **)&v, &n);
    if (IS("sbom_get"))
        return hn_store_sbom_get(s, p, product[i].sbom, &mem, &u.sbom);
    if (IS("sbom_raw"))
        return hn_store_sbom_raw(s, p, product[i].sbom, &mem, &u.raw);
    if (IS("component_get"))
        return hn_store_component_get(s, p, product[i].component, 0, &mem, &u.component);
    if (IS("component_paths"))
        return hn_store_component_paths(s, p, product[i].component, 9, &mem, (struct hn_store_path **)&v, &n, &total);
    return hn_store_vex_get(s, p, product[i].vex, &mem, &u.vex);
}

static struct hn_err software_write(const char *op, const struct hn_principal *p, int i)
{
    struct hn_store_product_in in = {.id = product[i].id, .note = S("noted")};
    struct hn_store_sbom_in b = {.product = product[i].id, .version = S("1"), .raw = S_BYTES("{}")};
    struct hn_store_vex_in v = {.product = product[i].id, .vuln = S("CVE-1"), .status = HN_VEX_UNDER_INVESTIGATION};
    struct hn_store_sbom_result r;
    struct hn_str id;

    b.sha256[0] = (uint8_t)i; /* the same document again */
    if (IS("product_put"))
        return hn_store_product_put(s, p, &in, &mem, &id);
    if (IS("sbom_put"))
        return hn_store_sbom_put(s, p, &b, &mem, &r);
    if (IS("vex_answer")) {
        v.status = HN_VEX_FIXED;
        return hn_store_vex_put(s, p, &v, &mem, &id);
    }
    return hn_store_vex_put(s, p, &v, &mem, &id);
}

static void software_one(int w, int i, size_t k)
{
    bool deployment = strcmp(software_ops[k].name, "deployment_end") == 0;
    enum hn_role has = model_role(w, deployment ? product[i].deployment_org : product[i].org);
    struct hn_err e = deployment ? hn_store_deployment_end(s, &who[w].p, product[i].deployment)
                      : software_ops[k].role == HN_ROLE_VIEWER ? software_read(software_ops[k].name, &who[w].p, i)
                                                               : software_write(software_ops[k].name, &who[w].p, i);

    NOTE("%s by %d (role %s) on product %d", software_ops[k].name, w, hn_role_name(has), i);
    if (has == HN_ROLE_NONE)
        CHECK_ERR(e, NOENT);
    else if (has < software_ops[k].role)
        CHECK_ERR(e, PERM);
    else
        CHECK(e.code == HN_E_OK || e.code == HN_E_STATE);
}

TEST_LONG(no_operation_on_software_leaks_or_omits, 60)
{
    build();
    STOP_IF_FAILED();
    for (int round = 0; round < 1500; round++) {
        software_one((int)rnd(PRINCIPALS), (int)rnd(PRODUCTS), rnd(sizeof software_ops / sizeof *software_ops));
        STOP_IF_FAILED();
    }
    CHECK_UINT(problems(s), 0);
    hn_store_close(s);
}

/* ---------------------------------------------------------------- lists */

static bool inside(int o, int top)
{
    for (; o >= 0; o = parent[o])
        if (o == top)
            return true;
    return false;
}

static size_t model_assets(int w, int top)
{
    size_t n = 0;

    for (int i = 0; i < ASSETS; i++)
        n += model_role(w, asset[i].org) >= HN_ROLE_VIEWER && (top < 0 || inside(asset[i].org, top));
    return n;
}

static void lists_of_assets(int w, int top)
{
    struct hn_str at = top < 0 ? S("") : org[top];
    struct hn_store_finding *f;
    struct hn_store_asset *x;
    struct hn_store_action *a;
    struct hn_listing l;
    size_t want = model_assets(w, top);

    CHECK_OK(hn_store_findings(s, &who[w].p, &(struct hn_store_finding_query){.org = at, .status = HN_F_ANY_STATUS},
                               &mem, &f, &l));
    CHECK_UINT(l.total, 2 * want);
    for (size_t i = 0; i < l.n; i++)
        CHECK(hn_store_visible(s, &who[w].p, f[i].org, HN_ROLE_VIEWER));
    CHECK_OK(hn_store_assets(s, &who[w].p, &(struct hn_store_asset_query){.org = at}, &mem, &x, &l));
    CHECK_UINT(l.total, want);
    for (size_t i = 0; i < l.n; i++)
        CHECK(hn_store_visible(s, &who[w].p, x[i].org, HN_ROLE_VIEWER));
    CHECK_OK(hn_store_actions(s, &who[w].p, &(struct hn_store_action_query){.org = at, .state = -1}, &mem, &a, &l));
    CHECK_UINT(l.total, want);
}

static void lists_of_rest(int w, int top)
{
    struct hn_str at = top < 0 ? S("") : org[top];
    struct hn_store_baseline *b;
    struct hn_store_source *src;
    struct hn_store_cover *c;
    struct hn_store_fix *x;
    size_t n, want = model_assets(w, top);

    CHECK_OK(hn_store_baselines(s, &who[w].p, at, true, &mem, &b, &n));
    CHECK_UINT(n, want);
    CHECK_OK(hn_store_coverage(s, &who[w].p, S(""), S("m"), at, &mem, &c, &n));
    CHECK_UINT(n, want);
    CHECK_OK(hn_store_sources(s, &who[w].p, at, &mem, &src, &n));
    CHECK_UINT(n ? src[0].assets : 0, want);
    CHECK_OK(hn_store_fixes(s, &who[w].p, S(""), S(""), false, &mem, &x, &n));
    CHECK_UINT(n, model_assets(w, -1));
}

static size_t model_products(int w, int top, bool deployments)
{
    size_t n = 0;

    for (int i = 0; i < PRODUCTS; i++) {
        int o = deployments ? product[i].deployment_org : product[i].org;
        n += model_role(w, o) >= HN_ROLE_VIEWER && (top < 0 || inside(o, top));
    }
    return n;
}

static void lists_of_software(int w, int top)
{
    struct hn_str at = top < 0 ? S("") : org[top];
    const struct hn_principal *p = &who[w].p;
    size_t want = model_products(w, top, false), deployed = 0;
    struct hn_store_reach r;
    struct hn_store_software_now now;
    struct hn_listing l;
    void *v;

    CHECK_OK(
        hn_store_products(s, p, &(struct hn_store_product_query){.org = at}, &mem, (struct hn_store_product **)&v, &l));
    CHECK_UINT(l.total, want);
    CHECK_OK(hn_store_sboms(s, p, &(struct hn_store_sbom_query){.org = at}, &mem, (struct hn_store_sbom **)&v, &l));
    CHECK_UINT(l.total, want);
    CHECK_OK(hn_store_components(s, p, &(struct hn_store_component_query){.org = at}, &mem,
                                 (struct hn_store_component **)&v, &l));
    CHECK_UINT(l.total, want);
    CHECK_OK(hn_store_vexes(s, p, &(struct hn_store_vex_query){.org = at}, &mem, (struct hn_store_vex **)&v, &l));
    CHECK_UINT(l.total, want);
    CHECK_OK(hn_store_deployments(s, p, &(struct hn_store_deployment_query){.org = at}, &mem,
                                  (struct hn_store_deployment **)&v, &l));
    CHECK_UINT(l.total, model_products(w, top, true));
    CHECK_OK(hn_store_software_now(s, p, at, 0, &mem, &now));
    CHECK_UINT(now.components, want);
    CHECK_UINT(now.vulnerabilities, want > 0);
    CHECK_OK(hn_store_reach(s, p, &(struct hn_store_reach_query){.vuln = S("CVE-1"), .org = at}, &mem, &r));
    CHECK_UINT(r.n_releases, want);
    CHECK_UINT(r.n_components, want);
    for (int i = 0; i < PRODUCTS; i++)
        deployed += model_role(w, product[i].org) && model_role(w, product[i].deployment_org) &&
                    (top < 0 || (inside(product[i].org, top) && inside(product[i].deployment_org, top)));
    CHECK_UINT(r.n_deployments, deployed);
}

static void trees(int w)
{
    struct hn_store_org *v;
    size_t n, want = 0;

    for (int o = 0; o < ORGS; o++)
        want += model_role(w, o) >= HN_ROLE_VIEWER;
    CHECK_OK(hn_store_orgs(s, &who[w].p, S(""), 0, &mem, &v, &n));
    CHECK_UINT(n, want);
    for (size_t i = 0; i < n; i++) {
        int o = 0;
        while (o < ORGS - 1 && !hn_str_eq(org[o], v[i].id))
            o++;
        CHECK_STR(org[o], v[i].id);
        CHECK(model_role(w, o) >= HN_ROLE_VIEWER);
        CHECK_UINT(v[i].assets, model_assets(w, o));
        bool up = parent[o] >= 0 && model_role(w, parent[o]) >= HN_ROLE_VIEWER;
        CHECK_STR(v[i].parent, up ? org[parent[o]] : S(""));
    }
}

static void logs(int w)
{
    struct hn_store_event *e;
    struct hn_store_audit *a;
    struct hn_listing l;
    size_t n;
    int64_t last;
    bool gap;

    CHECK_OK(hn_store_events(s, &who[w].p, 0, 0, &mem, &e, &n, &last, &gap));
    for (size_t i = 0; i < n; i++)
        CHECK(hn_store_visible(s, &who[w].p, e[i].org, HN_ROLE_VIEWER));
    size_t asked = n, seen = 0;
    CHECK_OK(hn_store_events(s, SYS, 0, 0, &mem, &e, &n, &last, &gap));
    for (size_t i = 0; i < n; i++)
        seen += hn_store_visible(s, &who[w].p, e[i].org, HN_ROLE_VIEWER);
    CHECK_UINT(asked, seen);
    CHECK_OK(hn_store_audit(s, &who[w].p, S(""), S(""), &(struct hn_page){.limit = 10000}, &mem, &a, &l));
    CHECK_UINT(l.n, l.total);
    for (size_t i = 0; i < l.n; i++)
        CHECK(hn_store_visible(s, &who[w].p, a[i].org, HN_ROLE_APPROVER));
}

static void all_lists(void)
{
    for (int w = 0; w < PRINCIPALS; w++) {
        for (int top = -1; top < ORGS; top++) {
            NOTE("principal %d, organisation %d", w, top);
            if (top >= 0) {
                CHECK_INT(hn_store_role_at(s, &who[w].p, org[top]), model_role(w, top));
                struct hn_store_org o;
                if (model_role(w, top) == HN_ROLE_NONE) {
                    CHECK_ERR(hn_store_org_get(s, &who[w].p, org[top], &mem, &o), NOENT);
                    continue;
                }
                CHECK_OK(hn_store_org_get(s, &who[w].p, org[top], &mem, &o));
                CHECK_UINT(o.assets, model_assets(w, top));
            }
            lists_of_assets(w, top);
            lists_of_rest(w, top);
            lists_of_software(w, top);
            STOP_IF_FAILED();
        }
        trees(w);
        logs(w);
        STOP_IF_FAILED();
    }
}

TEST_LONG(lists_show_exactly_the_visible, 60)
{
    build();
    STOP_IF_FAILED();
    all_lists();
    STOP_IF_FAILED();
    /* Moving organisations and assets changes who sees them. */
    CHECK_OK(hn_store_batch_begin(s));
    for (int round = 0; round < 30; round++) {
        int o = 1 + (int)rnd(ORGS - 1), to = (int)rnd(ORGS), i = (int)rnd(ASSETS);
        struct hn_err e = hn_store_org_change(s, SYS, org[o], org[to], S(""), S(""), S(""));
        CHECK_INT(e.code, inside(to, o) ? HN_E_INVALID : HN_E_OK);
        if (hn_ok(e))
            parent[o] = to;
        asset[i].org = (int)rnd(ORGS);
        CHECK_OK(hn_store_asset_change(s, SYS, asset[i].id, -1, org[asset[i].org], S("")));
    }
    CHECK_OK(hn_store_batch_end(s, true));
    all_lists();
    CHECK_UINT(problems(s), 0);
    hn_store_close(s);
}

/* ---------------------------------------------------------------- organisations and moving between them */

TEST_LONG(changing_the_tree_needs_admins, 60)
{
    build();
    STOP_IF_FAILED();
    for (int w = 0; w < PRINCIPALS; w++)
        for (int o = 0; o < ORGS; o++) {
            struct hn_str id;
            enum hn_role has = model_role(w, o);
            NOTE("principal %d, organisation %d", w, o);
            struct hn_err e = hn_store_org_change(s, &who[w].p, org[o], S(""), S("new name"), S(""), S(""));
            CHECK_INT(e.code, has == HN_ROLE_NONE ? HN_E_NOENT : has < HN_ROLE_ADMIN ? HN_E_PERM : HN_E_OK);
            if (has == HN_ROLE_ADMIN)
                continue; /* would grow the tree */
            e = hn_store_org_put(s, &who[w].p, org[o], S("x"), S("x"), S(""), &mem, &id);
            CHECK_INT(e.code, has == HN_ROLE_NONE ? HN_E_NOENT : HN_E_PERM);
        }
    hn_store_close(s);
}

/* A document cannot write into an asset that its sender may not write, however well it is identified. */
TEST(identity_does_not_cross_organisations)
{
    struct hn_str a, b;
    struct hn_store_match m;

    make_home();
    s = open_store();
    CHECK(s != NULL);
    CHECK_OK(hn_store_org_put(s, SYS, S("root"), S("a"), S(""), S(""), &mem, &a));
    CHECK_OK(hn_store_org_put(s, SYS, S("root"), S("b"), S(""), S(""), &mem, &b));
    struct hn_str x = asset_of(s, "web", a);
    struct hn_grant g = {b, HN_ROLE_OPERATOR};
    struct hn_principal p = {.name = S("b"), .n_grants = 1, .grants = &g};
    struct hn_store_key key = {S("machine-id"), S("web")};
    struct hn_store_identity who_is = {.name = S("web"), .n_keys = 1, .keys = &key};
    CHECK_ERR(hn_store_asset_resolve(s, &p, &who_is, a, true, &mem, &m), NOENT);
    CHECK_OK(hn_store_asset_resolve(s, &p, &who_is, b, true, &mem, &m));
    CHECK(m.created);
    CHECK(!hn_str_eq(m.asset, x));
    CHECK_C(m.clash, "machine-id-shared");
    CHECK_UINT(m.clash_with.n, 0);
    hn_store_close(s);
}

TEST(assets_are_found_again)
{
    struct hn_store_match m, n;

    make_home();
    s = open_store();
    CHECK(s != NULL);
    struct hn_store_key k1[] = {{S("machine-id"), S("1")}, {S("hw.uuid"), S("u1")}, {S("hw.mac"), S("m1")}};
    struct hn_store_identity w = {.name = S("web"), .n_keys = 3, .keys = k1};
    CHECK_OK(hn_store_asset_resolve(s, SYS, &w, S("root"), true, &mem, &m));
    CHECK(m.created && !m.clash);
    CHECK_OK(hn_store_asset_resolve(s, SYS, &w, S("root"), true, &mem, &n));
    CHECK(!n.created && !n.clash);
    CHECK_STR(n.asset, m.asset);
    /* a new network card */
    struct hn_store_key k2[] = {{S("machine-id"), S("1")}, {S("hw.uuid"), S("u1")}, {S("hw.mac"), S("m2")}};
    w.keys = k2;
    CHECK_OK(hn_store_asset_resolve(s, SYS, &w, S("root"), true, &mem, &n));
    CHECK_STR(n.asset, m.asset);
    /* installed anew */
    struct hn_store_key k3[] = {{S("machine-id"), S("2")}, {S("hw.uuid"), S("u1")}, {S("hw.mac"), S("m1")}};
    w.keys = k3;
    CHECK_OK(hn_store_asset_resolve(s, SYS, &w, S("root"), true, &mem, &n));
    CHECK_STR(n.asset, m.asset);
    CHECK_C(n.clash, "machine-id-changed");
    /* a clone: same machine-id, other hardware */
    struct hn_store_key k4[] = {{S("machine-id"), S("1")}, {S("hw.uuid"), S("u9")}, {S("hw.mac"), S("m9")}};
    w.keys = k4;
    CHECK_OK(hn_store_asset_resolve(s, SYS, &w, S("root"), true, &mem, &n));
    CHECK(n.created);
    CHECK_C(n.clash, "machine-id-shared");
    CHECK_STR(n.clash_with, m.asset);
    CHECK_ERR(
        hn_store_asset_resolve(s, SYS, &(struct hn_store_identity){.name = S("other")}, S("root"), false, &mem, &n),
        NOENT);
    hn_store_close(s);
}
