#include "httpd/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ip.h"
#include "base/mem.h"
#include "base/str.h"
#include "httpd/mhd.h"

enum { IDLE_SECONDS = 75, CONN_MEMORY = 64 * 1024, STREAM_MOST = 512 * 1024, HEADERS_MOST = 16 };
#define REQUEST_MOST (60 * HN_SECOND) /* from the first byte to the last of one request; idle connections too */

/* One TCP connection: watched, so that a client that sends a byte a minute does not hold its place for ever. */
struct hn_http_conn {
    struct hn_http_conn *next, **prev;
    struct MHD_Connection *mhd;
    hn_time since; /* monotonic: beginning of the present wait for a request */
    bool answering;
};

struct hn_http_server {
    struct MHD_Daemon *mhd;
    const struct hn_http_handlers *h;
    struct hn_http_conn *conns;
    bool again; /* something was resumed: run at once */
};

/* What stands behind a request. The public part comes first. */
struct request {
    struct hn_http_req pub;
    struct hn_http_server *server;
    struct MHD_Connection *mhd;
    struct MHD_Response *response; /* ready, not yet queued */
    unsigned status;
    bool begun, handed, suspended, queued, stream, ended;
    size_t body_most;
    struct hn_buf out; /* of a stream */
    char peer[HN_IP_TEXT];
    char uri[];
};

static uint64_t numbers;

/* ---------------------------------------------------------------- life of a connection and of a request */

static void on_connection(void *arg, struct MHD_Connection *mhd, void **ctx, enum MHD_ConnectionNotificationCode code)
{
    struct hn_http_server *s = arg;
    struct hn_http_conn *c = *ctx;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        c = hn_alloc_zero(sizeof *c);
        *ctx = c;
        if (!c)
            return;
        c->mhd = mhd;
        c->since = hn_monotonic();
        c->next = s->conns;
        c->prev = &s->conns;
        if (c->next)
            c->next->prev = &c->next;
        s->conns = c;
    } else if (c) {
        *c->prev = c->next;
        if (c->next)
            c->next->prev = c->prev;
        hn_free(c);
        *ctx = NULL;
    }
}

/* The request line as it came, before the library decodes it. */
static void *on_uri(void *arg, const char *uri, struct MHD_Connection *mhd)
{
    size_t n = strlen(uri);
    struct request *q = n <= HN_HTTP_URI_MAX ? hn_alloc_zero(sizeof *q + n + 1) : NULL;

    if (!q)
        return NULL;
    memcpy(q->uri, uri, n);
    q->server = arg;
    q->mhd = mhd;
    q->pub.number = ++numbers;
    hn_buf_init(&q->pub.body, HN_HTTP_BODY_MAX);
    hn_buf_init(&q->out, STREAM_MOST);
    struct hn_str rest = {q->uri, n};
    hn_str_split(&rest, '?', &q->pub.path);
    q->pub.query = rest;
    return q;
}

static struct hn_http_conn *conn_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *i = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return i ? i->socket_context : NULL;
}

static void on_completed(void *arg, struct MHD_Connection *mhd, void **ctx, enum MHD_RequestTerminationCode code)
{
    struct hn_http_server *s = arg;
    struct request *q = *ctx;
    struct hn_http_conn *c = conn_of(mhd);

    if (c) {
        c->answering = false;
        c->since = hn_monotonic();
    }
    if (!q)
        return;
    s->h->gone(s->h->arg, &q->pub);
    if (q->response)
        MHD_destroy_response(q->response);
    hn_buf_done(&q->pub.body);
    hn_buf_done(&q->out);
    hn_free(q);
    *ctx = NULL;
}

/* ---------------------------------------------------------------- reading a request */

/* Header values are bytes; what is not UTF-8 is taken as absent. */
static struct hn_str header(struct request *q, const char *name)
{
    const char *v = MHD_lookup_connection_value(q->mhd, MHD_HEADER_KIND, name);
    struct hn_str s;

    return v && hn_str_from_utf8(hn_bytes_of(v, strlen(v)), &s) ? s : (struct hn_str){NULL, 0};
}

