/* Sums over sources: which tool a source used, and the groups that campaigns are made of. */
#include <math.h>

#include "base/mem.h"
#include "modules/telescope/telescope.h"

#define PROBES 64u

/* ---------------------------------------------------------------- the tool of a source */

/* Candidates prove nothing by themselves: one SYN in 65,536 has the identification that ZMap and masscan give. Two in a
 * source that sends hardly anything else are proof; single ones count when, over all sources, they are far more than
 * chance makes. */
#define CHANCE_FACTOR 20u

static bool consistent(const struct telescope_source *s)
{
    uint32_t n = s->weak_n < UINT16_MAX ? s->weak_n : UINT16_MAX;
    return n >= 2 && n * 2 > s->syn_n;
}

static bool behaves(const struct telescope_source *s)
{
    switch (s->weak) {
    case FP_ZMAP:
    case FP_MASSCAN:
        return consistent(s) &&
               s->traits & TRAIT_SEQ; /* their numbers differ by target; the same packet again proves nothing */
    case FP_NMAP:
        return s->flags & SOURCE_PROVEN && consistent(s);
    case FP_ZMAP4:
        return s->flags & SOURCE_ORDER && consistent(s);
    default:
        return false;
    }
}

enum telescope_fp telescope_settled(const struct telescope_source *s, unsigned accepted)
{
    if (s->fps)
        return (enum telescope_fp)__builtin_ctz(s->fps);
    if (s->weak_n && behaves(s))
        return (enum telescope_fp)s->weak;
    if (s->weak_n == 1 && s->syn_n == 1 && accepted >> s->weak & 1)
        return (enum telescope_fp)s->weak;
    return FP_NONE;
}

/* Which single candidates are more than chance? One SYN in 65,536 that could be one is. */
unsigned telescope_accepted(const struct telescope_engine *e)
{
    uint64_t zmap = 0, masscan = 0;
    for (unsigned i = 0; i < TELESCOPE_CELLS; i++) {
        zmap += e->cells[i].once[FP_ZMAP];
        masscan += e->cells[i].once[FP_MASSCAN];
    }
    return (zmap * 65536 > e->sum.plain * CHANCE_FACTOR ? 1u << FP_ZMAP : 0u) |
           (masscan * 65536 > e->sum.plain1024 * CHANCE_FACTOR ? 1u << FP_MASSCAN : 0u);
}

/* ---------------------------------------------------------------- groups */

uint64_t telescope_label(const struct telescope_source *s, unsigned accepted)
{
    enum telescope_fp fp = telescope_settled(s, accepted);
    return fp != FP_NONE ? (uint64_t)fp + 1 : s->sig ? s->sig | GROUP_UNKNOWN : 0;
}

uint8_t telescope_proto(const struct telescope_source *s)
{
    return s->traits & TRAIT_TCP ? 6 : s->traits & TRAIT_UDP ? 17 : 1;
}

static uint32_t group_hash(uint64_t label, uint8_t proto, uint16_t port)
{
    return telescope_mix((uint32_t)label ^ telescope_mix((uint32_t)(label >> 32) << 24 | (uint32_t)proto << 16 | port));
}

/* Where the group stands, or the free place that it would get; NULL: neither is near by. */
static struct telescope_group *group_place(const struct telescope_fold *f, uint64_t label, uint8_t proto, uint16_t port)
{
    if (!f->groups)
        return NULL;
    uint32_t i = telescope_place(group_hash(label, proto, port), f->groups_cap);
    for (unsigned n = 0; n < PROBES; n++, i = i + 1 == f->groups_cap ? 0 : i + 1) {
        struct telescope_group *g = &f->groups[i];
        if (!g->used || (g->label == label && g->proto == proto && g->port == port))
            return g;
    }
    return NULL;
}

const struct telescope_group *telescope_group_find(const struct telescope_fold *f, uint64_t label, uint8_t proto,
                                                   uint16_t port)
{
    const struct telescope_group *g = group_place(f, label, proto, port);
    return g && g->used ? g : NULL;
}

struct telescope_group *telescope_group_get(struct telescope_fold *f, uint64_t label, uint8_t proto, uint16_t port)
{
    struct telescope_group *g = group_place(f, label, proto, port);
    if (g && !g->used) {
        *g = (struct telescope_group){.label = label, .proto = proto, .port = port, .used = 1, .first = UINT32_MAX};
        f->n_groups++;
    }
    return g;
}

/* The hours of a source stand in 64 bits, newest lowest. */
static void group_hours(struct telescope_group *g, const struct telescope_source *s, uint32_t hour)
{
    uint32_t back = hour - s->last / 3600;
    if (s->last / 3600 > hour || back >= 24)
        return;
    for (uint64_t bits = s->hours & ((1u << (24 - back)) - 1); bits; bits &= bits - 1)
        g->hours[back + (unsigned)__builtin_ctzll(bits)]++;
}

