/* Lock files of npm (package-lock.json, lockfileVersion 1 to 3), Yarn (classic and Berry) and pnpm (5 to 9). */
#include "base/str.h"
#include "format/yaml_tree.h"
#include "modules/languages/languages.h"

#define DEPTH_MAX     32u
#define NPM_LOOKED_UP (UINT64_C(256) << 20)

static struct hn_bytes cut(struct hn_bytes b, size_t from, size_t to)
{
    to = to < b.n ? to : b.n;
    return from < to ? hn_bytes_of(b.p + from, to - from) : (struct hn_bytes){b.p, 0};
}

static bool starts(struct hn_bytes b, const char *s)
{
    return hn_str_starts((struct hn_str){(const char *)b.p, b.n}, s);
}

/* "sha512-… sha1-…" (Subresource Integrity) */
static void add_integrity(struct languages_state *st, struct languages_list *l, struct hn_bytes text)
{
    struct hn_str rest = {(const char *)text.p, text.n}, word;
    while (text.n && hn_str_word(&rest, &word)) {
        ptrdiff_t dash = hn_str_chr(word, '-');
        if (dash <= 0 || dash > 8)
            continue;
        const char *alg = hn_arena_cstr(&st->one, hn_str_cut(word, 0, (size_t)dash));
        if (alg)
            languages_add_digest(st, l, alg, hn_str_bytes(hn_str_cut(word, (size_t)dash + 1, word.n)));
    }
}

/* ---------------------------------------------------------------- npm */

/* An alias says so in its version: "npm:other@1.2.3". What is no version at all (a URL, a folder) is the origin. */
static void npm_version(struct languages_pkg *k, struct hn_bytes version)
{
    if (starts(version, "npm:")) {
        version = cut(version, 4, version.n);
        const uint8_t *at = version.n ? memrchr(version.p, '@', version.n) : NULL;
        if (at && at > version.p) {
            languages_npm_name(k, cut(version, 0, (size_t)(at - version.p)));
            version = cut(version, (size_t)(at - version.p) + 1, version.n);
        }
    }
    k->version = version;
    if (version.n && (memchr(version.p, ':', version.n) || memchr(version.p, '/', version.n))) {
        k->origin = version;
        k->version = (struct hn_bytes){0};
    }
}

/* Where a package stands, so that the names it asks for can be looked up as Node.js does: the nearest folder outwards
 * that has the name. Version 1 nests the entries, 2 and 3 write the folders into the keys. */
struct npm_place {
    const struct hn_map *names; /* of this level; with key: of all entries */
    const struct npm_place *up;
    struct hn_str key; /* "node_modules/a/node_modules/b" */
    uint64_t *left;    /* with key: bytes of paths that may still be looked up, so that deep ones cost no more */
};

static const struct hn_jv *npm_find_key(const struct npm_place *at, struct hn_str name)
{
    struct hn_str folder = at->key;
    struct hn_buf path;
    const struct hn_jv *v = NULL;
    hn_buf_init(&path, 64 * 1024);
    for (bool more = true; !v && more;) {
        hn_buf_clear(&path);
        hn_buf_str(&path, folder);
        hn_buf_c(&path, folder.n ? "/node_modules/" : "node_modules/");
        hn_buf_str(&path, name);
        v = path.bad ? NULL : hn_map_find(at->names, hn_str_bytes(hn_buf_text(&path)));
        more = folder.n > 0 && *at->left > path.n;
        *at->left -= more ? path.n : 0;
        while (folder.n && !hn_str_ends(folder, "/node_modules"))
            folder.n--;
        folder.n -= folder.n ? strlen("/node_modules") : 0;
    }
    hn_buf_done(&path);
    return v;
}

static const struct hn_jv *npm_find(const struct npm_place *at, struct hn_str name)
{
    const struct hn_jv *v = NULL;
    if (at->key.n)
        return npm_find_key(at, name);
    for (; at && !v; at = at->up)
        v = hn_map_find(at->names, hn_str_bytes(name));
    return v;
}

