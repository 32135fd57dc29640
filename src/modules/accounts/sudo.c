/* sudoers(5). Files are kept as they arrive; finish walks them in the order sudo reads them: @include and @includedir
 * in place (of a folder: names without a dot and not ending in "~", in order). Aliases may be used before they are
 * defined, so definitions are gathered first and rules resolved afterwards. */
#include "modules/accounts/accounts.h"

#define MAX_DEPTH    16u
#define MAX_RULES    8192u
#define MAX_ALIASES  4096u
#define MAX_RESOLVED 64u

struct alias {
    struct hn_str name, members;
    char kind; /* U, R, H, C */
    struct alias *next;
};

struct rule {
    struct hn_str who, hosts, runas, command, path;
    struct hn_str tags[8];
    size_t n_tags;
    bool nopasswd;
    unsigned line, index;
    struct rule *next;
};

struct walk {
    struct hn_parse *p;
    struct accounts_state *s;
    struct alias *aliases;
    struct rule *first, *last;
    size_t n_rules, n_aliases;
    unsigned depth, line, index;
    uint64_t work;
    struct hn_str path;
    struct accounts_file *file;
};

/* ---------------------------------------------------------------- lines */

/* The next logical line: a backslash before the line end continues it. *ret_line is the number of its first line. */
static struct hn_str logical_line(struct hn_arena *a, struct hn_str *rest, unsigned *no, unsigned *ret_line)
{
    struct hn_str line, whole = {"", 0};
    *ret_line = *no + 1;
    while (hn_str_split(rest, '\n', &line)) {
        (*no)++;
        if (line.n && line.p[line.n - 1] == '\r')
            line.n--;
        bool more = line.n && line.p[line.n - 1] == '\\';
        if (more)
            line.n--;
        whole = whole.n ? hn_arena_fmt(a, "%.*s %.*s", HN_FMT(whole), HN_FMT(line)) : line;
        if (!more || whole.n > 65536)
            break;
    }
    return whole;
}

/* Up to an unquoted, unescaped '#' that does not begin a uid ("#1000"). */
static struct hn_str without_comment(struct hn_str s)
{
    bool quoted = false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\\') {
            i++;
            continue;
        }
        if (s.p[i] == '"')
            quoted = !quoted;
        if (s.p[i] != '#' || quoted)
            continue;
        bool uid = i + 1 < s.n && ((s.p[i + 1] >= '0' && s.p[i + 1] <= '9') || s.p[i + 1] == '-');
        bool after = i == 0 || strchr(" \t,(%=!:", s.p[i - 1]);
        if (!uid || !after)
            return hn_str_cut(s, 0, i);
    }
    return s;
}

/* 'I' include, 'D' includedir, 0 neither; the argument in *ret. */
static char include_of(struct hn_str line, struct hn_str *ret)
{
    struct hn_str s = hn_str_trim(line);
    if (!s.n || (s.p[0] != '#' && s.p[0] != '@'))
        return 0;
    struct hn_str rest = hn_str_cut(s, 1, s.n), word;
    char kind = hn_str_starts(rest, "includedir") ? 'D' : hn_str_starts(rest, "include") ? 'I' : 0;
    if (!kind || !hn_str_word(&rest, &word))
        return 0;
    if (!hn_str_eqc(word, "include") && !hn_str_eqc(word, "includedir"))
        return 0;
    s = hn_str_trim(rest);
    if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
        s = hn_str_cut(s, 1, s.n - 1);
    *ret = s;
    return s.n ? kind : 0;
}

static struct hn_str include_glob(struct hn_arena *a, char kind, struct hn_str arg)
{
    if (arg.p[0] != '/')
        arg = hn_arena_fmt(a, "/etc/%.*s", HN_FMT(arg));
    while (kind == 'D' && arg.n > 1 && arg.p[arg.n - 1] == '/')
        arg.n--;
    return kind == 'D' ? hn_arena_fmt(a, "%.*s/*", HN_FMT(arg)) : arg;
}

void accounts_sudoers(struct hn_parse *p, const struct hn_rec *r)
{
    struct accounts_state *s = hn_parse_state(p);
    struct accounts_file *f = accounts_keep(p, &s->sudo, r);
    if (!f)
        return;
    s->sudo_seen = true;
    struct hn_str rest = f->text, line, arg;
    while (hn_str_split(&rest, '\n', &line)) {
        char kind = include_of(line, &arg);
        if (kind)
            hn_parse_want(p, "sudoers", include_glob(hn_parse_arena(p), kind, arg));
    }
}

