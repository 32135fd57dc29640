/* One share of the state: sources, events, fingerprints, hours. The order of sights is the order of the stream. */
#include <sys/mman.h>

#include "base/mem.h"
#include "modules/telescope/telescope.h"

#define TABLE_LEAST 1024u
#define AHEAD       16 /* sights whose places are fetched before they are needed */
#define HOUR        3600u
#define DAY_HOURS   24u

/* ---------------------------------------------------------------- tables */

/* Zeroed memory for a table, from the start of a cache line, so that a source is one line and not two. Every access is
 * to a random place: large pages spare the walk through the page tables that would cost more than the access itself. */
static bool table_memory(struct telescope_table *t, uint32_t cap, size_t size)
{
    const size_t n = cap * size + 63, page = (size_t)2 << 20;
    *t = (struct telescope_table){.memory = hn_alloc_zero(n), .cap = cap};
    if (!t->memory)
        return false;
    if (n >= 2 * page) {
        uint8_t *from = t->memory + (page - (uintptr_t)t->memory % page) % page;
        madvise(from, (n - (size_t)(from - t->memory)) / page * page, MADV_HUGEPAGE);
    }
    t->p = t->memory + (64 - (uintptr_t)t->memory % 64) % 64;
    return true;
}

static uint32_t source_hash(uint32_t key)
{
    return telescope_mix(key * 0x9e3779b1u);
}

static inline struct telescope_source *sources(const struct telescope_table *t)
{
    return (struct telescope_source *)(void *)t->p;
}
static inline struct telescope_event *events(const struct telescope_table *t)
{
    return (struct telescope_event *)(void *)t->p;
}

static uint32_t source_free(const struct telescope_table *t, uint32_t key)
{
    uint32_t i = telescope_place(source_hash(key), t->cap);
    while (sources(t)[i].packets)
        i = i + 1 == t->cap ? 0 : i + 1;
    return i;
}

static uint32_t event_free(const struct telescope_table *t, const struct telescope_event *e)
{
    uint32_t i = telescope_place(telescope_event_hash(e->key, e->port, e->class), t->cap);
    while (events(t)[i].packets)
        i = i + 1 == t->cap ? 0 : i + 1;
    return i;
}

/* A table of cap places with those that keep() wants; t is unchanged when there is no memory. */
static bool rebuild_sources(struct telescope_table *t, uint32_t cap, uint32_t since,
                            void (*gone)(struct telescope_cell *c, const struct telescope_source *s),
                            struct telescope_cell *c)
{
    struct telescope_table to;
    if (!table_memory(&to, cap, sizeof(struct telescope_source)))
        return false;
    for (uint32_t i = 0; i < t->cap; i++) {
        const struct telescope_source *s = &sources(t)[i];
        if (!s->packets)
            continue;
        if (s->last < since) {
            gone(c, s);
            continue;
        }
        sources(&to)[source_free(&to, s->key)] = *s;
        to.n++;
    }
    hn_free(t->memory);
    *t = to;
    return true;
}

static bool rebuild_events(struct telescope_table *t, uint32_t cap, uint32_t since)
{
    struct telescope_table to;
    if (!table_memory(&to, cap, sizeof(struct telescope_event)))
        return false;
    for (uint32_t i = 0; i < t->cap; i++) {
        const struct telescope_event *e = &events(t)[i];
        if (!e->packets || e->last < since)
            continue;
        events(&to)[event_free(&to, e)] = *e;
        to.n++;
    }
    hn_free(t->memory);
    *t = to;
    return true;
}

/* At most 3/4 full; grows by half, so that the memory of a big table is never doubled. */
static bool full(const struct telescope_table *t)
{
    return t->n >= t->cap - t->cap / 4;
}

