/* SPDX 3 packages, files and their licences, from any model. */
#include "base/str.h"
#include "format/sbom/spdx3_write.h"

#define OF(x) (&(x)->o.w)

static void text_member(struct spdx3_writer *x, const char *name, struct hn_str s)
{
    if (s.p)
        hn_jw_kstr(OF(x), name, s);
}

/* Lists of objects that are made of several parts of the model and of what was kept. */
struct list {
    struct spdx3_writer *x;
    const char *key;
    bool open;
};

static void item_begin(struct list *l)
{
    if (!l->open) {
        hn_jw_key(OF(l->x), l->key);
        hn_jw_arr(OF(l->x));
    }
    l->open = true;
}

static void list_end(struct list *l, const struct hn_bom_component *c)
{
    for (const struct hn_bom_extra *e = l->x->o.same ? c->extra : NULL; e; e = e->next) {
        if (!hn_str_eqc(e->key, l->key))
            continue;
        item_begin(l);
        hn_jw_raw(OF(l->x), e->value);
    }
    if (l->open)
        hn_jw_arr_end(OF(l->x));
}

static void hashes(struct spdx3_writer *x, const struct hn_bom_component *c)
{
    struct list l = {x, "verifiedUsing", false};
    struct hn_jw *w = OF(x);

    for (const struct hn_bom_hash *h = c->hashes; h; h = h->next) {
        const char *alg = hn_bom_alg_word(h->alg, HN_BOM_SPDX3);
        struct hn_str word = x->o.same && h->alg_text.p ? h->alg_text : hn_str_c(alg);
        if (!word.n || (h->alg == HN_BOM_ALG_OTHER && !x->o.same)) {
            spdx_lost(&x->o, c, "hash", h->value);
            continue;
        }
        item_begin(&l);
        hn_jw_obj(w);
        hn_jw_kc(w, "type", "Hash");
        hn_jw_kstr(w, "algorithm", word);
        hn_jw_kstr(w, "hashValue", h->value);
        spdx_extra_write(&x->o, c, h->extra);
        hn_jw_obj_end(w);
    }
    list_end(&l, c);
}

/* ---------------------------------------------------------------- identifiers, references */

static void identifier(struct list *l, const char *type, struct hn_str value)
{
    struct hn_jw *w = OF(l->x);

    if (!value.p)
        return;
    item_begin(l);
    hn_jw_obj(w);
    hn_jw_kc(w, "type", "ExternalIdentifier");
    hn_jw_kc(w, "externalIdentifierType", type);
    hn_jw_kstr(w, "identifier", value);
    hn_jw_obj_end(w);
}

static const char *cpe_type(struct hn_str cpe)
{
    return hn_str_starts(cpe, "cpe:/") ? "cpe22" : "cpe23";
}

/* Kept as an object of its own because there is more to say about it? */
static bool kept(const struct spdx3_writer *x, const struct hn_bom_component *c, struct hn_str value)
{
    for (const struct hn_bom_extra *e = x->o.same ? c->extra : NULL; e; e = e->next)
        if (hn_str_eqc(e->key, "externalIdentifier") && hn_str_find(e->value, value) >= 0)
            return true;
    return false;
}

static void identifiers(struct spdx3_writer *x, const struct hn_bom_component *c, bool file)
{
    struct list l = {x, "externalIdentifier", false};

    if (file && c->purl.p && !kept(x, c, c->purl))
        identifier(&l, "packageUrl", c->purl);
    for (const struct hn_bom_text *t = c->more_purls; t; t = t->next)
        if (!kept(x, c, t->s))
            identifier(&l, "packageUrl", t->s);
    if (c->cpe.p && !kept(x, c, c->cpe))
        identifier(&l, cpe_type(c->cpe), c->cpe);
    for (const struct hn_bom_text *t = c->more_cpes; t; t = t->next)
        if (!kept(x, c, t->s))
            identifier(&l, cpe_type(t->s), t->s);
    if (c->swid && c->swid->tag_id.n)
        identifier(&l, "swid", c->swid->tag_id);
    list_end(&l, c);
}

/* A JSON string kept by the reader or the writer, as text. */
static struct hn_str string_of(struct spdx3_writer *x, const struct hn_bom_extra *e, const char *key)
{
    struct hn_str raw = spdx_extra_get(e, key);
    const struct hn_jv *v = raw.p ? hn_jv_parse(x->o.b->arena, hn_str_bytes(raw), NULL) : NULL;
    return v && v->kind == HN_JV_STR ? v->s : (struct hn_str){NULL, 0};
}

static bool plain_link(const struct hn_bom_link *l)
{
    return !spdx_extra_get(l->extra, "externalRefType").p && !spdx_extra_get(l->extra, "referenceCategory").p;
}