/* "@group/name@version", as other packages say it; without a version what is known. */
static struct hn_str npm_ref(struct languages_state *st, const struct languages_pkg *k)
{
    return hn_arena_fmt(&st->one, "%.*s%s%.*s%s%.*s", (int)k->group.n, (const char *)k->group.p, k->group.n ? "/" : "",
                        (int)k->name.n, (const char *)k->name.p, k->version.n ? "@" : "", (int)k->version.n,
                        (const char *)k->version.p);
}

/* The copy that is meant, as "name@version"; "name" when it has no version. maybe: only what is there is needed. */
static void npm_add_needs(struct languages_state *st, struct languages_list *l, const struct npm_place *at,
                          const struct hn_jv *needs, bool maybe)
{
    for (size_t i = 0; needs && needs->kind == HN_JV_OBJ && i < needs->n && l->n < LANGUAGES_LIST_MAX; i++) {
        const struct hn_jv *v = npm_find(at, needs->keys[i]);
        struct languages_pkg k = {.type = "npm"};
        struct hn_bytes name = languages_jv(v, "name");
        if (!v && maybe)
            continue;
        languages_npm_name(&k, name.n ? name : hn_str_bytes(needs->keys[i]));
        npm_version(&k, languages_jv(v, "version"));
        languages_add(st, l, npm_ref(st, &k));
    }
}

static void npm_entry(struct languages_state *st, struct hn_bytes path, struct hn_bytes name, const struct hn_jv *v,
                      const struct npm_place *at)
{
    struct languages_pkg k = {
        .type = "npm", .path = path, .found = "package-lock", .declared = true, .depends_known = true};
    struct languages_list hashes = {0}, depends = {0};
    languages_npm_name(&k, name);
    npm_version(&k, languages_jv(v, "version"));
    if (!k.origin.n)
        k.origin = languages_jv(v, "resolved");
    k.dev = hn_jv_bool(v, "dev", false);
    k.licence = languages_npm_licence(st, v);
    add_integrity(st, &hashes, languages_jv(v, "integrity"));
    npm_add_needs(st, &depends, at, hn_jv_get(v, at->key.n ? "dependencies" : "requires"), false);
    npm_add_needs(st, &depends, at, hn_jv_get(v, "optionalDependencies"), true);
    npm_add_needs(st, &depends, at, hn_jv_get(v, "peerDependencies"), true);
    k.hashes = hashes.v;
    k.n_hashes = hashes.n;
    k.depends = depends.v;
    k.n_depends = depends.n;
    languages_emit(st, &k);
}

static void npm_index(struct languages_state *st, struct hn_map *m, const struct hn_jv *object)
{
    hn_map_init(m);
    for (size_t i = 0; i < object->n; i++)
        if (!hn_ok(hn_map_set(m, hn_str_bytes(object->keys[i]), &object->items[i])))
            st->tree.failed = true;
}

/* Version 1: {name: {version, requires, dependencies: {…}}}, nested as the folders are. */
static void npm_nested(struct languages_state *st, struct hn_bytes path, const struct hn_jv *deps,
                       const struct npm_place *up, unsigned depth)
{
    struct hn_map names;
    if (!deps || deps->kind != HN_JV_OBJ || depth > DEPTH_MAX)
        return;
    npm_index(st, &names, deps);
    const struct npm_place here = {.names = &names, .up = up};
    for (size_t i = 0; i < deps->n; i++) {
        const struct hn_jv *own = hn_jv_get(&deps->items[i], "dependencies");
        struct hn_map inner;
        struct npm_place within = {.names = &inner, .up = &here};
        bool nested = own && own->kind == HN_JV_OBJ;
        if (nested)
            npm_index(st, &inner, own);
        npm_entry(st, path, hn_str_bytes(deps->keys[i]), &deps->items[i], nested ? &within : &here);
        if (nested)
            hn_map_done(&inner);
        npm_nested(st, path, own, &here, depth + 1);
    }
    hn_map_done(&names);
}

