#include "format/sbom/convert.h"

#include "base/json.h"
#include "base/str.h"
#include "format/sbom/convert_in.h"
#include "format/sbom/spdx_out.h"

static void lost(struct recast *r, const struct hn_bom_component *c, const char *what, struct hn_str value)
{
    struct hn_str place = c && r->loss->n < r->loss->most ? hn_bom_component_place(r->b, c, r->a) : HN_STR("");
    hn_bom_note_in(r->loss, r->a, HN_BOM_NOTE_WARNING, "lost", place, hn_str_c(what), value);
}

bool recast_set(struct recast *r, struct hn_map *m, struct hn_str key, struct hn_str value)
{
    struct hn_str *copy = HN_NEW(r->a, struct hn_str);
    if (!copy || !hn_ok(hn_map_set(m, hn_str_bytes(key), copy)))
        return false;
    *copy = value;
    return true;
}

/* Every component once, the subject last. */
static struct hn_bom_component *component(const struct hn_bom *b, size_t i)
{
    return i < b->n_components ? b->components[i] : b->subject;
}

/* ---------------------------------------------------------------- references */

/* The bom-ref that a document once had travels as a property. */
static void restore_refs(struct recast *r)
{
    struct hn_bom *b = r->b;
    for (size_t i = 0; i <= b->n_components; i++) {
        struct hn_bom_component *c = component(b, i);
        for (struct hn_bom_prop **p = c ? &c->props : NULL; p && *p;) {
            if (!hn_str_eqc((*p)->name, "cdx:bom-ref")) {
                p = &(*p)->next;
                continue;
            }
            if (c->ref.n && !recast_set(r, &r->refs, c->ref, (*p)->value))
                r->a->failed = true;
            c->ref = (*p)->value;
            *p = (*p)->next;
        }
    }
}

static void rename_ref(struct recast *r, struct hn_str *ref)
{
    const struct hn_str *now = ref->n ? hn_map_find(&r->refs, hn_str_bytes(*ref)) : NULL;
    if (now)
        *ref = *now;
}

static void rename_texts(struct recast *r, struct hn_bom_text *t)
{
    for (; t; t = t->next)
        rename_ref(r, &t->s);
}

static void rename_all(struct recast *r)
{
    struct hn_bom *b = r->b;
    hn_map_done(&b->by_dep);
    hn_map_init(&b->by_dep);
    for (size_t i = 0; i < b->n_deps; i++) {
        struct hn_bom_dep *d = b->deps[i];
        rename_ref(r, &d->ref);
        for (struct hn_bom_edge *e = d->edges; e; e = e->next)
            rename_ref(r, &e->to);
        if (!hn_ok(hn_map_set(&b->by_dep, hn_str_bytes(d->ref), d)))
            r->a->failed = true;
    }
    for (struct hn_bom_vuln *v = b->vulns; v; v = v->next)
        for (struct hn_bom_affect *x = v->affects; x; x = x->next)
            rename_ref(r, &x->ref);
    for (struct hn_bom_annotation *x = b->annotations; x; x = x->next)
        rename_texts(r, x->subjects);
    for (struct hn_bom_composition *x = b->compositions; x; x = x->next) {
        rename_texts(r, x->assemblies);
        rename_texts(r, x->dependencies);
    }
}

/* ---------------------------------------------------------------- the tree of what contains what */

/* Would hanging c below parent close a loop? The depth is bounded too, so that the tree can be walked. */
static bool closes_loop(const struct hn_bom_component *c, const struct hn_bom_component *parent)
{
    unsigned depth = 0;
    for (; parent; parent = parent->parent)
        if (parent == c || ++depth > 30)
            return true;
    return false;
}

/* CONTAINS edges become the nesting of CycloneDX: each thing once, in the first that contains it. What the subject
 * contains stays on the top level, where everybody looks. */
