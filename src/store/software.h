/* The store's part for software: products, what is in them, where they run, what is known to be wrong with it.
 *
 *   product ─▶ release ─▶ SBOM (the newest counts) ─┐
 *                 │                                 ├─▶ component ◀─ match ─▶ advisory ─(aliases)─▶ vulnerability
 *                 └─▶ deployment ─▶ asset ──────────┘ (the host's own packages)
 *                          └─▶ service, customers
 *
 * The same promises as store.h: typed, arena results, empty text = absent, times 0 = unknown, everything through the
 * one visibility function. Components, advisories and matches belong to nobody: they are seen through a product or a
 * host that one may see; counts are of what the principal sees. Holders: a release (through its newest SBOM) or a host
 * (through its packages). "As of" a date: holders as they were, and matches as the advisory data of that date had them;
 * 0 = now. */
#pragma once

#include "store/store.h"

/* ---------------------------------------------------------------- products, releases, deployments */

struct hn_store_product_in {
    struct hn_str id; /* empty: a new one. Otherwise what is empty below stays as it is ("-" makes a text empty) */
    struct hn_str org, name, supplier, owner /* account id */, contract, note;
    hn_time contract_from, contract_until;
    struct hn_str obligations; /* JSON array of strings */
};
struct hn_store_product {
    struct hn_str id, org, org_name_en, org_name_ja, name, supplier, owner, owner_name, contract, note;
    struct hn_str obligations, created_by; /* JSON array of strings */
    hn_time contract_from, contract_until, created, updated, newest_sbom;
    uint64_t releases, components, unknown /* no data to judge by */, unjudged, deployments;
    uint64_t without_sbom;                   /* releases that nobody gave a bill of materials for */
    uint64_t vulnerabilities, kev, answered; /* answered: by a statement, not counted in the two before */
    double p_any; /* 1 − Π(1 − EPSS) over the vulnerabilities whose EPSS is known; without them 0 */
    uint64_t kev_unknown, epss_unknown; /* no list of exploited ones was given; no EPSS */
};
struct hn_store_product_query {
    struct hn_str org, q, supplier, owner;
    struct hn_str name;       /* exactly this one */
    bool vulnerable, unknown; /* only with open vulnerabilities; only with components that cannot be judged */
    hn_time as_of;
    struct hn_page page; /* name (default), -vulnerabilities, -p, supplier, newest_sbom, components */
};
/* Operator of its organisation (of both when it moves). The same name twice in one organisation: EXISTS. */
HN_MUST struct hn_err hn_store_product_put(struct hn_store *s, const struct hn_principal *p,
                                           const struct hn_store_product_in *in, struct hn_arena *a,
                                           struct hn_str *ret_id);
HN_MUST struct hn_err hn_store_product_end(struct hn_store *s, const struct hn_principal *p, struct hn_str id);
HN_MUST struct hn_err hn_store_products(struct hn_store *s, const struct hn_principal *p,
                                        const struct hn_store_product_query *q, struct hn_arena *a,
                                        struct hn_store_product **ret, struct hn_listing *ret_listing);
HN_MUST struct hn_err hn_store_product_get(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                           hn_time as_of, struct hn_arena *a, struct hn_store_product *ret);
HN_MUST struct hn_err hn_store_product_history(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                               struct hn_arena *a, struct hn_store_history **ret, size_t *ret_n);
/* id of a product by its name within one organisation; NOENT. */
HN_MUST struct hn_err hn_store_product_find(struct hn_store *s, const struct hn_principal *p, struct hn_str org,
                                            struct hn_str name, struct hn_arena *a, struct hn_str *ret_id);

struct hn_store_release {
    struct hn_str id, product, version, sbom; /* sbom: the newest; empty = none */
    hn_time created, sbom_since;
    uint64_t components, unknown, deployments, vulnerabilities, kev;
};
/* Newest first. */
HN_MUST struct hn_err hn_store_releases(struct hn_store *s, const struct hn_principal *p, struct hn_str product,
                                        hn_time as_of, struct hn_arena *a, struct hn_store_release **ret,
                                        size_t *ret_n);

