/* SPDX 2 in JSON and tags, SPDX 3: what is read, that nothing is lost within a family, and what is told. */
#include "format/sbom/test_sbom.h"

static const char spdx2[] =
    "{\"spdxVersion\":\"SPDX-2.3\",\"dataLicense\":\"CC0-1.0\",\"SPDXID\":\"SPDXRef-DOCUMENT\",\"name\":\"n\","
    "\"documentNamespace\":\"https://example.com/n\",\"creationInfo\":{\"created\":\"2026-01-02T03:04:05Z\","
    "\"creators\":[\"Tool: maker-1.2\",\"Organization: Org (a@example.com)\"],\"licenseListVersion\":\"3.20\"},"
    "\"packages\":[{\"SPDXID\":\"SPDXRef-a\",\"name\":\"a\",\"versionInfo\":\"1.0\",\"downloadLocation\":"
    "\"NOASSERTION\","
    "\"supplier\":\"Organization: Sup ()\",\"originator\":\"Person: Jane\",\"filesAnalyzed\":true,"
    "\"packageVerificationCode\":{\"packageVerificationCodeValue\":\"d6a770ba38583ed4bb4525bd96e50461655d2758\"},"
    "\"checksums\":[{\"algorithm\":\"SHA1\",\"checksumValue\":\"da39a3ee5e6b4b0d3255bfef95601890afd80709\"}],"
    "\"homepage\":\"https://example.com/\",\"sourceInfo\":\"built package from: a 1.0-1\","
    "\"licenseConcluded\":\"MIT AND LicenseRef-1\",\"licenseDeclared\":\"NOASSERTION\",\"copyrightText\":\"NONE\","
    "\"externalRefs\":[{\"referenceCategory\":\"PACKAGE-MANAGER\",\"referenceType\":\"purl\","
    "\"referenceLocator\":\"pkg:deb/debian/"
    "a@1.0\"},{\"referenceCategory\":\"SECURITY\",\"referenceType\":\"cpe23Type\","
    "\"referenceLocator\":\"cpe:2.3:a:v:a:1.0:*:*:*:*:*:*:*\",\"comment\":\"guessed\"},"
    "{\"referenceCategory\":\"PERSISTENT-ID\",\"referenceType\":\"swh\",\"referenceLocator\":\"swh:1:cnt:00\"}],"
    "\"attributionTexts\":[\"one\",\"two\"],\"primaryPackagePurpose\":\"FILE\",\"annotations\":[{\"annotationDate\":"
    "\"2026-01-02T03:04:05Z\",\"annotationType\":\"REVIEW\",\"annotator\":\"Person: R\",\"comment\":\"line 1\\nline "
    "2\"}]},"
    "{\"SPDXID\":\"SPDXRef-b\",\"name\":\"b\",\"downloadLocation\":\"https://example.com/b\",\"filesAnalyzed\":false,"
    "\"supplier\":\"NOASSERTION\"}],"
    "\"files\":[{\"SPDXID\":\"SPDXRef-f\",\"fileName\":\"./"
    "f\",\"fileTypes\":[\"SOURCE\"],\"checksums\":[{\"algorithm\":"
    "\"SHA1\",\"checksumValue\":\"da39a3ee5e6b4b0d3255bfef95601890afd80709\"}],\"licenseInfoInFiles\":[\"MIT\"],"
    "\"licenseConcluded\":\"MIT\",\"noticeText\":\"notice\"}],"
    "\"snippets\":[{\"SPDXID\":\"SPDXRef-s\",\"name\":\"s\",\"snippetFromFile\":\"SPDXRef-f\",\"ranges\":[{"
    "\"startPointer\":"
    "{\"offset\":1,\"reference\":\"SPDXRef-f\"},\"endPointer\":{\"offset\":9,\"reference\":\"SPDXRef-f\"}}]}],"
    "\"hasExtractedLicensingInfos\":[{\"licenseId\":\"LicenseRef-1\",\"name\":\"Mine\",\"extractedText\":\"text\"}],"
    "\"relationships\":[{\"spdxElementId\":\"SPDXRef-DOCUMENT\",\"relationshipType\":\"DESCRIBES\","
    "\"relatedSpdxElement\":\"SPDXRef-a\"},{\"spdxElementId\":\"SPDXRef-b\",\"relationshipType\":\"DEPENDENCY_OF\","
    "\"relatedSpdxElement\":\"SPDXRef-a\",\"comment\":\"why\"},{\"spdxElementId\":\"SPDXRef-b\",\"relationshipType\":"
    "\"DEPENDS_ON\",\"relatedSpdxElement\":\"NONE\"},{\"spdxElementId\":\"SPDXRef-a\",\"relationshipType\":"
    "\"CONTAINS\","
    "\"relatedSpdxElement\":\"SPDXRef-f\"}]}";

