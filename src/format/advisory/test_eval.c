#include "hn_test.h"

#include "format/advisory/eval.h"

#define EVENTS(...)                                                                                                    \
    (const struct hn_adv_event[]){__VA_ARGS__},                                                                        \
        sizeof((struct hn_adv_event[]){__VA_ARGS__}) / sizeof(struct hn_adv_event)
#define INTRODUCED(v)                                                                                                  \
    {                                                                                                                  \
        HN_EVENT_INTRODUCED, HN_STR_INIT(v)                                                                            \
    }
#define FIXED(v)                                                                                                       \
    {                                                                                                                  \
        HN_EVENT_FIXED, HN_STR_INIT(v)                                                                                 \
    }
#define LAST(v)                                                                                                        \
    {                                                                                                                  \
        HN_EVENT_LAST_AFFECTED, HN_STR_INIT(v)                                                                         \
    }
#define LIMIT(v)                                                                                                       \
    {                                                                                                                  \
        HN_EVENT_LIMIT, HN_STR_INIT(v)                                                                                 \
    }

static struct hn_adv_eval eval(const struct hn_adv_affected *f, enum hn_version_order order, const char *v)
{
    struct hn_adv_eval e;
    hn_adv_evaluate(f, order, hn_str_c(v), &e);
    return e;
}

/* One range: words after "+" are affected, the others are not. */
static void check_range(struct hn_adv_range range, enum hn_version_order order, const char *in, const char *out)
{
    struct hn_adv_affected f = {.ranges = &range, .n_ranges = 1};
    struct hn_str rest = hn_str_c(in), w;
    char v[64];
    for (int yes = 1; yes >= 0; yes--, rest = hn_str_c(out))
        while (hn_str_word(&rest, &w)) {
            snprintf(v, sizeof v, "%.*s", HN_FMT(w));
            NOTE("%s should be %s", v, yes ? "affected" : "free");
            CHECK_INT(eval(&f, order, v).verdict, yes ? HN_VERDICT_AFFECTED : HN_VERDICT_NOT);
        }
}

TEST(the_last_event_reached_decides)
{
    enum hn_adv_range_type s = HN_RANGE_SEMVER;
    check_range((struct hn_adv_range){s, {0}, EVENTS(INTRODUCED("1.0.0"), FIXED("1.0.2"))}, HN_ORDER_SEMVER,
                "1.0.0 1.0.1 1.0.2-rc.1", "0.9 1.0.0-rc.1 1.0.2 2.0.0");
    STOP_IF_FAILED();
    check_range((struct hn_adv_range){s, {0}, EVENTS(INTRODUCED("1.0.0"), LAST("1.0.2"))}, HN_ORDER_SEMVER,
                "1.0.0 1.0.2", "0.9 1.0.3");
    STOP_IF_FAILED();
    /* events in no order, several intervals */
    check_range(
        (struct hn_adv_range){s, {0}, EVENTS(FIXED("3.0.0"), INTRODUCED("2.0.0"), FIXED("1.5.0"), INTRODUCED("0"))},
        HN_ORDER_SEMVER, "0.0.1 1.4.9 2.0.0 2.9.9", "1.5.0 1.9.9 3.0.0 3.1.0");
    STOP_IF_FAILED();
    /* a tie: introduced, then fixed */
    check_range((struct hn_adv_range){s, {0}, EVENTS(FIXED("1.0.0"), INTRODUCED("1.0.0"))}, HN_ORDER_SEMVER, "",
                "1.0.0 2.0.0");
    STOP_IF_FAILED();
    /* reached again after the fix */
    check_range(
        (struct hn_adv_range){s, {0}, EVENTS(INTRODUCED("0"), FIXED("1.0.0"), INTRODUCED("1.0.0"), LAST("1.0.0"))},
        HN_ORDER_SEMVER, "0.9.0", "1.0.0 1.0.1");
    STOP_IF_FAILED();
    check_range((struct hn_adv_range){s, {0}, EVENTS(FIXED("1.0.0"))}, HN_ORDER_SEMVER, "", "0.1.0 1.0.0 2.0.0");
}

