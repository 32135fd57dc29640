/* The tables of a cell: sources, events, victims, IPv6 addresses as numbers, pairs of source and port.
 *
 *   hash ─▶ place = hash * cap / 2^32 ─▶ the next free or equal one behind it (open addressing, at most 3/4 full)
 *
 * The order of places is the order of hashes, so a table grows by one walk, where it lies when it is big. */
#include <sys/mman.h>

#include "base/mem.h"
#include "modules/telescope/telescope.h"

#define TABLE_LEAST 1024u
#define HUGE_PAGE   ((size_t)2 << 20)
#define BIG_ROOM    ((size_t)16 << 20) /* a cell's share of the default limits needs less */

/* ---------------------------------------------------------------- tables */

/* Big tables come from the kernel at the start of a large page: every access is to a random place, and the walk through
 * small pages' tables would cost more than the access itself. Addresses are taken for more than is needed, so that the
 * table can grow where it lies; memory is taken when it is written. */
static uint8_t *big_memory(struct telescope_table *t, size_t n)
{
    size_t room = n < BIG_ROOM ? BIG_ROOM : n;
    t->mapped = room + HUGE_PAGE;
    void *p = mmap(NULL, t->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    t->memory = p == MAP_FAILED ? NULL : p;
    if (!t->memory)
        return NULL;
    uint8_t *from = t->memory + (HUGE_PAGE - (uintptr_t)t->memory % HUGE_PAGE) % HUGE_PAGE;
    madvise(from, room / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
    return from;
}

bool telescope_table_init(struct telescope_table *t, uint32_t cap, size_t size)
{
    const size_t n = cap * size;
    *t = (struct telescope_table){.cap = cap};
    if (n >= HUGE_PAGE) {
        t->p = big_memory(t, n);
    } else {
        t->memory = hn_alloc_zero(n + 63);
        t->p = t->memory ? t->memory + (64 - (uintptr_t)t->memory % 64) % 64 : NULL; /* from a cache line on */
    }
    return t->p != NULL;
}

void telescope_table_done(struct telescope_table *t)
{
    if (t->mapped)
        munmap(t->memory, t->mapped);
    else
        hn_free(t->memory);
    *t = (struct telescope_table){0};
}

static uint32_t source_free(const struct telescope_table *t, uint32_t key)
{
    uint32_t i = telescope_place(telescope_source_hash(key), t->cap);
    while (telescope_sources(t)[i].packets)
        i = i + 1 == t->cap ? 0 : i + 1;
    return i;
}

static uint32_t event_free(const struct telescope_table *t, const struct telescope_event *e)
{
    uint32_t i = telescope_place(telescope_event_hash(e->key, e->port, e->class), t->cap);
    while (telescope_events(t)[i].packets)
        i = i + 1 == t->cap ? 0 : i + 1;
    return i;
}

/* A table of cap places with those that keep() wants; t is unchanged when there is no memory. */
static bool rebuild_sources(struct telescope_table *t, uint32_t cap, uint32_t since,
                            void (*gone)(struct telescope_cell *c, const struct telescope_source *s),
                            struct telescope_cell *c)
{
    struct telescope_table to;
    if (!telescope_table_init(&to, cap, sizeof(struct telescope_source)))
        return false;
    for (uint32_t i = 0; i < t->cap; i++) {
        const struct telescope_source *s = &telescope_sources(t)[i];
        if (!s->packets)
            continue;
        if (s->last < since) {
            gone(c, s);
            continue;
        }
        telescope_sources(&to)[source_free(&to, s->key)] = *s;
        to.n++;
    }
    telescope_table_done(t);
    *t = to;
    return true;
}

static bool rebuild_events(struct telescope_table *t, uint32_t cap, uint32_t since)
{
    struct telescope_table to;
    if (!telescope_table_init(&to, cap, sizeof(struct telescope_event)))
        return false;
    for (uint32_t i = 0; i < t->cap; i++) {
        const struct telescope_event *e = &telescope_events(t)[i];
        if (!e->packets || e->last < since)
            continue;
        telescope_events(&to)[event_free(&to, e)] = *e;
        to.n++;
    }
    telescope_table_done(t);
    *t = to;
    return true;
}

/* ---------------------------------------------------------------- growing in place */

/* Entries begin with their key; no key is 0. */
static uint32_t key_of(const uint8_t *entry)
{
    uint32_t key;
    memcpy(&key, entry, sizeof key);
    return key;
}

static uint32_t source_place(const uint8_t *entry, uint32_t cap)
{
    return telescope_place(telescope_source_hash(key_of(entry)), cap);
}

static uint32_t event_place(const uint8_t *entry, uint32_t cap)
{
    struct telescope_event e;
    memcpy(&e, entry, sizeof e);
    return telescope_place(telescope_event_hash(e.key, e.port, (uint8_t)e.class), cap);
}

/* Entries that cannot move yet: their new place is below one whose entry was not moved. There are few of them, all near
 * the ends of the table. */
struct later {
    uint8_t *p;
    size_t n, cap;
};

static bool later_add(struct later *l, const uint8_t *entry, size_t size)
{
    if (l->n == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 256;
        uint8_t *p = hn_realloc(l->p, cap * size);
        if (!p)
            return false;
        l->p = p;
        l->cap = cap;
    }
    memcpy(l->p + l->n++ * size, entry, size);
    return true;
}

/* From the last to the first: the order of places is the order of hashes, so every entry moves up, to places that were
 * left before. False: out of memory, entries were lost. Inlined for each kind, because this walks through everything.
 */
__attribute__((always_inline)) static inline bool spread(struct telescope_table *t, uint32_t cap, size_t size,
                                                         uint32_t (*place_of)(const uint8_t *entry, uint32_t cap))
{
    struct later late = {0};
    bool whole = true;
    const uint32_t before = t->cap;
    uint8_t one[64];
    t->cap = cap;
#ifdef MADV_POPULATE_WRITE
    size_t from = before * size / HUGE_PAGE * HUGE_PAGE, to = (cap * size + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    if (to <= t->mapped - HUGE_PAGE)
        madvise(t->p + from, to - from, MADV_POPULATE_WRITE); /* at once, rather than by a fault for each page */
#endif
    for (uint32_t i = before; i-- > 0;) {
        uint8_t *entry = t->p + i * size;
        if (!key_of(entry))
            continue;
        uint32_t to_place = place_of(entry, cap);
        memcpy(one, entry, size);
        memset(entry, 0, size);
        while (to_place >= i && to_place < cap && key_of(t->p + to_place * size))
            to_place++;
        if (to_place >= i && to_place < cap)
            memcpy(t->p + to_place * size, one, size);
        else
            whole &= later_add(&late, one, size);
    }
    for (size_t k = 0; k < late.n; k++) {
        uint32_t i = place_of(late.p + k * size, cap);
        while (key_of(t->p + i * size))
            i = i + 1 == cap ? 0 : i + 1;
        memcpy(t->p + i * size, late.p + k * size, size);
    }
    hn_free(late.p);
    return whole;
}

static bool fits_where_it_lies(const struct telescope_table *t, uint32_t cap, size_t size)
{
    return t->mapped && cap * size <= t->mapped - HUGE_PAGE;
}

static bool grow_sources(struct telescope_table *t, uint32_t cap, struct telescope_cell *c)
{
    if (!fits_where_it_lies(t, cap, sizeof(struct telescope_source)))
        return rebuild_sources(t, cap, 0, NULL, c);
    return spread(t, cap, sizeof(struct telescope_source), source_place);
}

static bool grow_events(struct telescope_table *t, uint32_t cap)
{
    if (!fits_where_it_lies(t, cap, sizeof(struct telescope_event)))
        return rebuild_events(t, cap, 0);
    return spread(t, cap, sizeof(struct telescope_event), event_place);
}

/* Small tables grow by four, so that little time goes into them; big ones by half, so that their memory never doubles.
 */
static uint32_t larger_cap(const struct telescope_table *t)
{
    return t->mapped ? t->cap + t->cap / 2 : t->cap * 4;
}

static bool full(const struct telescope_table *t)
{
    return t->n >= t->cap / 5 * 3;
}

struct telescope_source *telescope_source_new(struct telescope_cell *c, uint32_t key, uint32_t at)
{
    struct telescope_table *t = &c->sources;
    if (full(t)) {
        if (!grow_sources(t, larger_cap(t), c)) {
            c->failed = true;
            return NULL;
        }
        at = source_free(t, key);
    }
    t->n++;
    telescope_sources(t)[at].key = key;
    return &telescope_sources(t)[at];
}

struct telescope_event *telescope_event_new(struct telescope_cell *c, const struct telescope_event *fresh, uint32_t at)
{
    struct telescope_table *t = &c->events;
    if (full(t)) {
        if (!grow_events(t, larger_cap(t))) {
            c->failed = true;
            return NULL;
        }
        at = event_free(t, fresh);
    }
    t->n++;
    telescope_events(t)[at] = *fresh;
    return &telescope_events(t)[at];
}

/* ---------------------------------------------------------------- IPv6 addresses as numbers */

uint32_t telescope_hash6(const uint8_t b[16])
{
    uint32_t h = 0x2545f491u;
    for (unsigned i = 0; i < 16; i += 4)
        h = telescope_mix(h ^ ((uint32_t)b[i] << 24 | (uint32_t)b[i + 1] << 16 | (uint32_t)b[i + 2] << 8 | b[i + 3]));
    return h;
}

#define V6_MOST (1u << 18)

static bool v6_grow(struct telescope_v6_table *t)
{
    uint32_t room = t->room ? t->room * 2 : 256, cap = room * 2;
    uint8_t(*addr)[16] = hn_realloc(t->addr, (size_t)room * 16);
    uint32_t *slots = addr ? hn_alloc_zero(cap * sizeof(*slots)) : NULL;
    if (addr)
        t->addr = addr;
    if (!slots)
        return false;
    for (uint32_t k = 0; k < t->n; k++) {
        uint32_t i = telescope_place(telescope_hash6(t->addr[k]), cap);
        while (slots[i])
            i = i + 1 == cap ? 0 : i + 1;
        slots[i] = k + 1;
    }
    hn_free(t->slots);
    t->slots = slots;
    t->cap = cap;
    t->room = room;
    return true;
}

/* The number of an address | TELESCOPE_V6; 0: no memory, or too many (counted). */
static uint32_t v6_key(struct telescope_cell *c, const uint8_t b[16])
{
    struct telescope_v6_table *t = &c->v6;
    if (t->n == t->room && t->n < V6_MOST && !v6_grow(t))
        c->failed = true;
    if (!t->cap)
        return 0;
    uint32_t i = telescope_place(telescope_hash6(b), t->cap);
    for (; t->slots[i]; i = i + 1 == t->cap ? 0 : i + 1)
        if (memcmp(t->addr[t->slots[i] - 1], b, 16) == 0)
            return (t->slots[i] - 1) | TELESCOPE_V6;
    if (t->n == t->room) {
        c->v6_refused++;
        return 0;
    }
    memcpy(t->addr[t->n], b, 16);
    t->slots[i] = ++t->n;
    return (t->n - 1) | TELESCOPE_V6;
}

struct hn_ip telescope_key_ip(const struct telescope_cell *c, uint32_t key, bool v6)
{
    struct hn_ip ip = {.family = 4};
    if (v6) {
        uint32_t k = key & ~TELESCOPE_V6;
        ip.family = k < c->v6.n ? 6 : 0;
        if (k < c->v6.n)
            memcpy(ip.b, c->v6.addr[k], 16);
        return ip;
    }
    for (unsigned i = 0; i < 4; i++)
        ip.b[i] = (uint8_t)(key >> (24 - 8 * i));
    return ip;
}

/* IPv4 sources from 240/4 and 0.0.0.0 exist (forged ones): they are kept as IPv4-mapped numbers of the IPv6 table. */
uint32_t telescope_key_other(struct telescope_cell *c, const struct telescope_batch *b, const struct telescope_sight *s)
{
    uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff};
    if (s->flags & SIGHT_V6)
        return v6_key(c, b->v6[s->src].src);
    for (unsigned i = 0; i < 4; i++)
        mapped[12 + i] = (uint8_t)(s->src >> (24 - 8 * i));
    return v6_key(c, mapped);
}

uint32_t telescope_v6_number(struct telescope_cell *c, const uint8_t b[16])
{
    uint32_t key = v6_key(c, b);
    return key ? key & ~TELESCOPE_V6 : UINT32_MAX;
}

uint32_t telescope_key_moved(struct telescope_cell *to, const struct telescope_cell *from, uint32_t key)
{
    if (key < TELESCOPE_V6)
        return key;
    uint32_t k = key & ~TELESCOPE_V6;
    return k < from->v6.n ? v6_key(to, from->v6.addr[k]) : 0;
}

/* ---------------------------------------------------------------- distinct sources of a port */

#define PAIRS_LEAST 1024u
#define PAIRS_MOST  (1u << 18)

static uint32_t pair_hash(uint64_t v)
{
    return telescope_mix((uint32_t)v ^ telescope_mix((uint32_t)(v >> 32)));
}

static uint64_t pair_of(uint32_t key, unsigned proto, uint16_t port)
{
    return (uint64_t)key << 32 | telescope_port_index(proto, port) << 1 | 1;
}

static void pairs_put(uint64_t *set, uint32_t cap, uint64_t v)
{
    uint32_t i = telescope_place(pair_hash(v), cap);
    while (set[i])
        i = i + 1 == cap ? 0 : i + 1;
    set[i] = v;
}

static bool pairs_has(const struct telescope_cell *c, uint64_t v)
{
    if (!c->pairs_cap)
        return false;
    uint32_t i = telescope_place(pair_hash(v), c->pairs_cap);
    for (; c->pairs[i]; i = i + 1 == c->pairs_cap ? 0 : i + 1)
        if (c->pairs[i] == v)
            return true;
    return false;
}

/* True when it was not there. Beyond its bound the set begins anew, and the counts are upper bounds from then on. */
static bool pairs_add(struct telescope_cell *c, uint64_t v)
{
    if (pairs_has(c, v))
        return false;
    if (c->pairs_n >= c->pairs_cap - c->pairs_cap / 4) {
        uint32_t cap = c->pairs_cap ? c->pairs_cap * 2 : PAIRS_LEAST;
        bool over = cap > PAIRS_MOST;
        uint64_t *set = hn_alloc_zero((over ? PAIRS_LEAST : cap) * sizeof(*set));
        if (!set) {
            c->failed = true;
            return true;
        }
        for (uint32_t i = 0; !over && i < c->pairs_cap; i++)
            if (c->pairs[i])
                pairs_put(set, cap, c->pairs[i]);
        c->pairs_dropped += over ? c->pairs_n : 0;
        c->pairs_n = over ? 0 : c->pairs_n;
        hn_free(c->pairs);
        c->pairs = set;
        c->pairs_cap = over ? PAIRS_LEAST : cap;
    }
    pairs_put(c->pairs, c->pairs_cap, v);
    c->pairs_n++;
    return true;
}

static const struct telescope_event *event_find(const struct telescope_cell *c, uint32_t key, uint16_t port,
                                                uint8_t class)
{
    const struct telescope_table *t = &c->events;
    uint32_t i = telescope_place(telescope_event_hash(key, port, class), t->cap);
    for (; telescope_events(t)[i].packets; i = i + 1 == t->cap ? 0 : i + 1) {
        const struct telescope_event *e = &telescope_events(t)[i];
        if (e->key == key && e->port == port && e->class == class)
            return e;
    }
    return NULL;
}

/* The class that nearly all first packets of a protocol have. */
static uint8_t principal(uint8_t proto)
{
    return proto == 6                  ? CLASS_TCP_SYN
           : proto == 17               ? CLASS_UDP
           : proto == 1 || proto == 58 ? CLASS_ICMP_ECHO
                                       : CLASS_OTHER;
}

/* Is this the first packet of the source to this port, of whatever class? The events of the principal class know it for
 * nearly all packets; the set of pairs knows the rest. */
bool telescope_first_at_port(struct telescope_cell *c, struct telescope_source *src, const struct telescope_sight *s,
                             bool new_event)
{
    uint64_t pair = pair_of(src->key, s->proto, s->dport);
    if (s->class == principal(s->proto))
        return new_event && !(src->flags & SOURCE_PAIRS && pairs_has(c, pair));
    if (event_find(c, src->key, s->dport, principal(s->proto)))
        return false;
    src->flags |= SOURCE_PAIRS;
    return pairs_add(c, pair);
}

/* Fetches what telescope_first_at_port() will look at. */
void telescope_pairs_fetch(const struct telescope_cell *c, const struct telescope_sight *s)
{
    uint8_t class = principal(s->proto);
    if (s->class == class)
        return;
    uint32_t place = telescope_place(telescope_event_hash(s->src, s->dport, class), c->events.cap);
    __builtin_prefetch(&telescope_events(&c->events)[place]);
    if (c->pairs_cap)
        __builtin_prefetch(&c->pairs[telescope_place(pair_hash(pair_of(s->src, s->proto, s->dport)), c->pairs_cap)], 1);
}

void telescope_pairs_merge(struct telescope_cell *to, const struct telescope_cell *from)
{
    for (uint32_t i = 0; i < from->pairs_cap; i++) {
        uint64_t v = from->pairs[i];
        uint32_t key = v ? telescope_key_moved(to, from, (uint32_t)(v >> 32)) : 0;
        if (key)
            pairs_add(to, (uint64_t)key << 32 | (v & UINT32_MAX));
    }
}

void telescope_port_sources(const struct telescope_cell *c, struct telescope_port *ports)
{
    for (uint32_t i = 0; i < c->events.cap; i++) {
        const struct telescope_event *e = &telescope_events(&c->events)[i];
        unsigned proto = e->class <= CLASS_TCP_OTHER   ? 6
                         : e->class == CLASS_UDP       ? 17
                         : e->class == CLASS_ICMP_ECHO ? 1
                                                       : 0;
        if (e->packets && e->class == principal((uint8_t)proto) && proto)
            ports[telescope_port_index(proto, e->port)].sources++;
        else if (e->packets && e->class == CLASS_OTHER)
            ports[telescope_port_index(e->port, e->port)].sources++; /* its port is the protocol */
    }
    for (uint32_t i = 0; i < c->pairs_cap; i++) {
        uint32_t index = (uint32_t)(c->pairs[i] >> 1) & 0x3ffff;
        unsigned proto;
        uint16_t port;
        if (!c->pairs[i])
            continue;
        telescope_port_of(index, &proto, &port);
        if (!event_find(c, (uint32_t)(c->pairs[i] >> 32), port, principal((uint8_t)proto)))
            ports[index].sources++;
    }
}

/* ---------------------------------------------------------------- forgetting */

static void source_gone(struct telescope_cell *c, const struct telescope_source *s)
{
    c->forgotten++;
    if (!telescope_fold_source(&c->gone, s, 0))
        c->failed = true;
}

/* How long something must have been quiet, from mild to hard. */
static const uint32_t quiet[] = {2 * 86400, 86400, 6 * 3600, 3600, 600, 60, 0};

void telescope_cell_forget(struct telescope_cell *c, const struct telescope_config *how, uint32_t now)
{
    uint64_t most_sources = how->sources_max / TELESCOPE_CELLS, most_events = how->events_max / TELESCOPE_CELLS;
    for (size_t i = 0; i < sizeof(quiet) / sizeof(quiet[0]) && c->sources.n > most_sources; i++)
        if (!rebuild_sources(&c->sources, c->sources.cap, now > quiet[i] ? now - quiet[i] : 0, source_gone, c))
            break;
    for (size_t i = 0; i < sizeof(quiet) / sizeof(quiet[0]) && c->events.n > most_events; i++)
        if (!rebuild_events(&c->events, c->events.cap, now > quiet[i] ? now - quiet[i] : 0))
            break;
}
