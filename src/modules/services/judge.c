/* Findings about what starts by itself. */
#include "core/facts.h"
#include "modules/services/services.h"

static bool starts_one(struct hn_str path, const char *const *list)
{
    for (; *list; list++)
        if (hn_str_starts(path, *list))
            return true;
    return false;
}

/* Folders where every local user may put a file. */
static bool temporary(struct hn_str path)
{
    static const char *const dirs[] = {"/tmp/",      "/var/tmp/",  "/dev/shm/",   "/run/user/",
                                       "/run/lock/", "/var/lock/", "/var/crash/", NULL};
    return starts_one(path, dirs);
}

/* Folders that belong to the package manager. */
static bool packaged_folder(struct hn_str path)
{
    static const char *const dirs[] = {"/usr/bin/", "/usr/sbin/", "/usr/lib/", "/usr/libexec/", NULL};
    return starts_one(path, dirs);
}

/* Known to belong to no package: asked for, answered for others, not for this one. */
static bool unowned(const struct hn_facts *facts, struct hn_str path)
{
    return hn_facts_seen(facts, "packages") && hn_facts_first(facts, "packages.owner") &&
           !hn_facts_find(facts, "packages.owner", path);
}

static struct hn_str octal(struct hn_judge *j, int64_t mode)
{
    return hn_arena_fmt(hn_judge_arena(j), "%04llo", (unsigned long long)mode);
}

/* ---------------------------------------------------------------- who may change what runs */

/* Somebody but root (and but `user`) may write it. Sticky folders protect what others own in them. */
static bool writable_by_others(const struct hn_obs *o, int64_t uid_allowed)
{
    int64_t mode = hn_obs_get_int(o, "mode", 0), uid = hn_obs_get_int(o, "uid", 0);
    bool sticky = hn_obs_get_bool(o, "folder", false) && (mode & 01000);
    if (!o || !hn_obs_has(o, "mode"))
        return false;
    if ((mode & 02) && !sticky)
        return true;
    if ((mode & 020) && hn_obs_get_int(o, "gid", 0) != 0 && !sticky)
        return true;
    return uid != 0 && uid != uid_allowed;
}

/* The program itself, or the first folder above it, that somebody else may write. */
static const struct hn_obs *weak_step(const struct hn_facts *facts, struct hn_str path, int64_t uid)
{
    for (size_t n = path.n; n > 1;) {
        const struct hn_obs *o = hn_facts_find(facts, "services.program", hn_str_cut(path, 0, n));
        if (writable_by_others(o, uid))
            return o;
        while (n > 1 && path.p[n - 1] != '/')
            n--;
        n--;
    }
    return NULL;
}

static int64_t uid_of(const struct hn_facts *facts, struct hn_str user)
{
    const struct hn_obs *a = user.n ? hn_facts_find(facts, "accounts.account", user) : NULL;
    return hn_obs_get_int(a, "uid", user.n && !hn_str_eqc(user, "root") ? -1 : 0);
}

/* by: the unit or file that starts it. */
static void judge_program(struct hn_judge *j, const struct hn_obs *by, struct hn_str label, struct hn_str path,
                          struct hn_str user, bool unit)
{
    const struct hn_facts *facts = hn_judge_facts(j);
    int64_t uid = uid_of(facts, user);
    const struct hn_obs *weak = uid < 0 ? NULL : weak_step(facts, path, uid);
    const struct hn_obs *prog = hn_facts_find(facts, "services.program", path);
    struct hn_finding *f = NULL;
    const char *role = "program";
    if (temporary(path)) {
        f = hn_find(j, "persistence-foreign", path, label);
    } else if (weak) {
        f = hn_find(j, "unit-exec-writable", path, label);
        hn_find_param(f, "step", weak->subject);
        hn_find_param(f, "mode", octal(j, hn_obs_get_int(weak, "mode", 0)));
        hn_find_param_int(f, "uid", hn_obs_get_int(weak, "uid", 0));
        if (hn_str_eq(weak->subject, path) && (hn_obs_get_int(weak, "mode", 0) & 022))
            hn_find_fix(f, HN_FIX_MODE, path, octal(j, hn_obs_get_int(weak, "mode", 0) & ~022));
        prog = weak;
    } else if (packaged_folder(path) && unowned(facts, path) && prog && !hn_obs_get_bool(prog, "missing", false)) {
        f = hn_find(j, "persistence-foreign", path, label);
        hn_find_severity(f, HN_SEV_MEDIUM);
    }
    if (!f)
        return;
    hn_find_param(f, "path", path);
    hn_find_param(f, "by", label);
    hn_find_evidence(f, by, unit ? "unit" : "start");
    if (prog)
        hn_find_evidence(f, prog, role);
    hn_find_about(f, HN_REF_PATH, path);
    if (unit)
        hn_find_about(f, HN_REF_UNIT, label);
}

