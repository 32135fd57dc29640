/* What the store must hold, on a fleet made by generate-fleet:
 *
 *     Now (figures, first twenty, trend, what lowers it)     <= 100 ms
 *     a page of findings, any filter and order               <=  50 ms
 *     ingest, durable, new observations                      >= 20 000 /s
 *
 *     bench_store HOME        reads the fleet in HOME; ingest goes to a new store beside it
 *     bench_store HOME WORD   only the questions whose name holds WORD
 *
 * Prints the median and the worst of each, and the median of the processor time alone (what a machine with nothing else
 * to do would need); exits 1 when a limit is missed. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "store/store.h"

#define ROUNDS 9
#define SYS    (&hn_principal_system)

static struct hn_arena mem;
static struct hn_store *s;
static bool missed;
static const char *only = ""; /* word */

static double ms(hn_time from)
{
    return (double)(hn_monotonic() - from) / 1e6;
}

static double cpu_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Both clocks of one measurement. */
struct watch {
    hn_time from;
    double cpu;
};

static struct watch start(void)
{
    return (struct watch){hn_monotonic(), cpu_ms()};
}

static double cpu[64];

static double stop(const struct watch *w, unsigned i)
{
    cpu[i] = cpu_ms() - w->cpu;
    return ms(w->from);
}