/* Members of objects in the order of their names, items of arrays in the order of their text: what JSON says. */
static void canonical(struct hn_arena *a, struct hn_buf *out, const struct hn_jv *v)
{
    struct lines l = {.a = a};
    struct hn_jw w;

    if (v->kind != HN_JV_ARR && v->kind != HN_JV_OBJ) {
        hn_jw_init(&w, out);
        hn_jw_value(&w, v);
        return;
    }
    for (size_t i = 0; i < v->n; i++) {
        struct hn_buf one;
        hn_buf_init(&one, 1u << 20);
        if (v->kind == HN_JV_OBJ)
            hn_buf_fmt(&one, "\"%.*s\":", HN_FMT(v->keys[i]));
        canonical(a, &one, &v->items[i]);
        line_add(&l, hn_arena_str(a, hn_buf_text(&one)));
        hn_buf_done(&one);
    }
    if (l.n)
        qsort(l.s, l.n, sizeof *l.s, line_cmp);
    hn_buf_chr(out, v->kind == HN_JV_OBJ ? '{' : '[');
    for (size_t i = 0; i < l.n; i++) {
        if (i)
            hn_buf_chr(out, ',');
        hn_buf_str(out, l.s[i]);
    }
    hn_buf_chr(out, v->kind == HN_JV_OBJ ? '}' : ']');
}

static struct hn_str canonical_text(struct hn_arena *a, struct hn_str json)
{
    const struct hn_jv *v = hn_jv_parse(a, hn_str_bytes(json), NULL);
    struct hn_buf out;
    struct hn_str text = {"", 0};

    hn_buf_init(&out, 1u << 24);
    if (v)
        canonical(a, &out, v);
    text = hn_arena_str(a, hn_buf_text(&out));
    hn_buf_done(&out);
    return text;
}

TEST(spdx_2_fills_the_model)
{
    struct doc d;
    doc_c(&d, spdx2);
    CHECK_OK(d.err);
    CHECK_UINT(d.b.notes.n, 0);
    CHECK_UINT(d.b.n_components, 2); /* b and the file; a is the subject */
    const struct hn_bom_component *a = d.b.subject, *b = d.b.components[0], *f = d.b.components[1];
    CHECK(a != NULL);
    CHECK_TEXT(a->name, "a");
    CHECK_TEXT(a->purl, "pkg:deb/debian/a@1.0");
    CHECK_TEXT(a->cpe, "cpe:2.3:a:v:a:1.0:*:*:*:*:*:*:*");
    CHECK_TEXT(a->supplier->name, "Sup");
    CHECK(a->authors->person);
    CHECK_TEXT(hn_bom_prop_get(a->props, "spdx:sourceInfo"), "built package from: a 1.0-1");
    CHECK(!a->copyright.p);
    CHECK(!b->supplier);
    CHECK_INT(f->type, HN_BOM_TYPE_FILE);
    CHECK_TEXT(f->evidence->licences->value, "MIT");
    /* b is a dependency of a, and is said to need nothing */
    const struct hn_bom_dep *da = hn_bom_dep_of(&d.b, HN_STR("SPDXRef-a")),
                            *db = hn_bom_dep_of(&d.b, HN_STR("SPDXRef-b"));
    CHECK(da && da->edges && da->edges->component == b && da->edges->turned);
    CHECK(!da->says_depends);
    CHECK(db && db->says_depends && !db->edges);
    CHECK_TEXT(d.b.tools->name, "maker");
    CHECK_TEXT(d.b.tools->version, "1.2");
    CHECK_TEXT(d.b.authors->email, "a@example.com");
    doc_done(&d);
}

