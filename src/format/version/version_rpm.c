#include "format/version/parts.h"
#include "format/version/version.h"

struct rpm_parts {
    struct hn_bytes epoch, version, release;
    bool has_release;
};

/* The epoch is whatever stands before the first colon, the release what follows the last hyphen. */
static struct rpm_parts split(struct hn_bytes v)
{
    static const uint8_t zero[] = "0";
    struct rpm_parts r = {.epoch = {zero, 1}, .version = v};
    const uint8_t *colon = v.n ? memchr(v.p, ':', v.n) : NULL;
    if (colon) {
        r.epoch = hn_bytes_of(v.p, (size_t)(colon - v.p));
        r.version = version_from(v, r.epoch.n + 1);
    }
    for (size_t i = r.version.n; i > 0; i--)
        if (r.version.p[i - 1] == '-') {
            r.release = version_from(r.version, i);
            r.has_release = true;
            r.version.n = i - 1;
            break;
        }
    return r;
}

static size_t skip_separators(struct hn_bytes b, size_t i)
{
    while (i < b.n && !version_digit(b.p[i]) && !version_alpha(b.p[i]) && b.p[i] != '~' && b.p[i] != '^')
        i++;
    return i;
}

/* "~" is less than the end, "^" greater than the end and less than anything else. 2: neither has one here, or both. */
static int compare_marks(struct hn_bytes a, size_t i, struct hn_bytes b, size_t j)
{
    bool ta = i < a.n && a.p[i] == '~', tb = j < b.n && b.p[j] == '~';
    bool ca = i < a.n && a.p[i] == '^', cb = j < b.n && b.p[j] == '^';
    if (ta != tb)
        return ta ? -1 : 1;
    if (ca && !cb)
        return j == b.n ? 1 : -1;
    if (cb && !ca)
        return i == a.n ? -1 : 1;
    return 2;
}

/* rpm-version(7), comparison of one part: segments of digits or letters; a number is later than a word. In pacman's
 * variant, a word that is left over without a separator is earlier than the end. */
static int compare_part(struct hn_bytes a, struct hn_bytes b, bool pacman)
{
    size_t i = 0, j = 0, from_i, from_j;
    for (;;) {
        from_i = i;
        from_j = j;
        i = skip_separators(a, i);
        j = skip_separators(b, j);
        int mark = compare_marks(a, i, b, j);
        if (mark != 2)
            return mark;
        if (i < a.n && (a.p[i] == '~' || a.p[i] == '^')) {
            i++;
            j++;
            continue;
        }
        if (i == a.n || j == b.n)
            break;
        if (pacman && i - from_i != j - from_j) /* more separators: later */
            return i - from_i < j - from_j ? -1 : 1;
        bool number = version_digit(a.p[i]);
        if (number != version_digit(b.p[j]))
            return number ? 1 : -1;
        int r = number ? version_number_cmp(version_take_digits(a, &i), version_take_digits(b, &j))
                       : version_text_cmp(version_take_letters(a, &i), version_take_letters(b, &j), false);
        if (r)
            return r;
    }
    if (i == a.n && j == b.n)
        return 0;
    bool word = i < a.n ? version_alpha(a.p[from_i]) : version_alpha(b.p[from_j]);
    return (i < a.n) != (pacman && word) ? 1 : -1;
}

int hn_version_rpm_cmp(struct hn_bytes a, struct hn_bytes b)
{
    struct rpm_parts x = split(a), y = split(b);
    int r = compare_part(x.epoch, y.epoch, false);
    if (!r)
        r = compare_part(x.version, y.version, false);
    if (r || (!x.has_release && !y.has_release))
        return r;
    if (x.has_release != y.has_release)
        return x.has_release ? 1 : -1;
    return compare_part(x.release, y.release, false);
}

int hn_version_alpm_cmp(struct hn_bytes a, struct hn_bytes b)
{
    struct rpm_parts x = split(a), y = split(b);
    int r = compare_part(x.epoch, y.epoch, true);
    if (!r)
        r = compare_part(x.version, y.version, true);
    return r || !x.has_release || !y.has_release ? r : compare_part(x.release, y.release, true);
}
