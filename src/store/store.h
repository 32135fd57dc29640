/* The store: everything that outlives a run, behind one typed interface. The only folder that knows a database; nothing
 * here names one. Sits directly above base/: structured parts of findings (terms, graph, …) pass through as JSON texts.
 *
 * Threads: a store belongs to one thread at a time (the store role serialises).
 * Memory: results live in the caller's arena; inputs are borrowed for the call.
 * Texts: ids are strings. A JSON text that is empty means "absent".
 * Times: hn_time; 0 = unknown, none, or (where it says so) now.
 * Errors: NOENT not there *or not visible to the principal*; PERM visible, but the role is too low; STATE the state
 *   machine forbids it; INVALID bad argument; EXISTS; BUSY the store has another owner (text names its pid); FULL,
 *   READONLY, IO, CORRUPT, UNSUPPORTED (newer schema). When a call that changes something gives HN_OK, the change is on
 *   disk. When it gives anything else, nothing of it happened.
 * Audit: every call that changes something writes its own audit row (by the principal) in the same transaction. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/time.h"

struct hn_store;

/* ---------------------------------------------------------------- opening */

enum {
    HN_STORE_CREATE = 1,    /* make the folder and an empty store when there is none */
    HN_STORE_READ_ONLY = 2, /* no lock, no migration; every change gives READONLY */
    HN_STORE_OR_READ = 4    /* READ_ONLY where the lock cannot be written (file system, permissions) */
};

/* Opens home/store.db, takes the lock home/lock, migrates to the newest schema. now is not kept: every call that needs
 * the time uses hn_now(). */
HN_MUST struct hn_err hn_store_open(const char *home, unsigned flags, struct hn_store **ret, struct hn_diag *reterr);
void hn_store_close(struct hn_store *s); /* NULL is fine */
bool hn_store_read_only(const struct hn_store *s);
/* Why the last failing call of this store failed, for people; "" when there is nothing to add. Valid until the next
 * call. */
const char *hn_store_why(const struct hn_store *s);

/* The two constants of the risk policy that the store needs: host score 100·(1−Π(1−p·loss/loss_max)), finding score
 * 100·(1−exp(−kappa·p·loss)) when an asset's criticality is changed (loss is proportional to it). Kept in the store. */
HN_MUST struct hn_err hn_store_scale(struct hn_store *s, double loss_max, double kappa);

/* Groups the changes that follow into one durable transaction (bulk ingest): nothing is acknowledged before end. Must
 * be balanced. end(false) undoes all of them. An error inside the batch leaves the other changes of the batch intact.
 */
HN_MUST struct hn_err hn_store_batch_begin(struct hn_store *s);
HN_MUST struct hn_err hn_store_batch_end(struct hn_store *s, bool keep);

/* ---------------------------------------------------------------- who asks */

enum hn_role { HN_ROLE_NONE, HN_ROLE_VIEWER, HN_ROLE_OPERATOR, HN_ROLE_APPROVER, HN_ROLE_ADMIN };
const char *hn_role_name(enum hn_role r); /* "none", "viewer", … */
bool hn_role_parse(struct hn_str s, enum hn_role *ret);

struct hn_grant {
    struct hn_str org; /* id */
    enum hn_role role;
};

/* Passed to every call. What it may not see does not exist for it. */
struct hn_principal {
    struct hn_str account; /* account id; empty for the system and for a bootstrap session */
    struct hn_str name;    /* what the audit shows: "user", "system", "bootstrap" */
    bool system;           /* the program itself: sees and may do everything (still audited) */
    size_t n_grants;
    const struct hn_grant *grants;
};

extern const struct hn_principal hn_principal_system;

/* The one function that decides: may p act on something owned by org with this role? Every query and every change of
 * the store goes through it. Unknown org: false. */
bool hn_store_visible(struct hn_store *s, const struct hn_principal *p, struct hn_str org, enum hn_role role);
/* The highest role of p at org. */
enum hn_role hn_store_role_at(struct hn_store *s, const struct hn_principal *p, struct hn_str org);

/* ---------------------------------------------------------------- pages */

#define HN_PAGE_DEFAULT 50u
#define HN_PAGE_MOST    100000u /* the API allows 500; exports use more */

struct hn_page {
    unsigned limit;       /* 0 = HN_PAGE_DEFAULT */
    struct hn_str cursor; /* from a former answer; empty = first page; a foreign one gives INVALID */
    struct hn_str sort;   /* "score" rising, "-score" falling; empty = the list's default; unknown gives INVALID */
};

struct hn_listing {
    size_t n;           /* rows in this page */
    uint64_t total;     /* rows that match, all pages */
    struct hn_str next; /* cursor of the next page; empty at the end */
};

/* ---------------------------------------------------------------- organisations */

#define HN_STORE_ROOT "root" /* id of the root organisation, always there */

