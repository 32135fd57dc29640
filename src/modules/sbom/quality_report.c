/* Quality as a page by itself: no script, nothing loaded; a style for the printer makes the PDF. */
#include <stdlib.h>

#include "base/str.h"
#include "modules/sbom/document.h"
#include "modules/sbom/quality.h"

#define PLACES_MOST 8 /* of an element; JSON has all */

static const char style[] =
    ":root{--ink:#1b1f24;--line:#d0d7de;--soft:#f6f8fa}"
    "body{font:15px/1.6 system-ui,'Hiragino Sans','Noto Sans JP','Noto Sans CJK JP','Yu Gothic UI',sans-serif;"
    "color:var(--ink);max-width:72rem;margin:2rem auto;padding:0 1rem}"
    "h1{font-size:1.6rem;margin-bottom:0}h2{font-size:1.25rem;margin-top:2.5rem;border-bottom:2px solid var(--line)}"
    "h3{font-size:1.05rem;margin:2rem 0 0}h2,h3{overflow-wrap:anywhere}"
    "table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}"
    "th,td{border:1px solid var(--line);padding:.35rem .6rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}"
    "th{background:var(--soft)}td.n,th.n{text-align:right;white-space:nowrap}th,.facts th{white-space:nowrap}"
    ".w{width:45%}.facts{width:auto}.v{font-weight:600;white-space:nowrap}.pass,.allow{color:#1a7f37}.warn,.review{"
    "color:#9a6700}"
    ".open{color:#0550ae}.fail,.deny{color:#b42318}.absent{color:#57606a}"
    "ul{margin:.2rem 0;padding-left:1.2rem}small,code{color:#57606a}code{font-size:.85em}p{margin:.4rem 0}"
    ".bar{background:var(--line);height:.5rem;width:8rem;display:inline-block}"
    ".bar i{display:block;height:.5rem;background:#1a7f37}"
    "@page{size:A4;margin:15mm}"
    "@media "
    "print{body{font-size:9pt;line-height:1.45;max-width:none;margin:0;padding:0;-webkit-print-color-adjust:exact;"
    "print-color-adjust:exact}h2.document{break-before:page}h2,h3,.head{break-after:avoid}"
    "th,td{padding:.2rem .4rem}tr{break-inside:avoid}thead{display:table-header-group}}";

/* Everything that comes from a document is text. */
static void text(struct hn_buf *out, struct hn_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        switch (s.p[i]) {
        case '&':
            hn_buf_c(out, "&amp;");
            break;
        case '<':
            hn_buf_c(out, "&lt;");
            break;
        case '>':
            hn_buf_c(out, "&gt;");
            break;
        case '"':
            hn_buf_c(out, "&quot;");
            break;
        default:
            if ((unsigned char)s.p[i] >= 0x20 || s.p[i] == '\n' || s.p[i] == '\t')
                hn_buf_chr(out, s.p[i]);
        }
    }
}

static void say(struct hn_work *w, struct hn_buf *out, const char *prefix, const char *name)
{
    static const struct hn_str none = {"", 0};
    struct hn_arena *a = hn_work_arena(w);
    struct hn_str s = sbom_text(w, hn_arena_cstr(a, hn_arena_fmt(a, "%s%s", prefix, name)), none, none);
    text(out, hn_str_starts(s, ">") ? hn_str_cut(s, 1, s.n) : s); /* tables at a terminal mark columns of numbers so */
}

static void said(struct hn_work *w, struct hn_buf *out, const char *name)
{
    say(w, out, "sbom.quality.report.", name);
}

/* To the minute: "2026-11-29 08:26 UTC". */
static void minute(struct hn_buf *out, hn_time t)
{
    char now[HN_TIME_TEXT];

    hn_time_text(t, now);
    hn_buf_fmt(out, "%.10s %.5s UTC", now, now + 11);
}

