/* Open sockets, who holds them, how far they reach and what the firewall lets through. See README.md. */
#include "modules/sockets/parse.h"

static const struct hn_field listener_fields[] = {
    {"proto", HN_T_STR, 0, NULL, "tcp, udp, udplite or sctp"},
    {"address", HN_T_STR, 0, NULL, "local address; 0.0.0.0 or :: is every one"},
    {"port", HN_T_INT, 0, NULL, "local port"},
    {"reach", HN_T_STR, 0, NULL, "loopback, link-local, private, public or everywhere"},
    {"networks", HN_T_LIST, 0, NULL,
     "of a listener on every address: the kinds of networks this host has addresses in"},
    {"v6only", HN_T_BOOL, 0, NULL, "an IPv6 listener that does not serve IPv4"},
    {"inode", HN_T_INT, 0, NULL, "inode of the socket"},
    {"uid", HN_T_INT, 0, NULL, "user id that opened it"},
    {"interface", HN_T_INT, 0, NULL, "index of the interface it is bound to"},
    {"namespace", HN_T_STR, 0, NULL, "network namespace when it is not the host's"},
    {"processes", HN_T_LIST, HN_REF_PROCESS, NULL, "processes that hold it"},
    {"unattributed", HN_T_BOOL, 0, NULL, "no visible process holds it"},
    {"firewall", HN_T_STR, 0, NULL,
     "what the rules do with a new connection from outside: open, filtered, blocked, unknown"},
    {"service", HN_T_STR, 0, NULL, "service usual on this port"},
    {"ephemeral", HN_T_BOOL, 0, NULL, "port of the range that the kernel gives to clients"},
    {0}};

static const struct hn_field connection_fields[] = {
    {"proto", HN_T_STR, 0, NULL, "tcp or udp"},
    {"direction", HN_T_STR, 0, NULL, "in: to one of our listeners; out"},
    {"remote", HN_T_STR, 0, NULL, "address of the peer"},
    {"reach", HN_T_STR, 0, NULL, "kind of the peer's network"},
    {"port", HN_T_INT, 0, NULL, "port of the service: ours for in, the peer's for out"},
    {"count", HN_T_INT, 0, NULL, "connections"},
    {"listener", HN_T_STR, HN_REF_LISTENER, NULL, "listener it came in by"},
    {"processes", HN_T_LIST, HN_REF_PROCESS, NULL, "processes that hold them"},
    {0}};

static const struct hn_field raw_fields[] = {
    {"family", HN_T_STR, 0, NULL, "raw (IP) or packet (sees the frames of an interface)"},
    {"protocol", HN_T_INT, 0, NULL, "protocol number"},
    {"processes", HN_T_LIST, HN_REF_PROCESS, NULL, "processes that hold it"},
    {0}};

static const struct hn_field firewall_fields[] = {
    {"filters", HN_T_BOOL, 0, NULL, "some rule or policy can refuse incoming packets"},
    {"understood", HN_T_BOOL, 0, NULL, "the whole rule set could be read"},
    {"tables", HN_T_INT, 0, NULL, "tables of nf_tables"},
    {"chains", HN_T_INT, 0, NULL, "chains of nf_tables"},
    {"rules", HN_T_INT, 0, NULL, "rules of nf_tables"},
    {"legacy", HN_T_BOOL, 0, NULL, "tables of iptables without nf_tables are in use as well"},
    {0}};

static const struct hn_field config_fields[] = {
    {"path", HN_T_STR, HN_REF_PATH, NULL, "configuration file of a firewall"},
    {"tool", HN_T_STR, 0, NULL, "nftables, iptables, ufw or firewalld"},
    {"lines", HN_T_INT, 0, NULL, "lines that are no comments"},
    {"enabled", HN_T_BOOL, 0, NULL, "switched on at start"},
    {0}};

static const struct hn_kind kinds[] = {{"listener", "proto:address:port", listener_fields},
                                       {"connection", "port and peer", connection_fields},
                                       {"raw", "family:inode", raw_fields},
                                       {"firewall", "always \"host\"", firewall_fields},
                                       {"firewall_config", "path", config_fields},
                                       {0}};

static const struct hn_rule rules[] = {{"exposed-clear-text", HN_SEV_HIGH, HN_CLASS_CONFIGURATION, "MHLW:6.0"},
                                       {"exposed-no-auth", HN_SEV_HIGH, HN_CLASS_CONFIGURATION, NULL},
                                       {"exposed-control", HN_SEV_HIGH, HN_CLASS_CONFIGURATION, "MHLW:6.0"},
                                       {"exposed-amplifier", HN_SEV_MEDIUM, HN_CLASS_CONFIGURATION, NULL},
                                       {"exposed-device", HN_SEV_HIGH, HN_CLASS_CONFIGURATION, "MHLW:6.0"},
                                       {"listener-unattributed", HN_SEV_LOW, HN_CLASS_DETECTION, NULL},
                                       {"firewall-absent", HN_SEV_MEDIUM, HN_CLASS_CONFIGURATION, "MHLW:6.0"},
                                       {0}};

static const char *const needs[] = {"processes.process", NULL};

const struct hn_module hn_module_sockets = {
    .name = "sockets",
    .kinds = kinds,
    .rules = rules,
    .needs = needs,
    .state_size = sizeof(struct sockets_state),
    .collect = sockets_collect,
    .parse = sockets_parse,
    .finish = sockets_finish,
    .judge = sockets_judge,
};
