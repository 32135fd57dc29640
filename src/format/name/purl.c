#include "format/name/purl.h"

#include "base/hash.h"
#include "base/str.h"
#include "format/version/vers.h"

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Stay as they are: unreserved characters, and the colon. */
static bool is_plain(char c)
{
    return is_alnum(c) || c == '.' || c == '-' || c == '_' || c == '~' || c == ':';
}

static bool refuse(const char **ret_why, const char *why)
{
    if (ret_why)
        *ret_why = why;
    return false;
}

/* ---------------------------------------------------------------- percent-encoding */

/* A percent sign that begins nothing stays as it is (a fault). Bytes that are no text afterwards are made printable. */
static struct hn_str decode(struct hn_arena *a, struct hn_purl *p, struct hn_str s)
{
    if (hn_str_chr(s, '%') < 0)
        return s;
    char *out = hn_arena_alloc(a, s.n + 1);
    size_t n = 0;
    if (!out)
        return (struct hn_str){"", 0};
    for (size_t i = 0; i < s.n; i++) {
        int high = -1, low = -1;
        if (s.p[i] == '%' && s.n - i > 2) {
            high = hn_hex_digit(s.p[i + 1]);
            low = hn_hex_digit(s.p[i + 2]);
        }
        if (high >= 0 && low >= 0) {
            out[n++] = (char)(high << 4 | low);
            i += 2;
            continue;
        }
        if (s.p[i] == '%')
            p->faults |= HN_PURL_PERCENT;
        out[n++] = s.p[i];
    }
    struct hn_str r = {out, n};
    if (hn_str_from_utf8(hn_bytes_of(out, n), &r))
        return r;
    p->faults |= HN_PURL_PERCENT;
    return hn_str_from_hostile(a, hn_bytes_of(out, n), HN_PURL_TEXT_MAX);
}

static void encode(struct hn_buf *out, struct hn_str s, bool slashes)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = (uint8_t)s.p[i];
        if (is_plain(s.p[i]) || (slashes && c == '/')) {
            hn_buf_chr(out, s.p[i]);
        } else {
            char e[3] = {'%', digits[c >> 4], digits[c & 15]};
            hn_buf_add(out, e, 3);
        }
    }
}

/* ---------------------------------------------------------------- parts of a path */

/* Segments without empty ones (and, in a subpath, without "." and ".."), decoded, joined by "/" again. */
static struct hn_str clean_path(struct hn_arena *a, struct hn_purl *p, struct hn_str path, bool subpath)
{
    struct hn_buf b;
    struct hn_str rest = path, segment;
    bool same = hn_str_chr(path, '%') < 0;
    hn_buf_init(&b, HN_PURL_TEXT_MAX);
    while (path.n && hn_str_split(&rest, '/', &segment)) {
        struct hn_str text = decode(a, p, segment);
        if (hn_str_chr(text, '/') >= 0) { /* a slash within a segment cannot be said */
            p->faults |= HN_PURL_PERCENT;
            text = segment;
        }
        bool dots = hn_str_eqc(text, ".") || hn_str_eqc(text, "..");
        if (!text.n || (subpath && dots)) {
            same = false;
            continue;
        }
        if (b.n)
            hn_buf_chr(&b, '/');
        hn_buf_str(&b, text);
    }
    struct hn_str r = same ? path : b.n ? hn_arena_str(a, hn_buf_text(&b)) : (struct hn_str){NULL, 0};
    hn_buf_done(&b);
    return r;
}

static ptrdiff_t last_of(struct hn_str s, char c)
{
    for (size_t i = s.n; i > 0; i--)
        if (s.p[i - 1] == c)
            return (ptrdiff_t)i - 1;
    return -1;
}

/* Cuts off what follows the last c; that is in *ret_tail. */
static bool cut_last(struct hn_str *s, char c, struct hn_str *ret_tail)
{
    ptrdiff_t at = last_of(*s, c);
    if (at < 0)
        return false;
    *ret_tail = hn_str_cut(*s, (size_t)at + 1, s->n);
    s->n = (size_t)at;
    return true;
}

static struct hn_str lowered(struct hn_arena *a, struct hn_purl *p, struct hn_str s, unsigned fault)
{
    size_t i = 0;
    while (i < s.n && !(s.p[i] >= 'A' && s.p[i] <= 'Z'))
        i++;
    char *copy = i < s.n ? hn_arena_alloc(a, s.n + 1) : NULL;
    if (!copy)
        return s;
    p->faults |= fault;
    for (i = 0; i < s.n; i++)
        copy[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] | 0x20) : s.p[i];
    return (struct hn_str){copy, s.n};
}

/* ---------------------------------------------------------------- qualifiers */

static bool key_valid(struct hn_str key)
{
    if (!key.n || (key.p[0] >= '0' && key.p[0] <= '9'))
        return false;
    for (size_t i = 0; i < key.n; i++)
        if (!is_alnum(key.p[i]) && key.p[i] != '.' && key.p[i] != '-' && key.p[i] != '_')
            return false;
    return true;
}