struct hn_store_coverage_counts {
    uint64_t assets, seen_7d, not_seen; /* not_seen: assets without any run in 7 days (never seen included) */
    uint64_t never;
};

struct hn_store_counts { /* of a subtree or an asset; excepted and not_seen ones are apart from open */
    uint64_t open, not_seen, excepted, overdue, due_week, new_today, verified_since_yesterday;
};

struct hn_store_worst { /* the worst host; asset empty = none */
    struct hn_str asset, name;
    double score;
};

struct hn_store_org {
    struct hn_str id, parent, name_en, name_ja, kind; /* parent empty for the root, or when it is not visible */
    unsigned depth;
    uint64_t children;
    /* roll-up of the subtree */
    uint64_t assets;
    bool has_score; /* false: nothing was looked at in the last seven days; no score */
    double score;   /* mean of the hosts' scores, weighted by criticality */
    struct hn_store_worst worst;
    struct hn_store_counts counts;
    struct hn_store_coverage_counts coverage;
    bool has_delta_7d;
    double delta_7d; /* score now minus score 7 days ago (the nearest point before) */
};

HN_MUST struct hn_err hn_store_org_put(struct hn_store *s, const struct hn_principal *p, struct hn_str parent,
                                       struct hn_str name_en, struct hn_str name_ja, struct hn_str kind,
                                       struct hn_arena *a, struct hn_str *ret_id); /* admin of parent */
/* Empty texts stay as they are. A new parent moves the subtree (admin of both; not below itself: INVALID). */
HN_MUST struct hn_err hn_store_org_change(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                          struct hn_str parent, struct hn_str name_en, struct hn_str name_ja,
                                          struct hn_str kind);
HN_MUST struct hn_err hn_store_org_get(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                       struct hn_arena *a, struct hn_store_org *ret);
/* The subtree below and including root (empty: everything visible; then several tops are possible), in pre-order.
 * depth_max 0 = all; 1 = the top and its children. */
HN_MUST struct hn_err hn_store_orgs(struct hn_store *s, const struct hn_principal *p, struct hn_str root,
                                    unsigned depth_max, struct hn_arena *a, struct hn_store_org **ret, size_t *ret_n);
/* From the topmost visible one down to and including id. */
HN_MUST struct hn_err hn_store_org_path(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                        struct hn_arena *a, struct hn_store_org **ret, size_t *ret_n);

struct hn_store_trend {
    hn_time at; /* midnight UTC of the day */
    bool has_score;
    double score;
    uint64_t open, overdue;
};
/* Oldest first, at most days points; days without a run are filled from the day before. One of org and asset is empty
 * (both empty: the root or, failing that, the principal's first grant). */
HN_MUST struct hn_err hn_store_trend(struct hn_store *s, const struct hn_principal *p, struct hn_str org,
                                     struct hn_str asset, unsigned days, struct hn_arena *a,
                                     struct hn_store_trend **ret, size_t *ret_n);

/* The causes whose removal would lower the subtree's score most. asset narrows it to one host (its score parts). */
struct hn_store_lower {
    struct hn_str cause, fix_kind, fix_target;
    struct hn_str finding; /* a representative finding (the worst): its kind and params give the title */
    uint64_t findings, assets;
    double score_drop; /* points of the subtree's score */
    double p, loss;    /* of the worst finding */
};
HN_MUST struct hn_err hn_store_lower(struct hn_store *s, const struct hn_principal *p, struct hn_str org,
                                     struct hn_str asset, unsigned most, struct hn_arena *a,
                                     struct hn_store_lower **ret, size_t *ret_n);

/* Who watches what: per module over the subtree. */
struct hn_store_source {
    struct hn_str module;
    uint64_t assets, observations, malformed, quarantined, not_seen;
    uint64_t unwatched;       /* assets of the subtree never seen by it */
    hn_time last_run, oldest; /* newest and oldest "last run" over the assets */
};
HN_MUST struct hn_err hn_store_sources(struct hn_store *s, const struct hn_principal *p, struct hn_str org,
                                       struct hn_arena *a, struct hn_store_source **ret, size_t *ret_n);

/* ---------------------------------------------------------------- assets */

struct hn_store_key {
    struct hn_str type; /* "machine-id", or a hardware id: "hw.product-uuid", "hw.board-serial", "hw.mac" */
    struct hn_str value;
};

/* What a run says about who it is. */
struct hn_store_identity {
    struct hn_str name; /* primary host name */
    struct hn_str os;   /* for people: "Debian GNU/Linux 12 (bookworm)" */
    struct hn_str kind; /* empty = "host" */
    size_t n_names, n_keys;
    const struct hn_str *names; /* further names and addresses */
    const struct hn_store_key *keys;
};