TEST(limits_are_alternatives)
{
    enum hn_adv_range_type e = HN_RANGE_ECOSYSTEM;
    check_range((struct hn_adv_range){e, {0}, EVENTS(INTRODUCED("0"), LIMIT("1.5"), LIMIT("1.2"))}, HN_ORDER_PEP440,
                "1.1 1.3 1.4.9", "1.5 1.6");
    STOP_IF_FAILED();
    check_range((struct hn_adv_range){e, {0}, EVENTS(INTRODUCED("1.0"), LIMIT("*"))}, HN_ORDER_PEP440, "1.0 9", "0.9");
}

TEST(order_is_that_of_the_ecosystem_or_semver)
{
    check_range((struct hn_adv_range){HN_RANGE_ECOSYSTEM, {0}, EVENTS(INTRODUCED("0"), FIXED("1:1.0-1"))}, HN_ORDER_DEB,
                "2.0-1 1:0.9-1 1:1.0-1~bpo1", "1:1.0-1 2:0");
    STOP_IF_FAILED();
    check_range((struct hn_adv_range){HN_RANGE_SEMVER, {0}, EVENTS(INTRODUCED("0"), FIXED("1.0.0"))}, HN_ORDER_DEB,
                "1.0.0-1", "1.0.0");
    STOP_IF_FAILED();
    check_range((struct hn_adv_range){HN_RANGE_SEMVER, {0}, EVENTS(INTRODUCED("1.21.0-0"), FIXED("1.21.4"))},
                HN_ORDER_GO, "go1.21rc2 go1.21 v1.21.3 1.21.3+incompatible", "go1.20.11 go1.21.4 go1.9");
}

TEST(git_ranges_are_passed_over)
{
    struct hn_adv_range ranges[] = {{HN_RANGE_GIT, HN_STR_INIT("https://x"), EVENTS(INTRODUCED("0"), FIXED("abcdef"))},
                                    {HN_RANGE_ECOSYSTEM, {0}, EVENTS(INTRODUCED("1.0"), FIXED("2.0"))}};
    struct hn_adv_affected f = {.ranges = ranges, .n_ranges = 2};
    CHECK_INT(eval(&f, HN_ORDER_PEP440, "1.5").verdict, HN_VERDICT_AFFECTED);
    CHECK_INT(eval(&f, HN_ORDER_PEP440, "2.0").verdict, HN_VERDICT_NOT);
    f.n_ranges = 1;
    struct hn_adv_eval e = eval(&f, HN_ORDER_PEP440, "1.5");
    CHECK_INT(e.verdict, HN_VERDICT_UNDECIDED);
    CHECK_INT(e.reason, HN_REASON_COMMITS_ONLY);
}

TEST(says_why)
{
    struct hn_adv_range range = {
        HN_RANGE_ECOSYSTEM, {0}, EVENTS(INTRODUCED("0"), LAST("1.4"), INTRODUCED("2.0"), FIXED("2.5"))};
    struct hn_str listed[] = {HN_STR_INIT("0.9.0"), HN_STR_INIT("3.0")};
    struct hn_adv_affected f = {.ranges = &range, .n_ranges = 1, .versions = {listed, 2}};
    struct hn_adv_eval e = eval(&f, HN_ORDER_PEP440, "0.9");
    CHECK_INT(e.reason, HN_REASON_LISTED);
    CHECK_TEXT(e.listed, "0.9.0");
    CHECK_TEXT(e.fixed, "2.5");
    e = eval(&f, HN_ORDER_PEP440, "1.0");
    CHECK_INT(e.reason, HN_REASON_RANGE);
    CHECK_TEXT(e.introduced, "0");
    CHECK_TEXT(e.until, "1.4");
    CHECK_INT(e.until_kind, HN_EVENT_LAST_AFFECTED);
    e = eval(&f, HN_ORDER_PEP440, "2.1");
    CHECK_TEXT(e.introduced, "2.0");
    CHECK_TEXT(e.fixed, "2.5");
    e = eval(&f, HN_ORDER_UNKNOWN, "2.1");
    CHECK_INT(e.verdict, HN_VERDICT_UNDECIDED);
    CHECK_INT(e.reason, HN_REASON_NO_ORDER);
    e = eval(&f, HN_ORDER_UNKNOWN, "3.0");
    CHECK_INT(e.reason, HN_REASON_LISTED);
    e = eval(&f, HN_ORDER_PEP440, "(devel)");
    CHECK_INT(e.reason, HN_REASON_NO_VERSION);
}

