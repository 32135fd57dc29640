/* Findings of a run against what was known: the closing rule (see hn_store_run_put).
 *
 *   shown by the run ──▶ open (closed before: reopened), unless a later run already settled it
 *   not shown, later than its last sighting, same module and scope:
 *        complete (or bounded, and nothing hides it), judged, privilege at least the finding's
 *             ──▶ closed, its action verified
 *        else ──▶ not seen */
#include <math.h>
#include <stdio.h>

#include "store/internal.h"

#define HASH_LEN    16
#define EVENTS_MOST 25u /* of single findings a run; beyond that "findings" once says to read the list again */

struct known {
    int64_t n, run, closed_run;
    uint32_t kind, scope;
    int privilege, presence, severity;
    hn_time at, first_seen, opened_at, closed_at;
    int64_t reopened;
    double score;
    bool seen;
    uint8_t hash[HASH_LEN];
    struct hn_str id, subject, location;
};

struct table {
    struct store_run *r;
    struct hn_map map; /* id → known */
    struct known *v;
    size_t n, cap;
};

static struct hn_err load(struct table *t)
{
    struct store_run *r = t->r;
    struct st q = st_open(
        r->s, "SELECT n, run, closed_run, kind, scope, privilege, presence, severity, at, first_seen, "
              "opened_at, closed_at, reopened, score, hash, id, subject, location FROM finding WHERE asset = ?");

    st_int(&q, r->asset_n);
    while (st_row(&q)) {
        if (!STORE_PUSH(r->a, t->v, t->n, t->cap))
            break;
        struct hn_bytes hash = st_bytes(&q, 14);
        struct known *k = &t->v[t->n++];
        *k = (struct known){.n = st_get(&q, 0),
                            .run = st_get(&q, 1),
                            .closed_run = st_get(&q, 2),
                            .kind = (uint32_t)st_get(&q, 3),
                            .scope = (uint32_t)st_get(&q, 4),
                            .privilege = (int)st_get(&q, 5),
                            .presence = (int)st_get(&q, 6),
                            .severity = (int)st_get(&q, 7),
                            .at = st_get(&q, 8),
                            .first_seen = st_get(&q, 9),
                            .opened_at = st_get(&q, 10),
                            .closed_at = st_get(&q, 11),
                            .reopened = st_get(&q, 12),
                            .score = st_get_num(&q, 13),
                            .id = st_copy(&q, 15, r->a),
                            .subject = st_copy(&q, 16, r->a),
                            .location = st_copy(&q, 17, r->a)};
        if (hash.n == HASH_LEN)
            memcpy(k->hash, hash.p, HASH_LEN);
    }
    HN_TRY(st_end(&q));
    if (r->a->failed) /* what could not be kept is not looked at */
        return store_nomem(r->s);
    for (size_t i = 0; i < t->n; i++)
        if (!hn_ok(hn_map_set(&t->map, hn_str_bytes(t->v[i].id), &t->v[i])))
            return store_nomem(r->s);
    return HN_OK;
}

static hn_time last_at(const struct table *t, const struct known *k, int64_t *ret_run)
{
    *ret_run = k->run;
    return k->at ? k->at : store_run_before(t->r, store_module_of(t->r->s, k->kind), k->scope, ret_run);
}

/* ---------------------------------------------------------------- leaving traces */

static struct hn_err tell(struct table *t, int64_t n, struct hn_str id, const char *what, struct hn_str detail)
{
    struct store_run *r = t->r;

    if (strcmp(what, "appeared") != 0) /* that one is told by first_seen and first_run */
        HN_TRY(store_history_add(r->s, STORE_ON_FINDING, n, r->at, what, r->n, HN_STR(""), detail));
    if (++r->events <= EVENTS_MOST)
        return store_event_add(r->s, r->asset->org_n, "finding", id, what);
    if (r->events == EVENTS_MOST + 1)
        return store_event_add(r->s, r->asset->org_n, "org", r->s->orgs[r->asset->org].id, "findings");
    return HN_OK;
}

/* ---------------------------------------------------------------- shown */

struct sight {
    const struct hn_store_run_finding *in;
    struct store_run_part *part;
    uint32_t kind, class_, fix_kind, due_rule;
    int privilege, presence;
    hn_time at, first_seen, opened_at, closed_at; /* at 0: follows */
    int64_t closed_run, reopened;
    uint8_t hash[HASH_LEN];
};

