/* Transactions, and what every change leaves behind: audit row, event, history. */
#include <inttypes.h>
#include <stdio.h>

#include "store/internal.h"

const struct hn_principal hn_principal_system = {.name = HN_STR_INIT("system"), .system = true};

/* ---------------------------------------------------------------- transactions */

/* The outermost begin takes the write lock at once, so that no transaction finds out late that it may not write. Inner
 * ones are savepoints: a failed call inside a batch undoes itself only. */
static struct hn_err open_level(struct hn_store *s)
{
    char sql[32];

    if (s->full)
        return store_fail(s, HN_E_FULL,
                          "%s was opened for reading only, since the disk was full: make room, then start again",
                          s->path);
    if (s->read_only)
        return store_fail(s, HN_E_READONLY, "the store is opened for reading only");
    if (s->dead)
        return s->dead_why;
    if (s->depth == 0)
        return store_exec(s, "BEGIN IMMEDIATE");
    snprintf(sql, sizeof sql, "SAVEPOINT s%u", s->depth);
    return store_exec(s, sql);
}

struct hn_err store_begin(struct hn_store *s)
{
    s->why[0] = 0;
    HN_TRY(open_level(s));
    s->depth++;
    return HN_OK;
}

/* What is in memory follows the tables again: everything touched is read anew. Failing to read only makes the index
 * start from nothing at its next use. */
static void follow(struct hn_store *s, bool undone)
{
    char why[sizeof s->why];

    memcpy(why, s->why, sizeof why);
    if (undone)
        store_soft_drop(s);
    if (undone && s->words_new && !hn_ok(store_words_read(s)))
        s->dead = true;
    if (undone && s->tree_new && !hn_ok(store_tree_read(s)))
        s->dead = true;
    for (size_t i = 0; i < s->touched_n && s->assets_read; i++)
        if (!hn_ok(store_index_reread(s, s->touched[i])))
            store_index_drop(s);
    memcpy(s->why, why, sizeof why);
}

bool store_reading_begin(struct hn_store *s)
{
    return s->depth == 0 && sqlite3_get_autocommit(s->db) && hn_ok(store_exec(s, "BEGIN"));
}

void store_reading_end(struct hn_store *s, bool began)
{
    if (began && !hn_ok(store_exec(s, "COMMIT")))
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

static void settled(struct hn_store *s)
{
    s->touched_n = 0;
    s->words_new = s->tree_new = s->dead = false;
}

static void undo(struct hn_store *s)
{
    char sql[64], why[sizeof s->why];

    memcpy(why, s->why, sizeof why);
    st_forget(s); /* a statement that stands open would keep the transaction from being undone */
    if (sqlite3_get_autocommit(s->db)) {
        /* The database already gave up the whole transaction (full disk, I/O error, memory). */
        s->dead = s->depth > 0;
    } else if (s->depth == 0) {
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    } else {
        snprintf(sql, sizeof sql, "ROLLBACK TO s%u; RELEASE s%u", s->depth, s->depth);
        if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK) {
            sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
            s->dead = true;
        }
    }
    memcpy(s->why, why, sizeof why);
    follow(s, true);
    if (s->depth == 0)
        settled(s);
}

struct hn_err store_end(struct hn_store *s, struct hn_err e)
{
    char sql[32];

    s->depth--;
    if (hn_ok(e) && s->dead)
        e = s->dead_why;
    if (hn_ok(e)) {
        if (s->depth)
            snprintf(sql, sizeof sql, "RELEASE s%u", s->depth);
        e = store_exec(s, s->depth ? sql : "COMMIT");
    }
    if (!hn_ok(e)) {
        undo(s);
        if (s->dead)
            s->dead_why = e;
        if (s->depth == 0)
            s->last_event = s->told_event;
        return e;
    }
    if (s->depth == 0) {
        settled(s);
        if (++s->commits % 16 == 0)
            (void)hn_ok(store_cache_size(s));
        if (s->last_event != s->told_event) {
            s->told_event = s->last_event;
            if (s->on_change)
                s->on_change(s->on_change_arg, s->last_event);
        }
    }
    return HN_OK;
}

struct hn_err hn_store_batch_begin(struct hn_store *s)
{
    if (s->batch)
        return store_fail(s, HN_E_STATE, "a batch is open already");
    HN_TRY(store_begin(s));
    s->batch = true;
    return HN_OK;
}

struct hn_err hn_store_batch_end(struct hn_store *s, bool keep)
{
    if (!s->batch)
        return store_fail(s, HN_E_STATE, "no batch is open");
    s->batch = false;
    struct hn_err e = store_end(s, keep ? HN_OK : (struct hn_err){HN_E_STATE});
    return keep ? e : HN_OK;
}

void store_ask(struct hn_store *s, const struct hn_principal *p)
{
    s->why[0] = 0;
    s->asking = p;
}

