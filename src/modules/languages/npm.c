/* npm: package.json of an installed package (docs.npmjs.com, "package.json"). Fields have had several forms over the
 * years: licence as text, object or list; author as text or object. */
#include "base/str.h"
#include "modules/languages/languages.h"

struct hn_bytes languages_npm_licence(struct languages_state *st, const struct hn_jv *v)
{
    const struct hn_jv *l = hn_jv_get(v, "license"), *list = hn_jv_get(v, "licenses");
    struct hn_buf out;
    if (l && l->kind == HN_JV_STR)
        return hn_str_bytes(l->s);
    if (l && l->kind == HN_JV_OBJ)
        return languages_jv(l, "type");
    if (l && l->kind == HN_JV_ARR)
        list = l;
    if (!list || list->kind != HN_JV_ARR)
        return (struct hn_bytes){0};
    hn_buf_init(&out, LANGUAGES_TEXT);
    for (size_t i = 0; i < list->n && i < 16; i++) { /* a list offers a choice */
        struct hn_str s = list->items[i].kind == HN_JV_STR ? list->items[i].s : hn_jv_str(&list->items[i], "type");
        if (s.n)
            hn_buf_fmt(&out, "%s%.*s", out.n ? " OR " : "", HN_FMT(s));
    }
    struct hn_str s = hn_arena_str(&st->one, hn_buf_text(&out));
    hn_buf_done(&out);
    return hn_str_bytes(s);
}

static struct hn_bytes person(const struct hn_jv *v)
{
    if (v && v->kind == HN_JV_STR)
        return hn_str_bytes(v->s);
    return languages_jv(v, "name");
}

/* "@scope/name" in two; anything else is a name. */
void languages_npm_name(struct languages_pkg *k, struct hn_bytes full)
{
    const uint8_t *slash = full.n && full.p[0] == '@' ? memchr(full.p, '/', full.n) : NULL;
    k->group = slash ? hn_bytes_of(full.p, (size_t)(slash - full.p)) : (struct hn_bytes){0};
    k->name = slash ? hn_bytes_of(slash + 1, full.n - k->group.n - 1) : full;
}

void languages_package_json(struct languages_state *st, struct hn_bytes path, struct hn_bytes data)
{
    const struct hn_jv *v = languages_json(st, path, data);
    struct languages_pkg k = {.type = "npm", .path = path, .found = "package.json", .depends_known = true};
    struct languages_list depends = {0};
    if (!v)
        return;
    languages_npm_name(&k, languages_jv(v, "name"));
    k.version = languages_jv(v, "version");
    if (!k.name.n || !k.version.n)
        return; /* a folder that only says which kind of modules it holds ({"type":"module"}) */
    k.licence = languages_npm_licence(st, v);
    k.supplier = person(hn_jv_get(v, "author"));
    k.homepage = languages_jv(v, "homepage");
    k.origin = languages_jv(v, "_resolved");
    languages_add_keys(st, &depends, hn_jv_get(v, "dependencies"));
    languages_add_keys(st, &depends, hn_jv_get(v, "optionalDependencies"));
    k.depends = depends.v;
    k.n_depends = depends.n;
    languages_emit(st, &k);
}
