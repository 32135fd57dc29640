#include "format/name/purl.h"

#include "base/str.h"

#define O HN_PURL_OPTIONAL
#define R HN_PURL_REQUIRED
#define P HN_PURL_PROHIBITED

/* The registered types, ordered by name. */
static const struct hn_purl_type types[] = {
    /* type, namespace; folds: namespace, name, version; qualifiers */
    {"alpm", R, true, true, false, "arch"},
    {"apk", R, true, true, false, "arch"},
    {"bazel", P, false, false, false, "repository_url"},
    {"bitbucket", R, true, true, false, ""},
    {"bitnami", P, false, true, false, "arch distro"},
    {"brew", O, true, true, false, "repository_url"},
    {"cargo", P, false, false, false, ""},
    {"chrome-extension", P, false, true, false, ""},
    {"cocoapods", P, false, false, false, ""},
    {"composer", R, true, true, false, ""},
    {"conan", O, false, false, false, "user channel rrev prev"},
    {"conda", P, false, false, false, "build channel subdir type"},
    {"cpan", O, false, false, false, "author distpath repository_url download_url vcs_url ext"},
    {"cran", P, false, false, false, ""},
    {"deb", R, true, true, false, "arch"},
    {"docker", O, false, false, false, ""},
    {"gem", P, false, false, false, "platform"},
    {"generic", O, false, false, false, "download_url checksum"},
    {"git", R, false, false, false, ""},
    {"github", R, true, true, false, ""},
    {"golang", R, false, false, false, ""},
    {"hackage", P, false, false, false, ""},
    {"hex", O, true, true, false, ""},
    {"huggingface", R, false, false, true, ""},
    {"julia", P, false, false, false, "uuid!"},
    {"luarocks", O, true, true, false, "repository_url"},
    {"maven", R, false, false, false, "classifier type"},
    {"mlflow", P, false, false, false, "model_uuid run_id"},
    {"npm", O, false, false, false, ""},
    {"nuget", P, false, false, false, ""},
    {"oci", P, false, true, true, "arch repository_url tag"},
    {"opam", P, false, false, false, ""},
    {"otp", P, false, true, false, "repository_url platform arch"},
    {"pub", P, false, true, false, ""},
    {"pypi", P, false, true, true, "file_name"},
    {"qpkg", R, true, false, false, ""},
    {"rpm", R, true, false, false, "epoch arch"},
    {"swid", O, false, false, false, "tag_id! tag_version patch tag_creator_name tag_creator_regid"},
    {"swift", R, false, false, false, ""},
    {"vcpkg", P, false, false, false, "port_version repository_revision triplet"},
    {"vscode-extension", R, true, true, true, "platform"},
    {"yocto", O, true, false, false, "repository_url layer_version"},
};
#undef O
#undef R
#undef P

const struct hn_purl_type *hn_purl_type_find(struct hn_str type)
{
    size_t low = 0, high = sizeof types / sizeof *types;
    while (low < high) {
        size_t mid = (low + high) / 2;
        int r = hn_str_cmp(type, hn_str_c(types[mid].type));
        if (r == 0)
            return &types[mid];
        if (r < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return NULL;
}

const char *hn_purl_fault_text(enum hn_purl_fault_bit bit)
{
    static const char *const texts[HN_PURL_BITS] = {
#define XX(name, invalid, text) text,
        HN_PURL_FAULT_MAP(XX)
#undef XX
    };
    return texts[bit];
}

/* ---------------------------------------------------------------- spelling */

typedef char map_fn(char c);

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}
static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c & ~0x20) : c;
}
static char dashed(char c)
{
    return c == '_' ? '-' : c;
}
static char kebab(char c)
{
    return c == '_' || c == ' ' ? '-' : c;
}
static char identifier(char c)
{
    bool keep = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    return keep ? c : '_';
}

