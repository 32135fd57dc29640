/* Products, their releases, where they run. */
#include <stdio.h>
#include <stdlib.h>

#include "store/software_in.h"

struct hn_err soft_product_need(struct hn_store *s, const struct hn_principal *p, struct hn_str id, enum hn_role role,
                                struct soft_product_at *ret)
{
    struct st q = st_open(s, "SELECT n, org, ended_at > 0 FROM product WHERE id = ?");

    store_ask(s, p);
    *ret = (struct soft_product_at){0};
    st_str(&q, id);
    if (st_row(&q))
        *ret = (struct soft_product_at){st_get(&q, 0), st_get(&q, 1), st_get(&q, 2) != 0};
    HN_TRY(st_end(&q));
    if (!ret->n)
        return store_fail(s, HN_E_NOENT, "there is no such product");
    HN_TRY(store_need(s, p, store_org_of_n(s, ret->org_n), role));
    if (ret->ended && role > HN_ROLE_VIEWER)
        return store_fail(s, HN_E_STATE, "the product was taken out of the portfolio");
    return HN_OK;
}

/* ---------------------------------------------------------------- putting */

static bool short_enough(const struct hn_store_product_in *in)
{
    return in->name.n <= 1024 && in->supplier.n <= 1024 && in->contract.n <= 4096 && in->note.n <= 16384 &&
           in->obligations.n <= 65536;
}

static void bind_texts(struct st *q, const struct hn_store_product_in *in, int64_t org, int64_t owner)
{
    st_int(q, org);
    st_str(q, in->name);
    st_str(q, in->supplier);
    st_ref(q, owner);
    st_str(q, in->contract);
    st_int(q, in->contract_from);
    st_int(q, in->contract_until);
    st_str(q, in->obligations.n ? in->obligations : HN_STR("[]"));
    st_str(q, in->note);
}

static struct hn_err tell(struct hn_store *s, const struct hn_principal *p, int64_t n, int64_t org, struct hn_str id,
                          const char *what, struct hn_str detail)
{
    char audit[48];

    snprintf(audit, sizeof audit, "product.%s", what);
    HN_TRY(store_history_add(s, STORE_ON_PRODUCT, n, hn_now(), what, 0, p->name, detail));
    HN_TRY(store_audit_add(s, p, org, audit, id, detail));
    return store_event_add(s, org, "product", id, what);
}

static struct hn_err exists(struct hn_store *s, struct hn_err e)
{
    return e.code == HN_E_EXISTS ? store_fail(s, HN_E_EXISTS, "the organisation has a product of this name") : e;
}

static struct hn_err insert(struct hn_store *s, const struct hn_principal *p, const struct hn_store_product_in *in,
                            int64_t org, int64_t owner, const char *id)
{
    struct st q =
        st_open(s, "INSERT INTO product (org, name, supplier, owner, contract, contract_from, contract_until, "
                   "obligations, note, id, created, created_by, updated) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                   "?, ?, ?11)");

    bind_texts(&q, in, org, owner);
    st_c(&q, id);
    st_int(&q, hn_now());
    st_str(&q, p->name);
    HN_TRY(exists(s, st_do(&q)));
    return tell(s, p, sqlite3_last_insert_rowid(s->db), org, hn_str_c(id), "created", in->name);
}

/* Empty keeps, "-" empties. */
static struct hn_str merged(struct hn_str fresh, struct hn_str old)
{
    return !fresh.n ? old : hn_str_eqc(fresh, "-") ? HN_STR("") : fresh;
}

static struct hn_err merge(struct hn_store *s, int64_t n, struct hn_store_product_in *in, int64_t *owner,
                           struct hn_arena *a)
{
    struct st q = st_open(s, "SELECT name, supplier, contract, contract_from, contract_until, obligations, note, "
                             "coalesce(owner, 0) FROM product WHERE n = ?");

