/* Findings about backups. When nothing at all is seen there is one finding, not six. */
#include "core/facts.h"
#include "modules/backup/backup.h"

static const struct hn_obs *proof(struct hn_judge *j)
{
    return hn_facts_find(hn_judge_facts(j), "backup.proof", HN_STR("host"));
}

static void find_days(struct hn_judge *j, struct hn_finding *f, hn_time since)
{
    hn_find_param_int(f, "days", since ? (hn_judge_now(j) - since) / HN_DAY : 0);
}

static bool valid(const struct hn_obs *copy)
{
    return !hn_obs_get_bool(copy, "expired", true);
}

static bool judge_none(struct hn_judge *j, const struct hn_obs *p)
{
    static const char *const counts[] = {"configurations", "jobs", "repositories", "dumps", "copies"};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        if (hn_obs_get_int(p, counts[i], 0) > 0)
            return false;
    if (hn_facts_count(hn_judge_facts(j), "backup.copy"))
        return false; /* expired evidence is told as that */
    struct hn_finding *f = hn_find(j, "none", HN_STR("host"), HN_STR(""));
    hn_find_evidence(f, p, "backup");
    hn_find_cause(f, HN_STR("backup"));
    if (hn_obs_get_bool(p, "limited", false))
        hn_find_confidence(f, 60); /* there may be one where this run could not look */
    return true;
}

static void stale(struct hn_judge *j, const struct hn_obs *o, struct hn_str name, hn_time last, int64_t limit)
{
    if (!last || hn_judge_now(j) - last <= limit * HN_DAY)
        return;
    struct hn_finding *f = hn_find(j, "stale", name, HN_STR(""));
    hn_find_param(f, "name", name);
    hn_find_param_int(f, "limit", limit);
    find_days(j, f, last);
    hn_find_since(f, last + limit * HN_DAY);
    hn_find_evidence(f, o, "backup");
    hn_find_about(f, HN_REF_PATH, hn_obs_get(o, "path"));
}

static void judge_ages(struct hn_judge *j, const struct hn_obs *p)
{
    const struct hn_facts *facts = hn_judge_facts(j);
    int64_t limit = hn_judge_policy_int(j, "backup.stale-days", 2);
    int64_t limit_attested = hn_judge_policy_int(j, "backup.attested-stale-days", 31);
    HN_FACTS_EACH(r, facts, "backup.repository")
        stale(j, r, r->subject, hn_obs_get_time(r, "newest"), limit);
    HN_FACTS_EACH(c, facts, "backup.copy") {
        if (valid(c)) /* tapes are written by the week or the month */
            stale(j, c, c->subject, hn_obs_get_time(c, "last_success"), limit_attested);
    }
    if (!hn_facts_count(facts, "backup.repository"))
        stale(j, p, HN_STR("dumps"), hn_obs_get_time(p, "newest_dump"), limit);
    if (hn_obs_has(p, "last_success"))
        return;
    struct hn_finding *f = hn_find(j, "unproven", HN_STR("host"), HN_STR(""));
    hn_find_param_int(f, "jobs", hn_obs_get_int(p, "jobs", 0) + hn_obs_get_int(p, "configurations", 0));
    hn_find_evidence(f, p, "backup");
}

static void judge_tests(struct hn_judge *j, const struct hn_obs *p)
{
    int64_t limit = hn_judge_policy_int(j, "backup.restore-days", 180);
    hn_time test = hn_obs_get_time(p, "last_restore_test");
    if (test && hn_judge_now(j) - test <= limit * HN_DAY)
        return;
    struct hn_finding *f = hn_find(j, test ? "restore-test-stale" : "restore-test-missing", HN_STR("host"), HN_STR(""));
    find_days(j, f, test);
    hn_find_param_int(f, "limit", limit);
    hn_find_evidence(f, p, "backup");
    hn_find_cause(f, HN_STR("restore-test"));
    if (test)
        hn_find_since(f, test + limit * HN_DAY);
}

static void judge_places(struct hn_judge *j, const struct hn_obs *p)
{
    if (!hn_obs_get_int(p, "offline", 0)) {
        struct hn_finding *f = hn_find(j, "no-offline-copy", HN_STR("host"), HN_STR(""));
        hn_find_evidence(f, p, "backup");
        hn_find_cause(f, HN_STR("offline-copy"));
    }
    if (!hn_obs_get_int(p, "offsite", 0)) {
        struct hn_finding *f = hn_find(j, "no-offsite-copy", HN_STR("host"), HN_STR(""));
        hn_find_evidence(f, p, "backup");
    }
}

