/* Findings: the list, and what a person says about one. The single finding is in ops_finding.c. */
#include "core/export.h"
#include "core/ops_in.h"
#include "core/registry.h"

struct hn_err ops_finding_query(struct hn_op_ctx *c, struct hn_store_finding_query *q)
{
    struct hn_str status = ops_arg(c, "status"), severity = ops_arg(c, "severity"), due = ops_arg(c, "due"),
                  fix = ops_arg(c, "fix");
    enum hn_severity sev = HN_SEV_INFO;
    enum hn_finding_status st = HN_F_OPEN;

    *q = (struct hn_store_finding_query){.org = ops_arg(c, "org"),
                                         .asset = ops_arg(c, "asset"),
                                         .kind = ops_arg(c, "kind"),
                                         .module = ops_arg(c, "module"),
                                         .class_ = ops_arg(c, "class"),
                                         .cause = ops_arg(c, "cause"),
                                         .q = ops_arg(c, "q"),
                                         .by_fix = fix.n > 0,
                                         .min_score = hn_jv_num(c->args, "min_score", 0),
                                         .page = ops_page(c)};
    if (severity.n && !hn_severity_parse(severity, &sev))
        return (struct hn_err){HN_E_INVALID};
    q->severity_min = sev;
    if (fix.n && !hn_fix_state_parse(fix, &q->fix))
        return (struct hn_err){HN_E_INVALID};
    if (status.n && !hn_str_eqc(status, "any") && !hn_finding_status_parse(status, &st))
        return (struct hn_err){HN_E_INVALID};
    q->status = hn_str_eqc(status, "any") ? HN_F_ANY_STATUS : (int)st;
    q->due = hn_str_eqc(due, "overdue") ? HN_DUE_OVERDUE
             : hn_str_eqc(due, "week")  ? HN_DUE_WEEK
             : hn_str_eqc(due, "none")  ? HN_DUE_NONE
                                        : HN_DUE_ANY;
    return HN_OK;
}

static struct hn_err list(struct hn_op_ctx *c)
{
    struct hn_store_finding_query q;
    struct hn_store_finding *f;
    struct hn_listing l;
    struct hn_str format = ops_arg(c, "format");

    HN_TRY(ops_finding_query(c, &q));
    if (format.n && !hn_str_eqc(format, "json"))
        return hn_export_findings(c, &q, format);
    OPS_STORE(hn_store_findings(c->store, c->who, &q, c->arena, &f, &l));
    ops_list_begin(c);
    for (size_t i = 0; i < l.n; i++)
        HN_TRY(ops_finding_row(c->w, c->arena, &f[i]));
    ops_list_end(c, &l);
    return HN_OK;
}

static struct hn_err comment(struct hn_op_ctx *c)
{
    struct hn_store_comment k;
    struct hn_store_finding f;

    OPS_STORE(hn_store_finding_get(c->store, c->who, ops_arg(c, "id"), c->arena, &f));
    OPS_STORE(hn_store_comment_put(c->store, c->who, "finding", f.id, ops_arg(c, "text"), c->arena, &k));
    hn_jw_obj(c->w);
    hn_jw_kstr(c->w, "id", k.id);
    hn_jw_ktime(c->w, "at", k.at);
    hn_jw_kstr(c->w, "by", k.by_name.n ? k.by_name : k.by);
    hn_jw_kstr(c->w, "text", k.text);
    hn_jw_obj_end(c->w);
    return HN_OK;
}

