/* What the portfolio must hold, on one made by generate-portfolio (10 000 bills of materials of 200 components):
 *
 *     reach of one advisory, the widest of all               <=   50 ms, also right after a document came in, and as of
 *                                                            before a later matching pass, with the answer of then
 *     a page of components, vulnerabilities, products        <=  200 ms (reported; no promise but the first)
 *     taking in a whole matching pass again                  <= 5000 ms (the store's part of a full match)
 *     taking in one document of 200 components, durably      reported
 *
 *     bench_software HOME
 *
 * Prints median, worst and processor time; exits 1 when a limit is missed. Changes the store in HOME. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "store/software.h"

#define ROUNDS 9
#define SYS    (&hn_principal_system)

static struct hn_arena mem;
static struct hn_store *s;
static bool missed;

static double cpu_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int rising(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void must(struct hn_err e)
{
    if (!hn_ok(e)) {
        fprintf(stderr, "bench_software: %s: %s\n", hn_err_text(e), s ? hn_store_why(s) : "");
        exit(2);
    }
}

struct measure {
    double wall[ROUNDS], cpu[ROUNDS];
};

static void report(const char *what, struct measure *m, unsigned n, double limit)
{
    qsort(m->wall, n, sizeof(double), rising);
    qsort(m->cpu, n, sizeof(double), rising);
    bool bad = limit > 0 && m->wall[n / 2] > limit;
    missed |= bad;
    printf("%-58s median %8.2f ms  worst %8.2f  cpu %8.2f", what, m->wall[n / 2], m->wall[n - 1], m->cpu[n / 2]);
    if (limit > 0)
        printf("  limit %.0f%s", limit, bad ? "  MISSED" : "");
    putchar('\n');
}

#define MEASURE(what, rounds, limit, call)                                                                             \
    do {                                                                                                               \
        struct measure m_;                                                                                             \
        for (unsigned i_ = 0; i_ < (rounds); i_++) {                                                                   \
            hn_time from_ = hn_monotonic();                                                                            \
            double cpu_ = cpu_ms();                                                                                    \
            must(call);                                                                                                \
            m_.wall[i_] = (double)(hn_monotonic() - from_) / 1e6;                                                      \
            m_.cpu[i_] = cpu_ms() - cpu_;                                                                              \
            hn_arena_clear(&mem);                                                                                      \
        }                                                                                                              \
        report(what, &m_, rounds, limit);                                                                              \
    } while (0)

static struct hn_listing l;
static size_t n;

static struct hn_err first(void)
{
    struct hn_store_software_now now;

    return hn_store_software_now(s, SYS, HN_STR(""), 0, &mem, &now);
}

static struct hn_err reach(const char *vuln, hn_time as_of, struct hn_store_reach *r)
{
    return hn_store_reach(s, SYS, &(struct hn_store_reach_query){.vuln = hn_str_c(vuln), .as_of = as_of}, &mem, r);
}

static void reaches(void)
{
    struct hn_store_vuln *v;
    struct hn_store_reach r;
    char name[2][64], what[128];

    must(hn_store_vulns(s, SYS, &(struct hn_store_vuln_query){.page = {.limit = 2000, .sort = HN_STR("-holders")}},
                        &mem, &v, &l));
    snprintf(name[0], 64, "%.*s", HN_FMT(v[0].id));
    snprintf(name[1], 64, "%.*s", HN_FMT(v[l.n / 2].id));
    hn_arena_clear(&mem);
    for (int i = 0; i < 2; i++) {
        must(reach(name[i], 0, &r));
        snprintf(what, sizeof what, "reach, %s: %zu components %zu releases %zu hosts", i ? "middling" : "widest",
                 r.n_components, r.n_releases, r.n_assets);
        hn_arena_clear(&mem);
        MEASURE(what, ROUNDS, 50, reach(name[i], 0, &r));
    }
    MEASURE("reach, widest, as of an hour ago", ROUNDS, 50, reach(name[0], hn_now() - HN_HOUR, &r));
}

static void lists(void)
{
    struct hn_store_component *c;
    struct hn_store_vuln *v;
    struct hn_store_product *p;
    struct hn_store_upgrade_row *u;
    struct hn_store_component_query vulnerable = {.vulnerable = true}, words = {.q = HN_STR_INIT("mod-17")};

    MEASURE("head of the section", ROUNDS, 0, first());
    MEASURE("components, by risk", ROUNDS, 0, hn_store_components(s, SYS, &vulnerable, &mem, &c, &l));
    MEASURE("components, words", ROUNDS, 0, hn_store_components(s, SYS, &words, &mem, &c, &l));
    MEASURE("vulnerabilities, by risk", ROUNDS, 0,
            hn_store_vulns(s, SYS, &(struct hn_store_vuln_query){.kev = false}, &mem, &v, &l));
    MEASURE("products, by chance of use", ROUNDS, 0,
            hn_store_products(s, SYS, &(struct hn_store_product_query){.page = {.sort = HN_STR("-p")}}, &mem, &p, &l));
    MEASURE("what upgrading would close", ROUNDS, 0,
            hn_store_upgrade_rows(s, SYS, HN_STR(""), HN_STR(""), &mem, &u, &n));
}

/* One document, each time with a few components that nobody had. */
static struct hn_err ingest(struct hn_str product)
{
    static unsigned round;
    struct hn_store_component_in c[200];
    struct hn_store_edge e[200];
    struct hn_store_sbom_in in = {.product = product, .version = HN_STR("bench"), .n_components = 200, .n_edges = 200};
    struct hn_store_sbom_result r;

