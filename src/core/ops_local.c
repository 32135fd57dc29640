/* Operations of the role's own socket: for the command line, the supervisor and the fixer on this machine. */
#include <stdio.h>

#include "base/hash.h"
#include "core/ops_in.h"
#include "core/password.h"
#include "core/store_role.h"

#define BOOTSTRAP_VALID HN_HOUR

/* ---------------------------------------------------------------- jobs */

static const char *job_kind(enum hn_job_kind k)
{
    static const char *const names[] = {"diagnose", "fix", "undo", "read"};
    return names[k];
}

struct hn_err hn_job_put(struct hn_role_state *r, struct hn_job *job)
{
    if (r->n_jobs == HN_JOBS_MAX)
        return (struct hn_err){HN_E_BUSY};
    if (!job->id[0])
        HN_TRY(hn_id_new(job->id));
    job->asked = hn_now();
    r->jobs[r->n_jobs++] = *job;
    return HN_OK;
}

static struct hn_job *job_find(struct hn_role_state *r, struct hn_str id)
{
    for (size_t i = 0; i < r->n_jobs; i++)
        if (hn_str_eqc(id, r->jobs[i].id))
            return &r->jobs[i];
    return NULL;
}

static void job_write(struct hn_jw *w, const struct hn_job *j)
{
    hn_jw_obj(w);
    hn_jw_kc(w, "id", j->id);
    hn_jw_kc(w, "kind", job_kind(j->kind));
    hn_jw_kbool(w, "deep", j->deep);
    hn_jw_kc(w, "finding", j->finding);
    hn_jw_kc(w, "fix", j->fix);
    hn_jw_kc(w, "by", j->by);
    hn_jw_ktime(w, "asked", j->asked);
    hn_jw_obj_end(w);
}

static bool is_change(const struct hn_job *j)
{
    return j->kind == HN_JOB_FIX || j->kind == HN_JOB_UNDO;
}

#define FIXER_GONE (10 * HN_SECOND) /* it asks every two */

bool hn_job_fixer_here(const struct hn_role_state *r)
{
    for (size_t i = 0; i < r->n_jobs; i++)
        if (r->jobs[i].taken && is_change(&r->jobs[i]))
            return true; /* at work */
    return r->fixer_seen && hn_monotonic() - r->fixer_seen < FIXER_GONE;
}

/* "changes" asks for fixes only; "diagnoses" leaves these to whoever asks for them, now or later. */
static bool is_for(const struct hn_job *j, struct hn_str kinds)
{
    bool change = is_change(j);
    if (hn_str_eqc(kinds, "changes"))
        return change;
    return !change || !hn_str_eqc(kinds, "diagnoses");
}

/* Waits: the loop asks again when there is a job, or when the time is over. */
static struct hn_err jobs_take(struct hn_op_ctx *c)
{
    struct hn_role_state *r = c->role;
    int64_t wait = hn_jv_int(c->args, "wait_ms", 0);
    hn_time mono = hn_monotonic();
    struct hn_str kinds = ops_arg(c, "kinds");
    bool others = false;

    if (!hn_str_eqc(kinds, "diagnoses"))
        r->fixer_seen = mono;
    if (!hn_str_eqc(kinds, "changes"))
        r->supervisor_seen = mono;
    hn_jw_obj(c->w);
    hn_jw_key(c->w, "job");
    for (size_t i = 0; i < r->n_jobs; i++) {
        if (r->jobs[i].taken)
            continue;
        if (!is_for(&r->jobs[i], kinds)) {
            others = true;
            continue;
        }
        r->jobs[i].taken = true;
        r->jobs[i].owner = r->serving;
        r->jobs[i].taken_at = hn_now();
        job_write(c->w, &r->jobs[i]);
        hn_jw_obj_end(c->w);
        return HN_OK;
    }
    if (others) {
        r->defer = false; /* waiting would end at once, again and again: the asker rests */
    } else if (wait && !r->defer_until) {
        r->defer = true;
        r->defer_until = mono + wait * (HN_SECOND / 1000);
    } else if (r->defer_until > mono) {
        r->defer = true;
    }
    hn_jw_null(c->w);
    hn_jw_obj_end(c->w);
    return HN_OK;
}

