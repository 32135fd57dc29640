#include "core/net_join.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/str.h"
#include "core/render.h"
#include "core/risk_terms.h"

#define GRAPH_NODES 12u
#define VALUE_MAX   ((size_t)8 << 20)

static const char *const names[] = {
    "scanned-now", "scanned-maybe", "c2-suspected", "scans-others", "seen-in-darknet", "network-ambiguous", NULL};

int64_t hn_net_round(int64_t n)
{
    int64_t unit = 1;
    while (n / unit >= 100)
        unit *= 10;
    return n / unit * unit;
}

bool hn_net_address(struct hn_arena *a, struct hn_str s, struct hn_str *ret)
{
    struct hn_ip ip;
    char text[HN_IP_TEXT];
    if (!hn_ip_parse(s, &ip))
        return false;
    enum hn_reach r = hn_ip_reach(&ip);
    if (r == HN_REACH_LOOPBACK || r == HN_REACH_LINK || r == HN_REACH_ANY)
        return false;
    *ret = hn_arena_str(a, hn_str_c(hn_ip_text(&ip, text)));
    return ret->n > 0;
}

/* ---------------------------------------------------------------- what holds for the host */

struct gather {
    struct hn_jw *w;
    struct hn_arena *a;
    const struct hn_net_host *host;
    const struct hn_policy *policy;
    hn_time now, expires;
};

static bool fresh(struct gather *g, hn_time last, hn_time age)
{
    if (last <= 0 || last + age <= g->now)
        return false;
    if (!g->expires || last + age < g->expires)
        g->expires = last + age;
    return true;
}

static void begin(struct gather *g, const char *name, bool seen)
{
    hn_jw_obj(g->w);
    hn_jw_kc(g->w, "name", name);
    hn_jw_kbool(g->w, "seen", seen);
}

static void end(struct gather *g, const struct hn_net_source *by, hn_time last, const char *type, struct hn_str label,
                const char *how)
{
    struct hn_jw *w = g->w;
    hn_jw_key(w, "obs");
    hn_jw_obj(w);
    hn_jw_kstr(w, "asset", by->asset);
    hn_jw_kstr(w, "kind", by->kind);
    hn_jw_kstr(w, "subject", by->subject);
    hn_jw_ktime(w, "at", last - last % HN_DAY);
    hn_jw_obj_end(w);
    hn_jw_key(w, "node");
    hn_jw_obj(w);
    hn_jw_kc(w, "type", type);
    hn_jw_kstr(w, "label", label);
    hn_jw_obj_end(w);
    hn_jw_kc(w, "how", how);
    hn_jw_obj_end(w);
}

static void param(struct gather *g, const char *name, struct hn_str value)
{
    if (value.n)
        hn_jw_kstr(g->w, name, value);
}

static void param_int(struct gather *g, const char *name, int64_t v)
{
    hn_jw_kstr(g->w, name, hn_arena_fmt(g->a, "%lld", (long long)v));
}

static bool any_public(const struct hn_net_host *h)
{
    struct hn_ip ip;
    for (size_t i = 0; i < h->n_addresses; i++)
        if (hn_ip_parse(h->addresses[i], &ip) && hn_ip_reach(&ip) == HN_REACH_PUBLIC)
            return true;
    return false;
}

/* Do scans from the Internet get to this listener? Unknown where an address translation may forward to it. */
static enum risk_yes reached(const struct gather *g, const struct hn_net_listener *l)
{
    if (hn_str_eqc(l->firewall, "blocked") || hn_str_eqc(l->reach, "loopback") || hn_str_eqc(l->reach, "link-local"))
        return RISK_NO;
    if (hn_str_eqc(l->reach, "public"))
        return RISK_YES;
    if (hn_str_eqc(l->reach, "everywhere"))
        return (l->has_networks ? l->public_network : any_public(g->host)) ? RISK_YES : RISK_UNKNOWN;
    return RISK_UNKNOWN;
}

