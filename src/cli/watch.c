/* hinomi diagnose --watch: everything once, then only what has changed.
 *
 *   files, netlink, listeners ──▶ modules concerned ──▶ gathered for half a second ──▶ one run of these modules
 *
 * The other modules keep what they saw; core joins and judges all of it again. A module whose judge then says something
 * else, by what others saw, is looked at as well before anything is stored: a finding comes and goes by a run of its
 * own module only. On a schedule everything is looked at again. The deep pass runs beside all this in a process of its
 * own, at the lowest priority. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/keep.h"
#include "cli/watch_busy.h"
#include "cli/watch_files.h"
#include "cli/watch_net.h"
#include "core/registry.h"

#define MS             (HN_SECOND / 1000)
#define QUIET          (500 * MS)  /* a package manager touches many files: wait until it is quiet */
#define GATHER_MOST    (2000 * MS) /* but a busy folder does not put a run off for ever */
#define REST           (200 * MS) /* between two looks at what the file systems tell: a busy machine wakes us no more */
#define BUSY_EACH      HN_SECOND  /* how often to ask whether the package manager has ended */
#define BUSY_MOST      (5 * HN_MINUTE) /* one that hangs does not blind us */
#define LISTENERS_EACH (5 * HN_SECOND)
#define PROCESSES_EACH HN_MINUTE
#define DEEP_FIRST     (10 * HN_MINUTE) /* after the start: not everything at once when a machine boots */
/* So much running by changes is free; beyond that one part in SHARE of the time. */
#define CREDIT_MOST (10 * HN_SECOND)
#define SHARE       20
#define ALL         CLI_LOOK_ALL

struct watch {
    const struct hn_run_options *o;
    const struct cli_keep *k;
    struct watch_files *files;
    struct watch_net *net;
    int signals;
    struct hn_run *last;  /* NULL: everything is to be looked at */
    uint64_t pending;     /* modules concerned, not yet run */
    int64_t first, ready; /* since when; when to run */
    int64_t rest_until, next_full, next_listeners, next_processes, next_deep;
    int64_t every, deep_every;
    int64_t credit, credit_at;
    pid_t deep;
};

/* ---------------------------------------------------------------- running */

static void say(const struct hn_run *r, int64_t took)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    hn_buf_init(&b, 4096);
    for (size_t i = 0; i < r->n_cover; i++)
        if (!r->cover[i].kept)
            hn_buf_fmt(&b, " %s", r->cover[i].module->name);
    hn_log(HN_LOG_INFO, "diagnosed%.*s in %lld ms: %zu findings, score %.0f", (int)b.n, b.p, (long long)(took / MS),
           r->judged.n, r->score);
}

static struct hn_err look(struct watch *w, uint64_t fresh, struct hn_diag *d)
{
    struct hn_run *r = NULL;
    struct hn_run_options o = *w->o;
    o.deep = false;
    struct hn_err e = cli_look(&o, w->k, w->last, fresh, &r, d);
    hn_run_free(w->last);
    w->last = r;
    return e;
}

static void learn(struct watch *w)
{
    watch_net_learn(w->net, w->last);
    uint64_t late = watch_files_learn(w->files, w->last);
    struct watch_files_counts c = watch_files_count(w->files);
    if (late)
        hn_log(HN_LOG_DEBUG, "changed while it was looked at");
    if (c.missed)
        hn_log(HN_LOG_DEBUG, "%zu folders by fanotify, %zu by inotify, %zu by the schedule only", c.fanotify, c.inotify,
               c.missed);
    w->pending |= late;
}

static void take_credit(struct watch *w, int64_t used)
{
    int64_t now = hn_monotonic();
    w->credit += (now - w->credit_at) / SHARE - used;
    w->credit = w->credit > CREDIT_MOST ? CREDIT_MOST : w->credit;
    w->credit_at = now;
}

/* For the console; that it is not told is no reason not to watch. */
static void tell_next(struct watch *w)
{
    char at[HN_TIME_TEXT];
    struct hn_diag d = {{0}};
    struct hn_answer ans;
    HN_AUTO(hn_buf_done) struct hn_buf b = {0};
    if (!w->k)
        return;
    hn_buf_init(&b, 256);
    hn_buf_fmt(&b, "{\"next_run\":\"%s\"}", hn_time_text(hn_now() + w->every, at));
    if (!hn_ok(hn_client_call(w->k->client, "watch.set", hn_buf_text(&b), &ans, &d)))
        hn_log(HN_LOG_DEBUG, "next run not told: %s", d.msg);
}

