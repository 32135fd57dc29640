#include "hn_test.h"

#include <fcntl.h>

#include "base/fs.h"
#include "base/str.h"
#include "core/facts.h"
#include "core/judge.h"
#include "core/registry.h"
#include "format/advisory/build.h"

#define CAP (64u << 20)

/* An index of two advisories for Debian's curl and one for another release, in memory. */
static struct hn_bytes index_of(struct hn_arena *a)
{
    static const struct hn_adv_event until[] = {{HN_EVENT_INTRODUCED, HN_STR_INIT("0")},
                                                {HN_EVENT_FIXED, HN_STR_INIT("7.88.1-10+deb12u5")}};
    static const struct hn_adv_range range = {HN_RANGE_ECOSYSTEM, HN_STR_INIT(""), until, 2};
    static const struct hn_str alias = HN_STR_INIT("CVE-2026-1000");
    struct hn_adv_affected f = {
        .ecosystem = HN_STR("Debian:12"), .name = HN_STR("curl"), .ranges = &range, .n_ranges = 1};
    struct hn_adv adv = {.family = HN_ADV_OSV, .id = HN_STR("DSA-1"), .affected = &f, .n_affected = 1};
    struct hn_adv kev = {.family = HN_ADV_KEV, .id = alias, .kev = {.listed = true, .added = HN_DAY}};
    struct hn_adv_feed feed = {.name = HN_STR("test"), .kind = HN_STR("osv")};
    struct hn_adv_build *b = NULL;
    char out_name[] = "/tmp/hn-judge-XXXXXX", spill_name[] = "/tmp/hn-judge-XXXXXX";
    HN_AUTO_FD out = mkstemp(out_name);
    HN_AUTO_FD spill = mkstemp(spill_name);
    HN_AUTO(hn_buf_done) struct hn_buf whole;
    struct hn_bytes none = {NULL, 0};
    uint16_t number;
    hn_buf_init(&whole, CAP);
    unlink(out_name);
    unlink(spill_name);
    adv.aliases = (struct hn_adv_strs){&alias, 1};
    if (!hn_ok(hn_adv_build_new(out, spill, 1024, &b)) || !hn_ok(hn_adv_build_feed(b, &feed, &number)))
        return none;
    struct hn_adv_lane *l = hn_adv_lane_new(b);
    if (!l)
        return none;
    bool ok = hn_adv_lane_add(l, number, &adv, NULL) && hn_adv_lane_add(l, number, &kev, NULL);
    adv.id = HN_STR("DSA-2");
    adv.aliases.n = 0;
    f.ecosystem = HN_STR("Debian:11");
    ok = ok && hn_adv_lane_add(l, number, &adv, NULL);
    ok = hn_ok(hn_adv_lane_end(l)) && hn_ok(hn_adv_build_end(b, HN_DAY, NULL)) && ok;
    hn_adv_build_free(b);
    lseek(out, 0, SEEK_SET);
    if (!ok || !hn_ok(hn_read_fd(out, &whole, NULL)))
        return none;
    return hn_arena_bytes(a, hn_bytes_of(whole.p, whole.n));
}

static bool add(struct hn_arena *a, struct hn_facts *facts, const char *json)
{
    const char *why = NULL;
    const struct hn_jv *o = hn_jv_parse(a, hn_bytes_of(json, strlen(json)), NULL);
    return o && hn_facts_add_json(facts, o, 20000 * HN_DAY, &why);
}

static const char os[] = "{\"module\":\"host\",\"kind\":\"os\",\"subject\":\"os\",\"fields\":{\"id\":\"debian\","
                         "\"version\":\"12\"}}";
#define PACKAGE(name, version)                                                                                         \
    "{\"module\":\"packages\",\"kind\":\"package\",\"subject\":\"" name ":amd64\",\"fields\":{\"name\":\"" name        \
    "\",\"arch\":\"amd64\",\"version\":\"" version "\",\"source\":\"curl\",\"source_version\":\"" version              \
    "\",\"manager\":\"dpkg\",\"installed\":true}}"

static const struct hn_module *sbom(void)
{
    for (size_t i = 0; i < hn_modules_n; i++)
        if (strcmp(hn_modules[i]->name, "sbom") == 0)
            return hn_modules[i];
    return NULL;
}

TEST(one_finding_for_a_source_about_all_its_binaries)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    hn_arena_init(&a, CAP);
    struct hn_facts *facts = hn_facts_new(&a);
    CHECK(facts && add(&a, facts, os) && add(&a, facts, PACKAGE("curl", "7.88.1-10+deb12u4")));
    CHECK(add(&a, facts, PACKAGE("libcurl4", "7.88.1-10+deb12u4")));
    struct hn_judge_options o = {.arena = &a, .facts = facts, .now = 20000 * HN_DAY, .live = true};
    struct hn_judged judged;
    hn_judge_run(&o, sbom(), &judged);
    CHECK_UINT(judged.n, 0); /* without advisories nothing is said */
    o.advisories = index_of(&a);
    CHECK(o.advisories.n);
    hn_judge_run(&o, sbom(), &judged);
    CHECK_UINT(judged.n, 1);
    const struct hn_finding *f = judged.first;
    CHECK_TEXT(f->subject, "curl");
    CHECK_TEXT(f->location, "CVE-2026-1000");
    CHECK_INT(f->fix, HN_FIX_UPGRADE);
    CHECK_TEXT(f->fix_target, "curl:amd64 libcurl4:amd64");
    CHECK_TEXT(f->fix_value, "7.88.1-10+deb12u5");
    CHECK(f->extra_terms && strcmp(f->extra_terms->name, "kev") == 0);
    CHECK_TEXT(f->cause, "upgrade:curl");
    hn_facts_free(facts);
}

TEST(fixed_versions_and_other_releases_say_nothing)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    hn_arena_init(&a, CAP);
    struct hn_facts *facts = hn_facts_new(&a);
    CHECK(facts && add(&a, facts, os) && add(&a, facts, PACKAGE("curl", "7.88.1-10+deb12u5")));
    struct hn_judge_options o = {.arena = &a, .facts = facts, .now = 20000 * HN_DAY, .advisories = index_of(&a)};
    struct hn_judged judged;
    CHECK(o.advisories.n);
    hn_judge_run(&o, sbom(), &judged);
    CHECK_UINT(judged.n, 0);
    hn_facts_free(facts);
}
