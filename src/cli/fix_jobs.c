/* hinomi fix --jobs: makes the changes that were approved in the console, as they are approved, until told to end. It
 * is what hinomi-fixer.service runs, apart from the confined service: that one reads everything and changes nothing,
 * this one changes what was approved and listens to nobody but the store. What comes from there is a fix of a known
 * kind with its target and value, never a line for a shell; it is about this machine and of a kind that the
 * configuration lets pass (fix.approval, fix.kinds), or it is refused. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/keep.h"

static volatile sig_atomic_t ended;

static void on_signal(int sig)
{
    ended = 1;
}

static struct hn_err report(const struct cli_keep *k, struct hn_str id, bool ok, struct hn_diag *d)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    struct hn_jw w;
    struct hn_answer ans;
    hn_buf_init(&b, 4096);
    hn_jw_init(&w, &b);
    hn_jw_obj(&w);
    hn_jw_kstr(&w, "id", id);
    hn_jw_kc(&w, "state", ok ? "done" : "failed");
    hn_jw_obj_end(&w);
    return hn_client_call(k->client, "jobs.report", hn_buf_text(&b), &ans, d);
}

/* What a change did is for a diagnosis to say. */
static struct hn_err verify(const struct cli_keep *k, const char *root, struct hn_diag *d)
{
    struct hn_policy *policy = NULL;
    struct hn_run *r = NULL;
    HN_TRY(hn_policy_load(cli_conf_path("policy"), &policy, d));
    struct hn_run_options o = {.root = root, .policy = policy, .modules = cli_conf_modules(), .transient = true};
    struct hn_err e = cli_diagnose_once(&o, k, &r, d);
    hn_run_free(r);
    hn_policy_free(policy);
    return e;
}

static struct hn_err one_job(const struct cli_keep *k, const struct hn_jv *job, const char *root, struct hn_diag *d)
{
    struct hn_diag why = {{0}};
    struct hn_err e = cli_fix_job(k, job, root, &why);
    if (hn_ok(e))
        e = verify(k, root, &why);
    if (!hn_ok(e))
        hn_log(HN_LOG_ERROR, "%.*s: %s", HN_FMT(hn_jv_str(job, "kind")), why.msg);
    return report(k, hn_jv_str(job, "id"), hn_ok(e), d);
}

static struct hn_err take(const struct cli_keep *k, const char *root, struct hn_diag *d)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    struct hn_answer ans = {.body = {NULL, 0}};
    hn_arena_init(&a, 1u << 20);
    HN_TRY(hn_client_call(k->client, "jobs.take", HN_STR("{\"wait_ms\":2000,\"kinds\":\"changes\"}"), &ans, d));
    const struct hn_jv *v = hn_jv_parse(&a, hn_str_bytes(hn_arena_str(&a, ans.body)), d);
    const struct hn_jv *job = hn_jv_get(v, "job");
    return job && job->kind == HN_JV_OBJ ? one_job(k, job, root, d) : HN_OK;
}

int cli_fix_jobs(const char *root)
{
    struct cli_keep k = {.client = NULL};
    struct hn_diag d = {{0}};
    struct sigaction on = {.sa_handler = on_signal};
    sigaction(SIGTERM, &on, NULL); /* a change under way is finished first */
    sigaction(SIGINT, &on, NULL);
    struct hn_err e = cli_keep_open(&k, &d);
    while (hn_ok(e) && !ended)
        e = take(&k, root, &d);
    cli_keep_close(&k);
    if (!hn_ok(e) && !ended)
        cli_fail(e, &d);
    return ended ? CLI_OK : hn_err_exit(e);
}
