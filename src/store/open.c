/* Opening: the folder, its one owner, the file's settings, its schema. */
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

/* ---------------------------------------------------------------- the lock */

/* Names the owner from what it wrote into the lock file; 0 when that cannot be read. */
static long owner_of(int fd)
{
    char text[32] = {0};
    ssize_t n = pread(fd, text, sizeof text - 1, 0);

    return n > 0 ? strtol(text, NULL, 10) : 0;
}

static struct hn_err lock_take(const char *home, int *ret_fd, bool *ret_unwritable, struct hn_diag *reterr)
{
    char path[4096], text[32];

    if (snprintf(path, sizeof path, "%s/lock", home) >= (int)sizeof path)
        return hn_fail(reterr, HN_E_LIMIT, "the path of the store is too long");
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        *ret_unwritable = errno == EROFS || errno == EACCES || errno == EPERM;
        return hn_fail_errno(reterr, "cannot open %s", path);
    }
    *ret_fd = fd; /* the caller closes it, whatever comes next */
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK)
            return hn_fail(reterr, HN_E_BUSY, "the store in %s is in use by process %ld", home, owner_of(fd));
        return hn_fail_errno(reterr, "cannot lock %s", path);
    }
    int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)n, 0) == n)
        return HN_OK;
    if (errno == ENOSPC || errno == EDQUOT) /* the number is for messages only */
        return HN_OK;
    return hn_fail_errno(reterr, "cannot write %s", path);
}

/* Keeps every writer out as long as this store is open. A folder that cannot be written here may be written elsewhere
 * (another mount of it, another user), so the lock is asked, not the file system. Without a lock file nobody ever
 * opened the store where it lies. */
static struct hn_err lock_share(struct hn_store *s)
{
    char path[4096];

    if (snprintf(path, sizeof path, "%s/lock", s->home) >= (int)sizeof path)
        return store_fail(s, HN_E_LIMIT, "the path of the store is too long");
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT)
        return HN_OK;
    if (fd < 0)
        return store_fail(s, HN_E_READONLY,
                          "%s can be read, but not whether somebody is writing to it: %s cannot be opened", s->path,
                          path);
    s->lock_fd = fd;
    if (flock(fd, LOCK_SH | LOCK_NB) != 0)
        return store_fail(s, HN_E_BUSY, "the store in %s is in use by process %ld", s->home, owner_of(fd));
    return HN_OK;
}

/* ---------------------------------------------------------------- settings of the connection */

static int64_t pragma(struct hn_store *s, const char *sql)
{
    sqlite3_stmt *h = NULL;
    int64_t v = -1;

    if (sqlite3_prepare_v2(s->db, sql, -1, &h, NULL) == SQLITE_OK && sqlite3_step(h) == SQLITE_ROW)
        v = sqlite3_column_int64(h, 0);
    sqlite3_finalize(h);
    return v;
}

static long long between(long long low, long long v, long long high)
{
    return v < low ? low : v > high ? high : v;
}

/* A cache that grows with the file: the random pages of a large store's indexes should stay in memory, and a small
 * store should not take more than it needs. The same for the write-ahead log: a long one writes such pages back once
 * for many changes. */
struct hn_err store_cache_size(struct hn_store *s)
{
    struct stat st;
    char sql[128];
    long long mib = stat(s->path, &st) == 0 ? (long long)st.st_size >> 20 : 0;

    snprintf(sql, sizeof sql, "PRAGMA cache_size = -%lld; PRAGMA wal_autocheckpoint = %lld",
             between(8, mib / 2, 320) * 1024, between(1000, mib * 32, 32768));
    return store_exec(s, sql);
}

static struct hn_err configure(struct hn_store *s)
{
    sqlite3_extended_result_codes(s->db, 1);
    sqlite3_busy_timeout(s->db, 5000);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    sqlite3_limit(s->db, SQLITE_LIMIT_LENGTH, 64 << 20);
    sqlite3_limit(s->db, SQLITE_LIMIT_ATTACHED, 0);
    HN_TRY(store_cache_size(s));
    HN_TRY(store_exec(s, "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cell_size_check = ON"));
    if (!s->read_only)
        HN_TRY(store_exec(s, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; "
                             "PRAGMA journal_size_limit = 67108864"));
    return store_tree_functions(s);
}

