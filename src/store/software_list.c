/* Components: lists, one, figures by ecosystem and licence, rows for matching; and the head of the section. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/software_in.h"

/* ---------------------------------------------------------------- counting over what is seen */

struct count { /* by component number */
    uint32_t releases, assets;
    uint32_t vulnerabilities, kev;
    double log_none;
};

struct counts {
    struct soft_scope k;
    struct count *of;
    uint32_t *stamp, round; /* by component: each once a holder; by holder */
    uint32_t *vuln_stamp;
};

static struct hn_err counts_init(struct counts *c, struct hn_arena *a)
{
    size_t n = (size_t)c->k.m->comp_n + 1;

    c->of = hn_arena_alloc(a, n * sizeof *c->of);
    c->stamp = hn_arena_alloc(a, n * sizeof *c->stamp);
    c->vuln_stamp = hn_arena_alloc(a, ((size_t)c->k.m->vulns_n + 1) * sizeof *c->vuln_stamp);
    return c->of && c->stamp && c->vuln_stamp ? HN_OK : store_nomem(c->k.s);
}

static void count_holder(struct counts *c, const struct soft_holder *h)
{
    c->round++;
    for (uint32_t i = 0; i < h->parts_n; i++) {
        if (c->stamp[h->parts[i]] == c->round)
            continue;
        c->stamp[h->parts[i]] = c->round;
        if (h->release != STORE_NONE)
            c->of[h->parts[i]].releases++;
        else
            c->of[h->parts[i]].assets++;
    }
}

/* Without regard to statements, which are about products: a component is what it is. */
static void count_vulns(struct counts *c, uint32_t component)
{
    const struct store_soft *m = c->k.m;
    uint32_t to, round = component + 1;

    for (uint32_t i = soft_matches_of(m, component, &to); i < to; i++) {
        const struct soft_vuln *v = &m->vulns[m->matches[i].vuln];
        if (!soft_match_live(&c->k, &m->matches[i]) || c->vuln_stamp[m->matches[i].vuln] == round)
            continue;
        c->vuln_stamp[m->matches[i].vuln] = round;
        c->of[component].vulnerabilities++;
        c->of[component].kev += v->kev == 1;
        c->of[component].log_none += soft_epss_log(v->epss);
    }
}

/* ---------------------------------------------------------------- narrowing */

static struct hn_err holder_filter(struct counts *c, const struct hn_store_component_query *qu, struct hn_arena *a,
                                   bool *keep)
{
    const struct store_soft *m = c->k.m;
    int64_t sbom = 0;

    if (qu->sbom.n) {
        struct hn_store_sbom b;
        HN_TRY(hn_store_sbom_get(c->k.s, c->k.s->asking, qu->sbom, a, &b));
        struct st q = st_open(c->k.s, "SELECT n FROM sbom WHERE id = ?");
        st_str(&q, qu->sbom);
        HN_TRY(st_one(&q, &sbom));
    }
    for (uint32_t i = 0; i < m->holders_n; i++) {
        const struct soft_holder *h = &m->holders[i];
        bool host = h->release == STORE_NONE;
        keep[i] = c->k.holder[i];
        if (sbom) /* also one that a newer one replaced */
            keep[i] = !host && h->n == sbom;
        if (qu->product.n && (host || !hn_str_eq(m->products[m->releases[h->release].product].id, qu->product)))
            keep[i] = false;
        if (qu->release.n && (host || !hn_str_eq(m->releases[h->release].id, qu->release)))
            keep[i] = false;
        if (qu->asset.n) {
            const struct store_asset *x = host ? store_asset_of_n(c->k.s, h->asset_n) : NULL;
            if (!x || !hn_str_eqc(qu->asset, x->id))
                keep[i] = false;
        }
    }
    return HN_OK;
}

static bool has_vuln(const struct counts *c, uint32_t component, uint32_t vuln)
{
    const struct store_soft *m = c->k.m;
    uint32_t to;

    for (uint32_t i = soft_matches_of(m, component, &to); i < to; i++)
        if (m->matches[i].vuln == vuln && soft_match_live(&c->k, &m->matches[i]))
            return true;
    return false;
}

