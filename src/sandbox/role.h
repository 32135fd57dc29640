/* Roles: one binary that re-executes itself, each holding only what it needs.
 *
 *   supervisor  starts the others, opens what they need, parses nothing
 *   collector   reads files of the system, dumps netlink; may not write, execute or connect
 *   parser      looks into hostile bytes; has two sockets and memory, nothing else
 *   store       owns HINOMI_HOME and the database
 *   httpd       speaks HTTP on one listening socket
 *   fixer       makes one approved change
 *
 * Entering is the last line of set-up and fails closed: a role that cannot enter ends. The one exception is a kernel
 * without landlock: the role runs "reduced" (seccomp and limits only) and says so. */
#pragma once

#include <sys/types.h>

#include "base/err.h"

enum hn_proc { HN_PROC_COLLECTOR, HN_PROC_PARSER, HN_PROC_STORE, HN_PROC_HTTPD, HN_PROC_FIXER, HN_PROC_COUNT };

const char *hn_proc_name(enum hn_proc r);

struct hn_sandbox_state {
    int landlock_abi; /* 0: the kernel has none (reduced) */
    bool seccomp;
};
/* What this kernel offers, without entering anything. */
struct hn_sandbox_state hn_sandbox_probe(void);

struct hn_sandbox_paths {
    const char *read_write[8]; /* folders that the role may change (store, fixer); NULL-terminated */
    /* The live collector: must see executables, descriptors and namespaces of other processes, which landlock refuses to
     * any process in a domain. Instead openat() takes reading flags only, and openat2(), whose flags a filter cannot
     * see, is refused with ENOSYS; with that and RLIMIT_FSIZE 0 nothing can be made, changed or cut. */
    bool sees_processes;
};
/* no_new_privs, rlimits, landlock, seccomp. On any failure but a missing landlock: an error; the caller must end. */
HN_MUST struct hn_err hn_sandbox_enter(enum hn_proc role, const struct hn_sandbox_paths *paths,
                                       struct hn_sandbox_state *ret, struct hn_diag *reterr);

struct hn_child {
    pid_t pid;
    int pidfd; /* -1 where the kernel has none */
};
/* fork + exec of /proc/self/exe as `hinomi -x ROLE args…`. fds[i] appears as descriptor 3 + i; everything else is
 * closed. argv is NULL-terminated. The child dies with its parent. */
HN_MUST struct hn_err hn_role_spawn(enum hn_proc role, const char *const *argv, const int *fds, size_t nfds,
                                    struct hn_child *ret, struct hn_diag *reterr);
/* Waits (kills first when kill_now); gives the wait status. */
int hn_child_end(struct hn_child *c, bool kill_now);
