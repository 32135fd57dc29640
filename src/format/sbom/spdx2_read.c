/* SPDX 2.2 and 2.3, JSON.
 *
 *   packages[], files[]        components; DESCRIBES by the document makes the subject, when it is one only
 *   relationships[]            edges; what is said from the far end ("DEPENDENCY_OF") is turned and keeps its word;
 *                              "DEPENDS_ON NONE" is an entry without edges
 *   supplier, originator       supplier; manufacturer (organisation) or authors (person)
 *   text members that no other family has: properties "spdx:<member>", so that they survive a conversion
 *   annotations                of the document, with what they are about; also those inside packages and files
 *
 * What the model cannot hold stays in extra as JSON. */
#include "base/str.h"
#include "format/sbom/spdx2_in.h"

#define DOCUMENT "SPDXRef-DOCUMENT"

#define TAKE(name) static SPDX_TAKE(name)

/* ---------------------------------------------------------------- package and file: single texts */

#define TAKE_TEXT(name, member)                                                                                        \
    TAKE(name)                                                                                                         \
    {                                                                                                                  \
        struct hn_bom_component *c = obj;                                                                              \
        c->member = spdx_str(in, t);                                                                                   \
    }
TAKE_TEXT(take_ref, ref)
TAKE_TEXT(take_name, name)
TAKE_TEXT(take_version, version)
TAKE_TEXT(take_description, description)

/* A text that the model has no place for. */
static void text_prop(struct spdx_in *in, enum hn_jtok t, const char *name)
{
    struct hn_str s = spdx_str(in, t);
    if (s.p)
        hn_bom_prop_add(in->b, spdx2_reader_of(in)->props_tail, hn_str_c(name), s);
}

#define TAKE_PROP(fn, name)                                                                                            \
    TAKE(fn)                                                                                                           \
    {                                                                                                                  \
        text_prop(in, t, "spdx:" name);                                                                                \
    }
#define TAKE_PROPS(fn, name)                                                                                           \
    TAKE(fn)                                                                                                           \
    {                                                                                                                  \
        spdx_text_props(in, t, spdx2_reader_of(in)->props_tail, "spdx:" name);                                         \
    }
TAKE_PROP(take_source_info, "sourceInfo")
TAKE_PROP(take_summary, "summary")
TAKE_PROP(take_comment, "comment")
TAKE_PROP(take_licence_comments, "licenseComments")
TAKE_PROP(take_file_name, "packageFileName")
TAKE_PROP(take_built, "builtDate")
TAKE_PROP(take_released, "releaseDate")
TAKE_PROP(take_valid_until, "validUntilDate")
TAKE_PROP(take_notice, "noticeText")
TAKE_PROPS(take_attributions, "attributionTexts")
TAKE_PROPS(take_file_types, "fileTypes")
TAKE_PROPS(take_contributors, "fileContributors")

TAKE(take_analyzed)
{
    if (t != HN_J_TRUE && t != HN_J_FALSE) {
        (void)spdx_bool(in, t, true);
        return;
    }
    hn_bom_prop_add(in->b, spdx2_reader_of(in)->props_tail, HN_STR("spdx:filesAnalyzed"),
                    t == HN_J_TRUE ? HN_STR("true") : HN_STR("false"));
}

TAKE(take_copyright)
{
    struct hn_bom_component *c = obj;
    struct hn_str s = spdx_str(in, t);
    if (spdx2_says_nothing(s))
        spdx_keep_text(in, &c->extra, "copyrightText", s);
    else
        c->copyright = s;
}

TAKE(take_purpose)
{
    struct hn_bom_component *c = obj;
    struct hn_str s = spdx_str(in, t);
    if (!s.p)
        return;
    /* 2.3 writes OPERATING_SYSTEM in its schema and OPERATING-SYSTEM in its text */
    enum hn_bom_type type = hn_str_eqc(s, "OPERATING_SYSTEM") ? HN_BOM_TYPE_OPERATING_SYSTEM : hn_bom_type_of(s);
    if (type == HN_BOM_TYPE_FILE) /* tells a package of one file from an entry of files[] */
        spdx_keep_text(in, &c->extra, "primaryPackagePurpose", s);
    if (type == HN_BOM_TYPE_UNKNOWN) {
        spdx_note(in, HN_BOM_NOTE_WARNING, "unknown-word", s, in->member);
        spdx_keep_text(in, &c->extra, "primaryPackagePurpose", s);
    }
    c->type = (uint8_t)type;
}

