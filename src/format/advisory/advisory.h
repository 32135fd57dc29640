/* Advisories: one record shape for every source, and the index that they are looked up in.
 *
 *   OSV zip, CVE JSON 5, NVD, KEV, EPSS, CSAF …   readers (reader.h): bytes → struct hn_adv, one at a time
 *        └──▶ builder (build.h): bounded memory ──▶ one file, HINOMI_HOME/feed/index
 *                                                        └──▶ this header: mapped read-only, looked up
 *
 * A record is what one source says about one id: CVE-2024-3094 of NVD, of the CVE list, of KEV and of EPSS are four
 * records, and GHSA-… and PYSEC-… of the same problem are two more. They meet through hn_adv_by_id(), which finds a
 * record under its own id and under its aliases. Nothing is merged on the way in, so whoever said something can be
 * named; hn_adv_group() walks the alias group, hn_adv_facts_of() gathers what decides a deadline.
 *
 * How it is used
 *   match      component → hn_adv_by_name(ecosystem, name) → for each hit hn_adv_affected_at() → evaluate ranges and
 *              versions (eval.h) → on a match hn_adv_get() for the head; hn_adv_by_cpe() as the last resort
 *   portfolio  a new advisory → hn_adv_by_id() → hn_adv_get() → its affected[] give (ecosystem, name key): look these
 *              up in the reverse index of components, whose key is made with hn_adv_name_key()
 *   show       hn_adv_group() → hn_adv_get(), hn_adv_text_of() of each
 *
 * Ownership: views point into the mapping or the caller's arena and live as long as the shorter of both. All functions
 * are pure and may run in several threads on one index. A damaged or hostile index never leads outside the mapping:
 * every offset is checked when it is followed; what does not decode is left out (hits) or false (get). */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "base/time.h"

/* ---------------------------------------------------------------- the record */

/* Which form the record came in; also who may replace whom: of two records of one family with the same id (and part)
 * the one modified last stays. */
#define HN_ADV_FAMILY_MAP(XX)                                                                                          \
    XX(OSV, "osv")         /* OSV schema: osv.dev, GHSA, Go, PyPA, Ubuntu, MAL-… */                                  \
    XX(CVE5, "cve")        /* CVE JSON 5.x: CNA and ADP containers */                                                  \
    XX(NVD, "nvd")         /* NVD API 2.0 */                                                                           \
    XX(KEV, "kev")         /* CISA known exploited vulnerabilities */                                                  \
    XX(EPSS, "epss")       /* FIRST exploit prediction */                                                              \
    XX(CSAF, "csaf")       /* CSAF 2.0, one record for each vulnerability of a document; Red Hat's too */              \
    XX(OPENVEX, "openvex") /* OpenVEX statements, one record for each statement */                                     \
    XX(DEBIAN, "debian")   /* Debian security tracker */                                                               \
    XX(UBUNTU, "ubuntu")   /* Ubuntu USN database and CVE API */                                                       \
    XX(ALPINE, "alpine")   /* Alpine secdb */                                                                          \
    XX(JVN, "jvn")         /* JVN iPedia: VULDEF, JVNRSS */

enum hn_adv_family {
#define XX(name, word) HN_ADV_##name,
    HN_ADV_FAMILY_MAP(XX)
#undef XX
        HN_ADV_FAMILIES
};
const char *hn_adv_family_word(enum hn_adv_family f); /* "osv" */

struct hn_adv_strs {
    const struct hn_str *p;
    size_t n;
};

enum hn_adv_cvss { HN_CVSS_NONE, HN_CVSS_2, HN_CVSS_30, HN_CVSS_31, HN_CVSS_40 };
enum hn_adv_sayer {
    HN_SAYER_OTHER,
    HN_SAYER_CNA,
    HN_SAYER_NVD,
    HN_SAYER_ADP,
    HN_SAYER_GHSA,
    HN_SAYER_DISTRO,
    HN_SAYER_JVN
};

/* One opinion on severity. A CVSS vector, or only a word ("high", "unimportant", "important"), never both missing. */
struct hn_adv_severity {
    enum hn_adv_cvss cvss; /* NONE: word only */
    enum hn_adv_sayer sayer;
    bool primary;         /* NVD "Primary" */
    int16_t score;        /* tenths as the source says it, -1: not said. The vector decides */
    struct hn_str vector; /* as written: "CVSS:3.1/AV:N/…", v2 without prefix */
    struct hn_str word;   /* as written */
    struct hn_str source; /* "secalert@redhat.com", "CISA-ADP", "GHSA" */
};

/* ---- affected */

