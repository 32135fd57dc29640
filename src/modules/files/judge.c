/* Findings about files. */
#include "core/facts.h"
#include "modules/files/files.h"

static bool starts_one(struct hn_str path, const char *const *list)
{
    for (; *list; list++)
        if (hn_str_starts(path, *list))
            return true;
    return false;
}

static bool system_path(struct hn_str path)
{
    static const char *const dirs[] = {"/usr/",     "/etc/",           "/opt/", "/boot/",
                                       "/var/lib/", "/var/spool/cron", "/srv/", NULL};
    return starts_one(path, dirs);
}

static bool open_place(struct hn_str path)
{
    static const char *const dirs[] = {"/tmp/",     "/var/tmp/", "/dev/shm/",   "/home/",
                                       "/var/www/", "/run/",     "/var/crash/", NULL};
    return starts_one(path, dirs);
}

static bool unowned(const struct hn_facts *facts, struct hn_str path)
{
    return hn_facts_seen(facts, "packages") && hn_facts_first(facts, "packages.owner") &&
           !hn_facts_find(facts, "packages.owner", path);
}

static struct hn_str octal(struct hn_judge *j, int64_t mode)
{
    return hn_arena_fmt(hn_judge_arena(j), "%04llo", (unsigned long long)mode);
}

static struct hn_finding *find_file(struct hn_judge *j, const char *rule, const struct hn_obs *o, const char *role)
{
    struct hn_str path = hn_obs_get(o, "path");
    struct hn_finding *f = hn_find(j, rule, o->subject, HN_STR(""));
    hn_find_param(f, "path", path);
    hn_find_param(f, "mode", octal(j, hn_obs_get_int(o, "mode", 0)));
    hn_find_evidence(f, o, role);
    hn_find_about(f, HN_REF_PATH, path);
    hn_find_cause(
        f, hn_arena_fmt(hn_judge_arena(j), "%s:%.*s", strcmp(role, "certificate") ? "mode" : role, HN_FMT(path)));
    return f;
}

/* Capabilities that are as good as root. */
static struct hn_str strong_capability(const struct hn_obs *o)
{
    static const char *const strong[] = {
        "sys_admin",       "sys_ptrace", "sys_module", "sys_rawio", "dac_override", "setuid",
        "dac_read_search", "setfcap",    "chown",      "fowner",    "bpf",          NULL};
    const struct hn_str *list;
    size_t n = hn_obs_get_list(o, "capabilities", &list);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; strong[k]; k++)
            if (hn_str_eqc(list[i], strong[k]))
                return list[i];
    return HN_STR("");
}

static void judge_rights(struct hn_judge *j, const struct hn_obs *o)
{
    const struct hn_facts *facts = hn_judge_facts(j);
    struct hn_str path = hn_obs_get(o, "path"), strong = strong_capability(o);
    const struct hn_str *caps;
    bool setuid = hn_obs_get_bool(o, "setuid", false), setgid = hn_obs_get_bool(o, "setgid", false);
    size_t n = hn_obs_get_list(o, "capabilities", &caps);
    if (!setuid && !setgid && !n)
        return;
    if (hn_obs_get_int(o, "mode", 0) & 022) {
        struct hn_finding *f = find_file(j, "setuid-writable", o, "file");
        hn_find_fix(f, HN_FIX_MODE, path, octal(j, hn_obs_get_int(o, "mode", 0) & ~06022));
        if (!(hn_obs_get_int(o, "mode", 0) & 02))
            hn_find_severity(f, HN_SEV_MEDIUM);
    }
    if (open_place(path) || unowned(facts, path)) {
        struct hn_finding *f = find_file(j, "setuid-unowned", o, "file");
        hn_find_param(f, "how", setuid ? HN_STR("setuid") : setgid ? HN_STR("setgid") : caps[0]);
        hn_find_param_int(f, "uid", hn_obs_get_int(o, "uid", 0));
        hn_find_fix(f, HN_FIX_MODE, path, octal(j, hn_obs_get_int(o, "mode", 0) & ~06000));
        if (open_place(path) && setuid && hn_obs_get_int(o, "uid", -1) == 0)
            hn_find_severity(f, HN_SEV_CRITICAL);
        else if (!setuid && !n)
            hn_find_severity(f, HN_SEV_MEDIUM);
    } else if (strong.n && hn_facts_find(facts, "packages.owner", path)) {
        struct hn_finding *f = find_file(j, "capability-strong", o, "file");
        hn_find_param(f, "capability", strong);
    }
}

