/* The seccomp program of a role: its tables in order, one group of instructions a rule, first match wins. */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sandbox/internal.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#error "no seccomp architecture for this machine: add it here"
#endif

#define PROG_MAX 1024u
struct prog {
    struct sock_filter f[PROG_MAX];
    unsigned n;
};

static void add(struct prog *p, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
    if (p->n < PROG_MAX)
        p->f[p->n] = (struct sock_filter){code, jt, jf, k};
    p->n++;
}

static void load(struct prog *p, size_t offset)
{
    add(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* The low half of an argument (both processors are little endian); all that are looked at are ints to the kernel. */
static void load_arg(struct prog *p, unsigned i)
{
    load(p, offsetof(struct seccomp_data, args) + 8u * i);
}

static void jump(struct prog *p, uint16_t test, uint32_t k, uint8_t jt, uint8_t jf)
{
    add(p, BPF_JMP | test | BPF_K, k, jt, jf);
}

static void ret(struct prog *p, uint32_t what)
{
    add(p, BPF_RET | BPF_K, what, 0, 0);
}

#define ALLOW        SECCOMP_RET_ALLOW
#define KILL         SECCOMP_RET_KILL_PROCESS
#define FAIL(e)      (SECCOMP_RET_ERRNO | (uint32_t)(e))
#define OPEN_CHANGES (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND)

/* Every group but the single answers ends in two answers, so that the number of the call need not be loaded again. */
static void add_rule(struct prog *p, const struct sandbox_rule *r)
{
    bool single = r->how == HOW_ALLOW || r->how == HOW_ERRNO || r->how == HOW_KILL;
    jump(p, BPF_JEQ, (uint32_t)r->call, 0, single ? 1 : r->how == HOW_INTERNET ? 6 : r->how == HOW_FCNTL ? 5 : 4);
    switch (r->how) {
    case HOW_ALLOW:
        ret(p, ALLOW);
        break;
    case HOW_ERRNO:
        ret(p, FAIL(r->arg));
        break;
    case HOW_KILL:
        ret(p, KILL);
        break;
    case HOW_NO_EXEC:
        load_arg(p, 2);
        jump(p, BPF_JSET, PROT_EXEC, 1, 0);
        ret(p, ALLOW);
        ret(p, r->arg ? FAIL(r->arg) : KILL);
        break;
    case HOW_READ_OPEN:
        load_arg(p, r->arg);
        jump(p, BPF_JSET, OPEN_CHANGES, 1, 0);
        ret(p, ALLOW);
        ret(p, FAIL(EACCES));
        break;
    case HOW_FAMILY:
        load_arg(p, 0);
        jump(p, BPF_JEQ, r->arg, 0, 1);
        ret(p, ALLOW);
        ret(p, KILL);
        break;
    case HOW_INTERNET:
        load_arg(p, 0);
        jump(p, BPF_JEQ, AF_INET, 2, 0);
        jump(p, BPF_JEQ, AF_INET6, 1, 0);
        jump(p, BPF_JEQ, AF_NETLINK, 0, 1);
        ret(p, ALLOW);
        ret(p, FAIL(EAFNOSUPPORT));
        break;
    case HOW_FCNTL: /* F_DUPFD 0 … F_SETLKW 7 */
        load_arg(p, 1);
        jump(p, BPF_JGT, F_SETLKW, 0, 1);
        jump(p, BPF_JEQ, F_DUPFD_CLOEXEC, 0, 1);
        ret(p, ALLOW);
        ret(p, FAIL(EPERM));
        break;
    case HOW_THREAD:
        load_arg(p, 0);
        jump(p, BPF_JSET, 0x10000 /* CLONE_THREAD */, 0, 1);
        ret(p, ALLOW);
        ret(p, FAIL(EPERM));
        break;
    case HOW_SELF:
        load_arg(p, 0);
        jump(p, BPF_JEQ, (uint32_t)getpid(), 0, 1);
        ret(p, ALLOW);
        ret(p, FAIL(EPERM));
        break;
    }
}

static void build(struct prog *p, enum hn_proc role, bool sees_processes)
{
    struct sandbox_table t[SANDBOX_TABLES];
    enum sandbox_rest rest;
    size_t n = sandbox_tables(role, sees_processes, t, &rest);
    load(p, offsetof(struct seccomp_data, arch));
    jump(p, BPF_JEQ, ARCH, 1, 0);
    ret(p, rest == REST_ALLOW ? FAIL(ENOSYS) : KILL);
    load(p, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < t[i].n; k++)
            add_rule(p, &t[i].rules[k]);
    ret(p, rest == REST_KILL ? KILL : rest == REST_ENOSYS ? FAIL(ENOSYS) : ALLOW);
}

struct hn_err sandbox_filter(enum hn_proc role, bool sees_processes, struct hn_diag *reterr)
{
    struct prog p;
    p.n = 0;
    build(&p, role, sees_processes);
    if (p.n > PROG_MAX)
        return hn_fail(reterr, HN_E_SANDBOX, "seccomp program too long");
    struct sock_fprog fp = {.len = (unsigned short)p.n, .filter = p.f};
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &fp) != 0)
        return hn_fail_errno(reterr, "seccomp");
    return HN_OK;
}