static bool type_defines(struct hn_str type, struct hn_str key)
{
    const struct hn_purl_type *t = hn_purl_type_find(type);
    struct hn_str rest = hn_str_c(t ? t->qualifiers : ""), word;
    while (hn_str_word(&rest, &word)) {
        if (word.p[word.n - 1] == '!')
            word.n--;
        if (hn_str_eq(word, key))
            return true;
    }
    return false;
}

bool hn_purl_set(struct hn_purl *p, struct hn_str key, struct hn_str value)
{
    if (p->n_qualifiers == HN_PURL_QUALIFIERS)
        return false;
    p->qualifiers[p->n_qualifiers++] = (struct hn_purl_qualifier){key, value};
    return true;
}

/* In order, lower case, without empty ones; of two with one key the first stays. */
static bool settle_qualifiers(struct hn_arena *a, struct hn_purl *p, const char **ret_why)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n_qualifiers; i++) {
        struct hn_purl_qualifier q = p->qualifiers[i];
        if (!key_valid(q.key))
            return refuse(ret_why, "a qualifier key that is none");
        struct hn_str key = lowered(a, p, q.key, HN_PURL_CASE);
        if (key.p != q.key.p && type_defines(p->type, key))
            p->faults |= HN_PURL_KEY_CASE;
        q.key = key;
        if (!q.value.n)
            continue;
        size_t at = n;
        while (at > 0 && hn_str_cmp(p->qualifiers[at - 1].key, key) > 0)
            at--;
        if (at > 0 && hn_str_eq(p->qualifiers[at - 1].key, key)) {
            p->faults |= HN_PURL_TWICE;
            continue;
        }
        memmove(&p->qualifiers[at + 1], &p->qualifiers[at], (n - at) * sizeof q);
        p->qualifiers[at] = q;
        n++;
    }
    p->n_qualifiers = n;
    return true;
}

static bool read_qualifiers(struct hn_arena *a, struct hn_purl *p, struct hn_str text, const char **ret_why)
{
    struct hn_str pair, key;
    while (text.n && hn_str_split(&text, '&', &pair)) {
        if (!pair.n)
            continue;
        struct hn_str value = pair;
        hn_str_split(&value, '=', &key);
        if (!value.p)
            value = (struct hn_str){"", 0};
        if (!hn_purl_set(p, key, decode(a, p, value)))
            return refuse(ret_why, "too many qualifiers");
    }
    return true;
}

/* ---------------------------------------------------------------- reading */

static bool read_type(struct hn_arena *a, struct hn_purl *p, struct hn_str *rest, const char **ret_why)
{
    ptrdiff_t slash;
    while (rest->n && rest->p[0] == '/') {
        *rest = hn_str_cut(*rest, 1, rest->n);
        p->faults |= HN_PURL_SLASHES;
    }
    slash = hn_str_chr(*rest, '/');
    if (slash <= 0)
        return refuse(ret_why, "no type");
    p->type = lowered(a, p, hn_str_cut(*rest, 0, (size_t)slash), HN_PURL_CASE);
    *rest = hn_str_cut(*rest, (size_t)slash + 1, rest->n);
    return true;
}

/* The version begins at the last "@" that does not begin a segment with another one after it (an npm scope). */
static void read_version(struct hn_arena *a, struct hn_purl *p, struct hn_str *rest)
{
    size_t at = rest->n;
    bool segments = false; /* a slash comes after */
    while (at > 0 && !(rest->p[at - 1] == '@' && (!segments || (at > 1 && rest->p[at - 2] != '/'))))
        segments = rest->p[--at] == '/' || segments;
    if (!at)
        return;
    p->version = decode(a, p, hn_str_cut(*rest, at, rest->n));
    rest->n = at - 1;
}

static struct hn_str without_slashes(struct hn_str s)
{
    while (s.n && s.p[0] == '/')
        s = hn_str_cut(s, 1, s.n);
    while (s.n && s.p[s.n - 1] == '/')
        s.n--;
    return s;
}

static void read_path(struct hn_arena *a, struct hn_purl *p, struct hn_str rest)
{
    rest = without_slashes(rest);
    if (hn_str_eqc(p->type, "git")) { /* the host is the namespace, the whole path on it the name */
        struct hn_str host = rest;
        if (hn_str_split(&rest, '/', &host) && rest.p) {
            p->namespace = decode(a, p, host);
            p->name = clean_path(a, p, rest, false);
            return;
        }
        rest = host;
    }
    p->name = rest;
    struct hn_str before = rest;
    if (cut_last(&before, '/', &p->name))
        p->namespace = clean_path(a, p, without_slashes(before), false);
    p->name = decode(a, p, p->name);
}

