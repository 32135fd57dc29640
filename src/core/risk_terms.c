/* Terms are made from positive evidence. What lowers a score (mapped-none, listens-none, listens-loopback, runs-confined,
 * firewall-blocked) asks for a module that saw everything; otherwise the term is listed as not seen. */
#include "core/risk_terms.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/str.h"

/* ---------------------------------------------------------------- the run */

static bool full(const struct hn_risk_in *in, const char *module)
{
    for (size_t i = 0; i < in->n_cover; i++)
        if (hn_str_eqc(in->cover[i].module, module))
            return in->cover[i].live && in->cover[i].root && in->cover[i].complete;
    return false;
}

enum scope { SCOPE_UNKNOWN, SCOPE_LOOPBACK, SCOPE_NETWORK, SCOPE_EVERYWHERE };

static enum scope listener_scope(const struct hn_obs *o)
{
    static const struct {
        const char *reach;
        enum scope scope;
    } words[] = {{"loopback", SCOPE_LOOPBACK},   {"link-local", SCOPE_NETWORK},     {"private", SCOPE_NETWORK},
                 {"one-network", SCOPE_NETWORK}, {"public", SCOPE_EVERYWHERE}, {"everywhere", SCOPE_EVERYWHERE}};
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

/* everywhere > network > unknown > loopback; within one of these open > unknown > blocked; blocked everywhere still ranks
 * above loopback. */
int risk_listener_rank(const struct hn_obs *o)
{
    static const int by_scope[] = {[SCOPE_LOOPBACK] = 0, [SCOPE_UNKNOWN] = 4, [SCOPE_NETWORK] = 7, [SCOPE_EVERYWHERE] = 10};
    static const int by_open[] = {[RISK_NO] = -6, [RISK_UNKNOWN] = 0, [RISK_YES] = 1};
    enum scope s = listener_scope(o);
    return s == SCOPE_LOOPBACK ? 0 : by_scope[s] + by_open[listener_open(o)] + 1;
}

/* A repository of backups that a restore test has proven, by the backup module's own word. */
static void look_at_backups(struct risk_run *r)
{
    if (!hn_facts_seen(r->in->facts, "backup"))
        return;
    const struct hn_obs *o = hn_facts_first(r->in->facts, "backup.proof");
    for (; o; o = hn_facts_next(o)) {
        bool proven = hn_obs_get_bool(o, "restorable", false);
        if (r->backup != RISK_YES || (proven && hn_str_cmp(o->subject, r->backup_obs->subject) < 0))
            r->backup_obs = o;
        if (proven)
            r->backup = RISK_YES;
    }
    if (r->backup != RISK_YES)
        r->backup = RISK_NO;
}

void risk_run_init(struct risk_run *r, const struct hn_risk_in *in, struct hn_arena *a, struct hn_arena *scratch)
{
    *r = (struct risk_run){.in = in, .arena = a, .scratch = scratch};
    r->processes_full = full(in, "processes");
    r->sockets_full = full(in, "sockets");
    r->packages_full = full(in, "packages");
    HN_FACTS_EACH(o, in->facts, "sockets.listener") {
        const struct hn_str *items;
        if (hn_obs_get_list(o, "processes", &items) || listener_scope(o) == SCOPE_LOOPBACK)
            continue;
        if (!r->stray || hn_str_cmp(o->subject, r->stray->subject) < 0)
            r->stray = o;
    }
    look_at_backups(r);
    r->join = hn_join_new(in->facts, a);
    r->failed = !r->join;
}

/* ---------------------------------------------------------------- adding */

static struct hn_param *param_add(struct risk_run *r, struct hn_param **list, const char *name, struct hn_str value)
{
    struct hn_param *p = HN_NEW(r->arena, struct hn_param);
    if (!p) {
        r->failed = true;
        return NULL;
    }
    *p = (struct hn_param){.name = name, .value = hn_arena_str(r->arena, value)};
    while (*list)
        list = &(*list)->next;
    return *list = p;
}

static void param_int(struct risk_run *r, struct hn_param **list, const char *name, int64_t v)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)v);
    param_add(r, list, name, hn_str_c(text));
}

/* Of each group a finding has one term: the same evidence counts once, whoever reports it. */
static const char *const groups[][5] = {
    {"mapped-running", "mapped-none"},
    {"listens-everywhere", "listens-one-network", "listens-loopback", "listens-none"},
    {"firewall-open", "firewall-blocked"},
    {"runs-as-root", "runs-with-capabilities", "runs-confined"},
};

