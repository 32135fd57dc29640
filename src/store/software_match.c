/* Advisories and matches: taken from a matching pass, and held in memory.
 *
 * A vulnerability is a set of advisories that are aliases of each other: joined by names (union-find), so that aliases
 * are symmetric and transitive, and cycles do no harm. */
#include <stdio.h>
#include <stdlib.h>

#include "store/software_in.h"

/* ---------------------------------------------------------------- reading: advisories */

static struct hn_err read_advisories(struct hn_store *s)
{
    struct store_soft *m = s->soft;
    struct hn_arena *a = &m->matches_arena;
    size_t n = 0, cap = 0;
    struct st q = st_open(s, "SELECT n, id, source, aliases, summary, severity, cvss, vector, kev, epss, automatable, "
                             "impact, published, modified, withdrawn, licence FROM advisory ORDER BY n");

    m->advisories = NULL;
    while (st_row(&q) && STORE_PUSH(a, m->advisories, n, cap)) {
        struct soft_advisory *x = &m->advisories[n++];
        *x = (struct soft_advisory){.n = st_get(&q, 0)};
        x->out = (struct hn_store_advisory){.id = st_copy(&q, 1, a),
                                            .source = st_copy(&q, 2, a),
                                            .aliases = st_copy(&q, 3, a),
                                            .summary = st_copy(&q, 4, a),
                                            .severity = (int)st_get(&q, 5),
                                            .cvss = st_get_num(&q, 6),
                                            .vector = st_copy(&q, 7, a),
                                            .kev = (int)st_get(&q, 8),
                                            .epss = st_get_num(&q, 9),
                                            .automatable = (int)st_get(&q, 10),
                                            .impact = st_copy(&q, 11, a),
                                            .published = st_get(&q, 12),
                                            .modified = st_get(&q, 13),
                                            .withdrawn = st_get(&q, 14),
                                            .licence = st_copy(&q, 15, a)};
    }
    m->advisories_n = (uint32_t)n;
    HN_TRY(st_end(&q));
    return a->failed ? store_nomem(s) : HN_OK;
}

/* ---------------------------------------------------------------- reading: vulnerabilities */

struct join {
    struct hn_store *s;
    struct store_soft *m;
    struct hn_arena *a;
    uint32_t *up;       /* by advisory */
    struct hn_map name; /* name → advisory + 1 */
};

static uint32_t top_of(uint32_t *up, uint32_t i)
{
    while (up[i] != i)
        i = up[i] = up[up[i]];
    return i;
}

static struct hn_err join_name(struct join *j, uint32_t i, struct hn_str name)
{
    uintptr_t other = (uintptr_t)hn_map_find(&j->name, hn_str_bytes(name));

    if (!other)
        return hn_map_set(&j->name, hn_str_bytes(name), (void *)(uintptr_t)(i + 1));
    uint32_t x = top_of(j->up, i), y = top_of(j->up, (uint32_t)other - 1);
    j->up[x > y ? x : y] = x > y ? y : x;
    return HN_OK;
}

static struct hn_err join_all(struct join *j)
{
    for (uint32_t i = 0; i < j->m->advisories_n; i++)
        j->up[i] = i;
    for (uint32_t i = 0; i < j->m->advisories_n; i++) {
        const struct hn_store_advisory *x = &j->m->advisories[i].out;
        struct hn_str *names = NULL;
        size_t n = 0;
        HN_TRY(join_name(j, i, x->id));
        store_names_read(x->aliases, j->a, &names, &n);
        for (size_t k = 0; k < n; k++)
            HN_TRY(join_name(j, i, names[k]));
    }
    return HN_OK;
}

static bool better_name(struct hn_str name, struct hn_str than)
{
    bool cve = hn_str_starts(name, "CVE-"), other = hn_str_starts(than, "CVE-");

    return !than.n || (cve != other ? cve : hn_str_cmp(name, than) < 0);
}

