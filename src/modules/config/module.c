/* config: configuration files as observations, and configuration rules as data over the observations of all modules.
 *
 *   files ─▶ readers (sources.c) ─▶ setting, pam, mount, file …  ─┐
 *            observations of other modules                       ─┴▶ rules (rules/, compiled) ─▶ findings, evaluation
 */
#include "modules/config/config.h"

static const struct hn_field system_fields[] = {
    {"live", HN_T_BOOL, HN_REF_NONE, NULL, "the running system was looked at, not a mounted root"},
    {"container", HN_T_BOOL, HN_REF_NONE, NULL, "it is a container: kernel, clock and mounts belong to its host"},
    {"systemd", HN_T_BOOL, HN_REF_NONE, NULL, "systemd runs it"},
    {"desktop", HN_T_BOOL, HN_REF_NONE, NULL, "a graphical session can be started on it"},
    {0}};

static const struct hn_field source_fields[] = {
    {"conf", HN_T_STR, HN_REF_NONE, NULL, "name of the configuration, as in setting.conf"},
    {"exists", HN_T_BOOL, HN_REF_NONE, NULL, "at least one of its files is there"},
    {"complete", HN_T_BOOL, HN_REF_NONE, NULL, "all of its files were read to the end"},
    {"files", HN_T_INT, HN_REF_NONE, NULL, "files read"},
    {0}};

static const struct hn_field setting_fields[] = {
    {"conf", HN_T_STR, HN_REF_NONE, NULL, "name of the configuration: login.defs, journald, apt …"},
    {"key", HN_T_STR, HN_REF_NONE, NULL, "name of the setting; section.name where there are sections"},
    {"value", HN_T_STR, HN_REF_NONE, NULL, "its effective value; secrets are shown as (set)"},
    {"path", HN_T_STR, HN_REF_PATH, NULL, "file it stands in"},
    {"line", HN_T_INT, HN_REF_NONE, NULL, "line number"},
    {0}};

static const struct hn_field file_fields[] = {
    {"path", HN_T_STR, HN_REF_PATH, NULL, "where it is"},
    {"exists", HN_T_BOOL, HN_REF_NONE, NULL, "it is there"},
    {"type", HN_T_STR, HN_REF_NONE, NULL, "file, folder, link, socket, other"},
    {"mode", HN_T_STR, HN_REF_NONE, "octal", "permission bits, four octal digits"},
    {"uid", HN_T_INT, HN_REF_NONE, NULL, "owner"},
    {"gid", HN_T_INT, HN_REF_NONE, NULL, "group"},
    {"owner", HN_T_STR, HN_REF_USER, NULL, "name of the owner, the number when it has none"},
    {"group", HN_T_STR, HN_REF_NONE, NULL, "name of the group, the number when it has none"},
    {"size", HN_T_INT, HN_REF_NONE, "bytes", "length"},
    {"link", HN_T_STR, HN_REF_NONE, NULL, "target, when it is a symbolic link"},
    {0}};

static const struct hn_field mount_fields[] = {
    {"path", HN_T_STR, HN_REF_PATH, NULL, "where it is mounted"},
    {"device", HN_T_STR, HN_REF_NONE, NULL, "what is mounted"},
    {"fstype", HN_T_STR, HN_REF_NONE, NULL, "type of the file system"},
    {"mounted", HN_T_BOOL, HN_REF_NONE, NULL, "it is mounted now"},
    {"in_fstab", HN_T_BOOL, HN_REF_NONE, NULL, "/etc/fstab names it"},
    {"options", HN_T_LIST, HN_REF_NONE, NULL, "options of the live mount"},
    {"fstab_options", HN_T_LIST, HN_REF_NONE, NULL, "options in /etc/fstab"},
    {"effective", HN_T_LIST, HN_REF_NONE, NULL, "options of the live mount, else those of /etc/fstab"},
    {"line", HN_T_INT, HN_REF_NONE, NULL, "line number in /etc/fstab"},
    {0}};

