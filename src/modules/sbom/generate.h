/* Inside of `hinomi sbom generate` and of `hinomi sbom match` over a host: from observations to a bill of materials. */
#pragma once

#include "core/facts.h"
#include "core/work.h"
#include "format/sbom/bom.h"

struct generate {
    struct hn_work *w;
    bool document; /* it will be written; else only matched: without what no match asks for */
    const struct hn_facts *facts;
    struct hn_bom bom;
    struct hn_arena *a;
    struct hn_str os_id, os_version;
    struct hn_str distro;                         /* both, as package URLs have them */
    struct hn_map packages;                       /* "name:arch" → component */
    struct hn_map artefacts;                      /* path → component: archives and programs */
    struct hn_map languages;                      /* "ecosystem scope name" → component, to find what depends names */
    struct hn_bom_text *complete, **complete_end; /* references whose dependencies are all told */
    struct hn_bom_text *unknown, **unknown_end;   /* of which they are not known */
};

/* generate.c */
/* What was collected, in ret->bom: the parts, without who depends on whom among packages of the system. False: it could
 * not be read, which is told. Else end it by sbom_generate_end(). */
bool sbom_generate_begin(struct hn_work *w, bool document, struct generate *ret);
void sbom_generate_end(struct generate *g);
/* Was any package found, of the system or of a language? */
bool sbom_generate_found(const struct generate *g);
void sbom_generate_prop(struct generate *g, struct hn_bom_component *c, const char *name, struct hn_str value);
/* Are all dependencies of c told? */
void sbom_generate_told(struct generate *g, const struct hn_bom_component *c, bool all);
/* What is empty is not there. */
static inline struct hn_str generate_told_text(struct hn_str s)
{
    return s.n ? s : (struct hn_str){0};
}
/* "Name <mail>", or a name alone. */
void sbom_generate_supplier(struct generate *g, struct hn_bom_component *c, struct hn_str text);
void sbom_generate_digest(struct generate *g, struct hn_bom_component *c, struct hn_str path, struct hn_str sha512);
/* TR-03183-2, 5.2.2: what the file of a component is. */
void sbom_generate_file_props(struct generate *g, struct hn_bom_component *c, struct hn_str filename, bool executable,
                              bool archive, bool structured);
/* Observations of a kind, sorted by subject. */
const struct hn_obs **sbom_generate_sorted(struct generate *g, const char *kind, size_t *ret_n);

/* generate_os.c */
void sbom_generate_os(struct generate *g);
void sbom_generate_packages(struct generate *g);
void sbom_generate_package_dependencies(struct generate *g);
/* generate_language.c */
void sbom_generate_languages(struct generate *g);
/* generate_licence.c */
/* Names as debian/copyright has them, as one SPDX expression: all of them apply to some file. */
struct hn_str sbom_generate_debian_licences(struct generate *g, const struct hn_str *names, size_t n);
/* A licence that some package states: an identifier, an expression, or a name that is none. */
void sbom_generate_licence(struct generate *g, struct hn_bom_component *c, struct hn_str text);