static struct hn_err jobs_report(struct hn_op_ctx *c)
{
    struct hn_role_state *r = c->role;
    struct hn_str id = ops_arg(c, "id"), state = ops_arg(c, "state"), module = ops_arg(c, "module");
    struct hn_job *j = job_find(r, id);

    if (hn_str_eqc(state, "running")) {
        if (!r->running.on)
            r->running.started = c->now;
        r->running.on = true;
        snprintf(r->running.id, sizeof r->running.id, "%.*s", HN_FMT(id));
        snprintf(r->running.module, sizeof r->running.module, "%.*s", HN_FMT(module));
        r->running.percent = (int)hn_jv_int(c->args, "percent", 0);
        OPS_STORE(hn_store_event_put(c->store, HN_STR(HN_STORE_ROOT), "run", id, "progress"));
    } else {
        r->running.on = false;
        if (j) {
            *j = r->jobs[r->n_jobs - 1];
            r->n_jobs--;
        }
        OPS_STORE(hn_store_event_put(c->store, HN_STR(HN_STORE_ROOT), "run", id,
                                     hn_str_eqc(state, "done") ? "done" : "failed"));
    }
    return ops_done(c);
}

static struct hn_err watch_set(struct hn_op_ctx *c)
{
    struct hn_role_state *r = c->role;
    struct hn_str sandbox = ops_arg(c, "sandbox");

    r->watch_on = hn_jv_bool(c->args, "on", r->watch_on);
    if (hn_jv_get(c->args, "takes"))
        r->supervisor_seen = hn_jv_bool(c->args, "takes", false) ? hn_monotonic() : 0;
    if (hn_jv_get(c->args, "next_run"))
        r->watch_next = ops_arg_time(c, "next_run");
    if (sandbox.n)
        snprintf(r->sandbox, sizeof r->sandbox, "%.*s", HN_FMT(sandbox));
    OPS_STORE(hn_store_event_put(c->store, HN_STR(HN_STORE_ROOT), "status", HN_STR("watch"), "changed"));
    return ops_done(c);
}

/* ---------------------------------------------------------------- fixes */

static void fix_write(struct hn_jw *w, const struct hn_store_fix *f)
{
    hn_jw_obj(w);
    hn_jw_kstr(w, "id", f->id);
    hn_jw_kstr(w, "finding", f->finding);
    hn_jw_kstr(w, "asset", f->asset);
    hn_jw_kstr(w, "kind", f->kind);
    hn_jw_kstr(w, "target", f->target);
    hn_jw_kstr(w, "value", f->value);
    hn_jw_kstr(w, "requested_by", f->requested_by);
    hn_jw_kstr(w, "approved_by", f->approved_by);
    hn_jw_kc(w, "state", hn_fix_state_name(f->state));
    hn_jw_ktime(w, "at", f->at);
    hn_jw_ktime(w, "approved_at", f->approved_at);
    hn_jw_ktime(w, "updated", f->updated);
    ops_kraw(w, "journal", f->journal, "[]");
    hn_jw_obj_end(w);
}

static struct hn_err fixes_list(struct hn_op_ctx *c)
{
    struct hn_store_fix *f;
    size_t n;

    OPS_STORE(hn_store_fixes(c->store, c->who, ops_arg(c, "finding"), ops_arg(c, "asset"),
                             hn_jv_bool(c->args, "live", false), c->arena, &f, &n));
    hn_jw_arr(c->w);
    for (size_t i = 0; i < n; i++)
        fix_write(c->w, &f[i]);
    hn_jw_arr_end(c->w);
    return HN_OK;
}

static struct hn_err fixes_set(struct hn_op_ctx *c)
{
    struct hn_str to = ops_arg(c, "to"), journal = ops_arg(c, "journal");
    struct hn_store_fix f;

