/* The fixer role: makes one approved change and ends. Started with typed arguments; prints one JSON object. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/str.h"
#include "core/fix_in.h"
#include "core/render.h"
#include "sandbox/role.h"

#define OUTPUT_MAX ((size_t)32 << 20)

struct args {
    struct hn_fix_env env;
    const char *id, *kind, *target, *value, *digest;
};

static bool parse(int argc, char **argv, struct args *ret)
{
    static const struct option options[] = {{"home", required_argument, 0, 'h'},   {"root", required_argument, 0, 'r'},
                                            {"id", required_argument, 0, 'i'},     {"kind", required_argument, 0, 'k'},
                                            {"target", required_argument, 0, 't'}, {"value", required_argument, 0, 'v'},
                                            {"digest", required_argument, 0, 'd'}, {0}};
    struct args a = {.target = "", .value = "", .digest = ""};
    int c;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        const char **to = c == 'h'   ? &a.env.home
                          : c == 'r' ? &a.env.root
                          : c == 'i' ? &a.id
                          : c == 'k' ? &a.kind
                          : c == 't' ? &a.target
                          : c == 'v' ? &a.value
                          : c == 'd' ? &a.digest
                                     : NULL;
        if (!to)
            return false;
        *to = optarg;
    }
    *ret = a;
    return optind + 1 == argc && a.env.home;
}

static bool text_arg(const char *s, struct hn_str *ret)
{
    return hn_str_from_utf8(hn_bytes_of(s, strlen(s)), ret);
}

static struct hn_err plan(const struct args *a, struct hn_jw *w, struct hn_arena *arena, struct hn_diag *d)
{
    struct hn_fix_plan *p = HN_NEW(arena, struct hn_fix_plan);
    struct hn_str target, value;
    enum hn_fix_kind kind;
    if (!p)
        return hn_fail(d, HN_E_NOMEM, "plan");
    if (!a->kind || !hn_fix_kind_parse(hn_str_c(a->kind), &kind) || !text_arg(a->target, &target) ||
        !text_arg(a->value, &value))
        return hn_fail(d, HN_E_INVALID, "not a fix");
    HN_TRY(hn_fix_plan(&a->env, kind, target, value, arena, p, d));
    hn_jw_key(w, "plan");
    hn_fix_plan_json(w, arena, p);
    return HN_OK;
}

static struct hn_err apply(const struct args *a, struct hn_diag *d)
{
    struct hn_str target, value, digest;
    enum hn_fix_kind kind;
    if (!a->id || !a->kind || !hn_fix_kind_parse(hn_str_c(a->kind), &kind) || !text_arg(a->target, &target) ||
        !text_arg(a->value, &value) || !text_arg(a->digest, &digest))
        return hn_fail(d, HN_E_INVALID, "not a fix");
    return hn_fix_apply(&a->env, a->id, kind, target, value, digest, d);
}

static struct hn_err act(const char *verb, const struct args *a, struct hn_jw *w, struct hn_arena *arena,
                         const char **state, struct hn_diag *d)
{
    if (strcmp(verb, "plan") == 0) {
        *state = "planned";
        return plan(a, w, arena, d);
    }
    if (!a->id)
        return hn_fail(d, HN_E_INVALID, "--id is missing");
    if (strcmp(verb, "apply") == 0) {
        *state = "applied";
        return apply(a, d);
    }
    if (strcmp(verb, "undo") == 0) {
        *state = "undone";
        return hn_fix_undo(&a->env, a->id, d);
    }
    if (strcmp(verb, "recover") == 0)
        return hn_fix_recover(&a->env, a->id, state, d);
    return hn_fail(d, HN_E_INVALID, "plan, apply, undo or recover is expected");
}

static void write_journal(const struct args *a, struct hn_jw *w)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    hn_buf_init(&b, OUTPUT_MAX);
    if (!a->id || !hn_ok(hn_fix_journal(&a->env, a->id, &b, NULL)))
        return;
    hn_jw_key(w, "journal");
    hn_jw_raw(w, hn_buf_text(&b));
}

int hn_fixer_main(int argc, char **argv)
{
    HN_AUTO(hn_arena_done) struct hn_arena arena;
    HN_AUTO(hn_buf_done) struct hn_buf out;
    struct hn_diag d = {{0}};
    struct args a;
    struct hn_jw w;
    const char *state = "failed";
    prctl(PR_SET_DUMPABLE, 0);
    umask(077);
    hn_arena_init(&arena, OUTPUT_MAX * 2);
    hn_buf_init(&out, OUTPUT_MAX);
    if (!parse(argc, argv, &a)) {
        fprintf(stderr, "fixer: not for people; see hinomi fix\n");
        return 2;
    }
    hn_jw_init(&w, &out);
    hn_jw_obj(&w);
    struct hn_sandbox_state sandbox;
    struct hn_err e = hn_sandbox_enter(HN_PROC_FIXER, NULL, &sandbox, &d);
    if (hn_ok(e))
        e = act(argv[optind], &a, &w, &arena, &state, &d);
    hn_jw_kc(&w, "state", hn_ok(e) ? state : "failed");
    if (!hn_ok(e)) {
        hn_jw_kc(&w, "error_name", hn_err_name(e));
        hn_jw_kstr(&w, "error", hn_str_from_hostile(&arena, hn_bytes_of(d.msg, strlen(d.msg)), 2000));
    }
    write_journal(&a, &w);
    hn_jw_obj_end(&w);
    hn_buf_chr(&out, '\n');
    fwrite(out.p, 1, out.n, stdout);
    return hn_ok(e) && fflush(stdout) == 0 ? 0 : hn_err_exit(e);
}
