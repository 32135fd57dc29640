/* Text: validation, comparison, cutting. */
#pragma once

#include "base/bytes.h"

struct hn_arena;

/* True and *ret set when b is valid UTF-8 (Unicode 15, table 3-7: no surrogates, no overlong forms) without NUL. */
bool hn_str_from_utf8(struct hn_bytes b, struct hn_str *ret);

/* Number of leading bytes of b that are valid UTF-8. */
size_t hn_utf8_valid_len(struct hn_bytes b);

/* Text from outside, made printable as data: valid UTF-8 is kept, every other byte (and NUL) becomes the four
 * characters \xHH. At most max bytes of result; a longer text ends in U+2026. The result lives in the arena, or is b
 * itself when nothing had to change. Out of memory gives the empty string. Escaping for a terminal or for HTML is
 * done where it is shown, not here. */
struct hn_str hn_str_from_hostile(struct hn_arena *a, struct hn_bytes b, size_t max);

bool hn_str_eq(struct hn_str a, struct hn_str b);
/* Mostly asked of one name after another until one fits: the first byte tells most of them apart, without a call. */
static inline bool hn_str_eqc(struct hn_str a, const char *b)
{
    return (!a.n || !b || a.p[0] == b[0]) && hn_str_eq(a, hn_str_c(b));
}
int hn_str_cmp(struct hn_str a, struct hn_str b); /* bytewise, then by length */
bool hn_str_starts(struct hn_str s, const char *prefix);
bool hn_str_ends(struct hn_str s, const char *suffix);
/* Offset of needle in s, or -1. */
ptrdiff_t hn_str_find(struct hn_str s, struct hn_str needle);
ptrdiff_t hn_str_chr(struct hn_str s, char c);
/* Without ASCII white space at both ends. */
struct hn_str hn_str_trim(struct hn_str s);
struct hn_str hn_str_cut(struct hn_str s, size_t from, size_t to);
/* What follows the last "/"; all of it when there is none. */
struct hn_str hn_str_base(struct hn_str path);
/* Takes the part up to the first sep from *rest (all of it when there is none). False when *rest was used up (its p is
 * then NULL), so that "a," gives "a" and "". */
bool hn_str_split(struct hn_str *rest, char sep, struct hn_str *ret);
/* Takes the next word (between ASCII blanks and tabs). False when none is left. */
bool hn_str_word(struct hn_str *rest, struct hn_str *ret);
/* Is s one of the words? */
bool hn_str_is_word_of(struct hn_str s, struct hn_str words);
/* Letters, digits, ".", "-" and "_" only, and at least one: safe in a file name or a host name. */
bool hn_str_plain(struct hn_str s);
/* Whole of s as a decimal (or, with base 8 or 16, such) number; false on anything else or overflow. */
bool hn_str_u64(struct hn_str s, unsigned base, uint64_t *ret);
bool hn_str_i64(struct hn_str s, int64_t *ret);
/* The same for bytes, where most parsers live. */
bool hn_bytes_eqc(struct hn_bytes a, const char *b);
bool hn_bytes_line(struct hn_bytes *rest, struct hn_bytes *ret); /* without \n and a \r before it */
/* Edit distance (Levenshtein), capped at `cap`; for "did you mean". */
unsigned hn_str_distance(struct hn_str a, struct hn_str b, unsigned cap);
/* The name nearest to s, or NULL when none is close enough. */
const char *hn_str_nearest(struct hn_str s, const char *const *names, size_t n);
/* Shell-style match of whole text: * ? [set] \x; '*' does not cross '/' when path is set. Bounded work. */
bool hn_glob_match(struct hn_str pattern, struct hn_str text, bool path);
