#include "format/sbom/bom_graph.h"

#define NONE UINT32_MAX

uint32_t hn_bom_graph_node(const struct hn_bom_graph *g, const struct hn_bom_component *c)
{
    if (c == g->bom->subject)
        return (uint32_t)g->bom->n_components;
    return c->number; /* UINT32_MAX for tools and the like */
}

static uint32_t service_node(const struct hn_bom_graph *g, const struct hn_bom_service *s)
{
    return s->number == NONE ? NONE : (uint32_t)(g->bom->n_components + (g->bom->subject != NULL)) + s->number;
}

struct hn_bom_component *hn_bom_graph_component(const struct hn_bom_graph *g, uint32_t node)
{
    const struct hn_bom *b = g->bom;

    if (node < b->n_components)
        return b->components[node];
    return node == b->n_components ? b->subject : NULL;
}

struct hn_bom_service *hn_bom_graph_service(const struct hn_bom_graph *g, uint32_t node)
{
    size_t at = node - g->bom->n_components - (g->bom->subject != NULL);
    return hn_bom_graph_component(g, node) || at >= g->bom->n_services ? NULL : g->bom->services[at];
}

/* ---- building: edges are counted, then placed ---- */

struct building {
    struct hn_bom_graph *g;
    uint32_t *fill, *rfill; /* NULL: counting */
};

static void edge(struct building *x, uint32_t from, uint32_t to)
{
    if (from == NONE || to == NONE || from == to)
        return;
    if (!x->fill) {
        x->g->first[from + 1]++;
        x->g->rfirst[to + 1]++;
        return;
    }
    x->g->to[x->fill[from]++] = to;
    x->g->from[x->rfill[to]++] = from;
}

static bool needs(enum hn_bom_rel rel)
{
    return rel == HN_BOM_REL_DEPENDS_ON || rel == HN_BOM_REL_CONTAINS || rel == HN_BOM_REL_STATIC_LINK ||
           rel == HN_BOM_REL_DYNAMIC_LINK;
}

static uint32_t end_node(const struct hn_bom_graph *g, const struct hn_bom_component *c, const struct hn_bom_service *s)
{
    return c ? hn_bom_graph_node(g, c) : s ? service_node(g, s) : NONE;
}

static void all_edges(struct building *x)
{
    const struct hn_bom *b = x->g->bom;

    for (size_t i = 0; i < b->n_deps; i++)
        for (const struct hn_bom_edge *e = b->deps[i]->edges; e; e = e->next)
            if (needs((enum hn_bom_rel)e->rel))
                edge(x, end_node(x->g, b->deps[i]->component, b->deps[i]->service),
                     end_node(x->g, e->component, e->service));
    for (size_t i = 0; i < b->n_components; i++)
        if (b->components[i]->parent)
            edge(x, hn_bom_graph_node(x->g, b->components[i]->parent), (uint32_t)i);
    for (size_t i = 0; i < b->n_services; i++)
        if (b->services[i]->parent)
            edge(x, service_node(x->g, b->services[i]->parent), service_node(x->g, b->services[i]));
}

static uint32_t *copy(struct hn_arena *a, const uint32_t *p, size_t n)
{
    uint32_t *c = hn_arena_alloc(a, n * sizeof *c);

    if (c)
        memcpy(c, p, n * sizeof *c);
    return c;
}

static bool find_roots(struct hn_bom_graph *g, struct hn_arena *a)
{
    uint32_t subject = g->bom->subject ? (uint32_t)g->bom->n_components : NONE;

    g->roots = hn_arena_alloc(a, ((size_t)g->n + 1) * sizeof *g->roots);
    if (!g->roots)
        return false;
    if (subject != NONE && g->first[subject + 1] > g->first[subject]) {
        g->roots[g->n_roots++] = subject;
        return true;
    }
    for (uint32_t i = 0; i < g->n; i++)
        if (g->rfirst[i + 1] == g->rfirst[i] && g->first[i + 1] > g->first[i])
            g->roots[g->n_roots++] = i;
    if (!g->n_roots && g->n && g->first[g->n])
        g->roots[g->n_roots++] = 0;
    return true;
}

bool hn_bom_graph_build(struct hn_bom_graph *g, const struct hn_bom *b, struct hn_arena *a)
{
    struct building x = {.g = g};

    *g = (struct hn_bom_graph){.bom = b, .declared = b->n_deps > 0};
    g->n = (uint32_t)(b->n_components + (b->subject != NULL) + b->n_services);
    g->first = hn_arena_alloc(a, ((size_t)g->n + 1) * sizeof *g->first);
    g->rfirst = hn_arena_alloc(a, ((size_t)g->n + 1) * sizeof *g->rfirst);
    if (!g->first || !g->rfirst)
        return false;
    all_edges(&x);
    for (uint32_t i = 0; i < g->n; i++) {
        g->first[i + 1] += g->first[i];
        g->rfirst[i + 1] += g->rfirst[i];
    }
    g->to = hn_arena_alloc(a, g->first[g->n] * sizeof *g->to);
    g->from = hn_arena_alloc(a, g->first[g->n] * sizeof *g->from);
    x.fill = copy(a, g->first, g->n + 1);
    x.rfill = copy(a, g->rfirst, g->n + 1);
    if (!g->to || !g->from || !x.fill || !x.rfill)
        return false;
    all_edges(&x);
    return find_roots(g, a);
}

