/* The store role: owns HINOMI_HOME, answers operations. One thread, one poll loop; handlers run one after the other.
 *
 *   $HINOMI_HOME/store.sock   local clients: the owner of the home or root (SO_PEERCRED), as admin of the root
 *   inherited local socket    the command that started the role
 *
 * A local client can lay its rights down for good (operation role.http): from then on every request over that
 * connection needs a session, except those with need "none". The supervisor hands such a connection to httpd. */
#pragma once

#include "base/time.h"
#include "core/ask.h"
#include "core/limiter.h"
#include "core/ops.h"
#include "core/policy.h"
#include "store/store.h"

struct hn_store_role_opts {
    const char *home;
    int local_fd;       /* a connected local client, or -1 */
    bool once;          /* end with the last client */
    const char *policy; /* --policy FILE or NULL */
};

#define HN_STORE_ROLE_BUSY 75 /* exit code when another role owns the home */
/* Runs until it is told to stop (SIGTERM, SIGINT) or, with once, its last client has gone. Exit code. */
/* Exit code when another role owns the home. */
#define HN_STORE_ROLE_BUSY 75

int hn_store_role_main(const struct hn_store_role_opts *o);
/* `hinomi -x store`: --home DIR [--fd N] [--once] [--policy FILE] */
int hn_store_role_argv(int argc, char **argv);

/* ---- state shared with the operations ---- */

/* Work that the role cannot do itself: a supervisor (`hinomi serve`, `diagnose --watch`) takes it by the operation
 * jobs.take and reports by jobs.report. */
enum hn_job_kind { HN_JOB_DIAGNOSE, HN_JOB_FIX, HN_JOB_UNDO, HN_JOB_READ /* uploads that wait */ };
struct hn_job {
    char id[27];
    enum hn_job_kind kind;
    bool deep, taken;
    char finding[64], fix[64], by[64];
    unsigned owner; /* connection that took it: back into the queue when that goes away */
    hn_time asked, taken_at;
};
#define HN_JOBS_MAX 64

struct hn_running { /* the diagnosis under way */
    bool on;
    char id[27], module[32];
    int percent;
    hn_time started;
};

struct hn_role_state {
    struct hn_policy *policy;
    struct hn_limiter by_account, by_address;
    double sign_in_tokens; /* all sign-ins together: scrypt costs 80 ms of this one thread each */
    hn_time sign_in_at;
    hn_time started;
    struct hn_job jobs[HN_JOBS_MAX];
    size_t n_jobs;
    struct hn_ask asks[HN_ASKS_MAX];
    hn_time asker_seen;  /* when the asker last asked, monotonic */
    unsigned asker;      /* its connection */
    int64_t request;     /* id of the request being served, -1: none */
    bool later;          /* the handler put a question: its answer comes by itself */
    bool defer_for_asks; /* of a deferral: for questions, not jobs */
    struct hn_running running;
    struct ops_net_job *net_job; /* hosts to be told what the network says; NULL: none */
    bool watch_on;               /* the supervisor watches: what it said with watch.set */
    hn_time watch_last, watch_next;
    hn_time fixer_seen;      /* when somebody last asked for changes to make, monotonic */
    hn_time supervisor_seen; /* when somebody last asked for diagnoses to make, monotonic; 0: never */
    char sandbox[16];        /* "full", "reduced" or "" as reported by whoever entered it */
    bool stop;               /* role.stop */
    bool defer;              /* the handler has no answer yet: ask again when jobs come or defer_until passes */
    hn_time defer_until;     /* monotonic; of the connection being served */
    unsigned serving;        /* number of the connection being served */
    bool to_http;            /* role.http: this connection lays its rights down */
};

/* Puts a job into the queue; its id (which is also the run's, for a diagnosis) in job->id. */
HN_MUST struct hn_err hn_job_put(struct hn_role_state *r, struct hn_job *job);
/* Is somebody there who makes changes (hinomi fix --jobs, or serve --fixer)? */
bool hn_job_fixer_here(const struct hn_role_state *r);
