/* Backscatter: whoever answers addresses that never asked is under attack by somebody who forges them.
 *
 * An attack counts from 25 packets over 60 seconds with a minute of 30 packets or more (the sliding rule of Moore et
 * al. as corsaro applies it: a window of 60 seconds that moves by ten). Below that it is an event and no victim. */
#include "base/mem.h"
#include "modules/telescope/telescope.h"

#define STEP          10u
#define STEPS         6u
#define PACKETS_LEAST 25u
#define SECONDS_LEAST 60u
#define PPM_LEAST     30u

/* While there are many, those that were quiet for long and never qualified are left behind, once in so many. */
#define VICTIMS_MANY (1u << 16)

static struct telescope_victim *victim_at(struct telescope_cell *c, uint32_t key, uint32_t hash, uint32_t now,
                                          bool *ret_new)
{
    struct telescope_victim *v = telescope_victim_at(c, key, hash, ret_new);
    if (!v || !*ret_new || c->victims.n % VICTIMS_MANY || now <= 86400)
        return v;
    v->last = now;
    telescope_victims_forget(c, now - 86400);
    v = telescope_victim_at(c, key, hash, ret_new);
    *ret_new = true;
    return v;
}

/* ---------------------------------------------------------------- attacks */

bool telescope_attack_qualifies(const struct telescope_victim *v)
{
    return v->session >= PACKETS_LEAST && v->last - v->start >= SECONDS_LEAST && v->ppm >= PPM_LEAST;
}

/* Twice as much, at most `most`; 0: it is that much already. */
static size_t room(size_t cap, size_t most)
{
    size_t more = cap < 16 ? 16 : 2 * cap;
    return cap >= most ? 0 : more < most ? more : most;
}

void telescope_attack_close(struct telescope_cell *c, const struct telescope_victim *v, bool open)
{
    if (c->n_attacks == c->attacks_cap) {
        size_t cap = room(c->attacks_cap, TELESCOPE_ATTACKS);
        struct telescope_attack *p = cap ? hn_realloc(c->attacks, cap * sizeof(*p)) : NULL;
        if (!p) {
            c->attacks_dropped++;
            return;
        }
        c->attacks = p;
        c->attacks_cap = cap;
    }
    c->attacks[c->n_attacks++] = (struct telescope_attack){.key = v->key,
                                                           .start = v->start,
                                                           .end = v->last,
                                                           .packets = v->session,
                                                           .ppm = v->ppm,
                                                           .port = v->port,
                                                           .class = v->class,
                                                           .flags = v->flags,
                                                           .open = open,
                                                           .dsts = v->dsts};
}

static void session_begin(struct telescope_victim *v, const struct telescope_sight *s)
{
    v->start = s->time;
    v->session = 0;
    v->ppm = 0;
    v->dsts = 0;
    v->ring_at = s->time / STEP;
    memset(v->ring, 0, sizeof v->ring);
    v->class = s->class;
    v->port = s->sport;
    v->port_votes = 0;
}

/* The ring holds the last six steps, newest first. */
static void ring_count(struct telescope_victim *v, uint32_t time)
{
    uint32_t step = time / STEP;
    if (step > v->ring_at) {
        uint32_t by = step - v->ring_at;
        for (unsigned i = STEPS; i-- > 0;)
            v->ring[i] = i >= by ? v->ring[i - by] : 0;
        v->ring_at = step;
    }
    unsigned back = v->ring_at - step;
    if (back >= STEPS)
        return;
    v->ring[back] = (uint16_t)(v->ring[back] + (v->ring[back] != UINT16_MAX));
    uint32_t sum = 0;
    for (unsigned i = 0; i < STEPS; i++)
        sum += v->ring[i];
    v->ppm = sum > v->ppm ? (uint16_t)(sum > UINT16_MAX ? UINT16_MAX : sum) : v->ppm;
}

void telescope_victim_take(struct telescope_cell *c, const struct telescope_config *how, uint32_t key, uint32_t hash,
                           const struct telescope_sight *s, bool v6)
{
    bool fresh;
    struct telescope_victim *v = victim_at(c, key, hash, s->time, &fresh);
    if (!v)
        return;
    if (fresh) {
        v->flags = v6 ? VICTIM_V6 : 0;
        v->first = v->last = s->time;
        session_begin(v, s);
    } else if (s->time > v->last && s->time - v->last > how->attack_quiet) {
        if (telescope_attack_qualifies(v))
            telescope_attack_close(c, v, false);
        session_begin(v, s);
    }
    v->packets++;
    v->session++;
    v->last = s->time > v->last ? s->time : v->last;
    v->start = s->time < v->start ? s->time : v->start;
    v->dsts |= UINT64_C(1) << (telescope_mix(s->dst) >> 26);
    if (v->port == s->sport)
        v->port_votes = (uint16_t)(v->port_votes + (v->port_votes != UINT16_MAX));
    else if (v->port_votes)
        v->port_votes--;
    else
        v->port = s->sport;
    ring_count(v, s->time);
}

/* ---------------------------------------------------------------- members */

static struct telescope_alert *alert_find(struct telescope_cell *c, uint32_t key)
{
    for (size_t i = 0; i < c->n_alerts; i++)
        if (c->alerts[i].key == key)
            return &c->alerts[i];
    return NULL;
}

