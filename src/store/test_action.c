/* Actions, exceptions, acceptances, fixes: what people may say, and what only a run may. */
#include "base/str.h"
#include "test_store.h"

#define T0        (INT64_C(1790000000) * HN_SECOND)
#define AT(hours) (T0 + (hours)*HN_HOUR)

static struct hn_store *s;
static struct hn_str x, action;

static const char *state(void)
{
    struct hn_store_action a;

    return hn_ok(hn_store_action_get(s, SYS, action, &mem, &a)) ? hn_action_state_name(a.state) : "none";
}

static struct hn_err move(enum hn_action_state to)
{
    return hn_store_action_move(s, SYS, action, &(struct hn_store_transition){.to = to});
}

static struct hn_err except_until(hn_time until, struct hn_str reason)
{
    return hn_store_action_move(
        s, SYS, action, &(struct hn_store_transition){.to = HN_ACTION_EXCEPTED, .until = until, .reason = reason});
}

static void begin(void)
{
    make_home();
    set_now(AT(0));
    s = open_store();
    CHECK(s != NULL);
    x = asset_of(s, "web", S("root"));
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "1", .show = "AB", .at = AT(-1)}, NULL));
    CHECK_OK(hn_store_action_put(s, SYS, finding_id(x, 'A'), S(""), 0, S("look"), &mem, &action));
}

static void end(void)
{
    CHECK_UINT(problems(s), 0);
    hn_store_close(s);
}

TEST(every_transition_is_allowed_or_refused)
{
    static const char table[6][7] = {"111101", "111101", "111101", "001101", "000000", "100001"};
    begin();
    STOP_IF_FAILED();
    for (int from = 0; from < 6; from++)
        for (int to = 0; to < 6; to++) {
            struct hn_str f = finding_id(x, 'B');
            char id[16];
            NOTE("from %s to %s", hn_action_state_name(from), hn_action_state_name(to));
            /* a fresh action in state `from` */
            snprintf(id, sizeof id, "%d-%d", from, to);
            set_now(AT(from * 12 + to * 2 + 1));
            CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = id, .show = "AB", .at = AT(from * 12 + to * 2)}, NULL));
            CHECK_OK(hn_store_action_put(s, SYS, f, S(""), 0, S(""), &mem, &action));
            if (from == HN_ACTION_EXCEPTED)
                CHECK_OK(except_until(AT(1000), S("why")));
            else if (from != HN_ACTION_OPEN && from != HN_ACTION_VERIFIED)
                CHECK_OK(move(from));
            if (from == HN_ACTION_VERIFIED) {
                snprintf(id, sizeof id, "v-%d", to);
                CHECK_OK(
                    put_run(s, SYS, x, &(struct spec){.id = id, .show = "A", .at = AT(from * 12 + to * 2) + 1}, NULL));
            }
            CHECK_C(state(), hn_action_state_name(from));
            struct hn_err e = to == HN_ACTION_EXCEPTED ? except_until(AT(1000), S("why")) : move(to);
            CHECK_INT(e.code, table[from][to] == '1' ? HN_E_OK : HN_E_STATE);
            CHECK_C(state(), hn_action_state_name(hn_ok(e) ? to : from));
            /* and away with it: only a run can */
            snprintf(id, sizeof id, "e%d-%d", from, to);
            CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = id, .show = "A", .at = AT(from * 12 + to * 2 + 1)}, NULL));
            CHECK_C(state(), "verified");
        }
    end();
}

TEST(only_a_run_verifies)
{
    struct hn_store_action a;
    struct hn_store_run_result r;
    begin();
    STOP_IF_FAILED();
    CHECK_ERR(move(HN_ACTION_VERIFIED), STATE);
    CHECK_OK(move(HN_ACTION_CLAIMED));
    set_now(AT(1));
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "2", .show = "B", .at = AT(1), .partial = true}, &r));
    CHECK_C(state(), "claimed"); /* not seen is not gone */
    set_now(AT(2));
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "3", .show = "B", .at = AT(2)}, &r));
    CHECK_UINT(r.verified, 1);
    CHECK_OK(hn_store_action_get(s, SYS, action, &mem, &a));
    CHECK_INT(a.state, HN_ACTION_VERIFIED);
    CHECK_TEXT(a.verified_run, "3");
    CHECK_INT(a.row.status, HN_F_CLOSED);
    struct hn_str other;
    CHECK_ERR(hn_store_action_put(s, SYS, finding_id(x, 'A'), S(""), 0, S(""), &mem, &other), STATE);
    end();
}

