/* Which package an archive is: what Maven wrote into it (pom.properties, pom.xml), else its manifest (JAR file
 * specification; OSGi Core 3.2.1 for Bundle-…), else its file name. What is concluded is marked as guessed. */
#include "base/str.h"
#include "format/xml.h"
#include "modules/languages/java.h"

#define POMS_MAX 2000u

/* ---------------------------------------------------------------- manifest */

/* Main attributes end at the first empty line; a line that begins with a blank goes on with the one before. */
static bool attribute(struct languages_state *st, struct hn_bytes *rest, struct hn_str *name, struct hn_str *value)
{
    struct hn_bytes line;
    struct hn_buf v;
    if (!hn_bytes_line(rest, &line) || !line.n)
        return false;
    const uint8_t *colon = memchr(line.p, ':', line.n);
    hn_buf_init(&v, LANGUAGES_TEXT);
    *name = (struct hn_str){(const char *)line.p, colon ? (size_t)(colon - line.p) : 0};
    if (colon)
        hn_buf_add(&v, colon + 1, line.n - name->n - 1);
    while (rest->n && rest->p[0] == ' ' && hn_bytes_line(rest, &line))
        hn_buf_add(&v, line.p + 1, line.n - 1);
    *value = languages_text(st, hn_str_bytes(hn_buf_text(&v)));
    *value = hn_arena_str(&st->one, *value);
    hn_buf_done(&v);
    return true;
}

static void manifest(struct languages_state *st, struct languages_jar *j, struct hn_bytes rest)
{
    const struct {
        const char *name;
        struct hn_str *to;
    } wanted[] = {
        {"Implementation-Title", &j->title},
        {"Implementation-Version", &j->version},
        {"Implementation-Vendor", &j->vendor},
        {"Implementation-Vendor-Id", &j->vendor_id},
        {"Bundle-SymbolicName", &j->bundle},
        {"Bundle-Version", &j->bundle_version},
        {"Bundle-License", &j->bundle_licence},
        {"Automatic-Module-Name", &j->module},
        {"Group-Id", &j->group_id},
        {"Extension-Name", &j->extension},
        {"Short-Name", &j->extension},
        {"Plugin-Version", &j->plugin_version},
        {"Implementation-URL", &j->url},
    };
    struct hn_str name, value;
    while (attribute(st, &rest, &name, &value))
        for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
            if (name.n == strlen(wanted[i].name) && strncasecmp(name.p, wanted[i].name, name.n) == 0 && value.n)
                *wanted[i].to = languages_keep(st, hn_str_bytes(value));
    ptrdiff_t directive = hn_str_chr(j->bundle, ';'); /* "org.example;singleton:=true" */
    if (directive >= 0)
        j->bundle.n = (size_t)directive;
}

/* ---------------------------------------------------------------- Maven's files */

static struct java_pom *pom_of(struct languages_state *st, struct languages_jar *j, struct hn_bytes name)
{
    struct hn_bytes folder = hn_bytes_of(name.p, name.n - languages_base(name).n);
    size_t n = 0;
    struct java_pom **at = &j->poms;
    for (; *at; at = &(*at)->next, n++)
        if (hn_str_eq((*at)->folder, (struct hn_str){(const char *)folder.p, folder.n}))
            return *at;
    struct java_pom *p = n < POMS_MAX ? HN_NEW(hn_parse_arena(st->p), struct java_pom) : NULL;
    if (!p)
        return NULL;
    folder = hn_arena_bytes(hn_parse_arena(st->p), folder);
    p->folder = (struct hn_str){(const char *)folder.p, folder.n};
    return *at = p;
}

/* java.util.Properties, as Maven writes it: key=value, # comments. */
static void properties(struct languages_state *st, struct java_pom *p, struct hn_bytes rest)
{
    struct hn_bytes line;
    while (hn_bytes_line(&rest, &line)) {
        struct hn_str s = {(const char *)line.p, line.n}, key;
        if (!hn_str_split(&s, '=', &key) || !s.p)
            continue;
        struct hn_str *to = hn_str_eqc(hn_str_trim(key), "groupId")      ? &p->group
                            : hn_str_eqc(hn_str_trim(key), "artifactId") ? &p->artifact
                            : hn_str_eqc(hn_str_trim(key), "version")    ? &p->version
                                                                         : NULL;
        if (to)
            *to = languages_keep(st, hn_str_bytes(s));
    }
}

