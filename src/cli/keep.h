/* Bringing a run into the store: finding the asset again, then putting the document. */
#pragma once

#include "core/client.h"
#include "core/run.h"

struct cli_keep {
    struct hn_client *client;
    const char *org;    /* where a new asset is placed; NULL: the root */
    const char *origin; /* NULL: local */
    bool *lost;         /* set when the store is not to be had, or can keep nothing; may be NULL */
};

HN_MUST struct hn_err cli_keep_open(struct cli_keep *k, struct hn_diag *reterr);
/* The same without waiting for a store role that has to be started; the home need not be there yet. */
HN_MUST struct hn_err cli_keep_begin(struct cli_keep *k, struct hn_diag *reterr);
void cli_keep_close(struct cli_keep *k);
/* Sets r->asset, r->criticality and r->lost. */
HN_MUST struct hn_err cli_keep_resolve(const struct cli_keep *k, struct hn_run *r, struct hn_diag *reterr);
HN_MUST struct hn_err cli_keep_put(const struct cli_keep *k, struct hn_run *r, const struct hn_policy *policy,
                                   struct hn_diag *reterr);

/* Collects and judges one run; k: the store's name of the asset is used, but nothing is kept yet. */
HN_MUST struct hn_err cli_diagnose_some(const struct hn_run_options *o, const struct cli_keep *k, struct hn_run **ret,
                                        struct hn_diag *d);
/* The same, and (with k) keeps it. */
HN_MUST struct hn_err cli_diagnose_once(const struct hn_run_options *o, const struct cli_keep *k, struct hn_run **ret,
                                        struct hn_diag *d);
/* Looks at the modules of `fresh`, and at those that follow from what they saw, as one run; the others are kept from
 * base, or from what o->seen waits for. Without either, or with all modules in fresh: at everything. base stays the
 * caller's. With k, the run is put. */
HN_MUST struct hn_err cli_look(const struct hn_run_options *o, const struct cli_keep *k, const struct hn_run *base,
                               uint64_t fresh, struct hn_run **ret, struct hn_diag *d);
#define CLI_LOOK_ALL UINT64_MAX
void cli_derive_asset(struct hn_run *r);
/* Makes (or takes back) the change of a job from jobs.take; its state and journal go to the store. */
HN_MUST struct hn_err cli_fix_job(const struct cli_keep *k, const struct hn_jv *job, const char *root,
                                  struct hn_diag *reterr);
struct hn_front; /* core/work_front.h */
/* Runs what a verb wants beside it with --store (struct hn_verb), every --judge-every seconds. 0: nothing. */
pid_t cli_beside_start(const struct hn_front *f, const char *org, const char *policy);
void cli_beside_end(pid_t pid);
/* Runs now, then what has changed as it changes, and everything every so many seconds, until a signal. k NULL: keeps
 * nothing. Exit code. */
int cli_watch(const struct hn_run_options *o, const struct cli_keep *k, unsigned every);
