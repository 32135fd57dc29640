/* Any model as an SPDX 3.0.1 document: a graph of elements, each with an id below the id of the document.
 *
 * A model that was read from SPDX 3 gives back the elements that were kept as they stood, its components anew, and
 * what was added since. */
#include "format/sbom/spdx3_write.h"

#include "base/hash.h"
#include "base/str.h"

#define OF(x)   (&(x)->o.w)
#define CONTEXT "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"

/* ---------------------------------------------------------------- ids */

static struct hn_str below(struct spdx3_writer *x, struct hn_str name)
{
    return hn_arena_fmt(x->o.b->arena, "%.*s#%.*s", HN_FMT(x->base), HN_FMT(name));
}

struct hn_str spdx3_id(struct spdx3_writer *x, struct hn_str ref)
{
    if (x->o.same || hn_str_starts(ref, "urn:cdx:"))
        return ref;
    return below(x, spdx_id(&x->o, ref));
}

struct hn_str spdx3_component_id(struct spdx3_writer *x, const struct hn_bom_component *c)
{
    return x->o.same && c->ref.n ? c->ref : below(x, spdx_component_id(&x->o, c));
}

struct hn_str spdx3_made_id(struct spdx3_writer *x, const char *kind, struct hn_str text)
{
    uint8_t digest[HN_SHA256_LEN];
    char hex[17];

    hn_sha256(hn_str_bytes(text), digest);
    hn_hex(hn_bytes_of(digest, 8), hex);
    return hn_arena_fmt(x->o.b->arena, "%.*s#%s-%s", HN_FMT(x->base), kind, hex);
}

bool spdx3_first(struct spdx3_writer *x, struct hn_str id)
{
    if (hn_map_has(&x->done, hn_str_bytes(id)))
        return false;
    if (!hn_ok(hn_map_set(&x->done, hn_str_bytes(id), x)))
        x->o.w.out->bad = true;
    return true;
}

void spdx3_time(struct spdx3_writer *x, const char *member, struct hn_str text)
{
    char whole[HN_TIME_TEXT];
    hn_time t = 0;

    if (!text.n)
        return;
    if (x->o.same)
        hn_jw_kstr(OF(x), member, text);
    else if (hn_time_parse(text, &t))
        hn_jw_kc(OF(x), member, hn_time_text(t - (t % HN_SECOND + HN_SECOND) % HN_SECOND, whole));
    else
        spdx_lost(&x->o, NULL, member, text);
}

void spdx3_element_begin(struct spdx3_writer *x, const char *type, struct hn_str id)
{
    hn_jw_obj(OF(x));
    hn_jw_kc(OF(x), "type", type);
    hn_jw_kstr(OF(x), "spdxId", id);
    if (x->creation.n)
        hn_jw_kstr(OF(x), "creationInfo", x->creation);
}

void spdx3_relation_begin(struct spdx3_writer *x, const char *type, const char *word, struct hn_str from,
                          const struct hn_str *to, size_t n)
{
    struct hn_buf key;

    hn_buf_init(&key, 256u << 20);
    hn_buf_c(&key, word);
    hn_buf_str(&key, from);
    for (size_t i = 0; i < n; i++) {
        hn_buf_chr(&key, '\n');
        hn_buf_str(&key, to[i]);
    }
    struct hn_str id = spdx3_made_id(x, "Relationship", hn_buf_text(&key)), one = id;
    hn_buf_done(&key);
    for (unsigned i = 2; !spdx3_first(x, one) && !x->o.w.out->bad; i++) /* two ratings of one thing, say */
        one = hn_arena_fmt(x->o.b->arena, "%.*s-%u", HN_FMT(id), i);
    spdx3_element_begin(x, type, one);
    hn_jw_kstr(OF(x), "from", from);
    hn_jw_kc(OF(x), "relationshipType", word);
    hn_jw_key(OF(x), "to");
    hn_jw_arr(OF(x));
    for (size_t i = 0; i < n; i++)
        hn_jw_str(OF(x), to[i]);
    hn_jw_arr_end(OF(x));
}

/* ---------------------------------------------------------------- agents and tools */

/* An organisation of CycloneDX has its address with a contact. */
static struct hn_str party_email(const struct hn_bom_party *p)
{
    return p->email.n || !p->contacts ? p->email : p->contacts->email;
}

static struct hn_str party_address(const struct hn_bom_party *p)
{
    struct hn_str email = party_email(p);
    return email.n || !p->urls ? email : p->urls->s;
}

struct hn_str spdx3_party_id(struct spdx3_writer *x, const struct hn_bom_party *p)
{
    struct hn_str own = spdx_extra_get(p->extra, "spdxId"), address = party_address(p);
    if (x->o.same && own.n)
        return own;
    return spdx3_made_id(x, p->person ? "Person" : "Organization",
                         hn_arena_fmt(x->o.b->arena, "%.*s\n%.*s", HN_FMT(p->name), HN_FMT(address)));
}

