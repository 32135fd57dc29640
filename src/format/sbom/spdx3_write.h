/* The SPDX 3 writer between its files: spdx3_write.c (document, agents, licences), spdx3_package.c (packages, files)
 * and spdx3_security.c (relations, vulnerabilities). */
#pragma once

#include "format/sbom/spdx3_words.h"
#include "format/sbom/spdx_out.h"

/* Individuals of the model are written with their whole IRI: in "to" and "from" the context has no terms for them. */
#define SPDX3_TERMS "https://spdx.org/rdf/3.0.1/terms/"

struct spdx3_writer {
    struct spdx_out o;      /* first */
    struct hn_str base;     /* ids are base#name */
    struct hn_str creation; /* id of the CreationInfo */
    struct hn_map done;     /* ids of elements that were written */
    struct hn_map complete; /* reference → composition */
};

/* The id of a reference, of a name made of any text, of a component. In the arena. */
struct hn_str spdx3_id(struct spdx3_writer *x, struct hn_str ref);
struct hn_str spdx3_made_id(struct spdx3_writer *x, const char *kind, struct hn_str text);
struct hn_str spdx3_component_id(struct spdx3_writer *x, const struct hn_bom_component *c);
struct hn_str spdx3_party_id(struct spdx3_writer *x, const struct hn_bom_party *p);
/* A time as the model demands it: whole seconds, UTC. What is no time is lost; nothing when empty. */
void spdx3_time(struct spdx3_writer *x, const char *member, struct hn_str text);
/* Opens an element with type, spdxId and creationInfo. */
void spdx3_element_begin(struct spdx3_writer *x, const char *type, struct hn_str id);
/* True when an element of that id is to be written now; false when it was before. */
bool spdx3_first(struct spdx3_writer *x, struct hn_str id);
/* A relation to one or more (n) ids; opened: the caller may add members and ends the object. */
void spdx3_relation_begin(struct spdx3_writer *x, const char *type, const char *word, struct hn_str from,
                          const struct hn_str *to, size_t n);
void spdx3_party_write(struct spdx3_writer *x, const struct hn_bom_party *p);
void spdx3_component_write(struct spdx3_writer *x, const struct hn_bom_component *c);
void spdx3_licences_write(struct spdx3_writer *x, const struct hn_bom_component *c);
void spdx3_relations_write(struct spdx3_writer *x);
void spdx3_vulns_write(struct spdx3_writer *x);

struct hn_err spdx3_write_json(const struct hn_bom *b, const struct hn_bom_how *how, struct hn_buf *out,
                               struct hn_bom_notes *loss);
