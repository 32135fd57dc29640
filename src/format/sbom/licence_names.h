/* Licences that an SPDX document explains itself ("LicenseRef-…"): the names that it gives to them. */
#pragma once

#include "format/sbom/bom.h"
#include "format/sbom/licence.h"

/* Fills names (initialized; the caller ends it): reference → its name (struct hn_str *, in a). Empty for families that
 * have no such references. No memory: a->failed. */
void hn_bom_licence_names(struct hn_arena *a, const struct hn_bom *b, struct hn_map *names);
/* The expression as it was, but with names in place of the references that have one. True: there were such. */
bool hn_bom_licence_named(struct hn_buf *out, const struct hn_map *names, const struct hn_licence *x);
