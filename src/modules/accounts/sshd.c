/* sshd_config(5): the first value of an option wins; Include is read in place; a Match block lasts until the next Match
 * or the end of its file. Files are kept as they arrive and walked in finish, when the included ones are there. */
#include "modules/accounts/accounts.h"

#define MAX_DEPTH   16u
#define MAX_OPTIONS 4096u

struct option {
    struct hn_str match, name, value, path;
    unsigned line;
    bool many;
    struct option *next;
};

struct walk {
    struct hn_parse *p;
    struct accounts_state *s;
    struct option *first, *last;
    size_t n;
    unsigned depth;
    uint64_t work;
};

/* Defaults of OpenSSH 9.2 as Debian builds it, for options that checks ask for. */
static const struct {
    const char *name, *value;
} defaults[] = {
    {"port", "22"},
    {"permitrootlogin", "prohibit-password"},
    {"passwordauthentication", "yes"},
    {"kbdinteractiveauthentication", "yes"},
    {"pubkeyauthentication", "yes"},
    {"permitemptypasswords", "no"},
    {"hostbasedauthentication", "no"},
    {"ignorerhosts", "yes"},
    {"x11forwarding", "no"},
    {"allowtcpforwarding", "yes"},
    {"allowagentforwarding", "yes"},
    {"gatewayports", "no"},
    {"permittunnel", "no"},
    {"permituserenvironment", "no"},
    {"maxauthtries", "6"},
    {"maxsessions", "10"},
    {"maxstartups", "10:30:100"},
    {"logingracetime", "120"},
    {"clientaliveinterval", "0"},
    {"clientalivecountmax", "3"},
    {"usepam", "no"},
    {"strictmodes", "yes"},
    {"loglevel", "INFO"},
    {"banner", "none"},
    {"gssapiauthentication", "no"},
    {"kerberosauthentication", "no"},
    {"disableforwarding", "no"},
    {"tcpkeepalive", "yes"},
};

static const char *const many[] = {"port",        "listenaddress", "hostkey",   "acceptenv", "allowusers", "denyusers",
                                   "allowgroups", "denygroups",    "subsystem", "setenv",    "permitopen"};

static bool takes_many(struct hn_str name)
{
    for (size_t i = 0; i < sizeof(many) / sizeof(many[0]); i++)
        if (hn_str_eqc(name, many[i]))
            return true;
    return false;
}

static struct hn_str lower(struct hn_arena *a, struct hn_str s)
{
    char *out = hn_arena_alloc(a, s.n + 1);
    if (!out)
        return (struct hn_str){"", 0};
    for (size_t i = 0; i < s.n; i++)
        out[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] + 32) : s.p[i];
    return (struct hn_str){out, s.n};
}

/* "Keyword value", "Keyword=value", "Keyword = value"; a comment may follow after a blank. False: nothing there. */
static bool split_line(struct hn_arena *a, struct hn_str line, struct hn_str *ret_name, struct hn_str *ret_value)
{
    line = hn_str_trim(line);
    if (!line.n || line.p[0] == '#')
        return false;
    size_t i = 0;
    while (i < line.n && line.p[i] != ' ' && line.p[i] != '\t' && line.p[i] != '=')
        i++;
    *ret_name = lower(a, hn_str_cut(line, 0, i));
    struct hn_str v = hn_str_trim(hn_str_cut(line, i, line.n));
    if (v.n && v.p[0] == '=')
        v = hn_str_trim(hn_str_cut(v, 1, v.n));
    bool quoted = false;
    for (size_t k = 0; k < v.n; k++) {
        if (v.p[k] == '"')
            quoted = !quoted;
        if (!quoted && v.p[k] == '#' && k && (v.p[k - 1] == ' ' || v.p[k - 1] == '\t')) {
            v = hn_str_trim(hn_str_cut(v, 0, k));
            break;
        }
    }
    if (v.n >= 2 && v.p[0] == '"' && v.p[v.n - 1] == '"' && hn_str_chr(hn_str_cut(v, 1, v.n - 1), '"') < 0)
        v = hn_str_cut(v, 1, v.n - 1);
    *ret_value = v;
    return true;
}

static struct hn_str include_path(struct hn_arena *a, struct hn_str word)
{
    return word.n && word.p[0] == '/' ? word : hn_arena_fmt(a, "/etc/ssh/%.*s", HN_FMT(word));
}

/* "Match all": what it sets holds for everybody, over what stands before the first Match. */
static bool is_all(struct hn_str criteria)
{
    return criteria.n == 3 && (criteria.p[0] | 0x20) == 'a' && (criteria.p[1] | 0x20) == 'l' &&
           (criteria.p[2] | 0x20) == 'l';
}

void accounts_sshd_file(struct hn_parse *p, const struct hn_rec *r)
{
    struct accounts_state *s = hn_parse_state(p);
    struct accounts_file *f = accounts_keep(p, &s->sshd, r);
    if (!f)
        return;
    s->sshd_seen = true;
    struct hn_arena *a = hn_parse_arena(p);
    struct hn_str rest = f->text, line, name, value, word;
    while (hn_str_split(&rest, '\n', &line)) {
        if (!split_line(a, line, &name, &value) || !hn_str_eqc(name, "include"))
            continue;
        while (hn_str_word(&value, &word))
            hn_parse_want(p, "sshd", include_path(a, word));
    }
}

