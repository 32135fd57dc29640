/* The rows of the list index: made from an asset's findings, and kept packed beside them, because reading three million
 * findings one by one takes ten times as long.
 *
 *   packed:  version u8 | covers u8 | rows u32 | strings u32
 *            covers × (module u32, scope u32)
 *            per column, rows × its width: id score due first opened last closed loss(f32) kind(u16) class(u16)
 * state(u8) cover(u8) per row: subject and cause, each length u16 and bytes
 *
 * cover k > 0: the row follows the newest run of the k-th (module, scope), and `last` is 0. loss = p · loss. Numbers
 * are little-endian in memory order of this machine; another version byte, or anything that does not add up, means
 * "make it anew". */
#include <math.h>

#include "base/buf.h"
#include "store/internal.h"

#define VERSION      1
#define COVERS_MOST  255u
#define SUBJECT_MOST 512u

void store_rows_done(struct store_rows *r)
{
    hn_free(r->block);
    *r = (struct store_rows){0};
}

/* One block for all columns, widest first. */
static bool room(struct store_rows *r, uint32_t n)
{
    uint32_t **four[] = {&r->id,   &r->score,  &r->due,     &r->first, &r->opened,
                         &r->last, &r->closed, &r->subject, &r->cause};
    size_t k = sizeof four / sizeof *four;
    char *p = hn_alloc((size_t)n * (4 * k + 4 + 2 + 2) + 1);

    *r = (struct store_rows){.n = n, .block = p};
    if (!p)
        return false;
    for (size_t i = 0; i < k; i++, p += (size_t)n * 4)
        *four[i] = (void *)p;
    r->share = (void *)p;
    r->kind = (void *)(p + (size_t)n * 4);
    r->class_ = (void *)(p + (size_t)n * 6);
    r->state = (void *)(p + (size_t)n * 7);
    return true;
}

/* ---------------------------------------------------------------- packing */

struct column {
    uint8_t *p;
    unsigned width;
};
enum { C_ID, C_SCORE, C_DUE, C_FIRST, C_OPENED, C_LAST, C_CLOSED, C_LOSS, C_KIND, C_CLASS, C_STATE, C_COVER, COLUMNS };
static const uint8_t widths[COLUMNS] = {4, 4, 4, 4, 4, 4, 4, 4, 2, 2, 1, 1};
#define ROW_WIDTH 38u
#define HEAD      10u

struct packing {
    struct hn_store *s;
    struct hn_arena a;
    struct hn_buf rows, strings; /* rows: one after the other, turned into columns at the end */
    struct store_cover_at *covers;
    size_t covers_n;
    uint32_t n;
};

static void put32(uint8_t *p, uint32_t v)
{
    memcpy(p, &v, 4);
}

static uint32_t get32(const uint8_t *p)
{
    uint32_t v;

    memcpy(&v, p, 4);
    return v;
}

static unsigned cover_of(struct packing *k, uint32_t kind, uint32_t scope)
{
    uint32_t module = store_module_of(k->s, kind);

    for (size_t i = 0; i < k->covers_n && i < COVERS_MOST; i++)
        if (k->covers[i].module == module && k->covers[i].scope == scope)
            return (unsigned)i + 1;
    return 0;
}

static void put_string(struct packing *k, struct hn_str t, bool lower)
{
    uint16_t n = (uint16_t)(t.n < SUBJECT_MOST ? t.n : SUBJECT_MOST);

    hn_buf_add(&k->strings, &n, 2);
    if (!hn_buf_room(&k->strings, n))
        return;
    char *p = k->strings.p + k->strings.n;
    for (uint16_t i = 0; i < n; i++)
        p[i] = lower && t.p[i] >= 'A' && t.p[i] <= 'Z' ? (char)(t.p[i] + 32) : t.p[i];
    k->strings.n += n;
}

#define PACK_SELECT                                                                                                    \
    "SELECT n, kind, severity, presence, excepted_until, score, p * loss, due, first_seen, opened_at, at, scope, "     \
    "closed_at, subject, cause, class FROM finding WHERE asset = ?"

