/* The list index: every asset, and of every finding what lists filter, sort and count by, in memory. A list over three
 * million findings is one pass over these rows (some ten milliseconds) whatever the filter and the order; the tables
 * need no index for it, and so take findings faster. Rows are read per asset, when first needed. */
#include <math.h>
#include <stdlib.h>

#include "store/internal.h"

/* ---------------------------------------------------------------- assets */

struct store_asset *store_asset_of_n(struct hn_store *s, int64_t n)
{
    uint32_t lo = 0, hi = s->assets_n;

    if (n > 0 && n <= s->assets_n && s->assets[n - 1].n == n)
        return &s->assets[n - 1];
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (s->assets[mid].n == n)
            return &s->assets[mid];
        if (s->assets[mid].n < n)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

struct store_asset *store_asset_at(struct hn_store *s, struct hn_str id)
{
    uintptr_t v = (uintptr_t)hn_map_find(&s->asset_by_id, hn_str_bytes(id));

    return v ? &s->assets[v - 1] : NULL;
}

static void forget_rows(struct hn_store *s, struct store_asset *a)
{
    if (a->loaded)
        s->unloaded++;
    store_rows_done(&a->rows);
    a->loaded = false;
}

void store_index_drop(struct hn_store *s)
{
    s->generation++;
    store_lower_forget(s);
    for (uint32_t i = 0; i < s->assets_n; i++) {
        store_rows_done(&s->assets[i].rows);
        hn_free(s->assets[i].id);
        hn_free(s->assets[i].name);
        hn_free(s->assets[i].words);
    }
    hn_free(s->assets);
    hn_free(s->rank);
    hn_map_done(&s->asset_by_id);
    s->assets = NULL;
    s->rank = NULL;
    s->assets_n = s->assets_cap = s->unloaded = 0;
    s->assets_read = s->expiry_known = false;
}

#define ASSET_COLUMNS                                                                                                  \
    "n, org, id, name, names, criticality, first_seen, last_run, has_score, score, worst, open, not_seen, excepted, "  \
    "overdue, due_week, new_today, closed_lately, next_change"

static char *owned(struct hn_str t)
{
    char *p = hn_alloc(t.n + 1);

    if (p) {
        memcpy(p, t.p, t.n);
        p[t.n] = 0;
    }
    return p;
}

static struct hn_err asset_from(struct hn_store *s, struct st *q, struct store_asset *a)
{
    char *id = a->id ? a->id : owned(st_text(q, 2)), *name = owned(st_text(q, 3)), *words; /* an id never changes */

    words = id && name ? store_lower(name, st_text(q, 4).p, NULL) : NULL;
    if (!words) {
        if (!a->id)
            hn_free(id);
        hn_free(name);
        return store_nomem(s);
    }
    hn_free(a->name);
    hn_free(a->words);
    a->id = id;
    a->name = name;
    a->words = words;
    a->n = st_get(q, 0);
    a->org_n = st_get(q, 1);
    a->org = store_org_of_n(s, a->org_n);
    a->criticality = st_get_num(q, 5);
    a->first_seen = st_get(q, 6);
    a->last_run = st_get(q, 7);
    a->sums = (struct store_sums){
        .has_score = st_get(q, 8),
        .score = st_get_num(q, 9),
        .worst = (int)st_get(q, 10),
        .open = (uint64_t)st_get(q, 11),
        .not_seen = (uint64_t)st_get(q, 12),
        .excepted = (uint64_t)st_get(q, 13),
        .overdue = (uint64_t)st_get(q, 14),
        .due_week = (uint64_t)st_get(q, 15),
        .new_today = (uint64_t)st_get(q, 16),
        .closed_lately = (uint64_t)st_get(q, 17),
        .next_change = st_get(q, 18),
    };
    return HN_OK;
}

static struct hn_err asset_add(struct hn_store *s, struct st *q)
{
    if (s->assets_n == s->assets_cap) {
        uint32_t cap = s->assets_cap ? s->assets_cap * 2 : 64;
        struct store_asset *p = hn_realloc(s->assets, cap * sizeof *p);
        if (!p)
            return store_nomem(s);
        s->assets = p;
        s->assets_cap = cap;
    }
    struct store_asset *a = &s->assets[s->assets_n];
    *a = (struct store_asset){0};
    HN_TRY(asset_from(s, q, a));
    s->assets_n++;
    s->unloaded++;
    if (!hn_ok(hn_map_set(&s->asset_by_id, hn_str_bytes(hn_str_c(a->id)), (void *)(uintptr_t)s->assets_n)))
        return store_nomem(s);
    return HN_OK;
}

struct hn_err store_index_read(struct hn_store *s)
{
    struct hn_err e = HN_OK;

