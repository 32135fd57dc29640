/* The state of an engine in a file, so that a restart loses nothing.
 *
 *   "HNTS" version │ sizes of the structures │ totals │ telescopes │ for each thread: its ports │ for each cell: v6,
 * sources, events, victims, pairs, attacks, alerts, groups, counts │ baseline │ SHA-256 of all before
 *
 * One walk writes and reads. The file is our own, of this machine and this version: structures are kept as they lie in
 * memory. A file of another layout or with another digest is refused as a whole; until the digest was found right
 * nothing that was read is used, and counts are bounded before memory is taken for them. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "modules/telescope/telescope.h"

#define PIECE   (64u << 10)
#define MOST    (1u << 26) /* entries of a table of a cell, which grows as they are read */
#define LISTED  256u       /* telescopes: packets are told apart of no more */
#define VERSION 9u

struct io {
    bool load, bad;
    int fd;
    struct hn_digest *digest;
    size_t n, end; /* of the buffer: used; read: filled up to */
    uint8_t buf[PIECE];
};

static void out(struct io *s, const uint8_t *p, size_t n)
{
    while (n && !s->bad) {
        size_t k = PIECE - s->n < n ? PIECE - s->n : n;
        memcpy(s->buf + s->n, p, k);
        s->n += k;
        p += k;
        n -= k;
        if (s->n == PIECE) {
            s->bad = !hn_ok(hn_write_all(s->fd, s->buf, s->n));
            s->n = 0;
        }
    }
}

static void in(struct io *s, uint8_t *p, size_t n)
{
    while (n && !s->bad) {
        if (s->n == s->end) {
            ssize_t got = read(s->fd, s->buf, PIECE);
            if (got < 0 && errno == EINTR)
                continue;
            if (got <= 0) {
                s->bad = true;
                return;
            }
            s->n = 0;
            s->end = (size_t)got;
        }
        size_t k = s->end - s->n < n ? s->end - s->n : n;
        memcpy(p, s->buf + s->n, k);
        s->n += k;
        p += k;
        n -= k;
    }
}

/* n octets at p: written, or read into it (zeroes when there are none). */
static void walk(struct io *s, void *p, size_t n)
{
    if (s->load) {
        memset(p, 0, n);
        in(s, p, n);
    } else {
        out(s, p, n);
    }
    if (!s->bad)
        hn_digest_add(s->digest, hn_bytes_of(p, n));
}
#define WALK(s, x) walk((s), &(x), sizeof(x))

/* How many there are, at most `most`: memory is taken for so many before they are read. */
static uint32_t count(struct io *s, uint32_t n, uint32_t most)
{
    WALK(s, n);
    if (n > most)
        s->bad = true;
    return s->bad ? 0 : n;
}

/* A count of the engine: set only by reading. */
#define COUNT(s, x, most)                                                                                              \
    do {                                                                                                               \
        uint32_t n_ = count((s), (uint32_t)(x), (most));                                                               \
        if ((s)->load)                                                                                                 \
            (x) = n_;                                                                                                  \
    } while (0)

/* ---------------------------------------------------------------- tables */

static void walk_sources(struct io *s, struct telescope_cell *c)
{
    uint32_t n = count(s, c->sources.n, MOST);
    if (!s->load)
        walk(s, c->sources.p, n * sizeof(struct telescope_source));
    for (uint32_t i = 0; s->load && i < n && !s->bad; i++) {
        struct telescope_source one;
        bool fresh;
        WALK(s, one);
        struct telescope_source *to = telescope_source_at(c, one.key, telescope_source_hash(&c->salt, one.key), &fresh);
        if (!to || !fresh || !one.packets || one.weak >= FP_COUNT || one.os >= OS_COUNT)
            s->bad = true;
        else
            *to = one;
    }
}

static void walk_events(struct io *s, struct telescope_cell *c)
{
    uint32_t n = count(s, c->events.n, MOST);
    if (!s->load)
        walk(s, c->events.p, n * sizeof(struct telescope_event));
    for (uint32_t i = 0; s->load && i < n && !s->bad; i++) {
        struct telescope_event one;
        bool fresh;
        WALK(s, one);
        uint32_t hash = telescope_event_hash(&c->salt, one.key, one.port, (uint8_t)one.class);
        struct telescope_event *to = telescope_event_at(c, one.key, one.port, (uint8_t)one.class, hash, &fresh);
        if (!to || !fresh || !one.packets || one.class >= CLASS_COUNT)
            s->bad = true;
        else
            *to = one;
    }
}

