/* The store role's loop.
 *
 *   poll ─▶ accept · read into the connection's buffer · one request of it · write
 *
 * One request of one connection a turn, so that nobody waits for more than one request of everybody else. A connection
 * whose answer is not taken is not read from; one that dawdles in the middle of a message or an answer is closed. */
#include "core/store_role.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/ask.h"
#include "core/msg.h"
#include "core/ops_network.h"
#include "core/ops_software.h"
#include "core/store_call.h"
#include "sandbox/role.h"
#include "store/software.h"

enum { CONNS = 64, FIXED_FDS = 2 };
#define DAWDLE         (60 * HN_SECOND)
#define SWEEP_EVERY    HN_MINUTE
#define REQUEST_MEMORY ((size_t)2 << 30) /* a 64 MiB document as a tree; ordinary requests use little of it */
#define SIGN_IN_BURST  16

struct conn {
    int fd; /* -1 = free */
    bool http;
    unsigned number;
    struct hn_buf in, out;
    size_t out_off;
    hn_time since;       /* monotonic: when the present message or answer began; 0 = idle */
    bool waiting;        /* the request at the front of `in` was deferred */
    bool for_asks;       /* … until there is a question, not a job */
    hn_time defer_until; /* monotonic */
    struct hn_principal who;
    struct hn_grant grant;
    char name[64];
};

struct role {
    const struct hn_store_role_opts *o;
    struct hn_store *store;
    struct hn_role_state *state;
    struct conn conn[CONNS];
    int listen_fd, signal_fd;
    char sock_path[sizeof((struct sockaddr_un *)0)->sun_path];
    unsigned numbers;
    int64_t last_event, told_event;
    hn_time sweep_at;
    bool cold;                          /* not all that lists need is in memory */
    char name_root[64], name_owner[64]; /* the two that may connect */
    bool stop;
};

/* ---------------------------------------------------------------- connections */

/* Looked up before the sandbox is entered. */
static void name_of(uid_t uid, char out[64])
{
    struct passwd pw, *found = NULL;
    char buf[4096];

    if (getpwuid_r(uid, &pw, buf, sizeof buf, &found) == 0 && found)
        snprintf(out, 64, "local:%s", found->pw_name);
    else
        snprintf(out, 64, "local:%u", (unsigned)uid);
}

static void local_principal(const struct role *r, struct conn *c, uid_t uid)
{
    snprintf(c->name, sizeof c->name, "%s", uid == 0 ? r->name_root : r->name_owner);
    c->grant = (struct hn_grant){HN_STR(HN_STORE_ROOT), HN_ROLE_ADMIN};
    c->who = (struct hn_principal){.name = hn_str_c(c->name), .n_grants = 1, .grants = &c->grant};
}

static bool conn_add(struct role *r, int fd, uid_t uid)
{
    for (size_t i = 0; i < CONNS; i++) {
        struct conn *c = &r->conn[i];
        if (c->fd >= 0)
            continue;
        *c = (struct conn){.fd = fd, .number = ++r->numbers};
        hn_buf_init(&c->in, HN_MSG_MAX_LOCAL + (2u << 20));
        hn_buf_init(&c->out, HN_MSG_MAX_ANSWER + (16u << 20));
        local_principal(r, c, uid);
        return true;
    }
    return false;
}

static void conn_close(struct role *r, struct conn *c)
{
    for (size_t i = 0; i < r->state->n_jobs; i++)
        if (r->state->jobs[i].taken && r->state->jobs[i].owner == c->number)
            r->state->jobs[i].taken = false;
    hn_asks_gone(r->state, c->number);
    close(c->fd);
    hn_buf_done(&c->in);
    hn_buf_done(&c->out);
    c->fd = -1;
}

/* Only the owner of the home, and root. */
static void accept_one(struct role *r)
{
    struct ucred cred;
    socklen_t n = sizeof cred;
    int fd = accept4(r->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0)
        return;
    bool ok = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) == 0 && (cred.uid == geteuid() || cred.uid == 0);
    if (!ok || !conn_add(r, fd, cred.uid))
        close(fd);
}

/* ---------------------------------------------------------------- requests */

static void put_answer(struct conn *c, const struct hn_buf *json)
{
    if (!c->out.n)
        c->since = hn_monotonic();
    hn_msg_add(&c->out, hn_buf_text(json));
}

