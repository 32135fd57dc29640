/* Observations of a run against what was known: new, changed, the same, gone. */
#include <stdio.h>

#include "store/internal.h"

#define HASH_LEN 16

struct known {
    int64_t n, run;
    uint32_t kind, scope;
    int privilege;
    hn_time at, gone_at, changed_at; /* at 0: follows */
    bool seen;
    uint8_t hash[HASH_LEN];
    struct hn_str subject;
};

struct table {
    struct store_run *r;
    struct hn_map map; /* kind and subject → known */
    struct known *v;
    size_t n, cap;
};

/* The key of the map: the kind's number before the subject. */
static struct hn_bytes key_of(struct hn_arena *a, uint32_t kind, struct hn_str subject)
{
    char *p = hn_arena_alloc(a, subject.n + 4);

    if (!p)
        return hn_bytes_of("", 0);
    memcpy(p, &kind, 4);
    memcpy(p + 4, subject.p, subject.n);
    return hn_bytes_of(p, subject.n + 4);
}

static struct hn_err load_kind(struct table *t, uint32_t kind)
{
    struct store_run *r = t->r;
    struct st q =
        st_open(r->s, "SELECT n, scope, privilege, at, run, gone_at, changed_at, hash, subject FROM observation "
                      "WHERE asset = ? AND kind = ?");

    st_int(&q, r->asset_n);
    st_int(&q, kind);
    while (st_row(&q)) {
        if (!STORE_PUSH(r->a, t->v, t->n, t->cap))
            break;
        struct known *k = &t->v[t->n++];
        struct hn_bytes hash = st_bytes(&q, 7);
        *k = (struct known){.n = st_get(&q, 0),
                            .kind = kind,
                            .scope = (uint32_t)st_get(&q, 1),
                            .privilege = (int)st_get(&q, 2),
                            .at = st_get(&q, 3),
                            .run = st_get(&q, 4),
                            .gone_at = st_get(&q, 5),
                            .changed_at = st_get(&q, 6),
                            .subject = st_copy(&q, 8, r->a)};
        if (hash.n == HASH_LEN)
            memcpy(k->hash, hash.p, HASH_LEN);
    }
    HN_TRY(st_end(&q));
    return r->a->failed ? store_nomem(r->s) : HN_OK;
}

/* Every row of the asset whose module has a part in this run. The map is filled last: the array moves while it grows.
 */
static struct hn_err load(struct table *t)
{
    struct store_run *r = t->r;

    for (uint32_t w = 1; w < r->s->words.n; w++) {
        uint32_t module = store_module_of(r->s, w);
        bool part = false;
        for (size_t i = 0; module && i < r->in->n_cover; i++)
            part |= r->part[i].module == module && !r->part[i].in->kept;
        if (part)
            HN_TRY(load_kind(t, w));
    }
    for (size_t i = 0; i < t->n; i++)
        if (!hn_ok(hn_map_set(&t->map, key_of(r->a, t->v[i].kind, t->v[i].subject), &t->v[i])))
            return store_nomem(r->s);
    return r->a->failed ? store_nomem(r->s) : HN_OK;
}

static void hash_of(struct hn_str fields, uint8_t out[HASH_LEN])
{
    uint8_t full[HN_SHA256_LEN];

    hn_sha256(hn_str_bytes(fields), full);
    memcpy(out, full, HASH_LEN);
}

static hn_time last_at(const struct table *t, const struct known *k, int64_t *ret_run)
{
    *ret_run = k->run;
    return k->at ? k->at : store_run_before(t->r, store_module_of(t->r->s, k->kind), k->scope, ret_run);
}

/* ---------------------------------------------------------------- seen */

struct sight {
    const struct hn_store_run_obs *in;
    struct store_run_part *part;
    uint32_t kind;
    uint8_t hash[HASH_LEN];
    hn_time pin;     /* 0: the row follows */
    hn_time gone_at; /* a later run settled that already */
};

/* A late sighting stands only as far as later runs leave it. */
static struct hn_err settle(struct table *t, struct sight *g, int privilege)
{
    struct store_run *r = t->r;
    int presence = HN_F_OPEN;
    int64_t run;
    hn_time at = 0;

    g->pin = g->gone_at = 0;
    if (!g->part->late)
        return HN_OK;
    HN_TRY(store_run_later(r, g->part->module, g->part->scope, privilege, r->at, false, &presence, &run, &at));
    g->pin = r->at;
    g->gone_at = presence == HN_F_CLOSED ? at : 0;
    return HN_OK;
}

static struct hn_err insert(struct table *t, struct sight *g)
{
    struct store_run *r = t->r;

    HN_TRY(settle(t, g, g->part->in->privilege));
    struct st q =
        st_open(r->s, "INSERT INTO observation (asset, kind, scope, privilege, at, run, gone_at, changed_at, hash, "
                      "subject, fields) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    st_int(&q, r->asset_n);
    st_int(&q, g->kind);
    st_int(&q, g->part->scope);
    st_int(&q, g->part->in->privilege);
    st_int(&q, g->pin);
    st_int(&q, r->n);
    st_int(&q, g->gone_at);
    st_int(&q, g->in->at > 0 && g->in->at < r->at ? g->in->at : r->at);
    st_blob(&q, hn_bytes_of(g->hash, HASH_LEN));
    st_str(&q, g->in->subject);
    st_str(&q, g->in->fields);
    r->out->obs_new++;
    return st_do(&q);
}

static struct hn_err keep_former(struct table *t, const struct known *k)
{
    struct st q = st_open(t->r->s, "INSERT INTO observation_history (observation, changed_at, until, fields) "
                                   "SELECT n, changed_at, ?, fields FROM observation WHERE n = ?");

