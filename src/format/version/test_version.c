#include "hn_test.h"

#include "base/buf.h"
#include "base/fs.h"
#include "base/str.h"
#include "format/version/version.h"

static int cmp(enum hn_version_order order, const char *a, const char *b)
{
    return hn_version_cmp(order, hn_bytes_of(a, strlen(a)), hn_bytes_of(b, strlen(b)));
}

/* Rows of versions in ascending order, "=" between equal ones: every pair of a row is compared both ways. */
static void check_row(enum hn_version_order order, const char *row)
{
    const char *words[64];
    char copy[1024];
    int rank[64], n = 0, r = 0;
    snprintf(copy, sizeof copy, "%s", row);
    for (char *w = strtok(copy, " "); w && n < 64; w = strtok(NULL, " ")) {
        if (strcmp(w, "=") == 0) {
            r--;
            continue;
        }
        words[n] = w;
        rank[n++] = r++;
    }
    for (int i = 0; i < n; i++)
        for (int k = 0; k < n; k++) {
            int got = cmp(order, words[i], words[k]);
            NOTE("%s: %s against %s", hn_version_order_name(order), words[i], words[k]);
            CHECK_INT((got > 0) - (got < 0), (rank[i] > rank[k]) - (rank[i] < rank[k]));
        }
}

static void check_rows(enum hn_version_order order, const char *const *rows)
{
    for (; *rows; rows++) {
        check_row(order, *rows);
        STOP_IF_FAILED();
    }
}

TEST(semver_clause_11)
{
    check_rows(HN_ORDER_SEMVER,
               (const char *const[]){
                   "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0",
                   "1.0.0-1 1.0.0-2 1.0.0-10 1.0.0-A 1.0.0-a 1.0.0-a-b", "v1.2.3 = 1.2.3 = 1.2.3+x = 1.2.3+y 1.2.4",
                   "1 = 1.0 = 1.0.0 1.0.1 1.1 2", "1.0.0-99999999999999999999998 1.0.0-99999999999999999999999", NULL});
}

TEST(go_modules_and_releases)
{
    check_rows(HN_ORDER_GO,
               (const char *const[]){
                   "v0.0.0-20190101000000-abcdefabcdef v0.0.0-20200101000000-000000000000 "
                   "v0.0.1-0.20200101000000-0123456789ab v0.0.1",
                   "2.0.0+incompatible = v2.0.0 v2.0.1+incompatible",
                   "1.20.14 1.21.0-0 go1.21rc1 = 1.21.0-rc.1 1.21rc2 go1.21rc10 go1.21.0 = 1.21 go1.21.1 go1.21.10",
                   "go1.9 go1.16.9 = 1.16.9 go1.16.10", NULL});
}

TEST(pep_440)
{
    check_rows(HN_ORDER_PEP440,
               (const char *const[]){
                   "1.dev0 1.0.dev456 1.0a1 1.0a2.dev456 1.0a12.dev456 1.0a12 1.0b1.dev456 1.0b2 1.0b2.post345.dev456 "
                   "1.0b2.post345 1.0rc1.dev456 1.0rc1 1.0 1.0+abc.5 1.0+abc.7 1.0+5 1.0.post456.dev34 1.0.post456 "
                   "1.0.15 1.1.dev1",
                   "1.0 = v1.0 = 1.0.0 = 0!1 1.0.post0 = 1.0-0 = 1.0.r0 = 1.0rev 1.0-1 = 1.0.post1",
                   "1.0alpha1 = 1.0a1 = 1.0-A.1 1.0c1 = 1.0rc1 = 1.0preview1 = 1.0_pre_1 1.0", "2014.04 1!0.1 1!1",
                   "not-a-version 0.0.dev0", "0.9-a 0.9-b 1.0", NULL});
}

