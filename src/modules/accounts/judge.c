/* Findings about accounts. Pure: only observations, policy and the time of the run. What was not seen (shadow as an
 * ordinary user) raises nothing and excuses nothing: the core lists it. */
#include <stdlib.h>

#include "core/facts.h"
#include "modules/accounts/accounts.h"

static bool is_one_of(struct hn_str s, const char *const *list)
{
    for (; *list; list++)
        if (hn_str_eqc(s, *list))
            return true;
    return false;
}

static bool weak_kind(struct hn_str hash)
{
    static const char *const weak[] = {"des", "bsdi", "md5", "sunmd5", "sha1", "nthash", NULL};
    return is_one_of(hash, weak);
}

/* Somebody can come in with a password. */
static bool password_usable(const struct hn_obs *a)
{
    struct hn_str hash = hn_obs_get(a, "hash");
    return hash.n && !hn_str_eqc(hash, "none") && !hn_obs_get_bool(a, "locked", false);
}

static struct hn_finding *find_account(struct hn_judge *j, const char *rule, const struct hn_obs *a)
{
    struct hn_str name = hn_obs_get(a, "name");
    struct hn_finding *f = hn_find(j, rule, a->subject, HN_STR(""));
    hn_find_param(f, "user", name);
    hn_find_evidence(f, a, "account");
    hn_find_about(f, HN_REF_USER, name);
    return f;
}

static void judge_password(struct hn_judge *j, const struct hn_obs *a)
{
    struct hn_str hash = hn_obs_get(a, "hash");
    bool locked = hn_obs_get_bool(a, "locked", false);
    if (hn_str_eqc(hash, "empty") && !locked) {
        struct hn_finding *f = find_account(j, "empty-password", a);
        if (!hn_obs_get_bool(a, "login_shell", true))
            hn_find_severity(f, HN_SEV_HIGH);
    }
    if (hn_obs_get_bool(a, "hash_in_passwd", false) && !hn_str_eqc(hash, "empty"))
        find_account(j, "hash-in-passwd", a);
    if (weak_kind(hash)) {
        struct hn_finding *f = find_account(j, "weak-hash", a);
        hn_find_param(f, "hash", hash);
        if (locked)
            hn_find_severity(f, HN_SEV_LOW);
    }
}

static void judge_numbers(struct hn_judge *j, const struct hn_obs *a)
{
    int64_t uid = hn_obs_get_int(a, "uid", -1);
    struct hn_str name = hn_obs_get(a, "name");
    if (!hn_str_eq(a->subject, name)) {
        struct hn_finding *f = find_account(j, "duplicate-name", a);
        hn_find_param_int(f, "line", hn_obs_get_int(a, "line", 0));
        hn_find_evidence(f, hn_facts_find(hn_judge_facts(j), "accounts.account", name), "first");
    }
    if (uid == 0 && !hn_str_eqc(name, "root"))
        find_account(j, "duplicate-uid0", a);
}

/* Accounts in order of uid show every shared number beside its first owner. */
struct numbered {
    const struct hn_obs *account;
    int64_t uid, line;
};

static int by_uid(const void *x, const void *y)
{
    const struct numbered *a = x, *b = y;
    if (a->uid != b->uid)
        return a->uid < b->uid ? -1 : 1;
    return (a->line > b->line) - (a->line < b->line);
}

static void judge_duplicate_uids(struct hn_judge *j)
{
    const struct hn_facts *facts = hn_judge_facts(j);
    size_t n = 0, max = hn_facts_count(facts, "accounts.account");
    struct numbered *list = hn_arena_alloc(hn_judge_arena(j), (max + 1) * sizeof(*list));
    if (!list)
        return;
    HN_FACTS_EACH(a, facts, "accounts.account") {
        int64_t uid = hn_obs_get_int(a, "uid", 0);
        if (n < max && uid > 0)
            list[n++] = (struct numbered){a, uid, hn_obs_get_int(a, "line", 0)};
    }
    if (n)
        qsort(list, n, sizeof(*list), by_uid);
    for (size_t i = 1, first = 0; i < n; i++) {
        if (list[i].uid != list[first].uid) {
            first = i;
            continue;
        }
        struct hn_finding *f = find_account(j, "duplicate-uid", list[i].account);
        hn_find_param_int(f, "uid", list[i].uid);
        hn_find_param(f, "other", hn_obs_get(list[first].account, "name"));
        hn_find_evidence(f, list[first].account, "account");
    }
}

