/* Vulnerabilities: lists with how many they touch, one by any of its names, and what upgrading would close. */
#include <stdlib.h>

#include "store/software_in.h"

/* ---------------------------------------------------------------- what each touches */

struct touch {
    uint32_t components, releases, products, assets, answered, holders;
    hn_time first;
};

struct touches {
    struct soft_scope k;
    struct touch *of;          /* by vulnerability */
    uint32_t *component_round; /* by vulnerability: component last counted */
    uint32_t *product_round;
    uint8_t *component_seen; /* by component: some holder counts */
};

static struct hn_err touches_init(struct touches *t, struct hn_arena *a)
{
    size_t n = (size_t)t->k.m->vulns_n + 1;

    t->of = hn_arena_alloc(a, n * sizeof *t->of);
    t->component_round = hn_arena_alloc(a, n * sizeof *t->component_round);
    t->product_round = hn_arena_alloc(a, n * sizeof *t->product_round);
    t->component_seen = hn_arena_alloc(a, (size_t)t->k.m->comp_n + 1);
    return t->of && t->component_round && t->product_round && t->component_seen ? HN_OK : store_nomem(t->k.s);
}

static bool holder_wanted(const struct soft_scope *k, const struct soft_holder *h, const struct hn_store_vuln_query *qu)
{
    const struct store_soft *m = k->m;
    bool host = h->release == STORE_NONE;

    if (qu->product.n && (host || !hn_str_eq(m->products[m->releases[h->release].product].id, qu->product)))
        return false;
    if (qu->release.n && (host || !hn_str_eq(m->releases[h->release].id, qu->release)))
        return false;
    if (qu->asset.n) {
        const struct store_asset *x = host ? store_asset_of_n(k->s, h->asset_n) : NULL;
        return x && hn_str_eqc(qu->asset, x->id);
    }
    return true;
}

/* A holder counts once for a vulnerability: open if any of its components is. A stamp per (holder, vulnerability) would
 * be large; instead the vulnerabilities of one holder are gathered, sorted and counted. */
struct seen {
    uint32_t vuln;
    bool answered;
};

static int by_vuln(const void *p, const void *q)
{
    const struct seen *a = p, *b = q;

    return a->vuln != b->vuln ? (a->vuln < b->vuln ? -1 : 1) : (int)a->answered - (int)b->answered;
}

static struct hn_err gather(struct touches *t, const struct soft_holder *h, uint32_t only, struct hn_arena *a,
                            struct seen **v, size_t *n, size_t *cap)
{
    const struct store_soft *m = t->k.m;

    *n = 0;
    for (uint32_t i = 0; i < h->parts_n; i++) {
        uint32_t c = h->parts[i], to;
        if (only && c != only)
            continue;
        t->component_seen[c] = 1;
        for (uint32_t k = soft_matches_of(m, c, &to); k < to; k++) {
            const struct soft_match *x = &m->matches[k];
            if (!soft_match_live(&t->k, x))
                continue;
            if (!STORE_PUSH(a, *v, *n, *cap))
                return store_nomem(t->k.s);
            (*v)[(*n)++] = (struct seen){x->vuln, soft_answered(soft_vex_of(&t->k, h, x->vuln, c, NULL))};
            struct touch *o = &t->of[x->vuln];
            if (!o->first || x->since < o->first)
                o->first = x->since;
        }
    }
    return HN_OK;
}

static void count_holder(struct touches *t, const struct soft_holder *h, struct seen *v, size_t n)
{
    const struct store_soft *m = t->k.m;
    bool host = h->release == STORE_NONE;
    uint32_t product = host ? 0 : m->releases[h->release].product + 1;

    if (n)
        qsort(v, n, sizeof *v, by_vuln);
    for (size_t i = 0; i < n; i++) {
        struct touch *o = &t->of[v[i].vuln];
        if (i && v[i - 1].vuln == v[i].vuln)
            continue; /* open ones come first */
        o->holders++;
        if (v[i].answered) {
            o->answered++;
            continue;
        }
        o->assets += host;
        o->releases += !host;
        if (!host && t->product_round[v[i].vuln] != product) {
            t->product_round[v[i].vuln] = product;
            o->products++;
        }
    }
}

