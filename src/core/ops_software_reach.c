/* How far something reaches, as a graph that stays readable: six columns, at most a dozen nodes each, the rest folded.
 *
 *   vulnerability ▶ components ▶ products ▶ hosts ▶ services ▶ customers
 *
 * A column with few members shows them; with many it shows their groups (components by name, products and hosts by
 * organisation); with many groups the biggest, and one node for all others. A group that the caller names in `open` is
 * shown member by member. Edges are added up the same way, so the answer is small however wide the reach is; the tables
 * behind it (rows=) hold everything. */
#include "base/map.h"
#include "core/ops_software.h"

#include <stdlib.h>

enum column { C_VULN, C_COMPONENTS, C_PRODUCTS, C_HOSTS, C_SERVICES, C_CUSTOMERS, COLUMNS };
static const char *const column_names[COLUMNS] = {"vulnerability", "component", "product",
                                                  "host",          "service",   "customer"};

#define NODES_SHOWN 12u /* of a column, folded */
#define NODES_OPEN  60u /* members of a group that was opened */

struct member {
    struct hn_str key, label, group, group_en, group_ja;
    uint32_t node;
    uint64_t weight;
};

struct node {
    enum column column;
    struct hn_str id, label_en, label_ja, ref; /* ref: of a single member */
    uint64_t count;                            /* members */
    bool folded;
};

struct list {
    struct member *v;
    size_t n, cap;
    struct hn_map at; /* key → position + 1 */
};

struct graph {
    struct hn_op_ctx *c;
    const struct hn_store_reach *r;
    struct list list[COLUMNS];
    struct node *nodes;
    size_t n_nodes, cap_nodes;
    struct hn_map edges; /* (from, to) → count, in keys of the arena */
    struct hn_str open;
    uint32_t *component, *release, *asset; /* positions of the answer → position in the list */
};

/* The member of that key; made when new. Returns its position. */
static uint32_t member(struct graph *g, enum column col, struct hn_str key, struct hn_str label)
{
    struct list *l = &g->list[col];
    uintptr_t at = (uintptr_t)hn_map_find(&l->at, hn_str_bytes(key));

    if (at) {
        l->v[at - 1].weight++;
        return (uint32_t)(at - 1);
    }
    struct member *v = hn_arena_more(g->c->arena, l->v, l->n, &l->cap, sizeof *v);
    if (!v || !hn_ok(hn_map_set(&l->at, hn_str_bytes(key), (void *)(uintptr_t)(l->n + 1)))) {
        g->c->arena->failed = true;
        return 0;
    }
    l->v = v;
    v[l->n] =
        (struct member){.key = key, .label = label, .group = key, .group_en = label, .group_ja = label, .weight = 1};
    return (uint32_t)l->n++;
}

/* ---------------------------------------------------------------- members of each column */

static void org_group(struct member *m, struct hn_str org, struct hn_str en, struct hn_str ja)
{
    m->group = org;
    m->group_en = en.n ? en : ja;
    m->group_ja = ja.n ? ja : en;
}

static bool gather(struct graph *g)
{
    const struct hn_store_reach *r = g->r;
    struct hn_arena *a = g->c->arena;

    g->component = hn_arena_alloc(a, (r->n_components + 1) * sizeof(uint32_t));
    g->release = hn_arena_alloc(a, (r->n_releases + 1) * sizeof(uint32_t));
    g->asset = hn_arena_alloc(a, (r->n_assets + 1) * sizeof(uint32_t));
    if (a->failed)
        return false;
    member(g, C_VULN, r->vuln.n ? r->vuln : ops_arg(g->c, "of"), r->vuln.n ? r->vuln : ops_arg(g->c, "of"));
    for (size_t i = 0; i < r->n_components && !a->failed; i++) {
        const struct hn_store_reach_component *k = &r->components[i];
        g->component[i] =
            member(g, C_COMPONENTS, k->id, hn_arena_fmt(a, "%.*s %.*s", HN_FMT(k->name), HN_FMT(k->version)));
        struct member *m = &g->list[C_COMPONENTS].v[g->component[i]];
        m->group = m->group_en = m->group_ja = k->name;
    }
    for (size_t i = 0; i < r->n_releases && !a->failed; i++) {
        const struct hn_store_reach_release *x = &r->releases[i];
        g->release[i] = member(g, C_PRODUCTS, x->product, x->product_name);
        org_group(&g->list[C_PRODUCTS].v[g->release[i]], x->org, x->org_name_en, x->org_name_ja);
    }
    for (size_t i = 0; i < r->n_assets && !a->failed; i++) {
        const struct hn_store_reach_asset *x = &r->assets[i];
        g->asset[i] = member(g, C_HOSTS, x->id, x->name);
        org_group(&g->list[C_HOSTS].v[g->asset[i]], x->org, x->org_name_en, x->org_name_ja);
    }
    return !a->failed;
}