/* Versions 2 and 3: {"node_modules/a/node_modules/b": {…}}; "" is the project, a link points to another entry. */
static void npm_flat(struct languages_state *st, struct hn_bytes path, const struct hn_jv *packages)
{
    static const char folder[] = "node_modules/";
    struct hn_map all;
    uint64_t left = NPM_LOOKED_UP;
    npm_index(st, &all, packages);
    for (size_t i = 0; i < packages->n; i++) {
        struct hn_str key = packages->keys[i];
        const struct hn_jv *v = &packages->items[i];
        ptrdiff_t at = -1, from = 0;
        while ((at = hn_str_find(hn_str_cut(key, (size_t)from, key.n), HN_STR(folder))) >= 0)
            from += at + (ptrdiff_t)sizeof(folder) - 1;
        if (!from || hn_jv_bool(v, "link", false))
            continue;
        struct hn_bytes name = languages_jv(v, "name");
        npm_entry(st, path, name.n ? name : hn_str_bytes(hn_str_cut(key, (size_t)from, key.n)), v,
                  &(struct npm_place){.names = &all, .key = key, .left = &left});
    }
    hn_map_done(&all);
}

void languages_package_lock(struct languages_state *st, struct hn_bytes path, struct hn_bytes data)
{
    const struct hn_jv *v = languages_json(st, path, data);
    const struct hn_jv *packages = hn_jv_get(v, "packages");
    if (packages && packages->kind == HN_JV_OBJ)
        npm_flat(st, path, packages);
    else if (v)
        npm_nested(st, path, hn_jv_get(v, "dependencies"), NULL, 0);
}

/* ---------------------------------------------------------------- Yarn */

struct yarn {
    struct languages_pkg k;
    struct languages_list hashes, depends;
    bool open, in_depends, workspace;
};

static struct hn_bytes unquote(struct hn_bytes b)
{
    struct hn_str s = hn_str_trim((struct hn_str){(const char *)b.p, b.n});
    if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
        s = hn_str_cut(s, 1, s.n - 1);
    return hn_str_bytes(s);
}

static void yarn_end(struct languages_state *st, struct yarn *y)
{
    y->k.hashes = y->hashes.v;
    y->k.n_hashes = y->hashes.n;
    y->k.depends = y->depends.v;
    y->k.n_depends = y->depends.n;
    if (y->open && !y->workspace && y->k.version.n)
        languages_emit(st, &y->k);
    y->open = false;
}

/* "name@range": the "@" of a scope is not the separator. */
static struct hn_bytes spec_name(struct hn_bytes spec)
{
    const uint8_t *at = spec.n > 1 ? memchr(spec.p + 1, '@', spec.n - 1) : NULL;
    return at ? cut(spec, 0, (size_t)(at - spec.p)) : spec;
}

/* `"@babel/core@^7.0.0", "@babel/core@^7.1.0":` An alias ("x@npm:y@^1") is the package behind it. */
static void yarn_begin(struct languages_state *st, struct yarn *y, struct hn_bytes path, struct hn_bytes line)
{
    struct hn_str first = {(const char *)line.p, line.n - 1}, spec;
    *y =
        (struct yarn){.k = {.type = "npm", .path = path, .found = "yarn.lock", .declared = true, .depends_known = true},
                      .open = true};
    if (!hn_str_split(&first, ',', &spec))
        return;
    spec = hn_str_trim(spec); /* Berry quotes the whole list: "@s/b@npm:^2.0.0, @s/b@npm:^2.1.0" */
    if (hn_str_starts(spec, "\"") && !hn_str_ends(spec, "\""))
        spec = hn_str_cut(spec, 1, spec.n);
    struct hn_bytes whole = unquote(hn_str_bytes(spec)), name = spec_name(whole);
    struct hn_bytes range = cut(whole, name.n + 1, whole.n);
    if (starts(range, "npm:") && range.n > 5 && memchr(range.p + 5, '@', range.n - 5))
        name = spec_name(cut(range, 4, range.n));
    y->workspace = hn_bytes_eqc(name, "__metadata");
    languages_npm_name(&y->k, name);
}