    if (s->assets_read)
        return HN_OK;
    store_index_drop(s);
    hn_map_init(&s->asset_by_id);
    struct st q = st_open(s, "SELECT " ASSET_COLUMNS " FROM asset ORDER BY n");
    while (hn_ok(e) && st_row(&q))
        e = asset_add(s, &q);
    struct hn_err end = st_end(&q);
    if (hn_ok(e))
        e = end;
    if (!hn_ok(e))
        store_index_drop(s);
    s->assets_read = hn_ok(e);
    return e;
}

struct hn_err store_index_reread(struct hn_store *s, int64_t n)
{
    struct store_asset *a = store_asset_of_n(s, n);
    struct st q = st_open(s, "SELECT " ASSET_COLUMNS " FROM asset WHERE n = ?");

    st_int(&q, n);
    bool there = st_row(&q);
    struct hn_err e = HN_OK;
    if (there && a) {
        forget_rows(s, a);
        bool renamed = !hn_str_eq(st_text(&q, 3), hn_str_c(a->name));
        e = asset_from(s, &q, a);
        if (renamed) {
            hn_free(s->rank);
            s->rank = NULL;
        }
    } else if (there && (s->assets_n == 0 || s->assets[s->assets_n - 1].n < n)) {
        e = asset_add(s, &q);
        hn_free(s->rank);
        s->rank = NULL;
    } else if (there || a) {
        store_index_drop(s); /* gone (undone), or out of order: from the beginning at the next use */
    }
    struct hn_err end = st_end(&q);
    s->expiry_known = false;
    s->generation++;
    return hn_ok(e) ? end : e;
}

struct hn_err store_asset_need(struct hn_store *s, const struct hn_principal *p, struct hn_str id, enum hn_role role,
                               struct store_asset **ret)
{
    HN_TRY(store_index_read(s));
    *ret = store_asset_at(s, id);
    return store_need(s, p, *ret ? (*ret)->org : STORE_NONE, role);
}

static const struct hn_store *rank_store;
static int by_name(const void *x, const void *y)
{
    uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    int c = strcmp(rank_store->assets[a].name, rank_store->assets[b].name);

    return c ? c : a < b ? -1 : a > b;
}

struct hn_err store_rank(struct hn_store *s)
{
    if (s->rank || s->assets_n == 0)
        return HN_OK;
    uint32_t *order = hn_alloc(s->assets_n * sizeof *order);
    s->rank = hn_alloc(s->assets_n * sizeof *s->rank);
    if (!order || !s->rank) {
        hn_free(order);
        hn_free(s->rank);
        s->rank = NULL;
        return store_nomem(s);
    }
    for (uint32_t i = 0; i < s->assets_n; i++)
        order[i] = i;
    rank_store = s;
    qsort(order, s->assets_n, sizeof *order, by_name);
    for (uint32_t i = 0; i < s->assets_n; i++)
        s->rank[order[i]] = i;
    hn_free(order);
    return HN_OK;
}

/* ---------------------------------------------------------------- rows */

struct hn_err store_index_load(struct hn_store *s, struct store_asset *a)
{
    if (a->loaded)
        return HN_OK;
    HN_TRY(store_rows_read(s, a->n, true, &a->rows));
    a->loaded = true;
    s->unloaded--;
    return HN_OK;
}

struct hn_err store_index_load_all(struct hn_store *s)
{
    HN_TRY(store_index_read(s));
    if (!s->unloaded)
        return HN_OK;
    struct hn_err e = HN_OK;
    bool reading = store_reading_begin(s);
    for (uint32_t i = 0; i < s->assets_n && s->unloaded && hn_ok(e); i++)
        e = store_index_load(s, &s->assets[i]);
    store_reading_end(s, reading);
    return e;
}

struct hn_err hn_store_warm(struct hn_store *s, unsigned most, bool *ret_more)
{
    struct hn_err e = store_index_read(s);
    unsigned n = 0;