struct wanted {
    uint32_t ecosystem, licence, name; /* texts; STORE_NONE: all */
    uint32_t vuln;                     /* STORE_NONE: all */
    bool none;                         /* nothing can match */
    struct store_search search;
    const struct hn_store_component_query *qu;
};

static uint32_t text_wanted(const struct store_soft *m, struct hn_str t, bool *none)
{
    if (!t.n)
        return STORE_NONE;
    uint32_t n = hn_str_eqc(t, "-") ? 0 : store_dict_find(&m->texts, t);
    *none |= n == STORE_NONE;
    return n;
}

static void wanted_init(struct wanted *w, const struct store_soft *m, const struct hn_store_component_query *qu)
{
    *w = (struct wanted){.qu = qu, .vuln = STORE_NONE};
    w->ecosystem = text_wanted(m, qu->ecosystem, &w->none);
    w->licence = text_wanted(m, qu->licence, &w->none);
    w->name = text_wanted(m, qu->name, &w->none);
    store_search_init(&w->search, qu->q);
    if (qu->vuln.n) {
        uintptr_t at = (uintptr_t)hn_map_find(&m->vuln_by_name, hn_str_bytes(qu->vuln));
        w->none |= !at;
        w->vuln = at ? (uint32_t)(at - 1) : 0;
    }
}

static bool fits(const struct counts *c, const struct wanted *w, uint32_t n)
{
    const struct soft_component *x = &c->k.m->comp[n];
    struct hn_str texts[3];

    if (!c->of[n].releases && !c->of[n].assets)
        return false;
    if ((w->ecosystem != STORE_NONE && x->ecosystem != w->ecosystem) ||
        (w->licence != STORE_NONE && x->licence != w->licence) || (w->name != STORE_NONE && x->name != w->name))
        return false;
    if ((w->qu->vulnerable && !c->of[n].vulnerabilities) || (w->qu->unknown && x->state == HN_COMPONENT_JUDGED) ||
        (w->vuln != STORE_NONE && !has_vuln(c, n, w->vuln)))
        return false;
    texts[0] = soft_text(c->k.m, x->name);
    texts[1] = soft_text(c->k.m, x->version);
    texts[2] = soft_text(c->k.m, x->source);
    return !w->search.n || soft_words(&w->search, texts, 3);
}

/* ---------------------------------------------------------------- order */

static const struct counts *sorting;

static int by_text(uint32_t a, uint32_t b)
{
    return a == b ? 0 : hn_str_cmp(soft_text(sorting->k.m, a), soft_text(sorting->k.m, b));
}

static int by_name(const void *p, const void *q)
{
    uint32_t x = *(const uint32_t *)p, y = *(const uint32_t *)q;
    const struct soft_component *a = &sorting->k.m->comp[x], *b = &sorting->k.m->comp[y];
    int c = by_text(a->name, b->name);

    c = c ? c : by_text(a->version, b->version);
    return c ? c : x < y ? -1 : x > y;
}

#define BY(fn, expr)                                                                                                   \
    static int fn(const void *p, const void *q)                                                                        \
    {                                                                                                                  \
        const struct count *a = &sorting->of[*(const uint32_t *)p], *b = &sorting->of[*(const uint32_t *)q];           \
        return (expr) ? (expr) : -by_name(p, q);                                                                       \
    }
#define CMP(x, y) ((x) < (y) ? -1 : (x) > (y))
BY(by_holders, CMP(a->releases + a->assets, b->releases + b->assets))

/* Known exploited first, then by chance that any is used, then by number. */
static int by_risk(const void *p, const void *q)
{
    const struct count *a = &sorting->of[*(const uint32_t *)p], *b = &sorting->of[*(const uint32_t *)q];
    int c = CMP(a->kev, b->kev);

    c = c ? c : CMP(-a->log_none, -b->log_none);
    c = c ? c : CMP(a->vulnerabilities, b->vulnerabilities);
    return c ? c : -by_name(p, q);
}

