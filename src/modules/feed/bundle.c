/* export, import: the index as one file for a machine without a network. The same index gives the same bytes.
 *
 *   zstd ( tar:  manifest.json   {schema, index: {bytes, sha256, built, records}, feeds: [{name, kind, source, licence,
 *                                date, imported, records, rejected, sha256}]}
 *                index           HINOMI_HOME/feed/index )
 *
 * import believes nothing: the sum of the index must be the manifest's, every record and table of it is verified, and
 * its feeds are written anew into the index of this machine, where those of the same names are replaced. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "format/advisory/import.h"
#include "format/tar.h"
#include "format/unpack.h"
#include "modules/feed/feed.h"

#define SCHEMA       "hinomi-feed-bundle/1"
#define LEVEL        3
#define STEP         ((size_t)1 << 20)
#define MANIFEST_MAX (16u << 20)
#define BUNDLE_MAX   (UINT64_C(64) << 30) /* unpacked */

const struct hn_verb_option feed_export_options[] = {{"output", HN_OPT_OUTPUT, "FILE"}, {0}};
const struct hn_verb_option feed_import_options[] = {{0}};

/* ---------------------------------------------------------------- writing */

struct packer {
    ZSTD_CCtx *z;
    int out;
    uint8_t *room;
    bool failed;
};

static void pack(struct packer *p, const void *bytes, size_t n, bool last)
{
    ZSTD_inBuffer in = {bytes, n, 0};
    size_t left;
    do {
        ZSTD_outBuffer o = {p->room, STEP, 0};
        left = ZSTD_compressStream2(p->z, &o, &in, last ? ZSTD_e_end : ZSTD_e_continue);
        p->failed = p->failed || ZSTD_isError(left) || !hn_ok(hn_write_all(p->out, p->room, o.pos));
    } while (!p->failed && (in.pos < in.size || (last && left)));
}

static void put_octal(char *out, unsigned digits, uint64_t v)
{
    for (unsigned i = digits; i-- > 0; v >>= 3)
        out[i] = (char)('0' + (v & 7));
}

/* A ustar header: owner 0, mode 0644. */
static void pack_head(struct packer *p, const char *name, uint64_t size, int64_t seconds)
{
    char h[512] = {0};
    unsigned sum = 0;
    snprintf(h, 100, "%s", name);
    memcpy(h + 100, "0000644", 8);
    memcpy(h + 108, "0000000", 8);
    memcpy(h + 116, "0000000", 8);
    if (size < UINT64_C(1) << 33) {
        put_octal(h + 124, 11, size);
    } else { /* the number in binary, as GNU and POSIX readers know it */
        h[124] = (char)0x80;
        for (unsigned i = 0; i < 8; i++)
            h[135 - i] = (char)(size >> 8 * i);
    }
    put_octal(h + 136, 11, seconds > 0 ? (uint64_t)seconds : 0);
    memset(h + 148, ' ', 8);
    h[156] = '0';
    memcpy(h + 257,
           "ustar\0"
           "00",
           8);
    for (size_t i = 0; i < sizeof h; i++)
        sum += (uint8_t)h[i];
    put_octal(h + 148, 6, sum);
    h[154] = 0;
    pack(p, h, sizeof h, false);
}

static void pack_member(struct packer *p, const char *name, struct hn_bytes b, int64_t seconds)
{
    static const char zeros[512];
    pack_head(p, name, b.n, seconds);
    for (size_t at = 0; at < b.n && !p->failed; at += STEP)
        pack(p, b.p + at, b.n - at < STEP ? b.n - at : STEP, false);
    pack(p, zeros, (512 - b.n % 512) % 512, false);
}

static void manifest_feeds(struct hn_jw *j, const struct hn_adv_index *x)
{
    struct hn_adv_feed f;
    hn_jw_key(j, "feeds");
    hn_jw_arr(j);
    for (uint32_t i = 0; i < x->n_feeds && hn_adv_feed_at(x, i, &f); i++) {
        char sum[HN_HEX256_LEN];
        hn_hex(hn_bytes_of(f.sha256, sizeof f.sha256), sum);
        hn_jw_obj(j);
        hn_jw_kstr(j, "name", f.name);
        hn_jw_kstr(j, "kind", f.kind);
        hn_jw_kstr(j, "source", f.source);
        hn_jw_kstr(j, "licence", f.licence);
        hn_jw_ktime(j, "date", f.date);
        hn_jw_ktime(j, "imported", f.imported);
        hn_jw_kint(j, "records", (int64_t)f.records);
        hn_jw_kint(j, "rejected", (int64_t)f.rejected);
        hn_jw_kc(j, "sha256", sum);
        hn_jw_obj_end(j);
    }
    hn_jw_arr_end(j);
}

