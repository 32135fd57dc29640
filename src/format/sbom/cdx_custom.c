/* Members of CycloneDX that do not lie in the model as they are written. */
#include "format/sbom/cdx_custom.h"

#include "base/json_scan.h"
#include "base/str.h"

/* The string that comes next. A broken one sets r->failed. */
static struct hn_str word(struct cdx_reading *r)
{
    if (hn_jr_next(&r->jr) == HN_J_STR)
        return hn_jr_text(&r->jr, r->b->arena);
    r->failed = true;
    return HN_STR("");
}

/* ---- licences: {"license": {"id" or "name"}} or {"expression"} ---- */

static bool read_named(struct cdx_reading *r, struct hn_bom_licence *l, enum hn_bom_licence_form form)
{
    if (l->value.p)
        return false;
    l->form = (uint8_t)form;
    l->value = word(r);
    return true;
}

bool cdx_read_licence_id(struct cdx_reading *r, void *obj)
{
    return read_named(r, obj, HN_BOM_LICENCE_ID);
}

bool cdx_present_licence_id(const void *obj)
{
    const struct hn_bom_licence *l = obj;
    return l->form == HN_BOM_LICENCE_ID && l->value.p;
}

void cdx_write_licence_id(struct cdx_writing *w, const void *obj)
{
    hn_jw_str(&w->w, ((const struct hn_bom_licence *)obj)->value);
}

bool cdx_read_licence_name(struct cdx_reading *r, void *obj)
{
    return read_named(r, obj, HN_BOM_LICENCE_NAME);
}

bool cdx_present_licence_name(const void *obj)
{
    const struct hn_bom_licence *l = obj;
    return l->form == HN_BOM_LICENCE_NAME && l->value.p;
}

void cdx_write_licence_name(struct cdx_writing *w, const void *obj)
{
    cdx_write_licence_id(w, obj);
}

bool cdx_read_licence_says(struct cdx_reading *r, void *obj)
{
    struct hn_bom_licence *l = obj;
    struct hn_jr before = r->jr;
    struct hn_str s = word(r);

    l->says = hn_str_eqc(s, "declared")    ? HN_BOM_LICENCE_DECLARED
              : hn_str_eqc(s, "concluded") ? HN_BOM_LICENCE_CONCLUDED
                                           : HN_BOM_LICENCE_SAYS;
    if (l->says == HN_BOM_LICENCE_SAYS && !r->failed) {
        r->jr = before;
        return false;
    }
    return true;
}

bool cdx_present_licence_says(const void *obj)
{
    return ((const struct hn_bom_licence *)obj)->says != HN_BOM_LICENCE_SAYS;
}

void cdx_write_licence_says(struct cdx_writing *w, const void *obj)
{
    hn_jw_c(&w->w, ((const struct hn_bom_licence *)obj)->says == HN_BOM_LICENCE_DECLARED ? "declared" : "concluded");
}

bool cdx_read_choice_licence(struct cdx_reading *r, void *obj)
{
    struct hn_bom_licence *l = obj;

    if (l->value.p)
        return false;
    hn_jr_next(&r->jr);
    l->form = HN_BOM_LICENCE_REST;
    r->failed = !cdx_read_object(r, &cdx_shape_licence, l);
    return true;
}

bool cdx_present_choice_licence(const void *obj)
{
    const struct hn_bom_licence *l = obj;
    return l->form == HN_BOM_LICENCE_REST || (l->form != HN_BOM_LICENCE_EXPRESSION && l->value.p);
}

void cdx_write_choice_licence(struct cdx_writing *w, const void *obj)
{
    cdx_write_object(w, &cdx_shape_licence, obj);
}

bool cdx_read_choice_expression(struct cdx_reading *r, void *obj)
{
    return read_named(r, obj, HN_BOM_LICENCE_EXPRESSION);
}

bool cdx_present_choice_expression(const void *obj)
{
    const struct hn_bom_licence *l = obj;
    return l->form == HN_BOM_LICENCE_EXPRESSION && l->value.p;
}

void cdx_write_choice_expression(struct cdx_writing *w, const void *obj)
{
    cdx_write_licence_id(w, obj);
}

bool cdx_read_choice_says(struct cdx_reading *r, void *obj)
{
    return cdx_read_licence_says(r, obj);
}

bool cdx_present_choice_says(const void *obj)
{
    return cdx_present_licence_says(obj) && !cdx_present_choice_licence(obj);
}

void cdx_write_choice_says(struct cdx_writing *w, const void *obj)
{
    cdx_write_licence_says(w, obj);
}

bool cdx_read_choice_ref(struct cdx_reading *r, void *obj)
{
    ((struct hn_bom_licence *)obj)->ref = word(r);
    return true;
}

bool cdx_present_choice_ref(const void *obj)
{
    return ((const struct hn_bom_licence *)obj)->ref.p && !cdx_present_choice_licence(obj);
}

