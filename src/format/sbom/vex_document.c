/* Statements as a document of the model: products as components, parts nested in them, one vulnerability for each
 * statement. When all are about one product, it is what the document describes. */
#include <stdio.h>

#include "base/str.h"
#include "format/name/purl.h"
#include "format/sbom/cdx_in.h"
#include "format/sbom/convert.h"
#include "format/sbom/vex_in.h"

struct maker {
    struct hn_bom b;
    struct hn_map parts; /* product, or product and part → component */
    bool single;
    bool reasons; /* "not affected" must say why */
};

static bool counts(const struct hn_vex_statement *s)
{
    return !s->under;
}

static void identify(struct maker *k, struct hn_bom_component *c, struct hn_str said, struct hn_str ref)
{
    struct hn_purl p;
    c->ref = ref;
    c->name = said;
    c->type = HN_BOM_TYPE_LIBRARY;
    if (hn_str_starts(said, "cpe:"))
        c->cpe = said;
    if (!hn_str_starts(said, "pkg:"))
        return;
    c->purl = said;
    if (hn_purl_parse(k->b.arena, said, &p, NULL)) {
        c->group = p.namespace;
        c->name = p.name;
        c->version = p.version;
    }
}

static struct hn_bom_component *find(struct maker *k, struct hn_str key)
{
    return hn_map_find(&k->parts, hn_str_bytes(key));
}

static struct hn_bom_component *keep(struct maker *k, struct hn_str key, struct hn_bom_component *c)
{
    if (!c || !hn_ok(hn_map_set(&k->parts, hn_str_bytes(key), c)))
        k->b.arena->failed = true;
    return c;
}

static struct hn_bom_component *product_of(struct maker *k, const struct hn_vex_statement *s)
{
    struct hn_bom_component *c = find(k, s->product);
    if (c)
        return c;
    c = keep(k, s->product,
             k->single ? hn_bom_component_new(&k->b, HN_BOM_ROLE_SUBJECT) : hn_bom_component_add(&k->b, NULL));
    if (!c)
        return NULL;
    identify(k, c, s->product, s->product);
    c->type = HN_BOM_TYPE_APPLICATION;
    if (k->single)
        k->b.subject = c;
    return c;
}

static struct hn_bom_component *part_of(struct maker *k, const struct hn_vex_statement *s)
{
    struct hn_bom_component *whole = product_of(k, s), *c;
    if (!s->subcomponent.n || !whole)
        return whole;
    struct hn_str key = hn_arena_fmt(k->b.arena, "%.*s#%.*s", HN_FMT(s->product), HN_FMT(s->subcomponent));
    c = find(k, key);
    if (c)
        return c;
    c = keep(k, key, hn_bom_component_add(&k->b, k->single ? NULL : whole));
    if (c)
        identify(k, c, s->subcomponent, key);
    return c;
}

/* Absent is no text, not an empty one. */
static struct hn_str given(struct hn_str s)
{
    return s.n ? s : (struct hn_str){NULL, 0};
}

static struct hn_str text_of(struct hn_arena *a, hn_time t)
{
    char text[HN_TIME_TEXT];
    return t ? hn_arena_str(a, hn_str_c(hn_time_text(t / HN_SECOND * HN_SECOND, text))) : (struct hn_str){NULL, 0};
}

static void vuln_names(struct maker *k, struct hn_bom_vuln *v, const struct hn_vex_statement *s)
{
    struct hn_bom_vuln_ref **last = &v->references;
    for (size_t i = 0; i <= s->n_aliases; i++) {
        struct hn_str id = i ? s->aliases[i - 1] : s->vulnerability;
        struct hn_bom_vuln_ref *r = hn_str_eq(id, s->name) ? NULL : HN_NEW(k->b.arena, struct hn_bom_vuln_ref);
        if (!r)
            continue;
        *r = (struct hn_bom_vuln_ref){.id = id, .source = HN_NEW(k->b.arena, struct hn_bom_source)};
        if (r->source)
            *r->source = (struct hn_bom_source){.name = HN_STR("alias")};
        *last = r;
        last = &r->next;
    }
}

static void say(struct maker *k, const struct hn_vex_statement *s)
{
    struct hn_bom_component *c = s->product.n ? part_of(k, s) : NULL;
    struct hn_bom_vuln *v = hn_bom_vuln_add(&k->b);
    struct hn_bom_affect *f = c ? HN_NEW(k->b.arena, struct hn_bom_affect) : NULL;
    const char *why = s->why ? cdx_justification_word(s->why) : NULL;
    if (!v)
        return;
    v->id = s->name;
    vuln_names(k, v, s);
    v->status = s->status;
    v->why = s->why;
    v->state = hn_str_c(cdx_state_word(s->status));
    v->justification = why ? hn_str_c(why) : (struct hn_str){NULL, 0};
    v->impact = given(k->reasons || s->impact.n || s->why ? vex_impact(s) : s->justification);
    v->recommendation = given(s->action);
    v->first_issued = v->last_updated = text_of(k->b.arena, s->time);
    v->has_analysis = true;
    v->offset = UINT64_MAX;
    if (f)
        *f = (struct hn_bom_affect){.ref = c->ref};
    v->affects = f;
}

static void head(struct maker *k, const struct hn_vex_merged *m, const struct hn_vex_meta *meta)
{
    struct hn_bom_tool *t = hn_bom_tool_add(&k->b);
    k->b.family = HN_BOM_CYCLONEDX;
    k->b.spec_version = HN_STR("1.6");
    k->b.revision = 1;
    k->b.has_metadata = true;
    k->b.timestamp = vex_newest(m, meta->now) / HN_SECOND * HN_SECOND;
    k->b.timestamp_text = text_of(k->b.arena, k->b.timestamp);
    if (meta->author.n)
        hn_bom_party_add(&k->b, &k->b.authors, true, meta->author);
    if (t)
        t->name = meta->tool;
}

static struct hn_err write(struct maker *k, enum hn_vex_dialect to, struct hn_buf *out, struct hn_bom_notes *loss)
{
    struct hn_bom_how how;
    if (k->b.arena->failed)
        return (struct hn_err){HN_E_NOMEM};
    HN_TRY(hn_bom_index(&k->b));
    if (!hn_bom_how_of(to == HN_VEX_SPDX3 ? HN_STR("spdx-3.0.1") : HN_STR("cyclonedx-1.6"), &how))
        return (struct hn_err){HN_E_INVALID};
    HN_TRY(hn_bom_recast(&k->b, how.family, loss));
    return hn_bom_write(&k->b, &how, out, loss);
}

struct hn_err vex_document(const struct hn_vex_merged *m, enum hn_vex_dialect to, const struct hn_vex_meta *meta,
                           struct hn_arena *a, struct hn_buf *out, struct hn_bom_notes *loss)
{
    struct maker k = {.single = true, .reasons = to == HN_VEX_SPDX3};
    struct hn_str product = {NULL, 0};
    hn_bom_init(&k.b, a);
    hn_map_init(&k.parts);
    for (size_t i = 0; i < m->n; i++) {
        if (!counts(m->s[i]))
            continue;
        k.single = k.single && (!product.p || hn_str_eq(product, m->s[i]->product));
        product = m->s[i]->product;
    }
    head(&k, m, meta);
    for (size_t i = 0; i < m->n; i++)
        if (counts(m->s[i]))
            say(&k, m->s[i]);
    struct hn_err e = write(&k, to, out, loss);
    hn_map_done(&k.parts);
    hn_bom_done(&k.b);
    return e;
}
