/* Opening, locking, schema versions, backup, restore, check, retention, full and read-only storage. */
#include <sched.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "base/fs.h"
#include "base/str.h"
#include "test_store.h"

#define T0        (INT64_C(1790000000) * HN_SECOND)
#define AT(hours) (T0 + (hours)*HN_HOUR)

static const char *in_home(const char *name)
{
    return hn_arena_fmt(&mem, "%s/%s", home, name).p;
}

/* Behind the store's back. */
static int raw(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    int rc = sqlite3_open(path, &db);

    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    if (rc != SQLITE_OK)
        printf("# raw: %s\n", sqlite3_errmsg(db));
    sqlite3_close(db);
    return rc;
}

static struct hn_store *with_data(struct hn_str *asset)
{
    make_home();
    struct hn_store *s = open_store();
    if (!s)
        return NULL;
    *asset = asset_of(s, "web", S("root"));
    for (int i = 1; i < 5; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        if (!hn_ok(put_run(
                s, SYS, *asset,
                &(struct spec){.id = id, .show = i % 2 ? "AB" : "A", .obs = i % 2 ? "Ab" : "aB", .at = AT(i)}, NULL))) {
            close_store(&s);
            return NULL;
        }
    }
    return s;
}

TEST(there_is_one_owner)
{
    struct hn_diag d;
    AUTO_STORE second = NULL;
    AUTO_STORE reader = NULL;
    char pid[64];
    make_home();
    CHECK_ERR(hn_store_open(home, 0, &second, &d), NOENT);
    AUTO_STORE s = open_store();
    CHECK(s != NULL);
    CHECK_ERR(hn_store_open(home, 0, &second, &d), BUSY);
    snprintf(pid, sizeof pid, "process %d", (int)getpid());
    CHECK(strstr(d.msg, pid) != NULL);
    /* looking on is allowed, changing is not */
    CHECK_OK(hn_store_open(home, HN_STORE_READ_ONLY, &reader, &d));
    CHECK_ERR(hn_store_setting_put(reader, SYS, "k", S("v")), READONLY);
    close_store(&reader);
    close_store(&s);
    s = open_store();
    CHECK(s != NULL);
    struct stat st;
    CHECK(stat(in_home("store.db"), &st) == 0 && (st.st_mode & 077) == 0);
}

TEST(newer_and_foreign_files_are_refused_untouched)
{
    struct hn_diag d;
    AUTO_STORE s = NULL;
    make_home();
    s = open_store();
    CHECK(s != NULL);
    close_store(&s);
    CHECK_INT(raw(in_home("store.db"), "PRAGMA user_version = 9999"), 0);
    CHECK_ERR(hn_store_open(home, 0, &s, &d), UNSUPPORTED);
    CHECK(strstr(d.msg, "9999") != NULL);
    CHECK_INT(raw(in_home("store.db"), "PRAGMA user_version = 1; PRAGMA application_id = 7"), 0);
    CHECK_ERR(hn_store_open(home, 0, &s, &d), CORRUPT);
    CHECK_INT(unlink(in_home("store.db")), 0);
    CHECK_INT(raw(in_home("store.db"), "CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)"), 0);
    CHECK_ERR(hn_store_open(home, HN_STORE_CREATE, &s, &d), CORRUPT);
    CHECK_INT(raw(in_home("store.db"), "INSERT INTO theirs SELECT x FROM theirs"), 0);
    FILE *f = fopen(in_home("store.db"), "w");
    CHECK(f && fputs("this is not a database, and long enough to be looked at as if it were one: ...................",
                     f) >= 0);
    fclose(f);
    CHECK_ERR(hn_store_open(home, 0, &s, &d), CORRUPT);
}