/* The worst that any of them says; what all leave open stays unknown. */
static void take_worst(struct soft_vuln *v, const struct hn_store_advisory *x)
{
    v->kev = x->kev > v->kev ? x->kev : v->kev;
    v->epss = x->epss > v->epss ? x->epss : v->epss;
    v->cvss = x->cvss > v->cvss ? x->cvss : v->cvss;
    v->severity = x->severity > v->severity ? x->severity : v->severity;
    v->automatable = x->automatable > v->automatable ? x->automatable : v->automatable;
    if (!v->impact.n || hn_str_eqc(x->impact, "total"))
        v->impact = x->impact.n ? x->impact : v->impact;
}

static struct hn_err group(struct join *j)
{
    struct store_soft *m = j->m;
    uint32_t n = 0, k = 0;
    uint32_t *list = hn_arena_alloc(j->a, ((size_t)m->advisories_n + 1) * sizeof *list);

    m->vulns = hn_arena_alloc(j->a, ((size_t)m->advisories_n + 1) * sizeof *m->vulns);
    if (!list || !m->vulns)
        return store_nomem(j->s);
    for (uint32_t i = 0; i < m->advisories_n; i++) {
        uint32_t top = top_of(j->up, i);
        if (top == i) {
            m->vulns[n] = (struct soft_vuln){
                .vex = STORE_NONE, .kev = -1, .epss = -1, .cvss = -1, .severity = -1, .automatable = -1};
            m->advisories[i].vuln = n++;
        } else {
            m->advisories[i].vuln = m->advisories[top].vuln;
        }
        m->vulns[m->advisories[i].vuln].advisories_n++;
        take_worst(&m->vulns[m->advisories[i].vuln], &m->advisories[i].out);
    }
    m->vulns_n = n;
    for (uint32_t i = 0; i < n; i++) {
        m->vulns[i].advisories = list + k;
        k += m->vulns[i].advisories_n;
        m->vulns[i].advisories_n = 0;
    }
    for (uint32_t i = 0; i < m->advisories_n; i++) {
        struct soft_vuln *v = &m->vulns[m->advisories[i].vuln];
        v->advisories[v->advisories_n++] = i;
    }
    return HN_OK;
}

static struct hn_err name_vulns(struct join *j)
{
    struct store_soft *m = j->m;
    struct hn_bytes key;
    void *value;
    size_t i = 0;

    while (hn_map_next(&j->name, &i, &key, &value)) {
        uint32_t vuln = m->advisories[(uintptr_t)value - 1].vuln;
        struct hn_str name = {(const char *)key.p, key.n};
        if (better_name(name, m->vulns[vuln].id))
            m->vulns[vuln].id = name;
        HN_TRY(hn_map_set(&m->vuln_by_name, key, (void *)(uintptr_t)(vuln + 1)));
    }
    return HN_OK;
}

static struct hn_err read_vulns(struct hn_store *s)
{
    struct store_soft *m = s->soft;
    struct join j = {.s = s, .m = m, .a = &m->matches_arena};

    j.up = hn_arena_alloc(j.a, ((size_t)m->advisories_n + 1) * sizeof *j.up);
    if (!j.up)
        return store_nomem(s);
    hn_map_init(&j.name);
    struct hn_err e = join_all(&j);
    if (hn_ok(e))
        e = group(&j);
    if (hn_ok(e))
        e = name_vulns(&j);
    hn_map_done(&j.name);
    return hn_ok(e) && j.a->failed ? store_nomem(s) : e;
}

/* ---------------------------------------------------------------- reading: matches */

static uint32_t advisory_of_n(const struct store_soft *m, int64_t n)
{
    uint32_t low = 0, high = m->advisories_n;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (m->advisories[mid].n < n)
            low = mid + 1;
        else
            high = mid;
    }
    return low < m->advisories_n && m->advisories[low].n == n ? low : STORE_NONE;
}

static struct hn_err read_rows(struct hn_store *s)
{
    struct store_soft *m = s->soft;
    size_t n = 0, cap = 0;
    struct hn_err e = HN_OK;
    struct st q = st_open(s, "SELECT component, advisory, since, until, confidence, fixed, n FROM component_match "
                             "ORDER BY component, advisory, n");

