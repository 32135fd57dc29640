/* What an earlier run saw: kept while nothing has changed, and given up for every reason there is. */
#include "core/seen.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/str.h"
#include "core/facts.h"
#include "core/registry.h"
#include "hn_test.h"

static char home[64], folder[96], file[128];

static void write_file(const char *path, const char *text)
{
    HN_AUTO_FD fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CHECK(fd >= 0);
    CHECK_OK(hn_write_all(fd, text, strlen(text)));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    return remove(path);
}

static void tidy(void)
{
    nftw(home, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* A home, and in it a folder with the two files that "packages" is said to have looked at. */
static void set_up(void)
{
    char second[160];
    snprintf(home, sizeof home, "/tmp/hn-seen-XXXXXX");
    CHECK(mkdtemp(home) != NULL);
    atexit(tidy);
    snprintf(folder, sizeof folder, "%s/lists", home);
    CHECK_INT(mkdir(folder, 0700), 0);
    snprintf(file, sizeof file, "%s/status", home);
    snprintf(second, sizeof second, "%s/a.list", folder);
    write_file(file, "Package: a\n");
    STOP_IF_FAILED();
    write_file(second, "/a\n");
}

/* A run that read them long after they were written. inputs: more of them, with NULs; or empty. */
static struct hn_run *run_of(hn_time at, struct hn_str more)
{
    static const char doc[] =
        "{\"schema\":\"hinomi-run-1\",\"run_id\":\"01TESTRUN0000\",\"collected_at\":\"%s\",\"live\":true,\"deep\":"
        "false,"
        "\"scope\":\"live\",\"privilege\":\"root\",\"coverage\":[{\"module\":\"packages\",\"ran\":true,"
        "\"complete\":true},{\"module\":\"services\",\"ran\":true,\"complete\":true}],\"observations\":["
        "{\"module\":\"packages\",\"kind\":\"package\",\"subject\":\"a:amd64\",\"at\":\"%s\",\"fields\":{\"name\":"
        "\"a\","
        "\"version\":\"1\",\"installed\":true}}]}";
    struct hn_run *r = hn_run_new();
    HN_AUTO(hn_buf_done) struct hn_buf b;
    char when[HN_TIME_TEXT], text[1024];
    hn_buf_init(&b, 1 << 20);
    hn_time_text(at, when);
    int n = snprintf(text, sizeof text, doc, when, when);
    if (!r || !hn_ok(hn_run_read(r, hn_bytes_of((const uint8_t *)text, (size_t)n), NULL)) || r->n_cover != 2)
        return NULL;
    hn_buf_fmt(&b, "F%s", file);
    hn_buf_chr(&b, 0);
    hn_buf_fmt(&b, "G%s/*.list", folder);
    hn_buf_chr(&b, 0);
    hn_buf_fmt(&b, "F%s/absent", home);
    hn_buf_chr(&b, 0);
    hn_buf_str(&b, more);
    r->cover[0].inputs = hn_arena_bytes(&r->arena, hn_str_bytes(hn_buf_text(&b)));
    r->cover[0].verdict = UINT64_C(0xfedcba9876543210);
    return r;
}

static void save(hn_time at, struct hn_str more)
{
    struct hn_run *r = run_of(at, more);
    CHECK(r != NULL);
    hn_seen_save(home, r);
    hn_run_free(r);
}

static bool loads(void)
{
    uint64_t modules, fresh;
    struct hn_seen *s = hn_seen_begin(home, &modules);
    bool ok = hn_seen_wait(s, &fresh) != NULL;
    hn_seen_free(s);
    return ok && fresh != UINT64_MAX && modules;
}

/* A run two seconds ahead would be of the future when it is loaded; so the files are made older instead: their ctime
 * cannot be set, and waiting is what is left. */
static void saved(void)
{
    set_up();
    STOP_IF_FAILED();
    usleep(1200 * 1000);
    save(hn_now(), HN_STR(""));
    STOP_IF_FAILED();
    CHECK(loads());
}

TEST(what_was_seen_is_had_again_with_all_that_belongs_to_it)
{
    uint64_t modules, fresh;
    saved();
    STOP_IF_FAILED();
    struct hn_seen *s = hn_seen_begin(home, &modules);
    const struct hn_run *r = hn_seen_wait(s, &fresh);
    CHECK(r != NULL);
    CHECK_UINT(modules, hn_module_bit(hn_module_find(HN_STR("packages"))));
    CHECK_UINT(fresh, ~modules);
    CHECK_UINT(r->n_cover, 1);
    CHECK_TEXT(r->cover[0].looked, "01TESTRUN0000");
    CHECK_UINT(r->cover[0].verdict, UINT64_C(0xfedcba9876543210));
    CHECK(r->cover[0].complete);
    CHECK(r->cover[0].inputs.n > 0);
    const struct hn_obs *o = hn_facts_first(r->facts, "packages.package");
    CHECK(o != NULL);
    CHECK_TEXT(o->subject, "a:amd64");
    hn_seen_free(s);
}

TEST(a_file_that_changed_is_read_again)
{
    saved();
    STOP_IF_FAILED();
    write_file(file, "Package: b\n");
    CHECK(!loads());
}

TEST(a_mode_that_changed_counts)
{
    saved();
    STOP_IF_FAILED();
    CHECK_INT(chmod(file, 0644), 0);
    CHECK(!loads());
}

TEST(a_file_that_was_not_there_counts)
{
    char path[128];
    saved();
    STOP_IF_FAILED();
    snprintf(path, sizeof path, "%s/absent", home);
    write_file(path, "");
    CHECK(!loads());
}

TEST(a_name_that_came_or_went_counts)
{
    char path[160];
    saved();
    STOP_IF_FAILED();
    snprintf(path, sizeof path, "%s/b.list", folder);
    write_file(path, "");
    CHECK(!loads());
    CHECK_INT(unlink(path), 0);
    CHECK(!loads()); /* the folder is not what it was, though its names are */
}

/* Of a named folder only the names count; of a listed one everything. */
TEST(a_named_folder_is_its_names)
{
    char more[160], path[160];
    set_up();
    STOP_IF_FAILED();
    snprintf(path, sizeof path, "%s/named", home);
    CHECK_INT(mkdir(path, 0700), 0);
    int n = snprintf(more, sizeof more, "L%s", path);
    snprintf(path, sizeof path, "%s/named/x", home);
    write_file(path, "");
    STOP_IF_FAILED();
    usleep(1200 * 1000);
    save(hn_now(), (struct hn_str){more, (size_t)n + 1});
    STOP_IF_FAILED();
    CHECK(loads());
    CHECK_INT(chmod(path, 0644), 0);
    CHECK(loads());
    snprintf(path, sizeof path, "%s/named/y", home);
    write_file(path, "");
    CHECK(!loads());
}

TEST(a_time_set_back_does_not_hide_a_change)
{
    struct stat st;
    saved();
    STOP_IF_FAILED();
    CHECK_INT(stat(file, &st), 0);
    write_file(file, "Package: b\n");
    const struct timespec t[] = {st.st_atim, st.st_mtim};
    CHECK_INT(utimensat(AT_FDCWD, file, t, 0), 0);
    CHECK(!loads());
}

TEST(what_changed_while_the_run_looked_is_not_kept)
{
    set_up();
    STOP_IF_FAILED();
    save(hn_now(), HN_STR("")); /* the files are as young as the run */
    CHECK(!loads());
}

TEST(what_files_do_not_tell_is_not_kept)
{
    static const char *const more[] = {"K", "P", "N15", "Frelative", "G", "F"};
    set_up();
    STOP_IF_FAILED();
    usleep(1200 * 1000);
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
        NOTE("%s", more[i]);
        save(hn_now(), (struct hn_str){more[i], strlen(more[i]) + 1});
        STOP_IF_FAILED();
        CHECK(!loads());
    }
}

TEST(half_a_day_is_enough)
{
    set_up();
    STOP_IF_FAILED();
    usleep(1200 * 1000);
    struct hn_run *r = run_of(hn_now(), HN_STR(""));
    CHECK(r != NULL);
    struct hn_obs *o = (struct hn_obs *)(uintptr_t)hn_facts_first(r->facts, "packages.package");
    CHECK(o != NULL);
    o->at = hn_now() - HN_SEEN_AGE - HN_MINUTE;
    hn_seen_save(home, r);
    CHECK(!loads());
    o->at = hn_now() - HN_SEEN_AGE + HN_MINUTE;
    hn_seen_save(home, r);
    hn_run_free(r);
    CHECK(loads());
}

/* Every truncation and every bit of a damaged file gives nothing, and no crash. */
TEST_LONG(a_damaged_file_is_no_file, 60)
{
    HN_AUTO(hn_buf_done) struct hn_buf all;
    char path[128];
    hn_buf_init(&all, 1 << 20);
    saved();
    STOP_IF_FAILED();
    snprintf(path, sizeof path, "%s/seen", home);
    CHECK_OK(hn_read_file(path, &all, NULL));
    for (size_t n = 0; n < all.n; n += 7) {
        HN_AUTO_FD fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
        CHECK_OK(hn_write_all(fd, all.p, n));
        CHECK(!loads());
    }
    for (size_t n = 0; n < all.n; n += 13) {
        HN_AUTO_FD fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
        all.p[n] = (char)(all.p[n] ^ (1 << (n % 8)));
        CHECK_OK(hn_write_all(fd, all.p, all.n));
        all.p[n] = (char)(all.p[n] ^ (1 << (n % 8)));
        CHECK(!loads());
    }
}

TEST(a_file_that_others_may_write_is_not_believed)
{
    char path[128];
    saved();
    STOP_IF_FAILED();
    snprintf(path, sizeof path, "%s/seen", home);
    CHECK_INT(chmod(path, 0620), 0);
    CHECK(!loads());
    CHECK_INT(chmod(path, 0600), 0);
    CHECK(loads());
}
