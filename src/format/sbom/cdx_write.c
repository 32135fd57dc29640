/* The model as CycloneDX JSON, by the tables of shapes; compact and deterministic. */
#include "base/str.h"
#include "format/sbom/cdx_in.h"

#define LAID_OUT_AT ((size_t)64 << 10)

#define MEMBER(type, obj, off) ((const type *)(const void *)((const char *)(obj) + (off)))

static bool present(const struct cdx_field *f, const void *obj)
{
    switch (f->kind) {
    case CDX_STR:
        return MEMBER(struct hn_str, obj, f->offset)->p != NULL;
    case CDX_TYPE:
    case CDX_SCOPE:
    case CDX_TRI:
        return *MEMBER(uint8_t, obj, f->offset) != 0;
    case CDX_ALG:
        return *MEMBER(uint8_t, obj, f->offset) != 0 || MEMBER(struct hn_str, obj, f->offset2)->p;
    case CDX_NUM:
        return *MEMBER(bool, obj, f->offset2);
    case CDX_INT:
        return *MEMBER(int64_t, obj, f->offset) > 0;
    case CDX_SELF:
        return *MEMBER(bool, obj, f->offset);
    case CDX_CUSTOM:
        return f->present(obj);
    default:
        return *MEMBER(void *, obj, f->offset) != NULL;
    }
}

static void write_components(struct cdx_writing *w, const struct hn_bom_component *c)
{
    hn_jw_arr(&w->w);
    for (; c; c = c->next)
        cdx_write_object(w, &cdx_shape_component, c);
    hn_jw_arr_end(&w->w);
}

static void write_services(struct cdx_writing *w, const struct hn_bom_service *s)
{
    hn_jw_arr(&w->w);
    for (; s; s = s->next)
        cdx_write_object(w, &cdx_shape_service, s);
    hn_jw_arr_end(&w->w);
}

static void write_texts(struct cdx_writing *w, enum cdx_kind kind, const struct hn_bom_text *t)
{
    hn_jw_arr(&w->w);
    for (; t; t = t->next) {
        if (kind == CDX_INTS) {
            hn_jw_raw(&w->w, t->s);
        } else if (kind == CDX_NOTICES) {
            hn_jw_obj(&w->w);
            hn_jw_kstr(&w->w, "text", t->s);
            hn_jw_obj_end(&w->w);
        } else {
            hn_jw_str(&w->w, t->s);
        }
    }
    hn_jw_arr_end(&w->w);
}

/* Kinds of SPDX that CycloneDX has not. */
static const char *type_word(enum hn_bom_type t)
{
    switch (t) {
    case HN_BOM_TYPE_SOURCE:
    case HN_BOM_TYPE_ARCHIVE:
        return "file";
    case HN_BOM_TYPE_INSTALL:
        return "application";
    case HN_BOM_TYPE_OTHER:
    case HN_BOM_TYPE_UNKNOWN:
        return "library";
    default:
        return hn_bom_type_word(t);
    }
}

static void write_alg(struct cdx_writing *w, const struct cdx_field *f, const void *obj)
{
    struct hn_str text = *MEMBER(struct hn_str, obj, f->offset2);

    if (text.p && w->b->family == HN_BOM_CYCLONEDX)
        hn_jw_str(&w->w, text);
    else
        hn_jw_c(&w->w, hn_bom_alg_word((enum hn_bom_alg) * MEMBER(uint8_t, obj, f->offset), HN_BOM_CYCLONEDX));
}

