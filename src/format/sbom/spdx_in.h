/* What the SPDX readers share: tokens with their place in the text, whole values as they stand, notes with a place.
 *
 * A take function is given the first token of its value and uses up all of it, whatever it is: a value of a kind that
 * was not expected is noted and passed over. */
#pragma once

#include "base/json.h"
#include "format/sbom/bom.h"

/* From this offset of the JSON text on, the line of the form it was made from; rising. */
struct spdx_line {
    size_t json;
    uint32_t line;
};
struct spdx_lines {
    struct spdx_line *v;
    size_t n, cap;
};

struct spdx_in {
    struct hn_bom *b;
    struct hn_jr r;
    size_t at; /* where the token just read begins */
    /* the place of what is being read: /section/index/member; any may be missing */
    const char *section;
    size_t index; /* SIZE_MAX: none */
    struct hn_str member;
    struct spdx_lines lines;                      /* of a form that was turned into JSON; n 0: none */
    struct hn_bom_extra **keep_list, **keep_tail; /* where spdx_keep() was last */
};

void spdx_in_init(struct spdx_in *in, struct hn_bom *b, struct hn_bytes text);
enum hn_jtok spdx_next(struct spdx_in *in);
/* Uses up the rest of the value that began with t. False when the text is broken. */
bool spdx_skip(struct spdx_in *in, enum hn_jtok t);
/* The whole value as it stands in the text; empty when broken. */
struct hn_str spdx_raw(struct spdx_in *in, enum hn_jtok t);
/* A string; {NULL, 0} for null and, noted, for anything else. */
struct hn_str spdx_str(struct spdx_in *in, enum hn_jtok t);
bool spdx_bool(struct spdx_in *in, enum hn_jtok t, bool dflt);
/* Every item of an array; one value that is no array counts as the only item, noted. */
void spdx_each(struct spdx_in *in, enum hn_jtok t, void (*item)(struct spdx_in *in, enum hn_jtok t, void *arg),
               void *arg);
/* Members of an object by a table of at most 64. take == NULL: known to the format and kept in extra, as is, noted,
 * what the table does not have. A member that comes twice is noted and its first value holds. False when the value is
 * no object or the text is broken. */
struct spdx_field {
    const char *name;
    void (*take)(struct spdx_in *in, enum hn_jtok t, void *obj);
};
bool spdx_fields(struct spdx_in *in, enum hn_jtok t, const struct spdx_field *fields, size_t n, void *obj,
                 struct hn_bom_extra **extra);
#define SPDX_FIELDS(in, t, fields, obj, extra)                                                                         \
    spdx_fields((in), (t), (fields), sizeof(fields) / sizeof *(fields), (obj), (extra))
void spdx_note(struct spdx_in *in, enum hn_bom_severity severity, const char *code, struct hn_str a, struct hn_str b);
/* The reader stopped: note, broken. */
struct hn_err spdx_broken(struct spdx_in *in);
/* Strings of an array, at the end of a list. */
void spdx_texts(struct spdx_in *in, enum hn_jtok t, struct hn_bom_text **list);
/* The same as properties of one name. */
void spdx_text_props(struct spdx_in *in, enum hn_jtok t, struct hn_bom_prop **list, const char *name);
/* {"a": …} member kept for its own family. */
void spdx_keep(struct spdx_in *in, struct hn_bom_extra **list, struct hn_str key, enum hn_jtok t);
/* A member kept with a value that is already at hand. */
void spdx_keep_text(struct spdx_in *in, struct hn_bom_extra **list, const char *key, struct hn_str text);

/* "Organization: Name (mail)": what SPDX 2 says of who made something. */
enum spdx_agent { SPDX_AGENT_NONE, SPDX_AGENT_PERSON, SPDX_AGENT_ORGANIZATION, SPDX_AGENT_TOOL };
/* NONE when it does not begin with one of the three words. *ret_mail has p == NULL when there are no parentheses. */
enum spdx_agent spdx_agent_of(struct hn_str text, struct hn_str *ret_name, struct hn_str *ret_mail);

/* SPDX 2 relationship words. */
struct spdx_relation {
    const char *word;
    enum hn_bom_rel rel;
    bool turned; /* "A word B" is B rel A */
};
const struct spdx_relation *spdx_relation_of(struct hn_str word); /* NULL: not a word of SPDX 2.3 */

/* "from word to" as an edge; the word need not be one of the specification. */
void spdx2_relation_add(struct hn_bom *b, struct hn_str from, struct hn_str word, struct hn_str to,
                        struct hn_bom_extra *extra);
/* Takes a component of the top level out of components[]: it is what the document is about. */
void spdx_make_subject(struct hn_bom *b, struct hn_bom_component *c);
/* Notes a digest that does not have the form of its algorithm. */
void spdx_hash_check(struct spdx_in *in, const struct hn_bom_hash *h);

/* The JSON of an SPDX 2 document, as it stands (2.2 or 2.3); lines may be NULL. Used by all its forms. */
struct hn_err spdx2_read_json(struct hn_bom *b, struct hn_bytes text, const struct spdx_lines *lines);
/* What is added to the JSON from here on was made from that line. */
void spdx_line_add(struct spdx_lines *l, struct hn_arena *a, const struct hn_buf *json, uint32_t line);
/* Any model as the JSON of an SPDX 2 document. */
struct hn_err spdx2_write_json(const struct hn_bom *b, const char *version, struct hn_buf *out,
                               struct hn_bom_notes *loss);
/* The same in tags. */
struct hn_err spdx2_write_tags(const struct hn_bom *b, const struct hn_bom_how *how, struct hn_buf *out,
                               struct hn_bom_notes *loss);
