/* SPDX 3: relations, licences, vulnerabilities and what is said of them. */
#include "base/str.h"
#include "format/sbom/licence.h"
#include "format/sbom/spdx3_in.h"

/* ---------------------------------------------------------------- licences */

#define LICENCE_DEPTH 16

static void licence_text(struct spdx3_reader *r, struct hn_buf *out, struct hn_str id, unsigned depth);

static void licence_list(struct spdx3_reader *r, struct hn_buf *out, const struct hn_jv *v, const char *op,
                         unsigned depth)
{
    hn_buf_chr(out, '(');
    for (size_t i = 0; i < spdx3_count(v, "expandedlicensing_member") && !out->bad; i++) {
        if (i)
            hn_buf_c(out, op);
        licence_text(r, out, spdx3_text(spdx3_item(v, "expandedlicensing_member", i)), depth + 1);
    }
    hn_buf_chr(out, ')');
}

/* "https://spdx.org/licenses/MIT" → "MIT"; another IRI → its last part after "#" or "/". */
static struct hn_str licence_id(struct hn_str iri)
{
    for (size_t i = iri.n; i; i--)
        if (iri.p[i - 1] == '/' || iri.p[i - 1] == '#')
            return hn_str_cut(iri, i, iri.n);
    return iri;
}

static void licence_text(struct spdx3_reader *r, struct hn_buf *out, struct hn_str id, unsigned depth)
{
    struct spdx3_element *e = spdx3_find(r, id);
    struct hn_str type = e ? e->type : (struct hn_str){NULL, 0};

    if (depth > LICENCE_DEPTH || out->n > 1u << 16) { /* a set that holds itself */
        out->bad = true;
        return;
    }
    if (hn_str_ends(id, "NoAssertionLicense") || hn_str_ends(id, "NoAssertionElement")) {
        hn_buf_c(out, "NOASSERTION");
    } else if (hn_str_ends(id, "NoneLicense") || hn_str_ends(id, "NoneElement")) {
        hn_buf_c(out, "NONE");
    } else if (!e) {
        if (!spdx3_known(r, id))
            spdx3_note(r, HN_BOM_NOTE_WARNING, "dangling-ref", id, HN_STR("licence"));
        hn_buf_str(out, licence_id(id));
    } else if (hn_str_eqc(type, "simplelicensing_LicenseExpression")) {
        hn_buf_str(out, spdx3_str(e->v, "simplelicensing_licenseExpression"));
    } else if (hn_str_eqc(type, "expandedlicensing_ConjunctiveLicenseSet")) {
        licence_list(r, out, e->v, " AND ", depth);
    } else if (hn_str_eqc(type, "expandedlicensing_DisjunctiveLicenseSet")) {
        licence_list(r, out, e->v, " OR ", depth);
    } else if (hn_str_eqc(type, "expandedlicensing_OrLaterOperator")) {
        licence_text(r, out, spdx3_str(e->v, "expandedlicensing_subjectLicense"), depth + 1);
        hn_buf_chr(out, '+');
    } else if (hn_str_eqc(type, "expandedlicensing_WithAdditionOperator")) {
        licence_text(r, out, spdx3_str(e->v, "expandedlicensing_subjectExtendableLicense"), depth + 1);
        hn_buf_c(out, " WITH ");
        licence_text(r, out, spdx3_str(e->v, "expandedlicensing_subjectAddition"), depth + 1);
    } else if (hn_str_eqc(type, "expandedlicensing_CustomLicense")) {
        struct hn_str name = licence_id(id);
        if (!hn_str_starts(name, "LicenseRef-"))
            hn_buf_c(out, "LicenseRef-");
        hn_buf_str(out, name);
    } else {
        hn_buf_str(out, licence_id(id));
    }
}

/* The name of the licence when the expression is one LicenseRef that the document explains. */
static struct hn_str custom_name(struct spdx3_reader *r, struct hn_str expression, struct hn_str id)
{
    struct spdx3_element *e = spdx3_find(r, id);

    if (!e || !hn_str_starts(expression, "LicenseRef-") || hn_str_chr(expression, ' ') >= 0)
        return (struct hn_str){NULL, 0};
    for (size_t i = 0; i < spdx3_count(e->v, "simplelicensing_customIdToUri"); i++) {
        const struct hn_jv *x = spdx3_item(e->v, "simplelicensing_customIdToUri", i);
        if (!hn_str_eq(spdx3_str(x, "key"), expression))
            continue;
        struct spdx3_element *text = spdx3_find(r, spdx3_str(x, "value"));
        return text ? spdx3_str(text->v, "name") : (struct hn_str){NULL, 0};
    }
    return hn_str_ends(e->type, "CustomLicense") ? spdx3_str(e->v, "name") : (struct hn_str){NULL, 0};
}

