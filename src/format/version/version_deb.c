#include "format/version/version.h"

struct deb_parts {
    uint64_t epoch;
    struct hn_bytes upstream, revision;
};

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_alpha(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Epoch up to the first colon (only when digits stand before it), revision from the last hyphen. */
static struct deb_parts split(struct hn_bytes v)
{
    struct deb_parts r = {.upstream = v};
    const uint8_t *colon = v.n ? memchr(v.p, ':', v.n) : NULL;
    if (colon) {
        uint64_t epoch = 0;
        const uint8_t *q = v.p;
        for (; q < colon && is_digit(*q); q++)
            epoch = epoch > UINT32_MAX ? epoch : epoch * 10 + (uint64_t)(*q - '0');
        if (q == colon) {
            r.epoch = epoch;
            r.upstream = hn_bytes_of(colon + 1, v.n - (size_t)(colon + 1 - v.p));
        }
    }
    for (size_t i = r.upstream.n; i > 0; i--) {
        if (r.upstream.p[i - 1] == '-') {
            r.revision = hn_bytes_of(r.upstream.p + i, r.upstream.n - i);
            r.upstream.n = i - 1;
            break;
        }
    }
    return r;
}

/* "~" before the end, the end and digits before letters, letters before everything else. */
static int weight(struct hn_bytes b, size_t i)
{
    if (i >= b.n || is_digit(b.p[i]))
        return 0;
    if (is_alpha(b.p[i]))
        return b.p[i];
    return b.p[i] == '~' ? -1 : b.p[i] + 256;
}

/* Alternates between a part without digits, compared by weight, and a number, compared by value (of any length). */
static int compare_part(struct hn_bytes a, struct hn_bytes b)
{
    size_t i = 0, j = 0;
    while (i < a.n || j < b.n) {
        while ((i < a.n && !is_digit(a.p[i])) || (j < b.n && !is_digit(b.p[j]))) {
            int wa = weight(a, i), wb = weight(b, j);
            if (wa != wb)
                return wa < wb ? -1 : 1;
            i += i < a.n;
            j += j < b.n;
        }
        while (i < a.n && a.p[i] == '0')
            i++;
        while (j < b.n && b.p[j] == '0')
            j++;
        int first = 0;
        while (i < a.n && is_digit(a.p[i]) && j < b.n && is_digit(b.p[j])) {
            if (!first)
                first = (a.p[i] > b.p[j]) - (a.p[i] < b.p[j]);
            i++;
            j++;
        }
        if (i < a.n && is_digit(a.p[i]))
            return 1;
        if (j < b.n && is_digit(b.p[j]))
            return -1;
        if (first)
            return first;
    }
    return 0;
}

int hn_version_deb_cmp(struct hn_bytes a, struct hn_bytes b)
{
    struct deb_parts x = split(a), y = split(b);
    if (x.epoch != y.epoch)
        return x.epoch < y.epoch ? -1 : 1;
    int r = compare_part(x.upstream, y.upstream);
    return r ? r : compare_part(x.revision, y.revision);
}

bool hn_version_deb_valid(struct hn_bytes v)
{
    bool digit = false;
    if (!v.n)
        return false;
    for (size_t i = 0; i < v.n; i++) {
        uint8_t c = v.p[i];
        digit = digit || is_digit(c);
        if (!is_digit(c) && !is_alpha(c) && !memchr(".+-~:", c, 5))
            return false;
    }
    return digit;
}
