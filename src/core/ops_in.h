/* Shared by the ops_*.c files only: parameters that recur, rows that recur, paging. */
#pragma once

#include "base/mem.h"
#include "base/str.h"
#include "core/ops.h"
#include "store/store.h"

/* ---- parameters ---- */
#define OPS_PATH_ID                                                                                                    \
    {                                                                                                                  \
        "id", HN_IN_PATH, HN_PT_STR, true, NULL, "identifier", 0, 128                                                  \
    }
#define OPS_PAGE                                                                                                       \
    {"limit", HN_IN_QUERY, HN_PT_INT, false, NULL, "rows of a page (default 50)", 1, 500},                             \
    {                                                                                                                  \
        "cursor", HN_IN_QUERY, HN_PT_STR, false, NULL, "`next` of the page before", 0, 1024                            \
    }
#define OPS_ORG                                                                                                        \
    {                                                                                                                  \
        "org", HN_IN_QUERY, HN_PT_STR, false, NULL, "organisation; its subtree is meant", 0, 128                       \
    }
#define OPS_Q                                                                                                          \
    {                                                                                                                  \
        "q", HN_IN_QUERY, HN_PT_STR, false, NULL, "words to look for", 0, 256                                          \
    }
#define OPS_END                                                                                                        \
    {                                                                                                                  \
        0                                                                                                              \
    }

static inline struct hn_str ops_arg(const struct hn_op_ctx *c, const char *name)
{
    return hn_jv_str(c->args, name);
}
hn_time ops_arg_time(const struct hn_op_ctx *c, const char *name); /* 0 when absent */
/* limit, cursor, sort of the arguments. */
struct hn_page ops_page(const struct hn_op_ctx *c);
/* "me" becomes the account of the principal. */
struct hn_str ops_account(const struct hn_op_ctx *c, struct hn_str who);

/* Gives e back after copying the store's reason into the diagnosis. */
struct hn_err ops_store(struct hn_op_ctx *c, struct hn_err e);
#define OPS_STORE(call) HN_TRY(ops_store(c, (call)))

/* ---- answers ---- */
/* Begins {"items": [ … and ends it with next and total. */
void ops_list_begin(struct hn_op_ctx *c);
void ops_list_end(struct hn_op_ctx *c, const struct hn_listing *l);
void ops_kopt(struct hn_jw *w, const char *key, struct hn_str s); /* left out when empty */
void ops_kopt_time(struct hn_jw *w, const char *key, hn_time t);  /* left out when 0 */
void ops_knull(struct hn_jw *w, const char *key);
void ops_kraw(struct hn_jw *w, const char *key, struct hn_str json,
              const char *dflt);                                                      /* stored JSON; dflt when empty */
void ops_names(struct hn_jw *w, const char *key, struct hn_str en, struct hn_str ja); /* {"en","ja"} */
void ops_kround(struct hn_jw *w, const char *key, double v);                          /* rounded to a tenth */

void ops_org_ref(struct hn_jw *w, struct hn_str id, struct hn_str en, struct hn_str ja); /* "org": {id, name} */
void ops_coverage_counts(struct hn_jw *w, const struct hn_store_coverage_counts *k);
HN_MUST struct hn_err ops_trend(struct hn_op_ctx *c, struct hn_str org, struct hn_str asset, unsigned days);
/* The stored finding as the JSON that core/render.h reads; NULL on memory. */
const struct hn_jv *ops_finding_value(struct hn_arena *a, const struct hn_store_finding *f);
/* A value as JSON text in the arena; empty when absent or null. */
struct hn_str ops_json_text(struct hn_arena *a, const struct hn_jv *v);
/* FindingRow members, without the braces. v from ops_finding_value. */
void ops_finding_members(struct hn_jw *w, struct hn_arena *a, const struct hn_store_finding *f, const struct hn_jv *v);
HN_MUST struct hn_err ops_finding_row(struct hn_jw *w, struct hn_arena *a, const struct hn_store_finding *f);
void ops_kkind(struct hn_jw *w, const struct hn_store_obs *o); /* "kind": "packages.package" */
void ops_obs_members(struct hn_jw *w, const struct hn_store_obs *o);
HN_MUST struct hn_err ops_comments(struct hn_op_ctx *c, const char *on, struct hn_str id);
void ops_history(struct hn_op_ctx *c, const struct hn_store_history *h, size_t n);
void ops_cover_members(struct hn_op_ctx *c, const struct hn_store_cover *k);
HN_MUST struct hn_err ops_finding_query(struct hn_op_ctx *c, struct hn_store_finding_query *q);
/* {"ok": true} */
struct hn_err ops_done(struct hn_op_ctx *c);
/* CSV of any list: pages through `list` (the operation's own handler) and flattens its items. */
HN_MUST struct hn_err ops_csv(struct hn_op_ctx *c, hn_op_fn *list);
/* The same of a list that sorts all its rows for every page: asked once, `limit` being all. */
HN_MUST struct hn_err ops_csv_whole(struct hn_op_ctx *c, hn_op_fn *list);
/* "key": [what would lower the score most …] */
HN_MUST struct hn_err ops_lower(struct hn_op_ctx *c, const char *key, struct hn_str org, struct hn_str asset,
                                unsigned most);
hn_op_fn ops_findings_rank, ops_finding_get, ops_fix_get, ops_fix_post, ops_fix_undo;
/* "fix": {…} | null */
HN_MUST struct hn_err ops_fix_write(struct hn_op_ctx *c, const char *key, const struct hn_store_finding *f);
