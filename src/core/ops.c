/* The table's lookups and routes. */
#include "core/ops.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/hash.h"
#include "base/str.h"

const struct hn_op *const hn_op_parts[] = {hn_ops_session,
                                           hn_ops_overview,
                                           hn_ops_findings,
                                           hn_ops_assets,
                                           hn_ops_actions,
                                           hn_ops_orgs,
                                           hn_ops_sources,
                                           hn_ops_admin,
                                           hn_ops_local,
                                           hn_ops_run,
                                           hn_ops_software,
                                           hn_ops_software_vulns,
                                           hn_ops_software_put,
                                           hn_ops_software_upload,
                                           hn_ops_software_vex,
                                           hn_ops_network,
                                           hn_ops_ask,
                                           hn_ops_flows,
                                           NULL};

const struct hn_op *hn_op_next(size_t *i)
{
    size_t left = (*i)++;

    for (size_t p = 0; hn_op_parts[p]; p++)
        for (const struct hn_op *op = hn_op_parts[p]; op->name; op++)
            if (left-- == 0)
                return op;
    return NULL;
}

const struct hn_op *hn_op_find(struct hn_str name)
{
    size_t i = 0;
    const struct hn_op *op;

    while ((op = hn_op_next(&i)))
        if (hn_str_eqc(name, op->name))
            return op;
    return NULL;
}

const char *hn_need_name(enum hn_need n)
{
    static const char *const names[] = {"none", "session", "viewer", "operator", "approver", "admin", "local"};
    return names[n];
}

bool hn_percent_decode(struct hn_str in, bool form, struct hn_arena *a, struct hn_str *ret)
{
    char *out = hn_arena_alloc(a, in.n + 1);
    size_t n = 0;

    if (!out)
        return false;
    for (size_t i = 0; i < in.n; i++) {
        char ch = in.p[i];
        if (ch == '%') {
            if (in.n - i < 3 || hn_hex_digit(in.p[i + 1]) < 0 || hn_hex_digit(in.p[i + 2]) < 0)
                return false;
            ch = (char)(hn_hex_digit(in.p[i + 1]) * 16 + hn_hex_digit(in.p[i + 2]));
            i += 2;
        } else if (form && ch == '+') {
            ch = ' ';
        }
        out[n++] = ch;
    }
    return hn_str_from_utf8(hn_bytes_of(out, n), ret);
}

bool hn_jv_put(struct hn_arena *a, struct hn_jv *obj, struct hn_str key, const struct hn_jv *v)
{
    /* Objects built here are small; one array of the largest useful size is enough. */
    enum { MOST = 64 };

    if (obj->kind != HN_JV_OBJ) {
        *obj = (struct hn_jv){.kind = HN_JV_OBJ};
        obj->items = hn_arena_alloc(a, MOST * sizeof *obj->items);
        obj->keys = hn_arena_alloc(a, MOST * sizeof *obj->keys);
    }
    if (!obj->items || !obj->keys || obj->n >= MOST)
        return false;
    for (size_t i = 0; i < obj->n; i++)
        if (hn_str_eq(obj->keys[i], key))
            return false;
    obj->keys[obj->n] = key;
    obj->items[obj->n++] = *v;
    return true;
}

/* Compares a template with a path, segment by segment; fills ret_args with the {…} values. */
static bool path_matches(const char *template, struct hn_str path, struct hn_arena *a, struct hn_jv *ret_args)
{
    struct hn_str want = hn_str_c(template), w, p;

    *ret_args = (struct hn_jv){.kind = HN_JV_NULL};
    for (;;) {
        bool more_w = hn_str_split(&want, '/', &w), more_p = hn_str_split(&path, '/', &p);
        if (more_w != more_p)
            return false;
        if (!more_w)
            return true;
        if (w.n > 2 && w.p[0] == '{') {
            struct hn_jv v = {.kind = HN_JV_STR};
            if (p.n == 0 || !hn_percent_decode(p, false, a, &v.s) ||
                !hn_jv_put(a, ret_args, hn_str_cut(w, 1, w.n - 1), &v))
                return false;
        } else if (!hn_str_eq(w, p)) {
            return false;
        }
    }
}

const struct hn_op *hn_op_route(struct hn_str method, struct hn_str path, struct hn_arena *a, struct hn_jv *ret_args,
                                struct hn_str *ret_allowed)
{
    struct hn_buf allowed;
    const struct hn_op *op, *found = NULL;
    struct hn_jv args;
    size_t i = 0;

    hn_buf_init(&allowed, 256);
    while (!found && (op = hn_op_next(&i))) {
        if (!op->method || !path_matches(op->path, path, a, &args))
            continue;
        hn_buf_fmt(&allowed, "%s%s", allowed.n ? ", " : "", op->method);
        if (!hn_str_eqc(method, op->method))
            continue;
        found = op;
        *ret_args = args;
    }
    if (ret_allowed)
        *ret_allowed = hn_arena_str(a, hn_buf_text(&allowed));
    hn_buf_done(&allowed);
    return found;
}

struct hn_err hn_op_fail(struct hn_op_ctx *c, enum hn_err_code code, const char *key, ...)
{
    struct hn_param **tail = &c->err_params;
    const char *name;
    va_list ap;

    c->err_key = key;
    c->err_params = NULL;
    va_start(ap, key);
    while ((name = va_arg(ap, const char *))) {
        const char *value = va_arg(ap, const char *);
        struct hn_param *p = HN_NEW(c->arena, struct hn_param);
        if (!p)
            break;
        p->name = name;
        p->value = hn_arena_str(c->arena, hn_str_c(value));
        *tail = p;
        tail = &p->next;
    }
    va_end(ap);
    return (struct hn_err){code};
}

void hn_jw_text(struct hn_jw *w, struct hn_arena *a, const char *key, const struct hn_param *params)
{
    hn_jw_obj(w);
    hn_jw_kstr(w, "en", hn_text(a, HN_EN, key, params));
    hn_jw_kstr(w, "ja", hn_text(a, HN_JA, key, params));
    hn_jw_obj_end(w);
}

void hn_jw_ktext(struct hn_jw *w, struct hn_arena *a, const char *name, const char *key, const struct hn_param *params)
{
    hn_jw_key(w, name);
    hn_jw_text(w, a, key, params);
}

void hn_op_error_write(struct hn_jw *w, const struct hn_op_ctx *c, struct hn_err e)
{
    char key[64];

    snprintf(key, sizeof key, "error.%s", hn_err_name(e));
    hn_jw_obj(w);
    hn_jw_kc(w, "name", hn_err_name(e));
    hn_jw_ktext(w, c->arena, "message", c->err_key ? c->err_key : key, c->err_params);
    for (const struct hn_param *p = c->err_params; p && e.code == HN_E_RATE; p = p->next) {
        int64_t seconds;
        if (strcmp(p->name, "seconds") == 0 && hn_str_i64(p->value, &seconds))
            hn_jw_kint(w, "retry_after", seconds);
    }
    if (c->diag.msg[0])
        hn_jw_kstr(w, "detail", hn_str_from_hostile(c->arena, hn_bytes_of(c->diag.msg, strlen(c->diag.msg)), 512));
    hn_jw_obj_end(w);
}
