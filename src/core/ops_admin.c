/* Accepted risks, accounts, audit. */
#include "core/ops_in.h"
#include "core/password.h"
#include "core/render.h"
#include "core/store_role.h"

/* ---------------------------------------------------------------- baseline */

/* Of the one finding that was accepted; of a kind the word itself is what there is. */
static void baseline_title(struct hn_op_ctx *c, struct hn_str finding)
{
    struct hn_store_finding f;
    if (!finding.n || !hn_ok(hn_store_finding_get(c->store, c->who, finding, c->arena, &f)))
        return;
    const struct hn_jv *v = ops_finding_value(c->arena, &f);
    if (v)
        ops_names(c->w, "title", hn_finding_texts_from_json(c->arena, HN_EN, v).title,
                  hn_finding_texts_from_json(c->arena, HN_JA, v).title);
}

static void baseline_write(struct hn_op_ctx *c, const struct hn_store_baseline *b)
{
    struct hn_jw *w = c->w;
    hn_jw_obj(w);
    hn_jw_kstr(w, "id", b->id);
    ops_kopt(w, "finding", b->finding);
    ops_kopt(w, "kind", b->kind);
    baseline_title(c, b->finding);
    hn_jw_key(w, "asset");
    if (b->asset.n) {
        hn_jw_obj(w);
        hn_jw_kstr(w, "id", b->asset);
        hn_jw_kstr(w, "name", b->asset_name);
        hn_jw_obj_end(w);
    } else {
        hn_jw_null(w);
    }
    hn_jw_kstr(w, "org", b->org);
    hn_jw_kstr(w, "reason", b->reason);
    hn_jw_key(w, "owner");
    if (b->owner.n) {
        hn_jw_obj(w);
        hn_jw_kstr(w, "id", b->owner);
        hn_jw_kstr(w, "name", b->owner_name);
        hn_jw_obj_end(w);
    } else {
        hn_jw_null(w);
    }
    hn_jw_kstr(w, "by", b->by);
    hn_jw_ktime(w, "at", b->at);
    hn_jw_ktime(w, "expires", b->expires);
    hn_jw_ktime(w, "ended_at", b->ended_at);
    hn_jw_kbool(w, "expired", b->expired);
    hn_jw_kint(w, "findings", (int64_t)b->findings);
    hn_jw_obj_end(w);
}

static struct hn_err baseline_list(struct hn_op_ctx *c)
{
    struct hn_store_baseline *b;
    struct hn_listing l = {0};

    if (hn_str_eqc(ops_arg(c, "format"), "csv"))
        return ops_csv(c, baseline_list);
    OPS_STORE(hn_store_baselines(c->store, c->who, ops_arg(c, "org"), hn_jv_bool(c->args, "ended", false), c->arena, &b,
                                 &l.n));
    l.total = l.n;
    ops_list_begin(c);
    for (size_t i = 0; i < l.n; i++)
        baseline_write(c, &b[i]);
    ops_list_end(c, &l);
    return HN_OK;
}

static struct hn_err baseline_create(struct hn_op_ctx *c)
{
    struct hn_str id, finding = ops_arg(c, "finding"), kind = ops_arg(c, "kind"), asset = ops_arg(c, "asset");
    struct hn_str owner = ops_arg(c, "owner"); /* who accepts, unless somebody else is named */
    struct hn_store_finding f;

    if (finding.n ? (kind.n || asset.n) : !(kind.n && asset.n))
        return hn_op_fail(c, HN_E_INVALID, "error.baseline-how", HN_OP_END);
    if (finding.n) {
        OPS_STORE(hn_store_finding_get(c->store, c->who, finding, c->arena, &f));
        finding = f.id;
    }
    OPS_STORE(hn_store_baseline_put(c->store, c->who, finding, kind, asset, ops_arg(c, "reason"),
                                    owner.n ? ops_account(c, owner) : c->who->account, ops_arg_time(c, "expires"),
                                    c->arena, &id));
    hn_jw_obj(c->w);
    hn_jw_kstr(c->w, "id", id);
    hn_jw_obj_end(c->w);
    return HN_OK;
}

static struct hn_err baseline_end(struct hn_op_ctx *c)
{
    OPS_STORE(hn_store_baseline_end(c->store, c->who, ops_arg(c, "id")));
    return ops_done(c);
}

