/* Questions over stored flows: which blocks, by how many threads, what is asked of each. */
#pragma once

#include "format/flow/filter.h"
#include "format/place.h"
#include "modules/flow/flow_in.h"

#define QUERY_THREADS 2u

struct query_file {
    struct hn_input input;
    struct hn_buf made; /* blocks of an input that is no segment: records written into memory */
};

/* A thread's room to unpack a block. */
struct query_worker {
    struct query *q;
    unsigned index;
    void *columns[HN_SEGMENT_COLUMNS];
    uint8_t *prints[HN_TLS_PRINTS]; /* values of the block, where their column is needed */
    uint8_t *keep, *room, *unpack;
    uint64_t kept, damaged;
    void *state; /* of the question */
    bool failed;
};

struct query {
    struct hn_work *w;
    struct hn_flow_filter *filter;
    struct hn_export *exports; /* of all inputs that are no segments; knows the numbers of the store */
    uint32_t needs;            /* columns, the filter's included */
    int64_t since_ms, until_ms;
    struct query_file *files;
    size_t n_files;
    struct hn_segment_block *blocks;
    size_t n_blocks, cap_blocks;
    struct hn_segment_writer *making; /* blocks of the input that is being read */
    struct hn_flow_joins *joins;
    size_t n_read; /* files that gave something, or had nothing to give */
    uint64_t flows, damaged_files;
    _Atomic size_t next;
    struct query_worker workers[QUERY_THREADS];
    /* Called in the thread with an unpacked block; keep[i] says which records are meant. */
    void (*each)(struct query_worker *k, const struct hn_segment_block *b);
};

/* ---- where addresses are: --geo ---- */

struct flow_places;
enum flow_place { FLOW_STORED, FLOW_COUNTRY, FLOW_NETWORK };
/* An exit code, or -1 to go on. */
int flow_places_open(struct hn_work *w, struct flow_places **ret);
void flow_places_close(struct hn_work *w, struct flow_places *p);
/* Of the records of a block that are kept, on that side: two letters, the rest of the octets 0; or the number of the
 * autonomous system, as told by the exporter, else by --geo. 0: not known. Needs the columns of the address, and of the
 * autonomous system. */
void flow_places_fill(struct flow_places *p, const struct query_worker *k, const struct hn_segment_block *b,
                      enum flow_place what, bool dst, uint32_t *values);

/* ---- running ---- */

/* For programs, in place of an answer: {"error": {why, at}}, at in octets of the filter; -1: not of the filter. */
void flow_query_say_why(struct hn_work *w, const char *why, int64_t at);
/* Reads options and words: the filter, --since, --until, --from. An exit code, or -1 to go on. */
int flow_query_open(struct query *q, struct hn_work *w, uint32_t needs);
/* Runs `each` over all blocks. threads: 1 keeps their order. False: out of memory. */
bool flow_query_run(struct query *q, unsigned threads);
void flow_query_close(struct query *q);

const char *flow_state_name(uint64_t state); /* "-": unknown */
/* "...AP.SF", as nfdump shows flags. */
const char *flow_flags_text(uint64_t flags, char out[9]);

static inline uint64_t query_get(const struct query_worker *k, const struct hn_segment_block *b,
                                 enum hn_segment_column c, uint32_t i)
{
    uint64_t v = 0;
    unsigned w = b->width[c];
    memcpy(&v, (const uint8_t *)k->columns[c] + (size_t)i * w, w < 8 ? w : 8);
    return v;
}

/* A flow's fingerprint of a kind; NULL: none. */
static inline const uint8_t *query_print(const struct query_worker *k, const struct hn_segment_block *b,
                                         enum hn_tls_print p, uint32_t i)
{
    uint64_t number = query_get(k, b, hn_segment_print_column(p), i);
    return number && number <= b->n_prints[p] ? k->prints[p] + (number - 1) * hn_tls_print_size(p) : NULL;
}
