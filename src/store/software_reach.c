/* How far a vulnerability or a component reaches: components ▶ releases ▶ hosts ▶ services ▶ who is to be told.
 *
 *   components hit ─reverse index─▶ holders seen ─▶ releases ─▶ deployments ─▶ assets
 *                                              └──▶ hosts by their own packages
 *
 * Linear in what is reached; nothing is read from the tables but texts of the components and names of owners. */
#include <inttypes.h>

#include "store/software_in.h"

struct reach {
    struct soft_scope k;
    struct hn_store *s;
    struct store_soft *m;
    struct hn_arena *a, *work;
    struct hn_store_reach *ret;
    uint32_t vuln; /* STORE_NONE: by component */
    uint32_t *hit; /* component numbers */
    size_t hits, hit_cap, match_cap;
    uint32_t *hit_of_match; /* the match that explains it; STORE_NONE */
    uint32_t *place;        /* by component: position in ret + 1 */
    uint32_t *held_at,
        *held; /* of holder i: positions of the components hit, held[held_at[i]] … held[held_at[i + 1]] */
    struct hn_map asset_place; /* by number; position + 1 */
    size_t release_cap, asset_cap, deployment_cap;
};

/* ---------------------------------------------------------------- what is hit */

static struct hn_err hit_add(struct reach *r, uint32_t component, uint32_t match)
{
    if (r->place[component]) { /* another advisory of the vulnerability: the surer one explains */
        uint32_t i = r->place[component] - 1, had = r->hit_of_match[i];
        if (match != STORE_NONE && r->m->matches[match].confidence > r->m->matches[had].confidence)
            r->hit_of_match[i] = match;
        return HN_OK;
    }
    if (!STORE_PUSH(r->work, r->hit, r->hits, r->hit_cap) ||
        !STORE_PUSH(r->work, r->hit_of_match, r->hits, r->match_cap))
        return store_nomem(r->s);
    r->hit[r->hits] = component;
    r->hit_of_match[r->hits] = match;
    r->place[component] = (uint32_t)++r->hits;
    return HN_OK;
}

static struct hn_err hits_by_vuln(struct reach *r, struct hn_str name)
{
    uintptr_t at = (uintptr_t)hn_map_find(&r->m->vuln_by_name, hn_str_bytes(name));

    if (!at)
        return store_fail(r->s, HN_E_NOENT, "no advisory of this name matches anything");
    r->vuln = (uint32_t)(at - 1);
    r->ret->vuln = hn_arena_str(r->a, r->m->vulns[r->vuln].id);
    for (uint32_t i = 0; i < r->m->vulns[r->vuln].matches_n; i++) {
        uint32_t match = r->m->vulns[r->vuln].matches[i];
        if (soft_match_live(&r->k, &r->m->matches[match]))
            HN_TRY(hit_add(r, r->m->matches[match].component, match));
    }
    return HN_OK;
}

static struct hn_err hits_by_purl(struct reach *r, struct hn_str purl)
{
    bool version = hn_str_chr(purl, '@') > 0 && purl.p[purl.n - 1] != '@';
    struct hn_err e = HN_OK;
    struct hn_str low = hn_arena_fmt(r->work, "%.*s%c", HN_FMT(purl), version ? '?' : '@');
    struct hn_str high = hn_arena_fmt(r->work, "%.*s%c", HN_FMT(purl), version ? '@' : 'A');
    struct st q = st_open(r->s, "SELECT n FROM component WHERE purl = ?1 OR (purl >= ?2 AND purl < ?3) ORDER BY n");

    st_str(&q, purl);
    st_str(&q, low);
    st_str(&q, high);
    while (hn_ok(e) && st_row(&q))
        if (st_get(&q, 0) <= r->m->comp_n)
            e = hit_add(r, (uint32_t)st_get(&q, 0), STORE_NONE);
    struct hn_err end = st_end(&q);
    return hn_ok(e) ? end : e;
}

/* ---------------------------------------------------------------- whom it reaches */

static bool asset_place(struct reach *r, int64_t n, uint32_t *ret)
{
    const struct store_asset *x = store_asset_of_n(r->s, n);
    struct hn_store_reach_asset *out;

    if (!x || !soft_sees_org(&r->k, x->org_n))
        return false;
    uintptr_t at = (uintptr_t)hn_map_find(&r->asset_place, hn_bytes_of(&x->n, sizeof x->n));
    if (at) {
        *ret = (uint32_t)(at - 1);
        return true;
    }
    if (!STORE_PUSH(r->a, r->ret->assets, r->ret->n_assets, r->asset_cap))
        return false;
    *ret = (uint32_t)r->ret->n_assets++;
    out = &r->ret->assets[*ret];
    *out = (struct hn_store_reach_asset){.id = hn_arena_str(r->a, hn_str_c(x->id)),
                                         .name = hn_arena_str(r->a, hn_str_c(x->name)),
                                         .criticality = x->criticality};
    soft_org_names(r->s, x->org_n, r->a, &out->org, &out->org_name_en, &out->org_name_ja);
    return hn_ok(hn_map_set(&r->asset_place, hn_bytes_of(&x->n, sizeof x->n), (void *)(uintptr_t)(*ret + 1)));
}