/* ---------------------------------------------------------------- schema */

static struct hn_err migrate_one(struct hn_store *s, unsigned number)
{
    char sql[160];

    HN_TRY(store_exec(s, "BEGIN IMMEDIATE"));
    snprintf(sql, sizeof sql, "PRAGMA user_version = %u; PRAGMA application_id = %d", number, STORE_APPLICATION_ID);
    struct hn_err e = store_exec(s, store_migrations[number - 1].sql);
    if (hn_ok(e))
        e = store_exec(s, sql);
    if (hn_ok(e))
        e = store_exec(s, "COMMIT");
    if (!hn_ok(e)) {
        char why[512];
        memcpy(why, s->why, sizeof why);
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
        memcpy(s->why, why, sizeof why);
    }
    return e;
}

/* Older: migrated, one transaction each. Newer, or somebody else's file: refused, untouched. */
static struct hn_err migrate(struct hn_store *s)
{
    int64_t id = pragma(s, "PRAGMA application_id"), version = pragma(s, "PRAGMA user_version");
    int64_t tables = pragma(s, "SELECT count(*) FROM sqlite_schema");

    if (version < 0 || tables < 0)
        return store_sql_err(s, sqlite3_extended_errcode(s->db));
    if (id != STORE_APPLICATION_ID && (id != 0 || tables != 0))
        return store_fail(s, HN_E_CORRUPT, "%s is not a store of this program", s->path);
    if (version > store_migrations_n)
        return store_fail(s, HN_E_UNSUPPORTED,
                          "%s has schema %" PRId64 ", this program knows up to %u: use a newer version", s->path,
                          version, store_migrations_n);
    if (version == store_migrations_n)
        return HN_OK;
    if (s->read_only)
        return store_fail(s, HN_E_READONLY,
                          "%s has schema %" PRId64 ", %u is needed, and it is opened for reading only", s->path,
                          version, store_migrations_n);
    for (unsigned number = (unsigned)version + 1; number <= store_migrations_n; number++)
        HN_TRY(migrate_one(s, number));
    return HN_OK;
}

/* ---------------------------------------------------------------- opening */

static char *join(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    char *p = hn_alloc(n + m + 1);

    if (p) {
        memcpy(p, a, n);
        memcpy(p + n, b, m);
        p[n + m] = 0;
    }
    return p;
}

static struct hn_err sqlite_result(struct hn_store *s, int rc)
{
    if (rc == SQLITE_OK)
        return HN_OK;
    return s->db ? store_sql_err(s, rc) : store_nomem(s);
}

/* The file alone, its helper files neither read nor made: right only while nobody writes. */
static struct hn_err open_alone(struct hn_store *s)
{
    char uri[8192], *q = uri;

    if (strlen(s->path) > 2000)
        return store_fail(s, HN_E_LIMIT, "the path of the store is too long");
    sqlite3_close_v2(s->db);
    s->db = NULL;
    q += snprintf(uri, sizeof uri, "file:");
    for (const char *c = s->path; *c; c++)
        q += snprintf(q, 4, strchr("%?#", *c) ? "%%%02x" : "%c", (unsigned char)*c);
    snprintf(q, 16, "?immutable=1");
    return sqlite_result(
        s, sqlite3_open_v2(uri, &s->db,
                           SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL));
}

/* With a log and its index beside it, the database reads along with whoever writes. Without them, and with no place to
 * make them, the file is the whole truth, but only as long as nobody writes. A log without its index holds changes that
 * nobody can read here. */
