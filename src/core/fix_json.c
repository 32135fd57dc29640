/* The steps of a plan in the journal and back, and the plan as people and the console see it. */
#include <stdio.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/fix_in.h"
#include "core/render.h"

static const char *const step_names[] = {
    [HN_FIX_STEP_FILE] = "file",    [HN_FIX_STEP_META] = "mode",   [HN_FIX_STEP_UNLINK] = "link",
    [HN_FIX_STEP_MKDIR] = "folder", [HN_FIX_STEP_WRITE] = "value", [HN_FIX_STEP_COMMAND] = "command",
};

/* ---------------------------------------------------------------- journal */

static void write_state(struct hn_jw *w, const char *key, const struct hn_fix_state_of *s)
{
    hn_jw_key(w, key);
    hn_jw_obj(w);
    hn_jw_kbool(w, "exists", s->exists);
    hn_jw_kint(w, "mode", s->mode);
    hn_jw_kint(w, "uid", s->uid);
    hn_jw_kint(w, "gid", s->gid);
    hn_jw_kint(w, "mtime", s->mtime);
    hn_jw_kstr(w, "sha256", s->sha256);
    hn_jw_kstr(w, "link", s->link);
    hn_jw_obj_end(w);
}

static void write_argv(struct hn_jw *w, const char *key, const char *const *argv)
{
    hn_jw_key(w, key);
    hn_jw_arr(w);
    for (; *argv; argv++)
        hn_jw_c(w, *argv);
    hn_jw_arr_end(w);
}

void fix_steps_json(struct hn_jw *w, const struct hn_fix_plan *p)
{
    hn_jw_arr(w);
    for (size_t i = 0; i < p->n; i++) {
        const struct hn_fix_step *s = &p->steps[i];
        hn_jw_obj(w);
        hn_jw_kc(w, "type", step_names[s->type]);
        hn_jw_kstr(w, "path", s->path);
        write_state(w, "before", &s->before);
        write_state(w, "after", &s->after);
        hn_jw_kstr(w, "former", s->former);
        if (s->type == HN_FIX_STEP_WRITE)
            hn_jw_kstr(w, "content", s->content);
        write_argv(w, "argv", s->argv);
        write_argv(w, "undo_argv", s->undo_argv);
        hn_jw_kbool(w, "check", s->check);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
}

static bool read_state(const struct hn_jv *v, struct hn_fix_state_of *s)
{
    int64_t mode = hn_jv_int(v, "mode", -1), uid = hn_jv_int(v, "uid", -1), gid = hn_jv_int(v, "gid", -1);
    *s = (struct hn_fix_state_of){.exists = hn_jv_bool(v, "exists", false),
                                  .mode = (uint32_t)mode,
                                  .uid = (uint32_t)uid,
                                  .gid = (uint32_t)gid,
                                  .mtime = hn_jv_int(v, "mtime", 0),
                                  .sha256 = hn_jv_str(v, "sha256"),
                                  .link = hn_jv_str(v, "link")};
    return mode >= 0 && mode <= 07777 && uid >= 0 && uid <= UINT32_MAX && gid >= 0 && gid <= UINT32_MAX;
}

static bool read_argv(struct hn_arena *a, const struct hn_jv *v, const char **argv)
{
    if (!v || v->kind != HN_JV_ARR || v->n > HN_FIX_ARGS)
        return false;
    for (size_t i = 0; i < v->n; i++) {
        argv[i] = v->items[i].kind == HN_JV_STR ? hn_arena_cstr(a, v->items[i].s) : NULL;
        if (!argv[i])
            return false;
    }
    return true;
}

static bool read_step(struct hn_arena *a, const struct hn_jv *v, struct hn_fix_step *s)
{
    struct hn_str type = hn_jv_str(v, "type");
    size_t t = 0;
    while (t < sizeof step_names / sizeof step_names[0] && !hn_str_eqc(type, step_names[t]))
        t++;
    if (t == sizeof step_names / sizeof step_names[0])
        return false;
    *s = (struct hn_fix_step){.type = (enum hn_fix_step_type)t,
                              .path = hn_jv_str(v, "path"),
                              .former = hn_jv_str(v, "former"),
                              .content = hn_jv_str(v, "content"),
                              .check = hn_jv_bool(v, "check", false)};
    return (s->type == HN_FIX_STEP_COMMAND || fix_path_ok(s->path)) && read_state(hn_jv_get(v, "before"), &s->before) &&
           read_state(hn_jv_get(v, "after"), &s->after) && read_argv(a, hn_jv_get(v, "argv"), s->argv) &&
           read_argv(a, hn_jv_get(v, "undo_argv"), s->undo_argv);
}

bool fix_steps_read(struct hn_arena *a, const struct hn_jv *list, struct hn_fix_plan *p)
{
    if (!list || list->kind != HN_JV_ARR || list->n > HN_FIX_STEPS)
        return false;
    for (p->n = 0; p->n < list->n; p->n++)
        if (!read_step(a, &list->items[p->n], &p->steps[p->n]))
            return false;
    return true;
}

void fix_digest(struct hn_arena *a, struct hn_fix_plan *p)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    struct hn_jw w;
    hn_buf_init(&b, FIX_FILE_MAX * 4);
    hn_jw_init(&w, &b);
    hn_jw_arr(&w);
    hn_jw_c(&w, hn_fix_kind_name(p->kind));
    hn_jw_str(&w, p->target);
    hn_jw_str(&w, p->value);
    fix_steps_json(&w, p);
    for (size_t i = 0; i < p->n; i++)
        hn_jw_str(&w, p->steps[i].content);
    hn_jw_arr_end(&w);
    struct hn_str hex = fix_sha256(a, hn_str_bytes(hn_buf_text(&b)));
    snprintf(p->digest, sizeof p->digest, "%.*s", HN_FMT(hex));
}

