/* CycloneDX XML as the JSON that says the same, element by element as the rules map them; what is against the rules is
 * noted on the way, with line and path. The parser is libxml2's reader: no network, no document type (so no entities),
 * its own limits on depth and on the length of a text. */
#include <libxml/xmlreader.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "format/sbom/cdx_check.h"
#include "format/sbom/cdx_xml.h"

#define DEPTH_MOST 200

struct step {
    const char *name; /* of the rules, or NULL */
    size_t index;     /* 0: there is only one */
};

struct xml {
    struct hn_bom *b;
    xmlTextReaderPtr reader;
    struct hn_jw w;
    struct hn_buf *json;
    unsigned version;
    bool quiet; /* of a version without rules: nothing is noted */
    bool broken;
    struct step path[DEPTH_MOST + 2];
    unsigned depth;
    uint8_t *children; /* stack: sym of each child so far, of all elements that are open */
    size_t n_children, cap_children;
    struct cdx_line *lines;
    size_t n_lines, cap_lines;
    struct hn_buf text; /* of the element that is read now */
    const char *mark;   /* name of an item's element, when the members alone would not tell it */
    struct hn_bytes input;
    size_t given; /* bytes of input handed to libxml2 */
    char why[200];
    int why_line;
};

/* ---- notes ---- */

static struct hn_str path(struct xml *x)
{
    HN_AUTO(hn_buf_done) struct hn_buf buf;

    hn_buf_init(&buf, 4096);
    for (unsigned i = 0; i < x->depth; i++) {
        hn_buf_fmt(&buf, "/%s", x->path[i].name);
        if (x->path[i].index)
            hn_buf_fmt(&buf, "[%zu]", x->path[i].index);
    }
    return hn_arena_str(x->b->arena, hn_buf_text(&buf));
}

static uint32_t line(struct xml *x)
{
    xmlNodePtr node = xmlTextReaderCurrentNode(x->reader);
    long n = node ? xmlGetLineNo(node) : -1;
    return n > 0 ? (uint32_t)n : 0;
}

static void error(struct xml *x, const char *code, struct hn_str a, struct hn_str b)
{
    if (x->quiet)
        return;
    struct hn_bom_note *n = hn_bom_note_at(x->b, HN_BOM_NOTE_ERROR, code, UINT64_MAX, a, b);
    if (n) {
        n->place = path(x);
        n->line = line(x);
    }
}

/* ---- the reader ---- */

static struct hn_str str_of(const xmlChar *s)
{
    return hn_str_c((const char *)s);
}

/* The next node; false at the end or when the text is broken. */
static bool next(struct xml *x)
{
    if (x->broken)
        return false;
    int r = xmlTextReaderRead(x->reader);
    x->broken |= r < 0 || x->b->arena->failed || x->json->bad;
    return r == 1 && !x->broken;
}

static bool ours(struct xml *x)
{
    const xmlChar *ns = xmlTextReaderConstNamespaceUri(x->reader);
    return ns && hn_str_starts(str_of(ns), CDX_NAMESPACE);
}

/* Past the element on which the reader stands. */
static void skip(struct xml *x)
{
    int depth = xmlTextReaderDepth(x->reader);

    if (xmlTextReaderIsEmptyElement(x->reader))
        return;
    while (next(x))
        if (xmlTextReaderNodeType(x->reader) == XML_READER_TYPE_END_ELEMENT && xmlTextReaderDepth(x->reader) == depth)
            return;
}

static void mark_line(struct xml *x)
{
    if (x->n_lines == x->cap_lines) {
        size_t more = x->cap_lines ? x->cap_lines * 2 : 256;
        struct cdx_line *p = hn_realloc(x->lines, more * sizeof *p);
        if (!p) {
            x->b->arena->failed = x->broken = true;
            return;
        }
        x->lines = p;
        x->cap_lines = more;
    }
    x->lines[x->n_lines++] = (struct cdx_line){x->json->n, line(x)};
}

static void push_child(struct xml *x, uint8_t sym)
{
    if (x->n_children == x->cap_children) {
        size_t more = x->cap_children ? x->cap_children * 2 : 256;
        uint8_t *p = hn_realloc(x->children, more);
        if (!p) {
            x->b->arena->failed = x->broken = true;
            return;
        }
        x->children = p;
        x->cap_children = more;
    }
    x->children[x->n_children++] = sym;
}

/* ---- scalars ---- */

