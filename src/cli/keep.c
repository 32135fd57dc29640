#include "cli/keep.h"

#include "base/str.h"
#include "cli/cli.h"

#define DOC_MAX (256u << 20)

/* Is it the store that failed, and not what it was asked? */
static struct hn_err note(const struct cli_keep *k, struct hn_err e)
{
    bool lost = e.code == HN_E_IO || e.code == HN_E_NOMEM || e.code == HN_E_FULL || e.code == HN_E_READONLY ||
                e.code == HN_E_CORRUPT || e.code == HN_E_DIED || e.code == HN_E_TIMEOUT || e.code == HN_E_BUSY;
    if (k->lost && lost)
        *k->lost = true;
    return e;
}

struct hn_err cli_keep_open(struct cli_keep *k, struct hn_diag *reterr)
{
    k->client = hn_client_open(cli.home, reterr);
    return k->client ? HN_OK : note(k, (struct hn_err){HN_E_IO});
}

struct hn_err cli_keep_begin(struct cli_keep *k, struct hn_diag *reterr)
{
    k->client = hn_client_begin(cli.home, reterr);
    return k->client ? HN_OK : note(k, (struct hn_err){HN_E_IO});
}

void cli_keep_close(struct cli_keep *k)
{
    if (k->client)
        hn_client_close(k->client);
    k->client = NULL;
}

/* The text that the role gave, where the way itself gave none. */
static struct hn_err call(const struct cli_keep *k, const char *op, const struct hn_buf *args, struct hn_answer *ans,
                          struct hn_diag *reterr)
{
    struct hn_err e = note(k, hn_client_call(k->client, op, hn_buf_text(args), ans, reterr));
    if (!hn_ok(e) && ans->message[cli.lang].n)
        return hn_fail(reterr, e.code, "%.*s %.*s", HN_FMT(ans->message[cli.lang]), HN_FMT(ans->detail));
    return e;
}

static void write_identity(struct hn_jw *w, const struct hn_run *r)
{
    struct hn_identity id = hn_run_identity(r);
    hn_jw_key(w, "identity");
    hn_jw_obj(w);
    hn_jw_kstr(w, "name",
               r->subject.name.n ? r->subject.name
               : id.hostname.n   ? id.hostname
               : id.n_names      ? id.names[0]
                                 : r->scope);
    if (r->subject.kind.n)
        hn_jw_kstr(w, "kind", r->subject.kind);
    hn_jw_kstr(w, "os", id.os);
    hn_jw_key(w, "names");
    hn_jw_arr(w);
    for (size_t i = 0; i < id.n_names && i < 32; i++)
        hn_jw_str(w, id.names[i]);
    hn_jw_arr_end(w);
    hn_jw_kstr(w, "machine_id", id.machine_id);
    hn_jw_kstr(w, "hardware_id", id.hardware_id);
    if (!id.machine_id.n &&
        !id.hardware_id.n) { /* a subject with a key of its own; an image or a bare root: known by where it lies */
        hn_jw_key(w, "keys");
        hn_jw_arr(w);
        hn_jw_obj(w);
        hn_jw_kstr(w, "type", r->subject.key.n ? r->subject.key_type : HN_STR("scope"));
        hn_jw_kstr(w, "value", r->subject.key.n ? r->subject.key : r->scope);
        hn_jw_obj_end(w);
        hn_jw_arr_end(w);
    }
    hn_jw_obj_end(w);
}

/* Did the store last hear of this part in the run that it is kept from? Else it was restored, or never got that run. */
static bool store_has(const struct hn_jv *looked, const struct hn_run *r, const struct hn_run_cover *c)
{
    for (size_t i = 0; looked && i < looked->n; i++) {
        const struct hn_jv *l = &looked->items[i];
        if (hn_str_eqc(hn_jv_str(l, "module"), c->module->name) && hn_str_eq(hn_jv_str(l, "scope"), r->scope))
            return hn_str_eq(hn_jv_str(l, "run"), c->looked);
    }
    return false;
}

static bool keeps_some(const struct hn_run *r)
{
    for (size_t i = 0; i < r->n_cover; i++)
        if (r->cover[i].kept)
            return true;
    return false;
}

struct hn_err cli_keep_resolve(const struct cli_keep *k, struct hn_run *r, struct hn_diag *reterr)
{
    struct hn_buf args;
    struct hn_jw w;
    struct hn_answer ans = {.body = {NULL, 0}};
    hn_buf_init(&args, 1u << 20);
    hn_jw_init(&w, &args);
    hn_jw_obj(&w);
    write_identity(&w, r);
    if (k->org)
        hn_jw_kc(&w, "org", k->org);
    hn_jw_kbool(&w, "looked", keeps_some(r));
    hn_jw_obj_end(&w);
    struct hn_err e = call(k, "assets.resolve", &args, &ans, reterr);
    hn_buf_done(&args);
    if (!hn_ok(e))
        return e;
    const struct hn_jv *v = hn_jv_parse(&r->arena, hn_str_bytes(hn_arena_str(&r->arena, ans.body)), reterr);
    r->asset = hn_jv_str(v, "asset");
    if (k->org && !hn_str_eqc(hn_jv_str(v, "org"), k->org)) /* somebody placed it: not moved by whoever sends */
        cli_error("cli.keep.placed", "name", hn_arena_cstr(&r->arena, hn_jv_str(v, "name")), "org",
                  hn_arena_cstr(&r->arena, hn_jv_str(v, "org")), "asset", hn_arena_cstr(&r->arena, r->asset), "to",
                  k->org, NULL);
    r->criticality = hn_jv_num(v, "criticality", 1);
    for (size_t i = 0; i < r->n_cover; i++)
        r->lost = r->lost || (r->cover[i].kept && !store_has(hn_jv_get(v, "looked"), r, &r->cover[i]));
    return r->asset.n ? HN_OK : hn_fail(reterr, HN_E_CORRUPT, "the store gave no asset");
}

struct hn_err cli_keep_put(const struct cli_keep *k, struct hn_run *r, const struct hn_policy *policy,
                           struct hn_diag *reterr)
{
    struct hn_buf args;
    struct hn_jw w;
    struct hn_answer ans = {.body = {NULL, 0}};
    hn_buf_init(&args, DOC_MAX);
    hn_jw_init(&w, &args);
    hn_jw_obj(&w);
    hn_jw_kstr(&w, "asset", r->asset);
    if (k->origin)
        hn_jw_kc(&w, "origin", k->origin);
    write_identity(&w, r);
    hn_jw_key(&w, "document");
    hn_run_json(r, policy, &w, false);
    hn_jw_obj_end(&w);
    struct hn_err e = hn_buf_err(&args);
    if (hn_ok(e))
        e = call(k, "runs.put", &args, &ans, reterr);
    hn_buf_done(&args);
    return e;
}
