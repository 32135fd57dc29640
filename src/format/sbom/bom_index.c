/* Tables by reference and purl; what refers to what. Everything that carries a reference is entered, since references
 * are unique over the whole document. */
#include "base/str.h"
#include "format/sbom/bom.h"

/* A value of by_ref is a pointer whose low bits say to what; arena memory is aligned to 16. */
enum what { W_OTHER = 1, W_COMPONENT = 2, W_SERVICE = 3 };
#define W_BITS ((uintptr_t)3)

struct indexing {
    struct hn_bom *b;
    bool failed;
};

static void enter(struct indexing *x, struct hn_str ref, void *p, enum what what, uint64_t offset)
{
    struct hn_bytes key = hn_str_bytes(ref);

    if (!ref.n)
        return;
    uintptr_t old = (uintptr_t)hn_map_find(&x->b->by_ref, key);
    if (old) {
        hn_bom_note_at(x->b, HN_BOM_NOTE_ERROR, "duplicate-ref", offset, ref, HN_STR(""));
        if (what == W_COMPONENT && (old & W_BITS) == W_COMPONENT) {
            struct hn_bom_component *first = (struct hn_bom_component *)(old & ~W_BITS), *c = p;
            c->next_ref = first->next_ref;
            first->next_ref = c;
        }
        return;
    }
    x->failed |= !hn_ok(hn_map_set(&x->b->by_ref, key, (void *)((uintptr_t)p | what)));
}

static void enter_purl(struct indexing *x, struct hn_bom_component *c)
{
    struct hn_bytes key = hn_str_bytes(c->purl);

    if (!c->purl.n || (c->role != HN_BOM_ROLE_PART && c->role != HN_BOM_ROLE_SUBJECT))
        return;
    struct hn_bom_component *first = hn_map_find(&x->b->by_purl, key);
    if (!first) {
        x->failed |= !hn_ok(hn_map_set(&x->b->by_purl, key, c));
        return;
    }
    c->next_purl = first->next_purl;
    first->next_purl = c;
}

static void enter_licences(struct indexing *x, struct hn_bom_licence *l, uint64_t offset)
{
    for (; l; l = l->next)
        enter(x, l->ref, l, W_OTHER, offset);
}

static void enter_parties(struct indexing *x, struct hn_bom_party *p, uint64_t offset)
{
    for (; p; p = p->next) {
        enter(x, p->ref, p, W_OTHER, offset);
        for (struct hn_bom_party *c = p->contacts; c; c = c->next)
            enter(x, c->ref, c, W_OTHER, offset);
    }
}

static void enter_tree(struct indexing *x, struct hn_bom_component *c);

/* One component with what it carries, without its children. */
static void enter_component(struct indexing *x, struct hn_bom_component *c)
{
    c->next_purl = c->next_ref = NULL;
    enter(x, c->ref, c, W_COMPONENT, c->offset);
    enter_purl(x, c);
    enter_licences(x, c->licences, c->offset);
    enter_parties(x, c->supplier, c->offset);
    enter_parties(x, c->manufacturer, c->offset);
    enter_parties(x, c->authors, c->offset);
    if (c->evidence) {
        enter_licences(x, c->evidence->licences, c->offset);
        for (struct hn_bom_occurrence *o = c->evidence->occurrences; o; o = o->next)
            enter(x, o->ref, o, W_OTHER, c->offset);
    }
    if (c->pedigree) {
        enter_tree(x, c->pedigree->ancestors);
        enter_tree(x, c->pedigree->descendants);
        enter_tree(x, c->pedigree->variants);
    }
}

/* c, its children and its siblings; only what is not in components[], as deep as the reader let it nest. */
static void enter_tree(struct indexing *x, struct hn_bom_component *c)
{
    for (; c; c = c->next) {
        if (c->number == UINT32_MAX)
            enter_component(x, c);
        enter_tree(x, c->first_child);
    }
}

static void enter_services(struct indexing *x, struct hn_bom_service *s)
{
    for (; s; s = s->next) {
        enter(x, s->ref, s, W_SERVICE, s->offset);
        enter_parties(x, s->provider, s->offset);
        enter_licences(x, s->licences, s->offset);
        enter_services(x, s->first_child);
    }
}

