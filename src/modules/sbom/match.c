#include "modules/sbom/match.h"

#include <stdlib.h>

#include "base/str.h"

#define HITS_MAX 20000u /* of one name; the Linux kernel has some thousands */

void sbom_engine_init(struct sbom_engine *e, const struct hn_adv_index *index, struct hn_arena *keep)
{
    uint64_t entries;
    *e = (struct sbom_engine){.index = index, .keep = keep};
    hn_map_init(&e->groups);
    while (e->n_ecosystems < sizeof e->ecosystems / sizeof e->ecosystems[0] &&
           hn_adv_ecosystem_at(index, (uint32_t)e->n_ecosystems, &e->ecosystems[e->n_ecosystems], &entries))
        e->n_ecosystems++;
}

void sbom_engine_done(struct sbom_engine *e)
{
    hn_map_done(&e->groups);
}

static bool covered(const struct sbom_engine *e, struct hn_str ecosystem)
{
    for (size_t i = 0; i < e->n_ecosystems; i++)
        if (hn_str_eq(e->ecosystems[i], ecosystem))
            return true;
    return false;
}

const struct sbom_group *sbom_group_of(struct sbom_engine *e, struct hn_str id)
{
    struct sbom_group *g = hn_map_find(&e->groups, hn_str_bytes(id));
    if (g)
        return g;
    g = HN_NEW(e->keep, struct sbom_group);
    if (!g || !hn_adv_facts_of(e->index, id, e->keep, &g->facts))
        return NULL;
    g->name = g->facts.cve.n ? g->facts.cve : hn_arena_str(e->keep, id);
    if (!hn_ok(hn_map_set(&e->groups, hn_str_bytes(hn_arena_str(e->keep, id)), g)))
        return NULL;
    return g;
}

/* ---------------------------------------------------------------- severity */

/* Of two opinions: the newer version of CVSS, then NVD's or the CNA's main one, then the higher. */
static bool better(const struct sbom_score *a, const struct sbom_score *b)
{
    if (!b->said || a->cvss.version != b->cvss.version)
        return !b->said || a->cvss.version > b->cvss.version;
    if (a->said->primary != b->said->primary)
        return a->said->primary;
    return a->cvss.score > b->cvss.score;
}

static void consider(struct sbom_match *m, const struct hn_adv_severity *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct sbom_score one = {.said = &s[i]};
        if (s[i].vector.n && hn_cvss_parse(s[i].vector, &one.cvss, NULL) && better(&one, &m->best))
            m->best = one;
    }
}

/* Words of distributions and of GitHub. */
static bool rating_of_word(struct hn_str w, enum hn_cvss_rating *ret)
{
    static const struct {
        const char *word;
        enum hn_cvss_rating rating;
    } words[] = {{"critical", HN_CVSS_R_CRITICAL}, {"high", HN_CVSS_R_HIGH},       {"important", HN_CVSS_R_HIGH},
                 {"moderate", HN_CVSS_R_MEDIUM},   {"medium", HN_CVSS_R_MEDIUM},   {"low", HN_CVSS_R_LOW},
                 {"negligible", HN_CVSS_R_LOW},    {"unimportant", HN_CVSS_R_LOW}, {"minor", HN_CVSS_R_LOW}};
    char low[16];
    if (!w.n || w.n >= sizeof low)
        return false;
    for (size_t i = 0; i < w.n; i++)
        low[i] = (char)(w.p[i] >= 'A' && w.p[i] <= 'Z' ? w.p[i] | 0x20 : w.p[i]);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (hn_str_eqc((struct hn_str){low, w.n}, words[i].word)) {
            *ret = words[i].rating;
            return true;
        }
    return false;
}

static void rate_by_words(struct sbom_match *m, const struct hn_adv_severity *s, size_t n)
{
    for (size_t i = 0; i < n && !m->rated; i++)
        m->rated = rating_of_word(s[i].word, &m->rating);
}

