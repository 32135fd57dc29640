/* By when must a vulnerability be dealt with: the policy's table, asked with what Hinomi sees. "Exposed" is what no
 * list of components can know: is the package mapped by a process here, and does that process listen beyond the host?
 */
#include "base/map.h"
#include "core/due.h"
#include "core/ops_software.h"
#include "core/policy.h"
#include "core/render.h"
#include "core/store_role.h"

const char *ops_exposure_name(enum ops_exposure e)
{
    static const char *const names[] = {"unknown", "no", "yes"};

    return names[e];
}

/* ---------------------------------------------------------------- what was seen of one host */

struct look {
    struct hn_op_ctx *c;
    struct hn_arena a;
    struct hn_map paths, processes; /* of the package; that have one of them mapped */
    bool seen_mapped, seen_listener, any_path;
};

static struct hn_err read_kind(struct look *k, struct hn_str asset, const char *kind, struct hn_store_obs **ret,
                               size_t *n)
{
    struct hn_store_obs_query q = {.asset = asset, .kind = hn_str_c(kind), .page = {.limit = 20000}};
    struct hn_listing l = {0};

    HN_TRY(ops_store(k->c, hn_store_observations(k->c->store, k->c->who, &q, &k->a, ret, &l)));
    *n = l.n;
    return HN_OK;
}

static const struct hn_jv *fields(struct look *k, const struct hn_store_obs *o)
{
    return hn_jv_parse(&k->a, hn_str_bytes(o->fields), NULL);
}

/* "libssl3:amd64" is the package libssl3. */
static bool is_package(struct hn_str subject, struct hn_str name)
{
    return subject.n >= name.n && memcmp(subject.p, name.p, name.n) == 0 &&
           (subject.n == name.n || subject.p[name.n] == ':');
}

static struct hn_err read_paths(struct look *k, struct hn_str asset, struct hn_str package)
{
    struct hn_store_obs *o;
    size_t n;

    HN_TRY(read_kind(k, asset, "packages.owner", &o, &n));
    for (size_t i = 0; i < n; i++) {
        const struct hn_jv *v = fields(k, &o[i]);
        if (v && is_package(hn_jv_str(v, "package"), package))
            HN_TRY(hn_map_set(&k->paths, hn_str_bytes(hn_jv_str(v, "path")), k));
    }
    k->any_path = k->paths.n > 0;
    return HN_OK;
}

static struct hn_err add_processes(struct look *k, const struct hn_jv *list)
{
    for (size_t i = 0; list && list->kind == HN_JV_ARR && i < list->n; i++)
        HN_TRY(hn_map_set(&k->processes, hn_str_bytes(list->items[i].s), k));
    return HN_OK;
}

static struct hn_err read_processes(struct look *k, struct hn_str asset)
{
    struct hn_store_obs *o;
    size_t n;

    HN_TRY(read_kind(k, asset, "processes.mapped", &o, &n));
    k->seen_mapped = n > 0;
    for (size_t i = 0; i < n; i++) {
        const struct hn_jv *v = fields(k, &o[i]);
        if (v && hn_map_has(&k->paths, hn_str_bytes(hn_jv_str(v, "path"))))
            HN_TRY(add_processes(k, hn_jv_get(v, "processes")));
    }
    HN_TRY(read_kind(k, asset, "processes.process", &o, &n));
    for (size_t i = 0; i < n; i++) {
        const struct hn_jv *v = fields(k, &o[i]);
        if (v && hn_map_has(&k->paths, hn_str_bytes(hn_jv_str(v, "exe"))))
            HN_TRY(hn_map_set(&k->processes, hn_str_bytes(hn_arena_str(&k->a, o[i].subject)), k));
    }
    return HN_OK;
}

/* Rises with how far: loopback, blocked, private, open. */
static int reach_of(const struct hn_jv *v, const char **ret)
{
    struct hn_str reach = hn_jv_str(v, "reach");

    if (hn_str_eqc(reach, "loopback") || hn_str_eqc(reach, "link-local"))
        return *ret = "loopback", 1;
    if (hn_str_eqc(hn_jv_str(v, "firewall"), "blocked"))
        return *ret = "blocked", 2;
    if (hn_str_eqc(reach, "private"))
        return *ret = "private", 3;
    return *ret = "open", 4;
}

static bool holds(const struct look *k, const struct hn_jv *v, struct hn_str *process)
{
    const struct hn_jv *list = hn_jv_get(v, "processes");

    for (size_t i = 0; list && list->kind == HN_JV_ARR && i < list->n; i++)
        if (hn_map_has(&k->processes, hn_str_bytes(list->items[i].s))) {
            *process = list->items[i].s;
            return true;
        }
    return false;
}

static struct hn_err read_listeners(struct look *k, struct hn_str asset, bool whole, struct ops_host *ret)
{
    struct hn_store_obs *o;
    size_t n;
    int best = 0;

