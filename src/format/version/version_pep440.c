/* PEP 440, appendix B (the form that tools accept):
 *
 *   [v][epoch!]release [[-_.] a|b|c|rc|alpha|beta|pre|preview [[-_.] N]] [post] [[-_.] dev [[-_.] N]] [+local]
 *   post: -N, or [-_.] post|rev|r [[-_.] N] */
#include "format/version/parts.h"
#include "format/version/version.h"

/* Where a part is absent, what it counts as ("Summary of permitted suffixes and relative ordering"). */
enum rank { LOWEST, PRESENT_A, PRESENT_B, PRESENT_RC, HIGHEST };

struct pep440 {
    struct hn_bytes epoch, release, local;
    struct hn_bytes pre_number, post_number, dev_number;
    enum rank pre;
    bool post, dev;
};

static struct hn_bytes trim(struct hn_bytes v)
{
    while (v.n && strchr(" \t\n\r\f\v", v.p[0]) && v.p[0])
        v = version_from(v, 1);
    while (v.n && strchr(" \t\n\r\f\v", v.p[v.n - 1]) && v.p[v.n - 1])
        v.n--;
    return v;
}

static bool is_separator(struct hn_bytes v, size_t at)
{
    return at < v.n && (v.p[at] == '-' || v.p[at] == '_' || v.p[at] == '.');
}

/* One of the words of list, with separators around it and a number (which may be missing). */
static int take_word(struct hn_bytes v, size_t *at, const char *const *list, struct hn_bytes *ret_number)
{
    size_t i = *at + (is_separator(v, *at) ? 1 : 0);
    struct hn_bytes word = version_take_letters(v, &i);
    int index = word.n ? version_word_index(word, list) : -1;
    if (index < 0)
        return -1;
    size_t number = i + (is_separator(v, i) ? 1 : 0);
    *ret_number = hn_bytes_of(v.p + i, 0);
    if (version_digits(v, number)) {
        i = number;
        *ret_number = version_take_digits(v, &i);
    }
    *at = i;
    return index;
}

static void take_release(struct hn_bytes v, size_t *at, struct hn_bytes *ret)
{
    size_t from = *at;
    *at += version_digits(v, *at);
    while (*at + 1 < v.n && v.p[*at] == '.' && version_digit(v.p[*at + 1]))
        *at += 1 + version_digits(v, *at + 1);
    *ret = hn_bytes_of(v.p + from, *at - from);
}

static void take_post(struct hn_bytes v, size_t *at, struct pep440 *p)
{
    static const char *const words[] = {"post", "rev", "r", NULL};
    if (*at + 1 < v.n && v.p[*at] == '-' && version_digit(v.p[*at + 1])) {
        ++*at;
        p->post_number = version_take_digits(v, at);
        p->post = true;
    } else {
        p->post = take_word(v, at, words, &p->post_number) >= 0;
    }
}

static bool take_local(struct hn_bytes v, size_t *at, struct hn_bytes *ret)
{
    *ret = version_from(v, *at + 1);
    *at = v.n;
    for (size_t i = 0; i < ret->n; i++) {
        bool sep = is_separator(*ret, i);
        if (!sep && !version_digit(ret->p[i]) && !version_alpha(ret->p[i]))
            return false;
        if (sep && (i == 0 || i + 1 == ret->n || is_separator(*ret, i - 1)))
            return false;
    }
    return ret->n > 0;
}

static bool parse(struct hn_bytes v, struct pep440 *p)
{
    static const char *const pre[] = {"a", "alpha", "b", "beta", "c", "rc", "pre", "preview", NULL};
    static const enum rank ranks[] = {PRESENT_A,  PRESENT_A,  PRESENT_B,  PRESENT_B,
                                      PRESENT_RC, PRESENT_RC, PRESENT_RC, PRESENT_RC};
    static const char *const dev[] = {"dev", NULL};
    size_t at = 0;
    *p = (struct pep440){0};
    v = version_without_v(trim(v));
    take_release(v, &at, &p->release);
    if (at < v.n && v.p[at] == '!' && version_all_digits(p->release)) {
        p->epoch = p->release;
        at++;
        take_release(v, &at, &p->release);
    }
    if (!p->release.n)
        return false;
    int word = take_word(v, &at, pre, &p->pre_number);
    take_post(v, &at, p);
    p->dev = take_word(v, &at, dev, &p->dev_number) >= 0;
    p->pre = word >= 0 ? ranks[word] : p->dev && !p->post ? LOWEST : HIGHEST;
    if (at < v.n && v.p[at] == '+' && !take_local(v, &at, &p->local))
        return false;
    return at == v.n;
}

static struct hn_bytes next_number(struct hn_bytes *rest)
{
    size_t at = 0;
    struct hn_bytes n = version_take_digits(*rest, &at);
    *rest = version_from(*rest, at < rest->n ? at + 1 : at);
    return n;
}

/* 1.0 is 1.0.0: what is missing is zero. */
static int compare_release(struct hn_bytes a, struct hn_bytes b)
{
    while (a.n || b.n) {
        int r = version_number_cmp(next_number(&a), next_number(&b));
        if (r)
            return r;
    }
    return 0;
}

