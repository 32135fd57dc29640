/* Edits of configuration texts: pure functions, so that every case is a small test. Lines keep their endings; what is
 * not about the key stays byte for byte. */
#include "core/fix_in.h"

#include <strings.h>

#include "base/mem.h"
#include "base/str.h"

/* ---------------------------------------------------------------- lines */

struct line {
    struct hn_str text; /* without \n */
    struct hn_str key;  /* empty: blank, comment, or not of this style */
    struct hn_str value;
    bool commented; /* "#key value": an example */
};

static bool next_line(struct hn_str *rest, struct hn_str *ret)
{
    if (!rest->n)
        return false;
    ptrdiff_t at = hn_str_chr(*rest, '\n');
    size_t end = at < 0 ? rest->n : (size_t)at;
    *ret = hn_str_cut(*rest, 0, end);
    *rest = hn_str_cut(*rest, at < 0 ? end : end + 1, rest->n);
    return true;
}

static void split_key(struct line *l, struct hn_str s, enum fix_style style)
{
    if (style == FIX_STYLE_SPACE) {
        size_t n = 0;
        while (n < s.n && s.p[n] != ' ' && s.p[n] != '\t')
            n++;
        l->key = hn_str_cut(s, 0, n);
        l->value = hn_str_trim(hn_str_cut(s, n, s.n));
        return;
    }
    ptrdiff_t eq = hn_str_chr(s, '=');
    if (eq <= 0)
        return;
    l->key = hn_str_trim(hn_str_cut(s, 0, (size_t)eq));
    l->value = hn_str_trim(hn_str_cut(s, (size_t)eq + 1, s.n));
    if (style == FIX_STYLE_SYSCTL && hn_str_starts(l->key, "-")) /* "-key = value": errors are ignored */
        l->key = hn_str_cut(l->key, 1, l->key.n);
}

static struct line read_line(struct hn_str text, enum fix_style style)
{
    struct line l = {.text = text};
    struct hn_str s = hn_str_trim(text);
    if (s.n && (s.p[0] == '#' || s.p[0] == ';')) {
        l.commented = true;
        s = hn_str_trim(hn_str_cut(s, 1, s.n));
    }
    split_key(&l, s, style);
    return l;
}

/* sysctl names may use / for . ; sshd and login.defs keys: the former ignores case, the latter does not. */
static bool same_key(struct hn_str a, struct hn_str b, enum fix_style style)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++) {
        char x = a.p[i], y = b.p[i];
        if (style == FIX_STYLE_SYSCTL) {
            x = x == '/' ? '.' : x;
            y = y == '/' ? '.' : y;
        }
        if (x != y)
            return false;
    }
    return true;
}

static struct hn_str written(struct hn_arena *a, struct hn_str key, struct hn_str value, enum fix_style style)
{
    static const char *const between[] = {
        [FIX_STYLE_SPACE] = " ", [FIX_STYLE_EQUALS] = "=", [FIX_STYLE_SYSCTL] = " = "};
    return hn_arena_fmt(a, "%.*s%s%.*s", HN_FMT(key), between[style], HN_FMT(value));
}

/* ---------------------------------------------------------------- key and value files */

struct found {
    size_t active;
    struct hn_str example; /* the last commented line of the key, to write below; p NULL: none */
};

static struct found find_key(struct hn_str text, struct hn_str key, enum fix_style style)
{
    struct found f = {0};
    struct hn_str one;
    while (next_line(&text, &one)) {
        struct line l = read_line(one, style);
        if (!l.key.n || !same_key(l.key, key, style))
            continue;
        if (l.commented)
            f.example = one;
        else
            f.active++;
    }
    return f;
}

bool fix_sets_otherwise(struct hn_str text, struct hn_str key, struct hn_str value, enum fix_style style)
{
    struct hn_str one;
    while (next_line(&text, &one)) {
        struct line l = read_line(one, style);
        if (l.key.n && !l.commented && same_key(l.key, key, style) && !hn_str_eq(l.value, value))
            return true;
    }
    return false;
}

struct hn_str fix_edit_setting(struct hn_arena *a, struct hn_str old, struct hn_str key, struct hn_str value,
                               enum fix_style style)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    struct found f = find_key(old, key, style);
    struct hn_str rest = old, one, new = written(a, key, value, style);
    bool done = false;
    hn_buf_init(&b, FIX_FILE_MAX * 2);
    while (next_line(&rest, &one)) {
        struct line l = read_line(one, style);
        bool ours = l.key.n && !l.commented && same_key(l.key, key, style);
        hn_buf_str(&b, ours && !hn_str_eq(l.value, value) ? new : one);
        if (rest.n || hn_str_ends(old, "\n"))
            hn_buf_chr(&b, '\n');
        done = done || ours;
        if (!f.active && !done && f.example.p == one.p) {
            if (!rest.n && !hn_str_ends(old, "\n"))
                hn_buf_chr(&b, '\n');
            hn_buf_str(&b, new);
            hn_buf_chr(&b, '\n');
            done = true;
        }
    }
    if (!done) {
        if (old.n && !hn_str_ends(old, "\n"))
            hn_buf_chr(&b, '\n');
        hn_buf_str(&b, new);
        hn_buf_chr(&b, '\n');
    }
    return b.bad ? (struct hn_str){0} : hn_arena_str(a, hn_buf_text(&b));
}