static void walk_victims(struct io *s, struct telescope_cell *c)
{
    uint32_t n = count(s, c->victims.n, MOST);
    if (!s->load)
        walk(s, c->victims.p, n * sizeof(struct telescope_victim));
    for (uint32_t i = 0; s->load && i < n && !s->bad; i++) {
        struct telescope_victim one;
        bool fresh;
        WALK(s, one);
        struct telescope_victim *to = telescope_victim_at(c, one.key, telescope_source_hash(&c->salt, one.key), &fresh);
        if (!to || !fresh || !one.packets || one.class >= CLASS_COUNT)
            s->bad = true;
        else
            *to = one;
    }
}

static void walk_v6(struct io *s, struct telescope_cell *c)
{
    uint8_t one[16];
    uint32_t n = count(s, c->v6.n, MOST);
    for (uint32_t i = 0; i < n && !s->bad; i++) {
        if (!s->load)
            memcpy(one, c->v6.addr[i], 16);
        walk(s, one, 16);
        if (s->load && !s->bad && telescope_v6_number(c, one) != i)
            s->bad = true;
    }
}

/* An array on the heap of n members; the caller sets its capacity. */
static void *walk_array(struct io *s, void *p, uint32_t n, size_t size)
{
    if (s->load && n) {
        p = s->bad ? NULL : hn_alloc_zero(n * size);
        s->bad |= !p;
    }
    if (n && !s->bad)
        walk(s, p, n * size);
    return p;
}

/* The set of pairs is open to look at only where it lies: its members are walked, its places are made anew. */
static void walk_pairs(struct io *s, struct telescope_cell *c)
{
    uint32_t n = count(s, c->pairs_n, MOST), at = 0;
    for (uint32_t i = 0; i < n && !s->bad; i++) {
        uint64_t v = 0;
        while (!s->load && at < c->pairs_cap && !(v = c->pairs[at++]))
            ;
        WALK(s, v);
        if (s->load && !s->bad)
            s->bad = !v || telescope_pair_port(v) >= TELESCOPE_PORTS || !telescope_pairs_add(c, v);
    }
}

/* What is looked up by a number that was read has a place. */
static bool lists_sound(const struct telescope_cell *c)
{
    bool sound = true;
    for (size_t i = 0; i < c->n_attacks; i++)
        sound &= c->attacks[i].class < CLASS_COUNT;
    for (size_t i = 0; i < c->n_alerts; i++) {
        const struct telescope_alert *a = &c->alerts[i];
        sound &= a->n_evidence <= sizeof a->evidence / sizeof *a->evidence;
        for (unsigned k = 0; k < sizeof a->evidence / sizeof *a->evidence; k++)
            sound &= a->evidence[k].class < CLASS_COUNT;
    }
    for (uint32_t i = 0; i < c->gone.groups_cap; i++) {
        const struct telescope_group *g = &c->gone.groups[i];
        sound &= !g->used || g->label & GROUP_UNKNOWN || (g->label > 0 && g->label <= FP_COUNT);
    }
    return sound;
}

static void walk_lists(struct io *s, struct telescope_cell *c)
{
    COUNT(s, c->n_attacks, TELESCOPE_ATTACKS);
    c->attacks = walk_array(s, c->attacks, (uint32_t)c->n_attacks, sizeof(*c->attacks));
    COUNT(s, c->n_alerts, TELESCOPE_ALERTS);
    c->alerts = walk_array(s, c->alerts, (uint32_t)c->n_alerts, sizeof(*c->alerts));
    if (s->load) {
        c->attacks_cap = c->n_attacks;
        c->alerts_cap = c->n_alerts;
    }
    uint32_t trails = count(s, c->trails ? TELESCOPE_TRAILS : 0, TELESCOPE_TRAILS);
    s->bad |= trails != 0 && trails != TELESCOPE_TRAILS;
    struct telescope_trail *trail = walk_array(s, c->trails, trails, sizeof(*trail));
    if (s->load)
        c->trails = trail;
    for (uint32_t i = 0; s->load && !s->bad && i < trails; i++)
        s->bad |= trail[i].n >= TELESCOPE_TRAIL;
    uint32_t groups = count(s, c->gone.groups ? c->gone.groups_cap : 0, TELESCOPE_GROUPS);
    struct telescope_group *list = walk_array(s, c->gone.groups, groups, sizeof(*list));
    if (s->load) {
        c->gone.groups = list;
        c->gone.groups_cap = groups;
    }
    WALK(s, c->gone.n_groups);
    WALK(s, c->gone.groups_dropped);
    WALK(s, c->gone.scanners);
    WALK(s, c->gone.many);
    s->bad = s->bad || (s->load && !lists_sound(c));
}