static void enter_tools(struct indexing *x)
{
    for (struct hn_bom_tool *t = x->b->tools; t; t = t->next) {
        if (t->component)
            enter_tree(x, t->component);
        if (t->service)
            enter_services(x, t->service);
    }
}

static void enter_document(struct indexing *x)
{
    struct hn_bom *b = x->b;

    if (b->subject)
        enter_component(x, b->subject);
    for (size_t i = 0; i < b->n_components; i++)
        enter_component(x, b->components[i]);
    enter_services(x, b->first_service);
    enter_tools(x);
    enter_parties(x, b->authors, UINT64_MAX);
    enter_parties(x, b->supplier, UINT64_MAX);
    enter_parties(x, b->manufacturer, UINT64_MAX);
    enter_parties(x, b->manufacture, UINT64_MAX);
    enter_licences(x, b->licences, UINT64_MAX);
    for (struct hn_bom_vuln *v = b->vulns; v; v = v->next)
        enter(x, v->ref, v, W_OTHER, v->offset);
    for (struct hn_bom_composition *c = b->compositions; c; c = c->next)
        enter(x, c->ref, c, W_OTHER, UINT64_MAX);
    for (struct hn_bom_annotation *a = b->annotations; a; a = a->next)
        enter(x, a->ref, a, W_OTHER, UINT64_MAX);
    for (struct hn_bom_formula *f = b->formulas; f; f = f->next) {
        enter(x, f->ref, f, W_OTHER, UINT64_MAX);
        enter_tree(x, f->components);
        enter_services(x, f->services);
    }
}

/* ---- references ---- */

static void *find(const struct hn_bom *b, struct hn_str ref, enum what what)
{
    uintptr_t v = (uintptr_t)hn_map_find(&b->by_ref, hn_str_bytes(ref));
    return (v & W_BITS) == what ? (void *)(v & ~W_BITS) : NULL;
}

struct hn_bom_component *hn_bom_component_by_ref(const struct hn_bom *b, struct hn_str ref)
{
    return find(b, ref, W_COMPONENT);
}

struct hn_bom_service *hn_bom_service_by_ref(const struct hn_bom *b, struct hn_str ref)
{
    return find(b, ref, W_SERVICE);
}

bool hn_bom_ref_known(const struct hn_bom *b, struct hn_str ref)
{
    return hn_map_has(&b->by_ref, hn_str_bytes(ref));
}

struct hn_bom_component *hn_bom_component_by_purl(const struct hn_bom *b, struct hn_str purl)
{
    return hn_map_find(&b->by_purl, hn_str_bytes(purl));
}

bool hn_bom_ref_outside(struct hn_str ref)
{
    return hn_str_starts(ref, "urn:cdx:") || hn_str_starts(ref, "DocumentRef-");
}

static void must_be_known(struct hn_bom *b, struct hn_str ref, const char *code, struct hn_str from, uint64_t offset)
{
    if (ref.n && !hn_bom_ref_known(b, ref) && !hn_bom_ref_outside(ref))
        hn_bom_note_at(b, HN_BOM_NOTE_WARNING, code, offset, ref, from);
}

static void resolve_deps(struct hn_bom *b)
{
    for (size_t i = 0; i < b->n_deps; i++) {
        struct hn_bom_dep *d = b->deps[i];
        d->component = hn_bom_component_by_ref(b, d->ref);
        d->service = hn_bom_service_by_ref(b, d->ref);
        if (b->family == HN_BOM_CYCLONEDX)
            must_be_known(b, d->ref, "dangling-ref", HN_STR("dependencies"), d->offset);
        for (struct hn_bom_edge *e = d->edges; e; e = e->next) {
            e->component = hn_bom_component_by_ref(b, e->to);
            e->service = hn_bom_service_by_ref(b, e->to);
            if (b->family == HN_BOM_CYCLONEDX)
                must_be_known(b, e->to, "dangling-dep", d->ref, d->offset);
        }
    }
}

