/* Paragraphs of "Field: value" lines (deb822(5), Debian policy 5.1), read from a stream in pieces of any size: dpkg's
 * status file, apt's package lists and Release files.
 *
 * A paragraph ends at an empty line. Paragraphs that lie wholly in one piece are handed out in place; only those that
 * straddle two pieces are copied, into one buffer of a fixed size. */
#pragma once

#include "base/arena.h"

struct hn_deb822 {
    uint8_t *carry; /* the paragraph begun in an earlier piece */
    size_t n, cap;
    uint64_t offset;    /* of the next byte of the stream */
    uint64_t begin;     /* of carry[0], or of the paragraph being skipped */
    bool after_newline; /* the last byte fed ended a line */
    bool skipping;      /* a paragraph longer than cap: nothing until the next empty line */
    /* Called for every paragraph, which lives until the call returns; offset is where it begins in the stream. */
    void (*each)(void *arg, struct hn_bytes paragraph, uint64_t offset);
    /* Called for what cannot be handed out. */
    void (*bad)(void *arg, uint64_t offset, const char *why);
    void *arg;
};

/* Longest paragraph: cap bytes of the arena. False when there is no memory. */
bool hn_deb822_init(struct hn_deb822 *d, struct hn_arena *a, size_t cap,
                    void (*each)(void *, struct hn_bytes, uint64_t), void (*bad)(void *, uint64_t, const char *),
                    void *arg);
void hn_deb822_restart(struct hn_deb822 *d, void *arg); /* for another stream, same buffer and functions */
void hn_deb822_feed(struct hn_deb822 *d, struct hn_bytes b);
void hn_deb822_end(struct hn_deb822 *d); /* the last paragraph need not end in an empty line */

/* Takes the next field of a paragraph. The value has its continuation lines (each with its first blank) and no blanks
 * at the ends. False at the end. A line that is no field is skipped and sets *bad (which is never cleared here). */
bool hn_deb822_field(struct hn_bytes *rest, struct hn_bytes *name, struct hn_bytes *value, const char **bad);
/* Name comparison: ASCII letters of either case are equal (policy 5.1). */
bool hn_deb822_is(struct hn_bytes name, const char *want);
/* "Source: foo (1.2-3)": name and, in parentheses, a version (empty when there is none). */
void hn_deb822_source(struct hn_bytes value, struct hn_bytes *name, struct hn_bytes *version);
