/* The join of evidence: from what a finding is about to the processes that use it and the listeners that reach it.
 * Which values refer to each other is read from the declarations (hn_field.ref); two values are neighbours when one
 * observation holds both. Only the steps below are walked, so that a join cannot wander.
 *
 *   package ─contains─▶ path ─maps/runs─▶ process ─listens─▶ listener
 *                        unit ───runs───────▲   ◀──held by── listener (only when the finding is about it)
 *
 * The index is built once per run, linear in the observations; following one finding is linear in what it reaches. */
#pragma once

#include "core/finding.h"

#define HN_JOIN_SET 20000u /* most values of one meaning that are followed for one finding */

struct hn_join;
struct hn_join_link;

struct hn_join_value {
    enum hn_ref ref;
    struct hn_str s;
    const struct hn_obs *obs;   /* the observation whose subject it is, or NULL */
    struct hn_join_link *links; /* observations that hold it */
    uint64_t stamp;             /* set when it belongs to the chain being built */
};

struct hn_join_set {
    struct hn_join_value **v; /* sorted: by number, then bytewise */
    size_t n, cap;
};

/* What one finding reaches. Paths are those that a process uses. */
struct hn_chain {
    struct hn_join_set packages, paths, processes, listeners, units;
    bool about[HN_REF_USER + 1]; /* the finding names a value of this meaning */
    bool truncated;              /* a set was full */
    bool failed;                 /* out of memory */
};

/* NULL when memory runs out. The index lives until hn_join_free; values live in the arena. */
struct hn_join *hn_join_new(const struct hn_facts *facts, struct hn_arena *a);
void hn_join_free(struct hn_join *j);
struct hn_join_value *hn_join_find(struct hn_join *j, enum hn_ref ref, struct hn_str s);
/* Sets lie in scratch. */
void hn_join_follow(struct hn_join *j, struct hn_arena *scratch, const struct hn_about *about, struct hn_chain *ret);
/* Calls each for every observation of the kind ("processes.mapped"; NULL: any) that holds v, until it gives false. */
void hn_join_each(struct hn_join *j, const struct hn_join_value *v, const char *kind,
                  bool (*each)(void *arg, const struct hn_obs *o), void *arg);
/* The observation that connects a to b (the first by kind and subject), or NULL. */
const struct hn_obs *hn_join_between(struct hn_join *j, const struct hn_join_value *a, const struct hn_join_value *b);
int hn_join_value_cmp(const struct hn_join_value *a, const struct hn_join_value *b);
bool hn_obs_kind_is(const struct hn_obs *o, const char *kind); /* "module.kind" */
