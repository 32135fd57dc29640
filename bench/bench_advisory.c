/* The index of advisories: import, open, look up.
 *
 *     500 000 OSV records: import <= 20 s of processor time, <= 512 MiB resident; open <= 1 ms
 *
 *     bench_advisory INDEX FILE…      builds INDEX from the files (tools/generate-osv makes a large one), then measures
 *
 * Prints what it measured; exits 1 when a limit is missed (import: only with 500 000 records or more). */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format/advisory/import.h"

#define LOOKUPS 1000000u
#define OPENS   1000u

static bool missed;

static double cpu_seconds(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)u.ru_utime.tv_sec + (double)u.ru_stime.tv_sec +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static double resident_mib(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)u.ru_maxrss / 1024;
}

static struct hn_bytes map_file(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0 || st.st_size == 0) {
        perror(path);
        exit(2);
    }
    void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (p == MAP_FAILED)
        exit(2);
    return hn_bytes_of(p, (size_t)st.st_size);
}

static void must(struct hn_err e, const char *what)
{
    if (hn_ok(e))
        return;
    fprintf(stderr, "%s: %s\n", what, hn_err_text(e));
    exit(2);
}

static void build(const char *path, char **files, int n)
{
    struct hn_adv_build *b;
    struct hn_adv_importer *im;
    struct hn_diag d = {""};
    uint16_t feed;
    FILE *spill = tmpfile();
    int out = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (out < 0 || !spill)
        exit(2);
    double cpu = cpu_seconds();
    hn_time from = hn_monotonic();
    must(hn_adv_build_new(out, fileno(spill), 0, &b), "build");
    must(hn_adv_import_new(b, 2, NULL, &im), "import");
    must(hn_adv_build_feed(b, &(struct hn_adv_feed){.name = HN_STR("bench"), .kind = HN_STR("osv")}, &feed), "feed");
    for (int i = 0; i < n; i++) {
        struct hn_bytes doc = map_file(files[i]);
        hn_adv_import_file(im, feed, hn_str_c(files[i]), doc, true);
        munmap((void *)(uintptr_t)doc.p, doc.n);
    }
    uint64_t records = hn_adv_import_records(im), rejected = hn_adv_import_rejected(im);
    double read = cpu_seconds() - cpu;
    must(hn_adv_import_end(im), "lanes");
    must(hn_adv_build_end(b, hn_now(), &d), d.msg);
    hn_adv_build_free(b);
    cpu = cpu_seconds() - cpu;
    printf("import   %" PRIu64 " records, %" PRIu64
           " rejected: %.2f s cpu (%.2f s of it reading), %.2f s, %.0f MiB resident\n",
           records, rejected, cpu, read, (double)(hn_monotonic() - from) / 1e9, resident_mib());
    missed |= records >= 500000 && (cpu > 20 || resident_mib() > 512);
    fclose(spill);
    close(out);
}

static struct hn_adv_index open_index(struct hn_bytes map)
{
    struct hn_adv_index x;
    struct hn_diag d = {""};
    hn_time from = hn_monotonic();
    for (unsigned i = 0; i < OPENS; i++)
        must(hn_adv_index_open(map, &x, &d), d.msg);
    double ms = (double)(hn_monotonic() - from) / 1e6 / OPENS;
    printf("open     %.4f ms, index of %.1f MB with %" PRIu64 " records\n", ms, (double)map.n / 1e6, x.n_records);
    missed |= ms > 1;
    return x;
}

/* Names of the index itself, every so many records one, and as many that are not in it. */
static void look_up(const struct hn_adv_index *x)
{
    static struct {
        struct hn_str ecosystem, name;
    } names[10000];
    struct hn_arena keep, one;
    size_t n = 0, hits = 0;
    uint64_t at = 0, step = x->n_records / 10000 + 1, k = 0;
    hn_adv_ref ref;
    hn_arena_init(&keep, (size_t)1 << 30);
    hn_arena_init(&one, 64u << 20);
    while (n < 10000 && hn_adv_each(x, &at, &ref)) {
        struct hn_adv adv;
        if (k++ % step || !hn_adv_get(x, ref, &keep, &adv) || !adv.n_affected || !adv.affected[0].name.n)
            continue;
        names[n].ecosystem = adv.affected[0].ecosystem;
        names[n++].name = adv.affected[0].name;
    }
    double cpu = cpu_seconds();
    for (size_t i = 0; n && i < LOOKUPS; i++) {
        struct hn_adv_hits h;
        struct hn_adv_hit hit;
        struct hn_adv_affected f;
        hn_adv_by_name(x, names[i % n].ecosystem, names[i % n].name, &h);
        while (hn_adv_next(&h, &hit)) {
            hits += hn_adv_affected_at(x, &hit, &one, &f);
            hn_arena_clear(&one);
        }
    }
    cpu = cpu_seconds() - cpu;
    printf("by name  %.0f lookups/s, %.1f entries each, %.0f entries/s decoded\n", LOOKUPS / cpu,
           (double)hits / LOOKUPS, (double)hits / cpu);
    cpu = cpu_seconds();
    for (size_t i = 0; n && i < LOOKUPS; i++) {
        struct hn_adv_hits h;
        struct hn_adv_hit hit;
        hn_adv_by_name(x, HN_STR("Hackage"), names[i % n].name, &h);
        hits += hn_adv_next(&h, &hit);
    }
    printf("misses   %.0f lookups/s\n", LOOKUPS / (cpu_seconds() - cpu));
    hn_arena_done(&keep);
    hn_arena_done(&one);
}

int main(int argc, char **argv)
{
    struct hn_diag d = {""};
    if (argc < 3) {
        fprintf(stderr, "usage: bench_advisory INDEX FILE...\n");
        return 2;
    }
    build(argv[1], argv + 2, argc - 2);
    struct hn_bytes map = map_file(argv[1]);
    struct hn_adv_index x = open_index(map);
    look_up(&x);
    double cpu = cpu_seconds();
    must(hn_adv_index_verify(&x, &d), d.msg);
    printf("verify   %.2f s cpu\n", cpu_seconds() - cpu);
    return missed;
}