TEST(maven)
{
    check_rows(HN_ORDER_MAVEN, (const char *const[]){"1-alpha = 1alpha 1-beta 1-milestone 1-rc = 1-cr 1-SNAPSHOT 1 = "
                                                     "1.0 = 1-ga = 1.final = 1-RELEASE 1-sp 1-abc 1-xyz 1-1",
                                                     "1.0-a1 = 1.0-alpha-1 1.0-b1 1.0", NULL});
}

TEST(rubygems)
{
    check_rows(HN_ORDER_RUBYGEMS, (const char *const[]){"1.0.a 1.0.b1 1.0-1 1.0 = 1 = 1.0.0 1.0.1 1.9 1.10",
                                                        "1.0.0.rc1 = 1.0.rc1 1.0.rc2 1", NULL});
}

TEST(nuget)
{
    check_rows(HN_ORDER_NUGET,
               (const char *const[]){
                   "1.0.0-ALPHA = 1.0.0-alpha 1.0.0-beta.2 1.0.0-beta.10 1.0 = 1.0.0.0 = 1+x 1.0.0.1-a 1.0.0.1", NULL});
}

TEST(packagist)
{
    check_rows(HN_ORDER_PACKAGIST, (const char *const[]){"dev-main 1.0-dev 1.0-alpha1 = 1.0a1 1.0-beta2 1.0-RC1 = "
                                                         "1.0rc1 1.0 = v1.0 1.0.1 1.0-p1 = 1.0-patch1 = 1.0pl1",
                                                         "1.# = 1.1 1.#.1", "1.#.beta 1.# = 1", NULL});
}

TEST(cran)
{
    check_rows(HN_ORDER_CRAN, (const char *const[]){"0.9 0.75 1.0 = 1-0 1.0.0 1.0.1 1.0-2", NULL});
}

TEST(rpm)
{
    check_rows(
        HN_ORDER_RPM,
        (const char *const[]){
            "1.0~rc1-1 1.0~rc2-1 1.0-1 1.0-1.el8 1.0-1.el9 1.0-2 1.0^git1-1 1.0^git2-1 1.0.1-1 0:1.1-1 = 1.1-1 1:0.1-1",
            "1.0a 1.0b 1.0.1 1.01 = 1.1 1.10", NULL});
}

TEST(pacman)
{
    check_rows(HN_ORDER_ALPM, (const char *const[]){"1.0a 1.0b 1.0beta 1.0p 1.0pre 1.0rc 1.0 1.0.a 1.0.1 1:0.1", NULL});
    CHECK_INT(cmp(HN_ORDER_ALPM, "1.0", "1.0-2"), 0);
    CHECK(cmp(HN_ORDER_ALPM, "1.0-1", "1.0-2") < 0);
}

TEST(apk)
{
    check_rows(HN_ORDER_APK, (const char *const[]){"1.2_alpha 1.2_alpha1 1.2_beta 1.2_pre 1.2_rc1 1.2_rc1-r1 1.2 "
                                                   "1.2-r0 1.2-r1 1.2_git20200101 1.2_p1 1.2_p1_p2 1.2b 1.2.0",
                                                   "1.0.01 1.0.1 1.0.10 1.1", "1.2~abc-r0 = 1.2~def-r0 1.2-r1",
                                                   "0...8 0..8 = 0..8 0..10", "0.8.r1 0.8.r2 0.8r2", NULL});
}

TEST(generic)
{
    check_rows(HN_ORDER_GENERIC,
               (const char *const[]){
                   "1.0-alpha1 1.0-beta1 1.0-beta2 1.0rc1 1.0 = v1.0 = 1.0.0 1.0a 1.0k 1.0.1 1.0.1a 1.1 1.10",
                   "9.8 9.8p1 9.9", "3.0.0:beta1 3.0.0 3.0.1", NULL});
}

