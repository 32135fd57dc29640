/* The engine: records become sights, sights go into cells.
 *
 *   thread 0   observes block 2 ───── takes what is left of block 1 ┐ ┌ observes block 3 ─── …
 *   thread 1   takes cells of block 1 ──────────────────────────────┴─┴ takes cells of block 2 ─ …
 *
 * Who feeds observes at once, a few thousand records at a time, so that frames are looked at while they are near;
 * sights are gathered, so that a cell that has been fetched is worth it. The two go on side by side, and whoever is
 * done first takes the next cell. A cell gets its sights in the order of the stream, so the result is the same for any
 * number of threads. */
#include <pthread.h>
#include <stdatomic.h>

#include "base/mem.h"
#include "modules/telescope/telescope.h"

#define THREADS_MOST 16u

#define BLOCK 262144u /* records whose sights are taken at once: what a cell fetches is then used several times */

struct telescope_pool {
    struct telescope_engine *e;
    unsigned n; /* threads, the caller among them */
    bool started, stop;
    pthread_mutex_t gate;
    pthread_barrier_t barrier;
    struct thread {
        struct telescope_pool *pool;
        unsigned index;
        pthread_t id;
    } threads[THREADS_MOST];
    void (*job)(struct telescope_engine *e, struct telescope_cell *c); /* telescope_engine_each(); NULL: take */
    struct telescope_batch batches[2], *filling, *taken;               /* taken: NULL when there is none */
    size_t records;                                                    /* of the batch that is being filled */
    uint64_t packets;                                                  /* of the one that is taken */
    atomic_uint cell;                                                  /* the next one of it that nobody has begun */
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

static void take_cells(struct thread *t)
{
    struct telescope_engine *e = t->pool->e;
    const struct telescope_batch *b = t->pool->taken;
    unsigned k;
    while (!e->how.ports_only && (k = atomic_fetch_add(&t->pool->cell, 1)) < TELESCOPE_CELLS) {
        if (t->pool->job)
            t->pool->job(e, &e->cells[k]);
        else
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
    struct thread *t = arg;
    pthread_mutex_lock(&t->pool->gate);
    pthread_mutex_unlock(&t->pool->gate);
    for (;;) {
        meet(t->pool); /* a block is there: hand_over() */
        if (t->pool->stop)
            return NULL;
        take_cells(t);
        meet(t->pool); /* it is taken: finish() */
    }
}

static struct telescope_pool *pool_new(struct telescope_engine *e, unsigned n)
{
    struct telescope_pool *p = hn_alloc_zero(sizeof(*p));
    if (!p)
        return NULL;
    p->e = e;
    pthread_mutex_init(&p->gate, NULL);
    p->filling = &p->batches[0];
    for (unsigned i = 0; i < n; i++)
        p->threads[i] = (struct thread){.pool = p, .index = i};
    pthread_mutex_lock(&p->gate); /* nobody begins before it is known how many there are */
    for (p->n = 1; p->n < n; p->n++)
        if (pthread_create(&p->threads[p->n].id, NULL, work, &p->threads[p->n]))
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
            pthread_join(p->threads[i].id, NULL);
        pthread_barrier_destroy(&p->barrier);
    }
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned k = 0; k < TELESCOPE_CELLS; k++)
            hn_free(p->batches[i].list[k]);
        hn_free(p->batches[i].v6);
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

static void collect_counts(struct telescope_engine *e, struct telescope_batch *b)
{
    e->failed |= b->failed;
    for (unsigned k = 0; k < sizeof e->dsts; k++)
        e->dsts[k] = b->dsts[k] > e->dsts[k] ? b->dsts[k] : e->dsts[k];
    if (b->first)
        e->first = e->first && e->first < b->first ? e->first : b->first;
    e->last = e->last > b->last ? e->last : b->last;
    telescope_counts_add(&e->sum, &b->sum);
    memset(&b->sum, 0, sizeof b->sum);
}

static uint32_t hour_of(const struct telescope_engine *e, hn_time t)
{
    bool wanted = t > 0 && t / HN_SECOND < UINT32_MAX && (!e->how.since || t >= e->how.since) &&
                  (!e->how.until || t < e->how.until);
    return wanted ? (uint32_t)(t / HN_HOUR) : 0;
}

/* When the stream enters another hour, the ports of the last one are judged. */
void telescope_engine_hour(struct telescope_engine *e, uint32_t hour)
{
    if (e->hour)
        telescope_surge_hour(e, e->hour);
    e->hour = hour;
}

static void enter_hour(struct telescope_engine *e, uint32_t hour)
{
    if (hour <= e->hour)
        return;
    telescope_engine_settle(e);
    telescope_engine_hour(e, hour);
    e->data_hours++;
}

void telescope_engine_forget(struct telescope_engine *e)
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

/* The block that was handed over is taken to its end. */
static void finish(struct telescope_engine *e)
{
    struct telescope_pool *p = e->pool;
    if (!p->taken)
        return;
    take_cells(&p->threads[0]);
    meet(p);
    p->taken = NULL;
    telescope_hour_add(&e->cells[0], e->hour, p->packets, 0);
    telescope_engine_forget(e);
}

static void start_filling(struct telescope_batch *b, const struct telescope_engine *e)
{
    memset(b->n, 0, sizeof b->n);
    b->n_v6 = 0;
    b->first = e->first;
    b->last = e->last;
}

/* What was gathered goes to the threads; the other batch is filled from here on. */
static void hand_over(struct telescope_engine *e)
{
    struct telescope_pool *p = e->pool;
    if (!p->records)
        return;
    finish(e);
    p->taken = p->filling;
    p->packets = p->taken->sum.packets;
    p->records = 0;
    collect_counts(e, p->taken);
    atomic_store(&p->cell, 0);
    meet(p);
    if (p->n == 1)
        finish(e);
    else
        p->filling = p->taken == p->batches ? p->batches + 1 : p->batches;
    start_filling(p->filling, e);
}

void telescope_engine_settle(struct telescope_engine *e)
{
    hand_over(e);
    finish(e);
}

void telescope_engine_each(struct telescope_engine *e, void (*job)(struct telescope_engine *, struct telescope_cell *))
{
    struct telescope_pool *p = e->pool;
    telescope_engine_settle(e);
    p->job = job;
    atomic_store(&p->cell, 0);
    meet(p);
    take_cells(&p->threads[0]);
    meet(p);
    p->job = NULL;
}

void telescope_engine_count(struct telescope_engine *e, unsigned thread, const struct hn_capture_record *r, size_t n)
{
    telescope_observe(&e->how, r, n, &e->pool->batches[thread], ports_of(e, thread));
}

void telescope_engine_counted(struct telescope_engine *e)
{
    for (unsigned i = 0; i < 2; i++) {
        struct telescope_batch *b = &e->pool->batches[i];
        telescope_hour_add(&e->cells[0], e->hour, b->sum.packets, 0);
        collect_counts(e, b);
    }
}

void telescope_engine_begin(struct telescope_engine *e, const struct hn_capture_record *r, size_t n)
{
    struct telescope_pool *p = e->pool;
    for (size_t k; n; r += k, n -= k) {
        k = same_hour(r, n < BLOCK - p->records ? n : BLOCK - p->records);
        enter_hour(e, hour_of(e, r[0].time));
        telescope_observe(&e->how, r, k, p->filling, ports_of(e, 0));
        p->records += k;
        if (p->records == BLOCK)
            hand_over(e);
    }
}

void telescope_engine_feed(struct telescope_engine *e, const struct hn_capture_record *r, size_t n)
{
    telescope_engine_begin(e, r, n);
    telescope_engine_settle(e);
}
