/* One try: two processes and their messages. What comes from the parser is not trusted: it has looked into hostile
 * bytes, so anything out of order, too long or too much ends the try, and the parser's word on who failed is checked
 * against what the kernel says of the two processes. */
#include "core/run_try.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/image_wire.h"
#include "core/registry.h"
#include "core/wire.h"
#include "sandbox/frame.h"
#include "sandbox/role.h"

#define STALL_MS  15000 /* one input looked into, or one file waited for */
#define TICK_MS   500
#define LINES_MAX 100000u /* malformed and not-seen lines of one module */
#define HELD_MAX  (128u << 20)
#define END_MS    2000

struct state {
    struct run_try *t;
    struct hn_child collector, parser;
    int core_fd;
    struct hn_progress *at_parser, *at_collector;
    struct hn_inputs *inputs;   /* NULL: not asked for */
    struct hn_run_cover *cover; /* of the module being parsed, between its M and E */
    hn_time began;
    size_t lines;
    struct hn_buf held; /* observations of the present module: added only when it is over */
    bool over, lied, hangs_parser, hangs_collector;
};

/* ---------------------------------------------------------------- what the parser says */

static const struct hn_jv *parse_held(struct state *s, struct hn_bytes b)
{
    struct hn_bytes own = hn_arena_bytes(&s->t->r->arena, b);
    return own.p ? hn_jv_parse(&s->t->r->arena, own, NULL) : NULL;
}

static void hand_on(struct state *s, struct hn_bytes payload)
{
    struct hn_run_cover *c = s->cover;
    if (run_line_add(s->t->o->lines, c->module, payload)) {
        c->observations++;
        return;
    }
    c->rejected++;
    c->complete = false;
    run_note(s->t->r, &c->malformed, &c->n_malformed, HN_STR(""), HN_STR("no observation of the module"), 0);
}

static void add_held(struct state *s)
{
    struct hn_run *r = s->t->r;
    struct hn_frame_in in = {.buf = s->held};
    uint8_t type;
    struct hn_bytes payload;
    struct hn_err e;
    while (hn_frame_in_next(&in, &type, &payload, &e)) {
        if (s->t->o->lines) {
            hand_on(s, payload);
            continue;
        }
        const struct hn_jv *v = parse_held(s, payload);
        const char *why = "not JSON";
        if (v && !hn_str_eqc(hn_jv_str(v, "module"), s->cover->module->name))
            why = "in the name of another module";
        else if (v && hn_facts_add_json(r->facts, v, r->collected_at, &why)) {
            s->cover->observations++;
            continue;
        }
        s->cover->rejected++;
        s->cover->complete = false;
        run_note(r, &s->cover->malformed, &s->cover->n_malformed, hn_jv_str(v, "subject"), hn_str_c(why), 0);
    }
    hn_buf_clear(&s->held);
}

static void on_module_over(struct state *s, struct hn_bytes payload)
{
    struct hn_run_cover *c = s->cover;
    struct hn_run *r = s->t->r;
    add_held(s);
    c->ran = true;
    c->duration_ns += hn_monotonic() - s->began;
    if (payload.n) {
        c->complete = false;
        run_note(r, &c->not_seen, &c->n_not_seen, HN_STR("…"), HN_STR("out of memory"), 0);
    }
    if (c->n_not_seen || c->n_quarantined) {
        c->bounded = c->complete && c->n_not_seen == c->n_hidden && !c->n_quarantined;
        c->complete = false;
    }
    if (!r->live && c->module->live_only)
        c->ran = false;
    if (c->ran)
        hn_facts_mark_seen(r->facts, c->module);
    s->cover = NULL;
    s->t->at++;
}

static bool on_note(struct state *s, uint8_t type, struct hn_bytes payload)
{
    struct hn_run_cover *c = s->cover;
    if (++s->lines > LINES_MAX)
        return false;
    const struct hn_jv *v = parse_held(s, payload);
    if (type == HN_WIRE_MALFORMED)
        run_note(s->t->r, &c->malformed, &c->n_malformed, hn_jv_str(v, "path"), hn_jv_str(v, "why"),
                 hn_jv_int(v, "offset", 0));
    else
        run_note(s->t->r, &c->not_seen, &c->n_not_seen, hn_jv_str(v, "what"), hn_jv_str(v, "why"), 0);
    if (type == HN_WIRE_HIDDEN && c->not_seen) {
        c->not_seen->hidden = true; /* notes are kept newest first */
        c->n_hidden++;
    }
    return true;
}

