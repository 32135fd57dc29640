/* Inside of the network module: what its files share. */
#pragma once

#include "base/map.h"
#include "core/module.h"
#include "format/netlink.h"

#define NETWORK_INTERFACES 4096u
#define NETWORK_ROUTES     2000u
#define NETWORK_TEXT       512u

struct network_state {
    struct hn_parse *p;
    struct hn_map interfaces; /* index, 4 bytes → hn_str* */
    size_t n_routes, n_neighbours, n_names, n_traces;
    int forward4, forward6; /* -1 unknown, else 0 or 1 */
    bool begun;
};

/* A way in or out by which somebody far away works on this host. */
struct network_tool {
    const char *id, *title; /* title: proper name, the same in every language */
    const char *kind;       /* "remote-control", "vpn", "tunnel", "desktop", "shell", "serial", "modem", "web-admin" */
    const char *direction;  /* "in", "out", "both" */
    enum hn_severity severity;
    const char *processes; /* exact names, separated by blanks; NULL */
    const char *packages;  /* whose installation alone makes the way, separated by blanks; NULL */
    const char *path;      /* whose presence shows it, or NULL */
};
extern const struct network_tool network_tools[];
extern const size_t network_tools_n;
const struct network_tool *network_tool_find(struct hn_str id);
/* A command line that opens a tunnel or a serial gateway: which tool, and to whom (empty when it does not say). */
const struct network_tool *network_command(struct hn_str command, struct hn_str *ret_peer);

/* parse files */
struct hn_str network_keep(struct network_state *st, struct hn_bytes b);
void network_link(struct network_state *st, const struct hn_rec *r);
void network_resolv(struct network_state *st, const struct hn_rec *r);
void network_hosts(struct network_state *st, const struct hn_rec *r);
/* One sign of a remote path; peer may be empty. */
void network_trace(struct network_state *st, const char *tool, const char *direction, struct hn_str peer,
                   const struct hn_rec *r);
/* True when the tag was one of a configuration that traces.c reads. */
bool network_traces(struct network_state *st, const struct hn_rec *r);
void network_collect(struct hn_collect *c);
void network_judge(struct hn_judge *j);
