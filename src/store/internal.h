/* Inside the store. Files, in reading order: migrations/, statement.c (prepared statements, errors), open.c (files,
 * lock, schema), change.c (transactions, audit, events, words), tree.c (organisations, who sees what), index.c + rows.c
 * (the list index in memory), rollup.c, run.c + run_obs.c + run_find.c (the closing rule), then one file per noun, then
 * care.c, check.c, prune.c.
 *
 *   public call ── store_ask / store_begin ──▶ statements ──▶ store_refresh(asset) ──▶ store_end: COMMIT
 *                                                                   │                        │
 *                                                   summary columns and trend points     index follows
 *
 * The index holds nothing that the tables do not say: whatever a transaction touched is read again from them. */
#pragma once

#include <sqlite3.h>

#include "base/hash.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/store.h"

struct store_migration {
    const char *name, *sql;
};
extern const struct store_migration store_migrations[];
extern const unsigned store_migrations_n;

#define STORE_APPLICATION_ID 0x48696e6f /* "Hino" */

/* ---------------------------------------------------------------- in memory */

#define STORE_NONE UINT32_MAX

struct store_org {
    int64_t n;
    struct hn_str id, path, name_en, name_ja, kind;
    uint32_t parent; /* index; STORE_NONE for the root */
    uint32_t size;   /* rows of the subtree, itself included: the subtree of i is i … i + size - 1 */
    uint32_t depth, children;
};

/* The findings of one asset as lists see them: columns, because a filter looks at one byte of most rows and there are
 * millions of them (45 bytes a row). Seconds, not nanoseconds. */
#define STORE_STATES 20
struct store_rows {
    uint32_t n;
    uint32_t *id;    /* finding.n */
    uint32_t *score; /* in steps of 1/STORE_SCORE_UNIT */
    uint32_t *due, *first, *opened, *last, *closed;
    uint32_t *subject; /* in s->subjects */
    uint32_t *cause;   /* in s->causes; 0 = its own id */
    float *share;      /* p · loss / loss_max */
    uint16_t *kind;    /* word */
    uint8_t *class_;   /* in s->classes */
    uint8_t *state;    /* severity << 4 | enum hn_finding_status */
    void *block;       /* what all of them lie in; owned */
    /* What a list can know of them without looking: how many of each severity and status, and how far values go. */
    uint32_t states[STORE_STATES];
    struct {
        uint32_t low, high; /* of due: of those that have one; high 0 = none has */
    } of_score, of_due, of_first, of_last;
};
#define STORE_SCORE_UNIT      4e7
#define STORE_STATUS(state)   ((state)&15)
#define STORE_SEVERITY(state) ((state) >> 4)
static inline unsigned store_state_index(unsigned state) /* in states */
{
    return STORE_SEVERITY(state) * 4 + STORE_STATUS(state);
}

struct store_sums { /* of one asset */
    bool has_score;
    double score;
    int worst;
    uint64_t open, not_seen, excepted, overdue, due_week, new_today, closed_lately;
    hn_time next_change; /* the counts against the clock hold until then */
};

struct store_asset {
    int64_t n, org_n;
    uint32_t org;            /* index into s->orgs */
    char *id, *name, *words; /* owned; words: what q looks in, lower case */
    double criticality;
    hn_time first_seen, last_run;
    struct store_sums sums;
    struct store_rows rows; /* owned */
    bool loaded;
};

/* Strings with numbers; 0 is the empty string. */
struct store_dict {
    struct hn_map map;
    struct hn_arena arena;
    struct hn_str *text;
    uint32_t n, cap;
};

#define STORE_CACHE 1024u

struct hn_store {
    sqlite3 *db;
    char *home, *path;
    int lock_fd;
    bool read_only;
    bool full; /* read only, since the disk was full */
    char why[512];
    struct {
        const char *sql;
        sqlite3_stmt *h;
    } cache[STORE_CACHE]; /* by address of the SQL literal */

    /* the transaction under way */
    unsigned depth;   /* nested begins; 1 = the outermost */
    bool batch, dead; /* dead: the database gave up the whole transaction; everything fails until it is ended */
    struct hn_err dead_why;
    bool words_new, tree_new;
    int64_t *touched; /* assets whose rows the transaction changed */
    size_t touched_n, touched_cap;
    int64_t last_event, told_event;
    unsigned commits; /* since the cache was fitted to the file */

