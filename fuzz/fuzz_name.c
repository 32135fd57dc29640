/* Names, versions and scores out of hostile text: the first byte chooses. What is written is read again as the same;
 * orders are orders; scores stay within 0 and 10. */
#include "base/str.h"
#include "format/cvss/cvss.h"
#include "format/name/cpe.h"
#include "format/name/purl.h"
#include "format/version/vers.h"
#include "fuzz.h"

static void purl(struct hn_arena *a, struct hn_str s)
{
    struct hn_purl p, again;
    if (!hn_purl_parse(a, s, &p, NULL))
        return;
    struct hn_str text = hn_purl_text(&p, a);
    if (a->failed)
        return;
    FUZZ_CHECK(hn_purl_parse(a, text, &again, NULL), "%.*s", HN_FMT(text));
    FUZZ_CHECK(hn_str_eq(hn_purl_text(&again, a), text), "%.*s", HN_FMT(text));
}

static void cpe(struct hn_arena *a, struct hn_str s)
{
    struct hn_cpe c, again;
    struct hn_buf b;
    if (!hn_cpe_parse(a, s, &c, NULL))
        return;
    hn_buf_init(&b, 1u << 20);
    hn_cpe_write(&c, &b);
    struct hn_str text = hn_arena_str(a, hn_buf_text(&b));
    hn_buf_done(&b);
    FUZZ_CHECK(hn_cpe_parse(a, text, &again, NULL), "%.*s", HN_FMT(text));
    for (int i = 0; i < HN_CPE_ATTRIBUTES; i++)
        FUZZ_CHECK(hn_str_eq(c.attribute[i], again.attribute[i]), "%.*s", HN_FMT(text));
    hn_cpe_compare(&c, &again);
}

static void score(struct hn_str s)
{
    struct hn_cvss c;
    if (hn_cvss_parse(s, &c, NULL))
        FUZZ_CHECK(c.score >= 0 && c.score <= 100 && c.base >= 0 && c.base <= 100, "%d %d", c.score, c.base);
}

static void versions(struct hn_bytes b)
{
    size_t half = b.n / 2;
    struct hn_bytes x = {b.p, half}, y = {b.p + half, b.n - half};
    for (unsigned o = 0; o < HN_ORDER_COUNT; o++) {
        int xy = hn_version_cmp(o, x, y), yx = hn_version_cmp(o, y, x);
        FUZZ_CHECK((xy > 0) - (xy < 0) == (yx < 0) - (yx > 0), "%u: %d %d", o, xy, yx);
        FUZZ_CHECK(hn_version_cmp(o, b, b) == 0, "%u", o);
        hn_version_valid(o, b);
    }
}

/* Read once or each time, the answer is the same. */
static void vers(struct hn_arena *a, struct hn_str s)
{
    enum hn_vers_answer holds = hn_vers_holds(a, s, HN_STR("1.2.3-4"));
    struct hn_vers v;
    if (hn_vers_parse(a, s, &v) && hn_vers_has(&v, HN_STR("1.2.3-4"), false) != (holds == HN_VERS_IN))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct hn_arena a;
    struct hn_str s;
    if (!n)
        return 0;
    struct hn_bytes b = hn_bytes_of(data + 1, n - 1);
    if (data[0] == 'v')
        versions(b);
    if (data[0] == 'v' || !hn_str_from_utf8(b, &s))
        return 0;
    hn_arena_init(&a, 4u << 20);
    if (data[0] == 'r')
        vers(&a, s);
    else if (data[0] == 'p')
        purl(&a, s);
    else if (data[0] == 'c')
        cpe(&a, s);
    else
        score(s);
    hn_arena_done(&a);
    return 0;
}