static struct hn_err open_read_only(struct hn_store *s)
{
    struct stat st;
    char wal[4096];
    int rc = sqlite3_open_v2(s->path, &s->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_exec(s->db, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
    if ((rc & 0xff) != SQLITE_CANTOPEN && (rc & 0xff) != SQLITE_READONLY && !(s->full && (rc & 0xff) == SQLITE_IOERR))
        return sqlite_result(s, rc);
    if (access(s->path, R_OK) != 0)
        return sqlite_result(s, rc);
    if (s->lock_fd < 0)
        HN_TRY(lock_share(s)); /* before the look for a log: none can come after it */
    if (snprintf(wal, sizeof wal, "%s-wal", s->path) >= (int)sizeof wal)
        return store_fail(s, HN_E_LIMIT, "the path of the store is too long");
    if (stat(wal, &st) == 0 && st.st_size > 0)
        return store_fail(s, HN_E_READONLY,
                          "%s holds changes that cannot be read where nothing can be written: copy the folder to "
                          "where it can be",
                          wal);
    return open_alone(s);
}

/* Made by us, so that only its owner can read it; the database's helper files take its mode. */
static struct hn_err make_file(struct hn_store *s, unsigned flags)
{
    struct hn_diag d;

    if (!(flags & HN_STORE_CREATE) || s->read_only)
        return HN_OK;
    HN_AUTO_FD fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0)
        return HN_OK;
    struct hn_err e = hn_fail_errno(&d, "cannot open %s", s->path);
    return store_fail(s, e.code, "%s", d.msg);
}

static struct hn_err open_db(struct hn_store *s, unsigned flags)
{
    HN_TRY(make_file(s, flags));
    if (s->read_only)
        HN_TRY(open_read_only(s));
    else
        HN_TRY(sqlite_result(s, sqlite3_open_v2(s->path, &s->db,
                                                SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW |
                                                    SQLITE_OPEN_EXRESCODE |
                                                    (flags & HN_STORE_CREATE ? SQLITE_OPEN_CREATE : 0),
                                                NULL)));
    if (!s->read_only && sqlite3_db_readonly(s->db, "main"))
        return store_fail(s, HN_E_READONLY, "%s cannot be written", s->path);
    HN_TRY(configure(s));
    HN_TRY(migrate(s));
    HN_TRY(store_words_read(s));
    return store_tree_read(s);
}

static struct hn_err read_scale(struct hn_store *s)
{
    struct hn_arena a;
    struct hn_str text = {0};

    hn_arena_init(&a, 4096);
    struct hn_err e = store_meta_get(s, "scale", &a, &text);
    if (hn_ok(e))
        (void)sscanf(text.p, "%lf %lf", &s->loss_max, &s->kappa);
    hn_arena_done(&a);
    return e.code == HN_E_NOENT ? HN_OK : e;
}

static struct hn_err last_event(struct hn_store *s)
{
    struct st q = st_open(s, "SELECT max(seq) FROM sqlite_sequence WHERE name = 'event'");

    HN_TRY(st_one(&q, &s->last_event));
    s->told_event = s->last_event;
    return HN_OK;
}

static struct hn_err exists(const char *path, unsigned flags, struct hn_diag *reterr)
{
    if ((flags & HN_STORE_CREATE) || access(path, F_OK) == 0)
        return HN_OK;
    if (errno == ENOENT)
        return hn_fail(reterr, HN_E_NOENT, "there is no store at %s", path);
    return hn_fail_errno(reterr, "cannot open %s", path);
}

/* The lock; or, where the folder cannot be written and whoever opens it is content with that, reading only. */
static struct hn_err own(struct hn_store *s, unsigned flags, struct hn_diag *reterr)
{
    bool unwritable = false;
    struct hn_diag d = {""};

    if (s->read_only)
        return HN_OK;
    struct hn_err e = lock_take(s->home, &s->lock_fd, &unwritable, &d);
    if (hn_ok(e))
        return HN_OK;
    s->read_only = unwritable && (flags & HN_STORE_OR_READ) && access(s->path, R_OK) == 0;
    return s->read_only ? HN_OK : hn_fail(reterr, e.code, "%s", d.msg);
}

static struct hn_err open_all(struct hn_store *s, unsigned flags)
{
    HN_TRY(open_db(s, flags));
    HN_TRY(read_scale(s));
    return last_event(s);
}

/* On a full disk there is no room for the index of the log; what was kept can be read all the same. */
static struct hn_err open_full(struct hn_store *s, struct hn_err why)
{
    char first[sizeof s->why];

