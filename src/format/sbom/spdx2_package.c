/* Packages and files of SPDX 2. */
#include "base/str.h"
#include "format/sbom/spdx2_in.h"
#include "format/sbom/spdx2_write.h"

#define OF(x) (&(x)->o.w)

static void text_member(struct spdx2_writer *x, const char *name, struct hn_str s)
{
    if (s.p)
        hn_jw_kstr(OF(x), name, s);
}

/* The property "spdx:<member>" as that member. */
static void prop_member(struct spdx2_writer *x, const struct hn_bom_component *c, const char *prop)
{
    text_member(x, prop + strlen("spdx:"), hn_bom_prop_get(c->props, prop));
}

static void prop_list(struct spdx2_writer *x, const struct hn_bom_component *c, const char *prop)
{
    bool open = false;
    for (const struct hn_bom_prop *p = c->props; p; p = p->next) {
        if (!hn_str_eqc(p->name, prop))
            continue;
        if (!open) {
            hn_jw_key(OF(x), prop + strlen("spdx:"));
            hn_jw_arr(OF(x));
        }
        open = true;
        hn_jw_str(OF(x), p->value);
    }
    if (open)
        hn_jw_arr_end(OF(x));
}

static void checksums(struct spdx2_writer *x, const struct hn_bom_component *c)
{
    bool open = false;
    for (const struct hn_bom_hash *h = c->hashes; h; h = h->next) {
        const char *alg = hn_bom_alg_word(h->alg, HN_BOM_SPDX2);
        struct hn_str word = x->o.same && h->alg_text.p ? h->alg_text : hn_str_c(alg);
        if (!word.n) {
            spdx_lost(&x->o, c, "hash", h->value);
            continue;
        }
        if (!open) {
            hn_jw_key(OF(x), "checksums");
            hn_jw_arr(OF(x));
        }
        open = true;
        hn_jw_obj(OF(x));
        hn_jw_kstr(OF(x), "algorithm", word);
        hn_jw_kstr(OF(x), "checksumValue", h->value);
        spdx_extra_write(&x->o, c, h->extra);
        hn_jw_obj_end(OF(x));
    }
    if (open)
        hn_jw_arr_end(OF(x));
}

/* ---------------------------------------------------------------- external references */

struct refs {
    struct spdx2_writer *x;
    const struct hn_bom_component *c;
    bool open;
};

static void ref_write(struct refs *r, struct hn_str category, struct hn_str type, struct hn_str locator,
                      struct hn_str comment, const struct hn_bom_extra *extra)
{
    struct hn_jw *w = OF(r->x);
    if (!r->open) {
        hn_jw_key(w, "externalRefs");
        hn_jw_arr(w);
    }
    r->open = true;
    hn_jw_obj(w);
    if (category.p)
        hn_jw_kstr(w, "referenceCategory", category);
    hn_jw_kstr(w, "referenceType", type);
    hn_jw_kstr(w, "referenceLocator", locator);
    text_member(r->x, "comment", comment);
    spdx_extra_write(&r->x->o, r->c, extra);
    hn_jw_obj_end(w);
}

/* Is it among the links as well, with more to say about it? */
static bool among_links(const struct hn_bom_component *c, struct hn_str locator)
{
    for (const struct hn_bom_link *l = c->links; l; l = l->next)
        if (hn_str_eq(l->url, locator) && spdx_extra_get(l->extra, "referenceCategory").p)
            return true;
    return false;
}

static void purl_write(struct refs *r, struct hn_str s)
{
    static const struct hn_str none = {NULL, 0};
    if (s.p && !among_links(r->c, s))
        ref_write(r, r->x->v22 ? HN_STR("PACKAGE_MANAGER") : HN_STR("PACKAGE-MANAGER"), HN_STR("purl"), s, none, NULL);
}

static void cpe_write(struct refs *r, struct hn_str s)
{
    static const struct hn_str none = {NULL, 0};
    if (s.p && !among_links(r->c, s))
        ref_write(r, HN_STR("SECURITY"), hn_str_starts(s, "cpe:/") ? HN_STR("cpe22Type") : HN_STR("cpe23Type"), s, none,
                  NULL);
}

static bool has_blank(struct hn_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ')
            return true;
    return false;
}

/* The link that goes into a member of its own: the first of that type that was no external reference. */
static const struct hn_bom_link *own_link(const struct hn_bom_component *c, const char *type)
{
    for (const struct hn_bom_link *l = c->links; l; l = l->next)
        if (hn_str_eqc(l->type, type) && !spdx_extra_get(l->extra, "referenceCategory").p)
            return l;
    return NULL;
}

