/* What a pair is by its shape and its service: peeled off before rhythm is asked about, because services that are
 * clocks by nature, scans, floods and peer-to-peer would lead every list of regular things. */
#include "modules/flow/flow_in.h"

#define CONTACTS_LEAST  8u
#define CONTACTS_OF_BAD 3u /* … where the host is known to scan, flood or spam */
#define HELD_LEAST      (20 * HN_MINUTE)
#define BRIEF           (10 * HN_MINUTE)
#define RETRIES_LEAST   30u
#define FAILING_MOST    20u /* peers that never answer: more are addresses of a peer-to-peer network */
#define FAN_LEAST       25u /* peers on one port: Zeek's scan.zeek counted 25 in five minutes */
#define TRIES_MOST      20u /* a peer: who asks one of them more is no search */
#define SWEEP_LEAST     15u /* … of ICMP */

static bool port_in(uint16_t port, const uint16_t *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (list[i] == port)
            return true;
    return false;
}
#define PORT_IN(port, ...) port_in((port), (const uint16_t[]){__VA_ARGS__}, sizeof((const uint16_t[]){__VA_ARGS__}) / 2)

/* Services whose clients are clocks by their nature: names, time, addresses, discovery, routing, logs, monitoring,
 * telephones that register, tunnels that are kept open, lists of game and voice servers. */
bool flow_is_role(const struct flow_pair *p)
{
    if (p->proto != 6 && p->proto != 17)
        return true;
    if (p->apps & (1u << HN_APP_DNS | 1u << HN_APP_NTP | 1u << HN_APP_DHCP))
        return true;
    return PORT_IN(p->port, 53, 67, 68, 123, 137, 138, 161, 162, 179, 319, 320, 500, 514, 520, 521, 546, 547, 853, 1812,
                   1813, 1900, 2008, 2010, 3478, 4500, 5060, 5061, 5350, 5351, 5353, 5355, 6343, 2055, 4739, 9995) ||
           (p->proto == 17 && PORT_IN(p->port, 1194, 51820));
}

static bool is_login_port(uint16_t port)
{
    return PORT_IN(port, 21, 22, 23, 25, 110, 135, 139, 143, 445, 465, 587, 993, 995, 1433, 1521, 2222, 2323, 3306,
                   3389, 5060, 5432, 5900, 5985, 6379, 27017);
}

/* Ways from one host inside to the next: SMB, RPC, RDP, WinRM, SSH, Telnet, VNC. */
bool flow_admin_port(uint16_t port)
{
    return PORT_IN(port, 22, 23, 135, 139, 445, 3389, 5900, 5985, 5986);
}

bool flow_common_port(uint16_t port)
{
    return PORT_IN(port, 80, 443, 8080, 8443, 25, 110, 143, 993, 995, 587, 465, 22, 21, 5222, 5223, 5228, 3128, 8000,
                   8888, 1935, 554, 1194, 51820, 853);
}

/* Where mail is fetched: as often as its reader wants it. */
bool flow_mail_port(uint16_t port)
{
    return PORT_IN(port, 110, 143, 993, 995);
}

/* Held for hours by nature: push services, message brokers, shells of people. */
bool flow_held_port(uint16_t port)
{
    return PORT_IN(port, 22, 1883, 5222, 5223, 5228, 8883);
}

bool flow_irc_port(uint16_t port)
{
    return (port >= 6660 && port <= 6669) || port == 6697 || port == 7000;
}

bool flow_is_group(const struct hn_ip *ip)
{
    if (ip->family == 4)
        return ip->b[0] >= 224 || ip->b[3] == 255 || ip->b[0] == 0;
    return ip->b[0] == 0xff;
}

bool flow_is_p2p(const struct flow_host *h)
{
    return h && flow_distinct(h->high_peers, 16) >= 40 &&
           flow_distinct(h->high_peers, 16) * 2 >= flow_distinct(h->peers, 16);
}

bool flow_is_scan(const struct flow_fan *f)
{
    unsigned least = f->proto == 1 || f->proto == 58 ? SWEEP_LEAST : FAN_LEAST;
    unsigned peers = flow_distinct(f->seen, 8);
    return peers >= least && f->failed * 10ull >= f->n * 6ull && f->n <= (uint64_t)TRIES_MOST * peers;
}

double flow_per_second(const struct flow_pair *p)
{
    double s = (double)(p->last - p->first) / (double)HN_SECOND;
    return p->n / (s < 1 ? 1 : s);
}

bool flow_never_answers(const struct flow_pair *p)
{
    return p->answered == 0 || p->failed * 20ull >= p->n * 19ull;
}

static bool too_few(const struct flow_host *h, const struct flow_pair *p)
{
    if (p->n >= CONTACTS_LEAST)
        return false;
    if (p->longest >= HELD_LEAST && p->proto == 6)
        return false; /* one contact that lasts is a channel as well */
    return !(h && h->acts >= FLOW_ALERT && p->n >= CONTACTS_OF_BAD);
}

enum flow_peel flow_peel_of(const struct flow_state *s, const struct flow_pair *p, bool own_src, bool own_dst)
{
    const struct flow_host *h = flow_host_find(s, &p->src);
    const struct flow_fan *fan = flow_fan_find(s, &p->src, NULL, p->port, p->proto);
    if (too_few(h, p))
        return FLOW_PEEL_FEW;
    if (flow_is_group(&p->dst) || flow_is_role(p))
        return FLOW_PEEL_ROLE;
    double rate = flow_per_second(p); /* an implant whose server is gone asks about once a second and goes on */
    if (rate >= 20 || (own_src && flow_never_answers(p) && p->last - p->first < BRIEF && rate >= 4))
        return FLOW_PEEL_FLOOD;
    if (fan && flow_is_scan(fan) && (flow_never_answers(p) || p->n < 100))
        return FLOW_PEEL_SCAN;
    if (!own_src && is_login_port(p->port))
        return FLOW_PEEL_GUESSING;
    if (!own_src && (flow_never_answers(p) || p->n < CONTACTS_LEAST))
        return FLOW_PEEL_KNOCKING;
    if (own_src && flow_never_answers(p) &&
        ((h && h->failing_pairs > FAILING_MOST) || p->n < RETRIES_LEAST || flow_is_p2p(h)))
        return FLOW_PEEL_PEER_TO_PEER;
    if (own_src && own_dst)
        return FLOW_PEEL_INSIDE;
    return FLOW_PEEL_KEPT;
}