    /* who asks, for the SQL function sees() */
    const struct hn_principal *asking;

    double loss_max, kappa;
    bool (*covers)(struct hn_str said, struct hn_str purl, struct hn_str version); /* NULL: no ranges */

    struct hn_arena tree_arena;
    struct store_org *orgs; /* in pre-order; the root is 0 */
    uint32_t orgs_n;
    struct hn_map org_by_id; /* index + 1 */
    uint32_t *org_of_n;      /* index by org.n; org_n_most + 1 of them */
    int64_t org_n_most;

    struct store_dict words; /* number in the database = number here */
    struct store_dict subjects, causes;
    struct {
        char text[256]; /* of struct store_search */
        unsigned words;
        uint8_t *bits; /* owned; of the first n subjects */
        uint8_t any;
        uint32_t n;
    } searched;            /* the last search in subjects */
    uint32_t classes[256]; /* words; there are a handful */
    unsigned classes_n;
    struct store_asset *assets; /* rising n */
    uint32_t assets_n, assets_cap;
    struct hn_map asset_by_id; /* index + 1 */
    bool assets_read;
    uint32_t unloaded;              /* assets whose rows are not in memory */
    uint32_t *rank;                 /* order of names, by index; NULL: to be made */
    struct store_lower_kept *lower; /* the last answer of hn_store_lower for a subtree */
    uint64_t generation;            /* grows with every change of assets or findings in memory */
    hn_time next_expiry;            /* first exception to run out; 0 none */
    bool expiry_known;

    void (*on_change)(void *arg, int64_t last_event);
    void *on_change_arg;

    struct store_soft *soft; /* software in memory (software_in.h); NULL: to be read */
};
void store_soft_drop(struct hn_store *s); /* software.c */

/* ---------------------------------------------------------------- statement.c */

/* A statement in use. Errors are sticky; st_end() tells. Bind in order, then st_row() or st_do(). Slices that are bound
 * must live until st_end(). */
struct st {
    struct hn_store *s;
    sqlite3_stmt *h;
    int rc, bound;
    bool owned;
};

struct st st_open(struct hn_store *s, const char *sql);   /* a literal: the statement is kept under its address */
struct st st_make(struct hn_store *s, struct hn_str sql); /* made for this once */
void st_int(struct st *q, int64_t v);
void st_ref(struct st *q, int64_t n); /* 0 is NULL */
void st_num(struct st *q, double v);
void st_str(struct st *q, struct hn_str v); /* empty is '' */
void st_c(struct st *q, const char *v);
void st_blob(struct st *q, struct hn_bytes b);
bool st_row(struct st *q);
int64_t st_get(struct st *q, int col);
double st_get_num(struct st *q, int col);
struct hn_str st_text(struct st *q, int col); /* borrowed until the next st_row() or st_end() */
struct hn_str st_copy(struct st *q, int col, struct hn_arena *a);
struct hn_bytes st_bytes(struct st *q, int col);
HN_MUST struct hn_err st_end(struct st *q);
HN_MUST struct hn_err st_do(struct st *q); /* to the end, then st_end() */
/* First column of the first row. NOENT (without a text) when there is none. */
HN_MUST struct hn_err st_one(struct st *q, int64_t *ret);
void st_forget(struct hn_store *s);                         /* all kept statements */
HN_MUST struct hn_err store_cache_size(struct hn_store *s); /* open.c: fits it to the file */
HN_MUST struct hn_err store_exec(struct hn_store *s, const char *sql);

HN_MUST struct hn_err store_fail(struct hn_store *s, enum hn_err_code code, const char *fmt, ...) HN_PRINTF(3, 4);
HN_MUST struct hn_err store_sql_err(struct hn_store *s, int rc);
enum hn_err_code store_code_of(sqlite3 *db, int rc);

/* ---------------------------------------------------------------- change.c */

/* Every call that changes something: begin, work, end. end commits when e is HN_OK and gives e or why not. */
HN_MUST struct hn_err store_begin(struct hn_store *s);
HN_MUST struct hn_err store_end(struct hn_store *s, struct hn_err e);
/* Many small reads in a row: one look at the file's state (locks, sizes) for all of them. Pairs nest; without effect
 * within a transaction. False only says that each read looks for itself. */