    m->matches = NULL;
    while (hn_ok(e) && st_row(&q) && STORE_PUSH(&m->matches_arena, m->matches, n, cap)) {
        uint32_t advisory = advisory_of_n(m, st_get(&q, 1));
        int64_t component = st_get(&q, 0);
        if (advisory == STORE_NONE || component > m->comp_n)
            continue;
        struct soft_match *x = &m->matches[n++];
        *x = (struct soft_match){.component = (uint32_t)component,
                                 .advisory = advisory,
                                 .vuln = m->advisories[advisory].vuln,
                                 .since = st_get(&q, 2),
                                 .until = st_get(&q, 3),
                                 .confidence = (uint8_t)st_get(&q, 4),
                                 .n = st_get(&q, 6)};
        e = store_dict_add(&m->texts, st_text(&q, 5), &x->fixed);
    }
    m->matches_n = (uint32_t)n;
    struct hn_err end = st_end(&q);
    HN_TRY(hn_ok(e) ? end : e);
    return m->matches_arena.failed ? store_nomem(s) : HN_OK;
}

/* By component (they come in that order) and by vulnerability. */
static struct hn_err index_rows(struct hn_store *s)
{
    struct store_soft *m = s->soft;
    struct hn_arena *a = &m->matches_arena;
    uint32_t k = 0, *list = hn_arena_alloc(a, ((size_t)m->matches_n + 1) * sizeof *list);

    m->match_at = hn_arena_alloc(a, ((size_t)m->comp_n + 2) * sizeof *m->match_at);
    if (!list || !m->match_at)
        return store_nomem(s);
    for (uint32_t c = 0; c <= m->comp_n; c++) {
        m->match_at[c] = k;
        while (k < m->matches_n && m->matches[k].component == c)
            k++;
    }
    m->match_at[m->comp_n + 1] = k;
    m->match_at_n = m->comp_n + 1;
    for (uint32_t i = 0; i < m->matches_n; i++)
        m->vulns[m->matches[i].vuln].matches_n++;
    k = 0;
    for (uint32_t v = 0; v < m->vulns_n; v++) {
        m->vulns[v].matches = list + k;
        k += m->vulns[v].matches_n;
        m->vulns[v].matches_n = 0;
    }
    for (uint32_t i = 0; i < m->matches_n; i++) {
        struct soft_vuln *v = &m->vulns[m->matches[i].vuln];
        v->matches[v->matches_n++] = i;
    }
    return HN_OK;
}

struct hn_err soft_read_matches(struct hn_store *s)
{
    struct store_soft *m = s->soft;

    hn_map_done(&m->vuln_by_name);
    hn_map_init(&m->vuln_by_name);
    hn_arena_clear(&m->matches_arena);
    HN_TRY(read_advisories(s));
    HN_TRY(read_vulns(s));
    HN_TRY(read_rows(s));
    HN_TRY(index_rows(s));
    struct st q = st_open(s, "SELECT feed_at, at FROM match_run ORDER BY n DESC LIMIT 1");
    m->feed_at = m->matched_at = 0;
    if (st_row(&q)) {
        m->feed_at = st_get(&q, 0);
        m->matched_at = st_get(&q, 1);
    }
    return st_end(&q);
}

/* ---------------------------------------------------------------- taking a pass in */

struct pass {
    struct hn_store *s;
    const struct hn_store_match_run_in *in;
    struct hn_store_match_result *ret;
    int64_t *advisory; /* numbers, by position */
    uint32_t *order;   /* matches by component and advisory */
    uint64_t from, upto;
};

static struct hn_err put_advisory(struct hn_store *s, const struct hn_store_advisory *x, int64_t *ret)
{
    struct st q = st_open(
        s,
        "INSERT INTO advisory (id, source, aliases, summary, severity, cvss, vector, kev, epss, automatable, impact, "
        "published, modified, withdrawn, licence) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT "
        "(id) "
        "DO UPDATE SET source = excluded.source, aliases = excluded.aliases, summary = excluded.summary, severity = "
        "excluded.severity, cvss = excluded.cvss, vector = excluded.vector, kev = excluded.kev, epss = excluded.epss, "
        "automatable = excluded.automatable, impact = excluded.impact, published = excluded.published, modified = "
        "excluded.modified, withdrawn = excluded.withdrawn, licence = excluded.licence RETURNING n");