static const uint32_t *held_by(struct reach *r, const struct soft_holder *h, uint32_t *ret_n)
{
    size_t i = (size_t)(h - r->m->holders);
    uint32_t n = r->held_at[i + 1] - r->held_at[i];
    uint32_t *v = hn_arena_alloc(r->a, ((size_t)n + 1) * sizeof *v);

    *ret_n = v ? n : 0;
    if (v)
        memcpy(v, r->held + r->held_at[i], n * sizeof *v);
    return v;
}

/* Of several components the least answered one speaks for the release. */
static void judge(struct reach *r, const struct soft_holder *h, struct hn_store_reach_release *out)
{
    static const int rank[] = {4, 0, 3, 2, 1}; /* affected, nobody said, under investigation, fixed, not affected */
    enum hn_vex_status worst = HN_VEX_NOT_AFFECTED;
    uint32_t vex = STORE_NONE;
    bool any = false;

    out->vex = HN_VEX_NONE;
    for (uint32_t i = 0; i < out->n_components && r->vuln != STORE_NONE; i++) {
        uint32_t which;
        enum hn_vex_status st = soft_vex_of(&r->k, h, r->vuln, r->hit[out->components[i]], &which);
        if (any && rank[st] >= rank[worst])
            continue;
        worst = st;
        vex = which;
        any = true;
    }
    if (any)
        out->vex = worst;
    out->vex_id = vex == STORE_NONE ? HN_STR("") : hn_arena_str(r->a, r->m->vex[vex].id);
}

static struct hn_err release_add(struct reach *r, const struct soft_holder *h)
{
    const struct soft_release *x = &r->m->releases[h->release];
    const struct soft_product *p = &r->m->products[x->product];

    if (!STORE_PUSH(r->a, r->ret->releases, r->ret->n_releases, r->release_cap))
        return store_nomem(r->s);
    struct hn_store_reach_release *out = &r->ret->releases[r->ret->n_releases++];
    *out = (struct hn_store_reach_release){.id = hn_arena_str(r->a, x->id),
                                           .version = hn_arena_str(r->a, x->version),
                                           .product = hn_arena_str(r->a, p->id),
                                           .product_name = hn_arena_str(r->a, p->name),
                                           .supplier = hn_arena_str(r->a, p->supplier)};
    soft_org_names(r->s, p->org_n, r->a, &out->org, &out->org_name_en, &out->org_name_ja);
    HN_TRY(soft_account_name(r->s, p->owner, r->a, &out->owner, &out->owner_name));
    out->components = held_by(r, h, &out->n_components);
    judge(r, h, out);
    return r->a->failed ? store_nomem(r->s) : HN_OK;
}

static struct hn_err deployments_add(struct reach *r, uint32_t release, uint32_t position)
{
    for (uint32_t i = r->m->deployment_of_release[release]; i != STORE_NONE; i = r->m->deployments[i].next_of_release) {
        const struct soft_deployment *d = &r->m->deployments[i];
        if (!soft_live(d->since, d->until, r->k.at) || !soft_sees_org(&r->k, d->org_n))
            continue;
        if (!STORE_PUSH(r->a, r->ret->deployments, r->ret->n_deployments, r->deployment_cap))
            return store_nomem(r->s);
        struct hn_store_reach_deployment *out = &r->ret->deployments[r->ret->n_deployments++];
        *out = (struct hn_store_reach_deployment){.id = hn_arena_str(r->a, d->id),
                                                  .service = hn_arena_str(r->a, d->service),
                                                  .customers = hn_arena_str(r->a, d->customers),
                                                  .release = position,
                                                  .asset = HN_STORE_SUBJECT};
        HN_TRY(soft_account_name(r->s, d->owner, r->a, &out->owner, &out->owner_name));
        if (d->asset_n)
            (void)asset_place(r, d->asset_n, &out->asset);
    }
    return r->a->failed ? store_nomem(r->s) : HN_OK;
}

static struct hn_err holder_add(struct reach *r, uint32_t i)
{
    const struct soft_holder *h = &r->m->holders[i];
    uint32_t at;

    if (h->release != STORE_NONE) {
        HN_TRY(release_add(r, h));
        return deployments_add(r, h->release, (uint32_t)r->ret->n_releases - 1);
    }
    if (asset_place(r, h->asset_n, &at))
        r->ret->assets[at].components = held_by(r, h, &r->ret->assets[at].n_components);
    return r->a->failed ? store_nomem(r->s) : HN_OK;
}

