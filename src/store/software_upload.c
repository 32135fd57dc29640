/* Documents that came over HTTP, until a worker has read them, and what became of each.
 *
 *   waiting ──take──▶ reading ──▶ matching ──▶ done
 *      ▲                 │  └────▶ refused (what it says cannot be taken) │ failed (it could not be read at all)
 *      └── reader lost ──┘ once */
#include "store/software_in.h"

#define READER_LOST (15 * HN_MINUTE) /* nothing was heard of it for so long */
#define TRIES_MOST  2

static bool is_end(struct hn_str state)
{
    return hn_str_eqc(state, "done") || hn_str_eqc(state, "refused") || hn_str_eqc(state, "failed");
}

/* ---------------------------------------------------------------- coming in */

static struct hn_err same(struct hn_store *s, const struct hn_store_upload_in *in, int64_t org, struct hn_bytes sha,
                          struct hn_arena *a, struct hn_str *ret_id)
{
    struct st q = st_open(s, "SELECT id FROM upload WHERE ended_at = 0 AND org = ? AND kind = ? AND args = ? AND "
                             "sha256 = ? ORDER BY n LIMIT 1");

    st_int(&q, org);
    st_str(&q, in->kind);
    st_str(&q, in->args);
    st_blob(&q, sha);
    if (st_row(&q))
        *ret_id = st_copy(&q, 0, a);
    return st_end(&q);
}

static struct hn_err insert(struct hn_store *s, const struct hn_principal *p, const struct hn_store_upload_in *in,
                            int64_t org, struct hn_bytes sha, struct hn_bytes packed, const char *id)
{
    int64_t account = 0;

    HN_TRY(store_account_of(s, p->account, &account));
    struct st q = st_open(s, "INSERT INTO upload (id, org, kind, file, args, bytes, sha256, packed, state, account, "
                             "put_by, put_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'waiting', ?, ?, ?)");
    st_c(&q, id);
    st_int(&q, org);
    st_str(&q, in->kind);
    st_str(&q, in->file);
    st_str(&q, in->args);
    st_int(&q, (int64_t)in->raw.n);
    st_blob(&q, sha);
    st_blob(&q, packed);
    st_ref(&q, account);
    st_str(&q, p->name);
    st_int(&q, hn_now());
    HN_TRY(st_do(&q));
    struct st old = st_open(s, "DELETE FROM upload WHERE ended_at > 0 AND n <= (SELECT max(n) FROM upload) - ?");
    st_int(&old, HN_STORE_UPLOADS_KEPT);
    HN_TRY(st_do(&old));
    HN_TRY(store_audit_add(s, p, org, "upload.put", hn_str_c(id), in->file));
    return store_event_add(s, org, "upload", hn_str_c(id), "waiting");
}

struct hn_err hn_store_upload_put(struct hn_store *s, const struct hn_principal *p, const struct hn_store_upload_in *in,
                                  struct hn_arena *a, struct hn_str *ret_id)
{
    uint8_t sha[HN_SHA256_LEN];
    char id[HN_ID_TEXT];
    struct hn_bytes packed;
    uint64_t waiting;

    store_ask(s, p);
    *ret_id = HN_STR("");
    uint32_t org = store_org_at(s, in->org);
    HN_TRY(store_need(s, p, org, HN_ROLE_OPERATOR));
    if (in->file.n > 4096 || in->args.n > 16384 || !soft_json(in->args, HN_JV_OBJ))
        return store_fail(s, HN_E_INVALID, "a text is too long");
    hn_sha256(in->raw, sha);
    int64_t org_n = s->orgs[org].n;
    HN_TRY(same(s, in, org_n, hn_bytes_of(sha, sizeof sha), a, ret_id));
    if (ret_id->n)
        return HN_OK;
    HN_TRY(hn_store_uploads_open(s, false, &waiting));
    if (waiting >= HN_STORE_UPLOADS_WAITING)
        return store_fail(s, HN_E_BUSY, "%u documents wait to be read", HN_STORE_UPLOADS_WAITING);
    HN_TRY(soft_deflate(s, in->raw, a, &packed));
    HN_TRY(hn_id_new(id));
    HN_TRY(store_begin(s));
    HN_TRY(store_end(s, insert(s, p, in, org_n, hn_bytes_of(sha, sizeof sha), packed, id)));
    *ret_id = hn_arena_str(a, hn_str_c(id));
    return a->failed ? store_nomem(s) : HN_OK;
}

/* ---------------------------------------------------------------- looking */

#define UPLOAD_SELECT                                                                                                  \
    "SELECT id, org, kind, file, args, state, result, put_by, sha256, bytes, put_at, ended_at FROM upload "