struct hn_err store_touch(struct hn_store *s, int64_t asset)
{
    if (s->touched_n && s->touched[s->touched_n - 1] == asset)
        return HN_OK;
    int64_t *more = hn_more(s->touched, s->touched_n, &s->touched_cap, sizeof *more);
    if (!more)
        return store_nomem(s);
    s->touched = more;
    s->touched[s->touched_n++] = asset;
    return HN_OK;
}

/* ---------------------------------------------------------------- meta */

struct hn_err store_meta_put(struct hn_store *s, const char *key, struct hn_str value)
{
    struct st q = st_open(s, "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value");

    st_c(&q, key);
    st_str(&q, value);
    return st_do(&q);
}

struct hn_err store_meta_get(struct hn_store *s, const char *key, struct hn_arena *a, struct hn_str *ret)
{
    struct st q = st_open(s, "SELECT value FROM meta WHERE key = ?");

    st_c(&q, key);
    bool there = st_row(&q);
    if (there)
        *ret = st_copy(&q, 0, a);
    HN_TRY(st_end(&q));
    return there ? HN_OK : (struct hn_err){HN_E_NOENT};
}

/* ---------------------------------------------------------------- audit */

static void digest_int(struct hn_digest *d, int64_t v)
{
    uint8_t b[8];

    for (unsigned i = 0; i < 8; i++)
        b[i] = (uint8_t)((uint64_t)v >> (56 - 8 * i));
    hn_digest_add(d, hn_bytes_of(b, 8));
}

bool store_audit_hash(struct hn_bytes prev, int64_t seq, hn_time at, const struct hn_str text[4], int64_t org,
                      uint8_t out[HN_SHA256_LEN])
{
    struct hn_digest *d = hn_digest_new(HN_SHA256);
    uint8_t full[64] = {0};

    if (!d)
        return false;
    hn_digest_add(d, prev);
    digest_int(d, seq);
    digest_int(d, at);
    for (int i = 0; i < 4; i++) {
        digest_int(d, (int64_t)text[i].n);
        hn_digest_add(d, hn_str_bytes(text[i]));
    }
    digest_int(d, org);
    hn_digest_end(d, full);
    memcpy(out, full, HN_SHA256_LEN);
    return true;
}

static struct hn_err audit_head(struct hn_store *s, int64_t *seq, uint8_t hash[HN_SHA256_LEN])
{
    struct st q = st_open(s, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1");

    *seq = 0;
    memset(hash, 0, HN_SHA256_LEN);
    if (st_row(&q)) {
        *seq = st_get(&q, 0);
        struct hn_bytes b = st_bytes(&q, 1);
        memcpy(hash, b.p, b.n < HN_SHA256_LEN ? b.n : HN_SHA256_LEN);
    }
    return st_end(&q);
}

struct hn_err store_audit_add(struct hn_store *s, const struct hn_principal *p, int64_t org, const char *what,
                              struct hn_str object, struct hn_str detail)
{
    uint8_t prev[HN_SHA256_LEN], hash[HN_SHA256_LEN];
    char head[32 + HN_HEX256_LEN], hex[HN_HEX256_LEN];
    struct hn_str text[4] = {p->name, hn_str_c(what), object, detail};
    int64_t seq;
    hn_time now = hn_now();

    HN_TRY(audit_head(s, &seq, prev));
    if (!store_audit_hash(hn_bytes_of(prev, sizeof prev), ++seq, now, text, org, hash))
        return store_nomem(s);
    struct st q = st_open(s, "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    st_int(&q, seq);
    st_int(&q, now);
    for (int i = 0; i < 4; i++)
        st_str(&q, text[i]);
    st_int(&q, org);
    st_blob(&q, hn_bytes_of(prev, sizeof prev));
    st_blob(&q, hn_bytes_of(hash, sizeof hash));
    HN_TRY(st_do(&q));
    hn_hex(hn_bytes_of(hash, sizeof hash), hex);
    snprintf(head, sizeof head, "%" PRId64 " %s", seq, hex);
    return store_meta_put(s, "audit-head", hn_str_c(head));
}

/* ---------------------------------------------------------------- events and history */

struct hn_err store_event_add(struct hn_store *s, int64_t org, const char *kind, struct hn_str object, const char *what)
{
    struct st q = st_open(s, "INSERT INTO event (at, org, kind, object, what) VALUES (?, ?, ?, ?, ?)");

    st_int(&q, hn_now());
    st_int(&q, org);
    st_c(&q, kind);
    st_str(&q, object);
    st_c(&q, what);
    HN_TRY(st_do(&q));
    s->last_event = sqlite3_last_insert_rowid(s->db);
    return HN_OK;
}

struct hn_err store_history_add(struct hn_store *s, int on, int64_t object, hn_time at, const char *event, int64_t run,
                                struct hn_str by, struct hn_str detail)
{
    uint32_t word;

