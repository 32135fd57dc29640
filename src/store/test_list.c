/* Lists and roll-ups against a slow second count. */
#include "base/str.h"
#include "test_store.h"

#define T0    (INT64_C(1790000000) * HN_SECOND)
#define HOSTS 12
#define EACH  40

static struct hn_store *s;
static struct hn_str org[4], host[HOSTS];
static unsigned seed = 5;

static unsigned rnd(unsigned n)
{
    return (unsigned)rand_r(&seed) % n;
}

static struct hn_err one_run(unsigned h, hn_time at)
{
    static const char *const kinds[] = {"m.alpha", "m.beta", "n.gamma"};
    struct hn_store_run_finding f[EACH];
    struct hn_store_run_cover c[2] = {{.module = S("m"), .scope = S("host"), .complete = true, .judged = true},
                                      {.module = S("n"), .scope = S("host"), .complete = true, .judged = true}};
    struct hn_store_run_result r;

    for (unsigned i = 0; i < EACH; i++)
        f[i] = (struct hn_store_run_finding){.id = hn_arena_fmt(&mem, "h%02u-finding-%03u", h, i),
                                             .kind = hn_str_c(kinds[rnd(3)]),
                                             .class_ = rnd(2) ? S("hygiene") : S("integrity"),
                                             .subject =
                                                 hn_arena_fmt(&mem, "Thing %u of %s", rnd(9), rnd(2) ? "Red" : "blue"),
                                             .severity = (int)rnd(5),
                                             .confidence = 100,
                                             .p = rnd(100) / 1000.0,
                                             .loss = 1,
                                             .score = rnd(40) * 2.5,
                                             .cause = rnd(2) ? hn_arena_fmt(&mem, "cause-%u", rnd(6)) : S(""),
                                             .due_days = rnd(4) ? (int64_t)rnd(12) : -1,
                                             .due_rule = S("r"),
                                             .fix_kind = S("none")};
    struct hn_store_run run = {.id = hn_arena_fmt(&mem, "r%u-%lld", h, (long long)at),
                               .asset = host[h],
                               .collected_at = at,
                               .origin = S("file"),
                               .n_cover = 2,
                               .cover = c,
                               .n_findings = EACH - rnd(6),
                               .findings = f};
    return hn_store_run_put(s, SYS, &run, &r);
}

static void build(void)
{
    make_home();
    set_now(T0);
    s = open_store();
    CHECK(s != NULL);
    CHECK_OK(hn_store_batch_begin(s));
    org[0] = S("root");
    for (int i = 1; i < 4; i++) {
        CHECK_OK(hn_store_org_put(s, SYS, org[i == 3 ? 1 : 0], S("o"), S("o"), S(""), &mem, &org[i]));
    }
    for (unsigned h = 0; h < HOSTS; h++) {
        char name[16];
        snprintf(name, sizeof name, "host-%c%u", "zayb"[h % 4], h);
        host[h] = asset_of(s, name, org[rnd(4)]);
        if (h == HOSTS - 1)
            break; /* never seen */
        CHECK_OK(hn_store_asset_change(s, SYS, host[h], 0.5 + rnd(4) * 0.5, S(""), S("")));
        for (int i = 3; i >= 0; i--)
            CHECK_OK(one_run(h, T0 - i * 4 * HN_DAY - rnd(1000) * HN_SECOND));
    }
    CHECK_OK(hn_store_batch_end(s, true));
}

/* Every finding, whatever its state; the material of the slow count. */
static struct hn_store_finding *all;
static size_t all_n;

static void read_all(void)
{
    struct hn_listing l;
    struct hn_store_finding_query q = {.status = HN_F_ANY_STATUS, .page = {.limit = 100000}};

    CHECK_OK(hn_store_findings(s, SYS, &q, &mem, &all, &l));
    all_n = l.n;
    CHECK_UINT(l.total, l.n);
    CHECK(all_n > HOSTS * EACH / 2);
}

static bool below(struct hn_str id, struct hn_str top)
{
    return !top.n || hn_str_eq(top, org[0]) || hn_str_eq(id, top) || (hn_str_eq(top, org[1]) && hn_str_eq(id, org[3]));
}

static bool has_word(struct hn_str text, const char *word)
{
    char *t = strndup(text.p, text.n);
    bool ok = strcasestr(t, word) != NULL;

    free(t);
    return ok;
}

