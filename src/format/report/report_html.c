/* A report as a page by itself; a style for the printer. */
#include "base/str.h"
#include "format/report/report.h"

static const char style[] =
    ":root{--ink:#1b1f24;--line:#d0d7de;--soft:#f6f8fa}"
    "body{font:15px/1.6 system-ui,'Hiragino Sans','Noto Sans JP','Noto Sans CJK JP','Yu Gothic UI',sans-serif;"
    "color:var(--ink);max-width:72rem;margin:2rem auto;padding:0 1rem}"
    "h1{font-size:1.6rem;margin-bottom:0}h2{font-size:1.25rem;margin-top:2.5rem;border-bottom:2px solid var(--line)}"
    "h3{font-size:1.05rem;margin:2rem 0 0}h2,h3{overflow-wrap:anywhere}"
    "table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}"
    "th,td{border:1px solid var(--line);padding:.35rem .6rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}"
    "th{background:var(--soft)}.n{text-align:right;white-space:nowrap}th,.facts th,.f{white-space:nowrap}"
    ".w{width:45%}.facts{width:auto}.v{font-weight:600;white-space:nowrap}.good{color:#1a7f37}.warn{color:#9a6700}"
    ".open{color:#0550ae}.bad{color:#b42318}.absent{color:#57606a}"
    "ul{margin:.2rem 0;padding-left:1.2rem}small,code{color:#57606a}code{font-size:.85em}p{margin:.4rem 0}"
    ".bar{background:var(--line);height:.5rem;width:8rem;display:inline-block}"
    ".bar i{display:block;height:.5rem;background:#1a7f37}"
    "@page{size:A4;margin:15mm}"
    "@media "
    "print{body{font-size:9pt;line-height:1.45;max-width:none;margin:0;padding:0;-webkit-print-color-adjust:exact;"
    "print-color-adjust:exact}h2.document{break-before:page}h2,h3,p{break-after:avoid}"
    "th,td{padding:.2rem .4rem}tr{break-inside:avoid}thead{display:table-header-group}}";

struct page {
    struct hn_buf *out;
    const char *block; /* what closes the paragraph, heading or item; NULL */
    const char *cell;  /* what closes the cell; NULL */
    bool list, row, table, facts, heads, body;
    struct hn_str columns, link;
    size_t column;
};

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
            hn_buf_chr(out, s.p[i]);
        }
    }
}

/* ---------------------------------------------------------------- what is open is closed */

static void end_block(struct page *p, bool list)
{
    if (p->block)
        hn_buf_c(p->out, p->block);
    if (p->list && list) {
        hn_buf_c(p->out, "</ul>");
        p->list = false;
    }
    p->block = NULL;
}

static void end_cell(struct page *p)
{
    end_block(p, true);
    if (p->cell)
        hn_buf_c(p->out, p->cell);
    p->cell = NULL;
}

static void end_row(struct page *p)
{
    end_cell(p);
    if (p->row)
        hn_buf_c(p->out, p->heads ? "</tr></thead>" : "</tr>\n");
    p->row = p->heads = false;
}

static void end_table(struct page *p)
{
    end_row(p);
    if (p->table)
        hn_buf_c(p->out, p->body ? "</tbody></table>\n" : "</table>\n");
    p->table = p->body = p->facts = false;
}

/* ---------------------------------------------------------------- marks */

static void begin_block(struct page *p, enum hn_report_mark m, struct hn_str s)
{
    end_block(p, m != HN_REPORT_ITEM);
    switch (m) {
    case HN_REPORT_PART:
        hn_buf_c(p->out, "<h2 class=\"document\" id=\"");
        text(p->out, s);
        hn_buf_c(p->out, "\">");
        p->block = "</h2>\n";
        break;
    case HN_REPORT_SECTION:
        hn_buf_c(p->out, "<h2>");
        p->block = "</h2>\n";
        break;
    case HN_REPORT_HEAD:
        hn_buf_c(p->out, "<h3>");
        p->block = "</h3>\n";
        break;
    case HN_REPORT_ITEM:
        hn_buf_c(p->out, p->list ? "<li>" : "<ul><li>");
        p->list = true;
        p->block = "</li>";
        break;
    default:
        hn_buf_c(p->out, "<p>");
        p->block = "</p>\n";
    }
    if (m != HN_REPORT_BAR)
        return;
    hn_buf_c(p->out, "<span class=\"bar\"><i style=\"width:");
    text(p->out, s);
    hn_buf_c(p->out, "%\"></i></span> ");
}

