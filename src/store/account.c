/* Accounts and what they are granted. Passwords arrive hashed. */
#include <stdio.h>

#include "store/internal.h"

/* ---------------------------------------------------------------- reading */

struct hn_err store_account_of(struct hn_store *s, struct hn_str id, int64_t *ret_n)
{
    *ret_n = 0;
    if (!id.n)
        return HN_OK;
    struct st q = st_open(s, "SELECT n FROM account WHERE id = ?");
    st_str(&q, id);
    struct hn_err e = st_one(&q, ret_n);
    return e.code == HN_E_NOENT ? store_fail(s, HN_E_INVALID, "there is no such account") : e;
}

enum hn_role store_account_role(struct hn_store *s, int64_t account, uint32_t org)
{
    enum hn_role best = HN_ROLE_NONE;
    struct st q = st_open(s, "SELECT g.org, g.role FROM account_grant g JOIN account a ON a.n = g.account "
                             "WHERE g.account = ? AND a.disabled = 0");

    st_int(&q, account);
    while (st_row(&q)) {
        uint32_t top = store_org_of_n(s, st_get(&q, 0));
        if (top != STORE_NONE && org != STORE_NONE && store_org_below(s, top, org) && st_get(&q, 1) > (int)best)
            best = (enum hn_role)st_get(&q, 1);
    }
    return hn_ok(st_end(&q)) ? best : HN_ROLE_NONE;
}

static struct hn_err read_grants(struct hn_store *s, int64_t n, struct hn_arena *a, struct hn_store_account *ret)
{
    size_t k = 0, cap = 0;
    struct st q = st_open(s, "SELECT org, role FROM account_grant WHERE account = ? ORDER BY org");

    st_int(&q, n);
    while (st_row(&q)) {
        uint32_t org = store_org_of_n(s, st_get(&q, 0));
        if (org == STORE_NONE || !STORE_PUSH(a, ret->grants, k, cap))
            break;
        ret->grants[k++] = (struct hn_grant){hn_arena_str(a, s->orgs[org].id), (enum hn_role)st_get(&q, 1)};
    }
    ret->n_grants = k;
    return st_end(&q);
}

static struct hn_err read_account(struct hn_store *s, int64_t n, bool password, struct hn_arena *a,
                                  struct hn_store_account *ret)
{
    struct st q = st_open(s, "SELECT id, user, name, lang, password, disabled, created, last_sign_in FROM account "
                             "WHERE n = ?");

    *ret = (struct hn_store_account){0};
    st_int(&q, n);
    if (st_row(&q))
        *ret = (struct hn_store_account){
            .id = st_copy(&q, 0, a),
            .user = st_copy(&q, 1, a),
            .name = st_copy(&q, 2, a),
            .lang = st_copy(&q, 3, a),
            .password = password ? st_copy(&q, 4, a) : HN_STR(""),
            .disabled = st_get(&q, 5),
            .created = st_get(&q, 6),
            .last_sign_in = st_get(&q, 7),
        };
    HN_TRY(st_end(&q));
    HN_TRY(read_grants(s, n, a, ret));
    return a->failed ? store_nomem(s) : HN_OK;
}

/* May p see that this account exists? Itself; admins whose subtree meets one of its grants; admins of the root. */
static bool sees_account(struct hn_store *s, const struct hn_principal *p, const struct hn_store_account *x)
{
    if (store_role(s, p, 0) >= HN_ROLE_ADMIN || (p->account.n && hn_str_eq(p->account, x->id)))
        return true;
    for (size_t i = 0; i < x->n_grants; i++)
        if (hn_store_visible(s, p, x->grants[i].org, HN_ROLE_ADMIN))
            return true;
    return false;
}

/* May p change it? Admin of everything it is granted. */
static bool rules_account(struct hn_store *s, const struct hn_principal *p, const struct hn_grant *g, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!hn_store_visible(s, p, g[i].org, HN_ROLE_ADMIN))
            return false;
    return n > 0 || store_role(s, p, 0) >= HN_ROLE_ADMIN;
}

