/* Passes over every source and every event: tools, judgements, campaigns, the largest of each. */
#include "modules/telescope/report.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

#define INVESTIGATION_PORTS                                                                                            \
    30u /* of NICTER's rule: one source, one day, SYN and UDP only, 30 ports, 300,000 packets … */
#define DAY          86400u
#define SAMPLE_ABOVE 500000u
#define JOIN_APART   86400u /* seconds of quiet between campaigns that are not one */
#define JOIN_SHARE   40u    /* a fortieth of the packets of a campaign go to the other's main port */

/* ---------------------------------------------------------------- judgement */

/* … which is one packet for each of its 300,000 addresses a day: scaled to the telescope at hand. Worms are attacks
 * whatever their volume; a known scanner is one whatever its tool. */
static enum report_judgement judge(const struct telescope_engine *e, const struct telescope_source *s,
                                   enum telescope_fp fp)
{
    if (s->flags & SOURCE_SCANNER)
        return JUDGED_INVESTIGATION;
    if (telescope_is_bot(fp))
        return JUDGED_ATTACK;
    uint64_t days = (s->last - s->first) / DAY + 1;
    if (e->how.addresses && telescope_estimate(s->ports, 64) >= INVESTIGATION_PORTS &&
        s->packets >= e->how.addresses * days && s->packets >= 1000)
        return JUDGED_INVESTIGATION;
    return JUDGED_UNKNOWN;
}

/* ---------------------------------------------------------------- the largest */

/* By packets, then by address, so that the order does not depend on where something lay. */
static bool before(uint32_t n1, uint32_t key1, uint32_t n2, uint32_t key2)
{
    return n1 != n2 ? n1 > n2 : key1 < key2;
}

static void top_source(struct telescope_report *r, const struct report_source *it)
{
    size_t i = r->n_top_sources;
    if (i == REPORT_TOP) {
        const struct telescope_source *last = r->top_sources[i - 1].s;
        if (!before(it->s->packets, it->s->key, last->packets, last->key))
            return;
        i--;
    } else {
        r->n_top_sources++;
    }
    for (; i && before(it->s->packets, it->s->key, r->top_sources[i - 1].s->packets, r->top_sources[i - 1].s->key); i--)
        r->top_sources[i] = r->top_sources[i - 1];
    r->top_sources[i] = *it;
}

static bool event_before(const struct telescope_event *a, const struct telescope_event *b)
{
    if (a->packets != b->packets || a->key != b->key)
        return before(a->packets, a->key, b->packets, b->key);
    return a->port != b->port ? a->port < b->port : a->class < b->class;
}

static void top_event(struct telescope_report *r, const struct telescope_cell *c, const struct telescope_event *e)
{
    size_t i = r->n_top_events;
    if (i == REPORT_TOP) {
        if (!event_before(e, r->top_events[i - 1].e))
            return;
        i--;
    } else {
        r->n_top_events++;
    }
    for (; i && event_before(e, r->top_events[i - 1].e); i--)
        r->top_events[i] = r->top_events[i - 1];
    r->top_events[i] = (struct report_event){.e = e, .ip = telescope_key_ip(c, e->key, e->key >= 0xf0000000u)};
}

/* What events tell without their sources. */
static void *sum_events(void *arg)
{
    struct telescope_report *r = arg;
    uint64_t events = 0, open = 0;
    for (unsigned k = 0; k < TELESCOPE_CELLS; k++) {
        const struct telescope_cell *c = &r->e->cells[k];
        for (uint32_t i = 0; i < c->events.n; i++) {
            const struct telescope_event *e = &telescope_events(&c->events)[i];
            events += e->events;
            open += e->last + r->e->how.idle >= r->e->last;
            top_event(r, c, e);
        }
    }
    r->events = events;
    r->events_open = open;
    return NULL;
}

/* ---------------------------------------------------------------- pass over sources */

static void place(struct telescope_report *r, const struct telescope_cell *c, const struct telescope_source *s)
{
    struct hn_ip ip = telescope_key_ip(c, s->key, s->flags & SOURCE_V6);
    telescope_places_add(&r->places, r->e->how.geo, &ip, s->packets);
}

static bool one_source(struct telescope_report *r, const struct telescope_cell *c, const struct telescope_source *s)
{
    if (!telescope_fold_source(&r->fold, s, r->accepted))
        return false;
    struct report_source it = {.s = s, .fp = telescope_settled(s, r->accepted)};
    it.judged = judge(r->e, s, it.fp);
    r->judged_sources[it.judged]++;
    r->judged_packets[it.judged] += s->packets;
    if (r->n_top_sources < REPORT_TOP || s->packets >= r->top_sources[REPORT_TOP - 1].s->packets) {
        it.ip = telescope_key_ip(c, s->key, s->flags & SOURCE_V6);
        top_source(r, &it);
    }
    if (r->e->how.geo)
        place(r, c, s);
    return true;
}