TEST(cve_records_by_their_own_rules)
{
    static const struct hn_adv_cve_change changes[] = {{HN_STR_INIT("1.2.4"), HN_STATUS_NOT_AFFECTED}};
    static const struct hn_adv_cve_version versions[] = {
        {HN_STATUS_NOT_AFFECTED, HN_STR_INIT("1.2.1"), {0}, {0}, {0}, NULL, 0},
        {HN_STATUS_AFFECTED, HN_STR_INIT("1.2.0"), HN_STR_INIT("semver"), HN_STR_INIT("1.3.0"), {0}, changes, 1},
        {HN_STATUS_AFFECTED, HN_STR_INIT("0"), HN_STR_INIT("custom"), {0}, HN_STR_INIT("0.5"), NULL, 0},
    };
    struct hn_adv_affected f = {.cve_versions = versions, .n_cve_versions = 3, .status = HN_STATUS_NOT_AFFECTED};
    CHECK_INT(eval(&f, HN_ORDER_UNKNOWN, "1.2.0").verdict, HN_VERDICT_AFFECTED);
    CHECK_TEXT(eval(&f, HN_ORDER_UNKNOWN, "1.2.0").fixed, "1.2.4");
    CHECK_INT(eval(&f, HN_ORDER_UNKNOWN, "1.2.1").verdict, HN_VERDICT_NOT);
    CHECK_INT(eval(&f, HN_ORDER_UNKNOWN, "1.2.5").verdict, HN_VERDICT_NOT);
    CHECK_INT(eval(&f, HN_ORDER_UNKNOWN, "0.5").verdict, HN_VERDICT_AFFECTED);
    CHECK_INT(eval(&f, HN_ORDER_UNKNOWN, "0.6").verdict, HN_VERDICT_NOT);
}

TEST(the_release_must_match)
{
    static const struct {
        const char *ecosystem, *release, *version;
        enum hn_adv_release_fit fit;
    } rows[] = {
        {"Debian:12", "12", "", HN_RELEASE_SAME},
        {"Debian:12", "12.5", "", HN_RELEASE_SAME},
        {"Debian:12", "bookworm", "", HN_RELEASE_SAME},
        {"Debian:12", "11", "", HN_RELEASE_OTHER},
        {"Debian:1", "12", "", HN_RELEASE_OTHER},
        {"Debian:12", "", "", HN_RELEASE_UNSAID},
        {"Debian", "", "", HN_RELEASE_SAME},
        {"Ubuntu:22.04:LTS", "22.04", "", HN_RELEASE_SAME},
        {"Ubuntu:22.04:LTS", "jammy", "", HN_RELEASE_SAME},
        {"Ubuntu:22.10", "22.04", "", HN_RELEASE_OTHER},
        {"Ubuntu:Pro:16.04:LTS", "16.04", "1.0-1", HN_RELEASE_EXTRA},
        {"Ubuntu:Pro:16.04:LTS", "16.04", "1.0-1+esm2", HN_RELEASE_SAME},
        {"Alpine:v3.18", "3.18.4", "", HN_RELEASE_SAME},
        {"Alpine:v3.18", "v3.1", "", HN_RELEASE_OTHER},
        {"Alpine:v3.18", "edge", "", HN_RELEASE_OTHER},
        {"Red Hat:rhel_aus:8.4::appstream", "8.4", "", HN_RELEASE_SAME},
        {"Red Hat:enterprise_linux:9::baseos", "8.4", "", HN_RELEASE_OTHER},
        {"Rocky Linux:8", "8.9", "", HN_RELEASE_SAME},
        {"SUSE:Linux Enterprise Server 15 SP5", "15.5", "", HN_RELEASE_SAME},
        {"SUSE:Linux Enterprise Server 15 SP5", "15.4", "", HN_RELEASE_OTHER},
        {"openSUSE:Leap 15.5", "15.5", "", HN_RELEASE_SAME},
        {"PyPI", "", "", HN_RELEASE_SAME},
        {"Wolfi", "20230201", "", HN_RELEASE_SAME},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct hn_adv_distro d = {{"", 0}, hn_str_c(rows[i].release)};
        NOTE("%s on %s", rows[i].ecosystem, rows[i].release);
        CHECK_INT(hn_adv_release_fits(hn_str_c(rows[i].ecosystem), &d, hn_str_c(rows[i].version)), rows[i].fit);
    }
}

