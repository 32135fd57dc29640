/* Smallest set of upgrades that closes the most: greedy set cover over (package → version).
 *
 * Raising a package to version V closes every finding of it whose fix is V or lower in the order of its ecosystem; what
 * two packages close never overlaps. So the greedy choice for a package is the lowest version that closes everything of
 * it, and the greedy order is by what that closes. Risk is −log(1 − EPSS) over findings, so that it adds up; what has
 * no EPSS counts by a small share, known exploited ones first. */
#include "core/ops_software.h"

#include <math.h>
#include <stdlib.h>

#include "format/version/version.h"

struct fix {
    const struct hn_store_upgrade_row *row;
    double risk;
    bool closed;
};

struct package {
    struct fix *v; /* its rows, by fixed version rising */
    size_t n;
    double left; /* risk that its highest version would close */
    size_t best; /* row whose version is taken */
};

/* Without EPSS: the share of a vulnerability of which nothing is known to be exploited. */
static double risk_of(const struct hn_store_upgrade_row *r)
{
    double epss = r->kev == 1 ? 0.9 : r->epss < 0 ? 0.01 : r->epss;

    return -log1p(-(epss < 0.999 ? epss : 0.999)) * (double)r->findings;
}

static int order(const struct hn_store_upgrade_row *a, const struct hn_store_upgrade_row *b)
{
    return hn_version_cmp(hn_version_order_of_ecosystem(a->ecosystem), hn_str_bytes(a->fixed), hn_str_bytes(b->fixed));
}

static int by_version(const void *x, const void *y)
{
    return order(((const struct fix *)x)->row, ((const struct fix *)y)->row);
}

/* The lowest version that closes all that the highest would: the last one that closes anything. */
static void weigh(struct package *p)
{
    p->left = 0;
    for (size_t i = 0; i < p->n; i++)
        if (!p->v[i].closed) {
            p->left += p->v[i].risk;
            p->best = i;
        }
}

static int by_risk(const void *x, const void *y)
{
    const struct package *a = x, *b = y;

    return a->left != b->left ? (a->left > b->left ? -1 : 1) : hn_str_cmp(a->v[0].row->package, b->v[0].row->package);
}

static bool same_package(const struct hn_store_upgrade_row *a, const struct hn_store_upgrade_row *b)
{
    return hn_str_eq(a->ecosystem, b->ecosystem) && hn_str_eq(a->package, b->package);
}

/* A vulnerability of which some rows have no fix, or another one in another branch, keeps those rows. */
static size_t packages(struct hn_op_ctx *c, struct hn_store_upgrade_row *r, size_t n, struct package **ret, double *all,
                       uint64_t *without)
{
    struct package *p = hn_arena_alloc(c->arena, (n + 1) * sizeof *p);
    struct fix *v = hn_arena_alloc(c->arena, (n + 1) * sizeof *v);
    size_t k = 0, m = 0;

    *ret = p;
    for (size_t i = 0; p && v && i < n; i++) {
        double risk = risk_of(&r[i]);
        *all += risk;
        if (!r[i].fixed.n) {
            *without += r[i].findings;
            continue;
        }
        v[k] = (struct fix){&r[i], risk, false};
        if (!m || !same_package(p[m - 1].v[0].row, &r[i]))
            p[m++] = (struct package){.v = &v[k]};
        p[m - 1].n++;
        k++;
    }
    for (size_t i = 0; i < m; i++) {
        qsort(p[i].v, p[i].n, sizeof *p[i].v, by_version);
        weigh(&p[i]);
    }
    if (m)
        qsort(p, m, sizeof *p, by_risk);
    return m;
}

static void upgrade_write(struct hn_op_ctx *c, const struct package *p, double all, double *so_far)
{
    const struct hn_store_upgrade_row *top = p->v[p->best].row;
    struct hn_jw *w = c->w;
    uint64_t findings = 0, vulns = 0, kev = 0, kev_unknown = 0;

    for (size_t i = 0; i < p->n; i++) {
        findings += p->v[i].row->findings;
        vulns++;
        kev += p->v[i].row->kev == 1;
        kev_unknown += p->v[i].row->kev < 0;
    }
    *so_far += p->left;
    hn_jw_obj(w);
    hn_jw_kstr(w, "ecosystem", top->ecosystem);
    hn_jw_kstr(w, "package", top->package);
    hn_jw_kstr(w, "to", top->fixed);
    ops_kcount(w, "vulnerabilities", vulns);
    ops_kcount(w, "findings", findings);
    ops_kcount(w, "kev", kev);
    ops_kcount(w, "kev_unknown", kev_unknown);
    ops_kp(w, "share", all > 0 ? p->left / all : 0);
    ops_kp(w, "share_so_far", all > 0 ? *so_far / all : 0);
    hn_jw_obj_end(w);
}

struct hn_err ops_upgrades(struct hn_op_ctx *c)
{
    struct hn_store_upgrade_row *r;
    struct package *p;
    struct hn_str product;
    uint64_t without = 0, from = 0, limit = ops_page(c).limit;
    double all = 0, so_far = 0;
    size_t n;

    if (hn_str_eqc(ops_arg(c, "format"), "csv"))
        return ops_csv(c, ops_upgrades);
    if (ops_arg(c, "cursor").n && !hn_str_u64(ops_arg(c, "cursor"), 10, &from))
        return (struct hn_err){HN_E_INVALID};
    HN_TRY(ops_product(c, "product", &product));
    OPS_STORE(hn_store_upgrade_rows(c->store, c->who, ops_arg(c, "org"), product, c->arena, &r, &n));
    n = packages(c, r, n, &p, &all, &without);
    if (c->arena->failed)
        return (struct hn_err){HN_E_NOMEM};
    from = from < n ? from : n;
    for (size_t i = 0; i < from; i++)
        so_far += p[i].left;
    size_t to = n - from > limit ? (size_t)(from + limit) : n;
    hn_jw_obj(c->w);
    hn_jw_key(c->w, "items");
    hn_jw_arr(c->w);
    for (size_t i = (size_t)from; i < to; i++)
        upgrade_write(c, &p[i], all, &so_far);
    hn_jw_arr_end(c->w);
    if (to < n)
        hn_jw_kstr(c->w, "next", hn_arena_fmt(c->arena, "%zu", to));
    else
        ops_knull(c->w, "next");
    ops_kcount(c->w, "total", n);
    ops_kcount(c->w, "without_fix", without);
    hn_jw_obj_end(c->w);
    return HN_OK;
}
