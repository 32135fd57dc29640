/* The nodes of a filter: filter.c makes them, filter_run.c runs them; filter_word.c reads the words. */
#pragma once

#include "base/str.h"
#include "format/flow/filter.h"

enum op { OP_ANY, OP_AND, OP_OR, OP_NOT, OP_ADDRESS, OP_FAMILY, OP_NUMBER, OP_BITS, OP_SET, OP_PRINT, OP_EXPORTER };
enum compare { EQ, NE, LT, GT, LE, GE, BETWEEN };
/* What a number is of, beyond plain columns. */
enum of {
    OF_COLUMN,
    OF_EITHER_PORT,
    OF_EITHER_AS,
    OF_EITHER_IF,
    OF_PACKETS,
    OF_BYTES,
    OF_BPS,
    OF_PPS,
    OF_BPP,
    OF_ICMP_TYPE,
    OF_ICMP_CODE
};

struct filter_net {
    struct hn_ip ip;
    unsigned bits;
};

struct hn_flow_filter {
    enum op op;
    struct hn_flow_filter *left, *right;
    const struct filter_net *nets; /* addresses: any of these … */
    size_t n_nets;
    bool src, dst; /* … on which side */
    enum of of;
    enum hn_segment_column column;
    enum hn_tls_print print;
    struct hn_flow_tls tls; /* holds the fingerprint that is asked for */
    enum compare compare;
    uint64_t value, to, mask; /* bits: those under the mask are the value (EQ) or are not (NE) */
    const uint64_t *set;
    size_t n_set; /* exporters: words of 64 numbers, a bit each */
    uint32_t columns;
    unsigned rooms; /* blocks of scratch that running it takes */
};

/* ---- words ---- */

/* What a test without its words repeats: "port 80 or 443". */
enum filter_kind { KIND_NONE, KIND_ADDRESS, KIND_NET, KIND_PORT, KIND_AS };
enum filter_side { SIDE_EITHER, SIDE_SRC, SIDE_DST, SIDE_BOTH };
/* How a number may be written, beside digits. */
enum filter_unit { UNIT_COUNT, UNIT_TIME, UNIT_PORT, UNIT_PROTOCOL };

struct filter_parser {
    struct hn_arena *a;
    struct hn_str text;
    size_t at, token_at;
    struct hn_str token;
    const char *why;
    size_t why_at;
    unsigned depth;
    enum filter_kind kind; /* of the last test */
    enum filter_side side;
};

void filter_advance(struct filter_parser *p);
bool filter_is(const struct filter_parser *p, const char *word);
bool filter_is_among(const struct filter_parser *p, const char *const *words, size_t n);
bool filter_take(struct filter_parser *p, const char *word);
/* NULL, and why: the first reason stays. */
struct hn_flow_filter *filter_fail(struct filter_parser *p, const char *why);

/* 12, 12k, 0x1f, 5m as a time, http as a port, tcp as a protocol. */
bool filter_number(struct hn_str s, enum filter_unit unit, uint64_t *ret);
/* 10.0.0.1, 10.0.0.0/8; of a net also 10/8, 192.168 (as tcpdump and nfdump shorten them). */
bool filter_address(struct hn_str s, bool is_net, struct filter_net *ret);
/* 255.255.0.0 → 16 */
bool filter_mask(struct hn_str s, unsigned *ret_bits);
/* The next of "[A B, C]" or of "A,B": false at the end. rest begins empty; a missing bracket fails. */
bool filter_element(struct filter_parser *p, bool bracket, struct hn_str *rest, struct hn_str *ret);
