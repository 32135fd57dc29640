#include "format/unpack.h"

#include <lz4frame.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "base/mem.h"
#include "format/bzip2.h"

#define OUT_SIZE       (256u << 10)
#define WINDOW_LOG_MAX 27 /* 128 MiB, what zstd itself takes without --long */
#define XZ_MEMORY_MAX  (128u << 20)

struct hn_unpack {
    enum hn_pack kind;
    void (*sink)(void *arg, struct hn_bytes b);
    void *arg;
    uint64_t in_total, out_left;
    const char *bad;
    bool between; /* at a place where the stream may end: nothing read, or a frame just finished */
    z_stream z;
    LZ4F_dctx *lz4;
    ZSTD_DStream *zstd;
    lzma_stream xz;
    struct hn_bzip2 *bzip2;
    uint8_t out[OUT_SIZE];
};

enum hn_pack hn_pack_of(struct hn_bytes b)
{
    static const struct {
        uint8_t magic[6];
        size_t n;
        enum hn_pack kind;
    } known[] = {
        {{0x1f, 0x8b}, 2, HN_PACK_GZIP},
        {{0x28, 0xb5, 0x2f, 0xfd}, 4, HN_PACK_ZSTD},
        {{0xfd, '7', 'z', 'X', 'Z', 0}, 6, HN_PACK_XZ},
        {{0x04, 0x22, 0x4d, 0x18}, 4, HN_PACK_LZ4},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (b.n >= known[i].n && memcmp(b.p, known[i].magic, known[i].n) == 0)
            return known[i].kind;
    /* BZh, the size of blocks from 1 to 9, and π (a block) or its root (the end) in decimal digits */
    bool bzip2 = b.n >= 6 && memcmp(b.p, "BZh", 3) == 0 && b.p[3] >= '1' && b.p[3] <= '9';
    return bzip2 && (memcmp(b.p + 4, "\x31\x41", 2) == 0 || memcmp(b.p + 4, "\x17\x72", 2) == 0) ? HN_PACK_BZIP2
                                                                                                 : HN_PACK_PLAIN;
}

static void *zlib_alloc(void *opaque, unsigned n, unsigned size)
{
    return size && n > (64u << 20) / size ? NULL : hn_alloc((size_t)n * size);
}

static void zlib_free(void *opaque, void *p)
{
    hn_free(p);
}

struct hn_unpack *hn_unpack_new(enum hn_pack kind, uint64_t max_out, void (*sink)(void *arg, struct hn_bytes b),
                                void *arg)
{
    struct hn_unpack *u = hn_alloc_zero(sizeof(*u));
    if (!u)
        return NULL;
    u->kind = kind;
    u->sink = sink;
    u->arg = arg;
    u->out_left = max_out;
    u->between = true;
    bool ok = true;
    if (kind == HN_PACK_GZIP) {
        u->z.zalloc = zlib_alloc;
        u->z.zfree = zlib_free;
        ok = inflateInit2(&u->z, 15 + 16) == Z_OK;
    } else if (kind == HN_PACK_LZ4) {
        ok = !LZ4F_isError(LZ4F_createDecompressionContext(&u->lz4, LZ4F_VERSION));
    } else if (kind == HN_PACK_ZSTD) {
        u->zstd = ZSTD_createDStream();
        ok = u->zstd && !ZSTD_isError(ZSTD_DCtx_setParameter(u->zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX));
    } else if (kind == HN_PACK_XZ) {
        ok = lzma_stream_decoder(&u->xz, XZ_MEMORY_MAX, LZMA_CONCATENATED) == LZMA_OK;
    } else if (kind == HN_PACK_BZIP2 && !hn_bzip2_load()) {
        u->bad = "bzip2: the library that reads it is not installed (apt install " HN_BZIP2_PACKAGE ")";
    } else if (kind == HN_PACK_BZIP2) {
        u->bzip2 = hn_bzip2_new();
        ok = u->bzip2 != NULL;
    }
    if (ok)
        return u;
    ZSTD_freeDStream(u->zstd);
    hn_free(u);
    return NULL;
}

void hn_unpack_free(struct hn_unpack *u)
{
    if (!u)
        return;
    if (u->kind == HN_PACK_GZIP)
        inflateEnd(&u->z);
    if (u->lz4)
        LZ4F_freeDecompressionContext(u->lz4);
    if (u->kind == HN_PACK_XZ)
        lzma_end(&u->xz);
    ZSTD_freeDStream(u->zstd);
    hn_bzip2_free(u->bzip2);
    hn_free(u);
}

static const char *give(struct hn_unpack *u, const uint8_t *p, size_t n)
{
    if (n > u->out_left)
        return u->bad = "decompresses to more than the limit";
    u->out_left -= n;
    if (n)
        u->sink(u->arg, hn_bytes_of(p, n));
    return NULL;
}

/* A gzip file may hold several members one after the other. */
static const char *feed_gzip(struct hn_unpack *u, struct hn_bytes in)
{
    u->z.next_in = (Bytef *)(uintptr_t)in.p;
    u->z.avail_in = (unsigned)in.n;
    while (u->z.avail_in) {
        u->z.next_out = u->out;
        u->z.avail_out = OUT_SIZE;
        u->between = false;
        int rc = inflate(&u->z, Z_NO_FLUSH);
        if (give(u, u->out, OUT_SIZE - u->z.avail_out))
            return u->bad;
        if (rc == Z_STREAM_END) {
            u->between = true;
            if (inflateReset(&u->z) != Z_OK)
                return u->bad = "gzip: cannot go on";
        } else if (rc != Z_OK && rc != Z_BUF_ERROR) {
            return u->bad = rc == Z_MEM_ERROR ? "gzip: out of memory" : "gzip: damaged data";
        }
    }
    return NULL;
}

static const char *feed_lz4(struct hn_unpack *u, struct hn_bytes in)
{
    for (;;) {
        size_t took = in.n, made = OUT_SIZE;
        if (in.n)
            u->between = false;
        size_t hint = LZ4F_decompress(u->lz4, u->out, &made, in.p, &took, NULL);
        if (LZ4F_isError(hint))
            return u->bad = "lz4: damaged data";
        if (give(u, u->out, made))
            return u->bad;
        in.p += took;
        in.n -= took;
        if (hint == 0)
            u->between = true;
        /* output buffer filled: there may be more inside, even with no input left */
        if (!in.n && made < OUT_SIZE)
            return NULL;
        if (!took && !made)
            return u->bad = "lz4: does not go on";
    }
}

/* Frames may follow each other; skippable ones give nothing. */
static const char *feed_zstd(struct hn_unpack *u, struct hn_bytes in)
{
    ZSTD_inBuffer from = {in.p, in.n, 0};
    ZSTD_outBuffer to;
    do {
        size_t before = from.pos;
        to = (ZSTD_outBuffer){u->out, OUT_SIZE, 0};
        size_t rc = ZSTD_decompressStream(u->zstd, &to, &from);
        if (ZSTD_isError(rc))
            return u->bad = "zstd: damaged data";
        if (give(u, u->out, to.pos))
            return u->bad;
        if (from.pos > before || to.pos) /* asked without input it would speak of the next frame */
            u->between = rc == 0;
    } while (from.pos < from.size || to.pos == to.size); /* a full buffer: there may be more inside */
    return NULL;
}

/* last: no more input; concatenated streams end only then. */
static const char *feed_xz(struct hn_unpack *u, struct hn_bytes in, bool last)
{
    lzma_ret rc = LZMA_OK;
    u->xz.next_in = in.p;
    u->xz.avail_in = in.n;
    u->between = false;
    do {
        u->xz.next_out = u->out;
        u->xz.avail_out = OUT_SIZE;
        rc = lzma_code(&u->xz, last ? LZMA_FINISH : LZMA_RUN);
        if (give(u, u->out, OUT_SIZE - u->xz.avail_out))
            return u->bad;
    } while (rc == LZMA_OK && (u->xz.avail_in || !u->xz.avail_out));
    u->between = rc == LZMA_STREAM_END;
    if (rc == LZMA_OK || rc == LZMA_STREAM_END || (rc == LZMA_BUF_ERROR && !last))
        return NULL;
    if (rc == LZMA_BUF_ERROR)
        return u->bad = "compressed data ends too early";
    return u->bad = rc == LZMA_MEMLIMIT_ERROR || rc == LZMA_MEM_ERROR ? "xz: out of memory" : "xz: damaged data";
}

/* Streams may follow each other. */
static const char *feed_bzip2(struct hn_unpack *u, struct hn_bytes in)
{
    size_t made, before;
    do {
        before = in.n;
        u->bad = hn_bzip2_step(u->bzip2, &in, u->out, OUT_SIZE, &made, &u->between);
        if (u->bad || give(u, u->out, made))
            return u->bad;
    } while (made == OUT_SIZE || (in.n && (made || in.n < before))); /* a full buffer: there may be more inside */
    return in.n ? u->bad = "bzip2: damaged data" : NULL;
}

const char *hn_unpack_feed(struct hn_unpack *u, struct hn_bytes in)
{
    if (u->bad || !in.n)
        return u->bad;
    u->in_total += in.n;
    if (u->kind == HN_PACK_GZIP)
        return feed_gzip(u, in);
    if (u->kind == HN_PACK_LZ4)
        return feed_lz4(u, in);
    if (u->kind == HN_PACK_ZSTD)
        return feed_zstd(u, in);
    if (u->kind == HN_PACK_XZ)
        return feed_xz(u, in, false);
    if (u->kind == HN_PACK_BZIP2)
        return feed_bzip2(u, in);
    return give(u, in.p, in.n);
}

const char *hn_unpack_end(struct hn_unpack *u)
{
    if (!u->bad && u->kind == HN_PACK_XZ && u->in_total)
        feed_xz(u, (struct hn_bytes){0}, true);
    if (!u->bad && !u->between && u->kind != HN_PACK_PLAIN)
        u->bad = "compressed data ends too early";
    return u->bad;
}

uint64_t hn_unpack_read(const struct hn_unpack *u)
{
    return u->in_total;
}