TEST(spdx_2_loses_nothing_in_json_and_tags)
{
    static const char *const forms[] = {"spdx-2.3", "spdx-2.3-tv"};
    for (size_t i = 0; i < 2; i++) {
        struct doc d, again;
        struct hn_bom_notes loss = {.most = 10};
        NOTE("%s", forms[i]);
        doc_c(&d, spdx2);
        struct hn_str text = doc_write(&d, forms[i], &loss);
        CHECK_UINT(loss.n, 0);
        doc_read(&again, hn_str_bytes(text));
        CHECK_OK(again.err);
        CHECK_UINT(again.b.notes.n, 0);
        struct hn_str back = doc_write(&again, "spdx-2.3", &loss);
        CHECK_STR(canonical_text(&again.a, back), canonical_text(&again.a, hn_str_c(spdx2)));
        CHECK_UINT(loss.n, 0);
        doc_done(&d);
        doc_done(&again);
    }
}

TEST(tags_in_the_order_that_makes_the_structure)
{
    struct doc d;
    doc_c(&d,
          "SPDXVersion: SPDX-2.2\nDataLicense: CC0-1.0\nSPDXID: SPDXRef-DOCUMENT\nDocumentName: n\n"
          "DocumentNamespace: https://example.com/n\n## comment\nCreator: Person: P\nCreated: 2026-01-02T03:04:05Z\n\n"
          "PackageName: p\nSPDXID: SPDXRef-p\nPackageComment: <text>one\n\n# no comment: two\n</text>\n"
          "ExternalRef: SECURITY cpe22Type cpe:/a:v:p:1\nNoSuchTag: x\nno tag at all\n"
          "FileName: ./in\nSPDXID: SPDXRef-in\nFileChecksum: SHA1: 00\n"
          "Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-p\n");
    CHECK_OK(d.err);
    CHECK(d.b.subject != NULL);
    CHECK_TEXT(hn_bom_prop_get(d.b.subject->props, "spdx:comment"), "one\n\n# no comment: two\n");
    CHECK_TEXT(d.b.subject->cpe, "cpe:/a:v:p:1");
    CHECK_UINT(d.b.n_components, 1);
    const struct hn_bom_dep *in = hn_bom_dep_of(&d.b, HN_STR("SPDXRef-p"));
    CHECK(in && in->edges && in->edges->rel == HN_BOM_REL_CONTAINS && in->edges->component == d.b.components[0]);
    CHECK_UINT(told(&d, "tag-form"), 1);
    CHECK_UINT(told(&d, "unknown-member"), 1);
    CHECK_UINT(told(&d, "hash-form"), 1);
    for (const struct hn_bom_note *n = d.b.notes.first; n; n = n->next) {
        if (!strcmp(n->code, "tag-form"))
            CHECK_UINT(n->line, 18);
        if (!strcmp(n->code, "hash-form"))
            CHECK_UINT(n->line, 21);
    }
    doc_done(&d);
}

TEST(what_is_wrong_with_spdx_2_is_told_with_its_place)
{
    struct doc d;
    doc_c(&d, "{\"spdxVersion\":\"SPDX-9\",\"SPDXID\":\"SPDXRef-x\",\"packages\":[{\"name\":\"a\",\"name\":\"b\","
              "\"SPDXID\":7,"
              "\"checksums\":{},\"licenceDeclared\":\"MIT\",\"supplier\":\"ACME\",\"externalRefs\":[{\"referenceType\":"
              "\"purl\",\"referenceLocator\":\"npm/x\"}]}],\"relationships\":[{\"spdxElementId\":\"a\"}]}");
    CHECK_OK(d.err);
    CHECK_UINT(told(&d, "spec-version"), 1);
    CHECK_UINT(told(&d, "document-id"), 1);
    CHECK_UINT(told(&d, "duplicate-member"), 1);
    CHECK_UINT(told(&d, "wrong-type"), 2);
    CHECK_UINT(told(&d, "unknown-member-near"), 1); /* licenceDeclared */
    CHECK_UINT(told(&d, "agent-form"), 1);
    CHECK_UINT(told(&d, "purl-form"), 1);
    CHECK_UINT(told(&d, "no-subject"), 1);
    for (const struct hn_bom_note *n = d.b.notes.first; n; n = n->next)
        if (!strcmp(n->code, "agent-form"))
            CHECK_TEXT(n->place, "/packages/0/supplier");
    CHECK_TEXT(d.b.components[0]->name, "a"); /* the first of two */
    doc_done(&d);
}

