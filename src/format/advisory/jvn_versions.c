#include "format/advisory/jvn_versions.h"

#include <string.h>

#include "format/version/version.h"

#define WORDS_MAX 64u /* bytes between two versions, without blanks */

/* ---------------------------------------------------------------- taking apart */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool in_version(char c)
{
    return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c && strchr("._+-", c));
}

/* Words that mean nothing beside a version. */
static size_t filler(struct hn_str s)
{
    static const char *const words[] = {"バージョン", "ファームウェア", "versions", "version", "Versions", "Version",
                                        "ver.",       "Ver.",           "ver",      "Ver",     "の",       "v",
                                        "V"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (hn_str_starts(s, words[i]))
            return strlen(words[i]);
    return 0;
}

/* What stands before the next version, without blanks, small letters, filler left out. */
struct words {
    char p[WORDS_MAX];
    size_t n;
};

static bool take_words(struct hn_str *s, struct words *ret)
{
    ret->n = 0;
    while (s->n && !is_digit(s->p[0])) {
        size_t skip = s->p[0] == ' ' || s->p[0] == '\t' || s->p[0] == '\n' || s->p[0] == '\r' ? 1 : filler(*s);
        if (!skip && hn_str_starts(*s, "　")) /* the wide blank */
            skip = strlen("　");
        if (!skip) {
            if (ret->n >= WORDS_MAX)
                return false;
            char c = s->p[0];
            ret->p[ret->n++] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
            skip = 1;
        }
        *s = hn_str_cut(*s, skip, s->n);
    }
    return true;
}

static struct hn_str take_version(struct hn_str *s)
{
    size_t n = 0;

    while (n < s->n && in_version(s->p[n]))
        n++;
    while (n && strchr(".+-_", s->p[n - 1])) /* a full stop behind it */
        n--;
    struct hn_str v = hn_str_cut(*s, 0, n);
    *s = hn_str_cut(*s, n, s->n);
    return v;
}

static bool is(const struct words *w, const char *const *list)
{
    for (; *list; list++)
        if (w->n == strlen(*list) && !memcmp(w->p, *list, w->n))
            return true;
    return false;
}

/* ---------------------------------------------------------------- meaning */

static const char *const
    nothing[] = {"", NULL},
    *const all[] = {"すべて", "全て", "全", "all", "すべて影響", NULL},
    *const before[] = {"より前", "よりも前", "未満", "より以前", NULL},
    *const before_en[] = {"priorto", "before", "earlierthan", "<", NULL},
    *const upto[] = {"およびそれ以前", "及びそれ以前", "およびこれ以前", "以前",     "以下", "まで",
                     "andearlier",     "orearlier",    "andprior",       "andbelow", NULL},
    *const upto_en[] = {"<=", "upto", "through", NULL}, *const since[] = {"以降",         "以上",     "およびそれ以降",
                                                                          "及びそれ以降", "から",     "andlater",
                                                                          "orlater",      "andabove", NULL},
    *const since_en[] = {">=", "from", "since", NULL}, *const between[] = {"から", "以上",    "以降", "〜", "～",
                                                                           "-",    "through", "to",   NULL};

static bool one_version(const struct words *first, const struct words *last, struct hn_str v, struct hn_jvn_range *ret)
{
    bool alone = is(first, nothing), ends = is(last, nothing);

    if (alone && ends)
        *ret = (struct hn_jvn_range){.exact = true, .from = v};
    else if ((alone && is(last, before)) || (ends && is(first, before_en)))
        *ret = (struct hn_jvn_range){.to = v};
    else if ((alone && is(last, upto)) || (ends && is(first, upto_en)))
        *ret = (struct hn_jvn_range){.to = v, .to_too = true};
    else if ((alone && is(last, since)) || (ends && is(first, since_en)))
        *ret = (struct hn_jvn_range){.from = v, .from_too = true};
    else
        return false;
    return true;
}

bool hn_jvn_range_parse(struct hn_str words, struct hn_jvn_range *ret)
{
    struct words first, middle, last;
    struct hn_str rest = hn_str_trim(words), v, w;

    *ret = (struct hn_jvn_range){.exact = false};
    if (!take_words(&rest, &first))
        return false;
    if (!rest.n)
        return is(&first, all);
    v = take_version(&rest);
    if (!take_words(&rest, &middle) || !v.n)
        return false;
    if (!rest.n)
        return one_version(&first, &middle, v, ret);
    w = take_version(&rest);
    if (!take_words(&rest, &last) || rest.n || !w.n || !is(&middle, between) ||
        (!is(&first, nothing) && !is(&first, since_en)))
        return false;
    *ret = (struct hn_jvn_range){.from = v, .to = w, .from_too = true, .to_too = !is(&last, before)};
    return is(&last, nothing) || is(&last, before) || is(&last, upto);
}

enum hn_jvn_answer hn_jvn_holds(const struct hn_jvn_range *r, struct hn_str version)
{
    struct hn_bytes v = hn_str_bytes(version);
    bool all_of_it = !r->from.n && !r->to.n;

    if (all_of_it)
        return HN_JVN_IN;
    if (!hn_version_valid(HN_ORDER_GENERIC, v))
        return HN_JVN_UNKNOWN;
    int low = r->from.n ? hn_version_cmp(HN_ORDER_GENERIC, v, hn_str_bytes(r->from)) : 1;
    if (r->exact)
        return low ? HN_JVN_OUT : HN_JVN_IN;
    int high = r->to.n ? hn_version_cmp(HN_ORDER_GENERIC, v, hn_str_bytes(r->to)) : -1;
    return low + r->from_too > 0 && high - r->to_too < 0 ? HN_JVN_IN : HN_JVN_OUT;
}
