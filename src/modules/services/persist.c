/* Places other than units from which something starts by itself. */
#include "modules/services/services.h"

const struct services_place services_places[] = {
    {"ld-so-preload", "/etc/ld.so.preload", SERVICES_LINES, NULL},
    {"cron", "/etc/crontab", SERVICES_CRON_SYSTEM, NULL},
    {"cron", "/etc/cron.d/*", SERVICES_CRON_SYSTEM, NULL},
    {"cron", "/etc/anacrontab", SERVICES_CRON_USER, NULL},
    {"cron", "/var/spool/cron/crontabs/*", SERVICES_CRON_USER, NULL},
    {"cron", "/var/spool/cron/root", SERVICES_CRON_USER, NULL},
    {"cron-script", "/etc/cron.hourly/*", SERVICES_STAT, NULL},
    {"cron-script", "/etc/cron.daily/*", SERVICES_STAT, NULL},
    {"cron-script", "/etc/cron.weekly/*", SERVICES_STAT, NULL},
    {"cron-script", "/etc/cron.monthly/*", SERVICES_STAT, NULL},
    {"at", "/var/spool/cron/atjobs/*", SERVICES_AT, NULL},
    {"at", "/var/spool/at/*", SERVICES_AT, NULL},
    {"rc-local", "/etc/rc.local", SERVICES_LINES, NULL},
    {"rc-local", "/etc/rc.d/rc.local", SERVICES_LINES, NULL},
    {"init-script", "/etc/init.d/*", SERVICES_STAT, NULL},
    {"profile", "/etc/profile.d/*", SERVICES_STAT, NULL},
    {"profile", "/root/.bashrc", SERVICES_STAT, NULL},
    {"profile", "/root/.profile", SERVICES_STAT, NULL},
    {"profile", "/root/.bash_profile", SERVICES_STAT, NULL},
    {"profile", "/root/.bash_login", SERVICES_STAT, NULL},
    {"ssh-rc", "/etc/ssh/sshrc", SERVICES_LINES, NULL},
    {"ssh-rc", "/root/.ssh/rc", SERVICES_LINES, NULL},
    {"autostart", "/etc/xdg/autostart/*.desktop", SERVICES_EXEC, NULL},
    {"autostart", "/root/.config/autostart/*.desktop", SERVICES_EXEC, NULL},
    {"autostart", "/home/*/.config/autostart/*.desktop", SERVICES_EXEC, NULL},
    {"user-unit", "/etc/systemd/user/*.service", SERVICES_EXEC, NULL},
    {"user-unit", "/root/.config/systemd/user/*.service", SERVICES_EXEC, NULL},
    {"user-unit", "/home/*/.config/systemd/user/*.service", SERVICES_EXEC, NULL},
    {"dbus", "/usr/share/dbus-1/system-services/*.service", SERVICES_EXEC, NULL},
    {"dbus", "/usr/local/share/dbus-1/system-services/*.service", SERVICES_EXEC, NULL},
    {"udev", "/etc/udev/rules.d/*.rules", SERVICES_MATCH, "RUN PROGRAM= IMPORT{program}"},
    {"udev", "/usr/local/lib/udev/rules.d/*.rules", SERVICES_MATCH, "RUN PROGRAM= IMPORT{program}"},
    {"udev", "/usr/lib/udev/rules.d/*.rules", SERVICES_MATCH, "RUN PROGRAM= IMPORT{program}"},
    {"generator", "/etc/systemd/system-generators/*", SERVICES_STAT, NULL},
    {"generator", "/usr/local/lib/systemd/system-generators/*", SERVICES_STAT, NULL},
    {"generator", "/usr/lib/systemd/system-generators/*", SERVICES_STAT, NULL},
    {"generator", "/run/systemd/system-generators/*", SERVICES_STAT, NULL},
    {"sleep-hook", "/usr/lib/systemd/system-sleep/*", SERVICES_STAT, NULL},
    {"sleep-hook", "/usr/lib/systemd/system-shutdown/*", SERVICES_STAT, NULL},
    {"motd", "/etc/update-motd.d/*", SERVICES_STAT, NULL},
    {"apt-hook", "/etc/apt/apt.conf.d/*", SERVICES_MATCH, "Invoke"},
    {"network-hook", "/etc/network/if-up.d/*", SERVICES_STAT, NULL},
    {"network-hook", "/etc/network/if-pre-up.d/*", SERVICES_STAT, NULL},
    {"network-hook", "/etc/network/if-down.d/*", SERVICES_STAT, NULL},
    {"network-hook", "/etc/NetworkManager/dispatcher.d/*", SERVICES_STAT, NULL},
    {"network-hook", "/etc/dhcp/dhclient-exit-hooks.d/*", SERVICES_STAT, NULL},
    {"network-hook", "/etc/dhcp/dhclient-enter-hooks.d/*", SERVICES_STAT, NULL},
    {"network-hook", "/etc/ppp/ip-up.d/*", SERVICES_STAT, NULL},
    {"pam-exec", "/etc/pam.d/*", SERVICES_MATCH, "pam_exec.so pam_script.so"},
    {"modules-load", "/etc/modules", SERVICES_LINES, NULL},
    {"modules-load", "/etc/modules-load.d/*.conf", SERVICES_LINES, NULL},
    {"modprobe-install", "/etc/modprobe.d/*.conf", SERVICES_MATCH, "install remove"},
    {"binfmt", "/etc/binfmt.d/*.conf", SERVICES_LINES, NULL},
    {"initramfs-hook", "/etc/initramfs-tools/hooks/*", SERVICES_STAT, NULL},
    {"kernel-hook", "/etc/kernel/postinst.d/*", SERVICES_STAT, NULL},
    {"x-session", "/etc/X11/Xsession.d/*", SERVICES_STAT, NULL},
    {"inetd", "/etc/inetd.conf", SERVICES_LINES, NULL},
    {"inetd", "/etc/xinetd.d/*", SERVICES_MATCH, "server"},
    {"inittab", "/etc/inittab", SERVICES_LINES, NULL},
    {0}};