TEST(a_backup_is_a_store)
{
    struct hn_str x, old;
    struct hn_diag d;
    AUTO_STORE s = with_data(&x);
    CHECK(s != NULL);
    const char *copy_file = in_home("copy.db");
    CHECK_OK(hn_store_backup(s, SYS, copy_file, NULL, NULL, &d));
    CHECK_ERR(hn_store_backup(s, SYS, copy_file, NULL, NULL, &d), EXISTS);
    struct hn_store_info info;
    CHECK_OK(hn_store_info(s, &mem, &info));
    CHECK(info.last_backup > 0);
    CHECK_UINT(info.assets, 1);
    CHECK_UINT(info.runs, 4);
    /* what comes after the backup is undone by restoring it, and kept beside it */
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "after", .show = "ABC", .at = AT(9)}, NULL));
    CHECK_ERR(hn_store_restore(home, copy_file, &mem, &old, &d), BUSY);
    close_store(&s);
    CHECK_OK(hn_store_restore(home, copy_file, &mem, &old, &d));
    s = open_store();
    CHECK(s != NULL);
    CHECK_C(status_of(s, x, 'C'), "none");
    CHECK_C(status_of(s, x, 'A'), "open");
    CHECK_UINT(problems(s), 0);
    close_store(&s);
    CHECK(access(old.p, F_OK) == 0);
    CHECK_INT(rename(old.p, in_home("store.db")), 0);
    s = open_store();
    CHECK(s != NULL);
    CHECK_C(status_of(s, x, 'C'), "open");
    CHECK_UINT(problems(s), 0);
}

TEST(a_damaged_backup_is_not_restored)
{
    struct hn_str x;
    struct hn_diag d;
    AUTO_STORE s = with_data(&x);
    CHECK(s != NULL);
    const char *file = in_home("copy.db");
    CHECK_OK(hn_store_backup(s, SYS, file, NULL, NULL, &d));
    close_store(&s);
    struct stat st;
    CHECK_INT(stat(file, &st), 0);
    HN_AUTO_FD fd = open(file, O_RDWR);
    for (off_t at = 5 * 4096 + 4000; at < st.st_size; at += 4096)
        CHECK_INT(pwrite(fd, "damage damage damage", 20, at), 20);
    struct hn_err e = hn_store_restore(home, file, &mem, NULL, &d);
    CHECK_ERR(e, CORRUPT);
    CHECK_ERR(hn_store_restore(home, in_home("nowhere"), &mem, NULL, &d), IO);
    s = open_store();
    CHECK(s != NULL);
    CHECK_C(status_of(s, x, 'A'), "open");
    CHECK_UINT(problems(s), 0);
    close_store(&s);
}

