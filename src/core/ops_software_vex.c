/* Statements of a VEX document that a worker has read (`hinomi sbom vex ingest`): put to one product, or to every
 * product of a supplier. Taken in again, a document adds nothing. */
#include "core/ops_software.h"

#include "format/name/purl.h"
#include "format/version/vers.h"

static struct hn_str text(const struct hn_jv *v, const char *key)
{
    struct hn_str s = hn_jv_str(v, key);

    return s.n ? s : (struct hn_str){"", 0};
}

/* The products that are meant: by id, by name within an organisation, or all of a supplier. */
static struct hn_err products_of(struct hn_op_ctx *c, struct hn_store_product **ret, size_t *ret_n)
{
    struct hn_str id = ops_arg(c, "product"), name = ops_arg(c, "name"), org = ops_arg(c, "org");
    struct hn_listing l;
    struct hn_store_product_query q = {.org = org, .supplier = ops_arg(c, "supplier"), .page = {.limit = HN_PAGE_MOST}};

    org = org.n ? org : HN_STR(HN_STORE_ROOT);
    if (!id.n && name.n)
        OPS_STORE(hn_store_product_find(c->store, c->who, org, name, c->arena, &id));
    if (!id.n && !q.supplier.n)
        return hn_op_fail(c, HN_E_INVALID, "error.sbom-shape", "what", "product", HN_OP_END);
    if (!id.n) {
        OPS_STORE(hn_store_products(c->store, c->who, &q, c->arena, ret, &l));
        *ret_n = l.n;
        return HN_OK;
    }
    *ret = HN_NEW(c->arena, struct hn_store_product);
    *ret_n = 1;
    return *ret ? ops_store(c, hn_store_product_get(c->store, c->who, id, 0, c->arena, *ret))
                : (struct hn_err){HN_E_NOMEM};
}

static bool has_version(struct hn_str purl)
{
    ptrdiff_t at = hn_str_chr(purl, '@'), slash = 0;

    for (size_t i = 0; i < purl.n && purl.p[i] != '@' && purl.p[i] != '?' && purl.p[i] != '#'; i++)
        slash = purl.p[i] == '/' ? (ptrdiff_t)i : slash;
    return at > slash && (size_t)at + 1 < purl.n;
}

/* Which component is meant; empty: the product as a whole, when the statement names it. Some versions of the product
 * are named by its package URL too: the store finds those of its releases that are meant. */
static struct hn_str component_of(const struct hn_store_product *p, const struct hn_jv *v)
{
    struct hn_str product = text(v, "product"), part = text(v, "subcomponent");

    if (part.n)
        return part;
    if (!hn_str_starts(product, "pkg:"))
        return (struct hn_str){"", 0};
    return hn_store_vex_has_range(product) || has_version(product) || !hn_store_vex_names(product, p->name)
               ? product
               : (struct hn_str){"", 0};
}

bool ops_software_covers(struct hn_str said, struct hn_str purl, struct hn_str version)
{
    struct hn_arena a;
    struct hn_purl x, y;
    bool in;

    hn_arena_init(&a, (size_t)1 << 24);
    in = hn_purl_parse(&a, said, &x, NULL);
    if (in && purl.n)
        in = hn_purl_parse(&a, purl, &y, NULL) && hn_purl_covers(&a, &x, &y);
    else if (in && !hn_purl_qualifier(&x, "vers").n)
        in = hn_str_eq(x.version, version);
    else if (in)
        in = hn_vers_holds(&a, hn_purl_qualifier(&x, "vers"), version) == HN_VERS_IN;
    hn_arena_done(&a);
    return in;
}

/* One that says no time is dated by when it came: that tells nothing apart. */
static bool known(const struct hn_store_vex *old, size_t n, const struct hn_store_vex_in *in, bool dated)
{
    for (size_t i = 0; i < n; i++)
        if (hn_str_eq(old[i].vuln, in->vuln) && hn_str_eq(old[i].purl, in->purl) && old[i].status == in->status &&
            (!dated || old[i].at == in->at) && hn_str_eq(old[i].document, in->document) &&
            hn_str_eq(old[i].version, in->version))
            return true;
    return false;
}

/* About some versions of the product in a way that cannot be kept: in words, or of a part of those versions. To take it
 * for all would hide too much. */
static bool about_some(const struct hn_jv *v)
{
    struct hn_str product = text(v, "product"), part = text(v, "subcomponent");

    return hn_str_starts(product, "versions ") || hn_str_starts(part, "versions ") ||
           (part.n && hn_store_vex_has_range(product));
}

/* A part of one version of the product ("pkg:generic/acme/front@1" and a subcomponent): of that release only. */
static struct hn_str release_of(struct hn_arena *a, const struct hn_store_product *p, const struct hn_jv *v)
{
    struct hn_str product = text(v, "product");
    struct hn_purl u;

    return text(v, "subcomponent").n && hn_str_starts(product, "pkg:") && hn_store_vex_names(product, p->name) &&
                   hn_purl_parse(a, product, &u, NULL)
               ? u.version
               : HN_STR("");
}

