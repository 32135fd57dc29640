/* VERS: ranges of versions in one notation (package-url/vers-spec).
 *
 *   vers:npm/>=1.2|!=1.4|<2.0        scheme, then constraints: comparator (none: equal) and version, joined by "|"
 *   vers:pypi/ and an asterisk       every version
 *
 * Versions are percent-encoded; blanks mean nothing. The scheme says the order; of one that is not known only an
 * asterisk and a version that is named to the letter say anything. Pure; linear in the length of the range. */
#pragma once

#include "base/arena.h"
#include "format/version/version.h"

enum hn_vers_answer {
    HN_VERS_OUT,
    HN_VERS_IN,
    HN_VERS_UNKNOWN /* no VERS, a scheme whose order is not known, a version that has none: never to be taken for either
                     */
};

bool hn_vers_is(struct hn_str text); /* begins with "vers:" */

enum hn_vers_compare { HN_VERS_IS, HN_VERS_IS_NOT, HN_VERS_LESS, HN_VERS_LESS_OR_IS, HN_VERS_MORE, HN_VERS_MORE_OR_IS };
/* Takes the first of the constraints that are left ("|" between them): how it compares, and with which version, decoded
 * into a. False: none is left (rest->p is NULL), or this one has no version. */
bool hn_vers_take(struct hn_arena *a, struct hn_str *rest, enum hn_vers_compare *compare, struct hn_str *version);
/* Constraints alone ("vls" of CSAF 2.0, 3.1.2.3.2: ">=1.0|<2", "<= 3", "*"): begins with a comparator or is an
 * asterisk, and has no words in it. */
bool hn_vers_is_bare(struct hn_str text);

/* Is the version in the range? scratch: for decoding; may be cleared after. */
enum hn_vers_answer hn_vers_holds(struct hn_arena *scratch, struct hn_str range, struct hn_str version);
/* A range that is asked about often, read once. */
#define HN_VERS_MOST 64u
struct hn_vers {
    enum hn_version_order order;
    bool all; /* an asterisk */
    size_t n;
    struct hn_vers_constraint {
        enum hn_vers_compare compare;
        struct hn_str version; /* decoded into the arena of hn_vers_parse() */
    } of[HN_VERS_MOST];
};
/* False: no VERS, a scheme whose order is not known, a version that has none, more constraints than fit. */
bool hn_vers_parse(struct hn_arena *a, struct hn_str range, struct hn_vers *ret);
/* Is the version in the range? above: are those right above it, up to the next one that the range names? Those below
 * all that it names stand right above the empty version. */
bool hn_vers_has(const struct hn_vers *v, struct hn_str version, bool above);
/* Of a VERS scheme ("deb", "npm", "semver", "generic"); UNKNOWN when it is not known. */
enum hn_version_order hn_version_order_of_vers(struct hn_str scheme);
