/* Assets: found again by what identifies them, listed, changed. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/internal.h"

/* ---------------------------------------------------------------- identity */

struct candidate {
    int64_t n;
    unsigned keys;    /* hardware ids of the document that it has */
    bool machine;     /* has the document's machine-id */
    unsigned hw, ids; /* hardware ids and machine-ids that it has at all */
};

struct matching {
    struct hn_store *s;
    const struct hn_principal *p;
    struct hn_arena *a;
    struct candidate *v;
    size_t n, cap;
    unsigned hw;    /* hardware ids of the document */
    bool elsewhere; /* one matched that p may not write */
};

static bool is_machine(struct hn_str type)
{
    return hn_str_eqc(type, "machine-id");
}

static struct candidate *candidate_of(struct matching *m, int64_t asset)
{
    struct store_asset *found = store_asset_of_n(m->s, asset);

    if (!found || store_role(m->s, m->p, found->org) < HN_ROLE_OPERATOR) {
        m->elsewhere = true;
        return NULL;
    }
    for (size_t i = 0; i < m->n; i++)
        if (m->v[i].n == asset)
            return &m->v[i];
    if (!STORE_PUSH(m->a, m->v, m->n, m->cap))
        return NULL;
    m->v[m->n] = (struct candidate){.n = asset};
    return &m->v[m->n++];
}

static struct hn_err match_key(struct matching *m, const struct hn_store_key *key)
{
    struct st q = st_open(m->s, "SELECT asset FROM asset_key WHERE type = ? AND value = ?");

    st_str(&q, key->type);
    st_str(&q, key->value);
    while (st_row(&q)) {
        struct candidate *c = candidate_of(m, st_get(&q, 0));
        if (c && is_machine(key->type))
            c->machine = true;
        else if (c)
            c->keys++;
    }
    return st_end(&q);
}

static struct hn_err count_keys(struct matching *m)
{
    for (size_t i = 0; i < m->n; i++) {
        struct st q = st_open(m->s, "SELECT type FROM asset_key WHERE asset = ?");
        st_int(&q, m->v[i].n);
        while (st_row(&q)) {
            if (is_machine(st_text(&q, 0)))
                m->v[i].ids++;
            else
                m->v[i].hw++;
        }
        HN_TRY(st_end(&q));
    }
    return HN_OK;
}

/* Same machine-id and (some same hardware, or no hardware ids on one side): the same. Same machine-id, other hardware:
 * a clone. All hardware ids the same, another machine-id: installed anew. */
static int64_t decide(const struct matching *m, const char **clash, int64_t *with)
{
    const struct candidate *same = NULL, *cloned = NULL, *anew = NULL;

    for (size_t i = 0; i < m->n; i++) {
        const struct candidate *c = &m->v[i];
        if (c->machine && (c->keys || !m->hw || !c->hw)) {
            if (!same || c->keys > same->keys)
                same = c;
        } else if (c->machine) {
            cloned = c;
        } else if (m->hw && c->keys == m->hw && c->keys == c->hw) {
            anew = c;
        } else if (c->keys) {
            *clash = "hardware-shared";
            *with = c->n;
        }
    }
    if (same) {
        if (cloned) {
            *clash = "machine-id-shared";
            *with = cloned->n;
        }
        return same->n;
    }
    if (cloned) {
        *clash = "machine-id-shared";
        *with = cloned->n;
        return 0;
    }
    if (anew) {
        *clash = "machine-id-changed";
        *with = anew->n;
        return anew->n;
    }
    return 0;
}

/* Nothing identifies it but its name: the same name, as little identified, in the same organisation. */
static struct hn_err match_name(struct matching *m, const struct hn_store_identity *who, uint32_t org, int64_t *ret)
{
    struct st q = st_open(m->s, "SELECT n FROM asset a WHERE org = ? AND name = ? AND NOT EXISTS "
                                "(SELECT 1 FROM asset_key k WHERE k.asset = a.n) ORDER BY n LIMIT 1");

    st_int(&q, m->s->orgs[org].n);
    st_str(&q, who->name);
    struct hn_err e = st_one(&q, ret);
    return e.code == HN_E_NOENT ? HN_OK : e;
}

