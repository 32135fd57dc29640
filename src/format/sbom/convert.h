/* From one family to another: what the target says differently is put into its words in the model, before it is
 * written. docs/sbom-conversion.md has the table of what is kept, what travels in a detour and what is lost. */
#pragma once

#include "format/sbom/bom.h"

/* Prepares a model of any family for `to`. Nothing to do within a family. Every loss is a note of the code "lost" with
 * the place in the document that was read, what (a) and its value (b). The model is indexed before and after. Only for
 * a model that is written afterwards: it loses what the target cannot hold. */
HN_MUST struct hn_err hn_bom_recast(struct hn_bom *b, enum hn_bom_family to, struct hn_bom_notes *loss);

/* "cyclonedx-1.6", "cyclonedx-1.6-xml", "spdx-2.3", "spdx-2.3-tv", "spdx-3.0", "spdx-3.0.1": how to write; false when
 * it is none. */
bool hn_bom_how_of(struct hn_str name, struct hn_bom_how *ret);
/* All names that hn_bom_how_of() knows, separated by blanks. */
extern const char hn_bom_how_names[];