/* ---------------------------------------------------------------- grammar */

/* The part up to the first of the stop characters that is neither escaped nor quoted nor in parentheses. */
static struct hn_str take_until(struct hn_str *rest, const char *stop)
{
    bool quoted = false;
    size_t i = 0;
    for (; i < rest->n; i++) {
        char c = rest->p[i];
        if (c == '\\') {
            i++;
            continue;
        }
        if (c == '"')
            quoted = !quoted;
        if (!quoted && strchr(stop, c))
            break;
    }
    if (i > rest->n)
        i = rest->n;
    struct hn_str part = hn_str_trim(hn_str_cut(*rest, 0, i));
    *rest = hn_str_cut(*rest, i, rest->n);
    return part;
}

static void malformed(struct walk *w, struct hn_str at, const char *why)
{
    const struct accounts_file *f = w->file;
    size_t off = at.p >= f->text.p && at.p <= f->text.p + f->text.n ? (size_t)(at.p - f->text.p) : 0;
    hn_parse_malformed(w->p, f->path, off, why);
}

/* "NAME = a, b : NAME2 = c" */
static void take_aliases(struct walk *w, char kind, struct hn_str rest)
{
    struct hn_str whole = rest;
    while (rest.n && w->n_aliases < MAX_ALIASES) {
        struct hn_str name = take_until(&rest, "=");
        if (!rest.n || !name.n) {
            malformed(w, whole, "an alias without '='");
            return;
        }
        rest = hn_str_cut(rest, 1, rest.n);
        struct hn_str members = take_until(&rest, ":");
        if (rest.n)
            rest = hn_str_cut(rest, 1, rest.n);
        struct alias *al = HN_NEW(hn_parse_arena(w->p), struct alias);
        if (!al)
            return;
        *al = (struct alias){.name = name, .members = members, .kind = kind, .next = w->aliases};
        w->aliases = al;
        w->n_aliases++;
    }
}

/* "Defaults[@host|:user|!cmnd|>runas] a, !b, c=d" */
static void take_defaults(struct walk *w, struct hn_str rest)
{
    struct hn_arena *a = hn_parse_arena(w->p);
    struct hn_str scope = {"", 0}, part;
    if (rest.n && strchr("@:!>", rest.p[0]))
        scope = take_until(&rest, " \t");
    unsigned index = 0;
    for (rest = hn_str_trim(rest); rest.n && index < 256; rest = hn_str_trim(rest)) {
        part = take_until(&rest, ",");
        if (rest.n)
            rest = hn_str_cut(rest, 1, rest.n);
        if (!part.n)
            continue;
        ptrdiff_t eq = hn_str_chr(part, '=');
        struct hn_str name = eq < 0 ? part : hn_str_cut(part, 0, (size_t)eq);
        while (name.n && strchr("+- \t", name.p[name.n - 1]))
            name.n--;
        hn_obs_begin(w->p, "sudo_default", hn_arena_fmt(a, "%.*s:%u:%u", HN_FMT(w->path), w->line, index++));
        hn_obs_str(w->p, "option", name);
        if (eq >= 0)
            hn_obs_str(w->p, "value", hn_str_trim(hn_str_cut(part, (size_t)eq + 1, part.n)));
        if (scope.n)
            hn_obs_str(w->p, "scope", scope);
        hn_obs_str(w->p, "path", w->path);
        hn_obs_int(w->p, "line", w->line);
        hn_obs_end(w->p);
    }
}

static bool is_tag(struct hn_str s)
{
    static const char *const tags[] = {"NOPASSWD",  "PASSWD",      "NOEXEC",     "EXEC",         "SETENV", "NOSETENV",
                                       "LOG_INPUT", "NOLOG_INPUT", "LOG_OUTPUT", "NOLOG_OUTPUT", "MAIL",   "NOMAIL",
                                       "FOLLOW",    "NOFOLLOW",    "INTERCEPT",  "NOINTERCEPT"};
    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
        if (hn_str_eqc(s, tags[i]))
            return true;
    return false;
}

