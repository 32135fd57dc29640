/* What one packet is: class, fingerprint of the tool, signature of the header, guess of the sender's system.
 *
 * Fingerprints look at the whole header, because one field alone hits by chance: identification 54321 stands in one of
 * 65,536 packets of everybody. Sources: Mirai scanner.c; ZMap packet.c and probe modules up to version 3; masscan
 * templ-pkt.c; nmap, measured; hping2 main defaults; Hajime after published observations (window 14600, half of the
 * sequence number zero). */
#include "modules/telescope/classify.h"

const char *const telescope_class_names[CLASS_COUNT] = {
#define XX(name, text, role) text,
    TELESCOPE_CLASSES(XX)
#undef XX
};
const uint8_t telescope_class_roles[CLASS_COUNT] = {
#define XX(name, text, role) ROLE_##role,
    TELESCOPE_CLASSES(XX)
#undef XX
};
const char *const telescope_fp_names[FP_COUNT] = {
#define XX(name, text) text,
    TELESCOPE_FPS(XX)
#undef XX
};
const char *const telescope_os_names[OS_COUNT] = {
#define XX(name, text) text,
    TELESCOPE_OSES(XX)
#undef XX
};

/* ---------------------------------------------------------------- class */

/* By FIN, SYN, RST, PSH, ACK, URG: class + 1, 0 for whatever else. Real floods set ECE and CWR: they do not count. */
static const uint8_t tcp_classes[64] = {
    [0] = 1 + CLASS_TCP_NULL,
    [HN_TCP_SYN] = 1 + CLASS_TCP_SYN,
    [HN_TCP_SYN | HN_TCP_PSH] = 1 + CLASS_TCP_SYN,
    [HN_TCP_SYN | HN_TCP_ACK] = 1 + CLASS_TCP_SYNACK,
    [HN_TCP_RST] = 1 + CLASS_TCP_RST,
    [HN_TCP_RST | HN_TCP_ACK] = 1 + CLASS_TCP_RSTACK,
    [HN_TCP_ACK] = 1 + CLASS_TCP_ACK,
    [HN_TCP_ACK | HN_TCP_PSH] = 1 + CLASS_TCP_ACK,
    [HN_TCP_FIN] = 1 + CLASS_TCP_FIN,
    [HN_TCP_FIN | HN_TCP_ACK] = 1 + CLASS_TCP_FIN,
    [HN_TCP_FIN | HN_TCP_PSH | HN_TCP_URG] = 1 + CLASS_TCP_XMAS,
};

static enum telescope_class tcp_class(unsigned flags)
{
    unsigned class = tcp_classes[flags & 63];
    return class ? (enum telescope_class)(class - 1) : CLASS_TCP_OTHER;
}

/* Is this the answer of a service that is abused to amplify? The payload says so where the protocol has a bit for it;
 * else the port must be one of theirs and the other side's an ordinary one. */
static bool udp_reply(const struct hn_packet *p)
{
    const uint8_t *b = p->payload.p;
    size_t n = p->payload.n;
    switch (p->sport) {
    case 53:
    case 5353: /* DNS: QR, RFC 1035 clause 4.1.1 */
        return n >= 12 && b[2] & 0x80;
    case 123: /* NTP: mode server, or control and private with the response bit (RFC 5905, 1305) */
        return n >= 8 && ((b[0] & 7) == 4 || ((b[0] & 7) == 6 && b[1] & 0x80) || ((b[0] & 7) == 7 && b[0] & 0x80));
    case 161: /* SNMP: sequence of version and community, then response [2] */
        return n >= 20 && b[0] == 0x30 && memchr(b, 0xa2, n < 32 ? n : 32) != NULL && p->dport != 161;
    case 1900: /* SSDP */
        return n >= 8 && memcmp(b, "HTTP/1.1", 8) == 0;
    case 500: /* IKE: the responder's cookie is set, or the response flag of version 2 */
        return n >= 28 && (b[19] & 0x20 || (b[8] | b[9] | b[10] | b[11]) != 0);
    case 4500: /* the same after four octets of zero */
        return n >= 32 && ((b[23] & 0x20) || (b[12] | b[13] | b[14] | b[15]) != 0);
    case 443: /* QUIC: long header with its fixed bit, or version 0 (RFC 8999 clauses 5.1 and 6, RFC 9000 clause 17.2)
               */
        return n >= 7 && b[0] & 0x80 && (b[0] & 0x40 || (b[1] | b[2] | b[3] | b[4]) == 0) && p->dport >= 1024;
    case 5683: /* CoAP: code class 2 to 5 in the answer */
        return n >= 4 && b[1] >> 5 >= 2;
    case 17:    /* quote of the day */
    case 19:    /* character generator */
    case 69:    /* TFTP */
    case 111:   /* portmapper */
    case 137:   /* NetBIOS names */
    case 389:   /* CLDAP */
    case 520:   /* RIP */
    case 1434:  /* SQL Server */
    case 3283:  /* Apple remote desktop */
    case 3702:  /* WS-Discovery */
    case 10001: /* Ubiquiti discovery */
    case 11211: /* memcached */
    case 27960: /* Quake */
    case 37810: /* Dahua recorders */
    case 47808: /* BACnet */
        return p->dport != p->sport && p->dport >= 1024 && n > 0;
    default:
        return false;
    }
}

