#include "test_world.h"

#include <math.h>

#include "core/policy_keys.h"
#include "format/yaml_tree.h"
#include "policy_data.h"

static struct hn_str builtin(void)
{
    return (struct hn_str){(const char *)hn_policy_data_default, hn_policy_data_default_n};
}

/* The built-in policy with one piece of text replaced. */
static struct hn_err with(struct hn_arena *a, const char *from, const char *to, struct hn_policy **ret,
                          struct hn_diag *d)
{
    ptrdiff_t at = hn_str_find(builtin(), hn_str_c(from));
    if (at < 0)
        return hn_fail(d, HN_E_NOENT, "\"%s\" is not in the policy", from);
    size_t after = (size_t)at + strlen(from);
    struct hn_str text =
        hn_arena_fmt(a, "%.*s%s%.*s", (int)at, builtin().p, to, (int)(builtin().n - after), builtin().p + after);
    return hn_policy_parse(hn_str_bytes(text), ret, d);
}

TEST(the_policy_that_is_built_in_is_whole)
{
    struct hn_policy *p = NULL;
    struct hn_diag d = {{0}};
    double w;
    bool named;
    NOTE("%s", d.msg);
    CHECK_OK(hn_policy_load(NULL, &p, &d));
    CHECK_TEXT(hn_policy_id(p), "default/1");
    CHECK(hn_policy_weight(p, "kev", &w) && w > 0);
    CHECK(!hn_policy_weight(p, "no-such-term", &w));
    CHECK_NUM(w, 0);
    CHECK_INT(hn_policy_severity_days(p, "x.y", HN_SEV_CRITICAL, &named), 3);
    CHECK_INT(hn_policy_severity_days(p, "x.y", HN_SEV_HIGH, &named), 14);
    CHECK_INT(hn_policy_severity_days(p, "x.y", HN_SEV_MEDIUM, &named), 60);
    CHECK_INT(hn_policy_severity_days(p, "x.y", HN_SEV_LOW, &named), -1);
    CHECK_INT(hn_policy_severity_days(p, "x.y", HN_SEV_INFO, &named), -1);
    CHECK(!named);
    CHECK_INT(hn_policy_int(p, "packages.stale-days", 30), 30);
    CHECK(hn_policy_never_mapped(p, HN_STR("linux-image-6.1.0-9-amd64")));
    CHECK(hn_policy_never_mapped(p, HN_STR("python3-yaml")));
    CHECK(!hn_policy_never_mapped(p, HN_STR("libssl3")));
    hn_policy_free(p);
}

TEST(the_worst_credible_case_shows_99)
{
    struct hn_policy *p = NULL;
    CHECK_OK(hn_policy_load(NULL, &p, NULL));
    double score = 100 * (1 - exp(-hn_policy_kappa(p) * 0.35 * hn_policy_loss_max(p)));
    CHECK(fabs(score - 99) < 1e-9);
    hn_policy_free(p);
}

TEST(refuses_what_is_wrong_and_names_it)
{
    static const struct {
        const char *from, *to, *says;
    } bad[] = {
        {"schema: hinomi-policy/1", "schema: hinomi-policy/2", "schema"},
        {"due_table: bod-26-04", "due_table: bod", "due_table"},
        {"due_table: bod-26-04", "due_tabel: bod-26-04", "due_table"},
        {"  runs-as-root: {value: 0.6, ", "  runs-as-rot: {value: 0.6, ", "did you mean \"weights.runs-as-root\""},
        {"  kev: {value: 2.5, ", "  kev: {value: -2.5, ", "between"},
        {"  kev: {value: 2.5, ", "  kev: {value: two, ", "number"},
        {"  kev: {value: 2.5, ", "  kev: {value: nan, ", "number"},
        {"  kev: {value: 2.5, ", "  kev: {value: 1e999, ", "number"},
        {"  kev: {value: 2.5, ", "  kev: {value: \"2.5\", ", "number"},
        {"  kev: {value: 2.5, ", "  kev: {vale: 2.5, ", "not known"},
        {"  kev: {value: 2.5, ", "  kev: {value: 2.5, unit: 3, ", "not known"},
        {"  runs-as-root: {value: 0.6, source: \"judgement\"}", "  runs-as-root: {value: 0.6}", "source"},
        {"  runs-as-root: {value: 0.6, source: \"judgement\"}", "  runs-as-root: {value: 0.6, source: \"\"}", "source"},
        {"  runs-as-root: {value: 0.6, source: \"judgement\"}", "  runs-as-root: 0.6", "not known"},
        {"  runs-as-root: {value: 0.6, source: \"judgement\"}\n", "", "missing"},
        {"  mapped-none: {value: -1.2, source: \"judgement\"}\n",
         "  mapped-none: {value: -1.2, source: \"judgement\"}\n  mapped-none: {value: -1.2, source: \"judgement\"}\n",
         "twice"},
        {"unit: 7, most: 0.8", "unit: 0, most: 0.8", "unit"},
        {"unit: 7, most: 0.8", "most: 0.8", "unit"},
        {"    medium: {value: 60,", "    medium: {value: 60.5,", "whole"},
        {"    medium: {value: 60,", "    medium: {value: -2,", "between"},
        {"  listens-loopback: {value: -0.3,", "  listens-loopback: {value: -0.9,", "may not be above"},
        {"  mapped-none: {value: -1.2,", "  mapped-none: {value: -0.05,", "may not be above"},
        {"  runs-confined: {value: -0.4,", "  runs-confined: {value: -0.5,", "below 0"},
        {"  firewall-blocked: {value: -1.0,", "  firewall-blocked: {value: -2.0,", "below listens-none"},
        {"judge: {}", "judge: {x: 3}", "not known"},
        {"judge: {}", "judge: []", "mapping"},
        {"judge: {}", "judge: {}\nextra: 1", "not known"},
        {"judge: {}", "", "missing"},
        {"judge: {}", "judge: &a {}", "anchors"},
        {"judge: {}", "judge: *a", "anchors"},
        {"judge: {}", "judge: !!map {}", "tags"},
        {"judge: {}", "judge: {}\n---\njudge: {}", "one document"},
    };
    HN_AUTO(hn_arena_done) struct hn_arena a;
    hn_arena_init(&a, 16 << 20);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct hn_policy *p = NULL;
        struct hn_diag d = {{0}};
        hn_arena_clear(&a);
        struct hn_err e = with(&a, bad[i].from, bad[i].to, &p, &d);
        NOTE("%s → %s: %s", bad[i].from, bad[i].to, d.msg);
        CHECK(!hn_ok(e) && e.code != HN_E_NOENT);
        CHECK(strstr(d.msg, bad[i].says));
    }
}