static void scanned(struct gather *g, const struct hn_net_listener *l, const struct hn_net_port *p)
{
    enum risk_yes yes = reached(g, l);
    if (yes == RISK_NO)
        return;
    int64_t n = hn_net_round(p->sources);
    begin(g, yes == RISK_YES ? "scanned-now" : "scanned-maybe", yes == RISK_YES);
    hn_jw_kstr(g->w, "listener", l->subject);
    hn_jw_key(g->w, "params");
    hn_jw_obj(g->w);
    param_int(g, "n", n);
    param(g, "protocol", p->proto);
    param_int(g, "port", p->port);
    hn_jw_obj_end(g->w);
    end(g, &p->by, p->last, "scanners", hn_arena_fmt(g->a, "%lld", (long long)n), "scans");
}

static void ports(struct gather *g, const struct hn_net_seen *seen)
{
    hn_time age = hn_policy_int(g->policy, "network.scan-hours", 24) * HN_HOUR;
    for (size_t i = 0; i < g->host->n_listeners; i++) {
        const struct hn_net_listener *l = &g->host->listeners[i];
        const struct hn_net_port *best = NULL; /* of several telescopes the one that saw most */
        for (size_t k = 0; k < seen->n_ports; k++) {
            const struct hn_net_port *p = &seen->ports[k];
            if (p->port == l->port && hn_str_eq(p->proto, l->proto) && p->last + age > g->now && p->sources > 0 &&
                (!best || p->sources > best->sources))
                best = p;
        }
        if (best && reached(g, l) != RISK_NO && fresh(g, best->last, age))
            scanned(g, l, best);
    }
}

static bool ours(const struct hn_net_host *h, struct hn_str address)
{
    for (size_t i = 0; i < h->n_addresses; i++)
        if (hn_str_eq(h->addresses[i], address))
            return true;
    return false;
}

static void sender(struct gather *g, const struct hn_net_sender *s)
{
    static const char *const term[] = {
        [HN_NET_C2] = "c2-suspected", [HN_NET_SCANS] = "scans-others", [HN_NET_DARKNET] = "seen-in-darknet"};
    static const char *const type[] = {[HN_NET_C2] = "peer", [HN_NET_SCANS] = "scanned", [HN_NET_DARKNET] = "darknet"};
    bool one = s->holders <= 1;
    begin(g, one ? term[s->kind] : "network-ambiguous", one);
    hn_jw_key(g->w, "params");
    hn_jw_obj(g->w);
    param(g, "address", s->address);
    param(g, "peer", s->peer);
    param(g, "tool", s->tool);
    if (s->port)
        param_int(g, "port", s->port);
    if (s->n)
        param_int(g, "n", hn_net_round(s->n));
    if (!one)
        param_int(g, "hosts", (int64_t)s->holders);
    hn_jw_obj_end(g->w);
    struct hn_str label = s->peer.n ? hn_arena_fmt(g->a, "%.*s:%lld", HN_FMT(s->peer), (long long)s->port)
                                    : hn_arena_fmt(g->a, "%lld", (long long)s->port);
    end(g, &s->by, s->last, type[s->kind], label, s->kind == HN_NET_C2 ? "beacons" : "sends");
}

void hn_net_evidence(struct hn_jw *w, struct hn_arena *a, const struct hn_net_host *host,
                     const struct hn_net_seen *seen, const struct hn_policy *policy, hn_time now, hn_time *ret_expires)
{
    struct gather g = {w, a, host, policy, now, 0};
    hn_time age = hn_policy_int(policy, "network.detection-days", 7) * HN_DAY;
    hn_jw_arr(w);
    ports(&g, seen);
    for (size_t i = 0; i < seen->n_senders; i++)
        if (ours(host, seen->senders[i].address) && fresh(&g, seen->senders[i].last, age))
            sender(&g, &seen->senders[i]);
    hn_jw_arr_end(w);
    *ret_expires = g.expires;
}

/* ---------------------------------------------------------------- one finding */

static bool is_ours(struct hn_str name)
{
    for (size_t i = 0; names[i]; i++)
        if (hn_str_eqc(name, names[i]))
            return true;
    return false;
}