static struct hn_bytes next_local(struct hn_bytes *rest)
{
    size_t n = 0;
    while (n < rest->n && !is_separator(*rest, n))
        n++;
    struct hn_bytes r = hn_bytes_of(rest->p, n);
    *rest = version_from(*rest, n < rest->n ? n + 1 : n);
    return r;
}

/* Numbers come after words, more segments after fewer, none before any. */
static int compare_local(struct hn_bytes a, struct hn_bytes b)
{
    while (a.n && b.n) {
        struct hn_bytes x = next_local(&a), y = next_local(&b);
        bool nx = version_all_digits(x), ny = version_all_digits(y);
        int r = nx != ny ? (nx ? 1 : -1) : nx ? version_number_cmp(x, y) : version_text_cmp(x, y, true);
        if (r)
            return r;
    }
    return (a.n > 0) - (b.n > 0);
}

static int compare(const struct pep440 *a, const struct pep440 *b)
{
    int r = version_number_cmp(a->epoch, b->epoch);
    if (!r)
        r = compare_release(a->release, b->release);
    if (!r)
        r = version_sign((int)a->pre - (int)b->pre);
    if (!r)
        r = version_number_cmp(a->pre_number, b->pre_number);
    if (!r)
        r = a->post - b->post;
    if (!r)
        r = version_number_cmp(a->post_number, b->post_number);
    if (!r)
        r = b->dev - a->dev;
    if (!r)
        r = version_number_cmp(a->dev_number, b->dev_number);
    return r ? r : compare_local(a->local, b->local);
}

/* ---------------------------------------------------------------- before PEP 440 */

/* setuptools compared lists of parts: numbers as text of eight digits, words as "*word". "pre", "preview" and "rc" are
 * "c", "dev" is "@", a hyphen is "final-", the end is "final". Zeros before a word, and hyphens before one that is less
 * than "final", are dropped; so a part is known only after looking ahead. */
struct legacy {
    struct hn_bytes v;
    size_t at;
    bool ended;
};

struct part {
    struct hn_bytes text;
    bool word, hyphen;
};

static struct part raw_part(struct legacy *l)
{
    static const char *const c[] = {"pre", "preview", "rc", NULL};
    static const char *const dev[] = {"dev", NULL};
    struct hn_bytes v = l->v, one;
    while (l->at < v.n && v.p[l->at] == '.')
        l->at++;
    if (l->at == v.n) {
        l->ended = true;
        return (struct part){hn_bytes_of("final", 5), true, false};
    }
    if (version_digits(v, l->at))
        return (struct part){version_take_digits(v, &l->at), false, false};
    if (v.p[l->at] == '-') {
        l->at++;
        return (struct part){hn_bytes_of("final-", 6), true, true};
    }
    one = version_take_letters(v, &l->at);
    if (!one.n) /* anything else up to the next part is a word of its own */
        while (l->at < v.n && !version_digit(v.p[l->at]) && !version_alpha(v.p[l->at]) && v.p[l->at] != '.' &&
               v.p[l->at] != '-')
            one = hn_bytes_of(v.p + l->at - one.n, one.n + 1), l->at++;
    if (version_word_index(one, c) >= 0)
        one = hn_bytes_of("c", 1);
    else if (version_word_index(one, dev) >= 0)
        one = hn_bytes_of("@", 1);
    return (struct part){one, true, false};
}

/* Dropped: a zero or a hyphen that only such follow until a word (for a hyphen: one less than "final"). */
static struct part next_part(struct legacy *l)
{
    for (;;) {
        struct part p = raw_part(l), q;
        struct legacy ahead = *l;
        bool zero = !p.word && version_number_zero(p.text);
        if ((!zero && !p.hyphen) || l->ended)
            return p;
        bool hyphens = p.hyphen;
        do {
            q = raw_part(&ahead);
            hyphens = hyphens || q.hyphen;
        } while (!ahead.ended && ((q.word && q.hyphen) || (!q.word && version_number_zero(q.text))));
        bool early = q.word && version_text_cmp(q.text, hn_bytes_of("final", 5), true) < 0;
        if (!q.word || (hyphens && !early && p.hyphen))
            return p;
        if (zero && !q.word)
            return p;
    }
}

static int compare_legacy(struct hn_bytes a, struct hn_bytes b)
{
    struct legacy x = {.v = a}, y = {.v = b};
    for (;;) {
        struct part p = next_part(&x), q = next_part(&y);
        int r = p.word != q.word ? (p.word ? -1 : 1)
                : p.word         ? version_text_cmp(p.text, q.text, true)
                                 : version_number_cmp(p.text, q.text);
        if (r)
            return r;
        if (x.ended || y.ended)
            return x.ended == y.ended ? 0 : x.ended ? -1 : 1;
    }
}

int hn_version_pep440_cmp(struct hn_bytes a, struct hn_bytes b)
{
    struct pep440 x, y;
    bool good_a = parse(a, &x), good_b = parse(b, &y);
    if (good_a != good_b)
        return good_a ? 1 : -1;
    return good_a ? compare(&x, &y) : compare_legacy(a, b);
}

bool hn_version_pep440_valid(struct hn_bytes v)
{
    struct pep440 p;
    return parse(v, &p);
}