TEST(a_claim_that_is_not_true_goes_back_to_work)
{
    struct hn_store_run_result r;
    struct hn_store_history *h;
    size_t n;
    begin();
    STOP_IF_FAILED();
    CHECK_OK(move(HN_ACTION_CLAIMED));
    /* collected before the claim, arriving after it: says nothing about the claim */
    set_now(AT(1));
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "2", .show = "AB", .at = AT(0) - 1}, &r));
    CHECK_UINT(r.not_fixed, 0);
    CHECK_C(state(), "claimed");
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "3", .show = "AB", .at = AT(0) + 1}, &r));
    CHECK_UINT(r.not_fixed, 1);
    CHECK_C(state(), "in_progress");
    CHECK_OK(hn_store_action_history(s, SYS, action, &mem, &h, &n));
    CHECK_TEXT(h[n - 1].what, "not_fixed");
    CHECK_TEXT(h[n - 1].run, "3");
    end();
}

TEST(a_reappearing_problem_gets_a_new_action)
{
    struct hn_str second;
    begin();
    STOP_IF_FAILED();
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "2", .show = "B", .at = AT(-1) + 1}, NULL));
    CHECK_C(state(), "verified");
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "3", .show = "AB", .at = AT(-1) + 2}, NULL));
    CHECK_C(state(), "verified"); /* it was, then */
    CHECK_OK(hn_store_action_put(s, SYS, finding_id(x, 'A'), S(""), 0, S(""), &mem, &second));
    CHECK_ERR(hn_store_action_put(s, SYS, finding_id(x, 'A'), S(""), 0, S(""), &mem, &second), EXISTS);
    end();
}

/* Two documents of one moment: the one that shows it is not later than the one that closed it, and not earlier. */
TEST(a_closing_and_a_sighting_of_one_moment_are_sound)
{
    begin();
    STOP_IF_FAILED();
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "2", .show = "B", .at = AT(-1) + 2}, NULL));
    CHECK_C(state(), "verified");
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "3", .show = "AB", .at = AT(-1) + 2}, NULL));
    CHECK_UINT(problems(s), 0);
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "4", .show = "B", .at = AT(-1) + 4}, NULL));
    CHECK_UINT(problems(s), 0);
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "5", .show = "AB", .at = AT(-1) + 3, .privilege = 10}, NULL));
    end();
}

/* The run that closed it could not have seen what a late run of root saw. */
TEST(a_late_sighting_of_root_undoes_a_closing_by_a_user)
{
    begin();
    STOP_IF_FAILED();
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "2", .show = "B", .at = AT(-1) + 20}, NULL));
    CHECK_C(state(), "verified");
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "3", .show = "AB", .at = AT(-1) + 10, .privilege = 10}, NULL));
    CHECK_C(status_of(s, x, 'A'), "not_seen");
    CHECK_C(state(), "in_progress");
    end();
}

/* ---------------------------------------------------------------- exceptions */

