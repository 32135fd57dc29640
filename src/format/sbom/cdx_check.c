/* A CycloneDX JSON text against the rules: one walk with the pull reader. Every value gives a hash that does not depend
 * on the order of members or on blanks, so that "items differ" costs no second walk. */
#include "format/sbom/cdx_check.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"
#include "format/sbom/cdx_xml.h"

struct step {          /* of the JSON pointer to where we are */
    struct hn_str key; /* p == NULL: index */
    size_t index;
};

struct item { /* of an array whose items must differ */
    uint64_t hash;
    size_t index;
};

struct checking {
    struct hn_bom *b;
    struct hn_jr jr;
    size_t skip;
    unsigned version; /* bit */
    unsigned quiet;   /* trying an alternative: errors are only counted */
    size_t errors;
    bool broken;
    struct step path[CDX_DEPTH + 1];
    unsigned depth;
    struct item *items;
    size_t n_items, cap_items;
};

/* ---- notes ---- */

static struct hn_str pointer(struct checking *c)
{
    HN_AUTO(hn_buf_done) struct hn_buf buf;

    hn_buf_init(&buf, 4096);
    for (unsigned i = 0; i < c->depth; i++) {
        if (!c->path[i].key.p) {
            hn_buf_fmt(&buf, "/%zu", c->path[i].index);
            continue;
        }
        hn_buf_chr(&buf, '/');
        for (size_t k = 0; k < c->path[i].key.n; k++) { /* RFC 6901 */
            char x = c->path[i].key.p[k];
            if (x == '~' || x == '/')
                hn_buf_c(&buf, x == '~' ? "~0" : "~1");
            else
                hn_buf_chr(&buf, x);
        }
    }
    return hn_arena_str(c->b->arena, hn_buf_text(&buf));
}

static void error(struct checking *c, const char *code, struct hn_str a, struct hn_str b)
{
    c->errors++;
    if (c->quiet)
        return;
    struct hn_bom_note *n = hn_bom_note_at(c->b, HN_BOM_NOTE_ERROR, code, c->skip + c->jr.off, a, b);
    if (n)
        n->place = pointer(c);
}

static struct hn_str shown(struct checking *c)
{
    return hn_str_from_hostile(c->b->arena, hn_str_bytes(c->jr.raw), 80);
}

static struct hn_str number_text(struct checking *c, int32_t v)
{
    return c->quiet ? HN_STR("") : hn_arena_fmt(c->b->arena, "%d", v);
}

/* ---- hashes of values ---- */

static uint64_t mix(uint64_t h, uint64_t x)
{
    h ^= x;
    h *= UINT64_C(0x9E3779B97F4A7C15);
    return h ^ h >> 29;
}

static struct hn_str text(struct checking *c)
{
    return hn_jr_text(&c->jr, c->b->arena);
}

static uint64_t scalar_hash(struct checking *c, enum hn_jtok t)
{
    if (t == HN_J_STR)
        return hn_hash64(hn_str_bytes(text(c)));
    if (t != HN_J_NUM)
        return mix(17, t);
    double d = hn_jr_num(&c->jr);
    return mix(19, hn_hash64(hn_bytes_of(&d, sizeof d)));
}

/* ---- walking ---- */

static uint64_t check_value(struct checking *c, unsigned value, enum hn_jtok t);

static enum hn_jtok next(struct checking *c)
{
    enum hn_jtok t = hn_jr_next(&c->jr);

    c->broken |= t == HN_J_ERR || t == HN_J_END;
    return c->broken ? HN_J_ERR : t;
}

static uint64_t walk(struct checking *c, enum hn_jtok t)
{
    uint64_t sum = t == HN_J_OBJ ? 1 : 2;

    if (t != HN_J_OBJ && t != HN_J_ARR)
        return scalar_hash(c, t);
    while (!c->broken && (t = next(c)) != HN_J_OBJ_END && t != HN_J_ARR_END) {
        if (t == HN_J_KEY) {
            uint64_t key = hn_hash64(hn_str_bytes(text(c)));
            sum += mix(key, walk(c, next(c)));
        } else if (t != HN_J_ERR) {
            sum = mix(sum, walk(c, t));
        }
    }
    return sum;
}

static uint64_t wrong_type(struct checking *c, const char *wanted, enum hn_jtok t)
{
    static const char *const found[] = {
        [HN_J_OBJ] = "object", [HN_J_ARR] = "array",   [HN_J_STR] = "string", [HN_J_NUM] = "number",
        [HN_J_TRUE] = "true",  [HN_J_FALSE] = "false", [HN_J_NULL] = "null"};

    if (t == HN_J_ERR)
        return 0;
    error(c, "type-needed", hn_str_c(wanted), hn_str_c(found[t]));
    c->errors += 1000; /* the least likely of alternatives */
    return walk(c, t);
}

