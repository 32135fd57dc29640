/* Differences between documents and single checks of quality. */
#include "format/sbom/diff.h"
#include "format/sbom/quality.h"
#include "format/sbom/test_sbom.h"

static const char before[] =
    "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"components\":["
    "{\"type\":\"library\",\"bom-ref\":\"a\",\"name\":\"a\",\"version\":\"1.9\",\"purl\":\"pkg:npm/a@1.9\"},"
    "{\"type\":\"library\",\"bom-ref\":\"b\",\"name\":\"b\",\"version\":\"2.0\",\"purl\":\"pkg:npm/"
    "b@2.0\",\"licenses\":"
    "[{\"expression\":\"MIT OR "
    "ISC\"}],\"hashes\":[{\"alg\":\"SHA-1\",\"content\":\"da39a3ee5e6b4b0d3255bfef95601890afd80709\"}]},"
    "{\"type\":\"library\",\"bom-ref\":\"c\",\"name\":\"c\",\"version\":\"1\"},"
    "{\"type\":\"library\",\"bom-ref\":\"d1\",\"name\":\"d\",\"version\":\"1\",\"purl\":\"pkg:npm/d@1\"},"
    "{\"type\":\"library\",\"bom-ref\":\"d2\",\"name\":\"d\",\"version\":\"2\",\"purl\":\"pkg:npm/d@2\"}],"
    "\"dependencies\":[{\"ref\":\"a\",\"dependsOn\":[\"b\",\"d1\"]},{\"ref\":\"b\",\"dependsOn\":[]}]}";
static const char after[] =
    "SPDXVersion: SPDX-2.3\nSPDXID: SPDXRef-DOCUMENT\nDocumentName: n\nDocumentNamespace: https://example.com/n\n"
    "Creator: Tool: t\nCreated: 2026-01-02T03:04:05Z\n"
    "PackageName: a\nSPDXID: SPDXRef-a\nPackageVersion: 1.10\nExternalRef: PACKAGE-MANAGER purl pkg:npm/a@1.10\n"
    "PackageName: b\nSPDXID: SPDXRef-b\nPackageVersion: 2.0\nExternalRef: PACKAGE-MANAGER purl pkg:npm/b@2.0\n"
    "PackageLicenseDeclared: ISC OR MIT\nPackageChecksum: SHA1: 0000000000000000000000000000000000000000\n"
    "PackageName: d\nSPDXID: SPDXRef-d\nPackageVersion: 2\nExternalRef: PACKAGE-MANAGER purl pkg:npm/d@2\n"
    "PackageName: e\nSPDXID: SPDXRef-e\nPackageSupplier: Organization: E\n"
    "Relationship: SPDXRef-a DEPENDS_ON SPDXRef-b\nRelationship: SPDXRef-a DEPENDS_ON SPDXRef-e\n"
    "Relationship: SPDXRef-b DEPENDS_ON NONE\n";

TEST(documents_of_two_families_are_compared)
{
    struct doc x, y;
    struct hn_bom_diff d;
    doc_c(&x, before);
    doc_c(&y, after);
    CHECK_OK(hn_bom_compare(&x.a, &x.b, &y.b, false, &d));
    CHECK_UINT(d.count[HN_BOM_UPGRADED], 1); /* a: 1.9 → 1.10 */
    CHECK_UINT(d.count[HN_BOM_DOWNGRADED], 0);
    CHECK_UINT(d.count[HN_BOM_HASH], 1);    /* b */
    CHECK_UINT(d.count[HN_BOM_LICENCE], 0); /* the same licence in another order */
    CHECK_UINT(d.count[HN_BOM_REMOVED], 2); /* c, and d in version 1: version 2 is in both */
    CHECK_UINT(d.count[HN_BOM_ADDED], 1);   /* e */
    CHECK_UINT(d.count[HN_BOM_NEEDS], 1);
    CHECK_UINT(d.count[HN_BOM_NEEDS_NOT], 1);
    CHECK_UINT(d.same, 1);
    CHECK_OK(hn_bom_compare(&x.a, &x.b, &x.b, true, &d));
    CHECK_UINT(d.n, 0);
    doc_done(&x);
    doc_done(&y);
}

/* State of a check over a document of one component. */
static enum hn_quality_state state(const char *check, const char *parameter, const char *members)
{
    struct doc d;
    struct hn_quality_count n = {.n = 0};
    char text[2048];
    snprintf(text, sizeof text,
             "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"components\":[{\"type\":\"library\",\"bom-ref\":"
             "\"r\"%s}]}",
             members);
    doc_c(&d, text);
    const struct hn_quality_check *c = hn_quality_check_find(hn_str_c(check));
    enum hn_quality_state s = HN_QUALITY_STATES;
    struct hn_quality q;
    bool ready = hn_ok(hn_quality_begin(&q, &d.b, &d.a));
    q.parameter = hn_str_c(parameter);
    if (c && ready && hn_ok(hn_quality_run(&q, c, 10, &n)) && n.n == 1)
        for (int i = 0; i < HN_QUALITY_STATES; i++)
            s = n.state[i] ? (enum hn_quality_state)i : s;
    hn_quality_done(&q);
    doc_done(&d);
    return s;
}

