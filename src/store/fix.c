/* Changes that Hinomi makes itself: asked for, approved, applied, undone. The journal says how. */
#include <stdio.h>

#include "store/internal.h"

const char *hn_fix_state_name(enum hn_fix_state st)
{
    static const char *const names[] = {"requested", "approved", "applying", "applied", "failed", "undone"};

    return (unsigned)st < 6 ? names[st] : "requested";
}

bool hn_fix_state_parse(struct hn_str s, enum hn_fix_state *ret)
{
    for (int i = 0; i < 6; i++)
        if (hn_str_eqc(s, hn_fix_state_name(i))) {
            *ret = i;
            return true;
        }
    return false;
}

#define JOURNAL_MOST (16u << 20)

static struct hn_err fix_need(struct hn_store *s, const struct hn_principal *p, struct hn_str id, enum hn_role role,
                              int64_t *ret_n, int *ret_state, struct store_asset **ret_asset)
{
    int64_t asset = 0;

    *ret_n = 0;
    *ret_state = HN_FIX_STATE_UNDONE;
    HN_TRY(store_index_read(s));
    struct st q = st_open(s, "SELECT n, asset, state FROM fix WHERE id = ?");
    st_str(&q, id);
    if (st_row(&q)) {
        *ret_n = st_get(&q, 0);
        asset = st_get(&q, 1);
        *ret_state = (int)st_get(&q, 2);
    }
    HN_TRY(st_end(&q));
    *ret_asset = store_asset_of_n(s, asset);
    return store_need(s, p, *ret_asset ? (*ret_asset)->org : STORE_NONE, role);
}

/* ---------------------------------------------------------------- asking and approving */

static struct hn_err request(struct hn_store *s, const struct hn_principal *p, int64_t finding,
                             const struct store_asset *x, struct hn_str finding_id, const char *id)
{
    struct st q =
        st_open(s, "INSERT INTO fix (id, finding, asset, state, kind, target, value, requested_by, at, updated) "
                   "SELECT ?, f.n, f.asset, 0, f.fix_kind, t.fix_target, t.fix_value, ?, ?, ?3 FROM finding f "
                   "JOIN finding_text t ON t.finding = f.n WHERE f.n = ?");

    st_c(&q, id);
    st_str(&q, p->name);
    st_int(&q, hn_now());
    st_int(&q, finding);
    struct hn_err e = st_do(&q);
    if (e.code == HN_E_EXISTS)
        return store_fail(s, HN_E_EXISTS, "a fix of this finding is under way already");
    HN_TRY(e);
    HN_TRY(store_history_add(s, STORE_ON_FINDING, finding, hn_now(), "fix_requested", 0, p->name, hn_str_c(id)));
    HN_TRY(store_audit_add(s, p, x->org_n, "fix.request", hn_str_c(id), finding_id));
    return store_event_add(s, x->org_n, "finding", finding_id, "fix");
}

struct hn_err hn_store_fix_request(struct hn_store *s, const struct hn_principal *p, struct hn_str finding,
                                   struct hn_arena *a, struct hn_str *ret_id)
{
    struct hn_store_finding f;
    struct store_asset *x;
    int64_t n;
    char id[HN_ID_TEXT];

    store_ask(s, p);
    HN_TRY(store_finding_need(s, p, finding, HN_ROLE_OPERATOR, &n, &x));
    HN_TRY(store_finding_row(s, n, false, hn_now(), a, &f));
    if (f.status == HN_F_CLOSED)
        return store_fail(s, HN_E_STATE, "the finding is closed");
    if (!f.fix_kind.n || hn_str_eqc(f.fix_kind, "none"))
        return store_fail(s, HN_E_UNSUPPORTED, "this finding has no fix that can be applied");
    HN_TRY(hn_id_new(id));
    HN_TRY(store_begin(s));
    HN_TRY(store_end(s, request(s, p, n, x, f.id, id)));
    *ret_id = hn_arena_str(a, hn_str_c(id));
    return a->failed ? store_nomem(s) : HN_OK;
}

static struct hn_err set(struct hn_store *s, const struct hn_principal *p, int64_t n, const struct store_asset *x,
                         struct hn_str id, int from, int to, struct hn_str journal)
{
    int64_t finding = 0;
    bool approves = to == HN_FIX_STATE_APPROVED && from != to;
    struct st q = st_open(s, "UPDATE fix SET state = ?, journal = CASE WHEN ? THEN ? ELSE journal END, updated = ?, "
                             "approved_by = CASE WHEN ? THEN ? ELSE approved_by END, "
                             "approved_at = CASE WHEN ?5 THEN ?4 ELSE approved_at END WHERE n = ? RETURNING finding");

    st_int(&q, to);
    st_int(&q, journal.n > 0);
    st_str(&q, journal);
    st_int(&q, hn_now());
    st_int(&q, approves);
    st_str(&q, p->name);
    st_int(&q, n);
    while (st_row(&q))
        finding = st_get(&q, 0);
    HN_TRY(st_end(&q));
    if (from == to)
        return store_audit_add(s, p, x->org_n, "fix.journal", id, HN_STR(""));
    char what[32];
    snprintf(what, sizeof what, "fix_%s", hn_fix_state_name(to));
    HN_TRY(store_history_add(s, STORE_ON_FINDING, finding, hn_now(), what, 0, p->name, id));
    HN_TRY(store_audit_add(s, p, x->org_n, "fix.move", id, hn_str_c(hn_fix_state_name(to))));
    return store_event_add(s, x->org_n, "finding", id, "fix");
}

