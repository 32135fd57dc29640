/* Copies and figures: backup while in use, restore with the former store kept, info. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "store/internal.h"

/* ---------------------------------------------------------------- info */

static struct hn_err count(struct hn_store *s, const char *sql, uint64_t *ret)
{
    int64_t n = 0;
    struct st q = st_open(s, sql);

    HN_TRY(st_one(&q, &n));
    *ret = (uint64_t)n;
    return HN_OK;
}

static uint64_t size_of(const char *path, const char *suffix)
{
    char name[4096];
    struct stat st;

    snprintf(name, sizeof name, "%s%s", path, suffix);
    return stat(name, &st) == 0 ? (uint64_t)st.st_size : 0;
}

struct hn_err hn_store_info(struct hn_store *s, struct hn_arena *a, struct hn_store_info *ret)
{
    struct hn_str text;

    store_ask(s, &hn_principal_system);
    *ret = (struct hn_store_info){.path = hn_arena_str(a, hn_str_c(s->path)),
                                  .schema = store_migrations_n,
                                  .bytes = size_of(s->path, "") + size_of(s->path, "-wal"),
                                  .read_only = s->read_only};
    if (hn_ok(store_meta_get(s, "last-backup", a, &text)))
        (void)hn_str_i64(text, &ret->last_backup);
    /* The newest number of a table is its count as long as nothing was pruned: exact counts of millions of rows take
     * seconds, and this is shown on every status page. */
    HN_TRY(count(s, "SELECT count(*) FROM asset", &ret->assets));
    HN_TRY(count(s, "SELECT coalesce(sum(open + not_seen + excepted), 0) FROM asset", &ret->findings));
    HN_TRY(count(s, "SELECT coalesce(max(n), 0) FROM observation", &ret->observations));
    HN_TRY(count(s, "SELECT coalesce(max(n), 0) FROM run", &ret->runs));
    int64_t created = 0;
    struct st q = st_open(s, "SELECT coalesce(min(at), 0) FROM audit WHERE seq = 1");
    HN_TRY(st_one(&q, &created));
    ret->created = created;
    return a->failed ? store_nomem(s) : HN_OK;
}

/* ---------------------------------------------------------------- checking a file that is not open */

/* full: every index entry against its row as well, which takes a minute for some gigabytes. */
static struct hn_err check_file(const char *path, bool full, struct hn_diag *reterr)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *h = NULL;
    char what[200] = "";
    int id = 0, version = -1;

    int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(db,
                                /* no argument: SQLite from 3.46 on takes it for the name of a table */
                                full ? "SELECT a.application_id, v.user_version, q.integrity_check FROM "
                                       "pragma_application_id a, pragma_user_version v, pragma_integrity_check q"
                                     : "SELECT a.application_id, v.user_version, q.quick_check FROM "
                                       "pragma_application_id a, pragma_user_version v, pragma_quick_check q",
                                -1, &h, NULL);
    if (rc == SQLITE_OK && (rc = sqlite3_step(h)) == SQLITE_ROW) {
        id = sqlite3_column_int(h, 0);
        version = sqlite3_column_int(h, 1);
        snprintf(what, sizeof what, "%s", (const char *)sqlite3_column_text(h, 2));
        rc = SQLITE_OK;
    }
    struct hn_err e = HN_OK;
    if (rc != SQLITE_OK)
        e = hn_fail(reterr, store_code_of(db, rc), "%s: %s", path, sqlite3_errmsg(db));
    else if (id != STORE_APPLICATION_ID)
        e = hn_fail(reterr, HN_E_INVALID, "%s is not a store of this program", path);
    else if (version > (int)store_migrations_n)
        e = hn_fail(reterr, HN_E_UNSUPPORTED, "%s has schema %d, this program knows up to %u", path, version,
                    store_migrations_n);
    else if (strcmp(what, "ok") != 0)
        e = hn_fail(reterr, HN_E_CORRUPT, "%s is damaged: %s", path, what);
    sqlite3_finalize(h);
    sqlite3_close_v2(db);
    return e;
}

/* ---------------------------------------------------------------- backup */

/* path's folder and, in it, a name for the unfinished copy. */
static struct hn_err place(const char *file, char dir[4096], char part[4096], struct hn_diag *reterr)
{
    const char *slash = strrchr(file, '/');

