/* SemVer 2.0.0 and its relatives: Go, Dart, NuGet.
 *
 *   [v] major [. minor [. patch]] [. more numbers] [- pre-release] [+ build]           clause 2, 9, 10, 11 */
#include "format/version/parts.h"
#include "format/version/version.h"

#define NUMBERS 4

struct semver {
    struct hn_bytes number[NUMBERS]; /* empty: zero */
    struct hn_bytes pre, build;
    bool go; /* pre is "rc1" of a Go release: it reads as "rc.1" */
};

/* Up to n numbers. A word directly behind the numbers ("1.21rc1") is a pre-release too. */
static struct semver split(struct hn_bytes v, size_t n)
{
    struct semver s = {0};
    size_t at = 0, i = 0;
    v = version_without_v(v);
    const uint8_t *plus = v.n ? memchr(v.p, '+', v.n) : NULL;
    if (plus) {
        size_t cut = (size_t)(plus - v.p);
        s.build = version_from(v, cut + 1);
        v.n = cut;
    }
    while (i < n && at < v.n && version_digit(v.p[at])) {
        s.number[i++] = version_take_digits(v, &at);
        if (i < n && at + 1 < v.n && v.p[at] == '.' && version_digit(v.p[at + 1]))
            at++;
        else
            break;
    }
    if (at < v.n && v.p[at] == '.' && i == n) /* more numbers than the form has: as if build metadata */
        return s;
    if (at < v.n && v.p[at] == '-')
        at++;
    s.pre = version_from(v, at);
    return s;
}

static struct hn_bytes take_identifier(struct hn_bytes *rest, bool go)
{
    size_t n = 0;
    if (go && version_letters(*rest, 0)) /* "rc1": the word, then the number */
        n = version_letters(*rest, 0);
    else
        while (n < rest->n && rest->p[n] != '.')
            n++;
    struct hn_bytes r = hn_bytes_of(rest->p, n);
    *rest = version_from(*rest, n < rest->n && rest->p[n] == '.' ? n + 1 : n);
    return r;
}

/* Clause 11.4.1–3: numbers by value, below words; words in ASCII order. */
static int compare_identifier(struct hn_bytes a, struct hn_bytes b, bool fold)
{
    bool na = version_all_digits(a), nb = version_all_digits(b);
    if (na && nb)
        return version_number_cmp(a, b);
    if (na != nb)
        return na ? -1 : 1;
    return version_text_cmp(a, b, fold);
}

/* Clause 11.4.4: the longer list is later when all before is equal. */
static int compare_list(struct hn_bytes a, bool go_a, struct hn_bytes b, bool go_b, bool fold)
{
    while (a.n && b.n) {
        int r = compare_identifier(take_identifier(&a, go_a), take_identifier(&b, go_b), fold);
        if (r)
            return r;
    }
    return (a.n > 0) - (b.n > 0);
}

static int compare(const struct semver *a, const struct semver *b, bool fold)
{
    for (size_t i = 0; i < NUMBERS; i++) {
        int r = version_number_cmp(a->number[i], b->number[i]);
        if (r)
            return r;
    }
    if (!a->pre.n || !b->pre.n) /* clause 11.3: a pre-release is earlier */
        return (b->pre.n > 0) - (a->pre.n > 0);
    return compare_list(a->pre, a->go, b->pre, b->go, fold);
}

int hn_version_semver_cmp(struct hn_bytes a, struct hn_bytes b)
{
    struct semver x = split(a, 3), y = split(b, 3);
    return compare(&x, &y, false);
}

/* "go1.21rc1", and "1.21rc1" as build information says it; not "v1.2.3-rc1" of a module. */
static struct semver split_go(struct hn_bytes v)
{
    bool named = v.n > 2 && memcmp(v.p, "go", 2) == 0 && version_digit(v.p[2]);
    if (named)
        v = version_from(v, 2);
    for (size_t i = 0; named && i < v.n; i++)
        if (v.p[i] == ' ' || v.p[i] == '-') /* "go1.22.1 X:boringcrypto", "go1.20.3-custom": not a pre-release */
            v.n = i;
    struct semver s = split(v, 3);
    s.go = s.pre.n && s.pre.p > v.p && version_digit(s.pre.p[-1]);
    return s;
}

int hn_version_go_cmp(struct hn_bytes a, struct hn_bytes b)
{
    struct semver x = split_go(a), y = split_go(b);
    return compare(&x, &y, false);
}

int hn_version_pub_cmp(struct hn_bytes a, struct hn_bytes b)
{
    struct semver x = split(a, 3), y = split(b, 3);
    int r = compare(&x, &y, false);
    return r ? r : compare_list(x.build, false, y.build, false, false);
}

int hn_version_nuget_cmp(struct hn_bytes a, struct hn_bytes b)
{
    struct semver x = split(a, 4), y = split(b, 4);
    return compare(&x, &y, true);
}

/* Identifiers between dots: letters, digits, hyphens, not empty; numbers of a pre-release without zeros in front. */
static bool identifiers_valid(struct hn_bytes b, bool numbers_strict)
{
    size_t from = 0;
    for (size_t i = 0; i <= b.n; i++) {
        if (i < b.n && b.p[i] != '.') {
            if (!version_digit(b.p[i]) && !version_alpha(b.p[i]) && b.p[i] != '-')
                return false;
            continue;
        }
        struct hn_bytes one = hn_bytes_of(b.p + from, i - from);
        if (!one.n || (numbers_strict && one.n > 1 && one.p[0] == '0' && version_all_digits(one)))
            return false;
        from = i + 1;
    }
    return true;
}

bool hn_version_semver_valid(struct hn_bytes v)
{
    size_t at = 0;
    for (unsigned i = 0; i < 3; i++) {
        struct hn_bytes n = version_take_digits(v, &at);
        if (!n.n || (n.n > 1 && n.p[0] == '0') || (i < 2 && (at >= v.n || v.p[at++] != '.')))
            return false;
    }
    struct hn_bytes rest = version_from(v, at);
    const uint8_t *plus = rest.n ? memchr(rest.p, '+', rest.n) : NULL;
    struct hn_bytes pre = rest;
    if (plus) {
        pre.n = (size_t)(plus - rest.p);
        if (!identifiers_valid(version_from(rest, pre.n + 1), false))
            return false;
    }
    return !pre.n || (pre.p[0] == '-' && identifiers_valid(version_from(pre, 1), true));
}
