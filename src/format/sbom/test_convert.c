/* Between families: what people look for survives the way there and back, for every real document; what does not is
 * told. */
#include "format/sbom/test_sbom.h"

static const char *there;
static size_t documents, with_components;

static bool is_bom(const struct doc *d)
{
    return hn_ok(d->err) && !d->b.broken;
}

static void there_and_back(const char *path, struct hn_bytes text)
{
    struct doc first, second, third;
    struct lines before, after;
    struct hn_bom_notes loss = {.most = 100};
    const char *back = "cyclonedx-1.6";

    doc_read(&first, text);
    if (!is_bom(&first)) {
        doc_done(&first);
        return;
    }
    if (first.b.family == HN_BOM_SPDX2 || first.b.family == HN_BOM_SPDX3)
        back = first.b.family == HN_BOM_SPDX2 ? "spdx-2.3" : "spdx-3.0";
    NOTE("%s by %s", path, there);
    doc_lines(&first, &before);
    doc_read(&second, hn_str_bytes(doc_write(&first, there, &loss)));
    CHECK_OK(second.err);
    doc_read(&third, hn_str_bytes(doc_write(&second, back, &loss)));
    CHECK_OK(third.err);
    doc_lines(&third, &after);
    same_lines(&after, &before);
    documents++;
    with_components += first.b.n_components > 0;
    doc_done(&first);
    doc_done(&second);
    doc_done(&third);
}

static void all_real(const char *format)
{
    const char *dir = getenv("HINOMI_TEST_DATA"), *ci = getenv("CI");
    char path[1024];

    snprintf(path, sizeof path, "%s/sbom/dev", dir ? dir : "");
    there = format;
    static const char *const folders[] = {"cdx-real", "host", "osv-scanner", "trivy"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char folder[1100];
        snprintf(folder, sizeof folder, "%s/%s", path, folders[i]);
        walk(folder, there_and_back);
        STOP_IF_FAILED();
    }
    if (!documents) {
        CHECK(!ci || strcmp(ci, "true") != 0);
        SKIP("no real documents: set HINOMI_TEST_DATA");
    }
    CHECK(with_components > 20);
}

TEST_LONG(real_documents_by_way_of_spdx_2_json, 120)
{
    all_real("spdx-2.3");
}

TEST_LONG(real_documents_by_way_of_spdx_2_tags, 120)
{
    all_real("spdx-2.3-tv");
}

TEST_LONG(real_documents_by_way_of_spdx_3, 120)
{
    all_real("spdx-3.0");
}

TEST_LONG(real_documents_by_way_of_cyclonedx, 120)
{
    all_real("cyclonedx-1.6");
}