static void judge_unit(struct hn_judge *j, const struct hn_obs *u)
{
    const struct hn_facts *facts = hn_judge_facts(j);
    const struct hn_str *execs;
    struct hn_str state = hn_obs_get(u, "state"), user = hn_obs_get(u, "user");
    size_t n = hn_obs_get_list(u, "execs", &execs);
    bool on = hn_str_eqc(state, "enabled") || hn_str_eqc(state, "generated") || hn_str_eqc(state, "transient") ||
              hn_obs_get_bool(u, "active", false);
    for (size_t i = 0; i < n; i++)
        judge_program(j, u, u->subject, execs[i], user, true);
    struct hn_str exec = hn_obs_get(u, "exec");
    const struct hn_obs *prog = hn_facts_find(facts, "services.program", exec);
    if (on && hn_obs_get_bool(prog, "missing", false)) {
        struct hn_finding *f = hn_find(j, "unit-exec-missing", u->subject, HN_STR(""));
        hn_find_param(f, "unit", u->subject);
        hn_find_param(f, "path", exec);
        hn_find_evidence(f, u, "unit");
        hn_find_about(f, HN_REF_UNIT, u->subject);
    }
    struct hn_str path = hn_obs_get(u, "path");
    if (packaged_folder(path) && unowned(facts, path)) {
        struct hn_finding *f = hn_find(j, "persistence-unowned", path, HN_STR(""));
        hn_find_severity(f, HN_SEV_MEDIUM);
        hn_find_param(f, "path", path);
        hn_find_param(f, "kind", HN_STR("unit"));
        hn_find_evidence(f, u, "unit");
        hn_find_about(f, HN_REF_UNIT, u->subject);
    }
}

/* ---------------------------------------------------------------- other places */

static void judge_preload(struct hn_judge *j, const struct hn_obs *o)
{
    struct hn_finding *f = hn_find(j, "ld-so-preload", hn_obs_get(o, "what"), hn_obs_get(o, "path"));
    hn_find_param(f, "library", hn_obs_get(o, "what"));
    hn_find_evidence(f, o, "start");
    const struct hn_str *list;
    if (hn_obs_get_list(o, "programs", &list)) {
        hn_find_about(f, HN_REF_PATH, list[0]);
        if (unowned(hn_judge_facts(j), list[0]))
            hn_find_severity(f, HN_SEV_CRITICAL);
    }
}

static bool owned_kind(struct hn_str kind)
{
    static const char *const kinds[] = {"generator", "sleep-hook", "udev",         "dbus",           "init-script",
                                        "motd",      "pam-exec",   "network-hook", "initramfs-hook", NULL};
    for (size_t i = 0; kinds[i]; i++)
        if (hn_str_eqc(kind, kinds[i]))
            return true;
    return false;
}

/* What is wrong with the file itself, whichever of its lines is looked at. */
static void judge_file(struct hn_judge *j, const struct hn_obs *o)
{
    struct hn_str path = hn_obs_get(o, "path"), kind = hn_obs_get(o, "kind");
    bool cron = hn_str_starts(kind, "cron") || hn_str_eqc(kind, "at");
    bool personal = hn_str_starts(path, "/home/") || hn_str_starts(path, "/var/spool/cron/") || hn_str_eqc(kind, "at");
    if (!personal && writable_by_others(o, 0)) {
        struct hn_finding *f = hn_find(j, cron ? "cron-writable" : "unit-exec-writable", path, HN_STR(""));
        hn_find_param(f, "path", path);
        hn_find_param(f, "by", kind);
        hn_find_param(f, "step", path);
        hn_find_param_int(f, "uid", hn_obs_get_int(o, "uid", 0));
        hn_find_param(f, "mode", octal(j, hn_obs_get_int(o, "mode", 0)));
        hn_find_evidence(f, o, "start");
        hn_find_about(f, HN_REF_PATH, path);
        if (hn_obs_get_int(o, "mode", 0) & 022)
            hn_find_fix(f, HN_FIX_MODE, path, octal(j, hn_obs_get_int(o, "mode", 0) & ~022));
        else
            hn_find_fix(f, HN_FIX_OWNER, path, HN_STR("root:root"));
    }
    if (owned_kind(kind) && unowned(hn_judge_facts(j), path)) {
        struct hn_finding *f = hn_find(j, "persistence-unowned", path, HN_STR(""));
        if (packaged_folder(path))
            hn_find_severity(f, HN_SEV_MEDIUM);
        hn_find_param(f, "path", path);
        hn_find_param(f, "kind", kind);
        hn_find_evidence(f, o, "start");
        hn_find_about(f, HN_REF_PATH, path);
    }
}

