#pragma once

#include "format/sbom/bom.h"

/* Looks at the indexed model as somebody who has to rely on it does, and notes what will mislead: components without
 * version or identifier, purls, CPE names and digests that are none, cycles, statements without a reason. */
void hn_bom_review(struct hn_bom *b);
/* Gives every note that knows only its offset a line and (in JSON) a pointer. Linear. */
void hn_bom_places(struct hn_bom *b);
