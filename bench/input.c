#include "input.h"

#include <fts.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/str.h"

static bool is_json(const struct hn_buf *b)
{
    struct hn_jr r;
    enum hn_jtok t;

    hn_jr_init(&r, hn_str_bytes(hn_buf_text(b)), 0, 0);
    do
        t = hn_jr_next(&r);
    while (t != HN_J_END && t != HN_J_ERR);
    return t == HN_J_END;
}

static bool add(struct bench_texts *t, const struct hn_buf *b)
{
    struct bench_text *v = realloc(t->v, (t->n + 1) * sizeof *v);
    char *copy = calloc(1, b->n + 64);

    if (v)
        t->v = v;
    if (!v || !copy) {
        free(copy);
        return false;
    }
    if (b->n)
        memcpy(copy, b->p, b->n);
    v[t->n].p = copy;
    v[t->n].n = b->n;
    t->n++;
    t->bytes += b->n;
    return true;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

bool bench_load(struct bench_texts *t, const char *path)
{
    char *paths[] = {(char *)path, NULL};
    FTS *fts = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
    struct hn_buf b;
    bool ok = fts != NULL;

    hn_buf_init(&b, (size_t)1 << 30);
    for (FTSENT *e; ok && (e = fts_read(fts)) != NULL;) {
        if (e->fts_info != FTS_F || !hn_str_ends(hn_str_c(e->fts_name), ".json"))
            continue;
        hn_buf_clear(&b);
        if (hn_ok(hn_read_file(e->fts_accpath, &b, NULL)) && is_json(&b))
            ok = add(t, &b);
    }
    if (fts)
        fts_close(fts);
    hn_buf_done(&b);
    return ok && t->n;
}

void bench_texts_done(struct bench_texts *t)
{
    for (size_t i = 0; i < t->n; i++)
        free(t->v[i].p);
    free(t->v);
    *t = (struct bench_texts){0};
}

void bench_make_sbom(struct hn_buf *b, unsigned n)
{
    static const char *const licences[] = {"MIT", "Apache-2.0", "GPL-2.0-or-later", "BSD-3-Clause"};
    uint64_t digest = 1;

    hn_buf_c(b, "{\n  \"bomFormat\": \"CycloneDX\",\n  \"specVersion\": \"1.5\",\n  \"version\": 1,\n"
                "  \"components\": [\n");
    for (unsigned i = 0; i < n; i++) {
        digest = digest * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        hn_buf_fmt(b,
                   "    {\n      \"type\": \"library\",\n      \"bom-ref\": \"pkg:npm/lib-%u@%u.%u.%u\",\n"
                   "      \"name\": \"lib-%u\",\n      \"version\": \"%u.%u.%u\",\n"
                   "      \"description\": \"A part of the example, number %u; \\\"quoted\\\" and caf\xC3\xA9\",\n"
                   "      \"hashes\": [\n        {\n          \"alg\": \"SHA-256\",\n"
                   "          \"content\": \"%016jx%016jx%016jx%016jx\"\n        }\n      ],\n"
                   "      \"licenses\": [\n        {\n          \"license\": {\n            \"id\": \"%s\"\n"
                   "          }\n        }\n      ],\n      \"size\": %u,\n      \"score\": %u.%u\n    }%s\n",
                   i, i % 7, i % 11, i % 13, i, i % 7, i % 11, i % 13, i, (uintmax_t)digest, (uintmax_t)~digest,
                   (uintmax_t)(digest >> 3), (uintmax_t)(digest << 3), licences[i % 4], i * 37, i % 10, i % 100,
                   i + 1 < n ? "," : "");
    }
    hn_buf_c(b, "  ]\n}\n");
}

const char *bench_data(void)
{
    const char *path = getenv("HINOMI_TEST_DATA");

    if (!path)
        path = "../shared/data";
    return access(path, R_OK) == 0 ? path : NULL;
}

double bench_cpu(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}
