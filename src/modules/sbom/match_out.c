#include "modules/sbom/match_out.h"

#include <stdio.h>

#include "base/str.h"

/* ---------------------------------------------------------------- sentences */

/* "sbom.why.range" with how it begins and ends: ".all" from the beginning, ".from"; ".fixed", ".last", ".open". */
static const char *key_of_range(const struct hn_adv_eval *e)
{
    bool all = hn_str_eqc(e->introduced, "0") || !e->introduced.n;
    if (!e->until.n || hn_str_eqc(e->until, "*"))
        return all ? "sbom.why.every" : "sbom.why.from";
    if (e->until_kind == HN_EVENT_FIXED)
        return all ? "sbom.why.before" : "sbom.why.from-before";
    return all ? "sbom.why.upto" : "sbom.why.from-upto";
}

static const char *key_of(const struct sbom_match *m)
{
    if (m->part->how == SBOM_HOW_CPE && m->eval.reason != HN_REASON_RANGE)
        return "sbom.why.cpe";
    switch (m->eval.reason) {
    case HN_REASON_LISTED:
        return "sbom.why.listed";
    case HN_REASON_WHOLE:
        return "sbom.why.whole";
    case HN_REASON_STATUS:
        return "sbom.why.status";
    default:
        return key_of_range(&m->eval);
    }
}

struct hn_str sbom_match_sentence(struct hn_arena *a, enum hn_lang lang, const struct sbom_match *m)
{
    const struct sbom_query *q = &m->part->query;
    struct hn_param params[] = {
        {"advisory", m->adv.id, &params[1]},
        {"name", m->affected.name, &params[2]},
        {"version", q->range ? m->part->component->version_range : q->version, &params[3]},
        {"introduced", m->eval.introduced, &params[4]},
        {"until", m->eval.until, &params[5]},
        {"order", hn_str_c(hn_version_order_name(m->eval.order)), &params[6]},
        {"ecosystem",
         m->affected.ecosystem.n ? m->affected.ecosystem
         : q->ecosystem.n        ? q->ecosystem
                                 : HN_STR("CPE"),
         &params[7]},
        {"component", m->part->component->name, NULL},
    };
    struct hn_str why = hn_text(a, lang, key_of(m), params);
    char key[64];
    snprintf(key, sizeof key, "sbom.how.%s", sbom_how_word(m->part->how));
    if (m->part->how == SBOM_HOW_OWN)
        return why;
    return hn_arena_fmt(a, "%.*s%s%.*s", HN_FMT(why), lang == HN_EN ? " " : "", HN_FMT(hn_text(a, lang, key, params)));
}

struct hn_str sbom_unknown_sentence(struct hn_arena *a, enum hn_lang lang, const struct sbom_part *p)
{
    char key[64];
    struct hn_param params[] = {
        {"component", p->component->name, &params[1]},
        {"version", p->query.range ? p->component->version_range : p->component->version, &params[2]},
        {"type", p->has_purl ? p->purl.type : HN_STR("?"), &params[3]},
        {"ecosystem", p->query.ecosystem, &params[4]},
        {"release", p->query.distro.release, &params[5]},
        {"advisory", p->overlaps, NULL},
    };
    snprintf(key, sizeof key, "sbom.unknown.%s", sbom_unknown_word(p->unknown));
    return hn_text(a, lang, key, params);
}

static void sentences(struct hn_jw *w, struct hn_str en, struct hn_str ja)
{
    hn_jw_key(w, "sentence");
    hn_jw_obj(w);
    hn_jw_kstr(w, "en", en);
    hn_jw_kstr(w, "ja", ja);
    hn_jw_obj_end(w);
}

/* ---------------------------------------------------------------- JSON */

static void optional(struct hn_jw *w, const char *key, struct hn_str s)
{
    if (s.n)
        hn_jw_kstr(w, key, s);
}

static void component_json(struct hn_jw *w, struct hn_arena *a, const struct sbom_part *p, struct hn_str file)
{
    const struct hn_bom_component *c = p->component;
    hn_jw_kstr(w, "component", c->name);
    optional(w, "group_name", c->group);
    optional(w, "version", c->version.n ? c->version : p->purl.version);
    if (p->query.range)
        hn_jw_kstr(w, "version_range", c->version_range);
    hn_jw_kstr(w, "purl", c->purl.n ? c->purl : HN_STR(""));
    optional(w, "cpe", c->cpe);
    optional(w, "ref", c->ref);
    hn_jw_kstr(w, "file", file);
    (void)a;
}

