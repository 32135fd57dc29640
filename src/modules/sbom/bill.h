/* Inputs of the sbom verbs: a file as model, with everything that is wrong with it. */
#pragma once

#include "core/text.h"
#include "core/work.h"
#include "format/sbom/bom.h"
#include "modules/sbom/sbom.h"

#define BILL_MEMORY ((size_t)16 << 30) /* address space of a verb that reads documents of any size */

struct bill {
    struct hn_input in;
    struct hn_arena arena;
    struct hn_bom bom;
    bool readable; /* to the end */
};

/* The next input; false when none is left. A file that cannot be opened or mapped is passed over (and counted by
 * hn_work_unreadable()). */
bool sbom_bill_next(struct hn_work *w, struct bill *b);
void sbom_bill_done(struct bill *b);
/* "CycloneDX 1.6 JSON" */
struct hn_str sbom_bill_format(struct bill *b);
/* The sentence of a note; in the arena of the bill. */
struct hn_str sbom_bill_note_text(struct bill *b, const struct hn_bom_note *n, enum hn_lang lang);
const char *sbom_bill_severity(enum hn_bom_severity s); /* "error" */
/* "line 12", a pointer, both, or empty. */
struct hn_str sbom_bill_note_place(struct bill *b, const struct hn_bom_note *n, enum hn_lang lang);
/* Notes in the order of the text, the worst first; n in *ret_n. */
struct hn_bom_note **sbom_bill_notes(struct bill *b, size_t *ret_n);
void sbom_bill_write_notes(struct bill *b, struct hn_jw *w);
/* Text of the catalogue without parameters, in the user's language. */
struct hn_str sbom_bill_word(struct hn_work *w, const char *key);