static void count_components(struct touches *t)
{
    const struct store_soft *m = t->k.m;

    for (uint32_t c = 1; c <= m->comp_n; c++) {
        uint32_t to;
        if (!t->component_seen[c])
            continue;
        for (uint32_t k = soft_matches_of(m, c, &to); k < to; k++) {
            uint32_t v = m->matches[k].vuln;
            if (!soft_match_live(&t->k, &m->matches[k]) || t->component_round[v] == c)
                continue;
            t->component_round[v] = c;
            t->of[v].components++;
        }
    }
}

/* Holders of one product follow each other rarely, so products are counted in the order of products. */
static struct hn_err count_all(struct touches *t, const struct hn_store_vuln_query *qu, struct hn_arena *a)
{
    const struct store_soft *m = t->k.m;
    struct seen *v = NULL;
    size_t n = 0, cap = 0;
    uint64_t only = 0;
    uint32_t *next = hn_arena_alloc(a, ((size_t)m->holders_n + 1) * sizeof *next);
    uint32_t *first = hn_arena_alloc(a, ((size_t)m->products_n + 2) * sizeof *first);

    if (!next || !first)
        return store_nomem(t->k.s);
    if (qu->component.n && (!hn_str_u64(qu->component, 10, &only) || !only || only > m->comp_n))
        return store_fail(t->k.s, HN_E_NOENT, "there is no such component");
    for (uint32_t i = m->holders_n; i-- > 0;) {
        const struct soft_holder *h = &m->holders[i];
        uint32_t p = h->release == STORE_NONE ? m->products_n : m->releases[h->release].product;
        if (!t->k.holder[i] || !holder_wanted(&t->k, h, qu))
            continue;
        next[i] = first[p];
        first[p] = i + 1;
    }
    for (uint32_t p = 0; p <= m->products_n; p++)
        for (uint32_t i = first[p]; i; i = next[i - 1]) {
            HN_TRY(gather(t, &m->holders[i - 1], (uint32_t)only, a, &v, &n, &cap));
            count_holder(t, &m->holders[i - 1], v, n);
        }
    count_components(t);
    return HN_OK;
}

/* ---------------------------------------------------------------- order */

static const struct touches *sorting;

static int by_id(const void *p, const void *q)
{
    return hn_str_cmp(sorting->k.m->vulns[*(const uint32_t *)p].id, sorting->k.m->vulns[*(const uint32_t *)q].id);
}

#define CMP(x, y) ((x) < (y) ? -1 : (x) > (y))
static int by_risk(const void *p, const void *q)
{
    const struct soft_vuln *a = &sorting->k.m->vulns[*(const uint32_t *)p];
    const struct soft_vuln *b = &sorting->k.m->vulns[*(const uint32_t *)q];
    int c = CMP(a->kev == 1, b->kev == 1);

    c = c ? c : CMP(a->epss, b->epss);
    c = c ? c : CMP(a->cvss, b->cvss);
    c = c ? c : CMP(a->severity, b->severity);
    return c ? c : by_id(p, q);
}

static int by_cvss(const void *p, const void *q)
{
    int c = CMP(sorting->k.m->vulns[*(const uint32_t *)p].cvss, sorting->k.m->vulns[*(const uint32_t *)q].cvss);

    return c ? c : by_risk(p, q);
}

static int by_holders(const void *p, const void *q)
{
    const struct touch *a = &sorting->of[*(const uint32_t *)p], *b = &sorting->of[*(const uint32_t *)q];
    int c = CMP(a->releases + a->assets, b->releases + b->assets);

    return c ? c : by_risk(p, q);
}

static hn_time published(uint32_t vuln)
{
    const struct soft_vuln *v = &sorting->k.m->vulns[vuln];
    hn_time first = 0;

    for (uint32_t i = 0; i < v->advisories_n; i++) {
        hn_time t = sorting->k.m->advisories[v->advisories[i]].out.published;
        first = t && (!first || t < first) ? t : first;
    }
    return first;
}

