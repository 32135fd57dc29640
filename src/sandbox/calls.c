/* Which system calls each role may make. What a table does not name is refused: parser and collector, which run for
 * seconds over hostile machines, are killed for it; store, httpd and fetch, which serve, and draw, which runs libraries
 * with ways of their own, get ENOSYS, so that a libc with a newer way of doing a harmless thing takes the older one,
 * but are killed for what no accident explains (never[]). */
#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "sandbox/internal.h"

#define A(name)                                                                                                        \
    {                                                                                                                  \
        SYS_##name, HOW_ALLOW, 0                                                                                       \
    }
#define KILL(name)                                                                                                     \
    {                                                                                                                  \
        SYS_##name, HOW_KILL, 0                                                                                        \
    }
#define FAIL(name, err)                                                                                                \
    {                                                                                                                  \
        SYS_##name, HOW_ERRNO, err                                                                                     \
    }
#define NUMBER(t) (sizeof(t) / sizeof *(t))

/* Processors of today's 64-bit ABI (aarch64) never had the older calls. */
#ifdef SYS_open
#define OLD(...) __VA_ARGS__
#else
#define OLD(...)
#endif

/* clang-format off */

/* Descriptors that it has, memory without code, time, and an end of its own (abort). */
static const struct sandbox_rule common[] = {
    A(read), A(write), A(readv), A(writev), A(close), A(fstat), A(lseek), A(recvmsg), A(sendmsg), A(recvfrom), A(sendto),
    A(ppoll), OLD(A(poll),)
    {SYS_mmap, HOW_NO_EXEC, 0}, {SYS_mprotect, HOW_NO_EXEC, 0}, A(munmap), A(mremap), A(madvise), A(brk),
    A(futex), A(clock_gettime), A(gettimeofday), A(getrandom), A(sysinfo), A(getpid), A(gettid),
    A(rt_sigreturn), A(rt_sigprocmask), A(rt_sigaction), {SYS_tgkill, HOW_SELF, 0}, A(restart_syscall),
    A(exit), A(exit_group),
};

/* Reading names and contents; no call that changes a file is here. */
static const struct sandbox_rule collector[] = {
    A(newfstatat), A(readlinkat), A(getdents64), A(pread64), A(statx), A(statfs), A(fstatfs), A(faccessat), A(faccessat2),
    OLD(A(stat), A(lstat), A(readlink), A(access),)
    A(getxattr), A(lgetxattr), A(fgetxattr), A(listxattr), A(llistxattr), A(flistxattr),
    A(uname), A(getuid), A(geteuid), A(getgid), A(getegid), A(getcwd), A(capget), A(dup), {SYS_fcntl, HOW_FCNTL, 0},
    A(clock_nanosleep),
    /* dumps of sockets, links, routes and rules */
    {SYS_socket, HOW_FAMILY, AF_NETLINK}, A(bind), A(getsockname), A(setsockopt), A(getsockopt),
};

/* Behind landlock, which refuses what changes anything: openat2 keeps every path below the root that is looked at. */
static const struct sandbox_rule open_behind_landlock[] = {
    A(openat2), {SYS_openat, HOW_READ_OPEN, 2}, OLD({SYS_open, HOW_READ_OPEN, 1},)
};

/* Without landlock the filter alone must hold, and it cannot see openat2's flags, which lie behind a pointer. */
static const struct sandbox_rule open_by_flags[] = {
    {SYS_openat, HOW_READ_OPEN, 2}, OLD({SYS_open, HOW_READ_OPEN, 1},) FAIL(openat2, ENOSYS),
};

/* Parts of an image's layers, and the file that they are unpacked into. */
static const struct sandbox_rule image[] = {A(pread64), A(pwrite64)};

/* No accident: whoever calls these here is not the program any more. */
static const struct sandbox_rule never[] = {
    KILL(execve), KILL(execveat), KILL(ptrace), KILL(process_vm_readv), KILL(process_vm_writev), KILL(connect),
    KILL(mount), KILL(umount2), KILL(pivot_root), KILL(chroot), KILL(setns), KILL(unshare), KILL(bpf), KILL(init_module),
    KILL(finit_module), KILL(delete_module), KILL(kexec_load), KILL(perf_event_open), KILL(keyctl), KILL(userfaultfd),
    KILL(io_uring_setup), KILL(reboot), KILL(swapon), KILL(memfd_create), OLD(KILL(fork), KILL(vfork),)
};

