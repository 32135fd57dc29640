/* Is somebody still making security fixes for this operating system? */
#include "base/str.h"
#include "core/facts.h"
#include "modules/host/host.h"

#define ENDING_DAYS 180

static struct hn_str day(struct hn_judge *j, hn_time t)
{
    char text[HN_TIME_TEXT];
    hn_time_text(t, text);
    return hn_arena_fmt(hn_judge_arena(j), "%.10s", text);
}

static struct hn_finding *release(struct hn_judge *j, const char *rule, const struct hn_obs *os, hn_time until)
{
    struct hn_finding *f = hn_find(j, rule, HN_STR("release"), (struct hn_str){0});
    hn_find_param(f, "os", hn_obs_get(os, "pretty"));
    hn_find_param(f, "until", day(j, until));
    hn_find_param_int(
        f, "days", until > hn_judge_now(j) ? (until - hn_judge_now(j)) / HN_DAY : (hn_judge_now(j) - until) / HN_DAY);
    hn_find_evidence(f, os, "release");
    hn_find_cause(f, HN_STR("upgrade-release"));
    return f;
}

/* Paid support shows in the package sources: Ubuntu Pro's repositories have ESM in their names. */
static bool has_contract(const struct hn_facts *facts)
{
    HN_FACTS_EACH(r, facts, "packages.repository") {
        if (hn_str_find(hn_obs_get(r, "origin"), HN_STR("ESM")) >= 0 ||
            hn_str_find(hn_obs_get(r, "label"), HN_STR("ESM")) >= 0)
            return true;
    }
    return false;
}

static void judge_release(struct hn_judge *j, const struct hn_obs *os)
{
    hn_time now = hn_judge_now(j);
    hn_time until = hn_obs_get_time(os, "supported_until"), extended = hn_obs_get_time(os, "extended_until");
    bool free_lts = hn_str_eqc(hn_obs_get(os, "extended_kind"), "lts");
    if (!until)
        return; /* not in the table: unknown, and nothing is claimed */
    bool covered = extended && (free_lts || has_contract(hn_judge_facts(j)));
    hn_time last = covered ? extended : until;
    int64_t ending = hn_judge_policy_int(j, "host.release-ending-days", ENDING_DAYS);
    if (now >= last) {
        hn_find_since(release(j, "release-unsupported", os, last), last);
        return;
    }
    if (last - now < ending * HN_DAY)
        release(j, "release-ending", os, last);
    if (now >= until) {
        struct hn_finding *f = release(j, "release-limited", os, until);
        hn_find_param(f, "extended", day(j, extended));
        hn_find_since(f, until);
    }
}

static void judge_reboot(struct hn_judge *j)
{
    const struct hn_obs *state = hn_facts_first(hn_judge_facts(j), "host.state");
    const struct hn_str *packages;
    if (!hn_obs_get_bool(state, "reboot_required", false))
        return;
    struct hn_finding *f = hn_find(j, "reboot-required", HN_STR("host"), (struct hn_str){0});
    size_t n = hn_obs_get_list(state, "reboot_packages", &packages);
    struct hn_str names = n ? packages[0] : HN_STR("?");
    for (size_t i = 1; i < n && i < 6; i++)
        names = hn_arena_fmt(hn_judge_arena(j), "%.*s, %.*s", HN_FMT(names), HN_FMT(packages[i]));
    hn_find_param(f, "packages", names);
    hn_find_param_int(f, "count", (int64_t)n);
    hn_find_evidence(f, state, "state");
    hn_find_cause(f, HN_STR("reboot"));
}

void host_judge(struct hn_judge *j)
{
    const struct hn_obs *os = hn_facts_first(hn_judge_facts(j), "host.os");
    if (os)
        judge_release(j, os);
    judge_reboot(j);
}