static int by_published(const void *p, const void *q)
{
    hn_time a = published(*(const uint32_t *)p), b = published(*(const uint32_t *)q);

    return a != b ? (a < b ? -1 : 1) : by_id(p, q);
}

static struct hn_err sort_rows(struct hn_store *s, struct hn_str sort, uint32_t *v, size_t n)
{
    static const struct soft_order orders[] = {{"risk", by_risk}, {"cvss", by_cvss},           {"holders", by_holders},
                                               {"id", by_id},     {"published", by_published}, {NULL, NULL}};

    return soft_sort(s, sort.n ? sort : HN_STR("-risk"), orders, v, n, sizeof *v);
}

/* ---------------------------------------------------------------- answers */

static struct hn_str copy(struct hn_arena *a, struct hn_str s)
{
    return s.n ? hn_arena_str(a, s) : HN_STR("");
}

static const struct hn_store_advisory *advisory_copy(const struct hn_store_advisory *x, struct hn_arena *a)
{
    struct hn_store_advisory *o = HN_NEW(a, struct hn_store_advisory);

    if (!o)
        return NULL;
    *o = *x;
    o->id = copy(a, x->id);
    o->source = copy(a, x->source);
    o->aliases = copy(a, x->aliases);
    o->summary = copy(a, x->summary);
    o->vector = copy(a, x->vector);
    o->impact = copy(a, x->impact);
    o->licence = copy(a, x->licence);
    return o;
}

/* Where the live matches agree on the fixed version. */
static struct hn_str fixed_of(const struct soft_scope *k, const struct soft_vuln *v)
{
    uint32_t fixed = 0;

    for (uint32_t i = 0; i < v->matches_n; i++) {
        const struct soft_match *x = &k->m->matches[v->matches[i]];
        if (!soft_match_live(k, x) || !x->fixed)
            continue;
        if (fixed && fixed != x->fixed)
            return HN_STR("");
        fixed = x->fixed;
    }
    return fixed ? soft_text(k->m, fixed) : HN_STR("");
}

static struct hn_err fill(const struct touches *t, uint32_t vuln, struct hn_arena *a, struct hn_store_vuln *ret)
{
    const struct soft_vuln *v = &t->k.m->vulns[vuln];
    const struct touch *o = &t->of[vuln];

    *ret = (struct hn_store_vuln){.id = copy(a, v->id),
                                  .impact = copy(a, v->impact),
                                  .fixed = copy(a, fixed_of(&t->k, v)),
                                  .severity = v->severity,
                                  .kev = v->kev,
                                  .automatable = v->automatable,
                                  .cvss = v->cvss,
                                  .epss = v->epss,
                                  .first_matched = o->first,
                                  .components = o->components,
                                  .products = o->products,
                                  .releases = o->releases,
                                  .assets = o->assets,
                                  .answered = o->answered};
    ret->advisories = hn_arena_alloc(a, ((size_t)v->advisories_n + 1) * sizeof *ret->advisories);
    for (uint32_t i = 0; i < v->advisories_n && ret->advisories; i++) {
        const struct hn_store_advisory *x = advisory_copy(&t->k.m->advisories[v->advisories[i]].out, a);
        if (!x)
            break;
        ret->advisories[ret->n_advisories++] = x;
        if (!ret->summary.n)
            ret->summary = x->summary;
        if (!ret->vector.n && x->cvss == v->cvss)
            ret->vector = x->vector;
        if (x->published && (!ret->published || x->published < ret->published))
            ret->published = x->published;
    }
    return a->failed ? store_nomem(t->k.s) : HN_OK;
}

