/* kernel: its settings, what is loaded into it, how it was started, and whether the running one is the newest. */
#include <stdio.h>

#include "modules/kernel/kernel.h"

static const struct hn_field host_fields[] = {
    {"running", HN_T_STR, HN_REF_NONE, NULL, "release of the running kernel (uname -r)"},
    {"build", HN_T_STR, HN_REF_NONE, NULL, "its package version, when the distribution writes it into /proc/version"},
    {"newest", HN_T_STR, HN_REF_NONE, NULL, "newest installed kernel of the same flavour"},
    {"container", HN_T_STR, HN_REF_NONE, NULL, "what says that this is a container: its kernel is not of this root"},
    {"cmdline", HN_T_STR, HN_REF_NONE, NULL, "command line the kernel was started with"},
    {"lockdown", HN_T_STR, HN_REF_NONE, NULL, "none, integrity or confidentiality"},
    {"efi", HN_T_BOOL, HN_REF_NONE, NULL, "started through EFI"},
    {"secure_boot", HN_T_BOOL, HN_REF_NONE, NULL, "secure boot is on"},
    {"module_signatures", HN_T_BOOL, HN_REF_NONE, NULL, "only signed modules are loaded"},
    {"tainted", HN_T_INT, HN_REF_NONE, NULL, "taint mask"},
    {"modules", HN_T_INT, HN_REF_NONE, NULL, "number of loaded modules"},
    {"livepatches", HN_T_LIST, HN_REF_NONE, NULL, "live patches applied"},
    {"reboot_required", HN_T_BOOL, HN_REF_NONE, NULL, "a package asked for a restart (/run/reboot-required)"},
    {"reboot_packages", HN_T_LIST, HN_REF_NONE, NULL, "packages that asked for it"},
    {0}};

static const struct hn_field sysctl_fields[] = {
    {"value", HN_T_STR, HN_REF_NONE, NULL, "live value"},
    {"configured", HN_T_STR, HN_REF_NONE, NULL, "value that the configuration files set at start"},
    {"path", HN_T_STR, HN_REF_PATH, NULL, "file that decides it"},
    {"line", HN_T_INT, HN_REF_NONE, NULL, "line in that file"},
    {"differs", HN_T_BOOL, HN_REF_NONE, NULL, "live and configured value differ"},
    {0}};

static const struct hn_field module_fields[] = {
    {"size", HN_T_INT, HN_REF_NONE, "bytes", "memory used"},
    {"references", HN_T_INT, HN_REF_NONE, NULL, "number of users"},
    {"used_by", HN_T_LIST, HN_REF_NONE, NULL, "modules that use it"},
    {"state", HN_T_STR, HN_REF_NONE, NULL, "Live, Loading or Unloading"},
    {"taints", HN_T_STR, HN_REF_NONE, NULL,
     "letters of the taints it caused (O out of tree, E unsigned, P proprietary)"},
    {0}};

static const struct hn_field taint_fields[] = {
    {"letter", HN_T_STR, HN_REF_NONE, NULL, "letter as the kernel prints it"},
    {"meaning", HN_T_STR, HN_REF_NONE, NULL, "what happened"},
    {0}};

static const struct hn_field cpu_fields[] = {
    {"state", HN_T_STR, HN_REF_NONE, NULL, "not affected, mitigated, vulnerable or unknown"},
    {"text", HN_T_STR, HN_REF_NONE, NULL, "as the kernel says it"},
    {"smt_vulnerable", HN_T_BOOL, HN_REF_NONE, NULL, "the mitigation does not hold between threads of one core"},
    {0}};

static const struct hn_field installed_fields[] = {
    {"image", HN_T_STR, HN_REF_PATH, NULL, "kernel image"},
    {"modules", HN_T_BOOL, HN_REF_NONE, NULL, "its modules are installed"},
    {"running", HN_T_BOOL, HN_REF_NONE, NULL, "this is the running one"},
    {0}};

static const struct hn_field param_fields[] = {{"value", HN_T_STR, HN_REF_NONE, NULL, "value, empty for a bare word"},
                                               {0}};

