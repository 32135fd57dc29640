/* Roll-ups of organisations and subtrees, their trend points, and what would lower a score most. */
#include "store/internal.h"

/* ---------------------------------------------------------------- adding up the tree */

static void add_asset(struct store_roll *r, const struct store_asset *a, hn_time now)
{
    struct hn_store_counts *c = &r->out.counts;
    const struct store_sums *m = &a->sums;

    r->out.assets++;
    r->out.coverage.assets++;
    r->out.coverage.never += a->last_run == 0;
    if (a->last_run > now - 7 * HN_DAY)
        r->out.coverage.seen_7d++;
    else
        r->out.coverage.not_seen++;
    if (a->last_run && (r->oldest_run == 0 || a->last_run < r->oldest_run))
        r->oldest_run = a->last_run;
    c->open += m->open;
    c->not_seen += m->not_seen;
    c->excepted += m->excepted;
    c->overdue += m->overdue;
    c->due_week += m->due_week;
    c->new_today += m->new_today;
    c->verified_since_yesterday += m->closed_lately;
    if (!m->has_score)
        return;
    r->weight += a->criticality;
    r->weighted += a->criticality * m->score;
    if (!r->out.worst.asset.n || m->score > r->out.worst.score)
        r->out.worst = (struct hn_store_worst){hn_str_c(a->id), hn_str_c(a->name), m->score};
}

static void add_child(struct store_roll *up, const struct store_roll *r)
{
    struct hn_store_counts *c = &up->out.counts;
    const struct hn_store_counts *d = &r->out.counts;

    up->out.assets += r->out.assets;
    up->out.coverage.assets += r->out.coverage.assets;
    up->out.coverage.never += r->out.coverage.never;
    up->out.coverage.seen_7d += r->out.coverage.seen_7d;
    up->out.coverage.not_seen += r->out.coverage.not_seen;
    if (r->oldest_run && (up->oldest_run == 0 || r->oldest_run < up->oldest_run))
        up->oldest_run = r->oldest_run;
    c->open += d->open;
    c->not_seen += d->not_seen;
    c->excepted += d->excepted;
    c->overdue += d->overdue;
    c->due_week += d->due_week;
    c->new_today += d->new_today;
    c->verified_since_yesterday += d->verified_since_yesterday;
    up->weight += r->weight;
    up->weighted += r->weighted;
    if (r->out.worst.asset.n && (!up->out.worst.asset.n || r->out.worst.score > up->out.worst.score))
        up->out.worst = r->out.worst;
}

struct hn_err store_roll(struct hn_store *s, hn_time now, bool fresh, struct hn_arena *a, struct store_roll **ret)
{
    HN_TRY(store_index_read(s));
    struct store_roll *r = hn_arena_alloc(a, s->orgs_n * sizeof *r);
    if (!r)
        return store_nomem(s);
    if (fresh)
        HN_TRY(store_index_fresh_all(s, now));
    for (uint32_t i = 0; i < s->assets_n; i++)
        if (s->assets[i].org < s->orgs_n)
            add_asset(&r[s->assets[i].org], &s->assets[i], now);
    for (uint32_t i = s->orgs_n; i-- > 0;) {
        const struct store_org *o = &s->orgs[i];
        struct hn_store_org *out = &r[i].out;
        if (i)
            add_child(&r[o->parent], &r[i]);
        out->id = o->id;
        out->name_en = o->name_en;
        out->name_ja = o->name_ja;
        out->kind = o->kind;
        out->depth = o->depth;
        out->children = o->children;
        out->has_score = r[i].weight > 0 && out->coverage.seen_7d > 0; /* without coverage: not seen */
        out->score = out->has_score ? r[i].weighted / r[i].weight : 0;
    }
    *ret = r;
    return HN_OK;
}

/* ---------------------------------------------------------------- keeping summaries and trend points */

static struct hn_err put_org_point(struct hn_store *s, int64_t org, int64_t day, const struct hn_store_org *o)
{
    struct st q = st_open(s, "INSERT INTO org_day VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (org, day) DO UPDATE SET "
                             "has_score = excluded.has_score, score = excluded.score, open = excluded.open, "
                             "overdue = excluded.overdue");

