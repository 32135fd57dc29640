/* Components, vulnerabilities, what came and went, statements, feeds. */
#include <stdlib.h>

#include "core/ops_software.h"
#include "core/registry.h"

static bool csv(const struct hn_op_ctx *c)
{
    return hn_str_eqc(ops_arg(c, "format"), "csv");
}

/* ---------------------------------------------------------------- components */

static const char *const states[] = {"unjudged", "judged", "unknown"};

/* Matches of a component are held back when the document shows that they would be false: why, and by what. */
static void held_back(struct hn_jw *w, const struct hn_store_component *k)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    const struct hn_jv *v = NULL;

    hn_arena_init(&a, 1u << 20);
    if (k->lookup.n)
        v = hn_jv_parse(&a, hn_str_bytes(k->lookup), NULL);
    hn_jw_kstr(w, "held", hn_jv_str(v, "held"));
    hn_jw_kstr(w, "held_by", hn_jv_str(v, "evidence"));
}

void ops_component_members(struct hn_jw *w, const struct hn_store_component *k)
{
    hn_jw_kstr(w, "id", k->id);
    hn_jw_kstr(w, "ecosystem", k->ecosystem);
    hn_jw_kstr(w, "name", k->name);
    hn_jw_kstr(w, "version", k->version);
    hn_jw_kstr(w, "source", k->source);
    hn_jw_kstr(w, "source_version", k->source_version);
    hn_jw_kstr(w, "type", k->type);
    hn_jw_kstr(w, "licence", k->licence);
    hn_jw_kstr(w, "supplier", k->supplier);
    hn_jw_kstr(w, "purl", k->purl);
    hn_jw_kstr(w, "cpe", k->cpe);
    hn_jw_kc(w, "state", states[k->state <= HN_COMPONENT_UNKNOWN ? k->state : 0]);
    hn_jw_kstr(w, "why_unknown", k->why_unknown);
    held_back(w, k);
    ops_kcount(w, "releases", k->releases);
    ops_kcount(w, "assets", k->assets);
    ops_kcount(w, "vulnerabilities", k->vulnerabilities);
    ops_kcount(w, "kev", k->kev);
    ops_kp_any(w, k->p_any, k->vulnerabilities, k->state == HN_COMPONENT_JUDGED);
}

static struct hn_err components(struct hn_op_ctx *c)
{
    struct hn_store_component *k;
    struct hn_listing l;
    struct hn_store_component_query q = {.org = ops_arg(c, "org"),
                                         .q = ops_arg(c, "q"),
                                         .release = ops_arg(c, "release"),
                                         .sbom = ops_arg(c, "sbom"),
                                         .asset = ops_arg(c, "asset"),
                                         .ecosystem = ops_arg(c, "ecosystem"),
                                         .name = ops_arg(c, "name"),
                                         .licence = ops_arg(c, "licence"),
                                         .vuln = ops_arg(c, "vuln"),
                                         .vulnerable = hn_jv_bool(c->args, "vulnerable", false),
                                         .unknown = hn_jv_bool(c->args, "unknown", false),
                                         .as_of = ops_arg_time(c, "as_of"),
                                         .page = ops_page(c)};

    if (csv(c))
        return ops_csv(c, components);
    HN_TRY(ops_product(c, "product", &q.product));
    OPS_STORE(hn_store_components(c->store, c->who, &q, c->arena, &k, &l));
    ops_list_begin(c);
    for (size_t i = 0; i < l.n; i++) {
        hn_jw_obj(c->w);
        ops_component_members(c->w, &k[i]);
        hn_jw_obj_end(c->w);
    }
    ops_list_end(c, &l);
    return HN_OK;
}

static struct hn_err paths(struct hn_op_ctx *c, struct hn_str id)
{
    struct hn_store_path *p;
    struct hn_jw *w = c->w;
    uint64_t total;
    size_t n;

