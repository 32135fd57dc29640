/* What the rule set does with the first packet of a connection from outside to one port. Every match is yes, no, for
 * some senders, or not understood; a chain gives the set of outcomes that are possible. Only what is certain is
 * claimed: with nothing but "drop" possible a port is blocked, with nothing but "accept" it is open, with both it
 * depends on the sender (filtered) or, when a rule that is not understood decides, it is unknown. */
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>

#include "base/str.h"
#include "modules/sockets/eval.h"
#include "modules/sockets/nft.h"

#define REGISTERS 20
#define BUDGET    200000u

enum value { VAL_UNKNOWN, VAL_CONST, VAL_SENDER /* depends on who sends */, VAL_IIF, VAL_IIFNAME };

struct reg {
    enum value kind;
    uint8_t b[16];
    size_t n;
};

struct run {
    const struct packet *p;
    const struct nft_chain *chain;
    struct reg regs[REGISTERS];
    enum tri match;
    unsigned out; /* of the verdict, 0 = none yet */
};

static unsigned eval_chain(const struct packet *p, const struct nft_chain *ch, unsigned depth);

/* NFT_REG_1…4 are four 16-byte registers over the sixteen 4-byte ones NFT_REG32_00…15. */
static struct reg *reg_of(struct run *r, struct hn_bytes number)
{
    uint32_t n = hn_nl_be32(number);
    if (n >= NFT_REG_1 && n <= NFT_REG_4)
        return &r->regs[(n - NFT_REG_1) * 4];
    if (n >= NFT_REG32_00 && n <= NFT_REG32_15)
        return &r->regs[n - NFT_REG32_00];
    return &r->regs[REGISTERS - 1]; /* a spare one that nothing reads as known */
}

static void set_const(struct reg *r, const void *p, size_t n)
{
    r->kind = n && n <= sizeof(r->b) ? VAL_CONST : VAL_UNKNOWN;
    r->n = r->kind == VAL_CONST ? n : 0;
    if (r->n)
        memcpy(r->b, p, n);
}

static void set_kind(struct reg *r, enum value kind)
{
    *r = (struct reg){.kind = kind};
}

static struct hn_bytes data_value(struct hn_bytes nested)
{
    struct hn_cur c = hn_nl_nested(nested);
    return hn_nl_find(&c, NFTA_DATA_VALUE);
}

/* ---------------------------------------------------------------- loading */

static void do_meta(struct run *r, const struct hn_cur *e)
{
    struct hn_bytes dreg = hn_nl_find(e, NFTA_META_DREG);
    struct reg *to = reg_of(r, dreg);
    const uint8_t nfproto = r->p->v6 ? 10 : 2;
    if (!dreg.n)
        return; /* sets something on the packet */
    switch (hn_nl_be32(hn_nl_find(e, NFTA_META_KEY))) {
    case NFT_META_L4PROTO:
        set_const(to, &r->p->proto, 1);
        break;
    case NFT_META_NFPROTO:
        set_const(to, &nfproto, 1);
        break;
    case NFT_META_PROTOCOL:
        set_const(to, r->p->v6 ? "\x86\xdd" : "\x08\x00", 2);
        break;
    case NFT_META_IIF:
        set_kind(to, VAL_IIF);
        break;
    case NFT_META_IIFNAME:
        set_kind(to, VAL_IIFNAME);
        break;
    case NFT_META_IIFTYPE:
    case NFT_META_IIFGROUP:
    case NFT_META_PKTTYPE:
    case NFT_META_LEN:
        set_kind(to, VAL_SENDER);
        break;
    default:
        set_kind(to, VAL_UNKNOWN);
    }
}

