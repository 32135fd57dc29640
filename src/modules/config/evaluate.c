/* The evaluator: one rule against the facts of one host. Pure; nothing is kept. */
#include "base/str.h"
#include "modules/config/rules.h"

/* What a node found: the observations that decide, and why it is unknown. */
struct found {
    struct config_result *r;
    const struct hn_facts *facts;
    struct hn_arena *a;
};

/* ---- was it looked at at all? ---- */

static bool source_complete(const struct hn_facts *facts, struct hn_str conf)
{
    const struct hn_obs *o = hn_facts_find(facts, "config.source", conf);
    return o && hn_obs_get_bool(o, "complete", false);
}

/* The configurations that a kind is read from; NULL-terminated. */
static const char *const *sources_of(const char *kind)
{
    static const struct {
        const char *kind;
        const char *const confs[3];
    } table[] = {{"config.apt_source", {"apt-list", "apt-deb822"}},
                 {"config.pam", {"pam"}},
                 {"config.audit_rule", {"audit-rules"}},
                 {"config.export", {"nfs-exports"}},
                 {"config.mount", {"fstab"}},
                 {"accounts.sshd", {"sshd"}},
                 {"accounts.sudo_default", {"sudoers"}}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strcmp(kind, table[i].kind) == 0)
            return table[i].confs;
    return NULL;
}

static struct hn_str where_value(const struct config_node *n, const char *field)
{
    for (const struct config_cond *c = n->where; c && c->field; c++)
        if (c->values && c->values[0] && (!field || strcmp(c->field, field) == 0) &&
            (c->op == CONFIG_OP_EQ || c->op == CONFIG_OP_IN || c->op == CONFIG_OP_MATCHES))
            return hn_str_c(c->values[0]);
    return HN_STR("");
}

/* "/etc/cron.d/x*": the folder, when it could not be listed. */
static struct hn_str unlisted(const struct found *f, struct hn_str path)
{
    size_t n = path.n;
    if (hn_str_chr(path, '*') < 0)
        return HN_STR("");
    while (n > 0 && path.p[n - 1] != '/')
        n--;
    struct hn_str name = hn_arena_fmt(f->a, "folder %.*s", n ? (int)n - 1 : 0, path.p);
    return hn_facts_find(f->facts, "config.source", name) ? hn_str_cut(name, 7, name.n) : HN_STR("");
}

/* The module that the node reads, when it did not run; else empty. */
static struct hn_str not_run(const struct found *f, const struct config_node *n)
{
    const char *dot = strchr(n->kind, '.');
    struct hn_str module = hn_arena_str(f->a, (struct hn_str){n->kind, dot ? (size_t)(dot - n->kind) : 0});
    return module.n && hn_facts_seen(f->facts, module.p) ? HN_STR("") : hn_str_c(module.n ? module.p : n->kind);
}

/* What of the node's kind may be missing because it could not be read; else empty. */
static struct hn_str not_seen(const struct found *f, const struct config_node *n)
{
    if (strcmp(n->kind, "config.setting") == 0) {
        struct hn_str conf = where_value(n, "conf");
        return source_complete(f->facts, conf) ? HN_STR("") : conf;
    }
    if (strcmp(n->kind, "config.file") == 0)
        return unlisted(f, where_value(n, "path"));
    for (const char *const *c = sources_of(n->kind); c && *c; c++)
        if (!source_complete(f->facts, hn_str_c(*c)))
            return hn_str_c(*c);
    return HN_STR("");
}

static enum config_tri unknown(const struct found *f, struct hn_str what)
{
    if (!f->r->why) {
        f->r->why = "not-seen";
        f->r->what = what;
    }
    return CONFIG_UNKNOWN;
}

/* ---- evidence ---- */

/* The file that observations of a kind come from, for people. */
static struct hn_str file_of(const char *kind)
{
    static const struct {
        const char *kind, *path;
    } table[] = {{"config.apt_source", "/etc/apt/sources.list"},
                 {"config.audit_rule", "/etc/audit/rules.d"},
                 {"config.export", "/etc/exports"},
                 {"config.mount", "/etc/fstab"}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strcmp(kind, table[i].kind) == 0)
            return hn_str_c(table[i].path);
    return hn_str_c(kind);
}

/* Where a check points: the fixed values of its conditions, "login.defs PASS_MAX_DAYS". */
static struct hn_str label(const struct config_node *n, struct hn_arena *a)
{
    struct hn_str out = HN_STR("");
    for (const struct config_cond *c = n->where; c && c->field; c++) {
        if (!c->values || !c->values[0] ||
            (c->op != CONFIG_OP_EQ && c->op != CONFIG_OP_IN && c->op != CONFIG_OP_MATCHES))
            continue;
        out = hn_arena_fmt(a, "%.*s%s%s", HN_FMT(out), out.n ? " " : "", c->values[0]);
    }
    return out.n ? out : file_of(n->kind);
}