TEST(cyclonedx_members_travel_through_spdx)
{
    static const char cdx[] =
        "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"serialNumber\":\"urn:uuid:3e671687-395b-41f5-a30f-"
        "a58921a69b79\","
        "\"version\":1,\"components\":[{\"type\":\"library\",\"bom-ref\":\"r/"
        "1?x=%\",\"group\":\"g\",\"name\":\"n\",\"version\":"
        "\"1\",\"scope\":\"optional\",\"publisher\":\"pub\",\"licenses\":[{\"license\":{\"name\":\"My licence, v1\"}}],"
        "\"properties\":[{\"name\":\"a=b%\",\"value\":\"c=d\"}]},{\"type\":\"cryptographic-asset\",\"bom-ref\":\"k\","
        "\"name\":"
        "\"k\",\"components\":[{\"type\":\"library\",\"bom-ref\":\"kk\",\"name\":\"kk\"}]}],\"dependencies\":[{\"ref\":"
        "\"r/1?x=%\","
        "\"dependsOn\":[\"k\"]},{\"ref\":\"k\",\"dependsOn\":[]}]}";
    static const char *const by[] = {"spdx-2.3", "spdx-2.3-tv", "spdx-3.0"};
    for (size_t i = 0; i < 3; i++) {
        struct doc d, middle, end;
        struct hn_bom_notes loss = {.most = 10};
        NOTE("%s", by[i]);
        doc_c(&d, cdx);
        doc_read(&middle, hn_str_bytes(doc_write(&d, by[i], &loss)));
        CHECK_OK(middle.err);
        doc_read(&end, hn_str_bytes(doc_write(&middle, "cyclonedx-1.6", &loss)));
        CHECK_OK(end.err);
        const struct hn_bom_component *c = hn_bom_component_by_ref(&end.b, HN_STR("r/1?x=%"));
        CHECK(c != NULL);
        CHECK_TEXT(c->group, "g");
        CHECK_INT(c->scope, HN_BOM_SCOPE_OPTIONAL);
        CHECK_TEXT(c->publisher, "pub");
        CHECK_TEXT(c->licences->value, "My licence, v1");
        CHECK_INT(c->licences->form, HN_BOM_LICENCE_NAME);
        CHECK_TEXT(hn_bom_prop_get(c->props, "a=b%"), "c=d");
        const struct hn_bom_component *k = hn_bom_component_by_ref(&end.b, HN_STR("k")),
                                      *kk = hn_bom_component_by_ref(&end.b, HN_STR("kk"));
        CHECK(k && k->type == HN_BOM_TYPE_CRYPTO);
        CHECK(kk && kk->parent == k);
        const struct hn_bom_dep *dep = hn_bom_dep_of(&end.b, HN_STR("k"));
        CHECK(dep && dep->says_depends && !dep->edges);
        CHECK_TEXT(end.b.serial, "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79");
        doc_done(&d);
        doc_done(&middle);
        doc_done(&end);
    }
}

/* ---------------------------------------------------------------- SPDX 3 */

