/* Inside of the kernel module: what its files share. */
#pragma once

#include "base/map.h"
#include "base/str.h"
#include "core/module.h"

#define KERNEL_MAX_SETTINGS 4096u
#define KERNEL_MAX_VERSIONS 64u

/* One sysctl, live and as the files want it. */
struct kernel_setting {
    struct hn_str name; /* "net.ipv4.ip_forward" */
    struct hn_str value, configured, path;
    bool has_value, has_configured, pattern, kept_out; /* kept_out: "-name", no pattern applies */
    unsigned line;
    struct kernel_setting *next;
};

/* A sysctl.d file kept until finish: precedence is known only when all are there. */
struct kernel_file {
    struct hn_bytes path;
    struct hn_str text;
    struct kernel_file *next;
};

struct kernel_version {
    struct hn_str version, image; /* image: path of vmlinuz, or empty when only modules are there */
    bool modules;
};

struct kernel_state {
    struct hn_map by_name;
    struct kernel_setting *settings;
    size_t n_settings;
    struct kernel_file *files;
    bool ready;
    struct hn_str running, build, cmdline, lockdown, container;
    struct kernel_version versions[KERNEL_MAX_VERSIONS];
    size_t n_versions;
    struct hn_str livepatches[16];
    size_t n_livepatches;
    struct hn_str reboot_packages[64];
    size_t n_reboot_packages;
    bool reboot_required;
    bool efi, secure_boot_seen, secure_boot, sig_enforce_seen, sig_enforce, taint_seen, live_seen;
    uint64_t taint;
    unsigned modules;
};

extern const char *const kernel_sysctls[]; /* names that are read, NULL-terminated */

/* sysctl.c */
void kernel_sysctl_live(struct hn_parse *p, const struct hn_rec *r);
void kernel_sysctl_file(struct hn_parse *p, const struct hn_rec *r);
void kernel_sysctl_emit(struct hn_parse *p);
/* live.c */
void kernel_modules(struct hn_parse *p, const struct hn_rec *r);
void kernel_cpu(struct hn_parse *p, const struct hn_rec *r);
void kernel_modprobe(struct hn_parse *p, const struct hn_rec *r);
void kernel_one_value(struct hn_parse *p, const struct hn_rec *r);
void kernel_taint_emit(struct hn_parse *p);
void kernel_boot_params_emit(struct hn_parse *p);
/* versions.c */
void kernel_installed(struct hn_parse *p, const struct hn_rec *r);
void kernel_versions_emit(struct hn_parse *p);
/* Numbers count as numbers: "6.1.0-9" < "6.1.0-37". */
int kernel_version_cmp(struct hn_str a, struct hn_str b);
/* The part from the first "-" before a letter: "-amd64", "-cloud-amd64"; kernels of two flavours do not compare. */
struct hn_str kernel_flavour(struct hn_str version);
/* judge.c */
void kernel_judge(struct hn_judge *j);
