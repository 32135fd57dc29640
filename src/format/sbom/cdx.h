/* CycloneDX 1.2 to 1.7 (ECMA-424), JSON and XML. Reads all of them, writes 1.4 to 1.7. */
#pragma once

#include "format/sbom/bom.h"

extern const struct hn_bom_format hn_bom_cdx_json, hn_bom_cdx_xml;