static bool slow_match(const struct hn_store_finding *f, const struct hn_store_finding_query *q)
{
    hn_time now = hn_now();
    char words[64], *save = NULL;

    snprintf(words, sizeof words, "%.*s", HN_FMT(q->q));
    for (char *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save))
        if (!has_word(f->subject, w) && !has_word(f->kind, w) && !has_word(f->asset_name, w))
            return false;
    if (q->due == HN_DUE_OVERDUE && !(f->due && f->due < now))
        return false;
    if (q->due == HN_DUE_WEEK && !(f->due && f->due >= now && f->due < now + 7 * HN_DAY))
        return false;
    if (q->due == HN_DUE_NONE && f->due)
        return false;
    return below(f->org, q->org) && (!q->asset.n || hn_str_eq(f->asset, q->asset)) &&
           (!q->kind.n || hn_str_eq(f->kind, q->kind)) && (!q->module.n || hn_str_eq(f->module, q->module)) &&
           (!q->class_.n || hn_str_eq(f->class_, q->class_)) && (!q->cause.n || hn_str_eq(f->cause, q->cause)) &&
           f->severity >= q->severity_min && f->score >= q->min_score &&
           (q->status == HN_F_ANY_STATUS || (int)f->status == q->status);
}

/* -1, 0, 1 as a before b in a falling or rising order; only the sorted field. */
static int order(const struct hn_store_finding *a, const struct hn_store_finding *b, const char *sort)
{
    int down = *sort == '-' ? -1 : 1;
    double x, y;

    sort += *sort == '-';
    if (strcmp(sort, "asset") == 0)
        return down * hn_str_cmp(a->asset_name, b->asset_name);
    if (strcmp(sort, "due") == 0 && (!a->due || !b->due))
        return !a->due - !b->due;
#define FIELD(name, expr)                                                                                              \
    if (strcmp(sort, name) == 0)                                                                                       \
        x = (double)a->expr, y = (double)b->expr;
    x = a->score, y = b->score;
    FIELD("due", due / HN_SECOND)
    FIELD("first_seen", first_seen / HN_SECOND)
    FIELD("last_seen", last_seen / HN_SECOND)
    FIELD("severity", severity)
    return down * (x < y ? -1 : x > y);
}

static void compare(struct hn_store_finding_query q, const char *sort)
{
    size_t want = 0, got = 0;
    struct hn_store_finding last = {0};
    struct hn_str cursor = S("");
    static bool seen[HOSTS][EACH];

    memset(seen, 0, sizeof seen);
    for (size_t i = 0; i < all_n; i++)
        want += slow_match(&all[i], &q);
    do {
        struct hn_store_finding *f;
        struct hn_listing l;
        q.page = (struct hn_page){.limit = 1 + rnd(30), .cursor = cursor, .sort = hn_str_c(sort)};
        CHECK_OK(hn_store_findings(s, SYS, &q, &mem, &f, &l));
        CHECK_UINT(l.total, want);
        for (size_t i = 0; i < l.n; i++) {
            unsigned h, k;
            char id[32];
            snprintf(id, sizeof id, "%.*s", HN_FMT(f[i].id));
            CHECK(sscanf(id, "h%u-finding-%u", &h, &k) == 2 && !seen[h][k]);
            seen[h][k] = true;
            CHECK(slow_match(&f[i], &q));
            if (got++)
                CHECK(order(&last, &f[i], *sort ? sort : "-score") <= 0);
            last = f[i];
        }
        cursor = l.next;
    } while (cursor.n);
    CHECK_UINT(got, want);
}

TEST_LONG(pages_give_every_match_once_and_in_order, 60)
{
    static const char *const sorts[] = {"",          "score",      "due",      "-due",      "first_seen", "-first_seen",
                                        "last_seen", "-last_seen", "severity", "-severity", "asset",      "-asset"};
    build();
    STOP_IF_FAILED();
    read_all();
    STOP_IF_FAILED();
    for (int round = 0; round < 400; round++) {
        struct hn_store_finding_query q = {.status = rnd(2) ? HN_F_OPEN : (int)rnd(5) - 1};
        if (rnd(2))
            q.org = org[rnd(4)];
        if (rnd(4) == 0)
            q.asset = host[rnd(HOSTS)];
        if (rnd(4) == 0)
            q.kind = rnd(2) ? S("m.alpha") : S("m.none");
        if (rnd(4) == 0)
            q.module = rnd(2) ? S("m") : S("n");
        if (rnd(4) == 0)
            q.class_ = rnd(3) ? S("hygiene") : S("nothing");
        if (rnd(4) == 0)
            q.cause = rnd(2) ? S("cause-3") : S("h01-finding-003");
        if (rnd(3) == 0)
            q.q = rnd(2) ? S("red 3") : rnd(2) ? S("HOST-a alpha") : S("blue");
        q.severity_min = rnd(2) ? (int)rnd(5) : 0;
        q.due = rnd(2) ? (enum hn_due_filter)rnd(4) : HN_DUE_ANY;
        q.min_score = rnd(3) ? 0 : rnd(100);
        const char *sort = sorts[rnd(sizeof sorts / sizeof *sorts)];
        NOTE("round %d, sort %s", round, sort);
        compare(q, sort);
        STOP_IF_FAILED();
    }
    hn_store_close(s);
}

