/* Observations, for people: lists, one, as it was, by what evidence names. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/internal.h"

/* "module.kind" word → its two parts. */
static void kind_parts(struct hn_store *s, int64_t word, struct hn_arena *a, struct hn_store_obs *ret)
{
    struct hn_str text = store_word_text(s, word);
    ptrdiff_t dot = hn_str_chr(text, '.');
    size_t at = dot < 0 ? text.n : (size_t)dot;

    ret->module = hn_arena_str(a, hn_str_cut(text, 0, at));
    ret->kind = hn_arena_str(a, dot < 0 ? text : hn_str_cut(text, at + 1, text.n));
}

static struct hn_err read_run(struct hn_store *s, int64_t asset, uint32_t kind, int64_t scope, int64_t run,
                              struct hn_arena *a, struct hn_store_obs *ret)
{
    struct st q =
        st_open(s, "SELECT r.ordered_at, r.id, r.origin FROM run r WHERE r.n = CASE WHEN ?1 THEN (SELECT c.run FROM "
                   "cover c WHERE c.asset = ?2 AND c.module = ?3 AND c.scope = ?4) ELSE ?5 END");

    st_int(&q, ret->at == 0);
    st_int(&q, asset);
    st_int(&q, store_module_of(s, kind));
    st_int(&q, scope);
    st_int(&q, run);
    if (st_row(&q)) {
        ret->at = ret->at ? ret->at : st_get(&q, 0);
        ret->run = st_copy(&q, 1, a);
        ret->origin = st_copy(&q, 2, a);
    }
    return st_end(&q);
}

static struct hn_err read_obs(struct hn_store *s, int64_t n, struct hn_arena *a, struct hn_store_obs *ret)
{
    struct st q =
        st_open(s, "SELECT asset, kind, scope, at, run, gone_at, changed_at, subject, fields FROM observation "
                   "WHERE n = ?");
    int64_t asset = 0, kind = 0, scope = 0, run = 0;

    *ret = (struct hn_store_obs){0};
    st_int(&q, n);
    if (st_row(&q)) {
        asset = st_get(&q, 0);
        kind = st_get(&q, 1);
        scope = st_get(&q, 2);
        run = st_get(&q, 4);
        ret->at = st_get(&q, 3);
        ret->gone_at = st_get(&q, 5);
        ret->changed_at = st_get(&q, 6);
        ret->subject = st_copy(&q, 7, a);
        ret->fields = st_copy(&q, 8, a);
    }
    HN_TRY(st_end(&q));
    const struct store_asset *x = store_asset_of_n(s, asset);
    if (!x)
        return store_fail(s, HN_E_CORRUPT, "an observation is missing");
    ret->id = hn_arena_fmt(a, "%" PRId64, n);
    ret->asset = hn_arena_str(a, hn_str_c(x->id));
    ret->asset_name = hn_arena_str(a, hn_str_c(x->name));
    ret->org = hn_arena_str(a, s->orgs[x->org].id);
    kind_parts(s, kind, a, ret);
    HN_TRY(read_run(s, asset, (uint32_t)kind, scope, run, a, ret));
    return a->failed ? store_nomem(s) : HN_OK;
}

/* ---------------------------------------------------------------- lists */

struct hit {
    int64_t n, at;
    uint32_t kind;
    struct hn_str subject;
};

static int by_subject(const void *x, const void *y)
{
    const struct hit *a = x, *b = y;
    int c = a->kind != b->kind ? (a->kind < b->kind ? -1 : 1) : hn_str_cmp(a->subject, b->subject);

    return c ? c : a->n < b->n ? -1 : a->n > b->n;
}

static int by_at(const void *x, const void *y)
{
    const struct hit *a = x, *b = y;

    return a->at != b->at ? (a->at < b->at ? -1 : 1) : by_subject(x, y);
}

static bool kind_matches(struct hn_str text, struct hn_str wanted)
{
    if (!wanted.n || hn_str_eq(text, wanted))
        return true;
    return text.n > wanted.n && memcmp(text.p, wanted.p, wanted.n) == 0 && text.p[wanted.n] == '.';
}

static bool words_match(const struct store_search *f, struct st *q)
{
    if (!f->n)
        return true;
    char *low = store_lower(st_text(q, 4).p, st_text(q, 5).p, NULL);
    bool ok = low && store_search_in(f, hn_str_c(low)) == (1u << f->n) - 1;
    hn_free(low);
    return ok;
}

