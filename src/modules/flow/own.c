/* Whose hosts are watched. Where nobody says, the flows do: a probe stands at the border of somebody's network, so that
 * nearly every flow has one end in few prefixes. Those prefixes are looked for, the largest share first. */
#include "base/hash.h"
#include "base/mem.h"
#include "modules/flow/flow_in.h"

#define SLOTS      ((size_t)1 << 16)
#define SHARE      5u  /* a prefix is ours from a fifth of the flows that are not explained yet */
#define LEFT_LEAST 50u /* flows, and less than a twentieth of all: not worth it */
#define LEARNT_MAX 16u
#define BITS4      16u
#define BITS6      48u

struct share {
    struct hn_ip net; /* family 0: free */
    uint64_t flows, asked;
};

struct learning {
    struct flow_state *s;
    struct share *slots;
    uint64_t left;
};

bool flow_is_own(const struct flow_state *s, const struct hn_ip *ip)
{
    for (size_t i = 0; i < s->n_internal; i++)
        if (hn_ip_in(ip, &s->internal[i].net, s->internal[i].bits))
            return true;
    return false;
}

static struct hn_ip prefix_of(const struct hn_ip *ip)
{
    struct hn_ip net = *ip;
    size_t keep = ip->family == 4 ? BITS4 / 8 : BITS6 / 8, n = ip->family == 4 ? 4 : 16;
    memset(net.b + keep, 0, n - keep);
    return net;
}

static void count(struct learning *l, const struct hn_ip *ip, uint64_t flows, bool asked)
{
    struct hn_ip net = prefix_of(ip);
    size_t at = hn_hash64(hn_bytes_of(net.b, sizeof net.b)) & (SLOTS - 1);
    for (size_t tries = 0; tries < 64; tries++, at = (at + 1) & (SLOTS - 1)) {
        struct share *e = &l->slots[at];
        if (!e->net.family)
            e->net = net;
        if (!hn_ip_eq(&e->net, &net))
            continue;
        e->flows += flows;
        e->asked += asked ? flows : 0;
        return;
    }
}

/* Shares of the flows that have no end of ours so far. */
static void count_all(struct learning *l)
{
    memset(l->slots, 0, SLOTS * sizeof *l->slots);
    l->left = 0;
    for (size_t i = 0; i < l->s->n_pairs; i++) {
        const struct flow_pair *p = &l->s->pairs[i];
        if (flow_is_own(l->s, &p->src) || flow_is_own(l->s, &p->dst) || flow_is_group(&p->dst))
            continue;
        struct hn_ip a = prefix_of(&p->src), b = prefix_of(&p->dst);
        l->left += p->n;
        count(l, &p->src, p->n, true);
        if (!hn_ip_eq(&a, &b))
            count(l, &p->dst, p->n, false);
    }
}

/* The most flows; among equals, who asks more than it is asked. */
static const struct share *largest(const struct learning *l)
{
    const struct share *best = NULL;
    for (size_t i = 0; i < SLOTS; i++) {
        const struct share *e = &l->slots[i];
        if (e->flows && (!best || e->flows > best->flows || (e->flows == best->flows && e->asked > best->asked)))
            best = e;
    }
    return best;
}

static void add(struct flow_state *s, const struct hn_ip *net, unsigned bits)
{
    if (s->n_internal < sizeof s->internal / sizeof *s->internal)
        s->internal[s->n_internal++] = (struct flow_net){*net, bits};
}

static void add_private(struct flow_state *s)
{
    static const char *const nets[] = {"10.0.0.0/8",     "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
                                       "169.254.0.0/16", "fc00::/7",      "fe80::/10"};
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++) {
        struct hn_ip net;
        unsigned bits;
        if (hn_ip_parse_prefix(hn_str_c(nets[i]), &net, &bits))
            add(s, &net, bits);
    }
}

/* The one host of a prefix that has nearly all of its flows, where there is one: its neighbours need not be ours. */
static bool alone_in(const struct flow_state *s, const struct share *e, struct hn_ip *ret)
{
    uint64_t most = 0, all = 0;
    for (size_t i = 0; i < s->n_hosts; i++) {
        struct hn_ip net = prefix_of(&s->hosts[i].ip);
        uint64_t n = (uint64_t)s->hosts[i].n_src + s->hosts[i].n_dst;
        if (!hn_ip_eq(&net, &e->net))
            continue;
        all += n;
        if (n > most) {
            most = n;
            *ret = s->hosts[i].ip;
        }
    }
    return most && most * 10 >= all * 9;
}

struct hn_err flow_own_learn(struct flow_state *s, struct hn_arena *a)
{
    if (s->n_internal)
        return HN_OK;
    struct learning l = {s, hn_arena_alloc(a, SLOTS * sizeof *l.slots), 0};
    if (!l.slots)
        return (struct hn_err){HN_E_NOMEM};
    add_private(s);
    for (unsigned round = 0; round < LEARNT_MAX; round++) {
        struct hn_ip one = {.family = 0};
        count_all(&l);
        const struct share *e = largest(&l);
        /* what is left must be worth it, and the prefix must stand out in it */
        if (!e || (l.left * 20 < s->flows && l.left < LEFT_LEAST) || e->flows * SHARE < l.left)
            break;
        if (alone_in(s, e, &one))
            add(s, &one, one.family == 4 ? 32 : 128);
        else
            add(s, &e->net, e->net.family == 4 ? BITS4 : BITS6);
    }
    return HN_OK;
}