/* "(root:adm)" and "NOPASSWD:" before a command; both hold for the commands after it too. */
static void take_prefixes(struct rule *r, struct hn_str *rest)
{
    for (;;) {
        *rest = hn_str_trim(*rest);
        if (rest->n && rest->p[0] == '(') {
            ptrdiff_t end = hn_str_chr(*rest, ')');
            if (end < 0)
                return;
            r->runas = hn_str_trim(hn_str_cut(*rest, 1, (size_t)end));
            *rest = hn_str_cut(*rest, (size_t)end + 1, rest->n);
            continue;
        }
        ptrdiff_t colon = hn_str_chr(*rest, ':');
        struct hn_str tag = colon > 0 ? hn_str_trim(hn_str_cut(*rest, 0, (size_t)colon)) : (struct hn_str){"", 0};
        if (!is_tag(tag))
            return;
        if (hn_str_eqc(tag, "NOPASSWD"))
            r->nopasswd = true;
        else if (hn_str_eqc(tag, "PASSWD"))
            r->nopasswd = false;
        if (r->n_tags < sizeof(r->tags) / sizeof(r->tags[0]))
            r->tags[r->n_tags++] = tag;
        *rest = hn_str_cut(*rest, (size_t)colon + 1, rest->n);
    }
}

static void add_rule(struct walk *w, const struct rule *proto)
{
    struct rule *r = w->n_rules < MAX_RULES ? HN_NEW(hn_parse_arena(w->p), struct rule) : NULL;
    if (!r)
        return;
    *r = *proto;
    r->index = w->index++;
    r->next = NULL;
    if (w->last)
        w->last->next = r;
    else
        w->first = r;
    w->last = r;
    w->n_rules++;
}

/* "alice, %ops  web = (root) NOPASSWD: /bin/a, /bin/b : db = /bin/c" */
static void take_spec(struct walk *w, struct hn_str line)
{
    struct hn_str rest = line, who = {line.p, 0}, part;
    do { /* a list of users goes on after a comma */
        rest = hn_str_trim(rest);
        part = take_until(&rest, ", \t");
        struct hn_str after = hn_str_trim(rest);
        if (after.n && after.p[0] == ',')
            rest = hn_str_cut(after, 1, after.n);
        else
            break;
    } while (rest.n);
    who.n = (size_t)(part.p + part.n - line.p);
    while (rest.n && w->n_rules < MAX_RULES) {
        struct rule r = {.who = who, .line = w->line, .path = w->path};
        r.hosts = take_until(&rest, "=");
        if (!rest.n || !r.hosts.n) {
            malformed(w, line, "a rule without '='");
            return;
        }
        rest = hn_str_cut(rest, 1, rest.n);
        do {
            take_prefixes(&r, &rest);
            r.command = take_until(&rest, ",:");
            if (r.command.n)
                add_rule(w, &r);
            part = rest;
            if (rest.n)
                rest = hn_str_cut(rest, 1, rest.n);
        } while (part.n && part.p[0] == ',');
    }
}

static void take_line(struct walk *w, struct hn_str line)
{
    static const struct {
        const char *word;
        char kind;
    } alias_words[] = {
        {"User_Alias", 'U'}, {"Runas_Alias", 'R'}, {"Host_Alias", 'H'}, {"Cmnd_Alias", 'C'}, {"Cmd_Alias", 'C'}};
    line = hn_str_trim(without_comment(line));
    if (!line.n)
        return;
    struct hn_str rest = line, word;
    if (!hn_str_word(&rest, &word))
        return;
    for (size_t i = 0; i < sizeof(alias_words) / sizeof(alias_words[0]); i++)
        if (hn_str_eqc(word, alias_words[i].word)) {
            take_aliases(w, alias_words[i].kind, rest);
            return;
        }
    if (hn_str_starts(line, "Defaults") && (line.n == 8 || strchr(" \t@:!>", line.p[8]))) {
        take_defaults(w, hn_str_trim(hn_str_cut(line, 8, line.n)));
        return;
    }
    w->index = 0;
    take_spec(w, line);
}

/* ---------------------------------------------------------------- walk */

static void walk_file(struct walk *w, struct accounts_file *f);

static bool dir_name_ok(struct hn_bytes path)
{
    size_t at = path.n;
    while (at && path.p[at - 1] != '/')
        at--;
    return at < path.n && !memchr(path.p + at, '.', path.n - at) && path.p[path.n - 1] != '~';
}

static void walk_include(struct walk *w, char kind, struct hn_str pattern)
{
    struct hn_str last = {"", 0};
    for (;;) {
        struct accounts_file *best = NULL;
        struct hn_str lead = {"", 0};
        for (struct accounts_file *f = w->s->sudo; f; f = f->next) {
            struct hn_str path = {(const char *)f->path.p, f->path.n};
            if (hn_str_cmp(path, last) <= 0 || (best && hn_str_cmp(path, lead) >= 0))
                continue;
            if (!hn_glob_match(pattern, path, true) || (kind == 'D' && !dir_name_ok(f->path)))
                continue;
            best = f;
            lead = path;
        }
        if (!best || !w->work)
            return;
        w->work--;
        walk_file(w, best);
        last = lead;
    }
}

