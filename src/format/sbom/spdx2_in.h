/* The SPDX 2 reader between its files: spdx2_read.c (document, packages, files, relations) and spdx2_parts.c. */
#pragma once

#include "format/sbom/spdx_in.h"

/* Lists that may be long are added to at their ends, which are remembered here. */
struct spdx2_reader {
    struct spdx_in in;          /* first: the take functions get it */
    struct hn_bom_component *c; /* being read, and the ends of its lists */
    struct hn_bom_licence **licences_tail;
    struct hn_bom_link **links_tail;
    struct hn_bom_hash **hashes_tail;
    struct hn_bom_text **purls_tail, **cpes_tail;
    struct hn_bom_prop **props_tail;
    struct hn_str files_raw;                         /* its hasFiles, until the reference is known */
    struct hn_bom_text *describes, **describes_tail; /* what the document describes */
    struct hn_bom_annotation **annotations_tail;
    struct hn_bom_tool **tools_tail;
    struct hn_bom_party **authors_tail;
};

static inline struct spdx2_reader *spdx2_reader_of(struct spdx_in *in)
{
    return (struct spdx2_reader *)(void *)in;
}

#define SPDX_TAKE(name) void name(struct spdx_in *in, enum hn_jtok t, void *obj)

/* How a property is written as an annotation; the reader makes it a property again. */
#define SPDX2_PROPERTY "cdx:property "

/* NOASSERTION, NONE. */
bool spdx2_says_nothing(struct hn_str s);

/* Members of packages and files: obj is the component. */
SPDX_TAKE(spdx2_take_supplier);
SPDX_TAKE(spdx2_take_originator);
SPDX_TAKE(spdx2_take_concluded);
SPDX_TAKE(spdx2_take_declared);
SPDX_TAKE(spdx2_take_file_licences);
SPDX_TAKE(spdx2_take_checksums);
SPDX_TAKE(spdx2_take_download);
SPDX_TAKE(spdx2_take_homepage);
SPDX_TAKE(spdx2_take_external_refs);
/* One annotation; obj: a pointer to the reference it is about. */
SPDX_TAKE(spdx2_annotation_item);
