/* The picture of remote maintenance, put together from configuration, packages, processes, listeners and interfaces:
 * one path per tool and peer, however many signs there are of it. Each is a question ("is this meant?") until somebody
 * confirms it by accepting the finding into the baseline. */
#include "base/ip.h"
#include "base/map.h"
#include "base/str.h"
#include "core/facts.h"
#include "modules/network/network.h"

#define PATHS_MAX 200u

struct path {
    struct path *next;
    const struct network_tool *tool;
    struct hn_str peer, direction, evidence;
    const struct hn_obs *seen[12];
    const char *role[12];
    size_t n;
    bool active;
};

struct paths {
    struct hn_judge *j;
    struct hn_map map;
    struct path *first, **last;
    size_t n;
};

static struct path *path_of(struct paths *x, const struct network_tool *tool, struct hn_str peer)
{
    struct hn_str key = hn_arena_fmt(hn_judge_arena(x->j), "%s %.*s", tool->id, HN_FMT(peer));
    struct path *p = hn_map_find(&x->map, hn_str_bytes(key));
    if (p || x->n++ >= PATHS_MAX)
        return p;
    p = HN_NEW(hn_judge_arena(x->j), struct path);
    if (!p || !hn_ok(hn_map_set(&x->map, hn_str_bytes(key), p)))
        return NULL;
    p->tool = tool;
    p->peer = peer;
    p->direction = hn_str_c(tool->direction);
    *x->last = p;
    x->last = &p->next;
    return p;
}

static void sign(struct path *p, const struct hn_obs *o, const char *role, struct hn_str where, bool active)
{
    if (!p)
        return;
    if (!p->evidence.n)
        p->evidence = where;
    p->active = p->active || active;
    if (p->n < sizeof(p->seen) / sizeof(p->seen[0])) {
        p->seen[p->n] = o;
        p->role[p->n++] = role;
    }
}

/* A sign that names no peer: the path without one, else one that takes calls, else any of the same tool. */
static struct path *any_path_of(struct paths *x, const struct network_tool *tool)
{
    struct path *best = NULL;
    for (struct path *p = x->first; p; p = p->next) {
        if (p->tool != tool)
            continue;
        if (!p->peer.n)
            return p;
        if (!best || hn_str_eqc(p->direction, "in"))
            best = p;
    }
    return best ? best : path_of(x, tool, (struct hn_str){0});
}

static void from_files(struct paths *x)
{
    HN_FACTS_EACH(o, hn_judge_facts(x->j), "network.remote_trace") {
        const struct network_tool *tool = network_tool_find(hn_obs_get(o, "tool"));
        struct path *p = tool ? path_of(x, tool, hn_obs_get(o, "peer")) : NULL;
        if (p && !p->n)
            p->direction = hn_obs_get(o, "direction");
        sign(p, o, "setting", hn_obs_get(o, "path"), false);
    }
}

static void from_processes(struct paths *x)
{
    HN_FACTS_EACH(q, hn_judge_facts(x->j), "processes.process") {
        struct hn_str name = hn_obs_get(q, "name"), peer;
        const struct network_tool *tool = network_command(hn_obs_get(q, "cmdline"), &peer);
        /* an interpreter or a shell that merely has such words in its arguments is not the tool itself */
        if (tool && (hn_str_eqc(name, "ssh") || hn_str_eqc(name, "autossh") || hn_str_eqc(name, "socat") ||
                     hn_str_eqc(name, "dbclient"))) {
            sign(
                path_of(x, tool, peer), q, "process",
                hn_arena_fmt(hn_judge_arena(x->j), "%.*s (%lld)", HN_FMT(name), (long long)hn_obs_get_int(q, "pid", 0)),
                true);
            continue;
        }
        for (size_t i = 0; i < network_tools_n; i++) {
            if (hn_str_is_word_of(name, hn_str_c(network_tools[i].processes)))
                sign(any_path_of(x, &network_tools[i]), q, "process", name, true);
        }
    }
}

