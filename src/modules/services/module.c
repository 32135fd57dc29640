/* services: what starts by itself on this host, as whom, from where, and how well it is confined. Everything is read
 * from the disk; systemd is not asked. */
#include <stdio.h>

#include "modules/services/services.h"

static const struct hn_field unit_fields[] = {
    {"type", HN_T_STR, HN_REF_NONE, NULL, "service, socket, timer, path, mount …"},
    {"state", HN_T_STR, HN_REF_NONE, NULL, "enabled, disabled, static, masked, generated, transient, not-found"},
    {"active", HN_T_BOOL, HN_REF_NONE, NULL, "systemd keeps it as started now (absent: not known)"},
    {"description", HN_T_STR, HN_REF_NONE, NULL, "Description="},
    {"path", HN_T_STR, HN_REF_PATH, NULL, "unit file in force"},
    {"dropins", HN_T_LIST, HN_REF_PATH, NULL, "drop-ins in force, in order"},
    {"enabled_by", HN_T_LIST, HN_REF_NONE, NULL, "targets that pull it in"},
    {"exec", HN_T_STR, HN_REF_PATH, NULL, "program of the first ExecStart="},
    {"execs", HN_T_LIST, HN_REF_PATH, NULL, "programs of all Exec lines"},
    {"command", HN_T_STR, HN_REF_NONE, NULL, "first ExecStart= as written"},
    {"user", HN_T_STR, HN_REF_USER, NULL, "user it runs as; root when not set"},
    {"dynamic_user", HN_T_BOOL, HN_REF_NONE, NULL, "runs as a user made for it"},
    {"listen", HN_T_LIST, HN_REF_NONE, NULL, "addresses of a socket unit"},
    {"schedule", HN_T_LIST, HN_REF_NONE, NULL, "On…= of a timer unit"},
    {"triggers", HN_T_STR, HN_REF_UNIT, NULL, "unit that a timer, socket or path starts"},
    {"restart", HN_T_STR, HN_REF_NONE, NULL, "Restart="},
    {"hardening", HN_T_LIST, HN_REF_NONE, NULL, "protections that are set, Name=value"},
    {"missing", HN_T_LIST, HN_REF_NONE, NULL, "protections that are not set"},
    {"exposure", HN_T_INT, HN_REF_NONE, "tenths", "0 (confined) to 100 (unconfined root); see the module's README"},
    {0}};

static const struct hn_field persistence_fields[] = {
    {"kind", HN_T_STR, HN_REF_NONE, NULL, "cron, cron-script, at, init-script, profile, autostart, udev, generator …"},
    {"path", HN_T_STR, HN_REF_PATH, NULL, "file that makes it start"},
    {"line", HN_T_INT, HN_REF_NONE, NULL, "line in the file"},
    {"what", HN_T_STR, HN_REF_NONE, NULL, "command or line as written"},
    {"programs", HN_T_LIST, HN_REF_PATH, NULL, "programs that it names"},
    {"user", HN_T_STR, HN_REF_USER, NULL, "user it runs as"},
    {"schedule", HN_T_STR, HN_REF_NONE, NULL, "when"},
    {"mode", HN_T_INT, HN_REF_NONE, NULL, "permission bits of the file"},
    {"uid", HN_T_INT, HN_REF_NONE, NULL, "owner of the file"},
    {"gid", HN_T_INT, HN_REF_NONE, NULL, "group of the file"},
    {"mtime", HN_T_TIME, HN_REF_NONE, NULL, "last change of the file"},
    {0}};

static const struct hn_field program_fields[] = {{"path", HN_T_STR, HN_REF_PATH, NULL, "the path itself"},
                                                 {"folder", HN_T_BOOL, HN_REF_NONE, NULL, "a folder above a program"},
                                                 {"missing", HN_T_BOOL, HN_REF_NONE, NULL, "there is no such file"},
                                                 {"mode", HN_T_INT, HN_REF_NONE, NULL, "permission bits"},
                                                 {"uid", HN_T_INT, HN_REF_NONE, NULL, "owner"},
                                                 {"gid", HN_T_INT, HN_REF_NONE, NULL, "group"},
                                                 {0}};

