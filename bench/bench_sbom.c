/* How fast CycloneDX JSON becomes the model, in megabytes per second of processor time, best of several rounds.
 *
 *     bench_sbom FOLDER | FILE …
 *
 * Every reader gets the same texts from memory, those of them that are CycloneDX. jansson builds its own tree and knows
 * nothing of bills of materials; it is there as a measure. */
#ifdef HAVE_JANSSON
#include <jansson.h>
#endif
#include <stdio.h>
#include <stdlib.h>

#include "format/sbom/bom.h"
#include "format/sbom/cdx.h"
#include "input.h"

#define ROUNDS        7
#define ROUND_SECONDS 0.25
#define MEMORY        ((size_t)4 << 30)

static bool read_model(const struct bench_text *t, bool index, bool check)
{
    struct hn_arena a;
    struct hn_bom b;

    hn_arena_init(&a, MEMORY);
    hn_bom_init(&b, &a);
    bool ok = hn_ok(hn_bom_read(&b, hn_bytes_of(t->p, t->n)));
    if (ok && index)
        ok = hn_ok(hn_bom_index(&b));
    if (ok && check)
        hn_cdx_check(&b);
    hn_bom_done(&b);
    hn_arena_done(&a);
    return ok;
}

static bool model(const struct bench_text *t)
{
    return read_model(t, false, false);
}

static bool indexed(const struct bench_text *t)
{
    return read_model(t, true, false);
}

static bool checked(const struct bench_text *t)
{
    return read_model(t, true, true);
}

#ifdef HAVE_JANSSON
static bool jansson(const struct bench_text *t)
{
    json_t *v = json_loadb(t->p, t->n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

    json_decref(v);
    return v != NULL;
}
#endif

static const struct {
    const char *name, *what;
    bool (*read)(const struct bench_text *t);
} readers[] = {
    {"hinomi", "model", model},
    {"hinomi", "model, indexed", indexed},
    {"hinomi", "indexed and checked", checked},
#ifdef HAVE_JANSSON
    {"jansson", "tree", jansson},
#endif
};

/* Best rate over the rounds; 0 when a text was refused. */
static double rate(size_t reader, const struct bench_texts *t)
{
    double best = 0;

    for (unsigned round = 0; round < ROUNDS; round++) {
        double start = bench_cpu(), spent;
        size_t bytes = 0;
        do {
            for (size_t i = 0; i < t->n; i++)
                if (!readers[reader].read(&t->v[i]))
                    return 0;
            bytes += t->bytes;
            spent = bench_cpu() - start;
        } while (spent < ROUND_SECONDS);
        if ((double)bytes / spent > best)
            best = (double)bytes / spent;
    }
    return best / 1e6;
}

/* Keeps what is CycloneDX and readable. */
static void keep(struct bench_texts *t)
{
    size_t n = 0;

    t->bytes = 0;
    for (size_t i = 0; i < t->n; i++) {
        struct bench_text x = t->v[i];
        if (hn_bom_sniff(hn_bytes_of(x.p, x.n)) == &hn_bom_cdx_json && model(&x)) {
            t->v[i] = t->v[n];
            t->v[n++] = x;
            t->bytes += x.n;
        }
    }
    t->n = n;
}

int main(int argc, char **argv)
{
    bool ok = argc > 1;

    for (int i = 1; i < argc; i++) {
        struct bench_texts t = {0};
        ok &= bench_load(&t, argv[i]);
        size_t all = t.n;
        keep(&t);
        printf("%s: %zu documents, %.1f MB\n", argv[i], t.n, (double)t.bytes / 1e6);
        for (size_t r = 0; t.n && r < sizeof readers / sizeof *readers; r++)
            printf("  %-10s %-20s %8.0f MB/s\n", readers[r].name, readers[r].what, rate(r, &t));
        t.n = all;
        bench_texts_done(&t);
    }
    return ok ? 0 : 1;
}
