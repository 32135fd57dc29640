/* What the chain of a finding says: who runs the code, with which privileges, and from where it can be reached. */
#include "core/risk_terms.h"

#include <strings.h>

#include "base/str.h"

enum scope { SCOPE_UNKNOWN, SCOPE_LOOPBACK, SCOPE_NETWORK, SCOPE_EVERYWHERE };

static enum scope listener_scope(const struct hn_obs *o)
{
    static const struct {
        const char *reach;
        enum scope scope;
    } words[] = {{"loopback", SCOPE_LOOPBACK},   {"link-local", SCOPE_NETWORK}, {"private", SCOPE_NETWORK},
                 {"one-network", SCOPE_NETWORK}, {"public", SCOPE_EVERYWHERE},  {"everywhere", SCOPE_EVERYWHERE}};
    struct hn_str reach = hn_obs_get(o, "reach");
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (hn_str_eqc(reach, words[i].reach))
            return words[i].scope;
    return SCOPE_UNKNOWN;
}

static enum risk_yes listener_open(const struct hn_obs *o)
{
    struct hn_str fw = hn_obs_get(o, "firewall");
    if (hn_str_eqc(fw, "open"))
        return RISK_YES;
    return hn_str_eqc(fw, "blocked") ? RISK_NO : RISK_UNKNOWN;
}

const struct hn_obs *risk_stray_listener(const struct hn_facts *facts)
{
    const struct hn_obs *stray = NULL;
    HN_FACTS_EACH(o, facts, "sockets.listener") {
        const struct hn_str *items;
        if (hn_obs_get_list(o, "processes", &items) || listener_scope(o) == SCOPE_LOOPBACK)
            continue;
        if (!stray || hn_str_cmp(o->subject, stray->subject) < 0)
            stray = o;
    }
    return stray;
}

static bool any_obs(void *arg, const struct hn_obs *o)
{
    *(bool *)arg = true;
    return false;
}

/* Every process that listens beyond loopback shows what it has mapped. Then a process that could not be looked into,
 * but listens nowhere, does not keep us from saying what is exposed. */
bool risk_owners_readable(struct risk_run *r)
{
    HN_FACTS_EACH(o, r->in->facts, "sockets.listener") {
        const struct hn_str *items;
        size_t n = hn_obs_get_list(o, "processes", &items);
        for (size_t i = 0; i < n && listener_scope(o) != SCOPE_LOOPBACK; i++) {
            const struct hn_join_value *v = hn_join_find(r->join, HN_REF_PROCESS, items[i]);
            bool mapped = false;
            if (v)
                hn_join_each(r->join, v, "processes.mapped", any_obs, &mapped);
            if (!mapped)
                return false;
        }
    }
    return true;
}

/* ---------------------------------------------------------------- processes */

struct hn_str risk_process_name(struct hn_arena *a, const struct hn_obs *process)
{
    struct hn_str name = hn_obs_get(process, "exe");
    if (!name.n)
        name = hn_obs_get(process, "name");
    for (size_t i = name.n; i-- > 0;)
        if (name.p[i] == '/')
            return hn_str_cut(name, i + 1, name.n);
    return name;
}

/* "nginx", "812", and how many more there are: the parts of "nginx (pid 812) and 3 more". */
static void process_params(struct risk_run *r, struct hn_term *t, const struct hn_join_value *v, size_t more)
{
    if (!t || !v)
        return;
    struct hn_str name = v->obs ? risk_process_name(r->arena, v->obs) : HN_STR("");
    ptrdiff_t colon = hn_str_chr(v->s, ':');
    risk_param(r, &t->params, "process", name.n ? name : HN_STR("?"));
    risk_param(r, &t->params, "pid", colon >= 0 ? hn_str_cut(v->s, 0, (size_t)colon) : v->s);
    if (more)
        risk_param_int(r, &t->params, "more", (int64_t)more);
}

