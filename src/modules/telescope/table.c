/* The tables of a cell: sources, events, victims, IPv6 addresses as numbers, pairs of source and port.
 *
 * An index is small and stays near; what it leads to is written one behind the other, so that what comes once (most of
 * a telescope's sources do) costs no access to a random place, and a table grows without its entries being moved about.
 * Places are keyed, because addresses are chosen by whoever sends. */
#include <sys/mman.h>

#include "base/hash.h"
#include "base/mem.h"
#include "modules/telescope/telescope.h"

#define ROOM_LEAST 512u
#define LINE       64u
#define HUGE_PAGE  ((size_t)2 << 20)
#define BIG_ROOM   ((size_t)16 << 20) /* of entries: a cell's share of the default limits needs less */

/* ---------------------------------------------------------------- memory */

/* Much memory comes from the kernel at the start of a large page: accesses are to random places, and the walk through
 * small pages' tables would cost more than the access itself. */
static bool memory_big(struct telescope_memory *m, size_t n)
{
    m->mapped = n + HUGE_PAGE;
    void *p = mmap(NULL, m->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    m->from = p == MAP_FAILED ? NULL : p;
    if (!m->from)
        return false;
    m->p = m->from + (HUGE_PAGE - (uintptr_t)m->from % HUGE_PAGE) % HUGE_PAGE;
    madvise(m->p, n / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
    return true;
}

/* n octets of zero. */
static bool memory_new(struct telescope_memory *m, size_t n)
{
    *m = (struct telescope_memory){0};
    if (n >= HUGE_PAGE)
        return memory_big(m, n);
    m->from = hn_alloc_zero(n + LINE - 1);
    m->p = m->from ? m->from + (LINE - (uintptr_t)m->from % LINE) % LINE : NULL;
    return m->p != NULL;
}

static void memory_free(const struct telescope_memory *m)
{
    if (m->mapped)
        munmap(m->from, m->mapped);
    else
        hn_free(m->from);
}

/* Memory for `room` entries or more. Of a big table addresses are taken for more than is needed; memory is taken when
 * it is written. */
static bool entries_new(struct telescope_table *t, uint32_t room, size_t size)
{
    size_t n = room * size;
    n = n >= HUGE_PAGE && n < BIG_ROOM ? BIG_ROOM : n;
    if (!memory_new(&t->entries, n))
        return false;
    t->p = t->entries.p;
    t->room = (uint32_t)(n / size);
    return true;
}

static bool index_new(struct telescope_table *t, uint32_t n_buckets)
{
    if (!memory_new(&t->index, n_buckets * sizeof *t->buckets))
        return false;
    t->buckets = (struct telescope_bucket *)(void *)t->index.p;
    t->n_buckets = n_buckets;
    return true;
}

bool telescope_table_init(struct telescope_table *t, size_t size)
{
    *t = (struct telescope_table){0};
    return index_new(t, 2 * ROOM_LEAST / TELESCOPE_BUCKET) && entries_new(t, ROOM_LEAST, size);
}

void telescope_table_done(struct telescope_table *t)
{
    memory_free(&t->entries);
    memory_free(&t->index);
    *t = (struct telescope_table){0};
}

static bool entries_grow(struct telescope_table *t, size_t size)
{
    const struct telescope_table was = *t;
    if (t->room >= TELESCOPE_ENTRIES ||
        !entries_new(t, was.entries.mapped ? was.room + was.room / 2 : was.room * 4, size)) {
        *t = was;
        return false;
    }
    memcpy(t->p, was.p, t->n * size);
    memory_free(&was.entries);
    return true;
}

/* ---------------------------------------------------------------- index */

typedef uint32_t hash_of(const struct telescope_cell *c, const uint8_t *entry);

/* Entries begin with their key. */
static uint32_t key_of(const uint8_t *entry)
{
    uint32_t key;
    memcpy(&key, entry, sizeof key);
    return key;
}

static uint32_t hash_key(const struct telescope_cell *c, const uint8_t *entry)
{
    return telescope_source_hash(&c->salt, key_of(entry));
}

static uint32_t hash_event(const struct telescope_cell *c, const uint8_t *entry)
{
    struct telescope_event e;
    memcpy(&e, entry, sizeof e);
    return telescope_event_hash(&c->salt, e.key, e.port, (uint8_t)e.class);
}

/* Writes the number of an entry into the first free place from its bucket on. */
static void index_put(struct telescope_table *t, uint32_t hash, uint32_t number)
{
    struct telescope_bucket *b = telescope_bucket_of(t, hash);
    while (telescope_full(b))
        b = telescope_bucket_next(t, b);
    unsigned place = (unsigned)__builtin_ctz(telescope_tags(b, 0));
    b->tag[place] = telescope_tag(hash);
    b->low[place] = (uint16_t)number;
    b->high[place] = (uint8_t)(number >> 16);
}

/* Inlined for each kind, because this walks through everything. */
__attribute__((always_inline)) static inline void index_fill(const struct telescope_cell *c, struct telescope_table *t,
                                                             size_t size, hash_of *hash)
{
    for (uint32_t i = 0; i < t->n; i++)
        index_put(t, hash(c, t->p + i * size), i);
}

/* Twice as many places. */
__attribute__((always_inline)) static inline bool index_grow(const struct telescope_cell *c, struct telescope_table *t,
                                                             size_t size, hash_of *hash)
{
    const struct telescope_table was = *t;
    if (!index_new(t, was.n_buckets * 2)) {
        *t = was;
        return false;
    }
    memory_free(&was.index);
    index_fill(c, t, size, hash);
    return true;
}

/* A new entry, zeroed; NULL: out of memory, c->failed. At most five in eight places are taken: a bucket is then seldom
 * full. */
__attribute__((always_inline)) static inline uint8_t *entry_new(struct telescope_cell *c, struct telescope_table *t,
                                                                size_t size, hash_of *hash_of_entry, uint32_t hash)
{
    bool full = t->n >= t->n_buckets * TELESCOPE_BUCKET / 8 * 5;
    if (__builtin_expect(
            (full && !index_grow(c, t, size, hash_of_entry)) || (t->n == t->room && !entries_grow(t, size)), 0)) {
        c->failed = true;
        return NULL;
    }
    index_put(t, hash, t->n);
    return memset(t->p + t->n++ * size, 0, size);
}

/* Those that were last seen before `since` leave; the others keep their order. `last` is where an entry has its time.
 */
__attribute__((always_inline)) static inline void leave(struct telescope_cell *c, struct telescope_table *t,
                                                        size_t size, hash_of *hash, uint32_t since, size_t last,
                                                        void (*gone)(struct telescope_cell *c, const uint8_t *entry))
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < t->n; i++) {
        const uint8_t *entry = t->p + i * size;
        if (key_of(entry + last) < since) {
            if (gone)
                gone(c, entry);
            continue;
        }
        if (i != n)
            memcpy(t->p + n * size, entry, size);
        n++;
    }
    t->n = n;
    memset(t->buckets, 0, t->n_buckets * sizeof(*t->buckets));
    index_fill(c, t, size, hash);
}

