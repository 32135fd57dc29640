/* The tables of iptables without nf_tables, as the kernel hands them out (linux/netfilter_ipv4/ip_tables.h, and the
 * same for IPv6):
 *
 *   struct ipt_getinfo   name · hooks that it has · where the chain of each begins · and where its policy stands · …
 *   entries              struct ipt_entry: addresses, interfaces, protocol · offset of the target · of the next entry ·
 *                        counters, then matches, then the target, each u16 length · name[29] · u8 revision · its own
 *
 * A chain is a run of entries; a jump names an offset. Chains of one's own end with RETURN, behind each stands a target
 * "ERROR" with the name of the next. Read from a capture, so any offset may be wrong. */
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

#include "base/str.h"
#include "modules/sockets/eval.h"
#include "modules/sockets/xt.h"

#define TABLES_MAX 16u
#define EXTENSION  32u /* u16 length · name[29] · u8 revision */

/* What the two families share of an entry, in host byte order. */
struct entry {
    struct hn_bytes body; /* whole */
    size_t matches, target, next;
    struct hn_bytes source, iniface, outiface, inmask, outmask; /* source: masks of both addresses */
    uint16_t proto;
    bool goes, fragment, tos;
    uint8_t inverted; /* IPT_INV_*; those of IPv6 are the same */
};

static uint16_t u16_at(struct hn_bytes b, size_t at)
{
    return at + 2 <= b.n ? hn_nl_u16(hn_bytes_of(b.p + at, 2)) : 0;
}

static uint32_t u32_at(struct hn_bytes b, size_t at)
{
    return at + 4 <= b.n ? hn_nl_u32(hn_bytes_of(b.p + at, 4)) : 0;
}

static bool entry4(struct entry *e)
{
    struct ipt_entry h;
    if (e->body.n < sizeof h)
        return false;
    memcpy(&h, e->body.p, sizeof h);
    e->matches = sizeof h;
    e->target = h.target_offset;
    e->next = h.next_offset;
    e->source = hn_bytes_of(e->body.p + offsetof(struct ipt_ip, smsk), 8);
    e->proto = h.ip.proto;
    e->inverted = h.ip.invflags;
    e->fragment = h.ip.flags & IPT_F_FRAG;
    e->goes = h.ip.flags & IPT_F_GOTO;
    return true;
}

static bool entry6(struct entry *e)
{
    struct ip6t_entry h;
    if (e->body.n < sizeof h)
        return false;
    memcpy(&h, e->body.p, sizeof h);
    e->matches = sizeof h;
    e->target = h.target_offset;
    e->next = h.next_offset;
    e->source = hn_bytes_of(e->body.p + offsetof(struct ip6t_ip6, smsk), 32);
    e->proto = h.ipv6.flags & IP6T_F_PROTO ? h.ipv6.proto : 0;
    e->inverted = h.ipv6.invflags;
    e->tos = h.ipv6.flags & IP6T_F_TOS;
    e->goes = h.ipv6.flags & IP6T_F_GOTO;
    return true;
}

static bool entry_at(const struct xt_table *t, size_t at, struct entry *e)
{
    *e = (struct entry){.body = {0}};
    if (at >= t->entries.n)
        return false;
    e->body = hn_bytes_of(t->entries.p + at, t->entries.n - at);
    if (!(t->v6 ? entry6(e) : entry4(e)) || e->next > e->body.n || e->target + EXTENSION > e->next ||
        e->target < e->matches)
        return false;
    e->body.n = e->next;
    size_t names = t->v6 ? offsetof(struct ip6t_ip6, iniface) : offsetof(struct ipt_ip, iniface);
    e->iniface = hn_bytes_of(e->body.p + names, IFNAMSIZ);
    e->outiface = hn_bytes_of(e->iniface.p + IFNAMSIZ, IFNAMSIZ);
    e->inmask = hn_bytes_of(e->outiface.p + IFNAMSIZ, IFNAMSIZ);
    e->outmask = hn_bytes_of(e->inmask.p + IFNAMSIZ, IFNAMSIZ);
    return true;
}

/* ---------------------------------------------------------------- reading */