/* Rows of one asset: some thousands; those that still are. */
static struct hn_err hits(struct hn_store *s, const struct hn_store_obs_query *qu, int64_t asset, struct hn_arena *a,
                          struct hit **v, size_t *n)
{
    struct store_search f;
    struct store_cover_at *covers;
    size_t covers_n, cap = 0;

    HN_TRY(store_covers(s, asset, a, &covers, &covers_n));
    store_search_init(&f, qu->q);
    struct st q =
        st_open(s, "SELECT n, kind, scope, at, subject, fields FROM observation WHERE asset = ? AND gone_at = 0");
    st_int(&q, asset);
    while (st_row(&q)) {
        uint32_t kind = (uint32_t)st_get(&q, 1), module = store_module_of(s, kind);
        if (!kind_matches(store_word_text(s, kind), qu->kind) || !words_match(&f, &q))
            continue;
        if (!STORE_PUSH(a, *v, *n, cap))
            break;
        struct hit *h = &(*v)[(*n)++];
        *h = (struct hit){st_get(&q, 0), st_get(&q, 3), kind, st_copy(&q, 4, a)};
        for (size_t i = 0; i < covers_n && !h->at; i++)
            if (covers[i].module == module && covers[i].scope == (uint32_t)st_get(&q, 2))
                h->at = covers[i].at;
    }
    HN_TRY(st_end(&q));
    return a->failed ? store_nomem(s) : HN_OK;
}

struct hn_err hn_store_observations(struct hn_store *s, const struct hn_principal *p,
                                    const struct hn_store_obs_query *q, struct hn_arena *a, struct hn_store_obs **ret,
                                    struct hn_listing *ret_listing)
{
    struct hn_str sort = q->page.sort;
    unsigned limit = q->page.limit ? q->page.limit : HN_PAGE_DEFAULT;
    bool down = hn_str_starts(sort, "-");
    uint64_t from = 0, last = 0;
    struct store_asset *x;
    struct hit *v = NULL;
    size_t n = 0, m;

    store_ask(s, p);
    sort = hn_str_cut(sort, down, sort.n);
    if (sort.n && !hn_str_eqc(sort, "subject") && !hn_str_eqc(sort, "at"))
        return store_fail(s, HN_E_INVALID, "observations cannot be sorted by %.*s", HN_FMT(sort));
    if (q->page.cursor.n && !store_cursor_read(q->page.cursor, &from, &last))
        return store_fail(s, HN_E_INVALID, "this cursor is not one of ours");
    HN_TRY(store_asset_need(s, p, q->asset, HN_ROLE_VIEWER, &x));
    HN_TRY(hits(s, q, x->n, a, &v, &n));
    if (n)
        qsort(v, n, sizeof *v, hn_str_eqc(sort, "at") ? by_at : by_subject);
    for (size_t i = 0; down && i < n / 2; i++) {
        struct hit t = v[i];
        v[i] = v[n - 1 - i];
        v[n - 1 - i] = t;
    }
    for (size_t i = 0; last && i < n; i++)
        if (v[i].n == (int64_t)last)
            from = i + 1;
    from = from > n ? n : from;
    limit = limit > HN_PAGE_MOST ? HN_PAGE_MOST : limit;
    m = n - from < limit ? n - from : limit;
    *ret = hn_arena_alloc(a, (m + 1) * sizeof **ret);
    if (!*ret)
        return store_nomem(s);
    for (size_t i = 0; i < m; i++)
        HN_TRY(read_obs(s, v[from + i].n, a, &(*ret)[i]));
    *ret_listing = (struct hn_listing){.n = m, .total = n};
    if (m && from + m < n)
        ret_listing->next = store_cursor(a, from + m, (uint64_t)v[from + m - 1].n);
    return a->failed ? store_nomem(s) : HN_OK;
}

/* ---------------------------------------------------------------- one */

static struct hn_err obs_need(struct hn_store *s, const struct hn_principal *p, struct hn_str id, int64_t *ret_n)
{
    int64_t asset = 0;

    HN_TRY(store_index_read(s));
    *ret_n = 0;
    if (hn_str_i64(id, ret_n)) {
        struct st q = st_open(s, "SELECT asset FROM observation WHERE n = ?");
        st_int(&q, *ret_n);
        struct hn_err e = st_one(&q, &asset);
        if (!hn_ok(e) && e.code != HN_E_NOENT)
            return e;
    }
    const struct store_asset *x = store_asset_of_n(s, asset);
    return store_need(s, p, x ? x->org : STORE_NONE, HN_ROLE_VIEWER);
}

