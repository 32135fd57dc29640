/* Tables on sheets: widths of columns, rows that go on overleaf, heads that come again there. */
#include <stdio.h>

#include "format/report/sheet.h"

#define SIZE       8.5
#define PAD_X      4.0
#define PAD_Y      2.6
#define INDENT     7.0 /* of the items of a list */
#define FIT_MOST   110.0
#define FLEX_LEAST 62.0
#define FEW        3u /* lines: fewer are not left alone at the end of a sheet */
#define LINES      (SIZE * LINE_HEIGHT)

struct line {
    void *layout;
    int index;
    double indent;
    const char *link;
};
struct column {
    double x, width, natural;
    bool number, fits;
};
struct plan { /* of one row */
    struct line *lines[HN_REPORT_COLUMNS];
    size_t n[HN_REPORT_COLUMNS], most;
    bool head;
};

/* ---------------------------------------------------------------- widths */

static double passage_width(struct sheets *s, const struct passage *p, bool bold)
{
    int width = 0, height = 0;
    void *layout = report_text_layout(s, p, SIZE, bold, 0);
    report_pango.layout_size(layout, &width, &height);
    report_pango.unref(layout);
    return (double)width / PANGO_SCALE + (p->kind == HN_REPORT_ITEM ? INDENT : 0) + 1;
}

static bool is_head(const struct table *t, const struct row *r, size_t column)
{
    return (t->heads && r == t->first) || (t->facts && column == 0);
}

static void measure(struct sheets *s, const struct table *t, struct column *c)
{
    for (const struct row *r = t->first; r; r = r->next) {
        size_t i = 0;
        for (const struct cell *k = r->first; k && i < t->columns; k = k->next, i++)
            for (const struct passage *p = k->first; p; p = p->next) {
                double w = passage_width(s, p, is_head(t, r, i)) + 2 * PAD_X;
                c[i].natural = w > c[i].natural ? w : c[i].natural;
            }
    }
}

/* What numbers and short words need, they get; the others share what is left by what they would like to have. */
static void share(const struct table *t, struct column *c)
{
    double left = SHEET_ROOM, wish = 0, x = SHEET_LEFT;
    size_t last = 0, flexible = 0;
    for (size_t i = 0; i < t->columns; i++) {
        char kind = t->kinds[i];
        c[i].number = kind == 'n';
        c[i].fits = kind == 'n' || kind == 'f' || c[i].natural <= FLEX_LEAST;
        c[i].width = c[i].natural < FIT_MOST ? c[i].natural : FIT_MOST;
        if (c[i].fits) {
            left -= c[i].width;
            continue;
        }
        double most = kind != 'w' ? 170 : t->facts ? SHEET_ROOM : 300;
        c[i].width = c[i].natural < most ? c[i].natural : most;
        wish += c[i].width;
        flexible++;
        last = i;
    }
    for (size_t i = 0; i < t->columns; i++)
        if (!c[i].fits) {
            double part = wish > left ? left * c[i].width / wish : c[i].width;
            c[i].width = part > FLEX_LEAST || flexible == 1 ? part : FLEX_LEAST;
        }
    double sum = 0;
    for (size_t i = 0; i < t->columns; i++)
        sum += c[i].width;
    if (!t->facts && flexible && sum < SHEET_ROOM)
        c[last].width += SHEET_ROOM - sum;
    double scale = sum > SHEET_ROOM ? SHEET_ROOM / sum : 1;
    for (size_t i = 0; i < t->columns; i++) {
        c[i].width *= scale;
        c[i].x = x;
        x += c[i].width;
    }
}

/* ---------------------------------------------------------------- one row */

static size_t cell_lines(struct sheets *s, const struct cell *k, double width, bool bold, struct line **ret)
{
    struct line *list = NULL;
    size_t n = 0;
    for (const struct passage *p = k->first; p; p = p->next) {
        double indent = p->kind == HN_REPORT_ITEM ? INDENT : 0;
        void *layout = report_text_layout(s, p, SIZE, bold, width - 2 * PAD_X - indent);
        int more = report_pango.layout_lines(layout);
        struct line *grown = hn_arena_alloc(&s->piece, (n + (size_t)more + 1) * sizeof *grown);
        if (!grown) {
            report_pango.unref(layout);
            report_fail(s, HN_E_NOMEM, "no memory for a report of this size");
            break;
        }
        for (size_t i = 0; i < n; i++)
            grown[i] = list[i];
        list = grown;
        for (int i = 0; i < more; i++)
            list[n++] = (struct line){layout, i, indent, p->first ? p->first->link : NULL};
    }
    *ret = list;
    return n;
}

