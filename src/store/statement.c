/* Prepared statements with sticky errors, and what the database's failures mean to everybody else. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/statvfs.h>

#include "store/internal.h"

struct hn_err store_fail(struct hn_store *s, enum hn_err_code code, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(s->why, sizeof s->why, fmt, ap);
    va_end(ap);
    return (struct hn_err){code};
}

struct hn_err store_nomem(struct hn_store *s)
{
    return store_fail(s, HN_E_NOMEM, "%s", hn_err_text((struct hn_err){HN_E_NOMEM}));
}

/* A write that the kernel refuses for lack of space reaches us as FULL or as an I/O error, depending on the call. */
static enum hn_err_code code_of_io(sqlite3 *db)
{
    switch (db ? sqlite3_system_errno(db) : 0) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return HN_E_FULL;
    case EROFS:
        return HN_E_READONLY;
    default:
        return HN_E_IO;
    }
}

enum hn_err_code store_code_of(sqlite3 *db, int rc)
{
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return HN_E_OK;
    case SQLITE_FULL:
        return HN_E_FULL;
    case SQLITE_READONLY:
        return HN_E_READONLY;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return HN_E_BUSY;
    case SQLITE_NOMEM:
        return HN_E_NOMEM;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return HN_E_CORRUPT;
    case SQLITE_TOOBIG:
        return HN_E_LIMIT;
    case SQLITE_CONSTRAINT:
        return rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY ? HN_E_EXISTS : HN_E_INVALID;
    default:
        return code_of_io(db);
    }
}

/* SQLite does not say why its index of the log could not be made. */
static bool no_room(const struct hn_store *s, int rc)
{
    struct statvfs fs;
    bool index = rc == SQLITE_IOERR_SHMSIZE || rc == SQLITE_IOERR_SHMMAP || rc == SQLITE_IOERR_SHMOPEN;

    return index && statvfs(s->home, &fs) == 0 && fs.f_bavail == 0;
}

struct hn_err store_sql_err(struct hn_store *s, int rc)
{
    enum hn_err_code code = no_room(s, rc) ? HN_E_FULL : store_code_of(s->db, rc);

    return store_fail(s, code, "%s: %s", s->path, sqlite3_errmsg(s->db));
}

static sqlite3_stmt **slot_of(struct hn_store *s, const char *sql)
{
    size_t i = ((uintptr_t)sql * UINT64_C(0x9e3779b97f4a7c15)) >> 32;

    for (size_t k = 0; k < STORE_CACHE; k++) {
        size_t at = (i + k) % STORE_CACHE;
        if (s->cache[at].sql == NULL)
            s->cache[at].sql = sql;
        if (s->cache[at].sql == sql)
            return &s->cache[at].h;
    }
    return NULL;
}

struct st st_open(struct hn_store *s, const char *sql)
{
    struct st q = {.s = s, .rc = SQLITE_OK};
    sqlite3_stmt **slot = slot_of(s, sql);

    if (slot && *slot && !sqlite3_stmt_busy(*slot)) {
        q.h = *slot;
        return q;
    }
    bool keep = slot && !*slot; /* else it is in use further up: a second one for this once */
    q.owned = !keep;
    q.rc = sqlite3_prepare_v3(s->db, sql, -1, keep ? SQLITE_PREPARE_PERSISTENT : 0, &q.h, NULL);
    if (keep && q.rc == SQLITE_OK)
        *slot = q.h;
    return q;
}

struct st st_make(struct hn_store *s, struct hn_str sql)
{
    struct st q = {.s = s, .owned = true};

    q.rc = sqlite3_prepare_v3(s->db, sql.p, (int)sql.n, 0, &q.h, NULL);
    return q;
}

void st_int(struct st *q, int64_t v)
{
    if (q->rc == SQLITE_OK)
        q->rc = sqlite3_bind_int64(q->h, ++q->bound, v);
}

void st_ref(struct st *q, int64_t n)
{
    if (n)
        st_int(q, n);
    else
        q->bound++; /* unbound is NULL */
}

void st_num(struct st *q, double v)
{
    if (q->rc == SQLITE_OK)
        q->rc = sqlite3_bind_double(q->h, ++q->bound, v);
}

void st_str(struct st *q, struct hn_str v)
{
    if (q->rc == SQLITE_OK)
        q->rc = sqlite3_bind_text64(q->h, ++q->bound, v.n ? v.p : "", v.n, SQLITE_STATIC, SQLITE_UTF8);
}

void st_c(struct st *q, const char *v)
{
    st_str(q, hn_str_c(v));
}

void st_blob(struct st *q, struct hn_bytes b)
{
    if (q->rc == SQLITE_OK)
        q->rc = sqlite3_bind_blob64(q->h, ++q->bound, b.n ? (const void *)b.p : "", b.n, SQLITE_STATIC);
}

bool st_row(struct st *q)
{
    if (q->rc != SQLITE_OK && q->rc != SQLITE_ROW)
        return false;
    q->rc = sqlite3_step(q->h);
    return q->rc == SQLITE_ROW;
}

int64_t st_get(struct st *q, int col)
{
    return sqlite3_column_int64(q->h, col);
}

double st_get_num(struct st *q, int col)
{
    return sqlite3_column_double(q->h, col);
}

struct hn_str st_text(struct st *q, int col)
{
    const char *p = (const char *)sqlite3_column_text(q->h, col);

    return (struct hn_str){p ? p : "", p ? (size_t)sqlite3_column_bytes(q->h, col) : 0};
}

struct hn_str st_copy(struct st *q, int col, struct hn_arena *a)
{
    struct hn_str t = st_text(q, col);

    return t.n ? hn_arena_str(a, t) : HN_STR("");
}

struct hn_bytes st_bytes(struct st *q, int col)
{
    const uint8_t *p = sqlite3_column_blob(q->h, col);

    return hn_bytes_of(p, p ? (size_t)sqlite3_column_bytes(q->h, col) : 0);
}

struct hn_err st_end(struct st *q)
{
    struct hn_err e = HN_OK;

    if (q->rc != SQLITE_OK && q->rc != SQLITE_ROW && q->rc != SQLITE_DONE)
        e = store_sql_err(q->s, q->rc);
    if (q->h && q->owned) {
        sqlite3_finalize(q->h);
    } else if (q->h) {
        sqlite3_reset(q->h);
        sqlite3_clear_bindings(q->h);
    }
    q->h = NULL;
    return e;
}

struct hn_err st_do(struct st *q)
{
    while (st_row(q))
        ;
    return st_end(q);
}

struct hn_err st_one(struct st *q, int64_t *ret)
{
    bool there = st_row(q);

    if (there)
        *ret = st_get(q, 0);
    HN_TRY(st_end(q));
    return there ? HN_OK : (struct hn_err){HN_E_NOENT};
}

void st_forget(struct hn_store *s)
{
    for (size_t i = 0; i < STORE_CACHE; i++) {
        sqlite3_finalize(s->cache[i].h);
        s->cache[i].h = NULL;
        s->cache[i].sql = NULL;
    }
}

struct hn_err store_exec(struct hn_store *s, const char *sql)
{
    int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? HN_OK : store_sql_err(s, rc);
}