static void nest_edge(struct recast *r, struct hn_bom_dep *d, struct hn_bom_edge *e, bool *placed)
{
    struct hn_bom_component *c = e->component;

    if (!c || !d->component || d->component == c)
        return;
    if (d->component == r->b->subject || c == r->b->subject)
        return;
    if (placed[c->number] || c->number == UINT32_MAX || closes_loop(c, d->component)) {
        lost(r, d->component, "contains", e->to);
        return;
    }
    placed[c->number] = true;
    c->parent = d->component;
}

static void take_out(struct hn_bom_dep *d, struct hn_bom_edge *e, struct hn_bom_edge *before)
{
    if (before)
        before->next = e->next;
    else
        d->edges = e->next;
    if (d->last == e)
        d->last = before;
}

/* Components anew in document order, children behind their parents. */
static bool rebuild(struct hn_bom *b)
{
    struct hn_bom_component **all = hn_arena_alloc(b->arena, (b->n_components + 1) * sizeof(struct hn_bom_component *));
    size_t n = 0;

    if (!all)
        return false;
    b->first_component = b->last_component = NULL;
    for (size_t i = 0; i < b->n_components; i++)
        b->components[i]->first_child = b->components[i]->last_child = b->components[i]->next = NULL;
    for (size_t i = 0; i < b->n_components; i++) {
        struct hn_bom_component *c = b->components[i], *p = c->parent;
        struct hn_bom_component **first = p ? &p->first_child : &b->first_component;
        struct hn_bom_component **last = p ? &p->last_child : &b->last_component;
        if (*last)
            (*last)->next = c;
        else
            *first = c;
        *last = c;
    }
    for (struct hn_bom_component *c = b->first_component; c;) {
        all[n++] = c;
        if (c->first_child) {
            c = c->first_child;
            continue;
        }
        while (c && !c->next)
            c = c->parent && c->parent != b->subject ? c->parent : NULL;
        c = c ? c->next : NULL;
    }
    if (n != b->n_components) /* children of the subject come first in it; there are none in a flat model */
        return true;
    b->components = all;
    b->cap_components = b->n_components + 1;
    for (size_t i = 0; i < n; i++)
        all[i]->number = (uint32_t)i;
    return true;
}

static const char *relation_name(const struct hn_bom_edge *e)
{
    static const char *const words[] = {
#define WORD(name, spdx2, spdx3) spdx2,
        HN_BOM_REL_MAP(WORD)
#undef WORD
    };
    return words[e->rel];
}

/* CycloneDX has two relations; the tree takes a third. */
static void recast_edges(struct recast *r)
{
    struct hn_bom *b = r->b;
    bool *placed = hn_arena_alloc(r->a, b->n_components + 1);

    for (size_t i = 0; placed && i < b->n_deps; i++) {
        struct hn_bom_dep *d = b->deps[i];
        struct hn_bom_edge *before = NULL, *next;
        for (struct hn_bom_edge *e = d->edges; e; e = next) {
            next = e->next;
            if (e->rel == HN_BOM_REL_DEPENDS_ON || e->rel == HN_BOM_REL_PROVIDES) {
                if (!hn_bom_ref_known(b, e->to))
                    lost(r, d->component, "dependency", e->to);
                before = e;
                continue;
            }
            if (e->rel == HN_BOM_REL_CONTAINS)
                nest_edge(r, d, e, placed);
            else if (e->rel != HN_BOM_REL_DESCRIBES)
                lost(r, d->component, "relationship", e->word.n ? e->word : hn_str_c(relation_name(e)));
            take_out(d, e, before);
        }
    }
    if (!placed || !rebuild(b))
        r->a->failed = true;
}

/* What points nowhere is not valid there; entries that are left without a meaning go. */
static void drop_dangling(struct recast *r)
{
    struct hn_bom *b = r->b;
    size_t n = 0;

    for (size_t i = 0; i < b->n_deps; i++) {
        struct hn_bom_dep *d = b->deps[i];
        struct hn_bom_edge *before = NULL, *next;
        for (struct hn_bom_edge *e = d->edges; e; e = next) {
            next = e->next;
            if (hn_bom_ref_known(b, e->to))
                before = e;
            else
                take_out(d, e, before);
        }
        if (d->component && (d->edges || d->says_depends))
            b->deps[n++] = d;
    }
    b->n_deps = n;
}

