/* The SPDX 2 writer between its files: spdx2_write.c (document, relations) and spdx2_package.c (packages, files). */
#pragma once

#include "format/sbom/spdx_in.h"
#include "format/sbom/spdx_out.h"

struct spdx2_writer {
    struct spdx_out o; /* first */
    bool v22;
    struct hn_map annotations; /* reference → first of its chain */
    struct hn_bom_extra *no_extra;
};

/* Annotations that are about one component, in the order of the document. */
struct spdx2_about {
    struct spdx2_about *next, *last;
    const struct hn_bom_annotation *a;
};

void spdx2_annotation_write(struct spdx2_writer *x, const struct hn_bom_annotation *a);
void spdx2_package_write(struct spdx2_writer *x, const struct hn_bom_component *c);
void spdx2_file_write(struct spdx2_writer *x, const struct hn_bom_component *c);
/* A package or a file? SPDX 2 files have neither version nor supplier nor external references. */
bool spdx2_is_file(const struct spdx2_writer *x, const struct hn_bom_component *c);
