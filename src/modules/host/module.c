/* What kind of machine this is: identity, operating system, how it runs. See README.md. */
#include <stdio.h>

#include "base/hash.h"
#include "base/str.h"
#include "modules/host/host.h"

static const struct hn_field identity_fields[] = {
    {"hostname", HN_T_STR, 0, NULL, "name of the host"},
    {"names", HN_T_LIST, 0, NULL, "all names it goes by"},
    {"machine_id", HN_T_STR, 0, NULL, "hash of /etc/machine-id (the id itself is confidential, machine-id(5))"},
    {"hardware_id", HN_T_STR, 0, NULL, "hash of the serial numbers that the firmware tells"},
    {"vendor", HN_T_STR, 0, NULL, "maker of the machine"},
    {"product", HN_T_STR, 0, NULL, "product name"},
    {"firmware", HN_T_STR, 0, NULL, "firmware version"},
    {"firmware_date", HN_T_STR, 0, NULL, "date of the firmware as it says itself"},
    {0}};

static const struct hn_field os_fields[] = {
    {"id", HN_T_STR, 0, NULL, "ID of os-release: debian, ubuntu, alpine, rhel"},
    {"id_like", HN_T_STR, 0, NULL, "ID_LIKE of os-release"},
    {"version", HN_T_STR, 0, NULL, "VERSION_ID of os-release"},
    {"codename", HN_T_STR, 0, NULL, "VERSION_CODENAME of os-release"},
    {"pretty", HN_T_STR, 0, NULL, "name for people"},
    {"point", HN_T_STR, 0, NULL, "point release, from /etc/debian_version"},
    {"supported_until", HN_T_TIME, 0, NULL, "end of security support for everybody"},
    {"extended_until", HN_T_TIME, 0, NULL, "end of limited or paid security support"},
    {"extended_kind", HN_T_STR, 0, NULL, "lts (volunteers, free) or paid (by contract)"},
    {0}};

static const struct hn_field state_fields[] = {
    {"booted", HN_T_TIME, 0, NULL, "start of the kernel"},
    {"container", HN_T_STR, 0, NULL, "kind of container that this runs in; none when it runs in none"},
    {"virtual", HN_T_STR, 0, NULL, "kind of virtual machine; none when it is a physical one, as far as can be told"},
    {"init", HN_T_STR, 0, NULL, "systemd, or other"},
    {"time_zone", HN_T_STR, 0, NULL, "local time zone"},
    {"reboot_required", HN_T_BOOL, 0, NULL, "a package asked for a restart of the host"},
    {"reboot_packages", HN_T_LIST, 0, NULL, "packages that asked for it"},
    {0}};

static const struct hn_kind kinds[] = {{"identity", "always \"host\"", identity_fields},
                                       {"os", "always \"os\"", os_fields},
                                       {"state", "always \"state\"", state_fields},
                                       {0}};

static const struct hn_rule rules[] = {{"release-unsupported", HN_SEV_HIGH, HN_CLASS_HYGIENE, "MHLW:6.0"},
                                       {"release-limited", HN_SEV_LOW, HN_CLASS_HYGIENE, NULL},
                                       {"release-ending", HN_SEV_LOW, HN_CLASS_HYGIENE, NULL},
                                       {"reboot-required", HN_SEV_MEDIUM, HN_CLASS_HYGIENE, NULL},
                                       {0}};

static const char *const needs[] = {"packages.repository", NULL};

/* ---------------------------------------------------------------- collect */

