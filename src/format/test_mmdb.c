#include "hn_test.h"

#include "format/mmdb.h"

/* Two nodes of 24 bits, IPv4: 128.0.0.0/2 leads to the first value, 192.0.0.0/2 to a pointer that leads there, the rest
 * nowhere. Values: {"a": uint16 513}, pointer to it, pointer to that pointer. Metadata: a map of four. */
static const uint8_t made[] = {
    0,    0,   2,    0,    0,   1,  /* 0: nothing, node 1 */
    0,    0,   18,   0,    0,   24, /* 1: values at 0 and 6 */
    0,    0,   0,    0,    0,   0,    0,    0,    0,    0,    0,   0,   0,    0,   0,    0,   0xe1, 0x41, 'a',
    0xa2, 2,   1,    0x20, 0,   0x20, 6,    0xab, 0xcd, 0xef, 'M', 'a', 'x',  'M', 'i',  'n', 'd',  '.',  'c',
    'o',  'm', 0xe4, 0x5b, 'b', 'i',  'n',  'a',  'r',  'y',  '_', 'f', 'o',  'r', 'm',  'a', 't',  '_',  'm',
    'a',  'j', 'o',  'r',  '_', 'v',  'e',  'r',  's',  'i',  'o', 'n', 0xa1, 2,   0x4a, 'n', 'o',  'd',  'e',
    '_',  'c', 'o',  'u',  'n', 't',  0xc1, 2,    0x4a, 'i',  'p', '_', 'v',  'e', 'r',  's', 'i',  'o',  'n',
    0xa1, 4,   0x4b, 'r',  'e', 'c',  'o',  'r',  'd',  '_',  's', 'i', 'z',  'e', 0xa1, 24,
};

#define RIGHT  11 /* of node 1 */
#define VALUES 28

static const char *const a[] = {"a"};

static uint64_t answer(const struct hn_mmdb *db, uint8_t first)
{
    const struct hn_ip ip = {.family = 4, .b = {first, 2, 3, 4}};
    uint64_t n = 0;
    uint32_t at = hn_mmdb_find(db, &ip);
    return at != HN_MMDB_NONE && at != HN_MMDB_BAD && hn_mmdb_number(db, at, a, 1, &n) ? n : 0;
}

TEST(addresses_lead_to_records)
{
    struct hn_mmdb db;
    struct hn_bytes text;
    CHECK(!hn_mmdb_open(&db, hn_bytes_of(made, sizeof made)));
    CHECK_UINT(answer(&db, 129), 513);
    CHECK_UINT(answer(&db, 200), 513); /* over a pointer */
    CHECK_UINT(answer(&db, 10), 0);
    CHECK_UINT(hn_mmdb_find(&db, &(struct hn_ip){.family = 4, .b = {10}}), HN_MMDB_NONE);
    CHECK_UINT(hn_mmdb_find(&db, &(struct hn_ip){.family = 6, .b = {0x20, 1}}), HN_MMDB_NONE);
    CHECK(!hn_mmdb_text(&db, 0, a, 1, &text)); /* is a number */
    CHECK(!hn_mmdb_text(&db, 0, (const char *const[]){"b"}, 1, &text));
}

/* A pointer to a pointer, a record beyond the data, a node that leads back to the first. */
TEST(what_leads_nowhere_ends)
{
    uint8_t copy[sizeof made];
    struct hn_mmdb db;
    memcpy(copy, made, sizeof made);
    CHECK(!hn_mmdb_open(&db, hn_bytes_of(copy, sizeof copy)));
    copy[RIGHT] = 2 + 16 + 8;
    CHECK_UINT(answer(&db, 200), 0);
    copy[RIGHT] = 200;
    CHECK_UINT(hn_mmdb_find(&db, &(struct hn_ip){.family = 4, .b = {200}}), HN_MMDB_BAD);
    copy[RIGHT] = 2 + 3; /* into the separator */
    CHECK_UINT(hn_mmdb_find(&db, &(struct hn_ip){.family = 4, .b = {200}}), HN_MMDB_BAD);
    copy[RIGHT] = 0;
    CHECK_UINT(hn_mmdb_find(&db, &(struct hn_ip){.family = 4, .b = {255, 255, 255, 255}}), HN_MMDB_BAD);
    copy[VALUES] = 0xff; /* a map of more entries than octets */
    CHECK_UINT(answer(&db, 129), 0);
}

TEST(every_cut_is_refused_or_read_within_bounds)
{
    for (size_t n = 0; n < sizeof made; n++) {
        uint8_t *copy = hn_alloc(n ? n : 1);
        struct hn_mmdb db;
        if (!copy)
            return;
        memcpy(copy, made, n);
        const char *why = hn_mmdb_open(&db, hn_bytes_of(copy, n));
        uint64_t one = why ? 0 : answer(&db, 129);
        hn_free(copy);
        CHECK(why || one == 513);
        CHECK(why); /* the last octets are the size of records: without them nothing can be read */
    }
}