/* The reference of a package may come after its annotations: they are read again from where they stand. */
TAKE(take_annotations)
{
    struct hn_bom_component *c = obj;
    struct hn_str raw = spdx_raw(in, t);
    if (raw.p)
        hn_bom_extra_add(in->b, &c->extra, HN_STR("annotations"), raw);
}

static void own_annotations(struct spdx_in *in, struct hn_bom_component *c)
{
    for (struct hn_bom_extra **p = &c->extra; *p; p = &(*p)->next) {
        if (!hn_str_eqc((*p)->key, "annotations"))
            continue;
        struct hn_jr outer = in->r;
        size_t at = in->at;
        hn_jr_init(&in->r, hn_str_bytes((*p)->value), 0, 0);
        enum hn_jtok t = spdx_next(in);
        in->member = HN_STR("annotations");
        spdx_each(in, t, spdx2_annotation_item, &c->ref);
        in->r = outer;
        in->at = at;
        *p = (*p)->next;
        in->keep_list = NULL;
        return;
    }
}

/* ---------------------------------------------------------------- relations */

void spdx2_relation_add(struct hn_bom *b, struct hn_str from, struct hn_str word, struct hn_str to,
                        struct hn_bom_extra *extra)
{
    const struct spdx_relation *rel = spdx_relation_of(word);
    bool turned = rel && rel->turned;
    struct hn_bom_dep *d = hn_bom_dep_add(b, turned ? to : from);
    struct hn_bom_edge *e;

    if (!d)
        return;
    if (hn_str_eqc(to, "NONE") && rel && rel->rel == HN_BOM_REL_DEPENDS_ON && !turned && !extra) {
        d->says_depends = true;
        return;
    }
    bool said = d->says_depends;
    e = hn_bom_edge_add(b, d, rel ? rel->rel : HN_BOM_REL_OTHER, turned ? from : to);
    if (!e)
        return;
    /* "DEPENDENCY_OF" names one dependency; it does not say that these are all */
    if (turned)
        d->says_depends = said;
    e->turned = turned;
    e->word = word;
    e->extra = extra;
}

struct relation {
    struct hn_str from, word, to;
    struct hn_bom_extra *extra;
};
TAKE(take_rel_from)
{
    ((struct relation *)obj)->from = spdx_str(in, t);
}
TAKE(take_rel_word)
{
    ((struct relation *)obj)->word = spdx_str(in, t);
}
TAKE(take_rel_to)
{
    ((struct relation *)obj)->to = spdx_str(in, t);
}

static void describes_add(struct spdx_in *in, struct hn_str ref)
{
    struct spdx2_reader *r = spdx2_reader_of(in);
    if (hn_bom_text_add(in->b, r->describes_tail, ref))
        r->describes_tail = &(*r->describes_tail)->next;
}

TAKE(relation_item)
{
    static const struct spdx_field fields[] = {{"spdxElementId", take_rel_from},
                                               {"relationshipType", take_rel_word},
                                               {"relatedSpdxElement", take_rel_to},
                                               {"comment", NULL}};
    struct relation x = {{NULL, 0}};
    in->index++;
    if (!SPDX_FIELDS(in, t, fields, &x, &x.extra))
        return;
    if (!x.from.n || !x.to.n || !x.word.n) {
        spdx_note(in, HN_BOM_NOTE_ERROR, "missing-member",
                  !x.from.n ? HN_STR("spdxElementId")
                  : !x.to.n ? HN_STR("relatedSpdxElement")
                            : HN_STR("relationshipType"),
                  HN_STR(""));
        return;
    }
    if (!spdx_relation_of(x.word))
        spdx_note(in, HN_BOM_NOTE_WARNING, "unknown-word", x.word, HN_STR("relationshipType"));
    if (hn_str_eqc(x.word, "DESCRIBES") && hn_str_eqc(x.from, DOCUMENT) && !x.extra)
        describes_add(in, x.to);
    else if (hn_str_eqc(x.word, "DESCRIBED_BY") && hn_str_eqc(x.to, DOCUMENT) && !x.extra)
        describes_add(in, x.from);
    else
        spdx2_relation_add(in->b, x.from, x.word, x.to, x.extra);
}

TAKE(describes_item)
{
    struct hn_str s = spdx_str(in, t);
    if (s.n)
        describes_add(in, s);
}

/* hasFiles (2.2): the package contains them. The reference may come later, so the list is kept until then. */
TAKE(has_file_item)
{
    struct hn_str s = spdx_str(in, t);
    if (s.n)
        spdx2_relation_add(in->b, spdx2_reader_of(in)->c->ref, HN_STR("CONTAINS"), s, NULL);
}

