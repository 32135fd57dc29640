/* CycloneDX, inside: how the members of its JSON objects lie in the model. Reader and writer go by the same tables, so
 * that what is read is written.
 *
 *   shape   one kind of object: its fields in the order of writing, where its `extra` list is
 *   field   one member: key, kind of value, where it lies in the struct
 *
 * XML is read by turning it into the JSON that says the same, and written the other way round (cdx_xml_read.c,
 * cdx_xml_write.c), both by the rules in cdx_xml.rules. */
#pragma once

#include "base/json.h"
#include "format/sbom/bom.h"

#define CDX_DEPTH 200 /* levels of JSON; a component in a component takes two */

enum cdx_kind {
    CDX_STR,        /* hn_str */
    CDX_TYPE,       /* uint8_t, enum hn_bom_type */
    CDX_SCOPE,      /* uint8_t, enum hn_bom_scope */
    CDX_TRI,        /* uint8_t, enum hn_bom_tri: true, false */
    CDX_NUM,        /* double, and a bool at offset2 */
    CDX_INT,        /* int64_t from 1 */
    CDX_ALG,        /* uint8_t, and its text (hn_str) at offset2 */
    CDX_LIST,       /* first of a list of `of`, an array */
    CDX_ONE,        /* pointer to `of`, an object */
    CDX_SELF,       /* an object whose members lie in this same struct; a bool at offset says that it is there */
    CDX_TEXTS,      /* list of hn_bom_text, an array of strings */
    CDX_INTS,       /* the same, an array of integers */
    CDX_NOTICES,    /* the same, an array of {"text": …} */
    CDX_COMPONENTS, /* first of a list of components, whose role is offset2 */
    CDX_CHILDREN,   /* components below this component */
    CDX_SERVICES,   /* as CDX_COMPONENTS */
    CDX_SUBSERVICES,
    CDX_CUSTOM /* by functions of its own */
};

struct cdx_reading;
struct cdx_writing;
struct cdx_shape;

struct cdx_field {
    const char *key;
    enum cdx_kind kind;
    uint16_t offset, offset2;
    const struct cdx_shape *of;
    /* CUSTOM. opens: first bytes of the JSON values that it takes; any other value is kept as an extra member. read:
     * the next token is the value's first; false: not as expected, nothing was changed. */
    const char *opens;
    bool (*read)(struct cdx_reading *r, void *obj);
    bool (*present)(const void *obj);
    void (*write)(struct cdx_writing *w, const void *obj);
};

struct cdx_shape {
    const struct cdx_field *fields;
    unsigned n;
    uint16_t size, next, extra; /* of the struct; offsets of its `next` and `extra` */
};

struct cdx_reading {
    struct hn_bom *b;
    struct hn_jr jr;
    size_t skip; /* bytes before the JSON text: a byte order mark */
    bool failed; /* the text is broken or memory is out */
};

struct cdx_writing {
    const struct hn_bom *b;
    struct hn_jw w;
    unsigned version;   /* 16: 1.6 */
    bool other_version; /* than the document came in */
    struct hn_bom_notes *loss;
    struct cdx_layout *layout; /* where the text goes as it grows; NULL: all of it stays in w.out */
};

/* Blanks and line ends of valid JSON made anew: compact, or two blanks a level. */
struct cdx_layout {
    const struct hn_bom_how *how;
    struct hn_buf *out;
    size_t depth;
};
/* The next part of the text; it does not end inside a string, nor behind a bracket that opens. */
void cdx_lay_out(struct cdx_layout *l, struct hn_str part);

extern const struct cdx_shape cdx_shape_document, cdx_shape_component, cdx_shape_service, cdx_shape_tool,
    cdx_shape_licence, cdx_shape_identity, cdx_shape_dep, cdx_shape_vuln, cdx_shape_person, cdx_shape_analysis;

/* Reads the members of the object that was just opened. False: the text is broken. */
bool cdx_read_object(struct cdx_reading *r, const struct cdx_shape *s, void *obj);
/* An array of objects, its '[' being next: appended at *first. False: not such an array; nothing was changed. */
bool cdx_read_list(struct cdx_reading *r, const struct cdx_shape *s, void **first);
/* Keeps the value that comes next as an extra member. */
bool cdx_keep(struct cdx_reading *r, struct hn_bom_extra **list, struct hn_str key);
char cdx_peek(struct cdx_reading *r); /* first byte of the next token; NUL at the end */
struct hn_bom_note *cdx_note(struct cdx_reading *r, enum hn_bom_severity severity, const char *code, struct hn_str a,
                             struct hn_str b);

void cdx_write_object(struct cdx_writing *w, const struct cdx_shape *s, const void *obj);
void cdx_write_members(struct cdx_writing *w, const struct cdx_shape *s, const void *obj);
void cdx_write_list(struct cdx_writing *w, const struct cdx_shape *s, const void *first);
void cdx_write_extra(struct cdx_writing *w, const struct hn_bom_extra *x);

/* The word of a CycloneDX file for a value, or NULL: exactly as written. */
enum hn_bom_type cdx_type_of(struct hn_str word);
enum hn_bom_scope cdx_scope_of(struct hn_str word);
const char *cdx_scope_word(enum hn_bom_scope s);
/* The word that is written for a common one; NULL when there is none. */
const char *cdx_state_word(enum hn_bom_vex status);
const char *cdx_justification_word(enum hn_bom_why why);
const char *cdx_aggregate_word(enum hn_bom_aggregate a);
/* After reading: statuses, completeness, time. */
void cdx_understand(struct hn_bom *b);

/* The text after `skip` bytes; b is filled and understood. */
HN_MUST struct hn_err cdx_read_json(struct hn_bom *b, struct hn_bytes text, size_t skip);
/* The version to write: 16 for 1.6; 0: not one of ours. */
unsigned cdx_version_for(const struct hn_bom *b, const struct hn_bom_how *how);
/* The model as compact JSON with the members of all versions. */
HN_MUST struct hn_err cdx_compact(const struct hn_bom *b, unsigned version, struct hn_buf *out,
                                  struct hn_bom_notes *loss);
extern const char *const cdx_versions[];
/* JSON made to fit a version; see cdx_fit.c. */
HN_MUST struct hn_err cdx_fit(struct hn_str json, unsigned version, bool strict, bool xml, struct hn_arena *a,
                              struct hn_buf *out, struct hn_bom_notes *loss);
/* Both in one: the model as compact JSON of that version. */
HN_MUST struct hn_err cdx_fitted(const struct hn_bom *b, unsigned version, bool xml, struct hn_buf *out,
                                 struct hn_bom_notes *loss);
