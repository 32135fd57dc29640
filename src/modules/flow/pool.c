/* Who else? How many hosts of ours use the network (/24, /48) that a peer is in; and channels that hide behind a
 * content network, where every contact goes to another of its addresses.
 *
 *   pairs of one host with one network and port ─▶ contacts of the commonest size ─▶ rhythm ─▶ does anybody else do so?
 *
 * A poll of one size that many hosts have is a program that many hosts have. */
#include <stdlib.h>

#include "base/hash.h"
#include "modules/flow/flow_in.h"

#define BITS4          24u
#define BITS6          48u
#define POPULAR_LEAST  5u
#define POOL_LEAST     3u /* addresses */
#define CONTACTS_LEAST 30u
#define CONTACTS_MOST  ((size_t)1 << 16)
#define STEADY_LEAST   0.5
#define ALIKE_MOST     3u

struct hn_ip flow_network_of(const struct hn_ip *ip)
{
    struct hn_ip net = *ip;
    size_t keep = ip->family == 4 ? BITS4 / 8 : BITS6 / 8, n = ip->family == 4 ? 4 : 16;
    memset(net.b + keep, 0, n - keep);
    return net;
}

/* ---------------------------------------------------------------- users of networks */

static struct flow_network *slot_of(const struct flow_state *s, const struct hn_ip *net)
{
    size_t at = hn_hash64(hn_bytes_of(net->b, sizeof net->b)) & (s->n_networks - 1);
    while (s->networks[at].net.family && !hn_ip_eq(&s->networks[at].net, net))
        at = (at + 1) & (s->n_networks - 1);
    return &s->networks[at];
}

static bool goes_out(const struct flow_state *s, const struct flow_pair *p)
{
    return (p->proto == 6 || p->proto == 17) && flow_is_own(s, &p->src) && !flow_is_own(s, &p->dst) &&
           !flow_is_group(&p->dst);
}

struct hn_err flow_networks_learn(struct flow_state *s, struct hn_arena *a)
{
    s->n_networks = 64;
    while (s->n_networks < 2 * s->n_pairs)
        s->n_networks *= 2;
    s->networks = hn_arena_alloc(a, s->n_networks * sizeof *s->networks);
    if (!s->networks)
        return (struct hn_err){HN_E_NOMEM};
    memset(s->networks, 0, s->n_networks * sizeof *s->networks);
    for (size_t i = 0; i < s->n_pairs; i++) {
        const struct flow_pair *p = &s->pairs[i];
        if (!goes_out(s, p))
            continue;
        struct hn_ip net = flow_network_of(&p->dst);
        struct flow_network *n = slot_of(s, &net);
        n->net = net;
        flow_mark(n->users, 4, p->src.b, sizeof p->src.b);
    }
    s->own_hosts = 0;
    for (size_t i = 0; i < s->n_hosts; i++)
        s->own_hosts += s->hosts[i].n_src && flow_is_own(s, &s->hosts[i].ip);
    return HN_OK;
}

unsigned flow_network_users(const struct flow_state *s, const struct hn_ip *ip)
{
    struct hn_ip net = flow_network_of(ip);
    return s->networks ? flow_distinct(slot_of(s, &net)->users, 4) : 0;
}

/* ---------------------------------------------------------------- pools */

struct contact {
    hn_time at;
    uint32_t octets;
};

/* What one host says to one network on one port. */
struct group {
    struct hn_ip net;
    uint16_t port;
    uint32_t n, octets; /* contacts of the commonest size; that size */
};

struct pools {
    struct flow_state *s;
    struct hn_arena *a;
    const struct flow_pair **list;
    struct contact *room;
    struct flow_suspect *out;
    struct group *groups, *out_groups; /* all; those of `out` */
    size_t n, n_out, n_groups;
};

static int compare(const struct flow_pair *p, const struct flow_pair *q)
{
    struct hn_ip np = flow_network_of(&p->dst), nq = flow_network_of(&q->dst);
    int c = memcmp(p->src.b, q->src.b, 16);
    c = c ? c : memcmp(np.b, nq.b, 16);
    c = c ? c : p->port - q->port;
    return c ? c : p->proto - q->proto;
}

static int by_group(const void *a, const void *b)
{
    const struct flow_pair *p = *(const struct flow_pair *const *)a, *q = *(const struct flow_pair *const *)b;
    int c = compare(p, q);
    c = c ? c : p->n > q->n ? -1 : p->n < q->n; /* the busiest address stands for all */
    return c ? c : memcmp(p->dst.b, q->dst.b, 16);
}

static int by_octets(const void *a, const void *b)
{
    const struct contact *x = a, *y = b;
    return (x->octets > y->octets) - (x->octets < y->octets);
}

static int by_time(const void *a, const void *b)
{
    const struct contact *x = a, *y = b;
    return (x->at > y->at) - (x->at < y->at);
}

static size_t gather(struct pools *g, size_t from, size_t to)
{
    size_t n = 0;
    for (size_t i = from; i < to; i++) {
        const struct flow_pair *p = g->list[i];
        uint32_t kept = p->n_times < p->cap_times ? p->n_times : p->cap_times;
        for (uint32_t k = 0; k < kept && n < CONTACTS_MOST; k++)
            g->room[n++] = (struct contact){p->times[k], p->octets[k]};
    }
    return n;
}

