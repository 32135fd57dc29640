#include "format/name/cpe.h"

#include "base/hash.h"
#include "base/str.h"

static bool refuse(const char **ret_why, const char *why)
{
    if (ret_why)
        *ret_why = why;
    return false;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || (unsigned char)c >= 0x80;
}

/* Need no backslash in a formatted string. */
static bool is_bare(char c)
{
    return is_word(c) || c == '.' || c == '-';
}

bool hn_cpe_any(struct hn_str attribute)
{
    return hn_str_eqc(attribute, "*");
}

bool hn_cpe_na(struct hn_str attribute)
{
    return hn_str_eqc(attribute, "-");
}

/* Wildcards stand at the ends only: one "*", or any number of "?". */
static bool wildcards_valid(struct hn_str s)
{
    size_t from = 0, to = s.n;
    while (from < to && (s.p[from] == '?' || (from == 0 && s.p[0] == '*')))
        from++;
    while (to > from && (s.p[to - 1] == '?' || (to == s.n && s.p[to - 1] == '*')) && (to < 2 || s.p[to - 2] != '\\'))
        to--;
    for (size_t i = from; i < to; i++) {
        if (s.p[i] == '\\')
            i++;
        else if (s.p[i] == '*' || s.p[i] == '?')
            return false;
    }
    return true;
}

/* ---------------------------------------------------------------- formatted string */

/* The next component, up to a colon without a backslash. */
static struct hn_str take_component(struct hn_str *rest)
{
    size_t i = 0;
    while (i < rest->n && rest->p[i] != ':')
        i += rest->p[i] == '\\' && i + 1 < rest->n ? 2 : 1;
    struct hn_str r = hn_str_cut(*rest, 0, i);
    *rest = i < rest->n ? hn_str_cut(*rest, i + 1, rest->n) : (struct hn_str){NULL, 0};
    return r;
}

/* Lower case, with exactly the backslashes that are needed. Names in the wild often lack some. */
static struct hn_str settle(struct hn_arena *a, struct hn_str s)
{
    char *out = hn_arena_alloc(a, 2 * s.n + 1);
    size_t n = 0;
    if (!out)
        return HN_STR("*");
    for (size_t i = 0; i < s.n; i++) {
        bool quoted = s.p[i] == '\\' && i + 1 < s.n;
        char c = lower(s.p[quoted ? ++i : i]);
        bool wild = !quoted && (c == '*' || c == '?');
        if (!is_bare(c) && !wild)
            out[n++] = '\\';
        else if (quoted && c == '-' && s.n == 2) /* "\-" is a hyphen, "-" is NA */
            out[n++] = '\\';
        out[n++] = c;
    }
    return (struct hn_str){out, n};
}

static bool parse_formatted(struct hn_arena *a, struct hn_str rest, struct hn_cpe *c, const char **ret_why)
{
    for (int i = 0; i < HN_CPE_ATTRIBUTES; i++) {
        struct hn_str one = rest.p ? take_component(&rest) : HN_STR("*");
        c->attribute[i] = one.n ? settle(a, one) : HN_STR("*");
    }
    return !rest.p || refuse(ret_why, "more than eleven attributes");
}

/* ---------------------------------------------------------------- URI */

/* NISTIR 7695, 6.1.3.2: empty is ANY, "%01" is "?", "%02" is "*". */
static bool unbind(struct hn_arena *a, struct hn_str s, struct hn_str *ret)
{
    if (!s.n || hn_cpe_na(s)) {
        *ret = s.n ? HN_STR("-") : HN_STR("*");
        return true;
    }
    char *out = hn_arena_alloc(a, 2 * s.n + 1);
    size_t n = 0;
    if (!out)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = lower(s.p[i]);
        if (c == '%') {
            int high = i + 2 < s.n ? hn_hex_digit(s.p[i + 1]) : -1, low = high >= 0 ? hn_hex_digit(s.p[i + 2]) : -1;
            if (low < 0)
                return false;
            c = lower((char)(high << 4 | low));
            i += 2;
            if (c == 1 || c == 2) {
                out[n++] = c == 1 ? '?' : '*';
                continue;
            }
        }
        if (c == 0)
            return false;
        if (!is_bare(c) || (c == '-' && s.n == 3 && s.p[0] == '%'))
            out[n++] = '\\';
        out[n++] = c;
    }
    struct hn_str text;
    if (!hn_str_from_utf8(hn_bytes_of(out, n), &text))
        return false;
    *ret = text;
    return true;
}

