/* Landlock by raw system call (no wrapper package in Debian 12, whose headers stop at ABI 2), seccomp as a small BPF
 * program built from a table per role. */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/role.h"

#if defined(__SANITIZE_ADDRESS__)
#define HN_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(undefined_behavior_sanitizer)
#define HN_SANITIZED 1
#endif
#endif
#ifndef HN_SANITIZED
#define HN_SANITIZED 0
#endif

#if defined(__x86_64__)
#define HN_AUDIT_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define HN_AUDIT_ARCH AUDIT_ARCH_AARCH64
#else
#error "no seccomp architecture for this machine: add it here"
#endif

/* ---------------------------------------------------------------- landlock */

struct landlock_attr {
    uint64_t fs, net, scoped;
};
struct landlock_beneath {
    uint64_t allowed;
    int32_t parent_fd;
} __attribute__((packed));

enum {
    LL_EXECUTE = 1u << 0,
    LL_WRITE_FILE = 1u << 1,
    LL_READ_FILE = 1u << 2,
    LL_READ_DIR = 1u << 3,
    LL_ALL_ABI1 = (1u << 13) - 1,
    LL_REFER = 1u << 13,    /* ABI 2 */
    LL_TRUNCATE = 1u << 14, /* ABI 3 */
    LL_IOCTL_DEV = 1u << 15 /* ABI 5 */
};

static int landlock_abi(void)
{
    long v = syscall(SYS_landlock_create_ruleset, NULL, 0, 1u /* LANDLOCK_CREATE_RULESET_VERSION */);
    return v > 0 ? (int)v : 0;
}

static uint64_t fs_rights(int abi)
{
    uint64_t all = LL_ALL_ABI1;
    if (abi >= 2)
        all |= LL_REFER;
    if (abi >= 3)
        all |= LL_TRUNCATE;
    if (abi >= 5)
        all |= LL_IOCTL_DEV;
    return all;
}

static bool allow_beneath(int ruleset, const char *path, uint64_t rights)
{
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return false;
    struct landlock_beneath b = {.allowed = rights, .parent_fd = fd};
    long r = syscall(SYS_landlock_add_rule, ruleset, 1 /* PATH_BENEATH */, &b, 0);
    close(fd);
    return r == 0;
}

/* The collector reads everywhere: only changing and executing are handled, and nothing is granted. The parser is
 * granted nothing at all. Store and fixer: reading everywhere for the fixer, their folders to write. */
static struct hn_err enter_landlock(enum hn_proc role, const struct hn_sandbox_paths *paths, int abi,
                                    struct hn_diag *reterr)
{
    uint64_t all = fs_rights(abi);
    uint64_t handled = role == HN_PROC_COLLECTOR ? all & ~(uint64_t)(LL_READ_FILE | LL_READ_DIR) : all;
    struct landlock_attr attr = {.fs = handled, .net = abi >= 4 && role != HN_PROC_HTTPD ? 3 : 0, .scoped = 0};
    size_t size = abi >= 6 ? sizeof attr : abi >= 4 ? 16 : 8;
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
    if (ruleset < 0)
        return hn_fail_errno(reterr, "landlock ruleset");
    bool ok = true;
    for (size_t i = 0; paths && paths->read_write[i]; i++)
        ok = ok && allow_beneath(ruleset, paths->read_write[i], handled & ~(uint64_t)LL_EXECUTE);
    ok = ok && syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
    int err = errno;
    close(ruleset);
    errno = err;
    return ok ? HN_OK : hn_fail_errno(reterr, "landlock");
}

/* ---------------------------------------------------------------- seccomp */

#define COMMON                                                                                                         \
    SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_close, SYS_recvmsg, SYS_sendmsg, SYS_recvfrom, SYS_sendto,        \
        SYS_ppoll, SYS_munmap, SYS_mremap, SYS_madvise, SYS_brk, SYS_futex, SYS_exit, SYS_exit_group,                  \
        SYS_clock_gettime, SYS_gettimeofday, SYS_getrandom, SYS_rt_sigreturn, SYS_rt_sigprocmask,                      \
        SYS_restart_syscall, SYS_lseek, SYS_fstat

static const int parser_calls[] = {
    COMMON,
#ifdef SYS_poll
    SYS_poll,
#endif
};

static const int collector_calls[] = {
    COMMON, SYS_pread64, SYS_readlinkat, SYS_getdents64, SYS_statx, SYS_newfstatat,
    SYS_statfs, SYS_fstatfs, SYS_faccessat, SYS_uname, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_getpid,
    SYS_gettid, SYS_fcntl, SYS_dup, SYS_bind, SYS_getsockname, SYS_setsockopt, SYS_getsockopt, SYS_getxattr,
    SYS_lgetxattr, SYS_fgetxattr, SYS_listxattr, SYS_llistxattr, SYS_flistxattr, SYS_sysinfo, SYS_capget, SYS_getcwd,
    SYS_clock_nanosleep,
#ifdef SYS_poll
    SYS_poll,
#endif
#ifdef SYS_open
    SYS_stat, SYS_lstat, SYS_readlink, SYS_access,
#endif
};

/* Under landlock, which refuses what changes anything. */
static const int open_calls[] = {
    SYS_openat, SYS_openat2,
#ifdef SYS_open
    SYS_open,
#endif
};

