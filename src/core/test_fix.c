/* Fixes below made-up roots in a temporary folder: every kind, what is refused, undoing to the byte, and being killed.
 */
#include "hn_test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>

#include "base/str.h"
#include "core/fix_in.h"

/* ---------------------------------------------------------------- a root */

struct fixture {
    struct hn_arena arena;
    char top[64], root[80], home[80], bin[80];
    struct hn_fix_env env;
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
    return remove(path);
}

static void put(struct fixture *x, const char *path, const char *text, mode_t mode)
{
    char full[512]; /* nothing here may fail for want of memory */
    snprintf(full, sizeof full, "%s%s", x->root, path);
    const struct timespec times[2] = {{.tv_sec = 1700000000}, {.tv_sec = 1700000000, .tv_nsec = 123456789}};
    char *slash = strrchr(full, '/');
    *slash = '\0';
    if (!hn_ok(hn_mkdirs(full, 0755, NULL)))
        abort();
    *slash = '/';
    int fd = open(full, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || fchmod(fd, mode) < 0 ||
        futimens(fd, times) < 0)
        abort();
    close(fd);
}

static void put_link(struct fixture *x, const char *path, const char *target)
{
    put(x, path, "", 0644);
    char full[512];
    snprintf(full, sizeof full, "%s%s", x->root, path);
    if (unlink(full) < 0 || symlink(target, full) < 0)
        abort();
}

static const char *get(struct fixture *x, const char *path)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    char full[512];
    snprintf(full, sizeof full, "%s%s", x->root, path);
    hn_buf_init(&b, 1 << 20);
    if (!hn_ok(hn_read_file(full, &b, NULL)))
        return "(none)";
    struct hn_str s = hn_arena_str(&x->arena, hn_buf_text(&b));
    return s.p ? s.p : "(no memory)";
}

#define SSHD                                                                                                           \
    "Include /etc/ssh/sshd_config.d/*.conf\n\nPort 22\n#PermitRootLogin yes\nMatch User git\n  PermitRootLogin yes\n"