/* ---------------------------------------------------------------- members */

/* An organisation has its address with a contact there. */
static void recast_party(struct recast *r, struct hn_bom_party *p)
{
    for (; p; p = p->next) {
        p->extra = NULL;
        if (p->email.n && hn_str_chr(p->email, '@') < 0) { /* "c at example" is none: it stays with the name */
            p->name = hn_arena_fmt(r->b->arena, "%.*s (%.*s)", HN_FMT(p->name), HN_FMT(p->email));
            p->email = (struct hn_str){NULL, 0};
        }
        if (p->person && p->urls) { /* persons have no page in CycloneDX */
            lost(r, NULL, "party.url", p->urls->s);
            p->urls = NULL;
        }
        if (p->person || !p->email.n || p->contacts)
            continue;
        struct hn_bom_party *c = hn_bom_party_add(r->b, &p->contacts, true, (struct hn_str){NULL, 0});
        if (c)
            c->email = p->email;
        p->email = (struct hn_str){NULL, 0};
    }
}

static void recast_type(struct recast *r, struct hn_bom_component *c)
{
    static const uint8_t to[HN_BOM_TYPES] = {
        [HN_BOM_TYPE_UNKNOWN] = HN_BOM_TYPE_LIBRARY, [HN_BOM_TYPE_SOURCE] = HN_BOM_TYPE_FILE,
        [HN_BOM_TYPE_ARCHIVE] = HN_BOM_TYPE_FILE,    [HN_BOM_TYPE_INSTALL] = HN_BOM_TYPE_APPLICATION,
        [HN_BOM_TYPE_OTHER] = HN_BOM_TYPE_LIBRARY,
    };
    if (!to[c->type])
        return;
    if (c->type != HN_BOM_TYPE_UNKNOWN) /* a word that comes back */
        hn_bom_prop_add(r->b, &c->props, HN_STR("spdx:primaryPackagePurpose"), hn_str_c(hn_bom_type_word(c->type)));
    c->type = c == r->b->subject ? HN_BOM_TYPE_APPLICATION : to[c->type];
}

/* What stands for "nothing is known" is no loss. */
static bool says_nothing(const struct hn_bom_extra *e)
{
    return hn_str_eqc(e->value, "\"NOASSERTION\"") || hn_str_eqc(e->value, "\"NONE\"") ||
           hn_str_eqc(e->value, "\"\"") || hn_str_eqc(e->key, "primaryPackagePurpose") ||
           hn_str_eqc(e->key, "creationInfo") || hn_str_eqc(e->key, "software_primaryPurpose") ||
           hn_str_eqc(e->key, "type") || hn_str_eqc(e->key, "licenseListVersion") || hn_str_eqc(e->key, "@context");
}

static void lose_extra(struct recast *r, const struct hn_bom_component *c, struct hn_bom_extra **list)
{
    for (const struct hn_bom_extra *e = *list; e; e = e->next)
        if (!says_nothing(e))
            lost(r, c, hn_arena_cstr(r->a, e->key), e->value);
    *list = NULL;
}