static void collect(struct hn_collect *c)
{
    static const char *const dmi[] = {"sys_vendor",   "product_name", "product_uuid", "product_serial",
                                      "board_serial", "bios_version", "bios_date"};
    hn_collect_file(c, "os-release", "/etc/os-release", 65536);
    hn_collect_file(c, "os-release", "/usr/lib/os-release", 65536);
    hn_collect_file(c, "debian-version", "/etc/debian_version", 256);
    hn_collect_file(c, "machine-id", "/etc/machine-id", 256);
    hn_collect_file(c, "hostname", "/etc/hostname", 1024);
    hn_collect_file(c, "hosts", "/etc/hosts", 1u << 20);
    hn_collect_file(c, "timezone", "/etc/timezone", 1024);
    hn_collect_stat(c, "localtime", "/etc/localtime");
    hn_collect_stat(c, "container-docker", "/.dockerenv");
    hn_collect_stat(c, "systemd-installed", "/usr/lib/systemd/systemd");
    hn_collect_stat(c, "systemd-installed", "/lib/systemd/systemd");
    if (!hn_collect_live(c)) {
        hn_collect_not_seen(c, "start time, hardware, container and virtual machine",
                            "a mounted root has no live facts");
        return;
    }
    hn_collect_file(c, "hostname-now", "/proc/sys/kernel/hostname", 1024);
    hn_collect_file(c, "boot", "/proc/stat", 1u << 20);
    hn_collect_stat(c, "container-podman", "/run/.containerenv");
    hn_collect_file(c, "container-systemd", "/run/systemd/container", 256);
    hn_collect_file(c, "cgroup", "/proc/1/cgroup", 65536);
    hn_collect_file(c, "cpuinfo", "/proc/cpuinfo", 16384);
    hn_collect_stat(c, "systemd-running", "/run/systemd/system");
    hn_collect_stat(c, "reboot", "/run/reboot-required");
    hn_collect_file(c, "reboot-packages", "/run/reboot-required.pkgs", 65536);
    for (size_t i = 0; i < sizeof(dmi) / sizeof(dmi[0]); i++) {
        char tag[32], path[64];
        snprintf(tag, sizeof(tag), "dmi-%s", dmi[i]);
        snprintf(path, sizeof(path), "/sys/class/dmi/id/%s", dmi[i]);
        hn_collect_file(c, tag, path, 1024);
    }
}

/* ---------------------------------------------------------------- parse */

#define NAMES_MAX  32
#define REBOOT_MAX 64

struct state {
    bool saw_os, saw_cpu, hypervisor, systemd_installed, systemd_running, reboot;
    struct hn_str id, id_like, version, codename, pretty, point;
    struct hn_str hostname, hostname_now, zone, zone_link, container;
    char machine_id[33];
    struct hn_str vendor, product, uuid, serial, board, firmware, firmware_date;
    struct hn_str names[NAMES_MAX], packages[REBOOT_MAX];
    size_t n_names, n_packages;
    hn_time booted;
    struct hn_bytes hosts;
};

/* The first line, trimmed, in the arena. */
static struct hn_str first_line(struct hn_parse *p, struct hn_bytes b)
{
    struct hn_bytes line;
    if (!hn_bytes_line(&b, &line))
        return (struct hn_str){"", 0};
    struct hn_str s = hn_str_trim(hn_str_from_hostile(hn_parse_scratch(p), line, 256));
    return hn_arena_str(hn_parse_arena(p), s);
}

/* KEY=value, "value" or 'value' with backslash escapes (os-release(5)). */
static struct hn_str shell_value(struct hn_parse *p, struct hn_bytes v)
{
    uint8_t quote = v.n >= 2 && (v.p[0] == '"' || v.p[0] == '\'') && v.p[v.n - 1] == v.p[0] ? v.p[0] : 0;
    if (quote)
        v = hn_bytes_of(v.p + 1, v.n - 2);
    struct hn_bytes own = hn_arena_bytes(hn_parse_scratch(p), v);
    uint8_t *to = (uint8_t *)(uintptr_t)own.p;
    size_t n = 0;
    for (size_t i = 0; i < own.n; i++) {
        if (own.p[i] == '\\' && quote != '\'' && i + 1 < own.n)
            i++;
        to[n++] = own.p[i];
    }
    return hn_arena_str(hn_parse_arena(p), hn_str_from_hostile(hn_parse_scratch(p), hn_bytes_of(own.p, n), 256));
}

