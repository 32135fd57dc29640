/* A verb that serves may name another one of its module to be run beside it, again and again, for what it keeps:
 * collectors of flows only write them down, and who talks like a bot in them is looked for by `flow replay --stored`.
 *
 *   front ──fork──▶ sleeps, runs `hinomi MODULE VERB …` at the lowest priority, sleeps …
 *
 * It ends with the front, and what it has started with it. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "base/time.h"
#include "cli/cli.h"
#include "cli/keep.h"
#include "core/work_front.h"

#define EVERY     3600
#define LOOK_BACK HN_DAY /* of records: a beat of hours needs some of them */
#define ARGS      160u

/* The child of a process that may be gone already. */
static void end_with(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(127);
}

static size_t add(const char **argv, size_t n, const char *name, const char *value)
{
    if (value && n + 3 < ARGS) {
        argv[n++] = name;
        argv[n++] = value;
    }
    return n;
}

static void become(const struct hn_front *f, const char *org, const char *policy)
{
    char since[HN_TIME_TEXT];
    const char *argv[ARGS] = {"hinomi", "--quiet", "--lang", cli.lang == HN_JA ? "ja" : "en"};
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    size_t n = add(argv, 4, "--home", cli.home);
    n = add(argv, n, "--config", cli.config);
    argv[n++] = f->module->name;
    for (const char *const *word = f->verb->beside; *word; word++)
        argv[n++] = *word;
    n = add(argv, n, "--since", hn_time_text(hn_now() - LOOK_BACK, since));
    n = add(argv, n, "--org", org);
    n = add(argv, n, "--policy", policy);
    for (size_t i = 0; i < f->n_options; i++)
        if (strcmp(f->options[i].o->name, "internal") == 0)
            n = add(argv, n, "--internal", f->options[i].value);
    if (nowhere < 0 || dup2(nowhere, STDIN_FILENO) < 0 || dup2(nowhere, STDOUT_FILENO) < 0)
        _exit(127);
    execv("/proc/self/exe", (char *const *)(uintptr_t)argv);
    _exit(127);
}

_Noreturn static void again_and_again(const struct hn_front *f, unsigned every, const char *org, const char *policy)
{
    int low = nice(19);
    (void)low;
    for (;;) {
        sleep(every);
        pid_t self = getpid(), pid = fork();
        if (pid == 0) {
            end_with(self);
            become(f, org, policy);
        }
        if (pid > 0)
            (void)waitpid(pid, NULL, 0); /* what went wrong it has said itself */
    }
}

pid_t cli_beside_start(const struct hn_front *f, const char *org, const char *policy)
{
    const char *text = hn_front_value(f, "judge-every");
    int64_t every = EVERY;
    pid_t parent = getpid();
    if (!f->verb->beside || !hn_front_value(f, "store") || (text && !hn_str_i64(hn_str_c(text), &every)))
        return 0;
    pid_t pid = fork();
    if (pid == 0) {
        end_with(parent);
        again_and_again(f, (unsigned)every, org, policy);
    }
    if (pid < 0)
        cli_error("cli.error.beside", NULL);
    return pid;
}

void cli_beside_end(pid_t pid)
{
    if (pid <= 0)
        return;
    kill(pid, SIGTERM);
    (void)waitpid(pid, NULL, 0);
}
