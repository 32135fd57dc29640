/* From a typed wish to exact steps, by reading the present state. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "core/fix_in.h"
#include "format/version/version.h"

#define DROP_IN_SYSCTL "/etc/sysctl.d/90-hinomi.conf"
#define DROP_IN_SSHD   "/etc/ssh/sshd_config.d/00-hinomi.conf"

struct planner {
    struct fix_root root;
    struct hn_arena *a;
    struct hn_fix_plan *p;
    struct hn_diag *reterr;
};

#define FAIL(pl, code, ...) hn_fail((pl)->reterr, HN_E_##code, __VA_ARGS__)

/* ---------------------------------------------------------------- words */

/* All of s within the set (ASCII), not empty, not longer than most, not beginning with '-'. */
static bool made_of(struct hn_str s, const char *more, size_t most)
{
    if (!s.n || s.n > most || s.p[0] == '-')
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!isalnum((unsigned char)s.p[i]) && !strchr(more, s.p[i]))
            return false;
    return true;
}

/* One line of printable text. */
static bool one_line(struct hn_str s, size_t most)
{
    if (!s.n || s.n > most)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
            return false;
    return !hn_str_eqc(hn_str_trim(s), "") && hn_str_trim(s).n == s.n;
}

/* ---------------------------------------------------------------- steps */

/* NULL: there are too many; reterr says so. */
static struct hn_fix_step *step_new(struct planner *pl, enum hn_fix_step_type type, struct hn_str path)
{
    if (pl->p->n == HN_FIX_STEPS) {
        (void)!hn_ok(FAIL(pl, LIMIT, "too many steps"));
        return NULL;
    }
    struct hn_fix_step *s = &pl->p->steps[pl->p->n++];
    *s = (struct hn_fix_step){.type = type, .path = hn_arena_str(pl->a, path)};
    return s;
}

#define TOO_MANY ((struct hn_err){HN_E_LIMIT})

static struct hn_err step_command(struct planner *pl, const char *const *argv, const char *const *undo, bool check)
{
    struct hn_fix_step *s;
    if (!pl->root.commands)
        return HN_OK;
    s = step_new(pl, HN_FIX_STEP_COMMAND, HN_STR(""));
    if (!s)
        return TOO_MANY;
    for (size_t i = 0; argv && argv[i] && i < HN_FIX_ARGS; i++)
        s->argv[i] = argv[i];
    for (size_t i = 0; undo && undo[i] && i < HN_FIX_ARGS; i++)
        s->undo_argv[i] = undo[i];
    s->check = check;
    return HN_OK;
}

#define ARGV(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Folders on the way to path that are not there yet; only one level, as packages make the rest. */
static struct hn_err step_folder(struct planner *pl, struct hn_str path)
{
    struct hn_fix_state_of st;
    struct hn_fix_step *s;
    size_t slash = path.n;
    while (slash > 0 && path.p[slash - 1] != '/')
        slash--;
    struct hn_str folder = hn_str_cut(path, 0, slash - 1);
    HN_TRY(fix_look(&pl->root, folder, pl->a, &st, NULL, pl->reterr));
    if (st.exists)
        return HN_OK;
    s = step_new(pl, HN_FIX_STEP_MKDIR, folder);
    if (!s)
        return TOO_MANY;
    s->after = (struct hn_fix_state_of){.exists = true, .mode = 0755};
    return HN_OK;
}

/* Makes path have this text. Nothing when it does already. */
static struct hn_err step_file(struct planner *pl, struct hn_str path, struct hn_str text)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    struct hn_fix_state_of before;
    struct hn_fix_step *s;
    hn_buf_init(&b, FIX_FILE_MAX);
    HN_TRY(fix_look(&pl->root, path, pl->a, &before, &b, pl->reterr));
    if (before.link.n)
        return FAIL(pl, STATE, "%.*s is a symbolic link to %.*s; change that file by hand", HN_FMT(path),
                    HN_FMT(before.link));
    if (before.exists && hn_str_eq(hn_buf_text(&b), text))
        return HN_OK;
    if (!before.exists)
        HN_TRY(step_folder(pl, path));
    s = step_new(pl, HN_FIX_STEP_FILE, path);
    if (!s)
        return TOO_MANY;
    s->before = before;
    s->after = before.exists ? before : (struct hn_fix_state_of){.exists = true, .mode = 0644};
    s->after.mtime = 0;
    s->content = text;
    s->after.sha256 = fix_sha256(pl->a, hn_str_bytes(text));
    s->diff = fix_diff(pl->a, path, hn_arena_str(pl->a, hn_buf_text(&b)), text);
    return HN_OK;
}