static void do_payload(struct run *r, const struct hn_cur *e)
{
    uint32_t base = hn_nl_be32(hn_nl_find(e, NFTA_PAYLOAD_BASE)), at = hn_nl_be32(hn_nl_find(e, NFTA_PAYLOAD_OFFSET)),
             len = hn_nl_be32(hn_nl_find(e, NFTA_PAYLOAD_LEN));
    struct hn_bytes dreg = hn_nl_find(e, NFTA_PAYLOAD_DREG);
    struct reg *to = reg_of(r, dreg);
    const uint8_t port[2] = {(uint8_t)(r->p->port >> 8), (uint8_t)r->p->port}, syn = TCP_SYN;
    if (!dreg.n)
        return;
    if (base == NFT_PAYLOAD_TRANSPORT_HEADER && at == 2 && len == 2)
        set_const(to, port, 2);
    else if (base == NFT_PAYLOAD_TRANSPORT_HEADER && at == 0 && len == 2)
        set_kind(to, VAL_SENDER); /* source port */
    else if (base == NFT_PAYLOAD_TRANSPORT_HEADER && at == 13 && len == 1 && r->p->proto == SOCKETS_TCP)
        set_const(to, &syn, 1);
    else if (base == NFT_PAYLOAD_NETWORK_HEADER && at == 9 && len == 1 && !r->p->v6)
        set_const(to, &r->p->proto, 1);
    else if (base == NFT_PAYLOAD_NETWORK_HEADER && at == 6 && len == 1 && r->p->v6)
        set_const(to, &r->p->proto, 1);
    else if (base == NFT_PAYLOAD_NETWORK_HEADER || base == NFT_PAYLOAD_LL_HEADER)
        set_kind(to, VAL_SENDER); /* addresses: of the sender, or one of ours */
    else
        set_kind(to, VAL_UNKNOWN);
}

static void do_ct(struct run *r, const struct hn_cur *e)
{
    struct hn_bytes dreg = hn_nl_find(e, NFTA_CT_DREG);
    const uint32_t state = CT_STATE_NEW;
    if (!dreg.n)
        return;
    if (hn_nl_be32(hn_nl_find(e, NFTA_CT_KEY)) == NFT_CT_STATE)
        set_const(reg_of(r, dreg), &state, sizeof(state));
    else
        set_kind(reg_of(r, dreg), VAL_UNKNOWN);
}

static void do_bitwise(struct run *r, const struct hn_cur *e)
{
    struct reg *from = reg_of(r, hn_nl_find(e, NFTA_BITWISE_SREG)), *to = reg_of(r, hn_nl_find(e, NFTA_BITWISE_DREG));
    struct hn_bytes mask = data_value(hn_nl_find(e, NFTA_BITWISE_MASK)),
                    flip = data_value(hn_nl_find(e, NFTA_BITWISE_XOR));
    struct reg v = *from;
    if (v.kind == VAL_CONST && (mask.n != v.n || flip.n != v.n))
        v.kind = VAL_UNKNOWN; /* a shift, or a newer operation */
    for (size_t i = 0; v.kind == VAL_CONST && i < v.n; i++)
        v.b[i] = (uint8_t)((v.b[i] & mask.p[i]) ^ flip.p[i]);
    *to = v;
}

/* ---------------------------------------------------------------- matching */

static enum tri compare(const struct reg *v, uint32_t op, struct hn_bytes with)
{
    if (v->kind == VAL_SENDER)
        return SOME;
    if (v->kind == VAL_IIF || v->kind == VAL_IIFNAME) {
        /* packets from outside never come in on the loopback interface, whose index is 1 */
        bool lo = v->kind == VAL_IIF ? hn_nl_u32(with) == 1 : hn_bytes_eqc(hn_nl_text(with), "lo");
        if (op == NFT_CMP_EQ || op == NFT_CMP_NEQ)
            return lo ? (op == NFT_CMP_EQ ? NO : YES) : SOME;
        return SOME;
    }
    if (v->kind != VAL_CONST || with.n != v->n)
        return UNKNOWN;
    int d = memcmp(v->b, with.p, v->n);
    switch (op) {
    case NFT_CMP_EQ:
        return d == 0 ? YES : NO;
    case NFT_CMP_NEQ:
        return d != 0 ? YES : NO;
    case NFT_CMP_LT:
        return d < 0 ? YES : NO;
    case NFT_CMP_LTE:
        return d <= 0 ? YES : NO;
    case NFT_CMP_GT:
        return d > 0 ? YES : NO;
    case NFT_CMP_GTE:
        return d >= 0 ? YES : NO;
    default:
        return UNKNOWN;
    }
}