    st_int(&q, n);
    if (st_row(&q)) {
        in->name = merged(hn_str_eqc(in->name, "-") ? HN_STR("") : in->name, st_copy(&q, 0, a));
        in->supplier = merged(in->supplier, st_copy(&q, 1, a));
        in->contract = merged(in->contract, st_copy(&q, 2, a));
        in->contract_from = in->contract_from ? in->contract_from : st_get(&q, 3);
        in->contract_until = in->contract_until ? in->contract_until : st_get(&q, 4);
        in->obligations = in->obligations.n ? in->obligations : st_copy(&q, 5, a);
        in->note = merged(in->note, st_copy(&q, 6, a));
        *owner = hn_str_eqc(in->owner, "-") ? 0 : in->owner.n ? *owner : st_get(&q, 7);
    }
    HN_TRY(st_end(&q));
    return a->failed ? store_nomem(s) : HN_OK;
}

static struct hn_err update(struct hn_store *s, const struct hn_principal *p, const struct hn_store_product_in *in,
                            int64_t n, int64_t org, int64_t owner)
{
    struct st q =
        st_open(s, "UPDATE product SET org = ?, name = ?, supplier = ?, owner = ?, contract = ?, "
                   "contract_from = ?, contract_until = ?, obligations = ?, note = ?, updated = ? WHERE n = ?");

    bind_texts(&q, in, org, owner);
    st_int(&q, hn_now());
    st_int(&q, n);
    HN_TRY(exists(s, st_do(&q)));
    return tell(s, p, n, org, in->id, "changed", in->name);
}

static struct hn_err put(struct hn_store *s, const struct hn_principal *p, struct hn_store_product_in *in,
                         struct hn_arena *a, char id[HN_ID_TEXT])
{
    struct soft_product_at at = {0};
    uint32_t org = in->org.n ? store_org_at(s, in->org) : 0;
    int64_t owner = 0;

    if (in->id.n)
        HN_TRY(soft_product_need(s, p, in->id, HN_ROLE_OPERATOR, &at));
    if (in->org.n || !in->id.n)
        HN_TRY(store_need(s, p, org, HN_ROLE_OPERATOR));
    else
        org = store_org_of_n(s, at.org_n);
    if (in->owner.n && !hn_str_eqc(in->owner, "-"))
        HN_TRY(store_account_of(s, in->owner, &owner));
    if (!in->id.n)
        return insert(s, p, in, s->orgs[org].n, owner, id);
    HN_TRY(merge(s, at.n, in, &owner, a));
    return update(s, p, in, at.n, s->orgs[org].n, owner);
}

struct hn_err hn_store_product_put(struct hn_store *s, const struct hn_principal *p,
                                   const struct hn_store_product_in *in, struct hn_arena *a, struct hn_str *ret_id)
{
    struct hn_store_product_in k = *in;
    char id[HN_ID_TEXT];

    store_ask(s, p);
    if ((!in->id.n && !in->name.n) || !short_enough(in))
        return store_fail(s, HN_E_INVALID, in->name.n ? "a text is too long" : "a product needs a name");
    if (!soft_json(in->obligations, HN_JV_ARR))
        return store_fail(s, HN_E_INVALID, "obligations are a list of texts");
    HN_TRY(hn_id_new(id));
    HN_TRY(store_begin(s));
    HN_TRY(store_end(s, put(s, p, &k, a, id)));
    soft_dirty(s, SOFT_THINGS);
    *ret_id = hn_arena_str(a, in->id.n ? in->id : hn_str_c(id));
    return a->failed ? store_nomem(s) : HN_OK;
}

static struct hn_err end(struct hn_store *s, const struct hn_principal *p, const struct soft_product_at *x,
                         struct hn_str id)
{
    struct st q = st_open(s, "UPDATE product SET ended_at = ?, updated = ?1 WHERE n = ?");

    st_int(&q, hn_now());
    st_int(&q, x->n);
    HN_TRY(st_do(&q));
    return tell(s, p, x->n, x->org_n, id, "ended", HN_STR(""));
}

struct hn_err hn_store_product_end(struct hn_store *s, const struct hn_principal *p, struct hn_str id)
{
    struct soft_product_at at;

    HN_TRY(soft_product_need(s, p, id, HN_ROLE_OPERATOR, &at));
    HN_TRY(store_begin(s));
    HN_TRY(store_end(s, end(s, p, &at, id)));
    soft_dirty(s, SOFT_THINGS);
    return HN_OK;
}

