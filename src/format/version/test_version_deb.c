#include "hn_test.h"

#include "base/buf.h"
#include "base/fs.h"
#include "base/str.h"
#include "format/version/version.h"

static int cmp(const char *a, const char *b)
{
    return hn_version_deb_cmp(hn_bytes_of(a, strlen(a)), hn_bytes_of(b, strlen(b)));
}

/* a < b in both directions */
#define LESS(a, b)                                                                                                     \
    do {                                                                                                               \
        CHECK(cmp(a, b) < 0);                                                                                          \
        CHECK(cmp(b, a) > 0);                                                                                          \
    } while (0)
#define SAME(a, b)                                                                                                     \
    do {                                                                                                               \
        CHECK_INT(cmp(a, b), 0);                                                                                       \
        CHECK_INT(cmp(b, a), 0);                                                                                       \
    } while (0)

TEST(orders_parts_as_policy_says)
{
    LESS("1.0", "1.1");
    LESS("1.9", "1.10");
    LESS("1.0-1", "1.0-2");
    LESS("1.0-9", "1.0-10");
    LESS("1.0", "1.0-1");
    LESS("1.0a", "1.0b");
    LESS("1.0", "1.0a");
    LESS("1.0a", "1.0+");
    LESS("1.0-1", "1.0-1+b1");
    LESS("3.0.15-1~deb12u1", "3.0.17-1~deb12u2");
    LESS("7.88.1-10+deb12u5", "7.88.1-10+deb12u14");
    SAME("1.0", "1.0");
    SAME("1.01", "1.1");
    SAME("1.0-0", "1.0");
}

TEST(tilde_comes_before_the_end)
{
    LESS("1.0~rc1", "1.0");
    LESS("1.0~~", "1.0~");
    LESS("1.0~~a", "1.0~");
    LESS("1.0-1~bpo12+1", "1.0-1");
    LESS("~", "");
    LESS("1~", "1~a");
}

TEST(epoch_wins)
{
    LESS("9.9", "1:0.1");
    LESS("1:9", "2:1");
    SAME("0:1", "1");
    SAME("00:1", "1");
    LESS("a:1", "1:1"); /* no number before the colon: no epoch */
    LESS("99999999999999999999:1-1", "99999999999999999999:1-2");
}

TEST(numbers_of_any_length)
{
    LESS("1.99999999999999999999999999", "1.100000000000000000000000000");
    SAME("1.00000000000000000000000000000000000001", "1.1");
}

TEST(the_last_hyphen_begins_the_revision)
{
    LESS("1-2-3", "1-2-4");
    LESS("1-1-9", "1-2-1");
    SAME("-", "");
}

TEST(any_bytes_are_ordered)
{
    static const char *const odd[] = {
        "", ":", "-", "~", "~~", ":::", "1:", "\xff\xfe", "1.0\n", "a-b-c", "+", "0", "00"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        CHECK_INT(cmp(odd[i], odd[i]), 0);
        for (size_t k = 0; k < sizeof odd / sizeof *odd; k++) {
            int ab = cmp(odd[i], odd[k]), ba = cmp(odd[k], odd[i]);
            CHECK_INT((ab > 0) - (ab < 0), (ba < 0) - (ba > 0));
        }
    }
}

TEST(tells_what_is_no_version)
{
    CHECK(hn_version_deb_valid(hn_str_bytes(HN_STR("2:9.0.1378-2+deb12u2~a"))));
    CHECK(!hn_version_deb_valid(hn_str_bytes(HN_STR(""))));
    CHECK(!hn_version_deb_valid(hn_str_bytes(HN_STR("abc"))));
    CHECK(!hn_version_deb_valid(hn_str_bytes(HN_STR("1.0;rm"))));
    CHECK(!hn_version_deb_valid(hn_str_bytes(HN_STR("1.0 "))));
    CHECK(!hn_version_deb_valid(hn_bytes_of("1\0", 2)));
}

/* Published orders: "a < b", "a = b", "a > b" a line. */
static size_t compare_file(const char *path, size_t *ret_wrong)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    size_t n = 0;
    *ret_wrong = 0;
    hn_buf_init(&b, 16u << 20);
    if (!hn_ok(hn_read_file(path, &b, NULL)))
        return 0;
    struct hn_str rest = hn_buf_text(&b), line, a, op, c;
    while (hn_str_split(&rest, '\n', &line)) {
        line = hn_str_trim(line);
        if (!line.n || line.p[0] == '#' || !hn_str_word(&line, &a) || !hn_str_word(&line, &op) ||
            !hn_str_word(&line, &c))
            continue;
        int got = hn_version_deb_cmp(hn_str_bytes(a), hn_str_bytes(c));
        int want = op.p[0] == '<' ? -1 : op.p[0] == '>';
        n++;
        if ((got > 0) - (got < 0) != want) {
            printf("# %.*s %.*s %.*s\n", HN_FMT(a), HN_FMT(op), HN_FMT(c));
            ++*ret_wrong;
        }
    }
    return n;
}

TEST(agrees_with_published_orders)
{
    const char *dir = getenv("HINOMI_TEST_DATA"), *ci = getenv("CI");
    char path[4096];
    size_t total = 0, wrong;
    static const char *const names[] = {"debian-versions.txt", "debian-versions-generated.txt"};
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/sbom/dev/versions/%s", dir ? dir : "../shared/data", names[i]);
        total += compare_file(path, &wrong);
        CHECK_UINT(wrong, 0);
    }
    if (!total && !(ci && strcmp(ci, "true") == 0))
        SKIP("no published version orders: set HINOMI_TEST_DATA");
    CHECK(total > 9000);
    NOTE("%zu comparisons", total);
}
