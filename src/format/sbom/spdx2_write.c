/* Any model as an SPDX 2 document in JSON. What SPDX 2 has no place for travels as an annotation "cdx:property
 * NAME=VALUE" where that can be done for a text, and is noted as lost where it cannot. docs/sbom-conversion.md has the
 * table. */
#include "format/sbom/spdx2_write.h"

#include "base/str.h"
#include "format/sbom/spdx2_in.h"

#define DOCUMENT "SPDXRef-DOCUMENT"
#define OF(x)    (&(x)->o.w)

/* ---------------------------------------------------------------- creation */

static void creator(struct spdx2_writer *x, const char *word, struct hn_str name, struct hn_str version)
{
    hn_jw_str(OF(x), version.n ? hn_arena_fmt(x->o.b->arena, "%s: %.*s-%.*s", word, HN_FMT(name), HN_FMT(version))
                               : hn_arena_fmt(x->o.b->arena, "%s: %.*s", word, HN_FMT(name)));
}

static void creators(struct spdx2_writer *x)
{
    const struct hn_bom *b = x->o.b;
    static const struct hn_str none = {NULL, 0};
    bool own = false; /* what Hinomi made names it already */

    hn_jw_key(OF(x), "creators");
    hn_jw_arr(OF(x));
    for (const struct hn_bom_tool *t = b->tools; t; t = t->next) {
        creator(x, "Tool", t->name, t->version);
        own |= hn_str_eqc(t->name, "hinomi") && hn_str_eqc(t->version, HN_VERSION);
        if (t->vendor.n || t->hashes || t->links || (!x->o.same && t->extra))
            spdx_lost(&x->o, NULL, "tool.detail", t->vendor.n ? t->vendor : t->name);
    }
    for (const struct hn_bom_party *p = b->authors; p; p = p->next)
        hn_jw_str(OF(x), spdx_agent_text(&x->o, p));
    if (b->manufacturer || b->supplier || b->manufacture) {
        const struct hn_bom_party *p = b->manufacturer ? b->manufacturer : b->supplier ? b->supplier : b->manufacture;
        hn_jw_str(OF(x), spdx_agent_text(&x->o, p));
    }
    if (!x->o.same && !own)
        creator(x, "Tool", HN_STR("hinomi-" HN_VERSION), none);
    hn_jw_arr_end(OF(x));
}

static void creation(struct spdx2_writer *x)
{
    const struct hn_bom *b = x->o.b;
    struct hn_str created = spdx_time(&x->o);

    hn_jw_key(OF(x), "creationInfo");
    hn_jw_obj(OF(x));
    if (created.p)
        hn_jw_kstr(OF(x), "created", created);
    else if (!x->o.same)
        spdx_lost(&x->o, NULL, "created", HN_STR("")); /* required here, and not known */
    creators(x);
    spdx_extra_write(&x->o, NULL, b->metadata_extra);
    hn_jw_obj_end(OF(x));
}

/* ---------------------------------------------------------------- licences by name */

struct named {
    struct spdx2_writer *x;
    struct hn_map seen;
    bool open;
};

/* Begins the entry of a licence that has none yet. */
static bool first_of(struct named *n, struct hn_str key)
{
    struct hn_jw *w = OF(n->x);

    if (hn_map_has(&n->seen, hn_str_bytes(key)) || !hn_ok(hn_map_set(&n->seen, hn_str_bytes(key), n)))
        return false;
    if (!n->open) {
        hn_jw_key(w, "hasExtractedLicensingInfos");
        hn_jw_arr(w);
    }
    n->open = true;
    hn_jw_obj(w);
    return true;
}

static void named_licence(void *arg, const struct hn_bom_licence *l)
{
    struct named *n = arg;
    struct hn_jw *w = OF(n->x);

    if (!first_of(n, l->value))
        return;
    hn_jw_kstr(w, "licenseId", spdx_licence_ref(&n->x->o, l->value));
    hn_jw_kstr(w, "extractedText", l->value);
    hn_jw_kstr(w, "name", l->value);
    if (l->url.n) {
        hn_jw_key(w, "seeAlsos");
        hn_jw_arr(w);
        hn_jw_str(w, l->url);
        hn_jw_arr_end(w);
    }
    hn_jw_obj_end(w);
}

/* An expression that names a licence of its own says nothing of its text; the entry must be there all the same (10.1).
 * It gets no name, so that the way back finds the expression as it was. */
static void referenced_licence(void *arg, struct hn_str ref)
{
    struct named *n = arg;
    struct hn_jw *w = OF(n->x);

    if (!first_of(n, ref))
        return;
    hn_jw_kstr(w, "licenseId", ref);
    hn_jw_kc(w, "extractedText", "NOASSERTION");
    hn_jw_obj_end(w);
}

