/* The role that fetches: one request after the other over its socket, each with the file that the answer goes into. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/ip.h"
#include "base/json.h"
#include "base/log.h"
#include "core/curl.h"
#include "core/fetch.h"
#include "core/work_wire.h"
#include "sandbox/role.h"

#define START_MAX     (8u << 20)
#define REDIRECTS_MAX 5u
#define AGENT         "hinomi"

struct fetcher {
    struct hn_arena start; /* the rules */
    struct hn_str hosts, ca;
    bool plain;
    uint64_t most;
    long stall, total;
    CURL *curl;
    char error[CURL_ERROR_SIZE];
};

/* One file under way. */
struct transfer {
    struct fetcher *f;
    int file;
    uint64_t from, at, most;
    bool begun, too_large, refused, disk_full, elsewhere;
    bool trusted; /* the host that was named */
    struct hn_fetch_got got;
    hn_time told;
};

/* ---------------------------------------------------------------- rules */

static bool is_named_host(const struct fetcher *f, struct hn_str host)
{
    struct hn_str rest = f->hosts, one;
    while (hn_str_word(&rest, &one))
        if (one.n == host.n && strncasecmp(one.p, host.p, host.n) == 0)
            return true;
    return false;
}

/* NULL, or why this address is not asked. */
static const char *forbidden(const struct fetcher *f, struct hn_str url, struct hn_url *ret)
{
    struct hn_ip ip;
    if (!hn_url_parse(url, ret))
        return "not an address that is fetched from";
    if (hn_str_eqc(ret->scheme, "http") && !f->plain && !hn_url_is_loopback(ret))
        return "http is not fetched from (only https, or this machine)";
    if (!is_named_host(f, ret->host) &&
        (hn_url_is_loopback(ret) || (hn_ip_parse(ret->host, &ip) && hn_ip_reach(&ip) != HN_REACH_PUBLIC)))
        return "leads to an address that is not public";
    return NULL;
}

static bool has_proxy(void)
{
    static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy", "ALL_PROXY"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (getenv(names[i]) && *getenv(names[i]))
            return true;
    return false;
}

/* The address that the name led to; of a host that nobody named it must be a public one. With a proxy it is the
 * proxy's, which the owner of the machine named. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
    struct transfer *t = arg;
    struct hn_ip ip = {{0}, 0};
    (void)purpose;
    if (a->family == AF_INET)
        ip = hn_ip4((const uint8_t *)&((const struct sockaddr_in *)(const void *)&a->addr)->sin_addr);
    else if (a->family == AF_INET6)
        ip = hn_ip6((const uint8_t *)&((const struct sockaddr_in6 *)(const void *)&a->addr)->sin6_addr);
    t->refused = !t->trusted && !has_proxy() && hn_ip_reach(&ip) != HN_REACH_PUBLIC;
    return t->refused ? CURL_SOCKET_BAD : socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

/* ---------------------------------------------------------------- headers */

static void take_text(char *out, size_t room, struct hn_str s)
{
    s = hn_str_trim(s);
    out[0] = 0;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < ' ' || s.p[i] > '~')
            return;
    if (s.n < room)
        snprintf(out, room, "%.*s", HN_FMT(s));
}

static bool header_is(struct hn_str line, const char *name, struct hn_str *ret)
{
    size_t n = strlen(name);
    if (line.n <= n || strncasecmp(line.p, name, n) != 0 || line.p[n] != ':')
        return false;
    *ret = hn_str_cut(line, n + 1, line.n);
    return true;
}

static bool is_range_from(struct hn_str s, uint64_t from)
{
    struct hn_str first;
    uint64_t at;
    if (!hn_str_starts(s, "bytes "))
        return false;
    s = hn_str_cut(s, 6, s.n);
    return hn_str_split(&s, '-', &first) && hn_str_u64(first, 10, &at) && at == from;
}

