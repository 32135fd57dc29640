/* One diagnosis: collector and parser roles, facts, coverage; then judging and ranking; then the run document.
 *
 *   collector ──records──▶ parser ──observations──▶ facts ──judge──▶ findings ──risk──▶ ranked
 *
 * A parser that dies or stalls names its input, which is left out of a second try of the same module (quarantined) and
 * becomes part of the coverage and a finding. Nothing else is lost because of it. */
#pragma once

#include "core/judge.h"
#include "core/risk.h"

/* A line about one input. */
struct hn_run_note {
    struct hn_str path, why;
    int64_t offset;
    struct hn_run_note *next;
};

struct hn_run_cover {
    const struct hn_module *module;
    bool complete; /* everything that the module looks for could be seen */
    bool ran;
    size_t observations, rejected;
    int64_t duration_ns;
    struct hn_run_note *not_seen, *malformed, *quarantined;
    size_t n_not_seen, n_malformed, n_quarantined;
};

struct hn_run_options {
    const char *root; /* NULL: the live system */
    bool deep;
    bool inventory;      /* what is installed and nothing that only a diagnosis needs: a bill of materials */
    bool hashes;         /* with inventory: digests of what can be deployed */
    const char *modules; /* comma-separated; NULL: all */
    bool transient;      /* this process and its children end with the run: they are not part of what is diagnosed */
    int64_t stall_ms;    /* no progress for so long: hangs; 0: the default of 15 s */
    const struct hn_policy *policy;
    /* Called now and then from the running command; may be NULL. */
    void (*progress)(void *arg, const struct hn_module *m, size_t done, size_t of);
    void *progress_arg;
};

struct hn_run {
    struct hn_arena arena;
    struct hn_facts *facts;
    char id[32];
    hn_time collected_at;
    bool live, deep, root_user;
    struct hn_str scope;  /* "live" or "root:/mnt/x" */
    struct hn_str origin; /* who collected: "" = this machine; set by ingest */
    struct hn_run_cover *cover;
    size_t n_cover;
    /* What the run is about when it is no host that names itself: a telescope, a peer seen in flows. Empty: the host.
     */
    struct {
        struct hn_str name, kind, key_type, key;
    } subject;
    struct hn_str asset; /* id, once known */
    double criticality;
    struct hn_judged judged;
    double score;
};

struct hn_run *hn_run_new(void);
void hn_run_free(struct hn_run *r);
/* Collects and parses. An error only when the roles cannot run at all. */
HN_MUST struct hn_err hn_run_collect(struct hn_run *r, const struct hn_run_options *o, struct hn_diag *reterr);
/* Reads a run document (untrusted) in place of collecting; see hn_run_json. */
HN_MUST struct hn_err hn_run_read(struct hn_run *r, struct hn_bytes json, struct hn_diag *reterr);
/* Judges and ranks; r->asset must be set. */
HN_MUST struct hn_err hn_run_judge(struct hn_run *r, const struct hn_policy *policy, struct hn_diag *reterr);
/* The document that `hinomi diagnose --json` prints and `hinomi ingest` reads. */
void hn_run_json(struct hn_run *r, const struct hn_policy *policy, struct hn_jw *w, bool texts);

/* What the run knows of the asset's identity, for the store to find it again. */
struct hn_identity {
    struct hn_str machine_id, hardware_id, hostname, os;
    const struct hn_str *names;
    size_t n_names;
};
struct hn_identity hn_run_identity(const struct hn_run *r);