static struct hn_err account_need(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                  struct hn_arena *a, int64_t *ret_n, struct hn_store_account *ret)
{
    struct st q = st_open(s, "SELECT n FROM account WHERE id = ?");

    st_str(&q, id);
    struct hn_err e = st_one(&q, ret_n);
    if (hn_ok(e))
        e = read_account(s, *ret_n, false, a, ret);
    if (hn_ok(e) && !sees_account(s, p, ret))
        e = (struct hn_err){HN_E_NOENT};
    return e.code == HN_E_NOENT ? store_fail(s, HN_E_NOENT, "%s", hn_err_text(e)) : e;
}

struct hn_err hn_store_account_get(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                   struct hn_arena *a, struct hn_store_account *ret)
{
    int64_t n;

    store_ask(s, p);
    return account_need(s, p, id, a, &n, ret);
}

struct hn_err hn_store_accounts(struct hn_store *s, const struct hn_principal *p, struct hn_arena *a,
                                struct hn_store_account **ret, size_t *ret_n)
{
    size_t n = 0, cap = 0;

    store_ask(s, p);
    *ret = NULL;
    struct st q = st_open(s, "SELECT n FROM account ORDER BY user");
    struct hn_err e = HN_OK;
    while (hn_ok(e) && st_row(&q)) {
        if (!STORE_PUSH(a, *ret, n, cap))
            break;
        e = read_account(s, st_get(&q, 0), false, a, &(*ret)[n]);
        n += hn_ok(e) && sees_account(s, p, &(*ret)[n]);
    }
    *ret_n = n;
    struct hn_err end = st_end(&q);
    HN_TRY(e);
    HN_TRY(end);
    return a->failed ? store_nomem(s) : HN_OK;
}

struct hn_err hn_store_account_by_user(struct hn_store *s, struct hn_str user, struct hn_arena *a,
                                       struct hn_store_account *ret)
{
    int64_t n;

    store_ask(s, &hn_principal_system);
    struct st q = st_open(s, "SELECT n FROM account WHERE user = ?");
    st_str(&q, user);
    HN_TRY(st_one(&q, &n));
    return read_account(s, n, true, a, ret);
}

struct hn_err hn_store_account_count(struct hn_store *s, uint64_t *ret)
{
    int64_t n = 0;
    struct st q = st_open(s, "SELECT count(*) FROM account");

    store_ask(s, &hn_principal_system);
    HN_TRY(st_one(&q, &n));
    *ret = (uint64_t)n;
    return HN_OK;
}

/* ---------------------------------------------------------------- changing */

static struct hn_err put_grants(struct hn_store *s, int64_t n, const struct hn_grant *g, size_t n_grants)
{
    struct st d = st_open(s, "DELETE FROM account_grant WHERE account = ?");

    st_int(&d, n);
    HN_TRY(st_do(&d));
    for (size_t i = 0; i < n_grants; i++) {
        struct st q = st_open(s, "INSERT INTO account_grant VALUES (?, ?, ?)");
        st_int(&q, n);
        st_int(&q, s->orgs[store_org_at(s, g[i].org)].n);
        st_int(&q, g[i].role);
        struct hn_err e = st_do(&q);
        if (e.code == HN_E_EXISTS)
            return store_fail(s, HN_E_INVALID, "an organisation is granted twice");
        HN_TRY(e);
    }
    return HN_OK;
}

static struct hn_err valid_grants(struct hn_store *s, const struct hn_principal *p, const struct hn_grant *g, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        HN_TRY(store_need(s, p, store_org_at(s, g[i].org), HN_ROLE_ADMIN));
        if (g[i].role < HN_ROLE_VIEWER || g[i].role > HN_ROLE_ADMIN)
            return store_fail(s, HN_E_INVALID, "there is no such role");
    }
    if (n == 0 && store_role(s, p, 0) < HN_ROLE_ADMIN)
        return store_fail(s, HN_E_PERM, "an account without grants needs an admin of the root organisation");
    return HN_OK;
}

