/* SPDX 2 in YAML and in RDF/XML: the same model as that of the JSON form. */
#include "format/sbom/test_sbom.h"

static const char json[] =
    "{\"spdxVersion\":\"SPDX-2.3\",\"dataLicense\":\"CC0-1.0\",\"SPDXID\":\"SPDXRef-DOCUMENT\",\"name\":\"doc\","
    "\"documentNamespace\":\"https://example.org/doc\",\"creationInfo\":{\"created\":\"2026-01-02T03:04:05Z\","
    "\"creators\":[\"Tool: maker-1.2\",\"Organization: Acme (a@example.org)\"]},"
    "\"hasExtractedLicensingInfos\":[{\"licenseId\":\"LicenseRef-own\",\"extractedText\":\"Do: as you please\"}],"
    "\"packages\":[{\"SPDXID\":\"SPDXRef-a\",\"name\":\"a\",\"versionInfo\":\"1.10\",\"downloadLocation\":"
    "\"NOASSERTION\","
    "\"filesAnalyzed\":false,\"supplier\":\"Organization: Acme\",\"licenseDeclared\":\"(MIT AND LicenseRef-own)\","
    "\"licenseConcluded\":\"NOASSERTION\",\"copyrightText\":\"NONE\",\"primaryPackagePurpose\":\"APPLICATION\","
    "\"comment\":\"line one\\nline two\","
    "\"checksums\":[{\"algorithm\":\"SHA256\",\"checksumValue\":\"aa\"}],"
    "\"externalRefs\":[{\"referenceCategory\":\"PACKAGE-MANAGER\",\"referenceType\":\"purl\","
    "\"referenceLocator\":\"pkg:npm/a@1.10\"}]},"
    "{\"SPDXID\":\"SPDXRef-b\",\"name\":\"b\",\"versionInfo\":\"2\",\"downloadLocation\":\"https://example.org/b\","
    "\"licenseDeclared\":\"(GPL-2.0-only WITH Classpath-exception-2.0 OR Apache-2.0+)\"}],"
    "\"files\":[{\"SPDXID\":\"SPDXRef-f\",\"fileName\":\"./f\",\"checksums\":[{\"algorithm\":\"SHA1\","
    "\"checksumValue\":\"bb\"}],\"licenseConcluded\":\"MIT\",\"licenseInfoInFiles\":[\"MIT\"]}],"
    "\"relationships\":[{\"spdxElementId\":\"SPDXRef-DOCUMENT\",\"relationshipType\":\"DESCRIBES\","
    "\"relatedSpdxElement\":\"SPDXRef-a\"},{\"spdxElementId\":\"SPDXRef-a\",\"relationshipType\":\"DEPENDS_ON\","
    "\"relatedSpdxElement\":\"SPDXRef-b\"},{\"spdxElementId\":\"SPDXRef-b\",\"relationshipType\":\"CONTAINS\","
    "\"relatedSpdxElement\":\"SPDXRef-f\"}]}";

static const char yaml[] =
    "---\n# by hand\nspdxVersion: \"SPDX-2.3\"\ndataLicense: CC0-1.0\nSPDXID: SPDXRef-DOCUMENT\n"
    "name: doc\ndocumentNamespace: https://example.org/doc\ncreationInfo:\n"
    "  created: 2026-01-02T03:04:05Z\n  creators: ['Tool: maker-1.2', \"Organization: Acme (a@example.org)\"]\n"
    "hasExtractedLicensingInfos:\n- licenseId: LicenseRef-own\n  extractedText: 'Do: as you please'\n"
    "packages:\n- SPDXID: SPDXRef-a\n  name: a\n  versionInfo: 1.10\n  downloadLocation: NOASSERTION\n"
    "  filesAnalyzed: false\n  supplier: 'Organization: Acme'\n  licenseDeclared: (MIT AND LicenseRef-own)\n"
    "  licenseConcluded: NOASSERTION\n  copyrightText: NONE\n  primaryPackagePurpose: APPLICATION\n"
    "  comment: |-\n    line one\n    line two\n  checksums:\n  - {algorithm: SHA256, checksumValue: aa}\n"
    "  externalRefs:\n  - referenceCategory: PACKAGE-MANAGER\n    referenceType: purl\n"
    "    referenceLocator: pkg:npm/a@1.10\n- SPDXID: SPDXRef-b\n  name: b\n  versionInfo: 2\n"
    "  downloadLocation: https://example.org/b\n"
    "  licenseDeclared: (GPL-2.0-only WITH Classpath-exception-2.0 OR Apache-2.0+)\n"
    "files:\n- SPDXID: SPDXRef-f\n  fileName: ./f\n  checksums:\n  - algorithm: SHA1\n    checksumValue: bb\n"
    "  licenseConcluded: MIT\n  licenseInfoInFiles: [MIT]\nrelationships:\n"
    "- {spdxElementId: SPDXRef-DOCUMENT, relationshipType: DESCRIBES, relatedSpdxElement: SPDXRef-a}\n"
    "- {spdxElementId: SPDXRef-a, relationshipType: DEPENDS_ON, relatedSpdxElement: SPDXRef-b}\n"
    "- spdxElementId: SPDXRef-b\n  relationshipType: CONTAINS\n  relatedSpdxElement: SPDXRef-f\n";