static void fixture_init(struct fixture *x)
{
    const char *tmp = getenv("TMPDIR");
    if (!tmp && access("/dev/shm", W_OK) == 0) /* nothing here tests a loss of power, so no need to wait for a disk */
        tmp = "/dev/shm";
    *x = (struct fixture){0};
    hn_arena_init(&x->arena, 64 << 20);
    snprintf(x->top, sizeof x->top, "%.30s/hinomi-fix-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(x->top))
        abort();
    snprintf(x->root, sizeof x->root, "%s/root", x->top);
    snprintf(x->home, sizeof x->home, "%s/home", x->top);
    snprintf(x->bin, sizeof x->bin, "%s/bin", x->top);
    if (mkdir(x->root, 0755) < 0 || mkdir(x->home, 0700) < 0 || mkdir(x->bin, 0755) < 0)
        abort();
    x->env = (struct hn_fix_env){.root = x->root, .home = x->home};
    put(x, "/etc/passwd", "root:x:0:0::/root:/bin/sh\nweb:x:33:34::/srv:/bin/false\n", 0644);
    put(x, "/etc/group", "root:x:0:\nweb:x:34:\n", 0644);
    put(x, "/etc/sysctl.d/10-net.conf", "net.ipv4.ip_forward = 1\n", 0644);
    put(x, "/etc/ssh/sshd_config", SSHD, 0600);
    put(x, "/etc/login.defs", "# times\nPASS_MAX_DAYS\t99999\nUMASK 022\n", 0640);
    put(x, "/etc/systemd/journald.conf", "[Journal]\n#Storage=auto\n#Compress=yes\n", 0644);
    put(x, "/usr/bin/tool", "binary", 04755);
    put_link(x, "/etc/systemd/system/multi-user.target.wants/old.service", "/usr/lib/systemd/system/old.service");
    put_link(x, "/etc/systemd/system/alias.service", "/usr/lib/systemd/system/old.service");
    put_link(x, "/etc/systemd/system/other.service", "/usr/lib/systemd/system/new.service");
    put(x, "/var/lib/dpkg/status",
        "Package: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.0.15-1\n\n"
        "Package: gone\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1\n",
        0644);
}

static void fixture_done(struct fixture *x)
{
    if (x->top[0])
        nftw(x->top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    hn_arena_done(&x->arena);
}

/* Everything below the root as one text: path, kind, mode, owner, content; the time of files and links. */
static struct hn_buf *snap_out;

static int snap_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
    struct hn_buf b;
    char target[512] = "";
    hn_buf_fmt(snap_out, "%s %o %u:%u", path, st->st_mode, st->st_uid, st->st_gid);
    if (!S_ISDIR(st->st_mode))
        hn_buf_fmt(snap_out, " %lld.%09ld", (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
    if (S_ISLNK(st->st_mode) && readlink(path, target, sizeof target - 1) > 0)
        hn_buf_fmt(snap_out, " -> %s", target);
    hn_buf_init(&b, 1 << 20);
    if (S_ISREG(st->st_mode) && hn_ok(hn_read_file(path, &b, NULL)))
        hn_buf_fmt(snap_out, " [%.*s]", (int)b.n, b.p ? b.p : "");
    hn_buf_done(&b);
    hn_buf_chr(snap_out, '\n');
    return 0;
}

static int line_cmp(const void *a, const void *b)
{
    return hn_str_cmp(*(const struct hn_str *)a, *(const struct hn_str *)b);
}

static struct hn_str snap(struct fixture *x)
{
    struct hn_buf b;
    hn_buf_init(&b, 8 << 20);
    snap_out = &b;
    nftw(x->root, snap_one, 16, FTW_PHYS);
    struct hn_str all = hn_arena_str(&x->arena, hn_buf_text(&b)), line,
                  *lines = hn_arena_alloc(&x->arena, 4096 * sizeof *lines);
    size_t n = 0;
    while (lines && n < 4096 && hn_str_split(&all, '\n', &line))
        lines[n++] = line;
    if (n)
        qsort(lines, n, sizeof *lines, line_cmp); /* the order of a folder changes when a name goes and comes back */
    hn_buf_clear(&b);
    for (size_t i = 0; i < n; i++) {
        hn_buf_str(&b, lines[i]);
        hn_buf_chr(&b, '\n');
    }
    all = hn_arena_str(&x->arena, hn_buf_text(&b));
    hn_buf_done(&b);
    return all;
}

/* ---------------------------------------------------------------- every kind */

struct deed {
    enum hn_fix_kind kind;
    const char *target, *value, *path, *after;
};

static const struct deed deeds[] = {
    {HN_FIX_SYSCTL, "net.ipv4.ip_forward", "0", "/etc/sysctl.d/90-hinomi.conf", "net.ipv4.ip_forward = 0\n"},
    {HN_FIX_SSHD, "PermitRootLogin", "no", "/etc/ssh/sshd_config.d/00-hinomi.conf", "PermitRootLogin no\n"},
    {HN_FIX_SETTING, "/etc/login.defs|PASS_MAX_DAYS|space", "365", "/etc/login.defs",
     "# times\nPASS_MAX_DAYS 365\nUMASK 022\n"},
    {HN_FIX_SETTING, "/etc/systemd/journald.conf|Storage|equals", "persistent", "/etc/systemd/journald.conf",
     "[Journal]\n#Storage=auto\nStorage=persistent\n#Compress=yes\n"},
    {HN_FIX_SETTING, "/etc/security/new.conf|minlen|equals", "14", "/etc/security/new.conf", "minlen=14\n"},
    {HN_FIX_MODE, "/usr/bin/tool", "0755", "/usr/bin/tool", "binary"},
    {HN_FIX_OWNER, "/usr/bin/tool", "web:web", "/usr/bin/tool", "binary"},
    {HN_FIX_UNIT_OFF, "old.service", "", "/etc/systemd/system/alias.service", "(none)"},
};
#define DEEDS (sizeof deeds / sizeof deeds[0])

static struct hn_err apply(struct fixture *x, const char *id, const struct deed *d, struct hn_diag *diag)
{
    return hn_fix_apply(&x->env, id, d->kind, hn_str_c(d->target), hn_str_c(d->value), HN_STR(""), diag);
}

static bool needs_root(const struct deed *d)
{
    return d->kind == HN_FIX_OWNER && geteuid() != 0;
}

TEST(every_kind_is_applied_once_and_undone_to_the_byte)
{
    for (size_t i = 0; i < DEEDS; i++) {
        HN_AUTO(fixture_done) struct fixture x;
        struct hn_diag d = {{0}};
        struct stat st;
        if (needs_root(&deeds[i]))
            continue;
        fixture_init(&x);
        struct hn_str before = snap(&x);
        NOTE("deed %zu: %s", i, deeds[i].target);
        CHECK_OK(apply(&x, "one", &deeds[i], &d));
        CHECK_C(get(&x, deeds[i].path), deeds[i].after);
        struct hn_str after = snap(&x);
        CHECK(!hn_str_eq(before, after));
        CHECK_OK(apply(&x, "one", &deeds[i], &d)); /* again: nothing */
        CHECK_STR(snap(&x), after);
        struct hn_fix_plan *p = HN_NEW(&x.arena, struct hn_fix_plan);
        CHECK(p != NULL);
        struct hn_err e =
            hn_fix_plan(&x.env, deeds[i].kind, hn_str_c(deeds[i].target), hn_str_c(deeds[i].value), &x.arena, p, &d);
        CHECK(deeds[i].kind == HN_FIX_UNIT_OFF ? e.code == HN_E_STATE : hn_ok(e) && p->n == 0);
        if (stat(hn_arena_fmt(&x.arena, "%s%s", x.root, deeds[i].path).p, &st) == 0 && deeds[i].kind == HN_FIX_MODE)
            CHECK_UINT(st.st_mode & 07777, 0755);
        if (deeds[i].kind == HN_FIX_OWNER) {
            CHECK_UINT(st.st_uid, 33);
            CHECK_UINT(st.st_mode & 07777, 04755);
        }
        CHECK_OK(hn_fix_undo(&x.env, "one", &d));
        CHECK_STR(snap(&x), before);
        CHECK_OK(hn_fix_undo(&x.env, "one", &d));
        CHECK_ERR(apply(&x, "one", &deeds[i], &d), STATE);
    }
}

TEST(a_plan_shows_the_exact_change)
{
    HN_AUTO(fixture_done) struct fixture x;
    HN_AUTO(hn_buf_done) struct hn_buf b;
    struct hn_jw w;
    fixture_init(&x);
    hn_buf_init(&b, 1 << 20);
    hn_jw_init(&w, &b);
    struct hn_fix_plan *p = HN_NEW(&x.arena, struct hn_fix_plan);
    CHECK(p != NULL);
    CHECK_OK(hn_fix_plan(&x.env, HN_FIX_SETTING, HN_STR("/etc/login.defs|PASS_MAX_DAYS|space"), HN_STR("365"), &x.arena,
                         p, NULL));
    hn_fix_plan_json(&w, &x.arena, p);
    const struct hn_jv *v = hn_jv_parse(&x.arena, hn_str_bytes(hn_buf_text(&b)), NULL), *c = hn_jv_get(v, "change");
    CHECK(c && c->n == 1);
    CHECK_TEXT(hn_jv_str(&c->items[0], "diff"),
               "--- /etc/login.defs\n+++ /etc/login.defs\n@@ -1,3 +1,3 @@\n # times\n-PASS_MAX_DAYS\t99999\n"
               "+PASS_MAX_DAYS 365\n UMASK 022\n");
    CHECK_TEXT(hn_jv_str(hn_jv_get(v, "title"), "en"), "Set PASS_MAX_DAYS (/etc/login.defs) to 365");
    CHECK_UINT(hn_jv_str(v, "digest").n, 64);
}

/* ---------------------------------------------------------------- what is refused */

TEST(refuses_what_is_no_fix)
{
    static const struct deed bad[] = {
        {HN_FIX_NONE, "x", "y", NULL, NULL},
        {HN_FIX_SYSCTL, "net.ipv4.ip_forward", "0\nkernel.x = 1", NULL, NULL},
        {HN_FIX_SYSCTL, "../../etc/passwd", "0", NULL, NULL},
        {HN_FIX_SYSCTL, "a b", "0", NULL, NULL},
        {HN_FIX_SYSCTL, "-w", "0", NULL, NULL},
        {HN_FIX_SYSCTL, "net.x", "", NULL, NULL},
        {HN_FIX_MODE, "usr/bin/tool", "0755", NULL, NULL},
        {HN_FIX_MODE, "/usr/../bin/tool", "0755", NULL, NULL},
        {HN_FIX_MODE, "/usr//bin/tool", "0755", NULL, NULL},
        {HN_FIX_MODE, "/proc/1/mem", "0755", NULL, NULL},
        {HN_FIX_MODE, "/usr/bin/tool", "0855", NULL, NULL},
        {HN_FIX_MODE, "/usr/bin/tool", "17777", NULL, NULL},
        {HN_FIX_MODE, "/usr/bin/tool", "u+s", NULL, NULL},
        {HN_FIX_OWNER, "/usr/bin/tool", "web", NULL, NULL},
        {HN_FIX_OWNER, "/usr/bin/tool", ":web", NULL, NULL},
        {HN_FIX_OWNER, "/usr/bin/tool", "we b:web", NULL, NULL},
        {HN_FIX_UNIT_OFF, "--now", "", NULL, NULL},
        {HN_FIX_UNIT_OFF, "old", "", NULL, NULL},
        {HN_FIX_UNIT_OFF, "old.service; reboot", "", NULL, NULL},
        {HN_FIX_SSHD, "PermitRootLogin no\nX", "no", NULL, NULL},
        {HN_FIX_SSHD, "PermitRootLogin", "no\nPermitEmptyPasswords yes", NULL, NULL},
        {HN_FIX_SETTING, "/etc/login.defs|UMASK", "027", NULL, NULL},
        {HN_FIX_SETTING, "/etc/login.defs|UMASK|colon", "027", NULL, NULL},
        {HN_FIX_SETTING, "/usr/bin/tool|UMASK|space", "027", NULL, NULL},
        {HN_FIX_SETTING, "/etc/../usr/bin/tool|UMASK|space", "027", NULL, NULL},
        {HN_FIX_SETTING, "/etc/login.defs|UM ASK|space", "027", NULL, NULL},
        {HN_FIX_SETTING, "/etc/login.defs|UMASK|space", " 027", NULL, NULL},
        {HN_FIX_UPGRADE, "openssl;reboot", "3", NULL, NULL},
        {HN_FIX_UPGRADE, "openssl", "3 4", NULL, NULL},
        {HN_FIX_UPGRADE, "-o=x", "3", NULL, NULL},
        {HN_FIX_UPGRADE, "openssl:amd64 -o=x", "3.0.14-1", NULL, NULL},
        {HN_FIX_UPGRADE, "openssl:amd64 openssl", "1 1 1", NULL, NULL},
        {HN_FIX_UPGRADE, " ", "1", NULL, NULL},
    };
    HN_AUTO(fixture_done) struct fixture x;
    fixture_init(&x);
    struct hn_str before = snap(&x);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct hn_diag d = {{0}};
        char id[20];
        snprintf(id, sizeof id, "bad-%zu", i);
        NOTE("%s = %s", bad[i].target, bad[i].value);
        CHECK_ERR(apply(&x, id, &bad[i], &d), INVALID);
    }
    CHECK_STR(snap(&x), before);
    CHECK_ERR(apply(&x, "../../etc", &deeds[0], NULL), INVALID);
    CHECK_ERR(apply(&x, "", &deeds[0], NULL), INVALID);
}

TEST(refuses_what_cannot_be_done_safely)
{
    HN_AUTO(fixture_done) struct fixture x;
    struct hn_diag d = {{0}};
    fixture_init(&x);
    put(&x, "/etc/sysctl.d/99-late.conf", "net.ipv4.ip_forward=1\n", 0644);
    CHECK_ERR(apply(&x, "a", &deeds[0], &d), STATE);
    CHECK(strstr(d.msg, "99-late.conf"));
    put(&x, "/etc/ssh/sshd_config.d/00-a.conf", "permitrootlogin yes\n", 0644);
    CHECK_ERR(apply(&x, "b", &deeds[1], &d), STATE);
    put_link(&x, "/etc/login.defs", "/etc/passwd");
    CHECK_ERR(apply(&x, "c", &deeds[2], &d), STATE);
    put_link(&x, "/usr/bin/tool", "/etc/passwd");
    CHECK_ERR(apply(&x, "d", &deeds[5], &d), STATE);
    CHECK_ERR(apply(&x, "e", &(struct deed){HN_FIX_MODE, "/nowhere", "0755", NULL, NULL}, &d), NOENT);
    CHECK_ERR(apply(&x, "f", &(struct deed){HN_FIX_UNIT_OFF, "absent.service", "", NULL, NULL}, &d), STATE);
    CHECK_ERR(apply(&x, "g", &(struct deed){HN_FIX_RESTART, "old.service", "", NULL, NULL}, &d), UNSUPPORTED);
    CHECK_ERR(apply(&x, "h", &(struct deed){HN_FIX_UPGRADE, "gone", "2", NULL, NULL}, &d), NOENT);
    CHECK_ERR(apply(&x, "i", &(struct deed){HN_FIX_UPGRADE, "openssl", "3.0.17-1", NULL, NULL}, &d), UNSUPPORTED);
    CHECK_OK(apply(&x, "j", &(struct deed){HN_FIX_UPGRADE, "openssl:amd64", "3.0.14-1", NULL, NULL}, &d));
    CHECK_OK(apply(&x, "k", &(struct deed){HN_FIX_UPGRADE, "openssl:amd64 openssl", "3.0.14-1 1", NULL, NULL}, &d));
    CHECK_ERR(apply(&x, "l", &(struct deed){HN_FIX_UPGRADE, "openssl gone", "3.0.14-1", NULL, NULL}, &d), NOENT);
}

/* A link that leads out of the root is followed inside it: the host's own files are never reached. */
TEST(nothing_leads_outside_the_root)
{
    HN_AUTO(fixture_done) struct fixture x;
    fixture_init(&x);
    const char *outside = hn_arena_fmt(&x.arena, "%s/outside", x.top).p;
    CHECK(mkdir(outside, 0755) == 0);
    put_link(&x, "/etc/security", outside);
    struct hn_err e = apply(&x, "a", &deeds[4], NULL);
    CHECK(!hn_ok(e));
    CHECK(rmdir(outside) == 0); /* still empty */
    const char *old = hn_arena_fmt(&x.arena, "%s/etc/sysctl.d", x.root).p;
    CHECK(rename(old, hn_arena_fmt(&x.arena, "%s/etc/former", x.root).p) == 0);
    put_link(&x, "/etc/sysctl.d", "../../../../../../etc");
    CHECK_OK(apply(&x, "b", &deeds[0], NULL));
    CHECK_C(get(&x, "/etc/90-hinomi.conf"), "net.ipv4.ip_forward = 0\n");
}

TEST(a_change_since_it_was_shown_is_refused)
{
    HN_AUTO(fixture_done) struct fixture x;
    struct hn_diag d = {{0}};
    fixture_init(&x);
    struct hn_fix_plan *p = HN_NEW(&x.arena, struct hn_fix_plan);
    CHECK(p != NULL);
    const struct deed *deed = &deeds[2];
    CHECK_OK(hn_fix_plan(&x.env, deed->kind, hn_str_c(deed->target), hn_str_c(deed->value), &x.arena, p, NULL));
    put(&x, "/etc/login.defs", "PASS_MAX_DAYS 99999\n# somebody was here\n", 0640);
    struct hn_str now = snap(&x);
    CHECK_ERR(
        hn_fix_apply(&x.env, "a", deed->kind, hn_str_c(deed->target), hn_str_c(deed->value), hn_str_c(p->digest), &d),
        STATE);
    CHECK_STR(snap(&x), now);
    CHECK_OK(hn_fix_plan(&x.env, deed->kind, hn_str_c(deed->target), hn_str_c(deed->value), &x.arena, p, NULL));
    CHECK_OK(
        hn_fix_apply(&x.env, "b", deed->kind, hn_str_c(deed->target), hn_str_c(deed->value), hn_str_c(p->digest), &d));
}

TEST(undoing_leaves_alone_what_somebody_changed_since)
{
    HN_AUTO(fixture_done) struct fixture x;
    struct hn_diag d = {{0}};
    fixture_init(&x);
    CHECK_OK(apply(&x, "a", &deeds[2], NULL));
    put(&x, "/etc/login.defs", "PASS_MAX_DAYS 30\n", 0640);
    CHECK_ERR(hn_fix_undo(&x.env, "a", &d), STATE);
    CHECK(strstr(d.msg, "login.defs"));
    CHECK_C(get(&x, "/etc/login.defs"), "PASS_MAX_DAYS 30\n");
    CHECK_OK(apply(&x, "b", &deeds[5], NULL));
    CHECK(chmod(hn_arena_fmt(&x.arena, "%s/usr/bin/tool", x.root).p, 0700) == 0);
    CHECK_ERR(hn_fix_undo(&x.env, "b", &d), STATE);
}

/* ---------------------------------------------------------------- edits */

TEST(edits_settings)
{
    static const struct {
        const char *old, *key, *value, *new;
        enum fix_style style;
    } cases[] = {
        {"", "a", "1", "a 1\n", FIX_STYLE_SPACE},
        {"b 2", "a", "1", "b 2\na 1\n", FIX_STYLE_SPACE},
        {"a 2", "a", "1", "a 1", FIX_STYLE_SPACE},
        {"a\t2\na 3\n", "a", "1", "a 1\na 1\n", FIX_STYLE_SPACE},
        {"a   1\n", "a", "1", "a   1\n", FIX_STYLE_SPACE},
        {"ab 2\n", "a", "1", "ab 2\na 1\n", FIX_STYLE_SPACE},
        {"#a 2\nb 3\n", "a", "1", "#a 2\na 1\nb 3\n", FIX_STYLE_SPACE},
        {"#a 2", "a", "1", "#a 2\na 1\n", FIX_STYLE_SPACE},
        {"# a = 2\n; a = 3\nx=1\n", "a", "1", "# a = 2\n; a = 3\na=1\nx=1\n", FIX_STYLE_EQUALS},
        {"a = 2\r\n", "a", "1", "a=1\n", FIX_STYLE_EQUALS},
        {"=x\n", "a", "1", "=x\na=1\n", FIX_STYLE_EQUALS},
        {"-net/ipv4/x = 2\n", "net.ipv4.x", "1", "net.ipv4.x = 1\n", FIX_STYLE_SYSCTL},
    };
    HN_AUTO(hn_arena_done) struct hn_arena a;
    hn_arena_init(&a, 1 << 20);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hn_str new = fix_edit_setting(&a, hn_str_c(cases[i].old), hn_str_c(cases[i].key),
                                             hn_str_c(cases[i].value), cases[i].style);
        NOTE("%s", cases[i].old);
        CHECK_TEXT(new, cases[i].new);
        CHECK_STR(fix_edit_setting(&a, new, hn_str_c(cases[i].key), hn_str_c(cases[i].value), cases[i].style), new);
    }
}

TEST(edits_sshd_options_outside_match_blocks)
{
    static const struct {
        const char *old, *new;
        enum fix_sshd_first first;
    } cases[] = {
        {"", "X no\n", FIX_SSHD_NEITHER},
        {"x yes\nMatch all\nX yes\n", "X no\nMatch all\nX yes\n", FIX_SSHD_KEY},
        {"Match all\nX yes\n", "X no\nMatch all\nX yes\n", FIX_SSHD_NEITHER},
        {"  X=yes\nX yes\n", "X no\nX no\n", FIX_SSHD_KEY},
        {"#X yes\nY 1\n", "X no\n#X yes\nY 1\n", FIX_SSHD_NEITHER},
        {"X yes\nInclude /etc/ssh/sshd_config.d/*.conf\n", "X no\nInclude /etc/ssh/sshd_config.d/*.conf\n",
         FIX_SSHD_KEY},
        {"Include /etc/ssh/sshd_config.d/*.conf\nX yes\n", "Include /etc/ssh/sshd_config.d/*.conf\nX no\n",
         FIX_SSHD_INCLUDE},
        {"Include /other/*.conf\nX yes\n", "Include /other/*.conf\nX no\n", FIX_SSHD_KEY},
    };
    HN_AUTO(hn_arena_done) struct hn_arena a;
    hn_arena_init(&a, 1 << 20);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        NOTE("%s", cases[i].old);
        CHECK_TEXT(fix_edit_sshd(&a, hn_str_c(cases[i].old), HN_STR("X"), HN_STR("no")), cases[i].new);
        CHECK_INT(fix_sshd_first(hn_str_c(cases[i].old), HN_STR("X")), cases[i].first);
    }
}