/* ---------------------------------------------------------------- accounts */

static void account_write(struct hn_jw *w, const struct hn_store_account *a)
{
    hn_jw_obj(w);
    hn_jw_kstr(w, "id", a->id);
    hn_jw_kstr(w, "user", a->user);
    hn_jw_kstr(w, "name", a->name);
    hn_jw_kstr(w, "lang", a->lang);
    hn_jw_kbool(w, "disabled", a->disabled);
    ops_kopt_time(w, "created", a->created);
    ops_kopt_time(w, "last_sign_in", a->last_sign_in);
    hn_jw_key(w, "grants");
    hn_jw_arr(w);
    for (size_t i = 0; i < a->n_grants; i++) {
        hn_jw_obj(w);
        hn_jw_kstr(w, "org", a->grants[i].org);
        hn_jw_kc(w, "role", hn_role_name(a->grants[i].role));
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
    hn_jw_obj_end(w);
}

static struct hn_err account_list(struct hn_op_ctx *c)
{
    struct hn_store_account *a;
    struct hn_listing l = {0};

    OPS_STORE(hn_store_accounts(c->store, c->who, c->arena, &a, &l.n));
    l.total = l.n;
    ops_list_begin(c);
    for (size_t i = 0; i < l.n; i++)
        account_write(c->w, &a[i]);
    ops_list_end(c, &l);
    return HN_OK;
}

static struct hn_err grants_read(struct hn_op_ctx *c, struct hn_grant **ret, size_t *ret_n)
{
    const struct hn_jv *g = hn_jv_get(c->args, "grants");

    *ret = NULL;
    *ret_n = 0;
    if (!g || g->kind != HN_JV_ARR)
        return HN_OK;
    if (g->n > 256)
        return (struct hn_err){HN_E_LIMIT};
    *ret = hn_arena_alloc(c->arena, (g->n + 1) * sizeof **ret);
    if (!*ret)
        return (struct hn_err){HN_E_NOMEM};
    for (size_t i = 0; i < g->n; i++) {
        struct hn_grant *one = &(*ret)[i];
        one->org = hn_jv_str(&g->items[i], "org");
        if (!one->org.n || !hn_role_parse(hn_jv_str(&g->items[i], "role"), &one->role) || one->role == HN_ROLE_NONE)
            return hn_op_fail(c, HN_E_INVALID, "error.param-wrong", "name", "grants", "want",
                              "[{\"org\": \"root\", \"role\": \"viewer\"}]", HN_OP_END);
    }
    *ret_n = g->n;
    return HN_OK;
}

static struct hn_err password_fit(struct hn_op_ctx *c, struct hn_str user, struct hn_str password)
{
    if (password.n < HN_PASSWORD_LEAST || hn_str_eq(user, password))
        return hn_op_fail(c, HN_E_INVALID, "error.password-weak", "least", "10", HN_OP_END);
    return HN_OK;
}

static bool user_fit(struct hn_str user)
{
    for (size_t i = 0; i < user.n; i++) {
        unsigned char ch = (unsigned char)user.p[i];
        if (ch <= ' ' || ch == 0x7f || ch == '/' || ch == '"')
            return false;
    }
    return user.n > 0 && !hn_str_eqc(user, "me") && !hn_str_eqc(user, "bootstrap");
}

static struct hn_err account_create(struct hn_op_ctx *c)
{
    struct hn_str user = ops_arg(c, "user"), password = ops_arg(c, "password"), id;
    char hash[HN_PASSWORD_TEXT];
    struct hn_grant *grants;
    struct hn_store_account a;
    size_t n;

    if (!user_fit(user))
        return hn_op_fail(c, HN_E_INVALID, "error.param-wrong", "name", "user", "want", "tanaka, sato@example.jp",
                          HN_OP_END);
    HN_TRY(password_fit(c, user, password));
    HN_TRY(grants_read(c, &grants, &n));
    HN_TRY(hn_password_hash(password, hash));
    OPS_STORE(hn_store_account_put(c->store, c->who, user, ops_arg(c, "name"), ops_arg(c, "lang"), hn_str_c(hash),
                                   grants, n, c->arena, &id));
    OPS_STORE(hn_store_account_get(c->store, c->who, id, c->arena, &a));
    account_write(c->w, &a);
    return HN_OK;
}

static struct hn_err account_change(struct hn_op_ctx *c)
{
    const struct hn_jv *disabled = hn_jv_get(c->args, "disabled");
    struct hn_store_account_change ch = {.name = ops_arg(c, "name"), .lang = ops_arg(c, "lang"), .disabled = -1};
    struct hn_str id = ops_account(c, ops_arg(c, "id"));
    struct hn_grant *grants;
    struct hn_store_account a;

    HN_TRY(grants_read(c, &grants, &ch.n_grants));
    ch.grants = grants;
    if (disabled && disabled->kind == HN_JV_BOOL)
        ch.disabled = disabled->b;
    OPS_STORE(hn_store_account_change(c->store, c->who, id, &ch));
    OPS_STORE(hn_store_account_get(c->store, c->who, id, c->arena, &a));
    account_write(c->w, &a);
    return HN_OK;
}

/* One's own password needs the old one: an open screen is not enough, and must not be a place to guess either. */
static struct hn_err old_password(struct hn_op_ctx *c, struct hn_str user)
{
    struct hn_limiter *l = &c->role->by_account;
    hn_time mono = hn_monotonic(), wait = hn_limiter_wait(l, user, mono);
    struct hn_store_account full;

    if (wait)
        return hn_op_fail(c, HN_E_RATE, "error.rate-wait", "seconds",
                          hn_arena_fmt(c->arena, "%lld", (long long)(wait / HN_SECOND) + 1).p, HN_OP_END);
    OPS_STORE(hn_store_account_by_user(c->store, user, c->arena, &full));
    if (hn_password_check(ops_arg(c, "old"), full.password))
        return HN_OK;
    hn_limiter_failed(l, user, mono);
    return hn_op_fail(c, HN_E_PERM, "error.password-old", HN_OP_END);
}

static struct hn_err account_password(struct hn_op_ctx *c)
{
    struct hn_str id = ops_account(c, ops_arg(c, "id")), new_one = ops_arg(c, "new");
    struct hn_store_account a;
    char hash[HN_PASSWORD_TEXT], keep[HN_TOKEN_TEXT] = "";

    OPS_STORE(hn_store_account_get(c->store, c->who, id, c->arena, &a));
    if (hn_str_eq(id, c->who->account)) {
        HN_TRY(old_password(c, a.user));
        hn_token_hash(c->session, keep);
    }
    HN_TRY(password_fit(c, a.user, new_one));
    HN_TRY(hn_password_hash(new_one, hash));
    OPS_STORE(hn_store_account_password(c->store, c->who, id, hn_str_c(hash), hn_str_c(keep)));
    return ops_done(c);
}

/* ---------------------------------------------------------------- audit */

static struct hn_err audit_list(struct hn_op_ctx *c)
{
    struct hn_store_audit *a;
    struct hn_listing l;
    struct hn_page page = ops_page(c);
    struct hn_jw *w = c->w;

    if (hn_str_eqc(ops_arg(c, "format"), "csv"))
        return ops_csv(c, audit_list);
    OPS_STORE(hn_store_audit(c->store, c->who, ops_arg(c, "org"), ops_arg(c, "q"), &page, c->arena, &a, &l));
    ops_list_begin(c);
    for (size_t i = 0; i < l.n; i++) {
        hn_jw_obj(w);
        hn_jw_kint(w, "seq", a[i].seq);
        hn_jw_ktime(w, "at", a[i].at);
        hn_jw_kstr(w, "by", a[i].by);
        hn_jw_kstr(w, "what", a[i].what);
        hn_jw_kstr(w, "object", a[i].object);
        hn_jw_kstr(w, "detail", a[i].detail);
        ops_kopt(w, "org", a[i].org);
        hn_jw_kc(w, "hash", a[i].hash);
        hn_jw_obj_end(w);
    }
    ops_list_end(c, &l);
    return HN_OK;
}

#define CSV                                                                                                            \
    {                                                                                                                  \
        "format", HN_IN_QUERY, HN_PT_STR, false, "json csv", "csv: all pages, at most 100 000 rows", 0, 0              \
    }
static const struct hn_op_param id_params[] = {OPS_PATH_ID, OPS_END};
static const struct hn_op_param baseline_params[] = {
    OPS_ORG, {"ended", HN_IN_QUERY, HN_PT_BOOL, false, NULL, "the ended ones too", 0, 0}, CSV, OPS_END};
static const struct hn_op_param baseline_create_params[] = {
    {"finding", HN_IN_BODY, HN_PT_STR, false, NULL, "finding id; or kind and asset", 0, 128},
    {"kind", HN_IN_BODY, HN_PT_STR, false, NULL, "kind of finding", 0, 128},
    {"asset", HN_IN_BODY, HN_PT_STR, false, NULL, "asset id", 0, 128},
    {"reason", HN_IN_BODY, HN_PT_STR, true, NULL, "why the risk is accepted", 0, HN_PARAM_MAX},
    {"owner", HN_IN_BODY, HN_PT_STR, false, NULL, "account id, or me", 0, 128},
    {"expires", HN_IN_BODY, HN_PT_TIME, true, NULL, "until when, in the future", 0, 64},
    OPS_END};
static const struct hn_op_param account_create_params[] = {
    {"user", HN_IN_BODY, HN_PT_STR, true, NULL, "account name", 0, 128},
    {"name", HN_IN_BODY, HN_PT_STR, true, NULL, "name of the person", 0, 256},
    {"password", HN_IN_BODY, HN_PT_STR, true, NULL, "at least 10 characters", 0, HN_PASSWORD_MOST},
    {"lang", HN_IN_BODY, HN_PT_STR, false, "en ja", "language", 0, 0},
    {"grants", HN_IN_BODY, HN_PT_ARR, false, NULL, "[{org, role}]", 0, 0},
    OPS_END};
static const struct hn_op_param account_change_params[] = {
    OPS_PATH_ID,
    {"name", HN_IN_BODY, HN_PT_STR, false, NULL, "name of the person", 0, 256},
    {"lang", HN_IN_BODY, HN_PT_STR, false, "en ja", "language", 0, 0},
    {"disabled", HN_IN_BODY, HN_PT_BOOL, false, NULL, "true: cannot sign in; its sessions end", 0, 0},
    {"grants", HN_IN_BODY, HN_PT_ARR, false, NULL, "[{org, role}]", 0, 0},
    OPS_END};
static const struct hn_op_param password_params[] = {
    OPS_PATH_ID,
    {"old", HN_IN_BODY, HN_PT_STR, false, NULL, "needed for one's own", 0, HN_PASSWORD_MOST},
    {"new", HN_IN_BODY, HN_PT_STR, true, NULL, "at least 10 characters", 0, HN_PASSWORD_MOST},
    OPS_END};
static const struct hn_op_param audit_params[] = {OPS_ORG, OPS_Q, OPS_PAGE, CSV, OPS_END};

const struct hn_op hn_ops_admin[] = {
    {"baseline.list", "GET", "baseline", HN_NEED_VIEWER, HN_OP_BIG, baseline_params, "baselines", "Accepted risks",
     baseline_list},
    {"baseline.accept", "POST", "baseline", HN_NEED_APPROVER, HN_OP_CHANGES, baseline_create_params, "created",
     "Accepts a risk until a date", baseline_create},
    {"baseline.remove", "DELETE", "baseline/{id}", HN_NEED_APPROVER, HN_OP_CHANGES, id_params, "done",
     "Withdraws the acceptance", baseline_end},
    {"accounts.list", "GET", "accounts", HN_NEED_SESSION, 0, NULL, "accounts", "Accounts that one may see",
     account_list},
    {"accounts.create", "POST", "accounts", HN_NEED_ADMIN, HN_OP_CHANGES, account_create_params, "account",
     "Adds an account", account_create},
    {"accounts.change", "PATCH", "accounts/{id}", HN_NEED_SESSION, HN_OP_CHANGES, account_change_params, "account",
     "Changes an account (one's own name and language: anybody)", account_change},
    {"accounts.password", "POST", "accounts/{id}/password", HN_NEED_SESSION, HN_OP_CHANGES, password_params, "done",
     "Sets a password (one's own: with the old one)", account_password},
    {"audit.list", "GET", "audit", HN_NEED_APPROVER, HN_OP_BIG, audit_params, "audit", "Who changed what, hash-chained",
     audit_list},
    {0}};
