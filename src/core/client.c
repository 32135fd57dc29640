#include "core/client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/msg.h"
#include "core/store_role.h"
#include "sandbox/role.h"

#define CALL_MOST  (600 * HN_SECOND)
#define START_MOST (20 * HN_SECOND)

struct hn_client {
    int fd;
    struct hn_child child; /* pid 0: the role was running already */
    char *begun;           /* home of a role that was started and has not said yet whether it got it; else NULL */
    struct hn_buf in;
    struct hn_arena arena;
};

/* ---------------------------------------------------------------- where */

static bool writable_dir(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode) && access(path, W_OK) == 0;
}

bool hn_home_default(char *out, size_t n)
{
    const char *home = getenv("HINOMI_HOME"), *state = getenv("XDG_STATE_HOME"), *user = getenv("HOME");
    int w;

    if (home && *home)
        w = snprintf(out, n, "%s", home);
    else if (writable_dir("/var/lib/hinomi"))
        w = snprintf(out, n, "/var/lib/hinomi");
    else if (state && state[0] == '/')
        w = snprintf(out, n, "%s/hinomi", state);
    else if (user && user[0] == '/')
        w = snprintf(out, n, "%s/.local/state/hinomi", user);
    else
        return false;
    return w > 0 && (size_t)w < n;
}

/* ---------------------------------------------------------------- connecting */

static struct hn_err socket_connect(const char *home, int *ret_fd, struct hn_diag *reterr)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    int n = snprintf(un.sun_path, sizeof un.sun_path, "%s/store.sock", home);

    if (n < 0 || (size_t)n >= sizeof un.sun_path)
        return hn_fail(reterr, HN_E_INVALID, "the path of HINOMI_HOME is too long for a socket");
    *ret_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*ret_fd >= 0 && connect(*ret_fd, (struct sockaddr *)&un, sizeof un) == 0)
        return HN_OK;
    struct hn_err e = hn_fail_errno(reterr, "%s", un.sun_path);
    if (*ret_fd >= 0)
        close(*ret_fd);
    *ret_fd = -1;
    return e;
}

static void free_text(char **text)
{
    hn_free(*text);
}

static struct hn_client *client_new(int fd, const struct hn_child *child)
{
    struct hn_client *c = hn_alloc_zero(sizeof *c);

    if (!c) {
        close(fd);
        return NULL;
    }
    c->fd = fd;
    c->child = child ? *child : (struct hn_child){0, -1};
    hn_buf_init(&c->in, HN_MSG_MAX_ANSWER + (16u << 20));
    hn_arena_init(&c->arena, 1 << 20);
    return c;
}

struct hn_client *hn_client_from_fd(int fd)
{
    return client_new(fd, NULL);
}

struct hn_client *hn_client_connect(const char *home, struct hn_diag *reterr)
{
    int fd = -1;

    return hn_ok(socket_connect(home, &fd, reterr)) ? client_new(fd, NULL) : NULL;
}

static struct hn_err role_start(const char *home, int *ret_fd, struct hn_child *ret, struct hn_diag *reterr)
{
    const char *argv[] = {"--home", home, "--fd", "3", "--once", NULL};
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return hn_fail_errno(reterr, "socketpair");
    struct hn_err e = hn_role_spawn(HN_PROC_STORE, argv, &pair[1], 1, ret, reterr);
    close(pair[1]);
    if (!hn_ok(e))
        close(pair[0]);
    else
        *ret_fd = pair[0];
    return e;
}

static struct hn_err send_request(struct hn_client *c, const char *op, struct hn_str args, hn_time until,
                                  struct hn_diag *reterr);

/* True when the role answers; the first request tells whether it got the home. */
static struct hn_err greet(struct hn_client *c, struct hn_diag *reterr)
{
    struct hn_answer a;

    return hn_client_call(c, "role.hello", HN_STR("{}"), &a, reterr);
}

/* Two commands may start a role at the same moment; the one that finds the home taken goes to the other's socket. */
static struct hn_client *open_home(const char *home, struct hn_diag *reterr)
{
    hn_time until = hn_monotonic() + START_MOST;
    int fd = -1;

    while (hn_monotonic() < until) {
        struct hn_child child = {0, -1};
        if (hn_ok(socket_connect(home, &fd, NULL))) {
            struct hn_client *c = client_new(fd, NULL);
            if (!c || hn_ok(greet(c, reterr)))
                return c;
            hn_client_close(c); /* it was just ending */
        }
        if (!hn_ok(role_start(home, &fd, &child, reterr)))
            return NULL;
        struct hn_client *c = client_new(fd, &child);
        if (!c || hn_ok(greet(c, reterr)))
            return c;
        c->child = (struct hn_child){0, -1};
        hn_client_close(c);
        int st = hn_child_end(&child, false);
        if (!WIFEXITED(st) || WEXITSTATUS(st) != HN_STORE_ROLE_BUSY) {
            struct hn_err e = hn_fail(reterr, HN_E_DIED, "the store could not be opened in %s", home);
            return (void)e, NULL;
        }
        usleep(50000);
    }
    struct hn_err e = hn_fail(reterr, HN_E_BUSY, "the store in %s is busy", home);
    return (void)e, NULL;
}