/* Each damage done behind the store's back is found. */
TEST_LONG(the_check_finds_what_is_wrong, 60)
{
    static const struct {
        const char *sql, *what;
    } damage[] = {
        {"UPDATE audit SET detail = 'nothing happened' WHERE seq = 2", "audit-chain"},
        {"DELETE FROM audit WHERE seq = 2", "audit-chain"},
        {"DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)", "audit-chain"},
        {"UPDATE audit SET at = at + 1 WHERE seq = 3", "audit-chain"},
        {"INSERT INTO audit SELECT max(seq) + 1, 0, 'x', 'x', 'x', 'x', 1, hash, hash FROM audit", "audit-chain"},
        {"PRAGMA foreign_keys = OFF; DELETE FROM run WHERE n = 1", "foreign-key"},
        {"UPDATE finding SET closed_run = 1 WHERE presence = 2", "invariant"},
        {"UPDATE finding SET at = closed_at + 1 WHERE presence = 2", "invariant"},
        {"UPDATE action SET state = 4, verified_at = 1, verified_run = 99", "invariant"},
        {"UPDATE action SET state = 4, verified_at = 1, verified_run = (SELECT run FROM run_cover WHERE complete = 0)",
         "invariant"},
        {"UPDATE action SET state = 4, verified_at = 1, verified_run = 1", "invariant"},
        {"UPDATE action SET state = 4, verified_at = 1, verified_run = 1; INSERT OR IGNORE INTO word (text) VALUES "
         "('verified'); INSERT INTO history (what, object, at, event, run) SELECT 2, 1, 1, n, 1 FROM word WHERE text = "
         "'verified'",
         "invariant"},
        {"UPDATE asset SET open = open + 1", "invariant"},
        {"DELETE FROM finding_text WHERE finding = 1", "invariant"},
        {"UPDATE finding SET excepted_until = 5 WHERE presence = 0", "invariant"},
        {"UPDATE org SET path = '00000001.00000009.' WHERE n = 2", "invariant"},
        {"UPDATE cover SET run = 1", "invariant"},
        {"UPDATE finding SET score = 77 WHERE n = 1", "invariant"},
        {"INSERT INTO comment (what, object, at, by, by_name, text) VALUES (1, 4711, 1, '', '', 'x')", "invariant"},
    };
    struct hn_str x, id;
    struct hn_diag d;
    AUTO_STORE s = with_data(&x);
    CHECK(s != NULL);
    CHECK_OK(hn_store_org_put(s, SYS, S("root"), S("a"), S(""), S(""), &mem, &id));
    CHECK_OK(hn_store_action_put(s, SYS, finding_id(x, 'A'), S(""), 0, S(""), &mem, &id));
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "p", .show = "A", .at = AT(7), .partial = true}, NULL));
    CHECK_UINT(problems(s), 0);
    CHECK_OK(hn_store_backup(s, SYS, in_home("good.db"), NULL, NULL, &d));
    close_store(&s);
    for (size_t i = 0; i < sizeof damage / sizeof *damage; i++) {
        struct hn_store_problem *v;
        size_t n;
        NOTE("%s", damage[i].sql);
        CHECK_OK(hn_store_restore(home, in_home("good.db"), &mem, &id, &d));
        unlink(id.p);
        CHECK_INT(raw(in_home("store.db"), damage[i].sql), 0);
        s = open_store();
        CHECK(s != NULL);
        CHECK_OK(hn_store_check(s, &mem, &v, &n));
        CHECK(n > 0);
        bool found = false;
        for (size_t k = 0; k < n; k++)
            found |= hn_str_eqc(v[k].what, damage[i].what);
        CHECK(found);
        close_store(&s);
    }
}

TEST(a_file_with_damaged_pages_is_reported_not_followed)
{
    struct hn_str x;
    struct hn_store_problem *v;
    struct hn_diag d;
    size_t n = 0;
    AUTO_STORE s = with_data(&x);
    CHECK(s != NULL);
    close_store(&s);
    struct stat st;
    CHECK_INT(stat(in_home("store.db"), &st), 0);
    HN_AUTO_FD fd = open(in_home("store.db"), O_RDWR);
    for (off_t at = 4096 * 4; at + 4096 <= st.st_size; at += 4096 * 3)
        CHECK_INT(pwrite(fd, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12, at), 12);
    struct hn_err e = hn_store_open(home, 0, &s, &d);
    if (hn_ok(e)) {
        CHECK_OK(hn_store_check(s, &mem, &v, &n));
        CHECK(n > 0);
        close_store(&s);
    } else {
        CHECK_ERR(e, CORRUPT);
    }
}

