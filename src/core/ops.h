/* Operations: everything that a person or a program can ask Hinomi's store role to do, as one declarative table.
 *
 *   table (ops.def.c parts) ─▶ argument checks, HTTP routes, OpenAPI document, CLI calls, roles needed
 *   handler                 ─▶ (principal, args) → JSON; runs in the store role; calls hn_store_* only
 *
 * httpd translates requests to operations by the same table and knows nothing else. */
#pragma once

#include "base/buf.h"
#include "base/json.h"
#include "core/text.h"

struct hn_store;
struct hn_principal;
struct hn_role_state;

/* Who may call it. NONE: also without a session; SESSION: anybody signed in; LOCAL: only over the role's own socket
 * (same user or root). The ordered roles are compared with the best grant of the principal; handlers check the
 * organisation that the object belongs to. */
enum hn_need {
    HN_NEED_NONE,
    HN_NEED_SESSION,
    HN_NEED_VIEWER,
    HN_NEED_OPERATOR,
    HN_NEED_APPROVER,
    HN_NEED_ADMIN,
    HN_NEED_LOCAL
};

enum hn_param_in { HN_IN_PATH, HN_IN_QUERY, HN_IN_BODY };

/* TEXT is {"en","ja"} or a plain string taken for both. Values of path and query are text and are converted. */
enum hn_param_type { HN_PT_STR, HN_PT_INT, HN_PT_NUM, HN_PT_BOOL, HN_PT_TIME, HN_PT_TEXT, HN_PT_OBJ, HN_PT_ARR };

#define HN_PARAM_MAX 4096 /* longest text of one parameter, bytes, unless `most` says otherwise */

struct hn_op_param {
    const char *name;
    enum hn_param_in in;
    enum hn_param_type type;
    bool required;
    const char *enums;   /* space separated allowed values of STR, or NULL */
    const char *doc;     /* one English line, for the OpenAPI document and help */
    int64_t least, most; /* INT, NUM: range; STR, TEXT: longest in bytes (most). 0, 0 = the defaults */
};

struct hn_op_ctx {
    struct hn_store *store;
    const struct hn_principal *who; /* NULL when not signed in */
    struct hn_str session;          /* the token that came with the request, or empty */
    struct hn_str peer;             /* address of the HTTP client; "local" over the role's socket */
    bool local;
    const struct hn_jv *args; /* checked and converted */
    struct hn_arena *arena;   /* of this request */
    struct hn_jw *w;          /* the answer is written here: exactly one value */
    struct hn_buf *out;       /* what w writes to; an export writes here itself and sets type */
    const char *type;         /* MIME type of the answer; NULL = application/json */
    char set_session[72];     /* new session token for the cookie; "-" = remove it */
    struct hn_role_state *role;
    hn_time now;
    struct hn_diag diag; /* English detail of an error */
    const char *err_key; /* text key that tells more than the error's own, or NULL */
    struct hn_param *err_params;
};

typedef struct hn_err hn_op_fn(struct hn_op_ctx *c);

#define HN_OP_CHANGES 1u /* changes something: CSRF header over HTTP, audit entry */
#define HN_OP_STREAM  2u /* server-sent events; httpd keeps the connection */
#define HN_OP_BIG     4u /* answer may be an export of up to 100 000 rows */
/* The body is no JSON but the parameter "document", of any type (what is no text comes in base 64), up to
 * HN_OP_UPLOAD_MOST bytes; the others are in the query. */
#define HN_OP_UPLOAD      8u
#define HN_OP_UPLOAD_MOST (48 << 20)

struct hn_op {
    const char *name;   /* "findings.list" */
    const char *method; /* "GET"; NULL = no HTTP route */
    const char *path;   /* below /api/v1/: "findings/{id}/fix" */
    enum hn_need need;
    unsigned flags;
    const struct hn_op_param *params; /* ends with {0}; NULL = none */
    const char *answer;               /* name of the schema in core/schemas, NULL = any JSON */
    const char *doc;                  /* one English line */
    hn_op_fn *handler;
};

/* The table is made of parts, one per ops_*.c file; each ends with {0}. */
extern const struct hn_op *const hn_op_parts[];
extern const struct hn_op hn_ops_session[], hn_ops_overview[], hn_ops_findings[], hn_ops_assets[], hn_ops_actions[],
    hn_ops_orgs[], hn_ops_sources[], hn_ops_admin[], hn_ops_local[], hn_ops_run[], hn_ops_software[],
    hn_ops_software_vulns[], hn_ops_software_put[], hn_ops_software_upload[], hn_ops_software_vex[], hn_ops_network[],
    hn_ops_ask[], hn_ops_flows[];

const struct hn_op *hn_op_find(struct hn_str name);
/* Iterates: *i = 0 first; NULL at the end. */
const struct hn_op *hn_op_next(size_t *i);
const char *hn_need_name(enum hn_need n);

/* HTTP route. path without the leading "/api/v1/", percent-encoded as it came; the values of {…} are decoded into the
 * arena and given as an object. NULL: no such path. *ret_allowed (may be NULL) lists the methods of the path. */
const struct hn_op *hn_op_route(struct hn_str method, struct hn_str path, struct hn_arena *a, struct hn_jv *ret_args,
                                struct hn_str *ret_allowed);
/* %XX decoded (and '+' as blank when form is set) into the arena; false unless the result is UTF-8 without NUL. */
bool hn_percent_decode(struct hn_str in, bool form, struct hn_arena *a, struct hn_str *ret);
/* Adds a member to an object under construction in the arena; false on memory. A second one of a name is refused. */
bool hn_jv_put(struct hn_arena *a, struct hn_jv *obj, struct hn_str key, const struct hn_jv *v);

/* Checks raw against the table: unknown names (with the nearest known one), kinds, ranges, enums, required. Gives
 * the converted object. */
HN_MUST struct hn_err hn_op_check(const struct hn_op *op, const struct hn_jv *raw, struct hn_op_ctx *c,
                                  const struct hn_jv **ret);

/* Error with a text of its own: name, value pairs of C strings follow, ended by HN_OP_END. */
#define HN_OP_END ((const char *)NULL)
HN_MUST struct hn_err hn_op_fail(struct hn_op_ctx *c, enum hn_err_code code, const char *key, ...)
    __attribute__((sentinel));
/* {"name","message":{en,ja},"detail"} */
void hn_op_error_write(struct hn_jw *w, const struct hn_op_ctx *c, struct hn_err e);

/* {"en": …, "ja": …} from a catalogue key. */
void hn_jw_text(struct hn_jw *w, struct hn_arena *a, const char *key, const struct hn_param *params);
void hn_jw_ktext(struct hn_jw *w, struct hn_arena *a, const char *name, const char *key, const struct hn_param *params);

/* The OpenAPI 3.1 document made from the table and the embedded schemas. */
void hn_openapi_write(struct hn_jw *w);

/* Data embedded in the program at build time. */
struct hn_embed {
    const char *name; /* "now.json", "/assets/index-3f2a.js" */
    const char *data;
    size_t n;
    const char *etag; /* quoted, from the content's SHA-256 */
};
extern const struct hn_embed hn_schemas[];
extern const size_t hn_schemas_n;
