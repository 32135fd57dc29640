/* Packages of languages: below the archive or program that holds them, and that below the package of the operating
 * system which installed it, so that nobody takes Debian's library for one of the registry. */
#include "base/str.h"
#include "modules/sbom/generate.h"
#include "modules/sbom/sbom.h"

static struct hn_str folder_of(struct hn_str path)
{
    const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
    return slash ? hn_str_cut(path, 0, (size_t)(slash - path.p)) : HN_STR("");
}

static struct hn_str base_of(struct hn_str path)
{
    return hn_str_cut(path, folder_of(path).n + (folder_of(path).n < path.n), path.n);
}

static struct hn_bom_component *owner_of(struct generate *g, struct hn_str path)
{
    const struct hn_obs *owner = hn_facts_find(g->facts, "packages.owner", path);
    struct hn_str package = hn_obs_get(owner, "package");
    return package.n ? hn_map_find(&g->packages, hn_str_bytes(package)) : NULL;
}

/* ---------------------------------------------------------------- archives and programs */

static void describe_artefact(struct generate *g, struct hn_bom_component *c, const struct hn_obs *artefact)
{
    struct hn_str format = hn_obs_get(artefact, "format");
    bool program = hn_str_eqc(format, "elf") || hn_str_eqc(format, "pe");
    sbom_generate_digest(g, c, hn_obs_get(artefact, "path"), hn_obs_get(artefact, "sha512"));
    sbom_generate_file_props(g, c, base_of(hn_obs_get(artefact, "path")), program, !program, true);
}

/* A file of which nothing says that it is the release of some package itself. */
static struct hn_bom_component *put_artefact(struct generate *g, const struct hn_obs *artefact)
{
    struct hn_str path = hn_obs_get(artefact, "path");
    struct hn_bom_component *c = hn_bom_component_add(&g->bom, owner_of(g, path));
    if (!c)
        return NULL;
    c->type = HN_BOM_TYPE_FILE;
    c->name = base_of(path);
    c->ref = hn_arena_fmt(g->a, "artefact:%.*s", HN_FMT(path));
    if (g->document)
        describe_artefact(g, c, artefact);
    return c;
}

static struct hn_bom_component *artefact_of(struct generate *g, struct hn_str path)
{
    struct hn_bom_component *c = hn_map_find(&g->artefacts, hn_str_bytes(path));
    const struct hn_obs *artefact = c ? NULL : hn_facts_find(g->facts, "languages.artefact", path);
    if (!artefact)
        return c;
    c = put_artefact(g, artefact);
    if (c && !hn_ok(hn_map_set(&g->artefacts, hn_str_bytes(path), c)))
        g->a->failed = true;
    return c;
}

/* ---------------------------------------------------------------- one package */

static void put_hashes(struct generate *g, struct hn_bom_component *c, const struct hn_obs *o)
{
    const struct hn_str *list;
    size_t n = hn_obs_get_list(o, "hashes", &list);
    for (size_t i = 0; i < n; i++) {
        ptrdiff_t colon = hn_str_chr(list[i], ':');
        struct hn_str alg = hn_str_cut(list[i], 0, colon < 0 ? 0 : (size_t)colon);
        struct hn_str value = hn_str_cut(list[i], (size_t)(colon + 1), list[i].n);
        enum hn_bom_alg known = hn_bom_alg_of(hn_str_eqc(alg, "sha512")   ? HN_STR("SHA-512")
                                              : hn_str_eqc(alg, "sha256") ? HN_STR("SHA-256")
                                              : hn_str_eqc(alg, "sha1")   ? HN_STR("SHA-1")
                                              : hn_str_eqc(alg, "sha384") ? HN_STR("SHA-384")
                                                                          : alg);
        if (known != HN_BOM_ALG_OTHER && value.n == 2 * hn_bom_alg_len(known))
            hn_bom_hash_add(&g->bom, &c->hashes, known, value);
        else
            sbom_generate_prop(g, c, "hinomi:checksum", list[i]); /* Go's sum is one of a folder, no file's */
    }
}

static void put_evidence(struct generate *g, struct hn_bom_component *c, const struct hn_obs *o)
{
    struct hn_bom_evidence *e = hn_bom_evidence_of(&g->bom, c);
    struct hn_bom_occurrence *at = e ? HN_NEW(g->a, struct hn_bom_occurrence) : NULL;
    struct hn_str inner = hn_obs_get(o, "inner"), path = hn_obs_get(o, "path");
    if (!at)
        return;
    at->location = inner.n ? hn_arena_fmt(g->a, "%.*s!/%.*s", HN_FMT(path), HN_FMT(inner)) : path;
    e->occurrences = at;
}

