/* Shell-style matching. Without path, going back to the last '*' alone is complete; with path every wildcard stays
 * inside one '/'-separated part, so the same holds part by part, and a matched '/' forgets the star. */
#include "base/str.h"
#include "base/utf8.h"

#define STEPS_MAX 4000000 /* pattern and text may both be hostile; longer searches do not match */

/* The character at s.p[at]. File names are bytes: one that is no UTF-8 is taken as a character of its own, beyond all
 * others, and never more than there is. */
static uint32_t get(struct hn_str s, size_t at, size_t *ret_n)
{
    uint8_t lead = (uint8_t)s.p[at];

    if (lead < 0x80) {
        *ret_n = 1;
        return lead;
    }
    size_t need = lead < 0xC0 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF8 ? 4 : 0;

    if (need && need <= s.n - at && hn_utf8_valid_len(hn_bytes_of(s.p + at, need)) == need)
        return hn_utf8_get(s.p + at, ret_n);
    *ret_n = 1;
    return 0x110000u + lead;
}

/* Matches the set whose '[' is at p.p[at] against c. Gives the offset after ']', or 0 when there is no closing ']' and
 * the '[' stands for itself. */
static size_t set_match(struct hn_str p, size_t at, uint32_t c, bool *ret_hit)
{
    size_t i = at + 1, n;
    bool negate = i < p.n && (p.p[i] == '!' || p.p[i] == '^'), hit = false;

    i += negate;
    for (size_t first = i; i < p.n; i += n) {
        if (p.p[i] == ']' && i > first) {
            *ret_hit = hit != negate;
            return i + 1;
        }
        if (p.p[i] == '\\' && i + 1 < p.n)
            i++;
        uint32_t from = get(p, i, &n), to = from;
        if (i + n + 1 < p.n && p.p[i + n] == '-' && p.p[i + n + 1] != ']') {
            size_t m;
            to = get(p, i + n + 1, &m);
            n += 1 + m;
        }
        hit |= from <= c && c <= to;
    }
    return 0;
}

/* Matches one pattern element (not '*') at p.p[i] against the character c. Gives the offset after it, 0 = no match. */
static size_t one_match(struct hn_str p, size_t i, uint32_t c, bool path)
{
    size_t n, next;
    bool hit;

    if (p.p[i] == '?')
        return path && c == '/' ? 0 : i + 1;
    if (p.p[i] == '[' && (next = set_match(p, i, c, &hit)) != 0)
        return hit && !(path && c == '/') ? next : 0;
    if (p.p[i] == '\\' && i + 1 < p.n)
        i++;
    return get(p, i, &n) == c ? i + n : 0;
}

bool hn_glob_match(struct hn_str pattern, struct hn_str text, bool path)
{
    size_t p = 0, t = 0, n;
    size_t star = SIZE_MAX, star_t = 0; /* after the last '*'; the text it has taken ends here */

    for (unsigned steps = 0; steps < STEPS_MAX; steps++) {
        if (p < pattern.n && pattern.p[p] == '*') {
            star = ++p;
            star_t = t;
            continue;
        }
        if (t == text.n)
            return p == pattern.n;
        uint32_t c = get(text, t, &n);
        size_t next = p < pattern.n ? one_match(pattern, p, c, path) : 0;
        if (next) {
            p = next;
            t += n;
            if (path && c == '/')
                star = SIZE_MAX;
            continue;
        }
        if (star == SIZE_MAX)
            return false;
        c = get(text, star_t, &n); /* the star takes one character more */
        if (path && c == '/')
            return false;
        star_t += n;
        t = star_t;
        p = star;
    }
    return false;
}