static void pack_row(struct packing *k, struct st *q)
{
    int64_t presence = st_get(q, 3), at = st_get(q, 10);
    int status = presence == HN_F_CLOSED ? HN_F_CLOSED : st_get(q, 4) ? HN_F_EXCEPTED : (int)presence;
    float loss = (float)fmax(st_get_num(q, 6), 0);
    uint16_t kind = (uint16_t)st_get(q, 1), class_ = (uint16_t)st_get(q, 15);
    uint8_t row[ROW_WIDTH];

    put32(row, (uint32_t)st_get(q, 0));
    put32(row + 4, (uint32_t)(fmin(fmax(st_get_num(q, 5), 0), 100) * STORE_SCORE_UNIT));
    put32(row + 8, store_secs(st_get(q, 7)));
    put32(row + 12, store_secs(st_get(q, 8)));
    put32(row + 16, store_secs(st_get(q, 9)));
    put32(row + 20, store_secs(at));
    put32(row + 24, store_secs(st_get(q, 12)));
    memcpy(row + 28, &loss, 4);
    memcpy(row + 32, &kind, 2);
    memcpy(row + 34, &class_, 2);
    row[36] = (uint8_t)(st_get(q, 2) << 4 | status);
    row[37] = (uint8_t)(at ? 0 : cover_of(k, kind, (uint32_t)st_get(q, 11)));
    hn_buf_add(&k->rows, row, sizeof row);
    put_string(k, st_text(q, 13), true);
    put_string(k, st_text(q, 14), false);
    k->n++;
}

static struct hn_err gather(struct packing *k, int64_t asset)
{
    struct st q = st_open(k->s, PACK_SELECT);

    st_int(&q, asset);
    while (st_row(&q))
        pack_row(k, &q);
    return st_end(&q);
}

/* Rows become columns. */
static void assemble(const struct packing *k, struct hn_buf *out)
{
    uint8_t head[HEAD] = {VERSION, (uint8_t)(k->covers_n < COVERS_MOST ? k->covers_n : COVERS_MOST)};
    const uint8_t *rows = (const uint8_t *)k->rows.p;
    unsigned at = 0;

    put32(head + 2, k->n);
    put32(head + 6, (uint32_t)k->strings.n);
    hn_buf_add(out, head, sizeof head);
    for (unsigned i = 0; i < head[1]; i++) {
        hn_buf_add(out, &k->covers[i].module, 4);
        hn_buf_add(out, &k->covers[i].scope, 4);
    }
    for (unsigned c = 0; c < COLUMNS; at += widths[c++])
        for (uint32_t i = 0; i < k->n; i++)
            hn_buf_add(out, rows + (size_t)i * ROW_WIDTH + at, widths[c]);
    hn_buf_str(out, hn_buf_text(&k->strings));
}

static struct hn_err pack(struct hn_store *s, int64_t asset, struct hn_buf *out)
{
    struct packing k = {.s = s};

    hn_arena_init(&k.a, 16 << 20);
    hn_buf_init(&k.rows, 1u << 30);
    hn_buf_init(&k.strings, 1u << 30);
    struct hn_err e = store_covers(s, asset, &k.a, &k.covers, &k.covers_n);
    if (hn_ok(e))
        e = gather(&k, asset);
    if (hn_ok(e) && !k.rows.bad && !k.strings.bad)
        assemble(&k, out);
    if (hn_ok(e) && (k.rows.bad || k.strings.bad || out->bad))
        e = store_nomem(s);
    hn_buf_done(&k.rows);
    hn_buf_done(&k.strings);
    hn_arena_done(&k.a);
    return e;
}

/* ---------------------------------------------------------------- unpacking */

struct unpacking {
    struct hn_store *s;
    struct hn_bytes b;
    uint32_t n, covers;
    hn_time at[COVERS_MOST + 1]; /* newest run of each cover; 0 stands first */
    const uint8_t *col[COLUMNS], *strings, *end;
};