    st_str(&q, x->id);
    st_str(&q, x->source);
    st_str(&q, x->aliases.n ? x->aliases : HN_STR("[]"));
    st_str(&q, x->summary);
    st_int(&q, x->severity);
    st_num(&q, x->cvss);
    st_str(&q, x->vector);
    st_int(&q, x->kev);
    st_num(&q, x->epss);
    st_int(&q, x->automatable);
    st_str(&q, x->impact);
    st_int(&q, x->published);
    st_int(&q, x->modified);
    st_int(&q, x->withdrawn);
    st_str(&q, x->licence);
    while (st_row(&q))
        *ret = st_get(&q, 0);
    return st_end(&q);
}

static struct hn_err open_match(struct pass *x, const struct hn_store_match_in *k)
{
    struct st q =
        st_open(x->s, "INSERT INTO component_match (component, advisory, since, confidence, fixed, why) VALUES "
                      "(?, ?, ?, ?, ?, ?)");

    st_int(&q, (int64_t)k->component);
    st_int(&q, x->advisory[k->advisory]);
    st_int(&q, x->in->feed_at);
    st_int(&q, k->confidence);
    st_str(&q, k->fixed);
    st_str(&q, k->why.n ? k->why : HN_STR("{}"));
    x->ret->opened++;
    return st_do(&q);
}

static struct hn_err refresh_match(struct pass *x, const struct hn_store_match_in *k, int64_t n)
{
    struct st q = st_open(x->s, "UPDATE component_match SET confidence = ?1, fixed = ?2, why = ?3 WHERE n = ?4 AND "
                                "(confidence <> ?1 OR fixed <> ?2 OR why <> ?3)");

    st_int(&q, k->confidence);
    st_str(&q, k->fixed);
    st_str(&q, k->why.n ? k->why : HN_STR("{}"));
    st_int(&q, n);
    return st_do(&q);
}

/* Data may be older than what was matched before (a feed was put back): an interval never ends before it begins. */
static struct hn_err close_match(struct pass *x, int64_t n)
{
    struct st q = st_open(x->s, "UPDATE component_match SET until = max(since, ?) WHERE n = ?");

    st_int(&q, x->in->feed_at);
    st_int(&q, n);
    x->ret->closed++;
    return st_do(&q);
}

static const struct pass *sorting;

static int by_key(const void *p, const void *q)
{
    const struct hn_store_match_in *a = &sorting->in->matches[*(const uint32_t *)p];
    const struct hn_store_match_in *b = &sorting->in->matches[*(const uint32_t *)q];
    int64_t x = sorting->advisory[a->advisory], y = sorting->advisory[b->advisory];

    if (a->component != b->component)
        return a->component < b->component ? -1 : 1;
    return x < y ? -1 : x > y;
}

struct former {
    int64_t n, component, advisory;
};

static struct hn_err read_former(struct pass *x, struct hn_arena *a, struct former **ret, size_t *ret_n)
{
    size_t cap = 0;
    struct st q =
        st_open(x->s, "SELECT n, component, advisory FROM component_match WHERE until = 0 AND component BETWEEN "
                      "? AND ? ORDER BY component, advisory");

    *ret = NULL;
    *ret_n = 0;
    st_int(&q, (int64_t)x->from);
    st_int(&q, (int64_t)x->upto);
    while (st_row(&q) && STORE_PUSH(a, *ret, *ret_n, cap))
        (*ret)[(*ret_n)++] = (struct former){st_get(&q, 0), st_get(&q, 1), st_get(&q, 2)};
    HN_TRY(st_end(&q));
    return a->failed ? store_nomem(x->s) : HN_OK;
}

/* Both sorted by (component, advisory): one walk. */
static struct hn_err merge(struct pass *x, const struct former *old, size_t old_n)
{
    size_t i = 0, k = 0, n = x->in->n_matches;

