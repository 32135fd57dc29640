/* Interfaces, routes, names, and the ways by which somebody far away gets in. See README.md. */
#include "base/ip.h"
#include "base/str.h"
#include "modules/network/network.h"

static const struct hn_field interface_fields[] = {
    {"index", HN_T_INT, 0, NULL, "number of the interface"},
    {"up", HN_T_BOOL, 0, NULL, "switched on"},
    {"type", HN_T_STR, 0, NULL, "loopback, ethernet, wireless, mobile, ppp, tunnel or other"},
    {"kind", HN_T_STR, 0, NULL, "driver kind of a virtual interface: veth, bridge, wireguard, tun, ..."},
    {"mac", HN_T_STR, 0, NULL, "hardware address"},
    {"promiscuous", HN_T_BOOL, 0, NULL, "takes in frames that are for others"},
    {"member", HN_T_BOOL, 0, NULL, "belongs to a bridge or bond"},
    {"mtu", HN_T_INT, 0, "bytes", "largest packet"},
    {0}};
static const struct hn_field address_fields[] = {
    {"interface", HN_T_STR, 0, NULL, "interface"},
    {"address", HN_T_STR, 0, NULL, "address"},
    {"prefix", HN_T_INT, 0, "bits", "length of the network part"},
    {"reach", HN_T_STR, 0, NULL, "loopback, link-local, private or public"},
    {0}};
static const struct hn_field route_fields[] = {{"destination", HN_T_STR, 0, NULL, "network, or default"},
                                               {"gateway", HN_T_STR, 0, NULL, "next hop"},
                                               {"interface", HN_T_STR, 0, NULL, "interface"},
                                               {"table", HN_T_INT, 0, NULL, "routing table"},
                                               {"metric", HN_T_INT, 0, NULL, "metric"},
                                               {0}};
static const struct hn_field neighbour_fields[] = {{"interface", HN_T_STR, 0, NULL, "interface"},
                                                   {"address", HN_T_STR, 0, NULL, "address on the local network"},
                                                   {"mac", HN_T_STR, 0, NULL, "hardware address"},
                                                   {"permanent", HN_T_BOOL, 0, NULL, "set by hand"},
                                                   {0}};
static const struct hn_field resolver_fields[] = {{"server", HN_T_STR, 0, NULL, "name server"},
                                                  {"reach", HN_T_STR, 0, NULL, "kind of its network"},
                                                  {"path", HN_T_STR, HN_REF_PATH, NULL, "file that names it"},
                                                  {0}};
static const struct hn_field host_name_fields[] = {
    {"name", HN_T_STR, 0, NULL, "name in /etc/hosts"}, {"address", HN_T_STR, 0, NULL, "address it is given"}, {0}};
static const struct hn_field forwarding_fields[] = {
    {"ipv4", HN_T_BOOL, 0, NULL, "passes IPv4 packets on between networks"},
    {"ipv6", HN_T_BOOL, 0, NULL, "passes IPv6 packets on between networks"},
    {0}};
static const struct hn_field trace_fields[] = {{"tool", HN_T_STR, 0, NULL, "tool whose sign it is"},
                                               {"direction", HN_T_STR, 0, NULL, "in, out or both"},
                                               {"peer", HN_T_STR, 0, NULL, "other end, as configured"},
                                               {"path", HN_T_STR, HN_REF_PATH, NULL, "file"},
                                               {0}};
static const struct hn_field path_fields[] = {
    {"kind", HN_T_STR, 0, NULL, "remote-control, desktop, shell, vpn, tunnel, serial, modem or web-admin"},
    {"direction", HN_T_STR, 0, NULL, "in, out or both"},
    {"what", HN_T_STR, 0, NULL, "name of the tool"},
    {"peer", HN_T_STR, 0, NULL, "other end, when it is known"},
    {"evidence", HN_T_STR, 0, NULL, "where it was seen first"},
    {"active", HN_T_STR, 0, NULL, "yes: runs or listens now; no: only configured or installed"},
    {0}};

static const struct hn_kind kinds[] = {{"interface", "name", interface_fields},
                                       {"address", "interface and address", address_fields},
                                       {"route", "route as text", route_fields},
                                       {"neighbour", "interface and address", neighbour_fields},
                                       {"resolver", "address", resolver_fields},
                                       {"host_name", "name and address", host_name_fields},
                                       {"forwarding", "always \"host\"", forwarding_fields},
                                       {"remote_trace", "path, tool and peer", trace_fields},
                                       {"remote_path", "tool and peer", path_fields},
                                       {0}};