static void parse_os(struct hn_parse *p, struct state *s, const struct hn_rec *r)
{
    struct hn_bytes rest = r->data, line;
    const struct {
        const char *key;
        struct hn_str *to;
    } keys[] = {{"ID", &s->id},
                {"ID_LIKE", &s->id_like},
                {"VERSION_ID", &s->version},
                {"PRETTY_NAME", &s->pretty},
                {"VERSION_CODENAME", &s->codename}};
    if (s->saw_os)
        return; /* /etc/os-release wins over /usr/lib/os-release */
    s->saw_os = true;
    while (hn_bytes_line(&rest, &line)) {
        const uint8_t *eq = line.n ? memchr(line.p, '=', line.n) : NULL;
        if (!line.n || line.p[0] == '#')
            continue;
        if (!eq) {
            hn_parse_malformed(p, r->path, (uint64_t)(line.p - r->data.p), "line is no assignment");
            continue;
        }
        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
            if (hn_bytes_eqc(hn_bytes_of(line.p, (size_t)(eq - line.p)), keys[i].key))
                *keys[i].to = shell_value(p, hn_bytes_of(eq + 1, line.n - (size_t)(eq + 1 - line.p)));
        }
    }
    if (!s->id.n)
        hn_parse_malformed(p, r->path, 0, "os-release without ID");
}

/* The id itself stays here: what leaves is a hash for this program alone, as machine-id(5) asks. */
static void parse_machine_id(struct hn_parse *p, struct state *s, const struct hn_rec *r)
{
    uint8_t sum[HN_SHA256_LEN], raw[16];
    struct hn_str id = first_line(p, r->data);
    if (hn_str_eqc(id, "uninitialized") || !id.n)
        return;
    if (id.n != 32 || !hn_unhex(id, raw, sizeof(raw))) {
        hn_parse_malformed(p, r->path, 0, "machine id is not 32 hexadecimal digits");
        return;
    }
    hn_sha256(hn_str_bytes(hn_arena_fmt(hn_parse_scratch(p), "hinomi machine %.*s", HN_FMT(id))), sum);
    hn_hex(hn_bytes_of(sum, 16), s->machine_id);
}

static void parse_boot(struct state *s, struct hn_bytes rest)
{
    struct hn_bytes line;
    uint64_t seconds;
    while (hn_bytes_line(&rest, &line)) {
        struct hn_str t = {(const char *)line.p, line.n};
        if (hn_str_starts(t, "btime ") && hn_str_u64(hn_str_cut(t, 6, t.n), 10, &seconds) &&
            seconds < UINT32_MAX * 2ull)
            s->booted = (hn_time)seconds * HN_SECOND;
    }
}

static void add_name(struct hn_parse *p, struct state *s, struct hn_str name)
{
    for (size_t i = 0; i < s->n_names; i++) {
        if (hn_str_eq(s->names[i], name))
            return;
    }
    if (name.n && s->n_names < NAMES_MAX)
        s->names[s->n_names++] = hn_arena_str(hn_parse_arena(p), name);
}

/* Names that the host's own line in /etc/hosts adds: "127.0.1.1 www.example.org www". */
static void names_from_hosts(struct hn_parse *p, struct state *s)
{
    struct hn_bytes rest = s->hosts, line;
    while (s->hostname.n && hn_bytes_line(&rest, &line)) {
        struct hn_str t = hn_str_from_hostile(hn_parse_scratch(p), line, 1024), word, words;
        ptrdiff_t hash = hn_str_chr(t, '#');
        if (hash >= 0)
            t = hn_str_cut(t, 0, (size_t)hash);
        bool own = false;
        hn_str_word(&t, &word);
        for (words = t; hn_str_word(&words, &word);)
            own = own || hn_str_eq(word, s->hostname);
        for (words = t; own && hn_str_word(&words, &word);) {
            if (!hn_str_starts(word, "localhost") && !hn_str_starts(word, "ip6-"))
                add_name(p, s, word);
        }
    }
}

static void parse_cgroup(struct state *s, struct hn_bytes b)
{
    static const struct {
        const char *word, *kind;
    } known[] = {{"docker", "docker"},
                 {"kubepods", "kubernetes"},
                 {"libpod", "podman"},
                 {"lxc", "lxc"},
                 {"machine.slice", "systemd-nspawn"}};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]) && !s->container.n; i++) {
        if (b.n && memmem(b.p, b.n, known[i].word, strlen(known[i].word)))
            s->container = hn_str_c(known[i].kind);
    }
}

static void parse_cpu(struct state *s, struct hn_bytes b)
{
    s->saw_cpu = true;
    s->hypervisor = b.n && memmem(b.p, b.n, " hypervisor", 11) != NULL;
}