    round++;
    for (unsigned i = 0; i < 200; i++) {
        unsigned k = i < 4 ? round * 1000 + i : i;
        c[i] = (struct hn_store_component_in){.ecosystem = HN_STR("npm"), .version = HN_STR("1.0.0")};
        c[i].name = hn_arena_fmt(&mem, "bench-%u-%ld", k, i < 4 ? (long)hn_now() : 0L);
        c[i].purl = hn_arena_fmt(&mem, "pkg:npm/%.*s@1.0.0", HN_FMT(c[i].name));
        e[i] = (struct hn_store_edge){i ? i / 2 : HN_STORE_SUBJECT, i};
    }
    hn_time now = hn_now();
    memcpy(in.sha256, &now, sizeof now);
    in.components = c;
    in.edges = e;
    return hn_store_sbom_put(s, SYS, &in, &mem, &r);
}

static struct hn_err ingest_and_reach(struct hn_str product, const char *vuln)
{
    struct hn_store_reach r;

    HN_TRY(ingest(product));
    return reach(vuln, 0, &r);
}

/* The same matches as before, taken in whole. */
static void again(void)
{
    struct hn_store_component_row *rows;
    struct hn_store_match_run_in in = {.feed_at = hn_now(), .feeds = HN_STR("[]"), .n_advisories = 1};
    struct hn_store_advisory adv = {.id = HN_STR("GEN-BENCH"), .severity = 3, .epss = -1, .kev = -1, .automatable = -1};
    struct hn_store_match_result r;

    MEASURE("components for matching, all rows", 3, 0, hn_store_component_rows(s, SYS, 0, 1u << 30, &mem, &rows, &n));
    must(hn_store_component_rows(s, SYS, 0, 1u << 30, &mem, &rows, &n));
    struct hn_store_match_in *m = hn_arena_alloc(&mem, (n / 8 + 1) * sizeof *m);
    for (size_t i = 0; i < n / 8; i++)
        m[in.n_matches++] = (struct hn_store_match_in){.component = rows[i * 8].n, .confidence = 90};
    in.advisories = &adv;
    in.matches = m;
    struct measure t;
    for (unsigned i = 0; i < 3; i++) {
        hn_time from = hn_monotonic();
        double cpu = cpu_ms();
        must(hn_store_matches_put(s, SYS, &in, &r));
        t.wall[i] = (double)(hn_monotonic() - from) / 1e6;
        t.cpu[i] = cpu_ms() - cpu;
        if (i == 0)
            printf("matching pass: %zu matches opened, %llu closed\n", in.n_matches, (unsigned long long)r.closed);
    }
    report("taking in a matching pass", &t, 3, 5000);
}

int main(int argc, char **argv)
{
    struct hn_diag d = {{0}};
    struct hn_store_product *p;
    struct hn_store_vuln *v;
    struct rusage u;
    char product[64], vuln[64];

    hn_arena_init(&mem, (size_t)8 << 30);
    if (argc < 2 || !hn_ok(hn_store_open(argv[1], 0, &s, &d))) {
        fprintf(stderr, "bench_software: %s\n", argc < 2 ? "usage: bench_software HOME" : d.msg);
        return 2;
    }
    MEASURE("everything read into memory (once)", 1, 0, first());
    reaches();
    lists();
    must(hn_store_products(s, SYS, &(struct hn_store_product_query){.page = {.limit = 1}}, &mem, &p, &l));
    snprintf(product, sizeof product, "%.*s", HN_FMT(p[0].id));
    must(hn_store_vulns(s, SYS, &(struct hn_store_vuln_query){.page = {.sort = HN_STR("-holders")}}, &mem, &v, &l));
    snprintf(vuln, sizeof vuln, "%.*s", HN_FMT(v[0].id));
    hn_arena_clear(&mem);
    MEASURE("one document of 200 components, durable", ROUNDS, 0, ingest(hn_str_c(product)));
    MEASURE("the same, and then the widest reach", ROUNDS, 50, ingest_and_reach(hn_str_c(product), vuln));
    struct hn_store_reach was, is;
    hn_time before = hn_now();
    must(reach(vuln, before, &was));
    size_t releases = was.n_releases;
    hn_arena_clear(&mem);
    again();
    MEASURE("reach, widest, as of before that pass", ROUNDS, 50, reach(vuln, before, &is));
    must(reach(vuln, before, &is));
    if (is.n_releases != releases || !releases) {
        printf("replay differs: %zu releases, %zu before\n", is.n_releases, releases);
        missed = true;
    }
    getrusage(RUSAGE_SELF, &u);
    printf("most memory: %ld MiB\n", u.ru_maxrss / 1024);
    hn_store_close(s);
    hn_arena_done(&mem);
    return missed;
}