static bool on_module(struct state *s, struct hn_bytes name)
{
    struct run_try *t = s->t;
    if (s->cover || t->at >= t->n_todo ||
        !hn_str_eqc((struct hn_str){(const char *)name.p, name.n}, t->todo[t->at]->name))
        return false;
    s->cover = run_cover_of(t->r, t->todo[t->at]);
    s->began = hn_monotonic();
    s->lines = 0;
    /* what an earlier try of this module said is said again */
    s->cover->malformed = s->cover->not_seen = NULL;
    s->cover->n_malformed = s->cover->n_not_seen = s->cover->n_hidden = 0;
    if (t->o->progress)
        t->o->progress(t->o->progress_arg, t->todo[t->at], t->r->n_cover - (t->n_todo - t->at), t->r->n_cover);
    return true;
}

static bool on_frame(struct state *s, uint8_t type, struct hn_bytes payload)
{
    if (type == HN_WIRE_MODULE)
        return on_module(s, payload);
    if (type == HN_WIRE_DONE) {
        s->over = !s->cover && s->t->at == s->t->n_todo;
        return s->over;
    }
    if (!s->cover)
        return false;
    if (type == HN_WIRE_OBS) {
        hn_frame_add(&s->held, type, payload);
        return !s->held.bad;
    }
    if (type == HN_WIRE_ROUND) {
        on_module_over(s, payload);
        return true;
    }
    return (type == HN_WIRE_MALFORMED || type == HN_WIRE_NOT_SEEN || type == HN_WIRE_HIDDEN) &&
           on_note(s, type, payload);
}

/* A tick without a message. Only such ticks count: while the core itself is at work, or messages come, nobody hangs. */
struct watch {
    uint64_t parser, collector;
    int parser_ms, collector_ms;
};

static int64_t stall_ms(const struct state *s)
{
    return s->t->o->stall_ms ? s->t->o->stall_ms : STALL_MS;
}

static bool still_moving(struct state *s, struct watch *w)
{
    uint64_t p = atomic_load(&s->at_parser->steps), c = atomic_load(&s->at_collector->steps);
    bool works = atomic_load(&s->at_parser->state) == HN_PROGRESS_WORKS;
    w->parser_ms = works && p == w->parser ? w->parser_ms + TICK_MS : 0;
    w->collector_ms = !works && p == w->parser && c == w->collector ? w->collector_ms + TICK_MS : 0;
    w->parser = p;
    w->collector = c;
    s->hangs_parser = w->parser_ms >= stall_ms(s);
    s->hangs_collector = w->collector_ms >= stall_ms(s);
    return !s->hangs_parser && !s->hangs_collector;
}

/* Reads until the parser says it is done, dies, lies, or somebody hangs. */
static void listen_to_parser(struct state *s)
{
    struct hn_frame_in in;
    struct watch w = {0};
    hn_frame_in_init(&in, 64u << 20);
    for (bool ok = true; ok && !s->over;) {
        struct pollfd p = {.fd = s->core_fd, .events = POLLIN};
        int n = poll(&p, 1, TICK_MS);
        if (n == 0) {
            ok = still_moving(s, &w);
            continue;
        }
        if (n < 0) {
            ok = errno == EINTR;
            continue;
        }
        w.parser_ms = w.collector_ms = 0;
        struct hn_err e = hn_frame_in_fill(&in, s->core_fd);
        ok = hn_ok(e) || e.code == HN_E_BUSY;
        uint8_t type;
        struct hn_bytes payload;
        struct hn_err frame = HN_OK;
        while (ok && !s->over && hn_frame_in_next(&in, &type, &payload, &frame)) {
            ok = on_frame(s, type, payload);
            s->lied = !ok;
        }
        s->lied = s->lied || !hn_ok(frame) || e.code == HN_E_LIMIT;
        ok = ok && hn_ok(frame);
    }
    hn_frame_in_done(&in);
}

/* ---------------------------------------------------------------- starting */

static void put_wanted(struct hn_jw *w, const struct hn_obs *o)
{
    for (size_t k = 0; o->kind->fields[k].name; k++) {
        if (o->kind->fields[k].ref != HN_REF_PATH || !o->v[k].set)
            continue;
        if (o->v[k].type == HN_T_STR)
            hn_jw_str(w, o->v[k].s);
        for (size_t n = 0; o->v[k].type == HN_T_LIST && n < o->v[k].n; n++)
            hn_jw_str(w, o->v[k].items[n]);
    }
}

