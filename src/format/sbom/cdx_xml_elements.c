/* Reading CycloneDX XML: elements as the rules map them. */
#include "base/mem.h"
#include "format/sbom/cdx_xml_reading.h"

struct object { /* that is being written */
    const struct cdx_xtype *type;
    const char *open;   /* key of the array that is open */
    struct hn_buf rest; /* elements of other namespaces, each a JSON string, with commas */
};

static bool ours(struct cdx_xml *x)
{
    const xmlChar *ns = xmlTextReaderConstNamespaceUri(x->reader);
    return ns && hn_str_starts(cdx_xml_str(ns), CDX_NAMESPACE);
}

static void push_child(struct cdx_xml *x, uint8_t sym)
{
    uint8_t *more = hn_more(x->children, x->n_children, &x->cap_children, sizeof *more);
    if (!more) {
        x->b->arena->failed = x->broken = true;
        return;
    }
    x->children = more;
    x->children[x->n_children++] = sym;
}

static void close_array(struct cdx_xml *x, struct object *o)
{
    if (o->open)
        hn_jw_arr_end(&x->w);
    o->open = NULL;
}

static void read_value(struct cdx_xml *x, const struct cdx_xelem *e);
static void read_object(struct cdx_xml *x, const struct cdx_xtype *t, bool braces);
static void read_items(struct cdx_xml *x, const struct cdx_xtype *t, bool brackets);

/* An element of another namespace, or an unknown one: kept as it is. */
static void keep_foreign(struct cdx_xml *x, struct object *o)
{
    xmlChar *raw = xmlTextReaderReadOuterXml(x->reader);
    struct hn_jw w;

    if (raw && o) {
        if (o->rest.n)
            hn_buf_chr(&o->rest, ',');
        hn_jw_init(&w, &o->rest);
        struct hn_str s;
        if (hn_str_from_utf8(hn_str_bytes(cdx_xml_str(raw)), &s))
            hn_jw_str(&w, s);
        x->broken |= o->rest.bad;
    }
    xmlFree(raw);
    cdx_xml_skip(x);
}

static void read_ref(struct cdx_xml *x, const struct cdx_xtype *t)
{
    struct hn_str ref = {NULL, 0};

    cdx_xml_attributes(x, t, false, &ref);
    struct hn_str a, b;
    const struct cdx_xattr *attr = cdx_xml_attribute(t, HN_STR("ref"), x->version);
    const char *fault = ref.p && attr ? cdx_text_fault(x->b->arena, attr->value, x->version, ref, &a, &b) : NULL;
    if (fault)
        cdx_xml_error(x, fault, a, b);
    hn_jw_str(&x->w, ref);
    if (!xmlTextReaderIsEmptyElement(x->reader))
        cdx_xml_skip(x);
}

static void read_keyed(struct cdx_xml *x, const struct cdx_xelem *e)
{
    cdx_xml_mark_line(x);
    hn_jw_obj(&x->w);
    hn_jw_key(&x->w, e->key);
    read_value(x, e);
    hn_jw_obj_end(&x->w);
}

/* An item of a list; t: of the list. */
static void read_item(struct cdx_xml *x, const struct cdx_xtype *t, const struct cdx_xelem *e)
{
    if (t->n_elems > 1 && e->how == CDX_X_MEMBER && e->type >= 0 && (t->flags & CDX_XT_LIST))
        x->mark = e->name;
    if (e->how == CDX_X_KEYED)
        read_keyed(x, e);
    else
        read_value(x, e);
}

/* A child as member of the object. */
static void read_member(struct cdx_xml *x, struct object *o, const struct cdx_xelem *e)
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

static void check_content(struct cdx_xml *x, const struct cdx_xtype *t, size_t from)
{
    size_t at = 0;
    const char *missing = NULL;
    const uint8_t *children = x->children ? x->children + from : NULL; /* none so far in the whole document */

    if (x->broken || cdx_xml_matches(t, x->version, children, x->n_children - from, &at, &missing))
        return;
    if (missing) {
        cdx_xml_error(x, "missing-element", hn_str_c(missing), hn_str_c(t->name));
        return;
    }
    uint8_t sym = at < x->n_children - from ? children[at] : CDX_ANY;
    cdx_xml_error(x, "misplaced-element", sym == CDX_ANY ? HN_STR("*") : hn_str_c(cdx_xelems[t->elems + sym].name),
                  hn_str_c(t->name));
}

/* One child element; o == NULL: the parent is a list. */
static void read_child(struct cdx_xml *x, const struct cdx_xtype *t, struct object *o, uint16_t *counts)
{
    struct hn_str name = cdx_xml_str(xmlTextReaderConstLocalName(x->reader));
    const struct cdx_xelem *e = ours(x) ? cdx_xml_element(t, name, x->version) : NULL;

    if (!e) {
        if (ours(x))
            cdx_xml_error(x, "unknown-element", name, hn_str_c(t->name));
        else
            push_child(x, CDX_ANY);
        if (!o)
            hn_bom_note(x->b, HN_BOM_NOTE_INFO, "lost-extension", cdx_xml_path(x), name, HN_STR(""));
        keep_foreign(x, o);
        return;
    }
    push_child(x, e->sym);
    if (x->depth >= CDX_XML_DEPTH) {
        cdx_xml_error(x, "too-deep", name, HN_STR(""));
        x->broken = true;
        return;
    }
    x->path[x->depth++] = (struct cdx_xml_step){e->name, !o || e->many ? ++counts[e->sym < 32 ? e->sym : 0] : 0};
    if (o)
        read_member(x, o, e);
    else
        read_item(x, t, e);
    x->depth--;
}