static const char *link_type(struct hn_str type)
{
    static const char *const known[] = {
        "vcs",
        "issue-tracker",
        "website",
        "advisories",
        "bom",
        "mailing-list",
        "social",
        "chat",
        "support",
        "distribution",
        "documentation",
        "license",
        "build-meta",
        "build-system",
        "other",
        "release-notes",
        "security-contact",
        "source-distribution",
        "attestation",
        "evidence",
        "threat-model",
        "adversary-model",
        "risk-assessment",
        "vulnerability-assertion",
        "exploitability-statement",
        "pentest-report",
        "static-analysis-report",
        "dynamic-analysis-report",
        "runtime-analysis-report",
        "component-analysis-report",
        "maturity-report",
        "certification-report",
        "quality-metrics",
        "log",
        "configuration",
        "model-card",
        "formulation",
        "poam",
        "codified-infrastructure",
        "electronic-signature",
        "digital-signature",
        "rfc-9116",
        "distribution-intake",
    };
    if (hn_str_eqc(type, "advisory") || hn_str_eqc(type, "fix"))
        return "advisories";
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (hn_str_eqc(type, known[i]))
            return known[i];
    return NULL;
}

static void recast_links(struct recast *r, struct hn_bom_component *c)
{
    for (struct hn_bom_link **p = &c->links, *l; (l = *p) != NULL;) {
        bool twice = hn_str_eq(l->url, c->purl) || hn_str_eq(l->url, c->cpe); /* told by a member of its own */
        const char *type = link_type(l->type);
        l->extra = NULL;
        if (!type && hn_str_starts(l->comment, "cdx:type ")) {
            type = link_type(hn_str_cut(l->comment, 9, l->comment.n));
            l->comment = (struct hn_str){NULL, 0};
        }
        if (!type && !l->comment.p)
            l->comment = hn_arena_fmt(r->a, "spdx:%.*s", HN_FMT(l->type));
        l->type = hn_str_c(type ? type : "other");
        if (twice)
            *p = l->next;
        else
            p = &l->next;
    }
}

static void more_names(struct recast *r, struct hn_bom_component *c)
{
    for (struct hn_bom_text *t = c->more_purls; t; t = t->next)
        hn_bom_prop_add(r->b, &c->props, HN_STR("spdx:purl"), t->s);
    for (struct hn_bom_text *t = c->more_cpes; t; t = t->next)
        hn_bom_prop_add(r->b, &c->props, HN_STR("spdx:cpe"), t->s);
    c->more_purls = c->more_cpes = NULL;
}

static void recast_component(struct recast *r, struct hn_bom_component *c)
{
    recast_licences(r, c);
    recast_evidence(r, c);
    recast_party(r, c->supplier);
    recast_party(r, c->manufacturer);
    recast_party(r, c->authors);
    recast_type(r, c);
    recast_links(r, c);
    more_names(r, c);
    for (struct hn_bom_hash *h = c->hashes; h; h = h->next)
        if (!*hn_bom_alg_word(h->alg, HN_BOM_CYCLONEDX))
            lost(r, c, "hash", h->value);
    lose_extra(r, c, &c->extra);
}

/* Entry by entry: of most there is nothing but the name, which travels. */
static void lose_texts(struct recast *r)
{
    for (struct hn_bom_extra **p = &r->b->extra, *e; (e = *p) != NULL;) {
        const struct hn_jv *v = NULL;
        if (hn_str_eqc(e->key, "hasExtractedLicensingInfos"))
            v = hn_jv_parse(r->a, hn_str_bytes(e->value), NULL);
        if (!v || v->kind != HN_JV_ARR) {
            p = &e->next;
            continue;
        }
        *p = e->next;
        for (size_t i = 0; i < v->n; i++)
            if (v->items[i].kind != HN_JV_OBJ || recast_text_lost(r, &v->items[i]))
                lost(r, NULL, "hasExtractedLicensingInfos", hn_jv_str(&v->items[i], "licenseId"));
    }
}

