/* Ports that suddenly draw a crowd.
 *
 * Measured is the number of sources in an hour, which one loud machine does not move. x = 2 sqrt(n + 3/8) makes counts
 * of any size vary alike (Anscombe). The baseline is a running mean of x for this hour of the day, once it was seen on
 * three days; before that, of all hours, once there were twelve. By how much x is usually off is learned over all hours
 * of a port: nine days of one hour would tell it so badly that one test in two thousand was a false alarm. A deviation
 * below that of pure chance (1) is not believed. An hour is a surge above z = 4.5; what it does to the baseline is cut
 * off at the threshold.
 *
 * How often that happens by chance was measured (generate-darknet --seasonal 30 FILE, seeds 1 to 4: months in which
 * nothing happens and three ports in five vary more than chance would): 8 times in 565,278 port hours. A surge is told
 * when its hour is over. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "modules/telescope/telescope.h"

#define TRACKED     4096u
#define TRACK_LEAST 5u  /* sources in an hour that make a port worth a baseline */
#define SURGE_LEAST 10u /* sources in an hour below which nothing is a surge */
#define Z_LEAST     4.5
#define BY_CHANCE   1.4e-5 /* share of the tests, as measured */
#define ALPHA       0.2
#define DAYS_LEAST  3u
#define HOURS_LEAST 12u
#define REST_ALPHA  0.01
#define REST_LEAST  24u
#define KNOWN_MOST  ((2 - ALPHA) / ALPHA) /* hours that a running mean is worth */
#define NEW_AFTER   24u                   /* hours of history before a port can be new */

struct model {
    float mean, var;
    uint32_t n;
};

struct tracked {
    uint32_t port; /* index */
    struct model all, hours[24];
    struct model rest; /* what x was off by: its deviation is far better known than that of one hour of the day */
};

struct telescope_baseline {
    uint16_t slot[TELESCOPE_PORTS]; /* 1 + index into list */
    struct tracked list[TRACKED];
    uint32_t n;
};

size_t telescope_baseline_size(void)
{
    return sizeof(struct telescope_baseline);
}

bool telescope_baseline_sound(const struct telescope_baseline *b)
{
    bool sound = b->n <= TRACKED;
    for (uint32_t i = 0; i < TELESCOPE_PORTS; i++)
        sound &= b->slot[i] <= b->n;
    return sound;
}

void telescope_surge_free(struct telescope_baseline *b)
{
    hn_free(b);
}

double telescope_surges_by_chance(const struct telescope_engine *e)
{
    return (double)e->port_hours * BY_CHANCE;
}

static double transformed(double n)
{
    return 2 * sqrt(n + 0.375);
}

static void learn_slowly(struct model *m, double x, double alpha)
{
    double a = m->n < 1 / alpha ? 1.0 / (m->n + 1) : alpha, d = x - m->mean;
    m->mean = (float)(m->mean + a * d);
    m->var = (float)((1 - a) * (m->var + a * d * d));
    m->n++;
}

static void learn(struct model *m, double x)
{
    learn_slowly(m, x, ALPHA);
}

/* Of x against the mean of m, which itself is known from a few hours only. */
static double deviation(const struct tracked *t, const struct model *m)
{
    double known = m->n < KNOWN_MOST ? m->n : KNOWN_MOST;
    double var = t->rest.n >= REST_LEAST ? (double)t->rest.var : (double)m->var;
    return sqrt((var > 1 ? var : 1) * (1 + 1 / known));
}

static const struct model *model_for(const struct tracked *t, unsigned hour)
{
    if (t->hours[hour].n >= DAYS_LEAST)
        return &t->hours[hour];
    return t->all.n >= HOURS_LEAST ? &t->all : NULL;
}

static void tell(struct telescope_engine *e, uint32_t hour, uint32_t index, uint32_t sources, uint32_t packets,
                 double expected, double z, bool new_port)
{
    if (e->n_surges == TELESCOPE_SURGES) { /* the oldest goes */
        memmove(e->surges, e->surges + 1, sizeof e->surges - sizeof e->surges[0]);
        e->n_surges--;
        e->surges_dropped++;
    }
    unsigned proto;
    struct telescope_surge *s = &e->surges[e->n_surges++];
    *s = (struct telescope_surge){
        .hour = hour, .new_port = new_port, .sources = sources, .packets = packets, .expected = expected, .z = z};
    telescope_port_of(index, &proto, &s->port);
    s->proto = (uint8_t)proto;
}

