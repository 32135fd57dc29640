/* The alias group of an id, and what it says together. */
#include "format/advisory/read_in.h"

#define IDS_MAX      256u /* of one group: an advisory that names more aliases does not make one of them all */
#define RECORDS_MAX  512u
#define UPSTREAM_MAX 64u /* that a notice may fix, as far as its facts go */

struct walk {
    const struct hn_adv_index *x;
    struct hn_arena *a;
    struct hn_adv_vec ids; /* of hn_str: seen, in the order in which they were found */
    hn_adv_ref *refs;
    size_t n, max;
    bool cut;
    bool renamed; /* follow "DEBIAN-CVE-2026-1" to its CVE-2026-1 */
};

static bool add_ref(struct walk *w, hn_adv_ref ref)
{
    for (size_t i = 0; i < w->n; i++)
        if (w->refs[i] == ref)
            return false;
    if (w->n == w->max) {
        w->cut = true;
        return false;
    }
    w->refs[w->n++] = ref;
    return true;
}

static void add_id(struct walk *w, struct hn_str id)
{
    if (w->ids.n < IDS_MAX)
        hn_adv_push_str_once(w->a, &w->ids, id);
    else
        w->cut = true;
}

/* Distributions give a CVE an id of their own in OSV: "DEBIAN-CVE-2026-1", whose upstream is CVE-2026-1. Other upstream
 * ids are no aliases: a notice may fix many. */
static bool is_renamed(struct hn_str id, struct hn_str upstream)
{
    size_t at = id.n > upstream.n ? id.n - upstream.n : 0;
    return hn_adv_is_cve(upstream) && at && id.p[at - 1] == '-' && hn_str_eq(hn_str_cut(id, at, id.n), upstream);
}

/* Records that have this id or name it as an alias; what they are called is looked up in turn. */
static void visit(struct walk *w, struct hn_str id)
{
    struct hn_adv_hits h;
    struct hn_adv_hit hit;
    hn_adv_by_id(w->x, id, &h);
    while (hn_adv_next(&h, &hit)) {
        struct hn_adv adv;
        if (hit.role != HN_ROLE_ID && hit.role != HN_ROLE_ALIAS)
            continue;
        if (!add_ref(w, hit.ref) || !hn_adv_get_head(w->x, hit.ref, w->a, &adv))
            continue;
        add_id(w, adv.id);
        for (size_t i = 0; i < adv.aliases.n; i++)
            add_id(w, adv.aliases.p[i]);
        for (size_t i = 0; w->renamed && i < adv.upstream.n; i++)
            if (is_renamed(adv.id, adv.upstream.p[i]))
                add_id(w, adv.upstream.p[i]);
    }
}

static void walk_group(struct walk *w, struct hn_str id)
{
    add_id(w, id);
    for (size_t i = 0; i < w->ids.n; i++)
        visit(w, ((struct hn_str *)w->ids.p)[i]);
}

size_t hn_adv_group(const struct hn_adv_index *x, struct hn_str id, struct hn_arena *a, hn_adv_ref *ret, size_t max,
                    bool *ret_cut)
{
    struct walk w = {.x = x, .a = a, .refs = ret, .max = max};
    walk_group(&w, id);
    *ret_cut = w.cut || a->failed;
    return w.n;
}

/* ---------------------------------------------------------------- facts */

static bool same_severity(const struct hn_adv_severity *a, const struct hn_adv_severity *b)
{
    return hn_str_eq(a->vector, b->vector) && hn_str_eq(a->word, b->word) && hn_str_eq(a->source, b->source);
}

static void add_severities(struct hn_arena *a, struct hn_adv_vec *all, const struct hn_adv *adv)
{
    for (size_t i = 0; i < adv->n_severities; i++) {
        const struct hn_adv_severity *have = all->p;
        size_t k = 0;
        while (k < all->n && !same_severity(&have[k], &adv->severities[i]))
            k++;
        struct hn_adv_severity *s = k == all->n ? hn_adv_push(a, all, sizeof *s) : NULL;
        if (s)
            *s = adv->severities[i];
    }
}

/* The newer of two sources wins for EPSS and SSVC; a listing in KEV stays a listing. */
static void add_facts(struct hn_adv_facts *f, const struct hn_adv *adv)
{
    if (adv->kev.listed && !f->kev.listed) {
        f->kev = adv->kev;
        f->kev_feed = adv->feed;
    }
    if (adv->epss.scored && (!f->epss.scored || adv->epss.date > f->epss.date)) {
        f->epss = adv->epss;
        f->epss_feed = adv->feed;
    }
    bool said = adv->ssvc.exploitation || adv->ssvc.automatable || adv->ssvc.impact;
    if (said && adv->ssvc.date >= f->ssvc.date) {
        f->ssvc = adv->ssvc;
        f->ssvc_feed = adv->feed;
    }
    if (adv->published && (!f->published || adv->published < f->published))
        f->published = adv->published;
}

