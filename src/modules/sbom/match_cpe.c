/* Matching by CPE name: NVD and CVE configurations, a tree of AND and OR whose leaves are names with version ranges.
 *
 *   NO, MAYBE or YES: a leaf about this component is YES or NO; one about another product (a platform) is YES when the
 *   document shows it, else MAYBE, as a bill of materials seldom lists what it will run on. */
#include "base/str.h"
#include "format/advisory/jvn_versions.h"
#include "modules/sbom/match.h"

#define NODES_MAX 4096u

enum truth { NO, MAYBE, YES };

struct asking {
    struct hn_arena *a;
    const struct sbom_part *part;
    const struct sbom_part *others;
    size_t n_others;
    bool hit;      /* a vulnerable leaf is about this component */
    bool platform; /* a platform was only supposed */
    const struct hn_adv_cpe_match *which;
    size_t work;
};

/* ---------------------------------------------------------------- versions */

static bool in_range(struct hn_arena *a, const struct hn_adv_cpe_match *m, struct hn_str version)
{
    struct hn_bytes v = hn_str_bytes(version);
    enum hn_version_order o = HN_ORDER_GENERIC;
    (void)a;
    if (m->start_including.n && hn_version_cmp(o, v, hn_str_bytes(m->start_including)) < 0)
        return false;
    if (m->start_excluding.n && hn_version_cmp(o, v, hn_str_bytes(m->start_excluding)) <= 0)
        return false;
    if (m->end_including.n && hn_version_cmp(o, v, hn_str_bytes(m->end_including)) > 0)
        return false;
    return !m->end_excluding.n || hn_version_cmp(o, v, hn_str_bytes(m->end_excluding)) < 0;
}

static bool has_range(const struct hn_adv_cpe_match *m)
{
    return m->start_including.n || m->start_excluding.n || m->end_including.n || m->end_excluding.n;
}

/* Without epoch and revision of a distribution: "1:9.2p1-2+deb12u2" → "9.2p1". */
static struct hn_str upstream(struct hn_str v)
{
    ptrdiff_t colon = hn_str_chr(v, ':');
    return colon >= 0 ? hn_str_cut(v, (size_t)colon + 1, v.n) : v;
}

/* The version attribute, with its update ("3.0.0", "beta1"). A range applies where the criteria leave it open. */
static bool version_agrees(struct hn_arena *a, const struct hn_cpe *criteria, const struct hn_adv_cpe_match *m,
                           const struct hn_cpe *ours, struct hn_str version)
{
    struct hn_str want = criteria->attribute[HN_CPE_VERSION], update = criteria->attribute[HN_CPE_UPDATE];
    struct hn_str mine = hn_cpe_plain(a, ours->attribute[HN_CPE_VERSION]);
    struct hn_str my_update = hn_cpe_plain(a, ours->attribute[HN_CPE_UPDATE]);
    if (!mine.n)
        mine = upstream(version);
    if (!mine.n)
        return hn_cpe_any(want) && !has_range(m);
    if (hn_cpe_any(want))
        return in_range(a, m, my_update.n ? hn_arena_fmt(a, "%.*s:%.*s", HN_FMT(mine), HN_FMT(my_update)) : mine);
    if (hn_cpe_na(want))
        return false;
    enum hn_cpe_relation r = hn_cpe_compare_attribute(want, ours->attribute[HN_CPE_VERSION]);
    if (r == HN_CPE_SUBSET) /* ours leaves it open: take the component's version */
        r = hn_version_cmp(HN_ORDER_GENERIC, hn_str_bytes(hn_cpe_plain(a, want)), hn_str_bytes(mine)) == 0
                ? HN_CPE_EQUAL
                : HN_CPE_DISJOINT;
    if (r != HN_CPE_EQUAL && r != HN_CPE_SUPERSET)
        return false;
    return hn_cpe_any(update) || hn_cpe_na(update) ? hn_cpe_any(update) || !my_update.n
                                                   : hn_str_eq(hn_cpe_plain(a, update), my_update);
}

/* ---------------------------------------------------------------- target software */

/* The ecosystem that a target software means; NULL: none that packages come from (WordPress, Jenkins, Windows). */
static const char *ecosystem_of_target(struct hn_str target)
{
    static const struct {
        const char *target, *ecosystem;
    } targets[] = {{"node.js", "npm"},        {"nodejs", "npm"},    {"python", "PyPI"},
                   {"pypi", "PyPI"},          {"ruby", "RubyGems"}, {"rails", "RubyGems"},
                   {"rust", "crates.io"},     {"go", "Go"},         {"golang", "Go"},
                   {"java", "Maven"},         {"maven", "Maven"},   {"php", "Packagist"},
                   {"composer", "Packagist"}, {".net", "NuGet"},    {"asp.net", "NuGet"},
                   {"perl", "CPAN"},          {"linux", ""},        {"linux_kernel", ""},
                   {"debian", "Debian"},      {"ubuntu", "Ubuntu"}};
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
        if (hn_str_eqc(target, targets[i].target))
            return targets[i].ecosystem;
    return NULL;
}