/* An error only when the store is gone: whoever started us starts us again. */
static struct hn_err run(struct watch *w, uint64_t fresh)
{
    struct hn_diag d = {{0}};
    int64_t began = hn_monotonic();
    bool full = !w->last || fresh == ALL;
    w->pending = 0;
    w->first = 0;
    struct hn_err e = look(w, full ? ALL : fresh, &d);
    int64_t now = hn_monotonic();
    if (hn_ok(e)) {
        say(w->last, now - began);
        learn(w);
    } else {
        hn_log(HN_LOG_ERROR, "diagnosis failed: %s", d.msg);
    }
    take_credit(w, full ? 0 : now - began);
    if (full) {
        w->next_full = now + w->every;
        tell_next(w);
    }
    return e.code == HN_E_DIED ? e : HN_OK;
}

/* ---------------------------------------------------------------- the deep pass */

/* The classes of ioprio_set(2), which libc does not name. */
#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_IDLE        (3 << 13)

static void lower_priority(void)
{
    setpriority(PRIO_PROCESS, 0, 19);
    syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_IDLE);
}

static uint64_t deep_modules(void)
{
    uint64_t set = 0;
    for (size_t i = 0; i < hn_modules_n; i++)
        set |= hn_modules[i]->deep ? hn_module_bit(hn_modules[i]) : 0;
    return set;
}

/* In the child. What the other modules saw is there by the fork. */
static int deep_pass(struct watch *w)
{
    struct hn_diag d = {{0}};
    struct hn_run *r = NULL;
    struct hn_run_options o = *w->o;
    struct cli_keep own = w->k ? (struct cli_keep){.org = w->k->org} : (struct cli_keep){0};
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    lower_priority();
    o.deep = true;
    o.base = w->last;
    o.fresh = deep_modules();
    struct hn_err e = w->k ? cli_keep_open(&own, &d) : HN_OK;
    if (hn_ok(e))
        e = cli_diagnose_some(&o, w->k ? &own : NULL, &r, &d);
    if (hn_ok(e) && w->k) {
        r->background = true;
        e = cli_keep_put(&own, r, o.policy, &d);
    }
    if (!hn_ok(e))
        hn_log(HN_LOG_ERROR, "deep pass failed: %s", d.msg);
    cli_keep_close(&own);
    return hn_err_exit(e);
}

static void start_deep(struct watch *w)
{
    pid_t parent = getpid();
    w->next_deep = hn_monotonic() + w->deep_every;
    w->deep = fork();
    if (w->deep == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        _exit(getppid() == parent ? deep_pass(w) : CLI_FAILURE);
    }
    if (w->deep < 0)
        hn_log(HN_LOG_WARN, "the deep pass could not be started");
}

