/* The index: what goes in comes out; of two records with one id the newer stays; a damaged file is survived. */
#include <stdio.h>

#include "format/advisory/import.h"
#include "hn_test.h"

static const char old_record[] =
    "{\"id\":\"GHSA-1\",\"modified\":\"2024-01-01T00:00:00Z\",\"aliases\":[\"CVE-2024-0001\"],\"summary\":\"old\","
    "\"affected\":[{\"package\":{\"ecosystem\":\"PyPI\",\"name\":\"Foo_Bar\"},\"versions\":[\"1.0.0\",\"1.0.1\"]}]}";
static const char new_record[] =
    "{\"id\":\"GHSA-1\",\"modified\":\"2025-01-01T00:00:00Z\",\"aliases\":[\"CVE-2024-0001\"],\"summary\":\"new\","
    "\"details\":\"long\",\"affected\":[{\"package\":{\"ecosystem\":\"PyPI\",\"name\":\"Foo_Bar\"},\"ranges\":[{"
    "\"type\":"
    "\"ECOSYSTEM\",\"events\":[{\"introduced\":\"0\"},{\"fixed\":\"2.0.0\"}]}],\"versions\":[\"1.0.0\",\"1.0.1\"]}]}";
static const char epss[] = "cve,epss,percentile\nCVE-2024-0001,0.5,0.9\nnonsense\n";

static struct hn_bytes build(uint64_t *ret_rejected)
{
    struct hn_adv_build *b;
    struct hn_adv_importer *im;
    uint16_t feed;
    FILE *out = tmpfile(), *spill = tmpfile();
    *ret_rejected = 0;
    if (!out || !spill || !hn_ok(hn_adv_build_new(fileno(out), fileno(spill), 0, &b)) ||
        !hn_ok(hn_adv_import_new(b, 1, NULL, &im)) ||
        !hn_ok(hn_adv_build_feed(b, &(struct hn_adv_feed){.name = HN_STR("t"), .kind = HN_STR("epss")}, &feed)))
        return hn_bytes_of(NULL, 0);
    const char *const docs[] = {new_record, old_record, epss, "{\"id\":5,\"modified\":\"x\"}"};
    for (unsigned i = 0; i < 4; i++)
        hn_adv_import_file(im, feed, HN_STR("doc"), hn_str_bytes(hn_str_c(docs[i])), false);
    *ret_rejected = hn_adv_import_rejected(im);
    if (!hn_ok(hn_adv_import_end(im)) || !hn_ok(hn_adv_build_end(b, 1, NULL)))
        return hn_bytes_of(NULL, 0);
    hn_adv_build_free(b);
    fclose(spill);
    long n = fseek(out, 0, SEEK_END) == 0 ? ftell(out) : 0;
    uint8_t *p = malloc((size_t)n);
    rewind(out);
    if (!p || fread(p, 1, (size_t)n, out) != (size_t)n)
        return hn_bytes_of(NULL, 0);
    fclose(out);
    return hn_bytes_of(p, (size_t)n);
}

TEST(the_newer_record_stays_and_is_found_by_any_spelling)
{
    struct hn_adv_index x;
    struct hn_adv_hits h;
    struct hn_adv_hit hit;
    struct hn_arena a;
    struct hn_adv adv;
    struct hn_adv_text text;
    uint64_t rejected;
    struct hn_bytes map = build(&rejected);
    CHECK_UINT(rejected, 2);
    CHECK_OK(hn_adv_index_open(map, &x, NULL));
    CHECK_OK(hn_adv_index_verify(&x, NULL));
    CHECK_UINT(x.n_records, 2);
    hn_arena_init(&a, 1u << 20);
    hn_adv_by_name(&x, HN_STR("PyPI"), HN_STR("foo.bar"), &h);
    CHECK(hn_adv_next(&h, &hit));
    CHECK(hn_adv_get(&x, hit.ref, &a, &adv));
    CHECK_TEXT(adv.summary, "new");
    CHECK_UINT(adv.affected[0].versions.n, 2);
    CHECK_TEXT(adv.affected[0].ranges[0].events[1].version, "2.0.0");
    CHECK(hn_adv_text_of(&x, hit.ref, &a, &text));
    CHECK_TEXT(text.details, "long");
    CHECK(!hn_adv_next(&h, &hit));
    hn_arena_done(&a);
    free((void *)(uintptr_t)map.p);
}