struct telescope_source *telescope_source_get(struct telescope_cell *c, uint32_t key, bool *ret_new)
{
    struct telescope_table *t = &c->sources;
    uint32_t i = telescope_place(source_hash(key), t->cap);
    while (sources(t)[i].packets) {
        if (sources(t)[i].key == key) {
            *ret_new = false;
            return &sources(t)[i];
        }
        i = i + 1 == t->cap ? 0 : i + 1;
    }
    if (full(t)) {
        if (!rebuild_sources(t, t->cap + t->cap / 2, 0, NULL, c)) {
            c->failed = true;
            return NULL;
        }
        i = source_free(t, key);
    }
    t->n++;
    *ret_new = true;
    sources(t)[i].key = key;
    return &sources(t)[i];
}

struct telescope_event *telescope_event_get(struct telescope_cell *c, uint32_t key, uint16_t port, uint8_t class,
                                            bool *ret_new)
{
    struct telescope_table *t = &c->events;
    uint32_t i = telescope_place(telescope_event_hash(key, port, class), t->cap);
    while (events(t)[i].packets) {
        const struct telescope_event *e = &events(t)[i];
        if (e->key == key && e->port == port && e->class == class) {
            *ret_new = false;
            return &events(t)[i];
        }
        i = i + 1 == t->cap ? 0 : i + 1;
    }
    struct telescope_event fresh = {.key = key, .port = port, .class = class};
    if (full(t)) {
        if (!rebuild_events(t, t->cap + t->cap / 2, 0)) {
            c->failed = true;
            return NULL;
        }
        i = event_free(t, &fresh);
    }
    t->n++;
    *ret_new = true;
    events(t)[i] = fresh;
    return &events(t)[i];
}

/* ---------------------------------------------------------------- IPv6 addresses as numbers */

static uint32_t hash6(const uint8_t b[16])
{
    uint32_t h = 0x2545f491u;
    for (unsigned i = 0; i < 16; i += 4)
        h = telescope_mix(h ^ ((uint32_t)b[i] << 24 | (uint32_t)b[i + 1] << 16 | (uint32_t)b[i + 2] << 8 | b[i + 3]));
    return h;
}

#define V6_MOST (1u << 18)
#define V6_MARK 0xf0000000u

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
        uint32_t i = telescope_place(hash6(t->addr[k]), cap);
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

/* The number of an address | V6_MARK; 0: no memory, or too many (counted). */
static uint32_t v6_key(struct telescope_cell *c, const uint8_t b[16])
{
    struct telescope_v6_table *t = &c->v6;
    if (t->n == t->room && t->n < V6_MOST && !v6_grow(t))
        c->failed = true;
    if (!t->cap)
        return 0;
    uint32_t i = telescope_place(hash6(b), t->cap);
    for (; t->slots[i]; i = i + 1 == t->cap ? 0 : i + 1)
        if (memcmp(t->addr[t->slots[i] - 1], b, 16) == 0)
            return (t->slots[i] - 1) | V6_MARK;
    if (t->n == t->room) {
        c->v6_refused++;
        return 0;
    }
    memcpy(t->addr[t->n], b, 16);
    t->slots[i] = ++t->n;
    return (t->n - 1) | V6_MARK;
}

struct hn_ip telescope_key_ip(const struct telescope_cell *c, uint32_t key, bool v6)
{
    struct hn_ip ip = {.family = 4};
    if (v6) {
        uint32_t k = key & ~V6_MARK;
        ip.family = k < c->v6.n ? 6 : 0;
        if (k < c->v6.n)
            memcpy(ip.b, c->v6.addr[k], 16);
        return ip;
    }
    for (unsigned i = 0; i < 4; i++)
        ip.b[i] = (uint8_t)(key >> (24 - 8 * i));
    return ip;
}

/* IPv4 sources from 240/4 exist (forged ones): they are kept as IPv4-mapped numbers of the IPv6 table. */
static uint32_t key_of(struct telescope_cell *c, const struct telescope_batch *b, const struct telescope_sight *s,
                       bool *ret_v6)
{
    uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff};
    *ret_v6 = s->flags & SIGHT_V6 || s->src >= V6_MARK || s->src == 0;
    if (!*ret_v6)
        return s->src;
    if (s->flags & SIGHT_V6)
        return v6_key(c, b->v6[s->src].src);
    for (unsigned i = 0; i < 4; i++)
        mapped[12 + i] = (uint8_t)(s->src >> (24 - 8 * i));
    return v6_key(c, mapped);
}

