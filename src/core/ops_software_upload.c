/* Bills of materials and VEX documents over HTTP. What came is kept as it came; nothing looks into it here. A worker
 * that may open nothing reads it (cli/uploads.c, the door of `hinomi sbom ingest`), on behalf of whoever sent it and
 * with the rights that they have then. */
#include <stdio.h>

#include "core/msg.h"
#include "core/ops_software.h"
#include "core/store_role.h"

/* ---------------------------------------------------------------- answers */

/* How the release stands now: what was found is not what was found then. */
static struct hn_err found_write(struct hn_op_ctx *c, const struct hn_jv *result)
{
    struct hn_str product = hn_jv_str(result, "product"), release = hn_jv_str(result, "release");
    struct hn_store_release *r = NULL;
    size_t n = 0;

    if (!product.n || !release.n)
        return HN_OK;
    struct hn_err e = hn_store_releases(c->store, c->who, product, 0, c->arena, &r, &n);
    if (!hn_ok(e))
        return e.code == HN_E_NOENT ? HN_OK : ops_store(c, e);
    for (size_t i = 0; i < n; i++) {
        if (!hn_str_eq(r[i].id, release))
            continue;
        hn_jw_key(c->w, "found");
        hn_jw_obj(c->w);
        hn_jw_kstr(c->w, "version", r[i].version);
        ops_kcount(c->w, "components", r[i].components);
        ops_kcount(c->w, "unknown", r[i].unknown);
        ops_kcount(c->w, "vulnerabilities", r[i].vulnerabilities);
        ops_kcount(c->w, "kev", r[i].kev);
        hn_jw_obj_end(c->w);
    }
    return HN_OK;
}

static struct hn_err upload_members(struct hn_op_ctx *c, const struct hn_store_upload *u)
{
    struct hn_jw *w = c->w;

    hn_jw_kstr(w, "id", u->id);
    ops_org_ref(w, u->org, u->org_name_en, u->org_name_ja);
    hn_jw_kstr(w, "kind", u->kind);
    hn_jw_kstr(w, "file", u->file);
    ops_kraw(w, "asked", u->args, "{}");
    ops_kcount(w, "bytes", u->bytes);
    hn_jw_kstr(w, "sha256", u->sha256);
    hn_jw_kstr(w, "state", u->state);
    hn_jw_kstr(w, "put_by", u->put_by);
    hn_jw_ktime(w, "put_at", u->put_at);
    hn_jw_ktime(w, "ended_at", u->ended_at);
    ops_kraw(w, "result", u->result, "{}");
    return HN_OK;
}

static struct hn_err upload_write(struct hn_op_ctx *c, struct hn_str id)
{
    struct hn_store_upload u;

    OPS_STORE(hn_store_upload_get(c->store, c->who, id, c->arena, &u));
    hn_jw_obj(c->w);
    HN_TRY(upload_members(c, &u));
    if (u.result.n)
        HN_TRY(found_write(c, hn_jv_parse(c->arena, hn_str_bytes(u.result), NULL)));
    hn_jw_obj_end(c->w);
    return HN_OK;
}

static struct hn_err get(struct hn_op_ctx *c)
{
    return upload_write(c, ops_arg(c, "id"));
}

static struct hn_err list(struct hn_op_ctx *c)
{
    struct hn_store_upload *u;
    struct hn_listing l;
    struct hn_page page = ops_page(c);

    if (hn_str_eqc(ops_arg(c, "format"), "csv"))
        return ops_csv(c, list);
    OPS_STORE(hn_store_uploads(c->store, c->who, ops_arg(c, "org"), ops_arg(c, "state"), &page, c->arena, &u, &l));
    ops_list_begin(c);
    for (size_t i = 0; i < l.n; i++) {
        hn_jw_obj(c->w);
        HN_TRY(upload_members(c, &u[i]));
        hn_jw_obj_end(c->w);
    }
    ops_list_end(c, &l);
    return HN_OK;
}

/* ---------------------------------------------------------------- taking in */

/* Where it belongs: with its product, when there is one already. */
static struct hn_err org_of(struct hn_op_ctx *c, struct hn_str *ret)
{
    struct hn_str product = ops_arg(c, "product"), name = ops_arg(c, "name"), org = ops_arg(c, "org");
    struct hn_store_product p;

