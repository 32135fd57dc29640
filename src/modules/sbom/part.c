#include "modules/sbom/part.h"

#include "base/str.h"
#include "modules/sbom/sbom.h"

const char *sbom_how_word(enum sbom_how h)
{
    static const char *const words[] = {
#define XX(name, word) word,
        SBOM_HOW_MAP(XX)
#undef XX
    };
    return words[h];
}

const char *sbom_unknown_word(enum sbom_unknown u)
{
    static const char *const words[] = {
#define XX(name, word) word,
        SBOM_UNKNOWN_MAP(XX)
#undef XX
    };
    return words[u];
}

const char *sbom_false_word(enum sbom_false f)
{
    static const char *const words[] = {
#define XX(name, word) word,
        SBOM_FALSE_MAP(XX)
#undef XX
    };
    return words[f];
}

/* What all parts of one document share. */
struct maker {
    struct hn_arena *a;
    const struct hn_bom *bom;
    const struct sbom_sources *sources;
    struct hn_adv_distro system; /* the one operating system that the document names */
};

/* ---------------------------------------------------------------- the distribution */

/* "debian-12.11", "alpine-3.16.0", "focal", "opensuse-leap-15.5". */
static struct hn_adv_distro distro_of_qualifier(struct hn_str q)
{
    struct hn_adv_distro d = {{"", 0}, q};
    for (size_t i = 0; i + 1 < q.n; i++)
        if (q.p[i] == '-' && ((q.p[i + 1] >= '0' && q.p[i + 1] <= '9') || q.p[i + 1] == 'v')) {
            d.id = hn_str_cut(q, 0, i);
            d.release = hn_str_cut(q, i + 1, q.n);
            break;
        }
    return d;
}

static bool is_system(const struct hn_bom_component *c)
{
    return c->type == HN_BOM_TYPE_OPERATING_SYSTEM || hn_str_starts(c->ref, "SPDXRef-OperatingSystem") ||
           hn_str_eqc(hn_bom_prop_get(c->props, "aquasecurity:trivy:Class"), "os-pkgs");
}

/* The system that the document is about; none when it names two different ones. */
static struct hn_adv_distro system_of(const struct hn_bom *b)
{
    struct hn_adv_distro d = {{"", 0}, {"", 0}};
    for (size_t i = 0; i <= b->n_components; i++) {
        const struct hn_bom_component *c = i < b->n_components ? b->components[i] : b->subject;
        if (!c || !is_system(c) || !c->version.n)
            continue;
        if (d.release.n && (!hn_str_eq(d.id, c->name) || !hn_str_eq(d.release, c->version)))
            return (struct hn_adv_distro){{"", 0}, {"", 0}};
        d = (struct hn_adv_distro){c->name, c->version};
    }
    return d;
}

static struct hn_adv_distro distro_of(const struct maker *m, const struct hn_purl *p)
{
    struct hn_str q = hn_purl_qualifier(p, "distro"), release = hn_purl_qualifier(p, "distro_version");
    if (release.n)
        return (struct hn_adv_distro){hn_purl_qualifier(p, "distro_name"), release};
    return q.n ? distro_of_qualifier(q) : m->system;
}

/* ---------------------------------------------------------------- source packages */

/* Of a rebuilt binary ("+b1") the source has the version without it (Debian policy; binNMU). */
static struct hn_str without_rebuild(struct hn_str v)
{
    size_t n = v.n;
    while (n && v.p[n - 1] >= '0' && v.p[n - 1] <= '9')
        n--;
    return n < v.n && n >= 2 && v.p[n - 1] == 'b' && v.p[n - 2] == '+' ? hn_str_cut(v, 0, n - 2) : v;
}

/* "bash-4.2.46-31.el7.src.rpm": name, then version and release behind the last two hyphens. */
static bool split_source_rpm(struct hn_str file, struct hn_str *name)
{
    if (!hn_str_ends(file, ".src.rpm"))
        return false;
    size_t hyphens = 0, i = file.n;
    while (i > 0 && hyphens < 2)
        hyphens += file.p[--i] == '-';
    if (hyphens < 2 || !i)
        return false;
    *name = hn_str_cut(file, 0, i);
    return true;
}