static void peer_text(struct request *q)
{
    const union MHD_ConnectionInfo *i = MHD_get_connection_info(q->mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *sa = i ? i->client_addr : NULL;
    struct hn_ip ip;

    snprintf(q->peer, sizeof q->peer, "unix");
    if (sa && sa->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, sa, sizeof in);
        ip = hn_ip4((const uint8_t *)&in.sin_addr);
        hn_ip_text(&ip, q->peer);
    } else if (sa && sa->sa_family == AF_INET6) {
        struct sockaddr_in6 in;
        memcpy(&in, sa, sizeof in);
        ip = hn_ip6(in.sin6_addr.s6_addr);
        hn_ip_text(&ip, q->peer);
    }
    q->pub.peer = hn_str_c(q->peer);
}

static void read_head(struct request *q, const char *method)
{
    struct hn_http_req *r = &q->pub;

    r->method = hn_str_c(method);
    r->host = header(q, "Host");
    r->origin = header(q, "Origin");
    r->fetch_site = header(q, "Sec-Fetch-Site");
    r->cookie = header(q, "Cookie");
    r->csrf = header(q, "X-Hinomi-CSRF");
    r->content_type = header(q, "Content-Type");
    r->last_event_id = header(q, "Last-Event-ID");
    r->if_none_match = header(q, "If-None-Match");
    r->accept = header(q, "Accept");
    r->conn = conn_of(q->mhd);
    peer_text(q);
}

static enum MHD_Result queue(struct request *q)
{
    enum MHD_Result ok = MHD_queue_response(q->mhd, q->status, q->response);

    MHD_destroy_response(q->response);
    q->response = NULL;
    q->queued = true;
    return ok;
}

static enum MHD_Result refuse(struct MHD_Connection *mhd, unsigned status)
{
    struct MHD_Response *r = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result ok = r ? MHD_queue_response(mhd, status, r) : MHD_NO;

    if (r)
        MHD_destroy_response(r);
    return ok;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *mhd, const char *url, const char *method,
                                  const char *version, const char *upload, size_t *upload_n, void **ctx)
{
    struct hn_http_server *s = arg;
    struct request *q = *ctx;

    if (!q)
        return refuse(mhd, 414); /* longer than an address may be */
    if (!q->begun) {
        q->begun = true;
        read_head(q, method);
        q->body_most = s->h->body_most(s->h->arg, &q->pub);
        hn_buf_init(&q->pub.body, q->body_most);
        return MHD_YES;
    }
    if (*upload_n) {
        size_t room = q->body_most - q->pub.body.n;
        if (*upload_n > room)
            q->pub.too_long = true;
        else if (!q->pub.too_long)
            hn_buf_add(&q->pub.body, upload, *upload_n);
        *upload_n = 0;
        return MHD_YES;
    }
    if (!q->handed) {
        q->handed = true;
        if (q->pub.conn)
            q->pub.conn->answering = true;
        s->h->request(s->h->arg, &q->pub);
    }
    if (q->response)
        return queue(q);
    q->suspended = true;
    MHD_suspend_connection(mhd);
    return MHD_YES;
}

/* ---------------------------------------------------------------- answering */

static void resume(struct request *q)
{
    if (!q->suspended)
        return;
    q->suspended = false;
    MHD_resume_connection(q->mhd);
    q->server->again = true;
}

static void respond(struct request *q, unsigned status, struct MHD_Response *response,
                    const struct hn_http_header *headers, size_t n)
{
    char value[2048];

    if (!response || q->response || q->queued) {
        if (response)
            MHD_destroy_response(response);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        if (headers[i].value.n >= sizeof value)
            continue;
        memcpy(value, headers[i].value.p, headers[i].value.n);
        value[headers[i].value.n] = 0;
        MHD_add_response_header(response, headers[i].name, value); /* refuses line breaks */
    }
    q->response = response;
    q->status = status;
    resume(q);
}

void hn_http_reply(struct hn_http_req *r, unsigned status, const struct hn_http_header *headers, size_t n,
                   struct hn_str body)
{
    struct request *q = (struct request *)r;

    respond(q, status, MHD_create_response_from_buffer(body.n, (void *)(uintptr_t)body.p, MHD_RESPMEM_MUST_COPY),
            headers, n);
}

void hn_http_reply_static(struct hn_http_req *r, unsigned status, const struct hn_http_header *headers, size_t n,
                          struct hn_str body)
{
    struct request *q = (struct request *)r;

