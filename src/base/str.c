#include "base/str.h"

#include "base/arena.h"
#include "base/utf8.h"

size_t hn_utf8_valid_len(struct hn_bytes b)
{
    size_t i = 0;

    while (i < b.n) {
        uint64_t word;
        while (b.n - i >= sizeof word) { /* eight ASCII bytes at a time */
            memcpy(&word, b.p + i, sizeof word);
            if (word & UINT64_C(0x8080808080808080))
                break;
            i += sizeof word;
        }
        if (i == b.n)
            break;
        size_t n = hn_utf8_seq(b.p + i, b.n - i);
        if (n == 0)
            break;
        i += n;
    }
    return i;
}

bool hn_str_from_utf8(struct hn_bytes b, struct hn_str *ret)
{
    if (b.n && (memchr(b.p, 0, b.n) || hn_utf8_valid_len(b) != b.n))
        return false;
    *ret = (struct hn_str){(const char *)b.p, b.n};
    return true;
}

/* The next piece of b at i, as it will be shown: in out (up to 4 bytes), its length given; *used input bytes. */
static size_t hostile_piece(struct hn_bytes b, size_t i, char out[4], size_t *used)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t n = hn_utf8_seq(b.p + i, b.n - i);

    if (n && b.p[i]) {
        memcpy(out, b.p + i, n);
        *used = n;
        return n;
    }
    out[0] = '\\';
    out[1] = 'x';
    out[2] = digits[b.p[i] >> 4];
    out[3] = digits[b.p[i] & 15];
    *used = 1;
    return 4;
}

struct hn_str hn_str_from_hostile(struct hn_arena *a, struct hn_bytes b, size_t max)
{
    static const char ellipsis[] = "\xE2\x80\xA6";
    struct hn_str same;
    char piece[4];
    size_t used, full = 0, keep = 0; /* length of all; of what fits before the ellipsis */
    size_t room = max >= 3 ? max - 3 : max;

    if (b.n == 0)
        return HN_STR("");
    if (b.n <= max && hn_str_from_utf8(b, &same))
        return same;
    for (size_t i = 0; i < b.n && full <= max; i += used) {
        full += hostile_piece(b, i, piece, &used);
        if (full <= room)
            keep = full;
    }
    bool cut = full > max;
    if (!cut)
        keep = full;
    char *out = hn_arena_alloc(a, keep + sizeof ellipsis);
    if (!out)
        return HN_STR("");
    size_t n = 0;
    for (size_t i = 0; n < keep; i += used) {
        size_t len = hostile_piece(b, i, piece, &used);
        memcpy(out + n, piece, len);
        n += len;
    }
    if (cut && max >= 3) {
        memcpy(out + n, ellipsis, 3);
        n += 3;
    }
    return (struct hn_str){out, n};
}