    OPS_STORE(hn_store_component_paths(c->store, c->who, id, 50, c->arena, &p, &n, &total));
    ops_kcount(w, "paths_total", total);
    hn_jw_key(w, "paths");
    hn_jw_arr(w);
    for (size_t i = 0; i < n; i++) {
        hn_jw_obj(w);
        ops_id_name(w, "product", p[i].product, p[i].product_name);
        hn_jw_kstr(w, "version", p[i].version);
        hn_jw_kstr(w, "sbom", p[i].sbom);
        hn_jw_kbool(w, "stated", p[i].stated);
        hn_jw_key(w, "steps");
        hn_jw_arr(w);
        for (size_t k = 0; k < p[i].n; k++) {
            hn_jw_obj(w);
            hn_jw_kstr(w, "id", p[i].steps[k].id);
            hn_jw_kstr(w, "name", p[i].steps[k].name);
            hn_jw_kstr(w, "version", p[i].steps[k].version);
            hn_jw_obj_end(w);
        }
        hn_jw_arr_end(w);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
    return HN_OK;
}

static struct hn_err component(struct hn_op_ctx *c)
{
    struct hn_store_component k;

    OPS_STORE(hn_store_component_get(c->store, c->who, ops_arg(c, "id"), ops_arg_time(c, "as_of"), c->arena, &k));
    hn_jw_obj(c->w);
    ops_component_members(c->w, &k);
    HN_TRY(paths(c, k.id));
    hn_jw_obj_end(c->w);
    return HN_OK;
}

static struct hn_err facet(struct hn_op_ctx *c, const char *key, bool licences)
{
    struct hn_store_facet *f;
    size_t n;

    OPS_STORE(hn_store_component_facets(c->store, c->who, ops_arg(c, "org"), licences, c->arena, &f, &n));
    hn_jw_key(c->w, key);
    hn_jw_arr(c->w);
    for (size_t i = 0; i < n && i < 500; i++) {
        hn_jw_obj(c->w);
        hn_jw_kstr(c->w, "value", f[i].value);
        ops_kcount(c->w, "components", f[i].components);
        ops_kcount(c->w, "unknown", f[i].unknown);
        hn_jw_obj_end(c->w);
    }
    hn_jw_arr_end(c->w);
    return HN_OK;
}

static struct hn_err facets(struct hn_op_ctx *c)
{
    hn_jw_obj(c->w);
    HN_TRY(facet(c, "ecosystems", false));
    HN_TRY(facet(c, "licences", true));
    hn_jw_obj_end(c->w);
    return HN_OK;
}

/* ---------------------------------------------------------------- vulnerabilities */

static void severity(struct hn_jw *w, int s)
{
    hn_jw_key(w, "severity");
    if (s < 0)
        hn_jw_null(w);
    else
        hn_jw_c(w, hn_severity_name((enum hn_severity)(s > 4 ? 4 : s)));
}

void ops_vuln_members(struct hn_op_ctx *c, const struct hn_store_vuln *v)
{
    struct hn_jw *w = c->w;

    hn_jw_kstr(w, "id", v->id);
    hn_jw_kstr(w, "summary", v->summary);
    severity(w, v->severity);
    ops_kknown(w, "cvss", v->cvss);
    hn_jw_kstr(w, "vector", v->vector);
    ops_kknown(w, "epss", v->epss);
    ops_ktri(w, "kev", v->kev);
    ops_ktri(w, "automatable", v->automatable);
    hn_jw_key(w, "impact");
    if (v->impact.n)
        hn_jw_str(w, v->impact);
    else
        hn_jw_null(w);
    hn_jw_kstr(w, "fixed", v->fixed);
    hn_jw_ktime(w, "published", v->published);
    hn_jw_ktime(w, "first_matched", v->first_matched);
    ops_kcount(w, "components", v->components);
    ops_kcount(w, "products", v->products);
    ops_kcount(w, "releases", v->releases);
    ops_kcount(w, "assets", v->assets);
    ops_kcount(w, "answered", v->answered);
}

static struct hn_err vulns(struct hn_op_ctx *c)
{
    struct hn_store_vuln *v;
    struct hn_listing l;
    struct hn_store_vuln_query q = {.org = ops_arg(c, "org"),
                                    .q = ops_arg(c, "q"),
                                    .release = ops_arg(c, "release"),
                                    .component = ops_arg(c, "component"),
                                    .asset = ops_arg(c, "asset"),
                                    .kev = hn_jv_bool(c->args, "kev", false),
                                    .answered = hn_jv_bool(c->args, "answered", false),
                                    .as_of = ops_arg_time(c, "as_of"),
                                    .page = ops_page(c)};
    enum hn_severity least;

