/* Bills of materials: whatever is read to the end can be indexed, checked, reviewed and written, and what was written
 * reads back as the same. */
#include "base/mem.h"
#include "format/sbom/bom.h"
#include "format/sbom/bom_graph.h"
#include "format/sbom/bom_review.h"
#include "format/sbom/cdx.h"
#include "fuzz.h"

#define MEMORY ((size_t)256 << 20)

static bool read(struct hn_bom *b, struct hn_arena *a, struct hn_bytes text)
{
    hn_arena_init(a, MEMORY);
    hn_bom_init(b, a);
    return hn_ok(hn_bom_read(b, text)) && hn_ok(hn_bom_index(b));
}

static void done(struct hn_bom *b, struct hn_arena *a)
{
    hn_bom_done(b);
    hn_arena_done(a);
}

static bool write(const struct hn_bom *b, enum hn_bom_form form, const char *version, struct hn_buf *out)
{
    struct hn_bom_notes loss = {.most = 20};
    struct hn_bom_how how = {.family = HN_BOM_CYCLONEDX, .form = form, .version = version, .compact = true};

    return hn_ok(hn_bom_write(b, &how, out, &loss));
}

static void on_path(void *arg, const uint32_t *path, size_t n)
{
    const struct hn_bom_graph *g = arg;

    for (size_t i = 0; i < n; i++)
        FUZZ_CHECK(path[i] < g->n, "%u", path[i]);
}

static void graph(const struct hn_bom *b, struct hn_arena *a)
{
    struct hn_bom_graph g;

    if (!hn_bom_graph_build(&g, b, a))
        return;
    hn_bom_graph_cycles(&g, a, on_path, &g);
    for (uint32_t i = 0; i < g.n && i < 8; i++)
        hn_bom_graph_paths(&g, i, 4, a, on_path, &g);
}

/* One round of JSON to JSON, which must be readable. False: memory ended. */
static bool round_of(const struct hn_bom *b, struct hn_buf *out, struct hn_bom *ret, struct hn_arena *a)
{
    if (!write(b, HN_BOM_JSON, NULL, out))
        return false;
    bool good = read(ret, a, hn_bytes_of(out->p, out->n));
    FUZZ_CHECK(good || a->failed, "%.*s", (int)out->n, out->p);
    if (!good)
        done(ret, a);
    return good;
}

/* The first round puts right what was dirty (a word of no version finds its place among the members); from then on
 * another one changes nothing. */
static void rounds(const struct hn_bom *b)
{
    struct hn_buf once, twice, thrice;
    struct hn_arena a, c;
    struct hn_bom second, third;

    hn_buf_init(&once, 64u << 20);
    hn_buf_init(&twice, 64u << 20);
    hn_buf_init(&thrice, 64u << 20);
    if (round_of(b, &once, &second, &a)) {
        if (round_of(&second, &twice, &third, &c)) {
            if (write(&third, HN_BOM_JSON, NULL, &thrice))
                FUZZ_CHECK(thrice.n == twice.n && memcmp(thrice.p, twice.p, twice.n) == 0, "\n%.*s\n%.*s", (int)twice.n,
                           twice.p, (int)thrice.n, thrice.p);
            done(&third, &c);
        }
        done(&second, &a);
    }
    hn_buf_done(&once);
    hn_buf_done(&twice);
    hn_buf_done(&thrice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const versions[] = {"1.4", "1.5", "1.6", "1.7"};
    struct hn_bytes text = fuzz_copy(data, size);
    struct hn_arena a;
    struct hn_bom b;
    struct hn_buf out;

    if (read(&b, &a, text)) {
        hn_cdx_check(&b);
        hn_bom_review(&b);
        graph(&b, &a);
        if (b.family == HN_BOM_CYCLONEDX)
            rounds(&b);
        for (size_t i = 0; i < 4; i++)
            for (int form = HN_BOM_JSON; form <= HN_BOM_XML; form++) {
                hn_buf_init(&out, 64u << 20);
                (void)write(&b, (enum hn_bom_form)form, versions[i], &out);
                hn_buf_done(&out);
            }
    }
    hn_bom_places(&b);
    done(&b, &a);
    fuzz_free(text);
    return 0;
}
