#include "hn_test.h"

#include <errno.h>
#include <fcntl.h>

#include "base/fs.h"

static char dir[64];

static void dir_remove(int *fd)
{
    char command[128];

    hn_fd_cleanup(fd);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    (void)!system(command);
}

/* A fresh folder, removed at the end of the case: HN_AUTO(dir_remove) int d = dir_new(); */
static int dir_new(void)
{
    snprintf(dir, sizeof dir, "/tmp/hinomi-test.XXXXXX");
    return mkdtemp(dir) ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
}

static void put(int d, const char *name, const char *text)
{
    CHECK_OK(hn_write_atomic(d, name, hn_str_bytes(hn_str_c(text)), 0640, NULL));
}

TEST(an_atomic_write_replaces_and_leaves_nothing_behind)
{
    HN_AUTO(dir_remove) int d = dir_new();
    HN_AUTO(hn_buf_done) struct hn_buf b;
    char path[128];
    struct stat st;

    hn_buf_init(&b, 100);
    put(d, "x", "one");
    put(d, "x", "second");
    STOP_IF_FAILED();
    snprintf(path, sizeof path, "%s/x", dir);
    CHECK_OK(hn_read_file(path, &b, NULL));
    CHECK_TEXT(hn_buf_text(&b), "second");
    CHECK_INT(stat(path, &st), 0);
    CHECK_INT(st.st_mode & 07777, 0640);
    snprintf(path, sizeof path, "test $(ls -A '%s' | wc -l) = 1", dir);
    CHECK_INT(system(path), 0);
}

TEST(an_atomic_write_that_fails_keeps_the_old_file)
{
    HN_AUTO(dir_remove) int d = dir_new();
    char path[128];
    struct hn_diag diag;

    CHECK_INT(mkdirat(d, "taken", 0700), 0);
    CHECK(!hn_ok(hn_write_atomic(d, "taken", hn_bytes_of("x", 1), 0600, &diag)));
    CHECK(strstr(diag.msg, "taken: cannot rename"));
    CHECK_ERR(hn_write_atomic(d, "a/b", hn_bytes_of("x", 1), 0600, NULL), INVALID);
    CHECK_ERR(hn_write_atomic(d, "", hn_bytes_of("x", 1), 0600, NULL), INVALID);
    snprintf(path, sizeof path, "test $(ls -A '%s' | wc -l) = 1", dir);
    CHECK_INT(system(path), 0);
}

TEST(reading_is_bounded)
{
    HN_AUTO(dir_remove) int d = dir_new();
    HN_AUTO(hn_buf_done) struct hn_buf b;
    HN_AUTO(hn_buf_done) struct hn_buf small;
    char path[128];
    struct hn_diag diag = {""};

    hn_buf_init(&b, 10);
    hn_buf_init(&small, 9);
    put(d, "x", "0123456789");
    STOP_IF_FAILED();
    snprintf(path, sizeof path, "%s/x", dir);
    CHECK_OK(hn_read_file(path, &b, NULL));
    CHECK_TEXT(hn_buf_text(&b), "0123456789");
    CHECK_ERR(hn_read_file(path, &small, &diag), LIMIT);
    CHECK(strstr(diag.msg, "longer than 9 bytes"));
    CHECK_ERR(hn_read_file("/nonexistent", &b, &diag), NOENT);
    CHECK_C(diag.msg, "/nonexistent: No such file or directory");
    CHECK_ERR(hn_read_file("/", &b, &diag), IO);
}

TEST(files_without_a_size_are_read_to_their_end)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    int fd[2];

    hn_buf_init(&b, 1 << 20);
    CHECK_OK(hn_read_file("/proc/self/status", &b, NULL));
    CHECK(b.n > 100 && memcmp(b.p, "Name:", 5) == 0);
    hn_buf_clear(&b);
    CHECK_INT(pipe(fd), 0);
    if (fork() == 0) {
        static char block[300000];
        memset(block, 'x', sizeof block);
        _exit(!hn_ok(hn_write_all(fd[1], block, sizeof block)));
    }
    close(fd[1]);
    struct hn_err e = hn_read_fd(fd[0], &b, NULL);
    close(fd[0]);
    CHECK_OK(e);
    CHECK_UINT(b.n, 300000);
}