static void begin_row(struct page *p, struct hn_str s)
{
    end_row(p);
    p->heads = s.n > 0;
    p->row = true;
    p->column = 0;
    if (!p->heads && !p->body) {
        hn_buf_c(p->out, "<tbody>");
        p->body = true;
    }
    hn_buf_c(p->out, p->heads ? "<thead><tr>" : "<tr>");
}

static void begin_cell(struct page *p)
{
    end_cell(p);
    bool head = p->heads || (p->facts && p->column == 0);
    char c = p->column < p->columns.n ? p->columns.p[p->column] : 't';
    bool classed = c == 'n' || c == 'f' || (c == 'w' && head);
    hn_buf_c(p->out, head ? "<th" : "<td");
    if (classed)
        hn_buf_fmt(p->out, " class=\"%c\"", c);
    hn_buf_chr(p->out, '>');
    p->cell = head ? "</th>" : "</td>";
    p->column++;
}

static void run(struct page *p, enum hn_report_mark m, struct hn_str s)
{
    static const struct {
        enum hn_report_mark m;
        const char *begin, *end;
    } how[] = {
        {HN_REPORT_SMALL, "<small>", "</small>"},
        {HN_REPORT_CODE, "<code>", "</code>"},
        {HN_REPORT_GOOD, "<span class=\"v good\">", "</span>"},
        {HN_REPORT_WARN, "<span class=\"v warn\">", "</span>"},
        {HN_REPORT_OPEN, "<span class=\"v open\">", "</span>"},
        {HN_REPORT_BAD, "<span class=\"v bad\">", "</span>"},
        {HN_REPORT_ABSENT, "<span class=\"v absent\">", "</span>"},
        {HN_REPORT_PLAIN, "", ""},
    };
    size_t i = 0;
    while (how[i].m != m && how[i].m != HN_REPORT_PLAIN)
        i++;
    if (p->link.n) {
        hn_buf_c(p->out, "<a href=\"#");
        text(p->out, p->link);
        hn_buf_c(p->out, "\">");
    }
    hn_buf_c(p->out, how[i].begin);
    text(p->out, s);
    hn_buf_c(p->out, how[i].end);
    hn_buf_c(p->out, p->link.n ? "</a>" : "");
    p->link.n = 0;
}

static void about(struct page *p, enum hn_report_mark m, struct hn_str s)
{
    if (m == HN_REPORT_LANG) {
        hn_buf_c(p->out, "<!DOCTYPE html>\n<html lang=\"");
        text(p->out, s);
        hn_buf_c(p->out, "\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">"
                         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
                         "'unsafe-inline'\">");
    } else if (m == HN_REPORT_TITLE) {
        hn_buf_c(p->out, "<title>");
        text(p->out, s);
        hn_buf_fmt(p->out, "</title><style>%s</style></head>\n<body><h1>", style);
        text(p->out, s);
        hn_buf_c(p->out, "</h1>\n");
    } else if (m == HN_REPORT_MADE) {
        hn_buf_c(p->out, "<p><small>");
        text(p->out, s);
        hn_buf_c(p->out, "</small></p>\n");
    }
}

static void mark(struct page *p, enum hn_report_mark m, struct hn_str s)
{
    if (hn_report_is_run(m)) {
        run(p, m, s);
        return;
    }
    switch (m) {
    case HN_REPORT_LANG:
    case HN_REPORT_TITLE:
    case HN_REPORT_MADE:
    case HN_REPORT_TIME:
        about(p, m, s);
        break;
    case HN_REPORT_TABLE:
    case HN_REPORT_FACTS:
        end_block(p, true);
        p->facts = m == HN_REPORT_FACTS;
        p->table = true;
        p->columns = p->facts ? HN_STR("") : s;
        hn_buf_c(p->out, p->facts ? "<table class=\"facts\">" : "<table>");
        break;
    case HN_REPORT_ROW:
        begin_row(p, s);
        break;
    case HN_REPORT_CELL:
        begin_cell(p);
        break;
    case HN_REPORT_END:
        end_table(p);
        break;
    case HN_REPORT_LINK:
        p->link = s;
        break;
    default:
        begin_block(p, m, s);
    }
}

void hn_report_html(const struct hn_report *r, struct hn_buf *out)
{
    struct hn_bytes rest = hn_str_bytes(hn_buf_text(&r->marks));
    struct page p = {.out = out};
    enum hn_report_mark m;
    struct hn_str s;
    while (hn_report_next(&rest, &m, &s))
        mark(&p, m, s);
    end_block(&p, true);
    hn_buf_c(out, "</body></html>\n");
    out->bad = out->bad || r->marks.bad || rest.n;
}
