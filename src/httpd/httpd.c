/* The role's loop: HTTP servers on one side, the store role on the other. */
#include "httpd/httpd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/ip.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/msg.h"
#include "httpd/httpd_in.h"
#include "sandbox/role.h"

/* ---------------------------------------------------------------- listening (in the supervisor) */

static struct hn_err bound(int fd, const struct sockaddr *sa, socklen_t n, int fds[HN_HTTPD_LISTENERS], size_t *ret_n,
                           struct hn_diag *reterr)
{
    int one = 1;

    if (fd < 0)
        return hn_fail_errno(reterr, "socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (sa->sa_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    if (*ret_n == HN_HTTPD_LISTENERS || bind(fd, sa, n) != 0 || listen(fd, 128) != 0) {
        struct hn_err e = hn_fail_errno(reterr, "cannot listen");
        close(fd);
        return e;
    }
    fds[(*ret_n)++] = fd;
    return HN_OK;
}

static struct hn_err listen_ip(const struct hn_ip *ip, uint16_t port, int fds[HN_HTTPD_LISTENERS], size_t *n,
                               struct hn_diag *reterr)
{
    int type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
    char text[HN_IP_TEXT];

    if (hn_ip_reach(ip) != HN_REACH_LOOPBACK)
        return hn_fail(reterr, HN_E_INVALID, "%s is not a loopback address; the gateway serves the outside",
                       hn_ip_text(ip, text));
    if (ip->family == 4) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
        memcpy(&in.sin_addr, ip->b, 4);
        return bound(socket(AF_INET, type, 0), (struct sockaddr *)&in, sizeof in, fds, n, reterr);
    }
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    memcpy(&in6.sin6_addr, ip->b, 16);
    return bound(socket(AF_INET6, type, 0), (struct sockaddr *)&in6, sizeof in6, fds, n, reterr);
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage ss;
    socklen_t n = sizeof ss;
    struct sockaddr_in in;

    if (getsockname(fd, (struct sockaddr *)&ss, &n) != 0)
        return 0;
    memcpy(&in, &ss, sizeof in); /* the port is at the same place for both families */
    return ntohs(in.sin_port);
}

static struct hn_err listen_unix(const char *path, int fds[HN_HTTPD_LISTENERS], size_t *n, struct hn_diag *reterr)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct stat st;

    if (strlen(path) >= sizeof un.sun_path)
        return hn_fail(reterr, HN_E_INVALID, "the path of the socket is too long");
    snprintf(un.sun_path, sizeof un.sun_path, "%s", path);
    if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
        unlink(path);
    mode_t before = umask(0117);
    struct hn_err e = bound(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), (struct sockaddr *)&un,
                            sizeof un, fds, n, reterr);
    umask(before);
    return e;
}

static struct hn_err listen_localhost(uint16_t port, int fds[HN_HTTPD_LISTENERS], size_t *n, struct hn_diag *reterr)
{
    struct hn_ip v4, v6;

    if (!hn_ip_parse(HN_STR("127.0.0.1"), &v4) || !hn_ip_parse(HN_STR("::1"), &v6))
        return (struct hn_err){HN_E_INVALID};
    HN_TRY(listen_ip(&v4, port, fds, n, reterr));
    struct hn_err e = listen_ip(&v6, port_of(fds[*n - 1]), fds, n, NULL);
    (void)e; /* a machine without IPv6 has only the one */
    return HN_OK;
}

struct hn_err hn_httpd_listen(const char *address, int fds[HN_HTTPD_LISTENERS], size_t *n, char *url, size_t url_n,
                              struct hn_diag *reterr)
{
    struct hn_str s = hn_str_c(address), host = s, port_text = {NULL, 0};
    struct hn_ip ip;
    uint64_t port;
    size_t first = *n;

