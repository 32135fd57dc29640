/* Victims, carpets, floods, alerts, ports, hours and days: gathered from the cells and put in order. */
#include <stdlib.h>

#include "modules/telescope/report.h"

#define CARPET_LEAST   8u /* addresses of one /24 */
#define REFLECTED_MOST 8u /* of our addresses */
#define FLOOD_PACKETS  1000u
#define FLOOD_RATE     30.0 /* packets a second at one address: far beyond what a telescope sees there */
#define FLOOD_SOURCES  200u /* of 256 bits; by then some 400 sources */

static int compare_ip(const struct hn_ip *a, const struct hn_ip *b)
{
    return a->family != b->family ? (a->family < b->family ? -1 : 1) : memcmp(a->b, b->b, 16);
}

/* ---------------------------------------------------------------- victims */

static int by_packets(const void *x, const void *y)
{
    const struct report_victim *a = x, *b = y;
    if (a->a.packets != b->a.packets)
        return a->a.packets > b->a.packets ? -1 : 1;
    int c = compare_ip(&a->ip, &b->ip);
    return c ? c : (a->a.start > b->a.start) - (a->a.start < b->a.start);
}

/* A service that answers a few of our addresses in great numbers is made to attack them; one that answers many was
 * itself asked by forged addresses, like any victim. */
static bool is_reflector(const struct report_victim *v)
{
    return v->a.class == CLASS_UDP_REPLY && telescope_estimate(v->a.dsts, 64) < REFLECTED_MOST;
}

/* Takes them out of the victims; both stay in order. */
static bool list_reflectors(struct telescope_report *r, struct hn_arena *a)
{
    size_t kept = 0;
    r->reflectors = hn_arena_alloc(a, (r->n_victims + 1) * sizeof(*r->reflectors));
    for (size_t i = 0; r->reflectors && i < r->n_victims; i++)
        if (is_reflector(&r->victims[i]))
            r->reflectors[r->n_reflectors++] = r->victims[i];
        else
            r->victims[kept++] = r->victims[i];
    r->n_victims = kept;
    return r->reflectors != NULL;
}

static bool list_victims(struct telescope_report *r, struct hn_arena *a)
{
    size_t most = 0;
    for (unsigned k = 0; k < TELESCOPE_CELLS; k++) {
        const struct telescope_cell *c = &r->e->cells[k];
        most += c->n_attacks;
        for (uint32_t i = 0; i < c->victims.n; i++)
            most += telescope_attack_qualifies(&telescope_victims(&c->victims)[i]);
    }
    r->victims = hn_arena_alloc(a, (most + 1) * sizeof(*r->victims));
    if (!r->victims)
        return false;
    for (unsigned k = 0; k < TELESCOPE_CELLS; k++) {
        const struct telescope_cell *c = &r->e->cells[k];
        for (size_t i = 0; i < c->n_attacks; i++)
            r->victims[r->n_victims++] = (struct report_victim){
                telescope_key_ip(c, c->attacks[i].key, c->attacks[i].flags & VICTIM_V6), c->attacks[i]};
        for (uint32_t i = 0; i < c->victims.n; i++) {
            const struct telescope_victim *v = &telescope_victims(&c->victims)[i];
            if (!v->packets || !telescope_attack_qualifies(v))
                continue;
            r->victims[r->n_victims++] = (struct report_victim){telescope_key_ip(c, v->key, v->flags & VICTIM_V6),
                                                                {.key = v->key,
                                                                 .start = v->start,
                                                                 .end = v->last,
                                                                 .packets = v->session,
                                                                 .ppm = v->ppm,
                                                                 .port = v->port,
                                                                 .class = v->class,
                                                                 .flags = v->flags,
                                                                 .open = v->last + r->e->how.attack_quiet >= r->e->last,
                                                                 .dsts = v->dsts}};
        }
    }
    if (r->n_victims)
        qsort(r->victims, r->n_victims, sizeof(*r->victims), by_packets);
    return list_reflectors(r, a);
}

/* ---------------------------------------------------------------- carpets */

static int by_network(const void *x, const void *y)
{
    const struct telescope_victim *a = *(const struct telescope_victim *const *)x,
                                  *b = *(const struct telescope_victim *const *)y;
    if (a->key >> 8 != b->key >> 8)
        return a->key >> 8 < b->key >> 8 ? -1 : 1;
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    return (a->key > b->key) - (a->key < b->key);
}

static void carpet_of(struct telescope_report *r, const struct telescope_victim **list, size_t n)
{
    struct report_carpet c = {.start = list[0]->start};
    uint32_t ppm = 0;
    for (size_t i = 0; i < n; i++) {
        c.end = list[i]->last > c.end ? list[i]->last : c.end;
        c.packets += list[i]->session;
        ppm += list[i]->ppm;
    }
    c.addresses = (uint32_t)n;
    if (n < CARPET_LEAST || c.packets < 25 || c.end - c.start < 60 || ppm < 30)
        return;
    c.net.family = 4;
    for (unsigned i = 0; i < 3; i++)
        c.net.b[i] = (uint8_t)(list[0]->key >> (24 - 8 * i));
    r->carpets[r->n_carpets++] = c;
}

