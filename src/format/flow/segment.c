#include "format/flow/segment.h"

#include <zlib.h>
#include <zstd.h>

#include "base/cur.h"
#include "base/hash.h"
#include "base/mem.h"

#define MAGIC       "HNFLOW1\n"
#define MAGIC_LEN   8u
#define BLOCK       0x4b4c4246u /* "FBLK" */
#define HEAD        12u
#define FIXED       (4u + 4u + 8u + 8u)
#define LEVEL       1
#define BLOCK_MAX   ((size_t)256 << 20)
#define PRINTS_HEAD (16u * HN_TLS_PRINTS)

#define PLAIN HN_SEGMENT_JA3 /* columns of every block; those of fingerprints stand behind */

_Static_assert(HN_SEGMENT_COLUMNS == PLAIN + HN_TLS_PRINTS, "fingerprints are the last columns, in their order");

static const uint8_t widths[] = {
#define XX(name, width) width,
    HN_SEGMENT_MAP(XX)
#undef XX
};

/* ---------------------------------------------------------------- writing */

/* What waits to become a block, already by columns: millions of records a second are no good to be touched twice. FIRST
 * waits as milliseconds since 1970. */
/* The different values of a kind of fingerprint, in the order in which they came. */
struct values {
    uint8_t *list;   /* HN_SEGMENT_FLOWS of them; NULL until there is one */
    uint32_t *slots; /* twice as many; by hash: number from 1 on, 0: free */
    uint32_t n;
};

struct half {
    uint8_t *columns[HN_SEGMENT_COLUMNS];
    struct values prints[HN_TLS_PRINTS];
    uint32_t n;
    int64_t first, last; /* begins, ms */
    int64_t end;         /* the latest end, ms */
};

struct hn_segment_writer {
    struct hn_buf *out;
    struct half v4, v6;
    uint8_t *plain, *planes, *packed;
    size_t packed_size;
};

#define COLUMN_MAX ((size_t)HN_SEGMENT_FLOWS * 16)
#define VALUES_MAX ((size_t)HN_SEGMENT_FLOWS * HN_TLS_JA4N)

static bool half_init(struct half *h, unsigned address)
{
    bool ok = true;
    for (unsigned c = 0; c < HN_SEGMENT_COLUMNS; c++) {
        unsigned width = c == HN_SEGMENT_FIRST ? 8 : widths[c] ? widths[c] : address;
        ok = (h->columns[c] = hn_alloc((size_t)HN_SEGMENT_FLOWS * width)) && ok;
    }
    return ok;
}

static void half_done(struct half *h)
{
    for (unsigned p = 0; p < HN_TLS_PRINTS; p++) {
        hn_free(h->prints[p].list);
        hn_free(h->prints[p].slots);
    }
    for (unsigned c = 0; c < HN_SEGMENT_COLUMNS; c++)
        hn_free(h->columns[c]);
}

struct hn_segment_writer *hn_segment_writer_new(struct hn_buf *out)
{
    struct hn_segment_writer *w = hn_alloc_zero(sizeof *w);
    if (!w)
        return NULL;
    w->out = out;
    w->packed_size = ZSTD_compressBound(VALUES_MAX);
    w->plain = hn_alloc(COLUMN_MAX);
    w->planes = hn_alloc(COLUMN_MAX);
    w->packed = hn_alloc(w->packed_size);
    bool ok = half_init(&w->v4, 4) && half_init(&w->v6, 16);
    if (!ok || !w->plain || !w->planes || !w->packed) {
        hn_segment_writer_free(w);
        return NULL;
    }
    return w;
}

void hn_segment_writer_free(struct hn_segment_writer *w)
{
    if (!w)
        return;
    half_done(&w->v4);
    half_done(&w->v6);
    hn_free(w->plain);
    hn_free(w->planes);
    hn_free(w->packed);
    hn_free(w);
}

void hn_segment_begin(struct hn_buf *out)
{
    hn_buf_add(out, MAGIC, MAGIC_LEN);
}

