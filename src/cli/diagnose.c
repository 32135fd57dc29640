/* hinomi diagnose: look, judge, rank, keep, say. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/keep.h"
#include "core/registry.h"
#include "core/render.h"
#include "core/seen.h"
#include "core/sums.h"

#define SHOWN 10u

struct request {
    struct hn_run_options run;
    const char *policy, *org;
    enum hn_severity threshold;
    bool no_store, watch;
    unsigned every; /* seconds between scheduled runs under --watch */
};

static void on_progress(void *arg, const struct hn_module *m, size_t done, size_t of)
{
    char key[64];
    snprintf(key, sizeof key, "%s.summary", m->name);
    const char *what = hn_text_find(cli.lang, key);
    cli_progress("[%zu/%zu] %s", done, of, what ? what : m->name);
}

/* Without a store there is no given id: one derived from the machine id, or from the name, does for one document. */
void cli_derive_asset(struct hn_run *r)
{
    struct hn_identity id = hn_run_identity(r);
    uint8_t sum[HN_SHA256_LEN];
    char hex[HN_HEX256_LEN];
    struct hn_str from = id.machine_id.n ? id.machine_id : id.hostname.n ? id.hostname : r->scope;
    hn_sha256(hn_str_bytes(from), sum);
    hn_hex(hn_bytes_of(sum, 13), hex);
    r->asset = hn_arena_str(&r->arena, hn_str_c(hex));
}

/* ---------------------------------------------------------------- showing */

struct counts {
    size_t by[HN_SEV_CRITICAL + 1];
    size_t not_seen, evaluated;
};

static struct counts count(const struct hn_run *r)
{
    struct counts c = {.not_seen = 0};
    for (const struct hn_finding *f = r->judged.first; f; f = f->next)
        c.by[f->severity]++;
    for (size_t i = 0; i < r->n_cover; i++)
        c.not_seen += r->cover[i].n_not_seen;
    return c;
}

static void put_text(struct hn_buf *out, const char *key, const struct hn_param *params)
{
    struct hn_buf raw;
    hn_buf_init(&raw, 64u << 10);
    hn_text_add(&raw, cli.lang, key, params);
    hn_term_put(out, hn_buf_text(&raw));
    hn_buf_done(&raw);
}

static void put_head(struct hn_buf *out, struct hn_run *r, const struct counts *c)
{
    struct hn_identity id = hn_run_identity(r);
    struct hn_arena *a = &r->arena;
    struct hn_param p[6] = {
        {"name", id.hostname.n ? id.hostname : r->scope, &p[1]},
        {"score", hn_arena_fmt(a, "%.0f", r->score), &p[2]},
        {"critical", hn_arena_fmt(a, "%zu", c->by[HN_SEV_CRITICAL]), &p[3]},
        {"high", hn_arena_fmt(a, "%zu", c->by[HN_SEV_HIGH]), &p[4]},
        {"medium", hn_arena_fmt(a, "%zu", c->by[HN_SEV_MEDIUM]), &p[5]},
        {"low", hn_arena_fmt(a, "%zu", c->by[HN_SEV_LOW] + c->by[HN_SEV_INFO]), NULL},
    };
    put_text(out, "cli.diagnose.head", p);
    hn_buf_c(out, "\n\n");
}

static void put_wrapped(struct hn_buf *out, struct hn_str s, size_t indent)
{
    size_t width = cli.columns ? cli.columns : 100, used = indent;
    struct hn_str word, rest = s;
    for (size_t i = 0; i < indent; i++)
        hn_buf_chr(out, ' ');
    while (hn_str_word(&rest, &word)) {
        size_t w = hn_term_width(word);
        if (used > indent && used + 1 + w > width) {
            hn_buf_chr(out, '\n');
            for (size_t i = 0; i < indent; i++)
                hn_buf_chr(out, ' ');
            used = indent;
        }
        if (used > indent) {
            hn_buf_chr(out, ' ');
            used++;
        }
        hn_term_put(out, word);
        used += w;
    }
    hn_buf_chr(out, '\n');
}

static void put_finding(struct hn_buf *out, struct hn_run *r, const struct hn_finding *f, size_t n)
{
    struct hn_finding_texts t = hn_finding_texts(&r->arena, cli.lang, f);
    hn_buf_fmt(out, "%3zu  ", n);
    cli_put_severity(out, hn_str_c(hn_severity_name(f->severity)));
    hn_buf_fmt(out, " %5.1f  ", f->score);
    hn_term_put(out, t.title);
    hn_buf_chr(out, '\n');
    put_wrapped(out, t.sentence, 5);
    hn_buf_fmt(out, "     %s\n", f->id);
}