/* ---------------------------------------------------------------- kernel settings */

/* sysctl.d(5): when the first separator is a '.', '.' parts the name and '/' stands for a dot in it; else as written.
 */
static struct hn_str sysctl_path(struct planner *pl, struct hn_str key)
{
    struct hn_str path = hn_arena_fmt(pl->a, "/proc/sys/%.*s", HN_FMT(key));
    ptrdiff_t dot = hn_str_chr(key, '.'), slash = hn_str_chr(key, '/');
    bool as_written = dot < 0 || (slash >= 0 && slash < dot);
    for (size_t i = strlen("/proc/sys/"); i < path.n && !as_written; i++) {
        char *c = (char *)(uintptr_t)&path.p[i];
        *c = *c == '.' ? '/' : *c == '/' ? '.' : *c;
    }
    return path;
}

static int by_name(const void *x, const void *y)
{
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

/* Names in a folder below the root that end in suffix, sorted. An absent folder has none. */
static struct hn_err list(struct planner *pl, const char *folder, const char *suffix, const char ***ret, size_t *ret_n)
{
    size_t cap = 256;
    *ret_n = 0;
    *ret = hn_arena_alloc(pl->a, cap * sizeof **ret);
    int fd = hn_open_in_root(pl->root.fd, folder, O_RDONLY | O_DIRECTORY);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    if (!d) {
        if (fd >= 0)
            close(fd);
        return fd < 0 && errno == ENOENT ? HN_OK : hn_fail_errno(pl->reterr, "%s", folder);
    }
    struct dirent *e;
    while (*ret && (e = readdir(d))) {
        struct hn_str name;
        if (e->d_name[0] == '.' || !hn_str_from_utf8(hn_bytes_of(e->d_name, strlen(e->d_name)), &name) ||
            !hn_str_ends(name, suffix))
            continue;
        if (*ret_n == cap)
            break;
        (*ret)[(*ret_n)++] = hn_arena_cstr(pl->a, name);
    }
    closedir(d);
    if (!*ret || pl->a->failed)
        return FAIL(pl, NOMEM, "%s", folder);
    if (*ret_n == cap)
        return FAIL(pl, LIMIT, "%s holds too many files", folder);
    qsort(*ret, *ret_n, sizeof **ret, by_name);
    return HN_OK;
}

static struct hn_err plan_sysctl(struct planner *pl)
{
    struct hn_str key = pl->p->target, value = pl->p->value, text;
    const char **names;
    size_t n;
    bool there;
    if (!made_of(key, "._-/", 200) || hn_str_find(key, HN_STR("..")) >= 0 || !one_line(value, 200))
        return FAIL(pl, INVALID, "not a kernel setting and its value");
    HN_TRY(list(pl, "/etc/sysctl.d", ".conf", &names, &n));
    for (size_t i = 0; i < n; i++) {
        struct hn_str path = hn_arena_fmt(pl->a, "/etc/sysctl.d/%s", names[i]);
        if (strcmp(names[i], "90-hinomi.conf") <= 0)
            continue;
        HN_TRY(fix_read(&pl->root, path, pl->a, &text, &there, pl->reterr));
        if (fix_sets_otherwise(text, key, value, FIX_STYLE_SYSCTL))
            return FAIL(pl, STATE, "%.*s is read later and sets %.*s too; change it there", HN_FMT(path), HN_FMT(key));
    }
    HN_TRY(fix_read(&pl->root, HN_STR(DROP_IN_SYSCTL), pl->a, &text, &there, pl->reterr));
    HN_TRY(step_file(pl, HN_STR(DROP_IN_SYSCTL), fix_edit_setting(pl->a, text, key, value, FIX_STYLE_SYSCTL)));
    if (!pl->root.live)
        return HN_OK;
    struct hn_str path = sysctl_path(pl, key), now;
    struct hn_fix_step *s;
    HN_TRY(fix_read(&pl->root, path, pl->a, &now, &there, pl->reterr));
    if (!there)
        return FAIL(pl, NOENT, "this kernel has no %.*s", HN_FMT(key));
    if (hn_str_eq(hn_str_trim(now), value))
        return HN_OK;
    s = step_new(pl, HN_FIX_STEP_WRITE, path);
    if (!s)
        return TOO_MANY;
    s->former = hn_str_trim(now);
    s->content = value;
    return HN_OK;
}

/* ---------------------------------------------------------------- mode, owner */

static struct hn_err look_at_target(struct planner *pl, struct hn_fix_state_of *st)
{
    struct hn_str path = pl->p->target;
    if (!fix_path_ok(path) || hn_str_starts(path, "/proc/") || hn_str_starts(path, "/sys/"))
        return FAIL(pl, INVALID, "not a path that may be changed");
    HN_TRY(fix_look(&pl->root, path, pl->a, st, NULL, pl->reterr));
    if (!st->exists)
        return FAIL(pl, NOENT, "%.*s is not there", HN_FMT(path));
    return st->link.n ? FAIL(pl, STATE, "%.*s is a symbolic link", HN_FMT(path)) : HN_OK;
}

static struct hn_err step_meta(struct planner *pl, const struct hn_fix_state_of *before, struct hn_fix_state_of after)
{
    struct hn_fix_step *s;
    if (before->mode == after.mode && before->uid == after.uid && before->gid == after.gid)
        return HN_OK;
    s = step_new(pl, HN_FIX_STEP_META, pl->p->target);
    if (!s)
        return TOO_MANY;
    s->before = *before;
    s->after = after;
    return HN_OK;
}

static struct hn_err plan_mode(struct planner *pl)
{
    struct hn_fix_state_of st = {0}, after;
    uint64_t mode;
    HN_TRY(look_at_target(pl, &st));
    if (!hn_str_u64(pl->p->value, 8, &mode) || mode > 07777)
        return FAIL(pl, INVALID, "\"%.*s\" is no octal mode", HN_FMT(pl->p->value));
    after = st;
    after.mode = (uint32_t)mode;
    return step_meta(pl, &st, after);
}

/* Number of a name, from the root's own passwd or group file. */
static struct hn_err number_of(struct planner *pl, struct hn_str name, const char *file, uint32_t *ret)
{
    struct hn_str text, line, part;
    uint64_t n;
    bool there;
    if (hn_str_u64(name, 10, &n) && n < UINT32_MAX) {
        *ret = (uint32_t)n;
        return HN_OK;
    }
    if (!made_of(name, "._-+@$", 64))
        return FAIL(pl, INVALID, "\"%.*s\" is no name", HN_FMT(name));
    HN_TRY(fix_read(&pl->root, hn_str_c(file), pl->a, &text, &there, pl->reterr));
    while (hn_str_split(&text, '\n', &line)) {
        if (!hn_str_split(&line, ':', &part) || !hn_str_eq(part, name))
            continue;
        bool third = hn_str_split(&line, ':', &part); /* the password, then the number */
        third = third && hn_str_split(&line, ':', &part);
        if (third && hn_str_u64(part, 10, &n) && n < UINT32_MAX) {
            *ret = (uint32_t)n;
            return HN_OK;
        }
    }
    return FAIL(pl, NOENT, "%s has no \"%.*s\"", file, HN_FMT(name));
}

/* Changing the owner takes setuid and setgid away, as chown(1) does for the kernel's reasons; the mode is put back. */
static struct hn_err plan_owner(struct planner *pl)
{
    struct hn_fix_state_of st = {0}, after;
    struct hn_str group = pl->p->value, user;
    HN_TRY(look_at_target(pl, &st));
    if (!hn_str_split(&group, ':', &user) || !user.n || !group.n)
        return FAIL(pl, INVALID, "the owner is written user:group");
    after = st;
    HN_TRY(number_of(pl, user, "/etc/passwd", &after.uid));
    HN_TRY(number_of(pl, group, "/etc/group", &after.gid));
    return step_meta(pl, &st, after);
}

/* ---------------------------------------------------------------- units */

#define UNIT_FAMILY 4

static bool unit_ok(struct hn_str s)
{
    static const char *const kinds[] = {".service", ".socket", ".timer", ".path", ".mount", ".target"};
    if (!made_of(s, ":_.\\@-", 255))
        return false;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (hn_str_ends(s, kinds[i]) && s.n > strlen(kinds[i]))
            return true;
    return false;
}

static struct hn_err step_unlink(struct planner *pl, struct hn_str path, bool alias, struct hn_str unit)
{
    struct hn_fix_state_of st;
    struct hn_fix_step *s;
    HN_TRY(fix_look(&pl->root, path, pl->a, &st, NULL, pl->reterr));
    bool to_unit = hn_str_eq(st.link, unit) || (st.link.n > unit.n && st.link.p[st.link.n - unit.n - 1] == '/' &&
                                                hn_str_eq(hn_str_cut(st.link, st.link.n - unit.n, st.link.n), unit));
    if (!st.link.n || (alias && !to_unit))
        return HN_OK;
    s = step_new(pl, HN_FIX_STEP_UNLINK, path);
    if (!s)
        return TOO_MANY;
    s->before = st;
    return HN_OK;
}

/* What `systemctl disable` does: the links that pull the unit in, and its aliases, below /etc/systemd/system. */
static struct hn_err unlink_all(struct planner *pl, struct hn_str unit)
{
    static const char *const pulls[] = {".wants", ".requires", ".upholds"};
    const char **names;
    size_t n;
    for (size_t k = 0; k < sizeof pulls / sizeof pulls[0]; k++) {
        HN_TRY(list(pl, "/etc/systemd/system", pulls[k], &names, &n));
        for (size_t i = 0; i < n; i++)
            HN_TRY(step_unlink(pl, hn_arena_fmt(pl->a, "/etc/systemd/system/%s/%.*s", names[i], HN_FMT(unit)), false,
                               unit));
    }
    HN_TRY(list(pl, "/etc/systemd/system", "", &names, &n));
    for (size_t i = 0; i < n; i++)
        if (!hn_str_eqc(unit, names[i]))
            HN_TRY(step_unlink(pl, hn_arena_fmt(pl->a, "/etc/systemd/system/%s", names[i]), true, unit));
    return HN_OK;
}

/* Only what runs is stopped, and started again when the fix is undone. */
static bool runs_now(struct planner *pl, const char *unit)
{
    HN_AUTO(hn_buf_done) struct hn_buf out;
    hn_buf_init(&out, 4096);
    return pl->root.commands &&
           hn_ok(fix_command(ARGV("systemctl", "is-active", "--quiet", "--", unit), pl->root.bin, 30, &out, NULL));
}

static bool unit_there(struct planner *pl, struct hn_str unit)
{
    static const char *const folders[] = {"/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"};
    struct hn_fix_state_of st;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        struct hn_str path = hn_arena_fmt(pl->a, "%s/%.*s", folders[i], HN_FMT(unit));
        if (hn_ok(fix_look(&pl->root, path, pl->a, &st, NULL, NULL)) && st.exists)
            return true;
    }
    return false;
}