/* How many of them, from the first on, belong together: the same /24, none beginning when the others were over. */
static size_t carpet_length(const struct telescope_report *r, const struct telescope_victim **list, size_t n)
{
    uint32_t end = list[0]->last;
    size_t i = 1;
    for (; i < n && list[i]->key >> 8 == list[0]->key >> 8; i++) {
        if (list[i]->start > end && list[i]->start - end > r->e->how.attack_quiet)
            break;
        end = list[i]->last > end ? list[i]->last : end;
    }
    return i;
}

/* Which victims of a cell may have enough neighbours? Nearly none has, and the others need no sorting. */
#define NETWORK_MARKS 65536u
static size_t with_neighbours(const struct telescope_cell *c, uint8_t *marks, const struct telescope_victim **list)
{
    const struct telescope_victim *v = telescope_victims(&c->victims);
    size_t n = 0;
    memset(marks, 0, NETWORK_MARKS);
    for (uint32_t i = 0; i < c->victims.n; i++) {
        uint8_t *mark = &marks[telescope_mix(v[i].key >> 8) % NETWORK_MARKS];
        *mark = (uint8_t)(*mark + (*mark < CARPET_LEAST));
    }
    for (uint32_t i = 0; i < c->victims.n; i++)
        if (!(v[i].flags & VICTIM_V6) && marks[telescope_mix(v[i].key >> 8) % NETWORK_MARKS] == CARPET_LEAST)
            list[n++] = &v[i];
    return n;
}

/* Neighbours of one /24 that answer together: an attack on the network, spread so that no address stands out. */
static bool list_carpets(struct telescope_report *r, struct hn_arena *a)
{
    size_t all = 0;
    for (unsigned k = 0; k < TELESCOPE_CELLS; k++)
        all += r->e->cells[k].victims.n;
    const struct telescope_victim **list = hn_arena_alloc(a, (all + 1) * sizeof(*list));
    r->carpets = hn_arena_alloc(a, (all / CARPET_LEAST + 1) * sizeof(*r->carpets));
    uint8_t *marks = hn_arena_alloc(a, NETWORK_MARKS);
    if (!list || !r->carpets || !marks)
        return false;
    for (unsigned k = 0; k < TELESCOPE_CELLS; k++) {
        size_t n = with_neighbours(&r->e->cells[k], marks, list);
        if (n)
            qsort(list, n, sizeof(*list), by_network);
        for (size_t i = 0, length; i < n; i += length) {
            length = carpet_length(r, list + i, n - i);
            carpet_of(r, list + i, length);
        }
    }
    return true;
}

/* ---------------------------------------------------------------- floods at one of our own addresses */

static int by_count(const void *x, const void *y)
{
    const struct report_flood *a = x, *b = y;
    if (a->packets != b->packets)
        return a->packets > b->packets ? -1 : 1;
    return (a->h.dst > b->h.dst) - (a->h.dst < b->h.dst);
}

/* Sources of one flood are spread over all cells. */
static struct report_flood *flood_at(struct report_flood *list, size_t *n, const struct telescope_hot *h)
{
    for (size_t i = 0; i < *n; i++)
        if (list[i].h.dst == h->dst && list[i].h.class == h->class && list[i].h.port == h->port)
            return &list[i];
    list[*n] = (struct report_flood){.h = *h};
    return &list[(*n)++];
}

static bool stands_out(struct report_flood *f)
{
    for (unsigned b = 0; b < 4; b++)
        f->sources += (unsigned)__builtin_popcountll(f->h.sources[b]);
    f->rate = (double)f->packets / (f->h.last - f->h.first + 1);
    return f->packets >= FLOOD_PACKETS && f->sources >= FLOOD_SOURCES && f->rate >= FLOOD_RATE;
}

static bool list_floods(struct telescope_report *r, struct hn_arena *a)
{
    size_t n = 0;
    r->floods = hn_arena_alloc(a, (size_t)TELESCOPE_CELLS * TELESCOPE_HOT_SETS * 4 * sizeof(*r->floods));
    for (unsigned k = 0; r->floods && k < TELESCOPE_CELLS * TELESCOPE_HOT_SETS * 4; k++) {
        const struct telescope_cell *c = &r->e->cells[k / (TELESCOPE_HOT_SETS * 4)];
        unsigned at = k / 4 % TELESCOPE_HOT_SETS;
        const struct telescope_hot *h = &c->hot[at][k % 4];
        uint32_t packets = c->hot_sets[at].n[k % 4];
        if (packets < FLOOD_PACKETS / TELESCOPE_CELLS / 4)
            continue;
        struct report_flood *f = flood_at(r->floods, &n, h);
        f->packets += packets;
        f->h.first = h->first < f->h.first ? h->first : f->h.first;
        f->h.last = h->last > f->h.last ? h->last : f->h.last;
        for (unsigned b = 0; b < 4; b++)
            f->h.sources[b] |= h->sources[b];
    }
    if (!r->floods)
        return false;
    for (size_t i = 0; i < n; i++)
        if (stands_out(&r->floods[i]))
            r->floods[r->n_floods++] = r->floods[i];
    if (r->n_floods)
        qsort(r->floods, r->n_floods, sizeof(*r->floods), by_count);
    return true;
}

