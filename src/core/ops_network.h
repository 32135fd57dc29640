/* Joining network evidence with hosts, in the store role; shared by ops_run.c, store_role.c and ops_network*.c. */
#pragma once

#include "core/net_join.h"
#include "store/network.h"

/* What telescopes and flows say, with the organisation that each row serves. */
struct ops_net_world {
    struct hn_net_port *ports;
    struct hn_net_sender *senders;
    struct hn_str *port_org, *sender_org;
    size_t n_ports, n_senders;
};

struct ops_net {
    struct hn_store *store;
    const struct hn_policy *policy;
    struct hn_arena *arena;
    hn_time now;
    struct ops_net_world world;
};

/* What was joined with a host, to be ranked by and to be remembered. */
struct ops_net_told {
    const struct hn_jv *evidence; /* NULL: the run is no host's (nothing to join) */
    struct hn_str text;
    hn_time expires;
};

/* Reads the world. */
HN_MUST struct hn_err ops_net_open(struct ops_net *n);
/* Before a run of a host is taken: reads the world and joins it with the run's own listeners and addresses, as far as
 * the run covers them, else with those that are known. Addresses are remembered. */
HN_MUST struct hn_err ops_net_of_run(struct ops_net *n, const struct hn_store_run *run, struct hn_str org,
                                     struct ops_net_told *ret);
/* After it was taken: what was joined is remembered. */
HN_MUST struct hn_err ops_net_remember(struct ops_net *n, struct hn_str asset, const struct ops_net_told *told);
/* After evidence arrived, or grew old: every asset whose evidence differs is told anew. `assets` empty: all. */
HN_MUST struct hn_err ops_net_refresh(struct ops_net *n, const struct hn_str *assets, size_t n_assets,
                                      uint64_t *ret_changed);
/* Once a minute: what has grown too old. */
HN_MUST struct hn_err ops_net_sweep(struct hn_store *s, const struct hn_policy *policy);
/* Does the run bring evidence about others? */
bool ops_net_is_evidence(const struct hn_store_run *run);
