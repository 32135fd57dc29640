/* Every test that stands beside a rule in rules/, through the real evaluator; and the logic itself. */
#include "core/registry.h"
#include "hn_test.h"
#include "modules/config/config.h"
#include "modules/config/rules_cases.h"

#define ARENA (32u << 20)

static void arena_init(struct hn_arena *a)
{
    hn_arena_init(a, ARENA);
}

static void mark_all(struct hn_facts *f, const char *but)
{
    for (size_t i = 0; i < hn_modules_n; i++)
        if (!but || strcmp(hn_modules[i]->name, but) != 0)
            hn_facts_mark_seen(f, hn_modules[i]);
}

/* Facts from a JSON array of observations. False, with the reason printed, when one does not fit the declarations. */
static bool fill(struct hn_facts *f, struct hn_arena *a, const char *json)
{
    struct hn_diag d = {""};
    const struct hn_jv *list = hn_jv_parse(a, hn_str_bytes(hn_str_c(json)), &d);
    for (size_t i = 0; list && i < list->n; i++) {
        const char *why;
        if (!hn_facts_add_json(f, &list->items[i], 1, &why)) {
            struct hn_str kind = hn_jv_str(&list->items[i], "kind"), module = hn_jv_str(&list->items[i], "module");
            fprintf(stderr, "%.*s.%.*s: %s\n", HN_FMT(module), HN_FMT(kind), why);
            return false;
        }
    }
    return list != NULL;
}

static bool judge_case(const struct config_case *c, const char *unseen, struct config_result *ret, struct hn_arena *a)
{
    struct hn_facts *f = hn_facts_new(a);
    bool ok = f && fill(f, a, c->facts);
    if (ok) {
        mark_all(f, unseen);
        config_evaluate(&config_rule_table[c->rule], f, a, ret);
    }
    hn_facts_free(f);
    return ok;
}

TEST(every_rule_judges_its_own_tests_as_they_say)
{
    size_t wrong = 0;
    for (size_t i = 0; i < config_cases_n; i++) {
        HN_AUTO(hn_arena_done) struct hn_arena a;
        struct config_result r = {.why = NULL};
        arena_init(&a);
        const struct config_case *c = &config_cases[i];
        bool ok = judge_case(c, NULL, &r, &a);
        if (!ok || r.verdict != c->want) {
            fprintf(stderr, "%s: wanted %s, got %s (%s %.*s; seen %.*s)\n  %s\n", config_rule_table[c->rule].id,
                    config_verdict_name(c->want), ok ? config_verdict_name(r.verdict) : "no facts", r.why ? r.why : "",
                    HN_FMT(r.what), HN_FMT(r.seen), c->facts);
            wrong++;
        }
    }
    CHECK_INT(wrong, 0);
    printf("%zu rules, %zu cases\n", config_rule_table_n, config_cases_n);
}

TEST(there_are_as_many_rules_and_tests_as_promised)
{
    CHECK(config_rule_table_n >= 130);
    CHECK(config_cases_n >= 3 * config_rule_table_n);
}

/* A host about which nothing is known: no rule may pass or fail. */
TEST(nothing_seen_is_never_fine)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    arena_init(&a);
    struct hn_facts *f = hn_facts_new(&a);
    CHECK(f != NULL);
    size_t judged = 0;
    for (size_t i = 0; i < config_rule_table_n; i++) {
        struct config_result r;
        config_evaluate(&config_rule_table[i], f, &a, &r);
        judged += r.verdict != CONFIG_NOT_KNOWN;
        judged += !r.why || r.what.n == 0;
    }
    hn_facts_free(f);
    CHECK_INT(judged, 0);
}

/* The modules ran but emitted nothing (every file unreadable): still not fine, unless a package is what is missing. */
TEST(modules_that_saw_nothing_do_not_make_rules_pass)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    arena_init(&a);
    struct hn_facts *f = hn_facts_new(&a);
    CHECK(f != NULL);
    mark_all(f, NULL);
    size_t passed = 0;
    for (size_t i = 0; i < config_rule_table_n; i++) {
        struct config_result r;
        config_evaluate(&config_rule_table[i], f, &a, &r);
        if (r.verdict == CONFIG_PASS) {
            fprintf(stderr, "%s passed on nothing\n", config_rule_table[i].id);
            passed++;
        }
    }
    hn_facts_free(f);
    CHECK_INT(passed, 0);
}

