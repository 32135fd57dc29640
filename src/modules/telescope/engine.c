/* The engine: blocks of records in two steps, each shared by all threads.
 *
 *   block ──┬─ thread 0 observes its part ─┐       ┌─ thread 0 takes cells ─┬─ … reads the next block, then helps ─┐
 *           └─ thread 1 observes its part ─┴ ready ┴─ thread 1 takes cells, whichever nobody has taken yet ────────┴
 * done
 *
 * Within a cell the sights of part 0 come before those of part 1, so the order of the stream is kept and the result is
 * the same for any number of threads. Records are needed by the first step only: telescope_engine_begin() comes back
 * after it, and whoever feeds reads the next records while the other threads take cells. */
#include <pthread.h>
#include <stdatomic.h>

#include "base/mem.h"
#include "modules/telescope/telescope.h"

#define THREADS_MOST 16u

struct telescope_pool {
    struct telescope_engine *e;
    unsigned n; /* threads, the caller among them */
    bool started, stop;
    bool taking;      /* cells of the last block; until settled */
    uint64_t packets; /* of it */
    atomic_uint cell; /* the next one that nobody has taken */
    pthread_mutex_t gate;
    pthread_barrier_t barrier;
    pthread_t threads[THREADS_MOST];
    struct part {
        struct telescope_pool *pool;
        unsigned index;
        const struct hn_capture_record *r;
        size_t n;
        struct telescope_batch batch;
    } parts[THREADS_MOST];
};

void telescope_config_init(struct telescope_config *how)
{
    *how = (struct telescope_config){.idle = 600,
                                     .member_quiet = 3600,
                                     .attack_quiet = 600,
                                     .threads = 1,
                                     .sources_max = 2500000,
                                     .events_max = 5000000};
}

/* ---------------------------------------------------------------- ports */

void telescope_port_of(uint32_t index, unsigned *proto, uint16_t *port)
{
    *proto = index < 65536 ? 6 : index < 131072 ? 17 : index < 131072 + 256 ? 1 : index - 131072 - 256;
    *port = (uint16_t)(index < 131072 + 256 ? index & 65535 : 0);
}

static struct telescope_port *ports_of(struct telescope_engine *e, unsigned thread)
{
    return &e->ports[(size_t)thread * TELESCOPE_PORTS];
}

/* ---------------------------------------------------------------- threads */

static void observe_part(struct part *t)
{
    struct telescope_batch *b = &t->batch;
    memset(b->n, 0, sizeof b->n);
    b->n_v6 = 0;
    telescope_observe(&t->pool->e->how, t->r, t->n, b, ports_of(t->pool->e, t->index));
}

static void take_cells(struct part *t)
{
    struct telescope_engine *e = t->pool->e;
    unsigned k;
    if (e->how.ports_only)
        return;
    while ((k = atomic_fetch_add(&t->pool->cell, 1)) < TELESCOPE_CELLS)
        for (unsigned i = 0; i < t->pool->n; i++) {
            const struct telescope_batch *b = &t->pool->parts[i].batch;
            telescope_cell_take(&e->cells[k], &e->how, b, b->list[k], b->n[k], ports_of(e, t->index));
        }
}

static void meet(struct telescope_pool *p)
{
    if (p->n > 1)
        pthread_barrier_wait(&p->barrier);
}

static void *work(void *arg)
{
    struct part *t = arg;
    pthread_mutex_lock(&t->pool->gate);
    pthread_mutex_unlock(&t->pool->gate);
    for (;;) {
        meet(t->pool); /* a block is there */
        if (t->pool->stop)
            return NULL;
        observe_part(t);
        meet(t->pool); /* its sights are ready */
        take_cells(t);
        meet(t->pool); /* done: settle() */
    }
}

static void observe(struct telescope_pool *p, const struct hn_capture_record *r, size_t n)
{
    for (unsigned i = 0; i < p->n; i++) {
        size_t from = n * i / p->n, to = n * (i + 1) / p->n;
        p->parts[i].r = r + from;
        p->parts[i].n = to - from;
    }
    atomic_store(&p->cell, 0);
    meet(p);
    observe_part(&p->parts[0]);
    meet(p);
    p->taking = true;
}

static struct telescope_pool *pool_new(struct telescope_engine *e, unsigned n)
{
    struct telescope_pool *p = hn_alloc_zero(sizeof(*p));
    if (!p)
        return NULL;
    p->e = e;
    pthread_mutex_init(&p->gate, NULL);
    for (unsigned i = 0; i < n; i++)
        p->parts[i] = (struct part){.pool = p, .index = i};
    pthread_mutex_lock(&p->gate); /* nobody begins before it is known how many there are */
    for (p->n = 1; p->n < n; p->n++)
        if (pthread_create(&p->threads[p->n], NULL, work, &p->parts[p->n]))
            break; /* fewer will do */
    p->started = pthread_barrier_init(&p->barrier, NULL, p->n) == 0;
    pthread_mutex_unlock(&p->gate);
    return p;
}