/* ---------------------------------------------------------------- folding */

static bool opened(const struct graph *g, struct hn_str id)
{
    return hn_str_is_word_of(id, g->open);
}

static uint32_t node(struct graph *g, struct node n)
{
    struct node *v = hn_arena_more(g->c->arena, g->nodes, g->n_nodes, &g->cap_nodes, sizeof *v);

    if (!v)
        return 0;
    g->nodes = v;
    v[g->n_nodes] = n;
    return (uint32_t)g->n_nodes++;
}

static uint32_t member_node(struct graph *g, enum column col, const struct member *m)
{
    return node(g, (struct node){.column = col,
                                 .id = hn_arena_fmt(g->c->arena, "%c.%.*s", 'a' + col, HN_FMT(m->key)),
                                 .label_en = m->label,
                                 .label_ja = m->label,
                                 .ref = m->key,
                                 .count = 1});
}

struct group {
    struct hn_str key, en, ja;
    uint64_t members, weight;
    uint32_t node, shown;
    bool open;
};

static int biggest(const void *x, const void *y)
{
    const struct group *a = x, *b = y;
    uint64_t p = a->members + a->weight, q = b->members + b->weight;

    return p != q ? (p > q ? -1 : 1) : hn_str_cmp(a->key, b->key);
}

/* Groups of a column, biggest first; `at` then tells where a key is. */
static struct group *groups(struct graph *g, const struct list *l, struct hn_map *at, size_t *ret_n)
{
    struct group *v = hn_arena_alloc(g->c->arena, (l->n + 1) * sizeof *v);

    *ret_n = 0;
    for (size_t i = 0; v && i < l->n; i++) {
        uintptr_t k = (uintptr_t)hn_map_find(at, hn_str_bytes(l->v[i].group));
        if (!k) {
            v[*ret_n] = (struct group){.key = l->v[i].group, .en = l->v[i].group_en, .ja = l->v[i].group_ja};
            k = ++*ret_n;
            if (!hn_ok(hn_map_set(at, hn_str_bytes(l->v[i].group), (void *)k)))
                return NULL;
        }
        v[k - 1].members++;
        v[k - 1].weight += l->v[i].weight;
    }
    if (!v)
        return NULL;
    if (*ret_n)
        qsort(v, *ret_n, sizeof *v, biggest);
    for (size_t i = 0; i < *ret_n; i++)
        if (!hn_ok(hn_map_set(at, hn_str_bytes(v[i].key), (void *)(uintptr_t)(i + 1))))
            return NULL;
    return v;
}

static void group_nodes(struct graph *g, enum column col, struct group *v, size_t n)
{
    struct hn_str rest = hn_arena_fmt(g->c->arena, "%c.*", 'a' + col);
    size_t shown = n <= NODES_SHOWN ? n : opened(g, rest) ? (n < NODES_OPEN ? n : NODES_OPEN) : NODES_SHOWN - 1;
    uint32_t others = 0;

    for (size_t i = 0; i < n; i++) {
        struct hn_str id = hn_arena_fmt(g->c->arena, "%c.group.%.*s", 'a' + col, HN_FMT(v[i].key));
        if (i >= shown) {
            if (i == shown)
                others = node(g, (struct node){.column = col, .id = rest, .folded = true});
            v[i].node = others;
            g->nodes[others].count += v[i].members;
            continue;
        }
        v[i].open = v[i].members > 1 && opened(g, id);
        if (v[i].open)
            continue; /* its members become nodes */
        v[i].node = node(g, (struct node){.column = col,
                                          .id = id,
                                          .label_en = v[i].en,
                                          .label_ja = v[i].ja,
                                          .count = v[i].members,
                                          .folded = v[i].members > 1});
    }
}