    st_int(&q, org);
    st_int(&q, day);
    st_int(&q, o->has_score);
    st_num(&q, o->score);
    st_int(&q, (int64_t)o->counts.open);
    st_int(&q, (int64_t)o->counts.overdue);
    return st_do(&q);
}

struct hn_err store_org_points(struct hn_store *s, uint32_t org, hn_time now)
{
    struct store_roll *r = NULL;
    struct hn_arena a;

    hn_arena_init(&a, 256 << 20);
    struct hn_err e = store_roll(s, now, false, &a, &r);
    for (; hn_ok(e) && org != STORE_NONE; org = s->orgs[org].parent)
        e = put_org_point(s, s->orgs[org].n, store_day(now), &r[org].out);
    hn_arena_done(&a);
    return e;
}

static struct hn_err put_sums(struct hn_store *s, const struct store_asset *a)
{
    const struct store_sums *m = &a->sums;
    struct st q =
        st_open(s, "UPDATE asset SET has_score = ?, score = ?, worst = ?, open = ?, not_seen = ?, excepted = ?, "
                   "overdue = ?, due_week = ?, new_today = ?, closed_lately = ?, next_change = ? WHERE n = ?");

    st_int(&q, m->has_score);
    st_num(&q, m->score);
    st_int(&q, m->worst);
    st_int(&q, (int64_t)m->open);
    st_int(&q, (int64_t)m->not_seen);
    st_int(&q, (int64_t)m->excepted);
    st_int(&q, (int64_t)m->overdue);
    st_int(&q, (int64_t)m->due_week);
    st_int(&q, (int64_t)m->new_today);
    st_int(&q, (int64_t)m->closed_lately);
    st_int(&q, m->next_change);
    st_int(&q, a->n);
    return st_do(&q);
}

static struct hn_err put_asset_point(struct hn_store *s, const struct store_asset *a, int64_t day)
{
    struct st q = st_open(s, "INSERT INTO asset_day VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (asset, day) DO UPDATE SET "
                             "has_score = excluded.has_score, score = excluded.score, open = excluded.open, "
                             "overdue = excluded.overdue");

    st_int(&q, a->n);
    st_int(&q, day);
    st_int(&q, a->sums.has_score);
    st_num(&q, a->sums.score);
    st_int(&q, (int64_t)a->sums.open);
    st_int(&q, (int64_t)a->sums.overdue);
    return st_do(&q);
}

struct hn_err store_refresh(struct hn_store *s, int64_t asset, hn_time now)
{
    HN_TRY(store_touch(s, asset));
    HN_TRY(store_index_read(s));
    HN_TRY(store_index_reread(s, asset));
    HN_TRY(store_index_read(s)); /* reading again may have dropped it */
    struct store_asset *a = store_asset_of_n(s, asset);
    if (!a)
        return store_fail(s, HN_E_CORRUPT, "an asset is missing");
    HN_TRY(store_rows_pack(s, asset));
    HN_TRY(store_index_load(s, a));
    HN_TRY(store_sum(s, a, now, &a->sums));
    HN_TRY(put_sums(s, a));
    if (a->last_run)
        HN_TRY(put_asset_point(s, a, store_day(now)));
    return store_org_points(s, a->org, now);
}

/* ---------------------------------------------------------------- reading */

static struct hn_err score_before(struct hn_store *s, int64_t org, int64_t day, struct hn_store_org *o)
{
    struct st q =
        st_open(s, "SELECT score FROM org_day WHERE org = ? AND day <= ? AND has_score ORDER BY day DESC LIMIT 1");

    st_int(&q, org);
    st_int(&q, day);
    if (st_row(&q) && o->has_score) {
        o->has_delta_7d = true;
        o->delta_7d = o->score - st_get_num(&q, 0);
    }
    return st_end(&q);
}