static void pool_free(struct telescope_pool *p)
{
    if (!p)
        return;
    if (p->started) {
        p->stop = true;
        meet(p);
        for (unsigned i = 1; i < p->n; i++)
            pthread_join(p->threads[i], NULL);
        pthread_barrier_destroy(&p->barrier);
    }
    for (unsigned i = 0; i < p->n; i++) {
        for (unsigned k = 0; k < TELESCOPE_CELLS; k++)
            hn_free(p->parts[i].batch.list[k]);
        hn_free(p->parts[i].batch.v6);
    }
    hn_free(p);
}

/* ---------------------------------------------------------------- engine */

struct telescope_engine *telescope_engine_new(const struct telescope_config *how)
{
    struct telescope_engine *e = hn_alloc_zero(sizeof(*e));
    if (!e)
        return NULL;
    e->how = *how;
    if (e->how.threads < 1)
        e->how.threads = 1;
    if (e->how.threads > THREADS_MOST)
        e->how.threads = THREADS_MOST;
    e->cells = hn_alloc_zero(TELESCOPE_CELLS * sizeof(*e->cells));
    e->ports = hn_alloc_zero((size_t)e->how.threads * TELESCOPE_PORTS * sizeof(*e->ports));
    bool ok = e->cells && e->ports;
    for (unsigned i = 0; ok && i < TELESCOPE_CELLS; i++)
        ok = telescope_cell_init(&e->cells[i]);
    if (ok)
        e->pool = pool_new(e, e->how.threads);
    if (e->pool)
        return e;
    telescope_engine_free(e);
    return NULL;
}

void telescope_engine_free(struct telescope_engine *e)
{
    if (!e)
        return;
    if (e->pool)
        telescope_engine_settle(e);
    pool_free(e->pool);
    for (unsigned i = 0; e->cells && i < TELESCOPE_CELLS; i++)
        telescope_cell_done(&e->cells[i]);
    telescope_surge_free(e->baseline);
    hn_free(e->cells);
    hn_free(e->ports);
    hn_free(e);
}

/* Counts are nothing but numbers of one width. */
void telescope_counts_add(struct telescope_counts *to, const struct telescope_counts *from)
{
    uint64_t *a = (uint64_t *)to;
    const uint64_t *b = (const uint64_t *)from;
    for (size_t i = 0; i < sizeof(*to) / sizeof(*a); i++)
        a[i] += b[i];
}

static void collect_counts(struct telescope_engine *e)
{
    uint64_t packets = e->sum.packets;
    for (unsigned i = 0; i < e->pool->n; i++) {
        struct telescope_batch *b = &e->pool->parts[i].batch;
        e->failed |= b->failed;
        for (unsigned k = 0; k < sizeof e->dsts; k++)
            e->dsts[k] = b->dsts[k] > e->dsts[k] ? b->dsts[k] : e->dsts[k];
        if (b->first)
            e->first = e->first && e->first < b->first ? e->first : b->first;
        e->last = e->last > b->last ? e->last : b->last;
        telescope_counts_add(&e->sum, &b->sum);
        memset(&b->sum, 0, sizeof b->sum);
    }
    e->pool->packets = e->sum.packets - packets;
}

/* When the stream enters another hour, the ports of the last one are judged. */
static void enter_hour(struct telescope_engine *e, hn_time t)
{
    bool wanted = t > 0 && t / HN_SECOND < UINT32_MAX && (!e->how.since || t >= e->how.since) &&
                  (!e->how.until || t < e->how.until);
    uint32_t hour = wanted ? (uint32_t)(t / HN_HOUR) : 0;
    if (hour <= e->hour)
        return;
    if (e->hour)
        telescope_surge_hour(e, e->hour);
    e->hour = hour;
    e->data_hours++;
}

static void forget(struct telescope_engine *e)
{
    for (unsigned i = 0; i < TELESCOPE_CELLS; i++) {
        struct telescope_cell *c = &e->cells[i];
        e->failed |= c->failed;
        if (c->sources.n > e->how.sources_max / TELESCOPE_CELLS || c->events.n > e->how.events_max / TELESCOPE_CELLS)
            telescope_cell_forget(c, &e->how, e->last);
    }
}

/* A block ends where an hour does, so that what is counted by the hour needs no lock and no look at the clock. */
static size_t same_hour(const struct hn_capture_record *r, size_t n)
{
    hn_time hour = r[0].time / HN_HOUR;
    if (r[n - 1].time / HN_HOUR == hour)
        return n;
    size_t i = 1;
    while (i < n && r[i].time / HN_HOUR == hour)
        i++;
    return i;
}

void telescope_engine_settle(struct telescope_engine *e)
{
    struct telescope_pool *p = e->pool;
    if (!p->taking)
        return;
    take_cells(&p->parts[0]);
    meet(p);
    p->taking = false;
    telescope_hour_add(&e->cells[0], e->hour, p->packets, 0);
    forget(e);
}

void telescope_engine_begin(struct telescope_engine *e, const struct hn_capture_record *r, size_t n)
{
    while (n) {
        size_t k = same_hour(r, n);
        telescope_engine_settle(e);
        enter_hour(e, r[0].time);
        observe(e->pool, r, k);
        collect_counts(e);
        r += k;
        n -= k;
    }
}

void telescope_engine_feed(struct telescope_engine *e, const struct hn_capture_record *r, size_t n)
{
    telescope_engine_begin(e, r, n);
    telescope_engine_settle(e);
}
