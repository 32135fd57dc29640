/* What the verbs share: options into a configuration, a report into observations. */
#pragma once

#include "modules/telescope/report.h"

/* 0, or the exit code of what was wrong (told). */
int telescope_setup(struct hn_work *w, struct telescope_config *how);
/* Gives the store what this telescope has seen. False when it could not (told). */
bool telescope_keep(struct hn_work *w, struct hn_arena *a, const struct telescope_report *r, struct hn_str name);
