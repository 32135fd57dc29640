/* Advisory data that is missing or old is a finding of its own: without it, "nothing found" says nothing. */
#include "base/str.h"
#include "core/facts.h"
#include "modules/feed/feed.h"

#define OLD_DAYS 7

/* The base ecosystem of the host's packages, as OSV names it; empty: packages that no source judges. */
static struct hn_str ecosystem_of(const struct hn_obs *os, const struct hn_obs *package)
{
    static const struct {
        const char *id, *ecosystem;
    } known[] = {
        {"debian", "Debian"},     {"ubuntu", "Ubuntu"},         {"alpine", "Alpine"},     {"rhel", "Red Hat"},
        {"rocky", "Rocky Linux"}, {"almalinux", "AlmaLinux"},   {"opensuse", "openSUSE"}, {"opensuse-leap", "openSUSE"},
        {"sles", "SUSE"},         {"chainguard", "Chainguard"}, {"wolfi", "Wolfi"},       {"centos", "Red Hat"}};
    struct hn_str id = hn_obs_get(os, "id");
    for (size_t i = 0; package && i < sizeof known / sizeof *known; i++)
        if (hn_str_eqc(id, known[i].id))
            return hn_str_c(known[i].ecosystem);
    return HN_STR("");
}

static bool index_has(const struct hn_adv_index *x, struct hn_str ecosystem)
{
    struct hn_str name;
    uint64_t entries;
    for (uint32_t i = 0; hn_adv_ecosystem_at(x, i, &name, &entries); i++)
        if (hn_str_eq(name, ecosystem) && entries)
            return true;
    return false;
}

static void find_none(struct hn_judge *j, const struct hn_obs *os, struct hn_str ecosystem)
{
    struct hn_finding *f = hn_find(j, "no-data", ecosystem, HN_STR(""));
    hn_find_param(f, "ecosystem", ecosystem);
    hn_find_param_int(f, "packages", (int64_t)hn_facts_count(hn_judge_facts(j), "packages.package"));
    hn_find_evidence(f, os, "host");
    hn_find_cause(f, HN_STR("feed:missing"));
}

/* Vendors publish when they have something to say: of these the import counts. */
static bool is_occasional(const struct hn_adv_feed *feed)
{
    return hn_str_eqc(feed->kind, "csaf") || hn_str_eqc(feed->kind, "openvex");
}

/* By the date of the data, not of the import, since a copy of old data is old; or by when its source was last asked and
 * had nothing newer. */
static void find_old(struct hn_judge *j, const struct hn_obs *os, const struct hn_adv_feed *feed, int64_t limit)
{
    hn_time asked = hn_judge_feed_checked(j, feed->name), at = is_occasional(feed) ? feed->imported : feed->date;
    char date[HN_TIME_TEXT];
    at = asked > at ? asked : at;
    int64_t days = (hn_judge_now(j) - at) / HN_DAY;
    if (!at || days <= limit)
        return;
    struct hn_finding *f = hn_find(j, "old", feed->name, HN_STR(""));
    hn_find_param(f, "feed", feed->name);
    hn_find_param_int(f, "days", days);
    hn_find_param_int(f, "limit", limit);
    hn_find_param(f, "date", hn_str_c(hn_time_text(at, date)));
    hn_find_evidence(f, os, "host");
    hn_find_cause(f, hn_arena_fmt(hn_judge_arena(j), "feed:%.*s", HN_FMT(feed->name)));
}

void feed_judge(struct hn_judge *j)
{
    const struct hn_facts *facts = hn_judge_facts(j);
    const struct hn_obs *os = hn_facts_first(facts, "host.os");
    const struct hn_adv_index *x = hn_judge_advisories(j);
    struct hn_str ecosystem = ecosystem_of(os, hn_facts_first(facts, "packages.package"));
    int64_t limit = hn_judge_policy_int(j, "feed.old-days", OLD_DAYS);
    struct hn_adv_feed feed;
    if (!os)
        return;
    if (ecosystem.n && (!x || !index_has(x, ecosystem)))
        find_none(j, os, ecosystem);
    for (uint32_t i = 0; x && i < x->n_feeds && hn_adv_feed_at(x, i, &feed); i++)
        find_old(j, os, &feed, limit);
}