/* False: not of this version, or it does not add up. */
static bool layout(struct unpacking *u)
{
    if (u->b.n < HEAD || u->b.p[0] != VERSION)
        return false;
    u->covers = u->b.p[1];
    u->n = get32(u->b.p + 2);
    uint64_t strings = get32(u->b.p + 6), need = HEAD + (uint64_t)u->covers * 8 + (uint64_t)u->n * ROW_WIDTH + strings;
    if (need != u->b.n)
        return false;
    const uint8_t *p = u->b.p + HEAD + u->covers * 8;
    for (unsigned c = 0; c < COLUMNS; p += (size_t)u->n * widths[c++])
        u->col[c] = p;
    u->strings = p;
    u->end = u->b.p + u->b.n;
    return true;
}

static void resolve(struct unpacking *u, const struct store_cover_at *v, size_t n)
{
    for (uint32_t i = 0; i < u->covers; i++) {
        const uint8_t *p = u->b.p + HEAD + i * 8;
        for (size_t k = 0; k < n; k++)
            if (v[k].module == get32(p) && v[k].scope == get32(p + 4))
                u->at[i + 1] = v[k].at;
    }
}

/* Beyond 254 classes the last one stands for all of them; the vocabulary has six. */
static uint8_t class_of(struct hn_store *s, uint32_t word)
{
    unsigned i = 0;

    while (i < s->classes_n && s->classes[i] != word)
        i++;
    if (i == s->classes_n && i < 254)
        s->classes[s->classes_n++] = word;
    return (uint8_t)i;
}

static bool string(struct unpacking *u, struct hn_str *ret)
{
    uint16_t n;

    if (u->end - u->strings < 2)
        return false;
    memcpy(&n, u->strings, 2);
    if (u->end - u->strings - 2 < n)
        return false;
    *ret = (struct hn_str){(const char *)u->strings + 2, n};
    u->strings += 2 + n;
    return true;
}

static bool unpack_row(struct unpacking *u, uint32_t i, struct store_rows *r)
{
    struct hn_str subject, cause;
    uint16_t class_;
    float loss;

    memcpy(&loss, u->col[C_LOSS] + (size_t)i * 4, 4);
    memcpy(&class_, u->col[C_CLASS] + (size_t)i * 2, 2);
    r->share[i] = fminf(loss / (float)u->s->loss_max, 0.999999f);
    r->class_[i] = class_of(u->s, class_);
    if (u->col[C_COVER][i])
        r->last[i] = store_secs(u->at[u->col[C_COVER][i]]);
    if (!string(u, &subject) || !string(u, &cause))
        return false;
    r->cause[i] = 0;
    return hn_ok(store_dict_add(&u->s->subjects, subject, &r->subject[i])) &&
           (!cause.n || hn_ok(store_dict_add(&u->s->causes, cause, &r->cause[i])));
}

static void widen(uint32_t v, uint32_t *low, uint32_t *high)
{
    *low = v < *low ? v : *low;
    *high = v > *high ? v : *high;
}

/* False: a state that cannot be. */
static bool survey(struct store_rows *r)
{
    r->of_score.low = r->of_due.low = r->of_first.low = r->of_last.low = UINT32_MAX;
    for (uint32_t i = 0; i < r->n; i++) {
        unsigned state = store_state_index(r->state[i]);
        if (state >= STORE_STATES || STORE_STATUS(r->state[i]) > 3)
            return false;
        r->states[state]++;
        widen(r->score[i], &r->of_score.low, &r->of_score.high);
        widen(r->first[i], &r->of_first.low, &r->of_first.high);
        widen(r->last[i], &r->of_last.low, &r->of_last.high);
        if (r->due[i])
            widen(r->due[i], &r->of_due.low, &r->of_due.high);
    }
    return true;
}

