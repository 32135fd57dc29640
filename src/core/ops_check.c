/* Generic argument checks, from the table alone. */
#include <math.h>
#include <stdio.h>

#include "base/str.h"
#include "core/ops.h"

enum { NAMES_MAX = 64 };

static const struct hn_op_param *param_find(const struct hn_op *op, struct hn_str name)
{
    for (const struct hn_op_param *p = op->params; p && p->name; p++)
        if (hn_str_eqc(name, p->name))
            return p;
    return NULL;
}

static struct hn_err unknown(const struct hn_op *op, struct hn_op_ctx *c, struct hn_str name)
{
    const char *names[NAMES_MAX];
    size_t n = 0;

    for (const struct hn_op_param *p = op->params; p && p->name && n < NAMES_MAX; p++)
        names[n++] = p->name;
    struct hn_str shown = hn_str_from_hostile(c->arena, hn_str_bytes(name), 80);
    const char *near = hn_str_nearest(name, names, n), *cstr = hn_arena_cstr(c->arena, shown);
    if (near)
        return hn_op_fail(c, HN_E_INVALID, "error.param-unknown-near", "name", cstr, "near", near, HN_OP_END);
    return hn_op_fail(c, HN_E_INVALID, "error.param-unknown", "name", cstr, HN_OP_END);
}

static struct hn_err wrong(struct hn_op_ctx *c, const struct hn_op_param *p, const char *want)
{
    return hn_op_fail(c, HN_E_INVALID, "error.param-wrong", "name", p->name, "want", want, HN_OP_END);
}

static struct hn_err check_str(struct hn_op_ctx *c, const struct hn_op_param *p, struct hn_jv *v)
{
    size_t most = p->most ? (size_t)p->most : HN_PARAM_MAX;
    hn_time t;

    if (v->kind != HN_JV_STR)
        return wrong(c, p, "text");
    if (v->s.n > most)
        return hn_op_fail(c, HN_E_INVALID, "error.param-long", "name", p->name, HN_OP_END);
    if (p->required && hn_str_trim(v->s).n == 0)
        return hn_op_fail(c, HN_E_INVALID, "error.param-missing", "name", p->name, HN_OP_END);
    if (p->enums && !hn_str_is_word_of(v->s, hn_str_c(p->enums)))
        return wrong(c, p, p->enums);
    if (p->type == HN_PT_TIME && !hn_time_parse(v->s, &t))
        return wrong(c, p, "2026-11-22T05:00:00Z");
    return HN_OK;
}

static struct hn_err check_int(struct hn_op_ctx *c, const struct hn_op_param *p, struct hn_jv *v)
{
    char range[64];

    if (v->kind == HN_JV_STR && p->in != HN_IN_BODY && hn_str_i64(v->s, &v->i))
        v->kind = HN_JV_INT;
    if (p->least || p->most)
        snprintf(range, sizeof range, "%lld–%lld", (long long)p->least, (long long)p->most);
    else
        snprintf(range, sizeof range, "1234");
    if (v->kind != HN_JV_INT || ((p->least || p->most) && (v->i < p->least || v->i > p->most)))
        return wrong(c, p, range);
    return HN_OK;
}

static struct hn_err check_num(struct hn_op_ctx *c, const struct hn_op_param *p, struct hn_jv *v)
{
    char range[64] = "12.5";

    if (v->kind == HN_JV_STR && p->in != HN_IN_BODY) {
        struct hn_jr r;
        hn_jr_init(&r, hn_str_bytes(v->s), 0, 0);
        if (hn_jr_next(&r) == HN_J_NUM) {
            v->d = hn_jr_num(&r);
            v->kind = hn_jr_next(&r) == HN_J_END ? HN_JV_NUM : HN_JV_STR;
        }
    }
    if (p->least || p->most)
        snprintf(range, sizeof range, "%lld–%lld", (long long)p->least, (long long)p->most);
    double d = v->kind == HN_JV_NUM ? v->d : v->kind == HN_JV_INT ? (double)v->i : NAN;
    if (!isfinite(d) || ((p->least || p->most) && (d < (double)p->least || d > (double)p->most)))
        return wrong(c, p, range);
    return HN_OK;
}