/* ---- distances and paths ---- */

uint32_t *hn_bom_graph_distances(const struct hn_bom_graph *g, struct hn_arena *a)
{
    uint32_t *d = hn_arena_alloc(a, ((size_t)g->n + 1) * sizeof *d), *queue = hn_arena_alloc(a, (g->n + 1) * sizeof *d);
    size_t head = 0, tail = 0;

    if (!d || !queue)
        return NULL;
    for (uint32_t i = 0; i < g->n; i++)
        d[i] = NONE;
    for (size_t i = 0; i < g->n_roots; i++) {
        d[g->roots[i]] = 0;
        queue[tail++] = g->roots[i];
    }
    while (head < tail) {
        uint32_t at = queue[head++];
        for (uint32_t k = g->first[at]; k < g->first[at + 1]; k++)
            if (d[g->to[k]] == NONE) {
                d[g->to[k]] = d[at] + 1;
                queue[tail++] = g->to[k];
            }
    }
    return d;
}

size_t hn_bom_graph_paths(const struct hn_bom_graph *g, uint32_t target, size_t most, struct hn_arena *a,
                          void (*each)(void *arg, const uint32_t *path, size_t n), void *arg)
{
    uint32_t *d = hn_bom_graph_distances(g, a);
    size_t found = 0;

    if (!d || target >= g->n || d[target] == NONE)
        return 0;
    size_t n = (size_t)d[target] + 1;
    uint32_t *path = hn_arena_alloc(a, n * sizeof *path), *next = hn_arena_alloc(a, n * sizeof *next);
    if (!path || !next)
        return 0;
    /* Backwards along edges that shorten the way; next[i]: the edge to try at place i. Every such way ends in a root,
     * so no work is lost. */
    size_t i = n - 1;
    path[i] = target;
    next[i] = g->rfirst[target];
    while (found < most) {
        if (i == 0) {
            each(arg, path, n);
            found++;
            i++;
            if (i == n)
                break;
            continue;
        }
        uint32_t at = path[i];
        while (next[i] < g->rfirst[at + 1] && d[g->from[next[i]]] != (uint32_t)i - 1)
            next[i]++;
        if (next[i] == g->rfirst[at + 1]) {
            if (++i == n)
                break;
            continue;
        }
        path[i - 1] = g->from[next[i]++];
        i--;
        next[i] = g->rfirst[path[i]];
    }
    return found;
}

/* ---- cycles: Tarjan's strongly connected components, without recursion ---- */

struct tarjan {
    uint32_t *index, *low, *stack, *calls, *edge;
    bool *on;
    size_t n_stack, n_calls;
    uint32_t clock;
};

static void visit(struct tarjan *t, const struct hn_bom_graph *g, uint32_t v)
{
    t->index[v] = t->low[v] = ++t->clock;
    t->stack[t->n_stack++] = v;
    t->on[v] = true;
    t->edge[v] = g->first[v];
    t->calls[t->n_calls++] = v;
}

static bool pop(struct tarjan *t, uint32_t v, void (*each)(void *, const uint32_t *, size_t), void *arg)
{
    size_t from = t->n_stack;

    do
        t->on[t->stack[--from]] = false;
    while (t->stack[from] != v);
    size_t n = t->n_stack - from;
    if (n > 1)
        each(arg, t->stack + from, n);
    t->n_stack = from;
    return n > 1;
}

static size_t from_node(struct tarjan *t, const struct hn_bom_graph *g, uint32_t start,
                        void (*each)(void *, const uint32_t *, size_t), void *arg)
{
    size_t found = 0;

    visit(t, g, start);
    while (t->n_calls) {
        uint32_t v = t->calls[t->n_calls - 1];
        if (t->edge[v] < g->first[v + 1]) {
            uint32_t w = g->to[t->edge[v]++];
            if (!t->index[w])
                visit(t, g, w);
            else if (t->on[w] && t->index[w] < t->low[v])
                t->low[v] = t->index[w];
            continue;
        }
        t->n_calls--;
        if (t->n_calls && t->low[v] < t->low[t->calls[t->n_calls - 1]])
            t->low[t->calls[t->n_calls - 1]] = t->low[v];
        if (t->low[v] == t->index[v])
            found += pop(t, v, each, arg);
    }
    return found;
}

size_t hn_bom_graph_cycles(const struct hn_bom_graph *g, struct hn_arena *a,
                           void (*each)(void *arg, const uint32_t *nodes, size_t n), void *arg)
{
    size_t n = (size_t)g->n + 1, found = 0;
    struct tarjan t = {
        .index = hn_arena_alloc(a, n * 4),
        .low = hn_arena_alloc(a, n * 4),
        .stack = hn_arena_alloc(a, n * 4),
        .calls = hn_arena_alloc(a, n * 4),
        .edge = hn_arena_alloc(a, n * 4),
        .on = hn_arena_alloc(a, n),
    };

    if (a->failed)
        return 0;
    for (uint32_t v = 0; v < g->n; v++)
        if (!t.index[v])
            found += from_node(&t, g, v, each, arg);
    return found;
}