uint32_t telescope_v6_number(struct telescope_cell *c, const uint8_t b[16])
{
    uint32_t key = v6_key(c, b);
    return key ? key & ~V6_MARK : UINT32_MAX;
}

uint32_t telescope_key_moved(struct telescope_cell *to, const struct telescope_cell *from, uint32_t key)
{
    if (key < V6_MARK)
        return key;
    uint32_t k = key & ~V6_MARK;
    return k < from->v6.n ? v6_key(to, from->v6.addr[k]) : 0;
}

/* ---------------------------------------------------------------- time */

static void hour_count(struct telescope_cell *c, uint32_t hour, bool source)
{
    struct telescope_hour *h = &c->hours[hour % TELESCOPE_HOURS];
    if (h->hour != hour) {
        if (h->hour > hour) /* older than what is remembered */
            return;
        *h = (struct telescope_hour){.hour = hour};
    }
    h->packets++;
    h->sources += source;
}

static struct telescope_day *day_of(struct telescope_cell *c, uint32_t day)
{
    struct telescope_day *d = &c->days[day % TELESCOPE_DAYS];
    if (d->day != day) {
        if (d->day > day)
            return NULL;
        memset(d, 0, sizeof(*d));
        d->day = day;
    }
    return d;
}

/* Which fingerprint a source stands for; the first in the order of the list. */
static unsigned fp_index(uint8_t fps)
{
    return fps ? (unsigned)__builtin_ctz(fps) : FP_COUNT;
}

static uint64_t bits_below(unsigned n)
{
    return n >= 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1;
}

/* Marks the hour of this sight; true when the source was not seen in it before. Counts the days of sources. */
static bool mark_hour(struct telescope_cell *c, struct telescope_source *s, uint32_t time, uint8_t fps_before)
{
    uint32_t hour = time / HOUR, last = s->last / HOUR, day = hour / DAY_HOURS;
    bool fresh, today;
    uint64_t before = s->hours;
    if (s->packets == 0 || hour > last) {
        unsigned by = s->packets ? hour - last : 64;
        s->hours = (by < 64 ? s->hours << by : 0) | 1;
        fresh = true;
        unsigned in_day = hour % DAY_HOURS; /* bits 1 … in_day are earlier hours of today */
        today = (s->hours >> 1 & bits_below(in_day)) != 0;
    } else {
        unsigned back = last - hour;
        if (back >= 64)
            return false;
        fresh = !(s->hours >> back & 1);
        s->hours |= UINT64_C(1) << back;
        today = !fresh || day == last / DAY_HOURS;
    }
    struct telescope_day *d = day_of(c, day);
    unsigned fp = fp_index(s->fps), was = fp_index(fps_before);
    if (!d || (today && fp == was))
        return fresh;
    d->distinct[FP_COUNT] += !today;
    d->returning[FP_COUNT] += !today && before != 0;
    if (fp != FP_COUNT && (!today || was == FP_COUNT)) {
        d->distinct[fp]++;
        d->returning[fp] += before != 0 && !today;
    }
    return fresh;
}

/* ---------------------------------------------------------------- source */

static void saturate16(uint16_t *v)
{
    *v = (uint16_t)(*v + (*v != UINT16_MAX));
}

/* Boyer and Moore: after any number of ports the majority, if there is one, stands here. */
static void vote(uint16_t *major, uint8_t *votes, uint16_t port)
{
    if (*votes == 0) {
        *major = port;
        *votes = 1;
    } else if (*major == port) {
        *votes = (uint8_t)(*votes + (*votes != UINT8_MAX));
    } else {
        (*votes)--;
    }
}

static void source_traits(struct telescope_source *src, const struct telescope_sight *s)
{
    if (src->packets == 0 || src->sig == 0) {
        src->sig = s->sig;
        src->sport = s->sport;
        src->seq = s->seq;
        return;
    }
    if (s->sig && s->sig != src->sig)
        src->traits |= TRAIT_SIG;
    if (s->sport != src->sport)
        src->traits |= TRAIT_SPORT;
    if (s->seq != src->seq)
        src->traits |= TRAIT_SEQ;
    else if (s->fp == FP_NMAP && s->flags & SIGHT_WEAK)
        src->flags |= SOURCE_PROVEN; /* one number for many targets, and all else fits */
}

