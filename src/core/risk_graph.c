/* The graph of a finding: package → path → process → listener → network, at most a dozen nodes. What does not fit is
 * folded, level by level, into one node of type "more" whose label is the number of nodes it stands for. */
#include "core/risk_terms.h"

#include <stdio.h>

#include "base/str.h"

#define LEVEL       3
#define GRAPH_NODES 12
#define GRAPH_EDGES 64

struct level {
    unsigned at[LEVEL]; /* node numbers */
    const struct hn_join_value *v[LEVEL];
    size_t n;
    unsigned more; /* node number of the folded rest */
    bool folded;
};

struct graph {
    struct risk_run *r;
    struct hn_finding *f;
    struct level packages, paths, processes, listeners;
};

static unsigned node_add(struct graph *g, const char *type, struct hn_str label, const struct hn_obs *obs)
{
    unsigned at = (unsigned)g->f->n_nodes;
    g->f->nodes[g->f->n_nodes++] = (struct hn_node){type, hn_arena_str(g->r->arena, label), obs};
    return at;
}

static void edge_add(struct graph *g, unsigned from, unsigned to, const char *how)
{
    if (g->f->n_edges < GRAPH_EDGES)
        g->f->edges[g->f->n_edges++] = (struct hn_edge){from, to, how};
}

static struct hn_str label_of(struct graph *g, const struct hn_join_value *v)
{
    struct hn_arena *a = g->r->arena;
    if (v->ref == HN_REF_PACKAGE && hn_obs_has(v->obs, "version"))
        return hn_arena_fmt(a, "%.*s %.*s", HN_FMT(hn_obs_get(v->obs, "name")), HN_FMT(hn_obs_get(v->obs, "version")));
    if (v->ref != HN_REF_PROCESS)
        return v->s;
    ptrdiff_t colon = hn_str_chr(v->s, ':');
    struct hn_str pid = colon >= 0 ? hn_str_cut(v->s, 0, (size_t)colon) : v->s;
    struct hn_str name = risk_process_name(a, v->obs);
    return hn_arena_fmt(a, "%.*s (%.*s)", HN_FMT(name.n ? name : HN_STR("?")), HN_FMT(pid));
}

/* Does this set member matter? Called for two passes: first those connected to what is already drawn, then the rest. */
static bool connected(struct graph *g, const struct hn_join_value *v, const struct level *to)
{
    for (size_t i = 0; to && i < to->n; i++)
        if (hn_join_between(g->r->join, v, to->v[i]))
            return true;
    return false;
}

static void take(struct graph *g, struct level *l, const char *type, const struct hn_join_value *v)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->v[i] == v)
            return;
    l->v[l->n] = v;
    l->at[l->n++] = node_add(g, type, label_of(g, v), v->obs);
}

/* At most `most` nodes; with more members than that, one fewer and the folded rest. */
static void draw(struct graph *g, struct level *l, size_t most, const char *type, const struct hn_join_set *s,
                 const struct hn_join_value *first, const struct level *near)
{
    size_t room = s->n > most ? most - 1 : most;
    if (first)
        take(g, l, type, first);
    for (size_t i = 0; i < s->n && l->n < room; i++)
        if (connected(g, s->v[i], near))
            take(g, l, type, s->v[i]);
    for (size_t i = 0; i < s->n && l->n < room; i++)
        take(g, l, type, s->v[i]);
    if (s->n > l->n) {
        char count[24];
        snprintf(count, sizeof count, "%zu", s->n - l->n);
        l->more = node_add(g, "more", hn_str_c(count), NULL);
        l->folded = true;
    }
}

static const char *edge_word(const struct hn_obs *o, const char *otherwise)
{
    return o && hn_obs_kind_is(o, "processes.mapped") ? "maps" : otherwise;
}

static void connect(struct graph *g, const struct level *from, const struct level *to, const char *how)
{
    bool any = false;
    for (size_t i = 0; i < from->n; i++)
        for (size_t k = 0; k < to->n; k++) {
            const struct hn_obs *o = hn_join_between(g->r->join, from->v[i], to->v[k]);
            if (o)
                edge_add(g, from->at[i], to->at[k], edge_word(o, how));
            any = any || o;
        }
    if (to->folded && from->n)
        edge_add(g, from->at[0], to->more, how);
    if (from->folded && to->n && !any)
        edge_add(g, from->more, to->at[0], how);
}

static void network(struct graph *g)
{
    for (size_t i = 0; i < g->listeners.n; i++) {
        const struct hn_obs *o = g->listeners.v[i]->obs;
        struct hn_str reach = hn_obs_get(o, "reach");
        unsigned at = 0;
        if (!reach.n)
            continue;
        for (unsigned n = 0; n < g->f->n_nodes && !at; n++)
            if (strcmp(g->f->nodes[n].type, "network") == 0 && hn_str_eq(g->f->nodes[n].label, reach))
                at = n;
        if (!at && g->f->n_nodes == GRAPH_NODES)
            return;
        at = at ? at : node_add(g, "network", reach, NULL);
        edge_add(g, g->listeners.at[i], at, hn_str_eqc(hn_obs_get(o, "firewall"), "blocked") ? "blocked" : "reaches");
    }
}

/* Without a chain, the observations that the finding rests on. */
static void draw_evidence(struct graph *g)
{
    for (const struct hn_evidence *e = g->f->evidence; e && g->f->n_nodes < 4; e = e->next)
        node_add(g, hn_obs_kind_is(e->obs, "packages.package") ? "package" : "setting", e->obs->subject, e->obs);
}

void risk_graph(struct risk_run *r, struct hn_finding *f, const struct hn_chain *c)
{
    struct graph g = {.r = r, .f = f};
    f->n_nodes = f->n_edges = 0;
    f->nodes = hn_arena_alloc(r->arena, GRAPH_NODES * sizeof *f->nodes);
    f->edges = hn_arena_alloc(r->arena, GRAPH_EDGES * sizeof *f->edges);
    if (!f->nodes || !f->edges) {
        r->failed = true;
        return;
    }
    const struct hn_join_value *worst = risk_worst_listener(r, c);
    struct level none = {0};
    /* chosen from the network inwards, so that what is drawn hangs together; numbered in the same order */
    draw(&g, &g.listeners, 2, "listener", &c->listeners, worst, NULL);
    draw(&g, &g.processes, 3, "process", &c->processes, NULL, &g.listeners);
    draw(&g, &g.paths, 2, "file", &c->paths, NULL, &g.processes);
    draw(&g, &g.packages, 3, "package", &c->packages, NULL, &g.paths);
    connect(&g, &g.packages, &g.paths, "contains");
    connect(&g, &g.paths, &g.processes, "runs");
    connect(&g, &g.processes, &g.listeners, "listens");
    network(&g);
    for (size_t i = 0; i < c->units.n && f->n_nodes < GRAPH_NODES; i++) {
        struct level unit = none;
        take(&g, &unit, "unit", c->units.v[i]);
        connect(&g, &unit, &g.processes, "runs");
    }
    if (!f->n_nodes)
        draw_evidence(&g);
}