static void named_licences(struct spdx2_writer *x)
{
    struct named n = {.x = x};
    if (x->o.same) /* they are in extra */
        return;
    hn_map_init(&n.seen);
    spdx_each_named_licence(x->o.b, named_licence, &n);
    spdx_each_licence_reference(x->o.b, referenced_licence, &n);
    hn_map_done(&n.seen);
    if (n.open)
        hn_jw_arr_end(OF(x));
}

/* ---------------------------------------------------------------- annotations */

static bool about_document(const struct hn_bom_annotation *a)
{
    return !a->subjects || hn_str_eqc(a->subjects->s, DOCUMENT);
}

/* Those of packages go where their package is written. */
static void sort_annotations(struct spdx2_writer *x)
{
    hn_map_init(&x->annotations);
    for (const struct hn_bom_annotation *a = x->o.b->annotations; a; a = a->next) {
        for (const struct hn_bom_text *s = about_document(a) ? NULL : a->subjects; s; s = s->next) {
            struct spdx2_about *n = HN_NEW(x->o.b->arena, struct spdx2_about);
            struct spdx2_about *first = hn_map_find(&x->annotations, hn_str_bytes(s->s));
            if (!n)
                return;
            n->a = a;
            if (first) {
                first->last->next = n;
                first->last = n;
            } else {
                n->last = n;
                if (!hn_ok(hn_map_set(&x->annotations, hn_str_bytes(s->s), n)))
                    x->o.w.out->bad = true;
            }
        }
    }
}

static void document_annotations(struct spdx2_writer *x)
{
    bool open = false;
    for (const struct hn_bom_annotation *a = x->o.b->annotations; a; a = a->next) {
        if (!about_document(a))
            continue;
        if (!open) {
            hn_jw_key(OF(x), "annotations");
            hn_jw_arr(OF(x));
        }
        open = true;
        spdx2_annotation_write(x, a);
    }
    if (open)
        hn_jw_arr_end(OF(x));
}

/* ---------------------------------------------------------------- relations */

static void relation(struct spdx2_writer *x, struct hn_str from, struct hn_str word, struct hn_str to,
                     const struct hn_bom_extra *extra)
{
    struct hn_jw *w = OF(x);
    hn_jw_obj(w);
    hn_jw_kstr(w, "spdxElementId", from);
    hn_jw_kstr(w, "relationshipType", word);
    hn_jw_kstr(w, "relatedSpdxElement", to);
    spdx_extra_write(&x->o, NULL, extra);
    hn_jw_obj_end(w);
}

static void describes(struct spdx2_writer *x)
{
    static const struct hn_str document = HN_STR_INIT(DOCUMENT), word = HN_STR_INIT("DESCRIBES");
    const struct hn_bom *b = x->o.b;

    if (b->subject)
        relation(x, document, word, spdx_component_id(&x->o, b->subject), NULL);
    else if (!x->o.same && !b->first_component) /* a document describes something (11.1), be it not told what */
        relation(x, document, word, HN_STR("NOASSERTION"), NULL);
    else if (!x->o.same) /* each thing that is part of nothing */
        for (const struct hn_bom_component *c = b->first_component; c; c = c->next)
            relation(x, document, word, spdx_component_id(&x->o, c), NULL);
}

static struct hn_str edge_word(struct spdx2_writer *x, const struct hn_bom_edge *e)
{
    static const char *const words[] = {
#define WORD(name, spdx2, spdx3) spdx2,
        HN_BOM_REL_MAP(WORD)
#undef WORD
    };
    if (e->word.p && (x->o.same || spdx_relation_of(e->word)))
        return e->word;
    return hn_str_c(words[e->rel]);
}

static void edge_write(struct spdx2_writer *x, const struct hn_bom_dep *d, const struct hn_bom_edge *e)
{
    struct hn_str from = spdx_id(&x->o, d->ref), to = spdx_id(&x->o, e->to), word = edge_word(x, e);
    bool written = x->o.same || ((d->component || hn_str_eqc(d->ref, DOCUMENT)) &&
                                 (e->component || hn_str_starts(e->to, "DocumentRef-")));
    if (!written || !word.n) {
        spdx_lost(&x->o, NULL, word.n ? "dependency" : "provides", e->to);
        return;
    }
    /* the word of another family is not turned */
    bool turned = e->turned && e->word.p && spdx_relation_of(e->word) && spdx_relation_of(e->word)->turned;
    relation(x, turned ? to : from, word, turned ? from : to, e->extra);
}

