/* CBOR (RFC 8949), pulled item by item from bytes in memory.
 *
 *   byte  major type << 5 | additional information
 *         0…23 the argument itself; 24, 25, 26, 27: 1, 2, 4, 8 bytes follow; 31: indefinite length, until 0xFF
 *
 * Containers hand out their members; hn_cbor_skip() passes over the one whose head was just read. Depth and work are
 * bounded; the first fault sticks and everything after it is HN_CBOR_END. */
#pragma once

#include "base/cur.h"

enum hn_cbor_kind {
    HN_CBOR_END, /* of the input, of the container, or a fault (c->cur.bad) */
    HN_CBOR_UINT,
    HN_CBOR_NEGATIVE, /* -1 - number */
    HN_CBOR_BYTES,
    HN_CBOR_TEXT, /* not checked for UTF-8 */
    HN_CBOR_ARRAY,
    HN_CBOR_MAP,
    HN_CBOR_TAG,   /* number is the tag; its item follows */
    HN_CBOR_SIMPLE /* number: 20 false, 21 true, 22 null; floating point is handed out as its bits */
};

#define HN_CBOR_DEPTH 32

struct hn_cbor {
    struct hn_cur cur;
    unsigned depth;
};

struct hn_cbor_item {
    enum hn_cbor_kind kind;
    uint64_t number;       /* value, tag, or members: of a MAP pairs; UINT64_MAX: indefinite */
    struct hn_bytes bytes; /* BYTES, TEXT */
};

void hn_cbor_init(struct hn_cbor *c, struct hn_bytes b);
/* The next head; strings whole (those of indefinite length are not joined: a fault). */
struct hn_cbor_item hn_cbor_next(struct hn_cbor *c);
/* The next member of a container that was begun with `of`: counts it down. END when there is none left. */
struct hn_cbor_item hn_cbor_member(struct hn_cbor *c, struct hn_cbor_item *of);
/* Passes over what is left of the item whose head was just read. */
void hn_cbor_skip(struct hn_cbor *c, struct hn_cbor_item item);
/* An item behind any tags. */
struct hn_cbor_item hn_cbor_untag(struct hn_cbor *c, struct hn_cbor_item item);