static const char *home_or_default(const char *home, char *buf, size_t n, struct hn_diag *reterr)
{
    if (home || hn_home_default(buf, n))
        return home ? home : buf;
    struct hn_err e = hn_fail(reterr, HN_E_INVALID, "set HINOMI_HOME: no home directory is known");
    return (void)e, NULL;
}

struct hn_client *hn_client_open(const char *home, struct hn_diag *reterr)
{
    char buf[4096];

    home = home_or_default(home, buf, sizeof buf, reterr);
    return home ? open_home(home, reterr) : NULL;
}

struct hn_client *hn_client_begin(const char *home, struct hn_diag *reterr)
{
    char buf[4096];
    struct hn_child child = {0, -1};
    int fd = -1;

    home = home_or_default(home, buf, sizeof buf, reterr);
    if (!home)
        return NULL;
    if (hn_ok(socket_connect(home, &fd, NULL))) {
        close(fd);
        return open_home(home, reterr);
    }
    if (!hn_ok(role_start(home, &fd, &child, reterr)))
        return NULL;
    struct hn_client *c = client_new(fd, &child);
    if (!c)
        return NULL;
    size_t n = strlen(home) + 1;
    c->begun = hn_alloc(n);
    if (c->begun)
        memcpy(c->begun, home, n);
    if (!c->begun || !hn_ok(send_request(c, "role.hello", HN_STR("{}"), hn_monotonic() + START_MOST, NULL))) {
        hn_client_close(c);
        return open_home(home, reterr);
    }
    return c;
}

void hn_client_close(struct hn_client *c)
{
    if (!c)
        return;
    if (c->fd >= 0)
        close(c->fd);
    if (c->child.pid > 0) {
        /* It ends with its last client; when others are there it goes on without us. */
        struct pollfd gone = {.fd = c->child.pidfd, .events = POLLIN};
        poll(&gone, 1, gone.fd >= 0 ? 500 : 0);
        waitpid(c->child.pid, NULL, WNOHANG);
        if (c->child.pidfd >= 0)
            close(c->child.pidfd);
    }
    hn_free(c->begun);
    hn_buf_done(&c->in);
    hn_arena_done(&c->arena);
    hn_free(c);
}

struct hn_err hn_client_http(const char *home, int *ret_fd, struct hn_diag *reterr)
{
    struct hn_answer a;
    int fd = -1;

    HN_TRY(socket_connect(home, &fd, reterr));
    struct hn_client *c = client_new(fd, NULL);
    if (!c)
        return (struct hn_err){HN_E_NOMEM};
    struct hn_err e = hn_client_call(c, "role.http", HN_STR("{}"), &a, reterr);
    *ret_fd = hn_ok(e) ? dup(fd) : -1;
    hn_client_close(c);
    if (hn_ok(e) && *ret_fd < 0)
        return hn_fail_errno(reterr, "dup");
    return e;
}

/* ---------------------------------------------------------------- calling */

static struct hn_err wait_for(int fd, short events, hn_time until, struct hn_diag *reterr)
{
    for (;;) {
        hn_time left = until - hn_monotonic();
        if (left <= 0)
            return hn_fail(reterr, HN_E_TIMEOUT, "the store does not answer");
        struct pollfd p = {.fd = fd, .events = events};
        int n = poll(&p, 1, (int)(left / (HN_SECOND / 1000)) + 1);
        if (n > 0)
            return HN_OK;
        if (n < 0 && errno != EINTR)
            return hn_fail_errno(reterr, "poll");
    }
}

static struct hn_err send_request(struct hn_client *c, const char *op, struct hn_str args, hn_time until,
                                  struct hn_diag *reterr)
{
    HN_AUTO(hn_buf_done) struct hn_buf json = {0}, out = {0};
    struct hn_jw w;
    size_t off = 0;

    hn_buf_init(&json, HN_MSG_MAX_LOCAL);
    hn_buf_init(&out, HN_MSG_MAX_LOCAL + HN_MSG_HEAD);
    hn_jw_init(&w, &json);
    hn_jw_obj(&w);
    hn_jw_kc(&w, "op", op);
    hn_jw_key(&w, "args");
    hn_jw_raw(&w, args.n ? args : HN_STR("{}"));
    hn_jw_obj_end(&w);
    hn_msg_add(&out, hn_buf_text(&json));
    if (json.bad || out.bad)
        return hn_fail(reterr, HN_E_LIMIT, "the request is larger than 64 MiB");
    while (out.n) {
        struct hn_err e = hn_msg_write(c->fd, &out, &off);
        if (!hn_ok(e))
            return hn_fail(reterr, HN_E_DIED, "the store role has gone");
        if (out.n)
            HN_TRY(wait_for(c->fd, POLLOUT, until, reterr));
    }
    return HN_OK;
}

static struct hn_err receive(struct hn_client *c, size_t *ret_n, hn_time until, struct hn_diag *reterr)
{
    bool eof = false;