static bool parse_uri(struct hn_arena *a, struct hn_str rest, struct hn_cpe *c, const char **ret_why)
{
    static const int plain[] = {HN_CPE_PART,   HN_CPE_VENDOR,  HN_CPE_PRODUCT, HN_CPE_VERSION,
                                HN_CPE_UPDATE, HN_CPE_EDITION, HN_CPE_LANGUAGE};
    static const int packed[] = {HN_CPE_EDITION, HN_CPE_SW_EDITION, HN_CPE_TARGET_SW, HN_CPE_TARGET_HW, HN_CPE_OTHER};
    for (int i = 0; i < HN_CPE_ATTRIBUTES; i++)
        c->attribute[i] = HN_STR("*");
    for (size_t i = 0; i < 7 && rest.p; i++) {
        struct hn_str one, part;
        hn_str_split(&rest, ':', &one);
        bool pack = plain[i] == HN_CPE_EDITION && one.n && one.p[0] == '~';
        if (!pack && !unbind(a, one, &c->attribute[plain[i]]))
            return refuse(ret_why, "a percent sign without two hexadecimal digits");
        if (!pack)
            continue;
        one = hn_str_cut(one, 1, one.n);
        for (size_t k = 0; k < 5 && hn_str_split(&one, '~', &part); k++)
            if (!unbind(a, part, &c->attribute[packed[k]]))
                return refuse(ret_why, "a percent sign without two hexadecimal digits");
    }
    return !rest.p || refuse(ret_why, "more than seven components");
}

bool hn_cpe_parse(struct hn_arena *a, struct hn_str text, struct hn_cpe *ret, const char **ret_why)
{
    text = hn_str_trim(text);
    *ret = (struct hn_cpe){0};
    if (text.n > 4096)
        return refuse(ret_why, "too long");
    bool uri = hn_str_starts(text, "cpe:/");
    if (!uri && !hn_str_starts(text, "cpe:2.3:"))
        return refuse(ret_why, "does not begin with \"cpe:2.3:\" or \"cpe:/\"");
    if (text.n == (uri ? 5u : 8u))
        return refuse(ret_why, "no attributes");
    bool ok = uri ? parse_uri(a, hn_str_cut(text, 5, text.n), ret, ret_why)
                  : parse_formatted(a, hn_str_cut(text, 8, text.n), ret, ret_why);
    if (!ok)
        return false;
    for (int i = 0; i < HN_CPE_ATTRIBUTES; i++)
        if (!wildcards_valid(ret->attribute[i]))
            return refuse(ret_why, "a wildcard within a value");
    struct hn_str part = ret->attribute[HN_CPE_PART];
    if (part.n != 1 || !memchr("aoh*-", part.p[0], 5))
        return refuse(ret_why, "the part is none of a, o, h");
    return !a->failed || refuse(ret_why, "out of memory");
}

/* ---------------------------------------------------------------- writing */

void hn_cpe_write(const struct hn_cpe *c, struct hn_buf *out)
{
    hn_buf_c(out, "cpe:2.3");
    for (int i = 0; i < HN_CPE_ATTRIBUTES; i++) {
        hn_buf_chr(out, ':');
        hn_buf_str(out, c->attribute[i].n ? c->attribute[i] : HN_STR("*"));
    }
}

static void bind(struct hn_buf *out, struct hn_str s)
{
    if (!s.n || hn_cpe_any(s))
        return;
    if (hn_cpe_na(s)) {
        hn_buf_chr(out, '-');
        return;
    }
    for (size_t i = 0; i < s.n; i++) {
        bool quoted = s.p[i] == '\\' && i + 1 < s.n;
        char c = s.p[quoted ? ++i : i];
        if (!quoted && (c == '?' || c == '*'))
            hn_buf_c(out, c == '?' ? "%01" : "%02");
        else if (is_word(c) || c == '.' || (c == '-' && s.n > 2))
            hn_buf_chr(out, c);
        else
            hn_buf_fmt(out, "%%%02x", (unsigned)(unsigned char)c);
    }
}

void hn_cpe_write_uri(const struct hn_cpe *c, struct hn_buf *out)
{
    static const int packed[] = {HN_CPE_EDITION, HN_CPE_SW_EDITION, HN_CPE_TARGET_SW, HN_CPE_TARGET_HW, HN_CPE_OTHER};
    bool pack = false;
    size_t from = out->n + 5;
    for (size_t i = 1; i < 5; i++)
        pack = pack || (c->attribute[packed[i]].n && !hn_cpe_any(c->attribute[packed[i]]));
    hn_buf_c(out, "cpe:/");
    for (int i = HN_CPE_PART; i <= HN_CPE_LANGUAGE; i++) {
        if (i)
            hn_buf_chr(out, ':');
        if (i != HN_CPE_EDITION || !pack) {
            bind(out, c->attribute[i]);
            continue;
        }
        for (size_t k = 0; k < 5; k++) {
            hn_buf_chr(out, '~');
            bind(out, c->attribute[packed[k]]);
        }
    }
    while (!out->bad && out->n > from && out->p[out->n - 1] == ':') /* trailing blanks are left out */
        out->n--;
}