bool hn_str_eq(struct hn_str a, struct hn_str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool hn_bytes_eqc(struct hn_bytes a, const char *b)
{
    return hn_str_eq((struct hn_str){(const char *)a.p, a.n}, hn_str_c(b));
}

int hn_str_cmp(struct hn_str a, struct hn_str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int d = n ? memcmp(a.p, b.p, n) : 0;

    return d ? d : (a.n > b.n) - (a.n < b.n);
}

bool hn_str_starts(struct hn_str s, const char *prefix)
{
    size_t n = strlen(prefix);
    return s.n >= n && (n == 0 || memcmp(s.p, prefix, n) == 0);
}

bool hn_str_ends(struct hn_str s, const char *suffix)
{
    size_t n = strlen(suffix);
    return s.n >= n && (n == 0 || memcmp(s.p + (s.n - n), suffix, n) == 0);
}

ptrdiff_t hn_str_find(struct hn_str s, struct hn_str needle)
{
    if (needle.n == 0)
        return 0;
    const char *p = s.n ? memmem(s.p, s.n, needle.p, needle.n) : NULL;
    return p ? p - s.p : -1;
}

ptrdiff_t hn_str_chr(struct hn_str s, char c)
{
    const char *p = s.n ? memchr(s.p, c, s.n) : NULL;
    return p ? p - s.p : -1;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct hn_str hn_str_trim(struct hn_str s)
{
    while (s.n && is_space(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n && is_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

struct hn_str hn_str_cut(struct hn_str s, size_t from, size_t to)
{
    if (to > s.n)
        to = s.n;
    if (from > to)
        from = to;
    return (struct hn_str){s.p ? s.p + from : NULL, to - from};
}

struct hn_str hn_str_base(struct hn_str path)
{
    size_t at = path.n;

    while (at && path.p[at - 1] != '/')
        at--;
    return hn_str_cut(path, at, path.n);
}

bool hn_str_split(struct hn_str *rest, char sep, struct hn_str *ret)
{
    if (!rest->p)
        return false;
    ptrdiff_t at = hn_str_chr(*rest, sep);
    if (at < 0) {
        *ret = *rest;
        *rest = (struct hn_str){NULL, 0};
    } else {
        *ret = (struct hn_str){rest->p, (size_t)at};
        *rest = (struct hn_str){rest->p + at + 1, rest->n - (size_t)at - 1};
    }
    return true;
}

bool hn_str_word(struct hn_str *rest, struct hn_str *ret)
{
    struct hn_str s = *rest;
    size_t from = 0;

    while (from < s.n && (s.p[from] == ' ' || s.p[from] == '\t'))
        from++;
    size_t to = from;
    while (to < s.n && s.p[to] != ' ' && s.p[to] != '\t')
        to++;
    *rest = hn_str_cut(s, to, s.n);
    if (to == from)
        return false;
    *ret = hn_str_cut(s, from, to);
    return true;
}

bool hn_str_is_word_of(struct hn_str s, struct hn_str words)
{
    struct hn_str word;

    while (hn_str_word(&words, &word))
        if (hn_str_eq(word, s))
            return true;
    return false;
}

bool hn_str_plain(struct hn_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
              c == '_'))
            return false;
    }
    return s.n > 0;
}

static unsigned digit(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a') + 10;
    if (c >= 'A' && c <= 'F')
        return (unsigned)(c - 'A') + 10;
    return 99;
}

bool hn_str_u64(struct hn_str s, unsigned base, uint64_t *ret)
{
    uint64_t v = 0;

    for (size_t i = 0; s.p && i < s.n; i++) {
        unsigned d = digit(s.p[i]);
        if (d >= base || __builtin_mul_overflow(v, (uint64_t)base, &v) || __builtin_add_overflow(v, (uint64_t)d, &v))
            return false;
    }
    if (s.n)
        *ret = v;
    return s.n > 0;
}

bool hn_str_i64(struct hn_str s, int64_t *ret)
{
    bool minus = s.n && s.p[0] == '-';
    uint64_t v;

    if (!hn_str_u64(hn_str_cut(s, minus, s.n), 10, &v) || v > (uint64_t)INT64_MAX + minus)
        return false;
    *ret = minus ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}

bool hn_bytes_line(struct hn_bytes *rest, struct hn_bytes *ret)
{
    if (rest->n == 0)
        return false;
    const uint8_t *end = memchr(rest->p, '\n', rest->n);
    size_t n = end ? (size_t)(end - rest->p) : rest->n;
    size_t used = end ? n + 1 : n;

    *ret = (struct hn_bytes){rest->p, end && n && rest->p[n - 1] == '\r' ? n - 1 : n};
    *rest = (struct hn_bytes){rest->p + used, rest->n - used};
    return true;
}

#define DISTANCE_MAX ((size_t)64)

unsigned hn_str_distance(struct hn_str a, struct hn_str b, unsigned cap)
{
    unsigned row[DISTANCE_MAX + 1]; /* distances from a's first i bytes to b's first j */

    if (a.n > DISTANCE_MAX || b.n > DISTANCE_MAX)
        return hn_str_eq(a, b) ? 0 : cap;
    for (size_t j = 0; j <= b.n; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= a.n; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b.n; j++) {
            unsigned best = diagonal + (a.p[i - 1] != b.p[j - 1]);
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[b.n] < cap ? row[b.n] : cap;
}

const char *hn_str_nearest(struct hn_str s, const char *const *names, size_t n)
{
    const char *found = NULL;
    unsigned best = (unsigned)(s.n < 3 * DISTANCE_MAX ? s.n / 3 : 0) + 2; /* a third of the letters may be wrong */

    for (size_t i = 0; i < n; i++) {
        struct hn_str name = hn_str_c(names[i]);
        unsigned d = hn_str_distance(s, name, best);
        if (d < best && d < name.n) { /* not when every letter differs */
            best = d;
            found = names[i];
        }
    }
    return found;
}
