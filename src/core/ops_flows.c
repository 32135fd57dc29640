/* Questions about stored flows, answered by the verbs of the module flow in a worker.
 *
 * Who may ask. The archive is one for the whole installation and says who talked to whom, whatever organisation they
 * belong to: questions of one's own need a role at the root. A suspect is an observation of a host, seen by whoever
 * sees the host: the flows of that pair, and no others, are part of its evidence. The filter is then made here, out of
 * the stored observation. */
#include <stdio.h>

#include "base/ip.h"
#include "base/str.h"
#include "core/ask.h"
#include "core/ops_in.h"
#include "store/network.h"

#define CSV_TYPE     "text/csv; charset=utf-8; header=present"
#define EXPORT_ROWS  100000
#define SUSPECT_ROWS 10000u

/* ---------------------------------------------------------------- what is asked */

static bool wants_csv(const struct hn_op_ctx *c)
{
    return hn_str_eqc(ops_arg(c, "format"), "csv");
}

static struct hn_err begin(struct hn_op_ctx *c, const char *verb, struct hn_ask_task *t)
{
    HN_TRY(hn_ask_begin(c, wants_csv(c) ? CSV_TYPE : NULL, t));
    hn_ask_word(t, HN_STR("flow"));
    hn_ask_word(t, hn_str_c(verb));
    hn_ask_word(t, wants_csv(c) ? HN_STR("--csv") : HN_STR("--json"));
    return HN_OK;
}

static void times(struct hn_op_ctx *c, struct hn_ask_task *t)
{
    hn_ask_option(c, t, "since", ops_arg(c, "since"));
    hn_ask_option(c, t, "until", ops_arg(c, "until"));
}

static void number(struct hn_op_ctx *c, struct hn_ask_task *t, const char *option, int64_t n)
{
    hn_ask_option(c, t, option, hn_arena_fmt(c->arena, "%lld", (long long)n));
}

static struct hn_err put(struct hn_op_ctx *c, struct hn_ask_task *t, struct hn_str filter)
{
    hn_ask_word(t, HN_STR("--"));
    if (filter.n)
        hn_ask_word(t, filter);
    return hn_ask_put(c, t, HN_STR(""));
}

static struct hn_err may_see_all(struct hn_op_ctx *c)
{
    if (hn_store_visible(c->store, c->who, HN_STR(HN_STORE_ROOT), HN_ROLE_VIEWER))
        return HN_OK;
    return hn_op_fail(c, HN_E_PERM, "error.flows-of-all", HN_OP_END);
}

/* ---------------------------------------------------------------- the explorer */

static struct hn_err list_with(struct hn_op_ctx *c, struct hn_str filter)
{
    struct hn_ask_task t;
    struct hn_str cursor = ops_arg(c, "cursor");
    uint64_t skip = 0;

    if (cursor.n && !hn_str_u64(cursor, 10, &skip))
        return hn_op_fail(c, HN_E_INVALID, "error.param-wrong", "name", "cursor", "want", "next", HN_OP_END);
    HN_TRY(begin(c, "list", &t));
    times(c, &t);
    number(c, &t, "top", wants_csv(c) ? EXPORT_ROWS : hn_jv_int(c->args, "limit", 50));
    if (skip && skip < INT64_MAX)
        number(c, &t, "skip", (int64_t)skip);
    return put(c, &t, filter);
}

static struct hn_err list(struct hn_op_ctx *c)
{
    HN_TRY(may_see_all(c));
    return list_with(c, ops_arg(c, "filter"));
}

static struct hn_err top(struct hn_op_ctx *c)
{
    struct hn_ask_task t;

    HN_TRY(may_see_all(c));
    HN_TRY(begin(c, "top", &t));
    times(c, &t);
    hn_ask_option(c, &t, "by", ops_arg(c, "by"));
    hn_ask_option(c, &t, "order", ops_arg(c, "order"));
    number(c, &t, "top", hn_jv_int(c->args, "limit", 20));
    return put(c, &t, ops_arg(c, "filter"));
}