/* ---- scalars ---- */

static size_t characters(struct hn_str s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
    return n;
}

static uint64_t check_string(struct checking *c, const struct cdx_value *v)
{
    struct hn_str s = text(c);
    size_t n = v->min > 0 || v->max < INT32_MAX ? characters(s) : 0;

    if (v->min > 0 && n < (size_t)v->min)
        error(c, "too-short", number_text(c, v->min), HN_STR(""));
    if (n > (size_t)v->max)
        error(c, "too-long", number_text(c, v->max), HN_STR(""));
    return hn_hash64(hn_str_bytes(s));
}

static uint64_t check_number(struct checking *c, const struct cdx_value *v)
{
    double d = hn_jr_num(&c->jr);

    if (v->kind == CDX_V_INT && !(d >= -9.3e18 && d <= 9.3e18 && d == (double)(int64_t)d))
        error(c, "not-an-integer", shown(c), HN_STR(""));
    if (v->min > -INT32_MAX && d < v->min)
        error(c, "too-small", shown(c), number_text(c, v->min));
    if (v->max < INT32_MAX && d > v->max)
        error(c, "too-big", shown(c), number_text(c, v->max));
    return scalar_hash(c, HN_J_NUM);
}

static uint64_t check_word(struct checking *c, const struct cdx_value *v)
{
    const struct cdx_enum *e = &cdx_enums[v->a];
    struct hn_str s = text(c);

    for (size_t i = 0; i < e->n; i++) {
        const struct cdx_word *w = &cdx_words[e->words + i];
        if (!hn_str_eqc(s, w->word))
            continue;
        if (!(w->versions & c->version))
            error(c, "word-of-other-version", s, HN_STR(""));
        return hn_hash64(hn_str_bytes(s));
    }
    error(c, "bad-word", s, c->quiet ? HN_STR("") : cdx_words_text(c->b->arena, e, c->version, s));
    return hn_hash64(hn_str_bytes(s));
}

static uint64_t check_format(struct checking *c, const struct cdx_value *v)
{
    struct hn_str s = text(c);

    if (!cdx_format_is((enum cdx_format)v->a, s))
        error(c, v->a == CDX_IS_LICENCE_ID ? "bad-licence-id" : "bad-form", s,
              hn_str_c(cdx_format_name((enum cdx_format)v->a)));
    return hn_hash64(hn_str_bytes(s));
}

/* ---- arrays ---- */

static bool push_item(struct checking *c, uint64_t hash, size_t index)
{
    if (c->n_items == c->cap_items) {
        size_t more = c->cap_items ? c->cap_items * 2 : 256;
        struct item *p = hn_realloc(c->items, more * sizeof *p);
        if (!p)
            return false;
        c->items = p;
        c->cap_items = more;
    }
    c->items[c->n_items++] = (struct item){hash, index};
    return true;
}

static int by_hash(const void *x, const void *y)
{
    const struct item *a = x, *b = y;
    return a->hash != b->hash ? (a->hash > b->hash) - (a->hash < b->hash)
                              : (a->index > b->index) - (a->index < b->index);
}

static void check_unique(struct checking *c, size_t from)
{
    if (c->n_items - from < 2) /* nothing may have been stored at all yet */
        return;
    qsort(c->items + from, c->n_items - from, sizeof *c->items, by_hash);
    for (size_t i = from + 1; i < c->n_items; i++)
        if (c->items[i].hash == c->items[i - 1].hash) {
            c->path[c->depth++] = (struct step){.index = c->items[i].index};
            error(c, "not-unique", number_text(c, (int32_t)c->items[i - 1].index), HN_STR(""));
            c->depth--;
        }
}

static uint64_t check_array(struct checking *c, const struct cdx_value *v)
{
    size_t n = 0, from = c->n_items;
    uint64_t sum = 2;
    enum hn_jtok t;

    while (!c->broken && (t = next(c)) != HN_J_ARR_END) {
        c->path[c->depth++] = (struct step){.index = n};
        uint64_t h = check_value(c, v->a, t);
        c->depth--;
        if (v->unique && !push_item(c, h, n))
            c->b->arena->failed = c->broken = true;
        sum = mix(sum, h);
        n++;
    }
    if (c->broken)
        return 0;
    if (v->unique)
        check_unique(c, from);
    c->n_items = from;
    if (v->min > 0 && n < (size_t)v->min)
        error(c, "too-few-items", number_text(c, v->min), HN_STR(""));
    if (n > (size_t)v->max)
        error(c, "too-many-items", number_text(c, v->max), HN_STR(""));
    return sum;
}

