/* Nodes of SPDX 2 in RDF as the JSON form: a property is a member of (mostly) another name, and the individuals of the
 * vocabulary ("http://spdx.org/rdf/terms#checksumAlgorithm_sha256") are its words ("SHA256"). What has no place is
 * noted, each kind once. */
#include "base/mem.h"
#include "base/str.h"
#include "format/sbom/spdx2_rdf.h"

#define LICENCE_DEPTH 64

struct making {
    struct rdf *r;
    struct rdf_json *j;
    struct hn_arena *a;
    struct hn_str space; /* namespace of the document */
    const struct rdf_node *doc;
    struct hn_map outside;  /* namespace of another document → its externalDocumentRef */
    struct hn_map unmapped; /* class or property: noted */
};

/* ---------------------------------------------------------------- words */

static struct hn_str behind_hash(struct hn_str iri)
{
    size_t at = 0;
    for (size_t i = 0; i < iri.n; i++)
        if (iri.p[i] == '#' || iri.p[i] == '/')
            at = i + 1;
    return hn_str_cut(iri, at, iri.n);
}

/* "…#relationshipType_dependsOn" → "DEPENDS_ON"; "…#checksumAlgorithm_sha3_256" with '-': "SHA3-256". */
static struct hn_str word(struct making *m, struct hn_str iri, char joint)
{
    struct hn_str s = behind_hash(iri);
    ptrdiff_t at = hn_str_chr(s, '_');
    s = hn_str_cut(s, (size_t)(at + 1), s.n);
    char *out = hn_arena_alloc(m->a, 2 * s.n + 1);
    size_t n = 0;
    for (size_t i = 0; out && i < s.n; i++) {
        char c = s.p[i];
        if (c >= 'A' && c <= 'Z' && i)
            out[n++] = joint;
        out[n++] = c == '_' ? joint : (char)(c >= 'a' && c <= 'z' ? c & ~0x20 : c);
    }
    return (struct hn_str){out ? out : "", n};
}

static struct hn_str nothing_or(struct hn_str iri, struct hn_str otherwise)
{
    struct hn_str s = behind_hash(iri);
    return hn_str_eqc(s, "noassertion") ? HN_STR("NOASSERTION") : hn_str_eqc(s, "none") ? HN_STR("NONE") : otherwise;
}

static const struct rdf_prop *prop_of(const struct rdf_node *n, const char *name)
{
    const struct rdf_prop *p = n ? n->props : NULL;
    while (p && !hn_str_eqc(p->name, name))
        p = p->next;
    return p;
}

static struct hn_str text_of(const struct rdf_node *n, const char *name)
{
    const struct rdf_prop *p = prop_of(n, name);
    return p ? p->text : (struct hn_str){NULL, 0};
}

static void unmapped(struct making *m, struct hn_str name)
{
    if (!name.n || hn_map_has(&m->unmapped, hn_str_bytes(name)))
        return;
    if (!hn_ok(hn_map_set(&m->unmapped, hn_str_bytes(name), m)))
        m->a->failed = true;
    hn_bom_note(m->r->b, HN_BOM_NOTE_WARNING, "rdf-unmapped", HN_STR(""), name, HN_STR(""));
}

/* ---------------------------------------------------------------- references */

/* "https://example.org/doc#SPDXRef-a" → "SPDXRef-a"; of another document that is named: "DocumentRef-x:SPDXRef-a". */
static struct hn_str element_id(struct making *m, struct hn_str iri)
{
    ptrdiff_t hash = hn_str_chr(iri, '#');
    struct hn_str space = hn_str_cut(iri, 0, hash < 0 ? 0 : (size_t)hash),
                  id = hn_str_cut(iri, (size_t)(hash + 1), iri.n);
    struct hn_str none = nothing_or(iri, (struct hn_str){NULL, 0});
    if (none.p)
        return none;
    if (hash < 0 || !space.n || hn_str_eq(space, m->space))
        return id;
    const struct rdf_node *other = hn_map_find(&m->outside, hn_str_bytes(space));
    if (other)
        return hn_arena_fmt(m->a, "%.*s:%.*s", HN_FMT(text_of(other, "externalDocumentId")), HN_FMT(id));
    return iri;
}

