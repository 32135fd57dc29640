/* Marks of a report: as they are put, cut anywhere, as a page, as sheets. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "format/report/report.h"
#include "hn_test.h"

static void small_report(struct hn_report *r)
{
    hn_report_init(r, 1u << 20);
    hn_report_putc(r, HN_REPORT_LANG, "en");
    hn_report_putc(r, HN_REPORT_TITLE, "Title");
    hn_report_putc(r, HN_REPORT_MADE, "Made");
    hn_report_putc(r, HN_REPORT_TIME, "1795000000");
    hn_report_putc(r, HN_REPORT_PART, "d1");
    hn_report_putc(r, HN_REPORT_PLAIN,
                   "a<b>\n&\xe2\x80\xae"
                   "c");
    hn_report_putc(r, HN_REPORT_BAR, "70");
    hn_report_putc(r, HN_REPORT_SMALL, "70 %");
    hn_report_putc(r, HN_REPORT_TABLE, "tnw");
    for (int row = 0; row < 3; row++) {
        hn_report_putc(r, HN_REPORT_ROW, row ? "" : "h");
        for (int i = 0; i < 3; i++) {
            hn_report_putc(r, HN_REPORT_CELL, "");
            hn_report_putc(r, HN_REPORT_LINK, "d1");
            hn_report_putc(r, HN_REPORT_BAD, "cell");
            hn_report_putc(r, HN_REPORT_ITEM, "");
            hn_report_putc(r, HN_REPORT_CODE, "/components/0");
        }
    }
    hn_report_putc(r, HN_REPORT_END, "");
}

TEST(what_misleads_is_shown)
{
    struct hn_report r;
    struct hn_buf page;
    small_report(&r);
    hn_buf_init(&page, 1u << 20);
    hn_report_html(&r, &page);
    CHECK(!page.bad);
    CHECK(hn_str_find(hn_buf_text(&page), HN_STR("a&lt;b&gt; &amp;\\u202ec</h2>")) > 0);
    CHECK(hn_str_find(hn_buf_text(&page), HN_STR("<a href=\"#d1\"><span class=\"v bad\">cell</span></a>")) > 0);
    CHECK(hn_str_ends(hn_buf_text(&page), "</table>\n</body></html>\n"));
    hn_buf_done(&page);
    hn_report_done(&r);
}

/* A copy of exact size, so that a byte too far is seen. */
TEST(cut_anywhere)
{
    struct hn_report r;
    small_report(&r);
    for (size_t n = 0; n <= r.marks.n; n++) {
        char *copy = hn_alloc(n + !n);
        struct hn_bytes rest = {(const uint8_t *)copy, n};
        enum hn_report_mark m;
        struct hn_str s;
        memcpy(copy, r.marks.p, n);
        while (hn_report_next(&rest, &m, &s))
            CHECK((const uint8_t *)s.p + s.n <= (const uint8_t *)copy + n);
        CHECK(n < r.marks.n || !rest.n);
        hn_free(copy);
    }
    hn_report_done(&r);
}

/* For the sanitizer of leaks, which looks for it here: fontconfig keeps, and pango's threads make, what lives until the
 * process ends. */
__attribute__((visibility("default"))) int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return 1;
}

/* Whatever a worker hands on: an error or a file, never more. */
TEST(sheets_of_marks_in_disorder)
{
    struct hn_diag d = {{0}};
    struct hn_report r;
    struct hn_buf out;
    if (!hn_ok(hn_report_pdf_load(&d)))
        SKIP("pango is not installed");
    small_report(&r);
    hn_buf_init(&out, 64u << 20);
    for (size_t i = 0; i + 1 < r.marks.n; i += 7) {
        char was = r.marks.p[i];
        r.marks.p[i] = "rceti1fab"[i % 9];
        hn_buf_clear(&out);
        struct hn_err e = hn_report_pdf(hn_str_bytes(hn_buf_text(&r.marks)), &out, &d);
        CHECK(!hn_ok(e) || hn_str_starts(hn_buf_text(&out), "%PDF-1.4"));
        r.marks.p[i] = was;
    }
    hn_buf_clear(&out);
    CHECK(hn_ok(hn_report_pdf(hn_str_bytes(hn_buf_text(&r.marks)), &out, &d)));
    CHECK(hn_str_find(hn_buf_text(&out), HN_STR("/Lang (en)")) > 0);
    hn_buf_done(&out);
    hn_buf_init(&out, 4096); /* a file that is too small for it */
    CHECK(hn_report_pdf(hn_str_bytes(hn_buf_text(&r.marks)), &out, &d).code == HN_E_LIMIT);
    hn_buf_done(&out);
    hn_report_done(&r);
}

/* A worker may hand on a link that nothing follows; what comes next must not lead there. */
TEST(link_without_text)
{
    struct hn_diag d = {{0}};
    struct hn_report r;
    struct hn_buf out;
    if (!hn_ok(hn_report_pdf_load(&d)))
        SKIP("pango is not installed");
    hn_report_init(&r, 1u << 20);
    hn_report_putc(&r, HN_REPORT_PARAGRAPH, "");
    hn_report_putc(&r, HN_REPORT_PLAIN, "text");
    hn_report_putc(&r, HN_REPORT_LINK, "d1");
    hn_report_putc(&r, HN_REPORT_TABLE, "t");
    hn_report_putc(&r, HN_REPORT_ROW, "");
    hn_report_putc(&r, HN_REPORT_CELL, "");
    hn_report_putc(&r, HN_REPORT_PLAIN, "cell");
    hn_report_putc(&r, HN_REPORT_END, "");
    hn_buf_init(&out, 64u << 20);
    CHECK(hn_ok(hn_report_pdf(hn_str_bytes(hn_buf_text(&r.marks)), &out, &d)));
    CHECK(hn_str_find(hn_buf_text(&out), HN_STR("/Link")) < 0);
    hn_buf_done(&out);
    hn_report_done(&r);
}

TEST(names_of_sheets)
{
    CHECK(hn_report_is_pdf(HN_STR("a.pdf")));
    CHECK(hn_report_is_pdf(HN_STR("a.Pdf")));
    CHECK(!hn_report_is_pdf(HN_STR("pdf")));
    CHECK(!hn_report_is_pdf(HN_STR("a.pdf.html")));
}