/* "Evaluated / selected": a host of which nothing was judged must not look like one without problems. */
static void put_rules(struct hn_buf *out, struct hn_run *r)
{
    static const char *const fields[] = {"selected", "evaluated", "not_applicable", "unknown"};
    const struct hn_obs *o = hn_facts_first(r->facts, "config.summary");
    struct hn_param p[4];
    if (!o)
        return;
    for (size_t i = 0; i < 4; i++)
        p[i] = (struct hn_param){fields[i], hn_arena_fmt(&r->arena, "%lld", (long long)hn_obs_get_int(o, fields[i], 0)),
                                 i < 3 ? &p[i + 1] : NULL};
    put_text(out, "cli.diagnose.rules", p);
    hn_buf_chr(out, '\n');
}

static void show(struct hn_run *r)
{
    struct hn_buf out;
    struct counts c = count(r);
    size_t n = 0;
    hn_buf_init(&out, 16u << 20);
    put_head(&out, r, &c);
    for (const struct hn_finding *f = r->judged.first; f && n < SHOWN; f = f->next)
        put_finding(&out, r, f, ++n);
    struct hn_param p[2] = {{"more", hn_arena_fmt(&r->arena, "%zu", r->judged.n - n), &p[1]},
                            {"not_seen", hn_arena_fmt(&r->arena, "%zu", c.not_seen), NULL}};
    hn_buf_chr(&out, '\n');
    put_text(&out, r->judged.n > n ? "cli.diagnose.more" : "cli.diagnose.end", p);
    hn_buf_chr(&out, '\n');
    put_rules(&out, r);
    if (c.not_seen) {
        put_text(&out, "cli.diagnose.not-seen", p);
        hn_buf_chr(&out, '\n');
    }
    cli_out(&out);
    hn_buf_done(&out);
}

static void show_json(struct hn_run *r, const struct hn_policy *policy)
{
    struct hn_buf out;
    struct hn_jw w;
    hn_buf_init(&out, 1u << 30);
    hn_jw_init(&w, &out);
    hn_run_json(r, policy, &w, true);
    hn_buf_chr(&out, '\n');
    cli_out(&out);
    hn_buf_done(&out);
}

static int exit_code(const struct hn_run *r, enum hn_severity threshold)
{
    for (const struct hn_finding *f = r->judged.first; f; f = f->next)
        if (f->severity >= threshold)
            return CLI_FINDINGS;
    return CLI_OK;
}

/* ---------------------------------------------------------------- running */

struct hn_err cli_diagnose_once(const struct hn_run_options *o, const struct cli_keep *k, struct hn_run **ret,
                                struct hn_diag *d)
{
    struct hn_err e = cli_diagnose_some(o, k, ret, d);
    if (hn_ok(e) && k)
        e = cli_keep_put(k, *ret, o->policy, d);
    if (!hn_ok(e)) {
        hn_run_free(*ret);
        *ret = NULL;
    }
    return e;
}

struct hn_err cli_diagnose_some(const struct hn_run_options *o, const struct cli_keep *k, struct hn_run **ret,
                                struct hn_diag *d)
{
    struct hn_run *r = hn_run_new();
    struct hn_run_options limited = *o;
    HN_AUTO_FD sums = o->deep && k && cli.home ? hn_sums_open(cli.home) : -1;
    limited.sums_fd = sums;
    limited.stall_ms = hn_config_int(cli.conf, "limits.stall") * 1000;
    if (r)
        r->arena.cap = (size_t)hn_config_int(cli.conf, "limits.memory");
    *ret = NULL;
    if (!r)
        return hn_fail(d, HN_E_NOMEM, "diagnosis");
    struct hn_err e = hn_run_collect(r, &limited, d);
    if (hn_ok(e) && !k)
        cli_derive_asset(r);
    if (hn_ok(e) && k)
        e = cli_keep_resolve(k, r, d);
    if (hn_ok(e)) {
        hn_run_advisories(r, cli.home);
        e = hn_run_judge(r, o->policy, d);
    }
    if (!hn_ok(e)) {
        hn_run_free(r);
        r = NULL;
    }
    *ret = r;
    return e;
}

