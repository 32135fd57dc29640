/* Taking a run: what it covers, what it says about the asset, and around it one transaction. The closing rule itself is
 * in run_obs.c and run_find.c.
 *
 *        collected_at ──▶ ordered_at      local runs: never before the one that arrived before them
 *                                         others:     collected_at, but not after their arrival
 *
 * Rows that the newest run of their scope showed have no time of their own (at = 0, they "follow"), so that a run in
 * which nothing changed writes nothing but itself. When a run of that scope does not show them any more, they get the
 * time of the run before: they are pinned. */
#include <inttypes.h>
#include <stdio.h>

#include "store/internal.h"

#define COVER_MOST    256u
#define OBS_MOST      2000000u
#define FINDINGS_MOST 1000000u

struct hn_err store_covers(struct hn_store *s, int64_t asset, struct hn_arena *a, struct store_cover_at **ret,
                           size_t *ret_n)
{
    size_t n = 0, cap = 0;
    struct st q = st_open(s, "SELECT module, scope, run, at FROM cover WHERE asset = ?");

    *ret = NULL;
    st_int(&q, asset);
    while (st_row(&q) && STORE_PUSH(a, *ret, n, cap))
        (*ret)[n++] =
            (struct store_cover_at){(uint32_t)st_get(&q, 0), (uint32_t)st_get(&q, 1), st_get(&q, 2), st_get(&q, 3)};
    *ret_n = n;
    HN_TRY(st_end(&q));
    return a->failed ? store_nomem(s) : HN_OK;
}

uint32_t store_module_of(struct hn_store *s, uint32_t kind)
{
    struct hn_str text = store_word_text(s, kind);
    ptrdiff_t dot = hn_str_chr(text, '.');

    return dot < 0 ? 0 : store_word_find(s, hn_str_cut(text, 0, (size_t)dot));
}

hn_time store_run_before(const struct store_run *r, uint32_t module, uint32_t scope, int64_t *ret_run)
{
    for (size_t i = 0; i < r->covers_n; i++)
        if (r->covers[i].module == module && r->covers[i].scope == scope) {
            *ret_run = r->covers[i].run;
            return r->covers[i].at;
        }
    *ret_run = 0;
    return 0;
}

struct store_run_part *store_run_part(struct store_run *r, struct hn_str module, struct hn_str scope)
{
    for (size_t i = 0; i < r->in->n_cover; i++)
        if (hn_str_eq(r->part[i].in->module, module) && (!scope.n || hn_str_eq(r->part[i].in->scope, scope)))
            return &r->part[i];
    return NULL;
}

struct store_run_part *store_run_part_of(struct store_run *r, struct store_run_part *first, uint32_t scope)
{
    for (size_t i = 0; first && scope && i < r->in->n_cover; i++)
        if (r->part[i].module == first->module && r->part[i].scope == scope)
            return &r->part[i];
    return first;
}

struct hn_err store_run_later(struct store_run *r, uint32_t module, uint32_t scope, int privilege, hn_time at,
                              bool judged, int *ret_presence, int64_t *ret_run, hn_time *ret_at)
{
    struct st q = st_open(r->s, "SELECT c.complete, c.judged, c.privilege, r.n, r.ordered_at FROM run r "
                                "JOIN run_cover c ON c.run = r.n AND c.module = ? AND c.scope = ? "
                                "WHERE r.asset = ? AND r.ordered_at > ? AND r.n <> ? ORDER BY r.ordered_at, r.n");

    *ret_presence = HN_F_OPEN;
    st_int(&q, module);
    st_int(&q, scope);
    st_int(&q, r->asset_n);
    st_int(&q, at);
    st_int(&q, r->n);
    while (*ret_presence != HN_F_CLOSED && st_row(&q)) {
        *ret_presence = HN_F_NOT_SEEN;
        /* 2, bounded, is left to the next run: what was hidden is known of this one only */
        if (st_get(&q, 0) == 1 && (!judged || st_get(&q, 1)) && st_get(&q, 2) >= privilege) {
            *ret_presence = HN_F_CLOSED;
            *ret_run = st_get(&q, 3);
            *ret_at = st_get(&q, 4);
        }
    }
    return st_end(&q);
}

/* ---------------------------------------------------------------- the run itself */

