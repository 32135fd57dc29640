/* The words that JVN iPedia has for versions (VULDEF, VersionNumber): free text, in practice of few forms.
 *
 *   1.5                              this version
 *   1.5 より前, 1.5 未満              before 1.5                    prior to 1.5, before 1.5
 *   1.5 およびそれ以前, 1.5 以下       up to 1.5                     1.5 and earlier
 *   1.2 以降, 1.2 以上                from 1.2 on                   1.2 and later
 *   1.2 から 1.5, 1.2 から 1.5 未満    from 1.2 up to, or before 1.5  1.2 through 1.5, 1.2 to 1.5
 *   すべてのバージョン                 all                           all versions
 *
 * Anything else is not understood, and says neither yes nor no. Pure; linear. */
#pragma once

#include "base/str.h"

struct hn_jvn_range {
    bool exact;             /* from alone */
    struct hn_str from, to; /* empty: no bound there; slices of the text */
    bool from_too, to_too;  /* the bound itself is inside */
};
/* False: not understood. */
bool hn_jvn_range_parse(struct hn_str words, struct hn_jvn_range *ret);

enum hn_jvn_answer { HN_JVN_OUT, HN_JVN_IN, HN_JVN_UNKNOWN };
/* By the generic order of versions. */
enum hn_jvn_answer hn_jvn_holds(const struct hn_jvn_range *r, struct hn_str version);