static void walk_file(struct walk *w, struct accounts_file *f)
{
    struct hn_arena *a = hn_parse_arena(w->p);
    if (f->open || w->depth >= MAX_DEPTH) {
        hn_parse_malformed(w->p, f->path, 0, f->open ? "includes itself" : "includes go deeper than sixteen levels");
        return;
    }
    struct accounts_file *outer = w->file;
    struct hn_str outer_path = w->path, rest = f->text, arg;
    unsigned no = 0;
    w->depth++;
    f->open = true;
    w->file = f;
    w->path = hn_str_from_hostile(a, hn_path_canonical(a, f->path), 4096);
    while (rest.n && no < ACCOUNTS_MAX_LINES) {
        struct hn_str line = logical_line(a, &rest, &no, &w->line);
        char kind = include_of(line, &arg);
        if (kind)
            walk_include(w, kind, include_glob(a, kind, arg));
        else
            take_line(w, line);
    }
    w->depth--;
    f->open = false;
    w->file = outer;
    w->path = outer_path;
}

/* ---------------------------------------------------------------- out */

/* Members of a list with aliases of that kind replaced by theirs. Work and depth are bounded; loops end by them. */
static void resolve(const struct walk *w, char kind, struct hn_str list, struct hn_str *out, size_t *n, unsigned depth)
{
    while (list.n && *n < MAX_RESOLVED) {
        struct hn_str part = take_until(&list, ",");
        if (list.n)
            list = hn_str_cut(list, 1, list.n);
        if (!part.n)
            continue;
        const struct alias *found = NULL;
        for (const struct alias *al = w->aliases; al && !found && depth < 6; al = al->next)
            if (al->kind == kind && hn_str_eq(al->name, part))
                found = al;
        if (found)
            resolve(w, kind, found->members, out, n, depth + 1);
        else
            out[(*n)++] = part;
    }
}

static void emit_rule(const struct walk *w, const struct rule *r)
{
    struct hn_parse *p = w->p;
    struct hn_arena *a = hn_parse_arena(p);
    struct hn_str users[MAX_RESOLVED], commands[MAX_RESOLVED], programs[MAX_RESOLVED];
    size_t n_users = 0, n_commands = 0, n_programs = 0;
    bool all = false;
    resolve(w, 'U', r->who, users, &n_users, 0);
    resolve(w, 'C', r->command, commands, &n_commands, 0);
    for (size_t i = 0; i < n_commands; i++) {
        struct hn_str rest = commands[i], word;
        if (hn_str_eqc(commands[i], "ALL"))
            all = true;
        if (hn_str_word(&rest, &word) && word.p[0] == '/')
            programs[n_programs++] = hn_str_from_hostile(a, hn_path_canonical(a, hn_str_bytes(word)), 4096);
    }
    hn_obs_begin(p, "sudo_rule", hn_arena_fmt(a, "%.*s:%u:%u", HN_FMT(r->path), r->line, r->index));
    hn_obs_str(p, "who", r->who);
    hn_obs_list(p, "users", users, n_users);
    hn_obs_str(p, "hosts", r->hosts);
    if (r->runas.n)
        hn_obs_str(p, "runas", r->runas);
    hn_obs_str(p, "command", r->command);
    hn_obs_list(p, "commands", commands, n_commands);
    hn_obs_list(p, "programs", programs, n_programs);
    hn_obs_bool(p, "nopasswd", r->nopasswd);
    hn_obs_bool(p, "all", all);
    if (r->n_tags)
        hn_obs_list(p, "tags", r->tags, r->n_tags);
    hn_obs_str(p, "path", r->path);
    hn_obs_int(p, "line", r->line);
    hn_obs_end(p);
}

void accounts_sudo_emit(struct hn_parse *p)
{
    struct accounts_state *s = hn_parse_state(p);
    struct walk w = {.p = p, .s = s, .work = 4096};
    for (struct accounts_file *f = s->sudo; f; f = f->next)
        if (hn_bytes_eqc(f->path, "/etc/sudoers"))
            walk_file(&w, f);
    for (const struct rule *r = w.first; r; r = r->next)
        emit_rule(&w, r);
}