enum hn_adv_event_kind { HN_EVENT_INTRODUCED, HN_EVENT_FIXED, HN_EVENT_LAST_AFFECTED, HN_EVENT_LIMIT };
struct hn_adv_event {
    enum hn_adv_event_kind kind;
    struct hn_str version; /* commit of GIT; "0" introduced = from the beginning; "*" limit = infinity */
};

/* CUSTOM: Go's ecosystem_specific.custom_ranges, for versions that are not semantic. */
enum hn_adv_range_type { HN_RANGE_SEMVER, HN_RANGE_ECOSYSTEM, HN_RANGE_GIT, HN_RANGE_CUSTOM, HN_RANGE_UNKNOWN };
struct hn_adv_range {
    enum hn_adv_range_type type;
    struct hn_str repo;                /* of GIT */
    const struct hn_adv_event *events; /* in the order of the document */
    size_t n;
};

/* CVE JSON 5 affected[].versions[]: [version, less_than) or [version, less_than_or_equal], else version alone. */
struct hn_adv_cve_change {
    struct hn_str at;
    uint8_t status; /* enum hn_adv_status */
};
struct hn_adv_cve_version {
    uint8_t status; /* enum hn_adv_status */
    struct hn_str version, type, less_than, less_than_or_equal;
    const struct hn_adv_cve_change *changes;
    size_t n_changes;
};

/* What a source says of one product: VEX statuses (OpenVEX, CSAF product_status), CVE 5 status/defaultStatus, and the
 * verdicts of distributions. UNSAID: versions and ranges decide (OSV). */
enum hn_adv_status {
    HN_STATUS_UNSAID,
    HN_STATUS_AFFECTED,
    HN_STATUS_NOT_AFFECTED,
    HN_STATUS_FIXED,
    HN_STATUS_INVESTIGATING,
    HN_STATUS_UNKNOWN,
    HN_STATUS_FIRST_AFFECTED, /* CSAF only, like the next three */
    HN_STATUS_LAST_AFFECTED,
    HN_STATUS_FIRST_FIXED,
    HN_STATUS_RECOMMENDED
};

/* Go: what of the module is vulnerable. symbols empty: all of the package. */
struct hn_adv_import {
    struct hn_str path;
    struct hn_adv_strs symbols;
};

struct hn_adv_affected {
    struct hn_str
        ecosystem;      /* as written, release and all: "Debian:12", "Ubuntu:Pro:16.04:LTS", "PyPI"; may be empty */
    struct hn_str name; /* as written; empty when there are only CPE names or vendor/product */
    struct hn_str purl;
    const struct hn_adv_range *ranges;
    size_t n_ranges;
    struct hn_adv_strs versions;
    enum hn_adv_status status; /* CVE 5: defaultStatus */
    struct hn_str vers;        /* CSAF: the range as written, be it VERS or words; not kept in an index */
    struct hn_str urgency;     /* Debian "unimportant", Ubuntu priority */
    struct hn_str note;        /* justification word, flag, "nodsa", Ubuntu pocket */
    struct hn_str statement;   /* impact statement, action statement or remedy, for people */
    struct hn_str within;      /* the product that this component is part of: purl, CPE or name (VEX, CSAF relations) */
    struct hn_str product, vendor, product_name; /* CVE 5 and CSAF: vendor, product; CSAF: full product name */
    struct hn_adv_strs cpes, platforms;
    const struct hn_adv_cve_version *cve_versions;
    size_t n_cve_versions;
    const struct hn_adv_import *imports;
    size_t n_imports;
    const struct hn_adv_severity *severities; /* of this package alone */
    size_t n_severities;
};

/* ---- CPE configurations (NVD 2.0 configurations, CVE 5 cpeApplicability)
 *
 *   nodes[0]  parent -1  AND           roots are alternatives: one that holds is enough
 *   nodes[1]  parent  0  OR   matches  a node holds when its matches and child nodes, joined by its operator, hold,
 *   nodes[2]  parent  0  OR   matches  turned round when it is negated
 * Parents come before their children. */
struct hn_adv_cpe_match {
    struct hn_str criteria; /* "cpe:2.3:a:tukaani:xz:*:…" */
    bool vulnerable;        /* false: platform, context only */
    struct hn_str start_including, start_excluding, end_including, end_excluding;
};
struct hn_adv_cpe_node {
    int32_t parent;
    bool all; /* AND */
    bool negate;
    const struct hn_adv_cpe_match *matches;
    size_t n;
};

/* ---- exploitation */