static struct hn_err check_bool(struct hn_op_ctx *c, const struct hn_op_param *p, struct hn_jv *v)
{
    if (v->kind == HN_JV_STR && p->in != HN_IN_BODY) {
        v->b = hn_str_eqc(v->s, "true") || hn_str_eqc(v->s, "1");
        if (v->b || hn_str_eqc(v->s, "false") || hn_str_eqc(v->s, "0"))
            v->kind = HN_JV_BOOL;
    }
    return v->kind == HN_JV_BOOL ? HN_OK : wrong(c, p, "true | false");
}

/* A plain string stands for both languages. */
static struct hn_err check_text(struct hn_op_ctx *c, const struct hn_op_param *p, struct hn_jv *v)
{
    size_t most = p->most ? (size_t)p->most : HN_PARAM_MAX;
    struct hn_jv both = {0};

    if (v->kind == HN_JV_STR) {
        struct hn_jv one = *v;
        if (!hn_jv_put(c->arena, &both, HN_STR("en"), &one) || !hn_jv_put(c->arena, &both, HN_STR("ja"), &one))
            return (struct hn_err){HN_E_NOMEM};
        *v = both;
    }
    struct hn_str en = hn_jv_str(v, "en"), ja = hn_jv_str(v, "ja");
    if (v->kind != HN_JV_OBJ || v->n > 2 || (!en.n && !ja.n))
        return wrong(c, p, "{\"en\": \"…\", \"ja\": \"…\"}");
    if (en.n > most || ja.n > most)
        return hn_op_fail(c, HN_E_INVALID, "error.param-long", "name", p->name, HN_OP_END);
    return HN_OK;
}

static struct hn_err check_one(struct hn_op_ctx *c, const struct hn_op_param *p, struct hn_jv *v)
{
    switch (p->type) {
    case HN_PT_STR:
    case HN_PT_TIME:
        return check_str(c, p, v);
    case HN_PT_INT:
        return check_int(c, p, v);
    case HN_PT_NUM:
        return check_num(c, p, v);
    case HN_PT_BOOL:
        return check_bool(c, p, v);
    case HN_PT_TEXT:
        return check_text(c, p, v);
    case HN_PT_OBJ:
        return v->kind == HN_JV_OBJ ? HN_OK : wrong(c, p, "{…}");
    case HN_PT_ARR:
        return v->kind == HN_JV_ARR ? HN_OK : wrong(c, p, "[…]");
    }
    return HN_OK;
}

struct hn_err hn_op_check(const struct hn_op *op, const struct hn_jv *raw, struct hn_op_ctx *c,
                          const struct hn_jv **ret)
{
    struct hn_jv *args = HN_NEW(c->arena, struct hn_jv);

    if (!args)
        return (struct hn_err){HN_E_NOMEM};
    args->kind = HN_JV_OBJ;
    if (raw && raw->kind != HN_JV_OBJ && raw->kind != HN_JV_NULL)
        return hn_op_fail(c, HN_E_INVALID, "error.args-object", HN_OP_END);
    size_t n = raw && raw->kind == HN_JV_OBJ ? raw->n : 0;
    args->items = n ? hn_arena_alloc(c->arena, n * sizeof *args->items) : NULL;
    args->keys = n ? raw->keys : NULL;
    if (n && !args->items)
        return (struct hn_err){HN_E_NOMEM};
    for (size_t i = 0; i < n; i++) {
        const struct hn_op_param *p = param_find(op, raw->keys[i]);
        if (!p)
            return unknown(op, c, raw->keys[i]);
        args->items[i] = raw->items[i];
        if (args->items[i].kind != HN_JV_NULL) /* null = absent */
            HN_TRY(check_one(c, p, &args->items[i]));
    }
    args->n = n;
    for (const struct hn_op_param *p = op->params; p && p->name; p++) {
        const struct hn_jv *v = hn_jv_get(args, p->name);
        if (p->required && (!v || v->kind == HN_JV_NULL))
            return hn_op_fail(c, HN_E_INVALID, "error.param-missing", "name", p->name, HN_OP_END);
    }
    *ret = args;
    return HN_OK;
}
