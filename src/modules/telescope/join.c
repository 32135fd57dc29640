/* Two engines become one: what was counted twice because both saw it is taken out again.
 *
 * Exact for everything when the stream was shared out by source or cut in time, and for packets, ports, sources, tools
 * and campaigns also when both saw packets of the same source at the same time. Then events may be more than one engine
 * would have counted (a pause of one side may have been none for both), hours and days that lie more than 64 hours
 * before the end of a source count it on both sides, and of an attack the busiest minute is that of one side. Surges
 * are those that each side told (surge.c): a crowd that only both together would have seen is not among them. */
#include "base/mem.h"
#include "modules/telescope/telescope.h"

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}
static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* ---------------------------------------------------------------- sources */

/* The hours of s as bits behind the hour `last`. */
static uint64_t hours_behind(const struct telescope_source *s, uint32_t last)
{
    uint32_t by = last - s->last / 3600;
    return by < 64 ? s->hours << by : 0;
}

/* As far as is known: its last 64 hours, and its first. */
static bool there_in_hour(const struct telescope_source *s, uint32_t hour)
{
    uint32_t last = s->last / 3600;
    return hour == s->first / 3600 || (hour <= last && last - hour < 64 && s->hours >> (last - hour) & 1);
}

static bool there_on_day(const struct telescope_source *s, uint32_t day)
{
    bool there = false;
    for (uint32_t hour = day * 24; hour < day * 24 + 24; hour++)
        there |= there_in_hour(s, hour);
    return there;
}

static void twice_in_hour(struct telescope_cell *c, uint32_t hour)
{
    struct telescope_hour *h = &c->hours[hour % TELESCOPE_HOURS];
    h->sources -= h->hour == hour && h->sources;
}

static void twice_seen_hours(struct telescope_cell *c, const struct telescope_source *a,
                             const struct telescope_source *b)
{
    uint32_t last = a->last / 3600, first = a->first / 3600;
    for (uint32_t i = 0; i < 64 && i <= last; i++)
        if (there_in_hour(a, last - i) && there_in_hour(b, last - i))
            twice_in_hour(c, last - i);
    if (last - first >= 64 && there_in_hour(b, first))
        twice_in_hour(c, first);
}

/* A day on which both saw the source; by the tool, when both knew the same. */
static void twice_on_day(struct telescope_cell *c, const struct telescope_source *a, const struct telescope_source *b,
                         uint32_t day)
{
    unsigned fa = a->fps ? (unsigned)__builtin_ctz(a->fps) : FP_COUNT,
             fb = b->fps ? (unsigned)__builtin_ctz(b->fps) : FP_COUNT;
    struct telescope_day *d = &c->days[day % TELESCOPE_DAYS];
    bool again = a->first / 86400 < day && b->first / 86400 < day; /* and so counted twice as well */
    if (d->day != day || !there_on_day(a, day) || !there_on_day(b, day))
        return;
    d->distinct[FP_COUNT]--;
    d->returning[FP_COUNT] -= again;
    if (fa != FP_COUNT && fa == fb) {
        d->distinct[fa]--;
        d->returning[fa] -= again;
    }
}

static void twice_seen_days(struct telescope_cell *c, const struct telescope_source *a,
                            const struct telescope_source *b)
{
    uint32_t last = a->last / 86400, first = a->first / 86400, from = last < 3 ? 0 : last - 3;
    for (uint32_t day = last + 1; day > from; day--) /* 64 hours are of four days at most */
        twice_on_day(c, a, b, day - 1);
    if (first < from)
        twice_on_day(c, a, b, first);
}

/* The first day of the later one was a return, unless the other was there on that day too. */
static void came_again(struct telescope_cell *c, const struct telescope_source *a, const struct telescope_source *b)
{
    const struct telescope_source *late = b->first > a->first ? b : a, *early = late == b ? a : b;
    uint32_t day = late->first / 86400, fp = late->fps ? (unsigned)__builtin_ctz(late->fps) : FP_COUNT;
    struct telescope_day *d = &c->days[day % TELESCOPE_DAYS];
    if (early->last / 86400 >= day || d->day != day)
        return;
    d->returning[FP_COUNT]++;
    if (fp != FP_COUNT)
        d->returning[fp]++;
}

static bool once(const struct telescope_source *s)
{
    return s->syn_n == 1 && s->weak_n == 1;
}

static uint16_t sum16(uint32_t a, uint32_t b)
{
    return (uint16_t)least(a + b, UINT16_MAX);
}

