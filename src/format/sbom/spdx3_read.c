/* SPDX 3.0 and 3.0.1, JSON-LD.
 *
 *   { "@context": …, "@graph": [ element, … ] }   elements in any order, joined by their ids: read twice
 *   { "@context": …, element }                    one element alone
 *   [ element, … ]                                expanded form: whole IRIs as keys, values in lists and objects;
 *                                                 it is made compact before it is looked at
 *
 *   software_Package, software_File, ai_AIPackage, dataset_DatasetPackage    components
 *   Relationship (dependsOn, contains …)                                    edges; licences; a completeness
 *   security_*                                                              vulnerabilities, statements, ratings
 *
 * Lossless: every other element is kept as it stands in extra "@graph", relations and licences too; what was made of
 * those carries a mark, so that the writer of this family gives the element and not both. */
#include "base/str.h"
#include "format/sbom/spdx.h"
#include "format/sbom/spdx3_in.h"
#include "format/sbom/spdx3_write.h"

#define DEPTH_MOST 32 /* of values in an element */

/* ---------------------------------------------------------------- compact form */

#define TERMS "https://spdx.org/rdf/"

/* "https://spdx.org/rdf/3.0.1/terms/Software/packageVersion" → "software_packageVersion"; Core has no prefix. */
static struct hn_str term(struct hn_arena *a, struct hn_str iri)
{
    ptrdiff_t at = hn_str_starts(iri, TERMS) ? hn_str_find(iri, HN_STR("/terms/")) : -1;
    if (at < 0)
        return iri;
    struct hn_str rest = hn_str_cut(iri, (size_t)at + 7, iri.n), profile;
    if (!hn_str_split(&rest, '/', &profile) || !rest.n || hn_str_chr(rest, '/') >= 0)
        return iri;
    if (hn_str_eqc(profile, "Core"))
        return rest;
    struct hn_str out = hn_arena_fmt(a, "%.*s_%.*s", HN_FMT(profile), HN_FMT(rest));
    char *p = (char *)(uintptr_t)out.p; /* ours */
    for (size_t i = 0; i < out.n && i < profile.n; i++)
        if (p[i] >= 'A' && p[i] <= 'Z')
            p[i] |= 0x20;
    return out;
}

/* {"@value": x} → x */
static void unwrap(struct hn_jv *v)
{
    for (size_t i = 0; v->kind == HN_JV_OBJ && i < v->n; i++) {
        if (!hn_str_eqc(v->keys[i], "@value"))
            continue;
        struct hn_jv inner = v->items[i];
        *v = inner;
        return;
    }
}

static void compact(struct hn_arena *a, struct hn_jv *v)
{
    for (size_t i = 0; i < v->n; i++) {
        compact(a, &v->items[i]);
        if (v->kind != HN_JV_OBJ)
            continue;
        if (hn_str_eqc(v->keys[i], "@type")) {
            struct hn_jv *t = &v->items[i];
            v->keys[i] = HN_STR("type");
            if (t->kind == HN_JV_ARR && t->n)
                *t = t->items[0];
            t->s = term(a, t->s);
        } else {
            v->keys[i] = term(a, v->keys[i]);
        }
    }
    unwrap(v);
}

/* Only documents in expanded form need it. */
static bool is_expanded(const struct hn_jv *v)
{
    for (size_t i = 0; v->kind == HN_JV_OBJ && i < v->n; i++)
        if (hn_str_eqc(v->keys[i], "@type") || hn_str_starts(v->keys[i], TERMS))
            return true;
    return false;
}

/* ---------------------------------------------------------------- values */

struct hn_str spdx3_text(const struct hn_jv *v)
{
    if (v && v->kind == HN_JV_ARR && v->n == 1)
        v = v->items;
    if (v && v->kind == HN_JV_STR)
        return v->s;
    if (v && v->kind == HN_JV_OBJ) {
        struct hn_str id = hn_jv_str(v, "spdxId");
        return id.p ? id : hn_jv_str(v, "@id");
    }
    return (struct hn_str){NULL, 0};
}

struct hn_str spdx3_str(const struct hn_jv *v, const char *key)
{
    return spdx3_text(hn_jv_get(v, key));
}

