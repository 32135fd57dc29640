#include "format/advisory/eval.h"

/* ---------------------------------------------------------------- versions of a kind */

static bool begins_with_number(struct hn_str v)
{
    if (hn_str_starts(v, "go"))
        v = hn_str_cut(v, 2, v.n);
    if (v.n && (v.p[0] == 'v' || v.p[0] == 'V'))
        v = hn_str_cut(v, 1, v.n);
    return v.n && v.p[0] >= '0' && v.p[0] <= '9';
}

/* Can the order say where this version stands? */
static bool orderable(enum hn_version_order order, struct hn_str v)
{
    switch (order) {
    case HN_ORDER_PEP440:
    case HN_ORDER_DEB:
        return hn_version_valid(order, hn_str_bytes(v));
    case HN_ORDER_SEMVER:
    case HN_ORDER_GO:
    case HN_ORDER_PUB:
    case HN_ORDER_NUGET:
        return begins_with_number(v);
    default:
        return hn_version_valid(HN_ORDER_GENERIC, hn_str_bytes(v));
    }
}

static int compare(enum hn_version_order order, struct hn_str a, struct hn_str b)
{
    return hn_version_cmp(order, hn_str_bytes(a), hn_str_bytes(b));
}

static struct hn_str without_v(struct hn_str v)
{
    return v.n > 1 && v.p[0] == 'v' ? hn_str_cut(v, 1, v.n) : v;
}

/* Spellings of one version: 1.0 is 1.0.0 in PyPI, but "+build" tells two semantic versions apart. */
static bool same_version(enum hn_version_order order, struct hn_str a, struct hn_str b)
{
    if (hn_str_eq(a, b))
        return true;
    switch (order) {
    case HN_ORDER_UNKNOWN:
    case HN_ORDER_GENERIC:
    case HN_ORDER_PACKAGIST:
        return false;
    case HN_ORDER_SEMVER:
    case HN_ORDER_PUB:
    case HN_ORDER_GO:
        return hn_str_eq(without_v(a), without_v(b));
    default:
        return orderable(order, a) && orderable(order, b) && compare(order, a, b) == 0;
    }
}

/* ---------------------------------------------------------------- ranges */

/* BeforeLimits: no limit, "*", or a limit that is later. */
static bool before_limits(const struct hn_adv_range *r, enum hn_version_order order, struct hn_str v)
{
    bool any = false;
    for (size_t i = 0; i < r->n; i++) {
        const struct hn_adv_event *e = &r->events[i];
        if (e->kind != HN_EVENT_LIMIT)
            continue;
        any = true;
        if (hn_str_eqc(e->version, "*") || compare(order, v, e->version) < 0)
            return true;
    }
    return !any;
}

static bool is_beginning(const struct hn_adv_event *e)
{
    return e->kind == HN_EVENT_INTRODUCED && hn_str_eqc(e->version, "0");
}

static int rank(enum hn_adv_event_kind kind)
{
    return kind == HN_EVENT_INTRODUCED ? 0 : kind == HN_EVENT_LAST_AFFECTED ? 1 : 2;
}

static int compare_events(enum hn_version_order order, const struct hn_adv_event *a, const struct hn_adv_event *b)
{
    bool zero_a = is_beginning(a), zero_b = is_beginning(b);
    if (zero_a || zero_b)
        return zero_b - zero_a;
    int r = compare(order, a->version, b->version);
    return r ? r : rank(a->kind) - rank(b->kind);
}

static bool reached(enum hn_version_order order, const struct hn_adv_event *e, struct hn_str v)
{
    if (is_beginning(e))
        return true;
    int r = compare(order, v, e->version);
    return e->kind == HN_EVENT_LAST_AFFECTED ? r > 0 : r >= 0;
}

/* The last event that v has reached decides; the first it has not is where the interval ends. */
static bool range_holds(const struct hn_adv_range *r, enum hn_version_order order, struct hn_str v,
                        struct hn_adv_eval *ret)
{
    const struct hn_adv_event *last = NULL, *next = NULL, *fix = NULL;
    if (!before_limits(r, order, v))
        return false;
    for (size_t i = 0; i < r->n; i++) {
        const struct hn_adv_event *e = &r->events[i];
        if (e->kind == HN_EVENT_LIMIT)
            continue;
        if (reached(order, e, v)) {
            if (!last || compare_events(order, e, last) > 0)
                last = e;
            continue;
        }
        if (e->kind == HN_EVENT_INTRODUCED)
            continue;
        if (!next || compare_events(order, e, next) < 0)
            next = e;
        if (e->kind == HN_EVENT_FIXED && (!fix || compare_events(order, e, fix) < 0))
            fix = e;
    }
    if (!last || last->kind != HN_EVENT_INTRODUCED)
        return false;
    ret->introduced = last->version;
    ret->until = next ? next->version : (struct hn_str){"", 0};
    ret->until_kind = next ? next->kind : HN_EVENT_FIXED;
    ret->fixed = fix ? fix->version : (struct hn_str){"", 0};
    return true;
}