/* ---------------------------------------------------------------- sources, events, victims */

/* Walks over the entries whose tag fits, from a hash's bucket on until one is not full; `fits` says whether an entry is
 * the one. */
#define FIND(t, hash, list, fits)                                                                                      \
    for (const struct telescope_bucket *b_ = telescope_bucket_of((t), (hash));; b_ = telescope_bucket_next((t), b_)) { \
        for (unsigned found_ = telescope_tags(b_, telescope_tag(hash)); found_; found_ &= found_ - 1) {                \
            uint32_t k_ = telescope_number(b_, (unsigned)__builtin_ctz(found_));                                       \
            if (fits(&(list)[k_]))                                                                                     \
                return &(list)[k_];                                                                                    \
        }                                                                                                              \
        if (!telescope_full(b_))                                                                                       \
            break;                                                                                                     \
    }
#define SAME_KEY(e)   ((e)->key == key)
#define SAME_EVENT(e) telescope_event_is(e, key, port, class)

struct telescope_source *telescope_source_find(const struct telescope_cell *c, uint32_t key, uint32_t hash)
{
    FIND(&c->sources, hash, telescope_sources(&c->sources), SAME_KEY)
    return NULL;
}

struct telescope_event *telescope_event_find(const struct telescope_cell *c, uint32_t key, uint16_t port, uint8_t class,
                                             uint32_t hash)
{
    FIND(&c->events, hash, telescope_events(&c->events), SAME_EVENT)
    return NULL;
}

struct telescope_source *telescope_source_at(struct telescope_cell *c, uint32_t key, uint32_t hash, bool *ret_new)
{
    *ret_new = false;
    FIND(&c->sources, hash, telescope_sources(&c->sources), SAME_KEY)
    *ret_new = true;
    struct telescope_source *s = (void *)entry_new(c, &c->sources, sizeof(*s), hash_key, hash);
    if (s)
        s->key = key;
    return s;
}

