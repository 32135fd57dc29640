/* Making a planned change, and taking it back. The journal is ahead of the deed: "begin 3" is on disk before step 3
 * touches anything, so that after a crash every step is known to be untouched, done, or in between; and in between is
 * one atomic rename, one chown and chmod, one link. Taking back looks at the present state of the file: what is as
 * before needs nothing, what is as after is restored, anything else was changed by somebody and is left alone, loudly.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/fix_in.h"
#include "core/render.h"

#define JOURNAL_MAX     ((size_t)16 << 20)
#define MEMORY          ((size_t)64 << 20)
#define OUTPUT_MAX      ((size_t)16 << 10)
#define COMMAND_SECONDS 120u
#define APT_SECONDS     1800u

enum phase { PHASE_NONE, PHASE_BEGUN, PHASE_APPLIED, PHASE_UNDOING, PHASE_UNDONE };

struct work {
    const struct hn_fix_env *env;
    const char *id;
    struct hn_arena arena;
    struct fix_root root;
    int dir, journal; /* HINOMI_HOME/fixes/<id>, its journal */
    struct hn_fix_plan plan;
    enum phase phase;
    bool begun[HN_FIX_STEPS], back[HN_FIX_STEPS];
    struct hn_diag *reterr;
};

/* ---------------------------------------------------------------- journal */

static void entry_begin(struct hn_jw *w, struct hn_buf *b, const char *what)
{
    hn_buf_init(b, JOURNAL_MAX);
    hn_jw_init(w, b);
    hn_jw_obj(w);
    hn_jw_ktime(w, "at", hn_now());
    hn_jw_kc(w, "what", what);
}

/* On disk when it returns. */
static struct hn_err entry_end(struct work *k, struct hn_jw *w, struct hn_buf *b)
{
    hn_jw_obj_end(w);
    hn_buf_chr(b, '\n');
    struct hn_err e = hn_buf_err(b);
    if (hn_ok(e))
        e = hn_write_all(k->journal, b->p, b->n);
    hn_buf_done(b);
    fix_point();
    if (hn_ok(e) && fsync(k->journal) < 0)
        e = hn_fail_errno(k->reterr, "journal");
    fix_point();
    return e;
}

static struct hn_err note(struct work *k, const char *what, int step, const char *key, struct hn_str text)
{
    struct hn_buf b;
    struct hn_jw w;
    entry_begin(&w, &b, what);
    if (step >= 0)
        hn_jw_kint(&w, "step", step);
    if (key)
        hn_jw_kstr(&w, key, text);
    return entry_end(k, &w, &b);
}

static struct hn_err note_plan(struct work *k)
{
    struct hn_buf b;
    struct hn_jw w;
    entry_begin(&w, &b, "plan");
    hn_jw_kc(&w, "kind", hn_fix_kind_name(k->plan.kind));
    hn_jw_kstr(&w, "target", k->plan.target);
    hn_jw_kstr(&w, "value", k->plan.value);
    hn_jw_kc(&w, "digest", k->plan.digest);
    hn_jw_kstr(&w, "root", hn_str_c(k->env->root ? k->env->root : "/"));
    hn_jw_kbool(&w, "undoable", k->plan.undoable);
    hn_jw_key(&w, "steps");
    fix_steps_json(&w, &k->plan);
    return entry_end(k, &w, &b);
}

static bool read_plan(struct work *k, const struct hn_jv *v)
{
    struct hn_str root = hn_jv_str(v, "root");
    k->plan.target = hn_jv_str(v, "target");
    k->plan.value = hn_jv_str(v, "value");
    k->plan.undoable = hn_jv_bool(v, "undoable", false);
    return hn_fix_kind_parse(hn_jv_str(v, "kind"), &k->plan.kind) &&
           hn_str_eqc(root, k->env->root ? k->env->root : "/") &&
           fix_steps_read(&k->arena, hn_jv_get(v, "steps"), &k->plan);
}

static bool read_entry(struct work *k, const struct hn_jv *v)
{
    struct hn_str what = hn_jv_str(v, "what");
    int64_t step = hn_jv_int(v, "step", -1);
    bool has_step = step >= 0 && step < (int64_t)k->plan.n;
    if (hn_str_eqc(what, "plan")) {
        k->phase = PHASE_BEGUN;
        return read_plan(k, v);
    }
    if (hn_str_eqc(what, "begin") && has_step)
        k->begun[step] = true;
    else if (hn_str_eqc(what, "taken-back") && has_step)
        k->back[step] = true;
    else if (hn_str_eqc(what, "applied"))
        k->phase = PHASE_APPLIED;
    else if (hn_str_eqc(what, "undoing"))
        k->phase = PHASE_UNDOING;
    else if (hn_str_eqc(what, "undone"))
        k->phase = PHASE_UNDONE;
    else
        return hn_str_eqc(what, "done") || hn_str_eqc(what, "failed");
    return true;
}

