/* Quality as a report for people, HTML or PDF (format/report/report.h). */
#include <stdlib.h>

#include "base/str.h"
#include "modules/sbom/document.h"
#include "modules/sbom/quality.h"
#include "modules/sbom/sbom.h"

#define PLACES_MOST 8 /* of an element; JSON has all */

static struct hn_str words(struct hn_work *w, const char *prefix, const char *name)
{
    static const struct hn_str none = {"", 0};
    struct hn_arena *a = hn_work_arena(w);
    struct hn_str s = sbom_text(w, hn_arena_cstr(a, hn_arena_fmt(a, "%s%s", prefix, name)), none, none);
    return hn_str_starts(s, ">") ? hn_str_cut(s, 1, s.n) : s; /* tables at a terminal mark columns of numbers so */
}

static struct hn_str said(struct hn_work *w, const char *name)
{
    return words(w, "sbom.quality.report.", name);
}

static void plain(struct hn_report *r, struct hn_str s)
{
    hn_report_put(r, HN_REPORT_PLAIN, s);
}

static void small(struct hn_report *r, struct hn_str s)
{
    hn_report_put(r, HN_REPORT_SMALL, s);
}

/* Everything that follows goes into it. */
static void cell(struct hn_report *r)
{
    hn_report_putc(r, HN_REPORT_CELL, "");
}

static void cell_of(struct hn_report *r, struct hn_str s)
{
    cell(r);
    plain(r, s);
}

static void number(struct hn_work *w, struct hn_report *r, size_t n)
{
    cell_of(r, hn_arena_fmt(hn_work_arena(w), "%zu", n));
}

static void begin(struct hn_report *r, enum hn_report_mark m)
{
    hn_report_putc(r, m, "");
}

static void verdict(struct hn_work *w, struct hn_report *r, const char *prefix, const char *name)
{
    static const struct {
        const char *name;
        enum hn_report_mark style;
    } how[] = {{"pass", HN_REPORT_GOOD},   {"allow", HN_REPORT_GOOD}, {"warn", HN_REPORT_WARN},
               {"review", HN_REPORT_WARN}, {"open", HN_REPORT_OPEN},  {"fail", HN_REPORT_BAD},
               {"deny", HN_REPORT_BAD}};
    enum hn_report_mark style = HN_REPORT_ABSENT;
    for (size_t i = 0; i < sizeof how / sizeof *how; i++)
        if (!strcmp(how[i].name, name))
            style = how[i].style;
    hn_report_put(r, style, words(w, prefix, name));
}

static void table(struct hn_work *w, struct hn_report *r, const char *kinds, const char *const *names)
{
    hn_report_putc(r, HN_REPORT_TABLE, kinds);
    hn_report_putc(r, HN_REPORT_ROW, "h");
    for (size_t i = 0; kinds[i]; i++)
        cell_of(r, words(w, "sbom.quality.column.", names[i]));
}

/* ---------------------------------------------------------------- one element */

static void answer(struct hn_work *w, struct hn_report *out, const struct quality_result *r)
{
    static const char *const names[] = {"yes", "no", "not-applicable"};

    if (!r->answered) {
        plain(out, said(w, "answer"));
        plain(out, HN_STR(" "));
        hn_report_put(out, HN_REPORT_CODE, r->element->id);
        return;
    }
    plain(out, words(w, "sbom.quality.answer.", names[r->answered->answer]));
    plain(out, HN_STR(" "));
    plain(out, r->answered->note);
    plain(out, HN_STR(" "));
    small(out, hn_arena_fmt(hn_work_arena(w), "%.*s %.*s", HN_FMT(r->answered->by), HN_FMT(r->answered->date)));
}

/* "missing 148 · said to be unknown 3" */
static void states(struct hn_work *w, struct hn_report *out, const struct hn_quality_count *n)
{
    const char *between = "";

    for (int s = HN_QUALITY_MISSING; s < HN_QUALITY_STATES; s++) {
        if (!n->state[s])
            continue;
        struct hn_str state = words(w, "sbom.quality.state.", hn_quality_state_name((enum hn_quality_state)s));
        plain(out, hn_arena_fmt(hn_work_arena(w), "%s%.*s %zu", between, HN_FMT(state), n->state[s]));
        between = " · ";
    }
}

static void component(struct hn_work *w, struct hn_report *out, const struct hn_bom_component *c)
{
    plain(out, c->version.n ? hn_arena_fmt(hn_work_arena(w), "%.*s %.*s ", HN_FMT(c->name), HN_FMT(c->version))
                            : hn_arena_fmt(hn_work_arena(w), "%.*s ", HN_FMT(c->name)));
}