static int rising(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void must(struct hn_err e)
{
    if (!hn_ok(e)) {
        fprintf(stderr, "bench_store: %s: %s\n", hn_err_text(e), s ? hn_store_why(s) : "");
        exit(2);
    }
}

static void report(const char *what, double *v, unsigned n, double limit)
{
    qsort(v, n, sizeof *v, rising);
    qsort(cpu, n, sizeof *cpu, rising);
    bool bad = v[n / 2] > limit;
    missed |= bad;
    printf("%-54s median %7.2f ms  worst %7.2f  cpu %7.2f  limit %4.0f%s\n", what, v[n / 2], v[n - 1], cpu[n / 2],
           limit, bad ? "  MISSED" : "");
}

/* ---------------------------------------------------------------- reading */

static void now(const char *what, struct hn_str org)
{
    double v[ROUNDS];

    for (unsigned i = 0; i < ROUNDS; i++) {
        struct hn_store_now n;
        struct hn_store_finding *f;
        struct hn_store_trend *t;
        struct hn_store_lower *l;
        struct hn_listing list;
        size_t k;
        struct watch w = start();
        must(hn_store_now(s, SYS, org, &mem, &n));
        must(hn_store_findings(s, SYS, &(struct hn_store_finding_query){.org = org, .page = {.limit = 20}}, &mem, &f,
                               &list));
        must(hn_store_trend(s, SYS, org, HN_STR(""), 90, &mem, &t, &k));
        must(hn_store_lower(s, SYS, org, HN_STR(""), 10, &mem, &l, &k));
        v[i] = stop(&w, i);
        hn_arena_clear(&mem);
    }
    report(what, v, ROUNDS, 100);
}

/* After every change somewhere: the answer that was kept does not hold. */
static void lower_anew(void)
{
    double v[ROUNDS];

    for (unsigned i = 0; i < ROUNDS; i++) {
        struct hn_store_lower *l;
        size_t k;
        struct watch w = start();
        must(hn_store_lower(s, SYS, HN_STR(""), HN_STR(""), 10 + i % 2, &mem, &l, &k));
        v[i] = stop(&w, i);
        hn_arena_clear(&mem);
    }
    report("what lowers the root's score, anew", v, ROUNDS, 100);
}

static void page(const char *what, struct hn_store_finding_query q)
{
    double v[ROUNDS];
    uint64_t total = 0;
    char text[128], cursor[64] = "";

    for (unsigned i = 0; i < ROUNDS && strstr(what, only); i++) {
        struct hn_store_finding *f;
        struct hn_listing l;
        struct watch w = start();
        q.page.cursor = hn_str_c(cursor); /* each round the next page */
        must(hn_store_findings(s, SYS, &q, &mem, &f, &l));
        v[i] = stop(&w, i);
        snprintf(cursor, sizeof cursor, "%.*s", HN_FMT(l.next));
        total = l.total;
        hn_arena_clear(&mem);
    }
    if (!strstr(what, only))
        return;
    snprintf(text, sizeof text, "%s (%" PRIu64 ")", what, total);
    report(text, v, ROUNDS, 50);
}

/* The first list of all, and one that needs every row. */
static void first_page(void)
{
    struct hn_store_finding *f;
    struct hn_listing l;
    double v[1];
    struct watch w = start();

    must(hn_store_findings(s, SYS, &(struct hn_store_finding_query){.q = HN_STR("query")}, &mem, &f, &l));
    v[0] = stop(&w, 0);
    hn_arena_clear(&mem);
    report("first page after opening, q=query", v, 1, 50);
}

static void pages(const char *where, struct hn_str org)
{
    static const char *const sorts[] = {"-score", "due", "-due", "-first_seen", "last_seen", "-severity", "asset"};
    char text[96];

    for (size_t i = 0; i < sizeof sorts / sizeof *sorts; i++) {
        snprintf(text, sizeof text, "findings %s by %s", where, sorts[i]);
        page(text, (struct hn_store_finding_query){.org = org, .page = {.sort = hn_str_c(sorts[i])}});
    }
    snprintf(text, sizeof text, "findings %s high and worse, overdue", where);
    page(text, (struct hn_store_finding_query){.org = org, .severity_min = 3, .due = HN_DUE_OVERDUE});
    snprintf(text, sizeof text, "findings %s any status, kind", where);
    page(text, (struct hn_store_finding_query){.org = org, .status = HN_F_ANY_STATUS, .kind = HN_STR("kernel.sysctl")});
    snprintf(text, sizeof text, "findings %s excepted", where);
    page(text, (struct hn_store_finding_query){.org = org, .status = HN_F_EXCEPTED});
    snprintf(text, sizeof text, "findings %s q=proxy cache", where);
    page(text, (struct hn_store_finding_query){.org = org, .q = HN_STR("proxy update")});
    snprintf(text, sizeof text, "findings %s q=nothing", where);
    page(text, (struct hn_store_finding_query){.org = org, .q = HN_STR("doesnotoccur")});
    snprintf(text, sizeof text, "findings %s by cause", where);
    page(text, (struct hn_store_finding_query){.org = org, .cause = HN_STR("upgrade:libcrypt:amd64")});
    snprintf(text, sizeof text, "findings %s 500 rows", where);
    page(text, (struct hn_store_finding_query){.org = org, .class_ = HN_STR("vulnerability"), .page = {.limit = 500}});
}

/* The organisation whose subtree has nearest to `hosts` assets. */
static struct hn_str org_with(uint64_t hosts, char out[64])
{
    struct hn_store_org *v;
    size_t n, best = 0;

    must(hn_store_orgs(s, SYS, HN_STR(""), 0, &mem, &v, &n));
    for (size_t i = 0; i < n; i++) {
        uint64_t a = v[i].assets > hosts ? v[i].assets - hosts : hosts - v[i].assets;
        uint64_t b = v[best].assets > hosts ? v[best].assets - hosts : hosts - v[best].assets;
        best = a < b ? i : best;
    }
    snprintf(out, 64, "%.*s", HN_FMT(v[best].id));
    hn_arena_clear(&mem);
    return hn_str_c(out);
}

static void others(void)
{
    double v[ROUNDS];

    for (unsigned i = 0; i < ROUNDS; i++) {
        struct hn_store_org *o;
        size_t n;
        struct watch w = start();
        must(hn_store_orgs(s, SYS, HN_STR(""), 0, &mem, &o, &n));
        v[i] = stop(&w, i);
        hn_arena_clear(&mem);
    }
    report("organisations, the whole tree", v, ROUNDS, 100);
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct hn_store_asset *x;
        struct hn_listing l;
        struct watch w = start();
        must(hn_store_assets(s, SYS, &(struct hn_store_asset_query){.q = HN_STR("web")}, &mem, &x, &l));
        v[i] = stop(&w, i);
        hn_arena_clear(&mem);
    }
    report("assets q=web", v, ROUNDS, 50);
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct hn_store_action *x;
        struct hn_listing l;
        struct watch w = start();
        must(hn_store_actions(s, SYS, &(struct hn_store_action_query){.state = -1}, &mem, &x, &l));
        v[i] = stop(&w, i);
        hn_arena_clear(&mem);
    }
    report("actions by due", v, ROUNDS, 50);
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct hn_store_source *x;
        size_t n;
        struct watch w = start();
        must(hn_store_sources(s, SYS, HN_STR(""), &mem, &x, &n));
        v[i] = stop(&w, i);
        hn_arena_clear(&mem);
    }
    report("sources", v, ROUNDS, 1000);
}

/* ---------------------------------------------------------------- ingest */

#define HOSTS 60u
#define OBS   1000u

