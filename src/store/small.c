/* Small things that several files need: growing arrays, lists of names as JSON, cursors. */
#include <inttypes.h>
#include <stdio.h>

#include "base/json.h"
#include "store/internal.h"

struct hn_err store_names_json(struct hn_store *s, const struct hn_str *names, size_t n, struct hn_arena *a,
                               struct hn_str *ret)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    struct hn_jw w;

    hn_buf_init(&b, 4 << 20);
    hn_jw_init(&w, &b);
    hn_jw_arr(&w);
    for (size_t i = 0; i < n; i++)
        hn_jw_str(&w, names[i]);
    hn_jw_arr_end(&w);
    if (b.bad)
        return store_nomem(s);
    *ret = hn_arena_str(a, hn_buf_text(&b));
    return a->failed ? store_nomem(s) : HN_OK;
}

void store_names_read(struct hn_str json, struct hn_arena *a, struct hn_str **ret, size_t *ret_n)
{
    const struct hn_jv *v = hn_jv_parse(a, hn_str_bytes(hn_arena_str(a, json)), NULL);

    *ret = NULL;
    *ret_n = 0;
    if (!v || v->kind != HN_JV_ARR)
        return;
    *ret = hn_arena_alloc(a, (v->n + 1) * sizeof **ret);
    for (size_t i = 0; *ret && i < v->n; i++)
        if (v->items[i].kind == HN_JV_STR)
            (*ret)[(*ret_n)++] = v->items[i].s;
}

struct hn_str store_cursor(struct hn_arena *a, uint64_t key, uint64_t n)
{
    return hn_arena_fmt(a, "%" PRIx64 ".%" PRIx64, key, n);
}

bool store_cursor_read(struct hn_str text, uint64_t *ret_key, uint64_t *ret_n)
{
    struct hn_str rest = text, part;

    return hn_str_split(&rest, '.', &part) && hn_str_u64(part, 16, ret_key) && hn_str_u64(rest, 16, ret_n);
}
