/* hinomi serve: starts the store role, the web server role and the watcher, and does what the console asks for:
 * diagnose again, make an approved change, have a document read. Parses nothing hostile itself.
 *
 *   serve ──▶ store role ◀── httpd role ◀── browser
 *     │  ├──▶ watcher (hinomi diagnose --watch)
 *     │  └──▶ asker: answers questions by verbs of modules (asker.c)
 *     └─ jobs.take ─▶ diagnose │ fixer (only with --fixer) │ hinomi -x uploads */
#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/keep.h"
#include "cli/serve.h"
#include "core/registry.h"
#include "sandbox/role.h"

#define WAIT_MS      2000
#define RESTART_MOST 5 /* per minute */

struct serve {
    const char *listen, *user, *policy_path;
    const char *root; /* NULL: this machine */
    bool diagnose, watch, fixer, token;
    struct cli_listener socket;
    struct cli_keep keep;
    struct hn_policy *policy;
    struct hn_child httpd;
    pid_t watcher, asker;
    hn_time restarts_since, chores_at;
    unsigned restarts;
    char job[64]; /* under way */
};

static volatile sig_atomic_t ended;

static void on_signal(int sig)
{
    ended = 1;
}

static bool read_options(int argc, char **argv, struct serve *s)
{
    static const struct option options[] = {
        {"listen", required_argument, 0, 'l'}, {"user", required_argument, 0, 'u'}, {"diagnose", no_argument, 0, 'd'},
        {"watch", no_argument, 0, 'w'},        {"fixer", no_argument, 0, 'f'},      {"token", no_argument, 0, 't'},
        {"policy", required_argument, 0, 'p'}, {"root", required_argument, 0, 'r'}, {0}};
    int opt;
    while ((opt = cli_option_next(argc, argv, options)) != -1) {
        if (opt == 'l')
            s->listen = optarg;
        else if (opt == 'u')
            s->user = optarg;
        else if (opt == 'd')
            s->diagnose = true;
        else if (opt == 'w')
            s->watch = true;
        else if (opt == 'f')
            s->fixer = true;
        else if (opt == 't')
            s->token = true;
        else if (opt == 'p')
            s->policy_path = optarg;
        else if (opt == 'r')
            s->root = optarg;
        else
            return false;
    }
    return optind >= argc;
}

static void say(const char *key, const char *name, struct hn_str value)
{
    struct hn_param p = {name, value, NULL};
    struct hn_buf b;
    hn_buf_init(&b, 16u << 10);
    hn_text_add(&b, cli.lang, key, &p);
    printf("%.*s\n", (int)b.n, b.p);
    fflush(stdout);
    hn_buf_done(&b);
}

/* ---------------------------------------------------------------- children */

static struct hn_err start_httpd(struct serve *s, struct hn_diag *d)
{
    const char *user = s->user ? s->user : hn_role_user();
    const char *argv[] = {"--user", user, NULL};
    int fds[2] = {s->socket.fd, -1};
    HN_TRY(hn_client_http(cli.home, &fds[1], d));
    struct hn_err e = hn_role_spawn(HN_PROC_HTTPD, user ? argv : NULL, fds, 2, &s->httpd, d);
    close(fds[1]);
    return e;
}

