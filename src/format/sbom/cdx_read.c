/* CycloneDX JSON into the model, by the tables of shapes. One pass; a member that is not as expected is kept whole. */
#include <stdlib.h>

#include "base/json_scan.h"
#include "base/str.h"
#include "format/sbom/cdx_in.h"

#define MEMBER(type, obj, off) ((type *)(void *)((char *)(obj) + (off)))

char cdx_peek(struct cdx_reading *r)
{
    size_t off = hn_scan_skip_ws(r->jr.base, r->jr.off, r->jr.len);
    return off < r->jr.len ? (char)r->jr.base[off] : '\0';
}

struct hn_bom_note *cdx_note(struct cdx_reading *r, enum hn_bom_severity severity, const char *code, struct hn_str a,
                             struct hn_str b)
{
    return hn_bom_note_at(r->b, severity, code, r->skip + r->jr.off, a, b);
}

bool cdx_keep(struct cdx_reading *r, struct hn_bom_extra **list, struct hn_str key)
{
    size_t from = hn_scan_skip_ws(r->jr.base, r->jr.off, r->jr.len);

    if (!hn_jr_skip(&r->jr))
        return false;
    struct hn_str value = {(const char *)r->jr.base + from, r->jr.off - from};
    struct hn_bom_extra *x = HN_NEW(r->b->arena, struct hn_bom_extra);
    if (!x)
        return false;
    x->key = key;
    x->value = value;
    while (*list) /* few: an object with very many unknown members is bounded by EXTRAS_MOST */
        list = &(*list)->next;
    *list = x;
    return true;
}

/* ---- lists ---- */

bool cdx_read_list(struct cdx_reading *r, const struct cdx_shape *s, void **first)
{
    struct hn_jr before = r->jr;
    void **tail = first;
    enum hn_jtok t;

    while (*tail)
        tail = MEMBER(void *, *tail, s->next);
    void **begin = tail;
    hn_jr_next(&r->jr);
    while ((t = hn_jr_next(&r->jr)) == HN_J_OBJ) {
        void *item = hn_arena_alloc(r->b->arena, s->size);
        if (!item || !cdx_read_object(r, s, item)) {
            r->failed = true;
            return true;
        }
        *tail = item;
        tail = MEMBER(void *, item, s->next);
    }
    if (t == HN_J_ARR_END && tail != begin)
        return true;
    if (t == HN_J_ERR) {
        r->failed = true;
        return true;
    }
    r->jr = before; /* empty, or something else among the objects: kept as it is */
    *begin = NULL;
    return false;
}

static bool add_text(struct cdx_reading *r, struct hn_bom_text ***tail, struct hn_str s)
{
    struct hn_bom_text *x = HN_NEW(r->b->arena, struct hn_bom_text);

    if (!x)
        return false;
    x->s = s;
    **tail = x;
    *tail = &x->next;
    return true;
}

static bool read_notice(struct cdx_reading *r, struct hn_bom_text ***tail)
{
    if (hn_jr_next(&r->jr) != HN_J_KEY || !hn_str_eqc(r->jr.raw, "text") || hn_jr_next(&r->jr) != HN_J_STR ||
        !add_text(r, tail, hn_jr_text(&r->jr, r->b->arena)))
        return false;
    return hn_jr_next(&r->jr) == HN_J_OBJ_END;
}

static bool is_integer(struct hn_str digits)
{
    int64_t v;
    return hn_str_i64(digits, &v);
}

/* An array of strings, integers or notices; all or nothing. */
static bool read_texts(struct cdx_reading *r, enum cdx_kind kind, struct hn_bom_text **first)
{
    struct hn_jr before = r->jr;
    struct hn_bom_text **tail = first;
    enum hn_jtok t;
    bool good = true;

    *first = NULL;
    hn_jr_next(&r->jr);
    while (good && (t = hn_jr_next(&r->jr)) != HN_J_ARR_END) {
        if (t == HN_J_STR && kind == CDX_TEXTS)
            good = add_text(r, &tail, hn_jr_text(&r->jr, r->b->arena));
        else if (t == HN_J_NUM && kind == CDX_INTS && is_integer(r->jr.raw))
            good = add_text(r, &tail, r->jr.raw);
        else
            good = t == HN_J_OBJ && kind == CDX_NOTICES && read_notice(r, &tail);
    }
    if (good && *first)
        return true;
    r->jr = before;
    *first = NULL;
    return false;
}