static void write_value(struct cdx_writing *w, const struct cdx_field *f, const void *obj)
{
    switch (f->kind) {
    case CDX_STR:
        hn_jw_str(&w->w, *MEMBER(struct hn_str, obj, f->offset));
        break;
    case CDX_TYPE:
        hn_jw_c(&w->w, type_word((enum hn_bom_type) * MEMBER(uint8_t, obj, f->offset)));
        break;
    case CDX_SCOPE:
        hn_jw_c(&w->w, cdx_scope_word((enum hn_bom_scope) * MEMBER(uint8_t, obj, f->offset)));
        break;
    case CDX_TRI:
        hn_jw_bool(&w->w, *MEMBER(uint8_t, obj, f->offset) == HN_BOM_YES);
        break;
    case CDX_ALG:
        write_alg(w, f, obj);
        break;
    case CDX_NUM:
        hn_jw_num(&w->w, *MEMBER(double, obj, f->offset));
        break;
    case CDX_INT:
        hn_jw_int(&w->w, present(f, obj) ? *MEMBER(int64_t, obj, f->offset) : 1);
        break;
    case CDX_LIST:
        cdx_write_list(w, f->of, *MEMBER(void *, obj, f->offset));
        break;
    case CDX_ONE:
        cdx_write_object(w, f->of, *MEMBER(void *, obj, f->offset));
        break;
    case CDX_SELF:
        cdx_write_object(w, f->of, obj);
        break;
    case CDX_TEXTS:
    case CDX_INTS:
    case CDX_NOTICES:
        write_texts(w, f->kind, *MEMBER(struct hn_bom_text *, obj, f->offset));
        break;
    case CDX_COMPONENTS:
    case CDX_CHILDREN:
        write_components(w, *MEMBER(struct hn_bom_component *, obj, f->offset));
        break;
    case CDX_SERVICES:
    case CDX_SUBSERVICES:
        write_services(w, *MEMBER(struct hn_bom_service *, obj, f->offset));
        break;
    case CDX_CUSTOM:
        f->write(w, obj);
        break;
    }
}

void cdx_write_extra(struct cdx_writing *w, const struct hn_bom_extra *x)
{
    if (w->b->family != HN_BOM_CYCLONEDX) /* another family's words */
        return;
    for (; x; x = x->next) {
        hn_jw_key_str(&w->w, x->key);
        hn_jw_raw(&w->w, x->value);
    }
}

/* A member that a program has set since is not written twice. */
static bool replaced(const struct cdx_shape *s, const void *obj, struct hn_str key)
{
    for (unsigned i = 0; i < s->n; i++)
        if (hn_str_eqc(key, s->fields[i].key))
            return present(&s->fields[i], obj);
    return false;
}

/* CycloneDX asks for a type always and up to 1.4 for a number of the document, which other documents may lack; a
 * document that changes its version gets the right bomFormat with it. */
static bool asked_for(const struct cdx_writing *w, const struct cdx_field *f)
{
    return (f->kind == CDX_TYPE && w->b->family != HN_BOM_CYCLONEDX) ||
           (w->other_version &&
            ((f->kind == CDX_INT && w->version < 15) || (f->key[0] == 'b' && strcmp(f->key, "bomFormat") == 0)));
}

void cdx_write_members(struct cdx_writing *w, const struct cdx_shape *s, const void *obj)
{
    for (unsigned i = 0; i < s->n; i++) {
        bool needed = asked_for(w, &s->fields[i]);
        if (!needed && !present(&s->fields[i], obj))
            continue;
        hn_jw_key(&w->w, s->fields[i].key);
        write_value(w, &s->fields[i], obj);
    }
    if (w->b->family != HN_BOM_CYCLONEDX)
        return;
    for (const struct hn_bom_extra *x = *MEMBER(struct hn_bom_extra *, obj, s->extra); x; x = x->next) {
        if (replaced(s, obj, x->key))
            continue;
        if (w->other_version && (hn_str_eqc(x->key, "$schema") || hn_str_eqc(x->key, "bomFormat"))) /* as it came in */
            continue;
        hn_jw_key_str(&w->w, x->key);
        hn_jw_raw(&w->w, x->value);
    }
}

void cdx_write_object(struct cdx_writing *w, const struct cdx_shape *s, const void *obj)
{
    hn_jw_obj(&w->w);
    cdx_write_members(w, s, obj);
    hn_jw_obj_end(&w->w);
    if (w->layout && w->w.out->n >= LAID_OUT_AT && !w->w.out->bad) {
        cdx_lay_out(w->layout, hn_buf_text(w->w.out));
        hn_buf_clear(w->w.out);
    }
}

void cdx_write_list(struct cdx_writing *w, const struct cdx_shape *s, const void *first)
{
    hn_jw_arr(&w->w);
    for (const void *p = first; p; p = *MEMBER(void *, p, s->next))
        cdx_write_object(w, s, p);
    hn_jw_arr_end(&w->w);
}