struct hn_err soft_release_make(struct hn_store *s, int64_t product, struct hn_str version, int64_t *ret_n,
                                struct hn_arena *a, struct hn_str *ret_id)
{
    char id[HN_ID_TEXT];
    bool there;
    struct st q = st_open(s, "SELECT n, id FROM product_release WHERE product = ? AND version = ?");

    st_int(&q, product);
    st_str(&q, version);
    there = st_row(&q);
    if (there) {
        *ret_n = st_get(&q, 0);
        *ret_id = st_copy(&q, 1, a);
    }
    HN_TRY(st_end(&q));
    if (there)
        return HN_OK;
    HN_TRY(hn_id_new(id));
    struct st i = st_open(s, "INSERT INTO product_release (id, product, version, created) VALUES (?, ?, ?, ?)");
    st_c(&i, id);
    st_int(&i, product);
    st_str(&i, version);
    st_int(&i, hn_now());
    HN_TRY(st_do(&i));
    *ret_n = sqlite3_last_insert_rowid(s->db);
    *ret_id = hn_arena_str(a, hn_str_c(id));
    return a->failed ? store_nomem(s) : HN_OK;
}

/* ---------------------------------------------------------------- reading */

static struct hn_err fill(struct hn_store *s, int64_t n, struct hn_arena *a, struct hn_store_product *ret)
{
    int64_t org = 0, owner = 0;
    struct st q =
        st_open(s, "SELECT id, org, name, supplier, coalesce(owner, 0), contract, contract_from, "
                   "contract_until, obligations, note, created, updated, created_by FROM product WHERE n = ?");

    st_int(&q, n);
    if (st_row(&q)) {
        ret->id = st_copy(&q, 0, a);
        org = st_get(&q, 1);
        ret->name = st_copy(&q, 2, a);
        ret->supplier = st_copy(&q, 3, a);
        owner = st_get(&q, 4);
        ret->contract = st_copy(&q, 5, a);
        ret->contract_from = st_get(&q, 6);
        ret->contract_until = st_get(&q, 7);
        ret->obligations = st_copy(&q, 8, a);
        ret->note = st_copy(&q, 9, a);
        ret->created = st_get(&q, 10);
        ret->updated = st_get(&q, 11);
        ret->created_by = st_copy(&q, 12, a);
    }
    HN_TRY(st_end(&q));
    soft_org_names(s, org, a, &ret->org, &ret->org_name_en, &ret->org_name_ja);
    HN_TRY(soft_account_name(s, owner, a, &ret->owner, &ret->owner_name));
    return a->failed ? store_nomem(s) : HN_OK;
}

struct row {
    uint32_t product;
    struct hn_store_product sum; /* figures only */
};

/* What each product's holders are: a list per product, by counting. */
static struct hn_err holders_by_product(const struct soft_scope *k, struct hn_arena *a, uint32_t **ret_at,
                                        uint32_t **ret_list)
{
    const struct store_soft *m = k->m;
    uint32_t *at = hn_arena_alloc(a, ((size_t)m->products_n + 3) * sizeof *at);
    uint32_t *list = hn_arena_alloc(a, ((size_t)m->holders_n + 1) * sizeof *list);

    if (!at || !list)
        return store_nomem(k->s);
    for (uint32_t i = 0; i < m->holders_n; i++)
        if (k->holder[i] && m->holders[i].release != STORE_NONE)
            at[m->releases[m->holders[i].release].product + 2]++;
    for (uint32_t i = 2; i < m->products_n + 2; i++)
        at[i] += at[i - 1];
    for (uint32_t i = 0; i < m->holders_n; i++)
        if (k->holder[i] && m->holders[i].release != STORE_NONE)
            list[at[m->releases[m->holders[i].release].product + 1]++] = i;
    *ret_at = at;
    *ret_list = list;
    return HN_OK;
}

