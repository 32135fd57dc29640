/* hinomi fix and undo: the exact change shown, approved, made by the fixer role, judged by the next diagnosis. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/keep.h"
#include "core/ops.h"

struct fix {
    struct hn_arena arena;
    struct cli_keep keep;
    const char *root;
    struct hn_str finding, asset, kind, target, value;
    struct hn_str id, digest;
    const char *refused; /* key of the text that says why; NULL: it was not refused */
    bool begun;          /* what comes of it stands in the journal */
};

/* ---------------------------------------------------------------- the fixer role */

#define ARGS_MAX 24u

/* Runs `hinomi -x fixer WHAT …` and gives what it printed. */
static struct hn_err run_fixer(struct fix *f, const char *what, const struct hn_jv **ret, struct hn_diag *d)
{
    const char *argv[ARGS_MAX] = {"hinomi", "-x",     "fixer", what,
                                  "--home", cli.home, "--id",  hn_arena_cstr(&f->arena, f->id)};
    size_t n = 8;
    const struct {
        const char *option;
        struct hn_str value;
    } more[] = {{"--root", hn_str_c(f->root)},
                {"--kind", f->kind},
                {"--target", f->target},
                {"--value", f->value},
                {"--digest", f->digest}};
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        if (!more[i].value.n)
            continue;
        argv[n++] = more[i].option;
        argv[n++] = hn_arena_cstr(&f->arena, more[i].value);
    }
    argv[n] = NULL;
    int pipefd[2], status;
    if (f->arena.failed || pipe2(pipefd, O_CLOEXEC) != 0)
        return hn_fail_errno(d, "cannot start the fixer");
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent || dup2(pipefd[1], STDOUT_FILENO) < 0)
            _exit(127);
        execv("/proc/self/exe", (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    close(pipefd[1]);
    struct hn_buf out;
    hn_buf_init(&out, 16u << 20);
    struct hn_err e = pid < 0 ? hn_fail_errno(d, "cannot start the fixer") : hn_read_fd(pipefd[0], &out, d);
    close(pipefd[0]);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (hn_ok(e)) {
        *ret = hn_jv_parse(&f->arena, hn_str_bytes(hn_arena_str(&f->arena, hn_buf_text(&out))), NULL);
        if (!*ret)
            e = hn_fail(d, HN_E_DIED, "the fixer ended without an answer");
        else if (hn_str_eqc(hn_jv_str(*ret, "state"), "failed"))
            e = hn_fail(d, HN_E_STATE, "%.*s", HN_FMT(hn_jv_str(*ret, "error")));
    }
    hn_buf_done(&out);
    return e;
}

/* ---------------------------------------------------------------- the store */

struct pair {
    const char *key;
    struct hn_str value;
};

/* What the store said beyond the general sentence of the error, which cli_fail() says. */
static void refused(const struct hn_answer *ans, struct hn_err e, struct hn_diag *d)
{
    char key[64];
    snprintf(key, sizeof key, "error.%s", hn_err_name(e));
    struct hn_str m = ans->message[cli.lang], detail = ans->detail;
    if (hn_str_eq(m, hn_str_c(hn_text_find(cli.lang, key))))
        m.n = 0;
    if (hn_str_eqc(detail, hn_err_text(e)))
        detail.n = 0;
    snprintf(d->msg, sizeof d->msg, "%.*s%s%.*s", HN_FMT(m), m.n && detail.n ? " " : "", HN_FMT(detail));
}

static const struct hn_jv *call(struct fix *f, const char *op, const struct pair *pairs, size_t n, struct hn_err *ret,
                                struct hn_diag *d)
{
    struct hn_buf args;
    struct hn_jw w;
    struct hn_answer ans = {.body = {NULL, 0}};
    hn_buf_init(&args, 8u << 20);
    hn_jw_init(&w, &args);
    hn_jw_obj(&w);
    for (size_t i = 0; i < n; i++)
        if (pairs[i].value.n)
            hn_jw_kstr(&w, pairs[i].key, pairs[i].value);
    hn_jw_obj_end(&w);
    *ret = hn_client_call(f->keep.client, op, hn_buf_text(&args), &ans, d);
    hn_buf_done(&args);
    if (!hn_ok(*ret)) {
        refused(&ans, *ret, d);
        return NULL;
    }
    return hn_jv_parse(&f->arena, hn_str_bytes(hn_arena_str(&f->arena, ans.body)), d);
}

static struct hn_err set_state(struct fix *f, const char *to, struct hn_str journal, struct hn_diag *d)
{
    struct pair args[] = {{"id", f->id}, {"to", hn_str_c(to)}, {"journal", journal}};
    struct hn_err e;
    call(f, "fixes.set", args, 3, &e, d);
    return e;
}

/* The journal of an answer of the fixer, as text. */
static struct hn_str journal_of(struct fix *f, const struct hn_jv *answer)
{
    const struct hn_jv *j = hn_jv_get(answer, "journal");
    struct hn_buf b;
    struct hn_jw w;
    if (!j)
        return HN_STR("");
    hn_buf_init(&b, 8u << 20);
    hn_jw_init(&w, &b);
    hn_jw_value(&w, j);
    struct hn_str s = hn_arena_str(&f->arena, hn_buf_text(&b));
    hn_buf_done(&b);
    return s;
}

/* The text keeps for the fix's log, in both languages, why it was not made. */
static struct hn_err refuse(struct fix *f, const char *key, struct hn_diag *d)
{
    struct hn_param kind = {"kind", f->kind, NULL};
    HN_AUTO(hn_buf_done) struct hn_buf b;
    hn_buf_init(&b, 4096);
    hn_text_add(&b, cli.lang, key, &kind);
    f->refused = key;
    return hn_fail(d, HN_E_STATE, "%.*s", HN_FMT(hn_buf_text(&b)));
}

/* A finding of another machine must never change this one. */
static struct hn_err check_asset(struct fix *f, struct hn_diag *d)
{
    struct hn_run_options o = {.root = f->root, .modules = "host"};
    struct hn_run *r = hn_run_new();
    if (!r)
        return hn_fail(d, HN_E_NOMEM, "identity");
    struct hn_err e = hn_run_collect(r, &o, d);
    if (hn_ok(e))
        e = cli_keep_resolve(&f->keep, r, d);
    if (hn_ok(e) && !hn_str_eq(r->asset, f->asset))
        e = refuse(f, "cli.fix.elsewhere", d);
    hn_run_free(r);
    return e;
}

static struct hn_err load(struct fix *f, struct hn_diag *d)
{
    struct pair args[] = {{"id", f->finding}};
    struct hn_err e;
    const struct hn_jv *v = call(f, "findings.get", args, 1, &e, d);
    HN_TRY(e);
    const struct hn_jv *fix = hn_jv_get(v, "fix");
    f->asset = hn_jv_str(hn_jv_get(v, "asset"), "id");
    f->kind = hn_jv_str(fix, "kind");
    f->target = hn_jv_str(fix, "target");
    f->value = hn_jv_str(fix, "value");
    if (!f->kind.n || hn_str_eqc(f->kind, "none"))
        return hn_fail(d, HN_E_UNSUPPORTED, "%.*s",
                       HN_FMT(hn_jv_str(hn_jv_get(v, "remedy"), cli.lang == HN_JA ? "ja" : "en")));
    return check_asset(f, d);
}

static struct hn_err fix_open(struct fix *f, struct hn_str finding, const char *root, struct hn_diag *d)
{
    f->finding = finding;
    f->root = root;
    f->id = HN_STR("plan");
    return cli.home ? HN_OK : hn_fail(d, HN_E_NOENT, "HINOMI_HOME");
}

/* ---------------------------------------------------------------- showing a plan */

static void put_line(struct hn_buf *out, const char *mark, struct hn_str s)
{
    struct hn_str line;
    while (hn_str_split(&s, '\n', &line)) {
        bool add = hn_str_starts(line, "+"), cut = hn_str_starts(line, "-");
        hn_buf_c(out, mark);
        hn_buf_c(out, !cli.color ? "" : add ? "\033[32m" : cut ? "\033[31m" : "");
        for (struct hn_str part; hn_str_split(&line, '\t', &part);) {
            hn_term_put(out, part);
            hn_buf_c(out, line.p ? "\t" : "");
        }
        hn_buf_c(out, cli.color && (add || cut) ? cli_color_end() : "");
        hn_buf_chr(out, '\n');
    }
}

static void put_step(struct hn_buf *out, struct hn_arena *a, const struct hn_jv *step)
{
    const struct hn_jv *argv = hn_jv_get(step, "argv");
    struct hn_str diff = hn_jv_str(step, "diff"), path = hn_jv_str(step, "path");
    if (argv && argv->n) {
        hn_buf_c(out, "  $");
        for (size_t i = 0; i < argv->n; i++) {
            hn_buf_chr(out, ' ');
            hn_term_put(out, argv->items[i].s);
        }
        hn_buf_chr(out, '\n');
        return;
    }
    hn_buf_c(out, "  ");
    hn_term_put(out, path);
    struct hn_str before = cli_value(a, step, "before", false), after = cli_value(a, step, "after", false);
    if (before.n || after.n) {
        hn_buf_c(out, ": ");
        hn_term_put(out, before);
        hn_buf_c(out, " → ");
        hn_term_put(out, after);
    }
    hn_buf_chr(out, '\n');
    if (diff.n)
        put_line(out, "    ", diff);
}

static void put_text(struct hn_buf *out, const char *label, struct hn_str s)
{
    const char *t = hn_text_find(cli.lang, label);
    hn_buf_c(out, t);
    hn_buf_c(out, ": ");
    hn_term_put(out, s);
    hn_buf_chr(out, '\n');
}

static void show_plan(struct fix *f, const struct hn_jv *plan)
{
    struct hn_buf out;
    const struct hn_jv *change = hn_jv_get(plan, "change");
    hn_buf_init(&out, 8u << 20);
    hn_term_put(&out, cli_value(&f->arena, plan, "title", false));
    hn_buf_chr(&out, '\n');
    for (size_t i = 0; change && i < change->n; i++)
        put_step(&out, &f->arena, &change->items[i]);
    if (!change || !change->n)
        hn_buf_fmt(&out, "  %s\n", hn_text_find(cli.lang, "cli.fix.already"));
    put_text(&out, "cli.fix.may-break", cli_value(&f->arena, plan, "may_break", false));
    put_text(&out, "cli.fix.undo-by", cli_value(&f->arena, plan, "undo", false));
    cli_out(&out);
    hn_buf_done(&out);
}

/* ---------------------------------------------------------------- doing */

static bool approve_on_the_spot(void)
{
    char answer[16];
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
        return false;
    fprintf(stderr, "%s ", hn_text_find(cli.lang, "cli.fix.ask"));
    return fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

/* Asks the journal of fix f->id how far it came, takes back what is half done, and tells the store. */
static struct hn_err settle(struct fix *f, const struct hn_jv **ret_answer, struct hn_diag *d)
{
    HN_TRY(run_fixer(f, "recover", ret_answer, d));
    bool applied = hn_str_eqc(hn_jv_str(*ret_answer, "state"), "applied");
    return set_state(f, applied ? "applied" : "failed", journal_of(f, *ret_answer), d);
}

/* A fixer that was killed left a journal and, in the store, a fix that is still "applying". What it had done is settled
 * first: the whole change is "applied"; a part of it is taken back, and "failed". One still at work holds its journal.
 */
static struct hn_err recover(struct fix *f, struct hn_diag *d)
{
    struct pair args[] = {{"finding", f->finding}};
    struct hn_str id = f->id;
    struct hn_err e;
    const struct hn_jv *answer = NULL, *list = call(f, "fixes.list", args, 1, &e, d);
    for (size_t i = 0; hn_ok(e) && list && i < list->n; i++) {
        if (!hn_str_eqc(hn_jv_str(&list->items[i], "state"), "applying"))
            continue;
        f->id = hn_jv_str(&list->items[i], "id");
        e = settle(f, &answer, d);
    }
    f->id = id;
    return e;
}

/* Requested and approved in the store first, so that the audit shows who; then made; then the outcome is kept. */
static struct hn_err apply(struct fix *f, struct hn_diag *d)
{
    const struct hn_jv *answer = NULL;
    HN_TRY(set_state(f, "applying", HN_STR(""), d));
    f->begun = true;
    struct hn_err e = run_fixer(f, "apply", &answer, d);
    if (hn_ok(e))
        return set_state(f, "applied", journal_of(f, answer), d);
    /* It may have been killed after the deed: the journal knows. */
    struct hn_diag ignored = {{0}};
    struct hn_err settled = settle(f, &answer, &ignored);
    if (hn_ok(settled) && hn_str_eqc(hn_jv_str(answer, "state"), "applied"))
        return HN_OK;
    return e;
}

static struct hn_err request(struct fix *f, struct hn_diag *d)
{
    struct pair args[] = {{"finding", f->finding}};
    struct hn_err e;
    const struct hn_jv *v = call(f, "fixes.request", args, 1, &e, d);
    if (e.code == HN_E_EXISTS) { /* asked for before, and not begun: that one is taken up */
        const struct hn_jv *list = call(f, "fixes.list", args, 1, &e, d);
        v = list && list->n ? &list->items[0] : NULL;
    }
    HN_TRY(e);
    f->id = hn_jv_str(v, "id");
    if (hn_str_eqc(hn_jv_str(v, "state"), "requested"))
        HN_TRY(set_state(f, "approved", HN_STR(""), d));
    return HN_OK;
}

/* The next diagnosis decides whether it worked; so it is made at once. */
static struct hn_err diagnose_again(struct fix *f, bool *ret_gone, struct hn_diag *d)
{
    struct hn_policy *policy = NULL;
    struct hn_run *r = NULL;
    HN_TRY(hn_policy_load(NULL, &policy, d));
    struct hn_run_options o = {.root = f->root, .policy = policy};
    struct hn_err e = cli_diagnose_once(&o, &f->keep, &r, d);
    *ret_gone = hn_ok(e);
    for (const struct hn_finding *x = r ? r->judged.first : NULL; x; x = x->next)
        if (hn_str_eqc(f->finding, x->id))
            *ret_gone = false;
    hn_run_free(r);
    hn_policy_free(policy);
    return e;
}

/* Undo: the newest applied fix of the finding. */
static struct hn_err take_back(struct fix *f, struct hn_diag *d)
{
    struct pair args[] = {{"finding", f->finding}};
    HN_TRY(recover(f, d));
    struct hn_err e;
    const struct hn_jv *answer = NULL, *list = call(f, "fixes.list", args, 1, &e, d);
    HN_TRY(e);
    f->id = HN_STR("");
    for (size_t i = 0; list && i < list->n && !f->id.n; i++)
        if (hn_str_eqc(hn_jv_str(&list->items[i], "state"), "applied"))
            f->id = hn_jv_str(&list->items[i], "id");
    if (!f->id.n)
        return hn_fail(d, HN_E_NOENT, "no applied fix of this finding");
    HN_TRY(run_fixer(f, "undo", &answer, d));
    return set_state(f, "undone", journal_of(f, answer), d);
}

/* What this machine's configuration lets the console change. What was made may be taken back, whatever its kind. */
static struct hn_err permitted(struct fix *f, bool undo, struct hn_diag *d)
{
    struct hn_str approval = hn_config_str(cli.conf, "fix.approval");
    if (hn_str_eqc(approval, "never"))
        return refuse(f, "cli.fix.never", d);
    if (!undo && hn_str_eqc(approval, "approved") &&
        !hn_config_has(cli.conf, "fix.kinds", hn_arena_cstr(&f->arena, f->kind)))
        return refuse(f, "cli.fix.kind-refused", d);
    return HN_OK;
}

/* An approved fix that is not begun is over, and its log says why: it would be asked for again and again. */
static void give_up(struct fix *f, const struct hn_diag *why)
{
    struct hn_diag ignored = {{0}};
    struct hn_param kind = {"kind", f->kind, NULL};
    HN_AUTO(hn_buf_done) struct hn_buf b;
    struct hn_jw w;
    hn_buf_init(&b, 16u << 10);
    hn_jw_init(&w, &b);
    hn_jw_arr(&w);
    hn_jw_obj(&w);
    hn_jw_ktime(&w, "at", hn_now());
    if (f->refused)
        hn_jw_ktext(&w, &f->arena, "text", f->refused, &kind);
    else
        hn_jw_kstr(&w, "what", hn_str_from_hostile(&f->arena, hn_str_bytes(hn_str_c(why->msg)), sizeof why->msg));
    hn_jw_obj_end(&w);
    hn_jw_arr_end(&w);
    (void)set_state(f, "failed", hn_buf_text(&b), &ignored);
}

struct hn_err cli_fix_job(const struct cli_keep *k, const struct hn_jv *job, const char *root, struct hn_diag *d)
{
    struct fix f = {.keep = *k};
    bool undo = hn_str_eqc(hn_jv_str(job, "kind"), "undo");
    hn_arena_init(&f.arena, 64u << 20);
    struct hn_err e = fix_open(&f, hn_jv_str(job, "finding"), root, d);
    f.id = hn_jv_str(job, "fix");
    if (hn_ok(e))
        e = load(&f, d);
    if (hn_ok(e))
        e = permitted(&f, undo, d);
    if (hn_ok(e) && undo)
        e = take_back(&f, d);
    if (hn_ok(e) && !undo)
        e = recover(&f, d);
    if (hn_ok(e) && !undo)
        e = apply(&f, d);
    if (!hn_ok(e) && !undo && !f.begun)
        give_up(&f, d);
    hn_arena_done(&f.arena);
    return e;
}

/* ---------------------------------------------------------------- verbs */

static void say_outcome(bool gone)
{
    printf("%s\n", hn_text_find(cli.lang, gone ? "cli.fix.verified" : "cli.fix.not-verified"));
}

static struct hn_err fix_verb(struct fix *f, bool do_apply, bool yes, int *rc, struct hn_diag *d)
{
    const struct hn_jv *answer = NULL;
    bool gone = false;
    HN_TRY(load(f, d));
    HN_TRY(run_fixer(f, "plan", &answer, d));
    const struct hn_jv *plan = hn_jv_get(answer, "plan");
    f->digest = hn_jv_str(plan, "digest");
    if (cli.json && !do_apply) {
        struct hn_buf b;
        struct hn_jw w;
        hn_buf_init(&b, 8u << 20);
        hn_jw_init(&w, &b);
        hn_jw_value(&w, plan);
        hn_buf_chr(&b, '\n');
        cli_out(&b);
        hn_buf_done(&b);
    } else if (!cli.json) {
        show_plan(f, plan);
    }
    if (!do_apply)
        return HN_OK;
    struct hn_str approval = hn_config_str(cli.conf, "fix.approval");
    if (hn_str_eqc(approval, "never"))
        return hn_fail(d, HN_E_STATE, "%s", hn_text_find(cli.lang, "cli.fix.never"));
    bool approved =
        hn_str_eqc(approval, "approved") && hn_config_has(cli.conf, "fix.kinds", hn_arena_cstr(&f->arena, f->kind));
    if (!yes && !approved && !approve_on_the_spot()) {
        cli_error("cli.fix.not-approved", NULL);
        *rc = CLI_USAGE;
        return HN_OK;
    }
    HN_TRY(recover(f, d));
    HN_TRY(request(f, d));
    HN_TRY(apply(f, d));
    HN_TRY(diagnose_again(f, &gone, d));
    if (cli.json)
        printf("{\"fix\":\"%.*s\",\"state\":\"applied\",\"verified\":%s}\n", HN_FMT(f->id), gone ? "true" : "false");
    else
        say_outcome(gone);
    *rc = gone ? CLI_OK : CLI_FINDINGS;
    return HN_OK;
}

static int run(int argc, char **argv, bool undo)
{
    static const struct option options[] = {{"apply", no_argument, 0, 'a'},
                                            {"yes", no_argument, 0, 'y'},
                                            {"root", required_argument, 0, 'r'},
                                            {"jobs", no_argument, 0, 'j'},
                                            {0}};
    const char *root = NULL;
    bool do_apply = false, yes = false, jobs = false, gone;
    struct hn_diag d = {{0}};
    struct hn_str id;
    int opt, rc = CLI_OK;
    while ((opt = cli_option_next(argc, argv, options)) != -1) {
        if (opt == 'a')
            do_apply = true;
        else if (opt == 'y')
            yes = true;
        else if (opt == 'r')
            root = optarg;
        else if (opt == 'j' && !undo)
            jobs = true;
        else
            return cli_usage(cli_verb_find(argv[0]));
    }
    if (jobs && optind == argc && !do_apply)
        return cli_fix_jobs(root);
    if (jobs || optind + 1 != argc || !hn_str_from_utf8(hn_bytes_of(argv[optind], strlen(argv[optind])), &id))
        return cli_usage(cli_verb_find(argv[0]));
    struct fix f = {.root = root};
    hn_arena_init(&f.arena, 64u << 20);
    struct hn_err e = fix_open(&f, id, root, &d);
    if (hn_ok(e))
        e = cli_keep_open(&f.keep, &d);
    if (hn_ok(e) && !undo)
        e = fix_verb(&f, do_apply, yes, &rc, &d);
    if (hn_ok(e) && undo) {
        e = load(&f, &d);
        if (hn_ok(e))
            e = take_back(&f, &d);
        if (hn_ok(e))
            e = diagnose_again(&f, &gone, &d);
        if (hn_ok(e) && cli.json)
            printf("{\"fix\":\"%.*s\",\"state\":\"undone\",\"verified\":%s}\n", HN_FMT(f.id), gone ? "true" : "false");
        else if (hn_ok(e))
            printf("%s\n", hn_text_find(cli.lang, "cli.fix.undone"));
    }
    if (!hn_ok(e)) {
        cli_fail(e, &d);
        rc = hn_err_exit(e);
    }
    cli_keep_close(&f.keep);
    hn_arena_done(&f.arena);
    return rc;
}

int cli_fix(int argc, char **argv)
{
    return run(argc, argv, false);
}

int cli_undo(int argc, char **argv)
{
    return run(argc, argv, true);
}