static void rate(struct sbom_match *m)
{
    const struct hn_adv_facts *f = m->group ? &m->group->facts : NULL;
    consider(m, m->affected.severities, m->affected.n_severities);
    consider(m, m->adv.severities, m->adv.n_severities);
    if (f)
        consider(m, f->severities, f->n_severities);
    if (m->best.said) {
        m->rating = m->best.cvss.rating;
        m->rated = true;
        return;
    }
    m->rated = rating_of_word(m->affected.urgency, &m->rating);
    rate_by_words(m, m->affected.severities, m->affected.n_severities);
    rate_by_words(m, m->adv.severities, m->adv.n_severities);
    if (f)
        rate_by_words(m, f->severities, f->n_severities);
}

/* ---------------------------------------------------------------- confidence */

/* Judgement, in percent: how often such a match is right. What lowers it is shown beside it. */
static unsigned confidence_of(const struct sbom_match *m)
{
    const struct sbom_part *p = m->part;
    unsigned c = p->how == SBOM_HOW_CPE ? 60 : 95;
    if (p->how == SBOM_HOW_OWN && hn_adv_has_releases(p->query.ecosystem))
        c -= 10; /* the source package was not told */
    if (hn_str_eqc(m->adv.state, "UNREVIEWED"))
        c -= 15;
    if (m->eval.reason == HN_REASON_RANGE && m->eval.until_kind == HN_EVENT_LAST_AFFECTED)
        c -= 5; /* the end is what was seen, not what was fixed */
    if (m->eval.has_custom && !m->eval.in_custom)
        c -= 45;
    if (!p->query.range && !hn_version_valid(m->eval.order, hn_str_bytes(p->query.version)))
        c -= 10;
    if (m->platform)
        c -= 20;
    if (p->guessed)
        c -= 15;
    if (p->suppressed != SBOM_FALSE_NOT)
        c = c > 80 ? 15 : 5;
    return c;
}

bool sbom_match_add(struct sbom_engine *e, struct hn_arena *a, struct sbom_matches *m, const struct sbom_match *one)
{
    struct sbom_match *more = hn_arena_more(a, m->first, m->n, &m->cap, sizeof *more);
    if (!more)
        return false;
    m->first = more;
    struct sbom_match *x = &m->first[m->n];
    *x = *one;
    x->group = sbom_group_of(e, x->adv.id);
    rate(x);
    x->unimportant = hn_str_starts(x->affected.urgency, "unimportant");
    x->confidence = confidence_of(x);
    m->n++;
    return true;
}

/* ---------------------------------------------------------------- one part */

struct looking {
    struct sbom_engine *e;
    struct hn_arena *a;
    struct sbom_part *part;
    struct sbom_matches *out;
    size_t from;       /* the first match of this part */
    bool release_seen; /* a hit speaks of the part's release */
    bool other_seen;   /* one speaks of another */
    bool undecided;
};

/* VEX documents speak of products, and are asked for separately. What a distribution says in CSAF of a package in one
 * of its releases is an advisory like any other, and so is what CSAF says of a package by itself. */
static bool is_statement(const struct hn_adv *adv, const struct hn_adv_affected *f)
{
    if (adv->family != HN_ADV_CSAF)
        return adv->family == HN_ADV_OPENVEX;
    return hn_adv_has_releases(f->ecosystem) ? !hn_adv_ecosystem_release(f->ecosystem).n : f->within.n != 0;
}

static bool have(const struct looking *l, hn_adv_ref ref)
{
    for (size_t i = l->from; i < l->out->n; i++)
        if (l->out->first[i].ref == ref)
            return true;
    return false;
}

