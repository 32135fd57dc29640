/* Between families: what people look for survives the way there and back, for every real document; what does not is
 * told. */
#include "format/sbom/bom_review.h"
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

/* SPDX 2.3, 10.1: a licence that is on no list has an entry in the document, be its text not known. */
TEST(licences_of_ones_own_in_an_expression_have_an_entry)
{
    struct doc d, back;
    struct hn_bom_notes loss = {.most = 10};

    doc_c(&d,
          "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"components\":[{\"type\":\"library\",\"name\":\"x\","
          "\"licenses\":[{\"expression\":\"MIT AND (LicenseRef-own OR LicenseRef-own OR "
          "DocumentRef-a:LicenseRef-b)\"}]}]}");
    struct hn_str text = doc_write(&d, "spdx-2.3", &loss);
    static const char entry[] = "\"licenseId\":\"LicenseRef-own\"";
    ptrdiff_t at = hn_str_find(text, hn_str_c(entry));
    CHECK(at >= 0 && hn_str_find(hn_str_cut(text, (size_t)at + 1, text.n), hn_str_c(entry)) < 0);
    CHECK(hn_str_find(text, HN_STR("\"licenseId\":\"LicenseRef-b\"")) < 0); /* the other document explains it */
    doc_read(&back, hn_str_bytes(text));
    text = doc_write(&back, "cyclonedx-1.6", &loss);
    CHECK(hn_str_find(text, HN_STR("MIT AND (LicenseRef-own OR LicenseRef-own OR")) >= 0);
    doc_done(&back);
    doc_done(&d);
}

static size_t lost_to_cyclonedx(struct hn_bytes text)
{
    struct doc d;
    struct hn_bom_notes loss = {.most = 10};

    doc_read(&d, text);
    if (hn_ok(d.err))
        doc_write(&d, "cyclonedx-1.6", &loss);
    bool read = hn_ok(d.err) && !d.b.broken;
    doc_done(&d);
    return read ? loss.n : SIZE_MAX;
}

static size_t lost_of_entry(const char *entry)
{
    char text[1000];

    snprintf(text, sizeof text,
             "{\"spdxVersion\":\"SPDX-2.3\",\"dataLicense\":\"CC0-1.0\",\"SPDXID\":\"SPDXRef-DOCUMENT\",\"name\":\"d\","
             "\"documentNamespace\":\"https://example.org/d\",\"packages\":[{\"SPDXID\":\"SPDXRef-a\",\"name\":\"a\","
             "\"downloadLocation\":\"NOASSERTION\",\"licenseDeclared\":\"MIT AND LicenseRef-1\"}],"
             "\"hasExtractedLicensingInfos\":[%s]}",
             entry);
    return lost_to_cyclonedx(hn_str_bytes(hn_str_c(text)));
}

/* The name travels; a text that is the name again, or not known, says no more. */
TEST(a_licence_by_name_comes_back_without_loss)
{
    static const char *const families[] = {"spdx-2.2", "spdx-2.3", "spdx-2.3-tv", "spdx-3.0"};

    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        struct doc d;
        struct hn_bom_notes loss = {.most = 10}; /* in the arena of d */
        NOTE("%s", families[i]);
        doc_c(
            &d,
            "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"components\":[{\"type\":\"library\",\"name\":\"x\","
            "\"licenses\":[{\"license\":{\"name\":\"Ours "
            "alone\"}},{\"license\":{\"id\":\"MIT\"}}]},{\"type\":\"library\","
            "\"name\":\"y\",\"licenses\":[{\"expression\":\"MIT OR LicenseRef-own\"}]}]}");
        CHECK_UINT(lost_to_cyclonedx(hn_str_bytes(doc_write(&d, families[i], &loss))), 0);
        doc_done(&d);
    }
    CHECK_UINT(lost_of_entry("{\"licenseId\":\"LicenseRef-1\",\"name\":\"N\",\"extractedText\":\"N\"}"), 0);
    CHECK_UINT(lost_of_entry("{\"licenseId\":\"LicenseRef-1\",\"extractedText\":\"NOASSERTION\"}"), 0);
    CHECK_UINT(lost_of_entry("{\"licenseId\":\"LicenseRef-1\",\"name\":\"N\",\"extractedText\":\"Do as you please\"}"),
               1);
    CHECK_UINT(lost_of_entry("{\"licenseId\":\"LicenseRef-1\",\"extractedText\":\"Do as you please\"}"), 1);
    CHECK_UINT(lost_of_entry("{\"licenseId\":\"LicenseRef-1\",\"name\":\"N\",\"extractedText\":\"N\",\"seeAlsos\":["
                             "\"https://example.org\"]}"),
               1);
    CHECK_UINT(lost_of_entry("{\"licenseId\":\"LicenseRef-unused\",\"name\":\"N\",\"extractedText\":\"N\"}"), 1);
    CHECK_UINT(lost_of_entry("{\"licenseId\":\"LicenseRef-1\",\"name\":\"N\",\"extractedText\":\"N\"},"
                             "{\"licenseId\":\"LicenseRef-2\",\"name\":\"M\",\"extractedText\":\"x\"},7"),
               2);
}

