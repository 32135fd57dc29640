#include "store/network.h"

#include <inttypes.h>

#include "store/internal.h"

#define OBS_MOST       100000u
#define ADDRESSES_MOST 4096u

static const struct hn_principal *const system_p = &hn_principal_system;

/* ---------------------------------------------------------------- observations of one kind */

struct scan {
    struct hn_store *s;
    const struct hn_principal *p;
    uint32_t top, serves; /* STORE_NONE: any */
    struct hn_str module, kind;
};

static const struct store_asset *meant(const struct scan *k, int64_t asset)
{
    const struct store_asset *x = store_asset_of_n(k->s, asset);
    bool ok = x && store_role(k->s, k->p, x->org) >= HN_ROLE_VIEWER &&
              (k->top == STORE_NONE || store_org_below(k->s, k->top, x->org)) &&
              (k->serves == STORE_NONE || store_org_below(k->s, x->org, k->serves));
    return ok ? x : NULL;
}

static void fill(const struct scan *k, struct st *q, const struct store_asset *x, struct hn_arena *a,
                 struct hn_store_obs *o)
{
    *o = (struct hn_store_obs){.id = hn_arena_fmt(a, "%" PRId64, st_get(q, 0)),
                               .asset = hn_arena_str(a, hn_str_c(x->id)),
                               .asset_name = hn_arena_str(a, hn_str_c(x->name)),
                               .org = hn_arena_str(a, k->s->orgs[x->org].id),
                               .module = k->module,
                               .kind = k->kind,
                               .at = st_get(q, 2) ? st_get(q, 2) : st_get(q, 3),
                               .changed_at = st_get(q, 4),
                               .subject = st_copy(q, 5, a),
                               .fields = st_copy(q, 6, a)};
}

#define OF_KIND                                                                                                        \
    "SELECT o.n, o.asset, o.at, c.at, o.changed_at, o.subject, o.fields FROM cover c JOIN observation o ON "           \
    "o.asset = c.asset AND o.kind = ?1 AND o.scope = c.scope WHERE c.module = ?2 AND o.gone_at = 0 "

struct hn_err hn_store_obs_of_kind(struct hn_store *s, const struct hn_principal *p,
                                   const struct hn_store_kind_query *qu, struct hn_arena *a, struct hn_store_obs **ret,
                                   size_t *ret_n, bool *ret_more)
{
    struct scan k = {.s = s, .p = p, .serves = STORE_NONE};
    struct store_asset *only = NULL;
    ptrdiff_t dot = hn_str_chr(qu->kind, '.');
    size_t n = 0, cap = 0, most = qu->most && qu->most < OBS_MOST ? qu->most : OBS_MOST;

    store_ask(s, p);
    *ret = NULL;
    *ret_n = 0;
    *ret_more = false;
    HN_TRY(store_index_read(s));
    HN_TRY(store_subtree(s, p, qu->org, &k.top));
    if (qu->serves.n && (k.serves = store_org_at(s, qu->serves)) == STORE_NONE)
        return store_fail(s, HN_E_NOENT, "no such organisation");
    if (dot <= 0)
        return store_fail(s, HN_E_INVALID, "a kind is named with its module");
    k.module = hn_arena_str(a, hn_str_cut(qu->kind, 0, (size_t)dot));
    k.kind = hn_arena_str(a, hn_str_cut(qu->kind, (size_t)dot + 1, qu->kind.n));
    if (qu->asset.n)
        HN_TRY(store_asset_need(s, p, qu->asset, HN_ROLE_VIEWER, &only));
    struct st q = qu->asset.n ? st_open(s, OF_KIND "AND c.asset = ?3 ORDER BY o.subject")
                              : st_open(s, OF_KIND "AND ?3 = 0 ORDER BY o.asset, o.subject");
    st_int(&q, store_word_find(s, qu->kind));
    st_int(&q, store_word_find(s, k.module));
    st_int(&q, only ? only->n : 0);
    while (st_row(&q)) {
        const struct store_asset *x = meant(&k, st_get(&q, 1));
        if (!x)
            continue;
        *ret_more = n == most;
        if (*ret_more || !STORE_PUSH(a, *ret, n, cap))
            break;
        fill(&k, &q, x, a, &(*ret)[n++]);
    }
    *ret_n = n;
    HN_TRY(st_end(&q));
    return a->failed ? store_nomem(s) : HN_OK;
}

struct hn_err hn_store_assets_seen_by(struct hn_store *s, const struct hn_principal *p, struct hn_str module,
                                      struct hn_arena *a, struct hn_str **ret, size_t *ret_n)
{
    struct scan k = {.s = s, .p = p, .top = STORE_NONE, .serves = STORE_NONE};
    size_t n = 0, cap = 0;

