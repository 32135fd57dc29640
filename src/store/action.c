/* Actions: what people say they do about a finding. Only a run says that it is done.
 *
 *   open ⇄ accepted ⇄ in_progress ──▶ claimed ──(a run no longer finds it)──▶ verified
 *     ▲                    ▲             │
 *     │                    └─────────────┘ withdrawn, or a run collected after the claim still finds it
 *     └── excepted ◀── any of these, until a date */
#include <stdio.h>

#include "store/internal.h"

static const char *const state_names[] = {"open", "accepted", "in_progress", "claimed", "verified", "excepted"};

const char *hn_action_state_name(enum hn_action_state st)
{
    return (unsigned)st < 6 ? state_names[st] : "open";
}

bool hn_action_state_parse(struct hn_str s, enum hn_action_state *ret)
{
    for (int i = 0; i < 6; i++)
        if (hn_str_eqc(s, state_names[i])) {
            *ret = i;
            return true;
        }
    return false;
}

/* ---------------------------------------------------------------- what runs settle */

struct one {
    int64_t n;
    char id[HN_ID_TEXT];
};

static struct hn_err find_one(struct st *q, struct one *ret)
{
    ret->n = 0;
    if (st_row(q)) {
        struct hn_str id = st_text(q, 1);
        ret->n = st_get(q, 0);
        snprintf(ret->id, sizeof ret->id, "%.*s", HN_FMT(id));
    }
    return st_end(q);
}

static struct hn_err org_of(struct hn_store *s, int64_t action, int64_t *ret)
{
    struct st q = st_open(s, "SELECT x.org FROM action a JOIN asset x ON x.n = a.asset WHERE a.n = ?");

    st_int(&q, action);
    return st_one(&q, ret);
}

static struct hn_err trace(struct hn_store *s, const struct one *a, const char *what, int64_t run, hn_time at,
                           struct hn_str by, struct hn_str detail)
{
    int64_t org;

    HN_TRY(store_history_add(s, STORE_ON_ACTION, a->n, at, what, run, by, detail));
    HN_TRY(org_of(s, a->n, &org));
    return store_event_add(s, org, "action", hn_str_c(a->id), what);
}

struct hn_err store_action_closed(struct hn_store *s, int64_t finding, int64_t run, hn_time at, uint64_t *verified)
{
    struct one a;
    struct st q = st_open(s, "SELECT n, id FROM action WHERE finding = ? AND state <> 4");

    st_int(&q, finding);
    HN_TRY(find_one(&q, &a));
    if (!a.n)
        return HN_OK;
    struct st u =
        st_open(s, "UPDATE action SET state = 4, verified_at = ?, verified_run = ?, excepted_until = 0, updated = ? "
                   "WHERE n = ?");
    st_int(&u, at);
    st_int(&u, run);
    st_int(&u, at);
    st_int(&u, a.n);
    HN_TRY(st_do(&u));
    ++*verified;
    return trace(s, &a, "verified", run, at, HN_STR(""), HN_STR(""));
}

static struct hn_err back_to_work(struct hn_store *s, const struct one *a, int64_t run, hn_time at)
{
    struct st u =
        st_open(s, "UPDATE action SET state = 2, verified_at = 0, verified_run = 0, updated = max(updated, ?) "
                   "WHERE n = ?");

    st_int(&u, at);
    st_int(&u, a->n);
    HN_TRY(st_do(&u));
    return trace(s, a, "not_fixed", run, at, HN_STR(""), HN_STR(""));
}

struct hn_err store_action_seen(struct hn_store *s, int64_t finding, int64_t run, hn_time at, uint64_t *not_fixed)
{
    struct one a;
    struct st q =
        st_open(s, "SELECT n, id FROM action WHERE finding = ? AND state <> 4 AND state = 3 AND claimed_at < ?");