/* A licence that came as an element keeps its id: the element is written back as it stands. */
static void licence_read(struct spdx3_reader *r, struct spdx3_element *from, struct hn_str to,
                         enum hn_bom_licence_says says)
{
    struct hn_buf text;

    if (!from || !from->component)
        return;
    hn_buf_init(&text, 1u << 20);
    licence_text(r, &text, to, 0);
    if (text.bad)
        spdx3_note(r, HN_BOM_NOTE_ERROR, "licence-form", to, HN_STR("nested too deep"));
    struct hn_str s = hn_arena_str(r->b->arena, hn_buf_text(&text));
    hn_buf_done(&text);
    const char *known = hn_licence_known(s);
    bool id = known && hn_str_eqc(s, known);
    struct hn_bom_licence *l =
        hn_bom_licence_add(r->b, &from->component->licences, id ? HN_BOM_LICENCE_ID : HN_BOM_LICENCE_EXPRESSION, s);
    if (!l)
        return;
    from->licences_tail = &l->next;
    l->says = (uint8_t)says;
    hn_bom_extra_add(r->b, &l->extra, HN_STR("spdxId"), to);
    struct hn_str name = custom_name(r, s, to);
    if (name.n) {
        l->form = HN_BOM_LICENCE_NAME;
        l->value = name;
    }
    struct hn_licence_notes notes;
    if (!hn_licence_parse(r->b->arena, s, &notes) && notes.why)
        spdx3_note(r, HN_BOM_NOTE_ERROR, "licence-form", s, hn_str_c(notes.why));
    else if (notes.unknown)
        spdx3_note(r, HN_BOM_NOTE_WARNING, "licence-unknown", s, HN_STR(""));
}

/* ---------------------------------------------------------------- edges */

static bool is_individual(struct hn_str id, const char *name)
{
    return hn_str_ends(id, name) && (id.n == strlen(name) || hn_str_starts(id, "https://spdx.org/rdf/"));
}

/* Told complete or not: CycloneDX says it by compositions. */
static void completeness(struct spdx3_reader *r, struct hn_str from, struct hn_str word)
{
    struct hn_bom_composition *c;

    if (!word.p)
        return;
    c = HN_NEW(r->b->arena, struct hn_bom_composition);
    if (!c)
        return;
    c->aggregate = hn_str_eqc(word, "complete")      ? HN_BOM_AGG_COMPLETE
                   : hn_str_eqc(word, "noAssertion") ? HN_BOM_AGG_UNKNOWN
                                                     : HN_BOM_AGG_INCOMPLETE;
    hn_bom_text_add(r->b, &c->dependencies, from);
    *r->compositions_tail = c;
    r->compositions_tail = &c->next;
}

static void edge_read(struct spdx3_reader *r, const struct spdx3_relation *rel, struct hn_str word, struct hn_str from,
                      struct hn_str to)
{
    bool turned = rel && rel->turned;
    struct hn_bom_dep *d = hn_bom_dep_add(r->b, turned ? to : from);
    struct hn_bom_edge *e;

    if (!d)
        return;
    if (rel && rel->rel == HN_BOM_REL_DEPENDS_ON && is_individual(to, "NoneElement")) {
        d->says_depends = true;
        return;
    }
    if (is_individual(to, "NoAssertionElement"))
        return;
    e = hn_bom_edge_add(r->b, d, rel ? rel->rel : HN_BOM_REL_OTHER, turned ? from : to);
    if (!e)
        return;
    e->turned = turned;
    e->word = word;
    hn_bom_extra_add(r->b, &e->extra, HN_STR("@graph"), HN_STR("true")); /* the element itself is kept */
}

/* ---------------------------------------------------------------- vulnerabilities */

void spdx3_vulnerability_read(struct spdx3_reader *r, struct spdx3_element *e)
{
    struct hn_bom_vuln *v = hn_bom_vuln_add(r->b);

    if (!v)
        return;
    e->vuln = v;
    e->ratings_tail = &v->ratings;
    e->affects_tail = &v->affects;
    v->ref = e->id;
    v->offset = e->at;
    for (size_t i = 0; i < spdx3_count(e->v, "externalIdentifier"); i++) {
        const struct hn_jv *x = spdx3_item(e->v, "externalIdentifier", i);
        struct hn_str type = spdx3_word(x, "externalIdentifierType"), id = spdx3_str(x, "identifier");
        if (!v->id.p && id.p && (hn_str_eqc(type, "cve") || hn_str_eqc(type, "securityOther")))
            v->id = id;
    }
    if (!v->id.p)
        v->id = spdx3_str(e->v, "name");
    if (!v->id.n)
        spdx3_note(r, HN_BOM_NOTE_WARNING, "missing-member", HN_STR("externalIdentifier"), HN_STR(""));
    v->description = spdx3_str(e->v, "description");
    if (!v->description.p)
        v->description = spdx3_str(e->v, "summary");
    v->published = spdx3_str(e->v, "security_publishedTime");
    v->updated = spdx3_str(e->v, "security_modifiedTime");
    v->rejected = spdx3_str(e->v, "security_withdrawnTime");
}

