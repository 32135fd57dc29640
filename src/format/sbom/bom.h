/* A bill of materials in memory: one model for CycloneDX, SPDX, SWID and what else says "these are the parts".
 *
 *   hn_bom_init()     the caller gives an arena; everything hangs in it, nothing is freed one by one
 *   hn_bom_read()     looks at the content, finds the family, fills the model; notes say what is wrong with the
 * document hn_bom_index()    after reading or filling: tables by reference and by purl, dependencies resolved
 *   hn_bom_write()    into any family, form and version; what that cannot say is noted as lost
 *   hn_bom_done()     frees the tables of the index
 *
 *     struct hn_bom
 *       ├─ subject ───────────── component: what the document is about
 *       ├─ components[n] ─────── every component in document order, nested ones behind their parent
 *       │     └─ first_child, next, parent    the same as a tree
 *       ├─ services[n]           the same
 *       ├─ deps[n] ───────────── one entry per "from": edges to references; an entry without edges means "none",
 *       │                        no entry means "unknown"
 *       ├─ vulns ─────────────── vulnerabilities and VEX statements
 *       ├─ tools, authors, compositions, annotations, formulas
 *       └─ notes ─────────────── place, code, severity, parameters
 *
 * To walk all components, loop over the array; the tree and the graph are only needed for who contains or needs whom.
 * The tree has no cycles (a reader that meets one notes it and leaves the second edge out); the graph may: colour the
 * nodes by component->number.
 *
 * To fill: hn_bom_component_add(), then set members; small lists by hn_bom_hash_add() and so on, which keep the order.
 * Strings are borrowed: they lie in the input or in the arena. p == NULL is "not there", n == 0 with p is "there and
 * empty". Any function that allocates may give NULL; arena->failed says so, and hn_bom_write() refuses such a model.
 *
 * Lossless within a family: what a family has and the model has not is kept per object in `extra`, as that family
 * writes it (CycloneDX in either form and SPDX in JSON: a JSON value). It is written back by the same family only. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/map.h"
#include "base/time.h"
#include "format/sbom/bom_words.h"

/* ---------------------------------------------------------------- small parts: lists linked by next, in order */

/* A member that the model does not have. key: as the family names it; value: a whole value as the family writes it. */
struct hn_bom_extra {
    struct hn_bom_extra *next;
    struct hn_str key, value;
};

struct hn_bom_text { /* a list of strings */
    struct hn_bom_text *next;
    struct hn_str s;
};

struct hn_bom_prop { /* name and value, both as given */
    struct hn_bom_prop *next;
    struct hn_str name, value;
    struct hn_bom_extra *extra;
};

struct hn_bom_hash {
    struct hn_bom_hash *next;
    uint8_t alg;            /* enum hn_bom_alg */
    struct hn_str alg_text; /* as written; set when alg is OTHER or a family's own spelling must come back */
    struct hn_str value;    /* hexadecimal, as written */
    struct hn_bom_extra *extra;
};

struct hn_bom_link { /* external reference: "vcs", "website", … */
    struct hn_bom_link *next;
    struct hn_str type, url, comment;
    struct hn_bom_hash *hashes;
    struct hn_bom_extra *extra;
};

enum hn_bom_licence_form { HN_BOM_LICENCE_ID, HN_BOM_LICENCE_NAME, HN_BOM_LICENCE_EXPRESSION, HN_BOM_LICENCE_REST };
enum hn_bom_licence_says { HN_BOM_LICENCE_SAYS, HN_BOM_LICENCE_DECLARED, HN_BOM_LICENCE_CONCLUDED };
struct hn_bom_licence {
    struct hn_bom_licence *next;
    uint8_t form;        /* enum hn_bom_licence_form */
    uint8_t says;        /* enum hn_bom_licence_says: acknowledgement; SAYS: not told which */
    struct hn_str value; /* SPDX identifier, free name or SPDX expression; NOASSERTION and NONE as such */
    struct hn_str ref, url;
    struct hn_bom_extra *extra;       /* of the licence: text, properties, licensing … */
    struct hn_bom_extra *outer_extra; /* of the choice around it */
};