static bool uses(const struct config_node *n, const char *module)
{
    size_t len = strlen(module);
    if (n->kids) {
        for (const struct config_node *const *k = n->kids; *k; k++)
            if (uses(*k, module))
                return true;
        return false;
    }
    return strncmp(n->kind, module, len) == 0 && n->kind[len] == '.';
}

/* The same passing facts, but a module that the check reads did not run: unknown, and it says which. */
TEST(a_module_that_did_not_run_makes_its_rules_unknown)
{
    static const char *const modules[] = {"config", "packages", "kernel", "accounts", "services"};
    size_t wrong = 0, tried = 0;
    for (size_t i = 0; i < config_cases_n; i++)
        for (size_t m = 0; m < 5; m++) {
            const struct config_rule *rule = &config_rule_table[config_cases[i].rule];
            const struct config_node *n = rule->check;
            if (config_cases[i].want != CONFIG_PASS || n->type == CONFIG_ANY || n->type == CONFIG_NOT ||
                !uses(n, modules[m]))
                continue;
            HN_AUTO(hn_arena_done) struct hn_arena a;
            struct config_result r = {.why = NULL};
            arena_init(&a);
            tried++;
            if (!judge_case(&config_cases[i], modules[m], &r, &a) || r.verdict == CONFIG_PASS ||
                (r.verdict == CONFIG_NOT_KNOWN && !r.why)) {
                fprintf(stderr, "%s passes without %s\n", rule->id, modules[m]);
                wrong++;
            }
        }
    CHECK_INT(wrong, 0);
    CHECK(tried > 50);
}

/* ---- the rules fit the declarations ---- */

static unsigned check_cond(const struct config_rule *r, const struct hn_kind *k, const struct config_cond *c)
{
    struct hn_str rest = hn_str_c(c->field), name;
    bool list_op = c->op == CONFIG_OP_HAS || c->op == CONFIG_OP_HAS_NOT || c->op == CONFIG_OP_MATCHES ||
                   c->op == CONFIG_OP_NOT_MATCHES || c->op == CONFIG_OP_SET || c->op == CONFIG_OP_UNSET;
    if (strcmp(c->field, "subject") == 0)
        return 0;
    while (hn_str_split(&rest, '|', &name)) {
        int at = hn_field_find(k, name);
        if (at < 0 || (k->fields[at].type == HN_T_LIST && !list_op)) {
            fprintf(stderr, "%s: %s.%.*s: %s\n", r->id, k->name, HN_FMT(name), at < 0 ? "no such field" : "a list");
            return 1;
        }
    }
    return 0;
}

static unsigned check_node(const struct config_rule *r, const struct config_node *n)
{
    unsigned bad = 0;
    if (n->kids) {
        for (const struct config_node *const *k = n->kids; *k; k++)
            bad += check_node(r, *k);
        return bad;
    }
    struct hn_str rest = hn_str_c(n->kind), module;
    hn_str_split(&rest, '.', &module);
    const struct hn_module *m = hn_module_find(module);
    const struct hn_kind *k = m ? hn_kind_find(m, rest) : NULL;
    if (!k) {
        fprintf(stderr, "%s: no kind %s\n", r->id, n->kind);
        return 1;
    }
    for (const struct config_cond *c = n->where; c && c->field; c++)
        bad += check_cond(r, k, c);
    return n->test.field ? bad + check_cond(r, k, &n->test) : bad;
}

TEST(rules_name_only_kinds_and_fields_that_are_declared)
{
    unsigned bad = 0;
    for (size_t i = 0; i < config_rule_table_n; i++) {
        for (const struct config_applies *p = config_rule_table[i].applies; p->why; p++)
            bad += check_node(&config_rule_table[i], p->node);
        bad += check_node(&config_rule_table[i], config_rule_table[i].check);
    }
    CHECK_INT(bad, 0);
}

TEST(settings_that_rules_ask_for_belong_to_a_source)
{
    for (size_t i = 0; i < config_wanted_n; i++) {
        struct hn_str rest = hn_str_c(config_wanted[i]), conf;
        CHECK(hn_str_split(&rest, ' ', &conf));
        bool found = false;
        for (size_t k = 0; k < config_sources_n; k++)
            found |= hn_str_eqc(conf, config_sources[k].conf);
        if (!found)
            fprintf(stderr, "%s\n", config_wanted[i]);
        CHECK(found);
    }
}

/* ---- three-valued logic ---- */

