/* Quality as a page by itself: no script, nothing loaded; a style for the printer makes the PDF. */
#include "base/str.h"
#include "modules/sbom/document.h"
#include "modules/sbom/quality.h"

#define PLACES_MOST 25 /* of an element */

static const char style[] =
    ":root{--ink:#1b1f24;--line:#d0d7de;--soft:#f6f8fa}"
    "body{font:15px/1.6 system-ui,'Hiragino Sans','Noto Sans JP','Yu Gothic UI',sans-serif;color:var(--ink);"
    "max-width:72rem;margin:2rem auto;padding:0 1rem}"
    "h1{font-size:1.6rem}h2{font-size:1.25rem;margin-top:2.5rem;border-bottom:2px solid "
    "var(--line)}h3{font-size:1.05rem}"
    "table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}"
    "th,td{border:1px solid var(--line);padding:.35rem .6rem;text-align:left;vertical-align:top}"
    "th{background:var(--soft)}td.n{text-align:right;white-space:nowrap}"
    ".v{font-weight:600;white-space:nowrap}.pass,.allow{color:#1a7f37}.warn,.review{color:#9a6700}"
    ".open{color:#0550ae}.fail,.deny{color:#b42318}"
    "ul{margin:.2rem 0;padding-left:1.2rem}li{word-break:break-all}small{color:#57606a}"
    ".bar{background:var(--line);height:.5rem;width:8rem}.bar i{display:block;height:.5rem;background:#1a7f37}"
    "@page{size:A4;margin:15mm}"
    "@media print{body{font-size:10pt;max-width:none;margin:0}h2{break-before:page}h2:first-of-type{break-before:auto}"
    "tr{break-inside:avoid}thead{display:table-header-group}}";

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

void sbom_quality_report_begin(struct hn_work *w, struct hn_buf *out)
{
    char now[HN_TIME_TEXT];
    bool ja = hn_work_lang(w) == HN_JA;

    hn_buf_fmt(out, "<!DOCTYPE html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\">", ja ? "ja" : "en");
    hn_buf_c(out, "<meta name=\"viewport\" content=\"width=device-width\"><meta http-equiv=\"Content-Security-Policy\" "
                  "content=\"default-src 'none'; style-src 'unsafe-inline'\"><title>");
    say(w, out, "sbom.quality.report.", "title");
    hn_buf_fmt(out, "</title><style>%s</style></head>\n<body><h1>", style);
    say(w, out, "sbom.quality.report.", "title");
    hn_buf_fmt(out, "</h1><p><small>hinomi " HN_VERSION " · %s</small></p>\n", hn_time_text(hn_work_now(w), now));
}

void sbom_quality_report_end(struct hn_buf *out)
{
    hn_buf_c(out, "</body></html>\n");
}

static void verdict(struct hn_work *w, struct hn_buf *out, const char *prefix, const char *name)
{
    hn_buf_fmt(out, "<span class=\"v %s\">", name);
    say(w, out, prefix, name);
    hn_buf_c(out, "</span>");
}

static void places(struct hn_work *w, struct hn_buf *out, const struct quality_document *d,
                   const struct quality_result *r)
{
    if (r->answered) {
        text(out, r->answered->note);
        hn_buf_c(out, " <small>");
        text(out, r->answered->by);
        hn_buf_c(out, " ");
        text(out, r->answered->date);
        hn_buf_c(out, "</small>");
        return;
    }
    if (!r->count.n_kept)
        return;
    hn_buf_c(out, "<ul>");
    for (size_t i = 0; i < r->count.n_kept && i < PLACES_MOST; i++) {
        hn_buf_c(out, "<li>");
        text(out, r->count.bad[i]->name);
        hn_buf_c(out, " ");
        text(out, r->count.bad[i]->version);
        hn_buf_c(out, " <small>");
        text(out, hn_bom_component_place(d->b, r->count.bad[i], hn_work_arena(w)));
        hn_buf_c(out, " · ");
        say(w, out, "sbom.quality.state.", hn_quality_state_name(r->count.bad_state[i]));
        hn_buf_c(out, "</small></li>");
    }
    hn_buf_c(out, "</ul>");
    if (r->count.n_bad > PLACES_MOST)
        hn_buf_fmt(out, "<small>+ %zu</small>", r->count.n_bad - PLACES_MOST);
}

static void head_row(struct hn_work *w, struct hn_buf *out, const char *const *names, size_t n)
{
    hn_buf_c(out, "<table><thead><tr>");
    for (size_t i = 0; i < n; i++) {
        hn_buf_c(out, "<th>");
        say(w, out, "sbom.quality.column.", names[i]);
        hn_buf_c(out, "</th>");
    }
    hn_buf_c(out, "</tr></thead><tbody>\n");
}