static void digest_text(struct hn_digest *d, struct hn_str s)
{
    uint64_t n = s.n;

    hn_digest_add(d, hn_bytes_of(&n, sizeof n));
    hn_digest_add(d, hn_str_bytes(s));
}

static bool hash_of(const struct hn_store_run_finding *f, uint8_t out[HASH_LEN])
{
    const struct hn_str text[] = {f->kind,     f->class_,     f->subject,   f->location,   f->cause,
                                  f->fix_kind, f->fix_target, f->fix_value, f->due_rule,   f->params,
                                  f->terms,    f->graph,      f->evidence,  f->due_inputs, f->references};
    const double num[] = {
        f->prior,        f->p, f->loss, f->score, (double)f->severity, (double)f->confidence, (double)f->due_days,
        (double)f->since};
    struct hn_digest *d = hn_digest_new(HN_SHA256);
    uint8_t full[64];

    if (!d)
        return false;
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        digest_text(d, text[i]);
    hn_digest_add(d, hn_bytes_of(num, sizeof num));
    hn_digest_end(d, full);
    memcpy(out, full, HASH_LEN);
    return true;
}

static struct hn_err valid(struct store_run *r, const struct hn_store_run_finding *f)
{
    if (f->id.n < 8 || f->id.n > 64 || hn_str_chr(f->kind, '.') <= 0)
        return store_fail(r->s, HN_E_INVALID, "a finding needs an id of 8 to 64 bytes and a kind with its module");
    if (f->severity < 0 || f->severity > 4 || f->confidence > 100)
        return store_fail(r->s, HN_E_INVALID, "the severity or confidence of a finding is out of range");
    if (!(f->p >= 0 && f->p <= 1) || !(f->loss >= 0) || !isfinite(f->loss) || !(f->score >= 0 && f->score <= 100) ||
        !isfinite(f->prior))
        return store_fail(r->s, HN_E_INVALID, "the risk of a finding is out of range");
    if (f->due_days < -1 || f->due_days > 36500)
        return store_fail(r->s, HN_E_INVALID, "the due days of a finding are out of range");
    return HN_OK;
}

static struct hn_err words(struct store_run *r, struct sight *g)
{
    HN_TRY(store_word(r->s, g->in->kind, &g->kind));
    HN_TRY(store_word(r->s, g->in->class_, &g->class_));
    HN_TRY(store_word(r->s, g->in->fix_kind.n ? g->in->fix_kind : HN_STR("none"), &g->fix_kind));
    return store_word(r->s, g->in->due_rule, &g->due_rule);
}

/* The newest sighting: open, unless runs that are later still have settled it. */
static struct hn_err settle(struct table *t, struct sight *g)
{
    struct store_run *r = t->r;

    g->at = 0;
    g->presence = HN_F_OPEN;
    if (!g->part->late)
        return HN_OK;
    g->at = r->at;
    return store_run_later(r, g->part->module, g->part->scope, g->privilege, r->at, true, &g->presence, &g->closed_run,
                           &g->closed_at);
}

static void bind_content(struct st *q, const struct sight *g)
{
    const struct hn_store_run_finding *f = g->in;

    st_int(q, g->class_);
    st_int(q, f->severity);
    st_int(q, f->confidence);
    st_num(q, f->prior);
    st_num(q, f->p);
    st_num(q, f->loss);
    st_num(q, f->score);
    st_int(q, f->due_days);
    st_int(q, f->due_days < 0 ? 0 : g->opened_at + f->due_days * HN_DAY);
    st_int(q, g->due_rule);
    st_int(q, f->since);
    st_int(q, g->fix_kind);
    st_blob(q, hn_bytes_of(g->hash, HASH_LEN));
    if (f->cause.n && !hn_str_eq(f->cause, f->id))
        st_str(q, f->cause);
    else
        st_ref(q, 0);
}

static void bind_state(struct st *q, const struct store_run *r, const struct sight *g)
{
    bool closed = g->presence == HN_F_CLOSED;

    st_int(q, g->part->scope);
    st_int(q, g->privilege);
    st_int(q, g->presence);
    st_int(q, g->at);
    st_int(q, r->n);
    st_int(q, g->opened_at);
    st_int(q, closed ? g->closed_at : 0);
    st_int(q, closed ? g->closed_run : 0);
    st_int(q, g->reopened);
}

