/* Advisories. The first byte says what the rest is:
 *
 *   'A' + n   a document of the n-th form (enum hn_adv_form), whatever it looks like
 *   '?'       a document or a container, its form to be seen
 *   'i'       damage to a small sound index: {u24 place, u8 value} … ; the header's sum is put right again
 *   'I'       an index, byte by byte
 *
 * What is read is indexed with a room for keys so small that they spill; the index is sound and gives back every
 * record. A damaged one is refused or read within its bounds. */
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "format/advisory/eval.h"
#include "format/advisory/import.h"
#include "fuzz.h"

#define KEYS   16u
#define RECORD ((size_t)64 << 20)
#define HEADER 256u /* layout.h of the index */

struct built {
    struct hn_adv_build *b;
    int out, spill;
    uint16_t feed;
};

static void begin(struct built *t)
{
    struct hn_adv_feed feed = {.name = HN_STR("fuzz")};
    t->out = memfd_create("out", MFD_CLOEXEC);
    t->spill = memfd_create("spill", MFD_CLOEXEC);
    if (t->out < 0 || t->spill < 0 || !hn_ok(hn_adv_build_new(t->out, t->spill, KEYS, &t->b)) ||
        !hn_ok(hn_adv_build_feed(t->b, &feed, &t->feed)))
        abort();
}

/* The index as memory of its own; NULL when the builder gave up, which only a record without measure may make it. */
static struct hn_bytes end(struct built *t)
{
    struct hn_diag d = {{0}};
    FUZZ_CHECK(hn_ok(hn_adv_build_end(t->b, 1, &d)), "%s", d.msg);
    hn_adv_build_free(t->b);
    off_t n = lseek(t->out, 0, SEEK_END);
    uint8_t *p = malloc(n > 0 ? (size_t)n : 1);
    if (!p || n < 0 || pread(t->out, p, (size_t)n, 0) != n)
        abort();
    close(t->out);
    close(t->spill);
    return hn_bytes_of(p, (size_t)n);
}

/* ---------------------------------------------------------------- reading back */

static size_t names(const struct hn_adv_index *x, struct hn_str ecosystem, struct hn_str name)
{
    struct hn_adv_hits h;
    struct hn_adv_hit hit;
    size_t n = 0;
    hn_adv_by_name(x, ecosystem, name, &h);
    for (; n < 1000 && hn_adv_next(&h, &hit); n++) {
        struct hn_arena a;
        struct hn_adv_affected f;
        hn_arena_init(&a, RECORD);
        hn_adv_affected_at(x, &hit, &a, &f);
        hn_arena_done(&a);
    }
    return n;
}

static size_t ids(const struct hn_adv_index *x, struct hn_str id)
{
    struct hn_adv_hits h;
    struct hn_adv_hit hit;
    size_t n = 0;
    hn_adv_by_id(x, id, &h);
    while (n < 1000 && hn_adv_next(&h, &hit))
        n++;
    return n;
}

/* sound: nothing was damaged, so whatever is in it must be found again. */
static void look_at(const struct hn_adv_index *x, hn_adv_ref ref, bool sound)
{
    struct hn_arena a;
    struct hn_adv adv;
    struct hn_adv_text text;
    hn_arena_init(&a, RECORD);
    bool ok = hn_adv_get(x, ref, &a, &adv);
    FUZZ_CHECK(ok || !sound, "record at %llu", (unsigned long long)ref);
    if (ok) {
        struct hn_adv_facts facts;
        FUZZ_CHECK(ids(x, adv.id) || !sound, "%.*s is not found", HN_FMT(adv.id));
        hn_adv_facts_of(x, adv.id, &a, &facts);
        for (size_t i = 0; i < adv.n_affected && i < 50; i++)
            names(x, adv.affected[i].ecosystem, adv.affected[i].name);
    }
    ok = hn_adv_text_of(x, ref, &a, &text);
    FUZZ_CHECK(ok || !sound, "text of %llu", (unsigned long long)ref);
    hn_arena_done(&a);
}

static void look_up(struct hn_bytes map, bool sound)
{
    struct hn_adv_index x;
    struct hn_adv_feed feed;
    struct hn_str name;
    struct hn_diag d = {{0}};
    uint64_t at = 0, n = 0, entries;
    hn_adv_ref ref;
    bool open = hn_ok(hn_adv_index_open(map, &x, &d));
    FUZZ_CHECK(open || !sound, "%s", d.msg);
    if (!open)
        return;
    bool verified = hn_ok(hn_adv_index_verify(&x, &d));
    FUZZ_CHECK(verified || !sound, "%s", d.msg);
    for (uint32_t i = 0; i < x.n_feeds && i < 100; i++)
        hn_adv_feed_at(&x, i, &feed);
    for (uint32_t i = 0; i < 100 && hn_adv_ecosystem_at(&x, i, &name, &entries); i++)
        names(&x, name, HN_STR("a"));
    while (n < 200 && hn_adv_each(&x, &at, &ref)) {
        look_at(&x, ref, sound);
        n++;
    }
    FUZZ_CHECK(!sound || n == 200 || n == x.n_records, "%llu records of %llu", (unsigned long long)n,
               (unsigned long long)x.n_records);
    ids(&x, HN_STR("CVE-2024-0001"));
    names(&x, HN_STR("PyPI"), HN_STR("foo"));
}

