/* What SWID in XML and CoSWID in CBOR have in common: one tag is one piece of software (the subject), its entities, its
 * files. */
#pragma once

#include "format/sbom/bom.h"

enum { SWID_TAG_CREATOR = 1, SWID_SOFTWARE_CREATOR = 2, SWID_DISTRIBUTOR = 4, SWID_OTHER = 8 };

struct swid {
    struct hn_bom *b;
    struct hn_bom_component *c; /* the software */
    struct hn_bom_party **authors;
    struct hn_bom_prop **props;
    struct hn_bom_link **links;
};

struct swid_entity {
    struct hn_str name, regid;
    unsigned roles;
};

bool swid_begin(struct swid *s, struct hn_bom *b); /* false: no memory */
void swid_end(struct swid *s);                     /* notes what is missing */
void swid_role(struct swid_entity *e, struct hn_str role);
void swid_entity_add(struct swid *s, const struct swid_entity *e);
void swid_link_add(struct swid *s, struct hn_str rel, struct hn_str href);
void swid_meta(struct swid *s, struct hn_str name, struct hn_str value);
/* The path of a name below another. */
struct hn_str swid_path(struct swid *s, struct hn_str path, struct hn_str name);
struct hn_bom_component *swid_file_add(struct swid *s, struct hn_str path, struct hn_str name);
