#include "format/flow/segment.h"

#include <zlib.h>
#include <zstd.h>

#include "base/cur.h"
#include "base/mem.h"

#define MAGIC     "HNFLOW1\n"
#define MAGIC_LEN 8u
#define BLOCK     0x4b4c4246u /* "FBLK" */
#define HEAD      12u
#define FIXED     (4u + 4u + 8u + 8u)
#define LEVEL     1
#define BLOCK_MAX ((size_t)256 << 20)

static const uint8_t widths[] = {
#define XX(name, width) width,
    HN_SEGMENT_MAP(XX)
#undef XX
};

/* ---------------------------------------------------------------- writing */

struct half {
    struct hn_flow *flows;
    uint32_t n;
    int64_t first, last; /* begins, ms */
};

struct hn_segment_writer {
    struct hn_buf *out;
    struct half v4, v6;
    uint8_t *plain, *planes, *packed;
    size_t packed_size;
};

#define COLUMN_MAX ((size_t)HN_SEGMENT_FLOWS * 16)

struct hn_segment_writer *hn_segment_writer_new(struct hn_buf *out)
{
    struct hn_segment_writer *w = hn_alloc_zero(sizeof *w);
    if (!w)
        return NULL;
    w->out = out;
    w->packed_size = ZSTD_compressBound(COLUMN_MAX);
    w->v4.flows = hn_alloc(HN_SEGMENT_FLOWS * sizeof *w->v4.flows);
    w->v6.flows = hn_alloc(HN_SEGMENT_FLOWS * sizeof *w->v6.flows);
    w->plain = hn_alloc(COLUMN_MAX);
    w->planes = hn_alloc(COLUMN_MAX);
    w->packed = hn_alloc(w->packed_size);
    if (!w->v4.flows || !w->v6.flows || !w->plain || !w->planes || !w->packed) {
        hn_segment_writer_free(w);
        return NULL;
    }
    return w;
}