static void set_source(struct sbom_part *p, enum sbom_how how, struct hn_str name, struct hn_str version)
{
    p->how = how;
    p->query.name = name;
    if (version.n)
        p->query.version = version;
}

/* upstream=name, upstream=name@version, upstream=name-version-release.src.rpm, source=name. */
static bool from_qualifier(const struct hn_purl *purl, struct sbom_part *p)
{
    struct hn_str up = hn_purl_qualifier(purl, "upstream"), name, first;
    if (!up.n)
        up = hn_purl_qualifier(purl, "source");
    if (!up.n)
        return false;
    hn_str_split(&up, ',', &first);
    if (split_source_rpm(first, &name)) {
        set_source(p, SBOM_HOW_UPSTREAM, name, (struct hn_str){"", 0});
        return true;
    }
    hn_str_split(&first, '@', &name);
    if (!first.p)
        first = hn_purl_qualifier(purl, "source_version");
    set_source(p, SBOM_HOW_UPSTREAM, name, first);
    return name.n > 0;
}

/* Trivy tells epoch, version and release apart. */
static bool from_trivy(const struct maker *m, struct sbom_part *p)
{
    const struct hn_bom_prop *props = p->component->props;
    struct hn_str name = hn_bom_prop_get(props, "aquasecurity:trivy:SrcName");
    struct hn_str version = hn_bom_prop_get(props, "aquasecurity:trivy:SrcVersion");
    struct hn_str release = hn_bom_prop_get(props, "aquasecurity:trivy:SrcRelease");
    struct hn_str epoch = hn_bom_prop_get(props, "aquasecurity:trivy:SrcEpoch");
    if (!name.n)
        return false;
    if (version.n && (release.n || (epoch.n && !hn_str_eqc(epoch, "0"))))
        version = hn_arena_fmt(m->a, "%.*s%s%.*s%s%.*s", HN_FMT(epoch), epoch.n ? ":" : "", HN_FMT(version),
                               release.n ? "-" : "", HN_FMT(release));
    set_source(p, SBOM_HOW_PROPERTY, name, version);
    return true;
}

static bool from_syft(struct sbom_part *p)
{
    const struct hn_bom_prop *props = p->component->props;
    struct hn_str name = hn_bom_prop_get(props, "syft:metadata:source"), rpm;
    if (!name.n)
        name = hn_bom_prop_get(props, "syft:metadata:originPackage");
    if (name.n) {
        set_source(p, SBOM_HOW_PROPERTY, name, hn_bom_prop_get(props, "syft:metadata:sourceVersion"));
        return true;
    }
    rpm = hn_bom_prop_get(props, "syft:metadata:sourceRpm");
    if (!rpm.n || !split_source_rpm(rpm, &name))
        return false;
    set_source(p, SBOM_HOW_PROPERTY, name, (struct hn_str){"", 0});
    return true;
}

/* SPDX 2 sourceInfo "built package from: openssl 1.1.1n-0+deb11u3". */
static bool from_sentence(struct sbom_part *p)
{
    static const char lead[] = "built package from: ";
    struct hn_str s = hn_bom_prop_get(p->component->props, "spdx:sourceInfo"), name, version;
    ptrdiff_t at = hn_str_find(s, HN_STR(lead));
    if (at < 0)
        return false;
    s = hn_str_cut(s, (size_t)at + sizeof lead - 1, s.n);
    if (!hn_str_word(&s, &name))
        return false;
    set_source(p, SBOM_HOW_SENTENCE, name, hn_str_word(&s, &version) ? version : (struct hn_str){"", 0});
    return true;
}

static bool from_relation(const struct maker *m, struct sbom_part *p)
{
    const struct hn_bom_dep *d = m->bom ? hn_bom_dep_of(m->bom, p->component->ref) : NULL;
    for (const struct hn_bom_edge *e = d ? d->edges : NULL; e; e = e->next)
        if (e->rel == HN_BOM_REL_GENERATED_FROM && e->component && e->component->name.n) {
            set_source(p, SBOM_HOW_RELATION, e->component->name, e->component->version);
            return true;
        }
    return false;
}

