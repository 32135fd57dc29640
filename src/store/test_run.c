/* Runs: the closing rule, late runs, repetition, actions that follow. */
#include "test_store.h"

#define T0        (INT64_C(1790000000) * HN_SECOND)
#define AT(hours) (T0 + (hours)*HN_HOUR)

TEST(a_complete_run_closes_what_it_no_longer_shows)
{
    make_home();
    AUTO_STORE s = open_store();
    CHECK(s != NULL);
    struct hn_str x = asset_of(s, "web", S("root"));
    struct hn_store_run_result r;
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "1", .show = "AB", .obs = "AB", .at = AT(1)}, &r));
    CHECK_UINT(r.appeared, 2);
    CHECK_UINT(r.obs_new, 2);
    CHECK(r.has_score);
    CHECK_C(status_of(s, x, 'A'), "open");
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "2", .show = "B", .obs = "b", .at = AT(2)}, &r));
    CHECK_UINT(r.closed, 1);
    CHECK_UINT(r.same, 1);
    CHECK_UINT(r.obs_gone, 1);
    CHECK_UINT(r.obs_changed, 1);
    CHECK_C(status_of(s, x, 'A'), "closed");
    CHECK_C(status_of(s, x, 'B'), "open");
    CHECK_UINT(problems(s), 0);
}

TEST(what_could_not_be_seen_is_not_seen)
{
    make_home();
    AUTO_STORE s = open_store();
    CHECK(s != NULL);
    struct hn_str x = asset_of(s, "web", S("root"));
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "1", .show = "A", .at = AT(1), .privilege = 10}, NULL));
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "2", .at = AT(2), .privilege = 0}, NULL));
    CHECK_C(status_of(s, x, 'A'), "not_seen");
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "3", .at = AT(3), .privilege = 10, .partial = true}, NULL));
    CHECK_C(status_of(s, x, 'A'), "not_seen");
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "4", .at = AT(4), .privilege = 10, .unjudged = true}, NULL));
    CHECK_C(status_of(s, x, 'A'), "not_seen");
    /* seen by an ordinary user, who then does not see it: what root saw stays */
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "5", .show = "A", .at = AT(5)}, NULL));
    CHECK_C(status_of(s, x, 'A'), "open");
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "6", .at = AT(6)}, NULL));
    CHECK_C(status_of(s, x, 'A'), "not_seen");
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "7", .at = AT(7), .privilege = 10}, NULL));
    CHECK_C(status_of(s, x, 'A'), "closed");
    CHECK_UINT(problems(s), 0);
}

TEST(what_was_hidden_then_too_hides_nothing_now)
{
    make_home();
    AUTO_STORE s = open_store();
    CHECK(s != NULL);
    struct hn_str x = asset_of(s, "web", S("root"));
    struct hn_store_run_result r;
    /* seen although 1 was hidden: 1 does not hide it later */
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "1", .show = "ABC", .obs = "AB", .at = AT(1), .hidden = "1"}, &r));
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "2", .show = "BC", .obs = "B", .at = AT(2), .hidden = "1"}, &r));
    CHECK_UINT(r.closed, 1);
    CHECK_UINT(r.obs_gone, 1);
    CHECK_C(status_of(s, x, 'A'), "closed");
    /* 2 is hidden for the first time, and may hide B, but not C */
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "3", .at = AT(3), .hidden = "1 2:B"}, &r));
    CHECK_UINT(r.obs_gone, 0);
    CHECK_C(status_of(s, x, 'B'), "not_seen");
    CHECK_C(status_of(s, x, 'C'), "closed");
    /* it stays hidden: B was seen when it was not */
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "4", .at = AT(4), .hidden = "1 2:B"}, &r));
    CHECK_C(status_of(s, x, 'B'), "not_seen");
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "5", .at = AT(5), .hidden = "1"}, &r));
    CHECK_UINT(r.obs_gone, 1);
    CHECK_C(status_of(s, x, 'B'), "closed");
    CHECK_UINT(problems(s), 0);
}

TEST(what_came_later_hides_nothing_of_before)
{
    make_home();
    AUTO_STORE s = open_store();
    CHECK(s != NULL);
    struct hn_str x = asset_of(s, "web", S("root"));
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "1", .show = "AB", .at = AT(1)}, NULL));
    CHECK_OK(
        put_run(s, SYS, x, &(struct spec){.id = "2", .show = "B", .at = AT(3), .hidden = "7", .from = AT(2)}, NULL));
    CHECK_C(status_of(s, x, 'A'), "closed");
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "3", .at = AT(4), .hidden = "8", .from = AT(2)}, NULL));
    CHECK_C(status_of(s, x, 'B'), "not_seen");
    CHECK_UINT(problems(s), 0);
}