/* A place to download from is a URL, or one behind the name of a version control system (7.7). A file of this machine
 * ("file:///usr/bin/x") or a bare name is neither: it stays an external reference. */
static bool is_download(struct hn_str url)
{
    ptrdiff_t colon = hn_str_find(url, HN_STR("://"));
    return colon > 0 && !hn_str_starts(url, "file:") && !has_blank(url);
}

static const struct hn_bom_link *download_link(const struct spdx2_writer *x, const struct hn_bom_component *c)
{
    const struct hn_bom_link *l = own_link(c, "distribution");
    return l && (x->o.same || is_download(l->url)) ? l : NULL;
}

static void external_refs(struct spdx2_writer *x, const struct hn_bom_component *c)
{
    struct refs r = {x, c, false};
    const struct hn_bom_link *download = download_link(x, c), *home = own_link(c, "website");

    purl_write(&r, c->purl);
    for (const struct hn_bom_text *t = c->more_purls; t; t = t->next)
        purl_write(&r, t->s);
    cpe_write(&r, c->cpe);
    for (const struct hn_bom_text *t = c->more_cpes; t; t = t->next)
        cpe_write(&r, t->s);
    if (c->swid && !x->o.same && c->swid->tag_id.n)
        ref_write(&r, HN_STR("SECURITY"), HN_STR("swid"),
                  hn_arena_fmt(x->o.b->arena, "swid:%.*s", HN_FMT(c->swid->tag_id)), (struct hn_str){NULL, 0}, NULL);
    for (const struct hn_bom_link *l = c->links; l; l = l->next) {
        if (l == download || l == home)
            continue;
        if (!l->url.n || has_blank(l->url) || !l->type.n)
            spdx_lost(&x->o, c, "externalReference", l->url);
        else
            ref_write(&r, x->o.same ? (struct hn_str){NULL, 0} : HN_STR("OTHER"), l->type, l->url, l->comment,
                      l->extra);
    }
    if (r.open)
        hn_jw_arr_end(OF(x));
}

/* ---------------------------------------------------------------- annotations */

static struct hn_str annotator(struct spdx2_writer *x, const struct hn_bom_annotation *a)
{
    if (a->annotator.n)
        return hn_arena_fmt(x->o.b->arena, "Person: %.*s", HN_FMT(a->annotator));
    return HN_STR("Tool: hinomi-" HN_VERSION);
}

static bool is_annotation_type(struct hn_str raw)
{
    return hn_str_eqc(raw, "\"OTHER\"") || hn_str_eqc(raw, "\"REVIEW\"");
}

void spdx2_annotation_write(struct spdx2_writer *x, const struct hn_bom_annotation *a)
{
    struct hn_jw *w = OF(x);
    bool said = x->o.same && spdx_extra_get(a->extra, "annotator").p;

    hn_jw_obj(w);
    text_member(x, "annotationDate", a->timestamp.p || x->o.same ? a->timestamp : spdx_time(&x->o));
    if (!said)
        hn_jw_kstr(w, "annotator", annotator(x, a));
    if (!x->o.same || !is_annotation_type(spdx_extra_get(a->extra, "annotationType")))
        hn_jw_kc(w, "annotationType", "OTHER");
    text_member(x, "comment", a->text);
    for (const struct hn_bom_extra *e = x->o.same ? a->extra : NULL; e; e = e->next) {
        if (hn_str_eqc(e->key, "annotationType") && !is_annotation_type(e->value))
            continue;
        hn_jw_key_str(w, e->key);
        hn_jw_raw(w, e->value);
    }
    hn_jw_obj_end(w);
}

struct annotating {
    struct spdx2_writer *x;
    bool open;
};

static void annotations_open(struct annotating *n)
{
    if (n->open)
        return;
    hn_jw_key(OF(n->x), "annotations");
    hn_jw_arr(OF(n->x));
    n->open = true;
}

/* A property: "cdx:property NAME=VALUE", with "=" and "%" of the name escaped. */
static void prop_annotation(void *arg, struct hn_str name, struct hn_str value)
{
    struct annotating *n = arg;
    struct hn_buf text;
    struct hn_bom_annotation a = {.timestamp = {NULL, 0}};

    annotations_open(n);
    hn_buf_init(&text, 64u << 20);
    hn_buf_c(&text, SPDX2_PROPERTY);
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] == '=' || name.p[i] == '%')
            hn_buf_fmt(&text, "%%%02X", (unsigned)(unsigned char)name.p[i]);
        else
            hn_buf_chr(&text, name.p[i]);
    }
    hn_buf_chr(&text, '=');
    hn_buf_str(&text, value);
    a.text = hn_buf_text(&text);
    a.timestamp = spdx_time(&n->x->o);
    spdx2_annotation_write(n->x, &a);
    hn_buf_done(&text);
}