static bool is_node(struct hn_str type)
{
    return hn_str_eqc(type, "scanners") || hn_str_eqc(type, "peer") || hn_str_eqc(type, "scanned") ||
           hn_str_eqc(type, "darknet");
}

static size_t list(const struct hn_jv *v, const char *key, const struct hn_jv **ret)
{
    const struct hn_jv *l = hn_jv_get(v, key);
    *ret = l && l->kind == HN_JV_ARR ? l->items : NULL;
    return *ret ? l->n : 0;
}

/* Of a whole host: harm through its weaknesses is likelier where somebody may be inside already. */
static bool whole_host(const struct hn_jv *finding)
{
    struct hn_str c = hn_jv_str(finding, "class");
    return hn_str_eqc(c, "vulnerability") || hn_str_eqc(c, "configuration") || hn_str_eqc(c, "integrity");
}

static int listener_node(const struct hn_jv *finding, struct hn_str subject)
{
    const struct hn_jv *n;
    size_t count = list(hn_jv_get(finding, "graph"), "nodes", &n);
    for (size_t i = 0; i < count; i++)
        if (hn_str_eqc(hn_jv_str(&n[i], "type"), "listener") &&
            (hn_str_eq(hn_jv_str(&n[i], "label"), subject) ||
             hn_str_eq(hn_jv_str(hn_jv_get(&n[i], "obs"), "subject"), subject)))
            return (int)i;
    return -1;
}

struct chosen {
    const struct hn_jv *e;
    const char *name;
    int from; /* node that its edge begins at; -1: whatever talks to the outside */
};

/* Does evidence x stand in the place of y? One term of each name; certain before uncertain; then the larger number. */
static bool better(const struct hn_jv *x, const struct hn_jv *y)
{
    bool sx = hn_jv_bool(x, "seen", false), sy = hn_jv_bool(y, "seen", false);
    int64_t nx = 0, ny = 0;
    hn_str_i64(hn_jv_str(hn_jv_get(x, "params"), "n"), &nx);
    hn_str_i64(hn_jv_str(hn_jv_get(y, "params"), "n"), &ny);
    return sx != sy ? sx : nx > ny;
}

static size_t choose(const struct hn_jv *finding, const struct hn_jv *evidence, struct chosen out[6])
{
    size_t n = 0;
    for (size_t i = 0; evidence && evidence->kind == HN_JV_ARR && i < evidence->n; i++) {
        const struct hn_jv *e = &evidence->items[i];
        struct hn_str listener = hn_jv_str(e, "listener");
        int at = listener.n ? listener_node(finding, listener) : -1;
        size_t k = 0;
        if (listener.n ? at < 0 : !whole_host(finding))
            continue;
        const char *name = NULL;
        for (size_t m = 0; names[m]; m++)
            name = hn_str_eqc(hn_jv_str(e, "name"), names[m]) ? names[m] : name;
        while (name && k < n && !risk_same_group(out[k].name, name))
            k++;
        if (!name || (k < n && !better(e, out[k].e)))
            continue;
        out[k] = (struct chosen){e, name, at};
        n += k == n;
    }
    return n;
}

static void write_term(struct hn_jw *w, const struct chosen *c, const struct hn_policy *policy)
{
    const struct hn_jv *e = c->e;
    double weight = 0;
    bool seen = hn_jv_bool(e, "seen", false);
    if (seen)
        hn_policy_weight(policy, c->name, &weight);
    hn_jw_obj(w);
    hn_jw_kc(w, "name", c->name);
    hn_jw_knum(w, "weight", weight);
    hn_jw_kc(w, "on", "p");
    hn_jw_kbool(w, "seen", seen);
    hn_jw_key(w, "params");
    hn_jw_value(w, hn_jv_get(e, "params"));
    hn_jw_key(w, "obs");
    hn_jw_value(w, hn_jv_get(e, "obs"));
    hn_jw_obj_end(w);
}