static bool words(const struct store_soft *m, const struct soft_vuln *v, const struct store_search *f)
{
    struct hn_str texts[33] = {v->id};
    size_t n = 1;

    for (uint32_t i = 0; i < v->advisories_n && n + 3 < sizeof texts / sizeof *texts; i++) {
        const struct hn_store_advisory *x = &m->advisories[v->advisories[i]].out;
        texts[n++] = x->id;
        texts[n++] = x->aliases;
        texts[n++] = x->summary;
    }
    return soft_words(f, texts, n);
}

static bool wanted(const struct touches *t, uint32_t vuln, const struct hn_store_vuln_query *qu,
                   const struct store_search *f)
{
    const struct soft_vuln *v = &t->k.m->vulns[vuln];
    const struct touch *o = &t->of[vuln];

    if (!o->holders || (!qu->answered && !o->releases && !o->assets))
        return false;
    if ((qu->kev && v->kev != 1) || v->severity < (qu->severity_min ? qu->severity_min : -1))
        return false;
    return !f->n || words(t->k.m, v, f);
}

static struct hn_err list(struct touches *t, const struct hn_store_vuln_query *qu, struct hn_arena *work,
                          struct hn_arena *a, struct hn_store_vuln **ret, struct hn_listing *ret_listing)
{
    struct store_search f;
    size_t n = 0, from, to;
    uint32_t *v = hn_arena_alloc(work, ((size_t)t->k.m->vulns_n + 1) * sizeof *v);

    if (!v)
        return store_nomem(t->k.s);
    store_search_init(&f, qu->q);
    for (uint32_t i = 0; i < t->k.m->vulns_n; i++)
        if (wanted(t, i, qu, &f))
            v[n++] = i;
    sorting = t;
    HN_TRY(sort_rows(t->k.s, qu->page.sort, v, n));
    HN_TRY(soft_page(t->k.s, &qu->page, n, a, &from, &to, ret_listing));
    *ret = hn_arena_alloc(a, (to - from + 1) * sizeof **ret);
    for (size_t i = from; *ret && i < to; i++)
        HN_TRY(fill(t, v[i], a, &(*ret)[i - from]));
    return a->failed ? store_nomem(t->k.s) : HN_OK;
}

struct hn_err hn_store_vulns(struct hn_store *s, const struct hn_principal *p, const struct hn_store_vuln_query *qu,
                             struct hn_arena *a, struct hn_store_vuln **ret, struct hn_listing *ret_listing)
{
    struct touches t = {.of = NULL};
    struct hn_arena work;

    hn_arena_init(&work, (size_t)2 << 30);
    struct hn_err e = soft_scope(s, p, qu->org, qu->as_of, &work, &t.k);
    if (hn_ok(e))
        e = touches_init(&t, &work);
    if (hn_ok(e))
        e = count_all(&t, qu, &work);
    if (hn_ok(e))
        e = list(&t, qu, &work, a, ret, ret_listing);
    hn_arena_done(&work);
    return e;
}

struct hn_err hn_store_vuln_get(struct hn_store *s, const struct hn_principal *p, struct hn_str id, hn_time as_of,
                                struct hn_arena *a, struct hn_store_vuln *ret)
{
    struct touches t = {.of = NULL};
    struct hn_arena work;
    uintptr_t at = 0;

    hn_arena_init(&work, (size_t)2 << 30);
    struct hn_err e = soft_scope(s, p, HN_STR(""), as_of, &work, &t.k);
    if (hn_ok(e))
        e = touches_init(&t, &work);
    if (hn_ok(e))
        e = count_all(&t, &(struct hn_store_vuln_query){.severity_min = 0}, &work);
    if (hn_ok(e)) {
        at = (uintptr_t)hn_map_find(&t.k.m->vuln_by_name, hn_str_bytes(id));
        if (!at || !t.of[at - 1].holders)
            e = store_fail(s, HN_E_NOENT, "no vulnerability of this name touches anything that you may see");
    }
    if (hn_ok(e))
        e = fill(&t, (uint32_t)(at - 1), a, ret);
    hn_arena_done(&work);
    return e;
}

/* ---------------------------------------------------------------- what upgrading would close */

struct upgrade {
    uint32_t ecosystem, package, fixed, vuln;
    uint32_t holder;
};