    st_int(&q, t->r->at);
    st_int(&q, k->n);
    return st_do(&q);
}

static struct hn_err update(struct table *t, struct known *k, struct sight *g)
{
    struct store_run *r = t->r;
    bool changed = memcmp(k->hash, g->hash, HASH_LEN) != 0;
    int privilege = g->part->in->privilege > k->privilege || k->gone_at ? g->part->in->privilege : k->privilege;

    HN_TRY(settle(t, g, privilege));
    if (!changed && !g->pin && !k->at && k->scope == g->part->scope && k->privilege == privilege) {
        r->out->obs_same++;
        return HN_OK;
    }
    if (changed)
        HN_TRY(keep_former(t, k));
    struct st q =
        st_open(r->s, changed ? "UPDATE observation SET scope = ?, privilege = ?, at = ?, run = ?, gone_at = ?, "
                                "changed_at = ?, hash = ?, fields = ? WHERE n = ?"
                              : "UPDATE observation SET scope = ?, privilege = ?, at = ?, run = ?, gone_at = ? "
                                "WHERE n = ?");
    st_int(&q, g->part->scope);
    st_int(&q, privilege);
    st_int(&q, g->pin);
    st_int(&q, r->n);
    st_int(&q, g->gone_at);
    if (changed) {
        st_int(&q, r->at);
        st_blob(&q, hn_bytes_of(g->hash, HASH_LEN));
        st_str(&q, g->in->fields);
    }
    st_int(&q, k->n);
    r->out->obs_changed += changed;
    r->out->obs_same += !changed;
    return st_do(&q);
}

static struct hn_err see(struct table *t, const struct hn_store_run_obs *o)
{
    struct store_run *r = t->r;
    struct sight g = {.in = o, .part = store_run_part(r, o->module, o->scope)};
    char kind[256];
    int64_t run;

    if (!g.part || g.part->in->kept)
        return store_fail(r->s, HN_E_INVALID, "an observation of %.*s, which the run does not cover",
                          HN_FMT(o->module));
    int n = snprintf(kind, sizeof kind, "%.*s.%.*s", HN_FMT(o->module), HN_FMT(o->kind));
    if (!o->kind.n || n >= (int)sizeof kind)
        return store_fail(r->s, HN_E_INVALID, "an observation without a kind");
    HN_TRY(store_word(r->s, hn_str_c(kind), &g.kind));
    hash_of(o->fields, g.hash);
    struct hn_bytes key = key_of(r->a, g.kind, o->subject);
    struct known *k = hn_map_find(&t->map, key);
    if (k && !o->scope.n)
        g.part = store_run_part_of(r, g.part, k->scope);
    g.part->observations++;
    if (k) {
        bool again = k->seen;
        k->seen = true;
        if (again || last_at(t, k, &run) >= r->at)
            return HN_OK; /* shown twice, or known from a later run */
        return update(t, k, &g);
    }
    struct known *fresh = HN_NEW(r->a, struct known);
    if (!fresh || !key.n)
        return store_nomem(r->s);
    *fresh = (struct known){.seen = true};
    if (!hn_ok(hn_map_set(&t->map, key, fresh)))
        return store_nomem(r->s);
    return insert(t, &g);
}

/* ---------------------------------------------------------------- not seen */

static struct hn_err miss(struct table *t, const struct known *k, struct store_run_part *p)
{
    struct store_run *r = t->r;
    int64_t run;
    hn_time last = last_at(t, k, &run);
    bool hidden = false;
    bool gone = p->in->privilege >= k->privilege && (p->in->complete || (p->in->bounded && !p->late));

    if (gone && !p->in->complete && !k->gone_at)
        HN_TRY(store_run_hides(r, p, k->kind, k->subject, HN_STR(""), last, run, &hidden));
    gone &= !hidden;
    if (k->gone_at || last >= r->at || (!gone && k->at))
        return HN_OK;
    struct st q = st_open(r->s, "UPDATE observation SET at = ?, run = ?, gone_at = ? WHERE n = ?");
    st_int(&q, last);
    st_int(&q, run);
    st_int(&q, gone ? r->at : 0);
    st_int(&q, k->n);
    r->out->obs_gone += gone;
    return st_do(&q);
}

static struct hn_err compare(struct table *t)
{
    struct store_run *r = t->r;

    HN_TRY(load(t));
    for (size_t i = 0; i < r->in->n_obs; i++)
        HN_TRY(see(t, &r->in->obs[i]));
    for (size_t i = 0; i < t->n; i++) {
        const struct known *k = &t->v[i];
        uint32_t module = k->seen ? 0 : store_module_of(r->s, k->kind);
        for (size_t c = 0; module && c < r->in->n_cover; c++)
            if (r->part[c].module == module && r->part[c].scope == k->scope && !r->part[c].in->kept)
                HN_TRY(miss(t, k, &r->part[c]));
    }
    return HN_OK;
}

struct hn_err store_run_observations(struct store_run *r)
{
    struct table t = {.r = r};

    hn_map_init(&t.map);
    struct hn_err e = compare(&t);
    hn_map_done(&t.map);
    return e;
}
