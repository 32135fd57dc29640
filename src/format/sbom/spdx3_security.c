/* SPDX 3 relations and the security profile, from any model. */
#include "base/str.h"
#include "format/sbom/spdx3_write.h"
#include "format/sbom/vex.h"

#define OF(x) (&(x)->o.w)

/* ---------------------------------------------------------------- relations */

static bool can_be_named(struct spdx3_writer *x, const struct hn_bom_edge *e)
{
    return x->o.same || e->component || hn_str_starts(e->to, "urn:cdx:");
}

static struct hn_str target(struct spdx3_writer *x, const struct hn_bom_edge *e)
{
    return e->component ? spdx3_component_id(x, e->component) : spdx3_id(x, e->to);
}

static const char *completeness(struct spdx3_writer *x, struct hn_str ref)
{
    const struct hn_bom_composition *c = hn_map_find(&x->complete, hn_str_bytes(ref));

    if (!c)
        return NULL;
    return c->aggregate == HN_BOM_AGG_COMPLETE     ? "complete"
           : c->aggregate == HN_BOM_AGG_INCOMPLETE ? "incomplete"
                                                   : "noAssertion";
}

/* All plain dependencies of one thing in one relation. */
static void depends(struct spdx3_writer *x, const struct hn_bom_dep *d, struct hn_str from)
{
    size_t n = 0, m = 0;
    struct hn_str *to;
    const char *told = completeness(x, d->ref);

    for (const struct hn_bom_edge *e = d->edges; e; e = e->next)
        n += e->rel == HN_BOM_REL_DEPENDS_ON && !(x->o.same && e->extra);
    to = hn_arena_alloc(x->o.b->arena, (n + 1) * sizeof *to);
    if (!to || (x->o.same && !n))
        return;
    for (const struct hn_bom_edge *e = d->edges; e; e = e->next)
        if (e->rel == HN_BOM_REL_DEPENDS_ON && can_be_named(x, e) && !(x->o.same && e->extra))
            to[m++] = target(x, e);
        else if (e->rel == HN_BOM_REL_DEPENDS_ON && !x->o.same)
            spdx_lost(&x->o, NULL, "dependency", e->to);
    if (!n && !d->says_depends && d->edges)
        return;
    if (!n)
        to[m++] = HN_STR(SPDX3_TERMS "Core/NoneElement");
    if (!m)
        return;
    spdx3_relation_begin(x, "Relationship", "dependsOn", from, to, m);
    if (told)
        hn_jw_kc(OF(x), "completeness", told);
    hn_jw_obj_end(OF(x));
}

static void edge(struct spdx3_writer *x, const struct hn_bom_edge *e, struct hn_str from)
{
    bool turned;
    const char *word = spdx3_relation_word(e->rel, &turned);
    struct hn_str to;

    if (e->rel == HN_BOM_REL_PROVIDES) {
        spdx_lost(&x->o, NULL, "provides", e->to);
        return;
    }
    if (!can_be_named(x, e)) {
        spdx_lost(&x->o, NULL, "dependency", e->to);
        return;
    }
    to = target(x, e);
    if (e->rel == HN_BOM_REL_OTHER && e->word.n)
        spdx_lost(&x->o, NULL, "relationship word", e->word);
    spdx3_relation_begin(x, "Relationship", word, turned ? to : from, turned ? &from : &to, 1);
    hn_jw_obj_end(OF(x));
}

static void dep_write(struct spdx3_writer *x, const struct hn_bom_dep *d)
{
    bool document = hn_str_eqc(d->ref, "SPDXRef-DOCUMENT");
    struct hn_str from = document ? x->base : d->component ? spdx3_component_id(x, d->component) : spdx3_id(x, d->ref);

    if (!x->o.same && !d->component && !document) {
        for (const struct hn_bom_edge *e = d->edges; e; e = e->next)
            spdx_lost(&x->o, NULL, "dependency", d->ref);
        return;
    }
    depends(x, d, from);
    for (const struct hn_bom_edge *e = d->edges; e; e = e->next)
        if (e->rel != HN_BOM_REL_DEPENDS_ON && !(x->o.same && e->extra) &&
            !(document && e->rel == HN_BOM_REL_DESCRIBES))
            edge(x, e, from);
}

void spdx3_relations_write(struct spdx3_writer *x)
{
    const struct hn_bom *b = x->o.b;

    for (size_t i = 0; i < b->n_components && !x->o.same; i++) {
        const struct hn_bom_component *c = b->components[i];
        struct hn_str to;
        if (!c->parent)
            continue;
        to = spdx3_component_id(x, c);
        spdx3_relation_begin(x, "Relationship", "contains", spdx3_component_id(x, c->parent), &to, 1);
        hn_jw_obj_end(OF(x));
    }
    for (size_t i = 0; i < b->n_deps; i++)
        dep_write(x, b->deps[i]);
}

/* ---------------------------------------------------------------- vulnerabilities */

static void vuln_element(struct spdx3_writer *x, const struct hn_bom_vuln *v, struct hn_str id)
{
    struct hn_jw *w = OF(x);

    if (!spdx3_first(x, id))
        return;
    spdx3_element_begin(x, "security_Vulnerability", id);
    if (v->id.n) {
        hn_jw_kstr(w, "name", v->id);
        hn_jw_key(w, "externalIdentifier");
        hn_jw_arr(w);
        hn_jw_obj(w);
        hn_jw_kc(w, "type", "ExternalIdentifier");
        hn_jw_kc(w, "externalIdentifierType", hn_str_starts(v->id, "CVE-") ? "cve" : "securityOther");
        hn_jw_kstr(w, "identifier", v->id);
        hn_jw_obj_end(w);
        hn_jw_arr_end(w);
    }
    if (v->description.p)
        hn_jw_kstr(w, "description", v->description);
    spdx3_time(x, "security_publishedTime", v->published);
    spdx3_time(x, "security_modifiedTime", v->updated);
    spdx3_time(x, "security_withdrawnTime", v->rejected);
    hn_jw_obj_end(w);
}