/* Elements of SPDX 3 that the model has nothing of. */
static void lose_elements(struct recast *r)
{
    static const char *const known[] = {"CreationInfo",
                                        "Person",
                                        "Organization",
                                        "SoftwareAgent",
                                        "Agent",
                                        "Tool",
                                        "SpdxDocument",
                                        "Annotation",
                                        "software_Sbom",
                                        "Relationship",
                                        "simplelicensing_LicenseExpression"};

    for (struct hn_bom_extra **p = &r->b->extra, *e; (e = *p) != NULL;) {
        const struct hn_jv *v;
        if (!hn_str_eqc(e->key, "@graph")) {
            p = &e->next;
            continue;
        }
        *p = e->next;
        v = hn_jv_parse(r->a, hn_str_bytes(e->value), NULL);
        struct hn_str type = v ? hn_jv_str(v, "type") : (struct hn_str){NULL, 0};
        bool is_known = hn_str_starts(type, "security_");
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            is_known |= hn_str_eqc(type, known[i]);
        if (hn_str_eqc(type, "simplelicensing_SimpleLicensingText"))
            is_known = !recast_text_lost(r, v);
        if (!is_known)
            lost(r, NULL, "element", type.n ? type : HN_STR("?"));
    }
}

/* ---------------------------------------------------------------- document */

static bool is_serial(struct hn_str s)
{
    return hn_str_starts(s, "urn:uuid:") && s.n == 45;
}

/* CycloneDX wants a UUID; the namespace is kept beside it. */
static void recast_serial(struct recast *r)
{
    struct hn_bom *b = r->b;
    struct spdx_out o = {.b = b};
    struct hn_str was = b->serial;

    if (is_serial(was))
        return;
    if (was.n)
        hn_bom_prop_add(b, &b->metadata_props, HN_STR("spdx:documentNamespace"), was);
    b->serial = (struct hn_str){NULL, 0};
    b->serial = spdx_namespace(&o);
}

static void to_cyclonedx(struct recast *r)
{
    struct hn_bom *b = r->b;

    recast_names(r);
    recast_edges(r);
    drop_dangling(r);
    restore_refs(r);
    rename_all(r);
    for (size_t i = 0; i <= b->n_components; i++)
        if (component(b, i))
            recast_component(r, component(b, i));
    recast_serial(r);
    recast_party(r, b->authors);
    if (b->name.n && !b->subject)
        hn_bom_prop_add(b, &b->metadata_props, HN_STR("spdx:name"), b->name);
    if (b->comment.n)
        hn_bom_prop_add(b, &b->metadata_props, HN_STR("spdx:comment"), b->comment);
    lose_texts(r);
    lose_elements(r);
    lose_extra(r, NULL, &b->extra);
    lose_extra(r, NULL, &b->metadata_extra);
    b->revision = b->revision ? b->revision : 1;
    b->has_metadata = true;
}

/* ---------------------------------------------------------------- properties that were members of SPDX */

static bool take_back(struct hn_bom *b, struct hn_bom_component *c, const struct hn_bom_prop *p)
{
    if (hn_str_eqc(p->name, "spdx:primaryPackagePurpose"))
        c->type = (uint8_t)hn_bom_type_of(p->value);
    else if (hn_str_eqc(p->name, "spdx:purl"))
        return hn_bom_text_add(b, &c->more_purls, p->value) != NULL;
    else if (hn_str_eqc(p->name, "spdx:cpe"))
        return hn_bom_text_add(b, &c->more_cpes, p->value) != NULL;
    else
        return false;
    return true;
}

static void to_spdx(struct recast *r)
{
    struct hn_bom *b = r->b;

    for (size_t i = 0; i <= b->n_components; i++) {
        struct hn_bom_component *c = component(b, i);
        for (struct hn_bom_prop **p = c ? &c->props : NULL; p && *p;) {
            if (take_back(b, c, *p))
                *p = (*p)->next;
            else
                p = &(*p)->next;
        }
    }
    for (struct hn_bom_prop **p = &b->metadata_props; *p;) {
        struct hn_str *member = hn_str_eqc((*p)->name, "spdx:documentNamespace") ? &b->serial
                                : hn_str_eqc((*p)->name, "spdx:name")            ? &b->name
                                : hn_str_eqc((*p)->name, "spdx:comment")         ? &b->comment
                                                                                 : NULL;
        if (!member) {
            p = &(*p)->next;
            continue;
        }
        *member = (*p)->value;
        *p = (*p)->next;
    }
}