    st_int(&q, finding);
    st_int(&q, at);
    HN_TRY(find_one(&q, &a));
    if (!a.n)
        return HN_OK;
    ++*not_fixed;
    return back_to_work(s, &a, run, at);
}

/* The run that had verified it turned out not to be able to see it. */
struct hn_err store_action_unverify(struct hn_store *s, int64_t finding, int64_t run, hn_time at)
{
    struct one a;
    struct st q = st_open(s, "SELECT n, id FROM action WHERE finding = ?1 AND state = 4 AND NOT EXISTS "
                             "(SELECT 1 FROM action WHERE finding = ?1 AND state <> 4) ORDER BY n DESC LIMIT 1");

    st_int(&q, finding);
    HN_TRY(find_one(&q, &a));
    return a.n ? back_to_work(s, &a, run, at) : HN_OK;
}

/* ---------------------------------------------------------------- exceptions */

struct hn_err store_except(struct hn_store *s, int64_t asset, int64_t finding)
{
    struct st q =
        st_open(s, "UPDATE finding SET excepted_until = e.until FROM (SELECT f.n AS n, max("
                   "coalesce((SELECT max(a.excepted_until) FROM action a WHERE a.finding = f.n AND a.state = 5), 0), "
                   "coalesce((SELECT max(b.expires) FROM baseline b WHERE b.asset = f.asset AND b.ended_at = 0 AND "
                   "(b.finding = f.n OR b.kind = f.kind)), 0)) AS until FROM finding f WHERE f.asset = ?1 AND (?2 = 0 "
                   "OR f.n = ?2)) e "
                   "WHERE finding.n = e.n AND finding.excepted_until <> e.until");

    st_int(&q, asset);
    st_int(&q, finding);
    return st_do(&q);
}

/* ---------------------------------------------------------------- one action */

struct hn_err store_action_need(struct hn_store *s, const struct hn_principal *p, struct hn_str id, enum hn_role role,
                                int64_t *ret_n, struct store_asset **ret_asset)
{
    int64_t asset = 0;

    *ret_n = 0;
    HN_TRY(store_index_read(s));
    struct st q = st_open(s, "SELECT n, asset FROM action WHERE id = ?");
    st_str(&q, id);
    if (st_row(&q)) {
        *ret_n = st_get(&q, 0);
        asset = st_get(&q, 1);
    }
    HN_TRY(st_end(&q));
    *ret_asset = store_asset_of_n(s, asset);
    return store_need(s, p, *ret_asset ? (*ret_asset)->org : STORE_NONE, role);
}

static struct hn_err read_action(struct hn_store *s, int64_t n, hn_time now, struct hn_arena *a,
                                 struct hn_store_action *ret)
{
    struct st q =
        st_open(s, "SELECT a.id, a.finding, a.state, coalesce(o.id, ''), coalesce(o.name, ''), a.reason, "
                   "coalesce(r.id, ''), a.created_by, a.due, a.created, a.updated, a.claimed_at, a.verified_at, "
                   "a.excepted_until, (SELECT count(*) FROM comment c WHERE c.what = 2 AND c.object = a.n) "
                   "FROM action a LEFT JOIN account o ON o.n = a.owner LEFT JOIN run r ON r.n = a.verified_run "
                   "WHERE a.n = ?");
    int64_t finding = 0;

    *ret = (struct hn_store_action){0};
    st_int(&q, n);
    if (st_row(&q)) {
        finding = st_get(&q, 1);
        *ret = (struct hn_store_action){
            .id = st_copy(&q, 0, a),
            .state = (int)st_get(&q, 2),
            .owner = st_copy(&q, 3, a),
            .owner_name = st_copy(&q, 4, a),
            .reason = st_copy(&q, 5, a),
            .verified_run = st_copy(&q, 6, a),
            .created_by = st_copy(&q, 7, a),
            .due = st_get(&q, 8),
            .created = st_get(&q, 9),
            .updated = st_get(&q, 10),
            .claimed_at = st_get(&q, 11),
            .verified_at = st_get(&q, 12),
            .excepted_until = st_get(&q, 13),
            .comments = (uint64_t)st_get(&q, 14),
        };
    }
    HN_TRY(st_end(&q));
    HN_TRY(store_finding_row(s, finding, false, now, a, &ret->row));
    ret->finding = ret->row.id;
    ret->asset = ret->row.asset;
    ret->org = ret->row.org;
    return HN_OK;
}

