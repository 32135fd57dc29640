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
    bool state_ok[256]; /* the status and severity filters */
    uint32_t *rows;     /* numbers of the rows of one asset that match; room for the largest */
    struct store_search search;
    unsigned all;       /* every bit of the search */
    uint8_t *subject;   /* per subject: bits found, or 0xff for "not looked at yet" */
    uint8_t *kind_bits; /* per word: bits of the search in the kind's name */
    bool *kind_ok;      /* per word: the kind and module filters */
    bool narrow;        /* kind_ok is needed */
    int class_;         /* -1 any */
    uint32_t own;       /* a cause of its own: only this finding; 0 any */
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

static inline bool due_matches(const struct scan *c, uint32_t secs)
{
    hn_time due = (hn_time)secs * HN_SECOND;

    switch (c->q->due) {
    case HN_DUE_OVERDUE:
        return secs && due < c->now;
    case HN_DUE_WEEK:
        return secs && due >= c->now && due < c->now + 7 * HN_DAY;
    case HN_DUE_NONE:
        return !secs;
    default:
        return true;
    }
}

static bool found(struct hn_store *s, struct scan *c, const struct store_rows *r, uint32_t i, unsigned asset_bits)
{
    unsigned bits = asset_bits | c->kind_bits[r->kind[i]];
    uint8_t *subject = &c->subject[r->subject[i]];

    if (bits == c->all)
        return true;
    if (*subject == 0xff) /* eight words use all bits: 0xff then also means "all found", and is only looked at again */
        *subject = (uint8_t)store_search_in(&c->search, s->subjects.text[r->subject[i]]);
    return (bits | *subject) == c->all;
}

/* Each filter that is set thins out the list of row numbers; written without branches, because which rows stay is as
 * good as random. */
#define KEEP(cond)                                                                                                     \
    do {                                                                                                               \
        uint32_t kept_ = 0;                                                                                            \
        for (uint32_t k_ = 0; k_ < m; k_++) {                                                                          \
            const uint32_t i = v[k_];                                                                                  \
            v[kept_] = i;                                                                                              \
            kept_ += (cond);                                                                                           \
        }                                                                                                              \
        m = kept_;                                                                                                     \
    } while (0)

