/* Signs of remote maintenance in configuration files. Of each only the peer and the direction are kept: these files
 * hold keys and passwords. */
#include "base/str.h"
#include "modules/network/network.h"

#define TRACES_MAX 2000u

void network_trace(struct network_state *st, const char *tool, const char *direction, struct hn_str peer,
                   const struct hn_rec *r)
{
    struct hn_arena *a = hn_parse_scratch(st->p);
    if (++st->n_traces > TRACES_MAX)
        return;
    struct hn_str path = hn_str_from_hostile(a, r->path, 1024);
    struct hn_str text = hn_str_from_hostile(a, hn_str_bytes(peer), 256);
    hn_obs_begin(st->p, "remote_trace",
                 hn_arena_fmt(a, "%.*s %s %s%s%.*s", HN_FMT(path), tool, direction, text.n ? " " : "", HN_FMT(text)));
    hn_obs_str(st->p, "tool", hn_str_c(tool));
    hn_obs_str(st->p, "direction", hn_str_c(direction));
    if (text.n)
        hn_obs_str(st->p, "peer", text);
    hn_obs_str(st->p, "path", path);
    hn_obs_end(st->p);
}

/* The next line that is neither empty nor a comment. */
static bool setting(struct hn_bytes *rest, struct hn_str *ret)
{
    struct hn_bytes line;
    while (hn_bytes_line(rest, &line)) {
        struct hn_str t = hn_str_trim((struct hn_str){(const char *)line.p, line.n});
        if (t.n && t.p[0] != '#' && t.p[0] != ';' && t.p[0] != '!') {
            *ret = t;
            return true;
        }
    }
    return false;
}

/* "key = value", any blanks; false when the line has another key. */
static bool value_of(struct hn_str line, const char *key, struct hn_str *ret)
{
    ptrdiff_t eq = hn_str_chr(line, '=');
    if (eq < 0 || !hn_str_eqc(hn_str_trim(hn_str_cut(line, 0, (size_t)eq)), key))
        return false;
    *ret = hn_str_trim(hn_str_cut(line, (size_t)eq + 1, line.n));
    return ret->n > 0;
}

/* "remote HOST [PORT]" dials out, "server NET MASK" and "mode server" take calls. */
static void openvpn(struct network_state *st, const struct hn_rec *r)
{
    struct hn_bytes rest = r->data;
    struct hn_str line, w, peer;
    bool any = false, in_block = false;
    while (setting(&rest, &line)) {
        if (line.p[0] == '<') { /* <ca> … </ca>: keys inside */
            in_block = line.n > 1 && line.p[1] != '/';
            continue;
        }
        if (in_block || !hn_str_word(&line, &w))
            continue;
        if (hn_str_eqc(w, "remote") && hn_str_word(&line, &peer)) {
            network_trace(st, "openvpn", "out", peer, r);
            any = true;
        } else if (hn_str_eqc(w, "server") || hn_str_eqc(w, "server-bridge")) {
            network_trace(st, "openvpn", "in", (struct hn_str){0}, r);
            any = true;
        }
    }
    if (!any && r->data.n)
        network_trace(st, "openvpn", "both", (struct hn_str){0}, r);
}

static void wireguard(struct network_state *st, const struct hn_rec *r)
{
    struct hn_bytes rest = r->data;
    struct hn_str line, v;
    bool any = false, listens = false;
    while (setting(&rest, &line)) {
        if (value_of(line, "Endpoint", &v)) {
            network_trace(st, "wireguard", "out", v, r);
            any = true;
        }
        listens = listens || value_of(line, "ListenPort", &v);
    }
    if (listens || !any)
        network_trace(st, "wireguard", "in", (struct hn_str){0}, r);
}

static void ipsec(struct network_state *st, const struct hn_rec *r, const char *key)
{
    struct hn_bytes rest = r->data;
    struct hn_str line, v;
    while (setting(&rest, &line)) {
        if (!value_of(line, key, &v))
            continue;
        bool any = v.p[0] == '%' || hn_str_eqc(v, "0.0.0.0/0"); /* road warriors */
        network_trace(st, "ipsec", any ? "in" : "both", any ? (struct hn_str){0} : v, r);
    }
}

/* A file in peers/ is one dial-out; the samples of the package are comments or go by the name "provider". */
static void ppp(struct network_state *st, const struct hn_rec *r)
{
    struct hn_bytes rest = r->data;
    struct hn_str line, peer = {0}, w;
    const char *tool = "ppp";
    bool any = false;
    while (setting(&rest, &line)) {
        ptrdiff_t at = hn_str_find(line, HN_STR("pptp "));
        any = true;
        if (at < 0)
            continue;
        tool = "pptp";
        line = hn_str_cut(line, (size_t)at + 5, line.n);
        if (hn_str_word(&line, &w))
            peer = w;
    }
    struct hn_str path = {(const char *)r->path.p, r->path.n};
    if (any && !hn_str_ends(path, "/provider"))
        network_trace(st, tool, "out", peer, r);
}