static const struct hn_kind kinds[] = {
    {"unit", "unit name", unit_fields},
    {"persistence", "kind:path[:line]", persistence_fields},
    {"program", "path of a program that something starts, or of a folder above it", program_fields},
    {0}};

static const struct hn_rule rules[] = {
    {"persistence-foreign", HN_SEV_HIGH, HN_CLASS_INTEGRITY, "ATTACK:T1053 ATTACK:T1543"},
    {"persistence-unowned", HN_SEV_LOW, HN_CLASS_INTEGRITY, "ATTACK:T1543"},
    {"ld-so-preload", HN_SEV_HIGH, HN_CLASS_INTEGRITY, "ATTACK:T1574.006"},
    {"unit-exec-writable", HN_SEV_HIGH, HN_CLASS_CONFIGURATION, "NIST:CM-5 DS-211"},
    {"unit-exec-missing", HN_SEV_LOW, HN_CLASS_HYGIENE, NULL},
    {"cron-writable", HN_SEV_HIGH, HN_CLASS_CONFIGURATION, NULL},
    {"hardening-weak", HN_SEV_MEDIUM, HN_CLASS_CONFIGURATION, "NIST:SC-39 DS-211"},
    {0}};

static const char *const needs[] = {"packages.owner",    "packages.package", "sockets.listener",
                                    "processes.process", "accounts.account", NULL};

#define UNIT_MAX (256u << 10)

static void collect_units(struct hn_collect *c)
{
    static const char *const suffixes[] = {"*.service", "*.socket", "*.timer", "*.path"};
    char pattern[256];
    for (size_t i = 0; services_unit_dirs[i]; i++) {
        hn_collect_dir(c, "entry", services_unit_dirs[i], 2, 8000);
        for (size_t k = 0; k < sizeof(suffixes) / sizeof(suffixes[0]); k++) {
            snprintf(pattern, sizeof(pattern), "%s/%s", services_unit_dirs[i], suffixes[k]);
            hn_collect_glob(c, "unit", pattern, UNIT_MAX, 4000);
        }
        snprintf(pattern, sizeof(pattern), "%s/*.d/*.conf", services_unit_dirs[i]);
        hn_collect_glob(c, "dropin", pattern, UNIT_MAX, 2000);
    }
    if (hn_collect_live(c))
        hn_collect_dir(c, "active", "/run/systemd/units", 1, 8000);
}

static void collect(struct hn_collect *c)
{
    collect_units(c);
    for (const struct services_place *q = services_places; q->kind; q++)
        hn_collect_glob(c, q->kind, q->glob, q->how == SERVICES_STAT ? 0 : UNIT_MAX, 1000);
}

static const struct {
    const char *tag;
    void (*parse)(struct hn_parse *p, const struct hn_rec *r);
} dispatch[] = {
    {"entry", services_entry},   {"unit", services_unit_file},       {"dropin", services_dropin_file},
    {"active", services_active}, {"program", services_program_stat},
};

static void parse(struct hn_parse *p, const struct hn_rec *r)
{
    struct services_state *s = hn_parse_state(p);
    if (!s->ready) {
        hn_map_init(&s->units);
        hn_map_init(&s->programs);
        s->ready = true;
    }
    for (size_t i = 0; i < sizeof(dispatch) / sizeof(dispatch[0]); i++)
        if (hn_str_eqc(r->tag, dispatch[i].tag)) {
            dispatch[i].parse(p, r);
            return;
        }
    if (r->err || r->offset)
        return;
    for (const struct services_place *q = services_places; q->kind; q++)
        if (hn_str_eqc(r->tag, q->kind) &&
            hn_glob_match(hn_str_c(q->glob), (struct hn_str){(const char *)r->path.p, r->path.n}, true)) {
            services_persist(p, r, q);
            return;
        }
}

static void finish(struct hn_parse *p)
{
    struct services_state *s = hn_parse_state(p);
    if (!s->ready)
        return;
    services_units_emit(p);
    services_programs_emit(p);
    hn_map_done(&s->units);
    hn_map_done(&s->programs);
}

const struct hn_module hn_module_services = {
    .name = "services",
    .kinds = kinds,
    .rules = rules,
    .needs = needs,
    .state_size = sizeof(struct services_state),
    .collect = collect,
    .parse = parse,
    .finish = finish,
    .judge = services_judge,
};
