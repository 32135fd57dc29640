/* Reading an index as a whole: nothing is taken on trust. */
#include <zlib.h>

#include "format/advisory/layout.h"

static bool sums_right(const struct hn_adv_index *x, uint64_t *ret_at)
{
    static const uint8_t zeros[HN_ADV_HEADER];
    const uint8_t *sums = x->map.p + x->sums_at;
    for (uint64_t at = 0; at < x->sums_at; at += HN_ADV_SUM_BLOCK, sums += 4) {
        size_t n = x->sums_at - at < HN_ADV_SUM_BLOCK ? (size_t)(x->sums_at - at) : HN_ADV_SUM_BLOCK;
        size_t head = at == 0 ? HN_ADV_HEADER : 0; /* has a sum of its own, counts as zero here */
        uint32_t sum = (uint32_t)crc32(crc32(0, zeros, (unsigned)head), x->map.p + at + head, (unsigned)(n - head));
        *ret_at = at;
        if (sum != hn_adv_le32(sums))
            return false;
    }
    return true;
}

/* Every record of the groups decodes; how many are live. */
static bool records_right(const struct hn_adv_index *x, struct hn_arena *a, uint64_t *ret_at, uint64_t *ret_live)
{
    uint64_t n;
    *ret_live = 0;
    for (uint64_t at = x->records_at; at < x->records_end; at += n) {
        struct hn_bytes record, texts = {0};
        *ret_at = at;
        hn_arena_clear(a);
        if (!hn_adv_group_at(x, at, &n) || (hn_adv_le32(x->map.p + at + 12) && !hn_adv_group_text(x, at, a, &texts)))
            return false;
        uint64_t p = at + hn_adv_group_records(hn_adv_le32(x->map.p + at + 8));
        for (; p < at + n; p += record.n) {
            struct hn_arena one;
            struct hn_adv adv;
            *ret_at = p;
            hn_arena_init(&one, HN_ADV_RECORD_ROOM);
            bool ok = hn_adv_record_at(x, p, &record) && record.n <= at + n - p &&
                      hn_adv_read_record(record, HN_ADV_PART_ALL, &one, &adv) && adv.feed < x->n_feeds &&
                      hn_adv_le32(record.p + 4) == p - at;
            hn_arena_done(&one);
            if (!ok)
                return false;
            *ret_live += !record.p[29];
        }
    }
    return true;
}

/* Entries are in order, inside their place of the directory, and lead to a record. */
static bool table_right(const struct hn_adv_index *x, const struct hn_adv_table *t, uint64_t *ret_at)
{
    const uint8_t *dir = x->map.p + t->dir, *p = x->map.p + t->at;
    uint64_t places = UINT64_C(1) << t->bits, last = 0;
    for (uint64_t place = 0, i = 0; place < places; place++) {
        uint64_t end = hn_adv_le32(dir + 4 * place + 4);
        *ret_at = t->dir + 4 * place;
        if (hn_adv_le32(dir + 4 * place) != i || end < i || end > t->n)
            return false;
        for (; i < end; i++, p += HN_ADV_ENTRY) {
            uint64_t hash = hn_adv_le64(p);
            struct hn_bytes record;
            *ret_at = (uint64_t)(p - x->map.p);
            if (hash < last || hash >> (62 - t->bits) != place ||
                !hn_adv_record_at(x, (uint64_t)hn_adv_le32(p + 8) * 8, &record))
                return false;
            last = hash;
        }
    }
    return hn_adv_le32(dir + 4 * places) == t->n;
}

struct hn_err hn_adv_index_verify(const struct hn_adv_index *x, struct hn_diag *reterr)
{
    const struct hn_adv_table *const tables[] = {&x->names, &x->ids, &x->cpes};
    struct hn_adv_feed feed;
    struct hn_arena a;
    uint64_t at = 0, live = 0;
    if (!sums_right(x, &at))
        return hn_fail(reterr, HN_E_CORRUPT, "a checksum is wrong: the mebibyte at byte %llu", (unsigned long long)at);
    hn_arena_init(&a, 2 * HN_ADV_TEXT_MOST);
    bool ok = records_right(x, &a, &at, &live);
    hn_arena_done(&a);
    if (!ok)
        return hn_fail(reterr, HN_E_CORRUPT, "a record is damaged: byte %llu", (unsigned long long)at);
    if (live != x->n_records)
        return hn_fail(reterr, HN_E_CORRUPT, "%llu records, the header says %llu", (unsigned long long)live,
                       (unsigned long long)x->n_records);
    for (unsigned i = 0; i < 3; i++)
        if (!table_right(x, tables[i], &at))
            return hn_fail(reterr, HN_E_CORRUPT, "a table is damaged: byte %llu", (unsigned long long)at);
    if (x->n_feeds && !hn_adv_feed_at(x, x->n_feeds - 1, &feed))
        return hn_fail(reterr, HN_E_CORRUPT, "the list of feeds is damaged");
    return HN_OK;
}
