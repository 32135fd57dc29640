/* Software: what is taken in comes back, what replaced what, dates, statements, reach; kept after closing. */
#include "base/hash.h"
#include "base/str.h"
#include "store/software.h"
#include "test_store.h"

static struct hn_store *s;

static void ok(struct hn_err e)
{
    CHECK_OK(e);
}

static struct hn_store_component_in comp(const char *name, const char *version)
{
    struct hn_store_component_in c = {.ecosystem = S("npm"), .name = copy(name), .version = copy(version)};

    c.purl = hn_arena_fmt(&mem, "pkg:npm/%s@%s", name, version);
    c.licence = S("MIT");
    return c;
}

static struct hn_str product(const char *name, struct hn_str org)
{
    struct hn_store_product_in in = {.name = copy(name), .org = org, .supplier = S("Maker")};
    struct hn_str id = S("");

    ok(hn_store_product_put(s, SYS, &in, &mem, &id));
    return id;
}

/* Names "a b c": each version 1; "b" is pulled in by "a", "c" by "b"; the last stands alone. */
static struct hn_str put_sbom(struct hn_str of, const char *version, const char *names, unsigned mark)
{
    struct hn_store_component_in c[16];
    struct hn_store_edge e[16];
    struct hn_store_sbom_in in = {
        .product = of, .version = copy(version), .family = S("SPDX"), .components = c, .edges = e};
    struct hn_store_sbom_result r;
    struct hn_str rest = copy(names), name;

    while (hn_str_word(&rest, &name)) {
        e[in.n_edges++] = (struct hn_store_edge){in.n_components ? (uint32_t)in.n_components - 1 : HN_STORE_SUBJECT,
                                                 (uint32_t)in.n_components};
        c[in.n_components++] = comp(hn_arena_cstr(&mem, name), "1");
    }
    in.raw = hn_str_bytes(hn_arena_fmt(&mem, "document %u", mark));
    hn_sha256(in.raw, in.sha256);
    ok(hn_store_sbom_put(s, SYS, &in, &mem, &r));
    return r.id;
}

static uint64_t number_of(const char *name)
{
    struct hn_store_component_row *rows;
    size_t n;

    ok(hn_store_component_rows(s, SYS, 0, 1000, &mem, &rows, &n));
    for (size_t i = 0; i < n; i++)
        if (hn_str_eqc(rows[i].name, name))
            return rows[i].n;
    return 0;
}

/* Advisories "GHSA-x" for the component of each name, alias CVE-x. */
static void match(const char *names, hn_time feed_at)
{
    struct hn_store_advisory adv[16];
    struct hn_store_match_in m[16];
    struct hn_store_unknown_in unknown = {.why = S("no-data")};
    struct hn_store_match_run_in in = {
        .feed_at = feed_at, .feeds = S("[]"), .advisories = adv, .matches = m, .unknown = &unknown};
    struct hn_store_match_result r;
    struct hn_str rest = copy(names), name;

    while (hn_str_word(&rest, &name)) {
        adv[in.n_advisories] = (struct hn_store_advisory){.id = hn_arena_fmt(&mem, "GHSA-%.*s", HN_FMT(name)),
                                                          .aliases = hn_arena_fmt(&mem, "[\"CVE-%.*s\"]", HN_FMT(name)),
                                                          .severity = 3,
                                                          .cvss = 7.5,
                                                          .epss = 0.5,
                                                          .kev = hn_str_eqc(name, "b"),
                                                          .automatable = -1};
        m[in.n_matches++] = (struct hn_store_match_in){.component = number_of(hn_arena_cstr(&mem, name)),
                                                       .advisory = (uint32_t)in.n_advisories,
                                                       .confidence = 90,
                                                       .fixed = S("2")};
        in.n_advisories++;
    }
    unknown.component = number_of("z");
    in.n_unknown = unknown.component > 0;
    CHECK_OK(hn_store_matches_put(s, SYS, &in, &r));
}

