/* Reading a bill of materials in a verb, and saying what is wrong with it. */
#pragma once

#include "core/text.h"
#include "core/work.h"
#include "format/sbom/bom.h"

#define SBOM_INPUT_MAX ((size_t)1 << 30) /* bytes of one document */

/* Maps and reads an input into b (initialised here, in the arena of the work) and indexes it. 0, or an exit code with
 * the reason told. A document whose end could not be read is told too, and used as far as it goes: 0, b->broken. */
int sbom_document_read(struct hn_work *w, struct hn_input *in, struct hn_bom *b);
/* A document that was made, ending in a line feed, to an output or (fd < 0) to what the work prints. 0, or an exit code
 * with the reason told. */
int sbom_document_put(struct hn_work *w, int fd, struct hn_buf *out);
/* A note in the language of the user, with its place. */
struct hn_str sbom_note_text(struct hn_work *w, const struct hn_bom_note *n);
/* The text of a key with up to two parameters. */
struct hn_str sbom_text(struct hn_work *w, const char *key, struct hn_str a, struct hn_str b);
/* The same in a given language. */
struct hn_str sbom_text_in(struct hn_work *w, enum hn_lang lang, const char *key, struct hn_str a, struct hn_str b);
/* A row of RFC 4180: quoted where needed; a cell that a spreadsheet would take for a formula gets a ' in front. */
void sbom_csv_row(struct hn_buf *out, const struct hn_str *cells, size_t n);
