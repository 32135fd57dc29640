/* The worker as a process: reads what is asked, enters its sandbox, does the verb. */
#include "core/work_in.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/str.h"
#include "core/registry.h"
#include "core/work_front.h"
#include "format/bzip2.h"
#include "format/xml.h"
#include "sandbox/role.h"

#define START_MAX (64u << 20)

int work_ask(struct hn_work *w, uint8_t type, struct work_head *h, const void *text, int fd, char *text_out,
             int *ret_fd)
{
    char own[WORK_TEXT_MAX] = "";
    uint8_t answer;
    int got = -1;
    if (h->n > WORK_TEXT_MAX)
        return ENAMETOOLONG;
    work_settle(w);
    if (!hn_work_send(WORK_FD, type, h, text, fd) ||
        !hn_work_receive(WORK_FD, &answer, h, text_out ? text_out : own, &got))
        _exit(HN_WORK_ORPHANED);
    if (ret_fd)
        *ret_fd = got;
    else if (got >= 0)
        close(got);
    return h->err;
}

/* ---------------------------------------------------------------- what was asked */

static const struct hn_jv *option(const struct hn_work *w, const char *name)
{
    return hn_jv_get(w->opts, name);
}

bool hn_work_given(const struct hn_work *w, const char *name)
{
    return option(w, name) != NULL;
}

bool hn_work_switch(const struct hn_work *w, const char *name)
{
    return hn_jv_bool(w->opts, name, false);
}

struct hn_str hn_work_str(const struct hn_work *w, const char *name)
{
    const struct hn_jv *v = option(w, name);
    if (v && v->kind == HN_JV_ARR && v->n)
        v = &v->items[v->n - 1];
    return v && v->kind == HN_JV_STR ? v->s : HN_STR("");
}

size_t hn_work_strs(const struct hn_work *w, const char *name, const struct hn_str **ret)
{
    const struct hn_jv *v = option(w, name);
    size_t n = v && v->kind == HN_JV_ARR ? v->n : 0;
    struct hn_str *out = hn_arena_alloc(&((struct hn_work *)(uintptr_t)w)->arena, (n + 1) * sizeof *out);
    for (size_t i = 0; out && i < n; i++)
        out[i] = v->items[i].s;
    *ret = out;
    return out ? n : 0;
}

int64_t hn_work_int(const struct hn_work *w, const char *name, int64_t dflt)
{
    return hn_jv_int(w->opts, name, dflt);
}

double hn_work_num(const struct hn_work *w, const char *name, double dflt)
{
    return hn_jv_num(w->opts, name, dflt);
}

hn_time hn_work_time(const struct hn_work *w, const char *name)
{
    hn_time t = 0;
    return hn_time_parse(hn_work_str(w, name), &t) ? t : 0;
}

struct hn_str hn_work_word(const struct hn_work *w, size_t i)
{
    return i < hn_work_words(w) ? w->words->items[i].s : HN_STR("");
}

size_t hn_work_words(const struct hn_work *w)
{
    return w->words && w->words->kind == HN_JV_ARR ? w->words->n : 0;
}

struct hn_arena *hn_work_arena(struct hn_work *w)
{
    return &w->arena;
}

hn_time hn_work_now(const struct hn_work *w)
{
    return w->now;
}

enum hn_work_form hn_work_form(const struct hn_work *w)
{
    return w->form;
}

int hn_work_lang(const struct hn_work *w)
{
    return (int)w->lang;
}

unsigned hn_work_columns(const struct hn_work *w)
{
    return w->columns;
}

uint64_t hn_work_total(const struct hn_work *w, size_t *ret_n)
{
    if (ret_n)
        *ret_n = w->n_inputs;
    return w->total;
}

size_t hn_work_unreadable(const struct hn_work *w)
{
    return w->unreadable;
}

/* ---------------------------------------------------------------- the role */

static const struct hn_verb *verb_find(const struct hn_module *m, struct hn_str name)
{
    for (const struct hn_verb *v = m ? m->verbs : NULL; v && v->name; v++)
        if (hn_str_eqc(name, v->name))
            return v;
    return NULL;
}

bool hn_work_collected(const struct hn_work *w)
{
    return w->collected;
}

/* {module, verb, opts, words, form, lang, columns, progress, now, total, inputs, files, collected} */
static bool read_start(struct hn_work *w, size_t memory)
{
    struct hn_buf b;
    hn_buf_init(&b, START_MAX);
    hn_arena_init(&w->arena, memory);
    bool ok = hn_ok(hn_read_fd(WORK_START_FD, &b, NULL));
    const struct hn_jv *v =
        ok ? hn_jv_parse(&w->arena, hn_str_bytes(hn_arena_str(&w->arena, hn_buf_text(&b))), NULL) : NULL;
    hn_buf_done(&b);
    close(WORK_START_FD);
    w->module = hn_module_find(hn_jv_str(v, "module"));
    w->verb = verb_find(w->module, hn_jv_str(v, "verb"));
    w->opts = hn_jv_get(v, "opts");
    w->words = hn_jv_get(v, "words");
    w->form = (enum hn_work_form)hn_jv_int(v, "form", HN_FORM_TEXT);
    w->lang = (enum hn_lang)hn_jv_int(v, "lang", HN_EN);
    w->columns = (unsigned)hn_jv_int(v, "columns", 0);
    w->show_progress = hn_jv_bool(v, "progress", false);
    w->now = hn_jv_int(v, "now", 0);
    w->total = (uint64_t)hn_jv_int(v, "total", 0);
    w->n_inputs = (size_t)hn_jv_int(v, "inputs", 0);
    w->files = hn_jv_bool(v, "files", true);
    w->collected = hn_jv_bool(v, "collected", false);
    return w->verb != NULL;
}

int hn_worker_main(int argc, char **argv)
{
    struct hn_work w = {.began = hn_monotonic()};
    struct hn_sandbox_paths paths = {.address_space = 0};
    struct hn_sandbox_state state;
    struct hn_diag d = {{0}};
    uint64_t space = 0;
    if (argc != 2 || !hn_str_u64(hn_str_c(argv[1]), 10, &space))
        return 3;
    /* Before the sandbox: what libraries look up lazily; standard input is an input only when it is asked for.
     * To give memory of a thread back, glibc would open /proc/sys/vm/overcommit_memory. */
    mallopt(M_TRIM_THRESHOLD, -1);
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || !read_start(&w, space))
        return 3;
    close(nothing);
    if (w.module->reads_xml && (w.files || !w.collected) && !hn_xml_load()) /* facts are JSON of our own */
        hn_log(HN_LOG_WARN, "libxml2 cannot be loaded: documents in XML cannot be read");
    if (w.module->reads_packed)
        (void)hn_bzip2_load(); /* that it is not there is said by who meets such a file */
    if (w.verb->flags & HN_VERB_SERVES) {
        signal(SIGINT, SIG_IGN); /* of the terminal's group; the front says when to stop */
        signal(SIGTERM, SIG_IGN);
    }
    hn_buf_init(&w.out, 64u << 20);
    if (w.verb->before)
        w.verb->before(&w);
    paths.address_space = space;
    struct hn_err e = hn_sandbox_enter(HN_PROC_WORKER, &paths, &state, &d);
    if (!hn_ok(e)) {
        hn_log(HN_LOG_ERROR, "worker: %s", d.msg);
        return hn_err_exit(e);
    }
    int rc = work_out_end(&w, w.verb->work(&w));
    /* At once: what a sanitizer does at the end of a process needs more than the sandbox leaves. */
    _exit(rc);
}