TEST(a_bounded_run_that_comes_late_or_sees_less_closes_nothing)
{
    make_home();
    AUTO_STORE s = open_store();
    CHECK(s != NULL);
    struct hn_str x = asset_of(s, "web", S("root"));
    CHECK_OK(
        put_run(s, SYS, x, &(struct spec){.id = "1", .show = "A", .at = AT(1), .hidden = "1", .privilege = 10}, NULL));
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "2", .at = AT(2), .hidden = "1"}, NULL));
    CHECK_C(status_of(s, x, 'A'), "not_seen");
    CHECK_OK(
        put_run(s, SYS, x, &(struct spec){.id = "4", .show = "A", .at = AT(4), .hidden = "1", .privilege = 10}, NULL));
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "3", .at = AT(3), .hidden = "1", .privilege = 10}, NULL));
    CHECK_C(status_of(s, x, 'A'), "open");
    /* a sighting that arrives late, and after it a run that was bounded: the next one decides */
    CHECK_OK(put_run(s, SYS, x,
                     &(struct spec){.id = "5", .show = "AB", .at = AT(4) + 1, .hidden = "1", .privilege = 10}, NULL));
    CHECK_OK(
        put_run(s, SYS, x, &(struct spec){.id = "6", .show = "A", .at = AT(6), .hidden = "1", .privilege = 10}, NULL));
    CHECK_OK(
        put_run(s, SYS, x, &(struct spec){.id = "5b", .show = "C", .at = AT(5), .hidden = "1", .privilege = 10}, NULL));
    CHECK_C(status_of(s, x, 'B'), "closed");
    CHECK_C(status_of(s, x, 'C'), "not_seen");
    CHECK_OK(
        put_run(s, SYS, x, &(struct spec){.id = "7", .show = "A", .at = AT(7), .hidden = "1", .privilege = 10}, NULL));
    CHECK_C(status_of(s, x, 'C'), "closed");
    CHECK_UINT(problems(s), 0);
}

TEST(another_scope_says_nothing)
{
    make_home();
    AUTO_STORE s = open_store();
    CHECK(s != NULL);
    struct hn_str x = asset_of(s, "web", S("root"));
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "1", .show = "A", .at = AT(1), .scope = "deep"}, NULL));
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "2", .at = AT(2), .scope = "host"}, NULL));
    CHECK_C(status_of(s, x, 'A'), "open");
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "3", .at = AT(3), .scope = "deep"}, NULL));
    CHECK_C(status_of(s, x, 'A'), "closed");
}

TEST(not_seen_stays_in_the_score)
{
    make_home();
    AUTO_STORE s = open_store();
    CHECK(s != NULL);
    struct hn_str x = asset_of(s, "web", S("root"));
    struct hn_store_run_result a, b, c;
    CHECK_OK(hn_store_scale(s, 2, 1));
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "1", .show = "AB", .at = AT(1)}, &a));
    CHECK(a.score > 9.74 && a.score < 9.76); /* 1 − 0.95² */
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "2", .show = "A", .at = AT(2), .partial = true}, &b));
    CHECK_NUM(b.score, a.score);
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "3", .show = "A", .at = AT(3)}, &c));
    CHECK(c.score < a.score);
}

TEST(the_same_run_twice_changes_nothing)
{
    make_home();
    AUTO_STORE s = open_store();
    CHECK(s != NULL);
    struct hn_str x = asset_of(s, "web", S("root")), y = asset_of(s, "db", S("root"));
    struct hn_store_run_result r;
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "1", .show = "AB", .at = AT(1)}, &r));
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "1", .show = "", .at = AT(2)}, &r));
    CHECK(r.known);
    CHECK_INT(r.ordered_at, AT(1));
    CHECK_C(status_of(s, x, 'A'), "open");
    CHECK_ERR(put_run(s, SYS, y, &(struct spec){.id = "1", .show = "", .at = AT(2)}, &r), EXISTS);
}

