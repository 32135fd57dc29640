/* The rule set of nf_tables, from its netlink dump (linux/netfilter/nf_tables.h): base chains at the hooks that
 * incoming packets pass, the chains they jump to, rules as lists of expressions, sets with their elements. Kept raw
 * where it is only compared; nft_eval.c runs a packet through it. */
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "base/str.h"
#include "modules/sockets/nft.h"

#define CHAINS_MAX   10000u
#define RULES_MAX    100000u
#define ELEMENTS_MAX 200000u

static void malformed(struct sockets_state *st, const struct hn_rec *r, const char *why)
{
    st->nft.incomplete = true;
    hn_parse_malformed(st->p, r->path, 0, why);
}

struct hn_bytes sockets_nft_key(struct hn_arena *a, uint8_t family, struct hn_bytes table, struct hn_bytes name)
{
    struct hn_str s = hn_arena_fmt(a, "%u/%.*s/%.*s", family, HN_FMT(table), HN_FMT(name));
    return hn_str_bytes(s);
}

static void add_chain(struct sockets_state *st, uint8_t family, const struct hn_cur *attrs)
{
    struct hn_arena *a = hn_parse_arena(st->p);
    struct hn_bytes table = hn_nl_text(hn_nl_find(attrs, NFTA_CHAIN_TABLE));
    struct hn_bytes name = hn_nl_text(hn_nl_find(attrs, NFTA_CHAIN_NAME));
    struct hn_bytes hook = hn_nl_find(attrs, NFTA_CHAIN_HOOK), policy = hn_nl_find(attrs, NFTA_CHAIN_POLICY);
    struct nft_chain *ch = ++st->nft.n_chains > CHAINS_MAX ? NULL : HN_NEW(a, struct nft_chain);
    if (!ch) {
        st->nft.incomplete = true;
        return;
    }
    ch->family = family;
    ch->table = hn_arena_bytes(a, table);
    ch->name = hn_arena_bytes(a, name);
    ch->policy = policy.n ? hn_nl_be32(policy) : 1;
    ch->hook = -1;
    ch->last = &ch->first;
    if (hook.n) {
        struct hn_cur h = hn_nl_nested(hook);
        ch->hook = (int)hn_nl_be32(hn_nl_find(&h, NFTA_HOOK_HOOKNUM));
        ch->priority = (int32_t)hn_nl_be32(hn_nl_find(&h, NFTA_HOOK_PRIORITY));
        ch->is_nat = hn_bytes_eqc(hn_nl_text(hn_nl_find(attrs, NFTA_CHAIN_TYPE)), "nat");
    }
    *st->nft.last_chain = ch;
    st->nft.last_chain = &ch->next;
    if (!hn_ok(hn_map_set(&st->nft.chain_names, sockets_nft_key(a, family, table, name), ch)))
        st->nft.incomplete = true;
}

static void add_rule(struct sockets_state *st, uint8_t family, const struct hn_cur *attrs)
{
    struct hn_arena *a = hn_parse_arena(st->p);
    struct hn_bytes key =
        sockets_nft_key(hn_parse_scratch(st->p), family, hn_nl_text(hn_nl_find(attrs, NFTA_RULE_TABLE)),
                        hn_nl_text(hn_nl_find(attrs, NFTA_RULE_CHAIN)));
    struct nft_chain *ch = hn_map_find(&st->nft.chain_names, key);
    struct nft_rule *rule = ++st->nft.n_rules > RULES_MAX ? NULL : HN_NEW(a, struct nft_rule);
    if (!ch || !rule) {
        st->nft.incomplete = true;
        return;
    }
    rule->expressions = hn_arena_bytes(a, hn_nl_find(attrs, NFTA_RULE_EXPRESSIONS));
    *ch->last = rule;
    ch->last = &rule->next;
}