static struct hn_store_reach reach_at(const char *vuln, hn_time at)
{
    struct hn_store_reach r = {0};
    struct hn_err e = hn_store_reach(s, SYS, &(struct hn_store_reach_query){.vuln = copy(vuln), .as_of = at}, &mem, &r);

    if (e.code != HN_E_NOENT)
        ok(e);
    return r;
}

/* The statement about the first release; -1: none is reached. */
static int answer_of(const char *vuln)
{
    struct hn_store_reach r = reach_at(vuln, 0);
    return r.n_releases ? (int)r.releases[0].vex : -1;
}

static void begin(void)
{
    make_home();
    s = open_store();
    CHECK(s != NULL);
}

/* ---------------------------------------------------------------- cases */

TEST(a_newer_document_replaces_the_one_before)
{
    begin();
    STOP_IF_FAILED();
    struct hn_str p = product("Shop", S("root")), first = put_sbom(p, "1.0", "a b c", 1);
    struct hn_store_sbom b;
    struct hn_store_sbom *v;
    struct hn_listing l;
    struct hn_bytes raw;
    struct hn_store_component *c;

    CHECK_OK(hn_store_sbom_get(s, SYS, first, &mem, &b));
    CHECK_INT(b.components, 3);
    CHECK_OK(hn_store_sbom_raw(s, SYS, first, &mem, &raw));
    CHECK(hn_bytes_eqc(raw, "document 1"));
    CHECK(hn_str_eq(put_sbom(p, "1.0", "a b c", 1), first)); /* the very same: nothing changes */
    struct hn_str second = put_sbom(p, "1.0", "a b", 2);
    CHECK(!hn_str_eq(second, first));
    CHECK_OK(hn_store_sbom_get(s, SYS, first, &mem, &b));
    CHECK(b.until > b.since);
    CHECK_OK(hn_store_sboms(s, SYS, &(struct hn_store_sbom_query){.product = p}, &mem, &v, &l));
    CHECK_INT(l.total, 1);
    CHECK_OK(hn_store_sboms(s, SYS, &(struct hn_store_sbom_query){.product = p, .all = true}, &mem, &v, &l));
    CHECK_INT(l.total, 2);
    CHECK_OK(hn_store_components(s, SYS, &(struct hn_store_component_query){.product = p}, &mem, &c, &l));
    CHECK_INT(l.total, 2);
    CHECK_OK(hn_store_components(s, SYS, &(struct hn_store_component_query){.sbom = first}, &mem, &c, &l));
    CHECK_INT(l.total, 3); /* a former document can still be read */
}

TEST(a_path_shows_what_pulls_in)
{
    begin();
    STOP_IF_FAILED();
    struct hn_store_path *v;
    struct hn_str p = product("Paths", S("root"));
    char id[24];
    size_t n;
    uint64_t total;

    put_sbom(p, "1", "pa pb pc", 3);
    snprintf(id, sizeof id, "%llu", (unsigned long long)number_of("pc"));
    CHECK_OK(hn_store_component_paths(s, SYS, hn_str_c(id), 9, &mem, &v, &n, &total));
    CHECK_INT(n, 1);
    CHECK_INT(v[0].n, 3);
    CHECK(v[0].stated && hn_str_eqc(v[0].steps[0].name, "pa") && hn_str_eqc(v[0].steps[2].name, "pc"));
}