static void annotations(struct spdx2_writer *x, const struct hn_bom_component *c)
{
    struct annotating n = {x, false};
    const struct spdx2_about *about = c->ref.n ? hn_map_find(&x->annotations, hn_str_bytes(c->ref)) : NULL;

    for (; about; about = about->next) {
        annotations_open(&n);
        spdx2_annotation_write(x, about->a);
    }
    spdx_each_prop(&x->o, c, prop_annotation, &n);
    if (x->v22 && c->type != HN_BOM_TYPE_UNKNOWN && c->type != HN_BOM_TYPE_CRYPTO) /* 2.3 has a member for it */
        prop_annotation(&n, HN_STR("cdx:type"), hn_str_c(hn_bom_type_word(c->type)));
    if (n.open)
        hn_jw_arr_end(OF(x));
}

/* ---------------------------------------------------------------- package and file */

/* SPDX 2.2 has no way to say nothing of licence and copyright. */
static struct hn_str demanded(const struct spdx2_writer *x, struct hn_str s)
{
    return s.p || !x->v22 || x->o.same ? s : HN_STR("NOASSERTION");
}

static void licences(struct spdx2_writer *x, const struct hn_bom_component *c, bool file)
{
    struct hn_str declared = spdx_licence_text(&x->o, c->licences, HN_BOM_LICENCE_DECLARED);
    struct hn_str says = spdx_licence_text(&x->o, c->licences, HN_BOM_LICENCE_SAYS);
    bool open = false;

    struct hn_str concluded = spdx_licence_text(&x->o, c->licences, HN_BOM_LICENCE_CONCLUDED);

    /* what CycloneDX had no place for stands in a property */
    if (!concluded.p)
        concluded = hn_bom_prop_get(c->props, "spdx:licenseConcluded");
    if (!declared.p && !says.p)
        declared = hn_bom_prop_get(c->props, "spdx:licenseDeclared");
    text_member(x, "licenseConcluded", demanded(x, concluded));
    for (const struct hn_bom_licence *l = c->evidence ? c->evidence->licences : NULL; l; l = l->next) {
        if (!open) {
            hn_jw_key(OF(x), file ? "licenseInfoInFiles" : "licenseInfoFromFiles");
            hn_jw_arr(OF(x));
        }
        open = true;
        struct hn_bom_licence one = *l;
        one.next = NULL;
        one.says = HN_BOM_LICENCE_SAYS;
        hn_jw_str(OF(x), spdx_licence_text(&x->o, &one, HN_BOM_LICENCE_SAYS));
    }
    static const struct hn_str unsaid = {NULL, 0};
    if (file && !open && demanded(x, unsaid).p) {
        hn_jw_key(OF(x), "licenseInfoInFiles");
        hn_jw_arr(OF(x));
        hn_jw_str(OF(x), demanded(x, unsaid));
        open = true;
    }
    if (open)
        hn_jw_arr_end(OF(x));
    if (file && !declared.p && says.p)
        spdx_lost(&x->o, c, "licence", says);
    if (!file)
        text_member(x, "licenseDeclared", demanded(x, declared.p ? declared : says));
    if (!file && declared.p && says.p)
        spdx_lost(&x->o, c, "licence", says);
    prop_member(x, c, "spdx:licenseComments");
}

static void who(struct spdx2_writer *x, const struct hn_bom_component *c)
{
    if (c->supplier)
        hn_jw_kstr(OF(x), "supplier", spdx_agent_text(&x->o, c->supplier));
    if (c->manufacturer)
        hn_jw_kstr(OF(x), "originator", spdx_agent_text(&x->o, c->manufacturer));
    else if (c->authors)
        hn_jw_kstr(OF(x), "originator", spdx_agent_text(&x->o, c->authors));
    for (const struct hn_bom_party *p = c->authors; p; p = p->next)
        if (c->manufacturer || p != c->authors)
            spdx_lost(&x->o, c, "author", p->name);
}