static const char *severity_word(double score, bool v2)
{
    if (score >= 9 && !v2)
        return "critical";
    return score >= 7 ? "high" : score >= 4 ? "medium" : score > 0 ? "low" : "none";
}

static void rating(struct spdx3_writer *x, const struct hn_bom_vuln *v, const struct hn_bom_rating *r, struct hn_str id,
                   const struct hn_str *to, size_t n)
{
    bool v2 = hn_str_starts(r->method, "CVSSv2"), v4 = hn_str_starts(r->method, "CVSSv4");
    struct hn_jw *w = OF(x);

    if (!hn_str_starts(r->method, "CVSSv") || !r->has_score || !r->vector.n || !n) {
        spdx_lost(&x->o, NULL, "rating", r->method.n ? r->method : v->id);
        return;
    }
    spdx3_relation_begin(x,
                         v2   ? "security_CvssV2VulnAssessmentRelationship"
                         : v4 ? "security_CvssV4VulnAssessmentRelationship"
                              : "security_CvssV3VulnAssessmentRelationship",
                         "hasAssessmentFor", id, to, n);
    hn_jw_knum(w, "security_score", r->score);
    hn_jw_kstr(w, "security_vectorString", r->vector);
    if (!v2)
        hn_jw_kc(w, "security_severity", severity_word(r->score, v2));
    hn_jw_obj_end(w);
}

static void statement(struct spdx3_writer *x, const struct hn_bom_vuln *v, struct hn_str id, const struct hn_str *to,
                      size_t n)
{
    static const char *const kinds[][2] = {
        [HN_BOM_VEX_NOT_AFFECTED] = {"security_VexNotAffectedVulnAssessmentRelationship", "doesNotAffect"},
        [HN_BOM_VEX_AFFECTED] = {"security_VexAffectedVulnAssessmentRelationship", "affects"},
        [HN_BOM_VEX_FIXED] = {"security_VexFixedVulnAssessmentRelationship", "fixedIn"},
        [HN_BOM_VEX_INVESTIGATING] = {"security_VexUnderInvestigationVulnAssessmentRelationship",
                                      "underInvestigationFor"},
    };
    struct hn_jw *w = OF(x);

    spdx3_relation_begin(x, kinds[v->status][0], kinds[v->status][1], id, to, n);
    if (v->status == HN_BOM_VEX_NOT_AFFECTED && v->why)
        hn_jw_kc(w, "security_justificationType", spdx3_why_word(v->why));
    if (v->status == HN_BOM_VEX_NOT_AFFECTED && (v->impact.n || !v->why)) /* one of the two must be there */
        hn_jw_kstr(w, "security_impactStatement", v->impact.n ? v->impact : HN_STR(HN_VEX_NO_REASON));
    if (v->status == HN_BOM_VEX_AFFECTED)
        hn_jw_kstr(w, "security_actionStatement", v->recommendation.n ? v->recommendation : HN_STR("NOASSERTION"));
    if (v->detail.n)
        hn_jw_kstr(w, "security_statusNotes", v->detail);
    spdx3_time(x, "security_publishedTime", v->first_issued);
    spdx3_time(x, "security_modifiedTime", v->last_updated);
    hn_jw_obj_end(w);
    if (v->justification.n && !v->why)
        spdx_lost(&x->o, NULL, "justification", v->justification);
}

static void vuln_write(struct spdx3_writer *x, const struct hn_bom_vuln *v)
{
    struct hn_str id = spdx3_made_id(x, "Vulnerability", v->id.n ? v->id : v->ref), *to;
    size_t n = 0, versions = 0;

    for (const struct hn_bom_affect *a = v->affects; a; a = a->next)
        n++;
    to = hn_arena_alloc(x->o.b->arena, (n + 1) * sizeof *to);
    if (!to)
        return;
    n = 0;
    for (const struct hn_bom_affect *a = v->affects; a; a = a->next) {
        const struct hn_bom_component *c = hn_bom_component_by_ref(x->o.b, a->ref);
        to[n++] = c ? spdx3_component_id(x, c) : spdx3_id(x, a->ref);
        versions += a->versions != NULL;
    }
    vuln_element(x, v, id);
    for (const struct hn_bom_rating *r = v->ratings; r; r = r->next)
        rating(x, v, r, id, to, n);
    if (v->status != HN_BOM_VEX_NONE && n)
        statement(x, v, id, to, n);
    else if (v->status != HN_BOM_VEX_NONE)
        spdx_lost(&x->o, NULL, "statement about no product", v->id);
    for (size_t i = 0; v->status == HN_BOM_VEX_NONE && i < n; i++) {
        spdx3_relation_begin(x, "Relationship", "hasAssociatedVulnerability", to[i], &id, 1);
        hn_jw_obj_end(OF(x));
    }
    if (versions)
        spdx_lost(&x->o, NULL, "vulnerability.affects.versions", v->id);
    if (v->references || v->cwes || v->advisories || v->props || v->extra || v->responses)
        spdx_lost(&x->o, NULL, "vulnerability.detail", v->id);
}

void spdx3_vulns_write(struct spdx3_writer *x)
{
    for (const struct hn_bom_vuln *v = x->o.b->vulns; v; v = v->next)
        if (!x->o.same || v->offset == UINT64_MAX)
            vuln_write(x, v);
}