/* Some of its versions: nobody can say whether it is one of these. */
static void evaluate_range(struct sbom_match *m)
{
    const struct sbom_query *q = &m->part->query;
    switch (hn_adv_evaluate_range(&m->affected, q->order, q->range, &m->eval)) {
    case HN_OVERLAP_ALL:
        m->eval.verdict = HN_VERDICT_AFFECTED;
        break;
    case HN_OVERLAP_NONE:
        m->eval.verdict = HN_VERDICT_NOT;
        break;
    default:
        m->eval.verdict = HN_VERDICT_UNDECIDED;
    }
}

static bool look_at(struct looking *l, const struct hn_adv_hit *hit)
{
    struct sbom_match one = {.part = l->part, .ref = hit->ref};
    const struct sbom_query *q = &l->part->query;
    if (!hn_adv_affected_at(l->e->index, hit, l->a, &one.affected))
        return true;
    one.fit = hn_adv_release_fits(one.affected.ecosystem, &q->distro, q->version);
    if (one.fit == HN_RELEASE_OTHER || one.fit == HN_RELEASE_UNSAID) {
        l->other_seen = true;
        return true;
    }
    l->release_seen = true;
    if (one.fit == HN_RELEASE_EXTRA)
        return true;
    if (q->range)
        evaluate_range(&one);
    else
        hn_adv_evaluate(&one.affected, q->order, q->version, &one.eval);
    if (one.eval.verdict == HN_VERDICT_NOT || have(l, hit->ref))
        return true;
    if (!hn_adv_get_head(l->e->index, hit->ref, l->a, &one.adv) || one.adv.withdrawn || one.adv.rejected ||
        is_statement(&one.adv, &one.affected))
        return true;
    if (one.eval.verdict == HN_VERDICT_UNDECIDED) {
        l->undecided = true;
        if (q->range && !l->part->overlaps.n)
            l->part->overlaps = hn_arena_str(l->e->keep, one.adv.id);
        return true;
    }
    return sbom_match_add(l->e, l->a, l->out, &one);
}

static int by_id(const void *x, const void *y)
{
    const struct sbom_match *a = x, *b = y;
    int r = hn_str_cmp(a->adv.id, b->adv.id);
    return r ? r : (a->ref > b->ref) - (a->ref < b->ref);
}

static bool match_part(struct looking *l)
{
    struct hn_adv_hits hits;
    struct hn_adv_hit hit;
    size_t n = 0;
    bool ok = true, named = false;
    l->from = l->out->n;
    hn_adv_by_name(l->e->index, l->part->query.ecosystem, l->part->query.name, &hits);
    while (ok && n++ < HITS_MAX && hn_adv_next(&hits, &hit)) {
        ok = look_at(l, &hit);
        named = true;
    }
    if (l->out->n > l->from)
        qsort(&l->out->first[l->from], l->out->n - l->from, sizeof l->out->first[0], by_id);
    else if (l->undecided)
        l->part->unknown = l->part->query.range ? SBOM_UNKNOWN_RANGE : SBOM_UNKNOWN_UNDECIDED;
    else if (l->part->guessed && !named)
        l->part->unknown = SBOM_UNKNOWN_GUESSED;
    return ok;
}

/* ---------------------------------------------------------------- a document */

int sbom_release_find(const struct sbom_releases *r, const struct sbom_part *p)
{
    const struct sbom_query *q = &p->query;
    for (size_t i = 0; q->distro.release.n && i < r->n; i++)
        if (hn_str_eq(r->of[i].ecosystem, q->ecosystem) && hn_str_eq(r->of[i].release, q->distro.release))
            return (int)i;
    return -1;
}

bool sbom_release_missing(const struct sbom_releases *r, int at)
{
    return at >= 0 && r->of[at].other && !r->of[at].seen;
}