struct item {
    unsigned line;
    struct hn_str what, user, schedule;
};

#define MAX_PROGRAMS_OF_LINE 16u

static void emit(struct hn_parse *p, const struct hn_rec *r, const struct services_place *place, const struct item *i)
{
    struct hn_arena *a = hn_parse_scratch(p);
    struct hn_str path = hn_str_from_hostile(a, hn_path_canonical(a, r->path), 4096), programs[MAX_PROGRAMS_OF_LINE];
    struct hn_str subject = i->line ? hn_arena_fmt(a, "%s:%.*s:%u", place->kind, HN_FMT(path), i->line)
                                    : hn_arena_fmt(a, "%s:%.*s", place->kind, HN_FMT(path));
    size_t n = services_programs_of(p, i->what, programs, MAX_PROGRAMS_OF_LINE);
    hn_obs_begin(p, "persistence", subject);
    hn_obs_str(p, "kind", hn_str_c(place->kind));
    hn_obs_str(p, "path", path);
    if (i->line)
        hn_obs_int(p, "line", i->line);
    if (i->what.n)
        hn_obs_str(p, "what", i->what);
    hn_obs_list(p, "programs", programs, n);
    if (i->user.n)
        hn_obs_str(p, "user", i->user);
    if (i->schedule.n)
        hn_obs_str(p, "schedule", i->schedule);
    if (r->has_stat) {
        hn_obs_int(p, "mode", r->st.mode & 07777);
        hn_obs_int(p, "uid", r->st.uid);
        hn_obs_int(p, "gid", r->st.gid);
        hn_obs_time(p, "mtime", r->st.mtime);
    }
    hn_obs_end(p);
}

/* "NAME=value" before the schedule columns: a setting of the environment. */
static bool is_assignment(struct hn_str line)
{
    size_t i = 0;
    while (i < line.n && ((line.p[i] | 0x20) >= 'a' ? (line.p[i] | 0x20) <= 'z' : line.p[i] >= '0' && line.p[i] <= '9'))
        i++;
    while (i < line.n && (line.p[i] == '_' || (line.p[i] >= '0' && line.p[i] <= '9') ||
                          ((line.p[i] | 0x20) >= 'a' && (line.p[i] | 0x20) <= 'z')))
        i++;
    while (i < line.n && (line.p[i] == ' ' || line.p[i] == '\t'))
        i++;
    return i > 0 && i < line.n && line.p[i] == '=' && (line.p[0] < '0' || line.p[0] > '9');
}