/* A document whose dependencies go in a circle, and one that names a component twice. */
TEST(circles_and_doubles_do_no_harm)
{
    begin();
    STOP_IF_FAILED();
    struct hn_store_component_in c[3] = {comp("ca", "1"), comp("cb", "1"), comp("ca", "1")};
    struct hn_store_edge e[2] = {{0, 1}, {1, 0}}, bad = {0, 7};
    struct hn_store_sbom_in in = {.product = product("Circle", S("root")),
                                  .version = S("1"),
                                  .n_components = 3,
                                  .components = c,
                                  .n_edges = 2,
                                  .edges = e};
    struct hn_store_sbom_result r;
    struct hn_store_path *v;
    char id[24];
    size_t n;
    uint64_t total;

    CHECK_OK(hn_store_sbom_put(s, SYS, &in, &mem, &r));
    snprintf(id, sizeof id, "%llu", (unsigned long long)number_of("cb"));
    CHECK_OK(hn_store_component_paths(s, SYS, hn_str_c(id), 9, &mem, &v, &n, &total));
    CHECK(n == 1 && v[0].n == 1 && hn_str_eqc(v[0].steps[0].name, "cb"));
    in.edges = &bad;
    in.n_edges = 1;
    in.sha256[0] = 1;
    CHECK_ERR(hn_store_sbom_put(s, SYS, &in, &mem, &r), INVALID);
    struct hn_store_reach reach;
    CHECK_OK(hn_store_reach(s, SYS, &(struct hn_store_reach_query){.purl = S("pkg:npm/ca")}, &mem, &reach));
    CHECK(reach.n_releases == 1 && reach.releases[0].n_components == 1);
}

TEST(a_date_shows_what_was_known_then)
{
    begin();
    STOP_IF_FAILED();
    struct hn_str p = product("Dates", S("root"));
    struct hn_store_software_diff *d;
    hn_time day = hn_now() - 10 * HN_DAY, later;
    size_t n;

    put_sbom(p, "1", "da db", 4);
    match("da", hn_now() + 1);
    later = hn_now() + HN_SECOND;
    CHECK_INT(reach_at("CVE-da", later).n_releases, 1);
    CHECK_INT(reach_at("GHSA-da", later).n_releases, 1); /* by any of its names */
    CHECK_INT(reach_at("CVE-da", day).n_releases, 0);
    match("db", hn_now() + 2 * HN_SECOND);
    CHECK_INT(reach_at("CVE-da", later).n_releases, 1);
    CHECK_INT(reach_at("CVE-da", hn_now() + 3 * HN_SECOND).n_releases, 0);
    CHECK_OK(hn_store_software_diff(s, SYS, S(""), p, later, hn_now() + 3 * HN_SECOND, &mem, &d, &n));
    CHECK_INT(n, 2);
    CHECK(!d[0].appeared && hn_str_eqc(d[0].vuln, "CVE-da") && d[1].appeared);
}

TEST(statements_answer_by_trust_and_time)
{
    begin();
    STOP_IF_FAILED();
    struct hn_str p = product("Said", S("root")), id;
    struct hn_store_vex_in in = {
        .product = p, .vuln = S("GHSA-va"), .purl = S("pkg:npm/va"), .status = HN_VEX_NOT_AFFECTED, .trust = 50};
    struct hn_store_product x;

    put_sbom(p, "1", "va vb", 5);
    match("va vb", hn_now());
    CHECK_OK(hn_store_product_get(s, SYS, p, 0, &mem, &x));
    CHECK_INT(x.vulnerabilities, 2);
    CHECK(x.p_any > 0.74 && x.p_any < 0.76);                      /* 1 − 0.5 · 0.5 */
    CHECK_ERR(hn_store_vex_put(s, SYS, &in, &mem, &id), INVALID); /* why? */
    in.justification = S("component_not_present");
    CHECK_OK(hn_store_vex_put(s, SYS, &in, &mem, &id));
    CHECK_OK(hn_store_product_get(s, SYS, p, 0, &mem, &x));
    CHECK_INT(x.vulnerabilities, 1);
    CHECK_INT(x.answered, 1);
    CHECK_INT(answer_of("CVE-va"), HN_VEX_NOT_AFFECTED);
    struct hn_store_vex_in own = {
        .product = p, .vuln = S("CVE-va"), .status = HN_VEX_AFFECTED, .statement = S("upgrade"), .trust = 100, .at = 1};
    struct hn_str ours;
    CHECK_OK(hn_store_vex_put(s, SYS, &own, &mem, &ours)); /* more trust counts, though it is older */
    CHECK_INT(answer_of("CVE-va"), HN_VEX_AFFECTED);
    CHECK_OK(hn_store_vex_end(s, SYS, ours));
    CHECK_INT(answer_of("CVE-va"), HN_VEX_NOT_AFFECTED);
    CHECK_OK(hn_store_vex_end(s, SYS, id));
    CHECK_INT(answer_of("CVE-va"), HN_VEX_NONE);
}