static struct hn_str licence(struct making *m, const struct rdf_prop *p, unsigned depth);

static struct hn_str licence_set(struct making *m, const struct rdf_node *n, const char *joint, unsigned depth)
{
    HN_AUTO(hn_buf_done) struct hn_buf all = {0};
    hn_buf_init(&all, 1u << 20);
    for (const struct rdf_prop *p = n->props; p; p = p->next)
        if (hn_str_eqc(p->name, "member")) {
            hn_buf_c(&all, all.n ? joint : "(");
            hn_buf_str(&all, licence(m, p, depth + 1));
        }
    hn_buf_chr(&all, ')');
    return all.bad ? HN_STR("NOASSERTION") : hn_arena_str(m->a, hn_buf_text(&all));
}

/* Of a node, once: what is shared is not taken apart again and again. */
static struct hn_str licence_node(struct making *m, struct rdf_node *n, unsigned depth)
{
    if (hn_str_eqc(n->type, "ConjunctiveLicenseSet"))
        return licence_set(m, n, " AND ", depth);
    if (hn_str_eqc(n->type, "DisjunctiveLicenseSet"))
        return licence_set(m, n, " OR ", depth);
    bool later = hn_str_eqc(n->type, "OrLaterOperator");
    if (!later && !hn_str_eqc(n->type, "WithExceptionOperator"))
        return text_of(n, "licenseId");
    const struct rdf_prop *of = prop_of(n, "member"), *but = prop_of(n, "licenseException");
    struct hn_str base = of ? licence(m, of, depth + 1) : HN_STR("NOASSERTION");
    if (later)
        return hn_arena_fmt(m->a, "%.*s+", HN_FMT(base));
    struct hn_str id = but && but->node ? text_of(but->node, "licenseExceptionId") : (struct hn_str){NULL, 0};
    if (!id.n)
        id = but ? behind_hash(but->text) : HN_STR("");
    return hn_arena_fmt(m->a, "%.*s WITH %.*s", HN_FMT(base), HN_FMT(id));
}

static struct hn_str licence(struct making *m, const struct rdf_prop *p, unsigned depth)
{
    struct rdf_node *n = p->node;
    if (!p->resource)
        return p->text;
    if (depth > LICENCE_DEPTH || (n && n->open)) /* a ring */
        return HN_STR("NOASSERTION");
    if (n && !n->licence.p) {
        n->open = true;
        n->licence = licence_node(m, n, depth);
        n->open = false;
    }
    return n && n->licence.n ? n->licence : nothing_or(p->text, behind_hash(p->text));
}

/* ---------------------------------------------------------------- members */

enum kind { TEXT, BOOLEAN, WORD, LICENCE, LICENCES, TEXTS, WORDS, IDS, ELSEWHERE };

struct rule {
    const char *prop, *member;
    enum kind kind;
};

static const struct rule rules[] = {
    {"name", "name", TEXT},
    {"versionInfo", "versionInfo", TEXT},
    {"packageFileName", "packageFileName", TEXT},
    {"supplier", "supplier", TEXT},
    {"originator", "originator", TEXT},
    {"downloadLocation", "downloadLocation", TEXT},
    {"filesAnalyzed", "filesAnalyzed", BOOLEAN},
    {"homepage", "homepage", TEXT},
    {"sourceInfo", "sourceInfo", TEXT},
    {"licenseConcluded", "licenseConcluded", LICENCE},
    {"licenseDeclared", "licenseDeclared", LICENCE},
    {"licenseInfoFromFiles", "licenseInfoFromFiles", LICENCES},
    {"licenseInfoInFile", "licenseInfoInFiles", LICENCES},
    {"licenseComments", "licenseComments", TEXT},
    {"copyrightText", "copyrightText", TEXT},
    {"summary", "summary", TEXT},
    {"description", "description", TEXT},
    {"comment", "comment", TEXT},
    {"attributionText", "attributionTexts", TEXTS},
    {"hasFile", "hasFiles", IDS},
    {"primaryPackagePurpose", "primaryPackagePurpose", WORD},
    {"releaseDate", "releaseDate", TEXT},
    {"builtDate", "builtDate", TEXT},
    {"validUntilDate", "validUntilDate", TEXT},
    {"fileName", "fileName", TEXT},
    {"fileType", "fileTypes", WORDS},
    {"noticeText", "noticeText", TEXT},
    {"fileContributor", "fileContributors", TEXTS},
    {"licenseId", "licenseId", TEXT},
    {"extractedText", "extractedText", TEXT},
    {"seeAlso", "seeAlsos", TEXTS},
    {"crossRef", "", ELSEWHERE},
    {"type", "", ELSEWHERE},
    {"checksum", "", ELSEWHERE},
    {"externalRef", "", ELSEWHERE},
    {"annotation", "", ELSEWHERE},
    {"relationship", "", ELSEWHERE},
    {"packageVerificationCode", "", ELSEWHERE},
    {"describesPackage", "", ELSEWHERE},
    {"referencesFile", "", ELSEWHERE},
    {"specVersion", "", ELSEWHERE},
    {"dataLicense", "", ELSEWHERE},
    {"creationInfo", "", ELSEWHERE},
    {"externalDocumentRef", "", ELSEWHERE},
    {"hasExtractedLicensingInfo", "", ELSEWHERE},
    {"isExtractedLicense", "", ELSEWHERE},
};