    for (;;) {
        if (!hn_msg_ready(&c->in, HN_MSG_MAX_ANSWER + (8u << 20), ret_n))
            return hn_fail(reterr, HN_E_CORRUPT, "the answer of the store role makes no sense");
        if (*ret_n)
            return HN_OK;
        HN_TRY(wait_for(c->fd, POLLIN, until, reterr));
        struct hn_err e = hn_msg_read(c->fd, &c->in, &eof);
        if (!hn_ok(e) || eof)
            return hn_fail(reterr, HN_E_DIED, "the store role ended");
    }
}

static struct hn_str text_of(struct hn_client *c, struct hn_jr *r)
{
    return hn_jr_next(r) == HN_J_STR ? hn_jr_text(r, &c->arena) : (struct hn_str){NULL, 0};
}

static bool read_error(struct hn_client *c, struct hn_jr *r, struct hn_answer *a)
{
    const struct hn_jv *v = hn_jv_build(&c->arena, r, hn_jr_next(r));
    struct hn_str name = hn_jv_str(v, "name");
    const struct hn_jv *m = hn_jv_get(v, "message");

    a->err.code = hn_err_from_name(name.p ? name.p : "", name.n);
    if (a->err.code == HN_E_OK)
        a->err.code = HN_E_IO;
    a->message[HN_EN] = hn_jv_str(m, "en");
    a->message[HN_JA] = hn_jv_str(m, "ja");
    a->detail = hn_jv_str(v, "detail");
    return v != NULL;
}

/* The members of the answer; body stays the text it is, so that a large one is not built as a tree. */
static bool read_answer(struct hn_client *c, struct hn_str json, struct hn_answer *a)
{
    struct hn_jr r;
    enum hn_jtok t;

    hn_jr_init(&r, hn_str_bytes(json), 0, 0);
    if (hn_jr_next(&r) != HN_J_OBJ)
        return false;
    while ((t = hn_jr_next(&r)) == HN_J_KEY) {
        struct hn_str key = hn_jr_text(&r, &c->arena);
        if (hn_str_eqc(key, "body")) {
            size_t from = r.off;
            if (!hn_jr_skip(&r))
                return false;
            a->body = hn_str_trim(hn_str_cut(json, from, r.off));
            if (a->body.n && a->body.p[0] == ':')
                a->body = hn_str_trim(hn_str_cut(a->body, 1, a->body.n));
        } else if (hn_str_eqc(key, "text")) {
            a->body = text_of(c, &r);
        } else if (hn_str_eqc(key, "type")) {
            a->type = text_of(c, &r);
        } else if (hn_str_eqc(key, "error")) {
            if (!read_error(c, &r, a))
                return false;
        } else if (!hn_jr_skip(&r)) {
            return false;
        }
    }
    return t == HN_J_OBJ_END;
}

static struct hn_err answer(struct hn_client *c, hn_time until, struct hn_answer *ret, struct hn_diag *reterr)
{
    size_t n;

    HN_TRY(receive(c, &n, until, reterr));
    struct hn_str json = {c->in.p + HN_MSG_HEAD, n};
    return read_answer(c, json, ret) ? HN_OK
                                     : hn_fail(reterr, HN_E_CORRUPT, "the answer of the store role makes no sense");
}

/* The role that hn_client_begin() started is there; or another took the home meanwhile, and that one serves as well. */
static struct hn_err finish(struct hn_client *c, struct hn_diag *reterr)
{
    HN_AUTO(free_text) char *home = c->begun;
    struct hn_answer a = {.type = HN_STR("application/json")};

    c->begun = NULL;
    struct hn_err e = answer(c, hn_monotonic() + START_MOST, &a, NULL);
    if (hn_ok(e) && hn_ok(a.err))
        return HN_OK;
    close(c->fd);
    hn_child_end(&c->child, false);
    c->fd = -1;
    c->child = (struct hn_child){0, -1};
    struct hn_client *other = open_home(home, reterr);
    if (!other)
        return (struct hn_err){HN_E_DIED};
    c->fd = other->fd;
    c->child = other->child;
    other->fd = -1;
    other->child = (struct hn_child){0, -1};
    hn_client_close(other);
    return HN_OK;
}

struct hn_err hn_client_call(struct hn_client *c, const char *op, struct hn_str args, struct hn_answer *ret_answer,
                             struct hn_diag *reterr)
{
    hn_time until = hn_monotonic() + CALL_MOST;

    if (c->begun)
        HN_TRY(finish(c, reterr));
    *ret_answer = (struct hn_answer){.type = HN_STR("application/json")};
    hn_buf_clear(&c->in);
    hn_arena_done(&c->arena);
    hn_arena_init(&c->arena, HN_MSG_MAX_ANSWER + (16u << 20));
    HN_TRY(send_request(c, op, args, until, reterr));
    HN_TRY(answer(c, until, ret_answer, reterr));
    if (!hn_ok(ret_answer->err))
        return hn_fail(reterr, ret_answer->err.code, "%.*s%s%.*s", HN_FMT(ret_answer->message[hn_lang_default()]),
                       ret_answer->detail.n ? ": " : "", HN_FMT(ret_answer->detail));
    return HN_OK;
}
