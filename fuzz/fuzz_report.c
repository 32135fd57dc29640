/* Marks of a report, as a worker that was taken over might hand them on: as a page and, where pango is, as sheets. */
#include "base/buf.h"
#include "format/report/report.h"
#include "fuzz.h"

/* For the sanitizer of leaks, which looks for it here: fontconfig keeps, and pango's threads make, what lives until the
 * process ends. */
__attribute__((visibility("default"))) int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return 1;
}

static bool pango(void)
{
    static int there = -1;
    if (there < 0)
        there = hn_ok(hn_report_pdf_load(NULL));
    return there > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct hn_report r;
    struct hn_buf out;
    struct hn_diag d;
    hn_report_init(&r, 1u << 20);
    hn_buf_init(&out, 16u << 20);
    hn_buf_add(&r.marks, data, n);
    hn_report_html(&r, &out);
    hn_buf_clear(&out);
    if (pango())
        (void)!hn_ok(hn_report_pdf(hn_bytes_of(data, n), &out, &d));
    hn_buf_done(&out);
    hn_report_done(&r);
    return 0;
}