static void write_unseen(struct hn_jw *w, const char *name)
{
    hn_jw_obj(w);
    hn_jw_kc(w, "name", name);
    hn_jw_knum(w, "weight", 0);
    hn_jw_kc(w, "on", "p");
    hn_jw_kbool(w, "seen", false);
    hn_jw_key(w, "params");
    hn_jw_obj(w);
    hn_jw_obj_end(w);
    hn_jw_key(w, "obs");
    hn_jw_null(w);
    hn_jw_obj_end(w);
}

static void write_terms(struct hn_jw *w, const struct hn_jv *finding, const struct chosen *c, size_t n,
                        const struct hn_policy *policy)
{
    const struct hn_jv *t;
    size_t count = list(finding, "terms", &t);
    bool scan = false, sign = false, detection = false;
    for (size_t i = 0; i < n; i++) {
        struct hn_str name = hn_jv_str(c[i].e, "name");
        scan = scan || hn_str_starts(name, "scanned-");
        sign = sign || (hn_jv_bool(c[i].e, "seen", false) && !hn_str_starts(name, "scanned-"));
    }
    hn_jw_arr(w);
    for (size_t i = 0; i < count; i++) {
        struct hn_str name = hn_jv_str(&t[i], "name");
        bool is_detection = hn_str_eqc(name, "detection"), seen = hn_jv_bool(&t[i], "seen", false);
        if (is_ours(name) || (is_detection && !seen && sign))
            continue;
        detection = detection || is_detection;
        hn_jw_value(w, &t[i]);
    }
    bool vulnerability = hn_str_eqc(hn_jv_str(finding, "class"), "vulnerability");
    if (vulnerability && !scan)
        write_unseen(w, "scanned-now");
    if (vulnerability && !sign && !detection)
        write_unseen(w, "detection");
    for (size_t i = 0; i < n; i++)
        write_term(w, &c[i], policy);
    hn_jw_arr_end(w);
}

/* ---------------------------------------------------------------- its graph */

struct redraw {
    struct hn_jw *w;
    const struct hn_jv *nodes, *edges;
    size_t n_nodes, n_edges;
    int64_t number[GRAPH_NODES + 8]; /* of each old node; -1: left out */
    int64_t next;
};

static void node(struct redraw *r, struct hn_str type, struct hn_str label, const struct hn_jv *obs)
{
    hn_jw_obj(r->w);
    hn_jw_kstr(r->w, "type", type);
    hn_jw_kstr(r->w, "label", label);
    hn_jw_key(r->w, "obs");
    if (obs)
        hn_jw_value(r->w, obs);
    else
        hn_jw_null(r->w);
    hn_jw_obj_end(r->w);
    r->next++;
}

static void edge(struct redraw *r, int64_t from, int64_t to, struct hn_str how)
{
    hn_jw_obj(r->w);
    hn_jw_kint(r->w, "from", from);
    hn_jw_kint(r->w, "to", to);
    hn_jw_kstr(r->w, "how", how);
    hn_jw_obj_end(r->w);
}

static void old_nodes(struct redraw *r)
{
    for (size_t i = 0; i < r->n_nodes; i++) {
        bool gone = is_node(hn_jv_str(&r->nodes[i], "type"));
        r->number[i] = gone ? -1 : r->next++;
        if (!gone)
            hn_jw_value(r->w, &r->nodes[i]);
    }
}

static void old_edges(struct redraw *r)
{
    for (size_t i = 0; i < r->n_edges; i++) {
        int64_t from = hn_jv_int(&r->edges[i], "from", -1), to = hn_jv_int(&r->edges[i], "to", -1);
        if (from < 0 || to < 0 || (size_t)from >= r->n_nodes || (size_t)to >= r->n_nodes)
            continue;
        if (r->number[from] >= 0 && r->number[to] >= 0)
            edge(r, r->number[from], r->number[to], hn_jv_str(&r->edges[i], "how"));
    }
}