    if (strlen(file) > 4000)
        return hn_fail(reterr, HN_E_INVALID, "the path of the backup is too long");
    snprintf(dir, 4096, "%.*s", slash ? (int)(slash - file) + 1 : 1, slash ? file : ".");
    snprintf(part, 4096, "%s.%ld.part", file, (long)getpid());
    return HN_OK;
}

static struct hn_err sync_path(const char *path, int flags, struct hn_diag *reterr)
{
    HN_AUTO_FD fd = open(path, flags | O_CLOEXEC);

    if (fd < 0 || fsync(fd) != 0)
        return hn_fail_errno(reterr, "cannot sync %s", path);
    return HN_OK;
}

#define STEP_PAGES 2048

static struct hn_err copy_pages(struct hn_store *s, sqlite3 *to, bool (*progress)(void *arg, unsigned percent),
                                void *arg, struct hn_diag *reterr)
{
    sqlite3_backup *b = sqlite3_backup_init(to, "main", s->db, "main");
    bool go = true;
    int rc = SQLITE_OK;

    if (!b)
        return hn_fail(reterr, store_code_of(to, sqlite3_errcode(to)), "cannot back up: %s", sqlite3_errmsg(to));
    while (go && (rc = sqlite3_backup_step(b, STEP_PAGES)) == SQLITE_OK) {
        int all = sqlite3_backup_pagecount(b), left = sqlite3_backup_remaining(b);
        go = !progress || progress(arg, all ? (unsigned)(100.0 * (all - left) / all) : 0);
    }
    sqlite3_backup_finish(b);
    if (!go)
        return hn_fail(reterr, HN_E_TIMEOUT, "the backup was given up");
    if (rc != SQLITE_DONE)
        return hn_fail(reterr, store_code_of(to, rc), "cannot back up: %s", sqlite3_errstr(rc));
    return HN_OK;
}

static struct hn_err copy(struct hn_store *s, const char *part, bool (*progress)(void *arg, unsigned percent),
                          void *arg, struct hn_diag *reterr)
{
    sqlite3 *to = NULL;
    int rc = sqlite3_open_v2(part, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW, NULL);
    struct hn_err e;

    if (rc != SQLITE_OK)
        e = hn_fail(reterr, store_code_of(to, rc), "cannot write %s: %s", part, sqlite3_errmsg(to));
    else
        e = copy_pages(s, to, progress, arg, reterr);
    /* One file that stands alone: no write-ahead log beside it. */
    if (hn_ok(e) && sqlite3_exec(to, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL) != SQLITE_OK)
        e = hn_fail(reterr, HN_E_IO, "cannot finish %s: %s", part, sqlite3_errmsg(to));
    sqlite3_close_v2(to);
    return e;
}

static struct hn_err note_backup(struct hn_store *s, const struct hn_principal *p, const char *file)
{
    char text[32];

    snprintf(text, sizeof text, "%" PRId64, hn_now());
    HN_TRY(store_begin(s));
    struct hn_err e = store_meta_put(s, "last-backup", hn_str_c(text));
    if (hn_ok(e))
        e = store_audit_add(s, p, 1, "store.backup", hn_str_c(file), HN_STR(""));
    return store_end(s, e);
}

struct hn_err hn_store_backup(struct hn_store *s, const struct hn_principal *p, const char *file,
                              bool (*progress)(void *arg, unsigned percent), void *arg, struct hn_diag *reterr)
{
    char dir[4096], part[4096];

    store_ask(s, p);
    struct hn_err e = store_need(s, p, 0, HN_ROLE_ADMIN);
    if (!hn_ok(e))
        return hn_fail(reterr, e.code, "%s", s->why);
    if (s->depth)
        return hn_fail(reterr, HN_E_STATE, "a batch is open");
    HN_TRY(place(file, dir, part, reterr));
    if (access(file, F_OK) == 0)
        return hn_fail(reterr, HN_E_EXISTS, "%s is there already", file);
    mode_t mask = umask(0077);
    e = copy(s, part, progress, arg, reterr);
    umask(mask);
    if (hn_ok(e))
        e = check_file(part, false, reterr);
    if (hn_ok(e))
        e = sync_path(part, O_RDONLY, reterr);
    /* link, not rename: a file that came into being meanwhile is not replaced */
    if (hn_ok(e) && link(part, file) != 0)
        e = hn_fail_errno(reterr, "cannot name the backup %s", file);
    unlink(part);
    if (hn_ok(e))
        e = sync_path(dir, O_RDONLY | O_DIRECTORY, reterr);
    if (hn_ok(e) && !s->read_only)
        e = note_backup(s, p, file);
    return e;
}

