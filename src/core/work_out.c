/* What a worker says. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/str.h"
#include "base/term.h"
#include "core/export.h"
#include "core/work_in.h"

#define FLUSH_AT  (256u << 10)
#define PARAMS    12u
#define LINE_MOST (16u << 20) /* of a table as CSV */

static void put(struct hn_work *w, const void *p, size_t n)
{
    if (n && !w->out_errno && !hn_ok(hn_write_all(STDOUT_FILENO, p, n)))
        w->out_errno = errno;
}

void work_flush(struct hn_work *w)
{
    if (w->out.bad)
        w->out_errno = ENOMEM;
    put(w, w->out.p, w->out.n);
    hn_buf_clear(&w->out);
}

int work_out_end(struct hn_work *w, int code)
{
    work_flush(w);
    if (!w->out_errno || code >= 2)
        return code;
    if (w->out_errno == EPIPE) /* who reads no further knows */
        return 3;
    return hn_work_fail(w, "error.output", "why", strerror(w->out_errno), NULL);
}

void hn_work_flush(struct hn_work *w)
{
    work_flush(w);
}

void hn_work_write(struct hn_work *w, struct hn_bytes b)
{
    if (b.n >= FLUSH_AT) {
        work_flush(w);
        put(w, b.p, b.n);
        return;
    }
    hn_buf_add(&w->out, b.p, b.n);
    if (w->out.n >= FLUSH_AT)
        work_flush(w);
}

void hn_work_print(struct hn_work *w, const char *fmt, ...)
{
    char text[4096];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n > 0)
        hn_work_write(w, hn_bytes_of(text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1));
}

void hn_work_text(struct hn_work *w, struct hn_str hostile)
{
    hn_term_put(&w->out, hostile);
    if (w->out.n >= FLUSH_AT)
        work_flush(w);
}

/* ---------------------------------------------------------------- texts of the catalogue */

static void add_text(struct hn_work *w, struct hn_buf *out, const char *key, va_list ap)
{
    struct hn_param params[PARAMS];
    struct hn_buf raw;
    size_t n = 0;
    for (const char *name; n < PARAMS && (name = va_arg(ap, const char *)); n++) {
        const char *value = va_arg(ap, const char *);
        struct hn_str v = hn_str_from_hostile(&w->arena, hn_str_bytes(hn_str_c(value ? value : "")), 8192);
        params[n] = (struct hn_param){name, v, NULL};
        if (n)
            params[n - 1].next = &params[n];
    }
    hn_buf_init(&raw, 1u << 20);
    hn_text_add(&raw, w->lang, key, n ? params : NULL);
    hn_term_put(out, hn_buf_text(&raw));
    hn_buf_done(&raw);
}

void hn_work_say(struct hn_work *w, const char *key, ...)
{
    va_list ap;
    va_start(ap, key);
    add_text(w, &w->out, key, ap);
    va_end(ap);
    hn_buf_chr(&w->out, '\n');
}

static void complain(struct hn_work *w, const char *key, va_list ap)
{
    struct hn_buf b;
    hn_buf_init(&b, 1u << 20);
    hn_buf_c(&b, w->shown ? "\r\033[Khinomi: " : "hinomi: ");
    add_text(w, &b, key, ap);
    hn_buf_chr(&b, '\n');
    w->shown = 0;
    (void)!write(STDERR_FILENO, b.p, b.n);
    hn_buf_done(&b);
}

int hn_work_fail(struct hn_work *w, const char *key, ...)
{
    va_list ap;
    va_start(ap, key);
    complain(w, key, ap);
    va_end(ap);
    return 3;
}

int hn_work_usage(struct hn_work *w, const char *key, ...)
{
    va_list ap;
    va_start(ap, key);
    complain(w, key, ap);
    va_end(ap);
    return 2;
}

void hn_work_warn(struct hn_work *w, const char *key, ...)
{
    va_list ap;
    va_start(ap, key);
    complain(w, key, ap);
    va_end(ap);
}

/* ---------------------------------------------------------------- progress */

/* Shown by the front, which has the terminal's line; asked for at most five times a second. */
void hn_work_progress(struct hn_work *w, uint64_t done, uint64_t total, const char *what)
{
    hn_time now = hn_monotonic();
    if (!w->show_progress || now - w->began < HN_SECOND || now - w->shown < HN_SECOND / 5)
        return;
    struct work_head h = {.size = done, .time = (int64_t)total, .n = (uint32_t)strnlen(what, 200)};
    w->shown = now;
    hn_work_send(WORK_FD, 'P', &h, what, -1);
}

/* ---------------------------------------------------------------- tables */

#define COLUMNS_MAX 24u

static bool is_number(const struct hn_str *cells, size_t c)
{
    return cells[c].n && cells[c].p[0] == '>';
}

static struct hn_str cell(const struct hn_str *cells, size_t columns, size_t r, size_t c)
{
    struct hn_str s = cells[r * columns + c];
    return r == 0 && is_number(cells, c) ? hn_str_cut(s, 1, s.n) : s;
}

/* The widest column gives what the terminal lacks. */
static void fit(size_t *width, size_t columns, size_t have)
{
    size_t total = 2 * (columns - 1), widest = 0;
    for (size_t c = 0; c < columns; c++) {
        total += width[c];
        if (width[c] > width[widest])
            widest = c;
    }
    if (have && total > have)
        width[widest] = width[widest] > total - have + 12 ? width[widest] - (total - have) : 12;
}

static void put_cell(struct hn_buf *out, struct hn_str s, size_t width, bool right, bool last)
{
    size_t w = hn_term_width(s);
    for (size_t i = w; right && i < width; i++)
        hn_buf_chr(out, ' ');
    hn_term_cut(out, s, width);
    for (size_t i = w; !right && !last && i < width; i++)
        hn_buf_chr(out, ' ');
    hn_buf_c(out, last ? "\n" : "  ");
}

static void csv_table(struct hn_work *w, const struct hn_str *cells, size_t rows, size_t columns)
{
    struct hn_buf line;
    hn_buf_init(&line, LINE_MOST);
    for (size_t r = 0; r < rows; r++) {
        hn_buf_clear(&line);
        for (size_t c = 0; c < columns; c++) {
            hn_buf_c(&line, c ? "," : "");
            hn_csv_cell(&line, cell(cells, columns, r, c));
        }
        hn_work_text(w, hn_buf_text(&line)); /* what a terminal must not see is not for a spreadsheet either */
        hn_work_print(w, "\n");
    }
    hn_buf_done(&line);
}

struct hn_str hn_work_head(struct hn_work *w, const char *key)
{
    const char *last = strrchr(key, '.');
    return hn_str_c(w->form == HN_FORM_CSV && last ? last + 1 : hn_text_find((enum hn_lang)w->lang, key));
}

void hn_work_table(struct hn_work *w, const struct hn_str *cells, size_t rows, size_t columns)
{
    size_t width[COLUMNS_MAX] = {0};
    if (!columns || columns > COLUMNS_MAX)
        return;
    if (w->form == HN_FORM_CSV) {
        csv_table(w, cells, rows, columns);
        return;
    }
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++) {
            size_t n = hn_term_width(cell(cells, columns, r, c));
            width[c] = n > width[c] ? n : width[c];
        }
    fit(width, columns, w->columns);
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = 0; c < columns; c++)
            put_cell(&w->out, cell(cells, columns, r, c), width[c], is_number(cells, c), c + 1 == columns);
        if (w->out.n >= FLUSH_AT)
            work_flush(w);
    }
}
