#include "core/net_join.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/str.h"
#include "core/render.h"
#include "core/risk_terms.h"

#define GRAPH_NODES 12u
#define VALUE_MAX   ((size_t)8 << 20)

static const char *const names[] = {"scanned-now",  "scanned-surge",   "scanned-maybe",     "c2-suspected",
                                    "scans-others", "seen-in-darknet", "network-ambiguous", NULL};

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

static bool ours(const struct hn_net_host *h, struct hn_str address)
{
    for (size_t i = 0; i < h->n_addresses; i++)
        if (hn_str_eq(h->addresses[i], address))
            return true;
    return false;
}

/* What of it is told: a surge first, else the most. */
struct scan {
    const struct hn_net_source *by;
    int64_t sources, usual;
    hn_time last;
};

static void scanned(struct gather *g, const struct hn_net_listener *l, const struct scan *s, bool seen)
{
    int64_t n = hn_net_round(s->sources);
    if (!fresh(g, s->last, hn_policy_int(g->policy, "network.scan-hours", 24) * HN_HOUR))
        return;
    begin(g, !seen ? "scanned-maybe" : s->usual >= 0 ? "scanned-surge" : "scanned-now", seen);
    hn_jw_kstr(g->w, "listener", l->subject);
    hn_jw_key(g->w, "params");
    hn_jw_obj(g->w);
    param_int(g, "n", n);
    if (s->usual >= 0)
        param_int(g, "usual", hn_net_round(s->usual));
    param(g, "protocol", l->proto);
    param_int(g, "port", l->port);
    hn_jw_obj_end(g->w);
    end(g, s->by, s->last, "scanners", hn_arena_fmt(g->a, "%lld", (long long)n), "scans");
}

static void more(struct scan *to, const struct scan *s, bool surge)
{
    bool better = !to->by || (s->usual >= 0) > (to->usual >= 0) ||
                  ((s->usual >= 0) == (to->usual >= 0) && s->sources > to->sources);
    if (s->sources > 0 && (surge || s->usual < 0) && better)
        *to = *s;
}

/* What got an answer from the address itself got through, whatever is known of the way. */
static bool answered(const struct gather *g, const struct hn_net_listener *l, const struct hn_net_seen *seen,
                     hn_time since, struct scan *best)
{
    for (size_t i = 0; i < seen->n_hits; i++) {
        const struct hn_net_hit *h = &seen->hits[i];
        if (h->port == l->port && h->holders <= 1 && h->last > since && hn_str_eq(h->proto, l->proto) &&
            ours(g->host, h->address))
            more(best, &(struct scan){&h->by, h->sources, -1, h->last}, false);
    }
    return best->by != NULL;
}

static void ports(struct gather *g, const struct hn_net_seen *seen)
{
    hn_time since = g->now - hn_policy_int(g->policy, "network.scan-hours", 24) * HN_HOUR;
    for (size_t i = 0; i < g->host->n_listeners; i++) {
        const struct hn_net_listener *l = &g->host->listeners[i];
        enum risk_yes yes = reached(g, l);
        struct scan best = {.by = NULL};
        if (yes == RISK_NO)
            continue;
        if (answered(g, l, seen, since, &best))
            yes = RISK_YES;
        for (size_t k = 0; k < seen->n_ports; k++) {
            const struct hn_net_port *p = &seen->ports[k];
            if (p->port == l->port && p->last > since && hn_str_eq(p->proto, l->proto))
                more(&best, &(struct scan){&p->by, p->sources, p->usual, p->last}, yes == RISK_YES);
        }
        if (best.by)
            scanned(g, l, &best, yes == RISK_YES);
    }
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

/* ---------------------------------------------------------------- is it news? */

static bool close_to(int64_t a, int64_t b)
{
    return a == b || (a > 0 && b > 0 && a * 3 > b * 2 && b * 3 > a * 2);
}

/* Everything is equal but counts, which may differ by a third. */
static bool same_value(const struct hn_jv *a, const struct hn_jv *b, bool count)
{
    int64_t x, y;
    if (a->kind != b->kind || a->n != b->n)
        return false;
    if (a->kind == HN_JV_STR)
        return hn_str_eq(a->s, b->s) || (count && hn_str_i64(a->s, &x) && hn_str_i64(b->s, &y) && close_to(x, y));
    for (size_t i = 0; (a->kind == HN_JV_OBJ || a->kind == HN_JV_ARR) && i < a->n; i++) {
        struct hn_str key = a->kind == HN_JV_OBJ ? a->keys[i] : HN_STR("");
        if (a->kind == HN_JV_OBJ && !hn_str_eq(key, b->keys[i]))
            return false;
        bool n = hn_str_eqc(key, "n") || hn_str_eqc(key, "usual") || hn_str_eqc(key, "label");
        if (!same_value(&a->items[i], &b->items[i], n))
            return false;
    }
    return a->kind != HN_JV_BOOL || a->b == b->b;
}

bool hn_net_same(struct hn_arena *a, struct hn_str before, struct hn_str now)
{
    if (hn_str_eq(before, now))
        return true;
    const struct hn_jv *x = hn_jv_parse(a, hn_str_bytes(before), NULL), *y = hn_jv_parse(a, hn_str_bytes(now), NULL);
    return x && y && same_value(x, y, false);
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

/* ---------------------------------------------------------------- is there anything to do? */

static bool says(struct hn_str text, const char *word)
{
    return hn_str_find(text, hn_str_c(word)) >= 0;
}

bool hn_net_concerns(const struct hn_jv *evidence, struct hn_str class_, struct hn_str terms, struct hn_str graph)
{
    bool whole =
        hn_str_eqc(class_, "vulnerability") || hn_str_eqc(class_, "configuration") || hn_str_eqc(class_, "integrity");
    if (says(terms, "\"asset\":"))
        return true; /* joined before: only what others saw names an asset */
    bool listens = says(graph, "\"listener\"");
    for (size_t i = 0; evidence && evidence->kind == HN_JV_ARR && i < evidence->n; i++)
        if (hn_jv_str(&evidence->items[i], "listener").n ? listens : whole)
            return true;
    return false;
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
