/* Starting the worker of a verb and serving its requests until it ends. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/str.h"
#include "core/front_in.h"
#include "sandbox/role.h"

#define MEMORY_DEFAULT ((uint64_t)1 << 30)
#define RUN_MAX        (256u << 20)
#define START_MAX      (64u << 20)

/* ---------------------------------------------------------------- what is asked */

static void put_value(struct hn_jw *w, const struct hn_front_option *o)
{
    int64_t i = 0;
    if (o->o->type == HN_OPT_SWITCH)
        hn_jw_bool(w, true);
    else if (o->o->type == HN_OPT_INT && hn_str_i64(hn_str_c(o->value), &i))
        hn_jw_int(w, i);
    else if (o->o->type == HN_OPT_NUM)
        hn_jw_num(w, strtod(o->value, NULL));
    else
        hn_jw_str(w, hn_str_c(o->value));
}

static void put_options(struct hn_jw *w, const struct hn_front *f)
{
    hn_jw_key(w, "opts");
    hn_jw_obj(w);
    for (size_t i = 0; i < f->n_options; i++) {
        const struct hn_verb_option *o = f->options[i].o;
        bool before = false;
        for (size_t k = 0; k < i; k++)
            before = before || f->options[k].o == o;
        if (before)
            continue;
        hn_jw_key(w, o->name);
        if (o->many)
            hn_jw_arr(w);
        for (size_t k = i; k < f->n_options; k++)
            if (f->options[k].o == o && (o->many || k == i))
                put_value(w, &f->options[k]);
        if (o->many)
            hn_jw_arr_end(w);
    }
    hn_jw_obj_end(w);
}

static void put_start(struct hn_jw *w, const struct front_state *s)
{
    const struct hn_front *f = s->f;
    hn_jw_obj(w);
    hn_jw_kc(w, "module", f->module->name);
    hn_jw_kc(w, "verb", f->verb->name);
    put_options(w, f);
    hn_jw_key(w, "words");
    hn_jw_arr(w);
    for (size_t i = 0; (f->verb->flags & HN_VERB_WORDS) && i < f->n_words; i++)
        hn_jw_str(w, hn_str_c(f->words[i]));
    hn_jw_arr_end(w);
    hn_jw_kint(w, "form", f->form);
    hn_jw_kint(w, "lang", f->lang);
    hn_jw_kint(w, "columns", f->columns);
    hn_jw_kbool(w, "progress", f->progress);
    hn_jw_kint(w, "now", hn_now());
    hn_jw_kint(w, "total", (int64_t)s->total);
    hn_jw_kint(w, "inputs", (int64_t)s->n_positional);
    hn_jw_kbool(w, "files", s->n_inputs > 0);
    hn_jw_kbool(w, "collected", front_facts_wanted(f));
    hn_jw_obj_end(w);
}

static int start_document(const struct front_state *s)
{
    struct hn_buf b;
    struct hn_jw w;
    hn_buf_init(&b, START_MAX);
    hn_jw_init(&w, &b);
    put_start(&w, s);
    int fd = b.bad ? -1 : memfd_create("start", MFD_CLOEXEC);
    if (fd >= 0 && (!hn_ok(hn_write_all(fd, b.p, b.n)) || lseek(fd, 0, SEEK_SET) != 0)) {
        close(fd);
        fd = -1;
    }
    hn_buf_done(&b);
    return fd;
}

/* ---------------------------------------------------------------- stopping */

static volatile sig_atomic_t stop_asked;

static void on_signal(int n)
{
    stop_asked = 1;
}

static void catch_signals(bool on)
{
    struct sigaction a = {.sa_handler = on ? on_signal : SIG_DFL};
    sigaction(SIGINT, &a, NULL);
    sigaction(SIGTERM, &a, NULL);
}

/* ---------------------------------------------------------------- serving */

static int take_run(struct front_state *s, int fd)
{
    struct stat st;
    struct hn_buf b;
    if (fd < 0 || fstat(fd, &st) != 0 || lseek(fd, 0, SEEK_SET) != 0)
        return EBADF;
    hn_buf_init(&b, RUN_MAX);
    struct hn_err e = hn_read_fd(fd, &b, NULL);
    if (hn_ok(e) && s->f->on_run)
        e = s->f->on_run(s->f->arg, hn_bytes_of(b.p, b.n));
    hn_buf_done(&b);
    return hn_ok(e) ? 0 : e.code == HN_E_BUSY ? EBUSY : e.code == HN_E_PERM ? EPERM : EIO;
}

