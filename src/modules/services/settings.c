/* systemd.syntax(7): sections, Key=Value, comments with # or ;, a backslash at the end continues a line (comments in
 * between are skipped), an empty value removes what was assigned before. */
#include "modules/services/services.h"

static struct hn_str continued(struct hn_arena *a, struct hn_str *rest, struct hn_str line)
{
    struct hn_str more;
    unsigned parts = 0;
    while (line.n && line.p[line.n - 1] == '\\' && parts++ < 256 && line.n < 65536) {
        line.n--;
        do {
            if (!hn_str_split(rest, '\n', &more))
                return line;
        } while (hn_str_trim(more).n && strchr("#;", hn_str_trim(more).p[0]));
        line = hn_arena_fmt(a, "%.*s %.*s", HN_FMT(line), HN_FMT(more));
    }
    return line;
}

static void clear_key(struct services_settings *s, struct hn_str section, struct hn_str key)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        if (!hn_str_eq(s->v[i].key, key) || !hn_str_eq(s->v[i].section, section))
            s->v[n++] = s->v[i];
    s->n = n;
}

void services_settings_add(struct services_settings *s, struct hn_arena *a, struct hn_str text)
{
    struct hn_str rest = text, line, section = HN_STR("");
    while (hn_str_split(&rest, '\n', &line)) {
        line = hn_str_trim(line);
        if (!line.n || line.p[0] == '#' || line.p[0] == ';')
            continue;
        line = hn_str_trim(continued(a, &rest, line));
        if (line.n > 2 && line.p[0] == '[' && line.p[line.n - 1] == ']') {
            section = hn_str_cut(line, 1, line.n - 1);
            s->has_install = s->has_install || hn_str_eqc(section, "Install");
            continue;
        }
        ptrdiff_t eq = hn_str_chr(line, '=');
        if (eq <= 0)
            continue;
        struct hn_str key = hn_str_trim(hn_str_cut(line, 0, (size_t)eq));
        struct hn_str value = hn_str_trim(hn_str_cut(line, (size_t)eq + 1, line.n));
        if (!value.n)
            clear_key(s, section, key);
        else if (s->n < SERVICES_MAX_SETTINGS)
            s->v[s->n++] = (struct services_setting){section, key, value};
    }
}

struct hn_str services_setting_last(const struct services_settings *s, const char *section, const char *key)
{
    for (size_t i = s->n; i--;)
        if (hn_str_eqc(s->v[i].key, key) && hn_str_eqc(s->v[i].section, section))
            return s->v[i].value;
    return HN_STR("");
}

/* systemd.service(5), "COMMAND LINES" */
struct hn_str services_exec_program(struct hn_arena *a, struct hn_str line)
{
    struct hn_str word;
    line = hn_str_trim(line);
    while (line.n && strchr("-@:+!|", line.p[0]))
        line = hn_str_trim(hn_str_cut(line, 1, line.n));
    if (line.n && (line.p[0] == '"' || line.p[0] == '\'')) {
        ptrdiff_t end = hn_str_chr(hn_str_cut(line, 1, line.n), line.p[0]);
        word = end < 0 ? HN_STR("") : hn_str_cut(line, 1, (size_t)end + 1);
    } else if (!hn_str_word(&line, &word)) {
        return HN_STR("");
    }
    if (!word.n || hn_str_chr(word, '%') >= 0 || hn_str_chr(word, '$') >= 0)
        return HN_STR(""); /* specifiers and variables are known only to systemd */
    return word.p[0] == '/' ? word : hn_arena_fmt(a, "/usr/bin/%.*s", HN_FMT(word));
}
