/* Drawing a report as a PDF (format/report/report.h), in a role of its own: names of components and all else that a
 * document says pass through libraries that shape text, which therefore get fonts to read, one file to write, and
 * nothing else (docs/decisions/0016-pdf.md). */
#pragma once

#include <stddef.h>

#define HN_DRAW_IN    3 /* descriptors of the role: the marks, */
#define HN_DRAW_OUT   4 /* and the file, which is empty */
#define HN_DRAW_MARKS ((size_t)64 << 20)
#define HN_DRAW_TIME  300000 /* ms */

/* How the role ends; texts "report.<word>" say it. */
enum hn_draw_exit { HN_DRAW_OK, HN_DRAW_NO_LIBRARY = 10, HN_DRAW_NO_FONT, HN_DRAW_TOO_LONG, HN_DRAW_FAILED };

int hn_draw_main(int argc, char **argv);