static void join_source(struct telescope_cell *c, struct telescope_source *a, const struct telescope_source *b)
{
    twice_seen_hours(c, a, b);
    twice_seen_days(c, a, b);
    came_again(c, a, b);
    for (unsigned i = 0; i < FP_COUNT; i++) {
        uint8_t bit = (uint8_t)(1u << i);
        if (!(a->fps & b->fps & bit))
            continue;
        c->strong[i].sources--;
        c->strong[i].confirmed -= (a->fps_twice & b->fps_twice & bit) != 0;
        c->strong[i].confirmed += !((a->fps_twice | b->fps_twice) & bit);
        a->fps_twice |= bit;
    }
    c->once[a->weak] -= once(a);
    c->once[b->weak] -= once(b);
    if (a->syn_n && b->syn_n) {
        c->os_sources[(b->first < a->first ? a : b)->os]--;
        a->os = (b->first < a->first ? b : a)->os;
    } else if (b->syn_n) {
        a->os = b->os;
    }
    if (a->weak_n == 0)
        a->weak = b->weak;
    a->weak_n += a->weak == b->weak ? b->weak_n : 0;
    a->syn_n = sum16(a->syn_n, b->syn_n);
    c->once[a->weak] += once(a);
    uint32_t last = larger(a->last, b->last);
    uint64_t hours = hours_behind(a, last / 3600) | hours_behind(b, last / 3600);
    const struct telescope_source *early = b->first < a->first ? b : a;
    if (a->sig && b->sig) {
        a->traits |= a->sig != b->sig ? TRAIT_SIG : 0;
        a->traits |= a->sport != b->sport ? TRAIT_SPORT : 0;
        a->traits |= a->seq != b->seq ? TRAIT_SEQ : 0;
        a->flags |= a->seq == b->seq && a->weak == FP_NMAP && a->weak_n >= 2 ? SOURCE_PROVEN : 0;
    }
    a->sig = early->sig ? early->sig : b->sig ? b->sig : a->sig;
    a->seq = early->seq;
    a->sport = early->sport;
    a->first = least(a->first, b->first);
    a->last = last;
    a->hours = hours;
    a->packets += least(b->packets, UINT32_MAX - a->packets);
    a->ports |= b->ports;
    a->dsts |= b->dsts;
    a->fps |= b->fps;
    a->fps_twice |= b->fps_twice;
    a->traits |= b->traits;
    a->flags |= b->flags;
    if (a->port_major == b->port_major)
        a->port_votes = (uint8_t)least((uint32_t)a->port_votes + b->port_votes, UINT8_MAX);
    else if (b->port_votes > a->port_votes) {
        a->port_major = b->port_major;
        a->port_votes = (uint8_t)(b->port_votes - a->port_votes);
    } else {
        a->port_votes = (uint8_t)(a->port_votes - b->port_votes);
    }
}

/* ---------------------------------------------------------------- events */

static void join_event(struct telescope_cell *c, const struct telescope_config *how, struct telescope_event *a,
                       const struct telescope_event *b)
{
    const struct telescope_event *late = b->last > a->last ? b : a, *early = late == b ? a : b;
    bool bridged = late->first <= early->last || late->first - early->last <= how->idle;
    uint32_t start = late->start, now = late->now;
    if (bridged && late->start == late->first) { /* the late one goes on with what the early one began */
        start = least(early->start, late->start);
        now = early->now + late->now;
    }
    c->class_events[a->class] -= bridged;
    uint32_t n = a->events + b->events - bridged;
    a->events = (n < TELESCOPE_EVENTS_MOST ? n : TELESCOPE_EVENTS_MOST) & TELESCOPE_EVENTS_MOST;
    a->packets += b->packets;
    a->first = least(a->first, b->first);
    a->last = larger(a->last, b->last);
    a->start = start;
    a->now = now;
    a->dsts |= b->dsts;
}

/* ---------------------------------------------------------------- cells */

