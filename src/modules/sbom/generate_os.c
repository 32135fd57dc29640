/* The operating system and its packages. */
#include "base/str.h"
#include "format/name/purl.h"
#include "modules/sbom/generate.h"

void sbom_generate_os(struct generate *g)
{
    const struct hn_obs *os = hn_facts_find(g->facts, "host.os", HN_STR("os"));
    struct hn_str point = hn_obs_get(os, "point");
    g->os_id = hn_obs_get(os, "id");
    g->os_version = hn_obs_get(os, "version");
    g->distro = g->os_version.n ? hn_arena_fmt(g->a, "%.*s-%.*s", HN_FMT(g->os_id), HN_FMT(g->os_version)) : g->os_id;
    if (!g->os_id.n)
        return;
    struct hn_bom_component *c = hn_bom_component_add(&g->bom, NULL);
    if (!c)
        return;
    c->type = HN_BOM_TYPE_OPERATING_SYSTEM;
    c->name = g->os_id;
    c->version = point.n ? point : g->os_version;
    c->ref = hn_arena_fmt(g->a, "os:%.*s@%.*s", HN_FMT(c->name), HN_FMT(c->version));
    c->description = generate_told_text(hn_obs_get(os, "pretty"));
    sbom_generate_prop(g, c, "hinomi:os:version-id", g->os_version);
    sbom_generate_prop(g, c, "hinomi:os:codename", hn_obs_get(os, "codename"));
}

/* ---------------------------------------------------------------- names */

/* purl types deb, rpm and apk: the namespace is the distribution; Red Hat's own is "redhat" by custom. */
static struct hn_str namespace_of(const struct generate *g)
{
    return hn_str_eqc(g->os_id, "rhel") ? HN_STR("redhat") : g->os_id;
}

/* Which source package it was built from, as scanners have come to write it: the name where it differs, with the
 * version where that differs too; of rpm the name of the source package's file. */
static struct hn_str upstream_of(struct generate *g, const struct hn_obs *o)
{
    struct hn_str source = hn_obs_get(o, "source"), version = hn_obs_get(o, "source_version");
    if (hn_str_eqc(hn_obs_get(o, "manager"), "rpm"))
        return source.n ? hn_arena_fmt(g->a, "%.*s-%.*s.src.rpm", HN_FMT(source), HN_FMT(version)) : source;
    bool same = hn_str_eq(version, hn_obs_get(o, "version"));
    if (!source.n || (same && hn_str_eq(source, hn_obs_get(o, "name"))))
        return HN_STR("");
    return same ? source : hn_arena_fmt(g->a, "%.*s@%.*s", HN_FMT(source), HN_FMT(version));
}

static struct hn_str purl_of(struct generate *g, const struct hn_obs *o)
{
    struct hn_str manager = hn_obs_get(o, "manager"), version = hn_obs_get(o, "version"), epoch = {0};
    bool rpm = hn_str_eqc(manager, "rpm");
    ptrdiff_t colon = rpm ? hn_str_chr(version, ':') : -1;
    if (colon > 0) { /* of rpm the epoch is a qualifier, of deb part of the version */
        epoch = hn_str_cut(version, 0, (size_t)colon);
        version = hn_str_cut(version, (size_t)colon + 1, version.n);
    }
    struct hn_purl p = {.type = rpm                          ? HN_STR("rpm")
                                : hn_str_eqc(manager, "apk") ? HN_STR("apk")
                                                             : HN_STR("deb"),
                        .namespace = namespace_of(g),
                        .name = hn_obs_get(o, "name"),
                        .version = version};
    bool ok = hn_purl_set(&p, HN_STR("arch"), hn_obs_get(o, "arch")) && hn_purl_set(&p, HN_STR("distro"), g->distro) &&
              hn_purl_set(&p, HN_STR("upstream"), upstream_of(g, o)) && hn_purl_set(&p, HN_STR("epoch"), epoch);
    if (!ok || !hn_purl_build(g->a, &p, NULL))
        return HN_STR("");
    return hn_purl_text(&p, g->a);
}