TEST(what_may_be_changed_takes_effect)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    struct hn_policy *p = NULL;
    bool named;
    hn_arena_init(&a, 16 << 20);
    CHECK_OK(with(&a, "judge: {}", "judge: {packages.stale-days: {value: 3, source: house rule}}", &p, NULL));
    CHECK_INT(hn_policy_int(p, "packages.stale-days", 30), 3);
    hn_policy_free(p);
    CHECK_OK(with(&a, "  kind: {} # packages.unsupported",
                  "  kind: {a.b: {value: 5, source: x}, c.d: {value: none, source: x}} #", &p, NULL));
    CHECK_INT(hn_policy_severity_days(p, "a.b", HN_SEV_LOW, &named), 5);
    CHECK(named);
    CHECK_INT(hn_policy_severity_days(p, "c.d", HN_SEV_CRITICAL, &named), -1);
    hn_policy_free(p);
    CHECK_OK(with(&a, "due_table: bod-26-04", "due_table: severity", &p, NULL));
    CHECK(!hn_policy_due_table(p));
    hn_policy_free(p);
    CHECK_OK(with(&a, "due_table: bod-26-04", "due_table: ssvc-deployer", &p, NULL));
    CHECK_C(hn_policy_due_table(p)->name, "ssvc-deployer");
    hn_policy_free(p);
}

TEST(prints_every_constant_with_its_source)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    struct hn_policy *p = NULL;
    struct hn_jw w;
    HN_AUTO(hn_buf_done) struct hn_buf b;
    hn_arena_init(&a, 16 << 20);
    hn_buf_init(&b, 1 << 20);
    CHECK_OK(hn_policy_load(NULL, &p, NULL));
    hn_jw_init(&w, &b);
    hn_policy_json(p, &w);
    hn_policy_free(p);
    const struct hn_jv *v = hn_jv_parse(&a, hn_str_bytes(hn_buf_text(&b)), NULL), *all = hn_jv_get(v, "constants");
    CHECK(v && all);
    for (size_t i = 0; i < sizeof policy_keys / sizeof policy_keys[0]; i++) {
        const struct hn_jv *c = hn_jv_get(all, policy_keys[i].name);
        NOTE("%s", policy_keys[i].name);
        CHECK(strchr(policy_keys[i].name, '*') || (c && hn_jv_get(c, "value") && hn_jv_str(c, "source").n));
    }
    CHECK_UINT(hn_jv_get(hn_jv_get(v, "table"), "rows")->n, 16);
}

TEST(every_truncation_of_the_policy_is_refused)
{
    struct hn_str text = builtin();
    const char *judge = "judge: {}";
    size_t whole = (size_t)hn_str_find(text, hn_str_c(judge)) + strlen(judge);
    for (size_t n = 0; n < whole; n += n < 512 ? 1 : 7) {
        struct hn_policy *p = NULL;
        NOTE("%zu bytes", n);
        CHECK(!hn_ok(hn_policy_parse(hn_bytes_of(text.p, n), &p, NULL)));
    }
}

TEST(a_deep_or_hostile_tree_is_refused)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    char deep[2000];
    struct hn_yaml *y = NULL;
    hn_arena_init(&a, 1 << 20);
    memset(deep, '[', sizeof deep);
    CHECK_ERR(hn_yaml_parse(&a, hn_bytes_of(deep, sizeof deep), &y, NULL), LIMIT);
    CHECK_ERR(hn_yaml_parse(&a, hn_bytes_of("a: \"\\0\"", 7), &y, NULL), INVALID);
    CHECK_ERR(hn_yaml_parse(&a, hn_bytes_of("", 0), &y, NULL), INVALID);
    CHECK_ERR(hn_yaml_parse(&a, hn_bytes_of("\xff\xfe\xff", 3), &y, NULL), INVALID);
    CHECK_OK(hn_yaml_parse(&a, hn_bytes_of("a: [1, {b: no}]", 15), &y, NULL));
    CHECK_TEXT(hn_yaml_get(y->first->first->next, "b")->s, "no");
}
