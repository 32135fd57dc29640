/* Makes a fleet in a store, through the store's own door: organisations in a tree, hosts, runs with observations and
 * findings, actions and acceptances. Made-up names; the same seed gives the same fleet.
 *
 *     generate-fleet --home DIR [--hosts 10000] [--findings 300] [--observations 300] [--organisations 1000] [--seed 1]
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "store/store.h"

#define BATCH 50

struct fleet {
    struct hn_store *s;
    struct hn_arena keep, a; /* a: one run */
    unsigned hosts, findings, observations, orgs;
    uint64_t seed;
    struct hn_str *org;
    hn_time now;
};

static uint64_t next(struct fleet *f)
{
    f->seed ^= f->seed << 13;
    f->seed ^= f->seed >> 7;
    f->seed ^= f->seed << 17;
    return f->seed;
}

static unsigned below(struct fleet *f, unsigned n)
{
    return (unsigned)(next(f) >> 33) % n;
}

static void must(struct fleet *f, struct hn_err e, const char *what)
{
    if (hn_ok(e))
        return;
    fprintf(stderr, "generate-fleet: %s: %s: %s\n", what, hn_err_text(e), f->s ? hn_store_why(f->s) : "");
    exit(1);
}

/* ---------------------------------------------------------------- words */

static const char *const first[] = {"lib", "py", "node", "perl", "go", "open", "net", "sys", "data", "web"};
static const char *const second[] = {"crypt", "image", "mail",  "print", "font",  "audio", "table",
                                     "proxy", "cache", "queue", "query", "shell", "parse", "event",
                                     "trace", "graph", "store", "clock", "frame", "codec"};
static const char *const third[] = {"", "-core", "-utils", "-common"};

static struct hn_str package(struct fleet *f, unsigned i)
{
    return hn_arena_fmt(&f->a, "%s%s%s:amd64", first[i % 10], second[i / 10 % 20], third[i / 200 % 4]);
}

struct shape {
    const char *module, *kind, *class_, *fix;
    unsigned share; /* of a hundred findings */
    int severity;
    int64_t due_days;
};
static const struct shape shapes[] = {
    {"packages", "update-pending", "vulnerability", "upgrade", 40, 3, 14},
    {"config", "rule-failed", "configuration", "setting", 25, 2, 60},
    {"files", "world-writable", "integrity", "mode", 10, 2, 60},
    {"services", "exposed", "hygiene", "unit-off", 8, 1, -1},
    {"kernel", "sysctl", "configuration", "sysctl", 7, 2, 60},
    {"processes", "old-code", "vulnerability", "restart", 5, 3, 3},
    {"accounts", "weak-login", "configuration", "none", 3, 3, 14},
    {"sockets", "reachable", "hygiene", "none", 1, 4, 3},
    {"backup", "no-proof", "resilience", "none", 1, 4, 3},
};
#define SHAPES (sizeof shapes / sizeof *shapes)

/* ---------------------------------------------------------------- one run */

static struct hn_str subject(struct fleet *f, const struct shape *k, unsigned i, unsigned host)
{
    if (k == &shapes[0])
        return package(f, (host * 7 + i * 13) % 800);
    if (k == &shapes[5])
        return hn_arena_fmt(&f->a, "%u:%u", 300 + i * 17 + host % 1000, 100000 + host * 31 + i);
    if (k == &shapes[2])
        return hn_arena_fmt(&f->a, "/srv/%s/%s-%u", first[i % 10], second[i % 20], i + host % 50);
    return hn_arena_fmt(&f->a, "%s.%s-%u", k->module, second[i % 20], i);
}

