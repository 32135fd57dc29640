#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "sandbox/role.h"

#define FDS_MAX  8u
#define ARGS_MAX 64u

static const char *const names[] = {"collector", "parser", "store", "httpd", "fixer",
                                    "worker",    "image",  "fetch", "draw"};

const char *hn_proc_name(enum hn_proc r)
{
    return names[r];
}

/* In the child, between fork and exec: only async-signal-safe calls. Descriptors are first moved out of the way of the
 * numbers they shall get, then placed; dup2 clears close-on-exec. */
static void place_fds(const int *fds, size_t n)
{
    int high[FDS_MAX];
    for (size_t i = 0; i < n; i++) {
        high[i] = fcntl(fds[i], F_DUPFD, 64);
        if (high[i] < 0)
            _exit(127);
    }
    for (size_t i = 0; i < n; i++)
        if (dup2(high[i], 3 + (int)i) < 0)
            _exit(127);
    if (syscall(SYS_close_range, 3 + (unsigned)n, ~0u, 0) != 0)
        for (int fd = 3 + (int)n; fd < 1024; fd++)
            close(fd);
}

/* Roles live shortly and touch tens of megabytes once: memory comes in huge pages, and what is not truly large from one
 * heap, so that the kernel is asked for a hundredth of the pages (glibc's manual, memory allocation tunables; another C
 * library goes on as it did). What the user has set stays. */
static const char allocator[] = "GLIBC_TUNABLES=glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=4194304";

static const char **environment(void)
{
    size_t n = 0;
    while (environ[n])
        n++;
    const char **own = hn_alloc((n + 2) * sizeof(const char *));
    bool set = getenv("GLIBC_TUNABLES") != NULL;
    if (!own)
        return NULL;
    memcpy(own, environ, n * sizeof(const char *));
    own[n] = set ? NULL : allocator;
    own[n + 1] = NULL;
    return own;
}

/* In the child. */
static void child(const char *const *args, const char *const *env, const int *fds, size_t nfds, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    place_fds(fds, nfds);
    execve("/proc/self/exe", (char *const *)(uintptr_t)args, (char *const *)(uintptr_t)env);
    _exit(127);
}

struct hn_err hn_role_spawn(enum hn_proc role, const char *const *argv, const int *fds, size_t nfds,
                            struct hn_child *ret, struct hn_diag *reterr)
{
    const char *args[ARGS_MAX + 4] = {"hinomi", "-x", names[role]};
    size_t n = 0;
    for (; argv && argv[n]; n++) {
        if (n == ARGS_MAX)
            return hn_fail(reterr, HN_E_LIMIT, "too many arguments for role %s", names[role]);
        args[3 + n] = argv[n];
    }
    if (nfds > FDS_MAX)
        return hn_fail(reterr, HN_E_LIMIT, "too many descriptors for role %s", names[role]);
    const char **env = environment();
    if (!env)
        return hn_fail(reterr, HN_E_NOMEM, "environment of role %s", names[role]);
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0)
        child(args, env, fds, nfds, parent);
    hn_free(env);
    if (pid < 0)
        return hn_fail_errno(reterr, "cannot start role %s", names[role]);
    ret->pid = pid;
    ret->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (ret->pidfd >= 0)
        fcntl(ret->pidfd, F_SETFD, FD_CLOEXEC);
    return HN_OK;
}

const char *hn_role_user(void)
{
    static const char *const users[] = {"hinomi", "nobody"};
    if (geteuid() != 0)
        return NULL;
    for (size_t i = 0; i < sizeof users / sizeof *users; i++) {
        const struct passwd *pw = getpwnam(users[i]);
        if (pw && pw->pw_uid != 0)
            return users[i];
    }
    return NULL;
}

struct hn_err hn_role_become(const char *user, struct hn_diag *reterr)
{
    const struct passwd *pw = getpwnam(user);
    if (!pw)
        return hn_fail(reterr, HN_E_NOENT, "there is no user \"%s\"", user);
    uid_t uid = pw->pw_uid;
    gid_t gid = pw->pw_gid;
    /* groups while still root, the user last */
    if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0)
        return hn_fail_errno(reterr, "cannot become %s", user);
    if (uid != 0 && setuid(0) == 0)
        return hn_fail(reterr, HN_E_SANDBOX, "could become root again");
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* cleared by the change */
    return HN_OK;
}

int hn_child_end(struct hn_child *c, bool kill_now)
{
    int status = 0;
    if (c->pid <= 0)
        return 0;
    if (kill_now)
        kill(c->pid, SIGKILL);
    while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (c->pidfd >= 0)
        close(c->pidfd);
    c->pid = -1;
    c->pidfd = -1;
    return status;
}

int hn_child_end_within(struct hn_child *c, int ms)
{
    struct pollfd p = {.fd = c->pidfd, .events = POLLIN};
    bool over = c->pid > 0 && c->pidfd >= 0 && poll(&p, 1, ms) == 1;
    return hn_child_end(c, !over);
}