/* The request at the front of c->in, n bytes long. */
static void serve(struct role *r, struct conn *c, size_t n)
{
    HN_AUTO(hn_buf_done) struct hn_buf answer = {0};
    struct hn_arena a;

    hn_buf_init(&answer, HN_MSG_MAX_ANSWER);
    hn_arena_init(&a, c->http ? REQUEST_MEMORY / 4 : REQUEST_MEMORY);
    r->state->defer = false;
    r->state->defer_until = c->defer_until;
    r->state->serving = c->number;
    r->state->to_http = false;
    r->state->later = r->state->defer_for_asks = false;
    hn_store_call(r->store, r->state, c->http ? NULL : &c->who, hn_bytes_of(c->in.p + HN_MSG_HEAD, n), &a, &answer);
    hn_arena_done(&a);
    if (r->state->defer) {
        c->waiting = true;
        c->for_asks = r->state->defer_for_asks;
        c->defer_until = r->state->defer_until;
        c->since = 0;
        return;
    }
    c->waiting = false;
    c->defer_until = 0;
    hn_buf_drop(&c->in, HN_MSG_HEAD + n);
    c->since = c->in.n ? hn_monotonic() : 0;
    if (!r->state->later)
        put_answer(c, &answer);
    c->http = c->http || r->state->to_http;
    r->stop = r->stop || r->state->stop;
}

/* Is there what the deferred request waits for? */
static bool has_come(const struct hn_role_state *s, const struct conn *c)
{
    if (c->for_asks)
        return hn_asks_open(s);
    for (size_t i = 0; i < s->n_jobs; i++)
        if (!s->jobs[i].taken)
            return true;
    return false;
}

/* False: the connection is to be closed. */
static bool turn_serve(struct role *r, struct conn *c)
{
    size_t n;

    if (c->out.n) /* its answer was not taken yet */
        return true;
    if (!hn_msg_ready(&c->in, HN_MSG_MAX_LOCAL, &n))
        return false;
    if (!n)
        return true;
    if (c->waiting && !has_come(r->state, c) && hn_monotonic() < c->defer_until)
        return true;
    serve(r, c, n);
    return true;
}

static bool turn_read(struct conn *c)
{
    bool eof;

    if (c->out.n > (1u << 20))
        return true;
    size_t before = c->in.n;
    struct hn_err e = hn_msg_read(c->fd, &c->in, &eof);
    if (c->in.n > before && !c->since)
        c->since = hn_monotonic();
    return hn_ok(e) && !eof;
}

static void turn(struct role *r, struct conn *c, short revents)
{
    bool ok = true;

    if (revents & (POLLIN | POLLHUP | POLLERR))
        ok = turn_read(c);
    ok = ok && turn_serve(r, c);
    if (ok && c->out.n) {
        ok = hn_ok(hn_msg_write(c->fd, &c->out, &c->out_off)) && !c->out.bad;
        if (!c->out.n)
            c->since = c->in.n && !c->waiting ? hn_monotonic() : 0;
    }
    if (ok && !c->waiting && c->since && hn_monotonic() - c->since > DAWDLE)
        ok = false;
    if (!ok)
        conn_close(r, c);
}

/* ---------------------------------------------------------------- the loop */

static void on_change(void *arg, int64_t last)
{
    ((struct role *)arg)->last_event = last;
}

/* httpd hears that the log grew; what each of its listeners may see it asks for with that listener's session. */
static void tell_events(struct role *r)
{
    HN_AUTO(hn_buf_done) struct hn_buf b = {0};

    if (r->told_event == r->last_event)
        return;
    hn_buf_init(&b, 64);
    hn_buf_fmt(&b, "{\"events\":%lld}", (long long)r->last_event);
    for (size_t i = 0; i < CONNS; i++)
        if (r->conn[i].fd >= 0 && r->conn[i].http)
            put_answer(&r->conn[i], &b);
    r->told_event = r->last_event;
}

/* Questions that were answered, to those who put them. */
static void deliver(struct role *r)
{
    hn_asks_expire(r->state);
    for (size_t i = 0; i < HN_ASKS_MAX; i++) {
        struct hn_ask *a = &r->state->asks[i];
        for (size_t k = 0; a->used && a->done && k < CONNS; k++)
            if (r->conn[k].fd >= 0 && r->conn[k].number == a->conn)
                put_answer(&r->conn[k], &a->answer);
        if (a->used && a->done)
            hn_ask_release(a);
    }
}