static const char *const on[] = {"on", NULL};
static const char *const name_t[] = {"t", NULL};
static const char *const name_f[] = {"f", NULL};
static const char *const name_u[] = {"u", NULL};
static const struct config_cond where_t[] = {{"path", CONFIG_OP_EQ, name_t}, {0}};
static const struct config_cond where_f[] = {{"path", CONFIG_OP_EQ, name_f}, {0}};
static const struct config_cond where_u[] = {{"path", CONFIG_OP_EQ, name_u}, {0}};
#define LEAF(name, w)                                                                                                  \
    static const struct config_node name = {.type = CONFIG_SOME,                                                       \
                                            .kind = "config.file",                                                     \
                                            .where = w,                                                                \
                                            .test = {"owner", CONFIG_OP_EQ, on},                                       \
                                            .absent = CONFIG_UNKNOWN}
LEAF(leaf_t, where_t);
LEAF(leaf_f, where_f);
LEAF(leaf_u, where_u);
static const struct config_node *const leaves3[] = {&leaf_f, &leaf_t, &leaf_u};
static const char *const three =
    "[{\"module\":\"config\",\"kind\":\"file\",\"subject\":\"t\",\"fields\":{\"path\":\"t\","
    "\"owner\":\"on\"}},{\"module\":\"config\",\"kind\":\"file\",\"subject\":\"f\","
    "\"fields\":{\"path\":\"f\",\"owner\":\"off\"}}]";

/* 0 = pass, 1 = fail, 3 = unknown */
static enum config_verdict verdict_of(const struct config_node *n)
{
    static const struct config_applies none[] = {{0}};
    HN_AUTO(hn_arena_done) struct hn_arena a;
    struct config_rule rule = {.id = "x", .applies = none, .check = n};
    struct config_result r = {.verdict = CONFIG_NOT_APPLICABLE};
    arena_init(&a);
    struct hn_facts *f = hn_facts_new(&a);
    if (f && fill(f, &a, three)) {
        mark_all(f, NULL);
        config_evaluate(&rule, f, &a, &r);
    }
    hn_facts_free(f);
    return r.verdict;
}

TEST(logic_is_kleenes)
{
    /* index: 0 false, 1 true, 2 unknown */
    static const enum config_verdict name[] = {CONFIG_FAIL, CONFIG_PASS, CONFIG_NOT_KNOWN};
    static const int and_[3][3] = {{0, 0, 0}, {0, 1, 2}, {0, 2, 2}};
    static const int or_[3][3] = {{0, 1, 2}, {1, 1, 1}, {2, 1, 2}};
    static const int not_[3] = {1, 0, 2};
    for (int i = 0; i < 3; i++) {
        const struct config_node *one[] = {leaves3[i], NULL};
        struct config_node neg = {.type = CONFIG_NOT, .kids = one};
        CHECK_INT(verdict_of(leaves3[i]), name[i]);
        CHECK_INT(verdict_of(&neg), name[not_[i]]);
        for (int k = 0; k < 3; k++) {
            const struct config_node *two[] = {leaves3[i], leaves3[k], NULL};
            struct config_node all = {.type = CONFIG_ALL, .kids = two}, any = {.type = CONFIG_ANY, .kids = two};
            CHECK_INT(verdict_of(&all), name[and_[i][k]]);
            CHECK_INT(verdict_of(&any), name[or_[i][k]]);
        }
    }
}

TEST(an_unreadable_configuration_is_unknown_although_a_part_of_it_was_seen)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    arena_init(&a);
    for (size_t i = 0; i < config_cases_n; i++) {
        const struct config_rule *rule = &config_rule_table[config_cases[i].rule];
        const struct config_node *n = rule->check;
        if (config_cases[i].want != CONFIG_PASS || n->kids || strcmp(n->kind, "config.setting") != 0)
            continue;
        struct config_result r = {.why = NULL};
        struct hn_facts *f = hn_facts_new(&a);
        CHECK(f && fill(f, &a, config_cases[i].facts));
        struct hn_str conf = hn_str_c(n->where[0].values[0]);
        struct hn_str bad = hn_arena_fmt(&a,
                                         "[{\"module\":\"config\",\"kind\":\"source\",\"subject\":\"%.*s\",\"fields\":{"
                                         "\"conf\":\"%.*s\",\"exists\":true,\"complete\":false}}]",
                                         HN_FMT(conf), HN_FMT(conf));
        CHECK(fill(f, &a, bad.p));
        mark_all(f, NULL);
        config_evaluate(rule, f, &a, &r);
        hn_facts_free(f);
        CHECK_INT(r.verdict, CONFIG_NOT_KNOWN);
        hn_arena_clear(&a);
    }
}
