/* Reading CycloneDX XML: nodes, texts and attributes. */
#include <stdlib.h>

#include "base/mem.h"
#include "format/sbom/cdx_xml_reading.h"

/* ---- notes ---- */

struct hn_str cdx_xml_path(struct cdx_xml *x)
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

uint32_t cdx_xml_line(struct cdx_xml *x)
{
    xmlNodePtr node = xmlTextReaderCurrentNode(x->reader);
    long n = node ? xmlGetLineNo(node) : -1;
    return n > 0 ? (uint32_t)n : 0;
}

static void note(struct cdx_xml *x, enum hn_bom_severity severity, const char *code, struct hn_str a, struct hn_str b)
{
    if (x->quiet)
        return;
    struct hn_bom_note *n = hn_bom_note_at(x->b, severity, code, UINT64_MAX, a, b);
    if (n) {
        n->place = cdx_xml_path(x);
        n->line = cdx_xml_line(x);
    }
}

void cdx_xml_error(struct cdx_xml *x, const char *code, struct hn_str a, struct hn_str b)
{
    note(x, HN_BOM_NOTE_ERROR, code, a, b);
}

/* ---- the reader ---- */

/* The next node; false at the end or when the text is broken. */
bool cdx_xml_next(struct cdx_xml *x)
{
    if (x->broken)
        return false;
    int r = xmlTextReaderRead(x->reader);
    x->broken |= r < 0 || x->b->arena->failed || x->json->bad;
    return r == 1 && !x->broken;
}

/* Past the element on which the reader stands. */
void cdx_xml_skip(struct cdx_xml *x)
{
    int depth = xmlTextReaderDepth(x->reader);

    if (xmlTextReaderIsEmptyElement(x->reader))
        return;
    while (cdx_xml_next(x))
        if (xmlTextReaderNodeType(x->reader) == XML_READER_TYPE_END_ELEMENT && xmlTextReaderDepth(x->reader) == depth)
            return;
}

void cdx_xml_mark_line(struct cdx_xml *x)
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
    x->lines[x->n_lines++] = (struct cdx_line){x->json->n, cdx_xml_line(x)};
}

/* ---- scalars ---- */

static bool keeps_blanks(const struct cdx_value *v)
{
    return v->kind == CDX_V_STR || v->kind == CDX_V_ANY || v->kind == CDX_V_ANY_OF;
}

static void write_number(struct cdx_xml *x, struct hn_str s)
{
    struct hn_jr r;
    char text[64];

    hn_jr_init(&r, hn_str_bytes(s), 1, 0);
    enum hn_jtok first = hn_jr_next(&r), last = hn_jr_next(&r);
    if (first == HN_J_NUM && last == HN_J_END) {
        hn_jw_raw(&x->w, s);
        return;
    }
    size_t n = s.n < sizeof text - 1 ? s.n : sizeof text - 1; /* "+1", ".5", "007" */
    memcpy(text, s.p, n);
    text[n] = '\0';
    hn_jw_num(&x->w, strtod(text, NULL));
}

void cdx_xml_write_text(struct cdx_xml *x, unsigned value, struct hn_str s)
{
    const struct cdx_value *v = &cdx_values[value];
    struct hn_str a, b;

    if (!keeps_blanks(v))
        s = hn_str_trim(s);
    const char *fault = cdx_text_fault(x->b->arena, value, x->version, s, &a, &b);
    if (fault)
        cdx_xml_error(x, fault, a, b);
    if (v->kind == CDX_V_BOOL && !fault)
        hn_jw_bool(&x->w, s.p[0] == 't' || s.p[0] == '1');
    else if ((v->kind == CDX_V_INT || v->kind == CDX_V_NUM) && (!fault || hn_str_starts(hn_str_c(fault), "too-")))
        write_number(x, s);
    else
        hn_jw_str(&x->w, s);
}

