/* Ruby: Gemfile.lock (Bundler) and the .gemspec files of installed gems. A gemspec is a program; those that RubyGems
 * itself writes under specifications/ have one setting a line, which is all that is read here. */
#include "base/str.h"
#include "modules/languages/languages.h"

/* ---------------------------------------------------------------- Gemfile.lock
 *
 *   GEM
 *     remote: https://rubygems.org/
 *     specs:
 *       actioncable (7.0.4)              four blanks: a gem
 *         actionpack (= 7.0.4)           six: what it needs
 *       nokogiri (1.15.0-x86_64-linux)   with its platform
 *   CHECKSUMS
 *     actioncable (7.0.4) sha256=… */

struct gem {
    struct languages_pkg k;
    struct languages_list depends;
    bool open;
};

static void gem_end(struct languages_state *st, struct gem *g)
{
    g->k.depends = g->depends.v;
    g->k.n_depends = g->depends.n;
    if (g->open)
        languages_emit(st, &g->k);
    g->open = false;
}

/* "name (1.2.3-x86_64-linux)": a version begins with a digit, and its dash the platform. */
static void name_and_version(struct hn_str line, struct hn_str *name, struct hn_str *version, struct hn_str *platform)
{
    *version = *platform = HN_STR("");
    hn_str_word(&line, name);
    ptrdiff_t open = hn_str_chr(line, '('), close = hn_str_chr(line, ')');
    if (open < 0 || close < open)
        return;
    *version = hn_str_cut(line, (size_t)open + 1, (size_t)close);
    ptrdiff_t dash = hn_str_chr(*version, '-');
    if (dash > 0) {
        *platform = hn_str_cut(*version, (size_t)dash + 1, version->n);
        version->n = (size_t)dash;
    }
}

static void gem_line(struct languages_state *st, struct gem *g, struct hn_bytes path, struct hn_str line, size_t indent,
                     struct hn_bytes remote)
{
    struct hn_str name = {0}, version, platform;
    name_and_version(line, &name, &version, &platform);
    if (indent == 4) {
        gem_end(st, g);
        *g = (struct gem){.k = {.type = "gem",
                                .path = path,
                                .found = "gemfile-lock",
                                .declared = true,
                                .depends_known = true,
                                .name = hn_str_bytes(name),
                                .version = hn_str_bytes(version),
                                .platform = hn_str_bytes(platform),
                                .origin = remote},
                          .open = name.n && version.n};
    } else if (indent == 6 && g->open) {
        name.n -= name.n && name.p[name.n - 1] == '!';
        languages_add(st, &g->depends, languages_text(st, hn_str_bytes(name)));
    }
}

void languages_gemfile_lock(struct languages_state *st, struct hn_bytes path, struct hn_bytes data)
{
    struct hn_bytes line, rest = data, remote = {0};
    struct gem g = {.open = false};
    bool specs = false;
    while (hn_bytes_line(&rest, &line)) {
        size_t indent = 0;
        while (indent < line.n && line.p[indent] == ' ')
            indent++;
        struct hn_str s = {(const char *)line.p + indent, line.n - indent};
        if (indent == 0) {
            gem_end(st, &g);
            specs = false;
            remote = (struct hn_bytes){0};
        } else if (indent == 2) {
            specs = hn_str_eqc(s, "specs:");
            if (hn_str_starts(s, "remote:"))
                remote = hn_str_bytes(hn_str_cut(s, 7, s.n));
        } else if (specs && s.n) {
            gem_line(st, &g, path, s, indent, remote);
        }
    }
    gem_end(st, &g);
}

/* ---------------------------------------------------------------- gemspec */

/* The text between the first pair of quotes, or of %q<…>. */
static struct hn_str quoted(struct hn_str *rest)
{
    for (size_t i = 0; i < rest->n; i++) {
        char end = rest->p[i];
        size_t from = i + 1;
        if (end == '%' && i + 2 < rest->n && rest->p[i + 1] == 'q') {
            end = rest->p[i + 2] == '<' ? '>' : rest->p[i + 2] == '(' ? ')' : rest->p[i + 2];
            from = i + 3;
        } else if (end != '"' && end != '\'') {
            continue;
        }
        struct hn_str s = hn_str_cut(*rest, from, rest->n);
        ptrdiff_t to = hn_str_chr(s, end);
        if (to < 0)
            break;
        *rest = hn_str_cut(s, (size_t)to + 1, s.n);
        return hn_str_cut(s, 0, (size_t)to);
    }
    *rest = HN_STR("");
    return HN_STR("");
}

static struct hn_bytes joined(struct languages_state *st, struct hn_str rest, const char *between)
{
    struct hn_buf out;
    hn_buf_init(&out, LANGUAGES_TEXT);
    for (;;) {
        struct hn_str s = quoted(&rest);
        if (!s.n)
            break;
        hn_buf_fmt(&out, "%s%.*s", out.n ? between : "", HN_FMT(s));
    }
    struct hn_str s = hn_arena_str(&st->one, hn_buf_text(&out));
    hn_buf_done(&out);
    return hn_str_bytes(s);
}

/* "s.name = "…", "s.add_runtime_dependency(%q<x>.freeze, …)": the part after "s.", and the setting's name. */
static bool setting(struct hn_str *line, struct hn_str *name)
{
    *line = hn_str_trim(*line);
    ptrdiff_t dot = hn_str_chr(*line, '.');
    if (dot <= 0 || dot > 8)
        return false;
    struct hn_str rest = hn_str_cut(*line, (size_t)dot + 1, line->n);
    size_t n = 0;
    while (n < rest.n && ((rest.p[n] >= 'a' && rest.p[n] <= 'z') || rest.p[n] == '_'))
        n++;
    *name = hn_str_cut(rest, 0, n);
    *line = hn_str_cut(rest, n, rest.n);
    return n > 0;
}

void languages_gemspec(struct languages_state *st, struct hn_bytes path, struct hn_bytes data)
{
    struct languages_pkg k = {.type = "gem", .path = path, .found = "gemspec", .depends_known = true};
    struct languages_list depends = {0};
    struct hn_bytes line, rest = data;
    while (hn_bytes_line(&rest, &line)) {
        struct hn_str s = {(const char *)line.p, line.n}, name;
        if (!setting(&s, &name))
            continue;
        if (hn_str_eqc(name, "name") && !k.name.n)
            k.name = hn_str_bytes(quoted(&s));
        else if (hn_str_eqc(name, "version") && !k.version.n)
            k.version = hn_str_bytes(quoted(&s));
        else if (hn_str_eqc(name, "platform"))
            k.platform = hn_str_bytes(quoted(&s)); /* "ruby", for any, is not written there */
        else if (hn_str_eqc(name, "homepage"))
            k.homepage = hn_str_bytes(quoted(&s));
        else if (hn_str_eqc(name, "license") || hn_str_eqc(name, "licenses"))
            k.licence = joined(st, s, " OR ");
        else if (hn_str_eqc(name, "authors"))
            k.supplier = joined(st, s, ", ");
        else if (hn_str_eqc(name, "add_runtime_dependency") || hn_str_eqc(name, "add_dependency"))
            languages_add(st, &depends, languages_text(st, hn_str_bytes(quoted(&s))));
    }
    if (!k.name.n || !k.version.n) {
        hn_parse_malformed(st->p, path, 0, "gemspec without name or version");
        return;
    }
    k.depends = depends.v;
    k.n_depends = depends.n;
    languages_emit(st, &k);
}