/* The two halves of a pass, side by side where there are threads for it. */
static void both(const struct telescope_engine *e, void *(*pass)(void *), void *one, void *two)
{
    pthread_t beside;
    bool apart = e->how.threads > 1 && pthread_create(&beside, NULL, pass, two) == 0;
    pass(one);
    if (apart)
        pthread_join(beside, NULL);
    else
        pass(two);
}

/* Half of the cells, into a report of its own. */
struct half {
    struct telescope_report *r;
    unsigned from, to;
    bool ok;
};

static void *pass_half(void *arg)
{
    struct half *h = arg;
    h->ok = true;
    for (unsigned k = h->from; k < h->to; k++) {
        const struct telescope_cell *c = &h->r->e->cells[k];
        for (uint32_t i = 0; h->ok && i < c->sources.n; i++)
            h->ok = one_source(h->r, c, &telescope_sources(&c->sources)[i]);
    }
    return NULL;
}

static void join_half(struct telescope_report *r, const struct telescope_report *other)
{
    for (unsigned i = 0; i < JUDGED_COUNT; i++) {
        r->judged_sources[i] += other->judged_sources[i];
        r->judged_packets[i] += other->judged_packets[i];
    }
    for (size_t i = 0; i < other->n_top_sources; i++)
        top_source(r, &other->top_sources[i]);
    telescope_fold_merge(&r->fold, &other->fold);
}

/* Two threads share the cells. Places are kept in one list: when they are asked for, one thread passes over all. */
static bool pass_sources(struct telescope_report *r, struct hn_arena *a)
{
    struct telescope_report *other = r->e->how.geo ? NULL : HN_NEW(a, struct telescope_report);
    struct half one = {r, 0, other ? TELESCOPE_CELLS / 2 : TELESCOPE_CELLS, false},
                two = {other, one.to, TELESCOPE_CELLS, true};
    if (!other) {
        pass_half(&one);
    } else {
        other->e = r->e;
        other->accepted = r->accepted;
        other->fold.groups_cap = r->fold.groups_cap;
        other->fold.hour = r->fold.hour;
        both(r->e, pass_half, &one, &two);
        join_half(r, other);
        one.ok &= r->fold.groups || !other->fold.groups; /* else there was no memory to join them in */
        telescope_fold_done(&other->fold);
    }
    for (unsigned k = 0; k < TELESCOPE_CELLS; k++)
        telescope_fold_merge(&r->fold, &r->e->cells[k].gone);
    return one.ok && two.ok;
}

/* ---------------------------------------------------------------- campaigns */

static int by_sources(const void *x, const void *y)
{
    const struct telescope_group *a = *(const struct telescope_group *const *)x,
                                 *b = *(const struct telescope_group *const *)y;
    if (a->sources != b->sources)
        return a->sources > b->sources ? -1 : 1;
    if (a->packets != b->packets)
        return a->packets > b->packets ? -1 : 1;
    if (a->label != b->label)
        return a->label < b->label ? -1 : 1;
    return a->proto != b->proto ? a->proto - b->proto : (a->port > b->port) - (a->port < b->port);
}

static void campaign_from(struct report_campaign *to, const struct telescope_group *g)
{
    *to = (struct report_campaign){.fp = g->label & GROUP_UNKNOWN ? FP_NONE : (enum telescope_fp)(g->label - 1),
                                   .label = g->label,
                                   .sources = g->sources,
                                   .packets = g->packets,
                                   .networks = telescope_hll_count(g->spread, 6),
                                   .first = g->first,
                                   .last = g->last,
                                   .day_hours = g->day_hours,
                                   .proto = g->proto,
                                   .joined = -1,
                                   .main_port = g->port};
    memcpy(to->hours, g->hours, sizeof to->hours);
    const char *proto = g->proto == 6 ? "" : g->proto == 17 ? "/udp" : "/icmp";
    if (to->fp != FP_NONE)
        snprintf(to->name, sizeof to->name, "%s/%u%s", telescope_fp_names[to->fp], g->port, proto);
    else
        snprintf(to->name, sizeof to->name, "hn-%08x/%u%s", (unsigned)(g->label & UINT32_MAX), g->port, proto);
}