    HN_TRY(store_word(s, hn_str_c(event), &word));
    struct st q =
        st_open(s, "INSERT INTO history (what, object, at, event, run, by, detail) VALUES (?, ?, ?, ?, ?, ?, ?)");
    st_int(&q, on);
    st_int(&q, object);
    st_int(&q, at);
    st_int(&q, word);
    st_int(&q, run);
    st_str(&q, by);
    st_str(&q, detail);
    return st_do(&q);
}

struct hn_err store_histories(struct hn_store *s, int on, int64_t object, struct hn_arena *a,
                              struct hn_store_history **ret, size_t *ret_n, size_t before)
{
    size_t n = before, cap = before;
    struct st q = st_open(s, "SELECT h.at, h.event, coalesce(r.id, ''), h.by, h.detail FROM history h "
                             "LEFT JOIN run r ON r.n = h.run WHERE h.what = ? AND h.object = ? ORDER BY h.n");

    st_int(&q, on);
    st_int(&q, object);
    while (st_row(&q)) {
        if (!STORE_PUSH(a, *ret, n, cap))
            break;
        (*ret)[n++] = (struct hn_store_history){
            .at = st_get(&q, 0),
            .what = hn_arena_str(a, store_word_text(s, st_get(&q, 1))),
            .run = st_copy(&q, 2, a),
            .by = st_copy(&q, 3, a),
            .detail = st_copy(&q, 4, a),
        };
    }
    *ret_n = n;
    HN_TRY(st_end(&q));
    return a->failed ? store_nomem(s) : HN_OK;
}

/* ---------------------------------------------------------------- words */

void store_dict_init(struct store_dict *d)
{
    *d = (struct store_dict){0};
    hn_map_init(&d->map);
    hn_arena_init(&d->arena, SIZE_MAX / 2);
}

void store_dict_done(struct store_dict *d)
{
    hn_map_done(&d->map);
    hn_arena_done(&d->arena);
    hn_free(d->text);
    *d = (struct store_dict){0};
}

/* Puts text at number n, which is beyond all present ones. */
static struct hn_err dict_set(struct store_dict *d, uint32_t n, struct hn_str text)
{
    if (n >= d->cap) {
        uint32_t cap = n < 32 ? 64 : n * 2;
        struct hn_str *p = hn_realloc(d->text, cap * sizeof *p);
        if (!p)
            return (struct hn_err){HN_E_NOMEM};
        memset(p + d->cap, 0, (cap - d->cap) * sizeof *p);
        d->text = p;
        d->cap = cap;
    }
    struct hn_str copy = hn_arena_str(&d->arena, text);
    if (d->arena.failed)
        return (struct hn_err){HN_E_NOMEM};
    HN_TRY(hn_map_set(&d->map, hn_str_bytes(copy), (void *)(uintptr_t)(n + 1)));
    d->text[n] = copy;
    d->n = n + 1;
    return HN_OK;
}

uint32_t store_dict_find(const struct store_dict *d, struct hn_str text)
{
    uintptr_t v = (uintptr_t)hn_map_find(&d->map, hn_str_bytes(text));

    return v ? (uint32_t)(v - 1) : STORE_NONE;
}

struct hn_err store_dict_add(struct store_dict *d, struct hn_str text, uint32_t *ret)
{
    if (d->n == 0)
        HN_TRY(dict_set(d, 0, HN_STR("")));
    *ret = store_dict_find(d, text);
    if (*ret != STORE_NONE)
        return HN_OK;
    *ret = d->n;
    return dict_set(d, d->n, text);
}

struct hn_err store_words_read(struct hn_store *s)
{
    struct st q = st_open(s, "SELECT n, text FROM word ORDER BY n");
    struct hn_err e = HN_OK;

    store_dict_done(&s->words);
    store_dict_init(&s->words);
    while (hn_ok(e) && st_row(&q))
        e = dict_set(&s->words, (uint32_t)st_get(&q, 0), st_text(&q, 1));
    struct hn_err end = st_end(&q);
    return hn_ok(e) ? end : e;
}

uint32_t store_word_find(struct hn_store *s, struct hn_str text)
{
    uint32_t n = text.n ? store_dict_find(&s->words, text) : 0;

    return n == STORE_NONE ? 0 : n;
}

#define WORDS_MOST   60000u /* kinds, modules, rules …: declared things; store_row keeps them in 16 bits */
#define WORD_LONGEST 4096u

struct hn_err store_word(struct hn_store *s, struct hn_str text, uint32_t *ret)
{
    uint32_t n = store_dict_find(&s->words, text);

    *ret = n;
    if (n != STORE_NONE)
        return HN_OK;
    n = s->words.n ? s->words.n : 1;
    if (n >= WORDS_MOST || text.n > WORD_LONGEST)
        return store_fail(s, HN_E_LIMIT, "too many or too long names of kinds, modules or rules");
    struct st q = st_open(s, "INSERT INTO word VALUES (?, ?)");
    st_int(&q, n);
    st_str(&q, text);
    HN_TRY(st_do(&q));
    s->words_new = true;
    *ret = n;
    return hn_ok(dict_set(&s->words, n, text)) ? HN_OK : store_nomem(s);
}

struct hn_str store_word_text(const struct hn_store *s, int64_t n)
{
    return n > 0 && n < s->words.n ? s->words.text[n] : HN_STR("");
}
