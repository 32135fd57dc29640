/* Format readers: the first byte chooses. Streams give the same however they are cut; orders are orders; no reader
 * leaves its bytes. */
#include "base/buf.h"
#include "format/bdb_hash.h"
#include "format/deb822.h"
#include "format/netlink.h"
#include "format/openpgp_keys.h"
#include "format/rpm_header.h"
#include "format/sqlite_image.h"
#include "format/unpack.h"
#include "format/version/version.h"
#include "fuzz.h"

/* ---------------------------------------------------------------- deb822 */

struct sums {
    uint64_t n, sum, bad;
};

static void each(void *arg, struct hn_bytes paragraph, uint64_t offset)
{
    struct sums *s = arg;
    struct hn_bytes name, value;
    const char *why = NULL;
    s->n++;
    while (paragraph.n && paragraph.p[paragraph.n - 1] == '\n')
        paragraph.n--;
    for (size_t i = 0; i < paragraph.n; i++)
        s->sum = s->sum * 31 + paragraph.p[i];
    while (hn_deb822_field(&paragraph, &name, &value, &why)) {
        struct hn_bytes source, version;
        hn_deb822_source(value, &source, &version);
        s->sum += name.n + value.n + source.n + version.n;
    }
}

static void bad(void *arg, uint64_t offset, const char *why)
{
    struct sums *s = arg;
    s->bad++;
}

static struct sums read_pieces(struct hn_bytes b, size_t step)
{
    struct sums s = {0};
    struct hn_arena a;
    struct hn_deb822 d;
    hn_arena_init(&a, 1u << 16);
    if (hn_deb822_init(&d, &a, 128, each, bad, &s)) {
        for (size_t i = 0; i < b.n; i += step)
            hn_deb822_feed(&d, hn_bytes_of(b.p + i, b.n - i < step ? b.n - i : step));
        hn_deb822_end(&d);
    }
    hn_arena_done(&a);
    return s;
}

static void deb822(struct hn_bytes b)
{
    struct sums one = read_pieces(b, b.n ? b.n : 1), many = read_pieces(b, 1), some = read_pieces(b, 7);
    FUZZ_CHECK(one.n == many.n && one.sum == many.sum && one.bad == many.bad, "%llu %llu", (unsigned long long)one.n,
               (unsigned long long)many.n);
    FUZZ_CHECK(one.n == some.n && one.sum == some.sum && one.bad == some.bad, "%llu %llu", (unsigned long long)one.n,
               (unsigned long long)some.n);
}

/* ---------------------------------------------------------------- versions */

static int sign(int v)
{
    return (v > 0) - (v < 0);
}

static void versions(struct hn_bytes b)
{
    struct hn_bytes v[3] = {{b.p, 0}, {b.p, 0}, {b.p, 0}};
    size_t n = 0, from = 0;
    for (size_t i = 0; i <= b.n && n < 3; i++) {
        if (i == b.n || b.p[i] == '\n') {
            v[n++] = hn_bytes_of(b.p + from, i - from);
            from = i + 1;
        }
    }
    int ab = sign(hn_version_deb_cmp(v[0], v[1])), bc = sign(hn_version_deb_cmp(v[1], v[2])),
        ac = sign(hn_version_deb_cmp(v[0], v[2]));
    FUZZ_CHECK(ab == -sign(hn_version_deb_cmp(v[1], v[0])), "not antisymmetric");
    FUZZ_CHECK(hn_version_deb_cmp(v[0], v[0]) == 0, "not equal to itself");
    if (ab <= 0 && bc <= 0)
        FUZZ_CHECK(ac <= 0 && (ac < 0 || (ab == 0 && bc == 0)), "not transitive: %d %d %d", ab, bc, ac);
    hn_version_deb_valid(v[0]);
}

/* ---------------------------------------------------------------- netlink, SQLite, rpm */

static void netlink(struct hn_bytes b)
{
    struct hn_cur c;
    struct hn_nl_msg m;
    struct hn_nl_attr a, inner;
    hn_cur_init(&c, b, b.n / 16 + 1);
    while (hn_nl_next(&c, &m)) {
        hn_nl_find(&m.body, 3);
        while (hn_nl_attr(&m.body, &a)) {
            struct hn_cur nested = hn_nl_nested(a.value);
            while (hn_nl_attr(&nested, &inner))
                hn_nl_text(inner.value);
        }
    }
}

static void header(struct hn_bytes b)
{
    struct hn_rpm_header h;
    struct hn_bytes s;
    uint32_t v, n = 0;
    if (!hn_rpm_header_read(b, &h))
        return;
    struct hn_rpm_list names = hn_rpm_strings(&h, HN_RPM_BASENAMES), indexes = hn_rpm_numbers(&h, HN_RPM_DIRINDEXES);
    while (hn_rpm_next_string(&names, &s))
        n++;
    while (hn_rpm_next_number(&indexes, &v))
        n++;
    FUZZ_CHECK(n <= b.n, "more values than bytes");
    hn_rpm_string(&h, HN_RPM_NAME);
}