TEST(checks_tell_missing_from_unknown_withheld_and_wrong)
{
    CHECK_INT(state("component.version", NULL, ""), HN_QUALITY_MISSING);
    CHECK_INT(state("component.version", NULL, ",\"version\":\"1\""), HN_QUALITY_PRESENT);
    CHECK_INT(state("component.version", NULL, ",\"version\":\"NOASSERTION\""), HN_QUALITY_UNKNOWN);
    CHECK_INT(state("component.version", NULL, ",\"version\":\"redacted\""), HN_QUALITY_REDACTED);
    CHECK_INT(state("component.identifier", NULL, ",\"purl\":\"npm/x\""), HN_QUALITY_INVALID);
    CHECK_INT(state("component.identifier", NULL, ",\"purl\":\"pkg:npm/x@1\""), HN_QUALITY_PRESENT);
    CHECK_INT(state("component.hash", "strong",
                    ",\"hashes\":[{\"alg\":\"MD5\",\"content\":\"d41d8cd98f00b204e9800998ecf8427e\"}]"),
              HN_QUALITY_MISSING);
    CHECK_INT(state("component.hash", "SHA-1", ",\"hashes\":[{\"alg\":\"SHA-1\",\"content\":\"00\"}]"),
              HN_QUALITY_INVALID);
    CHECK_INT(state("component.licence-spdx", NULL, ",\"licenses\":[{\"license\":{\"name\":\"Mine\"}}]"),
              HN_QUALITY_INVALID);
    CHECK_INT(state("component.licence-spdx", NULL, ",\"licenses\":[{\"expression\":\"MIT OR ISC\"}]"),
              HN_QUALITY_PRESENT);
    CHECK_INT(state("component.creator", NULL, ",\"supplier\":{\"name\":\"ACME\"}"), HN_QUALITY_INVALID);
    CHECK_INT(state("component.creator", NULL, ",\"supplier\":{\"name\":\"ACME\",\"url\":[\"https://acme.example\"]}"),
              HN_QUALITY_PRESENT);
    CHECK_INT(state("component.dependencies", NULL, ""), HN_QUALITY_MISSING);
    CHECK_INT(state("document.format", "cyclonedx-1.6 spdx-3.0.1", ""), HN_QUALITY_PRESENT);
    CHECK_INT(state("document.format", "cyclonedx-1.10", ""), HN_QUALITY_INVALID);
    CHECK_INT(state("document.tool", NULL, ""), HN_QUALITY_MISSING);
    CHECK(!hn_quality_check_find(HN_STR("component.nonsense")));
}

/* The same names of licences as CycloneDX lists them and as SPDX refers to them. */
TEST(a_reference_of_the_document_is_the_name_that_the_document_gives_it)
{
    static const char cdx[] =
        "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"components\":["
        "{\"type\":\"library\",\"name\":\"a\",\"version\":\"1\",\"licenses\":[{\"license\":{\"name\":\"GPL-2\"}},"
        "{\"license\":{\"id\":\"MIT\"}}]},"
        "{\"type\":\"library\",\"name\":\"b\",\"version\":\"1\",\"licenses\":[{\"license\":{\"name\":\"The BSD "
        "License\"}"
        "}]},"
        "{\"type\":\"library\",\"name\":\"c\",\"version\":\"1\",\"licenses\":[{\"license\":{\"name\":\"Other\"}}]}]}";
    static const char spdx[] =
        "{\"spdxVersion\":\"SPDX-2.3\",\"SPDXID\":\"SPDXRef-DOCUMENT\",\"name\":\"n\",\"packages\":["
        "{\"SPDXID\":\"SPDXRef-a\",\"name\":\"a\",\"versionInfo\":\"1\",\"licenseDeclared\":\"LicenseRef-2 AND MIT\"},"
        "{\"SPDXID\":\"SPDXRef-b\",\"name\":\"b\",\"versionInfo\":\"1\",\"licenseDeclared\":\"LicenseRef-b\"},"
        "{\"SPDXID\":\"SPDXRef-c\",\"name\":\"c\",\"versionInfo\":\"1\",\"licenseDeclared\":\"LicenseRef-2\"}],"
        "\"hasExtractedLicensingInfos\":["
        "{\"licenseId\":\"LicenseRef-2\",\"name\":\"GPL-2\",\"extractedText\":\"GPL-2\"},"
        "{\"licenseId\":\"LicenseRef-b\",\"name\":\"The BSD License\",\"extractedText\":\"x\"}]}";
    struct doc x, y;
    struct hn_bom_diff d;
    doc_c(&x, cdx);
    doc_c(&y, spdx);
    CHECK_OK(hn_bom_compare(&x.a, &x.b, &y.b, false, &d));
    CHECK_UINT(d.n, 1); /* c */
    CHECK_UINT(d.count[HN_BOM_LICENCE], 1);
    if (d.n == 1)
        CHECK_TEXT(d.list[0].to, "GPL-2");
    CHECK_OK(hn_bom_compare(&x.a, &y.b, &x.b, false, &d));
    CHECK_UINT(d.n, 1);
    doc_done(&x);
    doc_done(&y);
}

/* One version in two places, of which one document names the other first. */
TEST(copies_of_one_version_are_paired_by_what_is_said_of_them)
{
#define COPY "{\"type\":\"library\",\"name\":\"y\",\"version\":\"4\",\"purl\":\"pkg:npm/y@4\""
#define SAID COPY ",\"supplier\":{\"name\":\"I\"},\"licenses\":[{\"license\":{\"id\":\"ISC\"}}]}"
#define HEAD "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"components\":["
    struct doc x, y;
    struct hn_bom_diff d;
    doc_c(&x, HEAD COPY "}," SAID "]}");
    doc_c(&y, HEAD SAID "," COPY "}]}");
    CHECK_OK(hn_bom_compare(&x.a, &x.b, &y.b, false, &d));
    CHECK_UINT(d.n, 0);
    CHECK_UINT(d.same, 2);
    doc_done(&y);
    doc_c(&y, HEAD SAID "]}"); /* the one that says nothing went */
    CHECK_OK(hn_bom_compare(&x.a, &x.b, &y.b, false, &d));
    CHECK_UINT(d.n, 1);
    CHECK_UINT(d.count[HN_BOM_REMOVED], 1);
    doc_done(&x);
    doc_done(&y);
}
