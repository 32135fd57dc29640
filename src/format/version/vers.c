#include "format/version/vers.h"

#include <string.h>

#include "base/hash.h"
#include "base/str.h"

#define CONSTRAINTS 100000u

bool hn_vers_is(struct hn_str text)
{
    return hn_str_starts(text, "vers:");
}

enum hn_version_order hn_version_order_of_vers(struct hn_str scheme)
{
    static const struct {
        const char *scheme;
        enum hn_version_order order;
    } own[] = {{"alpine", HN_ORDER_APK},    {"arch", HN_ORDER_ALPM},       {"debian", HN_ORDER_DEB},
               {"semver", HN_ORDER_SEMVER}, {"generic", HN_ORDER_GENERIC}, {"intdot", HN_ORDER_GENERIC}};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (hn_str_eqc(scheme, own[i].scheme))
            return own[i].order;
    return hn_version_order_of_purl(scheme);
}

/* ---------------------------------------------------------------- one constraint */

/* Without blanks, decoded. */
static struct hn_str plain(struct hn_arena *a, struct hn_str s)
{
    char *out = hn_arena_alloc(a, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; out && i < s.n; i++) {
        int high = s.p[i] == '%' && i + 2 < s.n ? hn_hex_digit(s.p[i + 1]) : -1,
            low = high >= 0 ? hn_hex_digit(s.p[i + 2]) : -1;
        if (low >= 0) {
            out[n++] = (char)(high << 4 | low);
            i += 2;
        } else if (!strchr(" \t\r\n", s.p[i])) {
            out[n++] = s.p[i];
        }
    }
    return (struct hn_str){out ? out : "", n};
}