/* One status for each entry: a second statement about the same vulnerability makes a second entry. */
static struct hn_bom_vuln *statement_of(struct spdx3_reader *r, struct hn_bom_vuln *v)
{
    struct hn_bom_vuln *more;

    if (v->status == HN_BOM_VEX_NONE && !v->has_analysis)
        return v;
    more = hn_bom_vuln_add(r->b);
    if (!more)
        return NULL;
    more->id = v->id;
    more->description = v->description;
    more->offset = r->now->at;
    return more;
}

/* Adds to a list and gives its new end. */
static struct hn_bom_affect **affects_add(struct spdx3_reader *r, struct hn_bom_affect **end,
                                          const struct hn_jv *relation)
{
    for (size_t i = 0; i < spdx3_count(relation, "to"); i++) {
        struct hn_bom_affect *a = HN_NEW(r->b->arena, struct hn_bom_affect);
        if (!a)
            break;
        a->ref = spdx3_text(spdx3_item(relation, "to", i));
        *end = a;
        end = &a->next;
    }
    return end;
}

static void vex_read(struct spdx3_reader *r, struct spdx3_element *e, struct spdx3_element *vuln,
                     enum hn_bom_vex status)
{
    struct hn_bom_vuln *v = statement_of(r, vuln->vuln);

    if (!v)
        return;
    v->has_analysis = true;
    v->status = status;
    v->state = e->type;
    v->justification = spdx3_word(e->v, "security_justificationType");
    v->why = spdx3_why_of(v->justification);
    v->impact = spdx3_str(e->v, "security_impactStatement");
    v->detail = spdx3_str(e->v, "security_statusNotes");
    v->recommendation = spdx3_str(e->v, "security_actionStatement");
    v->first_issued = spdx3_str(e->v, "security_publishedTime");
    v->last_updated = spdx3_str(e->v, "security_modifiedTime");
    struct hn_bom_affect **end = affects_add(r, v == vuln->vuln ? vuln->affects_tail : &v->affects, e->v);
    if (v == vuln->vuln)
        vuln->affects_tail = end;
    if (status == HN_BOM_VEX_NOT_AFFECTED && !v->justification.p && !v->impact.p)
        spdx3_note(r, HN_BOM_NOTE_WARNING, "vex-no-reason", v->id, HN_STR(""));
    if (status == HN_BOM_VEX_AFFECTED && !v->recommendation.p)
        spdx3_note(r, HN_BOM_NOTE_WARNING, "vex-no-action", v->id, HN_STR(""));
}

static void cvss_read(struct spdx3_reader *r, struct spdx3_element *e, struct spdx3_element *vuln, const char *method)
{
    struct hn_bom_rating *x = HN_NEW(r->b->arena, struct hn_bom_rating);
    const struct hn_jv *score = hn_jv_get(e->v, "security_score");

    if (!x)
        return;
    *vuln->ratings_tail = x;
    vuln->ratings_tail = &x->next;
    x->method = hn_str_c(method);
    x->vector = spdx3_str(e->v, "security_vectorString");
    if (hn_str_starts(x->vector, "CVSS:3.1"))
        x->method = HN_STR("CVSSv31");
    x->severity = spdx3_word(e->v, "security_severity");
    if (score && (score->kind == HN_JV_INT || score->kind == HN_JV_NUM)) {
        x->score = score->kind == HN_JV_INT ? (double)score->i : score->d;
        x->has_score = true;
    }
}

