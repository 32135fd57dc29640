/* HTTP ⇄ operations: method, path, query and body become one object of arguments; the answer becomes a response. */
#include <stdio.h>

#include "base/mem.h"
#include "base/str.h"
#include "core/msg.h"
#include "httpd/httpd_in.h"

#define REQUEST_MEMORY (24u << 20)
static const char json_type[] = "application/json";
static const char no_store[] = "no-store";

/* ---------------------------------------------------------------- errors */

void httpd_error(struct hn_http_req *r, unsigned status, struct hn_err e, const char *key, const char *param,
                 struct hn_str value)
{
    HN_AUTO(hn_buf_done) struct hn_buf b = {0};
    struct hn_param p = {param, value, NULL};
    struct hn_arena a;
    struct hn_jw w;
    struct hn_op_ctx c = {.arena = &a, .err_key = key, .err_params = param ? &p : NULL};
    struct hn_http_header allow = {"Allow", value};

    hn_arena_init(&a, 64 << 10);
    hn_buf_init(&b, 16 << 10);
    hn_jw_init(&w, &b);
    hn_jw_obj(&w);
    hn_jw_key(&w, "error");
    hn_op_error_write(&w, &c, e);
    hn_jw_obj_end(&w);
    httpd_reply(r, status, json_type, no_store, hn_buf_text(&b), &allow, status == 405);
    hn_arena_done(&a);
}

static void error(struct hn_http_req *r, unsigned status, enum hn_err_code code, const char *key)
{
    httpd_error(r, status, (struct hn_err){code}, key, NULL, (struct hn_str){NULL, 0});
}

/* ---------------------------------------------------------------- asking */

bool httpd_ask(struct httpd *h, struct hn_http_req *r, const char *op, struct hn_str session, struct hn_str args,
               bool for_stream)
{
    HN_AUTO(hn_buf_done) struct hn_buf b = {0};
    struct httpd_pending *p = NULL;
    struct hn_jw w;

    for (size_t i = 0; i < HTTPD_PENDING && !p; i++)
        if (!h->pending[i].id)
            p = &h->pending[i];
    if (!p || h->over)
        return false;
    hn_buf_init(&b, r->large ? HN_MSG_MAX_LOCAL : HN_MSG_MAX_HTTP + (1u << 20));
    hn_jw_init(&w, &b);
    hn_jw_obj(&w);
    hn_jw_kint(&w, "id", ++h->ids);
    hn_jw_kc(&w, "op", op);
    if (session.n)
        hn_jw_kstr(&w, "session", session);
    if (r->csrf.n)
        hn_jw_kstr(&w, "csrf", r->csrf);
    hn_jw_kstr(&w, "peer", r->peer);
    hn_jw_key(&w, "args");
    hn_jw_raw(&w, args);
    hn_jw_obj_end(&w);
    if (b.bad)
        return false;
    *p = (struct httpd_pending){h->ids, r, for_stream};
    hn_msg_add(&h->out, hn_buf_text(&b));
    return !h->out.bad;
}

/* ---------------------------------------------------------------- arguments */

struct reading {
    struct hn_arena a;
    struct hn_jv args;
    const char *why; /* error key */
    struct hn_str what;
};

static bool put(struct reading *q, struct hn_str name, const struct hn_jv *v)
{
    if (hn_jv_put(&q->a, &q->args, name, v))
        return true;
    q->why = "error.param-twice";
    q->what = hn_str_from_hostile(&q->a, hn_str_bytes(name), 80);
    return false;
}

static bool read_query(struct reading *q, struct hn_str query)
{
    struct hn_str pair, name;

    while (query.n && hn_str_split(&query, '&', &pair)) {
        struct hn_jv v = {.kind = HN_JV_STR};
        struct hn_str key = pair;
        if (!pair.n)
            continue;
        struct hn_str rest = pair;
        hn_str_split(&rest, '=', &key);
        if (!hn_percent_decode(key, true, &q->a, &name) || !hn_percent_decode(rest, true, &q->a, &v.s)) {
            q->why = "error.query";
            return false;
        }
        if (v.s.n && !put(q, name, &v)) /* "?org=" is no organisation, not the empty one */
            return false;
    }
    return true;
}