static void own_files(struct spdx_in *in, struct hn_str raw)
{
    struct hn_jr outer = in->r;
    size_t at = in->at;
    if (!raw.p)
        return;
    hn_jr_init(&in->r, hn_str_bytes(raw), 0, 0);
    enum hn_jtok t = spdx_next(in);
    in->member = HN_STR("hasFiles");
    spdx_each(in, t, has_file_item, NULL);
    in->r = outer;
    in->at = at;
}

/* ---------------------------------------------------------------- packages, files */

static void component_begin(struct spdx2_reader *r, struct hn_bom_component *c, size_t at)
{
    r->c = c;
    c->offset = r->in.lines.n ? UINT64_MAX : at;
    c->section = r->in.section;
    c->at = (uint32_t)r->in.index;
    r->licences_tail = &c->licences;
    r->links_tail = &c->links;
    r->hashes_tail = &c->hashes;
    r->purls_tail = &c->more_purls;
    r->cpes_tail = &c->more_cpes;
    r->props_tail = &c->props;
    r->files_raw = (struct hn_str){NULL, 0};
}

static void component_end(struct spdx_in *in, struct hn_bom_component *c, const char *name_member)
{
    in->member = HN_STR("");
    if (!c->ref.n)
        spdx_note(in, HN_BOM_NOTE_ERROR, "missing-member", HN_STR("SPDXID"), HN_STR(""));
    else if (!hn_str_starts(c->ref, "SPDXRef-"))
        spdx_note(in, HN_BOM_NOTE_ERROR, "spdxid-form", c->ref, HN_STR(""));
    if (!c->name.n)
        spdx_note(in, HN_BOM_NOTE_ERROR, "missing-member", hn_str_c(name_member), HN_STR(""));
    own_annotations(in, c);
}

TAKE(take_has_files)
{
    spdx2_reader_of(in)->files_raw = spdx_raw(in, t);
}

TAKE(package_item)
{
    static const struct spdx_field fields[] = {
        {"SPDXID", take_ref},
        {"name", take_name},
        {"versionInfo", take_version},
        {"packageFileName", take_file_name},
        {"supplier", spdx2_take_supplier},
        {"originator", spdx2_take_originator},
        {"downloadLocation", spdx2_take_download},
        {"filesAnalyzed", take_analyzed},
        {"packageVerificationCode", NULL},
        {"checksums", spdx2_take_checksums},
        {"homepage", spdx2_take_homepage},
        {"sourceInfo", take_source_info},
        {"licenseConcluded", spdx2_take_concluded},
        {"licenseInfoFromFiles", spdx2_take_file_licences},
        {"licenseDeclared", spdx2_take_declared},
        {"licenseComments", take_licence_comments},
        {"copyrightText", take_copyright},
        {"summary", take_summary},
        {"description", take_description},
        {"comment", take_comment},
        {"externalRefs", spdx2_take_external_refs},
        {"attributionTexts", take_attributions},
        {"annotations", take_annotations},
        {"primaryPackagePurpose", take_purpose},
        {"releaseDate", take_released},
        {"builtDate", take_built},
        {"validUntilDate", take_valid_until},
        {"hasFiles", take_has_files},
    };
    struct spdx2_reader *r = spdx2_reader_of(in);
    size_t at = in->at;
    struct hn_bom_component *c = hn_bom_component_add(in->b, NULL);

    in->index++;
    if (!c) {
        spdx_skip(in, t);
        return;
    }
    component_begin(r, c, at);
    if (!SPDX_FIELDS(in, t, fields, c, &c->extra))
        return;
    component_end(in, c, "name");
    own_files(in, r->files_raw);
}

TAKE(file_item)
{
    static const struct spdx_field fields[] = {
        {"SPDXID", take_ref},
        {"fileName", take_name},
        {"fileTypes", take_file_types},
        {"checksums", spdx2_take_checksums},
        {"licenseConcluded", spdx2_take_concluded},
        {"licenseInfoInFiles", spdx2_take_file_licences},
        {"licenseComments", take_licence_comments},
        {"copyrightText", take_copyright},
        {"comment", take_comment},
        {"noticeText", take_notice},
        {"fileContributors", take_contributors},
        {"attributionTexts", take_attributions},
        {"annotations", take_annotations},
        {"fileDependencies", NULL},
        {"artifactOfs", NULL},
    };
    size_t at = in->at;
    struct hn_bom_component *c = hn_bom_component_add(in->b, NULL);

    in->index++;
    if (!c) {
        spdx_skip(in, t);
        return;
    }
    component_begin(spdx2_reader_of(in), c, at);
    c->type = HN_BOM_TYPE_FILE;
    if (SPDX_FIELDS(in, t, fields, c, &c->extra))
        component_end(in, c, "fileName");
}

