/* Actions: what somebody does about a finding. Only a diagnosis sets `verified`. */
#include "core/ops_in.h"

static struct hn_err action_members(struct hn_op_ctx *c, const struct hn_store_action *a)
{
    struct hn_jw *w = c->w;

    hn_jw_kstr(w, "id", a->id);
    hn_jw_key(w, "finding");
    HN_TRY(ops_finding_row(w, c->arena, &a->row));
    ops_org_ref(w, a->row.org, a->row.org_name_en, a->row.org_name_ja);
    hn_jw_kc(w, "state", hn_action_state_name(a->state));
    hn_jw_key(w, "owner");
    if (a->owner.n) {
        hn_jw_obj(w);
        hn_jw_kstr(w, "id", a->owner);
        hn_jw_kstr(w, "name", a->owner_name);
        hn_jw_obj_end(w);
    } else {
        hn_jw_null(w);
    }
    hn_jw_ktime(w, "due", a->due);
    hn_jw_ktime(w, "created", a->created);
    hn_jw_kstr(w, "created_by", a->created_by);
    hn_jw_ktime(w, "updated", a->updated);
    hn_jw_ktime(w, "claimed_at", a->claimed_at);
    hn_jw_ktime(w, "verified_at", a->verified_at);
    ops_kopt(w, "verified_run", a->verified_run);
    hn_jw_ktime(w, "excepted_until", a->excepted_until);
    ops_kopt(w, "reason", a->reason);
    return HN_OK;
}

static struct hn_err list(struct hn_op_ctx *c)
{
    struct hn_str state = ops_arg(c, "state"), due = ops_arg(c, "due");
    enum hn_action_state st = HN_ACTION_OPEN;
    struct hn_store_action *a;
    struct hn_listing l;

    if (hn_str_eqc(ops_arg(c, "format"), "csv"))
        return ops_csv(c, list);
    if (state.n && !hn_action_state_parse(state, &st))
        return (struct hn_err){HN_E_INVALID};
    struct hn_store_action_query q = {.org = ops_arg(c, "org"),
                                      .owner = ops_account(c, ops_arg(c, "owner")),
                                      .asset = ops_arg(c, "asset"),
                                      .q = ops_arg(c, "q"),
                                      .state = state.n ? (int)st : -1,
                                      .due = hn_str_eqc(due, "overdue") ? HN_DUE_OVERDUE
                                             : hn_str_eqc(due, "week")  ? HN_DUE_WEEK
                                             : hn_str_eqc(due, "none")  ? HN_DUE_NONE
                                                                        : HN_DUE_ANY,
                                      .page = ops_page(c)};
    OPS_STORE(hn_store_actions(c->store, c->who, &q, c->arena, &a, &l));
    ops_list_begin(c);
    for (size_t i = 0; i < l.n; i++) {
        hn_jw_obj(c->w);
        HN_TRY(action_members(c, &a[i]));
        hn_jw_kint(c->w, "comments", (int64_t)a[i].comments);
        hn_jw_obj_end(c->w);
    }
    ops_list_end(c, &l);
    return HN_OK;
}

static struct hn_err write_one(struct hn_op_ctx *c, struct hn_str id)
{
    struct hn_store_action a;
    struct hn_store_history *h;
    size_t n;

    OPS_STORE(hn_store_action_get(c->store, c->who, id, c->arena, &a));
    OPS_STORE(hn_store_action_history(c->store, c->who, a.id, c->arena, &h, &n));
    hn_jw_obj(c->w);
    HN_TRY(action_members(c, &a));
    HN_TRY(ops_comments(c, "action", a.id));
    ops_history(c, h, n);
    hn_jw_obj_end(c->w);
    return HN_OK;
}

static struct hn_err get(struct hn_op_ctx *c)
{
    return write_one(c, ops_arg(c, "id"));
}

static struct hn_err create(struct hn_op_ctx *c)
{
    struct hn_str id;
    struct hn_store_finding f;

    OPS_STORE(hn_store_finding_get(c->store, c->who, ops_arg(c, "finding"), c->arena, &f));
    OPS_STORE(hn_store_action_put(c->store, c->who, f.id, ops_account(c, ops_arg(c, "owner")), ops_arg_time(c, "due"),
                                  ops_arg(c, "comment"), c->arena, &id));
    return write_one(c, id);
}

static struct hn_err transition(struct hn_op_ctx *c)
{
    struct hn_store_transition t = {.comment = ops_arg(c, "comment"),
                                    .reason = ops_arg(c, "reason"),
                                    .owner = ops_account(c, ops_arg(c, "owner")),
                                    .due = ops_arg_time(c, "due"),
                                    .until = ops_arg_time(c, "until")};

    if (!hn_action_state_parse(ops_arg(c, "to"), &t.to))
        return (struct hn_err){HN_E_INVALID};
    if (t.to == HN_ACTION_EXCEPTED && (!t.reason.n || !t.until))
        return hn_op_fail(c, HN_E_INVALID, "error.except-how", HN_OP_END);
    OPS_STORE(hn_store_action_move(c->store, c->who, ops_arg(c, "id"), &t));
    return write_one(c, ops_arg(c, "id"));
}

static struct hn_err comment(struct hn_op_ctx *c)
{
    struct hn_store_comment k;