    memcpy(first, s->why, sizeof first);
    st_forget(s);
    sqlite3_close_v2(s->db);
    s->db = NULL;
    s->read_only = s->full = true;
    if (hn_ok(open_all(s, 0)))
        return HN_OK;
    memcpy(s->why, first, sizeof first);
    return why;
}

struct hn_err hn_store_open(const char *home, unsigned flags, struct hn_store **ret, struct hn_diag *reterr)
{
    *ret = NULL;
    if ((flags & HN_STORE_CREATE) && !(flags & HN_STORE_READ_ONLY))
        HN_TRY(hn_mkdirs(home, 0700, reterr));
    struct hn_store *s = hn_alloc_zero(sizeof *s);
    if (!s)
        return hn_fail(reterr, HN_E_NOMEM, "%s", hn_err_text((struct hn_err){HN_E_NOMEM}));
    s->lock_fd = -1;
    s->read_only = flags & HN_STORE_READ_ONLY;
    s->loss_max = 1;
    s->kappa = 1;
    hn_arena_init(&s->tree_arena, 256 << 20);
    store_dict_init(&s->words);
    store_dict_init(&s->subjects);
    store_dict_init(&s->causes);
    s->home = join(home, "");
    s->path = join(home, "/store.db");
    struct hn_err e =
        s->home && s->path ? exists(s->path, flags, reterr) : hn_fail(reterr, HN_E_NOMEM, "%s", "out of memory");
    if (hn_ok(e))
        e = own(s, flags, reterr);
    if (hn_ok(e)) {
        e = open_all(s, flags);
        if (e.code == HN_E_FULL && (flags & HN_STORE_OR_READ) && !s->read_only)
            e = open_full(s, e);
        if (!hn_ok(e))
            e = hn_fail(reterr, e.code, "%s", s->why[0] ? s->why : hn_err_text(e));
    }
    if (!hn_ok(e)) {
        hn_store_close(s);
        return e;
    }
    *ret = s;
    return HN_OK;
}

void hn_store_close(struct hn_store *s)
{
    if (!s)
        return;
    st_forget(s);
    sqlite3_close_v2(s->db);
    store_soft_drop(s);
    store_index_drop(s);
    store_dict_done(&s->words);
    store_dict_done(&s->subjects);
    hn_free(s->searched.bits);
    store_dict_done(&s->causes);
    hn_map_done(&s->org_by_id);
    hn_arena_done(&s->tree_arena);
    hn_fd_cleanup(&s->lock_fd);
    hn_free(s->touched);
    hn_free(s->home);
    hn_free(s->path);
    hn_free(s);
}

bool hn_store_read_only(const struct hn_store *s)
{
    return s->read_only;
}

const char *hn_store_why(const struct hn_store *s)
{
    return s->why;
}

/* Every host's score follows. */
static struct hn_err rescale(struct hn_store *s, struct hn_str text)
{
    HN_TRY(store_meta_put(s, "scale", text));
    HN_TRY(store_index_read(s));
    for (uint32_t i = 0; i < s->assets_n; i++)
        HN_TRY(store_refresh(s, s->assets[i].n, hn_now()));
    return HN_OK;
}

struct hn_err hn_store_scale(struct hn_store *s, double loss_max, double kappa)
{
    char text[64];

    s->why[0] = 0;
    if (!(loss_max > 0) || !(kappa > 0) || loss_max > 1e9 || kappa > 1e9)
        return store_fail(s, HN_E_INVALID, "the scale of the scores must be positive");
    if (loss_max == s->loss_max && kappa == s->kappa)
        return HN_OK;
    snprintf(text, sizeof text, "%.17g %.17g", loss_max, kappa);
    double former[2] = {s->loss_max, s->kappa};
    s->loss_max = loss_max;
    s->kappa = kappa;
    store_index_drop(s);
    HN_TRY(store_begin(s));
    struct hn_err e = store_end(s, rescale(s, hn_str_c(text)));
    if (!hn_ok(e)) {
        s->loss_max = former[0];
        s->kappa = former[1];
        store_index_drop(s);
    }
    return e;
}