struct hn_store_match {
    struct hn_str asset;
    bool created;
    /* A clash: NULL, "machine-id-shared" (another asset has the same machine-id on other hardware: a clone),
     * "machine-id-changed" (same hardware, new machine-id: reinstalled; same asset) or "hardware-shared". */
    const char *clash;
    struct hn_str clash_with; /* the other asset, if it may be seen */
};

/* Finds the asset again or (with create) gives it a random id in org. Matching is confined to assets where p is
 * operator: a document cannot write into somebody else's asset. An asset that is found keeps its organisation. */
HN_MUST struct hn_err hn_store_asset_resolve(struct hn_store *s, const struct hn_principal *p,
                                             const struct hn_store_identity *who, struct hn_str org, bool create,
                                             struct hn_arena *a, struct hn_store_match *ret);

struct hn_store_asset {
    struct hn_str id, name, kind, os, org, org_name_en, org_name_ja;
    size_t n_names, n_keys, n_modules;
    struct hn_str *names;
    struct hn_store_key *keys;
    struct hn_str *modules; /* seen_by */
    double criticality;     /* 1 = ordinary; 0.1 … 10 */
    bool has_score;
    double score;
    struct hn_store_counts counts;
    int worst; /* severity 0–4 of the worst open finding; -1 none */
    hn_time first_seen, last_run;
};

struct hn_store_asset_query {
    struct hn_str org;      /* subtree */
    struct hn_str q;        /* words in name and names; or a whole id */
    unsigned not_seen_days; /* only assets without a run for that many days; 0 = all */
    struct hn_page page;    /* score (default, falling), name, last_run, open */
};

HN_MUST struct hn_err hn_store_assets(struct hn_store *s, const struct hn_principal *p,
                                      const struct hn_store_asset_query *q, struct hn_arena *a,
                                      struct hn_store_asset **ret, struct hn_listing *ret_listing);
HN_MUST struct hn_err hn_store_asset_get(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                         struct hn_arena *a, struct hn_store_asset *ret);
/* criticality < 0 and empty texts: unchanged. Operator (of both organisations when it moves). */
HN_MUST struct hn_err hn_store_asset_change(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                            double criticality, struct hn_str org, struct hn_str name);

struct hn_store_cover { /* newest state of (asset, module, scope) */
    struct hn_str asset, asset_name, module, scope, run;
    int privilege;
    bool complete;
    hn_time last_run; /* collected */
    int64_t duration_ns;
    uint64_t observations, malformed_n, quarantined_n, not_seen_n;
    struct hn_str not_seen, malformed, quarantined; /* JSON arrays as put */
};
/* Of one asset, or of one module over a subtree (the other one empty). */
HN_MUST struct hn_err hn_store_coverage(struct hn_store *s, const struct hn_principal *p, struct hn_str asset,
                                        struct hn_str module, struct hn_str org, struct hn_arena *a,
                                        struct hn_store_cover **ret, size_t *ret_n);

/* ---------------------------------------------------------------- one run */

enum { HN_PRIVILEGE_USER = 0, HN_PRIVILEGE_ROOT = 10 }; /* an order: more sees more */

/* Something that could not be looked at, and what it may hide: observations or findings of a kind; subject and location
 * empty: whichever. from: it came to be then, and hides nothing that was last seen before; 0: it may hide any. */
struct hn_store_run_hidden {
    struct hn_str who, kind, subject, location;
    hn_time from;
};

struct hn_store_run_cover {
    struct hn_str module, scope; /* scope: what was looked at: "host", "root", "deep", … */
    int privilege;
    bool complete; /* everything in scope was seen: what is absent from the observations is gone */
    bool bounded;  /* not complete, but everything that was not seen is in `hidden`: what none of these hides, or what
                      was last seen although they were hidden then too, is gone */
    bool kept;     /* not looked at: what an earlier run saw and whose inputs have not changed. Its findings may say
                      something else by what others saw, but none appears, is seen or closes */
    bool judged; /* judge ran, and what it reads of other modules was complete too: what is absent from the findings is
                    put right */
    int64_t duration_ns;
    uint64_t malformed_n, quarantined_n, not_seen_n;
    struct hn_str not_seen, malformed, quarantined; /* JSON arrays; not_seen has the who of hidden ones as "each" */
    const struct hn_store_run_hidden *hidden;
    size_t n_hidden;
};

struct hn_store_run_obs {
    struct hn_str module, kind, subject;
    struct hn_str scope;  /* empty = the one it is known from, if this run covers it, else the module's first */
    hn_time at;           /* 0 = collected_at */
    struct hn_str fields; /* JSON object; same content must give the same text */
};

