/* hinomi -x ask: takes the questions that the store role cannot answer itself (core/ask.h), runs the command line of
 * each, and gives back what it printed. Looks into nothing that passes; whoever asks is known to the store role alone.
 *
 * Each command is a process of its own: 20 s of time, 2 GiB of memory beside what it maps, 16 MiB of answer. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/cli.h"
#include "core/ask.h"
#include "core/client.h"

#define WAIT_MS 2000
#if defined(__SANITIZE_ADDRESS__) /* it reserves terabytes */
#define MEMORY_MOST RLIM_INFINITY
#else
#define MEMORY_MOST ((rlim_t)2 << 30)
#endif
#define SAID_MOST   2048u
#define SAID_ROOM   (256u << 10)
#define FAILED_REST 500000 /* µs before the next try */

struct asker {
    const char *home, *config;
    struct hn_client *client;
    pid_t copies[HN_ASKERS - 1]; /* of the first; 0: to be made */
};

/* ---------------------------------------------------------------- one command */

/* A file in memory that takes so much and no more: writing beyond fails. */
static int room(const char *name, size_t most)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd >= 0 && (ftruncate(fd, (off_t)most) != 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) != 0)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static int filled(struct hn_str text)
{
    int fd = memfd_create("input", MFD_CLOEXEC);
    if (fd >= 0 && (!hn_ok(hn_write_all(fd, text.p, text.n)) || lseek(fd, 0, SEEK_SET) != 0)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

struct command {
    const char *argv[HN_ASK_ARGS + 8];
    int in, out, said;
    pid_t pid;
    int status;
};

static bool words(const struct asker *k, const struct hn_jv *ask, struct hn_arena *a, struct command *c)
{
    const struct hn_jv *argv = hn_jv_get(ask, "argv");
    size_t n = 0;
    c->argv[n++] = "hinomi";
    c->argv[n++] = "--home";
    c->argv[n++] = k->home;
    if (k->config) {
        c->argv[n++] = "--config";
        c->argv[n++] = k->config;
    }
    for (size_t i = 0; argv && argv->kind == HN_JV_ARR && i < argv->n; i++) {
        const char *word = i < HN_ASK_ARGS ? hn_arena_cstr(a, argv->items[i].s) : NULL;
        if (!word)
            return false;
        c->argv[n++] = word;
    }
    return n > 3;
}

static void become(const struct command *c, pid_t parent)
{
    struct rlimit most = {MEMORY_MOST, MEMORY_MOST}, cpu = {HN_ASK_SECONDS * 4, HN_ASK_SECONDS * 4};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || setrlimit(RLIMIT_DATA, &most) != 0 || setrlimit(RLIMIT_CPU, &cpu) != 0 ||
        dup2(c->in, 0) < 0 || dup2(c->out, 1) < 0 || dup2(c->said, 2) < 0)
        _exit(127);
    execv("/proc/self/exe", (char *const *)(uintptr_t)c->argv);
    _exit(127);
}

static struct hn_err start(struct command *c, struct hn_str input, struct hn_diag *d)
{
    pid_t parent = getpid();
    c->in = filled(input);
    c->out = room("out", HN_ASK_ANSWER);
    c->said = room("said", SAID_ROOM);
    if (c->in < 0 || c->out < 0 || c->said < 0)
        return hn_fail_errno(d, "memory for a question");
    c->pid = fork();
    if (c->pid < 0)
        return hn_fail_errno(d, "fork");
    if (c->pid == 0)
        become(c, parent);
    return HN_OK;
}

/* False: it did not end in time, and was ended. */
static bool wait_for(struct command *c)
{
    HN_AUTO_FD pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
    struct pollfd p = {.fd = pidfd, .events = POLLIN};
    hn_time until = hn_monotonic() + HN_ASK_SECONDS * HN_SECOND;
    bool ended = false;
    while (!ended && hn_monotonic() < until) {
        if (pidfd < 0)
            usleep(20000);
        else if (poll(&p, 1, 1000) < 0 && errno != EINTR)
            break;
        ended = waitpid(c->pid, &c->status, WNOHANG) == c->pid;
    }
    if (!ended) {
        kill(c->pid, SIGKILL);
        while (waitpid(c->pid, &c->status, 0) < 0 && errno == EINTR)
            ;
    }
    return ended;
}

static void close_all(const struct command *c)
{
    const int fds[] = {c->in, c->out, c->said};
    for (size_t i = 0; i < 3; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

/* What was written, as text. The length is where writing has come to. */
static struct hn_str written(int fd, struct hn_arena *a, size_t most)
{
    off_t n = lseek(fd, 0, SEEK_CUR);
    struct hn_str s = {NULL, 0};
    char *p = n > 0 ? hn_arena_alloc(a, (size_t)n) : NULL;
    if (!p || pread(fd, p, (size_t)n, 0) != n)
        return s;
    if (!hn_str_from_utf8(hn_bytes_of(p, (size_t)n), &s))
        s = hn_str_from_hostile(a, hn_bytes_of(p, (size_t)n), most);
    return s.n > most ? hn_str_cut(s, 0, most) : s;
}

/* ---------------------------------------------------------------- one question */

static struct hn_err report(const struct asker *k, struct hn_str id, const char *state, const struct command *c,
                            struct hn_arena *a, struct hn_diag *d)
{
    struct hn_buf b;
    struct hn_jw w;
    struct hn_answer ans;
    hn_buf_init(&b, 6u * HN_ASK_ANSWER + (1u << 20));
    hn_jw_init(&w, &b);
    hn_jw_obj(&w);
    hn_jw_kstr(&w, "id", id);
    hn_jw_kc(&w, "state", state);
    if (WIFEXITED(c->status)) {
        hn_jw_kint(&w, "code", WEXITSTATUS(c->status));
        hn_jw_kstr(&w, "out", written(c->out, a, HN_ASK_ANSWER));
        hn_jw_kstr(&w, "said", hn_str_trim(written(c->said, a, SAID_MOST)));
    }
    hn_jw_obj_end(&w);
    struct hn_err e = hn_buf_err(&b);
    if (hn_ok(e))
        e = hn_client_call(k->client, "asks.report", hn_buf_text(&b), &ans, d);
    hn_buf_done(&b);
    return e;
}

static struct hn_err answer(const struct asker *k, const struct hn_jv *ask, struct hn_arena *a, struct hn_diag *d)
{
    struct command c = {.in = -1, .out = -1, .said = -1, .status = 127 << 8};
    struct hn_err e = words(k, ask, a, &c) ? start(&c, hn_jv_str(ask, "input"), d) : (struct hn_err){HN_E_INVALID};
    const char *state = "failed";
    if (hn_ok(e)) {
        bool in_time = wait_for(&c);
        bool full = lseek(c.out, 0, SEEK_CUR) >= HN_ASK_ANSWER;
        state = !in_time ? "timeout" : full ? "too-much" : WIFEXITED(c.status) ? "done" : "failed";
    } else {
        hn_log(HN_LOG_ERROR, "question: %s", d->msg);
    }
    e = report(k, hn_jv_str(ask, "id"), state, &c, a, d);
    close_all(&c);
    return e;
}

static struct hn_err once(const struct asker *k, struct hn_diag *d)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    struct hn_answer ans = {.body = {NULL, 0}};
    char args[32];
    hn_arena_init(&a, 128u << 20);
    snprintf(args, sizeof args, "{\"wait_ms\":%d}", WAIT_MS);
    HN_TRY(hn_client_call(k->client, "asks.take", hn_str_c(args), &ans, d));
    const struct hn_jv *ask = hn_jv_get(hn_jv_parse(&a, hn_str_bytes(hn_arena_str(&a, ans.body)), d), "ask");
    return ask && ask->kind == HN_JV_OBJ ? answer(k, ask, &a, d) : HN_OK;
}

/* The first asker sees to it that there are as many as there should be; a copy has a connection of its own. True: this
 * is a copy. */
static bool copy_self(struct asker *k)
{
    pid_t first = getpid();
    for (size_t i = 0; i < HN_ASKERS - 1; i++) {
        if (k->copies[i] > 0 && waitpid(k->copies[i], NULL, WNOHANG) == 0)
            continue;
        k->copies[i] = fork();
        if (k->copies[i] != 0)
            continue;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != first)
            _exit(127);
        hn_client_close(k->client);
        k->client = NULL;
        return true;
    }
    return false;
}

int cli_asker(int argc, char **argv)
{
    static const struct option options[] = {
        {"home", required_argument, 0, 'h'}, {"config", required_argument, 0, 'c'}, {0}};
    struct asker k = {.home = NULL};
    struct hn_diag d = {{0}};
    struct hn_err e = HN_OK;
    int opt;
    while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (opt == 'h')
            k.home = optarg;
        else if (opt == 'c')
            k.config = optarg;
        else
            return CLI_USAGE;
    }
    if (!k.home)
        return CLI_USAGE;
    bool copy = copy_self(&k);
    k.client = hn_client_connect(k.home, &d);
    while (k.client && hn_ok(e)) {
        e = once(&k, &d);
        if (!copy && copy_self(&k)) {
            copy = true;
            k.client = hn_client_connect(k.home, &d);
        }
    }
    if (!k.client || e.code != HN_E_DIED)
        hn_log(HN_LOG_ERROR, "asker: %s", d.msg);
    hn_client_close(k.client);
    return CLI_FAILURE;
}
