/* Entering: no_new_privs, limits, landlock, capabilities, seccomp, in this order; what is left undone is an error. */
#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/internal.h"

/* ---------------------------------------------------------------- limits */

static bool limit(int what, rlim_t value)
{
    struct rlimit now;
    if (getrlimit((__rlimit_resource_t)what, &now) != 0)
        return false;
    struct rlimit l = {value < now.rlim_max ? value : now.rlim_max, value < now.rlim_max ? value : now.rlim_max};
    return setrlimit((__rlimit_resource_t)what, &l) == 0;
}

/* Address space, in bytes; 0: none. A sanitizer reserves terabytes of it. */
static const rlim_t address_space[HN_PROC_COUNT] = {
    [HN_PROC_COLLECTOR] = (rlim_t)1 << 30, [HN_PROC_PARSER] = (rlim_t)1 << 30,
    [HN_PROC_STORE] = (rlim_t)6 << 30, /* a document of 64 MiB as a tree beside the database's cache */
    [HN_PROC_HTTPD] = (rlim_t)2 << 30,     [HN_PROC_WORKER] = (rlim_t)1 << 30,
    [HN_PROC_IMAGE] = (rlim_t)1 << 30,     [HN_PROC_FETCH] = (rlim_t)1 << 30,
    [HN_PROC_DRAW] = (rlim_t)2 << 30, /* fonts are mapped whole */
};

static struct hn_err enter_limits(enum hn_proc role, const struct hn_sandbox_paths *paths, struct hn_diag *reterr)
{
    rlim_t space = paths && paths->address_space ? paths->address_space : address_space[role];
    bool ok = limit(RLIMIT_CORE, 0);
    if (space && !HN_SANITIZED)
        ok = ok && limit(RLIMIT_AS, space);
    if (role == HN_PROC_PARSER || role == HN_PROC_COLLECTOR || role == HN_PROC_HTTPD)
        ok = ok && limit(RLIMIT_FSIZE, 0);
    if (role == HN_PROC_IMAGE || role == HN_PROC_FETCH || role == HN_PROC_DRAW)
        ok = ok && limit(RLIMIT_FSIZE, paths ? paths->file_bytes : 0);
    if (role == HN_PROC_PARSER)
        ok = ok && limit(RLIMIT_NPROC, 0) && limit(RLIMIT_NOFILE, 16);
    return ok ? HN_OK : hn_fail_errno(reterr, "setrlimit");
}

/* ---------------------------------------------------------------- capabilities */

#define CAP(name) ((uint64_t)1 << CAP_##name)

/* What is left of root. The collector reads what it must not write: CAP_DAC_READ_SEARCH without CAP_DAC_OVERRIDE; looks
 * at other people's processes; and dumps firewall rules, which netlink gives to CAP_NET_ADMIN only. The store keeps the
 * owner of a home that is not root's. */
static const uint64_t kept[HN_PROC_COUNT] = {
    [HN_PROC_COLLECTOR] = CAP(DAC_READ_SEARCH) | CAP(SYS_PTRACE) | CAP(NET_ADMIN),
    [HN_PROC_STORE] = CAP(DAC_OVERRIDE) | CAP(CHOWN) | CAP(FOWNER),
};

static struct hn_err enter_capabilities(enum hn_proc role, struct hn_diag *reterr)
{
    struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct now[2] = {{0}};
    if (role == HN_PROC_FIXER) /* hands them on to what it starts */
        return HN_OK;
    if (syscall(SYS_capget, &h, now) != 0)
        return hn_fail_errno(reterr, "capabilities");
    for (unsigned i = 0; i < 2; i++) {
        uint32_t keep = (uint32_t)(kept[role] >> (32 * i));
        now[i].permitted &= keep;
        now[i].effective &= keep;
        now[i].inheritable = 0;
    }
    if (syscall(SYS_capset, &h, now) != 0)
        return hn_fail_errno(reterr, "capabilities");
    return HN_OK;
}

/* ---------------------------------------------------------------- all of it */

struct hn_sandbox_state hn_sandbox_probe(void)
{
    return (struct hn_sandbox_state){.landlock_abi = sandbox_landlock_abi(), .seccomp = prctl(PR_GET_SECCOMP) >= 0};
}

const char *hn_sandbox_word(const struct hn_sandbox_state *s)
{
    return !s->seccomp ? "none" : s->landlock_abi > 0 ? "full" : "reduced";
}

struct hn_err hn_sandbox_enter(enum hn_proc role, const struct hn_sandbox_paths *paths, struct hn_sandbox_state *ret,
                               struct hn_diag *reterr)
{
    int abi = sandbox_landlock_abi();
    bool sees_processes = paths && paths->sees_processes;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return hn_fail_errno(reterr, "no_new_privs");
    HN_TRY(enter_limits(role, paths, reterr));
    if (abi > 0 && !sees_processes && role != HN_PROC_FIXER)
        HN_TRY(sandbox_landlock(role, paths, abi, reterr));
    HN_TRY(enter_capabilities(role, reterr));
    *ret = (struct hn_sandbox_state){.landlock_abi = abi, .seccomp = true};
    return sandbox_filter(role, sees_processes, reterr);
}