static bool from_table(const struct maker *m, struct sbom_part *p)
{
    const struct sbom_source *s = m->sources ? hn_map_find(&m->sources->by_name, hn_str_bytes(p->purl.name)) : NULL;
    if (!s)
        return false;
    bool same = hn_str_eq(s->binary_version, p->query.version);
    set_source(p, SBOM_HOW_TABLE, s->name, same ? s->version : (struct hn_str){"", 0});
    return true;
}

static bool is_os_type(struct hn_str type)
{
    return hn_str_eqc(type, "deb") || hn_str_eqc(type, "rpm") || hn_str_eqc(type, "apk");
}

static void find_source(const struct maker *m, const struct hn_purl *purl, struct sbom_part *p)
{
    struct hn_str epoch = hn_purl_qualifier(purl, "epoch");
    if (hn_str_eqc(p->purl.type, "rpm") && epoch.n && !hn_str_eqc(epoch, "0") && hn_str_chr(p->query.version, ':') < 0)
        p->query.version = hn_arena_fmt(m->a, "%.*s:%.*s", HN_FMT(epoch), HN_FMT(p->query.version));
    if (hn_str_eqc(p->purl.type, "deb"))
        p->query.version = without_rebuild(p->query.version);
    if (from_qualifier(purl, p) || from_trivy(m, p) || from_syft(p) || from_sentence(p) || from_relation(m, p))
        return;
    from_table(m, p);
}

/* ---------------------------------------------------------------- names */

static bool is_go_library(struct hn_str name)
{
    return hn_str_eqc(name, "stdlib") || hn_str_eqc(name, "std") || hn_str_eqc(name, "go");
}

/* The name under which an ecosystem's advisories speak of the package. */
static struct hn_str name_of(struct hn_arena *a, const struct hn_purl *p)
{
    static const char *const slashed[] = {"golang", "npm", "composer", "swift", "githubactions", "github"};
    if (!p->namespace.n)
        return p->name;
    if (hn_str_eqc(p->type, "maven"))
        return hn_arena_fmt(a, "%.*s:%.*s", HN_FMT(p->namespace), HN_FMT(p->name));
    for (size_t i = 0; i < sizeof slashed / sizeof *slashed; i++)
        if (hn_str_eqc(p->type, slashed[i]))
            return hn_arena_fmt(a, "%.*s/%.*s", HN_FMT(p->namespace), HN_FMT(p->name));
    return p->name;
}

static bool placeholder_word(struct hn_str v)
{
    static const char *const words[] = {"(devel)", "devel", "unknown", "unspecified", "latest",
                                        "none",    "null",  "n/a",     "noassertion", "undefined",
                                        "dev",     "head",  "master",  "main",        "(unknown)"};
    char low[32];
    if (v.n >= sizeof low)
        return false;
    for (size_t i = 0; i < v.n; i++)
        low[i] = (char)(v.p[i] >= 'A' && v.p[i] <= 'Z' ? v.p[i] | 0x20 : v.p[i]);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (hn_str_eqc((struct hn_str){low, v.n}, words[i]))
            return true;
    return v.n > 1 && (v.p[0] == '$' || v.p[0] == '@' || v.p[0] == '%'); /* "${project.version}", "@VERSION@" */
}

/* What stands in place of a version (CycloneDX 1.7), when it can be placed among versions. */
static const struct hn_vers *range_of(struct hn_arena *a, struct hn_str text)
{
    struct hn_vers *v = hn_vers_is(text) ? HN_NEW(a, struct hn_vers) : NULL;
    return v && hn_vers_parse(a, text, v) ? v : NULL;
}

static void fill_query(const struct maker *m, const struct hn_purl *purl, struct sbom_part *p)
{
    p->query.version = purl->version.n ? purl->version : hn_str_trim(p->component->version);
    p->query.ecosystem = hn_adv_ecosystem_of_purl(purl->type, purl->namespace);
    p->query.order =
        p->query.ecosystem.n ? hn_version_order_of_ecosystem(p->query.ecosystem) : hn_version_order_of_purl(purl->type);
    p->query.name = name_of(m->a, purl);
    if (hn_str_eqc(purl->type, "golang") && !purl->namespace.n && is_go_library(purl->name)) {
        p->query.name = HN_STR("stdlib");
        p->how = SBOM_HOW_STDLIB;
    }
    if (is_os_type(purl->type)) {
        p->query.distro = distro_of(m, purl);
        find_source(m, purl, p);
    }
    if (!p->query.version.n)
        p->query.range = range_of(m->a, p->component->version_range);
    if (!p->query.ecosystem.n)
        p->unknown = SBOM_UNKNOWN_NO_ECOSYSTEM;
    else if (!p->query.version.n && !p->query.range)
        p->unknown = SBOM_UNKNOWN_NO_VERSION;
    else if (placeholder_word(p->query.version))
        p->unknown = SBOM_UNKNOWN_PLACEHOLDER;
    else if (hn_adv_has_releases(p->query.ecosystem) && !p->query.distro.release.n)
        p->unknown = SBOM_UNKNOWN_NO_RELEASE;
}