static bool keeps_blanks(const struct cdx_value *v)
{
    return v->kind == CDX_V_STR || v->kind == CDX_V_ANY || v->kind == CDX_V_ANY_OF;
}

static void write_number(struct xml *x, struct hn_str s)
{
    struct hn_jr r;
    char text[64];

    hn_jr_init(&r, hn_str_bytes(s), 1, 0);
    if (hn_jr_next(&r) == HN_J_NUM && hn_jr_next(&r) == HN_J_END) {
        hn_jw_raw(&x->w, s);
        return;
    }
    size_t n = s.n < sizeof text - 1 ? s.n : sizeof text - 1; /* "+1", ".5", "007" */
    memcpy(text, s.p, n);
    text[n] = '\0';
    hn_jw_num(&x->w, strtod(text, NULL));
}

static void write_text(struct xml *x, unsigned value, struct hn_str s)
{
    const struct cdx_value *v = &cdx_values[value];
    struct hn_str a, b;

    if (!keeps_blanks(v))
        s = hn_str_trim(s);
    const char *fault = cdx_text_fault(x->b->arena, value, x->version, s, &a, &b);
    if (fault)
        error(x, fault, a, b);
    if (v->kind == CDX_V_BOOL && !fault)
        hn_jw_bool(&x->w, s.p[0] == 't' || s.p[0] == '1');
    else if ((v->kind == CDX_V_INT || v->kind == CDX_V_NUM) && (!fault || hn_str_starts(hn_str_c(fault), "too-")))
        write_number(x, s);
    else
        hn_jw_str(&x->w, s);
}

/* The text of a simple element; children are not expected. Leaves the reader on its end. */
static void read_text(struct xml *x, bool mixed)
{
    int depth = xmlTextReaderDepth(x->reader);

    hn_buf_clear(&x->text);
    if (xmlTextReaderIsEmptyElement(x->reader))
        return;
    while (next(x)) {
        switch (xmlTextReaderNodeType(x->reader)) {
        case XML_READER_TYPE_TEXT:
        case XML_READER_TYPE_CDATA:
        case XML_READER_TYPE_SIGNIFICANT_WHITESPACE:
        case XML_READER_TYPE_WHITESPACE:
            hn_buf_str(&x->text, str_of(xmlTextReaderConstValue(x->reader)));
            break;
        case XML_READER_TYPE_ELEMENT:
            if (mixed)
                return;
            error(x, "unexpected-element", str_of(xmlTextReaderConstLocalName(x->reader)), HN_STR(""));
            skip(x);
            break;
        case XML_READER_TYPE_END_ELEMENT:
            if (xmlTextReaderDepth(x->reader) == depth)
                return;
            break;
        default:
            break;
        }
    }
}

/* ---- attributes ---- */

struct object { /* that is being written */
    const struct cdx_xtype *type;
    const char *open;   /* key of the array that is open */
    struct hn_buf rest; /* elements of other namespaces, each a JSON string, with commas */
};

static void close_array(struct xml *x, struct object *o)
{
    if (o->open)
        hn_jw_arr_end(&x->w);
    o->open = NULL;
}

/* "namespace name": "value" */
static void foreign_attribute(struct xml *x, struct hn_buf *out)
{
    struct hn_str ns = str_of(xmlTextReaderConstNamespaceUri(x->reader));
    struct hn_str name = str_of(xmlTextReaderConstLocalName(x->reader));
    struct hn_jw w;

    if (out->n)
        hn_buf_chr(out, ',');
    hn_jw_init(&w, out);
    hn_jw_str(&w, hn_arena_fmt(x->b->arena, "%.*s %.*s", HN_FMT(ns), HN_FMT(name)));
    hn_buf_chr(out, ':');
    hn_jw_init(&w, out);
    hn_jw_str(&w, str_of(xmlTextReaderConstValue(x->reader)));
}

