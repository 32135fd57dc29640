/* One try of a run: a collector and a parser over the modules that are left; see run.c for what follows from it. */
#pragma once

#include "core/run.h"

#define RUN_SKIPS_MAX 24u

enum run_end {
    RUN_END_DONE,      /* all modules are over */
    RUN_END_PARSER,    /* the parser died, hung or lied over module todo[at] */
    RUN_END_COLLECTOR, /* the collector died or hung while at that module */
};

struct run_try {
    struct hn_run *r;
    const struct hn_run_options *o;
    const struct hn_module **todo;
    size_t n_todo, at;                   /* at: the module being parsed */
    const char *skip[RUN_SKIPS_MAX + 1]; /* raw paths that are left out, NULL-terminated */
    /* results */
    enum run_end end;
    bool stalled;
    bool from_outside; /* ended by SIGKILL that was not ours: an operator, or the kernel short of memory */
    const char *path;  /* raw; what was being looked at: "" when nothing in particular. In the run's arena. */
    struct hn_str why;
};

struct hn_run_cover *run_cover_of(struct hn_run *r, const struct hn_module *m);
void run_note(struct hn_run *r, struct hn_run_note **list, size_t *n, struct hn_str path, struct hn_str why,
              int64_t offset);
/* run_lines.c: false: not what a parser writes for module m. */
bool run_line_add(struct hn_buf *lines, const struct hn_module *m, struct hn_bytes json);
/* Of what a run has handed on so far; lines and *a must outlive them. NULL: memory. */
struct hn_facts *run_lines_facts(struct hn_arena *a, struct hn_bytes lines);
/* An error only when the roles cannot work at all. */
HN_MUST struct hn_err run_try(struct run_try *t, struct hn_diag *reterr);