static enum hn_version_order order_of_range(const struct hn_adv_range *r, enum hn_version_order order)
{
    if (r->type != HN_RANGE_SEMVER)
        return order;
    return order == HN_ORDER_GO ? HN_ORDER_GO : HN_ORDER_SEMVER;
}

/* The first fix above v in any range: where only the list has v. */
static struct hn_str first_fix(const struct hn_adv_affected *f, enum hn_version_order order, struct hn_str v)
{
    struct hn_str best = {"", 0};
    for (size_t i = 0; i < f->n_ranges; i++) {
        enum hn_version_order o = order_of_range(&f->ranges[i], order);
        if (f->ranges[i].type != HN_RANGE_SEMVER && f->ranges[i].type != HN_RANGE_ECOSYSTEM)
            continue;
        for (size_t k = 0; k < f->ranges[i].n && o != HN_ORDER_UNKNOWN; k++) {
            const struct hn_adv_event *e = &f->ranges[i].events[k];
            if (e->kind == HN_EVENT_FIXED && compare(o, e->version, v) > 0 &&
                (!best.n || compare(o, e->version, best) < 0))
                best = e->version;
        }
    }
    return best;
}

/* ---------------------------------------------------------------- OSV */

static bool in_list(const struct hn_adv_affected *f, enum hn_version_order order, struct hn_str v,
                    struct hn_adv_eval *ret)
{
    for (size_t i = 0; i < f->versions.n; i++)
        if (same_version(order, f->versions.p[i], v)) {
            ret->verdict = HN_VERDICT_AFFECTED;
            ret->reason = HN_REASON_LISTED;
            ret->listed = f->versions.p[i];
            ret->fixed = orderable(order, v) ? first_fix(f, order, v) : (struct hn_str){"", 0};
            return true;
        }
    return false;
}

static void in_custom(const struct hn_adv_affected *f, struct hn_str v, struct hn_adv_eval *ret)
{
    struct hn_adv_eval ignored = {0};
    for (size_t i = 0; i < f->n_ranges; i++)
        if (f->ranges[i].type == HN_RANGE_CUSTOM) {
            ret->has_custom = true;
            ret->in_custom = ret->in_custom || range_holds(&f->ranges[i], ret->order, v, &ignored);
        }
}

static void in_ranges(const struct hn_adv_affected *f, enum hn_version_order order, struct hn_str v,
                      struct hn_adv_eval *ret)
{
    bool decided = f->versions.n > 0, unordered = false, odd = false;
    for (size_t i = 0; i < f->n_ranges; i++) {
        const struct hn_adv_range *r = &f->ranges[i];
        enum hn_version_order o = order_of_range(r, order);
        if (r->type != HN_RANGE_SEMVER && r->type != HN_RANGE_ECOSYSTEM)
            continue;
        if (o == HN_ORDER_UNKNOWN || !orderable(o, v)) {
            unordered = unordered || o == HN_ORDER_UNKNOWN;
            odd = odd || o != HN_ORDER_UNKNOWN;
            continue;
        }
        decided = true;
        ret->order = o;
        if (range_holds(r, o, v, ret)) {
            ret->verdict = HN_VERDICT_AFFECTED;
            ret->reason = HN_REASON_RANGE;
            ret->type = r->type;
            in_custom(f, v, ret);
            return;
        }
    }
    if (decided && !unordered && !odd)
        return;
    ret->verdict = HN_VERDICT_UNDECIDED;
    ret->reason = odd ? HN_REASON_NO_VERSION : unordered ? HN_REASON_NO_ORDER : HN_REASON_COMMITS_ONLY;
}

/* ---------------------------------------------------------------- CVE JSON 5 */

static enum hn_version_order order_of_type(struct hn_str type, enum hn_version_order order)
{
    static const struct {
        const char *type;
        enum hn_version_order order;
    } types[] = {{"semver", HN_ORDER_SEMVER}, {"rpm", HN_ORDER_RPM},          {"maven", HN_ORDER_MAVEN},
                 {"python", HN_ORDER_PEP440}, {"deb", HN_ORDER_DEB},          {"dpkg", HN_ORDER_DEB},
                 {"gem", HN_ORDER_RUBYGEMS},  {"rubygems", HN_ORDER_RUBYGEMS}};
    if (hn_str_eqc(type, "git"))
        return HN_ORDER_UNKNOWN;
    if (order != HN_ORDER_UNKNOWN)
        return order;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (hn_str_eqc(type, types[i].type))
            return types[i].order;
    return HN_ORDER_GENERIC;
}

