/* CycloneDX XML as the JSON that says the same, element by element as the rules map them; what is against the rules is
 * noted on the way, with line and path. The parser is libxml2's reader: no network, no document type (so no entities),
 * its own limits on depth and on the length of a text. */
#include <stdio.h>

#include "base/mem.h"
#include "format/sbom/cdx_check.h"
#include "format/sbom/cdx_xml_reading.h"

static void on_error(void *arg, xmlErrorPtr e)
{
    struct cdx_xml *x = arg;

    if (x->why[0] || !e || e->level < XML_ERR_ERROR)
        return;
    x->why_line = e->line;
    snprintf(x->why, sizeof x->why, "%s", e->message ? e->message : "not well formed");
    x->why[strcspn(x->why, "\n")] = '\0';
}

static int give(void *arg, char *out, int n)
{
    struct cdx_xml *x = arg;
    size_t left = x->input.n - x->given, take = left < (size_t)n ? left : (size_t)n;

    if (take)
        memcpy(out, x->input.p + x->given, take);
    x->given += take;
    return (int)take;
}

static void broken(struct cdx_xml *x, const char *code)
{
    struct hn_bom_note *n = hn_bom_note_at(x->b, HN_BOM_NOTE_FATAL, code, UINT64_MAX,
                                           hn_str_c(x->why[0] ? x->why : "ends too early"), HN_STR(""));
    if (n) {
        n->line = (uint32_t)(x->why_line > 0 ? x->why_line : 0);
        n->place = cdx_xml_path(x);
    }
    x->b->broken = true;
}

/* "http://cyclonedx.org/schema/bom/1.6": the version. */
static void read_namespace(struct cdx_xml *x)
{
    struct hn_str ns = cdx_xml_str(xmlTextReaderConstNamespaceUri(x->reader));
    bool known = ns.p && hn_str_starts(ns, CDX_NAMESPACE);

    x->b->spec_version = known ? hn_arena_str(x->b->arena, hn_str_cut(ns, sizeof CDX_NAMESPACE - 1, ns.n)) : HN_STR("");
    x->version = cdx_version_bit(x->b->spec_version);
    x->path[x->depth++] = (struct cdx_xml_step){"bom", 0};
    struct hn_str v = x->b->spec_version;
    if (!x->version && v.n == 3 && hn_str_starts(v, "1.") && v.p[2] < '4') {
        hn_bom_note(x->b, HN_BOM_NOTE_INFO, "version-unchecked", HN_STR("/bom"), v, HN_STR(""));
        x->quiet = true;
        x->version = 1;
    } else if (!x->version) {
        cdx_xml_error(x, "unknown-version", known ? v : ns, HN_STR(""));
        x->version = 8;
    }
}

static void read_document(struct cdx_xml *x)
{
    while (cdx_xml_next(x)) {
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
            cdx_xml_error(x, "unknown-element", cdx_xml_str(xmlTextReaderConstLocalName(x->reader)), HN_STR("bom"));
        read_namespace(x);
        hn_jw_obj(&x->w);
        hn_jw_kc(&x->w, "bomFormat", "CycloneDX");
        hn_jw_kstr(&x->w, "specVersion", x->b->spec_version);
        cdx_xml_document(x);
        if (!x->broken)
            hn_jw_obj_end(&x->w);
        x->depth--;
    }
}

struct hn_err cdx_xml_to_json(struct hn_bom *b, struct hn_bytes input, struct hn_buf *json, struct cdx_line **ret_lines,
                              size_t *ret_n)
{
    struct cdx_xml *x = hn_alloc_zero(sizeof *x);

    if (!x || !hn_xml_load()) {
        hn_free(x);
        return (struct hn_err){x ? HN_E_NOENT : HN_E_NOMEM};
    }
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
