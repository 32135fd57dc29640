/* Inside of the conversion between families. */
#pragma once

#include "base/map.h"
#include "format/sbom/bom.h"

struct recast {
    struct hn_bom *b;
    struct hn_arena *a;
    struct hn_bom_notes *loss;
    struct hn_map refs;     /* old reference → new one (struct hn_str *) */
    struct hn_map licences; /* LicenseRef-… → its name (struct hn_str *), of SPDX */
};

/* A copy of the value under that key; false: no memory. */
bool recast_set(struct recast *r, struct hn_map *m, struct hn_str key, struct hn_str value);
/* convert_licence.c */
void recast_licences(struct recast *r, struct hn_bom_component *c);
void recast_evidence(struct recast *r, struct hn_bom_component *c);
