/* What a component is to the advisories: which ecosystem, which release, which name and version to look up, and how
 * that was learned. Works on anybody's document: what one tool says in a property another says in the purl, a third in
 * a sentence. */
#pragma once

#include "base/json.h"
#include "base/map.h"
#include "format/advisory/eval.h"
#include "format/name/cpe.h"
#include "format/name/purl.h"
#include "format/sbom/bom.h"

/*  enumerator, word in JSON */
#define SBOM_HOW_MAP(XX)                                                                                               \
    XX(OWN, "own-name")               /* the component's own name and version */                                       \
    XX(UPSTREAM, "purl-upstream")     /* purl qualifier upstream= or source= */                                        \
    XX(PROPERTY, "tool-property")     /* Trivy's or syft's property */                                                 \
    XX(SENTENCE, "source-info")       /* SPDX sourceInfo "built package from: …" */                                  \
    XX(RELATION, "generated-from")    /* SPDX relation to a source package */                                          \
    XX(TABLE, "source-table")         /* --sources: a package database that names the source */                        \
    XX(STDLIB, "go-standard-library") /* Go's own library */                                                           \
    XX(CPE, "cpe")

enum sbom_how {
#define XX(name, word) SBOM_HOW_##name,
    SBOM_HOW_MAP(XX)
#undef XX
        SBOM_HOWS
};
const char *sbom_how_word(enum sbom_how h);

/* Why nothing can be said of a component. Texts: sbom.unknown.<word>. */
#define SBOM_UNKNOWN_MAP(XX)                                                                                           \
    XX(NOT, "")                                                                                                        \
    XX(NO_IDENTITY, "no-identity") /* neither purl nor CPE */                                                          \
    XX(BAD_PURL, "bad-purl")       /* unreadable, and no CPE */                                                        \
    XX(NO_VERSION, "no-version")                                                                                       \
    XX(PLACEHOLDER, "placeholder")   /* the version is a word that stands for none */                                  \
    XX(NO_ECOSYSTEM, "no-ecosystem") /* no advisories are published for this type of package */                        \
    XX(NOT_COVERED, "not-covered")   /* the index holds none of that ecosystem */                                      \
    XX(NO_RELEASE, "no-release")     /* advisories are per release, and which it is is not said */                     \
    XX(RELEASE_NOT_COVERED, "release-not-covered")                                                                     \
    XX(RANGE, "range") /* only some of the versions that it may have are affected, or that cannot be decided */        \
    XX(UNDECIDED, "undecided") /* an advisory names it, but its version cannot be placed */                            \
    XX(GUESSED, "guessed")     /* no advisory has that name, which is concluded from a file's */                       \
    XX(FILE, "file")           /* a file or data, no package */

enum sbom_unknown {
#define XX(name, word) SBOM_UNKNOWN_##name,
    SBOM_UNKNOWN_MAP(XX)
#undef XX
        SBOM_UNKNOWNS
};
const char *sbom_unknown_word(enum sbom_unknown u);

/* Why a finding about a component would be false. Texts: sbom.suppressed.<word>. */
#define SBOM_FALSE_MAP(XX)                                                                                             \
    XX(NOT, "")                                                                                                        \
    XX(OWNED, "owned-by-os-package") /* its files belong to a package of the distribution, which patches it itself */  \
    XX(TYPE, "wrong-package-type")   /* the purl says one kind of package, the files another */                        \
    XX(VERSION, "placeholder-version")

enum sbom_false {
#define XX(name, word) SBOM_FALSE_##name,
    SBOM_FALSE_MAP(XX)
#undef XX
        SBOM_FALSES
};
const char *sbom_false_word(enum sbom_false f);

struct sbom_query {
    struct hn_str ecosystem; /* of OSV, without release: "Debian"; empty: none */
    struct hn_adv_distro distro;
    struct hn_str name, version; /* to look up: of a distribution, the source package */
    const struct hn_vers *range; /* in place of a version that is not known; NULL */
    enum hn_version_order order;
};

struct sbom_part_purl { /* what of it is asked for again */
    struct hn_str type, name, version;
};

struct sbom_part {
    const struct hn_bom_component *component;
    struct sbom_part_purl purl;
    struct hn_cpe cpe;
    bool has_purl, has_cpe;
    bool guessed; /* name or version are concluded from the name of a file (SBOM_GUESSED) */
    struct sbom_query query;
    enum sbom_how how;
    enum sbom_unknown unknown;
    enum sbom_false suppressed;
    struct hn_str evidence; /* of suppressed: the path, the owning package, the version */
    struct hn_str overlaps; /* of RANGE: an advisory that does */
};

/* Source packages by binary name, from package databases (dpkg status, apt Packages and Sources). */
struct sbom_sources {
    struct hn_arena *arena;
    struct hn_map by_name; /* binary → struct sbom_source */
};
struct sbom_source {
    struct hn_str name, version, binary_version;
};
void sbom_sources_init(struct sbom_sources *s, struct hn_arena *a);
void sbom_sources_done(struct sbom_sources *s);
/* Reads one database; gives the number of packages whose source has another name. */
size_t sbom_sources_read(struct sbom_sources *s, struct hn_bytes text);

/* Parts of an indexed document, in its order; the subject first when it is a package. Lives in a. NULL: out of memory.
 * sources may be NULL. */
struct sbom_part *sbom_parts(struct hn_arena *a, const struct hn_bom *b, const struct sbom_sources *sources,
                             size_t *ret_n);
/* A component as the portfolio keeps it: one that stands alone, without the document that it came from. lookup: what
 * the document told of it beyond its own names, {"how", "distro", "release", "range", "guessed", "held", "evidence"}.
 */
struct sbom_row {
    struct hn_str ecosystem, name, version, source, source_version, type, purl, cpe, lookup;
};
/* row.c: the row of a part as JSON members into an open object, without ecosystem; and the part of a row, ready to be
 * matched. ret->component lives in a. */
void sbom_part_write(struct hn_jw *w, const struct sbom_part *p);
bool sbom_part_read(struct hn_arena *a, const struct sbom_row *row, struct sbom_part *ret);
/* A component outside of any document. distro: where its package URL does not say it. */
void sbom_part_make(struct hn_arena *a, const struct hn_bom_component *c, const struct hn_adv_distro *distro,
                    struct sbom_part *ret);
/* false_positive.c: sets `suppressed` where the document itself shows that a finding would be false. */
void sbom_parts_check(struct hn_arena *a, const struct hn_bom *b, struct sbom_part *parts, size_t n);
/* The query of a package of a distribution, by os-release ID and VERSION_ID. False: no advisories for it. */
bool sbom_query_of_package(struct hn_str manager, struct hn_str id, struct hn_str release, struct hn_str source,
                           struct hn_str version, struct sbom_query *ret);