static void sum_counts(struct telescope_cell *a, const struct telescope_cell *b)
{
    a->scanner_packets += b->scanner_packets;
    a->forgotten += b->forgotten;
    a->pairs_dropped += b->pairs_dropped;
    a->v6_refused += b->v6_refused;
    a->attacks_dropped += b->attacks_dropped;
    a->failed |= b->failed;
    for (unsigned i = 0; i < CLASS_COUNT; i++) {
        a->class_events[i] += b->class_events[i];
    }
    for (unsigned i = 0; i < OS_COUNT; i++) {
        a->os_sources[i] += b->os_sources[i];
    }
    for (unsigned i = 0; i < FP_COUNT; i++) {
        a->strong[i].packets += b->strong[i].packets;
        a->strong[i].sources += b->strong[i].sources;
        a->strong[i].confirmed += b->strong[i].confirmed;
        a->once[i] += b->once[i];
    }
    for (unsigned i = 0; i < sizeof a->seen; i++)
        a->seen[i] = a->seen[i] > b->seen[i] ? a->seen[i] : b->seen[i];
    telescope_fold_merge(&a->gone, &b->gone);
}

static void sum_time(struct telescope_cell *a, const struct telescope_cell *b)
{
    for (unsigned i = 0; i < TELESCOPE_HOURS; i++) {
        if (b->hours[i].hour > a->hours[i].hour)
            a->hours[i] = b->hours[i];
        else if (b->hours[i].hour && b->hours[i].hour == a->hours[i].hour) {
            a->hours[i].packets += b->hours[i].packets;
            a->hours[i].sources += b->hours[i].sources;
        }
    }
    for (unsigned i = 0; i < TELESCOPE_DAYS; i++) {
        if (b->days[i].day > a->days[i].day)
            a->days[i] = b->days[i];
        else if (b->days[i].day && b->days[i].day == a->days[i].day)
            for (unsigned f = 0; f <= FP_COUNT; f++) {
                a->days[i].distinct[f] += b->days[i].distinct[f];
                a->days[i].returning[f] += b->days[i].returning[f];
            }
    }
}

/* The place of the same destination in a, or a free one; -1: it does not stand out there. */
static int hot_place(const struct telescope_hot_set *a, uint32_t tag)
{
    int place = -1;
    for (int i = 0; i < 4; i++) {
        if (a->n[i] && a->tag[i] == tag)
            return i;
        if (!a->n[i])
            place = i;
    }
    return place;
}

static void hot_once(struct telescope_hot *h, const struct telescope_hot_set *set, unsigned i)
{
    telescope_hot_mark(h, set->source[i]);
    h->first = least(h->first, set->first[i]);
    h->last = larger(h->last, set->first[i]);
}

/* What came once is known by its tag alone. */
static void join_hot_one(struct telescope_cell *a, const struct telescope_cell *b, unsigned at, unsigned from)
{
    const struct telescope_hot_set *set = &b->hot_sets[at];
    struct telescope_hot_set *to = &a->hot_sets[at];
    int k = set->n[from] ? hot_place(to, set->tag[from]) : -1;
    if (k < 0)
        return;
    struct telescope_hot *h = &a->hot[at][k];
    const struct telescope_hot *other = &b->hot[at][from];
    if (to->n[k] == 0) {
        *h = *other;
        to->tag[k] = set->tag[from];
        to->first[k] = set->first[from];
        to->source[k] = set->source[from];
    } else if (to->n[k] == 1) {
        if (set->n[from] == 1)
            return; /* once each: the destination is known to neither */
        *h = *other;
        hot_once(h, to, (unsigned)k);
    } else if (set->n[from] == 1) {
        hot_once(h, set, from);
    } else {
        h->first = least(h->first, other->first);
        h->last = larger(h->last, other->last);
        for (unsigned w = 0; w < 4; w++)
            h->sources[w] |= other->sources[w];
    }
    to->n[k] += set->n[from];
}

static void join_hot(struct telescope_cell *a, const struct telescope_cell *b)
{
    for (unsigned i = 0; i < TELESCOPE_HOT_SETS * 4; i++)
        join_hot_one(a, b, i / 4, i % 4);
    telescope_hot_settle(a);
}

/* A source that both follow goes on with what the first has. */
static void join_trails(struct telescope_cell *a, struct telescope_cell *b)
{
    if (!a->trails) {
        a->trails = b->trails;
        b->trails = NULL;
        return;
    }
    for (unsigned i = 0; b->trails && i < TELESCOPE_TRAILS; i++)
        if (!a->trails[i].key)
            a->trails[i] = b->trails[i];
}