static size_t on_header(char *p, size_t size, size_t n, void *arg)
{
    struct transfer *t = arg;
    struct hn_str line = {p, size * n}, value;
    if (hn_str_starts(line, "HTTP/"))
        t->got.etag[0] = t->got.modified[0] = 0;       /* of the answer that counts: the last one */
    else if (header_is(line, "content-range", &value)) /* RFC 9110 §14.4: the part must be the one that is missing */
        t->elsewhere = !is_range_from(hn_str_trim(value), t->from);
    else if (header_is(line, "etag", &value))
        take_text(t->got.etag, sizeof t->got.etag, value);
    else if (header_is(line, "last-modified", &value))
        take_text(t->got.modified, sizeof t->got.modified, value);
    return size * n;
}

/* ---------------------------------------------------------------- the body */

static void put_answer(struct hn_buf *out, const struct hn_fetch_got *got)
{
    struct hn_jw w;
    hn_jw_init(&w, out);
    hn_jw_obj(&w);
    hn_jw_kint(&w, "status", got->status);
    hn_jw_kbool(&w, "whole", got->whole);
    hn_jw_kint(&w, "bytes", (int64_t)got->bytes);
    hn_jw_kc(&w, "etag", got->etag);
    hn_jw_kc(&w, "modified", got->modified);
    hn_jw_kint(&w, "date", got->date);
    hn_jw_kc(&w, "why", got->why);
    hn_jw_obj_end(&w);
}

static bool send_got(uint8_t type, const struct hn_fetch_got *got)
{
    struct hn_buf b;
    hn_buf_init(&b, WORK_TEXT_MAX);
    put_answer(&b, got);
    struct work_head h = {.n = (uint32_t)b.n};
    bool ok = hn_ok(hn_buf_err(&b)) && hn_work_send(WORK_FD, type, &h, b.p, -1);
    hn_buf_done(&b);
    return ok;
}

/* What the server did decides where the body goes: 206 goes on, 200 begins anew, others bring nothing of ours. */
static bool begin_body(struct transfer *t)
{
    long status = 0;
    curl_easy_getinfo(t->f->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200 && status != 206)
        return false;
    t->at = status == 206 ? t->from : 0;
    t->begun = !t->elsewhere && ftruncate(t->file, (off_t)t->at) == 0;
    return t->begun && send_got('B', &t->got);
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
    struct transfer *t = arg;
    size_t left = size * n;
    if (!t->begun && !begin_body(t)) {
        long status = 0;
        curl_easy_getinfo(t->f->curl, CURLINFO_RESPONSE_CODE, &status);
        return status == 200 || status == 206 ? 0 : size * n; /* the page of an error is passed over */
    }
    t->too_large = left > t->most - t->at;
    for (ssize_t k; left && !t->too_large; p += k, left -= (size_t)k, t->at += (uint64_t)k) {
        k = pwrite(t->file, p, left, (off_t)t->at);
        if (k <= 0) {
            t->disk_full = true;
            return 0;
        }
    }
    return t->too_large ? 0 : size * n;
}

static int on_progress(void *arg, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up)
{
    struct transfer *t = arg;
    hn_time at = hn_monotonic();
    (void)up_total, (void)up;
    if (at - t->told < HN_SECOND / 4)
        return 0;
    t->told = at;
    struct work_head h = {.size = t->from + (uint64_t)now, .time = total ? (int64_t)(t->from + (uint64_t)total) : 0};
    return hn_work_send(WORK_FD, 'P', &h, "", -1) ? 0 : 1; /* nobody is there any more */
}

/* ---------------------------------------------------------------- one request */

static struct curl_slist *add_header(struct curl_slist *list, const char *name, struct hn_str value)
{
    char line[400];
    if (!value.n || value.n > 300)
        return list;
    snprintf(line, sizeof line, "%s: %.*s", name, HN_FMT(value));
    struct curl_slist *more = curl_slist_append(list, line);
    return more ? more : list;
}