/* `  version "1.0.0"` or `  version: 1.0.0` */
static void yarn_field(struct languages_state *st, struct yarn *y, struct hn_bytes line)
{
    struct hn_str rest = {(const char *)line.p, line.n}, key;
    if (!hn_str_word(&rest, &key))
        return;
    if (key.n && key.p[key.n - 1] == ':')
        key.n--;
    struct hn_bytes value = unquote(hn_str_bytes(rest));
    y->in_depends = false;
    if (hn_str_eqc(key, "version"))
        y->k.version = value;
    else if (hn_str_eqc(key, "resolved"))
        y->k.origin = value;
    else if (hn_str_eqc(key, "integrity"))
        add_integrity(st, &y->hashes, value);
    else if (hn_str_eqc(key, "resolution"))
        y->workspace = hn_str_find((struct hn_str){(const char *)value.p, value.n}, HN_STR("@workspace:")) >= 0;
    else
        y->in_depends = hn_str_eqc(key, "dependencies") || hn_str_eqc(key, "optionalDependencies");
}

void languages_yarn_lock(struct languages_state *st, struct hn_bytes path, struct hn_bytes data)
{
    struct hn_bytes line, rest = data;
    struct yarn y = {.open = false};
    while (hn_bytes_line(&rest, &line)) {
        size_t indent = 0;
        while (indent < line.n && line.p[indent] == ' ')
            indent++;
        if (indent == line.n || line.p[indent] == '#')
            continue;
        if (indent == 0) {
            yarn_end(st, &y);
            if (line.p[line.n - 1] == ':')
                yarn_begin(st, &y, path, line);
        } else if (y.open && indent == 2) {
            yarn_field(st, &y, line);
        } else if (y.open && y.in_depends) {
            struct hn_str dep = {(const char *)line.p, line.n}, word;
            if (hn_str_word(&dep, &word)) {
                word.n -= word.n && word.p[word.n - 1] == ':';
                languages_add(st, &y.depends, languages_text(st, unquote(hn_str_bytes(word))));
            }
        }
    }
    yarn_end(st, &y);
}

/* ---------------------------------------------------------------- pnpm */

/* 5: "/@scope/name/1.0.0_peer@2"; 6: "/@scope/name@1.0.0(peer@2)"; 9: without the first "/". */
static bool pnpm_key(struct languages_pkg *k, struct hn_bytes key)
{
    if (key.n && key.p[0] == '/')
        key = cut(key, 1, key.n);
    const uint8_t *paren = key.n ? memchr(key.p, '(', key.n) : NULL;
    if (paren)
        key = cut(key, 0, (size_t)(paren - key.p));
    const uint8_t *sep = key.n > 1 ? memchr(key.p + 1, '@', key.n - 1) : NULL, *slash = NULL;
    const uint8_t *scope_end = key.n && key.p[0] == '@' ? memchr(key.p, '/', key.n) : NULL;
    size_t from = scope_end ? (size_t)(scope_end - key.p) + 1 : 0;
    slash = key.n > from ? memchr(key.p + from, '/', key.n - from) : NULL;
    if (slash && (!sep || slash < sep))
        sep = slash;
    if (!sep)
        return false;
    languages_npm_name(k, cut(key, 0, (size_t)(sep - key.p)));
    k->version = cut(key, (size_t)(sep - key.p) + 1, key.n);
    const uint8_t *peer = k->version.n ? memchr(k->version.p, '_', k->version.n) : NULL;
    if (peer)
        k->version = cut(k->version, 0, (size_t)(peer - k->version.p));
    return k->name.n && k->version.n;
}

