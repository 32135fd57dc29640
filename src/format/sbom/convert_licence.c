/* Licences of SPDX in the words of CycloneDX: an identifier, a name, or one expression alone. */
#include "base/str.h"
#include "format/sbom/convert_in.h"
#include "format/sbom/licence_names.h"
#include "format/sbom/spdx_out.h"

static const char *says_prop(uint8_t says)
{
    return says == HN_BOM_LICENCE_CONCLUDED ? "spdx:licenseConcluded" : "spdx:licenseDeclared";
}

static void one_licence(struct recast *r, struct hn_bom_licence *l, const struct hn_licence *x)
{
    struct hn_buf text;

    hn_buf_init(&text, 1u << 20);
    l->form = hn_bom_licence_named(&text, &r->licences, x) ? HN_BOM_LICENCE_NAME : HN_BOM_LICENCE_EXPRESSION;
    l->value = hn_arena_str(r->a, hn_buf_text(&text));
    hn_buf_done(&text);
}

/* "A AND LicenseRef-b", where the document gives LicenseRef-b a name, is a list of two licences: names cannot stand in
 * an expression. */
static void split_named(struct recast *r, struct hn_bom_licence *l)
{
    struct hn_licence_notes notes;
    const struct hn_licence *x = l->form == HN_BOM_LICENCE_EXPRESSION ? hn_licence_parse(r->a, l->value, &notes) : NULL;
    struct hn_buf text;

    if (!x)
        return;
    hn_buf_init(&text, 1u << 20);
    bool named = hn_bom_licence_named(&text, &r->licences, x);
    hn_buf_done(&text);
    if (!named)
        return;
    size_t n = x->op == HN_LICENCE_AND ? x->n : 1;
    for (size_t i = n; i--;) {
        struct hn_bom_licence *one = i ? HN_NEW(r->a, struct hn_bom_licence) : l;
        if (!one)
            return;
        one_licence(r, one, x->op == HN_LICENCE_AND ? x->items[i] : x);
        one->says = l->says;
        if (i) {
            one->next = l->next;
            l->next = one;
        }
    }
}

/* The form that CycloneDX has for it. False: it goes into a property. */
static bool recast_licence(struct recast *r, struct hn_bom_licence *l)
{
    struct hn_licence_notes notes;
    const struct hn_str *name = hn_map_find(&r->licences, hn_str_bytes(l->value));
    const char *known = hn_licence_known(l->value);

    if (hn_str_eqc(l->value, "NOASSERTION") || hn_str_eqc(l->value, "NONE"))
        return false;
    l->extra = NULL;
    if (l->form == HN_BOM_LICENCE_NAME)
        return true;
    if (name) {
        l->form = HN_BOM_LICENCE_NAME;
        l->value = *name;
        return true;
    }
    if (known) {
        l->form = HN_BOM_LICENCE_ID;
        l->value = hn_str_c(known);
        return true;
    }
    bool valid = hn_licence_parse(r->a, l->value, &notes) && !notes.unknown;
    l->form = valid ? HN_BOM_LICENCE_EXPRESSION : HN_BOM_LICENCE_NAME;
    return true;
}

/* An expression stands alone there, so of two statements one becomes a property, by which it comes back. */
void recast_licences(struct recast *r, struct hn_bom_component *c)
{
    bool expression = false;
    size_t n = 0;

    for (struct hn_bom_licence **p = &c->licences, *l; (l = *p) != NULL;) {
        split_named(r, l);
        if (recast_licence(r, l)) {
            expression |= l->form == HN_BOM_LICENCE_EXPRESSION;
            n++;
            p = &l->next;
            continue;
        }
        hn_bom_prop_add(r->b, &c->props, hn_str_c(says_prop(l->says)), l->value);
        *p = l->next;
    }
    if (!expression || n < 2)
        return;
    bool same = true;
    for (struct hn_bom_licence *l = c->licences; l; l = l->next)
        same &= l->says == c->licences->says;
    for (struct hn_bom_licence *l = same ? c->licences : NULL; l; l = l->next)
        if (l->form == HN_BOM_LICENCE_EXPRESSION) /* "GFDL-1.2+" in a list of names */
            l->form = HN_BOM_LICENCE_NAME;
    if (same)
        return;
    struct hn_bom_licence *keep = c->licences;
    for (struct hn_bom_licence *l = c->licences; l; l = l->next)
        if (l->says == HN_BOM_LICENCE_DECLARED && keep->says != HN_BOM_LICENCE_DECLARED)
            keep = l;
    for (struct hn_bom_licence *l = c->licences; l; l = l->next)
        if (l != keep)
            hn_bom_prop_add(r->b, &c->props, hn_str_c(says_prop(l->says)), l->value);
    keep->next = NULL;
    c->licences = keep;
}

void recast_evidence(struct recast *r, struct hn_bom_component *c)
{
    struct hn_bom_licence **p = c->evidence ? &c->evidence->licences : NULL;

    while (p && *p) {
        if (recast_licence(r, *p))
            p = &(*p)->next;
        else
            *p = (*p)->next;
    }
}

/* ---------------------------------------------------------------- texts */

static void use(struct recast *r, struct hn_str name)
{
    if (!hn_ok(hn_map_set(&r->named, hn_str_bytes(name), r)))
        r->a->failed = true;
}

static void use_reference(void *arg, struct hn_str ref)
{
    struct recast *r = arg;
    const struct hn_str *name = hn_map_find(&r->licences, hn_str_bytes(ref));

    if (name)
        use(r, *name);
}

/* SPDX 3: the reader has followed the reference. */
static void use_name(void *arg, const struct hn_bom_licence *l)
{
    use(arg, l->value);
}

void recast_names(struct recast *r)
{
    hn_bom_licence_names(r->a, r->b, &r->licences);
    spdx_each_licence_reference(r->b, use_reference, r);
    spdx_each_named_licence(r->b, use_name, r);
}

bool recast_text_lost(const struct recast *r, const struct hn_jv *text)
{
    static const char *const known[] = {"licenseId",    "name", "extractedText", "simplelicensing_licenseText",
                                        "creationInfo", "type", "spdxId"};
    struct hn_str name = hn_jv_str(text, "name"), words = hn_jv_str(text, "extractedText");

    if (!words.n)
        words = hn_jv_str(text, "simplelicensing_licenseText");
    for (size_t i = 0; i < text->n; i++) {
        bool is_known = false;
        for (size_t k = 0; k < sizeof known / sizeof *known; k++)
            is_known |= hn_str_eqc(text->keys[i], known[k]);
        if (!is_known)
            return true;
    }
    if (name.n && !hn_map_has(&r->named, hn_str_bytes(name)))
        return true;
    return words.n && !hn_str_eqc(words, "NOASSERTION") && !hn_str_eq(words, name);
}
