/* Reading CycloneDX XML, inside: what the parts share. */
#pragma once

#include "base/str.h"
#include "format/sbom/cdx_xml.h"
#include "format/xml.h"

#define CDX_XML_DEPTH 200

struct cdx_xml_step {
    const char *name; /* of the rules, or NULL */
    size_t index;     /* 0: there is only one */
};

struct cdx_xml {
    struct hn_bom *b;
    xmlTextReaderPtr reader;
    struct hn_jw w;
    struct hn_buf *json;
    unsigned version;
    bool quiet; /* of a version without rules: nothing is noted */
    bool broken;
    struct cdx_xml_step path[CDX_XML_DEPTH + 2];
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

static inline struct hn_str cdx_xml_str(const xmlChar *s)
{
    return hn_str_c((const char *)s);
}

/* The path of the element that is read, for notes. */
struct hn_str cdx_xml_path(struct cdx_xml *x);
uint32_t cdx_xml_line(struct cdx_xml *x);
void cdx_xml_error(struct cdx_xml *x, const char *code, struct hn_str a, struct hn_str b);
/* The next node; false at the end or when the text is broken. */
bool cdx_xml_next(struct cdx_xml *x);
/* Past the element on which the reader stands. */
void cdx_xml_skip(struct cdx_xml *x);
/* The text of the element into x->text; mixed: stops before the first child, else children are not expected. Leaves the
 * reader on the end. */
void cdx_xml_read_text(struct cdx_xml *x, bool mixed);
/* A text as JSON scalar of the kind that the rules say. */
void cdx_xml_write_text(struct cdx_xml *x, unsigned value, struct hn_str s);
/* Members from the attributes; write: false only checks. *ret_ref: the one that is called "ref". */
void cdx_xml_attributes(struct cdx_xml *x, const struct cdx_xtype *t, bool write, struct hn_str *ret_ref);
/* The element on which the reader stands, as members of the object that is open. */
void cdx_xml_document(struct cdx_xml *x);
/* From here on objects in the JSON come from this line. */
void cdx_xml_mark_line(struct cdx_xml *x);
