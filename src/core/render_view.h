/* What the texts of a finding are made of, whether it was just judged or comes from stored JSON. Private to rendering.
 */
#pragma once

#include "core/render.h"

struct render_view {
    const char *kind; /* "packages.update-pending" */
    const struct hn_param *params;
    const struct hn_term *terms;    /* largest first */
    const struct hn_str *obs_kinds; /* of the observation behind each term, in the same order; empty: none */
    const struct hn_str *evidence;  /* kinds of observations that the finding itself is made of */
    size_t n_evidence;
};

struct render_view render_view_of(struct hn_arena *a, const struct hn_finding *f);
struct render_view render_view_from_json(struct hn_arena *a, const struct hn_jv *finding);
struct hn_term *render_terms_from_json(struct hn_arena *a, const struct hn_jv *list);
struct hn_param *render_params_from_json(struct hn_arena *a, const struct hn_jv *obj);
/* One term as a sentence of its own; not seen: what was not seen. */
struct hn_str render_term(struct hn_arena *a, enum hn_lang lang, const struct hn_term *t);
struct hn_str render_sentence(struct hn_arena *a, enum hn_lang lang, const struct render_view *v);
struct hn_finding_texts render_texts(struct hn_arena *a, enum hn_lang lang, const struct render_view *v);
/* "prefix.name" and, when there is no such text, otherwise; NULL keeps the key itself. */
struct hn_str render_word(struct hn_arena *a, enum hn_lang lang, const char *prefix, struct hn_str name);