static bool truthy(const struct hn_obs *o, const char *field)
{
    if (hn_obs_get_bool(o, field, false) || hn_obs_get_int(o, field, 0) > 0)
        return true;
    struct hn_str s = hn_obs_get(o, field);
    return s.n && !hn_str_eqc(s, "none") && !hn_str_eqc(s, "disabled") && !hn_str_eqc(s, "0");
}

enum privilege { PRIVILEGE_UNKNOWN, PRIVILEGE_CONFINED, PRIVILEGE_PLAIN, PRIVILEGE_CAPABLE, PRIVILEGE_ROOT };

/* Capabilities that are as good as root, or nearly (capabilities(7)). */
static const char *const strong[] = {
    "sys_admin", "sys_ptrace", "sys_module", "sys_rawio", "dac_override", "dac_read_search", "setuid",   "setgid",
    "setfcap",   "setpcap",    "chown",      "fowner",    "bpf",          "net_admin",       "sys_boot",
};

static bool capable(const struct hn_obs *process)
{
    const struct hn_str *items;
    size_t n = hn_obs_get_list(process, "capabilities", &items);
    for (size_t i = 0; i < n; i++) {
        struct hn_str c = hn_str_starts(items[i], "cap_") || hn_str_starts(items[i], "CAP_")
                              ? hn_str_cut(items[i], 4, items[i].n)
                              : items[i];
        for (size_t k = 0; k < sizeof strong / sizeof strong[0]; k++)
            if (hn_str_eqc(c, "all") || (c.n == strlen(strong[k]) && strncasecmp(c.p, strong[k], c.n) == 0))
                return true;
    }
    return false;
}

static enum privilege privilege_of(const struct hn_obs *process)
{
    const char *uid = hn_obs_has(process, "euid") ? "euid" : "uid";
    if (!hn_obs_has(process, uid))
        return PRIVILEGE_UNKNOWN;
    if (hn_obs_get_int(process, uid, 0) == 0)
        return PRIVILEGE_ROOT;
    if (capable(process))
        return PRIVILEGE_CAPABLE;
    return truthy(process, "no_new_privs") && truthy(process, "seccomp") ? PRIVILEGE_CONFINED : PRIVILEGE_PLAIN;
}

static bool cut(const struct risk_run *r, const struct hn_chain *c);

struct privileged {
    const struct hn_join_value *most; /* the first of those with the most; NULL: none is known */
    enum privilege privilege;
    bool unknown;  /* of some it is not known */
    size_t others; /* with the same */
};

static struct privileged most_privileged(const struct hn_chain *c)
{
    struct privileged r = {.privilege = PRIVILEGE_CONFINED};
    for (size_t i = 0; i < c->processes.n; i++) {
        enum privilege p = privilege_of(c->processes.v[i]->obs);
        r.unknown = r.unknown || p == PRIVILEGE_UNKNOWN;
        if (p == PRIVILEGE_UNKNOWN || p < r.privilege)
            continue;
        r.others = p > r.privilege || !r.most ? 0 : r.others + 1;
        r.most = p > r.privilege || !r.most ? c->processes.v[i] : r.most;
        r.privilege = p;
    }
    return r;
}

/* said: the process that the sentence speaks of already, preferred among equals. */
static void privilege_terms(struct risk_run *r, struct hn_finding *f, const struct hn_chain *c,
                            const struct hn_join_value *said)
{
    struct privileged p = most_privileged(c);
    if (said && p.most && privilege_of(said->obs) == p.privilege)
        p.most = said;
    struct hn_term *t = NULL;
    if (p.most && p.privilege == PRIVILEGE_ROOT)
        t = risk_add(r, f, "runs-as-root", p.most->obs);
    else if (p.most && p.privilege == PRIVILEGE_CAPABLE)
        t = risk_add(r, f, "runs-with-capabilities", p.most->obs);
    else if (p.most && p.privilege == PRIVILEGE_CONFINED && !p.unknown && r->processes_full && !cut(r, c))
        t = risk_add(r, f, "runs-confined", p.most->obs);
    else if (!p.most || p.unknown || p.privilege == PRIVILEGE_CONFINED)
        risk_not_seen(r, f, "runs-as-root");
    process_params(r, t, p.most, p.others);
}