static enum tri do_range(struct run *r, const struct hn_cur *e)
{
    const struct reg *v = reg_of(r, hn_nl_find(e, NFTA_RANGE_SREG));
    enum tri in = sockets_and(compare(v, NFT_CMP_GTE, data_value(hn_nl_find(e, NFTA_RANGE_FROM_DATA))),
                              compare(v, NFT_CMP_LTE, data_value(hn_nl_find(e, NFTA_RANGE_TO_DATA))));
    return hn_nl_be32(hn_nl_find(e, NFTA_RANGE_OP)) == NFT_RANGE_NEQ ? sockets_not(in) : in;
}

/* The element that holds a constant key: equal, or for intervals the last beginning that is not above it, unless an end
 * mark comes after that. */
static const struct nft_element *element_of(const struct nft_set *set, const struct reg *v)
{
    const struct nft_element *best = NULL;
    for (const struct nft_element *e = set->elements; e; e = e->next) {
        if (e->key.n != v->n)
            continue;
        int d = memcmp(e->key.p, v->b, v->n);
        if (!(set->flags & NFT_SET_INTERVAL)) {
            if (d == 0)
                return e;
            continue;
        }
        if (e->key_end.n == v->n) {
            if (d <= 0 && memcmp(v->b, e->key_end.p, v->n) <= 0)
                return e;
            continue;
        }
        int order = best ? memcmp(e->key.p, best->key.p, v->n) : 1;
        /* at the same key a beginning wins over the end of the interval before */
        if (d <= 0 && (order > 0 || (order == 0 && !(e->flags & NFT_SET_ELEM_INTERVAL_END))))
            best = e;
    }
    return best && !(best->flags & NFT_SET_ELEM_INTERVAL_END) ? best : NULL;
}

static void do_verdict(struct run *r, struct hn_bytes nested, unsigned depth);

static enum tri do_lookup(struct run *r, const struct hn_cur *e, unsigned depth)
{
    struct reg *v = reg_of(r, hn_nl_find(e, NFTA_LOOKUP_SREG));
    struct hn_bytes dreg = hn_nl_find(e, NFTA_LOOKUP_DREG);
    bool inverted = hn_nl_be32(hn_nl_find(e, NFTA_LOOKUP_FLAGS)) & NFT_LOOKUP_F_INV;
    struct hn_bytes name = hn_nl_text(hn_nl_find(e, NFTA_LOOKUP_SET));
    struct hn_arena *a = hn_parse_scratch(r->p->st->p);
    const struct nft_set *set =
        hn_map_find(&r->p->st->nft.set_names, sockets_nft_key(a, r->chain->family, r->chain->table, name));
    bool verdict = dreg.n && hn_nl_be32(dreg) == NFT_REG_VERDICT;
    if (!set || v->kind == VAL_UNKNOWN || (v->kind == VAL_CONST && set->key_len != v->n) ||
        (v->kind != VAL_CONST && verdict)) {
        if (dreg.n && !verdict)
            set_kind(reg_of(r, dreg), VAL_UNKNOWN);
        if (verdict)
            r->out = OUT_ACCEPT | OUT_DROP | OUT_NEXT | OUT_GUESS;
        return verdict ? r->match : UNKNOWN;
    }
    if (v->kind != VAL_CONST)
        return SOME; /* addresses, interfaces */
    const struct nft_element *hit = element_of(set, v);
    if (!hit)
        return inverted ? YES : NO;
    if (verdict)
        do_verdict(r, hit->data, depth);
    else if (dreg.n)
        set_kind(reg_of(r, dreg), VAL_UNKNOWN);
    return inverted ? NO : YES;
}

/* ---------------------------------------------------------------- iptables rules behind nf_tables */