/* ---------------------------------------------------------------- commands */

static void script(struct fixture *x, const char *name, const char *text)
{
    char full[512];
    snprintf(full, sizeof full, "%s/%s", x->bin, name);
    int fd = open(full, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        abort();
    close(fd);
    x->env.bin = x->bin;
}

TEST(commands_get_words_and_nothing_of_ours)
{
    HN_AUTO(fixture_done) struct fixture x;
    HN_AUTO(hn_buf_done) struct hn_buf out;
    fixture_init(&x);
    hn_buf_init(&out, 1 << 16);
    setenv("SECRET", "value", 1);
    script(&x, "show",
           "#!/bin/sh\nfor a in \"$@\"; do echo \"<$a>\"; done\nenv | grep -c SECRET\ncat\nls /proc/self/fd | wc -l\n");
    CHECK_OK(fix_command((const char *const[]){"show", "a b", "$(reboot)", "", NULL}, x.bin, 10, &out, NULL));
    CHECK_TEXT(hn_buf_text(&out), "<a b>\n<$(reboot)>\n<>\n0\n4\n");
    CHECK_ERR(fix_command((const char *const[]){"absent", NULL}, x.bin, 10, &out, NULL), NOENT);
    CHECK_ERR(fix_command((const char *const[]){"../bin/show", NULL}, x.bin, 10, &out, NULL), NOENT);
}

TEST(a_command_that_hangs_is_ended_and_one_that_talks_is_cut)
{
    HN_AUTO(fixture_done) struct fixture x;
    HN_AUTO(hn_buf_done) struct hn_buf out;
    struct hn_diag d = {{0}};
    fixture_init(&x);
    hn_buf_init(&out, 1000);
    script(&x, "hang", "#!/bin/sh\nsleep 600 &\nsleep 600\n");
    CHECK_ERR(fix_command((const char *const[]){"hang", NULL}, x.bin, 1, &out, &d), TIMEOUT);
    script(&x, "talk", "#!/bin/sh\nyes | head -c 100000\nexit 3\n");
    CHECK_ERR(fix_command((const char *const[]){"talk", NULL}, x.bin, 10, &out, &d), STATE);
    CHECK_UINT(out.n, 1000);
    CHECK(strstr(d.msg, "status 3"));
    hn_buf_clear(&out);
    script(&x, "fail",
           "#!/bin/sh\nhead -c 500 /dev/zero | tr '\\0' x\nprintf '\\nE: no network\\nE: try again\\n'\nexit 100\n");
    CHECK_ERR(fix_command((const char *const[]){"fail", NULL}, x.bin, 10, &out, &d), STATE);
    CHECK_C(d.msg, "fail failed (status 100): E: no network; E: try again");
}

/* The server refuses the new configuration: it is as before, and the server was not told to load anything else. */
TEST(a_check_that_fails_takes_the_change_back)
{
    HN_AUTO(fixture_done) struct fixture x;
    struct hn_diag d = {{0}};
    const char *state;
    fixture_init(&x);
    script(&x, "sshd", "#!/bin/sh\necho 'line 1: Bad configuration option'\nexit 255\n");
    script(&x, "systemctl", hn_arena_fmt(&x.arena, "#!/bin/sh\necho \"$@\" >> %s/calls\n", x.top).p);
    struct hn_str before = snap(&x);
    CHECK_ERR(apply(&x, "a", &deeds[1], &d), STATE);
    CHECK(strstr(d.msg, "Bad configuration option"));
    CHECK_STR(snap(&x), before);
    CHECK_OK(hn_fix_recover(&x.env, "a", &state, NULL));
    CHECK_C(state, "undone");
    script(&x, "sshd", "#!/bin/sh\nexit 0\n");
    CHECK_OK(apply(&x, "b", &deeds[1], &d));
    CHECK_OK(hn_fix_undo(&x.env, "b", &d));
    CHECK_STR(snap(&x), before);
    HN_AUTO(hn_buf_done) struct hn_buf calls;
    hn_buf_init(&calls, 4096);
    CHECK_OK(hn_read_file(hn_arena_fmt(&x.arena, "%s/calls", x.top).p, &calls, NULL));
    CHECK_TEXT(hn_buf_text(&calls), "reload ssh.service\nreload ssh.service\nreload ssh.service\n");
}

TEST(a_unit_is_stopped_and_started_again)
{
    HN_AUTO(fixture_done) struct fixture x;
    HN_AUTO(hn_buf_done) struct hn_buf calls, journal;
    fixture_init(&x);
    hn_buf_init(&calls, 4096);
    hn_buf_init(&journal, 1 << 20);
    put(&x, "/usr/lib/systemd/system/old.socket", "[Socket]\n", 0644);
    put_link(&x, "/etc/systemd/system/sockets.target.wants/old.socket", "/usr/lib/systemd/system/old.socket");
    script(&x, "systemctl", hn_arena_fmt(&x.arena, "#!/bin/sh\necho \"$@\" >> %s/calls\necho \"said $1\"\n", x.top).p);
    CHECK_OK(apply(&x, "a", &deeds[7], NULL));
    struct stat st;
    CHECK_INT(lstat(hn_arena_fmt(&x.arena, "%s/etc/systemd/system/sockets.target.wants/old.socket", x.root).p, &st),
              -1);
    CHECK_OK(hn_fix_undo(&x.env, "a", NULL));
    CHECK_OK(hn_read_file(hn_arena_fmt(&x.arena, "%s/calls", x.top).p, &calls, NULL));
    CHECK_TEXT(hn_buf_text(&calls), "is-active --quiet -- old.service\nis-active --quiet -- old.socket\ndaemon-reload\n"
                                    "stop -- old.service old.socket\nstart -- old.service old.socket\n"
                                    "daemon-reload\n");
    CHECK_OK(hn_fix_journal(&x.env, "a", &journal, NULL));
    const struct hn_jv *v = hn_jv_parse(&x.arena, hn_str_bytes(hn_buf_text(&journal)), NULL);
    CHECK(v && v->kind == HN_JV_ARR && v->n > 10);
    CHECK_TEXT(hn_jv_str(&v->items[0], "what"), "plan");
    CHECK_TEXT(hn_jv_str(&v->items[v->n - 1], "what"), "undone");
    size_t said = 0;
    for (size_t i = 0; i < v->n; i++) {
        struct hn_str output = hn_jv_str(&v->items[i], "output");
        CHECK(!output.n || hn_str_starts(output, "said "));
        said += output.n > 0;
    }
    CHECK_UINT(said, 4);
}

/* ---------------------------------------------------------------- being killed */

/* Runs work in a child that is killed: at its n-th durable point, or after some time. True: it ended by itself before.
 */
static bool killed(struct fixture *x, void (*work)(struct fixture *, const struct deed *), const struct deed *d,
                   unsigned point, unsigned microseconds)
{
    int status = 0;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        fix_die_at = point;
        work(x, d);
        _exit(0);
    }
    if (!point) {
        struct timespec t = {.tv_nsec = (long)microseconds * 1000};
        nanosleep(&t, NULL);
        kill(pid, SIGKILL);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status);
}

