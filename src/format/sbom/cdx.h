/* CycloneDX 1.2 to 1.7 (ECMA-424), JSON and XML. Reads all of them, writes 1.4 to 1.7. */
#pragma once

#include "format/sbom/bom.h"

extern const struct hn_bom_format hn_bom_cdx_json, hn_bom_cdx_xml;

/* Checks the document that was read into b as strictly as the schemas of its version do; every deviation becomes a note
 * of severity ERROR. Nothing to do for documents that are broken or of another family. */
void hn_cdx_check(struct hn_bom *b);