struct hn_store_deployment_in {
    struct hn_str product, version; /* version: made when it is new */
    struct hn_str asset, owner, service, note;
    struct hn_str org;       /* empty: the asset's, or else the product's */
    struct hn_str customers; /* JSON array of strings */
    hn_time since;           /* 0 = now */
};
struct hn_store_deployment {
    struct hn_str id, org, org_name_en, org_name_ja, product, product_name, release, version, asset, asset_name;
    struct hn_str owner, owner_name, service, customers, note, created_by;
    hn_time since, until;
};
/* Operator of the deployment's organisation; product and asset must be visible. */
HN_MUST struct hn_err hn_store_deployment_put(struct hn_store *s, const struct hn_principal *p,
                                              const struct hn_store_deployment_in *in, struct hn_arena *a,
                                              struct hn_str *ret_id);
HN_MUST struct hn_err hn_store_deployment_end(struct hn_store *s, const struct hn_principal *p, struct hn_str id);
struct hn_store_deployment_query {
    struct hn_str org, product, asset, q;
    bool with_ended;
    struct hn_page page; /* default: -since; since product version service asset, each also with "-" */
};
HN_MUST struct hn_err hn_store_deployments(struct hn_store *s, const struct hn_principal *p,
                                           const struct hn_store_deployment_query *q, struct hn_arena *a,
                                           struct hn_store_deployment **ret, struct hn_listing *ret_listing);

struct hn_store_supplier {
    struct hn_str name; /* empty: products without one */
    uint64_t products, releases, without_sbom, components, unknown, vulnerabilities, kev, kev_unknown, deployments;
    double p_any;
    hn_time oldest_sbom, contract_next; /* next contract to end */
};
struct hn_store_supplier_query {
    struct hn_str org, q;
    struct hn_page page; /* default: known exploited, then p, falling; name products components vulnerabilities p
                          * oldest_sbom contract_next, each also with "-" */
};
HN_MUST struct hn_err hn_store_suppliers(struct hn_store *s, const struct hn_principal *p,
                                         const struct hn_store_supplier_query *q, struct hn_arena *a,
                                         struct hn_store_supplier **ret, struct hn_listing *ret_listing);

/* ---------------------------------------------------------------- bills of materials */

struct hn_store_component_in {
    struct hn_str ecosystem; /* as OSV names it, with the release: "Debian:12", "npm"; empty = none */
    struct hn_str name;      /* the key that advisories use: "org.apache:log4j", "github.com/x/y" */
    struct hn_str version, source, source_version; /* source: what the advisories of the ecosystem name, if another */
    struct hn_str type, licence, purl, cpe, supplier;
    struct hn_str lookup; /* JSON object of the matcher's own (modules/sbom/part.h), or empty */
};
struct hn_store_edge { /* positions in the list; HN_STORE_SUBJECT = what the document describes */
    uint32_t from, to; /* from pulls in to */
};
#define HN_STORE_SUBJECT         UINT32_MAX
#define HN_STORE_COMPONENTS_MOST 2000000u /* of one document */

struct hn_store_sbom_in {
    struct hn_str product, version; /* id of the product; the release is made when new */
    struct hn_bytes raw;            /* the document as it came; kept packed. May be empty */
    uint8_t sha256[32];             /* of raw */
    struct hn_str family, spec, subject, author;
    hn_time made_at;
    struct hn_str quality, problems; /* JSON */
    size_t n_components, n_edges;
    const struct hn_store_component_in *components;
    const struct hn_store_edge *edges;
    size_t n_stated;        /* positions whose dependencies the document states, even if there are none */
    const uint32_t *stated; /* (missing is unknown, not none) */
};
struct hn_store_sbom_result {
    struct hn_str id, release;
    bool known;           /* this very document is already the newest of the release; nothing changed */
    uint64_t fresh;       /* components never seen before */
    struct hn_str former; /* the document that it replaces */
};
/* Operator of the product's organisation. One transaction. */
HN_MUST struct hn_err hn_store_sbom_put(struct hn_store *s, const struct hn_principal *p,
                                        const struct hn_store_sbom_in *in, struct hn_arena *a,
                                        struct hn_store_sbom_result *ret);