/* The next inputs, as many as were asked for and can be had without waiting: all but the last say that another follows.
 */
static bool serve_inputs(struct front_state *s, int sock, const struct work_head *asked, char *text)
{
    char option[64] = "";
    bool more = true, ok = true;
    memcpy(option, text, asked->n < sizeof option ? asked->n : sizeof option - 1);
    for (unsigned i = 0; ok && more; i++) {
        struct work_head h = *asked;
        const char *first = s->at;
        memcpy(text, option, sizeof option);
        int out = front_input_next(s, &h, text);
        more = i + 1 < WORK_AHEAD && i + 1 < asked->size && h.err != ENODATA && front_input_ready(s, option);
        h.flags |= more ? 2u : 0;
        s->at = i ? first : s->at;
        s->more_at = i;
        ok = hn_work_send(sock, 'N', &h, text, out);
        if (out >= 0)
            close(out);
    }
    return ok;
}

/* What a message may hold whatever the machine's settings are. */
static size_t batch_room(int sock)
{
    int n = 0;
    socklen_t size = sizeof n;
    if (getsockopt(sock, SOL_SOCKET, SO_SNDBUF, &n, &size) != 0 || n < 4096)
        return 0;
    return (size_t)n / 2 < WORK_BATCH ? (size_t)n / 2 : WORK_BATCH;
}

/* The next small files in one message, or the next input alone. The worker asks while it reads what it got before: if
 * it ends then, any of both was the last input. */
static bool serve_batch(struct front_state *s, int sock, const struct work_head *asked, char *text)
{
    char option[64] = "";
    memcpy(option, text, asked->n < sizeof option ? asked->n : sizeof option - 1);
    const char *before = s->batch_at;
    unsigned n_before = s->batch_n;
    s->at = NULL;
    unsigned n = front_batch(s, option, batch_room(sock));
    struct work_head h = {.index = n, .n = (uint32_t)s->batch.n}, one = {.n = asked->n, .size = 1};
    bool ok = n ? hn_work_send(sock, 'B', &h, s->batch.p, -1) : serve_inputs(s, sock, &one, text);
    s->batch_at = s->at;
    s->batch_n = n ? n : s->at != NULL; /* none: there was no next one */
    s->at = n_before ? before : s->at;
    s->more_at = n_before + s->batch_n > 1 ? n_before + s->batch_n - 1 : 0;
    return ok;
}

/* One message. False: the worker has ended, or said what none says. */
static bool serve_one(struct front_state *s, int sock)
{
    char text[WORK_TEXT_MAX];
    struct work_head h;
    uint8_t type;
    int in = -1, out = -1;
    if (!hn_work_receive(sock, &type, &h, text, &in))
        return false;
    if (type == 'P') {
        struct hn_str what;
        if (s->f->on_progress && hn_str_from_utf8(hn_bytes_of(text, h.n), &what))
            s->f->on_progress(s->f->arg, h.size, (uint64_t)h.time, what);
        if (in >= 0)
            close(in);
        return true;
    }
    if (type == 'N' || type == 'B') {
        if (in >= 0)
            close(in);
        return (type == 'N' ? serve_inputs : serve_batch)(s, sock, &h, text);
    }
    if (type == 'F') {
        out = s->facts >= 0 ? fcntl(s->facts, F_DUPFD_CLOEXEC, 0) : -1;
        h = (struct work_head){.err = out < 0 ? ENOENT : 0, .size = s->facts_size};
    } else if (type == 'R') {
        h = (struct work_head){.err = take_run(s, in)};
    } else if (type && strchr("OAWTCDLU", type)) {
        out = front_file(s, type, &h, text);
    } else {
        h = (struct work_head){.err = ENOSYS};
    }
    bool ok = hn_work_send(sock, type, &h, text, out);
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    return ok;
}

static void serve(struct front_state *s, int sock, int *stop_fd)
{
    for (;;) {
        struct pollfd p = {.fd = sock, .events = POLLIN};
        if (stop_asked && *stop_fd >= 0) {
            close(*stop_fd);
            *stop_fd = -1;
            front_pump_stop(s);
        }
        int n = poll(&p, 1, 1000); /* a signal between the test above and here is seen a second later */
        if (n > 0 && !serve_one(s, sock))
            return;
        if (n < 0 && errno != EINTR)
            return;
    }
}

/* ---------------------------------------------------------------- the run */

