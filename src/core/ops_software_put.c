/* What only the program itself hands in, over the role's own socket: a bill of materials that a worker has read, and
 * what a worker found by matching. Nothing hostile is parsed here but the JSON that carries it. */
#include <stdlib.h>

#include "base/hash.h"
#include "core/ops_software.h"
#include "core/registry.h"

static struct hn_err bad(struct hn_op_ctx *c, const char *what)
{
    return hn_op_fail(c, HN_E_INVALID, "error.sbom-shape", "what", what, HN_OP_END);
}

static const struct hn_jv *list(const struct hn_jv *v, const char *key, size_t *n)
{
    const struct hn_jv *l = hn_jv_get(v, key);

    *n = l && l->kind == HN_JV_ARR ? l->n : 0;
    return *n ? l->items : NULL;
}

static struct hn_str text(const struct hn_jv *v, const char *key)
{
    struct hn_str s = hn_jv_str(v, key);

    return s.n ? s : (struct hn_str){"", 0};
}

/* ---------------------------------------------------------------- a bill of materials */

/* As JSON text; empty when it is none. */
static struct hn_str object_text(struct hn_op_ctx *c, const struct hn_jv *v)
{
    HN_AUTO(hn_buf_done) struct hn_buf b = {0};
    struct hn_jw w;

    if (!v || v->kind != HN_JV_OBJ)
        return (struct hn_str){"", 0};
    hn_buf_init(&b, 1 << 16);
    hn_jw_init(&w, &b);
    hn_jw_value(&w, v);
    return hn_arena_str(c->arena, hn_buf_text(&b));
}

static struct hn_err components_read(struct hn_op_ctx *c, struct hn_store_sbom_in *in)
{
    size_t n;
    const struct hn_jv *v = list(c->args, "components", &n);
    struct hn_store_component_in *k = hn_arena_alloc(c->arena, (n + 1) * sizeof *k);

    if (!k)
        return (struct hn_err){HN_E_NOMEM};
    for (size_t i = 0; i < n; i++)
        k[i] = (struct hn_store_component_in){.ecosystem = text(&v[i], "ecosystem"),
                                              .name = text(&v[i], "name"),
                                              .version = text(&v[i], "version"),
                                              .source = text(&v[i], "source"),
                                              .source_version = text(&v[i], "source_version"),
                                              .type = text(&v[i], "type"),
                                              .licence = text(&v[i], "licence"),
                                              .purl = text(&v[i], "purl"),
                                              .cpe = text(&v[i], "cpe"),
                                              .supplier = text(&v[i], "supplier"),
                                              .lookup = object_text(c, hn_jv_get(&v[i], "lookup"))};
    in->components = k;
    in->n_components = n;
    return HN_OK;
}

/* [[from, to], …]; from -1 is the subject. */
static struct hn_err edges_read(struct hn_op_ctx *c, struct hn_store_sbom_in *in)
{
    size_t n, m;
    const struct hn_jv *v = list(c->args, "edges", &n), *s = list(c->args, "stated", &m);
    struct hn_store_edge *e = hn_arena_alloc(c->arena, (n + 1) * sizeof *e);
    uint32_t *stated = hn_arena_alloc(c->arena, (m + 1) * sizeof *stated);

    if (!e || !stated)
        return (struct hn_err){HN_E_NOMEM};
    for (size_t i = 0; i < n; i++) {
        if (v[i].kind != HN_JV_ARR || v[i].n != 2 || v[i].items[0].kind != HN_JV_INT ||
            v[i].items[1].kind != HN_JV_INT || v[i].items[0].i < -1 || v[i].items[0].i >= UINT32_MAX ||
            v[i].items[1].i < 0 || v[i].items[1].i >= UINT32_MAX)
            return bad(c, "edges");
        e[i].from = v[i].items[0].i < 0 ? HN_STORE_SUBJECT : (uint32_t)v[i].items[0].i;
        e[i].to = (uint32_t)v[i].items[1].i;
    }
    for (size_t i = 0; i < m; i++) {
        if (s[i].kind != HN_JV_INT || s[i].i < 0 || s[i].i >= UINT32_MAX)
            return bad(c, "stated");
        stated[i] = (uint32_t)s[i].i;
    }
    in->edges = e;
    in->n_edges = n;
    in->stated = stated;
    in->n_stated = m;
    return HN_OK;
}

/* By id, or by name within an organisation; made when nobody has it and the caller says so by naming it. */
static struct hn_err product_of(struct hn_op_ctx *c, struct hn_str *ret)
{
    struct hn_str org = ops_arg(c, "org"), name = ops_arg(c, "name");

