/* Observations in memory.
 *
 *   facts ── kinds[] ── first → obs → obs → …        in order of arrival, per kind
 *        └── by_key  "module.kind\0subject" → obs    one table for all kinds
 *        └── all[]                                   everything, in order of arrival */
#include "core/facts.h"

#include <assert.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/registry.h"

struct kind_list {
    const struct hn_module *module;
    const struct hn_kind *kind;
    struct hn_obs *first, *last;
    size_t n;
};

struct hn_facts {
    struct hn_arena *arena;
    struct hn_map by_key;
    struct kind_list *lists;
    size_t lists_n;
    const struct hn_obs **all;
    size_t all_n, all_cap;
    bool *module_seen; /* by index in hn_modules */
};

static size_t count_kinds(void)
{
    size_t n = 0;
    for (size_t i = 0; i < hn_modules_n; i++)
        for (const struct hn_kind *k = hn_modules[i]->kinds; k && k->name; k++)
            n++;
    return n;
}

struct hn_facts *hn_facts_new(struct hn_arena *a)
{
    struct hn_facts *f = HN_NEW(a, struct hn_facts);
    if (!f)
        return NULL;
    f->arena = a;
    hn_map_init(&f->by_key);
    f->lists_n = count_kinds();
    f->lists = hn_arena_alloc(a, (f->lists_n + 1) * sizeof *f->lists);
    f->module_seen = hn_arena_alloc(a, hn_modules_n + 1);
    if (!f->lists || !f->module_seen)
        return NULL;
    size_t at = 0;
    for (size_t i = 0; i < hn_modules_n; i++)
        for (const struct hn_kind *k = hn_modules[i]->kinds; k && k->name; k++)
            f->lists[at++] = (struct kind_list){.module = hn_modules[i], .kind = k};
    return f;
}

void hn_facts_free(struct hn_facts *f)
{
    if (!f)
        return;
    hn_map_done(&f->by_key);
    hn_free(f->all);
    f->all = NULL;
}

static struct kind_list *list_of(const struct hn_facts *f, const struct hn_kind *k)
{
    for (size_t i = 0; i < f->lists_n; i++)
        if (f->lists[i].kind == k)
            return &f->lists[i];
    return NULL;
}

static struct kind_list *list_find(const struct hn_facts *f, const char *kind)
{
    const char *dot = strchr(kind, '.');
    if (!dot)
        return NULL;
    size_t n = (size_t)(dot - kind);
    for (size_t i = 0; i < f->lists_n; i++) {
        const char *module = f->lists[i].module->name;
        if (strlen(module) == n && memcmp(module, kind, n) == 0 && strcmp(f->lists[i].kind->name, dot + 1) == 0)
            return &f->lists[i];
    }
    return NULL;
}

/* "module.kind\0subject": kinds hold no NUL, so keys cannot run into each other. */
static struct hn_bytes make_key(struct hn_arena *a, const struct hn_module *m, const struct hn_kind *k,
                                struct hn_str subject)
{
    size_t mn = strlen(m->name), kn = strlen(k->name);
    char *p = hn_arena_alloc(a, mn + kn + 2 + subject.n);
    if (!p)
        return (struct hn_bytes){0};
    memcpy(p, m->name, mn);
    p[mn] = '.';
    memcpy(p + mn + 1, k->name, kn);
    p[mn + 1 + kn] = 0;
    if (subject.n)
        memcpy(p + mn + kn + 2, subject.p, subject.n);
    return hn_bytes_of(p, mn + kn + 2 + subject.n);
}

static bool read_list(struct hn_arena *a, const struct hn_jv *v, struct hn_value *out)
{
    if (v->kind != HN_JV_ARR)
        return false;
    struct hn_str *items = hn_arena_alloc(a, (v->n + 1) * sizeof *items);
    if (!items)
        return false;
    for (size_t i = 0; i < v->n; i++) {
        if (v->items[i].kind != HN_JV_STR || v->items[i].s.n > HN_FACTS_MAX_TEXT)
            return false;
        items[i] = v->items[i].s;
    }
    out->items = items;
    out->n = v->n;
    return true;
}