static const xmlNode *child(const xmlNode *n, const char *name)
{
    for (const xmlNode *c = n ? n->children : NULL; c; c = c->next)
        if (c->type == XML_ELEMENT_NODE && strcmp((const char *)c->name, name) == 0)
            return c;
    return NULL;
}

/* The text of a child; a placeholder ("${project.version}") says nothing here. */
static struct hn_str text_of(struct languages_state *st, const xmlNode *n, const char *name)
{
    const xmlNode *c = child(n, name);
    for (const xmlNode *t = c ? c->children : NULL; t; t = t->next)
        if (t->type == XML_TEXT_NODE && t->content) {
            struct hn_str s = languages_keep(st, hn_str_bytes(hn_str_c((const char *)t->content)));
            return hn_str_find(s, HN_STR("${")) >= 0 ? HN_STR("") : s;
        }
    return HN_STR("");
}

static void pom_licences(struct languages_state *st, struct java_pom *p, const xmlNode *project)
{
    struct hn_buf out;
    const xmlNode *list = child(project, "licenses");
    hn_buf_init(&out, LANGUAGES_TEXT);
    for (const xmlNode *l = list ? list->children : NULL; l; l = l->next) {
        struct hn_str s = l->type == XML_ELEMENT_NODE ? text_of(st, l, "name") : HN_STR("");
        if (s.n)
            hn_buf_fmt(&out, "%s%.*s", out.n ? " OR " : "", HN_FMT(s));
    }
    if (out.n)
        p->licence = languages_keep(st, hn_str_bytes(hn_buf_text(&out)));
    hn_buf_done(&out);
}

static void pom_depends(struct languages_state *st, struct java_pom *p, const xmlNode *project)
{
    const xmlNode *list = child(project, "dependencies");
    for (const xmlNode *d = list ? list->children : NULL; d; d = d->next) {
        if (d->type != XML_ELEMENT_NODE)
            continue;
        struct hn_str group = text_of(st, d, "groupId"), artifact = text_of(st, d, "artifactId"),
                      scope = text_of(st, d, "scope");
        if (!group.n || !artifact.n || hn_str_eqc(scope, "test") || hn_str_eqc(scope, "provided"))
            continue;
        if (p->depends.n == LANGUAGES_LIST_MAX)
            return;
        struct hn_str *v =
            hn_arena_more(hn_parse_arena(st->p), p->depends.v, p->depends.n, &p->depends.cap, sizeof(*v));
        if (!v)
            return;
        p->depends.v = v;
        v[p->depends.n++] = hn_arena_fmt(hn_parse_arena(st->p), "%.*s:%.*s", HN_FMT(group), HN_FMT(artifact));
    }
}

static void pom_xml(struct languages_state *st, struct java_pom *p, struct hn_bytes content)
{
    if (!hn_xml_load())
        return;
    xmlDoc *doc = xmlReadMemory((const char *)content.p, (int)content.n, "", NULL,
                                XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA);
    const xmlNode *project = doc ? xmlDocGetRootElement(doc) : NULL;
    if (project && strcmp((const char *)project->name, "project") == 0) {
        const xmlNode *parent = child(project, "parent");
        struct hn_str group = text_of(st, project, "groupId"), version = text_of(st, project, "version");
        p->xml = true;
        if (!p->group.n)
            p->group = group.n ? group : text_of(st, parent, "groupId");
        if (!p->artifact.n)
            p->artifact = text_of(st, project, "artifactId");
        if (!p->version.n)
            p->version = version.n ? version : text_of(st, parent, "version");
        p->url = text_of(st, project, "url");
        pom_licences(st, p, project);
        pom_depends(st, p, project);
    }
    xmlFreeDoc(doc);
}

void languages_jar_take(struct languages_state *st, struct languages_jar *j, enum java_member kind,
                        struct hn_bytes name, struct hn_bytes content)
{
    struct java_pom *p = kind == JAVA_MANIFEST ? NULL : pom_of(st, j, name);
    if (kind == JAVA_MANIFEST)
        manifest(st, j, content);
    else if (p && kind == JAVA_PROPERTIES)
        properties(st, p, content);
    else if (p)
        pom_xml(st, p, content);
}

/* ---------------------------------------------------------------- which package it is */