    *ret = org.n ? org : HN_STR(HN_STORE_ROOT);
    if (!product.n && !name.n && (!ops_arg(c, "supplier").n || !hn_str_eqc(ops_arg(c, "kind"), "vex")))
        return hn_op_fail(c, HN_E_INVALID, "error.sbom-shape", "what", "product", HN_OP_END);
    if (!product.n && name.n) {
        struct hn_err e = hn_store_product_find(c->store, c->who, *ret, name, c->arena, &product);
        if (!hn_ok(e) && e.code != HN_E_NOENT)
            return ops_store(c, e);
        if (e.code == HN_E_NOENT && hn_str_eqc(ops_arg(c, "kind"), "vex"))
            return ops_store(c, e);
    }
    if (!product.n)
        return HN_OK;
    OPS_STORE(hn_store_product_get(c->store, c->who, product, 0, c->arena, &p));
    *ret = p.org;
    return HN_OK;
}

static struct hn_str args_text(struct hn_op_ctx *c)
{
    static const char *const kept[] = {"product", "name", "org", "supplier", "version", "trust"};
    HN_AUTO(hn_buf_done) struct hn_buf b = {0};
    struct hn_jw w;

    hn_buf_init(&b, 64u << 10);
    hn_jw_init(&w, &b);
    hn_jw_obj(&w);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        const struct hn_jv *v = hn_jv_get(c->args, kept[i]);
        if (!v)
            continue;
        hn_jw_key(&w, kept[i]);
        hn_jw_value(&w, v);
    }
    hn_jw_obj_end(&w);
    return hn_arena_str(c->arena, hn_buf_text(&b));
}

static void queue(struct hn_op_ctx *c)
{
    struct hn_job j = {.kind = HN_JOB_READ};

    for (size_t i = 0; i < c->role->n_jobs; i++)
        if (c->role->jobs[i].kind == HN_JOB_READ && !c->role->jobs[i].taken)
            return;                       /* whoever takes it reads all that wait */
    (void)hn_ok(hn_job_put(c->role, &j)); /* a full queue: the next one that comes is read together with it */
}

static struct hn_err create(struct hn_op_ctx *c)
{
    struct hn_str id;
    struct hn_store_upload_in in = {.kind = ops_arg(c, "kind"), .file = ops_arg(c, "file")};

    if (!hn_msg_document(c->args, c->arena, &in.raw))
        return (struct hn_err){HN_E_NOMEM};
    if (!in.raw.n)
        return hn_op_fail(c, HN_E_INVALID, "error.upload-empty", HN_OP_END);
    HN_TRY(org_of(c, &in.org));
    /* Statements may close what is open: that takes who may close it by hand. */
    if (hn_str_eqc(in.kind, "vex") && !hn_store_visible(c->store, c->who, in.org, HN_ROLE_APPROVER))
        return (struct hn_err){hn_store_visible(c->store, c->who, in.org, HN_ROLE_VIEWER) ? HN_E_PERM : HN_E_NOENT};
    in.args = args_text(c);
    OPS_STORE(hn_store_upload_put(c->store, c->who, &in, c->arena, &id));
    queue(c);
    return upload_write(c, id);
}

/* ---------------------------------------------------------------- for the reader */

static struct hn_err take(struct hn_op_ctx *c)
{
    struct hn_store_upload u;
    struct hn_bytes raw;
    struct hn_err e = hn_store_upload_take(c->store, c->who, c->arena, &u, &raw);

    if (!hn_ok(e) && e.code != HN_E_NOENT)
        return ops_store(c, e);
    hn_jw_obj(c->w);
    if (hn_ok(e)) {
        hn_jw_kstr(c->w, "id", u.id);
        hn_jw_kstr(c->w, "kind", u.kind);
        hn_jw_kstr(c->w, "file", u.file);
        ops_kraw(c->w, "asked", u.args, "{}");
        if (!hn_msg_put_document(c->w, raw))
            return (struct hn_err){HN_E_NOMEM};
    }
    hn_jw_obj_end(c->w);
    return HN_OK;
}