void spdx3_party_write(struct spdx3_writer *x, const struct hn_bom_party *p)
{
    struct hn_str id, address;

    if (!p || (x->o.same && spdx_extra_get(p->extra, "spdxId").n)) /* there already */
        return;
    id = spdx3_party_id(x, p);
    if (!spdx3_first(x, id))
        return;
    spdx3_element_begin(x, p->person ? "Person" : "Organization", id);
    hn_jw_kstr(OF(x), "name", p->name.p ? p->name : HN_STR(""));
    address = party_address(p);
    if (address.n) {
        hn_jw_key(OF(x), "externalIdentifier");
        hn_jw_arr(OF(x));
        hn_jw_obj(OF(x));
        hn_jw_kc(OF(x), "type", "ExternalIdentifier");
        hn_jw_kc(OF(x), "externalIdentifierType", party_email(p).n ? "email" : "urlScheme");
        hn_jw_kstr(OF(x), "identifier", address);
        hn_jw_obj_end(OF(x));
        hn_jw_arr_end(OF(x));
    }
    hn_jw_obj_end(OF(x));
}

static struct hn_str tool_name(struct spdx3_writer *x, const struct hn_bom_tool *t)
{
    if (!t->version.n)
        return t->name;
    return hn_arena_fmt(x->o.b->arena, "%.*s-%.*s", HN_FMT(t->name), HN_FMT(t->version));
}

#define OWN_NAME HN_STR("hinomi-" HN_VERSION)

static void tool_write(struct spdx3_writer *x, const char *type, struct hn_str name)
{
    struct hn_str id = spdx3_made_id(x, type, name);

    if (!spdx3_first(x, id))
        return;
    spdx3_element_begin(x, type, id);
    hn_jw_kstr(OF(x), "name", name);
    hn_jw_obj_end(OF(x));
}

/* ---------------------------------------------------------------- creation */

static void creator(struct spdx3_writer *x, const struct hn_bom_party *p)
{
    for (; p; p = p->next)
        hn_jw_str(OF(x), spdx3_party_id(x, p));
}

/* What Hinomi made names it already: the list is a set. */
static bool own_tool_told(struct spdx3_writer *x)
{
    for (const struct hn_bom_tool *t = x->o.b->tools; t; t = t->next)
        if (hn_str_eq(tool_name(x, t), OWN_NAME))
            return true;
    return false;
}

static void creation(struct spdx3_writer *x)
{
    const struct hn_bom *b = x->o.b;
    struct hn_str created = spdx_time(&x->o);
    struct hn_jw *w = OF(x);

    hn_jw_obj(w);
    hn_jw_kc(w, "type", "CreationInfo");
    hn_jw_kstr(w, "@id", x->creation);
    hn_jw_kc(w, "specVersion", "3.0.1");
    if (created.p)
        hn_jw_kstr(w, "created", created);
    else
        spdx_lost(&x->o, NULL, "created", HN_STR("")); /* required here, and not known */
    hn_jw_key(w, "createdBy");
    hn_jw_arr(w);
    creator(x, b->authors);
    creator(x, b->manufacturer);
    creator(x, b->supplier);
    creator(x, b->manufacture);
    if (!b->authors && !b->manufacturer && !b->supplier && !b->manufacture)
        hn_jw_str(w, spdx3_made_id(x, "SoftwareAgent", OWN_NAME));
    hn_jw_arr_end(w);
    hn_jw_key(w, "createdUsing");
    hn_jw_arr(w);
    for (const struct hn_bom_tool *t = b->tools; t; t = t->next)
        hn_jw_str(w, spdx3_made_id(x, "Tool", tool_name(x, t)));
    if (!own_tool_told(x))
        hn_jw_str(w, spdx3_made_id(x, "Tool", OWN_NAME));
    hn_jw_arr_end(w);
    hn_jw_obj_end(w);
}

static void creators(struct spdx3_writer *x)
{
    const struct hn_bom *b = x->o.b;
    const struct hn_bom_party *const lists[] = {b->authors, b->manufacturer, b->supplier, b->manufacture};
    bool any = false;

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (const struct hn_bom_party *p = lists[i]; p; p = p->next) {
            spdx3_party_write(x, p);
            any = true;
            if (p->urls || p->contacts || p->phone.n)
                spdx_lost(&x->o, NULL, "author.contact", p->name);
        }
    if (!any)
        tool_write(x, "SoftwareAgent", OWN_NAME);
    for (const struct hn_bom_tool *t = b->tools; t; t = t->next) {
        tool_write(x, "Tool", tool_name(x, t));
        if (t->vendor.n || t->hashes || t->links || t->extra)
            spdx_lost(&x->o, NULL, "tool.detail", t->vendor.n ? t->vendor : t->name);
    }
    tool_write(x, "Tool", OWN_NAME);
}

