/* A report for people, apart from how it is shown: headings, paragraphs, lists and tables of text. Who has something to
 * report says it once; report_html.c makes a page of it, report_pdf.c sheets of A4.
 *
 * Kept, and handed from one process to the next, as a row of marks: a letter, the length of its text (32 bits, least
 * byte first), the text in UTF-8.
 *
 *   L "ja"  T title  M "Made …"  D seconds    about the whole, before anything else
 *   1 2 3                                     a heading: part (text: the name that links lead to), section, lesser one
 *   p  i  b "70"                              a paragraph; an item of a list; a paragraph that begins with a bar (%)
 *   t "ftn"  f                                a table, a letter for each column; a table of names and values
 *   r "h"  c  e                               a row (h: of heads), a cell, the end of the table
 *   runs of text, into what was begun last    a plain  s small  k code  G W O B A good, warning, open, bad, absent
 *   l "d1"                                    the next run leads to that part */
#pragma once

#include "base/buf.h"

struct hn_report {
    struct hn_buf marks;
};

enum hn_report_mark {
    HN_REPORT_LANG = 'L',
    HN_REPORT_TITLE = 'T',
    HN_REPORT_MADE = 'M',
    HN_REPORT_TIME = 'D',
    HN_REPORT_PART = '1',
    HN_REPORT_SECTION = '2',
    HN_REPORT_HEAD = '3',
    HN_REPORT_PARAGRAPH = 'p',
    HN_REPORT_ITEM = 'i',
    HN_REPORT_BAR = 'b',
    HN_REPORT_TABLE = 't', /* columns: n number, f as wide as it needs, t text, w the widest */
    HN_REPORT_FACTS = 'f',
    HN_REPORT_ROW = 'r',
    HN_REPORT_CELL = 'c',
    HN_REPORT_END = 'e',
    HN_REPORT_LINK = 'l',
    HN_REPORT_PLAIN = 'a',
    HN_REPORT_SMALL = 's',
    HN_REPORT_CODE = 'k',
    HN_REPORT_GOOD = 'G',
    HN_REPORT_WARN = 'W',
    HN_REPORT_OPEN = 'O',
    HN_REPORT_BAD = 'B',
    HN_REPORT_ABSENT = 'A',
};

#define HN_REPORT_COLUMNS 12u

void hn_report_init(struct hn_report *r, size_t most);
void hn_report_done(struct hn_report *r);
/* Text may be hostile: what hides or reorders other text is made visible, line ends become blanks. */
void hn_report_put(struct hn_report *r, enum hn_report_mark m, struct hn_str text);
void hn_report_putc(struct hn_report *r, enum hn_report_mark m, const char *text);
void hn_report_add(struct hn_report *r, const struct hn_report *more);

/* The next mark; false at the end, or at something that is none (then *rest is not empty). */
bool hn_report_next(struct hn_bytes *rest, enum hn_report_mark *ret, struct hn_str *ret_text);
bool hn_report_is_run(enum hn_report_mark m);

/* Is a report of this name drawn on sheets? */
bool hn_report_is_pdf(struct hn_str name);

/* A page by itself: no script, nothing loaded. */
void hn_report_html(const struct hn_report *r, struct hn_buf *out);

/* Sheets of A4, numbered, with the fonts in them. Pango and cairo are loaded when they are needed: hn_report_pdf_load()
 * before a sandbox is entered (HN_E_NOENT: not installed); drawing reads fonts and what fontconfig keeps of them.
 * HN_E_NOENT: characters of Japanese are to be drawn and no font has them; HN_E_LIMIT: over HN_REPORT_PAGES, or out is
 * full; HN_E_INVALID: these are no marks. A character that no font has is spelled out: <U+1F600>. */
#define HN_REPORT_PAGES   2000u
#define HN_REPORT_PDF_MAX ((size_t)256 << 20)
HN_MUST struct hn_err hn_report_pdf_load(struct hn_diag *reterr);
HN_MUST struct hn_err hn_report_pdf(struct hn_bytes marks, struct hn_buf *out, struct hn_diag *reterr);
