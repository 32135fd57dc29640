/* SWID tags, ISO/IEC 19770-2:2015 in XML. No network, no DTD, no entities.
 *
 *   <SoftwareIdentity name version tagId [corpus patch supplemental]>
 *     <Entity name regid role="tagCreator softwareCreator"/>  <Link rel href/>  <Meta product edition …/>
 *     <Payload><Directory root name><File name size SHA256:hash/></Directory></Payload>
 *   </SoftwareIdentity> */

#include "base/str.h"
#include "format/sbom/spdx.h"
#include "format/sbom/swid_in.h"
#include "format/xml.h"

/* ---------------------------------------------------------------- the tag */

bool swid_begin(struct swid *s, struct hn_bom *b)
{
    *s = (struct swid){.b = b, .authors = &b->authors};
    s->c = b->subject = hn_bom_component_new(b, HN_BOM_ROLE_SUBJECT);
    if (!s->c)
        return false;
    s->c->type = HN_BOM_TYPE_APPLICATION;
    s->c->swid = HN_NEW(b->arena, struct hn_bom_swid);
    s->props = &s->c->props;
    s->links = &s->c->links;
    b->has_metadata = true;
    return s->c->swid != NULL;
}

static void missing(struct swid *s, struct hn_str value, const char *member)
{
    if (!value.n)
        hn_bom_note(s->b, HN_BOM_NOTE_ERROR, "missing-member", HN_STR("/SoftwareIdentity"), hn_str_c(member),
                    HN_STR(""));
}

void swid_end(struct swid *s)
{
    struct hn_bom_component *c = s->c;

    missing(s, c->name, "name");
    missing(s, c->swid->tag_id, "tagId");
    if (!s->b->authors)
        missing(s, (struct hn_str){NULL, 0}, "Entity tagCreator");
    if (s->b->n_deps && !s->b->deps[0]->ref.n && c->swid->tag_id.n) { /* links came before the id */
        s->b->deps[0]->ref = c->swid->tag_id;
        if (!hn_ok(hn_map_set(&s->b->by_dep, hn_str_bytes(c->swid->tag_id), s->b->deps[0])))
            s->b->arena->failed = true;
    }
    c->swid->name = c->name;
    c->swid->version = c->version;
    c->ref = c->swid->tag_id;
    s->b->serial = c->swid->tag_id;
}

void swid_role(struct swid_entity *e, struct hn_str role)
{
    if (hn_str_eqc(role, "tagCreator"))
        e->roles |= SWID_TAG_CREATOR;
    else if (hn_str_eqc(role, "softwareCreator"))
        e->roles |= SWID_SOFTWARE_CREATOR;
    else if (hn_str_eqc(role, "distributor"))
        e->roles |= SWID_DISTRIBUTOR;
    else
        e->roles |= SWID_OTHER;
}

static void party(struct swid *s, struct hn_bom_party **list, const struct swid_entity *e)
{
    struct hn_bom_party *p = hn_bom_party_add(s->b, list, false, e->name);
    if (p && e->regid.n)
        hn_bom_text_add(s->b, &p->urls, e->regid);
}

void swid_entity_add(struct swid *s, const struct swid_entity *e)
{
    if (e->roles & SWID_TAG_CREATOR) {
        party(s, s->authors, e);
        if (*s->authors)
            s->authors = &(*s->authors)->next;
    }
    if ((e->roles & SWID_SOFTWARE_CREATOR) && !s->c->manufacturer)
        party(s, &s->c->manufacturer, e);
    if ((e->roles & SWID_DISTRIBUTOR) && !s->c->supplier)
        party(s, &s->c->supplier, e);
}

void swid_link_add(struct swid *s, struct hn_str rel, struct hn_str href)
{
    bool requires = hn_str_eqc(rel, "requires"), part = hn_str_eqc(rel, "component");
    struct hn_bom_link *l;

    if (!href.n)
        return;
    if ((requires || part) && hn_str_starts(href, "swid:")) {
        struct hn_bom_dep *d = hn_bom_dep_add(s->b, s->c->swid->tag_id.p ? s->c->swid->tag_id : HN_STR(""));
        if (d)
            hn_bom_edge_add(s->b, d, requires ? HN_BOM_REL_DEPENDS_ON : HN_BOM_REL_CONTAINS,
                            hn_str_cut(href, 5, href.n));
        return;
    }
    l = hn_bom_link_add(s->b, s->links, rel.n ? rel : HN_STR("other"), href);
    if (l)
        s->links = &l->next;
}