/* The text of a simple element; children are not expected. Leaves the reader on its end. */
void cdx_xml_read_text(struct cdx_xml *x, bool mixed)
{
    int depth = xmlTextReaderDepth(x->reader);

    hn_buf_clear(&x->text);
    if (xmlTextReaderIsEmptyElement(x->reader))
        return;
    while (cdx_xml_next(x)) {
        switch (xmlTextReaderNodeType(x->reader)) {
        case XML_READER_TYPE_TEXT:
        case XML_READER_TYPE_CDATA:
        case XML_READER_TYPE_SIGNIFICANT_WHITESPACE:
        case XML_READER_TYPE_WHITESPACE:
            hn_buf_str(&x->text, cdx_xml_str(xmlTextReaderConstValue(x->reader)));
            break;
        case XML_READER_TYPE_ELEMENT:
            if (mixed)
                return;
            cdx_xml_error(x, "unexpected-element", cdx_xml_str(xmlTextReaderConstLocalName(x->reader)), HN_STR(""));
            cdx_xml_skip(x);
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

/* "namespace name": "value"; the namespace may be empty. */
static void foreign_attribute(struct cdx_xml *x, struct hn_buf *out)
{
    struct hn_str ns = cdx_xml_str(xmlTextReaderConstNamespaceUri(x->reader));
    struct hn_str name = cdx_xml_str(xmlTextReaderConstLocalName(x->reader));
    struct hn_jw w;

    if (out->n)
        hn_buf_chr(out, ',');
    hn_jw_init(&w, out);
    hn_jw_str(&w, hn_arena_fmt(x->b->arena, "%.*s %.*s", HN_FMT(ns), HN_FMT(name)));
    hn_buf_chr(out, ':');
    hn_jw_init(&w, out);
    hn_jw_str(&w, cdx_xml_str(xmlTextReaderConstValue(x->reader)));
}

/* Members from attributes; write: false only checks (the value is a string of "ref"). */
void cdx_xml_attributes(struct cdx_xml *x, const struct cdx_xtype *t, bool write, struct hn_str *ret_ref)
{
    HN_AUTO(hn_buf_done) struct hn_buf foreign;
    uint64_t seen = 0;

    hn_buf_init(&foreign, 1 << 20);
    for (int more = xmlTextReaderMoveToFirstAttribute(x->reader); more == 1;
         more = xmlTextReaderMoveToNextAttribute(x->reader)) {
        struct hn_str name = cdx_xml_str(xmlTextReaderConstLocalName(x->reader));
        if (xmlTextReaderIsNamespaceDecl(x->reader) == 1)
            continue;
        if (xmlTextReaderConstNamespaceUri(x->reader)) {
            foreign_attribute(x, &foreign);
            continue;
        }
        const struct cdx_xattr *a = cdx_xml_attribute(t, name, x->version);
        struct hn_str value = hn_arena_str(x->b->arena, cdx_xml_str(xmlTextReaderConstValue(x->reader)));
        if (!a) { /* the schema allows any (anyAttribute ##any), but nobody will look for it */
            note(x, HN_BOM_NOTE_WARNING, "unknown-attribute", name, hn_str_c(t->name));
            foreign_attribute(x, &foreign);
            continue;
        }
        seen |= UINT64_C(1) << (a - &cdx_xattrs[t->attrs]);
        if (hn_str_eqc(name, "ref"))
            *ret_ref = value;
        if (write) {
            hn_jw_key(&x->w, a->key);
            cdx_xml_write_text(x, a->value, value);
        }
    }
    xmlTextReaderMoveToElement(x->reader);
    for (unsigned i = 0; i < t->n_attrs; i++) {
        const struct cdx_xattr *a = &cdx_xattrs[t->attrs + i];
        if (a->required && (a->versions & x->version) && !(seen >> i & 1))
            cdx_xml_error(x, "missing-attribute", hn_str_c(a->name), hn_str_c(t->name));
    }
    if (foreign.n && write) {
        hn_jw_key(&x->w, "#attributes");
        hn_buf_chr(&foreign, '}');
        struct hn_str inner = hn_buf_text(&foreign);
        hn_jw_raw(&x->w, hn_arena_fmt(x->b->arena, "{%.*s", HN_FMT(inner)));
    }
}