static struct hn_bytes extension_name(struct hn_bytes b)
{
    return hn_nl_text(hn_bytes_of(b.p + 2, EXTENSION - 3));
}

static struct hn_bytes target_of(const struct entry *e)
{
    return hn_bytes_of(e->body.p + e->target, e->next - e->target);
}

/* Chains and rules as iptables-save would list them: policies and the ends of chains are entries, but no rules. */
static void count(struct sockets_state *st, const struct xt_table *t)
{
    struct entry e;
    size_t entries = 0, heads = 0, hooks = (size_t)__builtin_popcount(t->hooks);
    for (size_t at = 0; entry_at(t, at, &e); at += e.next) {
        entries++;
        heads += hn_bytes_eqc(extension_name(target_of(&e)), "ERROR");
    }
    size_t own = heads ? heads - 1 : 0, ends = hooks + 2 * own + 1;
    st->xt.n_tables++;
    st->xt.n_chains += hooks + own;
    st->xt.n_rules += entries > ends ? entries - ends : 0;
}

static void add(struct sockets_state *st, const struct hn_rec *r, struct hn_bytes all)
{
    struct ipt_getinfo info;
    struct xt_table *t = st->xt.n_tables < TABLES_MAX ? HN_NEW(hn_parse_arena(st->p), struct xt_table) : NULL;
    if (!t || all.n < sizeof info) {
        st->xt.incomplete = true;
        hn_parse_malformed(st->p, r->path, 0, "a table of iptables is cut short");
        return;
    }
    memcpy(&info, all.p, sizeof info);
    *t = (struct xt_table){.next = st->xt.tables,
                           .v6 = memmem(r->path.p, r->path.n, ":ip6/", 5) != NULL,
                           .hooks = info.valid_hooks & 31u,
                           .entries = hn_bytes_of(all.p + sizeof info, all.n - sizeof info)};
    memcpy(t->begins, info.hook_entry, sizeof t->begins);
    memcpy(t->policies, info.underflow, sizeof t->policies);
    st->xt.tables = t;
    count(st, t);
}

void sockets_xt(struct sockets_state *st, const struct hn_rec *r)
{
    struct hn_buf *b = &st->xt.partial;
    if (hn_str_eqc(r->tag, "xt-end")) {
        st->xt.read = true;
        return;
    }
    if (r->offset == 0)
        hn_buf_clear(b);
    hn_buf_add(b, r->data.p, r->data.n);
    if (r->more)
        return;
    add(st, r, hn_arena_bytes(hn_parse_arena(st->p), hn_bytes_of(b->p, b->n)));
    hn_buf_clear(b);
}

/* ---------------------------------------------------------------- judging */

static bool any_set(struct hn_bytes mask)
{
    for (size_t i = 0; i < mask.n; i++) {
        if (mask.p[i])
            return true;
    }
    return false;
}

/* Packets from outside never come in on the loopback interface. */
static enum tri interface_in(const struct entry *e)
{
    if (!any_set(e->inmask))
        return YES;
    bool lo = memcmp(e->iniface.p, "lo", 3) == 0 && e->inmask.p[0] && e->inmask.p[1] && e->inmask.p[2];
    enum tri hit = lo ? NO : SOME;
    return e->inverted & IPT_INV_VIA_IN ? sockets_not(hit) : hit;
}

static enum tri header(const struct packet *p, const struct entry *e)
{
    enum tri t = interface_in(e);
    if (any_set(e->outmask)) /* at these hooks there is no interface to go out by */
        t = sockets_and(t, e->inverted & IPT_INV_VIA_OUT ? YES : NO);
    if (any_set(e->source) || e->tos)
        t = sockets_and(t, SOME);
    if (e->proto)
        t = sockets_and(t, (e->proto == p->proto) != !!(e->inverted & IPT_INV_PROTO) ? YES : NO);
    if (e->fragment) /* later fragments only */
        t = sockets_and(t, e->inverted & IPT_INV_FRAG ? YES : NO);
    return t;
}

