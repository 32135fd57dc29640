/* The words that JVN iPedia has for versions. What is understood names slices of the text, means the same when it is
 * said again in the usual words, and holds its own bounds as it says. */
#include "base/arena.h"
#include "format/advisory/jvn_versions.h"
#include "fuzz.h"

static bool within(struct hn_str part, struct hn_str all)
{
    return !part.n || (part.p >= all.p && part.p + part.n <= all.p + all.n);
}

static struct hn_str said(struct hn_arena *a, const struct hn_jvn_range *r)
{
    if (r->exact)
        return r->from;
    if (!r->from.n && !r->to.n)
        return HN_STR("すべてのバージョン");
    if (!r->from.n)
        return hn_arena_fmt(a, "%.*s %s", HN_FMT(r->to), r->to_too ? "およびそれ以前" : "より前");
    if (!r->to.n)
        return hn_arena_fmt(a, "%.*s 以降", HN_FMT(r->from));
    return hn_arena_fmt(a, "%.*s から %.*s%s", HN_FMT(r->from), HN_FMT(r->to), r->to_too ? "" : " 未満");
}

static void check_same(struct hn_arena *a, const struct hn_jvn_range *r)
{
    struct hn_jvn_range again;
    struct hn_str text = said(a, r);
    FUZZ_CHECK(hn_jvn_range_parse(text, &again), "%.*s", HN_FMT(text));
    FUZZ_CHECK(again.exact == r->exact && hn_str_eq(again.from, r->from) && hn_str_eq(again.to, r->to) &&
                   again.from_too == r->from_too && again.to_too == r->to_too,
               "%.*s", HN_FMT(text));
}

static void check_bounds(const struct hn_jvn_range *r, struct hn_str words)
{
    FUZZ_CHECK(within(r->from, words) && within(r->to, words), "bounds outside of the text");
    FUZZ_CHECK(!r->exact || (r->from.n && !r->to.n), "a version alone is none");
    FUZZ_CHECK((r->from.n || !r->from_too) && (r->to.n || !r->to_too), "a bound that is not there is inside");
    if (r->from.n && !r->to.n)
        FUZZ_CHECK(hn_jvn_holds(r, r->from) == HN_JVN_IN, "%.*s", HN_FMT(r->from));
    if (r->to.n && !r->from.n)
        FUZZ_CHECK(hn_jvn_holds(r, r->to) == (r->to_too ? HN_JVN_IN : HN_JVN_OUT), "%.*s", HN_FMT(r->to));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hn_jvn_range r;
    struct hn_arena a;
    struct hn_str words;
    if (!hn_str_from_utf8(hn_bytes_of(data, size), &words))
        return 0;
    struct hn_bytes copy = fuzz_copy(data, size);
    words = (struct hn_str){(const char *)copy.p, size};
    hn_arena_init(&a, 1u << 20);
    if (hn_jvn_range_parse(words, &r)) {
        check_bounds(&r, words);
        check_same(&a, &r);
        (void)hn_jvn_holds(&r, HN_STR("1.2.3"));
        (void)hn_jvn_holds(&r, words);
    }
    hn_arena_done(&a);
    fuzz_free(copy);
    return 0;
}
