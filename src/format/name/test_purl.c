#include "hn_test.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/str.h"
#include "format/name/purl.h"

#define CAP (4u << 20)

static const char *data_path(const char *rest)
{
    static char path[4096];
    const char *dir = getenv("HINOMI_TEST_DATA");
    snprintf(path, sizeof path, "%s/sbom/%s", dir ? dir : "../shared/data", rest);
    return path;
}

static bool in_ci(void)
{
    const char *ci = getenv("CI");
    return ci && strcmp(ci, "true") == 0;
}

static const struct hn_jv *load(struct hn_arena *a, struct hn_buf *b, const char *path)
{
    hn_buf_init(b, 4u << 20);
    return hn_ok(hn_read_file(path, b, NULL)) ? hn_jv_parse(a, hn_bytes_of(b->p, b->n), NULL) : NULL;
}

/* ---------------------------------------------------------------- own cases */

TEST(canonical_form)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"pkg:deb/debian/curl@7.50.3-1?arch=i386&distro=jessie",
         "pkg:deb/debian/curl@7.50.3-1?arch=i386&distro=jessie"},
        {"pkg:deb/debian/tar@1:1.34%2Bdfsg-1", "pkg:deb/debian/tar@1:1.34%2Bdfsg-1"},
        {"pkg:deb/debian/tar@1%3A1.34+dfsg-1", "pkg:deb/debian/tar@1:1.34%2Bdfsg-1"},
        {"pkg:npm/@a/b@1?x=", "pkg:npm/%40a/b@1"},
        {"PKG:PyPI/Foo_Bar.Baz@1.0", "pkg:pypi/foo-bar.baz@1.0"},
        {"pkg:generic/x/./y//z@1#./a/../b/", "pkg:generic/x/./y/z@1#a/b"},
        {"pkg:generic/n%C3%A9e@1%252", "pkg:generic/n%C3%A9e@1%252"},
        {"pkg:golang/github.com/Foo/Bar@v1.0.0", "pkg:golang/github.com/Foo/Bar@v1.0.0"},
        {"pkg:huggingface/a/B@ABCDEF", "pkg:huggingface/a/B@abcdef"},
        {"pkg:generic/a@b/c", "pkg:generic/a@b%2Fc"},
        {"pkg:pub/Foo-Bar@1", "pkg:pub/foo_bar@1"},
    };
    HN_AUTO(hn_arena_done) struct hn_arena a;
    hn_arena_init(&a, CAP);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct hn_purl p, again;
        NOTE("%s", rows[i].in);
        CHECK(hn_purl_parse(&a, hn_str_c(rows[i].in), &p, NULL));
        struct hn_str text = hn_purl_text(&p, &a);
        CHECK_TEXT(text, rows[i].out);
        CHECK(hn_purl_parse(&a, text, &again, NULL));
        CHECK_UINT(again.faults, 0);
        CHECK_STR(hn_purl_text(&again, &a), text);
    }
}

