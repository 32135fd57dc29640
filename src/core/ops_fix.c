/* The change that would put a finding right: shown before it is made, requested, approved, undone. The change itself is
 * made by the fixer, which a supervisor starts; here it is only described and its state kept. */
#include <stdio.h>

#include "base/str.h"
#include "core/ops_in.h"
#include "core/render.h"
#include "core/store_role.h"

struct plan {
    struct hn_op_ctx *c;
    const struct hn_store_finding *f;
    enum hn_fix_kind kind;
    struct hn_str target, value;
};

/* One command, argument by argument: never a line for a shell. */
static void command(struct plan *p, const char *const *argv, struct hn_str last)
{
    struct hn_jw *w = p->c->w;

    hn_jw_obj(w);
    hn_jw_kc(w, "type", "command");
    hn_jw_key(w, "argv");
    hn_jw_arr(w);
    for (; *argv; argv++)
        hn_jw_c(w, *argv);
    /* packages of one source are several arguments; every other target is one, blanks and all */
    struct hn_str word;
    while (p->kind == HN_FIX_UPGRADE && hn_str_word(&last, &word))
        hn_jw_str(w, word);
    if (last.n)
        hn_jw_str(w, last);
    hn_jw_arr_end(w);
    hn_jw_obj_end(w);
}

static void file(struct plan *p, struct hn_str path, struct hn_str diff)
{
    struct hn_jw *w = p->c->w;

    hn_jw_obj(w);
    hn_jw_kc(w, "type", "file");
    hn_jw_kstr(w, "path", path);
    hn_jw_kstr(w, "diff", diff);
    hn_jw_obj_end(w);
}

#define ARGV(...)                                                                                                      \
    (const char *const[])                                                                                              \
    {                                                                                                                  \
        __VA_ARGS__, NULL                                                                                              \
    }

static void change_setting(struct plan *p)
{
    struct hn_str rest = p->target, path, key, style = {"equals", 6};

    hn_str_split(&rest, '|', &path);
    if (!hn_str_split(&rest, '|', &key))
        key = (struct hn_str){"", 0};
    hn_str_split(&rest, '|', &style);
    file(p, path,
         hn_arena_fmt(p->c->arena, "+%.*s%s%.*s\n", HN_FMT(key), hn_str_eqc(style, "space") ? " " : "=",
                      HN_FMT(p->value)));
}

/* One version for all packages, or one for each: "a=1 b=1", as the fixer asks for them. */
static struct hn_str pinned(struct plan *p)
{
    struct hn_arena *a = p->c->arena;
    struct hn_str targets = p->target, versions = p->value, target, version = {"", 0}, all = {"", 0};

    while (hn_str_word(&targets, &target)) {
        hn_str_word(&versions, &version); /* the last one goes on */
        all = hn_arena_fmt(a, "%.*s%s%.*s=%.*s", HN_FMT(all), all.n ? " " : "", HN_FMT(target), HN_FMT(version));
    }
    return all;
}