/* A database in one folder, which landlock says; sockets that it was given and those that come over them. */
static const struct sandbox_rule store[] = {
    A(pread64), A(pwrite64), A(fdatasync), A(fsync), A(ftruncate), A(fallocate), {SYS_fcntl, HOW_FCNTL, 0}, A(flock),
    A(openat), A(newfstatat), A(statx), A(faccessat), A(faccessat2), A(unlinkat), A(renameat), A(renameat2), A(mkdirat), A(linkat),
    A(readlinkat), A(getdents64), A(fchmod), A(fchown), A(fchmodat), A(utimensat), A(getcwd), A(umask), A(statfs),
    A(fstatfs), OLD(A(open), A(stat), A(lstat), A(access), A(unlink), A(rename), A(link), A(mkdir), A(rmdir), A(readlink),)
    A(accept4), A(getsockopt), A(setsockopt), A(getsockname), A(getpeername), A(shutdown), FAIL(socket, EACCES),
    A(getuid), A(geteuid), A(getgid), A(getegid), A(uname), A(clock_nanosleep), A(nanosleep), A(sched_yield),
    A(getrusage), A(prlimit64),
};

/* Connections that come over the listening sockets it was given, and the one to the store. No file at all: the attempt
 * is refused, not fatal, since libc looks for time zones and the like where it can do without. */
static const struct sandbox_rule httpd[] = {
    A(accept4), A(epoll_pwait), OLD(A(epoll_wait), A(accept),) A(epoll_ctl), A(epoll_create1), A(eventfd2), A(pipe2),
    A(getsockopt), A(setsockopt), A(getsockname), A(getpeername), A(shutdown), A(sendfile), A(sendmmsg),
    {SYS_fcntl, HOW_FCNTL, 0}, {SYS_clone, HOW_THREAD, 0}, A(set_robust_list), A(rseq), A(sched_yield),
    A(sched_getaffinity), A(clock_nanosleep), A(nanosleep), A(getuid), A(geteuid), A(getgid), A(getegid), A(uname),
    FAIL(openat, EACCES), FAIL(openat2, EACCES), FAIL(newfstatat, EACCES), FAIL(readlinkat, EACCES),
    FAIL(faccessat, EACCES), FAIL(socket, EACCES), FAIL(prctl, EPERM),
    OLD(FAIL(open, EACCES), FAIL(stat, EACCES), FAIL(access, EACCES), FAIL(readlink, EACCES),)
};

/* Descriptors that come over its socket: files to map, read and (those made for it) write, sockets to serve. */
static const struct sandbox_rule worker[] = {
    A(pread64), A(preadv), A(pwrite64), A(fdatasync), A(fsync), A(ftruncate), A(fallocate), A(fadvise64),
    {SYS_fcntl, HOW_FCNTL, 0}, A(accept4), A(recvmmsg), A(epoll_pwait), OLD(A(epoll_wait),) A(epoll_ctl),
    A(epoll_create1), A(getsockopt), A(getsockname), A(getpeername), A(shutdown), FAIL(newfstatat, EACCES),
    {SYS_clone, HOW_THREAD, 0}, FAIL(clone3, ENOSYS), A(set_robust_list), A(rseq), A(sched_yield), A(sched_getaffinity),
    A(clock_nanosleep), A(nanosleep), A(getuid), A(geteuid), A(getgid), A(getegid), A(uname), A(getrusage),
    A(mincore), FAIL(prctl, EPERM),
    /* libc looks for the number of processors when a second thread allocates, and can do without */
    FAIL(openat, EACCES), OLD(FAIL(open, EACCES),)
};

/* libcurl and libc's resolver, over the files that landlock names. A library that libc would load to look up a name
 * (nss-resolve, nss-mymachines) is refused, and the next way is taken. Stands before common[]. */
static const struct sandbox_rule fetch[] = {
    {SYS_mmap, HOW_NO_EXEC, EACCES}, {SYS_mprotect, HOW_NO_EXEC, EACCES}, {SYS_socket, HOW_INTERNET, 0}, A(connect),
    A(bind), A(getsockname), A(getpeername), A(getsockopt), A(setsockopt), A(shutdown), A(sendmmsg), A(recvmmsg),
    A(socketpair), A(pipe2), A(eventfd2), A(epoll_create1), A(epoll_ctl), A(epoll_pwait), OLD(A(epoll_wait),)
    {SYS_openat, HOW_READ_OPEN, 2}, OLD({SYS_open, HOW_READ_OPEN, 1}, A(stat), A(access), A(readlink),)
    A(newfstatat), A(statx), A(faccessat), A(faccessat2), A(readlinkat), A(getdents64), A(pread64), A(pwrite64),
    A(ftruncate), A(fdatasync), {SYS_fcntl, HOW_FCNTL, 0}, {SYS_clone, HOW_THREAD, 0}, FAIL(clone3, ENOSYS),
    A(set_robust_list), A(rseq), A(sched_yield), A(sched_getaffinity), A(clock_nanosleep), A(nanosleep), A(getuid),
    A(geteuid), A(getgid), A(getegid), A(uname), A(getrusage), A(getrlimit), FAIL(prctl, EPERM), FAIL(ioctl, ENOTTY),
};