/* Members from attributes; write: false only checks (the value is a string of "ref"). */
static void read_attributes(struct xml *x, const struct cdx_xtype *t, bool write, struct hn_str *ret_ref)
{
    HN_AUTO(hn_buf_done) struct hn_buf foreign;
    uint64_t seen = 0;

    hn_buf_init(&foreign, 1 << 20);
    for (int more = xmlTextReaderMoveToFirstAttribute(x->reader); more == 1;
         more = xmlTextReaderMoveToNextAttribute(x->reader)) {
        struct hn_str name = str_of(xmlTextReaderConstLocalName(x->reader));
        if (xmlTextReaderIsNamespaceDecl(x->reader) == 1)
            continue;
        if (xmlTextReaderConstNamespaceUri(x->reader)) {
            foreign_attribute(x, &foreign);
            continue;
        }
        const struct cdx_xattr *a = cdx_xml_attribute(t, name, x->version);
        struct hn_str value = hn_arena_str(x->b->arena, str_of(xmlTextReaderConstValue(x->reader)));
        if (!a) {
            error(x, "unknown-attribute", name, hn_str_c(t->name));
            continue;
        }
        seen |= UINT64_C(1) << (a - &cdx_xattrs[t->attrs]);
        if (hn_str_eqc(name, "ref"))
            *ret_ref = value;
        if (write) {
            hn_jw_key(&x->w, a->key);
            write_text(x, a->value, value);
        }
    }
    xmlTextReaderMoveToElement(x->reader);
    for (unsigned i = 0; i < t->n_attrs; i++) {
        const struct cdx_xattr *a = &cdx_xattrs[t->attrs + i];
        if (a->required && (a->versions & x->version) && !(seen >> i & 1))
            error(x, "missing-attribute", hn_str_c(a->name), hn_str_c(t->name));
    }
    if (foreign.n && write) {
        hn_jw_key(&x->w, "#attributes");
        hn_buf_chr(&foreign, '}');
        struct hn_str inner = hn_buf_text(&foreign);
        hn_jw_raw(&x->w, hn_arena_fmt(x->b->arena, "{%.*s", HN_FMT(inner)));
    }
}

/* ---- elements ---- */

static void read_value(struct xml *x, const struct cdx_xelem *e);
static void read_object(struct xml *x, const struct cdx_xtype *t, bool braces);
static void read_items(struct xml *x, const struct cdx_xtype *t, bool brackets);

/* An element of another namespace, or an unknown one: kept as it is. */
static void keep_foreign(struct xml *x, struct object *o)
{
    xmlChar *raw = xmlTextReaderReadOuterXml(x->reader);
    struct hn_jw w;

    if (raw && o) {
        if (o->rest.n)
            hn_buf_chr(&o->rest, ',');
        hn_jw_init(&w, &o->rest);
        struct hn_str s;
        if (hn_str_from_utf8(hn_str_bytes(str_of(raw)), &s))
            hn_jw_str(&w, s);
        x->broken |= o->rest.bad;
    }
    xmlFree(raw);
    skip(x);
}

static void read_ref(struct xml *x, const struct cdx_xtype *t)
{
    struct hn_str ref = {NULL, 0};

    read_attributes(x, t, false, &ref);
    struct hn_str a, b;
    const struct cdx_xattr *attr = cdx_xml_attribute(t, HN_STR("ref"), x->version);
    const char *fault = ref.p && attr ? cdx_text_fault(x->b->arena, attr->value, x->version, ref, &a, &b) : NULL;
    if (fault)
        error(x, fault, a, b);
    hn_jw_str(&x->w, ref);
    if (!xmlTextReaderIsEmptyElement(x->reader))
        skip(x);
}

static void read_keyed(struct xml *x, const struct cdx_xelem *e)
{
    mark_line(x);
    hn_jw_obj(&x->w);
    hn_jw_key(&x->w, e->key);
    read_value(x, e);
    hn_jw_obj_end(&x->w);
}

/* An item of a list; t: of the list. */
static void read_item(struct xml *x, const struct cdx_xtype *t, const struct cdx_xelem *e)
{
    if (t->n_elems > 1 && e->how == CDX_X_MEMBER && e->type >= 0 && (t->flags & CDX_XT_LIST))
        x->mark = e->name;
    if (e->how == CDX_X_KEYED)
        read_keyed(x, e);
    else
        read_value(x, e);
}

/* A child as member of the object. */
static void read_member(struct xml *x, struct object *o, const struct cdx_xelem *e)
{
    const struct cdx_xtype *t = e->type >= 0 ? &cdx_xtypes[e->type] : NULL;

    if (o->open && strcmp(o->open, e->key) != 0)
        close_array(x, o);
    if (e->how == CDX_X_FLAT) {
        close_array(x, o);
        read_object(x, t, false);
        return;
    }
    if (!e->many) {
        hn_jw_key(&x->w, e->key);
        read_value(x, e);
        return;
    }
    if (!o->open) {
        hn_jw_key(&x->w, e->key);
        hn_jw_arr(&x->w);
        o->open = e->key;
    }
    if (t && (t->flags & CDX_XT_LIST))
        read_items(x, t, false);
    else
        read_item(x, o->type, e);
}

