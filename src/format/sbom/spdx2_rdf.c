/* SPDX 2 in RDF/XML (the older form that the Java tools write): read only. No network, no DTD, no entities.
 *
 *   <rdf:RDF>
 *     <spdx:Package rdf:about="https://example.org/doc#SPDXRef-a">    a node: its class, and which one it is
 *       <spdx:name>a</spdx:name>                                      a property with a text,
 *       <spdx:licenseDeclared rdf:resource="…/licenses/MIT"/>         with a reference,
 *       <spdx:checksum><spdx:Checksum>…</spdx:Checksum></spdx:checksum>   with a node in it
 *
 * Nodes and properties take turns by depth. What is described in several places is one node. */
#include "format/sbom/spdx2_rdf.h"

#include "base/str.h"
#include "format/sbom/spdx.h"
#include "format/xml.h"

#define DEPTH_MOST 128
#define RDF        "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
#define TEXT_MOST  (64u << 20)

struct reading {
    struct rdf rdf;
    xmlTextReaderPtr x;
    struct rdf_node *nodes[DEPTH_MOST + 1]; /* by depth; of every other one a property */
    struct rdf_prop *props[DEPTH_MOST + 1];
    char why[160];
    int line;
    bool seen;
};

static struct hn_arena *arena_of(struct reading *r)
{
    return r->rdf.b->arena;
}

static struct hn_str kept(struct reading *r, const xmlChar *v, size_t most)
{
    if (!v)
        return (struct hn_str){"", 0};
    struct hn_bytes b = hn_bytes_of(v, strlen((const char *)v));
    return hn_arena_str(arena_of(r), hn_str_from_hostile(arena_of(r), b, most));
}

static struct hn_str attribute(struct reading *r, const char *name)
{
    xmlChar *v = xmlTextReaderGetAttributeNs(r->x, (const xmlChar *)name, (const xmlChar *)RDF);
    struct hn_str s = kept(r, v, 1u << 16);
    xmlFree(v);
    return s;
}

/* ---------------------------------------------------------------- nodes and properties */

static struct rdf_node *node_new(struct reading *r, struct hn_str id)
{
    struct rdf_node *n = HN_NEW(arena_of(r), struct rdf_node);
    if (!n)
        return NULL;
    *n = (struct rdf_node){.id = id, .line = (uint32_t)xmlTextReaderGetParserLineNumber(r->x)};
    if (r->rdf.last)
        r->rdf.last->next = n;
    else
        r->rdf.first = n;
    r->rdf.last = n;
    if (id.n && !hn_ok(hn_map_set(&r->rdf.by_id, hn_str_bytes(id), n)))
        arena_of(r)->failed = true;
    return n;
}

static struct rdf_prop *prop_add(struct reading *r, struct rdf_node *n, struct hn_str name)
{
    struct rdf_prop *p = HN_NEW(arena_of(r), struct rdf_prop);
    if (!p)
        return NULL;
    *p = (struct rdf_prop){.name = name};
    if (n->last)
        n->last->next = p;
    else
        n->props = p;
    n->last = p;
    return p;
}

/* Properties may also be written as attributes. */
static void attributes(struct reading *r, struct rdf_node *n)
{
    while (xmlTextReaderMoveToNextAttribute(r->x) == 1) {
        const char *space = (const char *)xmlTextReaderConstNamespaceUri(r->x);
        if (!space || !strcmp(space, RDF) || strstr(space, "w3.org/XML") || strstr(space, "w3.org/2000/xmlns"))
            continue;
        struct rdf_prop *p = prop_add(r, n, kept(r, xmlTextReaderConstLocalName(r->x), 256));
        if (p)
            p->text = kept(r, xmlTextReaderConstValue(r->x), TEXT_MOST);
    }
    xmlTextReaderMoveToElement(r->x);
}

static struct rdf_node *node_begin(struct reading *r)
{
    struct hn_str id = attribute(r, "about"), blank = attribute(r, "nodeID"), own = attribute(r, "ID");
    if (!id.n && blank.n)
        id = hn_arena_fmt(arena_of(r), "_:%.*s", HN_FMT(blank));
    if (!id.n && own.n)
        id = hn_arena_fmt(arena_of(r), "#%.*s", HN_FMT(own));
    struct rdf_node *n = id.n ? hn_map_find(&r->rdf.by_id, hn_str_bytes(id)) : NULL;
    if (!n)
        n = node_new(r, id);
    if (!n)
        return NULL;
    struct hn_str type = kept(r, xmlTextReaderConstLocalName(r->x), 256);
    if (!hn_str_eqc(type, "Description"))
        n->type = type;
    attributes(r, n);
    return n;
}

/* A node of class rdf:Description says by a property what it is. */
static bool is_type(const struct rdf_prop *p)
{
    return hn_str_eqc(p->name, "type") && p->resource;
}

static void prop_begin(struct reading *r, int depth)
{
    struct rdf_node *n = r->nodes[depth - 1];
    struct hn_str resource = attribute(r, "resource"), blank = attribute(r, "nodeID");
    struct rdf_prop *p = n ? prop_add(r, n, kept(r, xmlTextReaderConstLocalName(r->x), 256)) : NULL;
    r->props[depth] = p;
    if (!p)
        return;
    p->resource = resource.n || blank.n;
    p->text = blank.n ? hn_arena_fmt(arena_of(r), "_:%.*s", HN_FMT(blank)) : resource;
    if (is_type(p) && !n->type.n) {
        ptrdiff_t hash = hn_str_chr(p->text, '#');
        n->type = hn_str_cut(p->text, (size_t)(hash + 1), p->text.n);
    }
}