    store_ask(s, p);
    *ret = NULL;
    HN_TRY(store_index_read(s));
    struct st q = st_open(s, "SELECT DISTINCT asset FROM cover WHERE module = ? ORDER BY asset");
    st_int(&q, store_word_find(s, module));
    while (st_row(&q)) {
        const struct store_asset *x = meant(&k, st_get(&q, 0));
        if (x && STORE_PUSH(a, *ret, n, cap))
            (*ret)[n++] = hn_arena_str(a, hn_str_c(x->id));
    }
    *ret_n = n;
    HN_TRY(st_end(&q));
    return a->failed ? store_nomem(s) : HN_OK;
}

bool hn_store_org_above(struct hn_store *s, struct hn_str top, struct hn_str org)
{
    uint32_t t = store_org_at(s, top), o = store_org_at(s, org);

    return t != STORE_NONE && o != STORE_NONE && store_org_below(s, t, o);
}

/* ---------------------------------------------------------------- addresses */

static struct hn_err strings(struct hn_store *s, struct st *q, struct hn_arena *a, struct hn_str **ret, size_t *ret_n)
{
    size_t n = 0, cap = 0;

    *ret = NULL;
    while (st_row(q) && STORE_PUSH(a, *ret, n, cap))
        (*ret)[n++] = st_copy(q, 0, a);
    *ret_n = n;
    HN_TRY(st_end(q));
    return a->failed ? store_nomem(s) : HN_OK;
}

static struct hn_err read_addresses(struct hn_store *s, int64_t asset, struct hn_arena *a, struct hn_str **ret,
                                    size_t *ret_n)
{
    struct st q = st_open(s, "SELECT address FROM network_address WHERE asset = ? ORDER BY address");

    st_int(&q, asset);
    return strings(s, &q, a, ret, ret_n);
}

struct hn_err hn_store_addresses(struct hn_store *s, struct hn_str asset, struct hn_arena *a, struct hn_str **ret,
                                 size_t *ret_n)
{
    struct store_asset *x;

    store_ask(s, system_p);
    HN_TRY(store_asset_need(s, system_p, asset, HN_ROLE_VIEWER, &x));
    return read_addresses(s, x->n, a, ret, ret_n);
}

static bool has(const struct hn_str *list, size_t n, struct hn_str s)
{
    for (size_t i = 0; i < n; i++)
        if (hn_str_eq(list[i], s))
            return true;
    return false;
}

static struct hn_err one_address(struct hn_store *s, const char *sql, struct hn_str address, int64_t asset)
{
    struct st q = st_open(s, sql);

    st_str(&q, address);
    st_int(&q, asset);
    return st_do(&q);
}

/* Only what differs is written. */
static struct hn_err replace(struct hn_store *s, int64_t asset, const struct hn_str *old, size_t n_old,
                             const struct hn_str *new, size_t n)
{
    for (size_t i = 0; i < n_old; i++)
        if (!has(new, n, old[i]))
            HN_TRY(one_address(s, "DELETE FROM network_address WHERE address = ? AND asset = ?", old[i], asset));
    for (size_t i = 0; i < n; i++)
        if (!has(old, n_old, new[i]) && !has(new, i, new[i]))
            HN_TRY(one_address(s, "INSERT INTO network_address (address, asset) VALUES (?, ?)", new[i], asset));
    return HN_OK;
}

static bool same(const struct hn_str *a, size_t n, const struct hn_str *b, size_t m)
{
    for (size_t i = 0; i < n; i++)
        if (!has(b, m, a[i]))
            return false;
    return true;
}

struct hn_err hn_store_addresses_put(struct hn_store *s, struct hn_str asset, const struct hn_str *addresses, size_t n)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    struct store_asset *x;
    struct hn_str *old;
    size_t n_old;

    hn_arena_init(&a, 16 << 20);
    store_ask(s, system_p);
    n = n > ADDRESSES_MOST ? ADDRESSES_MOST : n;
    HN_TRY(store_asset_need(s, system_p, asset, HN_ROLE_VIEWER, &x));
    HN_TRY(read_addresses(s, x->n, &a, &old, &n_old));
    if (same(old, n_old, addresses, n) && same(addresses, n, old, n_old))
        return HN_OK;
    int64_t asset_n = x->n;
    HN_TRY(store_begin(s));
    return store_end(s, replace(s, asset_n, old, n_old, addresses, n));
}

struct hn_err hn_store_address_holders(struct hn_store *s, struct hn_str address, struct hn_str org, uint64_t *ret)
{
    struct scan k = {.s = s, .p = system_p, .top = STORE_NONE, .serves = STORE_NONE};