static enum tri matches(const struct packet *p, const struct entry *e)
{
    enum tri t = header(p, e);
    for (size_t at = e->matches; t != NO && at < e->target;) {
        size_t n = u16_at(e->body, at);
        if (n < EXTENSION || n > e->target - at)
            return UNKNOWN;
        struct hn_bytes m = hn_bytes_of(e->body.p + at, n);
        t = sockets_and(
            t, sockets_xt_match(p, extension_name(m), m.p[EXTENSION - 1], hn_bytes_of(m.p + EXTENSION, n - EXTENSION)));
        at += n;
    }
    return t;
}

static unsigned walk(const struct packet *p, const struct xt_table *t, size_t at, unsigned depth);

/* A verdict, written as −(code + 1), or the offset of a chain. */
static unsigned standard(const struct packet *p, const struct xt_table *t, size_t at, const struct entry *e,
                         unsigned depth)
{
    uint32_t raw = u32_at(target_of(e), EXTENSION);
    if (raw == (uint32_t)(-NF_DROP - 1))
        return OUT_DROP;
    if (raw == (uint32_t)(-NF_ACCEPT - 1))
        return OUT_ACCEPT;
    if (raw == (uint32_t)XT_RETURN)
        return OUT_NEXT | OUT_LEAVES;
    if (raw > INT32_MAX)
        return OUT_ACCEPT | OUT_DROP | OUT_GUESS; /* to a queue */
    if (raw == at + e->next)
        return 0; /* a rule without a target */
    return walk(p, t, raw, depth + 1) | (e->goes ? OUT_LEAVES : 0);
}

static unsigned walk(const struct packet *p, const struct xt_table *t, size_t at, unsigned depth)
{
    struct entry e;
    unsigned out = 0;
    while (depth <= DEPTH_MAX && p->st->budget && entry_at(t, at, &e)) {
        struct hn_bytes name = extension_name(target_of(&e));
        p->st->budget--;
        enum tri match = matches(p, &e);
        unsigned verdict = match == NO ? 0 : name.n == 0 ? standard(p, t, at, &e, depth) : sockets_xt_target(name);
        if (sockets_add_verdict(&out, match, verdict))
            return out;
        at += e.next;
    }
    return out | OUT_ACCEPT | OUT_DROP | OUT_GUESS; /* fell out of the table, or too deep */
}

static unsigned policy(const struct xt_table *t, unsigned hook)
{
    struct entry e;
    uint32_t verdict = entry_at(t, t->policies[hook], &e) ? u32_at(target_of(&e), EXTENSION) : 0;
    return verdict == (uint32_t)(-NF_DROP - 1)     ? OUT_DROP
           : verdict == (uint32_t)(-NF_ACCEPT - 1) ? OUT_ACCEPT
                                                   : OUT_ACCEPT | OUT_DROP | OUT_GUESS;
}

/* The hooks that a packet to this host passes. */
static const unsigned hooks[] = {NF_INET_PRE_ROUTING, NF_INET_LOCAL_IN};

unsigned sockets_xt_eval(const struct packet *p)
{
    unsigned all = OUT_ACCEPT;
    for (const struct xt_table *t = p->st->xt.tables; t; t = t->next) {
        for (size_t i = 0; i < sizeof hooks / sizeof hooks[0]; i++) {
            if (t->v6 != p->v6 || !(t->hooks & 1u << hooks[i]))
                continue;
            unsigned out = walk(p, t, t->begins[hooks[i]], 0);
            if (out & OUT_NEXT)
                out |= policy(t, hooks[i]);
            if (!(out & OUT_ACCEPT))
                return OUT_DROP;
            all |= out & (OUT_DROP | OUT_GUESS);
        }
    }
    return all;
}

bool sockets_xt_filters(const struct sockets_state *st)
{
    for (const struct xt_table *t = st->xt.tables; t; t = t->next) {
        for (size_t i = 0; i < sizeof hooks / sizeof hooks[0]; i++) {
            unsigned hook = hooks[i];
            if (t->hooks & 1u << hook && (t->begins[hook] != t->policies[hook] || policy(t, hook) != OUT_ACCEPT))
                return true;
        }
    }
    return false;
}
