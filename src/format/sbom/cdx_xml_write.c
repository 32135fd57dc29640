/* JSON that we wrote, as the XML that says the same. An object is looked through once for its members, which are then
 * written in the order of the rules; nothing is built. */
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"
#include "format/sbom/cdx_check.h"
#include "format/sbom/cdx_span.h"
#include "format/sbom/cdx_xml.h"

struct member {
    struct hn_str key, value; /* key decoded; value as JSON text */
    bool written;
};

struct out {
    struct hn_buf *b;
    struct hn_arena *a;
    struct hn_bom_notes *loss;
    unsigned version; /* bit */
    bool compact;
    unsigned depth;
    struct member *members; /* stack */
    size_t n, cap;
};

struct object { /* members[from .. to) */
    size_t from, to;
};

/* ---- looking at JSON ---- */

static struct hn_str string_of(struct out *o, struct hn_str json)
{
    struct hn_jr r;

    hn_jr_init(&r, hn_str_bytes(json), CDX_DEPTH, 0);
    enum hn_jtok t = hn_jr_next(&r);
    return t == HN_J_STR ? hn_jr_text(&r, o->a) : t == HN_J_NULL ? HN_STR("") : json;
}

static bool push(struct out *o, struct hn_str key, struct hn_str value)
{
    struct member *more = hn_more(o->members, o->n, &o->cap, sizeof *more);
    if (!more) {
        o->a->failed = true;
        return false;
    }
    o->members = more;
    o->members[o->n++] = (struct member){key, value, false};
    return true;
}

static struct object open_object(struct out *o, struct hn_str json)
{
    struct object obj = {o->n, o->n};
    struct hn_jr r;

    hn_jr_init(&r, hn_str_bytes(json), CDX_DEPTH, UINT64_MAX);
    if (hn_jr_next(&r) == HN_J_OBJ)
        while (hn_jr_next(&r) == HN_J_KEY) {
            struct hn_str key = hn_jr_text(&r, o->a), value = cdx_span_value(&r);
            if (!push(o, key, value))
                break;
        }
    obj.to = o->n;
    return obj;
}

static struct member *find(struct out *o, struct object obj, const char *key)
{
    for (size_t i = obj.from; i < obj.to; i++)
        if (hn_str_eqc(o->members[i].key, key))
            return &o->members[i];
    return NULL;
}

static void lost(struct out *o, const char *code, struct hn_str what, const char *where)
{
    hn_bom_note_in(o->loss, o->a, HN_BOM_NOTE_INFO, code, hn_str_c(where), what, HN_STR(""));
}

/* ---- text ---- */

/* Characters that XML 1.0 has no form for become U+FFFD. */
static void escape(struct out *o, struct hn_str s, bool attribute)
{
    size_t from = 0;

    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        const char *as = c == '&'                            ? "&amp;"
                         : c == '<'                          ? "&lt;"
                         : c == '>'                          ? "&gt;"
                         : c == '"' && attribute             ? "&quot;"
                         : c == '\r'                         ? "&#13;"
                         : c == '\n' && attribute            ? "&#10;"
                         : c == '\t' && attribute            ? "&#9;"
                         : c < ' ' && c != '\n' && c != '\t' ? "\xEF\xBF\xBD"
                                                             : NULL;
        if (!as && c == 0xEF && i + 2 < s.n && (unsigned char)s.p[i + 1] == 0xBF && (unsigned char)s.p[i + 2] >= 0xBE)
            as = "\xEF\xBF\xBD";
        if (!as)
            continue;
        hn_buf_add(o->b, s.p + from, i - from);
        hn_buf_c(o->b, as);
        i += c == 0xEF ? 2 : 0;
        from = i + 1;
    }
    hn_buf_add(o->b, s.p + from, s.n - from);
}

static void indent(struct out *o)
{
    if (o->compact)
        return;
    hn_buf_chr(o->b, '\n');
    for (unsigned i = 0; i < o->depth; i++)
        hn_buf_c(o->b, "  ");
}

static void start(struct out *o, const char *name)
{
    indent(o);
    hn_buf_chr(o->b, '<');
    hn_buf_c(o->b, name);
    o->depth++;
}

