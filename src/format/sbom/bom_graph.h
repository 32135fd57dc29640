/* Who needs whom: the dependencies of a bill of materials as a graph of numbers. Safe with cycles, linear in size.
 *
 * Nodes are the components in their order, then the subject (when there is one), then the services. An edge leads from
 * what needs to what is needed; what a component contains counts as needed by it, since it comes along. */
#pragma once

#include "format/sbom/bom.h"

struct hn_bom_graph {
    const struct hn_bom *bom;
    uint32_t n;              /* nodes */
    uint32_t *first, *to;    /* edges of node i: to[first[i]] … to[first[i + 1] - 1] */
    uint32_t *rfirst, *from; /* the same backwards */
    uint32_t *roots; /* the subject if it needs anything, else what nobody needs; in cycles only: the first node */
    size_t n_roots;
    bool declared; /* the document says something about dependencies */
};

/* In the arena. b is indexed. False: out of memory. */
bool hn_bom_graph_build(struct hn_bom_graph *g, const struct hn_bom *b, struct hn_arena *a);
/* The component of a node, or NULL for a service. */
struct hn_bom_component *hn_bom_graph_component(const struct hn_bom_graph *g, uint32_t node);
struct hn_bom_service *hn_bom_graph_service(const struct hn_bom_graph *g, uint32_t node);
uint32_t hn_bom_graph_node(const struct hn_bom_graph *g,
                           const struct hn_bom_component *c); /* UINT32_MAX: in no graph */
/* Steps from the nearest root; UINT32_MAX: not reached. n entries in the arena, NULL without memory. */
uint32_t *hn_bom_graph_distances(const struct hn_bom_graph *g, struct hn_arena *a);
/* Shortest paths from the roots to target, at most `most`, in a fixed order; path[0] is a root. Gives how many. */
size_t hn_bom_graph_paths(const struct hn_bom_graph *g, uint32_t target, size_t most, struct hn_arena *a,
                          void (*each)(void *arg, const uint32_t *path, size_t n), void *arg);
/* Calls each for every cycle found (one per strongly connected part, its nodes in some order). Gives how many. */
size_t hn_bom_graph_cycles(const struct hn_bom_graph *g, struct hn_arena *a,
                           void (*each)(void *arg, const uint32_t *nodes, size_t n), void *arg);
