/* Adding up: what the counting (top.c) and the showing (top_show.c) share. */
#pragma once

#include "modules/flow/query_in.h"

#define FIELDS_MAX 6u
#define KEY_MAX    64u

struct field {
    const char *name;
    enum hn_segment_column column;
    enum flow_place place;
    enum { SIDE_SRC, SIDE_DST, SIDE_EITHER } side; /* of a place */
};

struct sums {
    uint64_t flows, packets, bytes;
};

struct slot {
    uint64_t key;
    struct sums s; /* flows 0: free */
};

struct wide_slot {
    uint8_t key[KEY_MAX];
    uint8_t n;
    struct sums s;
};

struct tables {
    struct sums *direct; /* of keys up to two octets: 65536 */
    struct slot *narrow;
    size_t narrow_cap, narrow_n;
    struct wide_slot *wide;
    size_t wide_cap, wide_n;
    uint64_t *packets, *bytes; /* of the records of a block: HN_SEGMENT_FLOWS each */
    struct sums all;
    uint32_t *places[FIELDS_MAX + 1]; /* of the records of a block, by field; the last is room */
};

struct top {
    struct query q;
    const struct field *by[FIELDS_MAX];
    uint8_t bits[FIELDS_MAX][2]; /* an address of IPv4, of IPv6 is cut to so many; 0: whole */
    size_t n_by;
    enum { BY_FLOWS, BY_PACKETS, BY_BYTES } order;
    bool scaled; /* times what one packet stands for */
    uint64_t seed;
    struct flow_places *places; /* NULL: no field needs them */
    bool either, addresses;     /* among the fields: a place of either side; an address */
    struct tables t[QUERY_THREADS];
};

struct row {
    uint8_t key[KEY_MAX];
    size_t n;
    struct sums s;
};

struct heap { /* the least of the kept ones on top */
    const struct top *t;
    struct row *rows;
    size_t n, most;
};

/* Octets of a stored column; 0: addresses, which have 4 or 16. */
static inline unsigned top_column_width(enum hn_segment_column c)
{
    static const unsigned widths[] = {
#define XX(name, width) width,
        HN_SEGMENT_MAP(XX)
#undef XX
    };
    return widths[c];
}

/* Octets of field f in a key; 0: an address, which has 4 or 16. */
static inline unsigned top_width(const struct top *t, size_t f)
{
    return t->by[f]->place ? (unsigned)sizeof(uint32_t) : top_column_width(t->by[f]->column);
}

/* Bits that field f is cut to where its values have `width` octets; 0: whole. */
static inline unsigned top_bits(const struct top *t, size_t f, unsigned width)
{
    return t->bits[f][width == 16];
}

/* The rows that were chosen, as the user asked for them. */
void flow_top_show(struct top *t, const struct heap *h);
