/* SPDX 3: packages, files, agents, tools. */
#include "base/str.h"
#include "format/sbom/spdx3_in.h"
#include "format/sbom/spdx_out.h"

struct hn_bom_party *spdx3_party_add(struct spdx3_reader *r, struct hn_bom_party **list, struct hn_str id)
{
    struct spdx3_element *e = spdx3_find(r, id);
    struct hn_str name = e ? spdx3_str(e->v, "name") : (struct hn_str){NULL, 0};
    struct hn_bom_party *p;

    if (id.p && !spdx3_known(r, id))
        spdx3_note(r, HN_BOM_NOTE_WARNING, "dangling-ref", id, HN_STR("agent"));
    p = hn_bom_party_add(r->b, list, e && hn_str_eqc(e->type, "Person"), name.n ? name : id);
    if (!p || !e)
        return p;
    hn_bom_extra_add(r->b, &p->extra, HN_STR("spdxId"), id); /* one agent is told of in many places */
    for (size_t i = 0; i < spdx3_count(e->v, "externalIdentifier"); i++) {
        const struct hn_jv *x = spdx3_item(e->v, "externalIdentifier", i);
        struct hn_str type = spdx3_word(x, "externalIdentifierType"), address = spdx3_str(x, "identifier");
        if (hn_str_eqc(type, "email") ? !p->email.p : hn_str_eqc(type, "urlScheme") && hn_bom_is_page(address))
            hn_bom_party_address(r->b, p, address);
    }
    return p;
}

void spdx3_tool_add(struct spdx3_reader *r, struct hn_str id)
{
    struct spdx3_element *e = spdx3_find(r, id);
    struct hn_bom_tool *t = HN_NEW(r->b->arena, struct hn_bom_tool);
    struct hn_str name = e ? spdx3_str(e->v, "name") : (struct hn_str){NULL, 0};

    if (!t)
        return;
    t->name = name.n ? name : id;
    *r->tools_tail = t;
    r->tools_tail = &t->next;
    if (!e)
        spdx3_note(r, HN_BOM_NOTE_WARNING, "dangling-ref", id, HN_STR("createdUsing"));
}

/* ---------------------------------------------------------------- members kept */

struct filling {
    struct spdx3_reader *r;
    struct hn_bom_component *c;
    struct hn_bom_extra **extra;
    struct hn_bom_prop **props;
    struct hn_bom_link **links;
    struct hn_bom_hash **hashes;
    struct hn_bom_text **purls, **cpes;
    struct hn_bom_party **authors;
};

static struct hn_str json_of(struct hn_arena *a, const struct hn_jv *v)
{
    struct hn_buf buf;
    struct hn_jw w;
    struct hn_str out = {NULL, 0};

    hn_buf_init(&buf, 256u << 20);
    hn_jw_init(&w, &buf);
    hn_jw_value(&w, v);
    if (!buf.bad)
        out = hn_arena_str(a, hn_buf_text(&buf));
    hn_buf_done(&buf);
    return out;
}

static void keep(struct filling *f, const char *key, const struct hn_jv *v)
{
    struct hn_str text = json_of(f->r->b->arena, v);
    if (text.p && hn_bom_extra_add(f->r->b, f->extra, hn_str_c(key), text))
        f->extra = &(*f->extra)->next;
}

static void prop_add(struct filling *f, struct hn_str name, struct hn_str value)
{
    if (hn_bom_prop_add(f->r->b, f->props, name, value))
        f->props = &(*f->props)->next;
}

static void text_prop(struct filling *f, const char *name, const struct hn_jv *v)
{
    struct hn_str s = spdx3_text(v);
    if (s.p)
        prop_add(f, hn_str_c(name), s);
}

/* ---------------------------------------------------------------- lists */

static void hash_read(struct filling *f, const struct hn_jv *v)
{
    struct hn_str alg = spdx3_word(v, "algorithm"), value = spdx3_str(v, "hashValue");
    enum hn_bom_alg known = hn_bom_alg_of(alg);
    struct hn_bom_hash *h;

    if (!alg.p || !value.p) { /* PackageVerificationCode has them too, and more */
        keep(f, "verifiedUsing", v);
        return;
    }
    if (hn_str_eqc(hn_jv_str(v, "type"), "PackageVerificationCode")) {
        keep(f, "verifiedUsing", v);
        return;
    }
    h = hn_bom_hash_add(f->r->b, f->hashes, known, value);
    if (!h)
        return;
    f->hashes = &h->next;
    if (!hn_str_eqc(alg, hn_bom_alg_word(known, HN_BOM_SPDX3)))
        h->alg_text = alg;
    for (size_t i = 0; i < v->n; i++)
        if (hn_str_eqc(v->keys[i], "comment"))
            hn_bom_extra_add(f->r->b, &h->extra, v->keys[i], json_of(f->r->b->arena, &v->items[i]));
    spdx_hash_check(&f->r->in, h);
}