static void from_packages(struct paths *x)
{
    HN_FACTS_EACH(k, hn_judge_facts(x->j), "packages.package") {
        for (size_t i = 0; i < network_tools_n && hn_obs_get_bool(k, "installed", false); i++) {
            if (hn_str_is_word_of(hn_obs_get(k, "name"), hn_str_c(network_tools[i].packages)))
                sign(any_path_of(x, &network_tools[i]), k, "package", k->subject, false);
        }
    }
}

/* Ports whose listeners are remote maintenance, when they reach beyond this host. */
static const struct {
    const char *proto;
    int64_t from, to;
    const char *tool;
} ports[] = {{"tcp", 22, 22, "ssh"},
             {"tcp", 23, 23, "telnet"},
             {"tcp", 3389, 3389, "xrdp"},
             {"tcp", 5900, 5906, "vnc"},
             {"udp", 1194, 1194, "openvpn"},
             {"tcp", 1194, 1194, "openvpn"},
             {"udp", 51820, 51820, "wireguard"},
             {"udp", 500, 500, "ipsec"},
             {"udp", 4500, 4500, "ipsec"},
             {"tcp", 1723, 1723, "pptp"},
             {"udp", 1701, 1701, "l2tp"},
             {"tcp", 9090, 9090, "cockpit"},
             {"tcp", 10000, 10000, "webmin"}};

/* 9090 and the like are used by much else: without the tool's own sign the port alone says nothing. */
static bool needs_other_sign(const char *tool)
{
    return !strcmp(tool, "cockpit") || !strcmp(tool, "webmin");
}

static void from_listeners(struct paths *x)
{
    HN_FACTS_EACH(l, hn_judge_facts(x->j), "sockets.listener") {
        struct hn_str reach = hn_obs_get(l, "reach");
        int64_t port = hn_obs_get_int(l, "port", 0);
        if (hn_str_eqc(reach, "loopback") || hn_obs_has(l, "namespace"))
            continue;
        for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
            if (!hn_str_eqc(hn_obs_get(l, "proto"), ports[i].proto) || port < ports[i].from || port > ports[i].to)
                continue;
            const struct network_tool *tool = network_tool_find(hn_str_c(ports[i].tool));
            size_t before = x->n;
            struct path *p = needs_other_sign(ports[i].tool) ? NULL : any_path_of(x, tool);
            if (p && x->n != before)
                p->direction = HN_STR("in");
            sign(p, l, "listener", l->subject, true);
        }
    }
}

static void from_interfaces(struct paths *x)
{
    HN_FACTS_EACH(o, hn_judge_facts(x->j), "network.interface") {
        struct hn_str type = hn_obs_get(o, "type"), kind = hn_obs_get(o, "kind");
        bool up = hn_obs_get_bool(o, "up", false);
        const char *tool = hn_str_eqc(kind, "wireguard") ? "wireguard"
                           : hn_str_eqc(type, "mobile")  ? "modem"
                           : hn_str_eqc(type, "ppp")     ? "ppp"
                                                         : NULL;
        if (tool)
            sign(any_path_of(x, network_tool_find(hn_str_c(tool))), o, "interface", o->subject, up);
    }
}

