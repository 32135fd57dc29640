#include "hn_test.h"

#include <strings.h>

#include "base/str.h"
#include "format/sbom/licence.h"
#include "format/sbom/licence_in.h"

static struct hn_arena arena;
static struct hn_licence_notes notes;

/* Normal form, or "!why@offset", or the special word. */
static struct hn_str normal(const char *text)
{
    static struct hn_buf b;
    hn_arena_done(&arena);
    hn_arena_init(&arena, 4u << 20);
    hn_buf_done(&b);
    hn_buf_init(&b, 1u << 20);
    const struct hn_licence *l = hn_licence_parse(&arena, hn_str_c(text), &notes);
    if (l)
        hn_licence_write(&b, &arena, l);
    else if (notes.why)
        hn_buf_fmt(&b, "!%s@%zu", notes.why, notes.at);
    else
        hn_buf_c(&b, notes.none ? "NONE" : "NOASSERTION");
    struct hn_str out = hn_arena_str(&arena, hn_buf_text(&b));
    hn_buf_done(&b);
    return out;
}

static void done(void)
{
    hn_arena_done(&arena);
}

TEST(tables_are_in_order_and_agree)
{
    for (size_t i = 1; i < hn_licence_ids_n; i++) {
        NOTE("%s", hn_licence_ids[i]);
        CHECK(strcasecmp(hn_licence_ids[i - 1], hn_licence_ids[i]) < 0);
    }
    for (size_t i = 1; i < hn_licence_exceptions_n; i++) {
        NOTE("%s", hn_licence_exceptions[i]);
        CHECK(strcasecmp(hn_licence_exceptions[i - 1], hn_licence_exceptions[i]) < 0);
    }
    /* Successors are expressions of listed identifiers, none of them deprecated itself. */
    for (size_t i = 0; i < hn_licence_deprecated_n; i++) {
        NOTE("%s", hn_licence_deprecated[i].id);
        if (!*hn_licence_deprecated[i].now || hn_licence_exception_known(hn_str_c(hn_licence_deprecated[i].id)))
            continue;
        CHECK_TEXT(normal(hn_licence_deprecated[i].now), hn_licence_deprecated[i].now);
        CHECK_UINT(notes.unknown, 0);
        CHECK_UINT(notes.deprecated, 0);
    }
    CHECK_C(hn_licence_known(HN_STR("apache-2.0")), "Apache-2.0");
    CHECK_C(hn_licence_known(HN_STR("ZPL-2.1")), "ZPL-2.1");
    CHECK_C(hn_licence_known(HN_STR("0bsd")), "0BSD");
    CHECK(!hn_licence_known(HN_STR("Apache-2")));
    CHECK(!hn_licence_known(HN_STR("Classpath-exception-2.0")));
    CHECK(!hn_licence_exception_known(HN_STR("MIT")));
    done();
}

