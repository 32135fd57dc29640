/* Lanes: records in, groups out. */
#include "format/advisory/build.h"

#include <errno.h>
#include <unistd.h>
#include <zstd.h>

#include "base/hash.h"
#include "base/mem.h"
#include "format/advisory/build_in.h"

#define KEYS_DEFAULT ((size_t)2 << 20)
#define GROUP_TEXT   (192u << 10) /* a group is written when its text or its records reach these */
#define GROUP_RECS   (512u << 10)
#define PACK_LEVEL   1

struct hn_adv_lane {
    struct hn_adv_build *b;
    struct hn_adv_writer *writer;
    ZSTD_CCtx *zstd;
    uint16_t feed;
    uint32_t n_records;
    struct hn_buf text, records, group;
    struct hn_adv_tuple *keys; /* sorted out when full; the last n_pending belong to the group not yet written */
    size_t n_keys, n_pending, cap_keys;
    uint64_t counts[4], total;
    struct hn_adv_ecosystem *ecosystems;
    size_t n_ecosystems;
    bool failed;
};

/* ---------------------------------------------------------------- files */

struct hn_err hn_adv_write_at(int fd, const void *p, size_t n, uint64_t at)
{
    const char *from = p;
    while (n) {
        ssize_t k = pwrite(fd, from, n, (off_t)at);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return (struct hn_err){k < 0 ? hn_err_from_errno(errno) : HN_E_FULL};
        from += k;
        n -= (size_t)k;
        at += (uint64_t)k;
    }
    return HN_OK;
}

struct hn_err hn_adv_read_at(int fd, void *p, size_t n, uint64_t at)
{
    char *to = p;
    while (n) {
        ssize_t k = pread(fd, to, n, (off_t)at);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return (struct hn_err){k < 0 ? hn_err_from_errno(errno) : HN_E_IO};
        to += k;
        n -= (size_t)k;
        at += (uint64_t)k;
    }
    return HN_OK;
}

/* ---------------------------------------------------------------- builder */

struct hn_err hn_adv_build_new(int out, int spill, size_t keys, struct hn_adv_build **ret)
{
    struct hn_adv_build *b = hn_alloc_zero(sizeof *b);
    if (!b)
        return (struct hn_err){HN_E_NOMEM};
    b->feeds = hn_alloc_zero(HN_ADV_FEEDS_MAX * sizeof *b->feeds);
    b->ecosystems = hn_alloc_zero(HN_ADV_ECOSYSTEMS_MAX * sizeof *b->ecosystems);
    b->out = out;
    b->spill = spill;
    b->keys = keys ? keys : KEYS_DEFAULT;
    b->end = HN_ADV_HEADER;
    hn_arena_init(&b->texts, 16u << 20);
    pthread_mutex_init(&b->lock, NULL);
    struct hn_err e = b->feeds && b->ecosystems ? hn_random(b->key, sizeof b->key) : (struct hn_err){HN_E_NOMEM};
    if (!hn_ok(e)) {
        hn_adv_build_free(b);
        return e;
    }
    *ret = b;
    return HN_OK;
}

void hn_adv_build_free(struct hn_adv_build *b)
{
    if (!b)
        return;
    for (size_t i = 0; i < b->n_runs; i++)
        hn_free(b->runs[i].held);
    hn_free(b->runs);
    hn_free(b->feeds);
    hn_free(b->ecosystems);
    hn_arena_done(&b->texts);
    pthread_mutex_destroy(&b->lock);
    hn_free(b);
}

static void copy_feed(struct hn_adv_build *b, struct hn_adv_feed *to, const struct hn_adv_feed *from)
{
    uint64_t records = to->records;
    *to = *from;
    to->records = records;
    to->name = hn_arena_str(&b->texts, from->name);
    to->kind = hn_arena_str(&b->texts, from->kind);
    to->source = hn_arena_str(&b->texts, from->source);
    to->licence = hn_arena_str(&b->texts, from->licence);
}

struct hn_err hn_adv_build_feed(struct hn_adv_build *b, const struct hn_adv_feed *feed, uint16_t *ret)
{
    if (b->n_feeds == HN_ADV_FEEDS_MAX)
        return (struct hn_err){HN_E_LIMIT};
    copy_feed(b, &b->feeds[b->n_feeds], feed);
    *ret = (uint16_t)b->n_feeds++;
    return b->texts.failed ? (struct hn_err){HN_E_NOMEM} : HN_OK;
}

void hn_adv_build_feed_set(struct hn_adv_build *b, uint16_t feed, const struct hn_adv_feed *now)
{
    copy_feed(b, &b->feeds[feed], now);
}