static void merge_cell(struct telescope_engine *e, struct telescope_cell *a, struct telescope_cell *b)
{
    sum_counts(a, b);
    sum_time(a, b);
    join_hot(a, b);
    join_trails(a, b);
    for (uint32_t i = 0; i < b->sources.n; i++) {
        struct telescope_source s = telescope_sources(&b->sources)[i];
        bool fresh;
        if (!(s.key = telescope_key_moved(a, b, s.key)))
            continue;
        struct telescope_source *to = telescope_source_at(a, s.key, telescope_source_hash(&a->salt, s.key), &fresh);
        if (to && fresh)
            *to = s;
        else if (to)
            join_source(a, to, &s);
    }
    for (uint32_t i = 0; i < b->events.n; i++) {
        struct telescope_event v = telescope_events(&b->events)[i];
        bool fresh;
        if (!(v.key = telescope_key_moved(a, b, v.key)))
            continue;
        uint32_t hash = telescope_event_hash(&a->salt, v.key, v.port, (uint8_t)v.class);
        struct telescope_event *to = telescope_event_at(a, v.key, v.port, (uint8_t)v.class, hash, &fresh);
        if (to && fresh)
            *to = v;
        else if (to)
            join_event(a, &e->how, to, &v);
    }
    telescope_pairs_merge(a, b);
    telescope_victims_merge(a, b, &e->how);
}

/* Sources of a port that both knew were counted twice: by the events of its principal class, and by the pairs. */
static void ports_again(struct telescope_engine *e)
{
    for (unsigned k = 0; k < e->how.threads; k++)
        for (uint32_t i = 0; i < TELESCOPE_PORTS; i++)
            e->ports[(size_t)k * TELESCOPE_PORTS + i].sources = 0;
    for (unsigned k = 0; k < TELESCOPE_CELLS; k++)
        telescope_port_sources(&e->cells[k], e->ports);
}

/* Hours in which both saw packets. */
static uint32_t hours_of_both(const struct telescope_engine *a, const struct telescope_engine *b)
{
    uint32_t n = 0;
    for (unsigned i = 0; i < TELESCOPE_HOURS; i++) {
        const struct telescope_hour *x = &a->cells[0].hours[i], *y = &b->cells[0].hours[i];
        n += x->hour && x->hour == y->hour && x->packets && y->packets;
    }
    return n;
}

static void merge_ports(struct telescope_engine *a, const struct telescope_engine *b)
{
    for (unsigned k = 0; k < b->how.threads; k++)
        for (uint32_t i = 0; i < TELESCOPE_PORTS; i++) {
            const struct telescope_port *from = &b->ports[(size_t)k * TELESCOPE_PORTS + i];
            struct telescope_port *to = &a->ports[i];
            to->packets += from->packets;
            to->sources += from->sources;
            to->hour_packets += from->hour_packets;
            to->hour_sources += from->hour_sources;
            to->first = to->first && (!from->first || to->first < from->first) ? to->first : from->first;
        }
}

static void merge_sums(struct telescope_engine *a, struct telescope_engine *b)
{
    uint64_t by_telescope[256];
    memcpy(by_telescope, b->sum.telescope_packets, sizeof by_telescope);
    memset(b->sum.telescope_packets, 0, sizeof by_telescope);
    telescope_counts_add(&a->sum, &b->sum);
    telescope_adopt(a, &b->how.telescopes, by_telescope);
    for (unsigned i = 0; i < sizeof a->dsts; i++)
        a->dsts[i] = a->dsts[i] > b->dsts[i] ? a->dsts[i] : b->dsts[i];
    a->first = a->first && (!b->first || a->first < b->first) ? a->first : b->first;
    a->last = larger(a->last, b->last);
}

void telescope_engine_merge(struct telescope_engine *a, struct telescope_engine *b)
{
    const uint32_t both = hours_of_both(a, b), hour = larger(a->hour, b->hour);
    bool exact = true;
    if (a->hour && a->hour < hour)
        telescope_engine_hour(a, hour);
    if (b->hour && b->hour < hour)
        telescope_engine_hour(b, hour);
    a->hour = hour;
    for (unsigned k = 0; k < TELESCOPE_CELLS; k++) {
        merge_cell(a, &a->cells[k], &b->cells[k]);
        exact &= a->cells[k].forgotten == 0 && a->cells[k].pairs_dropped == 0;
    }
    merge_ports(a, b);
    if (exact)
        ports_again(a);
    telescope_surges_merge(a, b, both);
    merge_sums(a, b);
    a->alerts_left += b->alerts_left;
    a->data_hours += b->data_hours - least(both, b->data_hours);
    a->failed |= b->failed || !telescope_heat_merge(a, b);
    telescope_engine_forget(a);
}