bool store_reading_begin(struct hn_store *s);
void store_reading_end(struct hn_store *s, bool began);
/* Every call that only reads. */
void store_ask(struct hn_store *s, const struct hn_principal *p);
HN_MUST struct hn_err store_touch(struct hn_store *s, int64_t asset);
HN_MUST struct hn_err store_audit_add(struct hn_store *s, const struct hn_principal *p, int64_t org, const char *what,
                                      struct hn_str object, struct hn_str detail);
HN_MUST struct hn_err store_event_add(struct hn_store *s, int64_t org, const char *kind, struct hn_str object,
                                      const char *what);
enum { STORE_ON_FINDING = 1, STORE_ON_ACTION = 2, STORE_ON_PRODUCT = 3 };
HN_MUST struct hn_err store_history_add(struct hn_store *s, int on, int64_t object, hn_time at, const char *event,
                                        int64_t run, struct hn_str by, struct hn_str detail);
HN_MUST struct hn_err store_histories(struct hn_store *s, int on, int64_t object, struct hn_arena *a,
                                      struct hn_store_history **ret, size_t *ret_n, size_t before);
HN_MUST struct hn_err store_word(struct hn_store *s, struct hn_str text, uint32_t *ret); /* adds it when new */
uint32_t store_word_find(struct hn_store *s, struct hn_str text); /* 0 none (also for the empty text) */
struct hn_str store_word_text(const struct hn_store *s, int64_t n);
HN_MUST struct hn_err store_words_read(struct hn_store *s);
HN_MUST struct hn_err store_meta_put(struct hn_store *s, const char *key, struct hn_str value);
HN_MUST struct hn_err store_meta_get(struct hn_store *s, const char *key, struct hn_arena *a, struct hn_str *ret);
/* False: memory. */
bool store_audit_hash(struct hn_bytes prev, int64_t seq, hn_time at, const struct hn_str text[4], int64_t org,
                      uint8_t out[HN_SHA256_LEN]);

void store_dict_init(struct store_dict *d);
void store_dict_done(struct store_dict *d);
HN_MUST struct hn_err store_dict_add(struct store_dict *d, struct hn_str text, uint32_t *ret);
uint32_t store_dict_find(const struct store_dict *d, struct hn_str text); /* STORE_NONE when not there */

/* ---------------------------------------------------------------- tree.c */

HN_MUST struct hn_err store_tree_read(struct hn_store *s);
uint32_t store_org_at(const struct hn_store *s, struct hn_str id); /* index, STORE_NONE */
uint32_t store_org_of_n(const struct hn_store *s, int64_t n);
static inline bool store_org_below(const struct hn_store *s, uint32_t top, uint32_t org)
{
    return org >= top && org - top < s->orgs[top].size;
}
/* The decision itself, on indices; hn_store_visible() and sees() in SQL both come here. */
enum hn_role store_role(const struct hn_store *s, const struct hn_principal *p, uint32_t org);
/* HN_OK; NOENT when p does not even see it; PERM when its role is too low. */
HN_MUST struct hn_err store_need(struct hn_store *s, const struct hn_principal *p, uint32_t org, enum hn_role role);
/* For a query's org parameter: empty gives STORE_NONE (no narrowing), else the index, or NOENT. */
HN_MUST struct hn_err store_subtree(struct hn_store *s, const struct hn_principal *p, struct hn_str org, uint32_t *ret);
HN_MUST struct hn_err store_tree_functions(struct hn_store *s);

/* ---------------------------------------------------------------- index.c */

/* The newest run of each (module, scope) of an asset. */
struct store_cover_at {
    uint32_t module, scope;
    int64_t run;
    hn_time at;
};
HN_MUST struct hn_err store_covers(struct hn_store *s, int64_t asset, struct hn_arena *a, struct store_cover_at **ret,
                                   size_t *ret_n);
void store_lower_forget(struct hn_store *s);
uint32_t store_module_of(struct hn_store *s, uint32_t kind); /* the word before the dot; 0 unknown */