#define RDF_HEAD                                                                                                       \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" "  \
    "xmlns:spdx=\"http://spdx.org/rdf/terms#\" xmlns:rdfs=\"http://www.w3.org/2000/01/rdf-schema#\">\n"
#define DOC "https://example.org/doc#"

/* Terms and the document's own elements are written in full: it is what a tool wrote. */
static const char rdf[] =
    RDF_HEAD "<spdx:SpdxDocument rdf:about=\"https://example.org/doc#SPDXRef-DOCUMENT\"><spdx:specVersion>SPDX-2.3"
             "</spdx:specVersion>\n"
             "<spdx:dataLicense rdf:resource=\"http://spdx.org/licenses/CC0-1.0\"/><spdx:name>doc</spdx:name>\n"
             "<spdx:creationInfo><spdx:CreationInfo><spdx:created>2026-01-02T03:04:05Z</spdx:created>"
             "<spdx:creator>Tool: maker-1.2</spdx:creator><spdx:creator>Organization: Acme (a@example.org)"
             "</spdx:creator></spdx:CreationInfo></spdx:creationInfo>\n"
             "<spdx:hasExtractedLicensingInfo>"
             "<spdx:ExtractedLicensingInfo rdf:about=\"https://example.org/doc#LicenseRef-own\">"
             "<spdx:licenseId>LicenseRef-own</spdx:licenseId><spdx:extractedText>Do: as you please</spdx:extractedText>"
             "</spdx:ExtractedLicensingInfo></spdx:hasExtractedLicensingInfo>\n"
             "<spdx:relationship><spdx:Relationship>"
             "<spdx:relationshipType rdf:resource=\"http://spdx.org/rdf/terms#relationshipType_describes\"/>"
             "<spdx:relatedSpdxElement>"
             "<spdx:Package rdf:about=\"https://example.org/doc#SPDXRef-a\" spdx:versionInfo=\"1.10\"><spdx:name>a"
             "</spdx:name><spdx:downloadLocation rdf:resource=\"http://spdx.org/rdf/terms#noassertion\"/>"
             "<spdx:filesAnalyzed>false</spdx:filesAnalyzed><spdx:supplier>Organization: Acme</spdx:supplier>"
             "<spdx:licenseDeclared><spdx:ConjunctiveLicenseSet>"
             "<spdx:member rdf:resource=\"http://spdx.org/licenses/MIT\"/>"
             "<spdx:member rdf:resource=\"https://example.org/doc#LicenseRef-own\"/></spdx:ConjunctiveLicenseSet>"
             "</spdx:licenseDeclared><spdx:licenseConcluded rdf:resource=\"http://spdx.org/rdf/terms#noassertion\"/>"
             "<spdx:copyrightText rdf:resource=\"http://spdx.org/rdf/terms#none\"/>"
             "<spdx:primaryPackagePurpose rdf:resource=\"http://spdx.org/rdf/terms#purpose_application\"/>"
             "<rdfs:comment>line one\nline two</rdfs:comment><spdx:checksum><spdx:Checksum>"
             "<spdx:algorithm rdf:resource=\"http://spdx.org/rdf/terms#checksumAlgorithm_sha256\"/>"
             "<spdx:checksumValue>aa</spdx:checksumValue></spdx:Checksum></spdx:checksum><spdx:externalRef>"
             "<spdx:ExternalRef>"
             "<spdx:referenceCategory rdf:resource=\"http://spdx.org/rdf/terms#referenceCategory_packageManager\"/>"
             "<spdx:referenceType><spdx:ReferenceType rdf:about=\"http://spdx.org/rdf/references/purl\"/>"
             "</spdx:referenceType><spdx:referenceLocator>pkg:npm/a@1.10</spdx:referenceLocator></spdx:ExternalRef>"
             "</spdx:externalRef><spdx:relationship><spdx:Relationship>"
             "<spdx:relationshipType rdf:resource=\"http://spdx.org/rdf/terms#relationshipType_dependsOn\"/>"
             "<spdx:relatedSpdxElement rdf:resource=\"https://example.org/doc#SPDXRef-b\"/></spdx:Relationship>"
             "</spdx:relationship></spdx:Package></spdx:relatedSpdxElement></spdx:Relationship></spdx:relationship>"
             "</spdx:SpdxDocument>\n"
             "<rdf:Description rdf:about=\"https://example.org/doc#SPDXRef-b\">"
             "<rdf:type rdf:resource=\"http://spdx.org/rdf/terms#Package\"/><spdx:name>b</spdx:name><spdx:versionInfo>2"
             "</spdx:versionInfo><spdx:downloadLocation>https://example.org/b</spdx:downloadLocation>"
             "<spdx:licenseDeclared><spdx:DisjunctiveLicenseSet><spdx:member><spdx:WithExceptionOperator>"
             "<spdx:member rdf:resource=\"http://spdx.org/licenses/GPL-2.0-only\"/>"
             "<spdx:licenseException rdf:resource=\"http://spdx.org/licenses/Classpath-exception-2.0\"/>"
             "</spdx:WithExceptionOperator></spdx:member><spdx:member><spdx:OrLaterOperator>"
             "<spdx:member rdf:resource=\"http://spdx.org/licenses/Apache-2.0\"/></spdx:OrLaterOperator></spdx:member>"
             "</spdx:DisjunctiveLicenseSet></spdx:licenseDeclared>\n"
             "<spdx:relationship><spdx:Relationship>"
             "<spdx:relationshipType rdf:resource=\"http://spdx.org/rdf/terms#relationshipType_contains\"/>"
             "<spdx:relatedSpdxElement rdf:resource=\"https://example.org/doc#SPDXRef-f\"/></spdx:Relationship>"
             "</spdx:relationship></rdf:Description>\n"
             "<spdx:File rdf:about=\"https://example.org/doc#SPDXRef-f\"><spdx:fileName>./f</spdx:fileName>"
             "<spdx:checksum><spdx:Checksum>"
             "<spdx:algorithm rdf:resource=\"http://spdx.org/rdf/terms#checksumAlgorithm_sha1\"/><spdx:checksumValue>bb"
             "</spdx:checksumValue></spdx:Checksum></spdx:checksum>"
             "<spdx:licenseConcluded rdf:resource=\"http://spdx.org/licenses/MIT\"/>"
             "<spdx:licenseInfoInFile rdf:resource=\"http://spdx.org/licenses/MIT\"/></spdx:File></rdf:RDF>\n";