/* Two sources or more make a campaign. */
static bool pick_campaigns(struct telescope_report *r, struct hn_arena *a)
{
    struct telescope_fold *f = &r->fold;
    size_t n = 0;
    const struct telescope_group **list = hn_arena_alloc(a, (f->n_groups + 1) * sizeof(*list));
    if (!list)
        return false;
    for (uint32_t i = 0; f->groups && i < f->groups_cap; i++) {
        f->groups[i].used = f->groups[i].used ? 1 : 0;
        if (f->groups[i].used && f->groups[i].sources >= 2)
            list[n++] = &f->groups[i];
    }
    if (n)
        qsort(list, n, sizeof(*list), by_sources);
    r->n_campaigns = n < REPORT_CAMPAIGNS ? n : REPORT_CAMPAIGNS;
    for (size_t i = 0; i < r->n_campaigns; i++) {
        campaign_from(&r->campaigns[i], list[i]);
        f->groups[list[i] - f->groups].used = (uint8_t)(2 + i); /* found again by the pass over events */
    }
    return true;
}

static void count_share(struct report_campaign *c, uint16_t port, uint32_t n)
{
    struct report_share *least = &c->ports[0];
    c->ports_total += n;
    for (size_t i = 0; i < REPORT_PORTS; i++) {
        struct report_share *s = &c->ports[i];
        if (s->n && s->port == port) {
            s->n += n;
            return;
        }
        least = s->n < least->n ? s : least;
    }
    if (least->n <= n)
        *least = (struct report_share){.n = n, .port = port};
    else
        least->n -= n;
}

/* Packets by campaign and port, so many places that what is looked at fits: the ports do not depend on the order in
 * which events came. */
#define LOOKED_MOST  (SAMPLE_ABOVE + SAMPLE_ABOVE / 2)
#define SHARES_LEAST 4096u
struct share {
    uint32_t n;
    uint16_t port;
    uint8_t campaign; /* + 1; 0: a free place */
};
struct shares {
    struct share *list;
    uint32_t room, n; /* places, those that are taken */
};

static struct share *share_place(const struct shares *t, const struct share *s)
{
    uint32_t i = telescope_place(telescope_mix((uint32_t)s->campaign << 16 | s->port), t->room);
    while (t->list[i].campaign && (t->list[i].campaign != s->campaign || t->list[i].port != s->port))
        i = i + 1 == t->room ? 0 : i + 1;
    return &t->list[i];
}

/* Twice as many places. */
static bool shares_grow(struct shares *t)
{
    struct shares to = {.room = t->room ? t->room * 2 : SHARES_LEAST, .n = t->n};
    to.list = hn_alloc_zero(to.room * sizeof(*to.list));
    if (!to.list)
        return false;
    for (uint32_t i = 0; i < t->room; i++)
        if (t->list[i].campaign)
            *share_place(&to, &t->list[i]) = t->list[i];
    hn_free(t->list);
    *t = to;
    return true;
}

/* False: out of memory. */
static bool shares_add(struct shares *t, const struct share *s)
{
    if (t->n >= t->room / 2 && !shares_grow(t))
        return false;
    struct share *at = share_place(t, s);
    t->n += !at->campaign;
    *at = (struct share){.n = at->n + s->n, .port = s->port, .campaign = s->campaign};
    return true;
}

static bool shares_join(struct shares *to, const struct shares *from)
{
    bool ok = true;
    for (uint32_t i = 0; ok && i < from->room; i++)
        ok = !from->list[i].campaign || shares_add(to, &from->list[i]);
    return ok;
}

static int by_share(const void *x, const void *y)
{
    const struct share *a = x, *b = y;
    if (a->campaign != b->campaign)
        return a->campaign > b->campaign ? -1 : 1;
    if (a->n != b->n)
        return a->n > b->n ? -1 : 1;
    return (a->port > b->port) - (a->port < b->port);
}

/* The largest of each campaign. */
static void pick_shares(struct telescope_report *r, struct shares *t)
{
    size_t n = 0;
    struct share *list = t->list;
    for (size_t i = 0; i < t->room; i++)
        if (list[i].campaign)
            list[n++] = list[i];
    if (n)
        qsort(list, n, sizeof(*list), by_share);
    for (size_t i = 0, rank = 0; i < n; i++) {
        struct report_campaign *c = &r->campaigns[list[i].campaign - 1];
        rank = i && list[i - 1].campaign == list[i].campaign ? rank + 1 : 0;
        c->ports_total += list[i].n;
        if (rank < REPORT_PORTS)
            c->ports[rank] = (struct report_share){.n = list[i].n, .port = list[i].port};
    }
}

