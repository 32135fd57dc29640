/* The queue of questions, and its two ends: asks.take and asks.report. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "core/ask.h"
#include "core/ops_in.h"
#include "core/store_role.h"

#define TASK_MAX   ((size_t)4 << 20)
#define ASKER_GONE (10 * HN_SECOND)                   /* it asks every two */
#define GIVE_UP    ((2 * HN_ASK_SECONDS) * HN_SECOND) /* those before it may have taken their time as well */

/* ---------------------------------------------------------------- asking */

static bool asker_here(const struct hn_role_state *r)
{
    for (size_t i = 0; i < HN_ASKS_MAX; i++)
        if (r->asks[i].used && r->asks[i].taken)
            return true; /* at work */
    return r->asker_seen && hn_monotonic() - r->asker_seen < ASKER_GONE;
}

void hn_ask_release(struct hn_ask *a)
{
    hn_buf_done(&a->task);
    hn_buf_done(&a->answer);
    *a = (struct hn_ask){.used = false};
}

static struct hn_err find_room(struct hn_op_ctx *c, struct hn_ask **ret)
{
    size_t own = 0;

    *ret = NULL;
    for (size_t i = 0; i < HN_ASKS_MAX; i++) {
        struct hn_ask *a = &c->role->asks[i];
        if (!a->used && !*ret)
            *ret = a;
        own += a->used && c->who && c->who->account.n && hn_str_eqc(c->who->account, a->account);
    }
    if (own >= HN_ASKS_OF_ONE)
        return (struct hn_err){HN_E_RATE};
    return *ret ? HN_OK : (struct hn_err){HN_E_BUSY};
}

struct hn_err hn_ask_begin(struct hn_op_ctx *c, const char *text_type, struct hn_ask_task *ret)
{
    if (!asker_here(c->role))
        return hn_op_fail(c, HN_E_STATE, "error.no-asker", HN_OP_END);
    HN_TRY(find_room(c, &ret->ask));
    *ret->ask = (struct hn_ask){.conn = c->role->serving, .request = c->role->request, .text_type = text_type};
    HN_TRY(hn_id_new(ret->ask->id));
    if (c->who)
        snprintf(ret->ask->account, sizeof ret->ask->account, "%.*s", HN_FMT(c->who->account));
    hn_buf_init(&ret->ask->task, TASK_MAX);
    hn_buf_init(&ret->ask->answer, HN_ASK_ANSWER + (1u << 20));
    hn_jw_init(&ret->w, &ret->ask->task);
    hn_jw_obj(&ret->w);
    hn_jw_kc(&ret->w, "id", ret->ask->id);
    hn_jw_kint(&ret->w, "seconds", HN_ASK_SECONDS);
    hn_jw_key(&ret->w, "argv");
    hn_jw_arr(&ret->w);
    return HN_OK;
}

void hn_ask_word(struct hn_ask_task *t, struct hn_str word)
{
    hn_jw_str(&t->w, word);
}

/* One word, "--name=value": what comes from a client is never a word of its own before "--". */
void hn_ask_option(struct hn_op_ctx *c, struct hn_ask_task *t, const char *name, struct hn_str value)
{
    if (value.n)
        hn_jw_str(&t->w, hn_arena_fmt(c->arena, "--%s=%.*s", name, HN_FMT(value)));
}

struct hn_err hn_ask_put(struct hn_op_ctx *c, struct hn_ask_task *t, struct hn_str input)
{
    hn_jw_arr_end(&t->w);
    hn_jw_kstr(&t->w, "input", input);
    hn_jw_obj_end(&t->w);
    if (t->ask->task.bad) {
        hn_ask_release(t->ask);
        return (struct hn_err){HN_E_LIMIT};
    }
    t->ask->used = true;
    t->ask->asked = hn_monotonic();
    c->role->later = true;
    return HN_OK;
}

