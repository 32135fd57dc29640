/* Accepted risks, and what happens when they run out: loudly. */
#include <stdio.h>

#include "store/internal.h"

/* ---------------------------------------------------------------- accepting */

struct accept {
    int64_t finding, owner;
    uint32_t kind;
    struct store_asset *asset;
    struct hn_str reason;
    hn_time expires;
};

static struct hn_err note_findings(struct hn_store *s, const struct hn_principal *p, int64_t baseline, const char *what,
                                   struct hn_str detail)
{
    struct hn_err e = HN_OK;
    struct st q = st_open(s, "SELECT f.n, f.id, x.org FROM baseline b JOIN finding f ON f.asset = b.asset AND "
                             "(f.n = b.finding OR f.kind = b.kind) AND f.presence <> 2 JOIN asset x ON x.n = f.asset "
                             "WHERE b.n = ? LIMIT 1000");

    st_int(&q, baseline);
    while (hn_ok(e) && st_row(&q)) {
        e = store_history_add(s, STORE_ON_FINDING, st_get(&q, 0), hn_now(), what, 0, p->name, detail);
        if (hn_ok(e))
            e = store_event_add(s, st_get(&q, 2), "finding", st_text(&q, 1), what);
    }
    struct hn_err end = st_end(&q);
    return hn_ok(e) ? end : e;
}

static struct hn_err put(struct hn_store *s, const struct hn_principal *p, const struct accept *c, const char *id)
{
    int64_t asset = c->asset->n, org = c->asset->org_n;
    struct st q = st_open(s, "INSERT INTO baseline (id, asset, finding, kind, reason, owner, by, at, expires) "
                             "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");

    st_c(&q, id);
    st_int(&q, asset);
    st_ref(&q, c->finding);
    st_ref(&q, c->kind);
    st_str(&q, c->reason);
    st_ref(&q, c->owner);
    st_str(&q, p->name);
    st_int(&q, hn_now());
    st_int(&q, c->expires);
    HN_TRY(st_do(&q));
    int64_t n = sqlite3_last_insert_rowid(s->db);
    HN_TRY(store_audit_add(s, p, org, "baseline.accept", hn_str_c(id), c->reason));
    HN_TRY(note_findings(s, p, n, "excepted", c->reason));
    HN_TRY(store_except(s, asset, 0));
    return store_refresh(s, asset, hn_now());
}

static struct hn_err aim(struct hn_store *s, const struct hn_principal *p, struct hn_str finding, struct hn_str kind,
                         struct hn_str asset, struct accept *c)
{
    if (finding.n) {
        if (kind.n || asset.n)
            return store_fail(s, HN_E_INVALID, "either a finding, or a kind and an asset");
        return store_finding_need(s, p, finding, HN_ROLE_APPROVER, &c->finding, &c->asset);
    }
    if (!kind.n || !asset.n || hn_str_chr(kind, '.') <= 0)
        return store_fail(s, HN_E_INVALID, "either a finding, or a kind and an asset");
    return store_asset_need(s, p, asset, HN_ROLE_APPROVER, &c->asset);
}

struct hn_err hn_store_baseline_put(struct hn_store *s, const struct hn_principal *p, struct hn_str finding,
                                    struct hn_str kind, struct hn_str asset, struct hn_str reason, struct hn_str owner,
                                    hn_time expires, struct hn_arena *a, struct hn_str *ret_id)
{
    struct accept c = {.reason = hn_str_trim(reason), .expires = expires};
    char id[HN_ID_TEXT];

    store_ask(s, p);
    HN_TRY(aim(s, p, finding, kind, asset, &c));
    if (!c.reason.n || c.reason.n > HN_COMMENT_MOST || expires <= hn_now())
        return store_fail(s, HN_E_INVALID, "an acceptance needs a reason and a date in the future");
    HN_TRY(store_account_of(s, owner, &c.owner));
    if (c.owner && store_account_role(s, c.owner, c.asset->org) < HN_ROLE_VIEWER)
        return store_fail(s, HN_E_INVALID, "the owner may not see this");
    HN_TRY(hn_id_new(id));
    HN_TRY(store_begin(s));
    struct hn_err e = c.finding ? HN_OK : store_word(s, kind, &c.kind);
    if (hn_ok(e))
        e = put(s, p, &c, id);
    HN_TRY(store_end(s, e));
    *ret_id = hn_arena_str(a, hn_str_c(id));
    return a->failed ? store_nomem(s) : HN_OK;
}

