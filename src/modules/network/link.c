/* Interfaces, addresses, routes and neighbours from rtnetlink (rtnetlink(7)):
 *   link       ifinfomsg  u8 family, pad · u16 type · i32 index · u32 flags, change
 *   address    ifaddrmsg  u8 family, prefix length, flags, scope · u32 index
 *   route      rtmsg      u8 family, destination length, source length, tos, table, protocol, scope, type · u32 flags
 *   neighbour  ndmsg      u8 family, pad · u16 pad · i32 index · u16 state · u8 flags, type */
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "base/ip.h"
#include "base/str.h"
#include "modules/network/network.h"

#define TABLE_LOCAL 255

static struct hn_str ip_text(struct network_state *st, struct hn_bytes b)
{
    char text[HN_IP_TEXT];
    struct hn_ip ip = {0};
    if (b.n == 4)
        ip = hn_ip4(b.p);
    else if (b.n == 16)
        ip = hn_ip6(b.p);
    else
        return (struct hn_str){0};
    return hn_arena_str(hn_parse_scratch(st->p), hn_str_c(hn_ip_text(&ip, text)));
}

static struct hn_str mac_text(struct network_state *st, struct hn_bytes b)
{
    struct hn_str s = {0};
    for (size_t i = 0; i < b.n && i < 20; i++)
        s = hn_arena_fmt(hn_parse_scratch(st->p), "%.*s%s%02x", HN_FMT(s), i ? ":" : "", b.p[i]);
    return s;
}

static struct hn_str interface_name(struct network_state *st, uint32_t index)
{
    const struct hn_str *name = hn_map_find(&st->interfaces, hn_bytes_of(&index, sizeof(index)));
    return name ? *name : hn_arena_fmt(hn_parse_scratch(st->p), "#%u", index);
}

static const char *type_name(uint16_t type, struct hn_str name)
{
    if (type == ARPHRD_LOOPBACK)
        return "loopback";
    if (type == ARPHRD_PPP)
        return "ppp";
    if (type == ARPHRD_NONE || type == ARPHRD_TUNNEL || type == ARPHRD_TUNNEL6 || type == ARPHRD_SIT)
        return "tunnel";
    if (hn_str_starts(name, "wwan") || hn_str_starts(name, "wwp"))
        return "mobile";
    if (hn_str_starts(name, "wl"))
        return "wireless";
    return type == ARPHRD_ETHER ? "ethernet" : "other";
}

static void one_link(struct network_state *st, struct hn_cur *c)
{
    hn_cur_skip(c, 2);
    uint16_t type = hn_nl_take_u16(c);
    uint32_t index = hn_nl_take_u32(c), flags = hn_nl_take_u32(c);
    hn_cur_skip(c, 4);
    struct hn_bytes raw = hn_nl_text(hn_nl_find(c, IFLA_IFNAME));
    struct hn_str *name = HN_NEW(hn_parse_arena(st->p), struct hn_str);
    struct hn_bytes key = hn_arena_bytes(hn_parse_arena(st->p), hn_bytes_of(&index, sizeof(index)));
    if (hn_cur_bad(c) || !raw.n || !name || st->interfaces.n >= NETWORK_INTERFACES)
        return;
    *name = network_keep(st, raw);
    if (!hn_ok(hn_map_set(&st->interfaces, key, name)))
        return;
    struct hn_cur info = hn_nl_nested(hn_nl_find(c, IFLA_LINKINFO));
    struct hn_bytes kind = hn_nl_text(hn_nl_find(&info, IFLA_INFO_KIND)), master = hn_nl_find(c, IFLA_MASTER),
                    promiscuity = hn_nl_find(c, IFLA_PROMISCUITY), mac = hn_nl_find(c, IFLA_ADDRESS);
    hn_obs_begin(st->p, "interface", *name);
    hn_obs_int(st->p, "index", index);
    hn_obs_bool(st->p, "up", flags & IFF_UP);
    hn_obs_str(st->p, "type", hn_str_c(type_name(type, *name)));
    if (kind.n)
        hn_obs_str(st->p, "kind", network_keep(st, kind));
    if (mac.n && type != ARPHRD_LOOPBACK)
        hn_obs_str(st->p, "mac", mac_text(st, mac));
    hn_obs_bool(st->p, "promiscuous", (flags & IFF_PROMISC) || hn_nl_u32(promiscuity) > 0);
    hn_obs_bool(st->p, "member", master.n > 0);
    hn_obs_int(st->p, "mtu", hn_nl_u32(hn_nl_find(c, IFLA_MTU)));
    hn_obs_end(st->p);
}