    for (int st = 0; st <= HN_FIX_STATE_UNDONE; st++) {
        if (!hn_str_eqc(to, hn_fix_state_name((enum hn_fix_state)st)))
            continue;
        if (journal.n && !hn_jv_parse(c->arena, hn_str_bytes(journal), &c->diag))
            return (struct hn_err){HN_E_INVALID};
        if (st == HN_FIX_STATE_APPROVED)
            OPS_STORE(hn_store_fix_approve(c->store, c->who, ops_arg(c, "id")));
        else
            OPS_STORE(hn_store_fix_set(c->store, c->who, ops_arg(c, "id"), (enum hn_fix_state)st, journal));
        break;
    }
    OPS_STORE(hn_store_fix_get(c->store, c->who, ops_arg(c, "id"), c->arena, &f));
    fix_write(c->w, &f);
    return HN_OK;
}

static struct hn_err fixes_request(struct hn_op_ctx *c)
{
    struct hn_str id;
    struct hn_store_fix f;
    struct hn_store_finding row;

    OPS_STORE(hn_store_finding_get(c->store, c->who, ops_arg(c, "finding"), c->arena, &row));
    OPS_STORE(hn_store_fix_request(c->store, c->who, row.id, c->arena, &id));
    OPS_STORE(hn_store_fix_get(c->store, c->who, id, c->arena, &f));
    fix_write(c->w, &f);
    return HN_OK;
}

/* ---------------------------------------------------------------- store care, start-up */

static struct hn_err bootstrap_new(struct hn_op_ctx *c)
{
    char token[HN_TOKEN_TEXT], hash[HN_TOKEN_TEXT];
    uint64_t accounts;

    HN_TRY(hn_token_new(token));
    hn_token_hash(hn_str_c(token), hash);
    OPS_STORE(hn_store_bootstrap_put(c->store, hn_str_c(hash), c->now + BOOTSTRAP_VALID));
    OPS_STORE(hn_store_account_count(c->store, &accounts));
    hn_jw_obj(c->w);
    hn_jw_kc(c->w, "token", token);
    hn_jw_ktime(c->w, "expires", c->now + BOOTSTRAP_VALID);
    hn_jw_kint(c->w, "accounts", (int64_t)accounts);
    hn_jw_obj_end(c->w);
    return HN_OK;
}

static struct hn_err backup(struct hn_op_ctx *c)
{
    struct hn_diag d = {""};
    const char *file = hn_arena_cstr(c->arena, ops_arg(c, "file"));

    if (!file)
        return (struct hn_err){HN_E_NOMEM};
    struct hn_err e = hn_store_backup(c->store, c->who, file, NULL, NULL, &d);
    if (!hn_ok(e)) {
        c->diag = d;
        return e;
    }
    hn_jw_obj(c->w);
    hn_jw_kc(c->w, "file", file);
    hn_jw_obj_end(c->w);
    return HN_OK;
}

static struct hn_err check(struct hn_op_ctx *c)
{
    struct hn_store_problem *p;
    size_t n;

    OPS_STORE(hn_store_check(c->store, c->arena, &p, &n));
    hn_jw_obj(c->w);
    hn_jw_kbool(c->w, "sound", n == 0);
    hn_jw_key(c->w, "problems");
    hn_jw_arr(c->w);
    for (size_t i = 0; i < n; i++) {
        hn_jw_obj(c->w);
        hn_jw_kstr(c->w, "what", p[i].what);
        hn_jw_kstr(c->w, "detail", p[i].detail);
        hn_jw_obj_end(c->w);
    }
    hn_jw_arr_end(c->w);
    hn_jw_obj_end(c->w);
    return HN_OK;
}

static struct hn_err prune(struct hn_op_ctx *c)
{
    struct hn_store_retention r = {.history_days = (unsigned)hn_jv_int(c->args, "history_days", 0),
                                   .run_days = (unsigned)hn_jv_int(c->args, "run_days", 0),
                                   .closed_days = (unsigned)hn_jv_int(c->args, "closed_days", 0),
                                   .event_days = (unsigned)hn_jv_int(c->args, "event_days", 0),
                                   .most_bytes = (uint64_t)hn_jv_int(c->args, "most_bytes", 0)};
    struct hn_store_pruned p;

