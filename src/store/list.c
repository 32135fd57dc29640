/* Lists of findings: one pass over the index keeps the rows that match and come after the cursor, the first `limit` of
 * them in a heap; only these are read from the tables.
 *
 *   order = (key, n) rising; key turned round for falling orders. The cursor is the last row's (key, n). */
#include <stdlib.h>

#include "store/internal.h"

enum sort { BY_SCORE, BY_DUE, BY_FIRST, BY_LAST, BY_SEVERITY, BY_ASSET };

struct entry {
    uint64_t key;
    uint32_t n;
};

struct scan {
    const struct hn_store_finding_query *q;
    hn_time now;
    enum sort by;
    bool down;
    uint32_t top, cause, score_min;
    uint8_t status_bits, status, state_min; /* (state & status_bits) == status and state >= state_min */
    uint8_t *mark;                          /* per row of one asset: does it match? Room for the largest */
    uint32_t most;                          /* rows of the largest */
    struct store_search search;
    uint8_t all;            /* every bit of the search */
    const uint8_t *subject; /* per subject: bits found */
    uint8_t anywhere;       /* bits found in any subject or kind */
    uint8_t *kind_bits;     /* per word: bits of the search in the kind's name */
    bool *kind_ok;          /* per word: the kind and module filters */
    unsigned kinds;         /* how many are wanted; 0: not narrowed, or none at all */
    uint16_t kind;          /* the one, when it is one */
    bool narrow;            /* kind_ok is needed */
    int class_;             /* -1 any */
    uint32_t own;           /* a cause of its own: only this finding; 0 any */
    const uint32_t *fixes;  /* findings whose newest fix is in the state asked for, rising; NULL any */
    size_t fixes_n;
    uint32_t due_low, due_high;
    bool after;
    struct entry from;
    struct entry *heap;     /* largest first */
    uint32_t heap_n, limit; /* limit: one more than asked for, to know whether there is a next page */
    uint64_t total;
    bool plain; /* only the status and severity filters: the number of matches is known without looking */
};

static bool before(const struct entry *a, const struct entry *b)
{
    return a->key != b->key ? a->key < b->key : a->n < b->n;
}

static void sift_down(struct scan *c)
{
    struct entry *h = c->heap, e = h[0];
    uint32_t i = 0;

    for (;;) {
        uint32_t k = 2 * i + 1;
        if (k >= c->heap_n)
            break;
        if (k + 1 < c->heap_n && before(&h[k], &h[k + 1]))
            k++;
        if (!before(&e, &h[k]))
            break;
        h[i] = h[k];
        i = k;
    }
    h[i] = e;
}

static void offer(struct scan *c, const struct entry *e)
{
    if (c->heap_n == c->limit) { /* better than the worst of them: the caller looked */
        c->heap[0] = *e;
        sift_down(c);
        return;
    }
    uint32_t i = c->heap_n++;
    for (; i > 0 && before(&c->heap[(i - 1) / 2], e); i = (i - 1) / 2)
        c->heap[i] = c->heap[(i - 1) / 2];
    c->heap[i] = *e;
}

static int rising(const void *x, const void *y)
{
    return before(x, y) ? -1 : before(y, x);
}

/* ---------------------------------------------------------------- what matches */

static inline uint64_t key_of(const struct scan *c, const struct store_rows *r, uint32_t i, uint64_t rank)
{
    uint64_t key;

    switch (c->by) {
    case BY_SCORE:
        key = r->score[i];
        break;
    case BY_DUE: /* without a date: last, whichever way */
        if (!r->due[i])
            return UINT64_MAX;
        key = r->due[i];
        break;
    case BY_FIRST:
        key = r->first[i];
        break;
    case BY_LAST:
        key = r->last[i];
        break;
    case BY_SEVERITY: /* and within one severity by falling score */
        key = (uint64_t)STORE_SEVERITY(r->state[i]) << 32 | (c->down ? r->score[i] : UINT32_MAX - r->score[i]);
        break;
    default:
        return (c->down ? UINT32_MAX - rank : rank) << 32 | (UINT32_MAX - r->score[i]);
    }
    return c->down ? (UINT64_MAX >> 1) - key : key;
}

/* Each filter that is set is one pass over a column, written so that the compiler makes vectors of it: three million
 * rows and no branch. */
