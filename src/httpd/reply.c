/* The headers that every answer carries. */
#include "base/str.h"
#include "httpd/httpd_in.h"

/* Nothing is loaded from anywhere else, nothing inline is run, nobody frames us. */
#define CSP                                                                                                            \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "              \
    "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

size_t httpd_headers(struct hn_http_header *out, const char *type, const char *cache)
{
    size_t n = 0;

    out[n++] = (struct hn_http_header){"Content-Type", hn_str_c(type)};
    out[n++] = (struct hn_http_header){"Cache-Control", hn_str_c(cache)};
    out[n++] = (struct hn_http_header){"Content-Security-Policy", HN_STR(CSP)};
    out[n++] = (struct hn_http_header){"X-Content-Type-Options", HN_STR("nosniff")};
    out[n++] = (struct hn_http_header){"X-Frame-Options", HN_STR("DENY")};
    out[n++] = (struct hn_http_header){"Referrer-Policy", HN_STR("same-origin")};
    out[n++] = (struct hn_http_header){"Cross-Origin-Opener-Policy", HN_STR("same-origin")};
    out[n++] = (struct hn_http_header){"Cross-Origin-Resource-Policy", HN_STR("same-origin")};
    return n;
}

void httpd_reply(struct hn_http_req *r, unsigned status, const char *type, const char *cache, struct hn_str body,
                 const struct hn_http_header *more, size_t n_more)
{
    struct hn_http_header h[HTTPD_HEADERS];
    size_t n = httpd_headers(h, type, cache);

    for (size_t i = 0; i < n_more && n < HTTPD_HEADERS; i++)
        h[n++] = more[i];
    hn_http_reply(r, status, h, n, body);
}

void httpd_reply_embedded(struct hn_http_req *r, unsigned status, const char *type, const char *cache, const char *etag,
                          struct hn_str body)
{
    struct hn_http_header h[HTTPD_HEADERS];
    size_t n = httpd_headers(h, type, cache);

    h[n++] = (struct hn_http_header){"ETag", hn_str_c(etag)};
    hn_http_reply_static(r, status, h, n, body);
}
