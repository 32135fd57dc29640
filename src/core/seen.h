/* What an earlier run saw, kept for the next: a command that runs twice on a machine on which nothing has changed need
 * not read the package databases twice. One file, HINOMI_HOME/seen:
 *
 *   "HNSEEN1\n" │ 32 bytes SHA-256 of all that follows │ u32 little-endian length of the JSON │ JSON │ inputs
 *
 * The JSON is a run document (hn_run_read) of the modules that declare `.told`, and beside it what they are valid for;
 * the inputs are what they looked at, as in wire.h, each module after its 'M' entry. A module is kept when everything
 * that it looked at has the state that it had: inode, mode, owner, size, times, of each file and of what each folder
 * lists. Whoever changes a file changes its ctime, which only a clock set back could forge; so everything is looked at
 * again after HN_SEEN_AGE all the same, and by another version of the program, another user, or in another root. */
#pragma once

#include "core/run.h"

#define HN_SEEN_AGE (12 * HN_HOUR)

/* What an earlier run saw. Whether it still holds is found out by a thread of its own, beside what else is done. */
struct hn_seen;
/* ret_modules: those of which there is something (hn_module_bit). NULL: nothing is there that could be used. */
struct hn_seen *hn_seen_begin(const char *home, uint64_t *ret_modules);
/* Waits for the thread. The base for another run (hn_run_options.base), and in ret_fresh the modules that are to be
 * looked at all the same; NULL: all of them. Valid until hn_seen_free(). s may be NULL. */
const struct hn_run *hn_seen_wait(struct hn_seen *s, uint64_t *ret_fresh);
void hn_seen_free(struct hn_seen *s);
/* Of a live run with `learn`, after it was put into the store. Does nothing when r kept all that it could keep; a file
 * that cannot be written costs the next run some time, no more. */
void hn_seen_save(const char *home, struct hn_run *r);