struct hn_err hn_bom_recast(struct hn_bom *b, enum hn_bom_family to, struct hn_bom_notes *loss)
{
    struct recast r = {.b = b, .a = b->arena, .loss = loss};

    if ((to == HN_BOM_SPDX2 || to == HN_BOM_SPDX3) && b->family == HN_BOM_CYCLONEDX)
        to_spdx(&r);
    if (to != HN_BOM_CYCLONEDX || (b->family != HN_BOM_SPDX2 && b->family != HN_BOM_SPDX3))
        return b->arena->failed ? (struct hn_err){HN_E_NOMEM} : HN_OK;
    hn_map_init(&r.refs);
    hn_map_init(&r.licences);
    hn_map_init(&r.named);
    to_cyclonedx(&r);
    hn_map_done(&r.refs);
    hn_map_done(&r.licences);
    hn_map_done(&r.named);
    if (b->arena->failed)
        return (struct hn_err){HN_E_NOMEM};
    return hn_bom_index(b);
}

/* ---------------------------------------------------------------- names */

const char hn_bom_how_names[] = "cyclonedx-1.4 cyclonedx-1.5 cyclonedx-1.6 cyclonedx-1.7 cyclonedx-1.4-xml "
                                "cyclonedx-1.5-xml cyclonedx-1.6-xml cyclonedx-1.7-xml spdx-2.2 spdx-2.3 spdx-2.2-tv "
                                "spdx-2.3-tv spdx-2.2-yaml spdx-2.3-yaml spdx-3.0 spdx-3.0.1";

bool hn_bom_how_of(struct hn_str name, struct hn_bom_how *ret)
{
    static const struct {
        const char *name;
        struct hn_bom_how how;
    } names[] = {
        {"cyclonedx-1.4", {HN_BOM_CYCLONEDX, HN_BOM_JSON, "1.4", false}},
        {"cyclonedx-1.5", {HN_BOM_CYCLONEDX, HN_BOM_JSON, "1.5", false}},
        {"cyclonedx-1.6", {HN_BOM_CYCLONEDX, HN_BOM_JSON, "1.6", false}},
        {"cyclonedx-1.7", {HN_BOM_CYCLONEDX, HN_BOM_JSON, "1.7", false}},
        {"cyclonedx-1.4-xml", {HN_BOM_CYCLONEDX, HN_BOM_XML, "1.4", false}},
        {"cyclonedx-1.5-xml", {HN_BOM_CYCLONEDX, HN_BOM_XML, "1.5", false}},
        {"cyclonedx-1.6-xml", {HN_BOM_CYCLONEDX, HN_BOM_XML, "1.6", false}},
        {"cyclonedx-1.7-xml", {HN_BOM_CYCLONEDX, HN_BOM_XML, "1.7", false}},
        {"spdx-2.2", {HN_BOM_SPDX2, HN_BOM_JSON, "2.2", false}},
        {"spdx-2.3", {HN_BOM_SPDX2, HN_BOM_JSON, "2.3", false}},
        {"spdx-2.2-tv", {HN_BOM_SPDX2, HN_BOM_TAG, "2.2", false}},
        {"spdx-2.3-tv", {HN_BOM_SPDX2, HN_BOM_TAG, "2.3", false}},
        {"spdx-2.2-yaml", {HN_BOM_SPDX2, HN_BOM_YAML, "2.2", false}},
        {"spdx-2.3-yaml", {HN_BOM_SPDX2, HN_BOM_YAML, "2.3", false}},
        {"spdx-3.0", {HN_BOM_SPDX3, HN_BOM_JSON, "3.0.1", false}},
        {"spdx-3.0.1", {HN_BOM_SPDX3, HN_BOM_JSON, "3.0.1", false}},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (hn_str_eqc(name, names[i].name)) {
            *ret = names[i].how;
            return true;
        }
    return false;
}
