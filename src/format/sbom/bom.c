/* Filling the model: growth of its arrays, ends of its lists. */
#include "format/sbom/bom.h"

#include "base/str.h"

#define NOTES_MOST 1000

void hn_bom_init(struct hn_bom *b, struct hn_arena *a)
{
    *b = (struct hn_bom){.arena = a, .notes = {.most = NOTES_MOST}};
    hn_map_init(&b->by_ref);
    hn_map_init(&b->by_purl);
    hn_map_init(&b->by_dep);
}

void hn_bom_done(struct hn_bom *b)
{
    hn_map_done(&b->by_ref);
    hn_map_done(&b->by_purl);
    hn_map_done(&b->by_dep);
}

/* Room for one more of `size` bytes in an array of n. */
static bool room(struct hn_bom *b, void **array, size_t n, size_t *cap, size_t size)
{
    void *more = hn_arena_more(b->arena, *array, n, cap, size);
    *array = more ? more : *array;
    return more != NULL;
}

/* ---- components and services ---- */

struct hn_bom_component *hn_bom_component_new(struct hn_bom *b, enum hn_bom_role role)
{
    struct hn_bom_component *c = HN_NEW(b->arena, struct hn_bom_component);

    if (c) {
        c->role = (uint8_t)role;
        c->number = UINT32_MAX;
        c->offset = UINT64_MAX;
    }
    return c;
}

struct hn_bom_component *hn_bom_component_add(struct hn_bom *b, struct hn_bom_component *parent)
{
    struct hn_bom_component *c = hn_bom_component_new(b, HN_BOM_ROLE_PART);
    struct hn_bom_component **first = parent ? &parent->first_child : &b->first_component;
    struct hn_bom_component **last = parent ? &parent->last_child : &b->last_component;
    void *array = b->components;

    if (!c || b->n_components >= UINT32_MAX ||
        !room(b, &array, b->n_components, &b->cap_components, sizeof(struct hn_bom_component *)))
        return NULL;
    b->components = array;
    c->number = (uint32_t)b->n_components;
    c->parent = parent;
    b->components[b->n_components++] = c;
    if (*last)
        (*last)->next = c;
    else
        *first = c;
    *last = c;
    return c;
}

/* c, what stands below it and beside it, from place n on; gives the place after them. above: their parent. */
static size_t place(struct hn_bom *b, struct hn_bom_component *c, const struct hn_bom_component *above, size_t n)
{
    while (c && c != above) {
        c->number = (uint32_t)n;
        b->components[n++] = c;
        if (c->first_child) {
            c = c->first_child;
            continue;
        }
        while (c && c != above && !c->next)
            c = c->parent;
        if (c && c != above)
            c = c->next;
    }
    return n;
}

void hn_bom_components_sort(struct hn_bom *b)
{
    size_t n = b->subject ? place(b, b->subject->first_child, b->subject, 0) : 0;

    place(b, b->first_component, NULL, n);
}

struct hn_bom_service *hn_bom_service_new(struct hn_bom *b, enum hn_bom_role role)
{
    struct hn_bom_service *s = HN_NEW(b->arena, struct hn_bom_service);

    if (s) {
        s->role = (uint8_t)role;
        s->number = UINT32_MAX;
        s->offset = UINT64_MAX;
    }
    return s;
}

struct hn_bom_service *hn_bom_service_add(struct hn_bom *b, struct hn_bom_service *parent)
{
    struct hn_bom_service *s = hn_bom_service_new(b, HN_BOM_ROLE_PART);
    struct hn_bom_service **first = parent ? &parent->first_child : &b->first_service;
    struct hn_bom_service **last = parent ? &parent->last_child : &b->last_service;
    void *array = b->services;

    if (!s || b->n_services >= UINT32_MAX ||
        !room(b, &array, b->n_services, &b->cap_services, sizeof(struct hn_bom_service *)))
        return NULL;
    b->services = array;
    s->number = (uint32_t)b->n_services;
    s->parent = parent;
    b->services[b->n_services++] = s;
    if (*last)
        (*last)->next = s;
    else
        *first = s;
    *last = s;
    return s;
}

/* ---- dependencies ---- */

struct hn_bom_dep *hn_bom_dep_add(struct hn_bom *b, struct hn_str ref)
{
    struct hn_bom_dep *d = hn_map_find(&b->by_dep, hn_str_bytes(ref));
    void *array = b->deps;

    if (d)
        return d;
    d = HN_NEW(b->arena, struct hn_bom_dep);
    if (!d || !room(b, &array, b->n_deps, &b->cap_deps, sizeof(struct hn_bom_dep *)))
        return NULL;
    b->deps = array;
    d->ref = ref;
    d->offset = UINT64_MAX;
    if (!hn_ok(hn_map_set(&b->by_dep, hn_str_bytes(ref), d))) {
        b->arena->failed = true;
        return NULL;
    }
    b->deps[b->n_deps++] = d;
    return d;
}