TEST(knows_ecosystems_and_types)
{
    CHECK_INT(hn_version_order_of_ecosystem(HN_STR("Debian:12")), HN_ORDER_DEB);
    CHECK_INT(hn_version_order_of_ecosystem(HN_STR("Ubuntu:Pro:22.04:LTS")), HN_ORDER_DEB);
    CHECK_INT(hn_version_order_of_ecosystem(HN_STR("Alpine:v3.18")), HN_ORDER_APK);
    CHECK_INT(hn_version_order_of_ecosystem(HN_STR("Red Hat:rhel_aus:8.4::appstream")), HN_ORDER_RPM);
    CHECK_INT(hn_version_order_of_ecosystem(HN_STR("pypi")), HN_ORDER_PEP440);
    CHECK_INT(hn_version_order_of_ecosystem(HN_STR("Androidx")), HN_ORDER_UNKNOWN);
    CHECK_INT(hn_version_order_of_ecosystem(HN_STR("")), HN_ORDER_UNKNOWN);
    CHECK_INT(hn_version_order_of_purl(HN_STR("golang")), HN_ORDER_GO);
    CHECK_INT(hn_version_order_of_purl(HN_STR("github")), HN_ORDER_UNKNOWN);
}

TEST(tells_what_has_no_valid_form)
{
    static const struct {
        enum hn_version_order order;
        const char *good, *bad;
    } rows[] = {
        {HN_ORDER_SEMVER, "1.2.3-a.1+b.01", "1.2"},
        {HN_ORDER_SEMVER, "0.0.0", "1.2.3-01"},
        {HN_ORDER_PEP440, " 1!1.0.post1+a.b ", "1.0+"},
        {HN_ORDER_PEP440, "1.0-1", "1.0-x"},
        {HN_ORDER_APK, "1.2b_rc1~ab-r1", "1.2-r"},
        {HN_ORDER_APK, "1", "1.2_foo"},
        {HN_ORDER_GO, "go1.21rc1", "(devel)"},
        {HN_ORDER_GO, "v1.2.3+incompatible", "unknown"},
        {HN_ORDER_CRAN, "1.2-3", "1.2a"},
        {HN_ORDER_MAVEN, "1-SNAPSHOT", "${project.version}"},
        {HN_ORDER_RPM, "1.2-3.el9", "UNKNOWN"},
        {HN_ORDER_NUGET, "1.0.0.0", "$version"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        NOTE("%s %s %s", hn_version_order_name(rows[i].order), rows[i].good, rows[i].bad);
        CHECK(hn_version_valid(rows[i].order, hn_str_bytes(hn_str_c(rows[i].good))));
        CHECK(!hn_version_valid(rows[i].order, hn_str_bytes(hn_str_c(rows[i].bad))));
    }
}

/* Whatever the bytes: an order (reflexive, antisymmetric), in every pair and every prefix. */
TEST(any_bytes_are_ordered)
{
    static const char *const odd[] = {"",
                                      "0",
                                      "00",
                                      ":",
                                      "-",
                                      "~",
                                      "^",
                                      "~~",
                                      "^^",
                                      "!",
                                      "1!",
                                      "1!!",
                                      "+",
                                      "1+",
                                      "v",
                                      "vv1",
                                      "go",
                                      "go1",
                                      "1-",
                                      "-1",
                                      "1-r",
                                      "1_",
                                      "_p",
                                      ".",
                                      "..",
                                      "1..2",
                                      "\xff\xfe",
                                      "1.0\n",
                                      "a-b-c",
                                      "1.-.2",
                                      "1-0-0-a-0",
                                      "rc",
                                      "dev",
                                      "99999999999999999999999999999999999999",
                                      "1.0-final-ga.0-0.0.x-0",
                                      "pre-0",
                                      "0.0-pre-00-x",
                                      "#"};
    for (unsigned order = 0; order < HN_ORDER_COUNT; order++)
        for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
            CHECK_INT(cmp(order, odd[i], odd[i]), 0);
            for (size_t k = 0; k < sizeof odd / sizeof *odd; k++) {
                int ab = cmp(order, odd[i], odd[k]), ba = cmp(order, odd[k], odd[i]);
                NOTE("%s: %s, %s", hn_version_order_name(order), odd[i], odd[k]);
                CHECK_INT((ab > 0) - (ab < 0), (ba < 0) - (ba > 0));
            }
        }
}