static struct hn_err timeline(struct hn_op_ctx *c)
{
    struct hn_ask_task t;

    HN_TRY(may_see_all(c));
    HN_TRY(begin(c, "timeline", &t));
    times(c, &t);
    if (hn_jv_int(c->args, "bin", 0))
        number(c, &t, "bin", hn_jv_int(c->args, "bin", 0));
    return put(c, &t, ops_arg(c, "filter"));
}

/* ---------------------------------------------------------------- a suspect */

struct suspect {
    struct hn_store_obs o;
    const struct hn_jv *f;
};

static struct hn_err suspect_get(struct hn_op_ctx *c, struct suspect *s)
{
    OPS_STORE(hn_store_obs_get(c->store, c->who, ops_arg(c, "id"), c->arena, &s->o));
    if (!hn_str_eqc(s->o.module, "flow") || !hn_str_eqc(s->o.kind, "suspect"))
        return (struct hn_err){HN_E_NOENT};
    s->f = hn_jv_parse(c->arena, hn_str_bytes(s->o.fields), NULL);
    return s->f ? HN_OK : (struct hn_err){HN_E_NOMEM};
}

/* An address as it is written in a filter; empty when what is stored is none. */
static struct hn_str address(struct hn_op_ctx *c, const struct suspect *s, const char *field)
{
    struct hn_ip ip;
    char text[HN_IP_TEXT];

    if (!hn_ip_parse(hn_jv_str(s->f, field), &ip))
        return HN_STR("");
    return hn_arena_str(c->arena, hn_str_c(hn_ip_text(&ip, text)));
}

/* The flows behind it: of the host, with the peer where there is one, on the port where there is one. */
static struct hn_err filter_of(struct hn_op_ctx *c, const struct suspect *s, struct hn_str *ret)
{
    struct hn_str host = address(c, s, "host"), peer = address(c, s, "peer");
    long long port = (long long)hn_jv_int(s->f, "port", 0);

    if (!host.n)
        return (struct hn_err){HN_E_CORRUPT};
    *ret = hn_arena_fmt(c->arena, peer.n ? "host %.*s and host %.*s" : "src host %.*s%.*s", HN_FMT(host), HN_FMT(peer));
    if (port > 0 && port <= 65535)
        *ret = hn_arena_fmt(c->arena, "%.*s and port %lld", HN_FMT(*ret), port);
    return HN_OK;
}

static struct hn_err suspect(struct hn_op_ctx *c)
{
    struct suspect s;
    struct hn_str filter;
    struct hn_jw *w = c->w;

    HN_TRY(suspect_get(c, &s));
    HN_TRY(filter_of(c, &s, &filter));
    hn_jw_obj(w);
    hn_jw_kstr(w, "id", s.o.id);
    hn_jw_kstr(w, "subject", s.o.subject);
    hn_jw_ktime(w, "at", s.o.at);
    hn_jw_key(w, "asset");
    hn_jw_obj(w);
    hn_jw_kstr(w, "id", s.o.asset);
    hn_jw_kstr(w, "name", s.o.asset_name);
    hn_jw_obj_end(w);
    ops_kraw(w, "fields", s.o.fields, "{}");
    hn_jw_kstr(w, "filter", filter);
    hn_jw_kbool(w, "may_judge", hn_store_visible(c->store, c->who, s.o.org, HN_ROLE_OPERATOR));
    hn_jw_obj_end(w);
    return HN_OK;
}

static struct hn_err suspect_flows(struct hn_op_ctx *c)
{
    struct suspect s;
    struct hn_str filter;

    HN_TRY(suspect_get(c, &s));
    HN_TRY(filter_of(c, &s, &filter));
    return list_with(c, filter);
}

static struct hn_err suspect_pair(struct hn_op_ctx *c)
{
    struct suspect s;
    struct hn_str filter;
    struct hn_ask_task t;

