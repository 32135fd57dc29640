/* Text functions: the first byte chooses. What was read and printed reads back equal; globs agree with a plain
 * recursive matcher; hostile text becomes valid text within its maximum. */
#include "base/arena.h"
#include "base/ip.h"
#include "base/str.h"
#include "base/time.h"
#include "fuzz.h"

static void times(struct hn_str s)
{
    char text[HN_TIME_TEXT];
    hn_time t, again;

    if (hn_time_parse(s, &t)) {
        FUZZ_CHECK(hn_time_parse(hn_str_c(hn_time_text(t, text)), &again) && again == t, "%s", text);
    }
    if (hn_time_parse_rfc2822(s, &t))
        FUZZ_CHECK(hn_time_parse(hn_str_c(hn_time_text(t, text)), &again) && again == t, "%s", text);
}

static void addresses(struct hn_str s)
{
    char text[HN_IP_TEXT];
    struct hn_ip ip, again;
    unsigned bits;

    if (hn_ip_parse(s, &ip)) {
        FUZZ_CHECK(hn_ip_parse(hn_str_c(hn_ip_text(&ip, text)), &again) && hn_ip_eq(&ip, &again), "%s", text);
        hn_reach_name(hn_ip_reach(&ip));
    }
    if (hn_ip_parse_prefix(s, &ip, &bits))
        FUZZ_CHECK(hn_ip_in(&ip, &ip, bits) && bits <= 128, "%s/%u", hn_ip_text(&ip, text), bits);
}

/* Only for patterns of bytes without sets and escapes. */
static bool plain_glob(const char *p, size_t np, const char *t, size_t nt, bool path, unsigned *steps)
{
    if (++*steps > 200000)
        return false;
    if (np == 0)
        return nt == 0;
    if (*p == '*')
        return plain_glob(p + 1, np - 1, t, nt, path, steps) ||
               (nt && !(path && *t == '/') && plain_glob(p, np, t + 1, nt - 1, path, steps));
    if (nt == 0 || (*p == '?' ? path && *t == '/' : *p != *t))
        return false;
    return plain_glob(p + 1, np - 1, t + 1, nt - 1, path, steps);
}

static void globs(struct hn_str s)
{
    struct hn_str rest = s, pattern;
    bool plain = true;

    hn_str_split(&rest, '\n', &pattern);
    for (size_t i = 0; i < s.n; i++)
        plain &= (unsigned char)s.p[i] < 0x80 && s.p[i] != '[' && s.p[i] != '\\';
    for (int path = 0; path < 2; path++) {
        unsigned steps = 0;
        bool got = hn_glob_match(pattern, rest, path), want = false;
        if (plain)
            want = plain_glob(pattern.p, pattern.n, rest.p, rest.n, path, &steps);
        if (plain && steps <= 200000)
            FUZZ_CHECK(got == want, "'%.*s' on '%.*s', path %d", HN_FMT(pattern), HN_FMT(rest), path);
    }
}

static void hostile(struct hn_bytes b)
{
    struct hn_arena a;
    struct hn_str s;

    hn_arena_init(&a, 1 << 20);
    for (size_t max = 0; max < 40; max += 3) {
        struct hn_str shown = hn_str_from_hostile(&a, b, max);
        FUZZ_CHECK(shown.n <= max, "%zu of %zu", shown.n, max);
        FUZZ_CHECK(hn_str_from_utf8(hn_str_bytes(shown), &s), "max %zu", max);
    }
    size_t valid = hn_utf8_valid_len(b);
    FUZZ_CHECK(valid <= b.n && hn_utf8_valid_len(hn_bytes_of(b.p, valid)) == valid, "%zu", valid);
    hn_arena_done(&a);
}

static void pieces(struct hn_str s)
{
    struct hn_str rest = s, part;
    struct hn_bytes lines = hn_str_bytes(s), line;
    size_t n = 0;
    uint64_t u;
    int64_t i;

    while (hn_str_split(&rest, ',', &part))
        n += part.n + 1;
    FUZZ_CHECK(n == s.n + 1, "split %zu", n);
    for (rest = s; hn_str_word(&rest, &part);)
        FUZZ_CHECK(part.n, "an empty word");
    while (hn_bytes_line(&lines, &line))
        FUZZ_CHECK(!line.n || !memchr(line.p, '\n', line.n), "a line with a line end");
    hn_str_trim(s);
    hn_str_u64(s, 10, &u);
    hn_str_u64(s, 16, &u);
    hn_str_i64(s, &i);
    size_t half = s.n / 2;
    struct hn_str a = hn_str_cut(s, 0, half), b = hn_str_cut(s, half, s.n);
    FUZZ_CHECK(hn_str_distance(a, b, 1000) == hn_str_distance(b, a, 1000), "distance");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hn_str s;

    if (size < 2)
        return 0;
    struct hn_bytes b = fuzz_copy(data + 1, size - 1);
    if (data[0] == 'h')
        hostile(b);
    else if (hn_str_from_utf8(b, &s))
        (data[0] == 't' ? times : data[0] == 'a' ? addresses : data[0] == 'g' ? globs : pieces)(s);
    fuzz_free(b);
    return 0;
}
