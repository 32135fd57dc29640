/* Members of CycloneDX that do not lie in the model as they are written: X(name) for each declares how it is read, when
 * it is there, and how it is written. */
#pragma once

#include "format/sbom/cdx_in.h"

#define CDX_CUSTOM_MAP(X)                                                                                              \
    X(licence_id)                                                                                                      \
    X(licence_name)                                                                                                    \
    X(licence_says)                                                                                                    \
    X(choice_licence)                                                                                                  \
    X(choice_expression)                                                                                               \
    X(choice_says)                                                                                                     \
    X(choice_ref)                                                                                                      \
    X(aggregate)                                                                                                       \
    X(analysis)                                                                                                        \
    X(identity)                                                                                                        \
    X(depends_on)                                                                                                      \
    X(provides)                                                                                                        \
    X(annotator)                                                                                                       \
    X(tools)                                                                                                           \
    X(subject)                                                                                                         \
    X(bom_format)                                                                                                      \
    X(spec_version)                                                                                                    \
    X(dependencies)                                                                                                    \
    X(vulnerabilities)

#define CDX_DECLARE(name)                                                                                              \
    bool cdx_read_##name(struct cdx_reading *r, void *obj);                                                            \
    bool cdx_present_##name(const void *obj);                                                                          \
    void cdx_write_##name(struct cdx_writing *w, const void *obj);
CDX_CUSTOM_MAP(CDX_DECLARE)
#undef CDX_DECLARE
