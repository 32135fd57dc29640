/* Formats that are small languages of their own: only what rules ask about is taken out of them. */
#include "modules/config/config.h"

/* limits.conf(5): domain type item value; "-" as type stands for both. Key "domain.type.item". */
void config_read_limits(struct config_file *f)
{
    struct config_lines l = {f->text, 0};
    struct hn_bytes line, domain, type, item, value;
    while (config_line(&l, "#", &line)) {
        if (!config_word(&line, &domain) || !config_word(&line, &type) || !config_word(&line, &item) ||
            !config_word(&line, &value)) {
            config_malformed(f, line, "fewer than four fields");
            continue;
        }
        bool both = hn_bytes_eqc(type, "-");
        for (int i = 0; i < (both ? 2 : 1); i++) {
            struct hn_bytes t = both ? hn_bytes_of(i ? "soft" : "hard", 4) : type;
            struct hn_str key =
                hn_arena_fmt(hn_parse_scratch(f->p), "%.*s.%.*s.%.*s", HN_FMT(domain), HN_FMT(t), HN_FMT(item));
            config_set(f, hn_str_bytes(key), value, l.line);
        }
    }
}

/* modprobe.d(5). The kernel takes '-' and '_' for the same; keys have '_'. */
void config_read_modprobe(struct config_file *f)
{
    struct config_lines l = {f->text, 0};
    struct hn_bytes line, verb, name, value;
    while (config_line(&l, "#", &line)) {
        bool install;
        if (!config_word(&line, &verb) || !config_word(&line, &name))
            continue;
        install = hn_bytes_eqc(verb, "install");
        if (!install && !hn_bytes_eqc(verb, "blacklist"))
            continue;
        if (!install || !config_word(&line, &value))
            value = hn_bytes_of("yes", 3);
        char key[128];
        size_t n = 0, from = install ? 8 : 10;
        memcpy(key, install ? "install." : "blacklist.", from);
        for (n = from; n < sizeof key && n - from < name.n; n++)
            key[n] = name.p[n - from] == '-' ? '_' : (char)name.p[n - from];
        config_set(f, hn_bytes_of(key, n), value, l.line);
    }
}

/* Start-up files of shells: `umask 027` and `TMOUT=900` at any place of a line. */
void config_read_shell(struct config_file *f)
{
    struct config_lines l = {f->text, 0};
    struct hn_bytes line, w;
    while (config_line(&l, "#", &line)) {
        bool umask_next = false;
        while (config_word(&line, &w) && !config_starts(w, "#")) {
            while (w.n > 0 && w.p[w.n - 1] == ';')
                w.n--;
            if (umask_next && w.n > 0 && w.p[0] >= '0' && w.p[0] <= '7')
                config_set_c(f, "umask", w, l.line);
            umask_next = hn_bytes_eqc(w, "umask");
            if (config_starts(w, "TMOUT="))
                config_set_c(f, "TMOUT", config_unquote(config_skip(w, 6)), l.line);
        }
    }
}

/* issue(5), motd: whether the text gives away the system before anybody has signed in. Key: the file's name. */
void config_read_banner(struct config_file *f)
{
    const char *found = config_trim(f->text).n == 0 ? "empty" : "plain";
    for (size_t i = 0; i + 1 < f->text.n; i++)
        if (f->text.p[i] == '\\' && strchr("mrsvo", f->text.p[i + 1] ? f->text.p[i + 1] : 'x'))
            found = "discloses";
    static const char *const names[] = {"Debian GNU/Linux", "Ubuntu ", "Red Hat", "Rocky Linux", "AlmaLinux"};
    struct hn_str text = {(const char *)f->text.p, f->text.n};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (hn_str_find(text, hn_str_c(names[i])) >= 0)
            found = "discloses";
    size_t slash = f->path.n;
    while (slash > 0 && f->path.p[slash - 1] != '/')
        slash--;
    config_set(f, config_skip(f->path, slash), hn_bytes_of(found, strlen(found)), 0);
}

/* The kernel command line: "name=value name …". */
void config_read_cmdline(struct config_file *f)
{
    struct hn_bytes rest = f->text, w;
    while (config_word(&rest, &w)) {
        const uint8_t *eq = memchr(w.p, '=', w.n);
        size_t n = eq ? (size_t)(eq - w.p) : w.n;
        config_set(f, hn_bytes_of(w.p, n), config_skip(w, n + 1), 1);
    }
}

/* grub.cfg: whether a password guards the boot entries. The hash is not kept. */
void config_read_grub_cfg(struct config_file *f)
{
    struct config_lines l = {f->text, 0};
    struct hn_bytes line;
    while (config_line(&l, "#", &line)) {
        if (config_starts(line, "password_pbkdf2 ") || config_starts(line, "password "))
            config_set_c(f, "password", hn_bytes_of("(set)", 5), l.line);
        else if (config_starts(line, "set superusers="))
            config_set_c(f, "superusers", hn_bytes_of("(set)", 5), l.line);
    }
}

static bool contains(struct hn_bytes b, const char *what)
{
    return hn_str_find((struct hn_str){(const char *)b.p, b.n}, hn_str_c(what)) >= 0;
}

static void rsyslog_mode(struct config_file *f, struct hn_bytes line, unsigned no)
{
    for (size_t i = 0; i + 4 <= line.n; i++) {
        size_t n = 0;
        while (i + n < line.n && line.p[i + n] >= '0' && line.p[i + n] <= '7')
            n++;
        if (n == 4 || n == 3) {
            config_set_c(f, "filecreatemode", hn_bytes_of(line.p + i, n), no);
            return;
        }
        i += n;
    }
}

/* rsyslog.conf(5), old and new style: forwarding, listening inputs, mode of new files. */
void config_read_rsyslog(struct config_file *f)
{
    struct config_lines l = {f->text, 0};
    struct hn_bytes line, w;
    while (config_line(&l, "#", &line)) {
        if (contains(line, "omfwd") || contains(line, "omrelp"))
            config_set_c(f, "forward", hn_bytes_of("action", 6), l.line);
        static const char *const inputs[] = {"imtcp", "imudp", "imrelp"};
        for (size_t i = 0; i < 3; i++)
            if (contains(line, inputs[i]) && (config_starts(line, "$ModLoad") || config_starts(line, "module(")))
                config_set_c(f, "input", hn_bytes_of(inputs[i], strlen(inputs[i])), l.line);
        if (config_starts(line, "$FileCreateMode") || contains(line, "fileCreateMode") ||
            contains(line, "FileCreateMode"))
            rsyslog_mode(f, line, l.line);
        /* "*.* @@host:514": the action is the word after the selector */
        if (config_word(&line, &w) && contains(w, ".") && config_word(&line, &w) && w.n > 1 && w.p[0] == '@')
            config_set_c(f, "forward", hn_bytes_of(w.p[1] == '@' ? "tcp" : "udp", 3), l.line);
    }
}