static void fill(struct hn_store *s, struct st *q, struct hn_arena *a, struct hn_store_upload *ret)
{
    *ret = (struct hn_store_upload){.id = st_copy(q, 0, a),
                                    .kind = st_copy(q, 2, a),
                                    .file = st_copy(q, 3, a),
                                    .args = st_copy(q, 4, a),
                                    .state = st_copy(q, 5, a),
                                    .result = st_copy(q, 6, a),
                                    .put_by = st_copy(q, 7, a),
                                    .sha256 = soft_sha256(q, 8, a),
                                    .bytes = (uint64_t)st_get(q, 9),
                                    .put_at = st_get(q, 10),
                                    .ended_at = st_get(q, 11)};
    soft_org_names(s, st_get(q, 1), a, &ret->org, &ret->org_name_en, &ret->org_name_ja);
}

#define UPLOAD_WHERE "WHERE sees(org, 1) AND below(?1, org) AND (?2 = '' OR state = ?2) "

struct hn_err hn_store_uploads(struct hn_store *s, const struct hn_principal *p, struct hn_str org, struct hn_str state,
                               const struct hn_page *page, struct hn_arena *a, struct hn_store_upload **ret,
                               struct hn_listing *ret_listing)
{
    static const char falling[] = UPLOAD_SELECT UPLOAD_WHERE "ORDER BY n DESC LIMIT ?3 OFFSET ?4";
    static const char rising[] = UPLOAD_SELECT UPLOAD_WHERE "ORDER BY n LIMIT ?3 OFFSET ?4";
    size_t from, to, n = 0;
    int64_t total = 0;
    uint32_t top;
    bool up = hn_str_eqc(page->sort, "put_at");

    store_ask(s, p);
    HN_TRY(store_subtree(s, p, org, &top));
    if (page->sort.n && !up && !hn_str_eqc(page->sort, "-put_at"))
        return store_fail(s, HN_E_INVALID, "this list cannot be sorted that way");
    struct st c = st_open(s, "SELECT count(*) FROM upload " UPLOAD_WHERE);
    st_int(&c, top);
    st_str(&c, state);
    HN_TRY(st_one(&c, &total));
    HN_TRY(soft_page(s, page, (size_t)total, a, &from, &to, ret_listing));
    *ret = hn_arena_alloc(a, (to - from + 1) * sizeof **ret);
    if (!*ret)
        return store_nomem(s);
    struct st q = st_open(s, up ? rising : falling);
    st_int(&q, top);
    st_str(&q, state);
    st_int(&q, (int64_t)(to - from));
    st_int(&q, (int64_t)from);
    while (n < to - from && st_row(&q))
        fill(s, &q, a, &(*ret)[n++]);
    ret_listing->n = n;
    HN_TRY(st_end(&q));
    return a->failed ? store_nomem(s) : HN_OK;
}

struct hn_err hn_store_upload_get(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                  struct hn_arena *a, struct hn_store_upload *ret)
{
    bool there = false;

    store_ask(s, p);
    struct st q = st_open(s, UPLOAD_SELECT "WHERE sees(org, 1) AND id = ?");
    st_str(&q, id);
    if (st_row(&q)) {
        fill(s, &q, a, ret);
        there = true;
    }
    HN_TRY(st_end(&q));
    if (!there)
        return store_fail(s, HN_E_NOENT, "there is no such document");
    return a->failed ? store_nomem(s) : HN_OK;
}

/* ---------------------------------------------------------------- reading */

struct hn_err hn_store_upload_raw(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                  struct hn_arena *a, struct hn_bytes *ret)
{
    struct hn_bytes packed = {0};
    size_t size = 0;

    store_ask(s, p);
    struct st q = st_open(s, "SELECT bytes, packed FROM upload WHERE sees(org, 1) AND id = ? AND packed IS NOT NULL");
    st_str(&q, id);
    if (st_row(&q)) {
        size = (size_t)st_get(&q, 0);
        packed = hn_arena_bytes(a, st_bytes(&q, 1));
    }
    HN_TRY(st_end(&q));
    if (!packed.n)
        return store_fail(s, HN_E_NOENT, "there is no such document");
    return soft_inflate(s, packed, size, a, ret);
}

struct hn_err hn_store_upload_set(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                  struct hn_str state, struct hn_str result)
{
    struct hn_store_upload u = {.id = id};
    struct hn_arena a;
    bool end = is_end(state);

