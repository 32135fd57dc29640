/* The front's side of the role that fetches. What comes back from the role is checked like anything from outside. */
#include "core/fetch.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "core/work_wire.h"
#include "sandbox/role.h"

#define CA_MAX   (4u << 20)
#define PATIENCE 60 /* seconds beyond what the role allows itself */

struct hn_fetch {
    struct hn_child child;
    int sock;
    unsigned total;
};

static struct hn_err put_rules(const struct hn_fetch_rules *r, struct hn_buf *out, struct hn_diag *reterr)
{
    struct hn_buf ca;
    struct hn_jw w;
    struct hn_str text = {"", 0};
    hn_buf_init(&ca, CA_MAX);
    struct hn_err e = r->ca ? hn_read_file(r->ca, &ca, reterr) : HN_OK;
    if (hn_ok(e) && !hn_str_from_utf8(hn_bytes_of(ca.p ? ca.p : "", ca.n), &text))
        e = hn_fail(reterr, HN_E_INVALID, "%s is not a PEM file", r->ca);
    hn_jw_init(&w, out);
    hn_jw_obj(&w);
    hn_jw_kc(&w, "hosts", r->hosts);
    hn_jw_kstr(&w, "ca", text);
    hn_jw_kbool(&w, "plain", r->plain);
    hn_jw_kint(&w, "most", (int64_t)r->most);
    hn_jw_kint(&w, "stall", r->stall);
    hn_jw_kint(&w, "total", r->total);
    hn_jw_obj_end(&w);
    hn_buf_done(&ca);
    return hn_ok(e) ? hn_buf_err(out) : e;
}

static int start_file(const struct hn_buf *b)
{
    HN_AUTO_FD fd = memfd_create("start", MFD_CLOEXEC);
    if (fd >= 0 && (!hn_ok(hn_write_all(fd, b->p, b->n)) || lseek(fd, 0, SEEK_SET) != 0))
        return -1;
    return hn_fd_take(&fd);
}

static struct hn_err start(struct hn_fetch *f, const struct hn_buf *rules, struct hn_diag *reterr)
{
    int pair[2];
    HN_AUTO_FD file = start_file(rules);
    if (file < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return hn_fail_errno(reterr, "fetch");
    const int fds[] = {pair[1], file};
    struct hn_err e = hn_role_spawn(HN_PROC_FETCH, NULL, fds, 2, &f->child, reterr);
    close(pair[1]);
    f->sock = pair[0];
    return e;
}

struct hn_err hn_fetch_new(const struct hn_fetch_rules *rules, struct hn_fetch **ret, struct hn_diag *reterr)
{
    struct hn_fetch *f = hn_alloc_zero(sizeof *f);
    struct hn_buf b;
    *ret = NULL;
    if (!f)
        return hn_fail(reterr, HN_E_NOMEM, "fetch");
    f->child = (struct hn_child){-1, -1};
    f->sock = -1;
    f->total = rules->total;
    hn_buf_init(&b, 2 * CA_MAX);
    struct hn_err e = put_rules(rules, &b, reterr);
    if (hn_ok(e))
        e = start(f, &b, reterr);
    hn_buf_done(&b);
    if (hn_ok(e))
        *ret = f;
    else
        hn_fetch_free(f);
    return e;
}

void hn_fetch_free(struct hn_fetch *f)
{
    if (!f)
        return;
    if (f->sock >= 0)
        close(f->sock);
    hn_child_end(&f->child, true); /* holds nothing that could be lost */
    hn_free(f);
}

/* ---------------------------------------------------------------- one file */

static struct hn_err send_want(struct hn_fetch *f, const struct hn_fetch_want *want, int file, struct hn_diag *reterr)
{
    struct hn_buf b;
    struct hn_jw w;
    hn_buf_init(&b, WORK_TEXT_MAX);
    hn_jw_init(&w, &b);
    hn_jw_obj(&w);
    hn_jw_kc(&w, "url", want->url);
    if (want->etag)
        hn_jw_kc(&w, "etag", want->etag);
    if (want->modified)
        hn_jw_kc(&w, "modified", want->modified);
    if (want->from) {
        hn_jw_kint(&w, "from", (int64_t)want->from);
        hn_jw_kc(&w, "range_if", want->range_if);
    }
    if (want->most)
        hn_jw_kint(&w, "most", (int64_t)want->most);
    hn_jw_obj_end(&w);
    struct work_head h = {.n = (uint32_t)b.n};
    bool ok = hn_ok(hn_buf_err(&b)) && hn_work_send(f->sock, 'G', &h, b.p, file);
    hn_buf_done(&b);
    return ok ? HN_OK : hn_fail(reterr, HN_E_DIED, "the role that fetches is gone");
}

static void take_ascii(char *out, size_t room, struct hn_str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n && n + 1 < room; i++)
        out[n++] = s.p[i] >= ' ' && s.p[i] <= '~' ? s.p[i] : '?';
    out[n] = 0;
}

static bool take_got(struct hn_bytes text, struct hn_fetch_got *ret)
{
    struct hn_arena a;
    hn_arena_init(&a, 1u << 20);
    const struct hn_jv *v = hn_jv_parse(&a, text, NULL);
    *ret = (struct hn_fetch_got){.status = (long)hn_jv_int(v, "status", 0),
                                 .whole = hn_jv_bool(v, "whole", false),
                                 .bytes = (uint64_t)hn_jv_int(v, "bytes", 0),
                                 .date = hn_jv_int(v, "date", 0)};
    take_ascii(ret->etag, sizeof ret->etag, hn_jv_str(v, "etag"));
    take_ascii(ret->modified, sizeof ret->modified, hn_jv_str(v, "modified"));
    take_ascii(ret->why, sizeof ret->why, hn_jv_str(v, "why"));
    hn_arena_done(&a);
    return v != NULL;
}

struct hn_err hn_fetch_get(struct hn_fetch *f, const struct hn_fetch_want *want, int file,
                           const struct hn_fetch_watch *watch, struct hn_fetch_got *ret, struct hn_diag *reterr)
{
    hn_time until = hn_monotonic() + (hn_time)(f->total + PATIENCE) * HN_SECOND;
    HN_TRY(send_want(f, want, file, reterr));
    for (;;) {
        char text[WORK_TEXT_MAX];
        struct work_head h;
        uint8_t type;
        int fd = -1;
        struct pollfd p = {.fd = f->sock, .events = POLLIN};
        int n = poll(&p, 1, 1000);
        if (hn_monotonic() > until)
            return hn_fail(reterr, HN_E_TIMEOUT, "the role that fetches does not answer");
        if (n == 0 || (n < 0 && errno == EINTR))
            continue;
        if (n < 0 || !hn_work_receive(f->sock, &type, &h, text, &fd))
            return hn_fail(reterr, HN_E_DIED, "the role that fetches ended unexpectedly");
        if (fd >= 0)
            close(fd);
        if (type == 'P' && watch->progress)
            watch->progress(watch->arg, h.size, h.time > 0 ? (uint64_t)h.time : 0);
        if ((type == 'B' || type == 'G') && !take_got(hn_bytes_of(text, h.n), ret))
            return hn_fail(reterr, HN_E_DIED, "an answer that none gives");
        if (type == 'B' && watch->begun)
            watch->begun(watch->arg, ret);
        if (type == 'G')
            return HN_OK;
    }
}
