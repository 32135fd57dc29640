/* Remote maintenance as data: what a hospital or a plant is asked to know about (who can get in from outside, by what).
 * Process names are compared whole; packages are listed only where installing them already opens the way. */
#include "base/str.h"
#include "modules/network/network.h"

#define LOW  HN_SEV_LOW
#define MED  HN_SEV_MEDIUM
#define HIGH HN_SEV_HIGH

const struct network_tool network_tools[] = {
    {"teamviewer", "TeamViewer", "remote-control", "both", MED, "teamviewerd TeamViewer", "teamviewer teamviewer-host",
     "/etc/teamviewer/global.conf"},
    {"anydesk", "AnyDesk", "remote-control", "both", MED, "anydesk", "anydesk", "/etc/anydesk/system.conf"},
    {"rustdesk", "RustDesk", "remote-control", "both", MED, "rustdesk", "rustdesk",
     "/root/.config/rustdesk/RustDesk2.toml"},
    {"screenconnect", "ScreenConnect", "remote-control", "both", MED, "screenconnect", NULL, "/opt/screenconnect"},
    {"splashtop", "Splashtop", "remote-control", "both", MED, "SRStreamer", "splashtop-streamer",
     "/opt/splashtop-streamer"},
    {"nomachine", "NoMachine", "remote-control", "both", MED, "nxserver.bin nxd", "nomachine", "/usr/NX"},
    {"dwagent", "DWAgent", "remote-control", "both", MED, "dwagsvc dwagent", NULL, "/usr/share/dwagent"},
    {"meshagent", "MeshCentral agent", "remote-control", "both", MED, "meshagent", NULL, "/usr/local/mesh_services"},
    {"chrome-remote", "Chrome Remote Desktop", "remote-control", "both", MED, "chrome-remote-desktop-host",
     "chrome-remote-desktop", "/opt/google/chrome-remote-desktop"},
    {"remoteit", "remote.it", "remote-control", "both", MED, "remoteit connectd", "remoteit", "/etc/remoteit"},
    {"xrdp", "xrdp (RDP)", "desktop", "in", MED, "xrdp xrdp-sesman", "xrdp", "/etc/xrdp/xrdp.ini"},
    {"vnc", "VNC", "desktop", "in", MED, "Xvnc Xtightvnc x11vnc vino-server wayvnc Xtigervnc", NULL, NULL},
    {"gnome-remote", "GNOME Remote Desktop", "desktop", "in", MED, "gnome-remote-desktop-daemon", NULL, NULL},
    {"guacamole", "Apache Guacamole", "desktop", "in", MED, "guacd", "guacd", NULL},
    {"ssh", "SSH", "shell", "in", LOW, NULL, NULL, NULL},
    {"telnet", "Telnet", "shell", "in", HIGH, "telnetd in.telnetd", "telnetd inetutils-telnetd", NULL},
    {"teleport", "Teleport", "shell", "both", MED, "teleport", "teleport", "/etc/teleport.yaml"},
    {"openvpn", "OpenVPN", "vpn", "both", MED, "openvpn", NULL, NULL},
    {"wireguard", "WireGuard", "vpn", "both", MED, NULL, NULL, NULL},
    {"ipsec", "IPsec", "vpn", "both", MED, "charon charon-systemd pluto", NULL, NULL},
    {"pptp", "PPTP", "vpn", "both", HIGH, "pptpd pptp", "pptpd", NULL},
    {"l2tp", "L2TP", "vpn", "both", MED, "xl2tpd", NULL, NULL},
    {"softether", "SoftEther VPN", "vpn", "both", MED, "vpnserver vpnclient vpnbridge", "softether-vpnserver", NULL},
    {"openconnect", "OpenConnect", "vpn", "both", MED, "openconnect ocserv", "ocserv", NULL},
    {"tailscale", "Tailscale", "vpn", "both", MED, "tailscaled", "tailscale", "/var/lib/tailscale/tailscaled.state"},
    {"zerotier", "ZeroTier", "vpn", "both", MED, "zerotier-one", "zerotier-one",
     "/var/lib/zerotier-one/identity.public"},
    {"nebula", "Nebula", "vpn", "both", MED, "nebula", NULL, "/etc/nebula/config.yml"},
    {"netbird", "NetBird", "vpn", "both", MED, "netbird", "netbird", "/etc/netbird/config.json"},
    {"ssh-reverse", "SSH reverse tunnel", "tunnel", "in", HIGH, NULL, NULL, NULL},
    {"autossh", "autossh", "tunnel", "in", HIGH, "autossh", NULL, NULL},
    {"cloudflared", "Cloudflare Tunnel", "tunnel", "in", MED, "cloudflared", "cloudflared",
     "/etc/cloudflared/config.yml"},
    {"ngrok", "ngrok", "tunnel", "in", HIGH, "ngrok", "ngrok", "/root/.config/ngrok/ngrok.yml"},
    {"frp", "frp", "tunnel", "in", HIGH, "frpc frps", NULL, "/etc/frp/frpc.toml"},
    {"chisel", "chisel", "tunnel", "in", HIGH, "chisel", NULL, NULL},
    {"socat", "socat", "tunnel", "in", MED, NULL, NULL, NULL},
    {"ser2net", "ser2net", "serial", "in", MED, "ser2net", "ser2net", NULL},
    {"modem", "Mobile modem", "modem", "both", MED, NULL, NULL, NULL},
    {"ppp", "PPP dial-up", "modem", "both", MED, "pppd", NULL, NULL},
    {"cockpit", "Cockpit", "web-admin", "in", MED, "cockpit-ws cockpit-tls", "cockpit-ws", NULL},
    {"webmin", "Webmin", "web-admin", "in", MED, "miniserv.pl", "webmin", "/etc/webmin/miniserv.conf"},
};
const size_t network_tools_n = sizeof(network_tools) / sizeof(network_tools[0]);

