/* Signing in and out. */
#include <stdio.h>

#include "base/hash.h"
#include "core/ops_in.h"
#include "core/password.h"
#include "core/store_role.h"

#define SESSION_LIFE      (12 * HN_HOUR)
#define BOOTSTRAP_LIFE    HN_HOUR
#define SIGN_INS_A_SECOND 4.0
#define SIGN_INS_BURST    16.0

static void session_write(struct hn_op_ctx *c, const struct hn_store_session *s)
{
    struct hn_jw *w = c->w;
    bool boot = s->account.n == 0;

    hn_jw_obj(w);
    hn_jw_key(w, "account");
    hn_jw_obj(w);
    hn_jw_kstr(w, "id", boot ? HN_STR("bootstrap") : s->account);
    hn_jw_kstr(w, "user", boot ? HN_STR("bootstrap") : s->who.user);
    hn_jw_kstr(w, "name", boot ? HN_STR("") : s->who.name);
    hn_jw_kstr(w, "lang", s->who.lang.n ? s->who.lang : HN_STR(""));
    hn_jw_kbool(w, "bootstrap", boot);
    hn_jw_key(w, "grants");
    hn_jw_arr(w);
    for (size_t i = 0; i < s->principal.n_grants; i++) {
        hn_jw_obj(w);
        hn_jw_kstr(w, "org", s->principal.grants[i].org);
        hn_jw_kc(w, "role", hn_role_name(s->principal.grants[i].role));
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
    hn_jw_obj_end(w);
    hn_jw_kstr(w, "csrf", s->csrf);
    hn_jw_ktime(w, "expires", s->expires);
    hn_jw_obj_end(w);
}

/* The session of the request; NOENT when there is none. */
static struct hn_err session_find(struct hn_op_ctx *c, struct hn_store_session *ret)
{
    char hash[HN_TOKEN_TEXT];

    if (!c->session.n)
        return (struct hn_err){HN_E_AUTH};
    hn_token_hash(c->session, hash);
    return hn_store_session_get(c->store, hn_str_c(hash), c->arena, ret);
}

static struct hn_err session_begin(struct hn_op_ctx *c, struct hn_str account, hn_time life)
{
    char hash[HN_TOKEN_TEXT], csrf[HN_TOKEN_TEXT];
    struct hn_store_session s;

    HN_TRY(hn_token_new(c->set_session));
    HN_TRY(hn_token_new(csrf));
    hn_token_hash(hn_str_c(c->set_session), hash);
    struct hn_err e = hn_store_session_put(c->store, hn_str_c(hash), account, hn_str_c(csrf), c->now + life);
    if (hn_ok(e))
        e = hn_store_session_get(c->store, hn_str_c(hash), c->arena, &s);
    if (!hn_ok(e)) {
        c->set_session[0] = 0;
        return ops_store(c, e);
    }
    session_write(c, &s);
    return HN_OK;
}

static struct hn_err wait_error(struct hn_op_ctx *c, hn_time wait)
{
    char secs[24];

    snprintf(secs, sizeof secs, "%lld", (long long)((wait + HN_SECOND - 1) / HN_SECOND));
    return hn_op_fail(c, HN_E_RATE, "error.rate-wait", "seconds", secs, HN_OP_END);
}

static struct hn_err may_try(struct hn_op_ctx *c, struct hn_str user)
{
    struct hn_role_state *r = c->role;
    hn_time mono = hn_monotonic();
    hn_time a = hn_limiter_wait(&r->by_account, user, mono), b = hn_limiter_wait(&r->by_address, c->peer, mono);

    if (a || b)
        return wait_error(c, a > b ? a : b);
    r->sign_in_tokens += (double)(mono - r->sign_in_at) / HN_SECOND * SIGN_INS_A_SECOND;
    r->sign_in_at = mono;
    if (r->sign_in_tokens > SIGN_INS_BURST)
        r->sign_in_tokens = SIGN_INS_BURST;
    if (r->sign_in_tokens < 1)
        return wait_error(c, HN_SECOND);
    r->sign_in_tokens -= 1;
    return HN_OK;
}

static struct hn_err refused(struct hn_op_ctx *c, struct hn_str user)
{
    hn_time mono = hn_monotonic();
    struct hn_str shown = hn_str_from_hostile(c->arena, hn_str_bytes(user), 80);

    hn_limiter_failed(&c->role->by_account, user, mono);
    hn_limiter_failed(&c->role->by_address, c->peer, mono);
    struct hn_str detail = hn_arena_fmt(c->arena, "from %.*s", HN_FMT(c->peer));
    HN_TRY(hn_store_audit_put(c->store, &hn_principal_system, HN_STR(HN_STORE_ROOT), "session.refused", shown, detail));
    return hn_op_fail(c, HN_E_AUTH, "error.sign-in", HN_OP_END);
}

static struct hn_err by_token(struct hn_op_ctx *c, struct hn_str token)
{
    char hash[HN_TOKEN_TEXT];
    static const struct hn_str user = HN_STR_INIT("bootstrap");

    HN_TRY(may_try(c, user));
    hn_token_hash(hn_str_trim(token), hash);
    struct hn_err e = hn_store_bootstrap_use(c->store, hn_str_c(hash));
    if (e.code == HN_E_NOENT)
        return refused(c, user);
    OPS_STORE(e);
    hn_limiter_cleared(&c->role->by_account, user);
    return session_begin(c, (struct hn_str){NULL, 0}, BOOTSTRAP_LIFE);
}

static struct hn_err create(struct hn_op_ctx *c)
{
    struct hn_str user = ops_arg(c, "user"), password = ops_arg(c, "password"), token = ops_arg(c, "token");
    struct hn_store_account acc = {0};

    if (token.n)
        return by_token(c, token);
    if (!user.n || !password.n)
        return hn_op_fail(c, HN_E_INVALID, "error.sign-in-how", HN_OP_END);
    HN_TRY(may_try(c, user));
    struct hn_err e = hn_store_account_by_user(c->store, user, c->arena, &acc);
    if (!hn_ok(e) && e.code != HN_E_NOENT)
        return ops_store(c, e);
    bool known = hn_ok(e) && !acc.disabled;
    bool right = hn_password_check(password, known ? acc.password : (struct hn_str){NULL, 0});
    if (!known || !right)
        return refused(c, user);
    hn_limiter_cleared(&c->role->by_account, user);
    hn_limiter_cleared(&c->role->by_address, c->peer);
    return session_begin(c, acc.id, SESSION_LIFE);
}

static struct hn_err get(struct hn_op_ctx *c)
{
    struct hn_store_session s;
    struct hn_err e = session_find(c, &s);

    if (!hn_ok(e))
        e.code = e.code == HN_E_NOENT ? HN_E_AUTH : e.code;
    if (!hn_ok(e))
        return e;
    session_write(c, &s);
    return HN_OK;
}

static struct hn_err end(struct hn_op_ctx *c)
{
    char hash[HN_TOKEN_TEXT];

    hn_token_hash(c->session, hash);
    OPS_STORE(hn_store_session_end(c->store, hn_str_c(hash)));
    snprintf(c->set_session, sizeof c->set_session, "-");
    return ops_done(c);
}

static const struct hn_op_param create_params[] = {
    {"user", HN_IN_BODY, HN_PT_STR, false, NULL, "account name", 0, 128},
    {"password", HN_IN_BODY, HN_PT_STR, false, NULL, "its password", 0, HN_PASSWORD_MOST},
    {"token", HN_IN_BODY, HN_PT_STR, false, NULL, "one-time token printed by `hinomi serve`", 0, 128},
    OPS_END};

const struct hn_op hn_ops_session[] = {
    {"session.create", "POST", "session", HN_NEED_NONE, 0, create_params, "session",
     "Signs in; sets the session cookie", create},
    {"session.get", "GET", "session", HN_NEED_NONE, 0, NULL, "session", "Who is signed in, and the CSRF token", get},
    {"session.end", "DELETE", "session", HN_NEED_SESSION, HN_OP_CHANGES, NULL, "done", "Signs out", end},
    {0}};
