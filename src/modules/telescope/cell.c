/* One share of the state: sources, events, fingerprints, hours. The order of sights is the order of the stream. */
#include "base/hash.h"
#include "base/mem.h"
#include "modules/telescope/telescope.h"

#define AHEAD     32u /* places in the ring of sights whose memory is on its way */
#define NEAR      12u /* sights between the fetch of a place in an index and of what it leads to */
#define HOUR      3600u
#define DAY_HOURS 24u

/* By force: what is known of a packet's class then costs nothing to ask, and gcc takes a function that only prefetches
 * for one without effect and drops its calls. */
#define INLINE __attribute__((always_inline)) static inline

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

/* Is this in the hour of the sight at hand? */
static inline bool in_hour(const struct telescope_cell *c, uint32_t time)
{
    return time - c->hour_from < HOUR;
}

/* Marks the hour of this sight; true when the source was not seen in it before. Counts the days of sources. */
__attribute__((noinline)) static bool mark_hour(struct telescope_cell *c, struct telescope_source *s, uint32_t time,
                                                uint8_t fps_before)
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

/* a when it is so, else b; never a branch, which gcc makes of most question marks. */
INLINE uint16_t pick(bool so, uint16_t a, uint16_t b)
{
    return b ^ ((a ^ b) & -(unsigned)so);
}

/* Boyer and Moore: after any number of ports the majority, if there is one, stands here. */
static void vote(uint16_t *major, uint8_t *votes, uint16_t port)
{
    unsigned n = *votes; /* without branches: which port comes next cannot be foreseen */
    *major = pick(n == 0, port, *major);
    bool hit = *major == port;
    *votes = (uint8_t)(n + (hit & (n != UINT8_MAX)) - !hit);
}

static inline uint64_t port_bit(uint16_t port, unsigned proto)
{
    return UINT64_C(1) << (telescope_mix(port ^ (uint32_t)proto << 16) >> 26);
}

static inline uint64_t dst_bit(uint32_t dst)
{
    return UINT64_C(1) << (telescope_mix(dst) >> 26);
}

INLINE void source_traits(struct telescope_source *src, const struct telescope_sight *s)
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
    if (s->fp == FP_NMAP && !(differs & TRAIT_SEQ) && s->flags & SIGHT_WEAK &&
        ((port_bit(s->dport, s->proto) & ~src->ports) | (dst_bit(s->dst) & ~src->dsts)))
        src->flags |= SOURCE_PROVEN; /* one number for many targets (not the same packet again), and all else fits */
}

static void candidate(struct telescope_cell *c, struct telescope_source *src, const struct telescope_sight *s,
                      bool weak)
{
    bool was_once = src->syn_n == 1 && src->weak_n == 1;
    if (s->class == CLASS_TCP_SYN)
        saturate16(&src->syn_n);
    if (weak) {
        if (src->weak_n == 0)
            src->weak = s->fp & 15;
        src->weak_n += src->weak == s->fp;
    }
    bool once = src->syn_n == 1 && src->weak_n == 1;
    c->once[src->weak] += (uint64_t)once - (uint64_t)was_once;
}

INLINE void source_fingerprint(struct telescope_cell *c, struct telescope_source *src, const struct telescope_sight *s,
                               bool syn)
{
    bool weak = s->flags & SIGHT_WEAK;
    if (weak || src->weak_n == 1) /* else it is no matter whether it was the only one */
        candidate(c, src, s, weak);
    else if (syn)
        saturate16(&src->syn_n);
    if (weak)
        return;
    bool proven = s->fp != FP_NONE;
    struct telescope_tool *t = &c->strong[s->fp % FP_COUNT];
    uint8_t bit = (uint8_t)(proven << s->fp % FP_COUNT);
    t->packets += proven;
    if (!(bit & ~src->fps_twice))
        return;
    t->sources += !(src->fps & bit);
    t->confirmed += (src->fps & bit) != 0;
    src->fps_twice |= src->fps & bit;
    src->fps |= bit;
}

__attribute__((noinline)) static void source_new(struct telescope_cell *c, const struct telescope_config *how,
                                                 struct telescope_source *src, uint32_t time, bool v6)
{
    src->first = src->last = time;
    src->flags = v6 ? SOURCE_V6 : 0;
    struct hn_ip ip;
    if (how->members.n || how->scanners.n)
        ip = telescope_key_ip(c, src->key, v6);
    if (how->members.n && hn_prefixes_find(&how->members, &ip))
        src->flags |= SOURCE_MEMBER;
    if (how->scanners.n && hn_prefixes_find(&how->scanners, &ip))
        src->flags |= SOURCE_SCANNER;
    uint32_t name = v6 ? telescope_hash6(0, c->v6.addr[src->key & ~TELESCOPE_V6]) : src->key;
    telescope_hll_add(c->seen, 12, telescope_source_mark(name));
}

