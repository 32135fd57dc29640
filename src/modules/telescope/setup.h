/* What the verbs share: options into a configuration, a report into observations. */
#pragma once

#include "modules/telescope/report.h"

/* 0, or the exit code of what was wrong (told). */
int telescope_setup(struct hn_work *w, struct telescope_config *how);
/* The report of a settled engine in the form that is wanted, to the store with --keep, the state with --state; the exit
 * code. */
int telescope_answer(struct hn_work *w, struct telescope_engine *e, struct telescope_inputs *in);
/* Gives the store what this telescope has seen. False when it could not (told). */
bool telescope_keep(struct hn_work *w, struct hn_arena *a, const struct telescope_report *r, struct hn_str name);

/* Beside the engine in a file of its state. */
struct telescope_note {
    struct telescope_inputs in;
    struct telescope_followed files;
};