TEST(reach_goes_to_hosts_and_services)
{
    begin();
    STOP_IF_FAILED();
    struct hn_str p = product("Wide", S("root")), host = asset_of(s, "wide-host", S("root")), id;
    struct hn_store_component_in c = comp("wa", "1");
    struct hn_store_deployment_in d = {
        .product = p, .version = S("1"), .asset = host, .service = S("mail"), .customers = S("[\"City\"]")};

    put_sbom(p, "1", "wa wb", 6);
    CHECK_OK(hn_store_deployment_put(s, SYS, &d, &mem, &id));
    CHECK_OK(hn_store_asset_components(s, SYS, host, 0, &c, 1));
    CHECK_OK(hn_store_asset_components(s, SYS, host, 0, &c, 1)); /* the same: nothing new */
    match("wa", hn_now());
    struct hn_store_reach r = reach_at("CVE-wa", 0);
    CHECK(r.n_components == 1 && r.n_releases == 1 && r.n_assets == 1 && r.n_deployments == 1);
    CHECK(r.assets[0].n_components == 1 && r.deployments[0].asset == 0);
    CHECK(hn_str_eqc(r.deployments[0].service, "mail") && hn_str_eqc(r.components[0].fixed, "2"));
    CHECK_OK(hn_store_deployment_end(s, SYS, id));
    CHECK_ERR(hn_store_deployment_end(s, SYS, id), STATE);
    CHECK_OK(hn_store_product_end(s, SYS, p));
    r = reach_at("CVE-wa", 0);
    CHECK(r.n_releases == 0 && r.n_assets == 1 && r.n_deployments == 0);
}

TEST(without_data_is_unknown_not_clean)
{
    begin();
    STOP_IF_FAILED();
    struct hn_str p = product("Unknown", S("root"));
    struct hn_store_product x;

    put_sbom(p, "1", "z y", 7);
    CHECK_OK(hn_store_product_get(s, SYS, p, 0, &mem, &x));
    CHECK_INT(x.unjudged, 2);
    match("", hn_now());
    CHECK_OK(hn_store_product_get(s, SYS, p, 0, &mem, &x));
    CHECK(x.unjudged == 0 && x.unknown == 1 && x.components == 2);
}

/* A transaction that is undone leaves nothing, in memory neither. */
TEST(what_is_undone_is_gone_from_memory_too)
{
    begin();
    STOP_IF_FAILED();
    struct hn_store_product *v;
    struct hn_listing before, after;
    struct hn_store_product_query q = {.page = {.limit = 1}};

    CHECK_OK(hn_store_products(s, SYS, &q, &mem, &v, &before));
    CHECK_OK(hn_store_batch_begin(s));
    put_sbom(product("Undone", S("root")), "1", "ua ub", 8);
    CHECK_OK(hn_store_products(s, SYS, &q, &mem, &v, &after));
    CHECK_INT(after.total, before.total + 1);
    CHECK_OK(hn_store_batch_end(s, false));
    CHECK_OK(hn_store_products(s, SYS, &q, &mem, &v, &after));
    CHECK_INT(after.total, before.total);
    CHECK_INT(number_of("ua"), 0);
}

TEST(a_reopened_store_says_the_same)
{
    begin();
    STOP_IF_FAILED();
    struct hn_store_software_now a, b;

    put_sbom(product("Again", S("root")), "1", "z b c", 9);
    match("b c", hn_now());
    CHECK_OK(hn_store_software_now(s, SYS, S(""), 0, &mem, &a));
    CHECK(a.kev == 1 && a.unknown == 1);
    hn_store_close(s);
    s = open_store();
    CHECK(s != NULL);
    CHECK_OK(hn_store_software_now(s, SYS, S(""), 0, &mem, &b));
    CHECK(a.components == 3 && memcmp(&a, &b, sizeof a) == 0);
    CHECK_INT(problems(s), 0);
    hn_store_close(s);
}