static void place(struct hn_work *w, struct hn_report *out, const struct hn_quality_place *p)
{
    if (p->c)
        component(w, out, p->c);
    small(out, words(w, "sbom.quality.state.", hn_quality_state_name(p->state)));
    if (p->found.n)
        small(out, hn_arena_fmt(hn_work_arena(w), ": %.*s", HN_FMT(p->found)));
    plain(out, HN_STR(" "));
    hn_report_put(out, HN_REPORT_CODE, p->place);
}

static void more(struct hn_work *w, struct hn_report *out, size_t n)
{
    if (n <= PLACES_MOST)
        return;
    begin(out, HN_REPORT_PARAGRAPH);
    small(out, hn_arena_fmt(hn_work_arena(w), "+ %zu %.*s", n - PLACES_MOST, HN_FMT(said(w, "more"))));
}

static void places(struct hn_work *w, struct hn_report *out, const struct hn_quality_count *n)
{
    if (n->n_kept == 1) {
        place(w, out, &n->bad[0]);
        return;
    }
    states(w, out, n);
    if (n->state[HN_QUALITY_MISSING] == n->n) { /* examples of "everywhere" help nobody */
        plain(out, HN_STR(" "));
        small(out, said(w, "everywhere"));
        return;
    }
    for (size_t i = 0; i < n->n_kept && i < PLACES_MOST; i++) {
        begin(out, HN_REPORT_ITEM);
        place(w, out, &n->bad[i]);
    }
    more(w, out, n->n_bad);
}

/* What to ask of the supplier: by the worst of what was found. */
static void to_do(struct hn_work *w, struct hn_report *out, const struct quality_result *r)
{
    static const enum hn_quality_state worst[] = {HN_QUALITY_INVALID, HN_QUALITY_MISSING, HN_QUALITY_UNKNOWN,
                                                  HN_QUALITY_REDACTED};
    size_t i = 0;

    if (r->verdict != QUALITY_FAIL && r->verdict != QUALITY_WARN)
        return;
    while (i < sizeof worst / sizeof *worst && !r->count.state[worst[i]])
        i++;
    if (i == sizeof worst / sizeof *worst)
        return;
    begin(out, HN_REPORT_PARAGRAPH);
    plain(out, hn_arena_fmt(hn_work_arena(w), "→ %.*s",
                            HN_FMT(words(w, "sbom.quality.do.", hn_quality_state_name(worst[i])))));
}

static void element(struct hn_work *w, struct hn_report *out, const struct quality_result *r)
{
    begin(out, HN_REPORT_ROW);
    cell(out);
    verdict(w, out, "sbom.quality.verdict.", sbom_quality_verdict_name(r->verdict));
    cell_of(out, r->element->title[hn_work_lang(w)]);
    cell_of(out, words(w, "sbom.quality.need.", sbom_quality_need_name(r->element->need)));
    cell(out);
    if (r->element->check)
        plain(out, hn_arena_fmt(hn_work_arena(w), "%zu / %zu", r->good, r->count.n));
    cell(out);
    if (!r->element->check)
        answer(w, out, r);
    else if (r->count.n_kept)
        places(w, out, &r->count);
    if (r->element->check)
        to_do(w, out, r);
}

static void judgement(struct hn_work *w, struct hn_report *out, const struct quality_judgement *j)
{
    static const char *const names[] = {"verdict", "element", "need", "share", "where"};
    struct hn_arena *a = hn_work_arena(w);
    struct hn_str share = words(w, "sbom.quality.column.", "score");

    begin(out, HN_REPORT_HEAD);
    plain(out, j->profile->title[hn_work_lang(w)]);
    plain(out, HN_STR(" — "));
    verdict(w, out, "sbom.quality.verdict.", sbom_quality_verdict_name(j->verdict));
    begin(out, HN_REPORT_PARAGRAPH);
    small(out, j->profile->source);
    hn_report_put(out, HN_REPORT_BAR, hn_arena_fmt(a, "%u", j->score));
    plain(out, hn_arena_fmt(a, "%.*s %u %%", HN_FMT(share), j->score));
    table(w, out, "ftfnw", names);
    for (size_t i = 0; i < j->profile->n; i++)
        element(w, out, &j->results[i]);
    begin(out, HN_REPORT_END);
}

/* ---------------------------------------------------------------- licences */

static const char *const licence_verdicts[] = {"allow", "review", "deny"};

static int by_licence(const void *x, const void *y)
{
    const struct quality_licence_result *a = x, *b = y;
    int order = a->verdict == b->verdict ? hn_str_cmp(a->text, b->text) : 0;

    if (a->verdict != b->verdict)
        return a->verdict > b->verdict ? -1 : 1;
    return order ? order : (a->c->number > b->c->number) - (a->c->number < b->c->number);
}