TEST(retention_keeps_what_matters)
{
    struct hn_str x;
    struct hn_store_pruned r;
    struct hn_store_obs o, *h;
    size_t n;
    set_now(AT(10));
    AUTO_STORE s = with_data(&x);
    CHECK(s != NULL);
    set_now(AT(24 * 40));
    CHECK_OK(hn_store_prune(
        s, SYS, &(struct hn_store_retention){.history_days = 60, .run_days = 60, .closed_days = 60, .event_days = 60},
        &r));
    CHECK_UINT(r.history + r.runs + r.findings + r.events, 0);
    CHECK_OK(
        hn_store_prune(s, SYS, &(struct hn_store_retention){.history_days = 20, .run_days = 20, .event_days = 20}, &r));
    CHECK(r.history > 0 && r.runs == 2 && r.events > 0);
    CHECK_OK(hn_store_obs_find(s, SYS, x, S("m.thing"), S("thing A"), &mem, &o));
    CHECK_OK(hn_store_obs_history(s, SYS, o.id, 9, &mem, &h, &n));
    CHECK_UINT(n, 0);
    CHECK_C(status_of(s, x, 'A'), "open");
    CHECK_C(status_of(s, x, 'B'), "closed");
    CHECK_OK(hn_store_prune(s, SYS, &(struct hn_store_retention){.closed_days = 20}, &r));
    CHECK_UINT(r.findings, 1);
    CHECK_C(status_of(s, x, 'B'), "none");
    CHECK_UINT(problems(s), 0);
    CHECK_OK(hn_store_prune(s, SYS, &(struct hn_store_retention){.most_bytes = 1}, &r));
    CHECK_C(status_of(s, x, 'A'), "open");
    CHECK_UINT(problems(s), 0);
}

TEST(listeners_hear_of_pruned_events)
{
    struct hn_str x;
    struct hn_store_pruned r;
    struct hn_store_event *e;
    int64_t last;
    size_t n;
    bool gap;
    set_now(AT(10));
    AUTO_STORE s = with_data(&x);
    CHECK(s != NULL);
    CHECK_OK(hn_store_events(s, SYS, 0, 0, &mem, &e, &n, &last, &gap));
    CHECK(n > 3 && !gap && e[n - 1].id == last);
    CHECK_OK(hn_store_events(s, SYS, last, 0, &mem, &e, &n, &last, &gap));
    CHECK(n == 0 && !gap);
    set_now(AT(24 * 40));
    CHECK_OK(hn_store_prune(s, SYS, &(struct hn_store_retention){.event_days = 1}, &r));
    CHECK_OK(hn_store_events(s, SYS, 2, 0, &mem, &e, &n, &last, &gap));
    CHECK(gap);
    CHECK_OK(hn_store_events(s, SYS, last, 0, &mem, &e, &n, &last, &gap));
    CHECK(!gap);
}

/* ---------------------------------------------------------------- storage that refuses */

/* Fills the store until it is refused; gives how many runs were acknowledged. */
static unsigned fill(struct hn_store *s, struct hn_str x, struct hn_err *ret)
{
    static char big[200000];
    unsigned acked = 0;

    memset(big, 'x', sizeof big);
    for (unsigned i = 0; i < 2000; i++) {
        char id[32];
        struct hn_store_run_result r;
        struct hn_store_run_cover c = {.module = S("m"), .scope = S("host"), .complete = true, .judged = true};
        snprintf(id, sizeof id, "fill-%u", i);
        struct hn_store_run run = {.id = hn_str_c(id),
                                   .asset = x,
                                   .collected_at = AT(20) + i,
                                   .origin = S("file"),
                                   .n_cover = 1,
                                   .cover = &c,
                                   .note = {big, sizeof big}};
        *ret = hn_store_run_put(s, SYS, &run, &r);
        if (!hn_ok(*ret))
            break;
        acked++;
    }
    return acked;
}

static void after_refusal(struct hn_str x, unsigned acked)
{
    struct hn_store_run_row r;
    AUTO_STORE s = open_store();
    CHECK(s != NULL);

    CHECK(s != NULL);
    CHECK_UINT(problems(s), 0);
    CHECK_C(status_of(s, x, 'A'), "closed"); /* by the first run that filled */
    for (unsigned i = 0; i < acked; i++)
        CHECK_OK(hn_store_run_get(s, SYS, hn_arena_fmt(&mem, "fill-%u", i), &mem, &r));
    CHECK_ERR(hn_store_run_get(s, SYS, hn_arena_fmt(&mem, "fill-%u", acked), &mem, &r), NOENT);
}