struct hn_err store_asset_keys(struct hn_store *s, int64_t asset, const struct hn_store_identity *who)
{
    for (size_t i = 0; i < who->n_keys; i++) {
        struct st q = st_open(s, "INSERT OR IGNORE INTO asset_key VALUES (?, ?, ?)");
        st_str(&q, who->keys[i].type);
        st_str(&q, who->keys[i].value);
        st_int(&q, asset);
        HN_TRY(st_do(&q));
    }
    return HN_OK;
}

static struct hn_err create(struct hn_store *s, const struct hn_principal *p, const struct hn_store_identity *who,
                            uint32_t org, struct hn_arena *a, const char *id, int64_t *ret)
{
    struct hn_str names;
    struct st q =
        st_open(s, "INSERT INTO asset (id, org, kind, name, os, names, first_seen) VALUES (?, ?, ?, ?, ?, ?, ?)");

    HN_TRY(store_names_json(s, who->names, who->n_names, a, &names));
    st_c(&q, id);
    st_int(&q, s->orgs[org].n);
    st_str(&q, who->kind.n ? who->kind : HN_STR("host"));
    st_str(&q, who->name);
    st_str(&q, who->os);
    st_str(&q, names);
    st_int(&q, hn_now());
    HN_TRY(st_do(&q));
    *ret = sqlite3_last_insert_rowid(s->db);
    HN_TRY(store_asset_keys(s, *ret, who));
    HN_TRY(store_audit_add(s, p, s->orgs[org].n, "asset.create", hn_str_c(id), who->name));
    HN_TRY(store_event_add(s, s->orgs[org].n, "org", s->orgs[org].id, "asset"));
    return store_refresh(s, *ret, hn_now());
}

static struct hn_err valid_identity(struct hn_store *s, const struct hn_store_identity *who)
{
    if (!who->name.n || who->name.n > 1024 || who->os.n > 1024 || who->kind.n > 64)
        return store_fail(s, HN_E_INVALID, "an asset needs a name of at most 1024 bytes");
    if (who->n_names > 256 || who->n_keys > 64)
        return store_fail(s, HN_E_LIMIT, "too many names or identifiers of one asset");
    for (size_t i = 0; i < who->n_keys; i++)
        if (!who->keys[i].type.n || !who->keys[i].value.n || who->keys[i].type.n > 64 || who->keys[i].value.n > 256)
            return store_fail(s, HN_E_INVALID, "an identifier of an asset is empty or too long");
    for (size_t i = 0; i < who->n_names; i++)
        if (who->names[i].n > 1024)
            return store_fail(s, HN_E_INVALID, "a name of an asset is too long");
    return HN_OK;
}

static struct hn_err find(struct matching *m, const struct hn_store_identity *who, uint32_t org, const char **clash,
                          int64_t *with, int64_t *ret)
{
    for (size_t i = 0; i < who->n_keys; i++) {
        m->hw += !is_machine(who->keys[i].type);
        HN_TRY(match_key(m, &who->keys[i]));
    }
    if (m->a->failed)
        return store_nomem(m->s);
    HN_TRY(count_keys(m));
    *ret = decide(m, clash, with);
    if (!who->n_keys && org != STORE_NONE)
        HN_TRY(match_name(m, who, org, ret));
    if (!*ret && !*clash && m->elsewhere)
        *clash = "machine-id-shared";
    return HN_OK;
}

struct hn_err hn_store_asset_resolve(struct hn_store *s, const struct hn_principal *p,
                                     const struct hn_store_identity *who, struct hn_str org, bool create_it,
                                     struct hn_arena *a, struct hn_store_match *ret)
{
    struct matching m = {.s = s, .p = p, .a = a};
    int64_t n = 0, with = 0;
    char id[HN_ID_TEXT];