static void judge_writable(struct hn_judge *j, const struct hn_obs *o)
{
    struct hn_str path = hn_obs_get(o, "path");
    if (!hn_obs_get_bool(o, "world_writable", false))
        return;
    struct hn_finding *f = find_file(j, "world-writable", o, "file");
    bool folder = hn_str_eqc(hn_obs_get(o, "type"), "folder");
    int64_t mode = hn_obs_get_int(o, "mode", 0);
    hn_find_fix(f, HN_FIX_MODE, path, octal(j, folder && open_place(path) ? mode | 01000 : mode & ~02));
    if (!system_path(path))
        hn_find_severity(f, HN_SEV_LOW);
    else if (hn_str_starts(path, "/var/lib/") || hn_str_starts(path, "/srv/"))
        hn_find_severity(f, HN_SEV_MEDIUM);
}

static void judge_unowned(struct hn_judge *j, const struct hn_obs *o)
{
    const struct hn_str *list;
    size_t n = hn_obs_get_list(o, "examples", &list);
    if (hn_obs_has(o, "range") || hn_obs_get_bool(o, "names_elsewhere", false) || !hn_obs_get_int(o, "count", 0))
        return;
    struct hn_finding *f = hn_find(j, "unowned", o->subject, HN_STR(""));
    hn_find_param_int(f, "number", hn_obs_get_int(o, "number", 0));
    hn_find_param(f, "what", hn_obs_get_bool(o, "group", false) ? HN_STR("gid") : HN_STR("uid"));
    hn_find_param_int(f, "count", hn_obs_get_int(o, "count", 0));
    hn_find_param(f, "example", n ? list[0] : HN_STR("?"));
    hn_find_evidence(f, o, "file");
    for (size_t i = 0; i < n; i++) {
        if (!system_path(list[i]))
            continue;
        hn_find_about(f, HN_REF_PATH, list[i]);
        if (!hn_obs_get_bool(o, "group", false))
            hn_find_severity(f, HN_SEV_MEDIUM);
    }
}

static void judge_key(struct hn_judge *j, const struct hn_obs *k)
{
    int64_t mode = hn_obs_get_int(k, "mode", 0);
    if (!hn_str_eqc(hn_obs_get(k, "readable_by"), "everybody"))
        return;
    struct hn_finding *f = find_file(j, "key-readable", k, "key");
    hn_find_param(f, "format", hn_obs_get(k, "format"));
    hn_find_fix(f, HN_FIX_MODE, hn_obs_get(k, "path"), octal(j, mode & ~077));
    if (hn_obs_get_bool(k, "encrypted", false))
        hn_find_severity(f, HN_SEV_MEDIUM);
}

static void judge_certificate(struct hn_judge *j, const struct hn_obs *o)
{
    hn_time now = hn_judge_now(j), end = hn_obs_get_time(o, "not_after");
    int64_t soon = hn_judge_policy_int(j, "files.expiring-days", 30);
    bool expired = end && end <= now;
    if (!end || (!expired && end - now > soon * HN_DAY) ||
        hn_facts_find(hn_judge_facts(j), "packages.owner", hn_obs_get(o, "path")))
        return; /* what a package brought expires with the package */
    struct hn_finding *f = find_file(j, expired ? "certificate-expired" : "certificate-expiring", o, "certificate");
    hn_find_param(f, "name", hn_obs_get(o, "subject_name"));
    hn_find_param_int(f, "days", (expired ? now - end : end - now) / HN_DAY);
    char text[HN_TIME_TEXT];
    hn_find_param(f, "date", hn_str_cut(hn_str_c(hn_time_text(end, text)), 0, 10));
    hn_find_since(f, expired ? end : end - soon * HN_DAY);
    if (expired && now - end > 365 * HN_DAY)
        hn_find_severity(f, HN_SEV_LOW); /* if it were in use, somebody would have noticed */
}

void files_judge(struct hn_judge *j)
{
    const struct hn_facts *facts = hn_judge_facts(j);
    HN_FACTS_EACH(o, facts, "files.file") {
        judge_rights(j, o);
        judge_writable(j, o);
    }
    HN_FACTS_EACH(u, facts, "files.unowned")
        judge_unowned(j, u);
    HN_FACTS_EACH(k, facts, "files.key")
        judge_key(j, k);
    HN_FACTS_EACH(x, facts, "files.certificate")
        judge_certificate(j, x);
}