static void element(struct reading *r, int depth)
{
    if (depth == 0) {
        r->seen = !strcmp((const char *)xmlTextReaderConstLocalName(r->x), "RDF");
        return;
    }
    if (depth > DEPTH_MOST) {
        snprintf(r->why, sizeof r->why, "nested too deeply");
        return;
    }
    if (depth % 2 == 0) {
        prop_begin(r, depth);
        return;
    }
    struct rdf_node *n = r->nodes[depth] = node_begin(r);
    struct rdf_prop *p = depth > 1 ? r->props[depth - 1] : NULL;
    if (!p || !n)
        return;
    p->node = n;
    p->text = n->id;
    p->resource = true;
}

static void text(struct reading *r, int depth)
{
    struct rdf_prop *p = depth > 1 && depth <= DEPTH_MOST + 1 && depth % 2 ? r->props[depth - 1] : NULL;
    if (!p || p->resource)
        return;
    struct hn_str more = kept(r, xmlTextReaderConstValue(r->x), TEXT_MOST);
    p->text = p->text.n ? hn_arena_fmt(arena_of(r), "%.*s%.*s", HN_FMT(p->text), HN_FMT(more)) : more;
}

/* ---------------------------------------------------------------- reading */

static void on_error(void *arg, const char *msg, xmlParserSeverities severity, xmlTextReaderLocatorPtr locator)
{
    struct reading *r = arg;
    if (r->why[0] || severity == XML_PARSER_SEVERITY_WARNING || severity == XML_PARSER_SEVERITY_VALIDITY_WARNING)
        return;
    r->line = xmlTextReaderLocatorLineNumber(locator);
    size_t n = strcspn(msg, "\n");
    memcpy(r->why, msg, n < sizeof r->why - 1 ? n : sizeof r->why - 1);
}

static bool read_nodes(struct reading *r, struct hn_bytes text_)
{
    int more = -1;
    if (text_.n > INT32_MAX || !hn_xml_load())
        return false;
    r->x = xmlReaderForMemory((const char *)text_.p, (int)text_.n, NULL, NULL, XML_PARSE_NONET);
    if (!r->x)
        return false;
    xmlTextReaderSetErrorHandler(r->x, on_error, r);
    while (!r->why[0] && !arena_of(r)->failed && (more = xmlTextReaderRead(r->x)) == 1) {
        int type = xmlTextReaderNodeType(r->x), depth = xmlTextReaderDepth(r->x);
        if (type == XML_READER_TYPE_ELEMENT)
            element(r, depth);
        else if (type == XML_READER_TYPE_TEXT || type == XML_READER_TYPE_CDATA)
            text(r, depth);
        else if (type == XML_READER_TYPE_ENTITY_REFERENCE || type == XML_READER_TYPE_DOCUMENT_TYPE)
            hn_bom_note(r->rdf.b, HN_BOM_NOTE_WARNING, "xml-dtd", HN_STR(""), HN_STR(""), HN_STR(""));
    }
    if (more == 1 && r->why[0])
        r->line = xmlTextReaderGetParserLineNumber(r->x);
    xmlFreeTextReader(r->x);
    return more == 0 && r->seen;
}

/* References to what is described elsewhere in the text. */
static void join(struct rdf *r)
{
    for (struct rdf_node *n = r->first; n; n = n->next)
        for (struct rdf_prop *p = n->props; p; p = p->next)
            if (p->resource && !p->node && p->text.n)
                p->node = hn_map_find(&r->by_id, hn_str_bytes(p->text));
}

static struct hn_err read_json(struct reading *r, bool whole)
{
    struct hn_bom *b = r->rdf.b;
    struct hn_buf json;
    struct rdf_json j = {.lines = {NULL, 0, 0}};
    hn_buf_init(&json, SIZE_MAX / 4);
    hn_jw_init(&j.w, &json);
    join(&r->rdf);
    bool found = spdx2_rdf_json(&r->rdf, &j);
    struct hn_bytes kept_json = hn_arena_bytes(b->arena, hn_str_bytes(hn_buf_text(&json)));
    bool failed = json.bad || b->arena->failed;
    hn_buf_done(&json);
    if (failed)
        return (struct hn_err){HN_E_NOMEM};
    struct hn_err err = spdx2_read_json(b, kept_json, &j.lines);
    if (err.code == HN_E_NOMEM || (whole && found))
        return err;
    struct hn_bom_note *n = hn_bom_note_at(b, HN_BOM_NOTE_FATAL, "xml", UINT64_MAX,
                                           hn_str_c(r->why[0] ? r->why : "no SpdxDocument"), HN_STR(""));
    if (n)
        n->line = (uint32_t)(r->line > 0 ? r->line : 0);
    b->broken = true;
    return (struct hn_err){HN_E_INVALID};
}

static struct hn_err read_rdf(struct hn_bom *b, struct hn_bytes text_)
{
    struct reading r = {.rdf.b = b};
    hn_map_init(&r.rdf.by_id);
    bool whole = read_nodes(&r, text_);
    struct hn_err err = read_json(&r, whole);
    hn_map_done(&r.rdf.by_id);
    return err;
}

static unsigned sniff(struct hn_bytes text_)
{
    struct hn_str head = {(const char *)text_.p, text_.n < 8192 ? text_.n : 8192};
    return hn_str_find(head, HN_STR("http://spdx.org/rdf/terms")) >= 0 && hn_str_find(head, HN_STR(RDF)) >= 0 &&
                   hn_str_find(head, HN_STR("RDF")) >= 0 && hn_str_chr(head, '<') >= 0 && hn_str_chr(head, '<') < 8
               ? 95
               : 0;
}

const struct hn_bom_format hn_bom_spdx2_rdf = {
    .family = HN_BOM_SPDX2,
    .form = HN_BOM_XML,
    .sniff = sniff,
    .read = read_rdf,
};
