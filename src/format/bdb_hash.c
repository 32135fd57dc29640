#include "format/bdb_hash.h"

#include <string.h>

#include "base/mem.h"

#define MAGIC     0x061561u
#define PAGE_HEAD 26u
#define PAGE_MIN  512u
#define PAGE_MAX  65536u

enum { TYPE_HASH_UNSORTED = 2, TYPE_OVERFLOW = 7, TYPE_META = 8, TYPE_HASH = 13 };
enum { ITEM_DATA = 1, ITEM_OFFPAGE = 3 };

static uint32_t u32(const struct hn_bdb_hash *db, const uint8_t *p)
{
    return db->big ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]
                   : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static unsigned u16(const struct hn_bdb_hash *db, const uint8_t *p)
{
    return db->big ? (unsigned)p[0] << 8 | p[1] : (unsigned)p[1] << 8 | p[0];
}

static bool fail(struct hn_bdb_hash *db, const char *why)
{
    if (!db->bad)
        db->bad = why;
    return false;
}

static bool page_size_ok(uint32_t n)
{
    return n >= PAGE_MIN && n <= PAGE_MAX && (n & (n - 1)) == 0;
}

bool hn_bdb_hash_open(struct hn_bdb_hash *db, struct hn_bytes (*read)(void *, uint64_t, size_t), void *arg,
                      uint64_t size)
{
    *db = (struct hn_bdb_hash){.read = read, .arg = arg, .size = size};
    struct hn_bytes head = read(arg, 0, 72);
    if (head.n != 72)
        return fail(db, "shorter than the head of a database");
    db->big = u32(db, head.p + 12) != MAGIC;
    if (u32(db, head.p + 12) != MAGIC || head.p[25] != TYPE_META)
        return fail(db, "no hash database of Berkeley DB");
    if (head.p[24])
        return fail(db, "the database is encrypted");
    db->page_size = u32(db, head.p + 20);
    if (!page_size_ok(db->page_size))
        return fail(db, "page size that no database has");
    uint64_t pages = size / db->page_size;
    db->pages = pages < UINT32_MAX ? (uint32_t)pages : UINT32_MAX;
    db->budget = db->pages;
    if (u32(db, head.p + 32) >= db->pages)
        fail(db, "pages are missing at the end");
    return true;
}

static struct hn_bytes page(const struct hn_bdb_hash *db, uint32_t n)
{
    return n < db->pages ? db->read(db->arg, (uint64_t)n * db->page_size, db->page_size) : (struct hn_bytes){0};
}

/* The value of an item that lies on pages of its own. */
static bool overflow(struct hn_bdb_hash *db, uint32_t at, uint32_t length, struct hn_buf *out)
{
    hn_buf_clear(out);
    if (length > HN_BDB_VALUE_MAX)
        return fail(db, "value longer than any package");
    while (out->n < length) {
        struct hn_bytes p = page(db, at);
        if (!at || !db->budget || p.n != db->page_size || p.p[25] != TYPE_OVERFLOW)
            return fail(db, "value that ends too soon");
        unsigned n = u16(db, p.p + 22);
        db->budget--;
        if (n > p.n - PAGE_HEAD || n > length - out->n || (!n && out->n < length))
            return fail(db, "overflow page that does not fit");
        hn_buf_add(out, p.p + PAGE_HEAD, n);
        at = u32(db, p.p + 16);
    }
    return out->bad ? fail(db, "out of memory") : true;
}

/* Item i reaches up to the one before it, or to the end of the page. */
static bool item(struct hn_bdb_hash *db, struct hn_bytes p, unsigned i, struct hn_buf *room, struct hn_bytes *ret)
{
    size_t from = u16(db, p.p + PAGE_HEAD + 2 * i), to = i ? u16(db, p.p + PAGE_HEAD + 2 * (i - 1)) : p.n,
           table = PAGE_HEAD + 2 * (size_t)u16(db, p.p + 20);
    if (from < table || from >= to || to > p.n)
        return fail(db, "item outside of its page");
    if (p.p[from] == ITEM_DATA) {
        *ret = hn_bytes_of(p.p + from + 1, to - from - 1);
        return true;
    }
    if (p.p[from] != ITEM_OFFPAGE || to - from < 12)
        return fail(db, "item of a kind that is not read");
    if (!overflow(db, u32(db, p.p + from + 4), u32(db, p.p + from + 8), room))
        return false;
    *ret = hn_bytes_of((const uint8_t *)room->p, room->n);
    return true;
}

void hn_bdb_hash_each(struct hn_bdb_hash *db, void (*each)(void *arg, struct hn_bytes key, struct hn_bytes value),
                      void *arg)
{
    HN_AUTO(hn_buf_done) struct hn_buf key_room;
    HN_AUTO(hn_buf_done) struct hn_buf value_room;
    hn_buf_init(&key_room, HN_BDB_VALUE_MAX);
    hn_buf_init(&value_room, HN_BDB_VALUE_MAX);
    for (uint32_t n = 1; n < db->pages; n++) {
        struct hn_bytes p = page(db, n), key, value;
        if (p.n != db->page_size) {
            fail(db, "page that cannot be read");
            continue;
        }
        unsigned entries = u16(db, p.p + 20);
        if (p.p[25] != TYPE_HASH && p.p[25] != TYPE_HASH_UNSORTED)
            continue;
        if (PAGE_HEAD + 2 * (size_t)entries > p.n) {
            fail(db, "more entries than fit on a page");
            continue;
        }
        for (unsigned i = 0; i + 1 < entries; i += 2)
            if (item(db, p, i, &key_room, &key) && item(db, p, i + 1, &value_room, &value))
                each(arg, key, value);
    }
}