TEST(a_late_run_changes_nothing_newer)
{
    make_home();
    AUTO_STORE s = open_store();
    CHECK(s != NULL);
    struct hn_str x = asset_of(s, "web", S("root"));
    struct hn_store_run_result r;
    struct hn_store_finding f;
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "2", .show = "A", .obs = "A", .at = AT(2)}, &r));
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "1", .show = "aB", .obs = "aB", .at = AT(1)}, &r));
    CHECK(r.late);
    CHECK_OK(hn_store_finding_get(s, SYS, finding_id(x, 'A'), &mem, &f));
    CHECK_INT(f.last_seen, AT(2));
    CHECK_INT(f.severity, 2);
    /* B was there before the newer complete run, which does not show it */
    CHECK_OK(hn_store_finding_get(s, SYS, finding_id(x, 'B'), &mem, &f));
    CHECK_INT(f.status, HN_F_CLOSED);
    CHECK_INT(f.closed_at, AT(2));
    CHECK_INT(f.last_seen, AT(1));
    CHECK_UINT(problems(s), 0);
}

TEST(a_kept_module_neither_closes_nor_shows)
{
    make_home();
    AUTO_STORE s = open_store();
    CHECK(s != NULL);
    struct hn_str x = asset_of(s, "web", S("root"));
    struct hn_store_run_result r;
    struct hn_store_finding f;
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "1", .show = "AB", .obs = "A", .at = AT(1)}, &r));
    /* a ranks higher now, B is not judged any more, C would be new: only the ranking is told */
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "2", .show = "aC", .at = AT(2), .kept = true}, &r));
    CHECK_UINT(r.changed, 1);
    CHECK_UINT(r.appeared + r.closed + r.not_seen + r.obs_gone, 0);
    CHECK_OK(hn_store_finding_get(s, SYS, finding_id(x, 'A'), &mem, &f));
    CHECK_INT(f.severity, 3);
    CHECK_INT(f.last_seen, AT(1));
    CHECK_C(status_of(s, x, 'B'), "open");
    CHECK_ERR(hn_store_finding_get(s, SYS, finding_id(x, 'C'), &mem, &f), NOENT);
    /* what is kept was not observed */
    CHECK_ERR(put_run(s, SYS, x, &(struct spec){.id = "3", .obs = "A", .at = AT(3), .kept = true}, &r), INVALID);
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "4", .show = "A", .at = AT(4)}, &r));
    CHECK_C(status_of(s, x, 'B'), "closed");
    CHECK_UINT(problems(s), 0);
}

TEST(a_deep_run_covers_what_a_quick_one_would)
{
    make_home();
    AUTO_STORE s = open_store();
    CHECK(s != NULL);
    struct hn_str x = asset_of(s, "web", S("root"));
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "1", .show = "AC", .at = AT(1)}, NULL));
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "2", .show = "AB", .at = AT(2), .scope = "deep", .quick = "host"},
                     NULL));
    CHECK_C(status_of(s, x, 'C'), "closed"); /* a quick one would have shown it */
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "3", .at = AT(3)}, NULL));
    CHECK_C(status_of(s, x, 'A'), "closed"); /* known from a quick run, and still its to close */
    CHECK_C(status_of(s, x, 'B'), "open");
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "4", .at = AT(4), .scope = "deep", .quick = "host"}, NULL));
    CHECK_C(status_of(s, x, 'B'), "closed");
    CHECK_UINT(problems(s), 0);
}

TEST(a_background_run_is_as_old_as_its_beginning)
{
    make_home();
    AUTO_STORE s = open_store();
    CHECK(s != NULL);
    struct hn_str x = asset_of(s, "web", S("root"));
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "1", .show = "A", .at = AT(1), .origin = "local"}, NULL));
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "2", .at = AT(3), .origin = "local"}, NULL));
    CHECK_C(status_of(s, x, 'A'), "closed");
    /* began before A was put right, ends after: A stays closed, B it alone can see */
    CHECK_OK(put_run(s, SYS, x,
                     &(struct spec){.id = "3",
                                    .show = "AB",
                                    .at = AT(2),
                                    .scope = "deep",
                                    .quick = "host",
                                    .origin = "local",
                                    .background = true},
                     NULL));
    CHECK_C(status_of(s, x, 'A'), "closed");
    CHECK_C(status_of(s, x, 'B'), "open");
    CHECK_UINT(problems(s), 0);
}

