/* The main port of a source that goes to many.
 *
 * The vote of a source (cell.c) ends with the port that most of its packets went to when that is more than half of
 * them, and else with one of its ports, which depends on the order of the packets. There the events of the source are
 * asked, so that the same packets give the same main port, and the same campaign, in any order and from any number of
 * parts. The sources in doubt stand in a small table of their own: events are many, and memory near by is fast. */
#include "base/mem.h"
#include "modules/telescope/telescope.h"

#define FIRST 16384u /* places: the cache of a processor has room for them */

struct doubt {
    uint32_t key, number, packets; /* key 0: free; number of the source; packets of the best port so far */
    uint16_t port;
};

#define MARKS 2048u /* words: a small part of the nearest cache */
struct doubts {
    const struct telescope_salt *salt; /* who sends chooses addresses, and shall not choose places */
    struct doubt *list;
    uint32_t cap, n;       /* cap: a power of two */
    uint64_t marks[MARKS]; /* by which most events of other sources are passed over */
};

/* More than half of the packets went to port_major: each vote stands for one of them that no other has answered. */
static bool certain(const struct telescope_source *s)
{
    unsigned kinds = s->traits & (TRAIT_TCP | TRAIT_UDP | TRAIT_ICMP);
    return !kinds || ((kinds & (kinds - 1)) == 0 && s->port_votes * 2u > s->packets);
}

static uint64_t mark_of(uint32_t hash)
{
    return UINT64_C(1) << (hash & 63);
}

static uint64_t *marks_of(struct doubts *d, uint32_t hash)
{
    return &d->marks[hash >> 6 & (MARKS - 1)];
}

/* Where the source stands, or would. */
static struct doubt *place_of(const struct doubts *d, uint32_t key, uint32_t hash)
{
    uint32_t i = telescope_place(hash, d->cap);
    while (d->list[i].key && d->list[i].key != key)
        i = (i + 1) & (d->cap - 1);
    return &d->list[i];
}

static bool grow(struct doubts *d)
{
    struct doubt *was = d->list;
    const uint32_t had = d->cap;
    d->cap = had ? 2 * had : FIRST;
    d->list = hn_alloc_zero(d->cap * sizeof *d->list);
    for (uint32_t i = 0; d->list && i < had; i++)
        if (was[i].key)
            *place_of(d, was[i].key, telescope_source_hash(d->salt, was[i].key)) = was[i];
    hn_free(was);
    return d->list != NULL;
}

static bool add(struct doubts *d, uint32_t key, uint32_t number)
{
    const uint32_t hash = telescope_source_hash(d->salt, key);
    if (2 * d->n >= d->cap && !grow(d))
        return false;
    d->n++;
    *place_of(d, key, hash) = (struct doubt){.key = key, .number = number};
    *marks_of(d, hash) |= mark_of(hash);
    return true;
}

static void ask(struct doubts *d, const struct telescope_event *e)
{
    const uint32_t hash = telescope_source_hash(d->salt, e->key);
    if (!(*marks_of(d, hash) & mark_of(hash)))
        return;
    struct doubt *s = place_of(d, e->key, hash);
    bool better = e->packets > s->packets || (e->packets == s->packets && e->port < s->port);
    if (s->key && better) {
        s->packets = e->packets;
        s->port = e->port;
    }
}

static void settle(struct telescope_engine *e, struct telescope_cell *c)
{
    struct telescope_source *sources = telescope_sources(&c->sources);
    struct doubts d = {.salt = &c->salt};
    for (uint32_t i = 0; i < c->sources.n && !c->failed; i++)
        c->failed = !certain(&sources[i]) && !add(&d, sources[i].key, i);
    if (c->failed)
        d.n = d.cap = 0;
    for (uint32_t i = 0; d.n && i < c->events.n; i++)
        if (telescope_class_roles[telescope_events(&c->events)[i].class] == ROLE_SCAN)
            ask(&d, &telescope_events(&c->events)[i]);
    for (uint32_t i = 0; i < d.cap; i++) {
        struct telescope_source *s = &sources[d.list[i].number];
        if (!d.list[i].packets || s->port_major == d.list[i].port)
            continue;
        s->port_major = d.list[i].port;
        s->port_votes = 0; /* they were given to another */
    }
    hn_free(d.list);
}

bool telescope_majors(struct telescope_engine *e)
{
    telescope_engine_each(e, settle);
    for (unsigned k = 0; k < TELESCOPE_CELLS; k++)
        e->failed |= e->cells[k].failed;
    return !e->failed;
}