static const struct hn_op_param list_params[] = {
    OPS_ORG,
    {"asset", HN_IN_QUERY, HN_PT_STR, false, NULL, "asset id", 0, 128},
    {"kind", HN_IN_QUERY, HN_PT_STR, false, NULL, "kind of finding", 0, 128},
    {"module", HN_IN_QUERY, HN_PT_STR, false, NULL, "module", 0, 64},
    {"class", HN_IN_QUERY, HN_PT_STR, false, "vulnerability configuration integrity resilience detection hygiene",
     "class of problem", 0, 0},
    {"severity", HN_IN_QUERY, HN_PT_STR, false, "info low medium high critical", "that severity or worse", 0, 0},
    {"status", HN_IN_QUERY, HN_PT_STR, false, "open not_seen closed excepted any", "default: open", 0, 0},
    {"due", HN_IN_QUERY, HN_PT_STR, false, "overdue week none", "by due date", 0, 0},
    {"cause", HN_IN_QUERY, HN_PT_STR, false, NULL, "put right by the same deed", 0, 512},
    {"fix", HN_IN_QUERY, HN_PT_STR, false, "requested approved applying applied failed undone",
     "state of the newest change that was asked for", 0, 0},
    {"min_score", HN_IN_QUERY, HN_PT_NUM, false, NULL, "score at least", 0, 100},
    OPS_Q,
    {"sort", HN_IN_QUERY, HN_PT_STR, false,
     "score -score due -due first_seen -first_seen last_seen -last_seen severity -severity asset -asset",
     "default: -score", 0, 0},
    OPS_PAGE,
    {"format", HN_IN_QUERY, HN_PT_STR, false, "json csv ocsf sarif",
     "csv, ocsf, sarif: all pages, at most 100 000 rows", 0, 0},
    {"lang", HN_IN_QUERY, HN_PT_STR, false, "en ja", "language of an export", 0, 0},
    OPS_END};
static const struct hn_op_param comment_params[] = {
    OPS_PATH_ID, {"text", HN_IN_BODY, HN_PT_STR, true, NULL, "the comment", 0, HN_COMMENT_MOST}, OPS_END};

static const struct hn_op_param id_params[] = {OPS_PATH_ID, OPS_END};
static const struct hn_op_param fix_params[] = {OPS_PATH_ID,
                                                {"approve", HN_IN_BODY, HN_PT_BOOL, false, NULL,
                                                 "true: approve (approver), and it runs; else request (operator)", 0,
                                                 0},
                                                OPS_END};

static struct hn_err raw(struct hn_op_ctx *c)
{
    struct hn_store_finding f;

    OPS_STORE(hn_store_finding_get(c->store, c->who, ops_arg(c, "id"), c->arena, &f));
    const struct hn_jv *v = ops_finding_value(c->arena, &f);
    if (!v)
        return (struct hn_err){HN_E_NOMEM};
    hn_jw_value(c->w, v);
    return HN_OK;
}

static const struct hn_op_param rank_params[] = {
    {"policy", HN_IN_BODY, HN_PT_STR, true, NULL, "the policy file's text", 0, 1 << 20},
    {"org", HN_IN_BODY, HN_PT_STR, false, NULL, "organisation; its subtree is meant", 0, 128},
    {"asset", HN_IN_BODY, HN_PT_STR, false, NULL, "asset id", 0, 128},
    {"limit", HN_IN_BODY, HN_PT_INT, false, NULL, "rows (default 50)", 1, 500},
    OPS_END};

const struct hn_op hn_ops_findings[] = {
    {"findings.list", "GET", "findings", HN_NEED_VIEWER, HN_OP_BIG, list_params, "findings", "Findings, ranked", list},
    {"findings.get", "GET", "findings/{id}", HN_NEED_VIEWER, 0, id_params, "finding",
     "One finding with its reasons, evidence and history", ops_finding_get},
    {"findings.raw", "GET", "findings/{id}/raw", HN_NEED_VIEWER, 0, id_params, NULL,
     "One finding as it is stored: parameters and terms from which its texts and its score are made", raw},
    {"findings.rank", "POST", "policy/rank", HN_NEED_VIEWER, HN_OP_CHANGES, rank_params, "ranking",
     "What another policy would make of the open findings: their old and new places. Changes nothing",
     ops_findings_rank},
    {"findings.comment", "POST", "findings/{id}/comments", HN_NEED_OPERATOR, HN_OP_CHANGES, comment_params, "comment",
     "Adds a comment", comment},
    {"findings.fix", "GET", "findings/{id}/fix", HN_NEED_VIEWER, 0, id_params, "fix",
     "The exact change that would put it right", ops_fix_get},
    {"findings.fix_request", "POST", "findings/{id}/fix", HN_NEED_OPERATOR, HN_OP_CHANGES, fix_params, "fix",
     "Requests or approves the change", ops_fix_post},
    {"findings.fix_undo", "POST", "findings/{id}/undo", HN_NEED_APPROVER, HN_OP_CHANGES, id_params, "fix",
     "Undoes the change", ops_fix_undo},
    {0}};