/* ---------------------------------------------------------------- roll-ups */

static double slow_host_score(struct hn_str asset)
{
    double left = 1;

    for (size_t i = 0; i < all_n; i++) {
        const struct hn_store_finding *f = &all[i];
        bool worst = hn_str_eq(f->asset, asset) && f->status != HN_F_CLOSED;
        for (size_t k = 0; worst && k < all_n; k++)
            if (hn_str_eq(all[k].asset, asset) && all[k].status != HN_F_CLOSED && hn_str_eq(all[k].cause, f->cause) &&
                ((k < i && all[k].p >= f->p) || all[k].p > f->p))
                worst = false;
        if (worst)
            left *= 1 - f->p * f->loss / 8;
    }
    return 100 * (1 - left);
}

TEST_LONG(roll_ups_are_the_sums_of_the_hosts, 60)
{
    struct hn_store_asset *a;
    struct hn_listing l;
    build();
    STOP_IF_FAILED();
    CHECK_OK(hn_store_scale(s, 8, 1));
    /* the scale changed: scores follow with the next change of each host */
    for (unsigned h = 0; h < HOSTS - 1; h++)
        CHECK_OK(one_run(h, T0 - HN_SECOND + h));
    read_all();
    STOP_IF_FAILED();
    for (int o = 0; o < 4; o++) {
        struct hn_store_org r;
        double weight = 0, sum = 0, worst = -1;
        uint64_t open = 0, overdue = 0, week = 0;
        CHECK_OK(hn_store_org_get(s, SYS, org[o], &mem, &r));
        CHECK_OK(hn_store_assets(s, SYS, &(struct hn_store_asset_query){.org = org[o]}, &mem, &a, &l));
        CHECK_UINT(r.assets, l.n);
        for (size_t i = 0; i < l.n; i++) {
            CHECK(a[i].has_score == (a[i].last_run > 0));
            if (!a[i].has_score)
                continue;
            double slow = slow_host_score(a[i].id);
            CHECK(a[i].score > slow - 1e-4 && a[i].score < slow + 1e-4);
            weight += a[i].criticality;
            sum += a[i].criticality * slow;
            worst = slow > worst ? slow : worst;
        }
        for (size_t i = 0; i < all_n; i++)
            if (below(all[i].org, org[o]) && all[i].status == HN_F_OPEN) {
                open++;
                overdue += all[i].overdue;
                week += all[i].due && !all[i].overdue && all[i].due < T0 + 7 * HN_DAY;
            }
        NOTE("organisation %d", o);
        CHECK_UINT(r.counts.open, open);
        CHECK_UINT(r.counts.overdue, overdue);
        CHECK_UINT(r.counts.due_week, week);
        CHECK(r.has_score == (weight > 0 && r.coverage.seen_7d > 0));
        if (r.has_score) {
            CHECK(r.score > sum / weight - 1e-4 && r.score < sum / weight + 1e-4);
            CHECK(r.worst.score > worst - 1e-4 && r.worst.score < worst + 1e-4);
        }
    }
    hn_store_close(s);
}

static void away(struct hn_str cause)
{
    size_t k = 0;

    for (size_t i = 0; i < all_n; i++)
        if (!hn_str_eq(all[i].cause, cause))
            all[k++] = all[i];
    all_n = k;
}

static double slow_score(void)
{
    struct hn_store_asset *a;
    struct hn_listing l;
    double weight = 0, sum = 0;

    if (!hn_ok(hn_store_assets(s, SYS, &(struct hn_store_asset_query){0}, &mem, &a, &l)))
        return -1;
    for (size_t i = 0; i < l.n; i++)
        if (a[i].has_score) {
            weight += a[i].criticality;
            sum += a[i].criticality * slow_host_score(a[i].id);
        }
    return sum / weight;
}

