/* Interfaces and routes by rtnetlink; configuration files of what lets somebody in from far away. */
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "modules/network/network.h"

#define CONFIG_MAX (1u << 20)

static void dump(struct hn_collect *c, const char *tag, uint16_t type, const void *body, size_t n)
{
    struct nlmsghdr h = {.nlmsg_len = (uint32_t)(sizeof(h) + n),
                         .nlmsg_type = type,
                         .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
                         .nlmsg_seq = 1};
    struct hn_buf b;
    hn_buf_init(&b, 4096);
    hn_buf_add(&b, &h, sizeof(h));
    hn_buf_add(&b, body, n);
    int err = hn_collect_netlink(c, tag, "netlink:route", NETLINK_ROUTE, hn_bytes_of(b.p, b.n));
    hn_buf_done(&b);
    if (err)
        hn_collect_not_seen(c, tag, strerror(err));
}

static void collect_live(struct hn_collect *c)
{
    struct ifinfomsg link = {.ifi_family = AF_UNSPEC};
    struct ifaddrmsg address = {.ifa_family = AF_UNSPEC};
    struct rtmsg route = {.rtm_family = AF_UNSPEC};
    struct ndmsg neighbour = {.ndm_family = AF_UNSPEC};
    dump(c, "link", RTM_GETLINK, &link, sizeof(link));
    dump(c, "address", RTM_GETADDR, &address, sizeof(address));
    dump(c, "route", RTM_GETROUTE, &route, sizeof(route));
    dump(c, "neighbour", RTM_GETNEIGH, &neighbour, sizeof(neighbour));
    hn_collect_file(c, "forward4", "/proc/sys/net/ipv4/ip_forward", 64);
    hn_collect_file(c, "forward6", "/proc/sys/net/ipv6/conf/all/forwarding", 64);
    hn_collect_file(c, "resolv", "/run/systemd/resolve/resolv.conf", CONFIG_MAX);
}

void network_collect(struct hn_collect *c)
{
    static const struct {
        const char *tag, *glob;
    } files[] = {
        {"openvpn", "/etc/openvpn/*.conf"},
        {"openvpn", "/etc/openvpn/client/*.conf"},
        {"openvpn", "/etc/openvpn/server/*.conf"},
        {"openvpn", "/etc/openvpn/*.ovpn"},
        {"wireguard", "/etc/wireguard/*.conf"},
        {"ipsec", "/etc/ipsec.conf"},
        {"ipsec", "/etc/ipsec.d/*.conf"},
        {"swanctl", "/etc/swanctl/swanctl.conf"},
        {"swanctl", "/etc/swanctl/conf.d/*.conf"},
        {"ppp", "/etc/ppp/peers/*"},
        {"pptpd", "/etc/pptpd.conf"},
        {"l2tp", "/etc/xl2tpd/xl2tpd.conf"},
        {"ser2net", "/etc/ser2net.conf"},
        {"ser2net", "/etc/ser2net.yaml"},
        {"ser2net", "/etc/ser2net/ser2net.yaml"},
        {"vncusers", "/etc/tigervnc/vncserver.users"},
        {"connection", "/etc/NetworkManager/system-connections/*"},
        {"unit", "/etc/systemd/system/*.service"},
        {"cron", "/etc/crontab"},
        {"cron", "/etc/cron.d/*"},
        {"cron", "/var/spool/cron/crontabs/*"},
        {"inittab", "/etc/inittab"},
        {"cron", "/etc/rc.local"},
    };
    if (hn_collect_live(c))
        collect_live(c);
    else
        hn_collect_not_seen(c, "interfaces, addresses, routes and neighbours", "a mounted root has no live facts");
    hn_collect_file(c, "resolv", "/etc/resolv.conf", CONFIG_MAX);
    hn_collect_file(c, "hosts", "/etc/hosts", CONFIG_MAX);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        hn_collect_glob(c, files[i].tag, files[i].glob, CONFIG_MAX, 500);
    for (size_t i = 0; i < network_tools_n; i++) {
        if (network_tools[i].path)
            hn_collect_stat(c, "tool", network_tools[i].path);
    }
}