/* ---- objects ---- */

static const struct cdx_member *member_of(const struct checking *c, const struct cdx_type *type, struct hn_str key,
                                          unsigned *hint)
{
    const struct cdx_member *m = cdx_members + type->members;

    for (unsigned i = 0; i < type->n_members; i++) {
        unsigned at = *hint + i < type->n_members ? *hint + i : *hint + i - type->n_members;
        if ((m[at].versions & c->version) && hn_str_eqc(key, m[at].key)) {
            *hint = at + 1 < type->n_members ? at + 1 : 0;
            return &m[at];
        }
    }
    return NULL;
}

static void unknown_member(struct checking *c, const struct cdx_type *type, struct hn_str key)
{
    static const char *const version_names[] = {"1.4", "1.5", "1.6", "1.7"};
    const char *names[64] = {0};
    size_t n = 0;

    if (c->quiet) {
        c->errors++;
        return;
    }
    for (unsigned i = 0; i < type->n_members; i++) {
        const struct cdx_member *m = &cdx_members[type->members + i];
        if (hn_str_eqc(key, m->key)) { /* of another version */
            error(c, "member-of-other-version", key, hn_str_c(version_names[__builtin_ctz(m->versions)]));
            return;
        }
        if ((m->versions & c->version) && n < sizeof names / sizeof *names)
            names[n++] = m->key;
    }
    const char *near = hn_str_nearest(key, names, n);
    error(c, near ? "misspelt-member" : "no-such-member", key, hn_str_c(near ? near : type->name));
}

static struct hn_str set_names(struct checking *c, const struct cdx_type *type, const struct cdx_ask *a)
{
    HN_AUTO(hn_buf_done) struct hn_buf buf;
    uint64_t all = a->sets[0] | a->sets[1] | a->sets[2] | a->sets[3], told = 0;

    hn_buf_init(&buf, 190);
    for (unsigned i = 0; i < type->n_members; i++) {
        const struct cdx_member *m = &cdx_members[type->members + i];
        uint64_t bit = UINT64_C(1) << m->bit;
        if (!(all & bit & ~told))
            continue;
        told |= bit;
        hn_buf_fmt(&buf, "%s%s", buf.n ? ", " : "", m->key);
    }
    return hn_arena_str(c->b->arena, hn_buf_text(&buf));
}

static void check_asks(struct checking *c, const struct cdx_type *type, uint64_t seen, bool external)
{
    static const char *const codes[] = {"not-exactly-one", "not-at-least-one", "not-together", "range-not-external"};

    for (unsigned i = 0; i < type->n_asks; i++) {
        const struct cdx_ask *a = &cdx_asks[type->asks + i];
        if (!(a->versions & c->version))
            continue;
        if (!(a->kind == CDX_ASK_EXTERNAL ? external : cdx_ask_holds(a, seen)))
            error(c, codes[a->kind], set_names(c, type, a), HN_STR(""));
    }
}

static void check_required(struct checking *c, const struct cdx_type *type, uint64_t seen)
{
    for (unsigned i = 0; i < type->n_members; i++) {
        const struct cdx_member *m = &cdx_members[type->members + i];
        if (m->required && (m->versions & c->version) && !(seen >> m->bit & 1))
            error(c, "member-needed", hn_str_c(m->key), hn_str_c(type->name));
    }
}

static uint64_t check_object(struct checking *c, const struct cdx_type *type)
{
    uint64_t sum = 1, seen = 0;
    unsigned hint = 0;
    bool range = false, external = false;

    while (!c->broken && next(c) == HN_J_KEY) {
        struct hn_str key = text(c);
        const struct cdx_member *m = member_of(c, type, key, &hint);
        c->path[c->depth++] = (struct step){.key = key.p ? key : HN_STR("")};
        if (!m && !(type->open & c->version))
            unknown_member(c, type, key);
        seen |= m ? UINT64_C(1) << m->bit : 0;
        enum hn_jtok first = next(c);
        uint64_t h = m ? check_value(c, m->value, first) : walk(c, first);
        c->depth--;
        sum += mix(hn_hash64(hn_str_bytes(key)), h);
        range |= m && hn_str_eqc(key, "versionRange");
        external |= m && hn_str_eqc(key, "isExternal") && first == HN_J_TRUE;
    }
    if (c->broken)
        return 0;
    check_required(c, type, seen);
    check_asks(c, type, seen, external || !range);
    return sum;
}