static void add_option(struct walk *w, struct hn_str match, struct hn_str name, struct hn_str value,
                       const struct accounts_file *f, unsigned line)
{
    bool is_many = takes_many(name);
    struct hn_arena *a = hn_parse_arena(w->p);
    for (struct option *o = w->first; o; o = o->next) {
        if (!hn_str_eq(o->name, name) || !hn_str_eq(o->match, match))
            continue;
        if (is_many && o->value.n < 16384)
            o->value = hn_arena_fmt(a, "%.*s %.*s", HN_FMT(o->value), HN_FMT(value));
        return; /* the first value wins */
    }
    struct option *o = w->n < MAX_OPTIONS ? HN_NEW(a, struct option) : NULL;
    if (!o)
        return;
    *o = (struct option){.match = match, .name = name, .value = value, .line = line};
    o->path = hn_str_from_hostile(a, hn_path_canonical(a, f->path), 4096);
    if (w->last)
        w->last->next = o;
    else
        w->first = o;
    w->last = o;
    w->n++;
}

static void walk_file(struct walk *w, struct accounts_file *f, struct hn_str match);

/* Files that the pattern names, in the order of their names: the smallest one that is greater than the last. */
static void walk_include(struct walk *w, struct hn_str pattern, struct hn_str match)
{
    const struct accounts_file *done = NULL;
    for (;;) {
        struct accounts_file *best = NULL;
        for (struct accounts_file *f = w->s->sshd; f; f = f->next) {
            struct hn_str path = {(const char *)f->path.p, f->path.n};
            struct hn_str last = done ? (struct hn_str){(const char *)done->path.p, done->path.n} : HN_STR("");
            struct hn_str lead = best ? (struct hn_str){(const char *)best->path.p, best->path.n} : HN_STR("");
            if ((done && hn_str_cmp(path, last) <= 0) || (best && hn_str_cmp(path, lead) >= 0))
                continue;
            if (hn_glob_match(pattern, path, true))
                best = f;
        }
        if (!best || !w->work)
            return;
        w->work--;
        walk_file(w, best, match);
        done = best;
    }
}

static void walk_file(struct walk *w, struct accounts_file *f, struct hn_str match)
{
    struct hn_arena *a = hn_parse_arena(w->p);
    struct hn_str rest = f->text, line, name, value, word;
    if (f->open || w->depth >= MAX_DEPTH) {
        hn_parse_malformed(w->p, f->path, 0, f->open ? "includes itself" : "Include goes deeper than sixteen levels");
        return;
    }
    w->depth++;
    f->open = true;
    for (unsigned no = 1; no <= ACCOUNTS_MAX_LINES && hn_str_split(&rest, '\n', &line); no++) {
        if (!split_line(a, line, &name, &value))
            continue;
        if (!value.n) {
            hn_parse_malformed(w->p, f->path, (size_t)(line.p - f->text.p), "an option without a value");
        } else if (hn_str_eqc(name, "include")) {
            while (hn_str_word(&value, &word))
                walk_include(w, include_path(a, word), match);
        } else if (hn_str_eqc(name, "match")) {
            match = is_all(value) ? HN_STR("all") : value;
        } else {
            add_option(w, match, name, value, f, no);
        }
    }
    w->depth--;
    f->open = false;
}

static bool has_all(const struct walk *w, struct hn_str name)
{
    for (const struct option *o = w->first; o; o = o->next)
        if (is_all(o->match) && hn_str_eq(o->name, name))
            return true;
    return false;
}

static void emit_option(struct hn_parse *p, const struct option *o)
{
    struct hn_arena *a = hn_parse_arena(p);
    struct hn_str subject = o->name;
    bool all = is_all(o->match);
    if (o->match.n && !all)
        subject = hn_arena_fmt(a, "match/%.*s/%.*s", HN_FMT(o->match), HN_FMT(o->name));
    hn_obs_begin(p, "sshd", subject);
    hn_obs_str(p, "option", o->name);
    hn_obs_str(p, "value", o->value);
    hn_obs_bool(p, "set", true);
    if (o->match.n && !all)
        hn_obs_str(p, "match", o->match);
    hn_obs_str(p, "path", o->path);
    hn_obs_int(p, "line", o->line);
    hn_obs_end(p);
}

void accounts_sshd_emit(struct hn_parse *p)
{
    struct accounts_state *s = hn_parse_state(p);
    struct walk w = {.p = p, .s = s, .work = 4096};
    if (!s->sshd_seen)
        return;
    for (struct accounts_file *f = s->sshd; f; f = f->next)
        if (hn_bytes_eqc(f->path, "/etc/ssh/sshd_config"))
            walk_file(&w, f, (struct hn_str){"", 0});
    for (const struct option *o = w.first; o; o = o->next)
        if (o->match.n || !has_all(&w, o->name))
            emit_option(p, o);
    for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
        bool set = false;
        for (const struct option *o = w.first; o && !set; o = o->next)
            set = (!o->match.n || is_all(o->match)) && hn_str_eqc(o->name, defaults[i].name);
        if (set)
            continue;
        hn_obs_begin(p, "sshd", hn_str_c(defaults[i].name));
        hn_obs_str(p, "option", hn_str_c(defaults[i].name));
        hn_obs_str(p, "value", hn_str_c(defaults[i].value));
        hn_obs_bool(p, "set", false);
        hn_obs_end(p);
    }
}
