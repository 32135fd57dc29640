/* Findings about the kernel. In a container the running kernel belongs to the host below, so it is not compared with
 * the kernels of this root. */
#include "core/facts.h"
#include "modules/kernel/kernel.h"

/* The package that carries the running kernel, under its usual names. */
static const struct hn_obs *image_package(struct hn_judge *j, struct hn_str running)
{
    static const char *const arches[] = {"amd64", "arm64", "armhf", "i386", "ppc64el", "s390x", "riscv64"};
    for (size_t i = 0; i < sizeof(arches) / sizeof(arches[0]); i++) {
        struct hn_str name = hn_arena_fmt(hn_judge_arena(j), "linux-image-%.*s:%s", HN_FMT(running), arches[i]);
        const struct hn_obs *o = hn_facts_find(hn_judge_facts(j), "packages.package", name);
        if (o)
            return o;
    }
    return NULL;
}

static void judge_version(struct hn_judge *j, const struct hn_obs *host)
{
    const struct hn_facts *facts = hn_judge_facts(j);
    struct hn_str running = hn_obs_get(host, "running"), newest = hn_obs_get(host, "newest");
    struct hn_str build = hn_obs_get(host, "build");
    if (!running.n || hn_obs_has(host, "container"))
        return;
    if (newest.n && kernel_version_cmp(running, newest) < 0) {
        struct hn_finding *f = hn_find(j, "older-than-installed", HN_STR("kernel"), HN_STR(""));
        const struct hn_obs *inst = hn_facts_find(facts, "kernel.installed", newest);
        hn_find_param(f, "running", running);
        hn_find_param(f, "newest", newest);
        hn_find_evidence(f, host, "kernel");
        hn_find_evidence(f, inst, "update");
        hn_find_about(f, HN_REF_PATH, hn_obs_get(inst, "image"));
        hn_find_cause(f, HN_STR("reboot"));
        return;
    }
    const struct hn_obs *pkg = image_package(j, running);
    struct hn_str version = hn_obs_get(pkg, "version");
    if (build.n && version.n && kernel_version_cmp(build, version) < 0) {
        struct hn_finding *f = hn_find(j, "rebuilt-since-boot", HN_STR("kernel"), HN_STR(""));
        hn_find_param(f, "running", build);
        hn_find_param(f, "newest", version);
        hn_find_evidence(f, host, "kernel");
        hn_find_evidence(f, pkg, "update");
        hn_find_about(f, HN_REF_PACKAGE, pkg->subject);
        hn_find_cause(f, HN_STR("reboot"));
        return;
    }
    if (hn_obs_get_bool(host, "reboot_required", false)) {
        const struct hn_str *list;
        size_t n = hn_obs_get_list(host, "reboot_packages", &list);
        struct hn_finding *f = hn_find(j, "reboot-required", HN_STR("kernel"), HN_STR(""));
        hn_find_param(f, "package", n ? list[0] : HN_STR("?"));
        hn_find_param_int(f, "count", (int64_t)n);
        hn_find_evidence(f, host, "kernel");
        hn_find_cause(f, HN_STR("reboot"));
    }
}

static void judge_cpu(struct hn_judge *j)
{
    HN_FACTS_EACH(o, hn_judge_facts(j), "kernel.cpu_vulnerability") {
        if (!hn_str_eqc(hn_obs_get(o, "state"), "vulnerable"))
            continue;
        struct hn_finding *f = hn_find(j, "cpu-vulnerable", o->subject, HN_STR(""));
        hn_find_param(f, "name", o->subject);
        hn_find_param(f, "text", hn_obs_get(o, "text"));
        hn_find_evidence(f, o, "cpu");
        hn_find_cause(f, HN_STR("cpu-mitigations"));
        /* inputs of the due table: code must run on this processor already, and what it reads is a part, slowly */
        hn_find_param(f, "automatable", HN_STR("no"));
        hn_find_param(f, "technical_impact", HN_STR("partial"));
    }
}

static const struct hn_obs *taint(struct hn_judge *j, const char *bit)
{
    return hn_facts_find(hn_judge_facts(j), "kernel.taint", hn_str_c(bit));
}