static struct telescope_alert *alert_new(struct telescope_cell *c, const struct telescope_config *how,
                                         const struct telescope_source *src, uint32_t time)
{
    if (c->n_alerts == c->alerts_cap) {
        size_t cap = room(c->alerts_cap, TELESCOPE_ALERTS);
        struct telescope_alert *p = cap ? hn_realloc(c->alerts, cap * sizeof(*p)) : NULL;
        if (!p) {
            c->failed = true;
            return NULL;
        }
        c->alerts = p;
        c->alerts_cap = cap;
    }
    struct hn_ip ip = telescope_key_ip(c, src->key, src->flags & SOURCE_V6);
    const struct hn_prefix *m = hn_prefixes_find(&how->members, &ip);
    c->alerts[c->n_alerts] = (struct telescope_alert){.key = src->key,
                                                      .first = time,
                                                      .last = time,
                                                      .member = m ? (uint32_t)(m - how->members.list) : 0,
                                                      .flags = src->flags & SOURCE_V6};
    return &c->alerts[c->n_alerts++];
}

/* One alert an address: the first packet raises it, later ones are folded in, quiet ends an episode. */
void telescope_member_take(struct telescope_cell *c, const struct telescope_config *how, struct telescope_source *src,
                           const struct telescope_sight *s)
{
    struct telescope_alert *a = alert_find(c, src->key);
    if (!a)
        a = alert_new(c, how, src, s->time);
    if (!a)
        return;
    if (a->episodes == 0 || (s->time > a->last && s->time - a->last > how->member_quiet)) {
        a->episodes++;
        a->raised = s->time;
        a->n_evidence = 0;
    }
    a->packets++;
    a->last = s->time > a->last ? s->time : a->last;
    a->first = s->time < a->first ? s->time : a->first;
    a->classes |= 1u << s->class;
    a->fps |= src->fps;
    if (a->port_major == s->dport)
        a->port_votes = (uint16_t)(a->port_votes + (a->port_votes != UINT16_MAX));
    else if (a->port_votes)
        a->port_votes--;
    else
        a->port_major = s->dport;
    if (a->n_evidence < 4)
        a->evidence[a->n_evidence++] = (struct telescope_evidence){
            .time = s->time, .dst = s->dst, .sport = s->sport, .dport = s->dport, .class = s->class, .fp = s->fp};
}

/* ---------------------------------------------------------------- merging */

static void join_victim(struct telescope_cell *c, const struct telescope_config *how, struct telescope_victim *a,
                        const struct telescope_victim *b)
{
    struct telescope_victim late = b->last > a->last ? *b : *a, early = b->last > a->last ? *a : *b;
    bool bridged = late.start <= early.last || late.start - early.last <= how->attack_quiet;
    uint32_t packets = a->packets + b->packets, first = a->first < b->first ? a->first : b->first;
    if (!bridged && telescope_attack_qualifies(&early))
        telescope_attack_close(c, &early, false);
    *a = late;
    a->packets = packets;
    a->first = first;
    if (!bridged)
        return;
    a->session = early.session + late.session;
    a->start = early.start < late.start ? early.start : late.start;
    a->ppm = early.ppm > late.ppm ? early.ppm : late.ppm;
    a->dsts = early.dsts | late.dsts;
    a->class = early.class;
}

static void join_alert(struct telescope_alert *a, const struct telescope_alert *b, const struct telescope_config *how)
{
    const struct telescope_alert early = b->first < a->first ? *b : *a, late = b->first < a->first ? *a : *b;
    bool bridged = late.first <= early.last || late.first - early.last <= how->member_quiet;
    *a = bridged ? early : late;
    a->first = early.first;
    a->last = early.last > late.last ? early.last : late.last;
    a->packets = early.packets + late.packets;
    a->episodes = early.episodes + late.episodes - bridged;
    a->classes = early.classes | late.classes;
    a->fps = early.fps | late.fps;
    for (unsigned i = 0; bridged && i < late.n_evidence && a->n_evidence < 4; i++)
        a->evidence[a->n_evidence++] = late.evidence[i];
}

void telescope_victims_merge(struct telescope_cell *to, const struct telescope_cell *from,
                             const struct telescope_config *how)
{
    for (uint32_t i = 0; i < from->victims.n; i++) {
        struct telescope_victim v = telescope_victims(&from->victims)[i];
        bool fresh;
        if (!(v.key = telescope_key_moved(to, from, v.key)))
            continue;
        struct telescope_victim *at = victim_at(to, v.key, telescope_source_hash(&to->salt, v.key), v.last, &fresh);
        if (at && fresh)
            *at = v;
        else if (at)
            join_victim(to, how, at, &v);
    }
    for (size_t i = 0; i < from->n_attacks; i++) {
        const struct telescope_attack *k = &from->attacks[i];
        struct telescope_victim v = {.key = telescope_key_moved(to, from, k->key),
                                     .start = k->start,
                                     .last = k->end,
                                     .session = k->packets,
                                     .ppm = k->ppm,
                                     .port = k->port,
                                     .class = k->class,
                                     .flags = k->flags,
                                     .dsts = k->dsts};
        if (v.key)
            telescope_attack_close(to, &v, false);
    }
    for (size_t i = 0; i < from->n_alerts; i++) {
        struct telescope_source s = {.key = telescope_key_moved(to, from, from->alerts[i].key),
                                     .flags = from->alerts[i].flags};
        struct telescope_alert *a = s.key ? alert_find(to, s.key) : NULL;
        if (a) {
            join_alert(a, &from->alerts[i], how);
        } else if (s.key && (a = alert_new(to, how, &s, from->alerts[i].first))) {
            uint32_t key = a->key;
            *a = from->alerts[i];
            a->key = key;
        }
    }
}