static void set_up(struct transfer *t, const char *url, struct curl_slist *headers)
{
    CURL *c = t->f->curl;
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->f->error);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_USERAGENT, AGENT);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L); /* each step is looked at: see follow() */
    curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, t->f->stall);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1024L);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, t->f->stall);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, t->f->total);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, t);
    curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, t);
    if (t->f->ca.n) {
        struct curl_blob blob = {(void *)(uintptr_t)t->f->ca.p, t->f->ca.n, CURL_BLOB_NOCOPY};
        curl_easy_setopt(c, CURLOPT_CAINFO_BLOB, &blob);
    }
}

static void explain(struct transfer *t, CURLcode rc)
{
    char *why = t->got.why;
    size_t room = sizeof t->got.why;
    if (t->too_large)
        snprintf(why, room, "larger than the %llu bytes that are allowed", (unsigned long long)t->most);
    else if (t->refused)
        snprintf(why, room, "leads to an address that is not public");
    else if (t->elsewhere)
        snprintf(why, room, "the server sent another part than was asked for");
    else if (t->disk_full)
        snprintf(why, room, "the file cannot be written");
    else if (rc == CURLE_OPERATION_TIMEDOUT)
        snprintf(why, room, "the server is too slow (%.200s)", t->f->error);
    else
        snprintf(why, room, "%.250s", t->f->error[0] ? t->f->error : curl_easy_strerror(rc));
}

/* Asks one address. True and *ret_next set when the answer sends us on. */
static bool ask(struct transfer *t, const char *url, struct curl_slist *headers, char *ret_next, size_t room)
{
    char *next = NULL;
    t->f->error[0] = 0;
    t->begun = false;
    t->at = t->from;
    set_up(t, url, headers);
    CURLcode rc = curl_easy_perform(t->f->curl);
    curl_easy_getinfo(t->f->curl, CURLINFO_RESPONSE_CODE, &t->got.status);
    if (rc != CURLE_OK) {
        explain(t, rc);
        t->got.bytes = t->begun ? t->at : t->from;
        return false;
    }
    curl_easy_getinfo(t->f->curl, CURLINFO_REDIRECT_URL, &next);
    if (next && strlen(next) < room) {
        memcpy(ret_next, next, strlen(next) + 1);
        return true;
    }
    /* an empty file has no body to call us for */
    t->got.whole = (t->got.status == 200 || t->got.status == 206) && (t->begun || begin_body(t));
    t->got.bytes = t->at;
    if (!t->got.whole && t->got.status != 304)
        snprintf(t->got.why, sizeof t->got.why, "the server answered %ld", t->got.status);
    return false;
}

/* From address to address, as far as the rules go. */
static void follow(struct transfer *t, const char *first, struct curl_slist *headers)
{
    char url[HN_FETCH_URL_MAX], next[HN_FETCH_URL_MAX];
    struct hn_url u, before = {{0}};
    snprintf(url, sizeof url, "%s", first);
    for (unsigned i = 0; i <= REDIRECTS_MAX; i++) {
        const char *no = forbidden(t->f, hn_str_c(url), &u);
        if (!no && i && !hn_str_eq(u.scheme, before.scheme))
            no = "the redirect leads to another scheme";
        if (no) {
            snprintf(t->got.why, sizeof t->got.why, "%s%s", i ? "redirected: " : "", no);
            return;
        }
        t->trusted = is_named_host(t->f, u.host);
        if (!ask(t, url, headers, next, sizeof next))
            return;
        before.scheme = hn_str_eqc(u.scheme, "http") ? HN_STR("http") : HN_STR("https");
        memcpy(url, next, sizeof url);
    }
    snprintf(t->got.why, sizeof t->got.why, "more than %u redirects", REDIRECTS_MAX);
}