struct telescope_event *telescope_event_at(struct telescope_cell *c, uint32_t key, uint16_t port, uint8_t class,
                                           uint32_t hash, bool *ret_new)
{
    *ret_new = false;
    FIND(&c->events, hash, telescope_events(&c->events), SAME_EVENT)
    *ret_new = true;
    struct telescope_event *e = (void *)entry_new(c, &c->events, sizeof(*e), hash_event, hash);
    if (!e)
        return NULL;
    e->key = key;
    e->port = port;
    e->class = class & 31u;
    return e;
}

struct telescope_victim *telescope_victim_at(struct telescope_cell *c, uint32_t key, uint32_t hash, bool *ret_new)
{
    *ret_new = false;
    FIND(&c->victims, hash, telescope_victims(&c->victims), SAME_KEY)
    *ret_new = true;
    struct telescope_victim *v = (void *)entry_new(c, &c->victims, sizeof(*v), hash_key, hash);
    if (v)
        v->key = key;
    return v;
}
#undef FIND

/* ---------------------------------------------------------------- IPv6 addresses as numbers */

uint32_t telescope_hash6(uint32_t salt, const uint8_t b[16])
{
    uint32_t h = 0x2545f491u ^ salt;
    for (unsigned i = 0; i < 16; i += 4)
        h = telescope_mix(h ^ ((uint32_t)b[i] << 24 | (uint32_t)b[i + 1] << 16 | (uint32_t)b[i + 2] << 8 | b[i + 3]));
    return h;
}

#define V6_MOST (1u << 18)

