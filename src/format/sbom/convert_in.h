/* Inside of the conversion between families. */
#pragma once

#include "base/json.h"
#include "base/map.h"
#include "format/sbom/bom.h"

struct recast {
    struct hn_bom *b;
    struct hn_arena *a;
    struct hn_bom_notes *loss;
    struct hn_map refs;     /* old reference → new one (struct hn_str *) */
    struct hn_map licences; /* LicenseRef-… → its name (struct hn_str *), of SPDX */
    struct hn_map named;    /* those names that a component's licence uses */
};

/* A copy of the value under that key; false: no memory. */
bool recast_set(struct recast *r, struct hn_map *m, struct hn_str key, struct hn_str value);
/* convert_licence.c */
void recast_licences(struct recast *r, struct hn_bom_component *c);
/* Which names travel; before the licences are recast. */
void recast_names(struct recast *r);
/* Is there more in the text of a licence (an entry of hasExtractedLicensingInfos, a SimpleLicensingText) than the name
 * that travels? */
bool recast_text_lost(const struct recast *r, const struct hn_jv *text);
void recast_evidence(struct recast *r, struct hn_bom_component *c);