static void source_fingerprint(struct telescope_cell *c, struct telescope_source *src, const struct telescope_sight *s)
{
    bool was_once = src->syn_n == 1 && src->weak_n == 1;
    if (s->class == CLASS_TCP_SYN)
        saturate16(&src->syn_n);
    if (s->fp != FP_NONE && s->flags & SIGHT_WEAK) {
        if (src->weak_n == 0)
            src->weak = s->fp & 15;
        src->weak_n += src->weak == s->fp;
    }
    bool once = src->syn_n == 1 && src->weak_n == 1;
    c->once[src->weak] += (uint64_t)once - (uint64_t)was_once;
    if (s->fp == FP_NONE || s->flags & SIGHT_WEAK)
        return;
    struct telescope_tool *t = &c->strong[s->fp];
    uint8_t bit = (uint8_t)(1u << s->fp);
    t->packets++;
    t->sources += !(src->fps & bit);
    t->confirmed += src->fps & bit && !(src->fps_twice & bit);
    src->fps_twice |= src->fps & bit;
    src->fps |= bit;
}

static void source_new(struct telescope_cell *c, const struct telescope_config *how, struct telescope_source *src,
                       uint32_t time, bool v6)
{
    struct hn_ip ip = telescope_key_ip(c, src->key, v6);
    src->first = src->last = time;
    src->flags = v6 ? SOURCE_V6 : 0;
    if (how->members.n && telescope_prefixes_find(&how->members, &ip))
        src->flags |= SOURCE_MEMBER;
    if (how->scanners.n && telescope_prefixes_find(&how->scanners, &ip))
        src->flags |= SOURCE_SCANNER;
    telescope_hll_add(c->seen, 12, source_hash(v6 ? hash6(c->v6.addr[src->key & ~V6_MARK]) : src->key));
}

/* ---------------------------------------------------------------- event */

static void event_take(struct telescope_cell *c, const struct telescope_config *how, struct telescope_event *e,
                       const struct telescope_sight *s)
{
    uint32_t gap = s->time > e->last ? s->time - e->last : 0;
    if (e->packets == 0) {
        e->first = e->start = e->last = s->time;
        e->events = 1;
        c->class_events[s->class]++;
    } else if (gap > how->idle) {
        e->start = s->time;
        e->now = 0;
        e->events++;
        c->class_events[s->class]++;
    }
    e->first = s->time < e->first ? s->time : e->first;
    e->last = s->time > e->last ? s->time : e->last;
    e->packets++;
    e->now++;
    e->dsts |= UINT64_C(1) << (telescope_mix(s->dst) >> 26);
}

/* What answers comes to random ports: kept under the port that it answers from. */
static uint16_t event_port(const struct telescope_sight *s)
{
    uint8_t role = telescope_class_roles[s->class];
    return role == ROLE_BACKSCATTER || role == ROLE_REFLECTION ? (s->proto == 6 || s->proto == 17 ? s->sport : s->dport)
                                                               : s->dport;
}

/* ---------------------------------------------------------------- distinct sources of a port */

#define PAIRS_LEAST 1024u
#define PAIRS_MOST  (1u << 18)

static void pairs_put(uint64_t *set, uint32_t cap, uint64_t v)
{
    uint32_t i = telescope_place(telescope_mix((uint32_t)v ^ telescope_mix((uint32_t)(v >> 32))), cap);
    while (set[i])
        i = i + 1 == cap ? 0 : i + 1;
    set[i] = v;
}

static bool pairs_has(const struct telescope_cell *c, uint64_t v)
{
    if (!c->pairs_cap)
        return false;
    uint32_t i = telescope_place(telescope_mix((uint32_t)v ^ telescope_mix((uint32_t)(v >> 32))), c->pairs_cap);
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
    for (; events(t)[i].packets; i = i + 1 == t->cap ? 0 : i + 1) {
        const struct telescope_event *e = &events(t)[i];
        if (e->key == key && e->port == port && e->class == class)
            return e;
    }
    return NULL;
}