static struct hn_err put_text(struct store_run *r, int64_t n, const struct hn_store_run_finding *f)
{
    struct st q = st_open(r->s, "INSERT OR REPLACE INTO finding_text VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    const struct hn_str text[] = {f->fix_target, f->fix_value, f->params,     f->terms,
                                  f->graph,      f->evidence,  f->due_inputs, f->references};

    st_int(&q, n);
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        st_str(&q, text[i]);
    return st_do(&q);
}

static struct hn_err insert(struct table *t, struct sight *g)
{
    struct store_run *r = t->r;

    g->privilege = g->part->in->privilege;
    g->first_seen = g->opened_at = r->at;
    g->reopened = 0;
    HN_TRY(settle(t, g));
    struct st q =
        st_open(r->s, "INSERT INTO finding (id, asset, kind, subject, location, first_seen, first_run, "
                      "class, severity, confidence, prior, p, loss, score, due_days, due, due_rule, since, fix_kind, "
                      "hash, cause, scope, privilege, presence, at, run, opened_at, closed_at, closed_run, reopened) "
                      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                      "?, ?)");
    st_str(&q, g->in->id);
    st_int(&q, r->asset_n);
    st_int(&q, g->kind);
    st_str(&q, g->in->subject);
    st_str(&q, g->in->location);
    st_int(&q, r->at);
    st_int(&q, r->n);
    bind_content(&q, g);
    bind_state(&q, r, g);
    HN_TRY(st_do(&q));
    int64_t n = sqlite3_last_insert_rowid(r->s->db);
    HN_TRY(put_text(r, n, g->in));
    r->out->appeared++;
    r->out->closed += g->presence == HN_F_CLOSED;
    HN_TRY(tell(t, n, g->in->id, "appeared", HN_STR("")));
    if (g->presence == HN_F_CLOSED)
        return store_history_add(r->s, STORE_ON_FINDING, n, g->closed_at, "closed", g->closed_run, HN_STR(""),
                                 HN_STR(""));
    return HN_OK;
}

/* A change worth a line of history: another severity, or a score that moved by five points. */
static struct hn_err tell_change(struct table *t, const struct known *k, const struct sight *g)
{
    char detail[128];

    if (k->severity == g->in->severity && fabs(k->score - g->in->score) < 5)
        return HN_OK;
    snprintf(detail, sizeof detail, "{\"severity\":[%d,%d],\"score\":[%.1f,%.1f]}", k->severity, g->in->severity,
             k->score, g->in->score);
    return tell(t, k->n, k->id, "changed", hn_str_c(detail));
}

static struct hn_err update_row(struct table *t, const struct known *k, struct sight *g)
{
    struct store_run *r = t->r;
    bool content = memcmp(k->hash, g->hash, HASH_LEN) != 0 || g->opened_at != k->opened_at;

    if (!content && k->presence == HN_F_OPEN && g->presence == HN_F_OPEN && k->at == g->at &&
        k->scope == g->part->scope && k->privilege == g->privilege) {
        r->out->same++;
        return HN_OK;
    }
    struct st q =
        st_open(r->s, "UPDATE finding SET class = ?, severity = ?, confidence = ?, prior = ?, p = ?, loss = ?, "
                      "score = ?, due_days = ?, due = ?, due_rule = ?, since = ?, fix_kind = ?, hash = ?, cause = ?, "
                      "scope = ?, privilege = ?, presence = ?, at = ?, run = ?, opened_at = ?, closed_at = ?, "
                      "closed_run = ?, reopened = ? WHERE n = ?");
    bind_content(&q, g);
    bind_state(&q, r, g);
    st_int(&q, k->n);
    HN_TRY(st_do(&q));
    r->out->changed += content && k->presence != HN_F_CLOSED;
    r->out->same += !content;
    if (content)
        HN_TRY(put_text(r, k->n, g->in));
    return content && k->presence != HN_F_CLOSED ? tell_change(t, k, g) : HN_OK;
}

static struct hn_err turn(struct table *t, const struct known *k, const struct sight *g)
{
    struct store_run *r = t->r;

