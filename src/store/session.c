/* Sessions and the bootstrap token: only hashes of what the browser holds. */
#include <inttypes.h>
#include <stdio.h>

#include "store/internal.h"

static struct hn_err put(struct hn_store *s, struct hn_str token, int64_t account, struct hn_str who,
                         struct hn_str csrf, hn_time expires)
{
    hn_time now = hn_now();
    struct hn_principal p = {.account = who, .name = who.n ? who : HN_STR("bootstrap")};
    struct st q = st_open(s, "INSERT INTO session VALUES (?, ?, ?, ?, ?, ?)");

    st_str(&q, token);
    st_ref(&q, account);
    st_str(&q, csrf);
    st_int(&q, now);
    st_int(&q, expires);
    st_int(&q, now);
    HN_TRY(st_do(&q));
    struct st u = st_open(s, "UPDATE account SET last_sign_in = ? WHERE n = ?");
    st_int(&u, now);
    st_int(&u, account);
    HN_TRY(st_do(&u));
    return store_audit_add(s, &p, 1, "session.begin", p.name, HN_STR(""));
}

struct hn_err hn_store_session_put(struct hn_store *s, struct hn_str token_hash, struct hn_str account,
                                   struct hn_str csrf, hn_time expires)
{
    int64_t n;

    store_ask(s, &hn_principal_system);
    if (token_hash.n < 32 || token_hash.n > 128 || !csrf.n || expires <= hn_now())
        return store_fail(s, HN_E_INVALID, "a session needs the hash of its token, a CSRF value and an end");
    HN_TRY(store_account_of(s, account, &n));
    HN_TRY(store_begin(s));
    return store_end(s, put(s, token_hash, n, account, csrf, expires));
}

static struct hn_err principal_of(struct hn_store *s, int64_t account, struct hn_arena *a, struct hn_store_session *ret)
{
    static const struct hn_grant all = {HN_STR_INIT(HN_STORE_ROOT), HN_ROLE_ADMIN};

    if (!account) {
        ret->principal = (struct hn_principal){.name = HN_STR("bootstrap"), .n_grants = 1, .grants = &all};
        return HN_OK;
    }
    HN_TRY(store_account_full(s, account, a, &ret->who));
    if (ret->who.disabled)
        return (struct hn_err){HN_E_NOENT};
    ret->account = ret->who.id;
    ret->principal = (struct hn_principal){
        .account = ret->who.id, .name = ret->who.user, .n_grants = ret->who.n_grants, .grants = ret->who.grants};
    return HN_OK;
}

#define USED_STEP HN_MINUTE /* "last used" is not worth a write for every request */

static struct hn_err used(struct hn_store *s, struct hn_str token, hn_time now)
{
    struct st q = st_open(s, "UPDATE session SET last_used = ? WHERE token = ?");

    st_int(&q, now);
    st_str(&q, token);
    return st_do(&q);
}

struct hn_err hn_store_session_get(struct hn_store *s, struct hn_str token_hash, struct hn_arena *a,
                                   struct hn_store_session *ret)
{
    hn_time now = hn_now();
    int64_t account = 0;

    store_ask(s, &hn_principal_system);
    *ret = (struct hn_store_session){0};
    struct st q =
        st_open(s, "SELECT account, csrf, created, expires, last_used FROM session WHERE token = ? AND expires > ?");
    st_str(&q, token_hash);
    st_int(&q, now);
    bool there = st_row(&q);
    if (there) {
        account = st_get(&q, 0);
        ret->csrf = st_copy(&q, 1, a);
        ret->created = st_get(&q, 2);
        ret->expires = st_get(&q, 3);
        ret->last_used = st_get(&q, 4);
    }
    HN_TRY(st_end(&q));
    if (!there)
        return store_fail(s, HN_E_NOENT, "%s", hn_err_text((struct hn_err){HN_E_NOENT}));
    HN_TRY(principal_of(s, account, a, ret));
    if (a->failed)
        return store_nomem(s);
    if (s->read_only || now - ret->last_used < USED_STEP)
        return HN_OK;
    /* A full disk must not sign people out. */
    if (hn_ok(store_begin(s)))
        (void)hn_ok(store_end(s, used(s, token_hash, now)));
    return HN_OK;
}

struct hn_err hn_store_session_end(struct hn_store *s, struct hn_str token_hash)
{
    store_ask(s, &hn_principal_system);
    HN_TRY(store_begin(s));
    struct st q = st_open(s, "DELETE FROM session WHERE token = ?");
    st_str(&q, token_hash);
    return store_end(s, st_do(&q));
}

/* ---------------------------------------------------------------- bootstrap */

struct hn_err hn_store_bootstrap_put(struct hn_store *s, struct hn_str token_hash, hn_time expires)
{
    char text[256];

    store_ask(s, &hn_principal_system);
    int n = snprintf(text, sizeof text, "%" PRId64 " %.*s", expires, HN_FMT(token_hash));
    if (token_hash.n < 32 || n >= (int)sizeof text || expires <= hn_now())
        return store_fail(s, HN_E_INVALID, "a bootstrap token needs its hash and an end");
    HN_TRY(store_begin(s));
    struct hn_err e = store_meta_put(s, "bootstrap", hn_str_c(text));
    if (hn_ok(e))
        e = store_audit_add(s, &hn_principal_system, 1, "bootstrap.create", HN_STR(""), HN_STR(""));
    return store_end(s, e);
}

/* Every byte is looked at, whatever the answer. */
static bool same(struct hn_str a, struct hn_str b)
{
    unsigned char diff = a.n != b.n;

    for (size_t i = 0; i < a.n && i < b.n; i++)
        diff |= (unsigned char)(a.p[i] ^ b.p[i]);
    return diff == 0;
}

static struct hn_err take(struct hn_store *s, struct hn_str token_hash, struct hn_arena *a)
{
    struct hn_str text, expires;
    int64_t until;

    HN_TRY(store_meta_get(s, "bootstrap", a, &text));
    if (!hn_str_split(&text, ' ', &expires) || !hn_str_i64(expires, &until) || until <= hn_now() ||
        !same(text, token_hash))
        return (struct hn_err){HN_E_NOENT};
    struct st q = st_open(s, "DELETE FROM meta WHERE key = 'bootstrap'");
    HN_TRY(st_do(&q));
    return store_audit_add(s, &hn_principal_system, 1, "bootstrap.use", HN_STR(""), HN_STR(""));
}

struct hn_err hn_store_bootstrap_use(struct hn_store *s, struct hn_str token_hash)
{
    struct hn_arena a;

    store_ask(s, &hn_principal_system);
    HN_TRY(store_begin(s));
    hn_arena_init(&a, 4096);
    struct hn_err e = store_end(s, take(s, token_hash, &a));
    hn_arena_done(&a);
    return e;
}
