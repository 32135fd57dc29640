/* The value tree. Recursion is bounded by the reader's depth, memory by the arena. */
#include <stdlib.h>

#include "base/json.h"
#include "base/str.h"

/* Grows by doubling; what the arena loses by that is less than the result. */
static bool grow(struct hn_arena *a, struct hn_jv *v, size_t *cap)
{
    if (v->n < *cap)
        return true;
    size_t more = *cap ? *cap * 2 : 4;
    struct hn_jv *items = hn_arena_alloc(a, more * sizeof *items);
    struct hn_str *keys = v->kind == HN_JV_OBJ ? hn_arena_alloc(a, more * sizeof *keys) : NULL;
    if (!items || (v->kind == HN_JV_OBJ && !keys))
        return false;
    if (v->n) {
        memcpy(items, v->items, v->n * sizeof *items);
        if (keys)
            memcpy(keys, v->keys, v->n * sizeof *keys);
    }
    v->items = items;
    v->keys = keys;
    *cap = more;
    return true;
}

static int by_key_then_place(const void *x, const void *y)
{
    const struct hn_str *a = *(const struct hn_str *const *)x, *b = *(const struct hn_str *const *)y;
    int d = hn_str_cmp(*a, *b);

    return d ? d : (a > b) - (a < b);
}

/* Duplicate keys keep the last. Sorting bounds the work that a hostile object with very many keys can cause. */
static bool drop_duplicates(struct hn_arena *a, struct hn_jv *v)
{
    const struct hn_str **order = hn_arena_alloc(a, v->n * sizeof *order);
    bool *drop = hn_arena_alloc(a, v->n);
    size_t n = 0;

    if (!order || !drop)
        return false;
    for (size_t i = 0; i < v->n; i++)
        order[i] = &v->keys[i];
    qsort(order, v->n, sizeof *order, by_key_then_place);
    for (size_t i = 0; i + 1 < v->n; i++)
        if (hn_str_eq(*order[i], *order[i + 1]))
            drop[order[i] - v->keys] = true;
    for (size_t i = 0; i < v->n; i++) {
        if (drop[i])
            continue;
        v->keys[n] = v->keys[i];
        v->items[n++] = v->items[i];
    }
    v->n = n;
    return true;
}

/* For the usual small object: without memory. */
static void drop_duplicates_small(struct hn_jv *v)
{
    size_t n = 0;

    for (size_t i = 0; i < v->n; i++) {
        bool again = false;
        for (size_t j = i + 1; j < v->n && !again; j++)
            again = hn_str_eq(v->keys[i], v->keys[j]);
        if (again)
            continue;
        v->keys[n] = v->keys[i];
        v->items[n++] = v->items[i];
    }
    v->n = n;
}

struct building {
    struct hn_arena *nodes, *texts;
    struct hn_jr *r;
};

static bool build(struct building *b, enum hn_jtok t, struct hn_jv *v);

static bool build_array(struct building *b, struct hn_jv *v)
{
    size_t cap = 0;
    enum hn_jtok t;

    v->kind = HN_JV_ARR;
    while ((t = hn_jr_next(b->r)) != HN_J_ARR_END) {
        if (t == HN_J_ERR || !grow(b->nodes, v, &cap) || !build(b, t, &v->items[v->n]))
            return false;
        v->n++;
    }
    return true;
}

static bool build_object(struct building *b, struct hn_jv *v)
{
    size_t cap = 0;
    enum hn_jtok t;

    v->kind = HN_JV_OBJ;
    while ((t = hn_jr_next(b->r)) != HN_J_OBJ_END) {
        if (t == HN_J_ERR || !grow(b->nodes, v, &cap))
            return false;
        v->keys[v->n] = hn_jr_text(b->r, b->texts);
        if (!build(b, hn_jr_next(b->r), &v->items[v->n]))
            return false;
        v->n++;
    }
    if (v->n > 16)
        return drop_duplicates(b->nodes, v);
    drop_duplicates_small(v);
    return true;
}

static bool build(struct building *b, enum hn_jtok t, struct hn_jv *v)
{
    *v = (struct hn_jv){.kind = HN_JV_NULL};
    switch (t) {
    case HN_J_OBJ:
        return build_object(b, v);
    case HN_J_ARR:
        return build_array(b, v);
    case HN_J_STR:
        v->kind = HN_JV_STR;
        v->s = hn_jr_text(b->r, b->texts);
        return !b->texts->failed;
    case HN_J_NUM:
        v->kind = hn_jr_int(b->r, &v->i) ? HN_JV_INT : HN_JV_NUM;
        v->d = hn_jr_num(b->r);
        return true;
    case HN_J_TRUE:
    case HN_J_FALSE:
        v->kind = HN_JV_BOOL;
        v->b = t == HN_J_TRUE;
        return true;
    case HN_J_NULL:
        return true;
    default:
        return false;
    }
}

