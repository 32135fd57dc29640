/* Go: the module list that the linker keeps in every program (runtime/debug BuildInfo, as text):
 *
 *   path    example.com/cmd/tool           the main package
 *   mod     example.com    v1.2.3    h1:…  the main module; "(devel)" when built from a checkout
 *   dep     example.org/x  v0.1.0    h1:…
 *   =>      example.net/y  v0.2.0    h1:…  takes the place of the line before
 *   build   key=value                      settings
 *
 * It lies between two marks of 16 bytes each. Columns are separated by tabs. */
#include "base/str.h"
#include "modules/languages/languages.h"

#define MARK 16u

struct list {
    struct languages_pkg k; /* the module of the line before, not told yet */
    struct languages_list hashes;
    bool open;
    struct hn_buf settings;
    struct hn_str revision;
};

static void told(struct languages_state *st, struct languages_file *f, struct list *l)
{
    if (!l->open)
        return;
    l->k.hashes = l->hashes.v;
    l->k.n_hashes = l->hashes.n;
    f->packages++;
    languages_emit(st, &l->k);
    l->open = false;
}

static void take_module(struct languages_state *st, struct list *l, struct hn_str rest)
{
    struct hn_str path = {0}, version = {0}, sum = {0};
    hn_str_split(&rest, '\t', &path);
    if (rest.p)
        hn_str_split(&rest, '\t', &version);
    if (rest.p)
        hn_str_split(&rest, '\t', &sum);
    l->k.name = hn_str_bytes(path);
    l->k.version = hn_str_eqc(version, "(devel)") ? (struct hn_bytes){0} : hn_str_bytes(version);
    l->hashes = (struct languages_list){0};
    languages_add(st, &l->hashes, languages_text(st, hn_str_bytes(sum)));
    l->open = path.n > 0;
}

/* A folder of the builder's machine is no module that anybody else knows: the name stays, its version means nothing. */
static void replaced(struct languages_state *st, struct list *l, struct hn_str rest)
{
    struct hn_bytes name = l->k.name, version = l->k.version;
    l->k.replaces =
        hn_str_bytes(hn_arena_fmt(&st->one, "%.*s%s%.*s", HN_FMT(name), version.n ? "@" : "", HN_FMT(version)));
    take_module(st, l, rest);
    if (l->k.name.n && (l->k.name.p[0] == '.' || l->k.name.p[0] == '/')) {
        l->k.origin = l->k.name;
        l->k.name = name;
        l->k.version = (struct hn_bytes){0};
    }
}

static void line(struct languages_state *st, struct languages_file *f, struct list *l, struct hn_str s)
{
    struct hn_str key;
    if (!hn_str_split(&s, '\t', &key) || !s.p)
        return;
    if (hn_str_eqc(key, "mod") || hn_str_eqc(key, "dep")) {
        told(st, f, l);
        l->k = (struct languages_pkg){.type = "golang", .path = f->path, .found = "go", .main = key.p[0] == 'm'};
        take_module(st, l, s);
    } else if (hn_str_eqc(key, "=>") && l->open) {
        replaced(st, l, s);
    } else if (hn_str_eqc(key, "build")) {
        if (l->settings.n + s.n < LANGUAGES_TEXT)
            hn_buf_fmt(&l->settings, "%s%.*s", l->settings.n ? "\n" : "", HN_FMT(s));
    }
}

/* The standard library is a module of its own for advisories: "go1.22.1 X:boringcrypto" is stdlib 1.22.1. Its
 * observation carries the build settings, which belong to the tool chain that made the program. */
static void standard_library(struct languages_state *st, struct languages_file *f, struct hn_str version,
                             struct hn_str settings)
{
    struct hn_str word = {0}, rest = version;
    struct languages_pkg k = {.type = "golang", .path = f->path, .found = "go", .name = hn_str_bytes(HN_STR("stdlib"))};
    if (!hn_str_word(&rest, &word))
        return;
    k.version = hn_str_bytes(hn_str_starts(word, "go") ? hn_str_cut(word, 2, word.n) : word);
    k.detail = hn_str_bytes(settings);
    f->packages++;
    languages_emit(st, &k);
}

void languages_go_modules(struct languages_state *st, struct languages_file *f, struct languages_go go)
{
    struct list l = {.open = false};
    struct hn_bytes rest = go.modules, one;
    hn_buf_init(&l.settings, LANGUAGES_TEXT * 2);
    if (rest.n > 2 * MARK && rest.p[rest.n - MARK - 1] == '\n')
        rest = hn_bytes_of(rest.p + MARK, rest.n - 2 * MARK);
    else
        rest.n = 0; /* built without modules: only the version is told */
    while (hn_bytes_line(&rest, &one))
        line(st, f, &l, (struct hn_str){(const char *)one.p, one.n});
    told(st, f, &l);
    standard_library(st, f, languages_text(st, go.version), hn_buf_text(&l.settings));
    hn_buf_done(&l.settings);
}