/* The row as p may see it: texts in the arena, a parent beyond its view left out. */
static struct hn_err give(struct hn_store *s, const struct hn_principal *p, uint32_t i, struct store_roll *r,
                          hn_time now, struct hn_arena *a, struct hn_store_org *ret)
{
    const struct store_org *o = &s->orgs[i];

    if (!r)
        return store_nomem(s);
    *ret = r[i].out;
    HN_TRY(score_before(s, o->n, store_day(now) - 7, ret));
    ret->id = hn_arena_str(a, o->id);
    ret->name_en = hn_arena_str(a, o->name_en);
    ret->name_ja = hn_arena_str(a, o->name_ja);
    ret->kind = hn_arena_str(a, o->kind);
    ret->parent = HN_STR("");
    if (i && store_role(s, p, o->parent) >= HN_ROLE_VIEWER)
        ret->parent = hn_arena_str(a, s->orgs[o->parent].id);
    ret->worst.asset = hn_arena_str(a, ret->worst.asset);
    ret->worst.name = hn_arena_str(a, ret->worst.name);
    return a->failed ? store_nomem(s) : HN_OK;
}

struct hn_err hn_store_org_get(struct hn_store *s, const struct hn_principal *p, struct hn_str id, struct hn_arena *a,
                               struct hn_store_org *ret)
{
    struct store_roll *r = NULL;
    hn_time now = hn_now();

    store_ask(s, p);
    uint32_t org = store_org_at(s, id);
    HN_TRY(store_need(s, p, org, HN_ROLE_VIEWER));
    HN_TRY(store_sweep_due(s, now));
    HN_TRY(store_roll(s, now, true, a, &r));
    return give(s, p, org, r, now, a, ret);
}

struct hn_err hn_store_orgs(struct hn_store *s, const struct hn_principal *p, struct hn_str root, unsigned depth_max,
                            struct hn_arena *a, struct hn_store_org **ret, size_t *ret_n)
{
    struct store_roll *r = NULL;
    hn_time now = hn_now();
    uint32_t top, base = 0;
    size_t n = 0;

    store_ask(s, p);
    HN_TRY(store_subtree(s, p, root, &top));
    HN_TRY(store_sweep_due(s, now));
    HN_TRY(store_roll(s, now, true, a, &r));
    struct hn_store_org *out = hn_arena_alloc(a, s->orgs_n * sizeof *out);
    if (!out)
        return store_nomem(s);
    for (uint32_t i = 0; i < s->orgs_n; i++) {
        if (top != STORE_NONE && !store_org_below(s, top, i))
            continue;
        if (store_role(s, p, i) < HN_ROLE_VIEWER)
            continue;
        if (i == top || i == 0 || store_role(s, p, s->orgs[i].parent) < HN_ROLE_VIEWER)
            base = s->orgs[i].depth;
        if (depth_max && s->orgs[i].depth - base > depth_max)
            continue;
        HN_TRY(give(s, p, i, r, now, a, &out[n++]));
    }
    *ret = out;
    *ret_n = n;
    return HN_OK;
}

struct hn_err hn_store_org_path(struct hn_store *s, const struct hn_principal *p, struct hn_str id, struct hn_arena *a,
                                struct hn_store_org **ret, size_t *ret_n)
{
    struct store_roll *r = NULL;
    hn_time now = hn_now();
    uint32_t way[64], n = 0;

    store_ask(s, p);
    uint32_t org = store_org_at(s, id);
    HN_TRY(store_need(s, p, org, HN_ROLE_VIEWER));
    HN_TRY(store_roll(s, now, true, a, &r));
    for (uint32_t i = org; i != STORE_NONE && n < 64 && store_role(s, p, i) >= HN_ROLE_VIEWER; i = s->orgs[i].parent)
        way[n++] = i;
    struct hn_store_org *out = hn_arena_alloc(a, n * sizeof *out);
    if (!out)
        return store_nomem(s);
    for (uint32_t i = 0; i < n; i++)
        HN_TRY(give(s, p, way[n - 1 - i], r, now, a, &out[i]));
    *ret = out;
    *ret_n = n;
    return HN_OK;
}