static const struct rule *rule_of(struct hn_str name)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (hn_str_eqc(name, rules[i].prop))
            return &rules[i];
    return NULL;
}

static void value(struct making *m, const struct rule *rule, const struct rdf_prop *p)
{
    struct hn_jw *w = &m->j->w;
    struct hn_str plain = p->resource ? nothing_or(p->text, p->text) : p->text;
    if (rule->kind == BOOLEAN)
        hn_jw_bool(w, !hn_str_eqc(hn_str_trim(p->text), "false"));
    else if (rule->kind == WORD || rule->kind == WORDS)
        hn_jw_str(w, word(m, p->text, '_'));
    else if (rule->kind == LICENCE || rule->kind == LICENCES)
        hn_jw_str(w, licence(m, p, 0));
    else
        hn_jw_str(w, rule->kind == IDS ? element_id(m, p->text) : plain);
}

/* Members of one name follow each other in JSON, though not here. */
static void members(struct making *m, const struct rdf_node *n)
{
    struct hn_jw *w = &m->j->w;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        const struct rule *rule = &rules[i];
        bool list = rule->kind >= LICENCES && rule->kind <= IDS, open = false;
        for (const struct rdf_prop *p = rule->kind == ELSEWHERE ? NULL : prop_of(n, rule->prop); p; p = p->next) {
            if (!hn_str_eqc(p->name, rule->prop) || (open && !list))
                continue;
            if (!open)
                hn_jw_key(w, rule->member);
            if (!open && list)
                hn_jw_arr(w);
            open = true;
            value(m, rule, p);
        }
        if (open && list)
            hn_jw_arr_end(w);
    }
    for (const struct rdf_prop *p = n->props; p; p = p->next)
        if (!rule_of(p->name))
            unmapped(m, p->name);
}

static void kopt(struct hn_jw *w, const char *key, struct hn_str s)
{
    if (s.p)
        hn_jw_kstr(w, key, s);
}

/* A list of nodes under one property of n, each as an object by make(). */
static void objects(struct making *m, const struct rdf_node *n, const char *prop, const char *member,
                    void (*make)(struct making *m, const struct rdf_node *x))
{
    bool open = false;
    for (const struct rdf_prop *p = prop_of(n, prop); p; p = p->next) {
        if (!hn_str_eqc(p->name, prop) || !p->node)
            continue;
        if (!open) {
            hn_jw_key(&m->j->w, member);
            hn_jw_arr(&m->j->w);
        }
        open = true;
        hn_jw_obj(&m->j->w);
        make(m, p->node);
        hn_jw_obj_end(&m->j->w);
    }
    if (open)
        hn_jw_arr_end(&m->j->w);
}

static void make_checksum(struct making *m, const struct rdf_node *x)
{
    hn_jw_kstr(&m->j->w, "algorithm", word(m, text_of(x, "algorithm"), '-'));
    kopt(&m->j->w, "checksumValue", text_of(x, "checksumValue"));
}

