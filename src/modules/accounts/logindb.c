/* Last logins where lastlog and wtmp have given way to SQLite (Debian 13):
 *
 *   lastlog2.db  Lastlog2(Name TEXT, Time INTEGER s, TTY TEXT, RemoteHost TEXT, Service TEXT): the last one of each
 *   wtmp.db      wtmp(ID, Type INTEGER, User TEXT, Login INTEGER µs, Logout INTEGER µs, TTY TEXT, RemoteHost TEXT, …)
 *
 * The file arrives in pieces that are kept until it is complete, since pages refer to each other. */
#include "base/mem.h"
#include "format/sqlite_image.h"
#include "modules/accounts/accounts.h"

#define USER_PROCESS 3 /* Type in wtmp.db */
#define MICROSECOND  1000
#define YEAR_2200    INT64_C(7258118400) /* s; later ones are no times */

struct accounts_image {
    struct hn_parse *p;
    bool wtmp, damaged;
    uint64_t size;
    uint8_t *pieces[ACCOUNTS_LOGINDB_MAX / HN_REC_CHUNK];
};

static void image_free(struct accounts_image *im)
{
    for (size_t i = 0; im && i < sizeof(im->pieces) / sizeof(im->pieces[0]); i++)
        hn_free(im->pieces[i]);
    hn_free(im);
}

static struct hn_bytes image_read(void *arg, uint64_t at, size_t n)
{
    const struct accounts_image *im = arg;
    size_t piece = (size_t)(at / HN_REC_CHUNK), from = (size_t)(at % HN_REC_CHUNK);
    if (at > im->size || n > im->size - at || n > HN_REC_CHUNK - from || !im->pieces[piece])
        return (struct hn_bytes){0};
    return hn_bytes_of(im->pieces[piece] + from, n);
}

static void keep_piece(struct accounts_image *im, const struct hn_rec *r)
{
    size_t piece = (size_t)(r->offset / HN_REC_CHUNK);
    bool fits = r->offset == im->size && r->offset % HN_REC_CHUNK == 0 && r->data.n && r->data.n <= HN_REC_CHUNK &&
                piece < sizeof(im->pieces) / sizeof(im->pieces[0]) && !im->pieces[piece];
    uint8_t *own = fits && (!r->more || r->data.n == HN_REC_CHUNK) ? hn_alloc(r->data.n) : NULL;
    if (!own) {
        im->damaged = true;
        return;
    }
    memcpy(own, r->data.p, r->data.n);
    im->pieces[piece] = own;
    im->size += r->data.n;
}

static void one_row(void *arg, int64_t rowid, struct hn_bytes record)
{
    const struct accounts_image *im = arg;
    struct accounts_state *s = hn_parse_state(im->p);
    struct hn_bytes name = {0}, host = {0};
    int64_t type = USER_PROCESS, when = 0;
    bool ok = im->wtmp ? hn_sqlite_column(record, 1, NULL, &type) && hn_sqlite_column(record, 2, &name, NULL) &&
                             hn_sqlite_column(record, 3, NULL, &when)
                       : hn_sqlite_column(record, 0, &name, NULL) && hn_sqlite_column(record, 1, NULL, &when);
    if (im->wtmp)
        when /= HN_SECOND / MICROSECOND;
    if (!ok || type != USER_PROCESS || when <= 0 || when > YEAR_2200)
        return;
    (void)hn_sqlite_column(record, im->wtmp ? 6 : 3, &host, NULL);
    struct accounts_user *u = hn_map_find(&s->by_name, name);
    if (u)
        accounts_note_login(im->p, u, when * HN_SECOND, host);
}

static void read_image(struct accounts_image *im, const struct hn_rec *r)
{
    struct accounts_state *s = hn_parse_state(im->p);
    struct hn_sqlite_image db;
    uint32_t root = 0;
    if (hn_sqlite_open(&db, image_read, im, im->size))
        root = hn_sqlite_table(&db, im->wtmp ? "wtmp" : "Lastlog2");
    if (root)
        hn_sqlite_rows(&db, root, one_row, im);
    if (db.bad)
        hn_parse_malformed(im->p, r->path, 0, db.bad);
    else if (!root)
        hn_parse_malformed(im->p, r->path, 0, "the table of logins is missing");
    else if (!im->wtmp)
        s->lastlog2_read = true;
}

void accounts_logindb(struct hn_parse *p, const struct hn_rec *r)
{
    struct accounts_state *s = hn_parse_state(p);
    if (r->err)
        return;
    s->login_database = true; /* lastlog beside it is what an older release left behind */
    if (r->offset == 0) {
        image_free(s->logindb);
        s->logindb = hn_alloc_zero(sizeof(*s->logindb));
    }
    if (!s->logindb)
        return;
    s->logindb->p = p;
    s->logindb->wtmp = r->path.n >= 7 && memcmp(r->path.p + r->path.n - 7, "wtmp.db", 7) == 0;
    if (r->data.n)
        keep_piece(s->logindb, r);
    if (r->more)
        return;
    if (s->logindb->damaged || r->truncated)
        hn_parse_not_seen(p, HN_STR("last logins"), "the database is too long");
    else if (s->logindb->size)
        read_image(s->logindb, r);
    accounts_logindb_done(s);
}

void accounts_logindb_done(struct accounts_state *s)
{
    image_free(s->logindb);
    s->logindb = NULL;
}