static void parse_packages(struct hn_parse *p, struct state *s, struct hn_bytes rest)
{
    struct hn_bytes line;
    while (hn_bytes_line(&rest, &line)) {
        struct hn_str name = first_line(p, line);
        bool known = !name.n || s->n_packages == REBOOT_MAX;
        for (size_t i = 0; i < s->n_packages; i++)
            known = known || hn_str_eq(s->packages[i], name);
        if (!known)
            s->packages[s->n_packages++] = name;
    }
}

static void parse_line(struct hn_parse *p, struct state *s, const struct hn_rec *r)
{
    const struct {
        const char *tag;
        struct hn_str *to;
    } lines[] = {{"debian-version", &s->point},        {"hostname", &s->hostname},
                 {"hostname-now", &s->hostname_now},   {"timezone", &s->zone},
                 {"dmi-sys_vendor", &s->vendor},       {"dmi-product_name", &s->product},
                 {"dmi-product_uuid", &s->uuid},       {"dmi-product_serial", &s->serial},
                 {"dmi-board_serial", &s->board},      {"dmi-bios_version", &s->firmware},
                 {"dmi-bios_date", &s->firmware_date}, {"container-systemd", &s->container}};
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        if (hn_str_eqc(r->tag, lines[i].tag))
            *lines[i].to = first_line(p, r->data);
    }
}

static void parse(struct hn_parse *p, const struct hn_rec *r)
{
    struct state *s = hn_parse_state(p);
    if (r->err || r->offset)
        return;
    if (hn_str_eqc(r->tag, "os-release"))
        parse_os(p, s, r);
    else if (hn_str_eqc(r->tag, "machine-id"))
        parse_machine_id(p, s, r);
    else if (hn_str_eqc(r->tag, "boot"))
        parse_boot(s, r->data);
    else if (hn_str_eqc(r->tag, "hosts"))
        s->hosts = hn_arena_bytes(hn_parse_arena(p), r->data);
    else if (hn_str_eqc(r->tag, "cgroup"))
        parse_cgroup(s, r->data);
    else if (hn_str_eqc(r->tag, "cpuinfo"))
        parse_cpu(s, r->data);
    else if (hn_str_eqc(r->tag, "container-docker"))
        s->container = HN_STR("docker");
    else if (hn_str_eqc(r->tag, "container-podman"))
        s->container = HN_STR("podman");
    else if (hn_str_eqc(r->tag, "systemd-installed"))
        s->systemd_installed = true;
    else if (hn_str_eqc(r->tag, "systemd-running"))
        s->systemd_running = true;
    else if (hn_str_eqc(r->tag, "reboot"))
        s->reboot = true;
    else if (hn_str_eqc(r->tag, "reboot-packages"))
        parse_packages(p, s, r->data);
    else if (hn_str_eqc(r->tag, "localtime"))
        s->zone_link = first_line(p, r->link);
    else
        parse_line(p, s, r);
}

/* ---------------------------------------------------------------- finish */

static void put(struct hn_parse *p, const char *field, struct hn_str v)
{
    if (v.n)
        hn_obs_str(p, field, v);
}

/* What makers write when they write nothing. */
static bool is_filler(struct hn_str s)
{
    static const char *const filler[] = {"None",
                                         "Not Specified",
                                         "To be filled by O.E.M.",
                                         "Default string",
                                         "System Serial Number",
                                         "Not Available",
                                         "0",
                                         "N/A",
                                         "Empty",
                                         "OEM",
                                         "03000200-0400-0500-0006-000700080009",
                                         "00000000-0000-0000-0000-000000000000",
                                         "ffffffff-ffff-ffff-ffff-ffffffffffff"};
    for (size_t i = 0; i < sizeof(filler) / sizeof(filler[0]); i++) {
        if (hn_str_eqc(s, filler[i]))
            return true;
    }
    return !s.n;
}