TEST(exceptions_leave_the_list_but_not_the_score_and_end_loudly)
{
    struct hn_store_finding *f;
    struct hn_store_asset a;
    struct hn_listing l;
    struct hn_store_history *h;
    struct hn_store_event *e;
    size_t n;
    int64_t last, before;
    bool gap, told = false;
    begin();
    STOP_IF_FAILED();
    CHECK_OK(hn_store_asset_get(s, SYS, x, &mem, &a));
    double score = a.score;
    CHECK_ERR(except_until(AT(5), S("  ")), INVALID);
    CHECK_ERR(except_until(AT(-5), S("why")), INVALID);
    CHECK_OK(except_until(AT(5), S("no spare part")));
    CHECK_OK(hn_store_findings(s, SYS, &(struct hn_store_finding_query){0}, &mem, &f, &l));
    CHECK_UINT(l.total, 1);
    CHECK_OK(hn_store_findings(s, SYS, &(struct hn_store_finding_query){.status = HN_F_EXCEPTED}, &mem, &f, &l));
    CHECK_UINT(l.total, 1);
    CHECK_OK(hn_store_asset_get(s, SYS, x, &mem, &a));
    CHECK_NUM(a.score, score);
    CHECK_UINT(a.counts.excepted, 1);
    /* seen again meanwhile: still excepted */
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "2", .show = "AB", .at = AT(0)}, NULL));
    CHECK_C(status_of(s, x, 'A'), "excepted");
    CHECK_OK(hn_store_events(s, SYS, -1, 0, &mem, &e, &n, &before, &gap));
    set_now(AT(5));
    CHECK_C(status_of(s, x, 'A'), "open"); /* reading is enough to notice */
    CHECK_C(state(), "open");
    CHECK_OK(hn_store_events(s, SYS, before, 0, &mem, &e, &n, &last, &gap));
    for (size_t i = 0; i < n; i++)
        told |= hn_str_eqc(e[i].what, "exception_expired");
    CHECK(told);
    CHECK_OK(hn_store_finding_history(s, SYS, finding_id(x, 'A'), &mem, &h, &n));
    CHECK_TEXT(h[n - 1].what, "exception_expired");
    CHECK_OK(hn_store_asset_get(s, SYS, x, &mem, &a));
    CHECK_UINT(a.counts.open, 2);
    end();
}

TEST(acceptances_cover_what_comes_later_until_they_end)
{
    struct hn_str id;
    struct hn_store_baseline *b;
    struct hn_store_sweep swept;
    size_t n;
    begin();
    STOP_IF_FAILED();
    CHECK_ERR(hn_store_baseline_put(s, SYS, S(""), S("m.kind"), x, S(""), S(""), AT(9), &mem, &id), INVALID);
    CHECK_ERR(hn_store_baseline_put(s, SYS, S(""), S("m.kind"), x, S("why"), S(""), AT(-9), &mem, &id), INVALID);
    CHECK_ERR(hn_store_baseline_put(s, SYS, S(""), S("m.kind"), S(""), S("why"), S(""), AT(9), &mem, &id), INVALID);
    CHECK_ERR(hn_store_baseline_put(s, SYS, finding_id(x, 'A'), S("m.kind"), x, S("why"), S(""), AT(9), &mem, &id),
              INVALID);
    CHECK_OK(hn_store_baseline_put(s, SYS, S(""), S("m.kind"), x, S("known"), S(""), AT(9), &mem, &id));
    CHECK_C(status_of(s, x, 'A'), "excepted");
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "2", .show = "ABC", .at = AT(0)}, NULL));
    CHECK_C(status_of(s, x, 'C'), "excepted");
    CHECK_OK(hn_store_baselines(s, SYS, S(""), false, &mem, &b, &n));
    CHECK_UINT(n, 1);
    CHECK_UINT(b[0].findings, 3);
    CHECK_OK(hn_store_baseline_end(s, SYS, id));
    CHECK_C(status_of(s, x, 'A'), "open");
    CHECK_ERR(hn_store_baseline_end(s, SYS, id), STATE);
    CHECK_OK(hn_store_baseline_put(s, SYS, finding_id(x, 'B'), S(""), S(""), S("known"), S(""), AT(9), &mem, &id));
    CHECK_C(status_of(s, x, 'A'), "open");
    CHECK_C(status_of(s, x, 'B'), "excepted");
    CHECK_OK(hn_store_sweep(s, &swept));
    CHECK_UINT(swept.baselines, 0);
    set_now(AT(9));
    CHECK_OK(hn_store_sweep(s, &swept));
    CHECK_UINT(swept.baselines, 1);
    CHECK_C(status_of(s, x, 'B'), "open");
    CHECK_OK(hn_store_baselines(s, SYS, S(""), true, &mem, &b, &n));
    CHECK_UINT(n, 2);
    CHECK(b[0].expired && !b[1].expired);
    end();
}