/* Maps every character; a copy only when one changes. */
static void respell(struct hn_arena *a, struct hn_purl *p, struct hn_str *s, map_fn *map)
{
    size_t i = 0;
    while (i < s->n && map(s->p[i]) == s->p[i])
        i++;
    if (i == s->n)
        return;
    char *copy = hn_arena_alloc(a, s->n + 1);
    p->faults |= HN_PURL_SPELLING;
    if (!copy)
        return;
    for (i = 0; i < s->n; i++)
        copy[i] = map(s->p[i]);
    s->p = copy;
}

static bool only(struct hn_str s, char low, char high)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < low || s.p[i] > high)
            return false;
    return true;
}

/* Chrome: 32 letters a to p; a version of one to four numbers. */
static bool chrome_permits(const struct hn_purl *p)
{
    struct hn_str rest = p->version, part;
    size_t parts = 0;
    if (p->name.n != 32 || !only(p->name, 'a', 'p'))
        return false;
    while (p->version.n && hn_str_split(&rest, '.', &part))
        if (++parts > 4 || !part.n || !only(part, '0', '9'))
            return false;
    return true;
}

static bool host_folds(struct hn_str host)
{
    static const char *const hosts[] = {"github", "github.com", "bitbucket", "bitbucket.org"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        if (hn_str_eqc(host, hosts[i]))
            return true;
    return false;
}

/* Rules that fit into no table. */
static void apply_special(struct hn_arena *a, struct hn_purl *p)
{
    if (hn_str_eqc(p->type, "pypi"))
        respell(a, p, &p->name, dashed);
    else if (hn_str_eqc(p->type, "hackage"))
        respell(a, p, &p->name, kebab);
    else if (hn_str_eqc(p->type, "pub"))
        respell(a, p, &p->name, identifier);
    else if (hn_str_eqc(p->type, "cpan"))
        respell(a, p, &p->namespace, upper);
    else if (hn_str_eqc(p->type, "git") && host_folds(p->namespace))
        respell(a, p, &p->name, lower);
    else if (hn_str_eqc(p->type, "mlflow") && /* Databricks does not tell capitals apart, Azure ML does */
             hn_str_find(hn_purl_qualifier(p, "repository_url"), HN_STR("databricks")) >= 0)
        respell(a, p, &p->name, lower);
    if ((hn_str_eqc(p->type, "cpan") && hn_str_find(p->name, HN_STR("::")) >= 0) ||
        (hn_str_eqc(p->type, "chrome-extension") && !chrome_permits(p)))
        p->faults |= HN_PURL_CHARACTERS;
}

static void check_needed(const struct hn_purl_type *t, struct hn_purl *p)
{
    struct hn_str rest = hn_str_c(t->qualifiers), key;
    char name[64];
    while (hn_str_word(&rest, &key))
        if (key.p[key.n - 1] == '!' && key.n < sizeof name) {
            memcpy(name, key.p, key.n - 1);
            name[key.n - 1] = 0;
            if (!hn_purl_qualifier(p, name).n)
                p->faults |= HN_PURL_NO_QUALIFIER;
        }
}

void hn_purl_apply_type(struct hn_arena *a, struct hn_purl *p)
{
    const struct hn_purl_type *t = hn_purl_type_find(p->type);
    if (!t)
        return;
    if (t->namespace == HN_PURL_REQUIRED && !p->namespace.n)
        p->faults |= HN_PURL_NO_NAMESPACE;
    if (hn_str_eqc(p->type, "swift") && hn_str_chr(p->namespace, '/') < 0) /* source host and user or organisation */
        p->faults |= HN_PURL_NO_NAMESPACE;
    if (t->namespace == HN_PURL_PROHIBITED && p->namespace.n)
        p->faults |= HN_PURL_NAMESPACE;
    if (t->fold_namespace)
        respell(a, p, &p->namespace, lower);
    if (t->fold_name)
        respell(a, p, &p->name, lower);
    if (t->fold_version)
        respell(a, p, &p->version, lower);
    apply_special(a, p);
    check_needed(t, p);
}