static void do_apply(struct fixture *x, const struct deed *d)
{
    if (!hn_ok(apply(x, "k", d, NULL)))
        _exit(1);
}

static void do_undo(struct fixture *x, const struct deed *d)
{
    if (!hn_ok(hn_fix_undo(&x->env, "k", NULL)))
        _exit(1);
}

static void do_recover(struct fixture *x, const struct deed *d)
{
    const char *state;
    if (!hn_ok(hn_fix_recover(&x->env, "k", &state, NULL)))
        _exit(1);
}

/* After a kill: either nothing was done, or it is applied and can be undone; then everything is as it was. */
static void settle(struct fixture *x, struct hn_str before)
{
    struct hn_diag d = {{0}};
    const char *state = "";
    CHECK_OK(hn_fix_recover(&x->env, "k", &state, &d));
    if (strcmp(state, "applied") == 0)
        CHECK_OK(hn_fix_undo(&x->env, "k", &d));
    else
        CHECK(strcmp(state, "none") == 0 || strcmp(state, "undone") == 0);
    CHECK_STR(snap(x), before);
}

TEST_LONG(killed_at_every_point_of_applying_it_can_be_taken_back, 120)
{
    unsigned kills = 0;
    for (size_t i = 0; i < DEEDS; i++)
        for (unsigned point = 1; !needs_root(&deeds[i]); point++) {
            HN_AUTO(fixture_done) struct fixture x;
            fixture_init(&x);
            struct hn_str before = snap(&x);
            NOTE("deed %zu, point %u", i, point);
            bool over = killed(&x, do_apply, &deeds[i], point, 0);
            settle(&x, before);
            STOP_IF_FAILED();
            CHECK(point < 200);
            if (over)
                break;
            kills++;
        }
    printf("# killed %u times\n", kills);
    CHECK(kills >= 50);
}