/* A later try begins with the paths that the modules before it have named. */
static struct hn_err send_start(struct state *s)
{
    struct hn_run *r = s->t->r;
    struct hn_buf b, *lines = s->t->o->lines;
    struct hn_jw w;
    const struct hn_obs *o;
    HN_AUTO(hn_arena_done) struct hn_arena scratch;
    hn_arena_init(&scratch, r->arena.cap);
    struct hn_facts *own = lines ? run_lines_facts(&scratch, hn_bytes_of(lines->p, lines->n)) : NULL;
    const struct hn_facts *named = own ? own : r->facts;
    hn_buf_init(&b, HN_FRAME_MAX);
    hn_jw_init(&w, &b);
    hn_jw_obj(&w);
    hn_jw_kbool(&w, "live", r->live);
    hn_jw_kbool(&w, "deep", r->deep);
    hn_jw_kbool(&w, "inventory", s->t->o->inventory);
    hn_jw_kbool(&w, "hashes", s->t->o->hashes);
    hn_jw_kint(&w, "now", r->collected_at);
    hn_jw_key(&w, "wanted");
    hn_jw_arr(&w);
    for (size_t i = 0; (o = hn_facts_at(named, i)); i++)
        put_wanted(&w, o);
    hn_facts_free(own);
    hn_jw_arr_end(&w);
    hn_jw_obj_end(&w);
    struct hn_err e = hn_buf_err(&b);
    if (hn_ok(e))
        e = hn_frame_write(s->core_fd, HN_WIRE_START, hn_str_bytes(hn_buf_text(&b)));
    hn_buf_done(&b);
    return e;
}

#define ARGS_MAX (24u + 2u * RUN_SKIPS_MAX)

/* The collector of an image gets the image's files over a socket and a nameless file to unpack layers into. */
static struct hn_err spawn_image(struct state *s, const char **argv, size_t n, int fd, int page, struct hn_diag *reterr)
{
    int pair[2];
    argv[n++] = "--image";
    argv[n++] = s->t->o->image;
    if (s->t->o->platform) {
        argv[n++] = "--platform";
        argv[n++] = s->t->o->platform;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return hn_fail_errno(reterr, "socket pair");
    HN_AUTO_FD spool = hn_image_spool();
    const int fds[] = {fd, page, pair[1], spool};
    struct hn_err e = spool < 0 ? hn_fail_errno(reterr, "a place to unpack layers")
                                : hn_role_spawn(HN_PROC_IMAGE, argv, fds, 4, &s->collector, reterr);
    close(pair[1]);
    if (hn_ok(e))
        e = hn_image_send(pair[0], s->t->o->image, reterr);
    close(pair[0]);
    return e;
}

static struct hn_err spawn_collector(struct state *s, int fd, int page, int inputs, struct hn_diag *reterr)
{
    struct run_try *t = s->t;
    const char *argv[ARGS_MAX + 1] = {0};
    int fds[4] = {fd, page};
    size_t nfds = 2;
    char numbers[2][8];
    size_t n = 0;
    struct hn_buf list;
    hn_buf_init(&list, 4096);
    for (size_t i = 0; i < t->n_todo; i++)
        hn_buf_fmt(&list, "%s%s", i ? "," : "", t->todo[i]->name);
    hn_buf_chr(&list, 0);
    if (t->o->root) {
        argv[n++] = "--root";
        argv[n++] = t->o->root;
    }
    if (t->r->deep)
        argv[n++] = "--deep";
    if (t->o->inventory)
        argv[n++] = "--inventory";
    if (t->o->bare)
        argv[n++] = "--bare";
    if (t->o->hashes)
        argv[n++] = "--hashes";
    argv[n++] = "--modules";
    argv[n++] = list.p;
    char parser[24];
    snprintf(parser, sizeof parser, "%d", (int)s->parser.pid);
    argv[n++] = "--not-pid";
    argv[n++] = parser;
    if (t->o->transient)
        argv[n++] = "--transient";
    const struct {
        const char *option;
        int fd;
    } more[2] = {{"--inputs", inputs}, {"--sums", t->o->deep ? t->o->sums_fd : 0}};
    for (size_t i = 0; i < 2; i++) {
        if (more[i].fd <= 0 || t->o->image) /* an image does not change */
            continue;
        snprintf(numbers[i], sizeof numbers[i], "%zu", 3 + nfds);
        fds[nfds++] = more[i].fd;
        argv[n++] = more[i].option;
        argv[n++] = numbers[i];
    }
    for (size_t i = 0; t->skip[i]; i++) {
        argv[n++] = "--skip";
        argv[n++] = t->skip[i];
    }
    struct hn_err e;
    if (list.bad)
        e = hn_fail(reterr, HN_E_NOMEM, "list of modules");
    else if (t->o->image)
        e = spawn_image(s, argv, n, fd, page, reterr);
    else
        e = hn_role_spawn(HN_PROC_COLLECTOR, argv, fds, nfds, &s->collector, reterr);
    hn_buf_done(&list);
    return e;
}

static int new_page(const char *name, size_t n, void **ret)
{
    int fd = memfd_create(name, MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, (off_t)n) != 0)
        return fd;
    void *p = mmap(NULL, n, PROT_READ, MAP_SHARED, fd, 0);
    *ret = p == MAP_FAILED ? NULL : p;
    return fd;
}