/* ---------------------------------------------------------------- document */

/* A section: its items are counted from 0 for the places in notes. */
static void section(struct spdx_in *in, enum hn_jtok t, const char *name,
                    void (*item)(struct spdx_in *in, enum hn_jtok t, void *obj), void *arg)
{
    in->section = name;
    in->index = SIZE_MAX; /* so that ++ gives 0 */
    in->member = HN_STR("");
    spdx_each(in, t, item, arg);
    in->section = NULL;
    in->index = SIZE_MAX;
}

#define TAKE_SECTION(fn, name, item)                                                                                   \
    TAKE(fn)                                                                                                           \
    {                                                                                                                  \
        section(in, t, name, item, obj);                                                                               \
    }
TAKE_SECTION(take_packages, "packages", package_item)
TAKE_SECTION(take_files, "files", file_item)
TAKE_SECTION(take_relationships, "relationships", relation_item)
TAKE_SECTION(take_describes, "documentDescribes", describes_item)

TAKE(take_doc_annotations)
{
    static const struct hn_str about = HN_STR_INIT(DOCUMENT);
    struct hn_str copy = about;
    spdx2_reader_of(in)->c = NULL;
    section(in, t, "annotations", spdx2_annotation_item, &copy);
}

#define TAKE_DOC(fn, member)                                                                                           \
    TAKE(fn)                                                                                                           \
    {                                                                                                                  \
        struct hn_bom *b = obj;                                                                                        \
        b->member = spdx_str(in, t);                                                                                   \
    }
TAKE_DOC(take_doc_name, name)
TAKE_DOC(take_doc_comment, comment)
TAKE_DOC(take_doc_namespace, serial)

TAKE(take_doc_version)
{
    struct hn_bom *b = obj;
    struct hn_str s = spdx_str(in, t);
    if (hn_str_starts(s, "SPDX-2."))
        b->spec_version = hn_str_cut(s, 5, s.n);
    else
        spdx_note(in, HN_BOM_NOTE_ERROR, "spec-version", s, HN_STR("SPDX-2.2, SPDX-2.3"));
}

TAKE(take_doc_licence)
{
    struct hn_bom *b = obj;
    b->data_licence = spdx_str(in, t);
    if (!hn_str_eqc(b->data_licence, "CC0-1.0"))
        spdx_note(in, HN_BOM_NOTE_WARNING, "data-licence", b->data_licence, HN_STR("CC0-1.0"));
}

TAKE(take_doc_id)
{
    struct hn_str s = spdx_str(in, t);
    if (!hn_str_eqc(s, DOCUMENT)) {
        spdx_note(in, HN_BOM_NOTE_ERROR, "document-id", s, HN_STR(DOCUMENT));
        spdx_keep_text(in, &in->b->extra, "SPDXID", s);
    }
}

TAKE(take_created)
{
    struct hn_bom *b = obj;
    b->timestamp_text = spdx_str(in, t);
    if (!hn_time_parse(b->timestamp_text, &b->timestamp))
        spdx_note(in, HN_BOM_NOTE_ERROR, "time-form", b->timestamp_text, HN_STR(""));
}

/* "Tool: name-1.2": a version is what follows the last "-" when it begins with a digit (or v and a digit). */
static void tool_add(struct spdx2_reader *r, struct hn_str name)
{
    struct hn_bom_tool **end = r->tools_tail, *tool;
    tool = HN_NEW(r->in.b->arena, struct hn_bom_tool);
    if (!tool)
        return;
    *end = tool;
    r->tools_tail = &tool->next;
    tool->name = name;
    for (size_t i = name.n; i > 1; i--) {
        if (name.p[i - 1] != '-')
            continue;
        size_t v = i + (i + 1 < name.n && name.p[i] == 'v');
        if (v < name.n && name.p[v] >= '0' && name.p[v] <= '9') {
            tool->name = hn_str_cut(name, 0, i - 1);
            tool->version = hn_str_cut(name, i, name.n);
        }
        break;
    }
}

