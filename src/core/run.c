#include "core/run.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/registry.h"
#include "core/wire.h"
#include "sandbox/frame.h"
#include "sandbox/role.h"

#define RUN_MEMORY (512u << 20)
#define NOTES_MAX 1000u
#define TRIES 8u
#define STALL_MS 30000

struct hn_run *hn_run_new(void)
{
    struct hn_run *r = hn_alloc_zero(sizeof *r);
    if (!r)
        return NULL;
    hn_arena_init(&r->arena, RUN_MEMORY);
    r->facts = hn_facts_new(&r->arena);
    r->cover = hn_arena_alloc(&r->arena, (hn_modules_n + 1) * sizeof *r->cover);
    if (!r->facts || !r->cover || !hn_ok(hn_id_new(r->id))) {
        hn_run_free(r);
        return NULL;
    }
    r->criticality = 1;
    r->scope = HN_STR("live");
    return r;
}

void hn_run_free(struct hn_run *r)
{
    if (!r)
        return;
    hn_facts_free(r->facts);
    hn_arena_done(&r->arena);
    hn_free(r);
}

/* ---------------------------------------------------------------- one try: two processes and their messages */

struct attempt {
    struct hn_run *r;
    const struct hn_run_options *o;
    struct hn_child collector, parser;
    int core_fd;
    struct hn_progress *progress;
    const struct hn_module **todo; /* modules of this try */
    size_t n_todo, at;             /* at: the module being parsed */
    struct hn_run_cover *cover;    /* of that module */
    hn_time began;
    size_t total;
    struct hn_buf held; /* observations of the present module: added only when it is over */
    bool over;
};

static struct hn_run_cover *cover_of(struct hn_run *r, const struct hn_module *m)
{
    for (size_t i = 0; i < r->n_cover; i++)
        if (r->cover[i].module == m)
            return &r->cover[i];
    return NULL;
}

static void add_note(struct hn_run *r, struct hn_run_note **list, size_t *n, struct hn_str path, struct hn_str why,
                     int64_t offset)
{
    if (++*n > NOTES_MAX)
        return;
    struct hn_run_note *note = HN_NEW(&r->arena, struct hn_run_note);
    if (!note)
        return;
    *note = (struct hn_run_note){hn_arena_str(&r->arena, path), hn_arena_str(&r->arena, why), offset, *list};
    *list = note;
}

static const struct hn_jv *parse_held(struct attempt *t, struct hn_bytes b)
{
    struct hn_bytes own = hn_arena_bytes(&t->r->arena, b);
    return own.p ? hn_jv_parse(&t->r->arena, own, NULL) : NULL;
}

static void add_held(struct attempt *t)
{
    struct hn_frame_in in = {.buf = t->held};
    uint8_t type;
    struct hn_bytes payload;
    struct hn_err e;
    while (hn_frame_in_next(&in, &type, &payload, &e)) {
        const struct hn_jv *v = parse_held(t, payload);
        const char *why = "not JSON";
        if (v && hn_facts_add_json(t->r->facts, v, t->r->collected_at, &why)) {
            t->cover->observations++;
        } else {
            t->cover->rejected++;
            t->cover->complete = false;
            add_note(t->r, &t->cover->malformed, &t->cover->n_malformed, hn_jv_str(v, "subject"), hn_str_c(why), 0);
        }
    }
    hn_buf_clear(&t->held);
}

static void on_module_over(struct attempt *t, struct hn_bytes payload)
{
    struct hn_run_cover *c = t->cover;
    add_held(t);
    c->ran = true;
    c->duration_ns += hn_monotonic() - t->began;
    if (payload.n) {
        c->complete = false;
        add_note(t->r, &c->not_seen, &c->n_not_seen, HN_STR("…"), HN_STR("out of memory"), 0);
    }
    if (c->n_not_seen || c->n_quarantined)
        c->complete = false;
    if (!t->r->live && c->module->live_only)
        c->ran = false;
    if (c->ran)
        hn_facts_mark_seen(t->r->facts, c->module);
    t->cover = NULL;
    t->at++;
}

static void on_note(struct attempt *t, uint8_t type, struct hn_bytes payload)
{
    const struct hn_jv *v = parse_held(t, payload);
    struct hn_run_cover *c = t->cover;
    if (type == HN_WIRE_MALFORMED)
        add_note(t->r, &c->malformed, &c->n_malformed, hn_jv_str(v, "path"), hn_jv_str(v, "why"),
                 hn_jv_int(v, "offset", 0));
    else
        add_note(t->r, &c->not_seen, &c->n_not_seen, hn_jv_str(v, "what"), hn_jv_str(v, "why"), 0);
}

