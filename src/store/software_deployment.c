/* Where releases run, for which service, and who is to be told. */
#include <stdio.h>

#include "store/software_in.h"

struct put {
    struct hn_store *s;
    const struct hn_principal *p;
    const struct hn_store_deployment_in *in;
    struct hn_arena *a;
    int64_t product, org, asset, owner;
    char id[HN_ID_TEXT];
};

static struct hn_err insert(struct put *x)
{
    const struct hn_store_deployment_in *in = x->in;
    int64_t release = 0;
    struct hn_str unused;

    HN_TRY(soft_release_make(x->s, x->product, in->version, &release, x->a, &unused));
    struct st q =
        st_open(x->s, "INSERT INTO deployment (id, org, release, asset, owner, service, customers, note, since, "
                      "created_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    st_c(&q, x->id);
    st_int(&q, x->org);
    st_int(&q, release);
    st_ref(&q, x->asset);
    st_ref(&q, x->owner);
    st_str(&q, in->service);
    st_str(&q, in->customers.n ? in->customers : HN_STR("[]"));
    st_str(&q, in->note);
    st_int(&q, in->since ? in->since : hn_now());
    st_str(&q, x->p->name);
    HN_TRY(st_do(&q));
    HN_TRY(store_history_add(x->s, STORE_ON_PRODUCT, x->product, hn_now(), "deployed", 0, x->p->name, hn_str_c(x->id)));
    HN_TRY(store_audit_add(x->s, x->p, x->org, "deployment.put", hn_str_c(x->id), in->service));
    return store_event_add(x->s, x->org, "deployment", hn_str_c(x->id), "stored");
}

static struct hn_err resolve(struct put *x)
{
    struct hn_store *s = x->s;
    struct store_asset *asset;
    struct soft_product_at product;

    HN_TRY(soft_product_need(s, x->p, x->in->product, HN_ROLE_VIEWER, &product));
    if (product.ended)
        return store_fail(s, HN_E_STATE, "the product was taken out of the portfolio");
    x->product = product.n;
    x->org = product.org_n;
    if (x->in->asset.n) {
        HN_TRY(store_asset_need(s, x->p, x->in->asset, HN_ROLE_VIEWER, &asset));
        x->asset = asset->n;
        x->org = asset->org_n;
    }
    if (x->in->org.n) {
        uint32_t org = store_org_at(s, x->in->org);
        HN_TRY(store_need(s, x->p, org, HN_ROLE_OPERATOR));
        x->org = s->orgs[org].n;
    }
    HN_TRY(store_need(s, x->p, store_org_of_n(s, x->org), HN_ROLE_OPERATOR));
    if (soft_json(x->in->customers, HN_JV_ARR))
        return x->in->owner.n ? store_account_of(s, x->in->owner, &x->owner) : HN_OK;
    return store_fail(s, HN_E_INVALID, "customers are a list of texts");
}

struct hn_err hn_store_deployment_put(struct hn_store *s, const struct hn_principal *p,
                                      const struct hn_store_deployment_in *in, struct hn_arena *a,
                                      struct hn_str *ret_id)
{
    struct put x = {.s = s, .p = p, .in = in, .a = a};

    HN_TRY(resolve(&x));
    if (in->version.n > 1024 || in->service.n > 1024 || in->note.n > 16384 || in->customers.n > 65536)
        return store_fail(s, HN_E_INVALID, "a text is too long");
    HN_TRY(hn_id_new(x.id));
    HN_TRY(store_begin(s));
    HN_TRY(store_end(s, insert(&x)));
    soft_dirty(s, SOFT_THINGS);
    *ret_id = hn_arena_str(a, hn_str_c(x.id));
    return a->failed ? store_nomem(s) : HN_OK;
}

static struct hn_err end(struct hn_store *s, const struct hn_principal *p, const struct soft_deployment *x)
{
    const struct soft_product *product = &s->soft->products[s->soft->releases[x->release].product];
    struct st q = st_open(s, "UPDATE deployment SET until = max(since + 1, ?) WHERE n = ?");

    st_int(&q, hn_now());
    st_int(&q, x->n);
    HN_TRY(st_do(&q));
    HN_TRY(store_history_add(s, STORE_ON_PRODUCT, product->n, hn_now(), "withdrawn", 0, p->name, x->id));
    HN_TRY(store_audit_add(s, p, x->org_n, "deployment.end", x->id, x->service));
    return store_event_add(s, x->org_n, "deployment", x->id, "ended");
}

struct hn_err hn_store_deployment_end(struct hn_store *s, const struct hn_principal *p, struct hn_str id)
{
    const struct soft_deployment *x = NULL;

    store_ask(s, p);
    HN_TRY(soft_fresh(s));
    for (uint32_t i = 0; i < s->soft->deployments_n && !x; i++)
        if (hn_str_eq(s->soft->deployments[i].id, id))
            x = &s->soft->deployments[i];
    HN_TRY(store_need(s, p, x ? store_org_of_n(s, x->org_n) : STORE_NONE, HN_ROLE_OPERATOR));
    if (x->until)
        return store_fail(s, HN_E_STATE, "it has ended already");
    HN_TRY(store_begin(s));
    HN_TRY(store_end(s, end(s, p, x)));
    soft_dirty(s, SOFT_THINGS);
    return HN_OK;
}

/* ---------------------------------------------------------------- reading */

static struct hn_err fill(const struct soft_scope *k, const struct soft_deployment *x, struct hn_arena *a,
                          struct hn_store_deployment *ret)
{
    const struct store_soft *m = k->m;
    const struct soft_release *r = &m->releases[x->release];
    const struct store_asset *asset = x->asset_n ? store_asset_of_n(k->s, x->asset_n) : NULL;

