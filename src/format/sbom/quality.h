/* Is it said, and well? Single checks on a bill of materials, of which profiles (NTIA, CISA, BSI, METI) are made. */
#pragma once

#include "format/sbom/bom.h"

enum hn_quality_state {
    HN_QUALITY_PRESENT,
    HN_QUALITY_MISSING,  /* nothing is said */
    HN_QUALITY_UNKNOWN,  /* it is said that it is not known (NOASSERTION, a composition "unknown") */
    HN_QUALITY_REDACTED, /* it is said that it is withheld */
    HN_QUALITY_INVALID,  /* something is said that is not of the form */
    HN_QUALITY_STATES
};
const char *hn_quality_state_name(enum hn_quality_state s); /* "present" */

/* One document under inspection. */
struct hn_quality {
    const struct hn_bom *b;
    struct hn_arena *a;
    struct hn_str parameter; /* of the element being checked: a least version, an algorithm */
    struct hn_str found;     /* left by a check: what stands there and is not of the form */
    struct hn_map complete;  /* reference → the composition that speaks of it, the worst of several */
};
/* Before and after any checks. HN_E_NOMEM. */
HN_MUST struct hn_err hn_quality_begin(struct hn_quality *q, const struct hn_bom *b, struct hn_arena *a);
void hn_quality_done(struct hn_quality *q);

struct hn_quality_check {
    const char *name; /* "component.supplier", as profiles name it */
    enum hn_quality_state (*check)(struct hn_quality *q, const struct hn_bom_component *c);
    /* Once for the document: where it stands, or should, in CycloneDX, SPDX 2 and SPDX 3. All NULL: once for the
     * subject and for every component that is no file. */
    const char *place[3];
};

/* NULL: no such check. */
const struct hn_quality_check *hn_quality_check_find(struct hn_str name);
/* All of them, ended by a NULL name. */
extern const struct hn_quality_check hn_quality_checks[];

struct hn_quality_place {
    const struct hn_bom_component *c; /* NULL: the document */
    enum hn_quality_state state;
    struct hn_str place, found; /* JSON pointer; what stands there, of INVALID */
};
struct hn_quality_count {
    size_t n, state[HN_QUALITY_STATES];
    struct hn_quality_place *bad; /* not PRESENT, the first `most` */
    size_t n_bad, n_kept;
};
/* Runs a check over the document; keeps at most `most` places. */
HN_MUST struct hn_err hn_quality_run(struct hn_quality *q, const struct hn_quality_check *check, size_t most,
                                     struct hn_quality_count *ret);