    if (csv(c))
        return ops_csv(c, vulns);
    if (hn_severity_parse(ops_arg(c, "severity"), &least))
        q.severity_min = (int)least;
    HN_TRY(ops_product(c, "product", &q.product));
    OPS_STORE(hn_store_vulns(c->store, c->who, &q, c->arena, &v, &l));
    ops_list_begin(c);
    for (size_t i = 0; i < l.n; i++) {
        hn_jw_obj(c->w);
        ops_vuln_members(c, &v[i]);
        /* The list looks at no host: who is exposed is shown where one vulnerability is. */
        ops_vuln_due(c, &v[i], OPS_EXPOSURE_UNKNOWN, v[i].first_matched);
        hn_jw_obj_end(c->w);
    }
    ops_list_end(c, &l);
    return HN_OK;
}

static void advisory(struct hn_jw *w, const struct hn_store_advisory *x)
{
    hn_jw_obj(w);
    hn_jw_kstr(w, "id", x->id);
    hn_jw_kstr(w, "source", x->source);
    ops_kraw(w, "aliases", x->aliases, "[]");
    hn_jw_kstr(w, "summary", x->summary);
    severity(w, x->severity);
    ops_kknown(w, "cvss", x->cvss);
    hn_jw_kstr(w, "vector", x->vector);
    hn_jw_ktime(w, "published", x->published);
    hn_jw_ktime(w, "modified", x->modified);
    hn_jw_kstr(w, "licence", x->licence);
    hn_jw_obj_end(w);
}

/* Hosts that are looked at for one answer: the most critical ones first. What is beyond is unknown, and said so. */
#define LOOKED_AT 20

struct host {
    const struct hn_store_reach_asset *asset;
    struct ops_host seen;
};

static int most_critical(const void *x, const void *y)
{
    const struct host *a = x, *b = y;

    if (a->asset->criticality != b->asset->criticality)
        return a->asset->criticality > b->asset->criticality ? -1 : 1;
    return hn_str_cmp(a->asset->name, b->asset->name);
}

static struct hn_err look_at(struct hn_op_ctx *c, const struct hn_store_reach *r, struct host **ret, size_t *ret_n)
{
    struct host *h = hn_arena_alloc(c->arena, (r->n_assets + 1) * sizeof *h);

    if (!h)
        return (struct hn_err){HN_E_NOMEM};
    for (size_t i = 0; i < r->n_assets; i++)
        h[i] = (struct host){&r->assets[i], {.why = "not-looked-at"}};
    if (r->n_assets)
        qsort(h, r->n_assets, sizeof *h, most_critical);
    for (size_t i = 0; i < r->n_assets && i < LOOKED_AT; i++) {
        const struct hn_store_reach_asset *a = h[i].asset;
        struct hn_str package = a->n_components ? r->components[a->components[0]].name : (struct hn_str){"", 0};
        HN_TRY(ops_host_look(c, a->id, package, &h[i].seen));
    }
    *ret = h;
    *ret_n = r->n_assets;
    return HN_OK;
}

static enum ops_exposure worst(const struct host *h, size_t n, bool elsewhere)
{
    enum ops_exposure e = elsewhere || !n ? OPS_EXPOSURE_UNKNOWN : OPS_EXPOSURE_NO;