static void judge_stale(struct hn_judge *j, const struct hn_obs *a)
{
    hn_time now = hn_judge_now(j), login = hn_obs_get_time(a, "last_login");
    hn_time changed = hn_obs_get_time(a, "changed");
    int64_t limit = hn_judge_policy_int(j, "accounts.stale-days", 90);
    bool can_enter = password_usable(a) || hn_obs_get_int(a, "keys", 0) > 0;
    if (hn_obs_get_bool(a, "system", true) || !hn_obs_get_bool(a, "login_shell", false) || !can_enter ||
        hn_obs_get_bool(a, "expired", false))
        return;
    /* "Never" counts only with a login history, and from when the password was set. */
    hn_time last = login;
    if (!last && hn_obs_get_bool(a, "login_history", false))
        last = changed;
    if (!last || now - last <= limit * HN_DAY)
        return;
    struct hn_finding *f = find_account(j, "account-stale", a);
    hn_find_param_int(f, "days", (now - last) / HN_DAY);
    hn_find_param_int(f, "limit", limit);
    hn_find_since(f, last + limit * HN_DAY);
}

static void judge_shell(struct hn_judge *j, const struct hn_obs *a)
{
    int64_t uid = hn_obs_get_int(a, "uid", 0);
    if (!hn_obs_get_bool(a, "system", false) || uid == 0 || !hn_obs_get_bool(a, "login_shell", false))
        return;
    struct hn_finding *f = find_account(j, "system-account-with-shell", a);
    hn_find_param(f, "shell", hn_obs_get(a, "shell"));
    if (password_usable(a) || hn_obs_get_int(a, "keys", 0) > 0)
        hn_find_severity(f, HN_SEV_MEDIUM);
}

static void judge_ageing(struct hn_judge *j, const struct hn_obs *a)
{
    int64_t max = hn_obs_get_int(a, "max_days", -1);
    hn_time changed = hn_obs_get_time(a, "changed");
    if (!password_usable(a) || !changed || max < 0 || max > 100 * 366) /* 99999 is "never" */
        return;
    hn_time end = changed + max * HN_DAY;
    if (end > hn_judge_now(j))
        return;
    struct hn_finding *f = find_account(j, "password-expired", a);
    hn_find_param_int(f, "days", (hn_judge_now(j) - end) / HN_DAY);
    hn_find_since(f, end);
}

static void judge_home(struct hn_judge *j, const struct hn_obs *a)
{
    int64_t mode = hn_obs_get_int(a, "home_mode", -1), uid = hn_obs_get_int(a, "uid", -1);
    int64_t owner = hn_obs_get_int(a, "home_uid", -1);
    struct hn_str home = hn_obs_get(a, "home");
    if (mode < 0 || uid < 0 || !hn_obs_get_bool(a, "login_shell", false))
        return;
    bool group = (mode & 020) && hn_obs_get_int(a, "home_gid", -1) != hn_obs_get_int(a, "gid", -2);
    if (group || (mode & 02)) {
        struct hn_finding *f = find_account(j, "home-writable", a);
        hn_find_param(f, "home", home);
        hn_find_param(f, "mode", hn_arena_fmt(hn_judge_arena(j), "%04llo", (unsigned long long)mode));
        hn_find_about(f, HN_REF_PATH, home);
        hn_find_fix(f, HN_FIX_MODE, home, hn_arena_fmt(hn_judge_arena(j), "%04llo", (unsigned long long)(mode & ~022)));
        if (!(mode & 02))
            hn_find_severity(f, HN_SEV_MEDIUM);
    }
    if (owner >= 0 && owner != uid && owner != 0) {
        struct hn_finding *f = find_account(j, "home-foreign-owner", a);
        hn_find_param(f, "home", home);
        hn_find_param_int(f, "owner", owner);
        hn_find_about(f, HN_REF_PATH, home);
    }
}

static bool is_root_user(struct hn_str who)
{
    return hn_str_eqc(who, "root") || hn_str_eqc(who, "#0");
}

static bool only_root(const struct hn_obs *r)
{
    const struct hn_str *users;
    size_t n = hn_obs_get_list(r, "users", &users);
    for (size_t i = 0; i < n; i++)
        if (!is_root_user(users[i]))
            return false;
    return n > 0;
}