static struct hn_err spawn(struct state *s, struct hn_diag *reterr)
{
    int pair[2], core[2];
    void *pages[3] = {NULL};
    HN_AUTO_FD parser_page = new_page("progress", sizeof *s->at_parser, &pages[0]);
    HN_AUTO_FD collector_page = new_page("progress", sizeof *s->at_collector, &pages[1]);
    HN_AUTO_FD inputs = s->t->o->learn ? new_page("inputs", sizeof *s->inputs, &pages[2]) : -1;
    s->at_parser = pages[0];
    s->at_collector = pages[1];
    s->inputs = pages[2];
    if (!s->at_parser || !s->at_collector || (s->t->o->learn && !s->inputs))
        return hn_fail_errno(reterr, "shared page");
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return hn_fail_errno(reterr, "socket pair");
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, core) != 0) {
        close(pair[0]);
        close(pair[1]);
        return hn_fail_errno(reterr, "socket pair");
    }
    int size = 1 << 20;
    setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    setsockopt(core[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    s->core_fd = core[0];
    int parser_fds[3] = {pair[1], core[1], parser_page};
    struct hn_err e = hn_role_spawn(HN_PROC_PARSER, NULL, parser_fds, 3, &s->parser, reterr);
    if (hn_ok(e))
        e = spawn_collector(s, pair[0], collector_page, inputs, reterr);
    close(pair[0]);
    close(pair[1]);
    close(core[1]);
    return e;
}

/* ---------------------------------------------------------------- ending */

static struct hn_str how(struct hn_run *r, const char *role, int status)
{
    if (WIFSIGNALED(status))
        return hn_arena_fmt(&r->arena, "the %s was ended by signal %d", role, WTERMSIG(status));
    return hn_arena_fmt(&r->arena, "the %s ended with status %d", role, WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

static const char *page_path(struct hn_run *r, const struct hn_progress *g)
{
    size_t n = g->path_len < HN_PROGRESS_PATH ? g->path_len : HN_PROGRESS_PATH;
    struct hn_bytes own = hn_arena_bytes(&r->arena, hn_bytes_of(g->path, n));
    char *out = hn_arena_alloc(&r->arena, n + 1);
    if (!own.p || !out)
        return "";
    n = strnlen((const char *)own.p, n); /* a path that holds NUL is a lie */
    if (n)
        memcpy(out, own.p, n);
    out[n] = 0;
    return out;
}

static bool orphaned(int status)
{
    return WIFEXITED(status) && WEXITSTATUS(status) == HN_ROLE_ORPHANED;
}

static void blame(struct state *s, int parser, int collector, bool collector_fell)
{
    struct run_try *t = s->t;
    /* The parser's word that the collector went first counts only if the collector does not say the same of the parser.
     */
    bool by_collector = s->hangs_collector || (!s->lied && orphaned(parser) && collector_fell && !orphaned(collector));
    t->end = by_collector ? RUN_END_COLLECTOR : RUN_END_PARSER;
    t->stalled = s->hangs_collector || s->hangs_parser;
    t->path = page_path(t->r, by_collector ? s->at_collector : s->at_parser);
    if (t->stalled)
        t->why = by_collector ? HN_STR("the collector made no progress") : HN_STR("the parser made no progress");
    else if (s->lied)
        t->why = HN_STR("the parser sent what makes no sense");
    else
        t->why = by_collector ? how(t->r, "collector", collector) : how(t->r, "parser", parser);
    int status = by_collector ? collector : parser;
    t->from_outside = !t->stalled && !s->lied && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static bool fell_at_start(const struct hn_progress *g, int status)
{
    return g->state == HN_PROGRESS_BEGINS && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* A role that ends before it has entered its sandbox would do so again. */
static struct hn_err started(struct state *s, int parser, int collector, struct hn_diag *reterr)
{
    struct hn_str why = {0};
    if (fell_at_start(s->at_parser, parser))
        why = how(s->t->r, "parser", parser);
    else if (fell_at_start(s->at_collector, collector))
        why = how(s->t->r, "collector", collector);
    if (why.p && s->t->o->image && WIFEXITED(collector) &&
        WEXITSTATUS(collector) == hn_err_exit((struct hn_err){HN_E_INVALID}))
        return hn_fail(reterr, HN_E_INVALID, "%s: no image of a container that can be read", s->t->o->image);
    return why.p ? hn_fail(reterr, HN_E_SANDBOX, "%.*s at its start", HN_FMT(why)) : HN_OK;
}

static void close_all(struct state *s)
{
    if (s->core_fd >= 0)
        close(s->core_fd);
    if (s->at_parser)
        munmap(s->at_parser, sizeof *s->at_parser);
    if (s->at_collector)
        munmap(s->at_collector, sizeof *s->at_collector);
    if (s->inputs)
        munmap(s->inputs, sizeof *s->inputs);
    hn_buf_done(&s->held);
}

/* What the collector said that each module looked at. One that is given up part-way is none the worse for it. */
static void keep_inputs(struct state *s)
{
    struct hn_run *r = s->t->r;
    size_t used = s->inputs->n < sizeof s->inputs->text ? s->inputs->n : sizeof s->inputs->text;
    struct hn_str rest = {s->inputs->text, used}, entry;
    struct hn_run_cover *c = NULL;
    const char *from = rest.p;
    while (hn_str_split(&rest, 0, &entry)) {
        bool module = entry.n && entry.p[0] == 'M';
        if (module || !rest.n) {
            const char *to = module ? entry.p : s->inputs->text + used;
            if (c)
                c->inputs = hn_arena_bytes(&r->arena, hn_bytes_of(from, (size_t)(to - from)));
            const struct hn_module *m = module ? hn_module_find(hn_str_cut(entry, 1, entry.n)) : NULL;
            c = m ? run_cover_of(r, m) : NULL;
            from = entry.p + entry.n + 1;
        }
    }
    r->inputs_lost = r->inputs_lost || s->inputs->lost || r->arena.failed;
}

static struct hn_err end(struct state *s, struct hn_err e, struct hn_diag *reterr)
{
    struct run_try *t = s->t;
    bool hangs = s->lied || s->hangs_parser || s->hangs_collector || !hn_ok(e);
    int parser = hn_child_end_within(&s->parser, hangs ? 0 : END_MS);
    struct pollfd gone = {.fd = s->collector.pidfd, .events = POLLIN};
    /* The collector goes by itself when it has failed, and soon after when its parser has. */
    bool fell = s->collector.pid > 0 && !hangs && poll(&gone, 1, END_MS) == 1;
    int collector = hn_child_end_within(&s->collector, 0);
    t->end = RUN_END_DONE;
    if (s->over || !hn_ok(e))
        return e;
    if (s->cover) {
        s->cover->observations = 0;
        s->cover->complete = false;
    }
    HN_TRY(started(s, parser, collector, reterr));
    blame(s, parser, collector, fell);
    return HN_OK;
}

struct hn_err run_try(struct run_try *t, struct hn_diag *reterr)
{
    struct state s = {.t = t, .core_fd = -1, .collector = {-1, -1}, .parser = {-1, -1}};
    hn_buf_init(&s.held, HELD_MAX);
    struct hn_err e = spawn(&s, reterr);
    if (hn_ok(e)) {
        /* a parser that is gone already is seen by listening */
        struct hn_err sent = send_start(&s);
        e = sent.code == HN_E_DIED ? HN_OK : sent;
    }
    if (hn_ok(e))
        listen_to_parser(&s);
    e = end(&s, e, reterr);
    if (s.inputs)
        keep_inputs(&s);
    close_all(&s);
    return e;
}