static void range_json(struct hn_jw *w, const struct hn_adv_eval *e)
{
    static const char *const types[] = {"SEMVER", "ECOSYSTEM", "GIT", "CUSTOM", "UNKNOWN"};
    hn_jw_key(w, "range");
    hn_jw_obj(w);
    hn_jw_kc(w, "type", types[e->type]);
    hn_jw_kstr(w, "introduced", e->introduced);
    if (e->until.n)
        hn_jw_kstr(w, e->until_kind == HN_EVENT_FIXED ? "fixed" : "last_affected", e->until);
    hn_jw_obj_end(w);
}

void sbom_match_why(struct hn_jw *w, const struct sbom_match *m)
{
    static const char *const reasons[] = {"outside", "listed",   "range",      "whole-range",
                                          "status",  "no-order", "no-version", "commits-only"};
    const struct sbom_query *q = &m->part->query;
    hn_jw_kc(w, "family", hn_adv_family_word(m->adv.family));
    hn_jw_kstr(w, "ecosystem", m->affected.ecosystem.n ? m->affected.ecosystem : q->ecosystem);
    hn_jw_kstr(w, "name", m->affected.name);
    hn_jw_kstr(w, "version", q->version);
    if (q->range)
        hn_jw_kstr(w, "version_range", m->part->component->version_range);
    hn_jw_kc(w, "mapping", sbom_how_word(m->part->how));
    if (q->distro.release.n)
        hn_jw_kstr(w, "release", q->distro.release);
    hn_jw_kc(w, "order", hn_version_order_name(m->eval.order));
    hn_jw_kc(w, "reason", reasons[m->eval.reason]);
    if (m->eval.reason == HN_REASON_RANGE)
        range_json(w, &m->eval);
    if (m->eval.reason == HN_REASON_LISTED)
        hn_jw_kstr(w, "listed", m->eval.listed);
    if (m->eval.has_custom)
        hn_jw_kbool(w, "in_custom_range", m->eval.in_custom);
    if (m->platform)
        hn_jw_kbool(w, "platform_supposed", true);
    if (m->unimportant)
        hn_jw_kbool(w, "unimportant", true);
    optional(w, "state", m->adv.state);
}

static void why_json(struct hn_jw *w, struct hn_arena *a, const struct sbom_match *m)
{
    hn_jw_key(w, "why");
    hn_jw_obj(w);
    sbom_match_why(w, m);
    sentences(w, sbom_match_sentence(a, HN_EN, m), sbom_match_sentence(a, HN_JA, m));
    hn_jw_obj_end(w);
}

static void scores_json(struct hn_jw *w, const struct hn_adv_severity *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct hn_cvss c;
        if (!s[i].vector.n || !hn_cvss_parse(s[i].vector, &c, NULL))
            continue;
        hn_jw_obj(w);
        hn_jw_kstr(w, "vector", s[i].vector);
        hn_jw_kc(w, "version", hn_cvss_version_text(c.version));
        hn_jw_kc(w, "name", c.name);
        hn_jw_knum(w, "score", c.score / 10.0);
        hn_jw_kc(w, "rating", hn_cvss_rating_word(c.rating));
        hn_jw_kstr(w, "source", s[i].source);
        hn_jw_obj_end(w);
    }
}

/* The group's opinions have all sources; without a group, the record's own. */
static void severity_json(struct hn_jw *w, const struct sbom_match *m)
{
    const struct hn_adv_facts *f = m->group ? &m->group->facts : NULL;
    hn_jw_kc(w, "severity", m->rated ? hn_cvss_rating_word(m->rating) : "unknown");
    if (m->best.said)
        hn_jw_knum(w, "score", m->best.cvss.score / 10.0);
    hn_jw_key(w, "cvss");
    hn_jw_arr(w);
    scores_json(w, m->affected.severities, m->affected.n_severities);
    if (f && f->n_severities)
        scores_json(w, f->severities, f->n_severities);
    else
        scores_json(w, m->adv.severities, m->adv.n_severities);
    hn_jw_arr_end(w);
    optional(w, "urgency", m->affected.urgency);
}

static void exploited_json(struct hn_jw *w, const struct hn_adv_facts *f)
{
    hn_jw_key(w, "kev");
    if (!f || !f->kev_known)
        hn_jw_null(w); /* nobody was asked */
    else
        hn_jw_bool(w, f->kev.listed);
    if (f && f->kev.listed) {
        hn_jw_ktime(w, "kev_added", f->kev.added);
        hn_jw_ktime(w, "kev_due", f->kev.due);
        hn_jw_kbool(w, "ransomware", f->kev.ransomware);
    }
    hn_jw_key(w, "epss");
    if (f && f->epss.scored)
        hn_jw_num(w, f->epss.score);
    else
        hn_jw_null(w);
}

