/* Orders made of a plain row of numbers and words: Gem::Version, PHP's version_compare, R, and the generic one. */
#include "format/version/parts.h"
#include "format/version/version.h"

/* ---------------------------------------------------------------- RubyGems */

/* Gem::Version reads a hyphen as ".pre."; parts are numbers and words. Zeros at the end of the numbers before the first
 * word, and at the end of all, count for nothing. */
struct gem {
    struct hn_bytes v;
    size_t at;
    size_t solid; /* zeros that begin before this offset are known to count */
    bool word;    /* a word was passed */
};

static const struct hn_bytes zero_part = {(const uint8_t *)"0", 1};

static bool gem_part(struct gem *g, struct hn_bytes *ret)
{
    while (g->at < g->v.n && !version_digit(g->v.p[g->at]) && !version_alpha(g->v.p[g->at])) {
        if (g->v.p[g->at++] == '-') {
            *ret = hn_bytes_of("pre", 3);
            return true;
        }
    }
    if (g->at == g->v.n)
        return false;
    *ret = version_digit(g->v.p[g->at]) ? version_take_digits(g->v, &g->at) : version_take_letters(g->v, &g->at);
    return true;
}

static bool is_zero(struct hn_bytes p)
{
    return version_digit(p.p[0]) && version_number_zero(p);
}

/* The next part that counts; a zero counts when a number that is none follows (or, after a word, any part). */
static bool gem_next(struct gem *g, struct hn_bytes *ret)
{
    if (!gem_part(g, ret))
        return false;
    if (is_zero(*ret) && g->at > g->solid) {
        struct gem ahead = *g;
        struct hn_bytes p;
        bool more;
        while ((more = gem_part(&ahead, &p)) && is_zero(p))
            ;
        if (more && (version_digit(p.p[0]) || g->word)) {
            g->solid = ahead.at;
            return true;
        }
        *g = ahead;
        *ret = p;
        if (!more)
            return false;
    }
    g->word = g->word || !version_digit(ret->p[0]);
    return true;
}

int hn_version_rubygems_cmp(struct hn_bytes a, struct hn_bytes b)
{
    struct gem x = {.v = a}, y = {.v = b};
    for (;;) {
        struct hn_bytes p, q;
        bool has_p = gem_next(&x, &p), has_q = gem_next(&y, &q);
        if (!has_p && !has_q)
            return 0;
        p = has_p ? p : zero_part;
        q = has_q ? q : zero_part;
        bool np = version_digit(p.p[0]), nq = version_digit(q.p[0]);
        int r = np != nq ? (np ? 1 : -1) : np ? version_number_cmp(p, q) : version_text_cmp(p, q, false);
        if (r)
            return r;
    }
}

/* ---------------------------------------------------------------- Packagist */

/* Parts end at every character that is neither digit nor letter, and between digits and letters. */
static bool word_part(struct hn_bytes v, size_t *at, struct hn_bytes *ret)
{
    while (*at < v.n && !version_digit(v.p[*at]) && !version_alpha(v.p[*at]))
        ++*at;
    if (*at == v.n)
        return false;
    *ret = version_digit(v.p[*at]) ? version_take_digits(v, at) : version_take_letters(v, at);
    return true;
}

/* PHP: the same, but "#" is a part that stands for any number. */
static bool php_part(struct hn_bytes v, size_t *at, struct hn_bytes *ret)
{
    while (*at < v.n && !version_digit(v.p[*at]) && !version_alpha(v.p[*at]) && v.p[*at] != '#')
        ++*at;
    if (*at == v.n || v.p[*at] != '#')
        return word_part(v, at, ret);
    *ret = hn_bytes_of(v.p + (*at)++, 1);
    return true;
}

/* "any word < dev < alpha = a < beta = b < RC = rc < # (a number) < pl = p"; a word is known by how it begins, and by
 * its case. */
