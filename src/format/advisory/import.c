/* Workers of an import: each has a lane, an arena, a buffer to inflate into. */
#include "format/advisory/import.h"

#include <pthread.h>
#include <sys/mman.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "format/advisory/zip.h"

#define BATCH       64u /* entries that a worker takes at once */
#define THREADS_MAX 8u
#define NEST_MAX    2u
#define PAGE        ((uintptr_t)4096)
#define SUM_STEP    ((size_t)256 << 10)
#define RATIO_FREE  (UINT64_C(64) << 20) /* below this nothing is a bomb */

const struct hn_adv_limits hn_adv_limits_default = {
    .entries = 8u << 20, .entry_bytes = (size_t)64 << 20, .total_bytes = UINT64_C(256) << 30, .ratio = 200};

struct worker {
    struct hn_adv_importer *im;
    struct hn_adv_lane *lane;
    struct hn_arena arena;
    struct hn_buf plain; /* the entry being read */
    z_stream z;
    bool z_ready;
    uint64_t records, rejected, undated, forms[HN_ADV_FORM_COUNT];
    hn_time newest;
    enum hn_adv_form form; /* of the document being read */
    struct hn_str entry;   /* its name */
    pthread_t thread;
};

struct hn_adv_importer {
    struct hn_adv_limits limits;
    unsigned n_workers;
    struct worker workers[THREADS_MAX];
    pthread_mutex_t lock; /* of what follows */
    struct hn_adv_complaint complaints[HN_ADV_COMPLAINTS_MAX];
    size_t n_complaints;
    struct hn_arena texts;
    /* the archive at work */
    struct hn_adv_zip zip;
    uint64_t taken, sum_packed, sum_unpacked;
    hn_time packed; /* newest entry of the archives */
    bool stop, mapped;
    uint16_t feed;
    struct hn_str file;
    /* sums of the files: of one its own, of several that of their sums in the order they were read */
    struct hn_digest *sums;
    uint8_t last_sum[HN_SHA256_LEN];
    size_t n_files;
};

/* ---------------------------------------------------------------- complaints */

static void complain(struct worker *w, struct hn_str id, uint64_t offset, const char *why)
{
    struct hn_adv_importer *im = w->im;
    w->rejected++;
    pthread_mutex_lock(&im->lock);
    if (im->n_complaints < HN_ADV_COMPLAINTS_MAX) {
        struct hn_adv_complaint *c = &im->complaints[im->n_complaints++];
        *c = (struct hn_adv_complaint){.file = hn_arena_str(&im->texts, im->file), .offset = offset, .why = why};
        c->entry = hn_arena_fmt(&im->texts, "%.*s%s%.*s", HN_FMT(w->entry), w->entry.n && id.n ? " " : "", HN_FMT(id));
    }
    pthread_mutex_unlock(&im->lock);
}

static void on_record(void *arg, const struct hn_adv *adv, const struct hn_adv_text *text)
{
    struct worker *w = arg;
    if (!hn_adv_lane_add(w->lane, w->im->feed, adv, text)) {
        complain(w, adv->id, 0, "too large");
        return;
    }
    w->records++;
    w->forms[w->form]++;
    w->newest = adv->modified > w->newest ? adv->modified : w->newest;
    w->newest = adv->published > w->newest ? adv->published : w->newest;
    w->undated += !adv->modified && adv->family != HN_ADV_EPSS && adv->family != HN_ADV_KEV; /* these are dated whole */
}

static void on_bad(void *arg, struct hn_str entry, uint64_t offset, const char *why)
{
    complain(arg, entry, offset, why);
}

static void on_dated(void *arg, hn_time date)
{
    struct worker *w = arg;
    if (date > w->newest)
        w->newest = date;
}

/* ---------------------------------------------------------------- unpacking */

static bool z_begin(struct worker *w, int bits)
{
    int rc = w->z_ready ? inflateReset2(&w->z, bits) : inflateInit2(&w->z, bits);
    w->z_ready |= rc == Z_OK;
    return rc == Z_OK;
}

