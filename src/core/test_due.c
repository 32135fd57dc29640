/* Every row of every table, by the published outcomes; unknown inputs; refused tables. */
#include "test_world.h"

static struct hn_err parse(struct hn_arena *a, const char *text, struct hn_due_table *t, struct hn_diag *d)
{
    return hn_due_parse(a, hn_str_bytes(hn_str_c(text)), t, d);
}

static bool builtin(struct hn_arena *a, const char *name, struct hn_due_table *t)
{
    return hn_ok(hn_due_parse(a, hn_due_builtin(hn_str_c(name)), t, NULL));
}

static void decide(struct hn_arena *a, const struct hn_due_table *t, const char *const *values, struct hn_due_result *r)
{
    struct hn_param p[HN_DUE_INPUTS];
    for (size_t i = 0; i < t->n_inputs; i++)
        p[i] = (struct hn_param){t->inputs[i].name, hn_str_c(values[i]), i + 1 < t->n_inputs ? &p[i + 1] : NULL};
    hn_due_decide(a, t, p, r);
}

TEST(every_row_of_bod_26_04)
{
    /* kev, exposed, automatable, technical impact → days; the sixteen published rows */
    static const struct {
        const char *in[4];
        int64_t days;
        const char *outcome;
    } rows[16] = {
        {{"no", "no", "no", "partial"}, -1, "upgrade"},         {{"yes", "no", "no", "partial"}, 14, "14-days"},
        {{"no", "yes", "no", "partial"}, 60, "60-days"},        {{"no", "no", "yes", "partial"}, 60, "60-days"},
        {{"no", "no", "no", "total"}, -1, "upgrade"},           {{"yes", "yes", "no", "partial"}, 14, "14-days"},
        {{"yes", "no", "yes", "partial"}, 14, "14-days"},       {{"no", "yes", "yes", "partial"}, 14, "14-days"},
        {{"yes", "no", "no", "total"}, 14, "14-days"},          {{"no", "yes", "no", "total"}, 14, "14-days"},
        {{"no", "no", "yes", "total"}, 60, "60-days"},          {{"yes", "yes", "yes", "partial"}, 3, "3-days"},
        {{"yes", "yes", "no", "total"}, 3, "3-days-forensics"}, {{"yes", "no", "yes", "total"}, 3, "3-days-forensics"},
        {{"no", "yes", "yes", "total"}, 3, "3-days"},           {{"yes", "yes", "yes", "total"}, 3, "3-days-forensics"},
    };
    HN_AUTO(hn_arena_done) struct hn_arena a;
    struct hn_due_table t;
    hn_arena_init(&a, 1 << 20);
    CHECK(builtin(&a, "bod-26-04", &t));
    CHECK_UINT(t.n_rows, 16);
    for (unsigned i = 0; i < 16; i++) {
        struct hn_due_result r;
        NOTE("row %u", i);
        decide(&a, &t, rows[i].in, &r);
        CHECK_INT(r.days, rows[i].days);
        CHECK_C(r.outcome, rows[i].outcome);
        CHECK_C(r.rule, hn_arena_fmt(&a, "bod-26-04:%u", i).p);
    }
}

/* The seventy-two published rows in order: exploitation slowest, human impact fastest; d, s, o, i. */
TEST(every_row_of_ssvc_deployer)
{
    static const char outcomes[] = "ddss dsss dsss ssss dsss ssso"
                                   "dsss ssss dsss ssso ssso ssoo"
                                   "ssoo sooo ssoo oooo sooi ooii";
    static const char *const exploitation[] = {"none", "public-poc", "active"},
                             *exposure[] = {"small", "controlled", "open"}, *automatable[] = {"no", "yes"},
                             *impact[] = {"low", "medium", "high", "very-high"};
    static const struct {
        char c;
        const char *name;
        int64_t days;
    } words[] = {{'d', "defer", -1}, {'s', "scheduled", 60}, {'o', "out-of-cycle", 14}, {'i', "immediate", 3}};
    HN_AUTO(hn_arena_done) struct hn_arena a;
    struct hn_due_table t;
    const char *next = outcomes;
    hn_arena_init(&a, 1 << 20);
    CHECK(builtin(&a, "ssvc-deployer", &t));
    CHECK_UINT(t.n_rows, 72);
    for (unsigned i = 0; i < 72; i++, next++) {
        const char *in[] = {exploitation[i / 24], exposure[i / 8 % 3], automatable[i / 4 % 2], impact[i % 4]};
        struct hn_due_result r;
        NOTE("row %u", i);
        while (*next == ' ')
            next++;
        decide(&a, &t, in, &r);
        for (size_t k = 0; k < 4; k++)
            if (words[k].c == *next) {
                CHECK_C(r.outcome, words[k].name);
                CHECK_INT(r.days, words[k].days);
            }
        CHECK_C(r.rule, hn_arena_fmt(&a, "ssvc-deployer:%u", i).p);
    }
    CHECK_INT(*next, 0);
}