static enum tri do_xt_match(const struct run *r, const struct hn_cur *e)
{
    return sockets_xt_match(r->p, hn_nl_text(hn_nl_find(e, NFTA_MATCH_NAME)), hn_nl_be32(hn_nl_find(e, NFTA_MATCH_REV)),
                            hn_nl_find(e, NFTA_MATCH_INFO));
}

/* ---------------------------------------------------------------- rules and chains */

/* NFTA_DATA_VERDICT: code and, for jumps, the chain. */
static void do_verdict(struct run *r, struct hn_bytes nested, unsigned depth)
{
    struct hn_cur data = hn_nl_nested(nested), v = hn_nl_nested(hn_nl_find(&data, NFTA_DATA_VERDICT));
    int32_t code = (int32_t)hn_nl_be32(hn_nl_find(&v, NFTA_VERDICT_CODE));
    struct hn_arena *a = hn_parse_scratch(r->p->st->p);
    const struct nft_chain *to =
        hn_map_find(&r->p->st->nft.chain_names, sockets_nft_key(a, r->chain->family, r->chain->table,
                                                                hn_nl_text(hn_nl_find(&v, NFTA_VERDICT_CHAIN))));
    switch (code) {
    case 0:
        r->out = OUT_DROP;
        break;
    case 1:
        r->out = OUT_ACCEPT;
        break;
    case NFT_CONTINUE:
        break;
    case NFT_BREAK:
        r->match = NO;
        break;
    case NFT_RETURN:
        r->out = OUT_NEXT | OUT_LEAVES;
        break;
    case NFT_JUMP:
        r->out = to ? eval_chain(r->p, to, depth + 1) : OUT_ACCEPT | OUT_DROP | OUT_GUESS;
        break;
    case NFT_GOTO: /* does not come back: falling through leaves this chain as well */
        r->out = to ? eval_chain(r->p, to, depth + 1) | OUT_LEAVES : OUT_ACCEPT | OUT_DROP | OUT_GUESS;
        break;
    default:
        r->out = OUT_ACCEPT | OUT_DROP | OUT_GUESS;
    }
}

static void do_immediate(struct run *r, const struct hn_cur *e, unsigned depth)
{
    struct hn_bytes dreg = hn_nl_find(e, NFTA_IMMEDIATE_DREG), data = hn_nl_find(e, NFTA_IMMEDIATE_DATA);
    if (hn_nl_be32(dreg) == NFT_REG_VERDICT) {
        do_verdict(r, data, depth);
        return;
    }
    struct hn_bytes v = data_value(data);
    set_const(reg_of(r, dreg), v.p, v.n);
}

static void do_expression(struct run *r, struct hn_bytes name, const struct hn_cur *e, unsigned depth)
{
    static const char *const harmless[] = {"counter", "log", "notrack", "objref", "last", "quota"};
    for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
        if (hn_bytes_eqc(name, harmless[i]))
            return;
    }
    enum tri m = YES;
    if (hn_bytes_eqc(name, "meta"))
        do_meta(r, e);
    else if (hn_bytes_eqc(name, "payload"))
        do_payload(r, e);
    else if (hn_bytes_eqc(name, "ct"))
        do_ct(r, e);
    else if (hn_bytes_eqc(name, "fib")) /* which of our addresses, or where from */
        set_kind(reg_of(r, hn_nl_find(e, NFTA_FIB_DREG)), VAL_SENDER);
    else if (hn_bytes_eqc(name, "bitwise"))
        do_bitwise(r, e);
    else if (hn_bytes_eqc(name, "immediate"))
        do_immediate(r, e, depth);
    else if (hn_bytes_eqc(name, "cmp"))
        m = compare(reg_of(r, hn_nl_find(e, NFTA_CMP_SREG)), hn_nl_be32(hn_nl_find(e, NFTA_CMP_OP)),
                    data_value(hn_nl_find(e, NFTA_CMP_DATA)));
    else if (hn_bytes_eqc(name, "range"))
        m = do_range(r, e);
    else if (hn_bytes_eqc(name, "lookup"))
        m = do_lookup(r, e, depth);
    else if (hn_bytes_eqc(name, "match"))
        m = do_xt_match(r, e);
    else if (hn_bytes_eqc(name, "target"))
        r->out = sockets_xt_target(hn_nl_text(hn_nl_find(e, NFTA_TARGET_NAME)));
    else if (hn_bytes_eqc(name, "reject"))
        r->out = OUT_DROP;
    else if (hn_bytes_eqc(name, "limit") || hn_bytes_eqc(name, "connlimit") || hn_bytes_eqc(name, "dynset"))
        m = SOME;
    else
        m = UNKNOWN;
    r->match = sockets_and(r->match, m);
}