/* ---------------------------------------------------------------- ending */

static struct hn_err end_one(struct hn_store *s, const struct hn_principal *p, int64_t n, bool expired)
{
    int64_t asset = 0, org = 0;
    char id[HN_ID_TEXT] = "";
    struct st r = st_open(s, "SELECT b.asset, x.org, b.id FROM baseline b JOIN asset x ON x.n = b.asset WHERE b.n = ?");

    st_int(&r, n);
    if (st_row(&r)) {
        struct hn_str text = st_text(&r, 2);
        asset = st_get(&r, 0);
        org = st_get(&r, 1);
        snprintf(id, sizeof id, "%.*s", HN_FMT(text));
    }
    HN_TRY(st_end(&r));
    struct st q = st_open(s, "UPDATE baseline SET ended_at = ?, expired = ? WHERE n = ?");
    st_int(&q, hn_now());
    st_int(&q, expired);
    st_int(&q, n);
    HN_TRY(st_do(&q));
    HN_TRY(store_audit_add(s, p, org, expired ? "baseline.expired" : "baseline.end", hn_str_c(id), HN_STR("")));
    HN_TRY(note_findings(s, p, n, expired ? "exception_expired" : "exception_ended", HN_STR("")));
    HN_TRY(store_except(s, asset, 0));
    return store_refresh(s, asset, hn_now());
}

struct hn_err hn_store_baseline_end(struct hn_store *s, const struct hn_principal *p, struct hn_str id)
{
    int64_t n = 0, asset = 0, ended = 0;

    store_ask(s, p);
    HN_TRY(store_index_read(s));
    struct st q = st_open(s, "SELECT n, asset, ended_at FROM baseline WHERE id = ?");
    st_str(&q, id);
    if (st_row(&q)) {
        n = st_get(&q, 0);
        asset = st_get(&q, 1);
        ended = st_get(&q, 2);
    }
    HN_TRY(st_end(&q));
    struct store_asset *x = store_asset_of_n(s, asset);
    HN_TRY(store_need(s, p, x ? x->org : STORE_NONE, HN_ROLE_APPROVER));
    if (ended)
        return store_fail(s, HN_E_STATE, "this acceptance has ended already");
    HN_TRY(store_begin(s));
    return store_end(s, end_one(s, p, n, false));
}

struct hn_err hn_store_baselines(struct hn_store *s, const struct hn_principal *p, struct hn_str org, bool with_ended,
                                 struct hn_arena *a, struct hn_store_baseline **ret, size_t *ret_n)
{
    uint32_t top;
    size_t n = 0, cap = 0;

    store_ask(s, p);
    *ret = NULL;
    HN_TRY(store_sweep_due(s, hn_now()));
    HN_TRY(store_subtree(s, p, org, &top));
    struct st q =
        st_open(s, "SELECT b.id, coalesce(f.id, ''), b.kind, x.id, x.name, x.org, b.reason, coalesce(o.id, ''), "
                   "coalesce(o.name, ''), b.by, b.at, b.expires, b.ended_at, b.expired, (SELECT count(*) FROM "
                   "finding g WHERE b.ended_at = 0 AND g.asset = b.asset AND g.presence <> 2 AND (g.n = b.finding "
                   "OR g.kind = b.kind)) FROM baseline b JOIN asset x ON x.n = b.asset LEFT JOIN finding f "
                   "ON f.n = b.finding LEFT JOIN account o ON o.n = b.owner WHERE sees(x.org, 1) AND "
                   "below(?, x.org) AND (? OR b.ended_at = 0) ORDER BY b.n DESC");
    st_int(&q, top);
    st_int(&q, with_ended);
    while (st_row(&q) && STORE_PUSH(a, *ret, n, cap)) {
        uint32_t at = store_org_of_n(s, st_get(&q, 5));
        (*ret)[n++] = (struct hn_store_baseline){
            .id = st_copy(&q, 0, a),
            .finding = st_copy(&q, 1, a),
            .kind = hn_arena_str(a, store_word_text(s, st_get(&q, 2))),
            .asset = st_copy(&q, 3, a),
            .asset_name = st_copy(&q, 4, a),
            .org = at == STORE_NONE ? HN_STR("") : hn_arena_str(a, s->orgs[at].id),
            .reason = st_copy(&q, 6, a),
            .owner = st_copy(&q, 7, a),
            .owner_name = st_copy(&q, 8, a),
            .by = st_copy(&q, 9, a),
            .at = st_get(&q, 10),
            .expires = st_get(&q, 11),
            .ended_at = st_get(&q, 12),
            .expired = st_get(&q, 13),
            .findings = (uint64_t)st_get(&q, 14),
        };
    }
    *ret_n = n;
    HN_TRY(st_end(&q));
    return a->failed ? store_nomem(s) : HN_OK;
}