/* A port that nobody tracked: new to the telescope, or always quiet. */
static void judge_quiet(struct telescope_engine *e, uint32_t hour, uint32_t index, uint32_t sources, uint32_t packets,
                        uint32_t ever)
{
    if (e->data_hours < NEW_AFTER || sources < SURGE_LEAST)
        return;
    double expected = (double)(ever > sources ? ever - sources : 0) / e->data_hours;
    double z = transformed(sources) - transformed(expected);
    e->port_hours++;
    if (z >= Z_LEAST)
        tell(e, hour, index, sources, packets, expected, z, ever <= sources);
}

static void judge(struct telescope_engine *e, struct tracked *t, uint32_t hour, uint32_t sources, uint32_t packets)
{
    const struct model *m = model_for(t, hour % 24);
    double x = transformed(sources);
    if (m) {
        double sd = deviation(t, m), z = (x - m->mean) / sd;
        e->port_hours++;
        if (z >= Z_LEAST && sources >= SURGE_LEAST)
            tell(e, hour, t->port, sources, packets, m->mean * m->mean / 4 - 0.375, z, false);
        if (z > Z_LEAST)
            x = m->mean + Z_LEAST * sd;
        learn_slowly(&t->rest, x - m->mean, REST_ALPHA);
    }
    learn(&t->all, x);
    learn(&t->hours[hour % 24], x);
}

static void one_port(struct telescope_engine *e, uint32_t hour, uint32_t index, uint32_t sources, uint32_t packets,
                     uint32_t ever)
{
    struct telescope_baseline *b = e->baseline;
    if (b->slot[index]) {
        judge(e, &b->list[b->slot[index] - 1], hour, sources, packets);
        return;
    }
    judge_quiet(e, hour, index, sources, packets, ever);
    if (sources < TRACK_LEAST || b->n == TRACKED)
        return;
    struct tracked *t = &b->list[b->n++];
    b->slot[index] = (uint16_t)b->n;
    t->port = index;
    learn(&t->all, transformed(sources));
    learn(&t->hours[hour % 24], transformed(sources));
}

void telescope_surge_hour(struct telescope_engine *e, uint32_t hour)
{
    if (!e->baseline)
        e->baseline = hn_alloc_zero(sizeof(*e->baseline));
    if (!e->baseline) {
        e->failed = true;
        return;
    }
    for (uint32_t i = 0; i < TELESCOPE_PORTS; i++) {
        uint32_t sources = 0, packets = 0, ever = 0;
        for (unsigned k = 0; k < e->how.threads; k++) {
            struct telescope_port *p = &e->ports[(size_t)k * TELESCOPE_PORTS + i];
            sources += p->hour_sources;
            packets += p->hour_packets;
            ever += p->sources;
            p->hour_sources = p->hour_packets = 0;
        }
        if (packets)
            telescope_heat_add(e, hour, i, packets, sources);
        if (packets || e->baseline->slot[i])
            one_port(e, hour, i, sources, packets, ever);
    }
}

/* ---------------------------------------------------------------- two become one */

static int by_time(const void *x, const void *y)
{
    const struct telescope_surge *a = x, *b = y;
    if (a->hour != b->hour)
        return a->hour < b->hour ? -1 : 1;
    if (a->proto != b->proto)
        return a->proto < b->proto ? -1 : 1;
    return (a->port > b->port) - (a->port < b->port);
}

/* The same port in the same hour on both sides is one surge; two independent deviations are off by z together
 * (Stouffer). */
static void join_surge(struct telescope_surge *to, const struct telescope_surge *s)
{
    to->new_port &= s->new_port;
    to->sources += s->sources;
    to->packets += s->packets;
    to->expected += s->expected;
    to->z = (to->z + s->z) / sqrt(2);
}

/* New to one side is not new when the other has seen it before. */
static void seen_before(struct telescope_engine *e, struct telescope_surge *s)
{
    const struct telescope_port *p = &e->ports[telescope_port_index(s->proto, s->port)];
    s->new_port &= p->first / 3600 >= s->hour;
}

/* Of two that took turns the later one began without knowing what is usual: what the earlier one would not have told
 * is no surge. */