/* ---------------------------------------------------------------- documents */

struct sink {
    struct hn_adv_lane *lane;
    uint16_t feed;
};

static void on_record(void *arg, const struct hn_adv *adv, const struct hn_adv_text *text)
{
    struct sink *s = arg;
    FUZZ_CHECK(adv->id.n, "a record without an id");
    hn_adv_lane_add(s->lane, s->feed, adv, text);
}

static void on_bad(void *arg, struct hn_str entry, uint64_t offset, const char *why)
{
    FUZZ_CHECK(why && *why, "no reason");
    (void)arg, (void)entry, (void)offset;
}

static void document(enum hn_adv_form form, struct hn_bytes doc)
{
    struct built t;
    struct hn_arena a;
    begin(&t);
    struct sink s = {hn_adv_lane_new(t.b), t.feed};
    hn_arena_init(&a, RECORD);
    struct hn_adv_sink sink = {&a, on_record, on_bad, NULL, &s};
    if (!s.lane)
        abort();
    hn_adv_read(form, doc, &sink);
    hn_arena_done(&a);
    FUZZ_CHECK(hn_ok(hn_adv_lane_end(s.lane)), "lane");
    struct hn_bytes map = end(&t);
    look_up(map, true);
    fuzz_free(map);
}

static struct hn_bytes import(struct hn_bytes doc)
{
    static const struct hn_adv_limits limits = {
        .entries = 1000, .entry_bytes = 1u << 20, .total_bytes = 8u << 20, .ratio = 100};
    struct built t;
    struct hn_adv_importer *im;
    begin(&t);
    if (!hn_ok(hn_adv_import_new(t.b, 1, &limits, &im)))
        abort();
    hn_adv_import_file(im, t.feed, HN_STR("doc"), doc, false);
    FUZZ_CHECK(hn_ok(hn_adv_import_end(im)), "import");
    return end(&t);
}

/* ---------------------------------------------------------------- indices */

static const char sample[] =
    "[{\"id\":\"GHSA-1\",\"modified\":\"2026-01-02T00:00:00Z\",\"aliases\":[\"CVE-2024-0001\"],\"summary\":\"one\","
    "\"details\":"
    "\"a longer "
    "text\",\"affected\":[{\"package\":{\"ecosystem\":\"PyPI\",\"name\":\"foo\"},\"ranges\":[{\"type\":\"ECOSYSTEM\","
    "\"events\":[{\"introduced\":\"0\"},{\"fixed\":\"1.2\"}]}],\"versions\":[\"1.0\",\"1.1\"]}]},{\"id\":\"DSA-1\","
    "\"modified\":"
    "\"2026-01-03T00:00:00Z\",\"upstream\":[\"CVE-2024-0001\"],\"affected\":[{\"package\":{\"ecosystem\":\"Debian:12\","
    "\"name\":"
    "\"foo\"},\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[{\"introduced\":\"0\"},{\"fixed\":\"1:2-3\"}]}]}]}]";

static void seal(uint8_t *p, size_t n)
{
    if (n < HEADER)
        return;
    uint32_t sum = (uint32_t)crc32(0, p, HEADER - 4);
    for (unsigned i = 0; i < 4; i++)
        p[HEADER - 4 + i] = (uint8_t)(sum >> 8 * i);
}

static void damage(struct hn_bytes edits)
{
    struct hn_bytes map = import(hn_bytes_of(sample, sizeof sample - 1));
    uint8_t *p = (uint8_t *)(uintptr_t)map.p;
    for (size_t i = 0; i + 4 <= edits.n; i += 4) {
        const uint8_t *e = edits.p + i;
        p[(e[0] | (size_t)e[1] << 8 | (size_t)e[2] << 16) % map.n] = e[3];
    }
    seal(p, map.n);
    look_up(map, false);
    fuzz_free(map);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    struct hn_bytes b = fuzz_copy(data + 1, size - 1);
    if (data[0] == 'i') {
        damage(b);
    } else if (data[0] == 'I') {
        seal((uint8_t *)(uintptr_t)b.p, b.n);
        look_up(b, false);
    } else if (data[0] >= 'A' && data[0] < 'A' + HN_ADV_FORM_COUNT && data[0] > 'A' + HN_ADV_FORM_GZIP - 1) {
        document((enum hn_adv_form)(data[0] - 'A'), b);
    } else {
        struct hn_bytes map = import(b);
        look_up(map, true);
        fuzz_free(map);
    }
    fuzz_free(b);
    return 0;
}
