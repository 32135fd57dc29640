/* Inside of the sbom module: its verbs, one file or more each. */
#pragma once

#include "core/work.h"

/* Property of a document's metadata: what was not seen when it was made, one each. */
#define SBOM_NOT_SEEN "hinomi:not-seen"
/* Of a component: "true" where name or version are concluded from the name of a file. */
#define SBOM_GUESSED "hinomi:package:guessed"

/* generate.c */
extern const struct hn_verb_option sbom_generate_options[];
int sbom_generate(struct hn_work *w);
/* The time that what is written bears: SOURCE_DATE_EPOCH (reproducible-builds.org) before the clock, which knows
 * HINOMI_NOW already. */
hn_time sbom_made(hn_time clock);
/* host.c */
void sbom_host_judge(struct hn_judge *j);
/* match.c */
extern const struct hn_verb_option sbom_match_options[];
int sbom_match(struct hn_work *w);
/* convert.c */
extern const struct hn_verb_option sbom_convert_options[];
int sbom_convert(struct hn_work *w);
/* diff.c */
extern const struct hn_verb_option sbom_diff_options[];
int sbom_diff(struct hn_work *w);
/* check.c, show.c, why.c */
extern const struct hn_verb_option sbom_check_options[], sbom_show_options[], sbom_why_options[];
int sbom_check(struct hn_work *w);
int sbom_show(struct hn_work *w);
int sbom_why(struct hn_work *w);
/* quality.c */
extern const struct hn_verb_option sbom_quality_options[];
int sbom_quality(struct hn_work *w);
/* parts.c: one document as the plain list that the portfolio keeps. */
extern const struct hn_verb_option sbom_parts_options[];
int sbom_parts_list(struct hn_work *w);
/* vex.c: statements on vulnerabilities, four dialects in and out. */
extern const struct hn_verb_option sbom_vex_list_options[], sbom_vex_merge_options[], sbom_vex_convert_options[];
int sbom_vex_list(struct hn_work *w);
int sbom_vex_write(struct hn_work *w);
struct hn_vex;
/* Every statement of a mapped input. ret_bad (may be NULL): records that could not be read, which is told. False: out
 * of memory. */
bool sbom_vex_read(struct hn_work *w, struct hn_vex *v, struct hn_input *in, int trust, size_t *ret_bad);
/* judge.c: the components of the portfolio against the advisory index. */
extern const struct hn_verb_option sbom_judge_options[];
int sbom_judge(struct hn_work *w);
