/* Is everything sound? File, references, audit chain, and what must hold whatever happened. */
#include <inttypes.h>
#include <stdio.h>

#include "store/internal.h"

#define PROBLEMS_MOST 200u

struct problems {
    struct hn_store *s;
    struct hn_arena *a;
    struct hn_store_problem *v;
    size_t n, cap;
};

static void add(struct problems *p, const char *what, struct hn_str detail)
{
    if (p->n < PROBLEMS_MOST && STORE_PUSH(p->a, p->v, p->n, p->cap))
        p->v[p->n++] = (struct hn_store_problem){hn_str_c(what), hn_arena_str(p->a, detail)};
}

static struct hn_err integrity(struct problems *p)
{
    struct st q = st_make(p->s, HN_STR("PRAGMA integrity_check(50)"));

    while (st_row(&q))
        if (!hn_str_eqc(st_text(&q, 0), "ok"))
            add(p, "integrity", st_text(&q, 0));
    HN_TRY(st_end(&q));
    struct st f = st_make(p->s, HN_STR("PRAGMA foreign_key_check"));
    while (st_row(&f)) {
        struct hn_str table = st_text(&f, 0),
                      of = hn_arena_fmt(p->a, "%.*s row %" PRId64, HN_FMT(table), st_get(&f, 1));
        struct hn_str to = st_text(&f, 2);
        add(p, "foreign-key", hn_arena_fmt(p->a, "%.*s refers to no %.*s", HN_FMT(of), HN_FMT(to)));
    }
    return st_end(&f);
}

/* ---------------------------------------------------------------- audit chain */

static bool link_holds(struct st *q, int64_t expected, struct hn_bytes prev, uint8_t hash[HN_SHA256_LEN], bool *nomem)
{
    struct hn_str text[4];
    int64_t seq = st_get(q, 0);
    struct hn_bytes stored_prev, stored;

    for (int i = 0; i < 4; i++)
        text[i] = st_text(q, 2 + i);
    *nomem = !store_audit_hash(prev, seq, st_get(q, 1), text, st_get(q, 6), hash);
    if (*nomem)
        return false;
    stored_prev = st_bytes(q, 7);
    stored = st_bytes(q, 8);
    return seq == expected && stored_prev.n == HN_SHA256_LEN && memcmp(stored_prev.p, prev.p, HN_SHA256_LEN) == 0 &&
           stored.n == HN_SHA256_LEN && memcmp(stored.p, hash, HN_SHA256_LEN) == 0;
}

static struct hn_err chain(struct problems *p)
{
    uint8_t prev[HN_SHA256_LEN] = {0}, hash[HN_SHA256_LEN];
    char head[32 + HN_HEX256_LEN], hex[HN_HEX256_LEN];
    int64_t seq = 0;
    bool holds = true, nomem = false;
    struct hn_str stored = HN_STR("");
    struct st q = st_open(p->s, "SELECT seq, at, by, what, object, detail, org, prev, hash FROM audit ORDER BY seq");

    while (holds && st_row(&q)) {
        holds = link_holds(&q, ++seq, hn_bytes_of(prev, sizeof prev), hash, &nomem);
        memcpy(prev, hash, sizeof prev);
        if (!holds && !nomem)
            add(p, "audit-chain",
                hn_arena_fmt(p->a, "row %" PRId64 " was changed, or rows before it are missing", st_get(&q, 0)));
    }
    HN_TRY(st_end(&q));
    if (!holds)
        return nomem ? store_nomem(p->s) : HN_OK;
    struct hn_err e = store_meta_get(p->s, "audit-head", p->a, &stored);
    if (!hn_ok(e) && e.code != HN_E_NOENT)
        return e;
    hn_hex(hn_bytes_of(prev, sizeof prev), hex);
    snprintf(head, sizeof head, "%" PRId64 " %s", seq, hex);
    if (seq ? !hn_str_eqc(stored, head) : stored.n > 0)
        add(p, "audit-chain", HN_STR("rows at the end are missing or were added from outside"));
    return HN_OK;
}

/* ---------------------------------------------------------------- invariants */

