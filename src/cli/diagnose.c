/* hinomi diagnose: look, judge, rank, say. */
#include <getopt.h>
#include <stdio.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"
#include "core/registry.h"
#include "core/run.h"

/* Without a store there is no given id: one derived from the machine id, or from the name, does for one document. */
static void derive_asset(struct hn_run *r)
{
    struct hn_identity id = hn_run_identity(r);
    uint8_t sum[HN_SHA256_LEN];
    char hex[HN_HEX256_LEN];
    struct hn_str from = id.machine_id.n ? id.machine_id : id.hostname.n ? id.hostname : r->scope;
    hn_sha256(hn_str_bytes(from), sum);
    hn_hex(hn_bytes_of(sum, 13), hex);
    r->asset = hn_arena_str(&r->arena, hn_str_c(hex));
}

int hn_cli_diagnose(int argc, char **argv)
{
    static const struct option options[] = {{"root", required_argument, 0, 'r'},
                                            {"deep", no_argument, 0, 'd'},
                                            {"modules", required_argument, 0, 'm'},
                                            {"policy", required_argument, 0, 'p'},
                                            {"json", no_argument, 0, 'j'},
                                            {0}};
    struct hn_run_options o = {0};
    const char *policy_path = NULL;
    int opt;
    while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (opt == 'r')
            o.root = optarg;
        else if (opt == 'd')
            o.deep = true;
        else if (opt == 'm')
            o.modules = optarg;
        else if (opt == 'p')
            policy_path = optarg;
        else if (opt != 'j')
            return 2;
    }
    struct hn_diag d = {{0}};
    struct hn_policy *policy = NULL;
    struct hn_run *r = hn_run_new();
    struct hn_err e = r ? hn_policy_load(policy_path, &policy, &d) : (struct hn_err){HN_E_NOMEM};
    if (hn_ok(e))
        e = hn_run_collect(r, &o, &d);
    if (hn_ok(e)) {
        derive_asset(r);
        e = hn_run_judge(r, policy, &d);
    }
    struct hn_buf b;
    struct hn_jw w;
    hn_buf_init(&b, 512u << 20);
    hn_jw_init(&w, &b);
    if (hn_ok(e)) {
        hn_run_json(r, policy, &w, true);
        hn_buf_chr(&b, '\n');
        if (b.bad || fwrite(b.p, 1, b.n, stdout) != b.n)
            e = (struct hn_err){HN_E_IO};
    }
    if (!hn_ok(e))
        hn_log(HN_LOG_ERROR, "%s", d.msg[0] ? d.msg : hn_err_text(e));
    hn_buf_done(&b);
    hn_policy_free(policy);
    hn_run_free(r);
    return hn_err_exit(e);
}