    if (hn_str_starts(s, "unix:")) {
        if (url)
            snprintf(url, url_n, "%s", address);
        return listen_unix(address + 5, fds, n, reterr);
    }
    for (size_t i = s.n; i-- > 0;)
        if (s.p[i] == ':') {
            host = hn_str_cut(s, 0, i);
            port_text = hn_str_cut(s, i + 1, s.n);
            break;
        }
    if (host.n > 2 && host.p[0] == '[')
        host = hn_str_cut(host, 1, host.n - 1);
    if (!hn_str_u64(port_text, 10, &port) || port > 65535)
        return hn_fail(reterr, HN_E_INVALID, "\"%s\" is no address to listen on; try 127.0.0.1:8470", address);
    if (hn_str_eqc(host, "localhost"))
        HN_TRY(listen_localhost((uint16_t)port, fds, n, reterr));
    else if (hn_ip_parse(host, &ip))
        HN_TRY(listen_ip(&ip, (uint16_t)port, fds, n, reterr));
    else
        return hn_fail(reterr, HN_E_INVALID, "\"%s\" is no address to listen on; try 127.0.0.1:8470", address);
    if (url)
        snprintf(url, url_n, hn_str_chr(host, ':') >= 0 ? "http://[%.*s]:%u/" : "http://%.*s:%u/", HN_FMT(host),
                 (unsigned)port_of(fds[first]));
    return HN_OK;
}

struct hn_err hn_httpd_start(int store_fd, const int *listen_fds, size_t n, const char *const *names,
                             struct hn_child *ret, struct hn_diag *reterr)
{
    static const char *const numbers[] = {"4", "5", "6", "7"};
    const char *argv[4 + 2 * HN_HTTPD_LISTENERS + 2 * HTTPD_NAMES] = {"--store-fd", "3"};
    int fds[1 + HN_HTTPD_LISTENERS] = {store_fd};
    size_t k = 2;

    if (n > HN_HTTPD_LISTENERS)
        return (struct hn_err){HN_E_LIMIT};
    for (size_t i = 0; i < n; i++) {
        fds[1 + i] = listen_fds[i];
        argv[k++] = "--listen-fd";
        argv[k++] = numbers[i];
    }
    for (size_t i = 0; names && names[i] && i < HTTPD_NAMES; i++) {
        argv[k++] = "--name";
        argv[k++] = names[i];
    }
    argv[k] = NULL;
    return hn_role_spawn(HN_PROC_HTTPD, argv, fds, 1 + n, ret, reterr);
}

/* ---------------------------------------------------------------- the role */

struct role {
    struct httpd h;
    int listen_fd[HN_HTTPD_LISTENERS];
    struct hn_http_server *server[HN_HTTPD_LISTENERS];
    size_t n;
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
    struct pollfd p[2 + HN_HTTPD_LISTENERS];
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
    handlers = (struct hn_http_handlers){on_request, on_gone, &r->h};
    for (size_t i = 0; i < r->n; i++) {
        fcntl(r->listen_fd[i], F_SETFL, O_NONBLOCK);
        r->server[i] = hn_http_server_new(r->listen_fd[i], &handlers);
        if (!r->server[i])
            return hn_fail(reterr, HN_E_IO, "the HTTP server would not start");
    }
    return HN_OK;
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

static bool fd_of(const char *text, int *ret)
{
    uint64_t v;

    if (!hn_str_u64(hn_str_c(text), 10, &v) || v < 3 || v > 1023)
        return false;
    *ret = (int)v;
    return true;
}

int hn_httpd_main(int argc, char **argv)
{
    static const struct option options[] = {{"store-fd", required_argument, 0, 's'},
                                            {"listen-fd", required_argument, 0, 'l'},
                                            {"name", required_argument, 0, 'n'},
                                            {"secure", no_argument, 0, 'S'},
                                            {0}};
    struct role *r = hn_alloc_zero(sizeof *r);
    int opt, code = 2;
    bool ok = r != NULL;

    if (r)
        r->h.store_fd = -1;
    while (ok && (opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (opt == 's')
            ok = fd_of(optarg, &r->h.store_fd);
        else if (opt == 'l')
            ok = r->n < HN_HTTPD_LISTENERS && fd_of(optarg, &r->listen_fd[r->n++]);
        else if (opt == 'n' && r->h.n_names < HTTPD_NAMES)
            r->h.names[r->h.n_names++] = optarg;
        else if (opt == 'S')
            r->h.secure = true;
        else
            ok = false;
    }
    if (ok && r->h.store_fd >= 0 && r->n)
        code = run(r);
    hn_free(r);
    return code;
}