static bool on_frame(struct attempt *t, uint8_t type, struct hn_bytes payload)
{
    if (type == HN_WIRE_DONE) {
        t->over = true;
        return true;
    }
    if (type == HN_WIRE_MODULE) {
        if (t->cover || t->at >= t->n_todo)
            return false;
        t->cover = cover_of(t->r, t->todo[t->at]);
        t->began = hn_monotonic();
        if (t->o->progress)
            t->o->progress(t->o->progress_arg, t->todo[t->at], t->r->n_cover - (t->n_todo - t->at), t->r->n_cover);
        return true;
    }
    if (!t->cover)
        return false;
    if (type == HN_WIRE_OBS)
        hn_frame_add(&t->held, type, payload);
    else if (type == HN_WIRE_ROUND)
        on_module_over(t, payload);
    else if (type == HN_WIRE_MALFORMED || type == HN_WIRE_NOT_SEEN)
        on_note(t, type, payload);
    else
        return false;
    return !t->held.bad;
}

/* Reads until the parser says it is done, dies, or makes no progress for STALL_MS. */
static void listen_to_parser(struct attempt *t)
{
    struct hn_frame_in in;
    uint64_t seen = UINT64_MAX;
    hn_frame_in_init(&in, 64u << 20);
    for (bool ok = true; ok && !t->over;) {
        struct pollfd p = {.fd = t->core_fd, .events = POLLIN};
        int n = poll(&p, 1, STALL_MS);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            uint64_t now = t->progress->records;
            ok = n == 0 && now != seen;
            seen = now;
            continue;
        }
        struct hn_err e = hn_frame_in_fill(&in, t->core_fd);
        ok = hn_ok(e) || e.code == HN_E_BUSY;
        uint8_t type;
        struct hn_bytes payload;
        while (ok && !t->over && hn_frame_in_next(&in, &type, &payload, &e))
            ok = on_frame(t, type, payload);
        ok = ok && hn_ok(e);
    }
    hn_frame_in_done(&in);
}

static struct hn_err send_start(struct attempt *t)
{
    struct hn_buf b;
    struct hn_jw w;
    hn_buf_init(&b, HN_FRAME_MAX);
    hn_jw_init(&w, &b);
    hn_jw_obj(&w);
    hn_jw_kbool(&w, "live", t->r->live);
    hn_jw_kbool(&w, "deep", t->r->deep);
    hn_jw_kint(&w, "now", t->r->collected_at);
    hn_jw_key(&w, "wanted");
    hn_jw_arr(&w);
    const struct hn_obs *o;
    for (size_t i = 0; (o = hn_facts_at(t->r->facts, i)); i++)
        for (size_t k = 0; o->kind->fields[k].name; k++) {
            if (o->kind->fields[k].ref != HN_REF_PATH || !o->v[k].set)
                continue;
            if (o->v[k].type == HN_T_STR)
                hn_jw_str(&w, o->v[k].s);
            for (size_t n = 0; o->v[k].type == HN_T_LIST && n < o->v[k].n; n++)
                hn_jw_str(&w, o->v[k].items[n]);
        }
    hn_jw_arr_end(&w);
    hn_jw_obj_end(&w);
    struct hn_err e = hn_buf_err(&b);
    if (hn_ok(e))
        e = hn_frame_write(t->core_fd, HN_WIRE_START, hn_str_bytes(hn_buf_text(&b)));
    hn_buf_done(&b);
    return e;
}

#define ARGS_MAX 64u

static struct hn_err spawn_collector(struct attempt *t, int fd, struct hn_diag *reterr)
{
    const char *argv[ARGS_MAX + 1] = {0};
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
    argv[n++] = "--modules";
    argv[n++] = list.p;
    for (size_t i = 0; i < t->r->n_cover; i++)
        for (struct hn_run_note *q = t->r->cover[i].quarantined; q && n + 2 < ARGS_MAX; q = q->next) {
            argv[n++] = "--skip";
            argv[n++] = q->path.p; /* arena strings end in NUL */
        }
    struct hn_err e = list.bad ? hn_fail(reterr, HN_E_NOMEM, "list of modules")
                               : hn_role_spawn(HN_PROC_COLLECTOR, argv, &fd, 1, &t->collector, reterr);
    hn_buf_done(&list);
    return e;
}