static bool serve(struct fetcher *f, const struct hn_jv *v, int file)
{
    uint64_t most = (uint64_t)hn_jv_int(v, "most", 0);
    struct transfer t = {.f = f,
                         .file = file,
                         .from = (uint64_t)hn_jv_int(v, "from", 0),
                         .most = most && most < f->most ? most : f->most};
    char url[HN_FETCH_URL_MAX], range[40];
    struct curl_slist *headers = add_header(NULL, "If-None-Match", hn_jv_str(v, "etag"));
    headers = add_header(headers, "If-Modified-Since", hn_jv_str(v, "modified"));
    if (t.from) {
        snprintf(range, sizeof range, "bytes=%llu-", (unsigned long long)t.from);
        headers = add_header(headers, "Range", hn_str_c(range));
        headers = add_header(headers, "If-Range", hn_jv_str(v, "range_if"));
    }
    snprintf(url, sizeof url, "%.*s", HN_FMT(hn_jv_str(v, "url")));
    follow(&t, url, headers);
    curl_slist_free_all(headers);
    time_t date = t.got.modified[0] ? curl_getdate(t.got.modified, NULL) : -1;
    t.got.date = date > 0 ? (hn_time)date * HN_SECOND : 0;
    return send_got('G', &t.got);
}

/* ---------------------------------------------------------------- the role */

static bool read_start(struct fetcher *f)
{
    struct hn_buf b;
    hn_buf_init(&b, START_MAX);
    hn_arena_init(&f->start, START_MAX * 2);
    bool ok = hn_ok(hn_read_fd(WORK_START_FD, &b, NULL));
    const struct hn_jv *v =
        ok ? hn_jv_parse(&f->start, hn_str_bytes(hn_arena_str(&f->start, hn_buf_text(&b))), NULL) : NULL;
    hn_buf_done(&b);
    close(WORK_START_FD);
    f->hosts = hn_jv_str(v, "hosts");
    f->ca = hn_jv_str(v, "ca");
    f->plain = hn_jv_bool(v, "plain", false);
    f->most = (uint64_t)hn_jv_int(v, "most", 0);
    f->stall = (long)hn_jv_int(v, "stall", 60);
    f->total = (long)hn_jv_int(v, "total", 3600);
    return v && f->hosts.n && f->most;
}

/* What name look-up and TLS read; those of them that are there. */
static void name_files(struct hn_sandbox_paths *paths)
{
    static const char *const all[] = {"/etc/resolv.conf",
                                      "/etc/hosts",
                                      "/etc/nsswitch.conf",
                                      "/etc/host.conf",
                                      "/etc/gai.conf",
                                      "/etc/ssl",
                                      "/usr/lib/ssl",
                                      "/usr/share/ca-certificates",
                                      "/usr/local/share/ca-certificates"};
    size_t n = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (access(all[i], R_OK) == 0)
            paths->read_only[n++] = all[i];
}

static int loop(struct fetcher *f)
{
    for (;;) {
        char text[WORK_TEXT_MAX];
        struct work_head h;
        struct hn_arena a;
        uint8_t type;
        int file = -1;
        if (!hn_work_receive(WORK_FD, &type, &h, text, &file) || file < 0)
            return 0;
        hn_arena_init(&a, 1u << 20);
        bool ok = serve(f, hn_jv_parse(&a, hn_bytes_of(text, h.n), NULL), file);
        close(file);
        hn_arena_done(&a);
        if (!ok)
            return 0;
    }
}

int hn_fetch_main(int argc, char **argv)
{
    static struct fetcher f;
    struct hn_sandbox_paths paths = {.address_space = 0};
    struct hn_sandbox_state state;
    struct hn_diag d = {{0}};
    (void)argc, (void)argv;
    signal(SIGXFSZ, SIG_IGN); /* the write then fails, and says so */
    struct hn_err e = hn_curl_load(&d);
    if (!hn_ok(e)) {
        hn_log(HN_LOG_ERROR, "fetch: %s", d.msg);
        return hn_err_exit(e);
    }
    if (!read_start(&f) || !(f.curl = curl_easy_init()))
        return 3;
    name_files(&paths);
    paths.file_bytes = f.most;
    e = hn_sandbox_enter(HN_PROC_FETCH, &paths, &state, &d);
    if (!hn_ok(e)) {
        hn_log(HN_LOG_ERROR, "fetch: %s", d.msg);
        return hn_err_exit(e);
    }
    _exit(loop(&f));
}
