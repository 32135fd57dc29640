/* Roles: one binary that re-executes itself, each holding only what it needs.
 *
 *   supervisor  starts the others, opens what they need, parses nothing
 *   collector   reads files of the system, dumps netlink; may not write, execute or connect
 *   image       a collector whose files lie in the image of a container: has its descriptors, opens nothing
 *   parser      looks into hostile bytes; has two sockets and memory, nothing else
 *   worker      does a verb of a module over the descriptors that it is handed; has threads and memory, opens nothing
 *   store       owns HINOMI_HOME and the database
 *   httpd       speaks HTTP on one listening socket
 *   fixer       makes one approved change
 *   draw        sets a report as pages: reads fonts, writes the file it was handed
 *   fetch       copies what an address gives into a file it was handed; connects, looks into nothing that it brings
 *
 * Entering is the last line of set-up and fails closed: a role that cannot enter ends. The one exception is a kernel
 * without landlock: the role runs "reduced" (seccomp and limits only) and says so. */
#pragma once

#include <sys/types.h>

#include "base/err.h"

enum hn_proc {
    HN_PROC_COLLECTOR,
    HN_PROC_PARSER,
    HN_PROC_STORE,
    HN_PROC_HTTPD,
    HN_PROC_FIXER,
    HN_PROC_WORKER,
    HN_PROC_IMAGE,
    HN_PROC_FETCH,
    HN_PROC_DRAW,
    HN_PROC_COUNT
};

const char *hn_proc_name(enum hn_proc r);

struct hn_sandbox_state {
    int landlock_abi; /* 0: the kernel has none (reduced) */
    bool seccomp;
};
/* What this kernel offers, without entering anything. */
struct hn_sandbox_state hn_sandbox_probe(void);
/* "full", "reduced" (no landlock) or "none" (roles will not start): for `hinomi status` and the console's banner. */
const char *hn_sandbox_word(const struct hn_sandbox_state *s);

struct hn_sandbox_paths {
    const char *read_write[8]; /* folders that the role may change; NULL-terminated */
    const char *read_only[12]; /* files and folders that it may read; NULL-terminated */
    /* The live collector: must see executables, descriptors and namespaces of other processes, which landlock refuses
     * to any process in a domain. In its place stand the filter (openat with reading flags only; openat2, whose flags a
     * filter cannot see, gives ENOSYS) and the loss of CAP_DAC_OVERRIDE: docs/decisions/0003-collector-sandbox.md. */
    bool sees_processes;
    uint64_t
        file_bytes; /* of the roles image, fetch and draw: most that they may write into the file they were given */
    size_t address_space; /* of a worker, bytes: what its verb declares and its inputs, which it maps */
};
/* no_new_privs, rlimits, landlock, capabilities, seccomp (calls.c has the tables). On any failure but a missing
 * landlock: an error; the caller must end. The fixer gets no landlock and keeps its capabilities: a package manager
 * needs both. */
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
/* A user without rights for httpd to run as: "hinomi" if there is one, else "nobody". NULL: not root, so no choice. */
const char *hn_role_user(void);
/* For good: no supplementary groups; real, effective and saved ids. */
HN_MUST struct hn_err hn_role_become(const char *user, struct hn_diag *reterr);
/* Waits (kills first when kill_now); gives the wait status. */
int hn_child_end(struct hn_child *c, bool kill_now);
/* Waits at most so long, then kills. */
int hn_child_end_within(struct hn_child *c, int ms);