/* ---- components and services: trees ---- */

/* An item of an array of objects that is none: noted and passed over. False: the text is broken. */
static bool pass_over(struct cdx_reading *r, enum hn_jtok t, const char *what)
{
    unsigned depth = r->jr.depth;

    if (t == HN_J_ERR || t == HN_J_END)
        return false;
    cdx_note(r, HN_BOM_NOTE_ERROR, "not-an-object", hn_str_c(what), HN_STR(""));
    while (t == HN_J_ARR ? r->jr.depth >= depth : false)
        if (hn_jr_next(&r->jr) == HN_J_ERR)
            return false;
    return true;
}

static struct hn_bom_component *component_in(struct cdx_reading *r, struct hn_bom_component *parent,
                                             enum hn_bom_role role, struct hn_bom_component ***tail)
{
    if (role == HN_BOM_ROLE_PART)
        return hn_bom_component_add(r->b, parent);
    struct hn_bom_component *c = hn_bom_component_new(r->b, role);
    if (!c)
        return NULL;
    c->parent = parent;
    **tail = c;
    *tail = &c->next;
    if (parent)
        parent->last_child = c;
    return c;
}

static bool read_components(struct cdx_reading *r, struct hn_bom_component *parent, enum hn_bom_role role,
                            struct hn_bom_component **first)
{
    enum hn_jtok t;
    size_t n = 0;

    while (role != HN_BOM_ROLE_PART && *first)
        first = &(*first)->next;
    if (cdx_peek(r) != '[')
        return false;
    struct hn_jr before = r->jr;
    hn_jr_next(&r->jr);
    while ((t = hn_jr_next(&r->jr)) != HN_J_ARR_END) {
        uint64_t offset = r->skip + r->jr.off - 1;
        n++;
        if (t != HN_J_OBJ) {
            if (!pass_over(r, t, "component")) {
                r->failed = true;
                return true;
            }
            continue;
        }
        struct hn_bom_component *c = component_in(r, parent, role, &first);
        if (c)
            c->offset = offset;
        if (!c || !cdx_read_object(r, &cdx_shape_component, c)) {
            r->failed = true;
            return true;
        }
    }
    if (n)
        return true;
    r->jr = before; /* an empty list is there, which the model does not tell from none */
    return false;
}

static struct hn_bom_service *service_in(struct cdx_reading *r, struct hn_bom_service *parent, enum hn_bom_role role,
                                         struct hn_bom_service ***tail)
{
    if (role == HN_BOM_ROLE_PART)
        return hn_bom_service_add(r->b, parent);
    struct hn_bom_service *s = hn_bom_service_new(r->b, role);
    if (!s)
        return NULL;
    s->parent = parent;
    **tail = s;
    *tail = &s->next;
    if (parent)
        parent->last_child = s;
    return s;
}

static bool read_services(struct cdx_reading *r, struct hn_bom_service *parent, enum hn_bom_role role,
                          struct hn_bom_service **first)
{
    enum hn_jtok t;
    size_t n = 0;

    while (role != HN_BOM_ROLE_PART && *first)
        first = &(*first)->next;
    if (cdx_peek(r) != '[')
        return false;
    struct hn_jr before = r->jr;
    hn_jr_next(&r->jr);
    while ((t = hn_jr_next(&r->jr)) != HN_J_ARR_END) {
        uint64_t offset = r->skip + r->jr.off - 1;
        n++;
        if (t != HN_J_OBJ) {
            if (!pass_over(r, t, "service")) {
                r->failed = true;
                return true;
            }
            continue;
        }
        struct hn_bom_service *s = service_in(r, parent, role, &first);
        if (s)
            s->offset = offset;
        if (!s || !cdx_read_object(r, &cdx_shape_service, s)) {
            r->failed = true;
            return true;
        }
    }
    if (n)
        return true;
    r->jr = before;
    return false;
}