static struct hn_err spawn(struct front_state *s, int start, int stop, struct hn_child *child, int *ret_sock,
                           struct hn_diag *reterr)
{
    int pair[2];
    char space[24];
    uint64_t memory = s->f->verb->memory ? s->f->verb->memory : MEMORY_DEFAULT;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return hn_fail_errno(reterr, "socket pair");
    uint64_t mapped = s->mapped + (front_facts_wanted(s->f) ? FRONT_FACTS_MAX : 0);
    snprintf(space, sizeof space, "%" PRIu64, memory + mapped);
    const char *argv[] = {space, NULL};
    const int fds[] = {pair[1], start, stop};
    struct hn_err e = hn_role_spawn(HN_PROC_WORKER, argv, fds, 3, child, reterr);
    close(pair[1]);
    if (!hn_ok(e))
        close(pair[0]);
    else
        *ret_sock = pair[0];
    return e;
}

static struct hn_err ended(const struct front_state *s, int status, int *ret_code, struct hn_diag *reterr)
{
    const char *at = s->at ? s->at : "–";
    if (WIFEXITED(status) && WEXITSTATUS(status) <= 3) {
        *ret_code = WEXITSTATUS(status);
        return HN_OK;
    }
    *ret_code = 3;
    char after[48] = "";
    if (s->more_at)
        snprintf(after, sizeof after, " or one of the %u after it", s->more_at);
    if (WIFSIGNALED(status))
        return hn_fail(reterr, HN_E_DIED, "the worker was ended by signal %d; the last input was %s%s",
                       WTERMSIG(status), at, after);
    return hn_fail(reterr, HN_E_DIED, "the worker ended with status %d; the last input was %s%s", WEXITSTATUS(status),
                   at, after);
}

static struct hn_err run(struct front_state *s, int *ret_code, struct hn_diag *reterr)
{
    int stop[2], sock = -1;
    struct hn_child child;
    HN_AUTO_FD start = start_document(s);
    if (start < 0)
        return hn_fail(reterr, HN_E_LIMIT, "the command line is too long");
    if (pipe2(stop, O_CLOEXEC) != 0)
        return hn_fail_errno(reterr, "pipe");
    stop_asked = 0;
    bool serves = s->f->verb->flags & HN_VERB_SERVES;
    if (serves)
        catch_signals(true);
    struct hn_err e = spawn(s, start, stop[0], &child, &sock, reterr);
    close(stop[0]);
    if (hn_ok(e)) {
        e = front_facts_collect(s, reterr); /* while the worker starts */
        if (hn_ok(e))
            serve(s, sock, &stop[1]);
        close(sock);
        int status = hn_child_end(&child, !hn_ok(e));
        if (hn_ok(e))
            e = ended(s, status, ret_code, reterr);
    }
    if (stop[1] >= 0)
        close(stop[1]);
    if (serves)
        catch_signals(false);
    return e;
}

const char *hn_front_value(const struct hn_front *f, const char *name)
{
    for (size_t i = 0; i < f->n_options; i++)
        if (strcmp(f->options[i].o->name, name) == 0)
            return f->options[i].value ? f->options[i].value : "";
    return NULL;
}

struct hn_err hn_front_run(const struct hn_front *f, int *ret_code, struct hn_diag *reterr)
{
    struct front_state s = {.f = f, .folder = -1, .lock = -1, .facts = -1, .pump = -1, .pump_stop = -1};
    hn_arena_init(&s.arena, (size_t)1 << 30);
    *ret_code = 3;
    struct hn_err e = front_folder_open(&s, reterr);
    if (hn_ok(e))
        e = front_inputs_find(&s, reterr);
    if (hn_ok(e))
        e = run(&s, ret_code, reterr);
    struct hn_err k = front_outputs_end(&s, hn_ok(e) && *ret_code < 2, reterr);
    if (hn_ok(e) && !hn_ok(k)) {
        e = k;
        *ret_code = 3;
    }
    for (size_t i = 0; i < s.n_inputs; i++)
        if (s.inputs[i].fd >= 0)
            close(s.inputs[i].fd);
    front_pump_end(&s);
    hn_free(s.inputs);
    hn_buf_done(&s.batch);
    front_follow_done(&s);
    if (s.folder >= 0)
        close(s.folder);
    if (s.lock >= 0)
        close(s.lock);
    if (s.facts >= 0)
        close(s.facts);
    hn_arena_done(&s.arena);
    return e;
}