/* Times are multiplied to nanoseconds, registers are powers of two. */
static bool counts_sound(const struct telescope_cell *c)
{
    bool sound = true;
    for (unsigned i = 0; i < TELESCOPE_HOURS; i++)
        sound &= c->hours[i].hour <= UINT32_MAX / 3600;
    for (unsigned i = 0; i < TELESCOPE_DAYS; i++)
        sound &= c->days[i].day <= UINT32_MAX / 86400;
    for (unsigned i = 0; i < TELESCOPE_HOT_SETS * 4; i++)
        sound &= c->hot[i / 4][i % 4].class < CLASS_COUNT;
    for (unsigned i = 0; i < sizeof c->seen; i++)
        sound &= c->seen[i] <= 33 - 12; /* 2^12 registers of hashes of 32 bits */
    return sound;
}

static void walk_counts(struct io *s, struct telescope_cell *c)
{
    WALK(s, c->pairs_dropped);
    WALK(s, c->v6_refused);
    WALK(s, c->class_events);
    WALK(s, c->os_sources);
    WALK(s, c->strong);
    WALK(s, c->once);
    WALK(s, c->hours);
    WALK(s, c->days);
    WALK(s, c->hot_sets);
    WALK(s, c->hot);
    telescope_hot_settle(c);
    WALK(s, c->attacks_dropped);
    WALK(s, c->scanner_packets);
    WALK(s, c->forgotten);
    WALK(s, c->seen);
    s->bad = s->bad || (s->load && !counts_sound(c));
}

static void walk_cell(struct io *s, struct telescope_cell *c)
{
    walk_v6(s, c);
    walk_sources(s, c);
    walk_events(s, c);
    walk_victims(s, c);
    walk_pairs(s, c);
    walk_lists(s, c);
    walk_counts(s, c);
}

/* ---------------------------------------------------------------- engine */

static void walk_head(struct io *s, struct telescope_engine *e)
{
    const uint32_t want[] = {0x53544e48u,
                             VERSION,
                             sizeof(struct telescope_source),
                             sizeof(struct telescope_event),
                             sizeof(struct telescope_victim),
                             sizeof(struct telescope_cell),
                             CLASS_COUNT,
                             FP_COUNT,
                             HN_PACKET_VERDICTS,
                             (uint32_t)telescope_baseline_size()};
    uint32_t head[sizeof(want) / sizeof(want[0])];
    memcpy(head, want, sizeof head);
    WALK(s, head);
    s->bad |= memcmp(head, want, sizeof head) != 0;
}

/* Which telescopes the packets came to. Names are cut at 127 octets. */
static void walk_telescopes(struct io *s, struct telescope_engine *e)
{
    const struct hn_prefixes *own = &e->how.telescopes;
    struct hn_prefixes list = {0};
    struct hn_arena a;
    uint32_t n = count(s, own->n < LISTED ? (uint32_t)own->n : LISTED, LISTED);
    hn_arena_init(&a, 1u << 20);
    for (uint32_t i = 0; i < n && !s->bad; i++) {
        struct {
            char prefix[HN_IP_TEXT], name[128];
        } one = {0};
        char ip[HN_IP_TEXT];
        if (!s->load) {
            struct hn_str name = own->list[i].name;
            snprintf(one.prefix, sizeof one.prefix, "%s/%u", hn_ip_text(&own->list[i].ip, ip), own->list[i].bits);
            memcpy(one.name, name.p, name.n < sizeof one.name ? name.n : sizeof one.name - 1);
        }
        WALK(s, one);
        one.prefix[sizeof one.prefix - 1] = one.name[sizeof one.name - 1] = 0;
        struct hn_str name =
            hn_arena_str(&a, hn_str_from_hostile(&a, hn_str_bytes(hn_str_c(one.name)), sizeof one.name));
        s->bad = s->bad || !hn_prefixes_add(&list, &a, hn_arena_fmt(&a, "%s", one.prefix), name, HN_STR(""));
    }
    if (s->load && !s->bad) {
        uint64_t packets[LISTED];
        memcpy(packets, e->sum.telescope_packets, sizeof packets);
        memset(e->sum.telescope_packets, 0, sizeof packets);
        telescope_adopt(e, &list, packets);
    }
    s->bad |= e->failed;
    hn_arena_done(&a);
}

static bool engine_sound(const struct telescope_engine *e)
{
    bool sound = e->n_surges <= TELESCOPE_SURGES && e->n_heat <= TELESCOPE_HEAT && e->hour <= UINT32_MAX / 3600;
    for (size_t i = 0; sound && i < e->n_surges; i++)
        sound = e->surges[i].hour <= UINT32_MAX / 3600;
    for (uint32_t i = 0; sound && i < e->n_heat; i++)
        sound = e->heat[i].hour <= UINT32_MAX / 3600 && e->heat[i].port < TELESCOPE_PORTS;
    for (unsigned i = 0; sound && i < sizeof e->dsts; i++)
        sound = e->dsts[i] <= 33 - 12;
    return sound;
}

