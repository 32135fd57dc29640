/* More small languages: audit rules, packet filters, pg_hba.conf, snmpd.conf, JSON, AppArmor's list of profiles. */
#include "base/json.h"
#include "modules/config/config.h"

#define SYSCALLS_MAX 64

struct audit {
    struct hn_bytes target, perms, key;
    struct hn_str syscalls[SYSCALLS_MAX];
    size_t n;
    bool watch, rule;
};

/* Appends the names of "-S a,b" to those before. */
static void audit_calls(struct config_file *f, struct audit *a, struct hn_bytes v)
{
    struct hn_str *names;
    size_t n = config_commas(f, v, &names, SYSCALLS_MAX);
    for (size_t i = 0; i < n && a->n < SYSCALLS_MAX; i++)
        a->syscalls[a->n++] = names[i];
}

static void audit_option(struct config_file *f, struct audit *a, struct hn_bytes o, struct hn_bytes v, unsigned line)
{
    if (hn_bytes_eqc(o, "-w")) {
        a->watch = true;
        a->target = v;
    } else if (hn_bytes_eqc(o, "-p")) {
        a->perms = v;
    } else if (hn_bytes_eqc(o, "-k")) {
        a->key = v;
    } else if (hn_bytes_eqc(o, "-a") || hn_bytes_eqc(o, "-A")) {
        a->rule = true;
    } else if (hn_bytes_eqc(o, "-S")) {
        audit_calls(f, a, v);
    } else if (hn_bytes_eqc(o, "-e")) {
        config_set_c(f, "enabled", v, line);
    } else if (hn_bytes_eqc(o, "-F")) {
        if (config_starts(v, "path="))
            a->target = config_skip(v, 5);
        else if (config_starts(v, "dir="))
            a->target = config_skip(v, 4);
        else if (config_starts(v, "perm="))
            a->perms = config_skip(v, 5);
        else if (config_starts(v, "key="))
            a->key = config_skip(v, 4);
    }
}

/* audit.rules(7): the arguments of auditctl, one rule a line. */
void config_read_audit_rules(struct config_file *f)
{
    struct config_lines l = {f->text, 0};
    struct hn_bytes line, o, v;
    while (config_line(&l, "#", &line)) {
        struct audit a = {.n = 0};
        while (config_word(&line, &o)) {
            if (hn_bytes_eqc(o, "-D") || hn_bytes_eqc(o, "-c") || hn_bytes_eqc(o, "-i"))
                continue;
            if (!config_word(&line, &v)) {
                config_malformed(f, o, "option without value");
                break;
            }
            audit_option(f, &a, o, v, l.line);
        }
        if ((!a.watch && !a.rule) || !config_room(f->p, f->path))
            continue;
        hn_obs_begin(f->p, "audit_rule",
                     hn_arena_fmt(hn_parse_arena(f->p), "%.*s:%u", HN_FMT(config_text(f, f->path)), l.line));
        hn_obs_str(f->p, "type", a.watch ? HN_STR("watch") : HN_STR("syscall"));
        hn_obs_str(f->p, "target", config_text(f, a.target));
        hn_obs_str(f->p, "perms", config_text(f, a.perms));
        hn_obs_list(f->p, "syscalls", a.syscalls, a.n);
        hn_obs_str(f->p, "key", config_text(f, a.key));
        hn_obs_str(f->p, "path", config_text(f, f->path));
        hn_obs_int(f->p, "line", l.line);
        hn_obs_end(f->p);
    }
}

/* nft(8): "type filter hook input priority 0; policy drop;" gives "input.policy" = drop. A base chain without a policy
 * accepts. */
void config_read_nft(struct config_file *f)
{
    struct config_lines l = {f->text, 0};
    struct hn_bytes line, w;
    char key[64] = "";
    unsigned at = 0;
    bool want_hook = false, want_policy = false;
    while (config_line(&l, "#", &line)) {
        while (config_word(&line, &w)) {
            bool open = w.n > 0 && w.p[w.n - 1] == '{';
            while (w.n > 0 && (w.p[w.n - 1] == ';' || w.p[w.n - 1] == '{' || w.p[w.n - 1] == '}'))
                w.n--;
            if (want_hook && w.n + 8 < sizeof key) {
                memcpy(key, w.p, w.n);
                memcpy(key + w.n, ".policy", 8);
                at = l.line;
            } else if (want_policy && key[0]) {
                config_set_c(f, key, w, l.line);
                key[0] = 0;
            }
            want_hook = hn_bytes_eqc(w, "hook");
            want_policy = hn_bytes_eqc(w, "policy");
            if ((hn_bytes_eqc(w, "chain") || open) && key[0] && !want_hook) {
                config_set_c(f, key, hn_bytes_of("accept", 6), at);
                key[0] = 0;
            }
        }
    }
    if (key[0])
        config_set_c(f, key, hn_bytes_of("accept", 6), at);
}

