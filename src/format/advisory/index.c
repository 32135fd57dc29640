/* Looking up. Opening reads the header only; whatever is followed is checked when it is followed. */
#include <zlib.h>
#include <zstd.h>

#include "format/advisory/layout.h"

/* ---------------------------------------------------------------- opening
 *
 * header   0  magic, 8 bytes          8  u32 version         12  u32 feeds       16  u64 bytes of the file
 *         24  u64 key[2]             40  u64 records         48  i64 built       56  u64 end of the groups
 *         64  tables: 3 × {u64 at, u64 entries, u64 dir, u64 bits}                160  u64 feeds at, u64 bytes
 *        176  u64 sums at           252  u32 CRC-32 of the first 252 bytes */

static bool inside(const struct hn_adv_index *x, uint64_t at, uint64_t n, uint64_t size)
{
    return at >= HN_ADV_HEADER && at <= x->sums_at && n <= (x->sums_at - at) / size;
}

static bool open_table(struct hn_adv_index *x, const uint8_t *p, struct hn_adv_table *t)
{
    uint64_t bits = hn_adv_le64(p + 24);
    *t = (struct hn_adv_table){hn_adv_le64(p), hn_adv_le64(p + 8), hn_adv_le64(p + 16), (unsigned)(bits & 63)};
    return bits >= 1 && bits <= HN_ADV_DIR_BITS_MAX && t->at % 8 == 0 && t->dir % 4 == 0 && t->n <= UINT32_MAX &&
           inside(x, t->at, t->n, HN_ADV_ENTRY) && inside(x, t->dir, (UINT64_C(1) << bits) + 1, 4);
}

static bool open_sections(struct hn_adv_index *x, const uint8_t *p)
{
    x->n_feeds = hn_adv_le32(p + 12);
    x->key[0] = hn_adv_le64(p + 24);
    x->key[1] = hn_adv_le64(p + 32);
    x->n_records = hn_adv_le64(p + 40);
    x->built = (hn_time)hn_adv_le64(p + 48);
    x->records_at = HN_ADV_HEADER;
    x->records_end = hn_adv_le64(p + 56);
    x->feeds_at = hn_adv_le64(p + 160);
    x->feeds_len = hn_adv_le64(p + 168);
    x->sums_at = hn_adv_le64(p + 176);
    uint64_t blocks = (x->sums_at + HN_ADV_SUM_BLOCK - 1) / HN_ADV_SUM_BLOCK;
    return x->sums_at >= HN_ADV_HEADER && x->sums_at <= x->map.n && x->map.n - x->sums_at == 4 * blocks &&
           x->records_end >= HN_ADV_HEADER && x->records_end <= x->sums_at && x->n_feeds <= HN_ADV_FEEDS_MAX &&
           inside(x, x->feeds_at, x->feeds_len, 1) && open_table(x, p + 64, &x->names) &&
           open_table(x, p + 96, &x->ids) && open_table(x, p + 128, &x->cpes);
}

struct hn_err hn_adv_index_open(struct hn_bytes map, struct hn_adv_index *ret, struct hn_diag *reterr)
{
    const uint8_t *p = map.p;
    *ret = (struct hn_adv_index){.map = map};
    if (map.n < HN_ADV_HEADER || memcmp(p, HN_ADV_MAGIC, 8) != 0)
        return hn_fail(reterr, HN_E_CORRUPT, "not an index of advisories");
    if (hn_adv_le32(p + 8) != HN_ADV_VERSION)
        return hn_fail(reterr, HN_E_UNSUPPORTED, "index of advisories of version %u, this program reads %u",
                       (unsigned)hn_adv_le32(p + 8), HN_ADV_VERSION);
    if (crc32(0, p, HN_ADV_HEADER - 4) != hn_adv_le32(p + HN_ADV_HEADER - 4))
        return hn_fail(reterr, HN_E_CORRUPT, "index of advisories: its header is damaged");
    if (hn_adv_le64(p + 16) != map.n || !open_sections(ret, p))
        return hn_fail(reterr, HN_E_CORRUPT, "index of advisories: cut short or inconsistent");
    return HN_OK;
}

bool hn_adv_feed_at(const struct hn_adv_index *x, uint32_t i, struct hn_adv_feed *ret)
{
    struct hn_cur c;
    hn_cur_init(&c, hn_bytes_of(x->map.p + x->feeds_at, (size_t)x->feeds_len), UINT64_MAX);
    for (uint32_t k = 0; k < x->n_feeds && hn_adv_read_feed(&c, ret); k++)
        if (k == i)
            return true;
    return false;
}

