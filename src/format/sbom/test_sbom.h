/* What the tests of bills of materials share: reading, converting, and what a document says as sorted lines. */
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/json.h"
#include "base/str.h"
#include "format/sbom/bom.h"
#include "format/sbom/convert.h"
#include "format/sbom/licence.h"
#include "hn_test.h"

struct doc {
    struct hn_arena a;
    struct hn_bom b;
    struct hn_err err;
};

/* An exact copy of the text, so that one byte too far is seen by the sanitizers, stays in the arena. */
__attribute__((unused)) static void doc_read(struct doc *d, struct hn_bytes text)
{
    hn_arena_init(&d->a, (size_t)1 << 30);
    hn_bom_init(&d->b, &d->a);
    d->err = hn_bom_read(&d->b, hn_arena_bytes(&d->a, text));
    if (!hn_ok(hn_bom_index(&d->b)))
        d->err = (struct hn_err){HN_E_NOMEM};
}

__attribute__((unused)) static void doc_c(struct doc *d, const char *text)
{
    doc_read(d, hn_str_bytes(hn_str_c(text)));
}

__attribute__((unused)) static void doc_done(struct doc *d)
{
    hn_bom_done(&d->b);
    hn_arena_done(&d->a);
}

/* Number of notes of that code. */
__attribute__((unused)) static size_t told(const struct doc *d, const char *code)
{
    size_t n = 0;
    for (const struct hn_bom_note *x = d->b.notes.first; x; x = x->next)
        n += !strcmp(x->code, code);
    return n;
}

/* Recasts and writes; the text lies in the arena of d. Empty on failure. */
__attribute__((unused)) static struct hn_str doc_write(struct doc *d, const char *name, struct hn_bom_notes *loss)
{
    struct hn_bom_how how;
    struct hn_buf out;
    struct hn_str text = {"", 0};

    if (!hn_bom_how_of(hn_str_c(name), &how) || !hn_ok(hn_bom_recast(&d->b, how.family, loss)))
        return text;
    hn_buf_init(&out, (size_t)1 << 30);
    if (hn_ok(hn_bom_write(&d->b, &how, &out, loss)))
        text = hn_arena_str(&d->a, hn_buf_text(&out));
    hn_buf_done(&out);
    return text;
}

/* ---------------------------------------------------------------- what a document says */

struct lines {
    struct hn_arena *a;
    struct hn_str *s;
    size_t n, cap;
};

__attribute__((unused)) static void line_add(struct lines *l, struct hn_str s)
{
    if (l->n == l->cap) {
        struct hn_str *more = hn_arena_alloc(l->a, (l->cap ? 2 * l->cap : 64) * sizeof *more);
        if (!more)
            return;
        if (l->n)
            memcpy(more, l->s, l->n * sizeof *more);
        l->s = more;
        l->cap = l->cap ? 2 * l->cap : 64;
    }
    l->s[l->n++] = s;
}

static inline int line_cmp(const void *a, const void *b)
{
    return hn_str_cmp(*(const struct hn_str *)a, *(const struct hn_str *)b);
}

/* The name that an SPDX 2 document gives to a LicenseRef. */
/* Single licences of an expression, whichever way they were put together. */
static inline struct hn_str explained(const struct hn_bom *b, struct hn_str ref)
{
    for (const struct hn_bom_extra *e = b->extra; e; e = e->next) {
        const struct hn_jv *list = hn_str_eqc(e->key, "hasExtractedLicensingInfos")
                                       ? hn_jv_parse(b->arena, hn_str_bytes(e->value), NULL)
                                       : NULL;
        for (size_t i = 0; list && i < list->n; i++)
            if (hn_str_eq(hn_jv_str(&list->items[i], "licenseId"), ref) && hn_jv_str(&list->items[i], "name").n)
                return hn_jv_str(&list->items[i], "name");
    }
    return ref;
}

__attribute__((unused)) static void licence_lines(struct lines *l, const struct hn_bom *b, struct hn_str name,
                                                  const struct hn_licence *x)
{
    if (x->op == HN_LICENCE_LEAF && (x->flags & HN_LICENCE_REF)) {
        line_add(l, hn_arena_fmt(l->a, "licence %.*s: name %.*s", HN_FMT(name), HN_FMT(explained(b, x->id))));
        return;
    }
    if (x->op == HN_LICENCE_LEAF) {
        line_add(l, hn_arena_fmt(l->a, "licence %.*s: %.*s%s %.*s", HN_FMT(name), HN_FMT(x->id),
                                 x->flags & HN_LICENCE_OR_LATER ? "+" : "", HN_FMT(x->addition)));
        return;
    }
    for (size_t i = 0; i < x->n; i++)
        licence_lines(l, b, name, x->items[i]);
}

