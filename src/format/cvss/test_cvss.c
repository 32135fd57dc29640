#include "hn_test.h"

#include "base/buf.h"
#include "base/fs.h"
#include "base/str.h"
#include "format/cvss/cvss.h"

TEST(scores_and_names_what_was_scored)
{
    static const struct {
        const char *vector, *name;
        int base, threat, environmental, score;
        enum hn_cvss_rating rating;
    } rows[] = {
        {"AV:N/AC:L/Au:N/C:C/I:C/A:C", "CVSS-B", 100, 100, 100, 100, HN_CVSS_R_HIGH},
        {"(AV:N/AC:L/Au:N/C:N/I:N/A:N)", "CVSS-B", 0, 0, 0, 0, HN_CVSS_R_LOW},
        {"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "CVSS-B", 98, 98, 98, 98, HN_CVSS_R_CRITICAL},
        {"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:U/RL:O/RC:U", "CVSS-BT", 98, 78, 78, 78, HN_CVSS_R_HIGH},
        {"CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", "CVSS-B", 0, 0, 0, 0, HN_CVSS_R_NONE},
        {"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/MAV:P", "CVSS-BE", 98, 98, 68, 68, HN_CVSS_R_MEDIUM},
        {"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", "CVSS-B", 100, 100, 100, 100,
         HN_CVSS_R_CRITICAL},
        {"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:U", "CVSS-BT", 93, 81, 81, 81,
         HN_CVSS_R_HIGH},
        {"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:A/MSI:S", "CVSS-BTE", 93, 93, 100, 100,
         HN_CVSS_R_CRITICAL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct hn_cvss c;
        NOTE("%s", rows[i].vector);
        CHECK(hn_cvss_parse(hn_str_c(rows[i].vector), &c, NULL));
        CHECK_INT(c.base, rows[i].base);
        CHECK_INT(c.threat, rows[i].threat);
        CHECK_INT(c.environmental, rows[i].environmental);
        CHECK_INT(c.score, rows[i].score);
        CHECK_C(c.name, rows[i].name);
        CHECK_INT(c.rating, rows[i].rating);
    }
}

TEST(refuses_what_is_no_vector)
{
    static const char *const none[] = {"",
                                       "CVSS:3.1/",
                                       "AV:N",
                                       "CVSS:3.2/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
                                       "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H",
                                       "CVSS:3.1/AV:N/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
                                       "CVSS:3.1/AV:Q/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
                                       "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/ZZ:N",
                                       "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:S/SI:H/SA:H",
                                       "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H/MSC:S",
                                       "AV:N/AC:L/Au:N/C:C/I:C/A"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        struct hn_cvss c;
        const char *why = NULL;
        NOTE("%s", none[i]);
        CHECK(!hn_cvss_parse(hn_str_c(none[i]), &c, &why));
        CHECK(why);
    }
}

/* Every combination of the metrics that decide a MacroVector: within 0 and 10, and never more severe when one metric is
 * less severe by a step. */
static int scored(const int *v)
{
    static const char *const words[11][4] = {
        {"AV:N", "AV:A", "AV:L", "AV:P"}, {"AC:L", "AC:H"},         {"AT:N", "AT:P"},         {"PR:N", "PR:L", "PR:H"},
        {"UI:N", "UI:P", "UI:A"},         {"VC:H", "VC:L", "VC:N"}, {"VI:H", "VI:L", "VI:N"}, {"VA:H", "VA:L", "VA:N"},
        {"SC:H", "SC:L", "SC:N"},         {"SI:H", "SI:L", "SI:N"}, {"SA:H", "SA:L", "SA:N"}};
    char text[128];
    struct hn_cvss c;
    int n = snprintf(text, sizeof text, "CVSS:4.0");
    for (int i = 0; i < 11; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "/%s", words[i][v[i]]);
    return hn_cvss_parse((struct hn_str){text, (size_t)n}, &c, NULL) ? c.score : -1;
}

TEST_LONG(version_4_never_rises_when_a_metric_falls, 60)
{
    static const int values[11] = {4, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3};
    int v[11] = {0}, seen = 0;
    for (;;) {
        int here = scored(v);
        CHECK(here >= 0 && here <= 100);
        if (++seen % 97 == 0) /* the neighbours of a sample */
            for (int i = 0; i < 11; i++)
                if (v[i] + 1 < values[i]) {
                    v[i]++;
                    CHECK(scored(v) <= here);
                    v[i]--;
                }
        int i = 0;
        while (i < 11 && ++v[i] == values[i])
            v[i++] = 0;
        if (i == 11)
            break;
    }
    CHECK_INT(seen, 104976);
}

/* ---------------------------------------------------------------- published vectors: "VECTOR - (a, b, c)" */

/* "7.5" and "4" in tenths; "None" is -1. */
static int tenths(struct hn_str s)
{
    struct hn_str whole;
    uint64_t a = 0, b = 0;
    if (hn_str_eqc(s, "-0.0"))
        return 0;
    hn_str_split(&s, '.', &whole);
    if (!hn_str_u64(hn_str_trim(whole), 10, &a))
        return -1;
    if (s.p && s.n && !hn_str_u64(s, 10, &b))
        return -1;
    return (int)(a * 10 + b);
}

static bool line_agrees(struct hn_str vector, struct hn_str want)
{
    struct hn_cvss c;
    struct hn_str part;
    int w[3] = {-1, -1, -1}, n = 0;
    while (hn_str_split(&want, ',', &part) && n < 3)
        if (hn_str_trim(part).n)
            w[n++] = tenths(hn_str_trim(part));
    if (!hn_cvss_parse(vector, &c, NULL))
        return false;
    if (n == 1)
        return c.score == w[0];
    if (c.version == HN_CVSS_V2) /* what has no metrics is not scored there */
        return c.base == w[0] && (w[1] < 0 ? !c.has_threat : c.threat == w[1]) &&
               (w[2] < 0 ? !c.has_environment : c.environmental == w[2]);
    return c.base == w[0] && c.threat == w[1] && c.environmental == w[2];
}

static size_t check_file(const char *path, size_t *wrong)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    size_t n = 0;
    hn_buf_init(&b, 16u << 20);
    if (!hn_ok(hn_read_file(path, &b, NULL)))
        return 0;
    struct hn_str rest = hn_buf_text(&b), line;
    while (hn_str_split(&rest, '\n', &line)) {
        ptrdiff_t dash = hn_str_find(line, HN_STR(" - "));
        if (dash < 0)
            continue;
        struct hn_str want = hn_str_trim(hn_str_cut(line, (size_t)dash + 3, line.n));
        if (want.n > 1 && want.p[0] == '(')
            want = hn_str_cut(want, 1, want.n - 1);
        n++;
        if (!line_agrees(hn_str_cut(line, 0, (size_t)dash), want)) {
            struct hn_cvss c = {0};
            hn_cvss_parse(hn_str_cut(line, 0, (size_t)dash), &c, NULL);
            if (++*wrong <= 20)
                printf("# %.*s: got %d %d %d\n", HN_FMT(line), c.base, c.threat, c.environmental);
        }
    }
    return n;
}

TEST_LONG(agrees_with_published_scores, 60)
{
    static const char *const files[] = {"simple2",       "calculator2", "cvsslib2", "simple3",
                                        "calculator3",   "cvsslib3",    "simple31", "simple4",
                                        "supplemental4", "security4",   "threat4"};
    const char *dir = getenv("HINOMI_TEST_DATA"), *ci = getenv("CI");
    size_t total = 0, wrong = 0;
    char path[4096];
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/sbom/dev/cvss/vectors_%s", dir ? dir : "../shared/data", files[i]);
        total += check_file(path, &wrong);
    }
    if (!total && !(ci && strcmp(ci, "true") == 0))
        SKIP("no published vectors: set HINOMI_TEST_DATA");
    NOTE("%zu vectors", total);
    CHECK_UINT(wrong, 0);
    CHECK(total > 5000);
}