void hn_segment_writer_free(struct hn_segment_writer *w)
{
    if (!w)
        return;
    hn_free(w->v4.flows);
    hn_free(w->v6.flows);
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

static uint64_t value_of(const struct hn_flow *f, enum hn_segment_column c, int64_t base)
{
    uint64_t after = (uint64_t)(ms(f->first) - base);
    uint64_t lasts = f->last > f->first ? (uint64_t)(ms(f->last) - ms(f->first)) : 0;
    switch (c) {
    case HN_SEGMENT_FIRST:
        return after;
    case HN_SEGMENT_DURATION:
        return lasts;
    case HN_SEGMENT_SPORT:
        return f->sport;
    case HN_SEGMENT_DPORT:
        return f->dport;
    case HN_SEGMENT_PROTO:
        return f->proto;
    case HN_SEGMENT_FLAGS:
        return f->flags;
    case HN_SEGMENT_FLAGS_BACK:
        return f->flags_back;
    case HN_SEGMENT_STATE:
        return f->state;
    case HN_SEGMENT_APP:
        return f->app;
    case HN_SEGMENT_KNOWN:
        return f->known;
    case HN_SEGMENT_TOS:
        return f->tos;
    case HN_SEGMENT_VLAN:
        return f->vlan;
    case HN_SEGMENT_PACKETS:
        return f->packets;
    case HN_SEGMENT_BYTES:
        return f->bytes;
    case HN_SEGMENT_PACKETS_BACK:
        return f->packets_back;
    case HN_SEGMENT_BYTES_BACK:
        return f->bytes_back;
    case HN_SEGMENT_EXPORTER:
        return f->exporter;
    case HN_SEGMENT_IN_IF:
        return f->in_if;
    case HN_SEGMENT_OUT_IF:
        return f->out_if;
    case HN_SEGMENT_SRC_AS:
        return f->src_as;
    case HN_SEGMENT_DST_AS:
        return f->dst_as;
    case HN_SEGMENT_SAMPLING:
        return f->sampling;
    default:
        return 0;
    }
}

/* Values of a column side by side; gives the octets of one. Counters that fit are kept in four. */
static unsigned gather(struct hn_segment_writer *w, const struct half *h, enum hn_segment_column c, int64_t base,
                       unsigned address)
{
    if (c == HN_SEGMENT_SRC || c == HN_SEGMENT_DST) {
        for (uint32_t i = 0; i < h->n; i++)
            memcpy(w->plain + (size_t)i * address, c == HN_SEGMENT_SRC ? h->flows[i].src.b : h->flows[i].dst.b,
                   address);
        return address;
    }
    unsigned width = widths[c];
    if (width == 8) {
        uint64_t most = 0;
        for (uint32_t i = 0; i < h->n; i++) {
            uint64_t v = value_of(&h->flows[i], c, base);
            most = v > most ? v : most;
        }
        width = most <= UINT32_MAX ? 4 : 8;
    }
    for (uint32_t i = 0; i < h->n; i++)
        put(w->plain + (size_t)i * width, value_of(&h->flows[i], c, base), width);
    return width;
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

static void times(const struct half *h, int64_t *ret_first, int64_t *ret_last)
{
    *ret_first = INT64_MAX;
    *ret_last = INT64_MIN;
    for (uint32_t i = 0; i < h->n; i++) {
        int64_t a = ms(h->flows[i].first), b = ms(h->flows[i].last);
        *ret_first = a < *ret_first ? a : *ret_first;
        *ret_last = b > *ret_last ? b : *ret_last;
    }
}

static void write_block(struct hn_segment_writer *w, struct half *h, unsigned address)
{
    uint8_t head[HEAD] = {0}, fixed[FIXED] = {0}, directory[8 * HN_SEGMENT_COLUMNS] = {0};
    int64_t first, last;
    if (!h->n)
        return;
    size_t start = w->out->n;
    times(h, &first, &last);
    fixed[0] = address == 4 ? 4 : 6;
    put(fixed + 4, h->n, 4);
    put(fixed + 8, (uint64_t)first, 8);
    put(fixed + 16, (uint64_t)last, 8);
    hn_buf_add(w->out, head, sizeof head);
    hn_buf_add(w->out, fixed, sizeof fixed);
    hn_buf_add(w->out, directory, sizeof directory);
    for (unsigned c = 0; c < HN_SEGMENT_COLUMNS; c++) {
        unsigned width = gather(w, h, (enum hn_segment_column)c, first, address);
        bool one = all_equal(w->plain, h->n, width);
        size_t n = width;
        const uint8_t *data = w->plain;
        if (!one) {
            to_planes(w->plain, w->planes, h->n, width);
            n = ZSTD_compress(w->packed, w->packed_size, w->planes, (size_t)h->n * width, LEVEL);
            data = w->packed;
        }
        if (ZSTD_isError(n)) {
            w->out->bad = true;
            return;
        }
        directory[8 * c] = !one;
        directory[8 * c + 1] = (uint8_t)width;
        put(directory + 8 * (size_t)c + 4, n, 4);
        hn_buf_add(w->out, data, n);
    }
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
    h->flows[h->n++] = *f;
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

static bool read_block(struct hn_cur *c, struct hn_segment_block *ret)
{
    *ret = (struct hn_segment_block){.family = hn_cur_u8(c)};
    hn_cur_skip(c, 3);
    ret->n = hn_cur_le32(c);
    ret->first_ms = (int64_t)hn_cur_le64(c);
    ret->last_ms = (int64_t)hn_cur_le64(c);
    uint32_t sizes[HN_SEGMENT_COLUMNS];
    for (unsigned k = 0; k < HN_SEGMENT_COLUMNS; k++) {
        ret->packing[k] = hn_cur_u8(c);
        ret->width[k] = hn_cur_u8(c);
        hn_cur_skip(c, 2);
        sizes[k] = hn_cur_le32(c);
        unsigned w = ret->width[k];
        bool address = k == HN_SEGMENT_SRC || k == HN_SEGMENT_DST;
        bool fits = address ? w == (ret->family == 4 ? 4 : 16) : w == widths[k] || (widths[k] == 8 && w == 4);
        if (!fits || ret->packing[k] > 1 || (!ret->packing[k] && sizes[k] != w))
            return false;
    }
    for (unsigned k = 0; k < HN_SEGMENT_COLUMNS; k++)
        ret->data[k] = hn_cur_take(c, sizes[k]);
    return !hn_cur_bad(c) && ret->n && ret->n <= HN_SEGMENT_FLOWS && (ret->family == 4 || ret->family == 6) &&
           ret->first_ms <= ret->last_ms;
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