static void sum_up(struct soft_tally *t, const uint32_t *list, uint32_t n, struct hn_store_product *sum)
{
    const struct store_soft *m = t->k->m;

    soft_tally_begin(t);
    for (uint32_t i = 0; i < n; i++) {
        soft_tally_add(t, &m->holders[list[i]]);
        if (m->holders[list[i]].since > sum->newest_sbom)
            sum->newest_sbom = m->holders[list[i]].since;
    }
    sum->components = t->components;
    sum->unknown = t->unknown;
    sum->unjudged = t->unjudged;
    sum->vulnerabilities = t->vulnerabilities;
    sum->kev = t->kev;
    sum->answered = t->answered;
    sum->kev_unknown = t->kev_unknown;
    sum->epss_unknown = t->epss_unknown;
    sum->p_any = soft_tally_p(t);
    sum->without_sbom = sum->releases > n ? sum->releases - n : 0;
}

static void count_things(const struct soft_scope *k, struct hn_store_product *sums)
{
    const struct store_soft *m = k->m;

    for (uint32_t i = 0; i < m->releases_n; i++)
        sums[m->releases[i].product].releases += m->releases[i].created <= k->at;
    for (uint32_t i = 0; i < m->deployments_n; i++)
        if (soft_live(m->deployments[i].since, m->deployments[i].until, k->at) &&
            soft_sees_org(k, m->deployments[i].org_n))
            sums[m->releases[m->deployments[i].release].product].deployments++;
}

/* Figures of every product, whether it is seen or not: callers pick. */
static struct hn_err sums(const struct soft_scope *k, struct hn_arena *a, struct hn_store_product **ret)
{
    struct soft_tally t;
    uint32_t *at, *list;

    *ret = hn_arena_alloc(a, ((size_t)k->m->products_n + 1) * sizeof **ret);
    if (!*ret)
        return store_nomem(k->s);
    count_things(k, *ret);
    HN_TRY(holders_by_product(k, a, &at, &list));
    HN_TRY(soft_tally_init(&t, k, a));
    for (uint32_t i = 0; i < k->m->products_n; i++)
        sum_up(&t, list + at[i], at[i + 1] - at[i], &(*ret)[i]);
    return HN_OK;
}

static const struct store_soft *sorting; /* of the one thread that a store has at a time */

static int by_name(const void *x, const void *y)
{
    const struct soft_product *a = &sorting->products[((const struct row *)x)->product];
    const struct soft_product *b = &sorting->products[((const struct row *)y)->product];
    int c = hn_str_cmp(a->name, b->name);

    return c ? c : a->n < b->n ? -1 : a->n > b->n;
}

static int by_supplier(const void *x, const void *y)
{
    int c = hn_str_cmp(sorting->products[((const struct row *)x)->product].supplier,
                       sorting->products[((const struct row *)y)->product].supplier);

    return c ? c : by_name(x, y);
}

#define BY_FIGURE(name, field)                                                                                         \
    static int by_##name(const void *x, const void *y)                                                                 \
    {                                                                                                                  \
        const struct row *a = x, *b = y;                                                                               \
        return a->sum.field != b->sum.field ? (a->sum.field < b->sum.field ? -1 : 1) : -by_name(x, y);                 \
    }
BY_FIGURE(vulnerabilities, vulnerabilities)
BY_FIGURE(p, p_any)
BY_FIGURE(newest, newest_sbom)
BY_FIGURE(components, components)

static const struct soft_order orders[] = {
    {"", by_name}, {"name", by_name},          {"supplier", by_supplier},     {"vulnerabilities", by_vulnerabilities},
    {"p", by_p},   {"newest_sbom", by_newest}, {"components", by_components}, {NULL, NULL}};

static struct hn_err sort_rows(struct hn_store *s, struct hn_str sort, struct row *v, size_t n)
{
    sorting = s->soft;
    return soft_sort(s, sort, orders, v, n, sizeof *v);
}

static bool wanted(const struct soft_scope *k, const struct soft_product *x, const struct hn_store_product *sum,
                   const struct hn_store_product_query *qu, const struct store_search *f, int64_t owner)
{
    struct hn_str texts[2] = {x->name, x->supplier};

    if (x->ended || !soft_sees_org(k, x->org_n) || (owner && x->owner != owner))
        return false;
    if (qu->name.n && !hn_str_eq(x->name, qu->name))
        return false;
    if (qu->supplier.n && !hn_str_eq(x->supplier, hn_str_eqc(qu->supplier, "-") ? HN_STR("") : qu->supplier))
        return false;
    if ((qu->vulnerable && !sum->vulnerabilities) || (qu->unknown && !sum->unknown && !sum->without_sbom))
        return false;
    return soft_words(f, texts, 2);
}

