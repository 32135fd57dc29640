/* Where the document itself shows that a match would be false. Three causes make most of the false positives that
 * people label: a language package whose files a distribution's package brought (and patches), a package of another
 * kind that has the same name, and a version that stands for none. Each is shown with its evidence, never dropped in
 * silence. */
#include <stdio.h>

#include "base/buf.h"
#include "base/str.h"
#include "modules/sbom/part.h"

static bool is_os_part(const struct sbom_part *p)
{
    return p->has_purl && (hn_str_eqc(p->purl.type, "deb") || hn_str_eqc(p->purl.type, "rpm") ||
                           hn_str_eqc(p->purl.type, "apk") || hn_str_eqc(p->purl.type, "alpm"));
}

/* Kinds of which distributions ship packages of their own. */
static bool is_language_part(const struct sbom_part *p)
{
    static const char *const types[] = {"pypi", "gem", "npm", "maven", "cpan", "composer", "nuget", "cran", "hackage"};
    for (size_t i = 0; p->has_purl && i < sizeof types / sizeof *types; i++)
        if (hn_str_eqc(p->purl.type, types[i]))
            return true;
    return false;
}

/* ---------------------------------------------------------------- paths */

/* Calls each for every file that the document gives as the place of the component, until one says true. */
static bool any_path(const struct hn_bom_component *c, bool (*each)(void *arg, struct hn_str path), void *arg)
{
    for (const struct hn_bom_occurrence *o = c->evidence ? c->evidence->occurrences : NULL; o; o = o->next)
        if (o->location.n && each(arg, o->location))
            return true;
    for (const struct hn_bom_prop *p = c->props; p; p = p->next) {
        bool syft = hn_str_starts(p->name, "syft:location:") && hn_str_ends(p->name, ":path");
        if ((syft || hn_str_eqc(p->name, "aquasecurity:trivy:FilePath") || hn_str_eqc(p->name, "hinomi:path")) &&
            each(arg, p->value))
            return true;
    }
    return false;
}

static bool under(struct hn_str path, const char *folder)
{
    if (path.n && path.p[0] == '/')
        path = hn_str_cut(path, 1, path.n);
    return hn_str_starts(path, folder);
}

struct path_check {
    struct hn_str found;
};

/* Debian policy: what pip installs goes to /usr/local or site-packages; these folders are dpkg's alone. */
static bool in_dpkg_folder(void *arg, struct hn_str path)
{
    static const char *const folders[] = {"usr/lib/python3/dist-packages/",
                                          "usr/lib/python2.7/dist-packages/",
                                          "usr/lib/ruby/vendor_ruby/",
                                          "usr/share/rubygems-integration/",
                                          "usr/share/nodejs/",
                                          "usr/share/maven-repo/",
                                          "usr/share/perl5/"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        if (under(path, folders[i])) {
            ((struct path_check *)arg)->found = path;
            return true;
        }
    return false;
}

/* ---------------------------------------------------------------- ownership */

static bool has_debian(const struct sbom_part *parts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (parts[i].has_purl && hn_str_eqc(parts[i].purl.type, "deb"))
            return true;
    return false;
}

/* Without epoch; does the distribution's version begin with the upstream one, and end there or go on with a separator?
 */
static bool same_upstream(struct hn_str os, struct hn_str version)
{
    ptrdiff_t colon = hn_str_chr(os, ':');
    if (colon >= 0)
        os = hn_str_cut(os, (size_t)colon + 1, os.n);
    if (!version.n || os.n < version.n || memcmp(os.p, version.p, version.n) != 0)
        return false;
    return os.n == version.n || strchr("-+~_", os.p[version.n]);
}

static void add_key(struct hn_map *m, struct hn_arena *a, struct hn_str prefix, struct hn_str name, void *value)
{
    char key[HN_ADV_NAME_MAX];
    struct hn_str folded = hn_adv_name_key(HN_STR("PyPI"), name, key, sizeof key);
    struct hn_str s = hn_arena_fmt(a, "%.*s%.*s", HN_FMT(prefix), HN_FMT(folded));
    if (s.n && !hn_map_has(m, hn_str_bytes(s)))
        (void)hn_ok(hn_map_set(m, hn_str_bytes(s), value));
}

/* Prefixes and suffixes with which distributions name a language's packages. */
static const struct {
    const char *type, *prefix, *suffix;
} spellings[] = {
    {"pypi", "python3-", ""},  {"pypi", "python-", ""},     {"pypi", "python2-", ""},    {"pypi", "py3-", ""},
    {"pypi", "", ""},          {"pypi", "python3.11-", ""}, {"pypi", "python3.12-", ""}, {"pypi", "python39-", ""},
    {"pypi", "python36-", ""}, {"pypi", "python38-", ""},   {"gem", "ruby-", ""},        {"gem", "rubygem-", ""},
    {"npm", "node-", ""},      {"npm", "nodejs-", ""},      {"maven", "lib", "-java"},   {"maven", "", ""},
    {"cpan", "perl-", ""},     {"cpan", "lib", "-perl"},    {"composer", "php-", ""},    {"cran", "r-cran-", ""},
};

static const struct sbom_part *find_owner(struct hn_map *names, struct hn_arena *a, const struct sbom_part *p)
{
    char folded[HN_ADV_NAME_MAX], key[HN_ADV_NAME_MAX + 64];
    struct hn_str name = hn_adv_name_key(HN_STR("PyPI"), p->purl.name, folded, sizeof folded);
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        if (!hn_str_eqc(p->purl.type, spellings[i].type))
            continue;
        for (int cut = 0; cut <= 2; cut += 2) { /* PyYAML is python3-yaml */
            if (cut && !hn_str_starts(name, "py"))
                continue;
            struct hn_str stem = hn_str_cut(name, (size_t)cut, name.n);
            int n = snprintf(key, sizeof key, "%s%.*s%s", spellings[i].prefix, HN_FMT(stem), spellings[i].suffix);
            const struct sbom_part *os = hn_map_find(names, hn_bytes_of(key, (size_t)n));
            if (os && same_upstream(os->purl.version.n ? os->purl.version : os->component->version, p->query.version))
                return os;
        }
    }
    (void)a;
    return NULL;
}

