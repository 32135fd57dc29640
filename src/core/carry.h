/* What a better run saw is not unseen because a later one could not look: a run as an ordinary user, or without a
 * module, keeps the raising terms of the run before it, with the day on which they were seen. */
#pragma once

#include "core/policy.h"

/* finding: the new one as JSON; old_terms: "terms" of the stored one. blind: could the new run not see what this module
 * ("processes") saw before? Writes the complete new finding, scored anew. False: nothing is carried over, nothing
 * written. */
bool hn_carry_json(struct hn_jw *w, struct hn_arena *a, const struct hn_jv *finding, const struct hn_jv *old_terms,
                   bool (*blind)(void *arg, struct hn_str module), void *arg, const struct hn_policy *policy);
