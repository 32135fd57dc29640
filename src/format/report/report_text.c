/* Text on sheets: which characters there are, lines, runs in their styles. */
#include <string.h>

#include "base/str.h"
#include "base/utf8.h"
#include "format/report/sheet.h"

#define CHARACTERS  0x110000u
#define WEIGHT_BOLD 600
#define WHOLE       24 /* bytes of code that stay on one line, "/components/1234"; narrower than any column of it */
#define WRAP_ANY    2  /* PANGO_WRAP_WORD_CHAR: between words, within one that is too long */
#define MIDDLE      2  /* PANGO_ELLIPSIZE_MIDDLE */

/* ---------------------------------------------------------------- is there a font for it? */

static bool is_japanese(uint32_t c)
{
    return (c >= 0x3040 && c <= 0x30ff) || (c >= 0x4e00 && c <= 0x9fff) || (c >= 0xff01 && c <= 0xff60) ||
           c == 0x3001 || c == 0x3002;
}

static bool in_fonts(struct sheets *s, const char *p, size_t n)
{
    void *layout = report_pango.layout_new(s->context);
    void *font = report_pango.description(s->fonts);
    report_pango.layout_font(layout, font);
    report_pango.layout_text(layout, p, (int)n);
    bool there = report_pango.layout_unknown(layout) == 0;
    report_pango.description_free(font);
    report_pango.unref(layout);
    return there;
}

static bool is_there(struct sheets *s, uint32_t c, const char *p, size_t n)
{
    uint8_t bit = (uint8_t)(1u << (c & 7));
    if (c < 0x80 || s->known[c >> 3] & bit)
        return true;
    if (s->missing[c >> 3] & bit)
        return false;
    bool there = in_fonts(s, p, n);
    (there ? s->known : s->missing)[c >> 3] |= bit;
    return there;
}

/* Japanese without its font would be a report of code points; a rare character of it is spelled out like others. */
static void spell(struct sheets *s, uint32_t c)
{
    static const char common[] = "\xe3\x81\x82"; /* あ */
    if (is_japanese(c) && !in_fonts(s, common, 3))
        report_fail(s, HN_E_NOENT, "no font has the characters of Japanese");
    hn_buf_fmt(&s->letters, "<U+%04X>", c);
}

void report_text_add(struct sheets *s, struct passage *p, enum hn_report_mark style, struct hn_str text,
                     const char *link)
{
    struct run *r = HN_NEW(&s->piece, struct run);
    size_t from = s->letters.n;
    for (size_t i = 0, n; i < text.n; i += n) {
        uint32_t c = hn_utf8_get(text.p + i, &n);
        if (is_there(s, c, text.p + i, n))
            hn_buf_add(&s->letters, text.p + i, n);
        else
            spell(s, c);
    }
    if (!r || s->letters.bad) {
        report_fail(s, HN_E_NOMEM, "no memory for a report of this size");
        return;
    }
    *r = (struct run){NULL, style, from, s->letters.n, link};
    *(p->last ? &p->last->next : &p->first) = r;
    p->last = r;
}

/* ---------------------------------------------------------------- layouts */

static void attribute(void *list, struct pango_attribute *a, const struct run *r)
{
    a->start = (unsigned)r->from;
    a->end = (unsigned)r->to;
    report_pango.attributes_add(list, a);
}

static void colour(void *list, unsigned rgb, const struct run *r)
{
    attribute(list,
              report_pango.attribute_colour((unsigned short)((rgb >> 16 & 0xff) * 257),
                                            (unsigned short)((rgb >> 8 & 0xff) * 257),
                                            (unsigned short)((rgb & 0xff) * 257)),
              r);
}

