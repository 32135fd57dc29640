/* One finding, for people: its row, its history, what is said about it. */
#include <stdio.h>

#include "store/internal.h"

const char *hn_finding_status_name(enum hn_finding_status st)
{
    static const char *const names[] = {"open", "not_seen", "closed", "excepted"};

    return (unsigned)st < 4 ? names[st] : "open";
}

bool hn_finding_status_parse(struct hn_str s, enum hn_finding_status *ret)
{
    for (int i = 0; i < 4; i++)
        if (hn_str_eqc(s, hn_finding_status_name(i))) {
            *ret = i;
            return true;
        }
    return false;
}

/* ---------------------------------------------------------------- the row */

static struct hn_str word(struct st *q, int col, struct hn_arena *a)
{
    return hn_arena_str(a, store_word_text(q->s, st_get(q, col)));
}

/* When it was last seen: its own time, or that of its scope's newest run. */
static struct hn_err last_seen(struct hn_store *s, int64_t asset, uint32_t module, int64_t scope, int64_t *run,
                               hn_time *at)
{
    if (*at)
        return HN_OK;
    struct st q = st_open(s, "SELECT run, at FROM cover WHERE asset = ? AND module = ? AND scope = ?");
    st_int(&q, asset);
    st_int(&q, module);
    st_int(&q, scope);
    if (st_row(&q)) {
        *run = st_get(&q, 0);
        *at = st_get(&q, 1);
    }
    return st_end(&q);
}

static struct hn_err run_id(struct hn_store *s, int64_t run, struct hn_arena *a, struct hn_str *ret)
{
    struct st q = st_open(s, "SELECT id FROM run WHERE n = ?");

    st_int(&q, run);
    if (st_row(&q))
        *ret = st_copy(&q, 0, a);
    return st_end(&q);
}

static struct hn_err action_of(struct hn_store *s, int64_t n, struct hn_arena *a, struct hn_store_action_ref *ret)
{
    struct st q =
        st_open(s, "SELECT a.id, a.state, coalesce(o.id, ''), coalesce(o.name, ''), a.due FROM action a "
                   "LEFT JOIN account o ON o.n = a.owner WHERE a.finding = ? ORDER BY a.state = 4, a.n DESC LIMIT 1");

    st_int(&q, n);
    if (st_row(&q))
        *ret = (struct hn_store_action_ref){.id = st_copy(&q, 0, a),
                                            .state = hn_str_c(hn_action_state_name((int)st_get(&q, 1))),
                                            .owner = st_copy(&q, 2, a),
                                            .owner_name = st_copy(&q, 3, a),
                                            .due = st_get(&q, 4)};
    return st_end(&q);
}

static void fill_asset(struct hn_store *s, struct hn_store_finding *f, const struct store_asset *x, struct hn_arena *a)
{
    const struct store_org *o = &s->orgs[x->org];

    f->asset = hn_arena_str(a, hn_str_c(x->id));
    f->asset_name = hn_arena_str(a, hn_str_c(x->name));
    f->org = hn_arena_str(a, o->id);
    f->org_name_en = hn_arena_str(a, o->name_en);
    f->org_name_ja = hn_arena_str(a, o->name_ja);
}

static void fill_state(struct st *q, struct hn_store_finding *f, hn_time now, struct hn_arena *a)
{
    int64_t presence = st_get(q, 6);

    f->excepted_until = st_get(q, 7);
    f->status = presence == HN_F_CLOSED ? HN_F_CLOSED : f->excepted_until ? HN_F_EXCEPTED : (int)presence;
    f->prior = st_get_num(q, 8);
    f->p = st_get_num(q, 9);
    f->loss = st_get_num(q, 10);
    f->score = st_get_num(q, 11);
    f->due = st_get(q, 12);
    f->due_rule = word(q, 13, a);
    f->overdue = f->status == HN_F_OPEN && f->due && (hn_time)store_secs(f->due) * HN_SECOND < now;
    f->first_seen = st_get(q, 14);
    f->opened_at = st_get(q, 15);
    f->last_seen = st_get(q, 16);
    f->since = st_get(q, 18);
    f->closed_at = st_get(q, 19);
    f->reopened = (unsigned)st_get(q, 21);
}

static void fill_texts(struct st *q, struct hn_store_finding *f, struct hn_arena *a)
{
    f->id = st_copy(q, 23, a);
    f->subject = st_copy(q, 24, a);
    f->location = st_copy(q, 25, a);
    f->cause = st_text(q, 26).n ? st_copy(q, 26, a) : f->id;
    f->fix_target = st_copy(q, 27, a);
    f->fix_value = st_copy(q, 28, a);
    f->params = st_copy(q, 29, a);
    f->terms = st_copy(q, 30, a);
    f->graph = st_copy(q, 31, a);
    f->evidence = st_copy(q, 32, a);
    f->due_inputs = st_copy(q, 33, a);
    f->references = st_copy(q, 34, a);
    f->closed_run = st_copy(q, 35, a);
}