static bool request_waits(const struct role *r, const struct conn *c)
{
    size_t n;

    return !c->out.n && (!c->waiting || has_come(r->state, c)) && hn_msg_ready(&c->in, HN_MSG_MAX_LOCAL, &n) && n > 0;
}

static int poll_timeout(const struct role *r)
{
    hn_time mono = hn_monotonic(), at = r->sweep_at;

    for (size_t i = 0; i < CONNS; i++) {
        const struct conn *c = &r->conn[i];
        if (c->fd < 0)
            continue;
        if (request_waits(r, c))
            return 0;
        if (c->waiting && c->defer_until < at)
            at = c->defer_until;
        if (!c->waiting && c->since && c->since + DAWDLE < at)
            at = c->since + DAWDLE;
    }
    return at <= mono || r->cold || r->state->net_job ? 0 : (int)((at - mono) / (HN_SECOND / 1000)) + 1;
}

static size_t clients(const struct role *r)
{
    size_t n = 0;

    for (size_t i = 0; i < CONNS; i++)
        n += r->conn[i].fd >= 0;
    return n;
}

static void sweep(struct role *r)
{
    struct hn_store_sweep done;

    if (hn_monotonic() < r->sweep_at)
        return;
    r->sweep_at = hn_monotonic() + SWEEP_EVERY;
    if (hn_store_read_only(r->store))
        return;
    if (!hn_ok(hn_store_sweep(r->store, &done)))
        hn_log(HN_LOG_WARN, "sweep: %s", hn_store_why(r->store));
    if (!hn_ok(ops_net_sweep(r->store, r->state->policy)))
        hn_log(HN_LOG_WARN, "network evidence: %s", hn_store_why(r->store));
}

/* A long-lived role reads ahead between requests, some ten milliseconds at a time. Whoever comes for one command only
 * reads what that needs. */
#define WARM_ASSETS 50
static void warm(struct role *r)
{
    bool was = r->cold;

    if (r->o->once)
        return;
    if (!hn_ok(hn_store_warm(r->store, WARM_ASSETS, &r->cold))) {
        hn_log(HN_LOG_WARN, "list index: %s", hn_store_why(r->store));
        r->cold = false;
    }
    /* What an end in the middle of it left out. */
    if (was && !r->cold && !r->state->net_job && !hn_ok(ops_net_begin(&r->state->net_job, r->store, r->state->policy)))
        hn_log(HN_LOG_WARN, "network evidence: %s", hn_store_why(r->store));
}

static void one_turn(struct role *r)
{
    struct pollfd p[FIXED_FDS + CONNS];

    p[0] = (struct pollfd){.fd = r->listen_fd, .events = clients(r) < CONNS ? POLLIN : 0};
    p[1] = (struct pollfd){.fd = r->signal_fd, .events = POLLIN};
    for (size_t i = 0; i < CONNS; i++) {
        const struct conn *c = &r->conn[i];
        p[FIXED_FDS + i] =
            (struct pollfd){.fd = c->fd, .events = (short)(POLLIN | (c->out.n && c->fd >= 0 ? POLLOUT : 0))};
    }
    if (poll(p, FIXED_FDS + CONNS, poll_timeout(r)) < 0 && errno != EINTR)
        r->stop = true;
    if (p[1].revents & POLLIN)
        r->stop = true;
    for (size_t i = 0; i < CONNS; i++)
        if (r->conn[i].fd >= 0 && r->conn[i].fd == p[FIXED_FDS + i].fd)
            turn(r, &r->conn[i], p[FIXED_FDS + i].revents);
    if (p[0].revents & POLLIN)
        accept_one(r);
    deliver(r);
    sweep(r);
    tell_events(r);
    if (!hn_ok(ops_net_go_on(&r->state->net_job, r->state->policy)))
        hn_log(HN_LOG_WARN, "network evidence: %s", hn_store_why(r->store));
    warm(r);
}

/* With once: nobody may be turned away between the last look and the end, so the name goes first, then whoever came
 * before is still served. */
static bool over(struct role *r)
{
    if (!r->o->once || clients(r) > 0 || r->state->net_job)
        return false;
    if (r->listen_fd >= 0) {
        unlink(r->sock_path);
        struct pollfd p = {.fd = r->listen_fd, .events = POLLIN};
        while (poll(&p, 1, 0) > 0 && (p.revents & POLLIN) && clients(r) < CONNS)
            accept_one(r);
        close(r->listen_fd);
        r->listen_fd = -1;
    }
    return clients(r) == 0;
}

