#include "hn_test.h"

#include "base/str.h"
#include "format/name/cpe.h"

#define CAP (4u << 20)

static struct hn_str written(struct hn_arena *a, const struct hn_cpe *c, bool uri)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    hn_buf_init(&b, 1u << 16);
    if (uri)
        hn_cpe_write_uri(c, &b);
    else
        hn_cpe_write(c, &b);
    return hn_arena_str(a, hn_buf_text(&b));
}

TEST(binds_and_unbinds)
{
    static const struct {
        const char *formatted, *uri;
    } rows[] = {
        {"cpe:2.3:a:microsoft:internet_explorer:8.0.6001:beta:*:*:*:*:*:*",
         "cpe:/a:microsoft:internet_explorer:8.0.6001:beta"},
        {"cpe:2.3:a:hp:insight_diagnostics:7.4.0.1570:-:*:*:online:win2003:x64:*",
         "cpe:/a:hp:insight_diagnostics:7.4.0.1570:-:~~online~win2003~x64~"},
        {"cpe:2.3:a:foo\\\\bar:big\\$money:2010:*:*:*:special:ipod_touch:80gb:*",
         "cpe:/a:foo%5cbar:big%24money:2010::~~special~ipod_touch~80gb~"},
        {"cpe:2.3:a:hp:openview_network_manager:7.51:*:*:*:*:linux:*:*",
         "cpe:/a:hp:openview_network_manager:7.51::~~~linux~~"},
        {"cpe:2.3:o:linux:linux_kernel:5.10.*:*:*:en-us:*:*:*:*", "cpe:/o:linux:linux_kernel:5.10.%02:::en-us"},
        {"cpe:2.3:a:a:b\\:c:?1:*:*:*:*:*:*:*", "cpe:/a:a:b%3ac:%011"},
        {"cpe:2.3:a:a:b:\\-:*:*:*:*:*:*:*", "cpe:/a:a:b:%2d"},
    };
    HN_AUTO(hn_arena_done) struct hn_arena a;
    hn_arena_init(&a, CAP);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct hn_cpe c, d;
        NOTE("%s", rows[i].formatted);
        CHECK(hn_cpe_parse(&a, hn_str_c(rows[i].formatted), &c, NULL));
        CHECK(hn_cpe_parse(&a, hn_str_c(rows[i].uri), &d, NULL));
        CHECK_TEXT(written(&a, &c, false), rows[i].formatted);
        CHECK_TEXT(written(&a, &d, false), rows[i].formatted);
        CHECK_TEXT(written(&a, &c, true), rows[i].uri);
        CHECK_INT(hn_cpe_compare(&c, &c), strpbrk(rows[i].formatted + 8, "?") || strstr(rows[i].formatted, ".*:")
                                              ? HN_CPE_UNDEFINED
                                              : HN_CPE_EQUAL);
    }
}

TEST(refuses_what_is_none)
{
    static const char *const none[] = {"",
                                       "cpe:2.3:",
                                       "cpe:2.3:x:a:b",
                                       "cpe:/",
                                       "cpe:/a:b%zz",
                                       "cpe:2.2:a:b",
                                       "cpe:2.3:a:b:c*d:*",
                                       "cpe:2.3:a:1:2:3:4:5:6:7:8:9:10:11",
                                       "cpe:/a:1:2:3:4:5:6:7",
                                       "cpe:/a:b%00"};
    HN_AUTO(hn_arena_done) struct hn_arena a;
    hn_arena_init(&a, CAP);
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        struct hn_cpe c;
        const char *why = NULL;
        NOTE("%s", none[i]);
        CHECK(!hn_cpe_parse(&a, hn_str_c(none[i]), &c, &why));
        CHECK(why);
    }
}