void swid_meta(struct swid *s, struct hn_str name, struct hn_str value)
{
    if (!value.p)
        return;
    if (hn_str_eqc(name, "description"))
        s->c->description = value;
    struct hn_bom_prop *p =
        hn_bom_prop_add(s->b, s->props, hn_arena_fmt(s->b->arena, "swid:%.*s", HN_FMT(name)), value);
    if (p)
        s->props = &p->next;
}

struct hn_str swid_path(struct swid *s, struct hn_str path, struct hn_str name)
{
    if (!name.n || path.n + name.n > 4096)
        return path;
    if (!path.n)
        return name;
    return hn_arena_fmt(s->b->arena, hn_str_ends(path, "/") ? "%.*s%.*s" : "%.*s/%.*s", HN_FMT(path), HN_FMT(name));
}

struct hn_bom_component *swid_file_add(struct swid *s, struct hn_str path, struct hn_str name)
{
    struct hn_bom_component *c = hn_bom_component_add(s->b, s->c);
    if (!c)
        return NULL;
    c->type = HN_BOM_TYPE_FILE;
    c->name = swid_path(s, path, name);
    return c;
}

/* ---------------------------------------------------------------- XML */

#define DEPTH_MOST 32

struct reading {
    struct swid s;
    xmlTextReaderPtr x;
    struct hn_str path[DEPTH_MOST + 1]; /* of the directories around, by depth of the element */
    bool seen;                          /* the root was right */
    char why[160];
    int line;
};

static struct hn_str attribute(struct reading *r, const char *name)
{
    xmlChar *v = xmlTextReaderGetAttribute(r->x, (const xmlChar *)name);
    struct hn_str out = {NULL, 0};
    if (v)
        out = hn_arena_str(r->s.b->arena,
                           hn_str_from_hostile(r->s.b->arena, hn_bytes_of(v, strlen((char *)v)), 1u << 16));
    xmlFree(v);
    return out;
}

static void root(struct reading *r)
{
    struct hn_bom_component *c = r->s.c;
    static const char *const flags[] = {"corpus", "patch", "supplemental", "tagVersion", "versionScheme"};

    r->seen = true;
    c->name = attribute(r, "name");
    c->version = attribute(r, "version");
    c->swid->tag_id = attribute(r, "tagId");
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        swid_meta(&r->s, hn_str_c(flags[i]), attribute(r, flags[i]));
}

static void entity(struct reading *r)
{
    struct swid_entity e = {.name = attribute(r, "name"), .regid = attribute(r, "regid")};
    struct hn_str roles = attribute(r, "role"), one;
    while (hn_str_word(&roles, &one))
        swid_role(&e, one);
    swid_entity_add(&r->s, &e);
}

/* Every attribute of Meta is one fact. */
static void meta(struct reading *r)
{
    while (xmlTextReaderMoveToNextAttribute(r->x) == 1) {
        const char *name = (const char *)xmlTextReaderConstLocalName(r->x);
        const char *value = (const char *)xmlTextReaderConstValue(r->x);
        struct hn_arena *a = r->s.b->arena;
        if (name && value)
            swid_meta(&r->s, hn_arena_str(a, hn_str_from_hostile(a, hn_bytes_of(name, strlen(name)), 100)),
                      hn_arena_str(a, hn_str_from_hostile(a, hn_bytes_of(value, strlen(value)), 1u << 16)));
    }
}

/* SHA256:hash="…": the prefix, whatever it is bound to, is named for the algorithm in practice and its namespace ends
 * in "#sha256". */
static void file(struct reading *r, struct hn_str path)
{
    struct hn_bom_component *c = swid_file_add(&r->s, path, attribute(r, "name"));

    while (c && xmlTextReaderMoveToNextAttribute(r->x) == 1) {
        const char *name = (const char *)xmlTextReaderConstLocalName(r->x);
        const char *space = (const char *)xmlTextReaderConstNamespaceUri(r->x);
        const char *value = (const char *)xmlTextReaderConstValue(r->x);
        const char *alg = space ? strrchr(space, '#') : NULL;
        if (!name || strcmp(name, "hash") != 0 || !alg || !value)
            continue;
        struct hn_arena *a = r->s.b->arena;
        struct hn_str hex = hn_arena_str(a, hn_str_from_hostile(a, hn_bytes_of(value, strlen(value)), 256));
        hn_bom_hash_add(r->s.b, &c->hashes, hn_bom_alg_of(hn_str_c(alg + 1)), hex);
    }
}