const struct hn_adv_feed *hn_adv_build_feed_get(const struct hn_adv_build *b, uint16_t feed)
{
    return &b->feeds[feed];
}

void hn_adv_count_ecosystem(struct hn_adv_ecosystem *list, size_t *n, struct hn_str name, uint64_t entries)
{
    if (!name.n || name.n >= sizeof list->name)
        return;
    for (size_t i = 0; i < *n; i++)
        if (hn_str_eqc(name, list[i].name)) {
            list[i].entries += entries;
            return;
        }
    if (*n == HN_ADV_ECOSYSTEMS_MAX)
        return;
    memcpy(list[*n].name, name.p, name.n);
    list[(*n)++].entries = entries;
}

/* ---------------------------------------------------------------- lanes */

static void lane_free(struct hn_adv_lane *l)
{
    hn_adv_writer_free(l->writer);
    ZSTD_freeCCtx(l->zstd);
    hn_buf_done(&l->text);
    hn_buf_done(&l->records);
    hn_buf_done(&l->group);
    hn_free(l->keys);
    hn_free(l->ecosystems);
    hn_free(l);
}

struct hn_adv_lane *hn_adv_lane_new(struct hn_adv_build *b)
{
    struct hn_adv_lane *l = hn_alloc_zero(sizeof *l);
    if (!l)
        return NULL;
    l->b = b;
    hn_buf_init(&l->text, HN_ADV_TEXT_MOST);
    hn_buf_init(&l->records, HN_ADV_RECORD_MOST + GROUP_RECS);
    hn_buf_init(&l->group, 2 * HN_ADV_TEXT_MOST);
    l->writer = hn_adv_writer_new();
    l->zstd = ZSTD_createCCtx();
    l->ecosystems = hn_alloc_zero(HN_ADV_ECOSYSTEMS_MAX * sizeof *l->ecosystems);
    if (!l->writer || !l->zstd || !l->ecosystems) {
        lane_free(l);
        return NULL;
    }
    return l;
}

static void lane_fail(struct hn_adv_lane *l, struct hn_err e)
{
    l->failed = true;
    pthread_mutex_lock(&l->b->lock);
    if (hn_ok(l->b->err))
        l->b->err = e;
    pthread_mutex_unlock(&l->b->lock);
}

/* Head and packed text, into l->group: the records follow it, with their way back to the head. Gives where they begin,
 * or 0: out of memory. */
static size_t put_group(struct hn_adv_lane *l)
{
    uint8_t head[HN_ADV_GROUP_HEAD] = {0};
    size_t room = ZSTD_compressBound(l->text.n), packed = 0;
    hn_buf_clear(&l->group);
    hn_buf_add(&l->group, head, sizeof head);
    if (l->text.n) {
        if (!hn_buf_room(&l->group, room))
            return 0;
        packed = ZSTD_compressCCtx(l->zstd, l->group.p + l->group.n, room, l->text.p, l->text.n, PACK_LEVEL);
        if (ZSTD_isError(packed))
            return 0;
        l->group.n += packed;
    }
    size_t before = hn_adv_group_records((uint32_t)packed);
    hn_buf_add(&l->group, (const uint8_t[8]){0}, before - l->group.n);
    if (l->group.bad)
        return 0;
    uint8_t *g = (uint8_t *)l->group.p, *r = (uint8_t *)l->records.p;
    hn_adv_put32(g, HN_ADV_GROUP);
    hn_adv_put32(g + 4, (uint32_t)(before + l->records.n));
    hn_adv_put32(g + 8, (uint32_t)packed);
    hn_adv_put32(g + 12, (uint32_t)l->text.n);
    hn_adv_put32(g + 16, l->n_records);
    hn_adv_put16(g + 20, l->feed);
    for (size_t at = 0; at < l->records.n; at += hn_adv_le32(r + at))
        hn_adv_put32(r + at + 4, (uint32_t)(before + at));
    return before;
}

/* Room in `out` for the group: the end of the file moves on. 0: too large a file. */
static uint64_t reserve(struct hn_adv_lane *l, size_t n)
{
    struct hn_adv_build *b = l->b;
    pthread_mutex_lock(&b->lock);
    uint64_t at = b->end;
    bool fits = (b->end + n) / 8 <= UINT32_MAX;
    if (fits) {
        b->end += n;
        b->feeds[l->feed].records += l->n_records;
    }
    pthread_mutex_unlock(&b->lock);
    return fits ? at : 0;
}