static void aliases_json(struct hn_jw *w, const struct sbom_match *m)
{
    const struct hn_adv_strs ids = m->group ? m->group->facts.ids : m->adv.aliases;
    hn_jw_key(w, "aliases");
    hn_jw_arr(w);
    for (size_t i = 0; i < ids.n; i++)
        if (!hn_str_eq(ids.p[i], m->adv.id))
            hn_jw_str(w, ids.p[i]);
    hn_jw_arr_end(w);
}

/* Whoever says otherwise, and why that does not count. */
static void over_json(struct hn_jw *w, const struct hn_vex_verdict *v)
{
    const struct hn_vex_statement *s = v->over;
    hn_jw_key(w, "over");
    hn_jw_obj(w);
    hn_jw_kc(w, "status", hn_bom_vex_word(s->status));
    hn_jw_kc(w, "dialect", hn_vex_dialect_word(s->dialect));
    hn_jw_kstr(w, "source", s->source);
    hn_jw_ktime(w, "time", s->time);
    hn_jw_kint(w, "trust", s->trust);
    hn_jw_kc(w, "reason", hn_vex_reason_word(v->reason));
    hn_jw_obj_end(w);
}

static void vex_json(struct hn_jw *w, const struct hn_vex_verdict *v)
{
    static const char *const effects[] = {"none", "applies", "unfounded", "expired"};
    const struct hn_vex_statement *s = v->statement;
    hn_jw_key(w, "vex");
    hn_jw_obj(w);
    hn_jw_kc(w, "status", hn_bom_vex_word(s->status));
    hn_jw_kc(w, "effect", effects[v->effect]);
    optional(w, "justification", s->why != HN_BOM_WHY_NONE ? hn_str_c(hn_bom_why_word(s->why)) : s->justification);
    optional(w, "said_as", s->state);
    optional(w, "impact", s->impact);
    optional(w, "action", s->action);
    hn_jw_kstr(w, "product", s->product);
    optional(w, "subcomponent", s->subcomponent);
    hn_jw_kc(w, "dialect", hn_vex_dialect_word(s->dialect));
    hn_jw_kstr(w, "source", s->source);
    optional(w, "author", s->author);
    hn_jw_ktime(w, "time", s->time);
    hn_jw_kint(w, "trust", s->trust);
    hn_jw_kint(w, "statements", (int64_t)v->n);
    if (v->contradicted)
        hn_jw_kbool(w, "contradicted", true);
    if (v->over)
        over_json(w, v);
    hn_jw_obj_end(w);
}

void sbom_match_json(struct hn_jw *w, struct hn_arena *a, const struct sbom_match *m, struct hn_str file,
                     const struct hn_vex_verdict *vex)
{
    hn_jw_obj(w);
    component_json(w, a, m->part, file);
    hn_jw_kstr(w, "advisory", m->adv.id);
    hn_jw_kstr(w, "group", m->group ? m->group->name : m->adv.id);
    aliases_json(w, m);
    optional(w, "summary", m->adv.summary);
    why_json(w, a, m);
    hn_jw_kint(w, "confidence", m->confidence);
    severity_json(w, m);
    if (m->unimportant)
        hn_jw_kbool(w, "unimportant", true);
    hn_jw_kstr(w, "fixed", m->eval.fixed);
    exploited_json(w, m->group ? &m->group->facts : NULL);
    hn_jw_ktime(w, "modified", m->adv.modified);
    if (m->part->suppressed != SBOM_FALSE_NOT) {
        hn_jw_key(w, "suppressed");
        hn_jw_obj(w);
        hn_jw_kc(w, "rule", sbom_false_word(m->part->suppressed));
        hn_jw_kstr(w, "evidence", m->part->evidence);
        hn_jw_obj_end(w);
    }
    if (vex && vex->statement)
        vex_json(w, vex);
    hn_jw_obj_end(w);
}

void sbom_unknown_json(struct hn_jw *w, struct hn_arena *a, const struct sbom_part *p, struct hn_str file)
{
    hn_jw_obj(w);
    component_json(w, a, p, file);
    hn_jw_kc(w, "why", sbom_unknown_word(p->unknown));
    if (p->unknown == SBOM_UNKNOWN_RANGE)
        hn_jw_kstr(w, "advisory", p->overlaps);
    sentences(w, sbom_unknown_sentence(a, HN_EN, p), sbom_unknown_sentence(a, HN_JA, p));
    hn_jw_obj_end(w);
}
