/* The formats of SPDX, SWID and of envelopes around bills of materials; see bom.h. */
#pragma once

#include "format/sbom/bom.h"

extern const struct hn_bom_format hn_bom_spdx2_json; /* 2.2, 2.3; reads and writes */
extern const struct hn_bom_format hn_bom_spdx2_tag;  /* the same in tags and values */
extern const struct hn_bom_format hn_bom_spdx2_yaml; /* the same in YAML */
extern const struct hn_bom_format hn_bom_spdx2_rdf;  /* 2.x in RDF/XML; reads */
extern const struct hn_bom_format hn_bom_spdx3_json; /* 3.0 and 3.0.1; writes 3.0.1 */
extern const struct hn_bom_format hn_bom_swid;       /* ISO/IEC 19770-2 in XML; reads */
extern const struct hn_bom_format hn_bom_coswid;     /* RFC 9393, also in COSE_Sign1; reads */
extern const struct hn_bom_format hn_bom_dsse;       /* an envelope: what is inside is read */
extern const struct hn_bom_format hn_bom_intoto;     /* a statement: its predicate is read */