struct hn_bom_party { /* a person or an organisation */
    struct hn_bom_party *next;
    bool person;
    struct hn_str ref, name, email, phone;
    struct hn_bom_text *urls;
    struct hn_bom_party *contacts; /* of an organisation */
    struct hn_bom_extra *extra;    /* address, … */
};

struct hn_bom_occurrence { /* evidence: where it was found */
    struct hn_bom_occurrence *next;
    struct hn_str ref, location, symbol;
    struct hn_bom_extra *extra; /* line, offset, additionalContext */
};

struct hn_bom_method { /* by which technique an identity was found */
    struct hn_bom_method *next;
    struct hn_str technique, value;
    double confidence;
    bool has_confidence;
    struct hn_bom_extra *extra;
};

struct hn_bom_identity { /* evidence: why we think it is this */
    struct hn_bom_identity *next;
    struct hn_str field, value; /* "purl", …; concluded value */
    double confidence;          /* 0 to 1 */
    bool has_confidence;
    struct hn_bom_method *methods;
    struct hn_bom_extra *extra; /* tools */
};

struct hn_bom_evidence {
    struct hn_bom_identity *identity;
    bool identity_single; /* CycloneDX 1.5: one object, not a list */
    struct hn_bom_occurrence *occurrences;
    struct hn_bom_licence *licences;
    struct hn_bom_text *copyright;
    struct hn_bom_extra *extra; /* callstack */
};

struct hn_bom_swid {
    struct hn_str tag_id, name, version;
    struct hn_bom_extra *extra;
};

struct hn_bom_issue { /* what a patch resolves */
    struct hn_bom_issue *next;
    struct hn_str type, id, name, description;
    struct hn_bom_extra *extra;
};

struct hn_bom_patch {
    struct hn_bom_patch *next;
    struct hn_str type; /* "backport", … */
    struct hn_bom_issue *resolves;
    struct hn_bom_extra *extra; /* diff */
};

struct hn_bom_pedigree {
    struct hn_bom_component *ancestors, *descendants, *variants; /* linked by next; role PEDIGREE */
    struct hn_bom_patch *patches;
    struct hn_str notes;
    struct hn_bom_extra *extra; /* commits */
};

/* ---------------------------------------------------------------- components and services */

struct hn_bom_component {
    struct hn_bom_component *parent, *first_child, *last_child;
    struct hn_bom_component *next;                 /* among children of one parent, or on the top level */
    struct hn_bom_component *next_purl, *next_ref; /* after hn_bom_index(): same purl; same reference (an error) */
    uint32_t number;                               /* place in components[]; UINT32_MAX: not in it (see role) */
    uint8_t type;                                  /* enum hn_bom_type */
    uint8_t role;                                  /* enum hn_bom_role */
    uint8_t scope;                                 /* enum hn_bom_scope */
    uint8_t external;  /* enum hn_bom_tri: CycloneDX 1.7 isExternal, delivered by somebody else */
    struct hn_str ref; /* bom-ref, SPDXID; unique in the document when it is a good one */
    struct hn_str group, name, version, version_range;
    struct hn_str purl, cpe; /* the first of each; more in links of type "purl", "cpe" or in extra */
    struct hn_str description, copyright, publisher, author, mime_type;
    struct hn_bom_hash *hashes;
    struct hn_bom_licence *licences;
    struct hn_bom_prop *props;
    struct hn_bom_link *links;
    struct hn_bom_party *supplier, *manufacturer, *authors; /* manufacturer = producer; authors: a list */
    struct hn_bom_text *tags;
    struct hn_bom_text *more_purls, *more_cpes; /* SPDX allows several */
    struct hn_bom_swid *swid;
    struct hn_bom_pedigree *pedigree;
    struct hn_bom_evidence *evidence;
    struct hn_bom_extra *extra;
    uint64_t offset; /* in the input; UINT64_MAX: not from there */
    const char
        *section; /* SPDX: the list it stands in ("packages"), at place `at`; NULL: in components of its parent */
    uint32_t at;  /* from 0; without section set by hn_bom_index() */
};

