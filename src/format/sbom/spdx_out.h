/* What the SPDX writers share: the JSON writer, identifiers, losses. */
#pragma once

#include "base/json.h"
#include "format/sbom/bom.h"

struct spdx_out {
    const struct hn_bom *b;
    struct hn_jw w;
    struct hn_bom_notes *loss;
    enum hn_bom_family family; /* that is written */
    bool same;                 /* the model was read from this family: extra is its own */
};

/* What is lost: of what (a component, or NULL for the document), which member, and how much of it is shown. */
void spdx_lost(struct spdx_out *o, const struct hn_bom_component *c, const char *member, struct hn_str value);
/* Members kept for this family, as they are, or lost ones of another. Keys in `but` (NULL-terminated) are left out. */
void spdx_extra_write(struct spdx_out *o, const struct hn_bom_component *c, const struct hn_bom_extra *e);
/* The raw JSON value kept under that key; p == NULL when there is none. */
struct hn_str spdx_extra_get(const struct hn_bom_extra *e, const char *key);

/* The SPDX 2 identifier of a reference: itself when it is one, else a readable name with a digest of the reference.
 * NOASSERTION, NONE and references into other documents stay. In the arena. */
struct hn_str spdx_id(struct spdx_out *o, struct hn_str ref);
struct hn_str spdx_component_id(struct spdx_out *o, const struct hn_bom_component *c);

/* "Organization: Name (mail)"; in the arena. */
struct hn_str spdx_agent_text(struct spdx_out *o, const struct hn_bom_party *p);

/* All licences of a list that say it this way, as one expression; p == NULL when there are none. Free names become
 * LicenseRef-…, to be explained in the document. */
struct hn_str spdx_licence_text(struct spdx_out *o, const struct hn_bom_licence *l, enum hn_bom_licence_says says);
/* The LicenseRef of a free name. */
struct hn_str spdx_licence_ref(struct spdx_out *o, struct hn_str name);
/* The same when this licence is a free name; p == NULL when it is not. */
struct hn_str spdx_licence_name_ref(struct spdx_out *o, const struct hn_bom_licence *l);
/* Calls each(arg, licence) for every licence in the document whose value is a free name. */
void spdx_each_named_licence(const struct hn_bom *b, void (*each)(void *arg, const struct hn_bom_licence *l),
                             void *arg);
/* The same for every LicenseRef-… within an expression, as often as it stands there. */
void spdx_each_licence_reference(const struct hn_bom *b, void (*each)(void *arg, struct hn_str ref), void *arg);

/* Members of a component that no SPDX has, as properties with the prefix "cdx:", and its own properties other than
 * "spdx:…". */
void spdx_each_prop(struct spdx_out *o, const struct hn_bom_component *c,
                    void (*each)(void *arg, struct hn_str name, struct hn_str value), void *arg);
/* A property that is a member of SPDX 2 ("spdx:sourceInfo"). */
bool spdx_is_member_prop(struct hn_str name);
/* The way back: true when the property was one of those, and the component has it again. */
bool spdx_prop_restore(struct hn_bom *b, struct hn_bom_component *c, struct hn_str name, struct hn_str value);
/* Losses of members for which neither SPDX has a place. */
void spdx_component_losses(struct spdx_out *o, const struct hn_bom_component *c);
/* RFC 3339 in UTC to the second, as SPDX wants it. */
struct hn_str spdx_time(struct spdx_out *o);
/* A URI for the document: its own, or one made of its content. */
struct hn_str spdx_namespace(struct spdx_out *o);
struct hn_str spdx_document_name(const struct hn_bom *b);