struct hn_bom_edge *hn_bom_edge_add(struct hn_bom *b, struct hn_bom_dep *d, enum hn_bom_rel rel, struct hn_str to)
{
    struct hn_bom_edge *e = HN_NEW(b->arena, struct hn_bom_edge);

    if (!e)
        return NULL;
    e->to = to;
    e->rel = (uint8_t)rel;
    if (d->last)
        d->last->next = e;
    else
        d->edges = e;
    d->last = e;
    d->says_depends |= rel == HN_BOM_REL_DEPENDS_ON;
    d->says_provides |= rel == HN_BOM_REL_PROVIDES;
    return e;
}

const struct hn_bom_dep *hn_bom_dep_of(const struct hn_bom *b, struct hn_str ref)
{
    return hn_map_find(&b->by_dep, hn_str_bytes(ref));
}

/* ---- lists: their ends are found by walking, they are short ---- */

#define ADD(type, p)                                                                                                   \
    struct type *x = HN_NEW(b->arena, struct type);                                                                    \
    if (!x)                                                                                                            \
        return NULL;                                                                                                   \
    while (*(p))                                                                                                       \
        (p) = &(*(p))->next;                                                                                           \
    *(p) = x

struct hn_bom_hash *hn_bom_hash_add(struct hn_bom *b, struct hn_bom_hash **p, enum hn_bom_alg alg, struct hn_str hex)
{
    ADD(hn_bom_hash, p);
    x->alg = (uint8_t)alg;
    x->value = hex;
    return x;
}

struct hn_bom_prop *hn_bom_prop_add(struct hn_bom *b, struct hn_bom_prop **p, struct hn_str name, struct hn_str value)
{
    ADD(hn_bom_prop, p);
    x->name = name;
    x->value = value;
    return x;
}

struct hn_bom_link *hn_bom_link_add(struct hn_bom *b, struct hn_bom_link **p, struct hn_str type, struct hn_str url)
{
    ADD(hn_bom_link, p);
    x->type = type;
    x->url = url;
    return x;
}

struct hn_bom_licence *hn_bom_licence_add(struct hn_bom *b, struct hn_bom_licence **p, enum hn_bom_licence_form form,
                                          struct hn_str value)
{
    ADD(hn_bom_licence, p);
    x->form = (uint8_t)form;
    x->value = value;
    return x;
}

struct hn_bom_text *hn_bom_text_add(struct hn_bom *b, struct hn_bom_text **p, struct hn_str s)
{
    ADD(hn_bom_text, p);
    x->s = s;
    return x;
}

struct hn_bom_party *hn_bom_party_add(struct hn_bom *b, struct hn_bom_party **p, bool person, struct hn_str name)
{
    ADD(hn_bom_party, p);
    x->person = person;
    x->name = name;
    return x;
}

bool hn_bom_is_page(struct hn_str address)
{
    return hn_str_starts(address, "https://") || hn_str_starts(address, "http://");
}

void hn_bom_party_address(struct hn_bom *b, struct hn_bom_party *p, struct hn_str address)
{
    if (hn_bom_is_page(address))
        hn_bom_text_add(b, &p->urls, address);
    else
        p->email = address;
}

struct hn_bom_extra *hn_bom_extra_add(struct hn_bom *b, struct hn_bom_extra **p, struct hn_str key, struct hn_str value)
{
    ADD(hn_bom_extra, p);
    x->key = key;
    x->value = value;
    return x;
}

struct hn_bom_tool *hn_bom_tool_add(struct hn_bom *b)
{
    struct hn_bom_tool **p = &b->tools;
    ADD(hn_bom_tool, p);
    return x;
}

struct hn_bom_vuln *hn_bom_vuln_add(struct hn_bom *b)
{
    struct hn_bom_vuln *v = HN_NEW(b->arena, struct hn_bom_vuln);

    if (!v)
        return NULL;
    v->offset = UINT64_MAX;
    if (b->last_vuln)
        b->last_vuln->next = v;
    else
        b->vulns = v;
    b->last_vuln = v;
    b->n_vulns++;
    return v;
}

struct hn_bom_evidence *hn_bom_evidence_of(struct hn_bom *b, struct hn_bom_component *c)
{
    if (!c->evidence)
        c->evidence = HN_NEW(b->arena, struct hn_bom_evidence);
    return c->evidence;
}

struct hn_str hn_bom_prop_get(const struct hn_bom_prop *p, const char *name)
{
    struct hn_str asked = hn_str_c(name);
    for (; p; p = p->next)
        if (hn_str_eq(p->name, asked))
            return p->value;
    return (struct hn_str){NULL, 0};
}