struct hn_store_run_finding {
    struct hn_str id, kind; /* kind "packages.update-pending": its module is the part before the dot */
    struct hn_str scope;    /* as of an observation */
    struct hn_str class_, subject, location, cause, fix_kind, fix_target,
        fix_value;       /* cause empty = id; fix_kind: "none" */
    int severity;        /* 0 info … 4 critical */
    unsigned confidence; /* percent */
    double prior, p, loss, score;
    int64_t due_days; /* from the day this occurrence was first seen; -1 = none */
    struct hn_str due_rule;
    hn_time since;                                                        /* by outside evidence; 0 unknown */
    struct hn_str params, terms, graph, evidence, due_inputs, references; /* JSON; opaque here */
};

struct hn_store_run {
    struct hn_str id;    /* of the document; the same id again changes nothing */
    struct hn_str asset; /* from hn_store_asset_resolve */
    hn_time collected_at;
    hn_time received_at;  /* 0 = now */
    struct hn_str origin; /* "local", or where the document came from. Runs of origin "local" are in order of arrival,
                             so that a clock that steps back does not stop the world; others by collected_at, which is
                             cut off at received_at */
    bool background;      /* a local run that took long beside others: by collected_at, so that what they saw stands */
    struct hn_store_identity who; /* refreshes name, os, names, keys (when it is the newest run); n_keys 0 keeps them */
    size_t n_cover, n_obs, n_findings;
    const struct hn_store_run_cover *cover;
    const struct hn_store_run_obs *obs;
    const struct hn_store_run_finding *findings;
    struct hn_str note; /* JSON: anything else to keep with the run (asset's claims, versions) */
};

struct hn_store_run_result {
    bool known;         /* this run id was there before; nothing changed */
    bool late;          /* a newer run of every module of it was there before */
    hn_time ordered_at; /* the time that orders it */
    uint64_t obs_new, obs_changed, obs_gone, obs_same;
    uint64_t appeared, changed, reopened, closed, not_seen, same; /* findings */
    uint64_t verified, not_fixed;                                 /* actions */
    bool has_score;
    double score; /* of the asset, afterwards */
};

/* Takes the run of one asset in one transaction (operator of its organisation).
 *
 * The closing rule. A finding that the run does not show closes only if the run is later than its last sighting, of the
 * same module and scope, complete (or bounded, and nothing hides it) and judged, with at least the privilege that ever
 * saw it. A later run of the same module and scope that falls short makes it not_seen. A run over another scope says
 * nothing about it. The result depends on when runs were collected, not on the order in which they arrive: a late one
 * changes nothing that a later one settled. not_seen findings stay in the scores: what is not seen lowers nobody's
 * risk.
 *
 * Actions: a finding that closes makes its action `verified` by this run; a `claimed` one whose finding is seen in a
 * run collected after the claim goes back to `in_progress`. */
HN_MUST struct hn_err hn_store_run_put(struct hn_store *s, const struct hn_principal *p, const struct hn_store_run *run,
                                       struct hn_store_run_result *ret);

struct hn_store_run_row {
    struct hn_str id, asset, origin;
    hn_time collected_at, received_at, ordered_at;
    struct hn_str note;
    size_t n_cover;
    struct hn_store_cover *cover;
};
HN_MUST struct hn_err hn_store_run_get(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                       struct hn_arena *a, struct hn_store_run_row *ret);
/* Newest first, of one asset. */
HN_MUST struct hn_err hn_store_runs(struct hn_store *s, const struct hn_principal *p, struct hn_str asset,
                                    unsigned most, struct hn_arena *a, struct hn_store_run_row **ret, size_t *ret_n);

/* ---------------------------------------------------------------- observations */

struct hn_store_obs {
    struct hn_str id, asset, asset_name, org, module, kind, subject, run, origin, fields;
    hn_time at;         /* last seen */
    hn_time changed_at; /* has looked like this since */
    hn_time gone_at;    /* 0 = still there */
};

struct hn_store_obs_query {
    struct hn_str asset; /* required */
    struct hn_str kind;  /* "packages.package" or "packages"; empty = all */
    struct hn_str q;     /* words in subject or fields */
    struct hn_page page; /* subject (default, with kind), at */
};
HN_MUST struct hn_err hn_store_observations(struct hn_store *s, const struct hn_principal *p,
                                            const struct hn_store_obs_query *q, struct hn_arena *a,
                                            struct hn_store_obs **ret, struct hn_listing *ret_listing);
HN_MUST struct hn_err hn_store_obs_get(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                       struct hn_arena *a, struct hn_store_obs *ret);
/* By what evidence names: kind "packages.package" and subject. When it is gone, as it last looked. */
HN_MUST struct hn_err hn_store_obs_find(struct hn_store *s, const struct hn_principal *p, struct hn_str asset,
                                        struct hn_str kind, struct hn_str subject, struct hn_arena *a,
                                        struct hn_store_obs *ret);