    store_ask(s, p);
    *ret = (struct hn_store_match){0};
    HN_TRY(valid_identity(s, who));
    HN_TRY(store_index_read(s));
    uint32_t at = store_org_at(s, org.n ? org : HN_STR(HN_STORE_ROOT));
    HN_TRY(find(&m, who, at != STORE_NONE && store_role(s, p, at) >= HN_ROLE_OPERATOR ? at : STORE_NONE, &ret->clash,
                &with, &n));
    if (!n && !create_it)
        return (struct hn_err){HN_E_NOENT};
    if (!n) {
        HN_TRY(store_need(s, p, at, HN_ROLE_OPERATOR));
        HN_TRY(hn_id_new(id));
        HN_TRY(store_begin(s));
        HN_TRY(store_end(s, create(s, p, who, at, a, id, &n)));
        HN_TRY(store_index_read(s));
        ret->created = true;
    }
    struct store_asset *one = store_asset_of_n(s, n), *other = store_asset_of_n(s, with);
    if (!one)
        return store_fail(s, HN_E_CORRUPT, "an asset is missing");
    ret->asset = hn_arena_str(a, hn_str_c(one->id));
    ret->clash_with = other ? hn_arena_str(a, hn_str_c(other->id)) : HN_STR("");
    return a->failed ? store_nomem(s) : HN_OK;
}

/* ---------------------------------------------------------------- one asset, for people */

static struct hn_err read_keys(struct hn_store *s, int64_t n, struct hn_arena *a, struct hn_store_asset *ret)
{
    size_t k = 0, cap = 0;
    struct st q = st_open(s, "SELECT type, value FROM asset_key WHERE asset = ? ORDER BY type DESC, value");

    st_int(&q, n);
    while (st_row(&q) && STORE_PUSH(a, ret->keys, k, cap))
        ret->keys[k++] = (struct hn_store_key){st_copy(&q, 0, a), st_copy(&q, 1, a)};
    ret->n_keys = k;
    HN_TRY(st_end(&q));
    k = cap = 0;
    struct st m = st_open(s, "SELECT DISTINCT module FROM cover WHERE asset = ?");
    st_int(&m, n);
    while (st_row(&m) && STORE_PUSH(a, ret->modules, k, cap))
        ret->modules[k++] = hn_arena_str(a, store_word_text(s, st_get(&m, 0)));
    ret->n_modules = k;
    return st_end(&m);
}

static struct hn_err give(struct hn_store *s, const struct store_asset *x, struct hn_arena *a,
                          struct hn_store_asset *ret)
{
    const struct store_org *o = &s->orgs[x->org];
    const struct store_sums *m = &x->sums;
    struct st q = st_open(s, "SELECT kind, os, names FROM asset WHERE n = ?");

    *ret = (struct hn_store_asset){
        .id = hn_arena_str(a, hn_str_c(x->id)),
        .name = hn_arena_str(a, hn_str_c(x->name)),
        .org = hn_arena_str(a, o->id),
        .org_name_en = hn_arena_str(a, o->name_en),
        .org_name_ja = hn_arena_str(a, o->name_ja),
        .criticality = x->criticality,
        .has_score = m->has_score,
        .score = m->score,
        .counts = {m->open, m->not_seen, m->excepted, m->overdue, m->due_week, m->new_today, m->closed_lately},
        .worst = m->worst,
        .first_seen = x->first_seen,
        .last_run = x->last_run,
    };
    st_int(&q, x->n);
    if (st_row(&q)) {
        ret->kind = st_copy(&q, 0, a);
        ret->os = st_copy(&q, 1, a);
        store_names_read(st_text(&q, 2), a, &ret->names, &ret->n_names);
    }
    HN_TRY(st_end(&q));
    HN_TRY(read_keys(s, x->n, a, ret));
    return a->failed ? store_nomem(s) : HN_OK;
}

struct hn_err hn_store_asset_get(struct hn_store *s, const struct hn_principal *p, struct hn_str id, struct hn_arena *a,
                                 struct hn_store_asset *ret)
{
    struct store_asset *x;

    store_ask(s, p);
    HN_TRY(store_sweep_due(s, hn_now()));
    HN_TRY(store_asset_need(s, p, id, HN_ROLE_VIEWER, &x));
    HN_TRY(store_index_fresh(s, x, hn_now()));
    return give(s, x, a, ret);
}

/* ---------------------------------------------------------------- lists */

struct order {
    uint64_t key;
    uint32_t at; /* index */
};