/* Half of the cells, into shares of its own. Events whose sources are to be found: those lie anywhere, so all of a
 * batch are fetched before the first is looked at: the waits for memory then overlap. */
#define PICKED 64u
struct picking {
    const struct telescope_report *r;
    unsigned from, to;
    uint32_t stride; /* of events, one in so many is looked at */
    const struct telescope_event *e[PICKED];
    uint32_t hash[PICKED], n; /* of its source */
    uint32_t looked;          /* in all batches */
    struct shares shares;
    bool failed;
};

static void picked_add(struct picking *b, const struct telescope_cell *c, const struct telescope_event *e)
{
    b->e[b->n] = e;
    b->hash[b->n] = telescope_source_hash(&c->salt, e->key);
    __builtin_prefetch(telescope_bucket_of(&c->sources, b->hash[b->n++]));
}

static uint8_t proto_of(unsigned class)
{
    return class <= CLASS_TCP_OTHER ? 6 : class <= CLASS_UDP_REPLY ? 17 : 1;
}

static void picked_take(struct picking *b, const struct telescope_cell *c)
{
    for (uint32_t i = 0; i < b->n; i++) {
        uint32_t at = telescope_guess(&c->sources, b->hash[i]);
        __builtin_prefetch(&telescope_sources(&c->sources)[at ? at - 1 : 0]);
    }
    for (uint32_t i = 0; i < b->n; i++) {
        const struct telescope_event *e = b->e[i];
        const struct telescope_source *s = telescope_source_find(c, e->key, b->hash[i]);
        uint64_t label = s ? telescope_label(s, b->r->accepted) : 0;
        const struct telescope_group *g =
            label ? telescope_group_find(&b->r->fold, label, telescope_proto(s), s->port_major) : NULL;
        struct share one = {.n = e->packets, .port = e->port};
        if (!g || g->used < 2 || g->proto != proto_of(e->class) || b->looked++ >= LOOKED_MOST)
            continue;
        one.campaign = (uint8_t)(g->used - 1);
        b->failed |= !shares_add(&b->shares, &one);
    }
    b->n = 0;
}

static void *pick_half(void *arg)
{
    struct picking *b = arg;
    for (unsigned k = b->from; k < b->to; k++) {
        const struct telescope_cell *c = &b->r->e->cells[k];
        for (uint32_t i = 0; i < c->events.n; i++) {
            const struct telescope_event *e = &telescope_events(&c->events)[i];
            uint32_t mark = telescope_event_mark(e->key, e->port, (uint8_t)e->class);
            if (mark % b->stride || telescope_class_roles[e->class] != ROLE_SCAN)
                continue;
            picked_add(b, c, e);
            if (b->n == PICKED)
                picked_take(b, c);
        }
        picked_take(b, c);
    }
    return NULL;
}

/* Shares are of packets; of a big table a part is looked at, chosen by a mark that is the same in every run. */
static bool pass_events(struct telescope_report *r)
{
    uint64_t n = 0;
    for (unsigned k = 0; k < TELESCOPE_CELLS; k++)
        n += r->e->cells[k].events.n;
    struct picking one = {.r = r, .to = TELESCOPE_CELLS / 2, .stride = (uint32_t)(n / SAMPLE_ABOVE + 1)},
                   two = {.r = r, .from = one.to, .to = TELESCOPE_CELLS, .stride = one.stride};
    both(r->e, pick_half, &one, &two);
    bool ok = !one.failed && !two.failed && shares_join(&one.shares, &two.shares);
    if (ok)
        pick_shares(r, &one.shares);
    hn_free(one.shares.list);
    hn_free(two.shares.list);
    return ok;
}

static bool reaches(const struct report_campaign *a, uint16_t port)
{
    for (size_t i = 0; i < REPORT_PORTS; i++)
        if (a->ports[i].n && a->ports[i].port == port)
            return (uint64_t)a->ports[i].n * JOIN_SHARE >= a->ports_total;
    return false;
}

/* Largest first; what joined came as it was. */
static void order_ports(struct report_campaign *c)
{
    for (size_t i = 1; i < REPORT_PORTS; i++) {
        struct report_share s = c->ports[i];
        size_t to = i;
        for (; to && c->ports[to - 1].n < s.n; to--)
            c->ports[to] = c->ports[to - 1];
        c->ports[to] = s;
    }
}

/* Were both at work at about the same time? */
static bool overlap(const struct report_campaign *a, const struct report_campaign *b)
{
    return a->first <= (uint64_t)b->last + JOIN_APART && b->first <= (uint64_t)a->last + JOIN_APART;
}