TEST(says_what_is_wrong)
{
    static const struct {
        const char *in;
        unsigned faults;
    } rows[] = {
        {"pkg:deb/curl@1", HN_PURL_NO_NAMESPACE},
        {"pkg:pypi/a/b@1", HN_PURL_NAMESPACE},
        {"pkg:julia/Dates", HN_PURL_NO_QUALIFIER},
        {"pkg:generic/a%2@1", HN_PURL_PERCENT},
        {"pkg:generic/a%FF@1", HN_PURL_PERCENT},
        {"pkg:gem/a@1?Platform=java", HN_PURL_CASE | HN_PURL_KEY_CASE},
        {"pkg:generic/a@1?b=1&B=2", HN_PURL_CASE | HN_PURL_TWICE},
        {"pkg://PYPI/A", HN_PURL_SLASHES | HN_PURL_CASE | HN_PURL_SPELLING},
        {"pkg:cpan/A::B", HN_PURL_CHARACTERS},
    };
    HN_AUTO(hn_arena_done) struct hn_arena a;
    hn_arena_init(&a, CAP);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct hn_purl p;
        NOTE("%s", rows[i].in);
        CHECK(hn_purl_parse(&a, hn_str_c(rows[i].in), &p, NULL));
        CHECK_UINT(p.faults, rows[i].faults);
    }
    static const char *const none[] = {"",        "pkg:",      "pkg:npm",      "pkg:npm/",    "npm/a@1",
                                       "pkg:/@1", "pkg:3d/a",  "pkg:a b/c",    "pkg:npm/@1",  "pkg:npm/a?b c=1",
                                       "pkg://",  "pkg:npm//", "pkg:npm/?a=b", "pkg%3Anpm/a", "pkg:npm/a?=1"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        struct hn_purl p;
        const char *why = NULL;
        bool ok = hn_purl_parse(&a, hn_str_c(none[i]), &p, &why);
        NOTE("%s", none[i]);
        CHECK(!ok && why);
    }
}

TEST(covers_what_is_more_special)
{
    static const struct {
        const char *general, *special;
        bool yes;
    } rows[] = {
        {"pkg:oci/debian", "pkg:oci/debian@sha256:1?arch=amd64", true},
        {"pkg:oci/debian@sha256:1", "pkg:oci/debian@sha256:1?arch=amd64", true},
        {"pkg:oci/debian@sha256:2", "pkg:oci/debian@sha256:1?arch=amd64", false},
        {"pkg:oci/debian?arch=arm64", "pkg:oci/debian@sha256:1?arch=amd64", false},
        {"pkg:oci/debian?arch=amd64", "pkg:oci/debian@sha256:1", false},
        {"pkg:golang/a/b#c", "pkg:golang/a/b@1", false},
        {"pkg:golang/a/b", "pkg:golang/a/c@1", false},
    };
    HN_AUTO(hn_arena_done) struct hn_arena a;
    hn_arena_init(&a, CAP);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct hn_purl g, s;
        CHECK(hn_purl_parse(&a, hn_str_c(rows[i].general), &g, NULL));
        CHECK(hn_purl_parse(&a, hn_str_c(rows[i].special), &s, NULL));
        NOTE("%s, %s", rows[i].general, rows[i].special);
        CHECK(hn_purl_covers(&a, &g, &s) == rows[i].yes);
    }
}

TEST(any_bytes_and_every_truncation)
{
    static const char text[] = "pkg:npm/%40a/b%20c@1.0%?k=v%41&q=&r#s/./%2F/t";
    HN_AUTO(hn_arena_done) struct hn_arena a;
    hn_arena_init(&a, CAP);
    for (size_t n = 0; n < sizeof text; n++) {
        struct hn_purl p, again;
        char *exact = malloc(n ? n : 1);
        CHECK(exact);
        memcpy(exact, text, n);
        if (hn_purl_parse(&a, (struct hn_str){exact, n}, &p, NULL)) {
            struct hn_str out = hn_purl_text(&p, &a);
            CHECK(hn_purl_parse(&a, out, &again, NULL));
            CHECK_STR(hn_purl_text(&again, &a), out);
        }
        free(exact);
    }
}

/* ---------------------------------------------------------------- the tests of the standard */

static struct hn_str or_empty(struct hn_str s)
{
    return s.p ? s : (struct hn_str){"", 0};
}