    OPS_STORE(hn_store_prune(c->store, c->who, &r, &p));
    hn_jw_obj(c->w);
    hn_jw_kint(c->w, "history", (int64_t)p.history);
    hn_jw_kint(c->w, "runs", (int64_t)p.runs);
    hn_jw_kint(c->w, "findings", (int64_t)p.findings);
    hn_jw_kint(c->w, "events", (int64_t)p.events);
    hn_jw_kint(c->w, "bytes_before", (int64_t)p.bytes_before);
    hn_jw_kint(c->w, "bytes_after", (int64_t)p.bytes_after);
    hn_jw_obj_end(c->w);
    return HN_OK;
}

static struct hn_err setting_get(struct hn_op_ctx *c)
{
    const char *key = hn_arena_cstr(c->arena, ops_arg(c, "key"));
    struct hn_str value = {NULL, 0};

    if (!key)
        return (struct hn_err){HN_E_NOMEM};
    struct hn_err e = hn_store_setting_get(c->store, key, c->arena, &value);
    if (!hn_ok(e) && e.code != HN_E_NOENT)
        return ops_store(c, e);
    hn_jw_obj(c->w);
    hn_jw_key(c->w, "value");
    if (hn_ok(e))
        hn_jw_str(c->w, value);
    else
        hn_jw_null(c->w);
    hn_jw_obj_end(c->w);
    return HN_OK;
}

static struct hn_err setting_put(struct hn_op_ctx *c)
{
    const char *key = hn_arena_cstr(c->arena, ops_arg(c, "key"));

    if (!key)
        return (struct hn_err){HN_E_NOMEM};
    OPS_STORE(hn_store_setting_put(c->store, c->who, key, ops_arg(c, "value")));
    return ops_done(c);
}

static struct hn_err stop(struct hn_op_ctx *c)
{
    c->role->stop = true;
    return ops_done(c);
}

static struct hn_err to_http(struct hn_op_ctx *c)
{
    c->role->to_http = true;
    return ops_done(c);
}

static const struct hn_op_param take_params[] = {
    {"wait_ms", HN_IN_BODY, HN_PT_INT, false, NULL, "how long to wait for one", 0, 60000},
    {"kinds", HN_IN_BODY, HN_PT_STR, false, "all changes diagnoses", "which", 0, 0},
    OPS_END};
static const struct hn_op_param report_params[] = {
    {"id", HN_IN_BODY, HN_PT_STR, true, NULL, "job or run", 0, 64},
    {"state", HN_IN_BODY, HN_PT_STR, true, "running done failed", "state", 0, 0},
    {"module", HN_IN_BODY, HN_PT_STR, false, NULL, "module at work", 0, 64},
    {"percent", HN_IN_BODY, HN_PT_INT, false, NULL, "how far", 0, 100},
    OPS_END};
static const struct hn_op_param watch_params[] = {
    {"on", HN_IN_BODY, HN_PT_BOOL, false, NULL, "watching", 0, 0},
    {"takes", HN_IN_BODY, HN_PT_BOOL, false, NULL, "takes diagnoses that are asked for", 0, 0},
    {"next_run", HN_IN_BODY, HN_PT_TIME, false, NULL, "next diagnosis by schedule", 0, 64},
    {"sandbox", HN_IN_BODY, HN_PT_STR, false, "full reduced", "landlock", 0, 0},
    OPS_END};
static const struct hn_op_param fixes_params[] = {
    {"finding", HN_IN_BODY, HN_PT_STR, false, NULL, "of this finding", 0, 128},
    {"asset", HN_IN_BODY, HN_PT_STR, false, NULL, "of this asset", 0, 128},
    {"live", HN_IN_BODY, HN_PT_BOOL, false, NULL, "only those not finished", 0, 0},
    OPS_END};