static void judge_sudo(struct hn_judge *j)
{
    const struct hn_facts *facts = hn_judge_facts(j);
    HN_FACTS_EACH(r, facts, "accounts.sudo_rule") {
        if (!hn_obs_get_bool(r, "nopasswd", false) || only_root(r))
            continue;
        struct hn_str where = hn_arena_fmt(hn_judge_arena(j), "%.*s:%lld", HN_FMT(hn_obs_get(r, "path")),
                                           (long long)hn_obs_get_int(r, "line", 0));
        bool all = hn_obs_get_bool(r, "all", false);
        struct hn_str program = {0};
        bool escapes = !all && accounts_sudo_escapes(r, &program);
        struct hn_finding *f = hn_find(j, escapes ? "sudo-escape" : "sudo-nopasswd",
                                       hn_arena_fmt(hn_judge_arena(j), "%.*s: %.*s", HN_FMT(hn_obs_get(r, "who")),
                                                    HN_FMT(hn_obs_get(r, "command"))),
                                       hn_obs_get(r, "path"));
        hn_find_severity(f, all || escapes ? HN_SEV_HIGH : HN_SEV_LOW);
        if (escapes)
            hn_find_param(f, "program", program);
        hn_find_param(f, "who", hn_obs_get(r, "who"));
        hn_find_param(f, "command", hn_obs_get(r, "command"));
        hn_find_param(f, "where", where);
        hn_find_evidence(f, r, "setting");
        hn_find_about(f, HN_REF_PATH, hn_obs_get(r, "path"));
    }
    HN_FACTS_EACH(d, facts, "accounts.sudo_default") {
        if (!hn_str_eqc(hn_obs_get(d, "option"), "!authenticate"))
            continue;
        struct hn_finding *f = hn_find(j, "sudo-no-authenticate", hn_obs_get(d, "scope"), hn_obs_get(d, "path"));
        hn_find_param(f, "path", hn_obs_get(d, "path"));
        hn_find_param_int(f, "line", hn_obs_get_int(d, "line", 0));
        hn_find_evidence(f, d, "setting");
        hn_find_about(f, HN_REF_PATH, hn_obs_get(d, "path"));
    }
}

static void judge_key(struct hn_judge *j, const struct hn_obs *k)
{
    struct hn_str type = hn_obs_get(k, "type");
    int64_t bits = hn_obs_get_int(k, "bits", 0);
    bool rsa = hn_str_eqc(type, "ssh-rsa"), dsa = hn_str_eqc(type, "ssh-dss");
    struct hn_str user = hn_obs_get(k, "user");
    if (dsa || (rsa && bits && bits < 3072)) {
        struct hn_finding *f = hn_find(j, "key-weak", hn_obs_get(k, "fingerprint"), hn_obs_get(k, "path"));
        hn_find_severity(f, dsa || bits < 2048 ? HN_SEV_HIGH : HN_SEV_LOW);
        hn_find_param(f, "type", type);
        hn_find_param(f, "bits", bits ? hn_arena_fmt(hn_judge_arena(j), "%lld", (long long)bits) : HN_STR("?"));
        hn_find_param(f, "user", user.n ? user : HN_STR("?"));
        hn_find_param(f, "path", hn_obs_get(k, "path"));
        hn_find_evidence(f, k, "key");
        hn_find_about(f, HN_REF_USER, user);
    }
    if (hn_obs_get_int(k, "uid", -1) == 0 && !hn_obs_get_bool(k, "restricted", true)) {
        struct hn_finding *f = hn_find(j, "key-unrestricted-root", hn_obs_get(k, "fingerprint"), hn_obs_get(k, "path"));
        hn_find_param(f, "fingerprint", hn_obs_get(k, "fingerprint"));
        hn_find_param(f, "path", hn_obs_get(k, "path"));
        hn_find_param_int(f, "line", hn_obs_get_int(k, "line", 0));
        hn_find_evidence(f, k, "key");
        hn_find_about(f, HN_REF_USER, user);
    }
}