static void check_content(struct xml *x, const struct cdx_xtype *t, size_t from)
{
    size_t at = 0;
    const char *missing = NULL;

    if (x->broken || cdx_xml_matches(t, x->version, x->children + from, x->n_children - from, &at, &missing))
        return;
    if (missing) {
        error(x, "missing-element", hn_str_c(missing), hn_str_c(t->name));
        return;
    }
    uint8_t sym = at < x->n_children - from ? x->children[from + at] : CDX_ANY;
    error(x, "misplaced-element", sym == CDX_ANY ? HN_STR("*") : hn_str_c(cdx_xelems[t->elems + sym].name),
          hn_str_c(t->name));
}

/* One child element; o == NULL: the parent is a list. */
static void read_child(struct xml *x, const struct cdx_xtype *t, struct object *o, uint16_t *counts)
{
    struct hn_str name = str_of(xmlTextReaderConstLocalName(x->reader));
    const struct cdx_xelem *e = ours(x) ? cdx_xml_element(t, name, x->version) : NULL;

    if (!e) {
        if (ours(x))
            error(x, "unknown-element", name, hn_str_c(t->name));
        else
            push_child(x, CDX_ANY);
        if (!o)
            hn_bom_note(x->b, HN_BOM_NOTE_INFO, "lost-extension", path(x), name, HN_STR(""));
        keep_foreign(x, o);
        return;
    }
    push_child(x, e->sym);
    if (x->depth >= DEPTH_MOST) {
        error(x, "too-deep", name, HN_STR(""));
        x->broken = true;
        return;
    }
    x->path[x->depth++] = (struct step){e->name, !o || e->many ? ++counts[e->sym < 32 ? e->sym : 0] : 0};
    if (o)
        read_member(x, o, e);
    else
        read_item(x, t, e);
    x->depth--;
}

/* Children up to the end of the element on which the reader stands. first: the reader stands on the first child. */
static void read_children(struct xml *x, const struct cdx_xtype *t, struct object *o, bool first, int depth)
{
    size_t from = x->n_children;
    uint16_t counts[32] = {0};

    while (first || next(x)) {
        first = false;
        int type = xmlTextReaderNodeType(x->reader);
        if (type == XML_READER_TYPE_END_ELEMENT && xmlTextReaderDepth(x->reader) == depth)
            break;
        if (type == XML_READER_TYPE_ELEMENT)
            read_child(x, t, o, counts);
        else if ((type == XML_READER_TYPE_TEXT || type == XML_READER_TYPE_CDATA) && !(t->flags & CDX_XT_MIXED))
            error(x, "unexpected-text", str_of(xmlTextReaderConstValue(x->reader)), hn_str_c(t->name));
    }
    check_content(x, t, from);
    x->n_children = from;
}

static void read_items(struct xml *x, const struct cdx_xtype *t, bool brackets)
{
    struct hn_str ref = {NULL, 0};
    int depth = xmlTextReaderDepth(x->reader);

    if (brackets)
        hn_jw_arr(&x->w);
    read_attributes(x, t, false, &ref);
    if (!xmlTextReaderIsEmptyElement(x->reader))
        read_children(x, t, NULL, false, depth);
    else
        check_content(x, t, x->n_children);
    if (brackets)
        hn_jw_arr_end(&x->w);
}

static void end_object(struct xml *x, struct object *o, bool braces)
{
    close_array(x, o);
    if (o->rest.n) {
        struct hn_str rest = hn_buf_text(&o->rest);
        hn_jw_key(&x->w, "#any");
        hn_jw_raw(&x->w, hn_arena_fmt(x->b->arena, "[%.*s]", HN_FMT(rest)));
    }
    if (braces)
        hn_jw_obj_end(&x->w);
    hn_buf_done(&o->rest);
}