TAKE(creator_item)
{
    struct spdx2_reader *r = spdx2_reader_of(in);
    struct hn_str s = spdx_str(in, t), name, mail;
    if (!s.p)
        return;
    enum spdx_agent agent = spdx_agent_of(s, &name, &mail);
    if (agent == SPDX_AGENT_TOOL) {
        tool_add(r, name);
        return;
    }
    if (agent == SPDX_AGENT_NONE)
        spdx_note(in, HN_BOM_NOTE_ERROR, "agent-form", s, HN_STR("creators"));
    struct hn_bom_party *p = hn_bom_party_add(in->b, r->authors_tail, agent == SPDX_AGENT_PERSON, name);
    if (!p)
        return;
    hn_bom_party_address(in->b, p, mail);
    r->authors_tail = &p->next;
}

TAKE(take_creators)
{
    spdx_each(in, t, creator_item, obj);
}

TAKE(take_creation)
{
    static const struct spdx_field fields[] = {
        {"created", take_created}, {"creators", take_creators}, {"comment", NULL}, {"licenseListVersion", NULL}};
    struct hn_bom *b = obj;
    b->has_metadata = true;
    (void)SPDX_FIELDS(in, t, fields, b, &b->metadata_extra);
}

/* One thing described is the subject; of several, each is an edge of the document. */
static void settle_subject(struct spdx2_reader *r)
{
    struct hn_bom *b = r->in.b;
    struct hn_bom_component *only = NULL;
    bool several = false;

    for (struct hn_bom_text *d = r->describes; d; d = d->next)
        several |= !hn_str_eq(d->s, r->describes->s);
    for (size_t i = 0; r->describes && !several && i < b->n_components; i++) {
        if (!hn_str_eq(b->components[i]->ref, r->describes->s))
            continue;
        several = only != NULL; /* a reference given twice: leave them where they are */
        only = b->components[i];
    }
    if (only && !several) {
        spdx_make_subject(b, only);
        return;
    }
    for (struct hn_bom_text *d = r->describes; d; d = d->next)
        spdx2_relation_add(b, HN_STR(DOCUMENT), HN_STR("DESCRIBES"), d->s, NULL);
    if (!r->describes && b->n_components)
        hn_bom_note(b, HN_BOM_NOTE_WARNING, "no-subject", HN_STR(""), HN_STR(""), HN_STR(""));
}

static void check_document(struct hn_bom *b)
{
    static const struct hn_str none = HN_STR_INIT("");
    if (!b->spec_version.n)
        hn_bom_note(b, HN_BOM_NOTE_ERROR, "missing-member", none, HN_STR("spdxVersion"), none);
    if (!b->serial.n)
        hn_bom_note(b, HN_BOM_NOTE_ERROR, "missing-member", none, HN_STR("documentNamespace"), none);
    if (!b->timestamp_text.n)
        hn_bom_note(b, HN_BOM_NOTE_ERROR, "missing-member", none, HN_STR("created"), none);
    if (!b->tools && !b->authors)
        hn_bom_note(b, HN_BOM_NOTE_ERROR, "missing-member", none, HN_STR("creators"), none);
}

struct hn_err spdx2_read_json(struct hn_bom *b, struct hn_bytes text, const struct spdx_lines *lines)
{
    static const struct spdx_field fields[] = {
        {"spdxVersion", take_doc_version},
        {"SPDXID", take_doc_id},
        {"dataLicense", take_doc_licence},
        {"name", take_doc_name},
        {"documentNamespace", take_doc_namespace},
        {"creationInfo", take_creation},
        {"comment", take_doc_comment},
        {"documentDescribes", take_describes},
        {"packages", take_packages},
        {"files", take_files},
        {"relationships", take_relationships},
        {"annotations", take_doc_annotations},
        {"externalDocumentRefs", NULL},
        {"hasExtractedLicensingInfos", NULL},
        {"snippets", NULL},
        {"revieweds", NULL},
    };
    struct spdx2_reader r = {.describes = NULL};

    spdx_in_init(&r.in, b, text);
    if (lines)
        r.in.lines = *lines;
    r.describes_tail = &r.describes;
    r.annotations_tail = &b->annotations;
    r.tools_tail = &b->tools;
    r.authors_tail = &b->authors;
    bool whole = SPDX_FIELDS(&r.in, spdx_next(&r.in), fields, b, &b->extra) && spdx_next(&r.in) == HN_J_END;
    settle_subject(&r);
    if (!whole || b->arena->failed)
        return spdx_broken(&r.in);
    check_document(b);
    return HN_OK;
}