static void judge_line(struct hn_judge *j, const struct hn_obs *o)
{
    struct hn_str path = hn_obs_get(o, "path"), kind = hn_obs_get(o, "kind"), user = hn_obs_get(o, "user");
    bool cron = hn_str_starts(kind, "cron") || hn_str_eqc(kind, "at");
    const struct hn_str *list;
    size_t n = cron || hn_str_eqc(kind, "rc-local") || hn_str_eqc(kind, "udev") || hn_str_eqc(kind, "dbus") ||
                       hn_str_eqc(kind, "apt-hook") || hn_str_eqc(kind, "pam-exec") || hn_str_eqc(kind, "autostart")
                   ? hn_obs_get_list(o, "programs", &list)
                   : 0;
    for (size_t i = 0; i < n; i++)
        if (hn_facts_find(hn_judge_facts(j), "services.program", list[i]) &&
            !hn_obs_get_bool(hn_facts_find(hn_judge_facts(j), "services.program", list[i]), "folder", false))
            judge_program(j, o, path, list[i], user, false);
}

/* ---------------------------------------------------------------- confinement of what listens */

static void judge_listener(struct hn_judge *j, const struct hn_obs *l)
{
    const struct hn_facts *facts = hn_judge_facts(j);
    struct hn_str reach = hn_obs_get(l, "reach");
    const struct hn_str *processes;
    size_t n = hn_obs_get_list(l, "processes", &processes);
    int64_t limit = hn_judge_policy_int(j, "services.exposure-most", 80);
    if (hn_str_eqc(reach, "loopback"))
        return;
    for (size_t i = 0; i < n; i++) {
        const struct hn_obs *process = hn_facts_find(facts, "processes.process", processes[i]);
        const struct hn_obs *unit = hn_facts_find(facts, "services.unit", hn_obs_get(process, "unit"));
        int64_t exposure = hn_obs_get_int(unit, "exposure", -1);
        if (!unit || exposure <= limit)
            continue;
        struct hn_finding *f = hn_find(j, "hardening-weak", unit->subject, l->subject);
        hn_find_param(f, "unit", unit->subject);
        hn_find_param(f, "listener", l->subject);
        hn_find_param(
            f, "exposure",
            hn_arena_fmt(hn_judge_arena(j), "%lld.%lld", (long long)(exposure / 10), (long long)(exposure % 10)));
        hn_find_evidence(f, unit, "unit");
        hn_find_evidence(f, l, "listener");
        hn_find_about(f, HN_REF_UNIT, unit->subject);
        hn_find_about(f, HN_REF_LISTENER, l->subject);
        hn_find_cause(f, hn_arena_fmt(hn_judge_arena(j), "hardening:%.*s", HN_FMT(unit->subject)));
        if (!hn_str_eqc(hn_obs_get(unit, "user"), "root"))
            hn_find_severity(f, HN_SEV_LOW);
        return; /* several processes of one listener are one unit */
    }
}

void services_judge(struct hn_judge *j)
{
    const struct hn_facts *facts = hn_judge_facts(j);
    HN_FACTS_EACH(u, facts, "services.unit") {
        if (!hn_str_eqc(hn_obs_get(u, "state"), "masked"))
            judge_unit(j, u);
    }
    struct hn_str last = HN_STR("");
    HN_FACTS_EACH(o, facts, "services.persistence") {
        if (hn_str_eqc(hn_obs_get(o, "kind"), "ld-so-preload"))
            judge_preload(j, o);
        if (!hn_str_eq(last, hn_obs_get(o, "path"))) /* lines of one file follow each other */
            judge_file(j, o);
        judge_line(j, o);
        last = hn_obs_get(o, "path");
    }
    HN_FACTS_EACH(l, facts, "sockets.listener")
        judge_listener(j, l);
}
