/* A hash database made here page by page: what is read of it, and of every truncation and damage. */
#include "format/bdb_hash.h"

#include "base/mem.h"
#include "hn_test.h"

#define PAGE  512u
#define PAGES 6u

static uint8_t file[PAGE * PAGES];
static size_t size;
static bool big;

static void put32(size_t at, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        file[at + (big ? 3 - i : i)] = (uint8_t)(v >> (8 * i));
}

static void put16(size_t at, unsigned v)
{
    file[at + (big ? 1 : 0)] = (uint8_t)v;
    file[at + (big ? 0 : 1)] = (uint8_t)(v >> 8);
}

static void head(unsigned page, unsigned type, unsigned entries, unsigned free_from, uint32_t next)
{
    put32(page * PAGE + 8, page);
    put32(page * PAGE + 16, next);
    put16(page * PAGE + 20, entries);
    put16(page * PAGE + 22, free_from);
    file[page * PAGE + 25] = (uint8_t)type;
}

/* Page 1: "k" → "short", "long" → 600 bytes on pages 3 and 4; page 2 is free; page 5 is an empty hash page. */
static void make(bool big_endian)
{
    static const char items[] = "\1short\1k";
    memset(file, 0, sizeof file);
    big = big_endian;
    size = sizeof file;
    put32(12, 0x061561);
    put32(16, 9);
    put32(20, PAGE);
    file[25] = 8;
    put32(32, PAGES - 1);
    head(1, 13, 4, PAGE - 27, 0);
    memcpy(file + 2 * PAGE - 8, items, 8); /* the key lies at the end, its value before it */
    memcpy(file + 2 * PAGE - 13, "\1long", 5);
    file[2 * PAGE - 25] = 3;
    put32(2 * PAGE - 21, 3);
    put32(2 * PAGE - 17, 600);
    put16(PAGE + 26, PAGE - 2);
    put16(PAGE + 28, PAGE - 8);
    put16(PAGE + 30, PAGE - 13);
    put16(PAGE + 32, PAGE - 25);
    head(3, 7, 1, PAGE - 26, 4);
    head(4, 7, 1, 600 - (PAGE - 26), 0);
    memset(file + 3 * PAGE + 26, 'a', PAGE - 26);
    memset(file + 4 * PAGE + 26, 'b', 600 - (PAGE - 26));
    head(5, 13, 0, PAGE, 0);
}

static struct hn_bytes read_file(void *arg, uint64_t at, size_t n)
{
    return at <= size && n <= size - at ? hn_bytes_of(file + at, n) : (struct hn_bytes){0};
}

struct got {
    unsigned pairs, shorts, longs;
};

static void each(void *arg, struct hn_bytes key, struct hn_bytes value)
{
    struct got *g = arg;
    g->pairs++;
    g->shorts += key.n == 1 && key.p[0] == 'k' && value.n == 5 && memcmp(value.p, "short", 5) == 0;
    g->longs += key.n == 4 && value.n == 600 && value.p[0] == 'a' && value.p[485] == 'a' && value.p[486] == 'b' &&
                value.p[599] == 'b';
}

static const char *walk(struct got *g)
{
    struct hn_bdb_hash db;
    *g = (struct got){0};
    if (hn_bdb_hash_open(&db, read_file, NULL, size))
        hn_bdb_hash_each(&db, each, g);
    return db.bad;
}

TEST(pairs_are_read_in_both_byte_orders)
{
    struct got g;
    for (int order = 0; order < 2; order++) {
        NOTE("big-endian: %d", order);
        make(order == 1);
        CHECK(!walk(&g));
        CHECK_UINT(g.pairs, 2);
        CHECK_UINT(g.shorts, 1);
        CHECK_UINT(g.longs, 1);
    }
}

TEST(a_cut_is_said_and_what_is_whole_is_had)
{
    struct got g;
    make(false);
    for (size = 0; size < sizeof file; size++) {
        NOTE("%zu bytes", size);
        CHECK(walk(&g));
        CHECK_UINT(g.shorts, size >= 2 * PAGE);
        CHECK_UINT(g.longs, size >= 5 * PAGE);
    }
}

TEST(a_circle_of_pages_ends)
{
    struct got g;
    make(false);
    put32(4 * PAGE + 16, 3);
    put32(2 * PAGE - 17, HN_BDB_VALUE_MAX);
    CHECK(walk(&g));
    CHECK_UINT(g.pairs, 1);
    put32(2 * PAGE - 17, UINT32_MAX);
    CHECK(walk(&g));
    CHECK_UINT(g.pairs, 1);
    CHECK_UINT(g.shorts, 1);
}

/* Whatever one octet says, nothing outside is touched (the sanitizers watch) and the walk ends. */
TEST(any_octet_may_be_wrong)
{
    static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    struct got g;
    make(false);
    for (size_t i = 0; i < sizeof file; i++) {
        uint8_t was = file[i];
        for (size_t k = 0; k < sizeof values; k++) {
            file[i] = values[k];
            walk(&g);
            CHECK(g.pairs <= 300);
        }
        file[i] = was;
    }
}

TEST(other_files_are_no_database)
{
    struct got g;
    make(false);
    file[24] = 1;
    CHECK_C(walk(&g), "the database is encrypted");
    make(false);
    file[25] = 9; /* a B-tree */
    CHECK(walk(&g));
    CHECK_UINT(g.pairs, 0);
    make(false);
    put32(20, 500);
    CHECK(walk(&g));
    CHECK_UINT(g.pairs, 0);
}
