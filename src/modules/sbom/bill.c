#include "modules/sbom/bill.h"

#include <stdlib.h>

#include "base/str.h"
#include "core/finding.h"
#include "format/sbom/bom_review.h"
#include "format/sbom/cdx.h"

#define INPUT_MAX   ((size_t)8 << 30)
#define ARENA_LEAST ((size_t)64 << 20)

/* The model of a document takes less than twice its size; an empty object of a list costs most (about 400 bytes for the
 * two of "{}"), so a hostile one is stopped at 64 times. */
static size_t arena_cap(size_t text)
{
    return text < BILL_MEMORY / 64 ? ARENA_LEAST + text * 64 : BILL_MEMORY;
}

bool sbom_bill_next(struct hn_work *w, struct bill *b)
{
    while (hn_work_next(w, &b->in)) {
        if (!hn_work_map(w, &b->in, INPUT_MAX)) {
            hn_work_done(&b->in);
            continue;
        }
        hn_arena_init(&b->arena, arena_cap(b->in.map.n));
        hn_bom_init(&b->bom, &b->arena);
        struct hn_err e = hn_bom_read(&b->bom, b->in.map);
        if (hn_ok(e))
            e = hn_bom_index(&b->bom);
        b->readable = hn_ok(e);
        if (e.code == HN_E_NOMEM)
            hn_work_warn(w, "sbom.bill.memory", "file", hn_arena_cstr(hn_work_arena(w), b->in.name), NULL);
        return true;
    }
    return false;
}

void sbom_bill_done(struct bill *b)
{
    hn_bom_done(&b->bom);
    hn_arena_done(&b->arena);
    hn_work_done(&b->in);
}

struct hn_str sbom_bill_format(struct bill *b)
{
    struct hn_str version = b->bom.spec_version;
    return hn_arena_fmt(&b->arena, "%s %.*s %s", hn_bom_family_name(b->bom.family), HN_FMT(version),
                        hn_bom_form_name(b->bom.form));
}

struct hn_str sbom_bill_word(struct hn_work *w, const char *key)
{
    return hn_text(hn_work_arena(w), (enum hn_lang)hn_work_lang(w), key, NULL);
}

/* ---- notes ---- */

const char *sbom_bill_severity(enum hn_bom_severity s)
{
    static const char *const names[] = {"info", "warning", "error", "fatal"};
    return names[s];
}

struct hn_str sbom_bill_note_text(struct bill *b, const struct hn_bom_note *n, enum hn_lang lang)
{
    struct hn_str key = hn_arena_fmt(&b->arena, "sbom.note.%s", n->code);
    struct hn_param second = {.name = "b", .value = n->b}, first = {.name = "a", .value = n->a, .next = &second};

    if (!hn_text_find(lang, key.p)) /* a code that has no sentence yet */
        return hn_arena_fmt(&b->arena, "%s %.*s %.*s", n->code, HN_FMT(n->a), HN_FMT(n->b));
    return hn_text(&b->arena, lang, key.p, &first);
}

struct hn_str sbom_bill_note_place(struct bill *b, const struct hn_bom_note *n, enum hn_lang lang)
{
    if (!n->line)
        return n->place;
    struct hn_str line = hn_arena_fmt(&b->arena, "%u", n->line);
    struct hn_param p = {.name = "line", .value = line};
    struct hn_str at = hn_text(&b->arena, lang, "sbom.note.line", &p);
    return n->place.n ? hn_arena_fmt(&b->arena, "%.*s (%.*s)", HN_FMT(n->place), HN_FMT(at)) : at;
}

static int by_weight(const void *x, const void *y)
{
    const struct hn_bom_note *a = *(struct hn_bom_note *const *)x, *b = *(struct hn_bom_note *const *)y;

    if (a->severity != b->severity)
        return a->severity < b->severity ? 1 : -1;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    return (a->offset > b->offset) - (a->offset < b->offset);
}

struct hn_bom_note **sbom_bill_notes(struct bill *b, size_t *ret_n)
{
    struct hn_bom_note **list = hn_arena_alloc(&b->arena, b->bom.notes.n * sizeof(struct hn_bom_note *));

    *ret_n = 0;
    for (struct hn_bom_note *n = b->bom.notes.first; n && list; n = n->next)
        list[(*ret_n)++] = n;
    if (*ret_n)
        qsort(list, *ret_n, sizeof(struct hn_bom_note *), by_weight);
    return list;
}

void sbom_bill_write_notes(struct bill *b, struct hn_jw *w)
{
    size_t n;
    struct hn_bom_note **list = sbom_bill_notes(b, &n);

    hn_jw_arr(w);
    for (size_t i = 0; i < n; i++) {
        hn_jw_obj(w);
        hn_jw_kc(w, "severity", sbom_bill_severity(list[i]->severity));
        hn_jw_kc(w, "code", list[i]->code);
        if (list[i]->place.n)
            hn_jw_kstr(w, "place", list[i]->place);
        if (list[i]->line)
            hn_jw_kint(w, "line", list[i]->line);
        hn_jw_key(w, "message");
        hn_jw_obj(w);
        hn_jw_kstr(w, "en", sbom_bill_note_text(b, list[i], HN_EN));
        hn_jw_kstr(w, "ja", sbom_bill_note_text(b, list[i], HN_JA));
        hn_jw_obj_end(w);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
}