/* Each gives the ids of what breaks it. */
static const struct {
    const char *says, *sql;
} invariants[] = {
    {"a verified action has no closing run", "SELECT a.id FROM action a LEFT JOIN run r ON r.n = a.verified_run WHERE "
                                             "a.state = 4 AND (r.n IS NULL OR r.asset <> "
                                             "a.asset)"},
    {"a verified action was not verified by a run that could close its finding",
     "SELECT a.id FROM action a JOIN finding f ON f.n = a.finding JOIN word k ON k.n = f.kind WHERE a.state = 4 AND "
     "NOT EXISTS "
     "(SELECT 1 FROM run_cover c JOIN word m ON m.n = c.module WHERE c.run = a.verified_run AND c.complete AND "
     "c.judged AND "
     "m.text = substr(k.text, 1, instr(k.text, '.') - 1))"},
    /* Runs that verified something are never pruned, nor is the history of what is there. */
    {"a verified action is not verified in its history",
     "SELECT a.id FROM action a WHERE a.state = 4 AND NOT EXISTS (SELECT 1 FROM history h JOIN word k ON k.n = h.event "
     "WHERE h.what = 2 AND h.object = a.n AND k.text = 'verified' AND h.run = a.verified_run AND h.at = a.verified_at "
     "AND NOT EXISTS (SELECT 1 FROM history l JOIN word w ON w.n = l.event WHERE l.what = 2 AND l.object = a.n AND "
     "l.n > h.n AND w.text = 'not_fixed'))"},
    {"a verified action has an open finding that did not come back",
     "SELECT a.id FROM action a JOIN finding f ON f.n = a.finding WHERE a.state = 4 AND f.presence <> 2 AND NOT EXISTS "
     "(SELECT 1 FROM history h JOIN word k ON k.n = h.event WHERE h.what = 1 AND h.object = f.n AND k.text = "
     "'reopened' AND h.n > (SELECT max(v.n) FROM history v JOIN word w ON w.n = v.event WHERE v.what = 2 AND v.object "
     "= "
     "a.n AND w.text = 'verified'))"},
    {"a closed finding has no complete run that closed it",
     "SELECT f.id FROM finding f JOIN word k ON k.n = f.kind WHERE f.presence = 2 AND NOT EXISTS (SELECT 1 FROM run r "
     "JOIN "
     "run_cover c ON c.run = r.n AND c.complete AND c.judged JOIN word m ON m.n = c.module WHERE r.n = f.closed_run "
     "AND "
     "r.asset = f.asset AND r.ordered_at = f.closed_at AND m.text = substr(k.text, 1, instr(k.text, '.') - 1))"},
    {"a finding was closed before it was last seen", "SELECT id FROM finding WHERE presence = 2 AND at >= closed_at"},
    {"a closed finding has a live action",
     "SELECT a.id FROM action a JOIN finding f ON f.n = a.finding WHERE f.presence = 2 AND a.state <> 4"},
    {"a finding has no text", "SELECT id FROM finding WHERE n NOT IN (SELECT finding FROM finding_text)"},
    {"an open finding follows a scope that was never covered",
     "SELECT f.id FROM finding f JOIN word k ON k.n = f.kind WHERE f.at = 0 AND NOT EXISTS (SELECT 1 FROM cover c JOIN "
     "word m "
     "ON m.n = c.module WHERE c.asset = f.asset AND c.scope = f.scope AND m.text = substr(k.text, 1, instr(k.text, "
     "'.') - "
     "1))"},
    {"a coverage names a run that does not cover it", "SELECT x.id FROM cover c JOIN asset x ON x.n = c.asset WHERE "
                                                      "NOT EXISTS (SELECT 1 FROM run_cover rc JOIN run r ON r.n = "
                                                      "rc.run WHERE rc.run = c.run AND rc.module = c.module AND "
                                                      "rc.scope = c.scope AND r.ordered_at = c.at AND r.asset = "
                                                      "c.asset)"},
    {"a coverage is not the newest one",
     "SELECT x.id FROM cover c JOIN asset x ON x.n = c.asset JOIN run r ON r.asset = c.asset AND r.ordered_at > c.at "
     "JOIN "
     "run_cover rc ON rc.run = r.n AND rc.module = c.module AND rc.scope = c.scope"},
    {"the sums of an asset are not those of its findings", "SELECT x.id FROM asset x WHERE x.open <> (SELECT count(*) "
                                                           "FROM finding f WHERE f.asset = x.n AND f.presence = 0 AND "
                                                           "f.excepted_until = 0) OR x.not_seen <> (SELECT count(*) "
                                                           "FROM finding f WHERE f.asset = x.n AND f.presence = 1 AND "
                                                           "f.excepted_until = 0) OR x.excepted <> (SELECT count(*) "
                                                           "FROM finding f WHERE f.asset = x.n AND f.presence <> 2 AND "
                                                           "f.excepted_until > 0)"},
    {"an exception is not backed by an action or an acceptance",
     "SELECT f.id FROM finding f WHERE f.excepted_until > 0 AND f.presence <> 2 AND NOT EXISTS (SELECT 1 FROM action a "
     "WHERE "
     "a.finding = f.n AND a.state = 5) AND NOT EXISTS (SELECT 1 FROM baseline b WHERE b.asset = f.asset AND b.ended_at "
     "= 0 "
     "AND (b.finding = f.n OR b.kind = f.kind))"},
    {"the path of an organisation is not that of its parent",
     "SELECT o.id FROM org o JOIN org p ON p.n = o.parent WHERE o.path <> p.path || printf('%08x.', o.n)"},
    {"an action belongs to another asset than its finding",
     "SELECT a.id FROM action a JOIN finding f ON f.n = a.finding WHERE a.asset <> f.asset"},
    {"a comment or a line of history is about nothing", "SELECT 'row ' || n FROM comment WHERE NOT (what = 1 AND "
                                                        "object IN (SELECT n FROM finding) OR what = 2 AND object IN "
                                                        "(SELECT n FROM action)) UNION ALL SELECT 'row ' || n FROM "
                                                        "history WHERE NOT (what = 1 AND object IN (SELECT n FROM "
                                                        "finding) OR what = 2 AND object IN (SELECT n FROM action) OR "
                                                        "what = 3 AND object IN (SELECT n FROM product))"},
    {"a bill of materials has no parts", "SELECT id FROM sbom WHERE n NOT IN (SELECT sbom FROM sbom_part)"},
    {"a release has two newest bills of materials", "SELECT r.id FROM product_release r WHERE (SELECT count(*) FROM "
                                                    "sbom b WHERE b.release = r.n AND b.until = 0) > 1"},
    {"a component is unknown without a reason", "SELECT 'row ' || n FROM component WHERE (state = 2) <> (why <> '')"},
};

