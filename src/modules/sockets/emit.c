/* From sockets to observations: listeners with how far they reach, connections by peer, raw sockets, the firewall. */
#include <stdio.h>

#include "base/str.h"
#include "modules/sockets/sockets.h"

#define STATE_ESTABLISHED 1
#define STATE_CLOSE       7
#define STATE_LISTEN      10
#define GROUPS_MAX        5000u

struct group { /* sockets that are one listener, or the connections of one peer */
    struct group *next;
    struct hn_str subject;
    const struct sock *first;
    bool inbound, unheld; /* unheld: at least one socket that no visible process holds */
    int64_t count;
    struct hn_str processes[SOCKETS_PER];
    size_t n_processes;
};

struct groups {
    struct hn_map map;
    struct group *first, **last;
    size_t n;
};

static const char *proto_name(uint8_t proto)
{
    return proto == SOCKETS_TCP ? "tcp" : proto == SOCKETS_UDP ? "udp" : proto == SOCKETS_SCTP ? "sctp" : "udplite";
}

static bool is_listener(const struct sock *s)
{
    if (s->proto == SOCKETS_TCP || s->proto == SOCKETS_SCTP)
        return s->state == STATE_LISTEN;
    return s->state == STATE_CLOSE && s->lport && !s->rport;
}

/* "tcp:0.0.0.0:22", "udp:[::]:53", with the network namespace before it when it is not the host's. */
static struct hn_str address_text(struct hn_arena *a, const struct hn_ip *ip)
{
    char text[HN_IP_TEXT];
    return hn_arena_fmt(a, ip->family == 6 ? "[%s]" : "%s", hn_ip_text(ip, text));
}

static struct hn_str listener_subject(struct hn_arena *a, const struct sock *s)
{
    struct hn_str ip = address_text(a, &s->local);
    return hn_arena_fmt(a, "%.*s%s%s:%.*s:%u", HN_FMT(s->ns), s->ns.n ? "/" : "", proto_name(s->proto), HN_FMT(ip),
                        s->lport);
}

static struct group *group_of(struct sockets_state *st, struct groups *g, struct hn_str subject, const struct sock *s)
{
    struct hn_arena *a = hn_parse_arena(st->p);
    struct group *own = hn_map_find(&g->map, hn_str_bytes(subject));
    if (own)
        return own;
    own = g->n >= GROUPS_MAX ? NULL : HN_NEW(a, struct group);
    if (!own) {
        if (g->n++ == GROUPS_MAX)
            hn_parse_not_seen(st->p, HN_STR("further connections"), "too many");
        return NULL;
    }
    own->subject = hn_arena_str(a, subject);
    own->first = s;
    if (!hn_ok(hn_map_set(&g->map, hn_str_bytes(own->subject), own)))
        return NULL;
    g->n++;
    *g->last = own;
    g->last = &own->next;
    return own;
}

static void add_processes(struct sockets_state *st, struct group *g, uint64_t inode)
{
    const struct owner *o = inode ? hn_map_find(&st->owners, hn_bytes_of(&inode, sizeof(inode))) : NULL;
    g->count++;
    g->unheld = g->unheld || !o;
    for (; o; o = o->next) {
        bool known = g->n_processes == SOCKETS_PER;
        for (size_t i = 0; i < g->n_processes && !known; i++)
            known = hn_str_eq(g->processes[i], o->process);
        if (!known)
            g->processes[g->n_processes++] = o->process;
    }
}

/* ---------------------------------------------------------------- listeners */

/* Kinds of networks that a wildcard listener is reached from: those this host has addresses in. */
static size_t networks_of(const struct sockets_state *st, bool v4, bool v6, struct hn_str out[4])
{
    static const enum hn_reach order[] = {HN_REACH_LOOPBACK, HN_REACH_LINK, HN_REACH_PRIVATE, HN_REACH_PUBLIC};
    size_t n = 0;
    for (size_t k = 0; k < 4; k++) {
        for (size_t i = 0; i < st->n_addresses; i++) {
            const struct hn_ip *ip = &st->addresses[i];
            if (hn_ip_reach(ip) == order[k] && (ip->family == 4 ? v4 : v6)) {
                out[n++] = hn_str_c(hn_reach_name(order[k]));
                break;
            }
        }
    }
    return n;
}

static void emit_reach(struct sockets_state *st, const struct sock *s)
{
    struct hn_str networks[4];
    enum hn_reach reach = hn_ip_reach(&s->local);
    if (reach == HN_REACH_ANY && !s->ns.n && st->saw_addresses) {
        bool v6 = s->local.family == 6;
        size_t n = networks_of(st, !v6 || s->v6only != 1, v6, networks);
        if (n)
            hn_obs_list(st->p, "networks", networks, n);
        if (n == 0 || (n == 1 && hn_str_eqc(networks[0], "loopback")))
            reach = HN_REACH_LOOPBACK; /* listens to everybody, and there is nobody */
    }
    hn_obs_str(st->p, "reach", hn_str_c(hn_reach_name(reach)));
}