/* How it looked before, newest first (as far as retention goes). */
HN_MUST struct hn_err hn_store_obs_history(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                           unsigned most, struct hn_arena *a, struct hn_store_obs **ret, size_t *ret_n);
struct hn_store_kind_count {
    struct hn_str kind;
    uint64_t count;
};
HN_MUST struct hn_err hn_store_obs_kinds(struct hn_store *s, const struct hn_principal *p, struct hn_str asset,
                                         struct hn_arena *a, struct hn_store_kind_count **ret, size_t *ret_n);
/* Everything that is known of an asset now, for judging again: calls each in order of kind and subject. */
HN_MUST struct hn_err hn_store_obs_each(struct hn_store *s, const struct hn_principal *p, struct hn_str asset,
                                        bool (*each)(void *arg, const struct hn_store_obs *o), void *arg);

/* ---------------------------------------------------------------- findings */

enum hn_finding_status { HN_F_OPEN, HN_F_NOT_SEEN, HN_F_CLOSED, HN_F_EXCEPTED };
const char *hn_finding_status_name(enum hn_finding_status st); /* "open", "not_seen", … */
bool hn_finding_status_parse(struct hn_str s, enum hn_finding_status *ret);

struct hn_store_action_ref {
    struct hn_str id, state, owner, owner_name; /* id empty: no action */
    hn_time due;
};

struct hn_store_finding {
    struct hn_str id, kind, module, class_, subject, location, cause, fix_kind, fix_target, fix_value, scope;
    struct hn_str asset, asset_name, org, org_name_en, org_name_ja;
    int severity, privilege;
    unsigned confidence;
    enum hn_finding_status status;
    double prior, p, loss, score;
    hn_time due; /* 0 none */
    struct hn_str due_rule;
    bool overdue;
    hn_time first_seen, last_seen, since, opened_at, closed_at, excepted_until;
    struct hn_str last_run /* only in hn_store_finding_get */, closed_run;
    unsigned reopened;
    struct hn_str params, terms, graph, evidence, due_inputs, references; /* JSON as put; lists too, for the sentence */
    struct hn_store_action_ref action;
    uint64_t other_assets; /* with the same cause; only in hn_store_finding_get */
};

enum hn_due_filter { HN_DUE_ANY, HN_DUE_OVERDUE, HN_DUE_WEEK, HN_DUE_NONE };
enum { HN_F_ANY_STATUS = -1 };

enum hn_fix_state {
    HN_FIX_STATE_REQUESTED,
    HN_FIX_STATE_APPROVED,
    HN_FIX_STATE_APPLYING,
    HN_FIX_STATE_APPLIED,
    HN_FIX_STATE_FAILED,
    HN_FIX_STATE_UNDONE
};

struct hn_store_finding_query {
    struct hn_str org, asset, kind, module, class_, cause, q;
    int severity_min; /* 0 = all */
    int status;       /* enum hn_finding_status (open is 0) or HN_F_ANY_STATUS */
    enum hn_due_filter due;
    double min_score;
    bool by_fix; /* only findings whose newest fix is in this state */
    enum hn_fix_state fix;
    struct hn_page page; /* score (default, falling), due, first_seen, last_seen, severity, asset */
};
HN_MUST struct hn_err hn_store_findings(struct hn_store *s, const struct hn_principal *p,
                                        const struct hn_store_finding_query *q, struct hn_arena *a,
                                        struct hn_store_finding **ret, struct hn_listing *ret_listing);
/* id may be shortened to 8 or more leading characters when that is unambiguous. */
HN_MUST struct hn_err hn_store_finding_get(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                           struct hn_arena *a, struct hn_store_finding *ret);

struct hn_store_history {
    hn_time at;
    struct hn_str what; /* appeared changed closed not_seen seen reopened excepted exception_ended exception_expired;
                           of actions: created accepted in_progress claimed verified not_fixed excepted … */
    struct hn_str run, by, detail;
};
HN_MUST struct hn_err hn_store_finding_history(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                               struct hn_arena *a, struct hn_store_history **ret, size_t *ret_n);

struct hn_store_comment {
    struct hn_str id, by, by_name, text;
    hn_time at;
};
#define HN_COMMENT_MOST 16384u /* bytes */
/* on is "finding" or "action". Operator. */
HN_MUST struct hn_err hn_store_comment_put(struct hn_store *s, const struct hn_principal *p, const char *on,
                                           struct hn_str id, struct hn_str text, struct hn_arena *a,
                                           struct hn_store_comment *ret);
HN_MUST struct hn_err hn_store_comments(struct hn_store *s, const struct hn_principal *p, const char *on,
                                        struct hn_str id, struct hn_arena *a, struct hn_store_comment **ret,
                                        size_t *ret_n);

/* ---------------------------------------------------------------- actions */

enum hn_action_state {
    HN_ACTION_OPEN,
    HN_ACTION_ACCEPTED,
    HN_ACTION_IN_PROGRESS,
    HN_ACTION_CLAIMED,
    HN_ACTION_VERIFIED, /* set by hn_store_run_put and nothing else */
    HN_ACTION_EXCEPTED
};
const char *hn_action_state_name(enum hn_action_state st);
bool hn_action_state_parse(struct hn_str s, enum hn_action_state *ret);