static void attribute(struct out *o, const char *name, struct hn_str value)
{
    hn_buf_fmt(o->b, " %s=\"", name);
    escape(o, value, true);
    hn_buf_chr(o->b, '"');
}

/* open: where the content began; nothing was written since: an empty element. */
static void end(struct out *o, const char *name, size_t open, bool text)
{
    o->depth--;
    if (o->b->n == open && !text) {
        o->b->n--; /* the '>' */
        hn_buf_c(o->b, "/>");
        return;
    }
    if (!text)
        indent(o);
    hn_buf_fmt(o->b, "</%s>", name);
}

static void simple(struct out *o, const char *name, struct hn_str s)
{
    start(o, name);
    hn_buf_chr(o->b, '>');
    escape(o, s, false);
    end(o, name, 0, true);
}

/* ---- objects ---- */

static void write_one(struct out *o, const struct cdx_xelem *e, struct hn_str json);
static void write_item(struct out *o, const struct cdx_xtype *t, struct hn_str json);

static void write_foreign_attributes(struct out *o, struct object obj)
{
    struct member *m = find(o, obj, "#attributes");
    struct hn_jr r;
    unsigned n = 0;

    if (!m)
        return;
    m->written = true;
    hn_jr_init(&r, hn_str_bytes(m->value), CDX_DEPTH, 0);
    hn_jr_next(&r);
    while (hn_jr_next(&r) == HN_J_KEY) {
        struct hn_str key = hn_jr_text(&r, o->a), ns;
        if (!hn_str_split(&key, ' ', &ns) || !key.p || hn_jr_next(&r) != HN_J_STR)
            break;
        struct hn_str value = hn_jr_text(&r, o->a);
        if (!ns.n) {
            hn_buf_fmt(o->b, " %.*s=\"", HN_FMT(key));
        } else if (hn_str_eqc(ns, "http://www.w3.org/XML/1998/namespace")) {
            hn_buf_fmt(o->b, " xml:%.*s=\"", HN_FMT(key));
        } else {
            hn_buf_fmt(o->b, " xmlns:ns%u=\"", n);
            escape(o, ns, true);
            hn_buf_fmt(o->b, "\" ns%u:%.*s=\"", n++, HN_FMT(key));
        }
        escape(o, value, true);
        hn_buf_chr(o->b, '"');
    }
}

static void write_attributes(struct out *o, const struct cdx_xtype *t, struct object obj)
{
    for (unsigned i = 0; i < t->n_attrs; i++) {
        const struct cdx_xattr *a = &cdx_xattrs[t->attrs + i];
        struct member *m = a->versions & o->version ? find(o, obj, a->key) : NULL;
        if (!m || m->written || cdx_span_kind(m->value) == '{' || cdx_span_kind(m->value) == '[')
            continue;
        m->written = true;
        attribute(o, a->name, string_of(o, m->value));
    }
    write_foreign_attributes(o, obj);
}

/* Each text of "#any" is an element of another namespace, whole. */
static void write_foreign(struct out *o, struct object obj)
{
    struct member *m = find(o, obj, "#any");
    struct hn_jr r;

    if (!m || m->written)
        return;
    m->written = true;
    hn_jr_init(&r, hn_str_bytes(m->value), CDX_DEPTH, 0);
    hn_jr_next(&r);
    while (hn_jr_next(&r) == HN_J_STR) {
        indent(o);
        hn_buf_str(o->b, hn_jr_text(&r, o->a));
    }
}

static void write_array(struct out *o, const struct cdx_xelem *e, struct hn_str json)
{
    struct hn_str item;
    struct hn_jr r = cdx_span_open(json);

    while (cdx_span_item(&r, &item))
        write_one(o, e, item);
}

static void write_flat(struct out *o, const struct cdx_xelem *e, struct object obj);

static void write_member(struct out *o, const struct cdx_xelem *e, struct object obj)
{
    const struct cdx_xtype *t = e->type >= 0 ? &cdx_xtypes[e->type] : NULL;

    if (e->how == CDX_X_FLAT) {
        write_flat(o, e, obj);
        return;
    }
    struct member *m = find(o, obj, e->key);
    if (!m || m->written)
        return;
    m->written = true;
    struct hn_str value = m->value; /* the stack may move */
    bool list = t && (t->flags & CDX_XT_LIST);
    if (e->many && !list && cdx_span_kind(value) == '[')
        write_array(o, e, value);
    else
        write_one(o, e, value);
}

