/* Mere counting of a mapped capture by two threads.
 *
 *   file   │ part │ part │ part │ …        a part: whole records of one hour
 *             │      │      │
 *   thread    0      1      0   …          each walks to the next boundary, then counts what lies before it
 *
 * Where a record begins is known only from the one before it, so one thread at a time looks for the end of the next
 * part, from header to header; what it passed is near when it is counted. Counts do not depend on who counts. */
#include <pthread.h>
#include <sys/mman.h>

#include "modules/telescope/telescope.h"

#define PART (1u << 20) /* octets: so few that they are still near when they are counted */
#define PAGE 4096u

struct counting {
    struct telescope_engine *e;
    struct hn_capture *c;
    struct hn_bytes whole;
    bool give_back;
    pthread_mutex_t lock; /* of what follows, and of the capture */
    size_t left;          /* octets that may still be taken */
};
struct counter {
    struct counting *all;
    unsigned thread;
};

static struct hn_bytes next_part(struct counting *p)
{
    const hn_time from = p->e->hour * HN_HOUR;
    struct hn_bytes part = {0};
    pthread_mutex_lock(&p->lock);
    if (p->left)
        part = hn_capture_part(p->c, p->whole, PART, from, from + HN_HOUR);
    p->left -= part.n < p->left ? part.n : p->left;
    pthread_mutex_unlock(&p->lock);
    return part;
}

static void each(void *arg, const struct hn_capture_record *r, size_t n)
{
    struct counter *t = arg;
    telescope_engine_count(t->all->e, t->thread, r, n);
}

/* The page that a part begins in is over; the one that it ends in is the next one's. */
void telescope_give_back(struct hn_bytes part)
{
    uintptr_t from = (uintptr_t)part.p / PAGE * PAGE, to = (uintptr_t)(part.p + part.n) / PAGE * PAGE;
    if (to > from)
        madvise((void *)from, to - from, MADV_DONTNEED);
}

static void *count(void *arg)
{
    struct counter *t = arg;
    struct hn_bytes part;
    while ((part = next_part(t->all)).n) {
        hn_capture_walk(t->all->c, part, each, t);
        if (t->all->give_back)
            telescope_give_back(part);
    }
    return NULL;
}

size_t telescope_count(struct telescope_engine *e, struct hn_capture *c, struct hn_bytes whole, size_t fed, size_t most,
                       bool unmap)
{
    struct counting all = {.e = e, .c = c, .whole = whole, .give_back = unmap, .left = most};
    struct counter one = {&all, 0}, two = {&all, 1};
    pthread_t beside;
    if (!e->how.ports_only || e->how.threads < 2 || !e->hour)
        return fed;
    telescope_engine_settle(e);
    pthread_mutex_init(&all.lock, NULL);
    bool apart = pthread_create(&beside, NULL, count, &two) == 0;
    count(&one);
    if (apart)
        pthread_join(beside, NULL);
    pthread_mutex_destroy(&all.lock);
    telescope_engine_counted(e);
    return all.left < most ? (size_t)hn_capture_stats(c)->octets : fed;
}