struct hn_err hn_store_products(struct hn_store *s, const struct hn_principal *p,
                                const struct hn_store_product_query *qu, struct hn_arena *a,
                                struct hn_store_product **ret, struct hn_listing *ret_listing)
{
    struct soft_scope k;
    struct hn_store_product *sum;
    struct store_search f;
    int64_t owner = 0;
    size_t n = 0, from, to;

    HN_TRY(soft_scope(s, p, qu->org, qu->as_of, a, &k));
    HN_TRY(sums(&k, a, &sum));
    if (qu->owner.n)
        HN_TRY(store_account_of(s, qu->owner, &owner));
    store_search_init(&f, qu->q);
    struct row *rows = hn_arena_alloc(a, ((size_t)k.m->products_n + 1) * sizeof *rows);
    if (!rows)
        return store_nomem(s);
    for (uint32_t i = 0; i < k.m->products_n; i++)
        if (wanted(&k, &k.m->products[i], &sum[i], qu, &f, owner))
            rows[n++] = (struct row){i, sum[i]};
    HN_TRY(sort_rows(s, qu->page.sort, rows, n));
    HN_TRY(soft_page(s, &qu->page, n, a, &from, &to, ret_listing));
    *ret = hn_arena_alloc(a, (to - from + 1) * sizeof **ret);
    if (!*ret)
        return store_nomem(s);
    for (size_t i = from; i < to; i++) {
        (*ret)[i - from] = rows[i].sum;
        HN_TRY(fill(s, k.m->products[rows[i].product].n, a, &(*ret)[i - from]));
    }
    return HN_OK;
}

struct hn_err hn_store_product_get(struct hn_store *s, const struct hn_principal *p, struct hn_str id, hn_time as_of,
                                   struct hn_arena *a, struct hn_store_product *ret)
{
    struct soft_scope k;
    struct hn_store_product *sum;
    struct soft_product_at at;

    HN_TRY(soft_product_need(s, p, id, HN_ROLE_VIEWER, &at));
    HN_TRY(soft_scope(s, p, HN_STR(""), as_of, a, &k));
    HN_TRY(sums(&k, a, &sum));
    *ret = sum[soft_product_of_n(k.m, at.n)];
    return fill(s, at.n, a, ret);
}

struct hn_err hn_store_product_history(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                       struct hn_arena *a, struct hn_store_history **ret, size_t *ret_n)
{
    struct soft_product_at at;

    *ret = NULL;
    *ret_n = 0;
    HN_TRY(soft_product_need(s, p, id, HN_ROLE_VIEWER, &at));
    return store_histories(s, STORE_ON_PRODUCT, at.n, a, ret, ret_n, 0);
}

struct hn_err hn_store_product_find(struct hn_store *s, const struct hn_principal *p, struct hn_str org,
                                    struct hn_str name, struct hn_arena *a, struct hn_str *ret_id)
{
    store_ask(s, p);
    HN_TRY(soft_fresh(s));
    uint32_t at = store_org_at(s, org);
    HN_TRY(store_need(s, p, at, HN_ROLE_VIEWER));
    for (uint32_t i = 0; i < s->soft->products_n; i++) {
        const struct soft_product *x = &s->soft->products[i];
        if (!x->ended && x->org_n == s->orgs[at].n && hn_str_eq(x->name, name)) {
            *ret_id = hn_arena_str(a, x->id);
            return a->failed ? store_nomem(s) : HN_OK;
        }
    }
    return store_fail(s, HN_E_NOENT, "the organisation has no product of this name");
}

static int newest_release(const void *x, const void *y)
{
    const struct hn_store_release *a = x, *b = y;

    return a->created != b->created ? (a->created > b->created ? -1 : 1) : hn_str_cmp(b->version, a->version);
}