static void page_begin(struct hn_work *w, struct hn_buf *out)
{
    bool ja = hn_work_lang(w) == HN_JA;

    hn_buf_fmt(out, "<!DOCTYPE html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\">", ja ? "ja" : "en");
    hn_buf_c(out, "<meta name=\"viewport\" content=\"width=device-width\"><meta http-equiv=\"Content-Security-Policy\" "
                  "content=\"default-src 'none'; style-src 'unsafe-inline'\"><title>");
    said(w, out, "title");
    hn_buf_fmt(out, "</title><style>%s</style></head>\n<body><h1>", style);
    said(w, out, "title");
    hn_buf_c(out, "</h1><p><small>");
    said(w, out, "made");
    hn_buf_c(out, " ");
    minute(out, hn_work_now(w));
    hn_buf_c(out, " · hinomi " HN_VERSION "</small></p>\n");
}

static void verdict(struct hn_work *w, struct hn_buf *out, const char *prefix, const char *name)
{
    hn_buf_fmt(out, "<span class=\"v %s\">", name);
    say(w, out, prefix, name);
    hn_buf_c(out, "</span>");
}

static void head_row(struct hn_work *w, struct hn_buf *out, const char *const *names, size_t n)
{
    hn_buf_c(out, "<table><thead><tr>");
    for (size_t i = 0; i < n; i++) {
        bool number = !strcmp(names[i], "share") || !strcmp(names[i], "number") || !strcmp(names[i], "score");
        bool wide = !strcmp(names[i], "where") || !strcmp(names[i], "components");
        hn_buf_c(out, number ? "<th class=\"n\">" : wide ? "<th class=\"w\">" : "<th>");
        say(w, out, "sbom.quality.column.", names[i]);
        hn_buf_c(out, "</th>");
    }
    hn_buf_c(out, "</tr></thead><tbody>\n");
}

/* ---------------------------------------------------------------- one element */

static void answer(struct hn_work *w, struct hn_buf *out, const struct quality_result *r)
{
    static const char *const names[] = {"yes", "no", "not-applicable"};

    if (!r->answered) {
        said(w, out, "answer");
        hn_buf_c(out, " <code>");
        text(out, r->element->id);
        hn_buf_c(out, "</code>");
        return;
    }
    say(w, out, "sbom.quality.answer.", names[r->answered->answer]);
    hn_buf_c(out, " ");
    text(out, r->answered->note);
    hn_buf_c(out, " <small>");
    text(out, r->answered->by);
    hn_buf_c(out, " ");
    text(out, r->answered->date);
    hn_buf_c(out, "</small>");
}

/* "missing 148 · said to be unknown 3" */
static void states(struct hn_work *w, struct hn_buf *out, const struct hn_quality_count *n)
{
    const char *between = "";

    for (int s = HN_QUALITY_MISSING; s < HN_QUALITY_STATES; s++) {
        if (!n->state[s])
            continue;
        hn_buf_c(out, between);
        say(w, out, "sbom.quality.state.", hn_quality_state_name((enum hn_quality_state)s));
        hn_buf_fmt(out, " %zu", n->state[s]);
        between = " · ";
    }
}

static void place(struct hn_work *w, struct hn_buf *out, const struct hn_quality_place *p)
{
    if (p->c) {
        text(out, p->c->name);
        hn_buf_c(out, " ");
        text(out, p->c->version);
        hn_buf_c(out, " ");
    }
    hn_buf_c(out, "<small>");
    say(w, out, "sbom.quality.state.", hn_quality_state_name(p->state));
    if (p->found.n) {
        hn_buf_c(out, ": ");
        text(out, p->found);
    }
    hn_buf_c(out, "</small> <code>");
    text(out, p->place);
    hn_buf_c(out, "</code>");
}

