/* Old code that still runs after an update, and programs whose file is gone from where none should be. */
#include "base/map.h"
#include "base/str.h"
#include "core/facts.h"
#include "modules/processes/processes.h"

#define EVIDENCE_MAX 40u

/* The processes of one unit, or of one program outside of units: what is restarted together. */
struct group {
    struct group *next;
    struct hn_finding *finding;
    struct hn_str key, unit, first_path;
    struct hn_map seen; /* processes and packages already named */
    size_t n_processes, n_files, n_evidence;
};

struct old_code {
    struct hn_judge *j;
    struct hn_map groups;
    struct group *first;
};

/* Where packages put code. What is deleted in a home or a cache is a program's own business. */
static bool is_code_path(struct hn_str path)
{
    return hn_str_starts(path, "/usr/") || hn_str_starts(path, "/opt/");
}

/* The unit that is restarted to renew the process; empty: none. */
static struct hn_str service_of(const struct hn_obs *process)
{
    struct hn_str unit = hn_obs_get(process, "unit");
    return hn_str_ends(unit, ".service") && !hn_str_starts(unit, "user@") ? unit : (struct hn_str){0};
}

static struct group *group_of(struct old_code *x, const struct hn_obs *process)
{
    struct hn_str unit = service_of(process), exe = hn_obs_get(process, "exe");
    struct hn_str key = unit.n ? unit : exe.n ? exe : hn_obs_get(process, "name");
    struct group *g = hn_map_find(&x->groups, hn_str_bytes(key));
    if (g)
        return g;
    g = HN_NEW(hn_judge_arena(x->j), struct group);
    if (!g || !hn_ok(hn_map_set(&x->groups, hn_str_bytes(key), g)))
        return NULL;
    g->key = key;
    g->unit = unit;
    g->finding = hn_find(x->j, "old-code-running", key, (struct hn_str){0});
    hn_map_init(&g->seen);
    g->next = x->first;
    x->first = g;
    return g;
}

static bool first_time(struct group *g, struct hn_str what)
{
    return !hn_map_has(&g->seen, hn_str_bytes(what)) && hn_ok(hn_map_set(&g->seen, hn_str_bytes(what), g));
}

static void add_evidence(struct group *g, const struct hn_obs *o, const char *role)
{
    if (o && g->n_evidence++ < EVIDENCE_MAX)
        hn_find_evidence(g->finding, o, role);
}

static void add_file(struct old_code *x, struct group *g, const struct hn_obs *mapped, const struct hn_obs *process)
{
    const struct hn_facts *facts = hn_judge_facts(x->j);
    struct hn_str path = hn_obs_get(mapped, "path");
    if (first_time(g, mapped->subject)) {
        const struct hn_obs *owner = hn_facts_find(facts, "packages.owner", path);
        struct hn_str package = hn_obs_get(owner, "package");
        g->n_files++;
        if (!g->first_path.n)
            g->first_path = path;
        add_evidence(g, mapped, "mapped");
        hn_find_about(g->finding, HN_REF_PATH, path);
        if (package.n && first_time(g, package)) {
            hn_find_about(g->finding, HN_REF_PACKAGE, package);
            add_evidence(g, hn_facts_find(facts, "packages.package", package), "package");
        }
    }
    if (first_time(g, process->subject)) {
        g->n_processes++;
        add_evidence(g, process, "process");
        hn_find_about(g->finding, HN_REF_PROCESS, process->subject);
    }
}

static void group_end(struct hn_judge *j, struct group *g)
{
    struct hn_arena *a = hn_judge_arena(j);
    hn_find_param(g->finding, "what", g->key);
    hn_find_param(g->finding, "file", g->first_path);
    hn_find_param_int(g->finding, "files", (int64_t)g->n_files);
    hn_find_param_int(g->finding, "processes", (int64_t)g->n_processes);
    hn_find_cause(g->finding, hn_arena_fmt(a, "restart:%.*s", HN_FMT(g->key)));
    /* restarting the message bus or the login manager takes the session away: a person chooses the moment */
    bool touchy = hn_str_starts(g->unit, "dbus") || hn_str_eqc(g->unit, "systemd-logind.service");
    if (g->unit.n && !touchy) {
        hn_find_about(g->finding, HN_REF_UNIT, g->unit);
        hn_find_fix(g->finding, HN_FIX_RESTART, g->unit, (struct hn_str){0});
    }
    hn_map_done(&g->seen);
}

