/* A table of iptables (without nf_tables) in memory. */
#pragma once

#include "modules/sockets/sockets.h"

struct xt_table {
    struct xt_table *next;
    bool v6;
    uint32_t hooks;                  /* bits 1 << NF_INET_… */
    uint32_t begins[5], policies[5]; /* of each hook: offsets into entries */
    struct hn_bytes entries;
};
