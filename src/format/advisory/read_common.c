/* What the readers share: lists, dates, small texts, trees, walking large documents. */
#include <string.h>

#include "base/hash.h"
#include "format/advisory/read_in.h"

#define SUMMARY_MAX 200u
#define DETAILS_MAX ((size_t)1 << 20)

/* ---------------------------------------------------------------- lists */

void *hn_adv_push(struct hn_arena *a, struct hn_adv_vec *v, size_t size)
{
    if (v->n == v->cap) {
        size_t cap = v->cap ? 2 * v->cap : 4;
        char *p = hn_arena_alloc(a, cap * size);
        if (!p)
            return NULL;
        if (v->n)
            memcpy(p, v->p, v->n * size);
        v->p = p;
        v->cap = cap;
    }
    return (char *)v->p + size * v->n++;
}

void hn_adv_push_str(struct hn_arena *a, struct hn_adv_vec *v, struct hn_str s)
{
    struct hn_str *p = s.n ? hn_adv_push(a, v, sizeof s) : NULL;
    if (p)
        *p = s;
}

void hn_adv_push_str_once(struct hn_arena *a, struct hn_adv_vec *v, struct hn_str s)
{
    const struct hn_str *p = v->p;
    for (size_t i = 0; i < v->n; i++)
        if (hn_str_eq(p[i], s))
            return;
    hn_adv_push_str(a, v, s);
}

/* ---------------------------------------------------------------- small texts */

#define YEAR_1980 (INT64_C(315532800) * HN_SECOND) /* what claims to be older is a zero value ("0001-01-01…") */

hn_time hn_adv_time(struct hn_str s)
{
    char zoned[40];
    hn_time t;
    if (hn_time_parse(s, &t))
        return t >= YEAR_1980 ? t : 0;
    if (s.n < 16 || s.n + 4 > sizeof zoned)
        return 0;
    memcpy(zoned, s.p, s.n);
    memcpy(zoned + s.n, s.n == 16 ? ":00Z" : "Z", s.n == 16 ? 4 : 1); /* without seconds; without a zone */
    if (hn_time_parse((struct hn_str){zoned, s.n + (s.n == 16 ? 4 : 1)}, &t))
        return t >= YEAR_1980 ? t : 0;
    return 0;
}

struct hn_str hn_adv_first_line(struct hn_str text)
{
    struct hn_str s = hn_str_trim(text);
    for (size_t i = 0; i < s.n && i < SUMMARY_MAX; i++) {
        if (s.p[i] == '\n' || s.p[i] == '\r')
            return hn_str_trim(hn_str_cut(s, 0, i));
        if (s.p[i] == '.' && i + 1 < s.n && (s.p[i + 1] == ' ' || s.p[i + 1] == '\n') && i > 20)
            return hn_str_cut(s, 0, i + 1);
    }
    return s.n <= SUMMARY_MAX ? s : hn_str_cut(s, 0, hn_utf8_valid_len(hn_bytes_of(s.p, SUMMARY_MAX)));
}

