/* The audit log, settings and events, for those who read them. */
#include "store/internal.h"

/* ---------------------------------------------------------------- audit */

struct hn_err hn_store_audit_put(struct hn_store *s, const struct hn_principal *p, struct hn_str org, const char *what,
                                 struct hn_str object, struct hn_str detail)
{
    store_ask(s, p);
    uint32_t at = org.n ? store_org_at(s, org) : 0;
    if (at == STORE_NONE)
        return store_fail(s, HN_E_NOENT, "%s", hn_err_text((struct hn_err){HN_E_NOENT}));
    HN_TRY(store_begin(s));
    return store_end(s, store_audit_add(s, p, s->orgs[at].n, what, object, detail));
}

#define AUDIT_WHERE                                                                                                    \
    "FROM audit a JOIN org o ON o.n = a.org WHERE sees(a.org, 3) AND below(?1, a.org) AND (?2 = '' OR "                \
    "instr(lower(a.by || ' ' || a.what || ' ' || a.object || ' ' || a.detail), lower(?2)) > 0)"

static struct hn_err audit_total(struct hn_store *s, uint32_t top, struct hn_str q, uint64_t *ret)
{
    int64_t n = 0;
    struct st c = st_open(s, "SELECT count(*) " AUDIT_WHERE);

    st_int(&c, top);
    st_str(&c, q);
    HN_TRY(st_one(&c, &n));
    *ret = (uint64_t)n;
    return HN_OK;
}

struct hn_err hn_store_audit(struct hn_store *s, const struct hn_principal *p, struct hn_str org, struct hn_str q,
                             const struct hn_page *page, struct hn_arena *a, struct hn_store_audit **ret,
                             struct hn_listing *ret_listing)
{
    unsigned limit = page->limit ? page->limit : HN_PAGE_DEFAULT;
    uint64_t from = INT64_MAX, unused;
    uint32_t top;
    size_t n = 0, cap = 0;

    store_ask(s, p);
    *ret = NULL;
    *ret_listing = (struct hn_listing){0};
    if (page->cursor.n && (!store_cursor_read(page->cursor, &from, &unused) || from > INT64_MAX))
        return store_fail(s, HN_E_INVALID, "this cursor is not one of ours");
    HN_TRY(store_subtree(s, p, org, &top));
    HN_TRY(audit_total(s, top, q, &ret_listing->total));
    limit = limit > HN_PAGE_MOST ? HN_PAGE_MOST : limit;
    struct st r = st_open(s, "SELECT a.seq, a.at, a.by, a.what, a.object, a.detail, o.id, a.hash " AUDIT_WHERE
                             " AND a.seq < ?3 ORDER BY a.seq DESC LIMIT ?4");
    st_int(&r, top);
    st_str(&r, q);
    st_int(&r, (int64_t)from);
    st_int(&r, (int64_t)limit + 1);
    bool more = false;
    while (st_row(&r)) {
        if (n == limit) {
            more = true;
            break;
        }
        if (!STORE_PUSH(a, *ret, n, cap))
            break;
        struct hn_store_audit *x = &(*ret)[n++];
        *x = (struct hn_store_audit){.seq = st_get(&r, 0),
                                     .at = st_get(&r, 1),
                                     .by = st_copy(&r, 2, a),
                                     .what = st_copy(&r, 3, a),
                                     .object = st_copy(&r, 4, a),
                                     .detail = st_copy(&r, 5, a),
                                     .org = st_copy(&r, 6, a)};
        struct hn_bytes hash = st_bytes(&r, 7);
        if (hash.n == HN_SHA256_LEN)
            hn_hex(hash, x->hash);
    }
    HN_TRY(st_end(&r));
    ret_listing->n = n;
    if (more)
        ret_listing->next = store_cursor(a, (uint64_t)(*ret)[n - 1].seq, 0);
    return a->failed ? store_nomem(s) : HN_OK;
}

/* ---------------------------------------------------------------- settings */