static struct hn_err release_sbom(struct hn_store *s, const struct soft_holder *h, struct hn_arena *a,
                                  struct hn_store_release *ret)
{
    struct st q = st_open(s, "SELECT id FROM sbom WHERE n = ?");

    st_int(&q, h->n);
    if (st_row(&q))
        ret->sbom = st_copy(&q, 0, a);
    ret->sbom_since = h->since;
    return st_end(&q);
}

static struct hn_err release_row(const struct soft_scope *k, struct soft_tally *t, uint32_t at, struct hn_arena *a,
                                 struct hn_store_release *ret)
{
    const struct store_soft *m = k->m;
    const struct soft_release *r = &m->releases[at];

    *ret = (struct hn_store_release){.id = hn_arena_str(a, r->id),
                                     .product = hn_arena_str(a, m->products[r->product].id),
                                     .version = hn_arena_str(a, r->version),
                                     .created = r->created};
    soft_tally_begin(t);
    for (uint32_t i = 0; i < m->holders_n; i++)
        if (m->holders[i].release == at && k->holder[i]) {
            soft_tally_add(t, &m->holders[i]);
            HN_TRY(release_sbom(k->s, &m->holders[i], a, ret));
        }
    for (uint32_t d = m->deployment_of_release[at]; d != STORE_NONE; d = m->deployments[d].next_of_release)
        ret->deployments += soft_live(m->deployments[d].since, m->deployments[d].until, k->at) &&
                            soft_sees_org(k, m->deployments[d].org_n);
    ret->components = t->components;
    ret->unknown = t->unknown;
    ret->vulnerabilities = t->vulnerabilities;
    ret->kev = t->kev;
    return HN_OK;
}

struct hn_err hn_store_releases(struct hn_store *s, const struct hn_principal *p, struct hn_str product, hn_time as_of,
                                struct hn_arena *a, struct hn_store_release **ret, size_t *ret_n)
{
    struct soft_scope k;
    struct soft_tally t;
    struct soft_product_at at;
    size_t cap = 0;

    *ret = NULL;
    *ret_n = 0;
    HN_TRY(soft_product_need(s, p, product, HN_ROLE_VIEWER, &at));
    HN_TRY(soft_scope(s, p, HN_STR(""), as_of, a, &k));
    HN_TRY(soft_tally_init(&t, &k, a));
    for (uint32_t i = 0; i < k.m->releases_n; i++)
        if (k.m->products[k.m->releases[i].product].n == at.n && STORE_PUSH(a, *ret, *ret_n, cap))
            HN_TRY(release_row(&k, &t, i, a, &(*ret)[(*ret_n)++]));
    if (*ret && *ret_n)
        qsort(*ret, *ret_n, sizeof **ret, newest_release);
    return a->failed ? store_nomem(s) : HN_OK;
}

/* ---------------------------------------------------------------- suppliers */

static int by_risk(const void *x, const void *y)
{
    const struct hn_store_supplier *a = x, *b = y;

    if (a->kev != b->kev)
        return a->kev > b->kev ? -1 : 1;
    if (a->p_any != b->p_any)
        return a->p_any > b->p_any ? -1 : 1;
    return hn_str_cmp(a->name, b->name);
}

static int by_supplier_name(const void *x, const void *y)
{
    return hn_str_cmp(((const struct hn_store_supplier *)x)->name, ((const struct hn_store_supplier *)y)->name);
}

#define BY_SUPPLIER(field)                                                                                             \
    static int by_supplier_##field(const void *x, const void *y)                                                       \
    {                                                                                                                  \
        const struct hn_store_supplier *a = x, *b = y;                                                                 \
        return a->field != b->field ? (a->field < b->field ? -1 : 1) : by_supplier_name(x, y);                         \
    }
BY_SUPPLIER(products)
BY_SUPPLIER(components)
BY_SUPPLIER(vulnerabilities)
BY_SUPPLIER(p_any)
BY_SUPPLIER(oldest_sbom)
BY_SUPPLIER(contract_next)