static void note_release(struct sbom_releases *r, const struct looking *l)
{
    const struct sbom_query *q = &l->part->query;
    int at = sbom_release_find(r, l->part);
    if (at < 0 && r->n < SBOM_RELEASES && q->distro.release.n) {
        at = (int)r->n++;
        r->of[at].ecosystem = hn_arena_str(l->e->keep, q->ecosystem);
        r->of[at].release = hn_arena_str(l->e->keep, q->distro.release);
    }
    if (at < 0)
        return;
    r->of[at].seen = r->of[at].seen || l->release_seen;
    r->of[at].other = r->of[at].other || l->other_seen;
}

/* The CPE name is the last resort: only where no ecosystem's advisories can speak. */
static bool match_by_cpe(struct sbom_engine *e, struct hn_arena *a, struct sbom_part *parts, size_t n, size_t i,
                         struct sbom_matches *ret)
{
    enum sbom_unknown u = parts[i].unknown;
    if (!parts[i].has_cpe || (u != SBOM_UNKNOWN_NO_ECOSYSTEM && u != SBOM_UNKNOWN_NOT_COVERED))
        return true;
    parts[i].how = SBOM_HOW_CPE;
    size_t before = ret->n;
    bool ok = sbom_match_cpe(e, a, &parts[i], parts, n, ret);
    if (ret->n > before)
        parts[i].unknown = SBOM_UNKNOWN_NOT;
    return ok;
}

bool sbom_match_part(struct sbom_engine *e, struct hn_arena *a, struct sbom_part *parts, size_t n, size_t i,
                     struct sbom_releases *releases, struct sbom_matches *ret)
{
    struct looking l = {.e = e, .a = a, .part = &parts[i], .out = ret};
    if (parts[i].unknown == SBOM_UNKNOWN_NOT && !covered(e, parts[i].query.ecosystem))
        parts[i].unknown = SBOM_UNKNOWN_NOT_COVERED;
    if (parts[i].unknown != SBOM_UNKNOWN_NOT)
        return match_by_cpe(e, a, parts, n, i, ret);
    bool ok = match_part(&l);
    if (hn_adv_has_releases(parts[i].query.ecosystem))
        note_release(releases, &l);
    if (parts[i].suppressed == SBOM_FALSE_VERSION && parts[i].unknown == SBOM_UNKNOWN_NOT)
        parts[i].unknown = SBOM_UNKNOWN_PLACEHOLDER; /* what is held back says nothing, in either direction */
    return ok;
}

static void settle(struct sbom_part *parts, size_t n, const struct sbom_releases *releases)
{
    for (size_t i = 0; i < n; i++)
        if (parts[i].unknown == SBOM_UNKNOWN_NOT &&
            sbom_release_missing(releases, sbom_release_find(releases, &parts[i])))
            parts[i].unknown = SBOM_UNKNOWN_RELEASE_NOT_COVERED;
}

bool sbom_match_parts(struct sbom_engine *e, struct hn_arena *a, struct sbom_part *parts, size_t n,
                      struct sbom_matches *ret)
{
    struct sbom_releases releases = {.n = 0};
    bool ok = true;
    *ret = (struct sbom_matches){0};
    for (size_t i = 0; ok && i < n; i++)
        ok = sbom_match_part(e, a, parts, n, i, &releases, ret);
    settle(parts, n, &releases);
    return ok && !a->failed;
}

bool sbom_match_each(struct sbom_engine *e, struct sbom_part *parts, size_t n, size_t most,
                     void (*each)(void *arg, struct hn_arena *a, const struct sbom_match *m), void *arg)
{
    struct sbom_releases releases = {.n = 0};
    struct hn_arena a;
    bool ok = true;
    hn_arena_init(&a, most);
    for (size_t i = 0; ok && i < n; i++) {
        struct sbom_matches found = {0};
        hn_arena_clear(&a);
        ok = sbom_match_part(e, &a, parts, n, i, &releases, &found);
        for (size_t k = 0; k < found.n; k++)
            each(arg, &a, &found.first[k]);
        ok = ok && !a.failed;
    }
    hn_arena_done(&a);
    settle(parts, n, &releases);
    return ok;
}
