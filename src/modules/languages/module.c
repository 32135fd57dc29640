/* Packages of programming languages: what interpreters, build tools and linkers leave behind. See README.md. */
#include "modules/languages/languages.h"

#include "base/base64.h"
#include "base/str.h"

static const struct hn_field package_fields[] = {
    {"ecosystem", HN_T_STR, 0, NULL, "name of the registry as OSV writes it: PyPI, npm, Maven, Go, crates.io, ..."},
    {"name", HN_T_STR, 0, NULL, "name as the registry writes it; Maven group:artifact, Go the module's path"},
    {"version", HN_T_STR, 0, NULL, "version"},
    {"purl", HN_T_STR, 0, NULL, "package URL; absent when no rule of the type allows one"},
    {"path", HN_T_STR, HN_REF_PATH, NULL, "file that says so"},
    {"inner", HN_T_STR, 0, NULL, "place inside of the archive"},
    {"found", HN_T_STR, 0, NULL, "kind of file: dist-info, egg-info, package.json, package-lock, jar, go, ..."},
    {"declared", HN_T_BOOL, 0, NULL, "a lock file names it; it need not be installed"},
    {"dev", HN_T_BOOL, 0, NULL, "only needed for development"},
    {"guessed", HN_T_BOOL, 0, NULL, "name or version are concluded from a file name or a free text"},
    {"main", HN_T_BOOL, 0, NULL, "the file itself is this package; the others are inside of it"},
    {"licence", HN_T_STR, 0, NULL, "licence as the package states it"},
    {"supplier", HN_T_STR, 0, NULL, "author or maintainer as the package states it"},
    {"homepage", HN_T_STR, 0, NULL, "address as the package states it"},
    {"origin", HN_T_STR, 0, NULL, "where it was fetched from"},
    {"replaces", HN_T_STR, 0, NULL, "module that it stands in for (Go replace)"},
    {"detail", HN_T_STR, 0, NULL, "build settings and the like, one a line"},
    {"hashes", HN_T_LIST, 0, NULL, "digests that are stated, alg:value"},
    {"depends", HN_T_LIST, 0, NULL, "direct dependencies, name or name@version"},
    {"depends_known", HN_T_BOOL, 0, NULL, "the file tells the dependencies; without it they are unknown"},
    {0}};

static const struct hn_field artefact_fields[] = {
    {"path", HN_T_STR, HN_REF_PATH, NULL, "archive or program that holds packages"},
    {"format", HN_T_STR, 0, NULL, "jar, war, ear, elf, pe"},
    {"size", HN_T_INT, 0, "bytes", "size"},
    {"executable", HN_T_BOOL, 0, NULL, "may be executed"},
    {"packages", HN_T_INT, 0, NULL, "packages found inside"},
    {"sha512", HN_T_STR, 0, NULL, "digest, when asked for"},
    {0}};

static const struct hn_kind kinds[] = {{"package", "purl or type:name@version, then the place", package_fields},
                                       {"artefact", "path", artefact_fields},
                                       {0}};

/* ---------------------------------------------------------------- shared by the parse files */

struct hn_str languages_keep(struct languages_state *st, struct hn_bytes b)
{
    return hn_arena_str(hn_parse_arena(st->p), languages_text(st, b));
}

struct hn_str languages_text(struct languages_state *st, struct hn_bytes b)
{
    if (!b.n)
        return HN_STR("");
    return hn_str_trim(hn_str_from_hostile(&st->one, b, LANGUAGES_TEXT));
}

void languages_add(struct languages_state *st, struct languages_list *l, struct hn_str s)
{
    s = languages_text(st, hn_str_bytes(s)); /* what was put together of raw bytes is checked here once */
    if (!s.n || l->n == LANGUAGES_LIST_MAX)
        return;
    struct hn_str *more = hn_arena_more(&st->one, l->v, l->n, &l->cap, sizeof *more);
    if (!more)
        return;
    l->v = more;
    l->v[l->n++] = s;
}