void cdx_write_choice_ref(struct cdx_writing *w, const void *obj)
{
    hn_jw_str(&w->w, ((const struct hn_bom_licence *)obj)->ref);
}

/* ---- evidence.identity: a list since 1.6, one object in 1.5 ---- */

bool cdx_read_identity(struct cdx_reading *r, void *obj)
{
    struct hn_bom_evidence *e = obj;
    void *first = NULL;

    if (cdx_peek(r) == '[') {
        if (!cdx_read_list(r, &cdx_shape_identity, &first))
            return false;
        e->identity = first;
        return true;
    }
    hn_jr_next(&r->jr);
    e->identity = HN_NEW(r->b->arena, struct hn_bom_identity);
    e->identity_single = true;
    r->failed = !e->identity || !cdx_read_object(r, &cdx_shape_identity, e->identity);
    return true;
}

bool cdx_present_identity(const void *obj)
{
    return ((const struct hn_bom_evidence *)obj)->identity != NULL;
}

void cdx_write_identity(struct cdx_writing *w, const void *obj)
{
    const struct hn_bom_evidence *e = obj;

    if (e->identity_single || w->version < 16)
        cdx_write_object(w, &cdx_shape_identity, e->identity);
    else
        cdx_write_list(w, &cdx_shape_identity, e->identity);
}

/* ---- dependencies ---- */

static bool read_edges(struct cdx_reading *r, struct hn_bom_dep *d, enum hn_bom_rel rel, bool *says)
{
    struct hn_jr before = r->jr;
    struct hn_bom_edge *last = d->last;
    enum hn_jtok t;

    hn_jr_next(&r->jr);
    while ((t = hn_jr_next(&r->jr)) == HN_J_STR)
        if (!hn_bom_edge_add(r->b, d, rel, hn_jr_text(&r->jr, r->b->arena))) {
            r->failed = true;
            return true;
        }
    if (t == HN_J_ARR_END) {
        *says = true;
        return true;
    }
    r->failed = t == HN_J_ERR;
    r->jr = r->failed ? r->jr : before;
    d->last = last;
    if (last)
        last->next = NULL;
    else
        d->edges = NULL;
    return r->failed;
}

static void write_edges(struct cdx_writing *w, const struct hn_bom_dep *d, enum hn_bom_rel rel)
{
    hn_jw_arr(&w->w);
    for (const struct hn_bom_edge *e = d->edges; e; e = e->next)
        if (e->rel == rel)
            hn_jw_str(&w->w, e->to);
    hn_jw_arr_end(&w->w);
}

bool cdx_read_depends_on(struct cdx_reading *r, void *obj)
{
    return read_edges(r, obj, HN_BOM_REL_DEPENDS_ON, &((struct hn_bom_dep *)obj)->says_depends);
}

bool cdx_present_depends_on(const void *obj)
{
    return ((const struct hn_bom_dep *)obj)->says_depends;
}

void cdx_write_depends_on(struct cdx_writing *w, const void *obj)
{
    write_edges(w, obj, HN_BOM_REL_DEPENDS_ON);
}

bool cdx_read_provides(struct cdx_reading *r, void *obj)
{
    return read_edges(r, obj, HN_BOM_REL_PROVIDES, &((struct hn_bom_dep *)obj)->says_provides);
}

bool cdx_present_provides(const void *obj)
{
    return ((const struct hn_bom_dep *)obj)->says_provides;
}

void cdx_write_provides(struct cdx_writing *w, const void *obj)
{
    write_edges(w, obj, HN_BOM_REL_PROVIDES);
}

/* An entry is read apart and then merged into the one of its reference. */
static bool read_dep(struct cdx_reading *r, uint64_t offset)
{
    struct hn_bom_dep one = {0};

    if (!cdx_read_object(r, &cdx_shape_dep, &one))
        return false;
    size_t before = r->b->n_deps;
    struct hn_bom_dep *d = hn_bom_dep_add(r->b, one.ref.p ? one.ref : HN_STR(""));
    if (!d)
        return false;
    if (r->b->n_deps == before)
        hn_bom_note_at(r->b, HN_BOM_NOTE_WARNING, "duplicate-dependency", offset, d->ref, HN_STR(""));
    else
        d->offset = offset;
    d->ref = one.ref;
    d->says_depends |= one.says_depends;
    d->says_provides |= one.says_provides;
    if (one.edges) {
        if (d->last)
            d->last->next = one.edges;
        else
            d->edges = one.edges;
        d->last = one.last;
    }
    struct hn_bom_extra **x = &d->extra;
    while (*x)
        x = &(*x)->next;
    *x = one.extra;
    return true;
}