    while (i < n || k < old_n) {
        const struct hn_store_match_in *m = i < n ? &x->in->matches[x->order[i]] : NULL;
        int64_t component = m ? (int64_t)m->component : INT64_MAX, advisory = m ? x->advisory[m->advisory] : 0;
        if (i && m && by_key(&x->order[i - 1], &x->order[i]) == 0) {
            i++; /* the same twice */
        } else if (k < old_n &&
                   (old[k].component < component || (old[k].component == component && old[k].advisory < advisory))) {
            HN_TRY(close_match(x, old[k++].n));
        } else {
            bool same = k < old_n && old[k].component == component && old[k].advisory == advisory;
            HN_TRY(same ? refresh_match(x, m, old[k].n) : open_match(x, m));
            k += same;
            i++;
            x->ret->matches++;
        }
    }
    return HN_OK;
}

static struct hn_err put_states(struct pass *x)
{
    struct st all = st_open(x->s, "UPDATE component SET state = 1, why = '' WHERE state = 0 AND n BETWEEN ? AND ?");

    st_int(&all, (int64_t)x->from);
    st_int(&all, (int64_t)x->upto);
    HN_TRY(st_do(&all));
    HN_TRY(store_exec(x->s, "CREATE TEMP TABLE IF NOT EXISTS unknown_now (n INTEGER PRIMARY KEY, why TEXT NOT NULL); "
                            "DELETE FROM unknown_now"));
    for (size_t i = 0; i < x->in->n_unknown; i++) {
        struct st q = st_open(x->s, "INSERT OR REPLACE INTO unknown_now VALUES (?, ?)");
        st_int(&q, (int64_t)x->in->unknown[i].component);
        st_str(&q, x->in->unknown[i].why);
        HN_TRY(st_do(&q));
    }
    struct st known =
        st_open(x->s, "UPDATE component SET state = 1, why = '' WHERE state = 2 AND n BETWEEN ? AND ? AND n "
                      "NOT IN (SELECT n FROM unknown_now)");
    st_int(&known, (int64_t)x->from);
    st_int(&known, (int64_t)x->upto);
    HN_TRY(st_do(&known));
    struct st unknown = st_open(x->s, "UPDATE component SET state = 2, why = u.why FROM unknown_now u WHERE u.n = "
                                      "component.n AND (component.state <> 2 OR component.why <> u.why)");
    return st_do(&unknown);
}

static struct hn_err put_run(struct pass *x, const struct hn_principal *p)
{
    struct st c = st_open(x->s, "SELECT count(*) FROM component WHERE n BETWEEN ? AND ?");
    int64_t components = 0;
    char detail[160];

    st_int(&c, (int64_t)x->from);
    st_int(&c, (int64_t)x->upto);
    HN_TRY(st_one(&c, &components));
    x->ret->components = (uint64_t)components;
    x->ret->unknown = x->in->n_unknown;
    struct st q = st_open(x->s, "INSERT INTO match_run (at, by, feed_at, components, unknown, matches, opened, closed, "
                                "duration, feeds) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    st_int(&q, hn_now());
    st_str(&q, p->name);
    st_int(&q, x->in->feed_at);
    st_int(&q, components);
    st_int(&q, (int64_t)x->in->n_unknown);
    st_int(&q, (int64_t)x->ret->matches);
    st_int(&q, (int64_t)x->ret->opened);
    st_int(&q, (int64_t)x->ret->closed);
    st_int(&q, x->in->duration_ns);
    st_str(&q, x->in->feeds.n ? x->in->feeds : HN_STR("[]"));
    HN_TRY(st_do(&q));
    snprintf(detail, sizeof detail, "{\"matches\":%llu,\"opened\":%llu,\"closed\":%llu}",
             (unsigned long long)x->ret->matches, (unsigned long long)x->ret->opened,
             (unsigned long long)x->ret->closed);
    HN_TRY(store_audit_add(x->s, p, 1, "software.match", HN_STR(""), hn_str_c(detail)));
    return store_event_add(x->s, 1, "software", HN_STR("match"), "matched");
}

static struct hn_err take(struct pass *x, const struct hn_principal *p, struct hn_arena *a)
{
    struct former *old;
    size_t old_n;