/* One finding per module and worst taint; a taint whose module is gone is told once. */
static void judge_modules(struct hn_judge *j)
{
    static const struct {
        char letter;
        const char *bit, *rule;
    } list[] = {{'F', "1", "module-forced"}, {'E', "13", "module-unsigned"}, {'O', "12", "module-out-of-tree"}};
    bool told[3] = {false};
    HN_FACTS_EACH(m, hn_judge_facts(j), "kernel.module") {
        struct hn_str t = hn_obs_get(m, "taints");
        for (size_t i = 0; i < 3; i++) {
            if (hn_str_chr(t, list[i].letter) < 0)
                continue;
            struct hn_finding *f = hn_find(j, list[i].rule, m->subject, HN_STR(""));
            hn_find_param(f, "module", m->subject);
            hn_find_evidence(f, m, "module");
            for (size_t k = i; k < 3; k++)
                told[k] = told[k] || hn_str_chr(t, list[k].letter) >= 0;
            break;
        }
    }
    for (size_t i = 0; i < 3; i++) {
        const struct hn_obs *o = taint(j, list[i].bit);
        if (!o || told[i])
            continue;
        struct hn_finding *f = hn_find(j, list[i].rule, HN_STR("?"), HN_STR(""));
        hn_find_param(f, "module", HN_STR("?"));
        hn_find_evidence(f, o, "taint");
    }
}

static void judge_damage(struct hn_judge *j)
{
    static const char *const bits[] = {"4", "5", "7", "14"}; /* machine check, bad page, oops, lockup */
    for (size_t i = 0; i < 4; i++) {
        const struct hn_obs *o = taint(j, bits[i]);
        if (!o)
            continue;
        struct hn_finding *f = hn_find(j, "kernel-damaged", hn_obs_get(o, "letter"), HN_STR(""));
        hn_find_param(f, "what", hn_obs_get(o, "meaning"));
        hn_find_evidence(f, o, "taint");
    }
}

static void judge_settings(struct hn_judge *j, const struct hn_obs *host)
{
    if (hn_obs_has(host, "container"))
        return; /* the settings in force are those of the host below */
    HN_FACTS_EACH(o, hn_judge_facts(j), "kernel.sysctl") {
        if (!hn_obs_get_bool(o, "differs", false))
            continue;
        struct hn_finding *f = hn_find(j, "setting-not-applied", o->subject, HN_STR(""));
        hn_find_param(f, "name", o->subject);
        hn_find_param(f, "value", hn_obs_get(o, "value"));
        hn_find_param(f, "configured", hn_obs_get(o, "configured"));
        hn_find_param(f, "path", hn_obs_get(o, "path"));
        hn_find_evidence(f, o, "setting");
        hn_find_about(f, HN_REF_PATH, hn_obs_get(o, "path"));
        hn_find_fix(f, HN_FIX_SYSCTL, o->subject, hn_obs_get(o, "configured"));
    }
}

static void judge_boot(struct hn_judge *j, const struct hn_obs *host)
{
    const struct hn_obs *m = hn_facts_find(hn_judge_facts(j), "kernel.boot_param", HN_STR("mitigations"));
    if (hn_str_starts(hn_obs_get(m, "value"), "off")) {
        struct hn_finding *f = hn_find(j, "mitigations-off", HN_STR("mitigations"), HN_STR(""));
        hn_find_evidence(f, m, "setting");
        hn_find_cause(f, HN_STR("cpu-mitigations"));
    }
    if (hn_obs_has(host, "container") || !hn_obs_has(host, "secure_boot") || hn_obs_get_bool(host, "secure_boot", true))
        return;
    struct hn_finding *f = hn_find(j, "secure-boot-off", HN_STR("kernel"), HN_STR(""));
    hn_find_evidence(f, host, "kernel");
}

void kernel_judge(struct hn_judge *j)
{
    const struct hn_obs *host = hn_facts_find(hn_judge_facts(j), "kernel.host", HN_STR("kernel"));
    judge_version(j, host);
    judge_cpu(j);
    judge_modules(j);
    judge_damage(j);
    judge_settings(j, host);
    judge_boot(j, host);
}