    *ret = ops_arg(c, "product");
    if (ret->n)
        return HN_OK;
    if (!name.n)
        return bad(c, "product");
    org = org.n ? org : HN_STR(HN_STORE_ROOT);
    struct hn_err e = hn_store_product_find(c->store, c->who, org, name, c->arena, ret);
    if (e.code != HN_E_NOENT)
        return ops_store(c, e);
    struct hn_store_product_in in = {.org = org, .name = name, .supplier = ops_arg(c, "supplier")};
    return ops_store(c, hn_store_product_put(c->store, c->who, &in, c->arena, ret));
}

static struct hn_err sbom_put(struct hn_op_ctx *c)
{
    struct hn_str document = ops_arg(c, "document"), upload = ops_arg(c, "upload");
    struct hn_store_sbom_result r;
    struct hn_store_sbom_in in = {.version = ops_arg(c, "version"),
                                  .raw = hn_str_bytes(document),
                                  .family = ops_arg(c, "family"),
                                  .spec = ops_arg(c, "spec"),
                                  .subject = ops_arg(c, "subject"),
                                  .author = ops_arg(c, "author"),
                                  .made_at = ops_arg_time(c, "made_at")};

    if (upload.n)
        OPS_STORE(hn_store_upload_raw(c->store, c->who, upload, c->arena, &in.raw));
    else if (!document.n)
        return bad(c, "document");
    hn_sha256(in.raw, in.sha256);
    HN_TRY(ops_upload_behalf(c));
    HN_TRY(components_read(c, &in));
    HN_TRY(edges_read(c, &in));
    HN_TRY(ops_arg_json(c, "quality", &in.quality));
    HN_TRY(ops_arg_json(c, "problems", &in.problems));
    HN_TRY(product_of(c, &in.product));
    OPS_STORE(hn_store_sbom_put(c->store, c->who, &in, c->arena, &r));
    hn_jw_obj(c->w);
    hn_jw_kstr(c->w, "id", r.id);
    hn_jw_kstr(c->w, "product", in.product);
    hn_jw_kstr(c->w, "release", r.release);
    hn_jw_kbool(c->w, "known", r.known);
    ops_kcount(c->w, "components", in.n_components);
    ops_kcount(c->w, "new_components", r.fresh);
    ops_kopt(c->w, "replaces", r.former);
    hn_jw_obj_end(c->w);
    return HN_OK;
}

/* ---------------------------------------------------------------- components to be matched */

static struct hn_err rows(struct hn_op_ctx *c)
{
    struct hn_store_component_row *r;
    struct hn_jw *w = c->w;
    uint64_t after = (uint64_t)hn_jv_int(c->args, "after", 0), fresh = 0;
    size_t n;

    if (hn_jv_bool(c->args, "unjudged", false))
        OPS_STORE(hn_store_component_unjudged(c->store, c->who, &fresh));
    after = fresh > after + 1 ? fresh - 1 : after;
    OPS_STORE(hn_store_component_rows(c->store, c->who, after, 50000, c->arena, &r, &n));
    hn_jw_obj(w);
    hn_jw_kbool(w, "more", n == 50000);
    hn_jw_kint(w, "last", n ? (int64_t)r[n - 1].n : 0); /* before the rows: who only hands them on need not read them */
    hn_jw_key(w, "rows");
    hn_jw_arr(w);
    for (size_t i = 0; i < n; i++) {
        hn_jw_arr(w);
        hn_jw_int(w, (int64_t)r[i].n);
        hn_jw_str(w, r[i].ecosystem);
        hn_jw_str(w, r[i].name);
        hn_jw_str(w, r[i].version);
        hn_jw_str(w, r[i].source);
        hn_jw_str(w, r[i].source_version);
        hn_jw_str(w, r[i].type);
        hn_jw_str(w, r[i].purl);
        hn_jw_str(w, r[i].cpe);
        hn_jw_str(w, r[i].lookup);
        hn_jw_arr_end(w);
    }
    hn_jw_arr_end(w);
    hn_jw_obj_end(w);
    return HN_OK;
}

/* ---------------------------------------------------------------- a matching pass */

static struct hn_err time_of(const struct hn_jv *v, const char *key, hn_time *ret)
{
    struct hn_str s = hn_jv_str(v, key);

    *ret = 0;
    return !s.n || hn_time_parse(s, ret) ? HN_OK : (struct hn_err){HN_E_INVALID};
}

static int tri(const struct hn_jv *v, const char *key)
{
    const struct hn_jv *b = hn_jv_get(v, key);

    return b && b->kind == HN_JV_BOOL ? b->b : -1;
}

static struct hn_err advisory_read(struct hn_op_ctx *c, const struct hn_jv *v, struct hn_store_advisory *x)
{
    HN_AUTO(hn_buf_done) struct hn_buf b = {0};
    const struct hn_jv *aliases = hn_jv_get(v, "aliases");
    enum hn_severity sev;
    struct hn_jw w;

