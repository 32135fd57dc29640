/* One layer: unpacked where it is compressed, checked against its digests, indexed. */
#include <errno.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/str.h"
#include "core/image.h"
#include "format/unpack.h"

#define BUFFER (1u << 20)

struct layer {
    struct hn_image *im;
    struct hn_tar tar;
    int source;
    uint64_t base; /* where the unpacked bytes begin in source */
    struct hn_digest *unpacked;
    bool full;
};

static void each(void *arg, const struct hn_tar_entry *e)
{
    struct layer *l = arg;
    hn_image_entry(l->im, e, l->source, l->base);
}

static enum hn_digest_kind kind_of(struct hn_str digest)
{
    return hn_str_starts(digest, "sha512:") ? HN_SHA512 : HN_SHA256;
}

static bool matches(struct hn_digest *d, struct hn_str digest)
{
    uint8_t sum[64];
    char hex[129];
    size_t n = hn_digest_end(d, sum);
    ptrdiff_t colon = hn_str_chr(digest, ':');
    hn_hex(hn_bytes_of(sum, n), hex);
    return colon > 0 && hn_str_eqc(hn_str_cut(digest, (size_t)colon + 1, digest.n), hex);
}

/* Bytes that came out of the decompressor, or stand plain in the archive. */
static void take(void *arg, struct hn_bytes b)
{
    struct layer *l = arg;
    struct hn_image *im = l->im;
    if (l->unpacked)
        hn_digest_add(l->unpacked, b);
    if (im->progress)
        im->progress->steps++;
    if (l->source == im->spool && !l->full) {
        size_t done = 0;
        while (done < b.n) {
            ssize_t n = pwrite(im->spool, b.p + done, b.n - done, (off_t)(im->spooled + done));
            if (n < 0 && errno == EINTR)
                continue;
            if (n <= 0) {
                l->full = true;
                break;
            }
            done += (size_t)n;
        }
        im->spooled += done;
    }
    if (!l->full)
        hn_tar_feed(&l->tar, b);
}

static enum hn_pack packing(const struct hn_image_member *m)
{
    uint8_t head[6] = {0};
    if (pread(m->fd, head, sizeof head, (off_t)m->at) < 6)
        return HN_PACK_PLAIN;
    if (head[0] == 0x1f && head[1] == 0x8b)
        return HN_PACK_GZIP;
    if (memcmp(head, "\x28\xb5\x2f\xfd", 4) == 0)
        return HN_PACK_ZSTD;
    return memcmp(head, "\xfd\x37zXZ\0", 6) == 0 ? HN_PACK_XZ : HN_PACK_PLAIN;
}

static const char *read_all(struct layer *l, const struct hn_image_member *m, enum hn_pack kind,
                            struct hn_digest *packed)
{
    struct hn_image *im = l->im;
    uint64_t most = im->spool_max > im->spooled ? im->spool_max - im->spooled : 0;
    struct hn_unpack *u = hn_unpack_new(kind, kind == HN_PACK_PLAIN ? UINT64_MAX : most, take, l);
    const char *why = u ? NULL : "out of memory";
    for (uint64_t at = 0; !why && at < m->size;) {
        size_t want = m->size - at < BUFFER ? (size_t)(m->size - at) : BUFFER;
        ssize_t n = pread(m->fd, im->buffer, want, (off_t)(m->at + at));
        if (n <= 0) {
            why = "file ends too early";
            break;
        }
        at += (uint64_t)n;
        if (packed)
            hn_digest_add(packed, hn_bytes_of(im->buffer, (size_t)n));
        why = hn_unpack_feed(u, hn_bytes_of(im->buffer, (size_t)n));
        why = why ? why : l->full ? "no room for the unpacked layer" : NULL;
    }
    if (u && !why)
        why = hn_unpack_end(u);
    hn_unpack_free(u);
    return why;
}

void hn_image_layer(struct hn_image *im, const struct hn_image_member *m, struct hn_str digest, struct hn_str diff)
{
    enum hn_pack kind = packing(m);
    struct layer l = {.im = im, .source = kind == HN_PACK_PLAIN ? m->fd : im->spool};
    struct hn_digest *packed = digest.n ? hn_digest_new(kind_of(digest)) : NULL;
    l.base = kind == HN_PACK_PLAIN ? m->at : im->spooled;
    bool once = kind == HN_PACK_PLAIN && hn_str_eq(digest, diff); /* nothing to unpack: one digest under two names */
    l.unpacked = diff.n && !once ? hn_digest_new(kind_of(diff)) : NULL;
    im->layer++;
    const char *why = kind != HN_PACK_PLAIN && im->spool < 0 ? "there is no place to unpack it" : NULL;
    if (!hn_tar_init(&l.tar, each, &l))
        why = "out of memory";
    if (!why)
        why = read_all(&l, m, kind, packed);
    if (!why)
        why = hn_tar_end(&l.tar);
    if (packed && !matches(packed, digest) && !why)
        why = "layer does not have its digest";
    if (l.unpacked && !matches(l.unpacked, diff) && !why)
        why = "unpacked layer does not have its digest";
    if (im->out_of_memory && !why)
        why = "more files than fit into memory";
    if (why)
        hn_image_problem(im, m->name, why);
    hn_tar_done(&l.tar);
}

bool hn_image_verify(struct hn_image *im, const struct hn_image_member *m, struct hn_str digest)
{
    struct hn_digest *d = hn_digest_new(kind_of(digest));
    for (uint64_t at = 0; d && at < m->size;) {
        ssize_t n =
            pread(m->fd, im->buffer, m->size - at < BUFFER ? (size_t)(m->size - at) : BUFFER, (off_t)(m->at + at));
        if (n <= 0)
            break;
        hn_digest_add(d, hn_bytes_of(im->buffer, (size_t)n));
        at += (uint64_t)n;
    }
    bool ok = d && matches(d, digest);
    if (!ok)
        hn_image_problem(im, m->name, "does not have its digest");
    return ok;
}