static struct hn_bytes yaml_text(struct hn_yaml *map, const char *key)
{
    const struct hn_yaml *v = hn_yaml_get(map, key);
    return v && v->kind == HN_YAML_SCALAR ? hn_str_bytes(v->s) : (struct hn_bytes){0};
}

/* "name: 1.0.0(peer@2)"; of an alias the key of another: "name: other@1.0.0". */
static void pnpm_add_need(struct languages_state *st, struct languages_list *l, const struct hn_yaml *d)
{
    struct languages_pkg k = {.type = "npm"};
    struct hn_str v = d->kind == HN_YAML_SCALAR ? d->s : HN_STR("");
    ptrdiff_t peer = hn_str_chr(v, '(');
    v = hn_str_cut(v, 0, peer < 0 ? v.n : (size_t)peer);
    peer = hn_str_chr(v, '_');
    if (hn_str_chr(v, '@') < 0 && !hn_str_starts(v, "/")) {
        v = hn_str_cut(v, 0, peer < 0 ? v.n : (size_t)peer);
        languages_add(st, l, hn_arena_fmt(&st->one, "%.*s%s%.*s", HN_FMT(d->key), v.n ? "@" : "", HN_FMT(v)));
    } else if (pnpm_key(&k, hn_str_bytes(v))) {
        languages_add(st, l, npm_ref(st, &k));
    } else {
        languages_add(st, l, d->key);
    }
}

static void pnpm_entry(struct languages_state *st, struct hn_bytes path, struct hn_yaml *entry,
                       struct hn_yaml *snapshots)
{
    struct languages_pkg k = {
        .type = "npm", .path = path, .found = "pnpm-lock", .declared = true, .depends_known = true};
    struct languages_list hashes = {0}, depends = {0};
    struct hn_bytes name = yaml_text(entry, "name"), version = yaml_text(entry, "version");
    if (!pnpm_key(&k, hn_str_bytes(entry->key)) && !(name.n && version.n))
        return;
    if (name.n)
        languages_npm_name(&k, name);
    k.version = version.n ? version : k.version;
    struct hn_bytes dev = yaml_text(entry, "dev");
    k.dev = dev.n == 4 && hn_bytes_eqc(dev, "true");
    add_integrity(st, &hashes, yaml_text(hn_yaml_get(entry, "resolution"), "integrity"));
    k.origin = yaml_text(hn_yaml_get(entry, "resolution"), "tarball");
    struct hn_yaml *needs = hn_yaml_get(entry, "dependencies");
    const char *key = snapshots ? hn_arena_cstr(&st->one, entry->key) : NULL;
    if (!needs && key) /* 9 keeps them apart */
        needs = hn_yaml_get(hn_yaml_get(snapshots, key), "dependencies");
    for (const struct hn_yaml *d = needs ? needs->first : NULL; d; d = d->next)
        pnpm_add_need(st, &depends, d);
    k.hashes = hashes.v;
    k.n_hashes = hashes.n;
    k.depends = depends.v;
    k.n_depends = depends.n;
    languages_emit(st, &k);
}

void languages_pnpm_lock(struct languages_state *st, struct hn_bytes path, struct hn_bytes data)
{
    struct hn_yaml *top, *packages;
    struct hn_diag d = {{0}};
    hn_arena_clear(&st->tree);
    if (!hn_ok(hn_yaml_parse(&st->tree, data, &top, &d))) {
        if (st->tree.failed)
            hn_parse_not_seen(st->p, languages_text(st, path), "too large");
        else
            hn_parse_malformed(st->p, path, 0, "not YAML that a lock file consists of");
        return;
    }
    packages = hn_yaml_get(top, "packages");
    for (struct hn_yaml *e = packages && packages->kind == HN_YAML_MAP ? packages->first : NULL; e; e = e->next)
        if (e->kind == HN_YAML_MAP)
            pnpm_entry(st, path, e, hn_yaml_get(top, "snapshots"));
}