/* One raw deflate stream that must give exactly n bytes. */
static const char *inflate_entry(struct worker *w, struct hn_bytes in, size_t n, struct hn_bytes *ret)
{
    hn_buf_clear(&w->plain);
    if (!z_begin(w, -MAX_WBITS) || !hn_buf_room(&w->plain, n ? n : 1))
        return "out of memory";
    w->z.next_in = (Bytef *)(uintptr_t)in.p;
    w->z.avail_in = (unsigned)in.n;
    w->z.next_out = (Bytef *)w->plain.p;
    w->z.avail_out = (unsigned)n;
    int rc = inflate(&w->z, Z_FINISH);
    if (n == 0 && rc == Z_BUF_ERROR) /* nothing to write it to */
        rc = Z_STREAM_END;
    *ret = hn_bytes_of(w->plain.p, n);
    if (rc == Z_OK || rc == Z_BUF_ERROR)
        return w->z.avail_out ? "cut short" : "larger than it says";
    return rc != Z_STREAM_END ? "its packed bytes are damaged" : w->z.avail_out ? "shorter than it says" : NULL;
}

static const char *unpack_gzip(struct worker *w, struct hn_bytes in, struct hn_buf *out)
{
    if (!z_begin(w, MAX_WBITS + 16))
        return "out of memory";
    w->z.next_in = (Bytef *)(uintptr_t)in.p;
    for (size_t left = in.n;;) {
        w->z.avail_in = left > 1u << 30 ? 1u << 30 : (unsigned)left;
        size_t given = w->z.avail_in;
        if (!hn_buf_room(out, out->n ? out->n < 16u << 20 ? out->n : 16u << 20 : 65536))
            return "larger than is read of one file";
        size_t room = out->cap - out->n;
        w->z.next_out = (Bytef *)out->p + out->n;
        w->z.avail_out = room > 1u << 30 ? 1u << 30 : (unsigned)room;
        size_t before = w->z.avail_out;
        int rc = inflate(&w->z, Z_NO_FLUSH);
        left -= given - w->z.avail_in;
        out->n += before - w->z.avail_out;
        if (rc == Z_STREAM_END && (!left || inflateReset(&w->z) != Z_OK || *w->z.next_in != 0x1f))
            return NULL; /* RFC 1952 §2.2: several members follow each other; padding may come last */
        if (rc != Z_OK && rc != Z_STREAM_END)
            return rc == Z_BUF_ERROR ? "cut short" : "its packed bytes are damaged";
    }
}

/* ---------------------------------------------------------------- documents */

static void read_zip(struct worker *w, struct hn_bytes doc, unsigned nest);

static void read_gzip(struct worker *w, struct hn_bytes doc, unsigned nest);

static void read_document(struct worker *w, struct hn_bytes doc, unsigned nest)
{
    struct hn_adv_sink sink = {&w->arena, on_record, on_bad, on_dated, w};
    enum hn_adv_form form = hn_adv_form_of(doc);
    bool container = form == HN_ADV_FORM_ZIP || form == HN_ADV_FORM_GZIP;
    if (container && nest >= NEST_MAX) {
        complain(w, HN_STR(""), 0, "a container in a container in a container");
    } else if (form == HN_ADV_FORM_ZIP) {
        read_zip(w, doc, nest + 1);
    } else if (form == HN_ADV_FORM_GZIP) {
        read_gzip(w, doc, nest + 1);
    } else {
        w->form = form;
        hn_adv_read(form, doc, &sink);
        hn_arena_clear(&w->arena);
    }
}

static void read_gzip(struct worker *w, struct hn_bytes doc, unsigned nest)
{
    struct hn_buf out;
    hn_buf_init(&out, 4 * w->im->limits.entry_bytes);
    const char *why = unpack_gzip(w, doc, &out);
    if (why)
        complain(w, HN_STR(""), 0, why);
    if (out.n)
        read_document(w, hn_bytes_of(out.p, out.n), nest);
    hn_buf_done(&out);
}

/* ---------------------------------------------------------------- archives */

static struct hn_str printable(struct hn_bytes name, char *out, size_t room)
{
    struct hn_str s;
    size_t n = name.n < room ? name.n : room;
    if (hn_str_from_utf8(name, &s) && s.n <= room)
        return s;
    for (size_t i = 0; i < n; i++)
        out[i] = name.p[i] >= 0x20 && name.p[i] < 0x7f ? (char)name.p[i] : '?';
    return (struct hn_str){out, n};
}