const struct network_tool *network_tool_find(struct hn_str id)
{
    for (size_t i = 0; i < network_tools_n; i++) {
        if (hn_str_eqc(id, network_tools[i].id))
            return &network_tools[i];
    }
    return NULL;
}

/* ---------------------------------------------------------------- commands */

/* The option letters of ssh(1) that take an argument of their own. */
static bool takes_argument(char c)
{
    return strchr("BbcDEeFIiJLlmOoPpQRSWw", c) != NULL;
}

/* ssh … -R … [user@]host: "-fNR 1:…" and "-R1:…" as well. The first word that is no option is the host; options may
 * still follow it, the next such word begins the remote command. */
static bool ssh_reverse(struct hn_str rest, struct hn_str *ret_peer)
{
    struct hn_str w;
    bool reverse = false;
    while (hn_str_word(&rest, &w)) {
        if (w.n < 2 || w.p[0] != '-') {
            if (ret_peer->n)
                break;
            *ret_peer = w;
            continue;
        }
        for (size_t i = 1; i < w.n; i++) {
            reverse = reverse || w.p[i] == 'R';
            if (!takes_argument(w.p[i]))
                continue;
            if (i + 1 == w.n)
                hn_str_word(&rest, &w); /* the argument is the next word */
            break;
        }
    }
    return reverse;
}

static bool socat_gateway(struct hn_str rest)
{
    bool listens = false, gives = false;
    struct hn_str w;
    while (hn_str_word(&rest, &w)) {
        listens = listens || hn_str_find(w, HN_STR("LISTEN")) >= 0;
        gives = gives || hn_str_find(w, HN_STR("/dev/tty")) >= 0 || hn_str_starts(w, "EXEC") ||
                hn_str_starts(w, "SYSTEM") || hn_str_starts(w, "TCP:") || hn_str_starts(w, "TCP4:");
    }
    return listens && gives;
}

const struct network_tool *network_command(struct hn_str command, struct hn_str *ret_peer)
{
    struct hn_str rest = command, w, name;
    *ret_peer = (struct hn_str){0};
    while (hn_str_word(&rest, &w)) {
        name = hn_str_base(w);
        bool autossh = hn_str_eqc(name, "autossh");
        if (autossh || hn_str_eqc(name, "ssh") || hn_str_eqc(name, "dbclient")) {
            struct hn_str peer = {0};
            if (!ssh_reverse(rest, &peer))
                continue;
            *ret_peer = peer;
            return network_tool_find(autossh ? HN_STR("autossh") : HN_STR("ssh-reverse"));
        }
        if (hn_str_eqc(name, "socat") && socat_gateway(rest))
            return network_tool_find(HN_STR("socat"));
        if (hn_str_eqc(name, "cloudflared") || hn_str_eqc(name, "ngrok") || hn_str_eqc(name, "chisel"))
            return network_tool_find(name);
        if (hn_str_eqc(name, "frpc") || hn_str_eqc(name, "frps"))
            return network_tool_find(HN_STR("frp"));
    }
    return NULL;
}