static const struct hn_field modprobe_fields[] = {
    {"directive", HN_T_STR, HN_REF_NONE, NULL, "blacklist, install, remove, options, alias, softdep"},
    {"name", HN_T_STR, HN_REF_NONE, NULL, "module or alias"},
    {"rest", HN_T_STR, HN_REF_NONE, NULL, "what follows"},
    {"disabled", HN_T_BOOL, HN_REF_NONE, NULL,
     "the module cannot be loaded by name (install … /bin/false or /bin/true)"},
    {"path", HN_T_STR, HN_REF_PATH, NULL, "file"},
    {"line", HN_T_INT, HN_REF_NONE, NULL, "line in the file"},
    {0}};

static const struct hn_kind kinds[] = {
    {"host", "always \"kernel\"", host_fields},
    {"sysctl", "name with dots", sysctl_fields},
    {"module", "module name", module_fields},
    {"taint", "bit number", taint_fields},
    {"cpu_vulnerability", "name as in /sys/devices/system/cpu/vulnerabilities", cpu_fields},
    {"installed", "release", installed_fields},
    {"boot_param", "name", param_fields},
    {"modprobe", "path:line", modprobe_fields},
    {0}};

static const struct hn_rule rules[] = {
    {"older-than-installed", HN_SEV_HIGH, HN_CLASS_VULNERABILITY, "NIST:SI-2 DS-211"},
    {"rebuilt-since-boot", HN_SEV_HIGH, HN_CLASS_VULNERABILITY, "NIST:SI-2 DS-211"},
    {"reboot-required", HN_SEV_MEDIUM, HN_CLASS_VULNERABILITY, "NIST:SI-2 DS-211"},
    {"cpu-vulnerable", HN_SEV_MEDIUM, HN_CLASS_VULNERABILITY, "NIST:SI-2 DS-211"},
    {"module-unsigned", HN_SEV_MEDIUM, HN_CLASS_INTEGRITY, "NIST:SI-7 DS-211"},
    {"module-out-of-tree", HN_SEV_LOW, HN_CLASS_INTEGRITY, "NIST:SI-7 DS-211"},
    {"module-forced", HN_SEV_HIGH, HN_CLASS_INTEGRITY, "NIST:SI-7 DS-211"},
    {"kernel-damaged", HN_SEV_MEDIUM, HN_CLASS_RESILIENCE, NULL},
    {"setting-not-applied", HN_SEV_LOW, HN_CLASS_CONFIGURATION, "NIST:CM-6 DS-211"},
    {"secure-boot-off", HN_SEV_LOW, HN_CLASS_CONFIGURATION, "NIST:SI-7 DS-211"},
    {"mitigations-off", HN_SEV_HIGH, HN_CLASS_CONFIGURATION, "NIST:SI-2 DS-211"},
    {0}};

static const char *const needs[] = {"packages.package", NULL};

static void collect_live(struct hn_collect *c)
{
    char path[256];
    for (size_t i = 0; kernel_sysctls[i]; i++) {
        int n = snprintf(path, sizeof(path), "/proc/sys/%s", kernel_sysctls[i]);
        for (int k = 10; k < n; k++)
            if (path[k] == '.')
                path[k] = '/';
        hn_collect_file(c, "sysctl", path, 4096);
    }
    hn_collect_file(c, "running", "/proc/sys/kernel/osrelease", 4096);
    hn_collect_file(c, "version", "/proc/version", 4096);
    hn_collect_file(c, "taint", "/proc/sys/kernel/tainted", 4096);
    hn_collect_file(c, "cmdline", "/proc/cmdline", 64u << 10);
    hn_collect_file(c, "modules", "/proc/modules", 1u << 20);
    hn_collect_glob(c, "cpu", "/sys/devices/system/cpu/vulnerabilities/*", 4096, 64);
    hn_collect_file(c, "lockdown", "/sys/kernel/security/lockdown", 4096);
    hn_collect_stat(c, "efi", "/sys/firmware/efi");
    hn_collect_file(c, "secureboot", "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", 64);
    hn_collect_file(c, "sigenforce", "/sys/module/module/parameters/sig_enforce", 64);
    hn_collect_dir(c, "livepatch", "/sys/kernel/livepatch", 1, 16);
    hn_collect_stat(c, "container", "/.dockerenv");
    hn_collect_stat(c, "container", "/run/.containerenv");
    hn_collect_file(c, "container", "/run/systemd/container", 4096);
    hn_collect_file(c, "reboot", "/run/reboot-required", 4096);
    hn_collect_file(c, "rebootpkgs", "/run/reboot-required.pkgs", 64u << 10);
}

