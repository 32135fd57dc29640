/* What the readers share; private to this folder. */
#pragma once

#include "base/json.h"
#include "format/advisory/reader.h"

/* A list that grows in the arena; doubling wastes less than the list itself. */
struct hn_adv_vec {
    void *p;
    size_t n, cap;
};
/* Room for one more, zeroed; NULL when the arena is full. */
void *hn_adv_push(struct hn_arena *a, struct hn_adv_vec *v, size_t size);
static inline struct hn_adv_strs hn_adv_vec_strs(const struct hn_adv_vec *v)
{
    return (struct hn_adv_strs){v->p, v->n};
}
void hn_adv_push_str(struct hn_arena *a, struct hn_adv_vec *v, struct hn_str s); /* empty ones are left out */
void hn_adv_push_str_once(struct hn_arena *a, struct hn_adv_vec *v, struct hn_str s);

/* Dates as the sources write them: RFC 3339, without a zone (NVD, CVE: UTC), date alone; 0 for others and for year 1.
 */
hn_time hn_adv_time(struct hn_str s);
/* First sentence or line of a longer text, at most 200 bytes. */
struct hn_str hn_adv_first_line(struct hn_str text);
/* "CVSS:3.1/…" → 3.1; "AV:N/AC:L/Au:N/…" → 2. */
enum hn_adv_cvss hn_adv_cvss_of(struct hn_str vector);
bool hn_adv_is_cve(struct hn_str id); /* CVE-YYYY-NNNN… */
/* "CWE-79 Cross-site …" → "CWE-79"; empty when the text names none. */
struct hn_str hn_adv_cwe_in(struct hn_str text);
/* The parts of a purl, decoded (in the arena where they had escapes); false when it is none. */
struct hn_adv_purl {
    struct hn_str type, namespace, name, version, distro, epoch, arch;
};
bool hn_adv_purl_parts(struct hn_arena *a, struct hn_str purl, struct hn_adv_purl *ret);
/* Fills ecosystem and name from the purl where they are missing. */
void hn_adv_fill_from_purl(struct hn_arena *a, struct hn_adv_affected *f);

/* ---- pulling */

/* Leaves the container that was just opened. */
bool hn_adv_leave(struct hn_jr *r);
/* CWE ids of the list that comes next: texts, or objects with "cweId" (Go, PyPA, GHSA write them differently). */
bool hn_adv_cwes_next(struct hn_jr *r, struct hn_arena *a, struct hn_adv_strs *ret);

/* ---- trees */

/* The members of an array; none when it is something else. */
#define HN_ADV_EACH(item, array)                                                                                       \
    for (const struct hn_jv *item = (array) && (array)->kind == HN_JV_ARR ? (array)->items : NULL,                     \
                            *item##_end = item ? item + (array)->n : NULL;                                             \
         item != item##_end; item++)

/* Texts of an array, or a single text. */
struct hn_adv_strs hn_adv_tree_strs(struct hn_arena *a, const struct hn_jv *v);
struct hn_str hn_adv_tree_str(const struct hn_jv *obj, const char *key); /* never NULL */
hn_time hn_adv_tree_time(const struct hn_jv *obj, const char *key);
/* [{url, type | tags[0] | source}] */
void hn_adv_tree_references(struct hn_arena *a, const struct hn_jv *list, struct hn_adv_text *ret);
/* CPE configurations: NVD "configurations" and CVE 5 "cpeApplicability" have one shape, [{operator, negate, nodes:
 * [{operator, negate, cpeMatch: [{vulnerable, criteria, version…}]}]}]. Appends to nodes. */
void hn_adv_tree_nodes(struct hn_arena *a, const struct hn_jv *configurations, struct hn_adv_vec *nodes);
/* CVE 5 affected[] (also NVD affectedData); who: whose claim it is, kept as the note. SSVC {timestamp, options: […]}:
 * the later one stays. */
void hn_adv_tree_cve_affected(struct hn_arena *a, const struct hn_jv *list, struct hn_str who,
                              struct hn_adv_vec *affected);
void hn_adv_tree_ssvc(const struct hn_jv *content, struct hn_adv_ssvc *ret);
/* CVSS objects {version, vectorString, baseScore, baseSeverity}; false when there is no vector. */
bool hn_adv_tree_cvss(const struct hn_jv *cvss, struct hn_adv_severity *ret);

/* ---- documents */

/* Whole document as a tree; tells bad() otherwise. */
const struct hn_jv *hn_adv_tree(struct hn_bytes doc, const struct hn_adv_sink *s);
/* Walks to the array under `key` of the top object and calls each() with every member as a tree of its own, the arena
 * being cleared after each; other members of the top object are given to other() (may be NULL), arrays and objects
 * among them left out. A member that does not fit the arena is told to bad() and passed over. */
bool hn_adv_each_member(struct hn_bytes doc, const char *key, const struct hn_adv_sink *s,
                        void (*each)(void *arg, const struct hn_jv *v, uint64_t offset),
                        void (*other)(void *arg, struct hn_str key, struct hn_str value), void *arg);
/* The same for the members of the top object: each() with their keys. */
bool hn_adv_each_pair(struct hn_bytes doc, const struct hn_adv_sink *s,
                      void (*each)(void *arg, struct hn_str key, const struct hn_jv *v, uint64_t offset), void *arg);
/* Gives the record on, after the last checks: an id that is empty or too long is bad. */
bool hn_adv_give(const struct hn_adv_sink *s, struct hn_adv *adv, const struct hn_adv_text *text, uint64_t offset);

#define HN_ADV_ID_MAX 256u
#define HN_ADV_DEPTH  128u

/* ---- the forms */

bool hn_adv_read_osv_list(struct hn_bytes doc, const struct hn_adv_sink *s);
bool hn_adv_read_cve5(struct hn_bytes doc, const struct hn_adv_sink *s);
bool hn_adv_read_nvd(struct hn_bytes doc, const struct hn_adv_sink *s);
bool hn_adv_read_kev_json(struct hn_bytes doc, const struct hn_adv_sink *s);
bool hn_adv_read_kev_csv(struct hn_bytes doc, const struct hn_adv_sink *s);
bool hn_adv_read_epss(struct hn_bytes doc, const struct hn_adv_sink *s);
bool hn_adv_read_csaf(struct hn_bytes doc, const struct hn_adv_sink *s);
bool hn_adv_read_openvex(struct hn_bytes doc, const struct hn_adv_sink *s);
bool hn_adv_read_debian(struct hn_bytes doc, const struct hn_adv_sink *s);
bool hn_adv_read_usn(struct hn_bytes doc, const struct hn_adv_sink *s);
bool hn_adv_read_ubuntu_cve(struct hn_bytes doc, const struct hn_adv_sink *s);
bool hn_adv_read_alpine(struct hn_bytes doc, const struct hn_adv_sink *s);
bool hn_adv_read_vuldef(struct hn_bytes doc, const struct hn_adv_sink *s);
bool hn_adv_read_jvnrss(struct hn_bytes doc, const struct hn_adv_sink *s);