static void emit_firewall(struct sockets_state *st, const struct sock *s)
{
    static const char *const names[] = {"unknown", "open", "filtered", "blocked"};
    enum hn_reach reach = hn_ip_reach(&s->local);
    if (reach == HN_REACH_LOOPBACK)
        return;
    enum sockets_firewall v = FW_UNKNOWN;
    if (!s->ns.n) {
        v = sockets_firewall_of(st, s->proto, s->lport, s->v6 && s->local.family == 6);
        if (s->local.family == 6 && reach == HN_REACH_ANY && s->v6only != 1) { /* serves IPv4 as well */
            enum sockets_firewall v4 = sockets_firewall_of(st, s->proto, s->lport, false);
            v = v == FW_OPEN || v4 == FW_OPEN           ? FW_OPEN
                : v == FW_UNKNOWN || v4 == FW_UNKNOWN   ? FW_UNKNOWN
                : v == FW_FILTERED || v4 == FW_FILTERED ? FW_FILTERED
                                                        : FW_BLOCKED;
        }
    }
    hn_obs_str(st->p, "firewall", hn_str_c(names[v]));
}

static void emit_listener(struct sockets_state *st, const struct group *g)
{
    const struct sock *s = g->first;
    struct hn_parse *p = st->p;
    char text[HN_IP_TEXT];
    const struct sockets_service *service = sockets_service_find(s->proto, s->lport);
    hn_obs_begin(p, "listener", g->subject);
    hn_obs_str(p, "proto", hn_str_c(proto_name(s->proto)));
    hn_obs_str(p, "address", hn_str_c(hn_ip_text(&s->local, text)));
    hn_obs_int(p, "port", s->lport);
    emit_reach(st, s);
    if (s->v6 && s->v6only >= 0)
        hn_obs_bool(p, "v6only", s->v6only);
    hn_obs_int(p, "inode", (int64_t)s->inode);
    hn_obs_int(p, "uid", s->uid);
    if (s->iface)
        hn_obs_int(p, "interface", s->iface);
    if (s->ns.n)
        hn_obs_str(p, "namespace", s->ns);
    if (g->n_processes)
        hn_obs_list(p, "processes", g->processes, g->n_processes);
    if (g->n_processes || !st->denied_fds)
        hn_obs_bool(p, "unattributed", !g->n_processes);
    emit_firewall(st, s);
    if (service)
        hn_obs_str(p, "service", hn_str_c(service->name));
    if (s->proto != SOCKETS_TCP)
        hn_obs_bool(p, "ephemeral", s->lport >= st->port_low && s->lport <= st->port_high);
    hn_obs_end(p);
}

/* ---------------------------------------------------------------- connections */

static void group_connection(struct sockets_state *st, struct groups *out, const struct groups *listeners,
                             const struct hn_map *ports, const struct sock *s)
{
    struct hn_arena *a = hn_parse_scratch(st->p);
    char key[32];
    if (s->state != STATE_ESTABLISHED || !s->rport || hn_ip_reach(&s->remote) == HN_REACH_LOOPBACK)
        return;
    snprintf(key, sizeof(key), "%s:%u", proto_name(s->proto), s->lport);
    const struct group *to = hn_map_find(ports, hn_str_bytes(hn_str_c(key)));
    struct hn_str remote = address_text(a, &s->remote);
    struct hn_str subject = to ? hn_arena_fmt(a, "%.*s%s%s:%u < %.*s", HN_FMT(s->ns), s->ns.n ? "/" : "",
                                              proto_name(s->proto), s->lport, HN_FMT(remote))
                               : hn_arena_fmt(a, "%.*s%s%s > %.*s:%u", HN_FMT(s->ns), s->ns.n ? "/" : "",
                                              proto_name(s->proto), HN_FMT(remote), s->rport);
    struct group *g = group_of(st, out, subject, s);
    if (!g)
        return;
    g->inbound = to != NULL;
    add_processes(st, g, s->inode);
}