static void collect(struct hn_collect *c)
{
    static const char *const dirs[] = {"/etc/sysctl.d/*.conf", "/run/sysctl.d/*.conf", "/usr/local/lib/sysctl.d/*.conf",
                                       "/usr/lib/sysctl.d/*.conf"};
    if (hn_collect_live(c))
        collect_live(c);
    for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
        hn_collect_glob(c, "sysctl.d", dirs[i], 256u << 10, 512);
    hn_collect_file(c, "sysctl.d", "/etc/sysctl.conf", 256u << 10);
    hn_collect_glob(c, "modprobe", "/etc/modprobe.d/*.conf", 256u << 10, 256);
    hn_collect_glob(c, "modprobe", "/usr/lib/modprobe.d/*.conf", 256u << 10, 256);
    hn_collect_dir(c, "boot", "/boot", 1, 1000);
    hn_collect_dir(c, "libmodules", "/usr/lib/modules", 1, 1000);
    hn_collect_dir(c, "libmodules", "/lib/modules", 1, 1000);
}

static const struct {
    const char *tag;
    void (*parse)(struct hn_parse *p, const struct hn_rec *r);
} dispatch[] = {
    {"sysctl", kernel_sysctl_live},   {"sysctl.d", kernel_sysctl_file},
    {"modules", kernel_modules},      {"cpu", kernel_cpu},
    {"modprobe", kernel_modprobe},    {"boot", kernel_installed},
    {"libmodules", kernel_installed},
};

static void parse(struct hn_parse *p, const struct hn_rec *r)
{
    struct kernel_state *s = hn_parse_state(p);
    if (!s->ready) {
        hn_map_init(&s->by_name);
        s->ready = true;
    }
    if (r->err)
        return;
    for (size_t i = 0; i < sizeof(dispatch) / sizeof(dispatch[0]); i++)
        if (hn_str_eqc(r->tag, dispatch[i].tag)) {
            dispatch[i].parse(p, r);
            return;
        }
    kernel_one_value(p, r);
}

static void emit_host(struct hn_parse *p)
{
    struct kernel_state *s = hn_parse_state(p);
    struct hn_str newest = {"", 0};
    for (size_t i = 0; i < s->n_versions; i++) {
        const struct kernel_version *v = &s->versions[i];
        if (s->running.n && !hn_str_eq(kernel_flavour(v->version), kernel_flavour(s->running)))
            continue;
        if (v->image.n && (!newest.n || kernel_version_cmp(v->version, newest) > 0))
            newest = v->version;
    }
    hn_obs_begin(p, "host", HN_STR("kernel"));
    const struct {
        const char *field;
        struct hn_str v;
    } texts[] = {{"running", s->running}, {"build", s->build},       {"newest", newest},
                 {"cmdline", s->cmdline}, {"lockdown", s->lockdown}, {"container", s->container}};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (texts[i].v.n)
            hn_obs_str(p, texts[i].field, texts[i].v);
    if (s->live_seen) {
        hn_obs_bool(p, "efi", s->efi);
        hn_obs_int(p, "modules", s->modules);
        hn_obs_list(p, "livepatches", s->livepatches, s->n_livepatches);
        hn_obs_bool(p, "reboot_required", s->reboot_required);
        if (s->n_reboot_packages)
            hn_obs_list(p, "reboot_packages", s->reboot_packages, s->n_reboot_packages);
    }
    if (s->secure_boot_seen)
        hn_obs_bool(p, "secure_boot", s->secure_boot);
    if (s->sig_enforce_seen)
        hn_obs_bool(p, "module_signatures", s->sig_enforce);
    if (s->taint_seen)
        hn_obs_int(p, "tainted", (int64_t)(s->taint & INT64_MAX));
    hn_obs_end(p);
}

static void finish(struct hn_parse *p)
{
    struct kernel_state *s = hn_parse_state(p);
    if (!s->ready)
        return;
    emit_host(p);
    kernel_sysctl_emit(p);
    kernel_taint_emit(p);
    kernel_boot_params_emit(p);
    kernel_versions_emit(p);
    hn_map_done(&s->by_name);
    if (!hn_parse_live(p))
        hn_parse_not_seen(p, HN_STR("running kernel"), "a mounted root has no live facts");
}

const struct hn_module hn_module_kernel = {
    .name = "kernel",
    .kinds = kinds,
    .rules = rules,
    .needs = needs,
    .state_size = sizeof(struct kernel_state),
    .collect = collect,
    .parse = parse,
    .finish = finish,
    .judge = kernel_judge,
};