static const struct hn_bom_link *own_link(const struct hn_bom_component *c, const char *type)
{
    for (const struct hn_bom_link *l = c->links; l; l = l->next)
        if (hn_str_eqc(l->type, type) && plain_link(l))
            return l;
    return NULL;
}

static void references(struct spdx3_writer *x, const struct hn_bom_component *c, bool file)
{
    const struct hn_bom_link *download = file ? NULL : own_link(c, "distribution");
    const struct hn_bom_link *home = file ? NULL : own_link(c, "website");
    struct list list = {x, "externalRef", false};
    struct hn_jw *w = OF(x);

    if (download)
        hn_jw_kstr(w, "software_downloadLocation", download->url);
    if (home)
        hn_jw_kstr(w, "software_homePage", home->url);
    for (const struct hn_bom_link *l = c->links; l; l = l->next) {
        if (l == download || l == home)
            continue;
        struct hn_str word = x->o.same ? string_of(x, l->extra, "externalRefType") : (struct hn_str){NULL, 0};
        item_begin(&list);
        hn_jw_obj(w);
        hn_jw_kc(w, "type", "ExternalRef");
        if (word.p || !x->o.same)
            hn_jw_kstr(w, "externalRefType", word.p ? word : hn_str_c(spdx3_link_word(l->type)));
        hn_jw_key(w, "locator");
        hn_jw_arr(w);
        hn_jw_str(w, l->url.p ? l->url : HN_STR(""));
        hn_jw_arr_end(w);
        text_member(x, "contentType", x->o.same ? string_of(x, l->extra, "contentType") : (struct hn_str){NULL, 0});
        /* a kind without a word here: it comes back by the comment */
        if (!x->o.same && !l->comment.p && l->type.n && !strcmp(spdx3_link_word(l->type), "other") &&
            !hn_str_eqc(l->type, "other"))
            hn_jw_kstr(w, "comment", hn_arena_fmt(x->o.b->arena, "cdx:type %.*s", HN_FMT(l->type)));
        text_member(x, "comment", l->comment);
        hn_jw_obj_end(w);
    }
    list_end(&list, c);
}

/* ---------------------------------------------------------------- properties */

static void property(void *arg, struct hn_str name, struct hn_str value)
{
    struct list *l = arg;
    struct hn_jw *w = OF(l->x);

    if (!l->open) {
        hn_jw_obj(w);
        hn_jw_kc(w, "type", "extension_CdxPropertiesExtension");
        hn_jw_key(w, "extension_cdxProperty");
        hn_jw_arr(w);
    }
    l->open = true;
    hn_jw_obj(w);
    hn_jw_kc(w, "type", "extension_CdxPropertyEntry");
    hn_jw_kstr(w, "extension_cdxPropName", name);
    hn_jw_kstr(w, "extension_cdxPropValue", value);
    hn_jw_obj_end(w);
}

/* Is there a property to write? The list may not be opened for nothing. */
static void note_property(void *arg, struct hn_str name, struct hn_str value)
{
    (void)name;
    (void)value;
    *(bool *)arg = true;
}