static bool read_children(struct cdx_reading *r, struct hn_bom_component *c)
{
    bool part = c->role == HN_BOM_ROLE_PART || c->role == HN_BOM_ROLE_SUBJECT;
    return read_components(r, c, part ? HN_BOM_ROLE_PART : (enum hn_bom_role)c->role, &c->first_child);
}

/* ---- one member ---- */

static bool take_word(struct cdx_reading *r, struct hn_str *ret)
{
    struct hn_jr before = r->jr;

    if (hn_jr_next(&r->jr) == HN_J_STR) {
        *ret = hn_jr_text(&r->jr, r->b->arena);
        return true;
    }
    r->failed = r->jr.why != NULL;
    if (!r->failed)
        r->jr = before;
    return r->failed;
}

static bool read_word(struct cdx_reading *r, const struct cdx_field *f, void *obj)
{
    struct hn_jr before = r->jr;
    struct hn_str s = HN_STR("");
    uint8_t *at = MEMBER(uint8_t, obj, f->offset);

    if (cdx_peek(r) != '"' || !take_word(r, &s))
        return false;
    if (r->failed)
        return true;
    if (f->kind == CDX_ALG) {
        *at = (uint8_t)hn_bom_alg_of(s);
        if (!hn_str_eqc(s, hn_bom_alg_word((enum hn_bom_alg) * at, HN_BOM_CYCLONEDX)))
            *MEMBER(struct hn_str, obj, f->offset2) = s;
        return true;
    }
    *at = f->kind == CDX_TYPE ? (uint8_t)cdx_type_of(s) : (uint8_t)cdx_scope_of(s);
    if (*at)
        return true;
    r->jr = before; /* another word: kept as it is */
    return false;
}

static bool read_tri(struct cdx_reading *r, uint8_t *at)
{
    char c = cdx_peek(r);

    if (c != 't' && c != 'f')
        return false;
    enum hn_jtok t = hn_jr_next(&r->jr);
    r->failed = t == HN_J_ERR;
    *at = t == HN_J_TRUE ? HN_BOM_YES : HN_BOM_NO;
    return true;
}

static bool read_number(struct cdx_reading *r, const struct cdx_field *f, void *obj)
{
    struct hn_jr before = r->jr;
    char c = cdx_peek(r);
    int64_t v;

    if (c != '-' && (c < '0' || c > '9'))
        return false;
    if (hn_jr_next(&r->jr) == HN_J_ERR) {
        r->failed = true;
        return true;
    }
    if (f->kind == CDX_NUM) {
        *MEMBER(double, obj, f->offset) = hn_jr_num(&r->jr);
        *MEMBER(bool, obj, f->offset2) = true;
        return true;
    }
    if (hn_jr_int(&r->jr, &v) && v > 0) {
        *MEMBER(int64_t, obj, f->offset) = v;
        return true;
    }
    r->jr = before;
    return false;
}

static bool read_one(struct cdx_reading *r, const struct cdx_field *f, void *obj)
{
    void **at = MEMBER(void *, obj, f->offset);

    if (cdx_peek(r) != '{')
        return false;
    hn_jr_next(&r->jr);
    *at = hn_arena_alloc(r->b->arena, f->of->size);
    r->failed = !*at || !cdx_read_object(r, f->of, *at);
    return true;
}

static bool read_self(struct cdx_reading *r, const struct cdx_field *f, void *obj)
{
    if (cdx_peek(r) != '{')
        return false;
    hn_jr_next(&r->jr);
    *MEMBER(bool, obj, f->offset) = true;
    r->failed = !cdx_read_object(r, f->of, obj);
    return true;
}