static struct hn_err valid(struct hn_store *s, const struct hn_store_run *run)
{
    if (!run->id.n || run->id.n > 128)
        return store_fail(s, HN_E_INVALID, "a run needs an id of at most 128 bytes");
    if (run->collected_at <= 0)
        return store_fail(s, HN_E_INVALID, "a run needs the time when it was collected");
    if (run->n_cover > COVER_MOST || run->n_obs > OBS_MOST || run->n_findings > FINDINGS_MOST)
        return store_fail(s, HN_E_LIMIT, "the run is too large");
    for (size_t i = 0; i < run->n_cover; i++) {
        const struct hn_store_run_cover *c = &run->cover[i];
        if (!c->module.n || !c->scope.n || c->module.n > 64 || c->scope.n > 1024)
            return store_fail(s, HN_E_INVALID, "a coverage needs a module and a scope");
        for (size_t k = 0; k < i; k++)
            if (hn_str_eq(run->cover[k].module, c->module) && hn_str_eq(run->cover[k].scope, c->scope))
                return store_fail(s, HN_E_INVALID, "%.*s is covered twice over the same scope", HN_FMT(c->module));
    }
    return HN_OK;
}

/* The newest run of the asset so far, whatever it covered. */
static struct hn_err newest(struct hn_store *s, int64_t asset, hn_time *ret)
{
    struct st q = st_open(s, "SELECT coalesce(max(ordered_at), 0) FROM run WHERE asset = ?");

    st_int(&q, asset);
    return st_one(&q, ret);
}

static struct hn_err order(struct store_run *r)
{
    hn_time last, at = r->in->collected_at;

    if (hn_str_eqc(r->in->origin, "local") && !r->in->background) {
        HN_TRY(newest(r->s, r->asset_n, &last));
        r->at = at > last ? at : last + 1;
    } else {
        r->at = at < r->received ? at : r->received;
    }
    return HN_OK;
}

static struct hn_err put_run(struct store_run *r)
{
    struct st q = st_open(r->s, "INSERT INTO run (id, asset, origin, collected_at, received_at, ordered_at, note) "
                                "VALUES (?, ?, ?, ?, ?, ?, ?)");

    st_str(&q, r->in->id);
    st_int(&q, r->asset_n);
    st_str(&q, r->in->origin);
    st_int(&q, r->in->collected_at);
    st_int(&q, r->received);
    st_int(&q, r->at);
    st_str(&q, r->in->note);
    HN_TRY(st_do(&q));
    r->n = sqlite3_last_insert_rowid(r->s->db);
    return HN_OK;
}

static struct hn_err read_parts(struct store_run *r)
{
    HN_TRY(store_covers(r->s, r->asset_n, r->a, &r->covers, &r->covers_n));
    r->part = hn_arena_alloc(r->a, (r->in->n_cover + 1) * sizeof *r->part);
    if (!r->part)
        return store_nomem(r->s);
    r->out->late = r->in->n_cover > 0;
    for (size_t i = 0; i < r->in->n_cover; i++) {
        struct store_run_part *p = &r->part[i];
        int64_t run;
        p->in = &r->in->cover[i];
        hn_map_init(&p->then);
        p->then_run = 0;
        HN_TRY(store_word(r->s, p->in->module, &p->module));
        HN_TRY(store_word(r->s, p->in->scope, &p->scope));
        p->before = store_run_before(r, p->module, p->scope, &run);
        p->late = p->before >= r->at;
        r->out->late &= p->late || p->in->kept;
    }
    return HN_OK;
}

static struct hn_err put_part(struct store_run *r, const struct store_run_part *p)
{
    const struct hn_store_run_cover *c = p->in;
    struct st q = st_open(r->s, "INSERT INTO run_cover VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");

    st_int(&q, r->n);
    st_int(&q, p->module);
    st_int(&q, p->scope);
    st_int(&q, c->privilege);
    st_int(&q, c->complete ? 1 : c->bounded ? 2 : 0);
    st_int(&q, c->judged);
    st_int(&q, c->duration_ns);
    st_int(&q, (int64_t)p->observations);
    st_int(&q, (int64_t)c->malformed_n);
    st_int(&q, (int64_t)c->quarantined_n);
    st_int(&q, (int64_t)c->not_seen_n);
    st_str(&q, c->not_seen);
    st_str(&q, c->malformed);
    st_str(&q, c->quarantined);
    HN_TRY(st_do(&q));
    if (p->late)
        return HN_OK;
    struct st u =
        st_open(r->s, "INSERT INTO cover VALUES (?, ?, ?, ?, ?) ON CONFLICT (asset, module, scope) DO UPDATE SET "
                      "run = excluded.run, at = excluded.at");
    st_int(&u, r->asset_n);
    st_int(&u, p->module);
    st_int(&u, p->scope);
    st_int(&u, r->n);
    st_int(&u, r->at);
    return st_do(&u);
}

/* Only the newest run says what the asset is called now. */
static struct hn_err refresh_asset(struct store_run *r)
{
    const struct hn_store_identity *who = &r->in->who;
    struct hn_str names;