static struct hn_str last_part(struct hn_str s)
{
    if (!hn_str_starts(s, TERMS))
        return s;
    size_t i = s.n;
    while (i && s.p[i - 1] != '/')
        i--;
    return hn_str_cut(s, i, s.n);
}

struct hn_str spdx3_word(const struct hn_jv *v, const char *key)
{
    return last_part(spdx3_str(v, key));
}

size_t spdx3_count(const struct hn_jv *v, const char *key)
{
    const struct hn_jv *m = hn_jv_get(v, key);
    return !m || m->kind == HN_JV_NULL ? 0 : m->kind == HN_JV_ARR ? m->n : 1;
}

const struct hn_jv *spdx3_item(const struct hn_jv *v, const char *key, size_t i)
{
    const struct hn_jv *m = hn_jv_get(v, key);
    return m && m->kind == HN_JV_ARR ? &m->items[i] : m;
}

/* ---------------------------------------------------------------- the graph */

struct spdx3_element *spdx3_find(struct spdx3_reader *r, struct hn_str id)
{
    return id.n ? hn_map_find(&r->by_id, hn_str_bytes(id)) : NULL;
}

bool spdx3_known(struct spdx3_reader *r, struct hn_str id)
{
    return spdx3_find(r, id) || hn_str_starts(id, TERMS) || hn_str_starts(id, "https://spdx.org/licenses/") ||
           hn_map_has(&r->imported, hn_str_bytes(id));
}

void spdx3_note(struct spdx3_reader *r, enum hn_bom_severity severity, const char *code, struct hn_str a,
                struct hn_str b)
{
    r->in.section = r->now ? "@graph" : NULL;
    r->in.index = r->now ? (size_t)(r->now - r->elements) : SIZE_MAX;
    r->in.at = r->now ? r->now->at : 0;
    spdx_note(&r->in, severity, code, a, b);
}

static void check_members(struct spdx3_reader *r, const struct hn_jv *v, unsigned depth)
{
    if (depth > DEPTH_MOST)
        return;
    for (size_t i = 0; i < v->n; i++) {
        if (v->kind == HN_JV_OBJ && !spdx3_member_known(v->keys[i])) {
            const char *near = spdx3_member_near(v->keys[i]);
            r->in.member = v->keys[i];
            spdx3_note(r, HN_BOM_NOTE_WARNING, near ? "unknown-member-near" : "unknown-member", v->keys[i],
                       hn_str_c(near ? near : ""));
            r->in.member = HN_STR("");
        }
        check_members(r, &v->items[i], depth + 1);
    }
}

static bool room(struct spdx3_reader *r)
{
    struct spdx3_element *more = hn_arena_more(r->b->arena, r->elements, r->n, &r->cap, sizeof *more);
    r->elements = more ? more : r->elements;
    return more != NULL;
}

static void element_item(struct spdx_in *in, enum hn_jtok t, void *arg)
{
    struct spdx3_reader *r = arg;
    size_t at = in->at;

    if (t != HN_J_OBJ) {
        in->section = "@graph";
        in->index = r->n;
        spdx_note(in, HN_BOM_NOTE_ERROR, "wrong-type", HN_STR("@graph"), HN_STR("object"));
        spdx_skip(in, t);
        return;
    }
    const struct hn_jv *v = hn_jv_build(r->b->arena, &in->r, t);
    if (!v || !room(r))
        return;
    struct spdx3_element *e = &r->elements[r->n++];
    *e = (struct spdx3_element){.v = v, .at = at, .raw = {(const char *)in->r.base + at, in->r.off - at}};
    if (is_expanded(v))
        compact(r->b->arena, (struct hn_jv *)(uintptr_t)v);
    e->id = hn_jv_str(v, "spdxId");
    if (!e->id.p)
        e->id = hn_jv_str(v, "@id");
    e->type = last_part(hn_jv_str(v, "type"));
}

