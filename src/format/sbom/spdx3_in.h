/* The SPDX 3 reader between its files: spdx3_read.c (graph, document), spdx3_element.c (packages, files, agents),
 * spdx3_relation.c (relations, licences, assessments). */
#pragma once

#include "base/json.h"
#include "base/map.h"
#include "format/sbom/spdx3_words.h"
#include "format/sbom/spdx_in.h"

struct spdx3_element {
    const struct hn_jv *v; /* in compact form */
    struct hn_str raw, type, id;
    size_t at;
    struct hn_bom_component *component; /* made of it */
    struct hn_bom_vuln *vuln;
    struct hn_bom_licence **licences_tail; /* ends of lists that many relations may add to */
    struct hn_bom_rating **ratings_tail;
    struct hn_bom_affect **affects_tail;
};

struct spdx3_reader {
    struct spdx_in in;
    struct hn_bom *b;
    struct spdx3_element *elements;
    size_t n, cap;
    struct hn_map by_id;
    struct hn_map imported;      /* ids that are said to be in another document */
    struct hn_str main_creation; /* id of the CreationInfo of the document */
    const struct spdx3_element *document;
    const struct spdx3_element *now; /* being read, for notes */
    struct hn_bom_annotation **annotations_tail;
    struct hn_bom_composition **compositions_tail;
    struct hn_bom_lifecycle **lifecycles_tail;
    struct hn_bom_tool **tools_tail;
    struct hn_bom_extra **graph_tail;
};

/* The element of that id, or NULL. */
struct spdx3_element *spdx3_find(struct spdx3_reader *r, struct hn_str id);
/* Is it in this document, in another one by its own words, or one of the individuals of the specification? */
bool spdx3_known(struct spdx3_reader *r, struct hn_str id);
/* A note at the element that is being read. */
void spdx3_note(struct spdx3_reader *r, enum hn_bom_severity severity, const char *code, struct hn_str a,
                struct hn_str b);

/* Values of a member in compact form. A list of one stands for its item, an object with an id for that id. */
struct hn_str spdx3_str(const struct hn_jv *v, const char *key);
struct hn_str spdx3_text(const struct hn_jv *v);                  /* of a value itself */
struct hn_str spdx3_word(const struct hn_jv *v, const char *key); /* the last part of an IRI of the vocabulary */
/* Number of values, and each: a missing member has none, one that is no list has one. */
size_t spdx3_count(const struct hn_jv *v, const char *key);
const struct hn_jv *spdx3_item(const struct hn_jv *v, const char *key, size_t i);

void spdx3_component_read(struct spdx3_reader *r, struct spdx3_element *e);
/* Who that id is; also an id that is not in the document. NULL: no memory. */
struct hn_bom_party *spdx3_party_add(struct spdx3_reader *r, struct hn_bom_party **list, struct hn_str id);
void spdx3_tool_add(struct spdx3_reader *r, struct hn_str id);
void spdx3_vulnerability_read(struct spdx3_reader *r, struct spdx3_element *e);
void spdx3_relation_read(struct spdx3_reader *r, struct spdx3_element *e);