/* One tool with one set of ports at one time is one campaign, whatever port its sources favour. */
static void join_campaigns(struct telescope_report *r)
{
    for (size_t i = 0; i < r->n_campaigns; i++) {
        struct report_campaign *a = &r->campaigns[i];
        for (size_t k = i + 1; k < r->n_campaigns && a->joined < 0; k++) {
            struct report_campaign *b = &r->campaigns[k];
            if (b->joined >= 0 || b->label != a->label || b->proto != a->proto || !overlap(a, b) ||
                !(reaches(a, b->main_port) || reaches(b, a->main_port)))
                continue;
            b->joined = (int)i;
            a->sources += b->sources;
            a->packets += b->packets;
            a->networks = a->networks > b->networks ? a->networks : b->networks;
            a->first = a->first < b->first ? a->first : b->first;
            a->last = a->last > b->last ? a->last : b->last;
            a->day_hours |= b->day_hours;
            for (size_t h = 0; h < 24; h++)
                a->hours[h] += b->hours[h];
            for (size_t p = 0; p < REPORT_PORTS; p++)
                if (b->ports[p].n)
                    count_share(a, b->ports[p].port, b->ports[p].n);
        }
        order_ports(a);
    }
}

/* ---------------------------------------------------------------- sums */

static void sum_cells(struct telescope_report *r)
{
    uint8_t seen[4096] = {0};
    uint64_t n = 0;
    for (unsigned k = 0; k < TELESCOPE_CELLS; k++) {
        const struct telescope_cell *c = &r->e->cells[k];
        n += c->sources.n;
        r->forgotten += c->forgotten;
        r->pairs_dropped += c->pairs_dropped;
        r->v6_refused += c->v6_refused;
        r->scanner_packets += c->scanner_packets;
        r->attacks_dropped += c->attacks_dropped;
        for (unsigned i = 0; i < CLASS_COUNT; i++) {
            r->class_events[i] += c->class_events[i];
        }
        for (unsigned i = 0; i < OS_COUNT; i++) {
            r->os_sources[i] += c->os_sources[i];
        }
        for (unsigned i = 0; i < FP_COUNT; i++) {
            r->tools[i].packets += c->strong[i].packets;
            r->tools[i].sources += c->strong[i].sources;
            r->tools[i].confirmed += c->strong[i].confirmed;
            if (r->accepted >> i & 1) {
                r->tools[i].packets += c->once[i];
                r->tools[i].sources += c->once[i];
            }
        }
        for (unsigned i = 0; i < sizeof seen; i++)
            seen[i] = c->seen[i] > seen[i] ? c->seen[i] : seen[i];
    }
    r->sources_exact = r->forgotten == 0 && r->v6_refused == 0;
    r->sources = r->sources_exact ? n : telescope_hll_count(seen, 12);
}

double telescope_spoofed_rate(const struct telescope_engine *e, uint64_t packets, uint32_t start, uint32_t end)
{
    if (!e->how.addresses || end <= start)
        return 0;
    return (double)packets / (end - start) * 4294967296.0 / (double)e->how.addresses;
}

struct telescope_report *telescope_report_new(const struct telescope_engine *e, struct hn_arena *a)
{
    struct telescope_report *r = HN_NEW(a, struct telescope_report);
    if (!r)
        return NULL;
    r->e = e;
    r->accepted = telescope_accepted(e);
    r->fold.groups_cap = TELESCOPE_GROUPS;
    r->fold.hour = e->last / 3600;
    sum_cells(r);
    pthread_t beside; /* two passes that have nothing in common */
    bool apart = e->how.threads > 1 && pthread_create(&beside, NULL, sum_events, r) == 0;
    bool sources = (!e->how.geo || telescope_places_begin(&r->places, a)) && pass_sources(r, a) && pick_campaigns(r, a);
    if (apart)
        pthread_join(beside, NULL);
    else
        sum_events(r);
    if (!sources) {
        telescope_report_done(r);
        return NULL;
    }
    if (e->how.geo)
        telescope_places_end(&r->places, a);
    if (!pass_events(r)) {
        telescope_report_done(r);
        return NULL;
    }
    join_campaigns(r);
    for (unsigned i = 0; i < FP_COUNT; i++) {
        r->tools[i].packets += r->fold.many[i].packets;
        r->tools[i].sources += r->fold.many[i].sources;
        r->tools[i].confirmed += r->fold.many[i].confirmed;
    }
    if (telescope_report_lists(r, a))
        return r;
    telescope_report_done(r);
    return NULL;
}

void telescope_report_done(struct telescope_report *r)
{
    if (r)
        telescope_fold_done(&r->fold);
}