static bool read_value(struct hn_arena *a, enum hn_type type, const struct hn_jv *v, struct hn_value *out)
{
    *out = (struct hn_value){.type = type, .set = true};
    switch (type) {
    case HN_T_STR:
        out->s = v->s;
        return v->kind == HN_JV_STR && v->s.n <= HN_FACTS_MAX_TEXT;
    case HN_T_INT:
        out->i = v->i;
        return v->kind == HN_JV_INT;
    case HN_T_BOOL:
        out->i = v->b;
        return v->kind == HN_JV_BOOL;
    case HN_T_TIME:
        return v->kind == HN_JV_STR && hn_time_parse(v->s, &out->i) && out->i >= HN_FACTS_MIN_TIME &&
               out->i <= HN_FACTS_MAX_TIME;
    case HN_T_LIST:
        return read_list(a, v, out);
    }
    return false;
}

static struct hn_value *new_values(struct hn_facts *f, const struct hn_kind *k)
{
    size_t n = 0;
    while (k->fields[n].name)
        n++;
    return hn_arena_alloc(f->arena, (n + 1) * sizeof(struct hn_value));
}

static bool read_fields(struct hn_facts *f, struct hn_obs *o, const struct hn_jv *fields, const char **ret_why)
{
    o->v = new_values(f, o->kind);
    if (!o->v) {
        *ret_why = "out of memory";
        return false;
    }
    for (size_t i = 0; fields && i < fields->n; i++) {
        int at = hn_field_find(o->kind, fields->keys[i]);
        if (at < 0) {
            *ret_why = "unknown field";
            return false;
        }
        if (fields->items[i].kind == HN_JV_NULL)
            continue;
        if (!read_value(f->arena, o->kind->fields[at].type, &fields->items[i], &o->v[at])) {
            *ret_why = "field of the wrong type";
            return false;
        }
    }
    return true;
}

static bool link_obs(struct hn_facts *f, struct hn_obs *o, const char **ret_why)
{
    struct hn_bytes key = make_key(f->arena, o->module, o->kind, o->subject);
    if (!key.p) {
        *ret_why = "out of memory";
        return false;
    }
    struct hn_obs *old = hn_map_find(&f->by_key, key);
    if (old) { /* the later one wins, in the earlier one's place */
        old->v = o->v;
        old->at = o->at;
        return true;
    }
    const struct hn_obs **more = hn_more(f->all, f->all_n, &f->all_cap, sizeof *more);
    if (!more) {
        *ret_why = "out of memory";
        return false;
    }
    f->all = more;
    if (!hn_ok(hn_map_set(&f->by_key, key, o))) {
        *ret_why = "out of memory";
        return false;
    }
    f->all[f->all_n++] = o;
    struct kind_list *l = list_of(f, o->kind);
    assert(l);
    if (l->last)
        l->last->next = o;
    else
        l->first = o;
    l->last = o;
    l->n++;
    return true;
}

bool hn_facts_add_json(struct hn_facts *f, const struct hn_jv *doc, hn_time at, const char **ret_why)
{
    *ret_why = NULL;
    if (f->all_n >= HN_FACTS_MAX_OBS) {
        *ret_why = "too many observations";
        return false;
    }
    struct hn_obs *o = HN_NEW(f->arena, struct hn_obs);
    if (!o) {
        *ret_why = "out of memory";
        return false;
    }
    o->module = hn_module_find(hn_jv_str(doc, "module"));
    o->kind = o->module ? hn_kind_find(o->module, hn_jv_str(doc, "kind")) : NULL;
    if (!o->kind) {
        *ret_why = "unknown kind";
        return false;
    }
    o->subject = hn_jv_str(doc, "subject");
    if (!o->subject.p || o->subject.n > HN_FACTS_MAX_TEXT) {
        *ret_why = "subject missing or too long";
        return false;
    }
    o->at = at;
    struct hn_str text = hn_jv_str(doc, "at");
    if (text.p && !hn_time_parse(text, &o->at)) {
        *ret_why = "time is not RFC 3339";
        return false;
    }
    return read_fields(f, o, hn_jv_get(doc, "fields"), ret_why) && link_obs(f, o, ret_why);
}