    *x = (struct hn_store_advisory){.id = text(v, "id"),
                                    .source = text(v, "source"),
                                    .summary = text(v, "summary"),
                                    .vector = text(v, "vector"),
                                    .impact = text(v, "impact"),
                                    .licence = text(v, "licence"),
                                    .severity = hn_severity_parse(hn_jv_str(v, "severity"), &sev) ? (int)sev : -1,
                                    .cvss = hn_jv_num(v, "cvss", -1),
                                    .epss = hn_jv_num(v, "epss", -1),
                                    .kev = tri(v, "kev"),
                                    .automatable = tri(v, "automatable")};
    if (aliases && aliases->kind == HN_JV_ARR) {
        hn_buf_init(&b, 1 << 20);
        hn_jw_init(&w, &b);
        hn_jw_value(&w, aliases);
        x->aliases = hn_arena_str(c->arena, hn_buf_text(&b));
    }
    HN_TRY(time_of(v, "published", &x->published));
    HN_TRY(time_of(v, "modified", &x->modified));
    return time_of(v, "withdrawn", &x->withdrawn);
}

static struct hn_err advisories_read(struct hn_op_ctx *c, struct hn_store_match_run_in *in)
{
    size_t n;
    const struct hn_jv *v = list(c->args, "advisories", &n);
    struct hn_store_advisory *x = hn_arena_alloc(c->arena, (n + 1) * sizeof *x);

    if (!x)
        return (struct hn_err){HN_E_NOMEM};
    for (size_t i = 0; i < n; i++)
        if (!hn_ok(advisory_read(c, &v[i], &x[i])))
            return bad(c, "advisories");
    in->advisories = x;
    in->n_advisories = n;
    return HN_OK;
}

/* [component, advisory, confidence, fixed, why] */
static struct hn_err matches_read(struct hn_op_ctx *c, struct hn_store_match_run_in *in)
{
    size_t n;
    const struct hn_jv *v = list(c->args, "matches", &n);
    struct hn_store_match_in *m = hn_arena_alloc(c->arena, (n + 1) * sizeof *m);

    if (!m)
        return (struct hn_err){HN_E_NOMEM};
    for (size_t i = 0; i < n; i++) {
        const struct hn_jv *k = v[i].items;
        if (v[i].kind != HN_JV_ARR || v[i].n != 5 || k[0].kind != HN_JV_INT || k[1].kind != HN_JV_INT ||
            k[2].kind != HN_JV_INT || k[3].kind != HN_JV_STR || k[4].kind != HN_JV_STR || k[0].i < 0 || k[1].i < 0 ||
            k[1].i >= UINT32_MAX || k[2].i < 0 || k[2].i > 100)
            return bad(c, "matches");
        m[i] = (struct hn_store_match_in){.component = (uint64_t)k[0].i,
                                          .advisory = (uint32_t)k[1].i,
                                          .confidence = (unsigned)k[2].i,
                                          .fixed = k[3].s,
                                          .why = k[4].s};
    }
    in->matches = m;
    in->n_matches = n;
    return HN_OK;
}

static struct hn_err unknown_read(struct hn_op_ctx *c, struct hn_store_match_run_in *in)
{
    size_t n;
    const struct hn_jv *v = list(c->args, "unknown", &n);
    struct hn_store_unknown_in *u = hn_arena_alloc(c->arena, (n + 1) * sizeof *u);

    if (!u)
        return (struct hn_err){HN_E_NOMEM};
    for (size_t i = 0; i < n; i++) {
        if (v[i].kind != HN_JV_ARR || v[i].n != 2 || v[i].items[0].kind != HN_JV_INT || v[i].items[0].i < 0 ||
            v[i].items[1].kind != HN_JV_STR || !v[i].items[1].s.n)
            return bad(c, "unknown");
        u[i] = (struct hn_store_unknown_in){(uint64_t)v[i].items[0].i, v[i].items[1].s};
    }
    in->unknown = u;
    in->n_unknown = n;
    return HN_OK;
}

static struct hn_err matches_put(struct hn_op_ctx *c)
{
    struct hn_store_match_result r;
    struct hn_store_match_run_in in = {.feed_at = ops_arg_time(c, "feed_at"),
                                       .duration_ns = hn_jv_int(c->args, "duration_ms", 0) * 1000000};