/* Of one account so many at a time: whoever asks much leaves a worker to the others. */
static bool has_its_share(const struct hn_role_state *r, const struct hn_ask *of)
{
    size_t n = 0;

    for (size_t i = 0; *of->account && i < HN_ASKS_MAX; i++) {
        const struct hn_ask *a = &r->asks[i];
        n += a->used && a->taken && !a->done && strcmp(a->account, of->account) == 0;
    }
    return n >= HN_ASKS_AT_WORK;
}

/* The oldest that may be taken; HN_ASKS_MAX: none. */
static size_t next_ask(const struct hn_role_state *r)
{
    size_t next = HN_ASKS_MAX;

    for (size_t i = 0; i < HN_ASKS_MAX; i++) {
        const struct hn_ask *a = &r->asks[i];
        bool waits = a->used && !a->taken && !a->done;
        if (waits && (next == HN_ASKS_MAX || a->asked < r->asks[next].asked) && !has_its_share(r, a))
            next = i;
    }
    return next;
}

bool hn_asks_open(const struct hn_role_state *r)
{
    return next_ask(r) < HN_ASKS_MAX;
}

void hn_asks_gone(struct hn_role_state *r, unsigned conn)
{
    if (conn == r->asker)
        r->asker_seen = 0;
    for (size_t i = 0; i < HN_ASKS_MAX; i++) {
        struct hn_ask *a = &r->asks[i];
        if (a->used && a->taken && a->owner == conn && !a->done)
            a->taken = false;
        if (a->used && a->conn == conn)
            hn_ask_release(a);
    }
}

/* ---------------------------------------------------------------- answering */

static void finish(struct hn_ask *a, struct hn_op_ctx *c, struct hn_err e, struct hn_str body)
{
    struct hn_jw w;

    hn_buf_clear(&a->answer);
    hn_jw_init(&w, &a->answer);
    hn_jw_obj(&w);
    if (a->request >= 0)
        hn_jw_kint(&w, "id", a->request);
    if (!hn_ok(e)) {
        hn_jw_key(&w, "error");
        hn_op_error_write(&w, c, e);
    } else {
        hn_jw_kbool(&w, "ok", true);
        if (a->text_type) {
            hn_jw_kc(&w, "type", a->text_type);
            hn_jw_kstr(&w, "text", body);
        } else {
            hn_jw_key(&w, "body");
            hn_jw_raw(&w, body);
        }
    }
    hn_jw_obj_end(&w);
    a->done = true;
}

void hn_asks_expire(struct hn_role_state *r)
{
    for (size_t i = 0; i < HN_ASKS_MAX; i++) {
        struct hn_ask *a = &r->asks[i];
        if (!a->used || a->done || hn_monotonic() - a->asked < GIVE_UP)
            continue;
        HN_AUTO(hn_arena_done) struct hn_arena arena;
        hn_arena_init(&arena, 1 << 20);
        struct hn_op_ctx c = {.arena = &arena, .role = r};
        finish(a, &c, (struct hn_err){HN_E_TIMEOUT}, (struct hn_str){NULL, 0});
    }
}

/* Exactly one JSON value: what a worker printed goes into an answer as it is. */
static bool is_json(struct hn_str s)
{
    struct hn_jr r;

    hn_jr_init(&r, hn_str_bytes(s), 0, 0);
    return hn_jr_skip(&r) && hn_jr_next(&r) == HN_J_END;
}

/* A filter that was not understood: why, and where, which the console shows; or countries that no file tells. */
static struct hn_err not_understood(struct hn_op_ctx *c, struct hn_str out)
{
    const struct hn_jv *v = hn_jv_parse(c->arena, hn_str_bytes(out), NULL), *error = hn_jv_get(v, "error");
    struct hn_str why = hn_jv_str(error, "why");
    int64_t at = hn_jv_int(error, "at", -1);
    const char *place = hn_arena_fmt(c->arena, "%lld", (long long)at + 1).p;

    if (hn_str_eqc(why, "places"))
        return hn_op_fail(c, HN_E_STATE, "error.flow-places", HN_OP_END);
    if (!error || at < 0)
        return hn_op_fail(c, HN_E_INVALID, "error.ask-failed", HN_OP_END);
    (void)snprintf(c->diag.msg, sizeof c->diag.msg, "%lld: %.*s", (long long)at, HN_FMT(why));
    return hn_op_fail(c, HN_E_INVALID, "error.flow-filter", "at", place ? place : "?", HN_OP_END);
}

