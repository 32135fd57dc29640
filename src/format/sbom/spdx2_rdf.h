/* SPDX 2 in RDF/XML between its files: spdx2_rdf.c makes nodes of the text, spdx2_rdf_json.c the JSON form of them. */
#pragma once

#include "base/json.h"
#include "base/map.h"
#include "format/sbom/spdx_in.h"

struct rdf_node;
struct rdf_prop {
    struct rdf_prop *next;
    struct hn_str name;    /* local name: "versionInfo" */
    struct hn_str text;    /* a literal, or the IRI that it refers to */
    struct rdf_node *node; /* what it refers to, when the text describes it; NULL: literal, or something outside */
    bool resource;         /* text is an IRI */
};
struct rdf_node {
    struct rdf_node *next;
    struct hn_str type, id; /* local name of its class; IRI or "_:name", empty: none */
    struct rdf_prop *props, *last;
    uint32_t line;
    struct hn_str licence; /* as an expression, once it was made; p NULL: not yet */
    bool open;             /* being written: a ring */
};
struct rdf {
    struct hn_bom *b;
    struct rdf_node *first, *last;
    struct hn_map by_id;
};

struct rdf_json {
    struct hn_jw w;
    struct spdx_lines lines;
};
/* False: no SPDX document in it. */
bool spdx2_rdf_json(struct rdf *r, struct rdf_json *ret);