static enum hn_vers_compare comparator(struct hn_str *s)
{
    static const struct {
        const char *word;
        enum hn_vers_compare compare;
    } all[] = {{">=", HN_VERS_MORE_OR_IS}, {"<=", HN_VERS_LESS_OR_IS}, {"!=", HN_VERS_IS_NOT},
               {">", HN_VERS_MORE},        {"<", HN_VERS_LESS},        {"=", HN_VERS_IS}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (hn_str_starts(*s, all[i].word)) {
            *s = hn_str_cut(*s, strlen(all[i].word), s->n);
            return all[i].compare;
        }
    return HN_VERS_IS;
}

bool hn_vers_take(struct hn_arena *a, struct hn_str *rest, enum hn_vers_compare *compare, struct hn_str *version)
{
    struct hn_str one, left = *rest;

    if (!hn_str_split(&left, '|', &one))
        return false;
    one = plain(a, one);
    *compare = comparator(&one);
    *version = one;
    if (one.n)
        *rest = left;
    return one.n > 0;
}

bool hn_vers_is_bare(struct hn_str text)
{
    struct hn_str rest = text, one;

    text = hn_str_trim(text);
    if (!text.n || !strchr("<>=!*", text.p[0]) || (text.p[0] == '*' && text.n > 1))
        return false;
    while (hn_str_split(&rest, '|', &one)) {
        struct hn_str version = hn_str_trim(one);
        (void)comparator(&version);
        version = hn_str_trim(version);
        for (size_t i = 0; i < version.n; i++)
            if (strchr(" \t\r\n<>!", version.p[i]) || !version.p[i])
                return false;
    }
    return true;
}

/* ---------------------------------------------------------------- containment */

/* The bounds next to the version on either side decide, which needs no sorting: it is inside when the one below is a
 * lower bound, or the one above an upper one. */
struct walk {
    enum hn_version_order order;
    struct hn_str version;
    struct hn_str below, above; /* versions of the nearest bounds */
    bool opens, closes;         /* the one below is a lower bound, the one above an upper one */
    bool but, bounds, excluded, listed;
    bool right_above; /* not the version itself, but those next to it */
};

static int cmp(const struct walk *w, struct hn_str a, struct hn_str b)
{
    if (hn_str_eq(a, b))
        return 0;
    return hn_version_cmp(w->order, hn_str_bytes(a), hn_str_bytes(b));
}

static void bound(struct walk *w, enum hn_vers_compare c, struct hn_str v)
{
    int side = w->version.n ? cmp(w, w->version, v) : -1;
    w->bounds = true;
    if (!side && w->right_above)
        side = 1;
    if (!side) /* ">2" begins above 2, "<2" ends below it */
        side = c == HN_VERS_MORE_OR_IS || c == HN_VERS_LESS ? 1 : -1;
    if (side > 0 && (!w->below.n || cmp(w, v, w->below) > 0)) {
        w->below = v;
        w->opens = c >= HN_VERS_MORE;
    }
    if (side < 0 && (!w->above.n || cmp(w, v, w->above) < 0)) {
        w->above = v;
        w->closes = c < HN_VERS_MORE;
    }
}

static void take(struct walk *w, enum hn_vers_compare c, struct hn_str one)
{
    if (c != HN_VERS_IS && c != HN_VERS_IS_NOT) {
        bound(w, c, one);
        return;
    }
    bool same = w->order == HN_ORDER_UNKNOWN ? hn_str_eq(one, w->version) : !cmp(w, one, w->version);
    same = same && !w->right_above;
    w->listed = w->listed || (same && c == HN_VERS_IS);
    w->excluded = w->excluded || (same && c == HN_VERS_IS_NOT);
    w->but = w->but || c == HN_VERS_IS_NOT;
}

static enum hn_vers_answer answer(const struct walk *w)
{
    if (w->listed || w->excluded)
        return w->listed ? HN_VERS_IN : HN_VERS_OUT;
    if (w->order == HN_ORDER_UNKNOWN) /* the same version may be written in another way */
        return HN_VERS_UNKNOWN;
    if (!w->bounds)
        return w->but ? HN_VERS_IN : HN_VERS_OUT; /* all but those that are excluded; else a list without it */
    if (!hn_version_valid(HN_ORDER_GENERIC, hn_str_bytes(w->version)))
        return HN_VERS_UNKNOWN;
    return w->opens || w->closes ? HN_VERS_IN : HN_VERS_OUT;
}

enum hn_vers_answer hn_vers_holds(struct hn_arena *scratch, struct hn_str range, struct hn_str version)
{
    ptrdiff_t slash = hn_str_chr(range, '/');
    struct hn_str rest, one;
    enum hn_vers_compare compare;
    if (!hn_vers_is(range) || slash < 5 || !version.n)
        return HN_VERS_UNKNOWN;
    struct walk w = {.order = hn_version_order_of_vers(hn_str_cut(range, 5, (size_t)slash)), .version = version};
    rest = hn_str_trim(hn_str_cut(range, (size_t)slash + 1, range.n));
    if (hn_str_eqc(rest, "*"))
        return HN_VERS_IN;
    if (!rest.n)
        return HN_VERS_UNKNOWN;
    for (unsigned n = 0; n < CONSTRAINTS && hn_vers_take(scratch, &rest, &compare, &one); n++)
        take(&w, compare, one);
    return rest.p || scratch->failed ? HN_VERS_UNKNOWN : answer(&w);
}

bool hn_vers_parse(struct hn_arena *a, struct hn_str range, struct hn_vers *ret)
{
    ptrdiff_t slash = hn_str_chr(range, '/');
    *ret = (struct hn_vers){.order = HN_ORDER_UNKNOWN};
    if (!hn_vers_is(range) || slash < 5)
        return false;
    struct hn_str rest = hn_str_trim(hn_str_cut(range, (size_t)slash + 1, range.n));
    ret->order = hn_version_order_of_vers(hn_str_cut(range, 5, (size_t)slash));
    ret->all = hn_str_eqc(rest, "*");
    while (!ret->all && ret->n < HN_VERS_MOST &&
           hn_vers_take(a, &rest, &ret->of[ret->n].compare, &ret->of[ret->n].version))
        if (!hn_version_valid(HN_ORDER_GENERIC, hn_str_bytes(ret->of[ret->n++].version)))
            return false;
    return ret->order != HN_ORDER_UNKNOWN && (ret->all || (ret->n && !rest.p)) && !a->failed;
}

bool hn_vers_has(const struct hn_vers *v, struct hn_str version, bool above)
{
    struct walk w = {.order = v->order, .version = version, .right_above = above};
    for (size_t i = 0; i < v->n; i++)
        take(&w, v->of[i].compare, v->of[i].version);
    if (w.listed || w.excluded || v->all)
        return w.listed || v->all;
    return w.bounds ? w.opens || w.closes : w.but;
}
