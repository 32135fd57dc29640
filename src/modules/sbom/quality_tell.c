/* Quality for people at a terminal, as JSON and as CSV. */
#include "base/json.h"
#include "base/str.h"
#include "modules/sbom/document.h"
#include "modules/sbom/quality.h"

#define PLACES_SHOWN 3 /* under an element, at a terminal */

static struct hn_str word(struct hn_work *w, const char *prefix, const char *name)
{
    static const struct hn_str none = {"", 0};
    return sbom_text(w, hn_arena_cstr(hn_work_arena(w), hn_arena_fmt(hn_work_arena(w), "%s%s", prefix, name)), none,
                     none);
}

static const char *verdict_of(enum hn_licence_verdict v)
{
    static const char *const names[] = {"allow", "review", "deny"};
    return names[v];
}

static struct hn_str share(struct hn_arena *a, const struct quality_result *r)
{
    if (!r->element->check)
        return HN_STR("");
    return hn_arena_fmt(a, "%zu/%zu", r->good, r->count.n);
}

/* Where, and what is the matter there. */
static struct hn_str places(struct hn_work *w, const struct quality_result *r, size_t most)
{
    struct hn_arena *a = hn_work_arena(w);
    struct hn_buf out;
    struct hn_str text;

    if (r->answered)
        return hn_arena_fmt(a, "%.*s %.*s %.*s", HN_FMT(r->answered->by), HN_FMT(r->answered->date),
                            HN_FMT(r->answered->note));
    hn_buf_init(&out, 1u << 20);
    for (size_t i = 0; i < r->count.n_kept && i < most; i++) {
        if (i)
            hn_buf_c(&out, ", ");
        hn_buf_str(&out, r->count.bad[i].place);
        hn_buf_c(&out, " ");
        hn_buf_str(&out, word(w, "sbom.quality.state.", hn_quality_state_name(r->count.bad[i].state)));
        if (r->count.bad[i].found.n) {
            hn_buf_c(&out, ": ");
            hn_buf_str(&out, r->count.bad[i].found);
        }
    }
    if (r->count.n_bad > most && r->count.n_kept)
        hn_buf_c(&out, " …");
    text = hn_arena_str(a, hn_buf_text(&out));
    hn_buf_done(&out);
    return text;
}

static void tell_judgement(struct hn_work *w, const struct quality_judgement *j)
{
    static const char *const heads[] = {"verdict", "share", "element", "where"};
    struct hn_arena *a = hn_work_arena(w);
    int lang = hn_work_lang(w);
    struct hn_str *cells = hn_arena_alloc(a, (j->profile->n + 1) * 4 * sizeof *cells);
    size_t n = 0;

    hn_work_say(w, "sbom.quality.head", "profile", hn_arena_cstr(a, j->profile->title[lang]), "verdict",
                hn_arena_cstr(a, word(w, "sbom.quality.verdict.", sbom_quality_verdict_name(j->verdict))), "score",
                hn_arena_cstr(a, hn_arena_fmt(a, "%u", j->score)), NULL);
    for (size_t i = 0; cells && i < 4; i++)
        cells[n++] = word(w, "sbom.quality.column.", heads[i]);
    for (size_t i = 0; cells && i < j->profile->n; i++) {
        const struct quality_result *r = &j->results[i];
        cells[n++] = word(w, "sbom.quality.verdict.", sbom_quality_verdict_name(r->verdict));
        cells[n++] = share(a, r);
        cells[n++] = r->element->title[lang];
        cells[n++] = places(w, r, PLACES_SHOWN);
    }
    if (cells)
        hn_work_table(w, cells, n / 4, 4);
}

