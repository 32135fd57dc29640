/* A report on sheets of A4: what is above and below on each, headings, paragraphs; cairo writes the file. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "format/report/sheet.h"

#define PDF_1_4       0 /* CAIRO_PDF_VERSION_1_4: a table of objects as text, which language_put() reads */
#define WRITE_ERROR   11
#define MEMORY        ((size_t)256 << 20)
#define LETTERS       (16u << 20) /* of one passage */
#define HEADING_KEEPS 76.0        /* below a heading there is room for this much, or it goes overleaf */
enum { META_TITLE, META_AUTHOR, META_SUBJECT, META_KEYWORDS, META_CREATOR, META_CREATED };

void report_fail(struct sheets *s, enum hn_err_code code, const char *why)
{
    if (hn_ok(s->err))
        s->err = hn_fail(s->why, code, "%s", why);
}

/* ---------------------------------------------------------------- sheets */

static void above_and_below(struct sheets *s)
{
    char number[48];
    if (!s->drawing)
        return;
    report_text_short(s, s->title, SHEET_LEFT, 28, 8, SHEET_ROOM * 0.48, false);
    if (s->part)
        report_text_short(s, s->part, SHEET_LEFT + SHEET_ROOM * 0.5, 28, 8, SHEET_ROOM * 0.5, true);
    report_box(s, 0xd0d7de, SHEET_LEFT, 44, SHEET_ROOM, 0.6);
    report_box(s, 0xd0d7de, SHEET_LEFT, SHEET_HEIGHT - 46, SHEET_ROOM, 0.6);
    snprintf(number, sizeof number, "%u / %u", s->sheet, s->total);
    report_text_short(s, s->made, SHEET_LEFT, SHEET_HEIGHT - 42, 8, SHEET_ROOM * 0.8, false);
    report_text_short(s, number, SHEET_LEFT + SHEET_ROOM * 0.8, SHEET_HEIGHT - 42, 8, SHEET_ROOM * 0.2, true);
}

void report_sheet_next(struct sheets *s)
{
    if (s->begun && s->drawing)
        report_pango.show_page(s->cr);
    s->begun = true;
    s->y = SHEET_TOP;
    if (++s->sheet > HN_REPORT_PAGES)
        report_fail(s, HN_E_LIMIT, "too many pages");
    above_and_below(s);
}

/* ---------------------------------------------------------------- headings and paragraphs */

static void lines(struct sheets *s, const struct passage *p, double size, bool bold, double indent)
{
    void *layout = report_text_layout(s, p, size, bold, SHEET_ROOM - indent);
    int n = report_pango.layout_lines(layout);
    for (int i = 0; i < n && hn_ok(s->err); i++) {
        if (s->y + size * LINE_HEIGHT > SHEET_BOTTOM)
            report_sheet_next(s);
        if (i == 0 && p->kind == HN_REPORT_ITEM)
            report_box(s, 0x57606a, SHEET_LEFT + 3, s->y + size * LINE_HEIGHT / 2 - 0.6, 2.4, 2.4);
        if (i == 0 && p->bar >= 0) {
            report_box(s, 0xd0d7de, SHEET_LEFT, s->y + size * 0.5, 90, 5);
            report_box(s, 0x1a7f37, SHEET_LEFT, s->y + size * 0.5, 0.9 * p->bar, 5);
        }
        report_text_line(s, layout, i, SHEET_LEFT + indent, s->y, size, SHEET_ROOM - indent, false);
        s->y += size * LINE_HEIGHT;
    }
    report_pango.unref(layout);
}

/* Something that the list of contents leads to. */
static void target(struct sheets *s, const struct passage *p, const char *name, int *parent, bool part)
{
    char attributes[128];
    const char *title = hn_arena_cstr(&s->piece, p->text);
    if (!s->drawing || !title)
        return;
    snprintf(attributes, sizeof attributes, "name='%s' x=%d y=%d", name, (int)SHEET_LEFT, (int)s->y);
    report_pango.tag_begin(s->cr, "cairo.dest", attributes);
    report_pango.tag_end(s->cr, "cairo.dest");
    snprintf(attributes, sizeof attributes, "dest='%s'", name);
    int id = report_pango.pdf_outline(s->surface, part ? 0 : *parent, title, attributes, 0);
    *parent = part ? id : *parent;
}

