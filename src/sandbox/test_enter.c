/* The walls, tried from inside: each attempt in a process of its own that has entered as a role. */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/if_link.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "hn_test.h"
#include "sandbox/role.h"

/* What became of an attempt: 0 it worked, an errno, or minus the signal that ended it. */
#define ENTER_FAILED 200

/* ---------------------------------------------------------------- attempts */

static char folder[64]; /* made for the test; what the store may change */

static int did(long r)
{
    return r < 0 ? errno : 0;
}

static int try_open(void)
{
    return did(syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY));
}
static int try_open_to_write(void)
{
    char path[128];
    snprintf(path, sizeof path, "%s/made", folder);
    return did(syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT, 0600));
}
static int try_truncate(void)
{
    char path[128];
    snprintf(path, sizeof path, "%s/there", folder);
    return did(syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_TRUNC, 0600));
}
/* Flags behind a pointer, which a filter cannot see. */
static int try_openat2_to_write(void)
{
    char path[128];
    uint64_t how[3] = {O_WRONLY | O_CREAT, 0600, 0};
    snprintf(path, sizeof path, "%s/made", folder);
    return did(syscall(437 /* openat2 */, AT_FDCWD, path, how, sizeof how));
}
static int try_write_outside(void)
{
    return did(syscall(SYS_openat, AT_FDCWD, "/tmp/hinomi-test-outside", O_WRONLY | O_CREAT, 0600));
}
static int try_unlink(void)
{
    char path[128];
    snprintf(path, sizeof path, "%s/there", folder);
    return did(syscall(SYS_unlinkat, AT_FDCWD, path, 0));
}
static int try_chmod(void)
{
    char path[128];
    snprintf(path, sizeof path, "%s/there", folder);
    return did(syscall(SYS_fchmodat, AT_FDCWD, path, 0777));
}
static int try_inet(void)
{
    return did(syscall(SYS_socket, AF_INET, SOCK_STREAM, 0));
}
static int try_unix(void)
{
    return did(syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0));
}
static int try_netlink(void)
{
    return did(syscall(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0));
}
static int try_exec(void)
{
    char *argv[] = {(char *)(uintptr_t) "true", NULL};
    return did(syscall(SYS_execve, "/bin/true", argv, argv + 1));
}
static int try_ptrace(void)
{
    return did(syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0));
}
static int try_exec_memory(void)
{
    return did(syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}
static int try_fork(void)
{
    long r = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (r == 0)
        _exit(0);
    return did(r);
}
static int try_kill_parent(void)
{
    return did(syscall(SYS_kill, getppid(), 0));
}
static int try_mount(void)
{
    return did(syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL));
}
static int try_memory(void)
{
    void *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? errno : 0;
}
static int try_steal_descriptor(void)
{
    return did(fcntl(0, F_SETOWN, getpid()));
}

/* ---------------------------------------------------------------- trying */