static bool cve_from(const struct hn_adv_cve_version *c, enum hn_version_order o, struct hn_str v)
{
    static const char *const beginnings[] = {"0", "*", "unspecified", "n/a", "-", ""};
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
        if (hn_str_eqc(c->version, beginnings[i]))
            return true;
    return compare(o, c->version, v) <= 0;
}

static bool cve_holds(const struct hn_adv_cve_version *c, enum hn_version_order o, struct hn_str v)
{
    if (!c->less_than.n && !c->less_than_or_equal.n)
        return hn_str_eq(c->version, v) || (orderable(o, c->version) && compare(o, c->version, v) == 0);
    if (!cve_from(c, o, v))
        return false;
    if (c->less_than.n)
        return hn_str_eqc(c->less_than, "*") || compare(o, v, c->less_than) < 0;
    return hn_str_eqc(c->less_than_or_equal, "*") || compare(o, v, c->less_than_or_equal) <= 0;
}

static enum hn_adv_verdict verdict_of(unsigned status)
{
    switch (status) {
    case HN_STATUS_AFFECTED:
    case HN_STATUS_FIRST_AFFECTED:
    case HN_STATUS_LAST_AFFECTED:
        return HN_VERDICT_AFFECTED;
    case HN_STATUS_NOT_AFFECTED:
    case HN_STATUS_FIXED:
    case HN_STATUS_FIRST_FIXED:
        return HN_VERDICT_NOT;
    default:
        return HN_VERDICT_UNDECIDED;
    }
}

/* The first entry that holds v decides; its changes, in order, may turn it. */
static bool cve_evaluate(const struct hn_adv_affected *f, enum hn_version_order order, struct hn_str v,
                         struct hn_adv_eval *ret)
{
    for (size_t i = 0; i < f->n_cve_versions; i++) {
        const struct hn_adv_cve_version *c = &f->cve_versions[i];
        enum hn_version_order o = order_of_type(c->type, order);
        if (o == HN_ORDER_UNKNOWN || !orderable(o, v) || !cve_holds(c, o, v))
            continue;
        unsigned status = c->status;
        for (size_t k = 0; k < c->n_changes; k++)
            if (compare(o, c->changes[k].at, v) <= 0)
                status = c->changes[k].status;
            else if (c->changes[k].status != HN_STATUS_AFFECTED && !ret->fixed.n)
                ret->fixed = c->changes[k].at;
        bool range = c->less_than.n || c->less_than_or_equal.n;
        ret->verdict = verdict_of(status);
        ret->reason = range ? HN_REASON_RANGE : HN_REASON_LISTED;
        ret->order = o;
        ret->type = HN_RANGE_ECOSYSTEM;
        ret->introduced = ret->listed = c->version;
        ret->until = c->less_than.n ? c->less_than : c->less_than_or_equal;
        ret->until_kind = c->less_than.n ? HN_EVENT_FIXED : HN_EVENT_LAST_AFFECTED;
        if (!ret->fixed.n && !hn_str_eqc(c->less_than, "*"))
            ret->fixed = c->less_than;
        return true;
    }
    return false;
}

/* ---------------------------------------------------------------- */

/* What is said of the versions that were found: CSAF lists those that are not affected as well. "Fixed in 1.2" of a
 * distribution's package comes as a range that ends there, and means that what is before it is affected. */
static enum hn_adv_verdict stated(const struct hn_adv_affected *f, const struct hn_adv_eval *e)
{
    bool fixed = f->status == HN_STATUS_FIXED || f->status == HN_STATUS_FIRST_FIXED;
    if (e->verdict != HN_VERDICT_AFFECTED || f->status == HN_STATUS_UNSAID ||
        (fixed && e->reason == HN_REASON_RANGE && e->fixed.n))
        return e->verdict;
    return verdict_of(f->status);
}

void hn_adv_evaluate(const struct hn_adv_affected *f, enum hn_version_order order, struct hn_str v,
                     struct hn_adv_eval *ret)
{
    *ret = (struct hn_adv_eval){.verdict = HN_VERDICT_NOT, .reason = HN_REASON_OUTSIDE, .order = order};
    if (f->n_cve_versions && cve_evaluate(f, order, v, ret))
        return;
    if (f->versions.n || f->n_ranges) {
        if (!in_list(f, order, v, ret))
            in_ranges(f, order, v, ret);
        ret->verdict = stated(f, ret);
        return;
    }
    ret->verdict = verdict_of(f->status);
    ret->reason = ret->verdict == HN_VERDICT_UNDECIDED ? HN_REASON_COMMITS_ONLY : HN_REASON_STATUS;
}

/* ---------------------------------------------------------------- ranges of versions */

/* The versions that the range and the entry name cut the line of all versions into pieces: each of them, and what lies
 * right above each. A piece is in the range as a whole, and affected as a whole. */