/* A service, and what would start it again: its socket, timer and path. Gives how many. */
static size_t unit_family(struct planner *pl, struct hn_str unit, struct hn_str ret[UNIT_FAMILY])
{
    static const char *const starters[] = {".socket", ".timer", ".path"};
    size_t n = 0;
    ret[n++] = unit;
    for (size_t i = 0; hn_str_ends(unit, ".service") && i < sizeof starters / sizeof starters[0]; i++) {
        struct hn_str stem = hn_str_cut(unit, 0, unit.n - strlen(".service"));
        struct hn_str other = hn_arena_fmt(pl->a, "%.*s%s", HN_FMT(stem), starters[i]);
        if (unit_there(pl, other))
            ret[n++] = other;
    }
    return n;
}

/* All of them by one command: a socket that is still there would start its service again. */
static struct hn_err stop_running(struct planner *pl, const struct hn_str *units, size_t n)
{
    const char *stop[UNIT_FAMILY + 4] = {"systemctl", "stop", "--"};
    const char *start[UNIT_FAMILY + 4] = {"systemctl", "start", "--"};
    size_t running = 0;
    for (size_t i = 0; i < n; i++) {
        const char *c = hn_arena_cstr(pl->a, units[i]);
        if (c && runs_now(pl, c)) {
            stop[3 + running] = start[3 + running] = c;
            running++;
        }
    }
    return running ? step_command(pl, stop, start, false) : HN_OK;
}

