/* For developers: what a module's collect brings (the beginning of a golden case), and what modules declare. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"
#include "core/collect.h"
#include "core/registry.h"

static bool ignore_module(void *arg, const struct hn_module *m)
{
    return true;
}

static bool print_record(void *arg, const struct hn_rec *r)
{
    struct hn_buf *b = arg;
    hn_buf_clear(b);
    hn_rec_print(b, r);
    return fwrite(b->p, 1, b->n, stdout) == b->n;
}

static bool print_not_seen(void *arg, struct hn_str what, struct hn_str why)
{
    fprintf(stderr, "not seen: %.*s: %.*s\n", HN_FMT(what), HN_FMT(why));
    return true;
}

static bool end_round(void *arg, struct hn_collect *c, bool *ret_more)
{
    *ret_more = false;
    return true;
}

int cli_capture(int argc, char **argv)
{
    static const struct option options[] = {{"root", required_argument, 0, 'r'}, {"deep", no_argument, 0, 'd'}, {0}};
    struct hn_collect_options o = {.root = "/", .live = true};
    int opt;
    while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (opt == 'r') {
            o.root = optarg;
            o.live = false;
        } else if (opt == 'd') {
            o.deep = true;
        } else {
            return 2;
        }
    }
    const struct hn_module *m = optind < argc ? hn_module_find(hn_str_c(argv[optind])) : NULL;
    if (!m) {
        fprintf(stderr, "usage: hinomi -x capture MODULE [--root DIR] [--deep]\n");
        return 2;
    }
    o.modules = &m;
    o.modules_n = 1;
    o.early = o.live ? hn_collect_early() : NULL;
    struct hn_buf b;
    struct hn_diag d = {{0}};
    hn_buf_init(&b, 8u << 20);
    struct hn_collect_sink sink = {&b, ignore_module, print_record, print_not_seen, end_round};
    printf("%% live=%d now=2026-01-01T00:00:00Z\n", o.live);
    struct hn_err e = hn_collect_run(&o, &sink, &d);
    hn_buf_done(&b);
    if (!hn_ok(e))
        hn_log(HN_LOG_ERROR, "%s", d.msg);
    return hn_err_exit(e);
}

static const char *const type_names[] = {"str", "int", "bool", "time", "list"};
static const char *const ref_names[] = {"none", "path", "process", "package", "listener", "unit", "user"};

static void write_kinds(struct hn_jw *w, const struct hn_module *m)
{
    for (const struct hn_kind *k = m->kinds; k->name; k++) {
        hn_jw_obj(w);
        hn_jw_kc(w, "module", m->name);
        hn_jw_kc(w, "kind", k->name);
        hn_jw_kc(w, "subject", k->subject);
        hn_jw_key(w, "fields");
        hn_jw_arr(w);
        for (const struct hn_field *f = k->fields; f->name; f++) {
            hn_jw_obj(w);
            hn_jw_kc(w, "name", f->name);
            hn_jw_kc(w, "type", type_names[f->type]);
            hn_jw_kc(w, "ref", ref_names[f->ref]);
            hn_jw_kc(w, "unit", f->unit);
            hn_jw_kc(w, "meaning", f->meaning);
            hn_jw_obj_end(w);
        }
        hn_jw_arr_end(w);
        hn_jw_obj_end(w);
    }
}

int cli_kinds(int argc, char **argv)
{
    struct hn_buf b;
    struct hn_jw w;
    hn_buf_init(&b, 8u << 20);
    hn_jw_init(&w, &b);
    hn_jw_obj(&w);
    hn_jw_key(&w, "kinds");
    hn_jw_arr(&w);
    for (size_t i = 0; i < hn_modules_n; i++)
        write_kinds(&w, hn_modules[i]);
    hn_jw_arr_end(&w);
    hn_jw_key(&w, "rules");
    hn_jw_arr(&w);
    for (size_t i = 0; i < hn_modules_n; i++)
        for (const struct hn_rule *r = hn_modules[i]->rules; r && r->id; r++) {
            hn_jw_obj(&w);
            hn_jw_kc(&w, "module", hn_modules[i]->name);
            hn_jw_kc(&w, "id", r->id);
            hn_jw_kc(&w, "severity", hn_severity_name(r->severity));
            hn_jw_kc(&w, "class", hn_class_name(r->class));
            hn_jw_kc(&w, "references", r->references);
            hn_jw_obj_end(&w);
        }
    hn_jw_arr_end(&w);
    hn_jw_obj_end(&w);
    bool ok = !b.bad && fwrite(b.p, 1, b.n, stdout) == b.n && fputc('\n', stdout) != EOF;
    hn_buf_done(&b);
    return ok ? 0 : 3;
}
