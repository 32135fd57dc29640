#include "base/base64.h"

static int digit(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

size_t hn_base64_decode(struct hn_str s, uint8_t *out, size_t max)
{
    size_t n = 0;
    uint32_t acc = 0;
    unsigned bits = 0;
    while (s.n && (s.p[s.n - 1] == '=' || blank(s.p[s.n - 1])))
        s.n--;
    for (size_t i = 0; i < s.n; i++) {
        int d = digit((uint8_t)s.p[i]);
        if (d < 0 && blank(s.p[i]))
            continue;
        if (d < 0)
            return 0;
        acc = (acc << 6 | (uint32_t)d) & 0xffffff;
        bits += 6;
        if (bits < 8)
            continue;
        bits -= 8;
        if (n == max)
            return 0;
        out[n++] = (uint8_t)(acc >> bits);
    }
    return n;
}

void hn_base64_encode(struct hn_bytes b, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t acc = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < b.n; i++) {
        acc = (acc << 8 | b.p[i]) & 0xffff;
        bits += 8;
        while (bits >= 6) {
            bits -= 6;
            *out++ = digits[acc >> bits & 63];
        }
    }
    if (bits)
        *out++ = digits[acc << (6 - bits) & 63];
    *out = 0;
}