enum hn_adv_cvss hn_adv_cvss_of(struct hn_str vector)
{
    static const struct {
        const char *prefix;
        enum hn_adv_cvss cvss;
    } prefixes[] = {{"CVSS:3.1/", HN_CVSS_31},
                    {"CVSS:3.0/", HN_CVSS_30},
                    {"CVSS:4.0/", HN_CVSS_40},
                    {"AV:", HN_CVSS_2},
                    {"(AV:", HN_CVSS_2}};
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
        if (hn_str_starts(vector, prefixes[i].prefix))
            return prefixes[i].cvss;
    return HN_CVSS_NONE;
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

bool hn_adv_is_cve(struct hn_str id)
{
    if (id.n < 13 || !hn_str_starts(id, "CVE-") || id.p[8] != '-')
        return false;
    for (size_t i = 4; i < id.n; i++)
        if (i != 8 && !digit(id.p[i]))
            return false;
    return true;
}

struct hn_str hn_adv_cwe_in(struct hn_str text)
{
    ptrdiff_t at = hn_str_find(text, HN_STR("CWE-"));
    size_t end = (size_t)at + 4;
    if (at < 0)
        return HN_STR("");
    while (end < text.n && digit(text.p[end]))
        end++;
    return end > (size_t)at + 4 ? hn_str_cut(text, (size_t)at, end) : HN_STR("");
}

/* ---------------------------------------------------------------- purl */

static struct hn_str percent_decoded(struct hn_arena *a, struct hn_str s)
{
    struct hn_str ret;
    if (hn_str_chr(s, '%') < 0)
        return s;
    char *out = hn_arena_alloc(a, s.n + 1);
    size_t n = 0;
    if (!out)
        return HN_STR("");
    for (size_t i = 0; i < s.n; i++) {
        int high = s.p[i] == '%' && i + 2 < s.n ? hn_hex_digit(s.p[i + 1]) : -1,
            low = high >= 0 ? hn_hex_digit(s.p[i + 2]) : -1;
        if (high >= 0 && low >= 0) {
            out[n++] = (char)((unsigned)high << 4 | (unsigned)low);
            i += 2;
        } else {
            out[n++] = s.p[i];
        }
    }
    return hn_str_from_utf8(hn_bytes_of(out, n), &ret) ? ret : s;
}

static ptrdiff_t last_chr(struct hn_str s, char c)
{
    for (size_t i = s.n; i-- > 0;)
        if (s.p[i] == c)
            return (ptrdiff_t)i;
    return -1;
}

static void take_qualifiers(struct hn_arena *a, struct hn_str rest, struct hn_adv_purl *ret)
{
    struct hn_str one;
    while (hn_str_split(&rest, '&', &one)) {
        ptrdiff_t eq = hn_str_chr(one, '=');
        struct hn_str key = hn_str_cut(one, 0, eq > 0 ? (size_t)eq : 0);
        struct hn_str value = hn_str_cut(one, eq > 0 ? (size_t)eq + 1 : one.n, one.n);
        if (hn_str_eqc(key, "distro"))
            ret->distro = percent_decoded(a, value);
        else if (hn_str_eqc(key, "epoch"))
            ret->epoch = percent_decoded(a, value);
        else if (hn_str_eqc(key, "arch"))
            ret->arch = percent_decoded(a, value);
    }
}

/* purl-spec, "how to parse": from the right; what the rules of a type would change is left to the folding of names. */
bool hn_adv_purl_parts(struct hn_arena *a, struct hn_str purl, struct hn_adv_purl *ret)
{
    ptrdiff_t at;
    memset(ret, 0, sizeof *ret);
    if (!hn_str_starts(purl, "pkg:"))
        return false;
    struct hn_str s = hn_str_cut(purl, 4, purl.n);
    while (s.n && s.p[0] == '/')
        s = hn_str_cut(s, 1, s.n);
    if ((at = hn_str_chr(s, '#')) >= 0)
        s = hn_str_cut(s, 0, (size_t)at);
    if ((at = hn_str_chr(s, '?')) >= 0) {
        take_qualifiers(a, hn_str_cut(s, (size_t)at + 1, s.n), ret);
        s = hn_str_cut(s, 0, (size_t)at);
    }
    if ((at = hn_str_chr(s, '/')) <= 0)
        return false;
    ret->type = hn_str_cut(s, 0, (size_t)at);
    s = hn_str_cut(s, (size_t)at + 1, s.n);
    at = last_chr(s, '@');
    if (at > 0 && at > last_chr(s, '/')) {
        ret->version = percent_decoded(a, hn_str_cut(s, (size_t)at + 1, s.n));
        s = hn_str_cut(s, 0, (size_t)at);
    }
    at = last_chr(s, '/');
    ret->name = percent_decoded(a, hn_str_cut(s, (size_t)(at + 1), s.n));
    ret->namespace = percent_decoded(a, hn_str_cut(s, 0, at > 0 ? (size_t)at : 0));
    return ret->name.n != 0;
}

void hn_adv_fill_from_purl(struct hn_arena *a, struct hn_adv_affected *f)
{
    struct hn_adv_purl p;
    if ((f->ecosystem.n && f->name.n) || !f->purl.n || !hn_adv_purl_parts(a, f->purl, &p))
        return;
    struct hn_str ecosystem = hn_adv_ecosystem_of_purl(p.type, p.namespace);
    bool distribution = hn_str_eqc(p.type, "deb") || hn_str_eqc(p.type, "rpm") || hn_str_eqc(p.type, "apk");
    if (!ecosystem.n)
        return;
    if (!f->ecosystem.n)
        f->ecosystem = ecosystem;
    if (f->name.n)
        return;
    f->name = p.name;
    if (p.namespace.n && !distribution)
        f->name =
            hn_arena_fmt(a, "%.*s%c%.*s", HN_FMT(p.namespace), hn_str_eqc(p.type, "maven") ? ':' : '/', HN_FMT(p.name));
}

/* ---------------------------------------------------------------- pulling */

bool hn_adv_leave(struct hn_jr *r)
{
    unsigned depth = r->depth;
    while (r->depth >= depth) {
        enum hn_jtok t = hn_jr_next(r);
        if (t == HN_J_ERR || t == HN_J_END)
            return false;
    }
    return true;
}

bool hn_adv_cwes_next(struct hn_jr *r, struct hn_arena *a, struct hn_adv_strs *ret)
{
    struct hn_adv_vec v = {0};
    unsigned depth = r->depth;
    do {
        enum hn_jtok t = hn_jr_next(r);
        if (t == HN_J_ERR || t == HN_J_END)
            return false;
        if (t == HN_J_STR && v.n < 64)
            hn_adv_push_str_once(a, &v, hn_adv_cwe_in(hn_jr_text(r, a)));
    } while (r->depth > depth);
    *ret = hn_adv_vec_strs(&v);
    return true;
}

/* ---------------------------------------------------------------- trees */

struct hn_adv_strs hn_adv_tree_strs(struct hn_arena *a, const struct hn_jv *v)
{
    struct hn_adv_vec list = {0};
    if (v && v->kind == HN_JV_STR)
        hn_adv_push_str(a, &list, v->s);
    HN_ADV_EACH(item, v)
        if (item->kind == HN_JV_STR)
            hn_adv_push_str(a, &list, item->s);
    return hn_adv_vec_strs(&list);
}

struct hn_str hn_adv_tree_str(const struct hn_jv *obj, const char *key)
{
    struct hn_str s = hn_jv_str(obj, key);
    return s.p ? s : HN_STR("");
}

hn_time hn_adv_tree_time(const struct hn_jv *obj, const char *key)
{
    return hn_adv_time(hn_adv_tree_str(obj, key));
}

void hn_adv_tree_references(struct hn_arena *a, const struct hn_jv *list, struct hn_adv_text *ret)
{
    struct hn_adv_vec v = {0};
    for (size_t i = 0; i < ret->n_references; i++) {
        struct hn_adv_reference *r = hn_adv_push(a, &v, sizeof *r);
        if (r)
            *r = ret->references[i];
    }
    HN_ADV_EACH(item, list) {
        struct hn_str url = item->kind == HN_JV_STR ? item->s : hn_adv_tree_str(item, "url");
        struct hn_adv_reference *r = url.n ? hn_adv_push(a, &v, sizeof *r) : NULL;
        const struct hn_jv *tags = hn_jv_get(item, "tags");
        if (!r)
            continue;
        r->url = url;
        r->type = tags && tags->kind == HN_JV_ARR && tags->n && tags->items[0].kind == HN_JV_STR
                      ? tags->items[0].s
                      : hn_adv_tree_str(item, "category");
    }
    ret->references = v.p;
    ret->n_references = v.n;
}

bool hn_adv_tree_cvss(const struct hn_jv *cvss, struct hn_adv_severity *ret)
{
    struct hn_str vector = hn_adv_tree_str(cvss, "vectorString");
    double score = hn_jv_num(cvss, "baseScore", -1);
    enum hn_adv_cvss version = hn_adv_cvss_of(vector);
    if (!version)
        return false;
    *ret = (struct hn_adv_severity){.cvss = version, .vector = vector, .score = -1};
    ret->word = hn_adv_tree_str(cvss, "baseSeverity");
    ret->source = HN_STR("");
    if (score >= 0 && score <= 10)
        ret->score = (int16_t)(score * 10 + 0.5);
    return true;
}

/* ---------------------------------------------------------------- CPE configurations */

static void push_match(struct hn_arena *a, struct hn_adv_vec *v, const struct hn_jv *item)
{
    struct hn_adv_cpe_match m = {.criteria = hn_adv_tree_str(item, "criteria")};
    if (!m.criteria.n)
        m.criteria = hn_adv_tree_str(item, "cpe23Uri"); /* NVD 1.1 */
    m.vulnerable = hn_jv_bool(item, "vulnerable", true);
    m.start_including = hn_adv_tree_str(item, "versionStartIncluding");
    m.start_excluding = hn_adv_tree_str(item, "versionStartExcluding");
    m.end_including = hn_adv_tree_str(item, "versionEndIncluding");
    m.end_excluding = hn_adv_tree_str(item, "versionEndExcluding");
    struct hn_adv_cpe_match *p = m.criteria.n ? hn_adv_push(a, v, sizeof *p) : NULL;
    if (p)
        *p = m;
}

static void push_node(struct hn_arena *a, struct hn_adv_vec *nodes, const struct hn_jv *node, int32_t parent,
                      unsigned depth)
{
    struct hn_adv_vec matches = {0};
    const struct hn_jv *list = hn_jv_get(node, "cpeMatch");
    int32_t self = (int32_t)nodes->n;
    if (depth > 8 || nodes->n > 100000)
        return;
    HN_ADV_EACH(m, list ? list : hn_jv_get(node, "cpe_match"))
        push_match(a, &matches, m);
    struct hn_adv_cpe_node *p = hn_adv_push(a, nodes, sizeof *p);
    if (!p)
        return;
    *p = (struct hn_adv_cpe_node){.parent = parent,
                                  .all = hn_str_eqc(hn_adv_tree_str(node, "operator"), "AND"),
                                  .negate = hn_jv_bool(node, "negate", false),
                                  .matches = matches.p,
                                  .n = matches.n};
    HN_ADV_EACH(child, hn_jv_get(node, "nodes"))
        push_node(a, nodes, child, self, depth + 1);
    HN_ADV_EACH(child, hn_jv_get(node, "children")) /* NVD 1.1 */
        push_node(a, nodes, child, self, depth + 1);
}

void hn_adv_tree_nodes(struct hn_arena *a, const struct hn_jv *configurations, struct hn_adv_vec *nodes)
{
    HN_ADV_EACH(configuration, configurations)
        push_node(a, nodes, configuration, -1, 0);
}

/* ---------------------------------------------------------------- documents */

bool hn_adv_give(const struct hn_adv_sink *s, struct hn_adv *adv, const struct hn_adv_text *text, uint64_t offset)
{
    struct hn_adv_text cut = *text;
    if (!adv->id.n || adv->id.n > HN_ADV_ID_MAX || s->arena->failed) {
        s->bad(s->arg, adv->id.n > HN_ADV_ID_MAX ? hn_str_cut(adv->id, 0, 64) : adv->id, offset,
               s->arena->failed ? "too large"
               : adv->id.n      ? "its id is too long"
                                : "it has no id");
        return false;
    }
    if (cut.details.n > DETAILS_MAX)
        cut.details = hn_str_cut(cut.details, 0, hn_utf8_valid_len(hn_bytes_of(cut.details.p, DETAILS_MAX)));
    s->record(s->arg, adv, &cut);
    return true;
}

const struct hn_jv *hn_adv_tree(struct hn_bytes doc, const struct hn_adv_sink *s)
{
    struct hn_jr r;
    hn_jr_init(&r, doc, HN_ADV_DEPTH, 0);
    const struct hn_jv *v = hn_jv_build(s->arena, &r, hn_jr_next(&r));
    if (v && hn_jr_next(&r) == HN_J_END && v->kind == HN_JV_OBJ)
        return v;
    s->bad(s->arg, HN_STR(""), r.why ? r.at : r.off,
           r.why              ? r.why
           : s->arena->failed ? "too large"
                              : "an object was expected");
    hn_arena_clear(s->arena);
    return NULL;
}

/* The value that comes next as a tree, or why not. One that does not fit the arena is passed over. */
static const struct hn_jv *next_tree(struct hn_jr *r, const struct hn_adv_sink *s, struct hn_str entry)
{
    struct hn_jr before = *r;
    const struct hn_jv *v = hn_jv_build(s->arena, r, hn_jr_next(r));
    if (v || r->why)
        return v;
    *r = before;
    hn_jr_skip(r);
    s->bad(s->arg, entry, before.off, "too large");
    return NULL;
}

static void each_item(struct hn_jr *r, const struct hn_adv_sink *s,
                      void (*each)(void *arg, const struct hn_jv *v, uint64_t offset), void *arg)
{
    for (;;) {
        struct hn_jr peek = *r;
        if (hn_jr_next(&peek) == HN_J_ARR_END) {
            *r = peek;
            return;
        }
        uint64_t offset = r->off;
        const struct hn_jv *v = next_tree(r, s, HN_STR(""));
        if (r->why)
            return;
        if (v)
            each(arg, v, offset);
        hn_arena_clear(s->arena);
    }
}

bool hn_adv_each_member(struct hn_bytes doc, const char *key, const struct hn_adv_sink *s,
                        void (*each)(void *arg, const struct hn_jv *v, uint64_t offset),
                        void (*other)(void *arg, struct hn_str key, struct hn_str value), void *arg)
{
    struct hn_jr r;
    bool found = false;
    hn_jr_init(&r, doc, HN_ADV_DEPTH, 0);
    enum hn_jtok t = hn_jr_next(&r);
    while (t == HN_J_OBJ && hn_jr_next(&r) == HN_J_KEY) {
        struct hn_str name = hn_jr_text(&r, s->arena);
        struct hn_jr before = r;
        enum hn_jtok v = hn_jr_next(&r);
        if (v == HN_J_ARR && hn_str_eqc(name, key)) {
            found = true;
            each_item(&r, s, each, arg);
        } else if (v == HN_J_STR && other) {
            other(arg, name, hn_jr_text(&r, s->arena));
        } else {
            r = before;
            hn_jr_skip(&r);
        }
        hn_arena_clear(s->arena);
    }
    if (r.why || !found || hn_jr_next(&r) != HN_J_END)
        s->bad(s->arg, HN_STR(""), r.why ? r.at : r.off, r.why ? r.why : "the list of records is missing");
    return found;
}

bool hn_adv_each_pair(struct hn_bytes doc, const struct hn_adv_sink *s,
                      void (*each)(void *arg, struct hn_str key, const struct hn_jv *v, uint64_t offset), void *arg)
{
    struct hn_jr r;
    bool found = false;
    hn_jr_init(&r, doc, HN_ADV_DEPTH, 0);
    enum hn_jtok t = hn_jr_next(&r);
    while (t == HN_J_OBJ && hn_jr_next(&r) == HN_J_KEY) {
        struct hn_str key = hn_jr_text(&r, s->arena);
        uint64_t offset = r.off;
        const struct hn_jv *v = next_tree(&r, s, key);
        if (v)
            each(arg, key, v, offset);
        found |= v != NULL;
        hn_arena_clear(s->arena);
    }
    if (r.why || t != HN_J_OBJ || hn_jr_next(&r) != HN_J_END)
        s->bad(s->arg, HN_STR(""), r.why ? r.at : r.off, r.why ? r.why : "an object was expected");
    return found;
}