    respond(q, status, MHD_create_response_from_buffer(body.n, (void *)(uintptr_t)body.p, MHD_RESPMEM_PERSISTENT),
            headers, n);
}

/* Gives what there is; nothing there: the connection sleeps until put or end wakes it. */
static ssize_t on_stream(void *arg, uint64_t pos, char *out, size_t max)
{
    struct request *q = arg;
    size_t n = q->out.n < max ? q->out.n : max;

    if (n) {
        memcpy(out, q->out.p, n);
        hn_buf_drop(&q->out, n);
        return (ssize_t)n;
    }
    if (q->ended)
        return MHD_CONTENT_READER_END_OF_STREAM;
    q->suspended = true;
    MHD_suspend_connection(q->mhd);
    return 0;
}

void hn_http_stream_begin(struct hn_http_req *r, const struct hn_http_header *headers, size_t n)
{
    struct request *q = (struct request *)r;

    q->stream = true;
    respond(q, 200, MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, on_stream, q, NULL), headers, n);
}

bool hn_http_stream_put(struct hn_http_req *r, struct hn_str data)
{
    struct request *q = (struct request *)r;

    if (q->ended)
        return false;
    hn_buf_str(&q->out, data);
    if (q->out.bad)
        q->ended = true;
    resume(q);
    return !q->ended;
}

void hn_http_stream_end(struct hn_http_req *r)
{
    struct request *q = (struct request *)r;

    q->ended = true;
    resume(q);
}

/* ---------------------------------------------------------------- the server */

struct hn_http_server *hn_http_server_new(int listen_fd, const struct hn_http_handlers *handlers)
{
    struct hn_http_server *s = hn_mhd_load() ? hn_alloc_zero(sizeof *s) : NULL;

    if (!s)
        return NULL;
    s->h = handlers;
    s->mhd = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, s,
                              MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_CONNECTION_LIMIT, HN_HTTP_CONNECTIONS,
                              MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                              (size_t)CONN_MEMORY, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_URI_LOG_CALLBACK, on_uri,
                              s, MHD_OPTION_NOTIFY_COMPLETED, on_completed, s, MHD_OPTION_NOTIFY_CONNECTION,
                              on_connection, s, MHD_OPTION_END);
    if (!s->mhd) {
        hn_free(s);
        return NULL;
    }
    return s;
}

void hn_http_server_free(struct hn_http_server *s)
{
    if (!s)
        return;
    for (struct hn_http_conn *c = s->conns; c; c = c->next) {
        const union MHD_ConnectionInfo *i = MHD_get_connection_info(c->mhd, MHD_CONNECTION_INFO_CONNECTION_SUSPENDED);
        if (i && i->suspended)
            MHD_resume_connection(c->mhd); /* the library does not end with sleeping connections */
    }
    MHD_stop_daemon(s->mhd);
    hn_free(s);
}

int hn_http_server_fd(const struct hn_http_server *s)
{
    const union MHD_DaemonInfo *i = MHD_get_daemon_info(s->mhd, MHD_DAEMON_INFO_EPOLL_FD);

    return i ? i->epoll_fd : -1;
}

int hn_http_server_timeout(const struct hn_http_server *s)
{
    MHD_UNSIGNED_LONG_LONG ms = 0;

    if (s->again)
        return 0;
    int most = s->conns ? 5000 : -1; /* to look for dawdlers */
    if (MHD_get_timeout(s->mhd, &ms) != MHD_YES)
        return most;
    return most >= 0 && ms > (MHD_UNSIGNED_LONG_LONG)most ? most : (int)(ms > 60000 ? 60000 : ms);
}

static void end_dawdlers(struct hn_http_server *s)
{
    hn_time now = hn_monotonic();

    for (struct hn_http_conn *c = s->conns; c; c = c->next) {
        const union MHD_ConnectionInfo *i;
        if (c->answering || now - c->since < REQUEST_MOST)
            continue;
        i = MHD_get_connection_info(c->mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
        if (i)
            shutdown(i->connect_fd, SHUT_RDWR);
        c->since = now;
    }
}

void hn_http_server_run(struct hn_http_server *s)
{
    s->again = false;
    MHD_run(s->mhd);
    end_dawdlers(s);
}
