/* Landlock by raw system call: Debian 12 has no wrapper, and its headers stop at ABI 2. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/internal.h"

/* struct landlock_ruleset_attr, which grew: 8 bytes, from ABI 4 on 16, from ABI 6 on 24. */
struct attr {
    uint64_t fs, net, scoped;
};
struct beneath {
    uint64_t allowed;
    int32_t parent_fd;
} __attribute__((packed));

enum {
    FS_EXECUTE = 1u << 0,
    FS_WRITE_FILE = 1u << 1,
    FS_READ_FILE = 1u << 2,
    FS_READ_DIR = 1u << 3,
    FS_ALL_ABI1 = (1u << 13) - 1,
    FS_REFER = 1u << 13,     /* ABI 2 */
    FS_TRUNCATE = 1u << 14,  /* ABI 3 */
    FS_IOCTL_DEV = 1u << 15, /* ABI 5 */
    NET_BIND = 1,            /* ABI 4 */
    NET_ALL = 3,             /* bind and connect TCP */
    SCOPE_ALL = 3            /* ABI 6: abstract sockets of, and signals to, processes outside */
};

int sandbox_landlock_abi(void)
{
    long v = syscall(SYS_landlock_create_ruleset, NULL, 0, 1u /* LANDLOCK_CREATE_RULESET_VERSION */);
    return v > 0 ? (int)v : 0;
}

static uint64_t fs_rights(int abi)
{
    uint64_t all = FS_ALL_ABI1;
    if (abi >= 2)
        all |= FS_REFER;
    if (abi >= 3)
        all |= FS_TRUNCATE;
    if (abi >= 5)
        all |= FS_IOCTL_DEV;
    return all;
}

/* Rights that a plain file can have; the kernel refuses a rule with others on one. */
#define FS_OF_FILE ((uint64_t)(FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV))

static bool allow_beneath(int ruleset, const char *path, uint64_t rights)
{
    struct stat st;
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return false;
    if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
        rights &= FS_OF_FILE;
    struct beneath b = {.allowed = rights, .parent_fd = fd};
    long r = syscall(SYS_landlock_add_rule, ruleset, 1 /* LANDLOCK_RULE_PATH_BENEATH */, &b, 0);
    int err = errno;
    close(fd);
    errno = err;
    return r == 0;
}

/* The collector reads everywhere: only changing and executing are handled, and nothing is granted. The others are
 * granted what paths names, and nothing else. */
struct hn_err sandbox_landlock(enum hn_proc role, const struct hn_sandbox_paths *paths, int abi, struct hn_diag *reterr)
{
    uint64_t all = fs_rights(abi);
    uint64_t handled = role == HN_PROC_COLLECTOR ? all & ~(uint64_t)(FS_READ_FILE | FS_READ_DIR) : all;
    struct attr attr = {.fs = handled, .net = role == HN_PROC_FETCH ? NET_BIND : NET_ALL, .scoped = SCOPE_ALL};
    size_t size = abi >= 6 ? sizeof attr : abi >= 4 ? 16 : 8;
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
    if (ruleset < 0)
        return hn_fail_errno(reterr, "landlock ruleset");
    bool ok = true;
    for (size_t i = 0; paths && paths->read_write[i]; i++)
        ok = ok && allow_beneath(ruleset, paths->read_write[i], handled & ~(uint64_t)FS_EXECUTE);
    for (size_t i = 0; paths && paths->read_only[i]; i++)
        ok = ok && allow_beneath(ruleset, paths->read_only[i], handled & (FS_READ_FILE | FS_READ_DIR));
    ok = ok && syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
    int err = errno;
    close(ruleset);
    errno = err;
    return ok ? HN_OK : hn_fail_errno(reterr, "landlock");
}