static void judge_file(struct hn_judge *j, const struct hn_obs *o)
{
    struct hn_str role = hn_obs_get(o, "role");
    int64_t mode = hn_obs_get_int(o, "mode", 0);
    bool shadow = hn_str_eqc(role, "shadow") || hn_str_eqc(role, "gshadow");
    const char *rule = NULL;
    int64_t want = mode;
    if (mode & 022) {
        rule = "access-file-writable";
        want = mode & ~022;
    } else if (shadow && (mode & 07)) {
        rule = "shadow-readable";
        want = mode & ~07;
    }
    if (rule) {
        struct hn_finding *f = hn_find(j, rule, o->subject, HN_STR(""));
        hn_find_param(f, "path", o->subject);
        hn_find_param(f, "mode", hn_arena_fmt(hn_judge_arena(j), "%04llo", (unsigned long long)mode));
        hn_find_evidence(f, o, "file");
        hn_find_about(f, HN_REF_PATH, o->subject);
        hn_find_fix(f, HN_FIX_MODE, o->subject, hn_arena_fmt(hn_judge_arena(j), "%04llo", (unsigned long long)want));
        if (!(mode & 02) && !shadow)
            hn_find_severity(f, HN_SEV_MEDIUM);
    }
    int64_t entries = hn_obs_get_int(o, "entries", 0);
    if (hn_str_eqc(role, "trust") && entries > 0) {
        struct hn_finding *f = hn_find(j, "trust-file", o->subject, HN_STR(""));
        hn_find_param(f, "path", o->subject);
        hn_find_param_int(f, "entries", entries);
        hn_find_evidence(f, o, "file");
        hn_find_about(f, HN_REF_PATH, o->subject);
        if (hn_obs_get_bool(o, "any_host", false))
            hn_find_severity(f, HN_SEV_CRITICAL);
    }
}

static bool sshd_is(const struct hn_facts *facts, const char *option, const char *value)
{
    return hn_str_eqc(hn_obs_get(hn_facts_find(facts, "accounts.sshd", hn_str_c(option)), "value"), value);
}

static void judge_root_login(struct hn_judge *j)
{
    const struct hn_facts *facts = hn_judge_facts(j);
    const struct hn_obs *root = hn_facts_find(facts, "accounts.account", HN_STR("root"));
    const struct hn_obs *o = hn_facts_find(facts, "accounts.sshd", HN_STR("permitrootlogin"));
    bool asks = sshd_is(facts, "passwordauthentication", "yes") ||
                (sshd_is(facts, "kbdinteractiveauthentication", "yes") && sshd_is(facts, "usepam", "yes"));
    if (!o || !hn_str_eqc(hn_obs_get(o, "value"), "yes") || !asks)
        return;
    struct hn_finding *f = hn_find(j, "root-login-by-password", HN_STR("sshd"), hn_obs_get(o, "path"));
    hn_find_param(f, "path", hn_obs_get(o, "path"));
    hn_find_param_int(f, "line", hn_obs_get_int(o, "line", 0));
    hn_find_evidence(f, o, "setting");
    hn_find_about(f, HN_REF_UNIT, HN_STR("ssh.service"));
    hn_find_about(f, HN_REF_PATH, hn_obs_get(o, "path"));
    hn_find_fix(f, HN_FIX_SSHD, HN_STR("PermitRootLogin"), HN_STR("prohibit-password"));
    if (hn_obs_has(root, "hash")) { /* else shadow was not seen: as bad as it may be */
        hn_find_evidence(f, root, "account");
        if (!password_usable(root))
            hn_find_severity(f, HN_SEV_LOW);
    }
}

void accounts_judge(struct hn_judge *j)
{
    const struct hn_facts *facts = hn_judge_facts(j);
    HN_FACTS_EACH(a, facts, "accounts.account") {
        judge_password(j, a);
        judge_numbers(j, a);
        judge_stale(j, a);
        judge_shell(j, a);
        judge_ageing(j, a);
        judge_home(j, a);
    }
    judge_duplicate_uids(j);
    judge_sudo(j);
    HN_FACTS_EACH(k, facts, "accounts.key")
        judge_key(j, k);
    HN_FACTS_EACH(o, facts, "accounts.file")
        judge_file(j, o);
    HN_FACTS_EACH(g, facts, "accounts.group") {
        accounts_judge_root_group(j, g);
        struct hn_str kind = hn_obs_get(g, "password");
        if (!kind.n || hn_str_eqc(kind, "none"))
            continue;
        struct hn_finding *f = hn_find(j, "group-password", g->subject, HN_STR(""));
        hn_find_param(f, "group", g->subject);
        hn_find_evidence(f, g, "group");
    }
    judge_root_login(j);
}