static void end_deep(struct watch *w, bool now)
{
    int status = 0;
    if (w->deep <= 0)
        return;
    if (now)
        kill(w->deep, SIGTERM);
    pid_t got = waitpid(w->deep, &status, now ? 0 : WNOHANG);
    if (got == 0)
        return;
    if (!now)
        hn_log(HN_LOG_INFO, "deep pass over (status %d)", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    w->deep = 0;
}

/* ---------------------------------------------------------------- waiting */

static int64_t earlier(int64_t a, int64_t b)
{
    return b > 0 && b < a ? b : a;
}

static int64_t next_thing(const struct watch *w)
{
    int64_t t = earlier(w->next_full, w->next_listeners);
    if (w->pending)
        t = earlier(t, w->ready);
    if (w->deep_every && w->deep <= 0)
        t = earlier(t, w->next_deep);
    return earlier(t, w->rest_until);
}

/* More has changed: wait until it is quiet, though not for ever. */
static void gather(struct watch *w, uint64_t modules, int64_t now)
{
    if (!modules)
        return;
    if (!w->pending || !w->first)
        w->first = now;
    w->pending |= modules;
    w->ready = earlier(w->first + GATHER_MOST, now + QUIET);
    if (w->credit < 0) /* changes come faster than may be looked at */
        w->ready = earlier(INT64_MAX, now - w->credit * SHARE);
}

/* Waits for something to happen. False: told to end. */
static bool wait_for_it(struct watch *w)
{
    int files[2], net[2];
    int64_t now = hn_monotonic(), wait = next_thing(w) - now;
    watch_files_fds(w->files, files);
    watch_net_fds(w->net, net);
    bool rests = w->rest_until > now;
    struct pollfd p[] = {{.fd = w->signals, .events = POLLIN},
                         {.fd = rests ? -1 : files[0], .events = POLLIN},
                         {.fd = rests ? -1 : files[1], .events = POLLIN},
                         {.fd = net[0], .events = POLLIN},
                         {.fd = net[1], .events = POLLIN}};
    int n = poll(p, sizeof p / sizeof p[0], wait <= 0 ? 0 : (int)(wait / MS) + 1);
    if (n < 0)
        return errno == EINTR;
    if (n > 0 && p[0].revents) {
        struct signalfd_siginfo s;
        if (read(w->signals, &s, sizeof s) == sizeof s && s.ssi_signo != SIGCHLD)
            return false;
        end_deep(w, false);
    }
    now = hn_monotonic();
    take_credit(w, 0);
    if (rests && w->rest_until <= now)
        w->rest_until = 0;
    if (p[1].revents || p[2].revents) {
        gather(w, watch_files_take(w->files), now);
        w->rest_until = now + REST;
    }
    if (p[3].revents || p[4].revents)
        gather(w, watch_net_take(w->net), now);
    return true;
}

static void look_around(struct watch *w, int64_t now)
{
    if (now < w->next_listeners || !w->last)
        return;
    bool processes = now >= w->next_processes;
    if (w->last->live)
        gather(w, watch_net_look(w->net, processes), now);
    w->next_listeners = now + LISTENERS_EACH;
    if (processes)
        w->next_processes = now + PROCESSES_EACH;
}

/* Changes are looked at once the package manager that makes them has ended. */
static bool due(struct watch *w, int64_t now)
{
    if (!w->pending || now < w->ready)
        return false;
    w->first = w->first ? w->first : now;
    if (now - w->first >= BUSY_MOST || !watch_busy(w->o->root))
        return true;
    w->ready = now + BUSY_EACH;
    return false;
}

static struct hn_err go_on(struct watch *w)
{
    struct hn_err e = run(w, ALL);
    if (hn_ok(e) && w->o->deep)
        w->next_deep = hn_monotonic();
    while (hn_ok(e) && wait_for_it(w)) {
        int64_t now = hn_monotonic();
        look_around(w, now);
        if (now >= w->next_full || due(w, now))
            e = run(w, now >= w->next_full ? ALL : w->pending);
        if (w->deep_every && w->deep <= 0 && w->last && now >= w->next_deep)
            start_deep(w);
    }
    return e;
}

/* ---------------------------------------------------------------- start and end */

static struct hn_err open_all(struct watch *w, struct hn_diag *reterr)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGCHLD};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        sigaddset(&set, signals[i]);
    sigprocmask(SIG_BLOCK, &set, NULL);
    w->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (w->signals < 0)
        return hn_fail_errno(reterr, "cannot wait for signals");
    w->files = watch_files_new(w->o->root, reterr);
    w->net = watch_net_new();
    return w->files && w->net ? HN_OK : (struct hn_err){HN_E_IO};
}

int cli_watch(const struct hn_run_options *o, const struct cli_keep *k, unsigned every)
{
    struct watch w = {.o = o,
                      .k = k,
                      .signals = -1,
                      .every = (int64_t)every * HN_SECOND,
                      .deep_every = hn_config_int(cli.conf, "diagnose.deep_every") * HN_SECOND,
                      .credit = CREDIT_MOST,
                      .credit_at = hn_monotonic()};
    struct hn_diag d = {{0}};
    w.next_deep = hn_monotonic() + (w.deep_every < DEEP_FIRST ? w.deep_every : DEEP_FIRST);
    struct hn_err e = open_all(&w, &d);
    if (hn_ok(e))
        e = go_on(&w);
    else
        cli_fail(e, &d);
    end_deep(&w, true);
    hn_run_free(w.last);
    watch_files_free(w.files);
    watch_net_free(w.net);
    hn_fd_cleanup(&w.signals);
    return hn_err_exit(e);
}