static void heading(struct sheets *s, const struct passage *p, const char *name, int *parent)
{
    char own[24];
    double size = p->kind == HN_REPORT_HEAD ? 10.5 : 13;
    bool part = p->kind == HN_REPORT_PART;
    if (part) {
        s->part = hn_arena_cstr(&s->all, p->text);
        report_sheet_next(s);
    } else {
        s->y += s->y > SHEET_TOP ? 6 : 0;
        if (s->y + HEADING_KEEPS > SHEET_BOTTOM)
            report_sheet_next(s);
    }
    snprintf(own, sizeof own, "h%u", ++s->heads);
    target(s, p, part && name ? name : own, parent, p->kind != HN_REPORT_HEAD);
    lines(s, p, size, true, 0);
    if (p->kind != HN_REPORT_HEAD)
        report_box(s, 0xd0d7de, SHEET_LEFT, s->y + 1, SHEET_ROOM, 1);
    s->y += p->kind == HN_REPORT_HEAD ? 1 : 7;
}

static void front(struct sheets *s)
{
    struct passage p = {.kind = HN_REPORT_SECTION, .text = hn_str_c(s->title), .bar = -1};
    report_sheet_next(s);
    lines(s, &p, 19, true, 0);
    p.text = hn_str_c(s->made);
    lines(s, &p, 9, false, 0);
    s->y += 8;
}

/* ---------------------------------------------------------------- marks */

struct reading {
    struct sheets *s;
    struct passage *p; /* in hand; NULL */
    const char *name;  /* of the part in hand */
    struct table *t;
    const char *link;
    int parent;
};

/* A link that no run followed leads from nowhere: its text lies in the piece. */
static void piece_end(struct reading *r)
{
    r->link = NULL;
    hn_arena_clear(&r->s->piece);
}

static void passage_end(struct reading *r)
{
    struct sheets *s = r->s;
    struct passage *p = r->p;
    r->p = NULL;
    if (!p)
        return;
    p->text = hn_arena_str(&s->piece, hn_buf_text(&s->letters));
    hn_buf_clear(&s->letters);
    if (r->t)
        return;
    if (p->kind == HN_REPORT_PART || p->kind == HN_REPORT_SECTION || p->kind == HN_REPORT_HEAD)
        heading(s, p, r->name, &r->parent);
    else
        lines(s, p, 9, false, p->kind == HN_REPORT_ITEM ? 12 : p->bar >= 0 ? 98 : 0);
    if (p->kind == HN_REPORT_PARAGRAPH || p->kind == HN_REPORT_BAR)
        s->y += 3;
    piece_end(r);
}

/* In a table it goes into the cell in hand. */
static void passage_begin(struct reading *r, enum hn_report_mark kind, int bar)
{
    struct passage *p;
    passage_end(r);
    p = HN_NEW(&r->s->piece, struct passage);
    if (!p) {
        report_fail(r->s, HN_E_NOMEM, "no memory for a report of this size");
        return;
    }
    *p = (struct passage){.kind = kind, .bar = bar};
    r->p = p;
    if (!r->t)
        return;
    struct cell *c = r->t->last ? r->t->last->last : NULL;
    if (!c) {
        report_fail(r->s, HN_E_INVALID, "text of a table outside its cells");
        return;
    }
    *(c->last ? &c->last->next : &c->first) = p;
    c->last = p;
}

static void table_begin(struct reading *r, enum hn_report_mark m, struct hn_str columns)
{
    passage_end(r);
    r->t = HN_NEW(&r->s->piece, struct table);
    if (!r->t)
        return;
    r->t->facts = m == HN_REPORT_FACTS;
    if (r->t->facts)
        columns = HN_STR("fw");
    r->t->columns = columns.n < HN_REPORT_COLUMNS ? columns.n : HN_REPORT_COLUMNS;
    memcpy(r->t->kinds, columns.p, r->t->columns);
}

static void row_begin(struct reading *r, struct hn_str heads)
{
    struct row *row = r->t ? HN_NEW(&r->s->piece, struct row) : NULL;
    passage_end(r);
    if (!row)
        return;
    r->t->heads = r->t->heads || (heads.n && !r->t->first);
    *(r->t->last ? &r->t->last->next : &r->t->first) = row;
    r->t->last = row;
}

static void cell_begin(struct reading *r)
{
    struct row *row = r->t ? r->t->last : NULL;
    struct cell *c = row ? HN_NEW(&r->s->piece, struct cell) : NULL;
    passage_end(r);
    if (!c)
        return;
    *(row->last ? &row->last->next : &row->first) = c;
    row->last = c;
}

