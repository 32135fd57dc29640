/* The first packet of a connection from outside, and what rules may do with it. Of the sender nothing is known: what
 * depends on who it is matches SOME. */
#pragma once

#include "modules/sockets/sockets.h"

#define DEPTH_MAX    16
#define CT_STATE_NEW 8u /* NF_CT_STATE_BIT(IP_CT_NEW) */
#define TCP_SYN      2u

enum tri { NO, YES, SOME, UNKNOWN };

/* Outcomes, as a set of bits. */
enum {
    OUT_ACCEPT = 1,
    OUT_DROP = 2,
    OUT_NEXT = 4,
    OUT_GUESS = 8,   /* a match not understood took part */
    OUT_LEAVES = 16, /* of a rule: NEXT means behind the chain, not the next rule */
};

struct packet {
    struct sockets_state *st;
    uint8_t proto;
    uint16_t port;
    bool v6;
};

static inline enum tri sockets_and(enum tri a, enum tri b)
{
    if (a == NO || b == NO)
        return NO;
    if (a == UNKNOWN || b == UNKNOWN)
        return UNKNOWN;
    return a == SOME || b == SOME ? SOME : YES;
}

static inline enum tri sockets_not(enum tri a)
{
    return a == YES ? NO : a == NO ? YES : a;
}

/* Adds what one rule may do to what its chain may do; true when no later rule of the chain is reached. */
static inline bool sockets_add_verdict(unsigned *chain, enum tri match, unsigned rule)
{
    if (match == NO || !rule)
        return false;
    bool leaves = rule & OUT_LEAVES;
    if (match == UNKNOWN && (rule & (OUT_ACCEPT | OUT_DROP)))
        *chain |= OUT_GUESS;
    *chain |= rule & (OUT_ACCEPT | OUT_DROP | OUT_GUESS);
    if (leaves)
        *chain |= rule & OUT_NEXT;
    return match == YES && (leaves || !(rule & OUT_NEXT));
}

/* xt_match.c: extensions of iptables, wherever they stand. info is their structure from linux/netfilter/xt_*.h. */
enum tri sockets_xt_match(const struct packet *p, struct hn_bytes name, uint32_t revision, struct hn_bytes info);
/* 0: the next rule follows. */
unsigned sockets_xt_target(struct hn_bytes name);

/* All chains that the packet passes: nft_eval.c and xt.c. */
unsigned sockets_nft_eval(const struct packet *p);
unsigned sockets_xt_eval(const struct packet *p);