    if (r->in->n_cover == 0 || r->at <= r->asset->last_run)
        return HN_OK;
    struct st q = st_open(r->s, "UPDATE asset SET last_run = ?1, first_seen = min(first_seen, ?1) WHERE n = ?2");
    st_int(&q, r->at);
    st_int(&q, r->asset_n);
    HN_TRY(st_do(&q));
    if (!who->name.n || who->name.n > 1024 || who->os.n > 1024 || who->n_names > 256 || who->n_keys > 64)
        return HN_OK;
    HN_TRY(store_names_json(r->s, who->names, who->n_names, r->a, &names));
    struct st u = st_open(r->s, "UPDATE asset SET name = ?1, os = ?2, names = ?3 WHERE n = ?4 AND "
                                "(name <> ?1 OR os <> ?2 OR names <> ?3)");
    st_str(&u, who->name);
    st_str(&u, who->os);
    st_str(&u, names);
    st_int(&u, r->asset_n);
    HN_TRY(st_do(&u));
    return store_asset_keys(r->s, r->asset_n, who);
}

static struct hn_err tell(struct store_run *r, const struct hn_principal *p)
{
    const struct hn_store_run_result *o = r->out;
    char detail[256];

    snprintf(detail, sizeof detail,
             "{\"asset\":\"%s\",\"observations\":%zu,\"appeared\":%" PRIu64 ",\"closed\":%" PRIu64
             ",\"not_seen\":%" PRIu64 ",\"reopened\":%" PRIu64 ",\"verified\":%" PRIu64 "}",
             r->asset->id, r->in->n_obs, o->appeared, o->closed, o->not_seen, o->reopened, o->verified);
    HN_TRY(store_audit_add(r->s, p, r->asset->org_n, "run.put", r->in->id, hn_str_c(detail)));
    return store_event_add(r->s, r->asset->org_n, "run", r->in->id, "stored");
}

static struct hn_err take(struct store_run *r, const struct hn_principal *p)
{
    HN_TRY(order(r));
    r->out->ordered_at = r->at;
    HN_TRY(put_run(r));
    HN_TRY(read_parts(r));
    HN_TRY(store_run_observations(r));
    HN_TRY(store_run_findings(r));
    for (size_t i = 0; i < r->in->n_cover; i++)
        if (!r->in->cover[i].kept)
            HN_TRY(put_part(r, &r->part[i]));
    HN_TRY(tell(r, p));
    HN_TRY(refresh_asset(r));
    HN_TRY(store_refresh(r->s, r->asset_n, r->received));
    struct store_asset *x = store_asset_of_n(r->s, r->asset_n);
    r->out->has_score = x && x->sums.has_score;
    r->out->score = x ? x->sums.score : 0;
    return HN_OK;
}

static struct hn_err known(struct hn_store *s, const struct store_asset *x, struct hn_str id,
                           struct hn_store_run_result *ret)
{
    struct st q = st_open(s, "SELECT asset, ordered_at FROM run WHERE id = ?");
    int64_t asset = 0;

    st_str(&q, id);
    if (st_row(&q)) {
        asset = st_get(&q, 0);
        ret->known = asset == x->n;
        ret->ordered_at = st_get(&q, 1);
        ret->has_score = x->sums.has_score;
        ret->score = x->sums.score;
    }
    HN_TRY(st_end(&q));
    if (asset && asset != x->n)
        return store_fail(s, HN_E_EXISTS, "this run id is taken");
    return HN_OK;
}

struct hn_err hn_store_run_put(struct hn_store *s, const struct hn_principal *p, const struct hn_store_run *run,
                               struct hn_store_run_result *ret)
{
    struct store_run r = {.s = s, .in = run, .out = ret};
    struct hn_arena a;

    store_ask(s, p);
    *ret = (struct hn_store_run_result){0};
    HN_TRY(store_asset_need(s, p, run->asset, HN_ROLE_OPERATOR, &r.asset));
    HN_TRY(valid(s, run));
    HN_TRY(known(s, r.asset, run->id, ret));
    if (ret->known)
        return HN_OK;
    r.asset_n = r.asset->n;
    r.received = run->received_at > 0 ? run->received_at : hn_now();
    hn_arena_init(&a, (size_t)4 << 30);
    r.a = &a;
    struct hn_err e = store_begin(s);
    if (hn_ok(e))
        e = store_end(s, take(&r, p));
    for (size_t i = 0; r.part && i < run->n_cover; i++)
        hn_map_done(&r.part[i].then);
    hn_arena_done(&a);
    if (!hn_ok(e))
        *ret = (struct hn_store_run_result){0};
    return e;
}