/* Everything that the model has, as CycloneDX and SPDX 2 would say it; without the serial number, which is made from
 * the text that was read. */
static struct hn_str said(struct doc *d)
{
    struct hn_bom_notes loss = {.most = 100};
    struct hn_str tags = doc_write(d, "spdx-2.3-tv", &loss), cdx = doc_write(d, "cyclonedx-1.6", &loss);
    ptrdiff_t serial = hn_str_find(cdx, HN_STR("\"serialNumber\""));
    size_t at = serial < 0 ? 0 : (size_t)serial;
    return hn_arena_fmt(&d->a, "%.*s\n%.*s%.*s", HN_FMT(tags), HN_FMT(hn_str_cut(cdx, 0, at)),
                        HN_FMT(hn_str_cut(cdx, at + 64, cdx.n)));
}

TEST(the_same_model)
{
    const char *const forms[] = {yaml, rdf};
    struct doc want;
    doc_c(&want, json);
    CHECK_OK(want.err);
    CHECK_UINT(told(&want, "hash-form"), 2); /* short ones, for the reader's sake */
    struct hn_str expected = said(&want);
    CHECK(expected.n > 2000);
    for (size_t i = 0; i < 2; i++) {
        struct doc d;
        NOTE("%s", i ? "RDF" : "YAML");
        doc_c(&d, forms[i]);
        CHECK_OK(d.err);
        CHECK_UINT(d.b.notes.n, want.b.notes.n);
        CHECK_STR(said(&d), expected);
        doc_done(&d);
    }
    doc_done(&want);
}

