/* Questions to the rules of CycloneDX XML. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "format/sbom/cdx_xml.h"

const struct cdx_xelem *cdx_xml_element(const struct cdx_xtype *t, struct hn_str name, unsigned version)
{
    for (unsigned i = 0; i < t->n_elems; i++) {
        const struct cdx_xelem *e = &cdx_xelems[t->elems + i];
        if ((e->versions & version) && hn_str_eqc(name, e->name))
            return e;
    }
    return NULL;
}

const struct cdx_xattr *cdx_xml_attribute(const struct cdx_xtype *t, struct hn_str name, unsigned version)
{
    for (unsigned i = 0; i < t->n_attrs; i++) {
        const struct cdx_xattr *a = &cdx_xattrs[t->attrs + i];
        if ((a->versions & version) && hn_str_eqc(name, a->name))
            return a;
    }
    return NULL;
}

/* ---- content models: deterministic (XML schema 3.8.6, unique particle attribution), so greed is enough ---- */

struct matching {
    const uint8_t *children;
    size_t n;
    unsigned version;
    size_t farthest;
    const char *missing;
};

#define NO_MATCH ((size_t)-1)

static size_t match(struct matching *m, const struct cdx_xpart *p, size_t i);

static size_t match_sequence(struct matching *m, const struct cdx_xpart *p, size_t i)
{
    for (unsigned k = 0; k < p->n && i != NO_MATCH; k++)
        if (cdx_xparts[p->a + k].versions & m->version)
            i = match(m, &cdx_xparts[p->a + k], i);
    return i;
}

static size_t match_choice(struct matching *m, const struct cdx_xpart *p, size_t i)
{
    bool empty = false;

    for (unsigned k = 0; k < p->n; k++) {
        const struct cdx_xpart *q = &cdx_xparts[p->a + k];
        size_t j = q->versions & m->version ? match(m, q, i) : NO_MATCH;
        if (j != NO_MATCH && j > i)
            return j;
        empty |= j == i;
    }
    return empty ? i : NO_MATCH;
}

static size_t match_once(struct matching *m, const struct cdx_xpart *p, size_t i)
{
    switch (p->kind) {
    case CDX_P_SEQUENCE:
        return match_sequence(m, p, i);
    case CDX_P_CHOICE:
        return match_choice(m, p, i);
    case CDX_P_ANY:
        return i < m->n && m->children[i] == CDX_ANY ? i + 1 : NO_MATCH;
    default:
        if (i < m->n && m->children[i] == cdx_xelems[p->a].sym)
            return i + 1;
        if (p->min && i >= m->farthest) {
            m->farthest = i;
            m->missing = cdx_xelems[p->a].name;
        }
        return NO_MATCH;
    }
}

static size_t match(struct matching *m, const struct cdx_xpart *p, size_t i)
{
    unsigned times = 0;

    for (;;) {
        size_t j = match_once(m, p, i);
        if (j == NO_MATCH)
            break;
        times++;
        bool moved = j > i;
        i = j;
        if (i > m->farthest) {
            m->farthest = i;
            m->missing = NULL;
        }
        if (!p->many || !moved)
            break;
    }
    return times >= p->min ? i : NO_MATCH;
}

bool cdx_xml_matches(const struct cdx_xtype *t, unsigned version, const uint8_t *children, size_t n, size_t *ret_at,
                     const char **ret_missing)
{
    struct matching m = {.children = children, .n = n, .version = version};
    size_t end = match(&m, &cdx_xparts[t->part], 0);

    if (end == n)
        return true;
    *ret_at = m.farthest;
    *ret_missing = end == NO_MATCH ? m.missing : NULL;
    return false;
}

/* ---- texts ---- */

struct hn_str cdx_words_text(struct hn_arena *a, const struct cdx_enum *e, unsigned version, struct hn_str s)
{
    const char *names[64] = {0};
    size_t n = 0;
    HN_AUTO(hn_buf_done) struct hn_buf buf;