static void write_content(struct out *o, const struct cdx_xpart *p, struct object obj)
{
    if (!(p->versions & o->version))
        return;
    if (p->kind == CDX_P_ELEMENT)
        write_member(o, &cdx_xelems[p->a], obj);
    else if (p->kind == CDX_P_ANY)
        write_foreign(o, obj);
    else
        for (unsigned i = 0; i < p->n; i++)
            write_content(o, &cdx_xparts[p->a + i], obj);
}

/* An element whose members are in obj; `all`: they are nobody else's, so what is left over is lost. */
static void write_element(struct out *o, const char *name, const struct cdx_xtype *t, struct object obj, bool all)
{
    start(o, name);
    write_attributes(o, t, obj);
    hn_buf_chr(o->b, '>');
    size_t open = o->b->n;
    if (t->text >= 0) {
        struct member *m = find(o, obj, t->textkey);
        if (m) {
            m->written = true;
            escape(o, string_of(o, m->value), false);
        }
    } else {
        write_content(o, &cdx_xparts[t->part], obj);
    }
    end(o, name, open, t->text >= 0);
    for (size_t i = obj.from; all && i < obj.to; i++)
        if (!o->members[i].written && !hn_str_starts(o->members[i].key, "$") &&
            !hn_str_eqc(o->members[i].key, "#element"))
            lost(o, "lost-member", o->members[i].key, t->name);
}

/* An element that takes its members from the object around it. */
static void write_flat(struct out *o, const struct cdx_xelem *e, struct object obj)
{
    const struct cdx_xtype *t = &cdx_xtypes[e->type];
    bool any = t->text >= 0 && find(o, obj, t->textkey);

    for (unsigned i = 0; i < t->n_attrs; i++)
        any |= find(o, obj, cdx_xattrs[t->attrs + i].key) != NULL;
    if (any)
        write_element(o, e->name, t, obj, false);
}

/* ---- values ---- */

static void write_items(struct out *o, const char *name, const struct cdx_xtype *t, struct hn_str json)
{
    struct hn_str item;
    struct hn_jr r = cdx_span_open(json);

    start(o, name);
    hn_buf_chr(o->b, '>');
    size_t open = o->b->n;
    while (cdx_span_item(&r, &item))
        write_item(o, t, item);
    end(o, name, open, false);
}

static void write_one(struct out *o, const struct cdx_xelem *e, struct hn_str json)
{
    const struct cdx_xtype *t = e->type >= 0 ? &cdx_xtypes[e->type] : NULL;
    char k = cdx_span_kind(json);
    bool scalar = k != '{' && k != '[';

    if (!t && scalar) {
        simple(o, e->name, string_of(o, json));
    } else if (t && scalar && (e->how == CDX_X_REF || (t->flags & CDX_XT_REF))) {
        start(o, e->name);
        attribute(o, "ref", string_of(o, json));
        hn_buf_c(o->b, "/>");
        o->depth--;
    } else if (t && scalar && (t->flags & CDX_XT_MIXED)) {
        simple(o, e->name, string_of(o, json));
    } else if (t && e->how == CDX_X_UNWRAP) {
        start(o, e->name);
        hn_buf_chr(o->b, '>');
        size_t open = o->b->n;
        write_item(o, t, json);
        end(o, e->name, open, false);
    } else if (t && k == '[' && (t->flags & (CDX_XT_LIST | CDX_XT_TOOLBOX))) {
        write_items(o, e->name, t, json);
    } else if (t && k == '{' && !(t->flags & CDX_XT_LIST)) {
        size_t before = o->n;
        struct object obj = open_object(o, json);
        write_element(o, e->name, t, obj, true);
        o->n = before;
    } else {
        lost(o, "lost-value", hn_str_c(e->key), e->name);
    }
}

/* ---- items: which element is it? ---- */