static const char spdx3[] =
    "{\"@context\":\"https://spdx.org/rdf/3.0.1/spdx-context.jsonld\",\"@graph\":["
    "{\"type\":\"CreationInfo\",\"@id\":\"_:c\",\"specVersion\":\"3.0.1\",\"created\":\"2026-01-02T03:04:05Z\","
    "\"createdBy\":"
    "[\"https://x/o\"],\"createdUsing\":[\"https://x/t\"]},"
    "{\"type\":\"Organization\",\"spdxId\":\"https://x/"
    "o\",\"creationInfo\":\"_:c\",\"name\":\"Org\",\"externalIdentifier\":"
    "[{\"type\":\"ExternalIdentifier\",\"externalIdentifierType\":\"email\",\"identifier\":\"a@example.com\"}]},"
    "{\"type\":\"Tool\",\"spdxId\":\"https://x/t\",\"creationInfo\":\"_:c\",\"name\":\"tool\"},"
    "{\"type\":\"SpdxDocument\",\"spdxId\":\"https://x/d\",\"creationInfo\":\"_:c\",\"name\":\"doc\",\"rootElement\":"
    "[\"https://x/s\"],\"profileConformance\":[\"core\"]},"
    "{\"type\":\"software_Sbom\",\"spdxId\":\"https://x/s\",\"creationInfo\":\"_:c\",\"rootElement\":[\"https://x/a\"],"
    "\"software_sbomType\":[\"build\"]},"
    "{\"type\":\"software_Package\",\"spdxId\":\"https://x/a\",\"creationInfo\":\"_:c\",\"name\":\"a\","
    "\"software_packageVersion\":\"1\",\"software_packageUrl\":\"pkg:deb/debian/a@1\",\"suppliedBy\":\"https://x/o\","
    "\"software_primaryPurpose\":\"application\",\"software_additionalPurpose\":[\"executable\"],"
    "\"verifiedUsing\":[{\"type\":\"Hash\",\"algorithm\":\"sha1\",\"hashValue\":"
    "\"da39a3ee5e6b4b0d3255bfef95601890afd80709\"}]},"
    "{\"type\":\"software_Package\",\"spdxId\":\"https://x/b\",\"creationInfo\":\"_:c\",\"name\":\"b\"},"
    "{\"type\":\"Relationship\",\"spdxId\":\"https://x/r1\",\"creationInfo\":\"_:c\",\"from\":\"https://x/a\","
    "\"relationshipType\":\"dependsOn\",\"to\":[\"https://x/b\"],\"completeness\":\"complete\"},"
    "{\"type\":\"Relationship\",\"spdxId\":\"https://x/r2\",\"creationInfo\":\"_:c\",\"from\":\"https://x/b\","
    "\"relationshipType\":\"dependsOn\",\"to\":[\"https://spdx.org/rdf/3.0.1/terms/Core/NoneElement\"]},"
    "{\"type\":\"expandedlicensing_ListedLicense\",\"spdxId\":\"https://spdx.org/licenses/"
    "MIT\",\"creationInfo\":\"_:c\"},"
    "{\"type\":\"expandedlicensing_OrLaterOperator\",\"spdxId\":\"https://x/later\",\"creationInfo\":\"_:c\","
    "\"expandedlicensing_subjectLicense\":\"https://spdx.org/licenses/Apache-2.0\"},"
    "{\"type\":\"expandedlicensing_DisjunctiveLicenseSet\",\"spdxId\":\"https://x/set\",\"creationInfo\":\"_:c\","
    "\"expandedlicensing_member\":[\"https://spdx.org/licenses/MIT\",\"https://x/later\"]},"
    "{\"type\":\"Relationship\",\"spdxId\":\"https://x/r3\",\"creationInfo\":\"_:c\",\"from\":\"https://x/a\","
    "\"relationshipType\":\"hasDeclaredLicense\",\"to\":[\"https://x/set\"]},"
    "{\"type\":\"security_Vulnerability\",\"spdxId\":\"https://x/v\",\"creationInfo\":\"_:c\",\"externalIdentifier\":"
    "[{\"type\":\"ExternalIdentifier\",\"externalIdentifierType\":\"cve\",\"identifier\":\"CVE-2026-1\"}]},"
    "{\"type\":\"security_VexNotAffectedVulnAssessmentRelationship\",\"spdxId\":\"https://x/"
    "n\",\"creationInfo\":\"_:c\","
    "\"from\":\"https://x/v\",\"relationshipType\":\"doesNotAffect\",\"to\":[\"https://x/a\"],"
    "\"security_justificationType\":\"vulnerableCodeNotInExecutePath\"},"
    "{\"type\":\"security_CvssV3VulnAssessmentRelationship\",\"spdxId\":\"https://x/cv\",\"creationInfo\":\"_:c\","
    "\"from\":\"https://x/v\",\"relationshipType\":\"hasAssessmentFor\",\"to\":[\"https://x/"
    "a\"],\"security_score\":7.5,"
    "\"security_severity\":\"high\",\"security_vectorString\":\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N\"},"
    "{\"type\":\"build_Build\",\"spdxId\":\"https://x/build\",\"creationInfo\":\"_:c\",\"build_buildType\":\"https://x/"
    "type\"}]}";