struct hn_store_action {
    struct hn_str id, finding, asset, org, owner, owner_name, reason, verified_run, created_by;
    enum hn_action_state state;
    hn_time due, created, updated, claimed_at, verified_at, excepted_until;
    uint64_t comments;
    struct hn_store_finding row; /* the finding, as in a list */
};

struct hn_store_action_query {
    struct hn_str org, owner /* account id */, asset, q;
    int state; /* enum hn_action_state, or -1 = all */
    enum hn_due_filter due;
    struct hn_page page; /* due (default, rising, none last), score, updated */
};
HN_MUST struct hn_err hn_store_actions(struct hn_store *s, const struct hn_principal *p,
                                       const struct hn_store_action_query *q, struct hn_arena *a,
                                       struct hn_store_action **ret, struct hn_listing *ret_listing);
HN_MUST struct hn_err hn_store_action_get(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                          struct hn_arena *a, struct hn_store_action *ret);
HN_MUST struct hn_err hn_store_action_history(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                              struct hn_arena *a, struct hn_store_history **ret, size_t *ret_n);
/* One live action a finding (EXISTS); a closed finding gets none (STATE). due 0 = the finding's. Operator. */
HN_MUST struct hn_err hn_store_action_put(struct hn_store *s, const struct hn_principal *p, struct hn_str finding,
                                          struct hn_str owner, hn_time due, struct hn_str comment, struct hn_arena *a,
                                          struct hn_str *ret_id);

struct hn_store_transition {
    enum hn_action_state to;              /* may be the present state, to change owner or due only */
    struct hn_str comment, reason, owner; /* owner empty = unchanged */
    hn_time due, until;                   /* due 0 = unchanged; until and reason: needed for excepted */
};
/* Operator; approver to except. open/accepted/in_progress → each other and claimed; claimed → in_progress; any of
 * these → excepted; excepted → open. verified is out of reach here and final (STATE). */
HN_MUST struct hn_err hn_store_action_move(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                           const struct hn_store_transition *t);
/* Live actions due before `before` and not reminded since `since`, for reminders; then mark them. System only. */
HN_MUST struct hn_err hn_store_actions_remind(struct hn_store *s, hn_time before, hn_time since, struct hn_arena *a,
                                              struct hn_store_action **ret, size_t *ret_n);

/* ---------------------------------------------------------------- baseline (accepted risks) */

struct hn_store_baseline {
    struct hn_str id, finding, kind, asset, asset_name, org, reason, owner, owner_name, by;
    hn_time at, expires, ended_at; /* ended: withdrawn or expired */
    bool expired;
    uint64_t findings; /* how many it covers now */
};
/* Either finding, or kind and asset. reason and expires (in the future) are compulsory. Approver. */
HN_MUST struct hn_err hn_store_baseline_put(struct hn_store *s, const struct hn_principal *p, struct hn_str finding,
                                            struct hn_str kind, struct hn_str asset, struct hn_str reason,
                                            struct hn_str owner, hn_time expires, struct hn_arena *a,
                                            struct hn_str *ret_id);
HN_MUST struct hn_err hn_store_baseline_end(struct hn_store *s, const struct hn_principal *p, struct hn_str id);
/* Newest first; with_ended shows the ended ones too. */
HN_MUST struct hn_err hn_store_baselines(struct hn_store *s, const struct hn_principal *p, struct hn_str org,
                                         bool with_ended, struct hn_arena *a, struct hn_store_baseline **ret,
                                         size_t *ret_n);

/* Reads what lists need of up to `most` assets into memory, so that the first list does not wait for it. *ret_more:
 * there is more to read. Called by the store role while nobody asks for anything. */
HN_MUST struct hn_err hn_store_warm(struct hn_store *s, unsigned most, bool *ret_more);

struct hn_store_sweep {
    uint64_t actions, baselines; /* exceptions that expired now, each with history, event and audit row */
    uint64_t sessions;           /* old ones removed */
};
/* Ends what has run out. Called every minute by the store role; lists also call it when something has run out. */
HN_MUST struct hn_err hn_store_sweep(struct hn_store *s, struct hn_store_sweep *ret);

/* ---------------------------------------------------------------- fixes */

const char *hn_fix_state_name(enum hn_fix_state st);
bool hn_fix_state_parse(struct hn_str s, enum hn_fix_state *ret);

struct hn_store_fix {
    struct hn_str id, finding, asset, org, kind, target, value, requested_by, approved_by;
    enum hn_fix_state state;
    hn_time at, approved_at, updated;
    struct hn_str journal; /* JSON array: what was done, how it is undone */
};
/* One live fix a finding (requested, approved, applying): EXISTS. Operator. */
HN_MUST struct hn_err hn_store_fix_request(struct hn_store *s, const struct hn_principal *p, struct hn_str finding,
                                           struct hn_arena *a, struct hn_str *ret_id);