struct hn_store_sbom {
    struct hn_str id, product, product_name, release, version, org, org_name_en, org_name_ja;
    struct hn_str sha256, family, spec, subject, author, put_by, quality, problems;
    hn_time made_at, put_at, since, until;
    uint64_t components, edges, bytes, unknown;
};
struct hn_store_sbom_query {
    struct hn_str org, product, q;
    bool all;            /* also those that a newer one replaced */
    struct hn_page page; /* -put_at (default), made_at, components, product */
};
HN_MUST struct hn_err hn_store_sboms(struct hn_store *s, const struct hn_principal *p,
                                     const struct hn_store_sbom_query *q, struct hn_arena *a,
                                     struct hn_store_sbom **ret, struct hn_listing *ret_listing);
HN_MUST struct hn_err hn_store_sbom_get(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                        struct hn_arena *a, struct hn_store_sbom *ret);
/* The document as it came; NOENT when it was not kept. */
HN_MUST struct hn_err hn_store_sbom_raw(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                        struct hn_arena *a, struct hn_bytes *ret);

/* The packages of a host, from the run that was just put; the same as before changes nothing. Operator of the asset. */
HN_MUST struct hn_err hn_store_asset_components(struct hn_store *s, const struct hn_principal *p, struct hn_str asset,
                                                hn_time at, const struct hn_store_component_in *components, size_t n);

/* ---------------------------------------------------------------- components */

enum hn_component_state { HN_COMPONENT_UNJUDGED, HN_COMPONENT_JUDGED, HN_COMPONENT_UNKNOWN };

struct hn_store_component {
    struct hn_str id, ecosystem, name, version, source, source_version, type, licence, purl, cpe, supplier;
    struct hn_str lookup; /* JSON, or empty */
    enum hn_component_state state;
    struct hn_str why_unknown;
    uint64_t releases, assets; /* that hold it and that one may see */
    uint64_t vulnerabilities, kev;
    double p_any;
};
struct hn_store_component_query {
    struct hn_str org, product, release, sbom, asset; /* at most one of the last four */
    struct hn_str q, ecosystem, name /* exactly */, licence, vuln /* id or alias */;
    bool vulnerable, unknown;
    hn_time as_of;
    struct hn_page page; /* -vulnerabilities (default), name, -holders, ecosystem, licence */
};
HN_MUST struct hn_err hn_store_components(struct hn_store *s, const struct hn_principal *p,
                                          const struct hn_store_component_query *q, struct hn_arena *a,
                                          struct hn_store_component **ret, struct hn_listing *ret_listing);
HN_MUST struct hn_err hn_store_component_get(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                             hn_time as_of, struct hn_arena *a, struct hn_store_component *ret);
struct hn_store_facet { /* ecosystems or licences with how many components, most first */
    struct hn_str value;
    uint64_t components, unknown;
};
HN_MUST struct hn_err hn_store_component_facets(struct hn_store *s, const struct hn_principal *p, struct hn_str org,
                                                bool licences, struct hn_arena *a, struct hn_store_facet **ret,
                                                size_t *ret_n);

/* A shortest way from the subject of the document to the component. stated false: the document does not say. */
struct hn_store_path {
    struct hn_str sbom, product, product_name, version, org;
    bool stated;
    size_t n;
    struct hn_store_component *steps; /* without the subject; the component is the last */
};
/* One path for each visible release that holds it, by product name; at most `most`. */
HN_MUST struct hn_err hn_store_component_paths(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                               unsigned most, struct hn_arena *a, struct hn_store_path **ret,
                                               size_t *ret_n, uint64_t *ret_total);

/* For matching: every distinct component that somebody holds, n rising from after. System or administrator of root. */
struct hn_store_component_row {
    uint64_t n;
    struct hn_str ecosystem, name, version, source, source_version, type, purl, cpe, lookup;
};
/* The lowest number that no pass has looked at; beyond the last when there is none. */
HN_MUST struct hn_err hn_store_component_unjudged(struct hn_store *s, const struct hn_principal *p, uint64_t *ret);
HN_MUST struct hn_err hn_store_component_rows(struct hn_store *s, const struct hn_principal *p, uint64_t after,
                                              size_t most, struct hn_arena *a, struct hn_store_component_row **ret,
                                              size_t *ret_n);