TEST(writing_to_a_full_device_is_an_error)
{
    HN_AUTO_FD fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        SKIP("no /dev/full");
    CHECK_ERR(hn_write_all(fd, "x", 1), FULL);
}

/* What path says inside the root, or the errno as text. */
static void check_in_root(int d, const char *path, const char *want)
{
    char got[64];
    HN_AUTO_FD fd = hn_open_in_root(d, path, O_RDONLY);

    if (fd < 0)
        snprintf(got, sizeof got, "%s", strerrorname_np(errno));
    else
        got[read(fd, got, sizeof got - 1)] = '\0';
    NOTE("%s", path);
    CHECK_C(got, want);
}

TEST(nothing_leads_out_of_a_root)
{
    HN_AUTO(dir_remove) int d = dir_new();
    static const char *const links[][2] = {{"/etc/passwd", "absolute"},
                                           {"../../../../etc/passwd", "climb"},
                                           {"/proc/self/root/etc/passwd", "magic"},
                                           {"loop", "loop"}};

    CHECK_INT(mkdirat(d, "etc", 0700), 0);
    HN_AUTO_FD etc = openat(d, "etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    put(etc, "passwd", "inner");
    STOP_IF_FAILED();
    for (size_t i = 0; i < 4; i++)
        CHECK_INT(symlinkat(links[i][0], d, links[i][1]), 0);
    HN_AUTO_FD probe = hn_open_in_root(d, "/", O_PATH);
    if (probe < 0 && errno == ENOSYS)
        SKIP("a kernel without openat2");
    check_in_root(d, "/etc/passwd", "inner");
    check_in_root(d, "etc/passwd", "inner");
    check_in_root(d, "../../etc/passwd", "inner");
    check_in_root(d, "absolute", "inner");
    check_in_root(d, "climb", "inner");
    check_in_root(d, "magic", "ENOENT");
    check_in_root(d, "loop", "ELOOP");
    check_in_root(d, "none", "ENOENT");
}

TEST(descriptors_from_a_root_close_on_exec)
{
    HN_AUTO(dir_remove) int d = dir_new();
    HN_AUTO_FD fd = hn_open_in_root(d, "/", O_RDONLY);

    if (fd < 0 && errno == ENOSYS)
        SKIP("a kernel without openat2");
    CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

TEST(folders_are_made_and_kept)
{
    HN_AUTO(dir_remove) int d = dir_new();
    char path[128];
    struct stat st;
    struct hn_diag diag;

    snprintf(path, sizeof path, "%s/a/b//c/", dir);
    CHECK_OK(hn_mkdirs(path, 0700, NULL));
    CHECK_OK(hn_mkdirs(path, 0755, NULL));
    CHECK(stat(path, &st) == 0 && S_ISDIR(st.st_mode) && (st.st_mode & 0777) == 0700);
    put(d, "file", "");
    STOP_IF_FAILED();
    snprintf(path, sizeof path, "%s/file/x", dir);
    CHECK_ERR(hn_mkdirs(path, 0700, &diag), NOENT);
    snprintf(path, sizeof path, "%s/file", dir);
    CHECK_ERR(hn_mkdirs(path, 0700, &diag), NOENT);
    CHECK(strstr(diag.msg, "Not a directory"));
    CHECK_ERR(hn_mkdirs("", 0700, NULL), INVALID);
    CHECK_OK(hn_mkdirs("/", 0700, NULL));
}

TEST(closing_twice_is_harmless_and_keeps_errno)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    errno = EXDEV;
    hn_fd_cleanup(&fd);
    CHECK_INT(fd, -1);
    hn_fd_cleanup(&fd);
    CHECK_INT(errno, EXDEV);
}