/* requested → approved (approver). */
HN_MUST struct hn_err hn_store_fix_approve(struct hn_store *s, const struct hn_principal *p, struct hn_str id);
/* approved → applying; applying → applied | failed; applied | failed → undone; requested | approved → failed
 * (withdrawn). journal (when not empty) replaces the former one. Approver. The same state again only replaces the
 * journal. */
HN_MUST struct hn_err hn_store_fix_set(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                       enum hn_fix_state to, struct hn_str journal);
HN_MUST struct hn_err hn_store_fix_get(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                       struct hn_arena *a, struct hn_store_fix *ret);
/* Newest first. finding or asset may be given; live: only those not finished. */
HN_MUST struct hn_err hn_store_fixes(struct hn_store *s, const struct hn_principal *p, struct hn_str finding,
                                     struct hn_str asset, bool live, struct hn_arena *a, struct hn_store_fix **ret,
                                     size_t *ret_n);

/* ---------------------------------------------------------------- accounts, sessions */

struct hn_store_account {
    struct hn_str id, user, name, lang, password; /* password: the hash text, opaque here; empty = cannot sign in */
    bool disabled;
    hn_time created, last_sign_in;
    size_t n_grants;
    struct hn_grant *grants;
};
/* Accounts and grants: admin of every organisation granted (an account without grants: admin of the root). */
HN_MUST struct hn_err hn_store_account_put(struct hn_store *s, const struct hn_principal *p, struct hn_str user,
                                           struct hn_str name, struct hn_str lang, struct hn_str password,
                                           const struct hn_grant *grants, size_t n_grants, struct hn_arena *a,
                                           struct hn_str *ret_id);
struct hn_store_account_change {
    struct hn_str name, lang;      /* empty = unchanged */
    int disabled;                  /* -1 unchanged, 0, 1 (ends its sessions) */
    const struct hn_grant *grants; /* NULL = unchanged */
    size_t n_grants;
};
/* Own name and lang: anybody. The last admin of the root can neither be disabled nor lose that grant (STATE). */
HN_MUST struct hn_err hn_store_account_change(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                              const struct hn_store_account_change *c);
/* Own: anybody; else admin of all its grants. Ends all sessions of the account but keep (a token hash, or empty). */
HN_MUST struct hn_err hn_store_account_password(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                                struct hn_str password, struct hn_str keep);
/* Those that share a subtree with an admin's grants; password is left out. */
HN_MUST struct hn_err hn_store_accounts(struct hn_store *s, const struct hn_principal *p, struct hn_arena *a,
                                        struct hn_store_account **ret, size_t *ret_n);
/* People who can be owners of something in org: id, user, name only. Viewer. */
HN_MUST struct hn_err hn_store_account_get(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                           struct hn_arena *a, struct hn_store_account *ret);
/* For signing in: with the password hash; no principal yet. */
HN_MUST struct hn_err hn_store_account_by_user(struct hn_store *s, struct hn_str user, struct hn_arena *a,
                                               struct hn_store_account *ret);
HN_MUST struct hn_err hn_store_account_count(struct hn_store *s, uint64_t *ret);

struct hn_store_session {
    struct hn_str account; /* empty: bootstrap */
    struct hn_str csrf;
    hn_time created, expires, last_used;
    struct hn_store_account who;   /* of an account session */
    struct hn_principal principal; /* ready to use; lives in the arena */
};
/* Only hashes of tokens reach the store. account empty = bootstrap session (admin of the root). */
HN_MUST struct hn_err hn_store_session_put(struct hn_store *s, struct hn_str token_hash, struct hn_str account,
                                           struct hn_str csrf, hn_time expires);
/* NOENT: unknown, expired or its account disabled. */
HN_MUST struct hn_err hn_store_session_get(struct hn_store *s, struct hn_str token_hash, struct hn_arena *a,
                                           struct hn_store_session *ret);
HN_MUST struct hn_err hn_store_session_end(struct hn_store *s, struct hn_str token_hash);
/* Replaces the bootstrap token. use: NOENT unless it is the present one and not expired; then it is gone. */
HN_MUST struct hn_err hn_store_bootstrap_put(struct hn_store *s, struct hn_str token_hash, hn_time expires);
HN_MUST struct hn_err hn_store_bootstrap_use(struct hn_store *s, struct hn_str token_hash);

/* ---------------------------------------------------------------- audit, settings, events */

struct hn_store_audit {
    int64_t seq;
    hn_time at;
    struct hn_str by, what, object, detail, org;
    char hash[65]; /* SHA-256 over the row and the hash before it, hex */
};
/* For what happens outside the store (sign-in refused, configuration read …). */
HN_MUST struct hn_err hn_store_audit_put(struct hn_store *s, const struct hn_principal *p, struct hn_str org,
                                         const char *what, struct hn_str object, struct hn_str detail);