/* Every member gets its node. */
static bool fold(struct graph *g, enum column col)
{
    struct list *l = &g->list[col];
    struct hn_map at;
    size_t n;

    if (l->n <= NODES_SHOWN) {
        for (size_t i = 0; i < l->n; i++)
            l->v[i].node = member_node(g, col, &l->v[i]);
        return !g->c->arena->failed;
    }
    hn_map_init(&at);
    struct group *v = groups(g, l, &at, &n);
    if (v)
        group_nodes(g, col, v, n);
    for (size_t i = 0; v && i < l->n && !g->c->arena->failed; i++) {
        struct group *k = &v[(uintptr_t)hn_map_find(&at, hn_str_bytes(l->v[i].group)) - 1];
        bool alone = k->members == 1 && !g->nodes[k->node].folded;
        if (k->open && k->shown < NODES_OPEN) {
            k->shown++;
            l->v[i].node = member_node(g, col, &l->v[i]);
        } else if (k->open) { /* too many even so */
            if (k->shown++ == NODES_OPEN)
                k->node =
                    node(g, (struct node){.column = col,
                                          .id = hn_arena_fmt(g->c->arena, "%c.more.%.*s", 'a' + col, HN_FMT(k->key)),
                                          .folded = true});
            g->nodes[k->node].count++;
            l->v[i].node = k->node;
        } else {
            l->v[i].node = k->node;
            if (alone) {
                g->nodes[k->node].ref = l->v[i].key;
                g->nodes[k->node].label_en = g->nodes[k->node].label_ja = l->v[i].label;
            }
        }
    }
    hn_map_done(&at);
    return v && !g->c->arena->failed;
}

/* ---------------------------------------------------------------- edges */

static void edge(struct graph *g, uint32_t from, uint32_t to)
{
    uint32_t key[2] = {from, to};
    struct hn_bytes k = hn_bytes_of(key, sizeof key);
    uintptr_t n = (uintptr_t)hn_map_find(&g->edges, k);

    if (!n)
        k = hn_arena_bytes(g->c->arena, k);
    if (k.n && !hn_ok(hn_map_set(&g->edges, k, (void *)(n + 1))))
        g->c->arena->failed = true;
}

static uint32_t node_of(const struct graph *g, enum column col, uint32_t at)
{
    return g->list[col].v[at].node;
}

static void component_edges(struct graph *g)
{
    const struct hn_store_reach *r = g->r;

    for (size_t i = 0; i < r->n_components; i++)
        edge(g, node_of(g, C_VULN, 0), node_of(g, C_COMPONENTS, g->component[i]));
    for (size_t i = 0; i < r->n_releases; i++)
        for (uint32_t k = 0; k < r->releases[i].n_components; k++)
            edge(g, node_of(g, C_COMPONENTS, g->component[r->releases[i].components[k]]),
                 node_of(g, C_PRODUCTS, g->release[i]));
    for (size_t i = 0; i < r->n_assets; i++)
        for (uint32_t k = 0; k < r->assets[i].n_components; k++)
            edge(g, node_of(g, C_COMPONENTS, g->component[r->assets[i].components[k]]),
                 node_of(g, C_HOSTS, g->asset[i]));
}

struct place {        /* of one deployment */
    uint32_t service; /* STORE: UINT32_MAX none */
    const struct hn_jv *customers;
};

/* Services and customers are known by what deployments name. */
static struct place *places(struct graph *g)
{
    struct place *v = hn_arena_alloc(g->c->arena, (g->r->n_deployments + 1) * sizeof *v);

    for (size_t i = 0; v && i < g->r->n_deployments; i++) {
        const struct hn_store_reach_deployment *d = &g->r->deployments[i];
        v[i].service = d->service.n ? member(g, C_SERVICES, d->service, d->service) : UINT32_MAX;
        v[i].customers = hn_jv_parse(g->c->arena, hn_str_bytes(d->customers), NULL);
        for (size_t k = 0; v[i].customers && k < v[i].customers->n; k++)
            if (v[i].customers->items[k].s.n)
                member(g, C_CUSTOMERS, v[i].customers->items[k].s, v[i].customers->items[k].s);
    }
    return v;
}

static void deployment_edges(struct graph *g, const struct place *p)
{
    for (size_t i = 0; i < g->r->n_deployments; i++) {
        const struct hn_store_reach_deployment *d = &g->r->deployments[i];
        uint32_t from = node_of(g, C_PRODUCTS, g->release[d->release]);
        if (d->asset != HN_STORE_SUBJECT) {
            edge(g, from, node_of(g, C_HOSTS, g->asset[d->asset]));
            from = node_of(g, C_HOSTS, g->asset[d->asset]);
        }
        if (p[i].service != UINT32_MAX) {
            edge(g, from, node_of(g, C_SERVICES, p[i].service));
            from = node_of(g, C_SERVICES, p[i].service);
        }
        for (size_t k = 0; p[i].customers && k < p[i].customers->n; k++) {
            uintptr_t at = (uintptr_t)hn_map_find(&g->list[C_CUSTOMERS].at, hn_str_bytes(p[i].customers->items[k].s));
            if (at)
                edge(g, from, node_of(g, C_CUSTOMERS, (uint32_t)(at - 1)));
        }
    }
}