static const struct hn_field apt_fields[] = {
    {"path", HN_T_STR, HN_REF_PATH, NULL, "file it stands in"},
    {"line", HN_T_INT, HN_REF_NONE, NULL, "line number"},
    {"enabled", HN_T_BOOL, HN_REF_NONE, NULL, "it is in use"},
    {"type", HN_T_STR, HN_REF_NONE, NULL, "deb or deb-src"},
    {"uri", HN_T_STR, HN_REF_NONE, NULL, "address, without credentials"},
    {"scheme", HN_T_STR, HN_REF_NONE, NULL, "http, https, file, cdrom …"},
    {"suite", HN_T_STR, HN_REF_NONE, NULL, "bookworm, bookworm-security …"},
    {"components", HN_T_LIST, HN_REF_NONE, NULL, "main, contrib …"},
    {"signed_by", HN_T_STR, HN_REF_NONE, NULL, "key that must have signed it; empty: any trusted key"},
    {"trusted", HN_T_BOOL, HN_REF_NONE, NULL, "signatures are not checked (trusted=yes)"},
    {"expiry_ignored", HN_T_BOOL, HN_REF_NONE, NULL, "an outdated index is accepted (check-valid-until=no)"},
    {"security", HN_T_BOOL, HN_REF_NONE, NULL, "it carries security updates"},
    {0}};

static const struct hn_field pam_fields[] = {
    {"service", HN_T_STR, HN_REF_NONE, NULL, "service whose stack it is, includes followed"},
    {"type", HN_T_STR, HN_REF_NONE, NULL, "auth, account, password, session"},
    {"control", HN_T_STR, HN_REF_NONE, NULL, "required, sufficient, [success=1 default=ignore] …"},
    {"module", HN_T_STR, HN_REF_NONE, NULL, "pam_unix.so …"},
    {"args", HN_T_LIST, HN_REF_NONE, NULL, "arguments; secrets are shown as (set)"},
    {"path", HN_T_STR, HN_REF_PATH, NULL, "file it stands in"},
    {"line", HN_T_INT, HN_REF_NONE, NULL, "line number"},
    {0}};

static const struct hn_field audit_fields[] = {{"type", HN_T_STR, HN_REF_NONE, NULL, "watch or syscall"},
                                               {"target", HN_T_STR, HN_REF_PATH, NULL, "file or folder watched"},
                                               {"perms", HN_T_STR, HN_REF_NONE, NULL, "accesses recorded: r, w, x, a"},
                                               {"syscalls", HN_T_LIST, HN_REF_NONE, NULL, "system calls recorded"},
                                               {"key", HN_T_STR, HN_REF_NONE, NULL, "key of the records"},
                                               {"path", HN_T_STR, HN_REF_PATH, NULL, "file it stands in"},
                                               {"line", HN_T_INT, HN_REF_NONE, NULL, "line number"},
                                               {0}};

static const struct hn_field export_fields[] = {
    {"directory", HN_T_STR, HN_REF_PATH, NULL, "folder exported by NFS"},
    {"client", HN_T_STR, HN_REF_NONE, NULL, "who may mount it; * is everybody"},
    {"options", HN_T_LIST, HN_REF_NONE, NULL, "export options"},
    {"path", HN_T_STR, HN_REF_PATH, NULL, "file it stands in"},
    {"line", HN_T_INT, HN_REF_NONE, NULL, "line number"},
    {0}};

static const struct hn_field evaluation_fields[] = {
    {"rule", HN_T_STR, HN_REF_NONE, NULL, "configuration rule"},
    {"result", HN_T_STR, HN_REF_NONE, NULL, "pass, fail, not_applicable, unknown"},
    {"why", HN_T_STR, HN_REF_NONE, NULL, "why it does not apply or could not be judged: text config.why.<why>"},
    {"what", HN_T_STR, HN_REF_NONE, NULL, "the package, file … that this is about"},
    {"seen", HN_T_STR, HN_REF_NONE, NULL, "what was found, with file:line"},
    {0}};