TEST(facts_are_gathered_over_the_alias_group)
{
    struct hn_adv_index x;
    struct hn_adv_facts f;
    struct hn_arena a;
    uint64_t rejected;
    struct hn_bytes map = build(&rejected);
    CHECK_OK(hn_adv_index_open(map, &x, NULL));
    hn_arena_init(&a, 1u << 20);
    CHECK(hn_adv_facts_of(&x, HN_STR("ghsa-1"), &a, &f));
    CHECK_TEXT(f.cve, "CVE-2024-0001");
    CHECK(f.epss.scored && f.epss.score == 0.5);
    CHECK(!f.kev_known && !f.withdrawn);
    hn_arena_done(&a);
    free((void *)(uintptr_t)map.p);
}

/* Every byte in turn is another one, and every length too short: no crash, and verify sees it. */
TEST_LONG(a_damaged_index_is_survived_and_seen, 60)
{
    uint64_t rejected;
    struct hn_bytes map = build(&rejected);
    CHECK(map.n > 0);
    for (size_t i = 0; i < map.n; i += 1 + i / 2048) {
        struct hn_adv_index x;
        struct hn_adv_hits h;
        struct hn_adv_hit hit;
        struct hn_arena a;
        struct hn_adv adv;
        ((uint8_t *)(uintptr_t)map.p)[i] ^= 0x5a;
        hn_arena_init(&a, 1u << 20);
        if (hn_ok(hn_adv_index_open(map, &x, NULL))) {
            NOTE("byte %zu", i);
            hn_adv_by_name(&x, HN_STR("PyPI"), HN_STR("foo-bar"), &h);
            while (hn_adv_next(&h, &hit))
                hn_adv_get(&x, hit.ref, &a, &adv);
            CHECK(!hn_ok(hn_adv_index_verify(&x, NULL)));
        }
        hn_arena_done(&a);
        ((uint8_t *)(uintptr_t)map.p)[i] ^= 0x5a;
        CHECK(!hn_ok(hn_adv_index_open(hn_bytes_of(map.p, i), &x, NULL)));
    }
    free((void *)(uintptr_t)map.p);
}

/* A burst of malicious packages, with room for far fewer keys than it has: they spill, are merged, and each is found.
 */
#define BURST 30000u
TEST_LONG(a_burst_of_records_spills_and_is_found, 120)
{
    struct hn_adv_build *b;
    struct hn_adv_importer *im;
    struct hn_adv_index x;
    uint16_t feed;
    char doc[300];
    FILE *out = tmpfile(), *spill = tmpfile();
    CHECK(out && spill);
    CHECK_OK(hn_adv_build_new(fileno(out), fileno(spill), 1000, &b));
    CHECK_OK(hn_adv_import_new(b, 2, NULL, &im));
    CHECK_OK(hn_adv_build_feed(b, &(struct hn_adv_feed){.name = HN_STR("mal"), .kind = HN_STR("osv")}, &feed));
    for (unsigned i = 0; i < BURST; i++) {
        int n = snprintf(doc, sizeof doc,
                         "{\"id\":\"MAL-2026-%u\",\"modified\":\"2026-11-01T00:00:00Z\",\"affected\":[{\"package\":{"
                         "\"ecosystem\":\"npm\",\"name\":\"bad-%u\"},\"versions\":[\"1.0.0\"]}]}",
                         i, i);
        hn_adv_import_file(im, feed, HN_STR("doc"), hn_bytes_of(doc, (size_t)n), false);
    }
    CHECK_UINT(hn_adv_import_records(im), BURST);
    CHECK_OK(hn_adv_import_end(im));
    CHECK_OK(hn_adv_build_end(b, 1, NULL));
    hn_adv_build_free(b);
    CHECK(fseek(spill, 0, SEEK_END) == 0 && ftell(spill) > 0);
    fclose(spill);
    long n = fseek(out, 0, SEEK_END) == 0 ? ftell(out) : 0;
    uint8_t *p = malloc((size_t)n);
    rewind(out);
    CHECK(p && fread(p, 1, (size_t)n, out) == (size_t)n);
    fclose(out);
    CHECK_OK(hn_adv_index_open(hn_bytes_of(p, (size_t)n), &x, NULL));
    CHECK_OK(hn_adv_index_verify(&x, NULL));
    for (unsigned i = 0; i < BURST; i += 7) {
        struct hn_adv_hits h;
        struct hn_adv_hit hit;
        struct hn_str name = {doc, (size_t)snprintf(doc, sizeof doc, "bad-%u", i)};
        hn_adv_by_name(&x, HN_STR("npm"), name, &h);
        CHECK(hn_adv_next(&h, &hit) && !hn_adv_next(&h, &hit));
    }
    free(p);
}
