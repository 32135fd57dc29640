/* The filter language, as users of nfdump and tcpdump know it:
 *
 *   expression = term { "or" term }
 *   term       = factor { "and" factor }
 *   factor     = "not" factor | "(" expression ")" | test
 *   test       = [SIDE] (host|ip|net) ADDRESS[/BITS] [mask M] | [SIDE] (port|portrange) [CMP] N | N-N | N,N,… | NAME
 *              | [SIDE] as [CMP] N | … in [VALUE VALUE …] | ADDRESS
 *              | proto (tcp|udp|icmp|icmp6|…|N) or the bare name, alone or before a side, host, net or port
 *              | ip | ip6 | ipv4 | ipv6 | multicast | any | flags LETTERS (all of them set) or a number
 *              | tcp[tcpflags] [& FLAGS] (=|!=) FLAGS | icmp-type [CMP] N | icmp-code [CMP] N
 *              | (packets|bytes|duration|bps|pps|bpp|tos|vlan|if|in if|out if|exporter|sampling) [CMP] N
 *              | (exporter|router) (ip|host|net) ADDRESS[/BITS] | … in [ADDRESS …] | (exporter id|sysid) [CMP] N
 *              | (in|out|src|dst) (packets|bytes) [CMP] N
 *              | state (attempt|rejected|established|closed|reset|midstream) | app (dns|http|tls|…)
 *              | (ja3|ja3s|ja4) FINGERPRINT
 *   SIDE       = src | dst | src or dst | src and dst
 *   CMP        = "=" "==" "<" ">" "<=" ">=" "!="; N takes k, m, g, t (1000), duration takes ms, s, m, h, d
 *
 * A value alone after "and" or "or" repeats the words before it: "port 80 or 443". "&&", "||" and "!" are words as
 * well. "and" may be left out between tests. Packets and bytes count both directions. */
#pragma once

#include "base/arena.h"
#include "base/ip.h"
#include "format/flow/export.h"
#include "format/flow/segment.h"

struct hn_flow_filter;

/* NULL with a reason and the place (octets from the start) where it was not understood. Empty text: everything. */
struct hn_flow_filter *hn_flow_filter_parse(struct hn_arena *a, struct hn_str text, const char **ret_why,
                                            size_t *ret_at);
/* The name that a filter takes for a protocol; NULL: it has none. */
const char *hn_flow_protocol_name(unsigned number);
/* Which columns it looks at: bit per enum hn_segment_column. */
uint32_t hn_flow_filter_columns(const struct hn_flow_filter *f);
/* Flows hold the number of their exporter: which addresses have which number is told here, before the filter runs.
 * Without it, or when memory ends (false), `exporter ip` is true of nothing. */
HN_MUST bool hn_flow_filter_exporters(struct hn_flow_filter *f, struct hn_arena *a, const struct hn_export_number *list,
                                      size_t n);
/* columns[c]: values of a block as hn_segment_column() gives them (those that are needed); prints[p]: of the
 * fingerprints whose column is needed, as hn_segment_prints() gives them. Sets keep[i] to 0 or 1 for the n records.
 * room: n octets of scratch for every level of nesting (HN_FLOW_FILTER_DEPTH; deeper is not parsed). */
#define HN_FLOW_FILTER_DEPTH 32u
void hn_flow_filter_run(const struct hn_flow_filter *f, const struct hn_segment_block *b,
                        const void *const columns[HN_SEGMENT_COLUMNS], const uint8_t *const prints[HN_TLS_PRINTS],
                        uint8_t *keep, uint8_t *room);
