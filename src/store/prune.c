/* Retention: what may be forgotten, oldest first. Never: what is open, what an action rests on, the audit log. */
#include "store/internal.h"

static struct hn_err del(struct hn_store *s, const char *sql, hn_time before, uint64_t *n)
{
    struct st q = st_open(s, sql);

    st_int(&q, before);
    HN_TRY(st_do(&q));
    *n += (uint64_t)sqlite3_changes64(s->db);
    return HN_OK;
}

static struct hn_err prune_history(struct hn_store *s, hn_time before, uint64_t *n)
{
    HN_TRY(del(s, "DELETE FROM observation_history WHERE until < ?", before, n));
    HN_TRY(del(s,
               "DELETE FROM observation_history WHERE observation IN (SELECT n FROM observation WHERE gone_at > 0 AND "
               "gone_at < ?)",
               before, n));
    return del(s, "DELETE FROM observation WHERE gone_at > 0 AND gone_at < ?", before, n);
}

/* Kept: the newest of any scope, and those that closed a finding, verified an action or are somebody's last sighting. A
 * run that is forgotten must not be taken a second time for new: it is older than the newest of its scopes, so it could
 * only come in as a late one. */
static struct hn_err prune_runs(struct hn_store *s, hn_time before, uint64_t *n)
{
    HN_TRY(store_exec(s, "CREATE TEMP TABLE IF NOT EXISTS old_run (n INTEGER PRIMARY KEY); DELETE FROM old_run"));
    struct st q =
        st_open(s, "INSERT INTO old_run SELECT n FROM run r WHERE r.ordered_at < ? AND NOT EXISTS (SELECT 1 FROM "
                   "cover c WHERE c.run = r.n) AND n NOT IN (SELECT closed_run FROM finding) AND n NOT IN (SELECT "
                   "verified_run FROM action) AND n NOT IN (SELECT run FROM finding WHERE at > 0) AND n NOT IN "
                   "(SELECT run FROM observation WHERE at > 0)");
    st_int(&q, before);
    HN_TRY(st_do(&q));
    HN_TRY(store_exec(s, "DELETE FROM run_cover WHERE run IN (SELECT n FROM old_run)"));
    struct st d = st_open(s, "DELETE FROM run WHERE n IN (SELECT n FROM old_run)");
    HN_TRY(st_do(&d));
    *n += (uint64_t)sqlite3_changes64(s->db);
    return HN_OK;
}

/* Closed findings with everything about them. Assets' sums do not count them, except in "closed lately". */
static struct hn_err prune_findings(struct hn_store *s, hn_time before, uint64_t *n)
{
    HN_TRY(store_exec(s, "CREATE TEMP TABLE IF NOT EXISTS old_finding (n INTEGER PRIMARY KEY, asset INTEGER); "
                         "DELETE FROM old_finding"));
    struct st q =
        st_open(s, "INSERT INTO old_finding SELECT n, asset FROM finding f WHERE presence = 2 AND closed_at < ? AND "
                   "NOT EXISTS (SELECT 1 FROM action a WHERE a.finding = f.n AND a.state <> 4) AND NOT EXISTS "
                   "(SELECT 1 FROM baseline b WHERE b.finding = f.n) AND NOT EXISTS (SELECT 1 FROM fix x WHERE "
                   "x.finding = f.n AND x.state < 3)");
    st_int(&q, before);
    HN_TRY(st_do(&q));
    HN_TRY(store_exec(
        s, "DELETE FROM history WHERE what = 2 AND object IN (SELECT a.n FROM action a JOIN old_finding o ON "
           "o.n = a.finding); DELETE FROM comment WHERE what = 2 AND object IN (SELECT a.n FROM action a JOIN "
           "old_finding o ON o.n = a.finding); DELETE FROM action WHERE finding IN (SELECT n FROM old_finding); "
           "DELETE FROM fix WHERE finding IN (SELECT n FROM old_finding); DELETE FROM history WHERE what = 1 "
           "AND object IN (SELECT n FROM old_finding); DELETE FROM comment WHERE what = 1 AND object IN "
           "(SELECT n FROM old_finding); DELETE FROM finding_text WHERE finding IN (SELECT n FROM "
           "old_finding)"));
    struct st d = st_open(s, "DELETE FROM finding WHERE n IN (SELECT n FROM old_finding)");
    HN_TRY(st_do(&d));
    *n += (uint64_t)sqlite3_changes64(s->db);
    struct st t = st_open(s, "SELECT DISTINCT asset FROM old_finding");
    struct hn_err e = HN_OK;
    while (hn_ok(e) && st_row(&t))
        e = store_refresh(s, st_get(&t, 0), hn_now());
    struct hn_err end = st_end(&t);
    return hn_ok(e) ? end : e;
}

static struct hn_err by_age(struct hn_store *s, const struct hn_store_retention *r, hn_time now,
                            struct hn_store_pruned *ret)
{
    if (r->history_days)
        HN_TRY(prune_history(s, now - (hn_time)r->history_days * HN_DAY, &ret->history));
    if (r->closed_days)
        HN_TRY(prune_findings(s, now - (hn_time)r->closed_days * HN_DAY, &ret->findings));
    if (r->run_days)
        HN_TRY(prune_runs(s, now - (hn_time)r->run_days * HN_DAY, &ret->runs));
    if (r->event_days)
        HN_TRY(del(s, "DELETE FROM event WHERE at < ?", now - (hn_time)r->event_days * HN_DAY, &ret->events));
    return HN_OK;
}

static struct hn_err bytes(struct hn_store *s, uint64_t *ret)
{
    int64_t n = 0;
    struct st q = st_open(s, "SELECT (c.page_count - f.freelist_count) * p.page_size FROM pragma_page_count c, "
                             "pragma_freelist_count f, pragma_page_size p");

    HN_TRY(st_one(&q, &n));
    *ret = (uint64_t)n;
    return HN_OK;
}

/* Beyond the size: ever younger history and runs go, by halves of the time since the oldest. */
static struct hn_err by_size(struct hn_store *s, uint64_t most, hn_time now, struct hn_store_pruned *ret)
{
    static const unsigned days[] = {365, 180, 90, 45, 21, 10, 5, 2, 1};

    for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
        struct hn_store_retention r = {.history_days = days[i], .run_days = days[i], .event_days = days[i]};
        HN_TRY(bytes(s, &ret->bytes_after));
        if (ret->bytes_after <= most)
            return HN_OK;
        HN_TRY(by_age(s, &r, now, ret));
    }
    return HN_OK;
}

static struct hn_err prune(struct hn_store *s, const struct hn_principal *p, const struct hn_store_retention *r,
                           struct hn_store_pruned *ret)
{
    hn_time now = hn_now();

    HN_TRY(bytes(s, &ret->bytes_before));
    HN_TRY(by_age(s, r, now, ret));
    if (r->most_bytes)
        HN_TRY(by_size(s, r->most_bytes, now, ret));
    HN_TRY(bytes(s, &ret->bytes_after));
    return store_audit_add(s, p, 1, "store.prune", HN_STR(""), HN_STR(""));
}

struct hn_err hn_store_prune(struct hn_store *s, const struct hn_principal *p, const struct hn_store_retention *r,
                             struct hn_store_pruned *ret)
{
    store_ask(s, p);
    *ret = (struct hn_store_pruned){0};
    HN_TRY(store_need(s, p, 0, HN_ROLE_ADMIN));
    HN_TRY(store_begin(s));
    HN_TRY(store_end(s, prune(s, p, r, ret)));
    store_index_drop(s); /* closed findings may be gone from any asset */
    return store_exec(s, "PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(PASSIVE)");
}