static void know_feeds(const struct hn_adv_index *x, struct hn_adv_facts *f)
{
    struct hn_adv_feed feed;
    for (uint32_t i = 0; i < x->n_feeds && hn_adv_feed_at(x, i, &feed); i++) {
        f->kev_known |= hn_str_eqc(feed.kind, "kev") && feed.records;
        f->epss_known |= hn_str_eqc(feed.kind, "epss") && feed.records;
    }
}

/* All ids, CVEs first. */
static struct hn_adv_strs order_ids(struct hn_arena *a, const struct hn_adv_vec *ids)
{
    const struct hn_str *p = ids->p;
    struct hn_adv_vec v = {0};
    for (unsigned other = 0; other < 2; other++)
        for (size_t i = 0; i < ids->n; i++)
            if (hn_adv_is_cve(p[i]) == !other)
                hn_adv_push_str(a, &v, p[i]);
    return hn_adv_vec_strs(&v);
}

/* What a notice says by what it fixes: exploited when one of them is, as probable and as severe as the worst. */
static void add_upstream(const struct hn_adv_index *x, struct hn_arena *a, struct hn_adv_facts *f, struct hn_str id,
                         struct hn_adv_vec *severities)
{
    hn_adv_ref refs[64];
    struct walk w = {.x = x, .a = a, .refs = refs, .max = sizeof refs / sizeof *refs};
    struct hn_adv_facts one;
    memset(&one, 0, sizeof one);
    walk_group(&w, id);
    for (size_t i = 0; i < w.n; i++) {
        struct hn_adv adv;
        if (!hn_adv_get_head(x, refs[i], a, &adv))
            continue;
        add_facts(&one, &adv);
        if (severities)
            add_severities(a, severities, &adv);
    }
    if (one.kev.listed && !f->kev.listed) {
        f->kev = one.kev;
        f->kev_feed = one.kev_feed;
    }
    if (one.epss.scored && (!f->epss.scored || one.epss.score > f->epss.score)) {
        f->epss = one.epss;
        f->epss_feed = one.epss_feed;
    }
    if (one.ssvc.exploitation > f->ssvc.exploitation) {
        f->ssvc = one.ssvc;
        f->ssvc_feed = one.ssvc_feed;
    }
}

/* Of a record that names no CVE but is made of some. */
static void add_upstreams(const struct walk *w, struct hn_adv_facts *f, struct hn_adv_vec *severities)
{
    struct hn_adv_vec upstream = {0};
    for (size_t i = 0; i < w->n; i++) {
        struct hn_adv adv;
        if (!hn_adv_get_head(w->x, w->refs[i], w->a, &adv))
            continue;
        for (size_t k = 0; k < adv.upstream.n && upstream.n < UPSTREAM_MAX; k++)
            hn_adv_push_str_once(w->a, &upstream, adv.upstream.p[k]);
    }
    const struct hn_str *ids = upstream.p;
    bool none = !severities->n;
    for (size_t i = 0; i < upstream.n; i++)
        add_upstream(w->x, w->a, f, ids[i], none ? severities : NULL);
    if (upstream.n == 1 && hn_adv_is_cve(ids[0]))
        f->cve = ids[0];
}

bool hn_adv_facts_of(const struct hn_adv_index *x, struct hn_str id, struct hn_arena *a, struct hn_adv_facts *ret)
{
    hn_adv_ref refs[RECORDS_MAX];
    struct walk w = {.x = x, .a = a, .refs = refs, .max = RECORDS_MAX, .renamed = true};
    struct hn_adv_vec severities = {0};
    size_t speaking = 0, withdrawn = 0;
    memset(ret, 0, sizeof *ret);
    walk_group(&w, id);
    for (size_t i = 0; i < w.n; i++) {
        struct hn_adv adv;
        if (!hn_adv_get_head(x, refs[i], a, &adv))
            continue;
        if (adv.family != HN_ADV_KEV && adv.family != HN_ADV_EPSS) {
            speaking++;
            withdrawn += adv.withdrawn || adv.rejected;
        }
        add_severities(a, &severities, &adv);
        add_facts(ret, &adv);
    }
    know_feeds(x, ret);
    ret->ids = order_ids(a, &w.ids);
    ret->cve = ret->ids.n && hn_adv_is_cve(ret->ids.p[0]) ? ret->ids.p[0] : HN_STR("");
    if (!ret->cve.n)
        add_upstreams(&w, ret, &severities);
    ret->severities = severities.p;
    ret->n_severities = severities.n;
    ret->withdrawn = speaking && withdrawn == speaking;
    return w.n && !a->failed;
}
