/* MaxMind databases: whatever the file says, an answer lies within it, is the same twice, and takes bounded work. */
#include "format/mmdb.h"
#include "fuzz.h"

static void within(struct hn_bytes file, struct hn_bytes s)
{
    if (s.n)
        FUZZ_CHECK(s.p >= file.p && s.n <= (size_t)(file.p + file.n - s.p), "%zu octets", s.n);
}

static void ask(const struct hn_mmdb *db, struct hn_bytes file, const struct hn_ip *ip)
{
    static const char *const country[] = {"country", "iso_code"}, *const asn[] = {"autonomous_system_number"};
    uint32_t at = hn_mmdb_find(db, ip);
    struct hn_bytes text, again;
    uint64_t number;
    FUZZ_CHECK(at == hn_mmdb_find(db, ip), "%u", at);
    if (at == HN_MMDB_NONE || at == HN_MMDB_BAD)
        return;
    FUZZ_CHECK(at < db->data.n, "%u", at);
    if (hn_mmdb_text(db, at, country, 2, &text)) {
        within(file, text);
        FUZZ_CHECK(hn_mmdb_text(db, at, country, 2, &again) && again.p == text.p, "%u", at);
    }
    hn_mmdb_number(db, at, asn, 1, &number);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hn_bytes file = fuzz_copy(data, size);
    struct hn_mmdb db;
    if (!hn_mmdb_open(&db, file)) {
        FUZZ_CHECK(hn_mmdb_is(file), "opened");
        within(file, db.type);
        for (unsigned i = 0; i < 64; i++) {
            struct hn_ip ip = {.family = i & 1 ? 6 : 4, .b = {192, 0, 2, 1}};
            ip.b[i / 2 % 16] ^= (uint8_t)(i * 37);
            ask(&db, file, &ip);
        }
        ask(&db, file, &(struct hn_ip){.family = 6, .b = {0x20, 1, 0xd, 0xb8}});
        ask(&db, file, &(struct hn_ip){.family = 4, .b = {198, 51, 100, 70}});
    }
    fuzz_free(file);
    return 0;
}