/* This program once more; it ends with us. */
static struct hn_err start_self(const char *const *argv, pid_t *ret, struct hn_diag *d)
{
    pid_t parent = getpid();
    *ret = fork();
    if (*ret < 0)
        return hn_fail_errno(d, "cannot start %s %s", argv[1], argv[2]);
    if (*ret == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent)
            _exit(127);
        execv("/proc/self/exe", (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    return HN_OK;
}

static struct hn_err start_watcher(struct serve *s, struct hn_diag *d)
{
    const char *argv[14] = {"hinomi", "diagnose", "--watch", "--quiet"};
    size_t n = 4;
    if (cli.config) {
        argv[n++] = "--config";
        argv[n++] = cli.config;
    }
    if (cli.home) {
        argv[n++] = "--home";
        argv[n++] = cli.home;
    }
    if (s->root) {
        argv[n++] = "--root";
        argv[n++] = s->root;
    }
    if (s->policy_path) {
        argv[n++] = "--policy";
        argv[n++] = s->policy_path;
    }
    return start_self(argv, &s->watcher, d);
}

static struct hn_err start_asker(struct serve *s, struct hn_diag *d)
{
    const char *argv[] = {"hinomi", "-x", "ask", "--home", cli.home, cli.config ? "--config" : NULL, cli.config, NULL};
    return start_self(argv, &s->asker, d);
}

/* A child that ended is started again, but not for ever. */
static struct hn_err look_after(struct serve *s, struct hn_diag *d)
{
    int status;
    pid_t pid = waitpid(-1, &status, WNOHANG);
    if (pid <= 0)
        return HN_OK;
    bool httpd = pid == s->httpd.pid, watcher = s->watcher > 0 && pid == s->watcher;
    bool asker = s->asker > 0 && pid == s->asker;
    if (!httpd && !watcher && !asker)
        return HN_OK;
    const char *name = httpd ? "httpd" : asker ? "asker" : "watcher";
    hn_time now = hn_monotonic();
    if (now - s->restarts_since > HN_MINUTE) {
        s->restarts_since = now;
        s->restarts = 0;
    }
    char how[48];
    if (WIFSIGNALED(status))
        snprintf(how, sizeof how, "by signal %d", WTERMSIG(status));
    else
        snprintf(how, sizeof how, "with exit code %d", WEXITSTATUS(status));
    if (++s->restarts > RESTART_MOST)
        return hn_fail(d, HN_E_DIED, "%s keeps ending (%s)", name, how);
    hn_log(HN_LOG_WARN, "%s ended %s; starting it again", name, how);
    return httpd ? start_httpd(s, d) : asker ? start_asker(s, d) : start_watcher(s, d);
}

/* ---------------------------------------------------------------- reminders, retention */

#define CHORES_EVERY HN_HOUR

static void start_alone(const char *const *argv)
{
    pid_t pid;
    struct hn_diag d = {{0}};
    if (!hn_ok(start_self(argv, &pid, &d)))
        hn_log(HN_LOG_WARN, "%s", d.msg);
}

/* Once an hour: reminders in a process of their own (it talks to other machines), and old data goes. */
static void start_reminders(void)
{
    const char *argv[] = {"hinomi",   "-x", "remind", "--home", cli.home, cli.config ? "--config" : NULL,
                          cli.config, NULL};
    start_alone(argv);
}

static void prune(struct serve *s)
{
    struct hn_buf b;
    struct hn_jw w;
    struct hn_answer ans;
    static const char *const days[] = {"history_days", "run_days", "closed_days", "event_days"};
    hn_buf_init(&b, 1024);
    hn_jw_init(&w, &b);
    hn_jw_obj(&w);
    for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
        char key[64];
        snprintf(key, sizeof key, "retention.%s", days[i]);
        hn_jw_kint(&w, days[i], hn_config_int(cli.conf, key));
    }
    hn_jw_kint(&w, "most_bytes", hn_config_int(cli.conf, "retention.most_size"));
    hn_jw_obj_end(&w);
    struct hn_diag d = {{0}};
    struct hn_err e = hn_client_call(s->keep.client, "store.prune", hn_buf_text(&b), &ans, &d);
    if (!hn_ok(e))
        hn_log(HN_LOG_WARN, "retention: %s", d.msg[0] ? d.msg : hn_err_text(e));
    hn_buf_done(&b);
}

static void do_chores(struct serve *s)
{
    hn_time now = hn_monotonic();
    if (now < s->chores_at)
        return;
    s->chores_at = now + CHORES_EVERY;
    start_reminders();
    prune(s);
}

/* ---------------------------------------------------------------- jobs */

static struct hn_err call(struct serve *s, const char *op, const struct hn_buf *args, struct hn_answer *ans,
                          struct hn_diag *d)
{
    return hn_client_call(s->keep.client, op, args ? hn_buf_text(args) : HN_STR("{}"), ans, d);
}

static void report(struct serve *s, const char *state, const char *module, int percent)
{
    struct hn_buf b;
    struct hn_jw w;
    struct hn_answer ans;
    hn_buf_init(&b, 4096);
    hn_jw_init(&w, &b);
    hn_jw_obj(&w);
    hn_jw_kc(&w, "id", s->job);
    hn_jw_kc(&w, "state", state);
    if (module)
        hn_jw_kc(&w, "module", module);
    hn_jw_kint(&w, "percent", percent);
    hn_jw_obj_end(&w);
    struct hn_err e = call(s, "jobs.report", &b, &ans, NULL);
    if (!hn_ok(e))
        hn_log(HN_LOG_WARN, "progress not reported: %s", hn_err_text(e));
    hn_buf_done(&b);
}

static void on_progress(void *arg, const struct hn_module *m, size_t done, size_t of)
{
    report(arg, "running", m->name, of ? (int)(done * 100 / of) : 0);
}

static struct hn_err diagnose(struct serve *s, bool deep, bool tell, struct hn_diag *d)
{
    struct hn_run_options o = {.root = s->root, .policy = s->policy, .deep = deep, .modules = cli_conf_modules()};
    struct hn_run *r = NULL;
    if (tell) {
        o.progress = on_progress;
        o.progress_arg = s;
    }
    struct hn_err e = cli_diagnose_once(&o, &s->keep, &r, d);
    hn_run_free(r);
    return e;
}

/* Documents that came over HTTP are read in a process of its own: reading takes as long as it takes. */
static void start_reader(void)
{
    const char *argv[] = {"hinomi",   "-x", "uploads", "--home", cli.home, cli.config ? "--config" : NULL,
                          cli.config, NULL};

    start_alone(argv);
}

static void do_job(struct serve *s, const struct hn_jv *job)
{
    struct hn_diag d = {{0}};
    struct hn_str kind = hn_jv_str(job, "kind");
    snprintf(s->job, sizeof s->job, "%.*s", HN_FMT(hn_jv_str(job, "id")));
    struct hn_err e = HN_OK;
    bool read = hn_str_eqc(kind, "read");
    if (read)
        start_reader();
    else if (hn_str_eqc(kind, "diagnose"))
        e = diagnose(s, hn_jv_bool(job, "deep", false), true, &d);
    else
        e = cli_fix_job(&s->keep, job, s->root, &d);
    if (hn_ok(e) && !read && !hn_str_eqc(kind, "diagnose"))
        e = diagnose(s, false, false, &d); /* what a change did is for a diagnosis to say */
    if (!hn_ok(e))
        hn_log(HN_LOG_ERROR, "%.*s failed: %s", HN_FMT(kind), d.msg);
    report(s, hn_ok(e) ? "done" : "failed", NULL, 100);
}

static struct hn_err loop(struct serve *s, struct hn_diag *d)
{
    struct hn_buf wait;
    hn_buf_init(&wait, 256);
    /* Without --fixer changes are left to `hinomi fix --jobs`, if there is one. */
    hn_buf_fmt(&wait, "{\"wait_ms\":%d,\"kinds\":\"%s\"}", WAIT_MS, s->fixer ? "all" : "diagnoses");
    struct hn_err e = HN_OK;
    while (!ended && hn_ok(e)) {
        struct hn_arena a;
        struct hn_answer ans = {.body = {NULL, 0}};
        hn_arena_init(&a, 1u << 20);
        hn_time asked = hn_monotonic();
        e = call(s, "jobs.take", &wait, &ans, d);
        const struct hn_jv *v = hn_ok(e) ? hn_jv_parse(&a, hn_str_bytes(hn_arena_str(&a, ans.body)), d) : NULL;
        const struct hn_jv *job = hn_jv_get(v, "job");
        if (job && job->kind == HN_JV_OBJ)
            do_job(s, job);
        else if (hn_monotonic() - asked < HN_SECOND / 10) /* there is one, for somebody else */
            usleep(500000);
        hn_arena_done(&a);
        if (hn_ok(e) && !ended)
            e = look_after(s, d);
        if (hn_ok(e) && !ended)
            do_chores(s);
    }
    hn_buf_done(&wait);
    return ended ? HN_OK : e;
}

/* ---------------------------------------------------------------- start */

/* The token is shown when nobody can sign in yet, or when it is asked for. */
static struct hn_err show_token(struct serve *s, struct hn_diag *d)
{
    struct hn_arena a;
    struct hn_answer ans = {.body = {NULL, 0}};
    HN_TRY(call(s, "bootstrap.new", NULL, &ans, d));
    hn_arena_init(&a, 1u << 20);
    const struct hn_jv *v = hn_jv_parse(&a, hn_str_bytes(hn_arena_str(&a, ans.body)), d);
    if (s->token || hn_jv_int(v, "accounts", 0) == 0)
        say("cli.serve.token", "token", hn_jv_str(v, "token"));
    hn_arena_done(&a);
    return HN_OK;
}

static struct hn_err tell_state(struct serve *s, struct hn_diag *d)
{
    struct hn_sandbox_state box = hn_sandbox_probe();
    struct hn_answer ans;
    struct hn_buf b;
    if (!box.landlock_abi)
        fprintf(stderr, "%s\n", hn_text_find(cli.lang, "cli.serve.reduced"));
    hn_buf_init(&b, 256);
    hn_buf_fmt(&b, "{\"on\":%s,\"takes\":true,\"sandbox\":\"%s\"}", s->watch ? "true" : "false",
               box.landlock_abi ? "full" : "reduced");
    struct hn_err e = call(s, "watch.set", &b, &ans, d);
    hn_buf_done(&b);
    return e;
}

/* organisation.name, once: as long as the tree still has the name that it was made with. */
static struct hn_err name_organisation(struct serve *s, struct hn_diag *d)
{
    const char *name = cli_conf_path("organisation.name");
    struct hn_arena a;
    struct hn_answer ans = {.body = {NULL, 0}};
    struct hn_buf b;
    struct hn_jw w;
    if (!name)
        return HN_OK;
    hn_buf_init(&b, 4096);
    hn_arena_init(&a, 4u << 20);
    hn_buf_c(&b, "{\"id\":\"root\"}");
    struct hn_err e = call(s, "organisations.get", &b, &ans, d);
    const struct hn_jv *v = hn_ok(e) ? hn_jv_parse(&a, hn_str_bytes(hn_arena_str(&a, ans.body)), d) : NULL;
    if (v && hn_str_eqc(hn_jv_str(hn_jv_get(v, "name"), "en"), "Organisation")) {
        hn_buf_clear(&b);
        hn_jw_init(&w, &b);
        hn_jw_obj(&w);
        hn_jw_kc(&w, "id", "root");
        hn_jw_kc(&w, "name", name);
        hn_jw_obj_end(&w);
        e = call(s, "organisations.change", &b, &ans, d);
    }
    hn_arena_done(&a);
    hn_buf_done(&b);
    return e;
}

static struct hn_err start(struct serve *s, struct hn_diag *d)
{
    HN_TRY(hn_policy_load(s->policy_path, &s->policy, d));
    if (s->user && *s->user && !getpwnam(s->user))
        return hn_fail(d, HN_E_NOENT, "--user %s", s->user);
    HN_TRY(cli_listen(s->listen, &s->socket, d));
    HN_TRY(cli_keep_open(&s->keep, d));
    HN_TRY(name_organisation(s, d));
    HN_TRY(tell_state(s, d));
    if (s->diagnose) {
        say("cli.serve.diagnosing", "n", HN_STR(""));
        HN_TRY(diagnose(s, false, false, d));
    }
    HN_TRY(start_asker(s, d));
    HN_TRY(start_httpd(s, d));
    if (s->watch)
        HN_TRY(start_watcher(s, d));
    say("cli.serve.ready", "url", hn_str_c(s->socket.url));
    HN_TRY(show_token(s, d));
    if (getenv("HINOMI_HOME")) /* another terminal does not have it, and would look into another store */
        say("cli.serve.home", "home", hn_str_c(cli.home));
    return HN_OK;
}

static void end_self(pid_t pid)
{
    if (pid <= 0)
        return;
    kill(pid, SIGTERM);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

int cli_serve(int argc, char **argv)
{
    struct serve s = {.listen = hn_config_str(cli.conf, "serve.listen").p,
                      .user = cli_conf_path("serve.user"),
                      .policy_path = cli_conf_path("policy"),
                      .diagnose = hn_config_bool(cli.conf, "serve.diagnose"),
                      .watch = hn_config_bool(cli.conf, "serve.watch"),
                      .socket = {.fd = -1},
                      .httpd = {.pid = -1, .pidfd = -1}};
    struct hn_diag d = {{0}};
    struct sigaction on = {.sa_handler = on_signal};
    if (!read_options(argc, argv, &s))
        return cli_usage(cli_verb_find("serve"));
    sigaction(SIGTERM, &on, NULL);
    sigaction(SIGINT, &on, NULL);
    struct hn_err e = start(&s, &d);
    if (e.code == HN_E_INVALID && s.socket.fd < 0)
        cli_error("cli.error.listen", "word", s.listen, NULL);
    if (hn_ok(e))
        e = loop(&s, &d);
    if (!hn_ok(e) && e.code != HN_E_INVALID)
        cli_fail(e, &d);
    hn_child_end(&s.httpd, true);
    end_self(s.watcher);
    end_self(s.asker);
    cli_keep_close(&s.keep);
    hn_fd_cleanup(&s.socket.fd);
    hn_policy_free(s.policy);
    return hn_err_exit(e);
}