/* True when it was an assessment. */
static bool assessment_read(struct spdx3_reader *r, struct spdx3_element *e, struct hn_str from)
{
    static const struct {
        const char *type;
        enum hn_bom_vex status;
        const char *method;
    } kinds[] = {
        {"security_VexAffectedVulnAssessmentRelationship", HN_BOM_VEX_AFFECTED, NULL},
        {"security_VexFixedVulnAssessmentRelationship", HN_BOM_VEX_FIXED, NULL},
        {"security_VexNotAffectedVulnAssessmentRelationship", HN_BOM_VEX_NOT_AFFECTED, NULL},
        {"security_VexUnderInvestigationVulnAssessmentRelationship", HN_BOM_VEX_INVESTIGATING, NULL},
        {"security_CvssV2VulnAssessmentRelationship", HN_BOM_VEX_NONE, "CVSSv2"},
        {"security_CvssV3VulnAssessmentRelationship", HN_BOM_VEX_NONE, "CVSSv3"},
        {"security_CvssV4VulnAssessmentRelationship", HN_BOM_VEX_NONE, "CVSSv4"},
    };
    struct spdx3_element *vuln = spdx3_find(r, from);

    if (!hn_str_starts(e->type, "security_"))
        return false;
    if (!vuln || !vuln->vuln) {
        spdx3_note(r, HN_BOM_NOTE_WARNING, "dangling-ref", from, HN_STR("from"));
        return true;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (!hn_str_eqc(e->type, kinds[i].type))
            continue;
        if (kinds[i].method)
            cvss_read(r, e, vuln, kinds[i].method);
        else
            vex_read(r, e, vuln, kinds[i].status);
    }
    return true;
}

/* A plain relation may say it too: "vulnerability affects package", "package hasAssociatedVulnerability …". */
static bool plain_vex(struct spdx3_reader *r, struct spdx3_element *e, struct hn_str from, struct hn_str word)
{
    static const struct {
        const char *word;
        enum hn_bom_vex status;
    } words[] = {{"affects", HN_BOM_VEX_AFFECTED},
                 {"doesNotAffect", HN_BOM_VEX_NOT_AFFECTED},
                 {"fixedIn", HN_BOM_VEX_FIXED},
                 {"underInvestigationFor", HN_BOM_VEX_INVESTIGATING}};
    struct spdx3_element *vuln = spdx3_find(r, from);

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!hn_str_eqc(word, words[i].word) || !vuln || !vuln->vuln)
            continue;
        vex_read(r, e, vuln, words[i].status);
        return true;
    }
    return false;
}

static void associated(struct spdx3_reader *r, struct hn_str from, struct hn_str to)
{
    struct spdx3_element *vuln = spdx3_find(r, to);
    struct hn_bom_affect *a = vuln && vuln->vuln ? HN_NEW(r->b->arena, struct hn_bom_affect) : NULL;

    if (!a)
        return;
    a->ref = from;
    *vuln->affects_tail = a;
    vuln->affects_tail = &a->next;
}

/* ---------------------------------------------------------------- relation */

static void targets_read(struct spdx3_reader *r, struct spdx3_element *e, struct hn_str from, struct hn_str word)
{
    const struct spdx3_relation *rel = spdx3_relation_of(word);
    size_t n = spdx3_count(e->v, "to");
    bool depends = rel && rel->rel == HN_BOM_REL_DEPENDS_ON;

    if (!rel)
        spdx3_note(r, HN_BOM_NOTE_WARNING, "unknown-word", word, HN_STR("relationshipType"));
    for (size_t i = 0; i < n && !r->b->arena->failed; i++) {
        struct hn_str to = spdx3_text(spdx3_item(e->v, "to", i));
        if (!to.n)
            spdx3_note(r, HN_BOM_NOTE_ERROR, "missing-member", HN_STR("to"), HN_STR(""));
        else if (hn_str_eqc(word, "hasDeclaredLicense"))
            licence_read(r, spdx3_find(r, from), to, HN_BOM_LICENCE_DECLARED);
        else if (hn_str_eqc(word, "hasConcludedLicense"))
            licence_read(r, spdx3_find(r, from), to, HN_BOM_LICENCE_CONCLUDED);
        else if (hn_str_eqc(word, "hasAssociatedVulnerability"))
            associated(r, from, to);
        else
            edge_read(r, rel, word, from, to);
    }
    if (depends) {
        struct hn_str told = spdx3_word(e->v, "completeness");
        completeness(r, from, told);
        if (!n && hn_str_eqc(told, "complete") && hn_bom_dep_add(r->b, from))
            hn_bom_dep_add(r->b, from)->says_depends = true;
    }
}

void spdx3_relation_read(struct spdx3_reader *r, struct spdx3_element *e)
{
    struct hn_str from = spdx3_str(e->v, "from"), word = spdx3_word(e->v, "relationshipType");

    if (!from.n) {
        spdx3_note(r, HN_BOM_NOTE_ERROR, "missing-member", HN_STR("from"), HN_STR(""));
        return;
    }
    if (!spdx3_known(r, from))
        spdx3_note(r, HN_BOM_NOTE_WARNING, "dangling-ref", from, HN_STR("from"));
    if (assessment_read(r, e, from))
        return;
    if (!word.n)
        spdx3_note(r, HN_BOM_NOTE_ERROR, "missing-member", HN_STR("relationshipType"), HN_STR(""));
    else if (!plain_vex(r, e, from, word))
        targets_read(r, e, from, word);
}