    *ret_more = false;
    if (!hn_ok(e) || !s->unloaded)
        return e;
    bool reading = store_reading_begin(s);
    for (uint32_t i = 0; i < s->assets_n && n < most && hn_ok(e); i++)
        if (!s->assets[i].loaded) {
            e = store_index_load(s, &s->assets[i]);
            n++;
        }
    store_reading_end(s, reading);
    *ret_more = s->unloaded > 0;
    return e;
}

/* ---------------------------------------------------------------- adding up */

struct part {
    uint32_t cause;
    float share;
};

static int by_cause(const void *x, const void *y)
{
    const struct part *a = x, *b = y;

    if (a->cause != b->cause)
        return a->cause < b->cause ? -1 : 1;
    return a->share > b->share ? -1 : a->share < b->share;
}

/* Findings with the same cause count once, at their worst. The rows are few (hundreds); sorted by cause in a copy. */
bool store_host_score(const struct store_rows *r, double *ret)
{
    struct part *v = r->n ? hn_alloc(r->n * sizeof *v) : NULL;
    double left = 1;
    uint32_t m = 0;

    if (r->n && !v)
        return false;
    for (uint32_t i = 0; i < r->n; i++) {
        if (STORE_STATUS(r->state[i]) == HN_F_CLOSED)
            continue;
        if (r->cause[i])
            v[m++] = (struct part){r->cause[i], r->share[i]};
        else
            left *= 1 - (double)r->share[i];
    }
    if (m)
        qsort(v, m, sizeof *v, by_cause);
    for (uint32_t i = 0; i < m; i++)
        if (i == 0 || v[i].cause != v[i - 1].cause)
            left *= 1 - (double)v[i].share;
    hn_free(v);
    *ret = 100 * (1 - left);
    return true;
}

/* What the clock changes: due dates pass or come within a week, midnight ends "today" and "since yesterday". */
static void next_change(struct store_sums *r, hn_time at, hn_time now)
{
    if (at > now && at < r->next_change)
        r->next_change = at;
}

static void sum_row(const struct store_rows *v, uint32_t i, hn_time now, struct store_sums *r)
{
    const hn_time midnight = store_day(now) * HN_DAY, due = (hn_time)v->due[i] * HN_SECOND;
    const int status = STORE_STATUS(v->state[i]), severity = STORE_SEVERITY(v->state[i]);

    if (status == HN_F_CLOSED) {
        r->closed_lately += (hn_time)v->closed[i] * HN_SECOND >= midnight - HN_DAY;
        return;
    }
    r->not_seen += status == HN_F_NOT_SEEN;
    r->excepted += status == HN_F_EXCEPTED;
    if (status != HN_F_OPEN)
        return;
    r->open++;
    r->worst = severity > r->worst ? severity : r->worst;
    r->new_today += (hn_time)v->opened[i] * HN_SECOND >= midnight;
    if (!due)
        return;
    r->overdue += due < now;
    r->due_week += due >= now && due < now + 7 * HN_DAY;
    next_change(r, due + 1, now);
    next_change(r, due - 7 * HN_DAY + 1, now);
}

static struct store_sums counts(const struct store_asset *a, hn_time now)
{
    struct store_sums r = {.has_score = a->last_run > 0, .worst = -1, .next_change = (store_day(now) + 1) * HN_DAY};

