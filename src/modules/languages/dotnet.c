/* .NET: *.deps.json beside a published program (runtime-configuration-file.md of dotnet/cli: targets → "name/version" →
 * dependencies; libraries → "name/version" → type, sha512) and packages.lock.json of NuGet. */
#include "base/str.h"
#include "modules/languages/languages.h"

/* "Newtonsoft.Json/13.0.1" */
static bool split(struct hn_str key, struct languages_pkg *k)
{
    ptrdiff_t slash = hn_str_chr(key, '/');
    if (slash <= 0)
        return false;
    k->name = hn_str_bytes(hn_str_cut(key, 0, (size_t)slash));
    k->version = hn_str_bytes(hn_str_cut(key, (size_t)slash + 1, key.n));
    return k->version.n > 0;
}

static void pairs(struct languages_state *st, struct languages_list *l, const struct hn_jv *deps)
{
    for (size_t i = 0; deps && deps->kind == HN_JV_OBJ && i < deps->n; i++)
        if (deps->items[i].kind == HN_JV_STR)
            languages_add(st, l,
                          languages_text(st, hn_str_bytes(hn_arena_fmt(&st->one, "%.*s@%.*s", HN_FMT(deps->keys[i]),
                                                                       HN_FMT(deps->items[i].s)))));
}

/* The dependencies of one library in any target: they are the same in all that matter here. */
static const struct hn_jv *in_targets(const struct hn_jv *targets, const char *key)
{
    for (size_t i = 0; key && targets && targets->kind == HN_JV_OBJ && i < targets->n; i++) {
        const struct hn_jv *v = hn_jv_get(&targets->items[i], key);
        if (v)
            return v;
    }
    return NULL;
}

/* "sha512-BASE64"; of a project it is empty. */
static void digest(struct languages_state *st, struct languages_list *l, struct hn_str s)
{
    if (hn_str_starts(s, "sha512-"))
        s = hn_str_cut(s, 7, s.n);
    languages_add_digest(st, l, "sha512", hn_str_bytes(s));
}

void languages_deps_json(struct languages_state *st, struct hn_bytes path, struct hn_bytes data)
{
    const struct hn_jv *v = languages_json(st, path, data), *libraries = hn_jv_get(v, "libraries");
    for (size_t i = 0; libraries && libraries->kind == HN_JV_OBJ && i < libraries->n; i++) {
        struct languages_pkg k = {.type = "nuget", .path = path, .found = "deps.json", .depends_known = true};
        struct languages_list hashes = {0}, depends = {0};
        const struct hn_jv *lib = &libraries->items[i];
        struct hn_str kind = hn_jv_str(lib, "type");
        if (!split(libraries->keys[i], &k))
            continue;
        k.main = hn_str_eqc(kind, "project");
        digest(st, &hashes, hn_jv_str(lib, "sha512"));
        const char *key = hn_arena_cstr(&st->one, libraries->keys[i]);
        pairs(st, &depends, hn_jv_get(in_targets(hn_jv_get(v, "targets"), key), "dependencies"));
        k.hashes = hashes.v;
        k.n_hashes = hashes.n;
        k.depends = depends.v;
        k.n_depends = depends.n;
        languages_emit(st, &k);
    }
}

static void locked(struct languages_state *st, struct hn_bytes path, struct hn_str name, const struct hn_jv *v)
{
    struct languages_pkg k = {
        .type = "nuget", .path = path, .found = "packages.lock", .declared = true, .depends_known = true};
    struct languages_list hashes = {0}, depends = {0};
    k.name = hn_str_bytes(name);
    k.version = languages_jv(v, "resolved");
    if (!k.version.n)
        return; /* a project of the same solution */
    languages_add_digest(st, &hashes, "sha512", languages_jv(v, "contentHash"));
    languages_add_keys(st, &depends, hn_jv_get(v, "dependencies"));
    k.hashes = hashes.v;
    k.n_hashes = hashes.n;
    k.depends = depends.v;
    k.n_depends = depends.n;
    languages_emit(st, &k);
}

void languages_packages_lock(struct languages_state *st, struct hn_bytes path, struct hn_bytes data)
{
    const struct hn_jv *frameworks = hn_jv_get(languages_json(st, path, data), "dependencies");
    for (size_t i = 0; frameworks && frameworks->kind == HN_JV_OBJ && i < frameworks->n; i++) {
        const struct hn_jv *list = &frameworks->items[i];
        for (size_t j = 0; list->kind == HN_JV_OBJ && j < list->n; j++)
            locked(st, path, list->keys[j], &list->items[j]);
    }
}