/* "*" and "-" say nothing. Else the component must be of that kind, or say the same in its own name. */
static bool target_agrees(struct hn_arena *a, const struct hn_cpe *criteria, const struct sbom_part *p)
{
    struct hn_str want = hn_cpe_plain(a, criteria->attribute[HN_CPE_TARGET_SW]);
    struct hn_str mine = hn_cpe_plain(a, p->cpe.attribute[HN_CPE_TARGET_SW]);
    if (!want.n)
        return true;
    if (mine.n)
        return hn_str_eq(want, mine);
    const char *ecosystem = ecosystem_of_target(want);
    return ecosystem && (!*ecosystem || hn_str_eqc(p->query.ecosystem, ecosystem));
}

/* ---------------------------------------------------------------- the tree */

static bool same_product(const struct hn_cpe *criteria, const struct hn_cpe *ours)
{
    for (int i = HN_CPE_PART; i <= HN_CPE_PRODUCT; i++) {
        enum hn_cpe_relation r = hn_cpe_compare_attribute(criteria->attribute[i], ours->attribute[i]);
        if (r != HN_CPE_EQUAL && r != HN_CPE_SUPERSET)
            return false;
    }
    return true;
}

static bool rest_agrees(const struct hn_cpe *criteria, const struct hn_cpe *ours)
{
    static const int rest[] = {HN_CPE_EDITION, HN_CPE_LANGUAGE, HN_CPE_SW_EDITION, HN_CPE_TARGET_HW, HN_CPE_OTHER};
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++)
        if (hn_cpe_compare_attribute(criteria->attribute[rest[i]], ours->attribute[rest[i]]) == HN_CPE_DISJOINT)
            return false;
    return true;
}

static bool leaf_holds(struct asking *q, const struct hn_adv_cpe_match *m, const struct hn_cpe *criteria,
                       const struct sbom_part *p)
{
    return p->has_cpe && same_product(criteria, &p->cpe) && rest_agrees(criteria, &p->cpe) &&
           target_agrees(q->a, criteria, p) && version_agrees(q->a, criteria, m, &p->cpe, p->query.version);
}

static enum truth leaf(struct asking *q, const struct hn_adv_cpe_match *m)
{
    struct hn_cpe criteria;
    if (!q->work || !hn_cpe_parse(q->a, m->criteria, &criteria, NULL))
        return NO;
    q->work--;
    if (leaf_holds(q, m, &criteria, q->part)) {
        if (m->vulnerable && !q->which)
            q->which = m;
        q->hit = q->hit || m->vulnerable;
        return YES;
    }
    if (m->vulnerable)
        return NO;
    for (size_t i = 0; i < q->n_others && q->work; i++, q->work--)
        if (leaf_holds(q, m, &criteria, &q->others[i]))
            return YES;
    return same_product(&criteria, &q->part->cpe) ? NO : MAYBE;
}

static enum truth join(bool all, enum truth a, enum truth b)
{
    return all ? (a < b ? a : b) : (a > b ? a : b);
}

/* Parents come before their children: from the last node to the first, each hands its truth to its parent. */
static enum truth tree(struct asking *q, const struct hn_adv *adv)
{
    enum truth *value = hn_arena_alloc(q->a, adv->n_nodes * sizeof *value);
    bool *begun = hn_arena_alloc(q->a, adv->n_nodes * sizeof *begun);
    enum truth any = NO;
    if (!value || !begun)
        return NO;
    for (size_t i = adv->n_nodes; i-- > 0;) {
        const struct hn_adv_cpe_node *n = &adv->nodes[i];
        for (size_t k = 0; k < n->n; k++) {
            enum truth t = leaf(q, &n->matches[k]);
            value[i] = begun[i] ? join(n->all, value[i], t) : t;
            begun[i] = true;
        }
        enum truth t = begun[i] ? value[i] : NO;
        if (n->negate)
            t = (enum truth)(YES - t);
        if (n->parent < 0 || (size_t)n->parent >= i) {
            any = any > t ? any : t;
            continue;
        }
        size_t up = (size_t)n->parent;
        value[up] = begun[up] ? join(adv->nodes[up].all, value[up], t) : t;
        begun[up] = true;
    }
    return any;
}

static void explain(struct sbom_match *one, const struct asking *q)
{
    const struct hn_adv_cpe_match *m = q->which;
    one->platform = q->platform;
    one->eval = (struct hn_adv_eval){.verdict = HN_VERDICT_AFFECTED, .order = HN_ORDER_GENERIC};
    one->eval.reason = has_range(m) ? HN_REASON_RANGE : HN_REASON_LISTED;
    one->eval.type = HN_RANGE_ECOSYSTEM;
    one->eval.listed = m->criteria;
    one->eval.introduced = m->start_including.n   ? m->start_including
                           : m->start_excluding.n ? m->start_excluding
                                                  : HN_STR("0");
    one->eval.until = m->end_excluding.n ? m->end_excluding : m->end_including;
    one->eval.until_kind = m->end_excluding.n ? HN_EVENT_FIXED : HN_EVENT_LAST_AFFECTED;
    one->eval.fixed = m->end_excluding;
    one->affected.name = m->criteria;
}

