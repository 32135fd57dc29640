/* Who saw what, how completely, how long ago: coverage, sources, runs. */
#include "store/internal.h"

#define COVER_SELECT                                                                                                   \
    "SELECT x.id, x.name, c.module, c.scope, r.id, rc.privilege, rc.complete, r.ordered_at, rc.duration, "             \
    "rc.observations, rc.malformed_n, rc.quarantined_n, rc.not_seen_n, rc.not_seen, rc.malformed, rc.quarantined "

static void fill(struct hn_store *s, struct st *q, struct hn_arena *a, struct hn_store_cover *ret)
{
    *ret = (struct hn_store_cover){
        .asset = st_copy(q, 0, a),
        .asset_name = st_copy(q, 1, a),
        .module = hn_arena_str(a, store_word_text(s, st_get(q, 2))),
        .scope = hn_arena_str(a, store_word_text(s, st_get(q, 3))),
        .run = st_copy(q, 4, a),
        .privilege = (int)st_get(q, 5),
        .complete = st_get(q, 6) == 1,
        .last_run = st_get(q, 7),
        .duration_ns = st_get(q, 8),
        .observations = (uint64_t)st_get(q, 9),
        .malformed_n = (uint64_t)st_get(q, 10),
        .quarantined_n = (uint64_t)st_get(q, 11),
        .not_seen_n = (uint64_t)st_get(q, 12),
        .not_seen = st_copy(q, 13, a),
        .malformed = st_copy(q, 14, a),
        .quarantined = st_copy(q, 15, a),
    };
}

static struct hn_err fill_all(struct hn_store *s, struct st *q, struct hn_arena *a, struct hn_store_cover **ret,
                              size_t *ret_n)
{
    size_t n = 0, cap = 0;

    *ret = NULL;
    while (st_row(q) && STORE_PUSH(a, *ret, n, cap))
        fill(s, q, a, &(*ret)[n++]);
    *ret_n = n;
    HN_TRY(st_end(q));
    return a->failed ? store_nomem(s) : HN_OK;
}

struct hn_err hn_store_coverage(struct hn_store *s, const struct hn_principal *p, struct hn_str asset,
                                struct hn_str module, struct hn_str org, struct hn_arena *a,
                                struct hn_store_cover **ret, size_t *ret_n)
{
    struct store_asset *x;
    uint32_t top;

    store_ask(s, p);
    HN_TRY(store_subtree(s, p, org, &top));
    if (asset.n)
        HN_TRY(store_asset_need(s, p, asset, HN_ROLE_VIEWER, &x));
    else if (!module.n)
        return store_fail(s, HN_E_INVALID, "coverage of an asset or of a module");
    struct st q =
        asset.n ? st_open(s, COVER_SELECT "FROM cover c JOIN asset x ON x.n = c.asset JOIN run r ON r.n = c.run "
                                          "JOIN run_cover rc ON rc.run = c.run AND rc.module = c.module AND "
                                          "rc.scope = c.scope WHERE c.asset = ?1 AND (?2 = '' OR c.module = ?3) "
                                          "AND below(?4, x.org) ORDER BY c.module, c.scope")
                : st_open(s, COVER_SELECT "FROM asset x JOIN cover c ON c.asset = x.n AND c.module = ?3 JOIN run r "
                                          "ON r.n = c.run JOIN run_cover rc ON rc.run = c.run AND rc.module = "
                                          "c.module AND rc.scope = c.scope WHERE ?1 = 0 AND ?2 <> '' AND "
                                          "sees(x.org, 1) AND below(?4, x.org) ORDER BY x.name, x.n, c.scope");
    st_int(&q, asset.n ? x->n : 0);
    st_str(&q, module);
    st_int(&q, store_word_find(s, module));
    st_int(&q, top);
    return fill_all(s, &q, a, ret, ret_n);
}

/* ---------------------------------------------------------------- sources */

static struct hn_err count_assets(struct hn_store *s, const struct hn_principal *p, uint32_t top, uint64_t *ret)
{
    HN_TRY(store_index_read(s));
    *ret = 0;
    for (uint32_t i = 0; i < s->assets_n; i++)
        *ret += store_role(s, p, s->assets[i].org) >= HN_ROLE_VIEWER &&
                (top == STORE_NONE || store_org_below(s, top, s->assets[i].org));
    return HN_OK;
}

struct hn_err hn_store_sources(struct hn_store *s, const struct hn_principal *p, struct hn_str org, struct hn_arena *a,
                               struct hn_store_source **ret, size_t *ret_n)
{
    size_t n = 0, cap = 0;
    uint64_t assets;
    uint32_t top;

