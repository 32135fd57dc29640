/* VEX: statements on whether a product is affected by a vulnerability, from four dialects in one shape, and which of
 * them counts.
 *
 *   OpenVEX, CSAF    through the advisory readers (format/advisory/reader.h)     hn_vex_add_advisory()
 *   CycloneDX, SPDX 3 through the documents (bom.h, vulns)                       hn_vex_add_document()
 *
 * A statement is about a product. It applies to a component when the product is the component, or when the product is
 * what the document describes (or something the component is part of) and the statement's subcomponent is the
 * component. "Is": the statement's purl says nothing that the component's does not (hn_purl_covers); CPE names
 * likewise; otherwise equal references.
 *
 * Of several that apply, one that is neither expired nor without a reason counts before one that is; then the more
 * trusted; of equal trust the later; of equal time the more special; then the one that was read last. */
#pragma once

#include "base/map.h"
#include "format/advisory/advisory.h"
#include "format/sbom/bom.h"

/* Why one statement counts before another. */
enum hn_vex_reason { HN_VEX_BY_VALIDITY, HN_VEX_BY_TRUST, HN_VEX_BY_DATE, HN_VEX_BY_PRECISION, HN_VEX_BY_ORDER };
const char *hn_vex_reason_word(enum hn_vex_reason r); /* "validity", "trust", "date", "precision", "order" */

enum hn_vex_dialect { HN_VEX_OPENVEX, HN_VEX_CSAF, HN_VEX_CYCLONEDX, HN_VEX_SPDX3 };
const char *hn_vex_dialect_word(enum hn_vex_dialect d); /* "OpenVEX" */

struct hn_vex_statement {
    struct hn_vex_statement *next_same; /* about the same id */
    struct hn_str vulnerability;
    const struct hn_str *aliases; /* its other names, as the document gives them */
    size_t n_aliases;
    bool alias;                          /* the same once more, under one of those names */
    struct hn_str product, subcomponent; /* purl, CPE, BOM-Link or name; subcomponent empty: the product itself */
    struct hn_str product_ref;           /* reference within its own document, where there is one */
    enum hn_bom_vex status;
    enum hn_bom_why why;
    struct hn_str state, justification; /* as the dialect writes them: "in_triage", "code_not_reachable" */
    struct hn_str impact, action;       /* free text */
    struct hn_str source, author;       /* file; who says it */
    hn_time time;                       /* 0: not dated */
    int trust;
    enum hn_vex_dialect dialect;
    uint32_t number; /* order of reading */
    /* after hn_vex_merge() */
    struct hn_str name;                   /* of the vulnerability: the CVE, whichever name the statement used */
    const struct hn_vex_statement *under; /* the one that counts instead; NULL: this one does */
    enum hn_vex_reason reason;            /* for which it does */
    bool expired, unfounded;
};

struct hn_vex {
    struct hn_arena *arena;
    struct hn_vex_statement **statements;
    size_t n, cap;
    struct hn_map by_id; /* id in upper case → first statement */
};

void hn_vex_init(struct hn_vex *v, struct hn_arena *a);
void hn_vex_done(struct hn_vex *v);
/* Copies what it needs. source: the file; trust: higher outranks. False: out of memory. */
bool hn_vex_add_document(struct hn_vex *v, const struct hn_bom *b, struct hn_str source, int trust);
bool hn_vex_add_advisory(struct hn_vex *v, const struct hn_adv *adv, struct hn_str source, int trust);

/* What is written as the reason when a dialect demands one and the source gave none: read again, it is none. */
#define HN_VEX_NO_REASON "The source states no reason."

/* What a statement may be about. */
struct hn_vex_about {
    struct hn_str purl, cpe, ref; /* of the component */
    const struct hn_str *within;  /* purls and references of what it is part of: subject, parents */
    size_t n_within;
    const struct hn_str *ids; /* the vulnerability, under all its names */
    size_t n_ids;
};
enum hn_vex_effect {
    HN_VEX_NONE,      /* nobody says anything */
    HN_VEX_APPLIES,   /* status decides */
    HN_VEX_UNFOUNDED, /* "not affected" with neither a justification nor an impact statement: does not count; nor
                         does HN_VEX_NO_REASON, which a writer puts where a dialect wants a reason and none was given */
    HN_VEX_EXPIRED    /* older than max_age */
};
/* x counts before y; ret_reason may be NULL. */
bool hn_vex_outranks(const struct hn_vex_statement *x, const struct hn_vex_statement *y, hn_time now, hn_time max_age,
                     enum hn_vex_reason *ret_reason);
struct hn_vex_verdict {
    const struct hn_vex_statement *statement; /* that counts; NULL: none */
    enum hn_vex_effect effect;
    size_t n;                            /* statements that apply */
    bool contradicted;                   /* one of equal trust and time says otherwise */
    const struct hn_vex_statement *over; /* the strongest of those that say otherwise; NULL: all agree */
    enum hn_vex_reason reason;           /* for which it does not count */
};
/* What a statement comes to by itself. */
enum hn_vex_effect hn_vex_effect_of(const struct hn_vex_statement *s, hn_time now, hn_time max_age);
/* max_age 0: statements do not age; "fixed" never does. */
void hn_vex_decide(const struct hn_vex *v, const struct hn_vex_about *about, hn_time now, hn_time max_age,
                   struct hn_vex_verdict *ret);

/* ---------------------------------------------------------------- merging and writing */

struct hn_vex_merged {
    struct hn_vex_statement **s; /* each once, not under its other names; by vulnerability, product, subcomponent, the
                                  * one that counts first */
    size_t n;
    size_t superseded, expired, unfounded; /* of them */
};
/* vex_merge.c: of all statements about one vulnerability (under all its names, transitively) in one subcomponent of one
 * product, one counts: the same order as hn_vex_decide(). Lives in v's arena. False: out of memory. */
bool hn_vex_merge(struct hn_vex *v, hn_time now, hn_time max_age, struct hn_vex_merged *ret);

struct hn_vex_meta {
    struct hn_str author, id, namespace; /* who says so now; name of the document; URI of the author (CSAF) */
    struct hn_str tool;                  /* "hinomi 1.2" */
    hn_time now;
};
/* vex_write.c: the statements that count, in a dialect: OpenVEX 0.2.0, CSAF 2.0 (profile VEX), CycloneDX 1.6 or SPDX
 * 3.0.1. What a dialect cannot say is noted in loss. HN_E_INVALID: nothing to say. */
HN_MUST struct hn_err hn_vex_write(const struct hn_vex_merged *m, enum hn_vex_dialect to,
                                   const struct hn_vex_meta *meta, struct hn_arena *a, struct hn_buf *out,
                                   struct hn_bom_notes *loss);