static void walk_engine(struct io *s, struct telescope_engine *e, void *note, size_t note_size)
{
    walk_head(s, e);
    if (s->bad)
        return;
    walk(s, note, note_size);
    WALK(s, e->surges);
    WALK(s, e->n_surges);
    WALK(s, e->surges_dropped);
    WALK(s, e->heat);
    WALK(s, e->n_heat);
    WALK(s, e->port_hours);
    WALK(s, e->sum);
    walk_telescopes(s, e);
    WALK(s, e->dsts);
    WALK(s, e->first);
    WALK(s, e->last);
    WALK(s, e->hour);
    WALK(s, e->data_hours);
    s->bad = s->bad || (s->load && !engine_sound(e));
    /* ports of all threads, as those of the first: the next run may have another number of them */
    for (uint32_t i = 0; i < TELESCOPE_PORTS && !s->bad; i++) {
        struct telescope_port sum = {0};
        for (unsigned k = 0; !s->load && k < e->how.threads; k++) {
            const struct telescope_port *p = &e->ports[(size_t)k * TELESCOPE_PORTS + i];
            sum.packets += p->packets;
            sum.sources += p->sources;
            sum.hour_packets += p->hour_packets;
            sum.hour_sources += p->hour_sources;
            sum.first = sum.first && (!p->first || sum.first < p->first) ? sum.first : p->first;
        }
        WALK(s, sum);
        if (s->load)
            e->ports[i] = sum;
    }
    for (unsigned k = 0; k < TELESCOPE_CELLS && !s->bad; k++)
        walk_cell(s, &e->cells[k]);
    uint8_t has = e->baseline != NULL;
    WALK(s, has);
    if (has && s->load && !e->baseline)
        e->baseline = hn_alloc_zero(telescope_baseline_size());
    if (has && e->baseline && !s->bad)
        walk(s, e->baseline, telescope_baseline_size());
    s->bad |= has && (!e->baseline || !telescope_baseline_sound(e->baseline));
}

static bool run(bool load, int fd, struct telescope_engine *e, void *note, size_t note_size)
{
    uint8_t sum[64], kept[64];
    struct io *s = hn_alloc_zero(sizeof(*s));
    if (!s)
        return false;
    s->load = load;
    s->fd = fd;
    s->digest = hn_digest_new(HN_SHA256);
    s->bad = !s->digest;
    if (!s->bad)
        walk_engine(s, e, note, note_size);
    size_t n = s->digest ? hn_digest_end(s->digest, sum) : 0;
    if (load && !s->bad) {
        in(s, kept, n);
        s->bad |= memcmp(kept, sum, n) != 0;
        memcpy(e->state, sum, sizeof e->state);
    } else if (!s->bad) {
        out(s, sum, n);
        s->bad |= !hn_ok(hn_write_all(fd, s->buf, s->n));
    }
    bool ok = !s->bad;
    hn_free(s);
    return ok;
}

bool telescope_state_save(struct telescope_engine *e, int fd, const void *note, size_t note_size)
{
    return run(false, fd, e, (void *)(uintptr_t)note, note_size);
}

/* Lists may have changed since: who is a member, and which, is asked anew; alerts of those that are none any more go.
 */
static void lists_again(struct telescope_engine *e, struct telescope_cell *c)
{
    const struct telescope_config *how = &e->how;
    size_t kept = 0;
    for (uint32_t i = 0; i < c->sources.n; i++) {
        struct telescope_source *s = &telescope_sources(&c->sources)[i];
        struct hn_ip ip = telescope_key_ip(c, s->key, s->flags & SOURCE_V6);
        s->flags &= (uint8_t) ~(SOURCE_MEMBER | SOURCE_SCANNER);
        if (how->members.n && hn_prefixes_find(&how->members, &ip))
            s->flags |= SOURCE_MEMBER;
        if (how->scanners.n && hn_prefixes_find(&how->scanners, &ip))
            s->flags |= SOURCE_SCANNER;
    }
    for (size_t i = 0; i < c->n_alerts; i++) {
        struct telescope_alert *a = &c->alerts[i];
        struct hn_ip ip = telescope_key_ip(c, a->key, a->flags & SOURCE_V6);
        const struct hn_prefix *m = hn_prefixes_find(&how->members, &ip);
        if (!m) {
            e->alerts_left++;
            continue;
        }
        a->member = (uint32_t)(m - how->members.list);
        c->alerts[kept++] = *a;
    }
    c->n_alerts = kept;
}

bool telescope_state_load(struct telescope_engine *e, int fd, void *note, size_t note_size)
{
    if (!run(true, fd, e, note, note_size))
        return false;
    for (unsigned k = 0; k < TELESCOPE_CELLS; k++)
        lists_again(e, &e->cells[k]);
    return true;
}