static const struct hn_jv *build_whole(struct building *b, enum hn_jtok t)
{
    struct hn_jv *v = HN_NEW(b->nodes, struct hn_jv);

    return v && build(b, t, v) && !b->nodes->failed && !b->texts->failed ? v : NULL;
}

const struct hn_jv *hn_jv_build(struct hn_arena *a, struct hn_jr *r, enum hn_jtok t)
{
    return build_whole(&(struct building){a, a, r}, t);
}

const struct hn_jv *hn_jv_parse_apart(struct hn_arena *nodes, struct hn_arena *texts, struct hn_bytes text,
                                      struct hn_diag *reterr)
{
    struct hn_jr r;

    hn_jr_init(&r, text, 0, 0);
    const struct hn_jv *v = build_whole(&(struct building){nodes, texts, &r}, hn_jr_next(&r));
    if (v && hn_jr_next(&r) == HN_J_END)
        return v;
    struct hn_err e = r.why ? hn_fail(reterr, HN_E_INVALID, "not JSON: %s at byte %zu", r.why, r.at)
                            : hn_fail(reterr, HN_E_NOMEM, "%s", hn_err_text((struct hn_err){HN_E_NOMEM}));
    (void)e; /* NULL says it */
    return NULL;
}

const struct hn_jv *hn_jv_parse(struct hn_arena *a, struct hn_bytes text, struct hn_diag *reterr)
{
    return hn_jv_parse_apart(a, a, text, reterr);
}

const struct hn_jv *hn_jv_get(const struct hn_jv *obj, const char *key)
{
    struct hn_str k = hn_str_c(key);

    if (!obj || obj->kind != HN_JV_OBJ)
        return NULL;
    for (size_t i = 0; i < obj->n; i++)
        if (hn_str_eq(obj->keys[i], k))
            return &obj->items[i];
    return NULL;
}

static const struct hn_jv *get_kind(const struct hn_jv *obj, const char *key, enum hn_jkind kind)
{
    const struct hn_jv *v = hn_jv_get(obj, key);
    return v && v->kind == kind ? v : NULL;
}

struct hn_str hn_jv_str(const struct hn_jv *obj, const char *key)
{
    const struct hn_jv *v = get_kind(obj, key, HN_JV_STR);
    return v ? v->s : (struct hn_str){NULL, 0};
}

int64_t hn_jv_int(const struct hn_jv *obj, const char *key, int64_t dflt)
{
    const struct hn_jv *v = get_kind(obj, key, HN_JV_INT);
    return v ? v->i : dflt;
}

double hn_jv_num(const struct hn_jv *obj, const char *key, double dflt)
{
    const struct hn_jv *v = hn_jv_get(obj, key);
    return v && (v->kind == HN_JV_NUM || v->kind == HN_JV_INT) ? v->d : dflt;
}

bool hn_jv_bool(const struct hn_jv *obj, const char *key, bool dflt)
{
    const struct hn_jv *v = get_kind(obj, key, HN_JV_BOOL);
    return v ? v->b : dflt;
}

void hn_jw_value(struct hn_jw *w, const struct hn_jv *v)
{
    switch (v->kind) {
    case HN_JV_BOOL:
        hn_jw_bool(w, v->b);
        break;
    case HN_JV_INT:
        hn_jw_int(w, v->i);
        break;
    case HN_JV_NUM:
        hn_jw_num(w, v->d);
        break;
    case HN_JV_STR:
        hn_jw_str(w, v->s);
        break;
    case HN_JV_ARR:
        hn_jw_arr(w);
        for (size_t i = 0; i < v->n; i++)
            hn_jw_value(w, &v->items[i]);
        hn_jw_arr_end(w);
        break;
    case HN_JV_OBJ:
        hn_jw_obj(w);
        for (size_t i = 0; i < v->n; i++) {
            hn_jw_key_str(w, v->keys[i]);
            hn_jw_value(w, &v->items[i]);
        }
        hn_jw_obj_end(w);
        break;
    case HN_JV_NULL:
        hn_jw_null(w);
        break;
    }
}