static void resolve_texts(struct hn_bom *b, const struct hn_bom_text *t, const char *from, uint64_t offset)
{
    for (; t; t = t->next)
        must_be_known(b, t->s, "dangling-ref", hn_str_c(from), offset);
}

static void resolve_others(struct hn_bom *b)
{
    for (struct hn_bom_composition *c = b->compositions; c; c = c->next) {
        resolve_texts(b, c->assemblies, "compositions", UINT64_MAX);
        resolve_texts(b, c->dependencies, "compositions", UINT64_MAX);
        resolve_texts(b, c->vulnerabilities, "compositions", UINT64_MAX);
    }
    for (struct hn_bom_annotation *a = b->annotations; a; a = a->next)
        resolve_texts(b, a->subjects, "annotations", UINT64_MAX);
    for (struct hn_bom_vuln *v = b->vulns; v; v = v->next)
        for (struct hn_bom_affect *f = v->affects; f; f = f->next)
            must_be_known(b, f->ref, "dangling-ref", HN_STR("vulnerabilities"), v->offset);
}

/* Places among siblings, counted once. */
static void number_siblings(struct hn_bom_component *first)
{
    uint32_t at = 0;
    for (struct hn_bom_component *c = first; c; c = c->next)
        if (!c->section)
            c->at = at++;
}

static void number_places(struct hn_bom *b)
{
    number_siblings(b->first_component);
    if (b->subject)
        number_siblings(b->subject->first_child);
    for (size_t i = 0; i < b->n_components; i++)
        number_siblings(b->components[i]->first_child);
}

struct hn_err hn_bom_index(struct hn_bom *b)
{
    struct indexing x = {.b = b};

    hn_map_done(&b->by_ref);
    hn_map_done(&b->by_purl);
    enter_document(&x);
    number_places(b);
    if (x.failed)
        return (struct hn_err){HN_E_NOMEM};
    resolve_deps(b);
    if (b->family == HN_BOM_CYCLONEDX)
        resolve_others(b);
    return b->arena->failed ? (struct hn_err){HN_E_NOMEM} : HN_OK;
}

/* ---- completeness ---- */

static bool names(const struct hn_bom_text *t, struct hn_str ref)
{
    for (; t; t = t->next)
        if (hn_str_eq(t->s, ref))
            return true;
    return false;
}

enum hn_bom_aggregate hn_bom_complete(const struct hn_bom *b, const struct hn_bom_component *c)
{
    const struct hn_bom_component *of = c ? c : b->subject;
    enum hn_bom_aggregate worst = HN_BOM_AGG_UNSAID;

    for (const struct hn_bom_composition *x = b->compositions; x; x = x->next) {
        bool here = !x->assemblies && !x->dependencies && !x->vulnerabilities
                        ? !c /* names nothing: said of the whole document */
                        : of && of->ref.n && names(x->assemblies, of->ref);
        if (here &&
            (worst == HN_BOM_AGG_UNSAID || worst == HN_BOM_AGG_COMPLETE || x->aggregate == HN_BOM_AGG_INCOMPLETE))
            worst = x->aggregate;
    }
    return worst;
}

/* ---- places ---- */

static struct hn_str place_of(const struct hn_bom *b, const struct hn_bom_component *c, struct hn_arena *a)
{
    if (!c->parent)
        return hn_arena_fmt(a, "/components/%u", c->at);
    if (c->parent->role == HN_BOM_ROLE_SUBJECT)
        return hn_arena_fmt(a, "/metadata/component/components/%u", c->at);
    struct hn_str above = hn_bom_component_place(b, c->parent, a);
    return hn_arena_fmt(a, "%.*s/components/%u", HN_FMT(above), c->at);
}

struct hn_str hn_bom_component_place(const struct hn_bom *b, const struct hn_bom_component *c, struct hn_arena *a)
{
    if (c->section)
        return hn_arena_fmt(a, "/%s/%u", c->section, c->at);
    if (c->role == HN_BOM_ROLE_SUBJECT)
        return HN_STR("/metadata/component");
    return c->role == HN_BOM_ROLE_PART ? place_of(b, c, a) : HN_STR("");
}
