/* Decision tables as data: by when must a finding be put right? A table asks for named inputs, each with a closed list
 * of values; every combination has exactly one row, and the row's number is shown as the reason ("bod-26-04:7"). */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "core/finding.h"

#define HN_DUE_INPUTS 4
#define HN_DUE_VALUES 6
#define HN_DUE_ROWS   256

struct hn_due_outcome {
    const char *name; /* "3-days-forensics" */
    int64_t days;     /* -1: no date */
};

struct hn_due_table {
    const char *name, *version, *source;
    size_t n_inputs, n_rows, n_outcomes;
    struct {
        const char *name;
        const char *values[HN_DUE_VALUES];
        size_t n, cautious; /* index of the value that is taken when unknown */
    } inputs[HN_DUE_INPUTS];
    struct hn_due_outcome outcomes[16];
    struct {
        unsigned number;  /* the publisher's */
        unsigned outcome; /* index */
    } rows[HN_DUE_ROWS];  /* ordered by the inputs' values, first input slowest */
};

/* Reads a table in the format of policy/tables; strings live in the arena. Incomplete, contradicting or oversized
 * tables are HN_E_INVALID with the line. */
HN_MUST struct hn_err hn_due_parse(struct hn_arena *a, struct hn_bytes text, struct hn_due_table *ret,
                                   struct hn_diag *reterr);
/* A table that is built in ("bod-26-04", "ssvc-deployer"); its text, or empty. */
struct hn_bytes hn_due_builtin(struct hn_str name);

/* Looks the row up. values: input name → value; absent or any word that the table does not list counts as "unknown".
 * Fills one hn_due_input per question of the table (strings in the arena or in the table). */
struct hn_due_result {
    int64_t days;
    const char *rule;    /* "bod-26-04:7" */
    const char *outcome; /* "14-days" */
    size_t n_inputs;
    struct hn_due_input inputs[HN_DUE_INPUTS];
};
void hn_due_decide(struct hn_arena *a, const struct hn_due_table *t, const struct hn_param *values,
                   struct hn_due_result *ret);