TEST_LONG(a_full_disk_is_said_and_loses_nothing, 60)
{
    struct hn_str x;
    struct hn_err e;
    struct rlimit most = {12 << 20, RLIM_INFINITY}, none;
    AUTO_STORE s = with_data(&x);
    CHECK(s != NULL);
    signal(SIGXFSZ, SIG_IGN);
    CHECK_INT(getrlimit(RLIMIT_FSIZE, &none), 0);
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &most), 0);
    unsigned acked = fill(s, x, &e);
    CHECK_ERR(e, FULL);
    CHECK(acked > 5);
    CHECK(strlen(hn_store_why(s)) > 0);
    /* reading goes on */
    CHECK_C(status_of(s, x, 'A'), "closed");
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &none), 0);
    /* and so does writing, once there is room */
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "room", .show = "AB", .at = AT(2000)}, NULL));
    CHECK_C(status_of(s, x, 'A'), "open");
    close_store(&s);
    s = open_store();
    CHECK(s != NULL);
    CHECK_UINT(problems(s), 0);
}

/* In a batch a full disk takes the whole batch, and says so at its end. */
TEST_LONG(a_full_disk_undoes_the_batch, 60)
{
    struct hn_str x;
    struct hn_err e;
    struct rlimit most = {4 << 20, RLIM_INFINITY}, none;
    struct hn_store_run_row r;
    AUTO_STORE s = with_data(&x);
    CHECK(s != NULL);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &none);
    CHECK_OK(hn_store_batch_begin(s));
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "in", .show = "ABC", .at = AT(6)}, NULL));
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &most), 0);
    fill(s, x, &e);
    struct hn_err last = hn_store_batch_end(s, true);
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &none), 0);
    CHECK(e.code == HN_E_FULL || last.code == HN_E_FULL);
    CHECK_ERR(last, FULL);
    CHECK_C(status_of(s, x, 'C'), "none");
    CHECK_ERR(hn_store_run_get(s, SYS, S("in"), &mem, &r), NOENT);
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "in", .show = "ABC", .at = AT(6)}, NULL));
    CHECK_C(status_of(s, x, 'C'), "open");
    CHECK_UINT(problems(s), 0);
}

/* A file system of its own: really full, then really read-only. Needs a mount namespace. */
TEST_LONG(a_small_file_system, 60)
{
    struct hn_str x;
    struct hn_err e;
    struct hn_diag d;
    AUTO_STORE s = NULL;
    make_home();
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", home, "tmpfs", 0, "size=6m") != 0)
        SKIP("no mount namespace here");
    s = open_store();
    CHECK(s != NULL);
    x = asset_of(s, "web", S("root"));
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "1", .show = "A", .at = AT(1)}, NULL));
    unsigned acked = fill(s, x, &e);
    CHECK_ERR(e, FULL);
    close_store(&s);
    CHECK_INT(mount("none", home, "tmpfs", MS_REMOUNT, "size=32m"), 0);
    after_refusal(x, acked);
    STOP_IF_FAILED();
    CHECK_INT(mount("none", home, "tmpfs", MS_REMOUNT | MS_RDONLY, "size=32m"), 0);
    CHECK_ERR(hn_store_open(home, HN_STORE_CREATE, &s, &d), READONLY);
    CHECK(strlen(d.msg) > 0);
    CHECK_OK(hn_store_open(home, HN_STORE_READ_ONLY, &s, &d));
    CHECK_C(status_of(s, x, 'A'), "closed");
    CHECK_ERR(put_run(s, SYS, x, &(struct spec){.id = "2", .at = AT(3000)}, NULL), READONLY);
    close_store(&s);
    CHECK_OK(hn_store_open(home, HN_STORE_CREATE | HN_STORE_OR_READ, &s, &d));
    CHECK(hn_store_read_only(s));
    CHECK_C(status_of(s, x, 'A'), "closed");
    CHECK_ERR(put_run(s, SYS, x, &(struct spec){.id = "2", .at = AT(3000)}, NULL), READONLY);
    close_store(&s);
    umount2(home, MNT_DETACH);
}