static void one_address(struct network_state *st, struct hn_cur *c)
{
    hn_cur_skip(c, 1);
    uint8_t bits = hn_cur_u8(c);
    hn_cur_skip(c, 2);
    uint32_t index = hn_nl_take_u32(c);
    struct hn_bytes b = hn_nl_find(c, IFA_LOCAL);
    if (!b.n)
        b = hn_nl_find(c, IFA_ADDRESS);
    struct hn_str text = ip_text(st, b);
    struct hn_ip ip;
    if (hn_cur_bad(c) || !hn_ip_parse(text, &ip))
        return;
    struct hn_str name = interface_name(st, index);
    hn_obs_begin(st->p, "address",
                 hn_arena_fmt(hn_parse_scratch(st->p), "%.*s %.*s/%u", HN_FMT(name), HN_FMT(text), bits));
    hn_obs_str(st->p, "interface", name);
    hn_obs_str(st->p, "address", text);
    hn_obs_int(st->p, "prefix", bits);
    hn_obs_str(st->p, "reach", hn_str_c(hn_reach_name(hn_ip_reach(&ip))));
    hn_obs_end(st->p);
}

static void one_route(struct network_state *st, struct hn_cur *c)
{
    struct hn_arena *a = hn_parse_scratch(st->p);
    hn_cur_skip(c, 1);
    uint8_t bits = hn_cur_u8(c);
    hn_cur_skip(c, 2);
    uint32_t table = hn_cur_u8(c);
    hn_cur_skip(c, 2);
    uint8_t type = hn_cur_u8(c);
    hn_cur_skip(c, 4);
    struct hn_bytes wide = hn_nl_find(c, RTA_TABLE), metric = hn_nl_find(c, RTA_PRIORITY), oif = hn_nl_find(c, RTA_OIF);
    table = wide.n ? hn_nl_u32(wide) : table;
    if (hn_cur_bad(c) || type != RTN_UNICAST || table == TABLE_LOCAL)
        return;
    if (++st->n_routes > NETWORK_ROUTES) {
        if (st->n_routes == NETWORK_ROUTES + 1)
            hn_parse_not_seen(st->p, HN_STR("further routes"), "too many");
        return;
    }
    struct hn_str dst = ip_text(st, hn_nl_find(c, RTA_DST)), via = ip_text(st, hn_nl_find(c, RTA_GATEWAY));
    struct hn_str to = dst.n ? hn_arena_fmt(a, "%.*s/%u", HN_FMT(dst), bits) : HN_STR("default");
    struct hn_str dev = oif.n ? interface_name(st, hn_nl_u32(oif)) : HN_STR("?");
    hn_obs_begin(st->p, "route",
                 hn_arena_fmt(a, "%.*s%s%.*s dev %.*s table %u metric %u", HN_FMT(to), via.n ? " via " : "",
                              HN_FMT(via), HN_FMT(dev), table, hn_nl_u32(metric)));
    hn_obs_str(st->p, "destination", to);
    if (via.n)
        hn_obs_str(st->p, "gateway", via);
    hn_obs_str(st->p, "interface", dev);
    hn_obs_int(st->p, "table", table);
    hn_obs_int(st->p, "metric", hn_nl_u32(metric));
    hn_obs_end(st->p);
}

static void one_neighbour(struct network_state *st, struct hn_cur *c)
{
    struct hn_arena *a = hn_parse_scratch(st->p);
    hn_cur_skip(c, 4);
    uint32_t index = hn_nl_take_u32(c);
    uint16_t state = hn_nl_take_u16(c);
    hn_cur_skip(c, 2);
    struct hn_bytes mac = hn_nl_find(c, NDA_LLADDR);
    struct hn_str ip = ip_text(st, hn_nl_find(c, NDA_DST)), name = interface_name(st, index);
    bool known = state & (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT);
    if (hn_cur_bad(c) || !ip.n || !known || !mac.n || ++st->n_neighbours > NETWORK_ROUTES)
        return;
    hn_obs_begin(st->p, "neighbour", hn_arena_fmt(a, "%.*s %.*s", HN_FMT(name), HN_FMT(ip)));
    hn_obs_str(st->p, "interface", name);
    hn_obs_str(st->p, "address", ip);
    hn_obs_str(st->p, "mac", mac_text(st, mac));
    hn_obs_bool(st->p, "permanent", state & NUD_PERMANENT);
    hn_obs_end(st->p);
}

void network_link(struct network_state *st, const struct hn_rec *r)
{
    struct hn_cur c;
    struct hn_nl_msg m;
    hn_cur_init(&c, r->data, r->data.n / 16 + 1);
    while (hn_nl_next(&c, &m)) {
        if (m.type == RTM_NEWLINK)
            one_link(st, &m.body);
        else if (m.type == RTM_NEWADDR)
            one_address(st, &m.body);
        else if (m.type == RTM_NEWROUTE)
            one_route(st, &m.body);
        else if (m.type == RTM_NEWNEIGH)
            one_neighbour(st, &m.body);
        if (hn_cur_bad(&m.body))
            hn_parse_malformed(st->p, r->path, 0, m.body.bad);
    }
    if (hn_cur_bad(&c))
        hn_parse_malformed(st->p, r->path, c.bad_at, c.bad);
}
