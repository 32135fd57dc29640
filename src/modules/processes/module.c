/* Running programs: who they run as, what confines them, which files they have mapped. See README.md. */
#include "modules/processes/processes.h"

static const struct hn_field process_fields[] = {
    {"pid", HN_T_INT, 0, NULL, "process id"},
    {"ppid", HN_T_INT, 0, NULL, "process id of the parent"},
    {"name", HN_T_STR, 0, NULL, "name as the kernel shows it"},
    {"started", HN_T_TIME, 0, NULL, "start time"},
    {"exe", HN_T_STR, HN_REF_PATH, NULL, "executable, when it lies in the host's own file system"},
    {"exe_inside", HN_T_STR, 0, NULL, "executable inside a container or another root"},
    {"exe_deleted", HN_T_BOOL, 0, NULL, "the executable was deleted or replaced since the start"},
    {"cmdline", HN_T_STR, 0, NULL, "arguments, separated by blanks; cut when long"},
    {"uid", HN_T_INT, 0, NULL, "real user id"},
    {"euid", HN_T_INT, 0, NULL, "effective user id"},
    {"user", HN_T_STR, HN_REF_USER, NULL, "name of the effective user"},
    {"capabilities", HN_T_LIST, 0, NULL, "effective capabilities; \"all\" when every one is there"},
    {"seccomp", HN_T_STR, 0, NULL, "none, strict or filter"},
    {"no_new_privs", HN_T_BOOL, 0, NULL, "cannot gain privileges by executing"},
    {"namespaces", HN_T_LIST, 0, NULL, "namespaces that differ from the host's"},
    {"container", HN_T_STR, 0, NULL, "id of the container it runs in"},
    {"unit", HN_T_STR, HN_REF_UNIT, NULL, "systemd unit that it belongs to"},
    {"threads", HN_T_INT, 0, NULL, "threads"},
    {"not_seen", HN_T_LIST, 0, NULL, "what of it could not be looked at: executable, mapped, namespaces"},
    {0}};

static const struct hn_field mapped_fields[] = {
    {"path", HN_T_STR, HN_REF_PATH, NULL, "mapped file"},
    {"deleted", HN_T_BOOL, 0, NULL, "deleted or replaced on disk while still mapped"},
    {"executable", HN_T_BOOL, 0, NULL, "mapped with permission to execute"},
    {"dev", HN_T_INT, 0, NULL, "device number, major × 2^32 + minor"},
    {"inode", HN_T_INT, 0, NULL, "inode number"},
    {"processes", HN_T_LIST, HN_REF_PROCESS, NULL, "processes that have it mapped"},
    {"users", HN_T_INT, 0, NULL, "how many processes these are, also when the list is cut"},
    {0}};

static const struct hn_field summary_fields[] = {
    {"processes", HN_T_INT, 0, NULL, "processes without kernel threads"},
    {"kernel_threads", HN_T_INT, 0, NULL, "threads of the kernel"},
    {"containers", HN_T_INT, 0, NULL, "processes with another root than the host's"},
    {0}};

static const struct hn_kind kinds[] = {{"process", "pid:start, the start in clock ticks since boot", process_fields},
                                       {"mapped", "path; with \" (deleted)\" when it is", mapped_fields},
                                       {"summary", "always \"processes\"", summary_fields},
                                       {0}};

static const struct hn_rule rules[] = {{"old-code-running", HN_SEV_MEDIUM, HN_CLASS_VULNERABILITY, NULL},
                                       {"executable-gone", HN_SEV_HIGH, HN_CLASS_INTEGRITY, "ATTACK:T1070.004"},
                                       {0}};

static const char *const needs[] = {"packages.owner", "packages.package", NULL};

const struct hn_module hn_module_processes = {
    .name = "processes",
    .kinds = kinds,
    .rules = rules,
    .needs = needs,
    .live_only = true,
    .state_size = sizeof(struct processes_state),
    .collect = processes_collect,
    .parse = processes_parse,
    .finish = processes_finish,
    .judge = processes_judge,
};