static const struct hn_op_param fix_set_params[] = {
    {"id", HN_IN_BODY, HN_PT_STR, true, NULL, "fix", 0, 64},
    {"to", HN_IN_BODY, HN_PT_STR, true, "approved applying applied failed undone", "new state", 0, 0},
    {"journal", HN_IN_BODY, HN_PT_STR, false, NULL, "JSON list: what was done, how it is undone", 0, 1 << 20},
    OPS_END};
static const struct hn_op_param fix_request_params[] = {
    {"finding", HN_IN_BODY, HN_PT_STR, true, NULL, "finding", 0, 128}, OPS_END};
static const struct hn_op_param file_params[] = {
    {"file", HN_IN_BODY, HN_PT_STR, true, NULL, "path of the new file", 0, 4096}, OPS_END};
static const struct hn_op_param prune_params[] = {
    {"history_days", HN_IN_BODY, HN_PT_INT, false, NULL, "0 = keep", 0, 100000},
    {"run_days", HN_IN_BODY, HN_PT_INT, false, NULL, "0 = keep", 0, 100000},
    {"closed_days", HN_IN_BODY, HN_PT_INT, false, NULL, "0 = keep", 0, 100000},
    {"event_days", HN_IN_BODY, HN_PT_INT, false, NULL, "0 = keep", 0, 100000},
    {"most_bytes", HN_IN_BODY, HN_PT_INT, false, NULL, "0 = no limit", 0, INT64_MAX},
    OPS_END};
static const struct hn_op_param setting_params[] = {
    {"key", HN_IN_BODY, HN_PT_STR, true, NULL, "name", 0, 128},
    {"value", HN_IN_BODY, HN_PT_STR, false, NULL, "empty: removed", 0, 65536},
    OPS_END};

const struct hn_op hn_ops_local[] = {
    {"jobs.take", NULL, NULL, HN_NEED_LOCAL, 0, take_params, NULL, "Next job for a supervisor", jobs_take},
    {"jobs.report", NULL, NULL, HN_NEED_LOCAL, 0, report_params, "done", "Progress or end of a job", jobs_report},
    {"watch.set", NULL, NULL, HN_NEED_LOCAL, 0, watch_params, "done", "What the supervisor does", watch_set},
    {"fixes.list", NULL, NULL, HN_NEED_LOCAL, 0, fixes_params, NULL, "Fixes, newest first", fixes_list},
    {"fixes.request", NULL, NULL, HN_NEED_LOCAL, HN_OP_CHANGES, fix_request_params, NULL, "Requests a fix",
     fixes_request},
    {"fixes.set", NULL, NULL, HN_NEED_LOCAL, HN_OP_CHANGES, fix_set_params, NULL, "Moves a fix to a state", fixes_set},
    {"bootstrap.new", NULL, NULL, HN_NEED_LOCAL, HN_OP_CHANGES, NULL, NULL, "A one-time token, good for an hour",
     bootstrap_new},
    {"store.backup", NULL, NULL, HN_NEED_LOCAL, HN_OP_CHANGES, file_params, NULL, "Copies the store", backup},
    {"store.check", NULL, NULL, HN_NEED_LOCAL, 0, NULL, NULL, "Looks for damage and tampering", check},
    {"store.prune", NULL, NULL, HN_NEED_LOCAL, HN_OP_CHANGES, prune_params, NULL, "Applies retention", prune},
    {"settings.get", NULL, NULL, HN_NEED_LOCAL, 0, setting_params, NULL, "One setting", setting_get},
    {"settings.put", NULL, NULL, HN_NEED_LOCAL, HN_OP_CHANGES, setting_params, "done", "Sets one setting", setting_put},
    {"role.hello", NULL, NULL, HN_NEED_LOCAL, 0, NULL, "done", "Is anybody there?", ops_done},
    {"role.http", NULL, NULL, HN_NEED_LOCAL, 0, NULL, "done",
     "From now on this connection speaks for HTTP clients: every request needs a session", to_http},
    {"role.stop", NULL, NULL, HN_NEED_LOCAL, 0, NULL, "done", "Ends the role", stop},
    {0}};