struct hn_bom_service {
    struct hn_bom_service *parent, *first_child, *last_child, *next;
    uint32_t number;
    uint8_t authenticated, crosses_trust; /* enum hn_bom_tri */
    uint8_t role;                         /* PART, TOOL, FORMULA */
    struct hn_str ref, group, name, version, description, trust_zone;
    struct hn_bom_party *provider;
    struct hn_bom_text *endpoints, *tags;
    struct hn_bom_licence *licences;
    struct hn_bom_prop *props;
    struct hn_bom_link *links;
    struct hn_bom_extra *extra; /* data */
    uint64_t offset;
};

struct hn_bom_tool {
    struct hn_bom_tool *next;
    struct hn_bom_component *component; /* one of component and service, or neither (name only) */
    struct hn_bom_service *service;
    struct hn_str vendor, name, version; /* always set as far as known, whichever form it came in */
    struct hn_bom_hash *hashes;
    struct hn_bom_link *links;
    struct hn_bom_extra *extra;
};

/* ---------------------------------------------------------------- relations */

struct hn_bom_edge {
    struct hn_bom_edge *next;
    struct hn_str to; /* reference; may be of another document (BOM-Link, DocumentRef) or dangle */
    uint8_t rel;      /* enum hn_bom_rel */
    bool turned;      /* the family said it from `to` to `from` */
    struct hn_bom_component
        *component; /* after hn_bom_index(): what `to` is; both NULL: neither (dangling, or other) */
    struct hn_bom_service *service;
    struct hn_str word;         /* the family's own word, where the enumerator does not tell it */
    struct hn_bom_extra *extra; /* comment, scope, completeness */
};

struct hn_bom_dep { /* all edges from one reference, in the order of the document */
    struct hn_str ref;
    struct hn_bom_edge *edges;
    bool says_depends, says_provides;   /* a list was there, though perhaps empty: "none" is known */
    struct hn_bom_component *component; /* after hn_bom_index(): what ref is */
    struct hn_bom_service *service;
    struct hn_bom_extra *extra;
    struct hn_bom_edge *last; /* for adding */
    uint64_t offset;
};

struct hn_bom_composition {
    struct hn_bom_composition *next;
    enum hn_bom_aggregate aggregate;
    struct hn_str ref, word;
    struct hn_bom_text *assemblies, *dependencies, *vulnerabilities; /* references */
    struct hn_bom_extra *extra;
};

/* ---------------------------------------------------------------- vulnerabilities and VEX */

struct hn_bom_source {
    struct hn_str name, url;
    struct hn_bom_extra *extra;
};

struct hn_bom_rating {
    struct hn_bom_rating *next;
    struct hn_bom_source *source;
    double score;
    bool has_score;
    struct hn_str severity, method, vector, justification;
    struct hn_bom_extra *extra;
};

struct hn_bom_vuln_ref { /* the same vulnerability under another name */
    struct hn_bom_vuln_ref *next;
    struct hn_str id;
    struct hn_bom_source *source;
    struct hn_bom_extra *extra;
};

struct hn_bom_versions { /* of an affected product: one version or a range (vers), with a status */
    struct hn_bom_versions *next;
    struct hn_str version, range, status; /* "affected", "unaffected", "unknown" */
    struct hn_bom_extra *extra;
};

struct hn_bom_affect {
    struct hn_bom_affect *next;
    struct hn_str ref; /* of a component or service, or a BOM-Link */
    struct hn_bom_versions *versions;
    struct hn_bom_extra *extra;
};

struct hn_bom_vuln {
    struct hn_bom_vuln *next;
    struct hn_str ref, id;
    struct hn_bom_source *source;
    struct hn_bom_vuln_ref *references;
    struct hn_bom_rating *ratings;
    struct hn_bom_text *cwes; /* digits: "79" */
    struct hn_str description, detail, recommendation, workaround;
    struct hn_str created, published, updated, rejected; /* as written */
    struct hn_bom_link *advisories;                      /* type holds the title */
    struct hn_bom_affect *affects;
    struct hn_bom_prop *props;
    /* the statement */
    enum hn_bom_vex status;
    enum hn_bom_why why;
    struct hn_str state, justification, impact; /* as written: "in_triage", "code_not_reachable", free text */
    struct hn_bom_text *responses;              /* "update", "will_not_fix", … */
    struct hn_str first_issued, last_updated;
    bool has_analysis;
    struct hn_bom_extra *analysis_extra;
    struct hn_bom_extra *extra; /* credits, tools, proofOfConcept */
    uint64_t offset;
};