static bool components_valid(struct hn_purl *p, const char **ret_why)
{
    if (!p->type.n)
        return refuse(ret_why, "no type");
    if (p->type.p[0] >= '0' && p->type.p[0] <= '9')
        return refuse(ret_why, "a type begins with a letter");
    for (size_t i = 0; i < p->type.n; i++)
        if (!is_alnum(p->type.p[i]) && p->type.p[i] != '.' && p->type.p[i] != '-' && p->type.p[i] != '+')
            return refuse(ret_why, "a type is letters, digits, \".\", \"+\" and \"-\"");
    return p->name.n || refuse(ret_why, "no name");
}

bool hn_purl_parse(struct hn_arena *a, struct hn_str text, struct hn_purl *ret, const char **ret_why)
{
    struct hn_str rest = hn_str_trim(text), tail;
    *ret = (struct hn_purl){0};
    if (rest.n > HN_PURL_TEXT_MAX)
        return refuse(ret_why, "too long");
    if (rest.n < 4 || rest.p[3] != ':' || (rest.p[0] | 0x20) != 'p' || (rest.p[1] | 0x20) != 'k' ||
        (rest.p[2] | 0x20) != 'g')
        return refuse(ret_why, "does not begin with \"pkg:\"");
    rest = hn_str_cut(rest, 4, rest.n);
    if (cut_last(&rest, '#', &tail))
        ret->subpath = clean_path(a, ret, tail, true);
    struct hn_str qualifiers = {NULL, 0};
    cut_last(&rest, '?', &qualifiers);
    if (!read_type(a, ret, &rest, ret_why) || !read_qualifiers(a, ret, qualifiers, ret_why))
        return false;
    read_version(a, ret, &rest);
    read_path(a, ret, rest);
    if (a->failed)
        return refuse(ret_why, "out of memory");
    if (!components_valid(ret, ret_why) || !settle_qualifiers(a, ret, ret_why))
        return false;
    hn_purl_apply_type(a, ret);
    return true;
}

bool hn_purl_build(struct hn_arena *a, struct hn_purl *p, const char **ret_why)
{
    p->faults = 0;
    p->type = lowered(a, p, p->type, HN_PURL_CASE);
    p->namespace = without_slashes(p->namespace);
    p->subpath = without_slashes(p->subpath);
    if (!components_valid(p, ret_why) || !settle_qualifiers(a, p, ret_why))
        return false;
    hn_purl_apply_type(a, p);
    return !a->failed || refuse(ret_why, "out of memory");
}

/* ---------------------------------------------------------------- writing */

void hn_purl_write(const struct hn_purl *p, struct hn_buf *out)
{
    hn_buf_c(out, "pkg:");
    hn_buf_str(out, p->type);
    hn_buf_chr(out, '/');
    if (p->namespace.n) {
        encode(out, p->namespace, true);
        hn_buf_chr(out, '/');
    }
    encode(out, p->name, hn_str_eqc(p->type, "git"));
    if (p->version.n) {
        hn_buf_chr(out, '@');
        encode(out, p->version, false);
    }
    for (size_t i = 0; i < p->n_qualifiers; i++) {
        hn_buf_chr(out, i ? '&' : '?');
        hn_buf_str(out, p->qualifiers[i].key);
        hn_buf_chr(out, '=');
        encode(out, p->qualifiers[i].value, false);
    }
    if (p->subpath.n) {
        hn_buf_chr(out, '#');
        encode(out, p->subpath, true);
    }
}

struct hn_str hn_purl_text(const struct hn_purl *p, struct hn_arena *a)
{
    struct hn_buf b;
    hn_buf_init(&b, 4 * HN_PURL_TEXT_MAX);
    hn_purl_write(p, &b);
    struct hn_str r = hn_arena_str(a, hn_buf_text(&b));
    hn_buf_done(&b);
    return r;
}

struct hn_str hn_purl_qualifier(const struct hn_purl *p, const char *key)
{
    for (size_t i = 0; i < p->n_qualifiers; i++)
        if (hn_str_eqc(p->qualifiers[i].key, key))
            return p->qualifiers[i].value;
    return (struct hn_str){"", 0};
}

static bool has_qualifier(const struct hn_purl *p, const struct hn_purl_qualifier *q)
{
    for (size_t k = 0; k < p->n_qualifiers; k++)
        if (hn_str_eq(q->key, p->qualifiers[k].key) && hn_str_eq(q->value, p->qualifiers[k].value))
            return true;
    return false;
}

bool hn_purl_covers(struct hn_arena *a, const struct hn_purl *general, const struct hn_purl *p)
{
    if (!hn_str_eq(general->type, p->type) || !hn_str_eq(general->namespace, p->namespace) ||
        !hn_str_eq(general->name, p->name))
        return false;
    if (general->version.n && !hn_str_eq(general->version, p->version))
        return false;
    if (general->subpath.n && !hn_str_eq(general->subpath, p->subpath))
        return false;
    for (size_t i = 0; i < general->n_qualifiers; i++) {
        const struct hn_purl_qualifier *q = &general->qualifiers[i];
        bool in = hn_str_eqc(q->key, "vers") && p->version.n && hn_vers_holds(a, q->value, p->version) == HN_VERS_IN;
        if (!in && !has_qualifier(p, q))
            return false;
    }
    return true;
}