/* What a sanitizer's own run time needs. */
static const int sanitizer_calls[] = {SYS_sigaltstack, SYS_rt_sigaction, SYS_getpid, SYS_gettid, SYS_tgkill,
                                      SYS_sched_yield, SYS_openat, SYS_newfstatat, SYS_readlinkat, SYS_getrlimit,
                                      SYS_prlimit64, SYS_mprotect, SYS_mmap, SYS_getrusage, SYS_prctl,
                                      SYS_sched_getaffinity};

#define PROG_MAX 256u
struct prog {
    struct sock_filter f[PROG_MAX];
    unsigned n;
};

static void add(struct prog *p, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
    if (p->n < PROG_MAX)
        p->f[p->n++] = (struct sock_filter){code, jt, jf, k};
}

#define LOAD(field) add(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, field), 0, 0)

static void allow(struct prog *p, const int *calls, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        add(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls[i], 0, 1);
        add(p, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
    }
}

/* Memory that is never executable: bit PROT_EXEC of the third argument must be clear. */
static void allow_no_exec(struct prog *p, int call)
{
    add(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 4);
    add(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, args[2]), 0, 0);
    add(p, BPF_JMP | BPF_JSET | BPF_K, 4 /* PROT_EXEC */, 1, 0);
    add(p, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
    add(p, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
}

/* Opening for reading only: no flag that writes, makes or cuts. */
static void allow_open_to_read(struct prog *p)
{
    add(p, BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 4);
    add(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, args[2]), 0, 0);
    add(p, BPF_JMP | BPF_JSET | BPF_K, O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 1, 0);
    add(p, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
    add(p, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES, 0, 0);
    add(p, BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1);
    add(p, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS, 0, 0);
}

/* Only netlink: dumps of sockets, links, routes and rules. */
static void allow_netlink_socket(struct prog *p)
{
    add(p, BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 4);
    add(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, args[0]), 0, 0);
    add(p, BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 1);
    add(p, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
    add(p, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
}

static void build(struct prog *p, enum hn_proc role, bool sees_processes)
{
    LOAD(arch);
    add(p, BPF_JMP | BPF_JEQ | BPF_K, HN_AUDIT_ARCH, 1, 0);
    add(p, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
    LOAD(nr);
    if (role == HN_PROC_COLLECTOR) {
        if (sees_processes) {
            allow_open_to_read(p);
            LOAD(nr);
        } else {
            allow(p, open_calls, sizeof open_calls / sizeof *open_calls);
        }
        allow(p, collector_calls, sizeof collector_calls / sizeof *collector_calls);
    } else
        allow(p, parser_calls, sizeof parser_calls / sizeof *parser_calls);
    if (HN_SANITIZED)
        allow(p, sanitizer_calls, sizeof sanitizer_calls / sizeof *sanitizer_calls);
    if (role == HN_PROC_COLLECTOR)
        allow_netlink_socket(p);
    allow_no_exec(p, SYS_mmap);
    LOAD(nr);
    allow_no_exec(p, SYS_mprotect);
    add(p, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
}

static struct hn_err enter_seccomp(enum hn_proc role, bool sees_processes, struct hn_diag *reterr)
{
    struct prog p = {.n = 0};
    build(&p, role, sees_processes);
    if (p.n >= PROG_MAX)
        return hn_fail(reterr, HN_E_SANDBOX, "seccomp program too long");
    struct sock_fprog fp = {.len = (unsigned short)p.n, .filter = p.f};
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &fp) != 0)
        return hn_fail_errno(reterr, "seccomp");
    return HN_OK;
}

/* ---------------------------------------------------------------- limits */

static bool limit(int what, rlim_t value)
{
    struct rlimit now;
    if (getrlimit((__rlimit_resource_t)what, &now) != 0)
        return false;
    struct rlimit l = {value < now.rlim_max ? value : now.rlim_max, value < now.rlim_max ? value : now.rlim_max};
    return setrlimit((__rlimit_resource_t)what, &l) == 0;
}

static struct hn_err enter_limits(enum hn_proc role, struct hn_diag *reterr)
{
    bool ok = limit(RLIMIT_CORE, 0);
    if (role == HN_PROC_PARSER || role == HN_PROC_COLLECTOR) {
        ok = ok && limit(RLIMIT_FSIZE, 0);
        if (!HN_SANITIZED)
            ok = ok && limit(RLIMIT_AS, (rlim_t)1 << 30);
    }
    if (role == HN_PROC_PARSER)
        ok = ok && limit(RLIMIT_NPROC, 0) && limit(RLIMIT_NOFILE, 16);
    return ok ? HN_OK : hn_fail_errno(reterr, "setrlimit");
}

struct hn_sandbox_state hn_sandbox_probe(void)
{
    return (struct hn_sandbox_state){.landlock_abi = landlock_abi(), .seccomp = prctl(PR_GET_SECCOMP) >= 0};
}

struct hn_err hn_sandbox_enter(enum hn_proc role, const struct hn_sandbox_paths *paths, struct hn_sandbox_state *ret,
                               struct hn_diag *reterr)
{
    int abi = landlock_abi();
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return hn_fail_errno(reterr, "no_new_privs");
    HN_TRY(enter_limits(role, reterr));
    bool sees_processes = paths && paths->sees_processes;
    if (abi > 0 && !sees_processes)
        HN_TRY(enter_landlock(role, paths, abi, reterr));
    *ret = (struct hn_sandbox_state){.landlock_abi = abi, .seccomp = true};
    return enter_seccomp(role, sees_processes, reterr);
}
