#include "hn_test.h"

#include <lz4frame.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "base/buf.h"
#include "base/library.h"
#include "format/bzip2.h"
#include "format/unpack.h"

#define SIZE (1u << 20)

static void to_buf(void *arg, struct hn_bytes b)
{
    hn_buf_add(arg, b.p, b.n);
}

/* Text that packs, but not to nothing. */
static uint8_t *content(void)
{
    uint8_t *p = hn_alloc(SIZE);
    uint32_t x = 1;
    for (size_t i = 0; p && i < SIZE; i++) {
        x = x * 1664525 + 1013904223;
        p[i] = (uint8_t)("Package: \n"[(x >> 24) % 10]);
    }
    return p;
}

static size_t pack_bzip2(const uint8_t *p, uint8_t *out, size_t room)
{
    int (*compress)(char *to, unsigned *n, char *from, unsigned size, int blocks, int verbosity, int work) = NULL;
    const struct hn_library_function f = {"BZ2_bzBuffToBuffCompress", &compress};
    unsigned n = (unsigned)room;
    bool ok = hn_ok(hn_library_load("libbz2.so.1.0", HN_BZIP2_PACKAGE, &f, 1, NULL)) &&
              compress((char *)out, &n, (char *)(uintptr_t)p, SIZE, 1, 0, 0) == 0;
    return ok ? n : 0;
}

static size_t pack(enum hn_pack kind, const uint8_t *p, uint8_t *out, size_t room)
{
    if (kind == HN_PACK_LZ4) {
        size_t n = LZ4F_compressFrame(out, room, p, SIZE, NULL);
        return LZ4F_isError(n) ? 0 : n;
    }
    if (kind == HN_PACK_ZSTD) {
        size_t n = ZSTD_compress(out, room, p, SIZE, 3);
        return ZSTD_isError(n) ? 0 : n;
    }
    if (kind == HN_PACK_XZ) {
        size_t n = 0;
        return lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, NULL, p, SIZE, out, &n, room) == LZMA_OK ? n : 0;
    }
    if (kind == HN_PACK_BZIP2)
        return pack_bzip2(p, out, room);
    z_stream z = {.next_in = (Bytef *)(uintptr_t)p, .avail_in = SIZE, .next_out = out, .avail_out = (unsigned)room};
    if (deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return 0;
    int rc = deflate(&z, Z_FINISH);
    deflateEnd(&z);
    return rc == Z_STREAM_END ? z.total_out : 0;
}

static const char *unpack(enum hn_pack kind, const uint8_t *in, size_t n, size_t step, uint64_t max, struct hn_buf *out)
{
    struct hn_unpack *u = hn_unpack_new(kind, max, to_buf, out);
    const char *bad = u ? NULL : "no memory";
    for (size_t i = 0; u && i < n && !bad; i += step)
        bad = hn_unpack_feed(u, hn_bytes_of(in + i, n - i < step ? n - i : step));
    if (u && !bad)
        bad = hn_unpack_end(u);
    hn_unpack_free(u);
    return bad;
}

static void round_trip(enum hn_pack kind)
{
    static const size_t steps[] = {1u << 20, 4096, 1000, 7};
    uint8_t *plain = content(), *packed = hn_alloc(SIZE * 2);
    size_t n = plain && packed ? pack(kind, plain, packed, SIZE * 2) : 0;
    CHECK_INT((int)hn_pack_of(hn_bytes_of(packed, n)), (int)kind);
    for (size_t i = 0; i < 4 && n; i++) {
        struct hn_buf out;
        hn_buf_init(&out, SIZE * 4);
        const char *bad = unpack(kind, packed, n, steps[i], SIZE, &out);
        bool same = out.n == SIZE && memcmp(out.p, plain, SIZE) == 0;
        hn_buf_done(&out);
        if (bad || !same) {
            CHECK_C(bad ? bad : "other content", "the same content");
            break;
        }
    }
    hn_free(plain);
    hn_free(packed);
    CHECK(n > 0);
}

TEST(gzip_in_pieces_of_any_size)
{
    round_trip(HN_PACK_GZIP);
}

TEST(lz4_in_pieces_of_any_size)
{
    round_trip(HN_PACK_LZ4);
}