bool cdx_read_dependencies(struct cdx_reading *r, void *obj)
{
    struct hn_jr before = r->jr;
    size_t n = r->b->n_deps;
    enum hn_jtok t;

    hn_jr_next(&r->jr);
    while ((t = hn_jr_next(&r->jr)) == HN_J_OBJ)
        if (!read_dep(r, r->skip + r->jr.off - 1)) {
            r->failed = true;
            return true;
        }
    if (t == HN_J_ERR) {
        r->failed = true;
        return true;
    }
    if (t != HN_J_ARR_END)
        cdx_note(r, HN_BOM_NOTE_ERROR, "not-an-object", HN_STR("dependencies"), HN_STR(""));
    if (t == HN_J_ARR_END && r->b->n_deps > n)
        return true;
    r->jr = before;
    return false;
}

bool cdx_present_dependencies(const void *obj)
{
    return ((const struct hn_bom *)obj)->n_deps > 0;
}

/* Only what CycloneDX has words for; the others are counted as lost. */
static bool has_words(const struct hn_bom_dep *d)
{
    return d->says_depends || d->says_provides || d->extra || !d->edges;
}

void cdx_write_dependencies(struct cdx_writing *w, const void *obj)
{
    const struct hn_bom *b = obj;

    hn_jw_arr(&w->w);
    for (size_t i = 0; i < b->n_deps; i++) {
        for (const struct hn_bom_edge *e = b->deps[i]->edges; e; e = e->next)
            if (e->rel != HN_BOM_REL_DEPENDS_ON && e->rel != HN_BOM_REL_PROVIDES)
                hn_bom_note_in(w->loss, b->arena, HN_BOM_NOTE_INFO, "lost-relation", HN_STR("/dependencies"),
                               b->deps[i]->ref, e->to);
        if (has_words(b->deps[i]))
            cdx_write_object(w, &cdx_shape_dep, b->deps[i]);
    }
    hn_jw_arr_end(&w->w);
}

/* ---- vulnerabilities ---- */

bool cdx_read_vulnerabilities(struct cdx_reading *r, void *obj)
{
    struct hn_jr before = r->jr;
    enum hn_jtok t;
    size_t n = 0;

    hn_jr_next(&r->jr);
    while ((t = hn_jr_next(&r->jr)) == HN_J_OBJ) {
        uint64_t offset = r->skip + r->jr.off - 1;
        struct hn_bom_vuln *v = hn_bom_vuln_add(r->b);
        n++;
        if (v)
            v->offset = offset;
        if (!v || !cdx_read_object(r, &cdx_shape_vuln, v)) {
            r->failed = true;
            return true;
        }
    }
    if (t == HN_J_ERR) {
        r->failed = true;
        return true;
    }
    if (t == HN_J_ARR_END && n)
        return true;
    if (t != HN_J_ARR_END)
        cdx_note(r, HN_BOM_NOTE_ERROR, "not-an-object", HN_STR("vulnerability"), HN_STR(""));
    r->jr = before;
    return false;
}

bool cdx_present_vulnerabilities(const void *obj)
{
    return ((const struct hn_bom *)obj)->vulns != NULL;
}

void cdx_write_vulnerabilities(struct cdx_writing *w, const void *obj)
{
    cdx_write_list(w, &cdx_shape_vuln, ((const struct hn_bom *)obj)->vulns);
}

bool cdx_read_analysis(struct cdx_reading *r, void *obj)
{
    struct hn_bom_vuln *v = obj;

    hn_jr_next(&r->jr);
    v->has_analysis = true;
    r->failed = !cdx_read_object(r, &cdx_shape_analysis, v);
    return true;
}

bool cdx_present_analysis(const void *obj)
{
    const struct hn_bom_vuln *v = obj;
    return v->has_analysis || v->status != HN_BOM_VEX_NONE;
}

void cdx_write_analysis(struct cdx_writing *w, const void *obj)
{
    struct hn_bom_vuln v = *(const struct hn_bom_vuln *)obj;

    if (!v.state.p && cdx_state_word(v.status))
        v.state = hn_str_c(cdx_state_word(v.status));
    if (!v.justification.p && cdx_justification_word(v.why))
        v.justification = hn_str_c(cdx_justification_word(v.why));
    cdx_write_object(w, &cdx_shape_analysis, &v);
}

/* ---- compositions ---- */

bool cdx_read_aggregate(struct cdx_reading *r, void *obj)
{
    ((struct hn_bom_composition *)obj)->word = word(r);
    return true;
}

bool cdx_present_aggregate(const void *obj)
{
    const struct hn_bom_composition *c = obj;
    return c->word.p || c->aggregate != HN_BOM_AGG_UNSAID;
}

void cdx_write_aggregate(struct cdx_writing *w, const void *obj)
{
    const struct hn_bom_composition *c = obj;

    if (c->word.p)
        hn_jw_str(&w->w, c->word);
    else
        hn_jw_c(&w->w, cdx_aggregate_word(c->aggregate));
}
