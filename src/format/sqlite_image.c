#include "format/sqlite_image.h"

#define DEPTH_MAX 20
#define PIECE     (1u << 20)

enum { PAGE_INTERIOR = 0x05, PAGE_LEAF = 0x0d };

static bool fail(struct hn_sqlite_image *db, const char *why)
{
    if (!db->bad)
        db->bad = why;
    return false;
}

bool hn_sqlite_open(struct hn_sqlite_image *db, struct hn_bytes (*read)(void *, uint64_t, size_t), void *arg,
                    uint64_t size)
{
    *db = (struct hn_sqlite_image){.read = read, .arg = arg, .size = size};
    struct hn_bytes h = size >= 100 ? read(arg, 0, 100) : (struct hn_bytes){0};
    if (h.n != 100 || memcmp(h.p, "SQLite format 3", 16) != 0)
        return fail(db, "no SQLite database");
    uint32_t n = (uint32_t)(h.p[16] << 8 | h.p[17]);
    db->page_size = n == 1 ? 65536 : n;
    if (db->page_size < 512 || db->page_size > 65536 || (db->page_size & (db->page_size - 1)))
        return fail(db, "impossible page size");
    if (h.p[20] > db->page_size - 480)
        return fail(db, "impossible reserved space");
    db->usable = db->page_size - h.p[20];
    uint64_t pages = size / db->page_size;
    db->pages = pages > UINT32_MAX ? UINT32_MAX : (uint32_t)pages;
    db->budget = db->pages + 16;
    return true;
}

/* Pages count from 1. Each costs one of the budget, so that a cycle ends. */
static struct hn_bytes page(struct hn_sqlite_image *db, uint32_t number)
{
    if (!number || number > db->pages || !db->budget) {
        fail(db, "page out of range, or pages that point in a circle");
        return (struct hn_bytes){0};
    }
    db->budget--;
    struct hn_bytes p = db->read(db->arg, (uint64_t)(number - 1) * db->page_size, db->page_size);
    if (p.n != db->page_size)
        fail(db, "page is missing");
    return p.n == db->page_size ? p : (struct hn_bytes){0};
}

/* Big-endian, seven bits a byte, the ninth byte whole. */
static uint64_t varint(struct hn_cur *c)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < 9; i++) {
        uint8_t b = hn_cur_u8(c);
        if (i == 8)
            return v << 8 | b;
        v = v << 7 | (b & 0x7f);
        if (!(b & 0x80))
            break;
    }
    return v;
}

/* The part of a payload that does not fit goes to a chain of pages: be32 next page, then content. */
static bool overflow(struct hn_sqlite_image *db, uint32_t next, uint64_t left, struct hn_buf *out)
{
    while (left) {
        struct hn_bytes p = page(db, next);
        if (!p.n)
            return false;
        size_t n = db->usable - 4 < left ? db->usable - 4 : (size_t)left;
        next = (uint32_t)p.p[0] << 24 | (uint32_t)p.p[1] << 16 | (uint32_t)p.p[2] << 8 | p.p[3];
        hn_buf_add(out, p.p + 4, n);
        left -= n;
    }
    return !out->bad || fail(db, "record too long");
}

struct walk {
    struct hn_sqlite_image *db;
    void (*each)(void *arg, int64_t rowid, struct hn_bytes record);
    void *arg;
    struct hn_buf record;
};

static bool leaf_cell(struct walk *w, struct hn_bytes p, size_t at)
{
    struct hn_sqlite_image *db = w->db;
    struct hn_cur c;
    hn_cur_init(&c, hn_bytes_of(p.p + at, db->usable - at), 64);
    uint64_t payload = varint(&c);
    int64_t rowid = (int64_t)varint(&c);
    if (hn_cur_bad(&c) || payload > HN_SQLITE_RECORD_MAX)
        return fail(db, "record too long");
    uint32_t most = db->usable - 35, least = (db->usable - 12) * 32 / 255 - 23, local = (uint32_t)payload;
    if (payload > most) {
        uint32_t k = least + (uint32_t)((payload - least) % (db->usable - 4));
        local = k <= most ? k : least;
    }
    struct hn_bytes here = hn_cur_take(&c, local);
    if (hn_cur_bad(&c))
        return fail(db, "record leaves its page");
    if (local == payload) {
        w->each(w->arg, rowid, here);
        return true;
    }
    uint32_t next = hn_cur_be32(&c);
    hn_buf_clear(&w->record);
    hn_buf_add(&w->record, here.p, here.n);
    if (hn_cur_bad(&c) || !overflow(db, next, payload - local, &w->record))
        return fail(db, "record leaves its page");
    w->each(w->arg, rowid, hn_bytes_of(w->record.p, w->record.n));
    return true;
}