static struct hn_err plan_unit_off(struct planner *pl)
{
    struct hn_str unit = pl->p->target, family[UNIT_FAMILY];
    if (!unit_ok(unit))
        return FAIL(pl, INVALID, "\"%.*s\" is no unit", HN_FMT(unit));
    size_t n = unit_family(pl, unit, family);
    HN_TRY(step_command(pl, NULL, ARGV("systemctl", "daemon-reload"), false));
    size_t first = pl->p->n;
    for (size_t i = 0; i < n; i++)
        HN_TRY(unlink_all(pl, family[i]));
    if (pl->p->n == first) {
        pl->p->n = 0;
        return FAIL(pl, STATE, "%.*s is not enabled by a link in /etc/systemd/system; mask it by hand", HN_FMT(unit));
    }
    HN_TRY(step_command(pl, ARGV("systemctl", "daemon-reload"), NULL, false));
    return stop_running(pl, family, n);
}

static struct hn_err plan_restart(struct planner *pl)
{
    const char *c = hn_arena_cstr(pl->a, pl->p->target);
    if (!unit_ok(pl->p->target) || !c)
        return FAIL(pl, INVALID, "\"%.*s\" is no unit", HN_FMT(pl->p->target));
    if (!pl->root.commands)
        return FAIL(pl, UNSUPPORTED, "nothing runs below a mounted root");
    pl->p->undoable = false;
    return step_command(pl, ARGV("systemctl", "restart", "--", c), NULL, false);
}