struct hn_err hn_store_fix_approve(struct hn_store *s, const struct hn_principal *p, struct hn_str id)
{
    struct store_asset *x;
    int64_t n;
    int from;

    store_ask(s, p);
    HN_TRY(fix_need(s, p, id, HN_ROLE_APPROVER, &n, &from, &x));
    if (from != HN_FIX_STATE_REQUESTED)
        return store_fail(s, HN_E_STATE, "a fix that is %s cannot be approved", hn_fix_state_name(from));
    HN_TRY(store_begin(s));
    return store_end(s, set(s, p, n, x, id, from, HN_FIX_STATE_APPROVED, HN_STR("")));
}

/* Rows: from, columns: to. */
static bool allowed(int from, int to)
{
    static const char table[6][7] = {
        "100010", /* requested: failed = withdrawn */
        "011010", /* approved */
        "001110", /* applying */
        "000101", /* applied */
        "000011", /* failed: what was half done may still be undone */
        "000001", /* undone */
    };

    return to >= 0 && to < 6 && table[from][to] == '1';
}

struct hn_err hn_store_fix_set(struct hn_store *s, const struct hn_principal *p, struct hn_str id, enum hn_fix_state to,
                               struct hn_str journal)
{
    struct store_asset *x;
    int64_t n;
    int from;

    store_ask(s, p);
    HN_TRY(fix_need(s, p, id, HN_ROLE_APPROVER, &n, &from, &x));
    if (!allowed(from, to))
        return store_fail(s, HN_E_STATE, "a fix cannot go from %s to %s", hn_fix_state_name(from),
                          hn_fix_state_name(to));
    if (journal.n > JOURNAL_MOST)
        return store_fail(s, HN_E_LIMIT, "the journal of the fix is too long");
    HN_TRY(store_begin(s));
    return store_end(s, set(s, p, n, x, id, from, to, journal));
}

/* ---------------------------------------------------------------- reading */

#define FIX_SELECT                                                                                                     \
    "SELECT x.id, f.id, y.id, y.org, x.kind, x.target, x.value, x.requested_by, x.approved_by, x.state, x.at, "        \
    "x.approved_at, x.updated, x.journal FROM fix x JOIN finding f ON f.n = x.finding JOIN asset y ON y.n = x.asset "

static void fill(struct hn_store *s, struct st *q, struct hn_arena *a, struct hn_store_fix *ret)
{
    uint32_t org = store_org_of_n(s, st_get(q, 3));

    *ret = (struct hn_store_fix){
        .id = st_copy(q, 0, a),
        .finding = st_copy(q, 1, a),
        .asset = st_copy(q, 2, a),
        .org = org == STORE_NONE ? HN_STR("") : hn_arena_str(a, s->orgs[org].id),
        .kind = hn_arena_str(a, store_word_text(s, st_get(q, 4))),
        .target = st_copy(q, 5, a),
        .value = st_copy(q, 6, a),
        .requested_by = st_copy(q, 7, a),
        .approved_by = st_copy(q, 8, a),
        .state = (int)st_get(q, 9),
        .at = st_get(q, 10),
        .approved_at = st_get(q, 11),
        .updated = st_get(q, 12),
        .journal = st_copy(q, 13, a),
    };
}

struct hn_err hn_store_fix_get(struct hn_store *s, const struct hn_principal *p, struct hn_str id, struct hn_arena *a,
                               struct hn_store_fix *ret)
{
    struct store_asset *x;
    int64_t n;
    int state;

    store_ask(s, p);
    HN_TRY(fix_need(s, p, id, HN_ROLE_VIEWER, &n, &state, &x));
    struct st q = st_open(s, FIX_SELECT "WHERE x.n = ?");
    st_int(&q, n);
    if (st_row(&q))
        fill(s, &q, a, ret);
    HN_TRY(st_end(&q));
    return a->failed ? store_nomem(s) : HN_OK;
}

struct hn_err hn_store_fixes(struct hn_store *s, const struct hn_principal *p, struct hn_str finding,
                             struct hn_str asset, bool live, struct hn_arena *a, struct hn_store_fix **ret,
                             size_t *ret_n)
{
    size_t n = 0, cap = 0;

    store_ask(s, p);
    *ret = NULL;
    struct st q =
        st_open(s, FIX_SELECT "WHERE sees(y.org, 1) AND (?1 = '' OR f.id = ?1) AND (?2 = '' OR y.id = ?2) AND "
                              "(NOT ?3 OR x.state < 3) ORDER BY x.n DESC");
    st_str(&q, finding);
    st_str(&q, asset);
    st_int(&q, live);
    while (st_row(&q) && STORE_PUSH(a, *ret, n, cap))
        fill(s, &q, a, &(*ret)[n++]);
    *ret_n = n;
    HN_TRY(st_end(&q));
    return a->failed ? store_nomem(s) : HN_OK;
}