struct hn_err hn_store_action_get(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                  struct hn_arena *a, struct hn_store_action *ret)
{
    struct store_asset *x;
    int64_t n;

    store_ask(s, p);
    HN_TRY(store_sweep_due(s, hn_now()));
    HN_TRY(store_action_need(s, p, id, HN_ROLE_VIEWER, &n, &x));
    return read_action(s, n, hn_now(), a, ret);
}

struct hn_err hn_store_action_history(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                      struct hn_arena *a, struct hn_store_history **ret, size_t *ret_n)
{
    struct store_asset *x;
    int64_t n;

    store_ask(s, p);
    HN_TRY(store_action_need(s, p, id, HN_ROLE_VIEWER, &n, &x));
    *ret = NULL;
    return store_histories(s, STORE_ON_ACTION, n, a, ret, ret_n, 0);
}

/* ---------------------------------------------------------------- making one */

/* Owners must be able to see what they own. */
static struct hn_err owner_of(struct hn_store *s, struct hn_str id, uint32_t org, int64_t *ret)
{
    HN_TRY(store_account_of(s, id, ret));
    if (*ret && store_account_role(s, *ret, org) < HN_ROLE_VIEWER)
        return store_fail(s, HN_E_INVALID, "the owner may not see this");
    return HN_OK;
}

static struct hn_err insert(struct hn_store *s, const struct hn_principal *p, int64_t finding,
                            const struct store_asset *x, int64_t owner, hn_time due, struct hn_str comment,
                            const char *id)
{
    struct one a = {0};
    hn_time now = hn_now();
    struct st q = st_open(s, "INSERT INTO action (id, finding, asset, state, owner, due, created, created_by, updated) "
                             "SELECT ?, n, asset, 0, ?, CASE WHEN ? > 0 THEN ?3 ELSE due END, ?, ?, ?4 FROM finding "
                             "WHERE n = ?");

    st_c(&q, id);
    st_ref(&q, owner);
    st_int(&q, due);
    st_int(&q, now);
    st_str(&q, p->name);
    st_int(&q, finding);
    struct hn_err e = st_do(&q);
    if (e.code == HN_E_EXISTS)
        return store_fail(s, HN_E_EXISTS, "this finding has an action already");
    HN_TRY(e);
    a.n = sqlite3_last_insert_rowid(s->db);
    snprintf(a.id, sizeof a.id, "%s", id);
    HN_TRY(trace(s, &a, "created", 0, now, p->name, comment));
    return store_audit_add(s, p, x->org_n, "action.create", hn_str_c(id), comment);
}

struct hn_err hn_store_action_put(struct hn_store *s, const struct hn_principal *p, struct hn_str finding,
                                  struct hn_str owner, hn_time due, struct hn_str comment, struct hn_arena *a,
                                  struct hn_str *ret_id)
{
    struct store_asset *x;
    int64_t n, who, presence;
    char id[HN_ID_TEXT];

    store_ask(s, p);
    HN_TRY(store_finding_need(s, p, finding, HN_ROLE_OPERATOR, &n, &x));
    HN_TRY(owner_of(s, owner, x->org, &who));
    if (comment.n > HN_COMMENT_MOST)
        return store_fail(s, HN_E_INVALID, "the comment is too long");
    struct st q = st_open(s, "SELECT presence FROM finding WHERE n = ?");
    st_int(&q, n);
    HN_TRY(st_one(&q, &presence));
    if (presence == HN_F_CLOSED)
        return store_fail(s, HN_E_STATE, "the finding is closed");
    HN_TRY(hn_id_new(id));
    HN_TRY(store_begin(s));
    HN_TRY(store_end(s, insert(s, p, n, x, who, due, comment, id)));
    *ret_id = hn_arena_str(a, hn_str_c(id));
    return a->failed ? store_nomem(s) : HN_OK;
}