static void styled(const struct sheets *s, void *list, const struct run *r, double size)
{
    const struct {
        enum hn_report_mark style;
        unsigned rgb;
        double size;
        bool bold, mono;
    } how[] = {{HN_REPORT_SMALL, 0x57606a, 0.9, false, false}, {HN_REPORT_CODE, 0x57606a, 0.86, false, true},
               {HN_REPORT_GOOD, 0x1a7f37, 1, true, false},     {HN_REPORT_WARN, 0x9a6700, 1, true, false},
               {HN_REPORT_OPEN, 0x0550ae, 1, true, false},     {HN_REPORT_BAD, 0xb42318, 1, true, false},
               {HN_REPORT_ABSENT, 0x57606a, 1, true, false}};
    if (r->link)
        colour(list, 0x0550ae, r);
    for (size_t i = 0; i < sizeof how / sizeof *how; i++) {
        if (how[i].style != r->style)
            continue;
        colour(list, how[i].rgb, r);
        if (how[i].size < 1)
            attribute(list, report_pango.attribute_size((int)(size * how[i].size * PANGO_SCALE)), r);
        if (how[i].bold)
            attribute(list, report_pango.attribute_weight(WEIGHT_BOLD), r);
        if (how[i].mono)
            attribute(list, report_pango.attribute_family(s->mono), r);
        if (how[i].mono && r->to - r->from <= WHOLE)
            attribute(list, report_pango.attribute_breaks(0), r);
    }
}

static void *plain_layout(struct sheets *s, const char *text, size_t n, double size, double width)
{
    void *layout = report_pango.layout_new(s->context);
    void *font = report_pango.description(s->fonts);
    report_pango.description_size(font, size * PANGO_SCALE);
    report_pango.layout_font(layout, font);
    report_pango.description_free(font);
    report_pango.layout_text(layout, text, (int)n);
    report_pango.layout_wrap(layout, WRAP_ANY);
    report_pango.layout_width(layout, width > 0 ? (int)(width * PANGO_SCALE) : -1);
    return layout;
}

void *report_text_layout(struct sheets *s, const struct passage *p, double size, bool bold, double width)
{
    void *layout = plain_layout(s, p->text.p, p->text.n, size, width);
    void *list = report_pango.attributes_new();
    const struct run whole = {NULL, HN_REPORT_PLAIN, 0, p->text.n, NULL};
    if (bold)
        attribute(list, report_pango.attribute_weight(WEIGHT_BOLD), &whole);
    for (const struct run *r = p->first; r; r = r->next)
        styled(s, list, r, size);
    report_pango.layout_attributes(layout, list);
    report_pango.attributes_free(list);
    if (report_pango.layout_unknown(layout))
        report_fail(s, HN_E_NOENT, "no font has some of the characters");
    return layout;
}

/* ---------------------------------------------------------------- drawing */

static void set_colour(struct sheets *s, unsigned rgb)
{
    report_pango.source(s->cr, (rgb >> 16 & 0xff) / 255.0, (rgb >> 8 & 0xff) / 255.0, (rgb & 0xff) / 255.0);
}

void report_box(struct sheets *s, unsigned rgb, double x, double y, double width, double height)
{
    if (!s->drawing)
        return;
    set_colour(s, rgb);
    report_pango.rectangle(s->cr, x, y, width, height);
    report_pango.fill(s->cr);
}

void report_text_line(struct sheets *s, void *layout, int line, double x, double y, double size, double width,
                      bool right)
{
    void *l = s->drawing ? report_pango.layout_line(layout, line) : NULL;
    struct pango_rectangle r;
    if (!l)
        return;
    if (right) {
        report_pango.line_extents(l, NULL, &r);
        x += width - (double)r.width / PANGO_SCALE;
    }
    set_colour(s, 0x1b1f24);
    report_pango.move_to(s->cr, x, y + size * 1.1); /* the line that letters stand on */
    report_pango.show_line(s->cr, l);
}

void report_text_short(struct sheets *s, const char *text, double x, double y, double size, double width, bool right)
{
    struct passage p = {.kind = HN_REPORT_PARAGRAPH, .bar = -1};
    if (!s->drawing)
        return;
    hn_buf_clear(&s->letters);
    report_text_add(s, &p, HN_REPORT_SMALL, hn_str_c(text), NULL);
    p.text = hn_arena_str(&s->piece, hn_buf_text(&s->letters));
    hn_buf_clear(&s->letters);
    void *layout = report_text_layout(s, &p, size, false, width);
    report_pango.layout_ellipsize(layout, MIDDLE);
    report_text_line(s, layout, 0, x, y, size, width, right);
    report_pango.unref(layout);
}