    HN_TRY(suspect_get(c, &s));
    HN_TRY(filter_of(c, &s, &filter));
    HN_TRY(begin(c, "shape", &t));
    times(c, &t);
    return put(c, &t, filter);
}

/* ---------------------------------------------------------------- feedback */

/* What is known of the host's suspects: the worker tells them anew, the judged one weighed by the verdict, and the
 * store takes them like any other run. */
static struct hn_err known(struct hn_op_ctx *c, const struct suspect *s, struct hn_str *ret)
{
    struct hn_store_kind_query q = {.kind = HN_STR("flow.suspect"), .asset = s->o.asset, .most = SUSPECT_ROWS};
    struct hn_store_obs *o;
    struct hn_buf b;
    struct hn_jw w;
    size_t n;
    bool more;

    OPS_STORE(hn_store_obs_of_kind(c->store, c->who, &q, c->arena, &o, &n, &more));
    hn_buf_init(&b, 3u << 20);
    hn_jw_init(&w, &b);
    hn_jw_obj(&w);
    hn_jw_key(&w, "suspects");
    hn_jw_arr(&w);
    for (size_t i = 0; i < n; i++) {
        hn_jw_obj(&w);
        hn_jw_kstr(&w, "subject", o[i].subject);
        hn_jw_ktime(&w, "at", o[i].at);
        ops_kraw(&w, "fields", o[i].fields, "{}");
        hn_jw_obj_end(&w);
    }
    hn_jw_arr_end(&w);
    hn_jw_obj_end(&w);
    *ret = hn_arena_str(c->arena, hn_buf_text(&b));
    struct hn_err e = hn_buf_err(&b);
    hn_buf_done(&b);
    return e;
}

static struct hn_err judge(struct hn_op_ctx *c)
{
    struct suspect s;
    struct hn_str text, verdict = ops_arg(c, "verdict"), reason = hn_str_trim(ops_arg(c, "reason"));
    struct hn_ask_task t;

    HN_TRY(suspect_get(c, &s));
    if (!hn_store_visible(c->store, c->who, s.o.org, HN_ROLE_OPERATOR))
        return (struct hn_err){HN_E_PERM};
    struct hn_str alert = hn_jv_str(s.f, "alert");
    if (!alert.n)
        return hn_op_fail(c, HN_E_STATE, "error.alert-old", HN_OP_END);
    if (!reason.n && !hn_str_eqc(verdict, "revoke"))
        return hn_op_fail(c, HN_E_INVALID, "error.judge-reason", HN_OP_END);
    HN_TRY(known(c, &s, &text));
    HN_TRY(begin(c, "judge", &t));
    hn_ask_option(c, &t, "reason", reason);
    hn_ask_option(c, &t, "known", HN_STR("-"));
    hn_ask_option(c, &t, "org", s.o.org);
    hn_ask_word(&t, HN_STR("--"));
    hn_ask_word(&t, alert);
    hn_ask_word(&t, verdict);
    HN_TRY(hn_ask_put(c, &t, text));
    return ops_store(c, hn_store_audit_put(c->store, c->who, s.o.org, "flow.judge", s.o.id,
                                           hn_arena_fmt(c->arena, "%.*s: %.*s", HN_FMT(verdict), HN_FMT(reason))));
}

/* ---------------------------------------------------------------- declarations */

#define FILTER                                                                                                         \
    {                                                                                                                  \
        "filter", HN_IN_QUERY, HN_PT_STR, false, NULL,                                                                 \
            "which flows, in the language of `hinomi flow list` (docs/flow-filter.md); empty: all", 0, 2048            \
    }
#define TIMES                                                                                                          \
    {"since", HN_IN_QUERY, HN_PT_TIME, false, NULL, "only flows that began at this time or later", 0, 0},              \
    {                                                                                                                  \
        "until", HN_IN_QUERY, HN_PT_TIME, false, NULL, "only flows that began before this time", 0, 0                  \
    }