/* ---------------------------------------------------------------- moving it */

/* Rows: from, columns: to. */
static bool allowed(int from, int to)
{
    static const char table[6][7] = {
        "111101", /* open */
        "111101", /* accepted */
        "111101", /* in_progress */
        "001101", /* claimed */
        "000000", /* verified */
        "100001", /* excepted */
    };

    return to >= 0 && to < 6 && table[from][to] == '1';
}

static struct hn_err read_state(struct hn_store *s, int64_t n, int *state, int64_t *finding, hn_time *until)
{
    struct st q = st_open(s, "SELECT state, finding, excepted_until FROM action WHERE n = ?");

    st_int(&q, n);
    if (st_row(&q)) {
        *state = (int)st_get(&q, 0);
        *finding = st_get(&q, 1);
        *until = st_get(&q, 2);
    }
    return st_end(&q);
}

static struct hn_err update(struct hn_store *s, int64_t n, int from, const struct hn_store_transition *t, int64_t owner)
{
    hn_time now = hn_now();
    bool claims = t->to == HN_ACTION_CLAIMED && from != HN_ACTION_CLAIMED;
    struct st q = st_open(s, "UPDATE action SET state = ?, owner = CASE WHEN ? THEN ? ELSE owner END, "
                             "due = CASE WHEN ? > 0 THEN ?4 ELSE due END, updated = ?, "
                             "claimed_at = CASE WHEN ? THEN ?5 ELSE claimed_at END, excepted_until = ?, "
                             "reason = CASE WHEN ? THEN ? ELSE reason END WHERE n = ?");

    st_int(&q, t->to);
    st_int(&q, owner != 0);
    st_ref(&q, owner);
    st_int(&q, t->due);
    st_int(&q, now);
    st_int(&q, claims);
    st_int(&q, t->to == HN_ACTION_EXCEPTED ? t->until : 0);
    st_int(&q, t->reason.n > 0);
    st_str(&q, t->reason);
    st_int(&q, n);
    return st_do(&q);
}

static struct hn_err move(struct hn_store *s, const struct hn_principal *p, int64_t n, const struct store_asset *x,
                          struct hn_str id, int from, int64_t finding, const struct hn_store_transition *t,
                          int64_t owner)
{
    struct one a = {.n = n};
    bool excepts = from == HN_ACTION_EXCEPTED || t->to == HN_ACTION_EXCEPTED;
    int64_t asset = x->n, org = x->org_n;
    const char *what = (int)t->to == from && !excepts ? "changed" : hn_action_state_name(t->to);

    snprintf(a.id, sizeof a.id, "%.*s", HN_FMT(id));
    HN_TRY(update(s, n, from, t, owner));
    HN_TRY(trace(s, &a, what, 0, hn_now(), p->name, t->reason.n ? t->reason : t->comment));
    HN_TRY(store_audit_add(s, p, org, "action.move", id, hn_str_c(what)));
    if (!excepts)
        return HN_OK;
    HN_TRY(store_history_add(s, STORE_ON_FINDING, finding, hn_now(),
                             t->to == HN_ACTION_EXCEPTED ? "excepted" : "exception_ended", 0, p->name, t->reason));
    HN_TRY(store_except(s, asset, finding));
    return store_refresh(s, asset, hn_now());
}

