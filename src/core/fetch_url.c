/* Addresses as far as the rules need them (RFC 3986, of which hardly anything is allowed here). */
#include <string.h>

#include "base/ip.h"
#include "core/fetch.h"

static bool printable(struct hn_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~' || strchr("\"<>\\^`{|}", s.p[i]))
            return false;
    return true;
}

static bool is_host(struct hn_str s)
{
    struct hn_ip ip;
    return hn_ip_parse(s, &ip) || (hn_str_plain(s) && s.n < 256);
}

static bool split_authority(struct hn_str a, struct hn_url *ret)
{
    uint64_t port;
    ptrdiff_t end = a.n && a.p[0] == '[' ? hn_str_chr(a, ']') : -1;
    struct hn_str rest = end > 0 ? hn_str_cut(a, (size_t)end + 1, a.n) : a;
    ptrdiff_t colon = hn_str_chr(rest, ':');
    if (end > 0)
        ret->host = hn_str_cut(a, 1, (size_t)end);
    else
        ret->host = colon >= 0 ? hn_str_cut(a, 0, (size_t)colon) : a;
    ret->port = colon >= 0 ? hn_str_cut(rest, (size_t)colon + 1, rest.n) : HN_STR("");
    bool right = end > 0 ? colon == 0 || (colon < 0 && !rest.n) : true;
    return right && is_host(ret->host) && (colon < 0 || (hn_str_u64(ret->port, 10, &port) && port > 0 && port < 65536));
}

bool hn_url_parse(struct hn_str url, struct hn_url *ret)
{
    *ret = (struct hn_url){.scheme = HN_STR("https")};
    if (url.n >= HN_FETCH_URL_MAX || !printable(url) || hn_str_chr(url, '#') >= 0)
        return false;
    if (hn_str_starts(url, "http://"))
        ret->scheme = HN_STR("http");
    else if (!hn_str_starts(url, "https://"))
        return false;
    struct hn_str rest = hn_str_cut(url, ret->scheme.n + 3, url.n);
    size_t n = 0;
    while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?')
        n++;
    ret->path = n < rest.n ? hn_str_cut(rest, n, rest.n) : HN_STR("/");
    return ret->path.p[0] == '/' && split_authority(hn_str_cut(rest, 0, n), ret);
}

bool hn_url_is_loopback(const struct hn_url *u)
{
    struct hn_ip ip;
    return hn_str_eqc(u->host, "localhost") || (hn_ip_parse(u->host, &ip) && hn_ip_reach(&ip) == HN_REACH_LOOPBACK);
}

static bool same_letters(struct hn_str a, struct hn_str b)
{
    return a.n == b.n && strncasecmp(a.p, b.p, a.n) == 0;
}

static struct hn_str port_of(const struct hn_url *u)
{
    return u->port.n ? u->port : u->scheme.n == 5 ? HN_STR("443") : HN_STR("80");
}

bool hn_url_same_origin(const struct hn_url *a, const struct hn_url *b)
{
    return hn_str_eq(a->scheme, b->scheme) && same_letters(a->host, b->host) && hn_str_eq(port_of(a), port_of(b));
}
