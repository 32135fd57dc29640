/* Inside of the VEX writers. */
#pragma once

#include "base/json.h"
#include "format/sbom/vex.h"

void vex_lost(struct hn_arena *a, struct hn_bom_notes *loss, const struct hn_vex_statement *s, const char *what);
/* What stands for "why not affected" beside a justification that the dialect knows; HN_VEX_NO_REASON for none. */
struct hn_str vex_impact(const struct hn_vex_statement *s);
/* The newest of the statements that count. */
hn_time vex_newest(const struct hn_vex_merged *m, hn_time otherwise);
/* vex_document.c: as a document of the model, by its family's writer. */
struct hn_err vex_document(const struct hn_vex_merged *m, enum hn_vex_dialect to, const struct hn_vex_meta *meta,
                           struct hn_arena *a, struct hn_buf *out, struct hn_bom_notes *loss);
