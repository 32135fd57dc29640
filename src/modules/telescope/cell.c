/* One share of the state: sources, events, fingerprints, hours. The order of sights is the order of the stream. */
#include "base/mem.h"
#include "modules/telescope/telescope.h"

#define TABLE_LEAST 1024u
#define AHEAD       16 /* sights whose places are fetched before they are needed */
#define HOUR        3600u
#define DAY_HOURS   24u

/* ---------------------------------------------------------------- time */

void telescope_hour_add(struct telescope_cell *c, uint32_t hour, uint64_t packets, uint32_t sources)
{
    struct telescope_hour *h = &c->hours[hour % TELESCOPE_HOURS];
    if (h->hour != hour) {
        if (h->hour > hour)
            return;
        *h = (struct telescope_hour){.hour = hour};
    }
    h->packets += packets;
    h->sources += sources;
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
    if (s->packets && hour == last && s->fps == fps_before)
        return false;
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
    unsigned differs = (s->sig && s->sig != src->sig ? TRAIT_SIG : 0) | (s->sport != src->sport ? TRAIT_SPORT : 0) |
                       (s->seq != src->seq ? TRAIT_SEQ : 0);
    src->traits = (uint8_t)(src->traits | differs);
    if (s->fp == FP_NMAP && !(differs & TRAIT_SEQ) && s->flags & SIGHT_WEAK)
        src->flags |= SOURCE_PROVEN; /* one number for many targets, and all else fits */
}

static void source_fingerprint(struct telescope_cell *c, struct telescope_source *src, const struct telescope_sight *s)
{
    bool was_once = src->syn_n == 1 && src->weak_n == 1;
    if (s->class == CLASS_TCP_SYN)
        saturate16(&src->syn_n);
    else if (s->fp == FP_NONE)
        return;
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
    uint32_t name = v6 ? telescope_hash6(c->v6.addr[src->key & ~TELESCOPE_V6]) : src->key;
    telescope_hll_add(c->seen, 12, telescope_source_hash(name));
}

/* ---------------------------------------------------------------- event */

static void event_take(struct telescope_cell *c, const struct telescope_config *how, struct telescope_event *e,
                       const struct telescope_sight *s, uint32_t dst)
{
    uint32_t gap = s->time > e->last ? s->time - e->last : 0;
    if (e->packets == 0) {
        e->first = e->start = e->last = s->time;
        e->events = 1;
        c->class_events[s->class]++;
    } else if (gap > how->idle) {
        e->start = s->time;
        e->now = 0;
        e->events = e->events < TELESCOPE_EVENTS_MOST ? (e->events + 1u) & TELESCOPE_EVENTS_MOST : e->events;
        c->class_events[s->class]++;
    }
    e->first = s->time < e->first ? s->time : e->first;
    e->last = s->time > e->last ? s->time : e->last;
    e->packets++;
    e->now++;
    e->dsts |= 1u << (dst >> 27);
}

/* What answers comes to random ports: kept under the port that it answers from. */
static uint16_t event_port(const struct telescope_sight *s)
{
    uint8_t role = telescope_class_roles[s->class];
    return role == ROLE_BACKSCATTER || role == ROLE_REFLECTION ? (s->proto == 6 || s->proto == 17 ? s->sport : s->dport)
                                                               : s->dport;
}

/* ---------------------------------------------------------------- destinations that stand out */

static void hot_add(struct telescope_hot *h, const struct telescope_sight *s)
{
    uint32_t bit = telescope_mix(s->src ^ 0xa5a5u) >> 24;
    h->first = s->time < h->first ? s->time : h->first;
    h->last = s->time > h->last ? s->time : h->last;
    h->sources[bit >> 6] |= UINT64_C(1) << (bit & 63);
}

/* Four places to look at; when all are taken by others, the smallest of them loses one. */
static void hot_take(struct telescope_cell *c, const struct telescope_sight *s)
{
    uint16_t port = s->class == CLASS_UDP_REPLY ? s->sport : s->class == CLASS_TCP_SYN ? s->dport : 0;
    uint32_t tag = telescope_mix(s->dst ^ (uint32_t)s->class << 24), at = tag % TELESCOPE_HOT_SETS;
    tag ^= port * 0x9e3779b1u;
    struct telescope_hot_set *set = &c->hot_sets[at];
    unsigned least = set->n[1] < set->n[0], other = 2 + (set->n[3] < set->n[2]);
    least = set->n[other] < set->n[least] ? other : least;
    bool near = (set->tag[0] == tag) | (set->tag[1] == tag) | (set->tag[2] == tag) | (set->tag[3] == tag);
    for (unsigned i = 0; near && i < 4; i++) {
        struct telescope_hot *h = &c->hot[at][i];
        if (set->tag[i] != tag || !set->n[i] || h->dst != s->dst || h->class != s->class || h->port != port)
            continue;
        set->n[i]++;
        hot_add(h, s);
        return;
    }
    if (set->n[least] && --set->n[least])
        return;
    set->tag[least] = tag;
    set->n[least] = 1;
    c->hot[at][least] =
        (struct telescope_hot){.dst = s->dst, .first = s->time, .last = s->time, .port = port, .class = s->class};
    hot_add(&c->hot[at][least], s);
}

/* ---------------------------------------------------------------- one sight */