static struct hn_err valid_account(struct hn_store *s, struct hn_str user, struct hn_str name, struct hn_str lang)
{
    if (user.n > 128 || name.n > 256 || lang.n > 16)
        return store_fail(s, HN_E_INVALID, "the name is too long");
    for (size_t i = 0; i < user.n; i++)
        if ((unsigned char)user.p[i] <= ' ' || user.p[i] == 0x7f)
            return store_fail(s, HN_E_INVALID, "a user name has no blanks or control characters");
    return HN_OK;
}

/* Where a change of an account is audited: at its first grant, so that those who rule it see it. */
static int64_t home_of(const struct hn_store *s, const struct hn_grant *g, size_t n)
{
    uint32_t at = n ? store_org_at(s, g[0].org) : 0;

    return s->orgs[at == STORE_NONE ? 0 : at].n;
}

static struct hn_err put(struct hn_store *s, const struct hn_principal *p, const struct hn_str text[5],
                         const struct hn_grant *grants, size_t n_grants)
{
    struct st q = st_open(s, "INSERT INTO account (id, user, name, lang, password, created) VALUES (?, ?, ?, ?, ?, ?)");

    for (int i = 0; i < 5; i++)
        st_str(&q, text[i]);
    st_int(&q, hn_now());
    struct hn_err e = st_do(&q);
    if (e.code == HN_E_EXISTS)
        return store_fail(s, HN_E_EXISTS, "this user name is taken");
    HN_TRY(e);
    HN_TRY(put_grants(s, sqlite3_last_insert_rowid(s->db), grants, n_grants));
    return store_audit_add(s, p, home_of(s, grants, n_grants), "account.create", text[0], text[1]);
}

struct hn_err hn_store_account_put(struct hn_store *s, const struct hn_principal *p, struct hn_str user,
                                   struct hn_str name, struct hn_str lang, struct hn_str password,
                                   const struct hn_grant *grants, size_t n_grants, struct hn_arena *a,
                                   struct hn_str *ret_id)
{
    char id[HN_ID_TEXT];

    store_ask(s, p);
    HN_TRY(valid_grants(s, p, grants, n_grants));
    HN_TRY(valid_account(s, user, name, lang));
    if (!user.n)
        return store_fail(s, HN_E_INVALID, "an account needs a user name");
    HN_TRY(hn_id_new(id));
    struct hn_str text[5] = {hn_str_c(id), user, name.n ? name : user, lang.n ? lang : HN_STR("en"), password};
    HN_TRY(store_begin(s));
    HN_TRY(store_end(s, put(s, p, text, grants, n_grants)));
    *ret_id = hn_arena_str(a, hn_str_c(id));
    return a->failed ? store_nomem(s) : HN_OK;
}

static struct hn_err end_sessions(struct hn_store *s, int64_t n, struct hn_str keep)
{
    struct st q = st_open(s, "DELETE FROM session WHERE account = ? AND token <> ?");

    st_int(&q, n);
    st_str(&q, keep);
    return st_do(&q);
}

static struct hn_err an_admin_is_left(struct hn_store *s)
{
    int64_t n;
    struct st q = st_open(s, "SELECT count(*) FROM account_grant g JOIN account a ON a.n = g.account "
                             "WHERE g.org = 1 AND g.role = 4 AND a.disabled = 0");

    HN_TRY(st_one(&q, &n));
    return n ? HN_OK : store_fail(s, HN_E_STATE, "the last admin of the root organisation must stay one");
}

static bool rules_all(const struct hn_store_account *x)
{
    for (size_t i = 0; i < x->n_grants; i++)
        if (hn_str_eqc(x->grants[i].org, HN_STORE_ROOT) && x->grants[i].role == HN_ROLE_ADMIN)
            return !x->disabled;
    return false;
}