static bool same_group(const char *a, const char *b)
{
    if (strcmp(a, b) == 0)
        return true;
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++) {
        bool has_a = false, has_b = false;
        for (size_t i = 0; i < 5 && groups[g][i]; i++) {
            has_a = has_a || strcmp(groups[g][i], a) == 0;
            has_b = has_b || strcmp(groups[g][i], b) == 0;
        }
        if (has_a && has_b)
            return true;
    }
    return false;
}

/* weight counts only when seen. A term of the same group that is there already stays unless the new one weighs more. */
static struct hn_term *term_add(struct risk_run *r, struct hn_finding *f, const char *name, bool seen, double weight,
                                const struct hn_obs *obs)
{
    struct hn_term *t = NULL, **at = &f->terms;
    for (; *at; at = &(*at)->next) {
        if (!same_group((*at)->name, name))
            continue;
        if (!seen || ((*at)->seen && (*at)->weight >= weight))
            return NULL;
        t = *at;
        break;
    }
    if (!t)
        *at = t = HN_NEW(r->arena, struct hn_term);
    if (!t) {
        r->failed = true;
        return NULL;
    }
    *t = (struct hn_term){.name = name, .seen = seen, .weight = seen ? weight : 0, .obs = obs, .next = t->next};
    return t;
}

static struct hn_term *add(struct risk_run *r, struct hn_finding *f, const char *name, const struct hn_obs *obs)
{
    double weight;
    hn_policy_weight(r->in->policy, name, &weight);
    return term_add(r, f, name, true, weight, obs);
}

static void not_seen(struct risk_run *r, struct hn_finding *f, const char *name)
{
    term_add(r, f, name, false, 0, NULL);
}

static double weight_of(const struct risk_run *r, const char *name)
{
    double weight;
    hn_policy_weight(r->in->policy, name, &weight);
    return weight;
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
    param_add(r, &t->params, "process", name.n ? name : HN_STR("?"));
    param_add(r, &t->params, "pid", colon >= 0 ? hn_str_cut(v->s, 0, (size_t)colon) : v->s);
    if (more)
        param_int(r, &t->params, "more", (int64_t)more);
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
    "sys_admin", "sys_ptrace", "sys_module", "sys_rawio", "dac_override", "dac_read_search", "setuid", "setgid",
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
            if (c.n == strlen(strong[k]) && strncasecmp(c.p, strong[k], c.n) == 0)
                return true;
    }
    return false;
}

static enum privilege privilege_of(const struct hn_obs *process)
{
    if (!hn_obs_has(process, "uid"))
        return PRIVILEGE_UNKNOWN;
    if (hn_obs_get_int(process, "uid", 0) == 0)
        return PRIVILEGE_ROOT;
    if (capable(process))
        return PRIVILEGE_CAPABLE;
    return truthy(process, "no_new_privs") && truthy(process, "seccomp") ? PRIVILEGE_CONFINED : PRIVILEGE_PLAIN;
}

static void privilege_terms(struct risk_run *r, struct hn_finding *f, const struct hn_chain *c)
{
    const struct hn_join_value *most = NULL;
    enum privilege worst = PRIVILEGE_CONFINED;
    bool unknown = false;
    size_t count = 0;
    for (size_t i = 0; i < c->processes.n; i++) {
        enum privilege p = privilege_of(c->processes.v[i]->obs);
        unknown = unknown || p == PRIVILEGE_UNKNOWN;
        if (p == PRIVILEGE_UNKNOWN || p < worst)
            continue;
        count = p > worst || !most ? 0 : count + 1;
        most = p > worst || !most ? c->processes.v[i] : most;
        worst = p;
    }
    struct hn_term *t = NULL;
    if (most && worst == PRIVILEGE_ROOT)
        t = add(r, f, "runs-as-root", most->obs);
    else if (most && worst == PRIVILEGE_CAPABLE)
        t = add(r, f, "runs-with-capabilities", most->obs);
    else if (most && worst == PRIVILEGE_CONFINED && !unknown && r->processes_full)
        t = add(r, f, "runs-confined", most->obs);
    else if (!most || unknown || worst == PRIVILEGE_CONFINED)
        not_seen(r, f, "runs-as-root");
    process_params(r, t, most, count);
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
    process_params(r, add(r, f, "old-code-mapped", m.obs), first, n ? n - 1 : 0);
}