static struct hn_err spawn(struct attempt *t, struct hn_diag *reterr)
{
    int pair[2], core[2];
    HN_AUTO_FD page = memfd_create("progress", MFD_CLOEXEC);
    if (page < 0 || ftruncate(page, sizeof *t->progress) != 0)
        return hn_fail_errno(reterr, "shared page");
    t->progress = mmap(NULL, sizeof *t->progress, PROT_READ, MAP_SHARED, page, 0);
    if (t->progress == MAP_FAILED)
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
    t->core_fd = core[0];
    int parser_fds[3] = {pair[1], core[1], page};
    struct hn_err e = hn_role_spawn(HN_PROC_PARSER, NULL, parser_fds, 3, &t->parser, reterr);
    if (hn_ok(e))
        e = spawn_collector(t, pair[0], reterr);
    close(pair[0]);
    close(pair[1]);
    close(core[1]);
    return e;
}

/* The parser did not finish: its input is named, left out of the next try, and noted. */
static void quarantine(struct attempt *t, int status)
{
    const struct hn_progress *g = t->progress;
    struct hn_run_cover *c = t->cover ? t->cover : t->at < t->n_todo ? cover_of(t->r, t->todo[t->at]) : NULL;
    char why[128];
    if (!c)
        return;
    if (WIFSIGNALED(status))
        snprintf(why, sizeof why, "the parser was ended by signal %d", WTERMSIG(status));
    else
        snprintf(why, sizeof why, "the parser ended with status %d", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    size_t n = g->path_len < HN_PROGRESS_PATH ? g->path_len : HN_PROGRESS_PATH;
    struct hn_str path = hn_str_from_hostile(&t->r->arena, hn_bytes_of(g->path, n), HN_PROGRESS_PATH);
    c->complete = false;
    c->observations = 0;
    add_note(t->r, &c->quarantined, &c->n_quarantined, path, hn_str_c(why), 0);
}

static struct hn_err attempt(struct attempt *t, struct hn_diag *reterr)
{
    struct hn_err e = spawn(t, reterr);
    if (hn_ok(e))
        e = send_start(t);
    if (hn_ok(e))
        listen_to_parser(t);
    int status = hn_child_end(&t->parser, !t->over);
    int cstatus = hn_child_end(&t->collector, !t->over);
    if (hn_ok(e) && !t->over) {
        if (WIFEXITED(cstatus) && WEXITSTATUS(cstatus) != 0 && t->progress->records == 0)
            e = hn_fail(reterr, HN_E_SANDBOX, "the collector could not start (status %d)", WEXITSTATUS(cstatus));
        else
            quarantine(t, status);
    }
    if (t->core_fd >= 0)
        close(t->core_fd);
    if (t->progress && t->progress != MAP_FAILED)
        munmap(t->progress, sizeof *t->progress);
    return e;
}

/* ---------------------------------------------------------------- what was met while looking */

static struct hn_str self_subject(struct hn_run *r, const struct hn_run_cover *c, const struct hn_run_note *n)
{
    return hn_arena_fmt(&r->arena, "%s %.*s", c->module->name, HN_FMT(n->path));
}

static void note_facts(struct hn_run *r, const struct hn_run_cover *c, const struct hn_run_note *n, bool quarantined)
{
    struct hn_buf b;
    struct hn_jw w;
    hn_buf_init(&b, 1u << 20);
    for (; n; n = n->next) {
        const char *why;
        hn_buf_clear(&b);
        hn_jw_init(&w, &b);
        hn_jw_obj(&w);
        hn_jw_kc(&w, "module", "self");
        hn_jw_kc(&w, "kind", "input");
        hn_jw_kstr(&w, "subject", self_subject(r, c, n));
        hn_jw_key(&w, "fields");
        hn_jw_obj(&w);
        hn_jw_kc(&w, "module", c->module->name);
        hn_jw_kstr(&w, "path", n->path);
        hn_jw_kstr(&w, "why", n->why);
        hn_jw_kint(&w, "offset", n->offset);
        hn_jw_kbool(&w, "quarantined", quarantined);
        hn_jw_obj_end(&w);
        hn_jw_obj_end(&w);
        const struct hn_jv *v =
            hn_jv_parse(&r->arena, hn_str_bytes(hn_arena_str(&r->arena, hn_buf_text(&b))), NULL);
        if (v)
            hn_facts_add_json(r->facts, v, r->collected_at, &why);
    }
    hn_buf_done(&b);
}

/* Observations of the module "self": what was malformed or set aside. One input counts once per module; being set aside
 * outweighs being malformed, so it is written last. */
static void add_self_facts(struct hn_run *r)
{
    for (size_t i = 0; i < r->n_cover; i++) {
        note_facts(r, &r->cover[i], r->cover[i].malformed, false);
        note_facts(r, &r->cover[i], r->cover[i].quarantined, true);
    }
}

/* ---------------------------------------------------------------- a run */

static bool chosen(const char *list, const char *name)
{
    struct hn_str rest = hn_str_c(list), part;
    while (list && hn_str_split(&rest, ',', &part))
        if (hn_str_eqc(part, name))
            return true;
    return !list;
}

/* Modules that want paths come after all that name some. */
static struct hn_err plan(struct hn_run *r, const struct hn_run_options *o, struct hn_diag *reterr)
{
    struct hn_str rest = hn_str_c(o->modules), part;
    while (o->modules && hn_str_split(&rest, ',', &part))
        if (!hn_module_find(part))
            return hn_fail(reterr, HN_E_INVALID, "no module is called \"%.*s\"", HN_FMT(part));
    for (int late = 0; late < 2; late++)
        for (size_t i = 0; i < hn_modules_n; i++)
            if (hn_modules[i]->wants_paths == (late == 1) && chosen(o->modules, hn_modules[i]->name))
                r->cover[r->n_cover++] = (struct hn_run_cover){.module = hn_modules[i], .complete = true};
    return HN_OK;
}

struct hn_err hn_run_collect(struct hn_run *r, const struct hn_run_options *o, struct hn_diag *reterr)
{
    const struct hn_module *todo[256];
    r->collected_at = hn_now();
    r->live = o->root == NULL;
    r->deep = o->deep;
    r->root_user = geteuid() == 0;
    if (o->root)
        r->scope = hn_arena_fmt(&r->arena, "root:%s", o->root);
    HN_TRY(plan(r, o, reterr));
    struct hn_err e = HN_OK;
    size_t done = 0;
    for (unsigned i = 0; i < TRIES && done < r->n_cover && hn_ok(e); i++) {
        struct attempt t = {.r = r, .o = o, .core_fd = -1, .todo = todo, .n_todo = r->n_cover - done};
        for (size_t k = 0; k < t.n_todo; k++)
            todo[k] = r->cover[done + k].module;
        hn_buf_init(&t.held, 128u << 20);
        e = attempt(&t, reterr);
        hn_buf_done(&t.held);
        done += t.at;
        if (hn_ok(e) && !t.over && i + 2 >= TRIES && done < r->n_cover)
            done++; /* gives up on this module; it stays incomplete */
    }
    for (size_t i = 0; i < r->n_cover; i++)
        if (!r->cover[i].ran)
            r->cover[i].complete = false;
    add_self_facts(r);
    return e;
}

static size_t risk_cover(const struct hn_run *r, struct hn_risk_cover *out)
{
    for (size_t i = 0; i < r->n_cover; i++)
        out[i] = (struct hn_risk_cover){.module = hn_str_c(r->cover[i].module->name),
                                        .live = r->live,
                                        .root = r->root_user,
                                        .complete = r->cover[i].complete && r->cover[i].ran};
    return r->n_cover;
}

static struct hn_err score_host(struct hn_run *r, struct hn_diag *reterr)
{
    struct hn_score_item *items = hn_arena_alloc(&r->arena, (r->judged.n + 1) * sizeof *items);
    size_t n = 0;
    if (!items)
        return hn_fail(reterr, HN_E_NOMEM, "scoring");
    for (const struct hn_finding *f = r->judged.first; f; f = f->next)
        items[n++] = (struct hn_score_item){f->cause, f->share};
    r->score = hn_score_host(items, n);
    return HN_OK;
}

struct hn_err hn_run_judge(struct hn_run *r, const struct hn_policy *policy, struct hn_diag *reterr)
{
    struct hn_judge_options o = {.arena = &r->arena,
                                 .facts = r->facts,
                                 .policy = policy,
                                 .asset = r->asset,
                                 .now = r->collected_at,
                                 .live = r->live};
    struct hn_risk_cover *cover = hn_arena_alloc(&r->arena, (r->n_cover + 1) * sizeof *cover);
    if (!cover)
        return hn_fail(reterr, HN_E_NOMEM, "judging");
    hn_judge_run(&o, NULL, &r->judged);
    struct hn_risk_in in = {.facts = r->facts,
                            .policy = policy,
                            .cover = cover,
                            .n_cover = risk_cover(r, cover),
                            .criticality = r->criticality,
                            .now = r->collected_at};
    HN_TRY(hn_risk_rank(&in, &r->arena, r->judged.first, reterr));
    r->judged.first = hn_risk_sort(r->judged.first);
    return score_host(r, reterr);
}
