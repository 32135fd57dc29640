/* Joining network evidence with hosts, in the store role; shared by ops_run.c, store_role.c and ops_network*.c. */
#pragma once

#include "core/net_join.h"
#include "store/network.h"

/* A row of evidence about an address; found by it. */
struct ops_net_row {
    struct hn_str address;
    size_t at; /* in senders, or in hits */
};

/* What telescopes and flows say, with the organisation that each row serves. */
struct ops_net_world {
    struct hn_net_port *ports;
    struct hn_net_sender *senders;
    struct hn_str *port_org, *sender_org;
    size_t n_ports, n_senders;
    struct hn_store_obs *hits; /* flow.scanned: read when a host has the address */
    size_t n_hits;
    struct ops_net_row *by_sender, *by_hit; /* sorted by address */
    uint8_t asked[2][65536 / 8];            /* tcp, udp: ports that any of it is about */
};

struct ops_net {
    struct hn_store *store;
    const struct hn_policy *policy;
    struct hn_arena *arena;
    hn_time now;
    struct ops_net_world world;
};

struct ops_net_job; /* hosts that are still to be told anew */

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
/* What holds for a host by what is known of it. */
HN_MUST struct hn_err ops_net_known(struct ops_net *n, struct hn_str asset, struct hn_str org, struct hn_str *ret_text,
                                    hn_time *ret_expires);

/* After evidence arrived: every host whose evidence differs is told anew, as many at once as a moment allows (they are
 * all of a small installation), the others by ops_net_go_on(), a moment at a time. *job: NULL when all is done. */
HN_MUST struct hn_err ops_net_begin(struct ops_net_job **job, struct hn_store *s, const struct hn_policy *policy);
HN_MUST struct hn_err ops_net_go_on(struct ops_net_job **job, const struct hn_policy *policy);
void ops_net_job_free(struct ops_net_job **job);
/* Once a minute: what has grown too old. */
HN_MUST struct hn_err ops_net_sweep(struct hn_store *s, const struct hn_policy *policy);
/* Does the run bring evidence about others? */
bool ops_net_is_evidence(const struct hn_store_run *run);