/* ---------------------------------------------------------------- running out */

static struct hn_err expire_action(struct hn_store *s, int64_t n)
{
    int64_t asset = 0, finding = 0, org = 0;
    char id[HN_ID_TEXT] = "";
    struct st r =
        st_open(s, "SELECT a.asset, a.finding, x.org, a.id FROM action a JOIN asset x ON x.n = a.asset WHERE a.n = ?");

    st_int(&r, n);
    if (st_row(&r)) {
        struct hn_str text = st_text(&r, 3);
        asset = st_get(&r, 0);
        finding = st_get(&r, 1);
        org = st_get(&r, 2);
        snprintf(id, sizeof id, "%.*s", HN_FMT(text));
    }
    HN_TRY(st_end(&r));
    struct st q = st_open(s, "UPDATE action SET state = 0, excepted_until = 0, updated = ? WHERE n = ?");
    st_int(&q, hn_now());
    st_int(&q, n);
    HN_TRY(st_do(&q));
    HN_TRY(store_history_add(s, STORE_ON_ACTION, n, hn_now(), "exception_expired", 0, HN_STR("system"), HN_STR("")));
    HN_TRY(store_history_add(s, STORE_ON_FINDING, finding, hn_now(), "exception_expired", 0, HN_STR("system"),
                             HN_STR("")));
    HN_TRY(store_event_add(s, org, "action", hn_str_c(id), "exception_expired"));
    HN_TRY(store_audit_add(s, &hn_principal_system, org, "action.exception-expired", hn_str_c(id), HN_STR("")));
    HN_TRY(store_except(s, asset, finding));
    return store_refresh(s, asset, hn_now());
}

/* One at a time until none is left: each changes what the question is asked of. */
static struct hn_err sweep(struct hn_store *s, hn_time now, struct hn_store_sweep *ret)
{
    int64_t n;

    for (;;) {
        struct st q = st_open(s, "SELECT n FROM action WHERE state = 5 AND excepted_until <= ? LIMIT 1");
        st_int(&q, now);
        struct hn_err e = st_one(&q, &n);
        if (e.code == HN_E_NOENT)
            break;
        HN_TRY(e);
        HN_TRY(expire_action(s, n));
        ret->actions++;
    }
    for (;;) {
        struct st q = st_open(s, "SELECT n FROM baseline WHERE ended_at = 0 AND expires <= ? LIMIT 1");
        st_int(&q, now);
        struct hn_err e = st_one(&q, &n);
        if (e.code == HN_E_NOENT)
            break;
        HN_TRY(e);
        HN_TRY(end_one(s, &hn_principal_system, n, true));
        ret->baselines++;
    }
    struct st d = st_open(s, "DELETE FROM session WHERE expires <= ?");
    st_int(&d, now);
    HN_TRY(st_do(&d));
    ret->sessions = (uint64_t)sqlite3_changes64(s->db);
    return HN_OK;
}

struct hn_err hn_store_sweep(struct hn_store *s, struct hn_store_sweep *ret)
{
    struct hn_store_sweep none = {0};

    ret = ret ? ret : &none;
    *ret = (struct hn_store_sweep){0};
    const struct hn_principal *asking = s->asking;
    HN_TRY(store_begin(s));
    struct hn_err e = store_end(s, sweep(s, hn_now(), ret));
    s->asking = asking;
    s->expiry_known = false;
    return e;
}

struct hn_err store_sweep_due(struct hn_store *s, hn_time now)
{
    if (!s->expiry_known) {
        struct st q =
            st_open(s, "SELECT coalesce(min(t), 0) FROM (SELECT min(excepted_until) AS t FROM action WHERE state = 5 "
                       "UNION ALL SELECT min(expires) FROM baseline WHERE ended_at = 0)");
        HN_TRY(st_one(&q, &s->next_expiry));
        s->expiry_known = true;
    }
    if (!s->next_expiry || now < s->next_expiry || s->read_only)
        return HN_OK;
    return hn_store_sweep(s, NULL);
}