#define POINTS 512u

struct line {
    enum hn_version_order order;
    struct hn_str at[POINTS]; /* rising; the first is empty: below all */
    size_t n;
};

static bool add_point(struct line *l, struct hn_str v)
{
    size_t i = l->n;
    int r = -1;
    if (!orderable(l->order, v))
        return false;
    while (i > 1 && (r = compare(l->order, v, l->at[i - 1])) < 0)
        i--;
    if (i > 1 && r == 0)
        return true;
    if (l->n == POINTS)
        return false;
    memmove(&l->at[i + 1], &l->at[i], (l->n - i) * sizeof l->at[0]);
    l->at[i] = v;
    l->n++;
    return true;
}

static bool counts(const struct hn_adv_range *r)
{
    return r->type == HN_RANGE_SEMVER || r->type == HN_RANGE_ECOSYSTEM;
}

/* False: something stands in another order, or nowhere. */
static bool draw(struct line *l, const struct hn_adv_affected *f, enum hn_version_order order,
                 const struct hn_vers *range)
{
    *l = (struct line){.order = range->order, .at = {{"", 0}}, .n = 1};
    bool ok = true, any = f->versions.n > 0;
    for (size_t i = 0; ok && i < range->n; i++)
        ok = add_point(l, range->of[i].version);
    for (size_t i = 0; ok && i < f->n_ranges; i++) {
        const struct hn_adv_range *r = &f->ranges[i];
        if (!counts(r))
            continue;
        any = true;
        ok = order_of_range(r, order) == l->order;
        for (size_t k = 0; ok && k < r->n; k++)
            if (!is_beginning(&r->events[k]) && !hn_str_eqc(r->events[k].version, "*"))
                ok = add_point(l, r->events[k].version);
    }
    return ok && any && order == l->order;
}

/* Right above v, which may be empty. */
static bool above_held(const struct hn_adv_range *r, enum hn_version_order order, struct hn_str v)
{
    const struct hn_adv_event *last = NULL;
    if (v.n && !before_limits(r, order, v))
        return false;
    for (size_t i = 0; i < r->n; i++) {
        const struct hn_adv_event *e = &r->events[i];
        bool here = is_beginning(e) || (v.n && compare(order, v, e->version) >= 0);
        if (e->kind != HN_EVENT_LIMIT && here && (!last || compare_events(order, e, last) > 0))
            last = e;
    }
    return last && last->kind == HN_EVENT_INTRODUCED;
}

static bool above_affected(const struct hn_adv_affected *f, enum hn_version_order order, struct hn_str v)
{
    for (size_t i = 0; i < f->n_ranges; i++)
        if (counts(&f->ranges[i]) && above_held(&f->ranges[i], order, v))
            return true;
    return false;
}

static bool lists_some(const struct hn_adv_affected *f, const struct hn_vers *range)
{
    for (size_t i = 0; i < f->versions.n; i++)
        if (!orderable(range->order, f->versions.p[i]) || hn_vers_has(range, f->versions.p[i], false))
            return true;
    return false;
}

enum hn_adv_overlap hn_adv_evaluate_range(const struct hn_adv_affected *f, enum hn_version_order order,
                                          const struct hn_vers *range, struct hn_adv_eval *ret)
{
    struct line l;
    bool affected = false, free_of = false;
    if (f->n_cve_versions || (f->status != HN_STATUS_UNSAID && f->status != HN_STATUS_AFFECTED) ||
        !draw(&l, f, order, range))
        return HN_OVERLAP_UNDECIDED;
    *ret = (struct hn_adv_eval){.verdict = HN_VERDICT_AFFECTED, .reason = HN_REASON_WHOLE, .order = l.order};
    for (size_t i = 0; i < l.n; i++) {
        if (i && hn_vers_has(range, l.at[i], false)) {
            struct hn_adv_eval one;
            hn_adv_evaluate(f, order, l.at[i], &one);
            if (one.verdict == HN_VERDICT_UNDECIDED)
                return HN_OVERLAP_UNDECIDED;
            affected |= one.verdict == HN_VERDICT_AFFECTED;
            free_of |= one.verdict == HN_VERDICT_NOT;
            ret->fixed = one.fixed; /* that of the highest piece stays */
        }
        if (hn_vers_has(range, l.at[i], true)) {
            bool yes = above_affected(f, l.order, l.at[i]);
            affected |= yes;
            free_of |= !yes;
            ret->fixed = first_fix(f, order, l.at[i].n ? l.at[i] : HN_STR("0"));
        }
    }
    if (!free_of && affected)
        return HN_OVERLAP_ALL;
    return affected || lists_some(f, range) ? HN_OVERLAP_SOME : HN_OVERLAP_NONE;
}
