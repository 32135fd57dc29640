/* Shared by the files that draw a report on sheets (report_pdf.c, report_table.c, report_text.c). Lengths are points,
 * 1/72 inch; y grows downwards. */
#pragma once

#include "base/arena.h"
#include "format/report/pango.h"
#include "format/report/report.h"

#define SHEET_WIDTH  595.28 /* A4 */
#define SHEET_HEIGHT 841.89
#define SHEET_LEFT   42.5
#define SHEET_TOP    62.0
#define SHEET_BOTTOM (SHEET_HEIGHT - 56.0)
#define SHEET_ROOM   (SHEET_WIDTH - 2 * SHEET_LEFT)
#define LINE_HEIGHT  1.5 /* of the size of the letters: the same for every script, so that rows stay level */

struct run {
    struct run *next;
    enum hn_report_mark style;
    size_t from, to;
    const char *link; /* NULL: leads nowhere */
};

struct passage { /* a paragraph, an item, a heading */
    struct passage *next;
    enum hn_report_mark kind;
    struct hn_str text;
    struct run *first, *last;
    int bar; /* per cent; -1: none */
};

struct sheets {
    void *surface, *cr, *context;
    struct hn_arena all, piece; /* of the whole report; of the table or passage in hand */
    struct hn_buf letters;      /* of the passage that is being said */
    uint8_t *known, *missing;   /* a bit for each character that was asked for */
    const char *fonts, *mono;
    const char *lang, *title, *made, *part;
    int64_t time;
    bool drawing, begun; /* first all is measured, to know how many sheets there are; a sheet has been begun */
    unsigned sheet, total, heads;
    double y;
    struct hn_err err;
    struct hn_diag *why;
};

/* ---- report_text.c ---- */
/* Adds to the passage; a character that no font has is spelled out, one of Japanese ends the report. */
void report_text_add(struct sheets *s, struct passage *p, enum hn_report_mark style, struct hn_str text,
                     const char *link);
/* The passage as lines; give it back with report_pango.unref(). width <= 0: as long as it is. */
void *report_text_layout(struct sheets *s, const struct passage *p, double size, bool bold, double width);
/* One line whose upper edge is y. right: against the right edge of width. */
void report_text_line(struct sheets *s, void *layout, int line, double x, double y, double size, double width,
                      bool right);
/* A single line of our own (heads and feet), shortened to width. */
void report_text_short(struct sheets *s, const char *text, double x, double y, double size, double width, bool right);
void report_box(struct sheets *s, unsigned rgb, double x, double y, double width, double height);

/* ---- report_pdf.c ---- */
void report_fail(struct sheets *s, enum hn_err_code code, const char *why);
void report_sheet_next(struct sheets *s);

/* ---- report_table.c ---- */
struct cell {
    struct cell *next;
    struct passage *first, *last;
};
struct row {
    struct row *next;
    struct cell *first, *last;
};
struct table {
    bool facts, heads;
    char kinds[HN_REPORT_COLUMNS + 1];
    size_t columns;
    struct row *first, *last;
};
void report_table_draw(struct sheets *s, const struct table *t);