static struct hn_err change(struct hn_store *s, const struct hn_principal *p, int64_t n,
                            const struct hn_store_account *x, const struct hn_store_account_change *c)
{
    struct st q = st_open(s, "UPDATE account SET name = ?, lang = ?, disabled = ? WHERE n = ?");

    st_str(&q, c->name.n ? c->name : x->name);
    st_str(&q, c->lang.n ? c->lang : x->lang);
    st_int(&q, c->disabled < 0 ? x->disabled : c->disabled != 0);
    st_int(&q, n);
    HN_TRY(st_do(&q));
    if (c->grants)
        HN_TRY(put_grants(s, n, c->grants, c->n_grants));
    if (c->disabled > 0)
        HN_TRY(end_sessions(s, n, HN_STR("")));
    if (rules_all(x))
        HN_TRY(an_admin_is_left(s));
    return store_audit_add(s, p, home_of(s, x->grants, x->n_grants), "account.change", x->id,
                           c->grants          ? HN_STR("grants")
                           : c->disabled > 0  ? HN_STR("disabled")
                           : c->disabled == 0 ? HN_STR("enabled")
                                              : HN_STR("name"));
}

struct hn_err hn_store_account_change(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                      const struct hn_store_account_change *c)
{
    struct hn_store_account x = {0};
    struct hn_arena a;
    int64_t n = 0;

    store_ask(s, p);
    hn_arena_init(&a, 4 << 20);
    struct hn_err e = account_need(s, p, id, &a, &n, &x);
    bool own = hn_ok(e) && p->account.n && hn_str_eq(p->account, x.id) && c->disabled < 0 && !c->grants;
    if (hn_ok(e) && !own && !rules_account(s, p, x.grants, x.n_grants))
        e = store_fail(s, HN_E_PERM, "this needs an admin of everything that the account is granted");
    if (hn_ok(e) && c->grants)
        e = valid_grants(s, p, c->grants, c->n_grants);
    if (hn_ok(e))
        e = valid_account(s, HN_STR(""), c->name, c->lang);
    if (hn_ok(e))
        e = store_begin(s);
    if (hn_ok(e))
        e = store_end(s, change(s, p, n, &x, c));
    hn_arena_done(&a);
    return e;
}

static struct hn_err set_password(struct hn_store *s, const struct hn_principal *p, int64_t n,
                                  const struct hn_store_account *x, struct hn_str password, struct hn_str keep)
{
    struct st q = st_open(s, "UPDATE account SET password = ? WHERE n = ?");

    st_str(&q, password);
    st_int(&q, n);
    HN_TRY(st_do(&q));
    HN_TRY(end_sessions(s, n, keep));
    return store_audit_add(s, p, home_of(s, x->grants, x->n_grants), "account.password", x->id, HN_STR(""));
}

struct hn_err hn_store_account_password(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                        struct hn_str password, struct hn_str keep)
{
    struct hn_store_account x = {0};
    struct hn_arena a;
    int64_t n = 0;

    store_ask(s, p);
    hn_arena_init(&a, 4 << 20);
    struct hn_err e = account_need(s, p, id, &a, &n, &x);
    bool own = hn_ok(e) && p->account.n && hn_str_eq(p->account, x.id);
    if (hn_ok(e) && !own && !rules_account(s, p, x.grants, x.n_grants))
        e = store_fail(s, HN_E_PERM, "this needs an admin of everything that the account is granted");
    if (hn_ok(e))
        e = store_begin(s);
    if (hn_ok(e))
        e = store_end(s, set_password(s, p, n, &x, password, keep));
    hn_arena_done(&a);
    return e;
}

/* For sessions. */
struct hn_err store_account_full(struct hn_store *s, int64_t n, struct hn_arena *a, struct hn_store_account *ret)
{
    return read_account(s, n, false, a, ret);
}