static void purpose(struct spdx2_writer *x, const struct hn_bom_component *c)
{
    static const char *const words[] = {
#define WORD(name, cdx, spdx) spdx,
        HN_BOM_TYPE_MAP(WORD)
#undef WORD
    };
    const char *word = words[c->type];
    if (x->v22 || spdx_extra_get(x->o.same ? c->extra : NULL, "primaryPackagePurpose").p)
        return; /* 2.2: an annotation says it */
    if (c->type == HN_BOM_TYPE_OPERATING_SYSTEM)
        word = "OPERATING_SYSTEM"; /* as the schema has it */
    else if (c->type == HN_BOM_TYPE_PLATFORM || c->type == HN_BOM_TYPE_DEVICE_DRIVER ||
             c->type == HN_BOM_TYPE_ML_MODEL || c->type == HN_BOM_TYPE_DATA)
        word = ""; /* words of SPDX 3 */
    if (!*word) {
        if (c->type != HN_BOM_TYPE_UNKNOWN && c->type != HN_BOM_TYPE_CRYPTO)
            spdx_lost(&x->o, c, "type", hn_str_c(hn_bom_type_word(c->type)));
        return;
    }
    hn_jw_kc(OF(x), "primaryPackagePurpose", word);
}

bool spdx2_is_file(const struct spdx2_writer *x, const struct hn_bom_component *c)
{
    return c->type == HN_BOM_TYPE_FILE && !c->version.p && !c->purl.p && !c->cpe.p && !c->supplier &&
           !c->manufacturer && !c->authors && !c->links && !c->description.p && !c->first_child &&
           !spdx_extra_get(c->extra, "primaryPackagePurpose").p;
}

static void copyright(struct spdx2_writer *x, const struct hn_bom_component *c)
{
    text_member(x, "copyrightText", demanded(x, c->copyright));
}

void spdx2_package_write(struct spdx2_writer *x, const struct hn_bom_component *c)
{
    struct hn_jw *w = OF(x);
    const struct hn_bom_link *download = download_link(x, c), *home = own_link(c, "website");
    struct hn_str analyzed = hn_bom_prop_get(c->props, "spdx:filesAnalyzed");
    const struct hn_bom_extra *own = x->o.same ? c->extra : NULL;

    hn_jw_obj(w);
    hn_jw_kstr(w, "name", c->name.p ? c->name : HN_STR(""));
    hn_jw_kstr(w, "SPDXID", spdx_component_id(&x->o, c));
    text_member(x, "versionInfo", c->version);
    prop_member(x, c, "spdx:packageFileName");
    who(x, c);
    if (download)
        hn_jw_kstr(w, "downloadLocation", download->url);
    else if (!spdx_extra_get(own, "downloadLocation").p)
        hn_jw_kc(w, "downloadLocation", "NOASSERTION");
    if (analyzed.p || !x->o.same)
        hn_jw_kbool(w, "filesAnalyzed", hn_str_eqc(analyzed, "true"));
    checksums(x, c);
    if (home)
        hn_jw_kstr(w, "homepage", home->url);
    prop_member(x, c, "spdx:sourceInfo");
    licences(x, c, false);
    copyright(x, c);
    prop_member(x, c, "spdx:summary");
    text_member(x, "description", c->description);
    prop_member(x, c, "spdx:comment");
    external_refs(x, c);
    prop_list(x, c, "spdx:attributionTexts");
    annotations(x, c);
    purpose(x, c);
    if (!x->v22) {
        prop_member(x, c, "spdx:releaseDate");
        prop_member(x, c, "spdx:builtDate");
        prop_member(x, c, "spdx:validUntilDate");
    }
    spdx_extra_write(&x->o, c, c->extra);
    spdx_component_losses(&x->o, c);
    hn_jw_obj_end(w);
}

void spdx2_file_write(struct spdx2_writer *x, const struct hn_bom_component *c)
{
    struct hn_jw *w = OF(x);

    hn_jw_obj(w);
    hn_jw_kstr(w, "fileName", c->name.p ? c->name : HN_STR(""));
    hn_jw_kstr(w, "SPDXID", spdx_component_id(&x->o, c));
    checksums(x, c);
    prop_list(x, c, "spdx:fileTypes");
    licences(x, c, true);
    copyright(x, c);
    prop_member(x, c, "spdx:comment");
    prop_member(x, c, "spdx:noticeText");
    prop_list(x, c, "spdx:fileContributors");
    prop_list(x, c, "spdx:attributionTexts");
    annotations(x, c);
    spdx_extra_write(&x->o, c, c->extra);
    spdx_component_losses(&x->o, c);
    hn_jw_obj_end(w);
}