/* ---------------------------------------------------------------- sshd */

static struct hn_err plan_sshd(struct planner *pl)
{
    static const char main_file[] = "/etc/ssh/sshd_config";
    struct hn_str key = pl->p->target, value = pl->p->value, text, main_text;
    const char **names;
    size_t n;
    bool there;
    if (!made_of(key, "", 64) || !one_line(value, 300))
        return FAIL(pl, INVALID, "not an option of the SSH server and its value");
    HN_TRY(fix_read(&pl->root, hn_str_c(main_file), pl->a, &main_text, &there, pl->reterr));
    if (!there)
        return FAIL(pl, NOENT, "%s is not there", main_file);
    HN_TRY(step_command(pl, NULL, ARGV("systemctl", "reload", "ssh.service"), false));
    size_t first = pl->p->n;
    bool drop_in = fix_sshd_first(main_text, key) == FIX_SSHD_INCLUDE;
    if (drop_in) {
        HN_TRY(list(pl, "/etc/ssh/sshd_config.d", ".conf", &names, &n));
        for (size_t i = 0; i < n && strcmp(names[i], "00-hinomi.conf") < 0; i++) {
            struct hn_str path = hn_arena_fmt(pl->a, "/etc/ssh/sshd_config.d/%s", names[i]);
            HN_TRY(fix_read(&pl->root, path, pl->a, &text, &there, pl->reterr));
            if (fix_sshd_first(text, key) == FIX_SSHD_KEY)
                return FAIL(pl, STATE, "%.*s is read first and sets %.*s; change it there", HN_FMT(path), HN_FMT(key));
        }
        HN_TRY(fix_read(&pl->root, HN_STR(DROP_IN_SSHD), pl->a, &text, &there, pl->reterr));
        HN_TRY(step_file(pl, HN_STR(DROP_IN_SSHD), fix_edit_sshd(pl->a, text, key, value)));
    } else {
        HN_TRY(step_file(pl, hn_str_c(main_file), fix_edit_sshd(pl->a, main_text, key, value)));
    }
    if (pl->p->n == first) { /* it is so already: nothing to check or to load */
        pl->p->n = 0;
        return HN_OK;
    }
    HN_TRY(step_command(pl, ARGV("sshd", "-t"), NULL, true));
    return step_command(pl, ARGV("systemctl", "reload", "ssh.service"), NULL, false);
}

