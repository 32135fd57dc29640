/* hinomi sbom check: is it what it says it is, and can one rely on it? */
#include "base/mem.h"
#include "base/str.h"
#include "format/sbom/bom_review.h"
#include "format/sbom/cdx.h"
#include "modules/sbom/bill.h"

const struct hn_verb_option sbom_check_options[] = {{"warnings", HN_OPT_SWITCH}, {"schema-only", HN_OPT_SWITCH}, {0}};

struct counts {
    size_t fatal, errors, warnings, infos;
};

static struct counts count(const struct bill *b)
{
    const size_t *n = b->bom.notes.by_severity;
    return (struct counts){n[HN_BOM_NOTE_FATAL], n[HN_BOM_NOTE_ERROR], n[HN_BOM_NOTE_WARNING], n[HN_BOM_NOTE_INFO]};
}

static void print_notes(struct hn_work *w, struct bill *b)
{
    enum { COLUMNS = 3 };
    size_t n;
    struct hn_bom_note **list = sbom_bill_notes(b, &n);
    struct hn_str *cells = hn_arena_alloc(&b->arena, (n + 1) * COLUMNS * sizeof *cells);
    enum hn_lang lang = (enum hn_lang)hn_work_lang(w);

    if (!cells || !n)
        return;
    cells[0] = sbom_bill_word(w, "sbom.check.severity");
    cells[1] = sbom_bill_word(w, "sbom.check.place");
    cells[2] = sbom_bill_word(w, "sbom.check.problem");
    for (size_t i = 0; i < n; i++) {
        struct hn_str key = hn_arena_fmt(&b->arena, "sbom.severity.%s", sbom_bill_severity(list[i]->severity));
        cells[(i + 1) * COLUMNS] = sbom_bill_word(w, key.p);
        cells[(i + 1) * COLUMNS + 1] = sbom_bill_note_place(b, list[i], lang);
        cells[(i + 1) * COLUMNS + 2] = sbom_bill_note_text(b, list[i], lang);
    }
    hn_work_table(w, cells, n + 1, COLUMNS);
    if (b->bom.notes.dropped)
        hn_work_say(w, "sbom.check.more", "n", hn_arena_fmt(&b->arena, "%zu", b->bom.notes.dropped).p, NULL);
}

static void print_file(struct hn_work *w, struct bill *b)
{
    struct counts c = count(b);
    struct hn_arena *a = &b->arena;

    hn_work_text(w, b->in.name);
    hn_work_print(w, ": ");
    if (b->bom.family != HN_BOM_UNKNOWN) {
        hn_work_text(w, sbom_bill_format(b));
        hn_work_print(w, ", ");
    }
    if (!b->readable)
        hn_work_say(w, "sbom.check.unreadable", NULL);
    else if (c.errors + c.warnings == 0)
        hn_work_say(w, "sbom.check.fine", NULL);
    else
        hn_work_say(w, "sbom.check.counts", "errors", hn_arena_fmt(a, "%zu", c.errors).p, "warnings",
                    hn_arena_fmt(a, "%zu", c.warnings).p, NULL);
    print_notes(w, b);
}

static void write_file(struct bill *b, struct hn_jw *j)
{
    struct counts c = count(b);
    struct hn_bom *m = &b->bom;

    hn_jw_obj(j);
    hn_jw_kstr(j, "file", b->in.name);
    hn_jw_kbool(j, "readable", b->readable);
    if (m->family != HN_BOM_UNKNOWN) {
        hn_jw_kc(j, "family", hn_bom_family_name(m->family));
        hn_jw_kc(j, "form", hn_bom_form_name(m->form));
        hn_jw_kstr(j, "version", m->spec_version);
    }
    hn_jw_kint(j, "errors", (int64_t)(c.errors + c.fatal));
    hn_jw_kint(j, "warnings", (int64_t)c.warnings);
    hn_jw_kint(j, "infos", (int64_t)c.infos);
    hn_jw_kint(j, "not_shown", (int64_t)m->notes.dropped);
    hn_jw_key(j, "notes");
    sbom_bill_write_notes(b, j);
    hn_jw_obj_end(j);
}

int sbom_check(struct hn_work *w)
{
    bool json = hn_work_form(w) == HN_FORM_JSON, strict = hn_work_switch(w, "warnings"), unreadable = false,
         bad = false;
    HN_AUTO(hn_buf_done) struct hn_buf buf;
    struct hn_jw j;
    struct bill b = {0};

    hn_buf_init(&buf, (size_t)1 << 30);
    hn_jw_init(&j, &buf);
    if (json) {
        hn_jw_obj(&j);
        hn_jw_key(&j, "files");
        hn_jw_arr(&j);
    }
    while (sbom_bill_next(w, &b)) {
        if (b.readable) {
            hn_cdx_check(&b.bom);
            if (!hn_work_switch(w, "schema-only"))
                hn_bom_review(&b.bom);
        }
        hn_bom_places(&b.bom);
        struct counts c = count(&b);
        unreadable |= !b.readable;
        bad |= c.errors || (strict && c.warnings);
        if (json)
            write_file(&b, &j);
        else
            print_file(w, &b);
        sbom_bill_done(&b);
    }
    if (json) {
        hn_jw_arr_end(&j);
        hn_jw_obj_end(&j);
        hn_buf_chr(&buf, '\n');
        hn_work_write(w, hn_str_bytes(hn_buf_text(&buf)));
    }
    return unreadable || hn_work_unreadable(w) ? 3 : bad;
}