static void make_reference(struct making *m, const struct rdf_node *x)
{
    hn_jw_kstr(&m->j->w, "referenceCategory", word(m, text_of(x, "referenceCategory"), '-'));
    hn_jw_kstr(&m->j->w, "referenceType", behind_hash(text_of(x, "referenceType")));
    kopt(&m->j->w, "referenceLocator", text_of(x, "referenceLocator"));
    kopt(&m->j->w, "comment", text_of(x, "comment"));
}

static void make_annotation(struct making *m, const struct rdf_node *x)
{
    kopt(&m->j->w, "annotator", text_of(x, "annotator"));
    kopt(&m->j->w, "annotationDate", text_of(x, "annotationDate"));
    hn_jw_kstr(&m->j->w, "annotationType", word(m, text_of(x, "annotationType"), '_'));
    kopt(&m->j->w, "comment", text_of(x, "comment"));
}

static void make_document(struct making *m, const struct rdf_node *x)
{
    const struct rdf_prop *sum = prop_of(x, "checksum");
    kopt(&m->j->w, "externalDocumentId", text_of(x, "externalDocumentId"));
    kopt(&m->j->w, "spdxDocument", text_of(x, "spdxDocument"));
    if (!sum || !sum->node)
        return;
    hn_jw_key(&m->j->w, "checksum");
    hn_jw_obj(&m->j->w);
    make_checksum(m, sum->node);
    hn_jw_obj_end(&m->j->w);
}

static void verification(struct making *m, const struct rdf_node *n)
{
    const struct rdf_prop *p = prop_of(n, "packageVerificationCode");
    if (!p || !p->node)
        return;
    hn_jw_key(&m->j->w, "packageVerificationCode");
    hn_jw_obj(&m->j->w);
    kopt(&m->j->w, "packageVerificationCodeValue", text_of(p->node, "packageVerificationCodeValue"));
    hn_jw_obj_end(&m->j->w);
}

/* ---------------------------------------------------------------- elements */

static void element(struct making *m, const struct rdf_node *n)
{
    spdx_line_add(&m->j->lines, m->a, m->j->w.out, n->line);
    hn_jw_obj(&m->j->w);
    if (n->id.n && !hn_str_starts(n->id, "_:"))
        hn_jw_kstr(&m->j->w, "SPDXID", element_id(m, n->id));
    members(m, n);
    verification(m, n);
    objects(m, n, "checksum", "checksums", make_checksum);
    objects(m, n, "externalRef", "externalRefs", make_reference);
    objects(m, n, "annotation", "annotations", make_annotation);
    hn_jw_obj_end(&m->j->w);
}

static void elements(struct making *m, const char *member, const char *class, const char *or_class)
{
    hn_jw_key(&m->j->w, member);
    hn_jw_arr(&m->j->w);
    for (const struct rdf_node *n = m->r->first; n; n = n->next)
        if (hn_str_eqc(n->type, class) || hn_str_eqc(n->type, or_class))
            element(m, n);
    hn_jw_arr_end(&m->j->w);
}

static void relation(struct making *m, struct hn_str from, struct hn_str kind, struct hn_str to)
{
    struct hn_jw *w = &m->j->w;
    hn_jw_obj(w);
    hn_jw_kstr(w, "spdxElementId", from);
    hn_jw_kstr(w, "relationshipType", kind);
    hn_jw_kstr(w, "relatedSpdxElement", to);
    hn_jw_obj_end(w);
}

static void relations(struct making *m)
{
    hn_jw_key(&m->j->w, "relationships");
    hn_jw_arr(&m->j->w);
    for (const struct rdf_node *n = m->r->first; n; n = n->next)
        for (const struct rdf_prop *p = n->props; p; p = p->next) {
            struct hn_str from = element_id(m, n->id);
            if (hn_str_eqc(p->name, "describesPackage"))
                relation(m, from, HN_STR("DESCRIBES"), element_id(m, p->text));
            else if (hn_str_eqc(p->name, "relationship") && p->node)
                relation(m, from, word(m, text_of(p->node, "relationshipType"), '_'),
                         element_id(m, text_of(p->node, "relatedSpdxElement")));
        }
    hn_jw_arr_end(&m->j->w);
}