static void finding(struct fleet *f, struct hn_store_run_finding *r, unsigned i, unsigned host, struct hn_str asset)
{
    uint8_t hash[HN_SHA256_LEN];
    char *id = hn_arena_alloc(&f->a, 65);
    const struct shape *k = shapes;

    for (unsigned at = i % 100; at >= k->share; k++)
        at -= k->share;
    struct hn_str what = subject(f, k, i, host);
    struct hn_str name = hn_arena_fmt(&f->a, "%.*s %s.%s %.*s %u", HN_FMT(asset), k->module, k->kind, HN_FMT(what), i);
    hn_sha256(hn_str_bytes(name), hash);
    hn_hex(hn_bytes_of(hash, 16), id);
    double p = 0.00004 * (1 + below(f, 60)) * (k->severity + 1);
    double loss = 0.5 + below(f, 100) / 100.0;
    *r = (struct hn_store_run_finding){
        .id = hn_str_c(id),
        .kind = hn_arena_fmt(&f->a, "%s.%s", k->module, k->kind),
        .class_ = hn_str_c(k->class_),
        .subject = what,
        .location = HN_STR(""),
        .severity = k->severity - (below(f, 4) == 0),
        .confidence = 90,
        .prior = -4.5,
        .p = p,
        .loss = loss,
        .score = 100 * p * loss / (0.02 + p * loss),
        .due_days = k->due_days,
        .due_rule = hn_arena_fmt(&f->a, "severity:%d", k->severity),
        .fix_kind = hn_str_c(k->fix),
        .fix_target = what,
        .fix_value = HN_STR("1.2.3-4"),
    };
    if (k == &shapes[0])
        r->cause = hn_arena_fmt(&f->a, "upgrade:%.*s", HN_FMT(what));
    else if (k == &shapes[1])
        r->cause = hn_arena_fmt(&f->a, "rule:%.*s", HN_FMT(what));
    r->params =
        hn_arena_fmt(&f->a, "{\"package\":\"%.*s\",\"installed\":\"1.2.3-1\",\"fixed\":\"1.2.3-4\",\"days\":%u}",
                     HN_FMT(what), below(f, 90));
    r->terms = hn_arena_fmt(
        &f->a,
        "[{\"name\":\"prior\",\"weight\":-4.5,\"seen\":true},{\"name\":\"mapped\",\"weight\":1.2,\"seen\":"
        "true,\"observation\":{\"kind\":\"processes.process\",\"subject\":\"%u:1\"}},{\"name\":\"listens-"
        "everywhere\",\"weight\":1.6,\"seen\":true},{\"name\":\"days-pending\",\"weight\":0.%u,\"seen\":true}]",
        host, below(f, 90));
    r->graph =
        HN_STR("{\"nodes\":[{\"type\":\"package\",\"label\":\"a\"},{\"type\":\"process\",\"label\":\"b\"}],\"edges\":"
               "[{\"from\":0,\"to\":1,\"how\":\"maps\"}]}");
    r->evidence =
        hn_arena_fmt(&f->a, "[{\"role\":\"update\",\"kind\":\"packages.package\",\"subject\":\"%.*s\"}]", HN_FMT(what));
}

static void observation(struct fleet *f, struct hn_store_run_obs *o, unsigned i, unsigned host)
{
    *o = (struct hn_store_run_obs){
        .module = HN_STR("packages"),
        .kind = HN_STR("package"),
        .subject =
            hn_arena_fmt(&f->a, "%s%s%s-%u:amd64", first[i % 10], second[i / 10 % 20], third[i / 200 % 4], i / 800),
        .fields = hn_arena_fmt(&f->a,
                               "{\"name\":\"p%u\",\"version\":\"1.%u.%u-1\",\"source\":\"s%u\",\"origin\":\"main\","
                               "\"installed_size\":%u}",
                               i, i % 9, host % 7, i / 3, 1000 + i)};
}

static void run(struct fleet *f, unsigned host)
{
    static const char *const systems[] = {"Debian GNU/Linux 12 (bookworm)", "Ubuntu 24.04 LTS", "Alpine Linux 3.20"};
    struct hn_store_run_cover cover[SHAPES];
    struct hn_store_match m;
    struct hn_store_run_result res;
    struct hn_str mid = hn_arena_fmt(&f->a, "%032x", host + 1);
    struct hn_store_key key[2] = {{HN_STR("machine-id"), mid}, {HN_STR("hw.product-uuid"), mid}};
    struct hn_store_identity who = {
        .name = hn_arena_fmt(&f->a, "%s-%s-%05u", first[host % 10], second[host / 10 % 20], host),
        .os = hn_str_c(systems[host % 3]),
        .n_keys = 2,
        .keys = key};
    hn_time at = f->now - (hn_time)below(f, 10 * 24 * 60) * HN_MINUTE;
    /* One host in twenty sits in the root's first children, the others somewhere below. */
    struct hn_str org = f->org[host % 20 == 0 ? below(f, f->orgs < 20 ? f->orgs : 20) : below(f, f->orgs)];

    must(f, hn_store_asset_resolve(f->s, &hn_principal_system, &who, org, true, &f->a, &m), "asset");
    struct hn_store_run_finding *find = hn_arena_alloc(&f->a, (f->findings + 1) * sizeof *find);
    struct hn_store_run_obs *obs = hn_arena_alloc(&f->a, (f->observations + 1) * sizeof *obs);
    for (size_t i = 0; i < SHAPES; i++)
        cover[i] = (struct hn_store_run_cover){.module = hn_str_c(shapes[i].module),
                                               .scope = HN_STR("host"),
                                               .privilege = HN_PRIVILEGE_ROOT,
                                               .complete = true,
                                               .judged = true,
                                               .duration_ns = 20000000,
                                               .not_seen = HN_STR("[]"),
                                               .malformed = HN_STR("[]")};
    for (unsigned i = 0; i < f->findings; i++)
        finding(f, &find[i], i, host, m.asset);
    for (unsigned i = 0; i < f->observations; i++)
        observation(f, &obs[i], i, host);
    struct hn_store_run r = {.id = hn_arena_fmt(&f->a, "fleet-%u", host),
                             .asset = m.asset,
                             .collected_at = at,
                             .received_at = at,
                             .origin = HN_STR("fleet"),
                             .who = who,
                             .n_cover = SHAPES,
                             .cover = cover,
                             .n_findings = f->findings,
                             .findings = find,
                             .n_obs = f->observations,
                             .obs = obs};
    if (f->a.failed)
        must(f, (struct hn_err){HN_E_NOMEM}, "run");
    must(f, hn_store_run_put(f->s, &hn_principal_system, &r, &res), "run");
    /* Somebody works on the first finding of every fifth host; one in a hundred is accepted for a year. */
    struct hn_str id;
    if (f->findings && host % 5 == 0)
        must(f, hn_store_action_put(f->s, &hn_principal_system, find[0].id, HN_STR(""), 0, HN_STR(""), &f->a, &id),
             "action");
    if (f->findings > 1 && host % 100 == 1)
        must(f,
             hn_store_baseline_put(f->s, &hn_principal_system, find[1].id, HN_STR(""), HN_STR(""), HN_STR("accepted"),
                                   HN_STR(""), f->now + 365 * HN_DAY, &f->a, &id),
             "baseline");
}