static void say(const struct found *f, struct hn_str name, struct hn_str value, const struct hn_obs *o)
{
    struct config_result *r = f->r;
    struct hn_str path = hn_obs_get(o, "path"), where = HN_STR("");
    if (o && strcmp(o->kind->name, "mount") == 0) /* path is the mount point; line counts in fstab */
        path = HN_STR("/etc/fstab");
    if (hn_obs_has(o, "line") && path.n)
        where = hn_arena_fmt(f->a, " (%.*s:%lld)", HN_FMT(path), (long long)hn_obs_get_int(o, "line", 0));
    else if (path.n && !hn_str_eq(path, name) && strcmp(o->kind->name, "mount") != 0)
        where = hn_arena_fmt(f->a, " (%.*s)", HN_FMT(path));
    if (r->seen.n < 1500)
        r->seen = hn_arena_fmt(f->a, "%.*s%s%.*s%s%.*s%.*s", HN_FMT(r->seen), r->seen.n ? "; " : "", HN_FMT(name),
                               value.n ? " = " : "", HN_FMT(value), HN_FMT(where));
    if (!r->actual.n)
        r->actual = value;
    if (o && r->n_evidence < CONFIG_EVIDENCE_MAX)
        r->evidence[r->n_evidence++] = o;
}

static void say_obs(const struct found *f, const struct config_node *n, const struct hn_obs *o)
{
    struct hn_str name = strncmp(n->kind, "config.setting", 14) == 0 ? label(n, f->a) : o->subject;
    if (strcmp(n->kind, "config.setting") == 0 && strchr(where_value(n, "key").p ? where_value(n, "key").p : "", '*'))
        name = hn_obs_get(o, "key");
    say(f, name, n->test.field ? config_show(o, n->test.field, f->a) : HN_STR(""), o);
}

/* ---- leaves ---- */

static enum config_tri fits(const struct hn_obs *o, const struct config_cond *where)
{
    enum config_tri t = CONFIG_TRUE;
    for (; where && where->field; where++) {
        enum config_tri one = config_compare(o, where);
        if (one == CONFIG_FALSE)
            return CONFIG_FALSE;
        if (one == CONFIG_UNKNOWN)
            t = CONFIG_UNKNOWN;
    }
    return t;
}

static enum config_tri both(enum config_tri a, enum config_tri b)
{
    if (a == CONFIG_FALSE || b == CONFIG_FALSE)
        return CONFIG_FALSE;
    return a == CONFIG_UNKNOWN || b == CONFIG_UNKNOWN ? CONFIG_UNKNOWN : CONFIG_TRUE;
}

static enum config_tri negated(enum config_tri t)
{
    return t == CONFIG_UNKNOWN ? t : t == CONFIG_TRUE ? CONFIG_FALSE : CONFIG_TRUE;
}

/* Nothing fits: the program's default decides, or what the rule says about absence. */
static enum config_tri nothing(const struct found *f, const struct config_node *n)
{
    enum config_tri t = n->dflt ? config_compare_text(hn_str_c(n->dflt), &n->test, true) : n->absent;
    if (t == CONFIG_UNKNOWN)
        return unknown(f, label(n, f->a));
    say(f, label(n, f->a), n->dflt ? hn_str_c(n->dflt) : n->test.field ? HN_STR("-") : HN_STR(""), NULL);
    return t;
}

/* SOME: true as soon as one passes; else unknown if one may. EVERY is its mirror image: false as soon as one fails. */
static enum config_tri leaf(const struct found *f, const struct config_node *n)
{
    bool every = n->type == CONFIG_EVERY;
    struct hn_str absent = not_run(f, n), unseen = not_seen(f, n);
    enum config_tri decisive = every ? CONFIG_FALSE : CONFIG_TRUE, result = negated(decisive);
    size_t fitting = 0;
    if (absent.n)
        return unknown(f, absent);
    /* what was read may be overridden by what was not */
    if (unseen.n && (strcmp(n->kind, "config.setting") == 0 || strcmp(n->kind, "accounts.sshd") == 0))
        return unknown(f, unseen);
    struct config_result before = *f->r;
    bool decided = false;
    const struct hn_obs *only =
        n->where && n->where->field && strcmp(n->where->field, "subject") == 0 && n->where->op == CONFIG_OP_EQ
            ? hn_facts_find(f->facts, n->kind, hn_str_c(n->where->values[0]))
            : NULL;
    for (const struct hn_obs *o = only ? only : hn_facts_first(f->facts, n->kind); o;
         o = only ? NULL : hn_facts_next(o)) {
        enum config_tri in = fits(o, n->where);
        if (in == CONFIG_FALSE)
            continue;
        fitting++;
        enum config_tri t = n->test.field ? config_compare(o, &n->test) : CONFIG_TRUE;
        t = every ? negated(both(in, negated(t))) : both(in, t);
        if (t == decisive) {
            if (!decided)
                *f->r = before; /* only those that decide are evidence */
            decided = true;
        } else if (t == CONFIG_UNKNOWN && !decided) {
            result = CONFIG_UNKNOWN;
        }
        if (t == decisive || (!decided && t != CONFIG_UNKNOWN))
            say_obs(f, n, o);
    }
    if (decided)
        return decisive;
    if (unseen.n)
        return unknown(f, unseen);
    if (result == CONFIG_UNKNOWN)
        return unknown(f, label(n, f->a));
    return fitting ? result : nothing(f, n);
}