static bool no_package(const struct hn_bom_component *c)
{
    return c->type == HN_BOM_TYPE_FILE || c->type == HN_BOM_TYPE_DATA || c->type == HN_BOM_TYPE_CRYPTO ||
           c->type == HN_BOM_TYPE_ML_MODEL;
}

static bool is_guessed(const struct hn_bom_component *c)
{
    for (const struct hn_bom_prop *x = c->props; x; x = x->next)
        if (hn_str_eqc(x->name, SBOM_GUESSED))
            return hn_str_eqc(x->value, "true");
    return false;
}

static void make(const struct maker *m, const struct hn_bom_component *c, struct sbom_part *p)
{
    struct hn_purl purl;
    *p = (struct sbom_part){.component = c, .guessed = is_guessed(c)};
    bool has_purl = c->purl.n && hn_purl_parse(m->a, c->purl, &purl, NULL);
    p->has_purl = has_purl;
    p->has_cpe = c->cpe.n && hn_cpe_parse(m->a, c->cpe, &p->cpe, NULL);
    if (has_purl) {
        p->purl = (struct sbom_part_purl){purl.type, purl.name, purl.version};
        fill_query(m, &purl, p);
        return;
    }
    p->query.version = hn_str_trim(c->version);
    p->query.name = c->name;
    p->how = SBOM_HOW_CPE;
    if (p->has_cpe)
        p->unknown = SBOM_UNKNOWN_NO_ECOSYSTEM; /* CPE matching may still find something */
    else
        p->unknown = c->purl.n ? SBOM_UNKNOWN_BAD_PURL : no_package(c) ? SBOM_UNKNOWN_FILE : SBOM_UNKNOWN_NO_IDENTITY;
}

void sbom_part_make(struct hn_arena *a, const struct hn_bom_component *c, const struct hn_adv_distro *distro,
                    struct sbom_part *ret)
{
    const struct maker m = {.a = a, .system = *distro};
    make(&m, c, ret);
}

struct sbom_part *sbom_parts(struct hn_arena *a, const struct hn_bom *b, const struct sbom_sources *sources,
                             size_t *ret_n)
{
    struct maker m = {.a = a, .bom = b, .sources = sources, .system = system_of(b)};
    struct sbom_part *parts = hn_arena_alloc(a, (b->n_components + 1) * sizeof *parts);
    size_t n = 0;
    if (!parts)
        return NULL;
    if (b->subject && (b->subject->purl.n || b->subject->cpe.n) && b->subject->number == UINT32_MAX)
        make(&m, b->subject, &parts[n++]);
    for (size_t i = 0; i < b->n_components; i++)
        if (!is_system(b->components[i]))
            make(&m, b->components[i], &parts[n++]);
    *ret_n = n;
    return a->failed ? NULL : parts;
}

bool sbom_query_of_package(struct hn_str manager, struct hn_str id, struct hn_str release, struct hn_str source,
                           struct hn_str version, struct sbom_query *ret)
{
    const char *type = hn_str_eqc(manager, "dpkg") ? "deb" : hn_str_eqc(manager, "apk") ? "apk" : "rpm";
    *ret = (struct sbom_query){
        .ecosystem = hn_adv_ecosystem_of_purl(hn_str_c(type), id),
        .distro = {id, release},
        .name = source,
        .version = hn_str_eqc(manager, "dpkg") ? without_rebuild(version) : version,
    };
    ret->order = hn_version_order_of_ecosystem(ret->ecosystem);
    return ret->ecosystem.n > 0;
}
