/* Licence expressions of SPDX (2.3 annex D, 3.0.1 annex B) and what a policy makes of them.
 *
 *   expression  = term *( OR term )           weakest
 *   term        = factor *( AND factor )
 *   factor      = simple [ WITH addition ] | "(" expression ")"
 *   simple      = licence-id [ "+" ] | [ "DocumentRef-" idstring ":" ] "LicenseRef-" idstring
 *   addition    = exception-id | [ "DocumentRef-" idstring ":" ] "AdditionRef-" idstring
 *
 * Real documents hold much else ("GPLv3+", "MIT and BSD", "NOASSERTION", prose). What has the form of an expression is
 * read and the doubts are noted; what has not gives NULL and the place. Identifiers are compared without case (the
 * specification asks for it); known ones come out in their own spelling. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

enum hn_licence_op { HN_LICENCE_LEAF, HN_LICENCE_AND, HN_LICENCE_OR };

enum {
    HN_LICENCE_KNOWN = 1,             /* leaf: on the SPDX list */
    HN_LICENCE_REF = 2,               /* leaf: LicenseRef-…, its text is in the document */
    HN_LICENCE_DEPRECATED = 4,        /* leaf: the list says so; the normal form has the successor */
    HN_LICENCE_OR_LATER = 8,          /* leaf: "+" or "-or-later" */
    HN_LICENCE_EXCEPTION_UNKNOWN = 16 /* leaf: what follows WITH is neither listed nor an AdditionRef */
};

struct hn_licence {
    enum hn_licence_op op;
    unsigned flags;                  /* LEAF */
    struct hn_str id;                /* LEAF: canonical spelling if known, without "+" */
    struct hn_str addition;          /* LEAF: after WITH, or empty */
    const struct hn_licence **items; /* AND, OR: two or more, none of the same kind as this */
    size_t n;
};

/* What was found on the way; all counts, first place of each kind of trouble in bytes from the start. */
struct hn_licence_notes {
    const char *why; /* set when the text is no expression: a short English phrase */
    size_t at;
    unsigned unknown; /* identifiers on no list */
    unsigned deprecated;
    unsigned odd_operators; /* "and", "or", "with" in mixed case, or "/" for OR */
    bool none, noassertion; /* the text is the word NONE or NOASSERTION: gives NULL, why is NULL */
};

#define HN_LICENCE_DEPTH  64   /* nested parentheses */
#define HN_LICENCE_LEAVES 4096 /* in one expression */

/* NULL when text is no expression (notes->why), is NONE or NOASSERTION, or memory is out. notes may not be NULL. The
 * tree borrows from text and lives in the arena. */
const struct hn_licence *hn_licence_parse(struct hn_arena *a, struct hn_str text, struct hn_licence_notes *notes);

/* The canonical spelling of a licence or exception identifier (case ignored), or NULL. */
const char *hn_licence_known(struct hn_str id);
const char *hn_licence_exception_known(struct hn_str id);
/* NULL: not deprecated; "" deprecated without successor; else the expression that says the same. */
const char *hn_licence_successor(struct hn_str id);

/* Normal form: canonical spellings, successors of deprecated identifiers, operands sorted and without repetition, as
 * few parentheses as the precedence allows. Two expressions that mean the same by those rules give the same text. */
void hn_licence_write(struct hn_buf *b, struct hn_arena *a, const struct hn_licence *l);

/* A policy judges single licences; OR takes the best of its operands, AND the worst. */
enum hn_licence_verdict { HN_LICENCE_ALLOW, HN_LICENCE_REVIEW, HN_LICENCE_DENY };
/* *ret_why: the leaf that decided. */
enum hn_licence_verdict hn_licence_judge(const struct hn_licence *l,
                                         enum hn_licence_verdict (*leaf)(void *arg, const struct hn_licence *leaf),
                                         void *arg, const struct hn_licence **ret_why);
/* Does a licence named in a list cover this leaf? name: an identifier, "ID WITH exception", or a pattern with "*"
 * ("GPL-*"), compared without case. A leaf "or later" is covered by a later version of the same licence too: whoever
 * may choose GPL-2.0-or-later may choose GPL-3.0-only. A name without WITH does not cover a leaf with one, unless it is
 * a pattern or the addition is asked to be ignored: an exception only gives more rights, so allow lists ignore it. */
bool hn_licence_covers(struct hn_str name, const struct hn_licence *leaf, bool ignore_addition);