TEST(zstd_in_pieces_of_any_size)
{
    round_trip(HN_PACK_ZSTD);
}

TEST(xz_in_pieces_of_any_size)
{
    round_trip(HN_PACK_XZ);
}

TEST(bzip2_in_pieces_of_any_size)
{
    round_trip(HN_PACK_BZIP2);
}

/* Streams in a row are one; what follows them and is none is damage. */
TEST(bzip2_streams_in_a_row)
{
    static const uint8_t empty[] = {'B', 'Z', 'h', '9', 0x17, 0x72, 0x45, 0x38, 0x50, 0x90, 0, 0, 0, 0};
    uint8_t *plain = content(), *packed = hn_alloc(SIZE * 2), *room = hn_alloc(2 * SIZE);
    CHECK(plain && packed && room);
    size_t n = pack(HN_PACK_BZIP2, plain, packed, SIZE);
    CHECK(n > 0);
    memcpy(packed + n, empty, sizeof empty);
    memcpy(packed + n + sizeof empty, packed, n);
    size_t all = 2 * n + sizeof empty;
    CHECK_INT(hn_bzip2_unpack(hn_bytes_of(packed, all), room, 2 * SIZE), 2 * SIZE);
    CHECK(memcmp(room + SIZE, plain, SIZE) == 0);
    CHECK_INT(hn_bzip2_unpack(hn_bytes_of(packed, all), room, 2 * SIZE - 1), -1);
    CHECK_INT(hn_bzip2_unpack(hn_bytes_of(packed, all - 1), room, 2 * SIZE), -1);
    packed[all] = 'x';
    CHECK_INT(hn_bzip2_unpack(hn_bytes_of(packed, all + 1), room, 2 * SIZE), -1);
    struct hn_buf out;
    hn_buf_init(&out, SIZE * 4);
    CHECK(unpack(HN_PACK_BZIP2, packed, all, 3, 2 * SIZE, &out) == NULL);
    CHECK_UINT(out.n, 2 * SIZE);
    hn_buf_clear(&out);
    CHECK(unpack(HN_PACK_BZIP2, packed, all + 1, 3, 2 * SIZE, &out) != NULL);
    hn_buf_done(&out);
    hn_free(plain);
    hn_free(packed);
    hn_free(room);
}

/* Cut off, damaged, over the limit: always told, never more than the limit given out. */
static void refuses(enum hn_pack kind)
{
    uint8_t *plain = content(), *packed = hn_alloc(SIZE * 2);
    size_t n = plain && packed ? pack(kind, plain, packed, SIZE * 2) : 0, wrong = 0;
    for (size_t cut = 1; cut < n; cut += n / (kind == HN_PACK_XZ || kind == HN_PACK_BZIP2 ? 19 : 97) + 1) {
        struct hn_buf out;
        hn_buf_init(&out, SIZE * 4);
        wrong += unpack(kind, packed, cut, 4096, SIZE, &out) == NULL;
        hn_buf_clear(&out);
        wrong += unpack(kind, packed, n, 4096, cut % SIZE, &out) == NULL;
        wrong += out.n > SIZE;
        hn_buf_clear(&out);
        packed[cut] ^= 0x55;
        unpack(kind, packed, n, 4096, SIZE, &out); /* may pass by chance only if nothing was changed; must not crash */
        packed[cut] ^= 0x55;
        hn_buf_done(&out);
    }
    hn_free(plain);
    hn_free(packed);
    CHECK(n > 0);
    CHECK_UINT(wrong, 0);
}

TEST(gzip_damage_is_told)
{
    refuses(HN_PACK_GZIP);
}

TEST(lz4_damage_is_told)
{
    refuses(HN_PACK_LZ4);
}

TEST(zstd_damage_is_told)
{
    refuses(HN_PACK_ZSTD);
}

TEST(xz_damage_is_told)
{
    refuses(HN_PACK_XZ);
}

TEST(bzip2_damage_is_told)
{
    refuses(HN_PACK_BZIP2);
}

TEST(an_empty_stream_is_complete)
{
    struct hn_unpack *u = hn_unpack_new(HN_PACK_GZIP, 10, to_buf, NULL);
    CHECK(u != NULL);
    const char *bad = hn_unpack_end(u);
    hn_unpack_free(u);
    CHECK(bad == NULL);
}