/* One licence with the components under it; how many those are. */
static size_t licence_group(struct hn_work *w, struct hn_report *out, const struct quality_document *d,
                            const struct quality_licence_result *r, size_t left)
{
    size_t n = 1;

    while (n < left && r[n].verdict == r->verdict && hn_str_eq(r[n].text, r->text))
        n++;
    begin(out, HN_REPORT_ROW);
    cell(out);
    verdict(w, out, "sbom.quality.licence.", licence_verdicts[r->verdict]);
    cell_of(out, r->text.n ? r->text : said(w, "no-licence"));
    cell_of(out, hn_str_eq(r->why, r->text) ? HN_STR("") : r->why);
    number(w, out, n);
    cell(out);
    for (size_t i = 0; i < n && i < PLACES_MOST; i++) {
        plain(out, i ? HN_STR(", ") : HN_STR(""));
        component(w, out, r[i].c);
        hn_report_put(out, HN_REPORT_CODE, hn_bom_component_place(d->b, r[i].c, hn_work_arena(w)));
    }
    more(w, out, n);
    return n;
}

static void licences(struct hn_work *w, struct hn_report *out, const struct quality_document *d)
{
    static const char *const names[] = {"verdict", "licence", "because", "number", "components"};
    const struct quality_licence_judgement *l = d->licences;
    struct hn_arena *a = hn_work_arena(w);

    begin(out, HN_REPORT_HEAD);
    plain(out, said(w, "licences"));
    begin(out, HN_REPORT_PARAGRAPH);
    for (size_t v = 0; v < 3; v++) {
        verdict(w, out, "sbom.quality.licence.", licence_verdicts[v]);
        plain(out, hn_arena_fmt(a, " %zu%s", l->n[v], v < 2 ? " · " : ""));
    }
    struct quality_licence_result *list = hn_arena_alloc(a, (l->n_list + 1) * sizeof *list);
    if (!l->n_list || !list)
        return;
    memcpy(list, l->list, l->n_list * sizeof *list);
    qsort(list, l->n_list, sizeof *list, by_licence);
    table(w, out, "fttnw", names);
    for (size_t i = 0; i < l->n_list;)
        i += licence_group(w, out, d, list + i, l->n_list - i);
    begin(out, HN_REPORT_END);
}

/* ---------------------------------------------------------------- one document */

static void fact(struct hn_work *w, struct hn_report *out, const char *name, struct hn_str value)
{
    if (!value.n)
        return;
    begin(out, HN_REPORT_ROW);
    cell_of(out, said(w, name));
    cell_of(out, value);
}

static struct hn_str who(const struct hn_bom *b)
{
    const struct hn_bom_party *const lists[] = {b->authors, b->manufacturer, b->supplier, b->manufacture};

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (lists[i])
            return lists[i]->name.n ? lists[i]->name : lists[i]->email;
    return HN_STR("–");
}

/* What was judged: the reader holds it against what was ordered. */
static void facts(struct hn_work *w, struct hn_report *out, const struct quality_document *d)
{
    struct hn_arena *a = hn_work_arena(w);
    const struct hn_bom *b = d->b;
    const struct hn_bom_tool *t = b->tools;

    begin(out, HN_REPORT_FACTS);
    fact(w, out, "file", d->name);
    fact(w, out, "sha256", d->sha256);
    if (b->subject)
        fact(w, out, "subject", hn_arena_fmt(a, "%.*s %.*s", HN_FMT(b->subject->name), HN_FMT(b->subject->version)));
    else
        fact(w, out, "subject", HN_STR("–"));
    fact(w, out, "format", hn_arena_fmt(a, "%s %.*s", hn_bom_family_name(b->family), HN_FMT(b->spec_version)));
    fact(w, out, "created", b->timestamp_text.n ? b->timestamp_text : HN_STR("–"));
    fact(w, out, "author", who(b));
    fact(w, out, "tool", t ? hn_arena_fmt(a, "%.*s %.*s", HN_FMT(t->name), HN_FMT(t->version)) : HN_STR("–"));
    fact(w, out, "components", hn_arena_fmt(a, "%zu", b->n_components));
    begin(out, HN_REPORT_END);
}

static void notes(struct hn_work *w, struct hn_report *out, const struct hn_bom *b)
{
    if (!b->notes.first)
        return;
    begin(out, HN_REPORT_HEAD);
    plain(out, said(w, "notes"));
    for (const struct hn_bom_note *n = b->notes.first; n; n = n->next) {
        begin(out, HN_REPORT_ITEM);
        plain(out, sbom_note_text(w, n));
    }
}

/* ---------------------------------------------------------------- at a glance */

static void glance(struct quality_report *r, const struct quality_document *d, struct hn_str by,
                   const char *verdict_name)
{
    struct hn_report *out = &r->summary;

    begin(out, HN_REPORT_ROW);
    cell(out);
    hn_report_put(out, HN_REPORT_LINK, hn_arena_fmt(hn_work_arena(r->w), "d%u", r->n));
    plain(out, hn_str_base(d->name));
    cell_of(out, by);
    cell(out);
    verdict(r->w, out, "sbom.quality.verdict.", verdict_name);
}