bool hn_adv_ecosystem_at(const struct hn_adv_index *x, uint32_t i, struct hn_str *ret_name, uint64_t *ret_entries)
{
    struct hn_adv_feed feed;
    struct hn_cur c;
    hn_cur_init(&c, hn_bytes_of(x->map.p + x->feeds_at, (size_t)x->feeds_len), UINT64_MAX);
    for (uint32_t k = 0; k < x->n_feeds; k++)
        if (!hn_adv_read_feed(&c, &feed))
            return false;
    return hn_adv_read_ecosystem(&c, i, ret_name, ret_entries);
}

/* ---------------------------------------------------------------- records */

bool hn_adv_record_at(const struct hn_adv_index *x, hn_adv_ref ref, struct hn_bytes *ret)
{
    if (ref % 8 || ref < x->records_at || ref >= x->records_end || x->records_end - ref < HN_ADV_RECORD_HEAD)
        return false;
    const uint8_t *p = x->map.p + ref;
    uint32_t n = hn_adv_le32(p);
    if (n < HN_ADV_RECORD_HEAD || n % 8 || n > x->records_end - ref || n > HN_ADV_RECORD_MOST)
        return false;
    *ret = hn_bytes_of(p, n);
    return true;
}

static bool get(const struct hn_adv_index *x, hn_adv_ref ref, unsigned parts, struct hn_arena *a, struct hn_adv *ret)
{
    struct hn_bytes record;
    return hn_adv_record_at(x, ref, &record) && hn_adv_read_record(record, parts, a, ret) && ret->feed < x->n_feeds;
}

bool hn_adv_get(const struct hn_adv_index *x, hn_adv_ref ref, struct hn_arena *a, struct hn_adv *ret)
{
    return get(x, ref, HN_ADV_PART_ALL, a, ret);
}

bool hn_adv_get_head(const struct hn_adv_index *x, hn_adv_ref ref, struct hn_arena *a, struct hn_adv *ret)
{
    return get(x, ref, HN_ADV_PART_HEAD, a, ret);
}

bool hn_adv_affected_at(const struct hn_adv_index *x, const struct hn_adv_hit *hit, struct hn_arena *a,
                        struct hn_adv_affected *ret)
{
    struct hn_bytes record;
    return hn_adv_record_at(x, hit->ref, &record) && hn_adv_read_affected(record, hit->part, a, ret);
}

bool hn_adv_group_at(const struct hn_adv_index *x, uint64_t at, uint64_t *ret_n)
{
    if (at % 8 || at < x->records_at || at >= x->records_end || x->records_end - at < HN_ADV_GROUP_HEAD)
        return false;
    const uint8_t *g = x->map.p + at;
    uint32_t n = hn_adv_le32(g + 4), packed = hn_adv_le32(g + 8);
    *ret_n = n;
    return hn_adv_le32(g) == HN_ADV_GROUP && n % 8 == 0 && n <= x->records_end - at && packed <= n &&
           hn_adv_group_records(packed) <= n;
}

bool hn_adv_group_text(const struct hn_adv_index *x, uint64_t at, struct hn_arena *a, struct hn_bytes *ret)
{
    const uint8_t *g = x->map.p + at;
    uint64_t n;
    if (!hn_adv_group_at(x, at, &n))
        return false;
    uint32_t packed = hn_adv_le32(g + 8), raw = hn_adv_le32(g + 12);
    uint8_t *out = raw <= HN_ADV_TEXT_MOST ? hn_arena_alloc(a, raw) : NULL;
    if (!out)
        return false;
    size_t got = ZSTD_decompress(out, raw, g + HN_ADV_GROUP_HEAD, packed);
    *ret = hn_bytes_of(out, raw);
    return !ZSTD_isError(got) && got == raw;
}

bool hn_adv_text_of(const struct hn_adv_index *x, hn_adv_ref ref, struct hn_arena *a, struct hn_adv_text *ret)
{
    struct hn_bytes record, all;
    memset(ret, 0, sizeof *ret);
    if (!hn_adv_record_at(x, ref, &record))
        return false;
    uint32_t back = hn_adv_le32(record.p + 4), at = hn_adv_le32(record.p + 8), n = hn_adv_le32(record.p + 12);
    if (!n)
        return true;
    if (back < HN_ADV_GROUP_HEAD || back > ref - x->records_at || !hn_adv_group_text(x, ref - back, a, &all))
        return false;
    return at <= all.n && n <= all.n - at && hn_adv_read_text(hn_bytes_of(all.p + at, n), a, ret);
}

bool hn_adv_each(const struct hn_adv_index *x, uint64_t *at, hn_adv_ref *ret)
{
    uint64_t p = *at ? *at : x->records_at;
    while (p % 8 == 0 && p < x->records_end && x->records_end - p >= HN_ADV_GROUP_HEAD) {
        const uint8_t *b = x->map.p + p;
        struct hn_bytes record;
        if (hn_adv_le32(b) == HN_ADV_GROUP) {
            p += hn_adv_group_records(hn_adv_le32(b + 8));
            continue;
        }
        if (!hn_adv_record_at(x, p, &record))
            break;
        *ret = p;
        p += record.n;
        *at = p;
        if (!record.p[29])
            return true;
    }
    *at = x->records_end;
    return false;
}