static const struct hn_field summary_fields[] = {
    {"selected", HN_T_INT, HN_REF_NONE, NULL, "rules"},
    {"evaluated", HN_T_INT, HN_REF_NONE, NULL, "rules that passed or failed"},
    {"passed", HN_T_INT, HN_REF_NONE, NULL, "rules that passed"},
    {"failed", HN_T_INT, HN_REF_NONE, NULL, "rules that failed"},
    {"not_applicable", HN_T_INT, HN_REF_NONE, NULL, "rules that make no sense here"},
    {"unknown", HN_T_INT, HN_REF_NONE, NULL, "rules for which something was not seen"},
    {0}};

const struct hn_kind config_kinds[] = {
    {"system", "\"host\"", system_fields},
    {"source", "name of a configuration", source_fields},
    {"setting", "configuration/key, with @file:line when each occurrence counts", setting_fields},
    {"file", "path", file_fields},
    {"mount", "path", mount_fields},
    {"apt_source", "file:line and what it says", apt_fields},
    {"pam", "service/type/position", pam_fields},
    {"audit_rule", "file:line", audit_fields},
    {"export", "folder and client", export_fields},
    {"evaluation", "rule", evaluation_fields},
    {"summary", "\"rules\"", summary_fields},
    {0}};

static void collect_stats(struct hn_collect *c)
{
    for (size_t i = 0; i < config_stat_paths_n; i++) {
        struct hn_str path = hn_str_c(config_stat_paths[i]);
        char folder[128];
        if (!hn_str_ends(path, "/.") || path.n >= sizeof folder) {
            hn_collect_stat(c, "stat", path.p);
            continue;
        }
        memcpy(folder, path.p, path.n - 2);
        folder[path.n - 2] = 0;
        hn_collect_dir(c, "stat", folder, 1, 500);
    }
}

/* A file, a glob, or a folder whose being there is worth knowing ("/" at the end). */
static void collect_one(struct hn_collect *c, const char *conf, const char *path)
{
    size_t n = strlen(path);
    char folder[128];
    if ((strncmp(path, "/proc/", 6) == 0 || strncmp(path, "/sys/", 5) == 0) && !hn_collect_live(c))
        return;
    if (path[n - 1] == '/' && n < sizeof folder) {
        memcpy(folder, path, n - 1);
        folder[n - 1] = 0;
        hn_collect_stat(c, conf, folder);
    } else if (strchr(path, '*')) {
        hn_collect_glob(c, conf, path, CONFIG_FILE_MAX, 256);
    } else {
        hn_collect_file(c, conf, path, CONFIG_FILE_MAX);
    }
}

void config_collect(struct hn_collect *c)
{
    static const char *const marks[] = {"/.dockerenv",
                                        "/run/.containerenv",
                                        "/run/systemd/container",
                                        "/run/systemd/system",
                                        "/usr/lib/systemd/systemd",
                                        "/usr/share/xsessions",
                                        "/usr/share/wayland-sessions"};
    hn_collect_file(c, "users", "/etc/passwd", CONFIG_FILE_MAX);
    hn_collect_file(c, "groups", "/etc/group", CONFIG_FILE_MAX);
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        hn_collect_stat(c, "system", marks[i]);
    for (size_t i = 0; i < config_sources_n; i++)
        for (size_t k = 0; k < sizeof config_sources[i].files / sizeof config_sources[i].files[0]; k++)
            if (config_sources[i].files[k])
                collect_one(c, config_sources[i].conf, config_sources[i].files[k]);
    collect_stats(c);
}

const struct hn_module hn_module_config = {.name = "config",
                                           .kinds = config_kinds,
                                           .rules = config_rules,
                                           .needs = config_needs,
                                           .state_size = sizeof(struct config_state),
                                           .collect = config_collect,
                                           .parse = config_parse,
                                           .finish = config_finish,
                                           .judge = config_judge};