/* ---------------------------------------------------------------- advisories and matches */

struct hn_store_advisory {
    struct hn_str id, source, aliases /* JSON array */, summary, vector, impact, licence;
    int severity;         /* -1 unknown */
    double cvss, epss;    /* < 0 unknown */
    int kev, automatable; /* -1 unknown */
    hn_time published, modified, withdrawn;
};
struct hn_store_match_in {
    uint64_t component;  /* n of hn_store_component_row */
    uint32_t advisory;   /* position in the list of advisories */
    unsigned confidence; /* percent */
    struct hn_str fixed; /* lowest fixed version; empty = none known */
    struct hn_str why;   /* JSON */
};
struct hn_store_unknown_in {
    uint64_t component;
    struct hn_str why; /* short word: "no-ecosystem", "no-data", "no-version" */
};
struct hn_store_match_run_in {
    hn_time feed_at;     /* newest date in the data used; matches are dated by it */
    struct hn_str feeds; /* JSON array, as the console shows it */
    int64_t duration_ns;
    bool part; /* only the components up to `upto`, from `from`, were judged: others are left alone */
    uint64_t from, upto;
    size_t n_advisories, n_matches, n_unknown;
    const struct hn_store_advisory *advisories;
    const struct hn_store_match_in *matches;
    const struct hn_store_unknown_in *unknown;
};
struct hn_store_match_result {
    uint64_t components, unknown, matches, opened, closed;
};
/* Takes what a matching pass found, in one transaction: what is not in it any more is closed, what is new is opened,
 * both dated feed_at. System or administrator of root. */
HN_MUST struct hn_err hn_store_matches_put(struct hn_store *s, const struct hn_principal *p,
                                           const struct hn_store_match_run_in *in, struct hn_store_match_result *ret);
struct hn_store_match_run {
    hn_time at, feed_at;
    struct hn_str by, feeds;
    uint64_t components, unknown, matches, opened, closed;
    int64_t duration_ns;
};
/* Newest first. */
HN_MUST struct hn_err hn_store_match_runs(struct hn_store *s, const struct hn_principal *p, unsigned most,
                                          struct hn_arena *a, struct hn_store_match_run **ret, size_t *ret_n);

/* Advisories that are aliases of each other are one vulnerability, named by its CVE if it has one. */
struct hn_store_vuln {
    struct hn_str id, summary, vector, impact, fixed; /* fixed: lowest version that cures, where all agree */
    size_t n_advisories;
    const struct hn_store_advisory **advisories;
    int severity, kev, automatable;
    double cvss, epss;
    hn_time published, first_matched; /* first_matched: since when something visible is known to be affected */
    uint64_t components, products, releases, assets, answered; /* answered: holders for which a statement says not */
};
struct hn_store_vuln_query {
    struct hn_str org, product, release, component, asset, q;
    bool kev;
    bool answered; /* also those that statements answer for every holder */
    int severity_min;
    hn_time as_of;
    struct hn_page page; /* -risk (default: KEV, then EPSS, then CVSS), -cvss, -holders, id, -published */
};
HN_MUST struct hn_err hn_store_vulns(struct hn_store *s, const struct hn_principal *p,
                                     const struct hn_store_vuln_query *q, struct hn_arena *a,
                                     struct hn_store_vuln **ret, struct hn_listing *ret_listing);
/* By any of its names. */
HN_MUST struct hn_err hn_store_vuln_get(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                        hn_time as_of, struct hn_arena *a, struct hn_store_vuln *ret);

/* ---------------------------------------------------------------- reach */

enum hn_vex_status { HN_VEX_NOT_AFFECTED, HN_VEX_AFFECTED, HN_VEX_FIXED, HN_VEX_UNDER_INVESTIGATION, HN_VEX_NONE };
const char *hn_vex_status_name(enum hn_vex_status st);
bool hn_vex_status_parse(struct hn_str s, enum hn_vex_status *ret);