static enum telescope_class icmp_class(const struct hn_packet *p)
{
    if (p->proto == 1)
        switch (p->icmp_type) {
        case 0:
            return CLASS_ICMP_ECHO_REPLY;
        case 3:
            return CLASS_ICMP_UNREACHABLE;
        case 4:
            return CLASS_ICMP_QUENCH;
        case 8:
            return CLASS_ICMP_ECHO;
        case 11:
            return CLASS_ICMP_EXCEEDED;
        default:
            return CLASS_ICMP_OTHER;
        }
    switch (p->icmp_type) {
    case 1:
        return CLASS_ICMP_UNREACHABLE;
    case 3:
        return CLASS_ICMP_EXCEEDED;
    case 128:
        return CLASS_ICMP_ECHO;
    case 129:
        return CLASS_ICMP_ECHO_REPLY;
    default:
        return CLASS_ICMP_OTHER;
    }
}

static enum telescope_class class_of(const struct hn_packet *p)
{
    if (p->is_fragment)
        return CLASS_FRAGMENT;
    switch (p->proto) {
    case 6:
        return tcp_class(p->tcp_flags);
    case 17:
        return udp_reply(p) ? CLASS_UDP_REPLY : CLASS_UDP;
    case 1:
    case 58:
        return icmp_class(p);
    default:
        return CLASS_OTHER;
    }
}

/* ---------------------------------------------------------------- fingerprints */

/* masscan puts its cookie, which the identification is made of, into the request: SNMP request-id, DNS transaction. */
static bool masscan_udp(const struct hn_packet *p)
{
    const uint8_t *b = p->payload.p;
    size_t n = p->payload.n;
    if (p->ttl < TTL_255_LEAST || p->df)
        return false;
    if (p->dport == 161 && n >= 22 && b[0] == 0x30) {
        /* sequence, version 3, community 2 + n, [0] 2, request-id 2 + 4 */
        size_t at = 2 + 3 + 2 + (size_t)b[6] + 2 + 2;
        return at + 4 <= n && masscan_id(p, (uint32_t)b[at + 2] << 8 | b[at + 3]);
    }
    return p->dport == 53 && n >= 12 && masscan_id(p, (uint32_t)b[0] << 8 | b[1]);
}

static void other_fingerprint(const struct hn_packet *p, struct telescope_sight *s)
{
    if (p->src.family != 4 || p->ttl < TTL_255_LEAST)
        return;
    if (p->ip_id == ZMAP_ID && !p->df) {
        s->fp = FP_ZMAP;
    } else if (s->class == CLASS_UDP && masscan_udp(p)) {
        s->fp = FP_MASSCAN;
    }
}

void telescope_classify(const struct hn_packet *p, struct telescope_sight *s)
{
    const struct options none = {0};
    s->class = (uint8_t)class_of(p);
    if (s->class == CLASS_TCP_SYN) {
        classify_syn(p, s);
        return;
    }
    s->fp = FP_NONE;
    s->os = OS_NONE;
    if (s->class == CLASS_UDP || s->class == CLASS_ICMP_ECHO)
        other_fingerprint(p, s);
    else if (p->proto == 6 && p->options.n && p->src.family == 4 && read_options(p->options).ones)
        s->fp = FP_NMAP;
    s->sig = telescope_class_roles[s->class] == ROLE_SCAN ? signature(p, &none, s) : 0;
}
