/* CycloneDX XML, inside: its rules at work. */
#pragma once

#include "format/sbom/cdx_in.h"
#include "format/sbom/cdx_rules.h"

#define CDX_NAMESPACE "http://cyclonedx.org/schema/bom/"
#define CDX_XML_ONLY  '#' /* members of the JSON in between whose keys begin so exist in XML only */

/* The element of that name in these versions, or NULL. */
const struct cdx_xelem *cdx_xml_element(const struct cdx_xtype *t, struct hn_str name, unsigned version);
const struct cdx_xattr *cdx_xml_attribute(const struct cdx_xtype *t, struct hn_str name, unsigned version);

/* Do these children (sym of each; CDX_ANY: of another namespace) stand as the particles of t say? Else *ret_missing is
 * an element that was expected at *ret_at, or NULL: the child there was not expected. */
#define CDX_ANY 255
bool cdx_xml_matches(const struct cdx_xtype *t, unsigned version, const uint8_t *children, size_t n, size_t *ret_at,
                     const char **ret_missing);

/* Is this text such a value? NULL, or the code of the note with its parameters. */
const char *cdx_text_fault(struct hn_arena *a, unsigned value, unsigned version, struct hn_str s, struct hn_str *ret_a,
                           struct hn_str *ret_b);
/* The words of an enumeration for a message: the nearest, or all. */
struct hn_str cdx_words_text(struct hn_arena *a, const struct cdx_enum *e, unsigned version, struct hn_str s);

/* XML to JSON. What is against the rules becomes a note of b. */
struct cdx_line {
    uint64_t offset; /* in the JSON, ascending */
    uint32_t line;   /* in the XML */
};
HN_MUST struct hn_err cdx_xml_to_json(struct hn_bom *b, struct hn_bytes xml, struct hn_buf *json,
                                      struct cdx_line **ret_lines, size_t *ret_n);
/* JSON (valid, ours) to XML. */
HN_MUST struct hn_err cdx_json_to_xml(struct hn_str json, unsigned version, struct hn_arena *a, bool compact,
                                      struct hn_buf *out, struct hn_bom_notes *loss);
