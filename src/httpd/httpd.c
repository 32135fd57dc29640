/* The role's loop: HTTP servers on one side, the store role on the other. */
#include "httpd/httpd.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/msg.h"
#include "httpd/httpd_in.h"
#include "sandbox/role.h"

/* ---------------------------------------------------------------- the role */

enum { LISTENERS = 4, FIRST_FD = 3 };

struct role {
    struct httpd h;
    struct hn_http_server *server[LISTENERS];
    size_t n;
    const char *user;
    int signal_fd;
};

static void on_request(void *arg, struct hn_http_req *r)
{
    struct httpd *h = arg;

    if (!httpd_guard(h, r))
        return;
    if (hn_str_starts(r->path, "/api/v1/"))
        httpd_api(h, r, hn_str_cut(r->path, sizeof "/api/v1/" - 1, r->path.n));
    else
        httpd_console(r);
}

static void on_gone(void *arg, struct hn_http_req *r)
{
    httpd_gone(arg, r);
}

static size_t on_body(void *arg, struct hn_http_req *r)
{
    return httpd_body_most(arg, r);
}

static void from_store(struct httpd *h)
{
    bool eof;
    size_t n;
    struct hn_err e = hn_msg_read(h->store_fd, &h->in, &eof);

    h->over = h->over || !hn_ok(e) || eof;
    while (!h->over) {
        if (!hn_msg_ready(&h->in, HN_MSG_MAX_ANSWER + (16u << 20), &n)) {
            h->over = true;
        } else if (!n) {
            return;
        } else {
            httpd_answer(h, (struct hn_str){h->in.p + HN_MSG_HEAD, n});
            hn_buf_drop(&h->in, HN_MSG_HEAD + n);
        }
    }
}

static int shorter(int a, int b)
{
    return a < 0 ? b : b < 0 ? a : a < b ? a : b;
}

static void one_turn(struct role *r)
{
    struct pollfd p[2 + LISTENERS];
    int timeout = httpd_stream_timeout(&r->h);

    p[0] = (struct pollfd){.fd = r->h.store_fd, .events = (short)(POLLIN | (r->h.out.n ? POLLOUT : 0))};
    p[1] = (struct pollfd){.fd = r->signal_fd, .events = POLLIN};
    for (size_t i = 0; i < r->n; i++) {
        p[2 + i] = (struct pollfd){.fd = hn_http_server_fd(r->server[i]), .events = POLLIN};
        timeout = shorter(timeout, hn_http_server_timeout(r->server[i]));
    }
    if (poll(p, 2 + r->n, timeout) < 0 && errno != EINTR)
        r->h.over = true;
    if (p[1].revents & POLLIN)
        r->h.over = true;
    if (p[0].revents & (POLLIN | POLLHUP | POLLERR))
        from_store(&r->h);
    httpd_stream_tick(&r->h);
    for (size_t i = 0; i < r->n; i++)
        hn_http_server_run(r->server[i]);
    if (r->h.out.n && !hn_ok(hn_msg_write(r->h.store_fd, &r->h.out, &r->h.out_off)))
        r->h.over = true;
}

static struct hn_err set_up(struct role *r, struct hn_diag *reterr)
{
    static struct hn_http_handlers handlers;
    sigset_t s;

    sigemptyset(&s);
    sigaddset(&s, SIGTERM);
    sigaddset(&s, SIGINT);
    sigprocmask(SIG_BLOCK, &s, NULL);
    signal(SIGPIPE, SIG_IGN);
    r->signal_fd = signalfd(-1, &s, SFD_CLOEXEC | SFD_NONBLOCK);
    handlers = (struct hn_http_handlers){on_request, on_gone, on_body, &r->h};
    for (size_t i = 0; i < r->n; i++) {
        fcntl(FIRST_FD + (int)i, F_SETFL, O_NONBLOCK);
        r->server[i] = hn_http_server_new(FIRST_FD + (int)i, &handlers);
        if (!r->server[i])
            return hn_fail(reterr, HN_E_IO, "the HTTP server would not start");
    }
    if (r->user) /* the console needs no right at all */
        HN_TRY(hn_role_become(r->user, reterr));
    struct hn_sandbox_state state;
    return hn_sandbox_enter(HN_PROC_HTTPD, NULL, &state, reterr);
}

static int run(struct role *r)
{
    struct hn_diag d = {""};
    struct hn_err e;

    hn_buf_init(&r->h.in, HN_MSG_MAX_ANSWER + (32u << 20));
    hn_buf_init(&r->h.out, 256u << 20);
    e = set_up(r, &d);
    if (!hn_ok(e))
        hn_log(HN_LOG_ERROR, "%s", d.msg);
    while (hn_ok(e) && !r->h.over)
        one_turn(r);
    for (size_t i = 0; i < r->n; i++)
        hn_http_server_free(r->server[i]);
    hn_buf_done(&r->h.in);
    hn_buf_done(&r->h.out);
    return hn_err_exit(e);
}

int hn_httpd_argv(int argc, char **argv)
{
    static const struct option options[] = {{"listeners", required_argument, 0, 'l'},
                                            {"user", required_argument, 0, 'u'},
                                            {"name", required_argument, 0, 'n'},
                                            {"secure", no_argument, 0, 'S'},
                                            {0}};
    struct role *r = hn_alloc_zero(sizeof *r);
    uint64_t n = 1;
    int opt, code = 2;
    bool ok = r != NULL;

    while (ok && (opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (opt == 'l')
            ok = hn_str_u64(hn_str_c(optarg), 10, &n) && n >= 1 && n <= LISTENERS;
        else if (opt == 'u')
            r->user = optarg;
        else if (opt == 'n' && r->h.n_names < HTTPD_NAMES)
            r->h.names[r->h.n_names++] = optarg;
        else if (opt == 'S')
            r->h.secure = true;
        else
            ok = false;
    }
    if (ok) {
        r->n = n;
        r->h.store_fd = FIRST_FD + (int)n;
        code = run(r);
    }
    hn_free(r);
    return code;
}