static uint32_t matches(struct hn_store *s, struct scan *c, const struct store_asset *x, uint32_t *v)
{
    const struct store_rows *r = &x->rows;
    uint32_t m = 0;

    for (uint32_t i = 0; i < r->n; i++) {
        v[m] = i;
        m += c->state_ok[r->state[i]];
    }
    if (c->score_min)
        KEEP(r->score[i] >= c->score_min);
    if (c->narrow)
        KEEP(c->kind_ok[r->kind[i]]);
    if (c->class_ >= 0)
        KEEP(r->class_[i] == c->class_);
    if (c->cause != STORE_NONE)
        KEEP(r->cause[i] == c->cause);
    if (c->own)
        KEEP(r->id[i] == c->own);
    if (c->q->due != HN_DUE_ANY)
        KEEP(due_matches(c, r->due[i]));
    if (c->all) {
        unsigned bits = store_search_in(&c->search, hn_str_c(x->words));
        KEEP(found(s, c, r, i, bits));
    }
    return m;
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

/* What the asset's figures tell without looking at its rows. False: none of them matches, or none can be among the
 * first (then they are counted already). */
static bool worth_a_look(struct scan *c, const struct store_rows *r, uint64_t rank)
{
    uint64_t n = 0;

    for (unsigned state = 0; state < STORE_STATES; state++)
        n += c->state_ok[state / 4 << 4 | state % 4] ? r->states[state] : 0;
    if (!n || r->of_score.high < c->score_min)
        return false;
    if (c->q->due == HN_DUE_OVERDUE && (!r->of_due.high || (hn_time)r->of_due.low * HN_SECOND >= c->now))
        return false;
    if (!c->plain)
        return true;
    c->total += n;
    return c->heap_n < c->limit || best_key(c, r, rank) <= c->heap[0].key;
}

static void scan_asset(struct hn_store *s, struct scan *c, uint32_t at)
{
    const struct store_asset *x = &s->assets[at];
    const uint64_t rank = s->rank[at];

    if (!worth_a_look(c, &x->rows, rank))
        return;
    uint32_t m = matches(s, c, x, c->rows);
    c->total += c->plain ? 0 : m;
    for (uint32_t k = 0; k < m; k++) {
        uint32_t i = c->rows[k];
        struct entry e = {key_of(c, &x->rows, i, rank), x->rows.id[i]};
        if (c->after && !before(&c->from, &e))
            continue;
        if (c->heap_n < c->limit || before(&e, &c->heap[0]))
            offer(c, &e);
    }
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
        if (dot > 0)
            c->kind_bits[w] = (uint8_t)store_search_in(&c->search, text);
    }
    c->class_ = q->class_.n ? 255 : -1; /* 255 is nobody's */
    for (unsigned i = 0; q->class_.n && i < s->classes_n; i++)
        if (s->classes[i] == store_word_find(s, q->class_))
            c->class_ = (int)i;
    return HN_OK;
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
    for (int state = 0; state < 256; state++)
        c->state_ok[state] = (q->status == HN_F_ANY_STATUS || STORE_STATUS(state) == q->status) &&
                             STORE_SEVERITY(state) >= q->severity_min;
    c->score_min = q->min_score > 0 ? (uint32_t)((q->min_score > 100 ? 100 : q->min_score) * STORE_SCORE_UNIT) : 0;
    store_search_init(&c->search, q->q);
    c->all = (1u << c->search.n) - 1;
    HN_TRY(kinds(s, c, a));
    c->subject = c->all ? hn_arena_alloc(a, s->subjects.n + 1) : NULL;
    c->heap = hn_arena_alloc(a, c->limit * sizeof *c->heap);
    if (!c->heap || (c->all && !c->subject))
        return store_nomem(s);
    if (c->all)
        memset(c->subject, 0xff, s->subjects.n + 1);
    return HN_OK;
}

static bool in_scope(struct hn_store *s, const struct hn_principal *p, const struct scan *c,
                     const struct store_asset *x, const struct store_asset *only)
{
    if (only && x != only)
        return false;
    return store_role(s, p, x->org) >= HN_ROLE_VIEWER && (c->top == STORE_NONE || store_org_below(s, c->top, x->org));
}

static struct hn_err load(struct hn_store *s, const struct hn_principal *p, struct scan *c,
                          const struct store_asset *only, struct hn_arena *a)
{
    uint32_t most = 0;

    for (uint32_t i = 0; i < s->assets_n; i++)
        if (in_scope(s, p, c, &s->assets[i], only)) {
            HN_TRY(store_index_load(s, &s->assets[i]));
            most = s->assets[i].rows.n > most ? s->assets[i].rows.n : most;
        }
    c->rows = hn_arena_alloc(a, (most + 1) * sizeof *c->rows);
    return c->rows ? HN_OK : store_nomem(s);
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

static struct hn_err give(struct hn_store *s, struct scan *c, struct hn_arena *a, struct hn_store_finding **ret,
                          struct hn_listing *l)
{
    bool more = c->heap_n == c->limit;

    qsort(c->heap, c->heap_n, sizeof *c->heap, rising);
    c->heap_n -= more;
    *ret = hn_arena_alloc(a, (c->heap_n + 1) * sizeof **ret);
    if (!*ret)
        return store_nomem(s);
    for (uint32_t i = 0; i < c->heap_n; i++)
        HN_TRY(store_finding_row(s, c->heap[i].n, false, c->now, a, &(*ret)[i]));
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
    HN_TRY(load(s, p, &c, only, a));
    HN_TRY(prepare(s, &c, a));
    HN_TRY(cause(s, p, &c));
    c.plain =
        !c.score_min && !c.narrow && c.class_ < 0 && c.cause == STORE_NONE && !c.own && !c.all && q->due == HN_DUE_ANY;
    for (uint32_t i = 0; i < s->assets_n; i++)
        if (in_scope(s, p, &c, &s->assets[i], only))
            scan_asset(s, &c, i);
    return give(s, &c, a, ret, ret_listing);
}