/* ---------------------------------------------------------------- the tree */

/* Twenty at the top, then parents drawn from the first sixth, so that depths differ. */
static void organisations(struct fleet *f)
{
    f->org = hn_arena_alloc(&f->keep, (f->orgs + 1) * sizeof *f->org);
    for (unsigned i = 0; i < f->orgs; i++) {
        struct hn_str en = hn_arena_fmt(&f->keep, "Office %u", i + 1), ja = hn_arena_fmt(&f->keep, "第%u部", i + 1);
        struct hn_str up = i < 20 ? HN_STR(HN_STORE_ROOT) : f->org[below(f, i < 120 ? 20 : i / 6)];
        must(f, hn_store_org_put(f->s, &hn_principal_system, up, en, ja, HN_STR("office"), &f->keep, &f->org[i]),
             "organisation");
    }
}

static void generate(struct fleet *f)
{
    hn_time began = hn_monotonic();

    must(f, hn_store_scale(f->s, 2, 3), "scale");
    must(f, hn_store_batch_begin(f->s), "batch");
    organisations(f);
    must(f, hn_store_batch_end(f->s, true), "batch");
    for (unsigned host = 0; host < f->hosts; host++) {
        if (host % BATCH == 0)
            must(f, hn_store_batch_begin(f->s), "batch");
        run(f, host);
        hn_arena_clear(&f->a);
        if (host % BATCH == BATCH - 1 || host + 1 == f->hosts)
            must(f, hn_store_batch_end(f->s, true), "batch");
        if ((host + 1) % 1000 == 0)
            fprintf(stderr, "%u hosts, %.0f s\n", host + 1, (double)(hn_monotonic() - began) / 1e9);
    }
    double s = (double)(hn_monotonic() - began) / 1e9;
    fprintf(stderr, "%u hosts, %" PRIu64 " findings, %" PRIu64 " observations in %.0f s\n", f->hosts,
            (uint64_t)f->hosts * f->findings, (uint64_t)f->hosts * f->observations, s);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"home", 1, NULL, 'd'},
                                            {"hosts", 1, NULL, 'h'},
                                            {"findings", 1, NULL, 'f'},
                                            {"observations", 1, NULL, 'o'},
                                            {"organisations", 1, NULL, 'g'},
                                            {"seed", 1, NULL, 's'},
                                            {NULL, 0, NULL, 0}};
    struct fleet f = {.hosts = 10000, .findings = 300, .observations = 300, .orgs = 1000, .seed = 1, .now = hn_now()};
    const char *home = NULL;
    struct hn_diag d = {0};
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        unsigned long v = optarg && c != 'd' ? strtoul(optarg, NULL, 10) : 0;
        switch (c) {
        case 'd':
            home = optarg;
            break;
        case 'h':
            f.hosts = (unsigned)v;
            break;
        case 'f':
            f.findings = (unsigned)v;
            break;
        case 'o':
            f.observations = (unsigned)v;
            break;
        case 'g':
            f.orgs = (unsigned)v;
            break;
        case 's':
            f.seed = v;
            break;
        default:
            return 2;
        }
    }
    if (!home || !f.orgs || f.hosts > 10000000 || f.findings > 100000 || f.observations > 1000000) {
        fprintf(stderr,
                "usage: generate-fleet --home DIR [--hosts N] [--findings N] [--observations N] [--organisations N] "
                "[--seed N]\n");
        return 2;
    }
    f.seed = f.seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
    hn_arena_init(&f.keep, (size_t)1 << 30);
    hn_arena_init(&f.a, (size_t)4 << 30);
    if (!hn_ok(hn_store_open(home, HN_STORE_CREATE, &f.s, &d))) {
        fprintf(stderr, "generate-fleet: %s\n", d.msg);
        return 1;
    }
    generate(&f);
    hn_store_close(f.s);
    hn_arena_done(&f.a);
    hn_arena_done(&f.keep);
    return 0;
}
