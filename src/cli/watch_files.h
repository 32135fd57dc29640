/* Which modules must look again: what each looked at is known (hn_run_cover.inputs), and the kernel tells what of it
 * has changed.
 *
 * fanotify marks the folders where that is permitted (the kernel allows, the file system has handles); inotify watches
 * the others. Whole file systems are not marked, though root might: every write on a busy machine would wake us. Kernel
 * file systems tell nobody anything; the schedule is for them. */
#pragma once

#include "core/run.h"

struct watch_files;

/* root: as for the run; NULL "/". */
struct watch_files *watch_files_new(const char *root, struct hn_diag *reterr);
void watch_files_free(struct watch_files *w);
/* From now on what this run's modules looked at. Gives the modules of which something changed since the run began and
 * would not be told any more. */
uint64_t watch_files_learn(struct watch_files *w, const struct hn_run *r);
/* Descriptors to poll for input; -1: not in use. */
void watch_files_fds(const struct watch_files *w, int ret[2]);
/* Modules concerned by what has happened since the last call; never waits. */
uint64_t watch_files_take(struct watch_files *w);
/* For the log: folders by fanotify, by inotify, not watched. */
struct watch_files_counts {
    size_t fanotify, inotify, missed;
};
struct watch_files_counts watch_files_count(const struct watch_files *w);