TEST_LONG(what_lowers_the_score_most_does_so_by_what_it_says, 60)
{
    struct hn_store_lower *v;
    size_t n;
    build();
    STOP_IF_FAILED();
    CHECK_OK(hn_store_scale(s, 8, 1));
    for (unsigned h = 0; h < HOSTS - 1; h++)
        CHECK_OK(one_run(h, T0 - HN_SECOND + h));
    CHECK_OK(hn_store_lower(s, SYS, S(""), S(""), 10, &mem, &v, &n));
    CHECK_UINT(n, 10);
    for (size_t i = 0; i < n; i++) {
        read_all();
        STOP_IF_FAILED();
        double before = slow_score();
        away(v[i].cause);
        double drop = before - slow_score();
        NOTE("%.*s: %g, slowly %g", HN_FMT(v[i].cause), v[i].score_drop, drop);
        CHECK(drop > v[i].score_drop - 1e-3 && drop < v[i].score_drop + 1e-3);
        if (i)
            CHECK(v[i].score_drop <= v[i - 1].score_drop);
    }
    hn_store_close(s);
}

/* A restart finds the same figures as the running store had. */
TEST_LONG(nothing_is_only_in_memory, 60)
{
    struct hn_store_org a, b;
    struct hn_store_finding *f, *g;
    struct hn_listing l, m;
    const struct hn_store_finding_query q = {.page = {.limit = 300}};
    build();
    STOP_IF_FAILED();
    CHECK_OK(hn_store_org_get(s, SYS, S("root"), &mem, &a));
    CHECK_OK(hn_store_findings(s, SYS, &q, &mem, &f, &l));
    hn_store_close(s);
    s = open_store();
    CHECK(s != NULL);
    CHECK_OK(hn_store_org_get(s, SYS, S("root"), &mem, &b));
    CHECK_OK(hn_store_findings(s, SYS, &q, &mem, &g, &m));
    CHECK_NUM(b.score, a.score);
    CHECK(memcmp(&a.counts, &b.counts, sizeof a.counts) == 0);
    CHECK_UINT(m.total, l.total);
    CHECK_UINT(m.n, l.n);
    for (size_t i = 0; i < l.n; i++)
        CHECK_STR(g[i].id, f[i].id);
    CHECK_UINT(problems(s), 0);
    hn_store_close(s);
}

TEST(time_alone_makes_things_overdue)
{
    struct hn_store_org o;
    struct hn_store_trend *t;
    size_t n;
    make_home();
    set_now(T0);
    s = open_store();
    CHECK(s != NULL);
    struct hn_str x = asset_of(s, "web", S("root"));
    CHECK_OK(hn_store_org_get(s, SYS, S("root"), &mem, &o));
    CHECK(!o.has_score); /* nothing was looked at */
    CHECK_UINT(o.coverage.never, 1);
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "1", .show = "AB", .at = T0}, NULL));
    CHECK_OK(hn_store_org_get(s, SYS, S("root"), &mem, &o));
    CHECK(o.has_score);
    CHECK_UINT(o.counts.new_today, 2);
    CHECK_UINT(o.coverage.seen_7d, 1);
    set_now(T0 + 10 * HN_DAY);
    CHECK_OK(hn_store_org_get(s, SYS, S("root"), &mem, &o));
    CHECK_UINT(o.counts.due_week, 2);
    CHECK_UINT(o.counts.new_today, 0);
    CHECK_UINT(o.coverage.not_seen, 1);
    CHECK(!o.has_score); /* nobody has looked for ten days */
    set_now(T0 + 15 * HN_DAY);
    CHECK_OK(hn_store_org_get(s, SYS, S("root"), &mem, &o));
    CHECK_UINT(o.counts.overdue, 2);
    CHECK(!o.has_delta_7d);
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "2", .at = T0 + 15 * HN_DAY}, NULL));
    CHECK_OK(hn_store_org_get(s, SYS, S("root"), &mem, &o));
    CHECK(o.delta_7d < 0);
    CHECK_UINT(o.counts.verified_since_yesterday, 2);
    CHECK_OK(hn_store_trend(s, SYS, S(""), S(""), 30, &mem, &t, &n));
    CHECK_UINT(n, 16);
    CHECK_UINT(t[0].open, 2);
    CHECK_UINT(t[14].open, 2); /* filled from the day before */
    CHECK(t[7].has_score && !t[8].has_score && t[15].has_score);
    CHECK_UINT(t[15].open, 0);
    CHECK_OK(hn_store_trend(s, SYS, S(""), x, 5, &mem, &t, &n));
    CHECK_UINT(n, 5);
    hn_store_close(s);
}