void languages_add_digest(struct languages_state *st, struct languages_list *l, const char *alg, struct hn_bytes base64)
{
    uint8_t raw[64];
    char hex[129];
    struct hn_str s;
    size_t n = hn_str_from_utf8(base64, &s) ? hn_base64_decode(s, raw, sizeof(raw)) : 0;
    if (!n)
        return;
    hn_hex(hn_bytes_of(raw, n), hex);
    languages_add(st, l, hn_arena_fmt(&st->one, "%s:%s", alg, hex));
}

void languages_add_keys(struct languages_state *st, struct languages_list *l, const struct hn_jv *object)
{
    for (size_t i = 0; object && object->kind == HN_JV_OBJ && i < object->n; i++)
        languages_add(st, l, languages_text(st, hn_str_bytes(object->keys[i])));
}

struct hn_bytes languages_base(struct hn_bytes path)
{
    const uint8_t *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
    return slash ? hn_bytes_of(slash + 1, path.n - (size_t)(slash + 1 - path.p)) : path;
}

const struct hn_jv *languages_json(struct languages_state *st, struct hn_bytes path, struct hn_bytes text)
{
    struct hn_diag d = {{0}};
    hn_arena_clear(&st->tree);
    if (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0)
        text = hn_bytes_of(text.p + 3, text.n - 3);
    const struct hn_jv *v = hn_jv_parse(&st->tree, text, &d);
    if (v)
        return v;
    if (st->tree.failed)
        hn_parse_not_seen(st->p, languages_text(st, path), "too large");
    else
        hn_parse_malformed(st->p, path, 0, "not JSON");
    return NULL;
}

/* ---------------------------------------------------------------- observations */

static const struct {
    const char *type, *ecosystem;
} ecosystems[] = {{"pypi", "PyPI"},       {"npm", "npm"},      {"maven", "Maven"},        {"golang", "Go"},
                  {"cargo", "crates.io"}, {"gem", "RubyGems"}, {"composer", "Packagist"}, {"nuget", "NuGet"}};

static const char *ecosystem_of(const char *type)
{
    for (size_t i = 0; i < sizeof(ecosystems) / sizeof(ecosystems[0]); i++)
        if (strcmp(ecosystems[i].type, type) == 0)
            return ecosystems[i].ecosystem;
    return type;
}

/* As the registry writes it: "@scope/name", "group:artifact", "vendor/name". */
static struct hn_str full_name(struct languages_state *st, const struct languages_pkg *k)
{
    struct hn_str group = languages_text(st, k->group), name = languages_text(st, k->name);
    if (!group.n)
        return name;
    return hn_arena_fmt(&st->one, "%.*s%s%.*s", HN_FMT(group), strcmp(k->type, "maven") == 0 ? ":" : "/", HN_FMT(name));
}

static void put_text(struct hn_parse *p, const char *field, struct hn_str s)
{
    if (s.n)
        hn_obs_str(p, field, s);
}

static struct hn_str subject_of(struct languages_state *st, const struct languages_pkg *k, struct hn_str name,
                                struct hn_str path)
{
    struct hn_str version = languages_text(st, k->version), inner = languages_text(st, k->inner);
    struct hn_str platform = languages_text(st, k->platform);
    return hn_arena_fmt(&st->one, "%s:%.*s@%.*s%s%.*s %.*s%s%.*s", k->type, HN_FMT(name), HN_FMT(version),
                        platform.n ? "-" : "", HN_FMT(platform), HN_FMT(path), inner.n ? "!/" : "", HN_FMT(inner));
}

/* One lock file can name hundreds of thousands. */
static bool room_for(struct languages_state *st, const struct languages_pkg *k)
{
    uint64_t before = st->said;
    st->said += 512 + k->path.n + k->inner.n + 3 * (k->name.n + k->version.n) + k->detail.n;
    for (size_t i = 0; i < k->n_depends; i++)
        st->said += k->depends[i].n + 3;
    for (size_t i = 0; i < k->n_hashes; i++)
        st->said += k->hashes[i].n + 3;
    if (st->said > LANGUAGES_SAID_MAX && before <= LANGUAGES_SAID_MAX)
        hn_parse_not_seen(st->p, HN_STR("part of the packages"), "too many");
    return st->said <= LANGUAGES_SAID_MAX;
}

