/* The end of a build: which of several records with one id stays, the tables, the feeds, the sums, the header. */
#include <stdlib.h>
#include <zlib.h>

#include "base/mem.h"
#include "format/advisory/build_in.h"

#define OUT_ROOM  ((size_t)256 << 10)
#define HEAD_READ 4096u /* of a record: id and part lie in it, or it is taken for another */

struct ender {
    struct hn_adv_build *b;
    struct hn_adv_merge merge;
    struct hn_adv_tuple next; /* looked at, not yet used */
    bool more;
    uint32_t *dead; /* refs of records that a newer one replaced; sorted once all are known */
    size_t n_dead, cap_dead;
    uint8_t *room; /* of what is written next */
    size_t n_room;
    uint64_t at; /* where room will go */
    struct hn_adv_table tables[4];
    uint32_t *dirs[4];
    struct hn_err err;
};

static void advance(struct ender *e)
{
    e->more = hn_adv_merge_next(&e->merge, &e->next);
}

static void fail(struct ender *e, struct hn_err err)
{
    if (hn_ok(e->err))
        e->err = err;
}

/* ---------------------------------------------------------------- writing on */

static void write_out(struct ender *e)
{
    if (hn_ok(e->err))
        fail(e, hn_adv_write_at(e->b->out, e->room, e->n_room, e->at));
    e->at += e->n_room;
    e->n_room = 0;
}

static void put(struct ender *e, const void *p, size_t n)
{
    const uint8_t *from = p;
    while (n) {
        size_t k = OUT_ROOM - e->n_room < n ? OUT_ROOM - e->n_room : n;
        memcpy(e->room + e->n_room, from, k);
        e->n_room += k;
        from += k;
        n -= k;
        if (e->n_room == OUT_ROOM)
            write_out(e);
    }
}

static uint64_t here(const struct ender *e)
{
    return e->at + e->n_room;
}

static void align(struct ender *e)
{
    put(e, (const uint8_t[8]){0}, (size_t)(-here(e) % 8));
}

/* ---------------------------------------------------------------- one id, several records */

static bool same_record(const uint8_t *a, size_t na, const uint8_t *b, size_t nb, uint32_t at_a, uint32_t at_b)
{
    struct hn_str id_a, id_b, part_a, part_b;
    struct hn_bytes ra = {a, na}, rb = {b, nb};
    return a[28] == b[28] && hn_adv_text_at(ra, at_a, &id_a) && hn_adv_text_at(rb, at_b, &id_b) &&
           hn_str_eq(id_a, id_b) && hn_adv_part_of(ra, &part_a) && hn_adv_part_of(rb, &part_b) &&
           hn_str_eq(part_a, part_b);
}

static size_t read_head(struct ender *e, uint32_t ref, uint8_t *to)
{
    uint64_t at = (uint64_t)ref * 8;
    size_t n = e->b->end - at < HEAD_READ ? (size_t)(e->b->end - at) : HEAD_READ;
    struct hn_err err = hn_adv_read_at(e->b->out, to, n, at);
    if (!hn_ok(err))
        fail(e, err);
    return hn_ok(err) ? n : 0;
}

static void bury(struct ender *e, uint32_t ref)
{
    const uint8_t flag = HN_ADV_FLAG_SUPERSEDED;
    if (e->n_dead == e->cap_dead) {
        size_t cap = e->cap_dead ? 2 * e->cap_dead : 1024;
        uint32_t *dead = hn_realloc(e->dead, cap * sizeof *dead);
        if (!dead) {
            fail(e, (struct hn_err){HN_E_NOMEM});
            return;
        }
        e->dead = dead;
        e->cap_dead = cap;
    }
    e->dead[e->n_dead++] = ref;
    fail(e, hn_adv_write_at(e->b->out, &flag, 1, (uint64_t)ref * 8 + 29));
}