    store_ask(s, p);
    *ret = NULL;
    HN_TRY(store_subtree(s, p, org, &top));
    HN_TRY(count_assets(s, p, top, &assets));
    struct st q =
        st_open(s, "SELECT w.text, count(DISTINCT c.asset), sum(rc.observations), sum(rc.malformed_n), "
                   "sum(rc.quarantined_n), sum(rc.not_seen_n), max(c.at), min(c.at) FROM asset x "
                   "JOIN cover c ON c.asset = x.n JOIN run_cover rc ON rc.run = c.run AND rc.module = c.module AND "
                   "rc.scope = c.scope JOIN word w ON w.n = c.module WHERE sees(x.org, 1) AND below(?, x.org) "
                   "GROUP BY c.module ORDER BY w.text");
    st_int(&q, top);
    while (st_row(&q) && STORE_PUSH(a, *ret, n, cap)) {
        struct hn_store_source *o = &(*ret)[n++];
        *o = (struct hn_store_source){
            .module = st_copy(&q, 0, a),
            .assets = (uint64_t)st_get(&q, 1),
            .observations = (uint64_t)st_get(&q, 2),
            .malformed = (uint64_t)st_get(&q, 3),
            .quarantined = (uint64_t)st_get(&q, 4),
            .not_seen = (uint64_t)st_get(&q, 5),
            .last_run = st_get(&q, 6),
            .oldest = st_get(&q, 7),
        };
        o->unwatched = assets - o->assets;
    }
    *ret_n = n;
    HN_TRY(st_end(&q));
    return a->failed ? store_nomem(s) : HN_OK;
}

/* ---------------------------------------------------------------- runs */

static struct hn_err read_run(struct hn_store *s, int64_t n, struct hn_arena *a, struct hn_store_run_row *ret)
{
    struct st q =
        st_open(s, "SELECT r.id, x.id, r.origin, r.collected_at, r.received_at, r.ordered_at, r.note FROM run r "
                   "JOIN asset x ON x.n = r.asset WHERE r.n = ?");

    *ret = (struct hn_store_run_row){0};
    st_int(&q, n);
    if (st_row(&q))
        *ret = (struct hn_store_run_row){.id = st_copy(&q, 0, a),
                                         .asset = st_copy(&q, 1, a),
                                         .origin = st_copy(&q, 2, a),
                                         .collected_at = st_get(&q, 3),
                                         .received_at = st_get(&q, 4),
                                         .ordered_at = st_get(&q, 5),
                                         .note = st_copy(&q, 6, a)};
    HN_TRY(st_end(&q));
    struct st c =
        st_open(s, "SELECT x.id, x.name, rc.module, rc.scope, r.id, rc.privilege, rc.complete, r.ordered_at, "
                   "rc.duration, rc.observations, rc.malformed_n, rc.quarantined_n, rc.not_seen_n, rc.not_seen, "
                   "rc.malformed, rc.quarantined FROM run_cover rc JOIN run r ON r.n = rc.run JOIN asset x "
                   "ON x.n = r.asset WHERE rc.run = ? ORDER BY rc.module, rc.scope");
    st_int(&c, n);
    return fill_all(s, &c, a, &ret->cover, &ret->n_cover);
}

struct hn_err hn_store_run_get(struct hn_store *s, const struct hn_principal *p, struct hn_str id, struct hn_arena *a,
                               struct hn_store_run_row *ret)
{
    int64_t n = 0, asset = 0;

    store_ask(s, p);
    HN_TRY(store_index_read(s));
    struct st q = st_open(s, "SELECT n, asset FROM run WHERE id = ?");
    st_str(&q, id);
    if (st_row(&q)) {
        n = st_get(&q, 0);
        asset = st_get(&q, 1);
    }
    HN_TRY(st_end(&q));
    struct store_asset *x = store_asset_of_n(s, asset);
    HN_TRY(store_need(s, p, x ? x->org : STORE_NONE, HN_ROLE_VIEWER));
    return read_run(s, n, a, ret);
}

struct hn_err hn_store_runs(struct hn_store *s, const struct hn_principal *p, struct hn_str asset, unsigned most,
                            struct hn_arena *a, struct hn_store_run_row **ret, size_t *ret_n)
{
    struct store_asset *x;
    size_t n = 0, cap = 0;

    store_ask(s, p);
    *ret = NULL;
    HN_TRY(store_asset_need(s, p, asset, HN_ROLE_VIEWER, &x));
    struct st q = st_open(s, "SELECT n FROM run WHERE asset = ? ORDER BY ordered_at DESC, n DESC LIMIT ?");
    st_int(&q, x->n);
    st_int(&q, most ? most : HN_PAGE_DEFAULT);
    struct hn_err e = HN_OK;
    while (hn_ok(e) && st_row(&q) && STORE_PUSH(a, *ret, n, cap))
        e = read_run(s, st_get(&q, 0), a, &(*ret)[n++]);
    *ret_n = n;
    struct hn_err end = st_end(&q);
    HN_TRY(e);
    HN_TRY(end);
    return a->failed ? store_nomem(s) : HN_OK;
}
