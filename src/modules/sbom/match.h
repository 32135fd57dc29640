/* The matcher: parts of a document against the advisory index. */
#pragma once

#include "format/advisory/advisory.h"
#include "format/cvss/cvss.h"
#include "modules/sbom/part.h"

struct sbom_score { /* one opinion on severity, scored by us */
    const struct hn_adv_severity *said;
    struct hn_cvss cvss;
};

/* What all records of one alias group say together; kept once per id. */
struct sbom_group {
    struct hn_adv_facts facts;
    struct hn_str name; /* the CVE, else the first id */
};

struct sbom_match {
    const struct sbom_part *part;
    hn_adv_ref ref;
    struct hn_adv adv; /* head only */
    struct hn_adv_affected affected;
    struct hn_adv_eval eval;
    enum hn_adv_release_fit fit;
    const struct sbom_group *group;
    struct sbom_score best; /* said == NULL: nobody gave a vector */
    enum hn_cvss_rating rating;
    bool rated;
    bool unimportant;    /* the distribution says that it does not matter */
    bool platform;       /* CPE: another product must be there too, which the document does not show */
    unsigned confidence; /* percent */
};

struct sbom_engine {
    const struct hn_adv_index *index;
    struct hn_arena *keep; /* groups; as long as the run */
    struct hn_map groups;  /* id → struct sbom_group */
    struct hn_str ecosystems[256];
    size_t n_ecosystems;
};

void sbom_engine_init(struct sbom_engine *e, const struct hn_adv_index *index, struct hn_arena *keep);
void sbom_engine_done(struct sbom_engine *e);

/* All matches of one document, in the order of parts, then of advisory ids. parts[].unknown is set where nothing could
 * be said. Lives in a. False: out of memory (what was found is there). */
struct sbom_matches {
    struct sbom_match *first;
    size_t n, cap;
};
/* Releases of which the index speaks at all, as far as the packages that were asked for show. Lives as long as the
 * engine. */
#define SBOM_RELEASES 64
struct sbom_releases {
    struct {
        struct hn_str ecosystem, release;
        bool seen, other;
    } of[SBOM_RELEASES];
    size_t n;
};
/* Of the part; -1: it has none, or it is one too many. */
int sbom_release_find(const struct sbom_releases *r, const struct sbom_part *p);
/* Nothing is spoken of in this release, but something in others: the feed lacks it. */
bool sbom_release_missing(const struct sbom_releases *r, int at);

/* One part of parts[], appended; the others are there for platforms of CPE configurations. */
bool sbom_match_part(struct sbom_engine *e, struct hn_arena *a, struct sbom_part *parts, size_t n, size_t i,
                     struct sbom_releases *releases, struct sbom_matches *ret);
bool sbom_match_parts(struct sbom_engine *e, struct hn_arena *a, struct sbom_part *parts, size_t n,
                      struct sbom_matches *ret);
/* The same for who needs no match any more once it was told: one part's are in memory at a time. a: that of the part,
 * for whatever is as short-lived. most: bytes of it. parts[].unknown is settled at the end. */
bool sbom_match_each(struct sbom_engine *e, struct sbom_part *parts, size_t n, size_t most,
                     void (*each)(void *arg, struct hn_arena *a, const struct sbom_match *m), void *arg);
/* cpe.c: matches of a part by its CPE name, appended. others: the parts of the document, for platforms. */
bool sbom_match_cpe(struct sbom_engine *e, struct hn_arena *a, const struct sbom_part *p,
                    const struct sbom_part *others, size_t n_others, struct sbom_matches *ret);
/* Fills what follows from part, adv, affected and eval; appends. */
bool sbom_match_add(struct sbom_engine *e, struct hn_arena *a, struct sbom_matches *m, const struct sbom_match *one);
/* NULL: out of memory. */
const struct sbom_group *sbom_group_of(struct sbom_engine *e, struct hn_str id);