/* One element without @graph: the members of the document are its own, "@context" aside. */
static void whole_document(struct spdx_in *in, enum hn_jtok t, struct spdx3_reader *r)
{
    bool graph = false;
    struct hn_jr outer = in->r;
    size_t at = in->at;

    while ((t = spdx_next(in)) == HN_J_KEY) {
        struct hn_str key = hn_jr_text(&in->r, r->b->arena);
        t = spdx_next(in);
        if (t == HN_J_ERR)
            return;
        if (hn_str_eqc(key, "@graph")) {
            graph = true;
            spdx_each(in, t, element_item, r);
        } else if (hn_str_eqc(key, "@context")) {
            spdx_keep(in, &r->b->metadata_extra, key, t);
        } else {
            spdx_skip(in, t);
        }
    }
    if (t != HN_J_OBJ_END || graph)
        return;
    in->r = outer;
    in->at = at;
    element_item(in, HN_J_OBJ, r);
}

static void index_elements(struct spdx3_reader *r)
{
    for (size_t i = 0; i < r->n; i++) {
        struct spdx3_element *e = &r->elements[i];
        r->now = e;
        check_members(r, e->v, 0);
        if (!e->type.n)
            spdx3_note(r, HN_BOM_NOTE_ERROR, "missing-member", HN_STR("type"), HN_STR(""));
        else if (!spdx3_class_known(e->type))
            spdx3_note(r, HN_BOM_NOTE_WARNING, "unknown-word", e->type, HN_STR("type"));
        if (!e->id.n) {
            if (!hn_str_eqc(e->type, "CreationInfo"))
                spdx3_note(r, HN_BOM_NOTE_ERROR, "missing-member", HN_STR("spdxId"), HN_STR(""));
            continue;
        }
        if (spdx3_find(r, e->id))
            spdx3_note(r, HN_BOM_NOTE_ERROR, "duplicate-ref", e->id, HN_STR(""));
        else if (!hn_ok(hn_map_set(&r->by_id, hn_str_bytes(e->id), e)))
            r->b->arena->failed = true;
        if (hn_str_eqc(e->type, "SpdxDocument") && !r->document)
            r->document = e;
    }
    r->now = NULL;
}

/* ---------------------------------------------------------------- document */

static const struct hn_jv *creation_of(struct spdx3_reader *r, const struct hn_jv *v)
{
    const struct hn_jv *m = hn_jv_get(v, "creationInfo");
    if (m && m->kind == HN_JV_OBJ && m->n > 1) /* written in place */
        return m;
    struct spdx3_element *e = spdx3_find(r, spdx3_text(m));
    if (!e && m)
        spdx3_note(r, HN_BOM_NOTE_ERROR, "dangling-ref", spdx3_text(m), HN_STR("creationInfo"));
    return e ? e->v : NULL;
}

static void creation_read(struct spdx3_reader *r, const struct hn_jv *v)
{
    struct hn_bom *b = r->b;

    b->has_metadata = true;
    b->timestamp_text = spdx3_str(v, "created");
    if (!hn_time_parse(b->timestamp_text, &b->timestamp))
        spdx3_note(r, HN_BOM_NOTE_ERROR, "time-form", b->timestamp_text, HN_STR(""));
    b->spec_version = spdx3_str(v, "specVersion");
    if (!hn_str_starts(b->spec_version, "3."))
        spdx3_note(r, HN_BOM_NOTE_ERROR, "spec-version", b->spec_version, HN_STR("3.0.1"));
    struct hn_bom_party **end = &b->authors;
    for (size_t i = 0; i < spdx3_count(v, "createdBy"); i++) {
        struct hn_bom_party *p = spdx3_party_add(r, end, spdx3_text(spdx3_item(v, "createdBy", i)));
        end = p ? &p->next : end;
    }
    for (size_t i = 0; i < spdx3_count(v, "createdUsing"); i++)
        spdx3_tool_add(r, spdx3_text(spdx3_item(v, "createdUsing", i)));
    if (!b->authors)
        spdx3_note(r, HN_BOM_NOTE_ERROR, "missing-member", HN_STR("createdBy"), HN_STR(""));
}

static void imports_read(struct spdx3_reader *r, const struct hn_jv *v)
{
    for (size_t i = 0; i < spdx3_count(v, "import"); i++) {
        struct hn_str id = spdx3_str(spdx3_item(v, "import", i), "externalSpdxId");
        if (id.n && !hn_ok(hn_map_set(&r->imported, hn_str_bytes(id), r)))
            r->b->arena->failed = true;
    }
}