    store_ask(s, system_p);
    *ret = 0;
    HN_TRY(store_index_read(s));
    HN_TRY(store_subtree(s, system_p, org, &k.top));
    struct st q = st_open(s, "SELECT asset FROM network_address WHERE address = ?");
    st_str(&q, address);
    while (st_row(&q))
        *ret += meant(&k, st_get(&q, 0)) != NULL;
    return st_end(&q);
}

/* ---------------------------------------------------------------- what was joined */

struct hn_err hn_store_join_get(struct hn_store *s, struct hn_str asset, struct hn_arena *a,
                                struct hn_str *ret_evidence, hn_time *ret_expires)
{
    struct store_asset *x;

    store_ask(s, system_p);
    *ret_evidence = HN_STR("[]");
    *ret_expires = 0;
    HN_TRY(store_asset_need(s, system_p, asset, HN_ROLE_VIEWER, &x));
    struct st q = st_open(s, "SELECT evidence, expires FROM network_join WHERE asset = ?");
    st_int(&q, x->n);
    if (st_row(&q)) {
        *ret_evidence = st_copy(&q, 0, a);
        *ret_expires = st_get(&q, 1);
    }
    return st_end(&q);
}

static struct hn_err put_join(struct hn_store *s, int64_t asset, struct hn_str evidence, hn_time expires)
{
    if (hn_str_eqc(evidence, "[]")) {
        struct st q = st_open(s, "DELETE FROM network_join WHERE asset = ?");
        st_int(&q, asset);
        return st_do(&q);
    }
    struct st q = st_open(s, "INSERT INTO network_join VALUES (?, ?, ?) ON CONFLICT (asset) DO UPDATE SET "
                             "evidence = excluded.evidence, expires = excluded.expires");
    st_int(&q, asset);
    st_str(&q, evidence);
    st_int(&q, expires);
    return st_do(&q);
}

struct hn_err hn_store_join_put(struct hn_store *s, struct hn_str asset, struct hn_str evidence, hn_time expires)
{
    struct store_asset *x;

    store_ask(s, system_p);
    HN_TRY(store_asset_need(s, system_p, asset, HN_ROLE_VIEWER, &x));
    int64_t n = x->n;
    HN_TRY(store_begin(s));
    return store_end(s, put_join(s, n, evidence, expires));
}

struct hn_err hn_store_join_expired(struct hn_store *s, hn_time by, struct hn_arena *a, struct hn_str **ret,
                                    size_t *ret_n)
{
    struct st q = st_open(s, "SELECT x.id FROM network_join j JOIN asset x ON x.n = j.asset WHERE j.expires > 0 AND "
                             "j.expires <= ? ORDER BY j.expires");

    store_ask(s, system_p);
    st_int(&q, by);
    return strings(s, &q, a, ret, ret_n);
}

struct hn_err hn_store_together(struct hn_store *s)
{
    return store_begin(s);
}

struct hn_err hn_store_together_end(struct hn_store *s, struct hn_err e)
{
    return store_end(s, e);
}

static struct hn_err retell_all(struct hn_store *s, struct store_run *r, const struct hn_store_run_finding *findings,
                                size_t n, struct hn_str evidence, hn_time expires)
{
    if (!n) /* no finding differs: remembered, so that it is not asked again */
        return put_join(s, r->asset_n, evidence, expires);
    HN_TRY(store_run_retell(r, findings, n));
    HN_TRY(put_join(s, r->asset_n, evidence, expires));
    HN_TRY(store_audit_add(s, system_p, r->asset->org_n, "network.join", hn_str_c(r->asset->id), evidence));
    return store_refresh(s, r->asset_n, r->received);
}

struct hn_err hn_store_findings_retell(struct hn_store *s, struct hn_str asset,
                                       const struct hn_store_run_finding *findings, size_t n, struct hn_str evidence,
                                       hn_time expires, uint64_t *ret_changed)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    const struct hn_store_run none = {.n_cover = 0};
    struct hn_store_run_result out = {0};
    struct store_run r = {.s = s, .in = &none, .out = &out, .a = &a};

    hn_arena_init(&a, (size_t)1 << 30);
    store_ask(s, system_p);
    *ret_changed = 0;
    HN_TRY(store_asset_need(s, system_p, asset, HN_ROLE_OPERATOR, &r.asset));
    r.asset_n = r.asset->n;
    r.at = r.received = hn_now();
    HN_TRY(store_begin(s));
    HN_TRY(store_end(s, retell_all(s, &r, findings, n, evidence, expires)));
    *ret_changed = out.changed;
    return HN_OK;
}
