/* The builder's inside: build.c (lanes and groups), build_sort.c (runs), build_end.c (tables). */
#pragma once

#include <pthread.h>

#include "format/advisory/build.h"
#include "format/advisory/layout.h"

/* One key on its way to a table: table and hash in one number, so that one sort serves all four tables. */
struct hn_adv_tuple {
    uint64_t key; /* table << 62 | hash */
    int64_t modified;
    uint32_t ref; /* offset / 8; relative to its group until that is written */
    uint32_t at;
};

struct hn_adv_run {
    struct hn_adv_tuple *held; /* in memory, or the window onto the spilled ones */
    size_t n, i, cap;
    uint64_t off, left; /* on the spill: where the next lie, how many */
};

struct hn_adv_build {
    int out, spill;
    size_t keys;
    pthread_mutex_t lock; /* of everything below while lanes are at work */
    uint64_t end, spill_end;
    struct hn_err err; /* the first of the environment */
    struct hn_arena texts;
    struct hn_adv_feed *feeds; /* HN_ADV_FEEDS_MAX of them */
    uint32_t n_feeds;
    struct hn_adv_run *runs;
    size_t n_runs;
    uint64_t counts[4], n_records; /* keys of each table */
    uint64_t key[2];
    struct hn_adv_ecosystem *ecosystems; /* HN_ADV_ECOSYSTEMS_MAX of them */
    size_t n_ecosystems;
};

/* Adds to the count of this ecosystem (its base). What does not fit the list is not counted. */
void hn_adv_count_ecosystem(struct hn_adv_ecosystem *list, size_t *n, struct hn_str name, uint64_t entries);

HN_MUST struct hn_err hn_adv_write_at(int fd, const void *p, size_t n, uint64_t at);
HN_MUST struct hn_err hn_adv_read_at(int fd, void *p, size_t n, uint64_t at);

void hn_adv_tuples_sort(struct hn_adv_tuple *p, size_t n);
/* Takes over sorted tuples as a run: in memory, or written to the spill (then the memory stays the caller's). */
HN_MUST struct hn_err hn_adv_run_hold(struct hn_adv_build *b, struct hn_adv_tuple *p, size_t n);
HN_MUST struct hn_err hn_adv_run_spill(struct hn_adv_build *b, const struct hn_adv_tuple *p, size_t n);

struct hn_adv_merge {
    struct hn_adv_build *b;
    size_t *heap; /* run numbers, least first */
    size_t n;
    struct hn_err err;
};
HN_MUST struct hn_err hn_adv_merge_begin(struct hn_adv_merge *m, struct hn_adv_build *b);
bool hn_adv_merge_next(struct hn_adv_merge *m, struct hn_adv_tuple *ret); /* false at the end or on error */
void hn_adv_merge_done(struct hn_adv_merge *m);