/* ---------------------------------------------------------------- the rest of the document */

struct hn_bom_lifecycle { /* when in its life it was made: generation context */
    struct hn_bom_lifecycle *next;
    struct hn_str phase; /* "build", "operations", …; or free: */
    struct hn_str name, description;
    struct hn_bom_extra *extra;
};

struct hn_bom_annotation {
    struct hn_bom_annotation *next;
    struct hn_str ref, timestamp, text;
    struct hn_str annotator; /* name, as far as one is told */
    struct hn_bom_text *subjects;
    struct hn_bom_extra *extra; /* annotator as the family has it */
};

struct hn_bom_formula { /* how it was made */
    struct hn_bom_formula *next;
    struct hn_str ref;
    struct hn_bom_component *components; /* role FORMULA, linked by next */
    struct hn_bom_service *services;
    struct hn_bom_extra *extra; /* workflows, properties */
};

/* ---------------------------------------------------------------- what is wrong with a document */

enum hn_bom_severity {
    HN_BOM_NOTE_INFO,
    HN_BOM_NOTE_WARNING, /* allowed by the format, but something is missing or will mislead */
    HN_BOM_NOTE_ERROR,   /* against the format; read nevertheless */
    HN_BOM_NOTE_FATAL    /* the rest could not be read */
};

struct hn_bom_note {
    struct hn_bom_note *next;
    enum hn_bom_severity severity;
    const char *code;    /* literal; text "sbom.note.<code>" with {a} and {b} */
    struct hn_str place; /* JSON pointer "/components/3/purl", XML path "/bom/components/component[4]", or empty */
    struct hn_str a, b;  /* parameters: hostile text */
    uint64_t offset;     /* in the input, UINT64_MAX: unknown */
    uint32_t line;       /* from 1; 0: unknown */
};

struct hn_bom_notes {
    struct hn_bom_note *first, *last;
    size_t n, most, dropped; /* most: kept at most so many (default 1000), the others are only counted */
    size_t by_severity[4];
};

/* ---------------------------------------------------------------- the document */

struct hn_bom {
    struct hn_arena *arena;
    enum hn_bom_family family;
    enum hn_bom_form form;
    bool plain;                 /* OWN: nothing in it that CycloneDX 1.6 or later cannot say */
    struct hn_str spec_version; /* "1.6", "2.3", "3.0.1" */
    struct hn_str serial;       /* "urn:uuid:…", document namespace, IRI of the document */
    struct hn_str name;         /* of the document (SPDX) */
    int64_t revision;           /* BOM version; 0: not told */
    struct hn_str timestamp_text;
    hn_time timestamp; /* 0: none or unreadable */
    struct hn_str data_licence, comment;

    struct hn_bom_tool *tools;
    bool tools_legacy; /* CycloneDX up to 1.4: a list of {vendor, name, version} */
    struct hn_bom_party *authors, *supplier, *manufacturer, *manufacture; /* the last: CycloneDX up to 1.5 */
    struct hn_bom_lifecycle *lifecycles;
    struct hn_bom_licence *licences; /* of the document */
    struct hn_bom_prop *metadata_props, *props;
    struct hn_bom_link *links;
    struct hn_bom_component *subject; /* with its own first_child; those are in components[] */

    struct hn_bom_component **components;
    size_t n_components;
    struct hn_bom_service **services;
    size_t n_services;
    struct hn_bom_component *first_component, *last_component; /* the top level of the tree */
    struct hn_bom_service *first_service, *last_service;
    struct hn_bom_dep **deps;
    size_t n_deps;
    struct hn_bom_composition *compositions;
    struct hn_bom_vuln *vulns, *last_vuln;
    size_t n_vulns;
    struct hn_bom_annotation *annotations;
    struct hn_bom_formula *formulas;
    struct hn_bom_extra *metadata_extra, *tools_extra, *extra;

    struct hn_bytes text; /* what was read */
    struct hn_bom_notes notes;
    bool broken; /* the end was not reached: what is there is only the beginning */
    bool has_metadata;
    bool offsets_are_lines; /* of XML: `offset` of components and so on is a line of it */