static void read_object(struct xml *x, const struct cdx_xtype *t, bool braces)
{
    struct object o = {.type = t};
    struct hn_str ref = {NULL, 0};
    int depth = xmlTextReaderDepth(x->reader);

    hn_buf_init(&o.rest, 1 << 26);
    if (braces) {
        mark_line(x);
        hn_jw_obj(&x->w);
        if (x->mark)
            hn_jw_kc(&x->w, "#element", x->mark);
    }
    x->mark = NULL;
    read_attributes(x, t, true, &ref);
    bool empty = xmlTextReaderIsEmptyElement(x->reader) == 1;
    if (t->text >= 0) {
        read_text(x, false);
        hn_jw_key(&x->w, t->textkey);
        write_text(x, (unsigned)t->text, hn_buf_text(&x->text));
    } else if (!empty) {
        read_children(x, t, &o, false, depth);
    } else {
        check_content(x, t, x->n_children);
    }
    end_object(x, &o, braces);
}

/* Tools: a list of <tool>, or an object of components and services. The first child decides. */
static void read_toolbox(struct xml *x, const struct cdx_xtype *t)
{
    struct object o = {.type = t};
    int depth = xmlTextReaderDepth(x->reader);
    bool found = false;

    hn_buf_init(&o.rest, 1 << 26);
    mark_line(x);
    if (!xmlTextReaderIsEmptyElement(x->reader))
        while (next(x)) {
            int type = xmlTextReaderNodeType(x->reader);
            found = type == XML_READER_TYPE_ELEMENT;
            if (found || (type == XML_READER_TYPE_END_ELEMENT && xmlTextReaderDepth(x->reader) == depth))
                break;
        }
    bool list = !found || hn_str_eqc(str_of(xmlTextReaderConstLocalName(x->reader)), "tool");
    if (list)
        hn_jw_arr(&x->w);
    else
        hn_jw_obj(&x->w);
    if (found)
        read_children(x, t, list ? NULL : &o, true, depth);
    if (list)
        hn_jw_arr_end(&x->w);
    else
        end_object(x, &o, true);
    hn_buf_done(&o.rest);
}

/* An element that holds text or, as an object, children. */
static void read_mixed(struct xml *x, const struct cdx_xtype *t)
{
    struct object o = {.type = t};
    int depth = xmlTextReaderDepth(x->reader);

    hn_buf_init(&o.rest, 1 << 20);
    read_text(x, true);
    if (xmlTextReaderNodeType(x->reader) == XML_READER_TYPE_ELEMENT && xmlTextReaderDepth(x->reader) > depth) {
        mark_line(x);
        hn_jw_obj(&x->w);
        read_children(x, t, &o, true, depth);
        end_object(x, &o, true);
    } else {
        hn_jw_str(&x->w, hn_str_trim(hn_buf_text(&x->text)));
    }
    hn_buf_done(&o.rest);
}

/* Only the child counts. */
static void read_unwrapped(struct xml *x, const struct cdx_xtype *t)
{
    int depth = xmlTextReaderDepth(x->reader);
    size_t from = x->n_children, values = 0;
    uint16_t counts[32] = {0};

    if (!xmlTextReaderIsEmptyElement(x->reader))
        while (next(x)) {
            int type = xmlTextReaderNodeType(x->reader);
            if (type == XML_READER_TYPE_END_ELEMENT && xmlTextReaderDepth(x->reader) == depth)
                break;
            if (type != XML_READER_TYPE_ELEMENT)
                continue;
            if (values++ == 0)
                read_child(x, t, NULL, counts);
            else
                skip(x);
        }
    if (values != 1 || x->n_children == from)
        hn_jw_null(&x->w);
    check_content(x, t, from);
    x->n_children = from;
}

static void read_value(struct xml *x, const struct cdx_xelem *e)
{
    const struct cdx_xtype *t = e->type >= 0 ? &cdx_xtypes[e->type] : NULL;

    if (!t) {
        read_text(x, false);
        write_text(x, e->value, hn_buf_text(&x->text));
    } else if (e->how == CDX_X_REF || (t->flags & CDX_XT_REF)) {
        read_ref(x, t);
    } else if (e->how == CDX_X_UNWRAP) {
        read_unwrapped(x, t);
    } else if (t->flags & CDX_XT_TOOLBOX) {
        read_toolbox(x, t);
    } else if (t->flags & CDX_XT_MIXED) {
        read_mixed(x, t);
    } else if (t->flags & CDX_XT_LIST) {
        read_items(x, t, true);
    } else {
        read_object(x, t, true);
    }
}

/* ---- the document ---- */

