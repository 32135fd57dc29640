/* Runs of sorted keys, and their merge. */
#include <stdlib.h>

#include "base/mem.h"
#include "format/advisory/build_in.h"

#define SMALL  24u                 /* below this a plain insertion is faster */
#define WINDOW ((size_t)16 * 1024) /* keys read ahead of each spilled run */

static int cmp(const struct hn_adv_tuple *a, const struct hn_adv_tuple *b)
{
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    if (a->ref != b->ref)
        return a->ref < b->ref ? -1 : 1;
    return (a->at > b->at) - (a->at < b->at);
}

static void insertion(struct hn_adv_tuple *p, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct hn_adv_tuple t = p[i];
        size_t k = i;
        for (; k > 0 && cmp(&t, &p[k - 1]) < 0; k--)
            p[k] = p[k - 1];
        p[k] = t;
    }
}

static int cmp_any(const void *a, const void *b)
{
    return cmp(a, b);
}

/* By the highest byte in place (American flag sort), then each part by the next. Hashes spread evenly; equal ones, of a
 * name with ten thousand advisories, are left to qsort when the bytes are used up. */
static void sort_from(struct hn_adv_tuple *p, size_t n, unsigned shift)
{
    size_t at[256] = {0}, end[256], sum = 0;
    if (n < SMALL) {
        insertion(p, n);
        return;
    }
    for (size_t i = 0; i < n; i++)
        at[p[i].key >> shift & 255]++;
    for (unsigned d = 0; d < 256; d++) {
        size_t count = at[d];
        at[d] = sum;
        end[d] = sum += count;
    }
    for (unsigned d = 0; d < 256; d++)
        while (at[d] < end[d]) {
            struct hn_adv_tuple t = p[at[d]];
            for (unsigned to; (to = t.key >> shift & 255) != d;) {
                struct hn_adv_tuple swap = p[at[to]];
                p[at[to]++] = t;
                t = swap;
            }
            p[at[d]++] = t;
        }
    for (unsigned d = 0; d < 256; d++) {
        size_t from = d ? end[d - 1] : 0, count = end[d] - from;
        if (count > 1 && shift)
            sort_from(p + from, count, shift - 8);
        else if (count > 1)
            qsort(p + from, count, sizeof *p, cmp_any);
    }
}

void hn_adv_tuples_sort(struct hn_adv_tuple *p, size_t n)
{
    if (n > 1)
        sort_from(p, n, 56);
}

/* ---------------------------------------------------------------- runs */

static struct hn_err add_run(struct hn_adv_build *b, const struct hn_adv_run *run)
{
    struct hn_adv_run *runs = hn_realloc(b->runs, (b->n_runs + 1) * sizeof *runs);
    if (!runs)
        return (struct hn_err){HN_E_NOMEM};
    b->runs = runs;
    b->runs[b->n_runs++] = *run;
    return HN_OK;
}

struct hn_err hn_adv_run_hold(struct hn_adv_build *b, struct hn_adv_tuple *p, size_t n)
{
    if (!n) {
        hn_free(p);
        return HN_OK;
    }
    pthread_mutex_lock(&b->lock);
    struct hn_err e = add_run(b, &(struct hn_adv_run){.held = p, .n = n});
    pthread_mutex_unlock(&b->lock);
    if (!hn_ok(e))
        hn_free(p);
    return e;
}

struct hn_err hn_adv_run_spill(struct hn_adv_build *b, const struct hn_adv_tuple *p, size_t n)
{
    pthread_mutex_lock(&b->lock);
    uint64_t at = b->spill_end;
    b->spill_end += n * sizeof *p;
    struct hn_err e = add_run(b, &(struct hn_adv_run){.off = at, .left = n});
    pthread_mutex_unlock(&b->lock);
    HN_TRY(e);
    return hn_adv_write_at(b->spill, p, n * sizeof *p, at);
}

/* The run's least key is at hand; false when it is over. */
static bool fill(struct hn_adv_build *b, struct hn_adv_run *r, struct hn_err *err)
{
    if (r->i < r->n)
        return true;
    if (!r->left)
        return false;
    if (!r->held) {
        r->cap = r->left < WINDOW ? (size_t)r->left : WINDOW;
        r->held = hn_alloc(r->cap * sizeof *r->held);
    }
    r->n = r->left < r->cap ? (size_t)r->left : r->cap;
    struct hn_err e =
        r->held ? hn_adv_read_at(b->spill, r->held, r->n * sizeof *r->held, r->off) : (struct hn_err){HN_E_NOMEM};
    if (!hn_ok(e)) {
        *err = e;
        return false;
    }
    r->off += r->n * sizeof *r->held;
    r->left -= r->n;
    r->i = 0;
    return true;
}

/* ---------------------------------------------------------------- merge */

static bool less(const struct hn_adv_merge *m, size_t a, size_t b)
{
    const struct hn_adv_run *p = &m->b->runs[a], *q = &m->b->runs[b];
    return cmp(&p->held[p->i], &q->held[q->i]) < 0;
}

static void sink(struct hn_adv_merge *m, size_t i)
{
    for (size_t k; (k = 2 * i + 1) < m->n; i = k) {
        if (k + 1 < m->n && less(m, m->heap[k + 1], m->heap[k]))
            k++;
        if (!less(m, m->heap[k], m->heap[i]))
            return;
        size_t swap = m->heap[i];
        m->heap[i] = m->heap[k];
        m->heap[k] = swap;
    }
}

struct hn_err hn_adv_merge_begin(struct hn_adv_merge *m, struct hn_adv_build *b)
{
    *m = (struct hn_adv_merge){.b = b, .err = HN_OK};
    m->heap = hn_alloc((b->n_runs + 1) * sizeof *m->heap);
    if (!m->heap)
        return (struct hn_err){HN_E_NOMEM};
    for (size_t i = 0; i < b->n_runs; i++)
        if (fill(b, &b->runs[i], &m->err))
            m->heap[m->n++] = i;
    for (size_t i = m->n / 2; i-- > 0;)
        sink(m, i);
    return m->err;
}

bool hn_adv_merge_next(struct hn_adv_merge *m, struct hn_adv_tuple *ret)
{
    if (!m->n || !hn_ok(m->err))
        return false;
    struct hn_adv_run *r = &m->b->runs[m->heap[0]];
    *ret = r->held[r->i++];
    if (!fill(m->b, r, &m->err)) {
        hn_free(r->held);
        *r = (struct hn_adv_run){0};
        m->heap[0] = m->heap[--m->n];
    }
    sink(m, 0);
    return true;
}

void hn_adv_merge_done(struct hn_adv_merge *m)
{
    hn_free(m->heap);
}