static void emit_connection(struct sockets_state *st, const struct group *g, const struct hn_map *ports)
{
    const struct sock *s = g->first;
    char text[HN_IP_TEXT], key[32];
    hn_obs_begin(st->p, "connection", g->subject);
    hn_obs_str(st->p, "proto", hn_str_c(proto_name(s->proto)));
    hn_obs_str(st->p, "direction", g->inbound ? HN_STR("in") : HN_STR("out"));
    hn_obs_str(st->p, "remote", hn_str_c(hn_ip_text(&s->remote, text)));
    hn_obs_str(st->p, "reach", hn_str_c(hn_reach_name(hn_ip_reach(&s->remote))));
    hn_obs_int(st->p, "port", g->inbound ? s->lport : s->rport);
    hn_obs_int(st->p, "count", g->count);
    snprintf(key, sizeof(key), "%s:%u", proto_name(s->proto), s->lport);
    const struct group *to = g->inbound ? hn_map_find(ports, hn_str_bytes(hn_str_c(key))) : NULL;
    if (to)
        hn_obs_str(st->p, "listener", to->subject);
    if (g->n_processes)
        hn_obs_list(st->p, "processes", g->processes, g->n_processes);
    hn_obs_end(st->p);
}

/* ---------------------------------------------------------------- raw sockets, firewall */

static void emit_raw(struct sockets_state *st)
{
    for (const struct raw *r = st->first_raw; r; r = r->next) {
        struct group g = {.count = 0};
        struct hn_str subject =
            hn_arena_fmt(hn_parse_scratch(st->p), "%s:%llu", r->family, (unsigned long long)r->inode);
        add_processes(st, &g, r->inode);
        hn_obs_begin(st->p, "raw", subject);
        hn_obs_str(st->p, "family", hn_str_c(r->family));
        hn_obs_int(st->p, "protocol", r->protocol);
        if (g.n_processes)
            hn_obs_list(st->p, "processes", g.processes, g.n_processes);
        hn_obs_end(st->p);
    }
}

bool sockets_firewall_known(const struct sockets_state *st)
{
    return st->nft.read && !st->nft.incomplete && (!st->xt.listed || (st->xt.read && !st->xt.incomplete));
}

static void emit_ruleset(struct sockets_state *st)
{
    if (!st->nft.read && !st->xt.listed)
        return;
    bool unread = st->xt.listed && !st->xt.read; /* tables are there, so something is filtered for all we know */
    hn_obs_begin(st->p, "firewall", HN_STR("host"));
    hn_obs_bool(st->p, "filters", unread || sockets_nft_filters(st) || sockets_xt_filters(st));
    hn_obs_bool(st->p, "understood", sockets_firewall_known(st));
    hn_obs_int(st->p, "tables", (int64_t)(st->nft.n_tables + st->xt.n_tables));
    hn_obs_int(st->p, "chains", (int64_t)(st->nft.n_chains + st->xt.n_chains));
    hn_obs_int(st->p, "rules", (int64_t)(st->nft.n_rules + st->xt.n_rules));
    hn_obs_bool(st->p, "legacy", st->xt.listed);
    hn_obs_end(st->p);
}

/* The listener of a port, for telling inbound connections: any address will do. */
static void remember_port(struct sockets_state *st, struct hn_map *ports, const struct sock *s, struct group *g)
{
    struct hn_str key = hn_arena_fmt(hn_parse_arena(st->p), "%s:%u", proto_name(s->proto), s->lport);
    bool ephemeral_udp = s->proto != SOCKETS_TCP && s->lport >= st->port_low && s->lport <= st->port_high;
    if (!ephemeral_udp && !hn_map_has(ports, hn_str_bytes(key)) && !hn_ok(hn_map_set(ports, hn_str_bytes(key), g)))
        hn_parse_not_seen(st->p, HN_STR("part of the connections"), "out of memory");
}

void sockets_emit(struct sockets_state *st)
{
    struct groups listeners = {.last = &listeners.first}, connections = {.last = &connections.first};
    struct hn_map ports;
    hn_map_init(&ports);
    hn_map_init(&listeners.map);
    hn_map_init(&connections.map);
    for (const struct sock *s = st->first; s; s = s->next) {
        struct group *g =
            is_listener(s) ? group_of(st, &listeners, listener_subject(hn_parse_scratch(st->p), s), s) : NULL;
        if (!g)
            continue;
        add_processes(st, g, s->inode);
        remember_port(st, &ports, s, g);
    }
    for (const struct sock *s = st->first; s; s = s->next) {
        if (!is_listener(s))
            group_connection(st, &connections, &listeners, &ports, s);
    }
    for (const struct group *g = listeners.first; g; g = g->next)
        emit_listener(st, g);
    for (const struct group *g = connections.first; g; g = g->next)
        emit_connection(st, g, &ports);
    emit_raw(st);
    emit_ruleset(st);
    hn_map_done(&ports);
    hn_map_done(&listeners.map);
    hn_map_done(&connections.map);
}