    /* of the index; see the functions below */
    struct hn_map by_ref, by_purl, by_dep;
    size_t cap_components, cap_services, cap_deps;
    unsigned depth; /* of envelopes around it */
};

void hn_bom_init(struct hn_bom *b, struct hn_arena *a);
void hn_bom_done(struct hn_bom *b);

/* ---------------------------------------------------------------- filling: all allocate in b->arena, NULL on failure
 */

/* A component at the end of components[]; below parent, or on the top level when NULL. number, role, offset are set. */
struct hn_bom_component *hn_bom_component_add(struct hn_bom *b, struct hn_bom_component *parent);
/* Components that were added to earlier ones in between stand where a document has them: behind their parent. Before
 * hn_bom_index(). */
void hn_bom_components_sort(struct hn_bom *b);
/* One that stands elsewhere: subject, tool, pedigree. The caller hangs it in. */
struct hn_bom_component *hn_bom_component_new(struct hn_bom *b, enum hn_bom_role role);
struct hn_bom_service *hn_bom_service_add(struct hn_bom *b, struct hn_bom_service *parent);
struct hn_bom_service *hn_bom_service_new(struct hn_bom *b, enum hn_bom_role role);
/* The entry of `ref` (looked up in constant time), made when missing; then edges. */
struct hn_bom_dep *hn_bom_dep_add(struct hn_bom *b, struct hn_str ref);
struct hn_bom_edge *hn_bom_edge_add(struct hn_bom *b, struct hn_bom_dep *d, enum hn_bom_rel rel, struct hn_str to);
/* At the end of a list; p points to its first member's pointer. */
struct hn_bom_hash *hn_bom_hash_add(struct hn_bom *b, struct hn_bom_hash **p, enum hn_bom_alg alg, struct hn_str hex);
struct hn_bom_prop *hn_bom_prop_add(struct hn_bom *b, struct hn_bom_prop **p, struct hn_str name, struct hn_str value);
struct hn_bom_link *hn_bom_link_add(struct hn_bom *b, struct hn_bom_link **p, struct hn_str type, struct hn_str url);
struct hn_bom_licence *hn_bom_licence_add(struct hn_bom *b, struct hn_bom_licence **p, enum hn_bom_licence_form form,
                                          struct hn_str value);
struct hn_bom_text *hn_bom_text_add(struct hn_bom *b, struct hn_bom_text **p, struct hn_str s);
struct hn_bom_party *hn_bom_party_add(struct hn_bom *b, struct hn_bom_party **p, bool person, struct hn_str name);
/* Where a party can be reached: a page of the web, else taken for a mail address (empty ones too: "B ()"). */
void hn_bom_party_address(struct hn_bom *b, struct hn_bom_party *p, struct hn_str address);
bool hn_bom_is_page(struct hn_str address); /* http or https */
struct hn_bom_extra *hn_bom_extra_add(struct hn_bom *b, struct hn_bom_extra **p, struct hn_str key,
                                      struct hn_str value);
struct hn_bom_tool *hn_bom_tool_add(struct hn_bom *b);
struct hn_bom_vuln *hn_bom_vuln_add(struct hn_bom *b);
struct hn_bom_evidence *hn_bom_evidence_of(struct hn_bom *b, struct hn_bom_component *c); /* made when missing */
/* The value of the first property of that name; p == NULL when there is none. */
struct hn_str hn_bom_prop_get(const struct hn_bom_prop *p, const char *name);

/* place, a, b are copied. */
void hn_bom_note(struct hn_bom *b, enum hn_bom_severity severity, const char *code, struct hn_str place,
                 struct hn_str pa, struct hn_str pb);
/* The same with a place in the input. Gives the note, or NULL when only counted. */
struct hn_bom_note *hn_bom_note_at(struct hn_bom *b, enum hn_bom_severity severity, const char *code, uint64_t offset,
                                   struct hn_str pa, struct hn_str pb);
void hn_bom_note_in(struct hn_bom_notes *n, struct hn_arena *a, enum hn_bom_severity severity, const char *code,
                    struct hn_str place, struct hn_str pa, struct hn_str pb);