static void put(uint8_t *p, uint64_t v, unsigned octets)
{
    for (unsigned i = 0; i < octets; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

static int64_t ms(hn_time t)
{
    return t / 1000000;
}

#define SLOTS ((size_t)2 * HN_SEGMENT_FLOWS)

/* The number of a value; 0 when there is no memory for it. */
static uint32_t number_of(struct values *l, struct hn_bytes v)
{
    l->list = l->list ? l->list : hn_alloc(HN_SEGMENT_FLOWS * v.n);
    l->slots = l->slots ? l->slots : hn_alloc_zero(SLOTS * sizeof *l->slots);
    if (!l->list || !l->slots)
        return 0;
    size_t at = hn_hash64(v) & (SLOTS - 1);
    while (l->slots[at] && memcmp(l->list + (l->slots[at] - 1) * v.n, v.p, v.n) != 0)
        at = (at + 1) & (SLOTS - 1);
    if (!l->slots[at]) {
        memcpy(l->list + l->n * v.n, v.p, v.n);
        l->slots[at] = ++l->n;
    }
    return l->slots[at];
}

static void store_prints(struct half *h, const struct hn_flow *f, uint32_t i)
{
    for (unsigned p = 0; p < HN_TLS_PRINTS; p++) {
        struct hn_bytes v = {NULL, 0};
        if (f->known & HN_FLOW_TLS)
            v = hn_tls_print_get(&f->tls, (enum hn_tls_print)p);
        ((uint32_t *)(void *)h->columns[PLAIN + p])[i] = v.n ? number_of(&h->prints[p], v) : 0;
    }
}

#define SET(name, type, v) ((type *)(void *)h->columns[HN_SEGMENT_##name])[i] = (type)(v)

static void store(struct half *h, const struct hn_flow *f, int64_t at, unsigned address)
{
    uint32_t i = h->n++;
    int64_t end = ms(f->last);
    h->end = i && h->end > end ? h->end : end;
    memcpy(h->columns[HN_SEGMENT_SRC] + (size_t)i * address, f->src.b, address);
    memcpy(h->columns[HN_SEGMENT_DST] + (size_t)i * address, f->dst.b, address);
    SET(FIRST, int64_t, at);
    SET(DURATION, uint64_t, end > at ? end - at : 0);
    SET(SPORT, uint16_t, f->sport);
    SET(DPORT, uint16_t, f->dport);
    SET(PROTO, uint8_t, f->proto);
    SET(FLAGS, uint8_t, f->flags);
    SET(FLAGS_BACK, uint8_t, f->flags_back);
    SET(STATE, uint8_t, f->state);
    SET(APP, uint8_t, f->app);
    SET(KNOWN, uint8_t, f->known);
    SET(TOS, uint8_t, f->tos);
    SET(VLAN, uint16_t, f->vlan);
    SET(PACKETS, uint64_t, f->packets);
    SET(BYTES, uint64_t, f->bytes);
    SET(PACKETS_BACK, uint64_t, f->packets_back);
    SET(BYTES_BACK, uint64_t, f->bytes_back);
    SET(EXPORTER, uint32_t, f->exporter);
    SET(IN_IF, uint32_t, f->in_if);
    SET(OUT_IF, uint32_t, f->out_if);
    SET(SRC_AS, uint32_t, f->src_as);
    SET(DST_AS, uint32_t, f->dst_as);
    SET(SAMPLING, uint32_t, f->sampling);
    store_prints(h, f, i);
}

/* A column in the width that it is written in: begins count from the block's first, counters that fit take four. */
static const uint8_t *narrowed(struct hn_segment_writer *w, const struct half *h, enum hn_segment_column c,
                               unsigned address, unsigned *ret_width)
{
    uint64_t base = c == HN_SEGMENT_FIRST ? (uint64_t)h->first : 0, most = 0;
    *ret_width = widths[c] ? widths[c] : address;
    if (c != HN_SEGMENT_FIRST && widths[c] != 8)
        return h->columns[c];
    const uint64_t *wide = (const void *)h->columns[c];
    for (uint32_t i = 0; i < h->n; i++)
        most |= wide[i] - base;
    if (most > UINT32_MAX)
        return h->columns[c];
    uint32_t *plain = (void *)w->plain;
    for (uint32_t i = 0; i < h->n; i++)
        plain[i] = (uint32_t)(wide[i] - base);
    *ret_width = 4;
    return w->plain;
}

static bool all_equal(const uint8_t *p, uint32_t n, unsigned width)
{
    return n == 1 || memcmp(p, p + width, (size_t)(n - 1) * width) == 0;
}

static void to_planes(const uint8_t *plain, uint8_t *planes, uint32_t n, unsigned width)
{
    for (unsigned k = 0; k < width; k++)
        for (uint32_t i = 0; i < n; i++)
            planes[(size_t)k * n + i] = plain[(size_t)i * width + k];
}

static size_t pack(struct hn_segment_writer *w, const void *data, size_t n)
{
    size_t got = ZSTD_compress(w->packed, w->packed_size, data, n, LEVEL);
    w->out->bad = w->out->bad || ZSTD_isError(got);
    return w->out->bad ? 0 : got;
}

/* Adds the column's data, and fills in its place in a directory. */
static void write_column(struct hn_segment_writer *w, const struct half *h, enum hn_segment_column c, unsigned address,
                         uint8_t entry[8])
{
    unsigned width;
    const uint8_t *data = narrowed(w, h, c, address, &width);
    bool one = all_equal(data, h->n, width);
    size_t n = width;
    if (!one) {
        to_planes(data, w->planes, h->n, width);
        n = pack(w, w->planes, (size_t)h->n * width);
        data = w->packed;
    }
    entry[0] = !one;
    entry[1] = (uint8_t)width;
    put(entry + 4, n, 4);
    hn_buf_add(w->out, data, n);
}

static bool has_prints(const struct half *h)
{
    for (unsigned p = 0; p < HN_TLS_PRINTS; p++)
        if (h->prints[p].n)
            return true;
    return false;
}

static void write_prints(struct hn_segment_writer *w, struct half *h)
{
    uint8_t directory[PRINTS_HEAD] = {0};
    size_t start = w->out->n;
    hn_buf_add(w->out, directory, sizeof directory);
    for (unsigned p = 0; p < HN_TLS_PRINTS; p++)
        write_column(w, h, (enum hn_segment_column)(PLAIN + p), 4, directory + 8 * (size_t)p);
    for (unsigned p = 0; p < HN_TLS_PRINTS; p++) {
        struct values *l = &h->prints[p];
        uint8_t *entry = directory + 8 * (size_t)(HN_TLS_PRINTS + p);
        size_t n = l->n ? pack(w, l->list, (size_t)l->n * hn_tls_print_size((enum hn_tls_print)p)) : 0;
        put(entry, l->n, 4);
        put(entry + 4, n, 4);
        hn_buf_add(w->out, w->packed, n);
        if (l->n)
            memset(l->slots, 0, SLOTS * sizeof *l->slots);
        l->n = 0;
    }
    if (!w->out->bad)
        memcpy((uint8_t *)w->out->p + start, directory, sizeof directory);
}

static void write_block(struct hn_segment_writer *w, struct half *h, unsigned address)
{
    uint8_t head[HEAD] = {0}, fixed[FIXED] = {0}, directory[8 * PLAIN] = {0};
    if (!h->n)
        return;
    size_t start = w->out->n;
    fixed[0] = address == 4 ? 4 : 6;
    fixed[1] = has_prints(h);
    put(fixed + 4, h->n, 4);
    put(fixed + 8, (uint64_t)h->first, 8);
    put(fixed + 16, (uint64_t)h->end, 8);
    hn_buf_add(w->out, head, sizeof head);
    hn_buf_add(w->out, fixed, sizeof fixed);
    hn_buf_add(w->out, directory, sizeof directory);
    for (unsigned c = 0; c < PLAIN; c++)
        write_column(w, h, (enum hn_segment_column)c, address, directory + 8 * (size_t)c);
    if (fixed[1])
        write_prints(w, h);
    if (w->out->bad)
        return;
    uint8_t *b = (uint8_t *)w->out->p + start;
    size_t body = w->out->n - start - HEAD;
    memcpy(b + HEAD + FIXED, directory, sizeof directory);
    put(b, BLOCK, 4);
    put(b + 4, body, 4);
    put(b + 8, crc32_z(0, b + HEAD, body), 4);
    h->n = 0;
}

void hn_segment_add(struct hn_segment_writer *w, const struct hn_flow *f)
{
    bool six = f->src.family == 6;
    struct half *h = six ? &w->v6 : &w->v4;
    int64_t at = ms(f->first), first = h->n && h->first < at ? h->first : at,
            last = h->n && h->last > at ? h->last : at;
    if (h->n && last - first >= UINT32_MAX) { /* 49 days: begins are kept in 32 bits */
        write_block(w, h, six ? 16 : 4);
        first = last = at;
    }
    h->first = first;
    h->last = last;
    store(h, f, at, six ? 16 : 4);
    if (h->n == HN_SEGMENT_FLOWS)
        write_block(w, h, six ? 16 : 4);
}

void hn_segment_flush(struct hn_segment_writer *w)
{
    write_block(w, &w->v4, 4);
    write_block(w, &w->v6, 16);
}

/* ---------------------------------------------------------------- reading */

bool hn_segment_is(struct hn_bytes file)
{
    return file.n >= MAGIC_LEN && memcmp(file.p, MAGIC, MAGIC_LEN) == 0;
}

/* Where columns stand in a directory, and how long their data are. False: one does not fit. */
static bool read_directory(struct hn_cur *c, struct hn_segment_block *b, unsigned from, unsigned to,
                           uint32_t sizes[HN_SEGMENT_COLUMNS])
{
    for (unsigned k = from; k < to; k++) {
        b->packing[k] = hn_cur_u8(c);
        b->width[k] = hn_cur_u8(c);
        hn_cur_skip(c, 2);
        sizes[k] = hn_cur_le32(c);
        unsigned w = b->width[k];
        bool address = k == HN_SEGMENT_SRC || k == HN_SEGMENT_DST;
        bool fits = address ? w == (b->family == 4 ? 4 : 16) : w == widths[k] || (widths[k] == 8 && w == 4);
        if (!fits || b->packing[k] > 1 || (!b->packing[k] && sizes[k] != w))
            return false;
    }
    return true;
}

static bool read_prints(struct hn_cur *c, struct hn_segment_block *b)
{
    uint32_t sizes[HN_SEGMENT_COLUMNS], packed[HN_TLS_PRINTS];
    if (!read_directory(c, b, PLAIN, HN_SEGMENT_COLUMNS, sizes))
        return false;
    for (unsigned p = 0; p < HN_TLS_PRINTS; p++) {
        b->n_prints[p] = hn_cur_le32(c);
        packed[p] = hn_cur_le32(c);
        if (b->n_prints[p] > b->n)
            return false;
    }
    for (unsigned k = PLAIN; k < HN_SEGMENT_COLUMNS; k++)
        b->data[k] = hn_cur_take(c, sizes[k]);
    for (unsigned p = 0; p < HN_TLS_PRINTS; p++)
        b->prints[p] = hn_cur_take(c, packed[p]);
    return true;
}

static void no_prints(struct hn_segment_block *b)
{
    static const uint8_t zero[4];
    for (unsigned k = PLAIN; k < HN_SEGMENT_COLUMNS; k++) {
        b->packing[k] = 0;
        b->width[k] = 4;
        b->data[k] = hn_bytes_of(zero, sizeof zero);
    }
}

static bool read_block(struct hn_cur *c, struct hn_segment_block *ret)
{
    *ret = (struct hn_segment_block){.family = hn_cur_u8(c)};
    bool prints = hn_cur_u8(c) == 1;
    hn_cur_skip(c, 2);
    ret->n = hn_cur_le32(c);
    ret->first_ms = (int64_t)hn_cur_le64(c);
    ret->last_ms = (int64_t)hn_cur_le64(c);
    uint32_t sizes[HN_SEGMENT_COLUMNS];
    if (!read_directory(c, ret, 0, PLAIN, sizes))
        return false;
    for (unsigned k = 0; k < PLAIN; k++)
        ret->data[k] = hn_cur_take(c, sizes[k]);
    no_prints(ret);
    return (!prints || read_prints(c, ret)) && !hn_cur_bad(c) && ret->n && ret->n <= HN_SEGMENT_FLOWS &&
           (ret->family == 4 || ret->family == 6) && ret->first_ms <= ret->last_ms;
}

bool hn_segment_next(struct hn_bytes file, size_t *at, bool check, struct hn_segment_block *ret)
{
    struct hn_cur c;
    if (!*at)
        *at = MAGIC_LEN;
    if (*at >= file.n)
        return false;
    hn_cur_init(&c, hn_bytes_of(file.p + *at, file.n - *at), HN_SEGMENT_COLUMNS + 1);
    uint32_t magic = hn_cur_le32(&c), n = hn_cur_le32(&c), sum = hn_cur_le32(&c);
    if (hn_cur_bad(&c) || magic != BLOCK || n > hn_cur_left(&c) || n > BLOCK_MAX)
        return false;
    const uint8_t *body = c.base + c.off;
    if (check && (uint32_t)crc32_z(0, body, n) != sum)
        return false;
    struct hn_cur b = hn_cur_sub(&c, n);
    if (!read_block(&b, ret))
        return false;
    *at += HEAD + n;
    return true;
}

unsigned hn_segment_width(const struct hn_segment_block *b, enum hn_segment_column c)
{
    return b->width[c];
}

/* Planes back to values, several at a time where the compiler can. */
static void from_planes(const uint8_t *restrict planes, uint8_t *restrict out, uint32_t n, unsigned width)
{
    if (width == 1) {
        memcpy(out, planes, n);
    } else if (width == 2) {
        for (uint32_t i = 0; i < n; i++) {
            out[2 * (size_t)i] = planes[i];
            out[2 * (size_t)i + 1] = planes[n + (size_t)i];
        }
    } else if (width == 4) {
        for (uint32_t i = 0; i < n; i++) {
            uint32_t v = (uint32_t)planes[i] | (uint32_t)planes[n + (size_t)i] << 8 |
                         (uint32_t)planes[2 * (size_t)n + i] << 16 | (uint32_t)planes[3 * (size_t)n + i] << 24;
            memcpy(out + 4 * (size_t)i, &v, 4);
        }
    } else {
        for (unsigned k = 0; k < width; k++)
            for (uint32_t i = 0; i < n; i++)
                out[(size_t)i * width + k] = planes[(size_t)k * n + i];
    }
}

bool hn_segment_column(const struct hn_segment_block *b, enum hn_segment_column c, void *out, void *room)
{
    unsigned width = b->width[c];
    size_t size = (size_t)b->n * width;
    if (!b->packing[c]) {
        for (uint32_t i = 0; i < b->n; i++)
            memcpy((uint8_t *)out + (size_t)i * width, b->data[c].p, width);
        return true;
    }
    size_t got = ZSTD_decompress(room, size, b->data[c].p, b->data[c].n);
    if (ZSTD_isError(got) || got != size)
        return false;
    from_planes(room, out, b->n, width);
    return true;
}

bool hn_segment_prints(const struct hn_segment_block *b, enum hn_tls_print p, uint8_t *out)
{
    size_t size = (size_t)b->n_prints[p] * hn_tls_print_size(p);
    if (!size)
        return true;
    size_t got = ZSTD_decompress(out, size, b->prints[p].p, b->prints[p].n);
    return !ZSTD_isError(got) && got == size;
}