static void several(struct filling *f, struct hn_str *one, struct hn_bom_text ***tail, struct hn_str s)
{
    if (hn_str_eq(*one, s) && one->p)
        return;
    if (!one->p)
        *one = s;
    else if (hn_bom_text_add(f->r->b, *tail, s))
        *tail = &(**tail)->next;
}

static void identifier_read(struct filling *f, const struct hn_jv *v)
{
    struct hn_str word = spdx3_word(v, "externalIdentifierType"), id = spdx3_str(v, "identifier");
    bool plain = !hn_jv_get(v, "comment") && !hn_jv_get(v, "identifierLocator") && !hn_jv_get(v, "issuingAuthority");

    if (!id.p || !plain)
        keep(f, "externalIdentifier", v);
    if (!id.p)
        return;
    if (hn_str_eqc(word, "cpe23") || hn_str_eqc(word, "cpe22"))
        several(f, &f->c->cpe, &f->cpes, id);
    else if (hn_str_eqc(word, "packageUrl"))
        several(f, &f->c->purl, &f->purls, id);
    else if (plain)
        keep(f, "externalIdentifier", v);
}

static void ref_read(struct filling *f, const struct hn_jv *v)
{
    struct hn_str word = spdx3_word(v, "externalRefType");
    const char *type = spdx3_link_type(word);

    for (size_t i = 0; i < spdx3_count(v, "locator"); i++) {
        struct hn_bom_link *l =
            hn_bom_link_add(f->r->b, f->links, type ? hn_str_c(type) : word, spdx3_text(spdx3_item(v, "locator", i)));
        if (!l)
            return;
        f->links = &l->next;
        l->comment = spdx3_str(v, "comment");
        struct hn_str content = spdx3_str(v, "contentType");
        if (content.p)
            spdx_keep_text(&f->r->in, &l->extra, "contentType", content);
        if (word.p)
            spdx_keep_text(&f->r->in, &l->extra, "externalRefType", word);
    }
}

static void extension_read(struct filling *f, const struct hn_jv *v)
{
    if (!hn_str_eqc(hn_jv_str(v, "type"), "extension_CdxPropertiesExtension")) {
        keep(f, "extension", v);
        return;
    }
    for (size_t i = 0; i < spdx3_count(v, "extension_cdxProperty"); i++) {
        const struct hn_jv *p = spdx3_item(v, "extension_cdxProperty", i);
        struct hn_str name = spdx3_str(p, "extension_cdxPropName"), value = spdx3_str(p, "extension_cdxPropValue");
        if (name.p && !spdx_prop_restore(f->r->b, f->c, name, value))
            prop_add(f, name, value);
    }
}

static void each_of(struct filling *f, const struct hn_jv *v, void (*one)(struct filling *f, const struct hn_jv *v))
{
    if (v->kind != HN_JV_ARR) {
        one(f, v);
        return;
    }
    for (size_t i = 0; i < v->n; i++)
        one(f, &v->items[i]);
}

/* ---------------------------------------------------------------- single members */

static void originator(struct filling *f, const struct hn_jv *v)
{
    struct hn_str id = spdx3_text(v);
    struct spdx3_element *e = spdx3_find(f->r, id);
    bool person = e && hn_str_eqc(e->type, "Person");
    if (!id.p)
        return;
    if (!person && !f->c->manufacturer) {
        spdx3_party_add(f->r, &f->c->manufacturer, id);
        return;
    }
    struct hn_bom_party *p = spdx3_party_add(f->r, f->authors, id);
    f->authors = p ? &p->next : f->authors;
}

static void attribution(struct filling *f, const struct hn_jv *v)
{
    text_prop(f, "spdx:attributionTexts", v);
}

static void download(struct filling *f, const struct hn_jv *v, const char *type)
{
    struct hn_bom_link *l = hn_bom_link_add(f->r->b, f->links, hn_str_c(type), spdx3_text(v));
    if (l)
        f->links = &l->next;
}

static void purpose(struct filling *f, const struct hn_jv *v)
{
    struct hn_str word = spdx3_text(v);
    while (hn_str_chr(word, '/') >= 0)
        word = hn_str_cut(word, (size_t)hn_str_chr(word, '/') + 1, word.n);
    enum hn_bom_type type = spdx3_purpose_of(word);
    if (f->c->type != HN_BOM_TYPE_UNKNOWN || type == HN_BOM_TYPE_UNKNOWN || type == HN_BOM_TYPE_FILE)
        keep(f, "software_primaryPurpose", v); /* a word the model has not, or what the class says already */
    if (f->c->type == HN_BOM_TYPE_UNKNOWN)
        f->c->type = (uint8_t)type;
}