/* ---- alternatives ---- */

static uint64_t check_alternatives(struct checking *c, const struct cdx_value *v, enum hn_jtok t)
{
    struct hn_jr before = c->jr;
    size_t errors = c->errors, least = SIZE_MAX, items = c->n_items;
    unsigned best = 0, fitting = 0;
    uint64_t h = 0;

    c->quiet++;
    for (unsigned i = 0; i < v->n && !c->broken; i++) {
        c->jr = before;
        c->errors = 0;
        h = check_value(c, cdx_alternatives[v->a + i], t);
        fitting += c->errors == 0;
        if (c->errors < least) {
            least = c->errors;
            best = i;
        }
        c->n_items = items;
        if (fitting && v->kind == CDX_V_ANY_OF)
            break;
    }
    c->quiet--;
    c->errors = errors;
    if (c->broken || fitting == 1 || (fitting && v->kind == CDX_V_ANY_OF))
        return h;
    if (fitting > 1) {
        error(c, "several-fit", HN_STR(""), HN_STR(""));
        return h;
    }
    c->jr = before;
    return check_value(c, cdx_alternatives[v->a + best], t);
}

/* The value whose first token is t. */
static uint64_t check_value(struct checking *c, unsigned value, enum hn_jtok t)
{
    const struct cdx_value *v = &cdx_values[value];

    if (c->broken)
        return 0;
    switch (v->kind) {
    case CDX_V_STR:
        return t == HN_J_STR ? check_string(c, v) : wrong_type(c, "string", t);
    case CDX_V_ENUM:
        return t == HN_J_STR ? check_word(c, v) : wrong_type(c, "string", t);
    case CDX_V_FORMAT:
        return t == HN_J_STR ? check_format(c, v) : wrong_type(c, "string", t);
    case CDX_V_INT:
        return t == HN_J_NUM ? check_number(c, v) : wrong_type(c, "integer", t);
    case CDX_V_NUM:
        return t == HN_J_NUM ? check_number(c, v) : wrong_type(c, "number", t);
    case CDX_V_BOOL:
        return t == HN_J_TRUE || t == HN_J_FALSE ? scalar_hash(c, t) : wrong_type(c, "true, false", t);
    case CDX_V_OBJECT:
        return t == HN_J_OBJ ? check_object(c, &cdx_types[v->a]) : wrong_type(c, "object", t);
    case CDX_V_ARRAY:
        return t == HN_J_ARR ? check_array(c, v) : wrong_type(c, "array", t);
    case CDX_V_ANY_OF:
    case CDX_V_ONE_OF:
        return check_alternatives(c, v, t);
    default:
        return walk(c, t);
    }
}

void cdx_check_json(struct hn_bom *b, struct hn_bytes json, size_t skip, unsigned version)
{
    struct checking *c = hn_alloc_zero(sizeof *c);

    if (!c) {
        b->arena->failed = true;
        return;
    }
    c->b = b;
    c->skip = skip;
    c->version = version;
    hn_jr_init(&c->jr, hn_bytes_of(json.p + skip, json.n - skip), CDX_DEPTH, UINT64_MAX);
    enum hn_jtok t = next(c);
    if (t == HN_J_OBJ)
        check_object(c, &cdx_types[0]);
    else if (t != HN_J_ERR)
        wrong_type(c, "object", t);
    hn_free(c->items);
    hn_free(c);
}

/* ---- the version that decides ---- */

unsigned cdx_version_bit(struct hn_str spec_version)
{
    if (spec_version.n == 3 && hn_str_starts(spec_version, "1.") && spec_version.p[2] >= '4' &&
        spec_version.p[2] <= '7')
        return 1u << (spec_version.p[2] - '4');
    return 0;
}

void hn_cdx_check(struct hn_bom *b)
{
    unsigned version = cdx_version_bit(b->spec_version);

    if (b->broken || b->family != HN_BOM_CYCLONEDX || b->form != HN_BOM_JSON)
        return;
    if (!version && (hn_str_eqc(b->spec_version, "1.2") || hn_str_eqc(b->spec_version, "1.3"))) {
        hn_bom_note(b, HN_BOM_NOTE_INFO, "version-unchecked", HN_STR("/specVersion"), b->spec_version, HN_STR(""));
        return;
    }
    if (!version) {
        hn_bom_note(b, HN_BOM_NOTE_ERROR, "unknown-version", HN_STR("/specVersion"), b->spec_version, HN_STR(""));
        version = 8;
    }
    size_t skip = b->text.n >= 3 && memcmp(b->text.p, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    cdx_check_json(b, b->text, skip, version);
}
