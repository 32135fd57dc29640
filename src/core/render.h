/* A finding as JSON (in the run document and in the store), and its texts made from that JSON in either language, so
 * that what was stored by one version or sent by another machine is shown by this one.
 *
 *   {"id","kind","module","class","severity","confidence","subject","location","cause","since",
 *    "params":{…}, "about":[{"ref","value"}],
 *    "score","prior","p","loss","share","policy","criticality",
 *    "terms":[{"name","weight","on":"p"|"loss","seen","params":{…},"obs":{"kind","subject","at"}|null}],
 *    "inputs":{"kev":"unknown","exposed":"yes",…},
 *    "due_days":3|null,"due_rule":"bod-26-04:14","due_inputs":[{"name","value","taken"}],
 *    "graph":{"nodes":[{"type","label","obs"}],"edges":[{"from","to","how"}]},
 *    "evidence":[{"role","obs":{…}}],
 *    "fix":{"kind","target","value"}|null}
 *
 * Terms come largest first, those not seen last. A node of type "more" stands for as many folded nodes as its label
 * says. All functions that take JSON accept anything (it may come from outside): what is missing is left out of the
 * text. */
#pragma once

#include "core/policy.h"
#include "core/text.h"

const char *hn_fix_kind_name(enum hn_fix_kind k); /* "upgrade", "sysctl", … */
bool hn_fix_kind_parse(struct hn_str s, enum hn_fix_kind *ret);
const char *hn_ref_name(enum hn_ref r); /* "package", "path", "process", "listener", "unit", "user" */

/* One complete JSON object. With texts: also "title", "sentence", "why", "remedy", each {"en","ja"}. */
void hn_finding_json(struct hn_jw *w, struct hn_arena *a, const struct hn_finding *f, const struct hn_policy *policy,
                     bool texts);

/* The same without the braces, for a document that adds members of its own. */
void hn_finding_json_members(struct hn_jw *w, struct hn_arena *a, const struct hn_finding *f,
                             const struct hn_policy *policy, bool texts);

struct hn_finding_texts {
    struct hn_str title, sentence, why, remedy;
};
struct hn_finding_texts hn_finding_texts(struct hn_arena *a, enum hn_lang lang, const struct hn_finding *f);
struct hn_finding_texts hn_finding_texts_from_json(struct hn_arena *a, enum hn_lang lang, const struct hn_jv *finding);
struct hn_str hn_sentence_from_json(struct hn_arena *a, enum hn_lang lang, const struct hn_jv *finding);

/* Pieces, for a person: one bar of the waterfall, one input of the due table, one edge. The argument is the element of
 * the array in the JSON above. */
struct hn_str hn_term_text_from_json(struct hn_arena *a, enum hn_lang lang, const struct hn_jv *term);
struct hn_str hn_due_input_text_from_json(struct hn_arena *a, enum hn_lang lang, const struct hn_jv *input);
struct hn_str hn_edge_text_from_json(struct hn_arena *a, enum hn_lang lang, const struct hn_jv *edge);
struct hn_str hn_node_label_from_json(struct hn_arena *a, enum hn_lang lang, const struct hn_jv *node);
/* "bod-26-04:14" in words: the table, the row and what it asks for. */
struct hn_str hn_due_rule_text(struct hn_arena *a, enum hn_lang lang, struct hn_str due_rule);

/* `hinomi findings explain`: sentence, waterfall, inputs of the due date, graph, what was not seen. Plain text,
 * `columns` wide (0: 80). */
void hn_finding_explain(struct hn_buf *out, struct hn_arena *a, enum hn_lang lang, const struct hn_jv *finding,
                        unsigned columns);

/* The same finding under another policy: score, prior, p, loss, share, terms' weights and due date computed anew from
 * what is stored. Writes the complete object; false (nothing written) when the JSON is not a finding. */
bool hn_rerank_json(struct hn_jw *w, struct hn_arena *a, const struct hn_jv *finding, const struct hn_policy *policy);