    for (size_t i = 0; i < n; i++) {
        if (h[i].seen.exposure == OPS_EXPOSURE_YES)
            return OPS_EXPOSURE_YES;
        if (h[i].seen.exposure == OPS_EXPOSURE_UNKNOWN)
            e = OPS_EXPOSURE_UNKNOWN;
    }
    return e;
}

static void host_write(struct hn_op_ctx *c, const struct hn_store_vuln *v, const struct host *h)
{
    struct hn_jw *w = c->w;

    hn_jw_obj(w);
    hn_jw_kstr(w, "id", h->asset->id);
    hn_jw_kstr(w, "name", h->asset->name);
    ops_org_ref(w, h->asset->org, h->asset->org_name_en, h->asset->org_name_ja);
    hn_jw_knum(w, "criticality", h->asset->criticality);
    hn_jw_kbool(w, "by_packages", h->asset->n_components > 0);
    hn_jw_kc(w, "exposed", ops_exposure_name(h->seen.exposure));
    hn_jw_kc(w, "why", h->seen.why);
    ops_kopt(w, "listener", h->seen.listener);
    ops_kopt(w, "process", h->seen.process);
    ops_vuln_due(c, v, h->seen.exposure, v->first_matched);
    hn_jw_obj_end(w);
}

static void affected_write(struct hn_op_ctx *c, const struct hn_store_reach *r)
{
    struct hn_jw *w = c->w;

    hn_jw_key(w, "affected");
    hn_jw_arr(w);
    for (size_t i = 0; i < r->n_releases && i < 500; i++) {
        const struct hn_store_reach_release *x = &r->releases[i];
        hn_jw_obj(w);
        ops_id_name(w, "product", x->product, x->product_name);
        hn_jw_kstr(w, "version", x->version);
        hn_jw_kstr(w, "supplier", x->supplier);
        ops_org_ref(w, x->org, x->org_name_en, x->org_name_ja);
        ops_id_name(w, "owner", x->owner, x->owner_name);
        hn_jw_kc(w, "statement", hn_vex_status_name(x->vex));
        ops_kopt(w, "statement_id", x->vex_id);
        hn_jw_kint(w, "components", x->n_components);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
    ops_kcount(w, "affected_total", r->n_releases);
}

static struct hn_err vuln(struct hn_op_ctx *c)
{
    struct hn_store_vuln v;
    struct hn_store_reach r;
    struct host *h;
    struct hn_jw *w = c->w;
    size_t n;
    hn_time as_of = ops_arg_time(c, "as_of");

    OPS_STORE(hn_store_vuln_get(c->store, c->who, ops_arg(c, "id"), as_of, c->arena, &v));
    OPS_STORE(
        hn_store_reach(c->store, c->who, &(struct hn_store_reach_query){.vuln = v.id, .as_of = as_of}, c->arena, &r));
    HN_TRY(look_at(c, &r, &h, &n));
    enum ops_exposure exposed = worst(h, n, r.n_deployments < r.n_releases);
    hn_jw_obj(w);
    ops_vuln_members(c, &v);
    hn_jw_kc(w, "exposed", ops_exposure_name(exposed));
    ops_kcount(w, "looked_at", n < LOOKED_AT ? n : LOOKED_AT);
    ops_kcount(w, "hosts_total", n);
    ops_vuln_due(c, &v, exposed, v.first_matched);
    hn_jw_key(w, "advisories");
    hn_jw_arr(w);
    for (size_t i = 0; i < v.n_advisories; i++)
        advisory(w, v.advisories[i]);
    hn_jw_arr_end(w);
    hn_jw_key(w, "hosts");
    hn_jw_arr(w);
    for (size_t i = 0; i < n && i < 500; i++)
        host_write(c, &v, &h[i]);
    hn_jw_arr_end(w);
    affected_write(c, &r);
    hn_jw_obj_end(w);
    return HN_OK;
}

/* ---------------------------------------------------------------- two dates */

static struct hn_err changes(struct hn_op_ctx *c)
{
    struct hn_store_software_diff *d;
    struct hn_listing l = {0};
    hn_time to = ops_arg_time(c, "to");
    struct hn_str product;

    if (csv(c))
        return ops_csv(c, changes);
    HN_TRY(ops_product(c, "product", &product));
    OPS_STORE(hn_store_software_diff(c->store, c->who, ops_arg(c, "org"), product, ops_arg_time(c, "from"),
                                     to ? to : c->now, c->arena, &d, &l.n));
    l.total = l.n;
    ops_list_begin(c);
    for (size_t i = 0; i < l.n; i++) {
        hn_jw_obj(c->w);
        hn_jw_kstr(c->w, "id", d[i].vuln);
        hn_jw_kc(c->w, "change", d[i].appeared ? "appeared" : "went");
        hn_jw_kstr(c->w, "summary", d[i].summary);
        severity(c->w, d[i].severity);
        ops_kknown(c->w, "cvss", d[i].cvss);
        ops_kknown(c->w, "epss", d[i].epss);
        ops_ktri(c->w, "kev", d[i].kev);
        ops_kcount(c->w, "holders", d[i].holders);
        hn_jw_obj_end(c->w);
    }
    ops_list_end(c, &l);
    return HN_OK;
}

/* ---------------------------------------------------------------- statements */

static void statement_write(struct hn_jw *w, const struct hn_store_vex *v)
{
    hn_jw_obj(w);
    hn_jw_kstr(w, "id", v->id);
    hn_jw_kstr(w, "vuln", v->vuln);
    hn_jw_kc(w, "status", hn_vex_status_name(v->status));
    ops_id_name(w, "product", v->product, v->product_name);
    hn_jw_kstr(w, "version", v->version);
    hn_jw_kstr(w, "purl", v->purl);
    hn_jw_kstr(w, "justification", v->justification);
    hn_jw_kstr(w, "statement", v->statement);
    hn_jw_kstr(w, "author", v->author);
    hn_jw_kstr(w, "origin", v->origin);
    hn_jw_kstr(w, "document", v->document);
    hn_jw_kint(w, "trust", v->trust);
    ops_org_ref(w, v->org, v->org_name_en, v->org_name_ja);
    hn_jw_ktime(w, "at", v->at);
    hn_jw_ktime(w, "expires", v->expires);
    hn_jw_ktime(w, "put_at", v->put_at);
    hn_jw_kstr(w, "put_by", v->put_by);
    hn_jw_ktime(w, "ended_at", v->ended_at);
    hn_jw_kbool(w, "in_force", v->in_force);
    hn_jw_obj_end(w);
}

static struct hn_err statements(struct hn_op_ctx *c)
{
    struct hn_store_vex *v;
    struct hn_listing l;
    struct hn_store_vex_query q = {.org = ops_arg(c, "org"),
                                   .vuln = ops_arg(c, "vuln"),
                                   .q = ops_arg(c, "q"),
                                   .with_ended = hn_jv_bool(c->args, "ended", false),
                                   .page = ops_page(c)};

    if (csv(c))
        return ops_csv(c, statements);
    HN_TRY(ops_product(c, "product", &q.product));
    OPS_STORE(hn_store_vexes(c->store, c->who, &q, c->arena, &v, &l));
    ops_list_begin(c);
    for (size_t i = 0; i < l.n; i++)
        statement_write(c->w, &v[i]);
    ops_list_end(c, &l);
    return HN_OK;
}

static struct hn_err statement_put(struct hn_op_ctx *c)
{
    struct hn_str id, author = ops_arg(c, "author");
    struct hn_store_vex v;
    struct hn_store_vex_in in = {.version = ops_arg(c, "version"),
                                 .purl = ops_arg(c, "purl"),
                                 .vuln = ops_arg(c, "vuln"),
                                 .org = ops_arg(c, "org"),
                                 .justification = ops_arg(c, "justification"),
                                 .statement = ops_arg(c, "statement"),
                                 .author = author.n ? author : c->who->name,
                                 .origin = ops_arg(c, "origin"),
                                 .document = ops_arg(c, "document"),
                                 .trust = (unsigned)hn_jv_int(c->args, "trust", 100),
                                 .at = ops_arg_time(c, "at"),
                                 .expires = ops_arg_time(c, "expires")};

    HN_TRY(ops_product(c, "product", &in.product));
    if (!hn_vex_status_parse(ops_arg(c, "status"), &in.status))
        return (struct hn_err){HN_E_INVALID};
    OPS_STORE(hn_store_vex_put(c->store, c->who, &in, c->arena, &id));
    OPS_STORE(hn_store_vex_get(c->store, c->who, id, c->arena, &v));
    statement_write(c->w, &v);
    return HN_OK;
}

static struct hn_err statement_end(struct hn_op_ctx *c)
{
    OPS_STORE(hn_store_vex_end(c->store, c->who, ops_arg(c, "id")));
    return ops_done(c);
}

/* OpenVEX 0.2.0: one document with every statement in force that one may see. */
static struct hn_err statements_out(struct hn_op_ctx *c)
{
    struct hn_store_vex *v;
    struct hn_listing l;
    struct hn_jw *w = c->w;
    struct hn_store_vex_query q = {.org = ops_arg(c, "org"), .page = {.limit = HN_PAGE_MOST}};

    HN_TRY(ops_product(c, "product", &q.product));
    OPS_STORE(hn_store_vexes(c->store, c->who, &q, c->arena, &v, &l));
    hn_jw_obj(w);
    hn_jw_kc(w, "@context", "https://openvex.dev/ns/v0.2.0");
    hn_jw_kstr(w, "@id", hn_arena_fmt(c->arena, "urn:hinomi:vex:%lld", (long long)c->now));
    hn_jw_kstr(w, "author", c->who->name);
    hn_jw_ktime(w, "timestamp", c->now);
    hn_jw_kint(w, "version", 1);
    hn_jw_key(w, "statements");
    hn_jw_arr(w);
    for (size_t i = 0; i < l.n; i++) {
        struct hn_str product = v[i].product.n
                                    ? hn_arena_fmt(c->arena, "urn:hinomi:product:%.*s%s%.*s", HN_FMT(v[i].product),
                                                   v[i].version.n ? "@" : "", HN_FMT(v[i].version))
                                    : hn_arena_fmt(c->arena, "urn:hinomi:organisation:%.*s", HN_FMT(v[i].org));
        hn_jw_obj(w);
        hn_jw_key(w, "vulnerability");
        hn_jw_obj(w);
        hn_jw_kstr(w, "name", v[i].vuln);
        hn_jw_obj_end(w);
        hn_jw_ktime(w, "timestamp", v[i].at);
        hn_jw_key(w, "products");
        hn_jw_arr(w);
        hn_jw_obj(w);
        hn_jw_kstr(w, "@id", product);
        if (v[i].purl.n) {
            hn_jw_key(w, "subcomponents");
            hn_jw_arr(w);
            hn_jw_obj(w);
            hn_jw_kstr(w, "@id", v[i].purl);
            hn_jw_obj_end(w);
            hn_jw_arr_end(w);
        }
        hn_jw_obj_end(w);
        hn_jw_arr_end(w);
        hn_jw_kc(w, "status", hn_vex_status_name(v[i].status));
        ops_kopt(w, "justification", v[i].justification);
        if (v[i].statement.n)
            hn_jw_kstr(w, v[i].status == HN_VEX_AFFECTED ? "action_statement" : "impact_statement", v[i].statement);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
    hn_jw_obj_end(w);
    return HN_OK;
}

/* ---------------------------------------------------------------- feeds and matching passes */

static struct hn_err feeds(struct hn_op_ctx *c)
{
    struct hn_store_match_run *r;
    struct hn_jw *w = c->w;
    size_t n;

    OPS_STORE(hn_store_match_runs(c->store, c->who, 20, c->arena, &r, &n));
    hn_jw_obj(w);
    ops_kraw(w, "feeds", n ? r[0].feeds : (struct hn_str){"", 0}, "[]");
    hn_jw_key(w, "passes");
    hn_jw_arr(w);
    for (size_t i = 0; i < n; i++) {
        hn_jw_obj(w);
        hn_jw_ktime(w, "at", r[i].at);
        hn_jw_kstr(w, "by", r[i].by);
        hn_jw_ktime(w, "feed_at", r[i].feed_at);
        ops_kcount(w, "components", r[i].components);
        ops_kcount(w, "unknown", r[i].unknown);
        ops_kcount(w, "matches", r[i].matches);
        ops_kcount(w, "opened", r[i].opened);
        ops_kcount(w, "closed", r[i].closed);
        hn_jw_knum(w, "duration_ms", (double)r[i].duration_ns / 1000000);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
    hn_jw_obj_end(w);
    return HN_OK;
}

/* ---------------------------------------------------------------- the table */

static const struct hn_op_param component_list_params[] = {
    OPS_ORG,
    OPS_Q,
    OPS_QUERY("product", "product, by id or name"),
    OPS_QUERY("release", "id of a version of a product"),
    OPS_QUERY("sbom", "id of a bill of materials, also of a former one"),
    OPS_QUERY("asset", "asset id: packages of a host"),
    OPS_QUERY("ecosystem", "exactly; - = none"),
    OPS_QUERY("name", "exactly"),
    OPS_QUERY("licence", "exactly; - = none"),
    OPS_QUERY("vuln", "id or alias of a vulnerability"),
    {"vulnerable", HN_IN_QUERY, HN_PT_BOOL, false, NULL, "only with known vulnerabilities", 0, 0},
    {"unknown", HN_IN_QUERY, HN_PT_BOOL, false, NULL, "only those that could not be judged, or were not yet", 0, 0},
    OPS_AS_OF,
    {"sort", HN_IN_QUERY, HN_PT_STR, false,
     "vulnerabilities -vulnerabilities name -name holders -holders ecosystem -ecosystem licence -licence",
     "default: -vulnerabilities", 0, 0},
    OPS_PAGE,
    OPS_CSV,
    OPS_END};
static const struct hn_op_param id_as_of_params[] = {OPS_PATH_ID, OPS_AS_OF, OPS_END};
static const struct hn_op_param id_params[] = {OPS_PATH_ID, OPS_END};
static const struct hn_op_param org_params[] = {OPS_ORG, OPS_END};
static const struct hn_op_param vuln_list_params[] = {
    OPS_ORG,
    OPS_Q,
    OPS_QUERY("product", "product, by id or name"),
    OPS_QUERY("release", "id of a version of a product"),
    OPS_QUERY("component", "component id"),
    OPS_QUERY("asset", "asset id: by the packages of a host"),
    {"kev", HN_IN_QUERY, HN_PT_BOOL, false, NULL, "only those known to be exploited", 0, 0},
    {"answered", HN_IN_QUERY, HN_PT_BOOL, false, NULL, "also those that statements answer everywhere", 0, 0},
    {"severity", HN_IN_QUERY, HN_PT_STR, false, "info low medium high critical", "at least", 0, 0},
    OPS_AS_OF,
    {"sort", HN_IN_QUERY, HN_PT_STR, false, "risk -risk cvss -cvss holders -holders id -id published -published",
     "default: -risk (known exploited, then EPSS, then CVSS)", 0, 0},
    OPS_PAGE,
    OPS_CSV,
    OPS_END};
static const struct hn_op_param change_params[] = {
    OPS_ORG,
    OPS_QUERY("product", "product, by id or name"),
    {"from", HN_IN_QUERY, HN_PT_TIME, true, NULL, "the earlier date", 0, 64},
    {"to", HN_IN_QUERY, HN_PT_TIME, false, NULL, "default: now", 0, 64},
    OPS_PAGE,
    OPS_CSV,
    OPS_END};
static const struct hn_op_param statement_list_params[] = {
    OPS_ORG,
    OPS_Q,
    OPS_QUERY("product", "product, by id or name"),
    OPS_QUERY("vuln", "exactly"),
    {"ended", HN_IN_QUERY, HN_PT_BOOL, false, NULL, "also those that have ended or expired", 0, 0},
    {"sort", HN_IN_QUERY, HN_PT_STR, false,
     "at -at vuln -vuln status -status product -product author -author expires -expires", "default: -at", 0, 0},
    OPS_PAGE,
    OPS_CSV,
    OPS_END};
static const struct hn_op_param statement_params[] = {
    {"vuln", HN_IN_BODY, HN_PT_STR, true, NULL, "vulnerability, by any of its names", 0, 256},
    {"status", HN_IN_BODY, HN_PT_STR, true, "not_affected affected fixed under_investigation", "status", 0, 0},
    {"product", HN_IN_BODY, HN_PT_STR, false, NULL, "product, by id or name; none: every product of org", 0, 128},
    {"version", HN_IN_BODY, HN_PT_STR, false, NULL, "only this version of it", 0, 1024},
    {"purl", HN_IN_BODY, HN_PT_STR, false, NULL, "only this component; without version: all of them", 0, 8192},
    {"org", HN_IN_BODY, HN_PT_STR, false, NULL, "default: the product's", 0, 128},
    {"justification", HN_IN_BODY, HN_PT_STR, false, NULL, "word of OpenVEX; needed for not_affected, or statement", 0,
     256},
    {"statement", HN_IN_BODY, HN_PT_STR, false, NULL, "impact, or what is to be done; needed for affected", 0, 65536},
    {"author", HN_IN_BODY, HN_PT_STR, false, NULL, "default: who asks", 0, 1024},
    {"origin", HN_IN_BODY, HN_PT_STR, false, NULL, "own, openvex, csaf, cyclonedx, spdx", 0, 64},
    {"document", HN_IN_BODY, HN_PT_STR, false, NULL, "id of the document it comes from", 0, 4096},
    {"trust", HN_IN_BODY, HN_PT_INT, false, NULL, "more counts first; own statements: 100", 0, 100},
    {"at", HN_IN_BODY, HN_PT_TIME, false, NULL, "when it was said; default: now", 0, 64},
    {"expires", HN_IN_BODY, HN_PT_TIME, false, NULL, "until when it holds", 0, 64},
    OPS_END};
static const struct hn_op_param statement_out_params[] = {OPS_ORG, OPS_QUERY("product", "product, by id or name"),
                                                          OPS_END};
static const struct hn_op_param reach_params[] = {
    OPS_ORG,
    {"of", HN_IN_QUERY, HN_PT_STR, true, NULL, "id or alias of a vulnerability, or package URL (without version: all)",
     0, 8192},
    OPS_QUERY("open", "groups of the graph that are shown in full, separated by blanks"),
    OPS_AS_OF,
    {"rows", HN_IN_QUERY, HN_PT_STR, false, "graph releases assets deployments",
     "graph (default), or one of the tables behind it", 0, 0},
    OPS_PAGE,
    OPS_CSV,
    OPS_END};
static const struct hn_op_param upgrade_params[] = {OPS_ORG, OPS_QUERY("product", "product, by id or name"), OPS_PAGE,
                                                    OPS_CSV, OPS_END};

const struct hn_op hn_ops_software_vulns[] = {
    {"components.list", "GET", "software/components", HN_NEED_VIEWER, HN_OP_BIG, component_list_params, "components",
     "Components, each once, with how many hold it", components},
    {"components.get", "GET", "software/components/{id}", HN_NEED_VIEWER, 0, id_as_of_params, "component",
     "One component, and what pulls it in", component},
    {"components.facets", "GET", "software/facets", HN_NEED_VIEWER, 0, org_params, "software_facets",
     "How many components of each ecosystem and licence", facets},
    {"vulnerabilities.list", "GET", "software/vulnerabilities", HN_NEED_VIEWER, HN_OP_BIG, vuln_list_params,
     "vulnerabilities", "Vulnerabilities with how much they touch and by when they are due", vulns},
    {"vulnerabilities.get", "GET", "software/vulnerabilities/{id}", HN_NEED_VIEWER, 0, id_as_of_params, "vulnerability",
     "One vulnerability: who is affected, who must act by when", vuln},
    {"software.reach", "GET", "software/reach", HN_NEED_VIEWER, HN_OP_BIG, reach_params, "software_reach",
     "How far a vulnerability or a component reaches: components, products, hosts, services, customers", ops_reach},
    {"software.upgrades", "GET", "software/upgrades", HN_NEED_VIEWER, HN_OP_BIG, upgrade_params, "software_upgrades",
     "Smallest set of upgrades that closes the most", ops_upgrades},
    {"software.changes", "GET", "software/changes", HN_NEED_VIEWER, HN_OP_BIG, change_params, "software_changes",
     "Vulnerabilities that came and went between two dates", changes},
    {"software.feeds", "GET", "software/feeds", HN_NEED_VIEWER, 0, NULL, "software_feeds",
     "Advisory data that the last matching pass used, and the passes", feeds},
    {"statements.list", "GET", "software/statements", HN_NEED_VIEWER, HN_OP_BIG, statement_list_params, "statements",
     "Statements about vulnerabilities (VEX)", statements},
    {"statements.create", "POST", "software/statements", HN_NEED_OPERATOR, HN_OP_CHANGES, statement_params, "statement",
     "A statement; not_affected and fixed need approver", statement_put},
    {"statements.end", "DELETE", "software/statements/{id}", HN_NEED_OPERATOR, HN_OP_CHANGES, id_params, "done",
     "Withdraws a statement", statement_end},
    {"statements.openvex", "GET", "software/openvex", HN_NEED_VIEWER, HN_OP_BIG, statement_out_params, NULL,
     "The statements in force as an OpenVEX document", statements_out},
    {0}};