#define KEEP(cond)                                                                                                     \
    do {                                                                                                               \
        for (uint32_t i = 0; i < n; i++)                                                                               \
            mark[i] &= (uint8_t)(cond);                                                                                \
    } while (0)

static void mark_kinds(const struct scan *c, const struct store_rows *r, uint8_t *restrict mark, uint32_t n)
{
    const uint16_t *restrict kind = r->kind;
    const bool *restrict ok = c->kind_ok;
    const uint16_t one = c->kind;

    if (c->kinds == 1)
        KEEP(kind[i] == one);
    else
        KEEP(ok[kind[i]]);
}

static void mark_words(const struct scan *c, const struct store_asset *x, uint8_t *restrict mark, uint32_t n)
{
    const uint8_t *restrict of_kind = c->kind_bits, *restrict of_subject = c->subject;
    const uint16_t *restrict kind = x->rows.kind;
    const uint32_t *restrict subject = x->rows.subject;
    const uint8_t all = c->all, here = (uint8_t)store_search_in(&c->search, hn_str_c(x->words));

    if (here == all)
        return;
    if ((here | c->anywhere) != all)
        memset(mark, 0, n);
    else
        KEEP((here | of_kind[kind[i]] | of_subject[subject[i]]) == all);
}

static void mark_columns(const struct scan *c, const struct store_rows *r, uint8_t *restrict mark, uint32_t n)
{
    const uint32_t *restrict score = r->score, *restrict cause = r->cause, *restrict id = r->id, *restrict due = r->due;
    const uint8_t *restrict class_ = r->class_;
    const uint32_t score_min = c->score_min, one_cause = c->cause, own = c->own, low = c->due_low, high = c->due_high;
    const uint8_t one_class = (uint8_t)c->class_;

    if (score_min)
        KEEP(score[i] >= score_min);
    if (c->class_ >= 0)
        KEEP(class_[i] == one_class);
    if (one_cause != STORE_NONE)
        KEEP(cause[i] == one_cause);
    if (own)
        KEEP(id[i] == own);
    if (c->q->due != HN_DUE_ANY)
        KEEP((due[i] >= low) & (due[i] <= high));
}

static int by_number(const void *x, const void *y)
{
    const uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;

    return (a > b) - (a < b);
}

static void mark_fixes(const struct scan *c, const struct store_rows *r, uint8_t *restrict mark, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (mark[i])
            mark[i] = bsearch(&r->id[i], c->fixes, c->fixes_n, sizeof *c->fixes, by_number) != NULL;
}

static void matches(const struct scan *c, const struct store_asset *x)
{
    const uint8_t bits = c->status_bits, status = c->status, least = c->state_min;
    const uint8_t *restrict state = x->rows.state;
    uint8_t *restrict mark = c->mark;
    const uint32_t n = x->rows.n;

    for (uint32_t i = 0; i < n; i++)
        mark[i] = (uint8_t)(((state[i] & bits) == status) & (state[i] >= least));
    if (c->narrow)
        mark_kinds(c, &x->rows, mark, n);
    mark_columns(c, &x->rows, mark, n);
    if (c->all)
        mark_words(c, x, mark, n);
    if (c->fixes)
        mark_fixes(c, &x->rows, mark, n);
}

static uint64_t turn(const struct scan *c, uint32_t low, uint32_t high)
{
    return c->down ? (UINT64_MAX >> 1) - high : low;
}

/* No row of the asset comes before this key. */
static uint64_t best_key(const struct scan *c, const struct store_rows *r, uint64_t rank)
{
    uint32_t low = 4, high = 0;

    switch (c->by) {
    case BY_SCORE:
        return turn(c, r->of_score.low, r->of_score.high);
    case BY_DUE:
        return r->of_due.high ? turn(c, r->of_due.low, r->of_due.high) : UINT64_MAX;
    case BY_FIRST:
        return turn(c, r->of_first.low, r->of_first.high);
    case BY_LAST:
        return turn(c, r->of_last.low, r->of_last.high);
    case BY_SEVERITY:
        for (unsigned state = 0; state < STORE_STATES; state++)
            if (r->states[state]) {
                low = state / 4 < low ? state / 4 : low;
                high = state / 4 > high ? state / 4 : high;
            }
        return c->down ? (UINT64_MAX >> 1) - ((uint64_t)high << 32 | r->of_score.high)
                       : ((uint64_t)low << 32 | (UINT32_MAX - r->of_score.high));
    default:
        return (c->down ? UINT32_MAX - rank : rank) << 32 | (UINT32_MAX - r->of_score.high);
    }
}

