/* PHP: composer.lock and vendor/composer/installed.json (getcomposer.org, "The composer.json schema"; the lock file has
 * the same package objects in packages and packages-dev). */
#include "base/str.h"
#include "modules/languages/languages.h"

static void person(struct languages_pkg *k, const struct hn_jv *authors)
{
    if (authors && authors->kind == HN_JV_ARR && authors->n)
        k->supplier = languages_jv(&authors->items[0], "name");
}

/* A list of licences is a choice (schema, "license"). */
static struct hn_bytes licence(struct languages_state *st, const struct hn_jv *l)
{
    struct hn_buf out;
    if (l && l->kind == HN_JV_STR)
        return hn_str_bytes(l->s);
    if (!l || l->kind != HN_JV_ARR)
        return (struct hn_bytes){0};
    hn_buf_init(&out, LANGUAGES_TEXT);
    for (size_t i = 0; i < l->n && i < 16; i++)
        if (l->items[i].kind == HN_JV_STR)
            hn_buf_fmt(&out, "%s%.*s", out.n ? " OR " : "", HN_FMT(l->items[i].s));
    struct hn_str s = hn_arena_str(&st->one, hn_buf_text(&out));
    hn_buf_done(&out);
    return hn_str_bytes(s);
}

/* "php" and "ext-…" are the platform, not packages. */
static void depends(struct languages_state *st, struct languages_list *l, const struct hn_jv *require)
{
    for (size_t i = 0; require && require->kind == HN_JV_OBJ && i < require->n; i++)
        if (hn_str_chr(require->keys[i], '/') > 0)
            languages_add(st, l, languages_text(st, hn_str_bytes(require->keys[i])));
}

static void one(struct languages_state *st, struct hn_bytes path, const struct hn_jv *v, bool declared, bool dev)
{
    struct languages_pkg k = {
        .type = "composer", .path = path, .declared = declared, .dev = dev, .depends_known = true};
    struct languages_list needs = {0}, hashes = {0};
    struct hn_bytes full = languages_jv(v, "name");
    const uint8_t *slash = full.n ? memchr(full.p, '/', full.n) : NULL;
    k.found = declared ? "composer-lock" : "composer-installed";
    k.group = slash ? hn_bytes_of(full.p, (size_t)(slash - full.p)) : (struct hn_bytes){0};
    k.name = slash ? hn_bytes_of(slash + 1, full.n - k.group.n - 1) : full;
    k.version = languages_jv(v, "version");
    k.licence = licence(st, hn_jv_get(v, "license"));
    k.homepage = languages_jv(v, "homepage");
    k.origin = languages_jv(hn_jv_get(v, "source"), "url");
    person(&k, hn_jv_get(v, "authors"));
    depends(st, &needs, hn_jv_get(v, "require"));
    struct hn_str sha1 = hn_jv_str(hn_jv_get(v, "dist"), "shasum");
    if (sha1.n)
        languages_add(st, &hashes, hn_arena_fmt(&st->one, "sha1:%.*s", HN_FMT(sha1)));
    k.depends = needs.v;
    k.n_depends = needs.n;
    k.hashes = hashes.v;
    k.n_hashes = hashes.n;
    languages_emit(st, &k);
}

static void all(struct languages_state *st, struct hn_bytes path, const struct hn_jv *list, bool declared, bool dev)
{
    for (size_t i = 0; list && list->kind == HN_JV_ARR && i < list->n; i++)
        one(st, path, &list->items[i], declared, dev);
}

void languages_composer_lock(struct languages_state *st, struct hn_bytes path, struct hn_bytes data)
{
    const struct hn_jv *v = languages_json(st, path, data);
    all(st, path, hn_jv_get(v, "packages"), true, false);
    all(st, path, hn_jv_get(v, "packages-dev"), true, true);
}

/* Composer 1 wrote the list alone, Composer 2 {packages, dev-package-names}. */
void languages_composer_installed(struct languages_state *st, struct hn_bytes path, struct hn_bytes data)
{
    const struct hn_jv *v = languages_json(st, path, data);
    const struct hn_jv *packages = v && v->kind == HN_JV_ARR ? v : hn_jv_get(v, "packages");
    const struct hn_jv *names = hn_jv_get(v, "dev-package-names");
    struct hn_map dev;
    hn_map_init(&dev);
    for (size_t i = 0; names && names->kind == HN_JV_ARR && i < names->n; i++)
        if (names->items[i].kind == HN_JV_STR && !hn_ok(hn_map_set(&dev, hn_str_bytes(names->items[i].s), st)))
            break;
    for (size_t i = 0; packages && packages->kind == HN_JV_ARR && i < packages->n; i++) {
        struct hn_str name = hn_jv_str(&packages->items[i], "name");
        one(st, path, &packages->items[i], false, name.n && hn_map_has(&dev, hn_str_bytes(name)));
    }
    hn_map_done(&dev);
}