static int php_rank(struct hn_bytes part)
{
    static const struct {
        const char *word;
        int rank;
    } words[] = {{"dev", 0}, {"alpha", 1}, {"a", 1}, {"beta", 2}, {"b", 2}, {"RC", 3}, {"rc", 3}, {"pl", 5}, {"p", 5}};
    if (version_digit(part.p[0]) || part.p[0] == '#')
        return 4;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t n = strlen(words[i].word);
        if (part.n >= n && version_text_cmp(hn_bytes_of(part.p, n), hn_bytes_of(words[i].word, n), false) == 0)
            return words[i].rank;
    }
    return -1;
}

/* What one version has left, against the end of the other: a number is later, a word as it stands to a number. */
static int php_rest(struct hn_bytes v, size_t at, struct hn_bytes part)
{
    do {
        int r = version_digit(part.p[0]) ? 1 : version_sign(php_rank(part) - 4);
        if (r)
            return r;
    } while (php_part(v, &at, &part));
    return 0;
}

int hn_version_packagist_cmp(struct hn_bytes a, struct hn_bytes b)
{
    size_t i = 0, j = 0;
    a = version_without_v(a);
    b = version_without_v(b);
    for (;;) {
        struct hn_bytes p, q;
        bool has_p = php_part(a, &i, &p), has_q = php_part(b, &j, &q);
        if (!has_p && !has_q)
            return 0;
        if (!has_p)
            return -php_rest(b, j, q);
        if (!has_q)
            return php_rest(a, i, p);
        bool numbers = version_digit(p.p[0]) && version_digit(q.p[0]);
        int r = numbers ? version_number_cmp(p, q) : version_sign(php_rank(p) - php_rank(q));
        if (r)
            return r;
    }
}

/* ---------------------------------------------------------------- R, Haskell */

int hn_version_cran_cmp(struct hn_bytes a, struct hn_bytes b)
{
    size_t i = 0, j = 0;
    for (;;) {
        while (i < a.n && !version_digit(a.p[i]))
            i++;
        while (j < b.n && !version_digit(b.p[j]))
            j++;
        if (i == a.n || j == b.n)
            return (i < a.n) - (j < b.n);
        int r = version_number_cmp(version_take_digits(a, &i), version_take_digits(b, &j));
        if (r)
            return r;
    }
}

/* ---------------------------------------------------------------- generic */

/* -1: says "before the release", 1: something after it (a letter, a patch). */
static int word_side(struct hn_bytes word)
{
    static const char *const before[] = {"alpha",    "beta",      "rc", "cr",      "pre",    "preview", "dev",
                                         "snapshot", "milestone", "m",  "nightly", "canary", NULL};
    return version_word_index(word, before) >= 0 ? -1 : 1;
}

/* Zeros before a word or the end count for nothing: 1.0 is 1, 1.0a is 1a. */
static bool generic_next(struct gem *g, struct hn_bytes *ret)
{
    if (!word_part(g->v, &g->at, ret))
        return false;
    if (!is_zero(*ret) || g->at <= g->solid)
        return true;
    size_t at = g->at;
    struct hn_bytes p;
    bool more;
    while ((more = word_part(g->v, &at, &p)) && is_zero(p))
        ;
    if (more && version_digit(p.p[0])) {
        g->solid = at;
        return true;
    }
    g->at = at;
    *ret = p;
    return more;
}

static int compare_generic(struct hn_bytes p, struct hn_bytes q)
{
    bool np = version_digit(p.p[0]), nq = version_digit(q.p[0]);
    if (np && nq)
        return version_number_cmp(p, q);
    if (np || nq) /* a number is later than any word: 1.0.1 > 1.0k */
        return np ? 1 : -1;
    int r = word_side(p) - word_side(q);
    return r ? version_sign(r) : version_text_cmp(p, q, true);
}

int hn_version_generic_cmp(struct hn_bytes a, struct hn_bytes b)
{
    struct gem x = {.v = version_without_v(a)}, y = {.v = version_without_v(b)};
    for (;;) {
        struct hn_bytes p, q;
        bool has_p = generic_next(&x, &p), has_q = generic_next(&y, &q);
        if (!has_p && !has_q)
            return 0;
        if (!has_p)
            return version_digit(q.p[0]) ? -1 : -word_side(q);
        if (!has_q)
            return version_digit(p.p[0]) ? 1 : word_side(p);
        int r = compare_generic(p, q);
        if (r)
            return r;
    }
}