TEST(precedence_and_normal_form)
{
    static const char *const cases[][2] = {
        {"MIT", "MIT"},
        {"mit", "MIT"},
        {"MIT OR Apache-2.0", "Apache-2.0 OR MIT"},
        {"A-x AND MIT OR ISC", "A-x AND MIT OR ISC"},
        {"ISC OR MIT AND A-x", "A-x AND MIT OR ISC"},
        {"(ISC OR MIT) AND 0BSD", "(ISC OR MIT) AND 0BSD"},
        {"((MIT))", "MIT"},
        {"MIT AND (MIT AND MIT)", "MIT"},
        {"(MIT OR ISC) AND (ISC OR MIT)", "ISC OR MIT"},
        {"GPL-2.0+", "GPL-2.0-or-later"},
        {"GPL-2.0", "GPL-2.0-only"},
        {"gpl-2.0-OR-later", "GPL-2.0-or-later"},
        {"Apache-2.0+", "Apache-2.0+"},
        {"GPL-2.0-with-classpath-exception", "GPL-2.0-only WITH Classpath-exception-2.0"},
        {"GPL-2.0-only with classpath-exception-2.0", "GPL-2.0-only WITH Classpath-exception-2.0"},
        {"GPL-2.0+ WITH Bison-exception-2.2 AND MIT", "GPL-2.0-or-later WITH Bison-exception-2.2 AND MIT"},
        {"LicenseRef-x", "LicenseRef-x"},
        {"DocumentRef-a:LicenseRef-b OR MIT", "DocumentRef-a:LicenseRef-b OR MIT"},
        {"MIT WITH AdditionRef-mine", "MIT WITH AdditionRef-mine"},
        {"MIT\n  AND\tISC", "ISC AND MIT"},
        {"MIT/ISC", "ISC OR MIT"},
        {" NONE ", "NONE"},
        {"NOASSERTION", "NOASSERTION"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        NOTE("%s", cases[i][0]);
        CHECK_TEXT(normal(cases[i][0]), cases[i][1]);
    }
    done();
}

TEST(doubts_are_noted)
{
    normal("GPLv3+ and MIT And Foo");
    CHECK(!notes.why);
    CHECK_UINT(notes.unknown, 2);
    CHECK_UINT(notes.odd_operators, 1);
    normal("GPL-2.0 OR LGPL-2.1+ OR LicenseRef-1");
    CHECK_UINT(notes.deprecated, 2);
    CHECK_UINT(notes.unknown, 0);
    normal("MIT WITH nonsense");
    CHECK_UINT(notes.unknown, 1);
    normal("LicenseRef- OR x:LicenseRef-a OR DocumentRef-:LicenseRef-a");
    CHECK_UINT(notes.unknown, 3);
    done();
}

TEST(what_is_no_expression_is_placed)
{
    static const char *const cases[][2] = {
        {"", "!empty@0"},
        {"MIT AND", "!ends where a licence is expected@7"},
        {"MIT ISC", "!an operator is expected here@4"},
        {"(MIT", "!a parenthesis is not closed@4"},
        {"MIT)", "!not part of an expression@3"},
        {"AND MIT", "!a licence is expected here@0"},
        {"MIT WITH", "!WITH is not followed by an exception@8"},
        {"See http://example.com/licence", "!an operator is expected here@4"},
        {"MIT, ISC", "!not part of an expression@3"},
        {"()", "!a licence is expected here@1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        NOTE("%s", cases[i][0]);
        CHECK_TEXT(normal(cases[i][0]), cases[i][1]);
    }
    done();
}

TEST(hostile_lengths_end)
{
    struct hn_buf b;
    hn_buf_init(&b, 16u << 20);
    for (size_t i = 0; i < 100000; i++)
        hn_buf_c(&b, "(");
    hn_arena_init(&arena, 64u << 20);
    CHECK(!hn_licence_parse(&arena, hn_buf_text(&b), &notes));
    CHECK_C(notes.why, "nested too deep");
    hn_buf_clear(&b);
    for (size_t i = 0; i < 100000; i++)
        hn_buf_c(&b, "MIT AND ");
    CHECK(!hn_licence_parse(&arena, hn_buf_text(&b), &notes));
    CHECK_C(notes.why, "too long");
    hn_buf_done(&b);
    done();
}

static enum hn_licence_verdict leaf_verdict(void *arg, const struct hn_licence *l)
{
    if (hn_licence_covers(HN_STR("AGPL-*"), l, false))
        return HN_LICENCE_DENY;
    if (hn_licence_covers(HN_STR("MIT"), l, true) || hn_licence_covers(HN_STR("GPL-3.0-only"), l, true))
        return HN_LICENCE_ALLOW;
    return HN_LICENCE_REVIEW;
}

TEST(policy_takes_the_best_of_or_and_the_worst_of_and)
{
    static const struct {
        const char *text;
        enum hn_licence_verdict verdict;
        const char *why;
    } cases[] = {
        {"MIT", HN_LICENCE_ALLOW, "MIT"},
        {"MIT OR AGPL-3.0-only", HN_LICENCE_ALLOW, "MIT"},
        {"MIT AND AGPL-3.0-only", HN_LICENCE_DENY, "AGPL-3.0-only"},
        {"MIT AND (ISC OR AGPL-3.0-only)", HN_LICENCE_REVIEW, "ISC"},
        {"GPL-2.0-or-later", HN_LICENCE_ALLOW, "GPL-2.0-or-later"}, /* may be taken under 3.0 */
        {"GPL-2.0-only", HN_LICENCE_REVIEW, "GPL-2.0-only"},
        {"GPL-3.0", HN_LICENCE_ALLOW, "GPL-3.0"},
        {"GPL-3.0-only WITH GCC-exception-3.1", HN_LICENCE_ALLOW, "GPL-3.0-only"},
        {"AGPL-3.0+ OR ISC", HN_LICENCE_REVIEW, "ISC"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct hn_licence *why = NULL;
        NOTE("%s", cases[i].text);
        hn_arena_init(&arena, 1u << 20);
        const struct hn_licence *l = hn_licence_parse(&arena, hn_str_c(cases[i].text), &notes);
        CHECK(l != NULL);
        CHECK_INT(hn_licence_judge(l, leaf_verdict, NULL, &why), cases[i].verdict);
        CHECK_TEXT(why->id, cases[i].why);
        done();
    }
}

TEST(with_in_a_list_is_exact)
{
    hn_arena_init(&arena, 1u << 20);
    const struct hn_licence *l = hn_licence_parse(&arena, HN_STR("GPL-2.0-only WITH Classpath-exception-2.0"), &notes);
    CHECK(l != NULL);
    CHECK(hn_licence_covers(HN_STR("GPL-2.0-only WITH Classpath-exception-2.0"), l, false));
    CHECK(!hn_licence_covers(HN_STR("GPL-2.0-only WITH GCC-exception-2.0"), l, false));
    CHECK(!hn_licence_covers(HN_STR("GPL-2.0-only"), l, false));
    CHECK(hn_licence_covers(HN_STR("GPL-2.0-only"), l, true));
    CHECK(hn_licence_covers(HN_STR("gpl-*"), l, false));
    done();
}