/* The topmost organisation that p sees. */
static struct hn_err topmost(struct hn_store *s, const struct hn_principal *p, struct hn_str org, uint32_t *ret)
{
    HN_TRY(store_subtree(s, p, org, ret));
    for (uint32_t i = 0; i < s->orgs_n && *ret == STORE_NONE; i++)
        if (store_role(s, p, i) >= HN_ROLE_VIEWER)
            *ret = i;
    return store_need(s, p, *ret, HN_ROLE_VIEWER);
}

struct hn_err hn_store_now(struct hn_store *s, const struct hn_principal *p, struct hn_str org, struct hn_arena *a,
                           struct hn_store_now *ret)
{
    struct store_roll *r = NULL;
    hn_time now = hn_now();
    uint32_t top;

    store_ask(s, p);
    *ret = (struct hn_store_now){0};
    HN_TRY(topmost(s, p, org, &top));
    HN_TRY(store_sweep_due(s, now));
    HN_TRY(store_roll(s, now, true, a, &r));
    HN_TRY(give(s, p, top, r, now, a, &ret->org));
    ret->oldest_run = r[top].oldest_run;
    ret->not_seen_findings = ret->org.counts.not_seen;
    return HN_OK;
}

/* ---------------------------------------------------------------- trend */

#define TREND_HOLDS 7 /* days that a score stands for without another look */

static struct hn_store_trend trend_on(const struct hn_store_trend *last, int64_t day)
{
    struct hn_store_trend t = *last;
    t.has_score = last->has_score && day - store_day(last->at) <= TREND_HOLDS;
    t.score = t.has_score ? t.score : 0;
    t.at = day * HN_DAY;
    return t;
}

static struct hn_err trend_rows(struct hn_store *s, struct st *q, unsigned days, int64_t today, struct hn_arena *a,
                                struct hn_store_trend **ret, size_t *ret_n)
{
    struct hn_store_trend *v = hn_arena_alloc(a, (days + 1) * sizeof *v), last = {0};
    int64_t day = today - (int64_t)days + 1, first = day;
    size_t n = 0;

    if (!v)
        return store_nomem(s);
    while (st_row(q)) {
        int64_t at = st_get(q, 0);
        for (; last.at && day < at && day <= today; day++)
            v[n++] = trend_on(&last, day);
        last = (struct hn_store_trend){at * HN_DAY, st_get(q, 1), st_get_num(q, 2), (uint64_t)st_get(q, 3),
                                       (uint64_t)st_get(q, 4)};
        day = at > first ? at : first;
    }
    for (; last.at && day <= today; day++)
        v[n++] = trend_on(&last, day);
    *ret = v;
    *ret_n = n;
    return st_end(q);
}

#define TREND_MOST 3660u

/* The rows of the days asked for, and the newest one before them to begin with. */
#define TREND_SQL(table, what)                                                                                         \
    "SELECT day, has_score, score, open, overdue FROM " table " WHERE " what " = ?1 AND day <= ?3 AND day >= "         \
    "coalesce((SELECT max(day) FROM " table " WHERE " what " = ?1 AND day < ?2), ?2) ORDER BY day"

struct hn_err hn_store_trend(struct hn_store *s, const struct hn_principal *p, struct hn_str org, struct hn_str asset,
                             unsigned days, struct hn_arena *a, struct hn_store_trend **ret, size_t *ret_n)
{
    int64_t today = store_day(hn_now()), n;
    struct store_asset *one;
    uint32_t top;

    store_ask(s, p);
    days = days == 0 ? 90 : days > TREND_MOST ? TREND_MOST : days;
    if (asset.n) {
        HN_TRY(store_asset_need(s, p, asset, HN_ROLE_VIEWER, &one));
        n = one->n;
    } else {
        HN_TRY(topmost(s, p, org, &top));
        n = s->orgs[top].n;
    }
    struct st q = st_open(s, asset.n ? TREND_SQL("asset_day", "asset") : TREND_SQL("org_day", "org"));
    st_int(&q, n);
    st_int(&q, today - (int64_t)days + 1);
    st_int(&q, today);
    return trend_rows(s, &q, days, today, a, ret, ret_n);
}