static void emit(struct languages_state *st, const struct languages_pkg *k)
{
    struct hn_parse *p = st->p;
    struct hn_arena *a = &st->one;
    struct hn_str name = full_name(st, k), path = languages_text(st, hn_path_canonical(a, k->path));
    if (!name.n || !room_for(st, k))
        return;
    hn_obs_begin(p, "package", subject_of(st, k, name, path));
    hn_obs_str(p, "ecosystem", hn_str_c(ecosystem_of(k->type)));
    hn_obs_str(p, "name", name);
    put_text(p, "version", languages_text(st, k->version));
    put_text(p, "purl", languages_purl(st, k));
    hn_obs_str(p, "path", path);
    put_text(p, "inner", languages_text(st, k->inner));
    hn_obs_str(p, "found", hn_str_c(k->found));
    if (k->declared)
        hn_obs_bool(p, "declared", true);
    if (k->dev)
        hn_obs_bool(p, "dev", true);
    if (k->guessed)
        hn_obs_bool(p, "guessed", true);
    if (k->main)
        hn_obs_bool(p, "main", true);
    put_text(p, "licence", languages_text(st, k->licence));
    put_text(p, "supplier", languages_text(st, k->supplier));
    put_text(p, "homepage", languages_text(st, k->homepage));
    put_text(p, "origin", languages_text(st, k->origin));
    put_text(p, "replaces", languages_text(st, k->replaces));
    put_text(p, "detail", languages_text(st, k->detail));
    if (k->n_hashes)
        hn_obs_list(p, "hashes", k->hashes, k->n_hashes);
    if (k->n_depends)
        hn_obs_list(p, "depends", k->depends, k->n_depends);
    if (k->depends_known)
        hn_obs_bool(p, "depends_known", true);
    hn_obs_end(p);
}

void languages_emit(struct languages_state *st, const struct languages_pkg *k)
{
    if (st->one.failed)
        hn_parse_not_seen(st->p, HN_STR("a package"), "too much is told of it");
    else
        emit(st, k);
    hn_arena_clear(&st->one);
}

static void emit_artefact(struct languages_state *st, const struct languages_file *f)
{
    struct hn_str path = languages_text(st, hn_path_canonical(&st->one, f->path));
    char hex[129];
    hn_obs_begin(st->p, "artefact", path);
    hn_obs_str(st->p, "path", path);
    hn_obs_str(st->p, "format", hn_str_c(f->format));
    hn_obs_int(st->p, "size", (int64_t)(f->size & INT64_MAX));
    hn_obs_bool(st->p, "executable", f->executable);
    hn_obs_int(st->p, "packages", f->packages);
    if (f->has_sha512) {
        hn_hex(hn_bytes_of(f->sha512, 64), hex);
        hn_obs_str(st->p, "sha512", hn_str_c(hex));
    }
    hn_obs_end(st->p);
}

/* ---------------------------------------------------------------- files that are read in parts */

struct languages_file *languages_file_of(struct languages_state *st, const struct hn_rec *r, enum languages_kind kind)
{
    struct languages_file *f = hn_map_find(&st->files, r->path);
    if (f)
        return f->kind == kind ? f : NULL;
    f = HN_NEW(hn_parse_arena(st->p), struct languages_file);
    struct hn_bytes path = hn_arena_bytes(hn_parse_arena(st->p), r->path);
    if (!f || !path.p || !hn_ok(hn_map_set(&st->files, path, f)))
        return NULL;
    f->kind = kind;
    f->path = path;
    f->size = r->st.size;
    f->executable = (r->st.mode & 0111) != 0;
    *st->last = f;
    st->last = &f->next;
    return f;
}

/* All parts are there: what is left to ask for. */
void languages_file_done(struct languages_state *st, struct languages_file *f)
{
    if (f->done)
        return;
    f->done = true;
    if (f->packages && f->format && hn_parse_hashes(st->p))
        hn_parse_want_sha512(st->p, "digest", f->path);
}