static bool knows(const struct cdx_xtype *t, struct hn_str key, unsigned version)
{
    for (unsigned i = 0; i < t->n_attrs; i++)
        if ((cdx_xattrs[t->attrs + i].versions & version) && hn_str_eqc(key, cdx_xattrs[t->attrs + i].key))
            return true;
    if (t->text >= 0 && hn_str_eqc(key, t->textkey))
        return true;
    for (unsigned i = 0; i < t->n_elems; i++) {
        const struct cdx_xelem *e = &cdx_xelems[t->elems + i];
        if (!(e->versions & version))
            continue;
        if (e->how == CDX_X_FLAT ? knows(&cdx_xtypes[e->type], key, version) : hn_str_eqc(key, e->key))
            return true;
    }
    return false;
}

/* How well an element fits an item; 0: not at all. */
static size_t fit(struct out *o, const struct cdx_xelem *e, struct hn_str json, struct object obj)
{
    const struct cdx_xtype *t = e->type >= 0 ? &cdx_xtypes[e->type] : NULL;
    bool object = cdx_span_kind(json) == '{';
    size_t n = 1;

    if (e->how == CDX_X_KEYED)
        return object && find(o, obj, e->key) ? 1000 : 0;
    if (!t || (t->flags & CDX_XT_REF) || e->how == CDX_X_REF)
        return !object && cdx_span_kind(json) != '[';
    if (!object)
        return t->flags & CDX_XT_MIXED ? 1 : 0;
    for (size_t i = obj.from; i < obj.to; i++)
        n += knows(t, o->members[i].key, o->version);
    return n;
}

static void write_item(struct out *o, const struct cdx_xtype *t, struct hn_str json)
{
    const struct cdx_xelem *best = NULL;
    size_t most = 0, before = o->n;
    struct object obj = {o->n, o->n};

    if (cdx_span_kind(json) == '{')
        obj = open_object(o, json);
    struct member *m = find(o, obj, "#element");
    struct hn_str mark = m ? string_of(o, m->value) : (struct hn_str){NULL, 0};
    for (unsigned i = 0; i < t->n_elems; i++) {
        const struct cdx_xelem *e = &cdx_xelems[t->elems + i];
        size_t f = e->versions & o->version ? fit(o, e, json, obj) : 0;
        f += f && mark.p && hn_str_eqc(mark, e->name) ? 1000 : 0;
        if (f > most) {
            most = f;
            best = e;
        }
    }
    if (!best) {
        lost(o, "lost-value", hn_str_c(t->name), t->name);
    } else if (best->how == CDX_X_KEYED) {
        struct hn_str value = find(o, obj, best->key)->value;
        if (obj.to - obj.from > 1)
            lost(o, "lost-value", hn_str_c(best->key), t->name);
        write_one(o, best, value);
    } else {
        write_one(o, best, json);
    }
    o->n = before;
}

/* ---- the document ---- */

struct hn_err cdx_json_to_xml(struct hn_str json, unsigned version, struct hn_arena *a, bool compact,
                              struct hn_buf *out, struct hn_bom_notes *loss)
{
    struct out o = {
        .b = out, .a = a, .loss = loss, .compact = compact, .version = version < 14 ? 1 : 1u << (version - 14)};
    struct object obj = open_object(&o, json);
    struct member *m;

    if ((m = find(&o, obj, "bomFormat")))
        m->written = true;
    if ((m = find(&o, obj, "specVersion")))
        m->written = true;
    hn_buf_c(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
    if (!compact)
        hn_buf_chr(out, '\n');
    hn_buf_fmt(out, "<bom xmlns=\"%s1.%u\"", CDX_NAMESPACE, version - 10);
    o.depth = 1;
    write_attributes(&o, &cdx_xtypes[0], obj);
    hn_buf_chr(out, '>');
    write_content(&o, &cdx_xparts[cdx_xtypes[0].part], obj);
    o.depth = 0;
    indent(&o);
    hn_buf_c(out, "</bom>");
    if (!compact)
        hn_buf_chr(out, '\n');
    for (size_t i = obj.from; i < obj.to; i++)
        if (!o.members[i].written && !hn_str_starts(o.members[i].key, "$"))
            lost(&o, "lost-member", o.members[i].key, "bom");
    hn_free(o.members);
    return a->failed ? (struct hn_err){HN_E_NOMEM} : hn_buf_err(out);
}
