/* Shared by the files of httpd only. */
#pragma once

#include "base/json.h"
#include "core/ops.h"
#include "httpd/server.h"

#define HTTPD_COOKIE "hinomi_session"
enum { HTTPD_NAMES = 16, HTTPD_PENDING = 512, HTTPD_STREAMS = 64, HTTPD_LARGE = 2 /* documents received at once */ };

/* A question to the store role that is not answered yet. */
struct httpd_pending {
    int64_t id;              /* 0 = free */
    struct hn_http_req *req; /* NULL: its client has gone */
    bool for_stream;         /* more events for a stream that runs already */
};

/* Somebody who listens to events. */
struct httpd_stream {
    struct hn_http_req *req; /* NULL = free */
    char session[72];
    int64_t last;
    hn_time opened, quiet_since; /* monotonic */
    bool begun, asking, again;
};

struct httpd {
    int store_fd;
    struct hn_buf in, out;
    size_t out_off;
    int64_t ids;
    struct httpd_pending pending[HTTPD_PENDING];
    struct httpd_stream stream[HTTPD_STREAMS];
    const char *names[HTTPD_NAMES];
    size_t n_names;
    unsigned large; /* requests with a document under way */
    bool secure;    /* cookies with Secure: behind TLS */
    bool over;      /* the store role has gone */
};

extern const struct hn_embed hn_console[];
extern const size_t hn_console_n;

/* guard.c: may this request be looked at at all? Answers it when not. */
bool httpd_guard(const struct httpd *h, struct hn_http_req *r);
/* The value of our cookie, or empty. */
struct hn_str httpd_session(const struct hn_http_req *r);

/* api.c */
/* How long a body may be: documents only where the API takes them, from somebody with a session. */
size_t httpd_body_most(struct httpd *h, struct hn_http_req *r);
void httpd_api(struct httpd *h, struct hn_http_req *r, struct hn_str path);
void httpd_answer(struct httpd *h, struct hn_str json); /* one message of the store role */
void httpd_gone(struct httpd *h, struct hn_http_req *r);
/* Error made here, in the shape of the API. key: catalogue key. */
void httpd_error(struct hn_http_req *r, unsigned status, struct hn_err e, const char *key, const char *param,
                 struct hn_str value);
/* Sends {"op", "session", "args"…} and remembers who asked; false when too much is pending. args: JSON object. */
bool httpd_ask(struct httpd *h, struct hn_http_req *r, const char *op, struct hn_str session, struct hn_str args,
               bool for_stream);

/* reply.c: with the headers that every answer carries. cache: Cache-Control. */
void httpd_reply(struct hn_http_req *r, unsigned status, const char *type, const char *cache, struct hn_str body,
                 const struct hn_http_header *more, size_t n_more);
void httpd_reply_embedded(struct hn_http_req *r, unsigned status, const char *type, const char *cache, const char *etag,
                          struct hn_str body);
size_t httpd_headers(struct hn_http_header *out, const char *type, const char *cache);
enum { HTTPD_HEADERS = 12 };

/* console.c */
void httpd_console(struct hn_http_req *r);

/* stream.c */
void httpd_stream_open(struct httpd *h, struct hn_http_req *r, struct hn_str args);
void httpd_stream_answer(struct httpd *h, struct hn_http_req *r, const struct hn_jv *body);
void httpd_stream_failed(struct httpd *h, struct hn_http_req *r);
void httpd_stream_news(struct httpd *h, int64_t last);
void httpd_stream_gone(struct httpd *h, const struct hn_http_req *r);
void httpd_stream_tick(struct httpd *h);
int httpd_stream_timeout(const struct httpd *h); /* ms to the next tick, -1 none */