static struct hn_err valid_move(struct hn_store *s, const struct hn_principal *p, const struct store_asset *x, int from,
                                const struct hn_store_transition *t)
{
    if (t->to == HN_ACTION_VERIFIED)
        return store_fail(s, HN_E_STATE, "only a diagnosis verifies an action");
    if (!allowed(from, t->to))
        return store_fail(s, HN_E_STATE, "an action cannot go from %s to %s", hn_action_state_name(from),
                          hn_action_state_name(t->to));
    if (t->to == HN_ACTION_EXCEPTED || from == HN_ACTION_EXCEPTED)
        HN_TRY(store_need(s, p, x->org, HN_ROLE_APPROVER));
    if (t->to == HN_ACTION_EXCEPTED && (!hn_str_trim(t->reason).n || t->until <= hn_now()))
        return store_fail(s, HN_E_INVALID, "an exception needs a reason and a date in the future");
    if (t->reason.n > HN_COMMENT_MOST || t->comment.n > HN_COMMENT_MOST)
        return store_fail(s, HN_E_INVALID, "the reason or comment is too long");
    return HN_OK;
}

struct hn_err hn_store_action_move(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                   const struct hn_store_transition *t)
{
    struct store_asset *x;
    int64_t n, finding = 0, owner;
    hn_time until = 0;
    int from = 0;

    store_ask(s, p);
    HN_TRY(store_action_need(s, p, id, HN_ROLE_OPERATOR, &n, &x));
    HN_TRY(read_state(s, n, &from, &finding, &until));
    HN_TRY(valid_move(s, p, x, from, t));
    HN_TRY(owner_of(s, t->owner, x->org, &owner));
    HN_TRY(store_begin(s));
    return store_end(s, move(s, p, n, x, id, from, finding, t, owner));
}

/* ---------------------------------------------------------------- lists */

