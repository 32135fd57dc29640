/* Extensions of iptables (linux/netfilter/xt_*.h), as both kinds of tables hold them. */
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_multiport.h>
#include <linux/netfilter/xt_state.h>
#include <linux/netfilter/xt_tcpudp.h>

#include "base/str.h"
#include "modules/sockets/eval.h"

static enum tri in_ports(uint16_t port, const uint16_t range[2])
{
    return port >= range[0] && port <= range[1] ? YES : NO;
}

/* The sender chooses its port. */
static enum tri source_ports(const uint16_t range[2])
{
    return range[0] == 0 && range[1] == UINT16_MAX ? YES : SOME;
}

static enum tri unless(bool inverted, enum tri t)
{
    return inverted ? sockets_not(t) : t;
}

static enum tri tcp(const struct packet *p, struct hn_bytes info)
{
    struct xt_tcp m;
    if (info.n < sizeof m)
        return UNKNOWN;
    memcpy(&m, info.p, sizeof m);
    enum tri t = unless(m.invflags & XT_TCP_INV_SRCPT, source_ports(m.spts));
    t = sockets_and(t, unless(m.invflags & XT_TCP_INV_DSTPT, in_ports(p->port, m.dpts)));
    t = sockets_and(t, unless(m.invflags & XT_TCP_INV_FLAGS, (TCP_SYN & m.flg_mask) == m.flg_cmp ? YES : NO));
    return m.option ? sockets_and(t, SOME) : t;
}

static enum tri udp(const struct packet *p, struct hn_bytes info)
{
    struct xt_udp m;
    if (info.n < sizeof m)
        return UNKNOWN;
    memcpy(&m, info.p, sizeof m);
    return sockets_and(unless(m.invflags & XT_UDP_INV_SRCPT, source_ports(m.spts)),
                       unless(m.invflags & XT_UDP_INV_DSTPT, in_ports(p->port, m.dpts)));
}

static enum tri multiport(const struct packet *p, struct hn_bytes info)
{
    struct xt_multiport_v1 m;
    if (info.n < sizeof m)
        return UNKNOWN;
    memcpy(&m, info.p, sizeof m);
    unsigned count = m.count > XT_MULTI_PORTS ? XT_MULTI_PORTS : m.count;
    enum tri hit = NO;
    for (unsigned i = 0; i < count; i++) {
        uint16_t range[2] = {m.ports[i], m.ports[i]};
        if (m.pflags[i] && i + 1 < count)
            range[1] = m.ports[++i];
        if (in_ports(p->port, range) == YES)
            hit = YES;
    }
    return unless(m.invert, m.flags == XT_MULTIPORT_DESTINATION ? hit : SOME);
}

/* Revisions 2 and 3 are the same up to the states. */
static enum tri conntrack(struct hn_bytes info)
{
    struct xt_conntrack_mtinfo2 m;
    if (info.n < sizeof m)
        return UNKNOWN;
    memcpy(&m, info.p, sizeof m);
    if ((m.match_flags & ~XT_CONNTRACK_STATE_ALIAS) != XT_CONNTRACK_STATE)
        return UNKNOWN; /* more than the state */
    return unless(m.invert_flags & XT_CONNTRACK_STATE, m.state_mask & CT_STATE_NEW ? YES : NO);
}

static enum tri state(struct hn_bytes info)
{
    struct xt_state_info m;
    if (info.n < sizeof m)
        return UNKNOWN;
    memcpy(&m, info.p, sizeof m);
    return m.statemask & CT_STATE_NEW ? YES : NO;
}

enum tri sockets_xt_match(const struct packet *p, struct hn_bytes name, uint32_t revision, struct hn_bytes info)
{
    static const char *const sender[] = {"limit", "hashlimit", "recent", "iprange", "mac", "set", "geoip", "connlimit"};
    if (hn_bytes_eqc(name, "tcp"))
        return tcp(p, info);
    if (hn_bytes_eqc(name, "udp"))
        return udp(p, info);
    if (hn_bytes_eqc(name, "multiport") && revision == 1)
        return multiport(p, info);
    if (hn_bytes_eqc(name, "conntrack") && (revision == 2 || revision == 3))
        return conntrack(info);
    if (hn_bytes_eqc(name, "state") && revision == 0)
        return state(info);
    if (hn_bytes_eqc(name, "comment"))
        return YES;
    for (size_t i = 0; i < sizeof sender / sizeof sender[0]; i++) {
        if (hn_bytes_eqc(name, sender[i]))
            return SOME;
    }
    return UNKNOWN;
}

unsigned sockets_xt_target(struct hn_bytes name)
{
    static const char *const harmless[] = {"LOG", "NFLOG", "CT", "TCPMSS", "MARK", "CONNMARK", "SECMARK", "TRACE"};
    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++) {
        if (hn_bytes_eqc(name, harmless[i]))
            return 0;
    }
    return hn_bytes_eqc(name, "REJECT") || hn_bytes_eqc(name, "TARPIT") ? OUT_DROP : OUT_ACCEPT | OUT_DROP | OUT_GUESS;
}