struct hn_err store_finding_row(struct hn_store *s, int64_t n, bool full, hn_time now, struct hn_arena *a,
                                struct hn_store_finding *ret)
{
    struct st q =
        st_open(s, "SELECT f.asset, f.kind, f.class, f.scope, f.privilege, f.severity, f.presence, "
                   "f.excepted_until, f.prior, f.p, f.loss, f.score, f.due, f.due_rule, f.first_seen, f.opened_at, "
                   "f.at, f.run, f.since, f.closed_at, f.closed_run, f.reopened, f.fix_kind, f.id, f.subject, "
                   "f.location, f.cause, t.fix_target, t.fix_value, t.params, t.terms, t.graph, t.evidence, "
                   "t.due_inputs, t.reference, (SELECT id FROM run WHERE n = f.closed_run), f.confidence "
                   "FROM finding f JOIN finding_text t ON t.finding = f.n WHERE f.n = ?");
    int64_t asset = 0, scope = 0, run = 0;
    uint32_t module = 0;

    *ret = (struct hn_store_finding){0};
    st_int(&q, n);
    bool there = st_row(&q);
    if (there) {
        asset = st_get(&q, 0);
        scope = st_get(&q, 3);
        run = st_get(&q, 17);
        module = store_module_of(s, (uint32_t)st_get(&q, 1));
        ret->kind = word(&q, 1, a);
        ret->module = hn_arena_str(a, store_word_text(s, module));
        ret->class_ = word(&q, 2, a);
        ret->scope = word(&q, 3, a);
        ret->privilege = (int)st_get(&q, 4);
        ret->severity = (int)st_get(&q, 5);
        ret->confidence = (unsigned)st_get(&q, 36);
        ret->fix_kind = word(&q, 22, a);
        fill_state(&q, ret, now, a);
        fill_texts(&q, ret, a);
    }
    HN_TRY(st_end(&q));
    struct store_asset *x = there ? store_asset_of_n(s, asset) : NULL;
    if (!x)
        return store_fail(s, HN_E_CORRUPT, "a finding is missing");
    fill_asset(s, ret, x, a);
    HN_TRY(last_seen(s, asset, module, scope, &run, &ret->last_seen));
    if (full)
        HN_TRY(run_id(s, run, a, &ret->last_run));
    HN_TRY(action_of(s, n, a, &ret->action));
    return a->failed ? store_nomem(s) : HN_OK;
}

/* ---------------------------------------------------------------- finding one */

struct hn_err store_finding_need(struct hn_store *s, const struct hn_principal *p, struct hn_str id, enum hn_role role,
                                 int64_t *ret_n, struct store_asset **ret_asset)
{
    struct hn_err e;
    unsigned hits = 0;
    bool role_too_low = false, exact = false;

    *ret_n = 0;
    *ret_asset = NULL;
    HN_TRY(store_index_read(s));
    if (id.n < 8 || id.n > 64)
        return store_fail(s, HN_E_NOENT, "%s", hn_err_text((struct hn_err){HN_E_NOENT}));
    /* Shortened ids: only what p sees can make one ambiguous. */
    struct st q =
        st_open(s, "SELECT n, asset, id FROM finding WHERE id >= ?1 AND id < ?1 || char(1114111) ORDER BY id LIMIT 64");
    st_str(&q, id);
    while (!exact && st_row(&q)) {
        struct store_asset *x = store_asset_of_n(s, st_get(&q, 1));
        if (!x || store_role(s, p, x->org) < HN_ROLE_VIEWER)
            continue;
        exact = st_text(&q, 2).n == id.n;
        hits++;
        role_too_low = store_role(s, p, x->org) < role;
        *ret_n = st_get(&q, 0);
        *ret_asset = x;
    }
    e = st_end(&q);
    if (!hn_ok(e))
        return e;
    if (hits == 0)
        return store_fail(s, HN_E_NOENT, "%s", hn_err_text((struct hn_err){HN_E_NOENT}));
    if (hits > 1 && !exact)
        return store_fail(s, HN_E_INVALID, "several findings begin with %.*s", HN_FMT(id));
    return role_too_low ? store_fail(s, HN_E_PERM, "the role %s is needed here", hn_role_name(role)) : HN_OK;
}

/* How many other assets that p sees have an open finding of the same cause. */
static struct hn_err others(struct hn_store *s, const struct hn_principal *p, const struct store_asset *x,
                            struct hn_str cause, uint64_t *ret)
{
    HN_TRY(store_index_load_all(s));
    uint32_t n = store_dict_find(&s->causes, cause);
    if (n == STORE_NONE || n == 0)
        return HN_OK;
    for (uint32_t i = 0; i < s->assets_n; i++) {
        const struct store_asset *y = &s->assets[i];
        if (y == x || store_role(s, p, y->org) < HN_ROLE_VIEWER)
            continue;
        for (uint32_t k = 0; k < y->rows.n; k++)
            if (y->rows.cause[k] == n && STORE_STATUS(y->rows.state[k]) != HN_F_CLOSED) {
                ++*ret;
                break;
            }
    }
    return HN_OK;
}

struct hn_err hn_store_finding_get(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                   struct hn_arena *a, struct hn_store_finding *ret)
{
    struct store_asset *x;
    int64_t n;