/* Answers already made still go out, as far as they are taken within a moment. */
static void drain(struct role *r)
{
    hn_time until = hn_monotonic() + 2 * HN_SECOND;

    for (size_t i = 0; i < CONNS; i++) {
        struct conn *c = &r->conn[i];
        while (c->fd >= 0 && c->out.n && hn_monotonic() < until) {
            struct pollfd p = {.fd = c->fd, .events = POLLOUT};
            if (poll(&p, 1, 200) < 0 || !hn_ok(hn_msg_write(c->fd, &c->out, &c->out_off)))
                break;
        }
        if (c->fd >= 0)
            conn_close(r, c);
    }
}

/* ---------------------------------------------------------------- set-up */

static struct hn_err listen_at(struct role *r, struct hn_diag *reterr)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    int n = snprintf(r->sock_path, sizeof r->sock_path, "%s/store.sock", r->o->home);

    if (n < 0 || (size_t)n >= sizeof r->sock_path)
        return hn_fail(reterr, HN_E_INVALID, "the path of the home is too long for a socket");
    memcpy(un.sun_path, r->sock_path, sizeof un.sun_path);
    unlink(r->sock_path); /* ours: the lock of the home is held */
    r->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t before = umask(0177);
    bool ok = r->listen_fd >= 0 && bind(r->listen_fd, (struct sockaddr *)&un, sizeof un) == 0 &&
              listen(r->listen_fd, 32) == 0;
    umask(before);
    return ok ? HN_OK : hn_fail_errno(reterr, "%s", r->sock_path);
}

static struct hn_err signals(struct role *r, struct hn_diag *reterr)
{
    sigset_t s;

    sigemptyset(&s);
    sigaddset(&s, SIGTERM);
    sigaddset(&s, SIGINT);
    sigaddset(&s, SIGHUP);
    sigprocmask(SIG_BLOCK, &s, NULL);
    signal(SIGPIPE, SIG_IGN);
    r->signal_fd = signalfd(-1, &s, SFD_CLOEXEC | SFD_NONBLOCK);
    return r->signal_fd >= 0 ? HN_OK : hn_fail_errno(reterr, "signalfd");
}

/* Fixes that were approved while nobody was there to carry them out. */
static void requeue_fixes(struct role *r)
{
    struct hn_arena a;
    struct hn_store_fix *f;
    size_t n;

    hn_arena_init(&a, 8 << 20);
    if (hn_ok(hn_store_fixes(r->store, &hn_principal_system, (struct hn_str){NULL, 0}, (struct hn_str){NULL, 0}, true,
                             &a, &f, &n)))
        for (size_t i = 0; i < n; i++) {
            struct hn_job j = {.kind = HN_JOB_FIX};
            if (f[i].state != HN_FIX_STATE_APPROVED)
                continue;
            snprintf(j.finding, sizeof j.finding, "%.*s", HN_FMT(f[i].finding));
            snprintf(j.fix, sizeof j.fix, "%.*s", HN_FMT(f[i].id));
            snprintf(j.by, sizeof j.by, "%.*s", HN_FMT(f[i].approved_by));
            if (!hn_ok(hn_job_put(r->state, &j)))
                break;
        }
    hn_arena_done(&a);
}

/* Documents that came and were not read. */
static void requeue_uploads(struct role *r)
{
    struct hn_job j = {.kind = HN_JOB_READ};
    uint64_t n = 0;

    if (hn_ok(hn_store_uploads_open(r->store, true, &n)) && n)
        (void)hn_ok(hn_job_put(r->state, &j));
}

/* The database is open and the socket listens; what libraries look up at first use is looked up. */
static struct hn_err enter(struct role *r, struct hn_diag *reterr)
{
    struct hn_sandbox_state sandbox;
    struct hn_sandbox_paths paths = {.read_write = {r->o->home}, .read_only = {"/dev/urandom"}};

    name_of(0, r->name_root);
    name_of(geteuid(), r->name_owner);
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_ADD_ALL_DIGESTS, NULL);
    tzset();
    HN_TRY(hn_sandbox_enter(HN_PROC_STORE, &paths, &sandbox, reterr));
    snprintf(r->state->sandbox, sizeof r->state->sandbox, "%s", hn_sandbox_word(&sandbox));
    return HN_OK;
}