/* The longest stretch of contacts, by size, that differ by less than a twelfth; moved to the front, by time. */
static size_t of_one_size(struct contact *c, size_t n)
{
    size_t best = 0, at = 0;
    qsort(c, n, sizeof *c, by_octets);
    for (size_t i = 0, k = 0; i < n; i++) {
        while (c[i].octets - c[k].octets > c[i].octets / 12)
            k++;
        if (i - k + 1 > best) {
            best = i - k + 1;
            at = k;
        }
    }
    memmove(c, c + at, best * sizeof *c);
    qsort(c, best, sizeof *c, by_time);
    return best;
}

/* What would have been kept of these contacts had they gone to one address. */
static struct flow_pair *as_one_pair(struct pools *g, const struct flow_pair *first, size_t n)
{
    struct flow_pair *p = hn_arena_alloc(g->a, sizeof *p);
    size_t kept = n < FLOW_TIMES ? n : FLOW_TIMES;
    hn_time *times = hn_arena_alloc(g->a, kept * sizeof *times);
    if (!p || !times)
        return NULL;
    *p = *first;
    p->times = times;
    p->n = p->answered = p->n_times = (uint32_t)n;
    p->cap_times = (uint32_t)kept;
    p->failed = 0;
    p->first = p->from = g->room[0].at;
    p->last = p->end = g->room[n - 1].at;
    p->bins = p->bytes = 0;
    p->spoken = p->longest = 0;
    p->bin = HN_MINUTE;
    for (size_t i = 0; i < n; i++) {
        p->times[i % kept] = g->room[i].at;
        p->bytes += g->room[i].octets;
        flow_bin(p, g->room[i].at);
    }
    return p;
}

static void judge(struct pools *g, size_t from, size_t to)
{
    struct flow_suspect x = {.kind = FLOW_BEACON, .peers = 1, .pool = (unsigned)(to - from)};
    if (flow_network_users(g->s, &g->list[from]->dst) < POPULAR_LEAST)
        return;
    size_t all = gather(g, from, to), n = of_one_size(g->room, all);
    struct group group = {flow_network_of(&g->list[from]->dst), g->list[from]->port, (uint32_t)n, g->room[0].octets};
    g->groups[g->n_groups++] = group;
    struct flow_pair *p = n < CONTACTS_LEAST || to - from < POOL_LEAST ? NULL : as_one_pair(g, g->list[from], n);
    if (!p)
        return;
    x.pair = p;
    x.same_size = (double)n / (double)all;
    flow_rhythm_of(p, &x.rhythm);
    if (x.rhythm.steady >= STEADY_LEAST) {
        g->out_groups[g->n_out] = group;
        g->out[g->n_out++] = x;
    }
}

/* How many of ours, it included, say something of the same size to the same network again and again? */
static unsigned alike(const struct pools *g, const struct group *x)
{
    unsigned n = 0;
    for (size_t i = 0; i < g->n_groups; i++) {
        const struct group *y = &g->groups[i];
        uint32_t apart = x->octets > y->octets ? x->octets - y->octets : y->octets - x->octets;
        n += y->n * 5 >= x->n && x->port == y->port && hn_ip_eq(&x->net, &y->net) && apart <= x->octets / 8;
    }
    return n;
}

static bool in_pools(const struct flow_state *s, const struct flow_pair *p)
{
    return p->n >= 3 && goes_out(s, p) && !flow_is_role(p) && !flow_never_answers(p);
}

size_t flow_pools(struct flow_state *s, struct hn_arena *a, struct flow_suspect **ret)
{
    struct pools g = {.s = s, .a = a};
    for (size_t i = 0; i < s->n_pairs; i++)
        g.n += in_pools(s, &s->pairs[i]);
    g.list = hn_arena_alloc(a, (g.n + 1) * sizeof *g.list);
    g.out = *ret = hn_arena_alloc(a, (g.n / POOL_LEAST + 1) * sizeof *g.out);
    g.out_groups = hn_arena_alloc(a, (g.n / POOL_LEAST + 1) * sizeof *g.out_groups);
    g.groups = hn_arena_alloc(a, (g.n + 1) * sizeof *g.groups);
    g.room = hn_arena_alloc(a, CONTACTS_MOST * sizeof *g.room);
    if (!g.list || !g.out || !g.out_groups || !g.groups || !g.room)
        return 0;
    for (size_t i = g.n = 0; i < s->n_pairs; i++)
        if (in_pools(s, &s->pairs[i]))
            g.list[g.n++] = &s->pairs[i];
    if (g.n)
        qsort(g.list, g.n, sizeof *g.list, by_group);
    for (size_t i = 0, k; i < g.n; i = k) {
        for (k = i + 1; k < g.n && compare(g.list[i], g.list[k]) == 0; k++)
            ;
        judge(&g, i, k);
    }
    size_t kept = 0, n = g.n_out;
    struct flow_suspect *alone = hn_arena_alloc(a, (n + 1) * sizeof *alone);
    for (size_t i = 0; alone && i < n; i++)
        if (alike(&g, &g.out_groups[i]) <= ALIKE_MOST)
            alone[kept++] = g.out[i];
    *ret = alone;
    return kept;
}