/* May "no process has it loaded" be said at all? Not for interpreted code and kernels, and only of what was seen whole. */
static bool mapped_none_known(const struct risk_run *r, const struct hn_chain *c)
{
    if (!r->processes_full || !r->packages_full || c->truncated || !c->packages.n)
        return false;
    for (size_t i = 0; i < c->packages.n; i++) {
        struct hn_str name = hn_obs_get(c->packages.v[i]->obs, "name");
        if (!name.n || hn_policy_never_mapped(r->in->policy, name))
            return false;
    }
    return true;
}

/* ---------------------------------------------------------------- listeners */

const struct hn_join_value *risk_worst_listener(struct risk_run *r, const struct hn_chain *c)
{
    const struct hn_join_value *worst = NULL;
    for (size_t i = 0; i < c->listeners.n; i++)
        if (c->listeners.v[i]->obs && (!worst || risk_listener_rank(c->listeners.v[i]->obs) >
                                                     risk_listener_rank(worst->obs)))
            worst = c->listeners.v[i];
    return worst;
}

/* The process of the chain that holds the listener, for the sentence. */
static const struct hn_join_value *holder_of(struct risk_run *r, const struct hn_chain *c, const struct hn_obs *listener)
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
    param_add(r, &t->params, "protocol", hn_obs_get(l, "proto"));
    if (hn_obs_has(l, "port"))
        param_int(r, &t->params, "port", hn_obs_get_int(l, "port", 0));
    if (!wildcard(hn_obs_get(l, "address")))
        param_add(r, &t->params, "address", hn_obs_get(l, "address"));
}

struct peers {
    const struct hn_obs *first;
    size_t n;
};

/* A connection that somebody elsewhere opened to this process or listener. */
static bool peer_each(void *arg, const struct hn_obs *o)
{
    struct peers *p = arg;
    struct hn_str reach = hn_obs_get(o, "remote_reach");
    if (!hn_obs_get_bool(o, "inbound", false) || !reach.n || hn_str_eqc(reach, "loopback"))
        return true;
    p->n++;
    if (!p->first || hn_str_cmp(o->subject, p->first->subject) < 0)
        p->first = o;
    return true;
}

static void peer_term(struct risk_run *r, struct hn_finding *f, const struct hn_chain *c)
{
    struct peers p = {0};
    for (size_t i = 0; i < c->listeners.n; i++)
        hn_join_each(r->join, c->listeners.v[i], "sockets.connection", peer_each, &p);
    for (size_t i = 0; i < c->processes.n && !p.n; i++)
        hn_join_each(r->join, c->processes.v[i], "sockets.connection", peer_each, &p);
    if (!p.n) {
        not_seen(r, f, "remote-peers-seen");
        return;
    }
    struct hn_term *t = add(r, f, "remote-peers-seen", p.first);
    if (t)
        param_int(r, &t->params, "n", (int64_t)p.n);
}

static bool listeners_known(const struct risk_run *r, const struct hn_chain *c)
{
    bool named = c->about[HN_REF_LISTENER];
    return r->sockets_full && !c->truncated && (named || (!r->stray && r->processes_full));
}

static void listener_terms(struct risk_run *r, struct hn_finding *f, const struct hn_chain *c)
{
    const struct hn_join_value *worst = risk_worst_listener(r, c);
    bool known = listeners_known(r, c);
    if (!worst) {
        if (known && (c->processes.n || c->about[HN_REF_PROCESS] || c->about[HN_REF_UNIT])) {
            struct hn_term *t = add(r, f, "listens-none", NULL);
            process_params(r, t, c->processes.n ? c->processes.v[0] : NULL, c->processes.n ? c->processes.n - 1 : 0);
        } else {
            not_seen(r, f, "listens-everywhere");
        }
        return;
    }
    const struct hn_obs *l = worst->obs;
    enum scope s = listener_scope(l);
    struct hn_term *t = NULL;
    if (s == SCOPE_EVERYWHERE)
        t = add(r, f, "listens-everywhere", l);
    else if (s == SCOPE_NETWORK)
        t = add(r, f, "listens-one-network", l);
    else if (s == SCOPE_LOOPBACK && known)
        t = add(r, f, "listens-loopback", l);
    else
        not_seen(r, f, "listens-everywhere");
    listener_params(r, t, c, l);
    if (s == SCOPE_LOOPBACK)
        return;
    enum risk_yes open = listener_open(l);
    if (open == RISK_YES)
        listener_params(r, add(r, f, "firewall-open", l), c, l);
    else if (open == RISK_NO && known)
        listener_params(r, add(r, f, "firewall-blocked", l), c, l);
    else
        not_seen(r, f, "firewall-open");
    peer_term(r, f, c);
}

