#include "core/carry.h"

#include "base/mem.h"
#include "base/str.h"
#include "core/render_view.h"
#include "core/risk_score.h"
#include "core/risk_terms.h"

#define CARRY_MAX ((size_t)4 << 20)

/* Does this old term still count: raising, resting on an observation of a module that the new run is blind to? */
static bool worth_keeping(const struct hn_jv *t, bool (*blind)(void *arg, struct hn_str module), void *arg)
{
    struct hn_str module, kind = hn_jv_str(hn_jv_get(t, "obs"), "kind");
    return hn_jv_bool(t, "seen", false) && hn_jv_num(t, "weight", 0) > 0 && !hn_str_eqc(hn_jv_str(t, "on"), "loss") &&
           hn_str_split(&kind, '.', &module) && kind.n && blind(arg, module);
}

/* Has the new run a term of the same group that it did see? */
static bool seen_now(struct hn_arena *a, const struct hn_jv *terms, const char *name)
{
    for (size_t i = 0; i < terms->n; i++) {
        const char *other = hn_arena_cstr(a, hn_jv_str(&terms->items[i], "name"));
        if (other && hn_jv_bool(&terms->items[i], "seen", false) && risk_same_group(other, name))
            return true;
    }
    return false;
}

/* The old term with the day on which it was seen; a term that was carried before keeps its first day. */
static void write_carried(struct hn_jw *w, const struct hn_jv *t)
{
    const struct hn_jv *params = hn_jv_get(t, "params");
    struct hn_str at = hn_jv_str(hn_jv_get(t, "obs"), "at");
    hn_jw_obj(w);
    for (size_t i = 0; i < t->n; i++) {
        if (hn_str_eqc(t->keys[i], "params"))
            continue;
        hn_jw_key_str(w, t->keys[i]);
        hn_jw_value(w, &t->items[i]);
    }
    hn_jw_key(w, "params");
    hn_jw_obj(w);
    for (size_t i = 0; params && params->kind == HN_JV_OBJ && i < params->n; i++) {
        if (hn_str_eqc(params->keys[i], "carried"))
            continue;
        hn_jw_key_str(w, params->keys[i]);
        hn_jw_value(w, &params->items[i]);
    }
    struct hn_str before = hn_jv_str(params, "carried");
    hn_jw_kstr(w, "carried", before.n ? before : hn_str_cut(at, 0, at.n < 10 ? at.n : 10));
    hn_jw_obj_end(w);
    hn_jw_obj_end(w);
}

/* Terms of the new run, without the "not seen" ones whose place an old term takes, then the old ones. */
static void write_terms(struct hn_jw *w, struct hn_arena *a, const struct hn_jv *terms, const struct hn_jv **kept,
                        size_t n)
{
    for (size_t i = 0; i < terms->n; i++) {
        const char *name = hn_arena_cstr(a, hn_jv_str(&terms->items[i], "name"));
        bool replaced = false;
        for (size_t k = 0; name && k < n; k++) {
            const char *old = hn_arena_cstr(a, hn_jv_str(kept[k], "name"));
            replaced = replaced || (old && risk_same_group(name, old));
        }
        if (!replaced)
            hn_jw_value(w, &terms->items[i]);
    }
    for (size_t k = 0; k < n; k++)
        write_carried(w, kept[k]);
}

bool hn_carry_json(struct hn_jw *w, struct hn_arena *a, const struct hn_jv *finding, const struct hn_jv *old_terms,
                   bool (*blind)(void *arg, struct hn_str module), void *arg, const struct hn_policy *policy)
{
    const struct hn_jv *terms = hn_jv_get(finding, "terms"), *kept[RISK_TERMS];
    size_t n = 0;
    if (!terms || terms->kind != HN_JV_ARR || !old_terms || old_terms->kind != HN_JV_ARR)
        return false;
    for (size_t i = 0; i < old_terms->n && n + terms->n < RISK_TERMS; i++) {
        const char *name = hn_arena_cstr(a, hn_jv_str(&old_terms->items[i], "name"));
        if (name && worth_keeping(&old_terms->items[i], blind, arg) && !seen_now(a, terms, name))
            kept[n++] = &old_terms->items[i];
    }
    if (!n)
        return false;
    HN_AUTO(hn_buf_done) struct hn_buf b;
    struct hn_jw merged;
    hn_buf_init(&b, CARRY_MAX);
    hn_jw_init(&merged, &b);
    hn_jw_obj(&merged);
    for (size_t i = 0; i < finding->n; i++) {
        hn_jw_key_str(&merged, finding->keys[i]);
        if (!hn_str_eqc(finding->keys[i], "terms")) {
            hn_jw_value(&merged, &finding->items[i]);
            continue;
        }
        hn_jw_arr(&merged);
        write_terms(&merged, a, terms, kept, n);
        hn_jw_arr_end(&merged);
    }
    hn_jw_obj_end(&merged);
    const struct hn_jv *v = b.bad ? NULL : hn_jv_parse(a, hn_str_bytes(hn_arena_str(a, hn_buf_text(&b))), NULL);
    return v && hn_rerank_json(w, a, v, policy);
}