static void copyright(struct filling *f, const struct hn_jv *v)
{
    struct hn_str s = spdx3_text(v);
    if (hn_str_eqc(s, "NOASSERTION") || hn_str_eqc(s, "NONE"))
        keep(f, "software_copyrightText", v);
    else
        f->c->copyright = s;
}

static void creation(struct filling *f, const struct hn_jv *v)
{
    struct hn_str id = spdx3_text(v);
    if (!id.p || !hn_str_eq(id, f->r->main_creation))
        keep(f, "creationInfo", v);
    if (id.p && !spdx3_find(f->r, id) && v->kind != HN_JV_OBJ)
        spdx3_note(f->r, HN_BOM_NOTE_ERROR, "dangling-ref", id, HN_STR("creationInfo"));
}

/* One member; those that are not here are kept. */
static void member(struct filling *f, struct hn_str key, const struct hn_jv *v)
{
    struct hn_bom_component *c = f->c;
    static const struct {
        const char *key, *prop;
    } texts[] = {{"summary", "spdx:summary"},
                 {"comment", "spdx:comment"},
                 {"software_sourceInfo", "spdx:sourceInfo"},
                 {"builtTime", "spdx:builtDate"},
                 {"releaseTime", "spdx:releaseDate"},
                 {"validUntilTime", "spdx:validUntilDate"}};
    static const struct {
        const char *key;
        void (*read)(struct filling *f, const struct hn_jv *v);
        bool each;
    } readers[] = {{"verifiedUsing", hash_read, true},
                   {"externalIdentifier", identifier_read, true},
                   {"externalRef", ref_read, true},
                   {"extension", extension_read, true},
                   {"originatedBy", originator, true},
                   {"software_attributionText", attribution, true},
                   {"software_primaryPurpose", purpose, false},
                   {"software_copyrightText", copyright, false},
                   {"creationInfo", creation, false}};
    struct {
        const char *key;
        struct hn_str *s;
    } plain[] = {{"name", &c->name},
                 {"description", &c->description},
                 {"software_packageVersion", &c->version},
                 {"contentType", &c->mime_type}};

    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (hn_str_eqc(key, plain[i].key)) {
            *plain[i].s = spdx3_text(v);
            return;
        }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (hn_str_eqc(key, texts[i].key)) {
            text_prop(f, texts[i].prop, v);
            return;
        }
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
        if (hn_str_eqc(key, readers[i].key)) {
            if (readers[i].each)
                each_of(f, v, readers[i].read);
            else
                readers[i].read(f, v);
            return;
        }
    if (hn_str_eqc(key, "software_packageUrl"))
        several(f, &c->purl, &f->purls, spdx3_text(v));
    else if (hn_str_eqc(key, "software_downloadLocation"))
        download(f, v, "distribution");
    else if (hn_str_eqc(key, "software_homePage"))
        download(f, v, "website");
    else if (hn_str_eqc(key, "suppliedBy"))
        spdx3_party_add(f->r, &c->supplier, spdx3_text(v));
    else if (!hn_str_eqc(key, "type") && !hn_str_eqc(key, "spdxId") && !hn_str_eqc(key, "@id"))
        keep(f, hn_arena_cstr(f->r->b->arena, key), v);
}

void spdx3_component_read(struct spdx3_reader *r, struct spdx3_element *e)
{
    struct hn_bom_component *c = hn_bom_component_add(r->b, NULL);
    if (!c)
        return;
    struct filling f = {r, c, &c->extra, &c->props, &c->links, &c->hashes, &c->more_purls, &c->more_cpes, &c->authors};

    c->ref = e->id;
    c->offset = e->at;
    c->section = "@graph";
    c->at = (uint32_t)(e - r->elements);
    e->component = c;
    e->licences_tail = &c->licences;
    if (hn_str_eqc(e->type, "software_File"))
        c->type = HN_BOM_TYPE_FILE;
    else if (hn_str_eqc(e->type, "ai_AIPackage"))
        c->type = HN_BOM_TYPE_ML_MODEL;
    else if (hn_str_eqc(e->type, "dataset_DatasetPackage"))
        c->type = HN_BOM_TYPE_DATA;
    if (!hn_str_eqc(e->type, "software_Package") && !hn_str_eqc(e->type, "software_File"))
        spdx_keep_text(&r->in, &c->extra, "type", e->type);
    while (*f.extra)
        f.extra = &(*f.extra)->next;
    for (size_t i = 0; i < e->v->n && !r->b->arena->failed; i++)
        member(&f, e->v->keys[i], &e->v->items[i]);
    if (!c->name.n)
        spdx3_note(r, HN_BOM_NOTE_WARNING, "missing-member", HN_STR("name"), HN_STR(""));
}