/* A hundred thousand parts: linear, and no stack. */
TEST(long_versions_take_linear_time)
{
    enum { N = 100000 };
    char *a = malloc(2 * N), *b = malloc(2 * N);
    static const char *const pairs[] = {"1.", "0.", "1-", "0-", "a1", "-0", "~1", ".0", "_p"};
    CHECK(a && b);
    for (size_t p = 0; p < sizeof pairs / sizeof *pairs; p++) {
        for (size_t i = 0; i < N; i++)
            memcpy(a + 2 * i, pairs[p], 2);
        memcpy(b, a, 2 * N);
        b[2 * N - 1] = '7';
        for (unsigned order = 0; order < HN_ORDER_COUNT; order++) {
            int ab = hn_version_cmp(order, hn_bytes_of(a, 2 * N), hn_bytes_of(b, 2 * N));
            int ba = hn_version_cmp(order, hn_bytes_of(b, 2 * N), hn_bytes_of(a, 2 * N));
            CHECK_INT((ab > 0) - (ab < 0), (ba < 0) - (ba > 0));
        }
    }
    free(a);
    free(b);
}

/* ---------------------------------------------------------------- published orders: "a < b" a line */

static size_t compare_file(enum hn_version_order order, const char *path, size_t *ret_wrong)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    size_t n = 0;
    hn_buf_init(&b, 16u << 20);
    if (!hn_ok(hn_read_file(path, &b, NULL)))
        return 0;
    struct hn_str rest = hn_buf_text(&b), line, a, op, c;
    while (hn_str_split(&rest, '\n', &line)) {
        line = hn_str_trim(line);
        if (!line.n || hn_str_starts(line, "//") || line.p[0] == '#' || !hn_str_word(&line, &a) ||
            !hn_str_word(&line, &op) || !hn_str_word(&line, &c))
            continue;
        int got = hn_version_cmp(order, hn_str_bytes(a), hn_str_bytes(c));
        int want = op.p[0] == '<' ? -1 : op.p[0] == '>';
        n++;
        if ((got > 0) - (got < 0) != want) {
            printf("# %s: %.*s %.*s %.*s\n", hn_version_order_name(order), HN_FMT(a), HN_FMT(op), HN_FMT(c));
            ++*ret_wrong;
        }
    }
    return n;
}

TEST_LONG(agrees_with_published_orders, 60)
{
    static const struct {
        const char *file;
        enum hn_version_order order;
    } files[] = {
        {"alpine-versions", HN_ORDER_APK},        {"cran-versions", HN_ORDER_CRAN},
        {"debian-versions", HN_ORDER_DEB},        {"maven-versions", HN_ORDER_MAVEN},
        {"nuget-versions", HN_ORDER_NUGET},       {"packagist-versions", HN_ORDER_PACKAGIST},
        {"pypi-versions", HN_ORDER_PEP440},       {"redhat-versions", HN_ORDER_RPM},
        {"rubygems-versions", HN_ORDER_RUBYGEMS}, {"semver-versions", HN_ORDER_SEMVER},
        {"pub-versions", HN_ORDER_PUB},           {"hackage-versions", HN_ORDER_CRAN},
    };
    const char *dir = getenv("HINOMI_TEST_DATA"), *ci = getenv("CI");
    size_t total = 0, wrong = 0;
    char path[4096];
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        for (unsigned generated = 0; generated < 2; generated++) {
            snprintf(path, sizeof path, "%s/sbom/dev/versions/%s%s.txt", dir ? dir : "../shared/data", files[i].file,
                     generated ? "-generated" : "");
            total += compare_file(files[i].order, path, &wrong);
        }
    if (!total && !(ci && strcmp(ci, "true") == 0))
        SKIP("no published version orders: set HINOMI_TEST_DATA");
    NOTE("%zu comparisons", total);
    CHECK_UINT(wrong, 0);
    CHECK(total > 40000);
}