static bool walk_page(struct walk *w, uint32_t number, unsigned depth)
{
    struct hn_sqlite_image *db = w->db;
    struct hn_bytes p = page(db, number);
    size_t head = number == 1 ? 100 : 0; /* the file header lies at the start of page 1 */
    if (!p.n || depth > DEPTH_MAX)
        return fail(db, "tree too deep");
    uint8_t type = p.p[head];
    size_t cells = (size_t)(p.p[head + 3] << 8 | p.p[head + 4]), array = head + (type == PAGE_INTERIOR ? 12 : 8);
    if ((type != PAGE_INTERIOR && type != PAGE_LEAF) || array + cells * 2 > db->usable)
        return fail(db, "page is no part of a table");
    for (size_t i = 0; i < cells; i++) {
        size_t at = (size_t)(p.p[array + i * 2] << 8 | p.p[array + i * 2 + 1]);
        if (at < array + cells * 2 || at + 4 > db->usable)
            return fail(db, "cell outside of its page");
        if (type == PAGE_LEAF ? !leaf_cell(w, p, at)
                              : !walk_page(w,
                                           (uint32_t)p.p[at] << 24 | (uint32_t)p.p[at + 1] << 16 |
                                               (uint32_t)p.p[at + 2] << 8 | p.p[at + 3],
                                           depth + 1))
            return false;
    }
    const uint8_t *right = p.p + head + 8;
    return type == PAGE_LEAF ||
           walk_page(w, (uint32_t)right[0] << 24 | (uint32_t)right[1] << 16 | (uint32_t)right[2] << 8 | right[3],
                     depth + 1);
}

void hn_sqlite_rows(struct hn_sqlite_image *db, uint32_t root,
                    void (*each)(void *arg, int64_t rowid, struct hn_bytes record), void *arg)
{
    struct walk w = {.db = db, .each = each, .arg = arg};
    hn_buf_init(&w.record, HN_SQLITE_RECORD_MAX + PIECE);
    walk_page(&w, root, 0);
    hn_buf_done(&w.record);
}

bool hn_sqlite_column(struct hn_bytes record, unsigned column, struct hn_bytes *ret, int64_t *ret_int)
{
    static const uint8_t widths[] = {0, 1, 2, 3, 4, 6, 8, 8, 0, 0};
    struct hn_cur head, body;
    hn_cur_init(&head, record, record.n);
    uint64_t n = varint(&head);
    if (hn_cur_bad(&head) || n > record.n)
        return false;
    head.len = n;
    hn_cur_init(&body, hn_bytes_of(record.p + n, record.n - n), 1);
    for (unsigned i = 0;; i++) {
        uint64_t type = varint(&head);
        uint64_t width = type >= 12 ? (type - 12) / 2 : type < 10 ? widths[type] : 0;
        if (hn_cur_bad(&head) || width > hn_cur_left(&body))
            return false;
        struct hn_bytes b = hn_cur_take(&body, (size_t)width);
        if (i < column)
            continue;
        if (type >= 12 && ret)
            *ret = b;
        if (type >= 1 && type <= 9 && type != 7 && ret_int) {
            int64_t v = b.n && b.p[0] & 0x80 ? -1 : 0;
            for (size_t k = 0; k < b.n; k++)
                v = (int64_t)((uint64_t)v << 8 | b.p[k]);
            *ret_int = type >= 8 ? (int64_t)(type - 8) : v;
        }
        return type >= 12 ? ret != NULL : type >= 1 && type <= 9 && type != 7 && ret_int;
    }
}

struct find {
    const char *name;
    int64_t root;
};

/* sqlite_schema: type, name, tbl_name, rootpage, sql */
static void schema_row(void *arg, int64_t rowid, struct hn_bytes record)
{
    struct find *f = arg;
    struct hn_bytes type, name;
    int64_t root;
    size_t n = strlen(f->name);
    if (hn_sqlite_column(record, 0, &type, NULL) && type.n == 5 && memcmp(type.p, "table", 5) == 0 &&
        hn_sqlite_column(record, 1, &name, NULL) && name.n == n && memcmp(name.p, f->name, n) == 0 &&
        hn_sqlite_column(record, 3, NULL, &root))
        f->root = root;
}

uint32_t hn_sqlite_table(struct hn_sqlite_image *db, const char *name)
{
    struct find f = {.name = name};
    hn_sqlite_rows(db, 1, schema_row, &f);
    return f.root > 0 && f.root <= db->pages ? (uint32_t)f.root : 0;
}
