/* Packet headers: from a captured frame to the addresses, ports and header fields of one packet.
 *
 *   link ─▶ VLAN, QinQ, MPLS, PPPoE ─▶ IPv4 | IPv6 + extension headers ─▶ TCP, UDP, ICMP, ICMPv6, SCTP, DCCP
 *                     ▲                          │
 *                     └── GRE, PPTP, IP in IP, 6in4, Teredo, VXLAN, GENEVE, GTP-U, ERSPAN, MPLS in IP (innermost is
 * given)
 *
 * Nothing is invented: a field that the frame does not hold stays zero and the verdict says why. Nothing is
 * reassembled: a later fragment has a protocol and no ports. Works on the frame only, keeps nothing, allocates
 * nothing. */
#pragma once

#include "base/bytes.h"
#include "base/ip.h"
#include "base/time.h"

/* name, is the packet malformed (as against: not for us), text */
#define HN_PACKET_MAP(XX)                                                                                              \
    XX(OK, false, "ok")                                                                                                \
    XX(CUT, false, "cut by the capture length")                                                                        \
    XX(NOT_IP, false, "not IP")                                                                                        \
    XX(LINK_UNKNOWN, false, "link type is not read")                                                                   \
    XX(LINK_HIDDEN, false, "link layer is encrypted or holds no packet")                                               \
    XX(LINK_SHORT, true, "link header cut short")                                                                      \
    XX(TOO_DEEP, true, "too many tags or tunnels")                                                                     \
    XX(IP_VERSION, true, "IP version does not fit")                                                                    \
    XX(IP_SHORT, true, "IP header cut short")                                                                          \
    XX(IP_LENGTH, true, "IP length does not fit")                                                                      \
    XX(IP_FRAGMENT, true, "fragment beyond 65535 octets")                                                              \
    XX(IP_EXTENSION, true, "extension headers do not fit")                                                             \
    XX(TUNNEL, true, "tunnel header does not fit")                                                                     \
    XX(TRANSPORT_SHORT, true, "transport header cut short")                                                            \
    XX(TCP_OFFSET, true, "TCP data offset does not fit")                                                               \
    XX(UDP_LENGTH, true, "UDP length does not fit")

enum hn_packet_verdict {
#define XX(name, malformed, text) HN_PACKET_##name,
    HN_PACKET_MAP(XX)
#undef XX
        HN_PACKET_VERDICTS
};
const char *hn_packet_verdict_text(enum hn_packet_verdict v);
bool hn_packet_verdict_malformed(enum hn_packet_verdict v);

/* Link types as pcap and pcapng number them (LINKTYPE_…); the rest of those that are read stand in link.c. */
#define HN_LINK_NULL     0
#define HN_LINK_ETHERNET 1
#define HN_LINK_RAW      101

#define HN_TCP_FIN 1u
#define HN_TCP_SYN 2u
#define HN_TCP_RST 4u
#define HN_TCP_PSH 8u
#define HN_TCP_ACK 16u
#define HN_TCP_URG 32u
#define HN_TCP_ECN 192u /* ECE and CWR: mask before comparing */

/* What lay around the packet. */
#define HN_LAYER_VLAN   1u
#define HN_LAYER_MPLS   2u
#define HN_LAYER_PPP    4u
#define HN_LAYER_GRE    8u
#define HN_LAYER_IPIP   16u /* IPv4 or IPv6 in either, also Teredo */
#define HN_LAYER_VXLAN  32u /* also GENEVE */
#define HN_LAYER_GTP    64u
#define HN_LAYER_TUNNEL (HN_LAYER_GRE | HN_LAYER_IPIP | HN_LAYER_VXLAN | HN_LAYER_GTP)

/* The packet that an ICMP error quotes: what the victim or the router in between had received. */
struct hn_packet_quote {
    struct hn_ip src, dst; /* family 0: none, or not readable */
    uint8_t proto;
    bool ports; /* sport, dport are there */
    uint16_t sport, dport;
};

struct hn_packet {
    struct hn_ip src, dst; /* family 0: no IP */
    uint32_t wire;         /* octets on the wire, as the capture says */
    uint16_t ip_len;       /* octets of the IP packet as its header says; IPv6: with the fixed header */
    uint16_t ip_id;
    uint8_t ttl, tos;
    uint8_t proto; /* after extension headers */
    uint8_t layers;
    uint16_t vlan;    /* innermost tag */
    bool df, mf;      /* don't fragment, more fragments */
    bool ip_options;  /* IPv4 options or IPv6 extension headers */
    bool is_fragment; /* not the first one: no transport header */
    bool has_ports;
    uint16_t sport, dport;
    uint16_t tcp_window;
    uint8_t tcp_flags, tcp_doff; /* doff in words of four octets */
    uint32_t tcp_seq, tcp_ack;
    uint8_t icmp_type, icmp_code;
    uint16_t icmp_id, icmp_seq; /* of echoes */
    struct hn_bytes options;    /* of TCP */
    struct hn_bytes payload;    /* after the transport header, as far as captured */
    uint16_t udp_len;           /* octets of a datagram's payload as its header says, whatever was captured */
    struct hn_packet_quote quote;
};

struct hn_packet_how {
    /* Asked with the destination before a tunnel is entered: true keeps the outer packet. NULL: the innermost. A
     * telescope asks here, so that a forged inner packet cannot stand in for the one that came. */
    bool (*stop)(void *arg, const struct hn_ip *dst);
    void *arg;
};

/* frame: what was captured, of `wire` octets. how may be NULL. Always fills p; its fields are those of the last layer
 * that could be read. */
enum hn_packet_verdict hn_packet_decode(unsigned link, struct hn_bytes frame, uint32_t wire,
                                        const struct hn_packet_how *how, struct hn_packet *p);

/* The IPv4 address as a number (host order). */
static inline uint32_t hn_ip_v4(const struct hn_ip *ip)
{
    return (uint32_t)ip->b[0] << 24 | (uint32_t)ip->b[1] << 16 | (uint32_t)ip->b[2] << 8 | ip->b[3];
}
