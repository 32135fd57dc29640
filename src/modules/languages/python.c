/* Python: METADATA of a wheel (*.dist-info), PKG-INFO of an egg (*.egg-info, EGG-INFO). Core metadata specifications
 * 2.4: header lines like those of mail up to an empty line; what follows is the description. direct_url.json (PEP 610)
 * says that it did not come from an index. */
#include "base/str.h"
#include "modules/languages/languages.h"

/* One header with its continuation lines joined by the caller's eye only: the first line is what is used here. */
static bool header(struct hn_bytes *rest, struct hn_bytes *name, struct hn_bytes *value)
{
    struct hn_bytes line;
    while (hn_bytes_line(rest, &line)) {
        if (!line.n)
            return false;
        if (line.p[0] == ' ' || line.p[0] == '\t')
            continue;
        const uint8_t *colon = memchr(line.p, ':', line.n);
        if (!colon)
            continue;
        *name = hn_bytes_of(line.p, (size_t)(colon - line.p));
        *value = hn_bytes_of(colon + 1, line.n - name->n - 1);
        return true;
    }
    return false;
}

static bool is(struct hn_bytes name, const char *want)
{
    return name.n == strlen(want) && strncasecmp((const char *)name.p, want, name.n) == 0;
}

/* "requests (>=2.8) ; extra == 'x'" (PEP 508): the name; nothing when it is only wanted for an extra. */
static struct hn_str requirement(struct languages_state *st, struct hn_bytes value)
{
    struct hn_str s = languages_text(st, value);
    ptrdiff_t mark = hn_str_chr(s, ';');
    size_t n = 0;
    if (mark >= 0 && hn_str_find(hn_str_cut(s, (size_t)mark, s.n), HN_STR("extra")) >= 0)
        return HN_STR("");
    while (n < s.n && (s.p[n] == '-' || s.p[n] == '_' || s.p[n] == '.' || (s.p[n] >= '0' && s.p[n] <= '9') ||
                       ((s.p[n] | 0x20) >= 'a' && (s.p[n] | 0x20) <= 'z')))
        n++;
    return hn_str_cut(s, 0, n);
}

/* "License :: OSI Approved :: MIT License" */
static struct hn_bytes classifier(struct hn_bytes value)
{
    struct hn_str s = {(const char *)value.p, value.n};
    ptrdiff_t last = -1, at = 0;
    if (!hn_str_starts(hn_str_trim(s), "License ::"))
        return (struct hn_bytes){0};
    for (size_t from = 0; (at = hn_str_find(hn_str_cut(s, from, s.n), HN_STR(":: "))) >= 0; from += (size_t)at + 3)
        last = (ptrdiff_t)from + at + 3;
    return last < 0 ? (struct hn_bytes){0} : hn_bytes_of(value.p + last, value.n - (size_t)last);
}

static bool says_something(struct hn_bytes v)
{
    struct hn_str s = hn_str_trim((struct hn_str){(const char *)v.p, v.n});
    return s.n && !(s.n == 7 && strncasecmp(s.p, "UNKNOWN", 7) == 0);
}

void languages_metadata(struct languages_state *st, struct hn_bytes path, struct hn_bytes data)
{
    struct languages_pkg k = {.type = "pypi", .path = path};
    struct languages_list depends = {0};
    struct hn_bytes name, value, rest = data, expression = {0}, free_text = {0}, classified = {0}, author = {0};
    while (header(&rest, &name, &value)) {
        if (is(name, "Name") && !k.name.n)
            k.name = value;
        else if (is(name, "Version") && !k.version.n)
            k.version = value;
        else if (is(name, "License-Expression"))
            expression = value;
        else if (is(name, "License") && says_something(value))
            free_text = value;
        else if (is(name, "Classifier") && !classified.n)
            classified = classifier(value);
        else if ((is(name, "Author") || is(name, "Author-email")) && says_something(value) && !author.n)
            author = value;
        else if ((is(name, "Maintainer") || is(name, "Maintainer-email")) && says_something(value) && !k.supplier.n)
            k.supplier = value;
        else if (is(name, "Home-page") && says_something(value))
            k.homepage = value;
        else if (is(name, "Requires-Dist"))
            languages_add(st, &depends, requirement(st, value));
    }
    k.name = hn_str_bytes(hn_str_trim((struct hn_str){(const char *)k.name.p, k.name.n}));
    k.version = hn_str_bytes(hn_str_trim((struct hn_str){(const char *)k.version.p, k.version.n}));
    if (!k.name.n || !k.version.n) {
        hn_parse_malformed(st->p, path, 0, "metadata without name or version");
        return;
    }
    k.licence = expression.n ? expression : free_text.n ? free_text : classified;
    k.supplier = k.supplier.n ? k.supplier : author;
    struct hn_bytes folder = hn_bytes_of(path.p, path.n - languages_base(path).n);
    if (st->origin.n && hn_str_eq(st->origin_path, (struct hn_str){(const char *)folder.p, folder.n}))
        k.origin = hn_str_bytes(st->origin);
    bool wheel = hn_str_ends((struct hn_str){(const char *)path.p, path.n}, ".dist-info/METADATA");
    k.found = wheel ? "dist-info" : "egg-info";
    k.depends_known = wheel; /* an egg keeps them in a file of its own */
    k.depends = depends.v;
    k.n_depends = depends.n;
    languages_emit(st, &k);
}

/* {"url": …, "vcs_info": {"vcs": "git", "commit_id": …}} stands in the same folder and is read first. */
void languages_direct_url(struct languages_state *st, struct hn_bytes path, struct hn_bytes data)
{
    const struct hn_jv *v = languages_json(st, path, data), *vcs = hn_jv_get(v, "vcs_info");
    struct hn_str url = hn_jv_str(v, "url"), commit = hn_jv_str(vcs, "commit_id");
    if (!url.n)
        return;
    struct hn_str from =
        commit.n ? hn_arena_fmt(&st->one, "%.*s+%.*s@%.*s", HN_FMT(hn_jv_str(vcs, "vcs")), HN_FMT(url), HN_FMT(commit))
                 : url;
    st->origin = languages_keep(st, hn_str_bytes(from));
    st->origin_path = (struct hn_str){
        (const char *)hn_arena_bytes(hn_parse_arena(st->p), hn_bytes_of(path.p, path.n - languages_base(path).n)).p,
        path.n - languages_base(path).n};
}