struct hn_err hn_store_setting_get(struct hn_store *s, const char *key, struct hn_arena *a, struct hn_str *ret)
{
    store_ask(s, &hn_principal_system);
    struct st q = st_open(s, "SELECT value FROM setting WHERE key = ?");
    st_c(&q, key);
    bool there = st_row(&q);
    if (there)
        *ret = st_copy(&q, 0, a);
    HN_TRY(st_end(&q));
    return there ? HN_OK : (struct hn_err){HN_E_NOENT};
}

static struct hn_err put(struct hn_store *s, const struct hn_principal *p, const char *key, struct hn_str value)
{
    struct st q = value.n ? st_open(s, "INSERT INTO setting VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2")
                          : st_open(s, "DELETE FROM setting WHERE key = ?1");

    st_c(&q, key);
    if (value.n)
        st_str(&q, value);
    HN_TRY(st_do(&q));
    return store_audit_add(s, p, 1, "setting", hn_str_c(key), value.n ? HN_STR("set") : HN_STR("removed"));
}

struct hn_err hn_store_setting_put(struct hn_store *s, const struct hn_principal *p, const char *key,
                                   struct hn_str value)
{
    store_ask(s, p);
    HN_TRY(store_need(s, p, 0, HN_ROLE_ADMIN));
    if (!*key || strlen(key) > 128)
        return store_fail(s, HN_E_INVALID, "a setting needs a name of at most 128 bytes");
    HN_TRY(store_begin(s));
    return store_end(s, put(s, p, key, value));
}

/* ---------------------------------------------------------------- events */

#define EVENTS_MOST 10000u

struct hn_err hn_store_events(struct hn_store *s, const struct hn_principal *p, int64_t after, unsigned most,
                              struct hn_arena *a, struct hn_store_event **ret, size_t *ret_n, int64_t *ret_last,
                              bool *ret_gap)
{
    size_t n = 0, cap = 0;
    int64_t oldest = 0;

    store_ask(s, p);
    *ret = NULL;
    *ret_n = 0;
    *ret_last = s->last_event;
    *ret_gap = false;
    if (after < 0)
        return HN_OK;
    struct st o = st_open(s, "SELECT coalesce(min(id), 0) FROM event");
    HN_TRY(st_one(&o, &oldest));
    *ret_gap = after > s->last_event || (oldest ? after + 1 < oldest : after < s->last_event);
    most = most == 0 || most > EVENTS_MOST ? EVENTS_MOST : most;
    struct st q = st_open(s, "SELECT e.id, e.at, o.id, e.kind, e.object, e.what FROM event e JOIN org o ON o.n = e.org "
                             "WHERE e.id > ? AND sees(e.org, 1) ORDER BY e.id LIMIT ?");
    st_int(&q, after);
    st_int(&q, most);
    while (st_row(&q) && STORE_PUSH(a, *ret, n, cap))
        (*ret)[n++] = (struct hn_store_event){.id = st_get(&q, 0),
                                              .at = st_get(&q, 1),
                                              .org = st_copy(&q, 2, a),
                                              .kind = st_copy(&q, 3, a),
                                              .object = st_copy(&q, 4, a),
                                              .what = st_copy(&q, 5, a)};
    *ret_n = n;
    if (n == most && *ret)
        *ret_last = (*ret)[n - 1].id;
    HN_TRY(st_end(&q));
    return a->failed ? store_nomem(s) : HN_OK;
}

struct hn_err hn_store_event_put(struct hn_store *s, struct hn_str org, const char *kind, struct hn_str object,
                                 const char *what)
{
    store_ask(s, &hn_principal_system);
    uint32_t at = org.n ? store_org_at(s, org) : 0;
    if (at == STORE_NONE)
        return store_fail(s, HN_E_NOENT, "%s", hn_err_text((struct hn_err){HN_E_NOENT}));
    HN_TRY(store_begin(s));
    return store_end(s, store_event_add(s, s->orgs[at].n, kind, object, what));
}

void hn_store_on_change(struct hn_store *s, void (*fn)(void *arg, int64_t last_event), void *arg)
{
    s->on_change = fn;
    s->on_change_arg = arg;
}