static const char *order_of(struct hn_str sort)
{
    static const char *const rows[][2] = {
        {"due", "a.due = 0, a.due, a.n"}, {"-due", "a.due = 0, a.due DESC, a.n"}, {"score", "f.score, a.n"},
        {"-score", "f.score DESC, a.n"},  {"updated", "a.updated, a.n"},          {"-updated", "a.updated DESC, a.n"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (hn_str_eqc(sort.n ? sort : HN_STR("due"), rows[i][0]))
            return rows[i][1];
    return NULL;
}

/* Matches into v; q's words are looked for in subject, kind and asset. */
static struct hn_err matching(struct hn_store *s, const struct hn_store_action_query *q, uint32_t top, int64_t owner,
                              const char *order, hn_time now, struct hn_arena *a, int64_t **v, size_t *n)
{
    struct store_search f;
    size_t cap = 0;
    struct hn_str sql = hn_arena_fmt(
        a,
        "SELECT a.n, a.asset, f.subject, f.kind FROM action a JOIN finding f ON f.n = a.finding "
        "JOIN asset x ON x.n = a.asset WHERE sees(x.org, 1) AND below(?1, x.org) AND (?2 < 0 OR a.state = ?2) "
        "AND (?3 = 0 OR a.owner = ?3) AND (?4 = '' OR x.id = ?4) AND CASE ?5 WHEN 1 THEN a.due > 0 AND a.due < ?6 "
        "AND a.state <> 4 WHEN 2 THEN a.due >= ?6 AND a.due < ?6 + 604800000000000 WHEN 3 THEN a.due = 0 ELSE 1 END "
        "ORDER BY %s",
        order);
    struct st st = st_make(s, sql);

    st_int(&st, top);
    st_int(&st, q->state);
    st_int(&st, owner);
    st_str(&st, q->asset);
    st_int(&st, q->due);
    st_int(&st, now);
    store_search_init(&f, q->q);
    while (st_row(&st)) {
        char *low = f.n ? store_lower(st_text(&st, 2).p, NULL, NULL) : NULL;
        const struct store_asset *x = store_asset_of_n(s, st_get(&st, 1));
        unsigned bits = store_search_in(&f, store_word_text(s, st_get(&st, 3)));
        bits |= low ? store_search_in(&f, hn_str_c(low)) : 0;
        bits |= x ? store_search_in(&f, hn_str_c(x->words)) : 0;
        hn_free(low);
        if (bits != (1u << f.n) - 1)
            continue;
        if (!STORE_PUSH(a, *v, *n, cap))
            break;
        (*v)[(*n)++] = st_get(&st, 0);
    }
    HN_TRY(st_end(&st));
    return a->failed ? store_nomem(s) : HN_OK;
}

struct hn_err hn_store_actions(struct hn_store *s, const struct hn_principal *p, const struct hn_store_action_query *q,
                               struct hn_arena *a, struct hn_store_action **ret, struct hn_listing *ret_listing)
{
    const char *order = order_of(q->page.sort);
    unsigned limit = q->page.limit ? q->page.limit : HN_PAGE_DEFAULT;
    hn_time now = hn_now();
    uint64_t last = 0, from = 0;
    int64_t *v = NULL, owner;
    size_t n = 0, m = 0;
    uint32_t top;

    store_ask(s, p);
    if (!order)
        return store_fail(s, HN_E_INVALID, "actions cannot be sorted by %.*s", HN_FMT(q->page.sort));
    if (q->page.cursor.n && !store_cursor_read(q->page.cursor, &from, &last))
        return store_fail(s, HN_E_INVALID, "this cursor is not one of ours");
    HN_TRY(store_sweep_due(s, now));
    HN_TRY(store_index_read(s));
    HN_TRY(store_subtree(s, p, q->org, &top));
    HN_TRY(store_account_of(s, q->owner, &owner));
    HN_TRY(matching(s, q, top, owner, order, now, a, &v, &n));
    /* After the last row given, wherever it is now; if it left the list, from where it was. */
    for (size_t i = 0; last && i < n; i++)
        if (v[i] == (int64_t)last)
            from = i + 1;
    from = from > n ? n : from;
    limit = limit > HN_PAGE_MOST ? HN_PAGE_MOST : limit;
    m = n - from < limit ? n - from : limit;
    *ret = hn_arena_alloc(a, (m + 1) * sizeof **ret);
    if (!*ret)
        return store_nomem(s);
    for (size_t i = 0; i < m; i++)
        HN_TRY(read_action(s, v[from + i], now, a, &(*ret)[i]));
    *ret_listing = (struct hn_listing){.n = m, .total = n};
    if (m && from + m < n)
        ret_listing->next = store_cursor(a, from + m, (uint64_t)v[from + m - 1]);
    return a->failed ? store_nomem(s) : HN_OK;
}

struct hn_err hn_store_actions_remind(struct hn_store *s, hn_time before, hn_time since, struct hn_arena *a,
                                      struct hn_store_action **ret, size_t *ret_n)
{
    hn_time now = hn_now();
    size_t n = 0, cap = 0;
    int64_t *v = NULL;

    store_ask(s, &hn_principal_system);
    HN_TRY(store_index_read(s));
    struct st q =
        st_open(s, "SELECT n FROM action WHERE state < 4 AND due > 0 AND due < ? AND reminded_at < ? ORDER BY due");
    st_int(&q, before);
    st_int(&q, since);
    while (st_row(&q) && STORE_PUSH(a, v, n, cap))
        v[n++] = st_get(&q, 0);
    HN_TRY(st_end(&q));
    *ret = hn_arena_alloc(a, (n + 1) * sizeof **ret);
    if (!*ret || a->failed)
        return store_nomem(s);
    HN_TRY(store_begin(s));
    struct hn_err e = HN_OK;
    for (size_t i = 0; i < n && hn_ok(e); i++) {
        struct st u = st_open(s, "UPDATE action SET reminded_at = ? WHERE n = ?");
        st_int(&u, now);
        st_int(&u, v[i]);
        e = st_do(&u);
        if (hn_ok(e))
            e = read_action(s, v[i], now, a, &(*ret)[i]);
    }
    *ret_n = n;
    return store_end(s, e);
}