/* ---------------------------------------------------------------- packages */

static enum hn_bom_type type_of(struct hn_str section)
{
    static const char *const libraries[] = {"libs",       "oldlibs", "libdevel", "python", "perl", "java",
                                            "javascript", "ruby",    "php",      "golang", "rust", "haskell"};
    static const char *const data[] = {"fonts", "localization", "doc"};
    ptrdiff_t slash = hn_str_chr(section, '/'); /* "contrib/libs" */
    section = hn_str_cut(section, slash < 0 ? 0 : (size_t)slash + 1, section.n);
    for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++)
        if (hn_str_eqc(section, libraries[i]))
            return HN_BOM_TYPE_LIBRARY;
    for (size_t i = 0; i < sizeof(data) / sizeof(data[0]); i++)
        if (hn_str_eqc(section, data[i]))
            return HN_BOM_TYPE_DATA;
    return section.n ? HN_BOM_TYPE_APPLICATION : HN_BOM_TYPE_LIBRARY;
}

static void put_detail(struct generate *g, struct hn_bom_component *c, const struct hn_obs *d)
{
    const struct hn_str *names;
    size_t n = hn_obs_get_list(d, "licences", &names);
    struct hn_str homepage = hn_obs_get(d, "homepage");
    sbom_generate_supplier(g, c, hn_obs_get(d, "maintainer"));
    c->description = generate_told_text(hn_obs_get(d, "summary"));
    if (homepage.n)
        hn_bom_link_add(&g->bom, &c->links, HN_STR("website"), homepage);
    if (hn_obs_get_bool(d, "machine_readable", false)) {
        struct hn_str expression = sbom_generate_debian_licences(g, names, n);
        struct hn_bom_licence *l =
            expression.n ? hn_bom_licence_add(&g->bom, &c->licences, HN_BOM_LICENCE_EXPRESSION, expression) : NULL;
        if (l)
            l->says = HN_BOM_LICENCE_DECLARED;
    } else {
        for (size_t i = 0; i < n; i++) { /* texts that prose points to: whether "or later" is not told */
            struct hn_bom_licence *l = hn_bom_licence_add(&g->bom, &c->licences, HN_BOM_LICENCE_NAME, names[i]);
            if (l)
                l->says = HN_BOM_LICENCE_CONCLUDED;
        }
        if (!n)
            sbom_generate_licence(g, c, hn_obs_get(d, "licence"));
    }
}

/* "1:2.4-1" → a file name has no epoch. */
static struct hn_str filename_of(struct generate *g, const struct hn_obs *o)
{
    struct hn_str version = hn_obs_get(o, "version"), name = hn_obs_get(o, "name"), arch = hn_obs_get(o, "arch");
    struct hn_str manager = hn_obs_get(o, "manager");
    ptrdiff_t colon = hn_str_chr(version, ':');
    version = hn_str_cut(version, colon < 0 ? 0 : (size_t)colon + 1, version.n);
    if (hn_str_eqc(manager, "rpm"))
        return hn_arena_fmt(g->a, "%.*s-%.*s.%.*s.rpm", HN_FMT(name), HN_FMT(version), HN_FMT(arch));
    if (hn_str_eqc(manager, "apk"))
        return hn_arena_fmt(g->a, "%.*s-%.*s.apk", HN_FMT(name), HN_FMT(version));
    return hn_arena_fmt(g->a, "%.*s_%.*s_%.*s.deb", HN_FMT(name), HN_FMT(version), HN_FMT(arch));
}