/* ---------------------------------------------------------------- document */

static void id_list(struct spdx3_writer *x, const char *key, struct hn_str one)
{
    hn_jw_key(OF(x), key);
    hn_jw_arr(OF(x));
    hn_jw_str(OF(x), one);
    hn_jw_arr_end(OF(x));
}

static void profiles(struct spdx3_writer *x)
{
    hn_jw_key(OF(x), "profileConformance");
    hn_jw_arr(OF(x));
    hn_jw_c(OF(x), "core");
    hn_jw_c(OF(x), "software");
    hn_jw_c(OF(x), "simpleLicensing");
    if (x->o.b->n_vulns)
        hn_jw_c(OF(x), "security");
    hn_jw_arr_end(OF(x));
}

static void sbom_types(struct spdx3_writer *x)
{
    bool open = false;
    for (const struct hn_bom_lifecycle *l = x->o.b->lifecycles; l; l = l->next) {
        const char *word = spdx3_sbom_type(l->phase);
        if (!word) {
            spdx_lost(&x->o, NULL, "lifecycle", l->phase.n ? l->phase : l->name);
            continue;
        }
        if (!open) {
            hn_jw_key(OF(x), "software_sbomType");
            hn_jw_arr(OF(x));
        }
        open = true;
        hn_jw_c(OF(x), word);
    }
    if (open)
        hn_jw_arr_end(OF(x));
}

/* Roots: the subject, else what SPDX 2 describes, else what is part of nothing. */
static void roots(struct spdx3_writer *x)
{
    const struct hn_bom *b = x->o.b;
    const struct hn_bom_dep *d = hn_bom_dep_of(b, HN_STR("SPDXRef-DOCUMENT"));
    bool any = false;

    hn_jw_key(OF(x), "rootElement");
    hn_jw_arr(OF(x));
    if (b->subject) {
        hn_jw_str(OF(x), spdx3_component_id(x, b->subject));
        any = true;
    }
    for (const struct hn_bom_edge *e = d && !any ? d->edges : NULL; e; e = e->next)
        if (e->rel == HN_BOM_REL_DESCRIBES && e->component) {
            hn_jw_str(OF(x), spdx3_component_id(x, e->component));
            any = true;
        }
    for (const struct hn_bom_component *c = any ? NULL : b->first_component; c; c = c->next)
        hn_jw_str(OF(x), spdx3_component_id(x, c));
    hn_jw_arr_end(OF(x));
}

static void document(struct spdx3_writer *x)
{
    const struct hn_bom *b = x->o.b;
    struct hn_str sbom = below(x, HN_STR("sbom"));
    struct hn_jw *w = OF(x);

    spdx3_element_begin(x, "SpdxDocument", x->base);
    hn_jw_kstr(w, "name", spdx_document_name(b));
    if (b->comment.p)
        hn_jw_kstr(w, "comment", b->comment);
    profiles(x);
    id_list(x, "rootElement", sbom);
    hn_jw_obj_end(w);

    spdx3_element_begin(x, "software_Sbom", sbom);
    sbom_types(x);
    roots(x);
    hn_jw_key(w, "element");
    hn_jw_arr(w);
    if (b->subject)
        hn_jw_str(w, spdx3_component_id(x, b->subject));
    for (size_t i = 0; i < b->n_components; i++)
        hn_jw_str(w, spdx3_component_id(x, b->components[i]));
    hn_jw_arr_end(w);
    hn_jw_obj_end(w);
}

static void annotations(struct spdx3_writer *x)
{
    for (const struct hn_bom_annotation *a = x->o.b->annotations; a; a = a->next) {
        const struct hn_bom_text *s = a->subjects;
        do {
            bool all = !s || hn_str_eqc(s->s, "SPDXRef-DOCUMENT");
            struct hn_str about = all ? x->base : spdx3_id(x, s->s);
            spdx3_element_begin(x, "Annotation",
                                spdx3_made_id(x, "Annotation",
                                              hn_arena_fmt(x->o.b->arena, "%.*s\n%.*s\n%.*s", HN_FMT(about),
                                                           HN_FMT(a->timestamp), HN_FMT(a->text))));
            hn_jw_kc(OF(x), "annotationType", "other");
            hn_jw_kstr(OF(x), "subject", about);
            hn_jw_kstr(OF(x), "statement", a->text.p ? a->text : HN_STR(""));
            hn_jw_obj_end(OF(x));
            if (a->annotator.n || a->timestamp.n) /* one creation info for all elements */
                spdx_lost(&x->o, NULL, "annotation.annotator", a->annotator.n ? a->annotator : a->timestamp);
            s = s ? s->next : NULL;
        } while (s);
    }
}