/* Children up to the end of the element on which the reader stands. first: the reader stands on the first child. */
static void read_children(struct cdx_xml *x, const struct cdx_xtype *t, struct object *o, bool first, int depth)
{
    size_t from = x->n_children;
    uint16_t counts[32] = {0};

    while (first || cdx_xml_next(x)) {
        first = false;
        int type = xmlTextReaderNodeType(x->reader);
        if (type == XML_READER_TYPE_END_ELEMENT && xmlTextReaderDepth(x->reader) == depth)
            break;
        if (type == XML_READER_TYPE_ELEMENT)
            read_child(x, t, o, counts);
        else if ((type == XML_READER_TYPE_TEXT || type == XML_READER_TYPE_CDATA) && !(t->flags & CDX_XT_MIXED))
            cdx_xml_error(x, "unexpected-text", cdx_xml_str(xmlTextReaderConstValue(x->reader)), hn_str_c(t->name));
    }
    check_content(x, t, from);
    x->n_children = from;
}

static void read_items(struct cdx_xml *x, const struct cdx_xtype *t, bool brackets)
{
    struct hn_str ref = {NULL, 0};
    int depth = xmlTextReaderDepth(x->reader);

    if (brackets)
        hn_jw_arr(&x->w);
    cdx_xml_attributes(x, t, false, &ref);
    if (!xmlTextReaderIsEmptyElement(x->reader))
        read_children(x, t, NULL, false, depth);
    else
        check_content(x, t, x->n_children);
    if (brackets)
        hn_jw_arr_end(&x->w);
}

static void end_object(struct cdx_xml *x, struct object *o, bool braces)
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

static void read_object(struct cdx_xml *x, const struct cdx_xtype *t, bool braces)
{
    struct object o = {.type = t};
    struct hn_str ref = {NULL, 0};
    int depth = xmlTextReaderDepth(x->reader);

    hn_buf_init(&o.rest, 1 << 26);
    if (braces) {
        cdx_xml_mark_line(x);
        hn_jw_obj(&x->w);
        if (x->mark)
            hn_jw_kc(&x->w, "#element", x->mark);
    }
    x->mark = NULL;
    cdx_xml_attributes(x, t, true, &ref);
    bool empty = xmlTextReaderIsEmptyElement(x->reader) == 1;
    if (t->text >= 0) {
        cdx_xml_read_text(x, false);
        hn_jw_key(&x->w, t->textkey);
        cdx_xml_write_text(x, (unsigned)t->text, hn_buf_text(&x->text));
    } else if (!empty) {
        read_children(x, t, &o, false, depth);
    } else {
        check_content(x, t, x->n_children);
    }
    end_object(x, &o, braces);
}

/* Tools: a list of <tool>, or an object of components and services. The first child decides. */
static void read_toolbox(struct cdx_xml *x, const struct cdx_xtype *t)
{
    struct object o = {.type = t};
    int depth = xmlTextReaderDepth(x->reader);
    bool found = false;

    hn_buf_init(&o.rest, 1 << 26);
    cdx_xml_mark_line(x);
    if (!xmlTextReaderIsEmptyElement(x->reader))
        while (cdx_xml_next(x)) {
            int type = xmlTextReaderNodeType(x->reader);
            found = type == XML_READER_TYPE_ELEMENT;
            if (found || (type == XML_READER_TYPE_END_ELEMENT && xmlTextReaderDepth(x->reader) == depth))
                break;
        }
    bool list = !found || hn_str_eqc(cdx_xml_str(xmlTextReaderConstLocalName(x->reader)), "tool");
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
static void read_mixed(struct cdx_xml *x, const struct cdx_xtype *t)
{
    struct object o = {.type = t};
    int depth = xmlTextReaderDepth(x->reader);

    hn_buf_init(&o.rest, 1 << 20);
    cdx_xml_read_text(x, true);
    if (xmlTextReaderNodeType(x->reader) == XML_READER_TYPE_ELEMENT && xmlTextReaderDepth(x->reader) > depth) {
        cdx_xml_mark_line(x);
        hn_jw_obj(&x->w);
        read_children(x, t, &o, true, depth);
        end_object(x, &o, true);
    } else {
        hn_jw_str(&x->w, hn_str_trim(hn_buf_text(&x->text)));
    }
    hn_buf_done(&o.rest);
}

/* Only the child counts. */
static void read_unwrapped(struct cdx_xml *x, const struct cdx_xtype *t)
{
    int depth = xmlTextReaderDepth(x->reader);
    size_t from = x->n_children, values = 0;
    uint16_t counts[32] = {0};

    if (!xmlTextReaderIsEmptyElement(x->reader))
        while (cdx_xml_next(x)) {
            int type = xmlTextReaderNodeType(x->reader);
            if (type == XML_READER_TYPE_END_ELEMENT && xmlTextReaderDepth(x->reader) == depth)
                break;
            if (type != XML_READER_TYPE_ELEMENT)
                continue;
            if (values++ == 0)
                read_child(x, t, NULL, counts);
            else
                cdx_xml_skip(x);
        }
    if (values != 1 || x->n_children == from)
        hn_jw_null(&x->w);
    check_content(x, t, from);
    x->n_children = from;
}

static void read_value(struct cdx_xml *x, const struct cdx_xelem *e)
{
    const struct cdx_xtype *t = e->type >= 0 ? &cdx_xtypes[e->type] : NULL;

    if (!t) {
        cdx_xml_read_text(x, false);
        cdx_xml_write_text(x, e->value, hn_buf_text(&x->text));
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

void cdx_xml_document(struct cdx_xml *x)
{
    read_object(x, &cdx_xtypes[0], false);
}