static void glance_row(struct quality_report *r, const struct quality_document *d, const struct quality_judgement *j)
{
    static const enum quality_verdict counted[] = {QUALITY_FAIL, QUALITY_OPEN, QUALITY_WARN, QUALITY_PASS};

    glance(r, d, j->profile->title[hn_work_lang(r->w)], sbom_quality_verdict_name(j->verdict));
    cell_of(&r->summary, hn_arena_fmt(hn_work_arena(r->w), "%u %%", j->score));
    for (size_t i = 0; i < sizeof counted / sizeof *counted; i++)
        number(r->w, &r->summary, j->by_verdict[counted[i]]);
}

static void licence_row(struct quality_report *r, const struct quality_document *d)
{
    const size_t *n = d->licences->n;

    glance(r, d, said(r->w, "licences"), n[HN_LICENCE_DENY] ? "fail" : n[HN_LICENCE_REVIEW] ? "open" : "pass");
    cell(&r->summary);
    number(r->w, &r->summary, n[HN_LICENCE_DENY]);
    number(r->w, &r->summary, n[HN_LICENCE_REVIEW]);
    number(r->w, &r->summary, 0);
    number(r->w, &r->summary, n[HN_LICENCE_ALLOW]);
}

void sbom_quality_report_begin(struct hn_work *w, struct quality_report *r, size_t most)
{
    *r = (struct quality_report){.w = w};
    hn_report_init(&r->summary, most);
    hn_report_init(&r->details, most);
}

void sbom_quality_report_add(struct quality_report *r, const struct quality_document *d)
{
    struct hn_work *w = r->w;
    struct hn_report *out = &r->details;

    r->n++;
    hn_report_put(out, HN_REPORT_PART, hn_arena_fmt(hn_work_arena(w), "d%u", r->n));
    plain(out, hn_str_base(d->name));
    plain(out, HN_STR(" — "));
    verdict(w, out, "sbom.quality.verdict.", sbom_quality_verdict_name(d->verdict));
    facts(w, out, d);
    for (size_t i = 0; i < d->n; i++) {
        glance_row(r, d, &d->judgements[i]);
        judgement(w, out, &d->judgements[i]);
    }
    if (d->licences) {
        licence_row(r, d);
        licences(w, out, d);
    }
    notes(w, out, d->b);
}

static void legend(struct hn_work *w, struct hn_report *out)
{
    static const char *const names[] = {"fail", "open", "warn", "absent", "pass"};

    begin(out, HN_REPORT_HEAD);
    plain(out, said(w, "legend"));
    begin(out, HN_REPORT_FACTS);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        begin(out, HN_REPORT_ROW);
        cell(out);
        verdict(w, out, "sbom.quality.verdict.", names[i]);
        cell_of(out, words(w, "sbom.quality.meaning.", names[i]));
    }
    begin(out, HN_REPORT_END);
    begin(out, HN_REPORT_PARAGRAPH);
    small(out, said(w, "columns"));
}

/* To the minute: "Made 2026-11-29 08:26 UTC · hinomi 1". */
static void about(struct hn_work *w, struct hn_report *out)
{
    struct hn_arena *a = hn_work_arena(w);
    char now[HN_TIME_TEXT];
    hn_time made = sbom_made(hn_work_now(w));

    hn_time_text(made, now);
    hn_report_putc(out, HN_REPORT_LANG, hn_work_lang(w) == HN_JA ? "ja" : "en");
    hn_report_put(out, HN_REPORT_TITLE, said(w, "title"));
    hn_report_put(out, HN_REPORT_MADE,
                  hn_arena_fmt(a, "%.*s %.10s %.5s UTC · hinomi " HN_VERSION, HN_FMT(said(w, "made")), now, now + 11));
    hn_report_put(out, HN_REPORT_TIME, hn_arena_fmt(a, "%lld", (long long)(made / HN_SECOND)));
}

void sbom_quality_report_end(struct quality_report *r, struct hn_report *ret)
{
    static const char *const names[] = {"document", "profile", "verdict", "score", "fail", "open", "warn", "pass"};

    hn_report_init(ret, r->details.marks.max);
    about(r->w, ret);
    begin(ret, HN_REPORT_SECTION);
    plain(ret, said(r->w, "glance"));
    table(r->w, ret, "ttfnnnnn", names);
    hn_report_add(ret, &r->summary);
    begin(ret, HN_REPORT_END);
    legend(r->w, ret);
    hn_report_add(ret, &r->details);
    hn_report_done(&r->summary);
    hn_report_done(&r->details);
}
