/* Runs a fuzz target over files, without libFuzzer: replay_NAME [--truncate] FOLDER | FILE…
 *
 * With --truncate also every truncation of each input, up to 4 KiB; above, sixty-four lengths. Names the input when the
 * target fails. */
#include <fts.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include "fuzz.h"

#if defined(__SANITIZE_ADDRESS__)
#define REPLAY_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define REPLAY_ASAN 1
#endif
#endif
#ifdef REPLAY_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

#define INPUT_MAX    ((size_t)16 << 20)
#define TRUNCATE_ALL ((size_t)4096)

static char now[512]; /* the input being run */

static void name_input(void)
{
    (void)!write(STDERR_FILENO, now, strlen(now));
}

#ifndef REPLAY_ASAN
static void on_signal(int sig)
{
    name_input();
    signal(sig, SIG_DFL);
    raise(sig);
}
#endif

static void announce_failures(void)
{
#ifdef REPLAY_ASAN
    __sanitizer_set_death_callback(name_input);
#else
    static const int fatal[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGALRM};

    for (size_t i = 0; i < sizeof fatal / sizeof fatal[0]; i++)
        signal(fatal[i], on_signal);
#endif
}

static void run(const char *path, const uint8_t *p, size_t n)
{
    snprintf(now, sizeof now, "\nfailed on the first %zu bytes of %.400s\n", n, path);
    LLVMFuzzerTestOneInput(p, n);
}

static bool run_file(const char *path, bool truncate)
{
    FILE *f = fopen(path, "rbe");
    uint8_t *p = malloc(INPUT_MAX);
    bool ok = f && p;

    if (ok) {
        size_t n = fread(p, 1, INPUT_MAX, f);
        ok = !ferror(f);
        run(path, p, n);
        size_t step = n <= TRUNCATE_ALL ? 1 : n / 64;
        for (size_t cut = 0; truncate && cut < n; cut += step)
            run(path, p, cut);
    }
    if (!ok)
        perror(path);
    if (f)
        fclose(f);
    free(p);
    return ok;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

int main(int argc, char **argv)
{
    bool truncate = argc > 1 && strcmp(argv[1], "--truncate") == 0;
    FTS *fts = argc > 1 + truncate ? fts_open(argv + 1 + truncate, FTS_PHYSICAL | FTS_NOCHDIR, by_name) : NULL;
    unsigned count = 0;
    bool ok = fts != NULL;

    announce_failures();
    run("the empty input", (const uint8_t *)"", 0);
    for (FTSENT *e; ok && (e = fts_read(fts)) != NULL;) {
        if (e->fts_info != FTS_F)
            continue;
        ok = run_file(e->fts_accpath, truncate);
        count++;
    }
    if (fts)
        fts_close(fts);
    printf("%u inputs\n", count);
    return ok && count ? 0 : 1; /* an empty corpus is a mistake */
}