    *ret = (struct hn_store_deployment){.id = hn_arena_str(a, x->id),
                                        .product = hn_arena_str(a, m->products[r->product].id),
                                        .product_name = hn_arena_str(a, m->products[r->product].name),
                                        .release = hn_arena_str(a, r->id),
                                        .version = hn_arena_str(a, r->version),
                                        .service = hn_arena_str(a, x->service),
                                        .customers = hn_arena_str(a, x->customers),
                                        .since = x->since,
                                        .until = x->until};
    soft_org_names(k->s, x->org_n, a, &ret->org, &ret->org_name_en, &ret->org_name_ja);
    if (asset && soft_sees_org(k, asset->org_n)) {
        ret->asset = hn_arena_str(a, hn_str_c(asset->id));
        ret->asset_name = hn_arena_str(a, hn_str_c(asset->name));
    }
    HN_TRY(soft_account_name(k->s, x->owner, a, &ret->owner, &ret->owner_name));
    struct st q = st_open(k->s, "SELECT note, created_by FROM deployment WHERE n = ?");
    st_int(&q, x->n);
    if (st_row(&q)) {
        ret->note = st_copy(&q, 0, a);
        ret->created_by = st_copy(&q, 1, a);
    }
    return st_end(&q);
}

static bool wanted(const struct soft_scope *k, const struct soft_deployment *x,
                   const struct hn_store_deployment_query *qu, const struct store_search *f)
{
    const struct soft_product *product = &k->m->products[k->m->releases[x->release].product];
    const struct store_asset *asset = x->asset_n ? store_asset_of_n(k->s, x->asset_n) : NULL;
    struct hn_str texts[4] = {x->service, x->customers, product->name,
                              asset && soft_sees_org(k, asset->org_n) ? hn_str_c(asset->name) : HN_STR("")};

    if (!soft_sees_org(k, x->org_n) || (x->until && !qu->with_ended))
        return false;
    if (qu->product.n && !hn_str_eq(product->id, qu->product))
        return false;
    if (qu->asset.n && (!asset || !soft_sees_org(k, asset->org_n) || !hn_str_eqc(qu->asset, asset->id)))
        return false;
    return soft_words(f, texts, 4);
}

static const struct soft_scope *sorting;

static const struct soft_deployment *row_of(const void *p)
{
    return &sorting->m->deployments[*(const uint32_t *)p];
}

static int by_since(const void *p, const void *q)
{
    const struct soft_deployment *a = row_of(p), *b = row_of(q);

    if (a->since != b->since)
        return a->since < b->since ? -1 : 1;
    return a < b ? -1 : a > b;
}

static int by_version(const void *p, const void *q)
{
    int c =
        hn_str_cmp(sorting->m->releases[row_of(p)->release].version, sorting->m->releases[row_of(q)->release].version);

    return c ? c : by_since(p, q);
}

static struct hn_str product_of(const struct soft_deployment *x)
{
    return sorting->m->products[sorting->m->releases[x->release].product].name;
}

static int by_product(const void *p, const void *q)
{
    int c = hn_str_cmp(product_of(row_of(p)), product_of(row_of(q)));

    return c ? c : by_version(p, q);
}

static int by_service(const void *p, const void *q)
{
    int c = hn_str_cmp(row_of(p)->service, row_of(q)->service);

    return c ? c : by_product(p, q);
}

/* What may not be seen has no name, here as in the answer. */
static struct hn_str asset_of(const struct soft_deployment *x)
{
    const struct store_asset *asset = x->asset_n ? store_asset_of_n(sorting->s, x->asset_n) : NULL;

    return asset && soft_sees_org(sorting, asset->org_n) ? hn_str_c(asset->name) : HN_STR("");
}

static int by_asset(const void *p, const void *q)
{
    int c = hn_str_cmp(asset_of(row_of(p)), asset_of(row_of(q)));

    return c ? c : by_product(p, q);
}

static const struct soft_order orders[] = {{"since", by_since},     {"product", by_product}, {"version", by_version},
                                           {"service", by_service}, {"asset", by_asset},     {NULL, NULL}};

struct hn_err hn_store_deployments(struct hn_store *s, const struct hn_principal *p,
                                   const struct hn_store_deployment_query *qu, struct hn_arena *a,
                                   struct hn_store_deployment **ret, struct hn_listing *ret_listing)
{
    struct soft_scope k;
    struct store_search f;
    size_t n = 0, from, to;

    HN_TRY(soft_scope(s, p, qu->org, 0, a, &k));
    store_search_init(&f, qu->q);
    uint32_t *rows = hn_arena_alloc(a, ((size_t)k.m->deployments_n + 1) * sizeof *rows);
    if (!rows)
        return store_nomem(s);
    for (uint32_t i = 0; i < k.m->deployments_n; i++)
        if (wanted(&k, &k.m->deployments[i], qu, &f))
            rows[n++] = i;
    sorting = &k;
    HN_TRY(soft_sort(s, qu->page.sort.n ? qu->page.sort : HN_STR("-since"), orders, rows, n, sizeof *rows));
    HN_TRY(soft_page(s, &qu->page, n, a, &from, &to, ret_listing));
    *ret = hn_arena_alloc(a, (to - from + 1) * sizeof **ret);
    if (!*ret)
        return store_nomem(s);
    for (size_t i = from; i < to; i++)
        HN_TRY(fill(&k, &k.m->deployments[rows[i]], a, &(*ret)[i - from]));
    return a->failed ? store_nomem(s) : HN_OK;
}
