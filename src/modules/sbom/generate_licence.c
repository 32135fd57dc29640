/* Licences: the names that debian/copyright uses (copyright-format 1.0, 7.1) in SPDX's spelling, and what packages of
 * languages state. */
#include <stdio.h>

#include "base/str.h"
#include "format/sbom/licence.h"
#include "modules/sbom/generate.h"

#define EXPRESSION_MAX (16u << 10)

static const struct {
    const char *debian, *spdx;
} names[] = {
    {"Expat", "MIT"},
    {"Artistic", "Artistic-1.0-Perl"},
    {"Artistic-2", "Artistic-2.0"},
    {"Apache-2", "Apache-2.0"},
    {"BSD-2-clause", "BSD-2-Clause"},
    {"BSD-3-clause", "BSD-3-Clause"},
    {"BSD-4-clause", "BSD-4-Clause"},
    {"CC0", "CC0-1.0"},
    {"PSF-2", "PSF-2.0"},
    {"Python", "Python-2.0"},
    {"MPL-1", "MPL-1.0"},
    {"MPL-2", "MPL-2.0"},
    {"BSL-1", "BSL-1.0"},
    {"OFL-1.1", "OFL-1.1"},
    {"zlib/libpng", "Zlib"},
};

/* The GNU families: "GPL-2" is that version only, "GPL-2+" it or a later one; "GPL-2" is "2.0". */
static struct hn_str gnu(struct generate *g, struct hn_str name)
{
    static const char *const families[] = {"GPL-", "LGPL-", "AGPL-", "GFDL-"};
    bool later = name.n && name.p[name.n - 1] == '+';
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        size_t n = strlen(families[i]);
        if (name.n <= n || strncasecmp(name.p, families[i], n) != 0)
            continue;
        struct hn_str version = hn_str_cut(name, n, name.n - later);
        const char *zero = hn_str_chr(version, '.') < 0 ? ".0" : "";
        for (size_t k = 0; k < version.n; k++)
            if (version.p[k] != '.' && (version.p[k] < '0' || version.p[k] > '9'))
                return HN_STR("");
        return hn_arena_fmt(g->a, "%s%.*s%s-%s", families[i], HN_FMT(version), zero, later ? "or-later" : "only");
    }
    return HN_STR("");
}

/* One name; what SPDX does not list becomes a reference that says whose name it is. */
static struct hn_str one(struct generate *g, struct hn_str name)
{
    struct hn_str s = gnu(g, name);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !s.n; i++)
        if (name.n == strlen(names[i].debian) && strncasecmp(name.p, names[i].debian, name.n) == 0)
            s = hn_str_c(names[i].spdx);
    const char *known = hn_licence_known(s.n ? s : name);
    if (known)
        return hn_str_c(known);
    char ref[128];
    size_t n = 0;
    for (size_t i = 0; i < name.n && n < sizeof(ref); i++) {
        char c = name.p[i];
        bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.';
        if (fine || (n && ref[n - 1] != '-'))
            ref[n++] = fine ? c : '-';
    }
    while (n && ref[n - 1] == '-')
        n--;
    return n ? hn_arena_fmt(g->a, "LicenseRef-Debian-%.*s", (int)n, ref) : HN_STR("");
}

/* "GPL-2+ or Artistic, and Expat": "and" binds tighter than "or", as in SPDX, but a comma before either ends what
 * stands before it (copyright-format 1.0, 7.2). "GPL-2+ with OpenSSL exception" is one name. */
static struct hn_str expression_of(struct generate *g, struct hn_str text)
{
    struct hn_str word, rest = text, name = HN_STR(""), done = HN_STR("");
    bool comma = false;
    for (bool more = true; more;) {
        more = hn_str_word(&rest, &word);
        bool and = more && hn_str_eqc(word, "and"), or = more && hn_str_eqc(word, "or");
        if (more && !and&&! or) {
            comma = word.p[word.n - 1] == ',';
            word.n -= comma;
            name = name.n ? hn_arena_fmt(g->a, "%.*s-%.*s", HN_FMT(name), HN_FMT(word)) : word;
            continue;
        }
        struct hn_str id = one(g, name);
        id = id.n ? id : HN_STR("LicenseRef-Debian-unnamed");
        done = done.n ? hn_arena_fmt(g->a, "%.*s%.*s", HN_FMT(done), HN_FMT(id)) : id;
        if (more)
            done = hn_arena_fmt(g->a, comma ? "(%.*s) %s " : "%.*s %s ", HN_FMT(done), and? "AND" : "OR");
        name = HN_STR("");
    }
    return done;
}

struct hn_str sbom_generate_debian_licences(struct generate *g, const struct hn_str *list, size_t n)
{
    struct hn_buf raw, out;
    struct hn_licence_notes notes = {0};
    hn_buf_init(&raw, EXPRESSION_MAX);
    hn_buf_init(&out, EXPRESSION_MAX);
    for (size_t i = 0; i < n; i++) {
        struct hn_str e = expression_of(g, list[i]);
        hn_buf_fmt(&raw, "%s(%.*s)", raw.n ? " AND " : "", HN_FMT(e));
    }
    struct hn_str text = hn_arena_str(g->a, hn_buf_text(&raw));
    const struct hn_licence *l = raw.bad ? NULL : hn_licence_parse(g->a, text, &notes);
    if (l)
        hn_licence_write(&out, g->a, l);
    struct hn_str s = l && !out.bad ? hn_arena_str(g->a, hn_buf_text(&out)) : HN_STR("");
    hn_buf_done(&raw);
    hn_buf_done(&out);
    return s;
}

void sbom_generate_licence(struct generate *g, struct hn_bom_component *c, struct hn_str text)
{
    struct hn_licence_notes notes = {0};
    const struct hn_licence *l = text.n ? hn_licence_parse(g->a, text, &notes) : NULL;
    enum hn_bom_licence_form form = HN_BOM_LICENCE_NAME;
    if (!text.n)
        return;
    if (l && !notes.unknown) {
        struct hn_buf out;
        hn_buf_init(&out, EXPRESSION_MAX);
        hn_licence_write(&out, g->a, l);
        text = hn_arena_str(g->a, hn_buf_text(&out));
        hn_buf_done(&out);
        form = hn_licence_known(text) ? HN_BOM_LICENCE_ID : HN_BOM_LICENCE_EXPRESSION;
    }
    struct hn_bom_licence *e = hn_bom_licence_add(&g->bom, &c->licences, form, text);
    if (e)
        e->says = HN_BOM_LICENCE_DECLARED;
}