TEST(spdx_3_fills_the_model)
{
    struct doc d;
    doc_c(&d, spdx3);
    CHECK_OK(d.err);
    CHECK_UINT(d.b.notes.n, 0);
    CHECK_TEXT(d.b.spec_version, "3.0.1");
    CHECK_TEXT(d.b.authors->email, "a@example.com");
    CHECK_TEXT(d.b.lifecycles->phase, "build");
    CHECK(d.b.subject != NULL);
    CHECK_TEXT(d.b.subject->purl, "pkg:deb/debian/a@1");
    CHECK_TEXT(d.b.subject->supplier->name, "Org");
    CHECK_TEXT(d.b.subject->licences->value, "(MIT OR Apache-2.0+)");
    const struct hn_bom_dep *a = hn_bom_dep_of(&d.b, HN_STR("https://x/a")),
                            *b = hn_bom_dep_of(&d.b, HN_STR("https://x/b"));
    CHECK(a && a->edges && a->edges->component == d.b.components[0]);
    CHECK(b && b->says_depends && !b->edges);
    CHECK(d.b.compositions != NULL);
    CHECK_INT(d.b.compositions->aggregate, HN_BOM_AGG_COMPLETE);
    CHECK_TEXT(d.b.compositions->dependencies->s, "https://x/a");
    CHECK_UINT(d.b.n_vulns, 1);
    CHECK_TEXT(d.b.vulns->id, "CVE-2026-1");
    CHECK_INT(d.b.vulns->status, HN_BOM_VEX_NOT_AFFECTED);
    CHECK_INT(d.b.vulns->why, HN_BOM_WHY_NOT_EXECUTED);
    CHECK_TEXT(d.b.vulns->affects->ref, "https://x/a");
    CHECK_NUM(d.b.vulns->ratings->score, 7.5);
    doc_done(&d);
}

TEST(spdx_3_loses_nothing)
{
    struct doc d;
    struct hn_bom_notes loss = {.most = 10};
    doc_c(&d, spdx3);
    struct hn_str text = doc_write(&d, "spdx-3.0", &loss);
    CHECK_UINT(loss.n, 0);
    CHECK_STR(canonical_text(&d.a, text), canonical_text(&d.a, hn_str_c(spdx3)));
    doc_done(&d);
}

TEST(spdx_3_in_expanded_form)
{
    struct doc d;
    doc_c(&d,
          "[{\"@id\":\"https://x/a\",\"@type\":[\"https://spdx.org/rdf/3.0.1/terms/Software/Package\"],"
          "\"https://spdx.org/rdf/3.0.1/terms/Core/name\":[{\"@value\":\"a\"}],"
          "\"https://spdx.org/rdf/3.0.1/terms/Software/packageVersion\":[{\"@type\":\"xsd:string\",\"@value\":\"1\"}]},"
          "{\"@id\":\"https://x/b\",\"@type\":[\"https://spdx.org/rdf/3.0.1/terms/Software/Package\"],"
          "\"https://spdx.org/rdf/3.0.1/terms/Core/name\":[{\"@value\":\"b\"}]},"
          "{\"@id\":\"_:r\",\"@type\":[\"https://spdx.org/rdf/3.0.1/terms/Core/Relationship\"],"
          "\"https://spdx.org/rdf/3.0.1/terms/Core/from\":[{\"@id\":\"https://x/a\"}],"
          "\"https://spdx.org/rdf/3.0.1/terms/Core/relationshipType\":"
          "[{\"@id\":\"https://spdx.org/rdf/3.0.1/terms/Core/RelationshipType/dependsOn\"}],"
          "\"https://spdx.org/rdf/3.0.1/terms/Core/to\":[{\"@id\":\"https://x/b\"}]}]");
    CHECK_OK(d.err);
    CHECK_UINT(d.b.n_components, 2);
    CHECK_TEXT(d.b.components[0]->version, "1");
    const struct hn_bom_dep *a = hn_bom_dep_of(&d.b, HN_STR("https://x/a"));
    CHECK(a && a->edges && a->edges->component == d.b.components[1]);
    doc_done(&d);
}

