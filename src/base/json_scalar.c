/* What the raw text of a token means: strings with escapes, numbers. */
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/str.h"
#include "base/utf8.h"

#define REPLACEMENT 0xFFFD

static uint32_t hex4(const char *p)
{
    uint32_t v = 0;

    for (int i = 0; i < 4; i++) {
        uint32_t c = (uint8_t)p[i];
        v = v << 4 | (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return v;
}

/* The \u escape at raw.p[i], and the second one of a surrogate pair. Gives the offset after it. */
static size_t unicode_escape(struct hn_str raw, size_t i, uint32_t *ret)
{
    uint32_t c = hex4(raw.p + i + 2);

    i += 6;
    *ret = c ? c : REPLACEMENT;
    if (c < 0xD800 || c > 0xDFFF)
        return i;
    *ret = REPLACEMENT;
    if (c < 0xDC00 && raw.n - i >= 6 && raw.p[i] == '\\' && raw.p[i + 1] == 'u') {
        uint32_t low = hex4(raw.p + i + 2);
        if (low >= 0xDC00 && low <= 0xDFFF) {
            *ret = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
            return i + 6;
        }
    }
    return i;
}

static char simple_escape(char c)
{
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return c; /* quote, backslash, slash */
    }
}

struct hn_str hn_jr_text(const struct hn_jr *r, struct hn_arena *a)
{
    struct hn_str raw = r->raw;

    if (!r->escaped)
        return raw;
    char *out = hn_arena_alloc(a, raw.n + 1); /* no escape is shorter than what it stands for */
    if (!out)
        return HN_STR("");
    size_t n = 0;
    for (size_t i = 0; i < raw.n;) {
        const char *slash = memchr(raw.p + i, '\\', raw.n - i);
        size_t plain = slash ? (size_t)(slash - raw.p) - i : raw.n - i;
        memcpy(out + n, raw.p + i, plain);
        n += plain;
        i += plain;
        if (!slash)
            break;
        if (raw.p[i + 1] == 'u') {
            uint32_t c;
            i = unicode_escape(raw, i, &c);
            n += hn_utf8_put(c, out + n);
        } else {
            out[n++] = simple_escape(raw.p[i + 1]);
            i += 2;
        }
    }
    return (struct hn_str){out, n};
}

bool hn_jr_int(const struct hn_jr *r, int64_t *ret)
{
    return hn_str_i64(r->raw, ret);
}

/* strtod needs a NUL and reads every digit. A number too long for the buffer is rewritten as 0.DDD…eX with its first
 * 800 significant digits, which decide the nearest double (at most 768 do; a dropped non-zero digit leaves a 1). */
static double long_number(struct hn_str s)
{
    enum { DIGITS = 800 };
    char text[DIGITS + 40];
    size_t n = 0, i = 0, kept = 0;
    int64_t exp = 0, given = 0;
    bool point = false, dropped = false;

    if (s.p[0] == '-')
        text[n++] = s.p[i++];
    text[n++] = '0';
    text[n++] = '.';
    for (; i < s.n && s.p[i] != 'e' && s.p[i] != 'E'; i++) {
        if (s.p[i] == '.') {
            point = true;
            continue;
        }
        bool leading = kept == 0 && s.p[i] == '0';
        exp += leading ? -(int64_t)point : !point;
        if (leading)
            continue;
        if (kept < DIGITS) {
            text[n++] = s.p[i];
            kept++;
        } else {
            dropped |= s.p[i] != '0';
        }
    }
    if (dropped)
        text[n++] = '1';
    if (i < s.n) {
        bool minus = s.p[i + 1] == '-';
        for (i += 1 + (s.p[i + 1] == '-' || s.p[i + 1] == '+'); i < s.n; i++)
            if (given < INT64_C(1000000000000000))
                given = given * 10 + (s.p[i] - '0');
        given = minus ? -given : given;
    }
    exp += given;
    if (exp > 99999)
        exp = 99999;
    if (exp < -99999)
        exp = -99999;
    if (kept == 0)
        text[n++] = '0';
    snprintf(text + n, sizeof text - n, "e%d", (int)exp);
    return strtod(text, NULL);
}

double hn_jr_num(const struct hn_jr *r)
{
    char text[64];
    int64_t i;

    if (r->raw.n <= 15 && hn_str_i64(r->raw, &i) && i != 0) /* exact; zero may have a sign */
        return (double)i;
    if (r->raw.n >= sizeof text)
        return long_number(r->raw);
    memcpy(text, r->raw.p, r->raw.n);
    text[r->raw.n] = '\0';
    return strtod(text, NULL);
}
