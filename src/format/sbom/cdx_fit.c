/* CycloneDX JSON made to fit one version: members and words that the version has not are left out and noted as lost, or
 * replaced by the next best word. Goes by the same rules as the check. */
#include "base/str.h"
#include "format/sbom/cdx_check.h"
#include "format/sbom/cdx_span.h"
#include "format/sbom/cdx_xml.h"

struct fitting {
    struct hn_jw w;
    struct hn_arena *a;
    struct hn_bom_notes *loss;
    unsigned version; /* bit */
    bool strict;      /* the document was of another version: what the rules do not know goes too */
    bool xml;         /* XML follows: its own members stay */
};

static void lost(struct fitting *f, const char *code, const char *where, struct hn_str what)
{
    hn_bom_note_in(f->loss, f->a, HN_BOM_NOTE_INFO, code, hn_str_c(where), what, HN_STR(""));
}

/* ---- words ---- */

struct word { /* what is said in versions that have no such word */
    const char *type, *key, *word, *instead;
};
static const struct word instead[] = {
    {"component", "type", "platform", "application"},
    {"component", "type", "device-driver", "firmware"},
    {"component", "type", "machine-learning-model", "application"},
    {"component", "type", "data", "file"},
    {"component", "type", "cryptographic-asset", "file"},
    {"component", "type", "", "library"},
    {"externalReference", "type", "", "other"},
    {"composition", "aggregate", "incomplete_first_party_proprietary_only", "incomplete_first_party_only"},
    {"composition", "aggregate", "incomplete_first_party_opensource_only", "incomplete_first_party_only"},
    {"composition", "aggregate", "incomplete_third_party_proprietary_only", "incomplete_third_party_only"},
    {"composition", "aggregate", "incomplete_third_party_opensource_only", "incomplete_third_party_only"},
    {"composition", "aggregate", "", "unknown"},
};

static bool word_known(const struct cdx_enum *e, unsigned version, struct hn_str s)
{
    for (size_t i = 0; i < e->n; i++)
        if ((cdx_words[e->words + i].versions & version) && hn_str_eqc(s, cdx_words[e->words + i].word))
            return true;
    return false;
}

/* False: the version has no such word and nothing instead. */
static bool fit_word(struct fitting *f, const struct cdx_value *v, const struct cdx_type *t, const char *key,
                     struct hn_str json)
{
    struct hn_jr r;

    hn_jr_init(&r, hn_str_bytes(json), 0, 0);
    struct hn_str s = hn_jr_next(&r) == HN_J_STR ? hn_jr_text(&r, f->a) : HN_STR("");
    if (word_known(&cdx_enums[v->a], f->version, s)) {
        hn_jw_str(&f->w, s);
        return true;
    }
    for (size_t i = 0; t && i < sizeof instead / sizeof *instead; i++) {
        const struct word *x = &instead[i];
        if (strcmp(x->type, t->name) != 0 || strcmp(x->key, key) != 0 || (x->word[0] && !hn_str_eqc(s, x->word)))
            continue;
        lost(f, "lost-word", t->name, s);
        hn_jw_c(&f->w, x->instead);
        return true;
    }
    lost(f, "lost-word", t ? t->name : key, s);
    return false;
}

/* ---- values ---- */

static bool fit_value(struct fitting *f, unsigned value, const struct cdx_type *t, const char *key, struct hn_str json);

static uint64_t members_of(const struct cdx_type *t, struct hn_str json)
{
    struct hn_jr r = cdx_span_open(json);
    uint64_t seen = 0;

    while (hn_jr_next(&r) == HN_J_KEY) {
        for (unsigned i = 0; i < t->n_members; i++)
            if (hn_str_eqc(r.raw, cdx_members[t->members + i].key))
                seen |= UINT64_C(1) << cdx_members[t->members + i].bit;
        cdx_span_value(&r);
    }
    return seen;
}

/* Is this the alternative? By what can be seen at once: the kind of JSON, of arrays the first item, of objects the
 * members. */