static void tell_licences(struct hn_work *w, const struct quality_document *d)
{
    const struct quality_licence_judgement *l = d->licences;
    struct hn_arena *a = hn_work_arena(w);
    size_t most = l->n_list < 20 ? l->n_list : 20, n = 0;
    struct hn_str *cells = hn_arena_alloc(a, (most + 1) * 4 * sizeof *cells);

    hn_work_say(w, "sbom.quality.licences", "allow", hn_arena_cstr(a, hn_arena_fmt(a, "%zu", l->n[0])), "review",
                hn_arena_cstr(a, hn_arena_fmt(a, "%zu", l->n[1])), "deny",
                hn_arena_cstr(a, hn_arena_fmt(a, "%zu", l->n[2])), NULL);
    if (!cells || !most)
        return;
    cells[n++] = word(w, "sbom.quality.column.", "verdict");
    cells[n++] = word(w, "sbom.quality.column.", "component");
    cells[n++] = word(w, "sbom.quality.column.", "licence");
    cells[n++] = word(w, "sbom.quality.column.", "where");
    for (size_t i = 0; i < most; i++) {
        cells[n++] = word(w, "sbom.quality.licence.", verdict_of(l->list[i].verdict));
        cells[n++] = l->list[i].c->name;
        cells[n++] = l->list[i].text.p ? l->list[i].text : HN_STR("–");
        cells[n++] = hn_bom_component_place(d->b, l->list[i].c, a);
    }
    hn_work_table(w, cells, n / 4, 4);
}

void sbom_quality_tell_text(struct hn_work *w, const struct quality_document *d)
{
    struct hn_arena *a = hn_work_arena(w);

    hn_work_say(w, "sbom.quality.document", "file", hn_arena_cstr(a, d->name), "format",
                hn_bom_family_name(d->b->family), "version", hn_arena_cstr(a, d->b->spec_version), "n",
                hn_arena_cstr(a, hn_arena_fmt(a, "%zu", d->b->n_components)), NULL);
    for (const struct hn_bom_note *x = d->b->notes.first; x; x = x->next)
        if (!strcmp(x->code, "signature-not-verified") || x->severity == HN_BOM_NOTE_FATAL)
            hn_work_say(w, "sbom.quality.note", "text", hn_arena_cstr(a, sbom_note_text(w, x)), NULL);
    for (size_t i = 0; i < d->n; i++)
        tell_judgement(w, &d->judgements[i]);
    if (d->licences)
        tell_licences(w, d);
}

/* ---------------------------------------------------------------- JSON */

static void place_json(struct hn_jw *j, struct hn_str place, const struct hn_bom_component *c)
{
    hn_jw_kstr(j, "place", place);
    if (!c)
        return;
    hn_jw_kstr(j, "component", c->name.p ? c->name : HN_STR(""));
    if (c->version.p)
        hn_jw_kstr(j, "version", c->version);
}

static void result_json(struct hn_work *w, struct hn_jw *j, const struct quality_result *r)
{
    hn_jw_obj(j);
    hn_jw_kstr(j, "element", r->element->id);
    hn_jw_kstr(j, "title", r->element->title[hn_work_lang(w)]);
    hn_jw_kbool(j, "required", r->element->need == QUALITY_REQUIRED);
    hn_jw_kc(j, "need", sbom_quality_need_name(r->element->need));
    hn_jw_kc(j, "verdict", sbom_quality_verdict_name(r->verdict));
    if (!r->element->check) {
        static const char *const answers[] = {"yes", "no", "n/a"};
        hn_jw_kbool(j, "needs_answer", r->answered == NULL);
        if (r->answered) {
            hn_jw_kc(j, "answer", answers[r->answered->answer]);
            hn_jw_kstr(j, "by", r->answered->by.p ? r->answered->by : HN_STR(""));
            hn_jw_kstr(j, "date", r->answered->date.p ? r->answered->date : HN_STR(""));
            hn_jw_kstr(j, "note", r->answered->note.p ? r->answered->note : HN_STR(""));
        }
    } else {
        hn_jw_kint(j, "checked", (int64_t)r->count.n);
        hn_jw_kint(j, "satisfied", (int64_t)r->good);
        for (int s = 0; s < HN_QUALITY_STATES; s++)
            hn_jw_kint(j, hn_quality_state_name((enum hn_quality_state)s), (int64_t)r->count.state[s]);
        hn_jw_key(j, "places");
        hn_jw_arr(j);
        for (size_t i = 0; i < r->count.n_kept; i++) {
            hn_jw_obj(j);
            place_json(j, r->count.bad[i].place, r->count.bad[i].c);
            hn_jw_kc(j, "state", hn_quality_state_name(r->count.bad[i].state));
            if (r->count.bad[i].found.n)
                hn_jw_kstr(j, "found", r->count.bad[i].found);
            hn_jw_obj_end(j);
        }
        hn_jw_arr_end(j);
        hn_jw_kint(j, "places_left_out", (int64_t)(r->count.n_bad - r->count.n_kept));
    }
    hn_jw_obj_end(j);
}