/* What the destination port learns: a source, and in this hour. Packets were counted before. */
static void port_take(struct telescope_cell *c, struct telescope_source *src, const struct telescope_event *e,
                      const struct telescope_sight *s, bool new_event, struct telescope_port *port)
{
    if (new_event || s->class != CLASS_TCP_SYN)
        port->sources += telescope_first_at_port(c, src, s, new_event);
    if (new_event)
        port->first = port->first && port->first < s->time ? port->first : s->time;
    if (telescope_class_roles[s->class] == ROLE_SCAN && (new_event || e->last / HOUR != s->time / HOUR))
        port->hour_sources++;
}

/* Computed once, when the places are fetched. */
struct hashes {
    uint32_t source, event;
};

static struct hashes hashes_of(uint32_t key, const struct telescope_sight *s)
{
    return (struct hashes){telescope_source_hash(key), telescope_event_hash(key, event_port(s), s->class)};
}

static void take(struct telescope_cell *c, const struct telescope_config *how, const struct telescope_batch *b,
                 const struct telescope_sight *s, const struct hashes *h, struct telescope_port *ports)
{
    bool v6 = s->flags & SIGHT_V6 || s->src >= TELESCOPE_V6 || s->src == 0, new_source, new_event;
    struct hashes other;
    uint32_t key = s->src;
    if (v6) {
        key = telescope_key_other(c, b, s);
        if (!key)
            return;
        other = hashes_of(key, s);
        h = &other;
    }
    if (s->flags & SIGHT_VICTIM) {
        telescope_victim_take(c, how, key, s, v6);
        return;
    }
    struct telescope_source *src = telescope_source_at(c, key, h->source, &new_source);
    if (!src)
        return;
    if (new_source)
        source_new(c, how, src, s->time, v6);
    source_traits(src, s);
    uint8_t fps = src->fps;
    source_fingerprint(c, src, s);
    if (s->fp == FP_ZMAP4)
        telescope_trail_take(c, how, src, s);
    bool fresh_hour = mark_hour(c, src, s->time, fps);
    src->first = s->time < src->first ? s->time : src->first;
    src->last = s->time > src->last ? s->time : src->last;
    src->packets += src->packets != UINT32_MAX;
    src->ports |= UINT64_C(1) << (telescope_mix(s->dport ^ (uint32_t)s->proto << 16) >> 26);
    uint32_t dst = telescope_mix(s->dst);
    src->dsts |= UINT64_C(1) << (dst >> 26);
    vote(&src->port_major, &src->port_votes, s->dport);
    if (telescope_class_roles[s->class] == ROLE_SCAN)
        src->traits |= s->proto == 6 ? TRAIT_TCP : s->proto == 17 ? TRAIT_UDP : TRAIT_ICMP;
    if (fresh_hour)
        telescope_hour_add(c, s->time / HOUR, 0, 1);
    if (s->class == CLASS_TCP_SYN && src->syn_n == 1) {
        src->os = s->os & 15;
        c->os_sources[s->os]++;
    }
    uint8_t role = telescope_class_roles[s->class];
    struct telescope_event *e = telescope_event_at(c, key, event_port(s), s->class, h->event, &new_event);
    if (e) {
        port_take(c, src, e, s, new_event, &ports[telescope_port_index(s->proto, s->dport)]);
        event_take(c, how, e, s, dst);
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

/* What only some classes touch. */
static void fetch_rest(const struct telescope_cell *c, const struct telescope_sight *s,
                       const struct telescope_port *ports)
{
    __builtin_prefetch(&ports[telescope_port_index(s->proto, s->dport)], 1);
    telescope_pairs_fetch(c, s);
    if (telescope_class_roles[s->class] == ROLE_BACKSCATTER)
        __builtin_prefetch(
            &telescope_victims(&c->victims)[telescope_place(telescope_victim_hash(s->src), c->victims.cap)], 1);
}

/* Inlined by force: gcc takes a function that only prefetches for one without effect and drops its calls. */
__attribute__((always_inline)) static inline struct hashes
fetch(const struct telescope_cell *c, const struct telescope_port *ports, const struct telescope_sight *s)
{
    struct hashes h = hashes_of(s->src, s);
    __builtin_prefetch(&telescope_sources(&c->sources)[telescope_place(h.source, c->sources.cap)], 1);
    __builtin_prefetch(&telescope_events(&c->events)[telescope_place(h.event, c->events.cap)], 1);
    if (s->class != CLASS_TCP_SYN)
        fetch_rest(c, s, ports);
    return h;
}

void telescope_cell_take(struct telescope_cell *c, const struct telescope_config *how, const struct telescope_batch *b,
                         const struct telescope_sight *s, size_t n, struct telescope_port *ports)
{
    struct hashes ahead[AHEAD];
    for (size_t i = 0; i < n + AHEAD; i++) {
        if (i >= AHEAD)
            take(c, how, b, &s[i - AHEAD], &ahead[i % AHEAD], ports);
        if (i < n)
            ahead[i % AHEAD] = fetch(c, ports, &s[i]);
    }
}

/* ---------------------------------------------------------------- life */

bool telescope_cell_init(struct telescope_cell *c)
{
    return telescope_table_init(&c->sources, TABLE_LEAST, sizeof(struct telescope_source)) &&
           telescope_table_init(&c->events, TABLE_LEAST, sizeof(struct telescope_event)) &&
           telescope_table_init(&c->victims, TABLE_LEAST, sizeof(struct telescope_victim));
}

void telescope_cell_done(struct telescope_cell *c)
{
    telescope_table_done(&c->sources);
    telescope_table_done(&c->events);
    telescope_table_done(&c->victims);
    hn_free(c->v6.addr);
    hn_free(c->v6.slots);
    hn_free(c->pairs);
    telescope_fold_done(&c->gone);
    hn_free(c->attacks);
    hn_free(c->alerts);
    hn_free(c->trails);
}