static void change(struct plan *p)
{
    struct hn_arena *a = p->c->arena;
    const char *value = hn_arena_cstr(a, p->value);
    struct hn_str none = {NULL, 0}, line;

    hn_jw_key(p->c->w, "change");
    hn_jw_arr(p->c->w);
    switch (p->kind) {
    case HN_FIX_UPGRADE:
        command(p, ARGV("apt-get", "install", "--only-upgrade", "--yes", "--no-remove", "--"), pinned(p));
        break;
    case HN_FIX_SYSCTL:
        line = hn_arena_fmt(a, "+%.*s = %.*s\n", HN_FMT(p->target), HN_FMT(p->value));
        file(p, HN_STR("/etc/sysctl.d/90-hinomi.conf"), line);
        command(p, ARGV("sysctl", "-w", "--"), hn_arena_fmt(a, "%.*s=%.*s", HN_FMT(p->target), HN_FMT(p->value)));
        break;
    case HN_FIX_MODE:
        command(p, ARGV("chmod", "--", value ? value : ""), p->target);
        break;
    case HN_FIX_OWNER:
        command(p, ARGV("chown", "--no-dereference", "--", value ? value : ""), p->target);
        break;
    case HN_FIX_UNIT_OFF:
        command(p, ARGV("systemctl", "disable", "--now", "--"), p->target);
        break;
    case HN_FIX_SSHD:
        line = hn_arena_fmt(a, "+%.*s %.*s\n", HN_FMT(p->target), HN_FMT(p->value));
        file(p, HN_STR("/etc/ssh/sshd_config.d/00-hinomi.conf"), line);
        command(p, ARGV("sshd", "-t"), none);
        command(p, ARGV("systemctl", "reload", "ssh.service"), none);
        break;
    case HN_FIX_RESTART:
        command(p, ARGV("systemctl", "restart", "--"), p->target);
        break;
    case HN_FIX_SETTING:
        change_setting(p);
        break;
    case HN_FIX_NONE:
        break;
    }
    hn_jw_arr_end(p->c->w);
}

static void ktext(struct plan *p, const char *name, const char *what)
{
    char key[64];
    struct hn_param value = {"value", p->value, NULL}, target = {"target", p->target, &value};

    if (p->kind == HN_FIX_SETTING) { /* "path|key|style": people read path and key */
        struct hn_str rest = p->target, path = rest, k = {"", 0};
        hn_str_split(&rest, '|', &path);
        hn_str_split(&rest, '|', &k);
        target.value = hn_arena_fmt(p->c->arena, "%.*s (%.*s)", HN_FMT(k), HN_FMT(path));
    }
    snprintf(key, sizeof key, "fix.%s.%s", hn_fix_kind_name(p->kind), what);
    hn_jw_ktext(p->c->w, p->c->arena, name, key, &target);
}

/* The newest fix of the finding, if there ever was one. */
static struct hn_err newest(struct hn_op_ctx *c, const struct hn_store_finding *f, struct hn_store_fix **ret)
{
    size_t n;

    OPS_STORE(hn_store_fixes(c->store, c->who, f->id, (struct hn_str){NULL, 0}, false, c->arena, ret, &n));
    if (!n)
        *ret = NULL;
    return HN_OK;
}

/* Approved, and nobody is there who makes it: people would wait for ever without a word. */
static void log_waits(struct plan *p)
{
    struct hn_jw *w = p->c->w;

    hn_jw_key(w, "log");
    hn_jw_arr(w);
    hn_jw_obj(w);
    hn_jw_ktext(w, p->c->arena, "text", "fix.waits-for-fixer", NULL);
    hn_jw_obj_end(w);
    hn_jw_arr_end(w);
}

static void state(struct plan *p, const struct hn_store_fix *x)
{
    struct hn_jw *w = p->c->w;

    hn_jw_key(w, "state");
    hn_jw_c(w, x ? hn_fix_state_name(x->state) : NULL);
    if (x) {
        hn_jw_kstr(w, "id", x->id);
        ops_kopt(w, "requested_by", x->requested_by);
        ops_kopt(w, "approved_by", x->approved_by);
        hn_jw_ktime(w, "updated", x->updated);
    }
    if (x && x->state == HN_FIX_STATE_APPROVED && !hn_job_fixer_here(p->c->role))
        log_waits(p);
    else
        ops_kraw(w, "log", x ? x->journal : (struct hn_str){NULL, 0}, "[]");
}

static struct hn_err write_plan(struct hn_op_ctx *c, const struct hn_store_finding *f)
{
    struct plan p = {.c = c, .f = f, .target = f->fix_target, .value = f->fix_value};
    struct hn_store_fix *x;