struct hn_obs *hn_facts_add(struct hn_facts *f, const struct hn_module *m, const struct hn_kind *k,
                            struct hn_str subject, hn_time at)
{
    const char *why;
    struct hn_obs *o = f->all_n < HN_FACTS_MAX_OBS ? HN_NEW(f->arena, struct hn_obs) : NULL;
    if (!o)
        return NULL;
    *o = (struct hn_obs){.module = m, .kind = k, .subject = subject, .at = at, .judged = true, .v = new_values(f, k)};
    return o->v && link_obs(f, o, &why) ? o : NULL;
}

static bool copy_value(struct hn_arena *a, const struct hn_value *from, struct hn_value *to)
{
    *to = *from;
    if (from->type == HN_T_STR)
        to->s = hn_arena_str(a, from->s);
    if (from->type != HN_T_LIST || !from->n)
        return !a->failed;
    struct hn_str *items = hn_arena_alloc(a, from->n * sizeof *items);
    for (size_t i = 0; items && i < from->n; i++)
        items[i] = hn_arena_str(a, from->items[i]);
    to->items = items;
    return items && !a->failed;
}

static bool copy_obs(struct hn_facts *to, const struct hn_obs *from)
{
    const char *why;
    struct hn_obs *o = to->all_n < HN_FACTS_MAX_OBS ? HN_NEW(to->arena, struct hn_obs) : NULL;
    if (!o)
        return false;
    *o = (struct hn_obs){.module = from->module, .kind = from->kind, .at = from->at};
    o->subject = hn_arena_str(to->arena, from->subject);
    o->v = new_values(to, o->kind);
    for (size_t i = 0; o->v && o->kind->fields[i].name; i++)
        if (!copy_value(to->arena, &from->v[i], &o->v[i]))
            return false;
    return o->v && !to->arena->failed && link_obs(to, o, &why);
}

bool hn_facts_copy(struct hn_facts *to, const struct hn_facts *from, bool (*keep)(void *arg, const struct hn_module *m),
                   void *arg)
{
    bool ok = true;
    for (size_t i = 0; i < from->all_n && ok; i++)
        if (!from->all[i]->judged && keep(arg, from->all[i]->module))
            ok = copy_obs(to, from->all[i]);
    return ok;
}

const struct hn_obs *hn_facts_first(const struct hn_facts *f, const char *kind)
{
    const struct kind_list *l = list_find(f, kind);
    return l ? l->first : NULL;
}

const struct hn_obs *hn_facts_find(const struct hn_facts *f, const char *kind, struct hn_str subject)
{
    const struct kind_list *l = list_find(f, kind);
    if (!l || !l->n)
        return NULL;
    char small[512];
    size_t kn = strlen(kind), n = kn + 1 + subject.n;
    char *p = n <= sizeof small ? small : hn_alloc(n);
    if (!p)
        return NULL;
    memcpy(p, kind, kn + 1);
    if (subject.n)
        memcpy(p + kn + 1, subject.p, subject.n);
    const struct hn_obs *o = hn_map_find(&f->by_key, hn_bytes_of(p, n));
    if (p != small)
        hn_free(p);
    return o;
}

size_t hn_facts_count(const struct hn_facts *f, const char *kind)
{
    const struct kind_list *l = list_find(f, kind);
    return l ? l->n : 0;
}