/* Newest first; org: subtree; q: words. Rows of organisations where p is approver. page.sort is not used. */
HN_MUST struct hn_err hn_store_audit(struct hn_store *s, const struct hn_principal *p, struct hn_str org,
                                     struct hn_str q, const struct hn_page *page, struct hn_arena *a,
                                     struct hn_store_audit **ret, struct hn_listing *ret_listing);

/* Settings of the program, not of people. get gives NOENT when unset. put with an empty value removes. Admin of root.
 */
HN_MUST struct hn_err hn_store_setting_get(struct hn_store *s, const char *key, struct hn_arena *a, struct hn_str *ret);
HN_MUST struct hn_err hn_store_setting_put(struct hn_store *s, const struct hn_principal *p, const char *key,
                                           struct hn_str value);

struct hn_store_event {
    int64_t id;
    hn_time at;
    struct hn_str org, kind /* finding action run org status */, object, what;
};
/* Events after `after` that p may see, oldest first. after < 0: none, but *ret_last is the newest id. *ret_gap: events
 * after `after` were already pruned; the listener must read everything anew. */
HN_MUST struct hn_err hn_store_events(struct hn_store *s, const struct hn_principal *p, int64_t after, unsigned most,
                                      struct hn_arena *a, struct hn_store_event **ret, size_t *ret_n, int64_t *ret_last,
                                      bool *ret_gap);
/* Adds one (run progress, banner): kind "run" or "status". */
HN_MUST struct hn_err hn_store_event_put(struct hn_store *s, struct hn_str org, const char *kind, struct hn_str object,
                                         const char *what);
/* Called after each durable change that made events; to wake listeners. Must not call the store. */
void hn_store_on_change(struct hn_store *s, void (*fn)(void *arg, int64_t last_event), void *arg);

/* ---------------------------------------------------------------- overview */

struct hn_store_now {
    struct hn_store_org org; /* with score, worst, counts, coverage, delta_7d */
    hn_time oldest_run;      /* oldest "last run" of an asset that was ever seen */
    uint64_t not_seen_findings;
};
/* The figures of Now for a subtree (org empty: the topmost visible). Its lists come from hn_store_findings (first 20),
 * hn_store_trend and hn_store_lower. */
HN_MUST struct hn_err hn_store_now(struct hn_store *s, const struct hn_principal *p, struct hn_str org,
                                   struct hn_arena *a, struct hn_store_now *ret);

/* ---------------------------------------------------------------- care */

struct hn_store_info {
    struct hn_str path;
    unsigned schema;
    uint64_t bytes;
    hn_time last_backup, created;
    uint64_t assets, findings, observations, runs;
    bool read_only;
};
HN_MUST struct hn_err hn_store_info(struct hn_store *s, struct hn_arena *a, struct hn_store_info *ret);

/* A complete copy while the store is in use: temporary file, checked, fsync, rename. An existing file: EXISTS. progress
 * (may be NULL) answers false to give up. */
HN_MUST struct hn_err hn_store_backup(struct hn_store *s, const struct hn_principal *p, const char *file,
                                      bool (*progress)(void *arg, unsigned percent), void *arg, struct hn_diag *reterr);
/* Puts a backup in place of the store of home (not open anywhere: BUSY). The backup is checked first; the former store
 * stays beside it as store.db.before-<time>; ret_old (may be NULL) gets its path. */
HN_MUST struct hn_err hn_store_restore(const char *home, const char *file, struct hn_arena *a, struct hn_str *ret_old,
                                       struct hn_diag *reterr);

struct hn_store_problem {
    struct hn_str what, detail; /* what: "integrity", "foreign-key", "audit-chain", "invariant" */
};
/* Looks at everything: file integrity, references, audit chain, invariants (no verified action without a closing run,
 * closed findings name their run, the tree is a tree, …). HN_OK with ret_n == 0: sound. */
HN_MUST struct hn_err hn_store_check(struct hn_store *s, struct hn_arena *a, struct hn_store_problem **ret,
                                     size_t *ret_n);

struct hn_store_retention { /* 0 = keep for ever */
    unsigned history_days;  /* former observations; closed findings' details stay */
    unsigned run_days;      /* runs that are no longer anybody's newest or closing run */
    unsigned closed_days;   /* closed findings without a live action, with their history */
    unsigned event_days;
    uint64_t most_bytes; /* beyond this, oldest history and runs go first */
};
struct hn_store_pruned {
    uint64_t history, runs, findings, events, bytes_before, bytes_after;
};
HN_MUST struct hn_err hn_store_prune(struct hn_store *s, const struct hn_principal *p,
                                     const struct hn_store_retention *r, struct hn_store_pruned *ret);