static bool read_body(struct reading *q, const struct hn_http_req *r)
{
    struct hn_diag d = {""};

    if (!r->body.n)
        return true;
    const struct hn_jv *v = hn_jv_parse(&q->a, hn_str_bytes(hn_buf_text(&r->body)), &d);
    if (!v) {
        q->why = "error.body-json";
        q->what = hn_arena_str(&q->a, hn_str_c(d.msg));
        return false;
    }
    if (v->kind != HN_JV_OBJ) {
        q->why = "error.args-object";
        return false;
    }
    for (size_t i = 0; i < v->n; i++)
        if (!put(q, v->keys[i], &v->items[i]))
            return false;
    return true;
}

static void ask_op(struct httpd *h, struct hn_http_req *r, const struct hn_op *op, struct reading *q)
{
    HN_AUTO(hn_buf_done) struct hn_buf b = {0};
    struct hn_jw w;
    struct hn_jv after = {.kind = HN_JV_STR, .s = r->last_event_id};

    if ((op->flags & HN_OP_STREAM) && r->last_event_id.n)
        (void)hn_jv_put(&q->a, &q->args, HN_STR("after"), &after);
    if (q->args.kind != HN_JV_OBJ)
        q->args = (struct hn_jv){.kind = HN_JV_OBJ};
    hn_buf_init(&b, HN_MSG_MAX_HTTP + (512u << 10));
    hn_jw_init(&w, &b);
    hn_jw_value(&w, &q->args);
    if (b.bad)
        error(r, 413, HN_E_LIMIT, NULL);
    else if (op->flags & HN_OP_STREAM)
        httpd_stream_open(h, r, hn_buf_text(&b));
    else if (!httpd_ask(h, r, op->name, httpd_session(r), hn_buf_text(&b), false))
        error(r, 503, HN_E_BUSY, NULL);
}

static bool is_json(struct hn_str type)
{
    struct hn_str first;

    return hn_str_split(&type, ';', &first) && hn_str_eqc(hn_str_trim(first), "application/json");
}

/* ---------------------------------------------------------------- documents */

static bool for_document(const struct hn_http_req *r)
{
    struct hn_jv args = {.kind = HN_JV_NULL};
    struct hn_arena a;
    bool yes = false;

    if (!hn_str_starts(r->path, "/api/v1/"))
        return false;
    hn_arena_init(&a, REQUEST_MEMORY);
    struct hn_str path = hn_str_cut(r->path, sizeof "/api/v1/" - 1, r->path.n);
    const struct hn_op *op = hn_op_route(r->method, path, &a, &args, NULL);
    yes = op && (op->flags & HN_OP_UPLOAD);
    hn_arena_done(&a);
    return yes;
}

size_t httpd_body_most(struct httpd *h, struct hn_http_req *r)
{
    if (h->large >= HTTPD_LARGE || !httpd_session(r).n || !r->csrf.n || !for_document(r))
        return HN_HTTP_BODY_MAX;
    h->large++;
    r->large = true;
    return HN_OP_UPLOAD_MOST;
}

/* {query…, "document": "the body"} */
static void ask_document(struct httpd *h, struct hn_http_req *r, const struct hn_op *op, struct reading *q)
{
    HN_AUTO(hn_buf_done) struct hn_buf b = {0};
    struct hn_jw w;

    if (hn_jv_get(&q->args, "document")) {
        httpd_error(r, 400, (struct hn_err){HN_E_INVALID}, "error.param-twice", "what", HN_STR("document"));
        return;
    }
    hn_buf_init(&b, HN_MSG_MAX_LOCAL - (64u << 10));
    hn_jw_init(&w, &b);
    hn_jw_obj(&w);
    for (size_t i = 0; q->args.kind == HN_JV_OBJ && i < q->args.n; i++) {
        hn_jw_key_str(&w, q->args.keys[i]);
        hn_jw_value(&w, &q->args.items[i]);
    }
    bool fits = hn_msg_put_document(&w, hn_str_bytes(hn_buf_text(&r->body)));
    hn_jw_obj_end(&w);
    if (b.bad || !fits)
        error(r, 413, HN_E_LIMIT, NULL);
    else if (!httpd_ask(h, r, op->name, httpd_session(r), hn_buf_text(&b), false))
        error(r, 503, HN_E_BUSY, NULL);
}

