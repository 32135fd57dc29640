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
    bool hidden; /* of not_seen: judge names what it may hide */
};

struct hn_run_cover {
    const struct hn_module *module;
    bool complete; /* everything that the module looks for could be seen */
    bool bounded;  /* not complete, but all that could not be seen is known one by one: see hn_judge_hides() */
    bool ran;
    bool kept;              /* not looked at in this run: what an earlier one saw, whose inputs have not changed */
    struct hn_str looked;   /* kept: id of the run that did look */
    struct hn_bytes inputs; /* what it looked at, as in wire.h; empty unless asked for */
    uint64_t verdict;       /* of what its judge said: equal when the same was said */
    size_t observations, rejected;
    int64_t duration_ns;
    struct hn_run_note *not_seen, *malformed, *quarantined;
    size_t n_not_seen, n_hidden, n_malformed, n_quarantined;
};

struct hn_seen;
struct hn_run_options {
    const char *root;     /* NULL: the live system */
    const char *image;    /* the image of a container (an archive or a folder), in place of root; NULL: none */
    const char *platform; /* of an image for several: "linux/arm64"; NULL: this machine's */
    bool deep;
    bool inventory;      /* what is installed and nothing that only a diagnosis needs: a bill of materials */
    bool bare;           /* with inventory: only what tells parts apart; no licences */
    bool hashes;         /* with inventory: digests of what can be deployed */
    const char *modules; /* comma-separated; NULL: all */
    bool transient;      /* this process and its children end with the run: they are not part of what is diagnosed */
    int sums_fd;         /* open checksums file (hn_sums_open), for deep runs; 0 or less: none */
    bool learn;          /* keep what each module looked at */
    /* What is observed goes there as it came, one JSON text a line, and not into the facts: for who hands it on to be
     * read elsewhere with hn_run_take_lines(). NULL: into the facts. */
    struct hn_buf *lines;
    /* An earlier run of the same machine: only the modules in `fresh` are looked at again, and those that it does not
     * have; the rest is kept. continues: base is part of this run, made a moment ago. */
    const struct hn_run *base;
    uint64_t fresh; /* hn_module_bit */
    bool continues;
    /* In place of base, while it is still being found out (seen.h): these modules come after all others, and only when
     * they are to be looked at. */
    struct hn_seen *seen;
    uint64_t later;   /* hn_module_bit */
    int64_t stall_ms; /* no progress for so long: hangs; 0: the default of 15 s */
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
    size_t n_cover, n_fresh; /* those that are looked at come first */
    bool lost;               /* the store does not have what was kept: everything is to be looked at */
    bool inputs_lost;        /* of some it is not known what they looked at */
    bool background;         /* looked at slowly, beside others: ordered by when it began */
    /* What the run is about when it is no host that names itself: a telescope, a peer seen in flows. Empty: the host.
     */
    struct {
        struct hn_str name, kind, key_type, key;
    } subject;
    struct hn_str asset; /* id, once known */
    double criticality;
    struct hn_judged judged;
    double score;
    struct hn_str *known; /* of a run read back (core/seen.h): paths that modules named whose facts are not here */
    size_t n_known;
    struct hn_bytes advisories; /* hn_run_advisories() */
    struct hn_feed_check *checks;
    size_t n_checks;
};

struct hn_run *hn_run_new(void);
void hn_run_free(struct hn_run *r);
/* Maps HOME/feed/index for the judges, when it is there, and learns when its sources were asked. home may be NULL.
 * Unmapped with the run. */
void hn_run_advisories(struct hn_run *r, const char *home);
/* Collects and parses. An error only when the roles cannot run at all. */
HN_MUST struct hn_err hn_run_collect(struct hn_run *r, const struct hn_run_options *o, struct hn_diag *reterr);
/* Reads a run document (untrusted) in place of collecting; see hn_run_json. */
HN_MUST struct hn_err hn_run_read(struct hn_run *r, struct hn_bytes json, struct hn_diag *reterr);
/* The same from a value that lives in r->arena. */
struct hn_jv;
HN_MUST struct hn_err hn_run_take(struct hn_run *r, const struct hn_jv *document, struct hn_diag *reterr);
/* Observations, one a line, of modules that the run covers. The lines must outlive r. */
void hn_run_take_lines(struct hn_run *r, struct hn_bytes lines);
/* Judges and ranks; r->asset must be set. */
HN_MUST struct hn_err hn_run_judge(struct hn_run *r, const struct hn_policy *policy, struct hn_diag *reterr);
/* Modules that r kept and that must be looked at again for r to hold: their judges say something else than in `base`,
 * by what others saw; or they know nothing of a path that is new in r. A finding that comes or goes does so by a run of
 * its own module. */
uint64_t hn_run_unsettled(const struct hn_run *r, const struct hn_run *base);
/* The document that `hinomi diagnose --json` prints and `hinomi ingest` reads. */
void hn_run_json(struct hn_run *r, const struct hn_policy *policy, struct hn_jw *w, bool texts);
/* A document of what these modules (hn_module_bit) saw, in this run or the one that they were kept from. */
void hn_run_json_of(struct hn_run *r, uint64_t modules, struct hn_jw *w);
/* The i-th path that field f of o names. */
bool hn_run_names_path(const struct hn_obs *o, size_t f, size_t i, struct hn_str *ret);

/* What the run knows of the asset's identity, for the store to find it again. */
struct hn_identity {
    struct hn_str machine_id, hardware_id, hostname, os;
    const struct hn_str *names;
    size_t n_names;
};
struct hn_identity hn_run_identity(const struct hn_run *r);