static const char *entry_bytes(struct worker *w, const struct hn_adv_zip *zip, const struct hn_adv_zip_entry *e,
                               struct hn_bytes *ret)
{
    struct hn_bytes packed;
    const char *why = hn_adv_zip_data(zip, e, &packed);
    if (why)
        return why;
    if (e->method == HN_ADV_ZIP_STORED) {
        *ret = packed;
        if (e->packed != e->unpacked)
            return "shorter than it says";
        return packed.n <= UINT32_MAX && crc32(0, packed.p, (unsigned)packed.n) != e->crc ? "its checksum is wrong"
                                                                                          : NULL;
    }
    if (e->unpacked > w->im->limits.entry_bytes)
        return "larger than is read of one entry";
    why = inflate_entry(w, packed, (size_t)e->unpacked, ret);
    return why ? why : crc32(0, ret->p, (unsigned)ret->n) != e->crc ? "its checksum is wrong" : NULL;
}

static void read_entry(struct worker *w, const struct hn_adv_zip *zip, const struct hn_adv_zip_entry *e, unsigned nest)
{
    char room[512];
    struct hn_bytes doc;
    struct hn_str outer = w->entry;
    if (e->name.n && e->name.p[e->name.n - 1] == '/')
        return;
    w->entry = printable(e->name, room, sizeof room);
    const char *why = entry_bytes(w, zip, e, &doc);
    if (why)
        complain(w, HN_STR(""), e->header, why);
    else if (doc.n)
        read_document(w, doc, nest);
    w->entry = outer;
}

/* A zip inside a zip: in the worker that met it. The buffer belongs to the outer entry meanwhile. */
static void read_zip(struct worker *w, struct hn_bytes doc, unsigned nest)
{
    struct hn_adv_zip zip;
    struct hn_adv_zip_entry e;
    const char *why = hn_adv_zip_open(doc, &zip);
    uint64_t n = 0, packed = 0;
    struct hn_buf outer = w->plain;
    hn_buf_init(&w->plain, w->im->limits.entry_bytes + 1);
    while (!why && hn_adv_zip_next(&zip, &e, &why)) {
        packed += e.packed;
        if (++n > w->im->limits.entries || packed > doc.n)
            why = n > w->im->limits.entries ? "too many entries" : "entries of the zip archive overlap";
        else
            read_entry(w, &zip, &e, nest);
    }
    hn_buf_done(&w->plain);
    w->plain = outer;
    if (why)
        complain(w, HN_STR(""), zip.at, why);
}

/* Why the archive at work is read no further; NULL: all is well. */
static const char *over_limits(struct hn_adv_importer *im, const struct hn_adv_zip_entry *e)
{
    im->sum_packed += e->packed < im->zip.doc.n ? e->packed : im->zip.doc.n;
    im->sum_unpacked += e->unpacked < im->limits.entry_bytes ? e->unpacked : 0;
    if (++im->taken > im->limits.entries)
        return "too many entries";
    if (im->sum_packed > im->zip.doc.n)
        return "entries of the zip archive overlap";
    if (im->sum_unpacked > im->limits.total_bytes ||
        (im->sum_unpacked > RATIO_FREE && im->sum_unpacked / im->limits.ratio > im->zip.doc.n))
        return "unpacks to more than is read of one archive";
    return NULL;
}

static size_t take_batch(struct worker *w, struct hn_adv_zip_entry batch[BATCH])
{
    struct hn_adv_importer *im = w->im;
    const char *why = NULL;
    size_t n = 0;
    pthread_mutex_lock(&im->lock);
    while (!im->stop && n < BATCH && hn_adv_zip_next(&im->zip, &batch[n], &why)) {
        why = over_limits(im, &batch[n]);
        if (why)
            break;
        im->packed = batch[n].changed > im->packed ? batch[n].changed : im->packed;
        n++;
    }
    im->stop |= why != NULL;
    uint64_t at = im->zip.at;
    pthread_mutex_unlock(&im->lock);
    if (why)
        complain(w, HN_STR(""), at, why);
    return n;
}