#define FORMAT                                                                                                         \
    {                                                                                                                  \
        "format", HN_IN_QUERY, HN_PT_STR, false, "json csv", "csv: as a file, at most 100 000 rows", 0, 0              \
    }
#define PAGE                                                                                                           \
    {"limit", HN_IN_QUERY, HN_PT_INT, false, NULL, "flows of a page (default 50)", 1, 20000},                          \
    {                                                                                                                  \
        "cursor", HN_IN_QUERY, HN_PT_STR, false, NULL, "`next` of the page before", 0, 32                              \
    }
static const struct hn_op_param list_params[] = {FILTER, TIMES, PAGE, FORMAT, OPS_END};
static const struct hn_op_param top_params[] = {
    FILTER,
    TIMES,
    {"by", HN_IN_QUERY, HN_PT_STR, false, NULL,
     "up to six of srcip dstip srcport dstport proto state app tos vlan exporter inif outif srcas dstas as srccountry "
     "dstcountry country flags, with commas between (default: dstport); countries by the files of network.places",
     0, 128},
    {"order", HN_IN_QUERY, HN_PT_STR, false, "flows packets bytes", "what the largest have most of (default: flows)", 0,
     0},
    {"limit", HN_IN_QUERY, HN_PT_INT, false, NULL, "rows (default 20)", 1, 1000},
    FORMAT,
    OPS_END};
static const struct hn_op_param timeline_params[] = {
    FILTER,
    TIMES,
    {"bin", HN_IN_QUERY, HN_PT_INT, false, NULL, "seconds of a bin (default: about sixty bins)", 1, 31622400},
    FORMAT,
    OPS_END};
static const struct hn_op_param id_params[] = {OPS_PATH_ID, OPS_END};
static const struct hn_op_param pair_params[] = {OPS_PATH_ID, TIMES, OPS_END};
static const struct hn_op_param flows_params[] = {OPS_PATH_ID, TIMES, PAGE, FORMAT, OPS_END};
static const struct hn_op_param judge_params[] = {
    OPS_PATH_ID,
    {"verdict", HN_IN_BODY, HN_PT_STR, true, "benign true revoke", "what was found out; revoke: nothing after all", 0,
     0},
    {"reason", HN_IN_BODY, HN_PT_STR, false, NULL, "why; not needed to revoke", 0, 500},
    OPS_END};

const struct hn_op hn_ops_flows[] = {
    {"network.flows", "GET", "network/flows", HN_NEED_VIEWER, HN_OP_BIG, list_params, "flows",
     "Stored flows one by one, oldest first; for roles at the root", list},
    {"network.flows_top", "GET", "network/flows/top", HN_NEED_VIEWER, HN_OP_BIG, top_params, "flows_top",
     "Stored flows added up by one field or several, the largest first; for roles at the root", top},
    {"network.flows_timeline", "GET", "network/flows/timeline", HN_NEED_VIEWER, HN_OP_BIG, timeline_params,
     "flows_timeline", "Stored flows added up over time; for roles at the root", timeline},
    {"network.suspect", "GET", "network/suspects/{id}", HN_NEED_VIEWER, 0, id_params, "network_suspect",
     "One suspect, and the filter of the flows behind it", suspect},
    {"network.suspect_flows", "GET", "network/suspects/{id}/flows", HN_NEED_VIEWER, HN_OP_BIG, flows_params, "flows",
     "The stored flows behind a suspect", suspect_flows},
    {"network.suspect_shape", "GET", "network/suspects/{id}/shape", HN_NEED_VIEWER, 0, pair_params, "flows_shape",
     "Shape of the flows behind a suspect: over time, by interval, by size", suspect_pair},
    {"network.judge", "POST", "network/suspects/{id}/judge", HN_NEED_OPERATOR, HN_OP_CHANGES, judge_params, "done",
     "Says what was found out about a suspect: it, and its like, are ranked by that from then on", judge},
    {0}};