/* ---------------------------------------------------------------- for people */

static void write_text(struct hn_jw *w, struct hn_arena *a, const struct hn_fix_plan *p, const char *name,
                       const char *what)
{
    struct hn_param value = {"value", p->value, NULL}, target = {"target", p->target, &value};
    const char *key = hn_arena_fmt(a, "fix.%s.%s", hn_fix_kind_name(p->kind), what).p;
    if (p->kind == HN_FIX_SETTING) { /* "path|key|style": people read path and key */
        struct hn_str rest = p->target, path = rest, setting = {"", 0};
        hn_str_split(&rest, '|', &path);
        hn_str_split(&rest, '|', &setting);
        target.value = hn_arena_fmt(a, "%.*s (%.*s)", HN_FMT(setting), HN_FMT(path));
    }
    hn_jw_key(w, name);
    hn_jw_obj(w);
    hn_jw_kstr(w, "en", hn_text(a, HN_EN, key, &target));
    hn_jw_kstr(w, "ja", hn_text(a, HN_JA, key, &target));
    hn_jw_obj_end(w);
}

static void write_meta(struct hn_jw *w, const char *key, const struct hn_fix_state_of *s)
{
    char text[64];
    snprintf(text, sizeof text, "%04o %u:%u", s->mode, s->uid, s->gid);
    hn_jw_kc(w, key, text);
}

static void write_change(struct hn_jw *w, const struct hn_fix_step *s)
{
    if (s->type == HN_FIX_STEP_COMMAND && !s->argv[0])
        return;
    hn_jw_obj(w);
    hn_jw_kc(w, "type", step_names[s->type]);
    switch (s->type) {
    case HN_FIX_STEP_COMMAND:
        write_argv(w, "argv", s->argv);
        break;
    case HN_FIX_STEP_FILE:
        hn_jw_kstr(w, "diff", s->diff);
        break;
    case HN_FIX_STEP_META:
        write_meta(w, "before", &s->before);
        write_meta(w, "after", &s->after);
        break;
    case HN_FIX_STEP_UNLINK:
        hn_jw_kstr(w, "before", s->before.link);
        break;
    case HN_FIX_STEP_WRITE:
        hn_jw_kstr(w, "before", s->former);
        hn_jw_kstr(w, "after", s->content);
        break;
    case HN_FIX_STEP_MKDIR:
        write_meta(w, "after", &s->after);
        break;
    }
    if (s->type != HN_FIX_STEP_COMMAND)
        hn_jw_kstr(w, "path", s->path);
    hn_jw_obj_end(w);
}

void hn_fix_plan_json(struct hn_jw *w, struct hn_arena *a, const struct hn_fix_plan *p)
{
    hn_jw_obj(w);
    hn_jw_kc(w, "kind", hn_fix_kind_name(p->kind));
    hn_jw_kstr(w, "target", p->target);
    hn_jw_kstr(w, "value", p->value);
    hn_jw_kc(w, "digest", p->digest);
    hn_jw_kbool(w, "undoable", p->undoable);
    hn_jw_key(w, "change");
    hn_jw_arr(w);
    for (size_t i = 0; i < p->n; i++)
        write_change(w, &p->steps[i]);
    hn_jw_arr_end(w);
    write_text(w, a, p, "title", "title");
    write_text(w, a, p, "may_break", "may-break");
    write_text(w, a, p, "undo", "undo");
    hn_jw_obj_end(w);
}