/* Could any of its rows be among the first? */
static bool may_lead(const struct scan *c, const struct store_rows *r, uint64_t rank)
{
    return c->heap_n < c->limit || best_key(c, r, rank) <= c->heap[0].key;
}

/* What the asset's figures tell without looking at its rows. False: none of them matches, or none can be among the
 * first (then they are counted already). */
static bool worth_a_look(struct scan *c, const struct store_rows *r, uint64_t rank)
{
    uint64_t n = 0;

    for (unsigned state = 0; state < STORE_STATES; state++) {
        const unsigned packed = state / 4 << 4 | state % 4;
        n += (packed & c->status_bits) == c->status && packed >= c->state_min ? r->states[state] : 0;
    }
    if (!n || r->of_score.high < c->score_min)
        return false;
    if (c->q->due == HN_DUE_OVERDUE && (!r->of_due.high || (hn_time)r->of_due.low * HN_SECOND >= c->now))
        return false;
    if (!c->plain)
        return true;
    c->total += n;
    return may_lead(c, r, rank);
}

/* The next marked row, or n. Marks come sparse: eight are passed over at a time. */
static uint32_t next_marked(const struct scan *c, uint32_t i, uint32_t n)
{
    uint64_t eight = 0;

    for (; i + 8 <= n; i += 8) {
        memcpy(&eight, c->mark + i, 8);
        if (eight)
            break;
    }
    while (i < n && !c->mark[i])
        i++;
    return i;
}

static void offer_marked(struct scan *c, const struct store_rows *r, uint64_t rank)
{
    for (uint32_t i = next_marked(c, 0, r->n); i < r->n; i = next_marked(c, i + 1, r->n)) {
        struct entry e = {key_of(c, r, i, rank), r->id[i]};
        if (c->after && !before(&c->from, &e))
            continue;
        if (c->heap_n < c->limit || before(&e, &c->heap[0]))
            offer(c, &e);
    }
}

static uint64_t marked(const struct scan *c, uint32_t n)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < n; i++)
        sum += c->mark[i];
    return sum;
}

/* The rows of each asset lie in a block of their own: asked for while the assets before it are looked at. */
#define AHEAD 6u
static void fetch_ahead(const struct hn_store *s, uint32_t at)
{
    if (at + 2 * AHEAD < s->assets_n)
        __builtin_prefetch(&s->assets[at + 2 * AHEAD].rows);
    if (at + AHEAD >= s->assets_n || !s->assets[at + AHEAD].rows.n)
        return;
    const struct store_rows *r = &s->assets[at + AHEAD].rows;
    __builtin_prefetch(r->states);
    __builtin_prefetch(r->state);
    __builtin_prefetch(r->kind);
    __builtin_prefetch(r->cause);
    __builtin_prefetch(r->subject);
    __builtin_prefetch(r->score);
}

static void scan_asset(const struct hn_store *s, struct scan *c, uint32_t at)
{
    const struct store_asset *x = &s->assets[at];
    const uint64_t rank = s->rank[at];

    if (!worth_a_look(c, &x->rows, rank))
        return;
    matches(c, x);
    uint64_t n = marked(c, x->rows.n);
    c->total += c->plain ? 0 : n;
    if (n && may_lead(c, &x->rows, rank))
        offer_marked(c, &x->rows, rank);
}

/* ---------------------------------------------------------------- preparing */

static bool sort_of(struct hn_str text, enum sort *ret, bool *down)
{
    static const char *const names[] = {"score", "due", "first_seen", "last_seen", "severity", "asset"};

    *down = hn_str_starts(text, "-");
    text = hn_str_cut(text, *down, text.n);
    *ret = BY_SCORE;
    if (!text.n) {
        *down = true;
        return true;
    }
    for (int i = 0; i < 6; i++)
        if (hn_str_eqc(text, names[i])) {
            *ret = i;
            return true;
        }
    return false;
}

static struct hn_err kinds(struct hn_store *s, struct scan *c, struct hn_arena *a)
{
    const struct hn_store_finding_query *q = c->q;