static void l2tp(struct network_state *st, const struct hn_rec *r)
{
    struct hn_bytes rest = r->data;
    struct hn_str line, v;
    while (setting(&rest, &line)) {
        if (hn_str_starts(line, "[lns"))
            network_trace(st, "l2tp", "in", (struct hn_str){0}, r);
        else if (value_of(line, "lns", &v))
            network_trace(st, "l2tp", "out", v, r);
    }
}

static void any_setting(struct network_state *st, const struct hn_rec *r, const char *tool, const char *direction)
{
    struct hn_bytes rest = r->data;
    struct hn_str line;
    if (setting(&rest, &line))
        network_trace(st, tool, direction, (struct hn_str){0}, r);
}

/* ser2net 3: "port:mode:…" a line; 4: YAML with "connection:" */
static void ser2net(struct network_state *st, const struct hn_rec *r)
{
    struct hn_bytes rest = r->data;
    struct hn_str line;
    while (setting(&rest, &line)) {
        bool old = line.p[0] >= '0' && line.p[0] <= '9';
        if (old || hn_str_starts(line, "connection:") || hn_str_find(line, HN_STR("/dev/tty")) >= 0) {
            network_trace(st, "ser2net", "in", (struct hn_str){0}, r);
            return;
        }
    }
}

/* NetworkManager keyfile: type= in [connection]. */
static void connection(struct network_state *st, const struct hn_rec *r)
{
    struct hn_bytes rest = r->data;
    struct hn_str line, v, id = {0};
    const char *tool = NULL;
    while (setting(&rest, &line)) {
        if (value_of(line, "id", &v) && !id.n)
            id = v;
        else if (value_of(line, "type", &v) && !tool)
            tool = hn_str_eqc(v, "gsm") || hn_str_eqc(v, "cdma") ? "modem"
                   : hn_str_eqc(v, "wireguard")                  ? "wireguard"
                   : hn_str_eqc(v, "vpn")                        ? "openvpn"
                                                                 : NULL;
        else if (value_of(line, "service-type", &v) && tool && strcmp(tool, "openvpn") == 0)
            tool = hn_str_ends(v, "l2tp")          ? "l2tp"
                   : hn_str_ends(v, "pptp")        ? "pptp"
                   : hn_str_ends(v, "strongswan")  ? "ipsec"
                   : hn_str_ends(v, "openconnect") ? "openconnect"
                                                   : tool;
    }
    if (tool)
        network_trace(st, tool, "out", id, r);
}

static void commands(struct network_state *st, const struct hn_rec *r)
{
    struct hn_bytes rest = r->data;
    struct hn_str line, peer;
    while (setting(&rest, &line)) {
        const struct network_tool *t = network_command(line, &peer);
        if (t)
            network_trace(st, t->id, t->direction, peer, r);
    }
}

static void tool_path(struct network_state *st, const struct hn_rec *r)
{
    for (size_t i = 0; i < network_tools_n; i++) {
        if (network_tools[i].path && hn_bytes_eqc(r->path, network_tools[i].path))
            network_trace(st, network_tools[i].id, network_tools[i].direction, (struct hn_str){0}, r);
    }
}

bool network_traces(struct network_state *st, const struct hn_rec *r)
{
    if (hn_str_eqc(r->tag, "openvpn"))
        openvpn(st, r);
    else if (hn_str_eqc(r->tag, "wireguard"))
        wireguard(st, r);
    else if (hn_str_eqc(r->tag, "ipsec"))
        ipsec(st, r, "right");
    else if (hn_str_eqc(r->tag, "swanctl"))
        ipsec(st, r, "remote_addrs");
    else if (hn_str_eqc(r->tag, "ppp"))
        ppp(st, r);
    else if (hn_str_eqc(r->tag, "pptpd"))
        any_setting(st, r, "pptp", "in");
    else if (hn_str_eqc(r->tag, "l2tp"))
        l2tp(st, r);
    else if (hn_str_eqc(r->tag, "ser2net"))
        ser2net(st, r);
    else if (hn_str_eqc(r->tag, "vncusers"))
        any_setting(st, r, "vnc", "in");
    else if (hn_str_eqc(r->tag, "connection"))
        connection(st, r);
    else if (hn_str_eqc(r->tag, "unit") || hn_str_eqc(r->tag, "cron") || hn_str_eqc(r->tag, "inittab"))
        commands(st, r);
    else if (hn_str_eqc(r->tag, "tool"))
        tool_path(st, r);
    else
        return false;
    return true;
}