struct mapped_deleted {
    struct hn_join *j;
    const struct hn_chain *c;
    const struct hn_obs *obs;
};

/* Is a process of the chain among those that still have the deleted file mapped? */
static bool deleted_each(void *arg, const struct hn_obs *o)
{
    struct mapped_deleted *m = arg;
    if (hn_obs_get_bool(o, "deleted", false) && (!m->obs || hn_str_cmp(o->subject, m->obs->subject) < 0))
        m->obs = o;
    return true;
}

static void old_code_term(struct risk_run *r, struct hn_finding *f, const struct hn_chain *c)
{
    struct mapped_deleted m = {.j = r->join, .c = c};
    for (size_t i = 0; i < c->paths.n; i++)
        hn_join_each(r->join, c->paths.v[i], "processes.mapped", deleted_each, &m);
    if (!m.obs)
        return;
    const struct hn_str *items;
    size_t n = hn_obs_get_list(m.obs, "processes", &items);
    struct hn_join_value *first = NULL;
    for (size_t i = 0; i < n; i++) {
        struct hn_join_value *v = hn_join_find(r->join, HN_REF_PROCESS, items[i]);
        if (v && (!first || hn_join_value_cmp(v, first) < 0))
            first = v;
    }
    process_params(r, risk_add(r, f, "old-code-mapped", m.obs), first, n ? n - 1 : 0);
}

static bool cut_each(void *arg, const struct hn_obs *o)
{
    const struct hn_str *items;
    size_t n = hn_obs_get_list(o, "processes", &items);
    *(bool *)arg = hn_obs_get_int(o, "users", 0) > (int64_t)n;
    return !*(bool *)arg;
}

/* Were processes left out of what was joined? Then absence means nothing. */
static bool cut(const struct risk_run *r, const struct hn_chain *c)
{
    bool is_cut = c->truncated;
    for (size_t i = 0; i < c->paths.n && !is_cut; i++)
        hn_join_each(r->join, c->paths.v[i], "processes.mapped", cut_each, &is_cut);
    return is_cut;
}

/* Would it show if a process had it loaded? Not for interpreted code and kernels, and only when owners of files are
 * known. */
static bool packages_mappable(const struct risk_run *r, const struct hn_chain *c)
{
    if (!r->packages_full || c->truncated || !c->packages.n)
        return false;
    for (size_t i = 0; i < c->packages.n; i++) {
        struct hn_str name = hn_obs_get(c->packages.v[i]->obs, "name");
        if (!name.n || hn_policy_never_mapped(r->in->policy, name))
            return false;
    }
    return true;
}

static bool mapped_none_known(const struct risk_run *r, const struct hn_chain *c)
{
    return r->processes_full && packages_mappable(r, c);
}

/* ---------------------------------------------------------------- listeners */

static bool listeners_known(const struct risk_run *r, const struct hn_chain *c)
{
    bool named = c->about[HN_REF_LISTENER];
    return r->sockets_full && !cut(r, c) && (named || (!r->stray && (r->processes_full || r->owners_readable)));
}

static const char *scope_term(enum scope s)
{
    switch (s) {
    case SCOPE_EVERYWHERE:
        return "listens-everywhere";
    case SCOPE_NETWORK:
        return "listens-one-network";
    case SCOPE_LOOPBACK:
        return "listens-loopback";
    default:
        return NULL;
    }
}

/* NULL: the firewall's part was not seen, or may not lower. */
static const char *firewall_term(const struct hn_obs *l, bool known)
{
    enum risk_yes open = listener_open(l);
    if (listener_scope(l) == SCOPE_LOOPBACK || open == RISK_UNKNOWN)
        return NULL;
    return open == RISK_YES ? "firewall-open" : known ? "firewall-blocked" : NULL;
}

static double listener_weight(const struct risk_run *r, const struct hn_obs *l, bool known)
{
    const char *scope = scope_term(listener_scope(l)), *firewall = firewall_term(l, known);
    double w = scope && (known || listener_scope(l) != SCOPE_LOOPBACK) ? risk_weight(r, scope) : 0;
    return w + (firewall ? risk_weight(r, firewall) : 0);
}