    c->kind_ok = hn_arena_alloc(a, s->words.n + 1);
    c->kind_bits = hn_arena_alloc(a, s->words.n + 1);
    if (!c->kind_ok || !c->kind_bits)
        return store_nomem(s);
    c->narrow = q->kind.n || q->module.n;
    for (uint32_t w = 1; w < s->words.n; w++) {
        struct hn_str text = s->words.text[w];
        ptrdiff_t dot = hn_str_chr(text, '.');
        c->kind_ok[w] = dot > 0 && (!q->kind.n || hn_str_eq(text, q->kind)) &&
                        (!q->module.n || hn_str_eq(hn_str_cut(text, 0, (size_t)dot), q->module));
        c->kind_bits[w] = dot > 0 ? (uint8_t)store_search_in(&c->search, text) : 0;
        c->anywhere |= c->kind_bits[w];
        c->kinds += c->kind_ok[w];
        c->kind = c->kind_ok[w] ? (uint16_t)w : c->kind;
    }
    c->class_ = q->class_.n ? 255 : -1; /* 255 is nobody's */
    for (unsigned i = 0; q->class_.n && i < s->classes_n; i++)
        if (s->classes[i] == store_word_find(s, q->class_))
            c->class_ = (int)i;
    return HN_OK;
}

/* Whole seconds; 0 is "no date". */
static void due_range(struct scan *c)
{
    const uint32_t now = store_secs(c->now), sharp = c->now % HN_SECOND == 0;

    if (c->q->due == HN_DUE_OVERDUE) { /* due < now */
        c->due_low = 1;
        c->due_high = now - sharp;
    } else if (c->q->due == HN_DUE_WEEK) { /* now <= due < now + 7 days */
        c->due_low = now + !sharp;
        c->due_high = store_secs(c->now + 7 * HN_DAY) - sharp;
    }
}

static struct hn_err prepare(struct hn_store *s, struct scan *c, struct hn_arena *a)
{
    const struct hn_store_finding_query *q = c->q;
    uint64_t key, n;

    if (!sort_of(q->page.sort, &c->by, &c->down))
        return store_fail(s, HN_E_INVALID, "findings cannot be sorted by %.*s", HN_FMT(q->page.sort));
    c->limit = q->page.limit ? q->page.limit : HN_PAGE_DEFAULT;
    c->limit = (c->limit > HN_PAGE_MOST ? HN_PAGE_MOST : c->limit) + 1;
    if (q->page.cursor.n) {
        if (!store_cursor_read(q->page.cursor, &key, &n) || n > UINT32_MAX)
            return store_fail(s, HN_E_INVALID, "this cursor is not one of ours");
        c->after = true;
        c->from = (struct entry){key, (uint32_t)n};
    }
    c->status_bits = q->status == HN_F_ANY_STATUS ? 0 : 15;
    c->status = q->status == HN_F_ANY_STATUS ? 0 : (uint8_t)q->status;
    c->state_min = (uint8_t)(q->severity_min > 0 ? q->severity_min << 4 : 0);
    c->score_min = q->min_score > 0 ? (uint32_t)((q->min_score > 100 ? 100 : q->min_score) * STORE_SCORE_UNIT) : 0;
    due_range(c);
    store_search_init(&c->search, q->q);
    c->all = (uint8_t)((1u << c->search.n) - 1);
    HN_TRY(kinds(s, c, a));
    if (c->all) {
        uint8_t any;
        HN_TRY(store_search_subjects(s, &c->search, &c->subject, &any));
        c->anywhere |= any;
    }
    c->heap = hn_arena_alloc(a, c->limit * sizeof *c->heap);
    c->mark = hn_arena_alloc(a, c->most + 1);
    return c->heap && c->mark ? HN_OK : store_nomem(s);
}

static bool in_scope(struct hn_store *s, const struct hn_principal *p, const struct scan *c,
                     const struct store_asset *x, const struct store_asset *only)
{
    if (only && x != only)
        return false;
    return store_role(s, p, x->org) >= HN_ROLE_VIEWER && (c->top == STORE_NONE || store_org_below(s, c->top, x->org));
}

static struct hn_err load(struct hn_store *s, const struct hn_principal *p, struct scan *c,
                          const struct store_asset *only)
{
    struct hn_err e = HN_OK;
    bool reading = s->unloaded > 0 && store_reading_begin(s);

    for (uint32_t i = 0; i < s->assets_n && hn_ok(e); i++)
        if (in_scope(s, p, c, &s->assets[i], only)) {
            e = store_index_load(s, &s->assets[i]);
            c->most = s->assets[i].rows.n > c->most ? s->assets[i].rows.n : c->most;
        }
    store_reading_end(s, reading);
    return e;
}

