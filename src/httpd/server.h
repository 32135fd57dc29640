/* The HTTP library, wrapped: the only interface to it. Requests arrive whole; answers may come later, from the loop
 * that runs the server. Single-threaded; nothing here blocks.
 *
 *   hn_http_server_new(listening fd, handlers)
 *   loop:  poll(hn_http_server_fd) ─▶ hn_http_server_run()
 *   handlers.request(req) ─▶ hn_http_reply() now or later │ hn_http_stream_begin(), hn_http_stream_put() …
 *   handlers.gone(req)    the last that is heard of it */
#pragma once

#include "base/buf.h"
#include "base/time.h"

#define HN_HTTP_BODY_MAX    (1u << 20)
#define HN_HTTP_URI_MAX     8192u
#define HN_HTTP_CONNECTIONS 256u

struct hn_http_server;

struct hn_http_req {
    struct hn_str method, path, query; /* path, query: as they came, percent-encoded */
    struct hn_str host, origin, fetch_site, cookie, csrf, content_type, last_event_id, if_none_match, accept;
    struct hn_str peer; /* address without port; "unix" over a Unix socket */
    struct hn_buf body;
    bool too_long;   /* the body was cut off at what is taken; answer 413 */
    bool large;      /* it may be longer than HN_HTTP_BODY_MAX: handlers.body_most said so */
    uint64_t number; /* of the request, never used twice */
    void *user;      /* the handlers' own */
    struct hn_http_conn *conn;
};

struct hn_http_handlers {
    void (*request)(void *arg, struct hn_http_req *r);
    void (*gone)(void *arg, struct hn_http_req *r); /* may be called for requests that `request` never saw */
    /* Longest body, when the head has come; sets `large` when it keeps count of these. */
    size_t (*body_most)(void *arg, struct hn_http_req *r);
    void *arg;
};

struct hn_http_header {
    const char *name;
    struct hn_str value;
};

/* Takes over a listening socket. NULL: the library would not start. handlers must outlive the server. */
struct hn_http_server *hn_http_server_new(int listen_fd, const struct hn_http_handlers *handlers);
void hn_http_server_free(struct hn_http_server *s);
int hn_http_server_fd(const struct hn_http_server *s); /* to poll for reading */
/* Milliseconds until run must be called even without input; -1 = none. */
int hn_http_server_timeout(const struct hn_http_server *s);
/* Does what can be done now; also closes connections that dawdle over a request. */
void hn_http_server_run(struct hn_http_server *s);

/* Answers a request once, from the request handler or at any time until `gone`. The body is copied. */
void hn_http_reply(struct hn_http_req *r, unsigned status, const struct hn_http_header *headers, size_t n,
                   struct hn_str body);
/* The same with a body that lives for ever (embedded files). */
void hn_http_reply_static(struct hn_http_req *r, unsigned status, const struct hn_http_header *headers, size_t n,
                          struct hn_str body);
/* An answer without an end. put appends; false when the client does not keep up (the stream then ends). */
void hn_http_stream_begin(struct hn_http_req *r, const struct hn_http_header *headers, size_t n);
bool hn_http_stream_put(struct hn_http_req *r, struct hn_str data);
void hn_http_stream_end(struct hn_http_req *r);
