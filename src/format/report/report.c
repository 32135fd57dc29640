#include "format/report/report.h"

#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "base/term.h"
#include "base/utf8.h"

#define HEAD 5u /* bytes before the text */

void hn_report_init(struct hn_report *r, size_t most)
{
    hn_buf_init(&r->marks, most);
}

void hn_report_done(struct hn_report *r)
{
    hn_buf_done(&r->marks);
}

/* What a terminal must not see misleads on a page as well. */
static void put_text(struct hn_buf *out, struct hn_str s)
{
    size_t from = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '\n' && s.p[i] != '\t' && s.p[i] != '\r')
            continue;
        hn_term_put(out, hn_str_cut(s, from, i));
        hn_buf_chr(out, ' ');
        from = i + 1;
    }
    hn_term_put(out, hn_str_cut(s, from, s.n));
}

void hn_report_put(struct hn_report *r, enum hn_report_mark m, struct hn_str text)
{
    struct hn_buf *out = &r->marks;
    size_t at = out->n;
    if (hn_report_is_run(m) && !text.n)
        return;
    hn_buf_chr(out, (char)m);
    hn_buf_add(out, "\0\0\0\0", 4);
    put_text(out, text);
    if (out->bad)
        return;
    size_t n = out->n - at - HEAD;
    for (size_t i = 0; i < 4; i++)
        out->p[at + 1 + i] = (char)(n >> 8 * i & 0xff);
}

void hn_report_putc(struct hn_report *r, enum hn_report_mark m, const char *text)
{
    hn_report_put(r, m, hn_str_c(text));
}

void hn_report_add(struct hn_report *r, const struct hn_report *more)
{
    hn_buf_str(&r->marks, hn_buf_text(&more->marks));
    r->marks.bad = r->marks.bad || more->marks.bad;
}

bool hn_report_next(struct hn_bytes *rest, enum hn_report_mark *ret, struct hn_str *ret_text)
{
    if (rest->n < HEAD || !strchr("LTMD123pibtfrcelaskGWOBA", rest->p[0]) || !rest->p[0])
        return false;
    size_t n = (size_t)rest->p[1] | (size_t)rest->p[2] << 8 | (size_t)rest->p[3] << 16 | (size_t)rest->p[4] << 24;
    if (n > rest->n - HEAD || !hn_str_from_utf8(hn_bytes_of(rest->p + HEAD, n), ret_text))
        return false;
    *ret = (enum hn_report_mark)rest->p[0];
    *rest = hn_bytes_of(rest->p + HEAD + n, rest->n - HEAD - n);
    return true;
}

bool hn_report_is_run(enum hn_report_mark m)
{
    return m && strchr("askGWOBA", (int)m);
}

bool hn_report_is_pdf(struct hn_str name)
{
    return name.n >= 4 && strncasecmp(name.p + name.n - 4, ".pdf", 4) == 0;
}