TEST(reappearing_starts_a_new_occurrence)
{
    make_home();
    AUTO_STORE s = open_store();
    CHECK(s != NULL);
    struct hn_str x = asset_of(s, "web", S("root"));
    struct hn_store_finding f;
    struct hn_store_history *h;
    size_t n;
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "1", .show = "A", .at = AT(1)}, NULL));
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "2", .at = AT(2)}, NULL));
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "3", .show = "A", .at = AT(3)}, NULL));
    CHECK_OK(hn_store_finding_get(s, SYS, finding_id(x, 'A'), &mem, &f));
    CHECK_INT(f.status, HN_F_OPEN);
    CHECK_UINT(f.reopened, 1);
    CHECK_INT(f.first_seen, AT(1));
    CHECK_INT(f.opened_at, AT(3));
    CHECK_INT(f.due, AT(3) + 14 * HN_DAY);
    CHECK_OK(hn_store_finding_history(s, SYS, f.id, &mem, &h, &n));
    CHECK_UINT(n, 3);
    CHECK_TEXT(h[0].what, "appeared");
    CHECK_TEXT(h[1].what, "closed");
    CHECK_TEXT(h[2].what, "reopened");
    CHECK_TEXT(h[2].run, "3");
}

TEST(a_rescan_does_not_restart_the_clock)
{
    make_home();
    AUTO_STORE s = open_store();
    CHECK(s != NULL);
    struct hn_str x = asset_of(s, "web", S("root"));
    struct hn_store_finding f;
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "1", .show = "A", .at = AT(1)}, NULL));
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "2", .show = "a", .at = AT(30)}, NULL));
    CHECK_OK(hn_store_finding_get(s, SYS, finding_id(x, 'A'), &mem, &f));
    CHECK_INT(f.severity, 3);
    CHECK_INT(f.due, AT(1) + 14 * HN_DAY);
    CHECK_INT(f.last_seen, AT(30));
}

/* The local clock jumps ahead by years and is then put right: the world goes on, and last_seen never goes back. */
TEST(a_clock_that_steps_back_does_not_stop_the_world)
{
    make_home();
    AUTO_STORE s = open_store();
    CHECK(s != NULL);
    struct hn_str x = asset_of(s, "web", S("root"));
    struct hn_store_finding f;
    hn_time far = AT(24 * 3650);
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "1", .show = "AB", .at = far, .origin = "local"}, NULL));
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "2", .show = "A", .at = AT(2), .origin = "local"}, NULL));
    CHECK_C(status_of(s, x, 'B'), "closed");
    CHECK_OK(hn_store_finding_get(s, SYS, finding_id(x, 'A'), &mem, &f));
    CHECK(f.last_seen > far);
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "3", .at = AT(3), .origin = "local"}, NULL));
    CHECK_C(status_of(s, x, 'A'), "closed");
    CHECK_UINT(problems(s), 0);
}

TEST(a_document_from_the_future_is_ordered_by_its_arrival)
{
    make_home();
    AUTO_STORE s = open_store();
    CHECK(s != NULL);
    struct hn_str x = asset_of(s, "web", S("root"));
    struct hn_store_run_result r;
    set_now(AT(10));
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "1", .show = "A", .at = AT(99999)}, &r));
    CHECK_INT(r.ordered_at, AT(10));
    set_now(AT(11));
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "2", .at = AT(11)}, &r));
    CHECK_C(status_of(s, x, 'A'), "closed");
}

TEST(malformed_runs_are_refused_whole)
{
    make_home();
    AUTO_STORE s = open_store();
    CHECK(s != NULL);
    struct hn_str x = asset_of(s, "web", S("root"));
    struct hn_store_run_finding f = {.id = S("12345678"), .kind = S("other.kind"), .p = 0.1, .loss = 1};
    struct hn_store_run_cover c[2] = {{.module = S("m"), .scope = S("host"), .complete = true, .judged = true}};
    struct hn_store_run r = {.id = S("1"),
                             .asset = x,
                             .collected_at = AT(1),
                             .origin = S("file"),
                             .n_cover = 1,
                             .cover = c,
                             .n_findings = 1,
                             .findings = &f};
    struct hn_store_run_result res;
    CHECK_ERR(hn_store_run_put(s, SYS, &r, &res), INVALID); /* not covered */
    f.kind = S("m.kind");
    f.p = 1.5;
    CHECK_ERR(hn_store_run_put(s, SYS, &r, &res), INVALID);
    f.p = 0.0 / 0.0;
    CHECK_ERR(hn_store_run_put(s, SYS, &r, &res), INVALID);
    f.p = 0.5;
    f.severity = 9;
    CHECK_ERR(hn_store_run_put(s, SYS, &r, &res), INVALID);
    f.severity = 1;
    c[1] = c[0];
    r.n_cover = 2;
    CHECK_ERR(hn_store_run_put(s, SYS, &r, &res), INVALID);
    r.n_cover = 1;
    CHECK_OK(hn_store_run_put(s, SYS, &r, &res));
    CHECK(!res.known);
    CHECK_UINT(res.appeared, 1);
    CHECK_UINT(problems(s), 0);
}

