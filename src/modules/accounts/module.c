/* accounts: who may enter this host, how, and with which rights. */
#include <errno.h>

#include "modules/accounts/accounts.h"

static const struct hn_field account_fields[] = {
    {"name", HN_T_STR, HN_REF_USER, NULL, "login name"},
    {"uid", HN_T_INT, HN_REF_NONE, NULL, "user number"},
    {"gid", HN_T_INT, HN_REF_NONE, NULL, "number of the primary group"},
    {"gecos", HN_T_STR, HN_REF_NONE, NULL, "comment field (full name)"},
    {"home", HN_T_STR, HN_REF_PATH, NULL, "home directory"},
    {"home_mode", HN_T_INT, HN_REF_NONE, NULL, "permission bits of the home directory"},
    {"home_uid", HN_T_INT, HN_REF_NONE, NULL, "owner of the home directory"},
    {"home_gid", HN_T_INT, HN_REF_NONE, NULL, "group of the home directory"},
    {"shell", HN_T_STR, HN_REF_PATH, NULL, "login shell"},
    {"login_shell", HN_T_BOOL, HN_REF_NONE, NULL, "the shell lets somebody work interactively"},
    {"system", HN_T_BOOL, HN_REF_NONE, NULL, "below UID_MIN of login.defs, or nobody"},
    {"hash", HN_T_STR, HN_REF_NONE, NULL,
     "kind of the password hash: empty, none, des, bsdi, md5, sha1, nthash, bcrypt, sha256, sha512, scrypt, yescrypt, "
     "gost-yescrypt, unknown; the hash itself is never kept"},
    {"hash_in_passwd", HN_T_BOOL, HN_REF_NONE, NULL, "the hash stands in the world-readable passwd file"},
    {"locked", HN_T_BOOL, HN_REF_NONE, NULL, "password login is locked"},
    {"changed", HN_T_TIME, HN_REF_NONE, NULL, "last change of the password"},
    {"min_days", HN_T_INT, HN_REF_NONE, "days", "shortest time between changes"},
    {"max_days", HN_T_INT, HN_REF_NONE, "days", "longest time between changes"},
    {"warn_days", HN_T_INT, HN_REF_NONE, "days", "warning before the password ends"},
    {"inactive_days", HN_T_INT, HN_REF_NONE, "days", "grace after the password ended"},
    {"expires", HN_T_TIME, HN_REF_NONE, NULL, "the account ends"},
    {"expired", HN_T_BOOL, HN_REF_NONE, NULL, "the account has ended"},
    {"last_login", HN_T_TIME, HN_REF_NONE, NULL, "newest login in lastlog, wtmp or the databases that replace them"},
    {"last_login_from", HN_T_STR, HN_REF_NONE, NULL, "where that login came from"},
    {"login_history", HN_T_BOOL, HN_REF_NONE, NULL,
     "a login record exists for this host, so that no login means never"},
    {"keys", HN_T_INT, HN_REF_NONE, NULL, "keys in authorized_keys"},
    {"groups", HN_T_LIST, HN_REF_NONE, NULL, "groups the account is a member of, the primary one first"},
    {"line", HN_T_INT, HN_REF_NONE, NULL, "line in passwd"},
    {0}};

static const struct hn_field group_fields[] = {
    {"gid", HN_T_INT, HN_REF_NONE, NULL, "group number"},
    {"members", HN_T_LIST, HN_REF_USER, NULL, "members by name"},
    {"admins", HN_T_LIST, HN_REF_USER, NULL, "administrators (gshadow)"},
    {"password", HN_T_STR, HN_REF_NONE, NULL, "kind of a group password, as for accounts"},
    {0}};

static const struct hn_field sudo_fields[] = {
    {"who", HN_T_STR, HN_REF_NONE, NULL, "user, %group, #uid or alias as written"},
    {"users", HN_T_LIST, HN_REF_NONE, NULL, "the same with aliases resolved"},
    {"hosts", HN_T_STR, HN_REF_NONE, NULL, "hosts the rule is for"},
    {"runas", HN_T_STR, HN_REF_NONE, NULL, "as whom, as written; absent means root"},
    {"command", HN_T_STR, HN_REF_NONE, NULL, "command or alias as written"},
    {"commands", HN_T_LIST, HN_REF_NONE, NULL, "the same with aliases resolved"},
    {"programs", HN_T_LIST, HN_REF_PATH, NULL, "programs that the commands name"},
    {"nopasswd", HN_T_BOOL, HN_REF_NONE, NULL, "no password is asked"},
    {"all", HN_T_BOOL, HN_REF_NONE, NULL, "any command"},
    {"tags", HN_T_LIST, HN_REF_NONE, NULL, "NOPASSWD, SETENV, NOEXEC …"},
    {"path", HN_T_STR, HN_REF_PATH, NULL, "file"},
    {"line", HN_T_INT, HN_REF_NONE, NULL, "line in the file"},
    {0}};