static void digest(struct languages_state *st, const struct hn_rec *r)
{
    struct languages_file *f = hn_map_find(&st->files, r->path);
    if (!f || r->err || r->data.n != sizeof(f->sha512))
        return;
    memcpy(f->sha512, r->data.p, sizeof(f->sha512));
    f->has_sha512 = true;
}

/* ---------------------------------------------------------------- parsing */

typedef void read_whole(struct languages_state *st, struct hn_bytes path, struct hn_bytes data);
typedef void read_record(struct languages_state *st, const struct hn_rec *r);

static const struct {
    const char *tag;
    read_whole *whole;
    read_record *record;
} tags[] = {
    {"metadata", languages_metadata, NULL},
    {"direct-url", languages_direct_url, NULL},
    {"package-json", languages_package_json, NULL},
    {"package-lock", languages_package_lock, NULL},
    {"yarn-lock", languages_yarn_lock, NULL},
    {"pnpm-lock", languages_pnpm_lock, NULL},
    {"cargo-lock", languages_cargo_lock, NULL},
    {"gemfile-lock", languages_gemfile_lock, NULL},
    {"gemspec", languages_gemspec, NULL},
    {"composer-lock", languages_composer_lock, NULL},
    {"composer-installed", languages_composer_installed, NULL},
    {"deps-json", languages_deps_json, NULL},
    {"packages-lock", languages_packages_lock, NULL},
    {"archive", NULL, languages_archive},
    {"archive-part", NULL, languages_archive_part},
    {"program", NULL, languages_program},
    {"program-part", NULL, languages_program_part},
    {"digest", NULL, digest},
};

/* A longer file is put together first: its readers need all of it. */
static void whole(struct languages_state *st, const struct hn_rec *r, read_whole *read)
{
    if (r->err)
        return;
    if (r->truncated) {
        hn_parse_not_seen(st->p, languages_text(st, r->path), "the file is too long");
        return;
    }
    if (r->offset == 0)
        hn_buf_clear(&st->whole);
    if (r->offset == 0 && !r->more) {
        read(st, r->path, r->data);
        return;
    }
    if (r->offset != st->whole.n) {
        hn_parse_malformed(st->p, r->path, r->offset, "goes on without a beginning");
        return;
    }
    hn_buf_add(&st->whole, r->data.p, r->data.n);
    if (!r->more && !st->whole.bad)
        read(st, r->path, hn_str_bytes(hn_buf_text(&st->whole)));
}

static void begin(struct languages_state *st, struct hn_parse *p)
{
    st->p = p;
    if (st->begun)
        return;
    st->begun = true;
    st->last = &st->first;
    hn_map_init(&st->files);
    hn_buf_init(&st->whole, LANGUAGES_PART_MAX);
    hn_arena_init(&st->one, LANGUAGES_ONE_MAX);
    hn_arena_init(&st->tree, LANGUAGES_TREE_MAX);
}

static void parse(struct hn_parse *p, const struct hn_rec *r)
{
    struct languages_state *st = hn_parse_state(p);
    begin(st, p);
    hn_arena_clear(&st->one);
    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        if (!hn_str_eqc(r->tag, tags[i].tag))
            continue;
        if (tags[i].whole)
            whole(st, r, tags[i].whole);
        else
            tags[i].record(st, r);
        return;
    }
}

static void finish(struct hn_parse *p)
{
    struct languages_state *st = hn_parse_state(p);
    begin(st, p);
    for (struct languages_file *f = st->first; f; f = f->next) {
        hn_arena_clear(&st->one);
        if (f->jar)
            languages_archive_done(st, f);
        if (f->packages && f->format)
            emit_artefact(st, f);
    }
    hn_map_done(&st->files);
    hn_buf_done(&st->whole);
    hn_arena_done(&st->one);
    hn_arena_done(&st->tree);
}

const struct hn_module hn_module_languages = {
    .name = "languages",
    .kinds = kinds,
    .deep = true,
    .told = true,
    .state_size = sizeof(struct languages_state),
    .collect = languages_collect,
    .parse = parse,
    .finish = finish,
};