    x->advisory = hn_arena_alloc(a, (x->in->n_advisories + 1) * sizeof *x->advisory);
    x->order = hn_arena_alloc(a, (x->in->n_matches + 1) * sizeof *x->order);
    if (!x->advisory || !x->order)
        return store_nomem(x->s);
    for (size_t i = 0; i < x->in->n_advisories; i++)
        HN_TRY(put_advisory(x->s, &x->in->advisories[i], &x->advisory[i]));
    for (size_t i = 0; i < x->in->n_matches; i++)
        x->order[i] = (uint32_t)i;
    sorting = x;
    if (x->in->n_matches)
        qsort(x->order, x->in->n_matches, sizeof *x->order, by_key);
    HN_TRY(read_former(x, a, &old, &old_n));
    HN_TRY(merge(x, old, old_n));
    HN_TRY(put_states(x));
    return put_run(x, p);
}

static struct hn_err valid(struct hn_store *s, const struct pass *x)
{
    const struct hn_store_match_run_in *in = x->in;

    if (in->n_matches > UINT32_MAX / 2 || in->n_advisories > UINT32_MAX / 2 || !soft_json(in->feeds, HN_JV_ARR) ||
        in->feed_at <= 0)
        return store_fail(s, HN_E_INVALID, "a matching pass needs the date of its data");
    for (size_t i = 0; i < in->n_advisories; i++)
        if (!in->advisories[i].id.n || in->advisories[i].id.n > 256 || in->advisories[i].severity < -1 ||
            in->advisories[i].severity > 4)
            return store_fail(s, HN_E_INVALID, "advisory %zu is not sound", i);
    for (size_t i = 0; i < in->n_matches; i++)
        if (in->matches[i].advisory >= in->n_advisories || in->matches[i].confidence > 100 ||
            in->matches[i].component < x->from || in->matches[i].component > x->upto)
            return store_fail(s, HN_E_INVALID, "match %zu is not sound", i);
    for (size_t i = 0; i < in->n_unknown; i++)
        if (in->unknown[i].component < x->from || in->unknown[i].component > x->upto || in->unknown[i].why.n > 64)
            return store_fail(s, HN_E_INVALID, "unknown component %zu is not sound", i);
    return HN_OK;
}

struct hn_err hn_store_matches_put(struct hn_store *s, const struct hn_principal *p,
                                   const struct hn_store_match_run_in *in, struct hn_store_match_result *ret)
{
    struct pass x = {.s = s, .in = in, .ret = ret, .from = in->part ? in->from : 0, .upto = INT64_MAX};
    struct hn_arena a;

    *ret = (struct hn_store_match_result){0};
    HN_TRY(soft_need_admin(s, p));
    if (in->part && in->upto < INT64_MAX)
        x.upto = in->upto;
    HN_TRY(valid(s, &x));
    hn_arena_init(&a, (size_t)4 << 30);
    struct hn_err e = store_begin(s);
    if (hn_ok(e))
        e = store_end(s, take(&x, p, &a));
    hn_arena_done(&a);
    if (hn_ok(e))
        soft_dirty(s, SOFT_STATES | SOFT_MATCHES);
    return e;
}

struct hn_err hn_store_match_runs(struct hn_store *s, const struct hn_principal *p, unsigned most, struct hn_arena *a,
                                  struct hn_store_match_run **ret, size_t *ret_n)
{
    size_t cap = 0;

    store_ask(s, p);
    *ret = NULL;
    *ret_n = 0;
    struct st q =
        st_open(s, "SELECT at, by, feed_at, components, unknown, matches, opened, closed, duration, feeds FROM "
                   "match_run ORDER BY n DESC LIMIT ?");
    st_int(&q, most ? most : 1);
    while (st_row(&q) && STORE_PUSH(a, *ret, *ret_n, cap))
        (*ret)[(*ret_n)++] = (struct hn_store_match_run){.at = st_get(&q, 0),
                                                         .by = st_copy(&q, 1, a),
                                                         .feed_at = st_get(&q, 2),
                                                         .components = (uint64_t)st_get(&q, 3),
                                                         .unknown = (uint64_t)st_get(&q, 4),
                                                         .matches = (uint64_t)st_get(&q, 5),
                                                         .opened = (uint64_t)st_get(&q, 6),
                                                         .closed = (uint64_t)st_get(&q, 7),
                                                         .duration_ns = st_get(&q, 8),
                                                         .feeds = st_copy(&q, 9, a)};
    HN_TRY(st_end(&q));
    return a->failed ? store_nomem(s) : HN_OK;
}