HN_MUST struct hn_err store_index_read(struct hn_store *s);     /* the assets, once */
HN_MUST struct hn_err store_index_load_all(struct hn_store *s); /* all rows */
HN_MUST struct hn_err store_index_load(struct hn_store *s, struct store_asset *a);
void store_index_drop(struct hn_store *s);
HN_MUST struct hn_err store_index_reread(struct hn_store *s, int64_t asset); /* summary; rows are forgotten */
struct store_asset *store_asset_of_n(struct hn_store *s, int64_t n);
struct store_asset *store_asset_at(struct hn_store *s, struct hn_str id);
/* Visible to p with that role: HN_OK and the asset. */
HN_MUST struct hn_err store_asset_need(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                       enum hn_role role, struct store_asset **ret);
HN_MUST struct hn_err store_rank(struct hn_store *s);
/* Adds up rows against the clock. */
HN_MUST struct hn_err store_sum(struct hn_store *s, const struct store_asset *a, hn_time now, struct store_sums *ret);
/* Brings the counts up to now (reads the rows if need be). */
HN_MUST struct hn_err store_index_fresh(struct hn_store *s, struct store_asset *a, hn_time now);
HN_MUST struct hn_err store_index_fresh_all(struct hn_store *s, hn_time now);

/* Words of a search: all must occur. */
#define STORE_SEARCH_WORDS 8u
struct store_search {
    char text[256];
    const char *word[STORE_SEARCH_WORDS];
    unsigned n;
};
void store_search_init(struct store_search *f, struct hn_str q);
/* Per subject the bits of the words in it, and all of them together. Kept for the next page of the same search;
 * borrowed until the next call. */
HN_MUST struct hn_err store_search_subjects(struct hn_store *s, const struct store_search *f, const uint8_t **ret,
                                            uint8_t *ret_any);
/* Bits of the words that occur in text (lower case). */
unsigned store_search_in(const struct store_search *f, struct hn_str text);
char *store_lower(const char *a, const char *b, const char *c); /* joined by blanks, lower case, owned; NULL: memory */

/* ---------------------------------------------------------------- rows.c */

/* Reads an asset's rows: from its packed copy, or from the findings themselves. */
HN_MUST struct hn_err store_rows_read(struct hn_store *s, int64_t asset, bool packed, struct store_rows *ret);
/* Makes the packed copy what the findings say; writes only when it differs. */
HN_MUST struct hn_err store_rows_pack(struct hn_store *s, int64_t asset);
/* Is it? */
HN_MUST struct hn_err store_rows_sound(struct hn_store *s, int64_t asset, bool *ret);
void store_rows_done(struct store_rows *r);

/* ---------------------------------------------------------------- rollup.c */

struct store_roll {
    struct hn_store_org out;
    double weight, weighted; /* Σ criticality, Σ criticality · score */
    hn_time oldest_run;
};
/* One per organisation, in pre-order. fresh: counts against the clock are brought up to now first. */
HN_MUST struct hn_err store_roll(struct hn_store *s, hn_time now, bool fresh, struct hn_arena *a,
                                 struct store_roll **ret);
/* After the findings, actions or criticality of an asset changed, within the transaction: summary, trend points. */
HN_MUST struct hn_err store_refresh(struct hn_store *s, int64_t asset, hn_time now);
HN_MUST struct hn_err store_org_points(struct hn_store *s, uint32_t org, hn_time now);
/* Host score over the rows that are not closed. False: memory. */
bool store_host_score(const struct store_rows *rows, double *ret);

/* ---------------------------------------------------------------- findings, actions */

/* excepted_until of the finding (or of all of the asset when finding is 0) from live exceptions. */
HN_MUST struct hn_err store_except(struct hn_store *s, int64_t asset, int64_t finding);
/* full: with last_run, which costs another look. */
HN_MUST struct hn_err store_finding_row(struct hn_store *s, int64_t n, bool full, hn_time now, struct hn_arena *a,
                                        struct hn_store_finding *ret);
/* Its row number and asset, if p may. */
HN_MUST struct hn_err store_finding_need(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                         enum hn_role role, int64_t *ret_n, struct store_asset **ret_asset);
HN_MUST struct hn_err store_action_need(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                        enum hn_role role, int64_t *ret_n, struct store_asset **ret_asset);
/* What a run settled about a finding. */
HN_MUST struct hn_err store_action_closed(struct hn_store *s, int64_t finding, int64_t run, hn_time at,
                                          uint64_t *verified);
HN_MUST struct hn_err store_action_seen(struct hn_store *s, int64_t finding, int64_t run, hn_time at,
                                        uint64_t *not_fixed);