/* Reads what is there; a last line without its end was being written when the process died, and says nothing yet: it is
 * cut off, so that what is appended begins a line of its own. */
static struct hn_err journal_read(struct work *k)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    struct hn_bytes rest, own;
    hn_buf_init(&b, JOURNAL_MAX);
    HN_TRY(hn_read_fd(k->journal, &b, k->reterr));
    while (b.n && b.p[b.n - 1] != '\n')
        b.n--;
    if (ftruncate(k->journal, (off_t)b.n) < 0)
        return hn_fail_errno(k->reterr, "journal");
    own = hn_arena_bytes(&k->arena, hn_str_bytes(hn_buf_text(&b)));
    rest = own;
    struct hn_bytes line;
    for (unsigned n = 1; hn_bytes_line(&rest, &line); n++) {
        const struct hn_jv *v = hn_jv_parse(&k->arena, line, NULL);
        if (!v || !read_entry(k, v))
            return hn_fail(k->reterr, HN_E_CORRUPT, "the journal of fix %s is damaged in line %u", k->id, n);
    }
    return k->arena.failed ? hn_fail(k->reterr, HN_E_NOMEM, "journal") : HN_OK;
}

/* ---------------------------------------------------------------- opening */

static bool id_ok(const char *id)
{
    size_t n = strlen(id);
    return n > 0 && n <= 64 && strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

static void work_done(struct work *k)
{
    if (k->dir >= 0)
        close(k->dir);
    if (k->journal >= 0)
        close(k->journal);
    if (k->root.fd >= 0)
        close(k->root.fd);
    hn_arena_done(&k->arena);
}

/* The names of the journal and of its folder, too, must outlive a power failure. */
static struct hn_err sync_folders(struct work *k)
{
    HN_AUTO_FD above = openat(k->dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    HN_AUTO_FD home = openat(k->dir, "../..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fsync(k->dir) < 0 || above < 0 || fsync(above) < 0 || home < 0 || fsync(home) < 0)
        return hn_fail_errno(k->reterr, "folder of fix %s", k->id);
    return HN_OK;
}

/* create false: NOENT when there is no such fix. Holds the fix for itself: BUSY when another process works on it. */
static struct hn_err work_open(struct work *k, const struct hn_fix_env *env, const char *id, bool create,
                               struct hn_diag *reterr)
{
    char path[4096];
    *k = (struct work){.env = env, .id = id, .dir = -1, .journal = -1, .root.fd = -1, .reterr = reterr};
    hn_arena_init(&k->arena, MEMORY);
    int n = id_ok(id) ? snprintf(path, sizeof path, "%s/fixes/%s", env->home, id) : -1;
    if (n < 0 || (size_t)n >= sizeof path)
        return hn_fail(reterr, HN_E_INVALID, "not the id of a fix");
    if (create)
        HN_TRY(hn_mkdirs(path, 0700, reterr));
    k->dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (k->dir < 0)
        return hn_fail_errno(reterr, "fix %s", id);
    if (flock(k->dir, LOCK_EX | LOCK_NB) < 0)
        return hn_fail(reterr, HN_E_BUSY, "fix %s is being worked on", id);
    k->journal = openat(k->dir, "journal", O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC | (create ? O_CREAT : 0), 0600);
    if (k->journal < 0)
        return hn_fail_errno(reterr, "journal of fix %s", id);
    if (create)
        HN_TRY(sync_folders(k));
    HN_TRY(journal_read(k));
    return fix_root_open(env, &k->root, reterr);
}

/* ---------------------------------------------------------------- doing one step */

static void temp_name(const struct work *k, size_t i, char *out, size_t room)
{
    snprintf(out, room, ".hinomi-%.64s-%zu", k->id, i);
}

static struct hn_err run(struct work *k, const char *const *argv, struct hn_str *ret_output)
{
    HN_AUTO(hn_buf_done) struct hn_buf out;
    hn_buf_init(&out, OUTPUT_MAX);
    bool apt = strcmp(argv[0], "apt-get") == 0;
    struct hn_err e = fix_command(argv, k->root.bin, apt ? APT_SECONDS : COMMAND_SECONDS, &out, k->reterr);
    struct hn_str said = hn_arena_str(&k->arena, hn_buf_text(&out));
    *ret_output = hn_str_from_hostile(&k->arena, hn_str_bytes(said), OUTPUT_MAX * 4);
    return e;
}

static struct hn_err do_write(struct work *k, struct hn_str path, struct hn_str value)
{
    const char *c = hn_arena_cstr(&k->arena, path);
    HN_AUTO_FD fd = c ? hn_open_in_root(k->root.fd, c, O_WRONLY) : -1;
    if (fd < 0 || write(fd, value.p, value.n) != (ssize_t)value.n)
        return hn_fail_errno(k->reterr, "%.*s", HN_FMT(path));
    return HN_OK;
}

static struct hn_err do_mkdir(struct work *k, const struct hn_fix_step *s)
{
    const char *name;
    HN_AUTO_FD dir = fix_parent(&k->root, s->path, &k->arena, &name);
    if (dir < 0 || mkdirat(dir, name, s->after.mode) < 0 || fchmodat(dir, name, s->after.mode, 0) < 0 || fsync(dir) < 0)
        return hn_fail_errno(k->reterr, "%.*s", HN_FMT(s->path));
    return HN_OK;
}

static struct hn_err do_unlink(struct work *k, const struct hn_fix_step *s)
{
    const char *name;
    struct hn_fix_state_of now;
    HN_TRY(fix_look(&k->root, s->path, &k->arena, &now, NULL, k->reterr));
    HN_AUTO_FD dir = fix_parent(&k->root, s->path, &k->arena, &name);
    if (dir < 0 || !now.exists || !hn_str_eq(now.sha256, s->before.sha256))
        return hn_fail(k->reterr, HN_E_STATE, "%.*s changed meanwhile", HN_FMT(s->path));
    if (unlinkat(dir, name, 0) < 0 || fsync(dir) < 0)
        return hn_fail_errno(k->reterr, "%.*s", HN_FMT(s->path));
    return HN_OK;
}

/* Looks once more, as close to the rename as can be. */
static struct hn_err do_file(struct work *k, const struct hn_fix_step *s, size_t i)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    struct hn_fix_state_of now;
    char tmp[100];
    hn_buf_init(&b, FIX_FILE_MAX);
    HN_TRY(fix_look(&k->root, s->path, &k->arena, &now, &b, k->reterr));
    if (now.exists != s->before.exists || (now.exists && !hn_str_eq(now.sha256, s->before.sha256)))
        return hn_fail(k->reterr, HN_E_STATE, "%.*s changed meanwhile", HN_FMT(s->path));
    temp_name(k, i, tmp, sizeof tmp);
    return fix_replace(&k->root, s->path, hn_str_bytes(s->content), &s->after, tmp, &k->arena, k->reterr);
}

static struct hn_err do_step(struct work *k, size_t i)
{
    const struct hn_fix_step *s = &k->plan.steps[i];
    struct hn_str output = {0};
    HN_TRY(note(k, "begin", (int)i, NULL, output));
    struct hn_err e = HN_OK;
    switch (s->type) {
    case HN_FIX_STEP_FILE:
        e = do_file(k, s, i);
        break;
    case HN_FIX_STEP_META:
        e = fix_set_meta(&k->root, s->path, &s->after, &k->arena, k->reterr);
        break;
    case HN_FIX_STEP_UNLINK:
        e = do_unlink(k, s);
        break;
    case HN_FIX_STEP_MKDIR:
        e = do_mkdir(k, s);
        break;
    case HN_FIX_STEP_WRITE:
        e = do_write(k, s->path, s->content);
        break;
    case HN_FIX_STEP_COMMAND:
        if (s->argv[0])
            e = run(k, s->argv, &output);
        if (s->check && e.code == HN_E_NOENT) /* what would check it is not installed */
            e = HN_OK;
        break;
    }
    fix_point();
    HN_TRY(e);
    return note(k, "done", (int)i, output.n ? "output" : NULL, output);
}

/* ---------------------------------------------------------------- taking one step back */

static struct hn_err changed_since(struct work *k, const struct hn_fix_step *s)
{
    return hn_fail(k->reterr, HN_E_STATE, "%.*s was changed since by somebody else; it is left as it is",
                   HN_FMT(s->path));
}

static struct hn_err back_file(struct work *k, const struct hn_fix_step *s, size_t i)
{
    HN_AUTO(hn_buf_done) struct hn_buf now_text, former;
    struct hn_fix_state_of now;
    char name[100];
    const char *base;
    hn_buf_init(&now_text, FIX_FILE_MAX);
    hn_buf_init(&former, FIX_FILE_MAX);
    temp_name(k, i, name, sizeof name);
    HN_AUTO_FD dir = fix_parent(&k->root, s->path, &k->arena, &base);
    if (dir < 0) /* its folder was never made */
        return errno == ENOENT && !s->before.exists ? HN_OK : hn_fail_errno(k->reterr, "%.*s", HN_FMT(s->path));
    unlinkat(dir, name, 0);
    HN_TRY(fix_look(&k->root, s->path, &k->arena, &now, &now_text, k->reterr));
    if (now.exists == s->before.exists && (!now.exists || hn_str_eq(now.sha256, s->before.sha256)))
        return HN_OK;
    if (!now.exists || !hn_str_eq(now.sha256, s->after.sha256))
        return changed_since(k, s);
    if (!s->before.exists) {
        if (unlinkat(dir, base, 0) < 0 || fsync(dir) < 0)
            return hn_fail_errno(k->reterr, "%.*s", HN_FMT(s->path));
        return HN_OK;
    }
    snprintf(name, sizeof name, "%zu.before", i);
    HN_AUTO_FD fd = openat(k->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return hn_fail_errno(k->reterr, "copy of %.*s", HN_FMT(s->path));
    HN_TRY(hn_read_fd(fd, &former, k->reterr));
    if (!hn_str_eq(fix_sha256(&k->arena, hn_str_bytes(hn_buf_text(&former))), s->before.sha256))
        return hn_fail(k->reterr, HN_E_CORRUPT, "the copy of %.*s is damaged", HN_FMT(s->path));
    temp_name(k, i, name, sizeof name);
    return fix_replace(&k->root, s->path, hn_str_bytes(hn_buf_text(&former)), &s->before, name, &k->arena, k->reterr);
}

/* Between chown and chmod both owner and mode may be either; anything else is somebody's. */
static struct hn_err back_meta(struct work *k, const struct hn_fix_step *s)
{
    struct hn_fix_state_of now;
    const struct hn_fix_state_of *b = &s->before, *a = &s->after;
    HN_TRY(fix_look(&k->root, s->path, &k->arena, &now, NULL, k->reterr));
    bool owner = (now.uid == a->uid && now.gid == a->gid) || (now.uid == b->uid && now.gid == b->gid);
    bool mode = now.mode == a->mode || now.mode == b->mode || now.mode == (b->mode & ~06000u) ||
                now.mode == (a->mode & ~06000u);
    if (!now.exists || now.link.n || !owner || !mode)
        return changed_since(k, s);
    return fix_set_meta(&k->root, s->path, b, &k->arena, k->reterr);
}

static struct hn_err back_link(struct work *k, const struct hn_fix_step *s)
{
    struct hn_fix_state_of now;
    const char *name;
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
                                {.tv_sec = s->before.mtime / HN_SECOND, .tv_nsec = s->before.mtime % HN_SECOND}};
    HN_AUTO_FD dir = fix_parent(&k->root, s->path, &k->arena, &name);
    HN_TRY(fix_look(&k->root, s->path, &k->arena, &now, NULL, k->reterr));
    const char *target = hn_arena_cstr(&k->arena, s->before.link);
    if (now.exists && !hn_str_eq(now.sha256, s->before.sha256))
        return changed_since(k, s);
    if (dir < 0 || !target || (!now.exists && symlinkat(target, dir, name) < 0) ||
        fchownat(dir, name, s->before.uid, s->before.gid, AT_SYMLINK_NOFOLLOW) < 0 ||
        utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW) < 0 || fsync(dir) < 0)
        return hn_fail_errno(k->reterr, "%.*s", HN_FMT(s->path));
    return HN_OK;
}

/* A folder in which somebody put something meanwhile stays. */
static struct hn_err back_folder(struct work *k, const struct hn_fix_step *s)
{
    const char *name;
    HN_AUTO_FD dir = fix_parent(&k->root, s->path, &k->arena, &name);
    if (dir < 0 || (unlinkat(dir, name, AT_REMOVEDIR) < 0 && errno != ENOENT && errno != ENOTEMPTY && errno != EEXIST))
        return hn_fail_errno(k->reterr, "%.*s", HN_FMT(s->path));
    return fsync(dir) < 0 ? hn_fail_errno(k->reterr, "%.*s", HN_FMT(s->path)) : HN_OK;
}

static struct hn_err back_step(struct work *k, size_t i)
{
    const struct hn_fix_step *s = &k->plan.steps[i];
    struct hn_str output = {0};
    struct hn_err e = HN_OK;
    switch (s->type) {
    case HN_FIX_STEP_FILE:
        e = back_file(k, s, i);
        break;
    case HN_FIX_STEP_META:
        e = back_meta(k, s);
        break;
    case HN_FIX_STEP_UNLINK:
        e = back_link(k, s);
        break;
    case HN_FIX_STEP_MKDIR:
        e = back_folder(k, s);
        break;
    case HN_FIX_STEP_WRITE:
        e = do_write(k, s->path, s->former);
        break;
    case HN_FIX_STEP_COMMAND:
        if (s->undo_argv[0] && k->root.commands)
            e = run(k, s->undo_argv, &output);
        break;
    }
    fix_point();
    HN_TRY(e);
    return note(k, "taken-back", (int)i, output.n ? "output" : NULL, output);
}

/* In reverse. A step that cannot be taken back does not keep the others from it; the first such failure is told. */
static struct hn_err take_back(struct work *k, const char *why)
{
    struct hn_err first = HN_OK;
    struct hn_diag told = {{0}};
    if (k->phase != PHASE_UNDOING)
        HN_TRY(note(k, "undoing", -1, "why", hn_str_c(why)));
    k->phase = PHASE_UNDOING;
    for (size_t i = k->plan.n; i-- > 0;) {
        if (!k->begun[i] || k->back[i])
            continue;
        struct hn_err e = back_step(k, i);
        k->back[i] = hn_ok(e);
        if (hn_ok(e) || !hn_ok(first))
            continue;
        first = e;
        if (k->reterr)
            told = *k->reterr;
    }
    if (hn_ok(first)) {
        k->phase = PHASE_UNDONE;
        return note(k, "undone", -1, NULL, HN_STR(""));
    }
    if (k->reterr)
        *k->reterr = told;
    return first;
}

/* ---------------------------------------------------------------- applying */

/* Copies of everything that will be replaced, on disk before the first step. */
static struct hn_err keep_copies(struct work *k)
{
    for (size_t i = 0; i < k->plan.n; i++) {
        const struct hn_fix_step *s = &k->plan.steps[i];
        HN_AUTO(hn_buf_done) struct hn_buf b;
        struct hn_fix_state_of now;
        char name[40];
        hn_buf_init(&b, FIX_FILE_MAX);
        if (s->type != HN_FIX_STEP_FILE || !s->before.exists)
            continue;
        HN_TRY(fix_look(&k->root, s->path, &k->arena, &now, &b, k->reterr));
        if (!hn_str_eq(now.sha256, s->before.sha256))
            return hn_fail(k->reterr, HN_E_STATE, "%.*s changed meanwhile", HN_FMT(s->path));
        snprintf(name, sizeof name, "%zu.before", i);
        HN_TRY(hn_write_atomic(k->dir, name, hn_str_bytes(hn_buf_text(&b)), 0600, k->reterr));
        fix_point();
    }
    return HN_OK;
}

static struct hn_err make_change(struct work *k)
{
    struct hn_err e = keep_copies(k);
    if (hn_ok(e))
        e = note_plan(k);
    if (!hn_ok(e))
        return e;
    k->phase = PHASE_BEGUN;
    for (size_t i = 0; i < k->plan.n && hn_ok(e); i++) {
        k->begun[i] = true;
        e = do_step(k, i);
    }
    if (hn_ok(e)) {
        k->phase = PHASE_APPLIED;
        return note(k, "applied", -1, NULL, HN_STR(""));
    }
    struct hn_diag why = k->reterr ? *k->reterr : (struct hn_diag){{0}};
    struct hn_diag *told = k->reterr;
    struct hn_diag again = {{0}};
    k->reterr = &again;
    struct hn_err back =
        note(k, "failed", -1, "error", hn_str_from_hostile(&k->arena, hn_bytes_of(why.msg, strlen(why.msg)), 600));
    if (hn_ok(back))
        back = take_back(k, "a step failed");
    k->reterr = told;
    if (hn_ok(back))
        return e;
    return hn_fail(told, HN_E_STATE, "%.200s; and taking it back failed: %.200s", why.msg, again.msg);
}

static struct hn_err apply(struct work *k, enum hn_fix_kind kind, struct hn_str target, struct hn_str value,
                           struct hn_str digest)
{
    switch (k->phase) {
    case PHASE_APPLIED:
        return HN_OK;
    case PHASE_BEGUN:
    case PHASE_UNDOING:
        HN_TRY(take_back(k, "interrupted"));
        return hn_fail(k->reterr, HN_E_STATE, "fix %s was interrupted and has been taken back; ask for a new one",
                       k->id);
    case PHASE_UNDONE:
        return hn_fail(k->reterr, HN_E_STATE, "fix %s was undone; ask for a new one", k->id);
    case PHASE_NONE:
        break;
    }
    HN_TRY(hn_fix_plan(k->env, kind, target, value, &k->arena, &k->plan, k->reterr));
    if (digest.n && !hn_str_eqc(digest, k->plan.digest))
        return hn_fail(k->reterr, HN_E_STATE, "what would be changed is no longer what was shown; look at it again");
    return make_change(k);
}

struct hn_err hn_fix_apply(const struct hn_fix_env *env, const char *id, enum hn_fix_kind kind, struct hn_str target,
                           struct hn_str value, struct hn_str digest, struct hn_diag *reterr)
{
    struct work k;
    struct hn_diag own = {{0}};
    struct hn_err e = work_open(&k, env, id, true, reterr ? reterr : &own);
    if (hn_ok(e))
        e = apply(&k, kind, target, value, digest);
    work_done(&k);
    return e;
}

struct hn_err hn_fix_undo(const struct hn_fix_env *env, const char *id, struct hn_diag *reterr)
{
    struct work k;
    struct hn_diag own = {{0}};
    struct hn_err e = work_open(&k, env, id, false, reterr ? reterr : &own);
    if (hn_ok(e) && k.phase == PHASE_NONE)
        e = hn_fail(k.reterr, HN_E_STATE, "fix %s did nothing", id);
    else if (hn_ok(e) && k.phase != PHASE_UNDONE && !k.plan.undoable)
        e = hn_fail(k.reterr, HN_E_STATE, "fix %s cannot be undone", id);
    else if (hn_ok(e) && k.phase != PHASE_UNDONE)
        e = take_back(&k, "asked for");
    work_done(&k);
    return e;
}

struct hn_err hn_fix_recover(const struct hn_fix_env *env, const char *id, const char **ret_state,
                             struct hn_diag *reterr)
{
    static const char *const states[] = {[PHASE_NONE] = "none",
                                         [PHASE_APPLIED] = "applied",
                                         [PHASE_UNDONE] = "undone",
                                         [PHASE_BEGUN] = "failed",
                                         [PHASE_UNDOING] = "failed"};
    struct work k;
    struct hn_diag own = {{0}};
    struct hn_err e = work_open(&k, env, id, false, reterr ? reterr : &own);
    *ret_state = "none";
    if (e.code == HN_E_NOENT) {
        work_done(&k);
        return HN_OK;
    }
    if (hn_ok(e) && (k.phase == PHASE_BEGUN || k.phase == PHASE_UNDOING))
        e = take_back(&k, "interrupted");
    *ret_state = states[k.phase];
    work_done(&k);
    return e;
}

struct hn_err hn_fix_journal(const struct hn_fix_env *env, const char *id, struct hn_buf *out, struct hn_diag *reterr)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    char path[4096];
    struct hn_bytes rest, line;
    const char *between = "";
    hn_buf_init(&b, JOURNAL_MAX);
    int n = id_ok(id) ? snprintf(path, sizeof path, "%s/fixes/%s/journal", env->home, id) : -1;
    if (n < 0 || (size_t)n >= sizeof path)
        return hn_fail(reterr, HN_E_INVALID, "not the id of a fix");
    struct hn_err e = hn_read_file(path, &b, reterr);
    if (!hn_ok(e) && e.code != HN_E_NOENT)
        return e;
    rest = hn_str_bytes(hn_buf_text(&b));
    hn_buf_chr(out, '[');
    while (hn_bytes_line(&rest, &line)) {
        HN_AUTO(hn_arena_done) struct hn_arena a;
        hn_arena_init(&a, JOURNAL_MAX * 4);
        if (!hn_jv_parse(&a, line, NULL)) /* cut off by a crash */
            continue;
        hn_buf_c(out, between);
        hn_buf_add(out, line.p, line.n);
        between = ",";
    }
    hn_buf_chr(out, ']');
    return hn_buf_err(out);
}