/* ---------------------------------------------------------------- sshd_config */

/* sshd_config(5): keywords ignore case; "Keyword value" or "Keyword=value". */
static struct line sshd_line(struct hn_str text)
{
    struct line l = {.text = text};
    struct hn_str s = hn_str_trim(text);
    size_t n = 0;
    if (!s.n || s.p[0] == '#')
        return l;
    while (n < s.n && s.p[n] != ' ' && s.p[n] != '\t' && s.p[n] != '=')
        n++;
    l.key = hn_str_cut(s, 0, n);
    while (n < s.n && (s.p[n] == ' ' || s.p[n] == '\t' || s.p[n] == '='))
        n++;
    l.value = hn_str_cut(s, n, s.n);
    return l;
}

static bool is_keyword(struct hn_str key, struct hn_str name)
{
    return key.n && key.n == name.n && strncasecmp(key.p, name.p, key.n) == 0;
}

enum fix_sshd_first fix_sshd_first(struct hn_str text, struct hn_str key)
{
    struct hn_str one;
    while (next_line(&text, &one)) {
        struct line l = sshd_line(one);
        if (is_keyword(l.key, HN_STR("Match")))
            break;
        if (is_keyword(l.key, HN_STR("Include")) &&
            (hn_str_find(l.value, HN_STR("/etc/ssh/sshd_config.d/*.conf")) >= 0 ||
             hn_str_eqc(l.value, "sshd_config.d/*.conf")))
            return FIX_SSHD_INCLUDE;
        if (is_keyword(l.key, key))
            return FIX_SSHD_KEY;
    }
    return FIX_SSHD_NEITHER;
}

/* Every line of the key outside Match blocks gets the value (only the first counts, the others would mislead a reader);
 * without one, a line is put before everything else. */
struct hn_str fix_edit_sshd(struct hn_arena *a, struct hn_str old, struct hn_str key, struct hn_str value)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    struct hn_str rest = old, one, new = written(a, key, value, FIX_STYLE_SPACE);
    bool match = false, done = false;
    hn_buf_init(&b, FIX_FILE_MAX * 2);
    while (next_line(&rest, &one)) {
        struct line l = sshd_line(one);
        match = match || is_keyword(l.key, HN_STR("Match"));
        bool ours = !match && is_keyword(l.key, key);
        hn_buf_str(&b, ours && !hn_str_eq(l.value, value) ? new : one);
        done = done || ours;
        if (rest.n || hn_str_ends(old, "\n"))
            hn_buf_chr(&b, '\n');
    }
    if (b.bad)
        return (struct hn_str){0};
    return done ? hn_arena_str(a, hn_buf_text(&b)) : hn_arena_fmt(a, "%.*s\n%.*s", HN_FMT(new), HN_FMT(old));
}

/* ---------------------------------------------------------------- diff */

#define CONTEXT 3

static size_t split_lines(struct hn_arena *a, struct hn_str s, struct hn_str **ret)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == '\n';
    struct hn_str *lines = hn_arena_alloc(a, (n + 1) * sizeof *lines), one;
    *ret = lines;
    n = 0;
    while (lines && next_line(&s, &one))
        lines[n++] = one;
    return n;
}

struct hn_str fix_diff(struct hn_arena *a, struct hn_str path, struct hn_str old, struct hn_str new)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    struct hn_str *x, *y;
    hn_buf_init(&b, FIX_FILE_MAX * 2);
    size_t nx = split_lines(a, old, &x), ny = split_lines(a, new, &y), head = 0, tail = 0;
    if (hn_str_eq(old, new) || !x || !y)
        return HN_STR("");
    while (head < nx && head < ny && hn_str_eq(x[head], y[head]))
        head++;
    while (tail < nx - head && tail < ny - head && hn_str_eq(x[nx - 1 - tail], y[ny - 1 - tail]))
        tail++;
    size_t from = head > CONTEXT ? head - CONTEXT : 0, after = tail < CONTEXT ? tail : CONTEXT;
    size_t lx = nx - tail + after - from, ly = ny - tail + after - from;
    hn_buf_fmt(&b, "--- %.*s\n+++ %.*s\n@@ -%zu,%zu +%zu,%zu @@\n", HN_FMT(nx ? path : HN_STR("/dev/null")),
               HN_FMT(path), lx ? from + 1 : 0, lx, ly ? from + 1 : 0, ly);
    for (size_t i = from; i < head; i++)
        hn_buf_fmt(&b, " %.*s\n", HN_FMT(x[i]));
    for (size_t i = head; i < nx - tail; i++)
        hn_buf_fmt(&b, "-%.*s\n", HN_FMT(x[i]));
    for (size_t i = head; i < ny - tail; i++)
        hn_buf_fmt(&b, "+%.*s\n", HN_FMT(y[i]));
    for (size_t i = 0; i < after; i++)
        hn_buf_fmt(&b, " %.*s\n", HN_FMT(x[nx - tail + i]));
    return b.bad ? HN_STR("") : hn_arena_str(a, hn_buf_text(&b));
}
