/* What is installed on a diagnosed host against the advisory index: one finding for each vulnerability of a source
 * package, about the binary packages that are built from it, so that core can join what runs and what listens. */
#include <stdlib.h>

#include "base/str.h"
#include "core/facts.h"
#include "modules/sbom/match.h"
#include "modules/sbom/sbom.h"

#define BINARIES_MAX 16u /* named in one finding; more of one source are rare */

struct source {
    const struct hn_obs *binary[BINARIES_MAX];
    size_t n;
    struct hn_bom_component component; /* the matcher speaks of components */
};

struct judging {
    struct hn_judge *j;
    struct hn_arena *a;
    struct source *sources;
    struct sbom_part *parts;
    size_t n;
    struct hn_map by_key; /* name and version of the source → struct source */
};

static void collect_sources(struct judging *g, struct hn_str id, struct hn_str release)
{
    HN_FACTS_EACH(o, hn_judge_facts(g->j), "packages.package") {
        struct hn_str name = hn_obs_get(o, "source"), version = hn_obs_get(o, "source_version");
        struct sbom_query q;
        if (!hn_obs_get_bool(o, "installed", true))
            continue;
        name = name.n ? name : hn_obs_get(o, "name");
        version = version.n ? version : hn_obs_get(o, "version");
        if (!sbom_query_of_package(hn_obs_get(o, "manager"), id, release, name, version, &q))
            continue;
        struct hn_str key = hn_arena_fmt(g->a, "%.*s %.*s", HN_FMT(name), HN_FMT(version));
        struct source *s = hn_map_find(&g->by_key, hn_str_bytes(key));
        if (!s) {
            s = &g->sources[g->n];
            s->component = (struct hn_bom_component){.name = name, .version = version};
            g->parts[g->n++] = (struct sbom_part){.component = &s->component, .query = q, .how = SBOM_HOW_UPSTREAM};
            if (!hn_ok(hn_map_set(&g->by_key, hn_str_bytes(key), s)))
                return;
        }
        if (s->n < BINARIES_MAX)
            s->binary[s->n++] = o;
    }
}

static enum hn_severity severity_of(const struct sbom_match *m)
{
    static const enum hn_severity of[] = {HN_SEV_INFO, HN_SEV_LOW, HN_SEV_MEDIUM, HN_SEV_HIGH, HN_SEV_CRITICAL};
    return m->unimportant ? HN_SEV_INFO : m->rated ? of[m->rating] : HN_SEV_MEDIUM;
}

/* What decides the due date, as far as the index knows it. */
static void tell_exploitation(struct judging *g, struct hn_finding *f, const struct hn_adv_facts *x,
                              const struct hn_obs *o)
{
    if (x->kev.listed)
        hn_find_term(f, "kev", o);
    else if (x->kev_known)
        hn_find_param(f, "kev", HN_STR("no"));
    if (x->epss.scored)
        hn_find_param(f, "epss", hn_arena_fmt(g->a, "%.5f", x->epss.score));
    if (x->ssvc.exploitation == HN_EXPLOITATION_POC)
        hn_find_term(f, "exploit-public", o);
    if (x->ssvc.exploitation == HN_EXPLOITATION_ACTIVE)
        hn_find_param(f, "exploitation", HN_STR("active"));
    if (x->ssvc.automatable)
        hn_find_param(f, "automatable", x->ssvc.automatable == HN_AUTOMATABLE_YES ? HN_STR("yes") : HN_STR("no"));
    if (x->ssvc.impact)
        hn_find_param(f, "technical_impact", x->ssvc.impact == HN_IMPACT_TOTAL ? HN_STR("total") : HN_STR("partial"));
    if (x->published)
        hn_find_since(f, x->published);
}

static void tell_fix(struct judging *g, struct hn_finding *f, const struct source *s, const struct sbom_match *m)
{
    struct hn_buf names;
    if (!m->eval.fixed.n)
        return;
    hn_buf_init(&names, 1u << 16);
    for (size_t i = 0; i < s->n; i++)
        hn_buf_fmt(&names, "%s%.*s", i ? " " : "", HN_FMT(s->binary[i]->subject));
    hn_find_fix(f, HN_FIX_UPGRADE, hn_arena_str(g->a, hn_buf_text(&names)), m->eval.fixed);
    hn_buf_done(&names);
}

static void find_vulnerable(struct judging *g, const struct sbom_match *m)
{
    const struct source *s = &g->sources[m->part - g->parts];
    struct hn_str name = m->group ? m->group->name : m->adv.id;
    struct hn_finding *f = hn_find(g->j, "vulnerable", m->part->query.name, name);
    hn_find_severity(f, severity_of(m));
    hn_find_confidence(f, m->confidence);
    hn_find_param(f, "vulnerability", name);
    hn_find_param(f, "advisory", m->adv.id);
    hn_find_param(f, "source", m->part->query.name);
    hn_find_param(f, "installed", m->part->query.version);
    hn_find_param(f, "fixed", m->eval.fixed.n ? m->eval.fixed : HN_STR("–"));
    hn_find_cause(f, hn_arena_fmt(g->a, "upgrade:%.*s", HN_FMT(m->part->query.name)));
    for (size_t i = 0; i < s->n; i++) {
        hn_find_evidence(f, s->binary[i], "package");
        hn_find_about(f, HN_REF_PACKAGE, s->binary[i]->subject);
    }
    if (m->group)
        tell_exploitation(g, f, &m->group->facts, s->binary[0]);
    tell_fix(g, f, s, m);
}

/* The same vulnerability of the same package from another advisory adds nothing. */
static bool told_before(const struct sbom_matches *all, size_t i)
{
    for (size_t k = i; k > 0 && all->first[k - 1].part == all->first[i].part; k--)
        if (all->first[i].group && all->first[k - 1].group &&
            hn_str_eq(all->first[k - 1].group->name, all->first[i].group->name))
            return true;
    return false;
}

static void judge_sources(struct judging *g, const struct hn_adv_index *index)
{
    struct sbom_engine e;
    struct sbom_matches all;
    sbom_engine_init(&e, index, g->a);
    sbom_match_parts(&e, g->a, g->parts, g->n, &all);
    for (size_t i = 0; i < all.n; i++)
        if (!told_before(&all, i) && !all.first[i].unimportant)
            find_vulnerable(g, &all.first[i]);
    sbom_engine_done(&e);
}

void sbom_host_judge(struct hn_judge *j)
{
    const struct hn_facts *facts = hn_judge_facts(j);
    const struct hn_obs *os = hn_facts_first(facts, "host.os");
    const struct hn_adv_index *index = hn_judge_advisories(j);
    size_t n = hn_facts_count(facts, "packages.package");
    struct judging g = {.j = j, .a = hn_judge_arena(j)};
    if (!index || !n || !os)
        return;
    g.sources = hn_arena_alloc(g.a, n * sizeof *g.sources);
    g.parts = hn_arena_alloc(g.a, n * sizeof *g.parts);
    hn_map_init(&g.by_key);
    if (g.sources && g.parts) {
        collect_sources(&g, hn_obs_get(os, "id"), hn_obs_get(os, "version"));
        judge_sources(&g, index);
    }
    hn_map_done(&g.by_key);
}