static const struct hn_rule rules[] = {{"remote-path-unconfirmed", HN_SEV_MEDIUM, HN_CLASS_CONFIGURATION, "MHLW:6.0"},
                                       {"interface-promiscuous", HN_SEV_LOW, HN_CLASS_DETECTION, NULL},
                                       {"hosts-redirect", HN_SEV_MEDIUM, HN_CLASS_INTEGRITY, NULL},
                                       {0}};

static const char *const needs[] = {"processes.process", "packages.package", "sockets.listener", NULL};

struct hn_str network_keep(struct network_state *st, struct hn_bytes b)
{
    return hn_arena_str(hn_parse_arena(st->p), hn_str_from_hostile(hn_parse_scratch(st->p), b, NETWORK_TEXT));
}

void network_resolv(struct network_state *st, const struct hn_rec *r)
{
    struct hn_bytes rest = r->data, line;
    while (hn_bytes_line(&rest, &line)) {
        struct hn_str text = {(const char *)line.p, line.n}, w, server;
        struct hn_ip ip;
        char out[HN_IP_TEXT];
        if (!hn_str_word(&text, &w) || !hn_str_eqc(w, "nameserver") || !hn_str_word(&text, &server))
            continue;
        ptrdiff_t zone = hn_str_chr(server, '%');
        if (!hn_ip_parse(zone < 0 ? server : hn_str_cut(server, 0, (size_t)zone), &ip)) {
            hn_parse_malformed(st->p, r->path, (uint64_t)(line.p - r->data.p), "nameserver is no address");
            continue;
        }
        struct hn_str subject = hn_str_c(hn_ip_text(&ip, out));
        hn_obs_begin(st->p, "resolver", subject);
        hn_obs_str(st->p, "server", subject);
        hn_obs_str(st->p, "reach", hn_str_c(hn_reach_name(hn_ip_reach(&ip))));
        hn_obs_str(st->p, "path", hn_str_from_hostile(hn_parse_scratch(st->p), r->path, 1024));
        hn_obs_end(st->p);
    }
}

#define NAMES_MAX 5000u

void network_hosts(struct network_state *st, const struct hn_rec *r)
{
    struct hn_bytes rest = r->data, line;
    while (hn_bytes_line(&rest, &line) && st->n_names < NAMES_MAX) {
        struct hn_arena *a = hn_parse_scratch(st->p);
        struct hn_str text = hn_str_from_hostile(a, line, 4096), address, name;
        ptrdiff_t hash = hn_str_chr(text, '#');
        if (hash >= 0)
            text = hn_str_cut(text, 0, (size_t)hash);
        if (!hn_str_word(&text, &address))
            continue;
        while (hn_str_word(&text, &name) && st->n_names++ < NAMES_MAX) {
            hn_obs_begin(st->p, "host_name", hn_arena_fmt(a, "%.*s %.*s", HN_FMT(name), HN_FMT(address)));
            hn_obs_str(st->p, "name", name);
            hn_obs_str(st->p, "address", address);
            hn_obs_end(st->p);
        }
    }
    if (st->n_names >= NAMES_MAX)
        hn_parse_not_seen(st->p, HN_STR("further names in /etc/hosts"), "too many");
}

static int flag(struct hn_bytes b)
{
    return b.n && b.p[0] >= '0' && b.p[0] <= '9' ? b.p[0] != '0' : -1;
}

static void parse(struct hn_parse *p, const struct hn_rec *r)
{
    struct network_state *st = hn_parse_state(p);
    st->p = p;
    if (!st->begun) {
        st->begun = true;
        st->forward4 = st->forward6 = -1;
    }
    if (r->err || r->offset || network_traces(st, r))
        return;
    if (hn_str_eqc(r->tag, "resolv"))
        network_resolv(st, r);
    else if (hn_str_eqc(r->tag, "hosts"))
        network_hosts(st, r);
    else if (hn_str_eqc(r->tag, "forward4"))
        st->forward4 = flag(r->data);
    else if (hn_str_eqc(r->tag, "forward6"))
        st->forward6 = flag(r->data);
    else
        network_link(st, r);
}

static void finish(struct hn_parse *p)
{
    struct network_state *st = hn_parse_state(p);
    if (st->begun && (st->forward4 >= 0 || st->forward6 >= 0)) {
        hn_obs_begin(p, "forwarding", HN_STR("host"));
        if (st->forward4 >= 0)
            hn_obs_bool(p, "ipv4", st->forward4);
        if (st->forward6 >= 0)
            hn_obs_bool(p, "ipv6", st->forward6);
        hn_obs_end(p);
    }
    hn_map_done(&st->interfaces);
}

const struct hn_module hn_module_network = {
    .name = "network",
    .kinds = kinds,
    .rules = rules,
    .needs = needs,
    .state_size = sizeof(struct network_state),
    .collect = network_collect,
    .parse = parse,
    .finish = finish,
    .judge = network_judge,
};