/* What no match asks for. */
static void describe(struct generate *g, struct hn_bom_component *c, const struct hn_obs *o)
{
    static const struct {
        const char *field, *prop;
    } texts[] = {{"ecosystem", "hinomi:package:ecosystem"},
                 {"found", "hinomi:package:found-by"},
                 {"replaces", "hinomi:package:replaces"},
                 {"detail", "hinomi:package:build"}};
    struct hn_str homepage = hn_obs_get(o, "homepage"), origin = hn_obs_get(o, "origin");
    sbom_generate_supplier(g, c, hn_obs_get(o, "supplier"));
    sbom_generate_licence(g, c, hn_obs_get(o, "licence"));
    if (homepage.n)
        hn_bom_link_add(&g->bom, &c->links, HN_STR("website"), homepage);
    if (hn_str_find(origin, HN_STR("://")) > 0)
        hn_bom_link_add(&g->bom, &c->links,
                        hn_str_find(origin, HN_STR("git")) >= 0 ? HN_STR("vcs") : HN_STR("distribution"), origin);
    put_hashes(g, c, o);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        sbom_generate_prop(g, c, texts[i].prop, hn_obs_get(o, texts[i].field));
    if (hn_obs_get_bool(o, "declared", false))
        sbom_generate_prop(g, c, "hinomi:package:declared-only", HN_STR("true"));
    c->scope = hn_obs_get_bool(o, "dev", false) ? HN_BOM_SCOPE_EXCLUDED : HN_BOM_SCOPE_NONE;
}

/* "group:artifact" of Maven, "@scope/name" of npm and "vendor/name" of Composer in two; Go's path is the name. */
static void put_name(struct hn_bom_component *c, struct hn_str ecosystem, struct hn_str name)
{
    bool slash = hn_str_eqc(ecosystem, "npm") || hn_str_eqc(ecosystem, "Packagist");
    ptrdiff_t at = hn_str_eqc(ecosystem, "Maven") ? hn_str_chr(name, ':') : slash ? hn_str_chr(name, '/') : -1;
    c->group = at > 0 ? hn_str_cut(name, 0, (size_t)at) : (struct hn_str){0};
    c->name = at > 0 ? hn_str_cut(name, (size_t)at + 1, name.n) : name;
}

/* ---------------------------------------------------------------- who means whom */

/* Within which names of dependencies are looked up: a folder of installed packages, or the file that lists them. */
static struct hn_str scope_of(const struct hn_obs *o)
{
    struct hn_str path = hn_obs_get(o, "path"), found = hn_obs_get(o, "found");
    if (hn_str_eqc(found, "dist-info"))
        return folder_of(folder_of(path));
    if (hn_str_eqc(found, "egg-info"))
        return folder_of(hn_str_ends(path, "/PKG-INFO") ? folder_of(path) : path);
    if (hn_str_eqc(found, "package.json") || hn_str_eqc(found, "gemspec"))
        return HN_STR(""); /* names are looked up upwards, or in all of them */
    return path;
}

/* PEP 503: case and runs of "-", "_", "." do not matter. */
static struct hn_str folded(struct generate *g, struct hn_str ecosystem, struct hn_str name)
{
    char *out = hn_str_eqc(ecosystem, "PyPI") ? hn_arena_alloc(g->a, name.n + 1) : NULL;
    size_t n = 0;
    for (size_t i = 0; out && i < name.n; i++) {
        char c = name.p[i];
        c = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c == '_' || c == '.' ? '-' : c;
        if (c != '-' || !n || out[n - 1] != '-')
            out[n++] = c;
    }
    return out ? (struct hn_str){out, n} : name;
}

static struct hn_bytes key_of(struct generate *g, struct hn_str ecosystem, struct hn_str scope, struct hn_str name)
{
    return hn_str_bytes(
        hn_arena_fmt(g->a, "%.*s %.*s %.*s", HN_FMT(ecosystem), HN_FMT(scope), HN_FMT(folded(g, ecosystem, name))));
}