#define BY_FIELD(fn, field)                                                                                            \
    static int fn(const void *p, const void *q)                                                                        \
    {                                                                                                                  \
        int c =                                                                                                        \
            by_text(sorting->k.m->comp[*(const uint32_t *)p].field, sorting->k.m->comp[*(const uint32_t *)q].field);   \
        return c ? c : by_name(p, q);                                                                                  \
    }
BY_FIELD(by_ecosystem, ecosystem)
BY_FIELD(by_licence, licence)

static struct hn_err sort_rows(struct hn_store *s, struct hn_str sort, uint32_t *v, size_t n)
{
    static const struct soft_order orders[] = {{"vulnerabilities", by_risk}, {"name", by_name},
                                               {"holders", by_holders},      {"ecosystem", by_ecosystem},
                                               {"licence", by_licence},      {NULL, NULL}};

    return soft_sort(s, sort.n ? sort : HN_STR("-vulnerabilities"), orders, v, n, sizeof *v);
}

/* ---------------------------------------------------------------- answers */

struct hn_err soft_component_fill(struct hn_store *s, uint32_t n, struct hn_arena *a, struct hn_store_component *ret)
{
    struct st q =
        st_open(s, "SELECT ecosystem, name, version, source, source_version, type, licence, purl, cpe, supplier, "
                   "state, why, lookup FROM component WHERE n = ?");

    ret->id = hn_arena_fmt(a, "%" PRIu32, n);
    st_int(&q, n);
    if (st_row(&q)) {
        ret->ecosystem = st_copy(&q, 0, a);
        ret->name = st_copy(&q, 1, a);
        ret->version = st_copy(&q, 2, a);
        ret->source = st_copy(&q, 3, a);
        ret->source_version = st_copy(&q, 4, a);
        ret->type = st_copy(&q, 5, a);
        ret->licence = st_copy(&q, 6, a);
        ret->purl = st_copy(&q, 7, a);
        ret->cpe = st_copy(&q, 8, a);
        ret->supplier = st_copy(&q, 9, a);
        ret->state = (enum hn_component_state)st_get(&q, 10);
        ret->why_unknown = st_copy(&q, 11, a);
        ret->lookup = st_copy(&q, 12, a);
    }
    HN_TRY(st_end(&q));
    return a->failed ? store_nomem(s) : HN_OK;
}

static struct hn_err answer(struct counts *c, uint32_t n, struct hn_arena *a, struct hn_store_component *ret)
{
    const struct count *k = &c->of[n];
    struct soft_tally none = {.log_none = k->log_none};

    *ret = (struct hn_store_component){.releases = k->releases,
                                       .assets = k->assets,
                                       .vulnerabilities = k->vulnerabilities,
                                       .kev = k->kev,
                                       .p_any = soft_tally_p(&none)};
    return soft_component_fill(c->k.s, n, a, ret);
}

/* The whole answer is made in scratch memory of its own; pages of it are copied. */
static struct hn_err gather(struct counts *c, const struct hn_store_component_query *qu, struct hn_arena *a,
                            uint32_t **ret, size_t *ret_n)
{
    const struct store_soft *m = c->k.m;
    struct wanted w;
    bool *keep = hn_arena_alloc(a, (size_t)m->holders_n + 1);
    uint32_t *v = hn_arena_alloc(a, ((size_t)m->comp_n + 1) * sizeof *v);

    *ret = v;
    *ret_n = 0;
    if (!keep || !v)
        return store_nomem(c->k.s);
    HN_TRY(counts_init(c, a));
    HN_TRY(holder_filter(c, qu, a, keep));
    for (uint32_t i = 0; i < m->holders_n; i++)
        if (keep[i])
            count_holder(c, &m->holders[i]);
    wanted_init(&w, m, qu);
    for (uint32_t n = 1; n <= m->comp_n && !w.none; n++) {
        if (c->of[n].releases || c->of[n].assets)
            count_vulns(c, n);
        if (fits(c, &w, n))
            v[(*ret_n)++] = n;
    }
    sorting = c;
    return sort_rows(c->k.s, qu->page.sort, v, *ret_n);
}