/* The cause filter: one that findings share, or, when there is none such, the id of a finding that stands alone. */
static struct hn_err cause(struct hn_store *s, const struct hn_principal *p, struct scan *c)
{
    struct store_asset *x;
    int64_t n = 0;

    if (!c->q->cause.n)
        return HN_OK;
    c->cause = store_dict_find(&s->causes, c->q->cause);
    if (c->cause != STORE_NONE)
        return HN_OK;
    struct hn_err e = store_finding_need(s, p, c->q->cause, HN_ROLE_VIEWER, &n, &x);
    if (!hn_ok(e) && e.code != HN_E_NOENT && e.code != HN_E_INVALID)
        return e;
    c->own = hn_ok(e) ? (uint32_t)n : STORE_NONE;
    c->cause = 0;
    return HN_OK;
}

static struct hn_err fixes(struct hn_store *s, struct scan *c, struct hn_arena *a)
{
    uint32_t *list = NULL;
    size_t cap = 0;

    if (!c->q->by_fix)
        return HN_OK;
    struct st q =
        st_open(s, "SELECT finding FROM fix x WHERE state = ? AND n = (SELECT max(n) FROM fix WHERE finding = "
                   "x.finding) ORDER BY finding");
    st_int(&q, c->q->fix);
    while (st_row(&q) && STORE_PUSH(a, list, c->fixes_n, cap))
        list[c->fixes_n++] = (uint32_t)st_get(&q, 0);
    HN_TRY(st_end(&q));
    c->fixes = list ? list : hn_arena_alloc(a, sizeof *list);
    return a->failed ? store_nomem(s) : HN_OK;
}

static struct hn_err give(struct hn_store *s, struct scan *c, struct hn_arena *a, struct hn_store_finding **ret,
                          struct hn_listing *l)
{
    bool more = c->heap_n == c->limit;

    qsort(c->heap, c->heap_n, sizeof *c->heap, rising);
    c->heap_n -= more;
    *ret = hn_arena_alloc(a, (c->heap_n + 1) * sizeof **ret);
    if (!*ret)
        return store_nomem(s);
    struct hn_err e = HN_OK;
    bool reading = store_reading_begin(s);
    for (uint32_t i = 0; i < c->heap_n && hn_ok(e); i++)
        e = store_finding_row(s, c->heap[i].n, false, c->now, a, &(*ret)[i]);
    store_reading_end(s, reading);
    HN_TRY(e);
    *l = (struct hn_listing){.n = c->heap_n, .total = c->total};
    if (more)
        l->next = store_cursor(a, c->heap[c->heap_n - 1].key, c->heap[c->heap_n - 1].n);
    return a->failed ? store_nomem(s) : HN_OK;
}

struct hn_err hn_store_findings(struct hn_store *s, const struct hn_principal *p,
                                const struct hn_store_finding_query *q, struct hn_arena *a,
                                struct hn_store_finding **ret, struct hn_listing *ret_listing)
{
    struct scan c = {.q = q, .now = hn_now(), .cause = STORE_NONE};
    struct store_asset *only = NULL;

    store_ask(s, p);
    *ret_listing = (struct hn_listing){0};
    HN_TRY(store_sweep_due(s, c.now));
    HN_TRY(store_index_read(s));
    HN_TRY(store_subtree(s, p, q->org, &c.top));
    if (q->asset.n)
        HN_TRY(store_asset_need(s, p, q->asset, HN_ROLE_VIEWER, &only));
    HN_TRY(store_rank(s));
    HN_TRY(load(s, p, &c, only));
    HN_TRY(prepare(s, &c, a));
    HN_TRY(cause(s, p, &c));
    HN_TRY(fixes(s, &c, a));
    c.plain = !c.score_min && !c.narrow && c.class_ < 0 && c.cause == STORE_NONE && !c.own && !c.all && !c.fixes &&
              q->due == HN_DUE_ANY;
    for (uint32_t i = 0; i < s->assets_n; i++)
        if (in_scope(s, p, &c, &s->assets[i], only)) {
            fetch_ahead(s, i);
            scan_asset(s, &c, i);
        }
    return give(s, &c, a, ret, ret_listing);
}