/* ---------------------------------------------------------------- event */

INLINE void event_take(struct telescope_cell *c, const struct telescope_config *how, struct telescope_event *e,
                       const struct telescope_sight *s, uint32_t dst)
{
    if (e->packets == 0) {
        e->first = e->start = e->last = s->time;
        e->events = 1;
        c->class_events[s->class]++;
    } else if ((int64_t)s->time - e->last > how->idle) {
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

/* ---------------------------------------------------------------- destinations that stand out */

/* Again one of those that are kept. False: another destination of the same tag. */
static bool hot_again(struct telescope_hot_set *set, unsigned i, struct telescope_hot *h,
                      const struct telescope_sight *s, uint16_t port)
{
    if (set->n[i] == 1) {
        *h = (struct telescope_hot){
            .dst = s->dst, .first = set->first[i], .last = s->time, .port = port, .class = s->class};
        telescope_hot_mark(h, set->source[i]);
    } else if (h->dst != s->dst || h->class != s->class || h->port != port) {
        return false;
    }
    set->n[i]++;
    h->first = s->time < h->first ? s->time : h->first;
    h->last = s->time > h->last ? s->time : h->last;
    telescope_hot_mark(h, s->src);
    return true;
}

/* Does one of the four tags fit? */
INLINE bool hot_near(const struct telescope_hot_set *set, uint32_t tag)
{
#ifdef __SSE2__
    __m128i tags = _mm_loadu_si128((const __m128i *)(const void *)set->tag);
    return _mm_movemask_epi8(_mm_cmpeq_epi32(tags, _mm_set1_epi32((int)tag))) != 0;
#else
    return (set->tag[0] == tag) | (set->tag[1] == tag) | (set->tag[2] == tag) | (set->tag[3] == tag);
#endif
}

/* The place that gives way next: the first of those with the fewest packets. */
static uint8_t hot_least(const struct telescope_hot_set *set)
{
    uint8_t least = 0;
    for (uint8_t i = 1; i < 4; i++)
        least = set->n[i] < set->n[least] ? i : least;
    return least;
}

void telescope_hot_settle(struct telescope_cell *c)
{
    for (unsigned at = 0; at < TELESCOPE_HOT_SETS; at++)
        c->hot_least[at] = hot_least(&c->hot_sets[at]);
}

/* Counts in a set have changed, or are about to: by a packet to one of those that are kept, to a free place, or to one
 * of many others while all four came again. */
__attribute__((noinline)) static bool hot_counts(struct telescope_cell *c, unsigned at, uint32_t tag,
                                                 const struct telescope_sight *s, uint16_t port)
{
    struct telescope_hot_set *set = &c->hot_sets[at];
    unsigned least = c->hot_least[at];
    bool again = false;
    for (unsigned i = 0; i < 4 && !again; i++)
        again = set->tag[i] == tag && set->n[i] && hot_again(set, i, &c->hot[at][i], s, port);
    bool kept = again || set->n[least] > 1;
    if (!again)
        set->n[least] = kept ? set->n[least] - 1 : 1;
    c->hot_least[at] = hot_least(set);
    return kept;
}

/* Four places to look at; when all are taken by others, the smallest of them loses one. Nearly every packet of a quiet
 * telescope only takes the place of another that came once. */
INLINE void hot_take(struct telescope_cell *c, const struct telescope_sight *s, bool syn)
{
    uint16_t port = syn ? s->dport : s->class == CLASS_UDP_REPLY ? s->sport : 0;
    uint32_t class = syn ? CLASS_TCP_SYN : s->class;
    uint32_t tag = telescope_mix(s->dst ^ class << 24), at = tag % TELESCOPE_HOT_SETS;
    tag ^= port * 0x9e3779b1u;
    struct telescope_hot_set *set = &c->hot_sets[at];
    unsigned least = c->hot_least[at];
    if ((hot_near(set, tag) || set->n[least] != 1) && hot_counts(c, at, tag, s, port))
        return;
    set->tag[least] = tag;
    set->first[least] = s->time;
    set->source[least] = s->src;
}

/* ---------------------------------------------------------------- one sight */

/* Is its sender a victim, or a service that is abused? */
static inline bool answers(uint8_t class)
{
    return telescope_class_roles[class] == ROLE_BACKSCATTER || telescope_class_roles[class] == ROLE_REFLECTION;
}

/* What the destination port learns: a source, and in this hour. Packets were counted before. */
INLINE void port_take(struct telescope_cell *c, struct telescope_source *src, const struct telescope_event *e,
                      const struct telescope_sight *s, bool new_event, struct telescope_port *port, bool syn)
{
    if ((syn || s->class == CLASS_UDP) && !(src->flags & SOURCE_PAIRS))
        port->sources += new_event; /* what the call below would say */
    else
        port->sources += telescope_first_at_port(c, src, s, new_event);
    if (new_event)
        port->first = port->first && port->first < s->time ? port->first : s->time;
    if ((syn || telescope_class_roles[s->class] == ROLE_SCAN) && (new_event || !in_hour(c, e->last)))
        port->hour_sources++;
}

/* What is known of a sight before it is taken: hashes of its source and event, and where they seem to be (number + 1;
 * 0: not there). Computed while the memory is on its way. */
struct ahead {
    uint32_t source, event, source_at, event_at;
};

INLINE void hashes_of(const struct telescope_cell *c, uint32_t key, const struct telescope_sight *s, struct ahead *h)
{
    h->source = telescope_source_hash(&c->salt, key);
    h->event = telescope_event_hash(&c->salt, key, s->eport, s->class);
    h->source_at = h->event_at = 0;
}

INLINE struct telescope_source *source_of(struct telescope_cell *c, uint32_t key, const struct ahead *h, bool *ret_new)
{
    struct telescope_source *s = h->source_at ? &telescope_sources(&c->sources)[h->source_at - 1] : NULL;
    *ret_new = false;
    return s && s->key == key ? s : telescope_source_at(c, key, h->source, ret_new);
}

INLINE struct telescope_event *event_of(struct telescope_cell *c, uint32_t key, const struct telescope_sight *s,
                                        const struct ahead *h, bool *ret_new)
{
    struct telescope_event *e = h->event_at ? &telescope_events(&c->events)[h->event_at - 1] : NULL;
    *ret_new = false;
    return e && telescope_event_is(e, key, s->eport, s->class)
               ? e
               : telescope_event_at(c, key, s->eport, s->class, h->event, ret_new);
}

INLINE void source_take(struct telescope_cell *c, const struct telescope_config *how, struct telescope_source *src,
                        const struct telescope_sight *s, bool syn)
{
    source_traits(src, s);
    uint8_t fps = src->fps;
    source_fingerprint(c, src, s, syn);
    if (s->fp == FP_ZMAP4)
        telescope_trail_take(c, how, src, s);
    bool known = src->packets && src->fps == fps && in_hour(c, src->last); /* of this hour all is known */
    if (!known && mark_hour(c, src, s->time, fps))
        telescope_hour_add(c, s->time / HOUR, 0, 1);
    src->first = s->time < src->first ? s->time : src->first;
    src->last = s->time > src->last ? s->time : src->last;
    src->packets += src->packets != UINT32_MAX;
    if (syn || telescope_class_roles[s->class] == ROLE_SCAN) {
        vote(&src->port_major, &src->port_votes, s->dport);
        src->traits |= syn || s->proto == 6 ? TRAIT_TCP : s->proto == 17 ? TRAIT_UDP : TRAIT_ICMP;
    }
    if (syn) {
        bool first = src->syn_n == 1;
        src->os = pick(first, s->os, src->os) & 15;
        c->os_sources[s->os] += first;
    }
}

/* Whatever a sight of an address tells; `syn` is known where this is inlined. */
INLINE void take_as(struct telescope_cell *c, const struct telescope_config *how, const struct telescope_sight *s,
                    uint32_t key, const struct ahead *h, struct telescope_port *ports, bool v6, bool syn)
{
    bool new_source, new_event;
    struct telescope_source *src = source_of(c, key, h, &new_source);
    if (!src)
        return;
    if (new_source)
        source_new(c, how, src, s->time, v6);
    source_take(c, how, src, s, syn);
    uint32_t dst = telescope_mix(s->dst);
    src->dsts |= UINT64_C(1) << (dst >> 26);
    struct telescope_event *e = event_of(c, key, s, h, &new_event);
    if (!syn || !e || e->last <= src->first) /* else the first packet of its event has marked the port */
        src->ports |= port_bit(s->dport, syn ? 6 : s->proto);
    if (e) {
        port_take(c, src, e, s, new_event, &ports[syn ? s->dport : telescope_port_index(s->proto, s->dport)], syn);
        event_take(c, how, e, s, dst);
    }
    if (!syn && answers(s->class))
        telescope_victim_take(c, how, key, h->source, s, v6);
    if (src->flags & (SOURCE_MEMBER | SOURCE_SCANNER)) {
        c->scanner_packets += (src->flags & SOURCE_SCANNER) != 0;
        if (src->flags & SOURCE_MEMBER)
            telescope_member_take(c, how, src, s);
    }
    hot_take(c, s, syn);
}

/* Addresses that have a number in a table of their own, and those that only somebody else told of. */
static void take_odd(struct telescope_cell *c, const struct telescope_config *how, const struct telescope_batch *b,
                     const struct telescope_sight *s, const struct ahead *h, struct telescope_port *ports, bool v6)
{
    struct ahead other;
    uint32_t key = s->src;
    if (v6) {
        key = telescope_key_other(c, b, s);
        if (!key)
            return;
        hashes_of(c, key, s, &other);
        h = &other;
    }
    if (s->flags & SIGHT_VICTIM)
        telescope_victim_take(c, how, key, h->source, s, v6);
    else
        take_as(c, how, s, key, h, ports, v6, s->class == CLASS_TCP_SYN);
}

INLINE void take(struct telescope_cell *c, const struct telescope_config *how, const struct telescope_batch *b,
                 const struct telescope_sight *s, const struct ahead *h, struct telescope_port *ports)
{
    bool v6 = s->flags & SIGHT_V6 || s->src - 1 >= TELESCOPE_V6 - 1; /* 0 is none either */
    if (!in_hour(c, s->time))
        c->hour_from = s->time / HOUR * HOUR;
    if (__builtin_expect(v6 || s->flags & SIGHT_VICTIM, 0))
        take_odd(c, how, b, s, h, ports, v6);
    else if (s->class == CLASS_TCP_SYN)
        take_as(c, how, s, s->src, h, ports, false, true);
    else
        take_as(c, how, s, s->src, h, ports, false, false);
}

/* First step: the places in the indexes, and what only some classes touch. */
INLINE void fetch_places(const struct telescope_cell *c, const struct telescope_port *ports,
                         const struct telescope_sight *s, struct ahead *h)
{
    hashes_of(c, s->src, s, h);
    __builtin_prefetch(telescope_bucket_of(&c->sources, h->source));
    __builtin_prefetch(telescope_bucket_of(&c->events, h->event));
    __builtin_prefetch(&ports[(s->proto == 17) << 16 | s->dport], 1); /* of other protocols there are few */
    if (telescope_class_roles[s->class] == ROLE_SCAN)
        return;
    telescope_pairs_fetch(c, s);
    if (answers(s->class))
        __builtin_prefetch(telescope_bucket_of(&c->victims, h->source));
}

/* Second step: what they lead to. */
INLINE void fetch_entries(const struct telescope_cell *c, const struct telescope_sight *s, struct ahead *h)
{
    h->source_at = telescope_guess(&c->sources, h->source);
    h->event_at = telescope_guess(&c->events, h->event);
    __builtin_prefetch(&telescope_sources(&c->sources)[h->source_at - 1], 1);
    __builtin_prefetch(&telescope_events(&c->events)[h->event_at - 1], 1);
    if (telescope_class_roles[s->class] == ROLE_SCAN)
        return;
    telescope_pairs_fetch_entry(c, s);
    if (answers(s->class)) {
        uint32_t victim = telescope_guess(&c->victims, h->source);
        __builtin_prefetch(&telescope_victims(&c->victims)[victim - 1], 1);
    }
}

void telescope_cell_take(struct telescope_cell *c, const struct telescope_config *how, const struct telescope_batch *b,
                         const struct telescope_sight *s, size_t n, struct telescope_port *ports)
{
    struct ahead ahead[AHEAD];
    size_t i;
    for (i = 0; i < n && i < AHEAD; i++)
        fetch_places(c, ports, &s[i], &ahead[i]);
    for (i = 0; i < n && i < AHEAD - NEAR; i++)
        fetch_entries(c, &s[i], &ahead[i]);
    for (i = 0; i < n; i++) {
        take(c, how, b, &s[i], &ahead[i % AHEAD], ports);
        if (i + AHEAD < n)
            fetch_places(c, ports, &s[i + AHEAD], &ahead[i % AHEAD]);
        size_t near = i + AHEAD - NEAR;
        if (near < n)
            fetch_entries(c, &s[near], &ahead[near % AHEAD]);
    }
}

/* ---------------------------------------------------------------- life */

bool telescope_cell_init(struct telescope_cell *c)
{
    if (!hn_ok(hn_random(&c->salt, sizeof c->salt)))
        return false;
    c->salt.b |= 1;
    return telescope_table_init(&c->sources, sizeof(struct telescope_source)) &&
           telescope_table_init(&c->events, sizeof(struct telescope_event)) &&
           telescope_table_init(&c->victims, sizeof(struct telescope_victim));
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