/* By weight, so that one more listener never lowers; among equals the first. */
const struct hn_join_value *risk_worst_listener(struct risk_run *r, const struct hn_chain *c)
{
    const struct hn_join_value *worst = NULL;
    bool known = c->listeners.n && listeners_known(r, c);
    double most = 0;
    for (size_t i = 0; i < c->listeners.n; i++) {
        const struct hn_obs *l = c->listeners.v[i]->obs;
        double w = l ? listener_weight(r, l, known) : 0;
        if (!l || (worst && w <= most))
            continue;
        worst = c->listeners.v[i];
        most = w;
    }
    return worst;
}

/* The process of the chain that holds the listener, for the sentence. */
static const struct hn_join_value *holder_of(struct risk_run *r, const struct hn_chain *c,
                                             const struct hn_obs *listener)
{
    const struct hn_str *items;
    size_t n = hn_obs_get_list(listener, "processes", &items);
    const struct hn_join_value *best = NULL;
    for (size_t i = 0; i < n; i++) {
        struct hn_join_value *v = hn_join_find(r->join, HN_REF_PROCESS, items[i]);
        if (v && v->stamp && (!best || hn_join_value_cmp(v, best) < 0))
            for (size_t k = 0; k < c->processes.n; k++)
                best = c->processes.v[k] == v ? v : best;
    }
    return best;
}

static bool wildcard(struct hn_str address)
{
    return !address.n || hn_str_eqc(address, "0.0.0.0") || hn_str_eqc(address, "::") || hn_str_eqc(address, "*");
}

static void listener_params(struct risk_run *r, struct hn_term *t, const struct hn_chain *c, const struct hn_obs *l)
{
    if (!t)
        return;
    const struct hn_join_value *holder = holder_of(r, c, l);
    process_params(r, t, holder, 0);
    risk_param(r, &t->params, "protocol", hn_obs_get(l, "proto"));
    if (hn_obs_has(l, "port"))
        risk_param_int(r, &t->params, "port", hn_obs_get_int(l, "port", 0));
    if (!wildcard(hn_obs_get(l, "address")))
        risk_param(r, &t->params, "address", hn_obs_get(l, "address"));
}

struct peers {
    const struct hn_obs *first;
    size_t n;
};

/* A connection that somebody elsewhere opened to this process or listener. */
static bool peer_each(void *arg, const struct hn_obs *o)
{
    struct peers *p = arg;
    struct hn_str reach = hn_obs_get(o, "reach");
    if (!hn_str_eqc(hn_obs_get(o, "direction"), "in") || !reach.n || hn_str_eqc(reach, "loopback"))
        return true;
    p->n += (size_t)hn_obs_get_int(o, "count", 1);
    if (!p->first || hn_str_cmp(o->subject, p->first->subject) < 0)
        p->first = o;
    return true;
}

static void peer_term(struct risk_run *r, struct hn_finding *f, const struct hn_chain *c, bool expected)
{
    struct peers p = {0};
    for (size_t i = 0; i < c->listeners.n; i++)
        hn_join_each(r->join, c->listeners.v[i], "sockets.connection", peer_each, &p);
    for (size_t i = 0; i < c->processes.n && !p.n; i++)
        hn_join_each(r->join, c->processes.v[i], "sockets.connection", peer_each, &p);
    if (!p.n && expected)
        risk_not_seen(r, f, "remote-peers-seen");
    struct hn_term *t = p.n ? risk_add(r, f, "remote-peers-seen", p.first) : NULL;
    if (t)
        risk_param_int(r, &t->params, "n", (int64_t)p.n);
}