/* ---------------------------------------------------------------- fixes */

TEST(fixes_go_their_way_and_no_other)
{
    struct hn_store_fix f;
    struct hn_str id, second;
    begin();
    STOP_IF_FAILED();
    CHECK_OK(hn_store_fix_request(s, SYS, finding_id(x, 'A'), &mem, &id));
    CHECK_ERR(hn_store_fix_request(s, SYS, finding_id(x, 'A'), &mem, &second), EXISTS);
    CHECK_ERR(hn_store_fix_set(s, SYS, id, HN_FIX_STATE_APPLYING, S("")), STATE);
    CHECK_ERR(hn_store_fix_set(s, SYS, id, HN_FIX_STATE_APPLIED, S("")), STATE);
    CHECK_ERR(hn_store_fix_set(s, SYS, id, HN_FIX_STATE_APPROVED, S("")), STATE);
    CHECK_OK(hn_store_fix_approve(s, SYS, id));
    CHECK_ERR(hn_store_fix_approve(s, SYS, id), STATE);
    CHECK_OK(hn_store_fix_set(s, SYS, id, HN_FIX_STATE_APPLYING, S("[1]")));
    CHECK_OK(hn_store_fix_set(s, SYS, id, HN_FIX_STATE_APPLYING, S("[1,2]")));
    CHECK_OK(hn_store_fix_set(s, SYS, id, HN_FIX_STATE_APPLIED, S("")));
    CHECK_OK(hn_store_fix_get(s, SYS, id, &mem, &f));
    CHECK_TEXT(f.journal, "[1,2]");
    CHECK_TEXT(f.kind, "upgrade");
    CHECK_TEXT(f.target, "pkg");
    CHECK_TEXT(f.approved_by, "system");
    CHECK_OK(hn_store_fix_set(s, SYS, id, HN_FIX_STATE_UNDONE, S("")));
    CHECK_ERR(hn_store_fix_set(s, SYS, id, HN_FIX_STATE_APPLYING, S("")), STATE);
    CHECK_OK(hn_store_fix_request(s, SYS, finding_id(x, 'A'), &mem, &second));
    end();
}

/* ---------------------------------------------------------------- accounts */

TEST(accounts_sessions_and_the_last_admin)
{
    struct hn_str root_id, other, hash = S("0123456789abcdef0123456789abcdef"),
                                  hash2 = S("fedcba9876543210fedcba9876543210");
    struct hn_grant admin = {S("root"), HN_ROLE_ADMIN}, viewer = {S("root"), HN_ROLE_VIEWER};
    struct hn_store_account a;
    struct hn_store_session ses;
    begin();
    STOP_IF_FAILED();
    CHECK_OK(hn_store_account_put(s, SYS, S("tanaka"), S("田中"), S("ja"), S("hash"), &admin, 1, &mem, &root_id));
    CHECK_ERR(hn_store_account_put(s, SYS, S("TANAKA"), S(""), S(""), S(""), &viewer, 1, &mem, &other), EXISTS);
    CHECK_ERR(hn_store_account_put(s, SYS, S("a b"), S(""), S(""), S(""), &viewer, 1, &mem, &other), INVALID);
    CHECK_OK(hn_store_account_put(s, SYS, S("sato"), S(""), S(""), S("h2"), &viewer, 1, &mem, &other));
    CHECK_ERR(hn_store_account_change(s, SYS, root_id, &(struct hn_store_account_change){.disabled = 1}), STATE);
    CHECK_ERR(hn_store_account_change(
                  s, SYS, root_id, &(struct hn_store_account_change){.disabled = -1, .grants = &viewer, .n_grants = 1}),
              STATE);
    CHECK_OK(hn_store_account_by_user(s, S("Tanaka"), &mem, &a));
    CHECK_TEXT(a.password, "hash");
    CHECK_OK(hn_store_session_put(s, hash, other, S("csrf"), AT(8)));
    CHECK_OK(hn_store_session_put(s, hash2, other, S("csrf"), AT(8)));
    CHECK_OK(hn_store_session_get(s, hash, &mem, &ses));
    CHECK_INT(hn_store_role_at(s, &ses.principal, S("root")), HN_ROLE_VIEWER);
    /* own password: keeps this session, ends the others */
    CHECK_OK(hn_store_account_password(s, &ses.principal, other, S("h3"), hash));
    CHECK_OK(hn_store_session_get(s, hash, &mem, &ses));
    CHECK_ERR(hn_store_session_get(s, hash2, &mem, &ses), NOENT);
    CHECK_OK(hn_store_session_get(s, hash, &mem, &ses));
    CHECK_ERR(hn_store_account_password(s, &ses.principal, root_id, S("x"), S("")), NOENT);
    CHECK_ERR(
        hn_store_account_change(s, &ses.principal, other,
                                &(struct hn_store_account_change){.disabled = -1, .grants = &admin, .n_grants = 1}),
        PERM);
    CHECK_OK(hn_store_account_change(s, &ses.principal, other,
                                     &(struct hn_store_account_change){.disabled = -1, .lang = S("ja")}));
    CHECK_OK(hn_store_account_change(s, SYS, other, &(struct hn_store_account_change){.disabled = 1}));
    CHECK_ERR(hn_store_session_get(s, hash, &mem, &ses), NOENT);
    end();
}