/* Pango, fontconfig and cairo over the fonts that landlock names; their threads. What they may not do they do without
 * (a cache that is not written, a font that is not there), so it is refused and not fatal. Stands before common[]. */
static const struct sandbox_rule draw[] = {
    {SYS_mmap, HOW_NO_EXEC, EACCES}, {SYS_mprotect, HOW_NO_EXEC, EACCES},
    {SYS_openat, HOW_READ_OPEN, 2}, OLD({SYS_open, HOW_READ_OPEN, 1}, A(stat), A(lstat), A(access), A(readlink),)
    A(newfstatat), A(statx), A(statfs), A(fstatfs), A(faccessat), A(faccessat2), A(readlinkat), A(getdents64), A(pread64),
    A(pwrite64), A(getcwd), {SYS_fcntl, HOW_FCNTL, 0}, {SYS_clone, HOW_THREAD, 0}, FAIL(clone3, ENOSYS), A(set_robust_list),
    A(rseq), A(sched_yield), A(sched_getaffinity), A(clock_nanosleep), A(nanosleep), A(getuid), A(geteuid), A(getgid),
    A(getegid), A(uname), A(getrusage), A(getrlimit), FAIL(prctl, EPERM), FAIL(ioctl, ENOTTY), FAIL(socket, EACCES),
};

/* A package manager and what it starts must be able to do almost anything; not these. Refused, not fatal, because the
 * filter is handed down to programs that may try and do without. */
static const struct sandbox_rule fixer[] = {
    FAIL(ptrace, EPERM), FAIL(process_vm_readv, EPERM), FAIL(process_vm_writev, EPERM), FAIL(bpf, EPERM),
    FAIL(perf_event_open, EPERM), FAIL(userfaultfd, EPERM), FAIL(kexec_load, EPERM),
#ifdef SYS_kexec_file_load
    FAIL(kexec_file_load, EPERM),
#endif
    FAIL(reboot, EPERM), FAIL(io_uring_setup, EPERM), FAIL(swapon, EPERM), FAIL(swapoff, EPERM),
    FAIL(open_by_handle_at, EPERM), FAIL(setns, EPERM),
};

/* What a sanitizer's own run time needs on top. */
static const struct sandbox_rule sanitizer[] = {
    A(openat), A(newfstatat), A(readlinkat), A(sigaltstack), A(tgkill), A(sched_yield), A(getrlimit), A(prlimit64),
    A(getrusage), A(prctl), A(sched_getaffinity), A(getppid), OLD(A(open), A(readlink), A(stat),)
};

/* clang-format on */

size_t sandbox_tables(enum hn_proc role, bool sees_processes, struct sandbox_table out[SANDBOX_TABLES],
                      enum sandbox_rest *ret_rest)
{
#define TABLE(t) ((struct sandbox_table){t, NUMBER(t)})
    size_t n = 0;
    *ret_rest = REST_KILL;
    if (role == HN_PROC_FETCH)
        out[n++] = TABLE(fetch);
    if (role == HN_PROC_DRAW)
        out[n++] = TABLE(draw);
    if (role != HN_PROC_FIXER)
        out[n++] = TABLE(common);
    switch (role) {
    case HN_PROC_COLLECTOR:
        out[n++] = sees_processes ? TABLE(open_by_flags) : TABLE(open_behind_landlock);
        out[n++] = TABLE(collector);
        break;
    case HN_PROC_STORE:
        out[n++] = TABLE(store);
        break;
    case HN_PROC_HTTPD:
        out[n++] = TABLE(httpd);
        break;
    case HN_PROC_WORKER:
        out[n++] = TABLE(worker);
        break;
    case HN_PROC_IMAGE:
        out[n++] = TABLE(image);
        break;
    case HN_PROC_FIXER:
        out[n++] = TABLE(fixer);
        *ret_rest = REST_ALLOW;
        return n;
    case HN_PROC_FETCH:
    case HN_PROC_DRAW:
    case HN_PROC_PARSER:
    case HN_PROC_COUNT:
        break;
    }
    if (role == HN_PROC_STORE || role == HN_PROC_HTTPD || role == HN_PROC_FETCH || role == HN_PROC_DRAW) {
        out[n++] = TABLE(never);
        *ret_rest = REST_ENOSYS;
    }
    if (HN_SANITIZED)
        out[n++] = TABLE(sanitizer);
    return n;
}
