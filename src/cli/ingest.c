/* hinomi ingest: takes what `hinomi diagnose --json` printed on another machine. Its observations are facts to be
 * checked against our declarations; its findings and scores are the sender's claim and are made anew here. */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/keep.h"

#define DOC_MAX (256u << 20)

static struct hn_err take(struct cli_keep *k, const struct hn_policy *policy, struct hn_bytes doc, struct hn_diag *d)
{
    struct hn_run *r = hn_run_new();
    if (!r)
        return hn_fail(d, HN_E_NOMEM, "ingest");
    struct hn_err e = hn_run_read(r, doc, d);
    if (hn_ok(e))
        e = cli_keep_resolve(k, r, d);
    if (hn_ok(e)) {
        hn_run_advisories(r, cli.home);
        e = hn_run_judge(r, policy, d);
    }
    if (hn_ok(e))
        e = cli_keep_put(k, r, policy, d);
    if (hn_ok(e) && !cli.quiet) {
        struct hn_identity id = hn_run_identity(r);
        struct hn_buf out;
        hn_buf_init(&out, 64u << 10);
        if (cli.json) {
            struct hn_jw w;
            hn_jw_init(&w, &out);
            hn_jw_obj(&w);
            hn_jw_kc(&w, "run_id", r->id);
            hn_jw_kstr(&w, "asset", r->asset);
            hn_jw_kint(&w, "findings", (int64_t)r->judged.n);
            hn_jw_obj_end(&w);
        } else {
            struct hn_param p[2] = {{"name", id.hostname.n ? id.hostname : r->scope, &p[1]},
                                    {"findings", hn_arena_fmt(&r->arena, "%zu", r->judged.n), NULL}};
            struct hn_buf raw;
            hn_buf_init(&raw, 64u << 10);
            hn_text_add(&raw, cli.lang, "cli.ingest.done", p);
            hn_term_put(&out, hn_buf_text(&raw));
            hn_buf_done(&raw);
        }
        hn_buf_chr(&out, '\n');
        cli_out(&out);
        hn_buf_done(&out);
    }
    hn_run_free(r);
    return e;
}

/* A file holds one document, or (as JSON lines) one a line. Documents are taken one by one; each is durable when said.
 */
static struct hn_err take_file(struct cli_keep *k, const struct hn_policy *policy, const char *path, struct hn_diag *d)
{
    struct hn_buf b;
    hn_buf_init(&b, DOC_MAX);
    HN_AUTO_FD fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    struct hn_err e = fd < 0 ? hn_fail_errno(d, "%s", path) : hn_read_fd(fd, &b, d);
    struct hn_bytes rest = hn_bytes_of(b.p, b.n), line;
    bool any = false;
    while (hn_ok(e) && rest.n) {
        const uint8_t *nl = memchr(rest.p, '\n', rest.n);
        if (nl && nl > rest.p && nl[-1] == '}') {
            line = hn_bytes_of(rest.p, (size_t)(nl - rest.p));
            rest = hn_bytes_of(nl + 1, rest.n - line.n - 1);
        } else {
            line = rest;
            rest.n = 0;
        }
        if (hn_str_trim((struct hn_str){(const char *)line.p, line.n}).n) {
            any = true;
            e = take(k, policy, line, d);
        }
    }
    hn_buf_done(&b);
    if (!hn_ok(e) || any)
        return e;
    struct hn_arena a; /* whoever was to write it may have failed */
    struct hn_param p = {"file", hn_str_c(path), NULL};
    hn_arena_init(&a, 64u << 10);
    e = hn_fail(d, HN_E_INVALID, "%.*s", HN_FMT(hn_text(&a, cli.lang, "cli.ingest.empty", &p)));
    hn_arena_done(&a);
    return e;
}

int cli_ingest(int argc, char **argv)
{
    static const struct option options[] = {
        {"org", required_argument, 0, 'o'}, {"policy", required_argument, 0, 'p'}, {0}};
    struct cli_keep k = {.origin = "ingest"};
    const char *policy_path = NULL;
    struct hn_policy *policy = NULL;
    struct hn_diag d = {{0}};
    int opt;
    while ((opt = cli_option_next(argc, argv, options)) != -1) {
        if (opt == 'o')
            k.org = optarg;
        else if (opt == 'p')
            policy_path = optarg;
        else
            return cli_usage(cli_verb_find("ingest"));
    }
    if (optind >= argc)
        return cli_usage(cli_verb_find("ingest"));
    struct hn_err e = hn_policy_load(policy_path, &policy, &d);
    if (hn_ok(e))
        e = cli_keep_open(&k, &d);
    for (int i = optind; i < argc && hn_ok(e); i++)
        e = take_file(&k, policy, argv[i], &d);
    if (!hn_ok(e))
        cli_fail(e, &d);
    cli_keep_close(&k);
    hn_policy_free(policy);
    return hn_err_exit(e);
}