static struct run eval_rule(const struct packet *p, const struct nft_chain *ch, const struct nft_rule *rule,
                            unsigned depth)
{
    struct run r = {.p = p, .chain = ch, .match = YES};
    struct hn_cur list = hn_nl_nested(rule->expressions);
    struct hn_nl_attr a;
    while (r.match != NO && !r.out && hn_nl_attr(&list, &a)) {
        struct hn_cur e = hn_nl_nested(a.value);
        struct hn_bytes name = hn_nl_text(hn_nl_find(&e, NFTA_EXPR_NAME));
        struct hn_cur inner = hn_nl_nested(hn_nl_find(&e, NFTA_EXPR_DATA));
        do_expression(&r, name, &inner, depth);
    }
    if (hn_cur_bad(&list))
        r.match = UNKNOWN;
    return r;
}

static unsigned eval_chain(const struct packet *p, const struct nft_chain *ch, unsigned depth)
{
    unsigned out = 0;
    if (depth > DEPTH_MAX)
        return OUT_ACCEPT | OUT_DROP | OUT_GUESS;
    for (const struct nft_rule *rule = ch->first; rule; rule = rule->next) {
        if (!p->st->budget)
            return OUT_ACCEPT | OUT_DROP | OUT_GUESS;
        p->st->budget--;
        struct run r = eval_rule(p, ch, rule, depth);
        if (sockets_add_verdict(&out, r.match, r.out))
            return out;
    }
    return out | OUT_NEXT;
}

/* Hooks that a packet to this host passes: prerouting (0) and input (1); ingress of a device (family netdev) too. */
static bool at_input(const struct nft_chain *ch)
{
    if (ch->is_nat || ch->hook < 0)
        return false;
    if (ch->family == 5)
        return true;
    return (ch->family == 1 || ch->family == 2 || ch->family == 10) &&
           (ch->hook == 0 || ch->hook == 1 || ch->hook == 5);
}

bool sockets_nft_filters(const struct sockets_state *st)
{
    for (const struct nft_chain *ch = st->nft.chains; ch; ch = ch->next) {
        if (at_input(ch) && (ch->first || ch->policy == 0))
            return true;
    }
    return false;
}

unsigned sockets_nft_eval(const struct packet *p)
{
    unsigned all = OUT_ACCEPT;
    for (const struct nft_chain *ch = p->st->nft.chains; ch; ch = ch->next) {
        if (!at_input(ch) || ch->family == (p->v6 ? 2 : 10))
            continue;
        unsigned out = eval_chain(p, ch, 0);
        if (out & OUT_NEXT)
            out |= ch->policy == 0 ? OUT_DROP : OUT_ACCEPT;
        if (!(out & OUT_ACCEPT))
            return OUT_DROP;
        all |= out & (OUT_DROP | OUT_GUESS);
    }
    return all;
}

enum sockets_firewall sockets_firewall_of(struct sockets_state *st, uint8_t proto, uint16_t port, bool v6)
{
    struct packet p = {.st = st, .proto = proto, .port = port, .v6 = v6};
    if (!sockets_firewall_known(st))
        return FW_UNKNOWN;
    st->budget = BUDGET;
    unsigned nft = sockets_nft_eval(&p), xt = sockets_xt_eval(&p), all = nft | xt;
    if (!(nft & OUT_ACCEPT) || !(xt & OUT_ACCEPT))
        return FW_BLOCKED;
    if (!(all & OUT_DROP))
        return FW_OPEN;
    return all & OUT_GUESS ? FW_UNKNOWN : FW_FILTERED;
}
