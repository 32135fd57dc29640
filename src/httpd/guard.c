/* What is refused before anything else is looked at: names that are not ours (DNS rebinding) and other sites' pages. */
#include "base/hash.h"
#include "base/str.h"
#include "httpd/httpd_in.h"

/* "name", "name:8470", "[::1]", "[::1]:8470": the part before the port. */
static struct hn_str host_name(struct hn_str host)
{
    ptrdiff_t end;

    if (host.n && host.p[0] == '[') {
        end = hn_str_chr(host, ']');
        return end < 0 ? host : hn_str_cut(host, 0, (size_t)end + 1);
    }
    end = hn_str_chr(host, ':');
    return end < 0 ? host : hn_str_cut(host, 0, (size_t)end);
}

static bool same_name(struct hn_str a, const char *b)
{
    size_t n = strlen(b);

    if (a.n != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if ((a.p[i] | (a.p[i] >= 'A' && a.p[i] <= 'Z' ? 0x20 : 0)) != (b[i] | (b[i] >= 'A' && b[i] <= 'Z' ? 0x20 : 0)))
            return false;
    return true;
}

static bool host_known(const struct httpd *h, struct hn_str host)
{
    static const char *const ours[] = {"127.0.0.1", "localhost", "[::1]"};
    struct hn_str name = host_name(host);

    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (same_name(name, ours[i]))
            return true;
    for (size_t i = 0; i < h->n_names; i++)
        if (same_name(name, h->names[i]))
            return true;
    return false;
}

static bool origin_ours(const struct hn_http_req *r)
{
    struct hn_str o = r->origin;

    if (!o.n)
        return true; /* not a browser, or a plain navigation; the CSRF token still has to be right */
    if (hn_str_starts(o, "http://"))
        o = hn_str_cut(o, 7, o.n);
    else if (hn_str_starts(o, "https://"))
        o = hn_str_cut(o, 8, o.n);
    else
        return false;
    return hn_str_eq(o, r->host);
}

bool httpd_guard(const struct httpd *h, struct hn_http_req *r)
{
    bool reads = hn_str_eqc(r->method, "GET") || hn_str_eqc(r->method, "HEAD");
    bool api = hn_str_starts(r->path, "/api/");

    if (!host_known(h, r->host)) {
        httpd_error(r, 421, (struct hn_err){HN_E_INVALID}, "error.host", NULL, (struct hn_str){NULL, 0});
        return false;
    }
    if ((!reads || api) && (!origin_ours(r) || hn_str_eqc(r->fetch_site, "cross-site"))) {
        httpd_error(r, 403, (struct hn_err){HN_E_PERM}, "error.origin", NULL, (struct hn_str){NULL, 0});
        return false;
    }
    return true;
}

/* The first cookie of our name; tokens are 64 hex characters, anything else is no token. */
struct hn_str httpd_session(const struct hn_http_req *r)
{
    struct hn_str rest = r->cookie, one;

    while (hn_str_split(&rest, ';', &one)) {
        one = hn_str_trim(one);
        if (hn_str_starts(one, HTTPD_COOKIE "=")) {
            struct hn_str v = hn_str_cut(one, sizeof HTTPD_COOKIE, one.n);
            uint8_t raw[32];
            return v.n == 64 && hn_unhex(v, raw, sizeof raw) ? v : (struct hn_str){NULL, 0};
        }
    }
    return (struct hn_str){NULL, 0};
}