void httpd_api(struct httpd *h, struct hn_http_req *r, struct hn_str path)
{
    struct reading q = {.why = NULL};
    struct hn_str allowed = {NULL, 0};
    struct hn_str method = hn_str_eqc(r->method, "HEAD") ? HN_STR("GET") : r->method;

    hn_arena_init(&q.a, REQUEST_MEMORY);
    const struct hn_op *op = hn_op_route(method, path, &q.a, &q.args, &allowed);
    bool document = op && (op->flags & HN_OP_UPLOAD);
    if (r->too_long && document && !r->large && httpd_session(r).n)
        error(r, 503, HN_E_BUSY, "error.upload-busy");
    else if (r->too_long)
        error(r, 413, HN_E_LIMIT, NULL);
    else if (!op && allowed.n)
        httpd_error(r, 405, (struct hn_err){HN_E_INVALID}, "error.method", "allowed", allowed);
    else if (!op)
        error(r, 404, HN_E_NOENT, NULL);
    else if (r->body.n && !document && !is_json(r->content_type))
        error(r, 415, HN_E_INVALID, "error.content-type");
    else if (!read_query(&q, r->query) || (!document && !read_body(&q, r)))
        httpd_error(r, 400, (struct hn_err){HN_E_INVALID}, q.why, "what", q.what);
    else if (document)
        ask_document(h, r, op, &q);
    else
        ask_op(h, r, op, &q);
    hn_arena_done(&q.a);
}

/* ---------------------------------------------------------------- answers */

static struct hn_str raw_member(struct hn_jr *r, struct hn_str json)
{
    size_t from = r->off;

    if (!hn_jr_skip(r))
        return (struct hn_str){NULL, 0};
    struct hn_str v = hn_str_trim(hn_str_cut(json, from, r->off));
    if (v.n && v.p[0] == ':')
        v = hn_str_trim(hn_str_cut(v, 1, v.n));
    return v;
}

struct answer {
    int64_t id, events;
    struct hn_str body, error, text, type, set_session; /* body, error: raw JSON */
    bool ok, has_text;
};

static bool read_answer(struct hn_str json, struct hn_arena *a, struct answer *ret)
{
    struct hn_jr r;
    enum hn_jtok t;

    *ret = (struct answer){.events = -1};
    hn_jr_init(&r, hn_str_bytes(json), 0, 0);
    if (hn_jr_next(&r) != HN_J_OBJ)
        return false;
    while ((t = hn_jr_next(&r)) == HN_J_KEY) {
        struct hn_str key = hn_jr_text(&r, a);
        if (hn_str_eqc(key, "body")) {
            ret->body = raw_member(&r, json);
        } else if (hn_str_eqc(key, "error")) {
            ret->error = raw_member(&r, json);
        } else if (hn_str_eqc(key, "id") && hn_jr_next(&r) == HN_J_NUM) {
            (void)hn_jr_int(&r, &ret->id);
        } else if (hn_str_eqc(key, "events") && hn_jr_next(&r) == HN_J_NUM) {
            (void)hn_jr_int(&r, &ret->events);
        } else if (hn_str_eqc(key, "ok")) {
            ret->ok = hn_jr_next(&r) == HN_J_TRUE;
        } else if (hn_str_eqc(key, "text") && hn_jr_next(&r) == HN_J_STR) {
            ret->text = hn_jr_text(&r, a);
            ret->has_text = true;
        } else if (hn_str_eqc(key, "type") && hn_jr_next(&r) == HN_J_STR) {
            ret->type = hn_jr_text(&r, a);
        } else if (hn_str_eqc(key, "set_session") && hn_jr_next(&r) == HN_J_STR) {
            ret->set_session = hn_jr_text(&r, a);
        } else {
            return false; /* the role says nothing else */
        }
    }
    return t == HN_J_OBJ_END;
}

