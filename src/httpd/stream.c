/* Server-sent events (WHATWG HTML, "Server-sent events"). The store role says that its log grew; what a listener may
 * see of that is asked for with the listener's own session. Nothing spins: connections sleep until there is something
 * to say, or until the line has been quiet for so long that a comment has to show that it stands. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "httpd/httpd_in.h"

#define QUIET_MOST (20 * HN_SECOND)

static struct httpd_stream *find(struct httpd *h, const struct hn_http_req *r)
{
    for (size_t i = 0; i < HTTPD_STREAMS; i++)
        if (h->stream[i].req == r)
            return &h->stream[i];
    return NULL;
}

static void ask(struct httpd *h, struct httpd_stream *s)
{
    char args[64];

    if (s->asking) {
        s->again = true;
        return;
    }
    snprintf(args, sizeof args, "{\"after\":%lld}", (long long)s->last);
    s->asking = httpd_ask(h, s->req, "events.get", hn_str_c(s->session), hn_str_c(args), true);
    s->again = false;
}

static size_t of_session(const struct httpd *h, const char *session)
{
    size_t n = 0;

    for (size_t i = 0; i < HTTPD_STREAMS; i++)
        n += h->stream[i].req && strcmp(h->stream[i].session, session) == 0;
    return n;
}

/* A browser that left is noticed only when something is written to it. Whoever loads page after page would fill the
 * table before that: the oldest stream of the session that has most gives way, and comes again should somebody still
 * listen. A session with a single stream keeps it, unless it asks for the next itself. */
static struct httpd_stream *make_room(struct httpd *h, struct hn_str session)
{
    struct httpd_stream *victim = NULL;
    size_t most = 0;

    for (size_t i = 0; i < HTTPD_STREAMS; i++) {
        struct httpd_stream *s = &h->stream[i];
        size_t n = s->req && s->begun ? of_session(h, s->session) : 0;
        if (n == 1 && !hn_str_eqc(session, s->session))
            continue;
        if (n > most || (n && n == most && s->opened < victim->opened)) {
            most = n;
            victim = s;
        }
    }
    if (victim) {
        hn_http_stream_end(victim->req);
        victim->req = NULL;
    }
    return victim;
}

void httpd_stream_open(struct httpd *h, struct hn_http_req *r, struct hn_str args)
{
    struct hn_str session = httpd_session(r), none = {NULL, 0};
    struct httpd_stream *s = find(h, NULL);

    if (!s)
        s = make_room(h, session);
    if (!s) {
        httpd_error(r, 503, (struct hn_err){HN_E_BUSY}, NULL, NULL, none);
        return;
    }
    *s = (struct httpd_stream){.req = r, .opened = hn_monotonic(), .quiet_since = hn_monotonic()};
    snprintf(s->session, sizeof s->session, "%.*s", HN_FMT(session));
    s->asking = httpd_ask(h, r, "events.get", session, args, true);
    if (!s->asking) {
        s->req = NULL;
        httpd_error(r, 503, (struct hn_err){HN_E_BUSY}, NULL, NULL, none);
    }
}

static void write_event(struct hn_buf *b, const struct hn_jv *e)
{
    struct hn_jw w;
    static const char *const keys[] = {"id", "org", "what", "at"};

    hn_buf_fmt(b, "id: %lld\nevent: %.*s\ndata: ", (long long)hn_jv_int(e, "seq", 0), HN_FMT(hn_jv_str(e, "event")));
    hn_jw_init(&w, b);
    hn_jw_obj(&w);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        hn_jw_kstr(&w, keys[i], hn_jv_str(e, keys[i]));
    hn_jw_obj_end(&w);
    hn_buf_c(b, "\n\n");
}

void httpd_stream_answer(struct httpd *h, struct hn_http_req *r, const struct hn_jv *body)
{
    struct httpd_stream *s = find(h, r);
    const struct hn_jv *items = hn_jv_get(body, "items");
    HN_AUTO(hn_buf_done) struct hn_buf b = {0};
    struct hn_http_header head[HTTPD_HEADERS];
    size_t n = items && items->kind == HN_JV_ARR ? items->n : 0;

    if (!s)
        return;
    s->asking = false;
    hn_buf_init(&b, 256 << 10);
    if (!s->begun) {
        s->begun = true;
        hn_http_stream_begin(r, head, httpd_headers(head, "text/event-stream; charset=utf-8", "no-store"));
        hn_buf_c(&b, "retry: 3000\n\n");
    }
    if (hn_jv_bool(body, "gap", false)) /* read everything anew */
        hn_buf_fmt(&b, "id: %lld\nevent: status\ndata: {\"what\":\"gap\"}\n\n", (long long)hn_jv_int(body, "last", 0));
    for (size_t i = 0; i < n; i++)
        write_event(&b, &items->items[i]);
    /* last is where the log ends only if all of it was sent */
    int64_t last = n >= 256 ? hn_jv_int(&items->items[n - 1], "seq", 0) : hn_jv_int(body, "last", s->last);
    s->last = last > s->last ? last : s->last;
    if (b.n) {
        s->quiet_since = hn_monotonic();
        if (b.bad || !hn_http_stream_put(r, hn_buf_text(&b)))
            hn_http_stream_end(r);
    }
    if (s->again || n >= 256)
        ask(h, s);
}

/* The session ended, or the store role is in trouble: the browser comes again and is told by the answer then. */
void httpd_stream_failed(struct httpd *h, struct hn_http_req *r)
{
    struct httpd_stream *s = find(h, r);

    if (s && s->begun)
        hn_http_stream_end(r);
    if (s)
        s->req = NULL;
}

void httpd_stream_news(struct httpd *h, int64_t last)
{
    for (size_t i = 0; i < HTTPD_STREAMS; i++)
        if (h->stream[i].req && h->stream[i].last < last)
            ask(h, &h->stream[i]);
}

void httpd_stream_gone(struct httpd *h, const struct hn_http_req *r)
{
    struct httpd_stream *s = r ? find(h, r) : NULL;

    if (s)
        s->req = NULL;
}

void httpd_stream_tick(struct httpd *h)
{
    hn_time now = hn_monotonic();

    for (size_t i = 0; i < HTTPD_STREAMS; i++) {
        struct httpd_stream *s = &h->stream[i];
        if (!s->req || !s->begun || now - s->quiet_since < QUIET_MOST)
            continue;
        s->quiet_since = now;
        ask(h, s); /* also finds out whether the session still holds */
        hn_http_stream_put(s->req, HN_STR(": \n\n"));
    }
}

int httpd_stream_timeout(const struct httpd *h)
{
    hn_time now = hn_monotonic(), at = 0;

    for (size_t i = 0; i < HTTPD_STREAMS; i++) {
        const struct httpd_stream *s = &h->stream[i];
        if (s->req && s->begun && (!at || s->quiet_since + QUIET_MOST < at))
            at = s->quiet_since + QUIET_MOST;
    }
    return !at ? -1 : at <= now ? 0 : (int)((at - now) / (HN_SECOND / 1000)) + 1;
}