struct hn_err hn_store_obs_get(struct hn_store *s, const struct hn_principal *p, struct hn_str id, struct hn_arena *a,
                               struct hn_store_obs *ret)
{
    int64_t n;

    store_ask(s, p);
    HN_TRY(obs_need(s, p, id, &n));
    return read_obs(s, n, a, ret);
}

struct hn_err hn_store_obs_find(struct hn_store *s, const struct hn_principal *p, struct hn_str asset,
                                struct hn_str kind, struct hn_str subject, struct hn_arena *a, struct hn_store_obs *ret)
{
    struct store_asset *x;
    int64_t n;

    store_ask(s, p);
    HN_TRY(store_asset_need(s, p, asset, HN_ROLE_VIEWER, &x));
    struct st q = st_open(s, "SELECT n FROM observation WHERE asset = ? AND kind = ? AND subject = ?");
    st_int(&q, x->n);
    st_int(&q, store_word_find(s, kind));
    st_str(&q, subject);
    HN_TRY(st_one(&q, &n));
    return read_obs(s, n, a, ret);
}

struct hn_err hn_store_obs_history(struct hn_store *s, const struct hn_principal *p, struct hn_str id, unsigned most,
                                   struct hn_arena *a, struct hn_store_obs **ret, size_t *ret_n)
{
    struct hn_store_obs now;
    size_t k = 0, cap = 0;
    int64_t n;

    store_ask(s, p);
    *ret = NULL;
    HN_TRY(obs_need(s, p, id, &n));
    HN_TRY(read_obs(s, n, a, &now));
    struct st q = st_open(s, "SELECT changed_at, until, fields FROM observation_history WHERE observation = ? "
                             "ORDER BY until DESC, n DESC LIMIT ?");
    st_int(&q, n);
    st_int(&q, most ? most : HN_PAGE_DEFAULT);
    while (st_row(&q) && STORE_PUSH(a, *ret, k, cap)) {
        struct hn_store_obs *o = &(*ret)[k++];
        *o = now;
        o->run = o->origin = HN_STR("");
        o->changed_at = st_get(&q, 0);
        o->at = o->gone_at = st_get(&q, 1);
        o->fields = st_copy(&q, 2, a);
    }
    *ret_n = k;
    HN_TRY(st_end(&q));
    return a->failed ? store_nomem(s) : HN_OK;
}

struct hn_err hn_store_obs_kinds(struct hn_store *s, const struct hn_principal *p, struct hn_str asset,
                                 struct hn_arena *a, struct hn_store_kind_count **ret, size_t *ret_n)
{
    struct store_asset *x;
    size_t n = 0, cap = 0;

    store_ask(s, p);
    *ret = NULL;
    HN_TRY(store_asset_need(s, p, asset, HN_ROLE_VIEWER, &x));
    struct st q =
        st_open(s, "SELECT w.text, count(*) FROM observation o JOIN word w ON w.n = o.kind WHERE o.asset = ? AND "
                   "o.gone_at = 0 GROUP BY o.kind ORDER BY w.text");
    st_int(&q, x->n);
    while (st_row(&q) && STORE_PUSH(a, *ret, n, cap))
        (*ret)[n++] = (struct hn_store_kind_count){st_copy(&q, 0, a), (uint64_t)st_get(&q, 1)};
    *ret_n = n;
    HN_TRY(st_end(&q));
    return a->failed ? store_nomem(s) : HN_OK;
}

struct hn_err hn_store_obs_each(struct hn_store *s, const struct hn_principal *p, struct hn_str asset,
                                bool (*each)(void *arg, const struct hn_store_obs *o), void *arg)
{
    struct hn_arena a;
    struct store_asset *x;
    struct hit *v = NULL;
    size_t n = 0;
    bool go = true;

    store_ask(s, p);
    HN_TRY(store_asset_need(s, p, asset, HN_ROLE_VIEWER, &x));
    const struct hn_store_obs_query all = {.asset = asset};
    hn_arena_init(&a, (size_t)4 << 30);
    struct hn_err e = hits(s, &all, x->n, &a, &v, &n);
    if (hn_ok(e) && n)
        qsort(v, n, sizeof *v, by_subject);
    struct hn_arena one;
    hn_arena_init(&one, 256 << 20);
    for (size_t i = 0; hn_ok(e) && go && i < n; i++) {
        struct hn_store_obs o;
        e = read_obs(s, v[i].n, &one, &o);
        go = hn_ok(e) && each(arg, &o);
        hn_arena_clear(&one);
    }
    hn_arena_done(&one);
    hn_arena_done(&a);
    return e;
}