static void judge_repository(struct hn_judge *j, const struct hn_obs *r)
{
    const struct hn_str *list;
    int64_t packs = hn_obs_get_int(r, "packs", -1), expected = hn_obs_get_int(r, "packs_expected", -1);
    int64_t damaged = hn_obs_get_int(r, "damaged", 0);
    bool few = packs >= 0 && packs < expected;
    struct hn_finding *f = NULL;
    if (damaged || few) {
        f = hn_find(j, "repository-damaged", r->subject, HN_STR(""));
        hn_find_param_int(f, "files", damaged + (few ? expected - packs : 0));
        hn_find_param(f, "example", hn_obs_get_list(r, "damage", &list) ? list[0] : hn_obs_get(r, "path"));
    } else if (hn_obs_get_list(r, "lost", &list)) {
        f = hn_find(j, "snapshot-lost", r->subject, HN_STR(""));
        hn_find_param(f, "snapshot", list[0]);
        hn_find_param_int(f, "count", (int64_t)hn_obs_get_list(r, "lost", &list));
    } else if (hn_obs_get_bool(r, "missing", false)) {
        f = hn_find(j, "repository-missing", r->subject, HN_STR(""));
    }
    if (!f)
        return;
    hn_find_param(f, "repository", r->subject);
    hn_find_evidence(f, r, "backup");
    hn_find_about(f, HN_REF_PATH, hn_obs_get(r, "path"));
}

static void judge_evidence(struct hn_judge *j)
{
    const struct hn_facts *facts = hn_judge_facts(j);
    char date[HN_TIME_TEXT];
    HN_FACTS_EACH(c, facts, "backup.copy") {
        if (valid(c))
            continue;
        struct hn_finding *f = hn_find(j, "evidence-expired", c->subject, HN_STR(""));
        hn_find_param(f, "name", c->subject);
        hn_find_param(f, "by", hn_obs_get(c, "attested_by"));
        hn_find_param(f, "date", hn_str_cut(hn_str_c(hn_time_text(hn_obs_get_time(c, "valid_until"), date)), 0, 10));
        hn_find_since(f, hn_obs_get_time(c, "valid_until"));
        hn_find_evidence(f, c, "backup");
    }
    HN_FACTS_EACH(e, facts, "backup.evidence_file") {
        if (!(hn_obs_get_int(e, "mode", 0) & 022) && !hn_obs_get_int(e, "uid", 0))
            continue;
        struct hn_finding *f = hn_find(j, "evidence-writable", e->subject, HN_STR(""));
        hn_find_param(f, "path", e->subject);
        hn_find_evidence(f, e, "file");
        hn_find_about(f, HN_REF_PATH, e->subject);
        if (!hn_obs_get_int(e, "uid", 0))
            hn_find_fix(f, HN_FIX_MODE, e->subject, HN_STR("0644"));
        else
            hn_find_fix(f, HN_FIX_OWNER, e->subject, HN_STR("root:root"));
    }
    const struct hn_obs *first = hn_facts_first(facts, "backup.evidence_problem");
    if (!first)
        return;
    struct hn_finding *f = hn_find(j, "evidence-malformed", HN_STR("/etc/hinomi/backup-evidence.yaml"), HN_STR(""));
    hn_find_param_int(f, "count", (int64_t)hn_facts_count(facts, "backup.evidence_problem"));
    hn_find_param_int(f, "line", hn_obs_get_int(first, "line", 0));
    hn_find_param(f, "what", hn_obs_get(first, "detail").n ? hn_obs_get(first, "detail") : hn_obs_get(first, "what"));
    hn_find_evidence(f, first, "problem");
}

void backup_judge(struct hn_judge *j)
{
    const struct hn_facts *facts = hn_judge_facts(j);
    const struct hn_obs *p = proof(j);
    if (!p)
        return;
    judge_evidence(j);
    HN_FACTS_EACH(c, facts, "backup.configuration") {
        if (!hn_obs_get_bool(c, "secret", false) || !(hn_obs_get_int(c, "mode", 0) & 04))
            continue;
        struct hn_finding *f = hn_find(j, "secret-readable", hn_obs_get(c, "path"), HN_STR(""));
        hn_find_param(f, "path", hn_obs_get(c, "path"));
        hn_find_evidence(f, c, "setting");
        hn_find_about(f, HN_REF_PATH, hn_obs_get(c, "path"));
        hn_find_fix(f, HN_FIX_MODE, hn_obs_get(c, "path"), HN_STR("0600"));
    }
    if (judge_none(j, p))
        return;
    HN_FACTS_EACH(r, facts, "backup.repository")
        judge_repository(j, r);
    judge_ages(j, p);
    judge_tests(j, p);
    judge_places(j, p);
}