static void element(struct reading *r, int depth)
{
    const char *name = (const char *)xmlTextReaderConstLocalName(r->x);
    struct hn_str path = depth > 0 && depth <= DEPTH_MOST ? r->path[depth - 1] : (struct hn_str){"", 0};

    if (depth > DEPTH_MOST)
        return;
    r->path[depth] = path;
    if (depth == 0 && !strcmp(name, "SoftwareIdentity"))
        root(r);
    else if (!strcmp(name, "Entity"))
        entity(r);
    else if (!strcmp(name, "Link"))
        swid_link_add(&r->s, attribute(r, "rel"), attribute(r, "href"));
    else if (!strcmp(name, "Meta"))
        meta(r);
    else if (!strcmp(name, "Directory"))
        r->path[depth] = swid_path(&r->s, swid_path(&r->s, path, attribute(r, "root")), attribute(r, "name"));
    else if (!strcmp(name, "File"))
        file(r, path);
    else if (!strcmp(name, "Evidence"))
        hn_bom_note(r->s.b, HN_BOM_NOTE_INFO, "swid-evidence", HN_STR("/SoftwareIdentity/Evidence"), HN_STR(""),
                    HN_STR(""));
}

static void on_error(void *arg, const char *msg, xmlParserSeverities severity, xmlTextReaderLocatorPtr locator)
{
    struct reading *r = arg;
    if (r->why[0] || severity == XML_PARSER_SEVERITY_WARNING || severity == XML_PARSER_SEVERITY_VALIDITY_WARNING)
        return;
    r->line = xmlTextReaderLocatorLineNumber(locator);
    size_t n = strcspn(msg, "\n");
    memcpy(r->why, msg, n < sizeof r->why - 1 ? n : sizeof r->why - 1);
}

static struct hn_err fatal(struct reading *r)
{
    struct hn_bom *b = r->s.b;
    struct hn_bom_note *n;

    b->broken = true;
    n = hn_bom_note_at(b, HN_BOM_NOTE_FATAL, "xml", UINT64_MAX, hn_str_c(r->why[0] ? r->why : "no SoftwareIdentity"),
                       HN_STR(""));
    if (n)
        n->line = (uint32_t)(r->line > 0 ? r->line : 0);
    return (struct hn_err){HN_E_INVALID};
}

static struct hn_err read_xml(struct hn_bom *b, struct hn_bytes text)
{
    struct reading r = {.seen = false};
    int more = -1;

    if (!swid_begin(&r.s, b))
        return (struct hn_err){HN_E_NOMEM};
    if (text.n > INT32_MAX || !hn_xml_load())
        return fatal(&r);
    r.x = xmlReaderForMemory((const char *)text.p, (int)text.n, NULL, NULL, XML_PARSE_NONET);
    if (!r.x)
        return (struct hn_err){HN_E_NOMEM};
    xmlTextReaderSetErrorHandler(r.x, on_error, &r);
    while ((more = xmlTextReaderRead(r.x)) == 1 && !b->arena->failed) {
        int type = xmlTextReaderNodeType(r.x);
        if (type == XML_READER_TYPE_ELEMENT)
            element(&r, xmlTextReaderDepth(r.x));
        else if (type == XML_READER_TYPE_ENTITY_REFERENCE || type == XML_READER_TYPE_DOCUMENT_TYPE)
            hn_bom_note(b, HN_BOM_NOTE_WARNING, "xml-dtd", HN_STR(""), HN_STR(""), HN_STR(""));
    }
    xmlFreeTextReader(r.x);
    swid_end(&r.s);
    if (b->arena->failed)
        return (struct hn_err){HN_E_NOMEM};
    return more == 0 && r.seen ? HN_OK : fatal(&r);
}

static unsigned sniff(struct hn_bytes text)
{
    struct hn_str head = {(const char *)text.p, text.n < 4096 ? text.n : 4096};
    return hn_str_find(head, HN_STR("<SoftwareIdentity")) >= 0 || hn_str_find(head, HN_STR(":SoftwareIdentity")) >= 0
               ? 95
               : 0;
}

const struct hn_bom_format hn_bom_swid = {
    .family = HN_BOM_SWID,
    .form = HN_BOM_XML,
    .sniff = sniff,
    .read = read_xml,
};