static const struct soft_order supplier_orders[] = {{"", by_risk},
                                                    {"name", by_supplier_name},
                                                    {"products", by_supplier_products},
                                                    {"components", by_supplier_components},
                                                    {"vulnerabilities", by_supplier_vulnerabilities},
                                                    {"p", by_supplier_p_any},
                                                    {"oldest_sbom", by_supplier_oldest_sbom},
                                                    {"contract_next", by_supplier_contract_next},
                                                    {NULL, NULL}};

/* One round of the tally for each supplier: products in order of supplier. */
static void supplier_add(struct soft_tally *t, const struct soft_product *x, const struct hn_store_product *sum,
                         const uint32_t *list, uint32_t n, struct hn_store_supplier *o)
{
    const struct store_soft *m = t->k->m;

    o->products++;
    o->releases += sum->releases;
    o->without_sbom += sum->without_sbom;
    o->deployments += sum->deployments;
    for (uint32_t i = 0; i < n; i++) {
        const struct soft_holder *h = &m->holders[list[i]];
        soft_tally_add(t, h);
        if (!o->oldest_sbom || h->since < o->oldest_sbom)
            o->oldest_sbom = h->since;
    }
    if (x->contract_until > t->k->at && (!o->contract_next || x->contract_until < o->contract_next))
        o->contract_next = x->contract_until;
    o->components = t->components;
    o->unknown = t->unknown;
    o->vulnerabilities = t->vulnerabilities;
    o->kev = t->kev;
    o->kev_unknown = t->kev_unknown;
    o->p_any = soft_tally_p(t);
}

static struct hn_err all_suppliers(struct hn_store *s, const struct hn_principal *p,
                                   const struct hn_store_supplier_query *wanted, struct hn_arena *a,
                                   struct hn_store_supplier **ret, size_t *ret_n)
{
    struct store_search words;
    struct soft_scope k;
    struct soft_tally t;
    struct hn_store_product *sum;
    uint32_t *at, *list;
    size_t n = 0, cap = 0;

    *ret = NULL;
    *ret_n = 0;
    store_search_init(&words, wanted->q);
    HN_TRY(soft_scope(s, p, wanted->org, 0, a, &k));
    HN_TRY(sums(&k, a, &sum));
    HN_TRY(holders_by_product(&k, a, &at, &list));
    HN_TRY(soft_tally_init(&t, &k, a));
    struct row *rows = hn_arena_alloc(a, ((size_t)k.m->products_n + 1) * sizeof *rows);
    if (!rows)
        return store_nomem(s);
    for (uint32_t i = 0; i < k.m->products_n; i++)
        if (!k.m->products[i].ended && soft_sees_org(&k, k.m->products[i].org_n) &&
            soft_words(&words, &k.m->products[i].supplier, 1))
            rows[n++] = (struct row){i, sum[i]};
    HN_TRY(sort_rows(s, HN_STR("supplier"), rows, n));
    for (size_t i = 0; i < n; i++) {
        const struct soft_product *x = &k.m->products[rows[i].product];
        if (!*ret_n || !hn_str_eq((*ret)[*ret_n - 1].name, x->supplier)) {
            if (!STORE_PUSH(a, *ret, *ret_n, cap))
                break;
            (*ret)[(*ret_n)++] = (struct hn_store_supplier){.name = hn_arena_str(a, x->supplier)};
            soft_tally_begin(&t);
        }
        uint32_t q = rows[i].product;
        supplier_add(&t, x, &sum[q], list + at[q], at[q + 1] - at[q], &(*ret)[*ret_n - 1]);
    }
    HN_TRY(soft_sort(s, wanted->page.sort, supplier_orders, *ret, *ret_n, sizeof **ret));
    return a->failed ? store_nomem(s) : HN_OK;
}

struct hn_err hn_store_suppliers(struct hn_store *s, const struct hn_principal *p,
                                 const struct hn_store_supplier_query *q, struct hn_arena *a,
                                 struct hn_store_supplier **ret, struct hn_listing *ret_listing)
{
    size_t n, from, to;

    HN_TRY(all_suppliers(s, p, q, a, ret, &n));
    HN_TRY(soft_page(s, &q->page, n, a, &from, &to, ret_listing));
    if (from)
        *ret += from;
    return HN_OK;
}