/* Pages that will not be looked at again: a mapped archive shall not count as memory in use. */
static void give_back(const struct hn_adv_zip *zip, const struct hn_adv_zip_entry *batch, size_t n)
{
    uint64_t from = UINT64_MAX, to = 0;
    for (size_t i = 0; i < n; i++) {
        from = batch[i].header < from ? batch[i].header : from;
        to = batch[i].header + batch[i].packed > to ? batch[i].header + batch[i].packed : to;
    }
    if (to > zip->doc.n || from >= to)
        return;
    uintptr_t p = ((uintptr_t)zip->doc.p + from + PAGE - 1) & ~(PAGE - 1);
    uintptr_t end = ((uintptr_t)zip->doc.p + to) & ~(PAGE - 1);
    if (p < end)
        madvise((void *)p, end - p, MADV_DONTNEED); /* advice: refused is fine */
}

static void *work_archive(void *arg)
{
    struct worker *w = arg;
    struct hn_adv_zip_entry batch[BATCH];
    struct hn_adv_zip zip = w->im->zip; /* doc does not change */
    for (size_t n; (n = take_batch(w, batch)) > 0;) {
        for (size_t i = 0; i < n; i++)
            read_entry(w, &zip, &batch[i], 1);
        if (w->im->mapped)
            give_back(&zip, batch, n);
    }
    return NULL;
}

static void import_archive(struct hn_adv_importer *im, struct hn_bytes doc)
{
    const char *why = hn_adv_zip_open(doc, &im->zip);
    unsigned started = 1;
    if (why) {
        complain(&im->workers[0], HN_STR(""), 0, why);
        return;
    }
    im->taken = im->sum_packed = im->sum_unpacked = 0;
    im->stop = false;
    for (; started < im->n_workers && im->zip.entries > BATCH; started++)
        if (pthread_create(&im->workers[started].thread, NULL, work_archive, &im->workers[started]) != 0)
            break; /* fewer workers do the same */
    work_archive(&im->workers[0]);
    for (unsigned i = 1; i < started; i++)
        pthread_join(im->workers[i].thread, NULL);
}

/* ---------------------------------------------------------------- the import */

struct hn_err hn_adv_import_new(struct hn_adv_build *b, unsigned threads, const struct hn_adv_limits *limits,
                                struct hn_adv_importer **ret)
{
    struct hn_adv_importer *im = hn_alloc_zero(sizeof *im);
    if (!im)
        return (struct hn_err){HN_E_NOMEM};
    im->limits = limits ? *limits : hn_adv_limits_default;
    im->n_workers = threads < 1 ? 1 : threads > THREADS_MAX ? THREADS_MAX : threads;
    pthread_mutex_init(&im->lock, NULL);
    hn_arena_init(&im->texts, 4u << 20);
    bool ok = true;
    for (unsigned i = 0; i < im->n_workers; i++) {
        struct worker *w = &im->workers[i];
        w->im = im;
        w->entry = HN_STR("");
        hn_arena_init(&w->arena, (size_t)192 << 20);
        hn_buf_init(&w->plain, im->limits.entry_bytes + 1);
        ok &= (w->lane = hn_adv_lane_new(b)) != NULL;
    }
    *ret = im;
    if (ok)
        return HN_OK;
    struct hn_err e = hn_adv_import_end(im);
    (void)e;
    return (struct hn_err){HN_E_NOMEM};
}

static void add_sum(struct hn_adv_importer *im, struct hn_bytes doc, bool mapped)
{
    uint8_t sum[64] = {0};
    struct hn_digest *d = hn_digest_new(HN_SHA256);
    for (size_t at = 0, n; d && at < doc.n; at += n) {
        n = doc.n - at < SUM_STEP ? doc.n - at : SUM_STEP;
        hn_digest_add(d, hn_bytes_of(doc.p + at, n));
        uintptr_t p = ((uintptr_t)doc.p + at + PAGE - 1) & ~(PAGE - 1), end = ((uintptr_t)doc.p + at + n) & ~(PAGE - 1);
        if (mapped && doc.n > SUM_STEP && p < end)
            madvise((void *)p, end - p, MADV_DONTNEED); /* a mapped file shall not count as memory in use */
    }
    if (d)
        hn_digest_end(d, sum);
    memcpy(im->last_sum, sum, HN_SHA256_LEN);
    if (!im->sums)
        im->sums = hn_digest_new(HN_SHA256);
    if (im->sums)
        hn_digest_add(im->sums, hn_bytes_of(im->last_sum, HN_SHA256_LEN));
    im->n_files++;
}

