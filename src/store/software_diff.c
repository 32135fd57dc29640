/* Two dates side by side: which vulnerabilities came and went. Both are questions "as of". */
#include "store/software_in.h"

static struct hn_err all_at(struct hn_store *s, const struct hn_principal *p, struct hn_str org, struct hn_str product,
                            hn_time at, struct hn_arena *a, struct hn_store_vuln **ret, struct hn_listing *l)
{
    struct hn_store_vuln_query q = {
        .org = org, .product = product, .as_of = at, .page = {.limit = HN_PAGE_MOST, .sort = HN_STR_INIT("id")}};

    return hn_store_vulns(s, p, &q, a, ret, l);
}

static struct hn_err put(struct hn_arena *a, const struct hn_store_vuln *v, bool appeared,
                         struct hn_store_software_diff **ret, size_t *n, size_t *cap)
{
    if (!STORE_PUSH(a, *ret, *n, *cap))
        return (struct hn_err){HN_E_NOMEM};
    (*ret)[(*n)++] = (struct hn_store_software_diff){.vuln = v->id,
                                                     .summary = v->summary,
                                                     .appeared = appeared,
                                                     .severity = v->severity,
                                                     .kev = v->kev,
                                                     .cvss = v->cvss,
                                                     .epss = v->epss,
                                                     .holders = v->releases + v->assets};
    return HN_OK;
}

struct hn_err hn_store_software_diff(struct hn_store *s, const struct hn_principal *p, struct hn_str org,
                                     struct hn_str product, hn_time from, hn_time to, struct hn_arena *a,
                                     struct hn_store_software_diff **ret, size_t *ret_n)
{
    struct hn_store_vuln *x, *y;
    struct hn_listing nx, ny;
    size_t i = 0, k = 0, cap = 0;

    *ret = NULL;
    *ret_n = 0;
    HN_TRY(all_at(s, p, org, product, from, a, &x, &nx));
    HN_TRY(all_at(s, p, org, product, to, a, &y, &ny));
    while (i < nx.n || k < ny.n) {
        int c = i == nx.n ? 1 : k == ny.n ? -1 : hn_str_cmp(x[i].id, y[k].id);
        if (c)
            HN_TRY(put(a, c < 0 ? &x[i] : &y[k], c > 0, ret, ret_n, &cap));
        i += c <= 0;
        k += c >= 0;
    }
    return a->failed ? store_nomem(s) : HN_OK;
}
