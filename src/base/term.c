#include "base/term.h"

#include <wchar.h>

/* Decodes one character of valid UTF-8; gives its length. */
static size_t decode(const char *p, uint32_t *ret)
{
    const uint8_t *b = (const uint8_t *)p;
    if (b[0] < 0x80) {
        *ret = b[0];
        return 1;
    }
    if (b[0] < 0xe0) {
        *ret = (b[0] & 0x1fu) << 6 | (b[1] & 0x3fu);
        return 2;
    }
    if (b[0] < 0xf0) {
        *ret = (b[0] & 0x0fu) << 12 | (b[1] & 0x3fu) << 6 | (b[2] & 0x3fu);
        return 3;
    }
    *ret = (b[0] & 0x07u) << 18 | (b[1] & 0x3fu) << 12 | (b[2] & 0x3fu) << 6 | (b[3] & 0x3fu);
    return 4;
}

/* Control characters, and those that reorder or hide what follows. */
static bool is_unsafe(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xe0000 && c <= 0xe007f);
}

static size_t cells_of(uint32_t c)
{
    if (is_unsafe(c))
        return c < 0x80 ? 4 : c < 0x10000 ? 6 : 8; /* \x1b, \u202e, \U000e0001 shortened */
    int w = wcwidth((wchar_t)c);
    return w < 0 ? 1 : (size_t)w;
}

static void put_char(struct hn_buf *out, const char *p, size_t n, uint32_t c)
{
    if (!is_unsafe(c))
        hn_buf_add(out, p, n);
    else if (c < 0x80)
        hn_buf_fmt(out, "\\x%02x", c);
    else
        hn_buf_fmt(out, "\\u%04x", c);
}

void hn_term_put(struct hn_buf *out, struct hn_str s)
{
    uint32_t c;
    for (size_t i = 0, n; i < s.n; i += n) {
        n = decode(s.p + i, &c);
        put_char(out, s.p + i, n, c);
    }
}

size_t hn_term_width(struct hn_str s)
{
    size_t w = 0;
    uint32_t c;
    for (size_t i = 0; i < s.n;) {
        i += decode(s.p + i, &c);
        w += cells_of(c);
    }
    return w;
}

void hn_term_cut(struct hn_buf *out, struct hn_str s, size_t cells)
{
    if (hn_term_width(s) <= cells) {
        hn_term_put(out, s);
        return;
    }
    size_t used = 1;
    uint32_t c;
    for (size_t i = 0, n; i < s.n; i += n) {
        n = decode(s.p + i, &c);
        if (used + cells_of(c) > cells)
            break;
        used += cells_of(c);
        put_char(out, s.p + i, n, c);
    }
    if (cells)
        hn_buf_c(out, "…");
}