void hn_adv_import_sum(struct hn_adv_importer *im, uint8_t out[HN_SHA256_LEN])
{
    uint8_t sum[64] = {0};
    if (im->sums)
        hn_digest_end(im->sums, sum);
    im->sums = NULL;
    memcpy(out, im->n_files == 1 ? im->last_sum : sum, HN_SHA256_LEN);
    im->n_files = 0;
}

void hn_adv_import_file(struct hn_adv_importer *im, uint16_t feed, struct hn_str name, struct hn_bytes doc, bool mapped)
{
    add_sum(im, doc, mapped);
    im->feed = feed;
    im->file = name;
    im->mapped = mapped;
    if (hn_adv_form_of(doc) == HN_ADV_FORM_ZIP)
        import_archive(im, doc);
    else
        read_document(&im->workers[0], doc, 0);
}

uint64_t hn_adv_import_records(const struct hn_adv_importer *im)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < im->n_workers; i++)
        n += im->workers[i].records;
    return n;
}

uint64_t hn_adv_import_rejected(const struct hn_adv_importer *im)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < im->n_workers; i++)
        n += im->workers[i].rejected;
    return n;
}

hn_time hn_adv_import_date(const struct hn_adv_importer *im, hn_time given, hn_time file)
{
    hn_time t = 0;
    if (!given)
        given = im->packed ? im->packed : file;
    uint64_t undated = 0;
    for (unsigned i = 0; i < im->n_workers; i++) {
        t = im->workers[i].newest > t ? im->workers[i].newest : t;
        undated += im->workers[i].undated;
    }
    return undated > hn_adv_import_records(im) / 2 && given > t ? given : t;
}

size_t hn_adv_import_complaints(const struct hn_adv_importer *im, const struct hn_adv_complaint **ret)
{
    *ret = im->complaints;
    return im->n_complaints;
}

const char *hn_adv_import_form(const struct hn_adv_importer *im)
{
    uint64_t most = 0;
    enum hn_adv_form form = HN_ADV_FORM_UNKNOWN;
    for (unsigned f = 0; f < HN_ADV_FORM_COUNT; f++) {
        uint64_t n = 0;
        for (unsigned i = 0; i < im->n_workers; i++)
            n += im->workers[i].forms[f];
        if (n > most) {
            most = n;
            form = f;
        }
    }
    return most ? hn_adv_form_word(form) : "";
}

void hn_adv_import_reset(struct hn_adv_importer *im)
{
    for (unsigned i = 0; i < im->n_workers; i++) {
        struct worker *w = &im->workers[i];
        w->records = w->rejected = w->undated = 0;
        w->newest = 0;
        memset(w->forms, 0, sizeof w->forms);
    }
    im->n_complaints = 0;
    im->packed = 0;
    hn_arena_clear(&im->texts);
}

struct hn_adv_lane *hn_adv_import_lane(struct hn_adv_importer *im)
{
    return im->workers[0].lane;
}

struct hn_err hn_adv_import_end(struct hn_adv_importer *im)
{
    struct hn_err e = HN_OK;
    for (unsigned i = 0; i < im->n_workers; i++) {
        struct worker *w = &im->workers[i];
        struct hn_err ended = w->lane ? hn_adv_lane_end(w->lane) : HN_OK;
        if (hn_ok(e))
            e = ended;
        if (w->z_ready)
            inflateEnd(&w->z);
        hn_arena_done(&w->arena);
        hn_buf_done(&w->plain);
    }
    if (im->sums) {
        uint8_t unasked[HN_SHA256_LEN];
        hn_adv_import_sum(im, unasked);
    }
    hn_arena_done(&im->texts);
    pthread_mutex_destroy(&im->lock);
    hn_free(im);
    return e;
}