    store_ask(s, p);
    HN_TRY(store_sweep_due(s, hn_now()));
    HN_TRY(store_finding_need(s, p, id, HN_ROLE_VIEWER, &n, &x));
    HN_TRY(store_finding_row(s, n, true, hn_now(), a, ret));
    return others(s, p, x, ret->cause, &ret->other_assets);
}

struct hn_err hn_store_finding_history(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                       struct hn_arena *a, struct hn_store_history **ret, size_t *ret_n)
{
    struct store_asset *x;
    int64_t n;

    store_ask(s, p);
    HN_TRY(store_finding_need(s, p, id, HN_ROLE_VIEWER, &n, &x));
    *ret = NULL;
    *ret_n = 0;
    struct hn_store_history *first = HN_NEW(a, struct hn_store_history);
    if (!first)
        return store_nomem(s);
    struct st q =
        st_open(s, "SELECT f.first_seen, coalesce(r.id, '') FROM finding f LEFT JOIN run r ON r.n = f.first_run "
                   "WHERE f.n = ?");
    st_int(&q, n);
    if (st_row(&q))
        *first = (struct hn_store_history){.at = st_get(&q, 0), .what = HN_STR("appeared"), .run = st_copy(&q, 1, a)};
    HN_TRY(st_end(&q));
    *ret = first;
    return store_histories(s, STORE_ON_FINDING, n, a, ret, ret_n, 1);
}

/* ---------------------------------------------------------------- comments */

static struct hn_err target(struct hn_store *s, const struct hn_principal *p, const char *on, struct hn_str id,
                            enum hn_role role, int *ret_on, int64_t *ret_n, struct store_asset **ret_asset)
{
    if (strcmp(on, "finding") == 0) {
        *ret_on = STORE_ON_FINDING;
        return store_finding_need(s, p, id, role, ret_n, ret_asset);
    }
    *ret_on = STORE_ON_ACTION;
    return store_action_need(s, p, id, role, ret_n, ret_asset);
}

static struct hn_err put_comment(struct hn_store *s, const struct hn_principal *p, int on, int64_t n,
                                 const struct store_asset *x, struct hn_str id, struct hn_store_comment *c,
                                 struct hn_arena *a)
{
    struct st q = st_open(s, "INSERT INTO comment (what, object, at, by, by_name, text) VALUES (?, ?, ?, ?, ?, ?)");

    st_int(&q, on);
    st_int(&q, n);
    st_int(&q, c->at);
    st_str(&q, p->account);
    st_str(&q, p->name);
    st_str(&q, c->text);
    HN_TRY(st_do(&q));
    c->id = hn_arena_fmt(a, "%lld", (long long)sqlite3_last_insert_rowid(s->db));
    HN_TRY(store_audit_add(s, p, x->org_n, "comment", id, c->text));
    return store_event_add(s, x->org_n, on == STORE_ON_FINDING ? "finding" : "action", id, "comment");
}

struct hn_err hn_store_comment_put(struct hn_store *s, const struct hn_principal *p, const char *on, struct hn_str id,
                                   struct hn_str text, struct hn_arena *a, struct hn_store_comment *ret)
{
    struct store_asset *x;
    int64_t n;
    int what;

    store_ask(s, p);
    HN_TRY(target(s, p, on, id, HN_ROLE_OPERATOR, &what, &n, &x));
    text = hn_str_trim(text);
    if (!text.n || text.n > HN_COMMENT_MOST)
        return store_fail(s, HN_E_INVALID, "a comment has 1 to %u bytes", HN_COMMENT_MOST);
    *ret = (struct hn_store_comment){.by = hn_arena_str(a, p->account),
                                     .by_name = hn_arena_str(a, p->name),
                                     .text = hn_arena_str(a, text),
                                     .at = hn_now()};
    HN_TRY(store_begin(s));
    return store_end(s, put_comment(s, p, what, n, x, id, ret, a));
}

struct hn_err hn_store_comments(struct hn_store *s, const struct hn_principal *p, const char *on, struct hn_str id,
                                struct hn_arena *a, struct hn_store_comment **ret, size_t *ret_n)
{
    struct store_asset *x;
    size_t k = 0, cap = 0;
    int64_t n;
    int what;

    store_ask(s, p);
    HN_TRY(target(s, p, on, id, HN_ROLE_VIEWER, &what, &n, &x));
    *ret = NULL;
    struct st q = st_open(s, "SELECT n, by, by_name, text, at FROM comment WHERE what = ? AND object = ? ORDER BY n");
    st_int(&q, what);
    st_int(&q, n);
    while (st_row(&q) && STORE_PUSH(a, *ret, k, cap))
        (*ret)[k++] = (struct hn_store_comment){.id = hn_arena_fmt(a, "%lld", (long long)st_get(&q, 0)),
                                                .by = st_copy(&q, 1, a),
                                                .by_name = st_copy(&q, 2, a),
                                                .text = st_copy(&q, 3, a),
                                                .at = st_get(&q, 4)};
    *ret_n = k;
    HN_TRY(st_end(&q));
    return a->failed ? store_nomem(s) : HN_OK;
}