/* ---------------------------------------------------------------- tables */

static uint64_t entry_hash(const struct hn_adv_index *x, const struct hn_adv_table *t, uint64_t i)
{
    return hn_adv_le64(x->map.p + t->at + i * HN_ADV_ENTRY);
}

/* First entry of this hash: the directory leads to a handful, which are searched by halves. */
static uint64_t first_entry(const struct hn_adv_index *x, const struct hn_adv_table *t, uint64_t hash)
{
    const uint8_t *dir = x->map.p + t->dir + 4 * (hash >> (62 - t->bits));
    uint64_t lo = hn_adv_le32(dir), hi = hn_adv_le32(dir + 4);
    if (lo > hi || hi > t->n)
        return t->n;
    while (lo < hi) {
        uint64_t mid = lo + (hi - lo) / 2;
        if (entry_hash(x, t, mid) < hash)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static void look_up(const struct hn_adv_index *x, const struct hn_adv_table *t, bool fold, struct hn_adv_hits *h)
{
    h->x = x;
    h->table = t;
    h->hash = hn_adv_hash(x->key, h->a, h->b, fold);
    h->at = first_entry(x, t, h->hash);
}

static void look_up_nothing(const struct hn_adv_index *x, struct hn_adv_hits *h)
{
    h->x = x;
    h->table = &x->names;
    h->hash = 0;
    h->at = x->names.n;
}

void hn_adv_by_name(const struct hn_adv_index *x, struct hn_str ecosystem, struct hn_str name, struct hn_adv_hits *ret)
{
    ret->a = hn_adv_ecosystem_base(ecosystem);
    ret->b = hn_adv_name_key(ecosystem, name, ret->key, sizeof ret->key);
    if (ret->a.n && ret->b.n)
        look_up(x, &x->names, false, ret);
    else
        look_up_nothing(x, ret);
}

void hn_adv_by_id(const struct hn_adv_index *x, struct hn_str id, struct hn_adv_hits *ret)
{
    ret->a = id;
    ret->b = HN_STR("");
    if (id.n)
        look_up(x, &x->ids, true, ret);
    else
        look_up_nothing(x, ret);
}

void hn_adv_by_cpe(const struct hn_adv_index *x, struct hn_str vendor, struct hn_str product, struct hn_adv_hits *ret)
{
    ret->a = vendor;
    ret->b = product;
    if (vendor.n && product.n)
        look_up(x, &x->cpes, true, ret);
    else
        look_up_nothing(x, ret);
}

static bool same_folded(struct hn_str a, struct hn_str b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++) {
        char c = a.p[i], d = b.p[i];
        if (c != d && ((c | 0x20) != (d | 0x20) || (c | 0x20) < 'a' || (c | 0x20) > 'z'))
            return false;
    }
    return true;
}

/* The hash was right; is the key? */
static bool confirm(const struct hn_adv_hits *h, struct hn_bytes record, uint32_t at)
{
    char room[HN_ADV_NAME_MAX];
    struct hn_str a, b;
    if (h->table == &h->x->ids)
        return hn_adv_text_at(record, at & HN_ADV_AT_MASK, &a) && same_folded(a, h->a);
    if (h->table == &h->x->cpes)
        return hn_adv_text_at(record, at, &a) && hn_adv_cpe_parts(a, &a, &b, room, sizeof room) &&
               same_folded(a, h->a) && same_folded(b, h->b);
    return hn_adv_name_at(record, at, &a, &b) && hn_str_eq(hn_adv_ecosystem_base(a), h->a) &&
           hn_str_eq(hn_adv_name_key(a, b, room, sizeof room), h->b);
}

bool hn_adv_next(struct hn_adv_hits *h, struct hn_adv_hit *ret)
{
    while (h->at < h->table->n) {
        const uint8_t *p = h->x->map.p + h->table->at + h->at * HN_ADV_ENTRY;
        if (hn_adv_le64(p) != h->hash)
            return false;
        h->at++;
        hn_adv_ref ref = (uint64_t)hn_adv_le32(p + 8) * 8;
        uint32_t at = hn_adv_le32(p + 12);
        struct hn_bytes record;
        if (!hn_adv_record_at(h->x, ref, &record) || record.p[29] || !confirm(h, record, at))
            continue;
        bool id = h->table == &h->x->ids;
        *ret = (struct hn_adv_hit){ref, id ? 0 : at, id ? (enum hn_adv_role)(at >> HN_ADV_ROLE_SHIFT) : HN_ROLE_ID};
        return true;
    }
    return false;
}