TEST(written_yaml_is_read_again)
{
    struct doc d, again;
    struct hn_bom_notes loss = {.most = 10};
    doc_c(&d, json);
    struct hn_str text = doc_write(&d, "spdx-2.3-yaml", &loss);
    CHECK(text.n && text.p[0] != '{');
    CHECK_UINT(loss.n, 0);
    doc_read(&again, hn_str_bytes(text));
    CHECK_OK(again.err);
    CHECK_INT(again.b.form, HN_BOM_YAML);
    CHECK_STR(said(&again), said(&d));
    doc_done(&again);
    doc_done(&d);
}

/* With a note that says where, and what came before is there. */
static void broken(const char *text, const char *code, size_t components)
{
    struct doc d;
    NOTE("%.60s", text);
    doc_c(&d, text);
    CHECK(!hn_ok(d.err));
    CHECK(d.b.broken);
    CHECK_UINT(told(&d, code), 1);
    CHECK(d.b.n_components + (d.b.subject != NULL) >= components);
    for (const struct hn_bom_note *x = d.b.notes.first; x; x = x->next)
        CHECK(strcmp(x->code, code) != 0 || x->line > 0);
    doc_done(&d);
}

TEST(what_is_not_read_is_told)
{
    broken("spdxVersion: SPDX-2.3\npackages:\n- name: a\n- &x {name: b}\n- *x\n", "yaml", 1);
    broken("spdxVersion: SPDX-2.3\npackages:\n- name: a\n- name: [b\n", "yaml", 1);
    broken("spdxVersion: SPDX-2.3\n? [a, b]\n: c\n", "yaml", 0);
    broken("spdxVersion: SPDX-2.3\nname: !!python/object:os.system a\n", "yaml", 0);
    broken(RDF_HEAD "<spdx:Package rdf:about=\"#a\"><spdx:name>a</spdx:name></spdx:Package>", "xml", 1);
    struct doc d;
    doc_c(&d,
          RDF_HEAD "<spdx:SpdxDocument rdf:about=\"" DOC "SPDXRef-DOCUMENT\"/><spdx:Snippet/><spdx:Snippet/>"
                   "<spdx:Package rdf:about=\"" DOC "SPDXRef-p\"><spdx:name>p</spdx:name><spdx:colour>red</spdx:colour>"
                   "</spdx:Package></rdf:RDF>");
    CHECK_OK(d.err);
    CHECK_UINT(told(&d, "rdf-unmapped"), 2); /* the class once, the property */
    doc_done(&d);
}

TEST(rings_and_bombs_end)
{
    struct doc d;
    struct hn_buf b;
    hn_buf_init(&b, 8u << 20);
    hn_buf_c(&b, RDF_HEAD "<spdx:SpdxDocument rdf:about=\"" DOC "SPDXRef-DOCUMENT\"/>");
    for (int i = 0; i < 60; i++) /* each twice the one after it: 2^60 when taken apart */
        hn_buf_fmt(&b,
                   "<spdx:ConjunctiveLicenseSet rdf:nodeID=\"n%d\"><spdx:member rdf:nodeID=\"n%d\"/><spdx:member "
                   "rdf:nodeID=\"n%d\"/></spdx:ConjunctiveLicenseSet>",
                   i, i + 1, i + 1);
    hn_buf_c(&b,
             "<spdx:Package rdf:about=\"" DOC "SPDXRef-p\"><spdx:name>p</spdx:name><spdx:licenseDeclared "
             "rdf:nodeID=\"n0\"/></spdx:Package><spdx:DisjunctiveLicenseSet rdf:nodeID=\"r\"><spdx:member "
             "rdf:nodeID=\"r\"/></spdx:DisjunctiveLicenseSet><spdx:Package rdf:about=\"" DOC "SPDXRef-q\"><spdx:name>q"
             "</spdx:name><spdx:licenseDeclared rdf:nodeID=\"r\"/></spdx:Package></rdf:RDF>");
    doc_read(&d, hn_str_bytes(hn_buf_text(&b)));
    CHECK_OK(d.err);
    CHECK_UINT(d.b.n_components, 2);
    hn_buf_done(&b);
    doc_done(&d);
}

TEST_LONG(every_truncation_is_read_to_its_end, 60)
{
    const char *const forms[] = {yaml, rdf};
    for (size_t i = 0; i < 2; i++)
        for (size_t n = 0; n < strlen(forms[i]); n++) {
            struct doc d;
            doc_read(&d, hn_bytes_of(forms[i], n));
            CHECK(d.b.notes.n || hn_ok(d.err));
            CHECK(d.b.n_components <= 3);
            doc_done(&d);
        }
}