static bool components_match(const struct hn_purl *p, const struct hn_jv *want)
{
    const struct hn_jv *q = hn_jv_get(want, "qualifiers");
    size_t n = q && q->kind == HN_JV_OBJ ? q->n : 0;
    if (!hn_str_eq(or_empty(hn_jv_str(want, "type")), p->type) ||
        !hn_str_eq(or_empty(hn_jv_str(want, "namespace")), p->namespace) ||
        !hn_str_eq(or_empty(hn_jv_str(want, "name")), p->name) ||
        !hn_str_eq(or_empty(hn_jv_str(want, "version")), p->version) ||
        !hn_str_eq(or_empty(hn_jv_str(want, "subpath")), p->subpath) || n != p->n_qualifiers)
        return false;
    for (size_t i = 0; i < n; i++) {
        char key[256];
        snprintf(key, sizeof key, "%.*s", HN_FMT(q->keys[i]));
        if (!hn_str_eq(hn_purl_qualifier(p, key), q->items[i].s))
            return false;
    }
    return true;
}

static bool build(struct hn_arena *a, const struct hn_jv *in, struct hn_purl *p)
{
    const struct hn_jv *q = hn_jv_get(in, "qualifiers");
    *p = (struct hn_purl){
        .type = or_empty(hn_jv_str(in, "type")),
        .namespace = or_empty(hn_jv_str(in, "namespace")),
        .name = or_empty(hn_jv_str(in, "name")),
        .version = or_empty(hn_jv_str(in, "version")),
        .subpath = or_empty(hn_jv_str(in, "subpath")),
    };
    for (size_t i = 0; q && q->kind == HN_JV_OBJ && i < q->n; i++)
        hn_purl_set(p, q->keys[i], q->items[i].s);
    return hn_purl_build(a, p, NULL) && !(p->faults & HN_PURL_INVALID);
}

static bool one_test(struct hn_arena *a, const struct hn_jv *t)
{
    struct hn_str type = hn_jv_str(t, "test_type");
    const struct hn_jv *want = hn_jv_get(t, "expected_output"), *in = hn_jv_get(t, "input");
    bool fails = hn_jv_bool(t, "expected_failure", false), ok;
    struct hn_purl p;
    if (hn_str_eqc(type, "build"))
        ok = build(a, in, &p);
    else
        ok = hn_purl_parse(a, in->s, &p, NULL);
    if (hn_str_eqc(type, "parse")) {
        ok = ok && !(p.faults & HN_PURL_INVALID);
        return fails ? !ok : ok && components_match(&p, want);
    }
    return fails ? !ok : ok && hn_str_eq(hn_purl_text(&p, a), want->s);
}

TEST(conforms_to_the_standard)
{
    static const char *const files[] = {"alpm",
                                        "apk",
                                        "bazel",
                                        "bitbucket",
                                        "bitnami",
                                        "brew",
                                        "cargo",
                                        "chrome-extension",
                                        "cocoapods",
                                        "composer",
                                        "conan",
                                        "conda",
                                        "cpan",
                                        "cran",
                                        "deb",
                                        "docker",
                                        "gem",
                                        "generic",
                                        "git",
                                        "github",
                                        "golang",
                                        "hackage",
                                        "hex",
                                        "huggingface",
                                        "julia",
                                        "luarocks",
                                        "maven",
                                        "mlflow",
                                        "npm",
                                        "nuget",
                                        "oci",
                                        "opam",
                                        "otp",
                                        "pub",
                                        "pypi",
                                        "qpkg",
                                        "rpm",
                                        "swid",
                                        "swift",
                                        "vcpkg",
                                        "vscode-extension",
                                        "yocto",
                                        NULL};
    size_t total = 0, wrong = 0;
    char rest[256];
    for (int i = -1; i < 0 || files[i]; i++) {
        HN_AUTO(hn_arena_done) struct hn_arena a;
        HN_AUTO(hn_buf_done) struct hn_buf b;
        hn_arena_init(&a, CAP);
        snprintf(rest, sizeof rest, "dev/purl/%s%s-test.json", i < 0 ? "spec/specification" : "types/",
                 i < 0 ? "" : files[i]);
        const struct hn_jv *tests = hn_jv_get(load(&a, &b, data_path(rest)), "tests");
        for (size_t k = 0; tests && k < tests->n; k++) {
            total++;
            if (one_test(&a, &tests->items[k]))
                continue;
            wrong++;
            struct hn_str what = hn_jv_str(&tests->items[k], "description");
            printf("# %s: %.*s (%.*s)\n", rest, HN_FMT(what), HN_FMT(hn_jv_str(&tests->items[k], "test_type")));
        }
    }
    if (!total && !in_ci())
        SKIP("no purl tests: set HINOMI_TEST_DATA");
    NOTE("%zu tests", total);
    CHECK_UINT(wrong, 0);
    CHECK(total >= 390);
}