static struct hn_err report(struct hn_op_ctx *c)
{
    struct hn_str result = ops_json_text(c->arena, hn_jv_get(c->args, "result"));

    OPS_STORE(hn_store_upload_set(c->store, c->who, ops_arg(c, "id"), ops_arg(c, "state"), result));
    return ops_done(c);
}

struct hn_err ops_upload_behalf(struct hn_op_ctx *c)
{
    struct hn_str id = ops_arg(c, "upload");
    struct hn_principal *p = HN_NEW(c->arena, struct hn_principal);

    if (!id.n)
        return HN_OK;
    if (!p)
        return (struct hn_err){HN_E_NOMEM};
    OPS_STORE(hn_store_upload_principal(c->store, c->who, id, c->arena, p));
    c->who = p;
    return HN_OK;
}

static const struct hn_op_param create_params[] = {
    {"kind", HN_IN_QUERY, HN_PT_STR, true, "sbom vex", "what the body is", 0, 0},
    {"product", HN_IN_QUERY, HN_PT_STR, false, NULL, "product id", 0, 128},
    {"name", HN_IN_QUERY, HN_PT_STR, false, NULL, "or its name; a new one makes a product (sbom)", 0, 1024},
    {"org", HN_IN_QUERY, HN_PT_STR, false, NULL, "organisation of the name (default: root)", 0, 128},
    {"supplier", HN_IN_QUERY, HN_PT_STR, false, NULL, "of a new product; vex: all products of it", 0, 1024},
    {"version", HN_IN_QUERY, HN_PT_STR, false, NULL, "version of the product (sbom: default the document's)", 0, 1024},
    {"trust", HN_IN_QUERY, HN_PT_INT, false, NULL, "vex: more counts first; default 50, own statements 100", 0, 100},
    {"file", HN_IN_QUERY, HN_PT_STR, false, NULL, "name of the file, for people", 0, 1024},
    {"base64", HN_IN_QUERY, HN_PT_BOOL, false, NULL, "the body is the document in base 64", 0, 0},
    {"document", HN_IN_BODY, HN_PT_STR, true, NULL, "the body: the document as it is", 0, HN_MSG_MAX_LOCAL},
    OPS_END};
static const struct hn_op_param list_params[] = {
    OPS_ORG,
    {"state", HN_IN_QUERY, HN_PT_STR, false, "waiting reading matching done refused failed", "only these", 0, 0},
    {"sort", HN_IN_QUERY, HN_PT_STR, false, "put_at -put_at", "default: -put_at", 0, 0},
    OPS_PAGE,
    OPS_CSV,
    OPS_END};
static const struct hn_op_param id_params[] = {OPS_PATH_ID, OPS_END};
static const struct hn_op_param report_params[] = {
    {"id", HN_IN_BODY, HN_PT_STR, true, NULL, "upload", 0, 128},
    {"state", HN_IN_BODY, HN_PT_STR, true, "matching done refused failed", "how it stands", 0, 0},
    {"result", HN_IN_BODY, HN_PT_OBJ, false, NULL, "what was read and what was wrong with it", 0, 0},
    OPS_END};

const struct hn_op hn_ops_software_upload[] = {
    {"uploads.create", "POST", "software/uploads", HN_NEED_OPERATOR, HN_OP_CHANGES | HN_OP_UPLOAD, create_params,
     "upload", "Takes a bill of materials or a VEX document as the body; it is read soon after", create},
    {"uploads.list", "GET", "software/uploads", HN_NEED_VIEWER, HN_OP_BIG, list_params, "uploads",
     "Documents that came, and what became of each", list},
    {"uploads.get", "GET", "software/uploads/{id}", HN_NEED_VIEWER, 0, id_params, "upload",
     "One of them: what was read, what was wrong with it, what was found", get},
    {"uploads.take", NULL, NULL, HN_NEED_LOCAL, HN_OP_CHANGES, NULL, NULL, "Next document for the reader", take},
    {"uploads.report", NULL, NULL, HN_NEED_LOCAL, HN_OP_CHANGES, report_params, NULL, "How reading went", report},
    {0}};