struct hn_str hn_cpe_plain(struct hn_arena *a, struct hn_str s)
{
    if (hn_cpe_any(s) || hn_cpe_na(s))
        return (struct hn_str){"", 0};
    if (hn_str_chr(s, '\\') < 0)
        return s;
    char *out = hn_arena_alloc(a, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; out && i < s.n; i++) {
        if (s.p[i] == '\\' && i + 1 < s.n)
            i++;
        out[n++] = s.p[i];
    }
    return (struct hn_str){out ? out : "", n};
}

/* ---------------------------------------------------------------- comparing */

/* Number of unquoted wildcards in front (behind); *ret_star: it is a "*". */
static size_t lead(struct hn_str s, bool *ret_star)
{
    size_t n = 0;
    *ret_star = s.n && s.p[0] == '*';
    if (*ret_star)
        return 1;
    while (n < s.n && s.p[n] == '?')
        n++;
    return n;
}

static size_t trail(struct hn_str s, bool *ret_star)
{
    size_t n = 0, quotes = 0;
    *ret_star = false;
    while (n < s.n && s.p[s.n - n - 1] == '?')
        n++;
    if (n == 0 && s.n && s.p[s.n - 1] == '*') {
        *ret_star = true;
        n = 1;
    }
    while (n + quotes < s.n && s.p[s.n - n - quotes - 1] == '\\')
        quotes++;
    if (n && quotes % 2) { /* the first of them is quoted */
        n--;
        *ret_star = false;
    }
    return n;
}

static size_t characters(struct hn_str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++, n++)
        i += s.p[i] == '\\' && i + 1 < s.n;
    return n;
}

static bool has_wildcard(struct hn_str s)
{
    bool star;
    return lead(s, &star) > 0 || trail(s, &star) > 0;
}

/* The middle of the source stands in the target, with as much around it as the wildcards allow. */
static bool wild_match(struct hn_str source, struct hn_str target)
{
    bool star_a, star_b;
    size_t a = lead(source, &star_a), b = a < source.n ? trail(source, &star_b) : (star_b = star_a, 0);
    struct hn_str middle = hn_str_cut(source, a, source.n - b);
    for (size_t at = 0; at + middle.n <= target.n; at++) {
        if (at && target.p[at - 1] == '\\' && (at < 2 || target.p[at - 2] != '\\'))
            continue; /* between a backslash and its character */
        if (memcmp(target.p + at, middle.p, middle.n) != 0)
            continue;
        size_t before = characters(hn_str_cut(target, 0, at));
        size_t after = characters(hn_str_cut(target, at + middle.n, target.n));
        if ((star_a || before <= a) && (star_b || after <= b))
            return true;
    }
    return false;
}

enum hn_cpe_relation hn_cpe_compare_attribute(struct hn_str source, struct hn_str target)
{
    if (hn_cpe_any(source) && hn_cpe_any(target))
        return HN_CPE_EQUAL;
    if (hn_cpe_any(target))
        return HN_CPE_SUBSET;
    if (!hn_cpe_na(target) && has_wildcard(target))
        return HN_CPE_UNDEFINED;
    if (hn_cpe_any(source))
        return HN_CPE_SUPERSET;
    if (hn_cpe_na(source) || hn_cpe_na(target))
        return hn_cpe_na(source) && hn_cpe_na(target) ? HN_CPE_EQUAL : HN_CPE_DISJOINT;
    if (has_wildcard(source))
        return wild_match(source, target) ? HN_CPE_SUPERSET : HN_CPE_DISJOINT;
    return hn_str_eq(source, target) ? HN_CPE_EQUAL : HN_CPE_DISJOINT;
}

enum hn_cpe_relation hn_cpe_compare(const struct hn_cpe *source, const struct hn_cpe *target)
{
    unsigned seen = 0;
    for (int i = 0; i < HN_CPE_ATTRIBUTES; i++)
        seen |= 1u << hn_cpe_compare_attribute(source->attribute[i], target->attribute[i]);
    if (seen & 1u << HN_CPE_DISJOINT)
        return HN_CPE_DISJOINT;
    if (seen & 1u << HN_CPE_UNDEFINED)
        return HN_CPE_UNDEFINED;
    if (!(seen & 1u << HN_CPE_SUBSET))
        return seen & 1u << HN_CPE_SUPERSET ? HN_CPE_SUPERSET : HN_CPE_EQUAL;
    return seen & 1u << HN_CPE_SUPERSET ? HN_CPE_UNDEFINED : HN_CPE_SUBSET;
}