/* The document says so: nested in the package, or a relation "contains" from it. */
static const struct hn_bom_component *parent_of(const struct sbom_part *p)
{
    for (const struct hn_bom_component *c = p->component->parent; c; c = c->parent)
        if (hn_str_starts(c->purl, "pkg:deb/") || hn_str_starts(c->purl, "pkg:rpm/") ||
            hn_str_starts(c->purl, "pkg:apk/"))
            return c;
    return NULL;
}

static void owned(struct hn_arena *a, struct sbom_part *p, struct hn_str owner, struct hn_str how)
{
    p->suppressed = SBOM_FALSE_OWNED;
    p->evidence = how.n ? hn_arena_fmt(a, "%.*s (%.*s)", HN_FMT(owner), HN_FMT(how)) : owner;
}

/* Relations from packages of the distribution to the components that they contain. */
static void mark_contained(struct hn_map *owners, const struct hn_bom *b)
{
    for (size_t i = 0; i < b->n_deps; i++) {
        const struct hn_bom_component *from = b->deps[i]->component;
        if (!from || !(hn_str_starts(from->purl, "pkg:deb/") || hn_str_starts(from->purl, "pkg:rpm/") ||
                       hn_str_starts(from->purl, "pkg:apk/")))
            continue;
        for (const struct hn_bom_edge *e = b->deps[i]->edges; e; e = e->next) {
            struct hn_str comment = {"", 0};
            for (const struct hn_bom_extra *x = e->extra; x; x = x->next)
                if (hn_str_eqc(x->key, "comment"))
                    comment = x->value;
            bool overlap = hn_str_find(comment, HN_STR("ownership-by-file-overlap")) >= 0;
            if (e->component && (e->rel == HN_BOM_REL_CONTAINS || overlap))
                (void)hn_ok(hn_map_set(owners, hn_str_bytes(e->component->ref), (void *)(uintptr_t)from));
        }
    }
}

static void check_owner(struct hn_arena *a, struct hn_map *names, struct hn_map *owners, bool debian,
                        struct sbom_part *p)
{
    struct hn_str said = hn_bom_prop_get(p->component->props, "hinomi:owner");
    const struct hn_bom_component *c = parent_of(p);
    struct path_check path = {{"", 0}};
    if (!c && p->component->ref.n)
        c = hn_map_find(owners, hn_str_bytes(p->component->ref));
    if (said.n)
        owned(a, p, said, HN_STR("hinomi:owner"));
    else if (c)
        owned(a, p, c->purl, (struct hn_str){"", 0});
    else if (debian && any_path(p->component, in_dpkg_folder, &path))
        owned(a, p, HN_STR("dpkg"), path.found);
    else {
        const struct sbom_part *os = find_owner(names, a, p);
        if (os)
            owned(a, p, os->component->purl, (struct hn_str){"", 0});
    }
}

