#include "core/notify.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/ip.h"
#include "base/str.h"
#include "base/time.h"
#include "core/curl.h"

#define CONNECT_SECONDS 10L
#define TOTAL_SECONDS   30L
#define ADDRESS_MAX     254u /* RFC 5321 §4.5.3.1.3 */
#define LINE_MAX_B64    57u  /* bytes that make 76 characters, RFC 2045 §6.8 */
#define REPLY_MAX       65536u

/* A plain mailbox (RFC 5321 §4.1.2 without quoting or comments): enough for people, no room for injection. */
static bool address_ok(struct hn_str s)
{
    ptrdiff_t at = hn_str_chr(s, '@');
    if (at < 1 || s.n > ADDRESS_MAX || (size_t)at + 2 > s.n)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!word && !(i == (size_t)at) && !strchr(".-_+=", c))
            return false;
    }
    return true;
}

static void add_base64(struct hn_buf *out, struct hn_bytes b, size_t line)
{
    char text[128];
    for (size_t i = 0; i < b.n; i += line) {
        size_t n = b.n - i < line ? b.n - i : line;
        int len = EVP_EncodeBlock((unsigned char *)text, b.p + i, (int)n);
        hn_buf_add(out, text, (size_t)len);
        if (line == LINE_MAX_B64)
            hn_buf_c(out, "\r\n");
    }
}

/* Encoded words of at most 75 characters that never split a character (RFC 2047 §5). */
static void add_subject(struct hn_buf *out, struct hn_str s)
{
    hn_buf_c(out, "Subject: ");
    while (s.n) {
        size_t n = s.n < 42 ? s.n : hn_utf8_valid_len(hn_bytes_of(s.p, 42));
        hn_buf_c(out, "=?UTF-8?B?");
        add_base64(out, hn_bytes_of(s.p, n), 45);
        hn_buf_c(out, s.n > n ? "?=\r\n " : "?=");
        s = hn_str_cut(s, n, s.n);
    }
    hn_buf_c(out, "\r\n");
}

static struct hn_err add_message(struct hn_buf *out, const char *from, struct hn_str to, struct hn_str subject,
                                 struct hn_str body)
{
    char id[HN_ID_TEXT], date[64];
    time_t now = (time_t)(hn_now() / HN_SECOND);
    struct tm tm;
    HN_TRY(hn_id_new(id));
    gmtime_r(&now, &tm);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", &tm);
    hn_buf_fmt(out, "Date: %s\r\nFrom: Hinomi <%s>\r\nTo: <%.*s>\r\nMessage-ID: <%s@hinomi.invalid>\r\n", date, from,
               HN_FMT(to), id);
    add_subject(out, subject);
    hn_buf_c(out, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                  "Content-Transfer-Encoding: base64\r\nAuto-Submitted: auto-generated\r\n\r\n");
    add_base64(out, hn_str_bytes(body), LINE_MAX_B64);
    return hn_buf_err(out);
}

struct source {
    struct hn_str left;
};

static size_t give(char *to, size_t size, size_t n, void *arg)
{
    struct source *s = arg;
    size_t most = size * n < s->left.n ? size * n : s->left.n;
    if (most)
        memcpy(to, s->left.p, most);
    s->left = hn_str_cut(s->left, most, s->left.n);
    return most;
}

static size_t drop(char *p, size_t size, size_t n, void *arg)
{
    size_t *left = arg;
    if (size * n > *left)
        return 0; /* an answer without end is an error */
    *left -= size * n;
    return size * n;
}

static CURL *begin(const char *protocols, char *error)
{
    CURL *c = curl_easy_init();
    if (!c)
        return NULL;
    error[0] = 0;
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, TOTAL_SECONDS);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, protocols);
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    return c;
}

static struct hn_err finish(CURL *c, CURLcode rc, const char *what, const char *error, struct hn_diag *reterr)
{
    curl_easy_cleanup(c);
    if (rc == CURLE_OK)
        return HN_OK;
    return hn_fail(reterr, rc == CURLE_OPERATION_TIMEDOUT ? HN_E_TIMEOUT : HN_E_IO, "%s: %s", what,
                   error[0] ? error : curl_easy_strerror(rc));
}