static void table_end(struct reading *r)
{
    passage_end(r);
    if (r->t && hn_ok(r->s->err))
        report_table_draw(r->s, r->t);
    r->t = NULL;
    piece_end(r);
}

static void run(struct reading *r, enum hn_report_mark m, struct hn_str text)
{
    if (!r->p)
        passage_begin(r, HN_REPORT_PARAGRAPH, -1);
    if (r->p)
        report_text_add(r->s, r->p, m, text, r->link);
    r->link = NULL;
}

static void mark(struct reading *r, enum hn_report_mark m, struct hn_str text)
{
    uint64_t share = 0;
    if (hn_report_is_run(m)) {
        run(r, m, text);
        return;
    }
    switch (m) {
    case HN_REPORT_LANG:
    case HN_REPORT_TITLE:
    case HN_REPORT_MADE:
    case HN_REPORT_TIME: /* read before */
        break;
    case HN_REPORT_TABLE:
    case HN_REPORT_FACTS:
        table_begin(r, m, text);
        break;
    case HN_REPORT_ROW:
        row_begin(r, text);
        break;
    case HN_REPORT_CELL:
        cell_begin(r);
        break;
    case HN_REPORT_END:
        table_end(r);
        break;
    case HN_REPORT_LINK:
        r->link = hn_str_plain(text) ? hn_arena_cstr(&r->s->piece, text) : NULL;
        break;
    case HN_REPORT_BAR:
        passage_begin(r, m, hn_str_u64(text, 10, &share) && share <= 100 ? (int)share : 0);
        break;
    default:
        passage_begin(r, m, -1);
        if (m == HN_REPORT_PART)
            r->name = hn_str_plain(text) ? hn_arena_cstr(&r->s->all, text) : NULL;
    }
}

static void about(struct sheets *s, struct hn_bytes rest)
{
    enum hn_report_mark m;
    struct hn_str text;
    s->lang = "en";
    s->title = s->made = "";
    while (hn_report_next(&rest, &m, &text) && strchr("LTMD", (int)m)) {
        if (m == HN_REPORT_LANG && hn_str_eqc(text, "ja"))
            s->lang = "ja";
        else if (m == HN_REPORT_TITLE)
            s->title = hn_arena_cstr(&s->all, text);
        else if (m == HN_REPORT_MADE)
            s->made = hn_arena_cstr(&s->all, text);
        else if (m == HN_REPORT_TIME)
            (void)hn_str_i64(text, &s->time);
    }
}

static void pass(struct sheets *s, struct hn_bytes rest)
{
    struct reading r = {.s = s};
    enum hn_report_mark m;
    struct hn_str text;
    s->sheet = s->heads = 0;
    s->begun = false;
    s->part = NULL;
    front(s);
    while (hn_ok(s->err) && hn_report_next(&rest, &m, &text))
        mark(&r, m, text);
    passage_end(&r);
    if (rest.n)
        report_fail(s, HN_E_INVALID, "these are no marks of a report");
    s->total = s->sheet;
}

/* ---------------------------------------------------------------- the file */

static int write_pdf(void *closure, const unsigned char *p, unsigned n)
{
    struct hn_buf *out = closure;
    hn_buf_add(out, p, n);
    return out->bad ? WRITE_ERROR : 0;
}

static void metadata(struct sheets *s)
{
    char when[HN_TIME_TEXT];
    hn_time_text(s->time * HN_SECOND, when);
    when[19] = 0; /* without parts of a second: "2026-11-29T08:26:00" */
    const char *created = hn_arena_cstr(&s->all, hn_arena_fmt(&s->all, "%sZ", when));
    report_pango.pdf_metadata(s->surface, META_TITLE, s->title);
    report_pango.pdf_metadata(s->surface, META_CREATOR, "hinomi " HN_VERSION);
    if (created)
        report_pango.pdf_metadata(s->surface, META_CREATED, created);
}

/* cairo has no way to say the language, which a reading voice needs: the catalogue is written once more, with it, as
 * an update of the file (ISO 32000-1, 7.5.6). What is not found as cairo writes it stays as it is. */