static void licences_json(struct hn_work *w, struct hn_jw *j, const struct quality_document *d)
{
    hn_jw_key(j, "licences");
    hn_jw_obj(j);
    for (int v = 0; v < 3; v++)
        hn_jw_kint(j, verdict_of((enum hn_licence_verdict)v), (int64_t)d->licences->n[v]);
    hn_jw_key(j, "components");
    hn_jw_arr(j);
    for (size_t i = 0; i < d->licences->n_list; i++) {
        const struct quality_licence_result *r = &d->licences->list[i];
        hn_jw_obj(j);
        place_json(j, hn_bom_component_place(d->b, r->c, hn_work_arena(w)), r->c);
        hn_jw_kc(j, "verdict", verdict_of(r->verdict));
        if (r->text.p) {
            hn_jw_kstr(j, "licence", r->text);
            hn_jw_kstr(j, "because", r->why);
        }
        hn_jw_obj_end(j);
    }
    hn_jw_arr_end(j);
    hn_jw_obj_end(j);
}

void sbom_quality_tell_json(struct hn_work *w, struct hn_jw *j, const struct quality_document *d)
{
    hn_jw_obj(j);
    hn_jw_kstr(j, "file", d->name);
    hn_jw_kstr(j, "sha256", d->sha256);
    hn_jw_kc(j, "format", hn_bom_family_name(d->b->family));
    hn_jw_kstr(j, "version", d->b->spec_version.p ? d->b->spec_version : HN_STR(""));
    hn_jw_kint(j, "components", (int64_t)d->b->n_components);
    hn_jw_kbool(j, "damaged", d->b->broken);
    hn_jw_kc(j, "verdict", sbom_quality_verdict_name(d->verdict));
    hn_jw_key(j, "profiles");
    hn_jw_arr(j);
    for (size_t i = 0; i < d->n; i++) {
        const struct quality_judgement *x = &d->judgements[i];
        hn_jw_obj(j);
        hn_jw_kstr(j, "profile", x->profile->id);
        hn_jw_kstr(j, "source", x->profile->source.p ? x->profile->source : HN_STR(""));
        hn_jw_kc(j, "verdict", sbom_quality_verdict_name(x->verdict));
        hn_jw_kint(j, "score", x->score);
        hn_jw_key(j, "elements");
        hn_jw_arr(j);
        for (size_t k = 0; k < x->profile->n; k++)
            result_json(w, j, &x->results[k]);
        hn_jw_arr_end(j);
        hn_jw_obj_end(j);
    }
    hn_jw_arr_end(j);
    if (d->licences)
        licences_json(w, j, d);
    hn_jw_key(j, "notes");
    hn_jw_arr(j);
    for (const struct hn_bom_note *n = d->b->notes.first; n; n = n->next)
        hn_jw_str(j, sbom_note_text(w, n));
    hn_jw_arr_end(j);
    hn_jw_obj_end(j);
}

void sbom_quality_tell_csv(struct hn_work *w, struct hn_buf *out, const struct quality_document *d)
{
    struct hn_arena *a = hn_work_arena(w);

    for (size_t i = 0; i < d->n; i++)
        for (size_t k = 0; k < d->judgements[i].profile->n; k++) {
            const struct quality_result *r = &d->judgements[i].results[k];
            struct hn_str cells[] = {d->name,
                                     d->judgements[i].profile->id,
                                     r->element->id,
                                     r->element->title[hn_work_lang(w)],
                                     hn_str_c(sbom_quality_need_name(r->element->need)),
                                     hn_str_c(sbom_quality_verdict_name(r->verdict)),
                                     hn_arena_fmt(a, "%zu", r->count.n),
                                     hn_arena_fmt(a, "%zu", r->good),
                                     places(w, r, 100)};
            sbom_csv_row(out, cells, sizeof cells / sizeof *cells);
        }
}