/* ---------------------------------------------------------------- restore */

static struct hn_err copy_file(const char *from, const char *to, struct hn_diag *reterr)
{
    char *block = hn_alloc(1 << 20);
    HN_AUTO_FD in = open(from, O_RDONLY | O_CLOEXEC);
    HN_AUTO_FD out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    struct hn_err e = HN_OK;
    ssize_t n = 0;

    if (!block)
        e = hn_fail(reterr, HN_E_NOMEM, "%s", "out of memory");
    else if (in < 0 || out < 0)
        e = hn_fail_errno(reterr, "cannot copy %s to %s", from, to);
    while (hn_ok(e) && (n = read(in, block, 1 << 20)) > 0)
        e = hn_write_all(out, block, (size_t)n);
    if (hn_ok(e) && (n < 0 || fsync(out) != 0))
        e = hn_fail_errno(reterr, "cannot copy %s", from);
    else if (!hn_ok(e) && block && in >= 0 && out >= 0)
        e = hn_fail(reterr, e.code, "cannot write %s: %s", to, hn_err_text(e));
    hn_free(block);
    return e;
}

/* The former store, its log folded in, moves aside; the copy takes its name. A crash in between leaves both. */
static struct hn_err swap(const char *home, const char *part, char old[4096], struct hn_diag *reterr)
{
    char path[4096], helper[4200], at[HN_TIME_TEXT];
    sqlite3 *db = NULL;

    snprintf(path, sizeof path, "%s/store.db", home);
    hn_time_text(hn_now() / HN_SECOND * HN_SECOND, at);
    snprintf(old, 4096, "%.3900s.before-%s", path, at);
    if (access(path, F_OK) == 0) {
        if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK)
            (void)sqlite3_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
        sqlite3_close_v2(db);
        if (access(old, F_OK) == 0)
            return hn_fail(reterr, HN_E_EXISTS, "%s is there already", old);
        for (int i = 0; i < 2; i++) { /* what could not be folded in goes along, under the name that belongs to it */
            char aside[4200];
            snprintf(helper, sizeof helper, "%s%s", path, i ? "-shm" : "-wal");
            snprintf(aside, sizeof aside, "%s%s", old, i ? "-shm" : "-wal");
            if (rename(helper, aside) != 0 && errno != ENOENT)
                return hn_fail_errno(reterr, "cannot move %s aside", helper);
        }
        if (rename(path, old) != 0)
            return hn_fail_errno(reterr, "cannot move %s aside", path);
    } else {
        old[0] = 0;
    }
    if (rename(part, path) != 0)
        return hn_fail_errno(reterr, "cannot put the restored store in place");
    return sync_path(home, O_RDONLY | O_DIRECTORY, reterr);
}

static struct hn_err lock_home(const char *home, int *ret, struct hn_diag *reterr)
{
    char path[4096];

    snprintf(path, sizeof path, "%.4000s/lock", home);
    *ret = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*ret < 0)
        return hn_fail_errno(reterr, "cannot open %s", path);
    if (flock(*ret, LOCK_EX | LOCK_NB) != 0)
        return hn_fail(reterr, HN_E_BUSY, "the store in %s is in use; stop it first", home);
    return HN_OK;
}

struct hn_err hn_store_restore(const char *home, const char *file, struct hn_arena *a, struct hn_str *ret_old,
                               struct hn_diag *reterr)
{
    char part[4096], old[4096] = "";
    struct hn_store *probe = NULL;

    if (strlen(home) > 3800)
        return hn_fail(reterr, HN_E_INVALID, "the path of the store is too long");
    HN_TRY(check_file(file, true, reterr));
    HN_TRY(hn_mkdirs(home, 0700, reterr));
    HN_AUTO_FD lock = -1;
    HN_TRY(lock_home(home, &lock, reterr));
    snprintf(part, sizeof part, "%s/store.db.restoring", home);
    unlink(part);
    struct hn_err e = copy_file(file, part, reterr);
    if (hn_ok(e))
        e = check_file(part, false, reterr);
    if (hn_ok(e))
        e = swap(home, part, old, reterr);
    if (!hn_ok(e)) {
        unlink(part);
        return e;
    }
    hn_fd_cleanup(&lock);
    HN_TRY(hn_store_open(home, 0, &probe, reterr));
    hn_store_close(probe);
    if (ret_old)
        *ret_old = hn_arena_str(a, hn_str_c(old));
    return HN_OK;
}