static bool suits(struct fitting *f, const struct cdx_value *v, struct hn_str json)
{
    char c = cdx_span_kind(json);
    struct hn_str item;

    if (v->kind == CDX_V_ARRAY) {
        struct hn_jr r = cdx_span_open(json);
        return c == '[' && (!cdx_span_item(&r, &item) || suits(f, &cdx_values[v->a], item));
    }
    if (v->kind == CDX_V_ANY_OF || v->kind == CDX_V_ONE_OF) {
        for (unsigned i = 0; i < v->n; i++)
            if (suits(f, &cdx_values[cdx_alternatives[v->a + i]], json))
                return true;
        return false;
    }
    if (v->kind != CDX_V_OBJECT || c != '{')
        return v->kind != CDX_V_OBJECT && c == '"';
    const struct cdx_type *t = &cdx_types[v->a];
    uint64_t seen = members_of(t, json);
    for (unsigned i = 0; i < t->n_members; i++) {
        const struct cdx_member *m = &cdx_members[t->members + i];
        if (m->required && (m->versions & f->version) && !(seen >> m->bit & 1))
            return false;
    }
    return true;
}

static bool has_expression(struct hn_str json)
{
    struct hn_jr r = cdx_span_open(json);
    bool found = false;

    while (cdx_span_kind(json) == '{' && hn_jr_next(&r) == HN_J_KEY) {
        found |= hn_str_eqc(r.raw, "expression");
        cdx_span_value(&r);
    }
    return found;
}

/* Before 1.7 an expression stands alone. */
static bool mixes_expressions(struct fitting *f, const char *key, struct hn_str json)
{
    if (!f->strict || f->version >= 8 || strcmp(key, "licenses") != 0 || cdx_span_kind(json) != '[')
        return false;
    struct hn_jr r = cdx_span_open(json);
    struct hn_str item;
    size_t n = 0, expressions = 0;

    while (cdx_span_item(&r, &item)) {
        n++;
        expressions += has_expression(item);
    }
    return expressions && n > 1;
}

/* A value of a form that the version does not have (an object where it has a string) is lost. */
static bool as_it_is(struct fitting *f, const struct cdx_type *t, const char *key, struct hn_str json, bool keep)
{
    if (keep)
        hn_jw_raw(&f->w, json);
    else
        lost(f, "lost-member", t ? t->name : "bom", hn_str_c(key));
    return keep;
}

static bool right_kind(const struct cdx_value *v, struct hn_str json)
{
    char c = cdx_span_kind(json);

    switch (v->kind) {
    case CDX_V_ANY:
        return true;
    case CDX_V_OBJECT:
        return c == '{';
    case CDX_V_ARRAY:
        return c == '[';
    default:
        return c != '{' && c != '[';
    }
}

static bool fit_alternative(struct fitting *f, const struct cdx_value *v, const struct cdx_type *t, const char *key,
                            struct hn_str json)
{
    if (mixes_expressions(f, key, json)) /* the rules name the list of licences first */
        return fit_value(f, cdx_alternatives[v->a], t, key, json);
    for (unsigned i = 0; i < v->n; i++)
        if (suits(f, &cdx_values[cdx_alternatives[v->a + i]], json))
            return fit_value(f, cdx_alternatives[v->a + i], t, key, json);
    return as_it_is(f, t, key, json, !f->strict);
}

/* The expression as the name of a licence. */
static void write_expression_as_name(struct fitting *f, struct hn_str json)
{
    struct hn_jr r = cdx_span_open(json);

    hn_jw_obj(&f->w);
    hn_jw_key(&f->w, "license");
    hn_jw_obj(&f->w);
    while (hn_jr_next(&r) == HN_J_KEY) {
        bool expression = hn_str_eqc(r.raw, "expression");
        struct hn_str value = cdx_span_value(&r);
        if (!expression)
            continue;
        hn_jw_key(&f->w, "name");
        hn_jw_raw(&f->w, value);
        lost(f, "lost-expression", "licenses", value);
    }
    hn_jw_obj_end(&f->w);
    hn_jw_obj_end(&f->w);
}

static bool fit_array(struct fitting *f, const struct cdx_value *v, const struct cdx_type *t, const char *key,
                      struct hn_str json)
{
    struct hn_jr r = cdx_span_open(json);
    struct hn_str item;
    bool mixed = mixes_expressions(f, key, json);

    hn_jw_arr(&f->w);
    while (cdx_span_item(&r, &item)) {
        struct hn_jw before = f->w;
        size_t n = f->w.out->n;
        if (mixed && has_expression(item)) {
            write_expression_as_name(f, item);
        } else if (!fit_value(f, v->a, t, key, item)) {
            f->w = before;
            f->w.out->n = n;
        }
    }
    hn_jw_arr_end(&f->w);
    return true;
}