/* ---------------------------------------------------------------- wrong kind */

/* What a file of this name is made for. */
static bool foreign_file(void *arg, struct hn_str path)
{
    static const struct {
        const char *suffix, *type;
    } kinds[] = {{".hpi", "maven"}, {".jpi", "maven"}, {".jar", "maven"}, {".war", "maven"},   {".ear", "maven"},
                 {".whl", "pypi"},  {".egg", "pypi"},  {".gem", "gem"},   {".gemspec", "gem"}, {".nupkg", "nuget"}};
    const struct sbom_part *p = *(const struct sbom_part **)arg;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (hn_str_ends(path, kinds[i].suffix))
            return !hn_str_eqc(p->purl.type, kinds[i].type) && !hn_str_eqc(p->purl.type, "generic") && !is_os_part(p) &&
                   is_language_part(p);
    return false;
}

struct foreign {
    const struct sbom_part *part;
    struct hn_str path;
};

static bool note_foreign(void *arg, struct hn_str path)
{
    struct foreign *f = arg;
    f->path = path;
    return foreign_file(&f->part, path);
}

static void check_kind(struct sbom_part *p)
{
    static const struct {
        const char *word, *type;
    } kinds[] = {{"jenkins-plugin", "maven"},
                 {"java-archive", "maven"},
                 {"python", "pypi"},
                 {"gem", "gem"},
                 {"npm", "npm"},
                 {"hpi", "maven"}};
    struct hn_str said = hn_bom_prop_get(p->component->props, "syft:package:type");
    struct foreign f = {.part = p};
    if (!said.n)
        said = hn_bom_prop_get(p->component->props, "aquasecurity:trivy:PkgType");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (hn_str_eqc(said, kinds[i].word) && !hn_str_eqc(p->purl.type, kinds[i].type)) {
            p->suppressed = SBOM_FALSE_TYPE;
            p->evidence = said;
            return;
        }
    if (any_path(p->component, note_foreign, &f)) {
        p->suppressed = SBOM_FALSE_TYPE;
        p->evidence = f.path;
    }
}

/* ---------------------------------------------------------------- placeholder versions */

/* 0, 0.0, 0.0.0, v0.0.0, 0.0.0-dev, 0.0.0-SNAPSHOT, 999-SNAPSHOT: what source trees carry before a release. A pseudo-
 * version of Go (v0.0.0-20190101000000-abcdef) is a real one. */
static bool placeholder(struct hn_str v)
{
    static const char *const tails[] = {
        "",         "-dev",     "-SNAPSHOT",         "-development",           ".dev0", "-placeholder",
        "+unknown", "-unknown", "-semantic-release", "-semantically-released", "-local"};
    size_t n = v.n && v.p[0] == 'v' ? 1 : 0;
    if (hn_str_eqc(v, "999-SNAPSHOT") || hn_str_eqc(v, "999.0-SNAPSHOT"))
        return true;
    while (n < v.n && (v.p[n] == '0' || v.p[n] == '.'))
        n++;
    if (!n || (n == 1 && v.p[0] == 'v'))
        return false;
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++)
        if (hn_str_eqc(hn_str_cut(v, n, v.n), tails[i]))
            return true;
    return false;
}

/* ---------------------------------------------------------------- */

void sbom_parts_check(struct hn_arena *a, const struct hn_bom *b, struct sbom_part *parts, size_t n)
{
    struct hn_map names, owners;
    bool debian = has_debian(parts, n);
    hn_map_init(&names);
    hn_map_init(&owners);
    for (size_t i = 0; i < n; i++)
        if (is_os_part(&parts[i]))
            add_key(&names, a, (struct hn_str){"", 0}, parts[i].purl.name, &parts[i]);
    mark_contained(&owners, b);
    for (size_t i = 0; i < n; i++) {
        struct sbom_part *p = &parts[i];
        if (!is_language_part(p) && !(p->has_purl && hn_str_eqc(p->purl.type, "golang")))
            continue;
        if (is_language_part(p))
            check_owner(a, &names, &owners, debian, p);
        if (p->suppressed == SBOM_FALSE_NOT)
            check_kind(p);
        if (p->suppressed == SBOM_FALSE_NOT && placeholder(p->query.version)) {
            p->suppressed = SBOM_FALSE_VERSION;
            p->evidence = p->query.version;
        }
    }
    hn_map_done(&names);
    hn_map_done(&owners);
}