struct hn_err hn_notify_mail_send(const struct hn_notify_mail *m, struct hn_str to, struct hn_str subject,
                                  struct hn_str body, struct hn_diag *reterr)
{
    char error[CURL_ERROR_SIZE], rcpt[ADDRESS_MAX + 3], from[ADDRESS_MAX + 3];
    struct hn_buf message;
    if (!address_ok(to) || !address_ok(hn_str_c(m->from)))
        return hn_fail(reterr, HN_E_INVALID, "not an e-mail address: %.*s",
                       HN_FMT(address_ok(to) ? hn_str_c(m->from) : to));
    HN_TRY(hn_curl_load(reterr));
    snprintf(rcpt, sizeof rcpt, "<%.*s>", HN_FMT(to));
    snprintf(from, sizeof from, "<%s>", m->from);
    hn_buf_init(&message, 1u << 20);
    struct hn_err e = add_message(&message, m->from, to, subject, body);
    CURL *c = hn_ok(e) ? begin("smtp,smtps", error) : NULL;
    struct curl_slist *list = c ? curl_slist_append(NULL, rcpt) : NULL;
    if (!list) {
        curl_easy_cleanup(c);
        hn_buf_done(&message);
        return hn_fail(reterr, HN_E_NOMEM, "e-mail");
    }
    struct source src = {hn_buf_text(&message)};
    size_t reply = REPLY_MAX;
    curl_easy_setopt(c, CURLOPT_URL, m->url);
    curl_easy_setopt(c, CURLOPT_USE_SSL, m->starttls ? (long)CURLUSESSL_ALL : (long)CURLUSESSL_TRY);
    curl_easy_setopt(c, CURLOPT_CAINFO, m->ca_file);
    curl_easy_setopt(c, CURLOPT_USERNAME, m->user);
    curl_easy_setopt(c, CURLOPT_PASSWORD, m->password);
    curl_easy_setopt(c, CURLOPT_MAIL_FROM, from);
    curl_easy_setopt(c, CURLOPT_MAIL_RCPT, list);
    curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(c, CURLOPT_READFUNCTION, give);
    curl_easy_setopt(c, CURLOPT_READDATA, &src);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, drop);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, &reply);
    CURLcode rc = curl_easy_perform(c);
    curl_slist_free_all(list);
    hn_buf_done(&message);
    return finish(c, rc, "e-mail not sent", error, reterr);
}

/* Clear text only to this very machine. */
static bool hook_ok(const char *url)
{
    return strncmp(url, "https://", 8) == 0 || strncmp(url, "http://127.0.0.1:", 17) == 0 ||
           strncmp(url, "http://127.0.0.1/", 17) == 0 || strncmp(url, "http://[::1]", 12) == 0 ||
           strncmp(url, "http://localhost:", 17) == 0;
}

static struct curl_slist *hook_headers(const struct hn_notify_hook *h, struct hn_str json)
{
    struct curl_slist *list = curl_slist_append(NULL, "Content-Type: application/json");
    unsigned char sum[EVP_MAX_MD_SIZE];
    char hex[2 * EVP_MAX_MD_SIZE + 1], line[sizeof hex + 32];
    unsigned n = 0;
    if (!list || !h->secret)
        return list;
    if (!HMAC(EVP_sha256(), h->secret, (int)strlen(h->secret), (const unsigned char *)json.p, json.n, sum, &n)) {
        curl_slist_free_all(list);
        return NULL;
    }
    hn_hex(hn_bytes_of(sum, n), hex);
    snprintf(line, sizeof line, "X-Hinomi-Signature: sha256=%s", hex);
    struct curl_slist *more = curl_slist_append(list, line);
    if (!more)
        curl_slist_free_all(list);
    return more;
}

struct hn_err hn_notify_hook_send(const struct hn_notify_hook *h, struct hn_str json, struct hn_diag *reterr)
{
    char error[CURL_ERROR_SIZE];
    size_t reply = REPLY_MAX;
    long status = 0;
    if (!hook_ok(h->url))
        return hn_fail(reterr, HN_E_INVALID, "a webhook needs https:// (http:// only to this machine)");
    HN_TRY(hn_curl_load(reterr));
    struct curl_slist *headers = hook_headers(h, json);
    CURL *c = headers ? begin("http,https", error) : NULL;
    if (!c) {
        curl_slist_free_all(headers);
        return hn_fail(reterr, HN_E_NOMEM, "webhook");
    }
    curl_easy_setopt(c, CURLOPT_URL, h->url);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, json.p);
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)json.n);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, drop);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, &reply);
    CURLcode rc = curl_easy_perform(c);
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    HN_TRY(finish(c, rc, "webhook not delivered", error, reterr));
    if (status < 200 || status > 299)
        return hn_fail(reterr, HN_E_IO, "webhook answered with status %ld", status);
    return HN_OK;
}