TEST(observations_keep_what_they_were)
{
    make_home();
    AUTO_STORE s = open_store();
    CHECK(s != NULL);
    struct hn_str x = asset_of(s, "web", S("root"));
    struct hn_store_obs o, *h;
    size_t n;
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "1", .obs = "A", .at = AT(1)}, NULL));
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "2", .obs = "A", .at = AT(2)}, NULL));
    CHECK_OK(hn_store_obs_find(s, SYS, x, S("m.thing"), S("thing A"), &mem, &o));
    CHECK_INT(o.at, AT(2));
    CHECK_INT(o.changed_at, AT(1));
    CHECK_TEXT(o.run, "2");
    CHECK_TEXT(o.module, "m");
    CHECK_TEXT(o.kind, "thing");
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "3", .obs = "a", .at = AT(3)}, NULL));
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "4", .obs = "", .at = AT(4)}, NULL));
    CHECK_OK(hn_store_obs_find(s, SYS, x, S("m.thing"), S("thing A"), &mem, &o));
    CHECK_INT(o.at, AT(3));
    CHECK_INT(o.gone_at, AT(4));
    CHECK_TEXT(o.fields, "{\"v\":2}");
    CHECK_OK(hn_store_obs_history(s, SYS, o.id, 10, &mem, &h, &n));
    CHECK_UINT(n, 1);
    CHECK_TEXT(h[0].fields, "{\"v\":1}");
    CHECK_INT(h[0].at, AT(3));
}

/* ---------------------------------------------------------------- against a slow second implementation */

#define RUNS    12
#define LETTERS 4

struct model_run {
    struct spec spec;
    char id[8], show[LETTERS + 1];
};

/* The rule, said in another way: the newest run that shows it, then the first later one of its scope that could tell.
 */
static const char *expected(const struct model_run *v, int n, char letter)
{
    const struct model_run *last = NULL;
    const char *st = "open";

    for (int i = 0; i < n; i++)
        if (strchr(v[i].show, letter) && (!last || v[i].spec.at > last->spec.at))
            last = &v[i];
    if (!last)
        return "none";
    for (int i = 0; i < n; i++)
        if (strcmp(v[i].spec.scope, last->spec.scope) == 0 && v[i].spec.at > last->spec.at) {
            if (!v[i].spec.partial && !v[i].spec.unjudged)
                return "closed";
            st = "not_seen";
        }
    return st;
}

static void random_runs(struct model_run *v, unsigned *seed)
{
    for (int i = 0; i < RUNS; i++) {
        v[i] = (struct model_run){.spec = {.at = AT(i + 1),
                                           .partial = rand_r(seed) % 3 == 0,
                                           .unjudged = rand_r(seed) % 5 == 0,
                                           .scope = rand_r(seed) % 3 ? "host" : "deep"}};
        snprintf(v[i].id, sizeof v[i].id, "%d", i);
        for (int l = 0, k = 0; l < LETTERS; l++)
            if (rand_r(seed) % 2)
                v[i].show[k++] = (char)('A' + l);
    }
}

/* Whatever the order of arrival, the outcome is that of the order of collection; at every step as well. */
TEST_LONG(the_order_of_arrival_does_not_matter, 60)
{
    make_home();
    AUTO_STORE s = open_store();
    CHECK(s != NULL);
    struct model_run v[RUNS], got[RUNS];
    unsigned seed = 7;

    for (int round = 0; round < 40; round++) {
        char name[16];
        snprintf(name, sizeof name, "host-%d", round);
        struct hn_str x = asset_of(s, name, S("root"));
        random_runs(v, &seed);
        for (int i = RUNS - 1; i > 0; i--) {
            int k = rand_r(&seed) % (i + 1);
            struct model_run t = v[i];
            v[i] = v[k];
            v[k] = t;
        }
        for (int i = 0; i < RUNS; i++) {
            char id[32];
            snprintf(id, sizeof id, "%d-%s", round, v[i].id);
            got[i] = v[i];
            struct spec spec = v[i].spec;
            spec.id = id;
            spec.show = v[i].show;
            CHECK_OK(put_run(s, SYS, x, &spec, NULL));
            for (char l = 'A'; l < 'A' + LETTERS; l++) {
                NOTE("round %d, after run %d, finding %c", round, i, l);
                CHECK_C(status_of(s, x, l), expected(got, i + 1, l));
            }
        }
    }
    CHECK_UINT(problems(s), 0);
}