static const struct hn_field sudo_default_fields[] = {
    {"option", HN_T_STR, HN_REF_NONE, NULL, "option name, with a leading ! when it is switched off"},
    {"value", HN_T_STR, HN_REF_NONE, NULL, "value, when there is one"},
    {"scope", HN_T_STR, HN_REF_NONE, NULL, "what it is limited to (@host, :user, !command, >runas)"},
    {"path", HN_T_STR, HN_REF_PATH, NULL, "file"},
    {"line", HN_T_INT, HN_REF_NONE, NULL, "line in the file"},
    {0}};

static const struct hn_field sshd_fields[] = {
    {"option", HN_T_STR, HN_REF_NONE, NULL, "option in lower case, as sshd -T prints it"},
    {"value", HN_T_STR, HN_REF_NONE, NULL, "effective value; several are joined by a blank"},
    {"set", HN_T_BOOL, HN_REF_NONE, NULL, "written in a file; false: the default of OpenSSH 9"},
    {"match", HN_T_STR, HN_REF_NONE, NULL, "criteria of the Match block it belongs to; absent for everybody"},
    {"path", HN_T_STR, HN_REF_PATH, NULL, "file"},
    {"line", HN_T_INT, HN_REF_NONE, NULL, "line in the file"},
    {0}};

static const struct hn_field key_fields[] = {
    {"user", HN_T_STR, HN_REF_USER, NULL, "account that the key opens"},
    {"uid", HN_T_INT, HN_REF_NONE, NULL, "its number"},
    {"type", HN_T_STR, HN_REF_NONE, NULL, "key type as written (ssh-ed25519 …)"},
    {"bits", HN_T_INT, HN_REF_NONE, "bits", "size of the key"},
    {"fingerprint", HN_T_STR, HN_REF_NONE, NULL, "SHA256:…; the key itself is never kept"},
    {"comment", HN_T_STR, HN_REF_NONE, NULL, "comment as written, untrusted"},
    {"options", HN_T_LIST, HN_REF_NONE, NULL, "names of the options before the key"},
    {"from", HN_T_STR, HN_REF_NONE, NULL, "addresses that it is limited to"},
    {"command", HN_T_STR, HN_REF_NONE, NULL, "command that it is limited to"},
    {"restricted", HN_T_BOOL, HN_REF_NONE, NULL, "limited by from=, command= or restrict"},
    {"path", HN_T_STR, HN_REF_PATH, NULL, "file"},
    {"line", HN_T_INT, HN_REF_NONE, NULL, "line in the file"},
    {0}};

static const struct hn_field defs_fields[] = {{"value", HN_T_STR, HN_REF_NONE, NULL, "value as written"},
                                              {"path", HN_T_STR, HN_REF_PATH, NULL, "file"},
                                              {"line", HN_T_INT, HN_REF_NONE, NULL, "line in the file"},
                                              {0}};

static const struct hn_field file_fields[] = {
    {"role", HN_T_STR, HN_REF_NONE, NULL, "passwd, shadow, group, gshadow, sudoers, sshd, keys, ssh-folder, trust"},
    {"user", HN_T_STR, HN_REF_USER, NULL, "account it belongs to, for files in a home"},
    {"mode", HN_T_INT, HN_REF_NONE, NULL, "permission bits"},
    {"uid", HN_T_INT, HN_REF_NONE, NULL, "owner"},
    {"gid", HN_T_INT, HN_REF_NONE, NULL, "group"},
    {"entries", HN_T_INT, HN_REF_NONE, NULL, "lines that grant something (trust files)"},
    {"any_host", HN_T_BOOL, HN_REF_NONE, NULL, "a line of a trust file lets in any host (+)"},
    {0}};