    for (uint32_t i = 0; i < a->rows.n; i++)
        sum_row(&a->rows, i, now, &r);
    return r;
}

struct hn_err store_sum(struct hn_store *s, const struct store_asset *a, hn_time now, struct store_sums *ret)
{
    struct store_sums r = counts(a, now);

    if (r.has_score && !store_host_score(&a->rows, &r.score))
        return store_nomem(s);
    *ret = r;
    return HN_OK;
}

struct hn_err store_index_fresh(struct hn_store *s, struct store_asset *a, hn_time now)
{
    /* A clock that stepped back by more than a day makes the counts stale as well. */
    if (now < a->sums.next_change && a->sums.next_change <= now + HN_DAY)
        return HN_OK;
    HN_TRY(store_index_load(s, a));
    const double score = a->sums.score; /* the clock does not change it */
    a->sums = counts(a, now);
    a->sums.score = score;
    return HN_OK;
}

struct hn_err store_index_fresh_all(struct hn_store *s, hn_time now)
{
    struct hn_err e = HN_OK;
    bool reading = s->unloaded > 0 && store_reading_begin(s);

    for (uint32_t i = 0; i < s->assets_n && hn_ok(e); i++)
        e = store_index_fresh(s, &s->assets[i], now);
    store_reading_end(s, reading);
    return e;
}

/* ---------------------------------------------------------------- searching */

char *store_lower(const char *a, const char *b, const char *c)
{
    const char *part[3] = {a ? a : "", b ? b : "", c ? c : ""};
    size_t n = strlen(part[0]) + strlen(part[1]) + strlen(part[2]) + 3;
    char *p = hn_alloc(n), *q = p;

    for (int i = 0; p && i < 3; i++) {
        for (const char *t = part[i]; *t; t++)
            *q++ = *t >= 'A' && *t <= 'Z' ? (char)(*t + 32) : *t;
        *q++ = i < 2 ? ' ' : 0;
    }
    return p;
}

void store_search_init(struct store_search *f, struct hn_str q)
{
    size_t n = q.n < sizeof f->text - 1 ? q.n : sizeof f->text - 1;
    bool in = false;

    *f = (struct store_search){.n = 0};
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)q.p[i];
        bool blank = c <= ' ';
        f->text[i] = blank ? 0 : c >= 'A' && c <= 'Z' ? (char)(c + 32) : (char)c;
        if (!blank && !in) {
            if (f->n == STORE_SEARCH_WORDS)
                break;
            f->word[f->n++] = f->text + i;
        }
        in = !blank;
        f->text[i + 1] = 0;
    }
}

unsigned store_search_in(const struct store_search *f, struct hn_str text)
{
    unsigned bits = 0;

    for (unsigned i = 0; i < f->n; i++)
        if (memmem(text.p, text.n, f->word[i], strlen(f->word[i])))
            bits |= 1u << i;
    return bits;
}

struct hn_err store_search_subjects(struct hn_store *s, const struct store_search *f, const uint8_t **ret,
                                    uint8_t *ret_any)
{
    if (s->searched.words != f->n || memcmp(s->searched.text, f->text, sizeof f->text) != 0) {
        memcpy(s->searched.text, f->text, sizeof f->text);
        s->searched.words = f->n;
        s->searched.n = s->searched.any = 0;
    }
    uint8_t *bits = hn_realloc(s->searched.bits, s->subjects.n + 1);
    if (!bits)
        return store_nomem(s);
    s->searched.bits = bits;
    for (uint32_t i = s->searched.n; i < s->subjects.n; i++)
        s->searched.any |= bits[i] = (uint8_t)store_search_in(f, s->subjects.text[i]);
    s->searched.n = s->subjects.n;
    *ret = bits;
    *ret_any = s->searched.any;
    return HN_OK;
}