/* ---- trees ---- */

/* Depth is that of the compiled rule, which tools/build-rules bounds. */
static enum config_tri eval(const struct found *f, const struct config_node *n)
{
    if (n->type == CONFIG_SOME || n->type == CONFIG_EVERY)
        return leaf(f, n);
    if (n->type == CONFIG_NOT)
        return negated(eval(f, n->kids[0]));
    enum config_tri decisive = n->type == CONFIG_ALL ? CONFIG_FALSE : CONFIG_TRUE, t = negated(decisive);
    struct config_result before = *f->r;
    for (const struct config_node *const *k = n->kids; *k; k++) {
        struct config_result so_far = *f->r;
        *f->r = before;
        enum config_tri one = eval(f, *k);
        if (one == decisive)
            return decisive; /* its evidence alone */
        if (one == CONFIG_UNKNOWN) {
            const char *why = so_far.why ? so_far.why : f->r->why;
            struct hn_str what = so_far.why ? so_far.what : f->r->what;
            *f->r = so_far;
            f->r->why = why;
            f->r->what = what;
            t = CONFIG_UNKNOWN;
            continue;
        }
        /* keep the evidence of this part beside that of the parts before */
        struct config_result add = *f->r;
        *f->r = so_far;
        if (add.seen.n && f->r->seen.n < 1500)
            f->r->seen = hn_arena_fmt(f->a, "%.*s%s%.*s", HN_FMT(so_far.seen), so_far.seen.n ? "; " : "",
                                      HN_FMT(hn_str_cut(add.seen, before.seen.n, add.seen.n)));
        if (!f->r->actual.n)
            f->r->actual = add.actual;
        for (size_t i = before.n_evidence; i < add.n_evidence && f->r->n_evidence < CONFIG_EVIDENCE_MAX; i++)
            f->r->evidence[f->r->n_evidence++] = add.evidence[i];
    }
    return t;
}

void config_evaluate(const struct config_rule *rule, const struct hn_facts *facts, struct hn_arena *a,
                     struct config_result *ret)
{
    struct config_result scratch = {.why = NULL};
    struct found f = {&scratch, facts, a};
    *ret = (struct config_result){.verdict = CONFIG_NOT_KNOWN};
    bool open = false;
    for (const struct config_applies *p = rule->applies; p && p->why; p++) {
        scratch = (struct config_result){.why = NULL};
        enum config_tri t = eval(&f, p->node);
        if (t == CONFIG_FALSE) {
            *ret = (struct config_result){.verdict = CONFIG_NOT_APPLICABLE, .why = p->why, .what = hn_str_c(p->what)};
            return;
        }
        if (t == CONFIG_UNKNOWN && !open) {
            open = true;
            ret->why = scratch.why;
            ret->what = scratch.what;
        }
    }
    if (open)
        return;
    f.r = ret;
    enum config_tri t = eval(&f, rule->check);
    ret->verdict = t == CONFIG_TRUE ? CONFIG_PASS : t == CONFIG_FALSE ? CONFIG_FAIL : CONFIG_NOT_KNOWN;
    if (t == CONFIG_UNKNOWN)
        return;
    ret->why = NULL;
    ret->what = HN_STR("");
}

static const struct config_node *first_leaf(const struct config_node *n)
{
    while (n->type != CONFIG_SOME && n->type != CONFIG_EVERY)
        n = n->kids[0];
    return n;
}

struct hn_str config_rule_subject(const struct config_rule *r, struct hn_arena *a)
{
    return label(first_leaf(r->check), a);
}

const char *config_verdict_name(enum config_verdict v)
{
    static const char *const names[] = {"pass", "fail", "not_applicable", "unknown"};
    return names[v];
}