/* crontab(5): five columns or one @word; then a user in system tables; the rest is the command. */
static bool cron_line(struct hn_str line, bool system, bool anacron, struct item *i)
{
    struct hn_str rest = line, word = line;
    unsigned columns = anacron ? 3 : 5;
    const char *begin = line.p;
    if (line.p[0] == '@')
        columns = anacron ? 3 : 1;
    for (unsigned k = 0; k < columns; k++)
        if (!hn_str_word(&rest, &word))
            return false;
    i->schedule = hn_str_trim((struct hn_str){begin, (size_t)(word.p + word.n - begin)});
    if (system) {
        if (!hn_str_word(&rest, &word))
            return false;
        i->user = word;
    }
    i->what = hn_str_trim(rest);
    return i->what.n > 0;
}

static struct hn_str base_name(struct hn_arena *a, struct hn_bytes path)
{
    return hn_str_from_hostile(a, hn_str_bytes(hn_str_base((struct hn_str){(const char *)path.p, path.n})), 512);
}

static void cron(struct hn_parse *p, const struct hn_rec *r, const struct services_place *place, struct hn_str text)
{
    struct hn_str rest = text, line, name = base_name(hn_parse_scratch(p), r->path);
    bool system = place->how == SERVICES_CRON_SYSTEM, anacron = hn_str_eqc(name, "anacrontab");
    if (system && hn_str_chr(name, '.') >= 0 && !hn_str_eqc(name, "crontab"))
        return; /* cron(8) leaves such names in cron.d out: .placeholder, backup copies */
    for (unsigned no = 1; no <= 20000 && hn_str_split(&rest, '\n', &line); no++) {
        size_t at = (size_t)(line.p - text.p);
        struct item i = {.line = no};
        line = hn_str_trim(line);
        if (!line.n || line.p[0] == '#' || is_assignment(line))
            continue;
        if (!cron_line(line, system, anacron, &i)) {
            hn_parse_malformed(p, r->path, at, "not a line of a crontab");
            continue;
        }
        if (!system)
            i.user = anacron ? HN_STR("root") : name;
        emit(p, r, place, &i);
    }
}

/* atd(8) keeps a shell script; its last line is the command. The file belongs to the user. */
static void at_job(struct hn_parse *p, const struct hn_rec *r, const struct services_place *place, struct hn_str text)
{
    struct hn_str rest = text, line;
    struct item i = {0};
    while (hn_str_split(&rest, '\n', &line)) {
        line = hn_str_trim(line);
        if (line.n && line.p[0] != '#' && !hn_str_starts(line, "marcinDELIMITER"))
            i.what = line;
    }
    if (i.what.n && !hn_str_ends(base_name(hn_parse_scratch(p), r->path), ".SEQ"))
        emit(p, r, place, &i);
}

static bool has_word(const char *words, struct hn_str line)
{
    struct hn_str rest = hn_str_c(words), word;
    while (hn_str_word(&rest, &word))
        if (hn_str_find(line, word) >= 0)
            return true;
    return false;
}

static void lines(struct hn_parse *p, const struct hn_rec *r, const struct services_place *place, struct hn_str text)
{
    struct hn_str rest = text, line;
    for (unsigned no = 1, out = 0; no <= 20000 && out < 2000 && hn_str_split(&rest, '\n', &line); no++) {
        struct item i = {.line = no};
        line = hn_str_trim(line);
        if (!line.n || line.p[0] == '#' || line.p[0] == ';' || hn_str_starts(line, "//"))
            continue;
        if (place->how == SERVICES_MATCH && !has_word(place->words, line))
            continue;
        i.what = line;
        if (place->how == SERVICES_EXEC) {
            ptrdiff_t eq = hn_str_chr(line, '=');
            if (!hn_str_starts(line, "Exec") || eq < 0)
                continue;
            i.what = hn_str_trim(hn_str_cut(line, (size_t)eq + 1, line.n));
        }
        emit(p, r, place, &i);
        out++;
    }
}

void services_persist(struct hn_parse *p, const struct hn_rec *r, const struct services_place *place)
{
    if ((r->st.mode & 0170000) == 0040000 && r->has_stat)
        return;
    struct hn_str text = hn_str_from_hostile(hn_parse_scratch(p), r->data, 1u << 20);
    if (r->truncated && place->how != SERVICES_STAT)
        hn_parse_malformed(p, r->path, r->data.n, "longer than the limit; the rest was not read");
    switch (place->how) {
    case SERVICES_STAT: {
        struct item i = {0};
        emit(p, r, place, &i);
        break;
    }
    case SERVICES_CRON_SYSTEM:
    case SERVICES_CRON_USER:
        cron(p, r, place, text);
        break;
    case SERVICES_AT:
        at_job(p, r, place, text);
        break;
    default:
        lines(p, r, place, text);
    }
}