static void group_add(struct telescope_group *g, const struct telescope_source *s)
{
    g->sources++;
    g->packets += s->packets;
    g->first = s->first < g->first ? s->first : g->first;
    g->last = s->last > g->last ? s->last : g->last;
    g->day_hours |= 1u << s->last / 3600 % 24;
    telescope_hll_add(g->spread, 6, telescope_mix(s->key >> 8));
}

bool telescope_fold_source(struct telescope_fold *f, const struct telescope_source *s, unsigned accepted)
{
    if (!f->groups) {
        f->groups_cap = f->groups_cap ? f->groups_cap : TELESCOPE_CAMPAIGNS;
        f->groups = hn_alloc_zero(f->groups_cap * sizeof(*f->groups));
        if (!f->groups)
            return false;
    }
    bool proven = s->fps >> s->weak & 1; /* by other packets, with which the source was counted */
    if (s->weak_n && (proven || behaves(s))) {
        f->many[s->weak].packets += s->weak_n;
        f->many[s->weak].sources += !proven;
        f->many[s->weak].confirmed += !proven;
    }
    f->scanners += (s->flags & SOURCE_SCANNER) != 0;
    uint64_t label = telescope_label(s, accepted);
    if (!label || !(s->traits & (TRAIT_TCP | TRAIT_UDP | TRAIT_ICMP)))
        return true;
    struct telescope_group *g = telescope_group_get(f, label, telescope_proto(s), s->port_major);
    if (!g) {
        f->groups_dropped++;
        return true;
    }
    group_add(g, s);
    if (f->hour)
        group_hours(g, s, f->hour);
    return true;
}

void telescope_fold_done(struct telescope_fold *f)
{
    hn_free(f->groups);
    f->groups = NULL;
}

void telescope_fold_merge(struct telescope_fold *a, const struct telescope_fold *b)
{
    for (unsigned i = 0; i < FP_COUNT; i++) {
        a->many[i].packets += b->many[i].packets;
        a->many[i].sources += b->many[i].sources;
        a->many[i].confirmed += b->many[i].confirmed;
    }
    a->scanners += b->scanners;
    a->groups_dropped += b->groups_dropped;
    if (!b->groups)
        return;
    if (!a->groups) {
        a->groups_cap = a->groups_cap ? a->groups_cap : TELESCOPE_CAMPAIGNS;
        a->groups = hn_alloc_zero(a->groups_cap * sizeof(*a->groups));
    }
    for (uint32_t i = 0; i < b->groups_cap; i++) {
        const struct telescope_group *from = &b->groups[i];
        struct telescope_group *g = from->used ? telescope_group_get(a, from->label, from->proto, from->port) : NULL;
        if (!g) {
            a->groups_dropped += from->used ? from->sources : 0;
            continue;
        }
        g->sources += from->sources;
        g->packets += from->packets;
        g->first = from->first < g->first ? from->first : g->first;
        g->last = from->last > g->last ? from->last : g->last;
        g->day_hours |= from->day_hours;
        for (unsigned k = 0; k < sizeof g->spread; k++)
            g->spread[k] = from->spread[k] > g->spread[k] ? from->spread[k] : g->spread[k];
        for (unsigned h = 0; h < sizeof g->hours / sizeof g->hours[0]; h++)
            g->hours[h] += from->hours[h];
    }
}

/* ---------------------------------------------------------------- estimates */

/* Linear counting with n bits (Whang et al.): good to a few per cent up to about 1.5 n, then a lower bound. */
unsigned telescope_estimate(uint64_t bits, unsigned n)
{
    int empty = (int)n - __builtin_popcountll(bits);
    return (unsigned)lround(n * log(n / (empty ? empty : 0.5)));
}

/* HyperLogLog (Flajolet et al.) with linear counting while it is sparse; relative error 1.04 / sqrt(registers). */
uint64_t telescope_hll_count(const uint8_t *regs, unsigned log2_n)
{
    unsigned n = 1u << log2_n, empty = 0;
    double sum = 0;
    for (unsigned i = 0; i < n; i++) {
        sum += ldexp(1.0, -regs[i]);
        empty += regs[i] == 0;
    }
    double alpha = n <= 64 ? 0.709 : 0.7213 / (1 + 1.079 / n), est = alpha * n * n / sum;
    if (est <= 2.5 * n && empty)
        est = n * log((double)n / empty);
    else if (est > 143165576.0) /* 2^32 / 30: hashes begin to collide */
        est = -4294967296.0 * log(1 - est / 4294967296.0);
    return (uint64_t)llround(est);
}