/* Keys of HN_TABLE_SAME come first, equal ones side by side. The one modified last stays; of equals the earlier one. */
static void settle(struct ender *e)
{
    uint8_t kept[HEAD_READ], other[HEAD_READ];
    while (e->more && e->next.key >> 62 == HN_TABLE_SAME && hn_ok(e->err)) {
        struct hn_adv_tuple best = e->next;
        size_t n = 0;
        for (advance(e); e->more && e->next.key == best.key && hn_ok(e->err); advance(e)) {
            struct hn_adv_tuple t = e->next;
            if (!n && !(n = read_head(e, best.ref, kept)))
                return;
            size_t m = read_head(e, t.ref, other);
            if (!m || !same_record(kept, n, other, m, best.at, t.at))
                continue;
            bury(e, t.modified > best.modified ? best.ref : t.ref);
            if (t.modified > best.modified) {
                best = t;
                memcpy(kept, other, m);
                n = m;
            }
        }
    }
}

static int cmp_ref(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static bool is_dead(const struct ender *e, uint32_t ref)
{
    return e->n_dead && bsearch(&ref, e->dead, e->n_dead, sizeof ref, cmp_ref);
}

/* ---------------------------------------------------------------- tables */

/* About four entries for each place of the directory. */
static unsigned dir_bits(uint64_t n)
{
    unsigned bits = 1;
    while (bits < HN_ADV_DIR_BITS_MAX && (UINT64_C(1) << (bits + 2)) < n)
        bits++;
    return bits;
}

static void put_entry(struct ender *e, const struct hn_adv_tuple *t, uint64_t hash)
{
    uint8_t b[HN_ADV_ENTRY];
    hn_adv_put64(b, hash);
    hn_adv_put32(b + 8, t->ref);
    hn_adv_put32(b + 12, t->at);
    put(e, b, sizeof b);
}

static void put_table(struct ender *e, unsigned kind)
{
    struct hn_adv_table *t = &e->tables[kind];
    struct hn_adv_tuple last = {.ref = UINT32_MAX};
    align(e);
    *t = (struct hn_adv_table){.at = here(e), .bits = dir_bits(e->b->counts[kind])};
    size_t places = (size_t)1 << t->bits, filled = 0;
    uint32_t *dir = e->dirs[kind] = hn_alloc((places + 1) * sizeof *dir);
    if (!dir) {
        fail(e, (struct hn_err){HN_E_NOMEM});
        return;
    }
    for (; e->more && e->next.key >> 62 == kind && hn_ok(e->err); advance(e)) {
        uint64_t hash = e->next.key & UINT64_MAX >> 2;
        bool again = kind != HN_TABLE_NAMES && e->next.key == last.key && e->next.ref == last.ref;
        if (again || is_dead(e, e->next.ref))
            continue;
        last = e->next;
        for (; filled <= hash >> (62 - t->bits); filled++)
            dir[filled] = (uint32_t)t->n;
        put_entry(e, &e->next, hash);
        t->n++;
    }
    for (; filled <= places; filled++)
        dir[filled] = (uint32_t)t->n;
}

static void put_dir(struct ender *e, unsigned kind)
{
    struct hn_adv_table *t = &e->tables[kind];
    size_t places = ((size_t)1 << t->bits) + 1;
    align(e);
    t->dir = here(e);
    for (size_t i = 0; i < places && e->dirs[kind]; i++) {
        uint8_t b[4];
        hn_adv_put32(b, e->dirs[kind][i]);
        put(e, b, sizeof b);
    }
}

/* ---------------------------------------------------------------- sums and header */

static void put_sums(struct ender *e)
{
    align(e);
    write_out(e);
    uint64_t end = e->at;
    uint8_t *block = hn_alloc(HN_ADV_SUM_BLOCK);
    if (!block)
        fail(e, (struct hn_err){HN_E_NOMEM});
    for (uint64_t at = 0; at < end && hn_ok(e->err); at += HN_ADV_SUM_BLOCK) {
        size_t n = end - at < HN_ADV_SUM_BLOCK ? (size_t)(end - at) : HN_ADV_SUM_BLOCK;
        fail(e, hn_adv_read_at(e->b->out, block, n, at));
        if (at == 0) /* the header has a sum of its own */
            memset(block, 0, n < HN_ADV_HEADER ? n : HN_ADV_HEADER);
        uint8_t b[4];
        hn_adv_put32(b, (uint32_t)crc32(0, block, (unsigned)n));
        put(e, b, sizeof b);
    }
    hn_free(block);
    write_out(e);
}

static void put_header(struct ender *e, hn_time now, uint64_t feeds_at, uint64_t feeds_len, uint64_t sums_at)
{
    uint8_t h[HN_ADV_HEADER] = HN_ADV_MAGIC;
    hn_adv_put32(h + 8, HN_ADV_VERSION);
    hn_adv_put32(h + 12, e->b->n_feeds);
    hn_adv_put64(h + 16, e->at);
    hn_adv_put64(h + 24, e->b->key[0]);
    hn_adv_put64(h + 32, e->b->key[1]);
    hn_adv_put64(h + 40, e->b->n_records - e->n_dead);
    hn_adv_put64(h + 48, (uint64_t)now);
    hn_adv_put64(h + 56, e->b->end);
    for (unsigned kind = HN_TABLE_NAMES; kind <= HN_TABLE_CPES; kind++) {
        const struct hn_adv_table *t = &e->tables[kind];
        uint8_t *p = h + 64 + 32 * (kind - HN_TABLE_NAMES);
        hn_adv_put64(p, t->at);
        hn_adv_put64(p + 8, t->n);
        hn_adv_put64(p + 16, t->dir);
        hn_adv_put64(p + 24, t->bits);
    }
    hn_adv_put64(h + 160, feeds_at);
    hn_adv_put64(h + 168, feeds_len);
    hn_adv_put64(h + 176, sums_at);
    hn_adv_put32(h + HN_ADV_HEADER - 4, (uint32_t)crc32(0, h, HN_ADV_HEADER - 4));
    if (hn_ok(e->err))
        fail(e, hn_adv_write_at(e->b->out, h, sizeof h, 0));
}

static void put_feeds(struct ender *e)
{
    struct hn_buf out;
    hn_buf_init(&out, 64u << 20);
    for (uint32_t i = 0; i < e->b->n_feeds; i++)
        hn_adv_write_feed(&out, &e->b->feeds[i]);
    hn_adv_write_ecosystems(&out, e->b->ecosystems, e->b->n_ecosystems);
    if (out.bad)
        fail(e, (struct hn_err){HN_E_NOMEM});
    else
        put(e, out.p, out.n);
    hn_buf_done(&out);
}

static void put_all(struct ender *e, hn_time now)
{
    advance(e);
    settle(e);
    if (e->n_dead)
        qsort(e->dead, e->n_dead, sizeof *e->dead, cmp_ref);
    e->at = e->b->end;
    for (unsigned kind = HN_TABLE_NAMES; kind <= HN_TABLE_CPES; kind++)
        put_table(e, kind);
    fail(e, e->merge.err);
    for (unsigned kind = HN_TABLE_NAMES; kind <= HN_TABLE_CPES; kind++)
        put_dir(e, kind);
    align(e);
    uint64_t feeds_at = here(e);
    put_feeds(e);
    uint64_t feeds_len = here(e) - feeds_at;
    put_sums(e);
    uint64_t sums_at = feeds_at + feeds_len;
    sums_at += -sums_at % 8;
    put_header(e, now, feeds_at, feeds_len, sums_at);
}

struct hn_err hn_adv_build_end(struct hn_adv_build *b, hn_time now, struct hn_diag *reterr)
{
    struct ender e = {.b = b, .err = b->err, .room = hn_alloc(OUT_ROOM)};
    if (!e.room)
        fail(&e, (struct hn_err){HN_E_NOMEM});
    if (hn_ok(e.err))
        fail(&e, hn_adv_merge_begin(&e.merge, b));
    if (hn_ok(e.err))
        put_all(&e, now);
    hn_adv_merge_done(&e.merge);
    for (unsigned i = 0; i < 4; i++)
        hn_free(e.dirs[i]);
    hn_free(e.dead);
    hn_free(e.room);
    return hn_ok(e.err) ? HN_OK : hn_fail(reterr, e.err.code, "index of advisories: %s", hn_err_text(e.err));
}
