/* How fast JSON is read, in megabytes per second of processor time, best of several rounds.
 *
 *     bench_json [FOLDER | FILE]…
 *
 * Without arguments: the software bills of the test data when they are there, else a document made on the spot. Every
 * reader gets the same texts from memory. jansson and simdjson build their own trees: compare them with "tree". */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "input.h"
#ifdef HAVE_SIMDJSON
#include "simd.h"
#endif

#define ROUNDS        7
#define ROUND_SECONDS 0.25

struct reader {
    const char *name, *what;
    bool (*read)(const struct bench_text *t);
};

static struct hn_arena arena;

static bool read_tokens(const struct bench_text *t)
{
    struct hn_jr r;
    enum hn_jtok tok;

    hn_jr_init(&r, hn_bytes_of(t->p, t->n), 0, 0);
    do
        tok = hn_jr_next(&r);
    while (tok != HN_J_END && tok != HN_J_ERR);
    return tok == HN_J_END;
}

/* Tokens with the text of every string and the value of every number. */
static bool read_values(const struct bench_text *t)
{
    struct hn_jr r;
    enum hn_jtok tok;
    double sum = 0;

    hn_arena_clear(&arena);
    hn_jr_init(&r, hn_bytes_of(t->p, t->n), 0, 0);
    while ((tok = hn_jr_next(&r)) != HN_J_END && tok != HN_J_ERR) {
        if (tok == HN_J_STR || tok == HN_J_KEY)
            sum += (double)hn_jr_text(&r, &arena).n;
        else if (tok == HN_J_NUM)
            sum += hn_jr_num(&r);
    }
    __asm__ volatile("" : : "r"(&sum) : "memory"); /* keeps the work */
    return tok == HN_J_END;
}

static bool read_tree(const struct bench_text *t)
{
    hn_arena_clear(&arena);
    return hn_jv_parse(&arena, hn_bytes_of(t->p, t->n), NULL) != NULL;
}

static bool read_jansson(const struct bench_text *t)
{
    json_t *v = json_loadb(t->p, t->n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

    json_decref(v);
    return v != NULL;
}

#ifdef HAVE_SIMDJSON
static bool read_simdjson(const struct bench_text *t)
{
    return bench_simdjson(t->p, t->n);
}
#endif

static const struct reader readers[] = {
    {"hinomi", "tokens", read_tokens},
    {"hinomi", "tokens and values", read_values},
    {"hinomi", "tree", read_tree},
    {"jansson", "tree", read_jansson},
#ifdef HAVE_SIMDJSON
    {"simdjson", "tree (DOM)", read_simdjson},
#endif
};

/* Best rate over the rounds; 0 when a text was refused. */
static double rate(const struct reader *reader, const struct bench_texts *t)
{
    double best = 0;

    for (unsigned round = 0; round < ROUNDS; round++) {
        double start = bench_cpu(), spent;
        size_t bytes = 0;
        do {
            for (size_t i = 0; i < t->n; i++)
                if (!reader->read(&t->v[i]))
                    return 0;
            bytes += t->bytes;
            spent = bench_cpu() - start;
        } while (spent < ROUND_SECONDS);
        if ((double)bytes / spent > best)
            best = (double)bytes / spent;
    }
    return best / 1e6;
}

static void report(const char *what, const struct bench_texts *t)
{
    double ours = 0;

    printf("%s: %zu documents, %.1f MB\n", what, t->n, (double)t->bytes / 1e6);
    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++) {
        double mb = rate(&readers[i], t);
        if (i == 0)
            ours = mb;
        printf("  %-10s %-18s %8.0f MB/s  %5.2f of hinomi's tokens%s\n", readers[i].name, readers[i].what, mb,
               mb / ours, mb > 0 ? "" : "  (refused a text)");
    }
}

static bool report_path(const char *path)
{
    struct bench_texts t = {0};
    bool ok = bench_load(&t, path);

    if (ok)
        report(path, &t);
    else
        fprintf(stderr, "%s: no JSON found\n", path);
    bench_texts_done(&t);
    return ok;
}

static bool report_made(void)
{
    struct hn_buf b;

    hn_buf_init(&b, (size_t)64 << 20);
    bench_make_sbom(&b, 4000);
    bool ok = hn_buf_room(&b, 64);
    struct bench_text text = {b.p, b.n};
    if (ok)
        report("made on the spot", &(struct bench_texts){&text, 1, text.n});
    hn_buf_done(&b);
    return ok;
}

int main(int argc, char **argv)
{
    const char *data = bench_data();
    char path[4096];
    bool ok = true;

    hn_arena_init(&arena, (size_t)4 << 30);
    for (int i = 1; i < argc; i++)
        ok &= report_path(argv[i]);
    if (argc < 2 && data) {
        snprintf(path, sizeof path, "%s/sbom", data);
        ok = report_path(path);
    } else if (argc < 2) {
        ok = report_made();
    }
    hn_arena_done(&arena);
    return ok ? 0 : 1;
}