static struct hn_err hold(struct problems *p)
{
    for (size_t i = 0; i < sizeof invariants / sizeof *invariants; i++) {
        unsigned told = 0;
        struct st q = st_open(p->s, invariants[i].sql);
        while (told++ < 10 && st_row(&q)) {
            struct hn_str id = st_text(&q, 0);
            add(p, "invariant", hn_arena_fmt(p->a, "%s: %.*s", invariants[i].says, HN_FMT(id)));
        }
        HN_TRY(st_end(&q));
    }
    return HN_OK;
}

/* The packed copies of the list index say what the findings say. */
static struct hn_err packed(struct problems *p)
{
    struct hn_err e = HN_OK;
    struct st q = st_open(p->s, "SELECT n, id FROM asset");

    while (hn_ok(e) && st_row(&q)) {
        bool sound = true;
        e = store_rows_sound(p->s, st_get(&q, 0), &sound);
        if (hn_ok(e) && !sound) {
            struct hn_str id = st_text(&q, 1);
            add(p, "invariant",
                hn_arena_fmt(p->a, "the list index of an asset is not that of its findings: %.*s", HN_FMT(id)));
        }
    }
    struct hn_err end = st_end(&q);
    return hn_ok(e) ? end : e;
}

struct hn_err hn_store_check(struct hn_store *s, struct hn_arena *a, struct hn_store_problem **ret, size_t *ret_n)
{
    struct problems p = {.s = s, .a = a};

    store_ask(s, &hn_principal_system);
    struct hn_err e = integrity(&p);
    if (hn_ok(e) && p.n == 0) {
        e = chain(&p);
        if (hn_ok(e))
            e = hold(&p);
        if (hn_ok(e))
            e = packed(&p);
    }
    /* A file so damaged that it cannot be read through: that is the answer, not a failure to answer. */
    if (e.code == HN_E_CORRUPT) {
        add(&p, "integrity", hn_str_c(s->why));
        e = HN_OK;
    }
    *ret = p.v;
    *ret_n = p.n;
    HN_TRY(e);
    return a->failed ? store_nomem(s) : HN_OK;
}
