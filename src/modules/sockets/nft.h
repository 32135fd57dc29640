/* The rule set of nf_tables in memory. */
#pragma once

#include "modules/sockets/sockets.h"

struct nft_rule {
    struct nft_rule *next;
    struct hn_bytes expressions; /* NFTA_RULE_EXPRESSIONS */
};

struct nft_chain {
    struct nft_chain *next;
    uint8_t family; /* NFPROTO_INET 1, IPV4 2, ARP 3, NETDEV 5, BRIDGE 7, IPV6 10 */
    struct hn_bytes table, name;
    int hook; /* -1: only reached by jumps; else 0 prerouting, 1 input, …; netdev: 0 ingress */
    int32_t priority;
    uint32_t policy; /* NF_DROP 0, NF_ACCEPT 1 */
    bool is_nat;
    struct nft_rule *first, **last;
};

struct nft_element {
    struct nft_element *next;
    struct hn_bytes key, key_end, data; /* data: NFTA_SET_ELEM_DATA of a map */
    uint32_t flags;
};

struct nft_set {
    uint32_t flags, key_len;
    struct nft_element *elements; /* last one first */
};

/* "family/table/name", in the arena. */
struct hn_bytes sockets_nft_key(struct hn_arena *a, uint8_t family, struct hn_bytes table, struct hn_bytes name);
