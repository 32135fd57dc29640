/* Readers of SPDX, SWID, CoSWID and envelopes: the first byte chooses one. What was read is indexed and written in
 * every family; what was written is read again without losing the parts. A second mode: licence expressions. */
#include "base/str.h"
#include "format/sbom/convert.h"
#include "format/sbom/diff.h"
#include "format/sbom/licence.h"
#include "format/sbom/quality.h"
#include "format/sbom/spdx.h"
#include "fuzz.h"

#define MEMORY (64u << 20)

static void quality(const struct hn_bom *b, struct hn_arena *a)
{
    struct hn_quality q;
    struct hn_quality_count n;
    bool ok = hn_ok(hn_quality_begin(&q, b, a));
    for (const struct hn_quality_check *c = hn_quality_checks; ok && c->name; c++)
        ok = hn_ok(hn_quality_run(&q, c, 3, &n));
    hn_quality_done(&q);
}

/* Writing and reading back keeps the number of components; a damaged or huge document may be refused. */
static void write_one(struct hn_bom *b, const char *name, bool whole)
{
    struct hn_bom_notes loss = {.most = 10};
    struct hn_bom_how how;
    struct hn_buf out;

    FUZZ_CHECK(hn_bom_how_of(hn_str_c(name), &how), "%s", name);
    size_t n = b->n_components + (b->subject != NULL);
    hn_buf_init(&out, 8u << 20);
    if (hn_ok(hn_bom_recast(b, how.family, &loss)) && hn_ok(hn_bom_write(b, &how, &out, &loss)) && whole) {
        struct hn_arena a;
        struct hn_bom back;
        hn_arena_init(&a, MEMORY);
        hn_bom_init(&back, &a);
        struct hn_err err = hn_bom_read(&back, hn_bytes_of(out.p, out.n));
        if (err.code != HN_E_NOMEM && hn_ok(err))
            FUZZ_CHECK(back.n_components + (back.subject != NULL) == n, "%s: %zu, %zu before", name,
                       back.n_components + (back.subject != NULL), n);
        hn_bom_done(&back);
        hn_arena_done(&a);
    }
    hn_buf_done(&out);
}

static void read_one(const struct hn_bom_format *f, struct hn_bytes b, const char *to)
{
    struct hn_arena a;
    struct hn_bom bom;

    hn_arena_init(&a, MEMORY);
    hn_bom_init(&bom, &a);
    bom.family = f->family;
    bom.form = f->form;
    bom.text = b;
    struct hn_err err = f->read(&bom, b);
    FUZZ_CHECK(hn_ok(err) || bom.notes.n || err.code == HN_E_NOMEM, "no reason told");
    if (hn_ok(hn_bom_index(&bom)) && !a.failed) {
        struct hn_bom_diff d;
        quality(&bom, &a);
        if (hn_ok(hn_bom_compare(&a, &bom, &bom, true, &d)))
            FUZZ_CHECK(!d.count[HN_BOM_ADDED] && !d.count[HN_BOM_REMOVED], "differs from itself");
        write_one(&bom, to, false);
    }
    hn_bom_done(&bom);
    hn_arena_done(&a);
}

static enum hn_licence_verdict any(void *arg, const struct hn_licence *leaf)
{
    return hn_licence_covers(HN_STR("GPL-*"), leaf, false) ? HN_LICENCE_DENY : HN_LICENCE_ALLOW;
}

/* The normal form of a normal form is itself. */
static void licence(struct hn_bytes b)
{
    struct hn_arena a;
    struct hn_licence_notes notes;
    struct hn_str text;
    struct hn_buf once, twice;

    if (b.n > 4096 || !hn_str_from_utf8(b, &text))
        return;
    hn_arena_init(&a, MEMORY);
    hn_buf_init(&once, 1u << 20);
    hn_buf_init(&twice, 1u << 20);
    const struct hn_licence *l = hn_licence_parse(&a, text, &notes), *why;
    if (l) {
        hn_licence_judge(l, any, NULL, &why);
        hn_licence_write(&once, &a, l);
        l = hn_licence_parse(&a, hn_buf_text(&once), &notes);
        FUZZ_CHECK(l || a.failed, "%.*s", HN_FMT(hn_buf_text(&once)));
        if (l)
            hn_licence_write(&twice, &a, l);
        FUZZ_CHECK(a.failed || hn_str_eq(hn_buf_text(&once), hn_buf_text(&twice)), "%.*s | %.*s",
                   HN_FMT(hn_buf_text(&once)), HN_FMT(hn_buf_text(&twice)));
    }
    hn_buf_done(&once);
    hn_buf_done(&twice);
    hn_arena_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct hn_bom_format *const formats[] = {&hn_bom_spdx2_json, &hn_bom_spdx2_tag,  &hn_bom_spdx3_json,
                                                          &hn_bom_swid,       &hn_bom_coswid,     &hn_bom_dsse,
                                                          &hn_bom_intoto,     &hn_bom_spdx2_yaml, &hn_bom_spdx2_rdf};
    static const char *const to[] = {"cyclonedx-1.6", "spdx-2.3", "spdx-2.3-tv", "spdx-3.0"};
    static const size_t licences = 7;
    if (!size)
        return 0;
    struct hn_bytes b = fuzz_copy(data + 1, size - 1);
    /* '0' is SPDX 2 JSON, '1' tags, '2' SPDX 3, … '7' a licence; 'x' YAML, 'y' RDF */
    size_t kind = data[0] == 'x' || data[0] == 'y' ? (size_t)(data[0] - 'x') + licences : data[0] & 7;
    if (kind == licences && data[0] != 'x')
        licence(b);
    else
        read_one(formats[kind], b, to[data[0] >> 3 & 3]);
    fuzz_free(b);
    return 0;
}
