/* Packages of a diagnosed host as components, so that the reach of an advisory includes hosts. */
#pragma once

#include "core/ops_in.h"

/* From the observations of a run that was taken: packages.package and host.os. Nothing when the run did not see all
 * packages. */
HN_MUST struct hn_err ops_host_components(struct hn_op_ctx *c, const struct hn_store_run *run);