TEST_LONG(killed_at_every_point_of_undoing_and_of_recovering_too, 240)
{
    for (size_t i = 0; i < DEEDS; i++)
        for (unsigned point = 1; !needs_root(&deeds[i]); point++) {
            HN_AUTO(fixture_done) struct fixture x;
            fixture_init(&x);
            struct hn_str before = snap(&x);
            NOTE("deed %zu, point %u", i, point);
            CHECK_OK(apply(&x, "k", &deeds[i], NULL));
            bool over = killed(&x, do_undo, &deeds[i], point, 0);
            killed(&x, do_recover, &deeds[i], 1 + point % 5, 0);
            settle(&x, before);
            STOP_IF_FAILED();
            if (over)
                break;
        }
}

TEST_LONG(killed_at_random_moments_it_can_be_taken_back, 120)
{
    uint64_t seed = 42;
    for (unsigned n = 0; n < 100; n++) {
        HN_AUTO(fixture_done) struct fixture x;
        const struct deed *d = &deeds[n % DEEDS];
        if (needs_root(d))
            continue;
        fixture_init(&x);
        struct hn_str before = snap(&x);
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        NOTE("try %u", n);
        killed(&x, do_apply, d, 0, (unsigned)(seed >> 33) % 4000);
        settle(&x, before);
        STOP_IF_FAILED();
    }
}

TEST(a_damaged_journal_is_told_and_touches_nothing)
{
    HN_AUTO(fixture_done) struct fixture x;
    const char *state;
    fixture_init(&x);
    CHECK_OK(apply(&x, "a", &deeds[2], NULL));
    struct hn_str after = snap(&x);
    const char *path = hn_arena_fmt(&x.arena, "%s/fixes/a/journal", x.home).p;
    HN_AUTO(hn_buf_done) struct hn_buf b;
    hn_buf_init(&b, 1 << 20);
    CHECK_OK(hn_read_file(path, &b, NULL));
    for (size_t i = 0; i < b.n; i += 97) {
        FILE *f = fopen(path, "w");
        char was = b.p[i];
        b.p[i] = was == '{' ? 'x' : '{';
        fwrite(b.p, 1, b.n, f);
        fclose(f);
        b.p[i] = was;
        NOTE("byte %zu", i);
        struct hn_err e = hn_fix_recover(&x.env, "a", &state, NULL);
        CHECK(hn_ok(e) || e.code == HN_E_CORRUPT);
        CHECK_STR(snap(&x), after);
    }
}