    in.part = hn_jv_get(c->args, "upto") != NULL;
    in.from = (uint64_t)hn_jv_int(c->args, "from", 0);
    in.upto = (uint64_t)hn_jv_int(c->args, "upto", INT64_MAX);
    HN_TRY(ops_arg_json(c, "feeds", &in.feeds));
    HN_TRY(advisories_read(c, &in));
    HN_TRY(matches_read(c, &in));
    HN_TRY(unknown_read(c, &in));
    OPS_STORE(hn_store_matches_put(c->store, c->who, &in, &r));
    hn_jw_obj(c->w);
    ops_kcount(c->w, "components", r.components);
    ops_kcount(c->w, "unknown", r.unknown);
    ops_kcount(c->w, "matches", r.matches);
    ops_kcount(c->w, "opened", r.opened);
    ops_kcount(c->w, "closed", r.closed);
    ops_kcount(c->w, "held", (uint64_t)hn_jv_int(c->args, "held", 0));
    hn_jw_obj_end(c->w);
    return HN_OK;
}

static const struct hn_op_param sbom_params[] = {
    {"product", HN_IN_BODY, HN_PT_STR, false, NULL, "product id", 0, 128},
    {"name", HN_IN_BODY, HN_PT_STR, false, NULL, "or its name; made when new", 0, 1024},
    {"org", HN_IN_BODY, HN_PT_STR, false, NULL, "organisation of the name (default: root)", 0, 128},
    {"supplier", HN_IN_BODY, HN_PT_STR, false, NULL, "of a new product", 0, 1024},
    {"version", HN_IN_BODY, HN_PT_STR, true, NULL, "version of the product", 0, 1024},
    {"document", HN_IN_BODY, HN_PT_STR, false, NULL, "the document as it came", 0, HN_OP_UPLOAD_MOST},
    {"upload", HN_IN_BODY, HN_PT_STR, false, NULL, "or the upload that holds it, on behalf of who sent it", 0, 128},
    {"family", HN_IN_BODY, HN_PT_STR, false, NULL, "CycloneDX, SPDX, …", 0, 64},
    {"spec", HN_IN_BODY, HN_PT_STR, false, NULL, "version of the format", 0, 64},
    {"subject", HN_IN_BODY, HN_PT_STR, false, NULL, "what the document describes", 0, 4096},
    {"author", HN_IN_BODY, HN_PT_STR, false, NULL, "who made it", 0, 4096},
    {"made_at", HN_IN_BODY, HN_PT_TIME, false, NULL, "when it was made", 0, 64},
    {"quality", HN_IN_BODY, HN_PT_OBJ, false, NULL, "verdicts", 0, 0},
    {"problems", HN_IN_BODY, HN_PT_ARR, false, NULL, "what is wrong with it", 0, 0},
    {"components", HN_IN_BODY, HN_PT_ARR, true, NULL, "what it lists", 0, 0},
    {"edges", HN_IN_BODY, HN_PT_ARR, false, NULL, "[from, to], from -1 = the subject", 0, 0},
    {"stated", HN_IN_BODY, HN_PT_ARR, false, NULL, "positions whose dependencies are stated", 0, 0},
    OPS_END};
static const struct hn_op_param rows_params[] = {
    {"after", HN_IN_BODY, HN_PT_INT, false, NULL, "number of the last row of the page before", 0, INT64_MAX},
    {"unjudged", HN_IN_BODY, HN_PT_BOOL, false, NULL, "from the first that no pass has looked at", 0, 0},
    OPS_END};
static const struct hn_op_param match_params[] = {
    {"feed_at", HN_IN_BODY, HN_PT_TIME, true, NULL, "newest date of the data used", 0, 64},
    {"feeds", HN_IN_BODY, HN_PT_ARR, false, NULL, "the feeds used", 0, 0},
    {"from", HN_IN_BODY, HN_PT_INT, false, NULL, "with upto: only components with these numbers were judged", 0,
     INT64_MAX},
    {"upto", HN_IN_BODY, HN_PT_INT, false, NULL, "others are left alone", 0, INT64_MAX},
    {"held", HN_IN_BODY, HN_PT_INT, false, NULL, "matches held back, with the reason at the component", 0, INT64_MAX},
    {"duration_ms", HN_IN_BODY, HN_PT_INT, false, NULL, "how long it took", 0, INT32_MAX},
    {"advisories", HN_IN_BODY, HN_PT_ARR, false, NULL, "that matched", 0, 0},
    {"matches", HN_IN_BODY, HN_PT_ARR, false, NULL, "[component, advisory, confidence, fixed, why]", 0, 0},
    {"unknown", HN_IN_BODY, HN_PT_ARR, false, NULL, "[component, why]", 0, 0},
    OPS_END};

const struct hn_op hn_ops_software_put[] = {
    {"sboms.put", NULL, NULL, HN_NEED_LOCAL, HN_OP_CHANGES, sbom_params, NULL,
     "Takes a bill of materials that was read", sbom_put},
    {"components.rows", NULL, NULL, HN_NEED_LOCAL, 0, rows_params, NULL, "Every component, for matching", rows},
    {"matches.put", NULL, NULL, HN_NEED_LOCAL, HN_OP_CHANGES, match_params, NULL, "Takes what a matching pass found",
     matches_put},
    {0}};
