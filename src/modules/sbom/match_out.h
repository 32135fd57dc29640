/* How matches are said: as JSON, and as sentences. */
#pragma once

#include "core/text.h"
#include "core/work.h"
#include "format/sbom/vex.h"
#include "modules/sbom/match.h"

/* One element of matches[] or suppressed[]. file: the document. vex may be NULL. */
void sbom_match_json(struct hn_jw *w, struct hn_arena *a, const struct sbom_match *m, struct hn_str file,
                     const struct hn_vex_verdict *vex);
/* Members that say why: advisory family, package, version, mapping, order, range. */
void sbom_match_why(struct hn_jw *w, const struct sbom_match *m);
/* One element of unknown[]. */
void sbom_unknown_json(struct hn_jw *w, struct hn_arena *a, const struct sbom_part *p, struct hn_str file);
/* Why it is reported: advisory, range, order, name that was looked up. */
struct hn_str sbom_match_sentence(struct hn_arena *a, enum hn_lang lang, const struct sbom_match *m);
struct hn_str sbom_unknown_sentence(struct hn_arena *a, enum hn_lang lang, const struct sbom_part *p);