static const struct hn_kind kinds[] = {
    {"account", "login name; a second line of the same name is name:line", account_fields},
    {"group", "group name", group_fields},
    {"sudo_rule", "path:line:index of the command", sudo_fields},
    {"sudo_default", "path:line:index", sudo_default_fields},
    {"sshd", "option, or match/<criteria>/option", sshd_fields},
    {"key", "path:line", key_fields},
    {"login_defs", "key of login.defs", defs_fields},
    {"file", "path of a file that grants access", file_fields},
    {0}};

static const struct hn_rule rules[] = {
    {"empty-password", HN_SEV_CRITICAL, HN_CLASS_CONFIGURATION, "CIS:7.2.2 NIST:IA-5 DS-211 MHLW:6.0"},
    {"hash-in-passwd", HN_SEV_HIGH, HN_CLASS_CONFIGURATION, "CIS:7.2.1"},
    {"weak-hash", HN_SEV_HIGH, HN_CLASS_CONFIGURATION, "NIST:IA-5 DS-211"},
    {"duplicate-uid0", HN_SEV_CRITICAL, HN_CLASS_INTEGRITY, "CIS:5.4.2.1 NIST:AC-6 DS-211"},
    {"duplicate-uid", HN_SEV_MEDIUM, HN_CLASS_CONFIGURATION, "CIS:7.2.5"},
    {"duplicate-name", HN_SEV_MEDIUM, HN_CLASS_CONFIGURATION, "CIS:7.2.7"},
    {"sudo-nopasswd", HN_SEV_HIGH, HN_CLASS_CONFIGURATION, "CIS:5.2.4 NIST:AC-6 DS-211"},
    {"sudo-escape", HN_SEV_HIGH, HN_CLASS_CONFIGURATION, "CIS:5.2.4 NIST:AC-6 DS-211"},
    {"sudo-no-authenticate", HN_SEV_HIGH, HN_CLASS_CONFIGURATION, "CIS:5.2.5"},
    {"account-stale", HN_SEV_MEDIUM, HN_CLASS_HYGIENE, "NIST:AC-2 DS-211 MHLW:6.0"},
    {"system-account-with-shell", HN_SEV_LOW, HN_CLASS_CONFIGURATION, "CIS:5.4.2.7"},
    {"password-expired", HN_SEV_LOW, HN_CLASS_HYGIENE, "CIS:5.4.1.5"},
    {"key-weak", HN_SEV_HIGH, HN_CLASS_CONFIGURATION, "NIST:IA-5 DS-211"},
    {"key-unrestricted-root", HN_SEV_MEDIUM, HN_CLASS_CONFIGURATION, "NIST:AC-6 DS-211"},
    {"root-login-by-password", HN_SEV_HIGH, HN_CLASS_CONFIGURATION, "CIS:5.1.20 NIST:AC-17 DS-211"},
    {"home-writable", HN_SEV_HIGH, HN_CLASS_CONFIGURATION, "CIS:7.2.9"},
    {"home-foreign-owner", HN_SEV_MEDIUM, HN_CLASS_INTEGRITY, "CIS:7.2.9"},
    {"access-file-writable", HN_SEV_HIGH, HN_CLASS_CONFIGURATION, "NIST:AC-6 DS-211"},
    {"shadow-readable", HN_SEV_HIGH, HN_CLASS_CONFIGURATION, "CIS:7.1.5"},
    {"trust-file", HN_SEV_HIGH, HN_CLASS_CONFIGURATION, "CIS:7.2.10"},
    {"group-as-root", HN_SEV_MEDIUM, HN_CLASS_CONFIGURATION, "NIST:AC-6 DS-211"},
    {"group-password", HN_SEV_LOW, HN_CLASS_CONFIGURATION, NULL},
    {0}};

#define MIB (1u << 20)

static void collect(struct hn_collect *c)
{
    hn_collect_file(c, "login.defs", "/etc/login.defs", 256u << 10);
    hn_collect_file(c, "passwd", "/etc/passwd", MIB);
    hn_collect_file(c, "shadow", "/etc/shadow", MIB);
    hn_collect_file(c, "group", "/etc/group", MIB);
    hn_collect_file(c, "gshadow", "/etc/gshadow", MIB);
    hn_collect_file(c, "sudoers", "/etc/sudoers", MIB);
    hn_collect_file(c, "sshd", "/etc/ssh/sshd_config", MIB);
    hn_collect_file(c, "trust", "/etc/hosts.equiv", 64u << 10);
    hn_collect_file(c, "trust", "/etc/ssh/shosts.equiv", 64u << 10);
    hn_collect_file(c, "lastlog", "/var/log/lastlog", ACCOUNTS_LASTLOG_MAX);
    hn_collect_file(c, "wtmp", "/var/log/wtmp.1", 4 * MIB);
    hn_collect_file(c, "wtmp", "/var/log/wtmp", 4 * MIB);
    hn_collect_file(c, "logindb", "/var/lib/wtmpdb/wtmp.db", ACCOUNTS_LOGINDB_MAX);
    hn_collect_file(c, "logindb", "/var/lib/lastlog/lastlog2.db", ACCOUNTS_LOGINDB_MAX);
}

