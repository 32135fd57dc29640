/* Packets a second of the telescope beside a plain libpcap loop and cat, on one file in one run:
 *
 *   bench_telescope FILE
 *
 * Without a file it says how to make one. CPU seconds are of all threads; they count on a machine that is shared. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "modules/telescope/report.h"
#ifdef HAVE_PCAP
#include <pcap/pcap.h>
#endif

struct clock {
    double wall, cpu;
};

static struct clock now(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (struct clock){(double)hn_monotonic() / 1e9, (double)u.ru_utime.tv_sec + (double)u.ru_utime.tv_usec / 1e6 +
                                                            (double)u.ru_stime.tv_sec +
                                                            (double)u.ru_stime.tv_usec / 1e6};
}

static void line(const char *what, struct clock from, uint64_t packets, double cat)
{
    struct clock to = now();
    double wall = to.wall - from.wall, cpu = to.cpu - from.cpu;
    printf("%-26s %7.2f s wall  %7.2f s CPU  %7.2f M packets/s  %7.2f M per CPU second  %6.1f x cat\n", what, wall, cpu,
           (double)packets / wall / 1e6, (double)packets / cpu / 1e6, wall / cat);
}

static double cat(const char *path)
{
    static char piece[1 << 20];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct clock from = now();
    while (fd >= 0 && read(fd, piece, sizeof piece) > 0)
        ;
    double wall = now().wall - from.wall;
    if (fd >= 0)
        close(fd);
    printf("%-26s %7.2f s wall\n", "read to nowhere (cat)", wall);
    return wall;
}

#ifdef HAVE_PCAP
static uint64_t loop_ports[65536];

static void loop_packet(u_char *arg, const struct pcap_pkthdr *h, const u_char *b)
{
    ++*(uint64_t *)(void *)arg;
    if (h->caplen >= 38 && b[12] == 8 && b[13] == 0 && (b[23] == 6 || b[23] == 17)) {
        size_t at = 14 + (b[14] & 15u) * 4u;
        if (at + 4 <= h->caplen)
            loop_ports[b[at + 2] << 8 | b[at + 3]]++;
    }
}

static void libpcap(const char *path, double base)
{
    char err[PCAP_ERRBUF_SIZE];
    uint64_t n = 0;
    struct clock from = now();
    pcap_t *p = pcap_open_offline(path, err);
    if (!p)
        return;
    pcap_loop(p, -1, loop_packet, (u_char *)&n);
    pcap_close(p);
    line("libpcap loop, ports", from, n, base);
}
#endif

static void each(void *arg, const struct hn_capture_record *r, size_t n)
{
    telescope_engine_begin(arg, r, n);
}

static void ours(const char *what, struct hn_bytes b, unsigned threads, bool ports_only, double base)
{
    struct telescope_config how;
    struct hn_arena a;
    telescope_config_init(&how);
    how.threads = threads;
    how.ports_only = ports_only;
    hn_arena_init(&a, (size_t)1 << 30);
    struct clock from = now();
    struct telescope_engine *e = telescope_engine_new(&how);
    struct hn_capture_sink sink = {each, NULL, e};
    struct hn_capture *c = hn_capture_new(&sink, 0);
    for (size_t off = 0; c && e && off < b.n;) { /* as replay does */
        size_t most = ports_only && threads > 1 ? 1u << 20 : 16u << 20, n = b.n - off < most ? b.n - off : most;
        hn_capture_feed(c, hn_bytes_of(b.p + off, n));
        telescope_give_back(hn_bytes_of(b.p + off, n));
        off = telescope_count(e, c, b, off + n, SIZE_MAX, true);
    }
    if (c)
        hn_capture_end(c);
    if (e)
        telescope_engine_settle(e);
    struct telescope_report *r = e && telescope_majors(e) ? telescope_report_new(e, &a) : NULL;
    if (e)
        line(what, from, e->sum.packets, base);
    telescope_report_done(r);
    hn_capture_free(c);
    telescope_engine_free(e);
    hn_arena_done(&a);
}

/* Memory as the roles have it (src/sandbox/spawn.c): the settings hold from the start of a process only. */
static void as_a_role(char **argv)
{
    if (setenv("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=4194304", 0) == 0 &&
        setenv("BENCH_TELESCOPE", "1", 0) == 0)
        execv("/proc/self/exe", argv);
}

int main(int argc, char **argv)
{
    struct stat st;
    if (!getenv("BENCH_TELESCOPE"))
        as_a_role(argv);
    if (argc < 2) {
        puts("telescope: make a capture with build/bench/generate-darknet FILE, then bench_telescope FILE");
        return 0;
    }
    int fd = open(argv[1], O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) || st.st_size == 0) {
        perror(argv[1]);
        return 1;
    }
    void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED) {
        perror(argv[1]);
        return 1;
    }
    struct hn_bytes b = hn_bytes_of(p, (size_t)st.st_size);
    cat(argv[1]);
    double base = cat(argv[1]);
    const char *only = argc > 2 ? argv[2] : "";
    if (strncmp(only, "ports", 5) == 0) {
        ours(only, b, only[5] ? (unsigned)atoi(only + 5) : 1, true, base);
        return 0;
    }
    if (!*only) {
#ifdef HAVE_PCAP
        libpcap(argv[1], base);
#endif
        ours("ports only, 1 thread", b, 1, true, base);
        ours("ports only, 2 threads", b, 2, true, base);
        ours("everything, 1 thread", b, 1, false, base);
    }
    ours("everything, 2 threads", b, *only ? (unsigned)atoi(only) : 2, false, base);
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    printf("most memory %ld KiB (with what is mapped of the file)\n", u.ru_maxrss);
    return 0;
}