static void on_error(void *arg, xmlErrorPtr e)
{
    struct xml *x = arg;

    if (x->why[0] || !e || e->level < XML_ERR_ERROR)
        return;
    x->why_line = e->line;
    snprintf(x->why, sizeof x->why, "%s", e->message ? e->message : "not well formed");
    x->why[strcspn(x->why, "\n")] = '\0';
}

static int give(void *arg, char *out, int n)
{
    struct xml *x = arg;
    size_t left = x->input.n - x->given, take = left < (size_t)n ? left : (size_t)n;

    if (take)
        memcpy(out, x->input.p + x->given, take);
    x->given += take;
    return (int)take;
}

static void broken(struct xml *x, const char *code)
{
    struct hn_bom_note *n = hn_bom_note_at(x->b, HN_BOM_NOTE_FATAL, code, UINT64_MAX,
                                           hn_str_c(x->why[0] ? x->why : "ends too early"), HN_STR(""));
    if (n) {
        n->line = (uint32_t)(x->why_line > 0 ? x->why_line : 0);
        n->place = path(x);
    }
    x->b->broken = true;
}

/* "http://cyclonedx.org/schema/bom/1.6": the version. */
static void read_namespace(struct xml *x)
{
    struct hn_str ns = str_of(xmlTextReaderConstNamespaceUri(x->reader));
    bool known = ns.p && hn_str_starts(ns, CDX_NAMESPACE);

    x->b->spec_version = known ? hn_arena_str(x->b->arena, hn_str_cut(ns, sizeof CDX_NAMESPACE - 1, ns.n)) : HN_STR("");
    x->version = cdx_version_bit(x->b->spec_version);
    x->path[x->depth++] = (struct step){"bom", 0};
    struct hn_str v = x->b->spec_version;
    if (!x->version && v.n == 3 && hn_str_starts(v, "1.") && v.p[2] < '4') {
        hn_bom_note(x->b, HN_BOM_NOTE_INFO, "version-unchecked", HN_STR("/bom"), v, HN_STR(""));
        x->quiet = true;
        x->version = 1;
    } else if (!x->version) {
        error(x, "unknown-version", known ? v : ns, HN_STR(""));
        x->version = 8;
    }
}

static void read_document(struct xml *x)
{
    while (next(x)) {
        int type = xmlTextReaderNodeType(x->reader);
        if (type == XML_READER_TYPE_DOCUMENT_TYPE) {
            snprintf(x->why, sizeof x->why, "document type");
            x->broken = true;
            broken(x, "doctype");
            return;
        }
        if (type != XML_READER_TYPE_ELEMENT)
            continue;
        if (xmlStrcmp(xmlTextReaderConstLocalName(x->reader), BAD_CAST "bom") != 0)
            error(x, "unknown-element", str_of(xmlTextReaderConstLocalName(x->reader)), HN_STR("bom"));
        read_namespace(x);
        hn_jw_obj(&x->w);
        hn_jw_kc(&x->w, "bomFormat", "CycloneDX");
        hn_jw_kstr(&x->w, "specVersion", x->b->spec_version);
        read_object(x, &cdx_xtypes[0], false);
        if (!x->broken)
            hn_jw_obj_end(&x->w);
        x->depth--;
    }
}

struct hn_err cdx_xml_to_json(struct hn_bom *b, struct hn_bytes input, struct hn_buf *json, struct cdx_line **ret_lines,
                              size_t *ret_n)
{
    struct xml *x = hn_alloc_zero(sizeof *x);

    if (!x)
        return (struct hn_err){HN_E_NOMEM};
    x->b = b;
    x->json = json;
    x->input = input;
    hn_jw_init(&x->w, json);
    hn_buf_init(&x->text, 1 << 26);
    x->reader = xmlReaderForIO(give, NULL, x, NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOCDATA | XML_PARSE_BIG_LINES);
    if (x->reader) {
        xmlTextReaderSetStructuredErrorHandler(x->reader, on_error, x);
        read_document(x);
        if (x->broken && !b->broken && !b->arena->failed && !json->bad)
            broken(x, "broken-xml");
        xmlFreeTextReader(x->reader);
    }
    bool out_of_memory = !x->reader || b->arena->failed || json->bad;
    hn_buf_done(&x->text);
    hn_free(x->children);
    *ret_lines = x->lines;
    *ret_n = x->n_lines;
    hn_free(x);
    return out_of_memory ? (struct hn_err){HN_E_NOMEM} : b->broken ? (struct hn_err){HN_E_INVALID} : HN_OK;
}
