/* The parts of entering: each a wall of its own, put up in the order of hn_sandbox_enter(). */
#pragma once

#include <stddef.h>
#include <stdint.h>

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

/* ---- system calls (calls.c) ---- */

enum sandbox_how {
    HOW_ALLOW,
    HOW_ERRNO, /* arg: errno */
    HOW_KILL,
    HOW_NO_EXEC,   /* memory: PROT_EXEC in the third argument kills; with arg it gives that errno */
    HOW_READ_OPEN, /* arg: which argument has the flags; anything that writes, makes or cuts: EACCES */
    HOW_FAMILY,    /* socket: arg is the one address family; any other kills */
    HOW_INTERNET,  /* socket: IPv4, IPv6 and netlink (libc asks for the routes); others: EAFNOSUPPORT */
    HOW_FCNTL,     /* flags, duplicates and record locks; not owners, signals, leases: EPERM */
    HOW_THREAD,    /* clone: only threads of this process, else EPERM */
    HOW_SELF,      /* first argument must be this process (tgkill), else EPERM */
};
struct sandbox_rule {
    int call;
    enum sandbox_how how;
    uint32_t arg;
};
struct sandbox_table {
    const struct sandbox_rule *rules;
    size_t n;
};
/* What a call that no table names gets. */
enum sandbox_rest { REST_KILL, REST_ENOSYS, REST_ALLOW };

#define SANDBOX_TABLES 4
/* Tables of a role, first match wins; gives how many. */
size_t sandbox_tables(enum hn_proc role, bool sees_processes, struct sandbox_table out[SANDBOX_TABLES],
                      enum sandbox_rest *ret_rest);

/* ---- seccomp (filter.c) ---- */

HN_MUST struct hn_err sandbox_filter(enum hn_proc role, bool sees_processes, struct hn_diag *reterr);

/* ---- landlock (landlock.c) ---- */

int sandbox_landlock_abi(void); /* 0: the kernel has none */
HN_MUST struct hn_err sandbox_landlock(enum hn_proc role, const struct hn_sandbox_paths *paths, int abi,
                                       struct hn_diag *reterr);