/* Of a part of another product of those that were meant. */
static bool about_other(const struct hn_store_product *list, size_t n, size_t i, const struct hn_jv *v)
{
    struct hn_str product = text(v, "product");

    if (!text(v, "subcomponent").n || !hn_str_starts(product, "pkg:") || hn_store_vex_names(product, list[i].name))
        return false;
    for (size_t k = 0; k < n; k++)
        if (hn_store_vex_names(product, list[k].name))
            return true;
    return false;
}

struct taken {
    uint64_t put, known, refused, not_allowed;
};

static struct hn_err take_one(struct hn_op_ctx *c, const struct hn_store_product *p, const struct hn_jv *v,
                              struct taken *t)
{
    struct hn_store_vex *old = NULL;
    struct hn_listing l = {0};
    struct hn_str version = ops_arg(c, "version");
    struct hn_str id, reason = text(v, "justification"), impact = text(v, "impact"), action = text(v, "action");
    struct hn_store_vex_in in = {.product = p->id,
                                 .version = version.n ? version : release_of(c->arena, p, v),
                                 .purl = component_of(p, v),
                                 .vuln = text(v, "vulnerability"),
                                 .justification = reason,
                                 .author = text(v, "author"),
                                 .origin = ops_arg(c, "origin"),
                                 .document = ops_arg(c, "document"),
                                 .trust = (unsigned)hn_jv_int(c->args, "trust", 50)};
    struct hn_str at = text(v, "time");

    if (about_some(v) || !hn_vex_status_parse(hn_jv_str(v, "status"), &in.status) ||
        (at.n && !hn_time_parse(at, &in.at))) {
        t->refused++;
        return HN_OK;
    }
    bool dated = in.at != 0;
    in.at = dated ? in.at : c->now;
    in.statement = in.status == HN_VEX_AFFECTED && action.n ? action : impact;
    if (in.status == HN_VEX_AFFECTED && !in.statement.n)
        in.statement = HN_STR("The source states no action.");
    struct hn_store_vex_query q = {.product = p->id, .vuln = in.vuln, .page = {.limit = HN_PAGE_MOST}};
    OPS_STORE(hn_store_vexes(c->store, c->who, &q, c->arena, &old, &l));
    if (known(old, l.n, &in, dated)) {
        t->known++;
        return HN_OK;
    }
    struct hn_err e = hn_store_vex_put(c->store, c->who, &in, c->arena, &id);
    if (e.code != HN_E_INVALID && e.code != HN_E_PERM && !hn_ok(e))
        return ops_store(c, e);
    t->put += hn_ok(e);
    t->not_allowed += e.code == HN_E_PERM; /* takes an approver */
    t->refused +=
        e.code == HN_E_INVALID; /* without a reason, about something that is no package, or some versions only */
    return HN_OK;
}

static struct hn_err take(struct hn_op_ctx *c)
{
    struct hn_store_product *p = NULL;
    struct taken t = {0};
    size_t n = 0;
    const struct hn_jv *list = hn_jv_get(c->args, "statements");

    HN_TRY(ops_upload_behalf(c));
    HN_TRY(products_of(c, &p, &n));
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; list && list->kind == HN_JV_ARR && k < list->n; k++)
            if (!hn_str_eqc(hn_jv_str(&list->items[k], "state"), "in-force"))
                t.refused += !hn_str_eqc(hn_jv_str(&list->items[k], "state"), "superseded");
            else if (!about_other(p, n, i, &list->items[k]))
                HN_TRY(take_one(c, &p[i], &list->items[k], &t));
    hn_jw_obj(c->w);
    ops_kcount(c->w, "products", n);
    ops_kcount(c->w, "statements", t.put);
    ops_kcount(c->w, "known", t.known);
    ops_kcount(c->w, "refused", t.refused);
    ops_kcount(c->w, "not_allowed", t.not_allowed);
    hn_jw_obj_end(c->w);
    return HN_OK;
}

static const struct hn_op_param take_params[] = {
    {"product", HN_IN_BODY, HN_PT_STR, false, NULL, "product id", 0, 128},
    {"name", HN_IN_BODY, HN_PT_STR, false, NULL, "or its name", 0, 1024},
    {"supplier", HN_IN_BODY, HN_PT_STR, false, NULL, "or all products of a supplier", 0, 1024},
    {"org", HN_IN_BODY, HN_PT_STR, false, NULL, "organisation of the name (default: root)", 0, 128},
    {"version", HN_IN_BODY, HN_PT_STR, false, NULL, "only this version of it", 0, 1024},
    {"origin", HN_IN_BODY, HN_PT_STR, false, NULL, "openvex, csaf, cyclonedx, spdx", 0, 64},
    {"document", HN_IN_BODY, HN_PT_STR, false, NULL, "file or id of the document", 0, 4096},
    {"trust", HN_IN_BODY, HN_PT_INT, false, NULL, "more counts first; default 50, own statements 100", 0, 100},
    {"upload", HN_IN_BODY, HN_PT_STR, false, NULL, "upload that it came by: on behalf of who sent it", 0, 128},
    {"statements", HN_IN_BODY, HN_PT_ARR, true, NULL, "as `hinomi sbom vex list` gives them", 0, 0},
    OPS_END};

const struct hn_op hn_ops_software_vex[] = {{"statements.take", NULL, NULL, HN_NEED_LOCAL, HN_OP_CHANGES, take_params,
                                             NULL, "Takes the statements of a VEX document", take},
                                            {0}};