static void add_set(struct sockets_state *st, uint8_t family, const struct hn_cur *attrs)
{
    struct hn_arena *a = hn_parse_arena(st->p);
    struct nft_set *set = ++st->nft.n_sets > CHAINS_MAX ? NULL : HN_NEW(a, struct nft_set);
    if (!set) {
        st->nft.incomplete = true;
        return;
    }
    set->flags = hn_nl_be32(hn_nl_find(attrs, NFTA_SET_FLAGS));
    set->key_len = hn_nl_be32(hn_nl_find(attrs, NFTA_SET_KEY_LEN));
    struct hn_bytes key = sockets_nft_key(a, family, hn_nl_text(hn_nl_find(attrs, NFTA_SET_TABLE)),
                                          hn_nl_text(hn_nl_find(attrs, NFTA_SET_NAME)));
    if (!hn_ok(hn_map_set(&st->nft.set_names, key, set)))
        st->nft.incomplete = true;
}

static void add_element(struct sockets_state *st, struct nft_set *set, struct hn_bytes value)
{
    struct hn_arena *a = hn_parse_arena(st->p);
    struct hn_cur e = hn_nl_nested(value), key = hn_nl_nested(hn_nl_find(&e, NFTA_SET_ELEM_KEY)),
                  end = hn_nl_nested(hn_nl_find(&e, NFTA_SET_ELEM_KEY_END));
    struct nft_element *own = ++st->nft.n_elements > ELEMENTS_MAX ? NULL : HN_NEW(a, struct nft_element);
    if (!own) {
        st->nft.incomplete = true;
        return;
    }
    own->key = hn_arena_bytes(a, hn_nl_find(&key, NFTA_DATA_VALUE));
    own->key_end = hn_arena_bytes(a, hn_nl_find(&end, NFTA_DATA_VALUE));
    own->flags = hn_nl_be32(hn_nl_find(&e, NFTA_SET_ELEM_FLAGS));
    own->data = hn_arena_bytes(a, hn_nl_find(&e, NFTA_SET_ELEM_DATA));
    own->next = set->elements;
    set->elements = own;
}

static void add_elements(struct sockets_state *st, uint8_t family, const struct hn_cur *attrs)
{
    struct hn_bytes key =
        sockets_nft_key(hn_parse_scratch(st->p), family, hn_nl_text(hn_nl_find(attrs, NFTA_SET_ELEM_LIST_TABLE)),
                        hn_nl_text(hn_nl_find(attrs, NFTA_SET_ELEM_LIST_SET)));
    struct nft_set *set = hn_map_find(&st->nft.set_names, key);
    struct hn_cur list = hn_nl_nested(hn_nl_find(attrs, NFTA_SET_ELEM_LIST_ELEMENTS));
    struct hn_nl_attr a;
    if (!set) {
        st->nft.incomplete = true;
        return;
    }
    while (hn_nl_attr(&list, &a)) {
        if (a.type == NFTA_LIST_ELEM)
            add_element(st, set, a.value);
    }
    if (hn_cur_bad(&list))
        st->nft.incomplete = true;
}

void sockets_nft(struct sockets_state *st, const struct hn_rec *r)
{
    struct hn_cur c;
    struct hn_nl_msg m;
    if (hn_str_eqc(r->tag, "nft-end")) {
        st->nft.read = true;
        return;
    }
    hn_cur_init(&c, r->data, r->data.n / 16 + 1);
    while (hn_nl_next(&c, &m)) {
        uint8_t family = hn_cur_u8(&m.body);
        hn_cur_skip(&m.body, 3);
        struct hn_cur attrs = hn_nl_nested(hn_cur_take(&m.body, hn_cur_left(&m.body)));
        switch (m.type & 0xff) {
        case NFT_MSG_NEWTABLE:
            st->nft.n_tables++;
            break;
        case NFT_MSG_NEWCHAIN:
            add_chain(st, family, &attrs);
            break;
        case NFT_MSG_NEWRULE:
            add_rule(st, family, &attrs);
            break;
        case NFT_MSG_NEWSET:
            add_set(st, family, &attrs);
            break;
        case NFT_MSG_NEWSETELEM:
            add_elements(st, family, &attrs);
            break;
        default:
            break;
        }
    }
    if (hn_cur_bad(&c))
        malformed(st, r, c.bad);
}