static void judgement(struct hn_work *w, struct hn_buf *out, const struct quality_document *d,
                      const struct quality_judgement *j)
{
    static const char *const names[] = {"verdict", "element", "need", "share", "where"};

    hn_buf_c(out, "<h3>");
    text(out, j->profile->title[hn_work_lang(w)]);
    hn_buf_c(out, " — ");
    verdict(w, out, "sbom.quality.verdict.", sbom_quality_verdict_name(j->verdict));
    hn_buf_fmt(out, "</h3><p><small>");
    text(out, j->profile->source);
    hn_buf_fmt(out, "</small></p><div class=\"bar\"><i style=\"width:%u%%\"></i></div><p>%u %%</p>", j->score,
               j->score);
    head_row(w, out, names, 5);
    for (size_t i = 0; i < j->profile->n; i++) {
        const struct quality_result *r = &j->results[i];
        hn_buf_c(out, "<tr><td>");
        verdict(w, out, "sbom.quality.verdict.", sbom_quality_verdict_name(r->verdict));
        hn_buf_c(out, "</td><td>");
        text(out, r->element->title[hn_work_lang(w)]);
        hn_buf_c(out, "</td><td>");
        say(w, out, "sbom.quality.need.", r->element->required ? "required" : "recommended");
        hn_buf_c(out, "</td><td class=\"n\">");
        if (r->element->check)
            hn_buf_fmt(out, "%zu / %zu", r->good, r->count.n);
        hn_buf_c(out, "</td><td>");
        places(w, out, d, r);
        hn_buf_c(out, "</td></tr>\n");
    }
    hn_buf_c(out, "</tbody></table>\n");
}

static void licences(struct hn_work *w, struct hn_buf *out, const struct quality_document *d)
{
    static const char *const names[] = {"verdict", "component", "licence", "because", "where"};
    static const char *const verdicts[] = {"allow", "review", "deny"};
    const struct quality_licence_judgement *l = d->licences;

    hn_buf_c(out, "<h3>");
    say(w, out, "sbom.quality.report.", "licences");
    hn_buf_c(out, "</h3><p>");
    for (size_t v = 0; v < 3; v++) {
        verdict(w, out, "sbom.quality.licence.", verdicts[v]);
        hn_buf_fmt(out, " %zu%s", l->n[v], v < 2 ? " · " : "</p>");
    }
    if (!l->n_list)
        return;
    head_row(w, out, names, 5);
    for (size_t i = 0; i < l->n_list; i++) {
        const struct quality_licence_result *r = &l->list[i];
        hn_buf_c(out, "<tr><td>");
        verdict(w, out, "sbom.quality.licence.", verdicts[r->verdict]);
        hn_buf_c(out, "</td><td>");
        text(out, r->c->name);
        hn_buf_c(out, " ");
        text(out, r->c->version);
        hn_buf_c(out, "</td><td>");
        text(out, r->text);
        hn_buf_c(out, "</td><td>");
        text(out, r->why);
        hn_buf_c(out, "</td><td><small>");
        text(out, hn_bom_component_place(d->b, r->c, hn_work_arena(w)));
        hn_buf_c(out, "</small></td></tr>\n");
    }
    hn_buf_c(out, "</tbody></table>\n");
}

void sbom_quality_report_add(struct hn_work *w, struct hn_buf *out, const struct quality_document *d)
{
    hn_buf_c(out, "<h2>");
    text(out, d->name);
    hn_buf_c(out, " — ");
    verdict(w, out, "sbom.quality.verdict.", sbom_quality_verdict_name(d->verdict));
    hn_buf_fmt(out, "</h2><p>%s ", hn_bom_family_name(d->b->family));
    text(out, d->b->spec_version);
    hn_buf_fmt(out, " · %zu ", d->b->n_components);
    say(w, out, "sbom.quality.column.", "components");
    hn_buf_c(out, "</p>\n");
    for (size_t i = 0; i < d->n; i++)
        judgement(w, out, d, &d->judgements[i]);
    if (d->licences)
        licences(w, out, d);
    if (!d->b->notes.first)
        return;
    hn_buf_c(out, "<h3>");
    say(w, out, "sbom.quality.report.", "notes");
    hn_buf_c(out, "</h3><ul>");
    for (const struct hn_bom_note *n = d->b->notes.first; n; n = n->next) {
        hn_buf_c(out, "<li>");
        text(out, sbom_note_text(w, n));
        hn_buf_c(out, "</li>");
    }
    hn_buf_c(out, "</ul>\n");
}