    if (!hn_fix_kind_parse(f->fix_kind, &p.kind) || p.kind == HN_FIX_NONE) {
        hn_jw_null(c->w);
        return HN_OK;
    }
    HN_TRY(newest(c, f, &x));
    hn_jw_obj(c->w);
    hn_jw_kc(c->w, "kind", hn_fix_kind_name(p.kind));
    hn_jw_kstr(c->w, "target", p.target);
    hn_jw_kstr(c->w, "value", p.value);
    ktext(&p, "title", "title");
    change(&p);
    ktext(&p, "may_break", "may-break");
    ktext(&p, "undo", "undo");
    hn_jw_kc(c->w, "needs_role", "approver");
    state(&p, x);
    hn_jw_obj_end(c->w);
    return HN_OK;
}

struct hn_err ops_fix_write(struct hn_op_ctx *c, const char *key, const struct hn_store_finding *f)
{
    hn_jw_key(c->w, key);
    return write_plan(c, f);
}

static struct hn_err finding_with_fix(struct hn_op_ctx *c, struct hn_store_finding *f)
{
    enum hn_fix_kind kind;

    OPS_STORE(hn_store_finding_get(c->store, c->who, ops_arg(c, "id"), c->arena, f));
    if (!hn_fix_kind_parse(f->fix_kind, &kind) || kind == HN_FIX_NONE)
        return hn_op_fail(c, HN_E_NOENT, "error.no-fix", HN_OP_END);
    return HN_OK;
}

struct hn_err ops_fix_get(struct hn_op_ctx *c)
{
    struct hn_store_finding f;

    HN_TRY(finding_with_fix(c, &f));
    return write_plan(c, &f);
}

static struct hn_err queue(struct hn_op_ctx *c, enum hn_job_kind kind, const struct hn_store_fix *x)
{
    struct hn_job j = {.kind = kind};

    snprintf(j.finding, sizeof j.finding, "%.*s", HN_FMT(x->finding));
    snprintf(j.fix, sizeof j.fix, "%.*s", HN_FMT(x->id));
    snprintf(j.by, sizeof j.by, "%.*s", HN_FMT(c->who->name));
    return hn_job_put(c->role, &j);
}

/* A request becomes a live fix; an approval of it puts it into the queue. An approver may do both in one step. */
struct hn_err ops_fix_post(struct hn_op_ctx *c)
{
    struct hn_store_finding f;
    struct hn_store_fix *x;
    struct hn_str id;
    bool approve = hn_jv_bool(c->args, "approve", false);

    HN_TRY(finding_with_fix(c, &f));
    HN_TRY(newest(c, &f, &x));
    bool live = x && x->state <= HN_FIX_STATE_APPLYING;
    if (live && !approve)
        return (struct hn_err){HN_E_EXISTS};
    if (approve && !hn_store_visible(c->store, c->who, f.org, HN_ROLE_APPROVER))
        return (struct hn_err){HN_E_PERM};
    if (!live)
        OPS_STORE(hn_store_fix_request(c->store, c->who, f.id, c->arena, &id));
    else
        id = x->id;
    if (approve) {
        struct hn_store_fix done;
        OPS_STORE(hn_store_fix_approve(c->store, c->who, id));
        OPS_STORE(hn_store_fix_get(c->store, c->who, id, c->arena, &done));
        HN_TRY(queue(c, HN_JOB_FIX, &done));
    }
    return write_plan(c, &f);
}

struct hn_err ops_fix_undo(struct hn_op_ctx *c)
{
    struct hn_store_finding f;
    struct hn_store_fix *x;

    HN_TRY(finding_with_fix(c, &f));
    HN_TRY(newest(c, &f, &x));
    if (!hn_store_visible(c->store, c->who, f.org, HN_ROLE_APPROVER))
        return (struct hn_err){HN_E_PERM};
    if (!x || (x->state != HN_FIX_STATE_APPLIED && x->state != HN_FIX_STATE_FAILED))
        return hn_op_fail(c, HN_E_STATE, "error.nothing-to-undo", HN_OP_END);
    HN_TRY(queue(c, HN_JOB_UNDO, x));
    OPS_STORE(hn_store_audit_put(c->store, c->who, f.org, "fix.undo_requested", x->id, f.id));
    return write_plan(c, &f);
}