struct hn_err hn_store_components(struct hn_store *s, const struct hn_principal *p,
                                  const struct hn_store_component_query *qu, struct hn_arena *a,
                                  struct hn_store_component **ret, struct hn_listing *ret_listing)
{
    struct counts c = {.round = 0};
    struct hn_arena work;
    uint32_t *v = NULL;
    size_t n = 0, from = 0, to = 0;

    hn_arena_init(&work, (size_t)2 << 30);
    struct hn_err e = soft_scope(s, p, qu->org, qu->as_of, &work, &c.k);
    if (hn_ok(e))
        e = gather(&c, qu, &work, &v, &n);
    if (hn_ok(e))
        e = soft_page(s, &qu->page, n, a, &from, &to, ret_listing);
    *ret = hn_arena_alloc(a, (to - from + 1) * sizeof **ret);
    for (size_t i = from; hn_ok(e) && *ret && v && i < to; i++)
        e = answer(&c, v[i], a, &(*ret)[i - from]);
    hn_arena_done(&work);
    return hn_ok(e) && a->failed ? store_nomem(s) : e;
}

struct hn_err hn_store_component_get(struct hn_store *s, const struct hn_principal *p, struct hn_str id, hn_time as_of,
                                     struct hn_arena *a, struct hn_store_component *ret)
{
    struct counts c = {.round = 0};
    uint64_t n;

    HN_TRY(soft_scope(s, p, HN_STR(""), as_of, a, &c.k));
    HN_TRY(counts_init(&c, a));
    if (!hn_str_u64(id, 10, &n) || n > c.k.m->comp_n || !n)
        return store_fail(s, HN_E_NOENT, "there is no such component");
    HN_TRY(soft_reverse(s));
    struct soft_each each = soft_holders_of(c.k.m, (uint32_t)n);
    for (uint32_t h; soft_each_next(&each, &h);)
        if (c.k.holder[h])
            count_holder(&c, &c.k.m->holders[h]);
    if (!c.of[n].releases && !c.of[n].assets)
        return store_fail(s, HN_E_NOENT, "there is no such component");
    count_vulns(&c, (uint32_t)n);
    return answer(&c, (uint32_t)n, a, ret);
}

static int most_first(const void *p, const void *q)
{
    const struct hn_store_facet *a = p, *b = q;

    return a->components != b->components ? (a->components > b->components ? -1 : 1) : hn_str_cmp(a->value, b->value);
}

struct hn_err hn_store_component_facets(struct hn_store *s, const struct hn_principal *p, struct hn_str org,
                                        bool licences, struct hn_arena *a, struct hn_store_facet **ret, size_t *ret_n)
{
    struct counts c = {.round = 0};
    size_t cap = 0;

    *ret = NULL;
    *ret_n = 0;
    HN_TRY(soft_scope(s, p, org, 0, a, &c.k));
    HN_TRY(counts_init(&c, a));
    const struct store_soft *m = c.k.m;
    struct hn_store_facet *of = hn_arena_alloc(a, ((size_t)m->texts.n + 1) * sizeof *of);
    if (!of)
        return store_nomem(s);
    for (uint32_t i = 0; i < m->holders_n; i++)
        if (c.k.holder[i])
            count_holder(&c, &m->holders[i]);
    for (uint32_t n = 1; n <= m->comp_n; n++) {
        uint32_t text = licences ? m->comp[n].licence : m->comp[n].ecosystem;
        if (!c.of[n].releases && !c.of[n].assets)
            continue;
        of[text].components++;
        of[text].unknown += m->comp[n].state == HN_COMPONENT_UNKNOWN;
    }
    for (uint32_t i = 0; i < (m->texts.n ? m->texts.n : 1); i++)
        if (of[i].components && STORE_PUSH(a, *ret, *ret_n, cap)) {
            of[i].value = i ? hn_arena_str(a, soft_text(m, i)) : HN_STR("");
            (*ret)[(*ret_n)++] = of[i];
        }
    if (*ret && *ret_n)
        qsort(*ret, *ret_n, sizeof **ret, most_first);
    return a->failed ? store_nomem(s) : HN_OK;
}