static int attempt(enum hn_proc role, bool live, int (*what)(void))
{
    int status;
    pid_t pid = fork();
    if (pid < 0)
        return ENTER_FAILED;
    if (pid == 0) {
        struct hn_sandbox_state state;
        struct hn_sandbox_paths paths = {.sees_processes = live};
        if (role == HN_PROC_STORE)
            paths.read_write[0] = folder;
        bool in = hn_ok(hn_sandbox_enter(role, &paths, &state, NULL));
        syscall(SYS_exit_group, in ? what() : ENTER_FAILED);
    }
    while (waitpid(pid, &status, 0) < 0)
        ;
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void make_folder(void)
{
    char path[128];
    snprintf(folder, sizeof folder, "/tmp/hinomi-test-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/there", folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    CHECK(fd >= 0 && write(fd, "x", 1) == 1);
    close(fd);
}

static void drop_folder(void)
{
    static const char *const names[] = {"there", "made"};
    char path[128];
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    CHECK_INT(rmdir(folder), 0);
}

struct row {
    const char *name;
    int (*what)(void);
    int want;
};

static void try_rows(enum hn_proc role, bool live, const struct row *rows, size_t n)
{
    make_folder();
    STOP_IF_FAILED();
    for (size_t i = 0; i < n; i++) {
        NOTE("%s%s: %s", live ? "live " : "", hn_proc_name(role), rows[i].name);
        CHECK_INT(attempt(role, live, rows[i].what), rows[i].want);
    }
    drop_folder();
}
#define ROWS(role, live, ...)                                                                                          \
    do {                                                                                                               \
        const struct row rows[] = {__VA_ARGS__};                                                                       \
        try_rows(role, live, rows, sizeof rows / sizeof *rows);                                                        \
    } while (0)

/* The wider filter of a sanitizer build lets its run time look for files; landlock still says no. */
#if defined(__SANITIZE_ADDRESS__)
#define KILLED_OR(e) (e)
#else
#define KILLED_OR(e) (-SIGSYS)
#endif

static bool no_landlock(void)
{
    return hn_sandbox_probe().landlock_abi == 0;
}

TEST(outside_all_attempts_work)
{
    make_folder();
    STOP_IF_FAILED();
    CHECK_INT(try_open(), 0);
    CHECK_INT(try_open_to_write(), 0);
    CHECK_INT(try_truncate(), 0);
    CHECK_INT(try_inet(), 0);
    CHECK_INT(try_unix(), 0);
    CHECK_INT(try_netlink(), 0);
    CHECK_INT(try_exec_memory(), 0);
    CHECK_INT(try_fork(), 0);
    CHECK_INT(try_kill_parent(), 0);
    CHECK_INT(try_chmod(), 0);
    CHECK_INT(try_unlink(), 0);
    drop_folder();
}

TEST(parser_has_memory_and_descriptors_only)
{
    ROWS(HN_PROC_PARSER, false, {"memory", try_memory, 0}, {"open", try_open, KILLED_OR(EACCES)},
         {"open to write", try_open_to_write, KILLED_OR(EACCES)}, {"openat2", try_openat2_to_write, -SIGSYS},
         {"unlink", try_unlink, -SIGSYS}, {"inet", try_inet, -SIGSYS}, {"unix", try_unix, -SIGSYS},
         {"netlink", try_netlink, -SIGSYS}, {"exec", try_exec, -SIGSYS}, {"ptrace", try_ptrace, -SIGSYS},
         {"code", try_exec_memory, -SIGSYS}, {"fork", try_fork, -SIGSYS}, {"kill", try_kill_parent, -SIGSYS},
         {"mount", try_mount, -SIGSYS}, {"owner of a descriptor", try_steal_descriptor, -SIGSYS});
}

/* Over a mounted root: landlock refuses what changes anything, whatever way it is asked. */
TEST(collector_reads_and_does_not_write)
{
    if (no_landlock())
        SKIP("this kernel has no landlock");
    ROWS(HN_PROC_COLLECTOR, false, {"open", try_open, 0}, {"open to write", try_open_to_write, EACCES},
         {"truncate", try_truncate, EACCES}, {"openat2 to write", try_openat2_to_write, EACCES},
         {"unlink", try_unlink, -SIGSYS}, {"chmod", try_chmod, -SIGSYS}, {"inet", try_inet, -SIGSYS},
         {"unix", try_unix, -SIGSYS}, {"netlink", try_netlink, 0}, {"exec", try_exec, -SIGSYS},
         {"ptrace", try_ptrace, -SIGSYS}, {"code", try_exec_memory, -SIGSYS}, {"fork", try_fork, -SIGSYS},
         {"kill", try_kill_parent, -SIGSYS}, {"owner of a descriptor", try_steal_descriptor, EPERM});
}

/* The live one has no landlock: the filter alone must hold, so openat2 is not to be had at all. */
TEST(live_collector_does_not_write_either)
{
    ROWS(HN_PROC_COLLECTOR, true, {"open", try_open, 0}, {"open to write", try_open_to_write, EACCES},
         {"truncate", try_truncate, EACCES}, {"openat2 to write", try_openat2_to_write, ENOSYS},
         {"unlink", try_unlink, -SIGSYS}, {"chmod", try_chmod, -SIGSYS}, {"inet", try_inet, -SIGSYS},
         {"unix", try_unix, -SIGSYS}, {"netlink", try_netlink, 0}, {"exec", try_exec, -SIGSYS},
         {"ptrace", try_ptrace, -SIGSYS}, {"code", try_exec_memory, -SIGSYS}, {"fork", try_fork, -SIGSYS},
         {"kill", try_kill_parent, -SIGSYS}, {"mount", try_mount, -SIGSYS});
}

TEST(store_has_its_folder)
{
    if (no_landlock())
        SKIP("this kernel has no landlock");
    ROWS(HN_PROC_STORE, false, {"write in its folder", try_open_to_write, 0}, {"chmod in its folder", try_chmod, 0},
         {"truncate in its folder", try_truncate, 0}, {"unlink in its folder", try_unlink, 0},
         {"open elsewhere", try_open, EACCES}, {"write elsewhere", try_write_outside, EACCES},
         {"openat2", try_openat2_to_write, ENOSYS}, {"inet", try_inet, EACCES}, {"unix", try_unix, EACCES},
         {"exec", try_exec, -SIGSYS}, {"ptrace", try_ptrace, -SIGSYS}, {"code", try_exec_memory, -SIGSYS},
         {"fork", try_fork, ENOSYS}, {"kill", try_kill_parent, ENOSYS}, {"mount", try_mount, -SIGSYS});
}

TEST(httpd_has_no_file)
{
    ROWS(HN_PROC_HTTPD, false, {"memory", try_memory, 0}, {"open", try_open, EACCES},
         {"open to write", try_open_to_write, EACCES}, {"openat2", try_openat2_to_write, EACCES},
         {"unlink", try_unlink, ENOSYS}, {"chmod", try_chmod, ENOSYS}, {"inet", try_inet, EACCES},
         {"unix", try_unix, EACCES}, {"exec", try_exec, -SIGSYS}, {"ptrace", try_ptrace, -SIGSYS},
         {"code", try_exec_memory, -SIGSYS}, {"fork", try_fork, EPERM}, {"kill", try_kill_parent, ENOSYS},
         {"mount", try_mount, -SIGSYS});
}

/* Threads, and descriptors that it was given. */
/* It looks into hostile bytes and finds files in them: all that it may do is read and write what it was given. */
TEST(image_opens_nothing)
{
    ROWS(HN_PROC_IMAGE, false, {"memory", try_memory, 0}, {"open", try_open, KILLED_OR(EACCES)},
         {"open to write", try_open_to_write, KILLED_OR(EACCES)}, {"openat2", try_openat2_to_write, -SIGSYS},
         {"unlink", try_unlink, -SIGSYS}, {"inet", try_inet, -SIGSYS}, {"unix", try_unix, -SIGSYS},
         {"netlink", try_netlink, -SIGSYS}, {"exec", try_exec, -SIGSYS}, {"ptrace", try_ptrace, -SIGSYS},
         {"code", try_exec_memory, -SIGSYS}, {"fork", try_fork, -SIGSYS}, {"kill", try_kill_parent, -SIGSYS},
         {"mount", try_mount, -SIGSYS}, {"owner of a descriptor", try_steal_descriptor, -SIGSYS});
}

/* It connects and reads what names and certificates need; it changes nothing, and loads no code. */
TEST(fetch_connects_and_opens_nothing_else)
{
    if (no_landlock())
        SKIP("this kernel has no landlock");
    ROWS(HN_PROC_FETCH, false, {"memory", try_memory, 0}, {"open", try_open, EACCES},
         {"open to write", try_open_to_write, EACCES}, {"openat2", try_openat2_to_write, ENOSYS},
         {"unlink", try_unlink, ENOSYS}, {"chmod", try_chmod, ENOSYS}, {"unix", try_unix, EAFNOSUPPORT},
         {"netlink", try_netlink, 0}, {"exec", try_exec, -SIGSYS}, {"ptrace", try_ptrace, -SIGSYS},
         {"code", try_exec_memory, EACCES}, {"fork", try_fork, EPERM}, {"kill", try_kill_parent, ENOSYS},
         {"mount", try_mount, -SIGSYS}, {"owner of a descriptor", try_steal_descriptor, EPERM});
}

/* It reads fonts; it changes nothing, speaks with nobody, and loads no code. */
TEST(draw_reads_what_it_was_granted)
{
    if (no_landlock())
        SKIP("this kernel has no landlock");
    ROWS(HN_PROC_DRAW, false, {"memory", try_memory, 0}, {"open", try_open, EACCES},
         {"open to write", try_open_to_write, EACCES}, {"openat2", try_openat2_to_write, ENOSYS},
         {"unlink", try_unlink, ENOSYS}, {"chmod", try_chmod, ENOSYS}, {"inet", try_inet, EACCES},
         {"unix", try_unix, EACCES}, {"netlink", try_netlink, EACCES}, {"exec", try_exec, -SIGSYS},
         {"ptrace", try_ptrace, -SIGSYS}, {"code", try_exec_memory, EACCES}, {"fork", try_fork, EPERM},
         {"kill", try_kill_parent, ENOSYS}, {"mount", try_mount, -SIGSYS},
         {"owner of a descriptor", try_steal_descriptor, EPERM});
}

TEST(worker_opens_nothing)
{
    ROWS(HN_PROC_WORKER, false, {"memory", try_memory, 0}, {"open", try_open, EACCES},
         {"open to write", try_open_to_write, EACCES}, {"openat2", try_openat2_to_write, -SIGSYS},
         {"unlink", try_unlink, -SIGSYS}, {"chmod", try_chmod, -SIGSYS}, {"inet", try_inet, -SIGSYS},
         {"unix", try_unix, -SIGSYS}, {"netlink", try_netlink, -SIGSYS}, {"exec", try_exec, -SIGSYS},
         {"ptrace", try_ptrace, -SIGSYS}, {"code", try_exec_memory, -SIGSYS}, {"fork", try_fork, EPERM},
         {"kill", try_kill_parent, -SIGSYS}, {"mount", try_mount, -SIGSYS},
         {"owner of a descriptor", try_steal_descriptor, EPERM});
}

/* It must run a package manager; what no fix needs is refused and handed down as refused. */
TEST(fixer_does_not_trace)
{
    ROWS(HN_PROC_FIXER, false, {"open", try_open, 0}, {"write", try_open_to_write, 0}, {"exec", try_exec, 0},
         {"fork", try_fork, 0}, {"ptrace", try_ptrace, EPERM});
}

/* ---------------------------------------------------------------- capabilities, limits */

static int capability_left(void)
{
    struct {
        uint32_t version;
        int pid;
    } h = {0x20080522, 0};
    struct {
        uint32_t effective, permitted, inheritable;
    } d[2];
    if (syscall(SYS_capget, &h, d) != 0)
        return ENTER_FAILED;
    uint32_t most = 1u << 2 | 1u << 12 | 1u << 19; /* read and search, netlink dumps, look at processes */
    return (d[0].permitted & ~most) || (d[0].effective & ~most) || d[1].permitted || d[0].inheritable ? 1 : 0;
}

TEST(collector_keeps_three_capabilities)
{
    CHECK_INT(attempt(HN_PROC_COLLECTOR, true, capability_left), 0);
    CHECK_INT(attempt(HN_PROC_COLLECTOR, false, capability_left), 0);
}

static int too_much_memory(void)
{
    void *p = mmap(NULL, (size_t)2 << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? errno : 0;
}

TEST(parser_memory_is_bounded)
{
#if defined(__SANITIZE_ADDRESS__)
    SKIP("a sanitizer reserves terabytes");
#endif
    CHECK_INT(attempt(HN_PROC_PARSER, false, too_much_memory), ENOMEM);
    CHECK_INT(attempt(HN_PROC_COLLECTOR, false, too_much_memory), ENOMEM);
    CHECK_INT(attempt(HN_PROC_WORKER, false, too_much_memory), ENOMEM);
}

/* ---------------------------------------------------------------- kernels that lack something */

/* From here on this process gets err for the one call (and, when sub is not 0, only with that first argument). */
static bool refuse(int call, uint32_t sub, uint32_t err)
{
    struct sock_filter f[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, sub, 0, sub ? 1 : 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | err),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog p = {.len = sizeof f / sizeof *f, .filter = f};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p) == 0;
}

TEST(without_landlock_it_runs_reduced_and_says_so)
{
    struct hn_sandbox_state state = {.landlock_abi = 99};
    CHECK(refuse(444 /* landlock_create_ruleset */, 0, ENOSYS));
    CHECK_INT(hn_sandbox_probe().landlock_abi, 0);
    struct hn_sandbox_state probed = hn_sandbox_probe();
    CHECK_C(hn_sandbox_word(&probed), "reduced");
    CHECK_INT(attempt(HN_PROC_PARSER, false, try_memory), 0);
    CHECK_INT(attempt(HN_PROC_PARSER, false, try_inet), -SIGSYS);
    CHECK_INT(attempt(HN_PROC_COLLECTOR, true, try_open_to_write), EACCES);
    /* what the role itself is told, read in a child because there is no way back out */
    pid_t pid = fork();
    if (pid == 0) {
        bool ok = hn_ok(hn_sandbox_enter(HN_PROC_COLLECTOR, NULL, &state, NULL));
        syscall(SYS_exit_group, ok && state.landlock_abi == 0 && state.seccomp ? 0 : 1);
    }
    int status;
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
    CHECK_INT(status, 0);
}

TEST(without_seccomp_nothing_starts)
{
    CHECK(refuse(SYS_prctl, PR_SET_SECCOMP, EINVAL));
    for (int role = 0; role < HN_PROC_COUNT; role++) {
        NOTE("%s", hn_proc_name((enum hn_proc)role));
        CHECK_INT(attempt((enum hn_proc)role, false, try_memory), ENTER_FAILED);
    }
}

TEST(a_landlock_that_fails_ends_the_role)
{
    if (no_landlock())
        SKIP("this kernel has no landlock");
    CHECK(refuse(446 /* landlock_restrict_self */, 0, EPERM));
    CHECK_INT(attempt(HN_PROC_PARSER, false, try_memory), ENTER_FAILED);
    CHECK_INT(attempt(HN_PROC_STORE, false, try_memory), ENTER_FAILED);
}

TEST(limits_that_fail_end_the_role)
{
    CHECK(refuse(SYS_prlimit64, 0, EPERM));
    CHECK_INT(attempt(HN_PROC_PARSER, false, try_memory), ENTER_FAILED);
}

TEST(this_kernel)
{
    struct hn_sandbox_state s = hn_sandbox_probe();
    CHECK(s.seccomp);
    CHECK_C(hn_sandbox_word(&s), s.landlock_abi > 0 ? "full" : "reduced");
    s.seccomp = false;
    CHECK_C(hn_sandbox_word(&s), "none");
}