static void document_read(struct spdx3_reader *r)
{
    struct hn_bom *b = r->b;
    const struct hn_jv *creation = NULL;

    r->now = r->document;
    if (!r->document) {
        spdx3_note(r, HN_BOM_NOTE_ERROR, "missing-member", HN_STR("SpdxDocument"), HN_STR(""));
    } else {
        const struct hn_jv *v = r->document->v;
        b->serial = r->document->id;
        b->name = spdx3_str(v, "name");
        b->comment = spdx3_str(v, "comment");
        r->main_creation = spdx3_str(v, "creationInfo");
        imports_read(r, v);
        creation = creation_of(r, v);
    }
    for (size_t i = 0; !creation && i < r->n; i++)
        if (hn_str_eqc(r->elements[i].type, "CreationInfo")) {
            creation = r->elements[i].v;
            r->main_creation = r->elements[i].id;
        }
    if (r->main_creation.p)
        spdx_keep_text(&r->in, &b->metadata_extra, "creationInfo", r->main_creation);
    if (creation)
        creation_read(r, creation);
    else
        spdx3_note(r, HN_BOM_NOTE_ERROR, "missing-member", HN_STR("creationInfo"), HN_STR(""));
    r->now = NULL;
}

/* What it is about: the roots of the document; a root that is a bill of materials stands for the roots of that. */
static struct hn_bom_component *root_of(struct spdx3_reader *r, const struct spdx3_element *e, unsigned depth,
                                        size_t *ret_n)
{
    struct hn_bom_component *c = NULL;

    for (size_t i = 0; e && depth < 4 && i < spdx3_count(e->v, "rootElement"); i++) {
        struct hn_str id = spdx3_text(spdx3_item(e->v, "rootElement", i));
        struct spdx3_element *root = spdx3_find(r, id);
        r->now = e;
        if (!root)
            spdx3_note(r, HN_BOM_NOTE_ERROR, "dangling-ref", id, HN_STR("rootElement"));
        else if (root->component && ++*ret_n)
            c = root->component;
        else if (root != e && spdx3_count(root->v, "rootElement")) {
            struct hn_bom_component *inner = root_of(r, root, depth + 1, ret_n);
            c = inner ? inner : c;
        }
    }
    return c;
}

static void settle_subject(struct spdx3_reader *r)
{
    size_t n = 0;
    struct hn_bom_component *c = root_of(r, r->document, 0, &n);

    for (size_t i = 0; !n && i < r->n; i++)
        if (hn_str_eqc(r->elements[i].type, "software_Sbom"))
            c = root_of(r, &r->elements[i], 0, &n);
    r->now = NULL;
    if (n == 1 && c && c->number != UINT32_MAX)
        spdx_make_subject(r->b, c);
    else if (!n && r->b->n_components)
        spdx3_note(r, HN_BOM_NOTE_WARNING, "no-subject", HN_STR(""), HN_STR(""));
}

static void sbom_read(struct spdx3_reader *r, const struct spdx3_element *e)
{
    for (size_t i = 0; i < spdx3_count(e->v, "software_sbomType"); i++) {
        struct hn_str word = last_part(spdx3_text(spdx3_item(e->v, "software_sbomType", i)));
        const char *phase = spdx3_phase_of(word);
        struct hn_bom_lifecycle *l = phase ? HN_NEW(r->b->arena, struct hn_bom_lifecycle) : NULL;
        if (!phase)
            spdx3_note(r, HN_BOM_NOTE_WARNING, "unknown-word", word, HN_STR("software_sbomType"));
        if (!l)
            continue;
        l->phase = hn_str_c(phase);
        *r->lifecycles_tail = l;
        r->lifecycles_tail = &l->next;
    }
}