    hn_buf_init(&buf, 190);
    for (size_t i = 0; i < e->n && n < sizeof names / sizeof *names; i++)
        if (cdx_words[e->words + i].versions & version)
            names[n++] = cdx_words[e->words + i].word;
    const char *near = hn_str_nearest(s, names, n);
    if (near)
        return hn_str_c(near);
    for (size_t i = 0; i < n && buf.n < 150; i++)
        hn_buf_fmt(&buf, "%s%s", i ? ", " : "", names[i]);
    return hn_arena_str(a, hn_buf_text(&buf));
}

static bool is_decimal(struct hn_str s, bool integer)
{
    size_t i = s.n && (s.p[0] == '-' || s.p[0] == '+'), digits = 0, points = 0;

    for (; i < s.n; i++) {
        digits += s.p[i] >= '0' && s.p[i] <= '9';
        points += s.p[i] == '.';
        if (s.p[i] != '.' && (s.p[i] < '0' || s.p[i] > '9'))
            return false;
    }
    return digits > 0 && points <= !integer;
}

static const char *number_fault(const struct cdx_value *v, struct hn_str s, struct hn_str *ret_a)
{
    char text[64];

    *ret_a = s;
    if (!is_decimal(s, v->kind == CDX_V_INT))
        return v->kind == CDX_V_INT ? "not-an-integer" : "not-a-number";
    size_t n = s.n < sizeof text - 1 ? s.n : sizeof text - 1;
    memcpy(text, s.p, n);
    text[n] = '\0';
    double d = strtod(text, NULL);
    if (v->min > -INT32_MAX && d < v->min)
        return "too-small";
    return v->max < INT32_MAX && d > v->max ? "too-big" : NULL;
}

static const char *word_fault(struct hn_arena *a, const struct cdx_enum *e, unsigned version, struct hn_str s,
                              struct hn_str *ret_b)
{
    for (size_t i = 0; i < e->n; i++)
        if (hn_str_eqc(s, cdx_words[e->words + i].word))
            return cdx_words[e->words + i].versions & version ? NULL : "word-of-other-version";
    *ret_b = cdx_words_text(a, e, version, s);
    return "bad-word";
}

static size_t characters(struct hn_str s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
    return n;
}

const char *cdx_text_fault(struct hn_arena *a, unsigned value, unsigned version, struct hn_str s, struct hn_str *ret_a,
                           struct hn_str *ret_b)
{
    const struct cdx_value *v = &cdx_values[value];
    const char *code = NULL;

    *ret_a = s;
    *ret_b = HN_STR("");
    switch (v->kind) {
    case CDX_V_STR:
        return v->min > 0 && characters(s) < (size_t)v->min           ? "too-short"
               : v->max < INT32_MAX && characters(s) > (size_t)v->max ? "too-long"
                                                                      : NULL;
    case CDX_V_INT:
    case CDX_V_NUM:
        return number_fault(v, s, ret_a);
    case CDX_V_BOOL:
        return hn_str_eqc(s, "true") || hn_str_eqc(s, "false") || hn_str_eqc(s, "1") || hn_str_eqc(s, "0")
                   ? NULL
                   : "not-a-boolean";
    case CDX_V_ENUM:
        return word_fault(a, &cdx_enums[v->a], version, s, ret_b);
    case CDX_V_FORMAT:
        *ret_b = hn_str_c(cdx_format_name((enum cdx_format)v->a));
        if (cdx_format_is((enum cdx_format)v->a, s))
            return NULL;
        return v->a == CDX_IS_LICENCE_ID ? "bad-licence-id" : "bad-form";
    case CDX_V_ANY_OF:
        for (unsigned i = 0; i < v->n; i++)
            if (!(code = cdx_text_fault(a, cdx_alternatives[v->a + i], version, s, ret_a, ret_b)))
                return NULL;
        return code;
    default:
        return NULL;
    }
}