/* Where nothing can be written there is no place for a socket either: one command may read, and nobody else comes. */
static struct hn_err open_home(struct role *r, struct hn_diag *reterr)
{
    struct hn_policy *p = r->state->policy;

    HN_TRY(hn_store_open(r->o->home, HN_STORE_CREATE | HN_STORE_OR_READ, &r->store, reterr));
    if (!hn_store_read_only(r->store)) {
        HN_TRY(hn_store_scale(r->store, hn_policy_loss_max(p), hn_policy_kappa(p)));
        return listen_at(r, reterr);
    }
    return r->o->once ? HN_OK : hn_fail(reterr, HN_E_READONLY, "%s cannot be written", r->o->home);
}

static struct hn_err set_up(struct role *r, struct hn_diag *reterr)
{
    struct hn_role_state *s = r->state;

    HN_TRY(signals(r, reterr));
    HN_TRY(hn_policy_load(r->o->policy, &s->policy, reterr));
    HN_TRY(open_home(r, reterr));
    hn_store_on_change(r->store, on_change, r);
    hn_store_on_range(r->store, ops_software_covers);
    hn_limiter_init(&s->by_account, 5, 60 * HN_SECOND);
    hn_limiter_init(&s->by_address, 20, 60 * HN_SECOND);
    s->started = hn_now();
    s->sign_in_at = hn_monotonic();
    s->sign_in_tokens = SIGN_IN_BURST;
    HN_TRY(enter(r, reterr));
    if (!hn_store_read_only(r->store)) {
        requeue_fixes(r);
        requeue_uploads(r);
    }
    if (r->o->local_fd >= 0)
        conn_add(r, r->o->local_fd, getuid());
    return HN_OK;
}

static void tear_down(struct role *r)
{
    drain(r);
    if (r->listen_fd >= 0) {
        unlink(r->sock_path);
        close(r->listen_fd);
    }
    if (r->signal_fd >= 0)
        close(r->signal_fd);
    hn_store_close(r->store);
    ops_net_job_free(&r->state->net_job);
    hn_policy_free(r->state->policy);
    hn_free(r->state);
    hn_free(r);
}

int hn_store_role_main(const struct hn_store_role_opts *o)
{
    struct hn_diag d = {""};
    struct role *r = hn_alloc_zero(sizeof *r);
    struct hn_role_state *s = hn_alloc_zero(sizeof *s);

    if (!r || !s) {
        hn_free(r);
        hn_free(s);
        return 3;
    }
    *r = (struct role){.o = o, .state = s, .listen_fd = -1, .signal_fd = -1};
    for (size_t i = 0; i < CONNS; i++)
        r->conn[i].fd = -1;
    struct hn_err e = set_up(r, &d);
    int code = 0;
    if (hn_ok(e)) {
        while (!r->stop && !over(r))
            one_turn(r);
    } else {
        code = e.code == HN_E_BUSY ? HN_STORE_ROLE_BUSY : 3;
        if (e.code != HN_E_BUSY)
            hn_log(HN_LOG_ERROR, "%s", d.msg[0] ? d.msg : hn_err_text(e));
    }
    tear_down(r);
    return code;
}

int hn_store_role_argv(int argc, char **argv)
{
    static const struct option options[] = {{"home", required_argument, 0, 'h'},
                                            {"fd", required_argument, 0, 'f'},
                                            {"once", no_argument, 0, 'o'},
                                            {"policy", required_argument, 0, 'p'},
                                            {0}};
    struct hn_store_role_opts o = {.local_fd = -1};
    uint64_t fd;
    int opt;

    while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (opt == 'h')
            o.home = optarg;
        else if (opt == 'f' && hn_str_u64(hn_str_c(optarg), 10, &fd) && fd < 1024)
            o.local_fd = (int)fd;
        else if (opt == 'o')
            o.once = true;
        else if (opt == 'p')
            o.policy = optarg;
        else
            return 2;
    }
    if (!o.home)
        return 2;
    /* Others may be at work here when the command that started this role is stopped: out of its terminal's signals, and
     * not to die with it. The role ends when its last client has gone. */
    if (o.once) {
        prctl(PR_SET_PDEATHSIG, 0);
        setpgid(0, 0);
    }
    if (o.local_fd >= 0)
        fcntl(o.local_fd, F_SETFD, FD_CLOEXEC);
    return hn_store_role_main(&o);
}