static struct hn_bytes image_read(void *arg, uint64_t at, size_t n)
{
    struct hn_bytes *b = arg;
    return at <= b->n && n <= b->n - at ? hn_bytes_of(b->p + at, n) : (struct hn_bytes){0};
}

static void row(void *arg, int64_t rowid, struct hn_bytes record)
{
    struct hn_bytes v;
    int64_t i;
    ++*(uint64_t *)arg;
    for (unsigned column = 0; column < 4; column++) {
        hn_sqlite_column(record, column, &v, &i);
        hn_sqlite_column(record, column, &v, NULL);
    }
    if (hn_sqlite_column(record, 1, &v, NULL))
        header(v);
}

static void sqlite(struct hn_bytes b)
{
    struct hn_sqlite_image db;
    uint64_t rows = 0;
    if (!hn_sqlite_open(&db, image_read, &b, b.n))
        return;
    uint32_t root = hn_sqlite_table(&db, "Packages");
    if (root)
        hn_sqlite_rows(&db, root, row, &rows);
}

static void pair(void *arg, struct hn_bytes key, struct hn_bytes value)
{
    *(uint64_t *)arg += value.n;
    header(value);
}

static void bdb(struct hn_bytes b)
{
    struct hn_bdb_hash db;
    uint64_t all = 0;
    if (hn_bdb_hash_open(&db, image_read, &b, b.n))
        hn_bdb_hash_each(&db, pair, &all);
    FUZZ_CHECK(all <= 2 * (uint64_t)b.n + 65536, "%llu bytes of values", (unsigned long long)all);
}

/* ---------------------------------------------------------------- decompression */

static void to_buf(void *arg, struct hn_bytes b)
{
    hn_buf_add(arg, b.p, b.n);
}

static bool unpack_all(enum hn_pack kind, struct hn_bytes b, size_t step, struct hn_buf *out)
{
    struct hn_unpack *u = hn_unpack_new(kind, 1u << 20, to_buf, out);
    const char *why = u ? NULL : "no memory";
    for (size_t i = 0; u && !why && i < b.n; i += step)
        why = hn_unpack_feed(u, hn_bytes_of(b.p + i, b.n - i < step ? b.n - i : step));
    if (u && !why)
        why = hn_unpack_end(u);
    hn_unpack_free(u);
    return why == NULL;
}

static void unpack(enum hn_pack kind, struct hn_bytes b)
{
    struct hn_buf one, many;
    hn_buf_init(&one, 2u << 20);
    hn_buf_init(&many, 2u << 20);
    bool a = unpack_all(kind, b, b.n ? b.n : 1, &one), c = unpack_all(kind, b, 3, &many);
    FUZZ_CHECK(a == c, "whole %d, in pieces %d", a, c);
    FUZZ_CHECK(!a || (one.n == many.n && (!one.n || memcmp(one.p, many.p, one.n) == 0)), "other content");
    FUZZ_CHECK(one.n <= 1u << 20, "over the limit");
    hn_buf_done(&one);
    hn_buf_done(&many);
}

/* ---------------------------------------------------------------- OpenPGP keys */

/* What was let through is let through again, unchanged. */
static void pgp_keys(struct hn_bytes b)
{
    struct hn_buf one, two;
    hn_buf_init(&one, 1u << 20);
    hn_buf_init(&two, 1u << 20);
    size_t n = hn_pgp_key_packets(b, &one), m = n ? hn_pgp_key_packets(hn_bytes_of(one.p, one.n), &two) : 0;
    FUZZ_CHECK(n == m, "%zu keys, then %zu", n, m);
    FUZZ_CHECK(!n || (one.n == two.n && memcmp(one.p, two.p, one.n) == 0), "other content");
    hn_buf_done(&one);
    hn_buf_done(&two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    struct hn_bytes b = fuzz_copy(data + 1, size - 1);
    switch (data[0]) {
    case 'd':
        deb822(b);
        break;
    case 'v':
        versions(b);
        break;
    case 'n':
        netlink(b);
        break;
    case 'r':
        header(b);
        break;
    case 'b':
        bdb(b);
        break;
    case 's':
        sqlite(b);
        break;
    case 'g':
        unpack(HN_PACK_GZIP, b);
        break;
    case 'k':
        pgp_keys(b);
        break;
    case 'l':
        unpack(HN_PACK_LZ4, b);
        break;
    case 'z':
        unpack(HN_PACK_BZIP2, b);
        break;
    default:
        break;
    }
    fuzz_free(b);
    return 0;
}
