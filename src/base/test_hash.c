#include "hn_test.h"

#include "base/hash.h"
#include "base/map.h"
#include "base/str.h"

static struct hn_bytes bytes(const char *s)
{
    return hn_str_bytes(hn_str_c(s));
}

TEST(sha256_gives_the_published_values)
{
    uint8_t out[32];
    char hex[HN_HEX256_LEN];

    hn_sha256(bytes("abc"), out); /* FIPS 180-4 example */
    hn_hex(hn_bytes_of(out, 32), hex);
    CHECK_C(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hn_sha256(hn_bytes_of(NULL, 0), out);
    hn_hex(hn_bytes_of(out, 32), hex);
    CHECK_C(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void check_digest(enum hn_digest_kind kind, const char *want)
{
    uint8_t out[64];
    char hex[129];
    struct hn_digest *d = hn_digest_new(kind);

    CHECK(d);
    hn_digest_add(d, bytes("a"));
    hn_digest_add(d, hn_bytes_of(NULL, 0));
    hn_digest_add(d, bytes("bc"));
    size_t n = hn_digest_end(d, out);
    hn_hex(hn_bytes_of(out, n), hex);
    CHECK_C(hex, want);
}

TEST(streamed_digests_give_the_published_values)
{
    check_digest(HN_MD5, "900150983cd24fb0d6963f7d28e17f72");
    check_digest(HN_SHA1, "a9993e364706816aba3e25717850c26c9cd0d89d");
    check_digest(HN_SHA256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check_digest(HN_SHA512, "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST(hex_reads_back_and_refuses_the_rest)
{
    uint8_t out[3];

    CHECK(hn_unhex(HN_STR("00fFa7"), out, 3));
    CHECK_BYTES(hn_bytes_of(out, 3), hn_bytes_of("\x00\xFF\xA7", 3));
    CHECK(!hn_unhex(HN_STR("00fFa"), out, 3) && !hn_unhex(HN_STR("00fFa701"), out, 3));
    CHECK(!hn_unhex(HN_STR("00fg00"), out, 3) && !hn_unhex(HN_STR("00 100"), out, 3));
    CHECK(hn_unhex(HN_STR(""), out, 0));
}

TEST(the_table_hash_sees_every_byte_and_the_length)
{
    uint8_t b[70] = {0};

    for (size_t n = 0; n < sizeof b; n++) {
        uint64_t h = hn_hash64(hn_bytes_of(b, n));
        NOTE("length %zu", n);
        CHECK_UINT(hn_hash64(hn_bytes_of(b, n)), h);
        CHECK(hn_hash64(hn_bytes_of(b, n + 1 < sizeof b ? n + 1 : 0)) != h);
        for (size_t i = 0; i < n; i++) {
            b[i] ^= 0x10;
            CHECK(hn_hash64(hn_bytes_of(b, n)) != h);
            b[i] ^= 0x10;
        }
    }
}

TEST(the_table_hash_spreads_similar_keys_over_all_bits)
{
    unsigned ones[64] = {0};
    char key[32];

    for (unsigned i = 0; i < 20000; i++) {
        uint64_t h = hn_hash64(hn_bytes_of(key, (size_t)snprintf(key, sizeof key, "pkg:deb/debian/x%u", i)));
        for (unsigned bit = 0; bit < 64; bit++)
            ones[bit] += h >> bit & 1;
    }
    for (unsigned bit = 0; bit < 64; bit++) { /* 10000 expected, deviation 71: seven of them */
        NOTE("bit %u", bit);
        CHECK(ones[bit] > 9500 && ones[bit] < 10500);
    }
}

TEST(the_table_hash_differs_between_processes)
{
    char command[64], a[32] = "", b[32] = "";

    if (getenv("HN_TEST_SHOW_HASH")) {
        dprintf(9, "%016" PRIx64, hn_hash64(bytes("x")));
        return;
    }
    snprintf(command, sizeof command, "HN_TEST_SHOW_HASH=1 /proc/%d/exe differs 9>&1 >/dev/null", (int)getpid());
    FILE *f = popen(command, "r");
    CHECK(f && fread(a, 1, 16, f) == 16 && pclose(f) == 0);
    f = popen(command, "r");
    CHECK(f && fread(b, 1, 16, f) == 16 && pclose(f) == 0);
    CHECK(strcmp(a, b) != 0);
}

TEST(ids_are_distinct_and_in_order_of_time)
{
    char a[HN_ID_TEXT], b[HN_ID_TEXT];

    setenv("HINOMI_NOW", "2026-11-22T05:00:00Z", 1);
    CHECK_OK(hn_id_new(a));
    CHECK_OK(hn_id_new(b));
    CHECK_UINT(strlen(a), 26);
    CHECK_UINT(strspn(a, "0123456789ABCDEFGHJKMNPQRSTVWXYZ"), 26);
    CHECK(hn_id_is(hn_str_c(a)) && !hn_id_is(hn_str_c("App")) && !hn_id_is(hn_str_c("")));
    CHECK(!hn_id_is(hn_str_c("01M8KXJX3J3E3C3E9MSJBYD20i")));
    CHECK(strcmp(a, b) != 0 && memcmp(a, b, 10) == 0);
    setenv("HINOMI_NOW", "2026-11-22T05:00:00.001Z", 1);
    CHECK_OK(hn_id_new(b));
    CHECK(memcmp(a, b, 10) < 0);
}

/* Sets keys "0" to "n-1"; false when memory ran out. */
static bool fill(struct hn_map *m, char (*keys)[8], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int len = snprintf(keys[i], sizeof keys[i], "%zu", i);
        if (!hn_ok(hn_map_set(m, hn_bytes_of(keys[i], (size_t)len), keys[i])))
            return false;
    }
    return true;
}

TEST(a_map_finds_what_was_set_and_nothing_else)
{
    static char keys[5000][8];
    HN_AUTO(hn_map_done) struct hn_map m;

    hn_map_init(&m);
    CHECK(!hn_map_find(&m, bytes("0")) && !hn_map_has(&m, bytes("")));
    CHECK(!hn_map_find_hashed(&m, bytes("0"), hn_map_hash(bytes("0"))));
    CHECK(fill(&m, keys, 5000));
    CHECK_UINT(m.n, 5000);
    for (size_t i = 0; i < 5000; i++)
        CHECK(hn_map_find(&m, bytes(keys[i])) == keys[i]);
    CHECK(!hn_map_find(&m, bytes("5000")) && !hn_map_has(&m, bytes("")));
    CHECK(hn_map_find_hashed(&m, bytes("17"), hn_map_hash(bytes("17"))) == keys[17]);
    CHECK(!hn_map_find_hashed(&m, bytes("5000"), hn_map_hash(bytes("5000"))));
    CHECK_OK(hn_map_set(&m, bytes("17"), NULL));
    CHECK(hn_map_has(&m, bytes("17")) && !hn_map_find(&m, bytes("17")));
    CHECK_UINT(m.n, 5000);
}

TEST(a_map_iterates_over_each_entry_once)
{
    static char keys[100][8];
    static unsigned seen[100];
    HN_AUTO(hn_map_done) struct hn_map m;
    struct hn_bytes key;
    void *value;
    size_t i = 0, n = 0;
    uint64_t number;

    hn_map_init(&m);
    CHECK(!hn_map_next(&m, &i, &key, &value));
    CHECK(fill(&m, keys, 100));
    for (i = 0; hn_map_next(&m, &i, &key, &value); n++) {
        CHECK(hn_str_u64((struct hn_str){(const char *)key.p, key.n}, 10, &number) && number < 100);
        CHECK(value == keys[number] && !seen[number]++);
    }
    CHECK_UINT(n, 100);
}

TEST(a_map_keeps_its_entries_when_memory_runs_out)
{
    static char keys[100][8];
    HN_AUTO(hn_map_done) struct hn_map m;

    hn_map_init(&m);
    CHECK(fill(&m, keys, 12));
    hn_alloc_fail_at(1);
    CHECK_ERR(hn_map_set(&m, bytes("more"), keys), NOMEM);
    CHECK_UINT(m.n, 12);
    CHECK(hn_map_find(&m, bytes("11")) == keys[11] && !hn_map_has(&m, bytes("more")));
    CHECK_OK(hn_map_set(&m, bytes("more"), keys));
}

TEST(empty_and_binary_keys_are_keys)
{
    HN_AUTO(hn_map_done) struct hn_map m;
    int a, b, c;

    hn_map_init(&m);
    CHECK_OK(hn_map_set(&m, hn_bytes_of(NULL, 0), &a));
    CHECK_OK(hn_map_set(&m, hn_bytes_of("\0", 1), &b));
    CHECK_OK(hn_map_set(&m, hn_bytes_of("\0\0", 2), &c));
    CHECK(hn_map_find(&m, bytes("")) == &a && hn_map_find(&m, hn_bytes_of("\0", 1)) == &b);
    CHECK(hn_map_find(&m, hn_bytes_of("\0\0", 2)) == &c);
}