static void places(struct hn_work *w, struct hn_buf *out, const struct quality_result *r)
{
    const struct hn_quality_count *n = &r->count;

    if (!r->element->check) {
        answer(w, out, r);
        return;
    }
    if (!n->n_kept)
        return;
    if (n->n_kept == 1) {
        place(w, out, &n->bad[0]);
        return;
    }
    states(w, out, n);
    if (n->state[HN_QUALITY_MISSING] == n->n) { /* examples of "everywhere" help nobody */
        hn_buf_c(out, " <small>");
        said(w, out, "everywhere");
        hn_buf_c(out, "</small>");
        return;
    }
    hn_buf_c(out, "<ul>");
    for (size_t i = 0; i < n->n_kept && i < PLACES_MOST; i++) {
        hn_buf_c(out, "<li>");
        place(w, out, &n->bad[i]);
        hn_buf_c(out, "</li>");
    }
    hn_buf_c(out, "</ul>");
    if (n->n_bad > PLACES_MOST) {
        hn_buf_fmt(out, "<small>+ %zu ", n->n_bad - PLACES_MOST);
        said(w, out, "more");
        hn_buf_c(out, "</small>");
    }
}

static void element(struct hn_work *w, struct hn_buf *out, const struct quality_result *r)
{
    hn_buf_c(out, "<tr><td>");
    verdict(w, out, "sbom.quality.verdict.", sbom_quality_verdict_name(r->verdict));
    hn_buf_c(out, "</td><td>");
    text(out, r->element->title[hn_work_lang(w)]);
    hn_buf_c(out, "</td><td class=\"v\" style=\"font-weight:400\">");
    say(w, out, "sbom.quality.need.", sbom_quality_need_name(r->element->need));
    hn_buf_c(out, "</td><td class=\"n\">");
    if (r->element->check)
        hn_buf_fmt(out, "%zu / %zu", r->good, r->count.n);
    hn_buf_c(out, "</td><td>");
    places(w, out, r);
    hn_buf_c(out, "</td></tr>\n");
}

static void judgement(struct hn_work *w, struct hn_buf *out, const struct quality_judgement *j)
{
    static const char *const names[] = {"verdict", "element", "need", "share", "where"};

    hn_buf_c(out, "<h3>");
    text(out, j->profile->title[hn_work_lang(w)]);
    hn_buf_c(out, " — ");
    verdict(w, out, "sbom.quality.verdict.", sbom_quality_verdict_name(j->verdict));
    hn_buf_fmt(out, "</h3><p class=\"head\"><small>");
    text(out, j->profile->source);
    hn_buf_fmt(out, "</small></p><p class=\"head\"><span class=\"bar\"><i style=\"width:%u%%\"></i></span> ", j->score);
    say(w, out, "sbom.quality.column.", "score");
    hn_buf_fmt(out, " %u %%</p>", j->score);
    head_row(w, out, names, 5);
    for (size_t i = 0; i < j->profile->n; i++)
        element(w, out, &j->results[i]);
    hn_buf_c(out, "</tbody></table>\n");
}

/* ---------------------------------------------------------------- licences */

static int by_licence(const void *x, const void *y)
{
    const struct quality_licence_result *a = x, *b = y;
    int order = a->verdict == b->verdict ? hn_str_cmp(a->text, b->text) : 0;

    if (a->verdict != b->verdict)
        return a->verdict > b->verdict ? -1 : 1;
    return order ? order : (a->c->number > b->c->number) - (a->c->number < b->c->number);
}

/* One licence with the components under it; how many those are. */
static size_t licence_group(struct hn_work *w, struct hn_buf *out, const struct quality_document *d,
                            const struct quality_licence_result *r, size_t left)
{
    static const char *const verdicts[] = {"allow", "review", "deny"};
    size_t n = 1;

    while (n < left && r[n].verdict == r->verdict && hn_str_eq(r[n].text, r->text))
        n++;
    hn_buf_c(out, "<tr><td>");
    verdict(w, out, "sbom.quality.licence.", verdicts[r->verdict]);
    hn_buf_c(out, "</td><td>");
    if (r->text.n)
        text(out, r->text);
    else
        said(w, out, "no-licence");
    hn_buf_c(out, "</td><td>");
    text(out, hn_str_eq(r->why, r->text) ? HN_STR("") : r->why);
    hn_buf_fmt(out, "</td><td class=\"n\">%zu</td><td>", n);
    for (size_t i = 0; i < n && i < PLACES_MOST; i++) {
        hn_buf_c(out, i ? ", " : "");
        text(out, r[i].c->name);
        hn_buf_c(out, " ");
        text(out, r[i].c->version);
        hn_buf_c(out, " <code>");
        text(out, hn_bom_component_place(d->b, r[i].c, hn_work_arena(w)));
        hn_buf_c(out, "</code>");
    }
    if (n > PLACES_MOST) {
        hn_buf_fmt(out, " <small>+ %zu ", n - PLACES_MOST);
        said(w, out, "more");
        hn_buf_c(out, "</small>");
    }
    hn_buf_c(out, "</td></tr>\n");
    return n;
}