static bool v6_grow(struct telescope_v6_table *t, uint32_t salt)
{
    uint32_t room = t->room ? t->room * 2 : 256, cap = room * 2;
    uint8_t(*addr)[16] = hn_realloc(t->addr, (size_t)room * 16);
    uint32_t *slots = addr ? hn_alloc_zero(cap * sizeof(*slots)) : NULL;
    if (addr)
        t->addr = addr;
    if (!slots)
        return false;
    for (uint32_t k = 0; k < t->n; k++) {
        uint32_t i = telescope_place(telescope_hash6(salt, t->addr[k]), cap);
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
    if (t->n == t->room && t->n < V6_MOST && !v6_grow(t, (uint32_t)c->salt.a))
        c->failed = true;
    if (!t->cap)
        return 0;
    uint32_t i = telescope_place(telescope_hash6((uint32_t)c->salt.a, b), t->cap);
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

static uint32_t pair_hash(const struct telescope_cell *c, uint64_t v)
{
    return telescope_keyed(&c->salt, v);
}

static uint64_t pair_of(uint32_t key, unsigned proto, uint16_t port)
{
    return (uint64_t)key << 32 | telescope_port_index(proto, port) << 1 | 1;
}

/* Where v stands, or the free place that it would get. */
static uint64_t *pairs_place(const struct telescope_cell *c, uint64_t *set, uint32_t cap, uint64_t v)
{
    uint32_t i = telescope_place(pair_hash(c, v), cap);
    while (set[i] && set[i] != v)
        i = i + 1 == cap ? 0 : i + 1;
    return &set[i];
}

static bool pairs_has(const struct telescope_cell *c, uint64_t v)
{
    return c->pairs_cap && *pairs_place(c, c->pairs, c->pairs_cap, v) == v;
}

/* Twice as many places; beyond its bound the set begins anew. */
static bool pairs_grow(struct telescope_cell *c)
{
    uint32_t cap = c->pairs_cap ? c->pairs_cap * 2 : PAIRS_LEAST;
    bool over = cap > PAIRS_MOST;
    cap = over ? PAIRS_LEAST : cap;
    uint64_t *set = hn_alloc_zero(cap * sizeof(*set));
    if (!set)
        return false;
    for (uint32_t i = 0; !over && i < c->pairs_cap; i++)
        if (c->pairs[i])
            *pairs_place(c, set, cap, c->pairs[i]) = c->pairs[i];
    c->pairs_dropped += over ? c->pairs_n : 0;
    c->pairs_n = over ? 0 : c->pairs_n;
    hn_free(c->pairs);
    c->pairs = set;
    c->pairs_cap = cap;
    return true;
}

/* True when it was not there. Once the set began anew, the counts are upper bounds. */
bool telescope_pairs_add(struct telescope_cell *c, uint64_t v)
{
    uint64_t *at = c->pairs_cap ? pairs_place(c, c->pairs, c->pairs_cap, v) : NULL;
    if (at && *at == v)
        return false;
    if (c->pairs_n >= c->pairs_cap - c->pairs_cap / 4) {
        if (!pairs_grow(c)) {
            c->failed = true;
            return true;
        }
        at = pairs_place(c, c->pairs, c->pairs_cap, v);
    }
    *at = v;
    c->pairs_n++;
    return true;
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
    uint8_t class = principal(s->proto);
    if (telescope_event_find(c, src->key, s->dport, class, telescope_event_hash(&c->salt, src->key, s->dport, class)))
        return false;
    src->flags |= SOURCE_PAIRS;
    return telescope_pairs_add(c, pair);
}

/* Fetches what telescope_first_at_port() will look at: the places, then what stands there. */
void telescope_pairs_fetch(const struct telescope_cell *c, const struct telescope_sight *s)
{
    uint8_t class = principal(s->proto);
    if (s->class == class)
        return;
    uint32_t hash = telescope_event_hash(&c->salt, s->src, s->dport, class);
    __builtin_prefetch(telescope_bucket_of(&c->events, hash));
    if (c->pairs_cap)
        __builtin_prefetch(&c->pairs[telescope_place(pair_hash(c, pair_of(s->src, s->proto, s->dport)), c->pairs_cap)],
                           1);
}

void telescope_pairs_fetch_entry(const struct telescope_cell *c, const struct telescope_sight *s)
{
    uint8_t class = principal(s->proto);
    uint32_t k =
        s->class == class ? 0 : telescope_guess(&c->events, telescope_event_hash(&c->salt, s->src, s->dport, class));
    if (k)
        __builtin_prefetch(&telescope_events(&c->events)[k - 1]);
}

void telescope_pairs_merge(struct telescope_cell *to, const struct telescope_cell *from)
{
    for (uint32_t i = 0; i < from->pairs_cap; i++) {
        uint64_t v = from->pairs[i];
        uint32_t key = v ? telescope_key_moved(to, from, (uint32_t)(v >> 32)) : 0;
        if (key)
            telescope_pairs_add(to, (uint64_t)key << 32 | (v & UINT32_MAX));
    }
}

void telescope_port_sources(const struct telescope_cell *c, struct telescope_port *ports)
{
    for (uint32_t i = 0; i < c->events.n; i++) {
        const struct telescope_event *e = &telescope_events(&c->events)[i];
        unsigned proto = e->class <= CLASS_TCP_OTHER   ? 6
                         : e->class == CLASS_UDP       ? 17
                         : e->class == CLASS_ICMP_ECHO ? 1
                                                       : 0;
        if (e->class == principal((uint8_t)proto) && proto)
            ports[telescope_port_index(proto, e->port)].sources++;
        else if (e->class == CLASS_OTHER)
            ports[telescope_port_index(e->port, e->port)].sources++; /* its port is the protocol */
    }
    for (uint32_t i = 0; i < c->pairs_cap; i++) {
        uint32_t index = telescope_pair_port(c->pairs[i]);
        unsigned proto;
        uint16_t port;
        if (!c->pairs[i])
            continue;
        telescope_port_of(index, &proto, &port);
        uint32_t key = (uint32_t)(c->pairs[i] >> 32);
        uint8_t class = principal((uint8_t)proto);
        if (!telescope_event_find(c, key, port, class, telescope_event_hash(&c->salt, key, port, class)))
            ports[index].sources++;
    }
}

/* ---------------------------------------------------------------- forgetting */

static void source_gone(struct telescope_cell *c, const uint8_t *entry)
{
    c->forgotten++;
    if (!telescope_fold_source(&c->gone, (const void *)entry, 0))
        c->failed = true;
}

static void victim_gone(struct telescope_cell *c, const uint8_t *entry)
{
    const struct telescope_victim *v = (const void *)entry;
    if (telescope_attack_qualifies(v))
        telescope_attack_close(c, v, false);
}

void telescope_victims_forget(struct telescope_cell *c, uint32_t since)
{
    leave(c, &c->victims, sizeof(struct telescope_victim), hash_key, since, offsetof(struct telescope_victim, last),
          victim_gone);
}

/* How long something must have been quiet, from mild to hard. */
static const uint32_t quiet[] = {2 * 86400, 86400, 6 * 3600, 3600, 600, 60, 0};

static uint32_t since(uint32_t now, size_t i)
{
    return now > quiet[i] ? now - quiet[i] : 0;
}

void telescope_cell_forget(struct telescope_cell *c, const struct telescope_config *how, uint32_t now)
{
    const size_t n = sizeof(quiet) / sizeof(quiet[0]);
    for (size_t i = 0; i < n && c->sources.n > how->sources_max / TELESCOPE_CELLS; i++)
        leave(c, &c->sources, sizeof(struct telescope_source), hash_key, since(now, i),
              offsetof(struct telescope_source, last), source_gone);
    for (size_t i = 0; i < n && c->events.n > how->events_max / TELESCOPE_CELLS; i++)
        leave(c, &c->events, sizeof(struct telescope_event), hash_event, since(now, i),
              offsetof(struct telescope_event, last), NULL);
}