/* ---- objects ---- */

static const struct cdx_member *member_of(const struct cdx_type *t, struct hn_str key, unsigned version)
{
    for (unsigned i = 0; i < t->n_members; i++) {
        const struct cdx_member *m = &cdx_members[t->members + i];
        if ((m->versions & version) && hn_str_eqc(key, m->key))
            return m;
    }
    return NULL;
}

/* A member that the version does not have. */
static void other_member(struct fitting *f, const struct cdx_type *t, struct hn_str key, struct hn_str json)
{
    bool xml_only = key.n && key.p[0] == CDX_XML_ONLY;

    if (xml_only ? f->xml : (t->open & f->version) || (!f->strict && !member_of(t, key, 15))) {
        hn_jw_key_str(&f->w, key);
        hn_jw_raw(&f->w, json);
    } else if (!hn_str_eqc(key, "#element")) {
        lost(f, "lost-member", t->name, key);
    }
}

/* What the version wants to stand together stood so before and, without what was left out, does no more. Elements of
 * other namespaces may have been anything (a signature), so they count as having made it good. */
static bool fell_apart(struct fitting *f, const struct cdx_type *t, uint64_t before, uint64_t after, bool foreign)
{
    for (unsigned i = 0; i < t->n_asks; i++) {
        const struct cdx_ask *a = &cdx_asks[t->asks + i];
        bool of_version = (a->versions & f->version) && a->kind != CDX_ASK_NOT; /* which leaving out cannot break */
        if (of_version && (foreign || cdx_ask_holds(a, before)) && !cdx_ask_holds(a, after))
            return true;
    }
    return false;
}

/* False: a required member could not be kept. */
static bool fit_object(struct fitting *f, const struct cdx_type *t, struct hn_str json)
{
    struct hn_jr r = cdx_span_open(json);
    uint64_t before = 0, after = 0;
    bool good = true, foreign = false;

    hn_jw_obj(&f->w);
    while (hn_jr_next(&r) == HN_J_KEY) {
        struct hn_str key = hn_jr_text(&r, f->a), value = cdx_span_value(&r);
        const struct cdx_member *m = member_of(t, key, f->version);
        foreign |= hn_str_eqc(key, "#any") && !f->xml;
        uint64_t bit = m ? UINT64_C(1) << m->bit : 0;
        before |= bit;
        if (f->strict && hn_str_eqc(key, "signature")) { /* of a text that is no more */
            lost(f, "lost-signature", t->name, key);
            continue;
        }
        if (!m) {
            other_member(f, t, key, value);
            continue;
        }
        struct hn_jw mark = f->w;
        size_t n = f->w.out->n;
        hn_jw_key_str(&f->w, key);
        if (fit_value(f, m->value, t, m->key, value)) {
            after |= bit;
            continue;
        }
        f->w = mark;
        f->w.out->n = n;
        good &= !m->required;
    }
    hn_jw_obj_end(&f->w);
    return good && !fell_apart(f, t, before, after, foreign);
}

static bool fit_value(struct fitting *f, unsigned value, const struct cdx_type *t, const char *key, struct hn_str json)
{
    const struct cdx_value *v = &cdx_values[value];
    char c = cdx_span_kind(json);

    if (v->kind == CDX_V_OBJECT && c == '{')
        return fit_object(f, &cdx_types[v->a], json);
    if (v->kind == CDX_V_ARRAY && c == '[')
        return fit_array(f, v, t, key, json);
    if (v->kind == CDX_V_ENUM && c == '"' && f->strict)
        return fit_word(f, v, t, key, json);
    if (v->kind == CDX_V_ANY_OF || v->kind == CDX_V_ONE_OF)
        return fit_alternative(f, v, t, key, json);
    return as_it_is(f, t, key, json, !f->strict || right_kind(v, json));
}

struct hn_err cdx_fit(struct hn_str json, unsigned version, bool strict, bool xml, struct hn_arena *a,
                      struct hn_buf *out, struct hn_bom_notes *loss)
{
    struct fitting f = {
        .a = a, .loss = loss, .version = version < 14 ? 1 : 1u << (version - 14), .strict = strict, .xml = xml};

    hn_jw_init(&f.w, out);
    fit_object(&f, &cdx_types[0], json);
    return a->failed ? (struct hn_err){HN_E_NOMEM} : hn_buf_err(out);
}