static void licences(struct hn_work *w, struct hn_buf *out, const struct quality_document *d)
{
    static const char *const names[] = {"verdict", "licence", "because", "number", "components"};
    static const char *const verdicts[] = {"allow", "review", "deny"};
    const struct quality_licence_judgement *l = d->licences;

    hn_buf_c(out, "<h3>");
    said(w, out, "licences");
    hn_buf_c(out, "</h3><p class=\"head\">");
    for (size_t v = 0; v < 3; v++) {
        verdict(w, out, "sbom.quality.licence.", verdicts[v]);
        hn_buf_fmt(out, " %zu%s", l->n[v], v < 2 ? " · " : "</p>");
    }
    struct quality_licence_result *list = hn_arena_alloc(hn_work_arena(w), (l->n_list + 1) * sizeof *list);
    if (!l->n_list || !list)
        return;
    memcpy(list, l->list, l->n_list * sizeof *list);
    qsort(list, l->n_list, sizeof *list, by_licence);
    head_row(w, out, names, 5);
    for (size_t i = 0; i < l->n_list;)
        i += licence_group(w, out, d, list + i, l->n_list - i);
    hn_buf_c(out, "</tbody></table>\n");
}

/* ---------------------------------------------------------------- one document */

static void fact(struct hn_work *w, struct hn_buf *out, const char *name, struct hn_str value)
{
    if (!value.n)
        return;
    hn_buf_c(out, "<tr><th>");
    said(w, out, name);
    hn_buf_c(out, "</th><td>");
    text(out, value);
    hn_buf_c(out, "</td></tr>\n");
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
static void facts(struct hn_work *w, struct hn_buf *out, const struct quality_document *d)
{
    struct hn_arena *a = hn_work_arena(w);
    const struct hn_bom *b = d->b;
    const struct hn_bom_tool *t = b->tools;

    hn_buf_c(out, "<table class=\"facts\"><tbody>\n");
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
    hn_buf_c(out, "</tbody></table>\n");
}

static void notes(struct hn_work *w, struct hn_buf *out, const struct hn_bom *b)
{
    if (!b->notes.first)
        return;
    hn_buf_c(out, "<h3>");
    said(w, out, "notes");
    hn_buf_c(out, "</h3><ul>");
    for (const struct hn_bom_note *n = b->notes.first; n; n = n->next) {
        hn_buf_c(out, "<li>");
        text(out, sbom_note_text(w, n));
        hn_buf_c(out, "</li>");
    }
    hn_buf_c(out, "</ul>\n");
}

/* "bom.json" of "/path/bom.json". */
static struct hn_str base_name(struct hn_str s)
{
    for (size_t i = s.n; i > 0; i--)
        if (s.p[i - 1] == '/')
            return i < s.n ? hn_str_cut(s, i, s.n) : s;
    return s;
}

/* ---------------------------------------------------------------- at a glance */

static void glance_row(struct hn_work *w, struct hn_buf *out, const struct quality_document *d, unsigned document,
                       const struct quality_judgement *j)
{
    static const enum quality_verdict counted[] = {QUALITY_FAIL, QUALITY_OPEN, QUALITY_WARN, QUALITY_PASS};

    hn_buf_fmt(out, "<tr><td><a href=\"#d%u\">", document);
    text(out, base_name(d->name));
    hn_buf_c(out, "</a></td><td>");
    text(out, j->profile->title[hn_work_lang(w)]);
    hn_buf_c(out, "</td><td>");
    verdict(w, out, "sbom.quality.verdict.", sbom_quality_verdict_name(j->verdict));
    hn_buf_fmt(out, "</td><td class=\"n\">%u %%</td>", j->score);
    for (size_t i = 0; i < sizeof counted / sizeof *counted; i++)
        hn_buf_fmt(out, "<td class=\"n\">%zu</td>", j->by_verdict[counted[i]]);
    hn_buf_c(out, "</tr>\n");
}

static void licence_row(struct hn_work *w, struct hn_buf *out, const struct quality_document *d, unsigned document)
{
    const size_t *n = d->licences->n;
    const char *worst = n[HN_LICENCE_DENY] ? "fail" : n[HN_LICENCE_REVIEW] ? "open" : "pass";

    hn_buf_fmt(out, "<tr><td><a href=\"#d%u\">", document);
    text(out, base_name(d->name));
    hn_buf_c(out, "</a></td><td>");
    said(w, out, "licences");
    hn_buf_c(out, "</td><td>");
    verdict(w, out, "sbom.quality.verdict.", worst);
    hn_buf_fmt(out,
               "</td><td></td><td class=\"n\">%zu</td><td class=\"n\">%zu</td><td class=\"n\">0</td><td "
               "class=\"n\">%zu</td></tr>\n",
               n[HN_LICENCE_DENY], n[HN_LICENCE_REVIEW], n[HN_LICENCE_ALLOW]);
}

void sbom_quality_report_begin(struct hn_work *w, struct quality_report *r, size_t most)
{
    *r = (struct quality_report){.w = w};
    hn_buf_init(&r->summary, most);
    hn_buf_init(&r->details, most);
}

void sbom_quality_report_add(struct quality_report *r, const struct quality_document *d)
{
    struct hn_work *w = r->w;
    struct hn_buf *out = &r->details;

    r->n++;
    hn_buf_fmt(out, "<h2 class=\"document\" id=\"d%u\">", r->n);
    text(out, base_name(d->name));
    hn_buf_c(out, " — ");
    verdict(w, out, "sbom.quality.verdict.", sbom_quality_verdict_name(d->verdict));
    hn_buf_c(out, "</h2>\n");
    facts(w, out, d);
    for (size_t i = 0; i < d->n; i++) {
        glance_row(w, &r->summary, d, r->n, &d->judgements[i]);
        judgement(w, out, &d->judgements[i]);
    }
    if (d->licences) {
        licence_row(w, &r->summary, d, r->n);
        licences(w, out, d);
    }
    notes(w, out, d->b);
}

static void legend(struct hn_work *w, struct hn_buf *out)
{
    static const char *const names[] = {"fail", "open", "warn", "absent", "pass"};

    hn_buf_c(out, "<h3>");
    said(w, out, "legend");
    hn_buf_c(out, "</h3><table class=\"facts\"><tbody>");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        hn_buf_c(out, "<tr><td>");
        verdict(w, out, "sbom.quality.verdict.", names[i]);
        hn_buf_c(out, "</td><td>");
        say(w, out, "sbom.quality.meaning.", names[i]);
        hn_buf_c(out, "</td></tr>\n");
    }
    hn_buf_c(out, "</tbody></table><p><small>");
    said(w, out, "columns");
    hn_buf_c(out, "</small></p>\n");
}

void sbom_quality_report_end(struct quality_report *r, struct hn_buf *out)
{
    static const char *const names[] = {"document", "profile", "verdict", "score", "fail", "open", "warn", "pass"};

    page_begin(r->w, out);
    hn_buf_c(out, "<h2>");
    said(r->w, out, "glance");
    hn_buf_c(out, "</h2>\n");
    head_row(r->w, out, names, sizeof names / sizeof *names);
    hn_buf_str(out, hn_buf_text(&r->summary));
    hn_buf_c(out, "</tbody></table>\n");
    legend(r->w, out);
    hn_buf_str(out, hn_buf_text(&r->details));
    hn_buf_c(out, "</body></html>\n");
    if (r->summary.bad || r->details.bad)
        out->bad = true;
    hn_buf_done(&r->summary);
    hn_buf_done(&r->details);
}
