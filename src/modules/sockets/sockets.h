/* Inside of the sockets module: what its files share. */
#pragma once

#include "base/buf.h"
#include "base/ip.h"
#include "base/map.h"
#include "core/module.h"
#include "format/netlink.h"

#define SOCKETS_MAX       200000u
#define SOCKETS_ADDRESSES 256u
#define SOCKETS_PER       64u /* processes or networks listed of one socket */

enum { SOCKETS_TCP = 6, SOCKETS_UDP = 17, SOCKETS_SCTP = 132, SOCKETS_UDPLITE = 136 };

/* Outcome for a packet that begins a connection from outside. */
enum sockets_firewall { FW_UNKNOWN, FW_OPEN, FW_FILTERED, FW_BLOCKED };

struct owner { /* a process that holds a socket */
    struct owner *next;
    struct hn_str process; /* "pid:start" */
};

struct sock {
    struct sock *next;
    uint8_t proto, state;
    int8_t v6only; /* -1 not told */
    struct hn_ip local, remote;
    bool v6; /* an IPv6 socket, also when the address is IPv4-mapped */
    uint16_t lport, rport;
    uint32_t uid, iface;
    uint64_t inode;
    struct hn_str ns; /* empty: the network namespace of the collector */
};

struct raw {
    struct raw *next;
    const char *family; /* "raw", "packet" */
    uint32_t protocol;
    uint64_t inode;
    struct hn_str ns;
};

struct nft_chain;
struct nft_set;

struct nft {
    struct nft_chain *chains, **last_chain;
    struct hn_map chain_names, set_names; /* "family/table/name" */
    size_t n_tables, n_chains, n_rules, n_sets, n_elements;
    bool read;       /* the dump was there */
    bool incomplete; /* something was cut off or malformed: no verdict can be trusted */
};

struct xt_table;

struct xt { /* iptables without nf_tables */
    struct xt_table *tables;
    struct hn_buf partial; /* of the table that is coming in */
    size_t n_tables, n_chains, n_rules;
    bool listed; /* the kernel has tables besides nat, or did not say */
    bool read;   /* all of them were there */
    bool incomplete;
};

struct sockets_state {
    bool begun;
    struct hn_parse *p;
    struct hn_map owners;  /* inode, 8 bytes → owner */
    struct hn_str process; /* whose descriptors follow */
    struct sock *first, **last;
    struct raw *first_raw;
    size_t n;
    struct hn_ip addresses[SOCKETS_ADDRESSES];
    size_t n_addresses;
    bool saw_addresses;
    unsigned port_low, port_high; /* ephemeral ports */
    struct nft nft;
    struct xt xt;
    unsigned budget; /* rules that may still be looked at for the present question */
    bool denied_fds;
};

/* proc.c, diag.c */
void sockets_proc_line(struct sockets_state *st, const struct hn_rec *r);
void sockets_diag(struct sockets_state *st, const struct hn_rec *r);
void sockets_add(struct sockets_state *st, const struct sock *s);
/* emit.c */
void sockets_emit(struct sockets_state *st);
/* nft.c, xt.c: the rules; nft_eval.c: what they let through */
void sockets_nft(struct sockets_state *st, const struct hn_rec *r);
void sockets_xt(struct sockets_state *st, const struct hn_rec *r);
/* All rules were seen and are whole. */
bool sockets_firewall_known(const struct sockets_state *st);
enum sockets_firewall sockets_firewall_of(struct sockets_state *st, uint8_t proto, uint16_t port, bool v6);
/* Chains at the hooks that an incoming packet passes. */
bool sockets_nft_filters(const struct sockets_state *st);
bool sockets_xt_filters(const struct sockets_state *st);
/* services.c */
enum sockets_danger { DANGER_NONE, DANGER_CLEAR, DANGER_NO_AUTH, DANGER_CONTROL, DANGER_AMPLIFY, DANGER_DEVICE };
struct sockets_service {
    uint8_t proto;
    uint16_t from, to;
    const char *name;  /* short, for the "service" field */
    const char *title; /* proper name, the same in every language */
    enum sockets_danger danger;
    enum hn_severity severity; /* reachable from a public network */
    const char *programs;      /* words in the name of a process that confirm it, separated by blanks; or NULL */
};
const struct sockets_service *sockets_service_find(uint8_t proto, uint16_t port);
/* collect.c, judge.c */
void sockets_collect(struct hn_collect *c);
void sockets_judge(struct hn_judge *j);
