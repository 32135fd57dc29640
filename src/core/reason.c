/* Reasons arise as short English phrases: strerror(3) of the C library, what a parser found. For a reader of another
 * language they are looked up in the catalogue under "reason." and the phrase in small letters, a dash for whatever is
 * neither letter nor digit: "No such file or directory" is reason.no-such-file-or-directory. */
#include <ctype.h>
#include <stdio.h>

#include "base/str.h"
#include "core/text.h"

#define SLUG_MAX 120u

/* NULL: no text for this phrase. */
static const char *phrase(enum hn_lang lang, struct hn_str s)
{
    char key[sizeof "reason." + SLUG_MAX] = "reason.";
    size_t n = strlen(key), most = n + SLUG_MAX;
    for (size_t i = 0; i < s.n; i++) {
        bool word = isalnum((unsigned char)s.p[i]) != 0;
        if (!word && key[n - 1] == '-')
            continue;
        if (n == most)
            return NULL;
        key[n++] = word ? (char)tolower((unsigned char)s.p[i]) : '-';
    }
    if (key[n - 1] == '-')
        n--;
    key[n] = 0;
    return hn_text_find(lang, key);
}

/* "not a JSON value at byte 12": where, said in the reader's way. False: there is no such ending. */
static bool add_place(struct hn_buf *out, enum hn_lang lang, struct hn_str s)
{
    static const struct {
        const char *sep, *key;
    } places[] = {{" at byte ", "reason.at-byte"}, {" at line ", "reason.at-line"}, {" in line ", "reason.at-line"}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        ptrdiff_t at = hn_str_find(s, hn_str_c(places[i].sep));
        uint64_t n;
        if (at < 0 || !hn_str_u64(hn_str_cut(s, (size_t)at + strlen(places[i].sep), s.n), 10, &n))
            continue;
        struct hn_param p = {"n", hn_str_cut(s, (size_t)at + strlen(places[i].sep), s.n), NULL};
        const char *t = phrase(lang, hn_str_cut(s, 0, (size_t)at));
        if (t)
            hn_buf_c(out, t);
        else
            hn_buf_str(out, hn_str_cut(s, 0, (size_t)at));
        hn_text_add(out, lang, places[i].key, &p);
        return true;
    }
    return false;
}

/* "cannot open the root /mnt", "no module is called "x"": a name after the phrase, which is the longest that has a
 * text. False: it does not look so. */
static bool add_named(struct hn_buf *out, enum hn_lang lang, struct hn_str s)
{
    size_t at = s.n < SLUG_MAX ? s.n : SLUG_MAX;
    const char *t = NULL;
    while (!t && at > 0)
        if (s.p[--at] == ' ')
            t = phrase(lang, hn_str_cut(s, 0, at));
    if (!t)
        return false;
    struct hn_param p = {"what", hn_str_cut(s, at + 1, s.n), NULL};
    hn_buf_c(out, t);
    hn_text_add(out, lang, "reason.named", &p);
    return true;
}

void hn_reason_add(struct hn_buf *out, enum hn_lang lang, struct hn_str why)
{
    const char *whole = lang == HN_EN ? NULL : phrase(lang, why);
    if (lang == HN_EN || whole) {
        hn_buf_str(out, whole ? hn_str_c(whole) : why);
        return;
    }
    for (struct hn_str rest = why; rest.n;) {
        ptrdiff_t colon = hn_str_find(rest, HN_STR(": "));
        struct hn_str part = colon < 0 ? rest : hn_str_cut(rest, 0, (size_t)colon);
        const char *t = phrase(lang, part);
        if (t)
            hn_buf_c(out, t);
        else if (!add_place(out, lang, part) && !add_named(out, lang, part))
            hn_buf_str(out, part);
        if (colon >= 0)
            hn_buf_c(out, ": ");
        rest = colon < 0 ? hn_str_cut(rest, rest.n, rest.n) : hn_str_cut(rest, (size_t)colon + 2, rest.n);
    }
}