/* ---------------------------------------------------------------- the chain as a whole */

static bool chain_applies(const struct hn_finding *f, const struct hn_chain *c)
{
    if (c->about[HN_REF_PACKAGE] || c->about[HN_REF_PROCESS] || c->about[HN_REF_UNIT] || c->about[HN_REF_LISTENER])
        return true;
    return c->about[HN_REF_PATH] && (c->processes.n || f->rule->class == HN_CLASS_VULNERABILITY);
}

static void chain_terms(struct risk_run *r, struct hn_finding *f, const struct hn_chain *c)
{
    bool code = c->about[HN_REF_PACKAGE] || c->about[HN_REF_PATH];
    if (code && c->processes.n) {
        const struct hn_join_value *worst = risk_worst_listener(r, c);
        const struct hn_join_value *p = worst ? holder_of(r, c, worst->obs) : NULL;
        p = p ? p : c->processes.v[0];
        const struct hn_obs *by = NULL;
        for (size_t i = 0; i < c->paths.n && !by; i++)
            by = hn_join_between(r->join, c->paths.v[i], p);
        process_params(r, add(r, f, "mapped-running", by ? by : p->obs), p, c->processes.n - 1);
        old_code_term(r, f, c);
    } else if (code) {
        if (mapped_none_known(r, c)) {
            add(r, f, "mapped-none", NULL);
            return; /* nothing runs it, so nothing listens with it */
        }
        not_seen(r, f, "mapped-running");
    }
    listener_terms(r, f, c);
    if (c->processes.n || !r->processes_full)
        privilege_terms(r, f, c);
}

/* yes: reachable from anywhere by what was seen. no: positively known not to be. */
static enum risk_yes exposed(struct risk_run *r, const struct hn_finding *f, const struct hn_chain *c)
{
    const struct hn_join_value *worst = risk_worst_listener(r, c);
    enum scope s = worst ? listener_scope(worst->obs) : SCOPE_UNKNOWN;
    bool blocked = worst && listener_open(worst->obs) == RISK_NO;
    if (!chain_applies(f, c))
        return RISK_UNKNOWN;
    if (worst && s == SCOPE_EVERYWHERE && !blocked)
        return RISK_YES;
    if (!worst && !c->processes.n && (c->about[HN_REF_PACKAGE] ? mapped_none_known(r, c) : false))
        return RISK_NO;
    if (!listeners_known(r, c) || (c->about[HN_REF_PACKAGE] && !c->processes.n))
        return RISK_UNKNOWN;
    if (!worst || s == SCOPE_LOOPBACK || blocked)
        return RISK_NO;
    return RISK_UNKNOWN;
}

/* ---------------------------------------------------------------- knowledge from outside, loss, age */

static struct hn_str own_param(const struct hn_finding *f, const char *name)
{
    for (const struct hn_param *p = f->params; p; p = p->next)
        if (strcmp(p->name, name) == 0)
            return p->value;
    return (struct hn_str){0};
}

static bool has_term(const struct hn_finding *f, const char *name)
{
    for (const struct hn_term *t = f->terms; t; t = t->next)
        if (t->seen && strcmp(t->name, name) == 0)
            return true;
    return false;
}

static const struct hn_obs *main_obs(const struct hn_finding *f)
{
    return f->evidence ? f->evidence->obs : NULL;
}

static void vulnerability_terms(struct risk_run *r, struct hn_finding *f)
{
    static const char *const outside[] = {"kev", "exploit-public", "epss", "scanned-now", "detection", "mitigation"};
    if (f->rule->class != HN_CLASS_VULNERABILITY)
        return;
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++)
        if (!has_term(f, outside[i]))
            not_seen(r, f, outside[i]);
    if (!f->since || f->since >= r->in->now)
        return;
    int64_t days = (r->in->now - f->since) / HN_DAY;
    double weight = hn_policy_graded(r->in->policy, "fix-pending", (double)days);
    struct hn_term *t = days > 0 ? term_add(r, f, "fix-pending", true, weight, main_obs(f)) : NULL;
    if (t)
        param_int(r, &t->params, "days", days);
}