    OPS_STORE(hn_store_comment_put(c->store, c->who, "action", ops_arg(c, "id"), ops_arg(c, "text"), c->arena, &k));
    hn_jw_obj(c->w);
    hn_jw_kstr(c->w, "id", k.id);
    hn_jw_ktime(c->w, "at", k.at);
    hn_jw_kstr(c->w, "by", k.by_name.n ? k.by_name : k.by);
    hn_jw_kstr(c->w, "text", k.text);
    hn_jw_obj_end(c->w);
    return HN_OK;
}

/* Each action is given once: who asks has to tell its owner. */
static struct hn_err remind(struct hn_op_ctx *c)
{
    struct hn_store_action *a;
    size_t n;

    OPS_STORE(hn_store_actions_remind(c->store, ops_arg_time(c, "before"), ops_arg_time(c, "since"), c->arena, &a, &n));
    hn_jw_obj(c->w);
    hn_jw_key(c->w, "items");
    hn_jw_arr(c->w);
    for (size_t i = 0; i < n; i++) {
        struct hn_store_account who;
        hn_jw_obj(c->w);
        HN_TRY(action_members(c, &a[i]));
        if (a[i].owner.n && hn_ok(hn_store_account_get(c->store, c->who, a[i].owner, c->arena, &who))) {
            hn_jw_kstr(c->w, "owner_user", who.user);
            hn_jw_kstr(c->w, "owner_lang", who.lang);
        }
        hn_jw_obj_end(c->w);
    }
    hn_jw_arr_end(c->w);
    hn_jw_obj_end(c->w);
    return HN_OK;
}

static const struct hn_op_param list_params[] = {
    OPS_ORG,
    {"state", HN_IN_QUERY, HN_PT_STR, false, "open accepted in_progress claimed verified excepted", "state", 0, 0},
    {"owner", HN_IN_QUERY, HN_PT_STR, false, NULL, "account id, or me", 0, 128},
    {"due", HN_IN_QUERY, HN_PT_STR, false, "overdue week none", "by due date", 0, 0},
    {"asset", HN_IN_QUERY, HN_PT_STR, false, NULL, "asset id", 0, 128},
    OPS_Q,
    {"sort", HN_IN_QUERY, HN_PT_STR, false, "due -due score -score updated -updated", "default: due", 0, 0},
    OPS_PAGE,
    {"format", HN_IN_QUERY, HN_PT_STR, false, "json csv", "csv: all pages, at most 100 000 rows", 0, 0},
    OPS_END};
static const struct hn_op_param remind_params[] = {
    {"before", HN_IN_BODY, HN_PT_TIME, true, NULL, "due before", 0, 64},
    {"since", HN_IN_BODY, HN_PT_TIME, true, NULL, "and not reminded since", 0, 64},
    OPS_END};
static const struct hn_op_param create_params[] = {
    {"finding", HN_IN_BODY, HN_PT_STR, true, NULL, "finding id", 0, 128},
    {"owner", HN_IN_BODY, HN_PT_STR, false, NULL, "account id, or me", 0, 128},
    {"due", HN_IN_BODY, HN_PT_TIME, false, NULL, "default: the finding's", 0, 64},
    {"comment", HN_IN_BODY, HN_PT_STR, false, NULL, "comment", 0, HN_COMMENT_MOST},
    OPS_END};
static const struct hn_op_param id_params[] = {OPS_PATH_ID, OPS_END};
static const struct hn_op_param transition_params[] = {
    OPS_PATH_ID,
    {"to", HN_IN_BODY, HN_PT_STR, true, "open accepted in_progress claimed excepted",
     "new state (the present one: change owner or due only)", 0, 0},
    {"comment", HN_IN_BODY, HN_PT_STR, false, NULL, "comment", 0, HN_COMMENT_MOST},
    {"reason", HN_IN_BODY, HN_PT_STR, false, NULL, "needed for excepted", 0, HN_PARAM_MAX},
    {"owner", HN_IN_BODY, HN_PT_STR, false, NULL, "account id, or me", 0, 128},
    {"due", HN_IN_BODY, HN_PT_TIME, false, NULL, "due date", 0, 64},
    {"until", HN_IN_BODY, HN_PT_TIME, false, NULL, "needed for excepted", 0, 64},
    OPS_END};
static const struct hn_op_param comment_params[] = {
    OPS_PATH_ID, {"text", HN_IN_BODY, HN_PT_STR, true, NULL, "the comment", 0, HN_COMMENT_MOST}, OPS_END};

const struct hn_op hn_ops_actions[] = {
    {"actions.list", "GET", "actions", HN_NEED_VIEWER, HN_OP_BIG, list_params, "actions", "Actions", list},
    {"actions.create", "POST", "actions", HN_NEED_OPERATOR, HN_OP_CHANGES, create_params, "action",
     "Begins an action for a finding", create},
    {"actions.get", "GET", "actions/{id}", HN_NEED_VIEWER, 0, id_params, "action",
     "One action with comments and history", get},
    {"actions.transition", "POST", "actions/{id}/transition", HN_NEED_OPERATOR, HN_OP_CHANGES, transition_params,
     "action", "Moves it to another state; excepted needs approver", transition},
    {"actions.comment", "POST", "actions/{id}/comments", HN_NEED_OPERATOR, HN_OP_CHANGES, comment_params, "comment",
     "Adds a comment", comment},
    {"actions.remind", NULL, NULL, HN_NEED_LOCAL, HN_OP_CHANGES, remind_params, NULL,
     "Actions that their owners should be reminded of, each once", remind},
    {0}};