/* Very many events: one pass. */
TEST(a_huge_range_costs_one_pass)
{
    enum { N = 300000 };
    struct hn_adv_event *e = calloc(N, sizeof *e);
    CHECK(e);
    for (size_t i = 0; i < N; i++)
        e[i] = (struct hn_adv_event){i % 2 ? HN_EVENT_FIXED : HN_EVENT_INTRODUCED, hn_str_c(i % 2 ? "1.1" : "1.0")};
    struct hn_adv_range range = {HN_RANGE_ECOSYSTEM, {0}, e, N};
    struct hn_adv_affected f = {.ranges = &range, .n_ranges = 1};
    CHECK_INT(eval(&f, HN_ORDER_PEP440, "1.0.5").verdict, HN_VERDICT_AFFECTED);
    CHECK_INT(eval(&f, HN_ORDER_PEP440, "1.1").verdict, HN_VERDICT_NOT);
    free(e);
}

/* ---------------------------------------------------------------- ranges of versions */

static enum hn_adv_overlap overlap(const struct hn_adv_affected *f, enum hn_version_order order, const char *range,
                                   struct hn_adv_eval *ret)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    struct hn_vers v;
    hn_arena_init(&a, 1u << 20);
    if (!hn_vers_parse(&a, hn_str_c(range), &v))
        return HN_OVERLAP_UNDECIDED;
    return hn_adv_evaluate_range(f, order, &v, ret);
}

/* Every pair of intervals with ends among 1 … 4, open and closed, against what holds of the versions one by one. */
TEST(a_range_is_what_its_versions_are)
{
    static const char *const lower[] = {">", ">="}, *const upper[] = {"<", "<="};
    for (unsigned n = 0; n < 4 * 4 * 2 * 2 * 4 * 4 * 2; n++) {
        unsigned from = n % 4, to = n / 4 % 4, low = n / 16 % 2, high = n / 32 % 2, begin = n / 64 % 4,
                 end = n / 256 % 4, fixed = n / 1024 % 2;
        char range[64], in[16], until[16], version[16];
        if (to <= from)
            continue;
        snprintf(range, sizeof range, "vers:npm/%s%u.0.0|%s%u.0.0", lower[low], from + 1, upper[high], to + 1);
        snprintf(in, sizeof in, "%u.0.0", begin + 1);
        snprintf(until, sizeof until, "%u.0.0", end + 1);
        const struct hn_adv_event events[] = {{HN_EVENT_INTRODUCED, hn_str_c(in)},
                                              {fixed ? HN_EVENT_FIXED : HN_EVENT_LAST_AFFECTED, hn_str_c(until)}};
        struct hn_adv_range r = {HN_RANGE_SEMVER, {0}, events, 2};
        struct hn_adv_affected f = {.ranges = &r, .n_ranges = 1};
        unsigned yes = 0, no = 0;
        for (unsigned k = 0; k < 12; k++) {
            HN_AUTO(hn_arena_done) struct hn_arena a;
            hn_arena_init(&a, 1u << 16);
            snprintf(version, sizeof version, "%u.%u.0", k / 2, k % 2 * 5);
            if (hn_vers_holds(&a, hn_str_c(range), hn_str_c(version)) != HN_VERS_IN)
                continue;
            bool hit = eval(&f, HN_ORDER_SEMVER, version).verdict == HN_VERDICT_AFFECTED;
            yes += hit;
            no += !hit;
        }
        struct hn_adv_eval e;
        NOTE("%s against %s to %s (%s)", range, in, until, fixed ? "fixed" : "last affected");
        CHECK_INT(overlap(&f, HN_ORDER_SEMVER, range, &e), !yes ? HN_OVERLAP_NONE
                                                           : no ? HN_OVERLAP_SOME
                                                                : HN_OVERLAP_ALL);
        STOP_IF_FAILED();
    }
}