/* The mistakes of the published examples, and loops. */
TEST(spdx_3_mistakes_are_told)
{
    struct doc d;
    doc_c(
        &d,
        "{\"@context\":\"https://spdx.org/rdf/3.0.0/spdx-context.jsonld\",\"@graph\":["
        "{\"type\":\"SpdxDocument\",\"spdxId\":\"https://x/d\",\"creationInfo\":\"_:none\",\"rootElement\":[\"https://"
        "x/s2\"]},"
        "{\"type\":\"software_Sbom\",\"spdxId\":\"https://x/s1\",\"rootElement\":[\"https://x/s1\"]},"
        "{\"type\":\"software_Package\",\"spdxId\":\"https://x/a\",\"name\":\"a\",\"externalIdetifier\":[]},"
        "{\"type\":\"expandedlicensing_ConjunctiveLicenseSet\",\"spdxId\":\"https://x/l\",\"expandedlicensing_member\":"
        "[\"https://x/l\",\"https://x/l\"]},"
        "{\"type\":\"Relationship\",\"spdxId\":\"https://x/r\",\"from\":\"https://x/a\",\"relationshipType\":"
        "\"hasDeclaredLicense\",\"to\":[\"https://x/l\"]},"
        "{\"type\":\"Relationship\",\"spdxId\":\"https://x/q\",\"from\":\"https://x/"
        "nobody\",\"relationshipType\":\"likes\","
        "\"to\":\"https://x/a\"}, 7]}");
    CHECK_OK(d.err);
    CHECK(told(&d, "dangling-ref") >= 3); /* creation info, root, from */
    CHECK_UINT(told(&d, "unknown-member-near"), 1);
    CHECK(told(&d, "licence-form") >= 1);
    CHECK_UINT(told(&d, "unknown-word"), 1);
    CHECK_UINT(told(&d, "wrong-type"), 1);
    CHECK_UINT(d.b.n_components, 1);
    doc_done(&d);
}

/* ---------------------------------------------------------------- hostile */

TEST_LONG(every_truncation_is_read_to_its_end, 60)
{
    struct doc d;
    struct hn_bom_notes loss = {.most = 10};

    truncations(hn_str_c(spdx2), 1);
    STOP_IF_FAILED();
    truncations(hn_str_c(spdx3), 3);
    STOP_IF_FAILED();
    doc_c(&d, spdx2);
    truncations(doc_write(&d, "spdx-2.3-tv", &loss), 1);
    doc_done(&d);
}

/* The same member, the same list, again and again: the cost is that of the length. */
TEST_LONG(long_lists_cost_their_length, 30)
{
    struct hn_buf b;
    struct doc d;

    hn_buf_init(&b, 64u << 20);
    hn_buf_c(&b, "{\"spdxVersion\":\"SPDX-2.3\",\"packages\":[{\"name\":\"a\",\"SPDXID\":\"SPDXRef-a\"");
    for (int i = 0; i < 100000; i++)
        hn_buf_fmt(&b, ",\"x%d\":1", i);
    hn_buf_c(&b, ",\"attributionTexts\":[\"\"");
    for (int i = 0; i < 200000; i++)
        hn_buf_c(&b, ",\"t\"");
    hn_buf_c(&b, "],\"checksums\":[{}");
    for (int i = 0; i < 100000; i++)
        hn_buf_c(&b, ",{\"algorithm\":\"MD5\",\"checksumValue\":\"0\"}");
    hn_buf_c(&b, "]}],\"relationships\":[{}");
    for (int i = 0; i < 100000; i++)
        hn_buf_c(&b, ",{\"spdxElementId\":\"SPDXRef-a\",\"relationshipType\":\"DEPENDS_ON\",\"relatedSpdxElement\":"
                     "\"SPDXRef-a\"}");
    hn_buf_c(&b, "]}");
    doc_read(&d, hn_str_bytes(hn_buf_text(&b)));
    hn_buf_done(&b);
    CHECK_OK(d.err);
    CHECK_UINT(d.b.notes.n, d.b.notes.most);
    CHECK(d.b.notes.dropped > 100000);
    doc_done(&d);
}