static struct hn_err write_group(struct hn_adv_lane *l)
{
    size_t before = put_group(l);
    if (!before)
        return (struct hn_err){HN_E_NOMEM};
    uint64_t at = reserve(l, before + l->records.n);
    if (!at)
        return (struct hn_err){HN_E_LIMIT};
    HN_TRY(hn_adv_write_at(l->b->out, l->group.p, before, at));
    HN_TRY(hn_adv_write_at(l->b->out, l->records.p, l->records.n, at + before));
    for (size_t i = l->n_keys - l->n_pending; i < l->n_keys; i++)
        l->keys[i].ref += (uint32_t)((at + before) / 8);
    return HN_OK;
}

static void flush_group(struct hn_adv_lane *l)
{
    if (!l->n_records)
        return;
    struct hn_err e = write_group(l);
    if (!hn_ok(e))
        lane_fail(l, e);
    l->n_pending = 0;
    l->n_records = 0;
    hn_buf_clear(&l->text);
    hn_buf_clear(&l->records);
}

/* ---------------------------------------------------------------- keys */

/* Room for n more keys: the ones whose place is known are sorted and spilled first. */
static bool keys_room(struct hn_adv_lane *l, size_t n)
{
    if (l->n_keys + n <= l->cap_keys)
        return true;
    size_t ready = l->n_keys - l->n_pending;
    if (ready >= l->b->keys / 2) {
        hn_adv_tuples_sort(l->keys, ready);
        struct hn_err e = hn_adv_run_spill(l->b, l->keys, ready);
        if (!hn_ok(e)) {
            lane_fail(l, e);
            return false;
        }
        memmove(l->keys, l->keys + ready, l->n_pending * sizeof *l->keys);
        l->n_keys = l->n_pending;
    }
    if (l->n_keys + n <= l->cap_keys)
        return true;
    size_t cap = l->cap_keys ? l->cap_keys + l->cap_keys / 2 : 4096;
    while (cap < l->n_keys + n)
        cap += cap / 2;
    if (cap > l->b->keys && l->n_keys + n <= l->b->keys)
        cap = l->b->keys;
    struct hn_adv_tuple *keys = hn_realloc(l->keys, cap * sizeof *keys);
    if (!keys) {
        lane_fail(l, (struct hn_err){HN_E_NOMEM});
        return false;
    }
    l->keys = keys;
    l->cap_keys = cap;
    return true;
}

/* False: nothing that can be looked up (a name too long, an odd CPE). */
static bool key_hash(const struct hn_adv_lane *l, const struct hn_adv_key_at *k, enum hn_adv_family family,
                     uint64_t *ret)
{
    char room[HN_ADV_NAME_MAX];
    struct hn_str a = k->a, b = k->b;
    if (k->table == HN_TABLE_NAMES) {
        a = hn_adv_ecosystem_base(k->a);
        b = hn_adv_name_key(k->a, k->b, room, sizeof room);
        if (!a.n || !b.n)
            return false;
    }
    if (k->table == HN_TABLE_CPES && !hn_adv_cpe_parts(k->a, &a, &b, room, sizeof room))
        return false;
    *ret = hn_adv_hash(l->b->key, a, b, k->table == HN_TABLE_IDS || k->table == HN_TABLE_CPES);
    if (k->table == HN_TABLE_SAME)
        *ret ^= (uint64_t)family << 40;
    *ret |= (uint64_t)k->table << 62;
    return true;
}

static void add_keys(struct hn_adv_lane *l, const struct hn_adv *adv, const struct hn_adv_key_at *keys, size_t n)
{
    uint32_t ref = (uint32_t)(l->records.n / 8);
    uint64_t hash, last = UINT64_MAX;
    for (size_t i = 0; i < n; i++) {
        if (!key_hash(l, &keys[i], adv->family, &hash) || (hash == last && keys[i].table == HN_TABLE_CPES))
            continue;
        last = hash;
        l->keys[l->n_keys++] = (struct hn_adv_tuple){hash, adv->modified, ref, keys[i].at};
        l->n_pending++;
        l->counts[keys[i].table]++;
    }
    for (size_t i = 0; i < adv->n_affected; i++)
        if (adv->affected[i].name.n)
            hn_adv_count_ecosystem(l->ecosystems, &l->n_ecosystems, hn_adv_ecosystem_base(adv->affected[i].ecosystem),
                                   1);
}

/* ---------------------------------------------------------------- adding */

/* The text of a record is as long as what is left of it may be; a longer one is cut by the reader. */
static uint32_t add_text(struct hn_adv_lane *l, const struct hn_adv_text *text)
{
    size_t before = l->text.n;
    if (text && (text->n_references || text->details.n))
        hn_adv_write_text(&l->text, text);
    if (!l->text.bad)
        return (uint32_t)(l->text.n - before);
    l->text.bad = false;
    l->text.n = before;
    return 0;
}

