/* Is this version of this package affected? The evaluation of the OSV schema ("Evaluation", ossf.github.io/osv-schema),
 * to the letter, and that of CVE JSON 5 (affected[].versions[]).
 *
 * A version is affected when it is in `versions`, or when a range holds it before its limits. Of the events of a range,
 * only the last one that the version has reached decides, so one pass is enough and nothing is sorted: order is by
 * version, on a tie introduced, last_affected, fixed. GIT ranges say nothing about a version and are passed over. Pure;
 * linear in the size of the entry. */
#pragma once

#include "format/advisory/advisory.h"
#include "format/version/vers.h"

enum hn_adv_verdict {
    HN_VERDICT_NOT,      /* something was there to decide by, and the version is outside */
    HN_VERDICT_AFFECTED, /* it is inside */
    HN_VERDICT_UNDECIDED /* nothing could be decided: see reason */
};

enum hn_adv_reason {
    HN_REASON_OUTSIDE,     /* NOT: no range, no list has it */
    HN_REASON_LISTED,      /* AFFECTED: in `versions` */
    HN_REASON_RANGE,       /* AFFECTED: in a range */
    HN_REASON_WHOLE,       /* AFFECTED: of a range of versions, every one */
    HN_REASON_STATUS,      /* the source states it of the product as a whole */
    HN_REASON_NO_ORDER,    /* UNDECIDED: not listed, and the ecosystem's order is not known */
    HN_REASON_NO_VERSION,  /* UNDECIDED: the version is no version of its kind: "(devel)", "unknown" */
    HN_REASON_COMMITS_ONLY /* UNDECIDED: only GIT ranges, or nothing at all */
};

struct hn_adv_eval {
    enum hn_adv_verdict verdict;
    enum hn_adv_reason reason;
    enum hn_version_order order;       /* that was used */
    enum hn_adv_range_type type;       /* RANGE: of it */
    struct hn_str introduced;          /* RANGE: from this version on; "0": from the beginning */
    struct hn_str until;               /* RANGE: up to here, empty: no end */
    enum hn_adv_event_kind until_kind; /* fixed: without it; last_affected: with it */
    struct hn_str listed;              /* LISTED: as the list spells it */
    struct hn_str fixed;               /* AFFECTED: the first version above that is fixed; empty: none is known */
    bool has_custom, in_custom;        /* Go: ranges that are no semantic versions exist; they hold the version too */
};

/* order: of the package's ecosystem; ranges of type SEMVER take SemVer whatever it is (Go: Go's). */
void hn_adv_evaluate(const struct hn_adv_affected *f, enum hn_version_order order, struct hn_str version,
                     struct hn_adv_eval *ret);

/* The same of a component of which only a range of versions is known (CycloneDX 1.7 versionRange). What lies between
 * two versions that are named counts as one or more versions, since nobody knows of all that there are: ALL and NONE
 * are certain, SOME may be none. ret: of ALL, as above. Pure; linear in the size of the entry, times that of the range.
 */
enum hn_adv_overlap {
    HN_OVERLAP_NONE,
    HN_OVERLAP_SOME,
    HN_OVERLAP_ALL,
    HN_OVERLAP_UNDECIDED /* commits only, another order than the range's, statements of CVE JSON 5 */
};
enum hn_adv_overlap hn_adv_evaluate_range(const struct hn_adv_affected *f, enum hn_version_order order,
                                          const struct hn_vers *range, struct hn_adv_eval *ret);

/* ---------------------------------------------------------------- releases of distributions */

/* What is installed, as far as it is known. */
struct hn_adv_distro {
    struct hn_str id;      /* os-release ID: "debian", "ubuntu", "alpine", "rhel"; empty: unknown */
    struct hn_str release; /* VERSION_ID or code name: "12", "12.5", "bookworm", "22.04", "3.18.4"; empty: unknown */
};

enum hn_adv_release_fit {
    HN_RELEASE_SAME,  /* the advisory is for this release, or for no release in particular */
    HN_RELEASE_OTHER, /* for another one */
    HN_RELEASE_EXTRA, /* for an extended-support edition of it (Ubuntu Pro), which this is not known to be */
    HN_RELEASE_UNSAID /* the advisory is for one release, and which one is installed is not known */
};
/* ecosystem: of the advisory, with release ("Ubuntu:Pro:16.04:LTS"). version: the installed one, which may tell the
 * edition ("…+esm1"). */
enum hn_adv_release_fit hn_adv_release_fits(struct hn_str ecosystem, const struct hn_adv_distro *d,
                                            struct hn_str version);
/* Is that base ecosystem ("Debian") divided into releases? */
bool hn_adv_has_releases(struct hn_str ecosystem);