struct hn_adv_kev {
    bool listed;
    bool ransomware; /* "Known" */
    hn_time added, due;
    struct hn_str action; /* requiredAction */
};
struct hn_adv_epss {
    bool scored;
    double score, percentile; /* 0–1 */
    hn_time date;
};
/* CISA Vulnrichment's decision points; 0 = not said. */
enum hn_adv_exploitation { HN_EXPLOITATION_UNSAID, HN_EXPLOITATION_NONE, HN_EXPLOITATION_POC, HN_EXPLOITATION_ACTIVE };
enum hn_adv_automatable { HN_AUTOMATABLE_UNSAID, HN_AUTOMATABLE_NO, HN_AUTOMATABLE_YES };
enum hn_adv_impact { HN_IMPACT_UNSAID, HN_IMPACT_PARTIAL, HN_IMPACT_TOTAL };
struct hn_adv_ssvc {
    uint8_t exploitation, automatable, impact;
    hn_time date;
};

struct hn_adv {
    enum hn_adv_family family;
    uint16_t feed;    /* which feed of the index brought it */
    struct hn_str id; /* "CVE-2024-3094", "GHSA-…", "MAL-…", "RHSA-…"; of CSAF and OpenVEX: of the vulnerability */
    struct hn_str part; /* tells records with one id apart: package of a tracker, CSAF document, VEX document#number */
    struct hn_str document; /* CSAF tracking id, OpenVEX @id, USN; else empty */
    struct hn_str author;   /* who published: CNA short name, CSAF publisher, VEX author */
    hn_time published, modified, withdrawn;
    bool rejected;       /* CVE state REJECTED, NVD Rejected */
    struct hn_str state; /* as written: NVD vulnStatus ("Deferred"), Go review status ("UNREVIEWED") */
    struct hn_adv_strs aliases, upstream, related, cwes;
    struct hn_str summary; /* title, else the beginning of the description */
    const struct hn_adv_severity *severities;
    size_t n_severities;
    struct hn_adv_kev kev;
    struct hn_adv_epss epss;
    struct hn_adv_ssvc ssvc;
    const struct hn_adv_affected *affected;
    size_t n_affected;
    const struct hn_adv_cpe_node *nodes;
    size_t n_nodes;
};

/* What only people read; kept compressed beside the record. */
struct hn_adv_reference {
    struct hn_str type, url; /* OSV type, CVE tag; may be empty */
};
struct hn_adv_text {
    struct hn_str details; /* Markdown or plain text */
    const struct hn_adv_reference *references;
    size_t n_references;
};

/* ---------------------------------------------------------------- names */

/* "Debian:12" → "Debian"; "Ubuntu:Pro:16.04:LTS" → "Ubuntu". */
struct hn_str hn_adv_ecosystem_base(struct hn_str ecosystem);
/* "Debian:12" → "12"; empty when there is none. */
struct hn_str hn_adv_ecosystem_release(struct hn_str ecosystem);
/* The name as it is compared within an ecosystem: PyPI by PEP 503, Packagist, NuGet, Hex, Pub, GitHub Actions, Swift
 * and Go in lower case, crates.io with "_" as "-". At most `room` bytes into out; a longer name is no key: empty. */
#define HN_ADV_NAME_MAX 1024
struct hn_str hn_adv_name_key(struct hn_str ecosystem, struct hn_str name, char *out, size_t room);
/* Ecosystem of a purl type ("golang" → "Go", "deb" with namespace "debian" → "Debian"); empty when there is none. */
struct hn_str hn_adv_ecosystem_of_purl(struct hn_str type, struct hn_str namespace);

/* ---------------------------------------------------------------- the index */

struct hn_adv_feed {
    struct hn_str name, kind, source, licence;
    hn_time date;     /* of the data: newest record, or what the source says of itself */
    hn_time imported; /* when it was read */
    uint64_t records, rejected;
    uint8_t sha256[32]; /* of the bytes that were read */
};

/* Checked when opened: header, section table (O(number of feeds)); well under a millisecond whatever the size. */
struct hn_adv_index {
    struct hn_bytes map;
    uint64_t key[2]; /* of the table hash */
    uint32_t n_feeds;
    uint64_t n_records;
    hn_time built;
    struct hn_adv_table {
        uint64_t at, n; /* entries */
        uint64_t dir;   /* 2^bits + 1 positions */
        unsigned bits;
    } names, ids, cpes;
    uint64_t records_at, records_end, feeds_at, feeds_len, sums_at;
};

/* map: the whole file, mapped or in memory; stays the caller's and must outlive the index. CORRUPT, UNSUPPORTED (other
 * version: build again from the feeds) with the reason. */
HN_MUST struct hn_err hn_adv_index_open(struct hn_bytes map, struct hn_adv_index *ret, struct hn_diag *reterr);
/* Reads everything: checksums of all blocks, every record decodes, every table entry leads to a record that has its
 * key. */
