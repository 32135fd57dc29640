/* One request of the store role: from the message to the answer. */
#include <stdio.h>

#include "base/mem.h"
#include "base/str.h"
#include "core/msg.h"
#include "core/ops_in.h"
#include "core/password.h"
#include "core/store_call.h"

#define CSRF_MEMBER "csrf"

static bool allowed(const struct hn_principal *p, enum hn_need need)
{
    static const enum hn_role role_of[] = {[HN_NEED_VIEWER] = HN_ROLE_VIEWER,
                                           [HN_NEED_OPERATOR] = HN_ROLE_OPERATOR,
                                           [HN_NEED_APPROVER] = HN_ROLE_APPROVER,
                                           [HN_NEED_ADMIN] = HN_ROLE_ADMIN};

    if (need <= HN_NEED_SESSION || p->system)
        return true;
    for (size_t i = 0; i < p->n_grants; i++)
        if (p->grants[i].role >= role_of[need])
            return true;
    return false;
}

/* The principal of an HTTP request: its session. A changing request must show the session's CSRF token too, and only
 * tokens in headers count, which another site's page cannot set. */
static struct hn_err sign_in_check(struct hn_op_ctx *c, const struct hn_op *op, struct hn_str csrf,
                                   struct hn_store_session *s)
{
    char hash[HN_TOKEN_TEXT];

    if (op->need == HN_NEED_NONE)
        return HN_OK;
    if (!c->session.n)
        return (struct hn_err){HN_E_AUTH};
    hn_token_hash(c->session, hash);
    struct hn_err e = hn_store_session_get(c->store, hn_str_c(hash), c->arena, s);
    if (e.code == HN_E_NOENT)
        return (struct hn_err){HN_E_AUTH};
    HN_TRY(ops_store(c, e));
    if ((op->flags & HN_OP_CHANGES) && !hn_equal_secret(csrf, s->csrf))
        return hn_op_fail(c, HN_E_PERM, "error.csrf", HN_OP_END);
    c->who = &s->principal;
    return HN_OK;
}

static struct hn_err run(struct hn_op_ctx *c, const struct hn_jv *req, const struct hn_principal *local)
{
    struct hn_str name = hn_jv_str(req, "op");
    const struct hn_op *op = hn_op_find(name);
    struct hn_store_session *s = HN_NEW(c->arena, struct hn_store_session);

    if (!s)
        return (struct hn_err){HN_E_NOMEM};
    if (!op || (op->need == HN_NEED_LOCAL && !local))
        return hn_op_fail(c, HN_E_NOENT, "error.no-operation", HN_OP_END);
    c->who = local;
    if (!local)
        HN_TRY(sign_in_check(c, op, hn_jv_str(req, CSRF_MEMBER), s));
    if (op->need < HN_NEED_LOCAL && c->who && !allowed(c->who, op->need))
        return (struct hn_err){HN_E_PERM};
    HN_TRY(hn_op_check(op, hn_jv_get(req, "args"), c, &c->args));
    HN_TRY(op->handler(c));
    if (c->arena->failed)
        return (struct hn_err){HN_E_NOMEM};
    return hn_buf_err(c->out);
}

static void answer_head(struct hn_jw *w, const struct hn_jv *req)
{
    const struct hn_jv *id = hn_jv_get(req, "id");

    hn_jw_obj(w);
    if (id && id->kind == HN_JV_INT)
        hn_jw_kint(w, "id", id->i);
}

static void answer(struct hn_buf *out, const struct hn_jv *req, const struct hn_op_ctx *c, struct hn_err e)
{
    struct hn_jw w;

    hn_jw_init(&w, out);
    answer_head(&w, req);
    if (hn_ok(e)) {
        hn_jw_kbool(&w, "ok", true);
        if (c->set_session[0])
            hn_jw_kc(&w, "set_session", c->set_session);
        if (c->type) {
            hn_jw_kc(&w, "type", c->type);
            hn_jw_kstr(&w, "text", hn_buf_text(c->out));
        } else {
            hn_jw_key(&w, "body");
            hn_jw_raw(&w, hn_buf_text(c->out));
        }
    } else {
        hn_jw_key(&w, "error");
        hn_op_error_write(&w, c, e);
    }
    hn_jw_obj_end(&w);
}

void hn_store_call(struct hn_store *s, struct hn_role_state *role, const struct hn_principal *local,
                   struct hn_bytes request, struct hn_arena *a, struct hn_buf *ret)
{
    HN_AUTO(hn_buf_done) struct hn_buf out = {0};
    struct hn_jw w;
    struct hn_op_ctx c = {
        .store = s, .arena = a, .out = &out, .w = &w, .role = role, .now = hn_now(), .local = local != NULL};
    const struct hn_jv *req = hn_jv_parse(a, request, &c.diag);
    struct hn_err e;

    hn_buf_init(&out, HN_MSG_MAX_ANSWER);
    hn_jw_init(&w, &out);
    if (req && req->kind == HN_JV_OBJ) {
        c.session = hn_jv_str(req, "session");
        c.peer = hn_jv_str(req, "peer");
        if (local)
            c.peer = HN_STR("local");
        role->request = hn_jv_int(req, "id", -1);
        e = run(&c, req, local);
    } else {
        e = (struct hn_err){HN_E_INVALID};
    }
    if (hn_ok(e) && (role->defer || role->later))
        return;
    role->defer = role->later = false;
    answer(ret, req, &c, e);
    if (ret->bad) { /* larger than an answer may be */
        hn_buf_clear(ret);
        answer(ret, req, &c, (struct hn_err){HN_E_LIMIT});
    }
}
