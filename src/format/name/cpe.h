/* CPE 2.3 names (NISTIR 7695) and how two compare (NISTIR 7696).
 *
 *   cpe:2.3:a:vendor:product:version:update:edition:language:sw_edition:target_sw:target_hw:other   formatted string
 *   cpe:/a:vendor:product:version:update:~edition~sw_edition~target_sw~target_hw~other:language     URI, CPE 2.2
 *
 * An attribute is ANY ("*"), NA ("-"), or a value. Values are kept as a formatted string writes them: lower case, every
 * character that is not a letter, digit, "_", "." or "-" behind a backslash; a bare "*" or "?" at the beginning or the
 * end is a wildcard. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

enum hn_cpe_attribute {
    HN_CPE_PART,
    HN_CPE_VENDOR,
    HN_CPE_PRODUCT,
    HN_CPE_VERSION,
    HN_CPE_UPDATE,
    HN_CPE_EDITION,
    HN_CPE_LANGUAGE,
    HN_CPE_SW_EDITION,
    HN_CPE_TARGET_SW,
    HN_CPE_TARGET_HW,
    HN_CPE_OTHER,
    HN_CPE_ATTRIBUTES
};

struct hn_cpe {
    struct hn_str attribute[HN_CPE_ATTRIBUTES]; /* "*" ANY, "-" NA */
};

/* Either binding. False, with a literal in *ret_why (may be NULL), when it is none. Missing trailing attributes are
 * ANY. */
bool hn_cpe_parse(struct hn_arena *a, struct hn_str text, struct hn_cpe *ret, const char **ret_why);
void hn_cpe_write(const struct hn_cpe *c, struct hn_buf *out);
void hn_cpe_write_uri(const struct hn_cpe *c, struct hn_buf *out);

bool hn_cpe_any(struct hn_str attribute);
bool hn_cpe_na(struct hn_str attribute);
/* Without backslashes; empty for ANY and NA. In the arena when there is one to remove. */
struct hn_str hn_cpe_plain(struct hn_arena *a, struct hn_str attribute);

/* NISTIR 7696, table 6-2. UNDEFINED: the target has wildcards. */
enum hn_cpe_relation { HN_CPE_EQUAL, HN_CPE_SUPERSET, HN_CPE_SUBSET, HN_CPE_DISJOINT, HN_CPE_UNDEFINED };
enum hn_cpe_relation hn_cpe_compare_attribute(struct hn_str source, struct hn_str target);
/* Of whole names (6.3); UNDEFINED also when some attributes are wider and others narrower. */
enum hn_cpe_relation hn_cpe_compare(const struct hn_cpe *source, const struct hn_cpe *target);