HN_MUST struct hn_err hn_adv_index_verify(const struct hn_adv_index *x, struct hn_diag *reterr);
bool hn_adv_feed_at(const struct hn_adv_index *x, uint32_t i, struct hn_adv_feed *ret); /* i below n_feeds */

/* Where a record lies: its offset in the file. */
typedef uint64_t hn_adv_ref;

enum hn_adv_role { HN_ROLE_ID, HN_ROLE_ALIAS, HN_ROLE_UPSTREAM, HN_ROLE_RELATED };
struct hn_adv_hit {
    hn_adv_ref ref;
    uint32_t part;         /* by name: where its affected entry lies in the record */
    enum hn_adv_role role; /* by id */
};
/* A lookup under way: no memory, no order promised. Not to be copied (it points into itself); the texts it was begun
 * with must outlive it. */
struct hn_adv_hits {
    const struct hn_adv_index *x;
    const struct hn_adv_table *table;
    uint64_t at, hash;
    struct hn_str a, b;
    char key[HN_ADV_NAME_MAX];
};

/* Entries of affected[] of this package. ecosystem: base or with release (only the base is looked up: the release is
 * for the caller to compare, as hits of other releases are worth showing); name in any spelling. */
void hn_adv_by_name(const struct hn_adv_index *x, struct hn_str ecosystem, struct hn_str name, struct hn_adv_hits *ret);
/* Records with this id, alias, upstream or related id; letter case does not matter. */
void hn_adv_by_id(const struct hn_adv_index *x, struct hn_str id, struct hn_adv_hits *ret);
/* Records one of whose CPE matches or affected[].cpes names this vendor and product (as in the CPE, unescaped letters
 * in lower case); product empty: not looked up. */
void hn_adv_by_cpe(const struct hn_adv_index *x, struct hn_str vendor, struct hn_str product, struct hn_adv_hits *ret);
bool hn_adv_next(struct hn_adv_hits *h, struct hn_adv_hit *ret);

/* The record. False when it does not decode or the arena is full. */
bool hn_adv_get(const struct hn_adv_index *x, hn_adv_ref ref, struct hn_arena *a, struct hn_adv *ret);
/* Only what comes before affected[]: cheaper where that is all that is asked. affected, nodes are left empty. */
bool hn_adv_get_head(const struct hn_adv_index *x, hn_adv_ref ref, struct hn_arena *a, struct hn_adv *ret);
/* The one affected entry of a hit by name. */
bool hn_adv_affected_at(const struct hn_adv_index *x, const struct hn_adv_hit *hit, struct hn_arena *a,
                        struct hn_adv_affected *ret);
bool hn_adv_text_of(const struct hn_adv_index *x, hn_adv_ref ref, struct hn_arena *a, struct hn_adv_text *ret);
/* Every record, in the order of the file: start with *at = 0. */
bool hn_adv_each(const struct hn_adv_index *x, uint64_t *at, hn_adv_ref *ret);

/* Base ecosystems ("Debian", "PyPI") that affected[] of some record names, with the number of such entries; i from 0.
 * What is not among them is not known to the index: a matcher must say "unknown" there, not "clean". CVE, NVD and the
 * like without an ecosystem do not count. */
bool hn_adv_ecosystem_at(const struct hn_adv_index *x, uint32_t i, struct hn_str *ret_name, uint64_t *ret_entries);

/* The alias group of an id: every record reached through ids and aliases, transitively (upstream and related ids are
 * no aliases). At most max records; *ret_cut says that there were more. Withdrawn ones are in it. */
size_t hn_adv_group(const struct hn_adv_index *x, struct hn_str id, struct hn_arena *a, hn_adv_ref *ret, size_t max,
                    bool *ret_cut);

/* What the group says that decides a deadline, each with the feed it is from. */
struct hn_adv_facts {
    struct hn_str cve; /* the CVE of the group that has the most said about it; empty: none */
    struct hn_adv_kev kev;
    struct hn_adv_epss epss;
    struct hn_adv_ssvc ssvc;
    uint16_t kev_feed, epss_feed, ssvc_feed;
    bool kev_known, epss_known; /* a feed of that kind is in the index: "not listed" is knowledge, else unknown */
    const struct hn_adv_severity *severities; /* of all sources, the same vector of the same source once */
    size_t n_severities;
    struct hn_adv_strs ids; /* all ids of the group, the CVE first */
    hn_time published;      /* earliest */
    bool withdrawn;         /* every record of affected packages is withdrawn */
};
bool hn_adv_facts_of(const struct hn_adv_index *x, struct hn_str id, struct hn_arena *a, struct hn_adv_facts *ret);