/* Earlier dates are worse; no date is best. */
static int64_t urgency(int64_t days)
{
    return days < 0 ? 100000 : days;
}

TEST(what_is_unknown_takes_the_worst_of_all_values_but_exploitation)
{
    static const char *const tables[] = {"bod-26-04", "ssvc-deployer"};
    HN_AUTO(hn_arena_done) struct hn_arena a;
    hn_arena_init(&a, 8 << 20);
    for (size_t n = 0; n < 2; n++) {
        struct hn_due_table t;
        CHECK(builtin(&a, tables[n], &t));
        for (size_t input = 1; input < t.n_inputs; input++) /* input 0: known exploitation, the exception */
            for (size_t at = 0; at < t.n_rows; at++) {
                const char *in[HN_DUE_INPUTS];
                struct hn_due_result unknown, known;
                size_t rest = at;
                for (size_t i = t.n_inputs; i-- > 0; rest /= t.inputs[i].n)
                    in[i] = t.inputs[i].values[rest % t.inputs[i].n];
                NOTE("%s row %u input %s", t.name, t.rows[at].number, t.inputs[input].name);
                decide(&a, &t, in, &known);
                in[input] = "unknown";
                decide(&a, &t, in, &unknown);
                CHECK(urgency(unknown.days) <= urgency(known.days));
                CHECK_C(unknown.inputs[input].value, "unknown");
                CHECK(strcmp(unknown.inputs[input].taken, "unknown") != 0);
            }
    }
}

TEST(nothing_known_is_row_14_and_says_what_it_took)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    struct hn_due_table t;
    struct hn_due_result r;
    hn_arena_init(&a, 1 << 20);
    CHECK(builtin(&a, "bod-26-04", &t));
    hn_due_decide(&a, &t, NULL, &r);
    CHECK_C(r.rule, "bod-26-04:14");
    CHECK_INT(r.days, 3);
    CHECK_C(r.inputs[0].name, "kev");
    CHECK_C(r.inputs[0].value, "unknown");
    CHECK_C(r.inputs[0].taken, "no");
    CHECK_C(r.inputs[1].taken, "yes");
    CHECK_C(r.inputs[3].taken, "total");
}

#define HEAD "table t\nversion 1\nsource s\ninput a no yes | yes\noutcome x 3\noutcome y none\n"

TEST(refuses_tables_that_leave_a_question_open)
{
    static const char *const bad[] = {
        "",
        HEAD,
        HEAD "row 0 no x\n",
        HEAD "row 0 no x\nrow 1 no y\n",
        HEAD "row 0 no x\nrow 1 yes z\n",
        HEAD "row 0 no x\nrow 1 maybe y\n",
        HEAD "row 0 no x\nrow 1 yes y more\n",
        HEAD "row 0 no x\nrow one yes y\n",
        HEAD "row 0 no x\nrow 1\n",
        HEAD "row 0 no x\ninput b no yes | no\n",
        HEAD "what 0\n",
        "table t\ntable u\n",
        "table t\nversion 1\nsource s\ninput a no | no\n",
        "table t\nversion 1\nsource s\ninput a no yes | maybe\n",
        "table t\nversion 1\nsource s\ninput a no yes\n",
        "table t\nversion 1\nsource s\noutcome x soon\n",
        "table t\nversion 1\nsource s\noutcome x 99999\n",
        "table \xff\n",
    };
    HN_AUTO(hn_arena_done) struct hn_arena a;
    struct hn_due_table t;
    hn_arena_init(&a, 1 << 20);
    CHECK_OK(parse(&a, HEAD "row 0 no x\nrow 1 yes y\n", &t, NULL));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct hn_diag d = {{0}};
        NOTE("%s", bad[i]);
        CHECK_ERR(parse(&a, bad[i], &t, &d), INVALID);
        CHECK(d.msg[0]);
    }
}

TEST(every_truncation_of_a_table_is_refused)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    struct hn_due_table t;
    struct hn_bytes text = hn_due_builtin(HN_STR("bod-26-04"));
    hn_arena_init(&a, 64 << 20);
    size_t refused = 0;
    for (size_t n = 0; n + 1 < text.n; n++) {
        NOTE("%zu bytes", n);
        hn_arena_clear(&a);
        refused += !hn_ok(hn_due_parse(&a, hn_bytes_of(text.p, n), &t, NULL));
    }
    /* the last row may lose no more than its newline; "3-days" is a whole word within "3-days-forensics" */
    CHECK(refused >= text.n - 2 - strlen("-forensics"));
}
