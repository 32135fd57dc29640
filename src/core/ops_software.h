/* Shared by the ops_software*.c files. */
#pragma once

#include "core/ops_in.h"
#include "store/software.h"

#define OPS_AS_OF                                                                                                      \
    {                                                                                                                  \
        "as_of", HN_IN_QUERY, HN_PT_TIME, false, NULL, "as it was at that time (default: now)", 0, 64                  \
    }
#define OPS_CSV                                                                                                        \
    {                                                                                                                  \
        "format", HN_IN_QUERY, HN_PT_STR, false, "json csv", "csv: all pages, at most 100 000 rows", 0, 0              \
    }
#define OPS_QUERY(name, doc)                                                                                           \
    {                                                                                                                  \
        name, HN_IN_QUERY, HN_PT_STR, false, NULL, doc, 0, 8192                                                        \
    }

/* Is a package in use where others reach it? Looked up in what was observed of the host. */
enum ops_exposure { OPS_EXPOSURE_UNKNOWN, OPS_EXPOSURE_NO, OPS_EXPOSURE_YES };
const char *ops_exposure_name(enum ops_exposure e); /* "unknown", "no", "yes" */
struct ops_host {
    struct hn_str asset;
    enum ops_exposure exposure;
    const char
        *why; /* a word: "not-looked-at", "not-mapped", "not-listening", "loopback", "private", "blocked", "open" */
    struct hn_str listener, process; /* that decide */
};
/* package: name as the package manager has it; empty: the host as a whole (a deployment of unknown files). */
HN_MUST struct hn_err ops_host_look(struct hn_op_ctx *c, struct hn_str asset, struct hn_str package,
                                    struct ops_host *ret);

/* Due date of a vulnerability by the policy's table: "due": {rule, days, inputs, at} with at = since + days. */
void ops_vuln_due(struct hn_op_ctx *c, const struct hn_store_vuln *v, enum ops_exposure exposed, hn_time since);
/* Members of one vulnerability, without braces. */
void ops_vuln_members(struct hn_op_ctx *c, const struct hn_store_vuln *v);
void ops_component_members(struct hn_jw *w, const struct hn_store_component *k);
void ops_kcount(struct hn_jw *w, const char *key, uint64_t n);
void ops_kp(struct hn_jw *w, const char *key, double p); /* a probability, four digits */
/* p_any: null where there are vulnerabilities and of none it is known how likely it is exploited, and where nothing was
 * judged. judged: how many components were, or whether any was */
void ops_kp_any(struct hn_jw *w, double p, uint64_t vulnerabilities, uint64_t judged);
void ops_kknown(struct hn_jw *w, const char *key, double v); /* null when negative */
void ops_ktri(struct hn_jw *w, const char *key, int v);      /* true, false, null */
void ops_person(struct hn_jw *w, const char *key, struct hn_str id, struct hn_str name);
void ops_id_name(struct hn_jw *w, const char *key, struct hn_str id, struct hn_str name); /* null when id is empty */
/* A JSON array of the arguments as the store takes it. Empty when absent. */
HN_MUST struct hn_err ops_arg_json(struct hn_op_ctx *c, const char *name, struct hn_str *ret);

/* A product that there is, as people name it: by its id, or by its name where only one that they may see is called so.
 * Empty when the argument is. */
HN_MUST struct hn_err ops_product(struct hn_op_ctx *c, const char *arg, struct hn_str *ret);

/* With the argument "upload": from here on, the principal is whoever sent that document. */
HN_MUST struct hn_err ops_upload_behalf(struct hn_op_ctx *c);

hn_op_fn ops_reach, ops_upgrades;

/* For hn_store_on_range(): does what a statement names cover this package URL, or, when it is empty, this version? */
bool ops_software_covers(struct hn_str said, struct hn_str purl, struct hn_str version);
