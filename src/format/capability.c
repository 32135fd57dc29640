#include "format/capability.h"

#include <assert.h>

/* In the order of the bits. */
static const char *const names[] = {"chown",
                                    "dac_override",
                                    "dac_read_search",
                                    "fowner",
                                    "fsetid",
                                    "kill",
                                    "setgid",
                                    "setuid",
                                    "setpcap",
                                    "linux_immutable",
                                    "net_bind_service",
                                    "net_broadcast",
                                    "net_admin",
                                    "net_raw",
                                    "ipc_lock",
                                    "ipc_owner",
                                    "sys_module",
                                    "sys_rawio",
                                    "sys_chroot",
                                    "sys_ptrace",
                                    "sys_pacct",
                                    "sys_admin",
                                    "sys_boot",
                                    "sys_nice",
                                    "sys_resource",
                                    "sys_time",
                                    "sys_tty_config",
                                    "mknod",
                                    "lease",
                                    "audit_write",
                                    "audit_control",
                                    "setfcap",
                                    "mac_override",
                                    "mac_admin",
                                    "syslog",
                                    "wake_alarm",
                                    "block_suspend",
                                    "audit_read",
                                    "perfmon",
                                    "bpf",
                                    "checkpoint_restore"};
static_assert(sizeof names / sizeof *names == HN_CAPABILITIES, "one name per bit");

size_t hn_capability_names(uint64_t bits, struct hn_str out[HN_CAPABILITIES])
{
    size_t n = 0;
    for (size_t i = 0; i < HN_CAPABILITIES; i++)
        if (bits >> i & 1)
            out[n++] = hn_str_c(names[i]);
    return n;
}
