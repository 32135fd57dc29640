/* The words of SPDX 3. */
#pragma once

#include "format/sbom/bom_words.h"

struct spdx3_relation {
    const char *word;
    enum hn_bom_rel rel;
    bool turned; /* "A word B" is B rel A */
};
const struct spdx3_relation *spdx3_relation_of(struct hn_str word); /* NULL: not a word of 3.0.1 */
/* The word for an edge that is written from `from` to `to`; *ret_turned: the ends change places. */
const char *spdx3_relation_word(enum hn_bom_rel rel, bool *ret_turned);

bool spdx3_member_known(struct hn_str name);       /* of any class */
const char *spdx3_member_near(struct hn_str name); /* what was probably meant, or NULL */
bool spdx3_class_known(struct hn_str name);

enum hn_bom_type spdx3_purpose_of(struct hn_str word); /* UNKNOWN when the model has none */
const char *spdx3_purpose_word(enum hn_bom_type type); /* "" when SPDX 3 has none */
/* The kind of an external reference, from and to the words of CycloneDX. */
const char *spdx3_link_type(struct hn_str spdx3_word); /* NULL: the word itself */
const char *spdx3_link_word(struct hn_str type);       /* "other" when there is none */
enum hn_bom_why spdx3_why_of(struct hn_str word);
const char *spdx3_why_word(enum hn_bom_why why);
/* software_sbomType as a phase of CycloneDX's lifecycles and back; NULL when there is none. */
const char *spdx3_phase_of(struct hn_str sbom_type);
const char *spdx3_sbom_type(struct hn_str phase);