static int by_key(const void *x, const void *y)
{
    const struct order *a = x, *b = y;

    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return a->at < b->at ? -1 : a->at > b->at;
}

enum sort { BY_SCORE, BY_NAME, BY_RUN, BY_OPEN };

static bool sort_of(struct hn_str text, enum sort *ret, bool *down)
{
    static const char *const names[] = {"score", "name", "last_run", "open"};

    *down = hn_str_starts(text, "-");
    text = hn_str_cut(text, *down, text.n);
    if (!text.n) {
        *ret = BY_SCORE;
        *down = true;
        return true;
    }
    for (int i = 0; i < 4; i++)
        if (hn_str_eqc(text, names[i])) {
            *ret = i;
            return true;
        }
    return false;
}

/* Assets without a score come last, whichever way. */
static uint64_t key_of(const struct hn_store *s, uint32_t i, enum sort by, bool down)
{
    const struct store_asset *x = &s->assets[i];
    uint64_t key;

    switch (by) {
    case BY_SCORE:
        if (!x->sums.has_score)
            return UINT64_MAX;
        key = (uint64_t)(x->sums.score * 1e12);
        break;
    case BY_NAME:
        key = s->rank[i];
        break;
    case BY_RUN:
        key = (uint64_t)x->last_run;
        break;
    default:
        key = x->sums.open;
    }
    return down ? (UINT64_MAX >> 1) - key : key;
}

static bool listed(struct hn_store *s, const struct hn_principal *p, const struct hn_store_asset_query *q, uint32_t top,
                   const struct store_search *f, hn_time now, const struct store_asset *x)
{
    if (store_role(s, p, x->org) < HN_ROLE_VIEWER || (top != STORE_NONE && !store_org_below(s, top, x->org)))
        return false;
    if (q->not_seen_days && x->last_run > now - (hn_time)q->not_seen_days * HN_DAY)
        return false;
    return store_search_in(f, hn_str_c(x->words)) == (1u << f->n) - 1 || hn_str_eq(q->q, hn_str_c(x->id));
}

static struct hn_err page(struct hn_store *s, const struct hn_page *pg, struct order *v, size_t n, enum sort by,
                          bool down, struct hn_arena *a, struct hn_store_asset **ret, struct hn_listing *l)
{
    unsigned limit = pg->limit ? pg->limit : HN_PAGE_DEFAULT;
    uint64_t key, last;
    size_t from = 0;

    limit = limit > HN_PAGE_MOST ? HN_PAGE_MOST : limit;
    if (pg->cursor.n) {
        if (!store_cursor_read(pg->cursor, &key, &last))
            return store_fail(s, HN_E_INVALID, "this cursor is not one of ours");
        struct store_asset *x = store_asset_of_n(s, (int64_t)last);
        struct order at = {key, x ? (uint32_t)(x - s->assets) : STORE_NONE};
        if (x && by == BY_NAME) /* ranks shift when assets come and go */
            at.key = key_of(s, at.at, by, down);
        while (from < n && by_key(&v[from], &at) <= 0)
            from++;
    }
    size_t m = n - from < limit ? n - from : limit;
    *ret = hn_arena_alloc(a, (m + 1) * sizeof **ret);
    if (!*ret)
        return store_nomem(s);
    for (size_t i = 0; i < m; i++)
        HN_TRY(give(s, &s->assets[v[from + i].at], a, &(*ret)[i]));
    *l = (struct hn_listing){.n = m, .total = n};
    if (m && from + m < n)
        l->next = store_cursor(a, v[from + m - 1].key, (uint64_t)s->assets[v[from + m - 1].at].n);
    return a->failed ? store_nomem(s) : HN_OK;
}

struct hn_err hn_store_assets(struct hn_store *s, const struct hn_principal *p, const struct hn_store_asset_query *q,
                              struct hn_arena *a, struct hn_store_asset **ret, struct hn_listing *ret_listing)
{
    struct store_search f;
    hn_time now = hn_now();
    enum sort by;
    bool down;
    uint32_t top;
    size_t n = 0;