/* False: not as expected, nothing was changed. r->failed: the text is broken. */
static bool read_field(struct cdx_reading *r, const struct cdx_field *f, void *obj)
{
    char c;

    switch (f->kind) {
    case CDX_STR:
        return cdx_peek(r) == '"' && take_word(r, MEMBER(struct hn_str, obj, f->offset));
    case CDX_TYPE:
    case CDX_SCOPE:
    case CDX_ALG:
        return read_word(r, f, obj);
    case CDX_TRI:
        return read_tri(r, MEMBER(uint8_t, obj, f->offset));
    case CDX_NUM:
    case CDX_INT:
        return read_number(r, f, obj);
    case CDX_LIST:
        return cdx_peek(r) == '[' && cdx_read_list(r, f->of, MEMBER(void *, obj, f->offset));
    case CDX_TEXTS:
    case CDX_INTS:
    case CDX_NOTICES:
        return cdx_peek(r) == '[' && read_texts(r, f->kind, MEMBER(struct hn_bom_text *, obj, f->offset));
    case CDX_ONE:
        return read_one(r, f, obj);
    case CDX_SELF:
        return read_self(r, f, obj);
    case CDX_COMPONENTS:
        return read_components(r, NULL, (enum hn_bom_role)f->offset2,
                               MEMBER(struct hn_bom_component *, obj, f->offset));
    case CDX_CHILDREN:
        return read_children(r, obj);
    case CDX_SERVICES:
        return read_services(r, NULL, (enum hn_bom_role)f->offset2, MEMBER(struct hn_bom_service *, obj, f->offset));
    case CDX_SUBSERVICES: {
        struct hn_bom_service *s = obj;
        return read_services(r, s, (enum hn_bom_role)s->role, &s->first_child);
    }
    case CDX_CUSTOM:
        c = cdx_peek(r);
        return c && strchr(f->opens, c) && f->read(r, obj);
    }
    return false;
}

/* ---- objects ---- */

/* The field of a key; mostly the one behind the last, since writers keep an order. */
static const struct cdx_field *field_of(const struct cdx_shape *s, struct hn_str key, unsigned *hint)
{
    for (unsigned i = 0; i < s->n; i++) {
        unsigned at = *hint + i < s->n ? *hint + i : *hint + i - s->n;
        const char *k = s->fields[at].key;
        if (k[0] == key.p[0] && strncmp(k, key.p, key.n) == 0 && k[key.n] == '\0') {
            *hint = at + 1 < s->n ? at + 1 : 0;
            return &s->fields[at];
        }
    }
    return NULL;
}

#define EXTRAS_MOST 1024 /* unknown members of one object that are kept */

bool cdx_read_object(struct cdx_reading *r, const struct cdx_shape *s, void *obj)
{
    struct hn_bom_extra **extra = MEMBER(struct hn_bom_extra *, obj, s->extra);
    uint64_t seen = 0;
    unsigned hint = 0, extras = 0;
    enum hn_jtok t;

    while ((t = hn_jr_next(&r->jr)) == HN_J_KEY) {
        struct hn_str key = hn_jr_text(&r->jr, r->b->arena);
        const struct cdx_field *f = key.n ? field_of(s, key, &hint) : NULL;
        if (f) {
            uint64_t bit = UINT64_C(1) << (f - s->fields);
            if ((seen & bit) && r->b->form != HN_BOM_XML) /* XML lists may come in pieces */
                cdx_note(r, HN_BOM_NOTE_ERROR, "duplicate-key", key, HN_STR(""));
            seen |= bit;
            if (read_field(r, f, obj)) {
                if (r->failed)
                    return false;
                continue;
            }
        }
        if (extras++ == EXTRAS_MOST)
            cdx_note(r, HN_BOM_NOTE_ERROR, "too-many-members", key, HN_STR(""));
        if (extras > EXTRAS_MOST ? !hn_jr_skip(&r->jr) : !cdx_keep(r, extra, key)) {
            r->failed = true;
            return false;
        }
    }
    if (t == HN_J_OBJ_END && !r->b->arena->failed)
        return true;
    r->failed = true;
    return false;
}
