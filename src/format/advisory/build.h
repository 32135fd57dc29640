/* Building the index in bounded memory: records are coded and written as they come, their keys are sorted in runs that
 * spill to a second descriptor when they fill, and are merged at the end.
 *
 *   lane (one for each thread)  add ─▶ group ─────▶ out
 *                                └──▶ keys ─▶ run ─▶ spill ─┐
 *   end                          merge of all runs ◀────────┘ ─▶ tables, feeds, sums, header ─▶ out
 *
 * Of records with the same family, id and part the one modified last stays; the others are marked. `out` holds no index
 * until hn_adv_build_end() has written the header, so whatever ends the process in between leaves nothing that opens.
 */
#pragma once

#include "format/advisory/advisory.h"

struct hn_adv_build;
struct hn_adv_lane;

/* out, spill: empty files open for reading and writing; stay the caller's. keys: keys held in memory by each lane (24
 * bytes each); 0: two million. */
HN_MUST struct hn_err hn_adv_build_new(int out, int spill, size_t keys, struct hn_adv_build **ret);
void hn_adv_build_free(struct hn_adv_build *b); /* NULL is fine; lanes are freed first */

/* A feed, before its records. Its texts are copied. LIMIT over 4096 feeds. */
HN_MUST struct hn_err hn_adv_build_feed(struct hn_adv_build *b, const struct hn_adv_feed *feed, uint16_t *ret);
/* What is known only after reading: rejected, hash, date. `records` is counted here. */
void hn_adv_build_feed_set(struct hn_adv_build *b, uint16_t feed, const struct hn_adv_feed *now);
const struct hn_adv_feed *hn_adv_build_feed_get(const struct hn_adv_build *b, uint16_t feed);

struct hn_adv_lane *hn_adv_lane_new(struct hn_adv_build *b); /* NULL: out of memory */
/* Writes what is pending and frees the lane. */
HN_MUST struct hn_err hn_adv_lane_end(struct hn_adv_lane *l);
/* False: this record was not taken (too large); an error of the environment is kept and given by end. */
bool hn_adv_lane_add(struct hn_adv_lane *l, uint16_t feed, const struct hn_adv *adv, const struct hn_adv_text *text);
/* The records of one feed of another index, superseded ones too, as records of `feed`. What does not decode is left out
 * and counted as rejected. */
HN_MUST struct hn_err hn_adv_lane_carry(struct hn_adv_lane *l, const struct hn_adv_index *old, uint16_t old_feed,
                                        uint16_t feed);

/* Sorts, writes the tables and the header, and makes `out` an index. All lanes have ended. */
HN_MUST struct hn_err hn_adv_build_end(struct hn_adv_build *b, hn_time now, struct hn_diag *reterr);