    if (g->presence != HN_F_CLOSED)
        HN_TRY(store_action_seen(r->s, k->n, r->n, r->at, &r->out->not_fixed));
    if (g->presence == k->presence)
        return HN_OK;
    if (k->presence == HN_F_CLOSED) {
        r->out->reopened++;
        HN_TRY(tell(t, k->n, k->id, "reopened", HN_STR("")));
        return r->at < k->closed_at ? store_action_unverify(r->s, k->n, r->n, r->at) : HN_OK;
    }
    if (g->presence == HN_F_CLOSED) {
        r->out->closed++;
        HN_TRY(tell(t, k->n, k->id, "closed", HN_STR("")));
        return store_action_closed(r->s, k->n, g->closed_run, r->received, &r->out->verified);
    }
    return g->presence == HN_F_OPEN ? tell(t, k->n, k->id, "seen", HN_STR("")) : HN_OK;
}

/* Seen again. A problem that was closed and is back begins a new occurrence: its clock starts anew, and so does the
 * privilege that it takes to close it. */
static struct hn_err update(struct table *t, const struct known *k, struct sight *g)
{
    struct store_run *r = t->r;
    bool back = k->presence == HN_F_CLOSED && r->at > k->closed_at;
    int now = g->part->in->privilege;

    g->privilege = back || now > k->privilege ? now : k->privilege;
    g->first_seen = k->first_seen;
    HN_TRY(settle(t, g));
    back &= g->presence != HN_F_CLOSED;
    g->opened_at = back ? r->at : k->opened_at;
    g->reopened = k->reopened + back;
    if (k->presence == HN_F_CLOSED && g->presence == HN_F_CLOSED && !back) {
        g->closed_at = k->closed_at > r->at ? k->closed_at : g->closed_at;
        g->closed_run = k->closed_at > r->at ? k->closed_run : g->closed_run;
    }
    HN_TRY(update_row(t, k, g));
    return turn(t, k, g);
}

/* Of a module that was not looked at: what is known to be open is told as others' sightings now rank it; it is not seen
 * by that. */
static struct hn_err retell(struct table *t, const struct known *k, struct sight *g)
{
    if (k->presence != HN_F_OPEN || memcmp(k->hash, g->hash, HASH_LEN) == 0)
        return HN_OK;
    struct st q =
        st_open(t->r->s, "UPDATE finding SET class = ?, severity = ?, confidence = ?, prior = ?, p = ?, loss = ?, "
                         "score = ?, due_days = ?, due = ?, due_rule = ?, since = ?, fix_kind = ?, hash = ?, cause = ? "
                         "WHERE n = ?");
    g->opened_at = k->opened_at;
    bind_content(&q, g);
    st_int(&q, k->n);
    HN_TRY(st_do(&q));
    HN_TRY(put_text(t->r, k->n, g->in));
    t->r->out->changed++;
    return tell_change(t, k, g);
}

static struct hn_err see(struct table *t, const struct hn_store_run_finding *f)
{
    struct store_run *r = t->r;
    struct sight g = {.in = f};
    int64_t run;

    HN_TRY(valid(r, f));
    struct hn_str module = hn_str_cut(f->kind, 0, (size_t)hn_str_chr(f->kind, '.'));
    g.part = store_run_part(r, module, f->scope);
    if (!g.part)
        return store_fail(r->s, HN_E_INVALID, "a finding of %.*s, which the run does not cover", HN_FMT(module));
    if (!hash_of(f, g.hash))
        return store_nomem(r->s);
    HN_TRY(words(r, &g));
    struct known *k = hn_map_find(&t->map, hn_str_bytes(f->id));
    if (k && !f->scope.n)
        g.part = store_run_part_of(r, g.part, k->scope);
    if (g.part->in->kept)
        return k ? retell(t, k, &g) : HN_OK;
    if (k) {
        bool again = k->seen;
        k->seen = true;
        if (again || !k->n || last_at(t, k, &run) >= r->at)
            return HN_OK; /* shown twice, or known from a later run */
        return update(t, k, &g);
    }
    struct known *fresh = HN_NEW(r->a, struct known);
    if (!fresh || !hn_ok(hn_map_set(&t->map, hn_str_bytes(f->id), fresh)))
        return store_nomem(r->s);
    fresh->seen = true;
    return insert(t, &g);
}