/* ---------------------------------------------------------------- members, ports, time */

static int by_member(const void *x, const void *y)
{
    const struct report_alert *a = x, *b = y;
    return a->a->member != b->a->member ? (a->a->member < b->a->member ? -1 : 1) : compare_ip(&a->ip, &b->ip);
}

static bool list_alerts(struct telescope_report *r, struct hn_arena *a)
{
    size_t n = 0;
    for (unsigned k = 0; k < TELESCOPE_CELLS; k++)
        n += r->e->cells[k].n_alerts;
    r->alerts = hn_arena_alloc(a, (n + 1) * sizeof(*r->alerts));
    if (!r->alerts)
        return false;
    for (unsigned k = 0; k < TELESCOPE_CELLS; k++) {
        const struct telescope_cell *c = &r->e->cells[k];
        for (size_t i = 0; i < c->n_alerts; i++)
            r->alerts[r->n_alerts++] = (struct report_alert){
                telescope_key_ip(c, c->alerts[i].key, c->alerts[i].flags & SOURCE_V6), &c->alerts[i]};
    }
    if (n)
        qsort(r->alerts, n, sizeof(*r->alerts), by_member);
    return true;
}

static int by_port(const void *x, const void *y)
{
    const struct report_port *a = x, *b = y;
    return a->packets != b->packets ? (a->packets > b->packets ? -1 : 1)
                                    : (a->index > b->index) - (a->index < b->index);
}

static bool list_ports(struct telescope_report *r, struct hn_arena *a)
{
    r->ports = hn_arena_alloc(a, TELESCOPE_PORTS * sizeof(*r->ports));
    for (uint32_t i = 0; r->ports && i < TELESCOPE_PORTS; i++) {
        struct report_port p = {.index = i};
        for (unsigned k = 0; k < r->e->how.threads; k++) {
            p.packets += r->e->ports[(size_t)k * TELESCOPE_PORTS + i].packets;
            p.sources += r->e->ports[(size_t)k * TELESCOPE_PORTS + i].sources;
        }
        if (p.packets)
            r->ports[r->n_ports++] = p;
    }
    if (r->ports && r->n_ports)
        qsort(r->ports, r->n_ports, sizeof(*r->ports), by_port);
    return r->ports != NULL;
}

static int by_hour(const void *x, const void *y)
{
    const struct telescope_hour *a = x, *b = y;
    return (a->hour > b->hour) - (a->hour < b->hour);
}

static int by_day(const void *x, const void *y)
{
    const struct telescope_day *a = x, *b = y;
    return (a->day > b->day) - (a->day < b->day);
}

static bool list_time(struct telescope_report *r, struct hn_arena *a)
{
    struct telescope_hour *hours = hn_arena_alloc(a, TELESCOPE_HOURS * sizeof(*hours));
    struct telescope_day *days = hn_arena_alloc(a, TELESCOPE_DAYS * sizeof(*days));
    if (!hours || !days)
        return false;
    for (unsigned k = 0; k < TELESCOPE_CELLS; k++) {
        const struct telescope_cell *c = &r->e->cells[k];
        for (unsigned i = 0; i < TELESCOPE_HOURS; i++) {
            const struct telescope_hour *h = &c->hours[i];
            if (h->hour > hours[i].hour) /* another cell may not have seen this hour yet, or forgot an older one */
                hours[i] = *h;
            else if (h->hour && h->hour == hours[i].hour) {
                hours[i].packets += h->packets;
                hours[i].sources += h->sources;
            }
        }
        for (unsigned i = 0; i < TELESCOPE_DAYS; i++) {
            const struct telescope_day *d = &c->days[i];
            if (d->day > days[i].day)
                days[i] = *d;
            else if (d->day && d->day == days[i].day)
                for (unsigned f = 0; f <= FP_COUNT; f++) {
                    days[i].distinct[f] += d->distinct[f];
                    days[i].returning[f] += d->returning[f];
                }
        }
    }
    for (unsigned i = 0; i < TELESCOPE_HOURS; i++)
        if (hours[i].hour)
            hours[r->n_hours++] = hours[i];
    for (unsigned i = 0; i < TELESCOPE_DAYS; i++)
        if (days[i].day)
            days[r->n_days++] = days[i];
    qsort(hours, r->n_hours, sizeof(*hours), by_hour);
    qsort(days, r->n_days, sizeof(*days), by_day);
    r->hours = hours;
    r->days = days;
    return true;
}

bool telescope_report_lists(struct telescope_report *r, struct hn_arena *a)
{
    return list_victims(r, a) && list_carpets(r, a) && list_floods(r, a) && list_alerts(r, a) && list_ports(r, a) &&
           list_time(r, a);
}
