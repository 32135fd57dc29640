/* Who sees what: every operation on random trees and principals against a slow second implementation. No leak, no
 * omission. */
#include "base/str.h"
#include "test_store.h"

#define ORGS       24
#define ASSETS     30
#define PRINCIPALS 16

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

static void build(void)
{
    make_home();
    s = open_store();
    CHECK(s != NULL);
    CHECK_OK(hn_store_batch_begin(s));
    build_tree();
    build_assets();
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