/* A component by what people know it: its name, version and purl. */
__attribute__((unused)) static struct hn_str label(struct hn_arena *a, const struct hn_bom_component *c)
{
    return hn_arena_fmt(a, "%.*s|%.*s|%.*s", HN_FMT(c->name), HN_FMT(c->version), HN_FMT(c->purl));
}

__attribute__((unused)) static void component_lines(struct lines *l, const struct hn_bom *b,
                                                    const struct hn_bom_component *c)
{
    struct hn_str name = label(l->a, c);
    line_add(l, hn_arena_fmt(l->a, "component %.*s cpe %.*s", HN_FMT(name), HN_FMT(c->cpe)));
    for (const struct hn_bom_hash *h = c->hashes; h; h = h->next)
        line_add(l, hn_arena_fmt(l->a, "hash %.*s: %d %.*s", HN_FMT(name), h->alg, HN_FMT(h->value)));
    if (c->supplier)
        line_add(l, hn_arena_fmt(l->a, "supplier %.*s: %.*s", HN_FMT(name), HN_FMT(c->supplier->name)));
    for (const struct hn_bom_licence *x = c->licences; x; x = x->next) {
        struct hn_licence_notes notes;
        const struct hn_licence *e = hn_licence_parse(l->a, x->value, &notes);
        if (e && !notes.unknown)
            licence_lines(l, b, name, e);
        else if (!notes.none && !notes.noassertion)
            line_add(l, hn_arena_fmt(l->a, "licence %.*s: name %.*s", HN_FMT(name), HN_FMT(x->value)));
    }
}

__attribute__((unused)) static void doc_lines(struct doc *d, struct lines *l)
{
    const struct hn_bom *b = &d->b;

    *l = (struct lines){.a = &d->a};
    for (size_t i = 0; i <= b->n_components; i++) {
        const struct hn_bom_component *c = i < b->n_components ? b->components[i] : b->subject;
        if (c)
            component_lines(l, b, c);
    }
    for (size_t i = 0; i < b->n_deps; i++)
        for (const struct hn_bom_edge *e = b->deps[i]->edges; e; e = e->next)
            if (e->rel == HN_BOM_REL_DEPENDS_ON && b->deps[i]->component && e->component)
                line_add(l, hn_arena_fmt(l->a, "needs %.*s -> %.*s", HN_FMT(label(l->a, b->deps[i]->component)),
                                         HN_FMT(label(l->a, e->component))));
    if (l->n)
        qsort(l->s, l->n, sizeof *l->s, line_cmp);
    /* said twice is said */
    size_t n = 0;
    for (size_t i = 0; i < l->n; i++)
        if (!n || !hn_str_eq(l->s[n - 1], l->s[i]))
            l->s[n++] = l->s[i];
    l->n = n;
}

/* Fails at the first line that differs. */
__attribute__((unused)) static void same_lines(const struct lines *got, const struct lines *want)
{
    for (size_t i = 0; i < want->n && i < got->n; i++)
        CHECK_STR(got->s[i], want->s[i]);
    CHECK_UINT(got->n, want->n);
}

/* ---------------------------------------------------------------- real documents */

/* Calls each(path, text) for every file below the folder of test data; the number of files, 0 without the data. */
__attribute__((unused)) static size_t walk(const char *dir, void (*each)(const char *path, struct hn_bytes text))
{
    struct dirent **names;
    int n = scandir(dir, &names, NULL, alphasort);
    size_t count = 0;

    for (int i = 0; i < n; i++) {
        char path[1024];
        struct stat st;
        snprintf(path, sizeof path, "%s/%s", dir, names[i]->d_name);
        bool dot = names[i]->d_name[0] == '.';
        free(names[i]);
        if (dot || stat(path, &st) || hn_test_now->failed)
            continue;
        if (S_ISDIR(st.st_mode)) {
            count += walk(path, each);
            continue;
        }
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        uint8_t *p = fd >= 0 ? malloc((size_t)st.st_size + 1) : NULL;
        if (p && read(fd, p, (size_t)st.st_size) == st.st_size) {
            each(path, hn_bytes_of(p, (size_t)st.st_size));
            count++;
        }
        free(p);
        if (fd >= 0)
            close(fd);
    }
    if (n >= 0)
        free(names);
    return count;
}

/* Every truncation of the text is read, to its end, without a complaint of the sanitizers; steps of `step` bytes. */
__attribute__((unused)) static void truncations(struct hn_str text, size_t step)
{
    for (size_t n = 0; n < text.n; n += step) {
        struct doc d;
        doc_read(&d, hn_str_bytes(hn_str_cut(text, 0, n)));
        bool told = hn_ok(d.err) || d.b.notes.n;
        doc_done(&d);
        NOTE("cut at %zu", n);
        CHECK(told);
    }
}