static void emit_identity(struct hn_parse *p, struct state *s)
{
    char hex[33];
    uint8_t sum[HN_SHA256_LEN];
    if (s->hostname_now.n)
        s->hostname = s->hostname_now;
    add_name(p, s, s->hostname);
    names_from_hosts(p, s);
    hn_obs_begin(p, "identity", HN_STR("host"));
    put(p, "hostname", s->hostname);
    if (s->n_names)
        hn_obs_list(p, "names", s->names, s->n_names);
    put(p, "machine_id", hn_str_c(s->machine_id));
    if (!is_filler(s->uuid) || !is_filler(s->serial) || !is_filler(s->board)) {
        struct hn_str all = hn_arena_fmt(hn_parse_scratch(p), "hinomi hardware %.*s/%.*s/%.*s", HN_FMT(s->uuid),
                                         HN_FMT(s->serial), HN_FMT(s->board));
        hn_sha256(hn_str_bytes(all), sum);
        hn_hex(hn_bytes_of(sum, 16), hex);
        hn_obs_str(p, "hardware_id", hn_str_c(hex));
    }
    put(p, "vendor", s->vendor);
    put(p, "product", s->product);
    put(p, "firmware", s->firmware);
    put(p, "firmware_date", s->firmware_date);
    hn_obs_end(p);
}

static hn_time date(const char *text)
{
    hn_time t = 0;
    return text && hn_time_parse(hn_str_c(text), &t) ? t : 0;
}

static void emit_os(struct hn_parse *p, struct state *s)
{
    const struct host_release *rel = host_release_find(s->id, s->version);
    if (!s->saw_os) {
        hn_parse_not_seen(p, HN_STR("operating system"), "no os-release file");
        return;
    }
    hn_obs_begin(p, "os", HN_STR("os"));
    put(p, "id", s->id);
    put(p, "id_like", s->id_like);
    put(p, "version", s->version);
    put(p, "codename", s->codename);
    put(p, "pretty", s->pretty);
    put(p, "point", s->point);
    if (rel) {
        hn_obs_time(p, "supported_until", date(rel->until));
        hn_obs_time(p, "extended_until", date(rel->extended));
        if (rel->kind != HOST_NONE)
            hn_obs_str(p, "extended_kind", rel->kind == HOST_LTS ? HN_STR("lts") : HN_STR("paid"));
    }
    hn_obs_end(p);
}

static struct hn_str virtual_kind(const struct state *s)
{
    static const struct {
        const char *vendor, *kind;
    } known[] = {{"QEMU", "kvm"},
                 {"VMware", "vmware"},
                 {"innotek", "virtualbox"},
                 {"Xen", "xen"},
                 {"Microsoft Corporation", "hyper-v"},
                 {"Amazon EC2", "amazon"},
                 {"Google", "google"},
                 {"Parallels", "parallels"},
                 {"OpenStack", "openstack"},
                 {"Alibaba", "alibaba"}};
    for (size_t i = 0; s->hypervisor && i < sizeof(known) / sizeof(known[0]); i++) {
        if (hn_str_starts(s->vendor, known[i].vendor))
            return hn_str_c(known[i].kind);
    }
    if (s->hypervisor)
        return HN_STR("unknown");
    return s->saw_cpu ? HN_STR("none") : (struct hn_str){0};
}

static void emit_state(struct hn_parse *p, struct state *s)
{
    static const char zones[] = "/zoneinfo/";
    ptrdiff_t at = hn_str_find(s->zone_link, hn_str_c(zones));
    if (at >= 0)
        s->zone = hn_str_cut(s->zone_link, (size_t)at + sizeof(zones) - 1, s->zone_link.n);
    hn_obs_begin(p, "state", HN_STR("state"));
    if (hn_parse_live(p)) {
        hn_obs_time(p, "booted", s->booted);
        hn_obs_str(p, "container", s->container.n ? s->container : HN_STR("none"));
        put(p, "virtual", virtual_kind(s));
        hn_obs_str(p, "init", s->systemd_running ? HN_STR("systemd") : HN_STR("other"));
        hn_obs_bool(p, "reboot_required", s->reboot);
        if (s->n_packages)
            hn_obs_list(p, "reboot_packages", s->packages, s->n_packages);
    } else {
        hn_obs_str(p, "init", s->systemd_installed ? HN_STR("systemd") : HN_STR("other"));
    }
    put(p, "time_zone", s->zone);
    hn_obs_end(p);
}

static void finish(struct hn_parse *p)
{
    struct state *s = hn_parse_state(p);
    emit_identity(p, s);
    emit_os(p, s);
    emit_state(p, s);
}

const struct hn_module hn_module_host = {
    .name = "host",
    .kinds = kinds,
    .rules = rules,
    .needs = needs,
    .state_size = sizeof(struct state),
    .collect = collect,
    .parse = parse,
    .finish = finish,
    .judge = host_judge,
};