struct accounts_file *accounts_keep(struct hn_parse *p, struct accounts_file **list, const struct hn_rec *r)
{
    if (r->err || r->offset)
        return NULL;
    struct hn_arena *a = hn_parse_arena(p);
    struct accounts_file *f = HN_NEW(a, struct accounts_file);
    if (!f)
        return NULL;
    for (struct accounts_file *old = *list; old; old = old->next)
        if (old->path.n == r->path.n && !memcmp(old->path.p, r->path.p, r->path.n))
            return NULL; /* reached by two includes: kept once */
    struct hn_str text = hn_str_from_hostile(a, r->data, 4 * MIB);
    f->path = hn_arena_bytes(a, r->path);
    f->text = hn_arena_str(a, text);
    f->has_stat = r->has_stat;
    f->mode = r->st.mode;
    f->uid = r->st.uid;
    f->next = *list;
    *list = f;
    if (r->truncated)
        hn_parse_malformed(p, r->path, r->data.n, "longer than the limit; the rest was not read");
    return f;
}

static void file_facts(struct hn_parse *p, const struct hn_rec *r, const char *role)
{
    if (r->err || !r->has_stat || r->offset)
        return;
    struct hn_str path = hn_str_from_hostile(hn_parse_scratch(p), r->path, 4096);
    hn_obs_begin(p, "file", path);
    hn_obs_str(p, "role", hn_str_c(role));
    hn_obs_int(p, "mode", r->st.mode & 07777);
    hn_obs_int(p, "uid", r->st.uid);
    hn_obs_int(p, "gid", r->st.gid);
    hn_obs_end(p);
}

static const struct {
    const char *tag;
    void (*parse)(struct hn_parse *p, const struct hn_rec *r);
    bool facts; /* mode and owner of the file are facts themselves */
} dispatch[] = {
    {"login.defs", accounts_login_defs, false},
    {"passwd", accounts_passwd, true},
    {"shadow", accounts_shadow, true},
    {"group", accounts_group_file, true},
    {"gshadow", accounts_gshadow, true},
    {"sudoers", accounts_sudoers, true},
    {"sshd", accounts_sshd_file, true},
    {"lastlog", accounts_lastlog, false},
    {"wtmp", accounts_wtmp, false},
    {"logindb", accounts_logindb, false},
    {"home", accounts_home_stat, false},
    {"keys", accounts_keys, false},
    {"trust", accounts_trust_file, false},
};

static void parse(struct hn_parse *p, const struct hn_rec *r)
{
    struct accounts_state *s = hn_parse_state(p);
    if (!s->maps_ready) {
        hn_map_init(&s->by_name);
        hn_map_init(&s->by_home);
        s->uid_min = 1000;
        s->maps_ready = true;
    }
    for (size_t i = 0; i < sizeof(dispatch) / sizeof(dispatch[0]); i++) {
        if (!hn_str_eqc(r->tag, dispatch[i].tag))
            continue;
        if (dispatch[i].facts)
            file_facts(p, r, dispatch[i].tag);
        dispatch[i].parse(p, r);
    }
}

static void finish(struct hn_parse *p)
{
    struct accounts_state *s = hn_parse_state(p);
    if (!s->maps_ready)
        return;
    accounts_logindb_done(s);
    accounts_users_emit(p);
    accounts_sudo_emit(p);
    accounts_sshd_emit(p);
    hn_map_done(&s->by_name);
    hn_map_done(&s->by_home);
}

const struct hn_module hn_module_accounts = {
    .name = "accounts",
    .kinds = kinds,
    .rules = rules,
    .state_size = sizeof(struct accounts_state),
    .collect = collect,
    .parse = parse,
    .finish = finish,
    .judge = accounts_judge,
};