void hn_facts_mark_seen(struct hn_facts *f, const struct hn_module *m)
{
    for (size_t i = 0; i < hn_modules_n; i++)
        if (hn_modules[i] == m)
            f->module_seen[i] = true;
}

bool hn_facts_seen(const struct hn_facts *f, const char *module)
{
    for (size_t i = 0; i < hn_modules_n; i++)
        if (strcmp(hn_modules[i]->name, module) == 0)
            return f->module_seen[i];
    return false;
}

const struct hn_obs *hn_facts_at(const struct hn_facts *f, size_t i)
{
    return i < f->all_n ? f->all[i] : NULL;
}

static const struct hn_value *value_of(const struct hn_obs *o, const char *field)
{
    if (!o)
        return NULL;
    int at = hn_field_named(o->kind, field);
    return at >= 0 && o->v[at].set ? &o->v[at] : NULL;
}

bool hn_obs_has(const struct hn_obs *o, const char *field)
{
    return value_of(o, field) != NULL;
}

struct hn_str hn_obs_get(const struct hn_obs *o, const char *field)
{
    const struct hn_value *v = value_of(o, field);
    return v && v->type == HN_T_STR ? v->s : HN_STR("");
}

int64_t hn_obs_get_int(const struct hn_obs *o, const char *field, int64_t dflt)
{
    const struct hn_value *v = value_of(o, field);
    return v && v->type == HN_T_INT ? v->i : dflt;
}

bool hn_obs_get_bool(const struct hn_obs *o, const char *field, bool dflt)
{
    const struct hn_value *v = value_of(o, field);
    return v && v->type == HN_T_BOOL ? v->i != 0 : dflt;
}

hn_time hn_obs_get_time(const struct hn_obs *o, const char *field)
{
    const struct hn_value *v = value_of(o, field);
    return v && v->type == HN_T_TIME ? v->i : 0;
}

size_t hn_obs_get_list(const struct hn_obs *o, const char *field, const struct hn_str **ret)
{
    const struct hn_value *v = value_of(o, field);
    if (!v || v->type != HN_T_LIST) {
        *ret = NULL;
        return 0;
    }
    *ret = v->items;
    return v->n;
}

bool hn_obs_list_has(const struct hn_obs *o, const char *field, struct hn_str item)
{
    const struct hn_str *items;
    size_t n = hn_obs_get_list(o, field, &items);
    for (size_t i = 0; i < n; i++)
        if (hn_str_eq(items[i], item))
            return true;
    return false;
}

static void write_value(struct hn_jw *w, const struct hn_value *v)
{
    switch (v->type) {
    case HN_T_STR:
        hn_jw_str(w, v->s);
        break;
    case HN_T_INT:
        hn_jw_int(w, v->i);
        break;
    case HN_T_BOOL:
        hn_jw_bool(w, v->i != 0);
        break;
    case HN_T_TIME:
        hn_jw_time(w, v->i);
        break;
    case HN_T_LIST:
        hn_jw_arr(w);
        for (size_t i = 0; i < v->n; i++)
            hn_jw_str(w, v->items[i]);
        hn_jw_arr_end(w);
        break;
    }
}

void hn_jw_obs(struct hn_jw *w, const struct hn_obs *o, struct hn_str scope)
{
    hn_jw_obj(w);
    hn_jw_kc(w, "module", o->module->name);
    hn_jw_kc(w, "kind", o->kind->name);
    hn_jw_kstr(w, "subject", o->subject);
    hn_jw_ktime(w, "at", o->at);
    if (scope.n)
        hn_jw_kstr(w, "scope", scope);
    hn_jw_key(w, "fields");
    hn_jw_obj(w);
    for (size_t i = 0; o->kind->fields[i].name; i++) {
        if (!o->v[i].set)
            continue;
        hn_jw_key(w, o->kind->fields[i].name);
        write_value(w, &o->v[i]);
    }
    hn_jw_obj_end(w);
    hn_jw_obj_end(w);
}