/* SPDX 2.2 demands what 2.3 lets be left out (7.13, 7.15, 7.17, 8.5, 8.6, 8.8). */
TEST(what_spdx_2_2_demands_is_there)
{
    static const char *const members[] = {"licenseConcluded", "licenseDeclared", "copyrightText", "licenseInfoInFiles"};
    static const size_t of_22[] = {2, 1, 2, 1};

    for (int older = 0; older < 2; older++) {
        struct doc d;
        struct hn_bom_notes loss = {.most = 10};
        doc_c(&d, "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"components\":[{\"type\":\"library\",\"name\":"
                  "\"x\",\"version\":\"1\"},{\"type\":\"file\",\"name\":\"/f\"}]}");
        struct hn_str text = doc_write(&d, older ? "spdx-2.2" : "spdx-2.3", &loss);
        for (size_t i = 0; i < 4; i++) {
            size_t n = 0;
            struct hn_str rest = text;
            for (ptrdiff_t at; (at = hn_str_find(rest, hn_str_c(members[i]))) >= 0; n++)
                rest = hn_str_cut(rest, (size_t)at + 1, rest.n);
            CHECK_UINT(n, older ? of_22[i] : 0);
        }
        doc_done(&d);
    }
}

TEST(the_library_of_go_needs_no_namespace)
{
    struct doc d;
    doc_c(&d, "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"components\":[{\"type\":\"library\",\"name\":"
              "\"stdlib\","
              "\"version\":\"1.22.1\",\"purl\":\"pkg:golang/stdlib@1.22.1\"}]}");
    hn_bom_review(&d.b);
    CHECK_UINT(told(&d, "bad-purl"), 0);
    doc_done(&d);
    doc_c(&d,
          "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"components\":[{\"type\":\"library\",\"name\":\"x\","
          "\"version\":\"1\",\"purl\":\"pkg:golang/other@1\"}]}");
    hn_bom_review(&d.b);
    CHECK_UINT(told(&d, "bad-purl"), 1);
    doc_done(&d);
}

/* SPDX 2.3, 7.7: a place to download from is no file of this machine; that comes back by another way. */
TEST(a_file_of_the_machine_is_no_place_to_download_from)
{
    struct doc d, back;

    for (int tags = 0; tags < 2; tags++) {
        struct hn_bom_notes loss = {.most = 10}, lossback = {.most = 10}; /* kept by the documents */
        doc_c(&d, "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"components\":[{\"type\":\"library\",\"name\":"
                  "\"x\",\"externalReferences\":[{\"type\":\"distribution\",\"url\":\"file:///usr/bin/x\"}]},"
                  "{\"type\":\"library\",\"name\":\"y\",\"externalReferences\":[{\"type\":\"distribution\",\"url\":"
                  "\"https://y.example/y.tar\"}]}]}");
        struct hn_str text = doc_write(&d, tags ? "spdx-2.2-tv" : "spdx-2.3", &loss);
        CHECK(hn_str_find(text, tags ? HN_STR("PackageDownloadLocation: NOASSERTION")
                                     : HN_STR("\"downloadLocation\":\"NOASSERTION\"")) >= 0);
        CHECK(hn_str_find(text, tags ? HN_STR("PackageDownloadLocation: https://y.example/y.tar")
                                     : HN_STR("\"downloadLocation\":\"https://y.example/y.tar\"")) >= 0);
        CHECK(hn_str_find(text, HN_STR("ocation: file:")) < 0 && hn_str_find(text, HN_STR("ocation\":\"file:")) < 0);
        doc_read(&back, hn_str_bytes(text));
        text = doc_write(&back, "cyclonedx-1.6", &lossback);
        CHECK(hn_str_find(text, HN_STR("\"url\": \"file:///usr/bin/x\"")) >= 0);
        CHECK(hn_str_find(text, HN_STR("\"type\": \"distribution\"")) >= 0);
        doc_done(&back);
        doc_done(&d);
    }
}

/* SPDX 2.2 has no primaryPackagePurpose. */
TEST(what_something_is_comes_back_from_spdx_2_2)
{
    struct doc d, back;
    struct hn_bom_notes loss = {.most = 10};

    doc_c(&d, "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"metadata\":{\"timestamp\":\"2026-01-02T03:04:"
              "05Z\",\"component\":{\"type\":\"library\","
              "\"name\":\"s\"}},\"components\":[{\"type\":\"firmware\",\"name\":\"x\",\"version\":\"1\"}]}");
    doc_read(&back, hn_str_bytes(doc_write(&d, "spdx-2.2-tv", &loss)));
    CHECK_UINT(loss.n, 0);
    CHECK(back.b.subject && back.b.subject->type == HN_BOM_TYPE_LIBRARY);
    CHECK(back.b.n_components == 1 && back.b.components[0]->type == HN_BOM_TYPE_FIRMWARE);
    doc_done(&back);
    doc_done(&d);
}