TEST(compares_attributes_by_the_table)
{
    static const struct {
        const char *source, *target;
        enum hn_cpe_relation relation;
    } rows[] = {
        {"*", "*", HN_CPE_EQUAL},        {"*", "-", HN_CPE_SUPERSET},     {"*", "a", HN_CPE_SUPERSET},
        {"*", "a*", HN_CPE_UNDEFINED},   {"-", "*", HN_CPE_SUBSET},       {"-", "-", HN_CPE_EQUAL},
        {"-", "a", HN_CPE_DISJOINT},     {"-", "a?", HN_CPE_UNDEFINED},   {"a", "*", HN_CPE_SUBSET},
        {"a", "-", HN_CPE_DISJOINT},     {"a", "a", HN_CPE_EQUAL},        {"a", "b", HN_CPE_DISJOINT},
        {"a", "*a", HN_CPE_UNDEFINED},   {"a*", "*", HN_CPE_SUBSET},      {"a*", "-", HN_CPE_DISJOINT},
        {"a*", "ab", HN_CPE_SUPERSET},   {"a*", "ba", HN_CPE_DISJOINT},   {"a*", "a*", HN_CPE_UNDEFINED},
        {"a?", "a", HN_CPE_SUPERSET},    {"a?", "ab", HN_CPE_SUPERSET},   {"a?", "abc", HN_CPE_DISJOINT},
        {"??a", "1a", HN_CPE_SUPERSET},  {"*b*", "abc", HN_CPE_SUPERSET}, {"a\\*", "ab", HN_CPE_DISJOINT},
        {"a\\*", "a\\*", HN_CPE_EQUAL},  {"?", "a", HN_CPE_SUPERSET},     {"a?", "a\\+", HN_CPE_SUPERSET},
        {"*+", "a\\+", HN_CPE_DISJOINT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        NOTE("%s against %s", rows[i].source, rows[i].target);
        CHECK_INT(hn_cpe_compare_attribute(hn_str_c(rows[i].source), hn_str_c(rows[i].target)), rows[i].relation);
    }
}

TEST(compares_names)
{
    static const struct {
        const char *source, *target;
        enum hn_cpe_relation relation;
    } rows[] = {
        {"cpe:2.3:a:tukaani:xz:*:*:*:*:*:*:*:*", "cpe:2.3:a:tukaani:xz:5.6.0:*:*:*:*:*:*:*", HN_CPE_SUPERSET},
        {"cpe:2.3:a:tukaani:xz:5.6.0:*:*:*:*:*:*:*", "cpe:/a:Tukaani:XZ", HN_CPE_SUBSET},
        {"cpe:2.3:a:tukaani:xz:5.6.0:-:*:*:*:*:*:*", "cpe:2.3:a:tukaani:xz:5.6.0:beta:*:*:*:*:*:*", HN_CPE_DISJOINT},
        {"cpe:2.3:a:tukaani:xz:*:-:*:*:*:*:*:*", "cpe:2.3:a:tukaani:xz:5:*:*:*:*:*:*:*", HN_CPE_UNDEFINED},
    };
    HN_AUTO(hn_arena_done) struct hn_arena a;
    hn_arena_init(&a, CAP);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct hn_cpe c, d;
        CHECK(hn_cpe_parse(&a, hn_str_c(rows[i].source), &c, NULL));
        CHECK(hn_cpe_parse(&a, hn_str_c(rows[i].target), &d, NULL));
        NOTE("%s against %s", rows[i].source, rows[i].target);
        CHECK_INT(hn_cpe_compare(&c, &d), rows[i].relation);
    }
}

TEST(every_truncation_is_read_or_refused)
{
    static const char *const texts[] = {"cpe:2.3:a:v\\:x:p\\\\:*1?:-:\\-:en:s:t:h:o",
                                        "cpe:/a:v%3ax:p%5c:%021%01:-:~e~s~t~h~o:en"};
    HN_AUTO(hn_arena_done) struct hn_arena a;
    hn_arena_init(&a, CAP);
    for (size_t t = 0; t < 2; t++)
        for (size_t n = 0; n <= strlen(texts[t]); n++) {
            struct hn_cpe c, again;
            char *exact = malloc(n ? n : 1);
            CHECK(exact);
            memcpy(exact, texts[t], n);
            if (hn_cpe_parse(&a, (struct hn_str){exact, n}, &c, NULL)) {
                struct hn_str text = written(&a, &c, false);
                CHECK(hn_cpe_parse(&a, text, &again, NULL));
                CHECK_STR(written(&a, &again, false), text);
                CHECK(hn_cpe_parse(&a, written(&a, &c, true), &again, NULL));
                CHECK_STR(written(&a, &again, false), text);
            }
            free(exact);
        }
}
