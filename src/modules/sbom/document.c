#include "modules/sbom/document.h"

#include "base/fs.h"
#include "base/str.h"

struct hn_str sbom_text_in(struct hn_work *w, enum hn_lang lang, const char *key, struct hn_str a, struct hn_str b)
{
    struct hn_param second = {.name = "b", .value = b}, first = {.name = "a", .value = a, .next = &second};
    return hn_text(hn_work_arena(w), lang, key, &first);
}

struct hn_str sbom_text(struct hn_work *w, const char *key, struct hn_str a, struct hn_str b)
{
    return sbom_text_in(w, (enum hn_lang)hn_work_lang(w), key, a, b);
}

struct hn_str sbom_note_text(struct hn_work *w, const struct hn_bom_note *n)
{
    struct hn_arena *a = hn_work_arena(w);
    const char *key = hn_arena_cstr(a, hn_arena_fmt(a, "sbom.note.%s", n->code));
    struct hn_str text;

    if (!key || !hn_text_find((enum hn_lang)hn_work_lang(w), key)) /* a reader that has more to say than we know */
        text = hn_arena_fmt(a, "%s %.*s %.*s", n->code, HN_FMT(n->a), HN_FMT(n->b));
    else
        text = sbom_text(w, key, n->a, n->b);
    if (n->place.n)
        return hn_arena_fmt(a, "%.*s: %.*s", HN_FMT(n->place), HN_FMT(text));
    if (n->line)
        return hn_arena_fmt(a, "%u: %.*s", n->line, HN_FMT(text));
    return text;
}

int sbom_document_read(struct hn_work *w, struct hn_input *in, struct hn_bom *b)
{
    struct hn_arena *a = hn_work_arena(w);
    const char *name = hn_arena_cstr(a, in->name);

    hn_bom_init(b, a);
    if (!hn_work_map(w, in, SBOM_INPUT_MAX))
        return 3;
    struct hn_err err = hn_bom_read(b, in->map);
    if (err.code == HN_E_NOMEM || !hn_ok(hn_bom_index(b)))
        return hn_work_fail(w, "sbom.error.memory", "file", name, NULL);
    if (hn_ok(err))
        return 0;
    const struct hn_bom_note *worst = b->notes.first;
    for (const struct hn_bom_note *n = b->notes.first; n; n = n->next)
        if (n->severity > worst->severity)
            worst = n;
    const char *why = worst ? hn_arena_cstr(a, sbom_note_text(w, worst)) : "";
    if (b->family == HN_BOM_UNKNOWN)
        return hn_work_fail(w, "sbom.error.unreadable", "file", name, "why", why, NULL);
    hn_work_warn(w, "sbom.warn.broken", "file", name, "why", why, NULL);
    return 0;
}

void sbom_csv_row(struct hn_buf *out, const struct hn_str *cells, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct hn_str s = cells[i];
        bool formula = s.n && strchr("=+-@\t\r", s.p[0]) && s.p[0];
        bool quote = formula || hn_str_chr(s, ',') >= 0 || hn_str_chr(s, '"') >= 0 || hn_str_chr(s, '\n') >= 0 ||
                     hn_str_chr(s, '\r') >= 0;
        if (i)
            hn_buf_chr(out, ',');
        if (quote)
            hn_buf_c(out, formula ? "\"'" : "\"");
        for (size_t k = 0; k < s.n; k++) {
            if (s.p[k] == '"')
                hn_buf_chr(out, '"');
            hn_buf_chr(out, s.p[k]);
        }
        if (quote)
            hn_buf_chr(out, '"');
    }
    hn_buf_c(out, "\r\n");
}

int sbom_document_put(struct hn_work *w, int fd, struct hn_buf *out)
{
    if (out->n && out->p[out->n - 1] != '\n')
        hn_buf_chr(out, '\n');
    if (out->bad || (fd >= 0 && !hn_ok(hn_write_all(fd, out->p, out->n))))
        return hn_work_fail(w, "sbom.error.write", NULL);
    if (fd < 0)
        hn_work_write(w, hn_bytes_of(out->p, out->n));
    return 0;
}