/* iptables-save: ":INPUT DROP [0:0]" of the filter table gives "input.policy". */
void config_read_iptables(struct config_file *f)
{
    struct config_lines l = {f->text, 0};
    struct hn_bytes line, chain, policy;
    bool filter = true;
    while (config_line(&l, "#", &line)) {
        if (line.p[0] == '*')
            filter = hn_bytes_eqc(config_trim(config_skip(line, 1)), "filter");
        if (!filter || line.p[0] != ':' || !config_word(&line, &chain) || !config_word(&line, &policy))
            continue;
        if (hn_bytes_eqc(chain, ":INPUT"))
            config_set_c(f, "input.policy", policy, l.line);
        else if (hn_bytes_eqc(chain, ":FORWARD"))
            config_set_c(f, "forward.policy", policy, l.line);
    }
}

/* pg_hba.conf: type database user [address [mask]] method [options] → "<type>.method". */
void config_read_hba(struct config_file *f)
{
    struct config_lines l = {f->text, 0};
    struct hn_bytes line, w[6];
    while (config_line(&l, "#", &line)) {
        size_t n = 0;
        while (n < 6 && config_word(&line, &w[n]))
            n++;
        if (n < 4 || w[0].n > 16) {
            config_malformed(f, f->text, "fewer than four fields");
            continue;
        }
        bool local = hn_bytes_eqc(w[0], "local");
        size_t at = local ? 3 : 4;
        if (at >= n)
            continue;
        /* an address of its own mask: "192.0.2.0 255.255.255.0 trust" */
        if (!local && n > 5 && w[4].n > 0 && w[4].p[0] >= '0' && w[4].p[0] <= '9')
            at = 5;
        struct hn_str key = hn_arena_fmt(hn_parse_scratch(f->p), "%.*s.method", (int)w[0].n, (const char *)w[0].p);
        config_set(f, hn_str_bytes(key), w[at], l.line);
    }
}

/* snmpd.conf(5): community strings are secrets; only whether they are the well-known ones is kept. */
void config_read_snmpd(struct config_file *f)
{
    struct config_lines l = {f->text, 0};
    struct hn_bytes line, key, value;
    while (config_line(&l, "#", &line)) {
        if (!config_word(&line, &key) || !config_word(&line, &value))
            continue;
        bool community = config_starts(key, "rocommunity") || config_starts(key, "rwcommunity");
        if (!community)
            config_set(f, key, value, l.line);
        else if (hn_bytes_eqc(value, "public") || hn_bytes_eqc(value, "private"))
            config_set(f, key, value, l.line);
        else
            config_set(f, key, hn_bytes_of("other", 5), l.line);
    }
}

static void json_value(struct config_file *f, struct hn_str key, const struct hn_jv *v)
{
    if (v->kind == HN_JV_STR)
        config_set(f, hn_str_bytes(key), hn_str_bytes(v->s), 0);
    else if (v->kind == HN_JV_BOOL)
        config_set(f, hn_str_bytes(key), v->b ? hn_bytes_of("true", 4) : hn_bytes_of("false", 5), 0);
    else if (v->kind == HN_JV_INT)
        config_set(f, hn_str_bytes(key), hn_str_bytes(hn_arena_fmt(hn_parse_scratch(f->p), "%lld", (long long)v->i)),
                   0);
}

/* A JSON object: each member that is a text, truth value or number, and each such item of a list. */
void config_read_json(struct config_file *f)
{
    struct hn_diag d = {""};
    const struct hn_jv *doc = hn_jv_parse(hn_parse_scratch(f->p), f->text, &d);
    if (!doc || doc->kind != HN_JV_OBJ) {
        config_malformed(f, f->text, "not a JSON object");
        config_incomplete(f);
        return;
    }
    for (size_t i = 0; i < doc->n; i++) {
        const struct hn_jv *v = &doc->items[i];
        json_value(f, doc->keys[i], v);
        for (size_t k = 0; v->kind == HN_JV_ARR && k < v->n; k++)
            json_value(f, doc->keys[i], &v->items[k]);
    }
}

/* /sys/kernel/security/apparmor/profiles: "name (enforce)" a line; how many there are of each mode. */
void config_read_apparmor(struct config_file *f)
{
    struct config_lines l = {f->text, 0};
    struct hn_bytes line;
    unsigned enforce = 0, complain = 0;
    while (config_line(&l, "", &line)) {
        struct hn_str s = {(const char *)line.p, line.n};
        enforce += hn_str_ends(s, "(enforce)") || hn_str_ends(s, "(kill)");
        complain += hn_str_ends(s, "(complain)") || hn_str_ends(s, "(unconfined)");
    }
    struct hn_arena *a = hn_parse_scratch(f->p);
    config_set_c(f, "profiles.enforce", hn_str_bytes(hn_arena_fmt(a, "%u", enforce)), 0);
    config_set_c(f, "profiles.complain", hn_str_bytes(hn_arena_fmt(a, "%u", complain)), 0);
}

void config_read_nothing(struct config_file *f)
{
}

void config_read_value(struct config_file *f)
{
    config_set_c(f, "value", config_trim(f->text), 1);
}