/* ---------------------------------------------------------------- settings, packages */

static struct hn_err plan_setting(struct planner *pl)
{
    struct hn_str rest = pl->p->target, path, key, style, text;
    bool there, spaces;
    if (!hn_str_split(&rest, '|', &path) || !hn_str_split(&rest, '|', &key) || !hn_str_split(&rest, '|', &style) ||
        !fix_path_ok(path) || !hn_str_starts(path, "/etc/") || !made_of(key, "._-", 100) ||
        !one_line(pl->p->value, 500))
        return FAIL(pl, INVALID, "not path|key|style below /etc and a value");
    spaces = hn_str_eqc(style, "space");
    if (!spaces && !hn_str_eqc(style, "equals"))
        return FAIL(pl, INVALID, "style must be space or equals");
    HN_TRY(fix_read(&pl->root, path, pl->a, &text, &there, pl->reterr));
    text = fix_edit_setting(pl->a, text, key, pl->p->value, spaces ? FIX_STYLE_SPACE : FIX_STYLE_EQUALS);
    return step_file(pl, path, text);
}

/* Version of an installed package, from the status file: the stanza with this name (and architecture, when given). */
static struct hn_str installed_version(struct hn_str status, struct hn_str name, struct hn_str arch)
{
    struct hn_str line, version = {0}, none = {0};
    bool named = false, here = !arch.n, installed = false;
    while (hn_str_split(&status, '\n', &line)) {
        if (!line.n) {
            if (named && here && installed)
                return version;
            named = installed = false;
            here = !arch.n;
            version = none;
        } else if (hn_str_starts(line, "Package: ")) {
            named = hn_str_eq(hn_str_trim(hn_str_cut(line, 9, line.n)), name);
        } else if (hn_str_starts(line, "Architecture: ")) {
            struct hn_str a = hn_str_trim(hn_str_cut(line, 14, line.n));
            here = !arch.n || hn_str_eq(a, arch) || hn_str_eqc(a, "all");
        } else if (hn_str_starts(line, "Status: ")) {
            installed = hn_str_ends(line, " installed");
        } else if (hn_str_starts(line, "Version: ")) {
            version = hn_str_trim(hn_str_cut(line, 9, line.n));
        }
    }
    return named && here && installed ? version : none;
}

#define STATUS_MAX ((size_t)64 << 20)

#define UPGRADES_MAX 24u

struct upgrade { /* apt-get's arguments: the same options, then one package after the other */
    const char *to[HN_FIX_ARGS + 1], *back[HN_FIX_ARGS + 1];
    size_t n, n_back, packages;
};

/* One package and the version it is to have at least. */
static struct hn_err plan_package(struct planner *pl, struct upgrade *u, struct hn_str status, struct hn_str target,
                                  struct hn_str value)
{
    struct hn_str arch = target, name;
    hn_str_split(&arch, ':', &name);
    arch = name.n == target.n ? (struct hn_str){0} : arch;
    if (!made_of(name, "+.-", 128) || (arch.n && !made_of(arch, "-", 32)) || !made_of(value, ".+:~-", 128) ||
        !hn_version_deb_valid(hn_str_bytes(value)) || u->packages == UPGRADES_MAX)
        return FAIL(pl, INVALID, "not a package and a version");
    struct hn_str now = installed_version(status, name, arch);
    if (!now.n)
        return FAIL(pl, NOENT, "%.*s is not installed", HN_FMT(target));
    if (hn_version_deb_cmp(hn_str_bytes(now), hn_str_bytes(value)) >= 0)
        return HN_OK;
    u->to[u->n++] = hn_arena_fmt(pl->a, "%.*s=%.*s", HN_FMT(target), HN_FMT(value)).p;
    u->back[u->n_back++] = hn_arena_fmt(pl->a, "%.*s=%.*s", HN_FMT(target), HN_FMT(now)).p;
    u->packages++;
    return HN_OK;
}