/* ---------------------------------------------------------------- answers */

struct edge_row {
    uint32_t from, to;
    uint64_t n;
};

static int by_ends(const void *x, const void *y)
{
    const struct edge_row *a = x, *b = y;

    return a->from != b->from ? (a->from < b->from ? -1 : 1) : a->to < b->to ? -1 : a->to > b->to;
}

static void edges_write(struct graph *g)
{
    struct edge_row *v = hn_arena_alloc(g->c->arena, (g->edges.n + 1) * sizeof *v);
    struct hn_jw *w = g->c->w;
    struct hn_bytes key;
    void *count;
    size_t i = 0, n = 0;

    hn_jw_key(w, "edges");
    hn_jw_arr(w);
    while (v && hn_map_next(&g->edges, &i, &key, &count)) {
        memcpy(&v[n].from, key.p, 4);
        memcpy(&v[n].to, key.p + 4, 4);
        v[n++].n = (uintptr_t)count;
    }
    if (n)
        qsort(v, n, sizeof *v, by_ends);
    for (i = 0; i < n; i++) {
        hn_jw_obj(w);
        hn_jw_kstr(w, "from", g->nodes[v[i].from].id);
        hn_jw_kstr(w, "to", g->nodes[v[i].to].id);
        ops_kcount(w, "count", v[i].n);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
}

static void nodes_write(struct graph *g)
{
    struct hn_jw *w = g->c->w;

    hn_jw_key(w, "nodes");
    hn_jw_arr(w);
    for (size_t i = 0; i < g->n_nodes; i++) {
        const struct node *n = &g->nodes[i];
        hn_jw_obj(w);
        hn_jw_kstr(w, "id", n->id);
        hn_jw_kc(w, "column", column_names[n->column]);
        ops_names(w, "label", n->label_en, n->label_ja);
        ops_kcount(w, "count", n->count);
        hn_jw_kbool(w, "folded", n->folded);
        ops_kopt(w, "ref", n->ref);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
    edges_write(g);
}

static struct hn_err graph(struct graph *g)
{
    struct place *p;

    if (!gather(g) || !(p = places(g)))
        return (struct hn_err){HN_E_NOMEM};
    for (int col = 0; col < COLUMNS; col++)
        if (!fold(g, (enum column)col))
            return (struct hn_err){HN_E_NOMEM};
    component_edges(g);
    deployment_edges(g, p);
    return g->c->arena->failed ? (struct hn_err){HN_E_NOMEM} : HN_OK;
}

static void totals(struct graph *g)
{
    struct hn_jw *w = g->c->w;
    size_t answered = 0;

    for (size_t i = 0; i < g->r->n_releases; i++)
        answered += g->r->releases[i].vex == HN_VEX_NOT_AFFECTED || g->r->releases[i].vex == HN_VEX_FIXED;
    hn_jw_key(w, "totals");
    hn_jw_obj(w);
    ops_kcount(w, "components", g->r->n_components);
    ops_kcount(w, "products", g->list[C_PRODUCTS].n);
    ops_kcount(w, "releases", g->r->n_releases);
    ops_kcount(w, "answered", answered);
    ops_kcount(w, "assets", g->r->n_assets);
    ops_kcount(w, "deployments", g->r->n_deployments);
    ops_kcount(w, "services", g->list[C_SERVICES].n);
    ops_kcount(w, "customers", g->list[C_CUSTOMERS].n);
    hn_jw_obj_end(w);
}

static void release_row(struct hn_jw *w, const struct hn_store_reach *r, size_t i)
{
    const struct hn_store_reach_release *x = &r->releases[i];
    const struct hn_store_reach_component *k = x->n_components ? &r->components[x->components[0]] : NULL;

    ops_id_name(w, "product", x->product, x->product_name);
    hn_jw_kstr(w, "version", x->version);
    hn_jw_kstr(w, "supplier", x->supplier);
    ops_org_ref(w, x->org, x->org_name_en, x->org_name_ja);
    ops_id_name(w, "owner", x->owner, x->owner_name);
    hn_jw_kc(w, "statement", hn_vex_status_name(x->vex));
    hn_jw_kstr(w, "component", k ? hn_str_cut(k->name, 0, k->name.n) : (struct hn_str){"", 0});
    hn_jw_kstr(w, "component_version", k ? k->version : (struct hn_str){"", 0});
    hn_jw_kstr(w, "fixed", k ? k->fixed : (struct hn_str){"", 0});
    hn_jw_kint(w, "components", x->n_components);
}

static void asset_row(struct hn_jw *w, const struct hn_store_reach *r, size_t i)
{
    const struct hn_store_reach_asset *x = &r->assets[i];

    ops_id_name(w, "asset", x->id, x->name);
    ops_org_ref(w, x->org, x->org_name_en, x->org_name_ja);
    hn_jw_knum(w, "criticality", x->criticality);
    hn_jw_kint(w, "components", x->n_components);
    hn_jw_kstr(w, "component", x->n_components ? r->components[x->components[0]].name : (struct hn_str){"", 0});
}

static void deployment_row(struct hn_jw *w, const struct hn_store_reach *r, size_t i)
{
    const struct hn_store_reach_deployment *d = &r->deployments[i];
    const struct hn_store_reach_release *x = &r->releases[d->release];
    bool named = d->asset != HN_STORE_SUBJECT;

    ops_id_name(w, "product", x->product, x->product_name);
    hn_jw_kstr(w, "version", x->version);
    ops_id_name(w, "asset", named ? r->assets[d->asset].id : (struct hn_str){"", 0},
                named ? r->assets[d->asset].name : (struct hn_str){"", 0});
    hn_jw_kstr(w, "service", d->service);
    ops_kraw(w, "customers", d->customers, "[]");
    ops_id_name(w, "owner", d->owner.n ? d->owner : x->owner, d->owner.n ? d->owner_name : x->owner_name);
    hn_jw_kc(w, "statement", hn_vex_status_name(x->vex));
}

/* A page of a table that is whole in memory: the cursor is an offset. */
static struct hn_err rows(struct hn_op_ctx *c, const struct hn_store_reach *r, struct hn_str which)
{
    bool graph_only = !which.n || hn_str_eqc(which, "graph");
    size_t n = graph_only                      ? 0
               : hn_str_eqc(which, "releases") ? r->n_releases
               : hn_str_eqc(which, "assets")   ? r->n_assets
                                               : r->n_deployments;
    uint64_t from = 0, limit = ops_page(c).limit;

    if (ops_arg(c, "cursor").n && !hn_str_u64(ops_arg(c, "cursor"), 10, &from))
        return (struct hn_err){HN_E_INVALID};
    from = from < n ? from : n;
    size_t to = n - from > limit ? (size_t)(from + limit) : n;
    hn_jw_key(c->w, "items");
    hn_jw_arr(c->w);
    for (size_t i = (size_t)from; i < to; i++) {
        hn_jw_obj(c->w);
        if (hn_str_eqc(which, "releases"))
            release_row(c->w, r, i);
        else if (hn_str_eqc(which, "assets"))
            asset_row(c->w, r, i);
        else
            deployment_row(c->w, r, i);
        hn_jw_obj_end(c->w);
    }
    hn_jw_arr_end(c->w);
    if (to < n)
        hn_jw_kstr(c->w, "next", hn_arena_fmt(c->arena, "%zu", to));
    else
        ops_knull(c->w, "next");
    ops_kcount(c->w, "total", n);
    return HN_OK;
}

struct hn_err ops_reach(struct hn_op_ctx *c)
{
    struct hn_store_reach r;
    struct graph g = {.c = c, .r = &r, .open = ops_arg(c, "open")};
    struct hn_str of = ops_arg(c, "of");
    bool purl = hn_str_starts(of, "pkg:");
    struct hn_store_reach_query q = {.org = ops_arg(c, "org"), .as_of = ops_arg_time(c, "as_of")};

    *(purl ? &q.purl : &q.vuln) = of;
    if (hn_str_eqc(ops_arg(c, "format"), "csv"))
        return ops_csv(c, ops_reach);
    OPS_STORE(hn_store_reach(c->store, c->who, &q, c->arena, &r));
    for (int i = 0; i < COLUMNS; i++)
        hn_map_init(&g.list[i].at);
    hn_map_init(&g.edges);
    struct hn_err e = graph(&g);
    if (hn_ok(e)) {
        hn_jw_obj(c->w);
        hn_jw_kstr(c->w, "vuln", r.vuln);
        hn_jw_kstr(c->w, "purl", q.purl.n ? q.purl : (struct hn_str){"", 0});
        hn_jw_ktime(c->w, "as_of", q.as_of ? q.as_of : c->now);
        hn_jw_ktime(c->w, "feed_at", r.feed_at);
        totals(&g);
        nodes_write(&g);
        e = rows(c, &r, ops_arg(c, "rows"));
        hn_jw_obj_end(c->w);
    }
    for (int i = 0; i < COLUMNS; i++)
        hn_map_done(&g.list[i].at);
    hn_map_done(&g.edges);
    return e;
}