static uint8_t principal(uint8_t proto)
{
    return proto == 6                  ? CLASS_TCP_SYN
           : proto == 17               ? CLASS_UDP
           : proto == 1 || proto == 58 ? CLASS_ICMP_ECHO
                                       : CLASS_OTHER;
}

/* Is this the first packet of the source to this port, of whatever class? The events of the principal class know it for
 * nearly all packets; the set of pairs knows the rest. */
static bool first_at_port(struct telescope_cell *c, struct telescope_source *src, const struct telescope_sight *s,
                          bool new_event)
{
    uint64_t pair = (uint64_t)src->key << 32 | telescope_port_index(s->proto, s->dport) << 1 | 1;
    if (s->class == principal(s->proto))
        return new_event && !(src->flags & SOURCE_PAIRS && pairs_has(c, pair));
    if (event_find(c, src->key, s->dport, principal(s->proto)))
        return false;
    src->flags |= SOURCE_PAIRS;
    return pairs_add(c, pair);
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
        const struct telescope_event *e = &events(&c->events)[i];
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

/* ---------------------------------------------------------------- destinations that stand out */

static void hot_add(struct telescope_hot *h, const struct telescope_cell *c, const struct telescope_sight *s)
{
    uint32_t bit = telescope_mix(s->src ^ 0xa5a5u) >> 24;
    h->count++;
    h->first = s->time < h->first ? s->time : h->first;
    h->last = s->time > h->last ? s->time : h->last;
    h->sources[bit >> 6] |= UINT64_C(1) << (bit & 63);
}

/* Four places to look at; when all are taken by others, the smallest of them loses one. */
static void hot_take(struct telescope_cell *c, const struct telescope_sight *s)
{
    uint16_t port = s->class == CLASS_UDP_REPLY ? s->sport : s->class == CLASS_TCP_SYN ? s->dport : 0;
    uint32_t at = telescope_mix(s->dst ^ (uint32_t)s->class << 24) % (TELESCOPE_HOT / 4) * 4;
    struct telescope_hot *least = &c->hot[at];
    for (uint32_t i = at; i < at + 4; i++) {
        struct telescope_hot *h = &c->hot[i];
        if (h->used && h->dst == s->dst && h->class == s->class && h->port == port) {
            hot_add(h, c, s);
            return;
        }
        if (least->used && (!h->used || h->count < least->count))
            least = h;
    }
    if (least->used && --least->count)
        return;
    *least = (struct telescope_hot){
        .dst = s->dst, .first = s->time, .last = s->time, .port = port, .class = s->class, .used = 1};
    hot_add(least, c, s);
}

/* ---------------------------------------------------------------- one sight */

static void take(struct telescope_cell *c, const struct telescope_config *how, const struct telescope_batch *b,
                 const struct telescope_sight *s, struct telescope_port *ports)
{
    bool v6, new_source, new_event;
    uint32_t key = key_of(c, b, s, &v6);
    if (!key)
        return;
    if (s->flags & SIGHT_VICTIM) {
        telescope_victim_take(c, how, key, s, v6);
        return;
    }
    struct telescope_source *src = telescope_source_get(c, key, &new_source);
    if (!src)
        return;
    if (new_source)
        source_new(c, how, src, s->time, v6);
    source_traits(src, s);
    uint8_t fps = src->fps;
    source_fingerprint(c, src, s);
    bool fresh_hour = mark_hour(c, src, s->time, fps);
    src->first = s->time < src->first ? s->time : src->first;
    src->last = s->time > src->last ? s->time : src->last;
    src->packets += src->packets != UINT32_MAX;
    src->ports |= UINT64_C(1) << (telescope_mix(s->dport ^ (uint32_t)s->proto << 16) >> 26);
    src->dsts |= UINT64_C(1) << (telescope_mix(s->dst) >> 26);
    vote(&src->port_major, &src->port_votes, s->dport);
    if (telescope_class_roles[s->class] == ROLE_SCAN)
        src->traits |= s->proto == 6 ? TRAIT_TCP : s->proto == 17 ? TRAIT_UDP : TRAIT_ICMP;
    hour_count(c, s->time / HOUR, fresh_hour);
    c->packets++;
    c->octets += s->len;
    c->class_packets[s->class]++;
    c->plain += (s->flags & SIGHT_PLAIN) != 0;
    c->plain1024 += (s->flags & SIGHT_1024) != 0;
    if (s->class == CLASS_TCP_SYN) {
        c->os_packets[s->os]++;
        if (src->syn_n == 1) {
            src->os = s->os & 15;
            c->os_sources[s->os]++;
        }
    }
    uint8_t role = telescope_class_roles[s->class];
    struct telescope_port *port = &ports[telescope_port_index(s->proto, s->dport)];
    struct telescope_event *e = telescope_event_get(c, key, event_port(s), s->class, &new_event);
    if (e) {
        bool this_hour = !new_event && e->last / HOUR == s->time / HOUR;
        port->sources += first_at_port(c, src, s, new_event);
        port->hour_packets++;
        port->hour_sources += !this_hour && role == ROLE_SCAN;
        port->first = port->first && port->first < s->time ? port->first : s->time;
        event_take(c, how, e, s);
    }
    if (role == ROLE_BACKSCATTER)
        telescope_victim_take(c, how, key, s, v6);
    if (src->flags & (SOURCE_MEMBER | SOURCE_SCANNER)) {
        c->scanner_packets += (src->flags & SOURCE_SCANNER) != 0;
        if (src->flags & SOURCE_MEMBER)
            telescope_member_take(c, how, src, s);
    }
    hot_take(c, s);
}

/* Inlined by force: gcc takes a function that only prefetches for one without effect and drops its calls. */
__attribute__((always_inline)) static inline void
fetch_ahead(const struct telescope_cell *c, const struct telescope_port *ports, const struct telescope_sight *s)
{
    if (s->flags & SIGHT_V6)
        return;
    __builtin_prefetch(&sources(&c->sources)[telescope_place(source_hash(s->src), c->sources.cap)], 1);
    uint32_t h = telescope_event_hash(s->src, event_port(s), s->class);
    const struct telescope_event *e = &events(&c->events)[telescope_place(h, c->events.cap)];
    __builtin_prefetch(e, 1);
    __builtin_prefetch(&e->dsts, 1); /* every second one lies across two lines */
    __builtin_prefetch(&ports[telescope_port_index(s->proto, s->dport)], 1);
}

void telescope_cell_take(struct telescope_cell *c, const struct telescope_config *how, const struct telescope_batch *b,
                         const struct telescope_sight *s, size_t n, struct telescope_port *ports)
{
    for (size_t i = 0; i < n; i++) {
        if (i + AHEAD < n)
            fetch_ahead(c, ports, &s[i + AHEAD]);
        take(c, how, b, &s[i], ports);
    }
}

/* ---------------------------------------------------------------- life */

bool telescope_cell_init(struct telescope_cell *c)
{
    return table_memory(&c->sources, TABLE_LEAST, sizeof(struct telescope_source)) &&
           table_memory(&c->events, TABLE_LEAST, sizeof(struct telescope_event)) &&
           table_memory(&c->victims, TABLE_LEAST, sizeof(struct telescope_victim));
}

void telescope_cell_done(struct telescope_cell *c)
{
    hn_free(c->sources.memory);
    hn_free(c->events.memory);
    hn_free(c->victims.memory);
    hn_free(c->v6.addr);
    hn_free(c->v6.slots);
    hn_free(c->pairs);
    telescope_fold_done(&c->gone);
    hn_free(c->attacks);
    hn_free(c->alerts);
}

static void source_gone(struct telescope_cell *c, const struct telescope_source *s)
{
    c->forgotten++;
    if (!telescope_fold_source(&c->gone, s, 0))
        c->failed = true;
}

/* How long something must have been quiet, from mild to hard. */
static const uint32_t quiet[] = {2 * 86400, 86400, 6 * HOUR, HOUR, 600, 60, 0};

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