static bool read_request(int argc, char **argv, struct request *q)
{
    static const struct option options[] = {
        {"root", required_argument, 0, 'r'},     {"image", required_argument, 0, 'i'},
        {"platform", required_argument, 0, 'P'}, {"deep", no_argument, 0, 'd'},
        {"modules", required_argument, 0, 'm'},  {"policy", required_argument, 0, 'p'},
        {"no-store", no_argument, 0, 'n'},       {"threshold", required_argument, 0, 't'},
        {"org", required_argument, 0, 'o'},      {"watch", no_argument, 0, 'w'},
        {"every", required_argument, 0, 'e'},    {0}};
    uint64_t seconds;
    int opt;
    *q = (struct request){.every = (unsigned)hn_config_int(cli.conf, "diagnose.every"),
                          .policy = cli_conf_path("policy")};
    hn_severity_parse(hn_config_str(cli.conf, "diagnose.threshold"), &q->threshold);
    q->run.modules = cli_conf_modules();
    while ((opt = cli_option_next(argc, argv, options)) != -1) {
        switch (opt) {
        case 'r':
            q->run.root = optarg;
            break;
        case 'i':
            q->run.image = optarg;
            break;
        case 'P':
            q->run.platform = optarg;
            break;
        case 'd':
            q->run.deep = true;
            break;
        case 'm':
            q->run.modules = optarg;
            break;
        case 'p':
            q->policy = optarg;
            break;
        case 'n':
            q->no_store = true;
            break;
        case 'o':
            q->org = optarg;
            break;
        case 'w':
            q->watch = true;
            break;
        case 'e':
            if (!hn_str_u64(hn_str_c(optarg), 10, &seconds) || seconds < 10 || seconds > 864000)
                return false;
            q->every = (unsigned)seconds;
            break;
        case 't':
            if (!hn_severity_parse(hn_str_c(optarg), &q->threshold)) {
                cli_error("cli.error.severity", "word", optarg, NULL);
                return false;
            }
            break;
        default:
            return false;
        }
    }
    if (optind < argc)
        cli_error("cli.error.extra", "word", argv[optind], NULL);
    return optind >= argc;
}

/* A machine on which nothing has changed is not read twice within half a day; what is kept is checked just now. */
static struct hn_err look(const struct hn_run_options *like, const struct cli_keep *k, struct hn_run **ret,
                          struct hn_diag *d)
{
    struct hn_run_options o = *like;
    bool remembers = k && cli.home && !o.root && !o.image && !o.deep;
    o.seen = remembers ? hn_seen_begin(cli.home, &o.later) : NULL;
    struct hn_err e = remembers ? cli_look(&o, k, NULL, CLI_LOOK_ALL, ret, d) : cli_diagnose_once(&o, k, ret, d);
    if (hn_ok(e) && remembers)
        hn_seen_save(cli.home, *ret);
    for (size_t i = 0; hn_ok(e) && i < (*ret)->n_cover; i++)
        (*ret)->cover[i].kept = false;
    hn_seen_free(o.seen);
    return e;
}

/* Without a store (keep is NULL) nothing is kept. */
static struct hn_err look_and_show(const struct request *q, const struct cli_keep *keep, const struct hn_policy *policy,
                                   int *ret_code, struct hn_diag *d)
{
    struct hn_run *r;
    struct hn_run_options once = q->run;
    once.transient = true;
    struct hn_err e = look(&once, keep, &r, d);
    cli_progress(NULL);
    if (!hn_ok(e))
        return e;
    if (cli.json)
        show_json(r, policy);
    else
        show(r);
    *ret_code = exit_code(r, q->threshold);
    hn_run_free(r);
    return HN_OK;
}

/* When the store takes nothing (a full disk, a file system that may only be read), what the host says is not lost with
 * it: it is looked at once more and shown. */
static void show_unkept(const struct request *q, const struct hn_policy *policy, struct hn_diag *d)
{
    int findings;
    cli_error("cli.diagnose.not-kept", NULL);
    struct hn_err e = look_and_show(q, NULL, policy, &findings, d);
    if (!hn_ok(e))
        cli_fail(e, d);
}

int cli_diagnose(int argc, char **argv)
{
    struct request q;
    struct hn_policy *policy = NULL;
    struct hn_diag d = {{0}};
    bool lost = false;
    struct cli_keep keep = {.lost = &lost};
    if (!read_request(argc, argv, &q))
        return cli_usage(cli_verb_find("diagnose"));
    struct hn_err e = hn_policy_load(q.policy, &policy, &d);
    keep.org = q.org;
    if (hn_ok(e) && !q.no_store)
        e = q.watch || q.run.deep ? cli_keep_open(&keep, &d) : cli_keep_begin(&keep, &d);
    q.run.policy = policy;
    q.run.progress = on_progress;
    int rc = 0;
    if (hn_ok(e) && q.watch)
        rc = cli_watch(&q.run, q.no_store ? NULL : &keep, q.every);
    else if (hn_ok(e))
        e = look_and_show(&q, q.no_store ? NULL : &keep, policy, &rc, &d);
    if (!hn_ok(e)) {
        cli_fail(e, &d);
        rc = hn_err_exit(e);
    }
    if (!hn_ok(e) && lost && !q.watch)
        show_unkept(&q, policy, &d);
    cli_keep_close(&keep);
    hn_policy_free(policy);
    return rc;
}
