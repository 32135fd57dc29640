/* Rights that are as good as root without saying so: programs that start any other program or write any file when sudo
 * runs them, and groups whose members can take the whole host. */
#include "core/facts.h"
#include "modules/accounts/accounts.h"

/* These offer a shell (or a file dialogue) whatever their arguments are. */
static const char *const interactive[] = {"vi",   "vim",  "nvim", "vimdiff",    "view", "ed",     "ex",     "emacs",
                                          "nano", "pico", "less", "more",       "most", "man",    "ftp",    "sftp",
                                          "gdb",  "top",  "mc",   "tmux",       "vipw", "screen", "visudo", "irb",
                                          "psql", "w3m",  "lynx", "journalctl", NULL};
/* These run or write what their arguments say, so they matter where the rule leaves the arguments open. */
static const char *const open_ended[] = {
    "sh",        "bash",   "dash",   "zsh",     "ksh",     "csh",     "tcsh",   "fish",    "busybox",     "env",
    "find",      "xargs",  "awk",    "gawk",    "mawk",    "nawk",    "sed",    "tar",     "zip",         "rsync",
    "scp",       "ssh",    "perl",   "ruby",    "lua",     "node",    "php",    "strace",  "ltrace",      "nmap",
    "tcpdump",   "docker", "podman", "lxc",     "mount",   "cp",      "mv",     "install", "dd",          "tee",
    "chmod",     "chown",  "ln",     "apt",     "apt-get", "dpkg",    "rpm",    "dnf",     "yum",         "pip",
    "pip3",      "npm",    "gem",    "make",    "gcc",     "git",     "watch",  "crontab", "at",          "nice",
    "nohup",     "ip",     "chroot", "setarch", "unshare", "nsenter", "socat",  "timeout", "taskset",     "expect",
    "systemctl", "mysql",  "curl",   "wget",    "sqlite3", "openssl", "passwd", "useradd", "usermod",     "su",
    "sudo",      "pkexec", "ionice", "capsh",   "flock",   "python",  "stdbuf", "nc",      "systemd-run", "kubectl",
    NULL};

/* "python3.11" is python, "vim.basic" is vim. */
static bool listed(struct hn_str name, const char *const *list)
{
    struct hn_str plain;
    struct hn_str rest = name;
    hn_str_split(&rest, '.', &plain);
    while (plain.n > 3 && plain.p[plain.n - 1] >= '0' && plain.p[plain.n - 1] <= '9')
        plain.n--;
    for (; *list; list++)
        if (hn_str_eqc(name, *list) || hn_str_eqc(plain, *list))
            return true;
    return false;
}

/* sudoers(5): a command without arguments may be given any; "" forbids all. */
static bool escapes(struct hn_str command, struct hn_str *ret_program)
{
    struct hn_str rest = command, word;
    if (!hn_str_word(&rest, &word) || word.p[0] != '/')
        return false;
    struct hn_str args = hn_str_trim(rest);
    *ret_program = hn_str_base(word);
    if (listed(*ret_program, interactive))
        return true;
    return (!args.n || hn_str_chr(args, '*') >= 0) && listed(*ret_program, open_ended);
}

static bool runs_as_root(const struct hn_obs *rule)
{
    struct hn_str who = hn_obs_get(rule, "runas"), users, one;
    if (!who.n)
        return true;
    hn_str_split(&who, ':', &users);
    while (hn_str_split(&users, ',', &one)) {
        one = hn_str_trim(one);
        if (hn_str_eqc(one, "ALL") || hn_str_eqc(one, "root") || hn_str_eqc(one, "#0"))
            return true;
    }
    return false;
}

static bool tagged(const struct hn_obs *rule, const char *tag)
{
    const struct hn_str *tags;
    size_t n = hn_obs_get_list(rule, "tags", &tags);
    for (size_t i = 0; i < n; i++)
        if (hn_str_eqc(tags[i], tag))
            return true;
    return false;
}

bool accounts_sudo_escapes(const struct hn_obs *rule, struct hn_str *ret_program)
{
    const struct hn_str *commands;
    size_t n = hn_obs_get_list(rule, "commands", &commands);
    if (!runs_as_root(rule) || tagged(rule, "NOEXEC"))
        return false;
    for (size_t i = 0; i < n; i++)
        if (escapes(commands[i], ret_program))
            return true;
    return false;
}

/* ---------------------------------------------------------------- groups */

/* disk and kmem read and write what is below the files; the others start containers with the host's files in them. */
static const char *const root_groups[] = {"docker", "lxd", "incus-admin", "disk", "kmem", NULL};

void accounts_judge_root_group(struct hn_judge *j, const struct hn_obs *group)
{
    const struct hn_str *members;
    size_t n = hn_obs_get_list(group, "members", &members);
    struct hn_buf names;
    if (!n || !listed(group->subject, root_groups))
        return;
    hn_buf_init(&names, 1024);
    for (size_t i = 0; i < n && i < 20; i++)
        hn_buf_fmt(&names, "%s%.*s", i ? ", " : "", HN_FMT(members[i]));
    struct hn_finding *f = hn_find(j, "group-as-root", group->subject, HN_STR(""));
    hn_find_param(f, "group", group->subject);
    hn_find_param(f, "members", hn_arena_str(hn_judge_arena(j), hn_buf_text(&names)));
    hn_find_evidence(f, group, "group");
    for (size_t i = 0; i < n && i < 20; i++)
        hn_find_about(f, HN_REF_USER, members[i]);
    hn_buf_done(&names);
}