/* Members of SPDX 2 that are members of SPDX 3 as well. */
static bool own_prop(struct hn_str name)
{
    static const char *const names[] = {"spdx:summary",         "spdx:comment",     "spdx:sourceInfo",
                                        "spdx:builtDate",       "spdx:releaseDate", "spdx:validUntilDate",
                                        "spdx:attributionTexts"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (hn_str_eqc(name, names[i]))
            return true;
    return false;
}

static void properties(struct spdx3_writer *x, const struct hn_bom_component *c)
{
    struct list outer = {x, "extension", false}, inner = {x, "", false};
    bool any = false, mime = c->mime_type.p != NULL && c->type == HN_BOM_TYPE_FILE;
    struct hn_bom_component copy = *c;

    if (mime) /* a member of files */
        copy.mime_type = (struct hn_str){NULL, 0};
    spdx_each_prop(&x->o, &copy, note_property, &any);
    for (const struct hn_bom_prop *p = c->props; p; p = p->next)
        any |= spdx_is_member_prop(p->name) && !own_prop(p->name);
    if (any) {
        item_begin(&outer);
        spdx_each_prop(&x->o, &copy, property, &inner);
        for (const struct hn_bom_prop *p = c->props; p; p = p->next)
            if (spdx_is_member_prop(p->name) && !own_prop(p->name))
                property(&inner, p->name, p->value);
        hn_jw_arr_end(OF(x));
        hn_jw_obj_end(OF(x));
    }
    list_end(&outer, c);
}

/* ---------------------------------------------------------------- component */

static void party_list(struct spdx3_writer *x, const struct hn_bom_component *c)
{
    if (!c->manufacturer && !c->authors)
        return;
    hn_jw_key(OF(x), "originatedBy");
    hn_jw_arr(OF(x));
    for (const struct hn_bom_party *p = c->manufacturer; p; p = p->next)
        hn_jw_str(OF(x), spdx3_party_id(x, p));
    for (const struct hn_bom_party *p = c->authors; p; p = p->next)
        hn_jw_str(OF(x), spdx3_party_id(x, p));
    hn_jw_arr_end(OF(x));
}

static void prop_texts(struct spdx3_writer *x, const struct hn_bom_component *c)
{
    static const char *const names[][2] = {
        {"summary", "spdx:summary"},
        {"comment", "spdx:comment"},
        {"software_sourceInfo", "spdx:sourceInfo"},
        {"builtTime", "spdx:builtDate"},
        {"releaseTime", "spdx:releaseDate"},
        {"validUntilTime", "spdx:validUntilDate"},
    };
    bool open = false;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        text_member(x, names[i][0], hn_bom_prop_get(c->props, names[i][1]));
    for (const struct hn_bom_prop *p = c->props; p; p = p->next) {
        if (!hn_str_eqc(p->name, "spdx:attributionTexts"))
            continue;
        if (!open) {
            hn_jw_key(OF(x), "software_attributionText");
            hn_jw_arr(OF(x));
        }
        open = true;
        hn_jw_str(OF(x), p->value);
    }
    if (open)
        hn_jw_arr_end(OF(x));
}

/* Members whose lists were written with what the model has. */
static bool merged(struct hn_str key)
{
    return hn_str_eqc(key, "verifiedUsing") || hn_str_eqc(key, "externalIdentifier") ||
           hn_str_eqc(key, "externalRef") || hn_str_eqc(key, "extension");
}

static void rest(struct spdx3_writer *x, const struct hn_bom_component *c)
{
    for (const struct hn_bom_extra *e = c->extra; e; e = e->next) {
        struct hn_bom_extra one = *e;
        one.next = NULL;
        if (!x->o.same || (!merged(e->key) && !hn_str_eqc(e->key, "type") && !hn_str_eqc(e->key, "creationInfo")))
            spdx_extra_write(&x->o, c, &one);
    }
    spdx_component_losses(&x->o, c);
}

static void begin(struct spdx3_writer *x, const struct hn_bom_component *c, bool file)
{
    struct hn_str type = x->o.same ? string_of(x, c->extra, "type") : (struct hn_str){NULL, 0};
    struct hn_str own = x->o.same ? spdx_extra_get(c->extra, "creationInfo") : (struct hn_str){NULL, 0};
    struct hn_jw *w = OF(x);

    hn_jw_obj(w);
    hn_jw_kstr(w, "type", type.p ? type : file ? HN_STR("software_File") : HN_STR("software_Package"));
    hn_jw_kstr(w, "spdxId", spdx3_component_id(x, c));
    if (own.p) {
        hn_jw_key(w, "creationInfo");
        hn_jw_raw(w, own);
    } else if (x->creation.n) {
        hn_jw_kstr(w, "creationInfo", x->creation);
    }
}

static bool is_file(const struct spdx3_writer *x, const struct hn_bom_component *c)
{
    if (c->type != HN_BOM_TYPE_FILE)
        return false;
    return x->o.same || (!c->version.p && !c->purl.p && !spdx_extra_get(c->extra, "primaryPackagePurpose").p);
}

static void purpose(struct spdx3_writer *x, const struct hn_bom_component *c, bool file)
{
    const char *word = spdx3_purpose_word(c->type);
    bool said =
        x->o.same && (spdx_extra_get(c->extra, "software_primaryPurpose").p || spdx_extra_get(c->extra, "type").p);

    if (!said && !file && *word)
        hn_jw_kc(OF(x), "software_primaryPurpose", word);
}

void spdx3_component_write(struct spdx3_writer *x, const struct hn_bom_component *c)
{
    bool file = is_file(x, c);

    spdx3_party_write(x, c->supplier);
    for (const struct hn_bom_party *p = c->manufacturer; p; p = p->next)
        spdx3_party_write(x, p);
    for (const struct hn_bom_party *p = c->authors; p; p = p->next)
        spdx3_party_write(x, p);
    begin(x, c, file);
    text_member(x, "name", c->name);
    text_member(x, "description", c->description);
    prop_texts(x, c);
    if (!file) {
        text_member(x, "software_packageVersion", c->version);
        text_member(x, "software_packageUrl", c->purl);
    } else {
        text_member(x, "contentType", c->mime_type);
    }
    purpose(x, c, file);
    text_member(x, "software_copyrightText", c->copyright);
    if (c->supplier)
        hn_jw_kstr(OF(x), "suppliedBy", spdx3_party_id(x, c->supplier));
    party_list(x, c);
    references(x, c, file);
    hashes(x, c);
    identifiers(x, c, file);
    properties(x, c);
    rest(x, c);
    hn_jw_obj_end(OF(x));
}

/* ---------------------------------------------------------------- licences */

/* The text of a free name, and where the expression finds it. */
static void named_text(struct spdx3_writer *x, struct hn_str ref, struct hn_str name, struct hn_str url)
{
    struct hn_str id = spdx3_made_id(x, "LicenseText", ref);

    if (!spdx3_first(x, id))
        return;
    spdx3_element_begin(x, "simplelicensing_SimpleLicensingText", id);
    hn_jw_kstr(OF(x), "name", name);
    if (url.n)
        hn_jw_kstr(OF(x), "comment", url);
    hn_jw_kstr(OF(x), "simplelicensing_licenseText", name);
    hn_jw_obj_end(OF(x));
}

/* The named licences of a list that say it this way. */
static void named_uses(struct spdx3_writer *x, const struct hn_bom_licence *l, enum hn_bom_licence_says says)
{
    struct hn_jw *w = OF(x);
    bool open = false;

    for (; l; l = l->next) {
        struct hn_str ref = l->says == (uint8_t)says ? spdx_licence_name_ref(&x->o, l) : (struct hn_str){NULL, 0};
        if (!ref.n)
            continue;
        if (!open) {
            hn_jw_key(w, "simplelicensing_customIdToUri");
            hn_jw_arr(w);
        }
        open = true;
        hn_jw_obj(w);
        hn_jw_kc(w, "type", "DictionaryEntry");
        hn_jw_kstr(w, "key", ref);
        hn_jw_kstr(w, "value", spdx3_made_id(x, "LicenseText", ref));
        hn_jw_obj_end(w);
    }
    if (open)
        hn_jw_arr_end(w);
}

static void licence_write(struct spdx3_writer *x, const struct hn_bom_component *c, const struct hn_bom_licence *list,
                          enum hn_bom_licence_says says)
{
    struct hn_str text = spdx_licence_text(&x->o, list, says), id;

    if (!text.n)
        return;
    for (const struct hn_bom_licence *l = list; l; l = l->next) {
        struct hn_str ref = l->says == (uint8_t)says ? spdx_licence_name_ref(&x->o, l) : (struct hn_str){NULL, 0};
        if (ref.n)
            named_text(x, ref, l->value, l->url);
    }
    id = spdx3_made_id(x, "License", text);
    if (hn_str_eqc(text, "NOASSERTION")) {
        id = HN_STR(SPDX3_TERMS "ExpandedLicensing/NoAssertionLicense");
    } else if (hn_str_eqc(text, "NONE")) {
        id = HN_STR(SPDX3_TERMS "ExpandedLicensing/NoneLicense");
    } else if (spdx3_first(x, id)) {
        spdx3_element_begin(x, "simplelicensing_LicenseExpression", id);
        hn_jw_kstr(OF(x), "simplelicensing_licenseExpression", text);
        named_uses(x, list, says);
        hn_jw_obj_end(OF(x));
    }
    spdx3_relation_begin(x, "Relationship",
                         says == HN_BOM_LICENCE_CONCLUDED ? "hasConcludedLicense" : "hasDeclaredLicense",
                         spdx3_component_id(x, c), &id, 1);
    hn_jw_obj_end(OF(x));
}

/* Those that came as elements are there already. */
static const struct hn_bom_licence *own_licences(struct spdx3_writer *x, const struct hn_bom_component *c)
{
    const struct hn_bom_licence *l = c->licences;
    while (x->o.same && l && spdx_extra_get(l->extra, "spdxId").n)
        l = l->next;
    return l;
}

void spdx3_licences_write(struct spdx3_writer *x, const struct hn_bom_component *c)
{
    const struct hn_bom_licence *list = own_licences(x, c);
    struct hn_str declared = spdx_licence_text(&x->o, list, HN_BOM_LICENCE_DECLARED);
    struct hn_str says = spdx_licence_text(&x->o, list, HN_BOM_LICENCE_SAYS);

    licence_write(x, c, list, HN_BOM_LICENCE_CONCLUDED);
    licence_write(x, c, list, declared.n ? HN_BOM_LICENCE_DECLARED : HN_BOM_LICENCE_SAYS);
    if (declared.n && says.n)
        spdx_lost(&x->o, c, "licence", says);
    for (const struct hn_bom_licence *l = c->evidence && !x->o.same ? c->evidence->licences : NULL; l; l = l->next)
        spdx_lost(&x->o, c, "evidence.licence", l->value);
}