struct hn_store_reach_query {
    struct hn_str vuln; /* id or alias; or empty and purl: with version, or without for all versions */
    struct hn_str purl;
    struct hn_str org;
    hn_time as_of;
};
struct hn_store_reach_component {
    uint64_t n;
    struct hn_str id, ecosystem, name, version, purl, fixed, advisory, why;
    unsigned confidence;
};
struct hn_store_reach_release {
    struct hn_str id, version, product, product_name, supplier, org, org_name_en, org_name_ja, owner, owner_name, sbom;
    enum hn_vex_status vex; /* HN_VEX_NONE: nobody has said anything */
    struct hn_str vex_id;
    uint32_t n_components;
    const uint32_t *components; /* positions in components */
};
struct hn_store_reach_asset {
    struct hn_str id, name, org, org_name_en, org_name_ja;
    double criticality;
    uint32_t n_components; /* by its own packages; 0 = only through a deployment */
    const uint32_t *components;
};
struct hn_store_reach_deployment {
    struct hn_str id, service, owner, owner_name, customers /* JSON array */;
    uint32_t release, asset; /* positions; asset HN_STORE_SUBJECT = none named, or not visible */
};
struct hn_store_reach {
    struct hn_str vuln;
    hn_time feed_at; /* of the matching pass that this rests on; 0 = none has run */
    size_t n_components, n_releases, n_assets, n_deployments;
    struct hn_store_reach_component *components;
    struct hn_store_reach_release *releases;
    struct hn_store_reach_asset *assets;
    struct hn_store_reach_deployment *deployments;
};
HN_MUST struct hn_err hn_store_reach(struct hn_store *s, const struct hn_principal *p,
                                     const struct hn_store_reach_query *q, struct hn_arena *a,
                                     struct hn_store_reach *ret);

/* What upgrading would close: one row for each open (package, vulnerability), over everything visible. */
struct hn_store_upgrade_row {
    struct hn_str ecosystem, package, fixed, vuln; /* package: source package where there is one */
    uint64_t findings;                             /* holders */
    double epss;                                   /* < 0 unknown */
    int kev;
};
HN_MUST struct hn_err hn_store_upgrade_rows(struct hn_store *s, const struct hn_principal *p, struct hn_str org,
                                            struct hn_str product, struct hn_arena *a,
                                            struct hn_store_upgrade_row **ret, size_t *ret_n);

/* ---------------------------------------------------------------- statements (VEX) */

/* Who knows package URLs and orders of versions, which is nothing of the store's: does `said`, by which a statement
 * names something ("pkg:npm/x?vers=vers:npm/<2"), cover this package URL; when that is empty, this version? Without it,
 * statements about ranges apply to nothing. */
void hn_store_on_range(struct hn_store *s,
                       bool (*covers)(struct hn_str said, struct hn_str purl, struct hn_str version));

struct hn_store_vex_in {
    struct hn_str product, version, purl, vuln; /* product empty: every product of org */
    struct hn_str org;                          /* empty: the product's */
    enum hn_vex_status status;
    struct hn_str justification, statement, author, origin, document;
    unsigned trust; /* 0 … 100; own statements 100 */
    hn_time at, expires;
};
struct hn_store_vex {
    struct hn_str id, org, org_name_en, org_name_ja, product, product_name, version, purl, vuln, justification;
    struct hn_str statement, author, origin, document, put_by;
    enum hn_vex_status status;
    unsigned trust;
    hn_time at, expires, put_at, ended_at;
    bool in_force; /* not ended, not expired */
};
/* Approver of the organisation for not_affected and fixed, else operator. */
/* Is it a package URL of a range of versions (qualifier "vers")? */
bool hn_store_vex_has_range(struct hn_str purl);
/* Has the package URL the product's name, in letters of any case: "pkg:generic/acme/front?vers=…" and "Front"? */
bool hn_store_vex_names(struct hn_str purl, struct hn_str product);
HN_MUST struct hn_err hn_store_vex_put(struct hn_store *s, const struct hn_principal *p,
                                       const struct hn_store_vex_in *in, struct hn_arena *a, struct hn_str *ret_id);
