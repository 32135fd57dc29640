/*  1.2.3b_rc1_p2~abcdef-r4
 *  │     ││   │  │      └ revision
 *  │     ││   │  └ hash of a commit, not ordered
 *  │     │└───┴ suffixes: alpha, beta, pre, rc come before none; cvs, svn, git, hg, p after it
 *  │     └ one small letter
 *  └ numbers: the first by value; later ones as text when one of them begins with 0 */
#include "format/version/parts.h"
#include "format/version/version.h"

struct reader {
    struct hn_bytes v;
    size_t at;
};

static bool is_at(const struct reader *r, char c)
{
    return r->at < r->v.n && r->v.p[r->at] == (uint8_t)c;
}

static bool number_follows(const struct reader *r, size_t at)
{
    return at < r->v.n && version_digit(r->v.p[at]);
}

/* The next number: the first of a row stands alone, later ones behind a dot. Between two dots there is none: zero. */
static bool take_number(struct reader *r, bool first, struct hn_bytes *ret)
{
    size_t at = r->at + (first ? 0 : 1);
    bool empty = !first && at < r->v.n && r->v.p[at] == '.';
    if ((!number_follows(r, at) && !empty) || (!first && !is_at(r, '.')))
        return false;
    r->at = at;
    *ret = version_take_digits(r->v, &r->at);
    return true;
}

/* By value, but as fractions (0.01 < 0.1) beyond the first when there is a zero in front. */
static int compare_number(struct hn_bytes a, struct hn_bytes b, bool first)
{
    if (!first && a.n && b.n && (a.p[0] == '0' || b.p[0] == '0'))
        return version_text_cmp(a, b, false);
    return version_number_cmp(a, b);
}

static int take_letter(struct reader *r)
{
    if (r->at < r->v.n && r->v.p[r->at] >= 'a' && r->v.p[r->at] <= 'z')
        return r->v.p[r->at++];
    return 0;
}

/* One row; numbers that are missing altogether are zero. */
static int compare_row(struct reader *x, struct reader *y)
{
    struct hn_bytes a = {x->v.p, 0}, b = {y->v.p, 0};
    take_number(x, true, &a);
    take_number(y, true, &b);
    int r = compare_number(a, b, true);
    while (!r) {
        bool has_a = take_number(x, false, &a), has_b = take_number(y, false, &b);
        if (!has_a || !has_b)
            return has_a - has_b;
        r = compare_number(a, b, false);
    }
    return r;
}

/* Rows with a letter behind each: 1.2p1 has two. */
static int compare_rows(struct reader *x, struct reader *y)
{
    do {
        int r = compare_row(x, y), a, b;
        if (r)
            return r;
        a = take_letter(x);
        b = take_letter(y);
        if (a != b || !a)
            return a - b;
    } while (number_follows(x, x->at) || number_follows(y, y->at));
    return 0;
}

/* Rank of the suffix taken, its number in *ret; 0 when there is none (none at all, or no known word: what follows
 * does not fit). */
static int take_suffix(struct reader *r, struct hn_bytes *ret)
{
    static const char *const before[] = {"alpha", "beta", "pre", "rc", NULL};
    static const char *const after[] = {"cvs", "svn", "git", "hg", "p", NULL};
    *ret = hn_bytes_of("", 0);
    if (!is_at(r, '_'))
        return 0;
    size_t at = r->at + 1;
    struct hn_bytes word = version_take_letters(r->v, &at);
    int early = version_word_index(word, before), late = version_word_index(word, after);
    for (size_t i = 0; i < word.n; i++) /* small letters only */
        if (word.p[i] < 'a')
            return 0;
    if (early < 0 && late < 0)
        return 0;
    *ret = version_take_digits(r->v, &at);
    r->at = at;
    return early >= 0 ? early - 4 : late + 1;
}

static int compare_suffixes(struct reader *x, struct reader *y)
{
    for (;;) {
        struct hn_bytes a, b;
        int rank_a = take_suffix(x, &a), rank_b = take_suffix(y, &b);
        if (rank_a != rank_b)
            return rank_a < rank_b ? -1 : 1;
        int r = version_number_cmp(a, b);
        if (r || !rank_a)
            return r;
    }
}

static bool is_hex(uint8_t c)
{
    return version_digit(c) || (version_lower(c) >= 'a' && version_lower(c) <= 'f');
}

static void skip_hash(struct reader *r)
{
    size_t at = r->at + 1;
    if (!is_at(r, '~'))
        return;
    while (at < r->v.n && is_hex(r->v.p[at]))
        at++;
    if (at > r->at + 1)
        r->at = at;
}

static bool take_revision(struct reader *r, struct hn_bytes *ret)
{
    *ret = hn_bytes_of("", 0);
    if (!is_at(r, '-') || r->at + 1 >= r->v.n || r->v.p[r->at + 1] != 'r')
        return false;
    r->at += 2;
    *ret = version_take_digits(r->v, &r->at);
    return true;
}

int hn_version_apk_cmp(struct hn_bytes a, struct hn_bytes b)
{
    struct reader x = {a, 0}, y = {b, 0};
    struct hn_bytes ra, rb;
    int r = compare_rows(&x, &y);
    if (!r)
        r = compare_suffixes(&x, &y);
    if (r)
        return version_sign(r);
    skip_hash(&x);
    skip_hash(&y);
    bool has_a = take_revision(&x, &ra), has_b = take_revision(&y, &rb);
    bool odd_a = x.at < a.n, odd_b = y.at < b.n;
    if (odd_a != odd_b)
        return odd_a ? -1 : 1;
    if (has_a != has_b && !odd_a)
        return has_a ? 1 : -1;
    if (x.at < a.n && y.at < b.n && a.p[x.at] == '.' && b.p[y.at] == '.') /* 1.r2: no number behind the dot */
        return version_text_cmp(version_from(a, x.at), version_from(b, y.at), false);
    return version_number_cmp(ra, rb);
}

bool hn_version_apk_valid(struct hn_bytes v)
{
    struct reader r = {v, 0};
    struct hn_bytes part;
    if (!number_follows(&r, 0))
        return false;
    do {
        for (bool first = true; take_number(&r, first, &part); first = false)
            if (!part.n)
                return false;
    } while (take_letter(&r) && number_follows(&r, r.at));
    while (take_suffix(&r, &part))
        ;
    skip_hash(&r);
    return r.at == v.n || (take_revision(&r, &part) && part.n && r.at == v.n);
}