/* ---------------------------------------------------------------- not shown */

static struct hn_err may_close(struct table *t, const struct known *k, struct store_run_part *p, hn_time last,
                               int64_t last_run, bool *ret)
{
    bool hidden = false;

    *ret = p->in->judged && p->in->privilege >= k->privilege && (p->in->complete || (p->in->bounded && !p->late));
    if (!*ret || p->in->complete || k->presence == HN_F_CLOSED)
        return HN_OK;
    HN_TRY(store_run_hides(t->r, p, k->kind, k->subject, k->location, last, last_run, &hidden));
    *ret = !hidden;
    return HN_OK;
}

static struct hn_err miss(struct table *t, const struct known *k, struct store_run_part *p)
{
    struct store_run *r = t->r;
    int64_t run;
    hn_time last = last_at(t, k, &run);
    bool closes;

    HN_TRY(may_close(t, k, p, last, run, &closes));
    if (k->presence == HN_F_CLOSED || last >= r->at || (!closes && k->presence == HN_F_NOT_SEEN))
        return HN_OK;
    struct st q =
        st_open(r->s, "UPDATE finding SET presence = ?, at = ?, run = ?, closed_at = ?, closed_run = ? WHERE n = ?");
    st_int(&q, closes ? HN_F_CLOSED : HN_F_NOT_SEEN);
    st_int(&q, last);
    st_int(&q, run);
    st_int(&q, closes ? r->at : 0);
    st_int(&q, closes ? r->n : 0);
    st_int(&q, k->n);
    HN_TRY(st_do(&q));
    r->out->closed += closes;
    r->out->not_seen += !closes;
    HN_TRY(tell(t, k->n, k->id, closes ? "closed" : "not_seen", HN_STR("")));
    return closes ? store_action_closed(r->s, k->n, r->n, r->received, &r->out->verified) : HN_OK;
}

/* New ones may be covered by an acceptance of their kind. */
static struct hn_err except(struct store_run *r)
{
    int64_t some = 0;
    struct st q = st_open(r->s, "SELECT EXISTS (SELECT 1 FROM baseline WHERE asset = ? AND ended_at = 0)");

    st_int(&q, r->asset_n);
    HN_TRY(st_one(&q, &some));
    return some ? store_except(r->s, r->asset_n, 0) : HN_OK;
}

static struct hn_err compare(struct table *t)
{
    struct store_run *r = t->r;

    HN_TRY(load(t));
    for (size_t i = 0; i < r->in->n_findings; i++)
        HN_TRY(see(t, &r->in->findings[i]));
    for (size_t i = 0; i < t->n; i++) {
        const struct known *k = &t->v[i];
        uint32_t module = k->seen ? 0 : store_module_of(r->s, k->kind);
        for (size_t c = 0; module && c < r->in->n_cover; c++)
            if (r->part[c].module == module && r->part[c].scope == k->scope && !r->part[c].in->kept)
                HN_TRY(miss(t, k, &r->part[c]));
    }
    return r->out->appeared || r->out->reopened ? except(r) : HN_OK;
}

static struct hn_err retell_each(struct table *t, const struct hn_store_run_finding *f, size_t n)
{
    HN_TRY(load(t));
    for (size_t i = 0; i < n; i++) {
        struct sight g = {.in = &f[i]};
        const struct known *k = hn_map_find(&t->map, hn_str_bytes(f[i].id));
        HN_TRY(valid(t->r, &f[i]));
        if (!k)
            continue;
        if (!hash_of(&f[i], g.hash))
            return store_nomem(t->r->s);
        HN_TRY(words(t->r, &g));
        HN_TRY(retell(t, k, &g));
    }
    return HN_OK;
}

struct hn_err store_run_retell(struct store_run *r, const struct hn_store_run_finding *f, size_t n)
{
    struct table t = {.r = r};

    hn_map_init(&t.map);
    struct hn_err e = retell_each(&t, f, n);
    hn_map_done(&t.map);
    return e;
}

struct hn_err store_run_findings(struct store_run *r)
{
    struct table t = {.r = r};

    hn_map_init(&t.map);
    struct hn_err e = compare(&t);
    hn_map_done(&t.map);
    return e;
}