static bool defined_fold(const struct hn_jv *type, const char *part)
{
    const struct hn_jv *d = hn_jv_get(type, part);
    return !hn_jv_bool(d, "case_sensitive", true);
}

/* Our table says what the published definitions say. */
static void check_type(const struct hn_jv *def)
{
    struct hn_str name = hn_jv_str(def, "type");
    const struct hn_purl_type *t = hn_purl_type_find(name);
    NOTE("%.*s", HN_FMT(name));
    CHECK(t);
    struct hn_str need = hn_jv_str(hn_jv_get(def, "namespace_definition"), "requirement");
    CHECK_INT(t->namespace, hn_str_eqc(need, "required")     ? HN_PURL_REQUIRED
                            : hn_str_eqc(need, "prohibited") ? HN_PURL_PROHIBITED
                                                             : HN_PURL_OPTIONAL);
    CHECK_INT(t->fold_namespace, defined_fold(def, "namespace_definition"));
    CHECK_INT(t->fold_name, defined_fold(def, "name_definition"));
    CHECK_INT(t->fold_version, defined_fold(def, "version_definition"));
    const struct hn_jv *q = hn_jv_get(def, "qualifiers_definition");
    char keys[512] = "";
    for (size_t i = 0; q && i < q->n; i++) {
        struct hn_str key = hn_jv_str(&q->items[i], "key");
        snprintf(keys + strlen(keys), sizeof keys - strlen(keys), "%s%.*s%s", i ? " " : "", HN_FMT(key),
                 hn_str_eqc(hn_jv_str(&q->items[i], "requirement"), "required") ? "!" : "");
    }
    CHECK_C(t->qualifiers, keys);
}

TEST(table_is_that_of_the_definitions)
{
    static const char *const types[] = {"alpm",
                                        "apk",
                                        "bazel",
                                        "bitbucket",
                                        "bitnami",
                                        "brew",
                                        "cargo",
                                        "chrome-extension",
                                        "cocoapods",
                                        "composer",
                                        "conan",
                                        "conda",
                                        "cpan",
                                        "cran",
                                        "deb",
                                        "docker",
                                        "gem",
                                        "generic",
                                        "git",
                                        "github",
                                        "golang",
                                        "hackage",
                                        "hex",
                                        "huggingface",
                                        "julia",
                                        "luarocks",
                                        "maven",
                                        "mlflow",
                                        "npm",
                                        "nuget",
                                        "oci",
                                        "opam",
                                        "otp",
                                        "pub",
                                        "pypi",
                                        "qpkg",
                                        "rpm",
                                        "swid",
                                        "swift",
                                        "vcpkg",
                                        "vscode-extension",
                                        "yocto"};
    size_t seen = 0;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        HN_AUTO(hn_arena_done) struct hn_arena a;
        HN_AUTO(hn_buf_done) struct hn_buf b;
        char rest[256];
        hn_arena_init(&a, CAP);
        snprintf(rest, sizeof rest, "shared/purl-types/%s-definition.json", types[i]);
        const struct hn_jv *def = load(&a, &b, data_path(rest));
        CHECK(hn_purl_type_find(hn_str_c(types[i])));
        if (!def)
            continue;
        seen++;
        check_type(def);
        STOP_IF_FAILED();
    }
    if (!seen && !in_ci())
        SKIP("no purl type definitions: set HINOMI_TEST_DATA");
    CHECK(seen >= 40);
}