static void only_to_a_beginner(struct telescope_engine *late, const struct telescope_engine *early)
{
    size_t kept = 0;
    for (size_t i = 0; i < late->n_surges; i++) {
        const struct telescope_surge *s = &late->surges[i];
        uint32_t slot = early->baseline ? early->baseline->slot[telescope_port_index(s->proto, s->port)] : 0;
        const struct tracked *t = slot ? &early->baseline->list[slot - 1] : NULL;
        const struct model *m = t ? model_for(t, s->hour % 24) : NULL;
        if (!m || (transformed(s->sources) - m->mean) / deviation(t, m) >= Z_LEAST)
            late->surges[kept++] = *s;
    }
    late->n_surges = kept;
}

static void merge_list(struct telescope_engine *a, const struct telescope_engine *b)
{
    struct telescope_surge all[2 * TELESCOPE_SURGES];
    size_t n = 0, given = a->n_surges + b->n_surges;
    memcpy(all, a->surges, a->n_surges * sizeof *all);
    memcpy(all + a->n_surges, b->surges, b->n_surges * sizeof *all);
    qsort(all, given, sizeof *all, by_time);
    for (size_t i = 0; i < given; i++) {
        seen_before(a, &all[i]);
        if (n && by_time(&all[n - 1], &all[i]) == 0)
            join_surge(&all[n - 1], &all[i]);
        else
            all[n++] = all[i];
    }
    size_t old = n > TELESCOPE_SURGES ? n - TELESCOPE_SURGES : 0; /* give way */
    a->n_surges = n - old;
    memcpy(a->surges, all + old, a->n_surges * sizeof *all);
    a->surges_dropped += b->surges_dropped + old;
}

/* The crowds of two sides that watch at the same time add up; what one of them never saw adds nothing. */
static void add_up(struct model *to, const struct model *m)
{
    double n = ((double)to->mean * to->mean + (double)m->mean * m->mean) / 4 - 0.75;
    if (!m->n)
        return;
    if (!to->n) {
        *to = *m;
        return;
    }
    to->mean = (float)transformed(n > 0 ? n : 0);
    to->var = (to->var + m->var) / 2;
    to->n = to->n > m->n ? to->n : m->n;
}

/* What a deviates by is no count: the mean of both. */
static void average(struct model *to, const struct model *m)
{
    if (!m->n)
        return;
    if (!to->n) {
        *to = *m;
        return;
    }
    to->mean = (to->mean + m->mean) / 2;
    to->var = (to->var + m->var) / 2;
    to->n = to->n > m->n ? to->n : m->n;
}

static void merge_tracked(struct telescope_baseline *to, const struct tracked *t, bool together)
{
    if (t->port >= TELESCOPE_PORTS)
        return;
    if (!to->slot[t->port]) {
        if (to->n == TRACKED)
            return;
        to->list[to->n++] = *t;
        to->slot[t->port] = (uint16_t)to->n;
        return;
    }
    struct tracked *mine = &to->list[to->slot[t->port] - 1];
    if (!together)
        return; /* of the later side */
    add_up(&mine->all, &t->all);
    for (unsigned h = 0; h < 24; h++)
        add_up(&mine->hours[h], &t->hours[h]);
    average(&mine->rest, &t->rest);
}

/* Two that watched the same hours see parts of one crowd; of two that took turns the later one goes on. */
static void merge_baseline(struct telescope_engine *a, struct telescope_engine *b, bool together)
{
    bool later = b->baseline && (!a->baseline || (!together && b->last > a->last));
    if (later) {
        struct telescope_baseline *mine = a->baseline;
        a->baseline = b->baseline;
        b->baseline = mine;
    }
    for (uint32_t i = 0; b->baseline && i < b->baseline->n; i++)
        merge_tracked(a->baseline, &b->baseline->list[i], together);
}

void telescope_surges_merge(struct telescope_engine *a, struct telescope_engine *b, uint32_t both)
{
    uint32_t less = a->data_hours < b->data_hours ? a->data_hours : b->data_hours;
    bool together = both > less / 2;
    if (!together && a->last < b->last)
        only_to_a_beginner(b, a);
    else if (!together)
        only_to_a_beginner(a, b);
    merge_list(a, b);
    merge_baseline(a, b, together);
    a->port_hours += b->port_hours;
}