static void annotation_read(struct spdx3_reader *r, const struct spdx3_element *e)
{
    struct hn_bom_annotation *a = HN_NEW(r->b->arena, struct hn_bom_annotation);
    const struct hn_jv *creation = creation_of(r, e->v);
    struct hn_str subject = spdx3_str(e->v, "subject");

    if (!a)
        return;
    a->ref = e->id;
    a->text = spdx3_str(e->v, "statement");
    a->timestamp = creation ? spdx3_str(creation, "created") : (struct hn_str){NULL, 0};
    if (subject.p)
        hn_bom_text_add(r->b, &a->subjects, subject);
    if (creation && spdx3_count(creation, "createdBy")) {
        struct spdx3_element *who = spdx3_find(r, spdx3_text(spdx3_item(creation, "createdBy", 0)));
        a->annotator = who ? spdx3_str(who->v, "name") : (struct hn_str){NULL, 0};
    }
    *r->annotations_tail = a;
    r->annotations_tail = &a->next;
}

static bool is_component(struct hn_str type)
{
    return hn_str_eqc(type, "software_Package") || hn_str_eqc(type, "software_File") ||
           hn_str_eqc(type, "ai_AIPackage") || hn_str_eqc(type, "dataset_DatasetPackage");
}

static void keep_element(struct spdx3_reader *r, const struct spdx3_element *e)
{
    if (hn_bom_extra_add(r->b, r->graph_tail, HN_STR("@graph"), e->raw))
        r->graph_tail = &(*r->graph_tail)->next;
}

static void elements_read(struct spdx3_reader *r)
{
    for (size_t i = 0; i < r->n && !r->b->arena->failed; i++) {
        struct spdx3_element *e = &r->elements[i];
        r->now = e;
        if (is_component(e->type)) {
            spdx3_component_read(r, e);
            continue;
        }
        keep_element(r, e);
        if (hn_str_eqc(e->type, "security_Vulnerability"))
            spdx3_vulnerability_read(r, e);
        else if (hn_str_eqc(e->type, "software_Sbom"))
            sbom_read(r, e);
        else if (hn_str_eqc(e->type, "Annotation"))
            annotation_read(r, e);
    }
    for (size_t i = 0; i < r->n && !r->b->arena->failed; i++) {
        r->now = &r->elements[i];
        if (hn_str_ends(r->now->type, "Relationship"))
            spdx3_relation_read(r, &r->elements[i]);
    }
    r->now = NULL;
}

static struct hn_err read_json(struct hn_bom *b, struct hn_bytes text)
{
    struct spdx3_reader r = {.b = b};
    struct spdx_in *in = &r.in;
    enum hn_jtok t;

    spdx_in_init(in, b, text);
    hn_map_init(&r.by_id);
    hn_map_init(&r.imported);
    r.annotations_tail = &b->annotations;
    r.compositions_tail = &b->compositions;
    r.lifecycles_tail = &b->lifecycles;
    r.tools_tail = &b->tools;
    r.graph_tail = &b->extra;
    t = spdx_next(in);
    if (t == HN_J_OBJ)
        whole_document(in, t, &r);
    else if (t == HN_J_ARR)
        spdx_each(in, t, element_item, &r);
    bool whole = spdx_next(in) == HN_J_END;
    struct hn_err err = HN_OK;
    if (!whole || b->arena->failed)
        err = spdx_broken(in);
    index_elements(&r);
    document_read(&r);
    elements_read(&r);
    settle_subject(&r);
    hn_map_done(&r.by_id);
    hn_map_done(&r.imported);
    return b->arena->failed ? (struct hn_err){HN_E_NOMEM} : err;
}

static unsigned sniff(struct hn_bytes text)
{
    struct hn_str head = {(const char *)text.p, text.n < 65536 ? text.n : 65536};
    size_t i = 0;

    while (i < head.n && ((unsigned char)head.p[i] <= ' ' || (unsigned char)head.p[i] >= 0xBB))
        i++; /* white space, byte order mark */
    if (i == head.n || (head.p[i] != '{' && head.p[i] != '['))
        return 0;
    if (hn_str_find(head, HN_STR("https://spdx.org/rdf/3")) >= 0)
        return 95;
    return hn_str_find(head, HN_STR("\"SpdxDocument\"")) >= 0 ? 85 : 0;
}

static const char *const versions[] = {"3.0.1", NULL};
const struct hn_bom_format hn_bom_spdx3_json = {
    .family = HN_BOM_SPDX3,
    .form = HN_BOM_JSON,
    .versions = versions,
    .sniff = sniff,
    .read = read_json,
    .write = spdx3_write_json,
};