HN_MUST struct hn_err hn_store_vex_end(struct hn_store *s, const struct hn_principal *p, struct hn_str id);
struct hn_store_vex_query {
    struct hn_str org, product, vuln, q;
    bool with_ended;
    struct hn_page page; /* default: -at; at vuln status product author expires, each also with "-" */
};
HN_MUST struct hn_err hn_store_vexes(struct hn_store *s, const struct hn_principal *p,
                                     const struct hn_store_vex_query *q, struct hn_arena *a, struct hn_store_vex **ret,
                                     struct hn_listing *ret_listing);
HN_MUST struct hn_err hn_store_vex_get(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                       struct hn_arena *a, struct hn_store_vex *ret);

/* ---------------------------------------------------------------- documents that came over HTTP */

/* Kept until a worker has read it; then what was read and what was wrong stays, the newest HN_STORE_UPLOADS_KEPT. */
#define HN_STORE_UPLOADS_WAITING 32u /* more are refused (BUSY) until some are read */
#define HN_STORE_UPLOADS_KEPT    1000u

struct hn_store_upload {
    struct hn_str id, org, org_name_en, org_name_ja, kind /* "sbom", "vex" */, file, args, state, result, put_by;
    struct hn_str sha256; /* hex */
    uint64_t bytes;
    hn_time put_at, ended_at;
};
struct hn_store_upload_in {
    struct hn_str org, kind, file, args; /* org: id; args: JSON object */
    struct hn_bytes raw;
};
/* Operator of the organisation. The same document with the same words, not yet read, is not taken twice: its id comes
 * back. */
HN_MUST struct hn_err hn_store_upload_put(struct hn_store *s, const struct hn_principal *p,
                                          const struct hn_store_upload_in *in, struct hn_arena *a,
                                          struct hn_str *ret_id);
HN_MUST struct hn_err hn_store_uploads(struct hn_store *s, const struct hn_principal *p, struct hn_str org,
                                       struct hn_str state, const struct hn_page *page, struct hn_arena *a,
                                       struct hn_store_upload **ret, struct hn_listing *ret_listing);
HN_MUST struct hn_err hn_store_upload_get(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                          struct hn_arena *a, struct hn_store_upload *ret);
/* For the program itself (admin of the root): the next to be read, now `reading`; NOENT when none waits. One whose
 * reader was lost is given out again once, then it has failed. */
HN_MUST struct hn_err hn_store_upload_take(struct hn_store *s, const struct hn_principal *p, struct hn_arena *a,
                                           struct hn_store_upload *ret, struct hn_bytes *ret_raw);
/* On whose behalf: the account's present rights. Somebody without an account (bootstrap, this machine): p itself. */
HN_MUST struct hn_err hn_store_upload_principal(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                                struct hn_arena *a, struct hn_principal *ret);
HN_MUST struct hn_err hn_store_upload_raw(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                          struct hn_arena *a, struct hn_bytes *ret);
/* state "matching", "done", "refused", "failed"; result: JSON object, or empty: as it was. */
HN_MUST struct hn_err hn_store_upload_set(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                          struct hn_str state, struct hn_str result);
/* How many wait; with `again`, those that were under way when the program ended wait once more. */
HN_MUST struct hn_err hn_store_uploads_open(struct hn_store *s, bool again, uint64_t *ret);

/* ---------------------------------------------------------------- two dates, side by side */

struct hn_store_software_diff { /* vulnerabilities that appeared or went between two dates */
    struct hn_str vuln, summary;
    bool appeared; /* else it went */
    int severity, kev;
    double cvss, epss;
    uint64_t holders; /* on the date on which it was there */
};
HN_MUST struct hn_err hn_store_software_diff(struct hn_store *s, const struct hn_principal *p, struct hn_str org,
                                             struct hn_str product, hn_time from, hn_time to, struct hn_arena *a,
                                             struct hn_store_software_diff **ret, size_t *ret_n);

/* Everything at once, for the head of the section. */
struct hn_store_software_now {
    uint64_t products, releases, without_sbom, sboms, components, judged, unknown, unjudged, hosts;
    uint64_t vulnerabilities, kev, answered, kev_unknown, epss_unknown;
    double p_any;
    hn_time matched_at, feed_at;
};
HN_MUST struct hn_err hn_store_software_now(struct hn_store *s, const struct hn_principal *p, struct hn_str org,
                                            hn_time as_of, struct hn_arena *a, struct hn_store_software_now *ret);