static void remember(struct generate *g, const struct hn_obs *o, struct hn_bom_component *c)
{
    struct hn_str ecosystem = hn_obs_get(o, "ecosystem"), name = hn_obs_get(o, "name"), scope = scope_of(o);
    struct hn_bytes plain = key_of(g, ecosystem, scope, name);
    struct hn_str versioned = hn_arena_fmt(g->a, "%.*s@%.*s", HN_FMT(name), HN_FMT(hn_obs_get(o, "version")));
    bool ok = hn_ok(hn_map_set(&g->languages, key_of(g, ecosystem, scope, versioned), c));
    if (!hn_map_has(&g->languages, plain))
        ok = ok && hn_ok(hn_map_set(&g->languages, plain, c));
    if (!ok)
        g->a->failed = true;
}

/* One package may ask for another twice, under different conditions. */
static bool has_edge(const struct hn_bom_dep *d, struct hn_str to)
{
    for (const struct hn_bom_edge *e = d->edges; e; e = e->next)
        if (e->to.p == to.p)
            return true;
    return false;
}

static void put_dependencies(struct generate *g, const struct hn_obs *o, const struct hn_bom_component *c)
{
    const struct hn_str *needs;
    size_t n = hn_obs_get_list(o, "depends", &needs);
    bool all = hn_obs_get_bool(o, "depends_known", false);
    struct hn_bom_dep *d = all || n ? hn_bom_dep_add(&g->bom, c->ref) : NULL;
    for (size_t i = 0; d && i < n; i++) {
        const struct hn_bom_component *to =
            hn_map_find(&g->languages, key_of(g, hn_obs_get(o, "ecosystem"), scope_of(o), needs[i]));
        all = all && to;
        if (to && to != c && !has_edge(d, to->ref))
            hn_bom_edge_add(&g->bom, d, HN_BOM_REL_DEPENDS_ON, to->ref);
    }
    if (d)
        d->says_depends = true;
    sbom_generate_told(g, c, all);
}

/* ---------------------------------------------------------------- all of them */

static bool is_artefact(const struct generate *g, const struct hn_obs *o)
{
    return hn_obs_get_bool(o, "main", false) && !hn_obs_get(o, "inner").n &&
           hn_facts_find(g->facts, "languages.artefact", hn_obs_get(o, "path"));
}

static struct hn_bom_component *put_package(struct generate *g, const struct hn_obs *o)
{
    struct hn_str path = hn_obs_get(o, "path"), inner = hn_obs_get(o, "inner");
    bool itself = is_artefact(g, o) && !hn_map_has(&g->artefacts, hn_str_bytes(path));
    struct hn_bom_component *parent = itself ? NULL : artefact_of(g, path);
    struct hn_bom_component *c = hn_bom_component_add(&g->bom, parent ? parent : owner_of(g, path));
    if (!c)
        return NULL;
    struct hn_str purl = hn_obs_get(o, "purl"), ecosystem = hn_obs_get(o, "ecosystem");
    put_name(c, ecosystem, hn_obs_get(o, "name"));
    c->type = itself && !hn_str_eqc(ecosystem, "Maven") ? HN_BOM_TYPE_APPLICATION : HN_BOM_TYPE_LIBRARY;
    c->ref = hn_arena_fmt(g->a, "%.*s#%.*s%s%.*s", HN_FMT(purl.n ? purl : hn_obs_get(o, "name")), HN_FMT(path),
                          inner.n ? "!/" : "", HN_FMT(inner));
    c->version = generate_told_text(hn_obs_get(o, "version"));
    c->purl = generate_told_text(purl);
    put_evidence(g, c, o);
    if (g->document)
        describe(g, c, o);
    if (hn_obs_get_bool(o, "guessed", false))
        sbom_generate_prop(g, c, SBOM_GUESSED, HN_STR("true"));
    if (itself && g->document)
        describe_artefact(g, c, hn_facts_find(g->facts, "languages.artefact", path));
    if (itself && !hn_ok(hn_map_set(&g->artefacts, hn_str_bytes(path), c)))
        g->a->failed = true;
    if (g->document)
        remember(g, o, c);
    return c;
}

void sbom_generate_languages(struct generate *g)
{
    size_t n;
    const struct hn_obs **list = sbom_generate_sorted(g, "languages.package", &n);
    struct hn_bom_component **made = hn_arena_alloc(g->a, (n + 1) * sizeof(struct hn_bom_component *));
    for (size_t i = 0; made && i < n; i++) /* what a file itself is, before what lies in it */
        if (is_artefact(g, list[i]))
            made[i] = put_package(g, list[i]);
    for (size_t i = 0; made && i < n; i++)
        if (!made[i])
            made[i] = put_package(g, list[i]);
    for (size_t i = 0; g->document && made && i < n; i++)
        if (made[i])
            put_dependencies(g, list[i], made[i]);
}