static void language_put(const struct sheets *s, struct hn_buf *out)
{
    struct hn_str all = hn_buf_text(out), tail = hn_str_cut(all, all.n > 400 ? all.n - 400 : 0, all.n);
    ptrdiff_t t = hn_str_find(tail, HN_STR("trailer\n")), x = hn_str_find(tail, HN_STR("startxref\n"));
    unsigned size = 0, root = 0, info = 0;
    unsigned long xref = 0;
    char text[401], begin[32];
    if (t < 0 || x < t)
        return;
    memcpy(text, tail.p, tail.n); /* there may be a 0 in it */
    text[tail.n] = 0;
    if (sscanf(text + t, "trailer\n<< /Size %u\n /Root %u 0 R\n /Info %u 0 R", &size, &root, &info) != 3 ||
        sscanf(text + x, "startxref\n%lu", &xref) != 1)
        return;
    int n = snprintf(begin, sizeof begin, "\n%u 0 obj\n<<", root);
    ptrdiff_t from = hn_str_find(all, (struct hn_str){begin, (size_t)n});
    struct hn_str object = from < 0 ? HN_STR("") : hn_str_cut(all, (size_t)(from + n), all.n);
    ptrdiff_t end = hn_str_find(object, HN_STR("endobj"));
    if (end < 0)
        return;
    struct hn_arena a;
    hn_arena_init(&a, 1u << 20);
    struct hn_str rest = hn_arena_str(&a, hn_str_cut(object, 0, (size_t)end));
    size_t at = out->n;
    hn_buf_fmt(out, "%u 0 obj\n<< /Lang (%s) /ViewerPreferences << /DisplayDocTitle true >>%.*sendobj\n", root, s->lang,
               HN_FMT(rest));
    size_t table = out->n;
    hn_buf_fmt(out, "xref\n%u 1\n%010zu 00000 n \n", root, at);
    hn_buf_fmt(out, "trailer\n<< /Size %u\n /Root %u 0 R\n /Info %u 0 R\n /Prev %lu\n>>\nstartxref\n%zu\n%%%%EOF\n",
               size, root, info, xref, table);
    hn_arena_done(&a);
}

static void draw(struct sheets *s, struct hn_bytes marks, struct hn_buf *out)
{
    s->surface = report_pango.pdf_create(write_pdf, out, SHEET_WIDTH, SHEET_HEIGHT);
    report_pango.pdf_restrict(s->surface, PDF_1_4);
    s->cr = report_pango.create(s->surface);
    s->context = report_pango.context_new(s->cr);
    report_pango.context_language(s->context, report_pango.language(s->lang));
    report_pango.context_round(s->context, 0);
    metadata(s);
    pass(s, marks);
    s->drawing = true;
    if (hn_ok(s->err))
        pass(s, marks);
    report_pango.unref(s->context);
    int status = report_pango.status(s->cr);
    report_pango.destroy(s->cr);
    report_pango.surface_finish(s->surface);
    status = status ? status : report_pango.surface_status(s->surface);
    if (out->bad)
        report_fail(s, HN_E_LIMIT, "the file is too big");
    else if (status)
        report_fail(s, HN_E_IO, report_pango.status_text(status));
    report_pango.surface_destroy(s->surface);
    if (hn_ok(s->err))
        language_put(s, out);
}

/* Fonts that have both scripts come first, so that one line is of one hand. */
static void fonts(struct sheets *s)
{
    static const char japanese[] = "Noto Sans CJK JP,Noto Sans JP,IPAexGothic,IPAPGothic,TakaoPGothic,VL PGothic,"
                                   "Sans";
    static const char english[] = "Noto Sans,Liberation Sans,DejaVu Sans,Noto Sans CJK JP,IPAPGothic,Sans";
    s->fonts = strcmp(s->lang, "ja") == 0 ? japanese : english;
    s->mono = "DejaVu Sans Mono,Liberation Mono,Noto Sans Mono,Noto Sans Mono CJK JP,Monospace";
}

struct hn_err hn_report_pdf(struct hn_bytes marks, struct hn_buf *out, struct hn_diag *reterr)
{
    struct sheets s = {.why = reterr};
    hn_arena_init(&s.all, MEMORY);
    hn_arena_init(&s.piece, MEMORY);
    hn_buf_init(&s.letters, LETTERS);
    s.known = hn_arena_alloc(&s.all, 0x110000 / 8);
    s.missing = hn_arena_alloc(&s.all, 0x110000 / 8);
    about(&s, marks);
    fonts(&s);
    if (!report_pango.create)
        report_fail(&s, HN_E_NOENT, "pango is not loaded");
    else if (!s.known || !s.missing || !s.title || !s.made)
        report_fail(&s, HN_E_NOMEM, "no memory");
    else
        draw(&s, marks, out);
    hn_buf_done(&s.letters);
    hn_arena_done(&s.piece);
    hn_arena_done(&s.all);
    return s.err;
}