    HN_TRY(read_kind(k, asset, "sockets.listener", &o, &n));
    k->seen_listener = n > 0;
    for (size_t i = 0; i < n; i++) {
        const struct hn_jv *v = fields(k, &o[i]);
        struct hn_str process = {"", 0};
        const char *why;
        if (!v || (!whole && !holds(k, v, &process)))
            continue;
        int far = reach_of(v, &why);
        if (far <= best)
            continue;
        best = far;
        ret->why = why;
        ret->listener = hn_arena_str(k->c->arena, o[i].subject);
        ret->process = process.n ? hn_arena_str(k->c->arena, process) : (struct hn_str){"", 0};
    }
    if (best)
        ret->exposure = best == 4 ? OPS_EXPOSURE_YES : OPS_EXPOSURE_NO;
    return HN_OK;
}

/* What was not looked at stays unknown; only what was seen not to be is "no". */
static struct hn_err look(struct look *k, struct hn_str asset, struct hn_str package, struct ops_host *ret)
{
    if (package.n) {
        HN_TRY(read_paths(k, asset, package));
        HN_TRY(read_processes(k, asset));
    }
    HN_TRY(read_listeners(k, asset, !package.n, ret));
    if (ret->exposure != OPS_EXPOSURE_UNKNOWN || !k->seen_listener)
        return HN_OK;
    if (package.n && k->seen_mapped && k->any_path) {
        ret->exposure = OPS_EXPOSURE_NO;
        ret->why = k->processes.n ? "not-listening" : "not-mapped";
    }
    return HN_OK;
}

struct hn_err ops_host_look(struct hn_op_ctx *c, struct hn_str asset, struct hn_str package, struct ops_host *ret)
{
    struct look k = {.c = c};

    *ret = (struct ops_host){.asset = asset, .why = "not-looked-at"};
    hn_arena_init(&k.a, 256u << 20);
    hn_map_init(&k.paths);
    hn_map_init(&k.processes);
    struct hn_err e = look(&k, asset, package, ret);
    hn_map_done(&k.paths);
    hn_map_done(&k.processes);
    hn_arena_done(&k.a);
    return e;
}

/* ---------------------------------------------------------------- the date */

static const char *tri_word(int v)
{
    return v < 0 ? "unknown" : v ? "yes" : "no";
}

/* SSVC tables ask the same in other words; a list of every word serves both. */
void ops_vuln_due(struct hn_op_ctx *c, const struct hn_store_vuln *v, enum ops_exposure exposed, hn_time since)
{
    const struct hn_due_table *t = hn_policy_due_table(c->role->policy);
    struct hn_param p[6] = {{"kev", hn_str_c(tri_word(v->kev)), &p[1]},
                            {"exploitation",
                             hn_str_c(v->kev == 1   ? "active"
                                      : v->kev == 0 ? "none"
                                                    : "unknown"),
                             &p[2]},
                            {"exposed", hn_str_c(ops_exposure_name(exposed)), &p[3]},
                            {"system_exposure",
                             hn_str_c(exposed == OPS_EXPOSURE_YES  ? "open"
                                      : exposed == OPS_EXPOSURE_NO ? "small"
                                                                   : "unknown"),
                             &p[4]},
                            {"automatable", hn_str_c(tri_word(v->automatable)), &p[5]},
                            {"technical_impact", v->impact.n ? v->impact : HN_STR("unknown"), NULL}};
    struct hn_due_result d;

    if (!t) {
        ops_knull(c->w, "due");
        return;
    }
    hn_due_decide(c->arena, t, p, &d);
    hn_jw_key(c->w, "due");
    hn_jw_obj(c->w);
    hn_jw_ktime(c->w, "at", d.days < 0 || !since ? 0 : since + d.days * HN_DAY);
    hn_jw_kc(c->w, "rule", d.rule);
    ops_names(c->w, "text", hn_due_rule_text(c->arena, HN_EN, hn_str_c(d.rule)),
              hn_due_rule_text(c->arena, HN_JA, hn_str_c(d.rule)));
    hn_jw_kc(c->w, "outcome", d.outcome);
    hn_jw_kbool(c->w, "overdue", d.days >= 0 && since && since + d.days * HN_DAY < c->now);
    hn_jw_key(c->w, "inputs");
    hn_jw_arr(c->w);
    for (size_t i = 0; i < d.n_inputs; i++) {
        hn_jw_obj(c->w);
        hn_jw_kc(c->w, "name", d.inputs[i].name);
        hn_jw_kc(c->w, "value", d.inputs[i].value);
        hn_jw_kc(c->w, "taken", d.inputs[i].taken);
        hn_jw_obj_end(c->w);
    }
    hn_jw_arr_end(c->w);
    hn_jw_obj_end(c->w);
}