static void no_listener(struct risk_run *r, struct hn_finding *f, const struct hn_chain *c, bool known)
{
    if (known && (c->processes.n || c->about[HN_REF_PROCESS] || c->about[HN_REF_UNIT])) {
        struct hn_term *t = risk_add(r, f, "listens-none", NULL);
        process_params(r, t, c->processes.n ? c->processes.v[0] : NULL, c->processes.n ? c->processes.n - 1 : 0);
    } else {
        risk_not_seen(r, f, "listens-everywhere");
    }
}

static void listener_terms(struct risk_run *r, struct hn_finding *f, const struct hn_chain *c)
{
    const struct hn_join_value *worst = risk_worst_listener(r, c);
    bool known = listeners_known(r, c);
    if (!worst) {
        no_listener(r, f, c, known);
        peer_term(r, f, c, false);
        return;
    }
    const struct hn_obs *l = worst->obs;
    const char *scope = scope_term(listener_scope(l)), *firewall = firewall_term(l, known);
    bool loopback = listener_scope(l) == SCOPE_LOOPBACK;
    if (scope && (known || !loopback))
        listener_params(r, risk_add(r, f, scope, l), c, l);
    else
        risk_not_seen(r, f, "listens-everywhere");
    if (firewall)
        listener_params(r, risk_add(r, f, firewall, l), c, l);
    else if (!loopback)
        risk_not_seen(r, f, "firewall-open");
    peer_term(r, f, c, !loopback);
}

/* ---------------------------------------------------------------- the chain as a whole */

bool risk_chain_applies(const struct hn_finding *f, const struct hn_chain *c)
{
    if (c->about[HN_REF_PACKAGE] || c->about[HN_REF_PROCESS] || c->about[HN_REF_UNIT] || c->about[HN_REF_LISTENER])
        return true;
    return c->about[HN_REF_PATH] && (c->processes.n || f->rule->class == HN_CLASS_VULNERABILITY);
}

void risk_chain_terms(struct risk_run *r, struct hn_finding *f, const struct hn_chain *c)
{
    bool code = c->about[HN_REF_PACKAGE] || c->about[HN_REF_PATH];
    const struct hn_join_value *worst = risk_worst_listener(r, c);
    const struct hn_join_value *p = worst ? holder_of(r, c, worst->obs) : NULL;
    if (code && c->processes.n) {
        p = p ? p : most_privileged(c).most; /* so that the sentence speaks of one process, the worst */
        p = p ? p : c->processes.v[0];
        const struct hn_obs *by = NULL;
        for (size_t i = 0; i < c->paths.n && !by; i++)
            by = hn_join_between(r->join, c->paths.v[i], p);
        process_params(r, risk_add(r, f, "mapped-running", by ? by : p->obs), p, c->processes.n - 1);
        old_code_term(r, f, c);
    } else if (code) {
        if (mapped_none_known(r, c)) {
            risk_add(r, f, "mapped-none", NULL);
            return; /* nothing runs it, so nothing listens with it */
        }
        risk_not_seen(r, f, "mapped-running");
    }
    listener_terms(r, f, c);
    if (c->processes.n || !r->processes_full)
        privilege_terms(r, f, c, p);
}

enum risk_yes risk_exposed(struct risk_run *r, const struct hn_finding *f, const struct hn_chain *c)
{
    bool beyond = false;
    if (!risk_chain_applies(f, c))
        return RISK_UNKNOWN;
    for (size_t i = 0; i < c->listeners.n; i++) {
        const struct hn_obs *l = c->listeners.v[i]->obs;
        bool blocked = l && listener_open(l) == RISK_NO;
        if (l && listener_scope(l) == SCOPE_EVERYWHERE && !blocked)
            return RISK_YES;
        beyond = beyond || !l || (listener_scope(l) != SCOPE_LOOPBACK && !blocked);
    }
    if (c->about[HN_REF_PACKAGE] && !c->processes.n && !c->listeners.n) {
        bool no_listener_has_it = r->sockets_full && !r->stray && r->owners_readable && packages_mappable(r, c);
        return mapped_none_known(r, c) || no_listener_has_it ? RISK_NO : RISK_UNKNOWN;
    }
    return listeners_known(r, c) && !beyond ? RISK_NO : RISK_UNKNOWN;
}
