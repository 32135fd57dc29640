/* What is different between two bills of materials, of whatever families. */
#pragma once

#include "format/sbom/bom.h"

enum hn_bom_change {
    HN_BOM_ADDED,
    HN_BOM_REMOVED,
    HN_BOM_UPGRADED,
    HN_BOM_DOWNGRADED,
    HN_BOM_VERSION, /* another version, and no order is known */
    HN_BOM_LICENCE,
    HN_BOM_SUPPLIER,
    HN_BOM_HASH,  /* the same version with another digest */
    HN_BOM_NEEDS, /* needs what it did not need */
    HN_BOM_NEEDS_NOT,
    HN_BOM_CHANGES
};
const char *hn_bom_change_name(enum hn_bom_change c); /* "added" */

struct hn_bom_difference {
    enum hn_bom_change change;
    const struct hn_bom_component *a, *b; /* NULL: not there */
    struct hn_str from, to;               /* of the change: versions, licences, names, digests */
};

struct hn_bom_diff {
    struct hn_bom_difference *list; /* by component, in the order of a, then what was added in the order of b */
    size_t n, cap;
    size_t count[HN_BOM_CHANGES];
    size_t same; /* components that are in both and say the same */
};

/* Components are the same thing when their package URLs agree but for version and qualifiers, else by CPE vendor and
 * product, else by group and name; several of one name are paired by equal version first. files: look at components of
 * the type FILE too. Both models are indexed and live in arenas of their own; the result lives in `arena`. */
HN_MUST struct hn_err hn_bom_compare(struct hn_arena *arena, const struct hn_bom *a, const struct hn_bom *b, bool files,
                                     struct hn_bom_diff *ret);
/* The name by which a component is compared, for people: "npm/lodash", "zlib". In a. */
struct hn_str hn_bom_identity_text(struct hn_arena *a, const struct hn_bom_component *c);
/* All that is said of its licence, concluded before declared, in normal form: terms in order, joined by AND; names: of
 * the document (hn_bom_licence_names()). In a. */
struct hn_str hn_bom_licence_compared(struct hn_arena *a, const struct hn_map *names, const struct hn_bom_component *c);
