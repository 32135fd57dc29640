/* Runs one command without a shell. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/time.h"
#include "core/fix_in.h"

#define LAST_WORDS 400 /* of a command that failed, for the message */

static const char *const folders[] = {"/usr/sbin", "/usr/bin", "/sbin", "/bin"};

/* The file that a command's name stands for; never from the caller's PATH. */
static bool locate(const char *name, const char *bin, char *out, size_t room)
{
    if (strchr(name, '/'))
        return false;
    for (size_t i = 0; i < (bin ? 1 : sizeof folders / sizeof folders[0]); i++) {
        int n = snprintf(out, room, "%s/%s", bin ? bin : folders[i], name);
        if (n > 0 && (size_t)n < room && access(out, X_OK) == 0)
            return true;
    }
    return false;
}

static void child(const char *file, const char *const *argv, const char *bin, int out)
{
    char path[300];
    snprintf(path, sizeof path, "PATH=%s%s/usr/sbin:/usr/bin:/sbin:/bin", bin ? bin : "", bin ? ":" : "");
    const char *const env[] = {
        path, "LC_ALL=C.UTF-8", "HOME=/root", "DEBIAN_FRONTEND=noninteractive", "NEEDRESTART_MODE=l", NULL};
    int null = open("/dev/null", O_RDONLY);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
        _exit(127);
    if (syscall(SYS_close_range, 3u, ~0u, 0u) != 0)
        for (int fd = 3; fd < 1024; fd++)
            close(fd);
    umask(022);
    if (chdir("/") == 0)
        execve(file, (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)env);
    _exit(127);
}

/* Keeps what fits; goes on reading, so that the command does not stall. False: the time is over. */
static bool listen(int fd, hn_time until, struct hn_buf *out)
{
    char part[4096];
    for (;;) {
        hn_time left = until - hn_monotonic();
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int n = left <= 0 ? 0 : poll(&p, 1, (int)(left / 1000000) + 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        ssize_t got = read(fd, part, sizeof part);
        if (got <= 0)
            return true;
        size_t room = out->max > out->n ? out->max - out->n : 0;
        hn_buf_add(out, part, (size_t)got < room ? (size_t)got : room);
    }
}

/* The last whole lines of what a command said, as one. */
static void last_words(const struct hn_buf *out, char ret[2 * LAST_WORDS + 1])
{
    size_t end = out->n, n = 0;
    while (end && out->p[end - 1] == '\n')
        end--;
    size_t at = end > LAST_WORDS ? end - LAST_WORDS : 0;
    const char *line = at ? memchr(out->p + at, '\n', end - at) : NULL;
    for (at = line ? (size_t)(line + 1 - out->p) : at; at < end; at++) {
        if (out->p[at] == '\n')
            ret[n++] = ';';
        ret[n++] = out->p[at] == '\n' ? ' ' : out->p[at];
    }
    ret[n] = 0;
}

struct hn_err fix_command(const char *const *argv, const char *bin, unsigned seconds, struct hn_buf *out,
                          struct hn_diag *reterr)
{
    char file[4096];
    int ends[2], status = 0;
    if (!locate(argv[0], bin, file, sizeof file))
        return hn_fail(reterr, HN_E_NOENT, "%s: there is no such command", argv[0]);
    if (pipe2(ends, O_CLOEXEC) < 0)
        return hn_fail_errno(reterr, "pipe");
    pid_t pid = fork();
    if (pid < 0) {
        close(ends[0]);
        close(ends[1]);
        return hn_fail_errno(reterr, "%s", argv[0]);
    }
    if (pid == 0)
        child(file, argv, bin, ends[1]);
    close(ends[1]);
    bool in_time = listen(ends[0], hn_monotonic() + seconds * HN_SECOND, out);
    close(ends[0]);
    if (!in_time)
        kill(-pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (!in_time)
        return hn_fail(reterr, HN_E_TIMEOUT, "%s did not end within %u seconds", argv[0], seconds);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return HN_OK;
    char last[2 * LAST_WORDS + 1];
    last_words(out, last);
    return hn_fail(reterr, HN_E_STATE, "%s failed (status %d): %s", argv[0],
                   WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), last);
}