/* Only what somebody holds is shown: positions are given out first, then texts are read for those that are held. */
static struct hn_err component_texts(struct reach *r, const bool *used)
{
    r->ret->components = hn_arena_alloc(r->a, ((size_t)r->hits + 1) * sizeof *r->ret->components);
    if (!r->ret->components)
        return store_nomem(r->s);
    r->ret->n_components = r->hits;
    for (size_t i = 0; i < r->hits; i++) {
        struct hn_store_component c = {0};
        struct hn_store_reach_component *out = &r->ret->components[i];
        *out = (struct hn_store_reach_component){.n = used[i] ? r->hit[i] : 0};
        if (!used[i])
            continue;
        HN_TRY(soft_component_fill(r->s, r->hit[i], r->a, &c));
        out->id = c.id;
        out->ecosystem = c.ecosystem;
        out->name = c.name;
        out->version = c.version;
        out->purl = c.purl;
        if (r->hit_of_match[i] == STORE_NONE)
            continue;
        const struct soft_match *x = &r->m->matches[r->hit_of_match[i]];
        out->advisory = hn_arena_str(r->a, r->m->advisories[x->advisory].out.id);
        out->fixed = hn_arena_str(r->a, soft_text(r->m, x->fixed));
        out->confidence = x->confidence;
        struct st q = st_open(r->s, "SELECT why FROM component_match WHERE n = ?");
        st_int(&q, x->n);
        if (st_row(&q))
            out->why = st_copy(&q, 0, r->a);
        HN_TRY(st_end(&q));
    }
    return HN_OK;
}

/* Positions without a holder go, and the others move up. */
static void squeeze(struct reach *r, const bool *used)
{
    uint32_t *to = hn_arena_alloc(r->work, ((size_t)r->hits + 1) * sizeof *to), n = 0;

    if (!to)
        return;
    for (size_t i = 0; i < r->hits; i++) {
        to[i] = n;
        if (used[i])
            r->ret->components[n++] = r->ret->components[i];
    }
    r->ret->n_components = n;
    for (size_t i = 0; i < r->ret->n_releases; i++)
        for (uint32_t k = 0; k < r->ret->releases[i].n_components; k++)
            ((uint32_t *)r->ret->releases[i].components)[k] = to[r->ret->releases[i].components[k]];
    for (size_t i = 0; i < r->ret->n_assets; i++)
        for (uint32_t k = 0; k < r->ret->assets[i].n_components; k++)
            ((uint32_t *)r->ret->assets[i].components)[k] = to[r->ret->assets[i].components[k]];
}

/* From "who holds it" to "what each holds": a counting sort of the pairs. */
static struct hn_err turn_round(struct reach *r, bool *used)
{
    uint32_t n = r->m->holders_n, *at = r->held_at, h;
    size_t total = 0;

    for (size_t i = 0; i < r->hits; i++)
        for (struct soft_each each = soft_holders_of(r->m, r->hit[i]); soft_each_next(&each, &h);)
            if (r->k.holder[h]) {
                at[h + 2]++;
                used[i] = true;
                total++;
            }
    for (uint32_t i = 2; i < n + 2; i++)
        at[i] += at[i - 1];
    r->held = hn_arena_alloc(r->work, (total + 1) * sizeof *r->held);
    if (!r->held)
        return store_nomem(r->s);
    for (size_t i = 0; i < r->hits; i++)
        for (struct soft_each each = soft_holders_of(r->m, r->hit[i]); soft_each_next(&each, &h);)
            if (r->k.holder[h])
                r->held[at[h + 1]++] = (uint32_t)i;
    return HN_OK;
}

static struct hn_err spread(struct reach *r)
{
    bool *used = hn_arena_alloc(r->work, (size_t)r->hits + 1);

    if (!used)
        return store_nomem(r->s);
    HN_TRY(soft_reverse(r->s));
    HN_TRY(turn_round(r, used));
    for (uint32_t i = 0; i < r->m->holders_n; i++)
        if (r->held_at[i] < r->held_at[i + 1])
            HN_TRY(holder_add(r, i));
    HN_TRY(component_texts(r, used));
    squeeze(r, used);
    return r->work->failed ? store_nomem(r->s) : HN_OK;
}

static struct hn_err prepare(struct reach *r)
{
    r->place = hn_arena_alloc(r->work, ((size_t)r->m->comp_n + 1) * sizeof *r->place);
    r->held_at = hn_arena_alloc(r->work, ((size_t)r->m->holders_n + 3) * sizeof *r->held_at);
    return r->work->failed ? store_nomem(r->s) : HN_OK;
}

struct hn_err hn_store_reach(struct hn_store *s, const struct hn_principal *p, const struct hn_store_reach_query *qu,
                             struct hn_arena *a, struct hn_store_reach *ret)
{
    struct reach r = {.s = s, .a = a, .ret = ret, .vuln = STORE_NONE};
    struct hn_arena work;

    *ret = (struct hn_store_reach){0};
    hn_arena_init(&work, (size_t)1 << 30);
    r.work = &work;
    hn_map_init(&r.asset_place);
    struct hn_err e = soft_scope(s, p, qu->org, qu->as_of, &work, &r.k);
    if (hn_ok(e)) {
        r.m = s->soft;
        ret->feed_at = r.m->feed_at;
        e = prepare(&r);
    }
    if (hn_ok(e))
        e = qu->vuln.n ? hits_by_vuln(&r, qu->vuln) : hits_by_purl(&r, qu->purl);
    if (hn_ok(e))
        e = spread(&r);
    hn_map_done(&r.asset_place);
    hn_arena_done(&work);
    return hn_ok(e) && a->failed ? store_nomem(s) : e;
}