    HN_TRY(soft_need_admin(s, p));
    if (!soft_json(result, HN_JV_OBJ))
        return store_fail(s, HN_E_INVALID, "the result is not JSON");
    hn_arena_init(&a, 4u << 20);
    struct hn_err e = hn_store_upload_get(s, p, id, &a, &u);
    if (hn_ok(e))
        e = store_begin(s);
    if (hn_ok(e)) {
        struct st q = st_open(s, "UPDATE upload SET state = ?2, result = CASE WHEN ?3 = '' THEN result ELSE ?3 END, "
                                 "ended_at = ?4, packed = CASE WHEN ?4 THEN NULL ELSE packed END WHERE id = ?1 AND "
                                 "ended_at = 0");
        st_str(&q, id);
        st_str(&q, state);
        st_str(&q, result);
        st_int(&q, end ? hn_now() : 0);
        e = st_do(&q);
        if (hn_ok(e) && end)
            e = store_audit_add(s, p, s->orgs[store_org_at(s, u.org)].n, "upload.end", id, state);
        if (hn_ok(e))
            e = store_event_add(s, s->orgs[store_org_at(s, u.org)].n, "upload", id, hn_arena_cstr(&a, state));
        e = store_end(s, e);
    }
    hn_arena_done(&a);
    return e;
}

/* Those that nobody answers for any more. */
static struct hn_err give_up(struct hn_store *s, hn_time lost)
{
    struct st q = st_open(s, "UPDATE upload SET state = CASE WHEN tries >= ?1 THEN 'failed' ELSE 'waiting' END, "
                             "ended_at = CASE WHEN tries >= ?1 THEN ?2 ELSE 0 END, "
                             "packed = CASE WHEN tries >= ?1 THEN NULL ELSE packed END "
                             "WHERE ended_at = 0 AND state IN ('reading', 'matching') AND taken_at < ?3");

    st_int(&q, TRIES_MOST);
    st_int(&q, hn_now());
    st_int(&q, lost);
    return st_do(&q);
}

static struct hn_err take(struct hn_store *s, struct hn_arena *a, struct hn_str *ret)
{
    HN_TRY(give_up(s, hn_now() - READER_LOST));
    struct st q = st_open(s, "SELECT id FROM upload WHERE ended_at = 0 AND state = 'waiting' ORDER BY n LIMIT 1");
    if (st_row(&q))
        *ret = st_copy(&q, 0, a);
    HN_TRY(st_end(&q));
    if (!ret->n)
        return HN_OK;
    struct st u = st_open(s, "UPDATE upload SET state = 'reading', tries = tries + 1, taken_at = ? WHERE id = ?");
    st_int(&u, hn_now());
    st_str(&u, *ret);
    return st_do(&u);
}

struct hn_err hn_store_upload_take(struct hn_store *s, const struct hn_principal *p, struct hn_arena *a,
                                   struct hn_store_upload *ret, struct hn_bytes *ret_raw)
{
    struct hn_str id = {"", 0};

    HN_TRY(soft_need_admin(s, p));
    HN_TRY(store_begin(s));
    HN_TRY(store_end(s, take(s, a, &id)));
    if (!id.n)
        return (struct hn_err){HN_E_NOENT};
    HN_TRY(hn_store_upload_raw(s, p, id, a, ret_raw));
    return hn_store_upload_get(s, p, id, a, ret);
}

struct hn_err hn_store_upload_principal(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                        struct hn_arena *a, struct hn_principal *ret)
{
    struct hn_store_account who;
    struct hn_store_upload u;
    int64_t account = 0;

    HN_TRY(soft_need_admin(s, p));
    HN_TRY(hn_store_upload_get(s, p, id, a, &u));
    *ret = *p;
    ret->name = u.put_by;
    struct st q = st_open(s, "SELECT coalesce(account, 0) FROM upload WHERE id = ?");
    st_str(&q, id);
    HN_TRY(st_one(&q, &account));
    if (!account)
        return HN_OK;
    HN_TRY(store_account_full(s, account, a, &who));
    if (who.disabled)
        return store_fail(s, HN_E_PERM, "the account that sent the document is disabled");
    *ret = (struct hn_principal){.account = who.id, .name = who.user, .n_grants = who.n_grants, .grants = who.grants};
    return HN_OK;
}

struct hn_err hn_store_uploads_open(struct hn_store *s, bool again, uint64_t *ret)
{
    int64_t n = 0;

    if (again && !s->read_only) {
        HN_TRY(store_begin(s));
        HN_TRY(store_end(s, give_up(s, INT64_MAX)));
    }
    struct st q = st_open(s, "SELECT count(*) FROM upload WHERE ended_at = 0");
    HN_TRY(st_one(&q, &n));
    *ret = (uint64_t)n;
    return HN_OK;
}