/* The same folder read-only in one place and written to in another, as a container sees it. */
TEST_LONG(a_folder_that_is_written_elsewhere, 60)
{
    struct hn_str x;
    struct hn_diag d;
    char here[] = "/tmp/hn-care-XXXXXX";
    AUTO_STORE s = NULL;
    AUTO_STORE reader = NULL;
    make_home();
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 || !mkdtemp(here) ||
        mount(home, here, NULL, MS_BIND, NULL) != 0 ||
        mount(NULL, here, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) != 0)
        SKIP("no mount namespace here");
    s = open_store();
    CHECK(s != NULL);
    x = asset_of(s, "web", S("root"));
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "1", .show = "A", .at = AT(1)}, NULL));
    /* the log is read along with */
    CHECK_OK(hn_store_open(here, HN_STORE_CREATE | HN_STORE_OR_READ, &reader, &d));
    CHECK_C(status_of(reader, x, 'A'), "open");
    CHECK_ERR(put_run(reader, SYS, x, &(struct spec){.id = "2", .at = AT(2)}, NULL), READONLY);
    close_store(&reader);
    close_store(&s);
    /* nobody writes, and nobody can begin to as long as the file alone is read */
    CHECK_OK(hn_store_open(here, HN_STORE_CREATE | HN_STORE_OR_READ, &reader, &d));
    CHECK_C(status_of(reader, x, 'A'), "open");
    CHECK_ERR(hn_store_open(home, HN_STORE_CREATE, &s, &d), BUSY);
    close_store(&reader);
    s = open_store();
    CHECK(s != NULL);
    close_store(&s);
    umount2(here, MNT_DETACH);
    rmdir(here);
}

TEST(an_error_inside_a_batch_leaves_the_rest_of_it)
{
    struct hn_str x, id;
    AUTO_STORE s = with_data(&x);
    CHECK(s != NULL);
    CHECK_OK(hn_store_batch_begin(s));
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "a", .show = "ABC", .at = AT(6)}, NULL));
    struct hn_store_run_finding f = {.id = S("12345678"), .kind = S("zz.new"), .p = 0.1, .loss = 1, .score = 1};
    struct hn_store_run_cover c = {.module = S("zz"), .scope = S("newscope"), .complete = true, .judged = true};
    struct hn_store_run_finding two[2] = {f, f};
    two[1].id = S("87654321");
    two[1].p = 7; /* refused after the first was stored */
    struct hn_store_run bad = {.id = S("bad"),
                               .asset = x,
                               .collected_at = AT(7),
                               .origin = S("file"),
                               .n_cover = 1,
                               .cover = &c,
                               .n_findings = 2,
                               .findings = two};
    struct hn_store_run_result r;
    CHECK_ERR(hn_store_run_put(s, SYS, &bad, &r), INVALID);
    CHECK_OK(hn_store_org_put(s, SYS, S("root"), S("after"), S(""), S(""), &mem, &id));
    two[1].p = 0.5;
    CHECK_OK(hn_store_run_put(s, SYS, &bad, &r));
    CHECK_UINT(r.appeared, 2);
    CHECK_OK(hn_store_batch_end(s, true));
    CHECK_C(status_of(s, x, 'C'), "open");
    CHECK_OK(hn_store_batch_begin(s));
    CHECK_OK(put_run(s, SYS, x, &(struct spec){.id = "b", .show = "ABCD", .at = AT(8)}, NULL));
    CHECK_OK(hn_store_batch_end(s, false));
    CHECK_C(status_of(s, x, 'D'), "none");
    CHECK_UINT(problems(s), 0);
    close_store(&s);
    s = open_store();
    CHECK(s != NULL);
    CHECK_UINT(problems(s), 0);
}