    store_ask(s, p);
    if (!sort_of(q->page.sort, &by, &down))
        return store_fail(s, HN_E_INVALID, "assets cannot be sorted by %.*s", HN_FMT(q->page.sort));
    HN_TRY(store_sweep_due(s, now));
    HN_TRY(store_index_read(s));
    HN_TRY(store_subtree(s, p, q->org, &top));
    HN_TRY(store_rank(s));
    store_search_init(&f, q->q);
    struct order *v = hn_arena_alloc(a, (s->assets_n + 1) * sizeof *v);
    if (!v)
        return store_nomem(s);
    for (uint32_t i = 0; i < s->assets_n; i++)
        if (listed(s, p, q, top, &f, now, &s->assets[i])) {
            HN_TRY(store_index_fresh(s, &s->assets[i], now));
            v[n++] = (struct order){key_of(s, i, by, down), i};
        }
    qsort(v, n, sizeof *v, by_key);
    return page(s, &q->page, v, n, by, down, a, ret, ret_listing);
}

/* ---------------------------------------------------------------- changing one */

/* loss is proportional to criticality; the score follows (see hn_store_scale). */
static struct hn_err rescore(struct hn_store *s, const struct store_asset *x, double criticality)
{
    struct st q = st_open(s, "SELECT n, p, loss FROM finding WHERE asset = ?");
    struct hn_err e = HN_OK;

    st_int(&q, x->n);
    while (hn_ok(e) && st_row(&q)) {
        double loss = st_get_num(&q, 2) * criticality / x->criticality;
        struct st u = st_open(s, "UPDATE finding SET loss = ?, score = ?, hash = x'' WHERE n = ?");
        st_num(&u, loss);
        st_num(&u, 100 * -expm1(-s->kappa * st_get_num(&q, 1) * loss));
        st_int(&u, st_get(&q, 0));
        e = st_do(&u);
    }
    struct hn_err end = st_end(&q);
    return hn_ok(e) ? end : e;
}

static struct hn_err change(struct hn_store *s, const struct hn_principal *p, struct store_asset *x, double criticality,
                            uint32_t to, struct hn_str name)
{
    char detail[96];
    int64_t n = x->n, org = x->org_n;
    uint32_t from = x->org;
    struct st q = st_open(s, "UPDATE asset SET criticality = ?, org = ?, name = ? WHERE n = ?");

    st_num(&q, criticality);
    st_int(&q, s->orgs[to].n);
    st_str(&q, name);
    st_int(&q, n);
    HN_TRY(st_do(&q));
    snprintf(detail, sizeof detail, "{\"criticality\":%g,\"org\":\"%.*s\"}", criticality, HN_FMT(s->orgs[to].id));
    HN_TRY(store_audit_add(s, p, org, "asset.change", hn_str_c(x->id), hn_str_c(detail)));
    HN_TRY(store_event_add(s, s->orgs[to].n, "org", s->orgs[to].id, "asset"));
    if (from != to)
        HN_TRY(store_event_add(s, org, "org", s->orgs[from].id, "asset"));
    if (criticality != x->criticality)
        HN_TRY(rescore(s, x, criticality));
    HN_TRY(store_refresh(s, n, hn_now()));
    return from != to ? store_org_points(s, from, hn_now()) : HN_OK;
}

struct hn_err hn_store_asset_change(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                    double criticality, struct hn_str org, struct hn_str name)
{
    struct store_asset *x;

    store_ask(s, p);
    HN_TRY(store_asset_need(s, p, id, HN_ROLE_OPERATOR, &x));
    uint32_t to = x->org;
    if (org.n) {
        to = store_org_at(s, org);
        HN_TRY(store_need(s, p, to, HN_ROLE_OPERATOR));
    }
    if (criticality >= 0 && !(criticality >= 0.1 && criticality <= 10))
        return store_fail(s, HN_E_INVALID, "criticality goes from 0.1 to 10");
    if (name.n > 1024)
        return store_fail(s, HN_E_INVALID, "the name is too long");
    double c = criticality < 0 ? x->criticality : criticality;
    HN_TRY(store_begin(s));
    struct hn_err e = change(s, p, x, c, to, name.n ? name : hn_str_c(x->name));
    return store_end(s, e);
}