HN_MUST struct hn_err store_action_unverify(struct hn_store *s, int64_t finding, int64_t run, hn_time at);
HN_MUST struct hn_err store_account_of(struct hn_store *s, struct hn_str id, int64_t *ret_n); /* 0 for empty */
enum hn_role store_account_role(struct hn_store *s, int64_t account, uint32_t org);           /* by its grants */
HN_MUST struct hn_err store_account_full(struct hn_store *s, int64_t n, struct hn_arena *a,
                                         struct hn_store_account *ret);
HN_MUST struct hn_err store_asset_keys(struct hn_store *s, int64_t asset, const struct hn_store_identity *who);
HN_MUST struct hn_err store_sweep_due(struct hn_store *s, hn_time now); /* sweeps when something has run out */

/* ---------------------------------------------------------------- run_*.c */

struct store_run {
    struct hn_store *s;
    const struct hn_store_run *in;
    struct hn_store_run_result *out;
    struct hn_arena *a;
    struct store_asset *asset;
    int64_t asset_n, n; /* of run */
    hn_time at, received;
    struct store_run_part *part;   /* one per in->cover */
    struct store_cover_at *covers; /* as they were before this run */
    size_t covers_n;
    unsigned events;
    size_t work; /* comparisons with what is hidden */
};

struct store_run_part {
    const struct hn_store_run_cover *in;
    uint32_t module, scope; /* words */
    hn_time before;         /* the newest run of (asset, module, scope) before this one; 0 none */
    bool late;              /* it is newer than this one */
    uint64_t observations;
    struct hn_map then; /* who was hidden in then_run */
    int64_t then_run;
};

/* May something that this part of the run could not look at hide what was last seen in last_run? */
HN_MUST struct hn_err store_run_hides(struct store_run *r, struct store_run_part *p, uint32_t kind,
                                      struct hn_str subject, struct hn_str location, hn_time last, int64_t last_run,
                                      bool *ret);
HN_MUST struct hn_err store_run_observations(struct store_run *r);
HN_MUST struct hn_err store_run_findings(struct store_run *r);
/* Open findings as others' sightings now rank them, outside a run. */
HN_MUST struct hn_err store_run_retell(struct store_run *r, const struct hn_store_run_finding *f, size_t n);
/* For a sighting at `at` over (module, scope): what the later runs of the same scope make of it.
 * 0 open (none is later), 1 not seen, 2 closed (then by which and when). judged: the runs must have judged too. */
HN_MUST struct hn_err store_run_later(struct store_run *r, uint32_t module, uint32_t scope, int privilege, hn_time at,
                                      bool judged, int *ret_presence, int64_t *ret_run, hn_time *ret_at);
/* When the newest run of (module, scope) was, before this one, and which; 0 none. */
hn_time store_run_before(const struct store_run *r, uint32_t module, uint32_t scope, int64_t *ret_run);
/* The part of the run that (module, scope) belongs to; scope empty: the module's first. NULL: none. */
struct store_run_part *store_run_part(struct store_run *r, struct hn_str module, struct hn_str scope);
/* For what named no scope and is known from this one: the module's part over it, if the run has one, else `first`. */
struct store_run_part *store_run_part_of(struct store_run *r, struct store_run_part *first, uint32_t scope);

/* ---------------------------------------------------------------- small things */

#define STORE_S(p) hn_str_c(p)
static inline uint32_t store_secs(hn_time t)
{
    return t <= 0 ? 0 : t / HN_SECOND >= UINT32_MAX ? UINT32_MAX : (uint32_t)(t / HN_SECOND);
}
static inline int64_t store_day(hn_time t)
{
    return t / HN_DAY;
}
/* A growing array in an arena. NULL: memory. */
#define STORE_PUSH(arena, ptr, n, cap) ((ptr) = hn_arena_more((arena), (ptr), (n), &(cap), sizeof *(ptr)))
HN_MUST struct hn_err store_nomem(struct hn_store *s);
/* "[\"a\",\"b\"]" both ways. */
HN_MUST struct hn_err store_names_json(struct hn_store *s, const struct hn_str *names, size_t n, struct hn_arena *a,
                                       struct hn_str *ret);
void store_names_read(struct hn_str json, struct hn_arena *a, struct hn_str **ret, size_t *ret_n);
/* Cursor texts: two numbers. False: not one of ours. */
struct hn_str store_cursor(struct hn_arena *a, uint64_t key, uint64_t n);
bool store_cursor_read(struct hn_str text, uint64_t *ret_key, uint64_t *ret_n);