static struct hn_http_header cookie(const struct httpd *h, struct hn_str token, struct hn_arena *a)
{
    const char *secure = h->secure ? "; Secure" : "";
    struct hn_str v;

    if (hn_str_eqc(token, "-"))
        v = hn_arena_fmt(a, HTTPD_COOKIE "=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0%s", secure);
    else
        v = hn_arena_fmt(a, HTTPD_COOKIE "=%.*s; Path=/; HttpOnly; SameSite=Strict; Max-Age=43200%s", HN_FMT(token),
                         secure);
    return (struct hn_http_header){"Set-Cookie", v};
}

static void reply_error(struct hn_http_req *r, const struct answer *ans, struct hn_arena *a)
{
    const struct hn_jv *v = hn_jv_parse(a, hn_str_bytes(ans->error), NULL);
    struct hn_str name = hn_jv_str(v, "name");
    struct hn_err e = {hn_err_from_name(name.p ? name.p : "", name.n)};
    int64_t wait = hn_jv_int(v, "retry_after", 0);
    struct hn_http_header retry = {"Retry-After", hn_arena_fmt(a, "%lld", (long long)wait)};
    struct hn_str body = hn_arena_fmt(a, "{\"error\":%.*s}", HN_FMT(ans->error));

    if (hn_ok(e))
        e.code = HN_E_IO;
    httpd_reply(r, (unsigned)hn_err_http(e), json_type, no_store, body, &retry, wait > 0);
}

static void reply_ok(const struct httpd *h, struct hn_http_req *r, const struct answer *ans, struct hn_arena *a)
{
    struct hn_http_header more[2];
    size_t n = 0;

    if (ans->set_session.n)
        more[n++] = cookie(h, ans->set_session, a);
    if (ans->has_text) {
        more[n++] = (struct hn_http_header){"Content-Disposition", HN_STR("attachment")};
        httpd_reply(r, 200, hn_arena_cstr(a, ans->type), no_store, ans->text, more, n);
    } else {
        httpd_reply(r, 200, json_type, no_store, ans->body, more, n);
    }
}

static void answer_one(struct httpd *h, struct httpd_pending *p, const struct answer *ans, struct hn_arena *a)
{
    struct hn_http_req *r = p->req;
    bool for_stream = p->for_stream;

    *p = (struct httpd_pending){0};
    if (!r)
        return;
    if (for_stream && ans->ok) {
        httpd_stream_answer(h, r, hn_jv_parse(a, hn_str_bytes(ans->body), NULL));
    } else if (ans->ok) {
        reply_ok(h, r, ans, a);
    } else {
        if (for_stream)
            httpd_stream_failed(h, r); /* a stream that has begun only ends; the reply below is then not sent */
        reply_error(r, ans, a);
    }
}

void httpd_answer(struct httpd *h, struct hn_str json)
{
    struct hn_arena a;
    struct answer ans;

    hn_arena_init(&a, 512u << 20);
    if (!read_answer(json, &a, &ans)) {
        h->over = true;
    } else if (ans.events >= 0) {
        httpd_stream_news(h, ans.events);
    } else {
        for (size_t i = 0; i < HTTPD_PENDING; i++)
            if (h->pending[i].id && h->pending[i].id == ans.id) {
                answer_one(h, &h->pending[i], &ans, &a);
                break;
            }
    }
    hn_arena_done(&a);
}

void httpd_gone(struct httpd *h, struct hn_http_req *r)
{
    for (size_t i = 0; i < HTTPD_PENDING; i++)
        if (h->pending[i].req == r)
            h->pending[i].req = NULL;
    h->large -= r->large;
    r->large = false;
    httpd_stream_gone(h, r);
}