/* ---------------------------------------------------------------- JVN */

/* JVN names a product by CPE without its version, and versions in words beside it: any of them that is understood and
 * holds ours. Words that are not understood find nothing: who has only a CPE name stays unknown. */
static bool jvn_item(struct asking *q, const struct hn_adv_affected *f, struct hn_str name, struct hn_adv_eval *ret)
{
    static const struct hn_adv_cpe_match none = {.vulnerable = true};
    struct hn_cpe criteria;
    struct hn_jvn_range r;
    struct hn_str version = hn_cpe_plain(q->a, q->part->cpe.attribute[HN_CPE_VERSION]);

    if (!hn_cpe_parse(q->a, name, &criteria, NULL) || !same_product(&criteria, &q->part->cpe) ||
        !rest_agrees(&criteria, &q->part->cpe) || !target_agrees(q->a, &criteria, q->part))
        return false;
    *ret = (struct hn_adv_eval){.verdict = HN_VERDICT_AFFECTED, .order = HN_ORDER_GENERIC, .reason = HN_REASON_LISTED};
    ret->listed = name;
    if (!hn_cpe_any(criteria.attribute[HN_CPE_VERSION]))
        return version_agrees(q->a, &criteria, &none, &q->part->cpe, q->part->query.version);
    version = version.n ? version : upstream(q->part->query.version);
    for (size_t i = 0; i < f->versions.n; i++) {
        if (!hn_jvn_range_parse(f->versions.p[i], &r) || hn_jvn_holds(&r, version) != HN_JVN_IN)
            continue;
        ret->listed = f->versions.p[i];
        if (r.exact)
            return true;
        ret->reason = HN_REASON_RANGE;
        ret->type = HN_RANGE_ECOSYSTEM;
        ret->introduced = r.from.n ? r.from : HN_STR("0");
        ret->until = r.to;
        ret->until_kind = r.to_too ? HN_EVENT_LAST_AFFECTED : HN_EVENT_FIXED;
        ret->fixed = r.to_too ? HN_STR("") : r.to;
        return true;
    }
    return false;
}

static bool jvn_holds(struct asking *q, struct sbom_match *one)
{
    for (size_t i = 0; i < one->adv.n_affected && q->work; i++) {
        const struct hn_adv_affected *f = &one->adv.affected[i];
        if (f->status != HN_STATUS_AFFECTED)
            continue;
        for (size_t k = 0; k < f->cpes.n && q->work; k++, q->work--)
            if (jvn_item(q, f, f->cpes.p[k], &one->eval)) {
                one->affected.name = f->cpes.p[k];
                return true;
            }
    }
    return false;
}

/* Does the advisory speak of this component, by its configurations or, as JVN does, by products? */
static bool speaks(struct asking *q, struct sbom_match *one)
{
    if (one->adv.family == HN_ADV_JVN)
        return jvn_holds(q, one);
    if (!one->adv.n_nodes || one->adv.n_nodes > NODES_MAX)
        return false;
    enum truth t = tree(q, &one->adv);
    if (t == NO || !q->hit)
        return false;
    q->platform = t == MAYBE;
    explain(one, q);
    return true;
}

bool sbom_match_cpe(struct sbom_engine *e, struct hn_arena *a, const struct sbom_part *p,
                    const struct sbom_part *others, size_t n_others, struct sbom_matches *ret)
{
    struct hn_str vendor = hn_cpe_plain(a, p->cpe.attribute[HN_CPE_VENDOR]);
    struct hn_str product = hn_cpe_plain(a, p->cpe.attribute[HN_CPE_PRODUCT]);
    struct hn_adv_hits hits;
    struct hn_adv_hit hit;
    hn_adv_by_cpe(e->index, vendor, product, &hits);
    for (size_t n = 0; n < 20000 && hn_adv_next(&hits, &hit); n++) {
        struct asking q = {.a = a, .part = p, .others = others, .n_others = n_others, .work = 200000};
        struct sbom_match one = {.part = p, .ref = hit.ref};
        bool seen = false;
        for (size_t i = ret->n; i > 0 && ret->first[i - 1].part == p && !seen; i--)
            seen = ret->first[i - 1].ref == hit.ref;
        if (seen || !hn_adv_get(e->index, hit.ref, a, &one.adv) || one.adv.withdrawn || one.adv.rejected ||
            !speaks(&q, &one))
            continue;
        if (!sbom_match_add(e, a, ret, &one))
            return false;
    }
    return true;
}
