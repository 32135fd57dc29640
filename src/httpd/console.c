/* The console's files, embedded; a table lookup, so that no path can lead anywhere else. */
#include "base/str.h"
#include "httpd/httpd_in.h"

static const struct {
    const char *suffix, *type;
} types[] = {{".html", "text/html; charset=utf-8"},
             {".js", "text/javascript; charset=utf-8"},
             {".css", "text/css; charset=utf-8"},
             {".json", "application/json"},
             {".svg", "image/svg+xml"},
             {".png", "image/png"},
             {".ico", "image/x-icon"},
             {".woff2", "font/woff2"},
             {".webmanifest", "application/manifest+json"},
             {".txt", "text/plain; charset=utf-8"}};

static const char no_console[] =
    "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Hinomi</title></head><body><h1>Hinomi</h1>"
    "<p>This program was built without its console. Build it with <code>make</code> (or: <code>cd console &amp;&amp; "
    "npm ci &amp;&amp; npm run build</code>, then build the program again). The API is at <code>/api/v1</code>.</p>"
    "<p lang=\"ja\">このプログラムにはコンソールが組み込まれていません。<code>make</code> でビルドし直してください。"
    "APIは <code>/api/v1</code> で利用できます。</p></body></html>\n";

static const char *type_of(struct hn_str name)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (hn_str_ends(name, types[i].suffix))
            return types[i].type;
    return "application/octet-stream";
}

static const struct hn_embed *find(struct hn_str path)
{
    for (size_t i = 0; i < hn_console_n; i++)
        if (hn_str_eqc(path, hn_console[i].name))
            return &hn_console[i];
    return NULL;
}

/* Names below /assets/ carry a hash of their content: what they mean never changes. */
static void serve(struct hn_http_req *r, const struct hn_embed *e)
{
    struct hn_str name = hn_str_c(e->name), body = {e->data, e->n};
    const char *cache = hn_str_starts(name, "/assets/") ? "public, max-age=31536000, immutable" : "no-cache";

    if (r->if_none_match.n && hn_str_find(r->if_none_match, hn_str_c(e->etag)) >= 0)
        httpd_reply_embedded(r, 304, type_of(name), cache, e->etag, HN_STR(""));
    else
        httpd_reply_embedded(r, 200, type_of(name), cache, e->etag, body);
}

void httpd_console(struct hn_http_req *r)
{
    const struct hn_embed *e = find(r->path);
    bool reads = hn_str_eqc(r->method, "GET") || hn_str_eqc(r->method, "HEAD");
    struct hn_str none = {NULL, 0}, rest = r->path, last = none;

    if (!reads) {
        httpd_error(r, 405, (struct hn_err){HN_E_INVALID}, "error.method", "allowed", HN_STR("GET, HEAD"));
        return;
    }
    while (hn_str_split(&rest, '/', &last))
        ;
    /* Views of the console are paths without a suffix: all are index.html. */
    bool view = hn_str_chr(last, '.') < 0 && hn_str_chr(r->path, '%') < 0 && !hn_str_starts(r->path, "/api");
    if (!e && view)
        e = find(HN_STR("/index.html"));
    if (e)
        serve(r, e);
    else if (view && !hn_console_n)
        httpd_reply(r, 200, types[0].type, "no-cache", HN_STR(no_console), NULL, 0);
    else
        httpd_error(r, 404, (struct hn_err){HN_E_NOENT}, "error.noent", NULL, none);
}