static void plan_row(struct sheets *s, const struct table *t, const struct row *r, const struct column *c,
                     struct plan *ret)
{
    size_t i = 0;
    *ret = (struct plan){.head = t->heads && r == t->first};
    for (const struct cell *k = r->first; k && i < t->columns; k = k->next, i++) {
        ret->n[i] = cell_lines(s, k, c[i].width, is_head(t, r, i), &ret->lines[i]);
        ret->most = ret->n[i] > ret->most ? ret->n[i] : ret->most;
    }
}

static void plan_done(const struct plan *p)
{
    for (size_t i = 0; i < HN_REPORT_COLUMNS; i++)
        for (size_t k = 0; k < p->n[i]; k++)
            if (p->lines[i][k].index == 0)
                report_pango.unref(p->lines[i][k].layout);
}

static void link_begin(struct sheets *s, const struct line *l)
{
    char attributes[128];
    if (!s->drawing || !l->link)
        return;
    snprintf(attributes, sizeof attributes, "dest='%s'", l->link);
    report_pango.tag_begin(s->cr, "Link", attributes);
}

/* Lines from to from + n of the row, at s->y. */
static void draw_lines(struct sheets *s, const struct table *t, const struct plan *p, const struct column *c,
                       size_t from, size_t n)
{
    double height = (double)n * LINES + 2 * PAD_Y, right = c[t->columns - 1].x + c[t->columns - 1].width;
    if (p->head)
        report_box(s, 0xeef1f4, SHEET_LEFT, s->y, right - SHEET_LEFT, height);
    else if (t->facts)
        report_box(s, 0xf6f8fa, SHEET_LEFT, s->y, c[0].width, height);
    for (size_t i = 0; i < t->columns; i++)
        for (size_t k = from; k < from + n && k < p->n[i]; k++) {
            const struct line *l = &p->lines[i][k];
            double y = s->y + PAD_Y + (double)(k - from) * LINES, x = c[i].x + PAD_X + l->indent;
            if (l->indent > 0 && l->index == 0)
                report_box(s, 0x57606a, c[i].x + PAD_X + 1, y + LINES / 2 - 0.6, 2, 2);
            link_begin(s, l);
            report_text_line(s, l->layout, l->index, x, y, SIZE, c[i].width - 2 * PAD_X, c[i].number);
            if (s->drawing && l->link)
                report_pango.tag_end(s->cr, "Link");
        }
    s->y += height;
    report_box(s, p->head ? 0x8c959f : 0xd0d7de, SHEET_LEFT, s->y, right - SHEET_LEFT, 0.6);
}

static size_t lines_left(const struct sheets *s)
{
    double room = SHEET_BOTTOM - s->y - 2 * PAD_Y;
    return room > LINES ? (size_t)(room / LINES) : 0;
}

static void next_sheet(struct sheets *s, const struct table *t, const struct plan *head, const struct column *c)
{
    report_sheet_next(s);
    if (head->most)
        draw_lines(s, t, head, c, 0, head->most);
}

static void draw_row(struct sheets *s, const struct table *t, const struct plan *p, const struct plan *head,
                     const struct column *c)
{
    bool fresh = false;
    for (size_t from = 0; from < p->most && hn_ok(s->err);) {
        size_t left = lines_left(s), n = p->most - from;
        bool split = p->most * LINES > (SHEET_BOTTOM - SHEET_TOP) / 2 && left > FEW;
        if (n > left && !split && !fresh) {
            next_sheet(s, t, head, c);
            fresh = true;
            continue;
        }
        n = n > left ? (left ? left : 1) : n;
        draw_lines(s, t, p, c, from, n);
        from += n;
        fresh = false;
        if (from < p->most) {
            next_sheet(s, t, head, c);
            fresh = true;
        }
    }
}

void report_table_draw(struct sheets *s, const struct table *t)
{
    struct column c[HN_REPORT_COLUMNS] = {{0}};
    struct plan head = {.most = 0}, p;
    const struct row *r = t->first;
    if (!r || !t->columns)
        return;
    measure(s, t, c);
    share(t, c);
    if (t->heads) {
        plan_row(s, t, r, c, &head);
        head.most = head.most < 8 ? head.most : 8;
        r = r->next;
        if (lines_left(s) < head.most + FEW + 1)
            report_sheet_next(s);
        draw_lines(s, t, &head, c, 0, head.most);
    }
    for (; r && hn_ok(s->err); r = r->next) {
        plan_row(s, t, r, c, &p);
        draw_row(s, t, &p, &head, c);
        plan_done(&p);
    }
    plan_done(&head);
    s->y += 10;
}