static void put_manifest(const struct hn_adv_index *x, struct hn_buf *out)
{
    uint8_t sum[HN_SHA256_LEN];
    char hex[HN_HEX256_LEN];
    struct hn_jw j;
    hn_sha256(x->map, sum);
    hn_hex(hn_bytes_of(sum, sizeof sum), hex);
    hn_jw_init(&j, out);
    hn_jw_obj(&j);
    hn_jw_kc(&j, "schema", SCHEMA);
    hn_jw_key(&j, "index");
    hn_jw_obj(&j);
    hn_jw_kint(&j, "bytes", (int64_t)x->map.n);
    hn_jw_kc(&j, "sha256", hex);
    hn_jw_ktime(&j, "built", x->built);
    hn_jw_kint(&j, "records", (int64_t)x->n_records);
    hn_jw_obj_end(&j);
    manifest_feeds(&j, x);
    hn_jw_obj_end(&j);
    hn_buf_chr(out, '\n');
}

static bool write_bundle(const struct hn_adv_index *x, int out)
{
    static const char end[1024];
    HN_AUTO(hn_buf_done) struct hn_buf manifest = {0};
    struct packer p = {.z = ZSTD_createCCtx(), .out = out, .room = hn_alloc(STEP)};
    hn_buf_init(&manifest, MANIFEST_MAX);
    put_manifest(x, &manifest);
    p.failed = !p.z || !p.room || !hn_ok(hn_buf_err(&manifest)) ||
               ZSTD_isError(ZSTD_CCtx_setParameter(p.z, ZSTD_c_compressionLevel, LEVEL)) ||
               ZSTD_isError(ZSTD_CCtx_setParameter(p.z, ZSTD_c_checksumFlag, 1));
    if (!p.failed) {
        pack_member(&p, "manifest.json", hn_bytes_of(manifest.p, manifest.n), x->built / HN_SECOND);
        pack_member(&p, "index", x->map, x->built / HN_SECOND);
        pack(&p, end, sizeof end, true);
    }
    ZSTD_freeCCtx(p.z);
    hn_free(p.room);
    return !p.failed;
}

int feed_export(struct hn_work *w)
{
    struct feed_index x;
    struct hn_diag d = {{0}};
    if (!feed_open(w, &x))
        return 3;
    if (!x.there)
        return hn_work_fail(w, "feed.none", NULL);
    if (!hn_ok(hn_adv_index_verify(&x.x, &d))) /* what is damaged is not handed on */
        return hn_work_fail(w, "feed.damaged", "why", d.msg, NULL);
    HN_AUTO_FD out = hn_work_output(w, "output");
    if (out < 0)
        return hn_work_usage(w, "feed.export.output", NULL);
    return write_bundle(&x.x, out) ? 0 : hn_work_fail(w, "feed.export.failed", NULL);
}

/* ---------------------------------------------------------------- reading */

struct reader {
    struct hn_tar tar;
    int spool;
    bool failed; /* to write */
    uint64_t manifest_at, manifest_n, index_at, index_n;
};

static void on_member(void *arg, const struct hn_tar_entry *e)
{
    struct reader *r = arg;
    if (e->type == '0' && !e->n_pieces && hn_bytes_eqc(e->name, "manifest.json")) {
        r->manifest_at = e->content;
        r->manifest_n = e->size;
    } else if (e->type == '0' && !e->n_pieces && hn_bytes_eqc(e->name, "index")) {
        r->index_at = e->content;
        r->index_n = e->size;
    }
}

static void on_piece(void *arg, struct hn_bytes b)
{
    struct reader *r = arg;
    r->failed = r->failed || !hn_ok(hn_write_all(r->spool, b.p, b.n));
    hn_tar_feed(&r->tar, b); /* what is bad is told by its end */
}