/* What no match asks for. */
static void describe(struct generate *g, struct hn_bom_component *c, const struct hn_obs *o)
{
    c->scope = HN_BOM_SCOPE_REQUIRED;
    put_detail(g, c, hn_facts_find(g->facts, "packages.detail", o->subject));
    sbom_generate_prop(g, c, "hinomi:package:manager", hn_obs_get(o, "manager"));
    sbom_generate_prop(g, c, "hinomi:package:arch", hn_obs_get(o, "arch"));
    sbom_generate_prop(g, c, "hinomi:package:source", hn_obs_get(o, "source"));
    sbom_generate_prop(g, c, "hinomi:package:source-version", hn_obs_get(o, "source_version"));
    sbom_generate_prop(g, c, "hinomi:package:section", hn_obs_get(o, "section"));
    if (!hn_str_eqc(hn_obs_get(o, "state"), "installed"))
        sbom_generate_prop(g, c, "hinomi:package:state", hn_obs_get(o, "state"));
    sbom_generate_file_props(g, c, filename_of(g, o), false, true, true);
}

static void put_package(struct generate *g, const struct hn_obs *o)
{
    struct hn_bom_component *c = hn_bom_component_add(&g->bom, NULL);
    if (!c)
        return;
    c->type = (uint8_t)type_of(hn_obs_get(o, "section"));
    c->name = hn_obs_get(o, "name");
    c->version = generate_told_text(hn_obs_get(o, "version"));
    c->purl = generate_told_text(purl_of(g, o));
    c->ref = c->purl.n ? c->purl : o->subject;
    if (g->document)
        describe(g, c, o);
    if (!hn_ok(hn_map_set(&g->packages, hn_str_bytes(o->subject), c)))
        g->a->failed = true;
}

/* Programs and libraries below their package, with their digests. */
static void put_files(struct generate *g)
{
    size_t n;
    const struct hn_obs **list = sbom_generate_sorted(g, "packages.file", &n);
    for (size_t i = 0; i < n; i++) {
        struct hn_bom_component *parent = hn_map_find(&g->packages, hn_str_bytes(hn_obs_get(list[i], "package")));
        struct hn_bom_component *c = parent ? hn_bom_component_add(&g->bom, parent) : NULL;
        struct hn_str path = hn_obs_get(list[i], "path");
        const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
        if (!c || !slash)
            continue;
        c->type = HN_BOM_TYPE_FILE;
        c->name = hn_str_cut(path, (size_t)(slash + 1 - path.p), path.n);
        c->ref = hn_arena_fmt(g->a, "file:%.*s", HN_FMT(path));
        sbom_generate_digest(g, c, path, hn_obs_get(list[i], "sha512"));
        sbom_generate_file_props(g, c, c->name, true, false, true);
    }
}

void sbom_generate_packages(struct generate *g)
{
    size_t n;
    const struct hn_obs **list = sbom_generate_sorted(g, "packages.package", &n);
    for (size_t i = 0; i < n; i++)
        if (hn_obs_get_bool(list[i], "installed", false))
            put_package(g, list[i]);
    put_files(g);
}

void sbom_generate_package_dependencies(struct generate *g)
{
    size_t n;
    const struct hn_obs **list = sbom_generate_sorted(g, "packages.detail", &n);
    for (size_t i = 0; i < n; i++) {
        const struct hn_str *needs;
        size_t n_needs = hn_obs_get_list(list[i], "depends", &needs);
        const struct hn_bom_component *c = hn_map_find(&g->packages, hn_str_bytes(list[i]->subject));
        struct hn_bom_dep *d = c ? hn_bom_dep_add(&g->bom, c->ref) : NULL;
        if (!d)
            continue;
        d->says_depends = true;
        for (size_t k = 0; k < n_needs; k++) {
            const struct hn_bom_component *to = hn_map_find(&g->packages, hn_str_bytes(needs[k]));
            if (to)
                hn_bom_edge_add(&g->bom, d, HN_BOM_REL_DEPENDS_ON, to->ref);
        }
        sbom_generate_told(g, c, !hn_obs_has(list[i], "missing"));
    }
}