/* ---------------------------------------------------------------- index and look-up */

/* Builds the tables and resolves the edges; again after changes. Duplicate references, references to nothing and
 * components that contain themselves are noted once each. */
HN_MUST struct hn_err hn_bom_index(struct hn_bom *b);
/* What a reference names, anywhere in the document (also subject, tools, pedigree). NULL when it is none of the kind.
 */
struct hn_bom_component *hn_bom_component_by_ref(const struct hn_bom *b, struct hn_str ref);
struct hn_bom_service *hn_bom_service_by_ref(const struct hn_bom *b, struct hn_str ref);
bool hn_bom_ref_known(const struct hn_bom *b, struct hn_str ref); /* anything with that reference */
/* Of another document by its form: a BOM-Link ("urn:cdx:…") or an SPDX DocumentRef. */
bool hn_bom_ref_outside(struct hn_str ref);
/* The first component with exactly this purl; the others by next_purl. */
struct hn_bom_component *hn_bom_component_by_purl(const struct hn_bom *b, struct hn_str purl);
/* The entry of a reference, or NULL: what it needs is unknown. */
const struct hn_bom_dep *hn_bom_dep_of(const struct hn_bom *b, struct hn_str ref);
/* Where the component stands, for people: "/components/3/components/0". In a. */
struct hn_str hn_bom_component_place(const struct hn_bom *b, const struct hn_bom_component *c, struct hn_arena *a);
/* Is what is listed below c (NULL: below the subject) said to be complete? UNSAID when nothing is said. */
enum hn_bom_aggregate hn_bom_complete(const struct hn_bom *b, const struct hn_bom_component *c);

/* ---------------------------------------------------------------- families */

struct hn_bom_how { /* how to write */
    enum hn_bom_family family;
    enum hn_bom_form form; /* ANY: the family's usual one */
    const char *version;   /* NULL: the document's own when it is of that family, else the family's default */
    bool compact;          /* no line ends and blanks */
    /* Takes pieces of a long document while it is laid out; what is left lies in the buffer when the writer is done.
     * NULL: all of it lies there. Not every format makes pieces. */
    void (*piece)(void *arg, struct hn_bytes b);
    void *arg;
};

/* One file pair per family; hn_bom_families[] in families.c names them all. */
struct hn_bom_format {
    enum hn_bom_family family;
    enum hn_bom_form form;
    const char *const *versions; /* that it writes, NULL-terminated, the default first; NULL: does not write */
    /* How sure are we that these are its bytes? 0 no, 100 certain. Looks at some kilobytes only. */
    unsigned (*sniff)(struct hn_bytes text);
    /* Fills b. HN_E_INVALID: not readable to the end (b->broken, notes say why; what came before is in b);
     * HN_E_NOMEM: over the arena's cap. A document with faults that was read to the end is HN_OK. */
    struct hn_err (*read)(struct hn_bom *b, struct hn_bytes text);
    /* May be NULL. What the version cannot say is noted in loss (never NULL), whose texts go to b's arena. */
    struct hn_err (*write)(const struct hn_bom *b, const struct hn_bom_how *how, struct hn_buf *out,
                           struct hn_bom_notes *loss);
};
extern const struct hn_bom_format *const hn_bom_formats[]; /* NULL-terminated */

/* The format of these bytes, or NULL. UTF-16 and UTF-32 give NULL; a UTF-8 byte order mark is allowed. */
const struct hn_bom_format *hn_bom_sniff(struct hn_bytes text);
/* UTF-16 ("> file" of PowerShell) as UTF-8 in the arena, empty when there is no memory; anything else as it is. */
struct hn_bytes hn_bom_utf8(struct hn_arena *a, struct hn_bytes text);
/* Sniffs and reads. `text` must outlive b. When no family knows it: HN_E_INVALID and a note that says what it looks
 * like. Not indexed yet. */
HN_MUST struct hn_err hn_bom_read(struct hn_bom *b, struct hn_bytes text);
/* b is indexed. loss may be NULL. HN_E_INVALID: no such family, form or version. */
HN_MUST struct hn_err hn_bom_write(const struct hn_bom *b, const struct hn_bom_how *how, struct hn_buf *out,
                                   struct hn_bom_notes *loss);