TEST(a_range_names_the_fix_above_it)
{
    struct hn_adv_range range = {
        HN_RANGE_ECOSYSTEM, {0}, EVENTS(INTRODUCED("0"), FIXED("1.5"), INTRODUCED("2.0"), FIXED("2.5"))};
    struct hn_str listed[] = {HN_STR_INIT("1.7")};
    struct hn_adv_affected f = {.ranges = &range, .n_ranges = 1};
    struct hn_adv_eval e;
    CHECK_INT(overlap(&f, HN_ORDER_PEP440, "vers:pypi/<1.5", &e), HN_OVERLAP_ALL);
    CHECK_INT(e.reason, HN_REASON_WHOLE);
    CHECK_TEXT(e.fixed, "1.5");
    CHECK_INT(overlap(&f, HN_ORDER_PEP440, "vers:pypi/<1.2|>=2.1|<=2.2", &e), HN_OVERLAP_ALL);
    CHECK_TEXT(e.fixed, "2.5");
    CHECK_INT(overlap(&f, HN_ORDER_PEP440, "vers:pypi/1.4|2.4", &e), HN_OVERLAP_ALL);
    CHECK_INT(overlap(&f, HN_ORDER_PEP440, "vers:pypi/>=1.5|<2.0", &e), HN_OVERLAP_NONE);
    CHECK_INT(overlap(&f, HN_ORDER_PEP440, "vers:pypi/*", &e), HN_OVERLAP_SOME);
    f.versions = (struct hn_adv_strs){listed, 1};
    CHECK_INT(overlap(&f, HN_ORDER_PEP440, "vers:pypi/>=1.5|<2.0", &e), HN_OVERLAP_SOME);
    CHECK_INT(overlap(&f, HN_ORDER_PEP440, "vers:pypi/>=1.5|!=1.7|<2.0", &e), HN_OVERLAP_NONE);
    CHECK_INT(overlap(&f, HN_ORDER_PEP440, "vers:pypi/1.7.0", &e), HN_OVERLAP_ALL);
}

TEST(a_range_is_not_decided_by_what_stands_in_another_order)
{
    struct hn_adv_range range = {HN_RANGE_SEMVER, {0}, EVENTS(INTRODUCED("0"))},
                        git = {HN_RANGE_GIT, HN_STR_INIT("https://x"), EVENTS(INTRODUCED("0"))};
    struct hn_adv_affected f = {.ranges = &range, .n_ranges = 1};
    struct hn_adv_eval e;
    CHECK_INT(overlap(&f, HN_ORDER_SEMVER, "vers:npm/*", &e), HN_OVERLAP_ALL);
    CHECK_INT(overlap(&f, HN_ORDER_PEP440, "vers:pypi/*", &e), HN_OVERLAP_UNDECIDED);
    CHECK_INT(overlap(&f, HN_ORDER_SEMVER, "vers:deb/*", &e), HN_OVERLAP_UNDECIDED);
    f.ranges = &git;
    CHECK_INT(overlap(&f, HN_ORDER_SEMVER, "vers:npm/*", &e), HN_OVERLAP_UNDECIDED);
    f = (struct hn_adv_affected){.ranges = &range, .n_ranges = 1, .status = HN_STATUS_NOT_AFFECTED};
    CHECK_INT(overlap(&f, HN_ORDER_SEMVER, "vers:npm/*", &e), HN_OVERLAP_UNDECIDED);
}