struct hn_err hn_store_component_rows(struct hn_store *s, const struct hn_principal *p, uint64_t after, size_t most,
                                      struct hn_arena *a, struct hn_store_component_row **ret, size_t *ret_n)
{
    size_t cap = 0;

    *ret = NULL;
    *ret_n = 0;
    HN_TRY(soft_need_admin(s, p));
    struct st q = st_open(s, "SELECT n, ecosystem, name, version, source, source_version, type, purl, cpe, lookup FROM "
                             "component WHERE n > ? ORDER BY n LIMIT ?");
    st_int(&q, (int64_t)(after > INT64_MAX ? INT64_MAX : after));
    st_int(&q, (int64_t)most);
    while (st_row(&q) && STORE_PUSH(a, *ret, *ret_n, cap))
        (*ret)[(*ret_n)++] = (struct hn_store_component_row){.n = (uint64_t)st_get(&q, 0),
                                                             .ecosystem = st_copy(&q, 1, a),
                                                             .name = st_copy(&q, 2, a),
                                                             .version = st_copy(&q, 3, a),
                                                             .source = st_copy(&q, 4, a),
                                                             .source_version = st_copy(&q, 5, a),
                                                             .type = st_copy(&q, 6, a),
                                                             .purl = st_copy(&q, 7, a),
                                                             .cpe = st_copy(&q, 8, a),
                                                             .lookup = st_copy(&q, 9, a)};
    HN_TRY(st_end(&q));
    return a->failed ? store_nomem(s) : HN_OK;
}

struct hn_err hn_store_component_unjudged(struct hn_store *s, const struct hn_principal *p, uint64_t *ret)
{
    int64_t n = 0;

    HN_TRY(soft_need_admin(s, p));
    struct st q = st_open(s, "SELECT coalesce((SELECT min(n) FROM component WHERE state = 0), "
                             "(SELECT coalesce(max(n), 0) + 1 FROM component))");
    HN_TRY(st_one(&q, &n));
    *ret = (uint64_t)n;
    return HN_OK;
}

/* ---------------------------------------------------------------- the head of the section */

static void now_things(const struct soft_scope *k, struct hn_store_software_now *ret)
{
    const struct store_soft *m = k->m;

    for (uint32_t i = 0; i < m->products_n; i++)
        ret->products += !m->products[i].ended && soft_sees_org(k, m->products[i].org_n);
    for (uint32_t i = 0; i < m->releases_n; i++) {
        const struct soft_product *x = &m->products[m->releases[i].product];
        ret->releases += !x->ended && soft_sees_org(k, x->org_n) && m->releases[i].created <= k->at;
    }
}

struct hn_err hn_store_software_now(struct hn_store *s, const struct hn_principal *p, struct hn_str org, hn_time as_of,
                                    struct hn_arena *a, struct hn_store_software_now *ret)
{
    struct soft_scope k;
    struct soft_tally t;

    *ret = (struct hn_store_software_now){0};
    HN_TRY(soft_scope(s, p, org, as_of, a, &k));
    HN_TRY(soft_tally_init(&t, &k, a));
    now_things(&k, ret);
    soft_tally_begin(&t);
    for (uint32_t i = 0; i < k.m->holders_n; i++) {
        if (!k.holder[i])
            continue;
        soft_tally_add(&t, &k.m->holders[i]);
        ret->sboms += k.m->holders[i].release != STORE_NONE;
        ret->hosts += k.m->holders[i].release == STORE_NONE;
    }
    ret->without_sbom = ret->releases - (ret->sboms < ret->releases ? ret->sboms : ret->releases);
    ret->components = t.components;
    ret->unknown = t.unknown;
    ret->unjudged = t.unjudged;
    ret->judged = t.components - t.unknown - t.unjudged;
    ret->vulnerabilities = t.vulnerabilities;
    ret->kev = t.kev;
    ret->answered = t.answered;
    ret->kev_unknown = t.kev_unknown;
    ret->epss_unknown = t.epss_unknown;
    ret->p_any = soft_tally_p(&t);
    ret->matched_at = k.m->matched_at;
    ret->feed_at = k.m->feed_at;
    return HN_OK;
}