static struct hn_err judged(struct hn_op_ctx *c, const struct hn_ask *a, struct hn_str out)
{
    struct hn_str state = ops_arg(c, "state");
    int64_t code = hn_jv_int(c->args, "code", 3);

    if (hn_str_eqc(state, "timeout"))
        return hn_op_fail(c, HN_E_TIMEOUT, "error.ask-timeout", HN_OP_END);
    if (hn_str_eqc(state, "too-much"))
        return hn_op_fail(c, HN_E_LIMIT, "error.ask-too-much", HN_OP_END);
    if (!hn_str_eqc(state, "done"))
        return (struct hn_err){HN_E_DIED};
    if (code == 2)
        return not_understood(c, out);
    if (code > 1) {
        (void)snprintf(c->diag.msg, sizeof c->diag.msg, "%.*s", HN_FMT(ops_arg(c, "said")));
        return hn_op_fail(c, HN_E_IO, "error.ask-failed", HN_OP_END);
    }
    return a->text_type || !out.n || is_json(out) ? HN_OK : (struct hn_err){HN_E_CORRUPT};
}

static struct hn_err report(struct hn_op_ctx *c)
{
    struct hn_str out = ops_arg(c, "out");

    for (size_t i = 0; i < HN_ASKS_MAX; i++) {
        struct hn_ask *a = &c->role->asks[i];
        if (!a->used || a->done || !hn_str_eqc(ops_arg(c, "id"), a->id))
            continue;
        struct hn_op_ctx of = *c; /* the error is the questioner's, not the asker's */
        struct hn_err e = judged(&of, a, out);
        finish(a, &of, e, out.n ? out : HN_STR("{\"ok\":true}"));
    }
    return ops_done(c);
}

/* Waits, as jobs.take does. */
static struct hn_err take(struct hn_op_ctx *c)
{
    struct hn_role_state *r = c->role;
    int64_t wait = hn_jv_int(c->args, "wait_ms", 0);

    r->asker_seen = hn_monotonic();
    r->asker = r->serving;
    size_t i = next_ask(r);
    struct hn_ask *next = i < HN_ASKS_MAX ? &r->asks[i] : NULL;
    hn_jw_obj(c->w);
    hn_jw_key(c->w, "ask");
    if (next) {
        next->taken = true;
        next->owner = r->serving;
        hn_jw_raw(c->w, hn_buf_text(&next->task));
    } else {
        if (!r->defer_until)
            r->defer_until = r->asker_seen + wait * (HN_SECOND / 1000);
        r->defer = r->defer_until > r->asker_seen;
        r->defer_for_asks = r->defer;
        hn_jw_null(c->w);
    }
    hn_jw_obj_end(c->w);
    return HN_OK;
}

static const struct hn_op_param take_params[] = {
    {"wait_ms", HN_IN_BODY, HN_PT_INT, false, NULL, "how long to wait for one", 0, 60000}, OPS_END};
static const struct hn_op_param report_params[] = {
    {"id", HN_IN_BODY, HN_PT_STR, true, NULL, "of the question", 0, 64},
    {"state", HN_IN_BODY, HN_PT_STR, true, "done timeout too-much failed", "how it ended", 0, 0},
    {"code", HN_IN_BODY, HN_PT_INT, false, NULL, "exit code", 0, 255},
    {"out", HN_IN_BODY, HN_PT_STR, false, NULL, "what it printed", 0, HN_ASK_ANSWER},
    {"said", HN_IN_BODY, HN_PT_STR, false, NULL, "what it said on standard error", 0, 4096},
    OPS_END};

const struct hn_op hn_ops_ask[] = {
    {"asks.take", NULL, NULL, HN_NEED_LOCAL, 0, take_params, NULL, "Next question for a worker", take},
    {"asks.report", NULL, NULL, HN_NEED_LOCAL, 0, report_params, "done", "What became of a question", report},
    {0}};