static void one_run(unsigned host, unsigned round, struct hn_store_run_obs *o)
{
    struct hn_store_match m;
    struct hn_store_run_result r;
    struct hn_str name = hn_arena_fmt(&mem, "host-%u", host);
    struct hn_store_key key = {HN_STR("machine-id"), name};
    struct hn_store_identity who = {.name = name, .n_keys = 1, .keys = &key};
    struct hn_store_run_cover c = {
        .module = HN_STR("packages"), .scope = HN_STR("host"), .complete = true, .judged = true};

    must(hn_store_asset_resolve(s, SYS, &who, HN_STR("root"), true, &mem, &m));
    for (unsigned i = 0; i < OBS; i++)
        o[i] = (struct hn_store_run_obs){
            .module = HN_STR("packages"),
            .kind = HN_STR("package"),
            .subject = hn_arena_fmt(&mem, "package-%u:amd64", i),
            .fields =
                hn_arena_fmt(&mem, "{\"name\":\"package-%u\",\"version\":\"1.%u\",\"source\":\"s%u\",\"size\":%u}", i,
                             round == 2 ? 2 : 1, i / 3, i * 100)};
    struct hn_store_run run = {.id = hn_arena_fmt(&mem, "r-%u-%u", host, round),
                               .asset = m.asset,
                               .collected_at = hn_now(),
                               .origin = HN_STR("local"),
                               .who = who,
                               .n_cover = 1,
                               .cover = &c,
                               .n_obs = OBS,
                               .obs = o};
    must(hn_store_run_put(s, SYS, &run, &r));
    hn_arena_clear(&mem);
}

/* One durable transaction a run, as it arrives from one host. */
static void ingest(const char *home)
{
    static const char *const what[] = {"new", "unchanged", "changed"};
    struct hn_store_run_obs *o = hn_alloc(OBS * sizeof *o);
    struct hn_diag d;
    char path[4096], cmd[4200];

    snprintf(path, sizeof path, "%s/bench-ingest", home);
    if (!o || !hn_ok(hn_store_open(path, HN_STORE_CREATE, &s, &d)))
        exit(2);
    for (unsigned round = 0; round < 3; round++) {
        hn_time from = hn_monotonic();
        for (unsigned host = 0; host < HOSTS; host++)
            one_run(host, round, o);
        double rate = HOSTS * OBS / (ms(from) / 1e3);
        bool bad = rate < 20000;
        missed |= bad;
        printf("ingest, %-9s %27u observations a run  %9.0f /s  limit 20000%s\n", what[round], OBS, rate,
               bad ? "  MISSED" : "");
    }
    hn_store_close(s);
    s = NULL;
    for (size_t i = 0; i < 4; i++) {
        static const char *const files[] = {"store.db", "store.db-wal", "store.db-shm", "lock"};
        snprintf(cmd, sizeof cmd, "%s/%s", path, files[i]);
        unlink(cmd);
    }
    rmdir(path);
    hn_free(o);
}

int main(int argc, char **argv)
{
    struct hn_diag d = {0};
    char middle[64], small[64];

    only = argc == 3 ? argv[2] : only;
    if (argc != 2 && argc != 3) {
        fprintf(stderr, "usage: bench_store HOME (a fleet made by generate-fleet)\n");
        return 2;
    }
    hn_arena_init(&mem, (size_t)1 << 30);
    struct watch w = start();
    if (!hn_ok(hn_store_open(argv[1], 0, &s, &d))) {
        fprintf(stderr, "bench_store: %s\n", d.msg);
        return 2;
    }
    double opened = stop(&w, 0);
    w = start();
    for (bool more = true; more;)
        must(hn_store_warm(s, 50, &more));
    double warmed = stop(&w, 0);
    printf("open %.0f ms, read into memory in %.0f ms (cpu %.0f), before or between requests\n", opened, warmed,
           cpu[0]);
    struct hn_store_now n;
    w = start();
    must(hn_store_now(s, SYS, HN_STR(""), &mem, &n));
    double took[1] = {stop(&w, 0)};
    printf("%" PRIu64 " assets, %" PRIu64 " open findings, score %.1f\n", n.org.assets, n.org.counts.open, n.org.score);
    report("first Now after opening", took, 1, 100);
    first_page();
    struct hn_str mid = org_with(n.org.assets / 20, middle), few = org_with(20, small);
    now("Now, root", HN_STR(""));
    lower_anew();
    now("Now, middle subtree", mid);
    now("Now, small subtree", few);
    pages("root", HN_STR(""));
    pages("middle", mid);
    pages("small", few);
    if (!*only)
        others();
    hn_store_close(s);
    s = NULL;
    if (!*only)
        ingest(argv[1]);
    hn_arena_done(&mem);
    return missed;
}