TEST(sessions_and_bootstrap_tokens_end)
{
    struct hn_str hash = S("0123456789abcdef0123456789abcdef"), wrong = S("0123456789abcdef0123456789abcdee");
    struct hn_store_session ses;
    begin();
    STOP_IF_FAILED();
    CHECK_OK(hn_store_bootstrap_put(s, hash, AT(1)));
    CHECK_ERR(hn_store_bootstrap_use(s, wrong), NOENT);
    CHECK_OK(hn_store_bootstrap_use(s, hash));
    CHECK_ERR(hn_store_bootstrap_use(s, hash), NOENT);
    CHECK_OK(hn_store_bootstrap_put(s, hash, AT(1)));
    set_now(AT(1));
    CHECK_ERR(hn_store_bootstrap_use(s, hash), NOENT);
    CHECK_OK(hn_store_session_put(s, hash, S(""), S("csrf"), AT(2)));
    CHECK_OK(hn_store_session_get(s, hash, &mem, &ses));
    CHECK_INT(hn_store_role_at(s, &ses.principal, S("root")), HN_ROLE_ADMIN);
    set_now(AT(2));
    CHECK_ERR(hn_store_session_get(s, hash, &mem, &ses), NOENT);
    end();
}

TEST(owners_must_see_what_they_own)
{
    struct hn_str org, inside, outside, id;
    begin();
    STOP_IF_FAILED();
    CHECK_OK(hn_store_org_put(s, SYS, S("root"), S("a"), S(""), S(""), &mem, &org));
    struct hn_grant all = {S("root"), HN_ROLE_OPERATOR}, some = {org, HN_ROLE_OPERATOR};
    CHECK_OK(hn_store_account_put(s, SYS, S("in"), S(""), S(""), S(""), &all, 1, &mem, &inside));
    CHECK_OK(hn_store_account_put(s, SYS, S("out"), S(""), S(""), S(""), &some, 1, &mem, &outside));
    CHECK_ERR(hn_store_action_put(s, SYS, finding_id(x, 'B'), outside, 0, S(""), &mem, &id), INVALID);
    CHECK_OK(hn_store_action_put(s, SYS, finding_id(x, 'B'), inside, 0, S(""), &mem, &id));
    struct hn_store_action *a;
    struct hn_listing l;
    CHECK_OK(hn_store_actions(s, SYS, &(struct hn_store_action_query){.state = -1, .owner = inside}, &mem, &a, &l));
    CHECK_UINT(l.total, 1);
    CHECK_INT(a[0].due, a[0].row.due);
    end();
}