static int by_upgrade(const void *p, const void *q)
{
    const struct upgrade *a = p, *b = q;
    int c = CMP(a->ecosystem, b->ecosystem);

    c = c ? c : CMP(a->package, b->package);
    c = c ? c : CMP(a->vuln, b->vuln);
    c = c ? c : CMP(a->fixed, b->fixed);
    return c ? c : CMP(a->holder, b->holder);
}

static struct hn_err upgrades_of(const struct soft_scope *k, uint32_t holder, struct hn_arena *a, struct upgrade **v,
                                 size_t *n, size_t *cap)
{
    const struct store_soft *m = k->m;
    const struct soft_holder *h = &m->holders[holder];

    for (uint32_t i = 0; i < h->parts_n; i++) {
        const struct soft_component *c = &m->comp[h->parts[i]];
        uint32_t to;
        for (uint32_t j = soft_matches_of(m, h->parts[i], &to); j < to; j++) {
            const struct soft_match *x = &m->matches[j];
            if (!soft_match_live(k, x) || soft_answered(soft_vex_of(k, h, x->vuln, x->component, NULL)))
                continue;
            if (!STORE_PUSH(a, *v, *n, *cap))
                return store_nomem(k->s);
            (*v)[(*n)++] = (struct upgrade){c->ecosystem, c->source ? c->source : c->name, x->fixed, x->vuln, holder};
        }
    }
    return HN_OK;
}

static struct hn_err upgrade_rows(const struct soft_scope *k, struct upgrade *v, size_t n, struct hn_arena *a,
                                  struct hn_store_upgrade_row **ret, size_t *ret_n)
{
    const struct store_soft *m = k->m;
    size_t cap = 0;

    if (n)
        qsort(v, n, sizeof *v, by_upgrade);
    for (size_t i = 0; i < n; i++) {
        struct upgrade same = i ? v[i - 1] : (struct upgrade){.vuln = STORE_NONE};
        bool twice = i && same.holder == v[i].holder;
        same.holder = v[i].holder;
        if (i && by_upgrade(&same, &v[i]) == 0) {
            (*ret)[*ret_n - 1].findings += !twice;
            continue;
        }
        if (!STORE_PUSH(a, *ret, *ret_n, cap))
            return store_nomem(k->s);
        (*ret)[(*ret_n)++] = (struct hn_store_upgrade_row){.ecosystem = copy(a, soft_text(m, v[i].ecosystem)),
                                                           .package = copy(a, soft_text(m, v[i].package)),
                                                           .fixed = copy(a, soft_text(m, v[i].fixed)),
                                                           .vuln = copy(a, m->vulns[v[i].vuln].id),
                                                           .findings = 1,
                                                           .epss = m->vulns[v[i].vuln].epss,
                                                           .kev = m->vulns[v[i].vuln].kev};
    }
    return HN_OK;
}

struct hn_err hn_store_upgrade_rows(struct hn_store *s, const struct hn_principal *p, struct hn_str org,
                                    struct hn_str product, struct hn_arena *a, struct hn_store_upgrade_row **ret,
                                    size_t *ret_n)
{
    struct hn_store_vuln_query qu = {.product = product};
    struct soft_scope k;
    struct upgrade *v = NULL;
    size_t n = 0, cap = 0;
    struct hn_arena work;

    *ret = NULL;
    *ret_n = 0;
    hn_arena_init(&work, (size_t)4 << 30);
    struct hn_err e = soft_scope(s, p, org, 0, &work, &k);
    for (uint32_t i = 0; hn_ok(e) && i < k.m->holders_n; i++)
        if (k.holder[i] && holder_wanted(&k, &k.m->holders[i], &qu))
            e = upgrades_of(&k, i, &work, &v, &n, &cap);
    if (hn_ok(e))
        e = upgrade_rows(&k, v, n, a, ret, ret_n);
    hn_arena_done(&work);
    return hn_ok(e) && a->failed ? store_nomem(s) : e;
}