static void creation(struct making *m)
{
    const struct rdf_prop *p = prop_of(m->doc, "creationInfo");
    struct hn_jw *w = &m->j->w;
    if (!p || !p->node)
        return;
    hn_jw_key(w, "creationInfo");
    hn_jw_obj(w);
    kopt(w, "created", text_of(p->node, "created"));
    kopt(w, "comment", text_of(p->node, "comment"));
    kopt(w, "licenseListVersion", text_of(p->node, "licenseListVersion"));
    hn_jw_key(w, "creators");
    hn_jw_arr(w);
    for (const struct rdf_prop *c = p->node->props; c; c = c->next)
        if (hn_str_eqc(c->name, "creator"))
            hn_jw_str(w, c->text);
    hn_jw_arr_end(w);
    hn_jw_obj_end(w);
}

/* Classes that have a place; those of licences are looked up when something refers to them. */
static bool known_class(struct hn_str type)
{
    static const char *const known[] = {"SpdxDocument",
                                        "Package",
                                        "File",
                                        "ExtractedLicensingInfo",
                                        "Relationship",
                                        "CreationInfo",
                                        "Checksum",
                                        "ExternalRef",
                                        "Annotation",
                                        "PackageVerificationCode",
                                        "ExternalDocumentRef",
                                        "License",
                                        "ListedLicense",
                                        "SimpleLicensingInfo",
                                        "ConjunctiveLicenseSet",
                                        "DisjunctiveLicenseSet",
                                        "OrLaterOperator",
                                        "WithExceptionOperator",
                                        "LicenseException",
                                        "ListedLicenseException",
                                        "ReferenceType",
                                        "CrossRef",
                                        "SpdxNoAssertion"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (hn_str_eqc(type, known[i]))
            return true;
    return !type.n;
}

static void document(struct making *m)
{
    struct hn_jw *w = &m->j->w;
    struct hn_str licence_iri = text_of(m->doc, "dataLicense");
    const struct rdf_prop *data = prop_of(m->doc, "dataLicense");
    hn_jw_obj(w);
    kopt(w, "spdxVersion", text_of(m->doc, "specVersion"));
    if (licence_iri.p)
        hn_jw_kstr(w, "dataLicense", licence(m, data, 0));
    if (m->doc) {
        hn_jw_kstr(w, "SPDXID", element_id(m, m->doc->id));
        hn_jw_kstr(w, "documentNamespace", m->space);
    }
    kopt(w, "name", text_of(m->doc, "name"));
    kopt(w, "comment", text_of(m->doc, "comment"));
    creation(m);
    objects(m, m->doc, "externalDocumentRef", "externalDocumentRefs", make_document);
    objects(m, m->doc, "annotation", "annotations", make_annotation);
    elements(m, "hasExtractedLicensingInfos", "ExtractedLicensingInfo", "ExtractedLicensingInfo");
    elements(m, "packages", "Package", "Package");
    elements(m, "files", "File", "File");
    relations(m);
    hn_jw_obj_end(w);
}

bool spdx2_rdf_json(struct rdf *r, struct rdf_json *ret)
{
    struct making m = {.r = r, .j = ret, .a = r->b->arena};
    const struct rdf_node *n = r->first;
    hn_map_init(&m.unmapped);
    while (n && !hn_str_eqc(n->type, "SpdxDocument"))
        n = n->next;
    m.doc = n;
    ptrdiff_t hash = n ? hn_str_chr(n->id, '#') : -1;
    m.space = hash >= 0 ? hn_str_cut(n->id, 0, (size_t)hash) : n ? n->id : (struct hn_str){"", 0};
    hn_map_init(&m.outside);
    for (const struct rdf_prop *p = n ? n->props : NULL; p; p = p->next)
        if (hn_str_eqc(p->name, "externalDocumentRef") && p->node &&
            !hn_ok(hn_map_set(&m.outside, hn_str_bytes(text_of(p->node, "spdxDocument")), p->node)))
            m.a->failed = true;
    document(&m);
    for (n = r->first; n; n = n->next)
        if (!known_class(n->type))
            unmapped(&m, n->type);
    hn_map_done(&m.unmapped);
    hn_map_done(&m.outside);
    return m.doc != NULL;
}