static void dep_write(struct spdx2_writer *x, const struct hn_bom_dep *d)
{
    bool any = false;
    for (const struct hn_bom_edge *e = d->edges; e; e = e->next) {
        edge_write(x, d, e);
        any |= e->rel == HN_BOM_REL_DEPENDS_ON;
    }
    if ((d->says_depends || !d->edges) && !any && (x->o.same || d->component))
        relation(x, spdx_id(&x->o, d->ref), HN_STR("DEPENDS_ON"), HN_STR("NONE"), NULL);
    spdx_extra_write(&x->o, NULL, x->o.same ? NULL : d->extra);
}

static void relations(struct spdx2_writer *x)
{
    const struct hn_bom *b = x->o.b;

    hn_jw_key(OF(x), "relationships");
    hn_jw_arr(OF(x));
    describes(x);
    for (size_t i = 0; i < b->n_components; i++)
        if (b->components[i]->parent)
            relation(x, spdx_component_id(&x->o, b->components[i]->parent), HN_STR("CONTAINS"),
                     spdx_component_id(&x->o, b->components[i]), NULL);
    for (size_t i = 0; i < b->n_deps; i++)
        dep_write(x, b->deps[i]);
    hn_jw_arr_end(OF(x));
}

/* ---------------------------------------------------------------- document */

static void components(struct spdx2_writer *x, bool files)
{
    const struct hn_bom *b = x->o.b;
    bool open = false;

    for (size_t i = 0; i <= b->n_components; i++) {
        const struct hn_bom_component *c = i ? b->components[i - 1] : b->subject;
        if (!c || spdx2_is_file(x, c) != files)
            continue;
        if (!open) {
            hn_jw_key(OF(x), files ? "files" : "packages");
            hn_jw_arr(OF(x));
        }
        open = true;
        if (files)
            spdx2_file_write(x, c);
        else
            spdx2_package_write(x, c);
    }
    if (open)
        hn_jw_arr_end(OF(x));
}

static void count_lost(struct spdx2_writer *x, const char *what, size_t n)
{
    if (n)
        spdx_lost(&x->o, NULL, what, hn_arena_fmt(x->o.b->arena, "%zu", n));
}

#define COUNT(n, list)                                                                                                 \
    for (const __typeof__(*(list)) *i_ = (list); i_; i_ = i_->next)                                                    \
    (n)++

static void document_losses(struct spdx2_writer *x)
{
    const struct hn_bom *b = x->o.b;
    size_t compositions = 0, lifecycles = 0, formulas = 0, props = 0, links = 0, licences = 0;

    COUNT(compositions, b->compositions);
    COUNT(lifecycles, b->lifecycles);
    COUNT(formulas, b->formulas);
    COUNT(props, b->props);
    COUNT(props, b->metadata_props);
    COUNT(links, b->links);
    COUNT(licences, b->licences);
    count_lost(x, "services", b->n_services);
    count_lost(x, "vulnerabilities", b->n_vulns);
    count_lost(x, "compositions", compositions);
    count_lost(x, "lifecycles", lifecycles);
    count_lost(x, "formulation", formulas);
    count_lost(x, "properties", props);
    count_lost(x, "externalReferences", links);
    count_lost(x, "metadata.licenses", licences);
    if (b->revision > 1 && !x->o.same)
        spdx_lost(&x->o, NULL, "version", hn_arena_fmt(b->arena, "%lld", (long long)b->revision));
}

struct hn_err spdx2_write_json(const struct hn_bom *b, const char *version, struct hn_buf *out,
                               struct hn_bom_notes *loss)
{
    struct spdx2_writer x = {.o = {.b = b, .loss = loss, .family = HN_BOM_SPDX2, .same = b->family == HN_BOM_SPDX2}};
    struct hn_jw *w = &x.o.w;

    x.v22 = !strcmp(version, "2.2");
    hn_jw_init(w, out);
    sort_annotations(&x);
    hn_jw_obj(w);
    hn_jw_kstr(w, "spdxVersion", hn_arena_fmt(b->arena, "SPDX-%s", version));
    hn_jw_kstr(w, "dataLicense", x.o.same && b->data_licence.p ? b->data_licence : HN_STR("CC0-1.0"));
    if (!x.o.same || !spdx_extra_get(b->extra, "SPDXID").p)
        hn_jw_kc(w, "SPDXID", DOCUMENT);
    hn_jw_kstr(w, "name", spdx_document_name(b));
    hn_jw_kstr(w, "documentNamespace", spdx_namespace(&x.o));
    creation(&x);
    if (b->comment.p)
        hn_jw_kstr(w, "comment", b->comment);
    named_licences(&x);
    spdx_extra_write(&x.o, NULL, b->extra);
    document_annotations(&x);
    components(&x, false);
    components(&x, true);
    relations(&x);
    document_losses(&x);
    hn_jw_obj_end(w);
    hn_map_done(&x.annotations);
    if (b->arena->failed)
        return (struct hn_err){HN_E_NOMEM};
    return hn_buf_err(out);
}