static void report(struct hn_judge *j, const struct path *p)
{
    struct hn_str what = hn_str_c(p->tool->title);
    struct hn_str subject =
        p->peer.n ? hn_arena_fmt(hn_judge_arena(j), "%s %.*s", p->tool->id, HN_FMT(p->peer)) : hn_str_c(p->tool->id);
    hn_judge_obs_begin(j, "remote_path", subject);
    hn_judge_obs_str(j, "kind", hn_str_c(p->tool->kind));
    hn_judge_obs_str(j, "direction", p->direction);
    hn_judge_obs_str(j, "what", what);
    if (p->peer.n)
        hn_judge_obs_str(j, "peer", p->peer);
    hn_judge_obs_str(j, "evidence", p->evidence);
    hn_judge_obs_str(j, "active", p->active ? HN_STR("yes") : HN_STR("no"));
    hn_judge_obs_end(j);

    struct hn_finding *f = hn_find(j, "remote-path-unconfirmed", subject, (struct hn_str){0});
    enum hn_severity severity = p->tool->severity;
    severity -= !p->active && severity > HN_SEV_LOW; /* configured or installed, not running now */
    hn_find_severity(f, severity);
    hn_find_param(f, "what",
                  p->peer.n ? hn_arena_fmt(hn_judge_arena(j), "%.*s (%.*s)", HN_FMT(what), HN_FMT(p->peer)) : what);
    hn_find_param(f, "evidence", p->evidence);
    hn_find_evidence(f, hn_facts_find(hn_judge_facts(j), "network.remote_path", subject), "path");
    for (size_t i = 0; i < p->n; i++) {
        hn_find_evidence(f, p->seen[i], p->role[i]);
        if (!strcmp(p->role[i], "process"))
            hn_find_about(f, HN_REF_PROCESS, p->seen[i]->subject);
        else if (!strcmp(p->role[i], "listener"))
            hn_find_about(f, HN_REF_LISTENER, p->seen[i]->subject);
        else if (!strcmp(p->role[i], "package"))
            hn_find_about(f, HN_REF_PACKAGE, p->seen[i]->subject);
    }
}

/* ---------------------------------------------------------------- interfaces and names */

static void judge_promiscuous(struct hn_judge *j)
{
    HN_FACTS_EACH(o, hn_judge_facts(j), "network.interface") {
        /* members of a bridge and virtual interfaces are promiscuous as a matter of course */
        if (!hn_obs_get_bool(o, "promiscuous", false) || hn_obs_get_bool(o, "member", false) || hn_obs_has(o, "kind"))
            continue;
        struct hn_finding *f = hn_find(j, "interface-promiscuous", o->subject, (struct hn_str){0});
        hn_find_confidence(f, 70);
        hn_find_param(f, "interface", o->subject);
        hn_find_evidence(f, o, "interface");
    }
}

/* Names that updates and protection come from: nobody has a reason to give them another address here. */
static bool is_update_name(struct hn_str name)
{
    static const char *const domains[] = {"debian.org",     "ubuntu.com",    "redhat.com",      "centos.org",
                                          "rockylinux.org", "almalinux.org", "alpinelinux.org", "fedoraproject.org",
                                          "suse.com",       "opensuse.org",  "clamav.net",      "windowsupdate.com",
                                          "microsoft.com"};
    for (size_t i = 0; i < sizeof(domains) / sizeof(domains[0]); i++) {
        size_t n = strlen(domains[i]);
        if (hn_str_ends(name, domains[i]) && (name.n == n || name.p[name.n - n - 1] == '.'))
            return true;
    }
    return false;
}

static void judge_hosts(struct hn_judge *j)
{
    HN_FACTS_EACH(o, hn_judge_facts(j), "network.host_name") {
        struct hn_str name = hn_obs_get(o, "name");
        if (!is_update_name(name))
            continue;
        struct hn_finding *f = hn_find(j, "hosts-redirect", name, HN_STR("/etc/hosts"));
        hn_find_param(f, "name", name);
        hn_find_param(f, "address", hn_obs_get(o, "address"));
        hn_find_evidence(f, o, "setting");
        hn_find_about(f, HN_REF_PATH, HN_STR("/etc/hosts"));
    }
}

void network_judge(struct hn_judge *j)
{
    struct paths x = {.j = j};
    x.last = &x.first;
    hn_map_init(&x.map);
    from_files(&x);
    from_processes(&x);
    from_packages(&x);
    from_listeners(&x);
    from_interfaces(&x);
    for (const struct path *p = x.first; p; p = p->next)
        report(j, p);
    hn_map_done(&x.map);
    judge_promiscuous(j);
    judge_hosts(j);
}