bool hn_adv_lane_add(struct hn_adv_lane *l, uint16_t feed, const struct hn_adv *adv, const struct hn_adv_text *text)
{
    struct hn_bytes record;
    const struct hn_adv_key_at *keys;
    size_t n;
    if (l->failed || !hn_adv_write(l->writer, adv, &record, &keys, &n))
        return false;
    if (l->n_records && (l->feed != feed || l->text.n >= GROUP_TEXT || l->records.n >= GROUP_RECS))
        flush_group(l);
    if (!keys_room(l, n))
        return false;
    l->feed = feed;
    uint32_t text_at = (uint32_t)l->text.n, text_n = add_text(l, text);
    add_keys(l, adv, keys, n);
    size_t at = l->records.n;
    hn_buf_add(&l->records, record.p, record.n);
    if (l->records.bad) {
        lane_fail(l, (struct hn_err){HN_E_NOMEM});
        return false;
    }
    uint8_t *p = (uint8_t *)l->records.p + at;
    hn_adv_put32(p + 8, text_at);
    hn_adv_put32(p + 12, text_n);
    hn_adv_put16(p + 30, feed);
    l->n_records++;
    l->total++;
    return true;
}

struct hn_err hn_adv_lane_end(struct hn_adv_lane *l)
{
    struct hn_adv_build *b = l->b;
    flush_group(l);
    hn_adv_tuples_sort(l->keys, l->n_keys);
    struct hn_err e = hn_adv_run_hold(b, l->keys, l->n_keys);
    l->keys = NULL;
    pthread_mutex_lock(&b->lock);
    for (unsigned i = 0; i < 4; i++)
        b->counts[i] += l->counts[i];
    b->n_records += l->total;
    for (size_t i = 0; i < l->n_ecosystems; i++)
        hn_adv_count_ecosystem(b->ecosystems, &b->n_ecosystems, hn_str_c(l->ecosystems[i].name),
                               l->ecosystems[i].entries);
    if (hn_ok(e))
        e = b->err;
    pthread_mutex_unlock(&b->lock);
    lane_free(l);
    return e;
}

/* ---------------------------------------------------------------- carrying over */

/* The records of one group of another index. Gives how many did not decode. */
static uint64_t carry_group(struct hn_adv_lane *l, const struct hn_adv_index *old, uint64_t group, uint16_t feed,
                            struct hn_arena *a)
{
    const uint8_t *g = old->map.p + group;
    uint64_t at = group + hn_adv_group_records(hn_adv_le32(g + 8)), end = group + hn_adv_le32(g + 4), bad = 0;
    struct hn_bytes record, texts = {0};
    if (hn_adv_le32(g + 12))
        hn_adv_group_text(old, group, a, &texts);
    while (at < end && hn_adv_record_at(old, at, &record)) {
        struct hn_arena one;
        struct hn_adv adv;
        struct hn_adv_text text = {0};
        hn_arena_init(&one, HN_ADV_RECORD_ROOM);
        uint32_t from = hn_adv_le32(record.p + 8), n = hn_adv_le32(record.p + 12);
        bool ok = hn_adv_read_record(record, HN_ADV_PART_ALL, &one, &adv);
        if (ok && n && from <= texts.n && n <= texts.n - from)
            ok = hn_adv_read_text(hn_bytes_of(texts.p + from, n), &one, &text);
        bad += !ok || !hn_adv_lane_add(l, feed, &adv, &text);
        hn_arena_done(&one);
        at += record.n;
    }
    return bad + (at < end);
}

struct hn_err hn_adv_lane_carry(struct hn_adv_lane *l, const struct hn_adv_index *old, uint16_t old_feed, uint16_t feed)
{
    struct hn_arena a;
    uint64_t bad = 0, at = old->records_at;
    hn_arena_init(&a, 2 * HN_ADV_TEXT_MOST);
    for (uint64_t n; hn_adv_group_at(old, at, &n); at += n) {
        if (hn_adv_le16(old->map.p + at + 20) != old_feed)
            continue;
        bad += carry_group(l, old, at, feed, &a);
        hn_arena_clear(&a);
    }
    hn_arena_done(&a);
    pthread_mutex_lock(&l->b->lock);
    l->b->feeds[feed].rejected += bad;
    struct hn_err e = l->b->err;
    pthread_mutex_unlock(&l->b->lock);
    return e;
}
