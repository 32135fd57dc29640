/* What a command line has to do with backups. */
#include "modules/backup/backup.h"

static const char *const tools[] = {"restic",
                                    "borg",
                                    "borgmatic",
                                    "rsnapshot",
                                    "duplicity",
                                    "duply",
                                    "timeshift",
                                    "bacula-fd",
                                    "bacula-dir",
                                    "bareos-fd",
                                    "amdump",
                                    "rdiff-backup",
                                    "rsync",
                                    "pg_dump",
                                    "pg_dumpall",
                                    "pg_basebackup",
                                    "pgbackrest",
                                    "barman",
                                    "mysqldump",
                                    "mariadb-dump",
                                    "mariabackup",
                                    "xtrabackup",
                                    "mongodump",
                                    "zfs-auto-snapshot",
                                    "sanoid",
                                    "syncoid",
                                    "btrbk",
                                    "snapper",
                                    "kopia",
                                    "urbackupclientctl",
                                    "rclone",
                                    "backupninja",
                                    "automysqlbackup",
                                    "autopostgresqlbackup",
                                    "proxmox-backup-client",
                                    "vzdump",
                                    "resticprofile",
                                    "autorestic",
                                    "veeamconfig",
                                    "dump",
                                    NULL};

/* Words end at blanks and at what a shell cuts by. */
static bool shell_word(struct hn_str *rest, struct hn_str *ret)
{
    static const char stop[] = " \t;&|()<>\"'`\n";
    size_t i = 0;
    while (i < rest->n && strchr(stop, rest->p[i]))
        i++;
    size_t from = i;
    while (i < rest->n && !strchr(stop, rest->p[i]))
        i++;
    *ret = hn_str_cut(*rest, from, i);
    *rest = hn_str_cut(*rest, i, rest->n);
    return ret->n > 0;
}

const char *backup_tool_of(struct hn_str command, bool *ret_check)
{
    struct hn_str rest = command, word;
    const char *found = NULL;
    *ret_check = false;
    for (unsigned n = 0; n < 512 && shell_word(&rest, &word); n++) {
        struct hn_str name = hn_str_base(word);
        for (size_t i = 0; tools[i] && !found; i++)
            if (hn_str_eqc(name, tools[i]))
                found = tools[i];
        if (found && (hn_str_eqc(word, "check") || hn_str_eqc(word, "verify")))
            *ret_check = true;
    }
    if (found && strcmp(found, "dump") == 0 && command.n && command.p[0] != '/')
        return NULL; /* dump(8) only by its path: the word is too common */
    return found;
}

/* Value of "-r X", "--repo X", "--repo=X" or "NAME=X". */
static struct hn_str option(struct hn_str command, const char *const *names)
{
    struct hn_str rest = command, word;
    for (unsigned n = 0; n < 512 && shell_word(&rest, &word); n++)
        for (size_t i = 0; names[i]; i++) {
            size_t len = strlen(names[i]);
            if (hn_str_eqc(word, names[i]))
                return shell_word(&rest, &word) ? word : HN_STR("");
            if (word.n > len + 1 && word.p[len] == '=' && memcmp(word.p, names[i], len) == 0)
                return hn_str_cut(word, len + 1, word.n);
        }
    return HN_STR("");
}

static struct hn_str last_word(struct hn_str command)
{
    struct hn_str rest = command, word, last = HN_STR("");
    for (unsigned n = 0; n < 512 && shell_word(&rest, &word); n++)
        if (word.p[0] != '-')
            last = word;
    return last;
}

static struct hn_str redirected(struct hn_str command)
{
    struct hn_str word;
    for (size_t i = command.n; i--;)
        if (command.p[i] == '>' && (!i || command.p[i - 1] != '2') && i + 1 < command.n && command.p[i + 1] != '&') {
            struct hn_str rest = hn_str_cut(command, i + 1, command.n);
            if (shell_word(&rest, &word) && !hn_str_starts(word, "/dev/"))
                return word;
        }
    return HN_STR("");
}

/* "/srv/repo::name" → "/srv/repo" */
static struct hn_str borg_repository(struct hn_str command)
{
    struct hn_str rest = command, word;
    for (unsigned n = 0; n < 512 && shell_word(&rest, &word); n++) {
        ptrdiff_t at = hn_str_find(word, HN_STR("::"));
        if (at > 0)
            return hn_str_cut(word, 0, (size_t)at);
    }
    return HN_STR("");
}

struct hn_str backup_target_of(struct hn_arena *a, const char *tool, struct hn_str command)
{
    static const char *const repo[] = {
        "-r", "--repo", "--repository", "RESTIC_REPOSITORY", "BORG_REPO", "PBS_REPOSITORY", NULL};
    static const char *const file[] = {"-f",           "--file", "-D", "--pgdata", "--result-file",
                                       "--target-dir", "--out",  NULL};
    struct hn_str t = HN_STR("");
    bool dump = strstr(tool, "dump") || strcmp(tool, "pg_basebackup") == 0 || strstr(tool, "backup") == tool + 5;
    if (strcmp(tool, "restic") == 0 || strcmp(tool, "proxmox-backup-client") == 0)
        t = option(command, repo);
    else if (strcmp(tool, "borg") == 0)
        t = option(command, repo).n ? option(command, repo) : borg_repository(command);
    else if (dump)
        t = option(command, file).n ? option(command, file) : redirected(command);
    else if (strcmp(tool, "rsync") == 0 || strcmp(tool, "duplicity") == 0 || strcmp(tool, "rclone") == 0 ||
             strcmp(tool, "rdiff-backup") == 0)
        t = last_word(command);
    if (hn_str_chr(t, '$') >= 0 || hn_str_chr(t, '%') >= 0 || hn_str_chr(t, '`') >= 0)
        return HN_STR(""); /* only a shell knows */
    return hn_arena_str(a, t);
}

bool backup_is_local(struct hn_str t)
{
    return t.n > 1 && t.p[0] == '/';
}

struct hn_str backup_text(struct hn_parse *p, const struct hn_rec *r)
{
    return hn_arena_str(hn_parse_arena(p), hn_str_from_hostile(hn_parse_scratch(p), r->data, 2u << 20));
}
