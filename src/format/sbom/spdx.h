/* The formats of SPDX, SWID and of envelopes around bills of materials; see bom.h. */
#pragma once

#include "format/sbom/bom.h"

extern const struct hn_bom_format hn_bom_spdx2_json; /* 2.2, 2.3; reads and writes */
extern const struct hn_bom_format hn_bom_spdx2_tag;  /* the same in tags and values */
extern const struct hn_bom_format hn_bom_spdx3_json; /* 3.0 and 3.0.1; writes 3.0.1 */