/* "commons-lang3-3.12.0.jar": the version begins behind the last dash that a digit follows… of the first such run
 * ("log4j-1.2-api-2.17.1": the last one counts). */
static void from_file_name(struct hn_str file, struct hn_str *name, struct hn_str *version)
{
    for (size_t i = file.n; i-- > 0;)
        if (file.p[i] == '.') {
            file.n = i;
            break;
        }
    *name = file;
    *version = HN_STR("");
    for (size_t i = file.n; i-- > 1;) {
        bool digit = i + 1 < file.n && file.p[i + 1] >= '0' && file.p[i + 1] <= '9';
        if (file.p[i] != '-' || !digit)
            continue;
        *name = hn_str_cut(file, 0, i);
        *version = hn_str_cut(file, i + 1, file.n);
        if (memchr(version->p, '.', version->n)) /* else a build number may follow a version: "1.0-2" */
            return;
    }
}

static struct hn_str file_of(const struct languages_jar *j)
{
    struct hn_bytes b = languages_base(j->inner.n ? j->inner : j->path);
    return (struct hn_str){(const char *)b.p, b.n};
}

/* The artifact that the file is named after: of a shaded archive with many, the one that it is itself. The only one
 * counts under any name, unless the file's version is another: then it was shaded in. */
static struct java_pom *own_pom(struct languages_jar *j)
{
    struct hn_str name, version;
    struct java_pom *best = NULL;
    from_file_name(file_of(j), &name, &version);
    for (struct java_pom *p = j->poms; p; p = p->next) {
        if (!p->artifact.n)
            continue;
        bool starts = name.n >= p->artifact.n && memcmp(name.p, p->artifact.p, p->artifact.n) == 0;
        if (starts && (!best || p->artifact.n > best->artifact.n))
            best = p;
    }
    if (best || !j->poms || j->poms->next)
        return best;
    return !version.n || !j->poms->version.n || hn_str_eq(version, j->poms->version) ? j->poms : NULL;
}

static void emit_pom(struct languages_state *st, const struct languages_jar *j, const struct java_pom *p, bool own)
{
    struct languages_pkg k = {.type = "maven", .path = j->path, .inner = j->inner, .main = own, .found = "jar"};
    k.group = hn_str_bytes(p->group);
    k.name = hn_str_bytes(p->artifact);
    k.version = hn_str_bytes(p->version);
    k.licence = hn_str_bytes(p->licence);
    k.homepage = hn_str_bytes(p->url);
    if (own && !k.licence.n)
        k.licence = hn_str_bytes(j->bundle_licence);
    if (own)
        k.supplier = hn_str_bytes(j->vendor);
    k.depends = p->depends.v;
    k.n_depends = p->depends.n;
    k.depends_known = p->xml;
    languages_emit(st, &k);
}

/* Without anything that Maven wrote. A plugin of Jenkins is no library of the same name: "found" tells them apart. */
static bool emit_by_manifest(struct languages_state *st, const struct languages_jar *j)
{
    struct languages_pkg k = {.type = "maven", .path = j->path, .inner = j->inner, .main = true, .guessed = true};
    struct hn_str name, version;
    from_file_name(file_of(j), &name, &version);
    bool plugin = j->plugin_version.n && j->extension.n;
    if (plugin)
        name = j->extension;
    if (!name.n)
        return false;
    k.found = plugin ? "jenkins-plugin" : "jar";
    k.guessed = !(plugin && j->group_id.n);
    k.name = hn_str_bytes(name);
    if (plugin)
        version = j->plugin_version;
    else if (!version.n)
        version = j->version.n ? j->version : j->bundle_version;
    k.group = hn_str_bytes(plugin ? j->group_id : languages_jar_group(st, j, name, version));
    k.version = hn_str_bytes(version);
    k.supplier = hn_str_bytes(j->vendor);
    k.licence = hn_str_bytes(j->bundle_licence);
    k.homepage = hn_str_bytes(j->url);
    languages_emit(st, &k);
    return true;
}

int64_t languages_jar_emit(struct languages_state *st, struct languages_jar *j)
{
    int64_t n = 0;
    const struct java_pom *own = own_pom(j);
    for (const struct java_pom *p = j->poms; p; p = p->next) {
        if (!p->group.n || !p->artifact.n)
            continue;
        emit_pom(st, j, p, p == own);
        n++;
    }
    if (!own || !own->group.n)
        n += emit_by_manifest(st, j);
    return n;
}