/* EPSS takes the place of the prior; as a term it is the difference, so that the bars still add up. */
static void epss_term(struct risk_run *r, struct hn_finding *f)
{
    char text[32] = {0}, *end;
    struct hn_str s = own_param(f, "epss");
    if (!s.n || s.n >= sizeof text)
        return;
    memcpy(text, s.p, s.n);
    double epss = strtod(text, &end);
    if (*end || !(epss >= 0 && epss <= 1))
        return;
    double by_epss = hn_policy_prior(r->in->policy, "", f->rule->class, f->severity, epss);
    struct hn_term *t = term_add(r, f, "epss", true, by_epss - f->prior, main_obs(f));
    if (t)
        param_add(r, &t->params, "epss", s);
}

static void loss_terms(struct risk_run *r, struct hn_finding *f)
{
    if (f->rule->class == HN_CLASS_RESILIENCE || f->rule->class == HN_CLASS_HYGIENE)
        return;
    const char *name = r->backup == RISK_YES ? "backup-proven" : "backup-unproven";
    struct hn_term *t = term_add(r, f, name, r->backup != RISK_UNKNOWN,
                                 hn_policy_loss_weight(r->in->policy, name), r->backup_obs);
    if (t)
        t->on_loss = true;
}

static void age_term(struct risk_run *r, struct hn_finding *f)
{
    const struct hn_obs *o = main_obs(f);
    if (!o || !o->at || o->at >= r->in->now)
        return;
    int64_t days = (r->in->now - o->at) / HN_DAY;
    struct hn_term *t = days >= hn_policy_old_days(r->in->policy) ? add(r, f, "data-old", o) : NULL;
    if (t)
        param_int(r, &t->params, "days", days);
}

/* ---------------------------------------------------------------- inputs of the due tables */

static void inputs(struct risk_run *r, struct hn_finding *f, const struct hn_chain *c)
{
    static const char *const yes[] = {[RISK_UNKNOWN] = "unknown", [RISK_NO] = "no", [RISK_YES] = "yes"};
    static const char *const given[] = {"automatable", "technical_impact"};
    enum risk_yes e = exposed(r, f, c);
    bool kev = has_term(f, "kev"), poc = has_term(f, "exploit-public"), network = has_term(f, "listens-one-network");
    struct hn_str told = own_param(f, "kev"), told_exposed = own_param(f, "exposed");
    struct hn_str exploitation = own_param(f, "exploitation");
    param_add(r, &f->inputs, "kev", kev ? HN_STR("yes") : told.n ? told : HN_STR("unknown"));
    if (e == RISK_UNKNOWN && told_exposed.n) /* the judge's own knowledge of this kind of problem */
        e = hn_str_eqc(told_exposed, "no") ? RISK_NO : hn_str_eqc(told_exposed, "yes") ? RISK_YES : e;
    param_add(r, &f->inputs, "exposed", hn_str_c(yes[e]));
    for (size_t i = 0; i < sizeof given / sizeof given[0]; i++) {
        struct hn_str s = own_param(f, given[i]);
        param_add(r, &f->inputs, given[i], s.n ? s : HN_STR("unknown"));
    }
    param_add(r, &f->inputs, "exploitation",
              kev              ? HN_STR("active")
              : poc            ? HN_STR("public-poc")
              : exploitation.n ? exploitation
                               : HN_STR("unknown"));
    param_add(r, &f->inputs, "system_exposure",
              e == RISK_YES  ? HN_STR("open")
              : e == RISK_NO ? HN_STR("small")
              : network      ? HN_STR("controlled")
                             : HN_STR("unknown"));
    param_add(r, &f->inputs, "human_impact", hn_str_c(hn_policy_human_impact(r->in->policy, r->in->criticality)));
}

void risk_terms(struct risk_run *r, struct hn_finding *f, const struct hn_chain *c)
{
    f->terms = NULL;
    f->inputs = NULL;
    /* extra_terms hold the newest first; names decide, so the order does not matter */
    for (const struct hn_term *x = f->extra_terms; x; x = x->next) {
        struct hn_term *t = term_add(r, f, x->name, true, weight_of(r, x->name), x->obs);
        if (t)
            t->params = x->params;
    }
    if (chain_applies(f, c))
        chain_terms(r, f, c);
    epss_term(r, f);
    vulnerability_terms(r, f);
    loss_terms(r, f);
    age_term(r, f);
    inputs(r, f, c);
    r->failed = r->failed || c->failed || r->arena->failed || r->scratch->failed;
}