/* What talks to the outside is drawn from the first node that stands for a program, else from the first of all. */
static int64_t talker(const struct redraw *r)
{
    int64_t first = -1;
    for (size_t i = 0; i < r->n_nodes; i++) {
        if (r->number[i] < 0)
            continue;
        if (hn_str_eqc(hn_jv_str(&r->nodes[i], "type"), "process"))
            return r->number[i];
        first = first < 0 ? r->number[i] : first;
    }
    return first;
}

static void write_graph(struct hn_jw *w, const struct hn_jv *finding, const struct chosen *c, size_t n)
{
    const struct hn_jv *g = hn_jv_get(finding, "graph");
    struct redraw r = {.w = w};
    int64_t made[6];
    r.n_nodes = list(g, "nodes", &r.nodes);
    r.n_edges = list(g, "edges", &r.edges);
    if (r.n_nodes > GRAPH_NODES + 8) { /* not of our making */
        hn_jw_value(w, g);
        return;
    }
    hn_jw_obj(w);
    hn_jw_key(w, "nodes");
    hn_jw_arr(w);
    old_nodes(&r);
    for (size_t i = 0; i < n; i++) {
        const struct hn_jv *to = hn_jv_get(c[i].e, "node");
        made[i] = r.next < (int64_t)GRAPH_NODES + 2 && hn_jv_bool(c[i].e, "seen", false) ? r.next : -1;
        if (made[i] >= 0)
            node(&r, hn_jv_str(to, "type"), hn_jv_str(to, "label"), hn_jv_get(c[i].e, "obs"));
    }
    hn_jw_arr_end(w);
    hn_jw_key(w, "edges");
    hn_jw_arr(w);
    old_edges(&r);
    for (size_t i = 0; i < n; i++) {
        int64_t from = c[i].from >= 0 ? r.number[c[i].from] : talker(&r);
        if (made[i] >= 0 && from >= 0)
            edge(&r, from, made[i], hn_jv_str(c[i].e, "how"));
    }
    hn_jw_arr_end(w);
    hn_jw_obj_end(w);
}

/* ---------------------------------------------------------------- together */

static bool joined_before(const struct hn_jv *finding)
{
    const struct hn_jv *t;
    size_t n = list(finding, "terms", &t);
    for (size_t i = 0; i < n; i++)
        if (is_ours(hn_jv_str(&t[i], "name")) && hn_jv_get(hn_jv_get(&t[i], "obs"), "asset"))
            return true;
    return false;
}

static const struct hn_jv *merged(struct hn_arena *a, const struct hn_jv *finding, const struct chosen *c, size_t n,
                                  const struct hn_policy *policy)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    struct hn_jw w;
    hn_buf_init(&b, VALUE_MAX);
    hn_jw_init(&w, &b);
    hn_jw_obj(&w);
    for (size_t i = 0; i < finding->n; i++) {
        hn_jw_key_str(&w, finding->keys[i]);
        if (hn_str_eqc(finding->keys[i], "terms"))
            write_terms(&w, finding, c, n, policy);
        else if (hn_str_eqc(finding->keys[i], "graph"))
            write_graph(&w, finding, c, n);
        else
            hn_jw_value(&w, &finding->items[i]);
    }
    hn_jw_obj_end(&w);
    return b.bad ? NULL : hn_jv_parse(a, hn_str_bytes(hn_arena_str(a, hn_buf_text(&b))), NULL);
}

bool hn_net_apply(struct hn_jw *w, struct hn_arena *a, const struct hn_jv *finding, const struct hn_jv *evidence,
                  const struct hn_policy *policy)
{
    struct chosen c[6];
    struct hn_str kind = hn_jv_str(finding, "kind");
    if (!finding || finding->kind != HN_JV_OBJ || hn_str_starts(kind, "flow.") || hn_str_starts(kind, "telescope."))
        return false;
    size_t n = choose(finding, evidence, c);
    if (!n && !joined_before(finding))
        return false;
    const struct hn_jv *v = merged(a, finding, c, n, policy);
    return v && hn_rerank_json(w, a, v, policy);
}
