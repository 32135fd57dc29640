/* VERS: containment as the specification has it, and what is not known. */
#include "format/version/vers.h"

#include "base/str.h"
#include "hn_test.h"

static enum hn_vers_answer holds(const char *range, const char *version)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    hn_arena_init(&a, 1u << 20);
    return hn_vers_holds(&a, hn_str_c(range), hn_str_c(version));
}

#define IN(r, v)  CHECK_INT(holds(r, v), HN_VERS_IN)
#define OUT(r, v) CHECK_INT(holds(r, v), HN_VERS_OUT)
#define WHO(r, v) CHECK_INT(holds(r, v), HN_VERS_UNKNOWN)

TEST(bounds)
{
    IN("vers:npm/>=1.0.0|<2.0.0", "1.0.0");
    IN("vers:npm/>=1.0.0|<2.0.0", "1.10.0");
    OUT("vers:npm/>=1.0.0|<2.0.0", "2.0.0");
    OUT("vers:npm/>=1.0.0|<2.0.0", "0.9.9");
    IN("vers:npm/<2.0.0|>=1.0.0", "1.5.0"); /* in any order */
    IN("vers:npm/<=2.0.0", "2.0.0");
    OUT("vers:npm/>2.0.0", "2.0.0");
    IN("vers:npm/>2.0.0", "2.0.1");
    OUT("vers:npm/<2.0.0|>2.0.0", "2.0.0");
    IN("vers:npm/<2.0.0|>2.0.0", "1.0.0");
    IN("vers:npm/>=1|<2|>=3|<4|>=5", "3.5.0");
    OUT("vers:npm/>=1|<2|>=3|<4|>=5", "4.0.0");
    IN("vers:npm/>=1|<2|>=3|<4|>=5", "9.0.0");
    OUT("vers:npm/>=1|<2|>=3|<4|>=5", "0.1.0");
}

TEST(redundant_bounds_change_nothing)
{
    IN("vers:npm/>=1|>2", "2.0.0");
    IN("vers:npm/>=1|>=2", "1.5.0");
    IN("vers:npm/<=1|<2", "1.5.0");
    OUT("vers:npm/<=1|<2", "2.0.0");
}

TEST(equal_and_not)
{
    IN("vers:pypi/0.1|0.2|=0.3", "0.3");
    IN("vers:pypi/1.0", "1.0.0"); /* the same to PEP 440 */
    OUT("vers:pypi/0.1|0.2", "0.3");
    OUT("vers:pypi/>=1|!=1.4|<2", "1.4");
    IN("vers:pypi/>=1|!=1.4|<2", "1.5");
    IN("vers:pypi/!=1.4", "1.5");
    OUT("vers:pypi/!=1.4", "1.4");
    IN("vers:gem/2.2|>=3|<4", "2.2");
    IN("vers:pypi/*", "anything");
    OUT("vers:mystery/!=1.5", "1.5");
    IN("vers:mystery/*", "1");
}

TEST(each_scheme_has_its_order)
{
    OUT("vers:deb/>=1.0", "1.0~rc1");
    IN("vers:deb/<1:1.0", "9.0");
    IN("vers:deb/<1%3A1.0", "9.0"); /* encoded */
    IN("vers:debian/>=1.0%2Bdfsg-1", "1.0+dfsg-1");
    IN("vers:maven/<1.0", "1.0-alpha-1");
    IN("vers:golang/>=v1.2.0|<v1.3.0", "1.2.5");
    IN("vers:rpm/<1.0", "1.0~rc1");
    IN("vers:alpine/<1.2-r3", "1.2-r2");
    IN("vers:generic/>=2.9|<=4.1", "3.0");
    IN("vers:npm/ >= 1.0.0 | < 2.0.0 ", "1.5.0"); /* blanks mean nothing */
}

TEST(what_is_not_known)
{
    WHO("vers:mystery/>=1|<2", "1.5");
    WHO("vers:mystery/>=1|<2", "7");
    IN("vers:mystery/1.5", "1.5");
    WHO("vers:mystery/!=1.5", "1.6");
    WHO("vers:mystery/1.5", "1.5.0");
    WHO("vers:npm/", "1");
    WHO("vers:npm/>=", "1");
    WHO("vers:npm/>=1||<2", "1");
    WHO("vers:/>=1", "1");
    WHO("vers:npm", "1");
    WHO("npm/>=1", "1");
    WHO("vers:npm/>=1", "");
    WHO("vers:npm/>=1", "unknown");
    WHO("", "1");
}

static bool has(const char *range, const char *version, bool above)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    struct hn_vers v;
    hn_arena_init(&a, 1u << 20);
    return hn_vers_parse(&a, hn_str_c(range), &v) && hn_vers_has(&v, hn_str_c(version), above);
}

TEST(what_lies_right_above)
{
    CHECK(has("vers:npm/>1.0.0|<2.0.0", "1.0.0", true) && !has("vers:npm/>1.0.0|<2.0.0", "1.0.0", false));
    CHECK(has("vers:npm/>=1.0.0|<=2.0.0", "2.0.0", false) && !has("vers:npm/>=1.0.0|<=2.0.0", "2.0.0", true));
    CHECK(has("vers:npm/<2.0.0", "", true) && !has("vers:npm/>=1.0.0|<2.0.0", "", true));
    CHECK(has("vers:npm/!=2.0.0", "2.0.0", true) && !has("vers:npm/!=2.0.0", "2.0.0", false));
    CHECK(has("vers:npm/1.0.0|2.0.0", "2.0.0", false) && !has("vers:npm/1.0.0|2.0.0", "1.0.0", true));
    CHECK(has("vers:npm/*", "", true) && has("vers:npm/*", "3.0.0", false));
}

TEST(what_cannot_be_read_once)
{
    static const char *const bad[] = {"vers:mystery/>=1", "vers:npm/", "vers:npm/>=",        "vers:npm/>=1||<2",
                                      "npm/>=1",          ">=1",       "vers:npm/>=unknown", ""};
    HN_AUTO(hn_arena_done) struct hn_arena a;
    struct hn_vers v;
    char many[1024] = "vers:npm/1";
    hn_arena_init(&a, 1u << 20);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        NOTE("%s", bad[i]);
        CHECK(!hn_vers_parse(&a, hn_str_c(bad[i]), &v));
    }
    for (unsigned i = 0; i < HN_VERS_MOST; i++)
        snprintf(many + strlen(many), sizeof many - strlen(many), "|%u", i + 2);
    CHECK(!hn_vers_parse(&a, hn_str_c(many), &v));
}