static struct hn_err plan_packages(struct planner *pl, struct upgrade *u, struct hn_str status)
{
    struct hn_str targets = pl->p->target, values = pl->p->value, target, value = {0}, next;
    size_t n_targets = 0, n_values = 0;
    while (hn_str_word(&targets, &target)) {
        if (hn_str_word(&values, &next)) {
            value = next;
            n_values++;
        }
        n_targets++;
        HN_TRY(plan_package(pl, u, status, target, value));
    }
    if (!n_targets || (n_values != 1 && n_values != n_targets) || hn_str_word(&values, &next))
        return FAIL(pl, INVALID, "not a package and a version");
    return HN_OK;
}

/* Binary packages of one source go up together: one version for all, or one for each. */
static struct hn_err plan_upgrade(struct planner *pl)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    struct hn_str status;
    struct upgrade u = {.to = {"apt-get", "install", "--only-upgrade", "--yes", "--no-remove", "-o",
                               "Dpkg::Options::=--force-confold", "--"},
                        .back = {"apt-get", "install", "--allow-downgrades", "--yes", "--no-remove", "-o",
                                 "Dpkg::Options::=--force-confold", "--"},
                        .n = 8,
                        .n_back = 8};
    hn_buf_init(&b, STATUS_MAX);
    HN_AUTO_FD fd = hn_open_in_root(pl->root.fd, "/var/lib/dpkg/status", O_RDONLY);
    if (fd < 0)
        return hn_fail_errno(pl->reterr, "/var/lib/dpkg/status");
    HN_TRY(hn_read_fd(fd, &b, pl->reterr));
    if (!hn_str_from_utf8(hn_str_bytes(hn_buf_text(&b)), &status))
        return FAIL(pl, STATE, "/var/lib/dpkg/status is damaged; repair it first");
    HN_TRY(plan_packages(pl, &u, status));
    if (!u.packages)
        return HN_OK;
    if (!pl->root.commands)
        return FAIL(pl, UNSUPPORTED, "below a mounted root packages are upgraded by its own tools: %s", u.to[8]);
    return step_command(pl, u.to, u.back, false);
}

/* ---------------------------------------------------------------- */

static struct hn_err plan_kind(struct planner *pl)
{
    switch (pl->p->kind) {
    case HN_FIX_UPGRADE:
        return plan_upgrade(pl);
    case HN_FIX_SYSCTL:
        return plan_sysctl(pl);
    case HN_FIX_MODE:
        return plan_mode(pl);
    case HN_FIX_OWNER:
        return plan_owner(pl);
    case HN_FIX_UNIT_OFF:
        return plan_unit_off(pl);
    case HN_FIX_SSHD:
        return plan_sshd(pl);
    case HN_FIX_RESTART:
        return plan_restart(pl);
    case HN_FIX_SETTING:
        return plan_setting(pl);
    case HN_FIX_NONE:
        break;
    }
    return FAIL(pl, INVALID, "there is no fix of this kind");
}

struct hn_err hn_fix_plan(const struct hn_fix_env *env, enum hn_fix_kind kind, struct hn_str target,
                          struct hn_str value, struct hn_arena *a, struct hn_fix_plan *ret, struct hn_diag *reterr)
{
    struct planner pl = {.a = a, .p = ret, .reterr = reterr};
    *ret = (struct hn_fix_plan){.kind = kind, .target = target, .value = value, .undoable = true};
    HN_TRY(fix_root_open(env, &pl.root, reterr));
    struct hn_err e = plan_kind(&pl);
    close(pl.root.fd);
    if (!hn_ok(e))
        return e;
    fix_digest(a, ret);
    return a->failed ? hn_fail(reterr, HN_E_NOMEM, "plan") : HN_OK;
}