static bool unpack(struct unpacking *u, struct store_rows *r)
{
    uint32_t *const plain[] = {r->id, r->score, r->due, r->first, r->opened, r->last, r->closed};

    for (unsigned c = 0; c < sizeof plain / sizeof *plain && u->n; c++)
        memcpy(plain[c], u->col[c], (size_t)u->n * 4);
    memcpy(r->kind, u->col[C_KIND], (size_t)u->n * 2);
    memcpy(r->state, u->col[C_STATE], u->n);
    for (uint32_t i = 0; i < u->n; i++)
        if (!unpack_row(u, i, r))
            return false;
    return survey(r);
}

static struct hn_err unpack_all(struct hn_store *s, int64_t asset, struct hn_bytes b, struct store_rows *ret,
                                bool *ret_ok)
{
    struct unpacking u = {.s = s, .b = b};
    struct store_cover_at *v;
    struct hn_arena a;
    size_t n;

    *ret_ok = layout(&u);
    if (!*ret_ok)
        return HN_OK;
    hn_arena_init(&a, 16 << 20);
    struct hn_err e = store_covers(s, asset, &a, &v, &n);
    if (hn_ok(e))
        resolve(&u, v, n);
    hn_arena_done(&a);
    HN_TRY(e);
    if (!room(ret, u.n))
        return store_nomem(s);
    if (!unpack(&u, ret)) {
        store_rows_done(ret);
        return store_nomem(s);
    }
    return HN_OK;
}

/* ---------------------------------------------------------------- reading and keeping */

struct hn_err store_rows_read(struct hn_store *s, int64_t asset, bool packed, struct store_rows *ret)
{
    bool ok = false;

    if (packed) {
        struct st q = st_open(s, "SELECT rows FROM finding_packed WHERE asset = ?");
        st_int(&q, asset);
        struct hn_err e = st_row(&q) ? unpack_all(s, asset, st_bytes(&q, 0), ret, &ok) : HN_OK;
        struct hn_err end = st_end(&q);
        HN_TRY(e);
        HN_TRY(end);
        if (ok)
            return HN_OK;
    }
    HN_AUTO(hn_buf_done) struct hn_buf b;
    hn_buf_init(&b, 1u << 30);
    HN_TRY(pack(s, asset, &b));
    HN_TRY(unpack_all(s, asset, hn_str_bytes(hn_buf_text(&b)), ret, &ok));
    return ok ? HN_OK : store_fail(s, HN_E_CORRUPT, "the rows of an asset do not add up");
}

static struct hn_err same(struct hn_store *s, int64_t asset, struct hn_bytes b, bool *ret_there, bool *ret_same)
{
    struct st q = st_open(s, "SELECT rows FROM finding_packed WHERE asset = ?");

    st_int(&q, asset);
    *ret_there = st_row(&q);
    struct hn_bytes old = *ret_there ? st_bytes(&q, 0) : (struct hn_bytes){0};
    *ret_same = old.n == b.n && b.n && memcmp(old.p, b.p, b.n) == 0;
    return st_end(&q);
}

struct hn_err store_rows_pack(struct hn_store *s, int64_t asset)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    bool there, equal;

    hn_buf_init(&b, 1u << 30);
    HN_TRY(pack(s, asset, &b));
    HN_TRY(same(s, asset, hn_str_bytes(hn_buf_text(&b)), &there, &equal));
    if (equal)
        return HN_OK;
    struct st q = st_open(s, "INSERT INTO finding_packed VALUES (?1, ?2) ON CONFLICT (asset) DO UPDATE SET rows = ?2");
    st_int(&q, asset);
    st_blob(&q, hn_str_bytes(hn_buf_text(&b)));
    return st_do(&q);
}

struct hn_err store_rows_sound(struct hn_store *s, int64_t asset, bool *ret)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    bool there, equal;

    hn_buf_init(&b, 1u << 30);
    HN_TRY(pack(s, asset, &b));
    HN_TRY(same(s, asset, hn_str_bytes(hn_buf_text(&b)), &there, &equal));
    *ret = equal || !there;
    return HN_OK;
}
