/* Where the console listens: loopback or a Unix socket. Anything that reaches further needs TLS, which is another
 * program's (a reverse proxy's) business. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/ip.h"
#include "base/str.h"
#include "cli/serve.h"

static struct hn_err listen_unix(const char *path, struct cli_listener *ret, struct hn_diag *reterr)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof a.sun_path)
        return hn_fail(reterr, HN_E_INVALID, "%s: a socket's name has %zu characters at most", path,
                       sizeof a.sun_path - 1);
    memcpy(a.sun_path, path, strlen(path) + 1);
    ret->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct stat st;
    if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
        unlink(path);
    mode_t old = umask(0117);
    bool ok = ret->fd >= 0 && bind(ret->fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(ret->fd, 128) == 0;
    umask(old);
    snprintf(ret->url, sizeof ret->url, "unix:%s", path);
    return ok ? HN_OK : hn_fail_errno(reterr, "cannot listen on %s", path);
}

/* "127.0.0.1:8470" or "[::1]:8470". */
static bool split(struct hn_str s, struct hn_ip *ip, uint64_t *port)
{
    size_t colon = s.n;
    while (colon && s.p[colon - 1] != ':')
        colon--;
    if (!colon || !hn_str_u64(hn_str_cut(s, colon, s.n), 10, port) || *port > 65535)
        return false;
    struct hn_str host = hn_str_cut(s, 0, colon - 1);
    if (hn_str_starts(host, "[") && hn_str_ends(host, "]"))
        host = hn_str_cut(host, 1, host.n - 1);
    if (hn_str_eqc(host, "localhost"))
        host = HN_STR("127.0.0.1");
    return hn_ip_parse(host, ip);
}

struct hn_err cli_listen(const char *where, struct cli_listener *ret, struct hn_diag *reterr)
{
    struct hn_ip ip;
    uint64_t port;
    *ret = (struct cli_listener){.fd = -1};
    if (strncmp(where, "unix:", 5) == 0)
        return listen_unix(where + 5, ret, reterr);
    if (!split(hn_str_c(where), &ip, &port) || hn_ip_reach(&ip) != HN_REACH_LOOPBACK)
        return hn_fail(reterr, HN_E_INVALID, "%s", where);
    struct sockaddr_in a4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 a6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    memcpy(&a4.sin_addr, ip.b, 4);
    memcpy(&a6.sin6_addr, ip.b, 16);
    bool v4 = ip.family == 4;
    const struct sockaddr *a = v4 ? (const struct sockaddr *)&a4 : (const struct sockaddr *)&a6;
    int one = 1;
    ret->fd = socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (ret->fd < 0 || setsockopt(ret->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
        bind(ret->fd, a, v4 ? sizeof a4 : sizeof a6) != 0 || listen(ret->fd, 128) != 0)
        return hn_fail_errno(reterr, "cannot listen on %s", where);
    struct sockaddr_in6 bound = {0};
    socklen_t n = sizeof bound;
    if (getsockname(ret->fd, (struct sockaddr *)&bound, &n) == 0)
        port = ntohs(v4 ? ((struct sockaddr_in *)(void *)&bound)->sin_port : bound.sin6_port);
    char text[HN_IP_TEXT];
    hn_ip_text(&ip, text);
    snprintf(ret->url, sizeof ret->url, v4 ? "http://%s:%llu/" : "http://[%s]:%llu/", text, (unsigned long long)port);
    return HN_OK;
}