/* NULL, or why it is no bundle. */
static const char *unpack(struct reader *r, struct hn_bytes bundle)
{
    struct hn_unpack *u =
        hn_tar_init(&r->tar, on_member, r) ? hn_unpack_new(HN_PACK_ZSTD, BUNDLE_MAX, on_piece, r) : NULL;
    const char *why = u ? NULL : "out of memory";
    for (size_t at = 0; u && !why && at < bundle.n; at += STEP)
        why = hn_unpack_feed(u, hn_bytes_of(bundle.p + at, bundle.n - at < STEP ? bundle.n - at : STEP));
    if (u && !why)
        why = hn_unpack_end(u);
    if (u && !why)
        why = hn_tar_end(&r->tar);
    hn_unpack_free(u);
    hn_tar_done(&r->tar);
    if (!why && r->failed)
        why = "the disk is full";
    return why ? why : !r->manifest_n || r->manifest_n > MANIFEST_MAX || !r->index_n ? "not a bundle of feeds" : NULL;
}

/* The spool as memory. */
static bool map_spool(const struct reader *r, struct hn_bytes *ret)
{
    off_t size = lseek(r->spool, 0, SEEK_END);
    void *p = size > 0 ? mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, r->spool, 0) : MAP_FAILED;
    if (p == MAP_FAILED)
        return false;
    *ret = hn_bytes_of(p, (size_t)size);
    return r->manifest_at <= ret->n && r->manifest_n <= ret->n - r->manifest_at && r->index_at <= ret->n &&
           r->index_n <= ret->n - r->index_at;
}

static const char *check_manifest(struct hn_work *w, struct hn_bytes manifest, struct hn_bytes index)
{
    const struct hn_jv *v = hn_jv_parse(hn_work_arena(w), manifest, NULL), *x = hn_jv_get(v, "index");
    uint8_t told[HN_SHA256_LEN], own[HN_SHA256_LEN];
    if (!hn_str_eqc(hn_jv_str(v, "schema"), SCHEMA))
        return "its manifest is of another kind or version";
    if (!hn_unhex(hn_jv_str(x, "sha256"), told, sizeof told) || hn_jv_int(x, "bytes", -1) != (int64_t)index.n)
        return "its manifest does not tell the index";
    hn_sha256(index, own);
    return memcmp(own, told, sizeof own) == 0 ? NULL : "the checksum of its index is wrong";
}

/* One bundle: its index, mapped and verified. */
static bool open_bundle(struct hn_work *w, struct hn_adv_index *ret)
{
    struct reader r = {.spool = hn_work_temp(w)};
    struct hn_bytes all = {NULL, 0};
    struct hn_input in;
    struct hn_diag d = {{0}};
    const char *why = "not a bundle of feeds";
    if (r.spool >= 0 && hn_work_next(w, &in)) {
        if (hn_work_map(w, &in, SIZE_MAX / 2))
            why = unpack(&r, in.map);
        hn_work_done(&in);
    }
    if (!why && !map_spool(&r, &all))
        why = "cut short";
    if (r.spool >= 0)
        close(r.spool);
    struct hn_bytes index = why ? all : hn_bytes_of(all.p + r.index_at, (size_t)r.index_n);
    if (!why)
        why = check_manifest(w, hn_bytes_of(all.p + r.manifest_at, (size_t)r.manifest_n), index);
    if (!why && (!hn_ok(hn_adv_index_open(index, ret, &d)) || !hn_ok(hn_adv_index_verify(ret, &d))))
        why = d.msg;
    if (why)
        hn_work_fail(w, "feed.import.bad", "why", why, NULL);
    return !why;
}

static void tell(struct hn_work *w, const struct hn_adv_index *bundle)
{
    struct hn_adv_feed *list = hn_arena_alloc(hn_work_arena(w), (bundle->n_feeds + 1) * sizeof *list);
    size_t n = 0;
    while (list && n < bundle->n_feeds && hn_adv_feed_at(bundle, (uint32_t)n, &list[n]))
        n++;
    if (hn_work_form(w) != HN_FORM_TEXT)
        feed_json(w, list, n);
    for (size_t i = 0; hn_work_form(w) == HN_FORM_TEXT && i < n; i++)
        feed_told(w, &list[i]);
}

int feed_import(struct hn_work *w)
{
    struct feed_index old;
    struct hn_adv_index bundle;
    if (!feed_open(w, &old) || !open_bundle(w, &bundle))
        return 3;
    int rc = feed_join(w, &old, &bundle);
    if (rc == 0)
        tell(w, &bundle);
    return rc;
}