static void kept_elements(struct spdx3_writer *x)
{
    for (const struct hn_bom_extra *e = x->o.b->extra; e; e = e->next)
        if (hn_str_eqc(e->key, "@graph"))
            hn_jw_raw(OF(x), e->value);
}

/* ---------------------------------------------------------------- what cannot be said */

static void count_lost(struct spdx3_writer *x, const char *what, size_t n)
{
    if (n)
        spdx_lost(&x->o, NULL, what, hn_arena_fmt(x->o.b->arena, "%zu", n));
}

#define COUNT(n, list)                                                                                                 \
    for (const __typeof__(*(list)) *i_ = (list); i_; i_ = i_->next)                                                    \
    (n)++

static void losses(struct spdx3_writer *x)
{
    const struct hn_bom *b = x->o.b;
    size_t formulas = 0, props = 0, links = 0, licences = 0;

    COUNT(formulas, b->formulas);
    COUNT(props, b->props);
    COUNT(props, b->metadata_props);
    COUNT(links, b->links);
    COUNT(licences, b->licences);
    count_lost(x, "services", b->n_services);
    count_lost(x, "formulation", formulas);
    count_lost(x, "properties", props);
    count_lost(x, "externalReferences", links);
    count_lost(x, "metadata.licenses", licences);
    spdx_extra_write(&x->o, NULL, b->extra);
    spdx_extra_write(&x->o, NULL, b->metadata_extra);
    for (const struct hn_bom_composition *c = b->compositions; c; c = c->next)
        if (c->assemblies || c->vulnerabilities)
            spdx_lost(&x->o, NULL, "composition.assemblies", c->word);
    if (b->revision > 1)
        spdx_lost(&x->o, NULL, "version", hn_arena_fmt(b->arena, "%lld", (long long)b->revision));
}

static void index_compositions(struct spdx3_writer *x)
{
    for (const struct hn_bom_composition *c = x->o.b->compositions; c; c = c->next)
        for (const struct hn_bom_text *t = c->dependencies; t; t = t->next)
            if (!hn_ok(hn_map_set(&x->complete, hn_str_bytes(t->s), (void *)(uintptr_t)c)))
                x->o.w.out->bad = true;
}

/* ---------------------------------------------------------------- whole */

static void graph(struct spdx3_writer *x)
{
    const struct hn_bom *b = x->o.b;

    if (x->o.same) {
        kept_elements(x);
    } else {
        creation(x);
        creators(x);
        document(x);
    }
    for (size_t i = 0; i <= b->n_components; i++) {
        const struct hn_bom_component *c = i ? b->components[i - 1] : b->subject;
        if (!c)
            continue;
        spdx3_component_write(x, c);
        spdx3_licences_write(x, c);
    }
    spdx3_relations_write(x);
    spdx3_vulns_write(x);
    if (!x->o.same)
        annotations(x);
}

/* The id of the CreationInfo of the document that was read: a JSON string. */
static struct hn_str kept_creation(const struct hn_bom *b)
{
    struct hn_str raw = spdx_extra_get(b->metadata_extra, "creationInfo");
    const struct hn_jv *v = raw.p ? hn_jv_parse(b->arena, hn_str_bytes(raw), NULL) : NULL;
    return v && v->kind == HN_JV_STR ? v->s : (struct hn_str){NULL, 0};
}

struct hn_err spdx3_write_json(const struct hn_bom *b, const struct hn_bom_how *how, struct hn_buf *out,
                               struct hn_bom_notes *loss)
{
    struct spdx3_writer x = {.o = {.b = b, .loss = loss, .family = HN_BOM_SPDX3, .same = b->family == HN_BOM_SPDX3}};
    struct hn_str context = x.o.same ? spdx_extra_get(b->metadata_extra, "@context") : (struct hn_str){NULL, 0};

    (void)how;
    hn_jw_init(OF(&x), out);
    hn_map_init(&x.done);
    hn_map_init(&x.complete);
    x.base = spdx_namespace(&x.o);
    x.creation = x.o.same ? kept_creation(b) : HN_STR("_:creationinfo");
    index_compositions(&x);
    hn_jw_obj(OF(&x));
    hn_jw_key(OF(&x), "@context");
    if (context.p)
        hn_jw_raw(OF(&x), context);
    else
        hn_jw_c(OF(&x), CONTEXT);
    hn_jw_key(OF(&x), "@graph");
    hn_jw_arr(OF(&x));
    graph(&x);
    hn_jw_arr_end(OF(&x));
    if (!x.o.same)
        losses(&x);
    hn_jw_obj_end(OF(&x));
    hn_map_done(&x.done);
    hn_map_done(&x.complete);
    if (b->arena->failed)
        return (struct hn_err){HN_E_NOMEM};
    return hn_buf_err(out);
}