static void judge_old_code(struct hn_judge *j)
{
    struct old_code x = {.j = j};
    const struct hn_facts *facts = hn_judge_facts(j);
    hn_map_init(&x.groups);
    HN_FACTS_EACH(m, facts, "processes.mapped") {
        const struct hn_str *users;
        size_t n = hn_obs_get_list(m, "processes", &users);
        if (!hn_obs_get_bool(m, "deleted", false) || !is_code_path(hn_obs_get(m, "path")))
            continue;
        for (size_t i = 0; i < n; i++) {
            const struct hn_obs *process = hn_facts_find(facts, "processes.process", users[i]);
            struct group *g = process ? group_of(&x, process) : NULL;
            if (g)
                add_file(&x, g, m, process);
        }
    }
    for (struct group *g = x.first; g; g = g->next)
        group_end(j, g);
    hn_map_done(&x.groups);
}

/* Deleted after the start, in a place that anybody can write to or only in memory: how intruders hide a program.
 * Container runtimes execute a copy of themselves from memory for a moment. */
static bool is_hiding(struct hn_str exe)
{
    static const char *const places[] = {"/tmp/", "/var/tmp/", "/dev/shm/", "/run/user/", "/memfd:"};
    if (hn_str_starts(exe, "/memfd:runc") || hn_str_starts(exe, "/memfd:crun"))
        return false;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (hn_str_starts(exe, places[i]))
            return true;
    }
    return false;
}

static void judge_gone(struct hn_judge *j)
{
    struct hn_map seen; /* program and user → finding: many processes of one program are one problem */
    hn_map_init(&seen);
    HN_FACTS_EACH(q, hn_judge_facts(j), "processes.process") {
        struct hn_str exe = hn_obs_get(q, "exe"), user = hn_obs_get(q, "user");
        if (!hn_obs_get_bool(q, "exe_deleted", false) || !is_hiding(exe))
            continue;
        struct hn_str key = hn_arena_fmt(hn_judge_arena(j), "%.*s %.*s", HN_FMT(user), HN_FMT(exe));
        struct hn_finding *f = hn_map_find(&seen, hn_str_bytes(key));
        if (!f) {
            f = hn_find(j, "executable-gone", exe, user);
            hn_find_confidence(f, 60);
            hn_find_param(f, "exe", exe);
            hn_find_param(f, "name", hn_obs_get(q, "name"));
            hn_find_param_int(f, "pid", hn_obs_get_int(q, "pid", 0));
            hn_find_param(f, "user", user.n ? user : HN_STR("?"));
            if (!hn_ok(hn_map_set(&seen, hn_str_bytes(key), f)))
                break;
        }
        hn_find_evidence(f, q, "process");
        hn_find_about(f, HN_REF_PROCESS, q->subject);
    }
    hn_map_done(&seen);
}

/* What the processes that could not be looked into may hide. Whose code is old is known by its unit; without one its
 * program would name it, which is not known either. Old code runs since before an update: a process that came later
 * than that was last seen does not have it. Who hides a program starts it again as the same user, at any time. */
static void judge_hidden(struct hn_judge *j)
{
    HN_FACTS_EACH(q, hn_judge_facts(j), "processes.process") {
        bool exe = hn_obs_list_has(q, "not_seen", HN_STR("executable"));
        bool maps = hn_obs_list_has(q, "not_seen", HN_STR("mapped"));
        hn_time started = hn_obs_get_time(q, "started");
        if (exe)
            hn_judge_hides(j, q->subject, "executable-gone", HN_STR(""), hn_obs_get(q, "user"), 0);
        if (maps) {
            struct hn_str unit = service_of(q), program = hn_obs_get(q, "exe");
            hn_judge_hides(j, q->subject, "old-code-running", unit.n ? unit : program, HN_STR(""), started);
            hn_judge_hides(j, q->subject, "mapped", HN_STR(""), HN_STR(""), 0);
        }
    }
}

void processes_judge(struct hn_judge *j)
{
    judge_hidden(j);
    judge_old_code(j);
    judge_gone(j);
}
